"""A village's indicators as bars beside the kabupaten's mean and the target, with whoever answers for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reportlab.lib.colors import HexColor, white
from reportlab.pdfgen.canvas import Canvas

from lokus.messages import percent, text
from lokus.outputs.panels import LENGTH
from lokus.outputs.papers import lettering, sheet
from lokus.outputs.papers.sheet import INK, MARGIN, RULE, SOFT, WIDE, Sheets

Bar = Mapping[str, Any]

# The map's own colours.
FILL, WORSE, TRACK, TARGET = (HexColor(c) for c in ("#9fb3c4", "#d95f0e", "#edf1f4", "#00695c"))
# Where the words, the bar and the office begin, and how wide they are.
WORDS, BAR, OFFICE = 256.0, 128.0, 112.0
GAP = 9.5
# The height of a row at full size, and at most where a page has room to spare.
ROW, MOST_ROW = 21.0, 27.0
KEY = 13.0
# How small a part of its size a line may be set before it is cut.
LEAST = 0.82


def key(sheets: Sheets, y: float, scale: float, some: Sequence[Bar]) -> None:
    """What the signs on the bars mean, on one line."""
    canvas, lang, size = sheets.canvas, sheets.lang, 7.2 * scale
    interval = percent(sheets.run.facts["interval"], lang, 0)
    x = MARGIN + sheet.line(canvas, (MARGIN, y), text("map.panel.scale", lang), size, WORDS, colour=SOFT) + GAP
    for sign in ("bar", "range", "mean", "target"):
        if sign == "range" and not any("from" in bar for bar in some):
            continue
        _sign(canvas, sign, (x, y), size)
        said = text(f"map.panel.{sign}", lang, interval=interval)
        x += 13 + sheet.line(canvas, (x + 11, y), said, size, WIDE - MARGIN - x - 11, colour=SOFT) + GAP


def _sign(canvas: Canvas, sign: str, at: tuple[float, float], size: float) -> None:
    x, middle = at[0], at[1] + 0.36 * size
    if sign == "bar":
        canvas.setFillColor(WORSE)
        canvas.rect(x, middle - 2.5, 9, 5, stroke=0, fill=1)
    elif sign == "range":
        _range(canvas, x, x + 9, middle)
    elif sign == "mean":
        _mean(canvas, x + 4, middle, 8)
    else:
        _target(canvas, x + 4, middle)


def row(sheets: Sheets, shared: Bar, bar: Bar, owner: str, top: float, tall: float, scale: float) -> None:
    """One indicator: its name and figure, its bar, and who answers for whom it has not reached yet."""
    # Words beside a bar have one line only: larger than this they would be cut.
    canvas, big, small = sheets.canvas, 8.6 * min(scale, 1.0), 7.6 * min(scale, 1.0)
    middle = top - tall / 2
    said = " · ".join(filter(None, (bar["text"], bar.get("points"))))
    # Where a row is too low for two lines, the name and its figure share one.
    if tall >= 2.1 * big:
        sheet.line(canvas, (MARGIN, middle + 0.12 * big), shared["label"], big, WORDS, bold=True, least=LEAST)
        sheet.line(canvas, (MARGIN, middle - 0.98 * big), said, small, WORDS, colour=SOFT, least=LEAST)
    else:
        room = max(WORDS - lettering.width(lettering.clean(said), small) - GAP, 0.4 * WORDS)
        wide = sheet.line(canvas, (MARGIN, middle - 0.36 * big), shared["label"], big, room, bold=True)
        place = MARGIN + wide + GAP / 2, middle - 0.36 * big
        sheet.line(canvas, place, said, small, WORDS - wide - GAP / 2, colour=SOFT)
    _track(canvas, shared, bar, middle, min(9.0, 0.45 * tall))
    x = MARGIN + WORDS + BAR + 2 * GAP
    people = bar.get("people", "")
    if people and tall >= 2.1 * big:
        sheet.line(canvas, (x, middle + 0.12 * big), people, small, OFFICE, bold=True, least=LEAST)
        sheet.line(canvas, (x, middle - 0.98 * big), owner, small, OFFICE, colour=SOFT, least=LEAST)
    else:
        both = " · ".join(filter(None, (people, owner)))
        sheet.line(canvas, (x, middle - 0.36 * big), both, small, OFFICE, colour=SOFT, least=LEAST)
    canvas.setStrokeColor(RULE)
    canvas.setLineWidth(0.4)
    canvas.line(MARGIN, top - tall, WIDE - MARGIN, top - tall)


def _track(canvas: Canvas, shared: Bar, bar: Bar, middle: float, thick: float) -> None:
    if shared["mean"] is None:
        return
    left, unit = MARGIN + WORDS + GAP, BAR / LENGTH
    canvas.setFillColor(TRACK)
    canvas.rect(left, middle - thick / 2, BAR, thick, stroke=0, fill=1)
    if bar.get("to") is not None:
        canvas.setFillColor(WORSE if bar.get("worse") else FILL)
        canvas.rect(left, middle - thick / 2, bar["to"] * unit, thick, stroke=0, fill=1)
    if bar.get("from") is not None:
        _range(canvas, left + bar["from"] * unit, left + bar["until"] * unit, middle)
    # In whole hundredths: from a finer mean and the bars of all others a hidden one could be worked out.
    _mean(canvas, left + round(shared["mean"], -1) * unit, middle, thick + 4)
    if shared["target"] is not None:
        _target(canvas, left + shared["target"] * unit, middle + thick / 2)


def _range(canvas: Canvas, x0: float, x1: float, y: float) -> None:
    """An interval, seen on a light and on a dark bar."""
    for colour, thick in ((white, 3.2), (INK, 1.4)):
        canvas.setStrokeColor(colour)
        canvas.setLineWidth(thick)
        canvas.line(x0, y, x1, y)


def _mean(canvas: Canvas, x: float, y: float, tall: float) -> None:
    for colour, thick in ((white, 3.0), (INK, 1.5)):
        canvas.setStrokeColor(colour)
        canvas.setLineWidth(thick)
        canvas.line(x, y - tall / 2, x, y + tall / 2)


def _target(canvas: Canvas, x: float, y: float) -> None:
    """A triangle that points at its place from above, `y` the upper edge of the bar."""
    path = canvas.beginPath()
    path.moveTo(x, y - 2)
    path.lineTo(x - 3.4, y + 3.6)
    path.lineTo(x + 3.4, y + 3.6)
    path.close()
    canvas.setFillColor(TARGET)
    canvas.setStrokeColor(white)
    canvas.setLineWidth(0.6)
    canvas.drawPath(path, stroke=1, fill=1)
