"""The score in exact integers, so that ties are true ties and a browser finds the very same ranks.

Units: a need or weight is an integer of 1e-4; a dimension and the index are integers of 1e-8; the score 1e-4 points
(0 … 1,000,000). No intermediate passes 2^53, so JavaScript numbers carry all of it exactly. With

    U = 10000;  div(p, q) = floor((2p + q) / 2q)                        (round half up)
    L[i] = floor(1e7 · ln((U + 99·i) / U) + 0.5), i = 0 … U             (natural logarithm on COINr's scale 1 … 100)
    log(v): i = min(floor(v / U), U − 1);  L[i] + div((L[i+1] − L[i]) · (v − i·U), U)
    exp(m): i = the last one below U with L[i] ≤ m;  i·U + div((m − L[i]) · U, L[i+1] − L[i])
    mean(v, w) over observed v with w > 0:  arithmetic div(Σ w·v, Σ w);  geometric exp(div(Σ w·log(v), Σ w))

a dimension is mean(need · U, indicator weights), the index mean(dimensions, dimension weights), the score
div(index, 100). Nothing observed (or no weight) is −1 and is left out above. The shift to 1 … 100 is the declared
rule that lets a geometric mean bear a need of 0. Both means rise with every need.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

UNIT = 10_000
LOGS: Ints = np.floor(1e7 * np.log((UNIT + 99 * np.arange(UNIT + 1)) / UNIT) + 0.5).astype(np.int64)
MISSING = -1


def weight_units(weights: Sequence[float]) -> tuple[int, ...]:
    """Weights as integers of 1e-4 that sum to exactly 10,000, by largest remainder (the first wins a tie).

    Parameters: weights ≥ 0 of any scale. Returns: integers; all 0 where all weights are.
    Raises: ValueError for a negative, missing or infinite weight.

    >>> weight_units([1, 1, 1])
    (3334, 3333, 3333)
    """
    w = np.asarray(weights, dtype=float)
    if not (w >= 0).all() or not np.isfinite(w).all():
        raise ValueError("a weight is negative, missing or infinite")
    if not w.any():
        return (0,) * w.size
    # Rounded first: a factor common to all weights must not decide a tie of remainders.
    quota = np.round(w / w.sum() * UNIT, 6)
    whole = np.floor(quota)
    first = np.argsort(-np.round(quota - whole, 6), kind="stable")[: UNIT - int(whole.sum())]
    whole[first] += 1
    return tuple(int(v) for v in whole)


@dataclass(frozen=True)
class Scheme:
    """How needs become a score; weights in units of 1e-4, each level summing to 10,000 (or all 0).

    `dimension_of` holds for each indicator the place of its dimension in `dimensions`.
    """

    indicators: tuple[str, ...]
    dimensions: tuple[str, ...]
    dimension_of: tuple[int, ...]
    weights: tuple[int, ...]
    dimension_weights: tuple[int, ...]
    within: str
    across: str

    def __post_init__(self) -> None:
        if not len(self.indicators) == len(self.dimension_of) == len(self.weights):
            raise ValueError("indicators, their dimensions and weights differ in number")
        if len(self.dimensions) != len(self.dimension_weights):
            raise ValueError("dimensions and their weights differ in number")
        if not set(self.dimension_of) <= set(range(len(self.dimensions))):
            raise ValueError("an indicator lies in no dimension")
        if not {self.within, self.across} <= set(AGGREGATIONS):
            raise ValueError(f"aggregations are {sorted(AGGREGATIONS)}")
        levels = [self.dimension_weights, *(self.of(d, self.weights) for d in range(len(self.dimensions)))]
        if any(sum(level) not in (0, UNIT) or min(level, default=0) < 0 for level in levels):
            raise ValueError("the weights of a level sum to 10,000 or are all 0")

    def of(self, dimension: int, items: Sequence[Any]) -> tuple[Any, ...]:
        """The items of a dimension's indicators."""
        return tuple(item for item, d in zip(items, self.dimension_of, strict=True) if d == dimension)


def scheme_of(
    indicators: Mapping[str, tuple[str, float]],
    dimensions: Mapping[str, float],
    *,
    within: str = "geometric",
    across: str = "arithmetic",
) -> Scheme:
    """A `Scheme` from weights of any scale.

    Parameters: `indicators` id → (dimension, weight); `dimensions` id → weight; aggregations of `AGGREGATIONS`.
    Raises: ValueError for an unknown dimension or aggregation, or a negative weight.

    >>> scheme_of({"water": ("services", 2), "latrine": ("services", 1)}, {"services": 5}).weights
    (6667, 3333)
    """
    names = tuple(dimensions)
    if unknown := {d for d, _ in indicators.values()} - set(names):
        raise ValueError(f"no dimension {sorted(unknown)}")
    weights: dict[str, int] = {}
    for name in names:
        level = {i: w for i, (d, w) in indicators.items() if d == name}
        weights |= dict(zip(level, weight_units(list(level.values())), strict=True))
    return Scheme(
        tuple(indicators),
        names,
        tuple(names.index(d) for d, _ in indicators.values()),
        tuple(weights[i] for i in indicators),
        weight_units(list(dimensions.values())),
        within,
        across,
    )


@dataclass(frozen=True)
class ScoreParts:
    """The exact score of n villages and what it is made of.

    `units` (n,): 1e-4 points, −1 where nothing is observed; `dimensions` (n × d): 1e-8, −1 likewise;
    `observed_weight` (n,): share 0–1; `contributions` (n × k): points that sum to the score, NaN where not observed.
    """

    units: Ints
    dimensions: Ints
    observed_weight: Floats
    contributions: Floats


def need_units(needs: Floats) -> Ints:
    """Needs 0–1 as integers of 1e-4, rounded half up; −1 where missing."""
    return np.where(np.isnan(needs), MISSING, np.floor(np.nan_to_num(needs) * UNIT + 0.5)).astype(np.int64)


def score_units(needs: Ints, scheme: Scheme) -> ScoreParts:
    """The score of each village by the integer rules of this module.

    Parameters: `needs` (n × k) integers of 1e-4, −1 where missing; `scheme` for the same k indicators.
    Returns: `ScoreParts`. A dimension's points are its share of the score by weight × points, an indicator's its
    share of the dimension by weight × need, also where the mean is geometric.
    Raises: ValueError for another number of indicators, or needs outside −1 … 10,000.
    """
    if needs.ndim != 2 or needs.shape[1] != len(scheme.indicators):
        raise ValueError(f"needs {needs.shape} for {len(scheme.indicators)} indicators")
    if needs.size and not MISSING <= needs.min() <= needs.max() <= UNIT:
        raise ValueError("needs are integers from 0 to 10,000, or −1")
    weights, above = np.array(scheme.weights), np.array(scheme.dimension_weights)
    member = np.equal.outer(np.array(scheme.dimension_of), np.arange(len(scheme.dimensions)))
    values = np.where(needs >= 0, needs * UNIT, MISSING)
    dimensions = np.stack([_mean(values[:, m], weights[m], scheme.within) for m in member.T], axis=1)
    index = _mean(dimensions, above, scheme.across)
    units = np.where(index >= 0, _divide(index, 100), MISSING)
    seen = np.where(needs >= 0, weights, 0) @ member
    whole = above * (weights @ member > 0)
    observed = seen @ whole / (UNIT * max(int(whole.sum()), 1))
    # Shares of the whole: a dimension's by weight × points, within it an indicator's by weight × need.
    part = np.maximum(dimensions, 0) * above
    inside = np.maximum(needs, 0) * weights
    of_dimension = inside / np.maximum(inside @ member, 1)[:, scheme.dimension_of]
    share = of_dimension * (part / np.maximum(part.sum(axis=1, keepdims=True), 1))[:, scheme.dimension_of]
    contributions = np.where(needs >= 0, share * np.maximum(units, 0)[:, None] / UNIT, np.nan)
    return ScoreParts(units, dimensions, observed, contributions)


def min_rank(units: Ints) -> Any:
    """Ranks, 1 = the greatest score; equal scores share the better rank.

    Parameters: `units` (n,), −1 = not ranked. Returns: a pandas Int64 array, missing where not ranked.

    >>> min_rank(np.array([5, 9, -1, 9])).tolist()
    [3, 1, <NA>, 1]
    """
    above = np.sort(-units[units >= 0])
    return pd.array(np.where(units >= 0, np.searchsorted(above, -units) + 1.0, np.nan), dtype="Int64")


def score_draws(
    needs: Sequence[Floats], observed: NDArray[np.bool_], weights: Floats, dimension_weights: Floats, scheme: Scheme
) -> Floats:
    """The score of many draws at once, in floating point: within 1e-3 points of the exact one.

    Parameters: `needs`, for each indicator, (B × n), or (n,) where draws do not differ, 0–1 or beyond, any finite
    number where not observed; `observed` (n × k); `weights` (B × k) and `dimension_weights` (B × d) ≥ 0.
    Returns: (B × n) points; 0 where nothing is observed. A geometric mean takes a need under 0 as 0.
    """
    points, known = [], []
    for d in range(len(scheme.dimensions)):
        js = [j for j, e in enumerate(scheme.dimension_of) if e == d and scheme.weights[j] > 0]
        masks = [observed[:, j] for j in js]
        points.append(AGGREGATIONS[scheme.within]([needs[j] for j in js], [weights[:, [j]] for j in js], masks))
        known.append(np.any(masks, axis=0) if js else np.zeros(observed.shape[0], dtype=bool))
    above = [dimension_weights[:, [d]] for d in range(len(points))]
    return 100.0 * AGGREGATIONS[scheme.across](points, above, known)


def arithmetic(values: Sequence[Floats], weights: Sequence[Floats], observed: Sequence[NDArray[np.bool_]]) -> Floats:
    """Σ w·x / Σ w over observed x; 0 where none is. Shapes broadcast; `observed` has that of a row."""
    total: Any = 0.0
    seen: Any = 0.0
    for x, w, known in zip(values, weights, observed, strict=True):
        if known.all():
            total, seen = total + w * x, seen + w
        else:
            total, seen = total + w * np.where(known, x, 0.0), seen + w * known
    mean: Floats = total / np.where(seen > 0, seen, 1.0)
    return mean


def geometric(values: Sequence[Floats], weights: Sequence[Floats], observed: Sequence[NDArray[np.bool_]]) -> Floats:
    """(Π (1 + 99x)^w)^(1/Σw) over observed x, back on 0 … 1: the geometric mean on the scale 1 … 100."""
    logs = [np.log(1.0 + 99.0 * np.maximum(x, 0.0)) for x in values]
    mean: Floats = (np.exp(arithmetic(logs, weights, observed)) - 1.0) / 99.0
    return mean


AGGREGATIONS: Mapping[str, Callable[..., Floats]] = {"arithmetic": arithmetic, "geometric": geometric}


def _divide(p: Ints, q: Any) -> Ints:
    """p / q of integers ≥ 0, rounded half up."""
    out: Ints = (2 * p + q) // (2 * q)
    return out


def _mean(values: Ints, weights: Ints, how: str) -> Ints:
    """Weighted mean of the observed columns, 1e-8; −1 where none with a weight is observed."""
    observed = values >= 0
    seen = np.where(observed, weights, 0).sum(axis=1)
    x = np.maximum(values, 0)
    logs = how == "geometric"
    total = np.where(observed, weights * (_log(x) if logs else x), 0).sum(axis=1)
    mean = _divide(total, np.maximum(seen, 1))
    return np.where(seen > 0, _exp(mean) if logs else mean, MISSING)


def _log(v: Ints) -> Ints:
    i = np.minimum(v // UNIT, UNIT - 1)
    return LOGS[i] + _divide((LOGS[i + 1] - LOGS[i]) * (v - i * UNIT), UNIT)


def _exp(m: Ints) -> Ints:
    i = np.minimum(np.searchsorted(LOGS, m, "right") - 1, UNIT - 1)
    return i * UNIT + _divide((m - LOGS[i]) * UNIT, LOGS[i + 1] - LOGS[i])
