"""Who is whose neighbour, on village layers as they really are: overlapping, with slivers, with islands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from lokus.methods.workers import spread

if TYPE_CHECKING:
    from geopandas import GeoSeries

Pairs = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]
Shapes = npt.NDArray[np.object_]
Islands = Literal["nearest", "alone"]

# The strongest stands last in the alphabet: touch, near, ferry; within, ferry; nearest.
EVIDENCE = ("touch", "near", "ferry", "within", "nearest")
# Pairs of a distance band: beyond this the memory, not the map, decides.
MOST_PAIRS = 5_000_000


@dataclass(frozen=True, slots=True)
class Nearness:
    """What makes two villages neighbours: `by` a name of `NEIGHBOURS`, and what it looks at. Lengths in metres."""

    by: Literal["queen", "rook", "knn", "distance"] = "queen"
    near_m: float = 100.0
    border_m: float = 100.0
    k: int = 6
    distance_m: float = 10_000.0
    islands: Islands = "nearest"


def neighbours(geometry: GeoSeries, nearness: Nearness) -> pd.DataFrame:
    """Neighbouring villages by the way that is chosen: `contiguity` (queen, rook), `nearest` or `within`.

    :param geometry: village polygons in a projected CRS in metres, unique index; None and empty have no neighbours.
    :returns: as `contiguity`. :raises ValueError: as that way does.
    """
    return NEIGHBOURS[nearness.by](geometry, nearness)


def contiguity(
    geometry: GeoSeries, *, near_m: float = 100.0, border_m: float = 0.0, islands: Islands = "nearest"
) -> pd.DataFrame:
    """Neighbouring villages, each pair with the evidence it rests on.

    `touch`: the polygons share a border, a corner or an overlap. `near`: a sliver, a road or a river of at most
    `near_m` lies between. `ferry`: a village with neither is tied to its nearest village, both ways. Any contact
    counts (queen), or only a border of at least `border_m`, as `border_lengths` measures it (rook).

    :param geometry: village polygons in a projected CRS in metres, unique index; None and empty have no neighbours.
    :param near_m: metres, ≥ 0. :param border_m: metres, ≥ 0; 0 = queen.
    :param islands: "nearest" makes ferry pairs (of equally near villages the first in code order); "alone" none.
    :returns: index (`focal`, `neighbor`) sorted, every pair in both directions, no village its own neighbour;
        `weight` 1.0, `evidence` of `EVIDENCE`. Villages alone have no row.
    :raises ValueError: the CRS is missing or not in metres, the index repeats, or an option is out of range.

    Source: Cliff & Ord 1981, ch. 1 (contiguity); measured gaps of the national layer: DOMAIN 4.6.
    """
    shapes, codes = _present(geometry, near_m=near_m, border_m=border_m, islands=islands)
    tree = shapely.STRtree(shapes)
    touch, near = _close_pairs(shapes, tree, near_m)
    if border_m > 0:
        touch, near = (pairs[:, border_lengths(shapes, pairs, near_m) >= border_m] for pairs in (touch, near))
    found = {"touch": touch, "near": near}
    if islands == "nearest":
        found["ferry"] = _ferry_pairs(shapes, tree, np.concatenate([touch, near], axis=1))
    return _both_ways(codes, found)


def nearest(geometry: GeoSeries, *, k: int) -> pd.DataFrame:
    """The k villages whose inner points are nearest; who is near counts as a neighbour in turn.

    Villages exactly as far as the k-th count too, so that no order of rows decides.

    :param geometry: as `contiguity`. :param k: ≥ 1; fewer villages than that are all neighbours.
    :returns: as `contiguity`, `evidence` "nearest": at least k neighbours each.
    :raises ValueError: as `contiguity`.
    """
    shapes, codes = _present(geometry, k=k)
    points = inner_points(shapes)
    among = min(k, len(points) - 1)
    if among < 1:
        return _both_ways(codes, {"nearest": np.empty((2, 0), dtype=np.intp)})
    tree = cKDTree(points)
    reach = tree.query(points, k=among + 1)[0][:, among]
    near = tree.query_ball_point(points, reach * (1 + 1e-12))
    ends = np.stack([np.repeat(np.arange(len(points)), [len(n) for n in near]), np.concatenate(near).astype(np.intp)])
    ends = np.sort(ends[:, ends[0] != ends[1]], axis=0)
    return _both_ways(codes, {"nearest": np.unique(ends, axis=1)})


def within(geometry: GeoSeries, *, distance_m: float, islands: Islands = "nearest") -> pd.DataFrame:
    """Villages whose inner points are at most `distance_m` apart.

    :param geometry: as `contiguity`. :param distance_m: metres, > 0. :param islands: as `contiguity`.
    :returns: as `contiguity`, `evidence` "within" | "ferry".
    :raises ValueError: as `contiguity`, or for more than `MOST_PAIRS` pairs.
    """
    if pairs_within(geometry, distance_m) > MOST_PAIRS:
        raise ValueError(f"more than {MOST_PAIRS:,} pairs are within {distance_m:,.0f} m: take a shorter distance_m")
    shapes, codes = _present(geometry, distance_m=distance_m, islands=islands)
    points = inner_points(shapes)
    tree = cKDTree(points) if len(points) else None
    pairs = tree.query_pairs(distance_m, output_type="ndarray").T if tree else np.empty((2, 0))
    found = {"within": np.sort(pairs.astype(np.intp), axis=0)}
    if islands == "nearest":
        alone = np.setdiff1d(np.arange(len(points)), found["within"])
        found["ferry"] = _nearest_points(points, tree, alone) if len(alone) and tree else np.empty((2, 0), np.intp)
    return _both_ways(codes, found)


def pairs_within(geometry: GeoSeries, distance_m: float) -> int:
    """How many pairs of villages `within` would make. Parameters and errors as there."""
    points = inner_points(_present(geometry, distance_m=distance_m)[0])
    if not len(points):
        return 0
    tree = cKDTree(points)
    return (int(tree.count_neighbors(tree, distance_m)) - len(points)) // 2


NEIGHBOURS: Mapping[str, Callable[[GeoSeries, Nearness], pd.DataFrame]] = {
    "queen": lambda g, n: contiguity(g, near_m=n.near_m, islands=n.islands),
    "rook": lambda g, n: contiguity(g, near_m=n.near_m, border_m=n.border_m, islands=n.islands),
    "knn": lambda g, n: nearest(g, k=n.k),
    "distance": lambda g, n: within(g, distance_m=n.distance_m, islands=n.islands),
}


def inner_points(shapes: Shapes) -> Floats:
    """A point inside each polygon, x and y: a centroid may lie in the neighbour's land. NaN where there is none.

    :param shapes: polygons, shape (n,). :returns: shape (n, 2), in the polygons' units.
    """
    points = shapely.point_on_surface(shapes)
    return np.stack([shapely.get_x(points), shapely.get_y(points)], axis=1)


def border_lengths(shapes: Shapes, pairs: Pairs, near_m: float) -> Floats:
    """How long two villages border each other, over slivers and overlaps: metres for each pair.

    The outline of one that lies within `near_m` of the other, or inside it, less the 2 `near_m` that a mere corner
    would have; of the two outlines the longer. On a clean coverage with `near_m` 0 it is the shared border.

    :param shapes: polygons in metres, shape (n,). :param pairs: shape (2, m), places in `shapes`.
    :returns: shape (m,), ≥ 0.
    """
    used, places = np.unique(pairs, return_inverse=True)
    first, second = places.reshape(pairs.shape)
    outlines = shapely.boundary(shapes[used])
    with np.errstate(invalid="ignore"):  # GEOS, of rings without an area
        lands = shapely.buffer(shapes[used], near_m, quad_segs=4) if near_m else shapely.make_valid(shapes[used])

    def along(of: Pairs, other: Pairs) -> Floats:
        return shapely.length(shapely.intersection(outlines[of], lands[other])).astype(float)

    longest = np.maximum(spread(along, first, second), spread(along, second, first))
    return np.maximum(longest - 2 * near_m, 0.0)


def to_graph(adjacency: pd.DataFrame, ids: Iterable[str]) -> Any:
    """The neighbours as a `libpysal.graph.Graph` over all `ids`, villages without neighbours as isolates.

    :param adjacency: as `contiguity` returns it.
    :param ids: all villages, in the order the graph shall have.
    :returns: `libpysal.graph.Graph` with binary weights; needs libpysal.
    :raises ValueError: the neighbours name a village that `ids` does not have.
    """
    from libpysal.graph import Graph

    codes = pd.Index(ids)
    focal, neighbor = (codes.get_indexer(adjacency.index.get_level_values(level)) for level in (0, 1))
    if (focal < 0).any() or (neighbor < 0).any():
        raise ValueError("the adjacency names villages that are not among ids")
    alone = np.setdiff1d(np.arange(len(codes)), focal)
    focal, neighbor = np.concatenate([focal, alone]), np.concatenate([neighbor, alone])
    weight = np.concatenate([adjacency["weight"].to_numpy(dtype=float), np.zeros(len(alone))])
    order = np.lexsort((neighbor, focal))
    index = pd.MultiIndex(levels=[codes, codes], codes=[focal[order], neighbor[order]], names=["focal", "neighbor"])
    return Graph(pd.Series(weight[order], index=index, name="weight"), is_sorted=True)


def _present(geometry: GeoSeries, **options: Any) -> tuple[Shapes, Shapes]:
    """The polygons there are and their codes, in code order; refuses what cannot be measured."""
    if geometry.crs is None or geometry.crs.axis_info[0].unit_name != "metre":
        raise ValueError(f"distances need a projected CRS in metres, not {geometry.crs}: use geometry.to_crs(...)")
    if not geometry.index.is_unique:
        raise ValueError("a village code stands twice in the index")
    for name in ("near_m", "border_m"):
        if not 0 <= options.get(name, 0) < np.inf:
            raise ValueError(f"{name} is a length in metres, not {options[name]!r}")
    if not 0 < options.get("distance_m", 1) < np.inf:
        raise ValueError(f"distance_m is a distance in metres, not {options['distance_m']!r}")
    if options.get("k", 1) < 1:
        raise ValueError(f"k is a number of villages, at least 1, not {options['k']!r}")
    if options.get("islands", "alone") not in ("nearest", "alone"):
        raise ValueError(f"islands is 'nearest' or 'alone', not {options['islands']!r}")
    ordered = geometry.sort_index()
    shapes, codes = ordered.to_numpy(), ordered.index.to_numpy()
    present = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    return shapes[present], codes[present]


def _both_ways(codes: Shapes, found: Mapping[str, Pairs]) -> pd.DataFrame:
    """The pairs of each evidence (each pair once) as the table of neighbours."""
    pairs = list(found.values())
    both = np.concatenate([np.concatenate([p, p[::-1]], axis=1) for p in pairs], axis=1)
    evidence = np.repeat(list(found), [2 * p.shape[1] for p in pairs])
    order = np.lexsort((both[1], both[0]))
    focal, neighbor = both[:, order]
    index = pd.MultiIndex.from_arrays([codes[focal], codes[neighbor]], names=["focal", "neighbor"])
    return pd.DataFrame({"weight": 1.0, "evidence": pd.array(evidence[order], dtype="str")}, index=index)


def _close_pairs(shapes: Shapes, tree: shapely.STRtree, near_m: float) -> tuple[Pairs, Pairs]:
    """Touching and near pairs (first < second). Each pair is looked at once, which halves a `dwithin` query."""
    left, below, right, above = shapely.bounds(shapes).T
    first, second = tree.query(shapely.box(left - near_m, below - near_m, right + near_m, above + near_m))
    once = first < second
    first, second = first[once], second[once]
    shapely.prepare(shapes)
    touch = shapely.intersects(shapes[first], shapes[second])
    apart = np.flatnonzero(~touch)
    near = apart[shapely.dwithin(shapes[first[apart]], shapes[second[apart]], near_m)]
    return np.stack([first[touch], second[touch]]), np.stack([first[near], second[near]])


def _ferry_pairs(shapes: Shapes, tree: shapely.STRtree, known: Pairs) -> Pairs:
    """The nearest village of each one without neighbours, once where two choose each other."""
    alone = np.setdiff1d(np.arange(len(shapes)), known)
    island, nearest = tree.query_nearest(shapes[alone], exclusive=True)
    return _tied(alone[island], nearest)


def _nearest_points(points: Floats, tree: cKDTree, alone: Pairs) -> Pairs:
    """The same by inner points; alone are villages at places of their own."""
    if len(points) < 2:
        return np.empty((2, 0), dtype=np.intp)
    reach = tree.query(points[alone], k=2)[0][:, 1]
    near = tree.query_ball_point(points[alone], reach * (1 + 1e-12))
    island, other = np.repeat(alone, [len(n) for n in near]), np.concatenate(near).astype(np.intp)
    return _tied(island[island != other], other[island != other])


def _tied(island: Pairs, nearest: Pairs) -> Pairs:
    """Each island with the first of its nearest, a pair once."""
    found = pd.DataFrame({"island": island, "nearest": nearest}).groupby("island")["nearest"].min()
    ends = np.sort(np.stack([found.index.to_numpy(dtype=np.intp), found.to_numpy(dtype=np.intp)]), axis=0)
    return np.unique(ends, axis=1)
