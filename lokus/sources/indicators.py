"""A table of a study → where each row is, and its numbers; with an account of the rows that are neither."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lokus.errors import DataError, Problem, Where
from lokus.sources import periods
from lokus.sources.cells import text_of
from lokus.sources.leftovers import is_average
from lokus.sources.numbers import Decimal, Numbers, parse_numbers
from lokus.sources.persons import persons_in, refuse
from lokus.sources.places import read_places, written_once
from lokus.sources.sheets import Sheet, find_column, matching_columns, nearest_columns, read_sheet
from lokus.sources.wildcards import expand

COUNTS = {"numerator", "denominator"}
_TOLD_EACH = 20
# No village has so much of anything, rupiah included; beyond it sums overflow and whole numbers lose their last digits.
MOST = 1e15


@dataclass(frozen=True, slots=True)
class TableData:
    """One table of a study, as its file says it. Row numbers are those of the file as Excel shows it, from 1.

    `places`: str columns code, village, kecamatan, kabupaten, last4 by row number; "" when absent. `values`: float64
    columns by key on the same index; NaN where a cell is missing. A per cent is as written (6,2 % is 6.2). `account`:
    the other rows, `kind` and `text`; rows that `only` takes away are "filtered", those of periods that were not chosen
    "other_period". `percent`: by key, whether its cells carry % signs. `period`: the chosen one, as written. `dated`:
    where none was chosen, the columns that look like periods. `cells`: the raw cells of all columns that say no place.
    """

    id: str
    file: str
    sheet: str
    places: pd.DataFrame
    values: pd.DataFrame
    account: pd.DataFrame
    percent: Mapping[str, bool]
    problems: tuple[Problem, ...]
    period: str
    dated: pd.DataFrame
    cells: pd.DataFrame


def read_table(
    path: Path,
    *,
    table_id: str,
    sheet: str = "",
    place: Mapping[str, str],
    columns: Mapping[str, Sequence[str]],
    only: Mapping[str, str] | None = None,
    decimal: Decimal = "auto",
    header_rows: int | None = None,
    period_column: str = "",
    choose: str = periods.LATEST,
    fill_down: bool = False,
    villages: Collection[str] = (),
    name: str = "",
) -> TableData:
    """Reads the places and numbers of one table; columns are chosen by header text (`sheets.find_column`).

    place: header texts for code, village, kecamatan, kabupaten, last4; "" = not there. columns: for each key (such as
    "stunting.numerator") the headers whose cells are summed, NaN if one is missing; a `*` in one is any text
    (`wildcards.expand`). only: header → the value a row must have there. decimal: the decimal mark where a column does
    not tell its own. period_column: the header that tells rows of several periods apart; choose: which of them
    (`periods.choose`). fill_down: place cells are written on the first of several lines only. villages: the names of
    the study's villages, squeezed: a column of them names no persons.

    A fatal problem of a cell or of a column of numbers is told with the others and leaves NaN, or no values of the key.
    Errors: `DataError` with every problem of the file where its rows or their places cannot be told.
    """
    table, at = _told_by_villages(read_sheet(path, sheet, header_rows=header_rows, name=name), place, villages)
    where, asked = Where(table.file, table.name), columns
    columns, summed = expand(table, asked)
    problems = [*table.problems, *summed]
    needed = [h for h in (*place.values(), *(only or {}), period_column) if h]
    found = _find(table, [*needed, *(h for hs in columns.values() for h in hs)], problems)
    among = _kept(table, {found[h]: v for h, v in (only or {}).items() if h in found}, problems)
    chosen = _chosen(table, found.get(period_column, ""), choose, among, problems)
    known = {key: [found[h] for h in hs] for key, hs in columns.items() if hs and all(h in found for h in hs)}
    values, percent = _values(table, known, decimal, among, chosen.kept, problems)
    places = read_places(table, at, fill_down=fill_down)
    problems += written_once(places.loc[chosen.kept], values.loc[chosen.kept], where)
    problems += periods.doubtful(values, chosen.periods, places.loc[among], known, where)
    faults = [p.where for p in problems if p.fatal]
    if not found.keys() >= set(needed) or chosen.kept.empty or not all(w.row or w.column for w in faults):
        raise DataError(problems)
    return TableData(
        id=table_id, file=table.file, sheet=table.name, percent=percent, problems=tuple(problems), period=chosen.period,
        places=places.loc[chosen.kept], account=_account(table, among, chosen.kept),
        values=_unfaulted(values.loc[chosen.kept], {k: {*known.get(k, ()), *hs} for k, hs in asked.items()}, faults),
        dated=pd.DataFrame(index=among) if period_column else periods.period_columns(table, found.values()),
        cells=table.rows.loc[chosen.kept].drop(columns=list(at.values())),
    )  # fmt: skip


def _told_by_villages(
    table: Sheet, place: Mapping[str, str], villages: Collection[str]
) -> tuple[Sheet, dict[str, str]]:
    """The sheet, unless it lists persons, and the column of each part of the place."""
    at = {part: column for part, header in place.items() if (column := find_column(table.columns, header))}
    refuse(table.file, persons_in(table.columns, table.rows, place=at, villages=villages))
    return table, at


def _unfaulted(values: pd.DataFrame, used: Mapping[str, set[str]], faults: Iterable[Where]) -> pd.DataFrame:
    """The values without what fatal problems are about: the cells of a row, or the keys that use a column."""
    values = values.copy()
    for at in faults:
        keys = [key for key in values if not at.column or at.column in used[key]]
        if at.row is None:
            values = values.drop(columns=keys)
        else:
            values.loc[values.index == at.row, keys] = np.nan
    return values


def _find(table: Sheet, wanted: Iterable[str], problems: list[Problem]) -> dict[str, str]:
    """The column of every header text; those that are missing or mean several become problems."""
    found: dict[str, str] = {}
    for header in dict.fromkeys(h for h in wanted if h):
        column = find_column(table.columns, header)
        if column is not None:
            found[header] = column
            continue
        several = matching_columns(table.columns, header)
        where = Where(table.file, table.name, column=header)
        if several:
            problems.append(Problem("column_ambiguous", True, where, {"several": several}))
        else:
            problems.append(Problem("column_missing", True, where, {"nearest": nearest_columns(table.columns, header)}))
    return found


def _kept(table: Sheet, only: Mapping[str, str], problems: list[Problem]) -> pd.Index:
    """The row numbers that have the wanted values."""
    if table.rows.empty:
        problems.append(Problem("table_without_rows", True, Where(table.file, table.name)))
    keep = pd.Series(True, index=table.rows.index)
    for column, value in only.items():
        texts = table.rows[column].map(text_of)
        has = texts.str.casefold() == text_of(value).casefold()
        if not has.any() and len(has):
            there = sorted(set(texts) - {""})[:_TOLD_EACH]
            where = Where(table.file, table.name, column=column)
            problems.append(Problem("only_matches_nothing", True, where, {"value": value, "values": there}))
        keep &= has
    return keep.index[keep]


def _chosen(table: Sheet, column: str, choose: str, among: pd.Index, problems: list[Problem]) -> periods.Chosen:
    if column:
        chosen = periods.choose(table, column, choose, among)
        problems += chosen.problems
        return chosen
    return periods.Chosen(among, "", pd.Series(None, index=among, dtype=object))


def _account(table: Sheet, among: pd.Index, kept: pd.Index) -> pd.DataFrame:
    """The rows that give no numbers: what is no data, what `only` takes away, and other periods."""
    kinds = pd.Series("filtered", index=table.rows.index.difference(kept), dtype="str")
    kinds[kinds.index.isin(among)] = "other_period"
    return pd.concat([table.left_out, pd.DataFrame({"kind": kinds, "text": ""}, dtype="str")]).sort_index()


def _roles(known: Mapping[str, Sequence[str]]) -> dict[str, set[str]]:
    """What each column is used as: the last part of its keys (numerator, denominator, percent, value)."""
    roles: dict[str, set[str]] = {}
    for key, names in known.items():
        for column in names:
            roles.setdefault(column, set()).add(key.rpartition(".")[2])
    return roles


def _values(
    table: Sheet,
    known: Mapping[str, Sequence[str]],
    decimal: Decimal,
    among: pd.Index,
    kept: pd.Index,
    problems: list[Problem],
) -> tuple[pd.DataFrame, dict[str, bool]]:
    """The sums of the columns of every key, and whether their cells carry % signs; faults count in the kept rows."""
    roles = _roles(known)
    numbers = {c: _numbers(table, c, decimal, problems) for c in roles}
    for column, read in numbers.items():
        problems += _unreadable(table, column, read, kept)
        problems += _implausible(table, column, read, kept, roles[column])
        problems += _disagreeing(table, column, read, roles[column])
    sums = {key: sum(numbers[c].values.loc[among] for c in names) for key, names in known.items()}
    percent = {key: any(numbers[c].percent for c in names) for key, names in known.items()}
    return pd.DataFrame(sums, index=among, columns=list(known), dtype="float64"), percent


def _numbers(table: Sheet, column: str, decimal: Decimal, problems: list[Problem]) -> Numbers:
    """One column's numbers, totals included: these may tell the notation, by their form or by being the sum."""
    cells = pd.concat([table.rows[column], table.totals[column]])
    numbers = parse_numbers(cells)
    where = Where(table.file, table.name, column=column)
    if numbers.ambiguous:
        marks: tuple[Decimal, ...] = (",", ".")
        summing = [m for m in marks if _adds_up(table, parse_numbers(cells, m).values)]
        mark = summing[0] if len(summing) == 1 else decimal
        if mark != "auto":
            return parse_numbers(cells, mark)
        example = next(text_of(c) for c in cells if isinstance(c, str) and re.search("[.,]", c))
        problems.append(Problem("notation_ambiguous", True, where, {"value": example}))
    elif decimal != "auto" and numbers.notation not in ("", decimal):
        problems.append(Problem("notation_differs", False, where, {"decimal": decimal, "notation": numbers.notation}))
    return numbers


def _adds_up(table: Sheet, values: pd.Series) -> bool:
    sums = [s for row in table.totals.index for s in _sums(table, values, row, least=3) if _same(s, values[row])]
    return bool(sums)


def _sums(table: Sheet, values: pd.Series, row: int, least: int = 0) -> list[float]:
    """The sums a totals row may stand for: of the rows since the totals row before, until the next, or of all."""
    data = values.loc[table.rows.index]
    before = max((t for t in table.totals.index if t < row), default=0)
    after = min((t for t in table.totals.index if t > row), default=data.index.max() + 1 if len(data) else 0)
    blocks = (data[(data.index > before) & (data.index < row)], data[(data.index > row) & (data.index < after)], data)
    return [float(block.sum()) for block in blocks if len(block) and block.notna().sum() >= least]


def _same(a: float, b: float) -> bool:
    return bool(np.isclose(a, b, rtol=1e-9, atol=1e-6))


def _unreadable(table: Sheet, column: str, numbers: Numbers, kept: pd.Index) -> Iterable[Problem]:
    bad = numbers.bad[numbers.bad.index.isin(kept)]
    for row, cell in bad.head(_TOLD_EACH).items():
        where = Where(table.file, table.name, int(row), column)
        yield Problem("not_a_number", True, where, {"value": text_of(cell)[:_TOLD_EACH]})
    where = Where(table.file, table.name, column=column)
    if len(bad) > _TOLD_EACH:
        yield Problem("more_bad_cells", True, where, {"count": len(bad) - _TOLD_EACH})
    if numbers.unsigned:
        yield Problem("percent_signs_mixed", True, where, {"count": numbers.unsigned})


def _implausible(table: Sheet, column: str, numbers: Numbers, kept: pd.Index, roles: set[str]) -> Iterable[Problem]:
    values = numbers.values.loc[kept].dropna()
    below = values[values < 0] if roles & {*COUNTS, "percent", "value"} else values[:0]
    for row, value in below.head(_TOLD_EACH).items():
        where = Where(table.file, table.name, int(row), column)
        yield Problem("negative_number", bool(roles - {"value"}), where, {"value": value})
    where = Where(table.file, table.name, column=column)
    for row in values.index[values.abs() > MOST][:_TOLD_EACH]:
        yield Problem("number_too_large", True, Where(table.file, table.name, int(row), column))
    if roles & COUNTS and numbers.percent:
        yield Problem("percent_as_count", True, where)
    broken = values[(values % 1 != 0) & (values.abs() <= MOST)]
    if roles & COUNTS and len(broken):
        at = Where(table.file, table.name, int(broken.index[0]), column)
        yield Problem("count_not_whole", False, at, {"value": broken.iloc[0], "count": len(broken)})


def _disagreeing(table: Sheet, column: str, numbers: Numbers, roles: set[str]) -> Iterable[Problem]:
    """Totals rows that are not the sum of their rows. Per cents do not add up, and a value only may."""
    for row, cells in table.totals.iterrows():
        total = numbers.values[row]
        sums = _sums(table, numbers.values, row)
        averages = any(is_average(text_of(c)) for c in cells if isinstance(c, str))
        if np.isnan(total) or not sums or averages or numbers.percent:
            continue
        if not roles & COUNTS and (roles != {"value"} or total <= numbers.values.loc[table.rows.index].max()):
            continue
        if not any(_same(s, total) for s in sums):
            nearest = min(sums, key=lambda s: abs(s - total))
            where = Where(table.file, table.name, int(row), column)
            yield Problem("total_disagrees", False, where, {"total": float(total), "sum": nearest})
