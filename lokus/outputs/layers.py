"""The layers of the map: which class every village belongs to, in which colour, by which rule.

Classes that stand in no order carry a mark as well, so that they can be told apart in grey.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lokus.catalog.palettes import (
    CHANGED,
    CHOSEN,
    HOTSPOTS,
    LAST_YEAR,
    MEASURED,
    MISSING_COLOUR,
    MOVED,
    PLAIN_COLOUR,
    POCKETS,
    UNORDERED,
    WARM,
    WHO,
)
from lokus.classing import between, crowded, span, warmth
from lokus.messages import number, percent, text
from lokus.outputs import banding
from lokus.outputs.classes import (
    Layer,
    Sketch,
    Tone,
    bounded,
    classed,
    counted,
    graded,
)
from lokus.outputs.patterns import Pocket, apart, group_line, pocket_fields, pockets
from lokus.outputs.trend import Since, name, rates
from lokus.outputs.words import (
    SURE,
    Indicator,
    in_sentence,
    label,
    probability,
    rate_text,
    score_text,
    short,
    uncertain,
    value_text,
)

if TYPE_CHECKING:
    from lokus.pipeline import Run

GROUPS = ("problem", "service", "priority", "pattern")


def layers(run: Run, lang: str, *, public: bool = True, pair: Since | None = None) -> tuple[Layer, ...]:
    """All layers that have data, grouped as a meeting asks: problem, services, priority, pattern.

    `public` bands counts of 1–4 people and hides the rates and classes that would give them away. `pair`: the run
    beside an earlier one, for the layers of what changed.
    """
    made = [*_indicators(run, lang, public), *_priority(run, lang, public), *_pattern(run, lang, public)]
    made += _since(pair, lang, public) if pair else []
    return tuple(sorted((layer for layer in made if layer), key=lambda layer: GROUPS.index(layer.group)))


def _indicators(run: Run, lang: str, public: bool) -> Iterator[Layer | None]:
    rows = list(run.villages.to_dict("index").values())
    # How many were measured tells how far to believe the rest: it stands last among the problems.
    for entry in sorted(run.facts["indicators"], key=lambda e: e["dimension"] == "quality"):
        name, values = entry["id"], run.villages[f"value_{entry['id']}"]
        shown = [rate_text(run, row, entry, lang, public=public) for row in rows]
        hidden = np.array([public and bool(banding.band(run, row, entry)) for row in rows])
        group = "service" if entry["dimension"] == "services" else "problem"
        sketch = Sketch(name, group, short(entry, lang), shown, lang, group, hidden, title=label(entry, lang))
        if entry["interval"] and entry["kind"] == "share":
            sketch = replace(sketch, ends=_ends(run, rows, entry, hidden, "value"))
        if entry["dimension"] == "quality" and entry["kind"] == "share":
            yield bounded(sketch, values, MEASURED, text("map.rule.measured", lang), falling=True)
        elif entry["kind"] == "count":
            whole = np.array(
                [hide and banding.band(run, row, entry) == "whole" for row, hide in zip(rows, hidden, strict=True)]
            )
            yield counted(replace(sketch, hidden=whole), values)
        elif entry["dimension"] == "burden" and entry["interval"]:
            yield from _prevalence(run, rows, entry, sketch)
        elif entry["target"] is not None and run.villages[f"gap_{name}"].notna().any():
            yield _gap(run, rows, entry, replace(sketch, group="service", ramp="service"))
        else:
            falling = entry["better"] == "higher"
            yield graded(sketch, values, lambda x, e=entry: value_text(e, x, lang), falling=falling)  # type: ignore[misc]


def _ends(
    run: Run, rows: Sequence[banding.Row], entry: Indicator, hidden: np.ndarray, part: str
) -> tuple[pd.Series, pd.Series]:
    """The least and greatest value of each hidden village over the counts of its band; NaN for all others."""
    found = [
        banding.ends(run, row, entry, part) if hide else (math.nan, math.nan)
        for row, hide in zip(rows, hidden, strict=True)
    ]
    low, high = (pd.Series(side, run.villages.index, dtype="float64") for side in zip(*found, strict=True))
    return low, high


def _prevalence(run: Run, rows: Sequence[banding.Row], entry: Indicator, sketch: Sketch) -> Iterator[Layer | None]:
    name, v, lang = entry["id"], run.villages, sketch.lang
    low, high, estimate = v[f"low_{name}"], v[f"high_{name}"], v[f"estimate_{name}"]
    interval = percent(run.facts["interval"], lang, 0)
    hidden = np.zeros(len(v), bool) if sketch.hidden is None else sketch.hidden
    silent = hidden | estimate.isna().to_numpy()
    ranges = [span(percent(a, lang), percent(b, lang)) for a, b in zip(low, high, strict=True)]
    estimated = [
        said if quiet else text("map.shown.estimate", lang, rate=said, range=r, interval=interval)
        for said, quiet, r in zip(sketch.shown, silent, ranges, strict=True)
    ]
    widths = [said if quiet else r for said, quiet, r in zip(sketch.shown, silent, ranges, strict=True)]

    def named(key: str, **changes: Any) -> Sketch:
        label = text(f"map.layer.{key}", lang, label=sketch.label)
        title = text(f"map.layer.{key}_title", lang, label=sketch.title, interval=interval)
        return replace(sketch, label=label, title=title, **changes)

    bounds, rule = WHO.get(name, ()), text("map.rule.who", lang)
    ends = _ends(run, rows, entry, hidden, "estimate")
    yield bounded(named("estimate", shown=estimated, ends=ends), estimate, bounds, rule)
    yield bounded(named("raw", id=f"{name}_raw"), v[f"value_{name}"], bounds, rule)
    floor = text("map.shown.floor", lang)
    least = [
        said if quiet else f"{floor} {percent(x, lang)}"
        for said, quiet, x in zip(sketch.shown, silent, low, strict=True)
    ]
    # In the classes of the estimate, so that the two can be compared.
    same = () if crowded(bounds, estimate) else bounds
    yield bounded(named("floor", id=f"{name}_floor", shown=least, ends=None), low, same, rule, held=True)
    wide = named("width", id=f"{name}_width", shown=widths, ends=None, ramp="doubt", darker="doubt")
    yield graded(wide, high - low, lambda x: _points(x, lang))


def _gap(run: Run, rows: Sequence[banding.Row], entry: Indicator, sketch: Sketch) -> Layer | None:
    name, lang = entry["id"], sketch.lang
    hidden = np.zeros(len(rows), bool) if sketch.hidden is None else sketch.hidden
    gap = run.villages[f"gap_{name}"].round(6)
    # The exact gap of a banded rate would give the rate away.
    silent = (gap.isna() | (gap == 0)).to_numpy() | hidden
    shown = [
        rate if quiet else text(f"map.shown.gap_{entry['better']}", lang, rate=rate, gap=_points(g, lang))
        for rate, g, quiet in zip(sketch.shown, gap, silent, strict=True)
    ]
    title = text(f"map.layer.gap_{entry['better']}", lang, label=sketch.title, target=percent(entry["target"], lang, 0))
    sketch = replace(sketch, id=f"{name}_gap", title=title, shown=shown, ends=_gap_ends(entry, sketch.ends))
    return graded(sketch, gap, lambda x: _points(x, lang), nought=text("map.class.met", lang))


def _gap_ends(entry: Indicator, ends: tuple[pd.Series, pd.Series] | None) -> tuple[pd.Series, pd.Series] | None:
    if ends is None:
        return None
    far, near = ((side - entry["target"]) * (1 if entry["better"] == "lower" else -1) for side in ends)
    return far.clip(lower=0).round(6), near.clip(lower=0).round(6)


def _points(share: float, lang: str) -> str:
    return text("words.points", lang, points=number(share * 100, lang, 1))


def _priority(run: Run, lang: str, public: bool) -> Iterator[Layer | None]:
    v = run.villages
    ranks = ["" if pd.isna(r) else text("map.shown.rank", lang, rank=int(r)) for r in v["rank"]]
    # Last year's villages kept by the study itself carry no reason of the meeting.
    by_rule = (v["selected_by"] == "rule") | ((v["selected_by"] == "keep") & (v["reason"] == ""))
    met = v["selected_by"].isin(["keep", "add"]) & ~by_rule
    state = np.select(
        [by_rule, met, v["selected"], v["status"] == "ranked"], ["rule", "meeting", "chosen", "not"], "unranked"
    )
    told = [" · ".join(filter(None, (text(f"map.class.{s}", lang), r))) for s, r in zip(state, ranks, strict=True)]
    yield _kinds("chosen", "priority", run, lang, state, CHOSEN, told)
    told = [score_text(run, row, lang, 1, public=public) for row in v.to_dict("index").values()]
    scored = [s if s == "–" else f"{s} · {r}" for s, r in zip(told, ranks, strict=True)]
    sketch = Sketch("score", "priority", text("map.layer.score", lang), scored, lang, "priority", None, "unranked")
    yield graded(sketch, v["score"], lambda x: number(x, lang, 1))
    if uncertain(run):
        yield _sure(run, sketch)
    if v["last_year"].any():
        moved = np.select(
            [v["last_year"] & v["selected"], v["last_year"], v["selected"]], ["stays", "leaves", "enters"], "never"
        )
        yield _kinds("last_year", "priority", run, lang, moved, LAST_YEAR)


def _sure(run: Run, sketch: Sketch) -> Layer | None:
    """The probability of the top N, in the classes of `ranking.certainty` and in their words."""
    lang, p, top = sketch.lang, run.villages["p_top"], run.facts["top_n"]
    shown = [probability(x, lang) for x in p]
    names = [text(f"map.class.p{k}", lang) for k in range(len(SURE) + 1)]
    sketch = replace(sketch, id="p_top", label=text("map.layer.p_top", lang, top=top), shown=shown, darker="sure")
    return classed(sketch, text("map.rule.p_top", lang, top=top), names, p, lambda x: between(SURE, x))


def _pattern(run: Run, lang: str, public: bool) -> Iterator[Layer | None]:
    v, made = run.villages, run.facts["clusters"]
    of = in_sentence(run, run.facts["space"]["of"], lang)
    if of and (v["hotspot"] != "").any():
        yield _kinds(
            "hotspot", "pattern", run, lang, np.where(v["hotspot"] == "", "unknown", v["hotspot"]), HOTSPOTS, of=of
        )
    warm = warmth(v, run.facts["space"]["fdr"])
    if of and warm.isin(["gi_hot", "gi_cold"]).any():
        yield _kinds("gi_star", "pattern", run, lang, warm.to_numpy(), WARM, of=of)
    if found := pockets(run, public=public):
        yield _pockets(run, found, of, lang, public)
    if v["cluster"].notna().any():
        yield _groups(run, "cluster", made["profiles"], lang, made["stable"])
    if v["area"].notna().any():
        yield _groups(run, "area", made["areas"]["profiles"], lang)


def _since(pair: Since, lang: str, public: bool) -> Iterator[Layer]:
    """What changed since the earlier run: prevalence, where both have one, and the list."""
    run, told, of = pair.after, pair.told, name(pair.before, pair.after, lang)
    verdict = told["verdict"].to_numpy()
    if (verdict != "").any():
        said = [
            text("map.shown.since", lang, was=was, now=now, verdict=text(f"map.class.{v or 'unknown'}", lang))
            for v, (was, now) in zip(verdict, (rates(pair, str(c), lang, public) for c in told.index), strict=True)
        ]
        kinds = np.where(verdict == "", "unknown", verdict)
        yield _kinds("changed", "problem", run, lang, kinds, CHANGED, said, of=of)
    kinds = told["move"].replace("out", "never").to_numpy()
    yield _kinds("moved", "priority", run, lang, kinds, MOVED, of=of)


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


def _pockets(run: Run, found: Sequence[Pocket], of: str, lang: str, public: bool) -> Layer:
    """The clusters of the scan with how many were counted, would be expected, and are too many."""
    member, names = run.villages["scan_cluster"], {}
    for k, pocket in enumerate(found):
        fields = pocket_fields(run, pocket, lang, public=public, brief=True)
        names[pocket.number] = (text("map.class.pocket", lang, **fields), POCKETS[k % len(POCKETS)])
    names[0] = (text("map.class.no_pocket", lang), PLAIN_COLOUR)
    level = number(run.facts["space"]["scan"]["level"], lang, 2)
    title, rule = (text(f"map.{part}.scan", lang, label=of, level=level) for part in ("layer", "rule"))
    return _numbered("scan", member, names, title, rule, text("map.class.unscanned", lang))


def _groups(run: Run, column: str, profiles: Sequence[Mapping[str, Any]], lang: str, stable: bool = True) -> Layer:
    """Villages that lack the same things, or work areas of neighbours, each with its name and its offices."""
    of, names, area = run.villages[column], {}, column == "area"
    tints = apart(of, run.geometry, len(UNORDERED)) if area else {}
    for p in profiles:
        k = p["group" if area else "cluster"]
        names[k] = (group_line(run, p, lang, brief=area), UNORDERED[tints.get(k, (k - 1) % len(UNORDERED))])
    none = "words.area.none" if area else "words.cluster.apart"
    names[0] = (text(none, lang), "#ffffff")
    title, rule = (text(f"map.{part}.{column}", lang, k=len(profiles)) for part in ("layer", "rule"))
    rule = rule if stable else f"{rule}. {text('map.rule.loose', lang)}"
    return _numbered(column, of, names, title, rule, text("words.cluster.none", lang))


def _numbered(
    name: str, of: pd.Series, names: Mapping[int, tuple[str, str]], title: str, rule: str, missing: str
) -> Layer:
    """A layer of numbered kinds, each marked by its number: those that have villages, and where there is no number."""
    present = [k for k in names if (of == k).any()]
    tones = [Tone(*names[k], int((of == k).sum()), _mark(name, k)) for k in present]
    where = [len(present) if pd.isna(k) else present.index(k) for k in of]
    if of.isna().any():
        tones.append(Tone(missing, MISSING_COLOUR, int(of.isna().sum()), "", "missing"))
    return Layer(name, "pattern", title, title, rule, tuple(tones), tuple(where), ())


def _mark(name: str, k: int) -> str:
    # Outside every pocket lie most villages: a mark in each would hide the few.
    return str(k) if k else "" if name == "scan" else "?"
