"""A study's ways to its services: minutes over its rasters and kilometres from its points, village by village."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from lokus.errors import DataError, Problem, Where
from lokus.methods import access, spatial
from lokus.sources.friction import MOST_CELLS, Ground, Part, Speeds, Surface, drawn, sums, surface
from lokus.sources.polygons import to_metric
from lokus.sources.rasters import Floats, Raster
from lokus.sources.telling import few
from lokus.study.access import BEYOND, DISTANCE, MEAN, Access

MOST_TOLD = 20
# A village is told where less of its people than this have a way; a cell on the beach is no news.
NEARLY_ALL = 0.98
# Cells drawn anew spill a little of the neighbours' people over a village's border: with less than one there is nobody.
ANYBODY = 1.0
# Share of a friction raster's cells at 0 or less from which on it is told.
SOME = 0.001
# How many times larger than the raster's own the cells are, from which on that is told.
LARGER = 1.05


@dataclass(frozen=True, slots=True)
class Travel:
    """Minutes over the ground. `minutes`: by cell of the surface, NaN where no way leads; `people`: by cell, 0 = none;
    `used`: the points that were travelled to."""

    surface: Surface
    minutes: Floats
    people: Floats
    used: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Reached:
    """What an access found. `values`: by village, shares 0–1; `account`: JSON values that tell how."""

    values: pd.DataFrame
    account: dict[str, Any]
    problems: tuple[Problem, ...]


def reached(spec: Access, spots: pd.DataFrame, rasters: Mapping[str, Raster], villages: pd.DataFrame,
            geometry: gpd.GeoSeries) -> Reached:  # fmt: skip
    """How far each village is from the nearest point.

    :param spots: located points (`points.locate`) of the layers of `spec.to`. :param rasters: by id.
    :param villages: index `village_code`, with `village`. :param geometry: EPSG:4326 on the same index.
    :return: `distance_km`; over ground also `mean` (minutes), `share_beyond_…` (0–1); NaN where not known.
    :raises DataError: without points, none of which can be travelled to, or for what `friction.surface` refuses.
    """
    if spots.empty:
        raise DataError([Problem("access_no_points", True, _where(spec), {"points": list(spec.to)})])
    values = pd.DataFrame({DISTANCE: _straight(spots, geometry)}, index=villages.index)
    outside = int((spots["village_code"] == "").sum())
    told: dict[str, Any] = {"points": len(spots), "outside": outside}
    problems = []
    if outside:
        problems.append(Problem("access_over_the_border", False, _where(spec), {"count": outside}))
    if spec.over_ground:
        way, doubts = travel(spec, spots, rasters, geometry)
        found = in_villages(way, geometry, spec.minutes)
        problems += [*doubts, *_unreached(spec, found, villages, geometry)]
        lost = _empty(spec, found) | ~(found["share"] >= spec.least_reached)
        values = values.join(found.drop(columns=["people", "share"]).mask(lost))
        told |= {"used": len(way.used), "cell_m": round(way.surface.grid.width, 1)}
        told |= {"native_m": round(way.surface.native, 1), "cells": int(np.isfinite(way.surface.cost).sum())}
    return Reached(values, _account(spec, values, geometry, told), tuple(problems))


def _account(spec: Access, values: pd.DataFrame, geometry: gpd.GeoSeries, told: Mapping[str, Any]) -> dict[str, Any]:
    """What became of the villages with a polygon, in the shape of a table's account, and how ways were measured."""
    there, known = int(geometry.notna().sum()), int(values.notna().all(axis=1).sum())
    return {
        **spec.model_dump(include={"id", "period", "source"}),
        "sheet": "",
        "rows": there,
        "matched": known,
        "unmatched": there - known,
        "no_data_villages": len(values) - known,
        "access": dict(told),
    }


def travel(
    spec: Access, spots: pd.DataFrame, rasters: Mapping[str, Raster], geometry: gpd.GeoSeries
) -> tuple[Travel, list[Problem]]:
    """Minutes from every cell around the villages to the nearest point. Parameters and errors as `reached`."""
    ground = _ground(spec, rasters)
    made = surface(ground, to_metric(geometry[geometry.notna()]))
    problems = list(_of_surface(spec, ground, made))
    starts, used, told = _starts(spec, made, spots)
    problems += told
    if not starts:
        raise DataError([Problem("access_none_used", True, _where(spec), {"count": len(spots)}), *problems])
    minutes = access.travel_minutes(made.cost, made.cell, starts)
    passable = np.isfinite(made.cost)
    people = passable.astype("float64")
    if spec.population:
        people = np.nan_to_num(drawn(rasters[spec.population], made.grid, "sum")).clip(min=0)
        minutes = access.from_ashore(minutes, passable, people, made.cell, spec.nearest_m)
    return Travel(made, minutes, people, used), problems


def in_villages(way: Travel, geometry: gpd.GeoSeries, limits: tuple[int, ...]) -> pd.DataFrame:
    """Each village's people, the share of them who have a way, and of these the mean and the shares beyond.

    mean = Σ p t / Σ p,  share_beyond_m = Σ p [t > m] / Σ p,  over cells by the fraction in the village, t known

    :return: on the index of `geometry`: `people`, `share`, `mean` (minutes), `share_beyond_…`; shares 0–1.
    """
    minutes, people = way.minutes, way.people
    layers: dict[str, Callable[[Part], Floats]] = {
        "people": lambda part: people[part],
        "known": lambda part: people[part] * np.isfinite(minutes[part]),
        MEAN: lambda part: people[part] * np.nan_to_num(minutes[part]),
    }
    for m in limits:
        layers[f"{BEYOND}{m}"] = lambda part, m=m: people[part] * (minutes[part] > m)  # type: ignore[misc]
    added = sums(layers, way.surface.grid, geometry)
    had, held = added["people"], added["known"].where(added["known"] > 0)
    found = {"people": had, "share": (added["known"] / had.where(had > 0)).clip(0, 1), MEAN: added[MEAN] / held}
    return pd.DataFrame(found | {f"{BEYOND}{m}": added[f"{BEYOND}{m}"] / held for m in limits})


def _ground(spec: Access, rasters: Mapping[str, Raster]) -> Ground:
    def speeds(part: str) -> Speeds | None:
        given = spec.classes.get(part)
        if given is None:
            return None
        return Speeds(rasters[given.raster], {float(name): speed for name, speed in given.speeds.items()})

    return Ground(
        rasters[spec.friction] if spec.friction else None, rasters[spec.elevation] if spec.elevation else None,
        speeds("landcover"), speeds("rivers"), speeds("roads"),
    )  # fmt: skip


def _straight(spots: pd.DataFrame, geometry: gpd.GeoSeries) -> pd.Series:
    """Kilometres from each village's inner point."""
    drawn_ones = geometry[geometry.notna()]
    km = access.nearest_km(
        spatial.inner_points(drawn_ones.to_numpy()), spots[["longitude", "latitude"]].to_numpy(dtype="float64")
    )[0]
    return pd.Series(km, index=drawn_ones.index).reindex(geometry.index)


def _starts(
    spec: Access, made: Surface, spots: pd.DataFrame
) -> tuple[list[tuple[int, int]], pd.DataFrame, list[Problem]]:
    """The cells of the points that can be travelled to, these points, and those that were moved or left out."""
    passable = np.isfinite(made.cost)
    places = made.spots(spots["longitude"].to_numpy(float), spots["latitude"].to_numpy(float))
    found = [access.nearest_passable(passable, (r, c), made.cell, spec.nearest_m) for r, c in places.tolist()]
    used = np.array([at is not None for at in found])
    away = np.array([0.0 if at is None else at[2] for at in found])
    moved = spots.assign(metres=away)[away > 0]
    problems = [
        Problem("access_point_moved", False, _where(spec), {"name": p["name"], "metres": round(float(p["metres"]))})
        for _, p in moved.iloc[:MOST_TOLD].iterrows()
    ]
    if len(moved) > MOST_TOLD:
        told = {"count": len(moved) - MOST_TOLD, "metres": round(float(away.max()))}
        problems.append(Problem("access_points_moved", False, _where(spec), told))
    if (~used).any():
        left = spots.loc[~used, "name"].tolist()
        lost = {"count": len(left), "names": few(left), "metres": spec.nearest_m}
        problems.append(Problem("access_points_left_out", False, _where(spec), lost))
    return [at[:2] for at in found if at is not None], spots[used], problems


def _of_surface(spec: Access, ground: Ground, made: Surface) -> Iterator[Problem]:
    """What was done to the rasters: cells joined to larger ones, friction of nothing or less."""
    if made.grid.width > LARGER * made.native:
        told = {"cell": made.grid.width, "native": made.native, "most": MOST_CELLS}
        yield Problem("access_coarser", False, _where(spec), told)
    if made.refused > SOME:
        yield Problem("access_not_positive", False, ground.main.where, {"percent": 100 * made.refused})


def _unreached(spec: Access, found: pd.DataFrame, villages: pd.DataFrame, geometry: gpd.GeoSeries) -> Iterator[Problem]:
    """Villages without people, without a way, and those of which a part has none."""
    there = geometry.notna()
    empty = there & _empty(spec, found)
    cut = there & ~empty & (found["share"] < spec.least_reached)
    part = there & ~empty & ~cut & (found["share"] < NEARLY_ALL)
    for code, which in (("access_no_people", empty), ("access_no_way", cut), ("access_part_way", part)):
        if which.any():
            told: dict[str, Any] = {"count": int(which.sum()), "villages": few(villages.loc[which, "village"].tolist())}
            told["least"] = spec.least_reached
            yield Problem(code, False, _where(spec), told)


def _empty(spec: Access, found: pd.DataFrame) -> pd.Series:
    """Which villages have nobody; without a raster of people, no land at all."""
    return ~(found["people"] >= ANYBODY) if spec.population else ~(found["people"] > 0)


def _where(spec: Access) -> Where:
    return Where(file="lokus.toml", key=f"access.{spec.id}")
