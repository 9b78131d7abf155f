"""A sheet of the workbook as data, and its writing: title, notes, one frozen heading, filters, page set-up.

Texts are written as texts, whatever they look like; a number that may not be told stands as its text in a number's
column, where sums pass it by.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from lokus.messages import text
from lokus.outputs.papers.office import clip, inert

FONT = "Arial"
INK, RULE, HEAD, PALE, ALARM, FILL = "#1a1a1a", "#bfbfbf", "#1f3864", "#e3ecf7", "#b00020", "#fff8dc"
# The number format of each kind of cell; Excel and LibreOffice show separators as the reader's own settings ask.
FORMATS = {
    "text": "@", "code": "@", "order": "0", "whole": "#,##0", "decimal": "0.00", "percent": "0.0%",
    "points": "0.0", "money": "#,##0", "fill": "@",
}  # fmt: skip
LONGEST_NAME, LONGEST_CELL, LONGEST_FOOT = 31, 32_000, 250
A4 = 9
# Letters across a printed page that can still be read, and the greatest height of a row in points.
WIDEST, HIGHEST = 235, 400

Cell = float | str | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, one of `FORMATS`, its width in letters; `choices` to pick from where it is filled in."""

    heading: str
    kind: str
    width: float
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sum:
    """A cell of the line above the heading that adds up a column's rows that pass the filter; `value` as written."""

    column: int
    value: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet. `marked`: column and word that shade a row (chosen villages); `sums` have `sum_label` at their left;
    `formulas`: text cells that are replaced by (formula, value)."""

    name: str
    title: str
    notes: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Cell]]
    frozen: int = 0
    marked: tuple[int, str] | None = None
    sums: tuple[Sum, ...] = ()
    sum_label: str = ""
    formulas: dict[tuple[int, int], tuple[str, float]] = field(default_factory=dict)

    @property
    def top(self) -> int:
        """The row of the heading."""
        return 1 + len(self.notes) + bool(self.sums)

    def cells(self, column: int) -> str:
        """The rows of a column as another sheet names them: `'Dinas PUPR'!$F$5:$F$90`."""
        letter = xl_col_to_name(column, col_abs=True)
        return f"'{self.name}'!{letter}${self.top + 2}:{letter}${self.top + 1 + max(1, len(self.rows))}"


class Names:
    """Names of sheets as a workbook allows them: at most 31 letters, none of `[]:*?/\\`, each once."""

    def __init__(self) -> None:
        self.taken: set[str] = {"history"}

    def take(self, wanted: str) -> str:
        """A free name as near to the wanted one as may be.

        >>> names = Names()
        >>> names.take("Dinas P/U: Tata [Kota]"), names.take("dinas p u tata kota"), names.take("''")
        ('Dinas P U Tata Kota', 'dinas p u tata kota (2)', 'Sheet')
        """
        base = " ".join(re.sub(r"[\[\]:*?/\\']", " ", inert(wanted)).split()) or "Sheet"
        for n in range(1, len(self.taken) + 2):
            tail = "" if n == 1 else f" ({n})"
            name = f"{base[: LONGEST_NAME - len(tail)].rstrip()}{tail}"
            if name.casefold() not in self.taken:
                break
        self.taken.add(name.casefold())
        return name


class Book:
    """A workbook being written: its formats are made once."""

    def __init__(self, workbook: Workbook, run_id: str, lang: str, *, public: bool) -> None:
        self.workbook, self.run_id, self.lang, self.public = workbook, run_id, lang, public
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}

    def format(self, **look: Any) -> Any:
        """A format, the same one for the same look."""
        key = tuple(sorted(look.items()))
        if key not in self._formats:
            base = {"font_name": FONT, "font_size": 10, "font_color": INK, "valign": "top"}
            self._formats[key] = self.workbook.add_format({**base, **look})
        return self._formats[key]

    def write(self, sheet: Sheet) -> None:
        """Writes one sheet."""
        page = self.workbook.add_worksheet(sheet.name)
        self._heading(page, sheet)
        rows = [*sheet.rows]
        for i, row in enumerate(rows, sheet.top + 1):
            for j, cell in enumerate(row):
                self._cell(page, i, j, sheet.columns[j], cell)
            # LibreOffice does not fit the heights of rows by itself.
            if (lines := _height(row, sheet.columns)) > 1:
                page.set_row(i, min(3 + 13 * lines, HIGHEST))
        for (i, j), (formula, value) in sheet.formulas.items():
            look = self._look(sheet.columns[j])
            page.write_formula(sheet.top + 1 + i, j, formula, self.format(**look), value)
        last = sheet.top + max(1, len(rows))
        page.autofilter(sheet.top, 0, last, len(sheet.columns) - 1)
        page.freeze_panes(sheet.top + 1, sheet.frozen)
        if sheet.marked and rows:
            column, word = sheet.marked
            cell = f"${xl_col_to_name(column)}{sheet.top + 2}"
            rule = {
                "type": "formula",
                "criteria": f'={cell}="{word}"',
                "format": self.workbook.add_format({"bg_color": PALE}),
            }
            shaded = [j for j, c in enumerate(sheet.columns) if c.kind not in ("money", "fill")]
            page.conditional_format(sheet.top + 1, 0, last, shaded[-1], rule)
        self._to_fill_in(page, sheet, last)
        self._page(page, sheet)

    def _heading(self, page: Worksheet, sheet: Sheet) -> None:
        mark = "" if self.public else f"{text('papers.internal', self.lang)} · "
        ink = INK if self.public else ALARM
        page.write_string(0, 0, inert(mark + sheet.title), self.format(bold=True, font_size=14, font_color=ink))
        for i, note in enumerate(sheet.notes, 1):
            page.write_string(i, 0, inert(note), self.format(font_color="#444444", font_size=9))
        head = self.format(
            bold=True,
            font_color="#ffffff",
            bg_color=HEAD,
            text_wrap=True,
            valign="vcenter",
            border=1,
            border_color=RULE,
        )
        for j, column in enumerate(sheet.columns):
            page.set_column(j, j, column.width)
            page.write_string(sheet.top, j, inert(column.heading), head)
        lines = max(_lines(column.heading, column.width) for column in sheet.columns)
        page.set_row(sheet.top, 4 + 13.5 * lines)
        for added in sheet.sums:
            cells = sheet.cells(added.column).partition("!")[2]
            look = self._look(sheet.columns[added.column], bold=True)
            page.write_formula(sheet.top - 1, added.column, f"=SUBTOTAL(109,{cells})", self.format(**look), added.value)
        if sheet.sums:
            first = min(added.column for added in sheet.sums)
            page.write_string(
                sheet.top - 1, max(0, first - 1), inert(sheet.sum_label), self.format(bold=True, align="right")
            )

    def _cell(self, page: Worksheet, i: int, j: int, column: Column, cell: Cell) -> None:
        look = self._look(column)
        if cell == "":
            page.write_blank(i, j, None, self.format(**look))
        elif isinstance(cell, str):
            side = {} if column.kind in ("text", "code", "fill", "order") else {"align": "right"}
            page.write_string(i, j, _long(cell), self.format(**{**look, **side}))
        elif cell is None or math.isnan(cell):
            side = {} if column.kind in ("text", "order") else {"align": "right"}
            page.write_string(i, j, "–", self.format(**{**look, **side}))
        else:
            page.write_number(i, j, cell, self.format(**look))

    def _look(self, column: Column, **more: Any) -> dict[str, Any]:
        look: dict[str, Any] = {"num_format": FORMATS[column.kind], "bottom": 1, "bottom_color": RULE, **more}
        if column.kind in ("text", "fill"):
            look |= {"text_wrap": True, "align": "left", "indent": 1}
        if column.kind == "order":
            look["align"] = "center"
        if column.kind in ("money", "fill"):
            look |= {"bg_color": FILL, "border": 1, "border_color": RULE}
        return look

    def _to_fill_in(self, page: Worksheet, sheet: Sheet, last: int) -> None:
        for j, column in enumerate(sheet.columns):
            if column.choices:
                allowed = {"validate": "list", "source": list(column.choices), "error_type": "warning"}
                page.data_validation(sheet.top + 1, j, last, j, allowed)
            elif column.kind == "money":
                asked = {"validate": "decimal", "criteria": ">=", "value": 0}
                page.data_validation(sheet.top + 1, j, last, j, asked)

    def _page(self, page: Worksheet, sheet: Sheet) -> None:
        mark = "" if self.public else f"&C&B{_escaped(text('papers.internal', self.lang))}"
        page.set_landscape()
        page.set_paper(A4)
        page.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.7)
        pages = math.ceil(sum(column.width for column in sheet.columns) / WIDEST)
        page.fit_to_pages(pages, 0)
        if pages > 1:
            # A title would be cut off on every page but the first; the page's head has it.
            page.print_area(sheet.top, 0, sheet.top + max(1, len(sheet.rows)), len(sheet.columns) - 1)
            if sheet.frozen:
                page.repeat_columns(0, sheet.frozen - 1)
        page.repeat_rows(sheet.top)
        page.set_header(f"&L&8{_escaped(clip(sheet.title, 90))}{mark}")
        foot = text("papers.foot", self.lang, run=self.run_id)
        page.set_footer(f"&L&8{_escaped(foot)}&R&8&P/&N")
        page.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})


def joined(parts: Iterable[str]) -> str:
    """Several sentences of one cell, each on its own line."""
    return "\n".join(parts)


def _long(cell: str) -> str:
    told = "\n".join(inert(line) for line in cell.split("\n"))
    return told if len(told) <= LONGEST_CELL else f"{told[:LONGEST_CELL]}…"


def _lines(said: str, width: float) -> int:
    """How many lines a heading takes in its column, word by word."""
    lines, left = 1, width - 1
    for word in said.split():
        if len(word) > left and left < width - 1:
            lines, left = lines + 1, width - 1
        lines, left = lines + int(len(word) // max(1, width)), left - len(word) - 1
    return lines


def _height(row: Sequence[Cell], columns: Sequence[Column]) -> int:
    """How many lines the tallest text of a row takes."""
    texts = (
        (cell, c.width) for cell, c in zip(row, columns, strict=True) if isinstance(cell, str) and c.kind == "text"
    )
    # A column's width is counted in zeros, which are wider than most letters.
    return max((sum(_lines(line, 1.1 * width) for line in cell.split("\n")) for cell, width in texts), default=1)


def _escaped(said: str) -> str:
    """Text of a page's head or foot, where & begins a command."""
    return said.replace("&", "&&")[:LONGEST_FOOT]
