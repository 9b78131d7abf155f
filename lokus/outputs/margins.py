"""How near a village stands to the line of the list: whose place is at stake, and the least change in its data.

The data of all other villages, the bounds of every need and the prior are held as the run left them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lokus import schema, steps
from lokus.messages import number, text
from lokus.methods import composite, scoring
from lokus.outputs import banding, consequences, words
from lokus.study import make_study

if TYPE_CHECKING:
    from lokus.pipeline import Run

Row = words.Row
Indicator = words.Indicator

# Steps in which a number without counts is varied over its range.
STEPS = 400
# What a score is told to where nothing has to be hidden.
DECIMALS = 2


@dataclass(frozen=True, slots=True)
class Line:
    """Where the list begins for one village: `inside` or not, the score `units` that would carry it across, the `gap`
    to them in points, and the code of the village whose place it would take or leave ("" where there is none)."""

    inside: bool
    units: int
    gap: float
    rival: str


@dataclass(frozen=True, slots=True)
class Change:
    """The least change of one indicator, from `now` to `then`, that carries a village over the line.

    Both are people counted of `whole`, or where `whole` is None the indicator's own value.
    """

    entry: Indicator
    now: float
    then: float
    whole: float | None


def line(run: Run, row: Row) -> Line | None:
    """The score at which the study's own rules would choose a village, or no longer; None where no score would."""
    if pd.isna(row["score_units"]):
        return None
    study = make_study(run.manifest["study"], Path())
    if study.selection.objective != "score":
        return None
    code, villages = row["village_code"], run.villages.drop(columns=[c.name for c in schema.columns_of("selection")])

    @cache
    def chosen(units: int) -> pd.Series:
        scored = villages["score_units"].copy()
        scored[code] = units
        return steps.choice(study, villages.assign(score_units=scored)).columns["selected"]

    # The list ends at somebody's score: one more unit than it, or as much with the smaller code.
    others = villages["score_units"].drop(code).dropna().to_numpy(dtype=np.int64)
    steps_up = np.unique(np.concatenate([[0, 100 * scoring.UNIT], others, others + 1]))
    steps_up = steps_up[steps_up <= 100 * scoring.UNIT]
    found = _first(steps_up, lambda units: bool(chosen(units)[code]), _about(run, row))
    if found is None:
        return None
    inside = bool(row["selected"])
    units = found - 1 if inside else found
    gap = abs(int(row["score_units"]) - units) / scoring.UNIT
    changed = chosen(units) != run.villages["selected"]
    moved = changed.index[changed & (changed.index != code)]
    return Line(inside, units, gap, str(moved[0]) if len(moved) else "")


def _about(run: Run, row: Row) -> int:
    """Where the line is likely to be: at the best village that would take the place, or the last to leave it."""
    v = run.villages
    if row["selected"]:
        held = (v["left_out_by"] == "rule") & (v["kecamatan_code"] == row["kecamatan_code"])
        near = v.loc[held | (v["left_out_by"] == "score"), "score_units"].max()
    else:
        near = v.loc[v["selected_by"] == "score", "score_units"].min()
    return 0 if pd.isna(near) else int(near)


def _first(values: np.ndarray, over: Callable[[int], bool], near: int) -> int | None:
    """The least of ascending values that is `over` the line; None where the first is already, or the last is not.

    Looked for from `near` outwards and then by halving: a greater score never costs a village its place.
    """
    last = len(values) - 1
    low = high = min(int(np.searchsorted(values, near)), last)
    if over(int(values[high])):
        step = 1
        while over(int(values[low])):
            if low == 0:
                return None
            low, high, step = max(low - step, 0), low, 2 * step
    else:
        step = 1
        while not over(int(values[high])):
            if high == last:
                return None
            low, high, step = high, min(high + step, last), 2 * step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if over(int(values[middle])) else (middle, high)
    return int(values[high])


def least_changes(run: Run, row: Row, met: Line) -> list[Change]:
    """The least change of each scored indicator that would carry a village over the line, fewest people first."""
    found = [change for entry in run.facts["indicators"] if (change := _least(run, row, met, entry))]
    return sorted(found, key=lambda c: (c.whole is None, abs(c.then - c.now) if c.whole else 0))


def margin_lines(run: Run, row: Row, lang: str, *, public: bool = True) -> list[str]:
    """Two sentences on the nearest rival and the least change, and a line for each change that would do.

    Where scores are told coarsely (`banding.score_step`) the changes would give the hidden counts away, and are not.
    """
    met = line(run, row)
    if met is None:
        return []
    step = _step(run, row, met) if public else 0
    side = "inside" if met.inside else "outside"
    said = {"village": row["village"], "gap": _gap(met.gap, step, lang)}
    lines = ["", text(f"explain.line_{side}", lang, **said)]
    if met.rival:
        lines[1] += " " + text(f"explain.rival_{side}", lang, rival=consequences.place(run, met.rival))
    if step:
        return [*lines, text("explain.changes_hidden", lang)]
    changes = least_changes(run, row, met)
    if not changes:
        return [*lines, text(f"explain.no_change_{side}", lang)]
    lines.append(text(f"explain.change_{side}", lang, change=_said(changes[0], lang)))
    if changes[1:]:
        lines.append(text("explain.changes_other", lang))
    return lines + [f"  • {_said(c, lang)}" for c in changes[1:]]


def as_values(run: Run, row: Row, *, public: bool = True) -> dict[str, Any] | None:
    """The same as JSON values: rival, gap, and changes; null where something has to be hidden."""
    met = line(run, row)
    if met is None:
        return None
    hidden = public and bool(_step(run, row, met))
    changes = [] if hidden else least_changes(run, row, met)
    told = [{"id": c.entry["id"], "now": c.now, "then": c.then, "of": c.whole} for c in changes]
    gap = round(met.gap, DECIMALS) if public else met.gap
    return {"rival": met.rival, "inside": met.inside, "gap": None if hidden else gap, "changes": told}


def _step(run: Run, row: Row, met: Line) -> int:
    """How coarsely the gap is told: as the coarser of the two scores."""
    return max(banding.score_step(run, words.row_of(run, code)) for code in (row["village_code"], met.rival) if code)


def _gap(gap: float, step: int, lang: str) -> str:
    """How far apart two scores are, in steps where either is told in steps."""
    if not step:
        return text("explain.gap", lang, gap=number(gap, lang, DECIMALS))
    shown = step * round(gap / step)
    return text("explain.gap_about" if shown else "explain.gap_under", lang, gap=number(shown or step, lang))


def _said(change: Change, lang: str) -> str:
    label = words.short(change.entry, lang)
    if change.whole is None:
        now, then = (words.value_text(change.entry, x, lang) for x in (change.now, change.then))
        return text("explain.change_value", lang, label=label, now=now, then=then)
    by = change.then - change.now
    said = {"label": label, "by": number(abs(by), lang), "now": number(change.now, lang)}
    key = "explain.change_more" if by > 0 else "explain.change_fewer"
    return text(key, lang, **said, then=number(change.then, lang), whole=number(change.whole, lang))


def _least(run: Run, row: Row, met: Line, entry: Indicator) -> Change | None:
    """The first of all values, going the way that helps, at which the village changes sides."""
    name = entry["id"]
    if not entry["scored"] or entry["of"] or pd.isna(row.get(f"need_{name}", np.nan)):
        return None
    whole = row.get(f"denominator_{name}", np.nan)
    counted = not pd.isna(whole) and not pd.isna(row.get(f"shrinkage_{name}", np.nan))
    now = float(row[f"numerator_{name}"] if counted else row[f"value_{name}"])
    now = min(now, float(whole)) if counted else now
    rises = (entry["better"] == "lower") is not met.inside
    tried = np.array(list(_people(now, float(whole), rises) if counted else _values(run, entry, now, rises)))
    if not tried.size:
        return None
    step = (1 - row[f"shrinkage_{name}"]) / whole if counted else 1.0
    estimates = {name: row[f"estimate_{name}"] + (tried - now) * step}
    for child in (e for e in run.facts["indicators"] if e["of"] == name and e["scored"]):
        estimates[child["id"]] = estimates[name] * whole
    over = _over(run, row, met, estimates)
    return Change(entry, now, float(tried[np.argmax(over)]), float(whole) if counted else None) if over.any() else None


def _people(now: float, whole: float, rises: bool) -> Iterator[float]:
    return (float(y) for y in (range(int(now) + 1, int(whole) + 1) if rises else range(int(np.ceil(now)) - 1, -1, -1)))


def _values(run: Run, entry: Indicator, now: float, rises: bool) -> Iterator[float]:
    seen = run.villages[f"value_{entry['id']}"].dropna()
    low, high = (0.0, 1.0) if entry["kind"] == "share" else (float(seen.min()), float(seen.max()))
    grid = np.linspace(low, high, STEPS + 1)
    return iter(grid[grid > now] if rises else grid[grid < now][::-1])


def _over(run: Run, row: Row, met: Line, estimates: dict[str, Any]) -> Any:
    """Whether the village would stand on the other side of the line, for each of the values tried."""
    kept: dict[str, Any] = run.facts["scheme"]
    told: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in kept.items()}
    scheme = scoring.Scheme(**told)
    size = len(next(iter(estimates.values())))
    needs = np.tile([[row[f"need_{i}"] for i in scheme.indicators]], (size, 1)).astype(float)
    for name, values in estimates.items():
        if name in scheme.indicators:
            needs[:, scheme.indicators.index(name)] = composite.need(values, _bounds(run, name))
    units = scoring.score_units(scoring.need_units(needs), scheme).units
    return units <= met.units if met.inside else units >= met.units


def _bounds(run: Run, name: str) -> composite.Bounds:
    kept = next(e for e in run.facts["indicators"] if e["id"] == name)["bounds"]
    values = run.villages[f"estimate_{name}"].dropna().clip(*kept["limits"])
    return composite.Bounds(**{**kept, "limits": tuple(kept["limits"])}, reference=tuple(sorted(values)))
