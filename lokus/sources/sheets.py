"""A sheet as people make it → named columns, rows of data, and an account of every other row."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rapidfuzz import fuzz

from lokus.errors import DataError, Problem, Where
from lokus.sources.cells import Cell, Grid, column_number, letters, read_grid, text_of
from lokus.sources.headers import JOIN, Header, find_header
from lokus.sources.leftovers import DATA, classify
from lokus.sources.persons import persons_in, refuse, unsigned

_ECHO = 80


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table. Row numbers are those of the file as Excel shows it, from 1.

    `columns`: unique header paths, "TB/U > Pendek". `rows`: data rows, raw cells (object), one column per entry of
    `columns`. `left_out`: every other row of the used area, by row number: `kind` (title, header, column_numbers,
    blank, total, repeated_header, signature, note) and `text`, a short echo. `totals`: the totals rows, like `rows`.
    `merged`: for a column, the (first, last) row numbers of the cells merged over several rows of data.
    """

    file: str
    name: str
    columns: tuple[str, ...]
    rows: pd.DataFrame
    left_out: pd.DataFrame
    totals: pd.DataFrame
    problems: tuple[Problem, ...]
    merged: Mapping[str, tuple[tuple[int, int], ...]]


def read_sheet(path: Path, sheet: str = "", *, header_rows: int | None = None, name: str = "") -> Sheet:
    """Reads one sheet: finds its header, names its columns, and tells rows of data from all others.

    path: any file `cells.read_grid` reads. sheet: "" takes the only filled one. header_rows: 1–4, where the header is
    not found by itself. name: what to call the file in messages. Every row of the used area is either in `rows` or in
    `left_out`. Errors: `DataError` when the file cannot be read or no header is found.
    """
    return sheet_of(read_grid(path, sheet, name=name), header_rows)


def sheet_of(grid: Grid, header_rows: int | None = None) -> Sheet:
    """One sheet's cells as a table, as `read_sheet` gives it."""
    cells, texts = _rectangle(grid)
    header = find_header(cells, texts, grid.merged or (), header_rows)
    if header is None:
        # Without a header every cell is of somebody where the sheet lists persons, and its name may be too.
        refuse(grid.file, _persons_in(cells))
        raise DataError([*grid.problems, Problem("header_not_found", True, Where(grid.file, grid.sheet))])
    first = header.bottom + 1
    kinds = [
        *("title" if any(t) else "blank" for t in texts[: header.top]),
        *["header"] * (first - header.top),
        *classify(cells[first:], texts[first:], texts[header.top : first], texts[: header.top]),
    ]
    width = _width(texts, kinds)
    columns = header.columns[:width]
    return Sheet(
        file=grid.file,
        name=grid.sheet,
        columns=columns,
        rows=_frame(cells, kinds, DATA, columns),
        left_out=_left_out(texts, kinds),
        totals=_frame(cells, kinds, "total", columns),
        problems=(*grid.problems, *_ragged(grid, header, kinds)),
        merged=_merged(grid, first, columns),
    )


def find_column(columns: Sequence[str], wanted: str) -> str | None:
    """The one column a header text means; None where there is none, or more than one.

    As written; then regardless of case, spaces and punctuation ("%", "<", ">", "+" count); then as the closing part of
    a path that no other column shares. By position only in the form "kolom C".

    >>> columns = ("No", "Desa/Kelurahan", "TB/U > Pendek", "TB/U > Normal", "BB/TB > Normal")
    >>> find_column(columns, "desa / kelurahan"), find_column(columns, "pendek"), find_column(columns, "Normal")
    ('Desa/Kelurahan', 'TB/U > Pendek', None)
    """
    found = matching_columns(columns, wanted)
    return found[0] if len(found) == 1 else None


def matching_columns(columns: Sequence[str], wanted: str) -> list[str]:
    """All columns a header text may mean, by the first of `find_column`'s rules that finds any."""
    squeezed = text_of(wanted)
    if squeezed in columns:
        return [squeezed]
    sought = folded(squeezed)
    if not sought:
        return []
    whole = [c for c in columns if folded(c) == sought]
    parts = [c for c in columns if sought in _tails(c)]
    lettered = re.fullmatch(r"(?:kolom|column)\s+([a-z]{1,3})", squeezed, re.I)
    placed = [c for i, c in enumerate(columns) if lettered and i == column_number(lettered[1])]
    return whole or parts or placed


def nearest_columns(columns: Sequence[str], wanted: str, limit: int = 5) -> list[str]:
    """The columns whose names are most like a header text, best first."""
    sought = folded(wanted)
    inside = [c for c in columns if sought and sought in map(folded, c.split(JOIN))]
    scores = {c: max(fuzz.WRatio(sought, folded(p)) for p in (c, c.split(JOIN)[-1])) for c in columns}
    alike = sorted((c for c in columns if scores[c] >= 70 and c not in inside), key=lambda c: -scores[c])
    return [*inside, *alike][:limit] or list(columns[:limit])


def folded(text: str) -> str:
    """A header without what does not tell headers apart: case, spaces, punctuation other than "%", "<", ">", "+"."""
    return re.sub(r"[^\w%<>≤≥+=]|_", "", unicodedata.normalize("NFKC", text).casefold())


def _tails(column: str) -> set[str]:
    parts = column.split(JOIN)
    return {folded(JOIN.join(parts[i:])) for i in range(1, len(parts))}


def _rectangle(grid: Grid) -> tuple[list[tuple[Cell, ...]], list[list[str]]]:
    """The used area: rows of one length, raw and as text, without the blank rows after the last filled one."""
    texts = [[text_of(c) for c in row] for row in grid.rows]
    last = max((i for i, t in enumerate(texts) if any(t)), default=-1)
    width = max((c + 1 for t in texts for c, text in enumerate(t) if text), default=0)
    cells = [(*row[:width], *[None] * (width - len(row))) for row in grid.rows[: last + 1]]
    return cells, [[*t[:width], *[""] * (width - len(t))] for t in texts[: last + 1]]


def _persons_in(cells: Sequence[Sequence[Cell]]) -> list[str]:
    frame = pd.DataFrame(cells, dtype=object)
    return persons_in([f"kolom {letters(c)}" for c in range(frame.shape[1])], frame)


def _width(texts: Sequence[Sequence[str]], kinds: Sequence[str]) -> int:
    """Columns up to the last with a header or data: a signature may stand to the right of the table."""
    shown = (t for t, kind in zip(texts, kinds, strict=True) if kind in (DATA, "header"))
    return max(c + 1 for t in shown for c, text in enumerate(t) if text)


def _frame(cells: Sequence[Sequence[Cell]], kinds: Sequence[str], kind: str, columns: Sequence[str]) -> pd.DataFrame:
    numbers = [i for i, k in enumerate(kinds) if k == kind]
    index = pd.Index([i + 1 for i in numbers], dtype="int64", name="row")
    return pd.DataFrame([cells[i][: len(columns)] for i in numbers], index=index, columns=list(columns), dtype=object)


def _left_out(texts: Sequence[Sequence[str]], kinds: Sequence[str]) -> pd.DataFrame:
    out = [(i + 1, kind, _echo(texts[i], kind)) for i, kind in enumerate(kinds) if kind != DATA]
    frame = pd.DataFrame(out, columns=["row", "kind", "text"]).astype({"row": "int64", "kind": "str", "text": "str"})
    return frame.set_index("row")


def _echo(texts: Iterable[str], kind: str) -> str:
    # Signature blocks carry people's names and NIP, which are nobody's business here; so may titles and notes.
    if kind == "signature":
        return ""
    line = " | ".join(unsigned(t) for t in texts if t)
    return line if len(line) <= _ECHO else line[: _ECHO - 1] + "…"


def _ragged(grid: Grid, header: Header, kinds: Sequence[str]) -> Iterable[Problem]:
    """Rows of a text file with more cells than its header: an unquoted separator has shifted them."""
    if grid.merged is not None or grid.sheet:
        return
    wide = max(len(grid.rows[r]) for r in range(header.top, header.bottom + 1))
    for i, kind in enumerate(kinds):
        filled = max((c + 1 for c, cell in enumerate(grid.rows[i]) if cell is not None), default=0)
        if kind == DATA and filled > wide:
            yield Problem("row_too_long", True, Where(grid.file, row=i + 1), {"cells": filled, "columns": wide})


def _merged(grid: Grid, first: int, columns: Sequence[str]) -> dict[str, tuple[tuple[int, int], ...]]:
    tall: dict[str, tuple[tuple[int, int], ...]] = {}
    for top, left, bottom, _ in sorted(grid.merged or ()):
        if top >= first and bottom > top and left < len(columns):
            tall[columns[left]] = (*tall.get(columns[left], ()), (top + 1, bottom + 1))
    return tall
