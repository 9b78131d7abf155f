"""Where a village belongs: its group and what that lacks, its work area, the pocket of too many cases it lies in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from lokus import packages
from lokus.catalog.loader import BURDEN
from lokus.messages import number, text
from lokus.outputs import sums, words

if TYPE_CHECKING:
    import geopandas as gpd

    from lokus.pipeline import Run

Ends = tuple[float, float]
# From here on what would be expected is told in tens.
ROUND_FROM = 100
# Letters of a legend's line that offices, a group's name, and the name of one of many areas may take.
OFFICE_LETTERS, NAME_LETTERS, BRIEF = 30, 62, 36
# Degrees between areas that are beside each other: some 200 m.
BESIDE = 0.002


@dataclass(frozen=True, slots=True)
class Pocket:
    """A cluster of the scan as its readers may know it: each number of people between its two ends, told by `step`.

    `expected` is what there would be at the rate of all villages; `excess` how many more were counted.
    """

    number: int
    villages: int
    observed: Ends
    expected: Ends
    excess: Ends
    p: float
    step: int


def pockets(run: Run, *, public: bool = True) -> tuple[Pocket, ...]:
    """The clusters that the scan found, the likeliest first; sums over their villages are banded where `public`."""
    scan = run.facts["space"].get("scan", {})
    entry = words.indicator(run, run.facts["space"]["of"])
    found = sums.counts(run, entry, public=public) if entry and scan.get("clusters") else None
    if entry is None or found is None:
        return ()
    member = run.villages["scan_cluster"].reindex(found.index)
    # The scan counts no more cases than people.
    found = found.assign(**{part: found[part].clip(upper=found["whole"]) for part in ("low", "high")})
    found = found.assign(true=found["true"].clip(upper=found["group"]))
    everyone = _cases(found[member.notna()], entry)
    told = ((c, _cases(found[member.eq(c["number"]).fillna(False).to_numpy(bool)], entry)) for c in scan["clusters"])
    return tuple(_pocket(c, cases, everyone) for c, cases in told if cases.whole and everyone.whole)


def _cases(found: pd.DataFrame, entry: words.Indicator) -> sums.Total:
    total = sums.of(found)
    return total if entry["better"] == "lower" else total.rest


def _pocket(told: Mapping[str, Any], cases: sums.Total, everyone: sums.Total) -> Pocket:
    part = cases.whole / everyone.whole
    expected = everyone.low * part, everyone.high * part
    excess = max(0.0, cases.low - expected[1]), max(0.0, cases.high - expected[0])
    step = max(cases.step, everyone.step)
    return Pocket(told["number"], len(told["villages"]), (cases.low, cases.high), expected, excess, told["p"], step)


def pocket_fields(run: Run, pocket: Pocket, lang: str, *, public: bool = True, brief: bool = False) -> dict[str, str]:
    """The figures of a pocket in words: observed, expected, excess (people), villages, p, and what is counted."""

    def people(ends: Ends, *, counted: bool) -> str:
        rough = 1 if counted else 10 if max(ends) >= ROUND_FROM else 1
        step = max(pocket.step, rough)
        return sums.people_text(*ends, lang, step=step, public=public, brief=brief)

    kind = "children" if run.facts["space"]["of"] == BURDEN else "cases"
    return {
        "observed": text(f"words.pocket.{kind}", lang, count=people(pocket.observed, counted=True)),
        "expected": people(pocket.expected, counted=False),
        "excess": people(pocket.excess, counted=False),
        "number": number(pocket.number, lang), "villages": number(pocket.villages, lang),
        "p": number(pocket.p, lang, 3),
    }  # fmt: skip


class Patterns:
    """The sentences of a run about groups, areas and pockets: what many villages share is written once."""

    def __init__(self, run: Run, lang: str, *, public: bool = True) -> None:
        self.run, self.lang, self.public = run, lang, public
        self.grouped = bool(run.villages["cluster"].notna().any())

    def of(self, row: words.Row) -> list[str]:
        """What is said of a village, by its row: its group and how sure that is, its area, its pocket, its hot spot."""
        area = row["area"]
        pocket = "" if pd.isna(row["scan_cluster"]) else self._pockets.get(int(row["scan_cluster"]), "")
        told = [
            self._group(row) if self.grouped else "",
            "" if pd.isna(area) else self._areas.get(int(area), text("words.area.none", self.lang)),
            pocket,
            # That nothing is sure of one village is no news beside a pocket it lies in.
            "" if pocket and row["hotspot"] == "none" else words.hotspot(self.run, row, self.lang),
        ]
        return [said for said in told if said]

    def _group(self, row: words.Row) -> str:
        group, sure = row["cluster"], row["cluster_sure"]
        said = self._groups.get(None if pd.isna(group) else int(group), "")
        if pd.isna(sure) or not words.uncertain(self.run):
            return said
        return f"{said}. {text('words.cluster.sure', self.lang, share=words.probability(sure, self.lang))}"

    @cached_property
    def _groups(self) -> dict[int | None, str]:
        told = {k: words.cluster_profile(self.run, k, self.lang) for k in (None, 0)}
        made = self.run.facts["clusters"]
        for profile in made["profiles"]:
            said = [words.cluster_profile(self.run, profile["cluster"], self.lang)]
            if (profile["stability"] or 1) < made["stable_from"]:
                said.append(text("words.cluster.loose", self.lang))
            told[profile["cluster"]] = ". ".join(said)
        return told

    @cached_property
    def _areas(self) -> dict[int, str]:
        made = self.run.facts["clusters"].get("areas", {"profiles": []})
        return {p["group"]: area_name(self.run, p, self.lang) for p in made["profiles"]}

    @cached_property
    def _pockets(self) -> dict[int, str]:
        fields = {p.number: pocket_fields(self.run, p, self.lang, public=self.public)
                  for p in pockets(self.run, public=self.public)}  # fmt: skip
        return {k: text("words.pocket.in", self.lang, **told) for k, told in fields.items()}


def area_name(run: Run, profile: Mapping[str, Any], lang: str) -> str:
    """A work area with its size and what it is called for what it lacks."""
    called = packages.name(profile, run.facts, lang)
    return text("words.area.in", lang, area=profile["group"], villages=profile["villages"], name=called)


def offices(profile: Mapping[str, Any]) -> str:
    """The offices that own what a group lacks, on a line of a legend; "" where it lacks nothing or nobody is named."""
    names = [owner["owner"] for owner in profile["owners"] if owner["owner"]]
    fit = next((k for k in range(len(names), 1, -1) if len(", ".join(names[:k])) <= OFFICE_LETTERS), 1)
    return ", ".join(names[:fit]) + (f" +{len(names) - fit}" if len(names) > fit else "")


def group_line(run: Run, profile: Mapping[str, Any], lang: str, *, brief: bool = False) -> str:
    """A group on a line of a legend: its name and the offices that own what it lacks; `brief`: its name alone, cut."""
    said, own = packages.name(profile, run.facts, lang), offices(profile)
    if brief or not own:
        return _cut(said, BRIEF if brief else NAME_LETTERS)
    return text("words.cluster.line", lang, name=_cut(said, NAME_LETTERS), offices=_cut(own, NAME_LETTERS))


def _cut(said: str, most: int) -> str:
    return said if len(said) <= most else f"{said[: most - 1].rstrip()}…"


def apart(of: pd.Series, geometry: gpd.GeoSeries, colours: int) -> dict[int, int]:
    """A colour, 0 … `colours` − 1, for each numbered area, other than those of the areas beside it.

    Where an area has more neighbours than there are colours it takes that of the fewest of them.

    :param of: Int64 by village; 0 and <NA> = in no area. :param geometry: EPSG:4326, None without a polygon.
    """
    known = geometry[(of > 0).fillna(False).to_numpy(dtype=bool) & geometry.notna().to_numpy()]
    number = of[known.index].to_numpy(dtype=int)
    left, right = known.sindex.query(known.values, predicate="dwithin", distance=BESIDE)
    beside = set(zip(number[left].tolist(), number[right].tolist(), strict=True))
    tint: dict[int, int] = {}
    for k in sorted(set(of.dropna().astype(int)) - {0}):
        taken = Counter(tint[j] for j in tint if (k, j) in beside)
        used = Counter(tint.values())
        tint[k] = min(range(colours), key=lambda c: (taken[c], used[c], c))
    return tint
