"""Tables as offices make them: a known table dressed up with titles, groups, totals, signatures, in any container."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl
import xlsxwriter
from hypothesis import strategies as st

# Names that look like totals, notes or signatures; all but "Jumlah Mulya" are real villages.
TRAPS = (
    "Sumber Sari", "Kota Baru", "Totala Jaya", "Kabupaten", "Rata Mulie", "Kepala Curup", "Lurah", "Sum",
    "Jumlah Mulya",
)  # fmt: skip
PLAIN = ("Sarudu", "Doda", "Bulumario", "N-3 Aek Nabara", "Tumpok 40", "Lubuk Pakam I,II", "Ma'u", "Bambaira")
KECAMATAN = ("Bambaira", "Tikke Raya", "Sumber Jaya", "Kota Agung")
PARTS = ("Sangat Pendek", "Pendek", "Normal", "Tinggi")
SIGNED = ("Pasangkayu, 12 Mei 2024", "Mengetahui,", "Kepala Dinas Kesehatan", "dr. FULAN", "NIP. 19700101 199903 1 001")


@dataclass
class Page:
    """Rows of cells, their kinds ("" = data), merged boxes (0-based), and what must be read: columns and numbers."""

    rows: list[list[Any]] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    kecamatan: list[str] = field(default_factory=list)
    numbers: list[list[int | None]] = field(default_factory=list)
    lead: int = 0

    def add(self, kind: str, cells: Sequence[Any] = ()) -> None:
        width = len(self.columns)
        self.rows.append([*cells, *[None] * (width - len(cells))])
        self.kinds.append(kind)

    def of_kind(self, kind: str) -> list[int]:
        """Row numbers from 1."""
        return [i + 1 for i, k in enumerate(self.kinds) if k == kind]


@st.composite
def pages(draw: st.DrawFn) -> Page:
    """A made table with random dirt around and in it."""
    flag = st.booleans()
    page = Page()
    serial, with_kecamatan = draw(flag), draw(flag)
    layout = draw(st.sampled_from(["repeated", "sparse", "merged"])) if with_kecamatan else ""
    header, merges = _header(draw, page, serial, with_kecamatan)
    n_numbers = len(page.columns) - page.lead
    for title in draw(
        st.lists(st.sampled_from(["REKAPITULASI STATUS GIZI", "KABUPATEN PASANGKAYU TAHUN 2024"]), max_size=2)
    ):
        page.add("title", [title])
    if draw(flag):
        page.add("title", ["Bulan", ": Februari 2024"])
    if page.rows and draw(flag):
        page.add("blank")
    top = len(page.rows)
    page.merged += [(r + top, c, rr + top, cc) for r, c, rr, cc in merges]
    for level in header:
        page.add("header", level)
    if draw(flag):
        page.add("column_numbers", [f"({i + 1})" for i in range(len(page.columns))])
    blocks = draw(st.integers(2, 3)) if with_kecamatan else 1
    cells = st.one_of(st.none(), st.integers(0, 3000))
    subtotals, blanks, repeats = draw(flag), draw(flag), draw(flag)
    for b in range(blocks):
        first = len(page.rows)
        members = draw(st.integers(2, 4))
        for _ in range(members):
            # Without a number of its own or a kecamatan a village called "Kota …" can be told by its sums alone.
            safe = serial or layout == "repeated"
            page.names.append(draw(st.sampled_from(PLAIN + TRAPS if safe else PLAIN)))
            page.kecamatan.append(KECAMATAN[b] if with_kecamatan else "")
            page.numbers.append([draw(st.integers(1, 3000)), *(draw(cells) for _ in range(n_numbers - 1))])
            shown = KECAMATAN[b] if layout == "repeated" or len(page.rows) == first else None
            lead = [*([len(page.names)] if serial else []), *([shown] if with_kecamatan else []), page.names[-1]]
            page.add("", [*lead, *page.numbers[-1]])
        if layout == "merged":
            page.merged.append((first, int(serial), len(page.rows) - 1, int(serial)))
        if subtotals and with_kecamatan:
            label = draw(st.sampled_from([f"JUMLAH KEC. {KECAMATAN[b]}", "Sub Total", "J U M L A H"]))
            page.add("total", [*[None] * (page.lead - 1), label, *_sum(page.numbers[-members:])])
        if blanks and with_kecamatan:
            page.add("blank")
        if repeats and b + 1 < blocks:
            for level in header:
                page.add("repeated_header", level)
    _close(draw, page, serial)
    return page


def _header(
    draw: st.DrawFn, page: Page, serial: bool, with_kecamatan: bool
) -> tuple[list[list[str | None]], list[tuple[int, int, int, int]]]:
    depth = draw(st.integers(1, 3))
    lead = [*(["No"] if serial else []), *(["Kecamatan"] if with_kecamatan else []), "Desa/Kelurahan"]
    page.lead = len(lead)
    levels: list[list[str | None]] = [[None] * len(lead) for _ in range(depth)]
    levels[0] = list(lead)
    merges = [(0, c, depth - 1, c) for c in range(len(lead))] if depth > 1 else []
    page.columns = list(lead)

    def flat(name: str) -> None:
        if depth > 1:
            merges.append((0, len(levels[0]), depth - 1, len(levels[0])))
        for r, level in enumerate(levels):
            level.append(name if r == 0 else None)
        page.columns.append(name)

    flat("Sasaran")
    if depth == 1:
        for name in draw(st.lists(st.sampled_from(("Diukur", "Stunting", "% Diukur")), unique=True)):
            flat(name)
        return levels, merges
    start = len(levels[0])
    for group in draw(st.lists(st.sampled_from(("TB/U", "BB/TB")), unique=True, min_size=1)):
        parts = draw(st.lists(st.sampled_from(PARTS), unique=True, min_size=1))
        at = len(levels[0])
        for i, part in enumerate(parts):
            levels[-2].append(group if i == 0 else None)
            levels[-1].append(part)
            if depth == 3:
                levels[0].append("STATUS GIZI" if at + i == start else None)
            page.columns.append(" > ".join([*(["STATUS GIZI"] if depth == 3 else []), group, part]))
        if len(parts) > 1:
            merges.append((depth - 2, at, depth - 2, len(levels[0]) - 1))
    if depth == 3 and len(levels[0]) - start > 1:
        merges.append((0, start, 0, len(levels[0]) - 1))
    if draw(st.booleans()):
        flat("Stunting")
    return levels, merges


def _close(draw: st.DrawFn, page: Page, serial: bool) -> None:
    if draw(st.booleans()):
        labels = ["JUMLAH", "TOTAL", "Jumlah (Kab/Kota)", " jumlah  total "] + (["Kab. Pasangkayu"] if serial else [])
        at = 0 if serial else page.lead - 1
        page.add(
            "total", [*[None] * at, draw(st.sampled_from(labels)), *[None] * (page.lead - at - 1), *_sum(page.numbers)]
        )
    if draw(st.booleans()):
        page.add("total", [*[None] * (page.lead - 1), "RATA-RATA", *(7 for _ in page.columns[page.lead :])])
    if draw(st.booleans()):
        page.add("note", ["Sumber: Dinas Kesehatan"])
    if draw(st.booleans()):
        page.add("blank")
        for line in SIGNED:
            page.add("signature", [*[None] * (len(page.columns) - 1), line])
    while page.kinds[-1] == "blank":
        page.rows.pop(), page.kinds.pop()


def _sum(rows: Sequence[Sequence[int | None]]) -> list[int]:
    return [sum(x or 0 for x in column) for column in zip(*rows, strict=True)]


def as_csv(page: Page, path: Path, delimiter: str = ",", encoding: str = "utf-8") -> Path:
    """The page as delimited text; what was merged stands in the first cell alone."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows(page.rows)
    path.write_bytes(out.getvalue().encode(encoding))
    return path


def as_xlsxwriter(page: Page, path: Path) -> Path:
    """The page as a workbook with merged cells."""
    book = xlsxwriter.Workbook(path, {"in_memory": True})
    sheet = book.add_worksheet("Data")
    for r, c, rr, cc in page.merged:
        sheet.merge_range(r, c, rr, cc, "")
    for r, row in enumerate(page.rows):
        for c, cell in enumerate(row):
            if cell is not None:
                sheet.write(r, c, cell)
    book.close()
    return path


def as_openpyxl(page: Page, path: Path) -> Path:
    """The same by another writer."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for r, row in enumerate(page.rows, 1):
        for c, cell in enumerate(row, 1):
            if cell is not None:
                sheet.cell(r, c, cell)
    for r, c, rr, cc in page.merged:
        sheet.merge_cells(start_row=r + 1, start_column=c + 1, end_row=rr + 1, end_column=cc + 1)
    book.save(path)
    return path


def as_html(page: Page, path: Path) -> Path:
    """The page as the HTML that web applications call `.xls`."""
    spans = {(r, c): (rr - r + 1, cc - c + 1) for r, c, rr, cc in page.merged}
    hidden = {
        (i, j) for r, c, rr, cc in page.merged for i in range(r, rr + 1) for j in range(c, cc + 1) if (i, j) != (r, c)
    }
    lines = []
    for r, row in enumerate(page.rows):
        cells = []
        for c, cell in enumerate(row):
            if (r, c) not in hidden:
                tall, wide = spans.get((r, c), (1, 1))
                text = "&nbsp;" if cell is None else html.escape(str(cell))
                cells.append(f'<td rowspan="{tall}" colspan={wide}>{text}</td>')
        lines.append(f"<tr>{''.join(cells)}</tr>")
    path.write_text(f"<html><body><table border=1>{''.join(lines)}</table></body></html>", "utf-8")
    return path


WRITERS = {
    "utf-8": lambda p, to: as_csv(p, to, ",", "utf-8"),
    "utf-8-sig": lambda p, to: as_csv(p, to, ";", "utf-8-sig"),
    "utf-16": lambda p, to: as_csv(p, to, "\t", "utf-16"),
    "utf-16-be": lambda p, to: as_csv(p, to, "|", "utf-16-be"),
    "cp1252": lambda p, to: as_csv(p, to, ";", "cp1252"),
    "xlsxwriter": as_xlsxwriter,
    "openpyxl": as_openpyxl,
    "html": as_html,
}
