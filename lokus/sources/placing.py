"""Puts the polygons of a boundary file on the map: which CRS they are in, and whether they lie where the codes say.

A CRS is read from the file or the study, never guessed; coordinates that cannot be right under it are refused with
the likely cause.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyproj
import shapely

from lokus.errors import Problem, Where
from lokus.sources import polygons
from lokus.sources.schemas import province_boxes
from lokus.sources.telling import about_rows, few
from lokus.villages.codes import province_of

# Longest name of a CRS that is shown as it stands ("EPSG:32748"); beyond it is WKT.
SHORT = 40
WEB_MERCATOR = 3857


def draw(rows: pd.DataFrame, crs: str, asked: str, where: Where) -> tuple[pd.DataFrame, str, list[Problem]]:
    """The rows with their polygons in degrees (`geometry`, None where unusable), what they were in, and what was wrong.

    Parameters: `rows` with village, code and wkb; `crs` of the file and `asked` of the study, "" where not given.
    """
    if rows.empty:
        return rows.assign(geometry=None), "", []
    shapes = polygons.read_polygons(rows["wkb"].to_numpy(dtype=object))
    not_polygon = shapes.lost["not_polygon"]
    if not_polygon.sum() * 2 > len(rows):
        return (
            _with(rows, shapes.geometry),
            "",
            about_rows("boundary_not_polygons", where, rows[not_polygon], fatal=True),
        )
    problems = []
    for cause, mask in shapes.lost.items():
        problems += about_rows(f"boundary_polygon_{cause}", where, rows[mask])
    for reason, mask in shapes.mended.items():
        largest = max(shapes.change[mask], key=abs, default=0.0)
        problems += about_rows(
            f"boundary_ring_{reason}", where, rows[mask], change=round(float(largest) * 100, 1) + 0.0
        )
    known, noticed = _crs(crs, asked, polygons.middle(shapes.geometry), rows, where)
    if known is None or shapely.is_missing(shapes.geometry).all():
        return _with(rows, shapes.geometry), "", problems + noticed
    geometry, misplaced = _placed(rows, shapes.geometry, known, where)
    return _with(rows, geometry), _name(known), problems + noticed + misplaced


def _with(rows: pd.DataFrame, geometry: polygons.Geometries) -> pd.DataFrame:
    return rows.assign(geometry=pd.Series(list(geometry), index=rows.index, dtype=object))


def _name(crs: pyproj.CRS) -> str:
    text = str(crs.to_string())
    return text if len(text) <= SHORT else str(crs.name)


def _crs(
    own: str, asked: str, middle: tuple[float, float], rows: pd.DataFrame, where: Where
) -> tuple[pyproj.CRS | None, list[Problem]]:
    """The study's CRS, else the file's; without either, numbers that can only be Indonesian degrees are so taken."""
    file_crs = _parsed(own)
    if asked:
        study_crs = _parsed(asked)
        if study_crs is None:
            return None, [Problem("boundary_crs_unknown", True, where, {"crs": asked[:SHORT]})]
        differs = file_crs is not None and not study_crs.equals(file_crs, ignore_axis_order=True)
        shown = {"crs": asked, "file_crs": _name(file_crs) if file_crs is not None else ""}
        return study_crs, [Problem("boundary_crs_overridden", False, where, shown)] if differs else []
    if own:
        unknown = Problem("boundary_crs_unknown", True, where, {"crs": own[:SHORT]})
        return file_crs, [unknown] if file_crs is None else []
    if np.isnan(middle[0]) or polygons.in_indonesia(*middle):
        return polygons.WGS84, [Problem("boundary_crs_taken_as_degrees", False, where)]
    return None, [Problem("boundary_crs_missing", True, where, _shown(middle, rows))]


def _parsed(crs: str) -> pyproj.CRS | None:
    try:
        return pyproj.CRS.from_user_input(crs) if crs else None
    except pyproj.exceptions.CRSError:
        return None


def _shown(middle: tuple[float, float], rows: pd.DataFrame) -> dict[str, str]:
    """Where the numbers of a file are, and which UTM zones or web map would put them into the province of its codes."""
    x, y = (f"{value:.1f}" for value in middle)
    box = _box(province_of(rows["code"]).mode()[0]) or polygons.INDONESIA
    usual = [half + zone for half in (32700, 32600) for zone in range(46, 55)] + [WEB_MERCATOR]
    fit = [f"EPSG:{epsg}" for epsg in usual if polygons.lies_in(middle, pyproj.CRS.from_epsg(epsg), box)]
    return {"x": x, "y": y, "likely": few(fit) or "–"}


def _box(province: str) -> polygons.Box | None:
    return province_boxes().get(province) or province_boxes().get(province[:1])


def _placed(
    rows: pd.DataFrame, geometry: polygons.Geometries, crs: pyproj.CRS, where: Where
) -> tuple[polygons.Geometries, list[Problem]]:
    middle = polygons.middle(geometry)
    try:
        turned = polygons.to_degrees(geometry, crs)
        inside = polygons.in_box(turned)
        cause = "" if inside.sum() * 2 > (~shapely.is_missing(turned)).sum() else polygons.misplaced(middle, crs)
    except pyproj.exceptions.ProjError:
        return geometry, [Problem("boundary_crs_unknown", True, where, {"crs": _name(crs)})]
    if cause:
        return geometry, [
            Problem(f"boundary_coordinates_{cause}", True, where, {"crs": _name(crs), **_shown(middle, rows)})
        ]
    problems = about_rows("boundary_polygon_off_map", where, rows[~shapely.is_missing(turned) & ~inside])
    return polygons.only(turned, inside), problems + _other_province(rows[inside], turned[inside], middle, where)


def _other_province(
    rows: pd.DataFrame, geometry: polygons.Geometries, middle: tuple[float, float], where: Where
) -> list[Problem]:
    """Codes tell the province, coordinates the place: a UTM zone too far east or west moves everything by 6 degrees."""
    provinces = province_of(rows["code"])
    within = np.ones(len(rows), dtype=bool)
    for province in set(provinces):
        if box := _box(province):
            here = (provinces == province).to_numpy()
            within[here] = polygons.in_box(geometry[here], (box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1))
    if within.sum() * 2 >= len(rows):
        return []
    longitude, latitude = (f"{value:.1f}" for value in polygons.middle(geometry))
    params = {**_shown(middle, rows), "province": provinces.mode()[0], "longitude": longitude, "latitude": latitude}
    return [Problem("boundary_coordinates_other_province", True, where, params)]
