"""How long the way to a service is: minutes over land of differing resistance, and kilometres as the crow flies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod
from scipy import ndimage
from scipy.spatial import cKDTree

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Flags = NDArray[np.bool_]

# Minutes a metre at 1 km/h.
PACE = 0.06
# Tobler's greatest walking speed, km/h: who is faster rides, and is not slowed by the slope as a walker is.
WALKED = 6.0
# Of so many places nearest on the sphere one is nearest on the ellipsoid: the two differ by 0.6 % at most.
NEAREST = 8


def tobler(slope: Floats) -> Floats:
    """Walking speed by Tobler's hiking function, km/h.

    W = 6 · exp(−3.5 · |S + 0.05|)

    :param slope: rise over run in the direction of walking (tan of the angle), any shape; uphill is positive.
    :return: the same shape; NaN where the slope is.
    :source: Tobler 1993, "Three presentations on geographical analysis and modeling", NCGIA technical report 93-1.

    >>> tobler(np.array([-0.05, 0.0])).round(3).tolist()
    [6.0, 5.037]
    """
    return np.asarray(WALKED * np.exp(-3.5 * np.abs(slope + 0.05)))


def walking_delay(slope: Floats) -> Floats:
    """How many times longer than on level ground a walk there and back takes.

    (1/W(S) + 1/W(−S)) / (2/W(0)), W of `tobler`: the way to the service goes up, the way home down, or the reverse. A
    cell's steepest slope counts in every direction, so that ways along a hillside are taken as a little longer than
    they are.

    :param slope: rise over run ≥ 0, any shape; NaN counts as level.
    :return: the same shape, ≥ 1.

    >>> walking_delay(np.array([0.0, 0.5])).round(3).tolist()
    [1.0, 4.905]
    """
    steep = np.nan_to_num(np.asarray(slope, dtype="float64"))
    return np.asarray((1 / tobler(steep) + 1 / tobler(-steep)) / (2 / tobler(np.zeros(1))))


def friction(speed: Floats, slope: Floats | None = None) -> Floats:
    """Minutes it takes to cross a metre.

    0.06 / speed; at `WALKED` or slower one walks, and the slope makes it `walking_delay` times longer.

    :param speed: km/h, any shape; 0 or NaN = nobody passes. :param slope: rise over run, the same shape.
    :return: minutes a metre, the same shape; inf where nobody passes.
    :raises ValueError: for a negative speed.
    """
    if (speed < 0).any():
        raise ValueError("a speed is at least 0 km/h")
    passable = speed > 0
    cost = np.full(speed.shape, np.inf)
    cost[passable] = PACE / speed[passable]
    if slope is not None:
        walked = passable & (speed <= WALKED)
        cost[walked] *= walking_delay(slope[walked])
    return cost


def travel_minutes(cost: Floats, cell: tuple[float, float], sources: Sequence[tuple[int, int]]) -> Floats:
    """Minutes from each cell to the nearest source, by the quickest way over eight neighbours.

    A step between two cells costs the mean of their resistances times the distance of their middles; ways that no step
    follows are up to 8.2 % longer than a straight line.

    :param cost: minutes a metre, shape (r, c); inf, NaN, 0 and less = nobody passes.
    :param cell: width and height of a cell in metres.
    :param sources: row and column of each; those where nobody passes reach nothing.
    :return: shape (r, c); NaN where no way leads.
    :raises ValueError: without sources, for one outside the grid, or a cell without size.
    :source: scikit-image, `MCP_Geometric`.
    """
    from skimage.graph import MCP_Geometric

    if not sources:
        raise ValueError("no source to travel to")
    if min(cell) <= 0:
        raise ValueError(f"a cell has a width and a height in metres, not {cell!r}")
    passable = np.isfinite(cost) & (cost > 0)
    spots = np.asarray(sources, dtype=np.intp).reshape(-1, 2)
    if (spots < 0).any() or (spots >= cost.shape).any():
        raise ValueError("a source lies outside the grid")
    spots = np.unique(spots[passable[tuple(spots.T)]], axis=0)
    if not len(spots):
        return np.full(cost.shape, np.nan)
    # Impassable is what skimage takes for it: a negative cost.
    ways = MCP_Geometric(np.where(passable, cost, -1.0), sampling=(cell[1], cell[0]))
    minutes = np.asarray(ways.find_costs([(int(r), int(c)) for r, c in spots])[0])
    minutes[~np.isfinite(minutes)] = np.nan
    return minutes


def nearest_passable(
    passable: Flags, spot: tuple[float, float], cell: tuple[float, float], within: float
) -> tuple[int, int, float] | None:
    """The passable cell whose middle is nearest to a spot.

    :param passable: bool, shape (r, c). :param spot: row and column, 0.5 = the middle of the first cell.
    :param cell: width and height in metres. :param within: metres; the spot's own cell always counts.
    :return: row, column, and the metres from the spot (0 in its own cell); None where there is none within.
    """
    rows, columns = passable.shape
    own = int(np.floor(spot[0])), int(np.floor(spot[1]))
    if 0 <= own[0] < rows and 0 <= own[1] < columns and passable[own]:
        return *own, 0.0
    high, wide = int(within / cell[1]) + 1, int(within / cell[0]) + 1
    top, left = max(own[0] - high, 0), max(own[1] - wide, 0)
    part = passable[top : max(own[0] + high + 1, 0), left : max(own[1] + wide + 1, 0)]
    at = np.argwhere(part)
    if not len(at):
        return None
    away = np.hypot((at[:, 0] + top + 0.5 - spot[0]) * cell[1], (at[:, 1] + left + 0.5 - spot[1]) * cell[0])
    first = int(away.argmin())
    if away[first] > within:
        return None
    return int(at[first, 0]) + top, int(at[first, 1]) + left, float(away[first])


def ashore(
    passable: Flags, people: Floats, cell: tuple[float, float], within: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """People who live where nobody passes (over water, on a cell cut wrongly), and the land they step on.

    :param passable: bool, shape (r, c). :param people: the same shape; NaN = none.
    :param cell: width and height in metres. :param within: metres between the cells' middles.
    :return: flat positions of their cells, and of the nearest passable cell of each, where it lies within.
    """
    stranded = ~passable & (people > 0)
    if not (stranded.any() and passable.any()):
        return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)
    away, (row, column) = ndimage.distance_transform_edt(~passable, sampling=(cell[1], cell[0]), return_indices=True)
    near = np.flatnonzero(stranded & (away <= within))
    return near, np.ravel_multi_index((row.flat[near], column.flat[near]), passable.shape)


def from_ashore(minutes: Floats, passable: Flags, people: Floats, cell: tuple[float, float], within: float) -> Floats:
    """The minutes of people who live where nobody passes: those of the land they step on. Parameters as `ashore`.

    :param minutes: shape (r, c), NaN where no way leads.
    :return: a copy of `minutes` in which such inhabited cells are filled; they stay NaN where the nearest passable
        cell, on an island of its own, is NaN.
    """
    there, land = ashore(passable, people, cell, within)
    found = minutes.copy()
    found.flat[there] = minutes.flat[land]
    return found


def each_within(
    cost: Floats, cell: tuple[float, float], sources: Sequence[tuple[int, int]], most: float
) -> Iterator[tuple[Ints, Floats]]:
    """For each source by itself: the cells from which it is reached within `most` minutes, and the minutes.

    Parameters: `cost`, `cell` as `travel_minutes`; `sources` where somebody passes. Yields flat positions, ascending,
    and minutes, both of the same length.
    """
    from skimage.graph import MCP_Geometric

    class Near(MCP_Geometric):  # type: ignore[misc]
        def goal_reached(self, _index: int, cumcost: float) -> int:
            """2 ends the search: whatever is left is further."""
            return 2 if cumcost > most else 0

    passable = np.isfinite(cost) & (cost > 0)
    ways = Near(np.where(passable, cost, -1.0), sampling=(cell[1], cell[0]))
    for source in sources:
        minutes = np.asarray(ways.find_costs([source])[0]).ravel()
        near = np.flatnonzero(minutes <= most)
        yield near, minutes[near]


def nearest_km(places: Floats, services: Floats) -> tuple[Floats, Ints]:
    """How far the nearest service is in a straight line over the ellipsoid, and which one it is.

    :param places: longitude and latitude in degrees, shape (n, 2); NaN = not known. :param services: shape (m, 2).
    :return: kilometres, shape (n,), NaN where the place is not known; and the row of the service, shape (n,), −1 there.
    :raises ValueError: without services.
    :source: Karney 2013 (geodesics, through pyproj, WGS 84).
    """
    if not len(services):
        raise ValueError("no service to measure to")
    known = np.isfinite(places).all(axis=1)
    km, which = np.full(len(places), np.nan), np.full(len(places), -1, dtype=np.intp)
    if not known.any():
        return km, which
    among = min(NEAREST, len(services))
    near = cKDTree(_on_sphere(services)).query(_on_sphere(places[known]), k=among)[1].reshape(-1, among)
    start = np.repeat(places[known], among, axis=0)
    end = services[near.ravel()]
    metres = Geod(ellps="WGS84").inv(start[:, 0], start[:, 1], end[:, 0], end[:, 1])[2]
    away = np.asarray(metres).reshape(-1, among)
    first = away.argmin(axis=1)
    km[known], which[known] = away[np.arange(len(away)), first] / 1000, near[np.arange(len(away)), first]
    return km, which


def _on_sphere(degrees: Floats) -> Floats:
    longitude, latitude = np.radians(degrees).T
    return np.stack(
        [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)], axis=1
    )
