"""Classes of a layer's values: bounded, of equal size, or of counts, with banded villages hatched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lokus.catalog.palettes import BANDED_COLOUR, MISSING_COLOUR
from lokus.classing import CLASSES, between, class_names, count_breaks, count_names, crowded, quantile_breaks, shades
from lokus.messages import percent, text


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
    starts = count_breaks(values)
    return classed(
        sketch,
        text("map.rule.counted", sketch.lang),
        count_names(starts, sketch.lang),
        values,
        lambda x: between([1, *starts], x),
    )


def bounded(
    sketch: Sketch, values: pd.Series, bounds: Sequence[float], rule: str, *, falling: bool = False, held: bool = False
) -> Layer | None:
    """Classes between fixed bounds of a share; equally filled ones where a single class would hold nearly all.

    `held` keeps the bounds even so: for a layer that is read beside another.
    """
    if not len(bounds) or (not falling and not held and crowded(bounds, values)):
        return graded(sketch, values, lambda x: percent(x, sketch.lang))
    names = class_names(bounds, lambda b: percent(b, sketch.lang, 0 if round(b * 100, 6).is_integer() else 1))
    return classed(sketch, rule, names, values, lambda x: between(bounds, x), falling=falling)


def graded(
    sketch: Sketch, values: pd.Series, said: Callable[[float], str], *, nought: str = "", falling: bool = False
) -> Layer | None:
    """Classes with about as many villages each (quantiles); `nought` names a class of its own for those at 0."""
    # The bounds are values of villages: a banded one may not be among them.
    open_to_all = values if sketch.hidden is None else values.mask(sketch.hidden)
    edges = quantile_breaks(open_to_all[open_to_all > 0] if nought else open_to_all, CLASSES - bool(nought))
    names = class_names(edges, said) if edges else [text("map.class.one", sketch.lang)]

    def where(x: pd.Series) -> np.ndarray:
        of = between(edges, x)
        return np.where(x == 0, 0, np.where(of >= 0, of + 1, -1)) if nought else of

    names = [nought, *names] if nought else names
    rule = text("map.rule.quantiles", sketch.lang)
    return classed(sketch, rule, names, values, where, falling=falling, met=bool(nought))


def classed(
    sketch: Sketch, rule: str, names: Sequence[str], values: pd.Series, where: Callable[[pd.Series], np.ndarray],
    *, falling: bool = False, met: bool = False,
) -> Layer | None:  # fmt: skip
    """A layer in the shades of its ramp, with hatched classes for villages without data and those that are banded."""
    of = where(values)
    if not (of >= 0).any():
        return None
    colours = shades(sketch.ramp, len(names), met=met, falling=falling)
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
