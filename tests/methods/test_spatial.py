"""Neighbours: laws on random layers, brute force and libpysal as oracles, real villages."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from lokus.methods.spatial import contiguity, to_graph


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
