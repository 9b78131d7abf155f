"""Several lists side by side: where the tops of several orders overlap, and on whom several ways of choosing agree."""

from __future__ import annotations

import numpy as np
import pandas as pd


def overlap(needs: pd.DataFrame, of: int | None = None) -> pd.Series:
    """How soon a village belongs to the overlap of the tops of several orders, the greater the sooner.

    n + 1 − (the `of`-th smallest of the village's ranks): the villages in the first T of at least `of` orders are those
    with an overlap of at least n + 1 − T. Choosing N by it takes the smallest T whose overlap holds N.

    Parameters: `needs` villages × orders, greater = greater need; `of` the least number of orders a village is on top
    of, all by default.
    Returns: float on the same index, 1 … n; ranks are min-ranks; a missing need ranks nowhere, and a village with fewer
    than `of` needs has a missing overlap. Raises: ValueError for no order, or `of` beyond their number.
    Source: Pemalang 2023 (overlap of food insecurity, extreme poverty, prevalence and number stunted).

    >>> overlap(pd.DataFrame({"rate": [9, 8, 1], "count": [1, 7, 8]})).tolist()
    [1.0, 2.0, 1.0]
    """
    of = needs.shape[1] if of is None else of
    if not 1 <= of <= needs.shape[1]:
        raise ValueError(f"{of} of {needs.shape[1]} orders")
    ranks = needs.rank(ascending=False, method="min").to_numpy(dtype=float)
    return pd.Series(len(needs) + 1 - np.sort(ranks, axis=1)[:, of - 1], needs.index, name="overlap")


def agreement(chosen: pd.DataFrame) -> pd.DataFrame:
    """How many ways of choosing choose a village, in number and word.

    Parameters: `chosen` villages × ways, bool.
    Returns: on the same index: `ways` int64; `chosen_by` "all" | "most" (more than half) | "some" | "one" | "none"
    (with one way, "all" or "none").
    Raises: ValueError for no way, or a column that is not bool. Source: Saisana, Saltelli & Tarantola 2005.

    >>> agreement(pd.DataFrame({"a": [True, True, False], "b": [True, False, False]}))["chosen_by"].tolist()
    ['all', 'one', 'none']
    """
    _check(chosen)
    ways = chosen.sum(axis=1).astype("int64")
    most = chosen.shape[1]
    word = np.select([ways == most, ways == 0, ways == 1, 2 * ways > most], ["all", "none", "one", "most"], "some")
    return pd.DataFrame({"ways": ways, "chosen_by": pd.array(word, dtype="str")}, index=chosen.index)


def concordance(chosen: pd.DataFrame) -> pd.DataFrame:
    """How alike the lists of every two ways of choosing are.

    Jaccard |A ∩ B| / |A ∪ B|; overlap |A ∩ B| / min(|A|, |B|).

    Parameters: `chosen` villages × ways, bool.
    Returns: one row for each two ways (index: one, other): both (int64), jaccard and overlap (0–1; NaN where a list is
    empty). Raises: ValueError as `agreement`. Source: Jaccard 1912; Szymkiewicz 1934.

    >>> concordance(pd.DataFrame({"a": [True, True, False], "b": [True, False, False]})).loc[("a", "b")].tolist()
    [1.0, 0.5, 1.0]
    """
    _check(chosen)
    flags = chosen.to_numpy(dtype=float)
    both, sizes = flags.T @ flags, flags.sum(axis=0)
    one, other = np.triu_indices(chosen.shape[1], 1)
    shared, least = both[one, other], np.minimum(sizes[one], sizes[other])
    some = np.where(least > 0, least, np.nan)
    columns = {
        "both": shared.astype(np.int64),
        "jaccard": shared / np.where(least > 0, sizes[one] + sizes[other] - shared, np.nan),
        "overlap": shared / some,
    }
    names = chosen.columns.to_numpy()
    return pd.DataFrame(columns, pd.MultiIndex.from_arrays([names[one], names[other]], names=["one", "other"]))


def _check(chosen: pd.DataFrame) -> None:
    if not chosen.shape[1] or chosen.select_dtypes("bool").shape != chosen.shape:
        raise ValueError("one bool column for each way of choosing")
