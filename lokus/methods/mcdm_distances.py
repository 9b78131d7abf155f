"""Published multi-criteria methods that measure distances or compare pairs: one small function each.

Parameters and returns as in `mcdm_sums`; what a method needs beyond them is an argument of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import interpn
from scipy.spatial.distance import cdist
from scipy.stats import rankdata

from lokus.methods.mcdm_scales import length, normalise

Floats = NDArray[np.float64]


def topsis(matrix: Floats, weights: Floats, types: Floats, scale: str = "minmax") -> Floats:
    """Closeness to the ideal: D⁻ / (D⁻ + D⁺), Euclidean distances of w r from the worst and the best of each column.

    `scale` "minmax" keeps; "vector" (the first paper's) can reverse, rarely.
    Source: Hwang & Yoon 1981; Opricovic & Tzeng 2004.
    """
    v = normalise(matrix, types, scale) * weights
    best, worst = (np.sqrt(((v - end) ** 2).sum(axis=1)) for end in (v.max(axis=0), v.min(axis=0)))
    out: Floats = worst / (worst + best)
    return out


def vikor(matrix: Floats, weights: Floats, types: Floats, group: float = 0.5) -> Floats:
    """Compromise of the group's and the single regret, its sign turned: −Q, Q = v S′ + (1 − v) R′, S = Σ w (1 − r),
    R = max w (1 − r) on min-max, each from 0 to 1 over the alternatives; `group` = v. Can reverse.

    Returns: −1 … 0; a regret that is the same for all counts 0. Source: Opricovic & Tzeng 2004; Yang & Wu 2020.
    """
    regret = (1 - normalise(matrix, types, "minmax")) * weights
    return -(group * _spread(regret.sum(axis=1)) + (1 - group) * _spread(regret.max(axis=1)))


def _spread(x: Floats) -> Floats:
    # Sums in another order differ in the last digit: what is that near is equal.
    width = np.ptp(x)
    return (x - x.min()) / width if width > 1e-12 * np.abs(x).max() else np.zeros(len(x))


def codas(matrix: Floats, weights: Floats, types: Floats, threshold: float = 0.02) -> Floats:
    """Distances from the worst, compared in pairs: H = Σ_k (E − E_k) + ψ(T − T_k), E Euclidean, T taxicab, ψ = 1 where
    |E − E_k| ≥ τ; `threshold` = τ. Can reverse. Source: Keshavarz Ghorabaee et al. 2016; Badi et al. 2017.
    """
    v = normalise(matrix, types, "linear") * weights
    away = v - v.min(axis=0)
    e, t = np.sqrt((away * away).sum(axis=1)), away.sum(axis=1)
    order = np.argsort(e)
    # Σ over all pairs beyond the threshold from running sums: n log n instead of n².
    run, at = np.concatenate([[0.0], np.cumsum(t[order])]), e[order]
    low, high = np.searchsorted(at, e - threshold, "right"), np.searchsorted(at, e + threshold, "left")
    out: Floats = len(e) * e - e.sum() + (low + len(e) - high) * t - (run[low] + run[-1] - run[high])
    return out


def _ideals(matrix: Floats, weights: Floats, types: Floats) -> tuple[Floats, Floats]:
    """Weighted x/√Σx², and its columns sorted from best to worst: the first, second, … ideal."""
    v = matrix / length(matrix) * weights
    return v, -np.sort(-v * types, axis=0) * types


def probid(matrix: Floats, weights: Floats, types: Floats) -> Floats:
    """Ideal-average distance: 1/(1 + (P/N)²) + D(average), P = Σ D(k-th ideal)/k over the better half of the ideals, N
    the same from the worst. Can reverse. Source: Wang, Rangaiah & Wang 2021.
    """
    v, ideals = _ideals(matrix, weights, types)
    half = (len(v) + 1) // 2
    share = 1 / np.arange(1, half + 1)
    near, far = _towards(v, ideals[:half], share), _towards(v, ideals[::-1][:half], share)
    out: Floats = far**2 / (far**2 + near**2) + np.sqrt(((v - ideals.mean(axis=0)) ** 2).sum(axis=1))
    return out


def sprobid(matrix: Floats, weights: Floats, types: Floats) -> Floats:
    """The simpler PROBID: N/P over the worst and the best quarter of the ideals (at least one). Can reverse, rarely.

    Returns: infinite for an alternative that is the ideal itself. Source: Wang, Rangaiah & Wang 2021.
    """
    v, ideals = _ideals(matrix, weights, types)
    quarter = max(len(v) // 4, 1)
    share = 1 / np.arange(1, quarter + 1)
    near, far = _towards(v, ideals[:quarter], share), _towards(v, ideals[::-1][:quarter], share)
    out: Floats = np.divide(far, near, out=np.full(len(v), np.inf), where=near > 0)
    return out


def _towards(v: Floats, ideals: Floats, shares: Floats) -> Floats:
    """Σ share · distance to each ideal, in blocks: n² distances of a whole country do not fit in memory."""
    blocks = np.array_split(v, len(v) // 1000 + 1)
    return np.concatenate([cdist(block, ideals) @ shares for block in blocks])


def promethee_ii(matrix: Floats, weights: Floats, types: Floats) -> Floats:
    """Net flow of the usual preference: Σ w (how many are worse − how many are better) / (n − 1). Keeps.

    Returns: −1 … 1 for weights that sum to 1. Source: Brans & Vincke 1985; Zhao, Peng & Li 2013.
    """
    n = len(matrix)
    net = 2 * rankdata(matrix * types, axis=0) - n - 1
    out: Floats = net @ weights / (n - 1)
    return out


def spotis(
    matrix: Floats,
    weights: Floats,
    types: Floats,
    bounds: Floats,
    expected: Floats | None = None,
    balance: float = 1.0,
) -> Floats:
    """Distance to an expected point within fixed bounds, its sign turned: −Σ w |x − point| / (high − low). Keeps
    up to the point.

    Parameters: `bounds` (k × 2), low and high; `expected` (k,), else the best bound; `balance` α counts the expected
    point, 1 − α the best bound ("balanced SPOTIS").
    Source: Dezert et al. 2020; Shekhovtsov, Dezert & Sałabun 2025.
    """
    low, high = np.asarray(bounds, dtype=float).T
    best = np.where(types > 0, high, low)
    point = best if expected is None else expected
    off = balance * np.abs(matrix - point) + (1 - balance) * np.abs(matrix - best)
    out: Floats = -(off / (high - low) @ weights)
    return out


def rim(matrix: Floats, weights: Floats, bounds: Floats, ideal: Floats) -> Floats:
    """Reference ideal: I⁻/(I⁺ + I⁻), distances of w y from w and 0, y = 1 within the ideal range and falling to 0 at
    the bounds. Keeps up to the ideal.

    Parameters: `bounds`, `ideal` (k × 2), low and high; the ideal lies within the bounds.
    Source: Cables, Lamata & Verdegay 2016 (results as corrected by its authors).
    """
    (low, high), (first, last) = np.asarray(bounds, dtype=float).T, np.asarray(ideal, dtype=float).T
    room = np.where(matrix < first, first - low, high - last)
    off = np.maximum(first - matrix, 0) + np.maximum(matrix - last, 0)
    y = 1 - np.divide(off, room, out=np.zeros(matrix.shape), where=room > 0)
    plus, minus = length(((y - 1) * weights).T), length((y * weights).T)
    out: Floats = minus / (plus + minus)
    return out


def ervd(
    matrix: Floats, weights: Floats, types: Floats, reference: Floats, loss: float = 2.25, power: float = 0.88
) -> Floats:
    """Relative value distances: S⁻/(S⁺ + S⁻), taxicab distances of prospect values v = gain^α or −λ·loss^α from a
    reference point; `loss` = λ, `power` = α.

    Parameters: `reference` (k,) in the criteria's units. Source: Shyur et al. 2015.
    """
    off = (matrix - reference) / matrix.sum(axis=0) * types
    v = np.where(off > 0, 1.0, -loss) * np.abs(off) ** power
    plus, minus = (v.max(axis=0) - v) @ weights, (v - v.min(axis=0)) @ weights
    out: Floats = minus / (plus + minus)
    return out


def comet(matrix: Floats, values: Sequence[Floats], expert: Callable[[Floats], Floats]) -> Floats:
    """Characteristic objects: an expert orders all combinations of a few values per criterion, the rest lies between
    them (products of triangular memberships, which is linear interpolation).

    Parameters: `values` k ascending arrays of ≥ 2 that span the matrix; `expert` worth of the combinations (m × k) →
    (m,). Returns: 0–1, the interpolated place among the distinct worths. Keeps where the expert does.
    Source: Sałabun 2015; Paradowski, Bączkiewicz & Wątróbski 2021.
    """
    objects = np.array(list(product(*values)), dtype=float)
    # Equal worths differ in their last digits by the order of summing.
    levels, place = np.unique(np.round(expert(objects), 12), return_inverse=True)
    grid = (place / (len(levels) - 1)).reshape([len(v) for v in values])
    out: Floats = interpn(tuple(values), grid, matrix)
    return out
