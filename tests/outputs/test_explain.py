"""What explain says of one village beside all others."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from lokus import messages
from lokus.outputs import banding, words
from lokus.outputs.explain import MOST_TELLING, explanation, standing
from lokus.pipeline import Run


def test_strengths_and_weaknesses_are_places_among_all(demo: Run) -> None:
    """Oracle: counting the villages with more and less need."""
    seen = 0
    for code in demo.villages.index[::24]:
        told = explanation(demo, code)
        for kind, than in (("weaknesses", "worse"), ("strengths", "better")):
            assert len(told[kind]) <= MOST_TELLING
            for at in told[kind]:
                written = ~banding.hidden(demo, words.indicator(demo, at["id"]) or {})
                needs = demo.villages.loc[written, f"need_{at['id']}"].dropna()
                own = needs[code]
                assert (at["worse"], at["better"]) == (int((needs < own).sum()), int((needs > own).sum()))
                assert at["of"] == len(needs) and 2 * at[than] > at["of"]
                seen += 1
    assert seen > 20


def test_no_place_of_a_banded_figure_is_told_to_the_public(demo: Run) -> None:
    hidden = 0
    for code in demo.villages.index[::3]:
        row = words.row_of(demo, code)
        parts = [{"id": e["id"], "banded": bool(banding.band(demo, row, e)), "need": row[f"need_{e['id']}"]}
                 for e in demo.facts["indicators"] if e["scored"] and not pd.isna(row[f"need_{e['id']}"])]  # fmt: skip
        banded = {p["id"] for p in parts if p["banded"]}
        told = [at["id"] for some in standing(demo, row, parts).values() for at in some]
        full = [
            at["id"]
            for some in standing(demo, row, [{**p, "banded": False} for p in parts], public=False).values()
            for at in some
        ]
        assert not banded & set(told)
        hidden += len(banded & set(full))
    assert hidden > 0


@pytest.mark.parametrize("lang", messages.LANGS)
def test_the_next_in_line_reads_so(demo: Run, lang: str) -> None:
    first = demo.facts["selection"]["next"][0]
    said = "\n".join(explanation(demo, first, lang)["text"])
    assert messages.text("consequences.coming", lang, step="1") in said
    assert not re.search(r"\b(nan|None|<NA>)\b", said)
