"""The styles a run's GeoPackage carries: the layers of the map, with its classes, colours and words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import pandas as pd

from lokus import packages
from lokus.catalog.palettes import (
    CHOSEN,
    HOTSPOTS,
    LAST_YEAR,
    MEASURED,
    MISSING_COLOUR,
    PLAIN_COLOUR,
    POCKETS,
    UNORDERED,
    WARM,
    WHO,
)
from lokus.classing import class_names, count_breaks, count_names, crowded, quantile_breaks, shades, warmth
from lokus.dictionary import column_label, entry, label, short, value_text
from lokus.messages import number, percent, text
from lokus.runs import qml
from lokus.runs.qml import Class, Label, quoted

# Where the classes of certainty begin (`ranking.certainty`).
SURE = (0.4, 0.6, 0.9)
# The table `layer_styles` allows so many letters.
NAME_LETTERS = 30
SHAPES = ("cross_fill", "triangle", "square", "diamond", "pentagon", "circle")

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Style:
    """A style of a layer: `name` in QGIS's list of styles (of at most 30 letters), `title` beside it."""

    layer: str
    name: str
    title: str
    qml: str


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a graduated style shows: an expression over the columns, its values, and how they are coloured and said."""

    expression: str
    values: pd.Series
    ramp: str
    said: Callable[[float], str]
    falling: bool = False


def village_styles(villages: pd.DataFrame, facts: Facts, lang: str) -> list[Style]:
    """The styles of the villages, the one to open with first: who is chosen, then the map's other layers with data."""
    made = [*_choice(villages, facts, lang), *_priority(villages, facts, lang)]
    for told in facts["indicators"]:
        made += _indicator(villages, told, facts, lang)
    made += _pattern(villages, facts, lang)
    return [
        Style("villages", _cut(f"{n:02d} {title}"), title, drawn) for n, (title, drawn) in enumerate(made, 1) if drawn
    ]


def kecamatan_style(lang: str) -> Style:
    """Outlines with names."""
    title = text("columns.kecamatan.label", lang)
    names = Label(f"upper({quoted('kecamatan')})", 8, bold=True)
    return Style("kecamatan", _cut(title), title, qml.single(qml.outlined("#3c3c3c", 0.5), names))


def facility_style(facts: Facts, lang: str) -> Style:
    """A symbol for each layer of points."""
    classes = [
        Class(label(p, lang), qml.marked(SHAPES[k % len(SHAPES)]), value=p["id"]) for k, p in enumerate(facts["points"])
    ]
    title = text("map.group.facility", lang)
    names = Label(quoted("name"), 7, least_scale=100_000)
    return Style("facilities", _cut(title), title, qml.categorised(quoted("layer"), classes, "marker", names))


def _choice(v: pd.DataFrame, facts: Facts, lang: str) -> Iterator[tuple[str, str]]:
    names = Label(f"CASE WHEN {quoted('selected')} THEN {quoted('village')} END", 7)
    fields = {"top": int(v["selected"].sum()), "year": str(facts["year"])}
    last, chosen = quoted("last_year"), quoted("selected")
    moved = (
        f"CASE WHEN {last} AND {chosen} THEN 'stays' WHEN {last} THEN 'leaves' WHEN {chosen} THEN 'enters'"
        f" WHEN {quoted('status')} = 'ranked' THEN 'never' ELSE 'unranked' END"
    )
    by, kept = quoted("selected_by"), f"coalesce({quoted('reason')}, '') = ''"
    why = (
        f"CASE WHEN {by} = 'rule' OR ({by} = 'keep' AND {kept}) THEN 'rule' WHEN {by} IN ('keep', 'add') THEN 'meeting'"
        f" WHEN {chosen} THEN 'chosen' WHEN {quoted('status')} = 'ranked' THEN 'not' ELSE 'unranked' END"
    )
    if v["last_year"].any():
        kinds = {**LAST_YEAR, "unranked": CHOSEN["unranked"]}
        yield text("map.layer.last_year", lang, **fields), _kinds(moved, kinds, lang, names)
    yield text("map.layer.chosen", lang, **fields), _kinds(why, CHOSEN, lang, names)


def _kinds(expression: str, tones: Mapping[str, tuple[str, str]], lang: str, names: Label | None = None) -> str:
    classes = [
        Class(text(f"map.class.{kind}", lang), qml.filled(colour, hatched=colour == MISSING_COLOUR), value=kind)
        for kind, (colour, _) in tones.items()
    ]
    return qml.categorised(expression, classes, label=names)


def _priority(v: pd.DataFrame, facts: Facts, lang: str) -> Iterator[tuple[str, str]]:
    scores = Numbers(quoted("score"), v["score"], "priority", lambda x: number(x, lang, 1))
    yield text("map.layer.score", lang), _quantiles(scores, lang, "unranked")
    if facts["uncertain"]:
        chances = Numbers(quoted("p_top"), v["p_top"], "priority", str)
        names = [text(f"map.class.p{k}", lang) for k in range(len(SURE) + 1)]
        yield text("map.layer.p_top", lang, top=facts["top_n"]), _graduated(chances, SURE, names, lang, "unranked")


def _indicator(v: pd.DataFrame, told: Facts, facts: Facts, lang: str) -> Iterator[tuple[str, str]]:
    name, said = told["id"], short(told, lang)
    ramp = "service" if told["dimension"] == "services" else "problem"
    raw = Numbers(quoted(f"value_{name}"), v[f"value_{name}"], ramp, lambda x: value_text(told, x, lang))
    raw = replace(raw, falling=told["better"] == "higher")
    if told["dimension"] == "quality" and told["kind"] == "share":
        yield said, _bounded(raw, MEASURED, lang)
    elif told["kind"] == "count":
        starts = count_breaks(raw.values)
        yield said, _graduated(raw, [1, *starts], count_names(starts, lang), lang)
    elif told["dimension"] == "burden" and told["interval"]:
        yield from _prevalence(v, told, facts, raw, lang)
    elif told["target"] is not None and v[f"gap_{name}"].notna().any():
        target = percent(told["target"], lang, 0)
        title = text(f"map.layer.gap_{told['better']}", lang, label=said, target=target)
        gaps = Numbers(
            f"round({quoted(f'gap_{name}')}, 6)", v[f"gap_{name}"].round(6), "service", lambda x: _points(x, lang)
        )
        yield title, _quantiles(gaps, lang, met=True)
    else:
        yield said, _quantiles(raw, lang)


def _prevalence(v: pd.DataFrame, told: Facts, facts: Facts, raw: Numbers, lang: str) -> Iterator[tuple[str, str]]:
    name, fields = told["id"], {"label": short(told, lang), "interval": percent(facts["interval"], lang, 0)}
    estimate, low, high = (f"{part}_{name}" for part in ("estimate", "low", "high"))
    bounds = WHO.get(name, ())
    drawn = replace(raw, expression=quoted(estimate), values=v[estimate])
    yield text("map.layer.estimate", lang, **fields), _bounded(drawn, bounds, lang)
    yield text("map.layer.raw", lang, **fields), _bounded(raw, bounds, lang)
    width = Numbers(f"{quoted(high)} - {quoted(low)}", v[high] - v[low], "doubt", lambda x: _points(x, lang))
    yield text("map.layer.width", lang, **fields), _quantiles(width, lang)


def _pattern(v: pd.DataFrame, facts: Facts, lang: str) -> Iterator[tuple[str, str]]:
    if facts["space"]["of"] and (v["hotspot"] != "").any():
        of = next((short(i, lang) for i in facts["indicators"] if i["id"] == facts["space"]["of"]), "")
        kind = f"CASE WHEN coalesce({quoted('hotspot')}, '') = '' THEN 'unknown' ELSE {quoted('hotspot')} END"
        yield text("map.layer.hotspot", lang, label=of), _kinds(kind, HOTSPOTS, lang)
        if warmth(v, facts["space"]["fdr"]).isin(["gi_hot", "gi_cold"]).any():
            fields = {"label": of, "fdr": percent(facts["space"]["fdr"], lang, 0)}
            yield text("map.layer.gi_star", lang, **fields), _kinds(_warm(facts["space"]["fdr"]), WARM, lang)
        if (v["scan_cluster"] > 0).any():
            told = {k: text("map.class.pocket_bare", lang, number=k) for k in _numbers(v["scan_cluster"])}
            tints = {k: POCKETS[(k - 1) % len(POCKETS)] for k in told} | {0: PLAIN_COLOUR}
            told[0], none = text("map.class.no_pocket", lang), text("map.class.unscanned", lang)
            yield text("map.layer.scan", lang, label=of), _numbered("scan_cluster", told, tints, none)
    made = facts["clusters"]
    for column, profiles in (("cluster", made["profiles"]), ("area", made.get("areas", {"profiles": ()})["profiles"])):
        if v[column].notna().any():
            title = column_label(entry(column, facts), facts, lang)
            names = {p["group" if column == "area" else "cluster"]: packages.name(p, facts, lang) for p in profiles}
            told = {k: f"{k} · {names[k]}" for k in _numbers(v[column])}
            tints = {k: UNORDERED[(k - 1) % len(UNORDERED)] for k in told} | {0: "#ffffff"}
            told[0] = text("words.area.none" if column == "area" else "words.cluster.apart", lang)
            yield title, _numbered(column, told, tints, text("words.cluster.none", lang))


def _warm(level: float) -> str:
    """`classing.warmth` as an expression of QGIS."""
    gi, sure = quoted("gi_star"), f"{quoted('moran_q')} <= {level!r}"
    return (
        f"CASE WHEN {gi} IS NULL THEN 'unknown' WHEN {sure} AND {gi} > 0 THEN 'gi_hot'"
        f" WHEN {sure} AND {gi} < 0 THEN 'gi_cold' ELSE 'gi_none' END"
    )


def _numbers(column: pd.Series) -> list[int]:
    return sorted({int(k) for k in column.dropna()} - {0})


def _numbered(column: str, told: Mapping[int, str], tints: Mapping[int, str], none: str) -> str:
    """Numbered kinds: villages without a number have a class of their own."""
    classes = [Class(name, qml.filled(tints[k]), value=str(k)) for k, name in told.items()]
    classes.append(Class(none, qml.filled(MISSING_COLOUR, hatched=True), value="-1"))
    return qml.categorised(f"to_string(coalesce({quoted(column)}, -1))", classes)


def _bounded(shown: Numbers, bounds: Sequence[float], lang: str) -> str:
    """Fixed bounds of a share; equally filled classes where a single one would hold nearly all villages."""
    if not bounds or (not shown.falling and crowded(bounds, shown.values)):
        return _quantiles(shown, lang)
    names = class_names(bounds, lambda b: percent(b, lang, 0 if round(b * 100, 6).is_integer() else 1))
    return _graduated(shown, bounds, names, lang)


def _quantiles(shown: Numbers, lang: str, missing: str = "missing", *, met: bool = False) -> str:
    some = shown.values[shown.values > 0] if met else shown.values
    bounds = quantile_breaks(some, 5 - met)
    names = class_names(bounds, shown.said) if bounds else [text("map.class.one", lang)]
    return _graduated(shown, bounds, names, lang, missing, met=met)


def _graduated(
    shown: Numbers, bounds: Sequence[float], names: Sequence[str], lang: str, missing: str = "missing",
    *, met: bool = False,
) -> str:  # fmt: skip
    """Classes between bounds, one for those at 0 before them where `met`, and one for villages without a value.

    A style of QGIS draws nothing where a value is missing: there the expression gives a number below all others.
    """
    known = shown.values.dropna()
    if known.empty:
        return ""
    least, most = float(known.min()), float(known.max())
    edges = [min(0.0, least), *bounds, max(most, *bounds) if bounds else most]
    ends = [(0.0, 0.0)] * met + list(pairwise(edges))
    said = [text("map.class.met", lang)] * met + list(names)
    colours = shades(shown.ramp, len(said), met=met, falling=shown.falling)
    classes = [Class(name, qml.filled(colour), a, b) for name, colour, (a, b) in zip(said, colours, ends, strict=True)]
    expression = shown.expression
    if shown.values.isna().any():
        nowhere = min(0.0, math.floor(least)) - 1
        expression = f"coalesce({expression}, {nowhere:.0f})"
        none = qml.filled(MISSING_COLOUR, hatched=True)
        classes.append(Class(text(f"map.class.{missing}", lang), none, nowhere, nowhere))
    return qml.graduated(expression, classes)


def _points(share: float, lang: str) -> str:
    return text("words.points", lang, points=number(share * 100, lang, 1))


def _cut(name: str) -> str:
    return name if len(name) <= NAME_LETTERS else f"{name[: NAME_LETTERS - 1].rstrip()}…"
