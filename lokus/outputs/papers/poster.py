"""The A3 map for the wall: map, legend, the list by rank, how sure it is, sources and run id, as a PDF of vectors."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lokus.messages import text
from lokus.outputs import maps, story, words
from lokus.outputs.classes import Layer
from lokus.outputs.papers import drawing, legend, lettering, pictures
from lokus.outputs.papers.drawing import INK, LEADING, MM, SOFT, WARN, Marked, write
from lokus.outputs.papers.ground import Ground, ground
from lokus.outputs.telling import Telling

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lokus.pipeline import Run

LONG, SHORT = 420.0, 297.0
MARGIN, GAP = 12 * MM, 8 * MM
# The column of legend and list, on a page that lies and one that stands.
LYING, STANDING = 112 * MM, 86 * MM
# A kabupaten this much taller than wide hangs upright.
TALL = 0.72
# The smallest letters a list is shrunk to before its end is left out.
LEAST = 6.5
# How far the lines of the list stand apart, in letters.
LINE = 1.56
TITLE, SUB, BODY, FOOT = 30.0, 16.0, 13.0, 8.5
MOST_SPOTS = 80


def poster(
    run: Run, lang: str, *, public: bool = True, layer_id: str = "chosen", land: Ground | None = None,
    given: Sequence[Layer] = (),
) -> bytes:  # fmt: skip
    """One A3 page as PDF, landscape, or upright for a tall kabupaten; the same run and language give the same bytes.

    :param layer_id: a layer of `layers.layers`; the chosen villages are outlined and numbered on all of them.
    :param public: band counts of 1–4 people; False marks the page INTERN.
    :param land, given: `ground(run)` and `layers.layers` of the run where they are made already.
    :raises ValueError: the run has no such layer.
    :raises LokusError: no village has a polygon.
    """
    land = land or ground(run)
    shown = pictures.find_layer(run, layer_id, lang, public, given)
    stands = land.aspect < TALL
    wide, tall = (SHORT, LONG) if stands else (LONG, SHORT)
    page = Page(run, lang, public, wide * MM, tall * MM, STANDING if stands else LYING)
    with drawing.paper(wide, tall) as axes:
        below, left = _title(axes, page), page.wide - MARGIN - page.side
        # On a page that lies the list needs all the height there is.
        above = _foot(axes, page, (page.wide if stands else left - GAP) - MARGIN - (MARGIN if stands else 0))
        points, label = _spots(run, land, lang)
        picked = pictures.marked(run)
        keys = pictures.signs(land, lang, public, "chosen" if picked else "", label)
        told = legend.compose(shown, keys, page.side, BODY, lang)
        legend.draw(axes, told, (left, below))
        _list(axes, page, picked, (left, below - told.height - 0.4 * GAP), above if stands else MARGIN)
        frame = (MARGIN, above, left - GAP, below)
        pictures.draw_map(axes, land, shown, picked, frame, BODY, lang, points)
        file = io.BytesIO()
        about = {"Title": lettering.clean(run.facts["title"]), "Creator": f"lokus {run.facts['lokus']}"}
        axes.figure.savefig(  # type: ignore[union-attr]
            file, format="pdf", metadata={**about, "Producer": None, "CreationDate": None}
        )
    return file.getvalue()


@dataclass(frozen=True, slots=True)
class Page:
    """The paper, `wide` by `tall` points with a column of `side`, what it tells of, and for whom."""

    run: Run
    lang: str
    public: bool
    wide: float
    tall: float
    side: float


def _title(axes: Axes, page: Page) -> float:
    """Title and subtitle; returns where the page goes on."""
    facts, room = page.run.facts, page.wide - 2 * MARGIN
    y = page.tall - MARGIN
    if not page.public:
        stamp = text("papers.internal", page.lang)
        write(axes, (page.wide - MARGIN, y - SUB), stamp, SUB, bold=True, colour=WARN, align="right")
        room -= lettering.width(stamp, SUB, True) + GAP
    for line in lettering.wrap(facts["title"], TITLE, room, True, lines=2):
        y -= 1.1 * TITLE
        write(axes, (MARGIN, y), line, TITLE, bold=True)
    chosen = int(page.run.villages["selected"].sum())
    said = text("map.subtitle", page.lang, kabupaten=facts["kabupaten"], count=chosen, year=str(facts["year"]))
    y -= 1.5 * SUB
    write(axes, (MARGIN, y), lettering.clip(said, SUB, page.wide - 2 * MARGIN), SUB, colour=SOFT)
    return y - SUB


def _foot(axes: Axes, page: Page, room: float) -> float:
    """How sure the list is, what to know, sources and run; returns where the page may end above it."""
    lines = [(line, False) for said in _notes(page) for line in lettering.wrap(said, FOOT + 1, room, lines=3)]
    told = text("sheet.sources", page.lang, sources="; ".join(maps.sources(page.run, page.lang)))
    made = text("map.made", page.lang, version=page.run.facts["lokus"], run=page.run.facts["run_id"])
    if not page.public:
        made = f"{made} · {text('explain.internal', page.lang)}"
    lines += [(line, True) for said in (told, made) for line in lettering.wrap(said, FOOT, room, lines=3)]
    y = MARGIN - LEADING * FOOT
    for line, small in reversed(lines):
        y += LEADING * (FOOT if small else FOOT + 1)
        write(axes, (MARGIN, y), line, FOOT if small else FOOT + 1, colour=SOFT if small else INK)
    rule = y + 1.6 * FOOT
    axes.plot([MARGIN, MARGIN + room], [rule, rule], color=SOFT, linewidth=0.6)
    return rule + 0.8 * FOOT


def _notes(page: Page) -> list[str]:
    # Villages without a polygon are told in the legend.
    every = np.ones(len(page.run.villages), bool)
    told = maps.notes(page.run, every, page.lang, page.public)
    step = story.uncertain(Telling(page.run, page.lang, page.public, None, ("p_top",)))
    return [" ".join([f"{step.heading} {step.figure} {step.caption}.", *step.lines]), *told] if step else told


def _spots(run: Run, land: Ground, lang: str) -> tuple[np.ndarray | None, str]:
    """The first kind of facility that is few enough to be shown, with its name."""
    for kind in run.facts["points"]:
        rows = run.points[run.points["layer"] == kind["id"]]
        if 0 < len(rows) <= MOST_SPOTS:
            return land.place(rows["longitude"].to_numpy(), rows["latitude"].to_numpy()), words.label(kind, lang)
    return None, ""


def _list(axes: Axes, page: Page, picked: Sequence[Marked], at: tuple[float, float], floor: float) -> None:
    """The chosen villages by rank with their chance, in letters as large as the room allows."""
    (x, y), lang = at, page.lang
    head = [(text("sheet.chosen", lang, count=len(picked)), 1.1 * BODY, True, INK)]
    if words.uncertain(page.run):
        head.append((text("map.list_note", lang, top=page.run.facts["top_n"]), 0.8 * BODY, False, SOFT))
    for said, size, bold, colour in head:
        for line in lettering.wrap(said, size, page.side, bold, lines=2):
            y -= LEADING * size
            write(axes, (x, y), line, size, bold=bold, colour=colour)
    y -= 0.4 * BODY
    # A narrow column has the kecamatan under the village, a wide one beside it.
    apart = LINE if page.side == LYING else 1.65 * LINE
    size = min(BODY, (y - floor) / (apart * max(len(picked), 1)))
    shown = picked
    if size < LEAST:
        size = LEAST
        shown = picked[: max(int((y - floor) / (apart * size)) - 1, 0)]
    for m in shown:
        _row(axes, page, m, (x, y - LINE * size), size)
        y -= apart * size
    if more := len(picked) - len(shown):
        write(axes, (x, y - LINE * size), text("sheet.more", lang, count=more), size, colour=SOFT)


def _row(axes: Axes, page: Page, m: Marked, at: tuple[float, float], size: float) -> None:
    row, (x, y) = page.run.villages.iloc[m.row], at
    drawing.pill(axes, (x + 1.5 * size, y + 0.36 * size), m.badge, 0.9 * size)
    sure = words.probability(row["p_top"], page.lang) if words.uncertain(page.run) else ""
    write(axes, (x + page.side, y), sure, size, bold=True, align="right")
    beside, left = page.side == LYING, x + 3.4 * size
    room = page.side - 3.4 * size - 4.5 * size
    name = lettering.clip(m.name, size, (0.62 if beside else 1) * room, True)
    write(axes, (left, y), name, size, bold=True)
    place = left, y - 0.95 * size
    if beside:
        place = left + lettering.width(name, size, True) + 0.5 * size, y
    kecamatan = text("sheet.kecamatan", page.lang, name=row["kecamatan"])
    said = lettering.clip(kecamatan, 0.85 * size, left + room - place[0])
    write(axes, place, said, 0.85 * size, colour=SOFT)
