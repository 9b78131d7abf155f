"""Two runs side by side."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest

from lokus import messages
from lokus.catalog import indicators
from lokus.outputs import comparison, words
from lokus.pipeline import Run
from lokus.study import model


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
    facts = {**demo.facts, "year": demo.facts["year"] - 1, "indicators": entries, "run_id": "0f9e8d7c6b5a"}
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
    told = comparison.backtest(last_year, demo, public=False)
    assert told is not None
    children = demo.villages["numerator_stunting"]
    listed = last_year.villages.index[last_year.villages["selected"]].intersection(demo.villages.index)
    assert told.loc["method", "reached"] == pytest.approx(children[listed].sum() / children.sum())
    assert (told["reached"] <= told["best"] + 1e-12).all()


def test_the_public_backtest_is_the_same_for_every_count_of_a_band(demo: Run, last_year: Run) -> None:
    entry = words.indicator(demo, "stunting")
    assert entry is not None
    few = demo.villages.index[(demo.villages["numerator_stunting"].between(1, 4))
                              & (demo.villages["denominator_stunting"] > 4)]  # fmt: skip
    assert len(few)
    told = comparison.backtest(last_year, demo)
    for count in (1.0, 4.0):
        villages = demo.villages.copy()
        step = (1 - villages.loc[few, "shrinkage_stunting"]) / villages.loc[few, "denominator_stunting"]
        villages.loc[few, "estimate_stunting"] += (count - villages.loc[few, "numerator_stunting"]) * step
        villages.loc[few, "value_stunting"] = count / villages.loc[few, "denominator_stunting"]
        villages.loc[few, "numerator_stunting"] = count
        other = dataclasses.replace(demo, villages=villages)
        again = comparison.backtest(last_year, other)
        assert told is not None and again is not None
        pd.testing.assert_frame_equal(told, again)
        verdicts = [comparison.table_told(last_year, r).loc[few, ["verdict", "opposite"]] for r in (demo, other)]
        pd.testing.assert_frame_equal(*verdicts)


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
    """Oracle: from the rate of the whole to the target, in equal steps a year; two years of one target in one line."""
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
        line = next(line for line in text.splitlines() if f"{target.year})" in line)
        told = f"until {target.year} it has to fall {need:.1f} points a year, and fell {100 * (was - now):.1f} lately"
        assert told in line
    values = [line.split(" (")[0] for line in text.splitlines() if line.startswith("Target")]
    assert len(set(values)) == len(values)


def test_a_screen_names_the_greatest_changes_and_counts_the_rest(demo: Run, last_year: Run) -> None:
    told = comparison.comparison(last_year, demo)
    moved = pd.DataFrame(told["villages"])
    for verdict, word in (("fell", ": turun,"), ("rose", ": naik,")):
        some = moved[moved["verdict"] == verdict]
        named = [line for line in told["text"] if word in line]
        rest = [line for line in told["text"] if line.strip().startswith("…") and word[2:-1] in line]
        assert len(named) == min(len(some), comparison.SHOWN)
        assert bool(rest) == (len(some) > comparison.SHOWN) and all(str(len(some) - len(named)) in r for r in rest)
        if named:
            assert some.loc[some["change"].abs().idxmax(), "village_code"] in named[0]


def test_one_run_beside_itself_is_called_the_same(demo: Run) -> None:
    said = comparison.comparison(demo, demo)["text"]
    assert said[-1] == messages.text("compare.same_run", "id")
    assert not any("Cara memilihnya" in line for line in said)


@pytest.mark.parametrize("lang", messages.LANGS)
def test_every_key_by_which_lists_differ_has_words(demo: Run, lang: str) -> None:
    """Law: each field of the parts that make a list has its name; an indicator's is told with the indicator."""
    parts = {"method": model.Method, "uncertainty": model.Uncertainty, "selection": model.Selection}
    for part, made in parts.items():
        for field in made.model_fields:
            said = comparison.setting_text(demo, f"{part}.{field}", lang)
            assert said.endswith(f" ({part}.{field})") and not said.startswith(part)
    for part, made, one in (("indicator", model.IndicatorUse, "krs"), ("dimension", model.Dimension, "risk")):
        entry = next(e for e in demo.facts[f"{part}s"] if e["id"] == one)
        for field in set(made.model_fields) - {"id"}:
            assert entry[f"label_{lang}"] in comparison.setting_text(demo, f"{part}.{one}.{field}", lang)
    assert "tidak_ada" in comparison.setting_text(demo, "indicator.tidak_ada", lang)


def test_who_decided_is_told_before_any_indicator(demo: Run) -> None:
    """A village that the meeting took off, and one that it brought, are told by the meeting's reason alone."""
    v = demo.villages.copy()
    last = v.index[v["selected"]][0]
    v.loc[last, ["selected", "selected_by", "left_out_by", "reason"]] = [False, "", "remove", "Sudah tuntas"]
    new = v.index[~v["selected"] & (v.index != last)][0]
    v.loc[new, ["selected", "selected_by", "left_out_by", "reason"]] = [True, "add", "", "Banjir bandang"]
    later = dataclasses.replace(demo, villages=v, facts={**demo.facts, "run_id": "0f9e8d7c6b5a"})
    lines = comparison.comparison(demo, later)["text"]
    for code, reason in ((last, "Sudah tuntas"), (new, "Banjir bandang")):
        line = next(line for line in lines if f"• {v['village'][code]} (Kec." in line)
        assert reason in line and "karena" not in line.split("peringkat")[1].lower()


def test_a_longer_list_is_told_as_such(demo: Run) -> None:
    """Oracle: the demo's list cut to its first ten by rank; who stands beyond ten came with the number alone."""
    v = demo.villages.copy()
    some = v[v["selected_by"] == "score"].sort_values("rank")
    rest = v.index[v["selected"]].difference(some.index[:10])
    v.loc[rest, ["selected", "selected_by", "left_out_by"]] = [False, "", "score"]
    earlier = dataclasses.replace(demo, villages=v, facts={**demo.facts, "run_id": "0f9e8d7c6b5a"})
    told = comparison.table(earlier, demo)
    for code in some.index[10:]:
        if some["rank"][code] > 10:
            assert told["causes"][code] == ("number",)
            assert "10" in comparison.why(earlier, demo, code, told.loc[code], "id")
