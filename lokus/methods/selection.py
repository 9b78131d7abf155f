"""Which villages are chosen: the greatest total that meets every rule of the meeting, proven optimal."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lokus.methods.contradictions import refuse_contradictions
from lokus.methods.optimum import first_of_the_best, solve
from lokus.methods.rules import NAMES, Candidates, Case, Flags, Ints, Rules, programme

__all__ = ["NAMES", "Candidates", "Rules", "choose", "chosen", "solve"]


def choose(
    score: pd.Series,
    kecamatan: pd.Series,
    rules: Rules,
    *,
    objective: pd.Series | None = None,
    cost: pd.Series | None = None,
    last_year: pd.Series | None = None,
    passes: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The villages with the greatest total of the objective (the score, or another) under the rules.

    max Σ v x,  Σ x = count,  Σ cost x ≤ budget,  min ≤ Σ_k x ≤ max for every kecamatan k,  at least K kecamatan with a
    village,  Σ_new x ≤ max_new,  Σ_old x ≥ least_kept,  x = 0 below a threshold unless kept or added by hand.
    Of equally good choices the one with the greater total score, and of these the one with the smaller codes: villages
    are put in order by (objective descending, score descending, code), and the choice is the first one in that order.
    Where only rules of the kecamatan (or only those of last year's list) bind, choices are the bases of a matroid
    (counts per group between bounds, with a least number not zero, form an M-convex set): the first choice in that
    order also has the greatest total, and it is the only optimum when each village counts by its place in that order:
    those places are what the solver is given. With a budget, or both kinds of rules, the totals are made the greatest
    one after the other.

    :param score, kecamatan, objective, cost, last_year, passes: as `Candidates`. :param rules: `Rules`.
    :returns: same index; `selected` bool; `selected_by` "keep" | "add" | "score" (among the best of the villages not
        named, had there been no limits) | "rule" | ""; `left_out_by` "drop" | "remove" | "unranked" | "threshold" |
        "rule" (above a chosen village that nobody named, or among the first `count`) | "score" | "". "Best" and
        "above" are by the objective.
    :raises InfeasibleSelection: `rules` holds a smallest contradicting set of study keys (`NAMES`, or columns of
        `passes`); its params say what there is (`contradictions.refuse_contradictions`).
    :raises ValueError: indexes differ or repeat, a kecamatan or a cost is missing, a number is out of range, a code is
        unknown, the objective is negative, neither count nor budget is given.

    Source: Murota 2003, ch. 4 (M-convex sets); Huangfu & Hall 2018 (HiGHS).
    """
    case = Case(rules, Candidates(score, kecamatan, objective, cost, last_year, passes))
    refuse_contradictions(case)
    held, place, free, index = case.held, case.place, case.free, case.codes
    selected = chosen(case)
    number = len(index) if rules.count is None else rules.count
    plain = _best(place, free, number - int(held.sum())) | held
    selected_by = np.select(
        [~selected, case.named["keep"], case.named["add"], plain], ["", "keep", "add", "score"], "rule"
    )
    last = place[selected & ~held].min(initial=len(place) + 1)
    first = _best(place, case.ranked & ~case.barred & (case.passing | held), rules.count or 0)
    held_up = free & ((place > last) | first)
    out = [selected, case.named["drop"], case.named["remove"], ~case.ranked, ~case.passing, held_up]
    left_out_by = np.select(out, ["", "drop", "remove", "unranked", "threshold", "rule"], "score")
    told = {"selected_by": pd.array(selected_by, dtype="str"), "left_out_by": pd.array(left_out_by, dtype="str")}
    return pd.DataFrame({"selected": selected, **told}, index=index)


def chosen(case: Case) -> Flags:
    """The choice of a case whose rules can hold together; bool (n,).

    Raises: RuntimeError where they cannot, or the solver stopped without a proof.
    """
    rules, held = case.rules, case.held
    if rules.budget is not None or (rules.by_kecamatan and rules.by_last_year):
        return _made_the_greatest(case)
    if not rules.by_kecamatan and not rules.by_last_year:
        return _best(case.place, case.free, (rules.count or 0) - int(held.sum())) | held
    return _exchanged(case)


def _made_the_greatest(case: Case) -> Flags:
    """Objective, score and codes made the greatest one after the other."""
    rules = programme(case.rules, case.group, case.old, case.held, case.held | case.free)
    if case.budget is not None:
        rules = rules.limited(case.cost, -np.inf, case.budget)
    values = [np.where(case.free, case.value, 0)]
    if case.candidates.objective is not None:
        values.append(np.where(case.free, case.score, 0))
    found = first_of_the_best(rules, values, np.argsort(-case.place))
    if found is None:
        raise RuntimeError("the rules were found possible, but no choice meets them")
    return found


def _best(place: Ints, free: Flags, number: int) -> Flags:
    """The `number` best of the free villages."""
    best = np.zeros(len(place), dtype=bool)
    at = np.flatnonzero(free)
    best[at[np.argsort(-place[at])[:number]]] = True
    return best


def _exchanged(case: Case) -> Flags:
    """The proven choice where the groups of one kind have bounds, looked for among the candidates alone."""
    rules, held, place = case.rules, case.held, case.place
    if rules.by_kecamatan:
        group, number = case.group, int(case.group.max()) + 1
        low = np.full(number, rules.min_per_kecamatan or 0)
        high = np.full(number, np.inf if rules.max_per_kecamatan is None else rules.max_per_kecamatan)
    else:
        group = case.old.astype(np.intp)
        low = np.array([0, rules.least_kept or 0])
        high = np.array([np.inf if rules.max_new is None else rules.max_new, np.inf])
    candidates = _candidates(case, group, low, high)
    there, inner = np.unique(group[candidates], return_inverse=True)
    best = solve(
        np.where(held[candidates], 0, np.argsort(np.argsort(place[candidates])) + 1),
        inner,
        count=rules.count,
        low=low[there],
        high=high[there],
        least_groups=rules.least_kecamatan,
        locked_in=held[candidates],
    )
    if best is None:
        raise RuntimeError("the rules were found possible, but no choice meets them")
    found = np.zeros(len(place), dtype=bool)
    found[candidates[best]] = True
    return found


def _candidates(case: Case, group: Ints, low: Ints, high: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Ints:
    """The villages that an optimal choice is made of, so that the solver sees a few thousand of the country's.

    They are the named ones, the best each group needs for its minimum, the first of the K best-led kecamatan, and the
    best `count` that the maxima let in. Any other chosen village could be exchanged for a better one of these: its
    group keeps its minimum without it, and either K kecamatan are reached without it or one of the K best-led is not
    reached yet.
    """
    order = np.flatnonzero(case.free)[np.argsort(-case.place[case.free])]
    within = pd.Series(group[order]).groupby(group[order]).cumcount().to_numpy()
    room = (high - np.bincount(group[case.held], minlength=len(high)))[group[order]]
    parts = [
        np.flatnonzero(case.held),
        order[within < low[group[order]]],
        order[within == 0][: case.rules.least_kecamatan or 0],
        order[within < room][: case.rules.count],
    ]
    return np.unique(np.concatenate(parts))
