"""What the cells of a by-name export mean: dates, ages, heights, sexes, classes. Each different text is read once."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lokus.methods import growth
from lokus.sources.childheadings import catalogue, folded
from lokus.sources.numbers import MISSING

NO_DAY = np.iinfo(np.int32).min
CODES = {
    "sex": {"boy": growth.BOY, "girl": growth.GIRL},
    "posture": {"lying": growth.LYING, "standing": growth.STANDING},
    "class": {
        "severe": growth.SEVERE,
        "stunted": growth.STUNTED,
        "normal": growth.NORMAL,
        "tall": growth.TALL,
    },
}
NONE = {"sex": growth.UNKNOWN, "posture": growth.UNTOLD, "class": growth.UNKNOWN}

_TIME = r"(?:[ T]+\d{1,2}[:.]\d{2}.*)?"
_DAY_FIRST = re.compile(rf"(\d{{1,2}})\s*[-/. ]\s*(\d{{1,2}})\s*[-/. ]\s*(\d{{4}}|\d{{2}}){_TIME}")
_YEAR_FIRST = re.compile(rf"(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_TIME}|(\d{{4}})(\d{{2}})(\d{{2}})")
_NAMED = re.compile(rf"(\d{{1,2}})[-/. ]*([^\W\d_]+)\.?[-/., ]*(\d{{4}}|\d{{2}}){_TIME}")
_SERIAL = re.compile(r"(\d{5})(?:[.,]\d+)?")
_EXCEL = dt.date(1899, 12, 30)
_YEARS = range(1990, 2101)
_AGE_PART = re.compile(r"(\d+(?:[.,]\d+)?)\s*(tahun|thn|th|bulan|bln|bl|minggu|mgg|hari|hr|years?|months?|days?)\b\.?")
_AGE_REST = re.compile(r"[\s,;/-]*")
_NUMBER = re.compile(r"([+-]?\d{1,4}(?:[.,]\d+)?)\s*(?:cm)?\.?")
_AGE_WIDTH = {"t": 12 * growth.DAYS_PER_MONTH, "y": 12 * growth.DAYS_PER_MONTH, "h": 1.0, "d": 1.0}


class Read(NamedTuple):
    """Values of a column, and where a cell is filled with something that cannot be read."""

    values: NDArray[Any]
    unreadable: NDArray[np.bool_]


def texts(column: pa.DictionaryArray, function: Callable[[str], Any], dtype: Any) -> NDArray[Any]:
    """A function of each text, computed once for each different one."""
    done = np.array([function(t) for t in column.dictionary.to_pylist()], dtype=dtype)
    return done[codes(column)] if len(done) else np.zeros(len(column), dtype=dtype)


def codes(column: pa.DictionaryArray) -> NDArray[np.int64]:
    """The number of each cell's text in the dictionary."""
    return np.asarray(column.indices.to_numpy(zero_copy_only=False), np.int64)


def joint(*columns: NDArray[Any]) -> NDArray[np.int64]:
    """A number 0, 1, 2 … for each different row of whole-number columns, in the order of their first appearance.

    >>> joint(np.array([5, 5, -1]), np.array([0, 1, 0])).tolist()
    [0, 1, 2]
    """
    found = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        own = pd.factorize(column)[0].astype(np.int64)
        found = pd.factorize(found * (own.max(initial=0) + 1) + own)[0].astype(np.int64)
    return found


def blank(column: pa.DictionaryArray) -> NDArray[np.bool_]:
    """Where a cell says nothing, as `is_missing` has it."""
    spaced = pc.replace_substring_regex(column.dictionary.cast(pa.string()), r"\s+", " ")
    done = pc.is_in(pc.utf8_lower(pc.utf8_trim_whitespace(spaced)), pa.array(sorted(MISSING)))
    return done.to_numpy(zero_copy_only=False)[codes(column)] if len(done) else np.zeros(len(column), np.bool_)


def numbers(column: pa.DictionaryArray, *, zero_is_missing: bool = False) -> Read:
    """Numbers with a decimal comma or point, float64; NaN where missing. No height has thousands."""
    values = texts(column, number, np.float64)
    unreadable = np.isnan(values) & ~blank(column)
    return Read(np.where(values == 0, np.nan, values) if zero_is_missing else values, unreadable)


def number(text: str) -> float:
    """One number; NaN where it is none.

    >>> number("85,5 cm"), number("-2.31"), number("BUDI")
    (85.5, -2.31, nan)
    """
    found = _NUMBER.fullmatch(text.strip())
    return float(found[1].replace(",", ".")) if found else float("nan")


def coded(column: pa.DictionaryArray, kind: str) -> Read:
    """The code of each cell of a "sex", "posture" or "class" column, int8, by `catalog/children.toml`."""
    words = _words(kind)
    values = texts(column, lambda t: words.get(folded(t), NONE[kind]), np.int8)
    return Read(values, (values == NONE[kind]) & ~blank(column))


def dates(column: pa.DictionaryArray) -> tuple[Read, bool]:
    """Days since 1970-01-01, int32, `NO_DAY` where missing; and whether the column writes the month first.

    It does where some second part is beyond 12 and no first part is: in Indonesia the day comes first.
    """
    written = [_DAY_FIRST.fullmatch(t) for t in column.dictionary.to_pylist()]
    parts = [(int(m[1]), int(m[2])) for m in written if m]
    month_first = any(b > 12 for _, b in parts) and not any(a > 12 for a, _ in parts)

    def read(text: str) -> int:
        day = date(text, month_first=month_first)
        return NO_DAY if day is None else day.toordinal() - _EPOCH

    values = texts(column, read, np.int32)
    return Read(values, (values == NO_DAY) & ~blank(column)), month_first


_EPOCH = dt.date(1970, 1, 1).toordinal()


def date(text: str, *, month_first: bool = False) -> dt.date | None:
    """One date: dd/mm/yyyy, ISO, "5 Agustus 2022", an Excel serial; None where it is none or not of 1990–2100.

    >>> date("5/8/2022"), date("2022-08-05 00:00:00") == date("44778") == date("5 Agt 22")
    (datetime.date(2022, 8, 5), True)
    """
    text = text.strip()
    if m := _DAY_FIRST.fullmatch(text):
        day, month = (int(m[2]), int(m[1])) if month_first else (int(m[1]), int(m[2]))
        return _day(int(m[3]), month, day)
    if m := _YEAR_FIRST.fullmatch(text):
        year, month, day = (int(g) for g in (m.groups()[:3] if m[1] else m.groups()[3:]))
        return _day(year, month, day)
    if m := _NAMED.fullmatch(text):
        return _day(int(m[3]), int(_words("month").get(m[2].casefold(), 0)), int(m[1]))
    if m := _SERIAL.fullmatch(text):
        found = _EXCEL + dt.timedelta(days=int(m[1]))
        return found if found.year in _YEARS else None
    return None


def ages(column: pa.DictionaryArray, *, months: bool = False) -> Read:
    """Age in whole days, int32, −1 where missing, of texts such as "2 Tahun - 3 Bulan - 4 Hari".

    A bare number is months where the heading says so (`months`), and unreadable otherwise.
    """
    values = texts(column, lambda t: age(t, months=months), np.int32)
    return Read(values, (values < 0) & ~blank(column))


def age(text: str, *, months: bool = False) -> int:
    """One age in days, rounded half up; −1 where it is none.

    >>> age("2 Tahun - 3 Bulan - 4 Hari"), age("27", months=True), age("27")
    (826, 822, -1)
    """
    lowered = text.casefold()
    if months and (bare := _NUMBER.fullmatch(lowered)):
        return int(growth.whole_days([float(bare[1].replace(",", "."))])[0])
    found = _AGE_PART.findall(lowered)
    if not found or not _AGE_REST.fullmatch(_AGE_PART.sub("", lowered)):
        return -1
    return int(sum(float(n.replace(",", ".")) * _days(unit) for n, unit in found) + 0.5)


def _days(unit: str) -> float:
    return 7.0 if unit.startswith(("minggu", "mgg")) else _AGE_WIDTH.get(unit[0], growth.DAYS_PER_MONTH)


def _day(year: int, month: int, day: int) -> dt.date | None:
    year += 2000 if year < 100 else 0
    try:
        return dt.date(year, month, day) if year in _YEARS else None
    except ValueError:
        return None


@cache
def _words(kind: str) -> dict[str, int]:
    known: dict[str, list[str]] = catalogue()["values"][kind]
    codes = CODES.get(kind) or {name: int(name) for name in known}
    return {word: codes[name] for name, words in known.items() for word in words}
