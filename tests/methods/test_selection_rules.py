"""Budgets, newcomers, thresholds and other objectives: every possible choice as oracle, laws."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meetings import CODES, N, asked, best_choice, meetings, met

from lokus.errors import InfeasibleSelection
from lokus.methods.optimum import maximum
from lokus.methods.rules import Candidates, programme
from lokus.methods.selection import NAMES, Rules, choose


@settings(max_examples=80, deadline=None)
@given(meetings())
def test_the_choice_is_the_first_of_the_best_of_all_possible_ones(meeting: tuple[Candidates, Rules]) -> None:
    given_, rules = meeting
    best = best_choice(given_, rules)
    if best is None:
        with pytest.raises(InfeasibleSelection):
            asked(given_, rules)
        return
    found = asked(given_, rules)
    assert set(found.index[found["selected"]]) == best
    last = CODES[::-1]
    turned = Candidates(**{n: c if (c := getattr(given_, n)) is None else c.loc[last] for n in given_.__annotations__})
    pd.testing.assert_frame_equal(asked(turned, rules).loc[CODES], found)


def activated(names: tuple[str, ...], given: Candidates, rules: Rules) -> tuple[Candidates, Rules]:
    """Rules and thresholds that stand in `names` alone."""
    short = {name.rpartition(".")[2] for name in names}
    kept = {f: v for f in Rules.__slots__ if f in short and (v := getattr(rules, f)) is not None}
    passes = None if given.passes is None else given.passes[[c for c in given.passes.columns if c in names]]
    return replace(given, passes=passes), Rules(**kept)


def can_hold(names: tuple[str, ...], given: Candidates, rules: Rules) -> bool:
    """By trying every set of villages; without "villages" by the solver, with four more villages of each kind."""
    hands = rules.keep + rules.add
    given, rules = activated(names, given, rules)
    if "villages" in names:
        return bool(met(given, rules, hands).any())
    kinds = [(k, old) for k in given.kecamatan.unique() for old in (False, True) for _ in range(4)]
    old = np.r_[given.last_year.to_numpy(bool), [old for _, old in kinds]]
    group = pd.factorize(pd.Series([*given.kecamatan, *(k for k, _ in kinds)]))[0]
    named, out = CODES.isin([*rules.keep, *rules.add]), CODES.isin([*rules.drop, *rules.remove])
    least, most = np.r_[named, np.zeros(len(kinds))], np.r_[named & ~out, np.ones(len(kinds))]
    meant = programme(rules, group, old, least, most)
    if rules.budget is not None:
        meant = meant.limited(np.r_[given.cost, np.zeros(len(kinds))], -np.inf, rules.budget)
    return maximum(meant, np.zeros(len(old))) is not None


@settings(max_examples=40, deadline=None)
@given(meetings(), st.integers(2, 4))
def test_a_refusal_names_a_smallest_contradiction(meeting: tuple[Candidates, Rules], more: int) -> None:
    given_, rules = meeting[0], replace(meeting[1], least_kept=more)
    try:
        asked(given_, rules)
    except InfeasibleSelection as refusal:
        named = refusal.rules
        assert set(named) <= {*NAMES, "selection.threshold[1]"} and len(set(named)) == len(named)
        assert not can_hold(named, given_, rules)
        for rule in named:
            assert can_hold(tuple(r for r in named if r != rule), given_, rules)
        active = [n for n in NAMES[:-1] if getattr(rules, n.rpartition(".")[2]) not in (None, ())]
        active += [] if given_.passes is None else list(given_.passes.columns)
        for fewer in combinations(active, len(named) - 2):
            assert can_hold((*fewer, "villages"), given_, rules)


PASS = {"passes": pd.DataFrame({"selection.threshold[1]": [v in ("v0", "v1", "v5") for v in CODES]}, CODES)}
OLD = {"last_year": pd.Series([v in ("v0", "v1", "v2") for v in CODES], CODES)}
COST = {"cost": pd.Series(0.1, CODES)}


@pytest.mark.parametrize(
    ("rules", "given_", "named"),
    [
        (Rules(4), PASS, {"selection.threshold[1]", "selection.count", "villages"}),
        (Rules(3, 1), PASS, {"selection.threshold[1]", "selection.max_per_kecamatan", "selection.count", "villages"}),
        (Rules(5, max_new=1), OLD, {"selection.max_new", "selection.count", "villages"}),
        (Rules(2, least_kept=3), OLD, {"selection.least_kept", "selection.count"}),
        (Rules(5, least_kept=4), OLD, {"selection.least_kept", "villages"}),
        (Rules(5, max_new=1, add=("v6", "v7")), OLD, {"selection.max_new", "selection.add"}),
        (Rules(4, budget=0.3), COST, {"selection.budget", "selection.count", "villages"}),
        (Rules(2, budget=0.1, keep=("v0", "v1")), COST, {"selection.budget", "selection.keep"}),
        (Rules(budget=0.2, least_kecamatan=3), COST, {"selection.budget", "selection.least_kecamatan", "villages"}),
    ],
)  # fmt: skip
def test_contradictions_are_named(rules: Rules, given_: dict, named: set[str]) -> None:
    score, kecamatan = pd.Series(range(N), CODES, dtype="Int64"), pd.Series(list("aaabbbcc"), CODES)
    with pytest.raises(InfeasibleSelection) as refusal:
        choose(score, kecamatan, rules, **given_)
    assert set(refusal.value.rules) == named


def test_a_threshold_yields_to_a_hand_and_to_nothing_else() -> None:
    score, kecamatan = pd.Series(range(N), CODES, dtype="Int64"), pd.Series("a", CODES)
    found = choose(score, kecamatan, Rules(2, keep=("v7",)), **PASS)
    assert found.index[found["selected"]].tolist() == ["v5", "v7"]
    assert found["left_out_by"].to_dict() == {
        "v0": "score", "v1": "score", "v5": "", "v7": "", **dict.fromkeys(("v2", "v3", "v4", "v6"), "threshold")
    }  # fmt: skip


def test_cents_are_counted_exactly() -> None:
    """0.1 + 0.2 is 0.3 here, and a hair above the budget is above it, at any size of money."""
    score, kecamatan = pd.Series([1, 1], CODES[:2], dtype="Int64"), pd.Series("a", CODES[:2])
    for size in (1, 10**9):
        cost = pd.Series([0.1, 0.2], CODES[:2]) * size
        assert choose(score, kecamatan, Rules(budget=0.3 * size), cost=cost)["selected"].all()
        assert choose(score, kecamatan, Rules(budget=0.3 * size - 0.0001), cost=cost)["selected"].sum() == 1


@pytest.mark.parametrize(
    ("rules", "given_", "match"),
    [
        (Rules(), {}, "neither a count nor a budget"),
        (Rules(budget=1.0), {}, "needs a cost"),
        (Rules(budget=1.0), {"cost": pd.Series([np.nan] * N, CODES)}, "no cost for"),
        (Rules(budget=np.nan), COST, "limit"),
        (Rules(1, max_new=1), {}, "last year"),
        (Rules(1), {"objective": pd.Series(-1.0, CODES)}, "negative"),
        (Rules(1), {"objective": pd.Series(1.0, CODES[::-1])}, "index"),
    ],
)
def test_misuse_is_refused(rules: Rules, given_: dict, match: str) -> None:
    score, kecamatan = pd.Series(range(N), CODES, dtype="Int64"), pd.Series("a", CODES)
    with pytest.raises(ValueError, match=match):
        choose(score, kecamatan, rules, **given_)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(10, 40))
def test_places_and_totals_choose_alike_where_only_rules_of_the_kecamatan_bind(seed: int, count: int) -> None:
    """Oracle: the sequence of optima (with a budget that cannot bind) beside the places of the M-convex case."""
    rng = np.random.default_rng(seed)
    index = pd.Index([f"v{i:03}" for i in range(120)])
    score = pd.Series(rng.integers(0, 12, 120) * 50_000, index, dtype="Int64")
    kecamatan = pd.Series([f"k{k}" for k in rng.integers(0, 9, 120)], index)
    rules = Rules(count, 5, 1, 8)
    places = choose(score, kecamatan, rules)
    totals = choose(score, kecamatan, replace(rules, budget=1e6), cost=pd.Series(rng.random(120), index))
    pd.testing.assert_frame_equal(places, totals)


@given(st.integers(1, 59), st.randoms(use_true_random=False))
@settings(max_examples=10, deadline=None)
def test_of_villages_alike_in_everything_the_first_codes_are_chosen(money: int, chance) -> None:
    codes = [f"v{i:02}" for i in range(60)]
    chance.shuffle(codes)
    index = pd.Index(codes)
    found = choose(
        pd.Series(7, index, dtype="Int64"), pd.Series("a", index), Rules(budget=money), cost=pd.Series(1.0, index)
    )
    assert sorted(found.index[found["selected"]]) == sorted(codes)[:money]


@settings(max_examples=30, deadline=None)
@given(meetings(), st.integers(0, N - 1))
def test_a_village_that_is_not_chosen_may_as_well_not_be_there(meeting: tuple[Candidates, Rules], at: int) -> None:
    given_, rules = meeting
    gone = CODES[at]
    best = best_choice(given_, rules)
    if best is None or gone in {*best, *rules.drop, *rules.remove}:
        return
    fewer = Candidates(
        **{n: c if (c := getattr(given_, n)) is None else c.drop(index=gone) for n in given_.__annotations__}
    )
    found = asked(fewer, rules)
    assert set(found.index[found["selected"]]) == best


@settings(max_examples=150, deadline=None)
@given(meetings(), st.integers(0, N - 1))
def test_a_village_that_was_not_chosen_would_not_be_missed(meeting: tuple[Candidates, Rules], which: int) -> None:
    """Law: without it the others are chosen just as before (where no minimum hangs on its kecamatan)."""
    given_, rules = meeting
    try:
        before = asked(given_, rules)["selected"]
    except InfeasibleSelection:
        return
    code = CODES[which]
    named = {*rules.keep, *rules.add, *rules.drop, *rules.remove}
    alone = (given_.kecamatan == given_.kecamatan[code]).sum() == 1
    if before[code] or code in named or (alone and rules.min_per_kecamatan):
        return
    parts = {name: getattr(given_, name) for name in Candidates.__annotations__}
    left = Candidates(**{name: part if part is None else part.drop(index=code) for name, part in parts.items()})
    pd.testing.assert_series_equal(asked(left, rules)["selected"], before.drop(code))
