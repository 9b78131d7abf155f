"""What Jupyter shows of a study and a run: escaped, in either language, and the same whatever the counts are."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd
import pytest

from lokus import messages
from lokus.cards import MOST_ROWS
from lokus.demo import write_study
from lokus.pipeline import Run, run
from lokus.study import Study, open_study

HOSTILE = ["<img src=x onerror=alert(1)>", "</td></table><script>", "دهكده 🌾", "A" * 300, "=1+1", "&amp;"]


class Tags(HTMLParser):
    """The tags of a page, with those left open."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.open: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    made = open_study(write_study(tmp_path_factory.mktemp("cards") / "studi"))
    quick = {"uncertainty": made.uncertainty.model_copy(update={"draws": 100})}
    return made.model_copy(update={**quick, "space": made.space.model_copy(update={"permutations": 99})})


@pytest.fixture(scope="module")
def made(study: Study) -> Run:
    return run(study)


@pytest.mark.parametrize("lang", messages.LANGS)
def test_a_run_shows_its_list_and_how_to_go_on(made: Run, lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOKUS_LANG", lang)
    page = Tags(made._repr_html_())
    assert not page.open
    chosen = made.selection[made.selection["selected"]]
    assert all(code in page.text for code in chosen.index)
    assert str(made.facts["title"]) in page.text
    assert messages.text("card.problems", lang, count=len(made.problems)) in page.text
    assert "lokus.map(run" in page.text


@pytest.mark.parametrize("lang", messages.LANGS)
def test_a_study_shows_its_indicators(study: Study, lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOKUS_LANG", lang)
    page = Tags(study._repr_html_())
    assert not page.open
    assert all(getattr(m, f"label_{lang}") in page.text for m in study.measures)
    assert str(study.folder) not in page.text


def test_no_count_rate_or_score_is_shown(made: Run) -> None:
    """Runs that differ in every count and score, and in nothing else, look the same."""
    v = made.villages
    counts = [
        c for c in v if c.split("_")[0] in ("numerator", "denominator", "value", "estimate", "low", "high", "score")
    ]
    other = v.assign(**{c: v[c] * 0 + 7 for c in counts})
    facts = {
        **made.facts,
        "indicators": [{**i, "average": 0.5, "total_numerator": 3} for i in made.facts["indicators"]],
    }
    assert replace(made, villages=other, facts=facts)._repr_html_() == made._repr_html_()
    assert not v["village"].isin(repr(made).split("'")).any()


def test_hostile_names_are_text(made: Run) -> None:
    names = pd.Series((HOSTILE * 60)[: len(made.villages)], made.villages.index, dtype="str")
    evil = replace(made, villages=made.villages.assign(village=names), facts={**made.facts, "title": HOSTILE[0]})
    page = Tags(evil._repr_html_())
    assert page.seen == Tags(made._repr_html_()).seen
    assert not page.open
    assert HOSTILE[0] in page.text


def test_a_long_list_is_cut_and_an_empty_one_is_no_fault(made: Run) -> None:
    long = replace(made, villages=made.villages.assign(selected=True))
    none = replace(made, villages=made.villages.assign(selected=False))
    left = len(made.villages) - MOST_ROWS
    assert messages.text("card.more", messages.spoken(), count=left) in Tags(long._repr_html_()).text
    assert not Tags(none._repr_html_()).open
