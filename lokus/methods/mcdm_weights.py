"""How much each indicator tells villages apart, by the published data-driven weightings: one small function each.

Everywhere: `x` (n × k) any unit, every column varying among its observed values; `types` (k,) 1 where more is better,
−1 where less is. Returns (k,) amounts ≥ 0 in proportion to the weights, not yet shares; all 0 or NaN where the method
cannot tell. `weights.WEIGHTINGS` guards them: constant columns, missing cells, shares.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lokus.methods.mcdm_scales import normalise

Floats = NDArray[np.float64]


def entropy(x: Floats, _types: Floats) -> Floats:
    """1 + Σ p ln p / ln m, p = x / Σx over the m observed; x ≥ 0, NaN left out of its column; 0 ln 0 = 0.

    Raises: ValueError for a negative value. Source: Shannon 1948; Elsayed, Dawood & Karthikeyan 2017.
    """
    if (x < 0).any():
        raise ValueError("entropy weights need values ≥ 0")
    p = np.nan_to_num(x / np.nansum(x, axis=0))
    out: Floats = 1 + np.sum(p * np.log(np.where(p > 0, p, 1.0)), axis=0) / np.log((~np.isnan(x)).sum(axis=0))
    return out


def deviation(x: Floats, _types: Floats) -> Floats:
    """Standard deviation (n − 1) in the column's own unit; NaN left out. Source: Jahan & Edwards 2013."""
    out: Floats = np.nanstd(x, axis=0, ddof=1)
    return out


def variance(x: Floats, _types: Floats) -> Floats:
    """Variance (n − 1) of the column from 0 to 1; NaN left out. Source: Rao & Patel 2010; pymcdm 1.4."""
    out: Floats = np.nanvar(x, axis=0, ddof=1) / (np.nanmax(x, axis=0) - np.nanmin(x, axis=0)) ** 2
    return out


def gini(x: Floats, _types: Floats) -> Floats:
    """Gini coefficient Σ|x_i − x_j| / (2 n² x̄); x ≥ 0, NaN left out. Source: Li, Chen & Huang 2009; pymcdm 1.4."""
    ordered, seen = np.sort(x, axis=0), (~np.isnan(x)).sum(axis=0)  # NaN sort last
    place = 2 * np.arange(1, len(x) + 1)[:, None] - seen - 1
    out: Floats = np.nansum(place * ordered, axis=0) / (seen * np.nansum(x, axis=0))
    return out


def angle(x: Floats, _types: Floats) -> Floats:
    """Angle between the column and a constant one: arccos(Σx / √(m Σx²)) over the m observed; x ≥ 0.

    Source: Shuai et al. 2012.
    """
    square = np.nansum(x * x, axis=0) * (~np.isnan(x)).sum(axis=0)
    out: Floats = np.arccos(np.minimum(np.nansum(x, axis=0) / np.sqrt(square), 1.0))
    return out


def critic(x: Floats, _types: Floats, *, scaled: bool = True, ranks: bool = False) -> Floats:
    """Contrast times conflict: σ_j Σ_i (1 − r_ij), σ on min-max, r pairwise over the villages that have both.

    Parameters: `scaled` False takes σ in the column's own unit; `ranks` Spearman's r instead of Pearson's. A pair that
    has no r counts 0. Source: Diakoulaki, Mavrotas & Papayannakis 1995; Tuş & Adalı 2019.
    """
    table = pd.DataFrame(x)
    sd = table.std() / (table.max() - table.min() if scaled else 1.0)
    r = table.corr(method="spearman" if ranks else "pearson").fillna(0.0)
    out: Floats = (sd * (1 - r).sum()).to_numpy(copy=True)
    return out


def merec(x: Floats, types: Floats) -> Floats:
    """Effect of removing an indicator: Σ_i |S_i − S_i without j|, S = ln(1 + Σ|ln r| / k), r = min/x (gain), x/max
    (loss); x > 0, complete. Source: Keshavarz-Ghorabaee et al. 2021.
    """
    logs = np.abs(np.log(normalise(x, -types, "linear")))
    k = x.shape[1]
    every = logs.sum(axis=1, keepdims=True)
    out: Floats = np.abs(np.log(1 + (every - logs) / k) - np.log(1 + every / k)).sum(axis=0)
    return out


def cilos(x: Floats, types: Floats) -> Floats:
    """Criterion impact loss: the weights at which what each criterion loses to the others is in balance, F q = 0,
    F = P − diag(ΣP), P_ij = (a_jj − a_ij)/a_jj, a_ij = share j where i is best; complete.

    Where several are best in i, their mean counts, so that the order of villages does not; where the balance is not
    unique, the one that equal weights flow to. Source: Zavadskas & Podvezko 2016.
    """
    gains = normalise(np.where(types > 0, x, x.min(axis=0) / np.where(types > 0, 1.0, x)), np.ones(len(types)), "sum")
    best = gains == gains.max(axis=0)
    a = best.T @ gains / best.sum(axis=0)[:, None]
    loss = (np.diag(a) - a) / np.diag(a)
    flow = loss - np.diag(loss.sum(axis=0))
    # F moves weight without making or losing any: its balance is where a chain of such steps comes to rest.
    step = np.eye(len(a)) + flow / max(2 * np.abs(flow).max(), 1e-300)
    out: Floats = np.linalg.matrix_power(step, 2**30) @ np.ones(len(a))
    return out


def idocriw(x: Floats, types: Floats) -> Floats:
    """Entropy times CILOS; complete. Source: Zavadskas & Podvezko 2016."""
    return entropy(x, types) * cilos(x, types)


def lopcow(x: Floats, types: Floats) -> Floats:
    """Logarithmic percentage change: |ln(√(Σr²/m) / σ)| on min-max; complete. Source: Ecer & Pamucar 2022."""
    r = normalise(x, types, "minmax")
    out: Floats = np.abs(np.log(np.sqrt((r * r).mean(axis=0)) / r.std(axis=0, ddof=1)))
    return out


def loadings(x: Floats) -> Floats:
    """Loadings of the first principal component of the standardised columns, as R's `prcomp(scale. = TRUE)`.

    Parameters: `x` (n × k), complete, every column varying.
    Returns: (k,), unit length, turned so that they sum to ≥ 0; NaN where the first component is not one (equal
    eigenvalues). Source: COINr `get_PCA`.
    """
    values, vectors = np.linalg.eigh(np.corrcoef(x, rowvar=False).reshape(x.shape[1], -1))
    first: Floats = vectors[:, -1]
    if len(values) > 1 and values[-1] - values[-2] < 1e-9:
        return np.full(len(values), np.nan)
    return first if first.sum() >= 0 else -first


def pca(x: Floats, types: Floats) -> Floats:
    """The loadings of the first principal component, with a guard: one that runs against the others counts 0.

    COINr takes the loadings as weights as they are, and gives −0.744 in its own example: more of a need would lower
    the score. The rule here: losses are turned to gains, the component is turned so that its loadings sum to ≥ 0, and
    what is then negative weighs nothing. Loadings that sum to 0 decide nothing (NaN). Source: OECD/JRC 2008; COINr.
    """
    told = loadings(x * types)
    return np.maximum(told, 0.0) if abs(told.sum()) > 1e-9 else np.full(len(told), np.nan)
