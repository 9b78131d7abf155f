"""From an indicator to a need: outliers treated, one scale from 0 to 1, 1 = the greater need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Limits = tuple[float | None, float | None]

MOST_SKEW, MOST_KURTOSIS = 2.0, 3.5


@dataclass(frozen=True)
class Treatment:
    """An indicator without its outliers: `values`; `points` "winhi", "winlo" or ""; `limits` = (floor, ceiling).

    A limit is None on a side where nothing was winsorised. `skew`, `kurtosis` and `passed` are those after treatment,
    `skew_raw` and `kurtosis_raw` those before.
    """

    values: pd.Series
    points: pd.Series
    limits: Limits
    skew_raw: float
    kurtosis_raw: float
    skew: float
    kurtosis: float
    passed: bool


@dataclass(frozen=True)
class Bounds:
    """The frozen scale of one indicator, in its own unit: JSON-able by `dataclasses.asdict`.

    `low` and `high` lie at 0 and 1; `mean`, `sd` serve "zscore", `reference` (sorted) "rank"; values beyond `limits`
    (floor, ceiling) were winsorised and count as the limit.
    """

    method: str
    better: Literal["lower", "higher"]
    low: float
    high: float
    mean: float
    sd: float
    reference: tuple[float, ...] = ()
    limits: Limits = (None, None)

    @property
    def ends(self) -> tuple[float, float]:
        """(best, worst): where the need is 0 and 1."""
        return (self.low, self.high) if self.better == "lower" else (self.high, self.low)

    @cached_property
    def ordered(self) -> Floats:
        """The reference from best to worst, ascending: turned round where higher is better."""
        reference = np.array(self.reference, dtype=float)
        return reference if self.better == "lower" else -reference[::-1]


def skew_kurtosis(x: Floats) -> tuple[float, float]:
    """Sample-adjusted skewness G1 and excess kurtosis G2.

    Parameters: `x` values without NaN. Returns: (NaN, NaN) for fewer than 4 values or where all are equal.
    Source: Joanes & Gill 1998, type 2; COINr `check_SkewKurt`.
    """
    n = x.size
    if n < 4 or x.min() == x.max():
        return float("nan"), float("nan")
    d = (x - x.mean()) / x.std()
    square = d * d
    g1, g2 = float((square * d).mean()), float((square * square).mean()) - 3
    return g1 * np.sqrt(n * (n - 1)) / (n - 2), ((n + 1) * g2 + 6) * (n - 1) / ((n - 2) * (n - 3))


def treat(values: pd.Series, winmax: int | None = None) -> Treatment:
    """Draws outliers in to the next value, one by one, until |skew| ≤ 2 or kurtosis ≤ 3.5.

    Parameters: `values` in any unit, NaN left alone; `winmax` villages are treated at most: 5, and 2 % of more than
    250. Above 1,000 villages the steps take one of every 1,000 villages at a time.
    Returns: a `Treatment` on the same index. Values are never drawn in so far that all become equal.
    Source: Becker et al. 2022, COINr `winsorise`.
    """
    values = values.astype(float)
    x = np.sort(values.dropna().to_numpy())
    n = x.size
    most, stride = max(5, n // 50) if winmax is None else winmax, 1 + n // 1000
    raw = now = skew_kurtosis(x)
    low, high, treated = (x[0], x[-1], 0) if n else (0.0, 0.0, 0)
    while not _passes(*now) and treated < most:
        if now[0] >= 0:
            after = (low, x[max(np.searchsorted(x, high) - stride, 0)])
        else:
            after = (x[min(np.searchsorted(x, low, "right") + stride - 1, n - 1)], high)
        if after[0] >= after[1]:
            break
        low, high = after
        treated = int((x < low).sum() + (x > high).sum())
        now = skew_kurtosis(np.clip(x, low, high))
    points = np.select([values > high, values < low], ["winhi", "winlo"], "")
    return Treatment(
        values.clip(low, high),
        pd.Series(points, index=values.index, dtype="str", name=values.name),
        (float(low) if (values < low).any() else None, float(high) if (values > high).any() else None),
        *raw, *now, _passes(*now),
    )  # fmt: skip


def _passes(skew: float, kurtosis: float) -> bool:
    return not (abs(skew) > MOST_SKEW and kurtosis > MOST_KURTOSIS)


def bounds(
    values: pd.Series,
    method: str,
    better: Literal["lower", "higher"],
    *,
    goalposts: tuple[float, float] | None = None,
    limits: Limits = (None, None),
) -> Bounds:
    """The scale that an indicator's (treated) values span, to be frozen with the run.

    Parameters: `values` in the indicator's unit; `method` one of `NORMALISERS`; `goalposts` (low, high) in the same
    unit, for "goalposts" alone; `limits` of the `Treatment`.
    Raises: ValueError for an unknown method or direction, or goalposts missing, superfluous or not low < high.
    """
    if method not in NORMALISERS or better not in ("lower", "higher"):
        raise ValueError(f"no normaliser {method!r} for better = {better!r}")
    if (goalposts is None) == (method == "goalposts"):
        raise ValueError("goalposts are given for the method 'goalposts', and for no other")
    x = values.dropna().to_numpy(dtype=float)
    low, high = goalposts or ((float(x.min()), float(x.max())) if x.size else (0.0, 0.0))
    if goalposts and not low < high:
        raise ValueError(f"goalposts {goalposts} are not (low, high)")
    mean, sd = (float(x.mean()), float(x.std(ddof=1)) if x.size > 1 else 0.0) if x.size else (0.0, 0.0)
    reference = tuple(np.sort(x).tolist()) if method == "rank" else ()
    return Bounds(method, better, float(low), float(high), mean, sd, reference, limits)


def need(values: Any, scale: Bounds, *, extend: bool = False) -> Any:
    """The place of values on a frozen scale: 0 = best, 1 = the greatest need.

    minmax and goalposts: (x − best) / (worst − best); zscore: (3 ± (x − mean)/sd) / 6; rank: share of the other
    villages that are strictly better off. Where all values were equal, 0.5: the indicator says nothing.

    Parameters: `values` in the indicator's unit, a Series or an array of any shape; `extend` lets minmax and zscore
    run on beyond 0 and 1, so that draws of a rate are not piled up at the ends of the observed range (goalposts and
    winsorised ends stay ends).
    Returns: as `values`, 0–1 unless extended; NaN where missing.

    >>> scale = bounds(pd.Series([0.5, 0.75, 1.0]), "minmax", "higher")
    >>> need(np.array([0.5, 0.9, 1.0]), scale).round(2).tolist()
    [1.0, 0.2, 0.0]
    """
    x = np.asarray(values, dtype=float)
    if scale.limits != (None, None):
        x = np.clip(x, *scale.limits)
    tells = scale.low < scale.high
    out = NORMALISERS[scale.method](x, scale) if tells else np.where(np.isnan(x), np.nan, 0.5)
    if not extend or scale.method == "goalposts":
        out = np.clip(out, 0.0, 1.0) + 0.0  # no −0
    return pd.Series(out, index=values.index, name=values.name) if isinstance(values, pd.Series) else out


def _between(x: Floats, scale: Bounds) -> Floats:
    best, worst = scale.ends
    return (x - best) / (worst - best)


def _zscore(x: Floats, scale: Bounds) -> Floats:
    sign = 1.0 if scale.better == "lower" else -1.0
    return 0.5 + sign * (x - scale.mean) / (6 * scale.sd)


def _rank(x: Floats, scale: Bounds) -> Floats:
    better_off = np.searchsorted(scale.ordered, x if scale.better == "lower" else -x)
    return np.where(np.isnan(x), np.nan, np.minimum(better_off / (len(scale.reference) - 1), 1.0))


NORMALISERS: Mapping[str, Callable[[Floats, Bounds], Floats]] = {
    "minmax": _between,
    "goalposts": _between,
    "zscore": _zscore,
    "rank": _rank,
}
