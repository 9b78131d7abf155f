"""Neighbours, hot spots and the scan at full size, beside libpysal and esda in one run: seconds of wall and of CPU.

python benchmarks/space.py ../shared/data/boundaries/national_simplified.parquet [--without-esda]
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from lokus.methods import hotspots, scan, spatial
from lokus.sources.keeping import kept_neighbours
from lokus.sources.polygons import to_metric

PERMUTATIONS, REPLICAS, VILLAGES = 999, 999, 250


def timed(name: str, work: Callable[[], Any]) -> Any:
    """Prints what a job took, once and cold, and gives what came out."""
    wall, cpu = time.perf_counter(), time.process_time()
    out = work()
    print(f"{name:<64} {time.perf_counter() - wall:7.2f} s  {time.process_time() - cpu:7.2f} s CPU", flush=True)
    return out


def every_way(metric: gpd.GeoSeries) -> pd.DataFrame:
    """Each way of `spatial.NEIGHBOURS`, libpysal's contiguity, and the kept file. Returns the queen's pairs."""
    from libpysal.graph import Graph

    ways: tuple[spatial.Nearness, ...] = tuple(spatial.Nearness(by=by) for by in ("queen", "rook", "knn", "distance"))
    found = [timed(f"lokus {way.by}", lambda way=way: spatial.neighbours(metric, way)) for way in ways]
    for way, pairs in zip(ways, found, strict=True):
        print(f"  {way.by}: {len(pairs) // 2:,} pairs")
    other = timed("libpysal queen (one thread)", lambda: Graph.build_contiguity(metric, rook=False))
    print(f"  libpysal: {len(other.adjacency[other.adjacency > 0]) // 2:,} pairs, {len(other.isolates):,} without any")
    with TemporaryDirectory() as folder:
        study = Path(folder)
        (study / "lokus.toml").touch()
        timed("lokus queen, measured and kept", lambda: kept_neighbours(study, metric, ways[0]))
        timed("lokus queen, kept", lambda: kept_neighbours(study, metric, ways[0]))
    return found[0]


def hot_spots(pairs: pd.DataFrame, codes: pd.Index, *, beside: bool) -> None:
    """Local Moran, Gi* and global Moran of random rates; esda's local Moran."""
    values = pd.Series(np.random.default_rng(1).normal(size=len(codes)), codes)
    options = {"permutations": PERMUTATIONS, "seed": 1}
    timed(f"lokus local Moran, {PERMUTATIONS} permutations", lambda: hotspots.local_moran(values, pairs, **options))
    timed("lokus local Moran, 9999", lambda: hotspots.local_moran(values, pairs, permutations=9999, seed=1))
    timed("lokus Gi*", lambda: hotspots.gi_star(values, pairs))
    timed(f"lokus global Moran, {PERMUTATIONS}", lambda: hotspots.moran_test(values, pairs, **options))
    if beside:
        from esda import Moran_Local

        graph = spatial.to_graph(pairs, codes).transform("r")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            work = lambda: Moran_Local(values.to_numpy(), graph, permutations=PERMUTATIONS, seed=1, n_jobs=-1)  # noqa: E731
            timed(f"esda local Moran, {PERMUTATIONS}", work)


def clusters() -> None:
    """The scan of one kabupaten, by every null."""
    rng = np.random.default_rng(2)
    people = pd.Series(rng.integers(30, 400, VILLAGES))
    cases = pd.Series(rng.binomial(people, rng.beta(10.5, 38.5, VILLAGES)))
    points = pd.DataFrame(rng.random((VILLAGES, 2)) * 5e4, columns=["x", "y"])
    for model in scan.MODELS:
        work = lambda model=model: scan.scan(cases, people, points, model=model, replicas=REPLICAS, seed=1)  # noqa: E731
        timed(f"lokus scan, {model}, {VILLAGES} villages × {REPLICAS} replicas", work)


def main(file: Path, *, beside: bool) -> None:
    """Prints every job."""
    clusters()
    villages = gpd.read_parquet(file)
    villages = villages.set_index(villages["kode"].astype("str"))
    metric = to_metric(villages.geometry[~villages.index.duplicated()])
    print(f"{len(metric):,} villages")
    hot_spots(every_way(metric), metric.index, beside=beside)


if __name__ == "__main__":
    main(Path(sys.argv[1]), beside="--without-esda" not in sys.argv)
