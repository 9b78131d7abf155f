"""A by-name export of children → the text columns that counting needs, in memory only.

Children's identities pass through here. No cell of the file is put into a problem, an error or a representation: a row
is named by its number, a column by the heading of `catalog/children.toml` that it answers to.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
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
from lokus.sources.cells import Cell, Grid, delimited_bytes, read_grid, text_of
from lokus.sources.headers import JOIN, MOST_HEADER_ROWS, compose
from lokus.sources.telling import LISTED, few

DELIMITERS = (";", "\t", ",", "|")
DEEPEST_HEADER = 40
_BLOCK = 1 << 24


@dataclass(frozen=True, slots=True, repr=False)
class ByName:
    """One file. `columns`: by field of the catalogue, dictionary-encoded text, "" where empty; `rows`: their row
    numbers as Excel shows them; `read`: how many rows below the header there are, broken ones included."""

    file: str
    sheet: str
    rows: NDArray[np.int64]
    columns: Mapping[str, pa.DictionaryArray]
    read: int
    problems: tuple[Problem, ...]

    def where(self, field: str = "", row: int | None = None) -> Where:
        return Where(self.file, self.sheet, row, heading(field) if field else "")

    def about(self, code: str, mask: NDArray[np.bool_], field: str = "", **params: Any) -> list[Problem]:
        """One warning about the rows of a mask, by their numbers; none where there are none."""
        rows = self.rows[mask]
        told = {"count": len(rows), "numbers": numbers(rows), **params}
        return [Problem(code, False, self.where(field), told)] if len(rows) else []


def numbers(rows: Sequence[int] | NDArray[np.int64]) -> str:
    """The first few row numbers of a list."""
    return few([str(int(r)) for r in rows[:LISTED]], len(rows))


@cache
def catalogue() -> dict[str, dict[str, Any]]:
    """`catalog/children.toml`: headings by field, and what values mean."""
    return tomllib.loads(files("lokus.catalog").joinpath("children.toml").read_text("utf-8"))


def heading(field: str) -> str:
    """The heading by which messages call a field."""
    known = catalogue()
    return str((known["columns"] | known["target"])[field][0])


def folded(text: str) -> str:
    """A heading or value without case, spaces and punctuation.

    >>> folded(" Desa / Kel."), folded("Laki - Laki")
    ('desakel', 'lakilaki')
    """
    return re.sub(r"[\W_]+", "", text).casefold()


@cache
def _aliases(part: str) -> dict[str, tuple[str, int]]:
    """Folded heading → its field and its place among the field's headings."""
    fields: dict[str, list[str]] = catalogue()["columns"] | (catalogue()["target"] if part == "target" else {})
    pairs = [(a, field, i) for field, known in fields.items() for i, a in enumerate(known)]
    return {folded(a): (field, i) for a, field, i in reversed(pairs)}


def read_by_name(path: Path, *, part: str = "columns") -> ByName:
    """Reads CSV (any delimiter and encoding), workbooks, HTML and Parquet; only columns with known headings are kept.

    path: the file. part: "columns" for children, "target" for a table of targets. Errors: `DataError`, without any
    value of the file.
    """
    raw = delimited_bytes(path)
    if raw is not None:
        return _of_text(raw, path.name, part)
    with path.open("rb") as stream:
        parquet = stream.read(4) == b"PAR1"
    if parquet:
        return _of_parquet(path, part)
    try:
        grid = read_grid(path)
    except DataError as fault:
        # What a foreign reader says of a cell it cannot read may quote the cell.
        raise DataError([_mute(p) for p in fault.problems]) from None
    return _of_grid(grid, part)


def _mute(problem: Problem) -> Problem:
    return replace(problem, params={k: "…" if k == "reason" else v for k, v in problem.params.items()})


def fault(code: str, file: str, sheet: str = "", row: int | None = None, column: str = "", **params: Any) -> DataError:
    """An error of one problem."""
    return DataError([Problem(code, True, Where(file, sheet, row, column), params)])


# Header


@dataclass(frozen=True, slots=True)
class _Header:
    bottom: int
    width: int
    columns: Mapping[str, int]
    twice: tuple[str, ...]


def _recognised(names: Sequence[str], part: str) -> tuple[dict[str, int], tuple[str, ...]]:
    """The column of each field, and the fields whose best heading stands over more than one column."""
    known = _aliases(part)
    best: dict[str, tuple[int, int]] = {}
    twice: set[str] = set()
    for column, name in enumerate(names):
        group, _, last = name.rpartition(JOIN)
        # Under "TB/U", "Tinggi" is a class and no height: a part counts for itself under strange groups only.
        hit = known.get(folded(name)) or (known.get(folded(last)) if folded(group) not in known else None)
        if hit is None:
            continue
        field, rank = hit
        if field not in best or rank < best[field][0]:
            best[field] = (rank, column)
            twice.discard(field)
        elif rank == best[field][0]:
            twice.add(field)
    return {field: column for field, (_, column) in best.items()}, tuple(sorted(twice))


def _find_header(texts: Sequence[Sequence[str]], merged: Sequence[tuple[int, int, int, int]], part: str) -> _Header:
    """The rows whose headings answer to most fields; of equals the fewest and the first."""
    width = max((len(t) for t in texts), default=0)
    square = [[*t, *[""] * (width - len(t))] for t in texts]
    found = _Header(-1, width, {}, ())
    for top in range(len(square)):
        for deep in range(min(MOST_HEADER_ROWS, len(square) - top)):
            names = compose(square, merged, top, top + deep)
            columns, twice = _recognised(names, part)
            if len(columns) > len(found.columns):
                # A row of a text file is as wide as its header, not as the longest row around it.
                own = max((i + 1 for t in texts[top : top + deep + 1] for i, c in enumerate(t) if c), default=0)
                found = _Header(top + deep, max(own, *(len(t) for t in texts[top : top + deep + 1])), columns, twice)
    return found


# Delimited text


def _of_text(raw: bytes, file: str, part: str) -> ByName:
    declared = re.match(rb"sep=(.)\r?\n", raw)
    if declared:
        raw = raw[declared.end() :]
    head = raw[: 1 << 18].decode("utf-8", "ignore")
    marks = (declared[1].decode(),) if declared else DELIMITERS
    tries = [(mark, _find_header(_first_rows(head, mark), (), part)) for mark in marks]
    delimiter, header = max(tries, key=lambda t: len(t[1].columns))
    if not header.columns:
        raise fault("children_header_not_found", file)
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
    problems = [*_doubled(header, file, "", part), *_lost(lost, read, file)]
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


def _as_wide_as_its_rows(header: _Header, rows: Sequence[Sequence[str]]) -> _Header:
    """The header with the empty closing cells that every row below it has, and it has not."""
    usual = min((len(r) for r in rows), default=0)
    spare = not any(c for r in rows for c in r[header.width :])
    return replace(header, width=usual) if usual > header.width and spare else header


def _arrow(raw: bytes, delimiter: str, header: _Header, broken: list[tuple[int, str]], file: str) -> pa.Table:
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
    broken: Sequence[tuple[int, str]], delimiter: str, header: _Header
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


def _hold_quotes(raw: bytes, delimiter: str, header: _Header, records: int, file: str) -> None:
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


def _of_grid(grid: Grid, part: str) -> ByName:
    texts = [[text_of(c) for c in row] for row in grid.rows[:DEEPEST_HEADER]]
    header = _find_header(texts, [b for b in grid.merged or () if b[2] < len(texts)], part)
    if not header.columns:
        raise fault("children_header_not_found", grid.file, grid.sheet)
    body = grid.rows[header.bottom + 1 :]
    columns = {
        field: pa.array([_as_text(row[c]) if c < len(row) else "" for row in body], pa.string())
        for field, c in header.columns.items()
    }
    where = Where(grid.file, grid.sheet)
    several = [Problem("children_sheet_assumed", False, where) for p in grid.problems if p.code == "sheet_assumed"]
    problems = [*several, *_doubled(header, grid.file, grid.sheet, part)]
    return _made(grid.file, grid.sheet, np.arange(len(body)) + header.bottom + 2, columns, len(body), problems)


def _of_parquet(path: Path, part: str) -> ByName:
    try:
        names = pyarrow.parquet.read_schema(path).names
        columns, twice = _recognised(names, part)
        if not columns:
            raise fault("children_header_not_found", path.name)
        table = pyarrow.parquet.read_table(path, columns=[names[c] for c in columns.values()])
        texts = {field: _text_column(table.column(names[c])) for field, c in columns.items()}
    except (pa.ArrowException, OSError):
        raise fault("children_text_unreadable", path.name) from None
    problems = _doubled(_Header(0, len(names), columns, twice), path.name, "", part)
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


def _doubled(header: _Header, file: str, sheet: str, part: str) -> list[Problem]:
    needed = {"sex", "village", "height", "birth", "measured_on", "age", "target"} if part == "columns" else {"target"}
    for field in needed & set(header.twice):
        raise fault("children_column_twice", file, sheet, column=heading(field))
    return [Problem("children_column_first", False, Where(file, sheet, None, heading(f))) for f in header.twice]


def _made(
    file: str, sheet: str, rows: NDArray[np.int64], columns: dict[str, pa.Array], read: int, problems: list[Problem]
) -> ByName:
    parts = ("birth_day", "birth_month", "birth_year")
    if all(p in columns for p in parts):
        columns["birth"] = pc.binary_join_element_wise(*(columns.pop(p) for p in parts), "/")
    trimmed = {f: pc.utf8_trim_whitespace(c).dictionary_encode() for f, c in columns.items() if f not in parts}
    return ByName(file, sheet, np.asarray(rows, np.int64), trimmed, read, tuple(problems))
