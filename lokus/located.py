"""What lies on the map: the points and rasters of a study, read and brought to its villages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd

from lokus import access
from lokus.errors import DataError, Problem
from lokus.sources import rasterfaults
from lokus.sources.points import POINT_COLUMNS, Points, locate, read_points
from lokus.sources.rasters import Floats, Raster, onto, open_raster, sample
from lokus.sources.zonal import STATISTICS, Asked, measure
from lokus.study import Study
from lokus.study.files import PointFile, RasterFile

T = TypeVar("T")
# What the account takes of a raster that no indicator uses.
ACCOUNT = {"count": "sum", "level": "mean", "elevation": "mean", "class": "median"}
UNUSED = ("repeated", "candidates", "outside", "ignored")


@dataclass(frozen=True, slots=True)
class Surfaces:
    """The points and rasters that can be read, by id."""

    points: Mapping[str, Points]
    rasters: Mapping[str, Raster]

    @property
    def ids(self) -> set[str]:
        """The ids of both."""
        return {*self.points, *self.rasters}


@dataclass(slots=True)
class Located:
    """By id the columns of the indicators (index `village_code`), all points with their villages, an account of each
    raster in the shape of a table's, and what is doubtful."""

    values: dict[str, pd.DataFrame] = field(default_factory=dict)
    points: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(POINT_COLUMNS)))
    accounts: list[dict[str, Any]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def attempt(problems: list[Problem], read_one: Callable[[], T]) -> T | None:
    """What a reader returns; None, with its problems added to the list, where it refuses."""
    try:
        return read_one()
    except DataError as fault:
        problems += fault.problems
        return None


def read(study: Study, problems: list[Problem]) -> Surfaces:
    """Reads the points and the headers of the rasters; what is wrong is added to `problems`."""
    points = {p.id: attempt(problems, partial(_points, study, p)) for p in study.points}
    rasters = {r.id: attempt(problems, partial(_raster, study, r)) for r in study.raster}
    problems += [p for read_one in points.values() if read_one is not None for p in read_one.problems]
    return Surfaces(
        {key: found for key, found in points.items() if found is not None},
        {key: found for key, found in rasters.items() if found is not None},
    )


def bring(study: Study, surfaces: Surfaces, villages: pd.DataFrame, geometry: gpd.GeoSeries) -> Located:
    """What points and rasters say of each village.

    Parameters: `villages` index `village_code` with village, kecamatan and area_km2; `geometry` on the same index,
    EPSG:4326, None where there is no polygon. A village has no value (NaN) where it has no polygon, and of a raster
    where less than `least_covered` of its area has data.
    """
    located = Located()
    spots = []
    for layer, points in surfaces.points.items():
        found, counts, told = locate(points, villages, geometry)
        columns = {f"{m.id}.value": counts for m in study.measures if m.table == layer}
        located.values[layer] = pd.DataFrame(columns, villages.index)
        located.problems += told
        spots.append(found)
    if spots:
        located.points = pd.concat(spots, ignore_index=True)
    _rasters(study, surfaces.rasters, villages, geometry, located)
    _ways(study, surfaces, villages, geometry, located)
    return located


def _points(study: Study, spec: PointFile) -> Points:
    words = spec.model_dump(include={"sheet", "name", "latitude", "longitude", "kecamatan"})
    return read_points(study.path(spec.path), layer=spec.id, shown=spec.path, **words)


def _raster(study: Study, spec: RasterFile) -> Raster:
    asked = spec.model_dump(include={"band", "nodata", "valid", "crs"})
    return open_raster(study.path(spec.path), name=spec.path, **asked)


def _rasters(
    study: Study, rasters: Mapping[str, Raster], villages: pd.DataFrame, geometry: gpd.GeoSeries, located: Located
) -> None:
    """Looks at the cells of every raster, measures those that are sound, and judges what came out."""
    specs = {spec.id: spec for spec in study.raster}
    asked, blocks = {}, {}
    for key, raster in rasters.items():
        seen = attempt(located.problems, partial(_sampled, raster, geometry))
        told = [] if seen is None else list(rasterfaults.in_cells(raster, seen, specs[key].cells))
        located.problems += told
        if seen is not None and not any(p.fatal for p in told):
            asked[key], blocks[key] = _asked(study, specs[key], raster), seen
    found = attempt(located.problems, partial(measure, asked, geometry)) or {}
    for key, table in found.items():
        spec, raster = specs[key], rasters[key]
        told = list(rasterfaults.in_villages(raster, table, villages["village"], spec.least_covered))
        kept = table[list(asked[key].statistics)].where(table["covered"] >= spec.least_covered)
        if spec.cells == "count" and not any(p.fatal for p in told):
            times = rasterfaults.repeated(blocks[key])
            told += rasterfaults.in_sum(raster, float(table["sum"].sum()), spec.total, times)
        told += rasterfaults.in_unit(raster, kept, spec.unit)
        located.problems += told
        located.values[key] = _columns(study, key, kept)
        located.accounts.append(_account(spec, raster, table, kept))


def _ways(study: Study, surfaces: Surfaces, villages: pd.DataFrame, geometry: gpd.GeoSeries, located: Located) -> None:
    """Measures the ways to the points, where the points and the rasters that it takes are sound."""
    paths = {points.id: points.path for points in study.points}
    sound = {key: raster for key, raster in surfaces.rasters.items() if key in located.values}
    for spec in study.access:
        if not ({*spec.to} <= surfaces.points.keys() and {name for name, _ in spec.rasters.values()} <= sound.keys()):
            continue
        spots = located.points[located.points["layer"].isin(spec.to)]
        found = attempt(located.problems, partial(access.reached, spec, spots, sound, villages, geometry))
        if found is not None:
            located.problems += found.problems
            located.values[spec.id] = _columns(study, spec.id, found.values)
            account = dict.fromkeys(UNUSED, 0) | {"by": {}, "left_out": {}, "sums": []} | found.account
            located.accounts.append({**account, "path": ", ".join(paths[to] for to in spec.to)})


def _sampled(raster: Raster, geometry: gpd.GeoSeries) -> list[Floats]:
    west, south, east, north = onto(geometry.dropna(), raster.grid).total_bounds
    return sample(raster, (west, south, east, north)) if np.isfinite([west, south, east, north]).all() else []


def _asked(study: Study, spec: RasterFile, raster: Raster) -> Asked:
    used = [ACCOUNT[spec.cells], *(m.percent or m.value[0] for m in study.measures if m.table == spec.id and not m.of)]
    wanted = tuple(name for name in STATISTICS if name in used)
    limits = {key: limit for key in ("at_least", "at_most") if (limit := getattr(spec, key)) is not None}
    return Asked(raster, wanted, zero=spec.nodata_as_zero, among=spec.among, **limits)


def _columns(study: Study, key: str, kept: pd.DataFrame) -> pd.DataFrame:
    """The columns as indicators read them; a share as per cent, like any share without counts."""
    columns: dict[str, pd.Series] = {}
    for m in study.measures:
        if m.table == key and not m.of:
            columns |= {f"{m.id}.percent": kept[m.percent] * 100} if m.percent else {f"{m.id}.value": kept[m.value[0]]}
    return pd.DataFrame(columns, kept.index)


def _account(spec: RasterFile, raster: Raster, table: pd.DataFrame, kept: pd.DataFrame) -> dict[str, Any]:
    """What became of a raster, in the shape of a table's account: its rows are the villages with a polygon."""
    drawn, known = table["area"].notna(), kept.notna().any(axis=1)
    area, wide, high = table["area"].sum(), *(float(side.mean()) for side in raster.grid.metres())
    share = {part: float((table[part] * table["area"]).sum() / area) for part in ("inside", "known", "covered")}
    return {
        **spec.model_dump(include={"id", "path", "period", "source"}),
        "sheet": "",
        "rows": int(drawn.sum()),
        "matched": int(known.sum()),
        "unmatched": int((drawn & ~known).sum()),
        **dict.fromkeys(UNUSED, 0),
        "by": {},
        "left_out": {},
        "no_data_villages": int((~known).sum()),
        "sums": _sums(spec, table, kept) if spec.cells == "count" else [],
        "raster": {
            **spec.model_dump(include={"label_id", "label_en", "unit", "band"}),
            "holds": spec.cells,
            "crs": raster.grid.crs.name,
            "cell_m": [round(wide, 2), round(high, 2)],
            "cells": float(table["cells"].sum()),
            "inside": share["inside"],
            "covered": share["covered"],
            "nodata": 1 - share["known"] / share["inside"] if share["inside"] else None,
            "few_cells": int((known & (table["cells"] < rasterfaults.FEW_CELLS)).sum()),
        },
    }


def _sums(spec: RasterFile, table: pd.DataFrame, kept: pd.DataFrame) -> list[dict[str, Any]]:
    columns = [spec.label_id or spec.id]
    return [{"columns": columns, "sum": float(table["sum"].sum()), "joined": float(kept["sum"].sum())}]
