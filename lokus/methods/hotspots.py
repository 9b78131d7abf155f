"""Do high villages lie beside high ones: Moran's I, global and local, Gi*, permutation and false-discovery control."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from lokus.methods.chance import stream
from lokus.methods.workers import each

Floats = npt.NDArray[np.float64]

BLOCK = 16  # permutations held at once: the memory of 16 copies of the values
TIE = 1e-12  # equal sums of equal numbers differ in the last bits: what is relatively nearer than this is a tie


@dataclass(frozen=True, slots=True)
class MoranTest:
    """Global Moran: `i`, its `expected` value without any pattern, and `p`, how often chance alone reaches it.

    `villages`: how many with a value took part; `linked`: how many of them have a neighbour with a value.
    `i` and `p` are NaN where nothing can be said (no neighbours, or all values equal).
    """

    i: float
    expected: float
    p: float
    villages: int
    linked: int


def eb_standardise(y: pd.Series, n: pd.Series) -> pd.Series:
    """Rates as deviations from the overall rate in units of their own standard error, for Moran's I of rates.

    z = (y/n − b) / √v,  b = Σy/Σn,  s² = Σ n (y/n − b)² / Σn,  a = s² − b/n̄,  v = a + b/n (b/n where that is ≤ 0).

    :param y: events (children), ≥ 0. :param n: population at risk, ≥ 0, on the same index.
    :returns: Series on the same index, unit: standard errors; NaN where y or n is missing or n is 0, or b is 0.
    :raises ValueError: the indexes differ.

    Source: Assunção & Reis, Statistics in Medicine 18 (1999) 2147–2162.
    """
    if not y.index.equals(n.index):
        raise ValueError("y and n are on different indexes")
    at_risk = n.astype(float).where(y.notna() & (n > 0))
    events = y.astype(float).where(at_risk.notna())
    overall = events.sum() / at_risk.sum() if at_risk.notna().any() else np.nan
    deviation = events / at_risk - overall
    between = (at_risk * deviation**2).sum() / at_risk.sum() - overall / at_risk.mean() if overall > 0 else np.nan
    variance = between + overall / at_risk
    # Under-dispersed counts give a moment estimate below 0: large villages keep their Poisson variance alone.
    variance = variance.where(variance > 0, overall / at_risk)
    return (deviation / np.sqrt(variance)).rename("eb_standardised")


def global_moran(values: pd.Series, adjacency: pd.DataFrame) -> float:
    """Moran's I with row-standardised neighbours: the correlation of villages with the mean of their neighbours.

    I = (n / S₀) Σ z_i z̄_i / Σ z_i²,  z = values − mean,  z̄_i = mean of the neighbours' z,
    S₀ = number of villages with a neighbour. Villages without a value leave, and leave their neighbours' means.

    :param values: per village, any unit; NaN allowed. :param adjacency: as `spatial.contiguity` returns it.
    :returns: about −1 … 1; NaN when no neighbours both have values or all values are equal.
    :raises ValueError: the adjacency names a village that `values` does not have, or weights differ.

    Source: Moran, Biometrika 37 (1950) 17–23; Cliff & Ord 1981.
    """
    z, links = _centred(values, adjacency)
    return _moran(z, z @ (links @ z), links)


def moran_test(
    values: pd.Series, adjacency: pd.DataFrame, *, permutations: int, seed: int, workers: int | None = None
) -> MoranTest:
    """Moran's I against random permutations of the values over the villages.

    p = (permutations with I ≥ observed + 1) / (permutations + 1): one-sided, towards clustering.

    :param values, adjacency: as `global_moran`. :param permutations: ≥ 1. :param seed: ≥ 0; equal seeds, equal p.
    :param workers: threads, by default one a core; p does not depend on it.
    :returns: `MoranTest`. :raises ValueError: as `global_moran`.
    """
    z, links = _centred(values, adjacency)
    linked = int((np.diff(links.indptr) > 0).sum())
    observed = z @ (links @ z)
    i = _moran(z, observed, links)
    if np.isnan(i):
        return MoranTest(i, np.nan, np.nan, len(z), linked)
    pairs = sparse.triu(links + links.T, format="csr")  # each pair once: half the work
    least = observed - TIE * (z @ z)

    def reached(block: int) -> int:
        rows = min(BLOCK, permutations - block * BLOCK)
        shuffled = stream(seed, "spatial", "global", block).permuted(np.tile(z, (rows, 1)), axis=1)
        return int((np.einsum("pi,ip->p", shuffled, pairs @ shuffled.T) >= least).sum())

    larger = sum(each(reached, range(-(-permutations // BLOCK)), workers))
    return MoranTest(i, -1 / (len(z) - 1), (larger + 1) / (permutations + 1), len(z), linked)


def local_moran(values: pd.Series, adjacency: pd.DataFrame, *, permutations: int, seed: int) -> pd.DataFrame:
    """Local Moran of every village, with conditional permutation p and false discovery rate.

    I_i = z_i z̄_i / (Σz²/n). p: the neighbours of i are replaced by random other villages, `permutations` times;
    p = 2 (m + 1) / (permutations + 1), at most 1, m = the lesser of the counts of I_i* ≥ I_i and I_i* ≤ I_i. Both
    tails count, since "high" and "low" were not chosen beforehand: twice the "directed" p of GeoDa and older esda,
    which is too small for an FDR.

    :param values, adjacency: as `global_moran`; the weights of all pairs equal. :param permutations: ≥ 1.
    :param seed: ≥ 0; the result depends on it alone.
    :returns: index of `values`; `i`, `p`, `q` (Benjamini–Hochberg) and `quadrant` ("high-high": village and mean of
        its neighbours above the mean; "" where undefined). NaN where the village has no value or no neighbour with one.
    :raises ValueError: as `global_moran`.

    Source: Anselin, Geographical Analysis 27 (1995) 93–115; scaled as spdep's `localmoran`.
    """
    z, links = _centred(values, adjacency)
    many = np.diff(links.indptr)
    lag = np.full(len(z), np.nan)
    lag[many > 0] = (links @ z)[many > 0]
    if not z.any():
        lag[:] = np.nan
    p = _conditional_p(z, lag, many, stream(seed, "spatial", "local"), permutations)
    names = np.where(z > 0, "high", "low").astype(object) + "-" + np.where(lag > 0, "high", "low").astype(object)
    seen = values.dropna().sort_index().index
    found = pd.DataFrame({"i": z * lag / (z @ z / len(z)) if z.any() else lag, "p": p}, index=seen, dtype=float)
    found["q"] = fdr(found["p"])
    found["quadrant"] = pd.Series(np.where(np.isnan(lag), "", names), index=seen, dtype="str")
    found = found.reindex(values.index)
    return found.fillna({"quadrant": ""})


def gi_star(values: pd.Series, adjacency: pd.DataFrame) -> pd.Series:
    """Getis–Ord Gi* of every village: how far it and its neighbours together are above the mean, as a z score.

    Gi* = (Σ_j x_j − k x̄) / (s √(k (n − k) / (n − 1))), over the village and its k − 1 neighbours; s² = Σ(x − x̄)²/n.
    Under conditional permutation the village's own value is the same in every draw, so that its p and q are those of
    `local_moran` (a village at the mean aside): high where Gi* > 0, low where Gi* < 0.

    :param values, adjacency: as `local_moran`.
    :returns: Series `gi_star` on the index of `values`, standard deviations; NaN where the village has no value or no
        neighbour with one, where all villages are its neighbours, or where all values are equal.
    :raises ValueError: as `global_moran`.

    Source: Getis & Ord, Geographical Analysis 24 (1992) 189–206; Ord & Getis, ibid. 27 (1995) 286–306, eq. 14.
    """
    z, links = _centred(values, adjacency)
    many = np.diff(links.indptr)
    group, n = many + 1.0, len(z)
    spread = np.sqrt(group * (n - group) / max(n - 1, 1) * (z @ z) / max(n, 1))
    told = np.divide(many * (links @ z) + z, spread, out=np.full(n, np.nan), where=(many > 0) & (spread > 0))
    return pd.Series(told, index=values.dropna().sort_index().index).reindex(values.index).rename("gi_star")


def fdr(p: pd.Series) -> pd.Series:
    """False discovery rates of p values: the share of false alarms among all at least as significant.

    q_(k) = min over j ≥ k of p_(j) m / j, at most 1.

    :param p: 0–1, NaN allowed (not counted in m). :returns: Series `q` on the same index; NaN where p is NaN.

    Source: Benjamini & Hochberg, JRSS B 57 (1995) 289–300.

    >>> fdr(pd.Series([0.01, 0.02, 0.9])).round(3).tolist()
    [0.03, 0.03, 0.9]
    """
    seen = p.dropna().sort_values(kind="stable")
    ratio = seen.to_numpy(dtype=float) * len(seen) / np.arange(1, len(seen) + 1)
    q = np.minimum.accumulate(ratio[::-1])[::-1]
    return pd.Series(np.minimum(q, 1.0), index=seen.index, dtype=float).reindex(p.index).rename("q")


def hotspot(local: pd.DataFrame, level: float) -> pd.Series:
    """The class of each village: its quadrant where the false discovery rate is at most `level`.

    :param local: as `local_moran` returns it. :param level: 0–1.
    :returns: Series of str on the same index: "high-high" (hot spot), "low-low" (cold spot), "high-low", "low-high"
        (outliers), "none" (not significant), "" where nothing can be said.
    """
    said = local["quadrant"].where(local["q"] <= level, "none")
    return said.where(local["q"].notna(), "").astype("str").rename("hotspot")


def _centred(values: pd.Series, adjacency: pd.DataFrame) -> tuple[Floats, sparse.csr_array]:
    """Deviations from the mean of the villages with a value, in code order, and their row-standardised neighbours."""
    values = values.sort_index()
    weights = adjacency["weight"].to_numpy(dtype=float)
    if len(weights) and not (weights == weights[0]).all():
        raise ValueError("these statistics are for contiguity: the weights of all pairs must be equal")
    ends = [values.index.get_indexer(adjacency.index.get_level_values(level)) for level in (0, 1)]
    if any((end < 0).any() for end in ends):
        raise ValueError("the adjacency names villages that values does not have")
    observed = values.notna().to_numpy()
    position = np.cumsum(observed) - 1
    both = observed[ends[0]] & observed[ends[1]]
    focal, neighbor = (position[end[both]] for end in ends)
    number = int(observed.sum())
    many = np.bincount(focal, minlength=number)
    links = sparse.csr_array((1.0 / many[focal], (focal, neighbor)), shape=(number, number))
    seen = values.to_numpy(dtype=float, na_value=np.nan)[observed]
    # The mean of equal numbers may miss them by a last bit; then deviations would be noise, not zero.
    varied = number and seen.min() < seen.max()
    return seen - seen.mean() if varied else np.zeros(number), links


def _moran(z: Floats, cross: float, links: sparse.csr_array) -> float:
    linked = int((np.diff(links.indptr) > 0).sum())
    total = float(z @ z)
    return len(z) / linked * float(cross) / total if linked and total else float("nan")


def _conditional_p(z: Floats, lag: Floats, many: npt.NDArray[np.intp], rng: np.random.Generator, times: int) -> Floats:
    """Two-sided p of each lag among the means of `many[i]` other villages drawn at random.

    Draws are made of n − 1 slots; for village i the slot i stands for village n − 1. So villages with as many
    neighbours share one sorted set of means, and only the draws that contain i itself are corrected.
    """
    n = len(z)
    p = np.full(n, np.nan)
    if np.isnan(lag).all():
        return p
    widest = int(many.max())
    draws = np.stack([rng.choice(n - 1, size=widest, replace=False) for _ in range(times)])
    sums = np.cumsum(z[draws], axis=1)
    tie = TIE * float(np.abs(z).max())
    for count in np.unique(many[~np.isnan(lag)]):
        who = np.flatnonzero((many == count) & ~np.isnan(lag))
        means = sums[:, count - 1] / count
        ordered = np.sort(means)
        above = times - np.searchsorted(ordered, lag[who] - tie, side="left")
        below = np.searchsorted(ordered, lag[who] + tie, side="right")
        drawn = draws[:, :count].ravel()
        hit = np.flatnonzero(many[drawn] == count)
        slot, old = drawn[hit], means[hit // count]
        new = old + (z[n - 1] - z[slot]) / count
        row = np.searchsorted(who, slot)
        np.add.at(above, row, (new >= lag[slot] - tie).astype(np.intp) - (old >= lag[slot] - tie))
        np.add.at(below, row, (new <= lag[slot] + tie).astype(np.intp) - (old <= lag[slot] + tie))
        p[who] = np.minimum(2.0 * (np.minimum(above, below) + 1) / (times + 1), 1.0)
    # A village at the mean has I_i = 0 whoever its neighbours are.
    p[(np.abs(z) <= tie) & ~np.isnan(lag)] = 1.0
    return p
