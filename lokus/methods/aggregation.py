"""From needs to one index over a tree of any depth: means, nearness to the worst, and contests between villages.

An aggregator takes needs (… × n × c), 0–1, NaN where missing, and weights (… × c) ≥ 0 of any scale, and gives needs
(… × n). Leading axes are draws and broadcast. Missing is left out and the weights of the rest count in full; NaN where
nothing with a weight is observed. No aggregator ranks a village lower for more need.

A geometric or harmonic mean cannot bear a need of 0. Their declared rule is that of the exact score: needs are taken on
COINr's scale 1 … 100 (1 + 99·need, a need under 0 counting as 0) and the mean is brought back to 0 … 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lokus.methods.hierarchy import Hierarchy

Floats = NDArray[np.float64]

BLOCK = 1 << 15  # pairs of villages compared at once: fits a core's cache


def power_mean(values: Floats, weights: Floats, power: float) -> Floats:
    """The generalised mean (Σ w·x^p / Σ w)^(1/p) over observed x; p = 1 arithmetic, 0 geometric, −1 harmonic.

    Parameters: `values` (… × n × c) in one unit; `weights` (… × c) ≥ 0.
    Returns: (… × n) in that unit; NaN where nothing with a weight is observed.
    Raises: ValueError where a value with a weight is negative (p ≠ 1) or 0 (p ≤ 0), or a weight is negative.
    Source: OECD/JRC 2008, step 6; Becker et al. 2022, COINr `a_amean`, `a_gmean`, `a_hmean`, `a_genmean`.

    >>> one_to_five, weights = np.array([[1.0, 2, 3, 4, 5]]), np.array([1.0, 2, 3, 2, 1])
    >>> [round(float(power_mean(one_to_five, weights, p)[0]), 6) for p in (1, 0, -1, 2)]
    [3.0, 2.737729, 2.432432, 3.21455]
    """
    weights = _weights(weights)
    seen = ~np.isnan(values) & weights.any(axis=tuple(range(weights.ndim - 1)))
    x = np.where(seen, values, 1.0)
    if power != 1 and x.size and (x.min() < 0 or (power <= 0 and x.min() == 0)):
        raise ValueError(f"a mean of power {power} needs values above 0")
    told = np.where(seen, np.log(x) if power == 0 else x**power, 0.0)
    total = _weigh(seen.astype(float), weights)
    mean = _weigh(told, weights) / np.where(total > 0, total, 1.0)
    # Where nothing is observed the root of 0 may not exist; 1 stands in, and is not told.
    mean = np.where(total > 0, mean, 1.0)
    out: Floats = np.where(total > 0, np.exp(mean) if power == 0 else mean ** (1 / power), np.nan)
    return out


def arithmetic(needs: Floats, weights: Floats) -> Floats:
    """Σ w·x / Σ w: a small need in one thing makes up in full for a great one in another."""
    return power_mean(needs, weights, 1)


def geometric(needs: Floats, weights: Floats) -> Floats:
    """(Π (1 + 99x)^w)^(1/Σw), back on 0 … 1: a small need pulls down more than a great one lifts."""
    return (power_mean(1 + 99 * np.maximum(needs, 0.0), weights, 0) - 1) / 99


def harmonic(needs: Floats, weights: Floats) -> Floats:
    """Σ w / Σ w/(1 + 99x), back on 0 … 1: nearly the smallest need."""
    return (power_mean(1 + 99 * np.maximum(needs, 0.0), weights, -1) - 1) / 99


def quadratic(needs: Floats, weights: Floats) -> Floats:
    """√(Σ w·x² / Σ w), x under 0 counting as 0: a great need in one thing counts more than its weight."""
    return power_mean(np.maximum(needs, 0.0), weights, 2)


def topsis(needs: Floats, weights: Floats, least: Any = 0.0, greatest: Any = 1.0) -> Floats:
    """How much nearer to the greatest need than to the least: d₀ / (d₀ + d₁), d² = Σ (w·(x − end))².

    The ends are fixed, so that no village's rank hangs on which others are there; needs beyond them count as the end.

    Parameters: as the module says; `least` and `greatest` (c,) or one number, the ends in the unit of the values.
    Returns: (… × n), 0–1; 0.5 where the ends are one.
    Source: Hwang & Yoon 1981; fixed ends: García-Cascales & Lamata 2012.

    >>> topsis(np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 0.0]]), np.array([1.0, 1.0])).tolist()
    [0.0, 1.0, 0.5]
    """
    weights = _weights(weights)
    seen = ~np.isnan(needs)
    x = np.clip(np.where(seen, needs, 0.0), least, greatest)
    low, high = (np.sqrt(_weigh(np.where(seen, (x - end) ** 2, 0.0), weights**2)) for end in (least, greatest))
    apart = low + high
    near = np.where(apart > 0, low / np.where(apart > 0, apart, 1.0), 0.5)
    out: Floats = np.where(_weigh(seen.astype(float), weights) > 0, near, np.nan)
    return out


def copeland(needs: Floats, weights: Floats) -> Floats:
    """The share of the other villages that a village beats, a draw counting half: (wins − losses + n − 1) / 2(n − 1).

    Village i beats j where the indicators in which i has the greater need weigh more than those in which j has; only
    what both have observed is compared. It ranks by order alone, and hangs on which villages are there.

    Parameters: `needs` (n × c) in any units, no draws; `weights` (c,).
    Returns: (n,), 0–1; NaN where nothing with a weight is observed; 0.5 for a single village.
    Raises: ValueError for needs of another shape.
    Source: Copeland 1951; Munda & Nardo 2009; COINr `outrankMatrix`, `a_copeland`.

    >>> copeland(np.array([[0.9, 0.1], [0.5, 0.0], [0.1, 0.9]]), np.array([2.0, 1.0])).tolist()
    [1.0, 0.5, 0.0]
    """
    weights = _weights(weights)
    if needs.ndim != 2 or weights.ndim != 1:
        raise ValueError("contests between villages are held for one draw at a time")
    counted = needs[:, weights > 0]
    known = (~np.isnan(counted)).any(axis=1)
    columns = [np.ascontiguousarray(column) for column in counted[known].T]
    others = int(known.sum()) - 1
    points = np.zeros(others + 1)
    size = max(1, BLOCK // max(others + 1, 1))
    for start in range(0, others + 1, size):
        rows = slice(start, start + size)
        lead: Any = 0.0
        for column, weight in zip(columns, weights[weights > 0], strict=True):
            here = column[rows, None]
            lead = lead + weight * ((here > column).view(np.int8) - (here < column).view(np.int8))
        # Weights that cancel out leave a hair: a draw is a draw.
        points[rows] = np.sign(np.where(np.abs(lead) > 1e-9 * weights.sum(), lead, 0.0)).sum(axis=1)
    out = np.full(len(needs), np.nan)
    out[known] = (points / max(others, 1) + 1) / 2
    return out


AGGREGATORS: Mapping[str, Callable[[Floats, Floats], Floats]] = {
    "arithmetic": arithmetic,
    "geometric": geometric,
    "harmonic": harmonic,
    "quadratic": quadratic,
    "topsis": topsis,
    "copeland": copeland,
}


def aggregate(
    needs: Floats, tree: Hierarchy, how: str | Mapping[str, str] = "arithmetic", weights: Floats | None = None
) -> Floats:
    """Every node of a tree from the indicators up.

    Parameters: `needs` (… × n × k) in the order of the tree's indicators; `how`: one of `AGGREGATORS` for all nodes, or
    one for each node above the indicators by name; `weights` (… × m) in place of the tree's own, one row for each draw.
    Returns: (… × n × m) in the order of `tree.names`: the indicators as given, the index last; NaN as the module says.
    Raises: ValueError for another number of indicators or weights, or a node without a known aggregator.
    Source: OECD/JRC 2008, step 6; COINr `Aggregate`.
    """
    given = np.asarray(tree.weights if weights is None else weights, dtype=float)
    k, m = tree.indicators, len(tree.names)
    if needs.ndim < 2 or needs.shape[-1] != k or given.shape[-1] != m:
        raise ValueError(f"needs {needs.shape} and weights {given.shape} for {k} indicators of {m} nodes")
    ways = {name: how if isinstance(how, str) else how.get(name, "") for name in tree.names[k:]}
    if unknown := {way for way in ways.values() if way not in AGGREGATORS}:
        raise ValueError(f"no aggregator {sorted(unknown)}; known are {sorted(AGGREGATORS)}")
    out = np.empty((*np.broadcast_shapes(needs.shape[:-2], given.shape[:-1]), needs.shape[-2], m))
    out[..., :k] = needs
    for node, (name, way) in enumerate(ways.items(), start=k):
        below = list(tree.children[node])
        try:
            out[..., node] = AGGREGATORS[way](out[..., below], given[..., below])
        except ValueError as reason:
            raise ValueError(f"{name}: {reason}") from reason
    return out


def _weights(weights: Floats) -> Floats:
    weights = np.asarray(weights, dtype=float)
    if not (weights >= 0).all() or not np.isfinite(weights).all():
        raise ValueError("a weight is negative, missing or infinite")
    return weights


def _weigh(x: Floats, weights: Floats) -> Floats:
    """Σ over the last axis, for each draw's weights."""
    out: Floats = np.matmul(x, weights[..., None])[..., 0]
    return out
