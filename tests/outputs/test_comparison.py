"""Two runs side by side."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest

from lokus import messages
from lokus.catalog import indicators
from lokus.outputs import comparison
from lokus.pipeline import Run


@pytest.fixture(scope="module")
def last_year(demo: Run) -> Run:
    """The demo a year before: other children, another list, one village under another code."""
    v = demo.villages.copy()
    chance = np.random.default_rng(5)
    n, y = v["denominator_stunting"], v["numerator_stunting"]
    worse = (y + chance.binomial((n - y).fillna(0).astype(int), 0.12)).where(y.notna())
    v["numerator_stunting"], v["value_stunting"] = worse, worse / n
    kept = 1 - v["shrinkage_stunting"]
    v["estimate_stunting"] = (v["estimate_stunting"] + kept * (worse - y) / n).clip(0, 1)
    v["selected"] = np.roll(v["selected"].to_numpy(), 7)
    v.index = v.index.where(v.index != v.index[3], "88.01.99.2001")
    entries = [
        {**e, "total_numerator": float(worse.sum())} if e["id"] == "stunting" else e for e in demo.facts["indicators"]
    ]
    facts = {**demo.facts, "year": demo.facts["year"] - 1, "indicators": entries}
    return dataclasses.replace(demo, villages=v.sort_index(), facts=facts)


@pytest.mark.parametrize("lang", messages.LANGS)
def test_the_text_tells_moves_rates_and_what_the_lists_reach(demo: Run, last_year: Run, lang: str) -> None:
    told = comparison.comparison(last_year, demo, lang)
    text = "\n".join(told["text"])
    moved = pd.DataFrame(told["villages"]).set_index("village_code")
    for move in ("enters", "leaves"):
        for name in moved.loc[moved["move"] == move, "village"]:
            assert name in text
    assert "88.01.99.2001" in text
    assert (moved["verdict"] == "fell").sum() > (moved["verdict"] == "rose").sum()
    assert {"method", "actual", "prevalence", "count"} == set(told["backtest"])
    assert not re.search(r"\b(None|nan|<NA>)\b", text)


def test_a_run_beside_itself_says_that_nothing_changed(demo: Run) -> None:
    told = comparison.comparison(demo, demo)
    moved = pd.DataFrame(told["villages"])
    assert set(moved["move"]) == {"stays", "out"}
    assert not told["settings"] and told["backtest"] is None
    assert set(moved["verdict"]) <= {"unclear", ""}


def test_the_backtest_reaches_what_the_lists_hold(demo: Run, last_year: Run) -> None:
    """Oracle: the sums by hand."""
    told = comparison.backtest(last_year, demo)
    assert told is not None
    children = demo.villages["numerator_stunting"]
    listed = last_year.villages.index[last_year.villages["selected"]].intersection(demo.villages.index)
    assert told.loc["method", "reached"] == pytest.approx(children[listed].sum() / children.sum())
    assert (told["reached"] <= told["best"] + 1e-12).all()


def test_what_was_made_differently_is_named_by_its_key(demo: Run) -> None:
    study = {**demo.manifest["study"]}
    study["method"] = {**study["method"], "within": "arithmetic"}
    study["indicator"] = [{**i, "weight": 9} if i["id"] == "krs" else i for i in study["indicator"]]
    other = dataclasses.replace(demo, manifest={**demo.manifest, "study": study})
    assert comparison.settings(demo, other) == ["indicator.krs.weight", "method.within"]


def test_the_public_reads_no_change_of_a_hidden_count(demo: Run, last_year: Run) -> None:
    """Law: where either year's figure is told by a band, its change is not told."""
    told = pd.DataFrame(comparison.comparison(last_year, demo)["villages"]).set_index("village_code")
    full = pd.DataFrame(comparison.comparison(last_year, demo, public=False)["villages"]).set_index("village_code")
    few = demo.villages.index[demo.villages["numerator_stunting"].between(1, 4)]
    assert len(few) > 3
    for column in ("change", "p_fell"):
        assert told.loc[few, column].isna().all() and full.loc[few, column].notna().all()


def test_every_target_ahead_is_told_with_the_pace_it_needs(demo: Run, last_year: Run) -> None:
    """Oracle: from the rate of the whole to the target, in equal steps a year."""
    text = "\n".join(comparison.comparison(last_year, demo, "en")["text"])
    entries = {
        run.facts["year"]: next(e for e in run.facts["indicators"] if e["id"] == "stunting")
        for run in (last_year, demo)
    }
    was, now = (e["total_numerator"] / e["total_denominator"] for _, e in sorted(entries.items()))
    ahead = [t for t in indicators()["stunting"].targets if t.year and t.year > demo.facts["year"]]
    assert ahead
    for target in ahead:
        need = 100 * (now - target.value) / (target.year - demo.facts["year"])
        line = next(line for line in text.splitlines() if f"({target.year})" in line)
        assert f"fall {need:.1f} points a year, and fell {100 * (was - now):.1f} lately" in line
