"""Weights that answer a question: by which do indicators matter as much as was meant; which suit a village best?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog, nnls

from lokus.methods.judged_weights import equal, shares

Floats = NDArray[np.float64]


def importances(weights: Floats, scores: Floats) -> Floats:
    """How much each part drives the whole: its correlation with Σ w x, as a share of all correlations.

    Parameters: `weights` (k,) ≥ 0 of any scale; `scores` (n × k), rows with a missing value left out.
    Returns: (k,), sum 1; a part that runs against the whole is negative, a constant one 0.
    Raises: ValueError where the whole is constant, or the correlations sum to 0 or less.
    Source: Becker et al. 2017; COINr `get_opt_weights` ("balance").
    """
    drives = _drive(scores) @ shares(weights)
    if not drives.sum() > 1e-12 * np.abs(drives).max(initial=0.0):
        raise ValueError("the parts do not drive the whole: it is constant, or runs against them")
    out: Floats = drives / drives.sum()
    return out


def _drive(scores: Floats) -> Floats:
    """The matrix A in r ∝ A w: correlation of part j with Σ w x is (Σ_i cov_ji w_i) / sd_j / sd(whole)."""
    x = scores[~np.isnan(scores).any(axis=1)]
    if len(x) < 2:
        return np.zeros((scores.shape[1],) * 2)
    covariance = np.cov(x, rowvar=False).reshape(scores.shape[1], -1)
    # A column of one value has a spread of rounding alone.
    tells = np.ptp(x, axis=0) > 0
    sd = np.where(tells, np.sqrt(np.diag(covariance)), np.inf)
    out: Floats = covariance / sd[:, None] * tells
    return out


def importance(target: Floats, scores: Floats) -> Floats:
    """Weights ≥ 0 that make each part drive the whole as much as was meant: min Σ (importance − target)².

    The correlations of the parts with their weighted sum are in proportion to A w, A = cov_ji / sd_j: the optimum is a
    non-negative least-squares problem, solved exactly, where COINr searches by Nelder–Mead to a tolerance of 0.1.

    Parameters: `target` (k,) ≥ 0 of any scale, how much each part is meant to matter; `scores` (n × k) needs, or the
    scores of the nodes below one node; rows with a missing value left out.
    Returns: (k,), sum 1; a part of target 0, or of equal scores, has 0. Equal weights for the rest where parts cancel
    out, and for all with a target where there is one village or all are constant.
    Raises: ValueError for an impossible target.
    Source: Becker et al. 2017; COINr `get_opt_weights` with optype "balance".
    """
    meant = shares(target)
    a = _drive(scores)
    use = (meant > 0) & (np.diag(a) > 0)
    if not use.any():
        return equal(target, scores)
    a, wanted = a[np.ix_(use, use)], meant[use] / meant[use].sum()
    a = a / np.abs(a).max()
    # Importances sum to 1: a row that outweighs the others by far, and is met exactly where the target can be.
    firm = 1e4
    found = nnls(np.vstack([a, firm * a.sum(axis=0)]), np.append(wanted, firm))[0]
    out = np.zeros(len(meant))
    out[use] = found
    reached = a.sum(axis=0) @ found
    return shares(out) if abs(reached - 1) < 1e-3 else equal(use.astype(float), scores)


@dataclass(frozen=True, eq=False)
class BestCase:
    """Each village under the weights that suit it best: `score` (n,) 0–1 and `weights` (n × k), rows summing to 1."""

    score: Floats
    weights: Floats


def benefit_of_the_doubt(needs: Floats, low: float = 0.0, high: float = 1.0) -> BestCase:
    """Every village with the weights that make its need greatest beside all others': max_w Σ w y_i / max_l Σ w y_l.

    A village below 1 is behind some other under every admissible weighting: no weights would put it first. One linear
    programme a village (Charnes & Cooper's form: Σ u y_l ≤ 1 for all l, low·Σu ≤ u_j ≤ high·Σu).

    Parameters: `needs` (n × k) 0–1; `low`, `high` the least and greatest share of a weight, k·low ≤ 1 ≤ k·high.
    Returns: a `BestCase`; NaN for a village with a missing need, which no other is measured by; where all needs are 0
    the score is 0 for all and the weights equal.
    Raises: ValueError for bounds that no weights meet, or a negative need.
    Source: Melyn & Moesen 1991; Cherchye et al. 2007 (benefit of the doubt); HiGHS.
    """
    n, k = needs.shape
    if not 0 <= low <= high <= 1 or not k * low <= 1 + 1e-12 or not k * high >= 1 - 1e-12:
        raise ValueError(f"no {k} weights lie between {low} and {high} and sum to 1")
    if (needs < 0).any():
        raise ValueError("a need is negative")
    whole = ~np.isnan(needs).any(axis=1)
    score, weights = np.full(n, np.nan), np.full((n, k), np.nan)
    score[whole], weights[whole] = 0.0, 1 / k
    rivals = _front(needs[whole])
    if not rivals.any():
        return BestCase(score, weights)
    share = np.vstack([low - np.eye(k), np.eye(k) - high])
    limits = {"A_ub": np.vstack([rivals, share]), "b_ub": np.append(np.ones(len(rivals)), np.zeros(2 * k))}
    for i in np.flatnonzero(whole & (np.nan_to_num(needs) > 0).any(axis=1)):
        u = np.maximum(linprog(-needs[i], **limits, method="highs").x, 0.0)
        score[i], weights[i] = min(float(needs[i] @ u), 1.0), u / u.sum()
    return BestCase(score, weights)


def _front(x: Floats) -> Floats:
    """The rows that no other row exceeds in every column: they alone can be the greatest under some weights."""
    left = np.unique(x, axis=0)
    left = left[np.argsort(-left.sum(axis=1), kind="stable")]
    at = 0
    while at < len(left):
        behind = (left <= left[at]).all(axis=1)
        behind[at] = False
        at -= int(behind[:at].sum()) - 1
        left = left[~behind]
    return left
