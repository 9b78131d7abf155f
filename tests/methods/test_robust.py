"""The choice that is best in the worst of the scenarios: a toy with a known answer, every choice as oracle."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meetings import CODES, EVERY, Candidates, Rules, met

from lokus.errors import InfeasibleSelection
from lokus.methods.robust import robust_choice, tail_mean


def test_the_safe_village_is_chosen_where_the_worst_counts() -> None:
    """A is sure to reach 4; B reaches 10 or nothing. In the mean B is better, in the worst half A; two that never fail
    together are better than either."""
    index = pd.Index(["A", "B", "C"])
    two = Candidates(pd.Series([1, 1, 1], index, dtype="Int64"), pd.Series("k", index))
    scenarios = np.array([[4.0, 10.0, 0.0], [4.0, 0.0, 9.0]])
    drop = Rules(1, drop=("C",))
    assert robust_choice(two, drop, scenarios, tail=1.0).selected.tolist() == [False, True, False]
    safe = robust_choice(two, drop, scenarios, tail=0.5)
    assert safe.selected.tolist() == [True, False, False] and safe.worst == 4.0
    pair = robust_choice(two, Rules(2), scenarios, tail=0.5)
    assert pair.selected.tolist() == [False, True, True] and pair.worst == 9.0  # 10 in one scenario, 9 in the other


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.1, 0.25, 0.4, 0.65, 1.0]), st.integers(1, 4), st.booleans())
def test_no_choice_that_keeps_the_rules_has_a_better_tail(seed: int, tail: float, count: int, money: bool) -> None:
    rng = np.random.default_rng(seed)
    given_ = Candidates(
        pd.Series(rng.integers(0, 9, 8), CODES, dtype="Int64").mask(rng.random(8) < 0.1),
        pd.Series([f"k{k}" for k in rng.integers(0, 3, 8)], CODES),
        cost=pd.Series(rng.integers(1, 5, 8) / 10, CODES),
        last_year=pd.Series(rng.random(8) < 0.5, CODES),
    )
    rules = Rules(count, 2, least_kecamatan=2, max_new=2, budget=0.8 if money else None)
    scenarios = rng.integers(0, 20, (7, 8)).astype(float)
    allowed = EVERY[met(given_, rules)]
    if not len(allowed):
        with pytest.raises(InfeasibleSelection):
            robust_choice(given_, rules, scenarios, tail=tail)
        return
    found = robust_choice(given_, rules, scenarios, tail=tail, gap=0.0)
    best = max(tail_mean(scenarios[:, some].sum(axis=1), tail) for some in allowed)
    assert found.worst == pytest.approx(best)
    assert (allowed == found.selected).all(axis=1).any()


@given(st.lists(st.integers(0, 50), min_size=1, max_size=9), st.floats(0.05, 1))
def test_the_tail_is_rockafellars(totals: list[int], tail: float) -> None:
    """Oracle: the maximum over η, which lies at one of the totals (Rockafellar & Uryasev 2000, theorem 1)."""
    x = np.array(totals, dtype=float)
    best = max(eta - np.maximum(eta - x, 0).sum() / (tail * len(x)) for eta in x)
    assert tail_mean(x, tail) == pytest.approx(best, abs=1e-9)


def test_misuse_is_refused() -> None:
    given_ = Candidates(pd.Series(1, CODES, dtype="Int64"), pd.Series("k", CODES))
    for tail, shape in ((0.0, (3, 8)), (1.5, (3, 8)), (0.5, (3, 7)), (0.5, (0, 8))):
        with pytest.raises(ValueError, match="scenarios"):
            robust_choice(given_, Rules(2), np.ones(shape), tail=tail)
    with pytest.raises(ValueError, match="negative"):
        robust_choice(given_, Rules(2), -np.ones((3, 8)))
