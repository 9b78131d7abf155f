"""Where the classes of a layer begin and what they are called: one home for the map, the papers and QGIS styles."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from lokus.catalog.palettes import MET_COLOUR, RAMPS
from lokus.messages import number

CLASSES = 5
# Where one class of fixed bounds would hold more than this share of the villages, the map would show nothing.
MOST_IN_ONE = 0.6
# The fewest people that are written exactly in public; one to four are a class of their own.
LEAST_WRITTEN = 5


def quantile_breaks(values: pd.Series, classes: int = CLASSES) -> list[float]:
    """The inner bounds of classes with about as many values each; a bound belongs to the class above it.

    Rounded to 3 decimals up to 1 and to 1 above, so that a legend can write them; bounds that would repeat or leave the
    first class empty are dropped, so that there may be fewer.

    :param values: any numbers; missing ones do not count.
    :return: ascending; empty where all values are alike or there are none.

    >>> quantile_breaks(pd.Series([0.1, 0.2, 0.3, 0.4]), 2), quantile_breaks(pd.Series([7.0, 7.0]))
    ([0.25], [])
    """
    some, bounds = values.dropna(), list[float]()
    for q in some.quantile(np.arange(1, classes) / classes) if len(some) else ():
        bound = round(float(q), 3 if abs(q) <= 1 else 1)
        if some.min() < bound and bound not in bounds:
            bounds.append(bound)
    return bounds


def count_breaks(values: pd.Series) -> list[int]:
    """Where classes of people counted begin above the band of 1–4: at 5, and at the terciles of what is above 4.

    >>> count_breaks(pd.Series([0, 3, 6, 9, 12])), count_breaks(pd.Series([1.0]))
    ([5, 8, 10], [5])
    """
    some = values[values >= LEAST_WRITTEN]
    terciles = {math.ceil(q) for q in some.quantile([1 / 3, 2 / 3])} if len(some) else set[int]()
    return [LEAST_WRITTEN, *sorted(terciles - {LEAST_WRITTEN})]


def between(bounds: Sequence[float], values: pd.Series) -> np.ndarray:
    """The class of each value, 0 for those under the first bound; −1 where it is missing."""
    return np.where(values.isna(), -1, np.searchsorted(bounds, values, side="right"))


def crowded(bounds: Sequence[float], values: pd.Series) -> bool:
    """Whether one class of fixed bounds would hold nearly all values."""
    seen = between(bounds, values)[values.notna()]
    return bool(len(seen)) and bool(np.bincount(seen).max() > MOST_IN_ONE * len(seen))


def warmth(villages: pd.DataFrame, level: float) -> pd.Series:
    """Whether each village is high or low together with its neighbours, by Gi* at a false discovery rate of `level`.

    :return: str, "gi_hot", "gi_cold", "gi_none", or "unknown" where Gi* is missing.

    >>> v = pd.DataFrame({"gi_star": [4.0, -4.0, 4.0, None], "moran_q": [0.01, 0.01, 0.2, None]})
    >>> warmth(v, 0.05).tolist()
    ['gi_hot', 'gi_cold', 'gi_none', 'unknown']
    """
    gi, sure = villages["gi_star"], villages["moran_q"] <= level
    kinds = np.select([gi.isna(), sure & (gi > 0), sure & (gi < 0)], ["unknown", "gi_hot", "gi_cold"], "gi_none")
    return pd.Series(kinds, index=villages.index, dtype="str")


def class_names(bounds: Sequence[float], said: Callable[[float], str]) -> list[str]:
    """The names of the classes between bounds, each bound said by `said`.

    >>> class_names([10, 20], lambda x: f"{x} %")
    ['< 10 %', '10 – 20 %', '≥ 20 %']
    """
    told = [said(b) for b in bounds]
    return [f"< {told[0]}", *(span(a, b) for a, b in pairwise(told)), f"≥ {told[-1]}"]


def count_names(starts: Sequence[int], lang: str) -> list[str]:
    """The names of the classes of people counted: none, the band of 1–4, and those that begin at `starts`.

    >>> count_names([5, 8, 10], "id")
    ['0', '1 – 4', '5 – 7', '8 – 9', '≥ 10']
    """
    inner = [f"{number(a, lang)} – {number(b - 1, lang)}" for a, b in pairwise(starts)]
    return ["0", "1 – 4", *inner, f"≥ {number(starts[-1], lang)}"]


def shades(ramp: str, classes: int, *, met: bool = False, falling: bool = False) -> list[str]:
    """The colours of so many classes, spread over a ramp of `palettes.RAMPS`; the first is apart where `met`.

    >>> shades("problem", 2), shades("problem", 2, met=True)
    (['#ffffd4', '#993404'], ['#fbfbfb', '#fe9929'])
    """
    ordered = classes - met
    picked = np.linspace(met, CLASSES - 1, ordered).round().astype(int) if ordered > 1 else [CLASSES // 2]
    colours = [RAMPS[ramp][k] for k in picked]
    return [MET_COLOUR] * met + (colours[::-1] if falling else colours)


def span(low: str, high: str) -> str:
    """Two numbers as a range, with their unit once.

    >>> span("10 %", "20 %"), span("1,5", "2,5")
    ('10 – 20 %', '1,5 – 2,5')
    """
    bare, _, unit = low.rpartition(" ")
    return f"{bare if bare and high.endswith(f' {unit}') else low} – {high}"
