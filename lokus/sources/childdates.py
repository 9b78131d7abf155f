"""Dates of birth and of measuring: day first or month first, and as an Excel of another country has swapped them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lokus.sources import childvalues as values
from lokus.sources.childvalues import NO_DAY, Read

FIELDS = ("birth", "measured_on")
AGREE_DAYS = 45
# So many cells of a kind are no chance; and of a column without ages, more than a slip of the pen.
FEW = 10
_SLIPS = 0.1
_MONTHS = 12


class Dated(NamedTuple):
    """`read`: by field; the fields that write the month first, and those whose days and months were swapped up to day
    12 and left as text from 13 on."""

    read: dict[str, Read]
    month_first: tuple[str, ...]
    swapped: tuple[str, ...]


def dated(column: Mapping[str, pa.DictionaryArray], told: NDArray[np.int32]) -> Dated:
    """Reads both columns as best agrees with the ages as written. told: those ages in days, −1 unknown."""
    ways = {f: [values.dates(column[f])] for f in FIELDS}
    for field in FIELDS:
        if _may_be_month_first(column[field]):
            ways[field].append(values.dates(column[field], month_first=True))
    aged = bool((told >= 0).sum())
    flips = product(*(range(len(ways[f])) for f in FIELDS))
    best = max(flips, key=lambda flip: (_agreeing(*_values(ways, flip), told), sum(flip) * (-1 if aged else 1)))
    read = {f: ways[f][way] for f, way in zip(FIELDS, best, strict=True)}
    return Dated(read, tuple(f for f, way in zip(FIELDS, best, strict=True) if way), _swapped(column, read, told))


def differing(birth: NDArray[np.int32], on: NDArray[np.int32], told: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Where both dates and an age are known and are far from each other."""
    far: NDArray[np.bool_] = _comparable(birth, on, told) & (np.abs(on.astype(np.int64) - birth - told) > AGREE_DAYS)
    return far


def _comparable(birth: NDArray[np.int32], on: NDArray[np.int32], told: NDArray[np.int32]) -> NDArray[np.bool_]:
    known: NDArray[np.bool_] = (birth != NO_DAY) & (on != NO_DAY) & (told >= 0)
    return known


def _agreeing(birth: NDArray[np.int32], on: NDArray[np.int32], told: NDArray[np.int32]) -> int:
    return int((_comparable(birth, on, told) & ~differing(birth, on, told)).sum())


def _values(ways: Mapping[str, list[Read]], flip: tuple[int, ...]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    birth, on = (ways[f][way].values for f, way in zip(FIELDS, flip, strict=True))
    return birth, on


def _may_be_month_first(column: pa.DictionaryArray) -> bool:
    """Whether second parts beyond 12 are more than a slip, and no first part is."""
    first, second = values.leading(column)
    beyond = int((second > _MONTHS).sum())
    return beyond > 1 and beyond > _SLIPS * (first > 0).sum() and not (first > _MONTHS).any()


def _swapped(
    column: Mapping[str, pa.DictionaryArray], read: Mapping[str, Read], told: NDArray[np.int32]
) -> tuple[str, ...]:
    """Fields with real dates up to day 12 only beside texts from day 13 on, unless the ages as written gainsay."""
    found: list[str] = []
    turned: dict[str, NDArray[np.int32]] = {}
    for field in FIELDS:
        text = values.leading(column[field])[0]
        real = (read[field].values != NO_DAY) & (text == 0)
        days = read[field].values[real].astype("datetime64[D]")
        months = days.astype("datetime64[M]")
        day = (days - months.astype("datetime64[D]")).astype(np.int64)
        year = months.astype("datetime64[Y]")
        turned[field] = read[field].values.copy()
        patterned = min(real.sum(), (text > 0).sum()) >= FEW and (text[text > 0] > _MONTHS).all()
        if patterned and (day < _MONTHS).all():
            month = (months - year.astype("datetime64[M]")).astype(np.int64)
            turned[field][real] = (year.astype("datetime64[M]") + day).astype("datetime64[D]").astype(np.int64) + month
            found.append(field)
    before = [read[f].values for f in FIELDS]
    aged = _comparable(before[0], before[1], told).sum() >= FEW
    return (
        ()
        if aged and _agreeing(turned["birth"], turned["measured_on"], told) <= _agreeing(before[0], before[1], told)
        else tuple(found)
    )
