"""Which places the rows of by-name lists may name, and which ways of writing them mean one place."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lokus.sources import childvalues as values
from lokus.sources.numbers import is_missing
from lokus.villages.names import normalise

AREA = ("kabupaten", "kecamatan", "village")
Place = tuple[str, str, str]
# Whether a row has a place, or why not.
NAMED, ONCE, BLANK, PERSONAL, SHIFTED, LONELY = range(6)
# What so many persons share is no longer one person's.
SHARED_BY = 3
# A kecamatan or village of one person is doubted beside others of so many.
_MANY = 5
_SHORTEST_NAME = 4
_PERSONAL = re.compile(
    r"(?:\D*\d){11}"  # NIK, telephone
    r"|\s*\+?(?:62|0)8[\d -]{8,}"
    r"|.*(?<![\d./-])\d{1,2}([-/.])\d{1,2}\1(?:\d\d){1,2}(?!\d|[-/.]\d)"  # date, but no dotted code
    r"|.*(?<!\d)(?:19|20)\d\d-\d\d-\d\d"
    r"|.*\b(?:rt|rw)\b\W*\d"  # address
    r"|\s*(?:jl|jln|gg)\b"
    r"|\s*\d+[.,]\d+\s*$",  # measurement
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, repr=False)
class Named:
    """`number`: each row's number in `places`, −1 where it has none; `why`: NAMED, ONCE where a single person names it
    among villages of many, or the reason why not."""

    number: NDArray[np.int64]
    places: tuple[Place, ...]
    why: NDArray[np.int8]


def named_places(
    column: Mapping[str, pa.DictionaryArray], whole: NDArray[np.bool_], nearly: NDArray[np.bool_]
) -> Named:
    """The place of each row, where rows vouch for it.

    A stray separator shifts a row, and an address or a name would be written out as a village. So a place needs the
    `nearly` whole rows of `SHARED_BY` different persons, or a `whole` one, whose cells all stand in their columns, of
    somebody with another name. What looks like a NIK, date, telephone number or address is no place, nor is one in a
    kecamatan that a single person names beside another of many. column: `AREA`, name, parents and NIK.
    """
    parts = [column[part] for part in AREA]
    kabupaten, kecamatan, village = (values.codes(part) for part in parts)
    area = values.joint(kabupaten, kecamatan)
    place, person = values.joint(area, village), _person(column)
    first = _first_rows(place)
    texts = [[shown(t) for t in part.take(pa.array(first)).to_pylist()] for part in parts]
    spelled = list(zip(*texts, strict=True))
    persons = _persons(place, person, len(first))
    shared = _persons(place[nearly], person[nearly], len(first)) >= SHARED_BY
    vouching = np.flatnonzero(whole & ~shared[place])
    named_so = np.array([_is_named(column, int(row), spelled[place[row]]) for row in vouching], np.bool_)
    told = shared | (np.bincount(place[vouching[~named_so]], minlength=len(first)) > 0)
    around = _persons(area, person, int(area.max(initial=-1)) + 1)
    lonely = (around[area[first]] == 1) & (around.max(initial=0) >= _MANY)
    why = np.where((persons == 1) & (np.median(persons[place]) >= _MANY), ONCE, NAMED).astype(np.int8)
    why[lonely & np.array([bool(s[1]) for s in spelled], np.bool_)] = LONELY
    why[~told] = SHIFTED
    why[~told & (np.bincount(place[vouching], minlength=len(first)) > 0)] = PERSONAL
    why[np.array([any(map(personal, s)) for s in spelled], np.bool_)] = PERSONAL
    why[np.array([not s[2] for s in spelled], np.bool_)] = BLANK
    kept = why <= ONCE
    number = np.where(kept, np.cumsum(kept) - 1, -1)
    return Named(number[place], tuple(s for s, k in zip(spelled, kept, strict=True) if k), why[place])


def _person(column: Mapping[str, pa.DictionaryArray]) -> NDArray[np.int64]:
    """A number for each name, or NIK where there is none; a row that tells neither is a person of its own."""
    name, nik = column["name"], column["nik"]
    nobody = values.blank(name) & values.blank(nik)
    alone = np.where(nobody, np.arange(len(nobody)), -1)
    return values.joint(values.codes(name), np.where(values.blank(name), values.codes(nik), -1), alone)


def _is_named(column: Mapping[str, pa.DictionaryArray], row: int, place: Place) -> bool:
    """Whether a part of a row's place is part of the name of the child or parent, or the other way round."""
    names = [_words(column[field][row].as_py()) for field in ("name", "parents")]
    parts = [_words(part) for part in place]
    pairs = [(a, b) for name in names for part in parts for a, b in ((name, part), (part, name))]
    return any(len(a) >= _SHORTEST_NAME + 2 and a in b for a, b in pairs)


def _words(text: str) -> str:
    return " ".join(["", *re.findall(r"[^\W_]+", text.casefold()), ""])


def _first_rows(group: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first row of each group 0, 1, 2 …"""
    first = np.zeros(int(group.max(initial=-1)) + 1, np.int64)
    first[group[::-1]] = np.arange(len(group))[::-1]
    return first


def _persons(group: NDArray[np.int64], person: NDArray[np.int64], groups: int) -> NDArray[np.int64]:
    """How many different persons each group has."""
    pair = values.joint(group, person)
    return np.bincount(group[_first_rows(pair)], minlength=groups)


def shown(text: str) -> str:
    """A name of a place on one line, "" where there is none."""
    return "" if is_missing(text) else " ".join(text.split())


def personal(text: str) -> bool:
    """Whether a text is rather a NIK, a date, an age, a telephone number or an address than a place.

    >>> personal("1603010101010001"), personal("17 Agustus 2023"), personal("Jl. Merdeka 9"), personal("RT 3 RW 1")
    (True, True, True, True)
    >>> personal("Tanjung Agung"), personal("16.03.01.2001"), personal("Jalan Cagak"), personal("Blok 5")
    (False, False, False, False)
    """
    return _PERSONAL.match(text) is not None or values.date(text) is not None or values.age(text) >= 0


def place_key(place: Place) -> Place:
    """A place in one spelling."""
    kabupaten, kecamatan, village = place
    return normalise(kabupaten), normalise(kecamatan), normalise(village)


def united(keys: Sequence[Place]) -> tuple[dict[Place, Place], set[Place]]:
    """The fullest way of writing each place, and the places for which there are several.

    One list has a column of the kabupaten or kecamatan and another has not: what is blank is filled in from the other
    where only one agrees. keys: `place_key`s, all with a village.
    """
    areas: dict[str, set[str]] = defaultdict(set)
    for kabupaten, kecamatan, _ in keys:
        if kabupaten and kecamatan:
            areas[kecamatan].add(kabupaten)
    filled = {k: (k[0] or _only(areas[k[1]]), k[1], k[2]) if k[1] else k for k in keys}
    known: dict[str, set[Place]] = defaultdict(set)
    for key in filled.values():
        known[key[2]].add(key)
    fullest, several = {}, set()
    for key, place in filled.items():
        fuller = {k for k in known[place[2]] if agree(k, place) and _told(k) > _told(place)}
        best = {k for k in fuller if not any(agree(k, o) and _told(o) > _told(k) for o in fuller)}
        fullest[key] = next(iter(best)) if len(best) == 1 else place
        if len(best) > 1:
            several.add(key)
    return fullest, several


def joined_places(
    tables: Sequence[tuple[NDArray[np.int64], Sequence[Place]]],
) -> tuple[NDArray[np.int64], tuple[Place, ...], list[int]]:
    """One numbering of the places of all tables, each shown as most rows spell its parts; and the numbers of those that
    say too little to be united with one of several. tables: rows' numbers, −1 for none, and the places they number."""
    fullest, several = united([place_key(p) for _, places in tables for p in places])
    numbers: dict[Place, int] = {}
    rows: dict[Sequence[str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    joined = []
    for number, places in tables:
        keys = [fullest[place_key(p)] for p in places]
        own = np.array([numbers.setdefault(key, len(numbers)) for key in keys] or [-1], np.int64)
        joined.append(np.where(number >= 0, own[number], -1))
        counts = np.bincount(number[number >= 0], minlength=len(places))
        for key, place, count in zip(keys, places, counts, strict=True):
            for part, text in enumerate(place):
                rows[key[: part + 1]][text] += int(count) if text else 0
    spelled = {part: max(sorted(texts), key=texts.__getitem__) for part, texts in rows.items()}
    found = tuple((spelled[key[:1]], spelled[key[:2]], spelled[key]) for key in numbers)
    return np.concatenate(joined), found, sorted({numbers[fullest[key]] for key in several})


def agree(one: Place, other: Place) -> bool:
    """Whether two places are the same in all that both tell."""
    return all(a == b or not a or not b for a, b in zip(one, other, strict=True))


def _told(place: Place) -> int:
    return sum(map(bool, place))


def _only(names: set[str]) -> str:
    return next(iter(names)) if len(names) == 1 else ""
