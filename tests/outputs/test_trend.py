"""What the map tells of the time since an earlier run."""

import inspect
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lokus.methods import change
from lokus.outputs import banding, comparison, trend, words
from lokus.outputs.layers import layers


@pytest.fixture(scope="module")
def pair(run, made_up):
    earlier = made_up(run.villages[["village", "kecamatan_code", "kecamatan"]], run.geometry, seed=11)
    before = replace(earlier, facts={**earlier.facts, "year": 2026, "run_id": "0f9e8d7c6b5a"})
    return trend.since(before, run)


def banded(pair, code):
    return any(
        bool(banding.band(r, words.row_of(r, code), words.indicator(r, "stunting"))) for r in (pair.before, pair.after)
    )


def test_verdicts_and_moves_are_those_of_compare(pair):
    told = comparison.comparison(pair.before, pair.after)["villages"]
    by_code = {row["village_code"]: row for row in told}
    for code, row in pair.told.iterrows():
        assert (row["verdict"], row["move"]) == (by_code[code]["verdict"], by_code[code]["move"])


@pytest.mark.parametrize("lang", ["id", "en"])
def test_intervals_lie_on_one_axis_in_their_order(pair, lang):
    told = trend.trends(pair, lang)
    top = float(re.match(r"\d+", told["axis"])[0]) / 100
    for code, own in zip(pair.told.index, told["villages"], strict=True):
        assert all(own["lines"])
        for run, span in zip((pair.before, pair.after), own["spans"], strict=False):
            if span is not None:
                low, middle, high = span
                assert 0 <= low <= middle <= high <= trend.LENGTH
                assert middle / trend.LENGTH * top == pytest.approx(run.villages["estimate_stunting"][code], abs=0.001)


def test_a_banded_village_has_neither_interval_nor_points_in_public(pair):
    hidden = [banded(pair, code) for code in pair.told.index]
    assert any(hidden)
    public, inside = (trend.trends(pair, "id", public=p)["villages"] for p in (True, False))
    for hide, own, full in zip(hidden, public, inside, strict=True):
        if hide:
            assert own["spans"] in ([], [None, None])
            assert not any(line.startswith("Beda") for line in own["lines"])
        else:
            assert own["spans"] == full["spans"]


def test_points_of_a_score_are_told_only_where_no_score_is_banded(pair):
    told = trend.trends(pair, "id")["villages"]
    for code, own in zip(pair.told.index, told, strict=True):
        if any(comparison.score_hidden(run, code) for run in (pair.before, pair.after)):
            assert not any("poin)" in line for line in own["lines"] if "peringkat" in line)
    inside = trend.trends(pair, "id", public=False)["villages"]
    assert any("poin)" in line for own in inside for line in own["lines"] if "peringkat" in line)


def test_the_layers_class_every_village_by_verdict_and_move(pair):
    made = {layer.id: layer for layer in layers(pair.after, "id", pair=pair)}
    changed, moved = made["changed"], made["moved"]
    assert (changed.group, moved.group) == ("problem", "priority")
    labels = {"fell": "Turun", "rose": "Naik", "unclear": "Belum jelas", "": "Tidak dapat"}
    for verdict, k in zip(pair.told["verdict"], changed.of, strict=True):
        assert changed.tones[k].label.startswith(labels[verdict])
    labels = {"stays": "Tetap", "enters": "Baru", "leaves": "Keluar", "out": "Bukan"}
    for move, k in zip(pair.told["move"], moved.of, strict=True):
        assert moved.tones[k].label.startswith(labels[move])


def test_a_village_that_the_earlier_run_lacks_is_told_as_new(pair):
    code = pair.told.index[0]
    shorter = replace(pair.before, villages=pair.before.villages.drop(index=code))
    again = trend.since(shorter, pair.after)
    assert again.told["move"][code] == "new"
    own = trend.trends(again, "id")["villages"][0]
    assert own["lines"] == [
        "Tidak ada di hasil sebelumnya: peringkat – → " + str(int(pair.after.villages["rank"][code])) + "."
    ]


def test_without_prevalence_only_the_list_is_compared(pair):
    def bare(run):
        kept = [c for c in run.villages.columns if not re.fullmatch(r"(estimate|low|high|shrinkage)_stunting", c)]
        facts = {**run.facts, "indicators": [e for e in run.facts["indicators"] if e["dimension"] != "burden"]}
        return replace(run, villages=run.villages[kept], facts={**facts, "space": {**run.facts["space"], "of": ""}})

    again = trend.since(bare(pair.before), bare(pair.after))
    made = {layer.id for layer in layers(again.after, "id", pair=again)}
    assert "moved" in made
    assert "changed" not in made
    assert all(len(own["lines"]) == 1 and not own["spans"] for own in trend.trends(again, "id")["villages"])


def test_two_runs_of_one_year_are_called_by_their_ids(pair):
    twin = replace(pair.before, facts={**pair.before.facts, "year": pair.after.facts["year"]})
    assert trend.trends(trend.since(twin, pair.after), "id")["labels"] == ["run 0f9e8d7c6b5a", "run a1b2c3d4e5f6"]


def test_the_interval_named_is_the_one_computed():
    assert inspect.signature(change.change_in_rate).parameters["level"].default == trend.LEVEL


def test_ranks_that_are_missing_are_dashes(pair):
    unranked = pair.after.villages["rank"].isna().to_numpy()
    assert unranked.any()
    told = trend.trends(pair, "id")["villages"]
    ends = pair.told["rank_before"].isna() | pair.told["rank_after"].isna()
    for missing, own in zip(ends, told, strict=True):
        line = next(line for line in own["lines"] if "peringkat" in line)
        assert ("–" in line) == missing
    assert np.array_equal(pd.isna(pair.told["rank_after"]), unranked)
