"""The rows of a boundary layer and their village codes: read, made from names, or refused with a way out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lokus.errors import Problem, Where
from lokus.sources import evidence, schemas
from lokus.sources.containers import Features
from lokus.sources.schemas import Attributes
from lokus.sources.telling import about_rows, few
from lokus.villages.codes import CodeSystem
from lokus.villages.names import kind_told
from lokus.villages.surrogates import made_codes

# Faults of a layer in which no field bears a village code of the declared system.
WITHOUT_CODES = {"boundary_no_code_column", "boundary_gadm", "boundary_names_missing"}
# Schemas whose fields bear codes of either system.
NEUTRAL = (schemas.PLAIN, "dukcapil")

Told = tuple[pd.DataFrame, list[Problem]]


def coded(features: Features, attributes: Attributes, system: CodeSystem, where: Where) -> Told:
    """The rows that bear a village code (`code`), and an account of those that bear none."""
    rows, problems = _rows(features, attributes, where)
    if rows.empty:
        return rows, problems
    readings = {n: c.set_axis(rows.index) for n, c in schemas.coded(attributes, features.values, system).items()}
    name = next((n for n, codes in readings.items() if codes.notna().any()), next(iter(readings)))
    rows = rows.assign(code=readings[name])
    problems += _clashes(rows, name, readings, where)
    written = _written(features, name, rows["code"])
    if evidence.of_other_system(rows["code"], written, system, _neutral(features, attributes, name)):
        found = _contradicted(rows, written, name, features, attributes, system)
        return rows.iloc[:0], [*problems, Problem("boundary_codes_of_other_system", True, where, found)]
    if system == "kemendagri":
        rows = rows.assign(code=rows["code"].where(evidence.kinds_known(rows["code"])))
    problems += _code_faults(rows, name, written, where)
    rows = rows[rows["code"].notna()]
    if evidence.one_village_each(rows):
        problems.append(Problem("boundary_one_village_each", False, where, {"count": len(rows)}))
    return rows, problems


def named_only(features: Features, attributes: Attributes, system: CodeSystem, where: Where) -> Told:
    """The rows with codes made from their names, which is told; rows without a name cannot have one.

    Codes of the declared system are not thrown away in this way; others are, at the study's word.
    """
    rows, problems = _rows(features, attributes, where)
    if rows.empty:
        return rows, problems
    for name, codes in schemas.coded(attributes, features.values, system).items():
        written = _written(features, name, codes.set_axis(rows.index))
        if evidence.usable(written, system, _neutral(features, attributes, name)):
            return rows.iloc[:0], [*problems, Problem("boundary_names_only_has_codes", True, where, {"field": name})]
        if level := evidence.larger_areas(rows, written):
            return rows.iloc[:0], [*problems, _larger_areas(level, rows, where)]
        problems.append(Problem("boundary_codes_not_used", False, where, {"field": name}))
    if level := evidence.larger_areas(rows):
        return rows.iloc[:0], [*problems, _larger_areas(level, rows, where)]
    rows = rows.assign(code=made_codes(rows), within="")
    nameless = rows["code"].isna()
    problems += about_rows("boundary_row_without_name", where, rows[nameless])
    if nameless.all():
        return rows.iloc[:0], [*problems, Problem("boundary_names_missing", True, where, {"roles": schemas.NAMING})]
    first = rows[~nameless].iloc[0]
    told = {"count": int(rows["code"].nunique()), "example": f"{first['village']} = {first['code']}"}
    return rows[~nameless], [*problems, Problem("boundary_codes_made", False, where, told)]


def refused(
    features: Features, attributes: Attributes, theirs: Attributes, problems: list[Problem], system: CodeSystem,
    where: Where,
) -> list[Problem]:  # fmt: skip
    """Why a layer without a field for codes of the declared system cannot be read, by what its rows hold.

    theirs: what its fields mean under the other system.
    """
    rows, _ = _rows(features, attributes, where)
    if level := evidence.larger_areas(rows):
        return [_larger_areas(level, rows, where)]
    readings = schemas.coded(theirs, features.values, schemas.OTHER[system])
    name, codes = next(iter(readings.items()), ("", rows["village"]))
    if not name or attributes.code or attributes.parts:
        return problems
    written = _written(features, name, codes.set_axis(rows.index))
    found = _contradicted(rows, written, name, features, theirs, system)
    return [Problem("boundary_system_contradicted", True, where, found)]


def _rows(features: Features, attributes: Attributes, where: Where) -> Told:
    """A row for each feature, index 1 …: names, what they say of the kind, the kecamatan code as written, the WKB."""
    values, count = features.values, len(features.wkb)
    rows = pd.DataFrame({role: schemas.names(values, fields, role, count) for role, fields in attributes.roles.items()})
    said = [schemas.text(values[name]).map(kind_told) for name in attributes.roles["village"]]
    rows["kind"] = [next(filter(None, kinds), "") for kinds in zip(*said, strict=True)] if said else ""
    rows["within"] = schemas.text(values[attributes.kecamatan_code]) if attributes.kecamatan_code else ""
    rows["wkb"] = pd.Series(list(features.wkb), dtype=object)
    rows["code"] = ""
    rows = rows.set_axis(pd.RangeIndex(1, count + 1, name="row"))
    if rows.empty:
        return rows, [Problem("boundary_without_rows", True, where)]
    problems = []
    if features.recoded:
        odd = ~rows["village"].map(str.isascii).astype(bool)
        problems += about_rows("boundary_letters_repaired", where, rows[odd] if odd.any() else rows)
    like = [f"{name[:40]} → {meant}" for name, meant in attributes.resembling.items() if name in attributes.fields]
    if like:
        problems.append(Problem("boundary_fields_resemble", False, where, {"fields": few(like)}))
    return rows, problems


def _written(features: Features, name: str, codes: pd.Series) -> pd.Series:
    """A field as text, on the index of its codes; a code put together from parts was never written as one."""
    values = features.values.get(name)
    return codes.fillna("") if values is None else schemas.text(values).set_axis(codes.index)


def _neutral(features: Features, attributes: Attributes, name: str) -> bool:
    return name in features.values and attributes.schema in NEUTRAL


def _contradicted(
    rows: pd.DataFrame, written: pd.Series, name: str, features: Features, attributes: Attributes, system: CodeSystem
) -> dict[str, Any]:
    """Which system a field's codes are of, by the rows; and a way out that was tried on them and leads somewhere."""
    neutral = _neutral(features, attributes, name)
    named = [f'columns = {{ code = "{name}" }}'] if name in features.values else []
    ways = {schemas.OTHER[system]: [f'code_system = "{schemas.OTHER[system]}"', *named], system: named}
    found = (lines for meant, lines in ways.items() if lines and evidence.usable(written, meant, neutral))
    return {
        **evidence.systems(rows, written, system),
        "field": name,
        "way": next(found, ["names_only = true"]),
    }


def _larger_areas(level: str, rows: pd.DataFrame, where: Where) -> Problem:
    column = rows["kecamatan" if level == "kecamatan" else "kabupaten"]
    names = list(dict.fromkeys(name for name in (*column, *rows["village"]) if name))
    told = {"level": level, "count": len(rows), "examples": few(names[:3], len(names)) or "–"}
    return Problem("boundary_larger_areas", True, where, told)


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
    lost = len(unread) * 2 > len(rows) or not said.any()
    if lost and (level := evidence.larger_areas(rows, written)):
        return [_larger_areas(level, rows, where)]
    if not said.any():
        return [Problem("boundary_codes_empty", True, where, {"field": name})]
    if lost:
        areas = {"field": name, "level": evidence.common_level(written), "distinct": int(written[said].nunique())}
        if areas["level"]:
            return [Problem("boundary_codes_of_areas", True, where, {**areas, "examples": examples})]
        return about_rows(
            "boundary_codes_unreadable", where, rows[said & ~read], fatal=True, field=name, examples=examples
        )
    problems = about_rows("boundary_code_unreadable", where, rows[said & ~read], field=name, examples=examples)
    problems += about_rows("boundary_row_without_code", where, rows[~said])
    repaired = rows[read & written.str.contains(r"[eE]\+?\d|^\d{10}[.,]0+$", regex=True)]
    example = written[repaired.index[0]] if len(repaired) else ""
    return problems + about_rows("boundary_code_repaired", where, repaired, field=name, example=example)
