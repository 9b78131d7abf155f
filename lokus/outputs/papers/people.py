"""Numbers of people in the cells of a paper: as counted, or the least and greatest that a band allows.

A total is reckoned from what its cells tell: nothing can be subtracted from it that they do not tell themselves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from lokus.messages import number
from lokus.outputs import banding, sums

if TYPE_CHECKING:
    from lokus.pipeline import Run

Row = Mapping[str, Any]
Indicator = Mapping[str, Any]
# The least and the greatest that a reader may know a number of people to be; NaN where it is not known at all.
Ends = tuple[float, float]
UNKNOWN: Ends = (math.nan, math.nan)
FEW: Ends = (float(min(banding.FEW)), float(max(banding.FEW)))


def whole(run: Run, row: Row, entry: Indicator, *, public: bool = True) -> Ends:
    """The target group of a village; 1–4 as its band."""
    n = row.get(f"denominator_{banding.counted_by(run, entry)['id']}", math.nan)
    return FEW if public and banding.is_few(n) else (n, n)


def counted(run: Run, row: Row, entry: Indicator, *, public: bool = True) -> Ends:
    """How many of a village's target group are counted: the numerator of a share, or the value of a count."""
    share = banding.counted_by(run, entry)
    y, n = (row.get(f"{part}_{share['id']}", math.nan) for part in ("numerator", "denominator"))
    if pd.isna(y) and entry["kind"] == "count":
        y = row.get(f"value_{entry['id']}", math.nan)
    kind = banding.band(run, row, entry) if public and not pd.isna(y) else ""
    if not kind:
        return y, y
    least, most = FEW
    return {"whole": (0.0, most), "part": FEW, "rest": (n - most, n - least), "mixed": (1.0, n - 1)}[kind]


def lacking(run: Run, row: Row, entry: Indicator, *, public: bool = True) -> Ends:
    """How many people of a village a service has not reached, or who bear a burden."""
    low, high = counted(run, row, entry, public=public)
    if entry["better"] == "lower":
        return low, high
    n = row.get(f"denominator_{banding.counted_by(run, entry)['id']}", math.nan)
    if pd.isna(n - low):
        return UNKNOWN
    if public and banding.is_few(n):
        return 0.0, FEW[1]
    # More may be counted than the target group has: nobody lacks anything then.
    return max(0.0, n - high), max(0.0, n - low)


def total(run: Run, entry: Indicator, among: pd.Series | None = None, *, public: bool = True) -> sums.Total | None:
    """The people of an indicator in all villages or those that `among` (bool by village) marks; None without counts.

    Its ends are the sums of the ends of the cells: beside a table that lists them a total that knows more would tell a
    hidden one, however coarsely the story may say it.
    """
    found = sums.counts(run, entry, public=public)
    if found is None:
        return None
    found = found if among is None else found[among.reindex(found.index)]
    low, high, whole = (float(found[part].sum()) for part in ("low", "high", "whole"))
    return sums.Total(low, high, whole)


def lacking_in_all(run: Run, entry: Indicator, among: pd.Series | None = None, *, public: bool = True) -> Ends:
    """The people lacking a service, or bearing a burden, in all villages or those that `among` marks."""
    found = total(run, entry, among, public=public)
    if found is None:
        return UNKNOWN
    meant = found if entry["better"] == "lower" else found.rest
    return max(0.0, meant.low), max(0.0, meant.high)


def said(ends: Ends, lang: str) -> str:
    """A number of people as one reads it: `1.204`, `1–4`, or "–" where it is not known.

    >>> said((1204.0, 1204.0), "id"), said((1204.0, 1210.0), "id"), said(UNKNOWN, "id")
    ('1.204', '1.204–1.210', '–')
    """
    low, high = (number(end, lang) for end in ends)
    return low if low == high else f"{low}–{high}"
