"""Slides of 16:9 on one grid: text that is fitted before it is set, pictures, native charts and tables.

Lengths are inches, sizes of type points. The typeface has the widths of Helvetica everywhere (Arial, Liberation
Sans), so what fits here fits on every machine.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION, XL_LEGEND_POSITION, XL_TICK_LABEL_POSITION
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, MSO_AUTO_SIZE, PP_ALIGN
from pptx.util import Inches, Pt
from reportlab.pdfbase.pdfmetrics import stringWidth

from lokus.outputs.papers.office import inert, plain

FONT = "Arial"
WIDTH, HEIGHT, MARGIN = 13.333, 7.5, 0.55
# Where a slide's own matter stands, between its heading and its foot.
TOP, BOTTOM = 1.5, 6.85
TITLE, BODY, FOOT = 36.0, 22.0, 12.0
SMALLEST = 20.0
LEADING = 1.22
# A text of so few letters is not cut any more.
LEAST = 12
INK, GREY, BLUE, PALE, ALARM = "1A1A1A", "595959", "0B4F8A", "E8EFF7", "B00020"
# Okabe & Ito (2008): told apart by the colour-blind, and by their lightness in grey.
SERIES = ("0072B2", "E69F00", "009E73", "CC79A7", "56B4E9", "D55E00")
BLANK, TITLE_ONLY = 6, 5
SIDES = {"left": PP_ALIGN.LEFT, "right": PP_ALIGN.RIGHT, "center": PP_ALIGN.CENTER}


@dataclass(frozen=True, slots=True)
class Box:
    """A place on a slide."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Line:
    """A paragraph; `gap` is the space before it."""

    said: str
    size: float = BODY
    bold: bool = False
    ink: str = INK
    gap: float = 8.0


@lru_cache(maxsize=4096)
def lines_of(said: str, size: float, width: float, *, bold: bool = False) -> int:
    """How many lines a text takes at a size in a width; a word longer than a line is broken."""
    face, room = "Helvetica-Bold" if bold else "Helvetica", 72 * width
    count, used, space = 1, 0.0, stringWidth(" ", face, size)
    for word in said.split(" "):
        long = stringWidth(word, face, size)
        if used and used + space + long > room:
            count, used = count + 1, 0.0
        count += int(long // room)
        used = used + space * bool(used) + long % room
    return count


def fitted(lines: Sequence[Line], box: Box, smallest: float = SMALLEST) -> list[Line]:
    """The lines, smaller if need be and cut off at last, so that they fit into a box without breaking a word."""
    told = [_plain(line) for line in lines if line.said]
    scale = 1.0
    while told and not _fits(told, box, smallest) and any(line.size > smallest for line in told):
        scale -= 0.04
        told = [_plain(line, max(min(line.size, smallest), line.size * scale)) for line in lines if line.said]
    while told and _tall(told, box.width) > box.height and (shorter := _shorter(told)) != told:
        told = shorter
    return told


def _fits(told: Sequence[Line], box: Box, smallest: float) -> bool:
    width = 0.98 * box.width
    words = {(word, line.size, line.bold) for line in told for word in line.said.split(" ")}
    broken = any(
        lines_of(word, size, width, bold=bold) > lines_of(word, min(size, smallest), width, bold=bold)
        for word, size, bold in words
    )
    return not broken and _tall(told, box.width) <= box.height


def _shorter(told: list[Line]) -> list[Line]:
    """Without the last words of the longest line, or its last letters; the last line goes once all are short."""
    longest = max(range(len(told)), key=lambda k: len(told[k].said))
    said = told[longest].said.rstrip("…")
    if len(said) <= LEAST:
        return told[:-1] if len(told) > 1 else told
    words = said.split(" ")
    cut = " ".join(words[:-2]) if len(words) > 5 else said[: max(LEAST, 3 * len(said) // 4)]
    return [_with(line, f"{cut}…") if k == longest else line for k, line in enumerate(told)]


def _with(line: Line, said: str) -> Line:
    return Line(said, line.size, line.bold, line.ink, line.gap)


def _plain(line: Line, size: float = 0.0) -> Line:
    # A number and its sign stay on one line.
    return Line(plain(line.said).replace(" %", "\u00a0%"), size or line.size, line.bold, line.ink, line.gap)


def _tall(lines: Sequence[Line], width: float) -> float:
    points = sum(
        line.gap + LEADING * line.size * lines_of(line.said, line.size, 0.98 * width, bold=line.bold) for line in lines
    )
    return (points - lines[0].gap) / 72 if lines else 0.0


class Deck:
    """Slides being made. `mark` stands on every slide, "" for none; `foot` at the bottom of each."""

    def __init__(self, foot: str, mark: str = "") -> None:
        self.made = Presentation()
        self.made.slide_width, self.made.slide_height = Inches(WIDTH), Inches(HEIGHT)
        self.foot, self.mark = foot, mark

    def slide(self, title: str, notes: str) -> Any:
        """A new slide with its heading and what its speaker may say."""
        page = self.made.slides.add_slide(self.made.slide_layouts[TITLE_ONLY])
        box = Box(MARGIN, 0.35, WIDTH - 2 * MARGIN - (2.6 if self.mark else 0), 1.0)
        _place(page.shapes.title, box)
        _set(
            page.shapes.title.text_frame,
            fitted([Line(title, TITLE, bold=True, ink=BLUE)], box, 26),
            "left",
            MSO_ANCHOR.MIDDLE,
        )
        self._frame(page, notes)
        return page

    def _frame(self, page: Any, notes: str) -> None:
        number = len(self.made.slides)
        self.text(
            page, [Line(self.foot, FOOT, ink=GREY)], Box(MARGIN, 6.98, WIDTH - 2 * MARGIN - 1, 0.3), smallest=FOOT
        )
        side = Box(WIDTH - MARGIN - 1, 6.98, 1, 0.3)
        self.text(page, [Line(str(number), FOOT, ink=GREY)], side, side="right", smallest=FOOT)
        told = plain(notes)
        if self.mark:
            self.badge(page, self.mark)
            told = f"{self.mark}. {told}"
        page.notes_slide.notes_text_frame.text = told

    def badge(self, page: Any, said: str) -> None:
        """A red mark in the upper corner."""
        shape = page.shapes.add_shape(MSO_SHAPE.RECTANGLE, *_inches(Box(WIDTH - 2.95, 0.25, 2.6, 0.62)))
        shape.fill.solid()
        shape.fill.fore_color.rgb = _rgb(ALARM)
        shape.line.fill.background()
        lines = fitted([Line(said, 16, bold=True, ink="FFFFFF")], Box(0, 0, 2.4, 0.6), 11)
        _set(shape.text_frame, lines, "center", MSO_ANCHOR.MIDDLE)

    def text(
        self, page: Any, lines: Sequence[Line], box: Box, *, side: str = "left", smallest: float = SMALLEST,
        middle: bool = False,
    ) -> None:  # fmt: skip
        """Paragraphs in a box, fitted."""
        shape = page.shapes.add_textbox(*_inches(box))
        _set(shape.text_frame, fitted(lines, box, smallest), side, MSO_ANCHOR.MIDDLE if middle else MSO_ANCHOR.TOP)

    def picture(self, page: Any, png: bytes, box: Box, told: str) -> None:
        """A picture in a box of its own shape, with what it shows for those who cannot see it."""
        shape = page.shapes.add_picture(io.BytesIO(png), *_inches(box))
        shape._element.nvPicPr.cNvPr.set("descr", plain(told))

    def bars(
        self, page: Any, box: Box, names: Sequence[str], series: Sequence[tuple[str, Sequence[float | None]]], *,
        form: str, told: str, stacked: bool = False, size: float = 18.0, colours: Sequence[str] = (),
        labels: Sequence[str] = (), most: float | None = None,
    ) -> None:  # fmt: skip
        """A native bar chart, first name on top. `colours`: of each bar; `labels`: instead of the first values."""
        chart_data: Any = CategoryChartData
        data = chart_data(number_format=form)
        # The chart keeps a workbook of its own, which must take no name for a formula.
        data.categories = [inert(name) for name in names]
        for name, values in series:
            data.add_series(inert(name), list(values))
        kind = XL_CHART_TYPE.BAR_STACKED if stacked else XL_CHART_TYPE.BAR_CLUSTERED
        frame = page.shapes.add_chart(kind, *_inches(box), data)
        frame._element.nvGraphicFramePr.cNvPr.set("descr", plain(told))
        chart = frame.chart
        chart.font.size, chart.font.name = Pt(size), FONT
        chart.font.color.rgb = _rgb(INK)
        chart.has_title = False
        chart.has_legend = len(series) > 1
        if chart.has_legend:
            chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
            chart.legend.font.size = Pt(size)
        _axes(chart, size, most)
        _paint(chart, stacked=stacked, form=form, size=size, colours=colours, labels=labels)

    def table(
        self, page: Any, box: Box, head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float],
        sides: Sequence[str], size: float = SMALLEST,
    ) -> None:  # fmt: skip
        """A native table; its rows are as high as the box allows, its texts cut to one or two lines each."""
        frame = page.shapes.add_table(len(rows) + 1, len(head), *_inches(box))
        table = frame.table
        high = min(box.height / (len(rows) + 1), 0.75)
        for column, width in zip(table.columns, widths, strict=True):
            column.width = Inches(width)
        for i, row in enumerate((head, *rows)):
            table.rows[i].height = Inches(high)
            for j, said in enumerate(row):
                cell = table.cell(i, j)
                room = Box(0, 0, widths[j] - 0.2, high - 0.06)
                line = Line(said, size, bold=i == 0, ink="FFFFFF" if i == 0 else INK)
                cell.margin_left = cell.margin_right = Inches(0.1)
                cell.margin_top = cell.margin_bottom = Inches(0.02)
                cell.fill.solid()
                cell.fill.fore_color.rgb = _rgb(BLUE if i == 0 else PALE if i % 2 else "FFFFFF")
                cell.vertical_anchor = MSO_ANCHOR.MIDDLE
                _set(cell.text_frame, fitted([line], room, 14), sides[j], None)

    def save(self) -> bytes:
        file = io.BytesIO()
        self.made.save(file)
        return file.getvalue()


def _axes(chart: Any, size: float, most: float | None) -> None:
    names, values = chart.category_axis, chart.value_axis
    names.reverse_order = True
    names.tick_labels.font.size = Pt(size)
    names.format.line.color.rgb = _rgb("BFBFBF")
    names.has_major_gridlines = False
    # Values stand on the bars: an axis would say them twice.
    values.visible, values.has_major_gridlines = False, False
    values.tick_label_position = XL_TICK_LABEL_POSITION.NONE
    values.minimum_scale = 0
    if most is not None:
        values.maximum_scale = most


def _paint(chart: Any, *, stacked: bool, form: str, size: float, colours: Sequence[str], labels: Sequence[str]) -> None:
    plot = chart.plots[0]
    plot.gap_width, plot.overlap = (45 if stacked or len(chart.plots[0].series) == 1 else 60), (100 if stacked else 0)
    for k, series in enumerate(plot.series):
        series.format.fill.solid()
        series.format.fill.fore_color.rgb = _rgb(SERIES[k % len(SERIES)])
        for n, colour in enumerate(colours):
            point = series.points[n]
            point.format.fill.solid()
            point.format.fill.fore_color.rgb = _rgb(colour)
        shown = series.data_labels
        shown.show_value, shown.number_format, shown.number_format_is_linked = True, form, False
        shown.font.size = Pt(size - 2 if stacked else size)
        if stacked:
            shown.position = XL_LABEL_POSITION.CENTER
            shown.font.color.rgb = _rgb("FFFFFF" if k % 2 == 0 else INK)
        else:
            shown.position = XL_LABEL_POSITION.OUTSIDE_END
        for n, said in enumerate(labels if k == 0 else ()):
            _label(series.points[n].data_label, said, size)


def _label(label: Any, said: str, size: float) -> None:
    frame = label.text_frame
    frame.text = plain(said)
    frame.paragraphs[0].runs[0].font.size = Pt(size)
    label.position = XL_LABEL_POSITION.OUTSIDE_END


def _set(frame: Any, lines: Sequence[Line], side: str, anchor: Any) -> None:
    frame.word_wrap = True
    frame.auto_size = MSO_AUTO_SIZE.NONE
    if anchor is not None:
        frame.vertical_anchor = anchor
        frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    for n, line in enumerate(lines):
        paragraph = frame.paragraphs[0] if n == 0 else frame.add_paragraph()
        paragraph.alignment, paragraph.space_before = SIDES[side], Pt(line.gap if n else 0)
        piece = paragraph.add_run()
        piece.text = line.said
        piece.font.size, piece.font.bold, piece.font.name = Pt(round(line.size * 2) / 2), line.bold, FONT
        piece.font.color.rgb = _rgb(line.ink)


def _rgb(colour: str) -> Any:
    return RGBColor(*bytes.fromhex(colour))  # type: ignore[no-untyped-call]


def _place(shape: Any, box: Box) -> None:
    shape.left, shape.top, shape.width, shape.height = _inches(box)


def _inches(box: Box) -> tuple[Any, Any, Any, Any]:
    return Inches(box.left), Inches(box.top), Inches(box.width), Inches(box.height)
