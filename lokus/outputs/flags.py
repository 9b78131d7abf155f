"""What a reader must know about the data of a village before trusting its numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from lokus.messages import percent, text
from lokus.outputs import banding, words

if TYPE_CHECKING:
    from lokus.pipeline import Run

HALF_DRAWN = 0.5
MEASURED_ENOUGH = 0.8


def data_flags(
    run: Run, village: words.Village, lang: str, *, public: bool = True, waiting: Mapping[str, list[str]] | None = None
) -> list[str]:
    """The notes on a village's data: what is missing, waits for a decision, or rests on few people.

    `waiting`: `rows_waiting` of the run, where it is known already.
    """
    row, told = words.row_of(run, village), []
    if not row["has_boundary"]:
        told.append(text("words.flag.no_polygon", lang))
    told.extend(_measured_flag(run, row, lang, public))
    absent: dict[str, list[str]] = {"missing": [], "no_target_group": []}
    for entry in run.facts["indicators"]:
        name = entry["id"]
        if row.get(f"denominator_{name}", math.nan) == 0:
            absent["no_target_group"].append(words.short(entry, lang))
        elif pd.isna(row.get(f"value_{name}", math.nan)):
            absent["missing"].append(words.short(entry, lang))
        elif (entry["dimension"], entry["kind"]) == ("burden", "share") and row[f"shrinkage_{name}"] >= HALF_DRAWN:
            told.append(_shrunk(run, row, entry, lang, public))
    if absent["missing"]:
        held = (rows_waiting(run) if waiting is None else waiting).get(row["village_code"], [])
        told.extend(text("words.flag.waiting", lang, row=name) for name in held)
    told.extend(text(f"words.flag.{key}", lang, labels=labels) for key, labels in absent.items() if labels)
    return told


def rows_waiting(run: Run) -> dict[str, list[str]]:
    """The rows of the tables that a person has yet to give to a village, by the code of each village they may be."""
    if "candidates" not in run.join:
        return {}
    asked = run.join[run.join["status"].isin(["candidate", "unmatched"]) & run.join["candidates"].ne("")]
    found: dict[str, list[str]] = {}
    for name, candidates in zip(asked["village"], asked["candidates"], strict=True):
        for code in re.findall(r"\(([\d.]+)\)", str(candidates)):
            found.setdefault(code, []).append(str(name))
    return found


def _shrunk(run: Run, row: Mapping[str, Any], entry: words.Indicator, lang: str, public: bool) -> str:
    name = entry["id"]
    said, count = words.short(entry, lang), banding.count_text(row[f"denominator_{name}"], lang, public=public)
    if public and banding.band(run, row, entry):
        return text("words.flag.shrunk_banded", lang, label=said, count=count)
    return text("words.flag.shrunk", lang, label=said, count=count, share=percent(row[f"shrinkage_{name}"], lang, 0))


def _measured_flag(run: Run, row: Mapping[str, Any], lang: str, public: bool) -> list[str]:
    share, entry = row.get("value_measured", math.nan), words.indicator(run, "measured")
    over, low = share > 1, share < MEASURED_ENOUGH
    if not (over or low):
        return []
    banded = entry is not None and public and banding.band(run, row, entry)
    said = banding.banded_text(run, row, entry, lang) if banded and entry else percent(share, lang, 0)
    return [text("words.flag.measured_over" if over else "words.flag.measured_low", lang, share=said)]
