"""The land of Teluk Kirana: coast, bay, islands, rivers, and the fine cells from which every border is put together.

All coordinates are kilometres east and north of `ORIGIN`, a place in the open sea. A cell is small where many people
live and large where few do, so that a village is about equally many cells everywhere.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree, Voronoi

SEED = 9801
ORIGIN = (117.21, -6.46)
BOX = (-3.0, -3.0, 66.0, 53.0)
CELLS_PER_VILLAGE = 130
VILLAGES = 240

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MAINLAND = (
    (3, 5), (1, 11), (4, 16), (2.5, 22), (6, 27), (10.5, 30), (11.5, 35), (13, 40), (16, 43.5), (20, 42), (19.5, 37.5),
    (21.5, 32), (24.5, 28), (29, 25), (33.5, 26.5), (36.5, 30.5), (37.5, 35), (41, 38), (46, 37), (51, 35.5),
    (55, 38.5), (60.5, 37), (61.5, 31), (58.5, 25), (61, 19), (57, 13.5), (52, 11), (48, 5.5), (40, 4), (34, 1),
    (27, 3.5), (20, 1), (12, 4.5), (7, 3),
)  # fmt: skip
COAST = MAINLAND[:22]
ISLANDS = (
    ((25.5, 41), (27, 43.8), (30.5, 44.2), (33.5, 42.6), (33, 40.4), (29.5, 39.6)),
    ((42.5, 45.2), (44, 47.8), (47.5, 48.6), (49.5, 46.8), (46.5, 44.4)),
)
MAIN_RIVER = ((50, 6), (46, 9), (44, 13), (39, 15), (36.5, 19), (32.5, 20.5), (30, 24.5), (28.6, 29.5))
STREAMS = (
    ((22, 2.5), (25, 8), (30, 12), (33, 17), (36.3, 19)),
    ((58, 21), (52, 21), (46, 18.5), (42, 18), (39, 15)),
    ((16, 7), (12, 12), (8, 15), (6, 19.5), (1, 20)),
    ((54, 25.5), (51, 30), (47.5, 33), (46, 38.5)),
    ((17, 14), (18, 20), (15, 24), (9.5, 25.5), (4, 29)),
)
TOWN = (28.0, 22.6)


@dataclass(frozen=True)
class Land:
    """Cells (points), who borders whom, and what lies where. A ridge is the shared edge of two cells.

    `ridges` are pairs of cells, `edges` the pairs of `vertices` between them. `part` is 0 on the mainland, 1 and 2 on
    the islands, 3 on islets, -1 in the sea and beyond the land border. `height` is 0 at the coast and about 1 on the
    ridge; `crossing` is the number of river banks a ridge's two cells lie apart.
    """

    cells: Floats
    vertices: Floats
    ridges: Ints
    edges: Ints
    part: Ints
    height: Floats
    crossing: Ints
    rivers: shapely.MultiLineString


def stream(step: str) -> np.random.Generator:
    """The named random stream of a step."""
    return np.random.default_rng([SEED, zlib.crc32(step.encode())])


def fractal(points: Floats, step: str, scale: float, octaves: int = 5, roughness: float = 0.55) -> Floats:
    """Smooth noise of mean 0 and variance near 1: waves ever shorter and lower, the longest about `scale` km."""
    rng, total, power = stream(step), np.zeros(len(points)), 0.0
    for octave in range(octaves):
        height, waves = roughness**octave, 9
        angle, phase = rng.random((2, waves)) * 2 * np.pi
        length = scale / 2**octave * (0.75 + 0.5 * rng.random(waves))
        wave = np.stack([np.cos(angle), np.sin(angle)]) * (2 * np.pi / length)
        total += height * np.cos(points @ wave + phase).sum(axis=1) * np.sqrt(2 / waves)
        power += height**2
    return np.asarray(total / np.sqrt(power))


def grow() -> Land:
    """The whole land from nothing but `SEED`."""
    rivers = shapely.MultiLineString([meander(course, f"river {i}") for i, course in enumerate((MAIN_RIVER, *STREAMS))])
    cells = scatter(rivers)
    diagram = Voronoi(cells)
    ridges = np.sort(diagram.ridge_points.astype(np.int64), axis=1)
    edges = np.array(diagram.ridge_vertices, dtype=np.int64)
    order = np.lexsort((ridges[:, 1], ridges[:, 0]))
    ridges, edges = ridges[order], edges[order]
    part = parts(is_land(cells, rivers), ridges)
    part[np.unique(ridges[(edges < 0).any(axis=1)])] = -1
    links = shapely.linestrings(cells[ridges])
    crossing = sum((shapely.intersects(line, links) for line in rivers.geoms), np.zeros(len(links), dtype=np.int64))
    crossing += shapely.intersects(rivers.geoms[0], links)
    return Land(cells, diagram.vertices, ridges, edges, part, elevation(cells, rivers), crossing, rivers)


def meander(course: Sequence[tuple[float, float]], step: str) -> shapely.LineString:
    """A hand-drawn course with a river's windings."""
    line = shapely.segmentize(shapely.LineString(course), 0.15)
    points = shapely.get_coordinates(line)
    bend = np.stack([fractal(points, f"{step} {axis}", 4.5, 4) for axis in "xy"], axis=1)
    return shapely.simplify(shapely.LineString(points + 0.45 * bend), 0.03)


def is_land(points: Floats, rivers: shapely.MultiLineString) -> NDArray[np.bool_]:
    """Inside the hand-drawn outline, seen through a warp that frays the coast; not in the estuary."""
    warp = np.stack([fractal(points, f"coast {axis}", 9.0, 6, 0.66) for axis in "xy"], axis=1)
    outline = shapely.MultiPolygon([shapely.Polygon(ring) for ring in (MAINLAND, *ISLANDS)])
    shapely.prepare(outline)
    # A land border follows ridges in long lines; only the sea gnaws.
    seaward = away(points, shapely.LineString(MAINLAND[21:])) - away(points, shapely.LineString(COAST))
    x, y = (points + (0.3 + 0.65 / (1 + np.exp(-seaward)))[:, None] * warp).T
    mouth = away(points, rivers.geoms[0]) < 0.55 * np.clip((points[:, 1] - 21.5) / 4, 0, 1)
    return np.asarray(shapely.contains_xy(outline, x, y) & ~mouth)


def away(points: Floats, shape: shapely.Geometry) -> Floats:
    """Kilometres to the nearest point of a line, to 50 m."""
    near = shapely.get_coordinates(shapely.segmentize(shape, 0.1))
    return np.asarray(KDTree(near).query(points)[0])


def elevation(points: Floats, rivers: shapely.MultiLineString) -> Floats:
    """0 at the coast, about 1 at the far ridge, with valleys along the rivers."""
    inland = np.clip(away(points, shapely.LineString(COAST)) / 24, 0, 1)
    valley = np.exp(-((away(points, rivers) / 2.2) ** 2))
    hills = 0.5 + 0.5 * np.tanh(fractal(points, "hills", 14.0, 4))
    return np.asarray(np.clip(inland * (0.45 + 0.75 * hills) * (1 - 0.45 * valley), 0, 1.2))


def crowding(points: Floats, rivers: shapely.MultiLineString) -> Floats:
    """Villages per km²: a town, a settled plain and valley, empty hills."""
    town = np.exp(-((np.hypot(*(points - TOWN).T) / 2.6) ** 2))
    suburb = np.exp(-((np.hypot(*(points - TOWN).T) / 6.5) ** 2))
    valley = np.exp(-((away(points, rivers) / 2.0) ** 2))
    island = np.exp(-((away(points, shapely.MultiPoint([xy for ring in ISLANDS for xy in ring])) / 2.0) ** 2))
    plain = np.exp(-2.6 * elevation(points, rivers))
    uneven = np.exp(0.35 * fractal(points, "crowding", 11.0, 3))
    return np.asarray((0.028 + 0.075 * plain + 0.05 * valley + 0.11 * island + 0.16 * suburb + 1.4 * town) * uneven)


def scatter(rivers: shapely.MultiLineString) -> Floats:
    """Points as dense as people live, evened out by two rounds of Lloyd's relaxation."""
    rng, (west, south, east, north) = stream("cells"), BOX
    anywhere = rng.random((110_000, 2)) * (east - west, north - south) + (west, south)
    tried = np.concatenate([anywhere, rng.standard_normal((40_000, 2)) * 4.0 + TOWN])
    near = np.exp(-(((tried - TOWN) ** 2).sum(axis=1) / 32)) / (32 * np.pi)
    per_try = crowding(tried, rivers) / (110_000 / ((east - west) * (north - south)) + 40_000 * near)
    share = per_try / per_try[is_land(tried, rivers)].sum() * VILLAGES * CELLS_PER_VILLAGE
    cells = tried[rng.random(len(tried)) < share]
    for _ in range(2):
        diagram = Voronoi(cells)
        owner = np.concatenate([diagram.ridge_points[:, 0], diagram.ridge_points[:, 1]]).repeat(2)
        corner = np.tile(np.array(diagram.ridge_vertices), (2, 1)).ravel()
        inside = corner >= 0
        corners = np.clip(diagram.vertices[corner[inside]], (west, south), (east, north))
        count = np.maximum(np.bincount(owner[inside], minlength=len(cells)), 1)
        cells = np.stack([np.bincount(owner[inside], axis, len(cells)) / count for axis in corners.T], axis=1)
    return np.asarray(cells)


def parts(land: NDArray[np.bool_], ridges: Ints) -> Ints:
    """Which part of the land each cell is; lagoons are filled, rocks of fewer than 5 cells are left to the sea."""
    _, water = pieces(~land, ridges)
    land = land | (water > 0)
    count, piece = pieces(land, ridges)
    part = np.where(piece < 0, -1, np.minimum(piece, 3))
    for rock in range(3, count):
        if (piece == rock).sum() < 5:
            part[piece == rock] = -1
    return np.asarray(part, dtype=np.int64)


def pieces(members: NDArray[np.bool_], ridges: Ints) -> tuple[int, Ints]:
    """Connected pieces of the member cells, numbered from the largest; -1 for the others."""
    inside = ridges[members[ridges].all(axis=1)]
    graph = csr_array((np.ones(len(inside)), (inside[:, 0], inside[:, 1])), shape=(len(members), len(members)))
    _, label = connected_components(graph, directed=False)
    names, count = np.unique(label[members], return_counts=True)
    rank = np.full(label.max() + 1, -1)
    rank[names[np.argsort(-count, kind="stable")]] = np.arange(len(names))
    return len(names), np.where(members, rank[label], -1).astype(np.int64)
