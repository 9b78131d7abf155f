"""Laws of the fictional kabupaten's rasters: sound to lokus, small, and of one piece with its villages and tables."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
from skimage.measure import label

from lokus.demo import rasters
from lokus.demo.generator import BOUNDARIES, DATA, SHAPEFILE
from lokus.sources.rasterfaults import in_cells, repeated
from lokus.sources.rasters import open_raster, read_cells
from lokus.sources.zonal import Asked, measure

ROOT = Path(rasters.__file__).parents[2]
KINDS = {rasters.CHILDREN: "count", rasters.HEIGHTS: "elevation", rasters.COVER: "class"}


def test_they_are_sound_small_and_of_one_grid() -> None:
    read = {name: open_raster(ROOT / DATA / name) for name in KINDS}
    assert len({raster.grid for raster in read.values()}) == 1
    for name, raster in read.items():
        cells = [read_cells(raster)]
        assert list(in_cells(raster, cells, KINDS[name])) == [], name
        assert repeated(cells) == 1 or name != rasters.CHILDREN
    assert sum((ROOT / DATA / name).stat().st_size for name in KINDS) < 100_000


def test_every_village_is_covered_and_lived_in() -> None:
    villages = gpd.read_file(ROOT / BOUNDARIES / SHAPEFILE).geometry
    found = measure({"r": Asked(open_raster(ROOT / DATA / rasters.CHILDREN), ("sum",))}, villages)["r"]
    assert found["covered"].min() > 0.999
    assert found["sum"].min() > 1


def test_land_cover_has_every_class_and_roads_that_hang_together() -> None:
    cover = read_cells(open_raster(ROOT / DATA / rasters.COVER))
    assert set(np.unique(cover[~np.isnan(cover)])) == {1, 2, 3, 4, 5}
    _, pieces = label(cover == rasters.ROAD, connectivity=2, return_num=True)
    assert pieces == 1
