"""Which villages are chosen: the greatest total score that meets every rule of the meeting, proven optimal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from lokus.errors import InfeasibleSelection

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]

# "villages" is no rule but a fact: which ranked villages there are in each kecamatan. Of equally small contradictions
# the one that needs neither it nor the count is told.
NAMES = (
    "selection.max_per_kecamatan",
    "selection.min_per_kecamatan",
    "selection.least_kecamatan",
    "selection.keep",
    "selection.drop",
    "selection.add",
    "selection.remove",
    "selection.count",
    "villages",
)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of the meeting; None and () = no such rule. Codes in `keep` and `add` must be chosen (ranked or not),
    those in `drop` and `remove` must not. Limits hold for every kecamatan with a village in the list, named ones
    counted; `least_kecamatan`: the least number of kecamatan with a chosen village.
    """

    count: int
    max_per_kecamatan: int | None = None
    min_per_kecamatan: int | None = None
    least_kecamatan: int | None = None
    keep: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


def choose(score: pd.Series, kecamatan: pd.Series, rules: Rules) -> pd.DataFrame:
    """The villages with the greatest total score under the rules.

    max Σ score x,  Σ x = count,  min ≤ Σ_k x ≤ max for every kecamatan k,  at least K kecamatan with a village.
    Of equally good choices the one with the smaller codes: villages are put in order by (score descending, code), and
    the choice is the first one in that order that the rules allow. Choices that meet such rules are the bases of a
    matroid (counts per kecamatan between bounds, with a least number not zero, form an M-convex set), so this choice
    also has the greatest total score, and it is the only optimum when each village counts by its place in that order:
    those places are what the solver is given.

    :param score: whole units, missing = not ranked (chosen only by keep or add); index village_code, unique.
    :param kecamatan: code of the kecamatan, same index, none missing. :param rules: `Rules`.
    :returns: same index; `selected` bool; `selected_by` "keep" | "add" | "score" (among the best of the villages not
        named, had there been no limits) | "rule" | ""; `left_out_by` "drop" | "remove" | "unranked" | "rule" (ranked
        above a chosen village that nobody named, or among the first `count`) | "score" | "".
    :raises InfeasibleSelection: `rules` holds a smallest contradicting set of study keys (`NAMES`); the params
        `count`, `ranked` (villages) and `kecamatan` (numbers) say what there is.
    :raises ValueError: indexes differ or repeat, a kecamatan is missing, a number is out of range, a code is unknown.

    Source: Murota 2003, ch. 4 (M-convex sets); Huangfu & Hall 2018 (HiGHS).
    """
    _check(score, kecamatan, rules)
    index = score.index
    group, _ = pd.factorize(kecamatan, sort=True)
    ranked = score.notna().to_numpy()
    named = {name: index.isin(getattr(rules, name)) for name in ("keep", "add", "drop", "remove")}
    held, barred = named["keep"] | named["add"], named["drop"] | named["remove"]
    _refuse_contradictions(rules, named, ranked, group)
    value = _places(score)
    free = ranked & ~held & ~barred
    plain = _best(value, free, rules.count - int(held.sum())) | held
    if rules.max_per_kecamatan is None and rules.min_per_kecamatan is None and rules.least_kecamatan is None:
        chosen = plain
    else:
        chosen = _solved(value, group, free, held, rules)
    selected_by = np.select([~chosen, named["keep"], named["add"], plain], ["", "keep", "add", "score"], "rule")
    last = value[chosen & ~held].min(initial=len(value) + 1)
    held_up = free & ((value > last) | _best(value, ranked & ~barred, rules.count))
    out = [chosen, named["drop"], named["remove"], ~ranked, held_up]
    left_out_by = np.select(out, ["", "drop", "remove", "unranked", "rule"], "score")
    told = {"selected_by": pd.array(selected_by, dtype="str"), "left_out_by": pd.array(left_out_by, dtype="str")}
    return pd.DataFrame({"selected": chosen, **told}, index=index)


def solve(
    value: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    count: int | None = None,
    cost: npt.ArrayLike | None = None,
    budget: float | None = None,
    low: npt.ArrayLike = 0,
    high: npt.ArrayLike | None = None,
    least_groups: int | None = None,
    locked_in: npt.ArrayLike | None = None,
    locked_out: npt.ArrayLike | None = None,
) -> Flags | None:
    """An optimal choice, proven by branch and bound without a gap.

    max Σ v x,  x ∈ {0, 1},  Σ x = count,  Σ cost x ≤ budget,  low_k ≤ Σ_{i∈k} x_i ≤ high_k,
    Σ_k y_k ≥ least_groups with y_k ∈ {0, 1}, y_k ≤ Σ_{i∈k} x_i.

    :param value: length n, any unit. :param groups: length n, integers 0 … G − 1. :param cost, budget: one unit.
    :param low, high: per group (length G) or one number for all; None = no upper limit.
    :param locked_in, locked_out: length n, bool.
    :returns: bool of length n; None when no choice meets the rules.
    :raises RuntimeError: the solver stopped without a proof.

    Source: Huangfu & Hall 2018 (HiGHS, through `scipy.optimize.milp`).
    """
    value, groups = np.asarray(value, dtype=float), np.asarray(groups, dtype=np.intp)
    n, number = len(value), int(groups.max(initial=-1)) + 1
    links = number if least_groups is not None else 0
    member = sparse.csr_array((np.ones(n), (groups, np.arange(n))), shape=(number, n))
    rules = [LinearConstraint(_padded(member, links), low, np.inf if high is None else high)]
    if count is not None:
        rules.append(LinearConstraint(_padded(sparse.csr_array(np.ones((1, n))), links), count, count))
    if cost is not None and budget is not None:
        spent = sparse.csr_array(np.asarray(cost, dtype=float)[None, :])
        rules.append(LinearConstraint(_padded(spent, links), -np.inf, budget))
    rules += _spread(member, least_groups)
    least, most = np.zeros(n + links), np.ones(n + links)
    least[:n] = False if locked_in is None else np.asarray(locked_in, dtype=bool)
    most[:n] = True if locked_out is None else ~np.asarray(locked_out, dtype=bool)
    if (least > most).any():
        return None
    found = _optimum(-np.r_[value, np.zeros(links)], Bounds(least, most), rules)
    return None if found is None else found[:n]


def _optimum(cost: Floats, bounds: Bounds, rules: list[LinearConstraint]) -> Flags | None:
    options = {"mip_rel_gap": 0.0}
    found = milp(cost, integrality=np.ones(len(cost)), bounds=bounds, constraints=rules, options=options)
    if found.status == 2:
        return None
    if found.status != 0:
        raise RuntimeError(found.message)
    return np.asarray(found.x > 0.5)


def _spread(member: sparse.csr_array, least_groups: int | None) -> list[LinearConstraint]:
    """At least so many groups with a village: y_k ≤ Σ_{i∈k} x_i, Σ y_k ≥ least_groups."""
    if least_groups is None:
        return []
    number, n = member.shape
    linked = sparse.hstack([member, -sparse.eye_array(number)]).tocsr()
    used = np.r_[np.zeros(n), np.ones(number)][None, :]
    return [LinearConstraint(linked, 0, np.inf), LinearConstraint(used, least_groups, np.inf)]


def _padded(matrix: sparse.csr_array, columns: int) -> sparse.csr_array:
    return sparse.hstack([matrix, sparse.csr_array((matrix.shape[0], columns))]).tocsr() if columns else matrix


def _check(score: pd.Series, kecamatan: pd.Series, rules: Rules) -> None:
    if not score.index.equals(kecamatan.index) or not score.index.is_unique:
        raise ValueError("score and kecamatan need one unique index")
    if kecamatan.isna().any():
        raise ValueError(f"no kecamatan for {list(kecamatan.index[kecamatan.isna()])}")
    limits = (rules.count - 1, rules.max_per_kecamatan, rules.min_per_kecamatan, rules.least_kecamatan)
    if any(limit is not None and limit < 0 for limit in limits):
        raise ValueError(f"count is at least 1 and a limit at least 0: {rules}")
    unknown = sorted({*rules.keep, *rules.drop, *rules.add, *rules.remove} - set(score.index))
    if unknown:
        raise ValueError(f"villages that are not in the list: {unknown}")


def _places(score: pd.Series) -> Ints:
    """Each village's place from the end of the order (score descending, code); 0 for those not ranked."""
    ranked = score.dropna()
    order = np.lexsort((ranked.index.to_numpy(), -ranked.to_numpy()))
    place = pd.Series(0, index=score.index)
    place.loc[ranked.index[order]] = np.arange(len(order), 0, -1)
    return np.asarray(place, dtype=np.intp)


def _best(value: Ints, free: Flags, number: int) -> Flags:
    """The `number` best of the free villages."""
    best = np.zeros(len(value), dtype=bool)
    places = np.flatnonzero(free)
    best[places[np.argsort(-value[places])[:number]]] = True
    return best


def _solved(value: Ints, group: Ints, free: Flags, held: Flags, rules: Rules) -> Flags:
    """The proven choice, looked for among the candidates alone."""
    candidates = _candidates(value, group, free, held, rules)
    _, inner = np.unique(group[candidates], return_inverse=True)
    best = solve(
        np.where(held[candidates], 0, np.argsort(np.argsort(value[candidates])) + 1),
        inner,
        count=rules.count,
        low=rules.min_per_kecamatan or 0,
        high=rules.max_per_kecamatan,
        least_groups=rules.least_kecamatan,
        locked_in=held[candidates],
    )
    if best is None:
        raise RuntimeError("the rules were found possible, but no choice meets them")
    chosen = np.zeros(len(value), dtype=bool)
    chosen[candidates[best]] = True
    return chosen


def _candidates(value: Ints, group: Ints, free: Flags, held: Flags, rules: Rules) -> Ints:
    """The villages that an optimal choice is made of, so that the solver sees a few thousand of the country's.

    They are the named ones, the best each kecamatan needs for its minimum, the first of the K best-led kecamatan, and
    the best `count` that the maxima let in. Any other chosen village could be exchanged for a better one of these:
    its kecamatan keeps its minimum without it, and either K kecamatan are reached without it or one of the K
    best-led is not reached yet.
    """
    order = np.flatnonzero(free)[np.argsort(-value[free])]
    within = pd.Series(group[order]).groupby(group[order]).cumcount().to_numpy()
    most = rules.count if rules.max_per_kecamatan is None else rules.max_per_kecamatan
    room = most - np.bincount(group[held], minlength=int(group.max()) + 1)[group[order]]
    parts = [
        np.flatnonzero(held),
        order[within < (rules.min_per_kecamatan or 0)],
        order[within == 0][: rules.least_kecamatan or 0],
        order[within < room][: rules.count],
    ]
    return np.unique(np.concatenate(parts))


def _refuse_contradictions(rules: Rules, named: dict[str, Flags], ranked: Flags, group: Ints) -> None:
    """Raises `InfeasibleSelection` with the smallest set of rules that cannot hold together."""
    given = {name: getattr(rules, name.rpartition(".")[2], 1) for name in NAMES}
    active = [name for name, limit in given.items() if limit is not None and limit != ()]
    if _possible(active, rules, named, ranked, group):
        return
    smallest = next(
        some
        for size in range(1, len(active) + 1)
        for some in combinations(active, size)
        if not _possible(some, rules, named, ranked, group)
    )
    there = np.bincount(group[ranked], minlength=group.max(initial=-1) + 1)
    raise InfeasibleSelection(smallest, count=rules.count, ranked=int(ranked.sum()), kecamatan=len(there))


def _possible(active: Iterable[str], rules: Rules, named: dict[str, Flags], ranked: Flags, group: Ints) -> bool:
    """Whether the active rules can hold together: a count of bounds, since villages of a kecamatan are exchangeable.

    Without "villages" every kecamatan is taken to have as many ranked villages as one likes.
    """
    active = set(active)
    none = np.zeros(len(group), dtype=bool)
    keep, add, drop, remove = (
        named[name] if f"selection.{name}" in active else none for name in ("keep", "add", "drop", "remove")
    )
    held, barred = keep | add, drop | remove
    if (held & barred).any():
        return False
    number = int(group.max(initial=-1)) + 1
    forced = np.bincount(group[held], minlength=number)
    there = np.bincount(group[(held | ranked) & ~barred], minlength=number)
    low, high = forced, there if "villages" in active else np.full(number, len(group) + rules.count)
    if "selection.min_per_kecamatan" in active:
        low = np.maximum(low, rules.min_per_kecamatan or 0)
    if "selection.max_per_kecamatan" in active:
        high = np.minimum(high, np.inf if rules.max_per_kecamatan is None else rules.max_per_kecamatan)
    missing = 0
    if "selection.least_kecamatan" in active:
        missing = max(0, (rules.least_kecamatan or 0) - int((low > 0).sum()))
    if (low > high).any() or missing > ((low == 0) & (high > 0)).sum():
        return False
    return "selection.count" not in active or bool(low.sum() + missing <= rules.count <= high.sum())
