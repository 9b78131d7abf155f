"""Laws and oracles of polygons: repairs are valid, measures agree with the ellipsoid, misplaced maps are known."""

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st

from lokus.sources import polygons

GEOD = pyproj.Geod(ellps="WGS84")


def degrees(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False).map(lambda x: round(x, 6))


@st.composite
def boxes(draw: st.DrawFn) -> shapely.Polygon:
    x, y = draw(degrees(95.5, 140.0)), draw(degrees(-10.5, 5.5))
    return shapely.box(x, y, x + draw(degrees(0.001, 0.2)), y + draw(degrees(0.001, 0.2)))


@st.composite
def rings(draw: st.DrawFn) -> shapely.Polygon:
    """Any ring on a coarse grid: crossing, spiked, flat, repeating points, as they come."""
    corner = st.tuples(st.integers(0, 6), st.integers(0, 6))
    return shapely.Polygon([(100 + x / 10, -5 + y / 10) for x, y in draw(st.lists(corner, min_size=3, max_size=9))])


def read(*shapes: shapely.Geometry | None) -> polygons.Polygons:
    return polygons.read_polygons(np.array([s and shapely.to_wkb(s) for s in shapes], dtype=object))


@given(st.lists(st.none() | rings() | boxes(), min_size=1, max_size=8))
def test_every_row_is_a_valid_polygon_or_lost_for_one_reason(shapes):
    got = read(*shapes)
    drawn = ~shapely.is_missing(got.geometry)
    reasons = np.sum(list(got.lost.values()), axis=0)
    assert (reasons == ~drawn).all()
    assert shapely.is_valid(got.geometry[drawn]).all()
    assert np.isin(shapely.get_type_id(got.geometry[drawn]), (polygons.POLYGON, polygons.MULTIPOLYGON)).all()
    assert (shapely.area(got.geometry[drawn]) > 0).all()
    assert not any((mask & ~drawn).any() for mask in got.mended.values())


@given(st.lists(boxes(), min_size=1, max_size=5))
def test_a_sound_polygon_is_left_as_it_is(shapes):
    got = read(*shapes)
    assert all(a.equals_exact(b, 0) for a, b in zip(got.geometry, shapes, strict=True))
    assert not any(mask.any() for mask in (*got.lost.values(), *got.mended.values()))


@given(rings())
@example(shapely.Polygon([(100, -4.9), (100, -4.8), (100.1, -5), (100, -4.9), (100, -5), (100.1, -5)]))
def test_a_repair_is_done_once(ring):
    (once,) = read(ring).geometry
    (twice,) = read(once).geometry
    assert (once is None and twice is None) or once.equals_exact(twice, 0)


def test_a_hole_outside_its_shell_becomes_land_and_a_nested_part_no_hole():
    shell, islet, inner = shapely.box(0, 0, 4, 4), shapely.box(6, 0, 7, 1), shapely.box(1, 1, 2, 2)
    holed = shapely.Polygon(shell.exterior, [islet.exterior])
    nested = shapely.MultiPolygon([shell, inner])
    got = read(holed, nested)
    assert got.mended["hole"].tolist() == [True, False]
    assert got.mended["nested"].tolist() == [False, True]
    assert got.geometry[0].equals(shell.union(islet))
    assert got.geometry[1].equals(shell)
    assert got.change == pytest.approx([(17 - 15) / 15, (16 - 17) / 17])


def test_an_unclosed_ring_is_closed():
    box = shapely.box(103, -5, 103.5, -4.5)
    wkb = bytearray(shapely.to_wkb(box))
    wkb[9:13], unclosed = (4).to_bytes(4, "little"), bytes(wkb[:9]) + (4).to_bytes(4, "little") + bytes(wkb[13:-16])
    got = polygons.read_polygons(np.array([unclosed], dtype=object))
    assert got.mended["unclosed"].all()
    assert got.geometry[0].equals(box)


def test_height_and_lines_beside_an_area_are_dropped():
    area = shapely.Polygon([(103, -5, 9), (104, -5, 9), (104, -4, 9)])
    mixed = shapely.GeometryCollection([area, shapely.LineString([(103, -5), (104, -5)])])
    got = read(area, mixed, shapely.Point(103, -5), shapely.GeometryCollection([shapely.Point(103, -5)]))
    assert [g is not None and not g.has_z for g in got.geometry] == [True, True, False, False]
    assert got.mended["mixed"].tolist() == [False, True, False, False]
    assert got.lost["not_polygon"].tolist() == [False, False, True, True]


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e38, -1e12])
def test_coordinates_that_are_no_place_lose_the_polygon(value):
    with np.errstate(invalid="ignore"):
        assert read(shapely.Polygon([(103, -5), (104, -5), (104, value)])).lost["broken"].all()


@given(st.lists(boxes(), min_size=1, max_size=4))
def test_areas_agree_with_the_ellipsoid(shapes):
    geometry = gpd.GeoSeries(shapes, crs=4326)
    # Geodesic edges bulge from the straight ones of a box; more vertices make them one.
    exact = [abs(GEOD.geometry_area_perimeter(shapely.segmentize(s, 0.02))[0]) / 1e6 for s in shapes]
    assert polygons.areas_km2(geometry).to_numpy() == pytest.approx(exact, rel=0.003)


@given(boxes(), boxes())
def test_lengths_within_a_study_agree_with_the_ellipsoid(one, other):
    geometry = polygons.to_metric(gpd.GeoSeries([one, other], crs=4326))
    for drawn, flat in zip((one, other), geometry, strict=True):
        assert flat.length == pytest.approx(GEOD.geometry_length(drawn.exterior), rel=0.02)


def test_a_study_in_one_zone_is_measured_in_that_zone():
    kaur = gpd.GeoSeries([shapely.box(103.1, -4.9, 103.8, -4.2), None], crs=4326)
    assert polygons.to_metric(kaur).crs.to_epsg() == 32748
    assert np.isnan(polygons.areas_km2(kaur)[1])
    assert polygons.areas_km2(kaur[1:]).isna().all()


@given(st.lists(boxes().map(lambda b: shapely.box(*np.round(b.bounds, 1))), min_size=1, max_size=7))
def test_overlaps_agree_with_every_pair_one_by_one(shapes):
    shapes = [s for s in shapes if s.area > 0]
    expected = [
        sum(a.intersection(b).area for k, b in enumerate(shapes) if k != n) / a.area for n, a in enumerate(shapes)
    ]
    assert polygons.overlapped(np.array(shapes, dtype=object)) == pytest.approx(expected, abs=1e-9)


PLACES = st.tuples(degrees(95.0, 141.0), degrees(-11.0, 6.0))


@given(PLACES)
def test_the_cause_of_misplaced_degrees_is_told(place):
    x, y = place
    wgs84 = polygons.WGS84
    assert polygons.misplaced((y, x), wgs84) == "swapped"
    assert polygons.misplaced((x + 360, y), wgs84) == "shifted"
    zone = int(x // 6) + 31
    metres = pyproj.Transformer.from_crs(4326, 32700 + zone, always_xy=True).transform(x, y)
    assert polygons.misplaced(metres, wgs84) == "metres"


@given(PLACES)
def test_the_cause_of_misplaced_metres_is_told(place):
    x, y = place
    south, north = (pyproj.CRS.from_epsg(half + int(x // 6) + 31) for half in (32700, 32600))
    assert polygons.misplaced(place, south) == "degrees"
    metres = pyproj.Transformer.from_crs(4326, north, always_xy=True).transform(x, y)
    assert polygons.misplaced((metres[0], metres[1] + 2e7), north) == "elsewhere"
    if y < -1:
        true = pyproj.Transformer.from_crs(4326, south, always_xy=True).transform(x, y)
        assert polygons.misplaced(true, north) == "hemisphere"


@given(boxes(), st.sampled_from([32748, 32652, 3857, 4755, 23830]))
def test_degrees_come_back_from_any_crs(box, epsg):
    crs = pyproj.CRS.from_epsg(epsg)
    turned = gpd.GeoSeries([box], crs=4326).to_crs(crs).to_numpy()
    back = polygons.to_degrees(turned, crs)
    assert shapely.bounds(back[0]) == pytest.approx(shapely.bounds(box), abs=1e-6)
