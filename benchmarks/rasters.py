"""Sums of a raster in the villages of the whole country, beside exactextract's own way and rasterstats; and memory.

    python benchmarks/rasters.py SHARED_DATA [--rasterstats FOLDER] [--huge]

rasterstats is no dependency: install it into a folder of its own (`uv pip install --target FOLDER rasterstats`).
`--huge`: a raster of 40,000 × 40,000 cells under 250 villages that cover it, and under one that covers it all.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from affine import Affine
from exactextract import exact_extract
from stopwatch import best

from lokus.sources.rasters import open_raster
from lokus.sources.zonal import Asked, measure

WEST, NORTH, EAST, SOUTH = 94.5, 6.5, 141.5, -11.5


def national(path: Path, per_degree: int) -> None:
    """A raster of the country in degrees with `per_degree` cells a degree, and holes."""
    rows, columns = int((NORTH - SOUTH) * per_degree), int((EAST - WEST) * per_degree)
    cells = np.random.default_rng(20250101).gamma(0.5, 4.0, (rows, columns)).astype("float32")
    cells[::97] = -9999.0
    place = Affine(1 / per_degree, 0, WEST, 0, -1 / per_degree, NORTH)
    write(path, cells, place)


def write(path: Path, cells: np.ndarray, place: Affine) -> None:
    """A tiled GeoTIFF as agencies give them out."""
    with rasterio.open(
        path, "w", driver="GTiff", width=cells.shape[1], height=cells.shape[0], count=1, dtype=cells.dtype.name,
        crs="EPSG:4326", transform=place, nodata=-9999, tiled=True, compress="deflate",
    ) as file:  # fmt: skip
        file.write(cells, 1)


def timed(name: str, work, villages: int) -> pd.Series:
    """Prints the seconds of a way, on the clock and of the processor."""
    start = time.process_time()
    seconds, found = best(work, repeats=1)
    used = time.process_time() - start
    print(f"{name:<58} {seconds:8.1f} s, {used:8.1f} s of one core, {villages / used:10,.0f} villages/s")
    return found


def beside(shared: Path, work: Path, rasterstats: str) -> None:
    """The country, three ways."""
    villages = gpd.read_parquet(shared / "boundaries" / "national_simplified.parquet", columns=["geometry"])
    shapes = villages.geometry[villages.geometry.notna() & ~villages.geometry.is_empty].reset_index(drop=True)
    for per_degree in (120, 240):
        path = work / f"national{per_degree}.tif"
        national(path, per_degree)
        print(f"\n{len(shapes):,} villages, {per_degree} cells a degree ({111.32 / per_degree * 1000:.0f} m)")
        asked = {"r": Asked(open_raster(path), ("sum",))}
        ours = timed("lokus", lambda asked=asked: measure(asked, shapes)["r"]["sum"], len(shapes))
        frame = gpd.GeoDataFrame(geometry=shapes)
        theirs = timed(
            "exactextract alone (geopandas in, pandas out)",
            lambda path=path, frame=frame: exact_extract(str(path), frame, ["sum"], output="pandas")["sum"],
            len(shapes),
        )
        apart = (ours.fillna(0) - theirs.astype(float).fillna(0)).abs() / theirs.abs().clip(lower=1)
        print(f"  largest difference: {apart.max():.1e}")
        if rasterstats and per_degree == 120:
            sys.path.insert(0, rasterstats)
            from rasterstats import zonal_stats

            few = shapes.sample(5000, random_state=1)
            told = timed(
                "rasterstats (5,000 of them; centre rule)",
                lambda path=path, few=few: pd.Series(
                    [z["sum"] for z in zonal_stats(list(few), str(path), stats=["sum"], nodata=-9999)], few.index
                ),
                len(few),
            )
            off = ((told.astype(float) - ours[few.index]).abs() / ours[few.index]).dropna()
            print(
                f"  its sums are off by {off.median():.0%} in the median village, {off.quantile(0.9):.0%} in one of ten"
            )
            print(f"  villages it gives no sum at all: {told.isna().sum():,}")


def huge(work: Path) -> None:
    """Memory: 1.6 milliard cells, whose sum is known."""
    side = 40_000
    path, place = work / "huge.tif", Affine(1 / 4000, 0, 110.0, 0, -1 / 4000, 0.0)
    with rasterio.open(
        path, "w", driver="GTiff", width=side, height=side, count=1, dtype="uint8", crs="EPSG:4326", transform=place,
        tiled=True, blockxsize=512, blockysize=512, compress="deflate",
    ) as file:  # fmt: skip
        row = np.ones((512, side), "uint8")
        for top in range(0, side, 512):
            high = min(512, side - top)
            file.write(row[:high], 1, window=((top, top + high), (0, side)))
    edges_x, edges_y = np.linspace(110, 120, 26), np.linspace(-10, 0, 11)
    tiles = [shapely.box(x0, y0, x1, y1) for x0, x1 in pairwise(edges_x) for y0, y1 in pairwise(edges_y)]
    raster = open_raster(path)
    jobs = (("250 villages, sum", tiles, "sum"), ("one village, sum", [shapely.box(110, -10, 120, 0)], "sum"),
            ("25 of them, slope", tiles[:25], "slope"))  # fmt: skip
    for name, shapes, what in jobs:
        asked, villages = {"r": Asked(raster, (what,))}, gpd.GeoSeries(shapes, crs="EPSG:4326")
        found = timed(
            f"40,000 × 40,000 cells, {name}", lambda a=asked, v=villages, w=what: measure(a, v)["r"][w], len(shapes)
        )
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"  all told {found.sum():,.0f}; {peak:.2f} GB at most", flush=True)


def main() -> None:
    """Runs what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--rasterstats", default="")
    parser.add_argument("--huge", action="store_true")
    asked = parser.parse_args()
    print(f"{os.cpu_count()} cores; rasterio {rasterio.__version__}")
    with tempfile.TemporaryDirectory() as folder:
        if asked.huge:
            huge(Path(folder))
        else:
            beside(asked.shared, Path(folder), asked.rasterstats)


if __name__ == "__main__":
    main()
