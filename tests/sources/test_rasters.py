"""Rasters as people have them: what is read of each, and every trap with its remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from grids import CELL, CELLS, NORTH, PLACE, SIDE, WEST, write_raster
from rasterio.enums import ColorInterp

from lokus import messages
from lokus.demo import write_study
from lokus.errors import DataError
from lokus.sources.rasterfaults import in_cells, in_sum, repeated
from lokus.sources.rasters import Window, files_of, open_raster, read_cells, sample

COLOURS = {"photometric": "RGB"}


def refused(path: Path, **asked: Any) -> list[str]:
    """The codes an unsound file is refused with; each has its words, and no word of GDAL's."""
    with pytest.raises(DataError) as fault:
        open_raster(path, name="data/r.tif", **asked)
    for lang in messages.LANGS:
        assert all(messages.problem(p, lang).startswith("data/r.tif: ") for p in fault.value.problems)
    return [p.code for p in fault.value.problems]


@pytest.mark.parametrize(
    ("code", "cells", "profile"),
    [
        ("raster_no_crs", CELLS, {"crs": None}),
        ("raster_rotated", CELLS, {"place": PLACE @ Affine.rotation(3)}),
        ("raster_rotated", CELLS, {"place": PLACE @ Affine.scale(-1, 1)}),
        ("raster_picture", np.zeros((4, SIDE, SIDE), "uint8"), COLOURS | {"alpha": "yes"}),
        ("raster_picture", np.zeros((3, SIDE, SIDE), "uint8"), COLOURS),
        ("raster_no_numbers", CELLS.astype("complex64"), {}),
    ],
)
def test_what_is_no_raster_of_numbers_in_its_place(
    tmp_path: Path, code: str, cells: Any, profile: dict[str, Any]
) -> None:
    assert refused(write_raster(tmp_path / "r.tif", cells, **profile)) == [code]


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_picture_without_a_place_is_told_all_its_faults(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "r.png", np.zeros((3, SIDE, SIDE), "uint8"), crs=None, place=Affine.identity(),
                        driver="PNG")  # fmt: skip
    assert refused(path) == ["raster_no_crs", "raster_no_place", "raster_picture"]


def test_files_that_are_none(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert refused(tmp_path / "none.tif") == refused(tmp_path) == ["raster_missing"]
    text = tmp_path / "text.tif"
    text.write_text("<VRTDataset rasterXSize='1' rasterYSize='1'></VRTDataset>")
    assert refused(text) == ["raster_unreadable"]
    sound = write_raster(tmp_path / "r.tif", CELLS)
    assert refused(sound, band=2) == ["raster_band"]
    assert refused(sound, crs="EPSG:1") == ["raster_crs_unknown"]
    assert capfd.readouterr() == ("", "")


def test_data_with_a_mask_beside_it_are_no_picture(tmp_path: Path) -> None:
    grey = np.stack([CELLS.astype("uint8"), np.where(CELLS > 50, 255, 0).astype("uint8")])
    path = write_raster(tmp_path / "r.tif", grey, alpha="yes")
    np.testing.assert_array_equal(read_cells(open_raster(path)), np.where(CELLS > 50, CELLS, np.nan))


def test_a_file_cut_off_is_told_when_its_cells_are_read(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    cells = np.random.default_rng(1).random((400, 400))
    path = write_raster(tmp_path / "r.tif", cells, compress="deflate", tiled=True, blockxsize=64, blockysize=64)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DataError) as fault:
        read_cells(open_raster(path))
    assert [p.code for p in fault.value.problems] == ["raster_broken"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("dtype", "nodata", "asked", "missing"),
    [
        ("float32", None, {}, []),
        ("float32", -9999.0, {}, [-9999.0]),
        ("float64", -9999.0, {"nodata": 7.0}, [7.0]),
        ("float32", -3.4028234663852886e38, {}, [-3.4028234663852886e38]),
        ("float32", None, {"nodata": -3.4028234663852886e38}, [-3.4028234663852886e38]),
        ("int16", -32768, {"valid": (0.0, 50.0)}, [-32768, 51, 77]),
        ("uint8", 255, {}, [255]),
        ("uint8", None, {"nodata": -1.0}, []),
    ],
)
def test_cells_without_data_are_nan(
    tmp_path: Path, dtype: str, nodata: float | None, asked: dict[str, Any], missing: list[float]
) -> None:
    cells = np.arange(50).reshape(5, 10).astype(dtype)
    cells.flat[: len(missing)] = missing
    found = read_cells(open_raster(write_raster(tmp_path / "r.tif", cells, nodata=nodata), **asked))
    assert found.dtype == np.float64
    gone = np.isin(cells, np.array(missing).astype(dtype))
    np.testing.assert_array_equal(found, np.where(gone, np.nan, cells.astype("float64")))


def test_scale_offset_and_infinity(tmp_path: Path) -> None:
    cells = np.array([[1.0, np.inf], [3.0, -np.inf]])
    path = write_raster(tmp_path / "r.tif", cells)
    with rasterio.open(path, "r+") as file:
        file.scales, file.offsets = (0.1,), (5.0,)
    np.testing.assert_allclose(read_cells(open_raster(path)), [[5.1, np.nan], [5.3, np.nan]])


def test_a_window_is_that_part_and_knows_its_place(tmp_path: Path) -> None:
    raster = open_raster(write_raster(tmp_path / "r.tif", CELLS))
    wanted = raster.grid.window((WEST + 2.5 * CELL, NORTH - 4.5 * CELL, WEST + 99, NORTH - 1.2 * CELL))
    assert wanted == Window(1, 2, 4, 8)
    np.testing.assert_array_equal(read_cells(raster, wanted), CELLS[1:5, 2:])
    part = raster.grid.part(wanted)
    assert (part.west, part.north) == pytest.approx((WEST + 2 * CELL, NORTH - CELL))
    assert raster.grid.window((0, 0, 1, 1)).cells == 0
    assert [b.tolist() for b in sample(raster, raster.grid.bounds)] == [CELLS.tolist()]


def test_metres_of_a_degree(tmp_path: Path) -> None:
    # A degree at the equator: 111,319.5 m of longitude, 110,574.3 m of latitude (WGS 84; NGA TR8350.2).
    place = Affine(1.0, 0, 100, 0, -1.0, 0.5)
    wide, high = open_raster(write_raster(tmp_path / "r.tif", np.ones((1, 2)), place=place)).grid.metres()
    assert (wide[0], high[0]) == pytest.approx((111_319.49, 110_574.28), abs=0.1)


def test_what_lies_beside_a_raster_is_read_with_it(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "r.asc", CELLS.astype("float32"), driver="AAIGrid")
    names = [part.name for part in files_of(path)]
    assert names[0] == "r.asc" and "r.prj" in names
    assert open_raster(path).grid.crs.is_geographic


def kinds(
    tmp_path: Path, cells: Any, kind: str, asked: dict[str, Any] | None = None, **profile: Any
) -> dict[str, bool]:
    raster = open_raster(write_raster(tmp_path / "r.tif", cells, **profile), **(asked or {}))
    told = list(in_cells(raster, [read_cells(raster)], kind))
    assert all(messages.problem(p, "id") != messages.problem(p, "en") for p in told)
    return {p.code: p.fatal for p in told}


HEIGHTS = np.random.default_rng(3).uniform(2, 900, (40, 40)).round()


@pytest.mark.parametrize("value", [-9999.0, -32768.0, 32767.0, -3.4028234663852886e38, 1e31])
def test_fillers_taken_as_heights(tmp_path: Path, value: float) -> None:
    cells = HEIGHTS.copy()
    cells[:3] = value
    assert kinds(tmp_path, cells, "elevation") == {"raster_filler": True}
    # Each of the ways out that the message names.
    assert kinds(tmp_path, cells, "elevation", {"nodata": value}) == {}
    assert kinds(tmp_path, cells, "elevation", {"valid": (0.0, 1000.0)}) == {}
    assert kinds(tmp_path, cells, "elevation", nodata=value) == {}


@pytest.mark.parametrize(("most", "told"), [(63, {"raster_filler": True}), (254, {})])
def test_255_is_a_filler_only_where_it_stands_apart(tmp_path: Path, most: int, told: dict[str, bool]) -> None:
    cells = np.tile(np.arange(most + 1, dtype="uint8"), 30).reshape(30, -1)
    cells[0] = 255
    assert kinds(tmp_path, cells, "level") == told


def test_counts_heights_and_classes_that_cannot_be(tmp_path: Path) -> None:
    assert kinds(tmp_path, HEIGHTS - 300, "count") == {"raster_negative": True}
    assert kinds(tmp_path, HEIGHTS - 300, "level") == {}
    assert kinds(tmp_path, HEIGHTS * 10, "elevation") == {"raster_heights": False}
    assert kinds(tmp_path, (HEIGHTS / 4).astype("uint8"), "elevation") == {"raster_grey": False}
    path = write_raster(tmp_path / "r.tif", (HEIGHTS / 100).astype("uint8"))
    with rasterio.open(path, "r+") as file:
        file.colorinterp = [ColorInterp.palette]
        file.write_colormap(1, {n: (n, n, n, 255) for n in range(10)})
    raster = open_raster(path)
    for kind, told in (("class", []), ("level", ["raster_palette"])):
        assert [p.code for p in in_cells(raster, [read_cells(raster)], kind)] == told


PEOPLE = np.random.default_rng(4).gamma(0.3, 4.0, (80, 80)).round(2)


@pytest.mark.parametrize("times", [1, 2, 3, 5])
def test_cells_written_several_times_are_found(times: int) -> None:
    finer = PEOPLE.repeat(times, axis=0).repeat(times, axis=1)
    assert repeated([finer]) == pytest.approx(times**2, rel=0.05)
    assert repeated([finer[1:, 2:]]) == pytest.approx(times**2, rel=0.05)


def test_what_is_not_made_finer_is_not_told_to_be() -> None:
    assert repeated([PEOPLE]) == 1
    assert repeated([np.where(PEOPLE > 3, PEOPLE, 0)]) == 1
    assert repeated([np.ones((80, 80))]) == 1  # one value everywhere says nothing
    # By a factor between whole numbers: 80 cells drawn as 120, as nearest neighbour does.
    at = (np.arange(120) * 80) // 120
    assert repeated([PEOPLE[np.ix_(at, at)]]) == pytest.approx(2.25, abs=0.3)


def test_a_sum_is_held_against_the_stated_total(tmp_path: Path) -> None:
    raster = open_raster(write_raster(tmp_path / "r.tif", PEOPLE))
    told = {
        total: [(p.code, p.fatal) for p in in_sum(raster, 4000.0, total, 4.0)] for total in (3900.0, 3000.0, 1000.0)
    }
    assert told == {3900.0: [], 3000.0: [("raster_total", False)], 1000.0: [("raster_total", True)]}
    assert [p.code for p in in_sum(raster, 4000.0, None, 4.0)] == ["raster_copies"]
    assert [p.code for p in in_sum(raster, 4000.0, None, 1.0)] == []
    metric = open_raster(
        write_raster(tmp_path / "m.tif", PEOPLE, crs="EPSG:32750", place=Affine(100, 0, 0, 0, -100, 0))
    )
    assert [p.code for p in in_sum(metric, 4000.0, None, 1.0)] == ["raster_count_drawn_anew"]


def test_the_files_of_a_raster_are_told_as_the_study_names_it(tmp_path, monkeypatch):
    write_study(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert files_of(Path("data/balita.tif")) == [Path("data/balita.tif")]
