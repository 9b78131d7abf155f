"""Rates from counts: the raw share, its interval, and what the other villages teach about it (empirical Bayes)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betaincinv, betaln, ndtri, psi, zeta

Floats = NDArray[np.float64]

LEAST_STRENGTH = 0.01  # children; villages that are all or nothing would send the likelihood to 0


@dataclass(frozen=True, slots=True)
class Prior:
    """What is known of a village before it is counted: Beta(a, b), worth `strength` = a + b measured children.

    `basis`: "fitted" by maximum likelihood; "shared" where the villages differ by no more than chance: the likelihood's
    strength is infinite there, and is held at what the pooled count knows, a = Y + ½, b = N − Y + ½; "none" with fewer
    than two villages to learn from: Jeffreys' a = b = ½.
    """

    a: float
    b: float
    mean: float
    strength: float
    villages: int
    basis: Literal["fitted", "shared", "none"]


def raw_share(numerator: pd.Series, denominator: pd.Series) -> pd.Series:
    """Share of the denominator that is in the numerator.

    numerator / denominator

    Parameters: counts ≥ 0 on one index, numerator ≤ denominator.
    Returns: share 0–1 on the same index; NaN where either is missing or the denominator is 0 (no target group).
    Raises: ValueError for negative counts, a numerator over its denominator, or two indexes.

    >>> raw_share(pd.Series([3.0, 0.0]), pd.Series([12.0, 0.0])).tolist()
    [0.25, nan]
    """
    _check(numerator, denominator)
    return (numerator / denominator.where(denominator > 0)).rename("share")


def wilson(y: Floats, n: Floats, level: float = 0.95) -> tuple[Floats, Floats]:
    """Score interval of a binomial share: (p + z²/2n ± z√(p(1−p)/n + z²/4n²)) / (1 + z²/n).

    Parameters: y of n, counts, any shape. Returns: low and high, 0–1; NaN where n is 0 or NaN. Source: Wilson 1927.
    """
    z2 = ndtri(0.5 + level / 2) ** 2
    n = np.where(n > 0, n, np.nan)
    p = y / n
    half = np.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n * n)))
    middle, stretch = p + z2 / (2 * n), 1 + z2 / n
    return np.clip((middle - half) / stretch, 0, 1), np.clip((middle + half) / stretch, 0, 1)


def clopper_pearson(y: Floats, n: Floats, level: float = 0.95) -> tuple[Floats, Floats]:
    """Exact interval of a binomial share: Beta(y, n−y+1) and Beta(y+1, n−y) quantiles; 0 at y = 0, 1 at y = n.

    Parameters: y of n, counts, any shape. Returns: low and high, 0–1; NaN where n is 0 or NaN.
    Source: Clopper & Pearson 1934.
    """
    tail = (1 - level) / 2
    n = np.where(n > 0, n, np.nan)
    low = np.where(y == 0, 0.0, betaincinv(np.maximum(y, 0.5), n - y + 1, tail))
    high = np.where(y == n, 1.0, betaincinv(y + 1, np.maximum(n - y, 0.5), 1 - tail))
    return np.where(np.isnan(n), np.nan, low), np.where(np.isnan(n), np.nan, high)


def jeffreys(y: Floats, n: Floats, level: float = 0.95) -> tuple[Floats, Floats]:
    """Equal-tailed interval of Beta(y+½, n−y+½).

    Parameters: y of n, counts, any shape. Returns: low and high, 0–1; NaN where n is 0 or NaN.
    Source: Brown, Cai & DasGupta 2001.
    """
    tail = (1 - level) / 2
    n = np.where(n > 0, n, np.nan)
    return betaincinv(y + 0.5, n - y + 0.5, tail), betaincinv(y + 0.5, n - y + 0.5, 1 - tail)


INTERVALS: Mapping[str, Callable[..., tuple[Floats, Floats]]] = {
    "wilson": wilson,
    "clopper_pearson": clopper_pearson,
    "jeffreys": jeffreys,
}


def beta_binomial_prior(y: pd.Series, n: pd.Series) -> Prior:
    """The distribution of true rates among villages, by maximum likelihood on (logit μ, log M).

    Σ ln B(Mμ + y, M(1−μ) + n − y) − ln B(Mμ, M(1−μ)) → max

    Parameters: y of n, counts on one index; villages with n = 0 or either missing are left out.
    Returns: a `Prior`; its `basis` says when there was nothing to fit.
    Raises: ValueError as `raw_share`.
    Source: Skellam 1948; the test of excess variance is Tarone 1979.
    """
    _check(y, n)
    used = (n > 0) & y.notna()
    hits, counted = y[used].to_numpy(dtype=float), n[used].to_numpy(dtype=float)
    if hits.size < 2:
        return Prior(0.5, 0.5, 0.5, 1.0, hits.size, "none")
    total = counted.sum()
    if _excess_variance(hits, counted) > 0:
        mean, strength = _maximum_likelihood(hits, counted)
        if strength < total:
            return Prior(mean * strength, (1 - mean) * strength, mean, strength, hits.size, "fitted")
    a, b = float(hits.sum()) + 0.5, float(total - hits.sum()) + 0.5
    return Prior(a, b, a / (a + b), a + b, hits.size, "shared")


def priors_by(
    group: pd.Series, y: pd.Series, n: pd.Series, *, wider: pd.Series | None = None, least_villages: int = 8
) -> dict[str, Prior]:
    """One prior for each group; a group with few counted villages takes its wider group's, or that of all.

    Parameters: `group` of each village (kecamatan) and, if any, its `wider` group (kabupaten), on the index of the
    counts y of n; `least_villages` with n > 0 make a group large enough.
    Returns: priors by group, sorted.
    Raises: ValueError as `raw_share`, or where a group lies in two wider ones.
    """
    if wider is None:
        broad = dict.fromkeys(group.unique(), beta_binomial_prior(y, n))
    else:
        pairs = pd.DataFrame({"group": group, "wider": wider}).drop_duplicates()
        if pairs["group"].duplicated().any():
            raise ValueError("a group lies in more than one wider group")
        large = priors_by(wider, y, n, least_villages=least_villages)
        broad = {g: large[w] for g, w in pairs.itertuples(index=False)}
    enough = ((n > 0) & y.notna()).groupby(group).sum() >= least_villages
    return {
        g: beta_binomial_prior(y.loc[rows], n.loc[rows]) if enough[g] else broad[g]
        for g, rows in sorted(group.groupby(group).groups.items())
    }


def posterior(
    y: pd.Series,
    n: pd.Series,
    prior: Prior | Mapping[str, Prior] | pd.DataFrame,
    group: pd.Series | None = None,
    level: float = 0.90,
) -> pd.DataFrame:
    """What is known of each village's rate after counting: Beta(a + y, b + n − y), and its interval.

    The interval is equal-tailed, but reaches to 0 where 0 is likeliest (a + y < 1: a rare thing that nobody had), to 1
    where 1 is: of a rate of next to nothing, equal tails would leave out the truth twice as often as they say.

    Parameters: y of n, counts on one index; one `prior`, one for each value of `group`, or one for each village
    (columns `a` and `b` on the counts' index, as `smoothing.spatial_prior` returns them); `level` 0–1.
    Returns: estimate (the mean), low, high, shrinkage = M/(M + n), a, b on the same index; all NaN where nobody
    was counted: a village without data is not lent the others' rate.
    Raises: ValueError as `raw_share`, or for a group or a village without a prior.
    Source: Brown, Cai & DasGupta 2001, section 4.1.1 (the ends of Jeffreys' interval); measured: benchmarks/truth.py.
    """
    _check(y, n)
    a, b = prior_counts(y.index, prior, group)
    counted = n.where((n > 0) & y.notna())
    strength, a, b = a + b, a + y.where(counted.notna()), b + (counted - y)
    ends, tail = [a < 1, b < 1], (1 - level) / 2
    return pd.DataFrame({
        "estimate": a / (a + b),
        "low": betaincinv(a, b, np.select(ends, [0.0, 1 - level], tail)),
        "high": betaincinv(a, b, np.select(ends, [level, 1.0], 1 - tail)),
        "shrinkage": strength / (strength + counted),
        "a": a,
        "b": b,
    })  # fmt: skip


def prior_counts(
    index: pd.Index, prior: Prior | Mapping[str, Prior] | pd.DataFrame, group: pd.Series | None = None
) -> tuple[pd.Series, pd.Series]:
    """Each village's prior a and b, on `index`, from the forms in which `posterior` takes priors; errors as there."""
    if isinstance(prior, Prior):
        return pd.Series(prior.a, index=index), pd.Series(prior.b, index=index)
    if isinstance(prior, pd.DataFrame):
        if not prior.index.equals(index):
            raise ValueError("priors by village are not on the index of the counts")
        return prior["a"], prior["b"]
    if group is None or not set(group) <= set(prior):
        raise ValueError("priors by group need the group of each village, and a prior for each group")
    return group.map({g: p.a for g, p in prior.items()}), group.map({g: p.b for g, p in prior.items()})


def _check(y: pd.Series, n: pd.Series) -> None:
    if not y.index.equals(n.index):
        raise ValueError("numerator and denominator are on two indexes")
    if (y < 0).any() or (n < 0).any():
        raise ValueError("a count is negative")
    if (y > n).any():
        raise ValueError("a numerator is over its denominator")


def _excess_variance(y: Floats, n: Floats) -> float:
    """Slope of the likelihood in 1/M at one shared rate; ≤ 0 means no more variance than chance."""
    mean = y.sum() / n.sum()
    if mean in (0.0, 1.0):
        return 0.0
    missed = n - y
    return float(np.sum(y * (y - 1) / mean + missed * (missed - 1) / (1 - mean) - n * (n - 1)))


def _maximum_likelihood(y: Floats, n: Floats) -> tuple[float, float]:
    """(μ, M) by Newton's method with ascent steps; M between `LEAST_STRENGTH` and the number counted."""
    mean, bound = y.sum() / n.sum(), (np.log(LEAST_STRENGTH), np.log(n.sum()))
    at = np.array([np.log(mean / (1 - mean)), np.clip(np.log(20.0), *bound)])
    value = _likelihood(at, y, n)
    for _ in range(200):
        slope, bend = _slopes(at, y, n)
        size, axes = np.linalg.eigh(bend)
        step = axes @ ((axes.T @ slope) / np.maximum(np.abs(size), 1e-9))
        step /= max(1.0, float(np.abs(step).max()) / 2)
        while np.abs(step).max() > 1e-10:
            trial = at + step
            trial[1] = np.clip(trial[1], *bound)
            after = _likelihood(trial, y, n)
            if after > value:
                break
            step /= 2
        else:
            break
        at, value = trial, after
    return float(1 / (1 + np.exp(-at[0]))), float(np.exp(at[1]))


def _likelihood(at: Floats, y: Floats, n: Floats) -> float:
    mean, strength = 1 / (1 + np.exp(-at[0])), np.exp(at[1])
    a, b = mean * strength, (1 - mean) * strength
    return float(np.sum(betaln(a + y, b + n - y) - betaln(a, b)))


def _slopes(at: Floats, y: Floats, n: Floats) -> tuple[Floats, Floats]:
    """Gradient and Hessian of the likelihood in (logit μ, log M), by the chain rule from (a, b)."""
    mean, strength = 1 / (1 + np.exp(-at[0])), np.exp(at[1])
    a, b = mean * strength, (1 - mean) * strength
    both = np.sum(psi(strength) - psi(strength + n))
    da, db = np.sum(psi(a + y) - psi(a)) + both, np.sum(psi(b + n - y) - psi(b)) + both
    hab = np.sum(zeta(2, strength) - zeta(2, strength + n))
    haa = np.sum(zeta(2, a + y) - zeta(2, a)) + hab
    hbb = np.sum(zeta(2, b + n - y) - zeta(2, b)) + hab
    v = strength * mean * (1 - mean)
    cross = v * (a * haa - b * hbb + (b - a) * hab) + v * (da - db)
    return np.array([v * (da - db), a * da + b * db]), np.array([
        [v * v * (haa - 2 * hab + hbb) + v * (1 - 2 * mean) * (da - db), cross],
        [cross, a * a * haa + 2 * a * b * hab + b * b * hbb + a * da + b * db],
    ])  # fmt: skip
