"""Slope: the worked example of its publishers, and planes whose slope is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lokus.methods.terrain import slope


def test_the_worked_example_of_esri() -> None:
    # ArcGIS Pro, "How Slope works": cells of 5 m, rise/run 3.80032 → 75.25762°, worked with 57.29578 and rounded roots.
    heights = np.array([[50.0, 45, 50], [30, 30, 30], [8, 10, 10]])
    assert slope(heights, np.array([5.0]), np.array([5.0])).item() == pytest.approx(75.25762, abs=1e-4)


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(1, 500), st.floats(1, 500))
def test_a_plane_has_the_slope_of_its_gradient(east: float, south: float, width: float, height: float) -> None:
    rows, columns = np.mgrid[0:5, 0:6]
    found = slope(east * width * columns + south * height * rows, np.full(5, width), np.full(5, height))
    assert found.shape == (3, 4)
    np.testing.assert_allclose(found, np.degrees(np.arctan(np.hypot(east, south))), atol=1e-6)


def test_what_is_not_known_is_no_cliff() -> None:
    heights = np.full((4, 4), 120.0)
    heights[0], heights[2, 2] = np.nan, np.nan
    found = slope(heights, np.array([30.0]), np.array([30.0]))
    assert found[0].tolist() == [0.0, 0.0]
    assert np.isnan(found[1, 1])
