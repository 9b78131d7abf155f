"""Whether a grouping is more than the chance of who was looked at: groups found again in parts of the villages."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from lokus.methods.chance import stream

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]
# From drawn rows (B × n) to labels (B × n) of each; what stands at rows not drawn does not count.
Regroup = Callable[[Bools, np.random.Generator], Labels]

STABLE = 0.6  # a mean Jaccard under which a group says little about who belongs together (Hennig 2007; R's fpc)
MOST_ROWS = 500  # villages by which stability is judged
RESTARTS = 3
ROUNDS = 100


def bootstrapped(rows: int, replicates: int, rng: np.random.Generator) -> Bools:
    """Which rows a bootstrap draws at all (B × n): rows drawn twice count once, as in R's `fpc::clusterboot`."""
    drawn = np.zeros((replicates, rows), dtype=bool)
    for one in drawn:
        one[rng.integers(rows, size=rows)] = True
    return drawn


def recovery(labels: Labels, again: Labels) -> Floats:
    """For each group its Jaccard likeness to the group most like it when the same rows are grouped again.

    |A ∩ B| / |A ∪ B|, the greatest over B.

    :param labels: (n,) 0 … k−1. :param again: (n,) ≥ 0, the other grouping of the same rows.
    :returns: (max(labels) + 1,) 0–1; NaN for a group of which no row is there.

    >>> recovery(np.array([0, 0, 1, 1, 1]), np.array([4, 4, 4, 2, 2])).round(3).tolist()
    [0.667, 0.667]
    """
    both = np.zeros((labels.max(initial=-1) + 1, again.max(initial=-1) + 1))
    np.add.at(both, (labels, again), 1)
    mine, theirs = both.sum(axis=1, keepdims=True), both.sum(axis=0, keepdims=True)
    best = np.divide(both, mine + theirs - both, out=np.zeros_like(both), where=both > 0).max(axis=1, initial=0)
    return np.where(mine[:, 0] > 0, best, np.nan)


def stability(labels: Labels, regroup: Regroup, *, replicates: int = 100, seed: int = 0) -> Floats:
    """The mean over bootstraps of each group's `recovery`: 1 = always found again; under 0.6 not to be trusted.

    :param labels: (n,) 0 … k−1, n > 0. :param regroup: the same method on parts of the rows.
    :returns: (k,) 0–1; NaN for a group of which no bootstrap drew a row.

    Source: Hennig 2007, Computational Statistics & Data Analysis 52, 258–271.
    """
    rng = stream(seed, "stability", int(labels.max()) + 1)
    drawn = bootstrapped(len(labels), replicates, rng)
    groups = labels.max() + 1
    total, seen = np.zeros(groups), np.zeros(groups)
    for rows, again in zip(drawn, regroup(drawn, rng), strict=True):
        found = np.full(groups, np.nan)
        some = recovery(labels[rows], again[rows])
        found[: len(some)] = some
        there = ~np.isnan(found)
        total[there] += found[there]
        seen += there
    return np.divide(total, seen, out=np.full(groups, np.nan), where=seen > 0)


def k_means(values: Floats, drawn: Bools, k: int, rng: np.random.Generator, restarts: int = RESTARTS) -> Labels:
    """k-means of many parts of one table at once: each part's best of `restarts` k-means++ starts.

    :param values: (n × p). :param drawn: (B × n), the rows of each part, at least one.
    :returns: (B × n) labels 0 … k−1; rows not drawn go to the nearest centre.

    Source: Lloyd 1982; Arthur & Vassilvitskii 2007.
    """
    out = np.zeros(drawn.shape, dtype=np.intp)
    # As many parts at a time as fit a cache of some megabytes.
    step = max(1, 1_000_000 // (restarts * k * drawn.shape[1]))
    for start in range(0, len(drawn), step):
        part = drawn[start : start + step]
        weight = np.repeat(part.astype(float), restarts, axis=0)
        labels, cost = _lloyd(values, weight, _starts(values, weight, k, rng))
        best = cost.reshape(len(part), restarts).argmin(axis=1) + restarts * np.arange(len(part))
        out[start : start + step] = labels[best]
    return out


def _starts(values: Floats, weight: Floats, k: int, rng: np.random.Generator) -> Floats:
    """k-means++ centres (S × k × p): each next one a row taken by its squared distance to the nearest so far."""
    length = (values**2).sum(axis=1)
    chance, chosen, away = weight, [], np.full(weight.shape, np.inf)
    for _ in range(k):
        summed = chance.cumsum(axis=1)
        at = (summed <= rng.random((len(weight), 1)) * summed[:, -1:]).sum(axis=1).clip(max=weight.shape[1] - 1)
        chosen.append(values[at])
        apart = length + length[at][:, None] - 2 * values[at] @ values.T
        away = np.minimum(away, np.maximum(apart, 0.0))
        chance = weight * away
        chance = np.where(chance.sum(axis=1, keepdims=True) > 1e-12, chance, weight)  # all rows are centres already
    return np.stack(chosen, axis=1)


def _lloyd(values: Floats, weight: Floats, centres: Floats) -> tuple[Labels, Floats]:
    """Labels (S × n) and the sum of squares of the rows drawn (S,)."""
    length = (values**2).sum(axis=1)
    labels = np.full(weight.shape, -1, dtype=np.intp)
    nearest = np.zeros(weight.shape)
    active = np.arange(len(weight))
    for _ in range(ROUNDS):
        now, part = centres[active], weight[active]
        apart = (now**2).sum(axis=2)[:, :, None] - 2 * (now @ values.T)
        fresh = apart.argmin(axis=1)
        nearest[active] = apart.min(axis=1) + length
        moved = ((fresh != labels[active]) & (part > 0)).any(axis=1)
        labels[active] = fresh
        for g, mine in _masks(fresh, part, centres.shape[1]):
            some = mine.sum(axis=1)
            mean = np.divide(mine @ values, some[:, None], out=now[:, g].copy(), where=some[:, None] > 0)
            centres[active, g] = mean
        active = active[moved]
        if not len(active):
            break
    return labels, (weight * nearest).sum(axis=1)


def _masks(labels: Labels, weight: Floats, groups: int) -> Iterator[tuple[int, Floats]]:
    for g in range(groups):
        yield g, weight * (labels == g)
