"""Draws rasters onto one grid in metres as a surface of friction: how many minutes it takes to cross a metre.

The friction comes from a raster of it, or from tables of speeds for land cover, rivers and roads, walking slowed by the
slope of an elevation raster (`methods.access`). Where a road is known it counts, else a river, else the land.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from exactextract import exact_extract
from exactextract.raster import RasterSource
from numpy.typing import NDArray
from pyproj import CRS, Proj, Transformer
from rasterio import Affine
from rasterio.crs import CRS as GdalCRS
from rasterio.enums import Resampling
from rasterio.features import rasterize
from rasterio.warp import reproject

from lokus.errors import DataError, Problem
from lokus.methods import access, terrain
from lokus.sources.rasters import Grid, Raster, Window, open_cells

Floats = NDArray[np.float64]
# Land around the villages that a way may lead through, and in which a service of a neighbour counts.
MARGIN_M = 10_000.0
# Cells of the surface: 4,000 × 4,000 take some twenty seconds.
MOST_CELLS = 16_000_000
# Cells of a raster held while it is drawn, 8 bytes each; and how far a resampling looks beyond the window.
HELD, RIM = 8_000_000, 4
# Walking on level ground, km/h, where no land cover says otherwise: Tobler's function at 0.
LEVEL = float(access.tobler(np.zeros(1))[0])
# Minutes a metre between 600 km/h and 60 m/h: what lies outside is in other units.
FASTEST, SLOWEST = 1e-4, 1.0
MOST_CLASSES = 10
# A raster's own CRS serves where lengths err by less than this share, and angles by fewer degrees.
STRETCHED, ASKEW = 0.005, 0.5


@dataclass(frozen=True, slots=True)
class Speeds:
    """A raster of classes and the speed on each, km/h; 0 = nobody passes."""

    raster: Raster
    speeds: Mapping[float, float]


@dataclass(frozen=True, slots=True)
class Ground:
    """What a surface is made of: `friction` (minutes a metre) alone, or speeds and heights."""

    friction: Raster | None = None
    elevation: Raster | None = None
    landcover: Speeds | None = None
    rivers: Speeds | None = None
    roads: Speeds | None = None

    @property
    def main(self) -> Raster:
        """The raster that says where there is land, and how large the cells are."""
        land = self.landcover.raster if self.landcover else self.elevation
        main = self.friction or land
        if main is None:
            raise ValueError("a surface needs friction, land cover or elevation")
        return main


@dataclass(frozen=True, slots=True)
class Surface:
    """`cost`: minutes a metre, shape of `grid`, inf where nobody passes. `grid`: in metres. `native`: metres a side of
    the raster's own cells. `refused`: share of the raster's cells whose friction is 0 or less."""

    grid: Grid
    cost: Floats
    native: float
    refused: float = 0.0

    @property
    def cell(self) -> tuple[float, float]:
        """Width and height of a cell in metres."""
        return self.grid.width, self.grid.height

    def spots(self, longitude: Floats, latitude: Floats) -> Floats:
        """Row and column of places in degrees, shape (n, 2); 0.5 = the middle of the first cell."""
        x, y = Transformer.from_crs("EPSG:4326", self.grid.crs, always_xy=True).transform(longitude, latitude)
        rows, columns = (self.grid.north - np.asarray(y)) / self.grid.height, (np.asarray(x) - self.grid.west)
        return np.stack([rows, columns / self.grid.width], axis=1)


def surface(ground: Ground, metric: gpd.GeoSeries) -> Surface:
    """The surface around the villages.

    :param ground: rasters as `rasters.open_raster` gives them.
    :param metric: village polygons in a CRS in metres, at least one.
    :return: in the main raster's own CRS and cells where that is true to scale in metres, else in that of `metric` with
        cells of the same size; of fewer and larger cells where there were more than `MOST_CELLS`.
    :raises DataError: when friction is in other units, a class has no speed, or a file is broken.
    """
    grid, native = _grid(ground.main, metric)
    if ground.friction:
        cells, refused = _friction(ground.friction, grid)
        return Surface(grid, cells, native, refused)
    speed = _land(ground, grid)
    for over in (ground.rivers, ground.roads):
        if over:
            there = _speeds(over, grid, "max" if over is ground.roads else "nearest", others=True)
            speed = np.where(np.isnan(there), speed, there)
    steep = None
    if ground.elevation:
        heights = np.pad(drawn(ground.elevation, grid, "level"), 1, constant_values=np.nan)
        steep = np.tan(np.radians(terrain.slope(heights, np.array([grid.width]), np.array([grid.height]))))
    return Surface(grid, access.friction(speed, steep), native)


How = Literal["nearest", "level", "sum", "max"]


def drawn(raster: Raster, grid: Grid, how: How, turn: Callable[[Floats], Floats] | None = None) -> Floats:
    """A raster's cells on another grid.

    :param how: "nearest"; "level" (a mean where the grid is coarser, else in between); "sum" (people: cells are shared
        out by area, so that totals stay); "max" (a thin road is not lost).
    :param turn: what is done to the raster's own cells first.
    :return: shape of `grid`, NaN where there is no data. :raises DataError: when the file is broken.
    """
    out = np.full((grid.rows, grid.columns), np.nan)
    coarser = _side(grid) >= _side(raster.grid)
    method = {"nearest": Resampling.nearest, "sum": Resampling.sum, "max": Resampling.max}.get(
        how, Resampling.average if coarser else Resampling.bilinear
    )
    with open_cells(raster) as read:
        for strip, window in _strips(raster, grid):
            cells = read(window)
            part, whole = raster.grid.part(window), grid.part(strip)
            reproject(
                np.ascontiguousarray(turn(cells) if turn else cells), out[strip.row : strip.row + strip.rows],
                src_transform=_place(part), src_crs=_gdal(part.crs),
                dst_transform=_place(whole),
                dst_crs=_gdal(whole.crs), src_nodata=np.nan, dst_nodata=np.nan, resampling=method,
            )  # fmt: skip
    return out


Part = tuple[slice, slice]


def sums(layers: Mapping[str, Callable[[Part], Floats]], grid: Grid, geometry: gpd.GeoSeries) -> pd.DataFrame:
    """What layers of a grid add up to in each village, each cell by the fraction of it that lies there.

    :param layers: by name, the cells of any part of the grid (rows, columns), without NaN.
    :param geometry: any CRS, None where a village has no polygon. :return: on its index, a column a layer; NaN there.
    :source: Baston, exactextract 0.3.0.
    """
    there = geometry[geometry.notna()].to_crs(grid.crs)
    lands = gpd.GeoDataFrame(geometry=there.to_numpy(), crs=grid.crs)
    sources = [_Layer(name, cells, grid) for name, cells in layers.items()]
    table = exact_extract(sources, lands, ["sum"], output="pandas")
    columns = table.to_numpy(dtype="float64").reshape(len(there), len(layers))
    return pd.DataFrame(columns, index=there.index, columns=list(layers)).reindex(geometry.index)


def lands(grid: Grid, geometry: gpd.GeoSeries) -> NDArray[np.int32]:
    """The village that the middle of each cell lies in, as its position in `geometry`; −1 outside all of them.

    Where villages overlap the smaller one counts: a new village is often drawn over its mother.
    """
    there = geometry.reset_index(drop=True)
    there = there[there.notna()].to_crs(grid.crs)
    shapes = [(there[i], int(i)) for i in there.area.sort_values(ascending=False, kind="stable").index]
    if not shapes:
        return np.full((grid.rows, grid.columns), -1, dtype=np.int32)
    found = rasterize(shapes, (grid.rows, grid.columns), fill=-1, transform=_place(grid), dtype="int32")
    return np.asarray(found, dtype=np.int32)


class _Layer(RasterSource):  # type: ignore[misc]
    """A layer for exactextract, worked out where it is asked for."""

    def __init__(self, name: str, cells: Callable[[Part], Floats], grid: Grid) -> None:
        super().__init__()
        self.set_name(name)
        self.cells, self.grid = cells, grid

    def res(self) -> tuple[float, float]:
        return self.grid.width, self.grid.height

    def extent(self) -> tuple[float, float, float, float]:
        return self.grid.bounds

    def nodata_value(self) -> None:
        return None

    def srs_wkt(self) -> str:
        return str(self.grid.crs.to_wkt())

    def read_window(self, x0: int, y0: int, nx: int, ny: int) -> Floats:
        return np.ascontiguousarray(self.cells((slice(y0, y0 + ny), slice(x0, x0 + nx))), dtype="float64")


def _strips(raster: Raster, grid: Grid) -> Iterator[tuple[Window, Window]]:
    """Strips of rows of the grid, and the window of the raster that each needs; those without any are left out."""
    todo = [grid.whole]
    while todo:
        strip = todo.pop()
        bounds = _turned(grid.part(strip).bounds, grid.crs, raster.grid.crs)
        rim = RIM * max(raster.grid.width, raster.grid.height)
        west, south, east, north = bounds
        window = raster.grid.window((west - rim, south - rim, east + rim, north + rim))
        if window.cells > HELD and strip.rows > 1:
            half = strip.rows // 2
            todo.append(Window(strip.row + half, 0, strip.rows - half, strip.columns))
            todo.append(Window(strip.row, 0, half, strip.columns))
        elif window.cells:
            yield strip, window


def _grid(main: Raster, metric: gpd.GeoSeries) -> tuple[Grid, float]:
    own = main.grid
    native = _side(own)
    in_metres = _true_to_scale(own.crs, metric)
    crs = own.crs if in_metres else CRS.from_user_input(metric.crs)
    west, south, east, north = metric.to_crs(crs).total_bounds
    west, south, east, north = west - MARGIN_M, south - MARGIN_M, east + MARGIN_M, north + MARGIN_M
    width, height = (own.width, own.height) if in_metres else (native, native)
    times = max(1.0, np.sqrt((east - west) * (north - south) / (width * height) / MOST_CELLS))
    if in_metres:  # whole cells together
        times = float(np.ceil(times - 1e-9))
    width, height = width * times, height * times
    if in_metres:  # on the raster's own lines, so that cells are taken as they are
        west = own.west + np.floor((west - own.west) / own.width) * own.width
        north = own.north - np.floor((own.north - north) / own.height) * own.height
    rows, columns = int(np.ceil((north - south) / height)), int(np.ceil((east - west) / width))
    return Grid(crs, float(west), float(north), width, height, rows, columns), native


def _true_to_scale(crs: CRS, metric: gpd.GeoSeries) -> bool:
    """Whether a metre of a CRS is one on the ground around the villages, in every direction; a Mollweide's is not."""
    if crs.is_geographic or crs.axis_info[0].unit_conversion_factor != 1:
        return False
    west, south, east, north = metric.total_bounds
    middle = Transformer.from_crs(metric.crs, "EPSG:4326", always_xy=True).transform(
        (west + east) / 2, (south + north) / 2
    )
    at = Proj(crs).get_factors(*middle)
    scales = (at.meridional_scale, at.parallel_scale)
    return bool(at.angular_distortion < ASKEW and all(abs(scale - 1) < STRETCHED for scale in scales))


def _friction(raster: Raster, grid: Grid) -> tuple[Floats, float]:
    tally = _Tally()
    cells = drawn(raster, grid, "level", tally.positive)
    known = cells[np.isfinite(cells)]
    if known.size and not FASTEST <= float(np.median(known)) <= SLOWEST:
        told = {what: access.PACE / pace for what, pace in
                (("speed", float(np.median(known))), ("fastest", FASTEST), ("slowest", SLOWEST))}  # fmt: skip
        raise DataError([Problem("access_friction_units", True, raster.where, told)])
    return np.where(np.isfinite(cells), cells, np.inf), tally.refused / max(tally.cells, 1)


def _land(ground: Ground, grid: Grid) -> Floats:
    """Speed on the land, km/h; NaN or 0 where nobody passes."""
    if ground.landcover:
        return _speeds(ground.landcover, grid, "nearest")
    heights = drawn(ground.main, grid, "nearest")
    return np.where(np.isnan(heights), np.nan, LEVEL)


def _speeds(layer: Speeds, grid: Grid, how: How, *, others: bool = False) -> Floats:
    """The speeds of the classes. `others`: a class 0 that has no speed is none (no road here), as nodata is."""
    classes = np.array(sorted(layer.speeds), dtype="float64")
    speeds = np.array([layer.speeds[c] for c in sorted(layer.speeds)], dtype="float64")
    tally = _Tally()

    def turn(cells: Floats) -> Floats:
        place = np.searchsorted(classes, cells).clip(0, len(classes) - 1)
        known = classes[place] == cells
        strange = ~known & np.isfinite(cells)
        if others:
            strange &= cells != 0
        tally.classes.update(np.unique(cells[strange]).tolist())
        return np.where(known, speeds[place], np.nan)

    found = drawn(layer.raster, grid, how, turn)
    if tally.classes:
        told = {"classes": [f"{c:g}" for c in sorted(tally.classes)[:MOST_CLASSES]], "count": len(tally.classes)}
        raise DataError([Problem("access_class_unknown", True, layer.raster.where, told)])
    return found


@dataclass(slots=True)
class _Tally:
    """What was met in a raster's own cells."""

    cells: int = 0
    refused: int = 0
    classes: set[float] = field(default_factory=set)

    def positive(self, cells: Floats) -> Floats:
        """Cells over 0; the others are counted, and have no data."""
        bad = cells <= 0
        self.cells, self.refused = self.cells + int(np.isfinite(cells).sum()), self.refused + int(bad.sum())
        return np.where(bad, np.nan, cells)


def _side(grid: Grid) -> float:
    """Metres of the side of a square as large as a cell in the middle of a grid."""
    middle = replace(grid, rows=1, north=grid.north - grid.rows * grid.height / 2)
    wide, high = middle.metres()
    return float(np.sqrt(wide[0] * high[0]))


def _turned(bounds: tuple[float, float, float, float], here: CRS, there: CRS) -> tuple[float, float, float, float]:
    if here == there:
        return bounds
    west, south, east, north = Transformer.from_crs(here, there, always_xy=True).transform_bounds(*bounds)
    return float(west), float(south), float(east), float(north)


def _place(grid: Grid) -> Affine:
    return Affine(grid.width, 0.0, grid.west, 0.0, -grid.height, grid.north)


def _gdal(crs: CRS) -> GdalCRS:
    return GdalCRS.from_wkt(crs.to_wkt())
