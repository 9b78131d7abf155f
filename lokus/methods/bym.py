"""Besag, York & Mollié's model of neighbouring rates, by a Gaussian approximation with a sparse precision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu
from scipy.special import expit, logit

from lokus.methods.smoothing import design_matrix, links

Floats = NDArray[np.float64]

RATE = 5e-5  # INLA's default Gamma(1, 5e-5) on both precisions, Normal(0, 1/0.001) on coefficients
FLAT, WEAK = 1e-9, 1e-3
RIDGE = 1e-6  # makes an intrinsic precision invertible; its sums are held at 0 anyway
LOG_PRECISIONS = (-4.0, 10.0)


@dataclass(frozen=True, slots=True)
class Bym:
    """A fitted BYM: `coefficients` (`intercept` first), their `sd`, `precision` of the "spatial" and the "own" part,
    by area `linear` (mean, sd of ln risk or logit rate), and the `islands`, areas without a neighbour."""

    coefficients: pd.Series
    sd: pd.Series
    precision: dict[str, float]
    linear: pd.DataFrame
    islands: list[str]


@dataclass(frozen=True, slots=True)
class _Field:
    """The latent field x = (spatial, own, coefficients) of one model, and the areas' counts seen through it."""

    y: Floats
    exposure: Floats
    sees: sparse.csc_array
    structure: sparse.csc_array
    sums: Floats
    likelihood: Callable[[Floats, Floats, Floats], tuple[float, Floats, Floats]]


def bym(
    y: pd.Series,
    exposure: pd.Series,
    adjacency: pd.DataFrame,
    covariates: pd.DataFrame | None = None,
    family: Literal["poisson", "binomial"] = "poisson",
) -> Bym:
    """Rates that share what their neighbours have in common: η = Xβ + u + v, u intrinsic autoregressive, v independent.

    y ~ Poisson(E·e^η) or Binomial(n, 1/(1 + e^−η)); u has precision τ_u·R, R the neighbours' Laplacian scaled in each
    connected part to a geometric mean variance of 1, u summing to 0 in each; an island's u is independent, of variance
    1/τ_u. The field's posterior is taken as Gaussian at its mode, and (τ_u, τ_v) where Laplace's approximation of their
    posterior is highest, under INLA's default priors; not averaged over them as INLA does.

    Parameters: events y of `exposure` (expected events, or for "binomial" people, y ≤ n), > 0, `covariates` (any unit),
    complete, on one index; `adjacency` as `spatial.contiguity` returns it.
    Returns: a `Bym`. Cost: dense inverses of each part, so for some thousand areas.
    Raises: ValueError as `smoothing.gamma_poisson`, for an adjacency with other areas, or a family without a name here.
    Source: Besag, York & Mollié 1991; Breslow & Clayton 1993; Sørbye & Rue 2014 and Freni-Sterrantino, Ventrucci & Rue
    2018 (scaling by connected part, islands).
    """
    if family not in FAMILIES:
        raise ValueError(f"family is one of {sorted(FAMILIES)}, not {family!r}")
    design = design_matrix(y, exposure, covariates)
    if family == "binomial" and (y > exposure).any():
        raise ValueError("a numerator is over its denominator")
    near = links(adjacency, y.index)
    structure, sums, alone = _structure(near)
    one = sparse.eye_array(len(y))
    sees = sparse.hstack([one, one, sparse.csr_array(design.to_numpy())], format="csc")
    wide = np.hstack([sums, np.zeros((len(sums), len(y) + design.shape[1]))])
    events, base = y.to_numpy(dtype=float), exposure.to_numpy(dtype=float)
    field = _Field(events, base, sees, structure, wide, FAMILIES[family])
    start = np.zeros(sees.shape[1])
    common = (events.sum() + 0.5) / (base.sum() + 1)
    start[2 * len(y)] = np.log(common) if family == "poisson" else logit(common)
    found = minimize(
        lambda at: -_evidence(field, at, start), [1.0, 3.0], method="Nelder-Mead", bounds=[LOG_PRECISIONS] * 2
    )
    return _told(field, found.x, start, y.index, design.columns, alone)


def _poisson(eta: Floats, y: Floats, exposure: Floats) -> tuple[float, Floats, Floats]:
    mean = exposure * np.exp(eta)
    return float(y @ eta - mean.sum()), y - mean, mean


def _binomial(eta: Floats, y: Floats, exposure: Floats) -> tuple[float, Floats, Floats]:
    p = expit(eta)
    return float(y @ eta - exposure @ np.logaddexp(0, eta)), y - exposure * p, exposure * p * (1 - p)


# Of η, counts and exposure: the log-likelihood, its slope in η and its bend (the weights).
FAMILIES: Mapping[str, Callable[[Floats, Floats, Floats], tuple[float, Floats, Floats]]] = {
    "poisson": _poisson,
    "binomial": _binomial,
}


def _structure(near: sparse.csr_array) -> tuple[sparse.csc_array, Floats, NDArray[np.intp]]:
    """The scaled precision of u, the sums held at 0 (one row a connected part), and the places of the islands."""
    number, part = connected_components(near, directed=False)
    laplacian = (sparse.diags_array(near.sum(axis=1)) - near).tocsr()
    scale = np.ones(len(part))
    members = [np.flatnonzero(part == one) for one in range(number)]
    parts = [rows for rows in members if len(rows) > 1]
    for rows in parts:
        variance = np.diag(np.linalg.pinv(laplacian[rows][:, rows].toarray(), hermitian=True))
        scale[rows] = np.exp(np.log(variance).mean())
    alone = np.array([rows[0] for rows in members if len(rows) == 1], dtype=np.intp)
    own = np.zeros(len(part))
    own[alone] = 1.0
    sums = np.array([(part == part[rows[0]]).astype(float) for rows in parts]).reshape(len(parts), len(part))
    return (sparse.diags_array(scale) @ laplacian + sparse.diags_array(own)).tocsc(), sums, alone


def _mode(field: _Field, at: Floats, start: Floats) -> tuple[Floats, Callable[[Floats], Floats], float]:
    """The field's mode at log precisions `at`, the solver of its constrained covariance, and the log determinant."""
    n, extra = len(field.y), len(start) - 2 * len(field.y)
    spatial, own = np.exp(at)
    fixed = np.r_[FLAT, np.full(extra - 1, WEAK)]
    prior = sparse.block_diag(
        [
            spatial * (field.structure + RIDGE * sparse.eye_array(n)),
            own * sparse.eye_array(n),
            sparse.diags_array(fixed),
        ]
    )
    x = start
    for _ in range(100):
        eta = field.sees @ x
        _, slope, weight = field.likelihood(eta, field.y, field.exposure)
        factor = splu((prior + field.sees.T @ sparse.diags_array(weight) @ field.sees).tocsc())
        tied = factor.solve(field.sums.T)
        cross = field.sums @ tied

        def solve(right: Floats, factor: Any = factor, tied: Floats = tied, cross: Floats = cross) -> Floats:
            free: Floats = factor.solve(right)
            free -= tied @ np.linalg.solve(cross, field.sums @ free)
            return free

        step = solve(field.sees.T @ (weight * eta + slope)) - x
        # A full Newton step from far away may overshoot: no logit or logarithm moves by more than 2 at a time.
        x, moved = x + step / max(1.0, float(np.abs(step).max()) / 2), float(np.abs(step).max())
        if moved < 1e-9:
            break
    return x, solve, float(np.log(np.abs(factor.U.diagonal())).sum() + np.linalg.slogdet(cross)[1])


def _evidence(field: _Field, at: Floats, start: Floats) -> float:
    """Laplace's approximation of the log posterior of the log precisions, but for a constant."""
    x, _, determinant = _mode(field, at, start)
    n = len(field.y)
    u, v, beta = x[:n], x[n : 2 * n], x[2 * n :]
    fit = field.likelihood(field.sees @ x, field.y, field.exposure)[0]
    squares = np.exp(at) @ [u @ (field.structure @ u), v @ v] + WEAK * (beta[1:] @ beta[1:])
    free = np.array([n - len(field.sums), n])
    return float(fit + (free @ at - squares - determinant) / 2 + (at - RATE * np.exp(at)).sum())


def _told(field: _Field, at: Floats, start: Floats, index: pd.Index, names: pd.Index, alone: NDArray[np.intp]) -> Bym:
    x, solve, _ = _mode(field, at, start)
    n = len(index)
    sees = field.sees.toarray()
    chosen = np.eye(len(x))[:, 2 * n :]
    spread = np.sqrt(np.einsum("ij,ji->i", sees, solve(sees.T)))
    sd = np.sqrt(np.einsum("ij,ij->j", chosen, solve(chosen)))
    return Bym(
        coefficients=pd.Series(x[2 * n :], names),
        sd=pd.Series(sd, names),
        precision=dict(zip(("spatial", "own"), np.exp(at).tolist(), strict=True)),
        linear=pd.DataFrame({"mean": field.sees @ x, "sd": spread}, index=index),
        islands=index[alone].tolist(),
    )
