"""The land on paper: lengths against the geodesic, the same villages as the run, and what has no polygon."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from lokus.errors import LokusError
from lokus.outputs.papers.ground import ground, round_length


def test_lengths_are_those_of_the_ellipsoid_to_half_a_per_cent(demo):
    land = ground(demo)
    chance = np.random.default_rng(1)
    west, south, east, north = demo.geometry.total_bounds
    x, y = chance.uniform(west, east, (2, 200)), chance.uniform(south, north, (2, 200))
    metres = Geod(ellps="WGS84").inv(x[0], y[0], x[1], y[1])[2]
    apart = land.place(x[0], y[0]) - land.place(x[1], y[1])
    np.testing.assert_allclose(np.hypot(*apart.T), metres / 1000, rtol=0.005)


def test_every_village_with_a_polygon_is_drawn_and_named_inside_it(run):
    land = ground(run)
    assert (land.drawn == run.geometry.notna().to_numpy()).all()
    inside = [shapely.contains_xy(shape, *at) for shape, at in zip(land.shapes, land.middle, strict=True) if shape]
    assert all(inside)
    assert len(inside) == land.drawn.sum()
    assert {code for code, _, _ in land.kecamatan} == set(run.villages["kecamatan_code"])


def test_without_any_polygon_there_is_no_land(run):
    bare = replace(run, geometry=gpd.GeoSeries([None] * len(run.villages), index=run.villages.index, crs="EPSG:4326"))
    with pytest.raises(LokusError) as told:
        ground(bare)
    assert told.value.code == "map_no_polygons"


@settings(deadline=None)
@given(st.floats(1e-3, 1e5))
def test_a_scale_bar_has_the_longest_round_length_that_fits(most):
    length = round_length(most)
    digit = length / 10 ** np.floor(np.log10(length) + 1e-9)
    assert min(abs(digit - k) for k in (1, 2, 5)) < 1e-6
    assert most / 2.5 * (1 - 1e-9) <= length <= most * (1 + 1e-9)
