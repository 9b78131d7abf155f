"""Villages dissolved: no slivers, nothing lost."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from lokus.methods.dissolve import LEAST_RING, SLIVER, dissolved, without_specks


@given(st.floats(-1.5 * SLIVER, 1.5 * SLIVER))
def test_a_gap_or_an_overlap_of_some_metres_leaves_no_hole(gap: float) -> None:
    left, right = shapely.box(110, -1, 110.1, -0.9), shapely.box(110.1 + gap, -1, 110.2, -0.9)
    one = dissolved(np.array([left, right]))
    assert one.geom_type == "Polygon"
    assert not one.interiors
    assert one.area == pytest.approx(0.02, rel=0.05)


def test_specks_go_and_islands_and_lakes_stay() -> None:
    side = 2 * LEAST_RING**0.5
    lake, speck = shapely.box(1, 1, 1 + side, 1 + side), shapely.box(2, 2, 2.001, 2.001)
    land = shapely.box(0, 0, 3, 3) - lake - speck
    island, rock = shapely.box(5, 5, 5 + side, 5 + side), shapely.box(7, 7, 7.001, 7.001)
    kept = without_specks(shapely.union_all([land, island, rock]))
    assert kept.area == pytest.approx(9 - lake.area + island.area)
    assert without_specks(rock).area == pytest.approx(rock.area)
    assert without_specks(shapely.Polygon()).is_empty
