"""How much of a result's variance each doubtful choice explains: Sobol indices, and fast replays of a composite."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lokus.methods.chance import stream
from lokus.methods.scenarios import Scenario, blocks, scores

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BLOCK = 1 << 17  # draws × villages worked on at once: fits a core's cache
RESAMPLED = 200  # bootstrap samples of an index


@dataclass(frozen=True, eq=False)
class Indices:
    """Sobol indices of d factors on m outputs.

    `first`, `total` (d × m) and the 90 % bootstrap intervals `first_low` … `total_high`; NaN where an output does not
    vary. `failed` of `evaluations` gave no output; a base point with a failed one is left out of all estimates.
    """

    first: Floats
    total: Floats
    first_low: Floats
    first_high: Floats
    total_low: Floats
    total_high: Floats
    evaluations: int
    failed: int

    def table(self, factors: Sequence[str], outputs: pd.Index) -> pd.DataFrame:
        """Long form: the output's keys, factor, first, total and the intervals' ends."""
        names = ("first", "total", "first_low", "first_high", "total_low", "total_high")
        keys = outputs.repeat(len(factors)).to_frame(index=False)
        return keys.assign(factor=[*factors] * len(outputs), **{name: getattr(self, name).T.ravel() for name in names})


def design(factors: int, points: int, seed: int) -> Floats:
    """The points at which a model is run: A, B, and A with one column after the other taken from B.

    Parameters: `points` N of A; `factors` d. Returns: ((d + 2) × N × d), 0 ≤ u < 1, from a scrambled Sobol' sequence.
    Raises: ValueError for fewer than 2 points or no factor.
    Source: Saltelli et al. 2010, section 3 (radial design A, B, A_B).
    """
    if points < 2 or factors < 1:
        raise ValueError(f"{points} points of {factors} factors")
    from scipy.stats import qmc

    sequence = qmc.Sobol(2 * factors, rng=stream(seed, "design"))
    base = sequence.random_base2(int(np.ceil(np.log2(points))))[:points]
    out = np.stack([base[:, :factors], base[:, factors:], *[base[:, :factors]] * factors])
    for i in range(factors):
        out[2 + i, :, i] = base[:, factors + i]
    below_one: Floats = np.minimum(out, np.nextafter(1.0, 0.0))
    return below_one


def indices(outputs: Floats, seed: int) -> Indices:
    """First-order and total indices from a model's outputs on a `design`.

    With the mean f₀ and the variance V of A and B: S = mean((f_B − f₀)(f_AB − f_A)) / V and
    T = mean((f_A − f_AB)²) / 2V. S is what is explained by the factor alone, T with all its interactions.

    Parameters: `outputs` ((d + 2) × N × m), NaN where the model failed.
    Returns: `Indices`; all NaN where fewer than two base points are left.
    Source: Saltelli et al. 2010 (first order, b); Jansen 1999 (total); Archer et al. 1997 (bootstrap).
    """
    failed = np.isnan(outputs).any(axis=2)
    a, b, *mixed = (block.astype(float) for block in outputs[:, ~failed.any(axis=0)])
    d, m, left = len(mixed), outputs.shape[2], len(a)
    if left < 2:
        none = np.full((d, m), np.nan)
        return Indices(none, none, none, none, none, none, failed.size, int(failed.sum()))
    both = np.concatenate([a, b])
    variance = both.var(axis=0)
    # A constant whose mean is a hair off has a variance of rounding alone.
    scale = np.where(variance > 1e-20 * np.maximum(1.0, np.abs(both).max(axis=0)) ** 2, variance, np.nan)
    centred = b - both.mean(axis=0)
    parts = np.stack([[centred * (x - a), (a - x) ** 2 / 2] for x in mixed], axis=1)  # 2 × d × N × m
    first, total = parts.mean(axis=2) / scale
    weights = stream(seed, "bootstrap").multinomial(left, np.full(left, 1 / left), RESAMPLED) / left
    again = np.einsum("rn,kdnm->rkdm", weights, parts, optimize=True) / scale
    low, high = np.quantile(again, [0.05, 0.95], axis=0)
    return Indices(first, total, low[0], high[0], low[1], high[1], failed.size, int(failed.sum()))


def sobol(model: Callable[[Floats], Floats], factors: int, *, points: int, seed: int) -> Indices:
    """Sobol indices of any model of the unit cube.

    Parameters: `model`: (rows × d) → (rows × m), NaN where it fails; `points` N: the model is run on N(d + 2).
    Returns, errors, source: as `indices` and `design`.
    """
    at = design(factors, points, seed)
    told = model(at.reshape(-1, factors))
    return indices(np.asarray(told, dtype=float).reshape(factors + 2, points, -1), seed)


def replay(
    made: Mapping[tuple[int, ...], Scenario],
    picks: Ints,
    weights: Floats,
    above: Floats,
    *,
    then: Callable[[Floats], NDArray[Any]] = np.asarray,
    threads: int = 2,
) -> NDArray[Any]:
    """The scores of many replays in which nothing is drawn but the weights and the scenario: COINr's `get_sensitivity`.

    Parameters: `made`: scenarios by place (`Scenario.of` for needs from elsewhere); `picks`, `weights`, `above` as
    `scenarios.scores`; `then` is done to each block of scores (`ranking.ranks_of`).
    Returns: (B × n) points, or what `then` makes of them; the same for any number of threads.
    Source: Becker et al. 2022, COINr.
    """
    villages = next(iter(made.values())).villages
    cuts = blocks(picks, max(1, BLOCK // max(villages, 1)))

    def work(rows: NDArray[np.intp]) -> NDArray[Any]:
        return then(scores(made, picks[rows], {}, weights[rows], above[rows]))

    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(work, cuts))
    back = np.argsort(np.concatenate(cuts)) if cuts else np.arange(0)
    return np.concatenate(parts)[back] if parts else np.empty((0, villages))
