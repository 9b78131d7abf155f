"""From an indicator to a need: one scale from 0 to 1, 1 = the greater need, whatever way the indicator points.

Whatever the normaliser, needs are 0 … 1, so that any of them goes with any mean: a geometric mean, which cannot bear a
0, is taken on the scale 1 … 100 (`aggregation`, `scoring`), and that also lets it bear a z-score.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lokus.methods.treatment import Limits, Span, log_ct

Floats = NDArray[np.float64]
Better = Literal["lower", "higher"]


@dataclass(frozen=True)
class Bounds:
    """The frozen scale of one indicator, in its own unit: JSON-able by `dataclasses.asdict`.

    `low` and `high` lie at 0 and 1; `mean`, `sd` serve "zscore", `reference` (sorted) "rank" and "borda"; values beyond
    `limits` (floor, ceiling) were winsorised and count as the limit. Where `log` (near, far) is told, all of this is in
    logarithms (`treatment.log_ct`), and `log` itself in the indicator's unit.
    """

    method: str
    better: Better
    low: float
    high: float
    mean: float
    sd: float
    reference: tuple[float, ...] = ()
    limits: Limits = (None, None)
    log: Span | None = None

    @property
    def ends(self) -> tuple[float, float]:
        """(best, worst): where the need is 0 and 1."""
        return (self.low, self.high) if self.better == "lower" else (self.high, self.low)

    @cached_property
    def ordered(self) -> Floats:
        """The reference from best to worst, ascending: turned round where higher is better."""
        reference = np.array(self.reference, dtype=float)
        return reference if self.better == "lower" else -reference[::-1]


def bounds(
    values: pd.Series,
    method: str,
    better: Better,
    *,
    goalposts: tuple[float, float] | None = None,
    target: float | None = None,
    limits: Limits = (None, None),
    log: Span | None = None,
) -> Bounds:
    """The scale that an indicator's (treated) values span, to be frozen with the run.

    Parameters: `values` in the indicator's unit, or the logarithms of a `Treatment`; `method` one of `NORMALISERS`;
    `goalposts` (low, high) and `target` in the indicator's unit, for the method of that name alone; `limits` and `log`
    of the `Treatment`.
    Raises: ValueError for an unknown method or direction; goalposts or target missing, superfluous or no numbers that
    bound anything; a fraction of a maximum that is not above 0; logarithms for a method other than minmax and zscore.
    """
    if method not in NORMALISERS or better not in ("lower", "higher"):
        raise ValueError(f"no normaliser {method!r} for better = {better!r}")
    for name, given in (("goalposts", goalposts), ("target", target)):
        if (given is None) == (method == name):
            raise ValueError(f"{name} are given for the method {name!r}, and for no other")
    if log and method not in ("minmax", "zscore"):
        raise ValueError(f"logarithms for {method!r}, which has a scale of its own")
    x = values.dropna().to_numpy(dtype=float)
    low, high = goalposts or ((float(x.min()), float(x.max())) if x.size else (0.0, 0.0))
    if goalposts and not low < high:
        raise ValueError(f"goalposts {goalposts} are not (low, high)")
    if method == "fraction" and low < high:
        if high <= 0:
            raise ValueError(f"a fraction of the maximum {high}, which is not above 0")
        low = 0.0
    if target is not None:
        low, high = (target, max(high, target)) if better == "lower" else (min(low, target), target)
    mean, sd = (float(x.mean()), float(x.std(ddof=1)) if x.size > 1 else 0.0) if x.size else (0.0, 0.0)
    reference = tuple(np.sort(x).tolist()) if method in ("rank", "borda") else ()
    return Bounds(method, better, float(low), float(high), mean, sd, reference, limits, log)


def need(values: Any, scale: Bounds, *, extend: bool = False) -> Any:
    """The place of values on a frozen scale: 0 = best, 1 = the greatest need.

    - minmax, goalposts: (x − best) / (worst − best), between the values observed or the bounds given.
    - target: the share of the way from the target to the worst observed; 0 at the target and beyond it, and for all
      villages where all have reached it.
    - fraction: x / max where lower is better, else 1 − x / max.
    - zscore: (3 ± (x − mean)/sd) / 6.
    - rank: the percentile rank, the share of the other villages that are strictly better off.
    - borda: 1 − the share of the other villages that are strictly worse off, each a point of Borda's count. The two
      differ where villages are equal: "rank" gives equals the least need of their places, "borda" the greatest.

    Where all values were equal, 0.5: the indicator says nothing (goalposts and targets still measure it).

    Parameters: `values` in the indicator's unit, a Series or an array of any shape; `extend` lets minmax, fraction and
    zscore run on beyond 0 and 1, and a target beyond 1, so that draws of a rate are not piled up at the ends of the
    observed range (goalposts, targets and winsorised ends stay ends).
    Returns: as `values`, 0–1 unless extended; NaN where missing.
    Source: OECD/JRC 2008, step 5; COINr `Normalise`.

    >>> scale = bounds(pd.Series([0.5, 0.75, 1.0]), "minmax", "higher")
    >>> need(np.array([0.5, 0.9, 1.0]), scale).round(2).tolist()
    [1.0, 0.2, 0.0]
    """
    x = np.asarray(values, dtype=float)
    if scale.limits != (None, None):
        x = np.clip(x, *scale.limits)
    if scale.log:
        x = log_ct(x, scale.log)
    same = 0.0 if scale.method == "target" else 0.5
    out = NORMALISERS[scale.method](x, scale) if scale.low < scale.high else np.where(np.isnan(x), np.nan, same)
    if not extend or scale.method in HELD:
        out = np.clip(out, *HELD.get(scale.method, (0.0, 1.0)) if extend else (0.0, 1.0)) + 0.0  # no −0
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


def _borda(x: Floats, scale: Bounds) -> Floats:
    all_but_worse = np.searchsorted(scale.ordered, x if scale.better == "lower" else -x, "right")
    return np.where(np.isnan(x), np.nan, np.maximum((all_but_worse - 1) / (len(scale.reference) - 1), 0.0))


NORMALISERS: Mapping[str, Callable[[Floats, Bounds], Floats]] = {
    "minmax": _between,
    "goalposts": _between,
    "target": _between,
    "fraction": _between,
    "zscore": _zscore,
    "rank": _rank,
    "borda": _borda,
}

# The needs at which draws are held: ends that a person set.
HELD: Mapping[str, tuple[float, float]] = {"goalposts": (0.0, 1.0), "target": (0.0, np.inf)}
