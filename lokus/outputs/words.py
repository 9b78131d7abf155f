"""What a run found about a village, in sentences of either language.

Wherever `public` is true, figures of 1–4 people are told as `banding` says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lokus import packages
from lokus.catalog.loader import BURDEN
from lokus.dictionary import label as label
from lokus.dictionary import short as short
from lokus.dictionary import unit_text as unit_text
from lokus.dictionary import value_text as value_text
from lokus.messages import number, percent, text
from lokus.outputs import banding, choice
from lokus.outputs.banding import count_text

if TYPE_CHECKING:
    from lokus.pipeline import Run

MOST_REASONS = 5
# Where the classes of certainty begin (`ranking.certainty`).
SURE = (0.4, 0.6, 0.9)

Indicator = Mapping[str, Any]
# A village is named by its code, or given as its row of the village table, read before.
Row = Mapping[str, Any]
Village = str | Row


def row_of(run: Run, village: Village) -> Mapping[str, Any]:
    """A village's row of the village table as a mapping."""
    if isinstance(village, str):
        return {**run.villages.loc[village].to_dict(), "village_code": village}
    return village


def indicator(run: Run, name: str) -> Indicator | None:
    """What the run's facts say about an indicator; `None` where the study has no such one."""
    return next((entry for entry in run.facts["indicators"] if entry["id"] == name), None)


def rate_text(run: Run, village: Village, entry: Indicator, lang: str, *, public: bool = True) -> str:
    """A village's value as counted and, where there is one, as estimated: `48,8 % (79 dari 162), perkiraan 44,1 %`."""
    name, row = entry["id"], row_of(run, village)
    value = row.get(f"value_{name}", math.nan)
    if row.get(f"denominator_{name}", math.nan) == 0:
        return text("words.no_target_group", lang)
    if pd.isna(value):
        return text("words.no_data", lang)
    unit = unit_text(entry, lang)
    if public and (kind := banding.band(run, row, entry)):
        told = banding.banded_text(run, row, entry, lang)
        return f"{told} {unit}" if unit and entry["kind"] == "count" and kind == "part" else told
    if entry["kind"] == "count":
        return f"{number(value, lang)} {unit}" if unit else number(value, lang)
    if not entry["interval"]:
        return value_text(entry, value, lang)
    said = {
        "part": number(row[f"numerator_{name}"], lang),
        "whole": number(row[f"denominator_{name}"], lang),
        "estimate": percent(row[f"estimate_{name}"], lang),
        "raw": percent(value, lang),
    }
    return text("words.raw" if entry["better"] == "higher" else "words.raw_and_estimate", lang, **said)


def estimate_text(run: Run, village: Village, entry: Indicator, lang: str, *, public: bool = True) -> str:
    """The estimate of a share: to a tenth of a per cent, or in whole tens where it would give away a count of 1–4."""
    row = row_of(run, village)
    estimate = row[f"estimate_{entry['id']}"]
    if public and not pd.isna(estimate) and (kind := banding.band(run, row, entry)):
        return "–" if kind == "whole" else banding.steps_text(run, row, entry)
    return percent(estimate, lang)


def counted(run: Run, village: Village, entry: Indicator, lang: str, *, public: bool = True) -> str:
    """A share as counted, short: `79/162 = 48,8 %`; without what would give away a count of 1–4."""
    row, name = row_of(run, village), entry["id"]
    part, whole = row.get(f"numerator_{name}", math.nan), row.get(f"denominator_{name}", math.nan)
    if pd.isna(part) or pd.isna(whole):
        return value_text(entry, row[f"value_{name}"], lang)
    if public and (kind := banding.band(run, row, entry)):
        return text("words.few", lang) if kind == "whole" else _banded_count(kind, whole, lang)
    return f"{number(part, lang)}/{number(whole, lang)} = {percent(row[f'value_{name}'], lang)}"


def _banded_count(kind: str, whole: float, lang: str) -> str:
    return f"{text('words.few', lang) if kind == 'part' else '…'}/{number(whole, lang)}"


def score_text(run: Run, village: Village, lang: str, decimals: int, *, public: bool = True) -> str:
    """A village's score: to `decimals` inside the office, for the public whole, `69`, or a span of whole ones, `38–42`.

    A list has one precision, and a span never contradicts the ranks beside it. What is told: `banding.score_told`.
    """
    row = row_of(run, village)
    if pd.isna(row["score"]) or not public:
        return number(row["score"], lang, decimals)
    low, high = banding.score_told(run, row)
    return number(low, lang) if low == high else f"{number(low, lang)}–{number(high, lang)}"


def points_text(run: Run, village: Village, entry: Indicator, lang: str, *, public: bool = True) -> str:
    """What an indicator adds to a village's score, of how much it could: `+24,4 dari paling banyak 25,0`.

    "" where it adds nothing or would give a banded figure away; without the most where weights of missing indicators
    were spread.
    """
    row = row_of(run, village)
    points = row.get(f"contribution_{entry['id']}", math.nan)
    if not points > 0 or (public and banding.points_hidden(run, row, entry)):
        return ""
    told, most = f"+{number(points, lang, 1)}", 100 * entry["weight"]
    scored = [e["id"] for e in run.facts["indicators"] if e["scored"]]
    if points > most + 0.05 or any(pd.isna(row.get(f"need_{name}", math.nan)) for name in scored):
        return told
    return text("words.of_most", lang, points=told, most=number(most, lang, 1))


def reasons(run: Run, village: Village, lang: str, *, public: bool = True) -> list[str]:
    """Why a village stands where it does: what contributes most and is worse than in the average village.

    One sentence an indicator, largest contribution first, at most five; one sentence alone where nothing is worse.
    Banded figures come last, by their band alone: their place among the others would tell them.
    """
    row = row_of(run, village)
    if row["status"] != "ranked":
        return [unranked(run, row, lang)]
    worse: list[tuple[float, str, Indicator]] = []
    for entry in run.facts["indicators"]:
        name, need = entry["id"], run.villages.get(f"need_{entry['id']}")
        points = row.get(f"contribution_{name}", math.nan)
        if public and banding.band(run, row, entry):
            if entry["kind"] == "share" and _banded_worse(run, row, entry):
                worse.append((0.0, name, entry))
        elif need is not None and points > 0 and row[f"need_{name}"] > need.mean():
            worse.append((-likely_points(run, row, entry, public=public), name, entry))
    told = [_reason(run, row, entry, lang, public) for _, _, entry in sorted(worse, key=lambda w: w[:2])]
    return told[:MOST_REASONS] or [text("words.reason.none", lang)]


def likely_points(run: Run, row: Mapping[str, Any], entry: Indicator, *, public: bool = True) -> float:
    """What an indicator adds to a score, to order by: where that must be hidden, its need times its weight."""
    if public and banding.points_hidden(run, row, entry):
        return float(100 * entry["weight"] * row[f"need_{entry['id']}"])
    return float(row[f"contribution_{entry['id']}"])


def _banded_worse(run: Run, row: Mapping[str, Any], entry: Indicator) -> bool:
    middle, average = banding.middle(run, row, entry), entry["average"]
    if not entry["scored"] or average is None:
        return False
    return bool(middle > average if entry["better"] == "lower" else middle < average)


def unranked(run: Run, village: Village, lang: str) -> str:
    """Why a village has no rank, with the names of what is missing."""
    row = row_of(run, village)
    if row["status"] == "no_data":
        return text("words.reason.no_data", lang)
    missing = [
        short(e, lang)
        for e in run.facts["indicators"]
        if e["scored"] and pd.isna(row.get(f"value_{e['id']}", math.nan))
    ]
    observed = percent(row["observed_weight"], lang, 0)
    return text("words.reason.unranked", lang, observed=observed, missing=missing)


def _reason(run: Run, row: Mapping[str, Any], entry: Indicator, lang: str, public: bool) -> str:
    name = entry["id"]
    rate = rate_text(run, row, entry, lang, public=public)
    if public and banding.band(run, row, entry):
        return text("words.reason.banded", lang, label=short(entry, lang), rate=rate)
    people, target = row.get(f"gap_people_{name}", math.nan), entry.get("target")
    points = points_text(run, row, entry, lang, public=public)
    shape = "number" if entry["kind"] != "share" else f"share_{entry['better']}"
    if shape == "share_higher" and (target is None or not people > 0):
        shape = "share_higher_plain"
    return text(
        f"words.reason.{shape}",
        lang,
        label=short(entry, lang),
        rate=rate,
        target=percent(math.nan if target is None else target, lang, 0),
        people=lacking(entry, people, lang, public=public),
        place=_place(run, row, entry, lang, public),
        points=f" {text('words.reason.points', lang, points=points)}" if points else "",
    )


def lacking(entry: Indicator, people: float, lang: str, *, public: bool = True) -> str:
    """How many people a service has not reached yet, in the words of the service."""
    kind = "measured" if entry["dimension"] == "quality" else "served"
    hides = public and not banding.tells_rest(entry)
    return text(f"words.lacking.{kind}", lang, count=count_text(people, lang, public=hides))


def _place(run: Run, row: Mapping[str, Any], entry: Indicator, lang: str, public: bool) -> str:
    # Placed by the estimate: by the raw rate the smallest villages would stand first and last by chance alone.
    estimates = run.villages[f"estimate_{entry['id']}"].to_numpy(dtype=float)
    seen = ~np.isnan(estimates)
    # A place among banded figures would say how many of them lie beyond it.
    written = seen & ~banding.hidden(run, entry) if public else seen
    values, own = estimates[written], row[f"estimate_{entry['id']}"]
    end, before = ("highest", values > own) if entry["better"] == "lower" else ("lowest", values < own)
    place = 1 + int(before.sum())
    first = "_first" if place == 1 else ""
    told = text(f"words.place.{end}{first}", lang, place=ordinal(place, lang), count=len(values))
    return told if len(values) == seen.sum() else text("words.place.written", lang, place=told)


def unmeasured(run: Run, village: Village, lang: str, *, public: bool = True) -> str:
    """What the prevalence may be once the children not measured are counted in; "" where it cannot be told."""
    row, entry = row_of(run, village), indicator(run, BURDEN)
    missed = row.get(f"missed_{BURDEN}", math.nan)
    if entry is None or pd.isna(missed) or missed < 0.5 or (public and banding.band(run, row, entry)):
        return ""
    ends = {name: percent(row[f"{name}_{BURDEN}"], lang) for name in ("best", "worst", "all", "all_low", "all_high")}
    return text("words.unmeasured", lang, missed=count_text(missed, lang, public=public), **ends)


def ordinal(place: int, lang: str) -> str:
    """A place in order.

    >>> [ordinal(n, "en") for n in (1, 2, 11, 23)], ordinal(8, "id")
    (['1st', '2nd', '11th', '23rd'], 'ke-8')
    """
    if lang == "id":
        return f"ke-{place}"
    last = 0 if place % 100 in (11, 12, 13) else place % 10
    return f"{place}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(last, 'th') }"


def uncertain(run: Run) -> bool:
    """Whether anything in the study moves the ranks; if not, an interval or a probability would be false certainty."""
    return bool(run.facts.get("uncertain", True))


def certainty(run: Run, village: Village, lang: str) -> str:
    """How surely a village belongs to the top N: `Hampir pasti masuk 10 besar (peluang 97 %)`."""
    row = row_of(run, village)
    if not row["certainty"]:
        return text("words.certainty.unranked", lang)
    if not uncertain(run):
        return text("words.certainty.unknown", lang)
    shown = probability(row["p_top"], lang)
    return text(f"words.certainty.{row['certainty']}", lang, top=run.facts["top_n"], p=shown)


def probability(p: float, lang: str) -> str:
    """A probability in whole per cent, not rounded up into the next class; simulations never prove 0 or 100 %.

    >>> probability(0.9999, "id"), probability(0.42, "id"), probability(0.0, "id"), probability(0.896, "id")
    ('> 99 %', '42 %', '< 1 %', '89 %')
    """
    if p > 0.99 or p < 0.01:
        return text("words.certainty.above" if p > 0.5 else "words.certainty.below", lang)
    shown = 0 if pd.isna(p) else round(100 * p)
    crossed = any(p < limit and shown >= round(100 * limit) for limit in SURE)
    return percent(p - 0.01 if crossed else p, lang, 0)


def rank_interval(run: Run, village: Village, lang: str) -> str:
    """The interval of a village's rank over the simulations; "" where it is not ranked or nothing was uncertain."""
    row = row_of(run, village)
    if pd.isna(row["rank_low"]) or not uncertain(run):
        return ""
    share = percent(run.facts["interval"], lang, 0)
    return text("words.certainty.interval", lang, low=int(row["rank_low"]), high=int(row["rank_high"]), interval=share)


def cluster_profile(run: Run, cluster: int | None, lang: str) -> str:
    """A village's group by number and name, and what its villages lack. 0 = unlike any group, None = data short."""
    if cluster is None or pd.isna(cluster):
        return text("words.cluster.none", lang)
    if not cluster:
        return text("words.cluster.apart", lang)
    profile, name = group_profile(run, int(cluster), lang), packages.name(_group(run, cluster), run.facts, lang)
    return text("words.cluster.named", lang, cluster=int(cluster), name=name, profile=profile)


def _group(run: Run, cluster: int) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(p for p in run.facts["clusters"]["profiles"] if p["cluster"] == cluster)
    return found


def group_profile(run: Run, cluster: int, lang: str) -> str:
    """What the villages of a group lack more than the average village, with the offices that can change it."""
    if cluster == 0:
        return text("words.cluster.apart", lang)
    profile = _group(run, cluster)
    parts = []
    for owner in profile["owners"]:
        names = ", ".join(in_sentence(run, name, lang) for name in owner["indicators"])
        parts.append(f"{names} ({owner['owner']})" if owner["owner"] else names)
    low = ", ".join(in_sentence(run, name, lang) for name in profile["low"])
    key = "high" if parts else "low" if low else "even"
    return text(f"words.cluster.{key}", lang, high="; ".join(parts), low=low)


def group_short(run: Run, cluster: int, lang: str, most: int = 62) -> str:
    """What a group is called, on one line of a legend of at most so many letters."""
    if cluster == 0:
        return text("words.cluster.apart", lang)
    said = packages.name(_group(run, cluster), run.facts, lang)
    return said if len(said) <= most else f"{said[: most - 1].rstrip()}…"


def in_sentence(run: Run, name: str, lang: str) -> str:
    """The label of an indicator as it stands inside a sentence."""
    entry = indicator(run, name)
    said = short(entry, lang) if entry else name
    return said if keeps_capital(said) else said[:1].lower() + said[1:]


def keeps_capital(said: str) -> bool:
    """Whether a label begins with an abbreviation or is a name, its second word being written large as well.

    >>> [keeps_capital(s) for s in ("KRS", "ASI eksklusif", "Indeks Desa Membangun", "Bumil KEK", "Keluarga berisiko")]
    [True, True, True, False, False]
    """
    first, _, rest = said.partition(" ")
    return not first[1:2].islower() or (rest[:1].isupper() and rest[1:2].islower())


def hotspot(run: Run, village: Village, lang: str) -> str:
    """Whether a village is part of a hot spot, in words; "" where it cannot be said."""
    kind = row_of(run, village)["hotspot"]
    of = run.facts["space"]["of"]
    if not kind or not of:
        return ""
    return text(f"words.hotspot.{kind}", lang, label=in_sentence(run, of, lang))


def why_selected(run: Run, village: Village, lang: str) -> str:
    """Why a village is on the list, or why it is not, by the rule that decided."""
    return choice.why(run, row_of(run, village), lang)
