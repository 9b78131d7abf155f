"""Reads rasters: where their cells lie, and the cells of any window as numbers with NaN where there is no data.

A raster is opened for what it says of itself (`open_raster`) and read window by window (`open_cells`, `read_cells`), so
that its size does not matter. What is wrong with one is told in `rasterfaults`; sums and means in villages in `zonal`.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import rasterio
import rasterio.windows
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader

from lokus.errors import DataError, Problem, Where
from lokus.sources import rasterfaults

Floats = NDArray[np.float64]
# What people have as files; not VRT and its like, which read other files and the network.
DRIVERS = ("GTiff", "COG", "AAIGrid", "EHdr", "ENVI", "HFA", "SRTMHGT", "DTED", "SAGA", "PNG", "JPEG", "JP2OpenJPEG")
# WGS 84, the ellipsoid of the metres of a degree.
MAJOR, ECCENTRICITY2 = 6378137.0, 0.0066943799901413165
# Grids agree whose corners lie less than this share of a cell apart.
ALIKE = 1e-3
SAMPLE, BLOCKS_A_SIDE = 4_000_000, 4
CACHE_BYTES = 128_000_000


class Window(NamedTuple):
    """A part of a grid: its first row (from the north) and column (from the west), and how many of each."""

    row: int
    column: int
    rows: int
    columns: int

    @property
    def cells(self) -> int:
        """How many cells it has."""
        return self.rows * self.columns

    def holds(self, other: Window) -> bool:
        """Whether all cells of another window are its own."""
        below, right = self.row + self.rows, self.column + self.columns
        inside = self.row <= other.row and other.row + other.rows <= below
        return inside and self.column <= other.column and other.column + other.columns <= right


@dataclass(frozen=True, slots=True)
class Grid:
    """A grid with north up. `west`, `north`: the outer corner of its first cell; `width`, `height` of a cell (over 0);
    all in units of `crs`, degrees or metres as a rule."""

    crs: CRS
    west: float
    north: float
    width: float
    height: float
    rows: int
    columns: int

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east and north edge, in units of the CRS."""
        south, east = self.north - self.rows * self.height, self.west + self.columns * self.width
        return self.west, south, east, self.north

    @property
    def whole(self) -> Window:
        """The window of all cells."""
        return Window(0, 0, self.rows, self.columns)

    def window(self, bounds: tuple[float, float, float, float]) -> Window:
        """The cells that `bounds` (west, south, east, north) touch; of 0 cells where they lie outside the grid."""
        west, south, east, north = bounds
        left = self._within(math.floor((west - self.west) / self.width), self.columns)
        right = self._within(math.ceil((east - self.west) / self.width), self.columns)
        top = self._within(math.floor((self.north - north) / self.height), self.rows)
        bottom = self._within(math.ceil((self.north - south) / self.height), self.rows)
        return Window(top, left, bottom - top, right - left)

    @staticmethod
    def _within(cell: int, cells: int) -> int:
        return min(max(cell, 0), cells)

    def part(self, window: Window) -> Grid:
        """The grid of a window."""
        west, north = self.west + window.column * self.width, self.north - window.row * self.height
        return replace(self, west=west, north=north, rows=window.rows, columns=window.columns)

    def metres(self) -> tuple[Floats, Floats]:
        """Width and height of the cells of each row in metres, each of shape (rows,).

        Degrees are turned to metres on the ellipsoid at the latitude of the row's middle; of a projected CRS its own
        unit counts, as if its scale were 1.
        """
        factor = self.crs.axis_info[0].unit_conversion_factor
        if not self.crs.is_geographic:
            return np.full(self.rows, self.width * factor), np.full(self.rows, self.height * factor)
        latitude = (self.north - (np.arange(self.rows) + 0.5) * self.height) * factor
        flat = 1 - ECCENTRICITY2 * np.sin(latitude) ** 2
        east, north = MAJOR * np.cos(latitude) / np.sqrt(flat), MAJOR * (1 - ECCENTRICITY2) / flat**1.5
        return np.asarray(east * self.width * factor), np.asarray(north * self.height * factor)

    def agrees(self, other: Grid) -> bool:
        """Whether both have the same cells, so that they can be read in one pass."""
        if self.crs != other.crs or (self.rows, self.columns) != (other.rows, other.columns):
            return False
        apart = np.abs(np.subtract(self.bounds, other.bounds))
        return bool((apart <= ALIKE * min(self.width, self.height)).all())


@dataclass(frozen=True, slots=True)
class Raster:
    """One band of a raster file. `nodata`: the value for no data, NaN = none; `valid`: cells outside are no data;
    `scale`, `offset`: value = cell · scale + offset; `palette`: its numbers are names of classes or colours;
    `flipped`: the file's first row is the southernmost; `masked`: the file's own mask says where there is no data."""

    path: Path
    where: Where
    band: int
    grid: Grid
    dtype: str
    nodata: float
    valid: tuple[float, float]
    scale: float
    offset: float
    palette: bool
    flipped: bool
    masked: bool


Read = Callable[[Window], Floats]


def open_raster(
    path: str | Path, *, band: int = 1, nodata: float | None = None, valid: tuple[float, float] | None = None,
    crs: str = "", name: str = "",
) -> Raster:  # fmt: skip
    """Reads what a raster says of itself; no cell is read.

    :param path: a GeoTIFF, or another file of `DRIVERS`; `name` is how messages call it.
    :param band: from 1 on.
    :param nodata: the value that means no data, in place of the file's own.
    :param valid: least and greatest value that can be; any other cell has no data.
    :param crs: of the cells, in place of the file's own.
    :return: the raster; its grid has north up, whatever the file has.
    :raises DataError: with every fault at once: no raster, no CRS, rotated, no such band, a picture.
    """
    file, where = Path(path), Where(name or Path(path).name)
    with _dataset(file, where) as ds:
        known, told = _crs_of(ds.crs, crs, where)
        told += rasterfaults.header(ds, band, where)
        if known is None or told:
            raise DataError(told)
        place = ds.transform
        flipped = place.e > 0
        north = place.f + (place.e * ds.height if flipped else 0.0)
        grid = Grid(known, place.c, north, place.a, abs(place.e), ds.height, ds.width)
        own = ds.nodatavals[band - 1]
        given = own if nodata is None else nodata
        return Raster(
            path=file, where=where, band=band, grid=grid, dtype=ds.dtypes[band - 1],
            nodata=float("nan") if given is None else float(given), valid=valid or (-np.inf, np.inf),
            scale=ds.scales[band - 1], offset=ds.offsets[band - 1], palette=rasterfaults.is_palette(ds, band),
            flipped=flipped, masked=nodata is None,
        )  # fmt: skip


@contextmanager
def open_cells(raster: Raster) -> Iterator[Read]:
    """A function that reads any window of a raster, for as long as the block lasts.

    What it returns: shape (rows, columns), float64, first row the northernmost, NaN where there is no data.
    Errors: `DataError` where the file is broken.
    """
    with _dataset(raster.path, raster.where) as ds:

        def read(window: Window) -> Floats:
            row = raster.grid.rows - window.row - window.rows if raster.flipped else window.row
            part = rasterio.windows.Window(window.column, row, window.columns, window.rows)
            try:
                cells = ds.read(raster.band, window=part, masked=raster.masked)
            except RasterioError:
                raise DataError([Problem("raster_broken", True, raster.where)]) from None
            values = _values(raster, cells)
            return values[::-1] if raster.flipped else values

        yield read


def read_cells(raster: Raster, window: Window | None = None) -> Floats:
    """The cells of a window, or of the whole raster, as `open_cells` reads them."""
    with open_cells(raster) as read:
        return read(window or raster.grid.whole)


def sample(raster: Raster, bounds: tuple[float, float, float, float]) -> list[Floats]:
    """Cells of a raster within `bounds` at full resolution: all of them, or 16 blocks spread over a large raster."""
    wanted = raster.grid.window(bounds)
    with open_cells(raster) as read:
        if wanted.cells <= SAMPLE:
            return [read(wanted)] if wanted.cells else []
        side = int((SAMPLE / BLOCKS_A_SIDE**2) ** 0.5)
        rows, columns = min(side, wanted.rows), min(side, wanted.columns)
        tops = np.linspace(wanted.row, wanted.row + wanted.rows - rows, BLOCKS_A_SIDE).astype(int)
        lefts = np.linspace(wanted.column, wanted.column + wanted.columns - columns, BLOCKS_A_SIDE).astype(int)
        return [read(Window(int(top), int(left), rows, columns)) for top in tops for left in lefts]


def onto(geometry: gpd.GeoSeries, grid: Grid) -> gpd.GeoSeries:
    """Polygons (EPSG:4326) in the CRS of a grid, on the same index; None where there is none."""
    return geometry.to_crs(grid.crs)


def files_of(path: Path) -> list[Path]:
    """The files a raster is read from: itself, and what lies beside it with its place, CRS or mask; sorted."""
    with _dataset(path, Where(path.name)) as ds:
        # GDAL tells whole paths; all of these files lie beside each other.
        beside = (path.parent / Path(part).name for part in ds.files)
        return sorted({path, *(part for part in beside if part.is_file())})


def _values(raster: Raster, cells: NDArray[np.generic]) -> Floats:
    plain = np.ma.getdata(cells)
    missing = np.ma.getmaskarray(cells).copy()
    if not raster.masked and not np.isnan(raster.nodata):
        with np.errstate(over="ignore"):
            missing |= plain == np.array(raster.nodata).astype(plain.dtype if plain.dtype.kind == "f" else "float64")
    values = plain.astype("float64")
    if (raster.scale, raster.offset) != (1.0, 0.0):
        values = values * raster.scale + raster.offset
    missing |= ~np.isfinite(values) | (values < raster.valid[0]) | (values > raster.valid[1])
    values[missing] = np.nan
    return values


def _crs_of(own: rasterio.crs.CRS | None, given: str, where: Where) -> tuple[CRS | None, list[Problem]]:
    try:
        if given:
            return CRS.from_user_input(given), []
        return (CRS.from_wkt(own.to_wkt()), []) if own else (None, [Problem("raster_no_crs", True, where)])
    except CRSError:
        told = {"crs": given or str(own)}
        return None, [Problem("raster_crs_unknown", True, where, told)]


@contextmanager
def _dataset(path: Path, where: Where) -> Iterator[DatasetReader]:
    if not path.is_file():
        raise DataError([Problem("raster_missing", True, where)])
    # Within `Env` GDAL reports to Python and not to the screen; by itself it would keep a twentieth of all memory.
    with rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES), _opened(path, where) as found:
        yield found


def _opened(path: Path, where: Where) -> DatasetReader:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            return DatasetReader(str(path.absolute()), driver=list(DRIVERS), sharing=False)
    except RasterioError:
        raise DataError([Problem("raster_unreadable", True, where)]) from None
