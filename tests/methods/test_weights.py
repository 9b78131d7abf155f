"""Weights: the laws every weighting holds, and those of drawn ones."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import null_space

from lokus.methods import mcdm_weights as told
from lokus.methods.chance import stream
from lokus.methods.weights import WEIGHTINGS, dirichlet

few = settings(max_examples=25, deadline=None)
DATA_DRIVEN = sorted(set(WEIGHTINGS) - {"expert", "equal", "importance"})

weights = st.lists(st.integers(0, 20), min_size=1, max_size=8).filter(any).map(lambda w: np.array(w, dtype=float))


@pytest.mark.parametrize("name", list(WEIGHTINGS))
@few
@given(weights=weights, factor=st.floats(0.01, 100), seed=st.integers(0, 99))
def test_weights_are_scale_free_and_zero_stays_zero(name: str, weights, factor: float, seed: int) -> None:
    needs = np.random.default_rng(seed).random((12, weights.size))
    out = WEIGHTINGS[name](weights, needs)
    assert out.sum() == pytest.approx(1)
    assert (out >= 0).all()
    assert ((out > 0) <= (weights > 0)).all()
    np.testing.assert_allclose(WEIGHTINGS[name](weights * factor, needs), out, atol=1e-12)


@pytest.mark.parametrize("name", list(WEIGHTINGS))
@few
@given(weights=weights, seed=st.integers(0, 99), ties=st.booleans())
def test_neither_order_of_villages_nor_of_indicators_matters(name: str, weights, seed: int, ties: bool) -> None:
    """Law: with missing cells and ties too."""
    rng = np.random.default_rng(seed)
    needs = rng.integers(0, 4, (20, weights.size)) / 3 if ties else rng.random((20, weights.size))
    needs[rng.random(needs.shape) < 0.05] = np.nan
    rows, columns = rng.permutation(20), rng.permutation(weights.size)
    turned = WEIGHTINGS[name](weights[columns], needs[rows][:, columns])
    np.testing.assert_allclose(turned, WEIGHTINGS[name](weights, needs)[columns], atol=1e-8)


@pytest.mark.parametrize("name", DATA_DRIVEN)
def test_an_indicator_that_tells_nothing_apart_has_no_weight(name: str) -> None:
    """Law: constant, empty and zero columns weigh 0; if all are so, all weigh the same; so with one village."""
    varied, other, constant, empty = [0.1, 0.2, 0.6, 0.7], [0.9, 0.2, 0.8, 0.1], [0.3] * 4, [np.nan] * 4
    needs = np.array([varied, other, constant, [0.0] * 4]).T
    out = WEIGHTINGS[name](np.ones(4), needs)
    assert out[2:].tolist() == [0, 0]
    assert out[:2].sum() == pytest.approx(1)
    dull = np.array([varied, constant, empty]).T
    assert WEIGHTINGS[name](np.array([0.0, 1, 1]), dull).tolist() == [0, 0.5, 0.5]
    assert WEIGHTINGS[name](np.ones(3), np.array([[0.1, 0.5, np.nan]])).tolist() == pytest.approx([1 / 3] * 3)


@pytest.mark.parametrize("name", ["merec", "cilos", "idocriw", "lopcow", "pca", "importance"])
def test_a_village_with_a_missing_need_is_left_out(name: str) -> None:
    """Law: these look at complete villages alone; a column without weight does not make a village incomplete."""
    needs = np.random.default_rng(3).random((15, 4)) ** [[1, 2, 3, 4]]
    gaps = needs.copy()
    gaps[[2, 5], [0, 1]] = np.nan
    gaps[7:, 3] = np.nan
    given_weights = np.array([1.0, 1, 1, 0])
    whole = np.delete(needs, [2, 5], axis=0)
    if name != "importance":
        np.testing.assert_allclose(WEIGHTINGS[name](given_weights, gaps), WEIGHTINGS[name](given_weights, whole))
    gaps[7:, 3] = needs[7:, 3]
    np.testing.assert_allclose(WEIGHTINGS[name](given_weights, gaps), WEIGHTINGS[name](given_weights, whole))


@pytest.mark.parametrize("name", ["entropy", "deviation", "variance", "gini", "angle"])
def test_a_missing_need_counts_as_absent_from_its_column(name: str) -> None:
    """Law: a column with gaps tells as much as the column without those villages."""
    x, gaps = np.random.default_rng(4).random((9, 2)), np.random.default_rng(5).random((9, 2))
    gaps[:, 0] = x[:, 0]
    gaps[[1, 4], 1] = np.nan
    amounts = getattr(told, name)
    short = amounts(np.delete(gaps, [1, 4], axis=0), np.ones(2))[1]
    expected = np.array([amounts(x, np.ones(2))[0], short])
    np.testing.assert_allclose(WEIGHTINGS[name](np.ones(2), gaps), expected / expected.sum())


def test_critic_takes_each_pair_of_columns_as_far_as_both_are_known() -> None:
    """Oracle: the definition, pair by pair."""
    x = np.random.default_rng(6).random((12, 3))
    x[[0, 3, 5], [0, 1, 1]] = np.nan
    amounts = []
    for j in range(3):
        column = x[~np.isnan(x[:, j]), j]
        conflict = 0.0
        for i in range(3):
            both = ~np.isnan(x[:, [i, j]]).any(axis=1)
            conflict += 1 - np.corrcoef(x[both, i], x[both, j])[0, 1]
        amounts.append(column.std(ddof=1) / np.ptp(column) * conflict)
    np.testing.assert_allclose(WEIGHTINGS["critic"](np.ones(3), x), np.array(amounts) / sum(amounts))


def test_merec_bears_a_need_of_0() -> None:
    """Law: needs are put on 1 … 100, as the score does for its logarithms."""
    needs = np.random.default_rng(7).random((10, 3))
    needs[0] = 0.0
    amounts = told.merec(1 + 99 * needs, np.ones(3))
    np.testing.assert_allclose(WEIGHTINGS["merec"](np.ones(3), needs), amounts / amounts.sum())


@few
@given(st.integers(0, 999))
def test_cilos_is_in_balance(seed: int) -> None:
    """Oracle: the null space of F (Zavadskas & Podvezko 2016), where the balance is unique."""
    x = np.random.default_rng(seed).random((9, 4))
    a = (x / x.sum(axis=0))[np.argmax(x, axis=0)]
    loss = (np.diag(a) - a) / np.diag(a)
    balance = null_space(loss - np.diag(loss.sum(axis=0)))
    if balance.shape[1] == 1:
        np.testing.assert_allclose(WEIGHTINGS["cilos"](np.ones(4), x), balance[:, 0] / balance.sum(), atol=1e-9)


def test_cilos_where_its_balance_is_not_unique() -> None:
    """Law: two criteria that lose nothing to any share what the third, which loses to both alike, gives up."""
    needs = np.array([[1.0, 1.0, 0.2], [1.0, 1.0, 0.8], [0.5, 0.4, 0.5]])
    assert WEIGHTINGS["cilos"](np.ones(3), needs) == pytest.approx([0.5, 0.5, 0], abs=1e-6)


def test_pca_reproduces_coinr_and_guards_its_trap(published: Path) -> None:
    """COINr 1.1.14 `get_PCA` (Sust, level 2), coinr/expected_pca_weights.csv and expected_pca_sust_rotation.csv: its
    weight of Social is −0.744, so that more of it would lower the score. With the guard it has none."""
    parts = ["Environ", "Social", "SusEcFin"]
    scores = pd.read_csv(published / "coinr/expected_Aggregated.csv")[parts].to_numpy()
    coinr = pd.read_csv(published / "coinr/expected_pca_weights.csv").set_index("iCode")["Weight"][parts].to_numpy()
    rotation = pd.read_csv(published / "coinr/expected_pca_sust_rotation.csv", index_col=0)
    assert coinr[1] < -0.7
    np.testing.assert_allclose(told.loadings(scores), coinr, rtol=1e-9)
    np.testing.assert_allclose(told.loadings(scores), rotation["PC1"], rtol=1e-9)
    guarded = WEIGHTINGS["pca"](np.ones(3), scores / 100)
    np.testing.assert_allclose(guarded, np.array([coinr[0], 0, coinr[2]]) / (coinr[0] + coinr[2]))


def test_pca_decides_nothing_between_two_that_run_against_each_other() -> None:
    """Law: no direction is the right one, so both weigh the same; so where the first component is not one."""
    x = np.random.default_rng(1).random(20)
    assert WEIGHTINGS["pca"](np.ones(2), np.stack([x, 1 - x], axis=1)).tolist() == [0.5, 0.5]
    cross = np.array([[0.0, 0.5], [1.0, 0.5], [0.5, 0.0], [0.5, 1.0]])
    assert WEIGHTINGS["pca"](np.ones(2), cross).tolist() == [0.5, 0.5]


def test_entropy_refuses_what_is_no_share() -> None:
    with pytest.raises(ValueError):
        WEIGHTINGS["entropy"](np.ones(2), np.array([[-0.1, 0.2], [0.3, 0.4]]))


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
