"""One thing told twice: two tables of a study, or two sheets of a workbook, that disagree too much or agree too well.

Totals are compared over the same places only. A column is the same thing in two tables where its heading is the same
but for words that say nothing, or where both are the catalogue's one target group.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import combinations, islice
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from lokus.errors import DataError, Problem, Where
from lokus.sources.cells import read_grids
from lokus.sources.indicators import TableData
from lokus.sources.numbers import Decimal
from lokus.sources.places import read_places
from lokus.sources.relations import counts_of, numbers_of
from lokus.sources.sheets import Sheet, find_column, sheet_of

LEAST_COMPARED = 5
JUMP = 1.5
MOST_SHOWN = 6
# Tables that share this much of the fewer columns are one form, filled in twice.
ONE_FORM = 0.6
# A look at the other sheets must not be felt: a kabupaten's workbook of a year is far smaller.
LARGEST_BYTES, MOST_SHEETS = 1_000_000, 4
FILLING = frozenset({"jumlah", "jml", "jlh", "total", "banyak", "banyaknya", "data", "angka", "number", "of"})
# Alone these say nothing of what is counted: forms of different offices share them.
VAGUE = frozenset(
    {
        "sasaran", "target", "realisasi", "capaian", "cakupan", "nilai", "skor", "ya", "tidak", "ada", "l", "p", "laki",
        "perempuan", "lk", "pr", "kk", "jiwa", "desa", "kelurahan", "ket", "keterangan", "no", "tahun", "bulan",
    }
)  # fmt: skip
TARGETS = frozenset({"sasaran", "target", "penduduk", "jiwa", "keluarga", "kk", "proyeksi", "rumah"})


# Two columns of one thing, and their numbers at the places that both tables know.
Pairs = Mapping[tuple[str, str], pd.DataFrame]


@dataclass(frozen=True, slots=True)
class Told:
    """What one table counts at each place. `counts`: float64, by place, one column for a heading. `counted`: the
    columns of which the study takes numbers of people. `groups`: target groups, with the catalogue's words for them."""

    file: str
    sheet: str
    period: str
    counts: pd.DataFrame
    counted: frozenset[str] = frozenset()
    groups: Mapping[str, str] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """How a message calls it."""
        name = " › ".join(part for part in (self.file, self.sheet) if part)
        return f"{name} ({self.period})" if self.period else name


def told(
    table: TableData,
    place: pd.Series,
    *,
    period: str = "",
    decimal: Decimal = "auto",
    counted: Iterable[str] = (),
    groups: Mapping[str, str] = MappingProxyType({}),
) -> Told:
    """A table's counts by place.

    place: what each row is of, by row number; rows that are missing from it are left out, and several of one place are
    added up. counted, groups: headers as a study writes them.
    """
    found = {header: find_column(list(table.cells), header) for header in (*counted, *groups)}
    return Told(
        table.file, table.sheet, period, _counts(table.cells, place, decimal),
        frozenset(column for header in counted if (column := found[header])),
        {column: words for header, words in groups.items() if (column := found[header])},
    )  # fmt: skip


def across(tables: Iterable[Told]) -> Iterator[Problem]:
    """What any two tables of a study say of one thing: `doubts` of each pair, but for one sheet taken twice."""
    for one, other in combinations(tables, 2):
        if (one.file, one.sheet) != (other.file, other.sheet):
            yield from doubts(one, other)


def beside(
    path: Path,
    table: TableData,
    inside: pd.Index,
    *,
    place: Mapping[str, str],
    decimal: Decimal = "auto",
    header_rows: int | None = None,
    fill_down: bool = False,
    counted: Iterable[str] = (),
    known: Iterable[str] = (),
) -> Iterator[Problem]:
    """What a table's numbers are beside those of the other sheets of its workbook that have the same headings.

    inside: the rows of the study's area. place: header texts. known: sheets that the study itself takes. Sheets of
    another form are passed over without a word, and so are more than `MOST_SHEETS` and a workbook of more than
    `LARGEST_BYTES`.
    """
    if not table.sheet or path.stat().st_size > LARGEST_BYTES:
        return
    own = told(table, _places(table.places.loc[inside]), decimal=decimal, counted=counted)
    for sheet in islice(_other_sheets(path, {table.sheet, *known}, header_rows), MOST_SHEETS):
        at = {part: column for part, header in place.items() if (column := find_column(sheet.columns, header))}
        if len(at) == len(place):
            rows = _places(read_places(sheet, at, fill_down=fill_down))
            counts = _counts(sheet.rows.drop(columns=list(at.values())), rows, decimal)
            other = Told(table.file, sheet.name, "", counts)
            if _one_form(own, other, _same(own, other)):
                yield from doubts(own, other)


def doubts(one: Told, other: Told) -> Iterator[Problem]:
    """`tables_disagree`: a total that is another's by more than half, as are most places'. `tables_copied`: one form
    filled in with the same numbers for two periods. Each once for a pair of tables, with its columns."""
    same = _same(one, other)
    one_form = _one_form(one, other, same)
    at = Where(one.file, one.sheet)
    there = other.counts.reindex(one.counts.index)
    pairs = {
        (mine, theirs): pd.DataFrame({"here": one.counts[mine], "there": there[theirs]}).dropna()
        for mine, theirs in same
        if one_form or _is_telling(mine) or mine in one.groups
    }
    pairs = {pair: both for pair, both in pairs.items() if len(both) >= LEAST_COMPARED}
    yield from _jumps(pairs, one, other, at)
    if one_form and (one.period.casefold() != other.period.casefold() or not one.period):
        yield from _copies(pairs, one, other, at)


def _jumps(pairs: Pairs, one: Told, other: Told, at: Where) -> Iterator[Problem]:
    found = {pair: moved for pair, both in pairs.items() if (moved := _moved(both))}
    ranked = sorted(found, key=lambda pair: (pair[0] not in one.counted, -_factor(pairs[pair])))
    if not ranked:
        return
    (mine, theirs), *others = ranked
    both = pairs[mine, theirs]
    params = {
        "here": float(both["here"].sum()), "there": float(both["there"].sum()), "count": len(both),
        "many": found[mine, theirs], "other": other.shown, "their": theirs, "others": _few([m for m, _ in others]),
    }  # fmt: skip
    yield Problem("tables_disagree", False, Where(at.file, at.sheet, column=mine), params)


def _copies(pairs: Pairs, one: Told, other: Told, at: Where) -> Iterator[Problem]:
    """Target groups may well stay the same: what is told is a form whose other numbers do, or one that a study uses."""
    telling = {mine: both for (mine, _), both in pairs.items() if both["here"].nunique() >= LEAST_COMPARED}
    free = [m for m in telling if m not in one.groups and (m in one.counted or not _words(m) & TARGETS)]
    equal = [mine for mine in free if (telling[mine]["here"] == telling[mine]["there"]).all()]
    if 2 * len(equal) > len(free) or one.counted & set(equal):
        first = next((mine for mine in equal if mine in one.counted), equal[0])
        params = {"count": len(telling[first]), "other": other.shown, "others": _few([m for m in equal if m != first])}
        yield Problem("tables_copied", False, Where(at.file, at.sheet, column=first), params)


def _moved(both: pd.DataFrame) -> int:
    """How many places moved with the total by `JUMP` or more; 0 where the total did not, or fewer than half did."""
    if _factor(both) < JUMP:
        return 0
    less, more = both.columns if both["here"].sum() < both["there"].sum() else both.columns[::-1]
    many = int(((both[more] >= JUMP * both[less]) & (both[more] > 0)).sum())
    return many if 2 * many >= len(both) else 0


def _factor(both: pd.DataFrame) -> float:
    least, most = sorted(both.sum())
    return float(most / least) if least > 0 else float("inf") if most > 0 else 1.0


def _same(one: Told, other: Told) -> list[tuple[str, str]]:
    """The columns of two tables that are of one thing, in the order of the first."""
    mine, theirs = _keys(one), _keys(other)
    return list(dict.fromkeys((mine[key], theirs[key]) for key in mine if key in theirs))


def _keys(told: Told) -> dict[tuple[str, ...], str]:
    """The columns by what they are of; a key that two columns share tells neither."""
    named = [(_key(column), column) for column in told.counts]
    named += [(("=", words), column) for column, words in told.groups.items() if column in told.counts]
    several = Counter(key for key, _ in named)
    return {key: column for key, column in named if key and several[key] == 1}


def _key(header: str) -> tuple[str, ...]:
    return tuple(word for word in re.findall(r"\w+|[<>≥≤+%]", header.casefold()) if word not in FILLING)


def _words(header: str) -> set[str]:
    return set(_key(header))


def _is_telling(header: str) -> bool:
    return any(word not in VAGUE and len(word) > 2 and not word.isdecimal() for word in _key(header))


def _one_form(one: Told, other: Told, same: list[tuple[str, str]]) -> bool:
    most = len(same) >= ONE_FORM * min(one.counts.shape[1], other.counts.shape[1])
    return most and (len(same) > 1 or any(_is_telling(mine) for mine, _ in same))


def _counts(cells: pd.DataFrame, place: pd.Series, decimal: Decimal) -> pd.DataFrame:
    counts = counts_of(numbers_of(cells, decimal))
    place = place[place.index.isin(counts.index)]
    return counts.loc[place.index].groupby(place.to_numpy()).sum(min_count=1)


def _places(places: pd.DataFrame) -> pd.Series:
    return pd.Series(["\n".join(row).casefold() for row in places.itertuples(index=False)], index=places.index)


def _other_sheets(path: Path, known: set[str], header_rows: int | None) -> Iterator[Sheet]:
    with suppress(DataError):
        for _, grid in read_grids(path, known):
            with suppress(DataError):
                yield sheet_of(grid, header_rows)


def _few(columns: list[str]) -> str:
    return ", ".join(columns[:MOST_SHOWN]) + (", …" if len(columns) > MOST_SHOWN else "") if columns else "–"
