"""Who is whose neighbour, on village layers as they really are: overlapping, with slivers, with islands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

if TYPE_CHECKING:
    from geopandas import GeoSeries

Pairs = npt.NDArray[np.intp]

EVIDENCE = ("touch", "near", "ferry")


def contiguity(
    geometry: GeoSeries, *, near_m: float = 100.0, islands: Literal["nearest", "alone"] = "nearest"
) -> pd.DataFrame:
    """Neighbouring villages, each pair with the evidence it rests on.

    `touch`: the polygons share a border, a corner or an overlap (queen contiguity; on layers that are no coverage a
    shared corner and a shared border cannot be told apart, so any contact counts). `near`: a sliver, a road or a river
    of at most `near_m` lies between. `ferry`: a village with neither is tied to its nearest village, both ways.

    :param geometry: village polygons in a projected CRS in metres, unique index; None and empty have no neighbours.
    :param near_m: metres, ≥ 0.
    :param islands: "nearest" makes ferry pairs (of equally near villages the first in code order); "alone" none.
    :returns: index (`focal`, `neighbor`) sorted, every pair in both directions, no village its own neighbour;
        `weight` 1.0, `evidence` "touch" | "near" | "ferry". Villages alone have no row.
    :raises ValueError: the CRS is missing or not in metres, the index repeats, or an option is out of range.

    Source: Cliff & Ord 1981, ch. 1 (contiguity); measured gaps of the national layer: DOMAIN 4.6.
    """
    _check(geometry, near_m, islands)
    ordered = geometry.sort_index()
    codes = ordered.index.to_numpy()
    shapes = ordered.to_numpy()
    present = np.flatnonzero(~(shapely.is_missing(shapes) | shapely.is_empty(shapes)))
    shapes, codes = shapes[present], codes[present]
    tree = shapely.STRtree(shapes)
    touch, near = _close_pairs(shapes, tree, near_m)
    pairs = [touch, near]
    if islands == "nearest":
        pairs.append(_ferry_pairs(shapes, tree, np.concatenate(pairs, axis=1)))
    both = np.concatenate([np.concatenate([p, p[::-1]], axis=1) for p in pairs], axis=1)
    evidence = np.repeat(EVIDENCE[: len(pairs)], [2 * p.shape[1] for p in pairs])
    order = np.lexsort((both[1], both[0]))
    focal, neighbor = both[:, order]
    index = pd.MultiIndex.from_arrays([codes[focal], codes[neighbor]], names=["focal", "neighbor"])
    return pd.DataFrame({"weight": 1.0, "evidence": pd.array(evidence[order], dtype="str")}, index=index)


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


def _check(geometry: GeoSeries, near_m: float, islands: str) -> None:
    if geometry.crs is None or geometry.crs.axis_info[0].unit_name != "metre":
        raise ValueError(f"distances need a projected CRS in metres, not {geometry.crs}: use geometry.to_crs(...)")
    if not geometry.index.is_unique:
        raise ValueError("a village code stands twice in the index")
    if not near_m >= 0:
        raise ValueError(f"near_m is a distance in metres, not {near_m!r}")
    if islands not in ("nearest", "alone"):
        raise ValueError(f"islands is 'nearest' or 'alone', not {islands!r}")


def _close_pairs(shapes: npt.NDArray[np.object_], tree: shapely.STRtree, near_m: float) -> tuple[Pairs, Pairs]:
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


def _ferry_pairs(shapes: npt.NDArray[np.object_], tree: shapely.STRtree, known: Pairs) -> Pairs:
    """The nearest village of each one without neighbours, once where two choose each other."""
    alone = np.setdiff1d(np.arange(len(shapes)), known)
    island, nearest = tree.query_nearest(shapes[alone], exclusive=True)
    found = pd.DataFrame({"island": alone[island], "nearest": nearest}).groupby("island")["nearest"].min()
    ends = np.sort(np.stack([found.index.to_numpy(dtype=np.intp), found.to_numpy(dtype=np.intp)]), axis=0)
    return np.unique(ends, axis=1)
