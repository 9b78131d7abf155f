"""Draws a map and its legend with matplotlib, in points from the lower left corner of the paper.

Colours, classes and counts are the map's (`outputs/layers.py`); here they only meet ink.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from matplotlib import style
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, PathPatch, Rectangle
from matplotlib.path import Path as Outline
from matplotlib.patheffects import Stroke

from lokus.messages import number, text
from lokus.outputs.classes import Layer, Tone
from lokus.outputs.papers import lettering, placing
from lokus.outputs.papers.ground import Ground, round_length
from lokus.outputs.papers.placing import Room

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MM = 72 / 25.4
INK, SOFT, EDGE, LINE, WARN = "#111111", "#4a5660", "#7d8993", "#3a454e", "#b00020"
# Ground and stripes of the classes that are hatched on the map.
HATCHES = {"missing": ("#e9e9e9", "#a0a0a0"), "banded": ("#fff8e0", "#d39b3a")}
SPOT = "#00695c"
LEADING = 1.25


@dataclass(frozen=True, slots=True)
class Marked:
    """A village that is outlined and named: its row in the table, what stands in its badge, and its name."""

    row: int
    badge: str
    name: str


@dataclass(frozen=True, slots=True)
class Plate:
    """Land on paper: `scale` points a kilometre, `shift` the point where the middle of the land lies."""

    axes: Axes
    land: Ground
    scale: float
    shift: tuple[float, float]
    room: Room

    def page(self, xy: np.ndarray) -> np.ndarray:
        """Kilometres as points."""
        return np.asarray(xy * self.scale + np.array(self.shift))


@contextmanager
def paper(width_mm: float, height_mm: float) -> Iterator[Axes]:
    """An empty sheet whose unit is the point; matplotlib's own defaults, whatever the user's settings are."""
    plain = {"hatch.linewidth": 1.4, "pdf.fonttype": 42, "font.family": lettering.FACE, "svg.hashsalt": "lokus"}
    with style.context(["default", plain]):
        figure = Figure(figsize=(width_mm / 25.4, height_mm / 25.4))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(0, width_mm * MM)
        axes.set_ylim(0, height_mm * MM)
        yield axes


def write(
    axes: Axes, at: tuple[float, float], said: str, size: float, *, bold: bool = False, colour: str = INK,
    align: str = "left", halo: float = 0.0,
) -> None:  # fmt: skip
    """One line of clean text on its baseline, or about its middle where `align` is "center"."""
    common: dict[str, Any] = {
        "fontsize": size, "fontweight": "bold" if bold else "normal", "ha": align, "parse_math": False,
        "va": "center_baseline" if align == "center" else "baseline",
    }  # fmt: skip
    if halo:
        rim = [Stroke(linewidth=halo, foreground="white")]
        axes.text(*at, said, color="white", path_effects=rim, zorder=8, **common)
    axes.text(*at, said, color=colour, zorder=9, **common)


def fitted(axes: Axes, land: Ground, frame: placing.Box) -> Plate:
    """The land as large as its frame allows, in its middle."""
    left, bottom, right, top = frame
    x0, y0, x1, y1 = land.box
    scale = min((right - left) / (x1 - x0), (top - bottom) / (y1 - y0))
    shift = ((left + right) / 2 - scale * (x0 + x1) / 2, (bottom + top) / 2 - scale * (y0 + y1) / 2)
    return Plate(axes, land, scale, shift, Room(frame))


def outline(plate: Plate, shapes: np.ndarray) -> Outline:
    """Polygons and lines as one path; rings are turned so that holes stay open."""
    parts = shapely.get_parts(shapes)
    if len(parts) and shapely.get_type_id(parts[0]) == shapely.GeometryType.POLYGON:
        parts = shapely.get_rings(shapely.orient_polygons(parts))
    points, owner = shapely.get_coordinates(parts, return_index=True)
    if not len(points):
        return Outline(np.empty((0, 2)))
    codes = np.full(len(points), Outline.LINETO, dtype=Outline.code_type)
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    codes[starts] = Outline.MOVETO
    codes[np.append(starts[1:], len(points)) - 1] = Outline.CLOSEPOLY
    return Outline(plate.page(points), codes)


def land(plate: Plate, layer: Layer, pen: float) -> None:
    """The villages in the colours of their classes, under the lines of villages and kecamatan."""
    # As artists: `add_patch` would search every vertex for limits that the paper sets itself.
    of, drawn = np.array(layer.of), plate.land.drawn
    for k, tone in enumerate(layer.tones):
        here = outline(plate, plate.land.shapes[drawn & (of == k)])
        plate.axes.add_artist(PathPatch(here, zorder=1, **fill(tone)))
    every = outline(plate, plate.land.shapes[drawn])
    plate.axes.add_artist(PathPatch(every, fill=False, edgecolor=EDGE, linewidth=0.5 * pen, zorder=2))
    lines = outline(plate, plate.land.lines)
    plate.axes.add_artist(PathPatch(lines, fill=False, edgecolor=LINE, linewidth=1.1 * pen, zorder=3))


def fill(tone: Tone) -> dict[str, Any]:
    """How matplotlib fills the area of a class; hatched where it stands for no colour."""
    if not tone.pattern:
        return {"facecolor": tone.colour, "linewidth": 0}
    ground, stripes = HATCHES[tone.pattern]
    return {"facecolor": ground, "edgecolor": stripes, "hatch": "////", "linewidth": 0}


def outlined(plate: Plate, marked: Sequence[Marked], pen: float) -> None:
    """A thick line around villages."""
    rows = [m.row for m in marked if plate.land.drawn[m.row]]
    rim = outline(plate, plate.land.shapes[rows])
    plate.axes.add_artist(PathPatch(rim, fill=False, edgecolor=INK, linewidth=2.0 * pen, joinstyle="round", zorder=4))


def badges(plate: Plate, marked: Sequence[Marked], size: float) -> list[tuple[Marked, placing.Box]]:
    """Numbers on villages, moved aside on a line where they would cover another; where each came to stand."""
    tall, placed = 1.4 * size, []
    for m in (m for m in marked if plate.land.drawn[m.row]):
        x, y = plate.page(plate.land.middle[m.row])
        wide = max(tall, lettering.width(m.badge, size, True) + 0.7 * size)
        at = placing.badge_at(plate.room, (x, y), wide + placing.GAP, tall + placing.GAP)
        if at != (x, y):
            plate.axes.plot([x, at[0]], [y, at[1]], color=INK, linewidth=0.11 * size, zorder=5)
        pill(plate.axes, at, m.badge, size)
        placed.append((m, placing.around(at, wide, tall)))
    return placed


def pill(axes: Axes, at: placing.Spot, said: str, size: float) -> None:
    """A number in a black badge."""
    tall = 1.4 * size
    wide = max(tall, lettering.width(said, size, True) + 0.7 * size)
    left, bottom, _, _ = placing.around(at, wide, tall)
    shape = f"round,pad=0,rounding_size={tall / 2}"
    look: dict[str, Any] = {"facecolor": INK, "edgecolor": "white", "linewidth": 0.1 * size, "zorder": 6}
    axes.add_artist(FancyBboxPatch((left, bottom), wide, tall, boxstyle=shape, **look))
    write(axes, at, said, size, bold=True, colour="white", align="center")


def names(plate: Plate, placed: Sequence[tuple[Marked, placing.Box]], size: float) -> None:
    """Names beside their badges, as many as fit, and then the names of kecamatan on free land."""
    for m, own in placed:
        others = [box for other, box in placed if other is not m]
        # A name without room in full size is tried smaller and nearer to other badges before it is left out.
        for small, clear in ((size, 0.9), (0.84 * size, 0.3)):
            said = lettering.clip(m.name, small, 13 * size, True)
            box = lettering.width(said, small, True) + 0.4 * small, 1.25 * small
            if spot := placing.name_at(plate.room, own, others, *box, clear):
                write(plate.axes, spot, said, small, bold=True, align="center", halo=0.25 * small)
                break
    for _, name, home in plate.land.kecamatan:
        said, small = lettering.clip(name.upper(), 0.85 * size, 14 * size), 0.85 * size
        x, y = plate.page(np.array(home))
        box = lettering.width(said, small) + small, 1.3 * small
        if spot := placing.near(plate.room, (float(x), float(y)), *box, 2 * size):
            write(plate.axes, spot, said, small, colour=SOFT, align="center", halo=0.22 * size)


def marks(plate: Plate, layer: Layer, rows: Iterable[int], size: float, *, keep: bool) -> None:
    """The mark of its class in each village that has room for it; `keep`: nothing else may stand there then."""
    for row in rows:
        mark, shape = layer.tones[layer.of[row]].mark, plate.land.shapes[row]
        if not mark or shape is None:
            continue
        x, y = plate.page(plate.land.middle[row])
        small = min(size, 0.9 * float(np.sqrt(shapely.area(shape))) * plate.scale)
        box = placing.around((x, y), small, small)
        if small > 0.4 * size and (plate.room.take(box) if keep else plate.room.free(box)):
            write(plate.axes, (x, y), mark, small, bold=True, align="center", halo=0.2 * small)


def spots(plate: Plate, xy: np.ndarray, size: float) -> None:
    """Points of facilities; `xy` (n × 2) in kilometres."""
    if len(xy):
        cross(plate.axes, plate.page(xy), size)


def cross(axes: Axes, at: Any, size: float) -> None:
    """The sign of a facility, at points of the page."""
    x, y = np.asarray(at).T
    look: dict[str, Any] = {"marker": "P", "c": SPOT, "edgecolors": "white", "linewidths": 0.6, "zorder": 5}
    axes.scatter(x, y, s=(0.75 * size) ** 2, **look)


def furniture(plate: Plate, size: float, lang: str) -> None:
    """Scale bar and north arrow in the corner of the frame that has the least land; no name may cover them."""
    left, bottom, right, top = plate.room.frame
    length = round_length((right - left) / 4 / plate.scale)
    bar, said = length * plate.scale, _length(length, lang)
    wide, tall = max(bar, lettering.width(said, size)) + 3.2 * size, 3 * size
    whole = shapely.union_all(shapely.make_valid(plate.land.shapes[plate.land.drawn]))

    def covered(corner: placing.Spot) -> float:
        low = (np.array(corner) - plate.shift) / plate.scale
        high = low + np.array([wide, tall]) / plate.scale
        return round(float(shapely.area(shapely.intersection(whole, shapely.box(*low, *high)))), 6)

    x, y = min([(x, y) for y in (bottom, top - tall) for x in (left, right - wide)], key=covered)
    plate.room.taken.append((x, y, x + wide, y + tall))
    _block(plate.axes, (x, y), wide, tall, facecolor="white", alpha=0.8, linewidth=0)
    for k in range(4):
        at = x + 2.6 * size + k * bar / 4, y + 0.45 * size
        fill = INK if k % 2 == 0 else "white"
        _block(plate.axes, at, bar / 4, 0.4 * size, facecolor=fill, edgecolor=INK, linewidth=0.6)
    write(plate.axes, (x + 2.6 * size, y + 1.3 * size), said, size)
    arrow = np.array([(1.2, 1.75), (0.7, 0.4), (1.2, 0.75), (1.7, 0.4), (1.2, 1.75)]) * size + (x, y)
    plate.axes.add_artist(PathPatch(Outline(arrow), facecolor=INK, linewidth=0, zorder=7))
    write(plate.axes, (x + 1.2 * size, y + 2.3 * size), text("picture.north", lang), size, bold=True, align="center")


def _length(km: float, lang: str) -> str:
    return f"{number(km, lang)} km" if km >= 1 else f"{number(1000 * km, lang)} m"


def _block(axes: Axes, at: placing.Spot, wide: float, tall: float, **look: Any) -> None:
    axes.add_artist(Rectangle(at, wide, tall, zorder=7, **look))
