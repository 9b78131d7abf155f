"""What is done to values before they become needs: villages are screened, gaps filled, outliers drawn in.

Nothing is filled by default, and what is filled or drawn in is told cell by cell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Limits = tuple[float | None, float | None]
Span = tuple[float, float]

MOST_SKEW, MOST_KURTOSIS = 2.0, 3.5


@dataclass(frozen=True)
class Treatment:
    """An indicator without its outliers: `values`; `points` "winhi", "winlo", "log" or ""; `limits` = (floor, ceiling).

    A limit is None on a side where nothing was winsorised. `log` is the (near, far) end of `log_ct` where the values
    are logarithms. `skew`, `kurtosis` and `passed` are those after treatment, `skew_raw` and `kurtosis_raw` before.
    """

    values: pd.Series
    points: pd.Series
    limits: Limits
    skew_raw: float
    kurtosis_raw: float
    skew: float
    kurtosis: float
    passed: bool
    log: Span | None = None


@dataclass(frozen=True)
class Imputed:
    """Values with their gaps filled, and `marks`: the name of the method in each filled cell, else ""."""

    values: pd.DataFrame
    marks: pd.DataFrame


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


def has_outliers(skew: float, kurtosis: float) -> bool:
    """|skew| > 2 and kurtosis > 3.5; never where they are NaN. Source: COINr `check_SkewKurt`."""
    return abs(skew) > MOST_SKEW and kurtosis > MOST_KURTOSIS


def untreated(values: pd.Series, _winmax: int | None = None) -> Treatment:
    """The values as they are, with what `skew_kurtosis` says of them."""
    values = values.astype(float)
    told = skew_kurtosis(values.dropna().to_numpy())
    points = pd.Series("", index=values.index, dtype="str", name=values.name)
    return Treatment(values, points, (None, None), *told, *told, not has_outliers(*told))


def winsorise(values: pd.Series, winmax: int | None = None) -> Treatment:
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
    while has_outliers(*now) and treated < most:
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
        *raw, *now, not has_outliers(*now),
    )  # fmt: skip


def winsorise_log(values: pd.Series, winmax: int | None = None) -> Treatment:
    """Two stages: winsorised, and where that does not bring skewness and kurtosis in, the logarithm of the raw values.

    Parameters: as `winsorise`.
    Returns: a `Treatment`; after the second stage its values are logarithms (`log` says from which end: the low one, or
    the high one where the long tail is low, which COINr does not mirror) and every observed point is marked "log".
    Source: Becker et al. 2022, COINr `qTreat`.
    """
    first = winsorise(values, winmax)
    if first.passed:
        return first
    raw = values.astype(float)
    ends = (float(raw.min()), float(raw.max()))
    span = ends if first.skew_raw >= 0 else ends[::-1]
    logs = pd.Series(log_ct(raw.to_numpy(), span), index=raw.index, name=raw.name)
    now = skew_kurtosis(logs.dropna().to_numpy())
    points = first.points.mask(raw.notna(), "log")
    return replace(first, values=logs, points=points, limits=(None, None), skew=now[0], kurtosis=now[1],
                   passed=not has_outliers(*now), log=span)  # fmt: skip


TREATMENTS: Mapping[str, Callable[[pd.Series, int | None], Treatment]] = {
    "none": untreated,
    "winsorise": winsorise,
    "winsorise_log": winsorise_log,
}


def log_ct(values: Any, span: Span) -> Any:
    """ln(|x − near| + 0.01·|far − near|), with a minus where the near end is the high one: it rises with x.

    Parameters: `values` in the indicator's unit, NaN left alone; `span` (near, far), the two ends in that unit: values
    beyond the near end count as the near end.
    Returns: as `values`, no unit. Raises: ValueError where the two ends are one.
    Source: the COIN Tool's logarithm; COINr `log_CT`.

    >>> log_ct(np.array([0.0, 1.0]), (0.0, 1.0)).round(3).tolist()
    [-4.605, 0.01]
    """
    near, far = span
    if near == far:
        raise ValueError("a logarithm between two equal ends")
    sign = 1.0 if near < far else -1.0
    return sign * np.log(np.maximum(sign * (values - near), 0.0) + 0.01 * abs(far - near))


def group_mean(values: pd.Series, groups: pd.Series, _prior: Mapping[Any, float]) -> pd.Series:
    """The mean of the observed villages of each village's group; NaN where none is. Source: COINr `i_mean_grp`."""
    return values.groupby(groups).transform("mean")


def prior_mean(_values: pd.Series, groups: pd.Series, prior: Mapping[Any, float]) -> pd.Series:
    """What is known of a village of the group before it is counted: the mean of the empirical-Bayes prior."""
    return groups.map(prior).astype(float)


IMPUTATIONS: Mapping[str, Callable[[pd.Series, pd.Series, Mapping[Any, float]], pd.Series]] = {
    "group_mean": group_mean,
    "prior_mean": prior_mean,
}


def impute(
    values: pd.DataFrame, how: str, groups: pd.Series, priors: Mapping[Any, Mapping[Any, float]] | None = None
) -> Imputed:
    """Fills what is missing by a declared method, and marks every cell that it filled.

    Parameters: `values` (n × k) in the indicators' units; `how` one of `IMPUTATIONS`; `groups` (kabupaten, kecamatan)
    on the same index; `priors` for "prior_mean": indicator → group → mean in the indicator's unit.
    Returns: `Imputed` on the same index; NaN stays where the group knows nothing.
    Raises: ValueError for an unknown method or another index.
    """
    if how not in IMPUTATIONS or not values.index.equals(groups.index):
        raise ValueError(f"no imputation {how!r}, or groups on another index")
    known = priors or {}
    filled = pd.DataFrame(
        {name: column.fillna(IMPUTATIONS[how](column, groups, known.get(name, {}))) for name, column in values.items()},
        index=values.index,
    )
    marks = pd.DataFrame("", index=values.index, columns=values.columns, dtype="str")
    return Imputed(filled, marks.mask(values.isna() & filled.notna(), how))


def screen(values: pd.DataFrame, least: float) -> pd.Series:
    """Which villages have at least the share `least` (0–1) of their indicators observed.

    Returns: truth values on the same index; all True without indicators. Source: COINr `Screen`, "byNA".
    """
    return (values.notna().sum(axis=1) >= least * values.shape[1] - 1e-9).rename("screened")
