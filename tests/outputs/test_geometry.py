"""Polygons made coarse: nothing vanishes, neighbours stay neighbours, and kecamatan have no sliver rings."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from studies import real_villages

from lokus.outputs.geometry import kecamatan, simplified


@pytest.mark.parametrize("name", ["pasangkayu", "muara_enim", "kaur", "kota_bengkulu"])
def test_real_kecamatan_are_dissolved_without_sliver_rings(shared_data, made_up, name):
    run = made_up(*real_villages(shared_data, name))
    shapes = simplified(np.asarray(run.geometry.values, dtype=object))
    outlines, places = kecamatan(run, shapes, np.ones(len(shapes), bool))
    rings = np.array([shapely.Polygon(line.coords) for line in shapely.get_parts(outlines)])
    assert shapely.area(rings).min() > 1e-5, "an enclave or island of a tenth of a km² is a ring, a sliver is not"
    assert len(places) <= len(rings) <= len(places) + 2
    assert all(place["at"] for place in places)
    whole = shapely.union_all(shapes)
    assert shapely.area(rings).sum() == pytest.approx(whole.area, rel=0.02)


def test_a_grid_stays_a_coverage_and_keeps_its_area(run):
    shapes = np.asarray(run.geometry.dropna().values, dtype=object)
    coarse = simplified(shapes)
    assert shapely.is_valid(coarse).all()
    assert shapely.area(coarse).sum() == pytest.approx(shapely.area(shapes).sum(), rel=0.01)
    assert shapely.union_all(coarse).area == pytest.approx(shapely.area(coarse).sum(), rel=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(1e-6, 0.5), min_size=1, max_size=8))
def test_no_village_vanishes_however_small(sizes):
    shapes = np.array([shapely.box(3 * k, 0, 3 * k + s, s) for k, s in enumerate(sizes)], dtype=object)
    assert not shapely.is_empty(simplified(shapes)).any()
