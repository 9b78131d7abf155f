"""Friction surfaces: totals kept, units and classes refused, rasters in degrees and in metres, holes in the ground."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from pyproj import Transformer
from rasterio import Affine

from lokus.errors import DataError
from lokus.methods import access
from lokus.sources import friction
from lokus.sources.friction import LEVEL, Ground, Speeds, drawn, lands, sums, surface
from lokus.sources.rasters import Grid, Raster, open_raster

UTM = "EPSG:32750"
# Two villages of 1 km² side by side.
BOXES = [shapely.box(x, 9_800_000, x + 1_000, 9_801_000) for x in (300_000, 301_000)]
VILLAGES = gpd.GeoSeries([*BOXES, None], crs=UTM)


@pytest.fixture(autouse=True)
def near(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(friction, "MARGIN_M", 500.0)


def put(folder: Path, name: str, cells: np.ndarray, *, crs: str = UTM, side: float = 50.0, west: float = 299_000.0,
        north: float = 9_802_000.0) -> Raster:  # fmt: skip
    """A raster of floats; NaN is its nodata."""
    path = folder / name
    rows, columns = cells.shape
    with rasterio.open(
        path, "w", driver="GTiff", height=rows, width=columns, count=1, dtype="float32", crs=crs,
        transform=Affine(side, 0, west, 0, -side, north), nodata=float("nan"),
    ) as ds:  # fmt: skip
        ds.write(cells.astype("float32"), 1)
    return open_raster(path)


def test_a_friction_raster_in_metres_is_taken_cell_by_cell(tmp_path: Path) -> None:
    cells = np.random.default_rng(1).uniform(0.005, 0.05, (80, 80)).astype("float32").astype(float)
    cells[40, 30] = np.nan
    cells[41, 30] = 0.0  # nobody rides for nothing
    made = surface(Ground(friction=put(tmp_path, "f.tif", cells)), VILLAGES)
    # 500 m around 2 km × 1 km, of 50 m cells, on the raster's own lines.
    assert made.cost.shape == (40, 60) and made.cell == (50.0, 50.0)
    expected = np.where(np.isnan(cells) | (cells <= 0), np.inf, cells)[10:50, 10:70]
    np.testing.assert_allclose(made.cost, expected, rtol=1e-6)
    # Of the cells read: the window and a rim of four.
    assert made.refused == pytest.approx(1 / (48 * 68 - 1))
    np.testing.assert_allclose(made.spots(*degrees(299_525.0, 9_801_475.0)), [[0.5, 0.5]], atol=1e-4)


def degrees(x: float, y: float) -> tuple[np.ndarray, np.ndarray]:
    longitude, latitude = Transformer.from_crs(UTM, 4326, always_xy=True).transform(x, y)
    return np.array([longitude]), np.array([latitude])


@pytest.mark.parametrize("factor", [60.0, 1e-3, 1e3])
def test_friction_in_other_units_is_refused(tmp_path: Path, factor: float) -> None:
    # Minutes a kilometre, hours a metre or a speed in its place.
    raster = put(tmp_path, "f.tif", np.full((80, 80), 0.02 * factor))
    with pytest.raises(DataError) as caught:
        surface(Ground(friction=raster), VILLAGES)
    assert [p.code for p in caught.value.problems] == ["access_friction_units"]


def test_roads_go_before_rivers_and_rivers_before_land(tmp_path: Path) -> None:
    land, river, road = (np.zeros((80, 80)) for _ in range(3))
    land[:] = 10
    river[:, 30] = 1
    road[30, :] = 2
    ground = Ground(
        landcover=Speeds(put(tmp_path, "land.tif", land), {10: 3.0}),
        rivers=Speeds(put(tmp_path, "river.tif", river), {1: 0.0}),
        roads=Speeds(put(tmp_path, "road.tif", road), {2: 30.0}),
    )
    cost = surface(ground, VILLAGES).cost
    assert cost[0, 0] == pytest.approx(0.06 / 3) and np.isinf(cost[0, 20])
    # The bridge.
    assert cost[20, 20] == cost[20, 0] == pytest.approx(0.06 / 30)
    minutes = access.travel_minutes(cost, (50.0, 50.0), [(0, 0)])
    assert np.isfinite(minutes[0, 59]) and np.isnan(minutes[0, 20])


def test_a_class_without_a_speed_is_named_and_not_taken_for_a_wall(tmp_path: Path) -> None:
    land = np.full((80, 80), 10.0)
    land[30, 30] = 77
    with pytest.raises(DataError) as caught:
        surface(Ground(landcover=Speeds(put(tmp_path, "land.tif", land), {10: 3.0, 80: 0.0})), VILLAGES)
    assert caught.value.problems[0].code == "access_class_unknown"
    assert caught.value.problems[0].params["classes"] == ["77"]


def test_a_hillside_is_walked_by_tobler_and_the_sea_has_no_ground(tmp_path: Path) -> None:
    heights = np.tile(np.arange(80) * 10.0, (80, 1))  # 10 m up every 50 m: 20 %
    heights[:, 60:] = np.nan
    cost = surface(Ground(elevation=put(tmp_path, "dem.tif", heights)), VILLAGES).cost
    delay = access.walking_delay(np.array([0.2]))[0]
    # Beyond the first and last row nothing is known: they are taken as level on that side.
    np.testing.assert_allclose(cost[1:-1, 5:45], 0.06 / LEVEL * delay, rtol=1e-4)
    assert np.isinf(cost[:, 50:]).all() and np.isfinite(cost[:, :50]).all()


def test_people_stay_as_many_on_any_other_grid(tmp_path: Path) -> None:
    people = np.random.default_rng(2).poisson(3, (80, 80)).astype(float)
    raster = put(tmp_path, "p.tif", people)
    for side in (20.0, 50.0, 130.0):
        side_cells = int(np.ceil(5000 / side))
        grid = Grid(raster.grid.crs, 298_511.0, 9_802_503.0, side, side, side_cells, side_cells)
        assert np.nansum(drawn(raster, grid, "sum")) == pytest.approx(people.sum(), rel=1e-6)


def test_a_thin_road_is_not_lost_on_a_coarser_grid(tmp_path: Path) -> None:
    road = np.full((80, 80), np.nan)
    road[37] = 30.0
    raster = put(tmp_path, "road.tif", road)
    grid = Grid(raster.grid.crs, 299_000.0, 9_802_000.0, 200.0, 200.0, 20, 20)
    coarse = drawn(raster, grid, "max")
    assert (coarse[9] == 30).all() and np.isfinite(coarse).sum() == 20


def test_a_raster_in_degrees_is_drawn_in_metres(tmp_path: Path) -> None:
    longitude, latitude = degrees(299_000.0, 9_802_000.0)
    cells = np.full((90, 90), 0.012)
    raster = put(tmp_path, "f.tif", cells, crs="EPSG:4326", side=1 / 2400, west=longitude[0], north=latitude[0])
    made = surface(Ground(friction=raster), VILLAGES)
    assert made.grid.crs == VILLAGES.crs
    # 1/2400 degree at 1.8° S is some 46.2 m.
    assert made.cell[0] == pytest.approx(46.2, abs=0.3)
    row, column = (int(v) for v in made.spots(*degrees(300_000.0, 9_800_500.0))[0])
    minutes = access.travel_minutes(made.cost, made.cell, [(row, column)])
    end = [int(v) for v in made.spots(*degrees(302_000.0, 9_800_500.0))[0]]
    # Two kilometres at 5 km/h, to half a cell at either end.
    assert minutes[end[0], end[1]] == pytest.approx(24.0, abs=0.7)


@pytest.mark.parametrize("crs", ["ESRI:54009", "EPSG:3395", "EPSG:32748"])
def test_a_crs_that_stretches_or_shears_is_drawn_anew(tmp_path: Path, crs: str) -> None:
    # Mollweide shears by some degrees here; a UTM zone two to the east stretches; Mercator at 1.8° S hardly does.
    turn = Transformer.from_crs(UTM, crs, always_xy=True)
    x, y = turn.transform(301_000.0, 9_800_500.0)
    raster = put(tmp_path, "f.tif", np.full((160, 160), 0.012), crs=crs, side=50.0, west=x - 4000, north=y + 4000)
    made = surface(Ground(friction=raster), VILLAGES)
    assert (made.grid.crs == VILLAGES.crs) == (crs != "EPSG:3395")
    row, column = (int(v) for v in made.spots(*degrees(300_000.0, 9_800_500.0))[0])
    minutes = access.travel_minutes(made.cost, made.cell, [(row, column)])
    end = [int(v) for v in made.spots(*degrees(302_000.0, 9_800_500.0))[0]]
    assert minutes[end[0], end[1]] == pytest.approx(24.0, abs=1.0)  # half a cell at either end is 0.6


def test_too_many_cells_become_fewer_and_larger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(friction, "MOST_CELLS", 700)
    made = surface(Ground(friction=put(tmp_path, "f.tif", np.full((80, 80), 0.012))), VILLAGES)
    assert made.cell == (100.0, 100.0) and made.native == pytest.approx(50.0) and made.cost.size <= 700
    np.testing.assert_allclose(made.cost, 0.012, rtol=1e-6)


def test_strips_are_as_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = np.random.default_rng(3).uniform(0, 9, (80, 80))
    raster = put(tmp_path, "r.tif", cells)
    grid = Grid(raster.grid.crs, 299_010.0, 9_801_990.0, 70.0, 70.0, 50, 50)
    for how in ("nearest", "level", "sum", "max"):
        whole = drawn(raster, grid, how)
        monkeypatch.setattr(friction, "HELD", 900)
        np.testing.assert_allclose(drawn(raster, grid, how), whole, rtol=1e-9)
        monkeypatch.undo()


def test_village_sums_are_the_totals_of_their_cells_by_fraction() -> None:
    grid = Grid(VILLAGES.crs, 299_975.0, 9_801_025.0, 50.0, 50.0, 22, 42)  # the border cuts cells in half
    ones = np.ones((22, 42))
    found = sums({"ones": lambda part: ones[part], "row": lambda part: ones[part] * 2}, grid, VILLAGES)
    np.testing.assert_allclose(found["ones"], [400.0, 400.0, np.nan])  # 1 km² in cells of 50 m
    np.testing.assert_allclose(found["row"], [800.0, 800.0, np.nan])
    assert found.index.equals(VILLAGES.index)


def test_each_cell_lies_in_one_village_and_the_smaller_goes_before_its_mother() -> None:
    grid = Grid(VILLAGES.crs, 299_950.0, 9_801_050.0, 50.0, 50.0, 22, 43)
    daughter = gpd.GeoSeries([shapely.box(300_000, 9_800_500, 300_500, 9_801_000)], crs=UTM)
    found = lands(grid, pd.concat([daughter, VILLAGES], ignore_index=True))
    assert [int((found == k).sum()) for k in (0, 1, 2, 3)] == [100, 300, 400, 0]
    assert (found[0] == -1).all() and (found[:, 0] == -1).all() and found[1, 1] == 0
    assert (lands(grid, VILLAGES.iloc[2:]) == -1).all()


def test_without_any_ground_there_is_no_surface() -> None:
    with pytest.raises(ValueError, match="friction, land cover or elevation"):
        surface(Ground(), VILLAGES)
