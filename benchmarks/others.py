"""lokus beside what a user would otherwise use, in one run: seconds and ratios.

python benchmarks/others.py ../shared/data/boundaries/provinces_16_17.parquet
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from esda import Moran_Local
from libpysal.graph import Graph
from scipy.optimize import minimize
from scipy.special import betaln
from stopwatch import best

from lokus.methods import hotspots, prevalence, spatial

PERMUTATIONS = 999


def told(name: str, ours: float, other: str, theirs: float) -> None:
    """One line: both times and how many times faster."""
    print(f"{name:<44} lokus {ours:8.3f} s   {other:<26} {theirs:8.3f} s   {theirs / ours:6.1f} ×")


def beta_binomial_by_scipy(y: pd.Series, n: pd.Series) -> tuple[float, float]:
    """The same likelihood given to a general minimiser."""

    def minus(at: np.ndarray[Any, Any]) -> float:
        mean, strength = 1 / (1 + np.exp(-at[0])), np.exp(at[1])
        a, b = mean * strength, (1 - mean) * strength
        return -float(np.sum(betaln(a + y, b + n - y) - betaln(a, b)))

    found = minimize(minus, np.array([-1.0, 3.0]), method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-8})
    return float(1 / (1 + np.exp(-found.x[0]))), float(np.exp(found.x[1]))


def main(path: Path) -> None:
    """Neighbours beside libpysal, hot spots beside esda (compiling included), the prior beside scipy."""
    warnings.simplefilter("ignore")
    metric = gpd.read_parquet(path).set_index("kode").geometry.to_crs("EPSG:6933")
    print(f"{len(metric):,} villages")
    ours, adjacency = best(lambda: spatial.contiguity(metric, near_m=0, islands="alone"))
    theirs, graph = best(lambda: Graph.build_contiguity(metric, rook=False, strict=False), 1)
    told("contiguity", ours, "libpysal", theirs)
    focal, neighbor = (graph.adjacency.index.get_level_values(k) for k in (0, 1))
    print(f"{'':<44} pairs {len(adjacency):,}   libpysal {int((focal != neighbor).sum()):,}")
    values = pd.Series(np.random.default_rng(1).normal(size=len(metric)), index=metric.index)
    linked = spatial.to_graph(adjacency, metric.index).transform("r")
    ours, _ = best(lambda: hotspots.local_moran(values, adjacency, permutations=PERMUTATIONS, seed=1))
    theirs, _ = best(lambda: Moran_Local(values, linked, permutations=PERMUTATIONS, n_jobs=1, seed=1), 1)
    told(f"local Moran, {PERMUTATIONS} permutations", ours, "esda, first call", theirs)
    theirs, _ = best(lambda: Moran_Local(values, linked, permutations=PERMUTATIONS, n_jobs=1, seed=1), 2)
    told("", ours, "esda, later calls", theirs)
    rng = np.random.default_rng(2)
    n = pd.Series(rng.negative_binomial(2, 0.03, len(metric)) + 1.0, index=metric.index)
    y = pd.Series(rng.binomial(n.astype(int), rng.beta(9, 30, len(metric))), index=metric.index).astype(float)
    ours, prior = best(lambda: prevalence.beta_binomial_prior(y, n))
    theirs, (mean, strength) = best(lambda: beta_binomial_by_scipy(y, n), 1)
    told("beta-binomial prior", ours, "scipy Nelder-Mead", theirs)
    print(f"{'':<44} mean {prior.mean:.6f} / {mean:.6f}   strength {prior.strength:.4f} / {strength:.4f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
