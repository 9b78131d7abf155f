"""Neighbours: laws on random layers, brute force and libpysal as oracles, real villages."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from lokus.methods.spatial import (
    EVIDENCE,
    NEIGHBOURS,
    Nearness,
    border_lengths,
    contiguity,
    inner_points,
    nearest,
    neighbours,
    to_graph,
    within,
)


def layer(boxes: dict[str, shapely.Geometry | None], crs: str = "EPSG:32748") -> gpd.GeoSeries:
    return gpd.GeoSeries(list(boxes.values()), index=pd.Index(boxes, dtype="str", name="village_code"), crs=crs)


@st.composite
def layers(draw: st.DrawFn) -> gpd.GeoSeries:
    corner = st.integers(0, 12).map(lambda v: v * 100.0)
    side = st.integers(1, 4).map(lambda v: v * 100.0)
    spots = draw(st.lists(st.tuples(corner, corner, side, side), min_size=1, max_size=10))
    boxes: dict[str, shapely.Geometry | None] = {
        f"v{i:02}": shapely.box(x, y, x + w, y + h) for i, (x, y, w, h) in enumerate(spots)
    }
    if draw(st.booleans()):
        boxes["x-none"], boxes["x-void"] = None, shapely.Polygon()
    return layer(boxes)


def all_pairs(geometry: gpd.GeoSeries, near_m: float) -> dict[tuple[str, str], str]:
    """The definition, village by village."""
    whole = geometry[(geometry.area > 0).to_numpy()].sort_index()
    pairs = {}
    for a in whole.index:
        away = whole.drop(a).distance(whole[a])
        for b, metres in away[away <= near_m].items():
            pairs[a, b] = "touch" if metres == 0 else "near"
    for a in whole.index.difference([a for a, _ in pairs]):
        if len(whole) > 1:
            b = whole.drop(a).distance(whole[a]).idxmin()
            pairs[a, b] = pairs[b, a] = "ferry"
    return dict(sorted(pairs.items()))


@settings(max_examples=60, deadline=None)
@given(layers(), st.sampled_from([0.0, 100.0, 250.0]))
def test_every_pair_of_the_definition_and_no_other(geometry: gpd.GeoSeries, near_m: float) -> None:
    assert contiguity(geometry, near_m=near_m)["evidence"].to_dict() == all_pairs(geometry, near_m)


@settings(max_examples=30, deadline=None)
@given(layers(), st.randoms())
def test_pairs_go_both_ways_sorted_and_do_not_depend_on_row_order(geometry: gpd.GeoSeries, random) -> None:
    pairs = contiguity(geometry)
    assert pairs.index.is_monotonic_increasing and pairs.index.is_unique
    back = pairs.swaplevel().sort_index().rename_axis(index=pairs.index.names)
    pd.testing.assert_frame_equal(back, pairs)
    assert not any(a == b for a, b in pairs.index)
    shuffled = list(geometry.index)
    random.shuffle(shuffled)
    pd.testing.assert_frame_equal(contiguity(geometry.loc[shuffled]), pairs)


def test_slivers_rivers_and_islands() -> None:
    villages = layer(
        {
            "a": shapely.box(0, 0, 1000, 1000),
            "b": shapely.box(1000.2, 0, 2000, 1000),  # a sliver gap
            "c": shapely.box(1900, 0, 3000, 1000),  # drawn over b
            "d": shapely.box(3000, 1000, 4000, 2000),  # a corner
            "e": shapely.box(9000, 0, 9500, 500),  # an island
        }
    )
    told = contiguity(villages, near_m=50.0)["evidence"]
    assert told.loc["a"].to_dict() == {"b": "near"}
    assert told.loc["b"].to_dict() == {"a": "near", "c": "touch"}
    assert told.loc["c"].to_dict() == {"b": "touch", "d": "touch"}
    assert told.loc["e"].to_dict() == {"d": "ferry"}
    assert told.loc["d"].to_dict() == {"c": "touch", "e": "ferry"}
    assert "e" not in contiguity(villages, near_m=50.0, islands="alone").index.get_level_values("focal")


def test_equals_libpysal_and_the_published_neighbours_on_a_clean_coverage(published: Path) -> None:
    """North Carolina's 100 counties (spdep's `poly2nb(queen = TRUE)`)."""
    counties = gpd.read_file(published / "smallarea/ncsids.geojson").geometry.set_crs("EPSG:32617", allow_override=True)
    pairs = contiguity(counties, near_m=0.0)
    expected = pd.read_csv(published / "smallarea/ncsids_neighbours_queen.csv").to_numpy() - 1
    assert sorted(pairs.index) == sorted(map(tuple, expected))
    from libpysal.graph import Graph

    oracle = Graph.build_contiguity(counties, rook=False)
    assert to_graph(pairs, counties.index) == oracle


@pytest.mark.parametrize("kabupaten", ["kaur", "pasangkayu"])
def test_real_villages_lose_no_neighbour_to_a_sliver(shared_data: Path, kabupaten: str) -> None:
    (file,) = (shared_data / "boundaries" / kabupaten).glob("*.shp")
    villages = gpd.read_file(file).to_crs("EPSG:6933").geometry
    pairs = contiguity(villages)
    assert set(pairs.index.get_level_values("focal")) == set(villages.index)
    away = villages.loc[pairs.index.get_level_values(0)].distance(
        villages.loc[pairs.index.get_level_values(1)], align=False
    )
    metres = pd.Series(away.to_numpy(), index=pairs["evidence"].to_numpy())
    assert (metres[["touch"]] == 0).all()
    assert metres[metres.index == "near"].between(0, 100, inclusive="right").all()
    assert (metres[metres.index == "ferry"] > 100).all()


def test_a_graph_keeps_the_villages_alone_and_their_order() -> None:
    villages = layer({"a": shapely.box(0, 0, 1, 1), "b": shapely.box(1, 0, 2, 1), "z": shapely.box(900, 0, 901, 1)})
    graph = to_graph(contiguity(villages, islands="alone"), ["z", "b", "a"])
    assert list(graph.unique_ids) == ["z", "b", "a"]
    assert list(graph.isolates) == ["z"]
    assert graph.sparse.toarray().tolist() == [[0, 0, 0], [0, 0, 1], [0, 1, 0]]
    with pytest.raises(ValueError, match="not among ids"):
        to_graph(contiguity(villages), ["a", "b"])


def test_the_weight_column_is_what_libpysal_takes() -> None:
    from libpysal.graph import Graph

    villages = layer({"a": shapely.box(0, 0, 1, 1), "b": shapely.box(1, 0, 2, 1)})
    assert Graph(contiguity(villages)["weight"]).n == 2


def test_one_village_or_none_has_no_neighbours() -> None:
    for boxes in ({}, {"a": shapely.box(0, 0, 1, 1)}, {"a": None}):
        pairs = contiguity(layer(boxes))
        assert len(pairs) == 0
        assert pairs.index.names == ["focal", "neighbor"]
        assert pairs.dtypes.astype(str).to_dict() == {"weight": "float64", "evidence": "str"}


def test_misuse_is_refused() -> None:
    villages = layer({"a": shapely.box(0, 0, 1, 1), "b": shapely.box(1, 0, 2, 1)})
    for wrong in (villages.to_crs("EPSG:4326"), gpd.GeoSeries(villages.to_numpy())):
        with pytest.raises(ValueError, match="CRS in metres"):
            contiguity(wrong)
    with pytest.raises(ValueError, match="twice"):
        contiguity(villages.set_axis(["a", "a"]))
    with pytest.raises(ValueError, match="near_m"):
        contiguity(villages, near_m=np.nan)
    with pytest.raises(ValueError, match="islands"):
        contiguity(villages, islands="far")


@pytest.fixture(scope="module")
def carolina(published: Path) -> gpd.GeoSeries:
    """100 counties, a clean coverage; degrees taken for metres where only who touches whom counts."""
    counties = gpd.read_file(published / "smallarea/ncsids.geojson").set_index("NAME").geometry
    return counties.set_crs("EPSG:32617", allow_override=True)


@pytest.fixture(scope="module")
def muara_enim(shared_data: Path) -> gpd.GeoSeries:
    villages = gpd.read_file(shared_data / "boundaries/muara_enim/muara_enim.shp").set_index("KDEPUM").geometry
    return villages.to_crs("EPSG:32748")


def symmetric(graph) -> set[tuple[str, str]]:
    """Ends of all pairs but those of a village with itself, both ways."""
    ends = {(a, b) for a, b in graph.adjacency.index if a != b and graph.adjacency[a, b] > 0}
    return ends | {(b, a) for a, b in ends}


def test_rook_equals_libpysal_on_a_clean_coverage(carolina: gpd.GeoSeries) -> None:
    from libpysal.graph import Graph

    pairs = contiguity(carolina, near_m=0.0, border_m=1e-9)
    assert to_graph(pairs, carolina.index) == Graph.build_contiguity(carolina, rook=True)
    assert set(pairs.index) < set(contiguity(carolina, near_m=0.0).index)


def test_nearest_and_within_equal_libpysal(muara_enim: gpd.GeoSeries) -> None:
    from libpysal.graph import Graph

    points = gpd.GeoSeries(gpd.points_from_xy(*inner_points(muara_enim.to_numpy()).T), muara_enim.index)
    assert set(nearest(muara_enim, k=4).index) == symmetric(Graph.build_knn(points, k=4))
    band = Graph.build_distance_band(points, threshold=6_000, binary=True)
    assert set(within(muara_enim, distance_m=6_000, islands="alone").index) == symmetric(band)


@settings(max_examples=60, deadline=None)
@given(layers(), st.integers(1, 5))
def test_nearest_are_all_that_are_as_near_as_the_kth(geometry: gpd.GeoSeries, k: int) -> None:
    whole = geometry[(geometry.area > 0).to_numpy()].sort_index()
    points = pd.DataFrame(inner_points(whole.to_numpy()), whole.index)
    ends = set()
    for a in whole.index:
        away = np.hypot(*(points.drop(a) - points.loc[a]).to_numpy().T)
        if len(away):
            reach = np.sort(away)[min(k, len(away)) - 1] * (1 + 1e-12)
            ends |= {pair for b in points.drop(a).index[away <= reach] for pair in ((a, b), (b, a))}
    assert list(nearest(geometry, k=k).index) == sorted(ends)


@settings(max_examples=60, deadline=None)
@given(layers(), st.sampled_from([100.0, 250.0, 900.0]), st.sampled_from(["nearest", "alone"]))
def test_within_a_distance_and_islands(geometry: gpd.GeoSeries, metres: float, islands) -> None:
    whole = geometry[(geometry.area > 0).to_numpy()].sort_index()
    points = gpd.GeoSeries(gpd.points_from_xy(*inner_points(whole.to_numpy()).T), whole.index)
    expected = {(a, b): "within" for a in points.index for b in points.index
                if a != b and points[a].distance(points[b]) <= metres}  # fmt: skip
    for a in points.index.difference([a for a, _ in expected]):
        if islands == "nearest" and len(points) > 1:
            b = points.drop(a).distance(points[a]).idxmin()
            expected[a, b] = expected[b, a] = "ferry"
    told = within(geometry, distance_m=metres, islands=islands)["evidence"]
    assert told.to_dict() == dict(sorted(expected.items()))


def test_a_border_is_measured_over_slivers_and_overlaps() -> None:
    """Two squares with a border of 1,000 m: clean, 30 m apart (less twice that), 30 m over each other; at a corner."""
    home = shapely.box(0, 0, 1000, 1000)
    others = [shapely.box(1000 + gap, 0, 2000, 1000) for gap in (0, 30, -30)]
    others += [shapely.box(1000, 1000, 2000, 2000), shapely.box(1000, 800, 2000, 2000), shapely.box(5000, 0, 6000, 9)]
    shapes = np.array([home, *others])
    pairs = np.array([[0] * 6, range(1, 7)])
    metres = border_lengths(shapes, pairs, near_m=100.0)
    assert metres == pytest.approx([1000, 940, 1060, 0, 200, 0], abs=8)
    assert border_lengths(shapes, pairs, near_m=0.0) == pytest.approx([1000, 0, 1060, 0, 200, 0], abs=1e-6)
    np.testing.assert_allclose(border_lengths(shapes, pairs[::-1], near_m=100.0), metres)
    told = contiguity(layer(dict(zip("abcde", shapes[[0, 2, 4, 5, 6]], strict=True))), near_m=100.0, border_m=300.0)
    assert {b for a, b in told.index if a == "a"} == {"b"}


def test_rook_on_real_villages_is_part_of_queen(muara_enim: gpd.GeoSeries) -> None:
    queen, rook = contiguity(muara_enim, islands="alone"), contiguity(muara_enim, border_m=500.0, islands="alone")
    longer = contiguity(muara_enim, border_m=3_000.0, islands="alone")
    assert set(longer.index) < set(rook.index) < set(queen.index)
    pd.testing.assert_frame_equal(rook, queen.loc[rook.index])


@pytest.mark.parametrize("by", list(NEIGHBOURS))
@pytest.mark.parametrize("boxes", [{}, {"a": shapely.box(0, 0, 1, 1)}, {"a": None, "b": shapely.Polygon()}])
def test_every_way_takes_one_village_or_none(by, boxes) -> None:
    pairs = neighbours(layer(boxes), Nearness(by=by))
    assert len(pairs) == 0 and pairs.index.names == ["focal", "neighbor"]
    assert pairs.dtypes.astype(str).to_dict() == {"weight": "float64", "evidence": "str"}


@settings(max_examples=40, deadline=None)
@given(layers(), st.sampled_from(list(NEIGHBOURS)), st.randoms())
def test_every_way_goes_both_ways_and_does_not_depend_on_row_order(geometry: gpd.GeoSeries, by, random) -> None:
    way = Nearness(by=by, k=2, distance_m=400.0, border_m=50.0)
    pairs = neighbours(geometry, way)
    assert pairs.index.is_monotonic_increasing and pairs.index.is_unique
    assert set(pairs["evidence"]) <= set(EVIDENCE)
    back = pairs.swaplevel().sort_index().rename_axis(index=pairs.index.names)
    pd.testing.assert_frame_equal(back, pairs)
    shuffled = list(geometry.index)
    random.shuffle(shuffled)
    pd.testing.assert_frame_equal(neighbours(geometry.loc[shuffled], way), pairs)


def test_misuse_of_the_other_ways_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    villages = layer({str(i): shapely.box(i, 0, i + 1, 1) for i in range(5)})
    with pytest.raises(ValueError, match="k is a number"):
        nearest(villages, k=0)
    for wrong in (0.0, np.inf, np.nan):
        with pytest.raises(ValueError, match="distance_m"):
            within(villages, distance_m=wrong)
    with pytest.raises(ValueError, match="border_m"):
        contiguity(villages, border_m=-1.0)
    monkeypatch.setattr("lokus.methods.spatial.MOST_PAIRS", 3)
    with pytest.raises(ValueError, match="shorter distance_m"):
        within(villages, distance_m=100.0)
