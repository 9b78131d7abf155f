"""Sets that hold a true rank with a stated probability, from estimates and their standard errors alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from lokus.methods.chance import stream

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]

BLOCK = 1 << 18  # numbers worked on at once: fits a core's cache
FIRST = 48  # villages with the largest errors that a draw's greatest difference is looked for among, first
ALL = 1e300  # a critical value under which no two villages are told apart, but those known exactly


def rank_sets(
    estimate: Floats, se: Floats, *, kind: str, seed: int, level: float = 0.95, draws: int = 1000, threads: int = 2
) -> pd.DataFrame:
    """For each village the ranks that its true rank can have: "marginal" sets hold for one village, "simultaneous" all.

    Village k is above j where (x_k − x_j)/s_jk > c, s_jk² = se_j² + se_k²; low = 1 + villages above j, high = p −
    villages below it. c is the `level` quantile, over normal errors Z, of the greatest (Z_k − Z_j)/s_jk: over the
    ordered pairs with one village for a marginal set, over all for simultaneous ones; then again over the pairs of
    which k is not above j yet, until none is added. The villages that may belong to the true first τ, all of them at
    once with probability `level`, are those with a simultaneous low ≤ τ; to the last τ, those with high > p − τ.

    Parameters: `estimate` (n,) of any unit, a larger one ranks first; `se` (n,) ≥ 0 in the same unit, independent
    errors; 0 = known exactly. `kind` of `KINDS`; `level` 0–1; `draws` of Z.
    Returns: on 0 … n−1 Int64 rank (min-rank), low, high; missing where the estimate or its error is. Memory grows
    with n × draws. Raises: ValueError for lengths that differ, a negative error, an unknown kind, no draws, or a level
    outside 0–1.
    Source: Mogstad, Romano, Shaikh & Wilhelm 2024, sections 3.1–3.3 (csranks, two-sided, stepdown).
    """
    if kind not in KINDS:
        raise ValueError(f"no kind of rank set {kind!r}")
    if draws < 1 or not 0 < level < 1:
        raise ValueError(f"{draws} draws at level {level}")
    known = _known(estimate, se)
    x, v = estimate[known], se[known] ** 2
    errors = stream(seed, "rank sets").standard_normal((draws, x.size))
    critical = KINDS[kind](x, v, errors, level, threads)
    out = np.full((3, known.size), np.nan)
    for j, part in _rows(x.size):
        gap = x - x[j, None]
        least = critical[j, None] * np.sqrt(v[j, None] + v)
        sums = 1 + (gap > 0).sum(axis=1), 1 + (gap > least).sum(axis=1), x.size - (-gap > least).sum(axis=1)
        out[:, np.flatnonzero(known)[part]] = sums
    return pd.DataFrame(out.T, columns=["rank", "low", "high"]).astype("Int64")


def expected_ranks(mean: Floats, sd: Floats) -> Floats:
    """The expected rank under independent normal posteriors: E r_j = 1 + Σ_k Φ((m_k − m_j) / √(s_j² + s_k²)).

    Parameters: `mean`, `sd` (n,) of one unit, sd ≥ 0; two exactly known and equal means count ½ each.
    Returns: (n,), 1 … n; NaN where mean or sd is. Raises: ValueError for a negative sd or lengths that differ.
    Source: Shen & Louis 1998.

    >>> expected_ranks(np.array([2.0, 0.0, np.nan]), np.array([1.0, 0.0, 1.0])).round(4).tolist()
    [1.0228, 1.9772, nan]
    """
    known = _known(mean, sd)
    x, v = mean[known], sd[known] ** 2
    out = np.full(known.size, np.nan)
    for j, part in _rows(x.size):
        gap, spread = x - x[j, None], np.sqrt(v[j, None] + v)
        z = np.divide(gap, spread, out=40 * np.sign(gap), where=spread > 0)
        # A village stands in its own row with Φ(0) = ½.
        out[np.flatnonzero(known)[part]] = 0.5 + ndtr(z).sum(axis=1)
    return out


def _known(estimate: Floats, se: Floats) -> Bools:
    if estimate.shape != se.shape or estimate.ndim != 1:
        raise ValueError(f"estimates {estimate.shape} and errors {se.shape}")
    if (se < 0).any() or np.isinf(se).any() or np.isinf(estimate).any():
        raise ValueError("an error is negative, or a number infinite")
    return ~np.isnan(estimate) & ~np.isnan(se)


def _rows(n: int) -> Iterator[tuple[Ints, slice]]:
    """Villages in blocks, so that a block × n numbers stay small."""
    size = max(1, BLOCK // max(n, 1))
    for start in range(0, n, size):
        part = slice(start, min(start + size, n))
        yield np.arange(part.start, part.stop), part


def _simultaneous(x: Floats, v: Floats, errors: Floats, level: float, _threads: int) -> Floats:
    """One critical value for all pairs."""
    critical, before = ALL, -1
    while True:
        told = sum(int((x - x[j, None] > critical * np.sqrt(v[j, None] + v)).sum()) for j, _ in _rows(x.size))
        if told == before or not x.size:
            return np.full(x.size, critical)
        before = told
        critical = float(np.quantile(_greatest(x, v, errors, critical), level))


def _greatest(x: Floats, v: Floats, errors: Floats, critical: float) -> Floats:
    """The greatest (Z_k − Z_j)/s_jk of each draw over pairs with k not above j, without looking at most of them.

    |Z_k − Z_j|/s_jk ≤ √(g_j² + g_k²) for g = Z/se: once a difference is found, only villages with g² ≥ found² − the
    draw's greatest g² can be part of a greater one.
    """
    size, z = np.abs(errors), errors * np.sqrt(v)
    first = np.argpartition(-size, min(FIRST, x.size) - 1, axis=1)[:, :FIRST]
    batches = [slice(a, a + 64) for a in range(0, len(errors), 64)]
    out = np.concatenate([_among(x, v, z[b], first[b], first[b], critical) for b in batches])
    least = out**2 - size.max(axis=1) ** 2
    seen = np.take_along_axis(size, first, 1).min(axis=1) ** 2
    for r in np.flatnonzero((seen >= least) & (x.size > FIRST)):
        those = np.flatnonzero(size[r] ** 2 >= least[r])[None]
        step = max(1, BLOCK // those.size)
        parts = [those[:, a : a + step] for a in range(0, those.size, step)]
        out[r] = max(float(_among(x, v, z[[r]], part, those, critical)[0]) for part in parts)
    return out


def _among(x: Floats, v: Floats, z: Floats, here: Ints, there: Ints, critical: float) -> Floats:
    """The same over the pairs of `here` (draws × a) with `there` (draws × b); 0 where there is none."""
    spread = np.sqrt(v[here][:, :, None] + v[there][:, None, :])
    still = (x[there][:, None, :] - x[here][:, :, None] <= critical * spread) & (spread > 0)
    t = np.take_along_axis(z, there, 1)[:, None, :] - np.take_along_axis(z, here, 1)[:, :, None]
    greatest: Floats = np.divide(t, spread, out=np.zeros(t.shape), where=still).max(axis=(1, 2))
    return greatest


def _marginal(x: Floats, v: Floats, errors: Floats, level: float, threads: int) -> Floats:
    """One critical value for each village, over its own pairs."""
    if x.size < 2:
        return np.full(x.size, ALL)
    order = np.argpartition(-np.abs(errors), min(FIRST, x.size) - 1, axis=1)
    beyond = np.zeros(len(errors))
    if x.size > FIRST:
        beyond = np.take_along_axis(np.abs(errors), order[:, FIRST:], 1).max(axis=1)
    near, g = np.ascontiguousarray(order[:, :FIRST].T), np.ascontiguousarray(errors.T)
    z = g * np.sqrt(v)[:, None]
    work = partial(_one, x, v, g, z, near, np.take_along_axis(z, near, 0), beyond, level)
    with ThreadPoolExecutor(threads) as pool:
        return np.fromiter(pool.map(work, range(x.size)), float, x.size)


def _one(
    x: Floats, v: Floats, g: Floats, z: Floats, near: Ints, z_near: Floats, beyond: Floats, level: float, j: int
) -> float:
    """The critical value of village j.

    First over the villages `near`, those of each draw's largest |g| = |Z|/se. Those beyond can reach no more than
    √(g_j² + g²), nor more than (se_j/s)|g_j| + (se_k/s)|g|: draws that this does not settle are looked at in full.
    """
    spread = np.sqrt(v[j] + v)
    inverse = np.divide(1.0, spread, out=np.zeros(x.size), where=spread > 0)
    inverse[j] = 0
    t = (z_near - z[j]) * inverse[near]
    own, others = np.abs(g[j]), np.delete(v, j)
    shares = np.sqrt(v[j]) * inverse.max(), np.sqrt(others.max() / max(v[j] + others.max(), 1e-300))
    reach = np.minimum(np.hypot(own, beyond), own * shares[0] + beyond * shares[1])
    critical, before = ALL, -1
    while True:
        above, below = x - x[j] > critical * spread, x[j] - x > critical * spread
        if (told := int(above.sum() + below.sum())) == before:
            return critical
        before = told
        most = _one_sided(t, above[near], below[near])
        rest = np.flatnonzero(reach > most)
        step = max(1, BLOCK // x.size)
        for part in (rest[a : a + step] for a in range(0, rest.size, step)):
            full = (z[:, part] - z[j, part]) * inverse[:, None]
            most[part] = _one_sided(full, above[:, None], below[:, None])
        critical = float(np.quantile(most, level))


def _one_sided(t: Floats, above: Bools, below: Bools) -> Floats:
    """The greatest t of villages not above, and −t of those not below."""
    up, down = np.where(above, 0.0, t).max(axis=0), np.where(below, 0.0, t).min(axis=0)
    greatest: Floats = np.maximum(up, -down)
    return greatest


KINDS: Mapping[str, Callable[[Floats, Floats, Floats, float, int], Floats]] = {
    "marginal": _marginal,
    "simultaneous": _simultaneous,
}
