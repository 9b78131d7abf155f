"""Ways to a service: Tobler's published speeds, the published least-cost grid, Dijkstra and brute force as oracles."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from lokus.methods import access

INSIDE = 60 / 1000  # minutes a metre at 1 km/h


@pytest.mark.parametrize(("slope", "speed"), [(-0.05, 6.0), (0.0, 5.0367), (0.05, 4.2281), (-0.15, 4.2281)])
def test_tobler_published_speeds(slope: float, speed: float) -> None:
    # Tobler 1993 (NCGIA TR 93-1), "Non-isotropic geographic modeling": 6 km/h down 5 %, some 5 km/h on level ground.
    assert access.tobler(np.array([slope]))[0] == pytest.approx(speed, abs=5e-5)


@given(st.floats(0, 3))
def test_the_delay_is_the_mean_of_the_way_up_and_the_way_down(slope: float) -> None:
    up, down, level = access.tobler(np.array([slope, -slope, 0.0]))
    assert access.walking_delay(np.array([slope]))[0] == pytest.approx((level / up + level / down) / 2)
    assert access.walking_delay(np.array([slope]))[0] >= 1


def test_friction_is_the_inverse_of_speed_and_only_walkers_feel_the_slope() -> None:
    speed = np.array([[5.0, 30.0, 0.0, np.nan]])
    level, steep = access.friction(speed), access.friction(speed, np.full((1, 4), 0.3))
    np.testing.assert_allclose(level, [[INSIDE / 5, INSIDE / 30, np.inf, np.inf]])
    np.testing.assert_allclose(steep[0, 1:], level[0, 1:])
    assert steep[0, 0] == pytest.approx(level[0, 0] * access.walking_delay(np.array([0.3]))[0])
    with pytest.raises(ValueError, match="at least 0"):
        access.friction(np.array([[-1.0]]))


def test_the_published_least_cost_grid(published: Path) -> None:
    # raster/: skimage 8 neighbours, held there against xarray-spatial and scipy.
    folder = published / "raster"
    told = json.loads((folder / "cost_meta.json").read_text())
    cost = np.genfromtxt(folder / "friction_60x80.csv", delimiter=",")
    expected = np.genfromtxt(folder / "expected_cost_skimage_mcp_geometric_8conn.csv", delimiter=",")
    found = access.travel_minutes(cost, (told["cell"],) * 2, [tuple(s) for s in told["sources_rowcol"]])
    known = np.isfinite(expected)
    assert (np.isfinite(found) == known).all()
    np.testing.assert_allclose(found[known], expected[known], atol=1e-6)


def shortest(cost: np.ndarray, cell: tuple[float, float], sources: list[tuple[int, int]]) -> np.ndarray:
    """Dijkstra on the graph of the cells, edge by edge."""
    rows, columns = cost.shape
    ends, lengths = [], []
    for r in range(rows):
        for c in range(columns):
            for dr, dc in ((0, 1), (1, 0), (1, 1), (1, -1)):
                if r + dr < rows and 0 <= c + dc < columns and np.isfinite(cost[r, c] + cost[r + dr, c + dc]):
                    ends.append((r * columns + c, (r + dr) * columns + c + dc))
                    away = np.hypot(dr * cell[1], dc * cell[0])
                    lengths.append((cost[r, c] + cost[r + dr, c + dc]) / 2 * away)
    i, j = np.array(ends, dtype=int).reshape(-1, 2).T
    graph = sparse.csr_array((lengths, (i, j)), shape=(cost.size, cost.size))
    starts = [r * columns + c for r, c in sources if np.isfinite(cost[r, c])]
    if not starts:
        return np.full(cost.shape, np.nan)
    found = dijkstra(graph, directed=False, indices=starts).min(axis=0).reshape(cost.shape)
    return np.where(np.isfinite(found), found, np.nan)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_minutes_are_dijkstras_on_cells_that_are_not_square(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cost = rng.uniform(0.01, 0.1, rng.integers(2, 9, 2))
    cost[rng.random(cost.shape) < 0.3] = np.inf
    sources = [(int(r), int(c)) for r, c in rng.integers(0, cost.shape, (3, 2))]
    cell = (float(rng.uniform(20, 200)), float(rng.uniform(20, 200)))
    np.testing.assert_allclose(access.travel_minutes(cost, cell, sources), shortest(cost, cell, sources), rtol=1e-9)


def test_walking_a_straight_kilometre_takes_what_its_speed_says() -> None:
    cost = access.friction(np.full((3, 101), 5.0))
    minutes = access.travel_minutes(cost, (10.0, 10.0), [(1, 0)])
    assert minutes[1, 100] == pytest.approx(12.0)


def test_an_island_has_no_minutes_and_a_source_at_sea_reaches_nothing() -> None:
    cost = np.full((5, 7), 0.01)
    cost[:, 3] = np.nan
    cost[0, 0], cost[4, 0] = 0.0, -1.0  # no free ride
    minutes = access.travel_minutes(cost, (100.0, 100.0), [(2, 1)])
    assert np.isnan(minutes[:, 3:]).all() and np.isnan(minutes[[0, 4], 0]).all()
    assert np.isfinite(minutes[1:4, :3]).all()
    assert np.isnan(access.travel_minutes(cost, (100.0, 100.0), [(2, 3)])).all()


def test_what_cannot_be_travelled_is_refused() -> None:
    cost = np.ones((2, 2))
    for sources, cell in (([], (1.0, 1.0)), ([(2, 0)], (1.0, 1.0)), ([(-1, 0)], (1.0, 1.0)), ([(0, 0)], (0.0, 1.0))):
        with pytest.raises(ValueError):
            access.travel_minutes(cost, cell, sources)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_the_nearest_passable_cell_is_the_nearest_of_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    passable = rng.random((9, 11)) < 0.2
    spot, cell, within = (float(rng.uniform(-3, 12)), float(rng.uniform(-3, 14))), (30.0, 50.0), 160.0
    found = access.nearest_passable(passable, spot, cell, within)
    r, c = np.nonzero(passable)
    away = np.hypot((r + 0.5 - spot[0]) * cell[1], (c + 0.5 - spot[1]) * cell[0])
    inside = (int(np.floor(spot[0])), int(np.floor(spot[1])))
    if inside in set(zip(r.tolist(), c.tolist(), strict=True)):
        assert found == (*inside, 0.0)
    elif len(away) and away.min() <= within:
        assert found is not None and found[2] == pytest.approx(away.min()) and passable[found[:2]]
    else:
        assert found is None


def test_people_over_water_take_the_way_of_the_nearest_land_and_not_of_the_next_island() -> None:
    passable = np.array([[True, False, False, True, False]])
    minutes = np.array([[10.0, np.nan, np.nan, np.nan, np.nan]])
    people = np.array([[5.0, 3.0, 0.0, 2.0, 4.0]])
    found = access.from_ashore(minutes, passable, people, (100.0, 100.0), 150.0)
    # The third cell has nobody, the fourth is an island without a way, the fifth lies off that island.
    np.testing.assert_array_equal(found, [[10.0, 10.0, np.nan, np.nan, np.nan]])
    assert np.isnan(minutes[0, 1])


def test_the_nearest_land_of_people_over_water_is_the_nearest_of_all() -> None:
    rng = np.random.default_rng(5)
    passable, people = rng.random((12, 9)) < 0.3, rng.integers(0, 3, (12, 9)).astype(float)
    there, land = access.ashore(passable, people, (30.0, 50.0), 70.0)
    r, c = np.nonzero(passable)
    filled = dict(zip(there.tolist(), land.tolist(), strict=True))
    for row, column in np.argwhere(~passable & (people > 0)).tolist():
        away = np.hypot((r - row) * 50.0, (c - column) * 30.0)
        at = filled.get(row * 9 + column)
        assert (at is not None) == (away.min() <= 70.0)
        if at is not None:
            assert np.hypot((at // 9 - row) * 50.0, (at % 9 - column) * 30.0) == pytest.approx(away.min())


def test_what_is_within_is_what_the_whole_search_says() -> None:
    rng = np.random.default_rng(6)
    cost = rng.uniform(0.005, 0.08, (30, 40))
    cost[rng.random(cost.shape) < 0.2] = np.inf
    sources = [(int(r), int(c)) for r, c in np.argwhere(np.isfinite(cost))[[0, 100, 400]]]
    for source, (cells, minutes) in zip(sources, access.each_within(cost, (50.0, 40.0), sources, 9.0), strict=True):
        whole = access.travel_minutes(cost, (50.0, 40.0), [source]).ravel()
        np.testing.assert_array_equal(cells, np.flatnonzero(whole <= 9.0))
        np.testing.assert_allclose(minutes, whole[cells])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_the_straight_way_is_the_shortest_geodesic(seed: int) -> None:
    rng = np.random.default_rng(seed)
    places = np.stack([rng.uniform(118, 120, 6), rng.uniform(-3, 0, 6)], axis=1)
    services = np.stack([rng.uniform(118, 120, 12), rng.uniform(-3, 0, 12)], axis=1)
    places[2] = np.nan
    km, which = access.nearest_km(places, services)
    for i in range(len(places)):
        if i == 2:
            assert np.isnan(km[i]) and which[i] == -1
            continue
        all_km = [Geod(ellps="WGS84").inv(*places[i], *s)[2] / 1000 for s in services]
        assert km[i] == pytest.approx(min(all_km)) and which[i] == int(np.argmin(all_km))


def test_one_service_is_enough_and_none_is_refused() -> None:
    km, which = access.nearest_km(np.array([[119.0, -1.0]]), np.array([[119.0, -2.0]]))
    # A degree of latitude at 1.5° S on WGS 84: 110.576 km (NGA, length of a degree).
    assert km[0] == pytest.approx(110.576, abs=0.002) and which[0] == 0
    with pytest.raises(ValueError, match="no service"):
        access.nearest_km(np.zeros((1, 2)), np.zeros((0, 2)))
