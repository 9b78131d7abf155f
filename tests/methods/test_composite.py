"""Normalisation: COINr's own example, and the laws of a need."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
from asem import coinr, meta
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lokus.methods.composite import HELD, NORMALISERS, Bounds, bounds, need
from lokus.methods.treatment import winsorise_log

few = settings(max_examples=25, deadline=None)

numbers = arrays(float, st.integers(4, 60), elements=st.integers(-1000, 1000).map(lambda v: v / 8))
METHODS = [m for m in NORMALISERS if m not in HELD]


def scale_of(values: pd.Series, method: str, better: str) -> Bounds:
    """A scale by any normaliser: goalposts and a target well within the numbers above."""
    given = {"goalposts": {"goalposts": (-50.0, 50.0)}, "target": {"target": 10.0}}
    return bounds(values, method, better, **given.get(method, {}))


def positive(method: str, x: np.ndarray) -> np.ndarray:
    """A fraction of the maximum is one of numbers ≥ 0."""
    return np.abs(x) if method == "fraction" else x


def prepared(published: Path, file: str) -> Iterator[tuple[pd.Series, pd.Series, Literal["lower", "higher"]]]:
    """Each treated ASEM indicator, what COINr's normaliser makes of it, and which way is better."""
    data, told, direction = coinr(published, "expected_Treated"), coinr(published, file), meta(published)["Direction"]
    for name in told.columns:
        yield data[name], told[name], "higher" if direction[name] > 0 else "lower"


@pytest.mark.parametrize(
    ("file", "method", "good"),
    [
        ("expected_norm_n_minmax", "minmax", lambda need: 100 * (1 - need)),
        ("expected_Normalised", "minmax", lambda need: 100 * (1 - need)),
        ("expected_norm_n_dist2max", "minmax", lambda need: 1 - need),
        ("expected_norm_n_zscore", "zscore", lambda need: 3 - 6 * need),
    ],
)
def test_published_normalisation(published: Path, file: str, method: str, good: Callable[[Any], Any]) -> None:
    """COINr's normalisers on the ASEM data, with their directions; a need is the mirror image."""
    for values, told, better in prepared(published, file):
        out = need(values, bounds(values, method, better), extend=True)
        np.testing.assert_allclose(good(out), told, atol=1e-9, err_msg=values.name)


def test_published_distance_to_a_target(published: Path) -> None:
    """expected_norm_n_dist2max is COINr's `n_dist2targ` with the best observed as the target: 1 − need."""
    for values, told, better in prepared(published, "expected_norm_n_dist2max"):
        best = values.max() if better == "higher" else values.min()
        out = need(values, bounds(values, "target", better, target=best))
        np.testing.assert_allclose(1 - out, told, atol=1e-9, err_msg=values.name)


def test_published_fractions_of_the_maximum(published: Path) -> None:
    """expected_norm_n_fracmax: x / max where higher is better, 1 − need.

    Where lower is better COINr's file holds x / min, need · max / min: Inf (and 0 / 0) where the minimum is 0, which
    is no target.
    """
    for values, told, better in prepared(published, "expected_norm_n_fracmax"):
        out = need(values, bounds(values, "fraction", better), extend=True)
        if better == "higher":
            np.testing.assert_allclose(1 - out, told, atol=1e-9, err_msg=values.name)
        elif values.min() > 0:
            np.testing.assert_allclose(out * values.max() / values.min(), told, rtol=1e-9, err_msg=values.name)


@pytest.mark.parametrize(
    ("file", "points"),
    [
        ("expected_norm_n_prank", lambda share, others: share),
        ("expected_norm_n_borda", lambda share, others: share * others),
        ("expected_norm_n_rank", lambda share, others: share * others + 1),
    ],
)
def test_published_ranks(published: Path, file: str, points: Callable[[Any, int], Any]) -> None:
    """COINr's ranks of the ASEM data count who is strictly worse off: n_prank shares, n_borda points, n_rank places.

    "borda" is 1 − that share; "rank" counts who is strictly better off, the same share the other way round. TolMin is
    left out: values that R tells apart after the 15th digit are ties in the file.
    """
    for values, told, better in prepared(published, file):
        if values.name != "TolMin":
            others = values.count() - 1
            out = need(values, bounds(values, "borda", better))
            np.testing.assert_allclose(points(1 - out, others), told, atol=1e-9, err_msg=values.name)
            turned = need(values, bounds(values, "rank", "lower" if better == "higher" else "higher"))
            np.testing.assert_allclose(points(turned, others), told, atol=1e-9, err_msg=values.name)


@pytest.mark.parametrize("method", list(NORMALISERS))
@pytest.mark.parametrize("better", ["lower", "higher"])
@few
@given(x=numbers)
def test_a_need_is_a_share_that_rises_as_things_get_worse(method: str, better: str, x: np.ndarray) -> None:
    """Law: 0–1, monotone, equal needs for equal values, missing stays missing; all equal: 0.5 where no end is set."""
    x = positive(method, x)
    values = pd.Series([*x, np.nan])
    out = need(values, scale_of(values, method, better))
    worse = values if better == "lower" else -values
    ordered = out.loc[worse.sort_values().index].dropna()
    assert ordered.between(0, 1).all()
    assert (ordered.diff().dropna() >= 0).all()
    assert out.groupby(values).nunique().eq(1).all()
    assert out.isna().equals(values.isna())
    best, worst = out[worse.idxmin()], out[worse.idxmax()]
    if x.min() == x.max() and method not in HELD:
        assert (out.dropna() == 0.5).all()
    elif method in ("minmax", "rank", "borda"):
        assert best == 0 or method == "borda"
        assert worst == 1 or method == "rank"
    elif method == "target":
        short = worse > (10 if better == "lower" else -10)
        assert (out[~short & values.notna()] == 0).all()
        assert worst == float(short.any())


@pytest.mark.parametrize("method", list(NORMALISERS))
@few
@given(x=numbers)
def test_draws_on_a_frozen_scale(method: str, x: np.ndarray) -> None:
    """Law: a cube of draws is the same as each draw, and extending changes nothing within the range."""
    x = positive(method, x)
    scale = scale_of(pd.Series(x), method, "higher")
    cube = np.stack([x, x[::-1]])
    np.testing.assert_array_equal(need(cube, scale), [need(row, scale) for row in cube])
    inside = need(x, scale)
    extended = need(x, scale, extend=True)
    free = (inside > 0) & (inside < 1)
    np.testing.assert_array_equal(inside[free], extended[free])


def test_draws_beyond_the_range_extend_it_but_not_goalposts_or_winsorised_ends() -> None:
    """Law: only a declared end is an end."""
    values, beyond = pd.Series([0.2, 0.4]), np.array([0.1, 0.5])
    free, held = bounds(values, "minmax", "lower"), bounds(values, "minmax", "lower", limits=(None, 0.4))
    assert need(beyond, free, extend=True).tolist() == pytest.approx([-0.5, 1.5])
    assert need(beyond, held, extend=True).tolist() == pytest.approx([-0.5, 1])
    assert need(beyond, free).tolist() == [0, 1]
    posts = bounds(values, "goalposts", "lower", goalposts=(0.2, 0.4))
    assert need(beyond, posts, extend=True).tolist() == [0, 1]
    target = bounds(values, "target", "lower", target=0.2)
    assert need(beyond, target, extend=True).tolist() == pytest.approx([0, 1.5])


def test_goalposts_measure_coverage_against_its_target() -> None:
    """Law: at the target the need is 0, at nothing 1, beyond the target still 0."""
    scale = bounds(pd.Series([0.5]), "goalposts", "higher", goalposts=(0.0, 0.9))
    assert need(np.array([0.0, 0.45, 0.9, 1.0]), scale).tolist() == pytest.approx([1, 0.5, 0, 0])


@pytest.mark.parametrize(("values", "needs"), [([0.9, 0.95], [0, 0]), ([0.5, 0.5], [1, 1]), ([0.6, 0.9], [1, 0])])
def test_a_target_measures_even_where_all_are_alike(values: list[float], needs: list[float]) -> None:
    """Law: all beyond the target need nothing; all equally short of it need all; the ends never cross."""
    scale = bounds(pd.Series(values), "target", "higher", target=0.9)
    assert scale.low <= scale.high
    assert need(np.array([*values, np.nan]), scale)[:2].tolist() == pytest.approx(needs)
    assert np.isnan(need(np.array([np.nan]), scale)).all()


@pytest.mark.parametrize("method", ["minmax", "zscore"])
@pytest.mark.parametrize("better", ["lower", "higher"])
@pytest.mark.parametrize("tail", [1.0, -1.0])
def test_logarithms_of_a_treatment_are_needs_of_raw_values(method: str, better: str, tail: float) -> None:
    """Law: needs keep the order of the raw values, lie on the scale of the treated ones, and draws go the same way."""
    raw = tail * pd.Series((240.0 / np.arange(1, 241)) ** 0.8)
    told = winsorise_log(raw)
    assert told.log
    scale = bounds(told.values, method, better, limits=told.limits, log=told.log)
    straight = need(told.values, bounds(told.values, method, better), extend=True)
    np.testing.assert_allclose(need(raw, scale, extend=True), straight, atol=1e-12)
    assert need(raw, scale, extend=True).corr(raw, method="spearman") == pytest.approx(
        1.0 if better == "lower" else -1.0
    )
    assert np.isfinite(need(np.array([raw.min() - 1, raw.max() + 1]), scale, extend=True)).all()


@pytest.mark.parametrize("method", list(NORMALISERS))
def test_bounds_survive_json(method: str) -> None:
    """Law: write → read is identity for what is computed with them."""
    values = pd.Series([3.0, 1.0, 2.0, 2.0])
    scale = scale_of(values, method, "higher")
    read = Bounds(**json.loads(json.dumps(dataclasses.asdict(scale), allow_nan=False)))
    np.testing.assert_array_equal(need(values, read), need(values, scale))


@pytest.mark.parametrize("method", METHODS)
def test_no_values_make_a_scale_too(method: str) -> None:
    scale = bounds(pd.Series([np.nan, np.nan]), method, "lower")
    assert need(pd.Series([np.nan]), scale).isna().all()


@pytest.mark.parametrize(
    ("method", "better", "more"),
    [
        ("median", "lower", {}),
        ("minmax", "up", {}),
        ("minmax", "lower", {"goalposts": (0, 1)}),
        ("goalposts", "lower", {}),
        ("goalposts", "lower", {"goalposts": (1, 1)}),
        ("target", "lower", {}),
        ("zscore", "lower", {"target": 0.1}),
        ("rank", "lower", {"log": (0.0, 1.0)}),
    ],
)
def test_misuse_is_refused(method: str, better: str, more: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        bounds(pd.Series([1.0, 2.0]), method, better, **more)


def test_there_is_no_fraction_of_a_maximum_below_zero() -> None:
    with pytest.raises(ValueError, match="not above 0"):
        bounds(pd.Series([-2.0, -1.0]), "fraction", "lower")
