"""Rasters in villages: published numbers, sums that lose nothing, and a slow second way."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from grids import CELL, CELLS, NORTH, PLACE, SIDE, WEST, village_boxes, write_raster
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lokus.methods.terrain import slope
from lokus.sources import zonal
from lokus.sources.rasters import open_raster
from lokus.sources.zonal import Asked, measure

EXACT = ("sum", "mean", "min", "max", "stdev", "median")


def test_the_published_zones_of_exactextract(published: Path) -> None:
    # raster/expected_zonal_exactextract_0.3.0.csv: 63 polygons, a nodata hole, a disc of 5 m in cells of 100 m.
    folder = published / "raster"
    zones = gpd.read_file(folder / "zonal_polygons.geojson").set_index("id").geometry
    expected = pd.read_csv(folder / "expected_zonal_exactextract_0.3.0.csv", index_col="id")
    found = measure({"r": Asked(open_raster(folder / "zonal_value_40x50.tif"), EXACT)}, zones)
    for name in EXACT:
        np.testing.assert_allclose(found["r"][name], expected[name], rtol=1e-7, atol=1e-9, err_msg=name)
    np.testing.assert_allclose(found["r"]["cells"], expected["count"], rtol=1e-12)


CUTS = st.lists(st.floats(0.01, 9.99), max_size=4, unique=True)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CUTS, CUTS, st.lists(st.integers(0, 99), max_size=30), st.booleans())
def test_the_sums_of_villages_that_tile_the_land_are_the_rasters(
    tmp_path: Path, down: list[float], across: list[float], holes: list[int], zero: bool
) -> None:
    cells = CELLS.copy()
    cells.flat[holes] = np.nan
    raster = open_raster(write_raster(tmp_path / "r.tif", cells))
    x, y = [0, *sorted(across), SIDE], [0, *sorted(down), SIDE]
    tiles = [(x[i], y[j], x[i + 1], y[j + 1]) for i in range(len(x) - 1) for j in range(len(y) - 1)]
    # exactextract keeps fractions of cells in single precision.
    found = measure({"r": Asked(raster, ("sum",), zero=zero)}, village_boxes(*tiles))["r"]
    assert found["sum"].sum() == pytest.approx(np.nansum(cells), rel=1e-6, abs=1e-5)
    known = SIDE**2 - len(set(holes))
    assert found["cells"].sum() == pytest.approx(SIDE**2 if zero else known, abs=1e-4)
    assert (found["known"] * found["area"]).sum() / CELL**2 == pytest.approx(known, abs=1e-4)


def test_a_slow_second_way_agrees(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    cells = rng.normal(200, 90, (SIDE, SIDE))
    cells[2, 3:5] = np.nan
    raster = open_raster(write_raster(tmp_path / "r.tif", cells))
    discs = [shapely.Point(WEST + x * CELL, NORTH - y * CELL).buffer(r * CELL) for x, y, r in
             ((3.2, 2.7, 2.1), (6.5, 7.1, 3.0), (9.7, 0.4, 2.0), (5.5, 5.5, 0.2))]  # fmt: skip
    villages = gpd.GeoSeries(discs, crs="EPSG:4326")
    asked = Asked(raster, ("sum", "mean", "slope", "share"), at_least=180.0, at_most=300.0)
    found = measure({"r": asked}, villages)["r"]
    wide, high = raster.grid.metres()
    steep = slope(np.pad(cells, 1, constant_values=np.nan), np.pad(wide, 1, mode="edge"), np.pad(high, 1, mode="edge"))
    inside = np.where(np.isnan(cells), np.nan, (cells >= 180) & (cells <= 300))
    for n, disc in enumerate(discs):
        boxes = [shapely.box(WEST + c * CELL, NORTH - (r + 1) * CELL, WEST + (c + 1) * CELL, NORTH - r * CELL)
                 for r in range(SIDE) for c in range(SIDE)]  # fmt: skip
        part = shapely.area(shapely.intersection(disc, boxes)).reshape(SIDE, SIDE) / CELL**2
        part = np.where(np.isnan(cells), 0.0, part)
        assert found.loc[n, "sum"] == pytest.approx(np.nansum(part * cells), rel=1e-6)
        for name, of in (("mean", cells), ("slope", steep), ("share", inside)):
            assert found.loc[n, name] == pytest.approx(np.nansum(part * of) / part.sum(), rel=1e-6), name
        assert found.loc[n, "cells"] == pytest.approx(part.sum(), rel=1e-6)


def test_several_rasters_in_one_pass_are_each_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = open_raster(write_raster(tmp_path / "one.tif", CELLS))
    two = open_raster(write_raster(tmp_path / "two.tif", np.sqrt(CELLS).astype("float32"), nodata=3.0))
    # Half the cell: another grid, another pass.
    finer = PLACE @ PLACE.scale(0.5)
    three = open_raster(write_raster(tmp_path / "three.tif", np.kron(CELLS, np.ones((2, 2))), place=finer))
    villages = village_boxes((0, 0, 3.5, 4.2), None, (2.1, 3, 9, 9.4), (-5, -5, 2, 2), (20, 20, 21, 21))
    asked = {"one": Asked(one, ("sum", "slope", "mean")), "two": Asked(two, ("mean", "share"), at_least=5.0),
             "three": Asked(three, ("mean", "sum"), zero=True)}  # fmt: skip
    together = measure(asked, villages)
    assert list(together) == list(asked)
    for held in (zonal.HELD, 7):
        monkeypatch.setattr(zonal, "HELD", held)
        for key, alone in asked.items():
            pd.testing.assert_frame_equal(measure({key: alone}, villages)[key], together[key], rtol=1e-12)
    assert together["one"].loc["76.01.01.2002"].isna().all()
    beyond = together["one"].loc["76.01.01.2005"]
    assert beyond[["sum", "mean", "slope"]].isna().all()
    assert beyond["covered"] == beyond["inside"] == beyond["cells"] == 0


def test_a_raster_that_begins_in_the_south_is_the_same(tmp_path: Path) -> None:
    upside = PLACE @ PLACE.translation(0, SIDE) @ PLACE.scale(1, -1)
    north = open_raster(write_raster(tmp_path / "north.tif", CELLS))
    south = open_raster(write_raster(tmp_path / "south.tif", CELLS[::-1], place=upside))
    assert south.flipped and south.grid.agrees(north.grid)
    villages = village_boxes((0, 0, 3.5, 4.2), (2.1, 3, 9, 9.4))
    found = measure({"n": Asked(north, EXACT), "s": Asked(south, EXACT)}, villages)
    pd.testing.assert_frame_equal(found["n"], found["s"])


def test_a_village_is_brought_to_the_rasters_own_crs(tmp_path: Path) -> None:
    village = village_boxes((3, 3, 7, 7))
    west, _, _, north = village.to_crs(32750).total_bounds
    place = PLACE.translation(west - 3000, north + 3000) @ PLACE.scale(100, -100)
    raster = open_raster(write_raster(tmp_path / "utm.tif", np.ones((110, 110)), crs="EPSG:32750", place=place))
    found = measure({"r": Asked(raster, ("sum",))}, village)["r"].iloc[0]
    assert found["sum"] == pytest.approx(village.to_crs(32750).area.item() / 100**2, rel=1e-9)
    assert found["covered"] == pytest.approx(1)
