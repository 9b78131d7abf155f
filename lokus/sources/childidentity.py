"""Which rows of by-name lists are one child. Names and NIK are compared here and go no further."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from rapidfuzz import fuzz

from lokus.sources.childvalues import NO_DAY, codes, joint
from lokus.sources.records import Measures

# A newborn is listed under its mother's name before it has one of its own.
_UNNAMED = r"^(by|bayi)(ny|nyonya|ibu)"
_ALIKE = 85.0
_SHORTEST_NAME = 4
# A NIK with more spellings of a name is a dummy's.
_MOST_SPELLINGS = 20
_NIK, _PERSON, _PART, _ROW = range(4)


class Identity(NamedTuple):
    """`child`: a number for each child; `named`: rows known to be one child's; `shared`: rows whose NIK other children
    bear too; `doubled`: rows of one name, birth, sex and village under several NIK."""

    child: NDArray[np.int64]
    named: NDArray[np.bool_]
    shared: NDArray[np.bool_]
    doubled: NDArray[np.bool_]


def identified(nik: pa.StringArray, name: pa.StringArray, place: NDArray[np.int64], measures: Measures) -> Identity:
    """A child is one NIK with one birth, one sex and one name, where these are known; spellings of a name may differ.

    A NIK of several children is nobody's: they are told apart by name, birth, sex and village, as are rows without a
    NIK. Of those, a row is the child with a NIK that agrees in all four, where there is one only. A row that tells too
    little is a child of its own.
    """
    births, born, sexes, sexed = measures.birth, measures.birth != NO_DAY, measures.sex, measures.sex >= 0
    (has_nik, niks), (has_name, names) = _coded(nik), _coded(name)
    clash = has_nik & (_several(births, born, niks) | _several(sexes, sexed, niks))
    within = joint(niks, np.where(clash, births, 0), np.where(clash, sexes, 0))
    told = has_nik & has_name & ~pc.match_substring_regex(name, _UNNAMED).to_numpy(zero_copy_only=False)
    alike = _spelled_alike(names, name, within, told & _several(names, told, within), measures)
    shared = has_nik & _any(clash | _several(alike, told, niks), niks)
    names = np.where(shared, alike, names)
    own, full = has_nik & ~shared, has_name & born
    sexes = np.where(sexed, sexes, _only(sexes, sexed, joint(names, births, place)))
    person = joint(names, births, sexes, place)
    doubled = own & full & _several(niks, own & full, person)
    bearer = np.where(own, niks, np.where(full, _only(niks, own & full, person), -1))
    kind = np.select([bearer >= 0, full, has_nik & (has_name | born)], [_NIK, _PERSON, _PART], _ROW)
    part = joint(niks, names, births, sexes, place)
    child = joint(
        kind, np.select([kind == _NIK, kind == _PERSON, kind == _PART], [bearer, person, part], np.arange(len(kind)))
    )
    return Identity(child, kind != _ROW, shared, doubled)


def _coded(texts: pa.StringArray) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Where there is a text, and a number for each different one."""
    return pc.not_equal(texts, "").to_numpy(zero_copy_only=False), codes(texts.dictionary_encode())


def _extremes(
    values: NDArray[Any], known: NDArray[np.bool_], group: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The least and the greatest known value of each row's group; the least is greater where none is known."""
    groups, bound = int(group.max(initial=-1)) + 1, np.iinfo(np.int64)
    least, greatest = np.full(groups, bound.max), np.full(groups, bound.min)
    np.minimum.at(least, group[known], values[known])
    np.maximum.at(greatest, group[known], values[known])
    return least[group], greatest[group]


def _several(values: NDArray[Any], known: NDArray[np.bool_], group: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Rows whose group has different known values."""
    least, greatest = _extremes(values, known, group)
    return least < greatest


def _only(values: NDArray[Any], known: NDArray[np.bool_], group: NDArray[np.int64]) -> NDArray[np.int64]:
    """The one known value of each row's group, −1 where there is none or several."""
    least, greatest = _extremes(values, known, group)
    return np.where(least == greatest, least, -1)


def _any(mask: NDArray[np.bool_], group: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Rows whose group has a row of the mask."""
    return np.isin(group, np.unique(group[mask]))


def _spelled_alike(
    names: NDArray[np.int64], texts: pa.StringArray, within: NDArray[np.int64], rows: NDArray[np.bool_], m: Measures
) -> NDArray[np.int64]:
    """The names of rows in one spelling for each group of `within`: the most frequent of those that are alike.

    Two children measured on one day with different heights are two, however alike their names: twins often are.
    """
    at = np.flatnonzero(rows)
    frame = pd.DataFrame({"group": within[at], "name": names[at], "on": m.measured_on[at], "cm": m.cm[at]})
    counts: dict[int, dict[int, int]] = defaultdict(dict)
    for (group, name), count in frame.groupby(["group", "name"]).size().items():
        counts[group][name] = count
    counts = {g: spellings for g, spellings in counts.items() if len(spellings) <= _MOST_SPELLINGS}
    text = dict(zip(names[at].tolist(), texts.take(pa.array(at)).to_pylist(), strict=True))
    apart = _apart(frame[frame["group"].isin(counts)])
    one: dict[tuple[int, int], int] = {}
    for group, spellings in counts.items():
        for leader, alike in _clusters(spellings, text, apart.get(group, set())).items():
            one |= {(group, name): leader for name in alike}
    found = names.copy()
    found[at] = [one.get(key, key[1]) for key in zip(frame["group"], frame["name"], strict=True)]
    return found


def _apart(frame: pd.DataFrame) -> dict[int, set[tuple[int, int]]]:
    """Of each group, the names measured on one day with different heights, both ways round."""
    days: dict[tuple[int, int], dict[int, set[float]]] = defaultdict(lambda: defaultdict(set))
    dated = frame[(frame["on"] != NO_DAY) & frame["cm"].notna()]
    for group, name, on, cm in dated[dated.duplicated(["group", "on"], keep=False)].itertuples(index=False):
        days[group, on][name].add(cm)
    apart: dict[int, set[tuple[int, int]]] = defaultdict(set)
    for (group, _), heights in days.items():
        for a, b in combinations(heights, 2):
            if len(heights[a] | heights[b]) > 1:
                apart[group] |= {(a, b), (b, a)}
    return apart


def _clusters(
    spellings: Mapping[int, int], text: Mapping[int, str], apart: set[tuple[int, int]]
) -> dict[int, Sequence[int]]:
    """The names of a group by the spelling they are taken for."""
    found: dict[int, list[int]] = {}
    for name in sorted(spellings, key=lambda n: (-spellings[n], text[n])):
        leaders = (
            leader for leader, members in found.items()
            if _alike(text[leader], text[name]) and not any((name, m) in apart for m in members)
        )  # fmt: skip
        found.setdefault(next(leaders, name), []).append(name)
    return dict(found)


def _alike(one: str, other: str) -> bool:
    """Whether two names without spaces may be one: nearly the same letters, or one begins the other; numerals agree.

    >>> _alike("sitiaminah", "sitiaminnah"), _alike("siti", "sitiaminah"), _alike("hasan", "husen"), _alike("a1", "a2")
    (True, True, False, False)
    """
    if [c for c in one if c.isdigit()] != [c for c in other if c.isdigit()]:
        return False
    shorter, longer = sorted((one, other), key=len)
    return fuzz.ratio(one, other) >= _ALIKE or (len(shorter) >= _SHORTEST_NAME and longer.startswith(shorter))
