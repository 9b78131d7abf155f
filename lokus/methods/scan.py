"""Where is the excess, and how many children is it: Kulldorff's spatial scan statistic over circles of villages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import xlogy

from lokus.methods.chance import stream
from lokus.methods.prevalence import beta_binomial_prior
from lokus.methods.workers import each

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

BLOCK = 16  # replicas counted at once
TIE = 1e-9  # likelihood ratios of the same counts differ in their last digits


@dataclass(frozen=True, slots=True)
class Clusters:
    """What a scan found. `found`: index `number` from 1, the likeliest first, no two overlapping; `centre` (code),
    `radius_m`, `villages`, `population`, `observed`, `expected`, `excess`, `risk`, `llr`, `p`. `member`: Int64 by
    village, its cluster's number, 0 = in none, missing = not scanned. `population`, `cases` of all that were scanned.
    """

    found: pd.DataFrame
    member: pd.Series
    population: int
    cases: int
    windows: int


@dataclass(frozen=True, slots=True, eq=False)
class _Windows:
    """Circles about each village by the nearest first: `order` (n, k) villages, `population` (n, k) within, `allowed`
    (n, k) where a circle may end, `radius` (n, k)."""

    order: npt.NDArray[np.intp]
    population: Counts
    allowed: npt.NDArray[np.bool_]
    radius: Floats


def scan(
    cases: pd.Series,
    population: pd.Series,
    points: pd.DataFrame,
    *,
    model: Literal["betabinomial", "bernoulli", "poisson"] = "betabinomial",
    most: float = 0.5,
    replicas: int,
    seed: int,
    level: float = 0.05,
    workers: int | None = None,
) -> Clusters:
    """The circles of villages where cases are most in excess, each held against chance over all circles at once.

    A circle about a village's point takes the villages whose points lie in it, up to `most` of the population; its
    excess is judged by the likelihood ratio of one rate inside and another outside to one rate for all (`llr`). A
    replica is a kabupaten without a pattern. p = (replicas whose best circle is as good + 1) / (replicas + 1): the
    search itself is in it. Further clusters overlap none before them and are held against the same best circles, which
    is on the safe side. `expected` = cases the circle would have at the rate of all scanned; `excess` = observed −
    expected; `risk` = the rate inside over the rate outside.

    Kulldorff's null is one rate for all: "bernoulli" deals the same cases to the same people by chance, "poisson" is
    for rare events. Real villages differ, pattern or not, and under that null nearly every kabupaten has "clusters" of
    one village. "betabinomial" draws each village's rate from a Beta fitted to them all, and counts a village's
    children by their design effect.

    :param cases: counts, 0 … population (Poisson: any). :param population: people at risk, on the same index.
    :param points: columns `x`, `y` in metres, on the same index. Counts are taken as whole numbers; villages without a
        count, a population or a point are not scanned.
    :param model: a name of `MODELS`.
    :param most: share of the population, over 0 and at most 1. :param replicas: ≥ 1. :param seed: ≥ 0.
    :param level: clusters with p of at most this are told, and the likeliest whatever its p.
    :param workers: threads, by default one a core; the result does not depend on it.
    :returns: `Clusters`; none where nothing is in excess anywhere.
    :raises ValueError: the indexes differ, an option is out of range, or more cases than people (Bernoulli).

    Source: Kulldorff, Communications in Statistics – Theory and Methods 26 (1997) 1481–1496; secondary clusters as
    SaTScan's "no geographical overlap"; overdispersion in scans: Zhang, Zhang & Lin, Statistics in Medicine 31 (2012)
    762–774; design effect of counts: Rao & Scott, Biometrics 48 (1992) 577–585.
    """
    y, n, place = _scanned(cases, population, points, model, most)
    windows = _circles(place.to_numpy(dtype=float), n.to_numpy(), most)
    scanner = _Scanner.of(MODELS[model](y.to_numpy(), n.to_numpy()), n.to_numpy(), windows)
    best = scanner.ratios(y.to_numpy())
    chance = _best_by_chance(scanner, replicas, seed, workers) if best.any() else None
    found, member = _told(best, chance, windows, y, n, level)
    whole = pd.Series(member, index=y.index, dtype="Int64").reindex(cases.index).rename("scan_cluster")
    return Clusters(found, whole, int(n.sum()), int(y.sum()), int(windows.allowed.sum()))


def _scanned(
    cases: pd.Series, population: pd.Series, points: pd.DataFrame, model: str, most: float
) -> tuple[pd.Series, pd.Series, pd.DataFrame]:
    """Whole counts and points of the villages that can be scanned, in code order."""
    if not (cases.index.equals(population.index) and cases.index.equals(points.index)):
        raise ValueError("cases, population and points are on different indexes")
    if model not in MODELS:
        raise ValueError(f"model is one of {', '.join(MODELS)}, not {model!r}")
    if not 0 < most <= 1:
        raise ValueError(f"most is a share of the population, over 0 and at most 1, not {most!r}")
    seen = cases.notna() & (population > 0) & np.isfinite(points[["x", "y"]]).all(axis=1)
    y, n = (counts[seen].sort_index().astype(float).round().astype("int64") for counts in (cases, population))
    if (y < 0).any() or (model != "poisson" and (y > n).any()):
        raise ValueError("cases are counts from 0 to the population")
    return y, n, points.loc[seen, ["x", "y"]].sort_index()


def _circles(place: Floats, population: Counts, most: float) -> _Windows:
    """Every circle about a village; villages exactly as far are in together."""
    away = np.hypot(place[:, None, 0] - place[None, :, 0], place[:, None, 1] - place[None, :, 1])
    order = np.argsort(away, axis=1, kind="stable")
    radius = np.take_along_axis(away, order, axis=1)
    within = np.cumsum(population[order], axis=1)
    further = np.append(radius[:, 1:], np.full((len(place), 1), np.inf), axis=1)
    allowed = (within <= most * population.sum()) & (further > radius * (1 + 1e-12))
    wide = int(np.flatnonzero(allowed.any(axis=0)).max(initial=-1)) + 1
    return _Windows(order[:, :wide], within[:, :wide], allowed[:, :wide], radius[:, :wide])


@dataclass(frozen=True, slots=True, eq=False)
class _Model:
    """What cases are held against: the `weight` of each person of a village (n,), the `kernel` of `RATIOS`, and cases
    by chance: of a stream and a number of replicas (rows, n)."""

    weight: Floats
    kernel: str
    draw: Callable[[np.random.Generator, int], Counts]


def _one_rate(name: str, y: Counts, n: Counts) -> _Model:
    """One rate for all villages; the number of cases is held."""
    deal = DEALS[name]
    return _Model(np.ones(len(n)), name, lambda rng, rows: deal(rng, int(y.sum()), n, rows))


def _rates_differ(y: Counts, n: Counts) -> _Model:
    """Villages differ anyway, by a Beta fitted to them. A village of many children tells of one village, not of as many
    independent children: counts are divided by their design effect 1 + (n − 1)/(M + 1)."""
    prior = beta_binomial_prior(pd.Series(y, dtype=float), pd.Series(n, dtype=float))
    if prior.basis != "fitted":
        return _Model(np.ones(len(n)), "bernoulli", lambda rng, rows: rng.binomial(n, prior.mean, (rows, len(n))))
    weight = 1 / (1 + (n - 1) / (prior.strength + 1))
    return _Model(weight, "bernoulli", lambda rng, rows: rng.binomial(n, rng.beta(prior.a, prior.b, (rows, len(n)))))


# Cases dealt to people by chance, their number being held: with (Poisson) or without replacement.
DEALS: Mapping[str, Callable[[np.random.Generator, int, Counts, int], Counts]] = {
    "poisson": lambda rng, cases, n, rows: rng.multinomial(cases, n / n.sum(), size=rows),
    "bernoulli": lambda rng, cases, n, rows: rng.multivariate_hypergeometric(n, cases, size=rows, method="marginals"),
}
MODELS: Mapping[str, Callable[[Counts, Counts], _Model]] = {
    "betabinomial": _rates_differ,
    "bernoulli": partial(_one_rate, "bernoulli"),
    "poisson": partial(_one_rate, "poisson"),
}


def _poisson(inside: Floats, within: Floats, cases: float, whole: float) -> Floats:
    """s ln(s/e) + (C − s) ln((C − s)/(C − e)), e = C n_z/N."""
    expected = within * (cases / whole)
    far = cases - inside
    ratio: Floats = xlogy(inside, inside / expected) + xlogy(far, far / np.where(far > 0, cases - expected, 1.0))
    return ratio


def _bernoulli(inside: Floats, within: Floats, cases: float, whole: float) -> Floats:
    """Σ x ln(x / those there) over cases and others, inside and outside, less the same of one rate for all."""
    outside = np.maximum(whole - within, 0.0)
    far, others = np.maximum(cases - inside, 0.0), np.maximum(within - inside, 0.0)
    rest = np.maximum(outside - far, 0.0)
    apart = sum((xlogy(x, x) for x in (inside, others, far, rest)), -xlogy(within, within) - xlogy(outside, outside))
    alike = xlogy(cases, cases) + xlogy(whole - cases, whole - cases) - xlogy(whole, whole)
    return np.asarray(apart - alike, dtype=np.float64)


# Of cases and people in a circle, and of all: the ln likelihood ratio. Arrays of one shape.
RATIOS: Mapping[str, Callable[[Floats, Floats, float, float], Floats]] = {
    "poisson": _poisson,
    "bernoulli": _bernoulli,
}


@dataclass(frozen=True, slots=True, eq=False)
class _Scanner:
    """The likelihood ratios of all circles under a model. `within`: weighed people. `bend`: N / (n_z (N − n_z)), 0
    where no circle may end; times (s − e)² over a case's variance it is χ², which no ratio exceeds (KL ≤ χ²)."""

    model: _Model
    order: npt.NDArray[np.intp]
    within: Floats
    bend: Floats
    whole: float

    @classmethod
    def of(cls, model: _Model, n: Counts, windows: _Windows) -> _Scanner:
        """Circles as the model weighs the people in them."""
        people = n * model.weight
        within, whole = np.cumsum(people[windows.order], axis=1), float(people.sum())
        outside = whole - within
        some = windows.allowed & (outside > TIE * whole)
        bend = np.divide(whole, within * outside, out=np.zeros(within.shape), where=some)
        return cls(model, np.ascontiguousarray(windows.order), within, bend, whole)

    def ratios(self, drawn: Counts) -> Floats:
        """Of cases (n,), for every circle (n, k); 0 where there is no excess, and where no circle may end."""
        weighed = drawn * self.model.weight
        inside, cases = np.cumsum(weighed[self.order], axis=1), float(weighed.sum())
        excess = (inside > self.within * (cases / max(self.whole, 1.0)) * (1 + TIE)) & (self.bend > 0)
        found = np.zeros(inside.shape)
        told = RATIOS[self.model.kernel](inside[excess], self.within[excess], cases, self.whole)
        found[excess] = np.maximum(told, 0.0)
        return found

    def best(self, drawn: Counts) -> Floats:
        """The greatest ratio of each replica (rows, n): logarithms only where χ² leaves room for a greater one."""
        kernel = RATIOS[self.model.kernel]
        inside, chi = np.empty(self.within.shape), np.empty(self.within.shape)
        greatest = np.zeros(len(drawn))
        for row, weighed in enumerate(drawn * self.model.weight):
            cases = float(weighed.sum())
            share = cases / self.whole
            np.take(weighed, self.order, out=inside, mode="clip")
            np.cumsum(inside, axis=1, out=inside)
            np.multiply(self.within, share, out=chi)
            np.subtract(inside, chi, out=chi)
            np.maximum(chi, 0.0, out=chi)
            chi *= chi
            chi *= self.bend
            variance = share * (1 - share) if self.model.kernel == "bernoulli" else share
            top = np.unravel_index(chi.argmax(), chi.shape)
            if not chi[top] > 0 or not variance > 0:
                continue
            least = kernel(inside[top], self.within[top], cases, self.whole)
            hopeful = chi >= least * variance * (1 - TIE)
            # Where an excess is but rounding, its own bound may fall short of it.
            told = kernel(inside[hopeful], self.within[hopeful], cases, self.whole)
            greatest[row] = told.max(initial=max(float(least), 0.0))
        return greatest


def _best_by_chance(scanner: _Scanner, replicas: int, seed: int, workers: int | None) -> Floats:
    """The greatest ratio of each replica, in their order."""

    def best(block: int) -> Floats:
        rows = min(BLOCK, replicas - block * BLOCK)
        return scanner.best(scanner.model.draw(stream(seed, "spatial", "scan", block), rows))

    return np.concatenate(list(each(best, range(-(-replicas // BLOCK)), workers)))


def _told(
    best: Floats, chance: Floats | None, windows: _Windows, y: pd.Series, n: pd.Series, level: float
) -> tuple[pd.DataFrame, Counts]:
    """The circles that overlap none better, as long as they are told; of equal ones the smaller, then by code."""
    member, left = np.zeros(len(y), dtype=np.int64), best.copy()
    rows: list[dict[str, Any]] = []
    while chance is not None and left.max(initial=0.0) > 0:
        equal = np.argwhere(left >= left.max() * (1 - TIE))
        centre, last = equal[np.lexsort((equal[:, 0], windows.population[*equal.T]))[0]]
        llr = float(left[centre, last])
        p = (int((chance >= llr * (1 - TIE)).sum()) + 1) / (len(chance) + 1)
        if rows and p > level:
            break
        inside = windows.order[centre, : last + 1]
        member[inside] = len(rows) + 1
        at = {"centre": y.index[centre], "radius_m": windows.radius[centre, last], "villages": int(last) + 1}
        rows.append(at | _figures(y, n, inside) | {"llr": llr, "p": p})
        taken = np.maximum.accumulate(member[windows.order] > 0, axis=1)
        left[taken] = 0.0
        if p > level:
            break
    index = pd.RangeIndex(1, len(rows) + 1, name="number")
    return pd.DataFrame(rows, index=index, columns=list(FIGURES)), member


FIGURES = (
    "centre", "radius_m", "villages", "population", "observed", "expected", "excess", "risk", "llr", "p",
)  # fmt: skip


def _figures(y: pd.Series, n: pd.Series, inside: npt.NDArray[np.intp]) -> dict[str, float]:
    observed, people = int(y.iloc[inside].sum()), int(n.iloc[inside].sum())
    return figures(observed, people, int(y.sum()), int(n.sum()))


def figures(observed: int, people: int, cases: int, population: int) -> dict[str, float]:
    """Of a cluster with `observed` cases among `people`, of `cases` among the `population` scanned.

    :returns: `population`, `observed`, `expected`, `excess` (people), and `risk`, the rate inside over the rate
        outside; NaN where there is none outside.

    >>> {name: round(value, 2) for name, value in figures(100, 111674, 552, 1057673).items()}
    {'population': 111674, 'observed': 100, 'expected': 58.28, 'excess': 41.72, 'risk': 1.87}
    """
    expected = cases * people / population
    outside, others = cases - observed, population - people
    risk = observed / people / (outside / others) if outside and others else float("nan")
    told = {"population": people, "observed": observed, "expected": expected, "excess": observed - expected}
    return {**told, "risk": risk}
