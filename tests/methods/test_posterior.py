"""Draws of a Beta posterior by normal numbers, against scipy's distribution function."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import betainc, ndtr
from scipy.stats import kstest

from lokus.methods.posterior import curve, share

Z = np.linspace(-4.9, 4.9, 197)[:, None]


@pytest.mark.parametrize(("least", "other", "error"), [(2, 2, 2e-5), (0.5, 0.5, 5e-4), (0.1, 0.5, 5e-3)])
def test_quantiles_are_those_of_the_beta(least: float, other: float, error: float) -> None:
    """Oracle: the probability below the quantile at Φ(z) is Φ(z), to the tolerance the docstring states."""
    a, b = (x.ravel() for x in np.meshgrid(np.geomspace(least, 1e5, 50), np.geomspace(other, 1e5, 50)))
    assert np.abs(betainc(a, b, share(curve(a, b), Z)) - ndtr(Z)).max() < error


def test_draws_are_beta_draws() -> None:
    """Oracle: Kolmogorov–Smirnov of 200,000 single-precision draws."""
    errors = np.random.default_rng(3).standard_normal((200_000, 1), dtype=np.float32)
    drawn = share(curve(np.array([4.0]), np.array([15.0])), errors)
    assert drawn.dtype == np.float32
    assert kstest(drawn[:, 0].astype(float), "beta", args=(4, 15)).pvalue > 1e-3


@given(st.floats(0.5, 1e4), st.floats(0.5, 1e4))
def test_a_share_rises_with_its_error(a: float, b: float) -> None:
    """Law: between 0 and 1, rising, and the mirror image of the posterior with a and b exchanged."""
    z = np.linspace(-4.2, 4.2, 61)[:, None]
    told = share(curve(np.array([a]), np.array([b])), z)[:, 0]
    assert 0 <= told.min() <= told.max() <= 1
    assert (np.diff(told) >= 0).all()
    mirror = share(curve(np.array([b]), np.array([a])), -z)[:, 0]
    np.testing.assert_allclose(told, 1 - mirror, atol=1e-9)


def test_missing_stays_missing() -> None:
    out = share(curve(np.array([np.nan, 2.0]), np.array([1.0, 3.0])), np.zeros((1, 2)))
    assert np.isnan(out).tolist() == [[True, False]]


def test_a_share_too_small_for_its_precision_is_nothing() -> None:
    """Law: no warning where a rate is next to 0, as of 200 families none of whom lacks what hardly any lacks."""
    told = share(curve(np.array([0.05]), np.array([205.0])), np.array([[-5.0], [0.0]], dtype=np.float32))[:, 0]
    assert told[0] == 0 <= told[1] < 1e-6
