"""The rules of a meeting, and what they are applied to: the villages as whole numbers, in the stated order."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lokus.methods.optimum import Programme

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

# An objective, a cost and a budget are counted in units of 1e-4, so that equal totals are equal.
UNIT = 10_000

# "villages" is no rule but a fact: which ranked villages there are in each kecamatan, what they cost and which were
# on last year's list. Of equally small contradictions the one that needs neither it nor the count is told. The
# thresholds stand, by the names their caller gives them, before the count.
NAMES = (
    "selection.max_per_kecamatan",
    "selection.min_per_kecamatan",
    "selection.least_kecamatan",
    "selection.keep",
    "selection.drop",
    "selection.add",
    "selection.remove",
    "selection.max_new",
    "selection.least_kept",
    "selection.budget",
    "selection.count",
    "villages",
)
BY_HAND = ("keep", "add", "drop", "remove")


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of the meeting; None and () = no such rule. Codes in `keep` and `add` must be chosen (ranked or not,
    above a threshold or not), those in `drop` and `remove` must not. Limits hold for every kecamatan with a village in
    the list, named ones counted; `least_kecamatan`: the least number of kecamatan with a chosen village. `budget`: the
    most that the chosen villages may cost, instead of a `count` or beside it. `max_new`: the most chosen villages that
    were not on last year's list; `least_kept`: the least that were.
    """

    count: int | None = None
    max_per_kecamatan: int | None = None
    min_per_kecamatan: int | None = None
    least_kecamatan: int | None = None
    keep: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    budget: float | None = None
    max_new: int | None = None
    least_kept: int | None = None

    @property
    def by_kecamatan(self) -> bool:
        """Whether a rule looks at the kecamatan."""
        return not (self.max_per_kecamatan is None and self.min_per_kecamatan is None and self.least_kecamatan is None)

    @property
    def by_last_year(self) -> bool:
        """Whether a rule looks at last year's list."""
        return not (self.max_new is None and self.least_kept is None)


@dataclass(frozen=True, eq=False)
class Candidates:
    """The villages to choose from; every column on the index village_code, unique.

    `score`: whole units, missing = not ranked. `kecamatan`: its code, none missing. `objective`: what the chosen are to
    have the most of, any unit ≥ 0, counted to 1e-4 (children expected to be stunted; the probability of the top N);
    None = the score; a village without it counts as not ranked. `cost` of each village, in the budget's unit, counted
    to 1e-4. `last_year`: bool, whether it was on last year's list. `passes`: bool, one column a threshold, named as
    the rule is told.
    """

    score: pd.Series
    kecamatan: pd.Series
    objective: pd.Series | None = None
    cost: pd.Series | None = None
    last_year: pd.Series | None = None
    passes: pd.DataFrame | None = None

    @property
    def value(self) -> pd.Series:
        """What is made the most of."""
        return self.score if self.objective is None else self.objective


@dataclass(frozen=True, eq=False)
class Case:
    """Rules and candidates as arrays over the n villages."""

    rules: Rules
    candidates: Candidates

    def __post_init__(self) -> None:
        _check(self.candidates, self.rules)

    @cached_property
    def score(self) -> Ints:
        """Units; 0 where not ranked."""
        return np.where(self.ranked, self.candidates.score.fillna(0).to_numpy(dtype=float), 0).astype(np.int64)

    @cached_property
    def value(self) -> Ints:
        """What is made the most of, in whole units; 0 where not ranked."""
        given = self.candidates.objective
        return self.score if given is None else np.where(self.ranked, _units(given.fillna(0.0)), 0)

    @cached_property
    def ranked(self) -> Flags:
        """Villages with a score, and a value of the objective."""
        given = self.candidates
        return np.asarray(given.score.notna() & given.value.notna(), dtype=bool)

    @cached_property
    def place(self) -> Ints:
        """Each village's place from the end of the order (value, score descending, code); 0 for those not ranked."""
        ranked = np.flatnonzero(self.ranked)
        codes = self.candidates.score.index.to_numpy()[ranked]
        place = np.zeros(len(self.ranked), dtype=np.int64)
        order = np.lexsort((codes, -self.score[ranked], -self.value[ranked]))
        place[ranked[order]] = np.arange(len(ranked), 0, -1)
        return place

    @cached_property
    def group(self) -> npt.NDArray[np.intp]:
        """The kecamatan as numbers 0 … G − 1, in the order of their codes."""
        return np.asarray(pd.factorize(self.candidates.kecamatan, sort=True)[0], dtype=np.intp)

    @cached_property
    def old(self) -> Flags:
        """Villages of last year's list."""
        given = self.candidates.last_year
        return np.zeros(len(self.ranked), bool) if given is None else given.to_numpy(dtype=bool)

    @cached_property
    def cost(self) -> Ints:
        """In the largest unit that counts every cost exactly (`budget` likewise), 0 where it is not known."""
        given = self.candidates.cost
        return np.zeros(len(self.ranked), np.int64) if given is None else _units(given.fillna(0.0)) // self._coin

    @cached_property
    def budget(self) -> int | None:
        """In the unit of `cost`."""
        return None if self.rules.budget is None else int(_units(pd.Series([self.rules.budget]))[0]) // self._coin

    @cached_property
    def _coin(self) -> int:
        given = self.candidates.cost
        return 1 if given is None else max(int(np.gcd.reduce(_units(given.fillna(0.0)))), 1)

    @cached_property
    def named(self) -> dict[str, Flags]:
        """Villages named by hand, by rule."""
        return {name: self.candidates.score.index.isin(getattr(self.rules, name)) for name in BY_HAND}

    @cached_property
    def passes(self) -> dict[str, Flags]:
        """Villages that pass, by threshold."""
        given = self.candidates.passes
        return {} if given is None else {str(name): given[name].to_numpy(dtype=bool) for name in given.columns}

    @cached_property
    def held(self) -> Flags:
        """Villages that must be chosen."""
        return self.named["keep"] | self.named["add"]

    @cached_property
    def barred(self) -> Flags:
        """Villages that must not."""
        return self.named["drop"] | self.named["remove"]

    @cached_property
    def passing(self) -> Flags:
        """Villages that pass every threshold."""
        every = [np.ones(len(self.ranked), dtype=bool), *self.passes.values()]
        return np.asarray(np.logical_and.reduce(every), dtype=bool)

    @cached_property
    def free(self) -> Flags:
        """Villages that may be chosen or not."""
        return self.ranked & self.passing & ~self.held & ~self.barred

    @property
    def codes(self) -> pd.Index:
        """The villages."""
        return self.candidates.score.index


def programme(
    rules: Rules, group: npt.ArrayLike, old: npt.ArrayLike, least: npt.ArrayLike, most: npt.ArrayLike
) -> Programme:
    """The choices that meet the count, the limits by kecamatan and those by last year's list (not the budget).

    Parameters: `group`, `old`, `least`, `most` (n,): kecamatan, on last year's list, bounds of how often a column is
    chosen.
    """
    least, most, old = (np.asarray(column, dtype=float) for column in (least, most, old))
    made = replace(Programme.of(len(least)), least=least, most=most)
    if rules.count is not None:
        made = made.limited(np.ones(len(least)), rules.count, rules.count)
    if rules.max_new is not None:
        made = made.limited(1.0 - old, -np.inf, rules.max_new)
    if rules.least_kept is not None:
        made = made.limited(old, rules.least_kept, np.inf)
    return made.grouped(group, rules.min_per_kecamatan or 0, rules.max_per_kecamatan, rules.least_kecamatan)


def _units(values: pd.Series) -> Ints:
    return np.asarray(np.rint(values.to_numpy(dtype=float) * UNIT), dtype=np.int64)


def _check(given: Candidates, rules: Rules) -> None:
    index = given.score.index
    columns: list[Any] = [getattr(given, f.name) for f in fields(given)]
    if not index.is_unique or any(c is not None and not index.equals(c.index) for c in columns):
        raise ValueError("all columns, score and kecamatan among them, need one unique index")
    if given.kecamatan.isna().any():
        raise ValueError(f"no kecamatan for {list(index[given.kecamatan.isna()])}")
    if rules.count is None and rules.budget is None:
        raise ValueError("neither a count nor a budget: nothing ends the choice")
    named = {name: getattr(rules, name) for name in Rules.__slots__ if name not in BY_HAND and name != "count"}
    count = 1 if rules.count is None else rules.count
    if count < 1 or any(limit is not None and not 0 <= limit < np.inf for limit in named.values()):
        raise ValueError(f"count is at least 1 and a limit at least 0: {rules}")
    if (given.value < 0).any():
        raise ValueError("the objective is negative somewhere")
    unknown = sorted({*rules.keep, *rules.drop, *rules.add, *rules.remove} - set(index))
    if unknown:
        raise ValueError(f"villages that are not in the list: {unknown}")
    _check_costs(given, rules)
    if rules.by_last_year and given.last_year is None:
        raise ValueError("a limit on newcomers needs last year's list")


def _check_costs(given: Candidates, rules: Rules) -> None:
    if rules.budget is None:
        return
    if given.cost is None or (given.cost < 0).any():
        raise ValueError("a budget needs a cost for each village, at least 0")
    could = given.score.notna() | given.score.index.isin([*rules.keep, *rules.add])
    if (without := given.score.index[could & given.cost.isna()]).size:
        raise ValueError(f"no cost for {list(without)}")
