"""Totals over many villages, told so coarsely that no banded figure comes out when the others are subtracted.

Where fewer than `SAFE` villages are banded a total is had twice, with the least and with the greatest count that every
band allows, and only what both round to is told: it is the same for every count of the bands. Among more of them no one
stands out, and their true total is told in tens.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from lokus.catalog.loader import BURDEN
from lokus.choosing import Choice
from lokus.dictionary import value_text
from lokus.messages import number, percent, text
from lokus.outputs import banding
from lokus.study import make_study

if TYPE_CHECKING:
    from lokus.pipeline import Run

# So many hidden counts of 1–4 each may be any of the four whatever their sum is in tens.
SAFE = 10
TENS = 10
# Of so many people a tenth of a per cent is ten or more.
MANY = 10_000
# Two ends of a share that lie so near are told by their middle.
CLOSE = 0.02


@dataclass(frozen=True, slots=True)
class Total:
    """People counted, between `low` and `high`, of `whole`; told in steps of `step`, the whole in steps of `group`."""

    low: float
    high: float
    whole: float
    step: int = 1
    group: int = 1

    @property
    def middle(self) -> float:
        """The share counted, half way between its ends; NaN where nobody was asked."""
        return (self.low + self.high) / 2 / self.whole if self.whole else math.nan

    @property
    def rest(self) -> Total:
        """Those not counted."""
        return replace(self, low=self.whole - self.high, high=self.whole - self.low)


def total(run: Run, entry: banding.Indicator, *, public: bool = True) -> Total | None:
    """The people of an indicator over all villages with counts; None where it has no counts."""
    found = counts(run, entry, public=public)
    return None if found is None else of(found)


def of(found: pd.DataFrame) -> Total:
    """The total of some of the rows of `counts`; target groups of 1–4 are left out of it while they are few."""
    small = found["whole"] < found["group"]
    if small.sum() < SAFE:
        found, small = found[~small], small[~small]
    part = {name: float(found[name].sum()) for name in ("true", "group", "low", "high", "whole")}
    if found["hidden"].sum() < SAFE:
        return Total(part["low"], part["high"], part["whole"])
    return Total(part["true"], part["true"], part["group"], TENS, TENS if small.any() else 1)


def counts(run: Run, entry: banding.Indicator, *, public: bool = True) -> pd.DataFrame | None:
    """The people of an indicator by village, for the villages that have counts.

    :return: `true` of `group`; what the public may know of them, `low` to `high` of `whole`; whether that is less
        (`hidden`): of a target group of 1–4 nothing, so its `whole` is 0. None where the indicator has no counts.
    """
    share = banding.counted_by(run, entry)
    columns = [f"{part}_{share['id']}" for part in ("numerator", "denominator")]
    if not set(columns) <= set(run.villages):
        return None
    seen = run.villages[columns].astype("float64").dropna()
    if not len(seen):
        return None
    y, n = (seen[c] for c in columns)
    known = {}
    for code, row in _banded(run, share, seen) if public else ():
        whole = 0.0 if banding.is_few(n[code]) else n[code]
        known[code] = [*(whole * end for end in banding.ends(run, row, share, "value")), whole]
    ends = pd.DataFrame({"low": y, "high": y, "whole": n})
    hidden = ends.index.isin(known)
    if known:
        ends.loc[hidden] = pd.DataFrame.from_dict(known, orient="index", columns=ends.columns).loc[ends.index[hidden]]
    return ends.assign(true=y, group=n, hidden=hidden)


def _banded(run: Run, entry: banding.Indicator, seen: pd.DataFrame) -> Iterator[tuple[str, dict[str, Any]]]:
    """The villages whose figure is banded, each with its row; `seen`: numerator and denominator of some villages."""
    y, n = (seen[c].astype("float64") for c in seen.columns)
    # Only where one of the three numbers is small can a band begin.
    small = pd.concat([y, n, n - y], axis=1).min(axis=1) <= max(banding.MIXED)
    parts = [f"{part}_{entry['id']}" for part in ("numerator", "denominator", "value", "estimate", "shrinkage")]
    for code, row in run.villages.loc[seen.index[small], parts].to_dict("index").items():
        if banding.band(run, row, entry):
            yield str(code), row


def expected(run: Run, among: pd.Series, *, public: bool = True) -> tuple[float, float] | None:
    """The least and greatest number of stunted children expected in the villages that `among` (bool by village) marks.

    :return: None where the run has no counts of stunted children.
    """
    children = Choice(make_study(run.manifest["study"], Path()), run.villages).children
    entry = next((e for e in run.facts["indicators"] if e["id"] == BURDEN), None)
    if children is None or entry is None:
        return None
    low = children[among].dropna()
    true, high = float(low.sum()), low.copy()
    seen = run.villages.loc[low.index, [f"{part}_{BURDEN}" for part in ("numerator", "denominator")]]
    banded = list(_banded(run, entry, seen)) if public else []
    if len(banded) >= SAFE:
        return true, true
    for code, row in banded:
        few, estimate = banding.is_few(row[f"denominator_{BURDEN}"]), row[f"estimate_{BURDEN}"]
        target = low[code] / estimate if estimate > 0 and not few else 0.0
        low[code], high[code] = (target * end for end in banding.ends(run, row, entry))
    return float(low.sum()), float(high.sum())


def price(run: Run, cost: Mapping[str, Any], *, public: bool = True) -> tuple[float, float] | None:
    """The least and greatest number of expected stunted children by which a list would reach more without a rule.

    :param cost: of `rule_costs`: whom the list would win ("enters") and lose ("leaves") without the rule.
    :return: None where the run has no counts of stunted children.
    """
    index = run.villages.index
    won, lost = (
        expected(run, pd.Series(index.isin(cost[side]), index), public=public) for side in ("enters", "leaves")
    )
    if cost["children"] is None or won is None or lost is None:
        return None
    return won[0] - lost[1], won[1] - lost[0]


def seen(run: Run, entry: banding.Indicator, *, public: bool = True) -> pd.Series | None:
    """How many were counted in each village, where the public reads it the middle of the band; None without counts."""
    found = counts(run, entry, public=public)
    return None if found is None else (found["low"] + found["high"]) / 2


def facts_told(run: Run) -> dict[str, Any]:
    """A run's facts with the sums of people as the public may know them: from the middles of the bands."""
    facts, chosen = dict(run.facts), dict(run.facts["selection"])
    reach = expected(run, run.villages["selected"])
    if chosen.get("children") is not None and reach:
        chosen["children"] = TENS * round(sum(reach) / 2 / TENS)
    costs = [(cost, price(run, cost)) for cost in chosen.get("rule_costs", ())]
    if costs:
        chosen["rule_costs"] = [
            {**cost, "children": None if ends is None else float(round(sum(ends) / 2))} for cost, ends in costs
        ]
    return {**facts, "selection": chosen, "indicators": [_entry_told(run, e) for e in facts["indicators"]]}


def _entry_told(run: Run, entry: banding.Indicator) -> banding.Indicator:
    if not entry.get("total_numerator") or not banding.hidden(run, entry).any():
        return entry
    found = total(run, entry)
    if found is None:
        return {**entry, "total_numerator": None, "average": None}
    people = float(TENS * round((found.low + found.high) / 2 / TENS))
    average = found.middle if entry["kind"] == "share" else round(sum(_mean_count(run, entry)) / 2, 1)
    return {**entry, "total_numerator": people, "average": average}


def people_text(low: float, high: float, lang: str, *, step: int = 1, public: bool = True, brief: bool = False) -> str:
    """A number of people as exactly as its two ends allow, to a `step` of 1, 10, 100 …: `6.391` or `sekitar 6.400`.

    >>> people_text(6391, 6391, "id"), people_text(6379, 6404, "id"), people_text(2132.8, 2132.8, "id", step=10)
    ('6.391', 'sekitar 6.400', 'sekitar 2.130')
    """
    if low == high and step == 1:
        return banding.count_text(low, lang, public=public)
    while round(low / step) != round(high / step):
        step *= 10
    shown = number(step * max(1, round(low / step)), lang)
    if round(low / step) == 0:
        return f"< {shown}" if brief else text("story.under", lang, count=shown)
    return f"≈ {shown}" if brief else text("story.about", lang, count=shown)


def average_text(run: Run, entry: banding.Indicator, lang: str, *, public: bool = True) -> str:
    """An indicator over all villages, as coarsely as bands ask: the share of all people, or the mean of villages."""
    if entry["average"] is None:
        return "–"
    if entry["kind"] == "share" and (found := total(run, entry, public=public)):
        return mean_text(entry, found, lang)
    if entry["kind"] != "count" or not public:
        return value_text(entry, entry["average"], lang)
    low, high = _mean_count(run, entry)
    if round(low) == round(high):
        return value_text(entry, low, lang)
    return f"{number(math.floor(low), lang)}–{value_text(entry, math.ceil(high), lang)}"


def mean_text(entry: banding.Indicator, found: Total, lang: str, decimals: int = 1) -> str:
    """The share of the whole area: as it is, where a tenth of a per cent is ten people or more."""
    if found.whole >= MANY:
        return percent(entry["average"], lang, decimals)
    return share_text(found, lang, decimals)


def _mean_count(run: Run, entry: banding.Indicator) -> tuple[float, float]:
    """The least and greatest mean of a count over the villages, by what the public knows of each."""
    found = counts(run, entry)
    if found is not None and len(found):
        told = of(found)
        small = found["whole"] < found["group"]
        villages = len(found) - (int(small.sum()) if small.sum() < SAFE else 0)
        return told.low / max(villages, 1), told.high / max(villages, 1)
    values = run.villages[f"value_{entry['id']}"].dropna()
    few = values.map(banding.is_few).astype(bool)
    return tuple(float(values.mask(few, end).mean()) for end in (min(banding.FEW), max(banding.FEW)))  # type: ignore[return-value]


def share_text(found: Total, lang: str, decimals: int = 1) -> str:
    """The share of a total as exactly as its two ends allow: `20,5 %`, `21 %`, `sekitar 21 %` or `17–24 %`."""
    if not found.whole:
        return "–"
    ends = found.low / found.whole, found.high / found.whole
    if found.step > 1 and found.whole < MANY:
        decimals = 0
    for places in (decimals, 0):
        said = {percent(end, lang, places) for end in ends}
        if len(said) == 1:
            return said.pop()
    if ends[1] - ends[0] < CLOSE:
        return text("story.about", lang, count=percent(found.middle, lang, 0))
    return f"{math.floor(100 * ends[0])}–{math.ceil(100 * ends[1])} %"
