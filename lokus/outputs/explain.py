"""Why a village has its rank: the same words as the map's panel, as lines for a screen and as values for a program."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from rapidfuzz import fuzz, process

from lokus.errors import LokusError
from lokus.messages import text
from lokus.methods.audit import strengths_weaknesses
from lokus.outputs import banding, consequences, flags, margins, words
from lokus.outputs.patterns import Patterns
from lokus.pipeline import Run
from lokus.villages.names import normalise

# Strengths and weaknesses told of a village.
MOST_TELLING = 3


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
    :param public: band counts of 1–4 people: their needs are null, and so are their points with those that hang on
        them (`banding.points_hidden`); all numbers are rounded as on the screen, the score is coarser.
    :return: JSON values; `text` holds the lines for a screen, `contributions` the points of the score by indicator.
    :raises LokusError: no village is called so, or several are.
    """
    code = find_village(run, village)
    row = words.row_of(run, code)
    parts = [_part(run, row, entry, lang, public) for entry in run.facts["indicators"] if entry["scored"]]
    parts = [p for p in parts if p["need"] is not None or p["banded"]]
    parts = sorted(parts, key=lambda p: -(p["points"] or 0))
    score = sum(banding.score_told(run, row)) / 2 if public and not pd.isna(row["score"]) else row["score"]
    sure = words.uncertain(run)
    return {
        "village_code": code,
        "village": row["village"],
        "kecamatan": row["kecamatan"],
        "rank": None if pd.isna(row["rank"]) else int(row["rank"]),
        "score": _value(score),
        "rank_interval": [int(row["rank_low"]), int(row["rank_high"])] if sure and pd.notna(row["rank_low"]) else None,
        "p_top": _value(min(max(round(row["p_top"], 2), 0.01), 0.99) if public else row["p_top"]) if sure else None,
        "certainty": row["certainty"] if sure else "",
        "selected": bool(row["selected"]),
        "reasons": words.reasons(run, row, lang, public=public),
        "flags": flags.data_flags(run, row, lang, public=public),
        "contributions": parts,
        **standing(run, row, parts, public=public),
        "patterns": Patterns(run, lang, public=public).of(row),
        "reliability": row["reliability"],
        "margin": margins.as_values(run, row, public=public),
        "text": _lines(run, row, parts, lang, public),
    }


def _part(run: Run, row: words.Row, entry: words.Indicator, lang: str, public: bool) -> dict[str, Any]:
    banded = public and bool(banding.band(run, row, entry))
    need, points = (row.get(f"{part}_{entry['id']}", math.nan) for part in ("need", "contribution"))
    masked = public and banding.points_hidden(run, row, entry)
    if public:
        # As rounded as on the screen: from all decimals the other figures of the mean could be worked out.
        need = math.nan if banded else round(need, 1)
        points = math.nan if masked else round(points, 1)
    return {
        "id": entry["id"],
        "label": words.label(entry, lang),
        "said": words.rate_text(run, row, entry, lang, public=public),
        "banded": banded,
        "need": _value(need),
        "points": _value(points),
        "points_hidden": masked,
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
    said = (words.why_selected(run, row, lang), consequences.next_text(run, row["village_code"], lang))
    lines.append(" ".join(part for part in said if part))
    lines += ["", text("explain.why", lang)]
    lines += [f"  • {reason}" for reason in words.reasons(run, row, lang, public=public)]
    lines += _part_lines(row, parts, score, lang)
    lines += _standing_lines(parts, standing(run, row, parts, public=public), lang)
    lines += margins.margin_lines(run, row, lang, public=public)
    quality = words.indicator(run, "measured")
    if quality and not pd.isna(row.get("value_measured")):
        lines += ["", f"{words.label(quality, lang)}: {words.rate_text(run, row, quality, lang, public=public)}"]
        lines += [said for said in [words.unmeasured(run, row, lang, public=public)] if said]
    if row["reliability"]:
        lines.append(text(f"words.reliability.{row['reliability']}", lang))
    lines += ["", *(f"{said}." for said in Patterns(run, lang, public=public).of(row))]
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
    # What is known to add nothing is told so; only what is hidden is a dash.
    own = [p["points_said"] or ("–" if p["points_hidden"] else "0") for p in parts]
    told = [f"  {said:<{points}}  {p['label']:<{wide}}  {p['said']}" for said, p in zip(own, parts, strict=True)]
    note = [text("explain.hidden_parts", lang)] if any(p["points_hidden"] for p in parts) else []
    return ["", text("explain.parts", lang), *told, f"  {score:<{points}}  {text('explain.sum', lang)}", *note]


def standing(
    run: Run, row: words.Row, parts: list[dict[str, Any]], *, public: bool = True
) -> dict[str, list[dict[str, Any]]]:
    """In which scored indicators a village needs more, and less, than most: the most telling first.

    :param parts: as `contributions`; banded ones have no place.
    :param public: the places are among the villages whose figure is not banded.
    :return: "weaknesses" and "strengths", each id, worse and better (villages that need less, and more) and of.
    """
    ids = [p["id"] for p in parts if not p["banded"] and p["need"] is not None]
    told: dict[str, list[dict[str, Any]]] = {"weaknesses": [], "strengths": []}
    if not ids:
        return told
    known = {e["id"]: e for e in run.facts["indicators"]}
    needs = run.villages[[f"need_{name}" for name in ids]].set_axis(ids, axis=1)
    if public:
        needs = needs.mask(pd.DataFrame({i: banding.hidden(run, known[i]) for i in ids}, needs.index))
    for name, at in strengths_weaknesses(needs, str(row["village_code"]), MOST_TELLING).iterrows():
        weak = at["kind"] == "weakness"
        counts = {"worse": int(at["below"]), "better": int(at["rank"]) - 1, "of": int(at["villages"])}
        if 2 * counts["worse" if weak else "better"] > counts["of"]:
            told["weaknesses" if weak else "strengths"].append({"id": name, **counts})
    return told


def _standing_lines(parts: list[dict[str, Any]], told: dict[str, Any], lang: str) -> list[str]:
    labels = {p["id"]: p["label"] for p in parts}
    lines = []
    for kind, than in (("weaknesses", "worse"), ("strengths", "better")):
        said = [text("explain.than", lang, label=labels[t["id"]], count=t[than], of=t["of"]) for t in told[kind]]
        if said:
            lines.append(text(f"explain.{kind}", lang, parts="; ".join(said)))
    return ["", *lines] if lines else []


def _place(run: Run, code: str) -> str:
    row = run.villages.loc[code]
    return f"{row['village']} — Kec. {row['kecamatan']} ({code})"


def _value(value: float) -> float | None:
    return None if pd.isna(value) else float(value)
