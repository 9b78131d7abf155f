"""The layers of the map: which class every village belongs to, in which colour, by which rule.

Sequential colours are ColorBrewer's (Brewer 2003), safe for the colour-blind; on every layer darker is the
greater need. Classes that stand in no order carry a mark as well, so that they can be told apart in grey.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lokus.messages import number, percent, text
from lokus.outputs.words import (
    FEW,
    Indicator,
    cluster_profile,
    group_profile,
    in_sentence,
    is_banded,
    label,
    probability,
    rate_text,
    short,
    value_text,
)

if TYPE_CHECKING:
    from lokus.pipeline import Run

GROUPS = ("problem", "service", "priority", "pattern")
RAMPS = {
    "problem": ("#ffffd4", "#fed98e", "#fe9929", "#d95f0e", "#993404"),
    "service": ("#f1eef6", "#bdc9e1", "#74a9cf", "#2b8cbe", "#045a8d"),
    "priority": ("#edf8fb", "#b3cde3", "#8c96c6", "#8856a7", "#6e016b"),
}
# Okabe & Ito (2008), ordered so that neighbours in the list differ in lightness too.
UNORDERED = ("#0072b2", "#f0e442", "#d55e00", "#56b4e9", "#009e73", "#cc79a7", "#e69f00", "#999999")
MISSING_COLOUR, BANDED_COLOUR, PLAIN_COLOUR, MET_COLOUR = "#c9c9c9", "#fffdf5", "#f2f2f2", "#fbfbfb"
CLASSES = 5
# Prevalence of public-health significance: de Onis et al. 2019, Public Health Nutrition 22(1), table 3.
WHO = {"stunting": (0.025, 0.10, 0.20, 0.30), "wasting": (0.025, 0.05, 0.10, 0.15)}
MEASURED = (0.5, 0.7, 0.8, 0.9)
P_TOP = (0.1, 0.4, 0.6, 0.9)
# Where one class of fixed bounds would hold more than this share of the villages, the map would show nothing.
MOST_IN_ONE = 0.6
HOTSPOTS = {
    "high-high": ("#b2182b", "▲"), "high-low": ("#ef8a62", "△"), "low-high": ("#92c5de", "▽"),
    "low-low": ("#2166ac", "▼"), "none": ("#f7f7f7", ""), "unknown": (MISSING_COLOUR, ""),
}  # fmt: skip
CHOSEN = {
    "chosen": ("#08519c", ""),
    "kept": ("#6baed6", ""),
    "not": (PLAIN_COLOUR, ""),
    "unranked": (MISSING_COLOUR, ""),
}
LAST_YEAR = {
    "stays": ("#08519c", "="),
    "enters": ("#41ab5d", "+"),
    "leaves": ("#fdae6b", "–"),
    "never": (PLAIN_COLOUR, ""),
}


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
    """A layer before its villages are classed. `hidden`: villages whose class would give a count of 1–4 away."""

    id: str
    group: str
    label: str
    shown: Sequence[str]
    lang: str
    ramp: str
    hidden: np.ndarray | None = None
    missing: str = "missing"
    title: str = ""


def layers(run: Run, lang: str, *, public: bool = True) -> tuple[Layer, ...]:
    """All layers that have data, grouped as a meeting asks: problem, services, priority, pattern.

    `public` bands counts of 1–4 people and hides the raw rates that would give them away.
    """
    made = [*_indicators(run, lang, public), *_priority(run, lang), *_pattern(run, lang)]
    return tuple(sorted((layer for layer in made if layer), key=lambda layer: GROUPS.index(layer.group)))


def _indicators(run: Run, lang: str, public: bool) -> Iterator[Layer | None]:
    rows = list(run.villages.to_dict("index").values())
    # How many were measured tells how far to believe the rest: it stands last among the problems.
    for entry in sorted(run.facts["indicators"], key=lambda e: e["dimension"] == "quality"):
        name, values = entry["id"], run.villages[f"value_{entry['id']}"]
        shown = [rate_text(run, row, entry, lang, public=public) for row in rows]
        hidden = np.array([public and is_banded(run, row, entry) for row in rows])
        group = "service" if entry["dimension"] == "services" else "problem"
        sketch = Sketch(name, group, short(entry, lang), shown, lang, group, hidden, title=label(entry, lang))
        if entry["dimension"] == "quality" and entry["kind"] == "share":
            yield bounded(sketch, values, MEASURED, text("map.rule.measured", lang), falling=True)
        elif entry["kind"] == "count":
            yield counted(sketch, values)
        elif entry["dimension"] == "burden" and entry["interval"]:
            yield from _prevalence(run, entry, sketch)
        elif entry["target"] is not None and run.villages[f"gap_{name}"].notna().any():
            yield _gap(run, entry, replace(sketch, group="service", ramp="service"))
        else:
            falling = entry["better"] == "higher"
            yield graded(sketch, values, lambda x, e=entry: value_text(e, x, lang), falling=falling)  # type: ignore[misc]


def _prevalence(run: Run, entry: Indicator, sketch: Sketch) -> Iterator[Layer | None]:
    name, v, lang = entry["id"], run.villages, sketch.lang
    low, high, estimate = v[f"low_{name}"], v[f"high_{name}"], v[f"estimate_{name}"]
    interval = percent(run.facts["interval"], lang, 0)
    ranges = [span(percent(a, lang), percent(b, lang)) for a, b in zip(low, high, strict=True)]
    estimated = [
        said if pd.isna(e) else text("map.shown.estimate", lang, estimate=percent(e, lang), range=r, interval=interval)
        for said, e, r in zip(sketch.shown, estimate, ranges, strict=True)
    ]

    def named(key: str, **changes: Any) -> Sketch:
        label, title = (
            text(f"map.layer.{key}", lang, label=said, interval=interval) for said in (sketch.label, sketch.title)
        )
        return replace(sketch, label=label, title=title, **changes)

    bounds, rule = WHO.get(name, ()), text("map.rule.who", lang)
    yield bounded(named("estimate", shown=estimated, hidden=None), estimate, bounds, rule)
    yield bounded(named("raw", id=f"{name}_raw"), v[f"value_{name}"], bounds, rule)
    wide = named("width", id=f"{name}_width", shown=ranges, hidden=None)
    yield graded(wide, high - low, lambda x: _points(x, lang))


def _gap(run: Run, entry: Indicator, sketch: Sketch) -> Layer | None:
    name, lang = entry["id"], sketch.lang
    gap = run.villages[f"gap_{name}"].round(6)
    # The exact gap of a banded rate would give the rate away.
    silent = (gap.isna() | (gap == 0)).to_numpy() | sketch.hidden
    shown = [
        rate if quiet else text(f"map.shown.gap_{entry['better']}", lang, rate=rate, gap=_points(g, lang))
        for rate, g, quiet in zip(sketch.shown, gap, silent, strict=True)
    ]
    title = text(f"map.layer.gap_{entry['better']}", lang, label=sketch.title, target=percent(entry["target"], lang, 0))
    sketch = replace(sketch, id=f"{name}_gap", title=title, shown=shown, hidden=None)
    return graded(sketch, gap, lambda x: _points(x, lang), nought=text("map.class.met", lang))


def _points(share: float, lang: str) -> str:
    return text("words.points", lang, points=number(share * 100, lang, 1))


def counted(sketch: Sketch, values: pd.Series) -> Layer | None:
    """Classes of people counted: none, the band of 1–4, and equally filled classes of the rest."""
    some = values[values > max(FEW)]
    edges = sorted({math.ceil(e) for e in some.quantile([1 / 3, 2 / 3])} - {5}) if len(some) else []
    starts = [5, *edges]
    inner = [f"{number(a, sketch.lang)} – {number(b - 1, sketch.lang)}" for a, b in zip(starts, edges, strict=False)]
    names = ["0", "1 – 4", *inner, f"≥ {number(starts[-1], sketch.lang)}"]
    of = np.searchsorted([0, 1, *starts], values.fillna(-1), side="right") - 1
    return _classed(replace(sketch, hidden=None), text("map.rule.counted", sketch.lang), names, of)


def bounded(
    sketch: Sketch, values: pd.Series, bounds: Sequence[float], rule: str, *, falling: bool = False
) -> Layer | None:
    """Classes between fixed bounds of a share; equally filled ones where a single class would hold nearly all."""
    of = np.where(values.isna(), -1, np.searchsorted(bounds, values, side="right"))
    seen = of[of >= 0]
    if not len(bounds) or (not falling and len(seen) and np.bincount(seen).max() > MOST_IN_ONE * len(seen)):
        return graded(sketch, values, lambda x: percent(x, sketch.lang))
    names = _between([percent(b, sketch.lang, 0 if round(b * 100, 6).is_integer() else 1) for b in bounds])
    return _classed(sketch, rule, names, of, falling=falling)


def graded(
    sketch: Sketch, values: pd.Series, said: Callable[[float], str], *, nought: str = "", falling: bool = False
) -> Layer | None:
    """Classes with about as many villages each (quantiles); `nought` names a class of its own for those at 0."""
    some = (values[values > 0] if nought else values).dropna()
    wanted = CLASSES - bool(nought)
    edges: list[float] = []
    for e in some.quantile(np.arange(1, wanted) / wanted) if len(some) else ():
        edge = round(float(e), 3 if abs(e) <= 1 else 1)
        if some.min() < edge and edge not in edges:
            edges.append(edge)
    of = np.where(values.isna(), -1, np.searchsorted(edges, values, side="right"))
    names = _between([said(e) for e in edges]) if edges else [text("map.class.one", sketch.lang)]
    if nought:
        of, names = np.where(values == 0, 0, np.where(of >= 0, of + 1, -1)), [nought, *names]
    return _classed(sketch, text("map.rule.quantiles", sketch.lang), names, of, falling=falling, met=bool(nought))


def _between(bounds: Sequence[str]) -> list[str]:
    """`["10 %", "20 %"]` → `["< 10 %", "10 – 20 %", "≥ 20 %"]`; a bound belongs to the class above it."""
    return [f"< {bounds[0]}", *(span(a, b) for a, b in pairwise(bounds)), f"≥ {bounds[-1]}"]


def span(low: str, high: str) -> str:
    """Two numbers as a range, with their unit once.

    >>> span("10 %", "20 %"), span("1,5", "2,5")
    ('10 – 20 %', '1,5 – 2,5')
    """
    bare, _, unit = low.rpartition(" ")
    return f"{bare if bare and high.endswith(f' {unit}') else low} – {high}"


def _classed(
    sketch: Sketch, rule: str, names: Sequence[str], of: np.ndarray, *, falling: bool = False, met: bool = False
) -> Layer | None:
    """A layer in the shades of its ramp, with hatched classes for villages without data and those that are banded."""
    if not (of >= 0).any():
        return None
    shades = len(names) - met
    picked = np.linspace(met, CLASSES - 1, shades).round().astype(int) if shades > 1 else [CLASSES // 2]
    colours = [RAMPS[sketch.ramp][k] for k in picked]
    colours = [MET_COLOUR] * met + (colours[::-1] if falling else colours)
    extra: list[Tone] = []
    of = of.copy()
    hidden = np.zeros(len(of), bool) if sketch.hidden is None else sketch.hidden & (of >= 0)
    for pattern, where, colour in (("banded", hidden, BANDED_COLOUR), (sketch.missing, of < 0, MISSING_COLOUR)):
        if where.any():
            of[where] = len(names) + len(extra)
            kind = "banded" if pattern == "banded" else "missing"
            extra.append(Tone(text(f"map.class.{pattern}", sketch.lang), colour, int(where.sum()), "", kind))
    tones = [Tone(n, c, int((of == k).sum())) for k, (n, c) in enumerate(zip(names, colours, strict=True))]
    title = sketch.title or sketch.label
    return Layer(
        sketch.id, sketch.group, sketch.label, title, rule, (*tones, *extra), tuple(of.tolist()), tuple(sketch.shown)
    )


def _priority(run: Run, lang: str) -> Iterator[Layer | None]:
    v = run.villages
    ranks = ["" if pd.isna(r) else text("map.shown.rank", lang, rank=int(r)) for r in v["rank"]]
    kept = v["selected"] & (v["selected_by"] != "score")
    state = np.select([kept, v["selected"], v["status"] == "ranked"], ["kept", "chosen", "not"], "unranked")
    told = [" · ".join(filter(None, (text(f"map.class.{s}", lang), r))) for s, r in zip(state, ranks, strict=True)]
    yield _kinds("chosen", "priority", run, lang, state, CHOSEN, told)
    scored = ["–" if pd.isna(s) else f"{number(s, lang, 1)} · {r}" for s, r in zip(v["score"], ranks, strict=True)]
    sketch = Sketch("score", "priority", text("map.layer.score", lang), scored, lang, "priority", None, "unranked")
    yield graded(sketch, v["score"], lambda x: number(x, lang, 1))
    sure = [probability(p, lang) for p in v["p_top"]]
    of = np.where(v["p_top"].isna(), -1, np.searchsorted(P_TOP, v["p_top"], side="right"))
    sketch = replace(sketch, id="p_top", label=text("map.layer.p_top", lang, top=run.facts["top_n"]), shown=sure)
    yield _classed(sketch, text("map.rule.p_top", lang), [text(f"map.class.p{k}", lang) for k in range(CLASSES)], of)
    if v["last_year"].any():
        moved = np.select(
            [v["last_year"] & v["selected"], v["last_year"], v["selected"]], ["stays", "leaves", "enters"], "never"
        )
        yield _kinds("last_year", "priority", run, lang, moved, LAST_YEAR)


def _pattern(run: Run, lang: str) -> Iterator[Layer | None]:
    v = run.villages
    of = in_sentence(run, run.facts["space"]["of"], lang)
    if of and (v["hotspot"] != "").any():
        yield _kinds(
            "hotspot", "pattern", run, lang, np.where(v["hotspot"] == "", "unknown", v["hotspot"]), HOTSPOTS, of=of
        )
    if v["cluster"].notna().any():
        yield _clusters(run, lang)


def _kinds(
    name: str, group: str, run: Run, lang: str, kind: np.ndarray, tones: Mapping[str, tuple[str, str]],
    told: Sequence[str] = (), of: str = "",
) -> Layer:  # fmt: skip
    """A layer of kinds that stand in no order; kinds that no village has are left out."""
    present = [k for k in tones if (kind == k).any()]
    said = {k: text(f"map.class.{k}", lang) for k in present}
    legend = tuple(
        Tone(
            said[k],
            tones[k][0],
            int((kind == k).sum()),
            tones[k][1],
            "missing" if tones[k][0] == MISSING_COLOUR else "",
        )
        for k in present
    )
    fields = {
        "label": of, "top": int(run.villages["selected"].sum()), "year": str(run.facts["year"]),
        "fdr": percent(run.facts["space"]["fdr"], lang, 0),
    }  # fmt: skip
    title, rule = (text(f"map.{part}.{name}", lang, **fields) for part in ("layer", "rule"))
    return Layer(name, group, title, title, rule, legend, tuple(present.index(k) for k in kind), tuple(told))


def _clusters(run: Run, lang: str) -> Layer:
    cluster = run.villages["cluster"]
    present = sorted({int(k) for k in cluster.dropna()}, key=lambda k: (k == 0, k))
    tones = []
    for k in present:
        colour, mark = (UNORDERED[(k - 1) % len(UNORDERED)], str(k)) if k else ("#ffffff", "?")
        tones.append(Tone(group_profile(run, k, lang), colour, int((cluster == k).sum()), mark))
    of = [len(present) if pd.isna(k) else present.index(k) for k in cluster]
    if cluster.isna().any():
        absent = int(cluster.isna().sum())
        tones.append(Tone(cluster_profile(run, None, lang), MISSING_COLOUR, absent, "", "missing"))
    title, rule = text("map.layer.cluster", lang), text("map.rule.cluster", lang, k=run.facts["clusters"]["k"])
    return Layer("cluster", "pattern", title, title, rule, tuple(tones), tuple(of), ())
