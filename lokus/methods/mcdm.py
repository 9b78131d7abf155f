"""The panel of published multi-criteria methods: which villages would each of them choose?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from lokus.methods import mcdm_distances as distances
from lokus.methods import mcdm_sums as sums
from lokus.methods.judged_weights import shares

Floats = NDArray[np.float64]

# (matrix, weights, types) → worth, larger = better: the methods that need nothing else. SPOTIS, RIM, ERVD, RAFSI, LoPM
# and COMET ask for bounds, references or an expert, and are called by their own names.
METHODS: Mapping[str, Callable[[Floats, Floats, Floats], Floats]] = {
    "wsm": sums.wsm,
    "wpm": sums.wpm,
    "waspas": sums.waspas,
    "aras": sums.aras,
    "copras": sums.copras,
    "moora": sums.moora,
    "ocra": sums.ocra,
    "cocoso": sums.cocoso,
    "marcos": sums.marcos,
    "mabac": sums.mabac,
    "mairca": sums.mairca,
    "edas": sums.edas,
    "lmaw": sums.lmaw,
    "aroman": sums.aroman,
    "ram": sums.ram,
    "topsis": distances.topsis,
    "vikor": distances.vikor,
    "codas": distances.codas,
    "probid": distances.probid,
    "sprobid": distances.sprobid,
    "promethee_ii": distances.promethee_ii,
}


def panel(needs: pd.DataFrame, weights: pd.Series) -> pd.DataFrame:
    """The rank of every village by every published method, on the same needs and weights.

    Needs are put on COINr's 1 … 100 (1 + 99·need) first, for methods that divide or take logs. Indicators of weight 0
    and those that are equal for all are left out. WSM, COPRAS and RAM are one order on needs, and so are MABAC and
    MAIRCA: their agreement is no second witness. PROBID compares each village with every other (n² time).

    Parameters: `needs` (n × k) 0–1, 1 = greater need, NaN where missing; `weights` (k,) ≥ 0 of any scale, by the same
    names.
    Returns: n × methods on the index of `needs`: min-ranks, 1 = the greatest need ("Int64"); a village with a missing
    need is not ranked by any (<NA>, and the others are ranked without it), nor is any by a method that has no value
    here; all 1 where one village is left or nothing tells them apart.
    Raises: ValueError for needs outside 0–1, other names, or weights that are negative, missing or all 0.
    """
    w = weights.reindex(needs.columns).to_numpy(dtype=float)
    x = needs.to_numpy(dtype=float)
    if len(weights) != len(w):
        raise ValueError("the weights do not go by the names of the needs")
    if (x < 0).any() or (x > 1).any():
        raise ValueError("needs lie outside 0–1")
    w = shares(w)
    x, w = x[:, w > 0], w[w > 0]
    whole = ~np.isnan(x).any(axis=1)
    x = 1 + 99 * x[whole]
    varies = np.array([np.unique(column).size > 1 for column in x.T])
    x, w = x[:, varies], w[varies] / (w[varies].sum() or 1.0)
    ranks = {name: np.full(len(needs), np.nan) for name in METHODS}
    for name, method in METHODS.items():
        ranks[name][whole] = _min_rank(method(x, w, np.ones(len(w)))) if varies.any() else 1
    return pd.DataFrame(ranks, index=needs.index).astype("Int64")


def _min_rank(worth: Floats) -> Floats:
    """Ranks from the largest, NaN where any is missing; worths that differ by their last digits alone are ties."""
    size = np.abs(worth[np.isfinite(worth)]).max(initial=0.0)
    out: Floats = rankdata(-np.round(worth / (size or 1.0), 10), method="min")
    return out


def completed(needs: pd.DataFrame, weights: pd.Series, dimension_of: Sequence[int]) -> pd.DataFrame:
    """Missing needs as the weighted mean of the village's others in the dimension, else of all: what a weighted mean
    over the observed makes of them. Methods that look at columns could not rank the village at all.

    Parameters: `needs` (n × k) 0–1; `weights` (k,) ≥ 0 on its columns; `dimension_of` each column's dimension.
    Returns: on the same index, 0–1; NaN where a village has nothing.

    >>> table = pd.DataFrame({"a": [0.2], "b": [float("nan")], "c": [0.8]})
    >>> completed(table, pd.Series(1.0, ["a", "b", "c"]), (0, 0, 1)).to_numpy().tolist()
    [[0.2, 0.2, 0.8]]
    """
    dimension = pd.Series(dimension_of, needs.columns)
    for ids in (*(dimension.index[dimension == d] for d in dimension.unique()), dimension.index):
        part, w = needs[ids], weights[ids]
        mean = (part * w).sum(axis=1) / (part.notna() * w).sum(axis=1)
        needs = needs.assign(**{i: part[i].fillna(mean) for i in ids})
    return needs.clip(0, 1)  # a mean of ones may be more by its last digit
