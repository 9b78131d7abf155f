"""Where new service points would reach the most people: the greatest cover (MCLP) and the shortest ways (p-median)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Sites:
    """Chosen sites. `chosen`: their columns, of a greedy choice in the order taken, else ascending; `total`: the people
    brought within (cover), or the people-weighted sum of costs (median)."""

    chosen: tuple[int, ...]
    total: float


def grouped(people: Floats, reach: sparse.csr_array) -> tuple[Floats, sparse.csr_array]:
    """Places that the same sites reach as one: the same answers from fewer rows.

    :param people: shape (n,), ≥ 0. :param reach: bool, shape (n, m). :return: the same of fewer rows; those without
        people, or that no site reaches, are left out.
    """
    reach = sparse.csr_array(reach)
    reach.sort_indices()
    seen: dict[bytes, int] = {}
    kept: list[int] = []
    sums: list[float] = []
    for i in np.flatnonzero((people > 0) & (np.diff(reach.indptr) > 0)).tolist():
        key = reach.indices[reach.indptr[i] : reach.indptr[i + 1]].tobytes()
        at = seen.setdefault(key, len(kept))
        if at == len(kept):
            kept.append(i)
            sums.append(0.0)
        sums[at] += float(people[i])
    return np.array(sums), sparse.csr_array(reach[np.array(kept, dtype=np.intp)])


def greedy_cover(people: Floats, reach: sparse.csr_array, count: int) -> Sites:
    """One site after another, each the one that brings the most people who are not yet reached.

    :param people: by place, shape (n,), ≥ 0. :param reach: bool, shape (n, m): the site is near enough to the place.
    :param count: sites to take; fewer are taken where no other site brings anybody.
    :return: the sites; of equally good ones the first. Its total is at least 63 % (1 − 1/e) of the greatest.
    :raises ValueError: as `_held`.
    :source: Church & ReVelle 1974 (greedy adding); Nemhauser, Wolsey & Fisher 1978 (the bound).
    """
    _held(people, reach.shape, count)
    columns, left = sparse.csc_array(reach, dtype="float64"), people.astype("float64")
    chosen: list[int] = []
    while len(chosen) < count:
        gain = columns.T @ left
        best = int(gain.argmax())
        if gain[best] <= 0:
            break
        chosen.append(best)
        left[columns.indices[columns.indptr[best] : columns.indptr[best + 1]]] = 0.0
    return Sites(tuple(chosen), float(people.sum() - left.sum()))


def exact_cover(people: Floats, reach: sparse.csr_array, count: int) -> Sites:
    """The sites that together reach the most people, proven.

    max Σ w_i y_i,  y_i ≤ Σ_{j reaches i} x_j,  Σ x_j ≤ count,  x ∈ {0, 1},  0 ≤ y ≤ 1

    Parameters and errors as `greedy_cover`. :return: the sites; none that brings nobody more.
    :raises RuntimeError: when the solver stops without a proof.
    :source: Church & ReVelle 1974, "The maximal covering location problem"; Huangfu & Hall 2018 (HiGHS).
    """
    _held(people, reach.shape, count)
    weight, within = grouped(people, reach)
    n, m = within.shape
    if not n:
        return Sites((), 0.0)
    # y first, x after.
    covered = sparse.hstack([sparse.eye_array(n), -within.astype("float64")], format="csr")
    taken = sparse.csr_array(np.r_[np.zeros(n), np.ones(m)][None, :])
    x = _solved(np.r_[-weight, np.zeros(m)], np.r_[np.zeros(n), np.ones(m)], [(covered, -np.inf, 0), (taken, 0, count)])
    chosen = np.flatnonzero(x[n:] > 0.5)
    needed = _needed(weight, within, chosen)
    return Sites(tuple(needed.tolist()), _reached(people, reach, needed))


def greedy_median(people: Floats, cost: Floats, count: int, now: Floats | None = None) -> Sites:
    """One site after another, each the one that shortens the ways of all people the most.

    :param people: by place, shape (n,), ≥ 0. :param cost: of the way from place to site, shape (n, m), finite, ≥ 0.
    :param count: sites to take. :param now: cost of the way to the services there are, shape (n,); None = there are
        none.
    :return: the sites, fewer where no other shortens a way; `total` is Σ people · cost to the nearest, old or new.
    :raises ValueError: as `_held`.
    """
    _held(people, cost.shape, count, cost)
    told = people > 0
    w, c = people[told], cost[told]
    best = np.full(len(w), np.inf) if now is None else now[told].astype("float64")
    chosen: list[int] = []
    while len(w) and len(chosen) < count:
        totals = w @ np.minimum(c, best[:, None])
        site = int(totals.argmin())
        if totals[site] >= w @ best:
            break
        chosen.append(site)
        best = np.minimum(best, c[:, site])
    return Sites(tuple(chosen), float(w @ best))


def exact_median(people: Floats, cost: Floats, count: int, now: Floats | None = None) -> Sites:
    """The sites for which the people's ways are the shortest altogether, proven.

    min Σ w_i c_ij z_ij,  Σ_j z_ij = 1,  z_ij ≤ x_j,  Σ x_j ≤ count,  x ∈ {0, 1},  z ≥ 0;  services that exist are open

    Parameters, return and errors as `greedy_median`. :raises RuntimeError: when the solver stops without a proof.
    :source: ReVelle & Swain 1970, "Central facilities location"; Huangfu & Hall 2018 (HiGHS).
    """
    _held(people, cost.shape, count, cost)
    told = people > 0
    w, c, m = people[told], cost[told], cost.shape[1]
    if not len(w):
        return Sites((), 0.0)
    there = None if now is None else now[told]
    # A way is worth a variable only where it is shorter than the one that is there anyway.
    i, j = np.nonzero(np.ones(c.shape, dtype=bool) if there is None else c < there[:, None])
    k, n = len(i), len(w)
    value = w[i] * (c[i, j] if there is None else c[i, j] - there[i])
    each = sparse.csr_array((np.ones(k), (i, np.arange(k))), shape=(n, k + m))
    ends = (np.r_[np.arange(k), np.arange(k)], np.r_[np.arange(k), k + j])
    linked = sparse.csr_array((np.r_[np.ones(k), -np.ones(k)], ends), shape=(k, k + m))
    taken = sparse.csr_array(np.r_[np.zeros(k), np.ones(m)][None, :])
    limits = [(each, float(there is None), 1.0), (linked, -np.inf, 0.0), (taken, 0.0, float(count))]
    x = _solved(np.r_[value, np.zeros(m)], np.r_[np.zeros(k), np.ones(m)], limits)
    chosen = np.flatnonzero(x[k:] > 0.5)
    best = c[:, chosen].min(axis=1, initial=np.inf)
    best = best if there is None else np.minimum(best, there)
    return Sites(tuple(chosen.tolist()), float(w @ best))


def _solved(value: Floats, whole: Floats, limits: list[tuple[sparse.csr_array, float, float]]) -> Floats:
    found = milp(
        value, integrality=whole, bounds=Bounds(0, 1), options={"mip_rel_gap": 0.0},
        constraints=[LinearConstraint(rows, low, high) for rows, low, high in limits],
    )  # fmt: skip
    if found.status != 0:
        raise RuntimeError(found.message)
    return np.asarray(found.x)


def _needed(people: Floats, reach: sparse.csr_array, chosen: Ints) -> Ints:
    """The chosen sites without those that bring nobody more, the last first."""
    kept = chosen.tolist()
    for site in chosen[::-1].tolist():
        rest = [s for s in kept if s != site]
        if _reached(people, reach, np.array(rest, dtype=np.intp)) >= _reached(people, reach, np.array(kept)):
            kept = rest
    return np.array(kept, dtype=np.intp)


def _reached(people: Floats, reach: sparse.csr_array, chosen: Ints) -> float:
    near = np.asarray(sparse.csr_array(reach)[:, chosen].sum(axis=1)).ravel() > 0
    return float(people[near].sum())


def _held(people: Floats, shape: tuple[int, ...], count: int, cost: Floats | None = None) -> None:
    """Raises `ValueError` where people, sites and count do not fit, or are negative or not finite."""
    if len(people) != shape[0]:
        raise ValueError(f"{len(people)} places with people, {shape[0]} with ways: they are the same places")
    if count < 1 or not shape[1]:
        raise ValueError(f"at least one site to choose, of at least one: not {count} of {shape[1]}")
    for what in (people, cost):
        if what is not None and not (np.isfinite(what).all() and (what >= 0).all()):
            raise ValueError("people and costs are finite and at least 0")
