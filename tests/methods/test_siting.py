"""Choosing sites: brute force over all choices, and laws between the greedy and the proven answer."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse.csgraph import floyd_warshall

from lokus.methods import siting

# OR-Library pmed1 (Beasley 1985): lengths of the edges 1–2, 2–3, … 100–1, and its hundred other edges.
RING = """
30 46 1 28 31 69 39 14 84 59 10 28 63 9 100 98 70 94 22 14 87 82 55 2 32 77 95 29 59 91 89 50 40 88 94 60 21 89 47
63 45 46 24 77 60 45 50 93 22 84 16 85 68 93 37 26 29 38 10 32 67 66 52 19 39 12 86 72 73 65 2 8 96 43 39 61 90 8 58
91 58 13 79 59 28 46 24 63 81 14 52 64 75 71 51 75 57 31 49 88
"""
OTHERS = """
80 5 90, 85 69 51, 20 19 30, 85 13 22, 81 95 54, 58 73 37, 64 51 89, 39 76 89, 13 8 77, 91 76 51, 52 95 96, 91 75
33, 80 91 84, 35 80 46, 54 86 35, 30 70 5, 19 7 9, 74 53 50, 11 37 4, 19 92 70, 62 94 96, 60 52 34, 24 59 63, 42 45
68, 19 60 53, 60 27 86, 15 50 31, 38 18 27, 81 30 99, 1 29 6, 22 52 11, 54 59 75, 5 7 8, 41 44 80, 41 76 42, 44 12
56, 61 65 73, 20 93 35, 9 99 28, 45 68 19, 16 79 96, 13 42 3, 68 4 28, 58 17 60, 21 81 34, 35 7 7, 21 14 82, 26 32
26, 6 63 83, 31 69 53, 91 78 32, 45 59 33, 42 57 5, 8 53 66, 65 94 61, 94 90 63, 73 33 88, 39 21 59, 42 85 34, 30 57
37, 34 94 52, 62 38 56, 26 29 20, 48 98 53, 4 33 45, 31 63 82, 8 52 31, 37 81 14, 50 27 16, 27 14 48, 88 33 8, 56 30
76, 87 91 17, 33 49 77, 70 30 74, 25 99 19, 95 30 96, 14 85 90, 49 8 96, 96 5 87, 73 4 41, 99 32 35, 95 1 31, 99 3
49, 18 75 100, 58 47 68, 35 60 5, 38 16 70, 54 40 52, 95 55 47, 54 17 45, 9 83 75, 97 66 81, 9 48 92, 90 95 96, 4 27
27, 75 22 48, 62 7 55, 79 3 57, 15 69 46
"""


def cover(people: np.ndarray, reach: np.ndarray, chosen: tuple[int, ...]) -> float:
    return float(people[reach[:, list(chosen)].any(axis=1)].sum())


def median(people: np.ndarray, cost: np.ndarray, chosen: tuple[int, ...], now: np.ndarray | None) -> float:
    ways = cost[:, list(chosen)].min(axis=1, initial=np.inf)
    return float(people @ (ways if now is None else np.minimum(ways, now)))


@st.composite
def places(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    rng = np.random.default_rng(draw(st.integers(0, 100_000)))
    n, m = int(rng.integers(1, 15)), int(rng.integers(1, 8))
    people = rng.integers(0, 6, n).astype(float)
    return people, rng.random((n, m)) < 0.35, rng.uniform(0, 90, (n, m)), int(rng.integers(1, m + 1))


@settings(max_examples=60, deadline=None)
@given(places())
def test_the_exact_cover_is_the_best_of_all_choices_and_greedy_at_least_63_per_cent(given_: tuple) -> None:
    people, reach, _, count = given_
    best = max(cover(people, reach, c) for c in combinations(range(reach.shape[1]), count))
    exact = siting.exact_cover(people, sparse.csr_array(reach), count)
    greedy = siting.greedy_cover(people, sparse.csr_array(reach), count)
    assert exact.total == pytest.approx(best) == pytest.approx(cover(people, reach, exact.chosen))
    assert greedy.total == pytest.approx(cover(people, reach, greedy.chosen))
    assert (1 - 1 / np.e) * best - 1e-9 <= greedy.total <= best + 1e-9
    for found in (exact, greedy):
        assert len(found.chosen) <= count and len(set(found.chosen)) == len(found.chosen)
    # No site is taken for nothing.
    for site in exact.chosen:
        assert cover(people, reach, tuple(s for s in exact.chosen if s != site)) < best


@settings(max_examples=60, deadline=None)
@given(places(), st.booleans())
def test_the_exact_median_is_the_best_of_all_choices(given_: tuple, served: bool) -> None:
    people, _, cost, count = given_
    now = np.linspace(10, 100, len(people)) if served else None
    best = min(median(people, cost, c, now) for c in combinations(range(cost.shape[1]), count))
    exact, greedy = siting.exact_median(people, cost, count, now), siting.greedy_median(people, cost, count, now)
    assert exact.total == pytest.approx(best, abs=1e-6)
    assert greedy.total >= best - 1e-6
    if people.any():
        assert greedy.total == pytest.approx(median(people, cost, greedy.chosen, now))
        assert exact.total == pytest.approx(median(people, cost, exact.chosen, now))


def test_the_published_optimum_of_pmed1() -> None:
    # Beasley 1985, "A note on solving large p-median problems", EJOR 21, table 2: 100 nodes, p = 5, optimum 5819.
    way = np.full((100, 100), np.inf)
    for i, length in enumerate(map(int, RING.split())):
        way[i, (i + 1) % 100] = way[(i + 1) % 100, i] = length
    for edge in OTHERS.split(","):  # in turn: of several edges between two nodes the last counts
        i, j, length = map(int, edge.split())
        way[i - 1, j - 1] = way[j - 1, i - 1] = length
    np.fill_diagonal(way, 0)
    cost = floyd_warshall(way)
    assert siting.exact_median(np.ones(100), cost, 5).total == 5819
    assert siting.greedy_median(np.ones(100), cost, 5).total > 5819


def test_greedy_is_caught_by_the_middle_and_the_exact_choice_is_not() -> None:
    # The textbook trap: one site reaches most of both sides, two others reach all of them.
    people = np.array([2.0, 3.0, 3.0, 2.0])
    reach = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 1], [0, 0, 1]], dtype=bool)
    greedy = siting.greedy_cover(people, sparse.csr_array(reach), 2)
    assert greedy.chosen[0] == 1 and greedy.total == 8.0
    assert siting.exact_cover(people, sparse.csr_array(reach), 2) == siting.Sites((0, 2), 10.0)


@settings(max_examples=40, deadline=None)
@given(places())
def test_places_that_the_same_sites_reach_are_one(given_: tuple) -> None:
    people, reach, _, _ = given_
    weight, fewer = siting.grouped(people, sparse.csr_array(reach))
    told = {tuple(row): w for row, w in zip(fewer.toarray().tolist(), weight.tolist(), strict=True)}
    assert len(told) == len(weight)
    for pattern in {tuple(row) for row in reach.tolist()}:
        same = people[(reach == np.array(pattern)).all(axis=1)].sum()
        assert told.get(pattern, 0.0) == (same if any(pattern) else 0.0)


def test_nobody_to_reach_and_nothing_to_choose() -> None:
    none = siting.exact_cover(np.zeros(3), sparse.csr_array(np.ones((3, 2), bool)), 1)
    assert none == siting.Sites((), 0.0)
    assert siting.exact_median(np.zeros(3), np.ones((3, 2)), 1) == siting.Sites((), 0.0)
    # A service that is there and nearer than any site: none is taken.
    assert siting.greedy_median(np.ones(3), np.ones((3, 2)), 2, np.zeros(3)) == siting.Sites((), 0.0)
    for people, cost, count in (
        (np.ones(2), np.ones((3, 2)), 1),
        (np.ones(3), np.ones((3, 2)), 0),
        (np.ones(3), np.ones((3, 0)), 1),
        (-np.ones(3), np.ones((3, 2)), 1),
        (np.ones(3), np.full((3, 2), np.inf), 1),
    ):
        with pytest.raises(ValueError):
            siting.greedy_median(people, cost, count)
