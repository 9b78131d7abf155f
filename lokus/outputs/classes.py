"""Classes of a layer's values and their colours: bounded, of equal size, or of counts, with banded villages hatched.

Sequential colours are ColorBrewer's (Brewer 2003), safe for the colour-blind; on every layer darker is more of what its
legend says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from lokus.messages import number, percent, text
from lokus.outputs import banding

RAMPS = {
    "problem": ("#ffffd4", "#fed98e", "#fe9929", "#d95f0e", "#993404"),
    "service": ("#f1eef6", "#bdc9e1", "#74a9cf", "#2b8cbe", "#045a8d"),
    "priority": ("#edf8fb", "#b3cde3", "#8c96c6", "#8856a7", "#6e016b"),
    "doubt": ("#ffffcc", "#c2e699", "#78c679", "#31a354", "#006837"),
}
MISSING_COLOUR, BANDED_COLOUR, PLAIN_COLOUR, MET_COLOUR = "#c9c9c9", "#fffdf5", "#f2f2f2", "#fbfbfb"
CLASSES = 5
# Where one class of fixed bounds would hold more than this share of the villages, the map would show nothing.
MOST_IN_ONE = 0.6


@dataclass(frozen=True, slots=True)
class Tone:
    """A class as the legend shows it. `mark` stands in the village; `pattern`: "", or hatched: "missing", "banded"."""

    label: str
    colour: str
    count: int
    mark: str = ""
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Layer:
    """One way to colour the villages. `of`: the class of each village; `shown`: what is said of it, if not its class.

    `label` stands in the list of layers, the longer `title` over the legend.
    """

    id: str
    group: str
    label: str
    title: str
    rule: str
    tones: tuple[Tone, ...]
    of: tuple[int, ...]
    shown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sketch:
    """A layer before its villages are classed.

    `hidden`: villages with a banded figure. `ends`: the least and greatest value that their band allows; where both lie
    in one class the village is shown in it, for then its class tells no more than the band.
    """

    id: str
    group: str
    label: str
    shown: Sequence[str]
    lang: str
    ramp: str
    hidden: np.ndarray | None = None
    missing: str = "missing"
    title: str = ""
    ends: tuple[pd.Series, pd.Series] | None = None
    darker: str = "need"


def counted(sketch: Sketch, values: pd.Series) -> Layer | None:
    """Classes of people counted: none, the band of 1–4, and equally filled classes of the rest."""
    some = values[values > max(banding.FEW)]
    edges = sorted({math.ceil(e) for e in some.quantile([1 / 3, 2 / 3])} - {5}) if len(some) else []
    starts = [5, *edges]
    inner = [f"{number(a, sketch.lang)} – {number(b - 1, sketch.lang)}" for a, b in zip(starts, edges, strict=False)]
    names = ["0", "1 – 4", *inner, f"≥ {number(starts[-1], sketch.lang)}"]
    return classed(
        sketch,
        text("map.rule.counted", sketch.lang),
        names,
        values,
        lambda x: np.searchsorted([0, 1, *starts], x.fillna(-1), side="right") - 1,
    )


def bounded(
    sketch: Sketch, values: pd.Series, bounds: Sequence[float], rule: str, *, falling: bool = False
) -> Layer | None:
    """Classes between fixed bounds of a share; equally filled ones where a single class would hold nearly all."""
    seen = between(bounds, values)[values.notna()]
    if not len(bounds) or (not falling and len(seen) and np.bincount(seen).max() > MOST_IN_ONE * len(seen)):
        return graded(sketch, values, lambda x: percent(x, sketch.lang))
    names = _named([percent(b, sketch.lang, 0 if round(b * 100, 6).is_integer() else 1) for b in bounds])
    return classed(sketch, rule, names, values, lambda x: between(bounds, x), falling=falling)


def between(bounds: Sequence[float], values: pd.Series) -> np.ndarray:
    return np.where(values.isna(), -1, np.searchsorted(bounds, values, side="right"))


def graded(
    sketch: Sketch, values: pd.Series, said: Callable[[float], str], *, nought: str = "", falling: bool = False
) -> Layer | None:
    """Classes with about as many villages each (quantiles); `nought` names a class of its own for those at 0."""
    # The bounds are values of villages: a banded one may not be among them.
    open_to_all = values if sketch.hidden is None else values.mask(sketch.hidden)
    some = (open_to_all[open_to_all > 0] if nought else open_to_all).dropna()
    wanted = CLASSES - bool(nought)
    edges: list[float] = []
    for e in some.quantile(np.arange(1, wanted) / wanted) if len(some) else ():
        edge = round(float(e), 3 if abs(e) <= 1 else 1)
        if some.min() < edge and edge not in edges:
            edges.append(edge)
    names = _named([said(e) for e in edges]) if edges else [text("map.class.one", sketch.lang)]

    def where(x: pd.Series) -> np.ndarray:
        of = between(edges, x)
        return np.where(x == 0, 0, np.where(of >= 0, of + 1, -1)) if nought else of

    names = [nought, *names] if nought else names
    rule = text("map.rule.quantiles", sketch.lang)
    return classed(sketch, rule, names, values, where, falling=falling, met=bool(nought))


def _named(bounds: Sequence[str]) -> list[str]:
    """`["10 %", "20 %"]` → `["< 10 %", "10 – 20 %", "≥ 20 %"]`; a bound belongs to the class above it."""
    return [f"< {bounds[0]}", *(span(a, b) for a, b in pairwise(bounds)), f"≥ {bounds[-1]}"]


def span(low: str, high: str) -> str:
    """Two numbers as a range, with their unit once.

    >>> span("10 %", "20 %"), span("1,5", "2,5")
    ('10 – 20 %', '1,5 – 2,5')
    """
    bare, _, unit = low.rpartition(" ")
    return f"{bare if bare and high.endswith(f' {unit}') else low} – {high}"


def classed(
    sketch: Sketch, rule: str, names: Sequence[str], values: pd.Series, where: Callable[[pd.Series], np.ndarray],
    *, falling: bool = False, met: bool = False,
) -> Layer | None:  # fmt: skip
    """A layer in the shades of its ramp, with hatched classes for villages without data and those that are banded."""
    of = where(values)
    if not (of >= 0).any():
        return None
    shades = len(names) - met
    picked = np.linspace(met, CLASSES - 1, shades).round().astype(int) if shades > 1 else [CLASSES // 2]
    colours = [RAMPS[sketch.ramp][k] for k in picked]
    colours = [MET_COLOUR] * met + (colours[::-1] if falling else colours)
    extra: list[Tone] = []
    hidden = np.zeros(len(of), bool) if sketch.hidden is None else sketch.hidden & (of >= 0)
    if sketch.ends is not None:
        low, high = (where(side) for side in sketch.ends)
        hidden &= low != high
    for pattern, here, colour in (("banded", hidden, BANDED_COLOUR), (sketch.missing, of < 0, MISSING_COLOUR)):
        if here.any():
            of[here] = len(names) + len(extra)
            kind = "banded" if pattern == "banded" else "missing"
            extra.append(Tone(text(f"map.class.{pattern}", sketch.lang), colour, int(here.sum()), "", kind))
    tones = [Tone(n, c, int((of == k).sum())) for k, (n, c) in enumerate(zip(names, colours, strict=True))]
    title = sketch.title or sketch.label
    rule = f"{rule}. {text(f'map.darker.{sketch.darker}', sketch.lang)}"
    return Layer(
        sketch.id, sketch.group, sketch.label, title, rule, (*tones, *extra), tuple(of.tolist()), tuple(sketch.shown)
    )
