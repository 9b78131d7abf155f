"""The shape of the land, from its heights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def slope(heights: Floats, width: Floats, height: Floats) -> Floats:
    """Slope of each cell but the outermost, from its eight neighbours.

    tan s = √(p² + q²); p and q are Horn's weighted differences, east–west over 8·width and north–south over 8·height.

    :param heights: metres, shape (r, c), north first; NaN = not known.
    :param width: of the cells of each row in metres, shape (r,) or (1,).
    :param height: likewise, from north to south.
    :return: degrees, 0–90, shape (r − 2, c − 2); NaN where the cell itself is. A neighbour that is not known counts as
        level with the cell, so that the coast is not lost.
    :source: Horn 1981, "Hill shading and the reflectance map", Proc. IEEE 69(1), p. 18.

    >>> plane = np.add.outer(np.zeros(3), np.arange(3.0) * 30)
    >>> slope(plane, np.array([30.0]), np.array([30.0])).round(6).tolist()
    [[45.0]]
    """
    inner = heights[1:-1, 1:-1]
    rows, columns = heights.shape

    def beside(down: int, right: int) -> Floats:
        there = heights[1 + down : rows - 1 + down, 1 + right : columns - 1 + right]
        return np.where(np.isnan(there), inner, there)

    east = beside(-1, 1) + 2 * beside(0, 1) + beside(1, 1) - beside(-1, -1) - 2 * beside(0, -1) - beside(1, -1)
    south = beside(1, -1) + 2 * beside(1, 0) + beside(1, 1) - beside(-1, -1) - 2 * beside(-1, 0) - beside(-1, 1)
    wide, high = (np.broadcast_to(side, rows)[1:-1, None] for side in (width, height))
    steep = np.degrees(np.arctan(np.hypot(east / (8 * wide), south / (8 * high))))
    return np.where(np.isnan(inner), np.nan, steep)
