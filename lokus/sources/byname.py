"""A by-name export of children → the text columns that counting needs, in memory only.

Children's identities pass through here. No cell of the file is put into a problem, an error or a representation: a row
is named by its number, a column by the heading of `catalog/children.toml` that it answers to.
"""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from lokus.errors import DataError, Problem, Where
from lokus.sources.cells import Cell, Grid, delimited_bytes, read_grids, text_of
from lokus.sources.childheadings import Header, find_header, heading, missing, recognised
from lokus.sources.telling import LISTED, few

DELIMITERS = (";", "\t", ",", "|")
DEEPEST_HEADER = 40
TABLES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".html", ".htm", ".parquet")
_BLOCK = 1 << 24
_COUNTS = codecs.BOM_UTF8 + b"kabupaten,kecamatan,desa,children,measured,"
# What keeps a table from being read, and how it is told where others are.
PASSED = {
    "children_header_not_found": "children_table_passed",
    "children_columns_missing": "children_table_incomplete",
    "children_targets_first": "children_targets_first",
    "sheets_hidden": "sheets_hidden",
    "not_a_table": "children_table_passed",
    "file_empty": "children_table_passed",
}


@dataclass(frozen=True, slots=True, repr=False)
class ByName:
    """One table of a file, `sheet` its place in a workbook of several. `columns`: by field of the catalogue,
    dictionary-encoded text, "" where empty; `rows`: their row numbers as Excel shows them; `read`: how many rows below
    the header there are, broken ones included."""

    file: str
    sheet: str | int
    rows: NDArray[np.int64]
    columns: Mapping[str, pa.DictionaryArray]
    read: int
    problems: tuple[Problem, ...]

    def where(self, field: str = "", row: int | None = None) -> Where:
        return Where(self.file, self.sheet, row, heading(field) if field else "")

    def about(self, code: str, mask: NDArray[Any], field: str = "", **params: Any) -> list[Problem]:
        """One warning about the rows of a mask or of positions, by their numbers; none where there are none."""
        rows = self.rows[mask]
        told = {"count": len(rows), "numbers": numbers(rows), **params}
        return [Problem(code, False, self.where(field), told)] if len(rows) else []


def numbers(rows: Sequence[int] | NDArray[np.int64]) -> str:
    """The first few row numbers of a list."""
    return few([str(int(r)) for r in rows[:LISTED]], len(rows))


def listed(paths: Sequence[Path]) -> tuple[list[Path], list[Problem]]:
    """The files asked for, a folder replaced by the tables in it but for counts written before, and what of its content
    is no table. Names of such content are not told: a scanned card is often called after its child."""
    found: list[Path] = []
    problems = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        inside = sorted(p for p in path.iterdir() if not p.name.startswith((".", "~$")))
        tables = [p for p in inside if p.is_file() and p.suffix.lower() in TABLES]
        found += [p for p in tables if not _is_counts(p)]
        told = {"count": len(inside) - len(tables), "known": TABLES}
        if not tables:
            problems.append(Problem("children_folder_without_tables", True, Where(path.name), told))
        elif told["count"]:
            problems.append(Problem("children_folder_others", False, Where(path.name), told))
    return found, problems


def _is_counts(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(_COUNTS)) == _COUNTS


def read_by_name(path: Path, *, part: str = "columns") -> list[ByName]:
    """Reads CSV (any delimiter and encoding), HTML, Parquet, and every sheet of a workbook that is a by-name list; only
    columns with known headings are kept.

    path: the file. part: "columns" for children, "target" for a table of targets. Errors: `DataError`, without any
    value of the file.
    """
    try:
        raw = delimited_bytes(path)
        if raw is not None:
            return [_of_text(raw, path.name, part)]
        with path.open("rb") as stream:
            parquet = stream.read(4) == b"PAR1"
        return [_of_parquet(path, part)] if parquet else _of_sheets(path, part)
    except DataError as faults:
        raise DataError([_mute(p) for p in faults.problems]) from None


def _mute(problem: Problem) -> Problem:
    """Without what a foreign reader says of a cell it cannot read: it may quote the cell."""
    told = {k: "…" if k == "reason" else v for k, v in problem.params.items()}
    code = "children_file_missing" if problem.code == "file_missing" else problem.code
    return replace(problem, code=code, params=told)


def fault(
    code: str, file: str, sheet: str | int = "", row: int | None = None, column: str = "", **params: Any
) -> DataError:
    """An error of one problem."""
    return DataError([Problem(code, True, Where(file, sheet, row, column), params)])


def _held(header: Header, file: str, sheet: str | int, part: str) -> list[Problem]:
    """Errors: where the header is none of a by-name list, lacks what counting needs, or has it twice."""
    if header.bottom < 0:
        raise fault("children_header_not_found", file, sheet)
    if lacking := missing(header.columns, part):
        raise fault("children_columns_missing", file, sheet, columns=[f'"{heading(f)}"' for f in lacking])
    needed = {"sex", "village", "height", "birth", "measured_on", "age", "target"} if part == "columns" else {"target"}
    for field in needed & set(header.twice):
        raise fault("children_column_twice", file, sheet, column=heading(field))
    return [Problem("children_column_first", False, Where(file, sheet, None, heading(f))) for f in header.twice]


# Delimited text


def _of_text(raw: bytes, file: str, part: str) -> ByName:
    declared = re.match(rb"sep=(.)\r?\n", raw)
    if declared:
        raw = raw[declared.end() :]
    head = raw[: 1 << 18].decode("utf-8", "ignore")
    marks = (declared[1].decode(),) if declared else DELIMITERS
    tries = [(mark, find_header(_first_rows(head, mark), (), part)) for mark in marks]
    delimiter, header = max(tries, key=lambda t: len(t[1].columns))
    problems = _held(header, file, "", part)
    header = _as_wide_as_its_rows(header, _first_rows(head, delimiter)[header.bottom + 1 : -1])
    broken: list[tuple[int, str]] = []
    table = _arrow(raw, delimiter, header, broken, file)
    read = table.num_rows + len(broken)
    rows = np.setdiff1d(np.arange(read), [n - header.bottom - 2 for n, _ in broken])
    columns = {field: table.column(str(c)).combine_chunks() for field, c in header.columns.items()}
    mended, lost = _mended(broken, delimiter, header)
    if mended:
        rows = np.concatenate([rows, [n - header.bottom - 2 for n, _ in mended]])
        order = np.argsort(rows)
        rows = rows[order]
        for field, c in header.columns.items():
            columns[field] = pa.concat_arrays([columns[field], pa.array([cells[c] for _, cells in mended])]).take(order)
    problems += _lost(lost, read, file)
    _hold_quotes(raw, delimiter, header, read, file)
    return _made(file, "", rows + header.bottom + 2, columns, read, problems)


def _first_rows(head: str, delimiter: str) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in islice(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter), DEEPEST_HEADER):
            rows.append([text_of(c) for c in row])  # noqa: PERF401 - what is read before an error counts
    except csv.Error:
        pass
    return rows


def _as_wide_as_its_rows(header: Header, rows: Sequence[Sequence[str]]) -> Header:
    """The header with the empty closing cells that every row below it has, and it has not."""
    usual = min((len(r) for r in rows), default=0)
    spare = not any(c for r in rows for c in r[header.width :])
    return replace(header, width=usual) if usual > header.width and spare else header


def _arrow(raw: bytes, delimiter: str, header: Header, broken: list[tuple[int, str]], file: str) -> pa.Table:
    def keep(row: Any) -> str:
        broken.append((row.number, row.text))
        return "skip"

    names = [str(c) for c in range(header.width)]
    wanted = [str(c) for c in sorted(set(header.columns.values()))]
    try:
        return pyarrow.csv.read_csv(
            pa.BufferReader(raw),
            # One thread: only so are row numbers known, and rows in their order.
            read_options=pyarrow.csv.ReadOptions(
                use_threads=False, column_names=names, skip_rows_after_names=header.bottom + 1, block_size=_BLOCK
            ),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=keep
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, include_columns=wanted
            ),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError):
        raise fault("children_text_unreadable", file) from None


def _mended(
    broken: Sequence[tuple[int, str]], delimiter: str, header: Header
) -> tuple[list[tuple[int, list[str]]], list[int]]:
    """Rows with too few or too many cells: those that lack or exceed only by empty closing cells are whole."""
    mended, lost = [], []
    for number, text in broken:
        try:
            read = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
        except csv.Error:
            read = []
        cells = read[0] if len(read) == 1 else []
        while len(cells) > header.width and not cells[-1].strip():
            cells.pop()
        if cells and len(cells) <= header.width:
            mended.append((number, [*cells, *[""] * (header.width - len(cells))]))
        else:
            lost.append(number)
    return mended, lost


def _lost(lost: Sequence[int], of: int, file: str) -> list[Problem]:
    if not lost:
        return []
    told = {"count": len(lost), "numbers": numbers(lost)}
    return [Problem("children_rows_broken", 2 * len(lost) > of, Where(file), told)]


def _hold_quotes(raw: bytes, delimiter: str, header: Header, records: int, file: str) -> None:
    """A quote that opens in one row and closes in another swallows children: found where lines are more than rows."""
    lines = raw.count(b"\n") + (not raw.endswith(b"\n"))
    if lines <= records + header.bottom + 1:
        return
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(raw), "utf-8", newline=""), delimiter=delimiter)
    number = 0
    try:
        for number, row in enumerate(reader, 1):
            if number > header.bottom + 1 and any("\n" in c and c.count(delimiter) >= header.width // 2 for c in row):
                raise fault("quote_open", file, row=number)
    except csv.Error:
        raise fault("quote_open", file, row=number + 1) from None


# Workbooks and Parquet


def _of_sheets(path: Path, part: str) -> list[ByName]:
    """The by-name sheets of a workbook; the others are told. Of tables of targets, that may be of several years, the
    first alone."""
    found: list[ByName] = []
    others: list[Problem] = []
    for place, grid in read_grids(path):
        try:
            found.append(_of_grid(grid, place, part))
        except DataError as faults:
            others += faults.problems
        others += grid.problems
    if not found or any(p.code not in PASSED for p in others):
        raise DataError(others)
    if part == "target":
        others += [Problem("children_targets_first", False, s.where()) for s in found[1:]]
        del found[1:]
    return [replace(found[0], problems=(*passed(others), *found[0].problems)), *found[1:]]


def passed(problems: Sequence[Problem]) -> list[Problem]:
    """Why tables are not read, as warnings."""
    return [replace(p, code=PASSED[p.code], fatal=False) for p in problems]


def _of_grid(grid: Grid, place: int, part: str) -> ByName:
    texts = [[text_of(c) for c in row] for row in grid.rows[:DEEPEST_HEADER]]
    header = find_header(texts, [b for b in grid.merged or () if b[2] < len(texts)], part)
    sheet = place or ""
    problems = _held(header, grid.file, sheet, part)
    body = grid.rows[header.bottom + 1 :]
    columns = {
        field: pa.array([_as_text(row[c]) if c < len(row) else "" for row in body], pa.string())
        for field, c in header.columns.items()
    }
    return _made(grid.file, sheet, np.arange(len(body)) + header.bottom + 2, columns, len(body), problems)


def _of_parquet(path: Path, part: str) -> ByName:
    try:
        names = pyarrow.parquet.read_schema(path).names
        columns, twice = recognised(names, part)
        problems = _held(Header(0 if columns else -1, len(names), columns, twice), path.name, "", part)
        table = pyarrow.parquet.read_table(path, columns=[names[c] for c in columns.values()])
        texts = {field: _text_column(table.column(names[c])) for field, c in columns.items()}
    except (pa.ArrowException, OSError):
        raise fault("children_text_unreadable", path.name) from None
    return _made(path.name, "", np.arange(table.num_rows) + 1, texts, table.num_rows, problems)


def _text_column(column: pa.ChunkedArray) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us")).cast(pa.date32(), safe=False)
    if pa.types.is_floating(column.type):
        # Arrow writes 3201010101010001.0 as 3.2e15.
        whole = pc.all(pc.equal(column, pc.round(column))).as_py()
        column = column.cast(pa.int64()) if whole else column
    if isinstance(column.type, pa.Decimal128Type):
        column = column.cast(pa.float64())
    texts = column.cast(pa.string()).combine_chunks()
    return pc.fill_null(texts, "")


def _as_text(cell: Cell) -> str:
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat()
    return "" if isinstance(cell, bool) else text_of(cell)


def _made(
    file: str,
    sheet: str | int,
    rows: NDArray[np.int64],
    columns: dict[str, pa.Array],
    read: int,
    problems: Sequence[Problem],
) -> ByName:
    parts = ("birth_day", "birth_month", "birth_year")
    if all(p in columns for p in parts):
        columns["birth"] = pc.binary_join_element_wise(*(columns.pop(p) for p in parts), "/")
    trimmed = {f: pc.utf8_trim_whitespace(c).dictionary_encode() for f, c in columns.items() if f not in parts}
    return ByName(file, sheet, np.asarray(rows, np.int64), trimmed, read, tuple(problems))
