"""The legend of a map on paper: what is shown, its classes with their numbers of villages, and the signs used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from matplotlib.patches import Rectangle

from lokus.messages import number
from lokus.outputs.classes import Layer, Tone
from lokus.outputs.papers import drawing, lettering
from lokus.outputs.papers.drawing import INK, LEADING, SOFT, WARN, write

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# The sign of a swatch that is no class: a thick rim, the kecamatan's line, a facility; a note and a stamp have none.
Sign = Literal["rim", "line", "spot", "note", "stamp"]
Key = tuple[Sign, str]
BARE = ("note", "stamp")


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a legend: a class or a sign, its words in lines, and the number of its villages."""

    sign: Tone | Sign
    lines: tuple[str, ...]
    count: str = ""


@dataclass(frozen=True, slots=True)
class Legend:
    """A legend set in columns of one width, in points."""

    title: tuple[str, ...]
    rule: tuple[str, ...]
    items: tuple[Item, ...]
    size: float
    wide: float
    columns: int

    @property
    def height(self) -> float:
        """How high it stands."""
        return self.head + max((sum(map(self.tall, column)) for column in self.split()), default=0.0)

    @property
    def head(self) -> float:
        """How high its title and rule stand."""
        return LEADING * self.size * (len(self.title) + 0.85 * len(self.rule)) + 0.6 * self.size

    def tall(self, item: Item) -> float:
        """How high one line stands."""
        return max(1.7, LEADING * len(item.lines) + 0.35) * self.size

    def split(self) -> list[list[Item]]:
        """The lines by column, in order, the columns about equally high."""
        whole, columns, seen = sum(map(self.tall, self.items)), [list[Item]() for _ in range(self.columns)], 0.0
        for item in self.items:
            columns[min(int(seen * self.columns / whole), self.columns - 1)].append(item)
            seen += self.tall(item)
        return columns


def compose(layer: Layer, signs: Sequence[Key], wide: float, size: float, lang: str,
            columns: int = 1) -> Legend:  # fmt: skip
    """A legend set in a width; every class with its number of villages stands in it, however long its name."""
    gap = size
    one = (wide - gap * (columns - 1)) / columns
    items = []
    for tone in layer.tones:
        count = number(tone.count, lang)
        room = one - 2.9 * size - lettering.width(count, size, True)
        items.append(Item(tone, tuple(lettering.wrap(tone.label, size, room, lines=3)), count))
    for sign, said in signs:
        room = one - (2.5 * size if sign not in BARE else 0)
        items.append(Item(sign, tuple(lettering.wrap(said, 0.85 * size, room, sign == "stamp", lines=4))))
    title = lettering.wrap(layer.title, 1.1 * size, wide, True, lines=4)
    rule = lettering.wrap(layer.rule, 0.85 * size, wide, lines=4)
    return Legend(tuple(title), tuple(rule), tuple(items), size, wide, columns)


def draw(axes: Axes, legend: Legend, at: tuple[float, float]) -> None:
    """A legend from its upper left corner downwards."""
    (x, y), size = at, legend.size
    for line in legend.title:
        y -= LEADING * size
        write(axes, (x, y), line, 1.1 * size, bold=True)
    for line in legend.rule:
        y -= 0.85 * LEADING * size
        write(axes, (x, y), line, 0.85 * size, colour=SOFT)
    one = (legend.wide - size * (legend.columns - 1)) / legend.columns
    for k, column in enumerate(legend.split()):
        left, below = x + k * (one + size), at[1] - legend.head
        for item in column:
            _line(axes, item, (left, below), one, size)
            below -= legend.tall(item)


def _line(axes: Axes, item: Item, at: tuple[float, float], wide: float, size: float) -> None:
    x, y = at
    small = size if isinstance(item.sign, Tone) else 0.85 * size
    _swatch(axes, item.sign, (x, y - 1.35 * size), size)
    indent = 0.0 if item.sign in BARE else 2.4 * size
    for k, line in enumerate(item.lines):
        at = x + indent, y - size - k * LEADING * small
        stamp = item.sign == "stamp"
        write(axes, at, line, small, bold=stamp, colour=WARN if stamp else INK)
    if item.count:
        write(axes, (x + wide, y - size), item.count, size, bold=True, align="right")


def _swatch(axes: Axes, sign: Tone | Sign, at: tuple[float, float], size: float) -> None:
    x, y = at
    middle = x + 0.95 * size, y + 0.62 * size
    box: dict[str, Any] = {"xy": at, "width": 1.9 * size, "height": 1.25 * size, "zorder": 7}
    if isinstance(sign, Tone):
        axes.add_artist(Rectangle(**box, **drawing.fill(sign)))
        axes.add_artist(Rectangle(**box, fill=False, edgecolor=drawing.EDGE, linewidth=0.6))
        if sign.mark:
            write(axes, middle, sign.mark, size, bold=True, align="center", halo=0.2 * size)
    elif sign == "rim":
        axes.add_artist(Rectangle(**box, fill=False, edgecolor=INK, linewidth=2))
        write(axes, middle, "1", 0.8 * size, bold=True, align="center")
    elif sign == "line":
        axes.plot([x, x + 1.9 * size], [middle[1]] * 2, color=drawing.LINE, linewidth=1.4, zorder=7)
    elif sign == "spot":
        drawing.cross(axes, [middle], size)
