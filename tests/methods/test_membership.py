"""How sure a village's group is: the normal tail as oracle, and what is not drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

from lokus.methods.clusters import Rule
from lokus.methods.composite import Bounds
from lokus.methods.membership import membership
from lokus.methods.scenarios import Ingredient

INDEX = [f"v{i}" for i in range(5)]
SCALE = Bounds("minmax", "lower", 0.0, 1.0, 0.5, 0.2)


def rule(*columns: str) -> Rule:
    """Two groups, one about 0.2 and one about 0.6 of every column."""
    k = len(columns)
    return Rule(columns, np.zeros(k), np.ones(k), np.array([[0.6] * k, [0.2] * k]), np.ones((2, k)), np.zeros(2))


def test_one_indicator_gives_the_tail_of_its_posterior() -> None:
    """Nearest to 0.6 rather than to 0.2 is above 0.4: the Beta's own tail."""
    a, b = np.array([8.0, 40.0, 20.0, 60.0, 4.0]), np.array([12.0, 60.0, 80.0, 40.0, 4.0])
    values = a / (a + b)
    labels = pd.Series([1, 2, 2, 1, 0], INDEX, dtype="Int64")
    told = membership(labels, rule("x"), {"x": Ingredient(values, SCALE, "x", a, b)}, draws=4000, seed=3)
    above = beta(a, b).sf(0.4)
    assert told.iloc[:4].tolist() == pytest.approx([above[0], 1 - above[1], 1 - above[2], above[3]], abs=0.03)
    assert np.isnan(told.iloc[4]) and told.name == "cluster_sure"


def test_the_same_share_moves_together_and_others_do_not() -> None:
    a, b = np.full(5, 8.0), np.full(5, 12.0)
    labels = pd.Series(1, INDEX, dtype="Int64")
    x = Ingredient(a / (a + b), SCALE, "x", a, b)
    once = membership(labels, rule("x"), {"x": x}, draws=500, seed=1)
    twice = membership(labels, rule("x", "y"), {"x": x, "y": x}, draws=500, seed=1)
    pd.testing.assert_series_equal(once, twice)


def test_nothing_drawn_is_not_certainty() -> None:
    labels = pd.Series([1, 2, 1, 2, pd.NA], INDEX, dtype="Int64")
    fixed = Ingredient(np.full(5, 0.5), SCALE, "x")
    assert membership(labels, rule("x"), {"x": fixed}).isna().all()
    some = Ingredient(np.full(5, 0.5), SCALE, "x", np.array([5.0, 5, np.nan, np.nan, 5]), np.full(5, 5.0))
    assert membership(labels, rule("x"), {"x": some}).notna().tolist() == [True, True, False, False, False]
