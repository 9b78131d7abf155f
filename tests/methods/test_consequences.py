"""What a choice would be otherwise: each answer beside the slow way of finding it."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meetings import CODES, EVERY, Candidates, Rules, asked, best_choice, meetings, met

from lokus.errors import InfeasibleSelection
from lokus.methods.consequences import margin, next_in, rule_costs, selection_frequency
from lokus.methods.selection import choose

Meeting = tuple[Candidates, Rules]


def chosen_by(given_: Candidates, rules: Rules) -> pd.Series | None:
    try:
        return asked(given_, rules)["selected"]
    except InfeasibleSelection:
        return None


@settings(max_examples=30, deadline=None)
@given(meetings())
def test_a_rule_costs_what_the_best_list_without_it_has_more(meeting: Meeting) -> None:
    given_, rules = meeting
    mine = chosen_by(given_, rules)
    if mine is None:
        return
    children = pd.Series(np.arange(8.0), CODES)
    told = rule_costs(given_, rules, children)
    value = given_.value.where(given_.score.notna()).astype(float).fillna(0)
    for name, row in told.iterrows():
        short = str(name).rpartition(".")[2]
        lifted = (replace(given_, passes=None), rules)
        if short in Rules.__slots__:
            lifted = given_, replace(rules, **{short: () if isinstance(getattr(rules, short), tuple) else None})
        best = best_choice(*lifted)
        if best is None:
            assert short in ("keep", "add") and np.isnan(row["objective_lost"]) and not row["enters"]
            continue
        theirs = CODES.isin(best)
        assert row["objective_lost"] == pytest.approx(value[theirs].sum() - value[mine].sum())
        assert row["children_lost"] == children[theirs].sum() - children[mine].sum()
        assert {*row["enters"]} == {*CODES[theirs & ~mine]} and {*row["leaves"]} == {*CODES[mine & ~theirs]}
        assert row["objective_lost"] >= -1e-9 or short in ("keep", "add")
        assert not row["loosened_gains"] < 0
    active = {n for n in Rules.__slots__ if getattr(rules, n) not in (None, ())}
    active -= set() if {"count", "budget"} <= active else {"count", "budget"}
    assert set(told.index) == {f"selection.{n}" for n in active} | set(() if given_.passes is None else given_.passes)


def villages(seed: int, n: int = 40) -> Candidates:
    rng = np.random.default_rng(seed)
    index = pd.Index([f"v{i:02}" for i in range(n)])
    groups = [f"k{k}" for k in rng.integers(0, 6, n)]
    return Candidates(pd.Series(rng.integers(0, 20, n), index, dtype="Int64"), pd.Series(groups, index))


optional = st.one_of(st.none(), st.integers(1, 6))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), optional, st.sampled_from([None, 1]), optional, st.integers(6, 20))
def test_next_in_are_the_optima_of_one_more_each(
    seed: int, cap: int | None, low: int | None, least: int | None, count: int
) -> None:
    given_, rules = villages(seed), Rules(count, cap, low, least)
    lists = [chosen_by(given_, replace(rules, count=count + more)) for more in range(6)]
    if lists[0] is None:
        return
    wanted = [one & ~two for two, one in pairwise(lists) if one is not None and two is not None]
    told = next_in(given_, rules, lists[0])
    assert told.index.tolist() == [code for new in wanted for code in new.index[new]]
    assert told["step"].tolist() == list(range(1, len(told) + 1))


@settings(max_examples=30, deadline=None)
@given(meetings())
def test_the_nearest_exchange_of_all(meeting: Meeting) -> None:
    given_, rules = meeting
    mine = chosen_by(given_, rules)
    if mine is None:
        return
    told = margin(given_, rules, mine)
    allowed = EVERY[met(given_, rules)]
    one = allowed[((allowed ^ mine.to_numpy()).sum(axis=1) == 2) & (allowed.sum(axis=1) == mine.sum())]
    value = given_.value.where(given_.score.notna()).astype(float).fillna(0).to_numpy()
    losses = [value[mine].sum() - value[other].sum() for other in one]
    assert np.isnan(told.loses) == (not losses)
    if losses:
        assert told.loses == pytest.approx(min(losses))
        swapped = mine.copy()
        swapped[[told.leaves, told.enters]] = [False, True]
        assert (one == swapped.to_numpy()).all(axis=1).any()
    free = mine & ~CODES.isin([*rules.keep, *rules.add])
    assert (told.last_in == "") == (not free.any())
    if told.last_in:
        assert value[told.last_in == CODES] == value[free].min()


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6), optional, st.sampled_from([None, 1, 2]), optional, st.sampled_from(["", "old", "budget"]))
def test_frequencies_are_those_of_choosing_draw_by_draw(
    seed: int, cap: int | None, low: int | None, least: int | None, kind: str
) -> None:
    rng, given_ = np.random.default_rng(seed), villages(seed, 24)
    rules = Rules(9, cap, low, least, keep=("v03",), drop=("v04",))
    if kind == "old":
        rules = Rules(9, max_new=cap, least_kept=least, keep=("v03",))
        given_ = replace(given_, last_year=pd.Series(rng.random(24) < 0.5, given_.score.index))
    if kind == "budget":
        rules = replace(rules, budget=30.0)
        given_ = replace(given_, cost=pd.Series(rng.integers(1, 6, 24) * 1.0, given_.score.index))
    given_ = replace(given_, score=given_.score.where(given_.score.index != "v05"))
    if chosen_by(given_, rules) is None:
        return
    draws = rng.integers(0, 30, (5, 23))
    known = given_.score.index != "v05"
    mean = np.zeros(24)
    for draw in draws:
        score = pd.Series(pd.NA, given_.score.index, dtype="Int64")
        score[known] = draw
        mean += chosen_by(replace(given_, score=score), rules) / len(draws)
    told = selection_frequency(given_, rules, [draws[:2], draws[2:]])
    np.testing.assert_allclose(told, mean, atol=1e-12)
    np.testing.assert_allclose(selection_frequency(given_, rules, [draws - 40]), mean, atol=1e-12)


def test_draws_of_other_villages_are_refused() -> None:
    given_ = villages(1)
    with pytest.raises(ValueError, match="draws of 3"):
        selection_frequency(given_, Rules(5), [np.ones((2, 3))])
    assert choose(given_.score, given_.kecamatan, Rules(5))["selected"].sum() == 5
