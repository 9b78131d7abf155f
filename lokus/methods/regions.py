"""Work areas: villages side by side that lack much the same, none smaller than the least that is worth a trip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, depth_first_order, minimum_spanning_tree

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Criterion = Literal["squares", "distances"]


@dataclass(frozen=True, slots=True)
class Regions:
    """Work areas. `labels`: Int64, 1 … `made` by their first village in code order, 0 = in no area (`alone`: tied to
    too few villages for one). `explained`: share of the sum of squares of the others that lies between areas; NaN where
    they do not differ.
    """

    labels: pd.Series
    made: int
    explained: float
    alone: tuple[str, ...]


def regions(
    z: pd.DataFrame, adjacency: pd.DataFrame, *, how: str = "ward", count: int, least_members: int = 1
) -> Regions:
    """Divides villages into connected work areas that are as alike inside as can be.

    A value that a village lacks is the mean of its neighbours' for this alone (0 where they have none): an area has no
    holes. Villages tied to fewer than `least_members` are in no area.

    :param z: villages × indicators in standard deviations, NaN = no data; unique index.
    :param adjacency: as `spatial.contiguity` returns it; pairs with villages that `z` has not are left out.
    :param how: "ward" or "skater". :param count: of areas, ≥ 1; where islands or the least size allow no such number
        the nearest that they do. :param least_members: ≥ 1.
    :returns: `Regions` on the index of `z`, the same whatever the order of rows.
    :raises ValueError: an option out of range, or a village twice.

    Source: Assunção, Neves, Câmara & da Costa Freitas 2006 (SKATER); Murtagh 1985 (contiguity-constrained Ward).
    """
    if how not in REGIONALISERS or count < 1 or least_members < 1:
        raise ValueError(f"how in {tuple(REGIONALISERS)}, count and least_members ≥ 1, not {how, count, least_members}")
    if not z.index.is_unique:
        raise ValueError("a village code stands twice in the index")
    ordered = z.sort_index()
    links = _links(ordered.index, adjacency)
    values = _filled(ordered.to_numpy(dtype=float), links)
    _, island = connected_components(_tie(links, len(values)), directed=False)
    alone = np.bincount(island, minlength=1)[island] < least_members
    place = np.cumsum(~alone) - 1
    inside = place[links[~alone[links[:, 0]]]]
    _, number = np.unique(REGIONALISERS[how](values[~alone], inside, count, least_members), return_inverse=True)
    labels = pd.Series(0, index=ordered.index, dtype="Int64")
    labels[~alone] = number + 1
    return Regions(
        labels.reindex(z.index).rename("area"),
        int(number.max(initial=-1)) + 1,
        explained(ordered[~alone], labels[~alone]),
        tuple(ordered.index[alone]),
    )


def explained(z: pd.DataFrame, group: pd.Series) -> float:
    """Share of the sum of squares of `z` (villages × indicators, NaN left out) that lies between the groups (R²).

    :param group: of each village, in the order of `z`. :returns: 0–1; NaN where villages do not differ.
    """
    total = float(((z - z.mean()) ** 2).sum().sum())
    inside = float(((z - z.groupby(group.to_numpy()).transform("mean")) ** 2).sum().sum()) if len(z) else 0.0
    return 1 - inside / total if total > 1e-12 else float("nan")


def ward(values: Floats, links: Ints, count: int, least_members: int = 1) -> Ints:
    """Merges neighbours, the pair first that adds least to the squares within: n_a n_b / (n_a + n_b) ‖m_a − m_b‖².

    While an area has fewer than `least_members`, only pairs with such a one are merged; then all, down to `count`.
    Where that leaves fewer than `count`, pairs of two such come first, if that leaves more.

    :param values: (n × k), no NaN. :param links: (m × 2) places of neighbours.
    :returns: (n,) each village's area, by the place of the area's first village.
    """
    found = _merged(values, links, count, least_members, pairs_first=False)
    if len(np.unique(found)) >= count:
        return found
    other = _merged(values, links, count, least_members, pairs_first=True)
    return max(found, other, key=lambda areas: len(np.unique(areas)))


def _merged(values: Floats, links: Ints, count: int, least_members: int, *, pairs_first: bool) -> Ints:
    around: list[set[int]] = [set() for _ in values]
    for a, b in links.tolist():
        around[a].add(b)
        around[b].add(a)
    means, members, alive = list(values), [[v] for v in range(len(values))], [True] * len(values)

    def pair(a: int, b: int) -> tuple[int, float, int, int]:
        m, n, apart = len(members[a]), len(members[b]), means[a] - means[b]
        large = (m >= least_members) + (n >= least_members)
        turn = large if pairs_first else large // 2
        return turn, m * n / (m + n) * float(apart @ apart), min(a, b), max(a, b)

    heap = [pair(a, b) for a in range(len(values)) for b in around[a] if a < b]
    heapify(heap)
    areas = len(values)
    while heap:
        _, _, a, b = heappop(heap)
        if not (alive[a] and alive[b]):
            continue
        m, n, new = len(members[a]), len(members[b]), len(members)
        if min(m, n) >= least_members and areas <= count:
            break
        means.append((m * means[a] + n * means[b]) / (m + n))
        members.append(members[a] + members[b])
        around.append((around[a] | around[b]) - {a, b})
        alive[a] = alive[b] = False
        alive.append(True)
        areas -= 1
        for c in around[new]:
            around[c] = around[c] - {a, b} | {new}
            heappush(heap, pair(c, new))
    within = np.arange(len(values))
    for own in (own for own, lives in zip(members, alive, strict=True) if lives):
        within[own] = min(own)
    return within


def skater(values: Floats, links: Ints, count: int, least_members: int = 1, criterion: Criterion = "squares") -> Ints:
    """Cuts the minimum spanning tree of the neighbours, each time where the areas become most alike inside.

    No cut leaves fewer than `least_members`. A tree costs the sum of its villages' squared distances to their mean
    ("squares", as published), or of the distances ("distances", as R's spdep).

    :param values, links: as `ward`.
    :returns: (n,) each village's area, by the place of the area's first village.

    Source: Assunção et al. 2006; spdep 1.2-7 (Bivand), `skater`.
    """
    parent, orders = _trees(values, links)
    cuts = [_best_cut(values, parent, order, least_members, criterion) for order in orders]
    while len(orders) < count:
        best = max(range(len(cuts)), key=lambda t: cuts[t][0], default=-1)
        if best < 0 or cuts[best][0] == -np.inf:
            break
        _, start, size = cuts[best]
        order = orders[best]
        parts = [np.concatenate([order[:start], order[start + size :]]), order[start : start + size]]
        parent[order[start]] = -1
        orders[best : best + 1] = parts
        cuts[best : best + 1] = [_best_cut(values, parent, part, least_members, criterion) for part in parts]
    within = np.zeros(len(values), dtype=np.intp)
    for order in orders:
        within[order] = order.min()
    return within


REGIONALISERS: dict[str, Callable[[Floats, Ints, int, int], Ints]] = {"ward": ward, "skater": skater}


def _links(codes: pd.Index, adjacency: pd.DataFrame) -> Ints:
    """The neighbours as places in `codes`, each pair once."""
    focal, neighbor = (codes.get_indexer(adjacency.index.get_level_values(level)) for level in (0, 1))
    known = (focal >= 0) & (neighbor >= 0) & (focal != neighbor)
    ends = np.sort(np.stack([focal[known], neighbor[known]], axis=1), axis=1)
    return np.unique(ends, axis=0).astype(np.intp)


def _tie(links: Ints, n: int) -> csr_array:
    """The neighbours as a symmetric matrix of ones."""
    one, other = np.concatenate([links, links[:, ::-1]]).T
    return coo_array((np.ones(len(one)), (one, other)), shape=(n, n)).tocsr()


def _filled(values: Floats, links: Ints) -> Floats:
    """Missing values by the mean of the neighbours', else 0: the mean of all."""
    tie = _tie(links, len(values))
    seen = ~np.isnan(values)
    near = tie @ seen.astype(float)
    mean = np.divide(tie @ np.where(seen, values, 0.0), near, out=np.zeros_like(values), where=near > 0)
    return np.where(seen, values, mean)


def _trees(values: Floats, links: Ints) -> tuple[Ints, list[Ints]]:
    """The minimum spanning forest: every village's parent (−1 = root), and each tree's villages, parents first and
    every branch in one run."""
    n = len(values)
    length = np.linalg.norm(values[links[:, 0]] - values[links[:, 1]], axis=1)
    # Places in the order of length instead of lengths: scipy takes a length of 0 for no edge, and ties by chance.
    rank = np.empty(len(links))
    rank[np.lexsort((links[:, 1], links[:, 0], length))] = np.arange(1, len(links) + 1)
    tree = minimum_spanning_tree(coo_array((rank, (links[:, 0], links[:, 1])), shape=(n, n)).tocsr())
    parent = np.full(n, -1, dtype=np.intp)
    orders = []
    _, component = connected_components(tree, directed=False)
    for root in np.unique(component, return_index=True)[1] if n else ():
        order, above = depth_first_order(tree, root, directed=False)
        parent[order[1:]] = above[order[1:]]
        orders.append(order.astype(np.intp))
    return parent, orders


def _best_cut(
    values: Floats, parent: Ints, order: Ints, least_members: int, criterion: Criterion
) -> tuple[float, int, int]:
    """How much the best cut of a tree gains, and the branch it takes off: its start in `order` and its length."""
    n = len(order)
    place = {v: i for i, v in enumerate(order.tolist())}
    sizes = [1] * n
    for i in range(n - 1, 0, -1):
        sizes[place[int(parent[order[i]])]] += sizes[i]
    size = np.array(sizes)
    able = np.flatnonzero((size >= least_members) & (n - size >= least_members))
    able = able[able > 0]
    if not len(able):
        return -np.inf, 0, 0
    gain = GAINS[criterion](values[order], able, size[able])
    best = int(gain.argmax())
    return float(gain[best]), int(able[best]), int(size[able[best]])


def _gain_of_squares(values: Floats, start: Ints, size: Ints) -> Floats:
    values = values - values.mean(axis=0)
    summed = np.vstack([np.zeros(values.shape[1]), values.cumsum(axis=0)])
    branch = summed[start + size] - summed[start]
    rest = len(values) - size
    apart = branch / size[:, None] - (summed[-1] - branch) / rest[:, None]
    gain: Floats = size * rest / len(values) * (apart**2).sum(axis=1)
    return gain


def _gain_of_distances(values: Floats, start: Ints, size: Ints) -> Floats:
    def spread(part: Floats) -> float:
        return float(np.linalg.norm(part - part.mean(axis=0), axis=1).sum())

    whole, gain = spread(values), []
    for s, n in zip(start.tolist(), size.tolist(), strict=True):
        gain.append(whole - spread(values[s : s + n]) - spread(np.delete(values, slice(s, s + n), axis=0)))
    return np.array(gain)


GAINS: dict[str, Callable[[Floats, Ints, Ints], Floats]] = {
    "squares": _gain_of_squares,
    "distances": _gain_of_distances,
}
