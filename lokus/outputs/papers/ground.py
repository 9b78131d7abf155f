"""The land under every map on paper: villages, kecamatan lines and the places of names, in kilometres.

Equirectangular about the middle of the kabupaten: across two degrees of latitude near the equator a length is right to
a thousandth.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from lokus.errors import LokusError
from lokus.outputs import geometry

if TYPE_CHECKING:
    from lokus.pipeline import Run

# Kilometres in a degree of latitude, and in one of longitude on the equator (WGS 84).
NORTH, EAST = 110.574, 111.320


@dataclass(frozen=True, slots=True)
class Ground:
    """All lengths in km from the middle of the kabupaten.

    `shapes`: the village polygons in the order of the table, None where there is none; `middle` (n × 2): where the name
    of each stands, NaN where it has no polygon; `lines`: the outline of each kecamatan; `kecamatan`: code, name and
    place of its name; `box`: left, bottom, right, top; `origin`: longitude and latitude of 0, 0.
    """

    shapes: np.ndarray
    middle: np.ndarray
    lines: np.ndarray
    kecamatan: tuple[tuple[str, str, tuple[float, float]], ...]
    box: tuple[float, float, float, float]
    origin: tuple[float, float]

    @property
    def drawn(self) -> np.ndarray:
        """Which villages have a polygon."""
        return np.asarray(~np.isnan(self.middle[:, 0]))

    @property
    def aspect(self) -> float:
        """Width over height."""
        left, bottom, right, top = self.box
        return (right - left) / (top - bottom)

    def place(self, longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
        """Points in degrees as kilometres (n × 2)."""
        return _km(np.column_stack([longitude, latitude]).astype(float), self.origin)


def ground(run: Run) -> Ground:
    """The land of a run, as coarse as the map's.

    :raises LokusError: no village has a polygon.
    """
    shapes = geometry.simplified(np.asarray(run.geometry.reindex(run.villages.index).values, dtype=object))
    drawn = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    if not drawn.any():
        raise LokusError("map_no_polygons")
    left, bottom, right, top = (float(side) for side in shapely.total_bounds(shapes[drawn]))
    origin = ((left + right) / 2, (bottom + top) / 2)
    outlines, places = geometry.kecamatan(run, shapes, drawn)
    at = np.full((len(shapes), 2), np.nan)
    inside = np.array([geometry.inside(shape) for shape in shapes[drawn]])
    at[drawn] = _km(inside[:, ::-1], origin)
    flat = np.array([None] * len(shapes), dtype=object)
    flat[drawn] = shapely.transform(shapes[drawn], lambda xy: _km(xy, origin))
    names = []
    for place in places:
        if place["at"]:
            x, y = _km(np.array([place["at"][::-1]]), origin)[0]
            names.append((place["code"], place["name"], (float(x), float(y))))
    lines = shapely.transform(outlines, lambda xy: _km(xy, origin))
    x0, y0, x1, y1 = (float(side) for side in shapely.total_bounds(flat[drawn]))
    # A single point of land still needs an area to be drawn in.
    pad = max(x1 - x0, y1 - y0, 0.1) * 0.01
    return Ground(flat, at, lines, tuple(names), (x0 - pad, y0 - pad, x1 + pad, y1 + pad), origin)


def _km(xy: np.ndarray, origin: tuple[float, float]) -> np.ndarray:
    scale = np.array([EAST * math.cos(math.radians(origin[1])), NORTH])
    return np.asarray((xy - np.array(origin)) * scale)


def round_length(most: float) -> float:
    """The longest of 1, 2, 5 × 10ⁿ that is not longer than `most`.

    >>> round_length(37.0), round_length(0.9)
    (20.0, 0.5)
    """
    power = 10.0 ** math.floor(math.log10(most))
    return float(max(k * power for k in (1, 2, 5) if k * power <= most * (1 + 1e-9)))
