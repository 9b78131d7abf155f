"""What contradicts itself in the rasters of a study, and in the indicators that are made of them."""

from __future__ import annotations

from collections.abc import Iterator

from lokus.catalog import indicators
from lokus.study.judging import Fault
from lokus.study.model import IndicatorUse, Study

# What an indicator may take of a raster, by what its cells hold.
TAKEN = {
    "count": ("sum",),
    "level": ("mean", "min", "max", "median", "stdev"),
    "elevation": ("mean", "min", "max", "median", "stdev", "slope"),
    "class": (),
}
SHARE = "share"


def raster_faults(study: Study) -> Iterator[Fault]:
    """Bounds that cross, and what does not go with the kind of cells."""
    for n, raster in enumerate(study.raster, 1):
        for key, pair in (("valid", raster.valid), ("at_least", (raster.at_least, raster.at_most))):
            low, high = pair or (None, None)
            if low is not None and high is not None and low > high:
                yield "bounds_crossed", f"raster[{n}].{key}", {"low": low, "high": high}
        for name, given in (("total", raster.total is not None), ("nodata_as_zero", raster.nodata_as_zero)):
            if given and raster.cells != "count":
                yield "raster_key_of_counts", f"raster[{n}].{name}", {"name": name, "cells": raster.cells}


def raster_use_faults(use: IndicatorUse, key: str, study: Study) -> Iterator[Fault]:
    """An indicator that takes of a raster what it does not have."""
    raster = {r.id: r for r in study.raster}.get(use.table)
    if raster is None:
        return
    known = indicators().get(use.id)
    kind = use.kind or (known.kind if known else "share")
    if kind != "share":
        taken = TAKEN[raster.cells]
        if len(use.value) != 1 or use.value[0] not in taken:
            told = {
                "raster": raster.id,
                "cells": raster.cells,
                "taken": [f'value = "{name}"' for name in taken] or ["–"],
            }
            yield "raster_value", f"{key}.value", told
        return
    limits = raster.at_least is not None or raster.at_most is not None or raster.among
    if use.percent != SHARE or use.numerator or use.denominator:
        yield "raster_share", f"{key}.percent", {"raster": raster.id}
    elif not limits or raster.cells == "count":
        yield "raster_share_of_what", f"{key}.percent", {"raster": raster.id}
