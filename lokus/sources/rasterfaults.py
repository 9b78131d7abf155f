"""What is wrong, or looks wrong, with a raster: in its header, in its cells, and in what it covers of the villages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rasterio.enums import ColorInterp

from lokus.errors import Problem, Where
from lokus.sources.telling import few

if TYPE_CHECKING:
    import rasterio

    from lokus.sources.rasters import Raster

Floats = NDArray[np.float64]
COLOURS = {ColorInterp.red, ColorInterp.green, ColorInterp.blue}
PICTURES = ("PNG", "JPEG")
# Values that programs write for no data, where the file forgets to say so; and the ends of a whole number's range.
SENTINELS = (-999.0, -9999.0, -99999.0, -999999.0, 9999.0, 99999.0, 999999.0, -32767.0, -32768.0, 32767.0, 65535.0)
# No cell of a map means so much: what is beyond is a filler, whether it is in the list or not.
FILLER = 1e30
# Metres above the sea, with some room: from reclaimed land and mines to Puncak Jaya.
LOWEST, HIGHEST = -200.0, 5100.0
# Pairs of columns (rows) without any difference, from which share on cells were repeated; of how many pairs at least.
SAME, PAIRS, HELD = 0.3, 30, 10
# Sums that differ from the stated total by more than this are told, by more than a factor of two refused.
NEAR, FAR = 0.1, 2.0
FEW_CELLS = 4.0
DEGREES, UPRIGHT = ("°", "degree", "derajat"), 90.0


def header(ds: rasterio.DatasetReader, band: int, where: Where) -> list[Problem]:
    """What keeps a raster from being read at all: no such band, no place, turned, no numbers, a picture."""
    if not 1 <= band <= ds.count:
        return [Problem("raster_band", True, where, {"band": band, "bands": ds.count})]
    told = []
    place = ds.transform
    if place.is_identity:
        told.append(Problem("raster_no_place", True, where))
    elif place.b or place.d or place.a < 0:
        told.append(Problem("raster_rotated", True, where))
    if ds.dtypes[band - 1].startswith("complex"):
        told.append(Problem("raster_no_numbers", True, where))
    if ds.dtypes[band - 1] == "uint8" and (set(ds.colorinterp) >= COLOURS or ds.driver in PICTURES):
        told.append(Problem("raster_picture", True, where, {"bands": ds.count}))
    return told


def is_palette(ds: rasterio.DatasetReader, band: int) -> bool:
    """Whether the numbers of a band are names of classes or colours: no mean can be taken of them."""
    return bool(ds.colorinterp[band - 1] == ColorInterp.palette)


def in_cells(raster: Raster, blocks: Sequence[Floats], kind: str) -> Iterator[Problem]:
    """What the cells give away.

    Parameters: `blocks` of cells as `rasters.sample` reads them; `kind`: "count" (people, houses), "level" (a measure
    that is the same however large the cell), "elevation" (metres) or "class". Yields fatal problems for fillers taken
    as values, negative counts and palettes; warnings for what may be right.
    """
    where = raster.where
    if raster.palette and kind != "class":
        yield Problem("raster_palette", True, where)
    known = [block[np.isfinite(block)] for block in blocks]
    values = np.concatenate(known) if known else np.array([])
    if not values.size:
        return
    filler = _filler(values, raster.dtype)
    if filler is not None and np.isinf(raster.valid).any():
        told = {"value": f"{filler:.9g}", "share": _percent((values == filler).mean())}
        yield Problem("raster_filler", True, where, told)
    elif kind == "count" and values.min() < 0:
        told = {"least": float(values.min()), "share": _percent((values < 0).mean())}
        yield Problem("raster_negative", True, where, told)
    elif kind == "elevation":
        yield from _heights(raster, values)


def _heights(raster: Raster, values: Floats) -> Iterator[Problem]:
    least, most = float(values.min()), float(values.max())
    if least < LOWEST or most > HIGHEST:
        yield Problem("raster_heights", False, raster.where, {"least": least, "most": most})
    elif raster.dtype == "uint8":
        yield Problem("raster_grey", False, raster.where)


def _filler(values: Floats, dtype: str) -> float | None:
    """A value that stands apart from all others and is one that programs write for no data."""
    whole = np.iinfo(dtype) if "int" in dtype else None
    usual = {*SENTINELS, *((float(whole.min), float(whole.max)) if whole else ())} - {0.0}
    for end, others in ((values.min(), values[values > values.min()]), (values.max(), values[values < values.max()])):
        if abs(end) >= FILLER:
            return float(end)
        if end in usual and others.size:
            gap = abs(end - (others.min() if end < others[0] else others.max()))
            if gap > np.ptp(others):
                return float(end)
    return None


def repeated(blocks: Sequence[Floats]) -> float:
    """How many cells stand for one, as far as cells were only written several times when a raster was made finer.

    In a count raster neighbouring columns differ somewhere in nearly every pair; where a raster was resampled without
    rescaling (nearest neighbour), whole columns and rows are copies of the one beside them. Returns 1 where they are
    not, about k² where each cell became k × k.

    >>> cells = np.arange(1, 3601, dtype=float).reshape(60, 60)
    >>> repeated([cells]), repeated([cells.repeat(2, axis=0).repeat(2, axis=1)])
    (1.0, 4.0)
    """
    times = 1.0
    for turn in (False, True):
        pairs = copies = 0
        for block in (b.T if turn else b for b in blocks):
            left, right = block[:, :-1], block[:, 1:]
            told = np.isfinite(left) & np.isfinite(right) & ((left != 0) | (right != 0))
            held = told.sum(axis=0) >= HELD
            differ = (told & (left != right)).any(axis=0)
            pairs, copies = pairs + int(held.sum()), copies + int((held & ~differ).sum())
        if pairs < PAIRS or copies < SAME * pairs or copies == pairs:
            return 1.0
        times *= pairs / (pairs - copies)
    return float(round(times))


def in_sum(raster: Raster, found: float, total: float | None, times: float) -> Iterator[Problem]:
    """Whether the villages' sum of a count raster can be: held against a stated total, else against its making.

    Parameters: `found` sum over all villages; `total` stated in the study, None = none; `times` as `repeated` gives it.
    """
    where = raster.where
    if total is not None:
        ratio = found / total
        if abs(ratio - 1) > NEAR:
            told = {"sum": found, "total": total, "ratio": ratio}
            yield Problem("raster_total", not 1 / FAR <= ratio <= FAR, where, told)
    elif times > 1:
        yield Problem("raster_copies", False, where, {"times": times, "sum": found})
    elif not raster.grid.crs.is_geographic and np.isfinite(found):
        yield Problem("raster_count_drawn_anew", False, where, {"sum": found, "crs": raster.grid.crs.name})


def in_unit(raster: Raster, found: pd.DataFrame, unit: str) -> Iterator[Problem]:
    """Degrees of slope that cannot be: they are per cent, most likely."""
    if unit.casefold().rstrip("s") in DEGREES and found.size and (most := float(found.max().max())) > UPRIGHT:
        yield Problem("raster_steep", False, raster.where, {"most": most, "unit": unit})


def in_villages(raster: Raster, found: pd.DataFrame, names: pd.Series, least: float) -> Iterator[Problem]:
    """What a raster leaves out: villages it does not reach, those with hardly any data, those of a few cells.

    Parameters: `found` as `zonal.measure` gives it; `names` of the villages on the same index; `least` share of a
    village's area that must have data.
    """
    where, drawn = raster.where, found["inside"].notna()
    if drawn.any() and not (found["inside"] > 0).any():
        yield Problem("raster_elsewhere", True, where, {"bounds": _degrees(raster)})
        return
    cut = drawn & (found["inside"] < 1 - 1e-6)
    if cut.any():
        told = {"count": int(cut.sum()), "villages": few(names[cut]), "share": _percent(share_inside(found))}
        yield Problem("raster_part", False, where, told)
    bare = drawn & (found["covered"] < least)
    if bare[drawn].all() and drawn.any():
        yield Problem("raster_no_data", True, where, {"least": _percent(least)})
    elif bare.any():
        told = {"count": int(bare.sum()), "villages": few(names[bare]), "least": _percent(least)}
        yield Problem("raster_bare", False, where, told)
    small = drawn & ~bare & (found["cells"] < FEW_CELLS)
    if small.any():
        told = {"count": int(small.sum()), "villages": few(names[small]), "least": FEW_CELLS}
        told["under_one"] = int((small & (found["cells"] < 1)).sum())
        yield Problem("raster_few_cells", False, where, told)


def share_inside(found: pd.DataFrame) -> float:
    """The share of the villages' area that lies within a raster's edges, 0–1."""
    return float((found["inside"] * found["area"]).sum() / found["area"].sum())


def _percent(share: float) -> float:
    """Per cent as a text shows it; never 0 for what is there."""
    return float(max(round(share * 100, 1), 0.1)) if share > 0 else 0.0


def _degrees(raster: Raster) -> list[float]:
    """Where a raster lies, in degrees (west, south, east, north), as far as they can be told."""
    from pyproj import Transformer

    turn = Transformer.from_crs(raster.grid.crs, "EPSG:4326", always_xy=True)
    bounds = turn.transform_bounds(*raster.grid.bounds)
    return [round(edge, 2) for edge in bounds if np.isfinite(edge)]
