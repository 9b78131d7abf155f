"""Why a village is on the list or not, by the rule that decided and the fact behind it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from lokus.messages import number, percent, text
from lokus.methods.thresholds import COMPARISONS

if TYPE_CHECKING:
    from lokus.pipeline import Run

Row = Mapping[str, Any]

# Rules that look at a village's cost or at last year's list, not at its kecamatan.
MONEY_AND_YEARS = ("budget", "max_new", "least_kept")


def why(run: Run, row: Row, lang: str) -> str:
    """One sentence: how a village came onto the list, or what kept it out."""
    chosen = bool(row["selected"])
    by = row["selected_by" if chosen else "left_out_by"] or ("score" if chosen else "unranked")
    if by == "rule":
        key, said = _risen(run, row, lang) if chosen else _held_up(run, row, lang)
    elif by == "threshold":
        key, said = by, {"thresholds": "; ".join(_not_met(run, row, lang))}
    else:
        key, said = by, {}
    rank = number(math.nan if pd.isna(row["rank"]) else row["rank"], lang)
    top, side = run.facts["selection"]["count"], "selected" if chosen else "left_out"
    kecamatan = row["kecamatan"]
    return text(
        f"words.{side}.{key}", lang, rank=rank, top=top, reason=row["reason"], kecamatan=kecamatan, **said
    ).strip()


def limits(run: Run) -> dict[str, Any]:
    """The values of the study's rules by the last part of their key."""
    return {rule["key"].rpartition(".")[2]: rule["value"] for rule in run.facts["selection"]["rules"]}


def _not_met(run: Run, row: Row, lang: str) -> list[str]:
    """The thresholds that a village does not reach, in words."""
    given, told = limits(run), []
    for threshold in given.get("threshold", ()):
        value = row[f"estimate_{threshold['indicator']}"]
        for name, said in _thresholds(run, threshold, lang).items():
            if pd.isna(value) or not COMPARISONS[name](value, threshold[name]):
                told.append(said)
    if (least := given.get("least_under")) and not told:
        told.append(_least_under(least, lang))
    return told


def _thresholds(run: Run, threshold: Row, lang: str) -> dict[str, str]:
    """Each comparison of a threshold in words."""
    entry = next(e for e in run.facts["indicators"] if e["id"] == threshold["indicator"])
    bounds = {name: threshold[name] for name in COMPARISONS if threshold.get(name) is not None}
    told = {}
    for name, limit in bounds.items():
        shown = percent(limit, lang) if entry["kind"] == "share" else number(limit, lang)
        told[name] = text(f"words.threshold.{name}", lang, label=_label(entry, lang), limit=shown)
    return told


def _least_under(least: Row, lang: str) -> str:
    said = {"count": number(least["count"], lang), "share": percent(least["share"], lang, 0)}
    return text("words.threshold.least_under", lang, **said)


def rule_text(run: Run, key: str, lang: str) -> str:
    """A rule of `consequences.rule_costs` in words: `selection.max_per_kecamatan`, `selection.threshold[1]`."""
    name, given = key.rpartition(".")[2], limits(run)
    if name.startswith("threshold["):
        threshold = given["threshold"][int(name[len("threshold[") : -1]) - 1]
        return ", ".join(_thresholds(run, threshold, lang).values())
    if name == "least_under":
        return _least_under(given[name], lang)
    value = run.facts["selection"]["count"] if name == "count" else given.get(name)
    return text(f"words.rule.{name}", lang, value=number(value, lang) if isinstance(value, int | float) else "")


def _label(entry: Row, lang: str) -> str:
    return str(entry.get(f"label_{lang}") or entry["id"])


def is_full(run: Run, kecamatan: str) -> bool:
    """Whether a kecamatan has as many chosen villages as it may."""
    most = limits(run).get("max_per_kecamatan")
    return most is not None and _chosen_in(run, kecamatan) >= most


def _chosen_in(run: Run, kecamatan: str) -> int:
    return int((run.villages["selected"] & (run.villages["kecamatan_code"] == kecamatan)).sum())


def _held_up(run: Run, row: Row, lang: str) -> tuple[str, dict[str, Any]]:
    """Why a village ranked high enough was not chosen: its kecamatan is full, or its place went to others."""
    if is_full(run, row["kecamatan_code"]):
        return "full", {"most": limits(run)["max_per_kecamatan"], "chosen": _chosen_in(run, row["kecamatan_code"])}
    return "place", {"others": _others(run, row["rank"], lang)}


def _others(run: Run, rank: float, lang: str) -> str:
    """What the places of lower villages on the list are for, by the rules that gave them."""
    v = run.villages
    below = v[v["selected"] & ~(v["rank"] <= rank).fillna(False)]
    told = [text("words.rule.kept", lang)] if below["selected_by"].isin(["keep", "add"]).any() else []
    risen = below[below["selected_by"] == "rule"]
    rules, in_each = limits(run), v.loc[v["selected"], "kecamatan_code"].value_counts()
    told += [
        text(f"words.rule.{name}", lang, value=number(rules[name], lang)) for name in MONEY_AND_YEARS if name in rules
    ]
    own = risen["kecamatan_code"].map(in_each)
    least = rules.get("min_per_kecamatan")
    if least and (own <= least).any():
        told.append(text("words.rule.min_per_kecamatan", lang, value=least))
    if rules.get("least_kecamatan") == len(in_each) and (own == 1).any():
        told.append(text("words.rule.least_kecamatan", lang, value=rules["least_kecamatan"]))
    return "; ".join(told) or text("words.rule.others", lang)


def _risen(run: Run, row: Row, lang: str) -> tuple[str, dict[str, Any]]:
    """Why a village was chosen beyond its rank: to represent its kecamatan, or in place of better ones held up."""
    v, rules = run.villages, limits(run)
    better = v[(v["left_out_by"] == "rule") & (v["rank"] < row["rank"]).fillna(False)]
    full = better["kecamatan_code"].map(lambda code: is_full(run, code)).astype(bool)
    own = _chosen_in(run, row["kecamatan_code"])
    represents = own <= (rules.get("min_per_kecamatan") or 0) or (own == 1 and "least_kecamatan" in rules)
    # Where every better village is held by the maximum, this one is next in order whatever the other rules say.
    if represents and not full.all():
        return "represents", {}
    held = [text("words.rule.max_per_kecamatan", lang, value=rules["max_per_kecamatan"])] if full.any() else []
    if not full.all() or not held:
        held.append(_others(run, float(better["rank"].min()) if len(better) else 0.0, lang))
    return "risen", {"rules": "; ".join(held)}
