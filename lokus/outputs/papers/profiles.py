"""One page for each chosen village: what it has, why it was chosen, who must act, and what would change it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lokus.catalog.loader import BURDEN
from lokus.errors import LokusError
from lokus.messages import number, percent, text
from lokus.outputs import banding, margins, panels, words
from lokus.outputs.papers import bars, lettering, people, sheet
from lokus.outputs.papers.ground import Ground, ground
from lokus.outputs.papers.listing import Listing
from lokus.outputs.papers.locator import Locator
from lokus.outputs.papers.sheet import INK, MARGIN, OWN, PALE, ROOM, SOFT, TALL, WIDE, Said, Sheets

if TYPE_CHECKING:
    from lokus.pipeline import Run

Row = Mapping[str, Any]

MAP_WIDE, MAP_TALL = 150.0, 112.0
TITLE, FIGURE = 22.0, 18.0
FIGURES_TALL, HEAD, GAP = 52.0, 20.0, 14.0
# A page that is too full is set smaller in these steps, and then its longest lists are cut; one with room, larger.
SCALES = (1.16, 1.08, 1.0, 0.94, 0.88, 0.82, 0.76, 0.7)
FEWEST_BARS = 5
# What a page tells of the changes that would move a village, in lines.
MOST_CHANGES = 6
BULLET = "  • "


@dataclass
class Content:
    """What stands on a page beside its head: three lists of paragraphs and the bars, `cut` what did not fit."""

    why: list[Said]
    change: list[Said]
    notes: list[Said]
    bars: list[tuple[Mapping[str, Any], Mapping[str, Any], str]]
    scale: float = 1.0
    cut: int = 0

    @property
    def row(self) -> float:
        """The height of a bar's row."""
        return bars.ROW * self.scale

    @property
    def heights(self) -> tuple[float, float, float]:
        """How high reasons, bars and the two columns below stand, headings and gaps included."""
        half = (ROOM - GAP) / 2
        why = HEAD + sheet.height(self.why, ROOM, self.scale)
        below = max(sheet.height(part, half, self.scale) for part in (self.change, self.notes))
        more = bars.KEY + (bars.KEY if self.cut else 0)
        return why, HEAD + more + self.row * len(self.bars), (HEAD + 4 if self.change or self.notes else 0) + below


def profiles(run: Run, lang: str, *, public: bool = True, land: Ground | None = None) -> bytes:
    """An A4 page for every chosen village by rank, as one PDF with a bookmark each; the same run gives the same bytes.

    :param public: band counts of 1–4 people; False marks every page as internal.
    :param land: `ground(run)` where it is made already.
    """
    listing = Listing(run, lang, public)
    chosen = listing.chosen
    land = land or _land(run)
    shown = panels.panels(run, lang, public=public, only=pd.Index([row["village_code"] for row in chosen]))
    order = panels.ordered(run)
    title = text("profile.title", lang, title=run.facts["title"])
    with sheet.document(run, lang, title, public=public, pages=max(1, len(chosen))) as (sheets, file):
        small = Locator(sheets.canvas, run, land, MAP_WIDE, MAP_TALL) if land else None
        for row, told in zip(chosen, shown["villages"], strict=True):
            place = int(run.villages.index.get_loc(row["village_code"]))
            owners = [str(e["owner"] or "") for e in order]
            lines = list(zip(shown["bars"], told["bars"], owners, strict=True))
            content = Content(
                _why(told), _change(run, row, lang, public), _notes(sheets, row, told, land, place), lines
            )
            _page(sheets, row, told, content, small, place)
        if not chosen:
            sheet.column(sheets.canvas, [Said(text("profile.nobody", lang), 14)], (MARGIN, TALL - 80), ROOM)
            sheets.close_page()
    return file.getvalue()


def _land(run: Run) -> Ground | None:
    """The land, or nothing where no village has a polygon: a profile is worth reading without its small map."""
    try:
        return ground(run)
    except LokusError:
        return None


def _page(
    sheets: Sheets, row: Row, told: Mapping[str, Any], content: Content, small: Locator | None, place: int
) -> None:
    canvas, lang = sheets.canvas, sheets.lang
    code = str(row["village_code"])
    canvas.bookmarkPage(code)
    entry = " · ".join(filter(None, (_badge(row), str(row["village"]), str(row["kecamatan"]))))
    canvas.addOutlineEntry(lettering.clip(entry, 10, 400), code)
    top = TALL - MARGIN
    if small:
        small.draw(place, (WIDE - MARGIN - MAP_WIDE, top - MAP_TALL))
    _head(sheets, row, told, top, ROOM - (MAP_WIDE + GAP if small else 0))
    y = top - MAP_TALL - 8
    _figures(sheets, row, told, y)
    y -= FIGURES_TALL + 4
    fit(content, y - sheet.floor(sheets))
    spare = max(y - sheet.floor(sheets) - sum(content.heights), 0) / max(len(content.bars), 1)
    y = _section(sheets, text("map.panel.reasons", lang), content.why, (MARGIN, y), ROOM, content.scale)
    y = _bars(
        sheets, content, y, content.row + min(max(spare, 0) / max(len(content.bars), 1), bars.MOST_ROW - bars.ROW)
    )
    y -= 4
    half = (ROOM - GAP) / 2
    _section(sheets, sheets.say("change"), content.change, (MARGIN, y), half, content.scale)
    right = MARGIN + (half + GAP if content.change else 0)
    _section(sheets, sheets.say("notes"), content.notes, (right, y), half, content.scale)
    sheets.close_page()


def fit(content: Content, room: float) -> None:
    """Sets a page smaller until it fits its room; then leaves out the last bars, and the last lines under them."""
    for content.scale in SCALES:
        if sum(content.heights) <= room:
            return
    while sum(content.heights) > room and len(content.bars) > FEWEST_BARS:
        content.bars.pop()
        content.cut += 1
    while sum(content.heights) > room and (longest := max(content.change, content.notes, content.why, key=len)):
        longest.pop()


def _badge(row: Row) -> str:
    return "" if pd.isna(row["rank"]) else str(int(row["rank"]))


def _head(sheets: Sheets, row: Row, told: Mapping[str, Any], top: float, wide: float) -> None:
    """Name, place, and in one sentence each how sure and why."""
    canvas, lang, y = sheets.canvas, sheets.lang, top
    for name in lettering.wrap(str(row["village"]), TITLE, wide, True, lines=2):
        y -= 1.08 * TITLE
        sheet.line(canvas, (MARGIN, y), name, TITLE, wide, bold=True)
    kecamatan = sheets.say("kecamatan", name=row["kecamatan"])
    place = " · ".join(filter(None, (told["kind"], kecamatan, str(row["kabupaten"]), str(row["village_code"]))))
    lines = [Said(place, 9.5, soft=True)]
    if told["last"]:
        lines.append(Said(text("map.panel.last_year", lang), 9.5, soft=True))
    lines += [Said(f"{told['sure']}.", 11, bold=True)] if told["sure"] else []
    lines.append(Said(told["why"], 10))
    room = MAP_TALL - (top - y) - 6
    scale = next((s for s in SCALES if s <= 1 and sheet.height(lines, wide, s) <= room), SCALES[-1])
    # A reason that a meeting wrote at length is cut rather than let run over the figures.
    while sheet.height(lines, wide, scale) > room and len(lines[-1].words) > 1:
        last = lines.pop()
        lines.append(Said(f"{last.words[: int(0.9 * len(last.words)) - 1].rstrip('… ')}…", last.size))
    sheet.column(canvas, lines, (MARGIN, y - 6), wide, scale)


def _figures(sheets: Sheets, row: Row, told: Mapping[str, Any], top: float) -> None:
    """The big numbers, side by side."""
    canvas, figures = sheets.canvas, [*told["figures"], *_more_figures(sheets, row)]
    wide = ROOM / len(figures)
    for k, (label, value, sub) in enumerate(figures):
        x = MARGIN + k * wide
        canvas.setFillColor(PALE)
        canvas.rect(x, top - FIGURES_TALL, wide - 4, FIGURES_TALL, stroke=0, fill=1)
        room = wide - 14
        for below, said, size, bold, colour in ((12, label, 7.6, False, SOFT), (32, value, FIGURE, True, INK),
                                                (45, sub, 7.6, False, SOFT)):  # fmt: skip
            sheet.line(canvas, (x + 5, top - below), said, size, room, bold=bold, colour=colour, least=0.75)


def _more_figures(sheets: Sheets, row: Row) -> Iterator[tuple[str, str, str]]:
    """The chance of the top N, the prevalence and the children, as far as the run knows them."""
    run, lang, public = sheets.run, sheets.lang, sheets.public
    if words.uncertain(run) and not pd.isna(row["p_top"]):
        chance = text("profile.chance", lang, top=run.facts["top_n"])
        kind = text(f"papers.certainty.{row['certainty']}", lang)
        yield chance, words.probability(row["p_top"], lang), kind
    entry = words.indicator(run, BURDEN)
    if entry is None or pd.isna(row.get(f"value_{BURDEN}", math.nan)):
        return
    estimate = words.estimate_text(run, row, entry, lang, public=public)
    hidden = public and bool(banding.band(run, row, entry))
    low, high = (row.get(f"{side}_{BURDEN}", math.nan) for side in ("low", "high"))
    span = ""
    if not hidden and not pd.isna(low):
        span = text("profile.range", lang, low=number(100 * low, lang), high=percent(high, lang, 0))
    yield text("profile.rate", lang), estimate, span
    if not pd.isna(row.get(f"denominator_{BURDEN}", math.nan)):
        ends = (_ends(part(run, row, entry, public=public), lang) for part in (people.counted, people.whole))
        counted, whole = ends
        yield text("profile.children", lang), counted, text("profile.measured", lang, count=whole)


def _ends(ends: people.Ends, lang: str) -> str:
    """A number of people, or the least and greatest that its band allows."""
    low, high = (number(end, lang) for end in ends)
    return low if low == high else f"{low}–{high}"


def _why(told: Mapping[str, Any]) -> list[Said]:
    return [Said(said, 9.2, bullet=True) for said in told["reasons"]]


def _change(run: Run, row: Row, lang: str, public: bool) -> list[Said]:
    """What stands between the village and the end of the list."""
    lines = [line for line in margins.margin_lines(run, row, lang, public=public) if line][:MOST_CHANGES]
    return [Said(line.removeprefix(BULLET), 8.4, bullet=line.startswith(BULLET)) for line in lines]


def _notes(sheets: Sheets, row: Row, told: Mapping[str, Any], land: Ground | None, place: int) -> list[Said]:
    """The nearest facilities, the pattern it belongs to, and what to know of its data."""
    said = [*_nearest(sheets, land, place), *(f"{line}." for line in told["pattern"]), *told["flags"]]
    entry = words.indicator(sheets.run, BURDEN)
    if entry is not None:
        said.append(words.unmeasured(sheets.run, row, sheets.lang, public=sheets.public))
    return [Said(line, 8.4, bullet=True) for line in said if line]


def _nearest(sheets: Sheets, land: Ground | None, place: int) -> Iterator[str]:
    run, lang = sheets.run, sheets.lang
    if land is None or not land.drawn[place]:
        return
    for kind in run.facts["points"]:
        rows = run.points[run.points["layer"] == kind["id"]]
        if not len(rows):
            continue
        away = np.hypot(*(land.place(rows["longitude"].to_numpy(), rows["latitude"].to_numpy()) - land.middle[place]).T)
        first = int(away.argmin())
        label, name = words.label(kind, lang), str(rows["name"].iloc[first])
        yield text("profile.nearest", lang, kind=label, name=name, km=number(float(away[first]), lang, 1))


def _section(
    sheets: Sheets, heading: str, told: list[Said], at: tuple[float, float], wide: float, scale: float
) -> float:
    """A heading and its paragraphs; nothing at all where there are none. Returns where it ends."""
    if not told:
        return at[1]
    sheet.line(sheets.canvas, (at[0], at[1] - 13), heading, 10.5, wide, bold=True, colour=OWN)
    return sheet.column(sheets.canvas, told, (at[0], at[1] - HEAD + 2), wide, scale) - 2


def _bars(sheets: Sheets, content: Content, top: float, tall: float) -> float:
    canvas, lang = sheets.canvas, sheets.lang
    sheet.line(canvas, (MARGIN, top - 13), text("map.panel.indicators", lang), 10.5, ROOM, bold=True, colour=OWN)
    office = MARGIN + bars.WORDS + bars.BAR + 2 * bars.GAP
    sheet.line(canvas, (office, top - 13), sheets.say("owner"), 8.4, bars.OFFICE, colour=SOFT)
    y = top - HEAD - bars.KEY + 6
    bars.key(sheets, y, content.scale, [bar for _, bar, _ in content.bars])
    y -= 6
    for shared, bar, owner in content.bars:
        bars.row(sheets, shared, bar, owner or text("papers.no_owner", lang), y, tall, content.scale)
        y -= tall
    if content.cut:
        y -= bars.KEY
        sheet.line(canvas, (MARGIN, y + 3), sheets.say("more", count=content.cut), 7.6, ROOM, colour=SOFT)
    return y
