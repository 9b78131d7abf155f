"""Do neighbours help: priors for villages on simulated kabupaten with known rates, on the real maps of two kabupaten.

python benchmarks/neighbours.py ../shared/data/boundaries [kabupaten simulated for each line]

Rates are Beta as fitted to Pasangkayu's e-PPGBM count (a = 10.7, b = 39.0), tied by a Gaussian copula: a part `alike`
of the variance falls off with distance (e-fold at four times the mean distance to the nearest village), the rest is
each village's own. Measured children: lognormal about 145, 22 to 452, as Pasangkayu's quantiles.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.special import betaincinv, expit, ndtr, ndtri

from lokus.methods import bym, prevalence, smoothing, spatial

ALIKE = (0.0, 0.4, 0.8, 1.0)
LEVEL = 0.90
Estimate = Callable[[pd.Series, pd.Series, pd.DataFrame, prevalence.Prior], pd.DataFrame]


def kabupaten(y: pd.Series, n: pd.Series, _near: pd.DataFrame, prior: prevalence.Prior) -> pd.DataFrame:
    """The prior of the whole kabupaten for every village."""
    return prevalence.posterior(y, n, prior, level=LEVEL)


def pooled(y: pd.Series, n: pd.Series, near: pd.DataFrame, prior: prevalence.Prior) -> pd.DataFrame:
    """The neighbourhood's rate, the village included, held by the kabupaten's strength: nothing fitted."""
    around = smoothing.links(near, y.index)
    hits, seen = (pd.Series(around @ c.to_numpy() + c, y.index) for c in (y, n))
    mean = (prior.a + hits) / (prior.strength + seen)
    each = pd.DataFrame({"a": mean * prior.strength, "b": (1 - mean) * prior.strength})
    return prevalence.posterior(y, n, each, level=LEVEL)


def neighbours(y: pd.Series, n: pd.Series, near: pd.DataFrame, prior: prevalence.Prior) -> pd.DataFrame:
    """The product's: leaning on neighbours as far as the counts say."""
    return prevalence.posterior(y, n, smoothing.spatial_prior(y, n, near, prior), level=LEVEL)


def icar(y: pd.Series, n: pd.Series, near: pd.DataFrame, _prior: prevalence.Prior) -> pd.DataFrame:
    """Besag, York & Mollié on the logit."""
    logits = bym.bym(y, n, near, family="binomial").linear
    half = ndtri(0.5 + LEVEL / 2) * logits["sd"]
    nodes, weights = np.polynomial.hermite_e.hermegauss(15)
    spread = logits["mean"].to_numpy()[:, None] + logits["sd"].to_numpy()[:, None] * nodes
    mean = expit(spread) @ weights / weights.sum()
    return pd.DataFrame({"estimate": mean, "low": expit(logits["mean"] - half), "high": expit(logits["mean"] + half)})


PRIORS: dict[str, Estimate] = {"kabupaten": kabupaten, "pooled": pooled, "neighbours": neighbours, "icar": icar}


def simulated(map_file: Path, alike: float, times: int) -> pd.DataFrame:
    """Squared error, coverage, true mean rate of the top sixth, and seconds: a row for each kabupaten and prior."""
    shapes = gpd.read_file(map_file).geometry.make_valid()
    metric = shapes.to_crs(shapes.estimate_utm_crs())
    near = spatial.contiguity(metric)
    x, y = metric.centroid.x.to_numpy(), metric.centroid.y.to_numpy()
    apart = np.hypot(x[:, None] - x, y[:, None] - y)
    reach = 4 * np.sort(apart, axis=1)[:, 1].mean()
    root = np.linalg.cholesky(alike * np.exp(-apart / reach) + (1 - alike + 1e-9) * np.eye(len(x)))
    rng = np.random.default_rng([20, len(x), int(alike * 10)])
    rows = []
    for which in range(times):
        n = pd.Series(np.clip(np.rint(145 * np.exp(0.65 * rng.standard_normal(len(x)))), 22, 452))
        rate = betaincinv(10.7, 39.0, ndtr(root @ rng.standard_normal(len(x))))
        hits = pd.Series(rng.binomial(n.astype(int), rate), dtype=float)
        prior = prevalence.beta_binomial_prior(hits, n)
        for name, estimate in PRIORS.items():
            start = time.perf_counter()
            told = estimate(hits, n, near, prior)
            seconds = time.perf_counter() - start
            top = told["estimate"].nlargest(len(x) // 6).index
            covered = ((told["low"] <= rate) & (rate <= told["high"])).mean()
            rows.append((which, name, ((told["estimate"] - rate) ** 2).mean(), covered, rate[top].mean(), seconds))
    return pd.DataFrame(rows, columns=["kabupaten", "prior", "error", "coverage", "top", "seconds"])


def main(folder: Path, times: int = 40) -> None:
    """Prints, for each map and each degree of likeness, each prior beside the kabupaten's in the same draws."""
    print("map · alike · prior: error ÷ that of the kabupaten's prior ± s.e. · coverage of 90 % · top sixth · ms")
    for name in ("pasangkayu", "muara_enim"):
        for alike in ALIKE:
            found = simulated(folder / name / f"{name}.shp", alike, times)
            error = found.pivot_table(index="kabupaten", columns="prior", values="error")
            ratio = error.div(error["kabupaten"], axis=0).sem()
            mean = found.drop(columns="kabupaten").groupby("prior").mean()
            for prior in PRIORS:
                said = mean.loc[prior]
                print(
                    f"{name:<10} {alike:.1f} {prior:<10} {said['error'] / mean.loc['kabupaten', 'error']:.3f}"
                    f" ± {ratio[prior]:.3f}  {said['coverage']:.3f}  {said['top']:.4f}  {1000 * said['seconds']:.0f}"
                )


if __name__ == "__main__":
    main(Path(sys.argv[1]), *(int(a) for a in sys.argv[2:3]))
