"""Weights from people: as given, points, comparisons in pairs, orders of importance, and several experts made one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_RATIO = 0.1
# Saaty 1980: the mean consistency index of random matrices of 1 … 15 criteria.
RANDOM_INDEX = (0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59)


def shares(weights: Floats) -> Floats:
    """Weights scaled to sum 1.

    Parameters: `weights` (k,) ≥ 0 of any scale. Raises: ValueError for a negative or missing weight, or all 0.
    """
    if not (weights >= 0).all() or not np.isfinite(weights).all():
        raise ValueError("a weight is negative, missing or infinite")
    if not weights.any():
        raise ValueError("all weights are 0")
    out: Floats = weights / weights.sum()
    return out


def expert(weights: Floats, _needs: Floats) -> Floats:
    """The given weights, scaled to sum 1.

    Parameters: `weights` (k,) ≥ 0; the needs (n × k) are not looked at.
    Returns: (k,), sum 1; a weight of 0 stays 0. Raises: ValueError for a negative or missing weight, or all 0.

    >>> expert(np.array([1.0, 3.0]), np.empty((0, 2))).tolist()
    [0.25, 0.75]
    """
    return shares(weights)


def equal(weights: Floats, _needs: Floats) -> Floats:
    """One weight for all that have any.

    Parameters, returns, errors: as `expert`.

    >>> equal(np.array([1.0, 3.0, 0.0]), np.empty((0, 3))).tolist()
    [0.5, 0.5, 0.0]
    """
    return shares((shares(weights) > 0).astype(float))


@dataclass(frozen=True, eq=False)
class Judged:
    """Weights (k,) that sum to 1, and the consistency ratio of the comparisons: above `MOST_RATIO` they contradict
    each other too much to be used without asking again."""

    weights: Floats
    ratio: float


def budget_allocation(points: Floats) -> Floats:
    """The mean of what each expert made of 100 points.

    Parameters: `points` (experts × k) ≥ 0, each row summing to 100.
    Returns: (k,), sum 1. Raises: ValueError for a row that is not such, by its number from 1, or no row.
    Source: OECD/JRC 2008, 6.7.

    >>> budget_allocation(np.array([[50.0, 30.0, 20.0], [70.0, 30.0, 0.0]])).tolist()
    [0.6, 0.3, 0.1]
    """
    whole = (points >= 0).all(axis=1) & (np.abs(points.sum(axis=1) - 100) <= 1e-6)
    if not len(points) or not whole.all():
        raise ValueError(f"not 100 points of 0 or more each: experts {(np.flatnonzero(~whole) + 1).tolist()}")
    out: Floats = points.mean(axis=0) / 100
    return out


def ahp(comparisons: Floats) -> Judged:
    """Weights by the analytic hierarchy process: the principal eigenvector of comparisons in pairs, and how consistent
    they are: CR = (λ − k)/(k − 1) / RI(k).

    Parameters: `comparisons` (k × k) > 0, a_ij how many times as important i is as j (Saaty's 1 … 9), a_ji = 1/a_ij to
    within 5 %, so that 0.33 may stand for 1/3; k ≤ 15.
    Returns: a `Judged`; the ratio is 0 for one or two criteria.
    Raises: ValueError for a matrix that is not square, positive or reciprocal (with the first pair, from 1), or k > 15.
    Source: Saaty 1980.

    >>> found = ahp(np.array([[1, 2, 6], [1 / 2, 1, 3], [1 / 6, 1 / 3, 1]]))
    >>> found.weights.round(3).tolist(), round(found.ratio, 3) + 0.0
    ([0.6, 0.3, 0.1], 0.0)
    """
    a = np.asarray(comparisons, dtype=float)
    k = len(a)
    if a.shape != (k, k) or not 0 < k <= len(RANDOM_INDEX) or not (np.isfinite(a) & (a > 0)).all():
        raise ValueError(f"comparisons are not a square matrix above 0 of 1 to {len(RANDOM_INDEX)} criteria")
    wrong = np.argwhere(np.abs(a * a.T - 1) > 0.05)
    if len(wrong):
        i, j = (wrong[0] + 1).tolist()
        raise ValueError(f"comparisons are not reciprocal: {i} with {j} and {j} with {i} do not multiply to 1")
    values, vectors = np.linalg.eig(a)
    first = int(np.argmax(values.real))
    ratio = (values[first].real - k) / (k - 1) / RANDOM_INDEX[k - 1] if k > 2 else 0.0
    return Judged(shares(np.abs(vectors[:, first].real)), max(float(ratio), 0.0))


def rancom(importance: Floats) -> Floats:
    """Weights by an order of importance: w ∝ Σ_j a_ij, a_ij = 1 where i matters more than j, ½ where as much, 0 else.

    Parameters: `importance` (k,), any numbers of which the greater matters more; or the comparisons themselves (k × k),
    a_ij + a_ji = 1.
    Returns: (k,), sum 1. Raises: ValueError for a missing number, or comparisons that are not of that form.
    Source: Więckowski et al. 2023.

    >>> rancom(np.array([3, 2, 2, 1])).tolist()
    [0.4375, 0.25, 0.25, 0.0625]
    """
    given = np.asarray(importance, dtype=float)
    a = (1 + np.sign(given[:, None] - given)) / 2 if given.ndim == 1 else given
    if not (np.isin(a, (0, 0.5, 1)).all() and (a + a.T == 1).all()):
        raise ValueError("not an order of importance: a pair is missing, or its two comparisons do not sum to 1")
    return shares(a.sum(axis=1))


def bonferroni_mean(values: Floats) -> Floats:
    """What several experts say, made one: √(Σ_{a≠b} v_a v_b / (m (m − 1))) over m experts; one expert's word stands.

    It lies at or below the mean, the further the less they agree.

    Parameters: `values` (experts × …) ≥ 0. Returns: the shape without the experts.
    Source: Bonferroni 1950; Pamučar et al. 2021 (LMAW).
    """
    m = len(values)
    if m < 2:
        return np.asarray(values[0], dtype=float)
    pairs = values.sum(axis=0) ** 2 - (values * values).sum(axis=0)
    out: Floats = np.sqrt(np.maximum(pairs, 0.0) / (m * (m - 1)))
    return out


def lmaw_weights(points: Floats) -> Floats:
    """Weights from several experts' scores: each expert's ln γ / ln Πγ, γ = points / ½ (the anti-ideal point), made one
    by `bonferroni_mean`. They need not sum to 1: `shares` makes them.

    Parameters: `points` (experts × k), each > ½ (scores such as 1 … 5).
    Returns: (k,) > 0. Raises: ValueError for a score of ½ or less, or missing.
    Source: Pamučar et al. 2021.
    """
    if not (points > 0.5).all():
        raise ValueError("scores must be above ½")
    logs = np.log(points / 0.5)
    return bonferroni_mean(logs / logs.sum(axis=1, keepdims=True))
