"""What the charts, tables and lists of the slides hold: figures that the public may read, names that fit."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd
from reportlab.pdfbase.pdfmetrics import stringWidth

from lokus.catalog.loader import BURDEN
from lokus.messages import number
from lokus.outputs import banding, sums, words
from lokus.outputs.papers import people
from lokus.outputs.papers.deck import BLUE, GREY, Box, Line, lines_of
from lokus.outputs.papers.listing import Listing, Row
from lokus.outputs.papers.office import clip
from lokus.outputs.story import HELD

if TYPE_CHECKING:
    from lokus.outputs.papers.slides import Show

# So many bars can be told apart and named on a projected chart.
BARS, SERVICES, NEAR, TASKS, PER_OFFICE = 12, 8, 9, 8, 2
NAME, LABEL = 24, 60
# Colours of the four classes of certainty: dark is sure, and each has its own lightness.
CERTAINTY = {"certain": "0B4F8A", "likely": "56A0D3", "borderline": "E69F00", "unlikely": "BDBDBD"}
# Sizes of the list of names, largest first, each with its number of columns.
TYPES = ((20.0, 3), (18.0, 3), (16.0, 4), (14.0, 4))


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart's names and series; `rounded`: some figures are told coarsely."""

    names: tuple[str, ...]
    series: tuple[tuple[str, tuple[float | None, ...]], ...]
    colours: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    rounded: bool = False


def coverage(listing: Listing) -> Chart:
    """The services that most people lack, with what is reached and the target; the risks where no service is known."""
    known = [e for e in listing.shares if e["dimension"] not in ("burden", "quality")]
    entries = [e for e in known if e["dimension"] == "services"] or known
    # As the story, the method page and the map tell them: no table beside the chart lists their cells.
    found = [(sums.total(listing.run, e, public=listing.public), e) for e in entries]
    asked = [(total, e) for total, e in found if total and total.whole]
    asked.sort(key=lambda pair: -(pair[0].middle if pair[1]["better"] == "lower" else pair[0].rest.middle))
    asked = asked[:SERVICES]
    names = tuple(named(listing, e) for _, e in asked)
    labels = tuple(sums.mean_text(e, total, listing.lang, 0) for total, e in asked)
    series = [(listing.say("chart.now"), tuple(round(total.middle, 2) for total, _ in asked))]
    if any(e["target"] is not None for _, e in asked):
        series.append((listing.say("chart.target"), tuple(e["target"] for _, e in asked)))
    return Chart(names, tuple(series), labels=labels)


def by_kecamatan(listing: Listing) -> list[list[Line]]:
    """The chosen villages under their kecamatan, most villages first, each with its rank."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in listing.chosen:
        found.setdefault((row["kecamatan_code"], row["kecamatan"]), []).append(row)
    order = sorted(found.items(), key=lambda block: (-len(block[1]), block[0]))
    return [
        [_kecamatan(name, len(rows)), *(_ranked(row, listing) for row in rows)]
        for (_, name), rows in order
    ]  # fmt: skip


def _kecamatan(name: str, count: int) -> Line:
    return Line(f"{clip(name, NAME)} ({count})", 20, bold=True, ink=BLUE, gap=10)


def _ranked(row: Row, listing: Listing) -> Line:
    rank = "–" if pd.isna(row["rank"]) else number(row["rank"], listing.lang)
    return Line(f"{rank}. {clip(row['village'], NAME)}", 20, gap=1)


def columns_of(blocks: Sequence[list[Line]], box: Box) -> tuple[list[list[Line]], float, int]:
    """Blocks set in columns of like height: the columns, their size, and how many names found no room."""
    told: tuple[list[list[Line]], float, int] = ([], 0.0, 0)
    for size, count in TYPES:
        told = _set(blocks, box, size, count)
        if not told[2]:
            # The lowest height at which all fit makes the columns most alike.
            lower = (_set(blocks, replace(box, height=box.height * part / 20), size, count) for part in range(4, 20))
            return next((set_ for set_ in lower if not set_[2]), told)
    return told


def _set(blocks: Sequence[list[Line]], box: Box, size: float, count: int) -> tuple[list[list[Line]], float, int]:
    columns: list[list[Line]] = [[]]
    left, lost = box.height, 0
    width = (box.width - 0.3 * (count - 1)) / count
    for block in blocks:
        sized = [Line(line.said, size, line.bold, line.ink, line.gap) for line in block]
        high = [
            (line.gap + 1.24 * size * lines_of(line.said, size, 0.97 * width, bold=line.bold)) / 72 for line in sized
        ]
        if sum(high) > left and columns[-1]:
            if len(columns) == count:
                lost += len(block) - 1
                continue
            columns.append([])
            left = box.height
        while sum(high) > left:
            sized, high, lost = sized[:-1], high[:-1], lost + 1
        columns[-1] += sized
        left -= sum(high)
    return columns, size, lost


def contributions(listing: Listing) -> Chart | None:
    """The points that each dimension adds to the scores of the first chosen villages."""
    shown = [row for row in listing.chosen if not pd.isna(row["score"])][:BARS]
    parts = _parts(listing)
    if not shown or not parts:
        return None
    names = tuple(f"{number(row['rank'], listing.lang)}. {clip(row['village'], NAME)}" for row in shown)
    points = [_points(listing, row, [entries for _, entries in parts]) for row in shown]
    series = tuple((clip(label, LABEL), tuple(told[k] for told in points)) for k, (label, _) in enumerate(parts))
    rounded = any(listing.public and banding.score_step(listing.run, row) for row in shown)
    return Chart(names, series, rounded=rounded)


def _parts(listing: Listing) -> list[tuple[str, list[words.Indicator]]]:
    """The indicators of each outermost dimension; the indicators themselves where there is one dimension."""
    facts = listing.run.facts
    above = {d["id"]: d.get("inside", "") for d in facts["dimensions"]}
    labels = {d["id"]: words.label(d, listing.lang) for d in facts["dimensions"]}
    found: dict[str, list[words.Indicator]] = {}
    scored = [e for e in facts["indicators"] if e["scored"] and e["weight"] > 0]
    for entry in scored:
        home = entry["dimension"]
        while above.get(home):
            home = above[home]
        found.setdefault(home, []).append(entry)
    if len(found) < 2:
        return [(named(listing, e), [e]) for e in sorted(scored, key=lambda e: -e["weight"])]
    return [(labels.get(home, home), entries) for home, entries in found.items()]


def named(listing: Listing, entry: words.Indicator, most: int = LABEL) -> str:
    """An indicator on one line of a slide, without what stands in brackets."""
    return clip(re.sub(r"\s*\([^()]*\)", "", words.label(entry, listing.lang)) or entry["id"], most)


def _points(listing: Listing, row: Row, parts: Sequence[Sequence[words.Indicator]]) -> list[float]:
    """The points of each part of a score, from what the public may read of it.

    What banded indicators add is the score as it is told less the points that are told, shared out by weight.
    """
    told, hidden = [], []
    for entries in parts:
        masked = [e for e in entries if listing.public and banding.points_hidden(listing.run, row, e)]
        seen = [e for e in entries if e not in masked]
        points = (row.get(f"contribution_{e['id']}", math.nan) for e in seen)
        told.append(sum(p for p in points if not pd.isna(p)))
        hidden.append(sum(e["weight"] for e in masked))
    if step := banding.score_step(listing.run, row) if listing.public else 0:
        left = max(0.0, step * round(row["score"] / step) - sum(told))
        told = [points + left * weight / sum(hidden) for points, weight in zip(told, hidden, strict=True)]
    return [float(round(points)) for points in told]


def chances(listing: Listing) -> Chart | None:
    """How likely the villages on both sides of the list's end are to be in the top N."""
    run = listing.run
    if not words.uncertain(run):
        return None
    known = [row for row in listing.chosen if not pd.isna(row["p_top"])]
    inside = sorted(known, key=lambda row: -row["p_top"])
    outside = [row for row in listing.rows if not row["selected"] and not pd.isna(row["p_top"])]
    outside = sorted(outside, key=lambda row: -row["p_top"])[: BARS - NEAR + 2]
    shown = sorted([*inside[-NEAR:], *outside], key=lambda row: (-row["p_top"], row["village_code"]))
    if not shown:
        return None
    marks = [listing.say(f"chart.{_side(row)}") for row in shown]
    names = tuple(f"{mark} {clip(row['village'], NAME)}" for mark, row in zip(marks, shown, strict=True))
    colours = tuple(CERTAINTY[row["certainty"]] for row in shown)
    labels = tuple(words.probability(row["p_top"], listing.lang) for row in shown)
    values = tuple(round(min(max(float(row["p_top"]), 0.01), 0.99), 2) for row in shown)
    return Chart(names, ((listing.say("chart.chance"), values),), colours, labels)


def _side(row: Row) -> str:
    """Which side of the list's end a village stands on: "in", "out", or "held" where people kept it out."""
    return "in" if row["selected"] else "held" if row["left_out_by"] in HELD else "out"


def key(show: Show, page: object, box: Box) -> None:
    """What the marks before the names of `chances` mean, and under it the colours of their bars."""
    listing = show.listing
    held = any(_side(row) == "held" for row in listing.rows)
    sides = ("in", "out", *(("held",) if held else ()))
    marks = [f"{listing.say(f'chart.{side}')} {show.say(f'chance.{side}')}" for side in sides]
    colours = [
        part for kind, colour in CERTAINTY.items()
        for part in (("■", colour), (listing.say(f"certainty.{kind}"), GREY))
    ]  # fmt: skip
    for n, told in enumerate(([(mark, GREY) for mark in marks], colours)):
        wide = sum(stringWidth(said, "Helvetica-Bold", 1) / 72 for said, _ in told)
        size, left = min(16.0, (box.width - 0.15 * len(told)) / wide), box.left
        for said, ink in told:
            width = stringWidth(said, "Helvetica-Bold", size) / 72 + (0.06 if said == "■" else 0.2)
            place = Box(left, box.top + n * box.height, width, box.height)
            show.deck.text(page, [Line(said, size, bold=True, ink=ink)], place, smallest=size)
            left += width


def coming(listing: Listing) -> list[list[str]]:
    """Who would be next under the same rules: rank, village, kecamatan."""
    v = listing.run.villages
    told = []
    for code in tuple(listing.run.facts["selection"].get("next", ()))[:5]:
        row = v.loc[code]
        told.append([number(row["rank"], listing.lang), clip(row["village"], 40), clip(row["kecamatan"], 40)])
    return told


def _task(listing: Listing, entry: words.Indicator) -> str:
    return listing.say("chart.stunted") if entry["id"] == BURDEN else named(listing, entry, 70)


def tasks(listing: Listing) -> list[list[str]]:
    """The greatest task of each office in the chosen villages, then their second ones while there is room."""
    chosen, lang = listing.run.villages["selected"], listing.lang
    found = []
    for owner, entries in listing.owners().items():
        ends = [(people.lacking_in_all(listing.run, e, chosen, public=listing.public), e) for e in entries]
        known = [(end, e) for end, e in ends if end[1] > 0]
        known.sort(key=lambda pair: -sum(pair[0]))
        for rank, (end, e) in enumerate(known[:PER_OFFICE]):
            said = listing.say(f"chart.{e['better']}", people=people.said(end, lang))
            found.append((rank, -sum(known[0][0]), [clip(owner, 40), _task(listing, e), said]))
    # No office is left out for another's second task.
    kept = sorted(found, key=lambda task: (task[0], task[1], task[2][0]))[:TASKS]
    kept.sort(key=lambda task: (task[1], task[2][0], task[0]))
    return [cells for _, _, cells in kept]
