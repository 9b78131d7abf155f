"""A study on a made coast: four villages in a row, an island, rasters of land and people, points as a test has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from rasterio import Affine

from lokus.study import Study, make_study

CODES = [f"88.01.01.200{i}" for i in range(1, 6)]
NAMES = ["Alang", "Bakau", "Cempaka", "Durian", "Enau"]
# Four villages of 0.02° in a row; the fifth is an island.
WEST = [117.00, 117.02, 117.04, 117.06, 117.20]
SIDE, CELL = 0.02, 0.0005
LEFT, TOP, ROWS, COLUMNS = 116.95, -5.95, 160, 600


def put(folder: Path, name: str, cells: np.ndarray) -> None:
    with rasterio.open(
        folder / name, "w", driver="GTiff", height=ROWS, width=COLUMNS, count=1, dtype="float32", crs="EPSG:4326",
        transform=Affine(CELL, 0, LEFT, 0, -CELL, TOP), nodata=-1,
    ) as ds:  # fmt: skip
        ds.write(cells.astype("float32"), 1)


def written(folder: Path, points: list[tuple[str, float, float]], **access: Any) -> Study:
    """Land from the raster's edge to the fourth village, sea with an island beyond; nobody lives in the fourth."""
    boxes = [shapely.box(w, -6.0, w + SIDE, -6.0 + SIDE) for w in WEST]
    place = {"WADMKC": "Pesisir", "WADMKK": "Contoh", "WADMPR": "Contoh"}
    frame = gpd.GeoDataFrame({"KDEPUM": CODES, "WADMKD": NAMES, **place}, geometry=boxes, crs="EPSG:4326")
    frame.to_file(folder / "desa.gpkg", engine="pyogrio")
    pd.DataFrame({"kode": CODES, "diukur": 100, "stunting": [10, 20, 30, 40, 50]}).to_csv(folder / "data.csv")
    pd.DataFrame(points, columns=["nama", "lon", "lat"]).to_csv(folder / "pkm.csv", index=False)
    longitude = LEFT + (np.arange(COLUMNS) + 0.5) * CELL
    land = np.where((longitude < 117.08) | (longitude > 117.20), 10.0, 80.0)
    put(folder, "lahan.tif", np.tile(land, (ROWS, 1)))
    put(folder, "balita.tif", np.tile(np.where((longitude > 117.055) & (longitude < 117.085), 0.0, 2.0), (ROWS, 1)))
    ground = {"landcover": {"raster": "lahan", "speeds": {"10": 5, "80": 0}}, "population": "balita"}
    raw = {
        "study": {"title": "Uji", "year": 2026},
        "boundaries": {"path": "desa.gpkg", "code_system": "kemendagri"},
        "table": [{"id": "data", "path": "data.csv", "code_system": "kemendagri", "place": {"code": "kode"}}],
        "points": [{"id": "pkm", "path": "pkm.csv", "name": "nama", "latitude": "lat", "longitude": "lon"}],
        "raster": [
            {"id": "lahan", "path": "lahan.tif", "cells": "class"},
            {"id": "balita", "path": "balita.tif", "cells": "count"},
        ],
        "access": [{"id": "waktu", "to": "pkm", "minutes": [15, 30], **ground, **access}],
        "indicator": [
            {"id": "stunting", "table": "data", "numerator": "stunting", "denominator": "diukur"},
            {"id": "menit", "label_id": "Menit", "kind": "value", "better": "lower", "table": "waktu", "value": "mean"},
            {"id": "jauh", "label_id": "Jauh", "kind": "share", "better": "lower", "table": "waktu",
             "percent": "share_beyond_15"},
            {"id": "km", "label_id": "Km", "kind": "value", "better": "lower", "table": "waktu",
             "value": "distance_km"},
        ],
        "selection": {"count": 2},
        "uncertainty": {"draws": 100},
        "space": {"permutations": 99},
    }  # fmt: skip
    return make_study(raw, folder)
