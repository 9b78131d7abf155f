"""Rates of small areas that learn from each other and from their neighbours: moments, gamma–Poisson, spatial priors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import brentq, minimize_scalar
from scipy.special import betaln, gammaincinv, pdtr, pdtrc, psi

from lokus.methods.prevalence import Prior, prior_counts, raw_share

Floats = NDArray[np.float64]
Priors = Prior | Mapping[str, Prior]

LEAST_HELD = 1.0  # children: a prior mean of neighbours alone could be 0 or 1, which no count can then move
PULLS = np.linspace(0.0, 1.0, 41)  # where the best weight of a neighbourhood is looked for first
LARGEST_SHAPE = 1e7  # gamma shapes beyond cannot be told from Poisson


def marshall(y: pd.Series, n: pd.Series, family: Literal["binomial", "poisson"] = "binomial") -> pd.Series:
    """Rates shrunk to the common rate by moments: m + C·(p − m).

    A = Σn(p−m)²/Σn − v/n̄, clipped at 0 (then all villages share one rate); poisson: v = m, C = A/(A + m/n);
    binomial: v = m(1−m), C = nA/(nA + v − Σn(p−m)²/Σn).

    Parameters: events y of n on one index; n people, or for "poisson" also expected events, which y may pass.
    Returns: rate on the same index; NaN where n is 0 or missing.
    Raises: ValueError for negative counts, two indexes, or (binomial) a numerator over its denominator.
    Source: Marshall 1991, JRSS C 40, 283–294. spdep clips A as well; esda does not, and leaves the data's range.
    """
    p = _rates(y, n, family)
    counted = n.where(p.notna())
    m = y.where(p.notna()).sum() / counted.sum()
    spread = (counted * (p - m) ** 2).sum() / counted.sum()
    within = m if family == "poisson" else m * (1 - m)
    between = spread - within / counted.mean()
    noise = within if family == "poisson" else within - spread
    # Under-dispersed counts give a variance ≤ 0, clipped: then a village's own rate has no weight, noise or none.
    weight = counted * between / (counted * between + noise) if between > 0 else counted * 0.0
    return (m + weight * (p - m)).rename("estimate")


def local_marshall(
    y: pd.Series, n: pd.Series, adjacency: pd.DataFrame, about: Literal["focal", "own"] = "focal"
) -> pd.DataFrame:
    """Rates shrunk by moments to the rate of the neighbourhood, the village itself included.

    m_i = Σy/Σn over i and its neighbours, A_i = Σn_j(p_j − m)²/Σn_j − m_i/n̄_i clipped at 0, C_i = A_i/(A_i + m_i/n_i);
    deviations from the focal village's m_i (`about` "focal": Anselin, GeoDa), or from each neighbour's own m_j ("own":
    spdep's default, which calls it Marshall's).

    Parameters: events y of n on one index, as `marshall` for "poisson"; `adjacency` as `spatial.contiguity` returns it.
    Returns: on the same index `estimate` and the `local` rate m; NaN where n is 0 or missing. A village alone has
    estimate = raw rate.
    Raises: ValueError as `marshall`, or where the adjacency names a village that the counts do not have.
    Source: Marshall 1991; Anselin, Lozano & Koschinsky 2006, Rate Transformations and Smoothing.
    """
    p = _rates(y, n, "poisson")
    has = p.notna().to_numpy()
    rate, counted = p.fillna(0.0).to_numpy(), n.where(has, 0.0).to_numpy(dtype=float)
    near = links(adjacency, y.index) + sparse.eye_array(len(y), format="csr")
    total, many = near @ counted, near @ has.astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        local = near @ (counted * rate) / total
        if about == "own":
            spread = near @ np.where(has, counted * (rate - local) ** 2, 0.0)
        else:
            focal, neighbor = near.tocoo().coords
            apart = counted[neighbor] * (rate[neighbor] - local[focal]) ** 2
            spread = np.bincount(focal, apart, len(y))
        between = np.maximum(spread / total - local * many / total, 0.0)
        weight = np.where(between > 0, counted * between / (counted * between + local), 0.0)
    told = pd.DataFrame({"estimate": local + weight * (rate - local), "local": local}, index=y.index)
    return told.where(p.notna(), axis=0)


def choynowski(y: pd.Series, n: pd.Series) -> pd.DataFrame:
    """How unlikely each count is if all areas had one rate: Poisson tails at the expected count n·Σy/Σn.

    Parameters: events y of n on one index, as `marshall` for "poisson".
    Returns: on the same index `expected` events, `relative` = y/expected (1 = as expected), `low` = P(X ≤ y),
    `high` = P(X ≥ y) and `p`, of the tail that y lies in (`low` under the expected count, else `high`); NaN where n
    is 0 or missing.
    Raises: ValueError as `marshall`.
    Source: Choynowski 1959, JASA 54, 385–388; `low` is the probability map of Cressie 1993.
    """
    p = _rates(y, n, "poisson")
    counted = n.where(p.notna()).astype(float)
    expected = counted * (y.where(p.notna()).sum() / counted.sum())
    low = pd.Series(pdtr(y, expected), y.index)
    # P(X ≥ 0) is 1, and scipy has no tail above −1.
    high = pd.Series(pdtrc((y - 1).clip(lower=0), expected), y.index).where(y > 0, 1.0).where(p.notna())
    told = {"expected": expected, "relative": y / expected.where(expected > 0), "low": low, "high": high}
    return pd.DataFrame({**told, "p": low.where(y < expected, high)})


@dataclass(frozen=True, slots=True)
class GammaPoisson:
    """A fitted gamma–Poisson: `shape` α (∞: no more variance than chance), `coefficients` of ln m by covariate
    (`intercept` first), and by area `risks`: `mean` and `median` of the posterior, `fitted` m."""

    shape: float
    coefficients: pd.Series
    risks: pd.DataFrame


def gamma_poisson(y: pd.Series, expected: pd.Series, covariates: pd.DataFrame | None = None) -> GammaPoisson:
    """Relative risks by empirical Bayes: y ~ Poisson(E·θ), θ ~ Gamma(α, α/m), ln m = β₀ + Xβ, by maximum likelihood.

    Posterior Gamma(α + y, α/m + E): mean (α + y)/(α/m + E). β by Fisher scoring, α by its score equation, in turn.

    Parameters: events y ≥ 0, `expected` events > 0 and `covariates` (any unit), complete, on one index.
    Returns: a `GammaPoisson`. Where the counts vary no more than Poisson's, α is ∞ and every risk is m.
    Raises: ValueError for two indexes, missing or negative counts, no event at all, or collinear covariates.
    Source: Clayton & Kaldor 1987, Biometrics 43, 671–681.
    """
    design = design_matrix(y, expected, covariates)
    x, events, base = design.to_numpy(), y.to_numpy(dtype=float), expected.to_numpy(dtype=float)
    beta, shape = np.zeros(x.shape[1]), np.inf
    beta[0] = np.log(events.sum() / base.sum())
    for _ in range(200):
        fitted = base * np.exp(x @ beta)
        weight = fitted / (1 + fitted / shape)
        step = np.linalg.solve(x.T @ (weight[:, None] * x), x.T @ (weight * (events - fitted) / fitted))
        beta = beta + step / max(1.0, float(np.abs(step).max()))
        before, shape = shape, _shape(events, base * np.exp(x @ beta))
        if np.abs(step).max() < 1e-11 and (shape == before or abs(shape / before - 1) < 1e-11):
            break
    m = np.exp(x @ beta)
    a, b = (shape + events, shape / m + base) if np.isfinite(shape) else (np.ones(len(m)), 1 / m)
    median = gammaincinv(a, 0.5) / b if np.isfinite(shape) else m
    risks = pd.DataFrame({"mean": a / b, "median": median, "fitted": m}, index=y.index)
    return GammaPoisson(shape, pd.Series(beta, design.columns), risks)


def spatial_prior(
    y: pd.Series, n: pd.Series, adjacency: pd.DataFrame, prior: Priors, group: pd.Series | None = None
) -> pd.DataFrame:
    """A prior for each village that leans to its neighbours as far as neighbours are alike: Beta(M·m_i, M·(1 − m_i)).

    m_i = (S·μ + Σy_j)/(S + Σn_j) over the neighbours j of i with children measured, μ and M those of the kabupaten's
    prior. S, in children, is what μ is worth against them: it maximises Π P(y_i | n_i, m_i, M) (beta-binomial), so
    neighbours that tell nothing get no weight. A village does not enter its own m_i: its children would count twice.

    Parameters: y of n, counts on one index; `adjacency` as `spatial.contiguity` returns it; one `prior`, or one for
    each value of `group` (kabupaten): then S is fitted in each group, and only neighbours of the same group count.
    Returns: on the same index `a`, `b` (as `posterior` takes them), `mean` and `pull`, the weight 0–1 of the neighbours
    in the mean. `pull` is 0 (the prior is the group's) for a village without measured neighbours, and throughout a
    group whose prior is not "fitted": there the villages do not differ, or are too few to say.
    Raises: ValueError as `posterior`, or where the adjacency names a village that the counts do not have.
    Source: Besag 1975, The Statistician 24, 179–195 (pseudo-likelihood); Clayton & Kaldor 1987, section 4.
    """
    raw_share(y, n)
    codes = y.index.sort_values()
    a, b = (counts.reindex(codes) for counts in prior_counts(y.index, prior, group))
    strength, mean = (a + b).to_numpy(dtype=float), (a / (a + b)).to_numpy(dtype=float)
    counted = ((n > 0) & y.notna()).reindex(codes).to_numpy()
    hits, seen = (c.reindex(codes).where(counted, 0.0).to_numpy(dtype=float) for c in (y, n))
    of, groups = pd.factorize(pd.Series("", codes) if group is None else group.reindex(codes))
    near = _within(links(adjacency, codes), of)
    around = near @ np.stack([hits, seen], axis=1)
    held = np.full(len(codes), np.inf)
    lend = (seen > 0) & (around[:, 1] > 0)
    for rows, one in zip(_rows_of(of), groups, strict=True):
        used = rows[lend[rows]]
        if _basis(prior, one) == "fitted" and len(used):
            held[rows] = _held(hits[used], seen[used], around[used], mean[used[0]], strength[used[0]])
    pull = np.divide(around[:, 1], held + around[:, 1], out=np.zeros(len(codes)), where=np.isfinite(held))
    local = np.divide(around[:, 0], around[:, 1], out=mean.copy(), where=around[:, 1] > 0)
    leaned = mean + pull * (local - mean)
    told = {"a": leaned * strength, "b": (1 - leaned) * strength, "mean": leaned, "pull": pull}
    return pd.DataFrame(told, index=codes).reindex(y.index)


def links(adjacency: pd.DataFrame, index: pd.Index) -> sparse.csr_array:
    """The neighbours as a matrix of 0 and 1 in the order of `index`; ValueError for a village that `index` lacks."""
    focal, neighbor = (index.get_indexer(adjacency.index.get_level_values(level)) for level in (0, 1))
    if (focal < 0).any() or (neighbor < 0).any():
        raise ValueError("the adjacency names villages that the counts do not have")
    return sparse.csr_array((np.ones(len(focal)), (focal, neighbor)), shape=(len(index), len(index)))


def design_matrix(y: pd.Series, expected: pd.Series, covariates: pd.DataFrame | None) -> pd.DataFrame:
    """The `intercept` and the covariates on the index of y; raises what `gamma_poisson` says."""
    design = pd.DataFrame({"intercept": 1.0}, index=y.index)
    if covariates is not None:
        design = pd.concat([design, covariates.astype(float)], axis=1) if covariates.index.equals(y.index) else None
    if design is None or not expected.index.equals(y.index):
        raise ValueError("events, expected events and covariates are on different indexes")
    if not ((y >= 0).all() and (expected > 0).all() and y.sum() > 0 and design.notna().all(axis=None)):
        raise ValueError("areas need events ≥ 0, not all 0, expected events > 0 and every covariate")
    if np.linalg.matrix_rank(design.to_numpy()) < design.shape[1]:
        raise ValueError("the covariates are collinear")
    return design


def _rates(y: pd.Series, n: pd.Series, family: str) -> pd.Series:
    if family == "binomial":
        return raw_share(y, n)
    if not y.index.equals(n.index):
        raise ValueError("numerator and denominator are on two indexes")
    if (y < 0).any() or (n < 0).any():
        raise ValueError("a count is negative")
    return y / n.where(n > 0)


def _shape(y: Floats, fitted: Floats) -> float:
    """The α at which the likelihood of the counts is highest for given means; ∞ without extra variance."""

    def slope(log_shape: float) -> float:
        s = np.exp(log_shape)
        return float(np.sum(psi(s + y) - psi(s) - np.log1p(fitted / s) - (y - fitted) / (s + fitted)))

    low, high = np.log(1e-4), np.log(LARGEST_SHAPE)
    # Near Poisson the slope is a difference of equal numbers: its sign is that of the excess variance.
    if np.sum((y - fitted) ** 2 - y) <= 0 or slope(high) >= 0:
        return float("inf")
    return float(np.exp(brentq(slope, low, high, xtol=1e-13, rtol=1e-14))) if slope(low) > 0 else float(np.exp(low))


def _basis(prior: Priors, group: str) -> str:
    return prior.basis if isinstance(prior, Prior) else prior[group].basis


def _rows_of(of: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """The rows of each group 0, 1, …"""
    return np.split(np.argsort(of, kind="stable"), np.cumsum(np.bincount(of))[:-1])


def _within(near: sparse.csr_array, of: NDArray[np.intp]) -> sparse.csr_array:
    """The links between villages of one group."""
    pairs = near.tocoo()
    same = of[pairs.coords[0]] == of[pairs.coords[1]]
    focal, neighbor = (end[same] for end in pairs.coords)
    return sparse.csr_array((pairs.data[same], (focal, neighbor)), shape=near.shape)


def _held(hits: Floats, seen: Floats, around: Floats, mean: float, strength: float) -> float:
    """How many children the group's mean is worth against the neighbours', by pseudo-likelihood; ∞ if all."""
    typical = float(np.median(around[:, 1]))

    def held(pull: float) -> float:
        return max(typical * (1 - pull) / pull, LEAST_HELD) if pull > 0 else np.inf

    def loss(pull: float) -> float:
        s = held(pull)
        m = (s * mean + around[:, 0]) / (s + around[:, 1]) if np.isfinite(s) else np.full(len(hits), mean)
        a, b = m * strength, (1 - m) * strength
        return -float(np.sum(betaln(a + hits, b + seen - hits) - betaln(a, b)))

    losses = np.array([loss(pull) for pull in PULLS])
    best = int(losses.argmin())
    ends = PULLS[max(best - 1, 0)], PULLS[min(best + 1, len(PULLS) - 1)]
    finer = minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-9})
    return held(float(finer.x)) if finer.fun < losses[best] else held(float(PULLS[best]))
