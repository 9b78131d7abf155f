"""The line of the list: what explain says would change a village's fate does change it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lokus import messages, steps
from lokus.methods import composite, scoring
from lokus.outputs import margins, words
from lokus.outputs.explain import explanation
from lokus.pipeline import Run
from lokus.study import Study, make_study


@pytest.fixture(scope="module")
def study(demo: Run) -> Study:
    return make_study(demo.manifest["study"], Path())


def chosen_with(demo: Run, study: Study, code: str, indicator: str, people: float) -> bool:
    """Whether a village is chosen with another count, all else held: the long way, from the counts up."""
    v = demo.villages.copy()
    v.loc[code, f"numerator_{indicator}"] = people
    entries = {e["id"]: e for e in demo.facts["indicators"] if e["scored"]}
    known = dict(demo.villages.loc[code])
    n = known[f"denominator_{indicator}"]
    strength = n * known[f"shrinkage_{indicator}"] / (1 - known[f"shrinkage_{indicator}"])
    prior = (
        known[f"estimate_{indicator}"] * (strength + n) - demo.villages[f"numerator_{indicator}"].clip(upper=n)[code]
    ) / strength
    estimate = (prior * strength + people) / (strength + n)
    needs = [known[f"need_{i}"] for i in demo.facts["scheme"]["indicators"]]
    for place, name in enumerate(demo.facts["scheme"]["indicators"]):
        if name == indicator or entries[name]["of"] == indicator:
            scale = composite.Bounds(**{**entries[name]["bounds"], "limits": tuple(entries[name]["bounds"]["limits"])})
            needs[place] = composite.need(np.array([estimate * (n if entries[name]["of"] else 1)]), scale)[0]
    scheme = scoring.Scheme(**{k: tuple(x) if isinstance(x, list) else x for k, x in demo.facts["scheme"].items()})
    units = scoring.score_units(scoring.need_units(np.array([needs])), scheme).units[0]
    v.loc[code, "score_units"] = units
    fresh = v.drop(columns=["selected", "selected_by", "left_out_by", "reason"])
    return bool(steps.choice(study, fresh).columns["selected"][code])


@pytest.mark.parametrize("place", ["first", "last", "next", "far"])
def test_the_least_change_is_enough_and_one_person_less_is_not(demo: Run, study: Study, place: str) -> None:
    """Oracle: the whole choice made again with the changed count."""
    ranked = demo.villages.dropna(subset=["rank"]).sort_values("rank")
    beside = demo.facts["selection"]
    code = {"first": ranked.index[0], "last": beside["last_in"], "next": beside["first_out"], "far": ranked.index[60]}[
        place
    ]
    row = words.row_of(demo, code)
    met = margins.line(demo, row)
    assert met is not None and met.inside == bool(row["selected"])
    changes = margins.least_changes(demo, row, met)
    assert changes
    for change in (c for c in changes[:4] if c.whole):
        step = np.sign(change.then - change.now)
        assert chosen_with(demo, study, code, change.entry["id"], change.then) is not met.inside
        assert chosen_with(demo, study, code, change.entry["id"], change.then - step) is met.inside


def test_the_village_whose_place_is_taken_is_named(demo: Run) -> None:
    beside = demo.facts["selection"]
    met = margins.line(demo, words.row_of(demo, beside["first_out"]))
    assert met is not None and met.rival in demo.villages.index[demo.villages["selected"]]
    assert met.gap == pytest.approx((met.units - demo.villages["score_units"][beside["first_out"]]) / scoring.UNIT)


def test_nothing_is_said_where_the_score_does_not_decide(demo: Run, run: Run) -> None:
    """A village without a score has no line; neither has a list made by chance of the top N."""
    unranked = demo.villages.index[demo.villages["rank"].isna()][0]
    assert margins.line(demo, words.row_of(demo, unranked)) is None
    assert margins.line(run, words.row_of(run, run.villages.index[run.villages["selected"]][0])) is None


@pytest.mark.parametrize("lang", messages.LANGS)
def test_what_the_public_reads_gives_no_hidden_count_away(demo: Run, lang: str) -> None:
    """Law: where a score is told in steps, no change in people is."""
    for code in demo.villages.sort_values("rank").index[:40:8]:
        row = words.row_of(demo, code)
        told = explanation(demo, code, lang)
        inner = explanation(demo, code, lang, public=False)
        met = margins.line(demo, row)
        if met is None:
            continue
        assert inner["margin"]["changes"]
        hidden = any(words.banding.score_step(demo, words.row_of(demo, c)) for c in (code, met.rival) if c)
        assert (told["margin"]["changes"] == []) == hidden
        assert (told["margin"]["gap"] is None) == hidden
