"""Reads village boundaries: any container, any maker's schema, any CRS → one row a village, and an account of the rest.

Every row of the file ends as a village or in a problem (`params["rows"]`). Nothing is guessed in silence: the code
system is the study's word, the CRS the file's or the study's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lokus.errors import DataError, Problem, Where
from lokus.sources import coding, evidence, polygons, schemas
from lokus.sources.containers import Layer, open_layers, read_features
from lokus.sources.placing import draw
from lokus.sources.schemas import Attributes
from lokus.sources.telling import about_rows, few
from lokus.villages.codes import CodeSystem, is_kota, kabupaten_of, kecamatan_of, kind_of
from lokus.villages.names import kabupaten_told, normalise

# A village that shares more than this of its area with others is told: real neighbours drawn one by one share 1–3 %.
OVERLAP = 0.05


@dataclass(frozen=True, slots=True)
class Boundaries:
    """The villages of a boundary file.

    `places`: index `village_code` (canonical, unique, sorted); village, kecamatan_code, kecamatan, kabupaten_code,
    kabupaten, village_kind (desa, kelurahan or ""), area_km2 (NaN: no polygon), has_boundary. `geometry`: same index,
    EPSG:4326, 2-D, valid Polygon or MultiPolygon, None where the file has no usable polygon. `schema`: the recognised
    schema. `crs`: what the coordinates were in. `rows`: features in the file.
    """

    places: pd.DataFrame
    geometry: gpd.GeoSeries
    problems: tuple[Problem, ...]
    schema: str
    crs: str
    rows: int


def read_boundaries(
    path: str | Path,
    *,
    code_system: CodeSystem,
    layer: str = "",
    schema: str = "",
    columns: Mapping[str, str] | None = None,
    crs: str = "",
    kabupaten: str = "",
    names_only: bool = False,
    name: str = "",
) -> Boundaries:
    """The villages of a Shapefile, zip, GeoPackage, GeoJSON, GeoParquet, FlatGeobuf, KML or file geodatabase.

    Parameters: `code_system` of the file's codes; `layer`, `schema`, `columns` (code, village, kecamatan, kabupaten)
    and `crs` where the file does not tell by itself; `kabupaten` (name or code) keeps that kabupaten's villages;
    `names_only`: there are no codes, so that some are made from the names (`villages.surrogates`); `name`: how the
    file is called in problems. Returns `Boundaries` with its warnings.
    Errors: `DataError` with every fault and warning found, when one of them is fatal.
    """
    where = Where(file=name or Path(path).name)
    with TemporaryDirectory(prefix="lokus-", ignore_cleanup_errors=True) as work:
        layers, noticed = open_layers(Path(path), Path(work), where)
        asked = {"schema": schema, "columns": columns, "names_only": names_only}
        chosen, attributes, problems = _choose(layers, layer, code_system, where, **asked)
        features = read_features(chosen, attributes.fields, where)
    problems = noticed + problems
    rows, found = (coding.named_only if names_only else coding.coded)(features, attributes, code_system, where)
    problems += found
    rows, found = _of_kabupaten(rows, kabupaten, where)
    problems += found
    rows, used, found = draw(rows, features.crs, crs, where)
    problems += found
    rows, found = _joined(rows, where)
    problems += found
    refused = any(problem.fatal for problem in problems)
    if not refused and len(rows) and rows["geometry"].isna().all():
        problems.append(Problem("boundary_without_shapes", True, where))
        refused = True
    if refused:
        raise DataError(problems)
    problems += _overlaps(rows, where)
    places, geometry = _villages(rows)
    return Boundaries(places, geometry, tuple(problems), attributes.schema, used, len(features.wkb))


def _choose(
    layers: list[Layer], wanted: str, system: CodeSystem, where: Where, **asked: Any
) -> tuple[Layer, Attributes, list[Problem]]:
    """The layer of villages among those of a file, by its name or its attributes."""
    if wanted:
        have = tuple(known.name for known in layers)
        layers = [known for known in layers if known.name.casefold() == wanted.casefold()]
        if not layers:
            raise DataError([Problem("boundary_layer_unknown", True, where, {"layer": wanted, "layers": have})])
    areas = [known for known in layers if "Polygon" in known.geometry or known.geometry.startswith("Unknown")] or layers
    read = [(known, *schemas.recognise(known.fields, system, where, **asked)) for known in areas]
    usable = [one for one in read if not any(problem.fatal for problem in one[2])]
    if not usable:
        raise DataError(_refused(*read[0], system, where))
    if len(usable) > 1:
        usable = [one for one in usable if _holds_codes(one[0], one[1], system, where)] or usable
    if len(usable) > 1:
        have = tuple(one[0].name for one in usable)
        raise DataError([Problem("boundary_layer_unclear", True, where, {"layers": have})])
    chosen, attributes, problems = usable[0]
    others = tuple(known.name for known in areas if known != chosen)
    if others:
        problems.append(Problem("boundary_layer_chosen", False, where, {"layer": chosen.name, "others": others}))
    return chosen, attributes, problems


def _refused(
    layer: Layer, attributes: Attributes, problems: list[Problem], system: CodeSystem, where: Where
) -> list[Problem]:
    """What really keeps a layer from being read: a KML often hides its table in the text of the balloons, and what has
    no codes may be kecamatan."""
    said = {problem.code for problem in problems}
    if layer.kind == "kml" and "boundary_no_code_column" in said:
        return [Problem("boundary_kml_without_table", True, where)]
    if not said & coding.WITHOUT_CODES:
        return problems
    theirs = schemas.recognise(layer.fields, schemas.OTHER[system], where)[0]
    fields = tuple(dict.fromkeys([*attributes.fields, *theirs.fields]))
    return coding.refused(read_features(layer, fields, where), attributes, theirs, problems, system, where)


def _holds_codes(layer: Layer, attributes: Attributes, system: CodeSystem, where: Where) -> bool:
    values = read_features(layer, attributes.fields, where).values
    return any(reading.notna().any() for reading in schemas.coded(attributes, values, system).values())


def _of_kabupaten(rows: pd.DataFrame, wanted: str, where: Where) -> tuple[pd.DataFrame, list[Problem]]:
    """The villages of the study's kabupaten, by name or code; where it names none, several are told."""
    if rows.empty:
        return rows, []
    kabupaten = kabupaten_of(rows["code"])
    own = kecamatan_of(rows["code"]).str.replace(".", "", regex=False)
    within = rows["within"].str.replace(r"\D", "", regex=True).str[-len(own.iloc[0]) :]
    problems = about_rows("boundary_kecamatan_code_differs", where, rows[(rows["within"] != "") & (within != own)])
    present = _named(kabupaten, rows["kabupaten"])
    if not wanted:
        several = Problem(
            "boundary_several_kabupaten", False, where, {"count": len(present), "kabupaten": few(present)}
        )
        return rows, problems + ([several] if len(present) > 1 else [])
    meant = _meant(wanted, kabupaten, rows["kabupaten"])
    if not meant.any():
        faults = {"wanted": wanted, "kabupaten": few(present)}
        return rows, [*problems, Problem("boundary_kabupaten_unknown", True, where, faults)]
    others = few(_named(kabupaten[~meant], rows["kabupaten"][~meant]))
    return rows[meant], problems + about_rows("boundary_other_kabupaten", where, rows[~meant], kabupaten=others)


def _named(codes: pd.Series, names: pd.Series) -> list[str]:
    """Each kabupaten once, in order of code: "Kaur (17.04)"."""
    first = names.groupby(codes.to_numpy()).first()
    return [f"{name} ({code})" if name else str(code) for code, name in first.items()]


def _meant(wanted: str, codes: pd.Series, names: pd.Series) -> pd.Series:
    """Rows of the kabupaten wanted by code or name; "Bogor" is the kabupaten where there is also a Kota Bogor."""
    if digits := "".join(letter for letter in wanted if letter.isdigit()):
        return codes.str.replace(".", "", regex=False) == digits
    kind, name = kabupaten_told(wanted)
    named = names.map({text: kabupaten_told(text)[1] == name for text in set(names)}).astype(bool)
    kota = codes.map(is_kota).astype(bool)
    return named & (kota if kind == "kota" or not (kind or (named & ~kota).any()) else ~kota)


def _joined(rows: pd.DataFrame, where: Where) -> tuple[pd.DataFrame, list[Problem]]:
    """One row a village: a row given twice dropped, parts of a village dissolved, one code on two villages refused."""
    wholes: dict[int, Any] = {}
    clashes: list[tuple[str, pd.DataFrame]] = []
    twice: list[pd.DataFrame] = []
    parted: list[pd.DataFrame] = []
    for code, group in rows[rows["code"].duplicated(keep=False)].groupby("code"):
        if any(len({normalise(n) for n in group[role] if n}) > 1 for role in ("village", "kecamatan")):
            clashes.append((str(code), group))
            continue
        shapes = group["geometry"].dropna().to_numpy()
        alike = all(shapely.equals_exact(shapes[0], shape, 0) for shape in shapes[1:])
        (twice if alike else parted).append(group)
        if len(shapes):
            whole = shapes[0] if alike else polygons.polygonal(np.array([shapely.union_all(shapes)], dtype=object))[0]
            wholes[group.index[0]] = whole
    nameless = rows[rows["village"] == ""]
    problems = about_rows("boundary_village_without_name", where, nameless.assign(village=nameless["code"]))
    no_village = rows["village"].map(evidence.names_no_village).astype(bool)
    problems += about_rows("boundary_no_village_names", where, rows[no_village])
    problems += about_rows("boundary_row_twice", where, _together(twice, rows))
    problems += about_rows("boundary_village_in_parts", where, _together(parted, rows), parted=len(parted))
    for code, group in clashes:
        problems += about_rows("boundary_duplicate_code", where, group, fatal=True, village_code=code)
    geometry = [wholes.get(number, shape) for number, shape in rows["geometry"].items()]
    joined = rows.assign(geometry=pd.Series(geometry, index=rows.index, dtype=object))
    return joined.drop_duplicates("code"), problems


def _together(groups: list[pd.DataFrame], rows: pd.DataFrame) -> pd.DataFrame:
    return pd.concat(groups) if groups else rows.iloc[:0]


def _overlaps(rows: pd.DataFrame, where: Where) -> list[Problem]:
    """Villages drawn over one another, which is how a new village over its mother shows."""
    drawn = rows[rows["geometry"].notna()]
    share = polygons.overlapped(drawn["geometry"].to_numpy(dtype=object))
    largest = float(min(share.max(initial=0.0), 1.0))
    least, most = round(OVERLAP * 100), round(largest * 100)
    return about_rows("boundary_overlap", where, drawn[share > OVERLAP], least=least, largest=most)


def _villages(rows: pd.DataFrame) -> tuple[pd.DataFrame, gpd.GeoSeries]:
    """The village table and its polygons, sorted by code."""
    rows = rows.set_index("code").sort_index().rename_axis("village_code")
    codes = rows.index.to_series().astype("str")
    geometry = gpd.GeoSeries(rows["geometry"].to_numpy(), index=rows.index, crs=polygons.WGS84, name="geometry")
    kind = kind_of(codes)
    places = pd.DataFrame(
        {
            "village": rows["village"].where(rows["village"] != "", codes),
            "kecamatan_code": kecamatan_of(codes),
            "kecamatan": rows["kecamatan"],
            "kabupaten_code": kabupaten_of(codes),
            "kabupaten": rows["kabupaten"],
            "village_kind": kind.where(kind != "", rows["kind"]),
        }
    ).astype("str")
    places["area_km2"] = polygons.areas_km2(geometry)
    places["has_boundary"] = geometry.notna()
    return places, geometry
