"""Groups of villages that lack the same things: their number chosen by how clear and how stable they are, and shown."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lokus.methods import stability
from lokus.methods.chance import stream
from lokus.methods.partitions import FLOOR, METHODS, SAMPLE, Method

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]

APART = 0.1  # the greatest share of villages that may stand apart
HALF = 0.5  # share of its indicators a village (of the villages an indicator) must have to take part
ABOUT = 0.1  # how much less clear, of the clearest's silhouette, a finer grouping may be
UNLIKE, SHORT = -1, -2  # labels − 1 of villages apart and of villages with too little data
EVIDENCE = {"round": "int64", "k": "int64", "silhouette": "float64", "smallest": "int64", "stability": "float64"}
MARKED = 0.5  # standard deviations from the mean at which an indicator marks a group


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """What makes a village belong to a group, in the standard deviations of `columns` about `mean`: the group whose
    `centres` (k × p) it is nearest to, by `scales` (k × p) and with the head start `lead` (k,) where these differ.
    """

    columns: tuple[str, ...]
    mean: Floats
    spread: Floats
    centres: Floats
    scales: Floats
    lead: Floats

    def nearest(self, columns: Iterable[Floats]) -> Labels:
        """The group, 0 … k−1, of each place of equally shaped arrays, one for each of `columns`; NaN = not known."""
        far: list[Any] = [-head for head in self.lead]
        for z, centres, scales in zip(columns, self.centres.T, self.scales.T, strict=True):
            for g, (centre, scale) in enumerate(zip(centres, scales, strict=True)):
                far[g] = far[g] + np.nan_to_num(((z - centre) / scale) ** 2)
        return np.asarray(np.stack(far).argmin(axis=0), dtype=np.intp)


@dataclass(frozen=True, slots=True)
class Typology:
    """Groups of villages. `labels`: Int64, 1 … k from the greatest to the least overall need, 0 = unlike any group
    (`apart`), <NA> = data short. `evidence`: for every round (after taking villages apart) and k the mean silhouette,
    the smallest group, and the stability of the least stable group; empty where no more than one group could be looked
    for. `profiles`: one mapping for each group: cluster, villages, high and low (indicators at least half a standard
    deviation above and below the mean of all villages, the most marked first), means (need 0–1 of each indicator),
    stability (NaN where there is one group). `z`: the needs in standard deviations, sorted by code.
    """

    labels: pd.Series
    k: int
    evidence: pd.DataFrame
    profiles: tuple[Mapping[str, Any], ...]
    apart: tuple[str, ...]
    z: pd.DataFrame
    rule: Rule


@dataclass(frozen=True, slots=True)
class Fit:
    """One number of groups tried: mean silhouette, the rows' labels, the groups' sizes and stabilities."""

    silhouette: float
    labels: Labels
    sizes: Labels
    stability: Floats

    def weakest(self, least_members: int) -> float:
        """The stability of the least stable group that is large enough to be one."""
        large = self.stability[self.sizes >= least_members]
        return float(np.nanmin(large)) if (~np.isnan(large)).any() else 0.0


# All villages alike: no number of groups was found.
ONE = Fit(float("nan"), np.zeros(1, dtype=np.intp), np.ones(1, dtype=np.intp), np.array([np.nan]))


def typology(
    needs: pd.DataFrame,
    *,
    method: str = "kmeans",
    k_min: int = 2,
    k_max: int = 6,
    least_members: int = 3,
    seed: int = 0,
) -> Typology:
    """Groups villages by what they lack.

    The method divides the villages with every indicator by their needs in standard deviations. Of the numbers of groups
    whose every group is found again in bootstraps (mean Jaccard ≥ 0.6) the finest is taken whose mean silhouette is at
    least nine tenths of the greatest; where there are none such, that with the greatest silhouette of all. Groups
    smaller than `least_members` are taken apart (label 0) and the rest is grouped again, until none is so small or a
    tenth of the villages would stand apart: then the best k without small groups is taken, or one group. A village
    with half of the indicators or more goes to the nearest group by those it has.

    :param needs: villages × indicators, 0–1, 1 = greater need, NaN = no data; unique index. Indicators without
        variation, or known for less than half of the villages, do not take part.
    :param method: "kmeans", "ward" or "mixture" (`partitions.METHODS`).
    :param k_min, k_max: 2 ≤ k_min ≤ k_max. :param least_members: ≥ 1. :param seed: ≥ 0.
    :returns: `Typology` on the index of `needs`, the same whatever the order of its rows. One group where villages
        are too few or do not differ.
    :raises ValueError: another method, bounds out of range, or a village twice.

    Source: Lloyd 1982; Ward 1963; Fraley & Raftery 2002 (mixtures); Rousseeuw 1987 (silhouette); Hennig 2007.
    """
    if not 2 <= k_min <= k_max or least_members < 1 or method not in METHODS:
        raise ValueError(f"2 ≤ k_min ≤ k_max, least_members ≥ 1, not {k_min}, {k_max}, {least_members}, {method!r}")
    if not needs.index.is_unique:
        raise ValueError("a village code stands twice in the index")
    ordered = needs.sort_index().astype(float)
    known = ordered.loc[:, ordered.notna().mean() >= HALF]
    z = standardised(known)
    seen = (known.notna().mean(axis=1) >= HALF).to_numpy() & (z.notna().any(axis=1).to_numpy() | (not z.shape[1]))
    whole = seen & z.notna().all(axis=1).to_numpy()
    values = z.to_numpy()
    found, stable, evidence = _rounds(values[whole], METHODS[method], range(k_min, k_max + 1), least_members, seed)
    group = np.full(len(z), SHORT)
    group[whole], order = _ranked(values[whole], found)
    rule = _rule(known[list(z.columns)], values[whole], group[whole], spreads=method == "mixture")
    group[seen & ~whole] = rule.nearest(values[seen & ~whole].T)
    labels = pd.Series(group + 1, index=ordered.index, dtype="Int64").mask(group == SHORT)
    numbers = range(group.max(initial=-1) + 1)
    profiles = tuple(
        {**_profile(g + 1, ordered[group == g], z[group == g]), "stability": float(stable[order[g]])} for g in numbers
    )
    apart = tuple(ordered.index[group == UNLIKE])
    return Typology(labels.reindex(needs.index).rename("cluster"), len(numbers), evidence, profiles, apart, z, rule)


def standardised(needs: pd.DataFrame) -> pd.DataFrame:
    """Standard deviations from the mean; indicators without variation dropped."""
    spread = needs.std(ddof=0)
    varied = needs.columns[spread > 1e-9]
    return (needs[varied] - needs[varied].mean()) / spread[varied]


def _rounds(
    values: Floats, method: Method, ks: range, least_members: int, seed: int
) -> tuple[Labels, Floats, pd.DataFrame]:
    """The group of every row (UNLIKE = apart), the stability of each group, and what was seen on the way."""
    group = np.zeros(len(values), dtype=np.intp)
    evidence: list[dict[str, float]] = []
    limit = max(APART * len(values), least_members - 1)
    while True:
        rest = np.flatnonzero(group != UNLIKE)
        fits = _fits(values[rest], method, ks, least_members, seed)
        evidence += _told(fits, 1 + (int(evidence[-1]["round"]) if evidence else 0), least_members)
        if not fits:
            group[rest], stable = ONE.labels, ONE.stability
            break
        best = _best(fits, least_members)
        small = (best.sizes < least_members)[best.labels]
        if (group == UNLIKE).sum() + small.sum() > limit:
            fits = {k: fit for k, fit in fits.items() if min(fit.sizes) >= least_members}
            last = _best(fits, least_members) if fits else ONE
            group[rest], stable = last.labels, last.stability
            break
        group[rest] = np.where(small, UNLIKE, best.labels)
        stable = best.stability
        if not small.any():
            break
    return group, stable, pd.DataFrame(evidence, columns=list(EVIDENCE)).astype(EVIDENCE)


def _told(fits: Mapping[int, Fit], number: int, least_members: int) -> list[dict[str, float]]:
    return [
        {"round": number, "k": k, "silhouette": fit.silhouette, "smallest": min(fit.sizes),
         "stability": fit.weakest(least_members)}
        for k, fit in fits.items()
    ]  # fmt: skip


def _best(fits: Mapping[int, Fit], least_members: int) -> Fit:
    """The finest of the stable ones that are about as clear as the clearest; the clearest of all if none is stable."""
    stable = {k: fit.silhouette for k, fit in fits.items() if fit.weakest(least_members) >= stability.STABLE}
    if not stable:
        return max(fits.values(), key=lambda fit: fit.silhouette)
    clearest = max(stable.values())
    # Two groups say who is short of everything; a package needs to know of what.
    return fits[max(k for k, clear in stable.items() if clear >= clearest - ABOUT * abs(clearest))]


def _fits(values: Floats, method: Method, ks: range, least_members: int, seed: int) -> dict[int, Fit]:
    """Every number of groups that is possible."""
    from sklearn.metrics import silhouette_score
    from threadpoolctl import threadpool_limits

    rng = stream(seed, "clusters")
    start = int(rng.integers(2**31 - 1))
    sample = np.sort(rng.permutation(len(values))[:SAMPLE])
    judged = np.sort(rng.permutation(len(values))[: stability.MOST_ROWS])
    distinct = len(np.unique(values.round(9), axis=0)) if values.size else 1
    fits = {}
    # One thread: centres are sums whose last bits depend on the order in which threads deliver their parts.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for k in ks:
            if k > distinct or k * least_members > len(values) or k >= len(values):
                break
            _, labels, sizes = np.unique(method.whole(values, k, start), return_inverse=True, return_counts=True)
            told = len(np.unique(labels[sample])) > 1
            silhouette = float(silhouette_score(values[sample], labels[sample])) if told else -1.0
            fits[k] = Fit(silhouette, labels, sizes, _stability(values[judged], labels[judged], method, k, seed))
    return fits


def _stability(values: Floats, labels: Labels, method: Method, k: int, seed: int) -> Floats:
    return stability.stability(
        labels, lambda drawn, rng: method.parts(values, drawn, k, rng), replicates=method.replicates, seed=seed
    )


def _ranked(values: Floats, group: Labels) -> tuple[Labels, Labels]:
    """Groups numbered 0, 1 … from the greatest mean need, equal ones by their first village; and the old numbers in
    the new order."""
    number = group.max(initial=-1) + 1
    if not number:
        return group, np.zeros(1, dtype=np.intp)
    centres = np.stack([values[group == g].mean(axis=0) for g in range(number)])
    first = np.array([np.flatnonzero(group == g)[0] for g in range(number)])
    need = centres.mean(axis=1) if centres.shape[1] else np.zeros(number)
    order = np.lexsort((first, -need.round(9)))
    place = np.append(np.argsort(order), UNLIKE)  # the last, place[-1], keeps those apart
    return place[group], order


def _rule(needs: pd.DataFrame, values: Floats, group: Labels, *, spreads: bool) -> Rule:
    """The rule that the groups of the whole rows make."""
    members = [values[group == g] for g in range(group.max(initial=-1) + 1)] or [values]
    empty = np.zeros(values.shape[1])
    centres = np.stack([m.mean(axis=0) if len(m) else empty for m in members])
    scales, lead = np.ones_like(centres), np.zeros(len(centres))
    if spreads:
        scales = np.sqrt(np.stack([m.var(axis=0) if len(m) else empty for m in members]) + FLOOR)
        share = np.array([max(len(m), 1) for m in members]) / max(len(values), 1)
        lead = 2 * np.log(share) - 2 * np.log(scales).sum(axis=1)
    spread = needs.std(ddof=0).to_numpy(dtype=float)
    return Rule(tuple(needs.columns), needs.mean().to_numpy(dtype=float), spread, centres, scales, lead)


def _profile(cluster: int, needs: pd.DataFrame, z: pd.DataFrame) -> Mapping[str, Any]:
    mean = z.mean().sort_values(ascending=False, kind="stable")
    return {
        "cluster": cluster,
        "villages": len(needs),
        "high": tuple(mean.index[mean >= MARKED]),
        "low": tuple(mean.index[mean <= -MARKED][::-1]),
        "means": {name: float(value) for name, value in needs.mean().items() if not np.isnan(value)},
    }
