"""The rows of one by-name export → numbers, codes and trusted places; names and NIK only as keys, in memory."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lokus.errors import DataError, Problem
from lokus.sources import childvalues as values
from lokus.sources.byname import ByName, heading
from lokus.sources.childvalues import NO_DAY, Read
from lokus.sources.numbers import is_missing
from lokus.villages.names import normalise

AREA = ("kabupaten", "kecamatan", "village")
_FIELDS = (
    *AREA, "nik", "name", "parents", "sex", "birth", "age", "age_months", "measured_on", "height", "posture", "class",
    "z",
)  # fmt: skip
Place = tuple[str, str, str]
_MOST_DIGITS = 12
_DATE = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}")
_NIK_DIGITS = 16
# From so many NIK on it is no chance that most of them end in 0: Excel keeps 15 digits of a number.
_ROUNDED_FROM = 20
_AGES_AGREE_DAYS = 45
_LONELY_AMONG = 20


@dataclass(frozen=True, slots=True, repr=False)
class Records:
    """The measurements of one file, aligned arrays.

    `nik`, `name`: cleaned text, "" where there is none; `birth`, `measured_on`: days since 1970 or `NO_DAY`; `days`:
    age, −1 unknown; `cm`: NaN unknown; `own_class`, `own_z`: what the file itself says; `place`: number in `places`,
    −1 where the village is blank or not to be trusted. `account`: the rows that are no measurement, by kind.
    """

    source: ByName
    rows: NDArray[np.int64]
    nik: pa.StringArray
    name: pa.StringArray
    birth: NDArray[np.int32]
    measured_on: NDArray[np.int32]
    days: NDArray[np.int32]
    cm: NDArray[np.float64]
    sex: NDArray[np.int8]
    posture: NDArray[np.int8]
    own_class: NDArray[np.int8]
    own_z: NDArray[np.float64]
    place: NDArray[np.int64]
    places: tuple[Place, ...]
    account: dict[str, int]
    problems: tuple[Problem, ...]


class _Cells(NamedTuple):
    """Every row of a file, read."""

    birth: Read
    measured_on: Read
    age: Read
    sex: Read
    height: Read
    posture: Read
    class_: Read
    z: Read


def records_of(source: ByName) -> Records:
    """Reads the cells of a file. Errors: `DataError` where a column is missing without which nothing can be counted."""
    _hold_columns(source)
    problems = list(source.problems)
    empty = pa.array([""] * len(source.rows), pa.string()).dictionary_encode()
    column = {field: source.columns.get(field, empty) for field in _FIELDS}
    cells = _cells(source, column, problems)
    filled = ~np.logical_and.reduce([values.blank(c) for c in source.columns.values()])
    is_record = (cells.sex.values >= 0) | (cells.birth.values != NO_DAY) | (cells.measured_on.values != NO_DAY)
    days = _ages(cells)
    nik, name = _nik(source, column["nik"], problems), _bare(column["name"])
    place, places = _places(column, _sound(column, cells) & is_record)
    problems += _unreadable(source, cells, days, is_record)
    no_village = values.blank(column["village"])
    problems += source.about("children_village_blank", is_record & no_village, "village")
    problems += source.about("children_village_doubtful", is_record & ~no_village & (place < 0), "village")
    problems += source.about("children_not_measurements", filled & ~is_record)
    if not is_record.any():
        raise DataError([*problems, Problem("children_none", True, source.where())])
    other = int((filled & ~is_record).sum())
    broken = source.read - len(source.rows)
    return Records(
        source=source,
        rows=source.rows[is_record],
        nik=nik.filter(pa.array(is_record)),
        name=name.filter(pa.array(is_record)),
        birth=cells.birth.values[is_record],
        measured_on=cells.measured_on.values[is_record],
        days=days[is_record],
        cm=cells.height.values[is_record],
        sex=cells.sex.values[is_record],
        posture=cells.posture.values[is_record],
        own_class=cells.class_.values[is_record],
        own_z=cells.z.values[is_record],
        place=place[is_record],
        places=places,
        account={"blank": int((~filled).sum()), "not_measurements": other, "broken": broken},
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


def _hold_columns(source: ByName) -> None:
    """Without these nothing can be counted: village, sex, height, and birth with the day of measuring, or an age."""
    has = source.columns.keys()
    missing = [f for f in ("village", "sex", "height") if f not in has]
    if not has & {"age", "age_months"}:
        missing += [f for f in ("birth", "measured_on") if f not in has]
    if missing:
        params = {"columns": [f'"{heading(f)}"' for f in missing]}
        raise DataError([*source.problems, Problem("children_columns_missing", True, source.where(), params)])


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


def _nik(source: ByName, column: pa.DictionaryArray, problems: list[Problem]) -> pa.StringArray:
    """The 16 digits of a NIK without stray characters; "" where there are not 16, or one digit 16 times."""
    digits = pc.replace_substring_regex(column.dictionary.cast(pa.string()), r"\.0+$|[^0-9]", "")
    sound = pc.and_(pc.equal(pc.utf8_length(digits), _NIK_DIGITS), pc.invert(pc.match_substring_regex(digits, _SAME)))
    ending = pc.and_(sound, pc.ends_with(digits, "0"))
    niks, rounded = (pc.sum(mask.take(column.indices)).as_py() or 0 for mask in (sound, ending))
    if niks >= _ROUNDED_FROM and 2 * rounded > niks:
        problems.append(Problem("children_nik_rounded", False, source.where("nik"), {"count": rounded}))
        sound = pc.and_(sound, pc.invert(ending))
    return pa.DictionaryArray.from_arrays(column.indices, pc.if_else(sound, digits, "")).cast(pa.string())


_SAME = "^(" + "|".join(f"{d}+" for d in "0123456789") + ")$"


def _bare(column: pa.DictionaryArray) -> pa.StringArray:
    """Letters of a name in lower case."""
    letters = pc.replace_substring_regex(pc.utf8_lower(column.dictionary.cast(pa.string())), r"[^\pL]+", "")
    return pa.DictionaryArray.from_arrays(column.indices, letters).cast(pa.string())


def _sound(column: dict[str, pa.DictionaryArray], cells: _Cells) -> NDArray[np.bool_]:
    """Rows whose cells stand in their own columns: only such rows may say that a village exists.

    A stray separator shifts a row, and an address or a name would be written out as a village.
    """
    village = _bare(column["village"])
    people = [pc.equal(village, _bare(column[f])).to_numpy(zero_copy_only=False) for f in ("name", "parents")]
    numbered = values.texts(column["nik"], lambda t: is_missing(t) or sum(c.isdigit() for c in t) > 9, bool)
    dated = (cells.birth.values != NO_DAY) | (cells.age.values >= 0)
    misread = cells.birth.unreadable | cells.measured_on.unreadable | cells.height.unreadable
    return np.asarray((cells.sex.values >= 0) & dated & numbered & ~misread & ~people[0] & ~people[1])


def _places(
    column: dict[str, pa.DictionaryArray], sound: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], tuple[Place, ...]]:
    """The number of each row's place, and the places that some sound row names."""
    parts = [column[part] for part in AREA]
    joint = np.zeros(len(sound), np.int64)
    for part in parts:
        joint = joint * max(len(part.dictionary), 1) + part.indices.to_numpy(zero_copy_only=False)
    _, first, inverse = np.unique(joint, return_index=True, return_inverse=True)
    told = np.bincount(inverse, weights=sound, minlength=len(first)) > 0
    if len(sound) >= _LONELY_AMONG:
        # A kecamatan with a single measurement is rather a row shifted within its place cells.
        _, area, rows = np.unique(joint // max(len(parts[2].dictionary), 1), return_inverse=True, return_counts=True)
        told &= rows[area[first]] > 1
    spelled = [tuple(_shown(part[int(i)].as_py()) for part in parts) for i in first]
    trusted = [bool(t and s[2] and not any(map(_personal, s))) for t, s in zip(told, spelled, strict=True)]
    number = np.where(trusted, np.cumsum(trusted) - 1, -1)
    places: Sequence[tuple[str, ...]] = [s for s, t in zip(spelled, trusted, strict=True) if t]
    return number[inverse], tuple((p[0], p[1], p[2]) for p in places)


def _shown(text: str) -> str:
    return "" if is_missing(text) else " ".join(text.split())


def _personal(text: str) -> bool:
    """Whether a text is rather a NIK, a date or a telephone number than a place."""
    return sum(c.isdigit() for c in text) >= _MOST_DIGITS or _DATE.search(text) is not None


def place_key(place: Place) -> Place:
    """A place in one spelling."""
    kabupaten, kecamatan, village = place
    return normalise(kabupaten), normalise(kecamatan), normalise(village)
