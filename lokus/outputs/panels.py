"""What the map's panel tells about each village: rank and certainty, reasons in words, a bar for every indicator."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lokus.messages import number, percent, text
from lokus.outputs import words
from lokus.outputs.words import Indicator

if TYPE_CHECKING:
    from lokus.pipeline import Run

# Positions on a bar are whole thousandths of its length.
LENGTH = 1000

Row = Mapping[str, Any]


def panels(run: Run, lang: str, *, public: bool = True) -> dict[str, Any]:
    """The panels of all villages, in the order of the table, and what their bars share."""
    order = sorted(run.facts["indicators"], key=lambda e: (e["dimension"] == "quality", -e["weight"]))
    scales = {entry["id"]: _scale(run, entry) for entry in order}
    return {
        "bars": [_shared(entry, scales[entry["id"]], lang) for entry in order],
        "villages": [_panel(run, row, order, scales, lang, public) for row in run.villages.to_dict("index").values()],
    }


def _scale(run: Run, entry: Indicator) -> tuple[float, float]:
    """Where an indicator's bar begins and ends: a share served runs to 100 %, anything else to its largest value."""
    if entry["kind"] == "share" and entry["better"] == "higher":
        return 0.0, 1.0
    seen = [run.villages[f"{part}_{entry['id']}"] for part in ("value", "estimate", "high") if _has(run, part, entry)]
    ends = [edge for column in seen if column.notna().any() for edge in (column.min(), column.max())]
    ends += [entry["target"]] if entry["target"] is not None else []
    low, high = min([0.0, *ends]), max([0.0, *ends])
    return low, high if high > low else low + 1.0


def _has(run: Run, part: str, entry: Indicator) -> bool:
    return f"{part}_{entry['id']}" in run.villages


def _at(value: float | None, scale: tuple[float, float]) -> int | None:
    if value is None or math.isnan(value):
        return None
    return round(LENGTH * float(np.clip((value - scale[0]) / (scale[1] - scale[0]), 0, 1)))


def _shared(entry: Indicator, scale: tuple[float, float], lang: str) -> dict[str, Any]:
    return {
        "label": words.short(entry, lang),
        "mean": _at(entry["average"], scale),
        "mean_text": words.value_text(entry, math.nan if entry["average"] is None else entry["average"], lang),
        "target": _at(entry["target"], scale),
        "target_text": "" if entry["target"] is None else words.value_text(entry, entry["target"], lang),
    }


def _panel(
    run: Run, row: Row, order: list[Indicator], scales: Mapping[str, tuple[float, float]], lang: str, public: bool
) -> dict[str, Any]:
    pattern = [words.cluster_profile(run, row["cluster"], lang)] if run.villages["cluster"].notna().any() else []
    return {
        "kind": text(f"map.panel.{row['village_kind']}", lang) if row["village_kind"] else "",
        "last": bool(row["last_year"]),
        "figures": _figures(run, row, lang),
        "sure": words.certainty(run, row, lang) if row["certainty"] else "",
        "why": words.why_selected(run, row, lang),
        "reasons": words.reasons(run, row, lang, public=public),
        "bars": [_bar(run, row, entry, scales[entry["id"]], lang, public) for entry in order],
        "pattern": [said for said in (*pattern, words.hotspot(run, row, lang)) if said],
        "flags": words.data_flags(run, row, lang, public=public),
    }


def _figures(run: Run, row: Row, lang: str) -> list[list[str]]:
    if pd.isna(row["rank"]):
        return [[text("map.panel.rank", lang), "–", text("map.panel.unranked", lang)]]
    ranked = int(run.villages["rank"].notna().sum())
    told = [
        [text("map.panel.rank", lang), number(row["rank"], lang), text("map.panel.of", lang, count=ranked)],
        [text("map.panel.score", lang), number(row["score"], lang, 1), text("map.panel.of", lang, count=100)],
    ]
    if pd.notna(row["rank_low"]):
        span = f"{number(row['rank_low'], lang)}–{number(row['rank_high'], lang)}"
        told.append([text("map.panel.ranks", lang), span, percent(run.facts["interval"], lang, 0)])
    return told


def _bar(run: Run, row: Row, entry: Indicator, scale: tuple[float, float], lang: str, public: bool) -> dict[str, Any]:
    name = entry["id"]
    banded = public and words.is_banded(run, row, entry)
    estimated = entry["kind"] == "share" and (banded or entry["dimension"] == "burden")
    shown = row[f"{'estimate' if estimated else 'value'}_{name}"]
    # A bar of a single child's length would tell what its text hides.
    if public and entry["kind"] == "count" and words.is_few(shown):
        shown = max(words.FEW)
    told: dict[str, Any] = {"text": words.rate_text(run, row, entry, lang, public=public), "to": _at(shown, scale)}
    if entry["interval"] and entry["dimension"] == "burden" and entry["kind"] == "share":
        told["from"], told["until"] = (_at(row[f"{side}_{name}"], scale) for side in ("low", "high"))
        told["raw"] = None if banded else _at(row[f"value_{name}"], scale)
    people, points = row.get(f"gap_people_{name}", math.nan), row.get(f"contribution_{name}", math.nan)
    if entry["better"] == "higher" and people > 0:
        told["people"] = text("map.panel.people", lang, count=words.count_text(people, lang, public=public))
    if points > 0:
        told["points"] = f"+{number(points, lang, 1)}"
    average = math.nan if entry["average"] is None else entry["average"]
    if shown > average if entry["better"] == "lower" else shown < average:
        told["worse"] = True
    return told
