"""Groups of villages and work areas: seconds beside scikit-learn's in one run, and how far planted groups are found.

python benchmarks/groups.py

Planted: villages on a square grid, five groups in patches (the nearest of 25 random seeds), each of which lacks two of
twelve indicators by `apart` standard deviations of the villages' own noise.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.spatial import cKDTree
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.metrics import adjusted_rand_score
from stopwatch import best
from threadpoolctl import threadpool_limits

from lokus.methods.clusters import standardised, typology
from lokus.methods.regions import explained, regions
from lokus.methods.stability import bootstrapped, k_means, recovery

GROUPS, INDICATORS = 5, 12


def planted(side: int, apart: float, seed: int) -> tuple[pd.DataFrame, np.ndarray, pd.DataFrame]:
    """Needs (villages × indicators), the true group of each village, and who borders whom on the grid."""
    rng = np.random.default_rng([6, side, int(10 * apart), seed])
    place = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)
    group = rng.permutation(np.arange(25) % GROUPS)[cKDTree(rng.uniform(0, side, (25, 2))).query(place)[1]]
    lacks = (np.arange(INDICATORS) // 2 == np.arange(GROUPS)[:, None]).astype(float)
    values = rng.normal(size=(len(place), INDICATORS)) + apart * lacks[group]
    codes = [f"{i:06}" for i in range(len(place))]
    cell = np.arange(side * side).reshape(side, side)
    pairs = [(cell[:, :-1], cell[:, 1:]), (cell[:-1], cell[1:])]
    one, other = (np.concatenate([p[end].ravel() for p in pairs]) for end in (0, 1))
    index = pd.MultiIndex.from_arrays([np.array(codes)[one], np.array(codes)[other]])
    return pd.DataFrame(values, codes), group, pd.DataFrame({"weight": 1.0}, index)


def apart_from_chance() -> None:
    """The number of groups chosen and the agreement with the planted ones, over twenty kabupaten of 256 villages."""
    print("planted in 256 villages: method · apart · k chosen (5 are planted) · adjusted Rand index, mean of 20")
    for apart in (0.0, 1.0, 2.0, 3.0):
        for method in ("kmeans", "ward", "mixture"):
            ks, rand, weakest = [], [], []
            for seed in range(20):
                needs, group, _ = planted(16, apart, seed)
                found = typology(needs, method=method, k_max=8, seed=seed)
                ks.append(found.k)
                rand.append(adjusted_rand_score(group, found.labels.to_numpy(dtype=int)))
                weakest.append(min(p["stability"] for p in found.profiles))
            told = np.bincount(ks, minlength=9)[1:]
            print(
                f"  {method:<8} {apart:.0f}  k 1…8: {told}  {np.mean(rand):.2f}  weakest group {np.mean(weakest):.2f}"
            )


def seconds() -> None:
    """Each job beside scikit-learn doing the same."""
    for side in (16, 45):
        needs, _, adjacency = planted(side, 2.0, 0)
        z, n = standardised(needs), side * side
        values = z.to_numpy()
        drawn = bootstrapped(min(n, 500), 100, np.random.default_rng(0))
        some = values[: drawn.shape[1]]
        labels = k_means(some, np.ones((1, len(some)), dtype=bool), 5, np.random.default_rng(0))[0]

        def theirs(some: np.ndarray = some, drawn: np.ndarray = drawn) -> list[np.ndarray]:
            return [KMeans(5, n_init=3, random_state=i).fit(some[rows]).labels_ for i, rows in enumerate(drawn)]

        with threadpool_limits(1):
            ours, again = best(lambda s=some, d=drawn: k_means(s, d, 5, np.random.default_rng(1)), 3)
            others, told = best(theirs, 3)
        mine = np.nanmean([recovery(labels[r], a[r]).mean() for r, a in zip(drawn, again, strict=True)])
        other = np.nanmean([recovery(labels[r], a).mean() for r, a in zip(drawn, told, strict=True)])
        print(f"{n} villages: 100 bootstraps of k-means, k = 5: {ours:.2f} s, scikit-learn {others:.2f} s "
              f"(mean Jaccard {mine:.2f}, {other:.2f})")  # fmt: skip
        for method in ("kmeans", "ward", "mixture"):
            took, _ = best(lambda m=method, t=needs: typology(t, method=m), 2)
            print(f"  typology {method:<8} k 2…6 with evidence {took:.2f} s")
        one, other_end = (z.index.get_indexer(adjacency.index.get_level_values(level)) for level in (0, 1))
        links = coo_array((np.ones(len(one)), (one, other_end)), shape=(n, n))
        tie = (links + links.T).tocsr()
        sk, fit = best(lambda v=values, c=tie: AgglomerativeClustering(15, connectivity=c).fit(v).labels_, 3)
        theirs_explained = explained(z, pd.Series(fit, z.index))
        print(f"  15 areas, scikit-learn's Ward {sk:.3f} s, explains {theirs_explained:.3f}, "
              f"smallest {np.bincount(fit).min()}")  # fmt: skip
        for how in ("ward", "skater"):
            for least in (1, 5):
                took, got = best(lambda z=z, a=adjacency, h=how, m=least: regions(
                    z, a, how=h, count=15, least_members=m), 3)  # fmt: skip
                print(f"  15 areas of {least} or more, {how:<6} {took:.3f} s, explains {got.explained:.3f}, "
                      f"smallest {got.labels.value_counts().min()}")  # fmt: skip


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seconds()
        apart_from_chance()
