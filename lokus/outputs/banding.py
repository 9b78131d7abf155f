"""Which figures of a village are not written exactly, so that no one child can be known, and what stands instead.

A share is banded where its numerator is 1–4, where its target group is 1–4, or (more is better) where 1–4 people are
left out; who was only not measured has no illness that could be read, and is counted (`tells_rest`). What is then shown
follows from the band and the target group alone: it is the same for every count of the band, so that neither a rate, an
estimate, a place nor a colour can be turned back into the count.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from lokus.messages import number, text

if TYPE_CHECKING:
    from lokus.pipeline import Run

FEW = range(1, 5)
# Up to twice the band either side may be few, and saying which would tell the count: a group of 6 of whom 1–4 are left
# out and not 1–4 reached is 5 reached.
MIXED = range(5, 9)
# Banded indicators of at least this weight move the score by whole points from one count to the next.
HEAVY = 0.1

Row = Mapping[str, Any]
Indicator = Mapping[str, Any]
Band = Literal["", "whole", "part", "rest", "mixed"]


def is_few(count: float) -> bool:
    """Whether so few people are meant that they could be known: 1–4, also where arithmetic left 1.9999999.

    >>> is_few(1.9999999), is_few(0), is_few(4.6), is_few(float("nan"))
    (True, False, False, False)
    """
    return not pd.isna(count) and round(count) in FEW


def count_text(count: float, lang: str, *, public: bool = True) -> str:
    """A count of people; 1–4 as a band where the public reads.

    >>> count_text(3, "id"), count_text(3, "id", public=False), count_text(0, "id")
    ('1–4', '3', '0')
    """
    return text("words.few", lang) if public and is_few(count) else number(count, lang)


def counted_by(run: Run, entry: Indicator) -> Indicator:
    """The indicator whose counts stand behind another's values: the share a count is `of`, or the indicator itself."""
    of = entry.get("of")
    return next((e for e in run.facts["indicators"] if e["id"] == of), entry) if of else entry


def tells_rest(entry: Indicator) -> bool:
    """Whether the people left out are told exactly: not being weighed or measured points to no illness.

    Nor could it be hidden: the target group less the children measured, whom a prevalence names, is their number.
    """
    return entry["better"] == "lower" or entry.get("dimension") == "quality"


def band(run: Run, row: Row, entry: Indicator) -> Band:
    """How a figure of a village is banded: "" = written as it is.

    "whole": the target group is 1–4 · "part": 1–4 are counted · "rest": 1–4 are left out · "mixed": the group is so
    small that either may be.
    """
    share = counted_by(run, entry)
    y, n = (row.get(f"{part}_{share['id']}", math.nan) for part in ("numerator", "denominator"))
    if is_few(n):
        return "whole"
    if pd.isna(y) or pd.isna(n):
        return "part" if entry["kind"] == "count" and is_few(row.get(f"value_{entry['id']}", math.nan)) else ""
    higher = not tells_rest(share)
    if higher and round(n) in MIXED and 0 < round(y) < round(n):
        return "mixed"
    if is_few(y):
        return "part"
    return "rest" if higher and is_few(n - y) else ""


def hidden(run: Run, entry: Indicator) -> np.ndarray:
    """By village, in the order of the table, whether a figure is banded: `band` of all villages at once."""
    share, v = counted_by(run, entry), run.villages
    nothing = np.full(len(v), math.nan)
    y, n = (v.get(f"{part}_{share['id']}", nothing) for part in ("numerator", "denominator"))
    y, n = (np.rint(np.asarray(x, dtype=float)) for x in (y, n))
    few, rest = ((x >= min(FEW)) & (x <= max(FEW)) for x in (y, n - y))
    found = (n >= min(FEW)) & (n <= max(FEW)) | few & ~np.isnan(n)
    if not tells_rest(share):
        found |= rest | (n >= min(MIXED)) & (n <= max(MIXED)) & (y > 0) & (y < n)
    if entry["kind"] == "count":
        value = np.rint(np.asarray(v.get(f"value_{entry['id']}", nothing), dtype=float))
        found |= np.isnan(y + n) & (value >= min(FEW)) & (value <= max(FEW))
    return np.asarray(found, dtype=bool)


def points_hidden(run: Run, row: Row, entry: Indicator) -> bool:
    """Whether the points of an indicator would give a banded figure away: its own, or one it is averaged with.

    In every mean but the arithmetic one the points of an indicator move with those of the others beneath it.
    """
    if band(run, row, entry):
        return True
    bound = _bound(run, str(entry["id"]))
    return any(band(run, row, e) for e in run.facts["indicators"] if e["id"] in bound)


def _bound(run: Run, name: str) -> set[str]:
    """The other scored indicators on which the points of one hang."""
    scheme = run.facts.get("scheme")
    if not scheme or name not in scheme["indicators"]:
        return set()
    paths = {i: _path(scheme, d) for i, d in zip(scheme["indicators"], scheme["dimension_of"], strict=True)}
    holding = set(scheme["dimension_of"])
    bent = {n for n in paths[name] if scheme["within" if n in holding else "across"] != "arithmetic"}
    return {i for i, path in paths.items() if i != name and bent & path}


def _path(scheme: Mapping[str, Any], node: int) -> set[int]:
    found = {node}
    while node != -1:
        node = scheme["parents"][node]
        found.add(node)
    return found


def score_step(run: Run, row: Row) -> int:
    """How coarsely a village's score is told, in points; 0 = as it is.

    The score less the points of the other indicators is what a banded one adds: it is told so coarsely that the next
    count of the band makes no difference.
    """
    hidden = sum(e["weight"] for e in run.facts["indicators"] if e["scored"] and band(run, row, e))
    return 0 if not hidden else 1 if hidden < HEAVY else 5


def score_told(run: Run, row: Row) -> tuple[int, int]:
    """The least and greatest whole score that the public reads of a ranked village; both alike where nothing is hidden.

    The span holds every whole score that the step rounds to the same.
    """
    step = score_step(run, row)
    if step < 2:
        return round(row["score"]), round(row["score"])
    middle = step * round(row["score"] / step)
    return max(0, middle - step // 2), min(100, middle + step // 2)


def ends(run: Run, row: Row, entry: Indicator, part: str = "estimate") -> tuple[float, float]:
    """The least and greatest estimate (or raw value) of a banded share over every count that its band allows.

    The estimate of empirical Bayes is linear in the count: the next count adds (1 − shrinkage) / target group.
    """
    kind, name = band(run, row, entry), entry["id"]
    if kind == "whole":
        return 0.0, 1.0
    y, n = row[f"numerator_{name}"], row[f"denominator_{name}"]
    least, most = {"rest": (n - max(FEW), n - min(FEW)), "mixed": (1.0, n - 1)}.get(kind, (min(FEW), max(FEW)))
    if part == "value":
        return least / n, most / n
    shrinkage = row[f"shrinkage_{name}"]
    step = (1 - (0.0 if pd.isna(shrinkage) else shrinkage)) / n
    low, high = (row[f"estimate_{name}"] + (k - y) * step for k in (least, most))
    return max(0.0, low), min(1.0, high)


def ten_steps(low: float, high: float) -> tuple[int, int]:
    """The whole tens of per cent around two shares.

    >>> ten_steps(0.14, 0.19), ten_steps(0.17, 0.21), ten_steps(0.3, 0.3)
    ((10, 20), (10, 30), (30, 40))
    """
    # Rounded first: 0.3 is a little less than three tenths to a computer.
    first = min(math.floor(round(low * 10, 9)), 9)
    return 10 * first, 10 * max(math.ceil(round(high * 10, 9)), first + 1)


def steps_text(run: Run, row: Row, entry: Indicator) -> str:
    """The estimate of a banded share, in whole tens of per cent: `10–20 %`."""
    low, high = ten_steps(*ends(run, row, entry))
    return f"{low}–{high} %"


def middle(run: Run, row: Row, entry: Indicator) -> float:
    """Where a banded share is drawn on a bar: the middle of the steps its text names; NaN for a group of 1–4."""
    if band(run, row, entry) == "whole":
        return math.nan
    return sum(ten_steps(*ends(run, row, entry))) / 200


def banded_text(run: Run, row: Row, entry: Indicator, lang: str) -> str:
    """What the public reads of a banded figure: `diperkirakan 10–20 % (1–4 dari 29)`."""
    kind = band(run, row, entry)
    if kind == "whole":
        return text("words.banded.whole", lang)
    if entry["kind"] == "count":
        return text("words.few" if kind == "part" else "words.banded.count", lang)
    whole = number(row[f"denominator_{entry['id']}"], lang)
    return text(f"words.banded.{kind}", lang, steps=steps_text(run, row, entry), whole=whole)
