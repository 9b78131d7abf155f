"""Small rasters and villages for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from affine import Affine

# Ten by ten cells of 0.01° each, south of the equator.
WEST, NORTH, CELL, SIDE = 119.0, -1.0, 0.01, 10
PLACE = Affine(CELL, 0.0, WEST, 0.0, -CELL, NORTH)
CELLS = np.arange(1.0, SIDE * SIDE + 1).reshape(SIDE, SIDE)


def write_raster(path: Path, cells: Any, *, crs: Any = "EPSG:4326", place: Affine = PLACE, **profile: Any) -> Path:
    """A GeoTIFF of one band, or of several where `cells` has three dimensions."""
    bands = np.asarray(cells)
    bands = bands if bands.ndim == 3 else bands[None]
    size = {"count": bands.shape[0], "height": bands.shape[1], "width": bands.shape[2], "dtype": bands.dtype.name}
    with rasterio.open(path, "w", **{"driver": "GTiff"} | size | {"crs": crs, "transform": place} | profile) as file:
        file.write(bands)
    return path


def village_boxes(*boxes: tuple[float, float, float, float] | None) -> gpd.GeoSeries:
    """Villages as boxes in cells from the north-west corner: left, top, right, bottom; None = no polygon."""
    shapes = [
        None if box is None else shapely.box(
            WEST + box[0] * CELL, NORTH - box[3] * CELL, WEST + box[2] * CELL, NORTH - box[1] * CELL
        ) for box in boxes
    ]  # fmt: skip
    codes = pd.Index([f"76.01.01.{2001 + n}" for n in range(len(boxes))], name="village_code", dtype="str")
    return gpd.GeoSeries(shapes, index=codes, crs="EPSG:4326")
