"""Village polygons dissolved into one, on layers as they really are: overlapping and with slivers between them."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

# Neighbouring villages overlap or leave gaps of some metres; they are closed over gaps up to twice this (≈ 33 m).
SLIVER = 3e-4
# A smaller ring (≈ 0.1 km²) is what is left of such a gap, not an enclave or an island with a line of its own.
LEAST_RING = (10 * SLIVER) ** 2


def dissolved(shapes: Any) -> Any:
    """One polygon of many, closed over gaps of up to twice `SLIVER`; edges may move by about half of it.

    Parameters: `shapes` array of polygons, degrees of EPSG:4326, valid or not; none may be missing.
    Returns: a polygon or multipolygon; empty where there are no shapes.
    """
    # GEOS computes a mitre of edges that fold back on themselves as 0/0, and does not use it.
    with np.errstate(invalid="ignore"):
        closed = shapely.union_all(shapely.make_valid(shapely.buffer(shapes, SLIVER, join_style="mitre")))
        return shapely.simplify(shapely.buffer(closed, -SLIVER, join_style="mitre"), SLIVER / 2)


def without_specks(shape: Any, least: float = LEAST_RING) -> Any:
    """A dissolved polygon without holes and parts smaller than `least`; where all parts are, all parts stay.

    Parameters: `shape` polygon or multipolygon; `least` area in the shape's squared units.
    Returns: a multipolygon, empty where `shape` is.

    >>> hole = shapely.box(0.4, 0.4, 0.401, 0.401)
    >>> without_specks(shapely.difference(shapely.box(0, 0, 1, 1), hole)).area
    1.0
    """
    parts = shapely.get_parts(shape)
    large = shapely.area(parts) >= least
    kept = []
    for part in parts[large] if large.any() else parts:
        holes = shapely.get_rings(part)[1:]
        kept.append(shapely.Polygon(part.exterior, holes[shapely.area(shapely.polygons(holes)) >= least]))
    return shapely.MultiPolygon(kept)
