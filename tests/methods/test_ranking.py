"""Rank uncertainty: closed forms, published posteriors, and the laws of drawn ranks."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta, betabinom, rankdata

from lokus.methods import ranking
from lokus.methods.composite import bounds, need
from lokus.methods.ranking import (
    Ingredient,
    Menu,
    certainty,
    rank_draws,
    rank_uncertainty,
    ranks_of,
    value_of_measuring,
)
from lokus.methods.scenarios import scenarios
from lokus.methods.scoring import Scheme, min_rank, need_units, scheme_of, score_units

ONE = scheme_of({"x": ("d", 1)}, {"d": 1}, within="arithmetic")


def rate(y: np.ndarray, n: np.ndarray, a: float = 4.0, b: float = 15.0, better: str = "lower", **more) -> Ingredient:
    """A share with its posterior; NaN where n is."""
    a, b = a + y, b + n - y
    values = a / (a + b)
    return Ingredient(values, bounds(pd.Series(values), "minmax", better), a=a, b=b, **more)


def fixed(values: np.ndarray) -> Ingredient:
    return Ingredient(values, bounds(pd.Series(values), "minmax", "lower"))


def study(seed: int, villages: int = 30, missing: float = 0.0) -> tuple[list[Ingredient], Scheme]:
    """Two shares and a number without an interval, in two dimensions."""
    rng = np.random.default_rng(seed)
    n = rng.integers(5, 200, (2, villages)).astype(float)
    y = rng.binomial(n.astype(int), rng.beta(4, 15, (2, villages))).astype(float)
    n[rng.random(n.shape) < missing] = np.nan
    scheme = scheme_of({"a": ("d", 2), "b": ("d", 1), "c": ("e", 1)}, {"d": 3, "e": 1})
    return [rate(y[0], n[0]), rate(y[1], n[1], better="higher"), fixed(rng.random(villages))], scheme


def all_ranks(ingredients: list[Ingredient], scheme: Scheme, menu: Menu | None = None, **more) -> np.ndarray:
    return np.concatenate(list(rank_draws(scenarios(ingredients, scheme, menu or Menu()), **more)))


def test_expected_rank_in_closed_form() -> None:
    """Oracle: E[rank of i] = 1 + Σ P(p_j > p_i), by numerical integration of Beta densities."""
    y, n = np.array([3.0, 8, 20, 30, 1]), np.array([20.0, 30, 80, 90, 4])
    one = rate(y, n)
    ranks = all_ranks([one], ONE, draws=40_000, spread=0.3, seed=5)
    for i in range(5):
        over = [
            quad(lambda p, j=j, i=i: beta.pdf(p, one.a[i], one.b[i]) * beta.sf(p, one.a[j], one.b[j]), 0, 1)[0]
            for j in range(5) if j != i
        ]  # fmt: skip
        assert ranks[:, i].mean() == pytest.approx(1 + sum(over), abs=0.03)


def test_published_posteriors_of_ranks(published: Path) -> None:
    """Normal posteriors: E[rank] = 1 + ΣΦ(·), P(top 20) and rank quantiles of 4,000 draws in R.

    Ranks do not change when all posteriors are moved and scaled alike: near ½ and narrow, a Beta is as good as normal.
    """
    d = pd.read_csv(published / "ranks/normal_posterior_expected_ranks.csv")
    mean, sd = 0.5 + 0.1 * (d["post_mean"] - d["post_mean"].mean()).to_numpy(), 0.1 * d["post_sd"].to_numpy()
    strength = mean * (1 - mean) / sd**2 - 1
    one = Ingredient(mean, bounds(pd.Series(mean), "minmax", "lower"), a=mean * strength, b=(1 - mean) * strength)
    ranks = all_ranks([one], ONE, draws=4000, spread=0, seed=1)
    # Four standard errors of 4,000 draws of a rank with sd ≤ 50, twice that with R's own draws.
    assert np.abs(ranks.mean(axis=0) - d["expected_rank_exact"]).max() < 3.2
    out = rank_uncertainty([one], ONE, top_n=20, draws=4000, spread=0, seed=1, level=0.95)
    assert (out["p_top"] - d["p_top20_mc4000"]).abs().max() < 0.045
    assert (out["rank_low"] - d["rank_q025"]).abs().max() <= 10
    assert (out["rank_high"] - d["rank_q975"]).abs().max() <= 10
    assert (out["rank_low"] - d["rank_q025"]).abs().mean() < 2


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_ranks_of_a_draw_are_a_permutation(missing: float) -> None:
    ingredients, scheme = study(1, missing=missing)
    ranks = all_ranks(ingredients, scheme, draws=50, spread=0.25, seed=3)
    np.testing.assert_array_equal(np.sort(ranks, axis=1), np.tile(np.arange(1, 31), (50, 1)))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.integers(0, 4), min_size=6, max_size=6), min_size=1, max_size=5))
def test_tied_draws_share_the_better_rank(scores: list[list[int]]) -> None:
    """Oracle: scipy's rankdata(method="min"); a hair of rounding does not undo a tie."""
    x = np.array(scores, dtype=float)
    np.testing.assert_array_equal(ranks_of(x + 1e-9 * np.arange(6)), rankdata(-x, method="min", axis=1))


def test_neither_threads_nor_more_draws_change_a_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: the result does not depend on chunking; a longer run begins with the shorter one."""
    monkeypatch.setattr(ranking, "BLOCK", 30 * 64)
    ingredients, scheme = study(2, missing=0.1)
    one = all_ranks(ingredients, scheme, draws=500, spread=0.25, seed=3, threads=1)
    np.testing.assert_array_equal(one, all_ranks(ingredients, scheme, draws=500, spread=0.25, seed=3, threads=3))
    np.testing.assert_array_equal(one[:200], all_ranks(ingredients, scheme, draws=200, spread=0.25, seed=3))
    assert (one != all_ranks(ingredients, scheme, draws=500, spread=0.25, seed=4)).any()


@pytest.mark.parametrize("seed", range(5))
def test_without_chance_every_interval_is_the_exact_rank(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scheme = scheme_of({"a": ("d", 2), "b": ("d", 1), "c": ("e", 1)}, {"d": 3, "e": 1})
    columns = [np.where(rng.random(40) < 0.1, np.nan, rng.integers(0, 4, 40) / 4) for _ in range(3)]
    ingredients = [fixed(c) for c in columns]
    units = score_units(need_units(np.stack([need(i.values, i.bounds) for i in ingredients], axis=1)), scheme).units
    rank = pd.Series(min_rank(units))
    out = rank_uncertainty(ingredients, scheme, top_n=7, draws=100, spread=0, seed=1)
    for column in ("rank_low", "rank_median", "rank_high"):
        assert out[column].astype("Int64").equals(rank)
    assert out["p_top"].dropna().equals((rank.dropna() <= 7).astype(float))
    assert out["p_top"].isna().equals(rank.isna())


def test_order_statistics_are_those_of_the_draws() -> None:
    """Oracle: sorted ranks; the interval leaves out the same number of draws at both ends."""
    ingredients, scheme = study(4)
    told: list[tuple[int, int]] = []
    more = {"draws": 400, "spread": 0.25, "seed": 9}
    out = rank_uncertainty(ingredients, scheme, top_n=5, **more, on_chunk=lambda *at: told.append(at))
    ranks = np.sort(all_ranks(ingredients, scheme, **more), axis=0)
    np.testing.assert_array_equal(out["rank_low"], ranks[20])
    np.testing.assert_array_equal(out["rank_high"], ranks[-21])
    np.testing.assert_array_equal(out["rank_median"], np.median(ranks, axis=0))
    np.testing.assert_array_equal(out["p_top"], (ranks <= 5).mean(axis=0))
    assert out["p_top"].sum() == pytest.approx(5)
    assert told[-1] == (400, 400)


def test_unranked_villages_take_no_rank() -> None:
    """Law: those that take part are ranked as if alone; nothing known means not ranked."""
    ingredients, scheme = study(6)
    ranked = np.arange(30) % 3 > 0
    more = {"top_n": 5, "draws": 200, "spread": 0.25, "seed": 9}
    out = rank_uncertainty(ingredients, scheme, ranked=ranked, **more)
    alone = rank_uncertainty([i.take(ranked) for i in ingredients], scheme, **more)
    assert out[~ranked].isna().all(axis=None)
    pd.testing.assert_frame_equal(out[ranked].reset_index(drop=True), alone)
    blank = [Ingredient(np.where(ranked, i.values, np.nan), i.bounds, a=i.a, b=i.b) for i in ingredients]
    pd.testing.assert_frame_equal(rank_uncertainty(blank, scheme, **more), out)
    none = rank_uncertainty(ingredients, scheme, ranked=np.zeros(30, dtype=bool), **more)
    assert none.isna().all(axis=None)


def test_a_count_moves_with_its_share() -> None:
    """Law: where all target groups are equal, a count tied to a share never changes a rank; untied, it does."""
    y, n = np.array([5.0, 9, 14, 20, 8, 2]), np.full(6, 60.0)
    share = rate(y, n, draw="stunting")
    people = np.full(6, 100.0)
    count = Ingredient(share.values * 100, bounds(pd.Series(share.values * 100), "minmax", "lower"),
                       "stunting", share.a, share.b, people)  # fmt: skip
    alone = all_ranks([share], scheme_of({"s": ("d", 1)}, {"d": 1}), draws=300, spread=0, seed=2)
    scheme = scheme_of({"s": ("d", 1), "n": ("d", 1)}, {"d": 1})
    np.testing.assert_array_equal(all_ranks([share, count], scheme, draws=300, spread=0.3, seed=2), alone)
    loose = Ingredient(count.values, count.bounds, "", share.a, share.b, people)
    assert (all_ranks([share, loose], scheme, draws=300, spread=0, seed=2) != alone).any()
    other = Ingredient(count.values, count.bounds, "stunting", share.a + 1, share.b, people)
    with pytest.raises(ValueError, match="two posteriors"):
        rank_uncertainty([share, other], scheme, top_n=2, draws=10, spread=0, seed=2)


def test_a_value_without_counts_stays_where_it_is() -> None:
    """Law: a village with a share but no counts keeps its value in every draw."""
    a = np.array([np.nan, 2.0, 50.0])
    one = Ingredient(np.array([0.9, 0.2, 0.25]), bounds(pd.Series([0.9, 0.2, 0.25]), "minmax", "lower"), a=a, b=3 * a)
    ranks = all_ranks([one], ONE, draws=500, spread=0, seed=1)
    top = beta.sf(0.9, 2, 6)
    assert (ranks[:, 0] == 1).mean() == pytest.approx(1 - top, abs=0.02)
    assert set(ranks[:, 1]) >= {2, 3}


def test_more_children_measured_narrow_the_rank() -> None:
    """Law: with a thousand times the counts at the same shares, the interval shrinks to the rank."""
    y, n = np.array([2.0, 4, 6, 8]), np.full(4, 20.0)
    more = {"top_n": 2, "draws": 500, "spread": 0, "seed": 1}
    few, many = (rank_uncertainty([rate(y * f, n * f)], ONE, **more) for f in (1, 10_000))
    assert (many["rank_low"] == many["rank_high"]).all()
    assert (few["rank_high"] - few["rank_low"]).min() >= 1


def test_a_menu_of_one_thing_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: options that are the same leave every draw as it was; others do not."""
    ingredients, scheme = study(8, missing=0.1)
    more = {"top_n": 5, "draws": 300, "spread": 0.25, "seed": 9}
    plain = rank_uncertainty(ingredients, scheme, **more)
    means = (scheme.within, scheme.across)
    same = Menu(aggregate=(means, means), treatment=("none", "none"), prior={"a": ingredients, "b": ingredients})
    made = scenarios(ingredients, scheme, same)
    assert len(made) == 8
    # The menu is dealt from a stream of its own: blocks alike, all else is alike.
    monkeypatch.setattr(ranking, "BLOCK", 30 * 300 // 8)
    pd.testing.assert_frame_equal(rank_uncertainty(ingredients, scheme, **more, menu=same), plain)
    other = Menu(normalise=("rank",), aggregate=(("harmonic", "harmonic"),))
    assert (rank_uncertainty(ingredients, scheme, **more, menu=other)["p_top"] != plain["p_top"]).any()


def test_a_menu_is_drawn_evenly() -> None:
    """Oracle: without other doubts p_top is the mean over the options' lists, each drawn about as often."""
    ingredients, scheme = study(9)
    certain = [Ingredient(i.values, i.bounds) for i in ingredients]
    menu = Menu(
        normalise=("minmax", "rank", "zscore"), aggregate=(("arithmetic", "arithmetic"), ("harmonic", "geometric"))
    )
    lists = [
        rank_uncertainty(certain, scheme, top_n=6, draws=1, spread=0, seed=1, menu=Menu((n,), (a,)))["p_top"]
        for n in menu.normalise for a in menu.aggregate
    ]  # fmt: skip
    out = rank_uncertainty(certain, scheme, top_n=6, draws=6000, spread=0, seed=1, menu=menu)
    np.testing.assert_allclose(out["p_top"], np.mean(lists, axis=0), atol=0.03)
    assert out["p_top"].between(0.05, 0.95).any()
    three = rank_uncertainty(certain, scheme, top_n=6, draws=6000, spread=0, seed=1, menu=menu, threads=3)
    pd.testing.assert_frame_equal(three, out)


def test_scales_taken_anew_move_ranks_but_not_where_one_indicator_counts() -> None:
    """Law: min-max of each draw is affine in it, so the ranks by one indicator stay; by several they need not."""
    ingredients, scheme = study(10)
    more = {"top_n": 5, "draws": 300, "spread": 0.25, "seed": 9}
    one = (ingredients[:1], ONE)
    pd.testing.assert_frame_equal(rank_uncertainty(*one, **more, anew=True), rank_uncertainty(*one, **more))
    assert (
        rank_uncertainty(ingredients, scheme, **more, anew=True) != rank_uncertainty(ingredients, scheme, **more)
    ).any(axis=None)


def test_moments_are_those_of_the_scores() -> None:
    """Oracle: one rate on fixed goalposts: mean and sd of its Beta posterior, in points."""
    y, n = np.array([3.0, 8, 20]), np.array([20.0, 30, 80])
    a, b = 4 + y, 15 + n - y
    one = Ingredient(a / (a + b), bounds(pd.Series(y), "goalposts", "lower", goalposts=(0, 1)), a=a, b=b)
    out = ranking.score_moments(scenarios([one], ONE, Menu()), draws=20_000, seed=3)
    np.testing.assert_allclose(out["score_mean"], 100 * beta.mean(a, b), rtol=0.01)
    np.testing.assert_allclose(out["score_sd"], 100 * beta.std(a, b), rtol=0.03)
    with pytest.raises(ValueError, match="two draws"):
        ranking.score_moments(scenarios([one], ONE, Menu()), draws=1, seed=3)


def test_value_of_measuring_by_a_second_way() -> None:
    """Oracle: the list made anew for every outcome, its children counted, less those of the list as it is."""
    a, b = np.array([3.0, 8, 2, 5, 1]), np.array([9.0, 20, 11, 7, 2])
    children = np.array([80.0, 70, 90, 30, 60])
    out = value_of_measuring(a, b, children, more=6, top_n=2)

    def reached(share: np.ndarray) -> float:
        return float(np.sort(share * children)[-2:].sum())

    for x in range(5):
        gain = -reached(a / (a + b))
        for found in range(7):
            share = a / (a + b)
            share[x] = (a[x] + found) / (a[x] + b[x] + 6)
            gain += betabinom.pmf(found, 6, a[x], b[x]) * reached(share)
        assert out[x] == pytest.approx(gain, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 12), st.integers(0, 6))
def test_measuring_never_costs_children(seed: int, more: int, top_n: int) -> None:
    """Laws: a gain is never negative, grows with the children measured, and is 0 where nothing can be decided."""
    rng = np.random.default_rng(seed)
    a, b, children = rng.uniform(0.5, 9, 5), rng.uniform(0.5, 30, 5), rng.integers(0, 200, 5).astype(float)
    gain, further = (value_of_measuring(a, b, children, more=k, top_n=top_n) for k in (more, more + 1))
    assert (gain >= 0).all()
    assert (further >= gain - 1e-9).all()
    if more == 0 or top_n in (0, 5, 6):
        np.testing.assert_allclose(gain, 0, atol=1e-9)
    a[2] = np.nan
    out = value_of_measuring(a, b, children, more=more, top_n=top_n)
    assert np.isnan(out).tolist() == [False, False, True, False, False]
    np.testing.assert_allclose(np.delete(out, 2), value_of_measuring(*(np.delete(x, 2) for x in (a, b, children)),
                                                                      more=more, top_n=top_n))  # fmt: skip


def test_certainty_in_words() -> None:
    """METHODS 4: pasti ≥ .9, mungkin .6–.9, ambang .4–.6, else tidak."""
    p = pd.Series([1.0, 0.9, 0.899, 0.6, 0.599, 0.4, 0.399, 0.0, np.nan], index=list("abcdefghi"))
    told = certainty(p)
    assert told.tolist() == [*["certain"] * 2, *["likely"] * 2, *["borderline"] * 2, *["unlikely"] * 2, ""]
    assert told.index.equals(p.index)
    assert told.dtype == "str"


def test_misuse_is_refused() -> None:
    with pytest.raises(ValueError, match="0 ingredients"):
        rank_uncertainty([], ONE, top_n=1, draws=10, spread=0, seed=1)
    with pytest.raises(ValueError, match="no draws"):
        rank_uncertainty([fixed(np.array([0.1, 0.2]))], ONE, top_n=1, draws=0, spread=0, seed=1)
    half = Ingredient(np.array([0.1]), bounds(pd.Series([0.1]), "minmax", "lower"), a=np.ones(1))
    with pytest.raises(ValueError, match="both a and b"):
        rank_uncertainty([half], ONE, top_n=1, draws=1, spread=0, seed=1)
    with pytest.raises(ValueError, match="not negative"):
        value_of_measuring(np.ones(2), np.ones(2), np.array([3.0, -1]), more=2, top_n=1)
