"""The score in exact integers, so that ties are true ties and a browser finds the very same ranks.

Units: a need or weight is an integer of 1e-4; a dimension and the index are integers of 1e-8; the score 1e-4 points
(0 … 1,000,000). No intermediate passes 2^53, so JavaScript numbers carry all of it exactly. With

    U = 10000;  div(p, q) = floor((2p + q) / 2q)                        (round half up)
    L[i] = floor(1e7 · ln((U + 99·i) / U) + 0.5), i = 0 … U             (natural logarithm on COINr's scale 1 … 100)
    log(v): i = min(floor(v / U), U − 1);  L[i] + div((L[i+1] − L[i]) · (v − i·U), U)
    exp(m): i = the last one below U with L[i] ≤ m;  i·U + div((m − L[i]) · U, L[i+1] − L[i])
    mean(v, w) over observed v with w > 0:  arithmetic div(Σ w·v, Σ w);  geometric exp(div(Σ w·log(v), Σ w))

and the harmonic mean as the geometric one with L[i] = 1e11 − floor(1e11 · U / (U + 99·i) + 0.5),

a dimension is the mean of its indicators' need · U and of the dimensions below it, the index that of the dimensions
below none, the score div(index, 100). `within` averages what holds indicators, `across` what holds dimensions alone.
For "topsis" v counts as x = v/1e8 and the mean is floor(1e8 · p/(p + q) + 0.5), p² = Σ (w·x)², q² = Σ (w·(1 − x))²,
summed in order in double precision, which every platform rounds alike; "copeland", of the index alone, is the share
of the other villages that a village beats.
Nothing observed (or no weight) is −1 and is left out above. The shift to 1 … 100 is the declared rule that lets a
geometric or harmonic mean bear a need of 0. Every mean rises with every need.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lokus.methods.aggregation import copeland

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

UNIT = 10_000
SHIFTED: Ints = UNIT + 99 * np.arange(UNIT + 1)
LOGS: Ints = np.floor(1e7 * np.log(SHIFTED / UNIT) + 0.5).astype(np.int64)
INVERSES: Ints = 10**11 - np.floor(1e11 * (UNIT / SHIFTED) + 0.5).astype(np.int64)
CURVES: Mapping[str, Ints] = {"geometric": LOGS, "harmonic": INVERSES}
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

    `dimension_of` holds for each indicator the place of its dimension in `dimensions`, `parents` for each dimension
    that of the dimension it lies in, −1 right below the index (all, where empty); a dimension stands before its parent.
    """

    indicators: tuple[str, ...]
    dimensions: tuple[str, ...]
    dimension_of: tuple[int, ...]
    weights: tuple[int, ...]
    dimension_weights: tuple[int, ...]
    within: str
    across: str
    parents: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.parents:
            object.__setattr__(self, "parents", (-1,) * len(self.dimensions))
        if not len(self.indicators) == len(self.dimension_of) == len(self.weights):
            raise ValueError("indicators, their dimensions and weights differ in number")
        if not len(self.dimensions) == len(self.dimension_weights) == len(self.parents):
            raise ValueError("dimensions, their parents and weights differ in number")
        if any(p != -1 and not d < p < len(self.dimensions) for d, p in enumerate(self.parents)):
            raise ValueError("a dimension stands before its parent")
        if not set(self.dimension_of) <= set(range(len(self.dimensions))):
            raise ValueError("an indicator lies in no dimension")
        if self.within not in AGGREGATIONS or self.across not in (*AGGREGATIONS, "copeland"):
            raise ValueError(f"aggregations are {sorted(AGGREGATIONS)}, and copeland across dimensions")
        if self.across == "copeland" and (-1 in self.dimension_of or any(p != -1 for p in self.parents)):
            raise ValueError("contests between villages are held on the index alone")
        levels = [self.level(node) for node in range(-1, len(self.dimensions))]
        if any(sum(level) not in (0, UNIT) or min(level, default=0) < 0 for level in levels):
            raise ValueError("the weights of a level sum to 10,000 or are all 0")

    def indicators_of(self, node: int) -> list[int]:
        """The places of a dimension's own indicators."""
        return [j for j, d in enumerate(self.dimension_of) if d == node]

    def dimensions_of(self, node: int) -> list[int]:
        """The places of the dimensions right below a dimension, or below the index, −1."""
        return [d for d, parent in enumerate(self.parents) if parent == node]

    def level(self, node: int) -> tuple[int, ...]:
        """The weights below a dimension or the index: of its indicators, then of its dimensions."""
        own, below = self.indicators_of(node), self.dimensions_of(node)
        return (*(self.weights[j] for j in own), *(self.dimension_weights[d] for d in below))

    def bears(self, node: int) -> bool:
        """Whether any indicator below a dimension has a weight."""
        own = any(self.weights[j] for j in self.indicators_of(node))
        return own or any(self.dimension_weights[d] and self.bears(d) for d in self.dimensions_of(node))

    def how(self, node: int) -> str:
        """The mean by which a dimension or the index, −1, is made of what lies below it."""
        return self.within if self.indicators_of(node) else self.across


def scheme_of(
    indicators: Mapping[str, tuple[str, float]],
    dimensions: Mapping[str, float],
    *,
    within: str = "geometric",
    across: str = "arithmetic",
    parents: Mapping[str, str] | None = None,
) -> Scheme:
    """A `Scheme` from weights of any scale.

    Parameters: `indicators` id → (dimension, weight); `dimensions` id → weight, in any order; `parents` dimension → the
    dimension it lies in; aggregations of `AGGREGATIONS`.
    Raises: ValueError for an unknown dimension or aggregation, dimensions that lie in each other, or a negative weight.

    >>> scheme_of({"water": ("services", 2), "latrine": ("services", 1)}, {"services": 5}).weights
    (6667, 3333)
    """
    inside = {d: (parents or {}).get(d, "") for d in dimensions}
    above = [*(d for d, _ in indicators.values()), *(p for p in inside.values() if p)]
    if unknown := set(above) - set(dimensions):
        raise ValueError(f"no dimension {sorted(unknown)}")
    names = _from_below(inside)
    told = {
        **{("i", i): (d, w) for i, (d, w) in indicators.items()},
        **{("d", d): (inside[d], dimensions[d]) for d in names},
    }
    units: dict[tuple[str, str], int] = {}
    for node in ("", *names):
        level = {key: w for key, (d, w) in told.items() if d == node}
        units |= dict(zip(level, weight_units(list(level.values())), strict=True))
    return Scheme(
        tuple(indicators),
        names,
        tuple(names.index(d) for d, _ in indicators.values()),
        tuple(units["i", i] for i in indicators),
        tuple(units["d", d] for d in names),
        within,
        across,
        tuple(names.index(inside[d]) if inside[d] else -1 for d in names),
    )


def _from_below(inside: Mapping[str, str]) -> tuple[str, ...]:
    """Dimensions in the given order, but each before the one it lies in."""
    depth: dict[str, int] = {}
    for name in inside:
        way = [name]
        while inside[way[-1]]:
            way.append(inside[way[-1]])
            if len(way) > len(inside):
                raise ValueError(f"dimensions lie in each other: {sorted(set(way))}")
        depth[name] = len(way)
    return tuple(sorted(inside, key=lambda name: -depth[name]))


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
    values = np.where(needs >= 0, needs * UNIT, MISSING)
    dimensions = np.full((len(needs), len(scheme.dimensions)), MISSING, dtype=np.int64)
    seen = np.zeros(dimensions.shape)
    for d in range(len(scheme.dimensions)):
        dimensions[:, d], seen[:, d] = _node(d, values, dimensions, seen, scheme)
    index, observed = _node(-1, values, dimensions, seen, scheme)
    units = np.where(index >= 0, _divide(index, 100), MISSING)
    contributions = _shares(values, dimensions, scheme) * np.maximum(units, 0)[:, None] / UNIT
    return ScoreParts(units, dimensions, observed, np.where(needs >= 0, contributions, np.nan))


def _node(node: int, values: Ints, dimensions: Ints, seen: Floats, scheme: Scheme) -> tuple[Ints, Floats]:
    """The mean of what lies below a node, and the share 0–1 of its weight that is observed."""
    own, below = scheme.indicators_of(node), scheme.dimensions_of(node)
    children = np.concatenate([values[:, own], dimensions[:, below]], axis=1)
    # A dimension whose indicators have no weight cannot be observed, and is not waited for.
    weights = np.array(scheme.level(node)) * np.array([True] * len(own) + [scheme.bears(d) for d in below], bool)
    known = np.concatenate([values[:, own] >= 0, seen[:, below]], axis=1)
    return _mean(children, weights, scheme.how(node)), known @ weights / max(int(weights.sum()), 1)


def _shares(values: Ints, dimensions: Ints, scheme: Scheme) -> Floats:
    """What share of the whole each indicator makes: a node's falls to its children by weight × points."""
    share = np.zeros(values.shape)
    of_dimension = np.zeros(dimensions.shape)
    for node in (-1, *reversed(range(len(scheme.dimensions)))):
        own, below = scheme.indicators_of(node), scheme.dimensions_of(node)
        whole = of_dimension[:, [node]] if node >= 0 else 1.0
        part = np.maximum(np.concatenate([values[:, own], dimensions[:, below]], axis=1), 0) / UNIT * scheme.level(node)
        part = part / np.maximum(part.sum(axis=1, keepdims=True), 1) * whole
        share[:, own], of_dimension[:, below] = part[:, : len(own)], part[:, len(own) :]
    return share


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
    points: list[Floats] = []
    known: list[NDArray[np.bool_]] = []
    for node in (*range(len(scheme.dimensions)), -1):
        own, below = scheme.indicators_of(node), scheme.dimensions_of(node)
        own = [j for j in own if scheme.weights[j] > 0]
        below = [d for d in below if scheme.dimension_weights[d] > 0]
        values = [*(needs[j] for j in own), *(points[d] for d in below)]
        masks = [*(observed[:, j] for j in own), *(known[d] for d in below)]
        level = [*(weights[:, [j]] for j in own), *(dimension_weights[:, [d]] for d in below)]
        points.append({**AGGREGATIONS, "copeland": contests}[scheme.how(node)](values, level, masks))
        known.append(np.any(masks, axis=0) if masks else np.zeros(observed.shape[0], dtype=bool))
    return 100.0 * np.broadcast_to(points[-1], (len(weights), observed.shape[0]))


def arithmetic(values: Sequence[Floats], weights: Sequence[Floats], observed: Sequence[NDArray[np.bool_]]) -> Floats:
    """Σ w·x / Σ w over observed x; 0 where none is. Shapes broadcast; `observed` has that of a row."""
    total: Any = 0.0
    seen: Any = 0.0
    parts = list(zip(values, weights, observed, strict=True))
    if fixed := [part for part in parts if part[0].ndim == 1]:
        # Columns that are the same in every draw go in one sum: three times as fast as one by one.
        parts = [part for part in parts if part[0].ndim > 1]
        w, known = np.concatenate([w for _, w, _ in fixed], axis=1), np.stack([known for _, _, known in fixed])
        total = np.einsum("bk,kn->bn", w, np.where(known, np.stack([x for x, _, _ in fixed]), 0.0))
        seen = w.sum(axis=1, keepdims=True) if known.all() else np.einsum("bk,kn->bn", w, known.astype(float))
    for x, w, known in parts:
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


def harmonic(values: Sequence[Floats], weights: Sequence[Floats], observed: Sequence[NDArray[np.bool_]]) -> Floats:
    """Σw / Σ w/(1 + 99x) over observed x, back on 0 … 1: the harmonic mean on the scale 1 … 100."""
    inverses = [1.0 - 1.0 / (1.0 + 99.0 * np.maximum(x, 0.0)) for x in values]
    mean: Floats = (1.0 / (1.0 - arithmetic(inverses, weights, observed)) - 1.0) / 99.0
    return mean


def topsis(values: Sequence[Floats], weights: Sequence[Floats], observed: Sequence[NDArray[np.bool_]]) -> Floats:
    """p / (p + q) over observed x, p² = Σ (w·x)², q² = Σ (w·(1 − x))²: how much nearer to need 1 than to need 0."""
    near: Any = np.zeros((1, 1))
    far: Any = np.zeros((1, 1))
    for x, w, known in zip(values, weights, observed, strict=True):
        ends = np.clip(x, 0.0, 1.0)
        near, far = near + (known * w * ends) ** 2, far + (known * w * (1.0 - ends)) ** 2
    near, far = np.sqrt(near), np.sqrt(far)
    mean: Floats = near / np.where(near + far > 0, near + far, 1.0)
    return mean


def contests(values: Sequence[Floats], weights: Sequence[Floats], observed: Sequence[NDArray[np.bool_]]) -> Floats:
    """The share of the other villages that a village beats (`aggregation.copeland`), draw by draw; 0 for unknown."""
    shape = np.broadcast_shapes(*(x.shape for x in values), *((len(w), observed[0].size) for w in weights))
    out = np.empty(shape)
    for b in range(shape[0]):
        drawn = [np.where(known, x if x.ndim == 1 else x[b], np.nan) for x, known in zip(values, observed, strict=True)]
        out[b] = copeland(np.stack(drawn, axis=1), np.array([float(w[b, 0]) for w in weights]))
    return np.nan_to_num(out)


AGGREGATIONS: Mapping[str, Callable[..., Floats]] = {
    "arithmetic": arithmetic,
    "geometric": geometric,
    "harmonic": harmonic,
    "topsis": topsis,
}


def _divide(p: Ints, q: Any) -> Ints:
    """p / q of integers ≥ 0, rounded half up."""
    out: Ints = (2 * p + q) // (2 * q)
    return out


def _mean(values: Ints, weights: Ints, how: str) -> Ints:
    """Weighted mean of the observed columns, 1e-8; −1 where none with a weight is observed."""
    observed = values >= 0
    seen = np.where(observed, weights, 0).sum(axis=1)
    if how in ("topsis", "copeland"):
        columns = (
            [np.maximum(v, 0) / UNIT**2 for v in values.T],
            [np.array([[float(w)]]) for w in weights],
            [*observed.T],
        )
        share = topsis(*columns) if how == "topsis" else contests(*columns)
        return np.where(seen > 0, np.floor(share[0] * UNIT**2 + 0.5), MISSING).astype(np.int64)
    x, curve = np.maximum(values, 0), CURVES.get(how)
    total = np.where(observed, weights * (x if curve is None else _bent(x, curve)), 0).sum(axis=1)
    mean = _divide(total, np.maximum(seen, 1))
    return np.where(seen > 0, mean if curve is None else _straight(mean, curve), MISSING)


def _bent(v: Ints, curve: Ints) -> Ints:
    i = np.minimum(v // UNIT, UNIT - 1)
    return curve[i] + _divide((curve[i + 1] - curve[i]) * (v - i * UNIT), UNIT)


def _straight(m: Ints, curve: Ints) -> Ints:
    i = np.minimum(np.searchsorted(curve, m, "right") - 1, UNIT - 1)
    return i * UNIT + _divide((m - curve[i]) * UNIT, curve[i + 1] - curve[i])
