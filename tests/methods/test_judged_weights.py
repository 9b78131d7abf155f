"""Weights from people: published comparisons in pairs are in test_mcdm; here the laws and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lokus.methods.judged_weights import (
    MOST_RATIO,
    ahp,
    bonferroni_mean,
    budget_allocation,
    lmaw_weights,
    rancom,
    shares,
)

few = settings(max_examples=40, deadline=None)
positive = st.lists(st.floats(0.1, 9), min_size=1, max_size=8).map(np.array)


@few
@given(positive, st.floats(0.01, 100))
def test_consistent_comparisons_give_back_their_weights(w: np.ndarray, factor: float) -> None:
    """Law: of a_ij = w_i / w_j AHP finds w, and no contradiction."""
    found = ahp(w[:, None] / w)
    np.testing.assert_allclose(found.weights, w / w.sum())
    assert found.ratio == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(shares(w * factor), found.weights)


def test_the_consistency_ratio_of_published_comparisons(published: Path) -> None:
    """Wang & Chin 2011 (mcdm/pymcdm_1.4…json, TestAHPWeights). Oracle: λ is the mean of (A w)/w, RI(6) is 1.24 (Saaty
    1980); such comparisons contradict each other too much."""
    cases = json.loads((published / "mcdm/pymcdm_1.4_published_worked_examples.json").read_text("utf-8"))
    a = np.array(next(c for c in cases if c["case"] == "TestAHPWeights")["data"]["matrix"])
    found = ahp(a)
    largest = ((a @ found.weights) / found.weights).mean()
    assert found.ratio == pytest.approx((largest - 6) / 5 / 1.24)
    assert found.ratio > MOST_RATIO
    order = np.array([5, 3, 0, 1, 4, 2])
    np.testing.assert_allclose(ahp(a[order][:, order]).weights, found.weights[order])


def test_a_third_may_be_written_0_33() -> None:
    """Law: two digits are enough for a reciprocal."""
    found = ahp(np.array([[1, 3, 7], [0.33, 1, 2], [0.14, 0.5, 1]]))
    np.testing.assert_allclose(
        found.weights, ahp(np.array([[1, 3, 7], [1 / 3, 1, 2], [1 / 7, 0.5, 1]])).weights, atol=0.003
    )


@pytest.mark.parametrize(
    "bad",
    [
        [[1, 3], [3, 1]],
        [[2, 1], [1, 1]],
        [[1, 2, 3], [0.5, 1, 2]],
        [[1, -2], [-0.5, 1]],
        [[1, 0], [0, 1]],
        [[1, np.nan], [np.nan, 1]],
        np.ones((16, 16)),
        np.ones((0, 0)),
    ],
)
def test_comparisons_that_are_not_reciprocal_are_refused(bad) -> None:
    with pytest.raises(ValueError):
        ahp(np.array(bad))


def test_a_wrong_pair_is_named() -> None:
    with pytest.raises(ValueError, match="1 with 3"):
        ahp(np.array([[1, 2, 3], [0.5, 1, 2], [3, 0.5, 1]]))


@pytest.mark.parametrize("bad", [[[50, 40]], [[50, 50], [120, -20]], [[np.nan, 100]], np.empty((0, 2))])
def test_points_that_are_not_100_are_refused(bad) -> None:
    with pytest.raises(ValueError):
        budget_allocation(np.array(bad))


@few
@given(st.lists(st.integers(0, 5), min_size=1, max_size=8).map(np.array))
def test_an_order_of_importance_is_kept(importance: np.ndarray) -> None:
    """Law: who matters more has more, equals have equal; the same by order and by its comparisons."""
    w = rancom(importance)
    assert w.sum() == pytest.approx(1)
    np.testing.assert_array_equal(np.sign(w[:, None] - w), np.sign(importance[:, None] - importance))
    pairs = (1 + np.sign(importance[:, None] - importance)) / 2
    np.testing.assert_array_equal(rancom(pairs), w)


@pytest.mark.parametrize("bad", [[np.nan, 1.0], [[0.5, 1], [1, 0.5]], [[0.5, 0.7], [0.3, 0.5]]])
def test_no_order_is_refused(bad) -> None:
    with pytest.raises(ValueError):
        rancom(np.array(bad))


@few
@given(st.lists(st.floats(0, 9), min_size=2, max_size=6).map(np.array))
def test_several_experts_made_one(said: np.ndarray) -> None:
    """Oracle: Bonferroni's mean (p = q = 1) pair by pair; it is at most the mean, and what all say if they agree."""
    m = len(said)
    pairs = sum(said[a] * said[b] for a in range(m) for b in range(m) if a != b)
    assert bonferroni_mean(said) == pytest.approx(np.sqrt(pairs / m / (m - 1)), abs=1e-6)
    assert bonferroni_mean(said) <= said.mean() + 1e-9
    assert bonferroni_mean(np.full(m, said[0])) == pytest.approx(said[0], abs=1e-6)
    assert bonferroni_mean(said[:1]) == said[0]


def test_scores_at_or_below_the_anti_ideal_are_refused() -> None:
    with pytest.raises(ValueError):
        lmaw_weights(np.array([[0.5, 1.0], [1.0, 2.0]]))
