"""Ways to make the list: the study's own among them, scales of each draw, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from lokus.methods.composite import bounds, need
from lokus.methods.posterior import curve, share
from lokus.methods.scenarios import Ingredient, Menu, Scenario, min_ranks, scenarios, scores, taken, weight_draws
from lokus.methods.scoring import scheme_of, score_draws
from lokus.methods.treatment import TREATMENTS

SCHEME = scheme_of({"a": ("d", 2), "b": ("d", 1), "c": ("e", 1)}, {"d": 3, "e": 1})
N = 24


def ingredients(seed: int = 0, method: str = "minmax", treatment: str = "none", prior: float = 9.0) -> list[Ingredient]:
    """Two rates, one of them with gaps and an outlier, and a number without an interval."""
    rng = np.random.default_rng(seed)
    made = []
    for j, better in enumerate(("lower", "higher", "lower")):
        n = rng.integers(20, 300, N).astype(float)
        y = rng.binomial(n.astype(int), 0.1)
        if j == 1:
            y[5] = n[5] = 150.0
            n[2] = np.nan
        a, b = prior * 0.1 + y, prior * 0.9 + n - y
        values = a / (a + b)
        told = TREATMENTS[treatment](pd.Series(values), None)
        posts = (0.0, 0.4) if method == "goalposts" else None
        scale = bounds(told.values, method, better, goalposts=posts, limits=told.limits, log=told.log)
        made.append(Ingredient(values, scale, **({} if j == 2 else {"a": a, "b": b})))
    return made


def drawn(made: dict, picks: np.ndarray, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    errors = {name: rng.standard_normal((len(picks), N)) for name in "ab"}
    return scores(made, picks, errors, *weight_draws(SCHEME, 0.3, len(picks), lambda _: np.random.default_rng(seed)))


@pytest.mark.parametrize("method", ["minmax", "zscore", "rank", "goalposts"])
@pytest.mark.parametrize("treatment", ["none", "winsorise", "winsorise_log"])
def test_the_way_the_study_went_is_one_of_the_menu(method: str, treatment: str) -> None:
    """Law: the option that the study took gives the very scores of no menu at all."""
    way = treatment if method in ("minmax", "zscore") else "none"
    some = ingredients(method=method, treatment=way)
    alone = drawn(scenarios(some, SCHEME, Menu()), np.zeros((40, 0), int))
    menu = Menu(normalise=("rank", method), treatment=("none", treatment), aggregate=(("geometric", "arithmetic"),),
                prior={"other": ingredients(prior=40.0, method=method), "own": some})  # fmt: skip
    np.testing.assert_array_equal(drawn(scenarios(some, SCHEME, menu), np.tile([1, 0, 1, 1], (40, 1))), alone)
    assert (drawn(scenarios(some, SCHEME, menu), np.tile([1, 0, 1, 0], (40, 1))) != alone).any()


def test_each_draw_is_made_by_its_own_scenario() -> None:
    """Oracle: one scenario after the other."""
    menu = Menu(
        normalise=("minmax", "rank", "zscore"), aggregate=(("arithmetic", "geometric"), ("harmonic", "arithmetic"))
    )
    assert menu.factors == {
        "normalise": ("minmax", "rank", "zscore"), "aggregate": ("arithmetic/geometric", "harmonic/arithmetic")
    }  # fmt: skip
    made = scenarios(ingredients(), SCHEME, menu)
    assert list(made) == [(i, j) for i in range(3) for j in range(2)]
    picks = np.random.default_rng(2).integers(0, [3, 2], (30, 2))
    mixed = drawn(made, picks)
    for pick in made:
        same = drawn(made, np.tile(pick, (30, 1)))
        rows = (picks == pick).all(axis=1)
        np.testing.assert_allclose(mixed[rows], same[rows], rtol=1e-12)


@pytest.mark.parametrize("method", ["minmax", "zscore", "rank", "borda", "goalposts"])
def test_scales_taken_anew(method: str) -> None:
    """Oracle: each draw's values put on their own bounds by `composite`; goalposts stay where they are."""
    some = ingredients(method=method)
    made = scenarios(some, SCHEME, Menu(), anew=True)
    rng = np.random.default_rng(4)
    errors = {name: rng.standard_normal((6, N)) for name in "ab"}
    weights, above = weight_draws(SCHEME, 0.0, 6, lambda _: rng)
    out = scores(made, np.zeros((6, 0), int), errors, weights, above)
    observed = np.stack([~np.isnan(i.values) for i in some], axis=1)
    for r in range(6):
        needs = []
        for i, name in zip(some, "abc", strict=True):
            x = i.values if i.a is None else share(curve(i.a, i.b), errors[name][[r]])[0]
            posts = (0.0, 0.4) if method == "goalposts" else None
            scale = bounds(pd.Series(x), method, i.bounds.better, goalposts=posts)
            needs.append(np.nan_to_num(need(x, scale)))
        np.testing.assert_allclose(out[r], score_draws(needs, observed, weights[[r]], above[[r]], SCHEME)[0], rtol=1e-9)


def test_scales_taken_anew_say_nothing_where_all_are_equal() -> None:
    """Degenerate: one village, whose need is ½ whatever is drawn."""
    one = [i.take(np.arange(N) == 7) for i in ingredients()[:1]]
    scheme = scheme_of({"a": ("d", 1)}, {"d": 1}, within="arithmetic")
    for method in ("minmax", "zscore", "rank", "borda"):
        made = scenarios(one, scheme, Menu(normalise=(method,)), anew=True)
        out = scores(made, np.zeros((3, 1), int), {"a": np.ones((3, 1))}, np.ones((3, 1)), np.ones((3, 1)))
        np.testing.assert_allclose(out, 50.0)


def test_some_villages_keep_the_scale_of_all() -> None:
    """Law: the scores of some villages are those they have among all."""
    made = scenarios(ingredients(), SCHEME, Menu(normalise=("minmax", "rank")))
    rows = np.arange(N) % 3 == 0
    errors = {name: np.random.default_rng(5).standard_normal((8, N)) for name in "ab"}
    weights = weight_draws(SCHEME, 0.0, 8, lambda _: np.random.default_rng(1))
    picks = np.arange(8)[:, None] % 2
    whole = scores(made, picks, errors, *weights)
    some = scores(taken(made, rows), picks, {k: e[:, rows] for k, e in errors.items()}, *weights)
    np.testing.assert_allclose(some, whole[:, rows], rtol=1e-12)


def test_needs_from_elsewhere() -> None:
    """Law: a scenario of given needs scores them as `score_draws` does, gaps left out."""
    needs = np.random.default_rng(1).random((N, 3))
    needs[3, 1] = needs[4] = np.nan
    out = scores({(): Scenario.of(needs, SCHEME)}, np.zeros((1, 0), int), {}, np.ones((1, 3)), np.ones((1, 2)))
    told = score_draws(list(np.nan_to_num(needs.T)), ~np.isnan(needs), np.ones((1, 3)), np.ones((1, 2)), SCHEME)
    np.testing.assert_array_equal(out, told)
    assert out[0, 4] == 0


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.integers(0, 4), min_size=6, max_size=6), min_size=1, max_size=5))
def test_equal_keys_share_the_better_rank(keys: list[list[int]]) -> None:
    """Oracle: scipy's rankdata(method="min")."""
    x = np.array(keys, dtype=float)
    np.testing.assert_array_equal(min_ranks(x), rankdata(x, method="min", axis=1))


@pytest.mark.parametrize(
    ("menu", "told"),
    [
        (Menu(normalise=("goalposts",)), "nobody gave goalposts"),
        (Menu(normalise=("fastest",)), "no normaliser"),
        (Menu(treatment=("trim",)), "no treatment"),
        (Menu(aggregate=(("arithmetic", "median"),)), "aggregations are"),
        (Menu(prior={"none": []}), "0 ingredients"),
    ],
)
def test_what_cannot_be_varied_is_refused(menu: Menu, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        scenarios(ingredients(), SCHEME, menu)


def test_a_scale_that_cannot_be_taken_anew_is_refused() -> None:
    with pytest.raises(ValueError, match="fraction"):
        scenarios(ingredients(), SCHEME, Menu(normalise=("fraction",)), anew=True)
