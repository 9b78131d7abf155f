"""The fictional kabupaten as rasters in degrees: children under five, heights, and what covers the land."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from affine import Affine
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import minimum_spanning_tree

from lokus.demo.borders import KECAMATAN
from lokus.demo.coverage import KM_PER_DEGREE
from lokus.demo.land import ORIGIN, Floats, Land, crowding, elevation, fractal

CHILDREN, HEIGHTS, COVER = "balita.tif", "ketinggian.tif", "tutupan_lahan.tif"
# Some 275 m; the rim is sea, so that no village is cut.
CELL, RIM = 0.0025, 0.01
PEAK_M = 950.0
NOWHERE = -9999
WATER, SETTLED, FARMED, FOREST, ROAD = 1, 2, 3, 4, 5
SETTLED_FROM, FOREST_FROM = 0.21, 0.5
RIVER_KM, ROAD_KM, DETOUR = 0.15, 0.14, 20.0


def write(folder: Path, ground: Land, villages: pd.DataFrame, shapes: gpd.GeoSeries, children: pd.Series) -> None:
    """Writes the three rasters into `folder`.

    Parameters: `villages` with code, seat, kecamatan; `shapes` the polygons by code, EPSG:4326; `children` under five
    of each code: what the raster of children adds up to, village by village; the median where a code has none.
    """
    west, south, east, north = shapes.total_bounds
    west, north = np.floor((west - RIM) / CELL) * CELL, np.ceil((north + RIM) / CELL) * CELL
    columns, rows = int(np.ceil((east + RIM - west) / CELL)), int(np.ceil((north - south + RIM) / CELL))
    x, y = west + (np.arange(columns) + 0.5) * CELL, north - (np.arange(rows) + 0.5) * CELL
    degrees = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    points = (degrees - ORIGIN) * KM_PER_DEGREE
    # A cell that a village touches has data, so that the coast is whole.
    land = shapely.contains_xy(shapely.buffer(shapely.union_all(shapes.to_numpy()), 0.75 * CELL), degrees)
    place = Affine(CELL, 0.0, west, 0.0, -CELL, north)
    layers = {
        CHILDREN: (_children(points, degrees, ground, shapes, children), "float32"),
        HEIGHTS: (np.round(PEAK_M * elevation(points, ground.rivers)) + 2, "int16"),
        COVER: (_cover(points, ground, villages, shapes), "uint8"),
    }
    for name, (values, dtype) in layers.items():
        missing = 0 if dtype == "uint8" else NOWHERE
        cells = np.where(land, values, missing).reshape(rows, columns).astype(dtype)
        # LZW has one outcome; what deflate makes hangs on the build of its library.
        options = {"compress": "lzw", "predictor": 1 if dtype == "float32" else 2, "crs": "EPSG:4326"}
        with rasterio.open(
            folder / name, "w", driver="GTiff", width=columns, height=rows, count=1, dtype=dtype, nodata=missing,
            transform=place, **options,
        ) as file:  # fmt: skip
            file.write(cells, 1)


def _children(
    points: Floats, degrees: Floats, ground: Land, shapes: gpd.GeoSeries, children: pd.Series
) -> NDArray[np.float64]:
    """The children of a village on its cells, more where people crowd; nobody where few do."""
    tree = shapely.STRtree(shapes.to_numpy())
    cell, village = tree.query(shapely.points(degrees), predicate="intersects")
    owner = pd.Series(village, index=cell).groupby(level=0).first()
    drawn = crowding(points, ground.rivers) * np.exp(0.8 * fractal(points, "homes", 2.5, 3))
    pull = pd.Series(drawn[owner.index], index=owner.index)
    # Homes stand together: the emptier half of a village's cells holds nobody.
    pull = pull.where(pull >= pull.groupby(owner).transform("median"), 0.0)
    whole = children.reindex(shapes.index).fillna(children.median()).to_numpy()
    held = pull * whole[owner] / pull.groupby(owner).transform("sum")
    out = np.zeros(len(points))
    out[held.index] = held
    return np.round(out, 2)


def _cover(points: Floats, ground: Land, villages: pd.DataFrame, shapes: gpd.GeoSeries) -> NDArray[np.int64]:
    spots = shapely.points(points)
    forest = elevation(points, ground.rivers) > FOREST_FROM
    settled = crowding(points, ground.rivers) > SETTLED_FROM
    cover = np.select([settled, forest], [SETTLED, FOREST], FARMED)
    cover[shapely.dwithin(ground.rivers, spots, RIVER_KM)] = WATER
    cover[shapely.dwithin(_roads(villages, shapes), spots, ROAD_KM)] = ROAD
    return cover


def _roads(villages: pd.DataFrame, shapes: gpd.GeoSeries) -> shapely.MultiLineString:
    """The shortest net of roads between the seats of the mainland; over rivers by bridges, to no island."""
    seats = villages[villages["seat"] & (villages["kecamatan"] < len(KECAMATAN) - 1)]
    at = shapely.get_coordinates(shapes.loc[seats["code"]].representative_point().to_numpy())
    at = (at - ORIGIN) * KM_PER_DEGREE
    land = shapely.transform(shapely.union_all(shapes.to_numpy()), lambda d: (d - ORIGIN) * KM_PER_DEGREE)
    a, b = np.triu_indices(len(at), 1)
    lines = shapely.linestrings(np.stack([at[a], at[b]], axis=1))
    # A bay is gone round: who would cross it in a line goes by another seat.
    effort = shapely.length(lines) + DETOUR * shapely.length(shapely.difference(lines, land))
    net = minimum_spanning_tree(csr_array((effort, (a, b)), shape=(len(at), len(at)))).tocoo()
    return shapely.MultiLineString([at[[i, j]] for i, j in zip(net.row, net.col, strict=True)])
