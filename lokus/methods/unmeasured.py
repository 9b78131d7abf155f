"""What was not measured is not healthy: bounds and a scenario for unmeasured children, and how far to trust a rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betainc, betaln, gammaln

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Reliability:
    """What a class asks for: children measured, share of the target group measured (D/S), width of the 90 % interval
    (0–1), and whether an unknown share will do."""

    name: str
    least_measured: float
    least_share: float
    widest: float
    share_unknown: bool


# The first class whose demands are all met, else "weak". D/S of 80 and 60 %: DOMAIN 7.4. Widths: WHO's classes of
# prevalence are 10 points wide (DOMAIN 3.3): an interval over two of them is good, over three fair. 30 and 10 children:
# lokus' own, after the villages of 2 to 12 children of DOMAIN 5.
RELIABILITY = (
    Reliability("good", 30, 0.80, 0.20, share_unknown=False),
    Reliability("fair", 10, 0.60, 0.30, share_unknown=True),
)


def bounds(y: pd.Series, n: pd.Series, target: pd.Series) -> pd.DataFrame:
    """Between which prevalences the truth must lie, whatever the unmeasured children are.

    S' = max(target, n); best y/S' (all unmeasured healthy), worst (y + S' − n)/S' (all stunted).

    Parameters: y stunted of n measured of `target` children, counts on one index.
    Returns: on the same index `best`, `worst` 0–1, `unmeasured` = S' − n children, and bool `over`: more measured than
    the target group, whose number is therefore too small, and the measured count as all. NaN where n or the target is
    missing or S' is 0; of n = 0 nothing is known, 0–1.
    Raises: ValueError for negative counts, y over n, or different indexes.

    >>> bounds(pd.Series([10.0]), pd.Series([40.0]), pd.Series([50.0]))[["best", "worst"]].iloc[0].tolist()
    [0.2, 0.4]
    """
    children = _children(y, n, target)
    whole, missing = children.where(children > 0), children - n
    hits = y.where(n != 0, 0.0)
    told = {"best": hits / whole, "worst": (hits + missing) / whole, "unmeasured": missing, "over": n > target}
    return pd.DataFrame(told)


def scenario(
    y: pd.Series, n: pd.Series, target: pd.Series, posterior: pd.DataFrame, *, ratio: float = 1.0, level: float = 0.90
) -> pd.DataFrame:
    """How many of all target children are stunted if the unmeasured are so at `ratio` times the village's rate.

    y + U·E[min(1, ratio·p)], p ~ Beta(a, b) of the posterior, U = max(target, n) − n. The interval is that of a
    beta-binomial count of the U children, by the first two moments of min(1, ratio·p): exact at ratio 1. It holds what
    the village's rate may be and the luck of the children; not that the ratio is a guess.

    Parameters: counts as `bounds`; `posterior` with `a`, `b` on the same index; `ratio` > 0; `level` 0–1.
    Returns: on the same index `missed` (expected stunted among the unmeasured), `stunted` = y + missed, `stunted_low`,
    `stunted_high` (children), `prevalence`, `prevalence_low`, `prevalence_high` (of all target children, 0–1). NaN
    where the target or the posterior is missing: a village where nobody was measured is not lent the others' rate.
    Raises: ValueError as `bounds`, for a ratio ≤ 0, a level outside 0–1 or another index.
    """
    if not (ratio > 0 and 0 < level < 1):
        raise ValueError(f"the ratio must be over 0 and the level within 0–1, not {ratio!r} and {level!r}")
    if not posterior.index.equals(y.index):
        raise ValueError("the posterior is not on the index of the counts")
    children = _children(y, n, target)
    unmeasured = (children - n).where(posterior["a"].notna())
    known = unmeasured.notna().to_numpy()
    u, a, b = (c.to_numpy(dtype=float)[known] for c in (unmeasured, posterior["a"], posterior["b"]))
    mean, square = _capped_moments(a, b, ratio)
    low, high = _beta_binomial_quantiles(np.rint(u).astype(np.int64), *_beta_of(mean, square), level)
    told = pd.DataFrame({"missed": u * mean, "low": low, "high": high}, index=y.index[known]).reindex(y.index)
    counts = pd.DataFrame({"stunted": told["missed"], "stunted_low": told["low"], "stunted_high": told["high"]})
    # Children come whole; a target group from a projection may not, and must not be passed.
    counts = counts.add(y, axis=0).clip(upper=y + unmeasured, axis=0)
    shares = counts.div(children.where(children > 0), axis=0)
    return pd.concat(
        [told["missed"], counts, shares.rename(columns=lambda c: c.replace("stunted", "prevalence"))], axis=1
    )


def reliability(
    n: pd.Series,
    measured_share: pd.Series,
    low: pd.Series,
    high: pd.Series,
    classes: tuple[Reliability, ...] = RELIABILITY,
) -> pd.Series:
    """How far a village's prevalence can be trusted: the first class all of whose demands it meets.

    Parameters: n children measured; `measured_share` D/S (0 up, NaN = unknown); `low`, `high` of the 90 % interval,
    0–1; on one index. `classes` best first.
    Returns: Series of str on the same index: a class's name, "weak" where measured but none is met, "none" where nobody
    was measured.
    Raises: ValueError for different indexes.

    >>> n, share = pd.Series([100.0, 100.0, 5.0, 0.0]), pd.Series([0.9, np.nan, 0.9, 0.0])
    >>> reliability(n, share, pd.Series([0.10] * 4), pd.Series([0.25] * 4)).tolist()
    ['good', 'fair', 'weak', 'none']
    """
    _same_index(n, measured_share, low, high)
    width = high - low
    met = [
        (n >= c.least_measured)
        & ((measured_share >= c.least_share) | (measured_share.isna() & c.share_unknown))
        & (width <= c.widest + 1e-12)
        for c in classes
    ]
    told = np.select([~(n > 0), *met], ["none", *(c.name for c in classes)], "weak")
    return pd.Series(told, n.index, dtype="str", name="reliability")


@dataclass(frozen=True, slots=True)
class Benchmarked:
    """Rates scaled to a survey: `estimate` = min(1, `factor` · rate). To be shown as scaled, with the factor."""

    factor: float
    estimate: pd.Series


def benchmark_to(estimate: pd.Series, children: pd.Series, survey: float) -> Benchmarked:
    """Rates scaled by one factor so that all children together have the survey's rate.

    factor: Σ children·min(1, factor·estimate) = survey·Σ children. Ranks do not change (rates that reach 1 tie).

    Parameters: `estimate` 0–1 and the `children` it stands for, on one index; `survey` 0–1, of the same kabupaten and
    definition. Villages with either missing have no part in the sums.
    Returns: a `Benchmarked`; NaN where the estimate is missing.
    Raises: ValueError for two indexes, a survey outside 0–1, or one that no factor reaches (too many rates of 0).
    Source: Pfeffermann 2013, Statistical Science 28, section 6.3 (ratio benchmarking).

    >>> found = benchmark_to(pd.Series([0.1, 0.3]), pd.Series([100.0, 100.0]), 0.25)
    >>> found.factor, found.estimate.round(3).tolist()
    (1.25, [0.125, 0.375])
    """
    _same_index(estimate, children)
    used = estimate.notna() & (children > 0)
    rate, weight = estimate[used].to_numpy(dtype=float), children[used].to_numpy(dtype=float)
    wanted = survey * weight.sum()
    if not (0 <= survey <= 1 and len(rate) and wanted <= weight[rate > 0].sum() * (1 + 1e-12)):
        raise ValueError(f"no factor scales these rates to a survey of {survey!r}")
    factor, held = 0.0, np.zeros(len(rate), dtype=bool)
    # Rates that pass 1 are held there, and the others carry their part; each round holds at least one more.
    while (free := ~held & (rate > 0)).any():
        factor = float((wanted - weight[held].sum()) / (weight[free] @ rate[free]))
        if not (over := free & (factor * rate > 1 + 1e-12)).any():
            break
        held |= over
    return Benchmarked(factor, (estimate * factor).clip(upper=1.0).rename("benchmarked"))


def _same_index(first: pd.Series, *others: pd.Series) -> None:
    if not all(first.index.equals(other.index) for other in others):
        raise ValueError("the columns are on different indexes")


def _children(y: pd.Series, n: pd.Series, target: pd.Series) -> pd.Series:
    """All children of the target group: at least the measured; NaN where n or the target is missing."""
    _same_index(y, n, target)
    if (y < 0).any() or (n < 0).any() or (target < 0).any():
        raise ValueError("a count is negative")
    if (y > n).any():
        raise ValueError("a numerator is over its denominator")
    return target.where(target >= n, n).where(target.notna() & n.notna() & (y.notna() | (n == 0)))


def _capped_moments(a: Floats, b: Floats, ratio: float) -> tuple[Floats, Floats]:
    """E[x] and E[x²] of x = min(1, ratio·p), p ~ Beta(a, b)."""
    cut = min(1.0, 1 / ratio)
    beyond, mean = 1 - betainc(a, b, cut), a / (a + b)
    first = ratio * mean * betainc(a + 1, b, cut) + beyond
    return first, ratio**2 * mean * (a + 1) / (a + b + 1) * betainc(a + 2, b, cut) + beyond


def _beta_of(mean: Floats, square: Floats) -> tuple[Floats, Floats]:
    """a and b of the Beta with E[x] and E[x²]; a share that is all but certain gets a strength of 1e9."""
    variance = square - mean**2
    strength = np.divide(mean - square, variance, out=np.full_like(mean, 1e9), where=variance > 1e-14)
    return np.maximum(mean * strength, 1e-9), np.maximum((1 - mean) * strength, 1e-9)


def _beta_binomial_quantiles(u: NDArray[np.int64], a: Floats, b: Floats, level: float) -> tuple[Floats, Floats]:
    """Ends of the equal-tailed interval of each count of u: all counts of all villages in one line, summed in each."""
    first = np.concatenate([[0], np.cumsum(u + 1)[:-1]]).astype(np.int64) if len(u) else u
    of = np.repeat(np.arange(len(u)), u + 1)
    k = np.arange(len(of)) - first[of]
    ways = gammaln(u + 1)[of] - gammaln(k + 1) - gammaln(u[of] - k + 1)
    mass = np.exp(ways + betaln(a[of] + k, b[of] + u[of] - k) - betaln(a, b)[of])
    up = np.cumsum(mass)
    up -= (up[first] - mass[first])[of] if len(u) else 0.0
    tail = (1 - level) / 2
    return tuple(np.bincount(of, up < q - 1e-9, len(u)).astype(float) for q in (tail, 1 - tail))  # type: ignore[return-value]
