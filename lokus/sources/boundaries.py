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
from lokus.sources import polygons, schemas
from lokus.sources.containers import Features, Layer, open_layers, read_features
from lokus.sources.placing import draw
from lokus.sources.schemas import Attributes
from lokus.sources.telling import about_rows, few
from lokus.villages.codes import CodeSystem, is_kota, kabupaten_of, kecamatan_of, kind_of, parse_series
from lokus.villages.names import kabupaten_told, kind_told, normalise
from lokus.villages.surrogates import made_codes

# A village that shares more than this of its area with others is told: real neighbours drawn one by one share 1–3 %.
OVERLAP = 0.05
# The share of codes whose shape must fit a system for it to be taken as theirs.
CONTRADICTS = 0.9

Told = tuple[pd.DataFrame, list[Problem]]


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
    rows = _rows(features, attributes)
    rows, found = _named_only(rows, where) if names_only else _coded(rows, features, attributes, code_system, where)
    problems += found
    rows, found = _of_kabupaten(rows, kabupaten, where)
    problems += found
    rows, used, found = draw(rows, features.crs, crs, where)
    problems += found
    rows, found = _joined(rows, where)
    problems += found
    if len(rows) and rows["geometry"].isna().all():
        problems.append(Problem("boundary_without_shapes", True, where))
    if any(problem.fatal for problem in problems):
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
        raise DataError(_refused(areas[0], read[0][2], where))
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


def _refused(layer: Layer, problems: list[Problem], where: Where) -> list[Problem]:
    """A KML without a code field often hides its table in the text of the balloons: that is what must be told."""
    bare = layer.kind == "kml" and any(problem.code == "boundary_no_code_column" for problem in problems)
    return [Problem("boundary_kml_without_table", True, where)] if bare else problems


def _holds_codes(layer: Layer, attributes: Attributes, system: CodeSystem, where: Where) -> bool:
    values = read_features(layer, attributes.fields, where).values
    return any(reading.notna().any() for reading in schemas.coded(attributes, values, system).values())


def _rows(features: Features, attributes: Attributes) -> pd.DataFrame:
    """A row for each feature, index 1 …: names, what they say of the kind, the kecamatan code as written, the WKB."""
    values, count = features.values, len(features.wkb)
    rows = pd.DataFrame({role: schemas.names(values, fields, role, count) for role, fields in attributes.roles.items()})
    said = [schemas.text(values[name]).map(kind_told) for name in attributes.roles["village"]]
    rows["kind"] = [next(filter(None, kinds), "") for kinds in zip(*said, strict=True)] if said else ""
    rows["within"] = schemas.text(values[attributes.kecamatan_code]) if attributes.kecamatan_code else ""
    rows["wkb"] = pd.Series(list(features.wkb), dtype=object)
    return rows.set_axis(pd.RangeIndex(1, count + 1, name="row"))


def _coded(rows: pd.DataFrame, features: Features, attributes: Attributes, system: CodeSystem, where: Where) -> Told:
    """The rows that bear a village code (`code`), and an account of those that bear none."""
    if rows.empty:
        return rows.assign(code=""), [Problem("boundary_without_rows", True, where)]
    problems = []
    if features.recoded:
        odd = ~rows["village"].map(str.isascii).astype(bool)
        problems += about_rows("boundary_letters_repaired", where, rows[odd] if odd.any() else rows)
    like = [f"{name[:40]} → {meant}" for name, meant in attributes.resembling.items() if name in attributes.fields]
    if like:
        problems.append(Problem("boundary_fields_resemble", False, where, {"fields": few(like)}))
    readings = {n: c.set_axis(rows.index) for n, c in schemas.coded(attributes, features.values, system).items()}
    name = next((n for n, codes in readings.items() if codes.notna().any()), next(iter(readings)))
    rows = rows.assign(code=readings[name])
    problems += _clashes(rows, name, readings, where)
    # A code put together from parts was never written as one.
    values = features.values.get(name)
    written = rows["code"].fillna("") if values is None else schemas.text(values).set_axis(rows.index)
    neutral = values is not None and attributes.schema in (schemas.PLAIN, "dukcapil")
    if _of_other_system(rows["code"], written, system, neutral):
        declared = {"declared": system, "other": schemas.OTHER[system], "example": written[written != ""].iloc[0]}
        return rows.iloc[:0], [
            *problems,
            Problem("boundary_codes_of_other_system", True, where, declared | {"field": name}),
        ]
    if system == "kemendagri":
        rows = rows.assign(code=rows["code"].where(_kinds_known(rows["code"])))
    problems += _code_faults(rows, name, written, where)
    return rows[rows["code"].notna()], problems


def _named_only(rows: pd.DataFrame, where: Where) -> Told:
    """The rows with codes made from their names, which is told; rows without a name cannot have one."""
    rows = rows.assign(code=made_codes(rows), within="")
    nameless = rows["code"].isna()
    problems = about_rows("boundary_row_without_name", where, rows[nameless])
    if nameless.all():
        return rows.iloc[:0], [*problems, Problem("boundary_without_rows", True, where)]
    first = rows[~nameless].iloc[0]
    told = {"count": int(rows["code"].nunique()), "example": f"{first['village']} = {first['code']}"}
    return rows[~nameless], [*problems, Problem("boundary_codes_made", False, where, told)]


def _clashes(rows: pd.DataFrame, name: str, readings: Mapping[str, pd.Series], where: Where) -> list[Problem]:
    """Fields that differ from the code's only in case (Kode, kode): told, and refused where their codes differ."""
    alike = [other for other in readings if schemas.folded(other) == schemas.folded(name) and other != name]
    problems: list[Problem] = []
    for other in alike:
        both = readings[other].notna() & rows["code"].notna()
        differ = rows[both & (readings[other] != rows["code"])]
        problems += about_rows("boundary_codes_conflict", where, differ, fatal=True, field=name, other=other)
    clash = Problem("boundary_fields_clash", False, where, {"field": name, "others": tuple(alike)})
    return problems or ([clash] if alike else [])


def _code_faults(rows: pd.DataFrame, name: str, written: pd.Series, where: Where) -> list[Problem]:
    said, read = written != "", rows["code"].notna()
    unread = written[said & ~read]
    examples = few(list(unread.iloc[:3]), len(unread))
    if not said.any():
        return [Problem("boundary_codes_empty", True, where, {"field": name})]
    if len(unread) * 2 > len(rows):
        return about_rows(
            "boundary_codes_unreadable", where, rows[said & ~read], fatal=True, field=name, examples=examples
        )
    problems = about_rows("boundary_code_unreadable", where, rows[said & ~read], field=name, examples=examples)
    problems += about_rows("boundary_row_without_code", where, rows[~said])
    repaired = rows[read & written.str.contains(r"[eE]\+?\d|^\d{10}[.,]0+$", regex=True)]
    example = written[repaired.index[0]] if len(repaired) else ""
    return problems + about_rows("boundary_code_repaired", where, repaired, field=name, example=example)


def _kinds_known(codes: pd.Series) -> pd.Series:
    """Whether the last four digits of a Kemendagri code begin as they must: 1 kelurahan, 2 desa, 3 desa adat."""
    return codes.str[9].isin(list("123"))


def _of_other_system(codes: pd.Series, written: pd.Series, system: CodeSystem, neutral: bool) -> bool:
    """Whether the codes contradict the declared system by their shape.

    The digit that tells desa from kelurahan in a Kemendagri code ends the kecamatan in a BPS code, mostly with 0: where
    it is nearly always 1 or 2 in a field of unknown making, the codes are Kemendagri's.
    """
    read, said = codes.notna(), int((written != "").sum())
    if parse_series(written[~read], schemas.OTHER[system]).notna().sum() * 2 > said:
        return True
    if system == "kemendagri":
        return bool(read.any()) and _kinds_known(codes[read]).mean() < CONTRADICTS
    seventh = written[read].str.replace(r"\D", "", regex=True).str[6]
    return neutral and bool(read.any()) and seventh.isin(["1", "2"]).mean() >= CONTRADICTS


def _of_kabupaten(rows: pd.DataFrame, wanted: str, where: Where) -> Told:
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


def _joined(rows: pd.DataFrame, where: Where) -> Told:
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
