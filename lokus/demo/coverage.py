"""From labelled cells to polygons that share every border point, and to a shapefile in BIG's schema."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from lokus.demo.land import ORIGIN, Floats, Ints, Land

KM_PER_DEGREE = (111.32 * np.cos(np.radians(6.2)), 110.58)


def polygons(land: Land, label: Ints) -> NDArray[np.object_]:
    """One polygon (or multipolygon) for each label from 0 on, in degrees on a grid of 1e-6°; a valid coverage."""
    sides = label[land.ridges]
    border = (sides[:, 0] != sides[:, 1]) & (land.edges >= 0).all(axis=1)
    edges, sides = land.edges[border], sides[border]
    corners = soften(land.vertices, edges)
    lines = shapely.linestrings(corners[edges])
    rough = [
        shapely.build_area(shapely.geometrycollections(lines[(sides == v).any(axis=1)])) for v in range(label.max() + 1)
    ]
    smooth = shapely.coverage_simplify(np.array(rough), 0.02)
    return np.asarray(shapely.normalize(shapely.transform(smooth, degrees)))


def soften(vertices: Floats, edges: Ints, rounds: int = 2) -> Floats:
    """Corner points moved towards their two neighbours along the border; where three borders meet nothing moves."""
    used = np.clip(vertices, -50.0, 150.0)
    ends = np.concatenate([edges, edges[:, ::-1]])
    degree = np.bincount(ends[:, 0], minlength=len(used))
    between = degree == 2
    for _ in range(rounds):
        around = np.stack([np.bincount(ends[:, 0], used[ends[:, 1], axis], len(used)) for axis in (0, 1)], axis=1) / 2
        used = np.where(between[:, None], 0.5 * used + 0.5 * around, used)
    return np.asarray(used)


def degrees(km: Floats) -> Floats:
    """Kilometres of the demo's own plane as longitude and latitude, rounded to about 0.1 m."""
    return np.asarray(np.round(np.array(ORIGIN) + km / KM_PER_DEGREE, 6))
