"""What became of the villages since an earlier run: sentences and a pair of intervals for the map's panel."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lokus.catalog.loader import BURDEN
from lokus.errors import LokusError
from lokus.messages import number, percent, text
from lokus.outputs import comparison, words

if TYPE_CHECKING:
    from lokus.pipeline import Run

DOUBTS = ("measured_moved", "group_moved", "opposite")
# The level of `change.change_in_rate`, by which the table was made.
LEVEL = 0.90
# Ends of the intervals are whole thousandths of the axis, which ends at a whole ten of per cent.
LENGTH = 1000

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Since:
    """An earlier run beside a later one. `told`: `comparison.table` on the villages of the later run."""

    before: Run
    after: Run
    told: pd.DataFrame


def since(before: Run, after: Run, *, public: bool = True) -> Since:
    """Puts a run beside an earlier one.

    :raises LokusError: "map_before_other" where the two have not one village in common.
    """
    if not len(before.villages.index.intersection(after.villages.index)):
        raise LokusError("map_before_other", before=before.facts["run_id"], run=after.facts["run_id"])
    told = comparison.table_told(before, after, public=public).reindex(after.villages.index)
    return Since(before, after, told.astype({"rank_before": "float64", "rank_after": "float64"}))


def trends(pair: Since, lang: str, *, public: bool = True, only: pd.Index | None = None) -> dict[str, Any]:
    """The change of every village, in the order of the table: its sentences, and where the two intervals lie.

    `axis`: where the common axis ends · `labels`: what the two intervals are called · `villages`: `lines` and `spans`,
    each span `[low, estimate, high]` in thousandths of the axis, or None where there is none that may be drawn.
    `only`: the codes of the villages that are told of; every one where it is None.
    """
    top = _axis(pair)
    rows = (pair.told if only is None else pair.told.loc[only]).to_dict("index").items()
    return {
        "title": text("map.trend.title", lang, label=name(pair.before, pair.after, lang)),
        "axis": percent(top, lang, 0),
        "labels": [name(pair.before, pair.after, lang), name(pair.after, pair.before, lang)],
        "villages": [_village(pair, str(code), row, top, lang, public) for code, row in rows],
    }


def name(run: Run, other: Run, lang: str) -> str:
    """What a run is called beside another: its year, or its id where both are of one year."""
    year = str(run.facts["year"])
    return year if run.facts["year"] != other.facts["year"] else text("map.trend.run", lang, run=run.facts["run_id"])


def rates(pair: Since, code: str, lang: str, public: bool) -> tuple[str, str]:
    """The estimates of both runs as the public may read them; "–" where a run has none."""
    said = [_estimate(run, code, lang, public) for run in (pair.before, pair.after)]
    return said[0], said[1]


def _estimate(run: Run, code: str, lang: str, public: bool) -> str:
    entry = words.indicator(run, BURDEN)
    known = entry is not None and code in run.villages.index and f"estimate_{BURDEN}" in run.villages
    return words.estimate_text(run, code, entry, lang, public=public) if known and entry else "–"


def _axis(pair: Since) -> float:
    ends = [
        run.villages[f"high_{BURDEN}"].max() for run in (pair.before, pair.after) if f"high_{BURDEN}" in run.villages
    ]
    most = float(np.nanmax([*ends, 0.1]))
    return min(1.0, math.ceil(round(most * 10, 9)) / 10)


def _village(pair: Since, code: str, row: Row, top: float, lang: str, public: bool) -> dict[str, Any]:
    runs = (pair.before, pair.after)
    banded = public and any(comparison.rate_hidden(run, code) for run in runs)
    lines = []
    if row["verdict"]:
        was, now = rates(pair, code, lang, public)
        verdict = text(f"compare.verdict.{row['verdict']}", lang)
        lines.append(text("map.trend.rate", lang, was=was, now=now, verdict=verdict))
        if not banded:
            lines.append(text("map.trend.change", lang, **_change(row, lang)))
    # Points of a score tell more than rates: one banded indicator of any kind hides them.
    lines.append(_move(pair, code, row, lang, public and any(comparison.score_hidden(run, code) for run in runs)))
    lines += [text(f"compare.doubt.{doubt}", lang) for doubt in DOUBTS if row["verdict"] and row[doubt]]
    spans = [None if banded else _span(run, code, top) for run in runs]
    return {"lines": lines, "spans": spans if any(spans) else []}


def _change(row: Row, lang: str) -> dict[str, str]:
    points = {part: comparison.signed(100 * row[part], lang) for part in ("change", "low", "high")}
    return {**points, "interval": percent(LEVEL, lang, 0)}


def _move(pair: Since, code: str, row: Row, lang: str, hidden: bool) -> str:
    was, now = (number(row[f"rank_{when}"], lang) for when in ("before", "after"))
    own = {**row, "by_points": math.nan} if hidden else row
    why = comparison.why(pair.before, pair.after, code, own, lang)
    move = text(f"map.trend.{row['move']}", lang)
    return text("map.trend.rank", lang, was=was, now=now, move=move, why=why).rstrip()


def _span(run: Run, code: str, top: float) -> list[int] | None:
    if code not in run.villages.index or f"estimate_{BURDEN}" not in run.villages:
        return None
    row = words.row_of(run, code)
    ends = [row[f"{part}_{BURDEN}"] for part in ("low", "estimate", "high")]
    return None if pd.isna(ends).any() else [round(LENGTH * min(1.0, float(x) / top)) for x in ends]
