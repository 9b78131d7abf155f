"""Draws of a share from its Beta posterior by a normal number: one number is the same luck under every posterior."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtr

Floats = NDArray[np.float64]
Draws = NDArray[np.floating[Any]]

NODES = np.asarray(np.polynomial.hermite_e.hermegauss(9)[0], dtype=np.float64)
SOLVED = np.linalg.inv(np.vander(NODES, increasing=True))
REACH = 5.0  # normal numbers beyond ± 5, one in two million, count as ± 5


def curve(a: Floats, b: Floats) -> Floats:
    """The quantiles of Beta(a, b) as a polynomial: ln(q / (1 − q)) at Φ(z) is Σ_d curve[d] z^d, of degree 8.

    Exact at the roots of the ninth Hermite polynomial; elsewhere the probability under the quantile is within 2e-5 of
    Φ(z) for a, b ≥ 2, within 5e-4 for a, b ≥ ½, within 5e-3 for the lesser ≥ 0.1 and the other ≥ ½.

    Parameters: `a`, `b` (n,) > 0. Returns: (9 × n); NaN where a or b is.
    Source: Abramowitz & Stegun 1964, 25.4.46 (nodes).
    """
    # Each tail from its own end, so that a share next to 0 or 1 keeps its digits.
    lower = NODES[:, None] <= 0
    tail = betaincinv(np.where(lower, a, b), np.where(lower, b, a), ndtr(-np.abs(NODES))[:, None])
    tiny = np.finfo(float).tiny
    logit = np.log(np.maximum(tail, tiny)) - np.log(np.maximum(1 - tail, tiny))
    out: Floats = SOLVED @ np.where(lower, logit, -logit)
    return out


def share(quantiles: Floats, errors: Draws) -> Draws:
    """The share at normal numbers: 1 / (1 + e^−Σ curve[d] z^d).

    Parameters: `quantiles` (9 × n) of `curve`; `errors` (B × n) standard normal, in single precision if speed matters:
    six digits of a share that is known to two.
    Returns: (B × n) of the errors' precision, 0–1, rising in the error; NaN where the curve is.

    >>> share(curve(np.array([1.0]), np.array([1.0])), np.array([[0.0]])).round(6).tolist()
    [[0.5]]
    """
    z = np.clip(errors, -REACH, REACH)
    *lower, highest = quantiles.astype(errors.dtype)
    out: Draws = z * highest
    for coefficient in reversed(lower[1:]):
        out += coefficient
        out *= z
    out += lower[0]
    np.negative(out, out=out)
    with np.errstate(over="ignore"):  # a share too small for single precision is 0
        np.exp(out, out=out)
    out += 1
    return np.reciprocal(out, out=out)
