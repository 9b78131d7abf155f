"""What the A4 sheets share: paragraphs that wrap text from data safely, foot, internal mark; drawn with reportlab.

Lengths are points from the lower left corner of the page.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph

from lokus.messages import text
from lokus.outputs import maps
from lokus.outputs.papers import lettering

if TYPE_CHECKING:
    from lokus.pipeline import Run

WIDE, TALL = A4
MARGIN = 40.0
ROOM = WIDE - 2 * MARGIN
INK, SOFT, RULE, PALE, OWN, WARN = (
    HexColor(c) for c in ("#111111", "#4a5660", "#c3ccd3", "#eef2f5", "#08519c", "#b00020")
)
SMALL = 7.0
LEADING = 1.24


@dataclass(frozen=True, slots=True)
class Said:
    """Text of a sheet: its size, whether it is bold, soft or a point of a list."""

    words: str
    size: float = 9.5
    bold: bool = False
    soft: bool = False
    bullet: bool = False


@dataclass
class Sheets:
    """A document being drawn: the run, its language and readers, and the pages done."""

    run: Run
    lang: str
    public: bool
    canvas: Canvas
    pages: int
    done: int = field(default=0)

    def say(self, key: str, **given: object) -> str:
        """A text of the sheets."""
        return text(f"sheet.{key}", self.lang, **given)

    def close_page(self) -> None:
        """Draws the foot and begins the next page."""
        self.done += 1
        _foot(self)
        self.canvas.showPage()


@contextmanager
def document(run: Run, lang: str, title: str, *, public: bool, pages: int) -> Iterator[tuple[Sheets, io.BytesIO]]:
    """An A4 document with embedded letters and no dates: the same drawing gives the same bytes."""
    lettering.fonts()
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=A4, invariant=1, pageCompression=1, lang=lang)
    canvas.setTitle(lettering.clean(title))
    canvas.setCreator(f"lokus {run.facts['lokus']}")
    canvas.setAuthor("lokus")
    yield Sheets(run, lang, public, canvas, pages), file
    canvas.save()


def paragraph(said: Said, scale: float = 1.0, *, heading: bool = False) -> Paragraph:
    """Text from data as a paragraph: nothing in it is markup, and a word wider than the column is broken."""
    size = said.size * scale
    style = ParagraphStyle(
        "sheet",
        fontName=lettering.fonts()[said.bold],
        fontSize=size,
        leading=LEADING * size,
        textColor=OWN if heading else SOFT if said.soft else INK,
        keepWithNext=heading,
        leftIndent=1.1 * size if said.bullet else 0,
        bulletFontName=lettering.PLAIN,
        bulletFontSize=size,
        splitLongWords=1,
    )
    return Paragraph(escape(lettering.clean(said.words)), style, bulletText="•" if said.bullet else None)


def height(told: Sequence[Said], wide: float, scale: float = 1.0, gap: float = 2.0) -> float:
    """How high paragraphs stand in a column."""
    return float(sum(paragraph(said, scale).wrap(wide, TALL)[1] + gap * scale for said in told))


def column(
    canvas: Canvas, told: Sequence[Said], at: tuple[float, float], wide: float, scale: float = 1.0, gap: float = 2.0
) -> float:
    """Draws paragraphs under each other from an upper left corner; returns where they end."""
    x, y = at
    for said in told:
        set_text = paragraph(said, scale)
        y -= set_text.wrap(wide, TALL)[1]
        set_text.drawOn(canvas, x, y)
        y -= gap * scale
    return y


def line(
    canvas: Canvas, at: tuple[float, float], said: str, size: float, most: float, *, bold: bool = False,
    colour: HexColor = INK, align: str = "left", least: float = 1.0,
) -> float:  # fmt: skip
    """Draws one line, set smaller down to a `least` part of its size and then cut to a width; returns its width."""
    size *= max(least, min(1.0, most / max(lettering.width(lettering.clean(said), size, bold), 1.0)))
    shown = lettering.clip(said, size, most, bold)
    wide = lettering.width(shown, size, bold)
    x = at[0] - {"left": 0.0, "center": wide / 2, "right": wide}[align]
    canvas.setFont(lettering.fonts()[bold], size)
    canvas.setFillColor(colour)
    canvas.drawString(x, at[1], shown)
    return wide


def foot_lines(sheets: Sheets) -> list[str]:
    """Sources, at most four lines of them: the rest stands in the workbook."""
    told = sheets.say("sources", sources="; ".join(maps.sources(sheets.run, sheets.lang)))
    return lettering.wrap(told, SMALL, ROOM, lines=3)


def floor(sheets: Sheets) -> float:
    """How high the foot of every page reaches."""
    return MARGIN / 2 + LEADING * SMALL * (len(foot_lines(sheets)) + 1 + (not sheets.public)) + 10


def _foot(sheets: Sheets) -> None:
    canvas, facts = sheets.canvas, sheets.run.facts
    y = MARGIN / 2
    page = sheets.say("page", page=sheets.done, of=sheets.pages)
    made = text("map.made", sheets.lang, version=facts["lokus"], run=facts["run_id"])
    line(canvas, (WIDE - MARGIN, y), page, SMALL, ROOM / 3, colour=SOFT, align="right")
    line(canvas, (MARGIN, y), f"{made} · {facts['title']}", SMALL, ROOM * 0.8, colour=SOFT)
    for said in reversed(foot_lines(sheets)):
        y += LEADING * SMALL
        line(canvas, (MARGIN, y), said, SMALL, ROOM, colour=SOFT)
    if not sheets.public:
        y += LEADING * SMALL
        line(canvas, (MARGIN, y), text("papers.internal_note", sheets.lang), SMALL, ROOM, bold=True, colour=WARN)
        stamp = text("papers.internal", sheets.lang)
        line(canvas, (WIDE - MARGIN, TALL - 24), stamp, 10, ROOM, bold=True, colour=WARN, align="right")
    canvas.setStrokeColor(RULE)
    canvas.setLineWidth(0.6)
    canvas.line(MARGIN, y + 10, WIDE - MARGIN, y + 10)
