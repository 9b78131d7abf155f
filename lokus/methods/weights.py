"""How much each indicator counts: given by experts, equal, or by what the data tell apart; and chance around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def expert(weights: Floats, _needs: Floats) -> Floats:
    """The given weights, scaled to sum 1.

    Parameters: `weights` (k,) ≥ 0; the needs (n × k) are not looked at.
    Returns: (k,), sum 1; a weight of 0 stays 0. Raises: ValueError for a negative or missing weight, or all 0.

    >>> expert(np.array([1.0, 3.0]), np.empty((0, 2))).tolist()
    [0.25, 0.75]
    """
    return _shares(weights)


def equal(weights: Floats, _needs: Floats) -> Floats:
    """One weight for all that have any.

    Parameters, returns, errors: as `expert`.

    >>> equal(np.array([1.0, 3.0, 0.0]), np.empty((0, 3))).tolist()
    [0.5, 0.5, 0.0]
    """
    return _shares((_shares(weights) > 0).astype(float))


def entropy(weights: Floats, needs: Floats) -> Floats:
    """Weights by how much an indicator tells villages apart: w ∝ 1 + Σ p ln p / ln m, p = x / Σx over m villages.

    Parameters: `weights` (k,) ≥ 0, of which only the zeros are looked at; `needs` (n × k) ≥ 0, NaN where missing.
    Returns: (k,), sum 1; a weight of 0 stays 0; equal weights where no indicator tells villages apart.
    Raises: ValueError as `expert`, or for a negative need.
    Source: Shannon 1948; Elsayed, Dawood & Karthikeyan 2017.
    """
    if (needs < 0).any():
        raise ValueError("entropy weights need values ≥ 0")
    x = np.nan_to_num(needs)
    total, villages = x.sum(axis=0), (~np.isnan(needs)).sum(axis=0)
    p = x / np.where(total > 0, total, 1.0)
    told = 1 + np.sum(p * np.log(np.where(p > 0, p, 1.0)), axis=0) / np.log(np.maximum(villages, 2))
    # Rounding leaves a constant indicator a hair off 0.
    told = np.where((total > 0) & (villages > 1) & (told > 1e-12), told, 0.0) * (_shares(weights) > 0)
    return _shares(told) if told.any() else equal(weights, needs)


WEIGHTINGS: Mapping[str, Callable[[Floats, Floats], Floats]] = {"expert": expert, "equal": equal, "entropy": entropy}


def dirichlet(weights: Floats, spread: float, size: int, rng: np.random.Generator) -> Floats:
    """Weights drawn around the given ones: Dirichlet(κ·w), κ = (k − 1)/spread² − 1 for k weights above 0.

    A weight of 1/k then has the relative standard deviation `spread`: √((k − 1)/(κ + 1)). κ is at least 0.01.

    Parameters: `weights` (k,) ≥ 0; `spread` ≥ 0, 0 = fixed; `size` draws.
    Returns: (size × k), rows sum to 1; a weight of 0 stays 0.
    Raises: ValueError for a negative or missing weight or spread, or all weights 0.
    Source: Saisana, Saltelli & Tarantola 2005 (weights as a source of uncertainty).
    """
    shares = _shares(weights)
    drawn = np.flatnonzero(shares)
    if not spread >= 0:
        raise ValueError("the spread of weights is negative")
    out = np.tile(shares, (size, 1))
    if spread > 0 and drawn.size > 1:
        kappa = max((drawn.size - 1) / max(spread, 1e-6) ** 2 - 1, 0.01)
        out[:, drawn] = rng.dirichlet(kappa * shares[drawn], size)
    return out


def _shares(weights: Floats) -> Floats:
    if not (weights >= 0).all() or not np.isfinite(weights).all():
        raise ValueError("a weight is negative, missing or infinite")
    if not weights.any():
        raise ValueError("all weights are 0")
    out: Floats = weights / weights.sum()
    return out
