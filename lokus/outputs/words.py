"""What a run found about a village, in sentences of either language.

Counts of 1–4 people are told as "1–4" wherever `public` is true, and the rate they would give away as its estimate.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from lokus.messages import has, number, percent, text

if TYPE_CHECKING:
    from lokus.pipeline import Run

FEW = range(1, 5)
MOST_REASONS = 5
HALF_DRAWN = 0.5
MEASURED_ENOUGH = 0.8

Indicator = Mapping[str, Any]
# A village is named by its code, or given as its row of the village table, read before.
Village = str | Mapping[str, Any]


def row_of(run: Run, village: Village) -> Mapping[str, Any]:
    """A village's row of the village table as a mapping."""
    if isinstance(village, str):
        row: Mapping[str, Any] = run.villages.loc[village].to_dict()
        return row
    return village


def label(entry: Mapping[str, Any], lang: str) -> str:
    """The name of an indicator, dimension or point layer in a language; its id where it has none."""
    return str(entry.get(f"label_{lang}") or entry.get("label_id") or entry["id"])


def short(entry: Mapping[str, Any], lang: str) -> str:
    """The name of an indicator without the definition in brackets at its end.

    >>> short({"id": "x", "label_id": "Prevalensi balita stunting (TB/U < −2 SD)"}, "id")
    'Prevalensi balita stunting'
    """
    return re.sub(r"(?<=\S)\s*\([^()]*\)$", "", label(entry, lang))


def indicator(run: Run, name: str) -> Indicator | None:
    """What the run's facts say about an indicator; `None` where the study has no such one."""
    return next((entry for entry in run.facts["indicators"] if entry["id"] == name), None)


def value_text(entry: Indicator, value: float, lang: str) -> str:
    """A value as its indicator is read: a share in per cent, a count whole, a number with its unit.

    >>> value_text({"id": "x", "kind": "share"}, 0.4877, "id")
    '48,8 %'
    """
    if entry["kind"] == "share":
        return percent(value, lang)
    whole = entry["kind"] == "count" or (not math.isnan(value) and float(value).is_integer())
    decimals = 0 if whole else 1 if abs(value) >= 10 else 3
    unit = entry.get("unit") or ""
    shown = number(value, lang, decimals)
    return f"{shown} {unit}" if unit and shown != "–" else shown


def count_text(count: float, lang: str, *, public: bool = True) -> str:
    """A count of people; 1–4 as a band where the public reads.

    >>> count_text(3, "id"), count_text(3, "id", public=False), count_text(0, "id")
    ('1–4', '3', '0')
    """
    return text("words.few", lang) if public and is_few(count) else number(count, lang)


def is_few(count: float) -> bool:
    """Whether so few people are meant that they could be known: 1–4, also where arithmetic left 1.9999999.

    >>> is_few(1.9999999), is_few(0), is_few(4.6), is_few(float("nan"))
    (True, False, False, False)
    """
    return not pd.isna(count) and round(count) in FEW


def is_banded(run: Run, village: Village, entry: Indicator) -> bool:
    """Whether a figure of a village is, or would give away, a count of 1–4: its numerator, denominator or the count."""
    row = row_of(run, village)
    parts = ("value",) if entry["kind"] == "count" else ("numerator", "denominator")
    return any(is_few(row.get(f"{part}_{entry['id']}", math.nan)) for part in parts)


def rate_text(run: Run, village: Village, entry: Indicator, lang: str, *, public: bool = True) -> str:
    """A village's value as counted and, where there is one, as estimated: `48,8 % (79 dari 162), perkiraan 44,1 %`."""
    name, row = entry["id"], row_of(run, village)
    value = row.get(f"value_{name}", math.nan)
    if row.get(f"denominator_{name}", math.nan) == 0:
        return text("words.no_target_group", lang)
    if pd.isna(value):
        return text("words.no_data", lang)
    if entry["kind"] == "count":
        return count_text(value, lang, public=public) + (f" {entry['unit']}" if entry.get("unit") else "")
    if not entry["interval"]:
        return value_text(entry, value, lang)
    said = {
        "part": count_text(row[f"numerator_{name}"], lang, public=public),
        "whole": count_text(row[f"denominator_{name}"], lang, public=public),
        "estimate": percent(row[f"estimate_{name}"], lang),
        "raw": percent(value, lang),
    }
    if public and is_banded(run, row, entry):
        return text("words.estimated", lang, **said)
    return text("words.raw" if entry["better"] == "higher" else "words.raw_and_estimate", lang, **said)


def counted(run: Run, village: Village, entry: Indicator, lang: str, *, public: bool = True) -> str:
    """A share as counted, short: `79/162 = 48,8 %`; without the rate where it would give away a count of 1–4."""
    row, name = row_of(run, village), entry["id"]
    part, whole = row.get(f"numerator_{name}", math.nan), row.get(f"denominator_{name}", math.nan)
    if pd.isna(part) or pd.isna(whole):
        return value_text(entry, row[f"value_{name}"], lang)
    told = f"{count_text(part, lang, public=public)}/{count_text(whole, lang, public=public)}"
    banded = public and is_banded(run, row, entry)
    return told if banded else f"{told} = {percent(row[f'value_{name}'], lang)}"


def reasons(run: Run, village: Village, lang: str, *, public: bool = True) -> list[str]:
    """Why a village stands where it does: what contributes most and is worse than in the average village.

    One sentence an indicator, largest contribution first, at most five; one sentence alone where nothing is worse.
    """
    row = row_of(run, village)
    if row["status"] != "ranked":
        return [text("words.reason.unranked", lang, observed=percent(row["observed_weight"], lang, 0))]
    worse = []
    for entry in run.facts["indicators"]:
        need = run.villages.get(f"need_{entry['id']}")
        points = row.get(f"contribution_{entry['id']}", math.nan)
        if need is not None and points > 0 and row[f"need_{entry['id']}"] > need.mean():
            worse.append((-points, entry["id"], entry))
    told = [_reason(run, row, entry, lang, public) for _, _, entry in sorted(worse, key=lambda w: w[:2])]
    return told[:MOST_REASONS] or [text("words.reason.none", lang)]


def _reason(run: Run, row: Mapping[str, Any], entry: Indicator, lang: str, public: bool) -> str:
    name = entry["id"]
    people, target = row.get(f"gap_people_{name}", math.nan), entry.get("target")
    shape = "number" if entry["kind"] != "share" else f"share_{entry['better']}"
    if shape == "share_higher" and (target is None or not people > 0):
        shape = "share_higher_plain"
    return text(
        f"words.reason.{shape}",
        lang,
        label=short(entry, lang),
        rate=rate_text(run, row, entry, lang, public=public),
        target=percent(math.nan if target is None else target, lang, 0),
        people=count_text(people, lang, public=public),
        place=_place(run, row, entry, lang),
        points=number(row[f"contribution_{name}"], lang, 1),
    )


def _place(run: Run, row: Mapping[str, Any], entry: Indicator, lang: str) -> str:
    # Placed by the estimate: by the raw rate the smallest villages would stand first and last by chance alone.
    name = f"estimate_{entry['id']}"
    values = run.villages[name].dropna()
    end, before = ("highest", values > row[name]) if entry["better"] == "lower" else ("lowest", values < row[name])
    place = 1 + int(before.sum())
    first = "_first" if place == 1 else ""
    return text(f"words.place.{end}{first}", lang, place=place, count=len(values))


def certainty(run: Run, village: Village, lang: str) -> str:
    """How surely a village belongs to the top N: `Hampir pasti masuk 10 besar (peluang 97 %)`."""
    row = row_of(run, village)
    if not row["certainty"]:
        return text("words.certainty.unranked", lang)
    shown = probability(row["p_top"], lang)
    return text(f"words.certainty.{row['certainty']}", lang, top=run.facts["top_n"], p=shown)


def probability(p: float, lang: str) -> str:
    """A probability in whole per cent; simulations never prove 0 or 100 %.

    >>> probability(0.9999, "id"), probability(0.42, "id"), probability(0.0, "id")
    ('> 99 %', '42 %', '< 1 %')
    """
    if p > 0.99 or p < 0.01:
        return text("words.certainty.above" if p > 0.5 else "words.certainty.below", lang)
    return percent(p, lang, 0)


def rank_interval(run: Run, village: Village, lang: str) -> str:
    """The interval of a village's rank over the simulations; "" where it is not ranked."""
    row = row_of(run, village)
    if pd.isna(row["rank_low"]):
        return ""
    share = percent(run.facts["interval"], lang, 0)
    return text("words.certainty.interval", lang, low=int(row["rank_low"]), high=int(row["rank_high"]), interval=share)


def cluster_profile(run: Run, cluster: int | None, lang: str) -> str:
    """A village's group and what sets it apart. 0 = unlike any group, None = not grouped for want of data."""
    if cluster is None or pd.isna(cluster):
        return text("words.cluster.none", lang)
    profile = group_profile(run, int(cluster), lang)
    return text("words.cluster.named", lang, cluster=int(cluster), profile=profile) if cluster else profile


def group_profile(run: Run, cluster: int, lang: str) -> str:
    """What sets the villages of a group apart from the average village, without the group's number."""
    if cluster == 0:
        return text("words.cluster.apart", lang)
    profile = next(p for p in run.facts["clusters"]["profiles"] if p["cluster"] == cluster)
    high, low = (", ".join(in_sentence(run, name, lang) for name in profile[side]) for side in ("high", "low"))
    key = "both" if high and low else "high" if high else "low" if low else "even"
    return text(f"words.cluster.{key}", lang, high=high, low=low)


def in_sentence(run: Run, name: str, lang: str) -> str:
    """The label of an indicator as it stands inside a sentence."""
    entry = indicator(run, name)
    said = short(entry, lang) if entry else name
    # Labels such as "ASI eksklusif" or "KRS" keep their capitals inside a sentence.
    return said[:1].lower() + said[1:] if said[1:2].islower() else said


def hotspot(run: Run, village: Village, lang: str) -> str:
    """Whether a village is part of a hot spot, in words; "" where it cannot be said."""
    kind = row_of(run, village)["hotspot"]
    of = run.facts["space"]["of"]
    if not kind or not of:
        return ""
    return text(f"words.hotspot.{kind}", lang, label=in_sentence(run, of, lang))


def data_flags(run: Run, village: Village, lang: str, *, public: bool = True) -> list[str]:
    """What a reader must know about the data of a village before trusting its numbers."""
    row, told = row_of(run, village), []
    if not row["has_boundary"]:
        told.append(text("words.flag.no_polygon", lang))
    if row["status"] != "ranked":
        told.append(text("words.flag.unranked", lang, observed=percent(row["observed_weight"], lang, 0)))
    told.extend(_measured_flag(row, lang))
    absent: dict[str, list[str]] = {"missing": [], "no_target_group": []}
    for entry in run.facts["indicators"]:
        name = entry["id"]
        if row.get(f"denominator_{name}", math.nan) == 0:
            absent["no_target_group"].append(short(entry, lang))
        elif pd.isna(row.get(f"value_{name}", math.nan)):
            absent["missing"].append(short(entry, lang))
        elif (entry["dimension"], entry["kind"]) == ("burden", "share") and row[f"shrinkage_{name}"] >= HALF_DRAWN:
            count = count_text(row[f"denominator_{name}"], lang, public=public)
            drawn = percent(row[f"shrinkage_{name}"], lang, 0)
            told.append(text("words.flag.shrunk", lang, label=short(entry, lang), count=count, share=drawn))
    told.extend(text(f"words.flag.{key}", lang, labels=labels) for key, labels in absent.items() if labels)
    return told


def _measured_flag(row: Mapping[str, Any], lang: str) -> list[str]:
    share = row.get("value_measured", math.nan)
    if share > 1:
        return [text("words.flag.measured_over", lang, share=percent(share, lang, 0))]
    return [text("words.flag.measured_low", lang, share=percent(share, lang, 0))] if share < MEASURED_ENOUGH else []


def why_selected(run: Run, village: Village, lang: str) -> str:
    """Why a village is on the list, or why it is not."""
    row = row_of(run, village)
    chosen = bool(row["selected"])
    by = row["selected_by" if chosen else "left_out_by"] or ("score" if chosen else "unranked")
    return text(
        f"words.{'selected' if chosen else 'left_out'}.{by}",
        lang,
        rank=number(math.nan if pd.isna(row["rank"]) else row["rank"], lang),
        top=run.facts["selection"]["count"],
        reason=row["reason"],
        rules=rules(run, lang),
    ).strip()


def rules(run: Run, lang: str) -> str:
    """The rules of choice of the study as one phrase."""
    told = []
    for rule in run.facts["selection"]["rules"]:
        kind = f"words.rule.{rule['key'].split('.')[-1]}"
        value = len(rule["value"]) if isinstance(rule["value"], list) else rule["value"]
        told.append(text(kind if has(kind) else "words.rule.other", lang, value=value, rule=rule["key"]))
    return "; ".join(told) or text("words.rule.none", lang)
