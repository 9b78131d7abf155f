"""Besag, York & Mollié: Scotland's lip cancer as published, and the laws of the field."""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from lokus.methods.bym import bym
from lokus.methods.spatial import contiguity


def ring(number: int) -> pd.DataFrame:
    both = sorted({(i, (i + s) % number) for i in range(number) for s in (1, -1)})
    return pd.DataFrame({"weight": 1.0}, index=pd.MultiIndex.from_tuples(both, names=["focal", "neighbor"]))


def test_published_scotland(published: Path) -> None:
    """scotland_bym_published.json: Moraga (INLA, posterior means) −0.305 + 4.330·AFF, to compare within 0.05 and 0.3.

    INLA averages over the precisions and corrects the mean for skewness; this takes the mode of both. The islands are
    Orkney, Shetland and the Western Isles; more than 90 % of what AFF leaves over is spatial (the file's note).
    """
    told = json.loads((published / "smallarea/scotland_bym_published.json").read_text())
    shapes = gpd.read_file(published / "smallarea/scotland.geojson").set_index("county.names").geometry
    metric = shapes.scale(1000, 1000, origin=(0, 0)).set_crs(27700, allow_override=True)
    d = pd.read_csv(published / "smallarea/scotland_lipcancer_expected.csv", index_col="county")
    found = bym(d["observed"], d["expected"], contiguity(metric, near_m=0, islands="alone"), d[["AFF"]])
    assert found.coefficients["intercept"] == pytest.approx(told["intercept_mean"], abs=0.05)
    assert found.coefficients["AFF"] == pytest.approx(told["AFF_mean"], abs=0.3)
    assert sorted(found.islands) == ["orkney", "shetland", "western.isles"]
    assert 1 / found.precision["spatial"] > 9 / found.precision["own"]


@pytest.mark.parametrize("family", ["poisson", "binomial"])
def test_fitted_risks_lie_between_raw_and_common_and_neighbours_lend(family: str) -> None:
    """Law, on a ring of alike areas and an island: counts keep their sum, errors shrink, small areas are less sure."""
    rng = np.random.default_rng(4)
    wave = np.sin(np.arange(40) / 40 * 2 * np.pi)
    n = pd.Series(rng.integers(20, 400, 41), dtype=float)
    rate = np.append(0.2 + 0.12 * wave, 0.2)
    y = pd.Series(rng.binomial(n.astype(int), rate), dtype=float)
    exposure = n if family == "binomial" else n * (y.sum() / n.sum())
    found = bym(y, exposure, ring(40), family=family)  # type: ignore[arg-type]
    linear = found.linear["mean"]
    fitted = n / (1 + np.exp(-linear)) if family == "binomial" else exposure * np.exp(linear)
    assert found.islands == [40]
    # The mode with a free intercept gives the counts their sum back.
    assert fitted.sum() == pytest.approx(y.sum(), rel=1e-6)
    assert (((fitted / n) - rate) ** 2).mean() < 0.6 * (((y / n) - rate) ** 2).mean()
    assert (found.linear["sd"] > 0).all()
    small, large = n.nsmallest(8).index, n.nlargest(8).index
    assert found.linear["sd"][small].mean() > found.linear["sd"][large].mean()


def dense_laplace(y, exposure, near, at):
    """(log posterior of the log precisions at `at`, mean and sd of η) by a dense Gaussian process over η alone."""
    n = len(y)
    covariance = np.zeros((n, n))
    for part in (range(12), range(12, 20)):
        rows = np.ix_(part, part)
        inverse = np.linalg.pinv(np.diag(near[rows].sum(1)) - near[rows])
        covariance[rows] = inverse / np.exp(np.log(np.diag(inverse)).mean())
    covariance[20, 20] = 1.0
    k = covariance / np.exp(at[0]) + np.eye(n) / np.exp(at[1]) + 1e9
    eta = np.zeros(n)
    for _ in range(60):
        mean = exposure * np.exp(eta)
        eta = k @ np.linalg.solve(np.eye(n) + mean[:, None] * k, mean * eta + y - mean)
    mean = exposure * np.exp(eta)
    root = np.sqrt(mean)
    b = np.eye(n) + root[:, None] * k * root
    fit = y @ eta - mean.sum() - eta @ np.linalg.solve(k, eta) / 2 - np.linalg.slogdet(b)[1] / 2
    variance = np.diag(k - k @ np.diag(root) @ np.linalg.solve(b, root[:, None] * k))
    return fit + (at - 5e-5 * np.exp(at)).sum(), eta, np.sqrt(variance)


def test_a_dense_gaussian_process_agrees_and_finds_no_better_precisions() -> None:
    """Oracle: two parts of unlike size and an island; covariances by pseudo-inverse, the field seen through η alone."""
    rng = np.random.default_rng(2)
    near = np.zeros((21, 21))
    for start, size in ((0, 12), (12, 8)):
        for i in range(size):
            for j in ((i + 1) % size, (i + 3) % size):
                near[start + i, start + j] = near[start + j, start + i] = 1
    wave = 0.8 * np.sin(np.arange(21) / 12 * 2 * np.pi) + 0.4 * rng.standard_normal(21)
    e = rng.uniform(20, 60, 21)
    y = rng.poisson(e * np.exp(wave)).astype(float)
    pairs = pd.MultiIndex.from_arrays(np.nonzero(near), names=["focal", "neighbor"])
    found = bym(pd.Series(y), pd.Series(e), pd.DataFrame({"weight": 1.0}, index=pairs))
    at = np.log([found.precision["spatial"], found.precision["own"]])
    best, eta, sd = dense_laplace(y, e, near, at)
    np.testing.assert_allclose(found.linear["mean"], eta, atol=1e-4)
    np.testing.assert_allclose(found.linear["sd"], sd, rtol=1e-3)
    assert (np.abs(at) < 8).all()
    for step in np.array([[0.05, 0], [-0.05, 0], [0, 0.05], [0, -0.05]]):
        assert dense_laplace(y, e, near, at + step)[0] < best


def test_areas_without_any_neighbour_are_fitted_alike() -> None:
    """Law: with no links the order of areas is all there is, and equal areas are equal."""
    y, e = pd.Series([1.0, 5.0, 1.0, 9.0, 5.0]), pd.Series([3.0] * 5)
    found = bym(y, e, ring(5).iloc[:0])
    assert found.islands == [0, 1, 2, 3, 4]
    linear = found.linear["mean"]
    assert linear[0] == pytest.approx(linear[2], abs=1e-8)
    assert linear[0] < linear[1] < linear[3]


def test_what_bym_cannot_use_is_refused() -> None:
    y, n = pd.Series([1.0, 5.0]), pd.Series([4.0, 4.0])
    with pytest.raises(ValueError, match="over its denominator"):
        bym(y, n, ring(2), family="binomial")
    with pytest.raises(ValueError, match="family is one of"):
        bym(y, n, ring(2), family="normal")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="adjacency names"):
        bym(y, n, ring(3))
