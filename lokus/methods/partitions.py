"""Ways to divide villages into groups by what they lack, of the whole table and, for stability, of parts of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lokus.methods.chance import stream
from lokus.methods.stability import Bools, k_means

if TYPE_CHECKING:
    from sklearn.mixture import GaussianMixture

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]

SAMPLE = 2000  # villages by which k is chosen and a tree is built: both cost the square of their number
FLOOR = 0.01  # variance added to every indicator of a mixture's group: many villages lack exactly nothing


@dataclass(frozen=True, slots=True)
class Method:
    """`whole(values, k, seed)`: labels (n,) of all rows, at most k of them; `parts(values, drawn, k, rng)`: labels
    (B × n) of each part (B × n) of the rows; `replicates`: how many parts are worth their time."""

    whole: Callable[[Floats, int, int], Labels]
    parts: Callable[[Floats, Bools, int, np.random.Generator], Labels]
    replicates: int


def means(values: Floats, k: int, seed: int) -> Labels:
    """k-means, the best of ten starts."""
    from sklearn.cluster import KMeans

    return np.asarray(KMeans(k, n_init=10, random_state=seed).fit(values).labels_, dtype=np.intp)


def tree(values: Floats, k: int, seed: int) -> Labels:
    """Ward's tree cut into k; above `SAMPLE` rows that of a sample, every row by the nearest centre."""
    rows = np.sort(stream(seed, "ward").permutation(len(values))[:SAMPLE])
    labels = _cut(values[rows], k)
    if len(rows) == len(values):
        return labels
    centres = np.stack([values[rows][labels == g].mean(axis=0) for g in range(labels.max() + 1)])
    return np.asarray(((centres**2).sum(axis=1) - 2 * values @ centres.T).argmin(axis=1), dtype=np.intp)


def mixture(values: Floats, k: int, seed: int) -> Labels:
    """The likeliest group of each row in a mixture of normal groups, each with its own spread in every indicator."""
    return np.asarray(_mixed(k, 5, seed).fit(values).predict(values), dtype=np.intp)


def _cut(values: Floats, k: int) -> Labels:
    from scipy.cluster.hierarchy import fcluster, ward

    return np.asarray(fcluster(ward(values), k, "maxclust"), dtype=np.intp) - 1


def _mixed(k: int, starts: int, seed: int) -> GaussianMixture:
    from sklearn.mixture import GaussianMixture

    return GaussianMixture(k, covariance_type="diag", n_init=starts, reg_covar=FLOOR, random_state=seed)


def _means_of_parts(values: Floats, drawn: Bools, k: int, rng: np.random.Generator) -> Labels:
    return k_means(values, drawn, k, rng)


def _trees_of_parts(values: Floats, drawn: Bools, k: int, _: np.random.Generator) -> Labels:
    out = np.zeros(drawn.shape, dtype=np.intp)
    for labels, rows in zip(out, drawn, strict=True):
        labels[rows] = _cut(values[rows], k) if rows.sum() > 1 else 0
    return out


def _mixtures_of_parts(values: Floats, drawn: Bools, k: int, rng: np.random.Generator) -> Labels:
    out = np.zeros(drawn.shape, dtype=np.intp)
    for labels, rows in zip(out, drawn, strict=True):
        start = int(rng.integers(2**31 - 1))
        labels[rows] = _mixed(k, 1, start).fit(values[rows]).predict(values[rows]) if rows.sum() > k else 0
    return out


METHODS = {
    "kmeans": Method(means, _means_of_parts, 100),
    "ward": Method(tree, _trees_of_parts, 100),
    "mixture": Method(mixture, _mixtures_of_parts, 20),
}
