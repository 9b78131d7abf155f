"""Any container of a table → grids of raw cells: workbooks, delimited text, HTML saved as `.xls`.

The format is told from the content, never from the extension. Nothing is interpreted here: numbers stay numbers, text
stays text, an empty cell is None.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import lxml.html
import python_calamine as calamine

from lokus.errors import DataError, Problem, Where
from lokus.sources import biff

Cell = str | float | bool | dt.date | None
Box = tuple[int, int, int, int]

LARGEST_BYTES = 512 * 2**20
# A stray cell at the far corner of a sheet would be unrolled to 17 thousand million cells.
LARGEST_CELLS = 20_000_000

_OLE = b"\xd0\xcf\x11\xe0"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_DELIMITERS = "\t;|,"
_FOREIGN = ("%PDF", "{\\rtf", "MIME-Version:", "{", "[", "<?xml")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x19\x1b-\x1f]")
_FILLED_CELL = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"[^>]*(?<!/)>')


@dataclass(frozen=True, slots=True)
class Grid:
    """One sheet as raw cells.

    `rows[i]` is row i + 1 of the file as Excel shows it; rows of text files keep their own length. `merged`: boxes
    (top, left, bottom, right), 0-based and inclusive; None where the container cannot tell. `sheet` is "" where the
    file has no sheets.
    """

    file: str
    sheet: str
    rows: tuple[tuple[Cell, ...], ...]
    merged: tuple[Box, ...] | None = None
    problems: tuple[Problem, ...] = ()


def text_of(cell: Cell) -> str:
    """A cell as text on one line; whole floats without ".0".

    >>> text_of(1603012001.0), text_of(" Sangat\\n Pendek"), text_of(None)
    ('1603012001', 'Sangat Pendek', '')
    """
    if isinstance(cell, str):
        return " ".join(cell.split())
    if cell is None:
        return ""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    return str(cell)


def letters(column: int) -> str:
    """The letters of a 0-based column as Excel shows them.

    >>> letters(0), letters(27)
    ('A', 'AB')
    """
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def column_number(name: str) -> int:
    """The 0-based column of Excel's letters.

    >>> column_number("AB")
    27
    """
    number = 0
    for letter in name.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


def read_grid(path: Path, sheet: str = "", *, name: str = "") -> Grid:
    """The cells of one sheet of a workbook, of a delimited text file, or of the tables of an HTML page.

    path: the file. sheet: the sheet's name; "" takes the only filled one, or the first with a warning that names the
    others. name: what to call the file in messages (default: its own name). Errors: `DataError` with one problem.
    """
    file = name or path.name
    raw = _bytes(path, file)
    if raw.startswith((_OLE, b"PK")):
        return _workbook(raw, sheet, file)
    text = _decoded(raw, file)
    if sheet:
        raise _fault("sheet_in_text", file, sheet=sheet)
    start = text[:4096].lstrip().casefold()
    if re.search(r"<(html|table|!doctype html)", start):
        return _html(text, file)
    if text.lstrip().startswith(_FOREIGN):
        raise _fault("not_a_table", file)
    return _delimited(text, file)


def read_grids(path: Path, without: Collection[str] = ()) -> Iterator[tuple[int, Grid]]:
    """Every filled sheet in sight of a workbook, one at a time, with its place among those in sight, from 1; 0 where
    the file has but one. `without`: sheets that are passed over. The first tells how many filled ones are hidden.
    Errors: as `read_grid`."""
    file = path.name
    raw = _bytes(path, file)
    if not raw.startswith((_OLE, b"PK")):
        yield 0, read_grid(path)
        return
    with _opened(raw, file) as book:
        sheets, hidden = _filled(book, file)
        problems = [Problem("sheets_hidden", False, Where(file), {"count": hidden})] if hidden else []
        for name, place in sheets.items():
            if name not in without:
                yield place, _grid(book, name, file, problems)
                problems = []


def delimited_bytes(path: Path, *, name: str = "") -> bytes | None:
    """A delimited text file as UTF-8 bytes without a byte-order mark, for readers of large files; None where the file
    is a workbook, a page or anything else. Errors: as `read_grid`."""
    file = name or path.name
    raw = _bytes(path, file)
    if raw.startswith((_OLE, b"PK", b"PAR1")):
        return None
    plain = raw.isascii() and b"\0" not in raw
    text = raw[:4096].decode("ascii") if plain else _decoded(raw, file)
    if re.search(r"<(html|table|!doctype html)", text[:4096].lstrip().casefold()) or text.lstrip().startswith(_FOREIGN):
        return None
    return raw if plain else text.encode("utf-8")


def _fault(code: str, file: str, sheet: str = "", row: int | None = None, **params: Any) -> DataError:
    return DataError([Problem(code, True, Where(file, row=row), {**params, **({"sheet": sheet} if sheet else {})})])


def _bytes(path: Path, file: str) -> bytes:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise _fault("file_too_large", file, limit=LARGEST_BYTES // 2**20)
        raw = path.read_bytes()
    except FileNotFoundError:
        raise _fault("file_missing", file) from None
    except OSError as e:
        raise _fault("file_unreadable", file, reason=e) from None
    if not raw.strip():
        raise _fault("file_empty", file)
    if raw.startswith(b"version https://git-lfs"):
        raise _fault("lfs_pointer", file)
    return raw


# Workbooks


def _workbook(raw: bytes, sheet: str, file: str) -> Grid:
    problems: list[Problem] = []
    with _opened(raw, file) as book:
        chosen = _named_sheet(book, sheet, file) if sheet else _first_sheet(book, file, problems)
        return _grid(book, chosen, file, problems)


@contextmanager
def _opened(raw: bytes, file: str) -> Iterator[calamine.CalamineWorkbook]:
    if raw.startswith(b"PK"):
        _guard_archive(raw, file)
    elif _ENCRYPTED not in raw and not biff.is_sound(raw):
        raise _fault("workbook_damaged", file, reason="BIFF")
    try:
        yield calamine.CalamineWorkbook.from_filelike(io.BytesIO(raw))
    except BaseException as e:
        # A panic of the Rust reader is no Exception, and its class cannot be imported.
        if not isinstance(e, (calamine.CalamineError, OSError, ValueError)) and type(e).__name__ != "PanicException":
            raise
        if isinstance(e, calamine.PasswordError) or _ENCRYPTED in raw:
            raise _fault("workbook_encrypted", file) from None
        raise _fault("workbook_damaged", file, reason=str(e)) from None


def _grid(book: calamine.CalamineWorkbook, sheet: str, file: str, problems: Sequence[Problem] = ()) -> Grid:
    found = book.get_sheet_by_name(sheet)
    rows = tuple(tuple(_tidy(c) for c in row) for row in found.to_python(skip_empty_area=False))
    boxes = found.merged_cell_ranges
    merged = None if boxes is None else tuple((top, left, bottom, right) for (top, left), (bottom, right) in boxes)
    return Grid(file, sheet, rows, merged, tuple(problems))


def _guard_archive(raw: bytes, file: str) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            members = archive.infolist()
            if sum(m.file_size for m in members) > LARGEST_BYTES:
                raise _fault("file_too_large", file, limit=LARGEST_BYTES // 2**20)
            for member in members:
                if re.fullmatch(r"xl/worksheets/[^/]+\.xml", member.filename):
                    _guard_extent(archive, member, file)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, zlib.error) as e:
        raise _fault("workbook_damaged", file, reason=str(e)) from None


def _guard_extent(archive: zipfile.ZipFile, member: zipfile.ZipInfo, file: str) -> None:
    last_row, last_column, rest = 0, 0, b""
    with archive.open(member) as stream:
        while chunk := stream.read(2**20):
            text = rest + chunk
            for column, row in _FILLED_CELL.findall(text):
                last_row = max(last_row, int(row))
                last_column = max(last_column, column_number(column.decode()) + 1)
            rest = text[-200:]
    if last_row * last_column > LARGEST_CELLS:
        raise _fault("sheet_too_wide", file, cell=f"{letters(last_column - 1)}{last_row}")


def _named_sheet(book: calamine.CalamineWorkbook, wanted: str, file: str) -> str:
    names: list[str] = book.sheet_names
    if wanted in names:
        return wanted
    alike = [n for n in names if text_of(n).casefold() == text_of(wanted).casefold()]
    if len(alike) == 1:
        return alike[0]
    raise _fault("unknown_sheet", file, sheet=wanted, sheets=names)


def _filled(book: calamine.CalamineWorkbook, file: str) -> tuple[dict[str, int], int]:
    """The filled sheets in sight with their place among all in sight, 0 where it is the only one; and how many hidden
    ones are filled."""
    sheets = [m for m in book.sheets_metadata if m.typ == calamine.SheetTypeEnum.WorkSheet]
    visible = [m.name for m in sheets if m.visible == calamine.SheetVisibleEnum.Visible]
    filled = {m.name for m in sheets if book.get_sheet_by_name(m.name).end is not None}
    found = {n: i * (len(visible) > 1) for i, n in enumerate(visible, 1) if n in filled}
    if not found:
        raise _fault("file_empty", file)
    return found, len(filled) - len(found)


def _first_sheet(book: calamine.CalamineWorkbook, file: str, problems: list[Problem]) -> str:
    first, *others = _filled(book, file)[0]
    if others:
        problems.append(Problem("sheet_assumed", False, Where(file, first), {"others": others}))
    return first


def _tidy(cell: Any) -> Cell:
    if isinstance(cell, str):
        return cell if cell.strip() else None
    if isinstance(cell, (dt.time, dt.timedelta)):
        return str(cell)
    if isinstance(cell, int) and not isinstance(cell, bool):
        return float(cell)
    return cell  # type: ignore[no-any-return]


# Text


def _decoded(raw: bytes, file: str) -> str:
    for encoding in _encodings(raw):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not _CONTROL.search(text):
            return text
    raise _fault("not_a_table", file)


def _encodings(raw: bytes) -> Iterator[str]:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        yield "utf-16"
    elif b"\0" in raw:
        yield "utf-16-le" if raw[1::2].count(0) >= raw[::2].count(0) else "utf-16-be"
    else:
        yield "utf-8-sig"
        yield "cp1252"


def _delimited(text: str, file: str) -> Grid:
    text = text.rstrip("\x1a")
    declared = re.match(r"sep=(.)\r?\n", text)
    if declared:
        # Excel obeys this line and does not show it: its row 1 is the next line.
        text, delimiter = text[declared.end() :], declared[1]
    else:
        delimiter = _delimiter(text)
    rows: list[tuple[Cell, ...]] = []
    try:
        rows.extend(tuple(_text_cell(c) for c in row) for row in _records(text, delimiter, strict=True))
    except csv.Error:
        raise _fault("quote_open", file, row=len(rows) + 1) from None
    return Grid(file, "", tuple(rows))


def _records(text: str, delimiter: str, *, strict: bool) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict, skipinitialspace=True)


def _delimiter(text: str) -> str:
    """The mark that splits most rows alike; the comma last, as it also stands inside numbers."""

    def weight(delimiter: str) -> tuple[bool, int, int]:
        try:
            widths = [len(r) for r in islice(_records(text, delimiter, strict=False), 500) if len(r) > 1]
        except csv.Error:
            return False, 0, 0
        usual = max(set(widths), key=lambda w: (widths.count(w), w), default=0)
        alike = len(widths) * widths.count(usual)
        return alike > 0 and _quotes_close(text, delimiter), alike, usual

    return max(_DELIMITERS, key=weight)


def _quotes_close(text: str, delimiter: str) -> bool:
    try:
        return all(True for _ in islice(_records(text, delimiter, strict=True), 500))
    except csv.Error:
        return False


def _text_cell(cell: str) -> Cell:
    # ="1603012001" is how careful people keep Excel from turning a code into a number.
    if cell.startswith('="') and cell.endswith('"') and len(cell) > 2:
        cell = cell[2:-1]
    return cell if cell.strip() else None


# HTML


def _html(text: str, file: str) -> Grid:
    page = lxml.html.document_fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text))
    for br in page.iter("br"):
        br.tail = " " + (br.tail or "")
    rows: list[dict[int, Cell]] = []
    merged: list[Box] = []
    # Tables used for layout hold other tables; the innermost hold the data, stacked as Excel shows them.
    for table in page.iter("table"):
        if next(table.iterdescendants("table"), None) is None:
            _stack(list(table.iter("tr")), rows, merged)
    if not any(rows):
        raise _fault("not_a_table", file)
    width = max(max(row, default=-1) for row in rows) + 1
    if width * len(rows) > LARGEST_CELLS:
        raise _fault("sheet_too_wide", file, cell=f"{letters(width - 1)}{len(rows)}")
    return Grid(file, "", tuple(tuple(row.get(c) for c in range(width)) for row in rows), tuple(merged))


def _stack(trs: Sequence[lxml.html.HtmlElement], rows: list[dict[int, Cell]], merged: list[Box]) -> None:
    """Adds the rows of one HTML table, its row and column spans as merged boxes."""
    first, taken = len(rows), set[tuple[int, int]]()
    for down, tr in enumerate(trs):
        row: dict[int, Cell] = {}
        column = 0
        for td in tr.iterchildren("td", "th"):
            while (down, column) in taken:
                column += 1
            tall = min(_span(td, "rowspan"), len(trs) - down)
            wide = _span(td, "colspan")
            row[column] = _html_cell(td)
            if tall * wide > 1:
                taken.update((down + i, column + j) for i in range(tall) for j in range(wide))
                merged.append((first + down, column, first + down + tall - 1, column + wide - 1))
            column += wide
        rows.append(row)


def _span(td: lxml.html.HtmlElement, name: str) -> int:
    value = str(td.get(name, "1")).strip()
    return max(1, min(int(value), 1000)) if value.isascii() and value.isdigit() else 1


def _html_cell(td: lxml.html.HtmlElement) -> Cell:
    # Excel's own HTML keeps the exact number beside the rounded text.
    exact = td.get("x:num")
    if exact:
        try:
            return float(exact)
        except ValueError:
            pass
    return " ".join(str(td.text_content()).split()) or None
