"""Eighteen kecamatan and their villages, grown cell by cell so that borders follow rivers and rough ground."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import KDTree

from lokus.demo.land import TOWN, VILLAGES, Floats, Ints, Land, fractal, pieces, stream


class Kecamatan(NamedTuple):
    """A kecamatan: its name, where it began, and what its villages are called after."""

    name: str
    x: float
    y: float
    flavour: str


KECAMATAN = (
    Kecamatan("Kota Kirana", 27.0, 22.2, "town"),
    Kecamatan("Kirana Timur", 31.8, 23.6, "town"),
    Kecamatan("Muara Rambai", 23.5, 26.5, "coast"),
    Kecamatan("Tanjung Layar", 16.0, 40.0, "coast"),
    Kecamatan("Karang Senja", 13.5, 32.0, "coast"),
    Kecamatan("Pasir Putih", 6.5, 24.5, "coast"),
    Kecamatan("Kuala Jelai", 5.0, 15.5, "coast"),
    Kecamatan("Batu Ampar", 6.5, 8.0, "hills"),
    Kecamatan("Padang Lestari", 14.0, 20.5, "plain"),
    Kecamatan("Gunung Serindit", 15.5, 9.0, "hills"),
    Kecamatan("Talang Seberang", 27.0, 7.5, "hills"),
    Kecamatan("Lubuk Pandan", 24.0, 15.5, "river"),
    Kecamatan("Ulu Rambai", 46.0, 11.0, "hills"),
    Kecamatan("Ilir Rambai", 38.0, 20.5, "river"),
    Kecamatan("Bukit Kencana", 55.0, 19.5, "hills"),
    Kecamatan("Pantai Cempaka", 40.5, 30.5, "coast"),
    Kecamatan("Simpang Raya", 53.0, 31.0, "plain"),
    Kecamatan("Kepulauan Selasih", 30.0, 42.0, "island"),
)
ENCLAVE_OF, ENCLAVE_IN, ENCLAVE_SIZE = "Padang Lestari", "Gunung Serindit", 0.62


def draw(land: Land) -> tuple[Ints, pd.DataFrame]:
    """Each cell's village (-1 in the sea) and a row for each village: kecamatan (its place in `KECAMATAN`), x and y
    (km), height, seat (of its kecamatan), kelurahan."""
    graph = roads(land)
    kecamatan = divide(land, graph)
    village = np.full(len(land.cells), -1)
    quota = apportion(np.bincount(kecamatan[kecamatan >= 0], minlength=len(KECAMATAN)), VILLAGES - 1)
    for k, count in enumerate(quota):
        for cells, seeds in shares(land, np.flatnonzero(kecamatan == k), int(count)):
            village[cells] = village.max() + 1 + settle(land, graph, cells, seeds, rounds=3)
    home = np.array([kecamatan[village == v][0] for v in range(village.max() + 1)])
    village, home = enclave(land, village, home)
    islets, known = np.flatnonzero(land.part == 3), np.flatnonzero(village >= 0)
    _, piece = pieces(land.part == 3, land.ridges)
    for p in np.unique(piece[islets]):
        middle = land.cells[piece == p].mean(axis=0)
        village[piece == p] = village[known[np.hypot(*(land.cells[known] - middle).T).argmin()]]
    return village, describe(land, village, home)


def roads(land: Land) -> csr_array:
    """The effort of going from a land cell to the next: one step, more on rough ground, much more over a river."""
    stones = stream("rough").standard_normal(len(land.cells))
    rough = np.exp(0.45 * fractal(land.cells, "rough", 5.0, 5) + 0.25 * stones)
    passable = (land.part[land.ridges] >= 0).all(axis=1)
    a, b = land.ridges[passable].T
    effort = (rough[a] + rough[b]) / 2 + 9.0 * land.crossing[passable]
    size = len(land.cells)
    return csr_array((np.tile(effort, 2), (np.concatenate([a, b]), np.concatenate([b, a]))), shape=(size, size))


def divide(land: Land, graph: csr_array) -> Ints:
    """Each land cell's kecamatan: the islands are one; the mainland grows from the hand-placed beginnings."""
    kecamatan = np.where((land.part == 1) | (land.part == 2), len(KECAMATAN) - 1, -1)
    mainland = np.flatnonzero(land.part == 0)
    places = np.array([(k.x, k.y) for k in KECAMATAN[:-1]])
    seeds = np.array([np.hypot(*(land.cells[mainland] - place).T).argmin() for place in places])
    kecamatan[mainland] = settle(land, graph, mainland, seeds, rounds=4)
    return np.asarray(kecamatan)


def shares(land: Land, cells: Ints, count: int) -> list[tuple[Ints, Ints]]:
    """The connected lots of a kecamatan's cells, each with as many random beginnings as it is to have villages."""
    rng = stream(f"villages {cells[0]}")
    lots = [cells[land.part[cells] == p] for p in np.unique(land.part[cells])]
    counts = apportion(np.array([len(lot) for lot in lots]), count)
    return [(lot, rng.choice(len(lot), size=int(n), replace=False)) for lot, n in zip(lots, counts, strict=True)]


def settle(land: Land, graph: csr_array, cells: Ints, seeds: Ints, rounds: int) -> Ints:
    """Each cell goes to the beginning it reaches with least effort; the beginnings then move to their middles."""
    inner = graph[cells][:, cells]
    for again in range(rounds + 1):
        _, _, source = dijkstra(inner, indices=seeds, min_only=True, return_predecessors=True)
        owner = np.searchsorted(np.sort(seeds), source)
        owner = np.argsort(seeds)[owner]
        if again == rounds:
            break
        for s in range(len(seeds)):
            own = np.flatnonzero(owner == s)
            middle = land.cells[cells[own]].mean(axis=0)
            seeds[s] = own[np.hypot(*(land.cells[cells[own]] - middle).T).argmin()]
    return np.asarray(owner)


def apportion(sizes: Ints, total: int) -> Ints:
    """`total` split in proportion to `sizes` by largest remainders, never to 0."""
    exact = sizes / sizes.sum() * total
    counts = np.maximum(np.floor(exact).astype(np.int64), 1)
    short = total - counts.sum()
    counts[np.argsort(counts - exact, kind="stable")[:short]] += 1
    return np.asarray(counts)


def enclave(land: Land, village: Ints, home: Ints) -> tuple[Ints, Ints]:
    """One more village wholly inside another one of a different kecamatan: an old transmigration settlement."""
    names = [k.name for k in KECAMATAN]
    differs = village[land.ridges[:, 0]] != village[land.ridges[:, 1]]
    depth = KDTree(land.cells[np.unique(land.ridges[differs])]).query(land.cells)[0]
    depth[(village < 0) | (np.append(home, -1)[village] != names.index(ENCLAVE_IN))] = 0
    heart = int(np.argmax(depth))
    away = np.hypot(*(land.cells - land.cells[heart]).T) * np.exp(0.17 * fractal(land.cells, "enclave", 2.5))
    village = np.where((village == village[heart]) & (away < ENCLAVE_SIZE * depth[heart]), len(home), village)
    return village, np.append(home, names.index(ENCLAVE_OF))


def describe(land: Land, village: Ints, home: Ints) -> pd.DataFrame:
    """What the naming and the counting need to know of each village."""
    own = village[village >= 0]
    cells = np.bincount(own)

    def mean(values: Floats) -> Floats:
        return np.asarray(np.bincount(own, values[village >= 0]) / cells)

    rows = pd.DataFrame({"kecamatan": home, "x": mean(land.cells[:, 0]), "y": mean(land.cells[:, 1])})
    rows["height"] = mean(land.height)
    start = np.array([(k.x, k.y) for k in KECAMATAN])[home]
    away = pd.Series(np.hypot(rows["x"] - start[:, 0], rows["y"] - start[:, 1]))
    rows["seat"] = away.groupby(home).rank() == 1
    place = np.array([k.name for k in KECAMATAN])[home]
    urban = np.hypot(rows["x"] - TOWN[0], rows["y"] - TOWN[1]) < 2.4
    rows["kelurahan"] = (
        (place == "Kota Kirana")
        | (np.isin(place, ("Kirana Timur", "Lubuk Pandan")) & urban)
        | (np.isin(place, ("Lubuk Pandan", "Tanjung Layar", "Pantai Cempaka")) & rows["seat"])
    )
    return rows
