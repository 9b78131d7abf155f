"""Ways of a study to its services: a coast of four villages, an island, and points where points may be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from coast import CELL, COLUMNS, LEFT, ROWS, put, written
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from pyproj import CRS, Geod

from lokus import intake, messages, pipeline
from lokus.access import Travel, in_villages
from lokus.errors import DataError, Problem
from lokus.sources import friction
from lokus.sources.friction import Surface
from lokus.sources.rasters import Grid
from lokus.study import make_study


def of_access(problems: tuple[Problem, ...]) -> dict[str, dict[str, Any]]:
    """What is told of ways, by code; each has its words in both languages."""
    found = {p.code: dict(p.params) for p in problems if p.code.startswith("access")}
    for p in problems:
        for lang in messages.LANGS:
            assert "{" not in messages.problem(p, lang)
    return found


def test_villages_get_their_minutes_and_kilometres_and_nothing_is_zero_for_want_of_a_way(tmp_path: Path) -> None:
    found = intake.read(written(tmp_path, [("Alang", 117.01, -5.99)]))
    villages = found.villages
    # 5 km/h: a village of 2.2 km square around its point, by eight neighbours up to 8.2 % more than straight.
    x, y = np.meshgrid(np.linspace(117.0001, 117.0199, 80), np.linspace(-5.9999, -5.9801, 80))
    straight = Geod(ellps="WGS84").inv(np.full(x.size, 117.01), np.full(x.size, -5.99), x.ravel(), y.ravel())[2]
    least = np.mean(straight) / 1000 * 12
    assert least < villages["value_menit"].iloc[0] < least * 1.082
    assert villages["value_menit"].iloc[:3].is_monotonic_increasing
    assert villages["value_jauh"].iloc[0] < 0.2 and villages["value_jauh"].iloc[1] > 0.8
    assert villages["value_jauh"].iloc[2] == 1.0
    assert villages["value_menit"].iloc[3:].isna().all() and villages["value_jauh"].iloc[3:].isna().all()
    # Straight distances need no people and no way: 0.02° of longitude at 5.99° S are 2.213 km.
    steps = np.diff(villages["value_km"])
    np.testing.assert_allclose(steps, [2.213, 2.213, 2.213, 7 * 2.213], rtol=2e-3)
    told = of_access(found.problems)
    assert told["access_no_people"]["villages"] == "Durian" and told["access_no_way"]["villages"] == "Enau"
    assert "access_over_the_border" not in told
    account = found.tables[-1]
    assert (account["id"], account["rows"], account["matched"]) == ("waktu", 5, 3)
    assert account["access"]["used"] == 1 and account["path"] == "pkm.csv"


def test_means_and_shares_are_those_of_exactextract_weighted_by_people() -> None:
    rng = np.random.default_rng(4)
    minutes, people = rng.uniform(0, 90, (30, 40)), rng.integers(0, 9, (30, 40)).astype(float)
    minutes[rng.random(minutes.shape) < 0.1] = np.nan
    grid = Grid(CRS.from_epsg(32750), 300_000.0, 9_803_000.0, 100.0, 100.0, 30, 40)
    spots = np.array([[300_150.0, 9_800_330.0], [302_040.0, 9_801_410.0], [303_333.0, 9_802_222.0]])
    round_ones = [shapely.Point(p).buffer(r) for p, r in zip(spots, (140, 800, 35), strict=True)]
    lands = gpd.GeoSeries([*round_ones, None], crs=32750)
    way = Travel(Surface(grid, np.ones((30, 40)), 100.0), minutes, people, pd.DataFrame())
    found = in_villages(way, lands, (30,))

    def raster(cells: np.ndarray) -> NumPyRasterSource:
        return NumPyRasterSource(cells, *grid.bounds, srs_wkt=grid.crs.to_wkt())

    known, frame = np.where(np.isnan(minutes), 0.0, people), gpd.GeoDataFrame(geometry=round_ones, crs=32750)
    for column, cells in (("mean", np.nan_to_num(minutes)), ("share_beyond_30", (minutes > 30).astype(float))):
        theirs = exact_extract(raster(cells), frame, ["weighted_mean"], weights=raster(known), output="pandas")
        np.testing.assert_allclose(found[column].iloc[:3], theirs["weighted_mean"], rtol=1e-9)
    assert found.iloc[3].isna().all() and (found["share"].iloc[:3] <= 1).all()


def test_a_service_on_the_island_or_a_crossing_brings_its_people_in(tmp_path: Path) -> None:
    found = intake.read(written(tmp_path, [("Alang", 117.01, -5.99), ("Enau", 117.21, -5.99)])).villages
    assert found["value_menit"].iloc[4] == pytest.approx(found["value_menit"].iloc[0], rel=0.02)
    boat = {"landcover": {"raster": "lahan", "speeds": {"10": 5, "80": 15}}}
    by_boat = intake.read(written(tmp_path, [("Alang", 117.01, -5.99)], **boat)).villages
    # 7.8 km on foot to the coast, 13.3 km by boat, and in the village on average half of it.
    assert by_boat["value_menit"].iloc[4] == pytest.approx(7.75 * 12 + 13.28 * 4 + 1.1 * 12, rel=0.05)


def test_points_at_sea_abroad_and_outside_are_told_by_name(tmp_path: Path) -> None:
    points = [("Dermaga", 117.083, -5.99), ("Tetangga", 116.99, -5.99), ("Laut", 117.13, -5.99), ("Jauh", 118.5, -6.5)]
    found = intake.read(written(tmp_path, points))
    told = of_access(found.problems)
    moved = told["access_point_moved"]
    assert moved["name"] == "Dermaga" and moved["metres"] == pytest.approx(332, abs=60)
    assert told["access_points_left_out"]["names"] == "Laut, Jauh" and told["access_points_left_out"]["count"] == 2
    assert told["access_over_the_border"]["count"] == 4
    # The neighbour's puskesmas is the nearest of the first village.
    assert found.villages["value_km"].iloc[0] == pytest.approx(2.213, rel=2e-3)
    assert found.villages["value_menit"].iloc[0] == pytest.approx(2.213 * 12, rel=0.15)


def test_people_over_water_count_from_the_shore(tmp_path: Path) -> None:
    points = [("Alang", 117.01, -5.99)]
    study = written(tmp_path, points)
    longitude = LEFT + (np.arange(COLUMNS) + 0.5) * CELL
    # A strip of sea takes three quarters of the second village; people live in it.
    land = np.where((longitude < 117.025) | (longitude > 117.20), 10.0, 80.0)
    put(tmp_path, "lahan.tif", np.tile(land, (ROWS, 1)))
    near = intake.read(study)
    assert of_access(near.problems)["access_part_way"]["villages"] == "Bakau"
    raw = study.resolved()
    raw["access"][0]["nearest_m"] = 7000.0
    alone = intake.read(make_study(raw, tmp_path))
    assert "access_part_way" not in of_access(alone.problems)
    assert alone.villages["value_menit"].iloc[1] >= near.villages["value_menit"].iloc[1]


@pytest.mark.parametrize(
    ("points", "code"),
    [([("Mana", 10.0, 10.0)], "access_no_points"), ([("Laut", 117.14, -5.99)], "access_none_used")],
)
def test_no_service_at_all_is_refused(tmp_path: Path, points: list[tuple[str, float, float]], code: str) -> None:
    with pytest.raises(DataError) as caught:
        intake.read(written(tmp_path, points))
    assert code in of_access(caught.value.problems)


def test_from_points_alone_there_is_the_straight_distance_and_the_run_is_made(tmp_path: Path) -> None:
    raw = written(tmp_path, [("Alang", 117.01, -5.99)]).resolved()
    raw["access"] = [{"id": "waktu", "to": "pkm"}]
    raw["indicator"] = [i for i in raw["indicator"] if i["id"] in ("stunting", "km")]
    run = pipeline.run(make_study(raw, tmp_path))
    assert run.villages["value_km"].notna().all() and run.villages["rank"].notna().all()
    assert {t["id"] for t in run.facts["tables"]} >= {"waktu"}


def test_cells_that_were_made_larger_and_friction_of_nothing_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = written(tmp_path, [("Alang", 117.01, -5.99)]).resolved()
    pace = np.full((ROWS, COLUMNS), 0.012)
    pace[:, -40:] = 0.0
    put(tmp_path, "gesekan.tif", pace)
    raw["raster"].append({"id": "gesekan", "path": "gesekan.tif", "cells": "level"})
    raw["access"][0] |= {"friction": "gesekan", "landcover": None}
    whole = intake.read(make_study(raw, tmp_path))
    assert of_access(whole.problems)["access_not_positive"]["percent"] > 1
    monkeypatch.setattr(friction, "MOST_CELLS", 20_000)
    coarse = intake.read(make_study(raw, tmp_path))
    told = of_access(coarse.problems)["access_coarser"]
    assert told["cell"] > told["native"] == pytest.approx(55.2, abs=0.5)
    # Larger cells, the same ways to within a cell.
    away = (coarse.villages["value_menit"] - whole.villages["value_menit"]).abs()
    assert away.max() < told["cell"] * 0.012 * 2


def test_the_same_files_give_the_same_minutes(tmp_path: Path) -> None:
    study = written(tmp_path, [("Alang", 117.01, -5.99), ("Tetangga", 116.99, -5.99)])
    first, second = intake.read(study).villages, intake.read(study).villages
    pd.testing.assert_frame_equal(first, second)
