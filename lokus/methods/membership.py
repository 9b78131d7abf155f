"""How sure it is that a village belongs to its group, the noise of its rates being what it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from lokus.methods.chance import stream
from lokus.methods.clusters import Rule
from lokus.methods.composite import need
from lokus.methods.posterior import curve, share
from lokus.methods.scenarios import Ingredient

Floats = npt.NDArray[np.float64]

MOST = 4_000_000  # draws × villages


def membership(
    labels: pd.Series, rule: Rule, ingredients: Mapping[str, Ingredient], *, draws: int = 200, seed: int = 0
) -> pd.Series:
    """Share of draws from the posteriors in which a village lies nearest to the group that it is in.

    Groups stay as they were found; what is drawn are the village's own rates, on the frozen scales.

    :param labels: (n,) Int64, 1 … k, 0 and <NA> = in no group; sorted by code, as the rows of the ingredients.
    :param ingredients: by indicator, those of `rule.columns` at least.
    :param draws: ≥ 1; fewer (20 at least) where draws × villages would pass four million.
    :returns: float64 0–1 on the index of `labels`, "cluster_sure"; NaN in no group, and where no value is drawn.
    """
    draws = min(draws, max(20, MOST // max(len(labels), 1)))
    used = [ingredients[name] for name in rule.columns]
    group = labels.fillna(0).to_numpy(dtype=np.int64) - 1
    drawn = np.any([i.uncertain for i in used], axis=0) if used else np.zeros(len(labels), dtype=bool)
    told = drawn & (group >= 0)
    own = (rule.nearest(_columns(used, rule, draws, seed)) == group).mean(axis=0) if told.any() else np.nan
    return pd.Series(np.where(told, own, np.nan), index=labels.index, name="cluster_sure", dtype="float64")


def _columns(ingredients: list[Ingredient], rule: Rule, draws: int, seed: int) -> Iterator[Floats]:
    """Each indicator's drawn needs (B × n) in the rule's standard deviations."""
    for i, mean, spread in zip(ingredients, rule.mean, rule.spread, strict=True):
        x = np.repeat(i.values[None], draws, axis=0)
        if i.a is not None and i.b is not None and (rows := i.uncertain).any():
            errors = stream(seed, "membership", i.draw).standard_normal((draws, len(rows)), dtype=np.float32)
            shares = share(curve(i.a[rows], i.b[rows]), errors[:, rows])
            x[:, rows] = shares if i.multiplier is None else shares * i.multiplier[rows]
        yield (need(x, i.bounds, extend=True) - mean) / spread
