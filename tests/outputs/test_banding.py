"""No count of 1–4 people can be read from, or reckoned back out of, what the public sees."""

import json
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lokus.outputs import banding, words
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
