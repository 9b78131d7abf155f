"""What a group of villages lacks, what it is called for that, and whose work it is: a package to act on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

MARKED = 0.5  # standard deviations from the mean at which an indicator or a theme marks a group
MOST = 2 / 3  # share of the themes from which a group is marked by all of them
NAMED = 2  # themes in a name; one more where two groups would be called the same


@dataclass(frozen=True, slots=True)
class Service:
    """An indicator as a package needs it. `theme`: what it is about, its own id where nobody said."""

    id: str
    theme: str
    owner: str
    better: Literal["lower", "higher"]


@dataclass(frozen=True, slots=True)
class Counts:
    """What is known of the villages, each a table of villages × indicators, NaN = not known: `value` (share 0–1, count
    or number), `numerator` and `denominator` (people), `gap` (≥ 0, how far from the target), `people` (not reached)."""

    value: pd.DataFrame
    numerator: pd.DataFrame
    denominator: pd.DataFrame
    gap: pd.DataFrame
    people: pd.DataFrame

    def of(self, rows: pd.Series) -> Counts:
        """Those of some villages."""
        return Counts(*(t[rows] for t in (self.value, self.numerator, self.denominator, self.gap, self.people)))

    def average(self, name: str) -> float:
        """The value of all villages together: by their counts, or the mean where there are none; NaN = no data."""
        both = self.numerator[name].notna() & self.denominator[name].notna()
        people = float(self.denominator[name][both].sum())
        return float(self.numerator[name][both].sum()) / people if people > 0 else float(self.value[name].mean())


def packages(
    labels: pd.Series, z: pd.DataFrame, services: Sequence[Service], counts: Counts
) -> tuple[Mapping[str, Any], ...]:
    """What every group lacks more than the average village does.

    :param labels: Int64 by village, 1 … k; 0 and <NA> = in no group. :param z: needs in standard deviations, villages ×
        indicators, NaN = no data. :param services: of the columns of `z`.
    :param counts: on the villages of `labels`, with the columns of `z`.
    :returns: for each group, by number: `group`; `villages`; `name` (kind, themes: see `names`); `lacks`, the
        indicators at least half a standard deviation above the mean, the most marked first, each with indicator, theme,
        owner, z, value (of the group's villages together), average (of all), villages (short of the target, or worse
        than the average where there is no target), known (villages with data), people (not reached; None where nobody
        was counted); `owners`, the offices that own these, the one with the most villages first, each with owner,
        indicators, villages (in which at least one of them is short) and people (the most that one of its indicators
        leaves unreached there, since two may be of the same people).

    >>> z = pd.DataFrame({"a": [1.0, 1.0, -1.0, -1.0]})
    >>> plain = Counts(*[z.clip(0, 1)] * 5)
    >>> told = packages(pd.Series([1, 1, 2, 2], dtype="Int64"), z, [Service("a", "water", "PUPR", "lower")], plain)
    >>> [p["name"] for p in told]
    [{'kind': 'lack', 'themes': ('water',)}, {'kind': 'better', 'themes': ('water',)}]
    """
    z = z.reindex(labels.index)
    known = {s.id: s for s in services if s.id in z}
    groups = [int(g) for g in sorted(set(labels.dropna()) - {0})]
    means = pd.DataFrame({g: z[labels == g].mean() for g in groups}, index=z.columns).fillna(0.0)
    called = names(means, {s.id: s.theme for s in known.values()})
    made = []
    for g in groups:
        rows = (labels == g).fillna(False).astype(bool)
        high = means[g][means[g] >= MARKED].sort_values(ascending=False, kind="stable")
        lacks, short = [], {}
        for name, mark in high.items():
            lack, short[name] = _lack(known[str(name)], float(mark), counts, counts.of(rows))
            lacks.append(lack)
        made.append(
            {"group": g, "villages": int(rows.sum()), "name": called[g], "lacks": tuple(lacks),
             "owners": _owners(lacks, short)}
        )  # fmt: skip
    return tuple(made)


def _lack(s: Service, mark: float, everyone: Counts, members: Counts) -> tuple[dict[str, Any], pd.Series]:
    """One line of a package, and the villages that are short."""
    average, value = everyone.average(s.id), members.value[s.id]
    worse = value > average if s.better == "lower" else value < average
    short = members.gap[s.id] > 0 if members.gap[s.id].notna().any() else worse
    people = members.people[s.id]
    told = {
        "indicator": s.id, "theme": s.theme, "owner": s.owner, "z": mark, "value": members.average(s.id),
        "average": average, "villages": int(short.sum()), "known": int(value.notna().sum()),
        "people": float(people.sum()) if people.notna().any() else None,
    }  # fmt: skip
    return told, short


def _owners(lacks: Sequence[Mapping[str, Any]], short: Mapping[Any, pd.Series]) -> tuple[Mapping[str, Any], ...]:
    made = []
    for owner in dict.fromkeys(lack["owner"] for lack in lacks):
        own = [lack for lack in lacks if lack["owner"] == owner]
        some = pd.concat([short[lack["indicator"]] for lack in own], axis=1).any(axis=1)
        people = [lack["people"] for lack in own if lack["people"] is not None]
        told = {"owner": owner, "indicators": tuple(lack["indicator"] for lack in own)}
        made.append({**told, "villages": int(some.sum()), "people": max(people, default=None)})
    return tuple(sorted(made, key=lambda o: (-o["villages"], -(o["people"] or 0), o["owner"])))


def names(means: pd.DataFrame, theme_of: Mapping[str, str]) -> dict[int, Mapping[str, Any]]:
    """What every group is called, from what sets it apart: by rule, so that equal groups have equal names.

    A theme's mark is the mean of its indicators'. `kind` "all": marked (≥ 0.5 standard deviations above the mean) in
    three themes or more and two thirds of all; "lack": in its `themes`, the two most marked; where no theme is, its
    most marked indicator's, if that is marked; "well" and "better": likewise below the mean; "even": marked in none.
    Where two groups would be called the same, a third theme is named if one is marked.

    :param means: indicators × groups, mean need in standard deviations. :param theme_of: by indicator.
    :returns: by group: kind, themes (at most three, the most marked first; () for "even").
    """
    themes = means.groupby([theme_of[str(i)] for i in means.index]).mean() if len(means) else means
    made = {int(g): _name(themes[g], means[g], theme_of, NAMED) for g in means}
    twice = Counter((m["kind"], frozenset(m["themes"])) for m in made.values())
    for g, m in made.items():
        if twice[m["kind"], frozenset(m["themes"])] > 1:
            made[g] = _name(themes[g], means[g], theme_of, NAMED + 1)
    return made


def _name(themes: pd.Series, marks: pd.Series, theme_of: Mapping[str, str], most: int) -> Mapping[str, Any]:
    for sign, some, nearly in ((1, "lack", "all"), (-1, "better", "well")):
        marked = _marked(sign * themes)
        if marked:
            whole = len(marked) > NAMED and len(marked) >= MOST * len(themes)
            return {"kind": nearly if whole else some, "themes": tuple(marked[:most])}
        if single := _marked(sign * marks):
            return {"kind": some, "themes": (theme_of[single[0]],)}
    return {"kind": "even", "themes": ()}


def _marked(marks: pd.Series) -> list[str]:
    """What is marked, the most marked first; of equals the first by name."""
    order: Iterable[int] = np.lexsort((marks.index.astype(str), -marks.to_numpy(dtype=float).round(9)))
    return [str(marks.index[i]) for i in order if marks.iloc[i] >= MARKED]
