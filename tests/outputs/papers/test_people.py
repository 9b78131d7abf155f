"""Numbers of people in cells: what is hidden stays hidden, also beside the totals."""

from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lokus.outputs import banding
from lokus.outputs.papers import people


def village(y, n, better):
    entry = {"id": "x", "kind": "share", "better": better, "scored": True, "weight": 1.0, "interval": True}
    row = {"numerator_x": float(y), "denominator_x": float(n), "value_x": y / n}
    return SimpleNamespace(facts={"indicators": [entry]}), row, entry


@given(st.integers(1, 60), st.sampled_from(["lower", "higher"]))
def test_the_ends_are_those_of_the_band_alone_and_hold_the_truth(n, better):
    seen = {}
    for y in range(n + 1):
        run, row, entry = village(y, n, better)
        (low, high), (least, most) = people.counted(run, row, entry), people.lacking(run, row, entry)
        assert low <= y <= high
        assert least <= (y if better == "lower" else n - y) <= most
        if kind := banding.band(run, row, entry):
            assert high > low or n == 1, "one count is never told alone"
            seen.setdefault(kind, set()).add((low, high, least, most))
        else:
            assert low == high == y
        assert people.counted(run, row, entry, public=False) == (y, y)
    assert all(len(told) == 1 for told in seen.values())


@pytest.mark.parametrize("among", [False, True])
def test_a_total_follows_from_the_cells_that_stand_above_it(demo, among):
    chosen = demo.villages["selected"] if among else pd.Series(True, demo.villages.index)
    rows = demo.villages[chosen].to_dict("index").values()
    hidden = 0
    for entry in demo.facts["indicators"]:
        if entry["kind"] != "share" or f"denominator_{entry['id']}" not in demo.villages:
            continue
        few = [banding.is_few(row[f"denominator_{entry['id']}"]) for row in rows]
        ends = [people.lacking(demo, row, entry) for row, left_out in zip(rows, few, strict=True) if not left_out]
        told = [pair for pair in ends if not pd.isna(pair[0])]
        sums = tuple(sum(pair[side] for pair in told) for side in (0, 1))
        assert people.lacking_in_all(demo, entry, chosen) == pytest.approx(sums)
        hidden += sums[0] != sums[1]
    assert hidden
