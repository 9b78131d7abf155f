"""Treatment and normalisation: COINr's own example, and the laws of a need."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import kurtosis, skew

from lokus.methods.composite import NORMALISERS, Bounds, bounds, need, skew_kurtosis, treat

few = settings(max_examples=25, deadline=None)

numbers = arrays(float, st.integers(4, 60), elements=st.integers(-1000, 1000).map(lambda v: v / 8))
METHODS = [m for m in NORMALISERS if m != "goalposts"]


def coinr(published: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(published / f"coinr/{name}.csv")


def scale_of(values: pd.Series, method: str, better: str) -> Bounds:
    posts = (-50.0, 50.0) if method == "goalposts" else None
    return bounds(values, method, better, goalposts=posts)


def test_published_treatment(published: Path) -> None:
    """Becker et al. 2022, COINr 1.1.14 on the ASEM data: detection, points, values, skewness, kurtosis."""
    before, after = coinr(published, "expected_Screened"), coinr(published, "expected_Treated")
    marks = pd.read_csv(published / "coinr/expected_treated_points.csv", dtype=str, keep_default_na=False)
    details = coinr(published, "expected_treat_details")
    for row in details.itertuples(index=False):
        told = treat(before[row[0]], winmax=5)
        np.testing.assert_allclose(told.values, after[row[0]], err_msg=row[0])
        assert told.points.tolist() == marks[row[0]].tolist(), row[0]
        assert (told.skew_raw, told.kurtosis_raw) == pytest.approx(row[2:4], rel=1e-9), row[0]
        if not row[1]:
            assert (told.points != "").sum() == row[4], row[0]
            assert told.passed == row[5]
            assert (told.skew, told.kurtosis) == pytest.approx(row[6:8], rel=1e-9), row[0]


@few
@given(numbers)
def test_skewness_and_kurtosis_are_scipys(x: np.ndarray) -> None:
    if x.min() == x.max():
        assert np.isnan(skew_kurtosis(x)).all()
    else:
        assert skew_kurtosis(x) == pytest.approx((skew(x, bias=False), kurtosis(x, bias=False)), abs=1e-9)


@few
@given(numbers)
def test_treatment_keeps_order_and_moves_few(x: np.ndarray) -> None:
    """Law: treated values keep their order, lie within the raw range, are told point by point, and still differ."""
    raw = pd.Series([*x, np.nan])
    told = treat(raw)
    value = told.values
    order = np.argsort(x, kind="stable")
    assert (np.diff(value.to_numpy()[order]) >= 0).all()
    assert (value.dropna() != raw.dropna()).equals(told.points[:-1] != "")
    assert value.isna().equals(raw.isna())
    assert len(set(value.dropna())) > 1 or len(set(x)) == 1
    assert told.limits[0] == (value.min() if "winlo" in set(told.points) else None)
    assert told.limits[1] == (value.max() if "winhi" in set(told.points) else None)


def test_a_rare_burden_is_not_treated_away() -> None:
    """Law: where only three of 100 villages differ, they still do after treatment."""
    told = treat(pd.Series([0.0] * 97 + [0.2, 0.5, 0.9]))
    assert sorted(set(told.values)) == [0.0, 0.2]
    assert not told.passed


def test_treatment_of_many_villages_takes_few_steps_and_few_villages() -> None:
    """Law: at most 2 % and one step more are drawn in."""
    rng = np.random.default_rng(3)
    told = treat(pd.Series(rng.pareto(0.7, 20_000)))
    assert 0 < (told.points != "").sum() <= 0.02 * 20_000 + 21
    assert treat(pd.Series(rng.normal(size=20_000))).limits == (None, None)


@pytest.mark.parametrize("method", ["minmax", "zscore"])
def test_published_normalisation(published: Path, method: str) -> None:
    """COINr's n_minmax (0–100) and n_zscore on the ASEM data, with their directions; lokus turns 1 into the need."""
    data, told = coinr(published, "expected_Treated"), coinr(published, f"expected_norm_n_{method}")
    direction = coinr(published, "asem_iMeta").set_index("iCode")["Direction"]
    for name in told.columns[1:]:
        scale = bounds(data[name], method, "higher" if direction[name] > 0 else "lower")
        out = need(data[name], scale, extend=True)
        good = (1 - out) * 100 if method == "minmax" else (0.5 - out) * 6
        np.testing.assert_allclose(good, told[name], atol=1e-9, err_msg=name)


def test_published_ranks(published: Path) -> None:
    """COINr's n_prank on the ASEM data: the share of the others that are strictly lower.

    TolMin is left out: values that R tells apart after the 15th digit are ties in the file.
    """
    data, told = coinr(published, "expected_Treated"), coinr(published, "expected_norm_n_prank")
    direction = coinr(published, "asem_iMeta").set_index("iCode")["Direction"]
    for name in told.columns[1:].drop("TolMin"):
        worse = need(data[name], bounds(data[name], "rank", "lower" if direction[name] > 0 else "higher"))
        np.testing.assert_allclose(worse, told[name], atol=1e-9, err_msg=name)


@pytest.mark.parametrize("method", list(NORMALISERS))
@pytest.mark.parametrize("better", ["lower", "higher"])
@few
@given(x=numbers)
def test_a_need_is_a_share_that_rises_as_things_get_worse(method: str, better: str, x: np.ndarray) -> None:
    """Law: 0–1, monotone, equal values have equal needs, missing stays missing; equal for all: 0.5."""
    values = pd.Series([*x, np.nan])
    out = need(values, scale_of(values, method, better))
    worse = values if better == "lower" else -values
    ordered = out.loc[worse.sort_values().index].dropna()
    assert ordered.between(0, 1).all()
    assert (ordered.diff().dropna() >= 0).all()
    assert out.groupby(values).nunique().eq(1).all()
    assert out.isna().equals(values.isna())
    if x.min() == x.max() and method != "goalposts":
        assert (out.dropna() == 0.5).all()
    elif method in ("minmax", "rank"):
        assert out[worse.idxmin()] == 0
        assert method == "rank" or out[worse.idxmax()] == 1


@pytest.mark.parametrize("method", list(NORMALISERS))
@few
@given(x=numbers)
def test_draws_on_a_frozen_scale(method: str, x: np.ndarray) -> None:
    """Law: a cube of draws is the same as each draw, and extending changes nothing within the range."""
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


def test_goalposts_measure_coverage_against_its_target() -> None:
    """Law: at the target the need is 0, at nothing 1, beyond the target still 0."""
    scale = bounds(pd.Series([0.5]), "goalposts", "higher", goalposts=(0.0, 0.9))
    assert need(np.array([0.0, 0.45, 0.9, 1.0]), scale).tolist() == pytest.approx([1, 0.5, 0, 0])


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
    ("method", "better", "posts"),
    [
        ("median", "lower", None),
        ("minmax", "up", None),
        ("minmax", "lower", (0, 1)),
        ("goalposts", "lower", None),
        ("goalposts", "lower", (1, 1)),
    ],
)
def test_misuse_is_refused(method: str, better: str, posts: tuple[float, float] | None) -> None:
    with pytest.raises(ValueError):
        bounds(pd.Series([1.0, 2.0]), method, better, goalposts=posts)
