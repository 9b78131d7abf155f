"""Polygons as they arrive and as they must be: read, repaired by reason, put on the map of Indonesia, measured.

Everything here works on whole arrays and tells what it did as masks; words are made elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

Geometries = npt.NDArray[np.object_]
Mask = npt.NDArray[np.bool_]
Box = tuple[float, float, float, float]
Floats = npt.NDArray[np.float64]

WGS84 = pyproj.CRS.from_epsg(4326)
# Indonesia: west, south, east, north in degrees.
INDONESIA = (94.0, -12.0, 142.0, 7.0)
EARTH = (-180.0, -90.0, 180.0, 90.0)
# Beyond this no coordinate of any CRS of the Earth lies.
FARTHEST = 1e9
POLYGON, MULTIPOLYGON, COLLECTION = 3, 6, 7
# GEOS's reasons of invalidity, folded to what a person can see on a map.
REASONS = {
    "Self-intersection": "crossing",
    "Ring Self-intersection": "crossing",
    "Interior is disconnected": "crossing",
    "Too few points in geometry component": "short",
    "Ring not closed": "unclosed",
    "Hole lies outside shell": "hole",
    "Nested shells": "nested",
    "Nested holes": "nested",
    "Duplicate Rings": "nested",
}


@dataclass(frozen=True, slots=True)
class Polygons:
    """Polygons row by row (None where none is usable), and masks of what was wrong.

    `lost`: why a row has no polygon (absent, not_polygon, broken, collapsed). `mended`: what was repaired (unclosed,
    crossing, short, hole, nested, other, mixed). `change`: for each row, the relative change of its area by the repair.
    """

    geometry: Geometries
    lost: Mapping[str, Mask]
    mended: Mapping[str, Mask]
    change: Floats


def read_polygons(wkb: Geometries) -> Polygons:
    """Valid 2-D polygons from WKB rows: rings closed, invalid ones repaired, other parts and broken rows put out.

    A repair keeps what lies inside an outer ring and outside holes (GEOS's "structure" method): nested shells stay
    filled, a hole outside its shell becomes land, collapsed parts vanish.

    Parameters: `wkb`, bytes or None per row. Returns `Polygons` of the same length.
    """
    with np.errstate(invalid="ignore"):
        geometry = shapely.from_wkb(wkb, on_invalid="ignore")
        given = np.array([row is not None for row in wkb], dtype=bool)
        unclosed = shapely.is_missing(geometry) & given
        geometry[unclosed] = shapely.from_wkb(wkb[unclosed], on_invalid="fix")
        geometry = shapely.force_2d(geometry)
    broken = _broken(geometry) | (unclosed & shapely.is_missing(geometry))
    geometry[broken] = None
    absent = (shapely.is_missing(geometry) | shapely.is_empty(geometry)) & ~broken
    types = shapely.get_type_id(geometry)
    mixed = (types == COLLECTION) & ~absent
    geometry[mixed] = polygonal(geometry[mixed])
    not_polygon = (
        ~absent & ~broken & (~np.isin(types, (POLYGON, MULTIPOLYGON, COLLECTION)) | shapely.is_empty(geometry))
    )
    geometry[absent | not_polygon] = None
    geometry, reasons, change = repaired(geometry)
    collapsed = shapely.is_missing(geometry) & ~(absent | broken | not_polygon)
    mended = {reason: mask & ~collapsed for reason, mask in reasons.items()}
    mended["unclosed"] = (mended.get("unclosed", np.zeros_like(mixed)) | unclosed) & ~collapsed & ~broken & ~absent
    mended["mixed"] = mixed & ~not_polygon & ~collapsed
    lost = {"absent": absent, "not_polygon": not_polygon, "broken": broken, "collapsed": collapsed}
    return Polygons(geometry, lost, mended, change)


def polygonal(geometry: Geometries) -> Geometries:
    """The polygonal parts of each geometry as one Polygon or MultiPolygon; empty where there are none."""
    kept = geometry.copy()
    for at in np.flatnonzero(~np.isin(shapely.get_type_id(geometry), (POLYGON, MULTIPOLYGON))):
        parts = shapely.get_parts(shapely.get_parts(geometry[at])) if geometry[at] is not None else np.array([])
        areas = [part for part in parts if shapely.get_type_id(part) == POLYGON]
        kept[at] = areas[0] if len(areas) == 1 else shapely.MultiPolygon(areas)
    return kept


def _broken(geometry: Geometries) -> Mask:
    """Rows with a coordinate that is no number or lies beyond the Earth."""
    points, row = shapely.get_coordinates(geometry, return_index=True)
    bad = ~np.isfinite(points).all(axis=1) | (np.abs(points) > FARTHEST).any(axis=1)
    mask = np.zeros(len(geometry), dtype=bool)
    mask[row[bad]] = True
    return mask


def repaired(geometry: Geometries) -> tuple[Geometries, dict[str, Mask], Floats]:
    """Valid polygons (None where nothing is left), which rows were mended for which reason, and each area's relative
    change, of the size the drawn rings enclose.
    """
    bad = np.flatnonzero(~shapely.is_missing(geometry) & ~shapely.is_valid(geometry))
    reasons = [text.split("[")[0].strip() for text in shapely.is_valid_reason(geometry[bad])]
    folded = np.array([REASONS.get(reason, "other") for reason in reasons], dtype=object)
    mended = _made_valid(geometry[bad])
    before, after = np.abs(shapely.area(geometry[bad])), shapely.area(mended)
    change = np.zeros(len(geometry))
    change[bad] = np.divide(after - before, before, out=np.zeros_like(after), where=before > 0)
    mended[(after == 0) | ~shapely.is_valid(mended)] = None
    geometry = geometry.copy()
    geometry[bad] = mended
    masks = {reason: np.isin(np.arange(len(geometry)), bad[folded == reason]) for reason in sorted(set(folded))}
    return geometry, masks, change


def _made_valid(geometry: Geometries) -> Geometries:
    # A ring that runs twice along one edge leaves GEOS's structure method with two parts that share it: once more.
    for _ in range(3):
        bad = ~shapely.is_valid(geometry)
        geometry = geometry.copy()
        geometry[bad] = polygonal(shapely.make_valid(geometry[bad], method="structure", keep_collapsed=False))
    return geometry


def to_degrees(geometry: Geometries, crs: pyproj.CRS) -> Geometries:
    """Geometries of any CRS in EPSG:4326; `pyproj.exceptions.ProjError` where the CRS has no place on the Earth."""
    flat = _flat(crs)
    if flat.equals(WGS84, ignore_axis_order=True):
        return geometry
    turn = pyproj.Transformer.from_crs(flat, WGS84, always_xy=True)
    turned = shapely.transform(geometry, lambda xy: np.column_stack(turn.transform(xy[:, 0], xy[:, 1])))
    on_earth = in_box(turned, EARTH)
    # Rounding can bring the edges of a hair-thin part to cross.
    return np.where(on_earth, repaired(only(turned, on_earth))[0], turned)


def only(geometry: Geometries, kept: Mask) -> Geometries:
    """The geometries where `kept` is true, None elsewhere."""
    some = geometry.copy()
    some[~kept] = None
    return some


def _flat(crs: pyproj.CRS) -> pyproj.CRS:
    """The horizontal part of a CRS; BIG's geodatabases carry a height system beside it."""
    return crs.sub_crs_list[0] if crs.is_compound else crs.to_2d()


def in_box(geometry: Geometries, box: Box = INDONESIA) -> Mask:
    """Whether each geometry lies wholly inside a box of west, south, east, north; False where there is none."""
    west, south, east, north = shapely.bounds(geometry).T
    return np.asarray((west >= box[0]) & (south >= box[1]) & (east <= box[2]) & (north <= box[3]))


def middle(geometry: Geometries) -> tuple[float, float]:
    """The middle of all geometries' boxes: the median, which a few strays do not move; NaN where there are none."""
    bounds = shapely.bounds(geometry[~shapely.is_missing(geometry)])
    if not len(bounds):
        return np.nan, np.nan
    x, y = np.median(bounds[:, [0, 2]].mean(axis=1)), np.median(bounds[:, [1, 3]].mean(axis=1))
    return float(x), float(y)


def misplaced(raw: tuple[float, float], crs: pyproj.CRS) -> str:
    """The likely cause why coordinates whose middle is `raw` do not lie in Indonesia under their CRS.

    One of: swapped, shifted (longitudes + 360), metres (under a CRS in degrees), degrees (under one in metres),
    hemisphere (a UTM zone of the other half of the Earth), elsewhere.
    """
    x, y = raw
    if crs.is_geographic:
        if in_indonesia(y, x):
            return "swapped"
        if in_indonesia(x - 360, y) or in_indonesia(x + 360, y):
            return "shifted"
        return "metres" if abs(x) > 360 or abs(y) > 90 else "elsewhere"
    if in_indonesia(x, y) or in_indonesia(y, x):
        return "degrees"
    turn = pyproj.Transformer.from_crs(_flat(crs), WGS84, always_xy=True)
    if in_indonesia(*turn.transform(y, x)):
        return "swapped"
    return "hemisphere" if any(in_indonesia(*turn.transform(x, y + s)) for s in (1e7, -1e7)) else "elsewhere"


def lies_in(point: tuple[float, float], crs: pyproj.CRS, box: Box) -> bool:
    """Whether a point of a CRS lies in a box of degrees."""
    longitude, latitude = pyproj.Transformer.from_crs(crs, WGS84, always_xy=True).transform(*point)
    return bool(box[0] <= longitude <= box[2] and box[1] <= latitude <= box[3])


def in_indonesia(longitude: float, latitude: float) -> bool:
    """Whether a point in degrees lies in the box of Indonesia."""
    west, south, east, north = INDONESIA
    return bool(west <= longitude <= east and south <= latitude <= north)


def to_metric(geometry: gpd.GeoSeries) -> gpd.GeoSeries:
    """A study's geometry in metres: its UTM zone, or an equal-area projection where it reaches into another zone.

    The wide case is Lambert's cylindrical equal-area projection, true to scale at the study's mean latitude: areas are
    exact, and within Indonesia (11° S – 6° N) lengths err by less than 2 %. UTM, used to half a degree beyond its zone,
    errs by less than 0.2 % in lengths and 0.3 % in areas.

    Parameters: EPSG:4326. Returns the same index; None stays None.
    """
    west, south, east, north = geometry.total_bounds
    if not np.isfinite(west):
        return geometry
    zone = int((west + east) / 2 // 6) + 31
    if west < (zone - 31) * 6 - 0.5 or east > (zone - 30) * 6 + 0.5:
        cylinder = f"+proj=cea +lat_ts={(south + north) / 2:.4f} +lon_0={(west + east) / 2:.4f} +datum=WGS84 +units=m"
        return geometry.to_crs(cylinder)
    return geometry.to_crs(epsg=(32600 if south + north > 0 else 32700) + zone)


def areas_km2(geometry: gpd.GeoSeries) -> pd.Series:
    """Area of each village, km²; NaN where it has no polygon."""
    drawn = geometry[geometry.notna()]
    area = to_metric(drawn).area / 1e6 if len(drawn) else pd.Series(dtype="float64")
    return area.reindex(geometry.index).astype("float64").rename("area_km2")


def overlapped(geometry: Geometries) -> Floats:
    """The share of each polygon's area (0–1, or more where three meet) that lies in other polygons; 0 where none."""
    tree = shapely.STRtree(geometry)
    one, other = tree.query(geometry, predicate="intersects")
    one, other = one[one < other], other[one < other]
    pieces = np.array_split(np.arange(len(one)), max(1, len(one) // 5000))
    with ThreadPoolExecutor() as pool:
        shared = list(
            pool.map(lambda k: shapely.area(shapely.intersection(geometry[one[k]], geometry[other[k]])), pieces)
        )
    common = np.concatenate(shared) if shared else np.zeros(0)
    total = np.bincount(one, common, len(geometry)) + np.bincount(other, common, len(geometry))
    area = shapely.area(geometry)
    return np.asarray(np.divide(total, area, out=np.zeros(len(geometry)), where=area > 0))
