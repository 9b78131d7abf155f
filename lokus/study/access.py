"""The section of a study file on ways to a service, and what contradicts itself in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from lokus.study.parts import Filled, Fraction, Headers, Id, Part

if TYPE_CHECKING:
    from lokus.study.model import IndicatorUse, Study

Speed = Annotated[float, Field(ge=0, le=1000)]
Minutes = Annotated[int, Field(ge=1, le=10_000)]
DISTANCE, MEAN, BEYOND = "distance_km", "mean", "share_beyond_"
UNITS = {DISTANCE: "km", MEAN: "menit"}


class ClassSpeeds(Part):
    """A raster of classes, and the speed on each in km/h; 0 = nobody passes."""

    raster: Id
    speeds: Mapping[Filled, Speed] = Field(min_length=1)


class Access(Part):
    """[[access]]: how far each village is from the nearest point of `to`.

    Always `distance_km`, straight from the village's inner point. Over a raster of `friction` (minutes a metre), or
    over `landcover`, `rivers` and `roads` with their speeds and the slopes of `elevation`, also minutes: `mean`, and
    `share_beyond_30` of the people who live further than 30 of `minutes`; by the people of the raster `population`, or
    by land where there is none. A point, or people, where nobody passes: from the nearest land within `nearest_m`.
    A village has no minutes where less than `least_reached` of its people have a way.
    """

    id: Id
    to: Headers = Field(min_length=1)
    population: str = ""
    friction: str = ""
    elevation: str = ""
    landcover: ClassSpeeds | None = None
    rivers: ClassSpeeds | None = None
    roads: ClassSpeeds | None = None
    minutes: tuple[Minutes, ...] = Field(default=(30, 60), min_length=1, max_length=10)
    nearest_m: float = Field(default=1000.0, ge=0, le=100_000)
    least_reached: Fraction = 0.5
    period: str = ""
    source: str = ""

    @property
    def over_ground(self) -> bool:
        """Whether ways are measured in minutes."""
        return bool(self.friction or self.landcover or self.elevation)

    @property
    def shares(self) -> tuple[str, ...]:
        """What an indicator may take as percent."""
        return tuple(f"{BEYOND}{m}" for m in self.minutes) if self.over_ground else ()

    @property
    def values(self) -> tuple[str, ...]:
        """What an indicator may take as value."""
        return (DISTANCE, MEAN) if self.over_ground else (DISTANCE,)

    @property
    def rasters(self) -> dict[str, tuple[str, str]]:
        """The rasters it names, by key: id, and what a cell of it must hold."""
        named = {"population": (self.population, "count"), "friction": (self.friction, "level")}
        named["elevation"] = (self.elevation, "elevation")
        named |= {f"{key}.raster": (c.raster, "class") for key, c in self.classes.items()}
        return {key: told for key, told in named.items() if told[0]}

    @property
    def classes(self) -> dict[str, ClassSpeeds]:
        """The tables of speeds that are given."""
        given = {"landcover": self.landcover, "rivers": self.rivers, "roads": self.roads}
        return {key: part for key, part in given.items() if part is not None}


def access_faults(study: Study) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Points and rasters that are not there, grounds that exclude each other, classes that are no numbers."""
    layers, rasters = [p.id for p in study.points], {r.id: r for r in study.raster}
    for n, one in enumerate(study.access, 1):
        key = f"access[{n}]"
        for to in one.to:
            if to not in layers:
                yield "access_to_unknown", f"{key}.to", {"points": to, "known": layers}
        for part, (name, cells) in one.rasters.items():
            if name not in rasters:
                yield "access_raster_unknown", f"{key}.{part}", {"raster": name, "known": list(rasters)}
            elif rasters[name].cells != cells:
                yield "access_raster_cells", f"{key}.{part}", {"raster": name, "cells": cells}
        if one.friction and (one.classes or one.elevation):
            yield "access_two_grounds", f"{key}.friction", {}
        if not one.over_ground and (one.population or one.classes):
            yield "access_no_ground", key, {}
        for part, table in one.classes.items():
            wrong = [name for name in table.speeds if not _is_number(name)]
            if wrong:
                yield "access_class_name", f"{key}.{part}.speeds", {"classes": wrong}
            if not any(table.speeds.values()) and part == "landcover":
                yield "access_all_closed", f"{key}.{part}.speeds", {}


def access_use_faults(use: IndicatorUse, key: str, study: Study) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What an indicator may not take of an access."""
    access = next((one for one in study.access if one.id == use.table), None)
    if access is None:
        return
    wrong = bool(use.numerator or use.denominator) or len(use.value) > 1
    wrong |= bool(use.value) and use.value[0] not in access.values
    if wrong or (use.percent and use.percent not in access.shares):
        told = {"access": access.id, "values": list(access.values), "shares": list(access.shares) or ["–"]}
        yield "access_value", key, told


def _is_number(text: str) -> bool:
    try:
        return abs(float(text)) < 1e9
    except ValueError:
        return False
