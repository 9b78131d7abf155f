"""Groups of villages that lack the same things: k-means on standardised needs, k chosen and shown."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lokus.methods.chance import stream

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]

SAMPLE = 2000  # villages by which k is chosen: the silhouette costs the square of their number
APART = 0.1  # the greatest share of villages that may stand apart
HALF = 0.5  # share of its indicators a village (of the villages an indicator) must have to take part
UNLIKE, SHORT = -1, -2  # labels − 1 of villages apart and of villages with too little data
EVIDENCE = {"round": "int64", "k": "int64", "silhouette": "float64", "smallest": "int64"}
MARKED = 0.5  # standard deviations from the mean at which an indicator marks a group


@dataclass(frozen=True, slots=True)
class Typology:
    """Groups of villages. `labels`: Int64, 1 … k from the greatest to the least overall need, 0 = unlike any group
    (`apart`), <NA> = data short. `evidence`: for every round (after taking villages apart) and k the mean silhouette
    and the smallest group; empty where no more than one group could be looked for. `profiles`: one mapping for each
    group: cluster, villages, high and low (indicators at least half a standard deviation above and below the mean of
    all villages, the most marked first), means (need 0–1 of each indicator).
    """

    labels: pd.Series
    k: int
    evidence: pd.DataFrame
    profiles: tuple[Mapping[str, Any], ...]
    apart: tuple[str, ...]


def typology(needs: pd.DataFrame, *, k_min: int = 2, k_max: int = 6, least_members: int = 3, seed: int = 0) -> Typology:
    """Groups villages by what they lack.

    k-means on the needs in standard deviations, fitted to the villages with every indicator; k with the greatest mean
    silhouette. Groups smaller than `least_members` are taken apart (label 0) and the rest is grouped again, until none
    is so small or a tenth of the villages would stand apart: then the best k without small groups is taken, or one
    group. A village with half of the indicators or more goes to the nearest centre by those it has.

    :param needs: villages × indicators, 0–1, 1 = greater need, NaN = no data; unique index. Indicators without
        variation, or known for less than half of the villages, do not take part.
    :param k_min, k_max: 2 ≤ k_min ≤ k_max. :param least_members: ≥ 1. :param seed: ≥ 0.
    :returns: `Typology` on the index of `needs`, the same whatever the order of its rows. One group where villages
        are too few or do not differ.
    :raises ValueError: bounds out of range, or a village twice.

    Source: Lloyd 1982; Arthur & Vassilvitskii 2007 (k-means++); Rousseeuw 1987 (silhouette).
    """
    if not 2 <= k_min <= k_max or least_members < 1:
        raise ValueError(f"2 ≤ k_min ≤ k_max and least_members ≥ 1, not {k_min}, {k_max}, {least_members}")
    if not needs.index.is_unique:
        raise ValueError("a village code stands twice in the index")
    ordered = needs.sort_index().astype(float)
    known = ordered.loc[:, ordered.notna().mean() >= HALF]
    z = _standardised(known)
    seen = (known.notna().mean(axis=1) >= HALF).to_numpy() & (z.notna().any(axis=1).to_numpy() | (not z.shape[1]))
    whole = seen & z.notna().all(axis=1).to_numpy()
    values = z.to_numpy()
    found, evidence = _rounds(values[whole], range(k_min, k_max + 1), least_members, seed)
    group = np.full(len(z), SHORT)
    group[whole], centres = _ranked(values[whole], found)
    group[seen & ~whole] = _nearest(values[seen & ~whole], centres)
    labels = pd.Series(group + 1, index=ordered.index, dtype="Int64").mask(group == SHORT)
    profiles = tuple(_profile(g + 1, ordered[group == g], z[group == g]) for g in range(group.max(initial=-1) + 1))
    apart = tuple(ordered.index[group == UNLIKE])
    return Typology(labels.reindex(needs.index).rename("cluster"), len(profiles), evidence, profiles, apart)


def _standardised(needs: pd.DataFrame) -> pd.DataFrame:
    """Standard deviations from the mean; indicators without variation dropped."""
    spread = needs.std(ddof=0)
    varied = needs.columns[spread > 1e-9]
    return (needs[varied] - needs[varied].mean()) / spread[varied]


def _rounds(values: Floats, ks: range, least_members: int, seed: int) -> tuple[Labels, pd.DataFrame]:
    """The group of every row (UNLIKE = apart), and what was seen on the way."""
    group = np.zeros(len(values), dtype=np.intp)
    evidence: list[dict[str, float]] = []
    limit = max(APART * len(values), least_members - 1)
    while True:
        rest = np.flatnonzero(group != UNLIKE)
        fits = _fits(values[rest], ks, least_members, seed)
        this = 1 + (int(evidence[-1]["round"]) if evidence else 0)
        evidence += [{"round": this, "k": k, "silhouette": s, "smallest": min(n)} for k, (s, _, n) in fits.items()]
        if not fits:
            group[rest] = 0
            break
        _, labels, sizes = fits[max(fits, key=lambda k: fits[k][0])]
        small = (sizes < least_members)[labels]
        if (group == UNLIKE).sum() + small.sum() > limit:
            fits = {k: fit for k, fit in fits.items() if min(fit[2]) >= least_members}
            group[rest] = fits[max(fits, key=lambda k: fits[k][0])][1] if fits else 0
            break
        group[rest] = np.where(small, UNLIKE, labels)
        if not small.any():
            break
    return group, pd.DataFrame(evidence, columns=["round", "k", "silhouette", "smallest"]).astype(EVIDENCE)


def _fits(values: Floats, ks: range, least_members: int, seed: int) -> dict[int, tuple[float, Labels, Labels]]:
    """For every possible k: mean silhouette, the rows' labels, the sizes of the groups."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score
    from threadpoolctl import threadpool_limits

    rng = stream(seed, "clusters")
    start = int(rng.integers(2**31 - 1))
    sample = np.sort(rng.permutation(len(values))[:SAMPLE])
    distinct = len(np.unique(values.round(9), axis=0)) if values.size else 1
    fits = {}
    # One thread: centres are sums whose last bits depend on the order in which threads deliver their parts.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for k in ks:
            if k > distinct or k * least_members > len(values) or k >= len(values):
                break
            labels = KMeans(k, n_init=10, random_state=start).fit(values).labels_
            _, labels, sizes = np.unique(labels, return_inverse=True, return_counts=True)
            told = len(np.unique(labels[sample])) > 1
            fits[k] = (float(silhouette_score(values[sample], labels[sample])) if told else -1.0, labels, sizes)
    return fits


def _ranked(values: Floats, group: Labels) -> tuple[Labels, Floats]:
    """Groups numbered 0, 1 … from the greatest mean need, and their centres; equal ones by their first village."""
    number = group.max(initial=-1) + 1
    if not number:
        return group, np.zeros((1, values.shape[1]))
    centres = np.stack([values[group == g].mean(axis=0) for g in range(number)])
    first = np.array([np.flatnonzero(group == g)[0] for g in range(number)])
    need = centres.mean(axis=1) if centres.shape[1] else np.zeros(number)
    order = np.lexsort((first, -need.round(9)))
    place = np.append(np.argsort(order), UNLIKE)  # the last, place[-1], keeps those apart
    return place[group], centres[order]


def _nearest(values: Floats, centres: Floats) -> Labels:
    """The nearest centre over the indicators a village has."""
    away = np.stack([np.nansum((values - centre) ** 2, axis=1) for centre in centres])
    return np.asarray(away.argmin(axis=0))


def _profile(cluster: int, needs: pd.DataFrame, z: pd.DataFrame) -> Mapping[str, Any]:
    mean = z.mean().sort_values(ascending=False, kind="stable")
    return {
        "cluster": cluster,
        "villages": len(needs),
        "high": tuple(mean.index[mean >= MARKED]),
        "low": tuple(mean.index[mean <= -MARKED][::-1]),
        "means": {name: float(value) for name, value in needs.mean().items() if not np.isnan(value)},
    }
