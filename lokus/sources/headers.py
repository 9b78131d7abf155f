"""Where a table's header stands among titles and rows, and what its columns are called."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from lokus.sources.cells import Box, Cell, letters, text_of
from lokus.sources.numbers import is_missing, looks_numeric

JOIN = " > "
MOST_HEADER_ROWS = 3
DEEPEST_HEADER = 200

_COLUMN_NUMBER = re.compile(r"[(\[]?\s*([0-9]{1,3})\s*[)\].]?\s*(?:[=(].*)?")
_TITLE_WORDS = {"tahun", "bulan", "periode", "semester", "triwulan", "tanggal"}
_YEARS = range(1990, 2101)

Rows = Sequence[Sequence[Cell]]
Texts = Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Header:
    """0-based first and last header row, and a unique name for every column of the sheet."""

    top: int
    bottom: int
    columns: tuple[str, ...]


def count(texts: Sequence[str]) -> int:
    """How many cells of a row are filled."""
    return sum(1 for t in texts if t)


def is_column_numbers(texts: Sequence[str]) -> bool:
    """Whether a row only numbers the columns: 1 2 3 … or (1) (2) (3=2/1).

    >>> is_column_numbers(["(1)", "(2)", "(3=2/1)"]), is_column_numbers(["1", "SARUDU", "3"])
    (True, False)
    """
    found = [_COLUMN_NUMBER.fullmatch(t) for t in texts if t]
    return len(found) > 1 and all(m is not None and int(m[1]) == i for i, m in enumerate(found, 1))


def find_header(rows: Rows, texts: Texts, merged: Sequence[Box], header_rows: int | None = None) -> Header | None:
    """The header right above the first row that looks like data; None when there is none.

    rows, texts: the same rectangular cells, raw and as text. merged: boxes (top, left, bottom, right), 0-based.
    header_rows: how many rows it has, where its reader knows better.
    """
    seek = _Seeker(rows, texts, merged)
    for body, row in enumerate(rows[:DEEPEST_HEADER]):
        if _holds_numbers(row) and count(texts[body]) > 1 and not _is_title(texts[body]):
            span = seek.above(body, header_rows)
            if span is not None:
                return Header(*span, unique(compose(texts, merged, *span)))
    span = seek.in_words(header_rows)
    return None if span is None else Header(*span, unique(compose(texts, merged, *span)))


def compose(texts: Texts, merged: Sequence[Box], top: int, bottom: int) -> list[str]:
    """The header path of every column, groups before their parts; "" where a column has no header.

    A group's name reaches over its merged box; where nothing tells what is merged, over the following columns that
    have a part below and no name of their own beside the group.
    """
    width = len(texts[top])
    levels = [list(texts[r]) for r in range(top, bottom + 1)]
    boxes = [b for b in merged if b[0] >= top and b[2] <= bottom]
    for first, left, last, right in boxes:
        for r in range(first, last + 1):
            levels[r - top][left : right + 1] = [texts[first][left]] * (right - left + 1)
    if not any(right > left for _, left, _, right in boxes):
        _spread(levels, width)
    owners = {(r, c): b for b in boxes for r in range(b[0], b[2] + 1) for c in range(b[1], b[3] + 1)}
    paths = []
    for c in range(width):
        parts: list[str] = []
        for r in range(top, bottom + 1):
            part, box = levels[r - top][c], owners.get((r, c))
            if part and (r == top or box is None or box != owners.get((r - 1, c))):
                parts.append(part)
        paths.append(JOIN.join(parts))
    return paths


def unique(paths: Sequence[str]) -> tuple[str, ...]:
    """Names that tell columns apart: "Normal", "Normal (2)"; "kolom C" where a column has none.

    >>> unique(["Normal", "", "Normal"])
    ('Normal', 'kolom B', 'Normal (2)')
    """
    given, taken, names = set(paths), set[str](), list[str]()
    turn: Counter[str] = Counter()
    for c, path in enumerate(paths):
        base = name = path or f"kolom {letters(c)}"
        while name in taken or (name != path and name in given):
            turn[base] += 1
            name = f"{base} ({turn[base] + 1})"
        taken.add(name)
        names.append(name)
    return tuple(names)


def _spread(levels: list[list[str]], width: int) -> None:
    bounds: set[int] = set()
    for r, level in enumerate(levels[:-1]):
        named = [c for c in range(width) if level[c]]
        below = [any(lower[c] for lower in levels[r + 1 :]) for c in range(width)]
        bounds.update(named)
        for c in named:
            end = c + 1
            while below[c] and end < width and below[end] and end not in bounds:
                level[end] = level[c]
                end += 1


def _holds_numbers(row: Sequence[Cell]) -> bool:
    """A number, or a dash in place of one. A run of years (2022, 2023) is none: it also stands in headers."""
    numbers = [c for c in row if c is not None and looks_numeric(c)]
    years = [int(t) for t in map(text_of, numbers) if t.isdigit() and int(t) in _YEARS]
    if len(years) > 1 and len(years) == len(numbers) and years == [*range(years[0], years[0] + len(years))]:
        return False
    return bool(numbers) or any(c is not None and is_missing(c) for c in row)


def _is_title(texts: Sequence[str]) -> bool:
    """A line such as "Kabupaten : Pasangkayu" or "Tahun | 2024"."""
    filled = [t for t in texts if t]
    if len(filled) == 2 and filled[0].casefold() in _TITLE_WORDS:
        return True
    return len(filled) <= 4 and any(t.startswith(":") or t.endswith(":") for t in filled)


class _Seeker:
    """Looks for header rows above a row of data."""

    def __init__(self, rows: Rows, texts: Texts, merged: Sequence[Box]) -> None:
        self.rows, self.texts, self.merged = rows, texts, merged
        numeric = [count(t) for r, t in zip(rows, texts, strict=True) if _holds_numbers(r)]
        self.usual = median(numeric) if numeric else 0

    def above(self, body: int, header_rows: int | None) -> tuple[int, int] | None:
        bottom = body - 1
        while bottom >= 0 and self._is_between(bottom, body):
            bottom -= 1
        if bottom < 0:
            return None
        if header_rows is not None:
            top = bottom - header_rows + 1
            fits = top >= 0 and count(self.texts[top]) > 1
            return (top, bottom) if fits and self._covers(top, bottom, body) else None
        if _holds_numbers(self.rows[bottom]) or _is_title(self.texts[bottom]):
            return None
        top = bottom
        while top > 0 and bottom - top + 1 < MOST_HEADER_ROWS and self._continues(top - 1, bottom, body):
            top -= 1
        if not self._covers(top, bottom, body):
            return None
        # A row as wide above it: then this is no header but a row of a table made of words.
        widest = max((count(t) for t in self.texts[:top]), default=0)
        return None if widest >= max(3, count(self.texts[bottom])) else (top, bottom)

    def in_words(self, header_rows: int | None) -> tuple[int, int] | None:
        """The header of a table without numbers: its first row as wide as most, with no text twice."""
        counts = [count(t) for t in self.texts]
        widest = max(counts, default=0)
        for top, texts in enumerate(self.texts[:DEEPEST_HEADER]):
            filled = [t for t in texts if t]
            wide = len(filled) >= max(2.0, 0.6 * widest) and len(set(filled)) == len(filled)
            if wide and not _is_title(texts):
                if _holds_numbers(self.rows[top]) and header_rows is None:
                    return None
                deep = max((b[2] for b in self.merged if b[0] == top), default=top)
                bottom = min(deep, top + MOST_HEADER_ROWS - 1) if header_rows is None else top + header_rows - 1
                return (top, bottom) if bottom + 1 < len(self.texts) else None
        return None

    def _is_between(self, r: int, body: int) -> bool:
        """Rows that may stand between header and data: blank, column numbers, the name of a block over its villages."""
        texts = self.texts[r]
        if not any(texts) or is_column_numbers(texts):
            return True
        if count(texts) > 1 or any(b[0] < r <= b[2] for b in self.merged):
            return False
        place = next((c for c, cell in enumerate(self.rows[body]) if cell is not None and not looks_numeric(cell)), 0)
        return not any(texts[place + 1 :])

    def _covers(self, top: int, bottom: int, body: int) -> bool:
        names = compose(self.texts, self.merged, top, bottom)
        filled = [c for c, t in enumerate(self.texts[body]) if t]
        named = sum(1 for c in filled if names[c])
        return named >= max(2, len(filled) / 2) and count(names) >= self.usual / 2

    def _continues(self, r: int, bottom: int, body: int) -> bool:
        """Whether row `r` is one more header row above the header found so far."""
        texts = self.texts[r]
        if any(b[0] <= r < b[2] <= bottom for b in self.merged):
            return True
        if not any(texts) or _holds_numbers(self.rows[r]) or _is_title(texts):
            return False
        first = next(c for c, t in enumerate(texts) if t)
        wide = [b for b in self.merged if b[0] == b[2] == r and b[3] > b[1]]
        names = compose(self.texts, self.merged, r + 1, bottom)
        if count(texts) == 1:
            used = [c for c, t in enumerate(self.texts[bottom]) if t]
            grouped = any(b[1] > 0 and b[1] >= used[0] and b[3] <= used[-1] for b in wide)
            nameless = any(t and not names[c] for c, t in enumerate(self.texts[body]))
            return grouped or (nameless and first >= used[0] > 0)
        named = [n for n in names if n]
        fills_a_gap = any(t and not names[c] for c, t in enumerate(texts))
        return bool(wide) or fills_a_gap or first > 0 or len(set(named)) < len(named)
