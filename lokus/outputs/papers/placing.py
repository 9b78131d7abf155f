"""Where names and numbers stand on a map so that none covers another: greedy, the most important first.

Boxes are (left, bottom, right, top) in points.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

Box = tuple[float, float, float, float]
Spot = tuple[float, float]

# To the right first, then as a reader would look for it.
ASIDE = ((1, 0), (-1, 0), (0.7, 0.7), (0.7, -0.7), (-0.7, 0.7), (-0.7, -0.7), (0, 1), (0, -1))
# Points between a badge and whatever stands beside it.
GAP = 0.6
# How many heights of a badge it may move away from its village.
FAR = (0.0, 1.3, 2.1, 3.0, 4.0, 5.2)


@dataclass
class Room:
    """The free space of a frame: boxes are taken one after the other and never given back."""

    frame: Box
    taken: list[Box] = field(default_factory=list)

    def free(self, box: Box) -> bool:
        """Whether a box lies inside the frame and covers none that is taken."""
        left, bottom, right, top = self.frame
        if box[0] < left or box[1] < bottom or box[2] > right or box[3] > top:
            return False
        return not covers(box, self.taken)

    def take(self, box: Box) -> bool:
        """Takes a box where it is free; tells whether it was."""
        if not self.free(box):
            return False
        self.taken.append(box)
        return True


def covers(box: Box, others: Sequence[Box]) -> bool:
    """Whether a box covers any part of others."""
    return any(box[0] < t[2] and box[2] > t[0] and box[1] < t[3] and box[3] > t[1] for t in others)


def around(at: Spot, wide: float, tall: float) -> Box:
    """The box of a size about its middle."""
    return at[0] - wide / 2, at[1] - tall / 2, at[0] + wide / 2, at[1] + tall / 2


def badge_at(room: Room, home: Spot, wide: float, tall: float) -> Spot:
    """The middle of a badge: on its village, or as near as there is room, or else on its village over others."""
    for far in FAR:
        for dx, dy in ASIDE if far else ((0.0, 0.0),):
            at = home[0] + dx * far * tall, home[1] + dy * far * tall
            if room.take(around(at, wide, tall)):
                return at
    room.taken.append(around(home, wide, tall))
    return home


def name_at(
    room: Room, own: Box, others: Sequence[Box], wide: float, tall: float, clear: float = 0.9
) -> Spot | None:  # fmt: skip
    """The middle of a name beside its `own` badge and half of `clear` heights off all `others`; None without room."""
    x, y = (own[0] + own[2]) / 2, (own[1] + own[3]) / 2
    side, over, slide = (own[2] - own[0] + wide) / 2 + GAP, (own[3] - own[1] + tall) / 2 + GAP, 0.4 * wide
    for dx, dy in ((side, 0.0), (-side, 0.0), (0.0, over), (0.0, -over), (slide, over), (slide, -over),
                   (-slide, over), (-slide, -over)):  # fmt: skip
        box = around((x + dx, y + dy), wide, tall)
        # A name as near to another badge would be read as that one's.
        grown = around((x + dx, y + dy), wide + clear * tall, tall + clear * tall)
        if not covers(grown, others) and room.take(box):
            return x + dx, y + dy
    return None


def near(room: Room, home: Spot, wide: float, tall: float, reach: float) -> Spot | None:
    """The middle of a box on its place or up to `reach` from it; None where there is no room."""
    for far in (0.0, 0.5, 1.0):
        for turn in range(8 if far else 1):
            angle = turn * math.pi / 4
            at = home[0] + far * reach * math.cos(angle), home[1] + far * reach * math.sin(angle)
            if room.take(around(at, wide, tall)):
                return at
    return None
