"""Rasters in a study: from the file to the indicator, with what they leave out told, and refused with a remedy."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from grids import write_raster

import lokus
from lokus import intake, messages
from lokus.demo import write_study
from lokus.errors import DataError, StudyError
from lokus.study import Study, make_study

USE: dict[str, Any] = {"better": "lower", "score": False}
CHILDREN = {"id": "balita", "path": "data/balita.tif", "cells": "count", "unit": "balita", "source": "Rekaan"}
HEIGHTS = {"id": "tinggi", "path": "data/ketinggian.tif", "cells": "elevation", "unit": "m", "at_least": 300}
COVER = {"id": "lahan", "path": "data/tutupan_lahan.tif", "cells": "class", "among": [4]}
SUM = {"id": "balita_raster", "label_id": "Balita", "kind": "count", "table": "balita", "value": "sum", **USE}
SLOPE = {"id": "lereng", "label_id": "Lereng", "kind": "value", "table": "tinggi", "value": "slope", **USE}
HIGH = {
    "id": "dataran_tinggi",
    "label_id": "Di atas 300 m",
    "kind": "share",
    "table": "tinggi",
    "percent": "share",
    **USE,
}
FOREST = {"id": "hutan", "label_id": "Hutan", "kind": "share", "table": "lahan", "percent": "share", **USE}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_study(tmp_path_factory.mktemp("demo") / "study")


def study(folder: Path, rasters: list[dict[str, Any]], uses: list[dict[str, Any]]) -> Study:
    raw = without_ways(folder)
    return make_study({**raw, "raster": rasters, "indicator": [*raw["indicator"], *uses]}, folder)


def without_ways(folder: Path) -> dict[str, Any]:
    """The demo's study without what is made of its own rasters."""
    raw = tomllib.loads((folder / "lokus.toml").read_text("utf-8"))
    ways = {a["id"] for a in raw.pop("access")}
    return {**raw, "indicator": [i for i in raw["indicator"] if i.get("table") not in ways]}


def told(found: intake.Intake) -> set[str]:
    return {p.code for p in found.problems if p.code.startswith("raster_")}


def test_the_demo_with_all_its_rasters(folder: Path) -> None:
    asked = study(folder, [CHILDREN, HEIGHTS, COVER], [SUM, SLOPE, HIGH, FOREST])
    found = intake.read(asked)
    villages = found.villages
    drawn = found.geometry.notna()
    for name in ("balita_raster", "lereng", "dataran_tinggi", "hutan"):
        assert (villages[f"value_{name}"].notna() == drawn).all(), name
    assert told(found) == {"raster_few_cells"}
    # The raster of children was made of the target group of the tables; cells on a border are shared out.
    both = villages[["value_balita_raster", "denominator_measured"]].dropna()
    assert both.corr().iloc[0, 1] > 0.95
    assert both.sum().iloc[0] == pytest.approx(both.sum().iloc[1], rel=0.02)
    accounts = {t["id"]: t for t in found.tables if "raster" in t}
    assert list(accounts) == ["balita", "tinggi", "lahan"]
    assert accounts["balita"]["matched"] == accounts["balita"]["rows"] == int(drawn.sum())
    assert accounts["balita"]["sums"][0]["joined"] == pytest.approx(villages["value_balita_raster"].sum())
    assert {"data/balita.tif", "data/ketinggian.tif", "data/tutupan_lahan.tif"} <= {i["path"] for i in found.inputs}


def test_a_run_keeps_the_account_and_tells_unit_and_source(folder: Path) -> None:
    run = lokus.run(study(folder, [CHILDREN, HEIGHTS], [SUM, SLOPE]))
    assert [t["raster"]["cell_m"] for t in run.facts["tables"] if t["id"] == "balita"] == [[276.66, 276.47]]
    told = {e["id"]: (e["unit"], e["source"]) for e in run.facts["indicators"]}
    assert told["balita_raster"] == ("balita", "Rekaan")
    assert told["lereng"] == ("°", "")  # and not the metres of the heights


@pytest.mark.parametrize(
    ("asked", "codes", "missing"),
    [
        ({"least_covered": 0.9}, {"raster_part", "raster_bare", "raster_few_cells"}, True),
        ({"nodata_as_zero": True, "total": 20_000}, {"raster_part", "raster_bare", "raster_few_cells"}, True),
    ],
)
def test_half_a_raster_is_no_zero(
    folder: Path, tmp_path: Path, asked: dict[str, Any], codes: set[str], missing: bool
) -> None:
    with rasterio.open(folder / "data" / "balita.tif") as file:
        cells, place, nodata = file.read(1), file.transform, file.nodata
    write_raster(folder / "data" / "barat.tif", cells[:, :115], place=place, nodata=nodata)
    found = intake.read(study(folder, [{**CHILDREN, "path": "data/barat.tif", **asked}], [SUM]))
    assert codes <= told(found)
    values = found.villages["value_balita_raster"]
    east = found.geometry.bounds["minx"] > place.c + 116 * place.a
    assert east.sum() > 50
    assert values[east].isna().all()
    account = next(t for t in found.tables if t["id"] == "balita")
    assert account["unmatched"] == int((values.isna() & found.geometry.notna()).sum()) > 50
    assert 0.3 < account["raster"]["inside"] < 0.7


def faults(folder: Path, cells: Any, asked: dict[str, Any], **profile: Any) -> list[str]:
    write_raster(folder / "data" / "r.tif", cells, **profile)
    with pytest.raises(DataError) as fault:
        intake.read(study(folder, [{**CHILDREN, "path": "data/r.tif", **asked}], [SUM]))
    fatal = [p for p in fault.value.problems if p.fatal]
    assert all(messages.problem(p, "id").startswith("data/r.tif: ") for p in fatal)
    return [p.code for p in fatal]


def test_what_cannot_be_counted_is_refused(folder: Path) -> None:
    over = Affine(0.01, 0, 117.0, 0, -0.01, -5.8)
    people = np.random.default_rng(2).gamma(0.5, 3.0, (80, 90))
    assert faults(folder, people, {}) == ["raster_elsewhere"]
    assert faults(folder, people, {}, crs=None, place=over) == ["raster_no_crs"]
    assert faults(folder, people - 2, {}, place=over) == ["raster_negative"]
    assert faults(folder, people * 0 - 1, {}, place=over, nodata=-1) == ["raster_no_data"]
    assert faults(folder, people, {"total": 10.0}, place=over) == ["raster_total"]
    assert faults(folder, people, {"band": 3}, place=over) == ["raster_band"]
    # All that is wrong is told at once, of other files too.
    (folder / "data" / "r2.tif").write_bytes(b"II*\0")
    with pytest.raises(DataError) as fault:
        second = {**HEIGHTS, "path": "data/r2.tif"}
        intake.read(study(folder, [{**CHILDREN, "path": "data/none.tif"}, second], [SUM, SLOPE]))
    assert {"raster_missing", "raster_unreadable"} <= {p.code for p in fault.value.problems}


@pytest.mark.parametrize(
    ("raster", "use", "fault"),
    [
        (CHILDREN, {**SUM, "value": "mean"}, ("raster_value", "indicator[-1].value")),
        (COVER, {**SUM, "table": "lahan"}, ("raster_value", "indicator[-1].value")),
        (HEIGHTS, {**HIGH, "percent": "slope"}, ("raster_share", "indicator[-1].percent")),
        ({**COVER, "among": []}, FOREST, ("raster_share_of_what", "indicator[-1].percent")),
        ({**HEIGHTS, "total": 3}, SLOPE, ("raster_key_of_counts", "raster[1].total")),
        ({**CHILDREN, "valid": [5, 1]}, SUM, ("bounds_crossed", "raster[1].valid")),
        ({**CHILDREN, "id": "krs"}, {**SUM, "table": "krs"}, ("id_twice", "raster")),
        ({**CHILDREN, "path": "../balita.tif"}, SUM, ("path_outside", "raster[1].path")),
        ({**CHILDREN, "cells": "people"}, SUM, ("key_choice", "raster[1].cells")),
        (CHILDREN, {**SUM, "table": "balit"}, ("table_unknown", "indicator[-1].table")),
    ],
)
def test_faults_of_the_study_file(
    folder: Path, raster: dict[str, Any], use: dict[str, Any], fault: tuple[str, str]
) -> None:
    with pytest.raises(StudyError) as refused:
        study(folder, [raster], [use])
    last = len(without_ways(folder)["indicator"]) + 1
    code, key = fault
    assert (code, key.replace("-1", str(last))) in {(p.code, p.where.key) for p in refused.value.problems}
    assert all(messages.problem(p, lang) for p in refused.value.problems for lang in messages.LANGS)
