"""Why a village has its rank: the same words as the map's panel, as lines for a screen and as values for a program."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from rapidfuzz import fuzz, process

from lokus.errors import LokusError
from lokus.messages import number, percent, text
from lokus.outputs import words
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


def explanation(run: Run, code: str, lang: str) -> dict[str, Any]:
    """Everything a run says about one village.

    :return: JSON values; `text` holds the lines for a screen, `contributions` the points of the score by indicator.
    """
    row = run.villages.loc[code]
    parts = [_part(run, code, entry, lang) for entry in run.facts["indicators"] if entry["scored"]]
    parts = sorted((p for p in parts if p["points"] is not None), key=lambda p: -p["points"])
    return {
        "village_code": code,
        "village": row["village"],
        "kecamatan": row["kecamatan"],
        "rank": None if pd.isna(row["rank"]) else int(row["rank"]),
        "score": _value(row["score"]),
        "rank_interval": None if pd.isna(row["rank_low"]) else [int(row["rank_low"]), int(row["rank_high"])],
        "p_top": _value(row["p_top"]),
        "certainty": row["certainty"],
        "selected": bool(row["selected"]),
        "reasons": words.reasons(run, code, lang),
        "flags": words.data_flags(run, code, lang),
        "contributions": parts,
        "text": _lines(run, code, parts, lang),
    }


def _part(run: Run, code: str, entry: words.Indicator, lang: str) -> dict[str, Any]:
    row = run.villages.loc[code]
    points = row.get(f"contribution_{entry['id']}", math.nan)
    return {
        "id": entry["id"],
        "label": words.label(entry, lang),
        "said": words.rate_text(run, code, entry, lang),
        "need": _value(row.get(f"need_{entry['id']}", math.nan)),
        "points": _value(points),
    }


def _lines(run: Run, code: str, parts: list[dict[str, Any]], lang: str) -> list[str]:
    row = run.villages.loc[code]
    ranked = len(run.villages) - int(run.villages["rank"].isna().sum())
    lines = [f"{_place(run, code)} · {run.facts['title']} · {run.facts['run_id']}"]
    if not run.facts["has_prevalence"]:
        lines.append(text("cli.no_prevalence", lang))
    if row["status"] == "ranked":
        lines.append(
            text("explain.rank", lang, rank=int(row["rank"]), of=ranked, score=number(row["score"], lang, 2))
        )  # fmt: skip
        lines.append(f"{words.certainty(run, code, lang)}. {words.rank_interval(run, code, lang)}.")
    lines.append(words.why_selected(run, code, lang))
    lines += ["", text("explain.why", lang), *(f"  • {reason}" for reason in words.reasons(run, code, lang))]
    if parts:
        lines += ["", text("explain.parts", lang)]
        wide = max(len(p["label"]) for p in parts)
        lines += [f"  {number(p['points'], lang, 2):>6}  {p['label']:<{wide}}  {p['said']}" for p in parts]
        lines.append(f"  {number(row['score'], lang, 2):>6}  {text('explain.sum', lang)}")
    quality = words.indicator(run, "measured")
    if quality and not pd.isna(row.get("value_measured")):
        lines += ["", f"{words.label(quality, lang)}: {percent(row['value_measured'], lang)}"]
    lines += ["", words.cluster_profile(run, row["cluster"], lang) + "."]
    lines += [said + "." for said in [words.hotspot(run, code, lang)] if said]
    lines += [f"! {flag}" for flag in words.data_flags(run, code, lang)]
    return lines


def _place(run: Run, code: str) -> str:
    row = run.villages.loc[code]
    return f"{row['village']} — Kec. {row['kecamatan']} ({code})"


def _value(value: float) -> float | None:
    return None if pd.isna(value) else float(value)
