"""No count of 1–4 people can be read from, or reckoned back out of, what the public sees."""

import json
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lokus.methods import composite, scoring
from lokus.outputs import banding, explain, margins, words
from lokus.outputs.explain import explanation
from lokus.outputs.layers import layers
from lokus.outputs.maps import build_map

DECIMAL = re.compile(r"\d,\d")


@pytest.fixture(params=["demo", "run"])
def any_run(request):
    return request.getfixturevalue(request.param)


def village(y, n, a, b, better):
    """One village of one share, as `posterior` estimates it."""
    entry = {"id": "x", "kind": "share", "better": better, "scored": True, "weight": 1.0, "interval": True}
    row = {
        "numerator_x": float(y), "denominator_x": float(n), "value_x": y / n,
        "estimate_x": (a + y) / (a + b + n), "shrinkage_x": (a + b) / (a + b + n),
    }  # fmt: skip
    return SimpleNamespace(facts={"indicators": [entry]}), row, entry


@given(st.integers(1, 400), st.floats(0.05, 40), st.floats(0.05, 200), st.sampled_from(["lower", "higher"]))
def test_all_counts_of_a_band_are_told_and_drawn_alike_and_every_band_holds_several(n, a, b, better):
    seen: dict[str, list] = {}
    for y in range(n + 1):
        run, row, entry = village(y, n, a, b, better)
        if kind := banding.band(run, row, entry):
            ends = np.round([*banding.ends(run, row, entry), *banding.ends(run, row, entry, "value")], 9).tolist()
            told = (banding.banded_text(run, row, entry, "id"), banding.steps_text(run, row, entry), *ends)
            seen.setdefault(kind, []).append((told, row["estimate_x"]))
        else:
            assert not banding.is_few(y)
            assert not banding.is_few(n)
            assert better == "lower" or not banding.is_few(n - y)
    for kind, told in seen.items():
        assert len({said for said, _ in told}) == 1, kind
        assert len(told) >= 2, kind
        low, high = (int(x) / 100 for x in re.findall(r"\d+", told[0][0][1]))
        assert all(low - 1e-9 <= estimate <= high + 1e-9 for _, estimate in told)


def test_children_not_measured_are_told_and_few_measured_are_not(demo):
    """A prevalence names the children measured: the target group less them is no secret to keep."""
    told = 0
    entry = words.indicator(demo, "measured")
    for row in demo.villages.to_dict("index").values():
        y, n = row["numerator_measured"], row["denominator_measured"]
        if pd.isna(y) or pd.isna(n):
            continue
        if banding.is_few(n - y) and not banding.is_few(y) and not banding.is_few(n):
            told += 1
            assert f"{round(y)} dari {round(n)}" in words.rate_text(demo, row, entry, "id")
            assert words.lacking(entry, n - y, "id").startswith(str(round(n - y)))
        elif banding.is_few(y) and not banding.is_few(n):
            assert banding.band(demo, row, entry) == "part"
    assert told
    served = words.indicator(demo, "asi_eks")
    assert words.lacking(served, 3, "id").startswith("1–4")


def test_scores_of_a_list_are_whole_and_never_contradict_its_ranks(any_run):
    """From the first rank to the last, no score told begins above the end of a better one's."""
    ranked = any_run.villages[any_run.villages["rank"].notna()].sort_values("score", ascending=False)
    least_above = 101
    for row in ranked.to_dict("index").values():
        ends = [int(x) for x in words.score_text(any_run, row, "id", 2).split("–")]
        low, high = ends[0], ends[-1]
        assert low <= round(row["score"]) <= high
        assert (low < high) == (banding.score_step(any_run, row) > 1)
        assert low <= least_above
        least_above = min(least_above, high)
        assert not DECIMAL.search(words.score_text(any_run, row, "id", 2))


def data_of(page):
    return json.loads(re.search(r'id="lokus-data">(.*?)</script>', page, re.S)[1])


def cells(run):
    """Every banded figure: place of the village, its row, its indicator, its place among the bars."""
    order = sorted(run.facts["indicators"], key=lambda e: (e["dimension"] == "quality", -e["weight"]))
    for i, (code, row) in enumerate(run.villages.to_dict("index").items()):
        for k, entry in enumerate(order):
            if banding.band(run, row, entry):
                yield i, code, row, entry, k


def test_the_bars_of_banded_figures_hold_neither_count_nor_rate_nor_points(any_run):
    data = data_of(build_map(any_run))
    found = list(cells(any_run))
    assert found
    for i, _, row, entry, k in found:
        text, _, *rest = [*data["panels"][i]["bars"][k], None]
        assert not DECIMAL.search(text), text
        assert set(rest) <= {None, True}, "points, people, interval and raw rate are left out"
        y, n = (row.get(f"{part}_{entry['id']}", np.nan) for part in ("numerator", "denominator"))
        counts = text.partition("(")[2].replace("1–4", "")
        assert n <= 8 or not {str(round(x)) for x in (y, n - y) if pd.notna(x)} & set(re.findall(r"\d+", counts))


def test_layers_reasons_notes_and_explanations_write_banded_figures_without_decimals(any_run):
    made = layers(any_run, "id")
    explained = {}
    for i, code, row, entry, _ in cells(any_run):
        for layer in made:
            if layer.id.removesuffix("_raw").removesuffix("_width").removesuffix("_gap") == entry["id"] and layer.shown:
                assert not DECIMAL.search(layer.shown[i]), (layer.id, layer.shown[i])
        if i % 15:  # the line of the list is sought anew for every village
            continue
        name = words.short(entry, "id")
        told = explained[code] = explained.get(code) or explanation(any_run, code, "id")
        lines = [line for line in told["text"] if name in line and ("%" in line or "poin" in line)]
        assert not [line for line in lines if f"{name}:" in line and DECIMAL.search(line)], lines
        own = [p for p in told["contributions"] if p["id"] == entry["id"]]
        assert all(p["points"] is None and p["need"] is None and not DECIMAL.search(p["said"]) for p in own)
        assert own == [] or row["status"] != "ranked" or float(told["score"]).is_integer()


def test_a_banded_village_is_in_a_class_only_where_its_whole_band_is(any_run):
    made = {layer.id: layer for layer in layers(any_run, "id")}
    for i, _, row, entry, _ in cells(any_run):
        raw = made.get(f"{entry['id']}_raw")
        if raw is None or raw.tones[raw.of[i]].pattern == "banded":
            continue
        ends = banding.ends(any_run, row, entry, "value")
        inside = [
            made[raw.id].of[j]
            for j, v in enumerate(any_run.villages[f"value_{entry['id']}"])
            if ends[0] <= v <= ends[1]
        ]
        hidden = [j for j, tone in enumerate(raw.tones) if tone.pattern == "banded"]
        assert set(inside) <= {raw.of[i], *hidden}


def test_inside_the_office_everything_is_told(demo):
    banded = next((code, e) for _, code, row, e, _ in cells(demo) if e["id"] == "stunting")
    assert DECIMAL.search(words.rate_text(demo, *banded, "id", public=False))
    assert words.estimate_text(demo, *banded, "id") != words.estimate_text(demo, *banded, "id", public=False)


def all_counts(run, row, entry):
    """The row with every count of its band, and the score recounted as the run counts it."""
    kept, name = run.facts["scheme"], entry["id"]
    scheme = scoring.Scheme(**{k: tuple(v) if isinstance(v, list) else v for k, v in kept.items()})
    y, n = row[f"numerator_{name}"], row[f"denominator_{name}"]
    kind = banding.band(run, row, entry)
    for count in np.arange(1, n):
        one = {**row, f"numerator_{name}": count, f"value_{name}": count / n}
        one[f"estimate_{name}"] = row[f"estimate_{name}"] + (count - y) * (1 - row[f"shrinkage_{name}"]) / n
        if banding.band(run, one, entry) != kind:
            continue
        estimates = {name: one[f"estimate_{name}"]}
        estimates |= {e["id"]: one[f"estimate_{name}"] * n for e in run.facts["indicators"] if e["of"] == name}
        for i, estimate in estimates.items():
            one[f"estimate_{i}"] = estimate
            one[f"need_{i}"] = float(composite.need(np.array([estimate]), margins._bounds(run, i))[0])
        needs = np.array([[one[f"need_{i}"] for i in scheme.indicators]], dtype=float)
        made = scoring.score_units(scoring.need_units(needs), scheme)
        yield one | {f"contribution_{i}": made.contributions[0, k] for k, i in enumerate(scheme.indicators)}


def points_told(run, row):
    """All that explain --json and the panels say of needs and points, and the order of the reasons."""
    scored = [e for e in run.facts["indicators"] if e["scored"]]
    parts = [explain._part(run, row, e, "id", True) for e in scored]
    return json.dumps([parts, words.reasons(run, row, "id")])


def test_points_needs_and_reasons_are_the_same_for_every_count_of_a_band(demo):
    """The inversion: nothing exact that is told of a village moves with a hidden count."""
    tried = 0
    for code in demo.villages.index[demo.villages["status"] == "ranked"][::9]:
        row = words.row_of(demo, code)
        for entry in (e for e in demo.facts["indicators"] if e["scored"] and not e["of"]):
            if banding.band(demo, row, entry) in ("", "whole"):
                continue
            told = [points_told(demo, one) for one in all_counts(demo, row, entry)]
            assert len(set(told)) == 1, (code, entry["id"])
            tried += len(told) > 1
    assert tried > 15


def test_the_points_of_an_arithmetic_mean_are_told_beside_a_banded_figure(demo):
    plain = replace(demo, facts={**demo.facts, "scheme": {**demo.facts["scheme"], "within": "arithmetic"}})
    rows = [words.row_of(demo, code) for code in demo.villages.index]
    entries = [e for e in demo.facts["indicators"] if e["scored"]]
    assert all(banding.points_hidden(plain, r, e) == bool(banding.band(plain, r, e)) for r in rows for e in entries)
    bent = [(r, e) for r in rows for e in entries if banding.points_hidden(demo, r, e) and not banding.band(demo, r, e)]
    assert bent
    assert not any(words.points_text(demo, r, e, "id") for r, e in bent)
