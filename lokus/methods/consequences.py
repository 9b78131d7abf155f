"""What a choice would be otherwise: the cost of each rule, who is next, the nearest exchange, how often one is in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from lokus.methods.contradictions import active_rules, possible, refuse_contradictions
from lokus.methods.rules import BY_HAND, UNIT, Candidates, Case, Flags, Ints, Rules
from lokus.methods.selection import chosen

Floats = npt.NDArray[np.float64]

# How a limit is loosened by one step.
LOOSER = {"max_per_kecamatan": 1, "min_per_kecamatan": -1, "least_kecamatan": -1, "max_new": 1, "least_kept": -1}
DRAWS_TOGETHER = 256


def rule_costs(candidates: Candidates, rules: Rules, children: pd.Series | None = None) -> pd.DataFrame:
    """What each rule costs: the total of the optimum without it less that of the optimum with it.

    Parameters: `candidates` and `rules` that can hold together; `children`, expected stunted, on the same index (a
    missing one counts as none reached).
    Returns: one row a rule, named as in `NAMES` or `passes` (a count or budget only beside the other: without both
    nothing ends the choice): `objective_lost` in the objective's unit, `children_lost` (NaN without `children`),
    `loosened_gains`: the objective gained by loosening a limit by one village or kecamatan (its shadow price; NaN for
    rules that are no such limit), `enters` and `leaves`: codes, were the rule lifted. NaN and () where the others
    cannot hold without the rule (villages kept by hand, unranked, that make up the count). No loss is negative but that
    of keep and add, whose villages may lie below a threshold; a loss of children may be, where they are not the
    objective.
    Raises: as `choose`.
    Source: sensitivity of an integer programme to its constraints; Schrage & Wolsey 1985.
    """
    now = Case(rules, candidates)
    refuse_contradictions(now)
    mine = chosen(now)
    rows = {}
    for name, other in _without(candidates, rules):
        case = Case(other[1], other[0])
        looser = _loosened(now, name)
        gains = np.nan if looser is None else _total(now, chosen(looser)) - _total(now, mine)
        if not possible(active_rules(case), case):
            rows[name] = (np.nan, np.nan, gains, (), ())
            continue
        theirs = chosen(case)
        kids = np.nan if children is None else float(children[theirs].sum() - children[mine].sum())
        enters, leaves = tuple(now.codes[theirs & ~mine]), tuple(now.codes[mine & ~theirs])
        rows[name] = (_total(now, theirs) - _total(now, mine), kids, gains, enters, leaves)
    columns = ["objective_lost", "children_lost", "loosened_gains", "enters", "leaves"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("rule")


def _without(candidates: Candidates, rules: Rules) -> Iterator[tuple[str, tuple[Candidates, Rules]]]:
    """The candidates and rules without each of the rules."""
    both = rules.count is not None and rules.budget is not None
    for short in Rules.__slots__:
        if getattr(rules, short) not in (None, ()) and (both or short not in ("count", "budget")):
            none: dict[str, tuple[str, ...] | None] = {short: () if short in BY_HAND else None}
            yield f"selection.{short}", (candidates, replace(rules, **none))  # type: ignore[arg-type]
    if (passes := candidates.passes) is not None:
        for name in passes.columns:
            yield str(name), (replace(candidates, passes=passes.drop(columns=name)), rules)


def _loosened(case: Case, name: str) -> Case | None:
    """The case with a limit loosened by one step."""
    short = name.rpartition(".")[2]
    limit = getattr(case.rules, short, None) if short in LOOSER else None
    if limit is None:
        return None
    return Case(replace(case.rules, **{short: max(limit + LOOSER[short], 0)}), case.candidates)


def _total(case: Case, some: Flags) -> float:
    whole = int(case.value[some].sum())
    return float(whole if case.candidates.objective is None else whole / UNIT)


def next_in(candidates: Candidates, rules: Rules, selected: pd.Series, number: int = 5) -> pd.DataFrame:
    """The villages that would enter one after the other, were one more chosen each time and nobody left.

    Parameters: `selected` bool, the choice under the rules; `number` ≥ 0 of villages asked for.
    Returns: index village_code in the order of entering: `step` 1 … number, `value` of the objective, `cost` (NaN
    where there is none). All rules but count and budget hold at every step; fewer rows where the rules let nobody in.
    Where only rules of the kecamatan bind, these are the optimum's own next villages: optima of N + 1 hold those of N.
    Raises: ValueError as `choose`. Source: Murota 2003, ch. 6 (incremental greedy).
    """
    case = Case(rules, candidates)
    inside = selected.to_numpy(dtype=bool).copy()
    counts = np.bincount(case.group[inside], minlength=int(case.group.max(initial=-1)) + 1)
    cap = np.inf if rules.max_per_kecamatan is None else rules.max_per_kecamatan
    newcomers = np.inf if rules.max_new is None else rules.max_new - int((inside & ~case.old).sum())
    entered: list[int] = []
    order = np.argsort(-case.place)
    for v in order[(case.free & ~inside)[order]]:
        if len(entered) == number:
            break
        if counts[case.group[v]] < cap and (case.old[v] or newcomers > 0):
            entered.append(int(v))
            counts[case.group[v]] += 1
            newcomers -= not case.old[v]
    cost = pd.Series(np.nan, case.codes) if candidates.cost is None else candidates.cost
    values = {"step": range(1, len(entered) + 1), "value": candidates.value.iloc[entered].to_numpy(dtype=float)}
    return pd.DataFrame({**values, "cost": cost.iloc[entered].to_numpy(dtype=float)}, case.codes[entered])


@dataclass(frozen=True, slots=True)
class Margin:
    """Where the list ends. Codes, "" where there is none: `last_in` the lowest chosen village that nobody named,
    `first_out` the next that would enter; `leaves` and `enters` the exchange of two villages that keeps all rules and
    loses least, `loses` what it loses of the objective (NaN where no exchange is allowed).
    """

    last_in: str
    first_out: str
    leaves: str
    enters: str
    loses: float


def margin(candidates: Candidates, rules: Rules, selected: pd.Series) -> Margin:
    """The end of the list and the nearest exchange.

    Parameters: as `next_in`. Returns: `Margin`. Of equally near exchanges the one with the lowest village leaving.
    Raises: ValueError as `choose`. Source: METHODS 8 (first out, last in, best swap).
    """
    case = Case(rules, candidates)
    inside = selected.to_numpy(dtype=bool)
    ends, starts = np.flatnonzero(inside & ~case.held), np.flatnonzero(case.free & ~inside)
    ends, starts = ends[np.argsort(case.place[ends])], starts[np.argsort(-case.place[starts])]
    first = next_in(candidates, rules, selected, 1).index
    last_in = str(case.codes[ends[0]]) if len(ends) else ""
    if rules.budget is None:  # villages of a cell are exchangeable: the lowest in and the highest out stand for it
        cell = case.group * 2 + case.old
        ends, starts = (at[np.sort(np.unique(cell[at], return_index=True)[1])] for at in (ends, starts))
    best = (np.inf, "", "")
    for end in ends:
        fits = starts[_exchange(case, inside, int(end), starts)]
        if len(fits) and (loss := float(case.value[end] - case.value[fits].max())) < best[0]:
            best = (loss, str(case.codes[end]), str(case.codes[fits[np.argmax(case.value[fits])]]))
    loses = best[0] / (1 if candidates.objective is None else UNIT) if best[1] else np.nan
    return Margin(last_in, str(first[0]) if len(first) else "", best[1], best[2], loses)


def _exchange(case: Case, inside: Flags, end: int, starts: Ints) -> Flags:
    """Which of the villages may take the place of one that is chosen."""
    rules, group = case.rules, case.group
    counts = np.bincount(group[inside], minlength=int(group.max()) + 1)
    same = group[starts] == group[end]
    own, theirs = counts[group[end]], counts[group[starts]]
    fits = same | (theirs < (np.inf if rules.max_per_kecamatan is None else rules.max_per_kecamatan))
    fits &= same | (own > (rules.min_per_kecamatan or 0))
    reached = int((counts > 0).sum()) - int(own == 1) + (theirs == 0)
    fits &= same | (reached >= (rules.least_kecamatan or 0))
    was, now = bool(case.old[end]), case.old[starts]
    kept = int((inside & case.old).sum()) - was + now
    fits &= kept >= (rules.least_kept or 0)
    new = int((inside & ~case.old).sum()) - (not was) + ~now
    fits &= new <= (np.inf if rules.max_new is None else rules.max_new)
    if case.budget is not None:
        fits &= int(case.cost[inside].sum()) - case.cost[end] + case.cost[starts] <= case.budget
    return np.asarray(fits, dtype=bool)


def selection_frequency(
    candidates: Candidates, rules: Rules, draws: Iterable[npt.NDArray[np.number]], solved: int = 200
) -> pd.Series:
    """How often each village is chosen under the rules, were each draw the truth.

    Every draw is chosen for exactly: where only rules of the kecamatan, or only those of last year's list bind, by
    going down the draw's order and taking each village that leaves the rest possible (the choices are the bases of a
    matroid); else by the solver, for the first `solved` draws.

    Parameters: `candidates` and `rules` that can hold together; `draws` blocks (B × ranked villages, those with a
    score, in the order of the index) of values ≥ 0 in whole units, greater = greater need, or of ranks with a minus.
    Returns: share 0–1 on the index; those kept by hand 1. Ties go to the smaller code, as the index stands in order.
    Raises: ValueError as `choose`, or for blocks of another width. Source: Edmonds 1971 (greedy on matroids).
    """
    case = Case(rules, candidates)
    width = int(case.ranked.sum())
    greedy = rules.budget is None and not (rules.by_kecamatan and rules.by_last_year)
    times, seen = np.zeros(len(case.ranked), dtype=np.int64), 0
    for block in _gathered(draws):
        if block.shape[1] != width:
            raise ValueError(f"draws of {block.shape[1]} villages for {width} that are ranked")
        block = block if greedy else block[: solved - seen]
        times += _greedy(case, block) if greedy else _solved(case, block)
        seen += len(block)
    return pd.Series(times / max(seen, 1), case.codes, name="selection_frequency")


def _gathered(draws: Iterable[npt.NDArray[np.number]]) -> Iterator[npt.NDArray[np.number]]:
    """Blocks of enough draws to be worked on together."""
    waiting: list[npt.NDArray[np.number]] = []
    for block in draws:
        waiting.append(block)
        if sum(map(len, waiting)) >= DRAWS_TOGETHER:
            yield np.concatenate(waiting)
            waiting = []
    if waiting:
        yield np.concatenate(waiting)


def _solved(case: Case, block: npt.NDArray[np.number]) -> Ints:
    times = np.zeros(len(case.ranked), dtype=np.int64)
    for draw in block:
        value = pd.Series(draw, case.codes[case.ranked]).reindex(case.codes)
        value = (value - value.min()).round().astype("Int64")
        times += chosen(Case(case.rules, replace(case.candidates, score=value, objective=None)))
    return times


def _greedy(case: Case, block: npt.NDArray[np.number]) -> Ints:
    """The number of times each village is chosen, all draws of a block going down their own orders together."""
    rules, held = case.rules, case.held
    group, low, high = _bounds(case)
    at = np.flatnonzero(case.ranked)[np.argsort(-block, axis=1, kind="stable")]
    rows = np.arange(len(block))
    taken = np.tile(np.bincount(group[held], minlength=len(low)), (len(block), 1))
    left = np.full(len(block), (rules.count or 0) - int(held.sum()))
    lack = np.full(len(block), int(np.maximum(low - taken[0], 0).sum()))
    reach = np.full(len(block), max(0, (rules.least_kecamatan or 0) - int(((taken[0] > 0) | (low > 0)).sum())))
    times = held * len(block)
    for v in at.T:
        g = group[v]
        own = taken[rows, g]
        fills, reaches = own < low[g], (own == 0) & (low[g] == 0) & (reach > 0)
        take = case.free[v] & (own < high[g]) & (left - 1 >= lack - fills + reach - reaches)
        taken[rows, g] += take
        left, lack, reach = left - take, lack - (take & fills), reach - (take & reaches)
        np.add.at(times, v, take)
        if not left.any():
            break
    return np.asarray(times, dtype=np.int64)


def _bounds(case: Case) -> tuple[Ints, Floats, Floats]:
    """The groups whose numbers are bound, and their bounds."""
    rules = case.rules
    if rules.by_last_year:
        high = np.inf if rules.max_new is None else rules.max_new
        return case.old.astype(np.intp), np.array([0.0, rules.least_kept or 0]), np.array([high, np.inf])
    number = int(case.group.max(initial=-1)) + 1
    high = np.inf if rules.max_per_kecamatan is None else rules.max_per_kecamatan
    return case.group, np.full(number, float(rules.min_per_kecamatan or 0)), np.full(number, float(high))
