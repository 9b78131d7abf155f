"""Why a village has its rank: the same words as the map's panel, as lines for a screen and as values for a program."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from rapidfuzz import fuzz, process

from lokus.errors import LokusError
from lokus.messages import text
from lokus.outputs import banding, flags, margins, words
from lokus.pipeline import Run
from lokus.villages.names import normalise


def find_village(run: Run, wanted: str) -> str:
    """The code of a village given by its code (with or without dots) or its name.

    :raises LokusError: none is called so (the nearest are told), or several are (their codes are told).
    """
    codes = run.villages.index
    plain = wanted.strip().replace(".", "")
    by_code = codes[codes.str.replace(".", "", regex=False) == plain]
    if len(by_code):
        return str(by_code[0])
    names = run.villages["village"].map(normalise)
    found = names.index[names == normalise(wanted)]
    if len(found) == 1:
        return str(found[0])
    if len(found):
        raise LokusError("village_many", village=wanted, codes=[_place(run, code) for code in found])
    near = process.extract(normalise(wanted), names.to_dict(), scorer=fuzz.WRatio, limit=3)
    raise LokusError("village_not_found", village=wanted, nearest=[_place(run, code) for _, _, code in near])


def explanation(run: Run, village: str, lang: str = "id", *, public: bool = True) -> dict[str, Any]:
    """Everything a run says about one village.

    :param village: its code, with or without dots, or its name.
    :param public: band counts of 1–4 people: their needs and points are null, the score is coarser.
    :return: JSON values; `text` holds the lines for a screen, `contributions` the points of the score by indicator.
    :raises LokusError: no village is called so, or several are.
    """
    code = find_village(run, village)
    row = words.row_of(run, code)
    parts = [_part(run, row, entry, lang, public) for entry in run.facts["indicators"] if entry["scored"]]
    parts = [p for p in parts if p["need"] is not None or p["banded"]]
    parts = sorted(parts, key=lambda p: -(p["points"] or 0))
    step = banding.score_step(run, row) if public else 0
    score = step * round(row["score"] / step) if step and not pd.isna(row["score"]) else row["score"]
    sure = words.uncertain(run)
    return {
        "village_code": code,
        "village": row["village"],
        "kecamatan": row["kecamatan"],
        "rank": None if pd.isna(row["rank"]) else int(row["rank"]),
        "score": _value(score),
        "rank_interval": [int(row["rank_low"]), int(row["rank_high"])] if sure and pd.notna(row["rank_low"]) else None,
        "p_top": _value(row["p_top"]) if sure else None,
        "certainty": row["certainty"] if sure else "",
        "selected": bool(row["selected"]),
        "reasons": words.reasons(run, row, lang, public=public),
        "flags": flags.data_flags(run, row, lang, public=public),
        "contributions": parts,
        "reliability": row["reliability"],
        "margin": margins.as_values(run, row, public=public),
        "text": _lines(run, row, parts, lang, public),
    }


def _part(run: Run, row: words.Row, entry: words.Indicator, lang: str, public: bool) -> dict[str, Any]:
    banded = public and bool(banding.band(run, row, entry))
    points = math.nan if banded else row.get(f"contribution_{entry['id']}", math.nan)
    return {
        "id": entry["id"],
        "label": words.label(entry, lang),
        "said": words.rate_text(run, row, entry, lang, public=public),
        "banded": banded,
        "need": None if banded else _value(row.get(f"need_{entry['id']}", math.nan)),
        "points": _value(points),
        "points_said": words.points_text(run, row, entry, lang, public=public),
    }


def _lines(run: Run, row: words.Row, parts: list[dict[str, Any]], lang: str, public: bool) -> list[str]:
    ranked = len(run.villages) - int(run.villages["rank"].isna().sum())
    lines = [f"{_place(run, row['village_code'])} · {run.facts['title']} · {run.facts['run_id']}"]
    if not run.facts["has_prevalence"]:
        lines.append(text("cli.no_prevalence", lang))
    score = words.score_text(run, row, lang, 2, public=public)
    if row["status"] == "ranked":
        lines.append(text("explain.rank", lang, rank=int(row["rank"]), of=ranked, score=score))
        sure = (words.certainty(run, row, lang), words.rank_interval(run, row, lang))
        lines.append(" ".join(f"{said}." for said in sure if said))
    lines.append(words.why_selected(run, row, lang))
    lines += ["", text("explain.why", lang)]
    lines += [f"  • {reason}" for reason in words.reasons(run, row, lang, public=public)]
    lines += _part_lines(row, parts, score, lang)
    lines += margins.margin_lines(run, row, lang, public=public)
    quality = words.indicator(run, "measured")
    if quality and not pd.isna(row.get("value_measured")):
        lines += ["", f"{words.label(quality, lang)}: {words.rate_text(run, row, quality, lang, public=public)}"]
        lines += [said for said in [words.unmeasured(run, row, lang, public=public)] if said]
    if row["reliability"]:
        lines.append(text(f"words.reliability.{row['reliability']}", lang))
    lines += ["", words.cluster_profile(run, row["cluster"], lang) + "."]
    lines += [said + "." for said in [words.hotspot(run, row, lang)] if said]
    lines += [f"! {flag}" for flag in flags.data_flags(run, row, lang, public=public)]
    return lines


def _part_lines(row: words.Row, parts: list[dict[str, Any]], score: str, lang: str) -> list[str]:
    """What each indicator says, with its points where the village is ranked."""
    if not parts:
        return []
    wide = max(len(p["label"]) for p in parts)
    if row["status"] != "ranked":
        return ["", text("explain.known", lang), *(f"  {p['label']:<{wide}}  {p['said']}" for p in parts)]
    points = max(len(p["points_said"]) for p in parts)
    told = [f"  {p['points_said'] or '–':<{points}}  {p['label']:<{wide}}  {p['said']}" for p in parts]
    return ["", text("explain.parts", lang), *told, f"  {score:<{points}}  {text('explain.sum', lang)}"]


def _place(run: Run, code: str) -> str:
    row = run.villages.loc[code]
    return f"{row['village']} — Kec. {row['kecamatan']} ({code})"


def _value(value: float) -> float | None:
    return None if pd.isna(value) else float(value)
