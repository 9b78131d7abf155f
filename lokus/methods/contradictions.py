"""Rules that cannot hold together: whether a set of them can, and the smallest set that cannot."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from itertools import combinations
from math import comb
from typing import Any

import numpy as np

from lokus.errors import InfeasibleSelection
from lokus.methods.optimum import maximum
from lokus.methods.rules import BY_HAND, NAMES, Case, Flags, programme

# Sets of rules tried in search of the smallest contradiction, before the one found by leaving out rules is told.
TRIED = 300
PLENTY = 1e6


def refuse_contradictions(case: Case) -> None:
    """Raises `InfeasibleSelection` with the smallest set of rules that cannot hold together.

    The params say what there is: `count` asked for, `ranked` villages, `passing` those of them that pass all
    thresholds, `kecamatan` (numbers) and the `budget`.
    """
    active = active_rules(case)
    if possible(active, case):
        return
    smallest = smallest_contradiction(active, lambda some: possible(some, case))
    raise InfeasibleSelection(
        smallest,
        count=case.rules.count,
        ranked=int(case.ranked.sum()),
        passing=int((case.ranked & case.passing).sum()),
        kecamatan=int(case.group.max(initial=-1)) + 1,
        budget=case.rules.budget,
    )


def active_rules(case: Case) -> list[str]:
    """The rules and thresholds that are set, and "villages", in the order of `NAMES`."""
    given = {name: getattr(case.rules, name.rpartition(".")[2], 1) for name in NAMES}
    told = [name for name, limit in given.items() if limit is not None and limit != ()]
    end = told.index("selection.count") if "selection.count" in told else len(told) - 1
    return [*told[:end], *case.passes, *told[end:]]


def smallest_contradiction(active: Sequence[str], can: Callable[[Collection[str]], bool]) -> tuple[str, ...]:
    """A smallest subset of `active`, which cannot hold together, that cannot either; the first of equally small ones.

    Leaving out one rule after the other, the last first, finds a set of which every rule is needed. A rule without
    which all others can hold is in every contradiction, so smaller sets are looked for among those that have all such
    rules; where that would be more than `TRIED` sets, the set found first is told.
    Parameters: `can(some)`, False for more rules where it is False for fewer.
    Source: deletion filtering, Chinneck & Dravnieks 1991.
    """
    kept = list(active)
    for rule in reversed(active):
        rest = [r for r in kept if r != rule]
        kept = kept if can(rest) else rest
    needed = {rule for rule in active if can([r for r in active if r != rule])}
    others = [rule for rule in active if rule not in needed]
    sizes = range(len(kept) - len(needed) + 1)
    if sum(comb(len(others), size) for size in sizes) > TRIED:
        return tuple(kept)
    sets = ([r for r in active if r in needed or r in some] for size in sizes for some in combinations(others, size))
    return tuple(next(some for some in sets if not can(some)))


def possible(active: Collection[str], case: Case) -> bool:
    """Whether the active rules can hold together.

    Without "villages" every kecamatan is taken to have as many villages as one likes, new and of last year's list,
    that cost nothing and pass; a village named by hand counts among the ranked, whether or not its rule is active, so
    that a rule more never makes more possible. Rules of the kecamatan alone are a count of bounds, since the villages
    of a kecamatan are exchangeable; with costs or last year's list the solver is asked.
    """
    none = np.zeros(len(case.ranked), dtype=bool)
    by = {name: case.named[name] if f"selection.{name}" in active else none for name in BY_HAND}
    held, barred = by["keep"] | by["add"], by["drop"] | by["remove"]
    if (held & barred).any():
        return False
    passing = np.logical_and.reduce([~none, *(case.passes[name] for name in case.passes if name in active)])
    there = (case.held | (case.ranked & passing)) & ~barred
    counted = not {"selection.budget", "selection.max_new", "selection.least_kept"} & set(active)
    return _countable(active, case, held, there) if counted else _solvable(active, case, held, there)


def _countable(active: Collection[str], case: Case, held: Flags, there: Flags) -> bool:
    rules, group = case.rules, case.group
    number = int(group.max(initial=-1)) + 1
    low = np.bincount(group[held], minlength=number)
    high = np.bincount(group[there], minlength=number).astype(float)
    if "villages" not in active:
        high = np.full(number, np.inf)
    if "selection.min_per_kecamatan" in active:
        low = np.maximum(low, rules.min_per_kecamatan or 0)
    if "selection.max_per_kecamatan" in active:
        high = np.minimum(high, np.inf if rules.max_per_kecamatan is None else rules.max_per_kecamatan)
    missing = 0
    if "selection.least_kecamatan" in active:
        missing = max(0, (rules.least_kecamatan or 0) - int((low > 0).sum()))
    if (low > high).any() or missing > ((low == 0) & (high > 0)).sum():
        return False
    return "selection.count" not in active or bool(low.sum() + missing <= (rules.count or 0) <= high.sum())


def _solvable(active: Collection[str], case: Case, held: Flags, there: Flags) -> bool:
    """Whether the cheapest choice under the active rules, if there is one, can be paid for."""
    names = {name.rpartition(".")[2] for name in NAMES[:-1] if name not in active}.difference(BY_HAND)
    silent: dict[str, Any] = dict.fromkeys(names)
    rules = replace(case.rules, **silent)
    group, old, cost, most = case.group, case.old, case.cost, there.astype(float)
    if "villages" not in active:
        every = np.arange(int(group.max(initial=-1)) + 1)
        group, old = np.r_[group, every, every], np.r_[old, every < 0, every >= 0]
        cost, most = np.r_[cost, np.zeros(2 * len(every), int)], np.r_[held, np.full(2 * len(every), PLENTY)]
    least = np.r_[held, np.zeros(len(most) - len(held))]
    found = maximum(programme(rules, group, old, least, most), -cost.astype(float))
    if found is None:
        return False
    spent = int(cost @ found[0][: len(cost)].astype(np.int64))
    return "selection.budget" not in active or spent <= (case.budget or 0)
