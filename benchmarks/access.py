"""Ways to a service on 4,000 × 4,000 cells beside SciPy's Dijkstra, and sites chosen greedily and proven.

python benchmarks/access.py [SIDE]
"""

from __future__ import annotations

import sys

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS
from scipy import ndimage, sparse
from scipy.sparse.csgraph import dijkstra
from stopwatch import best

from lokus.methods import access, siting
from lokus.sources.friction import sums
from lokus.sources.rasters import Grid

CELL = 30.0


def land(side: int) -> np.ndarray:
    """Minutes a metre: hills that are walked by Tobler, a mesh of roads, a sixth of it sea."""
    rng = np.random.default_rng(1)
    rough = ndimage.zoom(rng.normal(size=(side // 40 + 2, side // 40 + 2)), 40, order=1)[:side, :side]
    speed = np.where(rough > 0.5, 3.0, 5.0)
    speed[:: side // 12, :] = speed[:, :: side // 15] = 30.0
    speed[rough < -0.7] = 0.0
    return access.friction(speed, np.abs(rough) * 0.2)


def by_scipy(cost: np.ndarray, sources: list[tuple[int, int]]) -> np.ndarray:
    """The same by a graph of all cells."""
    rows, columns = cost.shape
    number = np.arange(cost.size).reshape(cost.shape)
    ends, lengths = [], []
    for (a, b), metres in (
        ((np.s_[:, :-1], np.s_[:, 1:]), CELL),
        ((np.s_[:-1, :], np.s_[1:, :]), CELL),
        ((np.s_[:-1, :-1], np.s_[1:, 1:]), CELL * 2**0.5),
        ((np.s_[:-1, 1:], np.s_[1:, :-1]), CELL * 2**0.5),
    ):
        step = (cost[a] + cost[b]) / 2 * metres
        open_ = np.isfinite(step)
        ends.append(np.stack([number[a][open_], number[b][open_]]))
        lengths.append(step[open_])
    i, j = np.concatenate(ends, axis=1)
    graph = sparse.csr_array((np.concatenate(lengths), (i, j)), shape=(cost.size, cost.size))
    starts = [r * columns + c for r, c in sources]
    return dijkstra(graph, directed=False, indices=starts, min_only=True).reshape(rows, columns)


def main(side: int) -> None:
    """Prints seconds."""
    rng = np.random.default_rng(2)
    small = land(1000)
    spots = np.argwhere(np.isfinite(small))
    sources = [(int(r), int(c)) for r, c in spots[rng.integers(0, len(spots), 30)]]
    ours, minutes = best(lambda: access.travel_minutes(small, (CELL, CELL), sources), 2)
    theirs, other = best(lambda: by_scipy(small, sources), 1)
    apart = np.nanmax(np.abs(minutes - other)[np.isfinite(minutes)])
    print(f"1,000 x 1,000: lokus {ours:.2f} s, scipy's Dijkstra {theirs:.2f} s, apart by {apart:.1e} minutes")
    cost = land(side)
    spots = np.argwhere(np.isfinite(cost))
    sources = [(int(r), int(c)) for r, c in spots[rng.integers(0, len(spots), 60)]]
    seconds, minutes = best(lambda: access.travel_minutes(cost, (CELL, CELL), sources), 1)
    print(f"{side:,} x {side:,}: {seconds:.1f} s, {np.isfinite(minutes).mean():.0%} of the cells reached")
    grid = Grid(CRS.from_epsg(32750), 0.0, side * CELL, CELL, CELL, side, side)
    steps = np.linspace(0, side * CELL, 17)
    boxes = [shapely.box(x, y, x + steps[1], y + steps[1]) for x in steps[:-1] for y in steps[:-1]]
    villages = gpd.GeoSeries(boxes, crs=32750)
    layers = {name: lambda part: np.nan_to_num(minutes[part]) for name in ("people", "known", "mean", "30", "60")}
    print(f"five layers in 256 villages: {best(lambda: sums(layers, grid, villages), 1)[0]:.1f} s")
    places, sites = rng.uniform(0, 60, (100_000, 2)), rng.uniform(0, 60, (250, 2))
    near = sparse.csr_array(np.hypot(*(places[:, None] - sites[None]).transpose(2, 0, 1)) < 5.0)
    people = rng.integers(0, 20, len(places)).astype(float)
    for name, choose in (("greedy", siting.greedy_cover), ("proven", siting.exact_cover)):
        taken, found = best(lambda choose=choose: choose(people, near, 5), 1)
        print(f"5 of 250 sites for 100,000 places, {name}: {taken:.2f} s, {found.total:,.0f} people")
    towns = rng.uniform(0, 60, (250, 2))
    ways = np.hypot(*(towns[:, None] - sites[None]).transpose(2, 0, 1))
    people = rng.integers(50, 900, 250).astype(float)
    taken, found = best(lambda: siting.exact_median(people, ways, 5), 1)
    print(f"p-median, 5 of 250 sites for 250 villages, proven: {taken:.1f} s, {found.total / people.sum():.2f} km")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4000)
