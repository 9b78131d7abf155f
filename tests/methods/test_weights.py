"""Weights: published entropy weights, and the laws of drawn ones."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lokus.methods.chance import stream
from lokus.methods.weights import WEIGHTINGS, dirichlet

few = settings(max_examples=25, deadline=None)

weights = st.lists(st.integers(0, 20), min_size=1, max_size=8).filter(any).map(lambda w: np.array(w, dtype=float))


def test_published_entropy_weights(published: Path) -> None:
    """Elsayed, Dawood & Karthikeyan 2017 (in pymcdm's tests), and scikit-criteria's EntropyWeighter."""
    cases = json.loads((published / "mcdm/pymcdm_1.4_published_worked_examples.json").read_text())
    case = next(c for c in cases if c["case"] == "TestEntropyWeights")
    x = np.array(case["data"]["matrix"])
    np.testing.assert_allclose(WEIGHTINGS["entropy"](np.ones(5), x), case["data"]["output"], atol=5e-7)
    cases = json.loads((published / "mcdm/scikit_criteria_worked_examples.json").read_text())
    case = next(c for c in cases if c["method"] == "EntropyWeighter")
    x = np.array(case["matrix"], dtype=float)
    np.testing.assert_allclose(WEIGHTINGS["entropy"](np.ones(2), x), case["weights"], atol=case["atol"])


@pytest.mark.parametrize("name", list(WEIGHTINGS))
@few
@given(weights=weights, factor=st.floats(0.01, 100), seed=st.integers(0, 99))
def test_weights_are_scale_free_and_zero_stays_zero(name: str, weights, factor: float, seed: int) -> None:
    needs = np.random.default_rng(seed).random((12, weights.size))
    out = WEIGHTINGS[name](weights, needs)
    assert out.sum() == pytest.approx(1)
    assert (out >= 0).all()
    assert ((out > 0) <= (weights > 0)).all()
    np.testing.assert_allclose(WEIGHTINGS[name](weights * factor, needs), out)


def test_an_indicator_that_tells_nothing_apart_has_no_entropy_weight() -> None:
    """Law: constant, empty and missing columns weigh 0; if all are so, all weigh the same."""
    varied, constant, empty = [1.0, 2.0, 6.0], [0.3] * 3, [np.nan] * 3
    needs = np.array([varied, constant, empty, [0.0] * 3]).T
    assert WEIGHTINGS["entropy"](np.ones(4), needs).tolist() == [1, 0, 0, 0]
    assert WEIGHTINGS["entropy"](np.array([0.0, 1, 1, 0]), needs).tolist() == [0, 0.5, 0.5, 0]


def test_missing_values_do_not_move_entropy_weights() -> None:
    """Law: a village without a value counts as absent from that column."""
    x = np.array([[1.0, 4.0], [3.0, 1.0], [2.0, np.nan], [2.0, np.nan]])
    alone = [WEIGHTINGS["entropy"](np.ones(2), np.stack([a, b], axis=1)) for a, b in [(x[:, 0], x[::-1, 0])]]
    assert alone[0].tolist() == [0.5, 0.5]
    short = x[:2, 1] / 5
    told = 1 + (short * np.log(short)).sum() / np.log(2)
    full = x[:, 0] / 8
    other = 1 + (full * np.log(full)).sum() / np.log(4)
    np.testing.assert_allclose(WEIGHTINGS["entropy"](np.ones(2), x), [other / (told + other), told / (told + other)])


@pytest.mark.parametrize("bad", [[-1.0, 2.0], [np.nan, 1.0], [np.inf, 1.0], [0.0, 0.0]])
@pytest.mark.parametrize("name", list(WEIGHTINGS))
def test_impossible_weights_are_refused(name: str, bad: list[float]) -> None:
    with pytest.raises(ValueError):
        WEIGHTINGS[name](np.array(bad), np.ones((3, 2)))


@few
@given(weights, st.floats(0, 1), st.integers(0, 5))
def test_a_drawn_weight_is_a_share_and_zero_stays_zero(given_weights, spread: float, seed: int) -> None:
    out = dirichlet(given_weights, spread, 50, np.random.default_rng(seed))
    np.testing.assert_allclose(out.sum(axis=1), 1)
    assert (out >= 0).all()
    assert (out[:, given_weights == 0] == 0).all()
    if spread == 0:
        np.testing.assert_array_equal(out, np.tile(given_weights / given_weights.sum(), (50, 1)))


def test_drawn_weights_have_the_given_mean_and_spread() -> None:
    """Law, by simulation: the mean is the expert's; a weight of 1/k has the relative sd asked for."""
    out = dirichlet(np.ones(5), 0.25, 200_000, stream(7, "weights"))
    np.testing.assert_allclose(out.mean(axis=0), 0.2, rtol=0.004)
    np.testing.assert_allclose(out.std(axis=0) / 0.2, 0.25, rtol=0.01)
    out = dirichlet(np.array([6.0, 3.0, 1.0]), 0.5, 200_000, stream(7, "weights"))
    np.testing.assert_allclose(out.mean(axis=0), [0.6, 0.3, 0.1], rtol=0.01)


def test_streams_are_named() -> None:
    """Law: same seed and names, same chance; another of either, another."""
    told = [stream(*at).random() for at in [(1, "a", 0), (1, "a", 0), (2, "a", 0), (1, "b", 0), (1, "a", 1)]]
    assert told[0] == told[1]
    assert len(set(told)) == 4
