"""The rows of one by-name list → numbers, codes and trusted places; names and NIK only as keys, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lokus.errors import DataError, Problem
from lokus.sources import childplaces as places
from lokus.sources import childvalues as values
from lokus.sources.byname import ByName
from lokus.sources.childvalues import NO_DAY, Read

_FIELDS = (
    *places.AREA, "nik", "name", "parents", "sex", "birth", "age", "age_months", "measured_on", "height", "posture",
    "class", "z",
)  # fmt: skip
_NIK_DIGITS = 16
_MOST_OF_NIK = 10
# From so many NIK on it is no chance that most of them end in 0: Excel keeps 15 digits of a number.
_ROUNDED_FROM = 20
_AGES_AGREE_DAYS = 45
# Heights of children in cm, and a margin: a weight in the column of heights is none.
_HEIGHTS = (30.0, 150.0)
_DOUBTS = {
    places.BLANK: "children_village_blank",
    places.PERSONAL: "children_village_personal",
    places.SHIFTED: "children_village_doubtful",
    places.LONELY: "children_village_lonely",
    places.ONCE: "children_village_once",
}


@dataclass(frozen=True, slots=True, repr=False)
class Measures:
    """Measurements, aligned arrays.

    `birth`, `measured_on`: days since 1970 or `NO_DAY`; `days`: age, −1 unknown; `cm`: NaN unknown; `own_class`: what
    the file itself says.
    """

    birth: NDArray[np.int32]
    measured_on: NDArray[np.int32]
    days: NDArray[np.int32]
    cm: NDArray[np.float64]
    sex: NDArray[np.int8]
    posture: NDArray[np.int8]
    own_class: NDArray[np.int8]

    def of(self, rows: NDArray[Any]) -> Self:
        """Those of a mask or of row numbers."""
        return type(self)(*(getattr(self, f.name)[rows] for f in fields(self)))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """One after the other."""
        return cls(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)))


@dataclass(frozen=True, slots=True, repr=False)
class Records:
    """The measurements of one table.

    `rows`: of the file; `nik`, `name`: cleaned text, "" where there is none; `place`: number in `places`, −1 where the
    village is blank or not to be trusted. `account`: the rows that are no measurement, by kind; `unread`: how many of
    them seem to be one.
    """

    source: ByName
    rows: NDArray[np.int64]
    nik: pa.StringArray
    name: pa.StringArray
    measures: Measures
    place: NDArray[np.int64]
    places: tuple[places.Place, ...]
    account: dict[str, int]
    unread: int
    problems: tuple[Problem, ...]


class _Cells(NamedTuple):
    """Every row of a table, read."""

    birth: Read
    measured_on: Read
    age: Read
    sex: Read
    height: Read
    posture: Read
    class_: Read
    z: Read


def records_of(source: ByName) -> Records:
    """Reads the cells of a table. Errors: `DataError` where no row is a measurement."""
    problems = list(source.problems)
    empty = pa.array([""] * len(source.rows), pa.string()).dictionary_encode()
    column = {field: source.columns.get(field, empty) for field in _FIELDS}
    cells = _cells(source, column, problems)
    filled = ~np.logical_and.reduce([values.blank(c) for c in source.columns.values()])
    is_record = (cells.sex.values >= 0) | (cells.birth.values != NO_DAY) | (cells.measured_on.values != NO_DAY)
    is_record |= (cells.age.values >= 0) & ~np.isnan(cells.height.values)
    if not is_record.any():
        raise DataError([*problems, Problem("children_none", True, source.where())])
    strange = filled & ~is_record
    days, own = _ages(cells), {field: column[field].filter(pa.array(is_record)) for field in _FIELDS}
    problems += _unreadable(source, cells, days, is_record)
    nik, odd = _nik(source, own["nik"], problems)
    named = places.named_places(own, *_vouching(_Cells(*(Read(*(a[is_record] for a in c)) for c in cells))))
    told = {"children_nik_odd": (odd, "nik")} | {code: (named.why == why, "village") for why, code in _DOUBTS.items()}
    for code, (mask, field) in told.items():
        problems += source.about(code, np.flatnonzero(is_record)[mask], field)
    problems += source.about("children_not_measurements", strange)
    broken = source.read - len(source.rows)
    measures = Measures(
        cells.birth.values, cells.measured_on.values, days, cells.height.values, cells.sex.values,
        cells.posture.values, cells.class_.values,
    )  # fmt: skip
    return Records(
        source=source,
        rows=source.rows[is_record],
        nik=nik,
        name=_bare(own["name"]),
        measures=measures.of(is_record),
        place=named.number,
        places=named.places,
        account={"blank": int((~filled).sum()), "not_measurements": int(strange.sum()), "broken": broken},
        unread=_childlike(*(column[f].filter(pa.array(strange)) for f in ("nik", "name", "village"))) + broken,
        problems=tuple(problems),
    )


def _cells(source: ByName, column: dict[str, pa.DictionaryArray], problems: list[Problem]) -> _Cells:
    return _Cells(
        _dates(source, "birth", column["birth"], problems),
        _dates(source, "measured_on", column["measured_on"], problems),
        _told_ages(column),
        values.coded(column["sex"], "sex"),
        values.numbers(column["height"], zero_is_missing=True),
        values.coded(column["posture"], "posture"),
        values.coded(column["class"], "class"),
        values.numbers(column["z"]),
    )


def _unreadable(source: ByName, cells: _Cells, days: NDArray[np.int32], is_record: NDArray[np.bool_]) -> list[Problem]:
    told = cells.age.values
    differ = (np.abs(days - told) > _AGES_AGREE_DAYS) & (days >= 0) & (told >= 0)
    return [
        *source.about("children_date_unreadable", cells.birth.unreadable & is_record, "birth"),
        *source.about("children_date_unreadable", cells.measured_on.unreadable & is_record, "measured_on"),
        *source.about("children_age_unreadable", cells.age.unreadable & is_record & (days < 0), "age"),
        *source.about("children_sex_unreadable", cells.sex.unreadable & is_record, "sex"),
        *source.about("children_height_unreadable", cells.height.unreadable & is_record, "height"),
        *source.about("children_posture_unreadable", cells.posture.unreadable & is_record, "posture"),
        *source.about("children_age_differs", differ & is_record, "age"),
    ]


def _dates(source: ByName, field: str, column: pa.DictionaryArray, problems: list[Problem]) -> Read:
    read, month_first = values.dates(column)
    if month_first:
        problems.append(Problem("children_month_first", False, source.where(field)))
    return read


def _told_ages(column: dict[str, pa.DictionaryArray]) -> Read:
    """Age as the file writes it, in text or in months."""
    text, months = values.ages(column["age"]), values.ages(column["age_months"], months=True)
    found = np.where(text.values >= 0, text.values, months.values)
    return Read(found, (text.unreadable | months.unreadable) & (found < 0))


def _ages(cells: _Cells) -> NDArray[np.int32]:
    """Days from birth to measuring; the age as written where a date is missing; −1 where neither is known."""
    birth, on = cells.birth.values, cells.measured_on.values
    dated = (birth != NO_DAY) & (on != NO_DAY)
    days = np.where(dated, on.astype(np.int64) - birth, cells.age.values)
    return np.maximum(days, -1).astype(np.int32)


def _nik(
    source: ByName, column: pa.DictionaryArray, problems: list[Problem]
) -> tuple[pa.StringArray, NDArray[np.bool_]]:
    """The 16 digits of a NIK without stray characters, "" where there is none; and where a cell is filled with
    something else: not 16 digits, one digit 16 times, or 1,70401E+15."""
    text = column.dictionary.cast(pa.string())
    digits = pc.replace_substring_regex(text, r"\.0+$|[^0-9]", "")
    sound = pc.and_(pc.equal(pc.utf8_length(digits), _NIK_DIGITS), pc.invert(pc.match_substring_regex(digits, _SAME)))
    sound = pc.and_(sound, pc.invert(pc.match_substring_regex(text, r"\d[eE][+-]?\d")))
    odd = pa.DictionaryArray.from_arrays(column.indices, pc.if_else(sound, "-", text))
    ending = pc.and_(sound, pc.ends_with(digits, "0"))
    niks, rounded = (pc.sum(mask.take(column.indices)).as_py() or 0 for mask in (sound, ending))
    if niks >= _ROUNDED_FROM and 2 * rounded > niks:
        problems.append(Problem("children_nik_rounded", False, source.where("nik"), {"count": rounded}))
        sound = pc.and_(sound, pc.invert(ending))
    nik = pa.DictionaryArray.from_arrays(column.indices, pc.if_else(sound, digits, ""))
    return nik.cast(pa.string()), ~values.blank(odd)


_SAME = "^(" + "|".join(f"{d}+" for d in "0123456789") + ")$"


def _bare(column: pa.DictionaryArray) -> pa.StringArray:
    """Letters and digits of a name in lower case."""
    letters = pc.replace_substring_regex(pc.utf8_lower(column.dictionary.cast(pa.string())), r"[^\pL\pN]+", "")
    return pa.DictionaryArray.from_arrays(column.indices, letters).cast(pa.string())


def _childlike(nik: pa.DictionaryArray, name: pa.DictionaryArray, village: pa.DictionaryArray) -> int:
    """How many rows name a child and its village, or tell something like a NIK."""
    digits = pc.replace_substring_regex(nik.cast(pa.string()), "[^0-9]", "")
    numbered = pc.greater_equal(pc.utf8_length(digits), _MOST_OF_NIK).to_numpy(zero_copy_only=False)
    return int((numbered | ~(values.blank(name) | values.blank(village))).sum())


def _vouching(cells: _Cells) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Rows whose cells stand in their own columns, and rows of which far more cells do than do not.

    The NIK does not count: people write there what they have.
    """
    cm = cells.height.values
    misplaced = cells.height.unreadable | (cm < _HEIGHTS[0]) | (cm > _HEIGHTS[1])
    strict = [cells.sex.unreadable, cells.birth.unreadable, cells.measured_on.unreadable, misplaced]
    misread = np.sum([*strict, *(c.unreadable for c in (cells.age, cells.posture, cells.class_, cells.z))], axis=0)
    born, on, aged = cells.birth.values != NO_DAY, cells.measured_on.values != NO_DAY, cells.age.values >= 0
    known = [cells.sex.values >= 0, born, on, aged, ~np.isnan(cm) & ~misplaced, cells.posture.values > 0]
    read = np.sum([*known, cells.class_.values >= 0, ~np.isnan(cells.z.values)], axis=0)
    whole = (cells.sex.values >= 0) & (born | aged) & ~np.logical_or.reduce(strict)
    return whole, read > 2 * misread
