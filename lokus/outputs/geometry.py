"""Village polygons for a page: as coarse as it can carry, kecamatan dissolved from them, and where a name fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from lokus.methods.dissolve import dissolved, without_specks

if TYPE_CHECKING:
    from lokus.pipeline import Run

# The source is generalised to about 50 m: a finer tolerance removes nothing, in degrees (1e-4° ≈ 11 m).
FINEST = 1e-4
DECIMALS = 5


def simplified(shapes: np.ndarray) -> np.ndarray:
    """Village polygons as coarse as a page can carry, edges shared by neighbours kept together, on a 1e-5° grid.

    The tolerance starts at 1e-4° and doubles until there are no more than 20,000 vertices, or 40 a village.
    """
    some = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    kept = shapes.copy()
    if not some.any():
        return kept
    tolerance, most = FINEST, max(20_000, 40 * len(shapes))
    coarse = shapely.coverage_simplify(shapes[some], tolerance)
    while shapely.get_num_coordinates(coarse).sum() > most and tolerance < 0.01:
        tolerance *= 2
        coarse = shapely.coverage_simplify(shapes[some], tolerance)
    # A village smaller than the tolerance keeps its own shape rather than vanish.
    coarse = np.where(shapely.is_empty(coarse), shapes[some], coarse)
    kept[some] = shapely.transform(coarse, lambda xy: xy.round(DECIMALS))
    return kept


def kecamatan(run: Run, shapes: np.ndarray, drawn: np.ndarray) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Kecamatan outlines, dissolved from their villages without sliver rings, and where their names stand."""
    areas, places = whole_areas(run, shapes, drawn, "kecamatan")
    rings = [shapely.get_rings(shapely.get_parts(area)) for area in areas if area]
    outlines = [shapely.MultiLineString([np.round(ring.coords, DECIMALS) for ring in own]) for own in rings]
    return np.array(outlines, dtype=object), places


def whole_areas(
    run: Run, shapes: np.ndarray, drawn: np.ndarray, level: str, tolerance: float = 0.0
) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Kecamatan or kabupaten made of their villages, in the order of their codes, and where their names stand.

    :param level: "kecamatan" or "kabupaten".
    :param tolerance: degrees by which an outline may be simplified once more.
    :return: multipolygons, None where no village is drawn; a code, name, number of villages and point for each.
    """
    areas: list[Any] = []
    places = []
    for code, rows in run.villages.groupby(f"{level}_code", sort=True).indices.items():
        area = without_specks(shapely.simplify(dissolved(shapes[rows[drawn[rows]]]), tolerance))
        found = None if area.is_empty else area
        areas.append(found)
        name = str(run.villages[level].iloc[rows[0]])
        places.append({"code": str(code), "name": name, "count": len(rows), "at": inside(found) if found else None})
    return np.array(areas, dtype=object), places


def spots(shapes: np.ndarray, drawn: np.ndarray) -> list[list[float] | None]:
    """Where the name of each village fits best; None without a polygon."""
    return [inside(shape) if here else None for shape, here in zip(shapes, drawn, strict=True)]


def inside(shape: Any) -> list[float]:
    """The middle of the widest part of a shape: where a name fits best."""
    parts = shapely.get_parts(shape)
    widest = parts[np.argmax(shapely.area(parts))]
    point = shapely.get_point(shapely.maximum_inscribed_circle(widest, max(widest.length / 500, 1e-4)), 0)
    return [round(point.y, DECIMALS), round(point.x, DECIMALS)]
