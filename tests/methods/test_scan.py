"""Kulldorff's scan: SaTScan's own output, DCluster's published circles, every circle by brute force, laws."""

import random
from itertools import combinations
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import binom, poisson

from lokus.methods import scan as scanning
from lokus.methods.scan import figures, scan

Table = pd.DataFrame


@pytest.fixture(scope="module")
def carolina(published: Path) -> Table:
    """The 100 counties with their centroids in UTM, metres."""
    counties = gpd.read_file(published / "smallarea/ncsids.geojson").set_index("NAME")
    centres = counties.to_crs("EPSG:32617").centroid
    return counties.drop(columns="geometry").assign(x=centres.x, y=centres.y)


# SaTScan 9.6, purely spatial Poisson, New York leukaemia (Waller & Gotway 2004; 552 cases of 1,057,673), as kept with
# the R package smerc (tests/scan_test_ny_poisson_circular_cartesian.txt): population, cases, expected, risk, ln ratio.
NEW_YORK = [
    (111674, 100, 58.28, 1.87, 14.083511),
    (34083, 38, 17.79, 2.22, 9.019716),
    (78280, 64, 40.85, 1.64, 6.114140),
    (24571, 25, 12.82, 1.99, 4.651839),
    (9840, 12, 5.14, 2.37, 3.363518),
    (8839, 11, 4.61, 2.41, 3.209485),
]


@pytest.mark.parametrize(("people", "cases", "expected", "risk", "llr"), NEW_YORK)
def test_published_figures_of_satscan(people: int, cases: int, expected: float, risk: float, llr: float) -> None:
    told = figures(cases, people, 552, 1057673)
    assert told["expected"] == pytest.approx(expected, abs=0.005)
    assert told["risk"] == pytest.approx(risk, abs=0.005)
    assert told["excess"] == pytest.approx(cases - expected, abs=0.005)
    ratio = scanning.RATIOS["poisson"](np.array([cases]), np.array([people]), 552, 1057673)
    assert ratio[0] == pytest.approx(llr, abs=5e-7)


def test_published_circle_of_the_north_carolina_sids(carolina: Table) -> None:
    """DCluster 0.2-7 `opgam(kn.iscluster, fractpop = .15)` on `nc.sids`, 1974: the circle about Currituck, 25 counties
    of the north-east with a likelihood ratio of 11269.293; here it is the best about Perquimans."""
    county = carolina.index.get_loc("Perquimans")
    births = carolina["BIR74"].to_numpy().astype(int)
    circles = scanning._circles(carolina[["x", "y"]].to_numpy(), births, 0.15)
    cases = carolina["SID74"].to_numpy().astype(int)
    ratio = scanning._Scanner.of(scanning.MODELS["poisson"](cases, births), births, circles).ratios(cases)[county]
    assert ratio.argmax() + 1 == 25
    assert np.exp(ratio.max()) == pytest.approx(11269.293, abs=5e-4)


def test_published_clusters_of_the_north_carolina_sids(carolina: Table) -> None:
    """1974–78, Int. J. Health Geographics 20 (2021), s12942-021-00298-6, table 1: by the spatial scan statistic the
    likeliest cluster is of 4 counties in the northeast with 5.12 cases in 1,000 births, the second of 6 counties in the
    south with 3.76. (With circles up to half of the births one of 42 counties is likelier still.)"""
    cases, births = carolina["SID74"], carolina["BIR74"]
    told = scan(cases, births, carolina[["x", "y"]], model="poisson", most=0.4, replicas=999, seed=1)
    assert told.found["villages"].tolist() == [4, 6]
    assert (1000 * told.found["observed"] / told.found["population"]).to_numpy() == pytest.approx(
        [5.12, 3.76], abs=0.006
    )
    assert {"Northampton", "Halifax"} < set(told.member.index[told.member == 1])
    assert {"Robeson", "Scotland"} < set(told.member.index[told.member == 2])
    assert (told.found["p"] <= 0.01).all()


def likelihood(model: str, observed: int, people: int, cases: int, population: int) -> float:
    """ln of the greatest likelihood with one rate inside and one outside, less that with one rate for all."""
    outside, others, overall = cases - observed, population - people, cases / population
    if model == "poisson":
        apart = poisson.logpmf(observed, observed) + (poisson.logpmf(outside, outside) if others else 0)
        return float(
            apart
            - poisson.logpmf(observed, overall * people)
            - (poisson.logpmf(outside, overall * others) if others else 0)
        )
    apart = binom.logpmf(observed, people, observed / people)
    apart += binom.logpmf(outside, others, outside / others) if others else 0
    alike = binom.logpmf(observed, people, overall) + (binom.logpmf(outside, others, overall) if others else 0)
    return float(apart - alike)


def by_hand(model: str, y: pd.Series, n: pd.Series, points: Table, most: float) -> list[tuple[float, frozenset[str]]]:
    """Every circle, village by village, best first."""
    found = []
    for centre in y.index:
        away = np.hypot(points["x"] - points.loc[centre, "x"], points["y"] - points.loc[centre, "y"])
        for radius in sorted(set(away)):
            inside = frozenset(away.index[away <= radius * (1 + 1e-12)])
            people, seen = n[list(inside)].sum(), y[list(inside)].sum()
            if people <= most * n.sum() and seen > y.sum() * people / n.sum() * (1 + 1e-12):
                found.append((likelihood(model, seen, people, y.sum(), n.sum()), inside))
    return sorted(found, key=lambda f: -f[0])


places = st.lists(
    st.tuples(st.integers(0, 8), st.integers(0, 8), st.integers(1, 30), st.floats(0, 1)), min_size=2, max_size=9
)


def laid(rows: list[tuple[int, int, int, float]]) -> tuple[pd.Series, pd.Series, Table]:
    table = Table(rows, columns=["x", "y", "n", "share"], index=[f"v{i}" for i in range(len(rows))])
    return (table["n"] * table["share"]).round(), table["n"].astype(float), table[["x", "y"]] * 1000.0


@settings(max_examples=60, deadline=None)
@given(places, st.sampled_from(["poisson", "bernoulli"]), st.sampled_from([0.3, 0.5, 1.0]))
def test_the_best_circle_is_the_best_of_all(rows, model: str, most: float) -> None:
    y, n, points = laid(rows)
    told = scan(y, n, points, model=model, most=most, replicas=9, seed=1)
    every = [(ratio, inside) for ratio, inside in by_hand(model, y, n, points, most) if ratio > 1e-9]
    assert len(told.found) >= bool(every)
    if every:
        first = told.found.loc[1]
        assert first["llr"] == pytest.approx(every[0][0], rel=1e-7, abs=1e-8)
        inside = frozenset(told.member.index[told.member == 1])
        assert inside in {i for ratio, i in every if ratio > every[0][0] - 1e-6}
        assert first["observed"] == y[list(inside)].sum() and first["villages"] == len(inside)
        assert first["excess"] > 0


@settings(max_examples=30, deadline=None)
@given(places, st.randoms())
@example([(0, 0, 11, 0.75), (0, 0, 22, 0.375), (0, 1, 11, 1.0)], random.Random(0))  # an excess of rounding alone
def test_row_order_and_villages_that_cannot_be_scanned_do_not_matter(rows, chance) -> None:
    y, n, points = laid(rows)
    told = scan(y, n, points, replicas=19, seed=2)
    more = [
        pd.concat([y, pd.Series({"a": np.nan, "b": 1.0, "z": 0.0})]),
        pd.concat([n, pd.Series({"a": 5.0, "b": 9.0, "z": 0.0})]),
        pd.concat([points, Table({"x": [0.0, np.nan, 0.0], "y": 0.0}, index=["a", "b", "z"])]),
    ]
    order = list(more[0].index)
    chance.shuffle(order)
    again = scan(*(part.loc[order] for part in more), replicas=19, seed=2)
    pd.testing.assert_frame_equal(again.found, told.found)
    assert again.member[["a", "b", "z"]].isna().all() and again.member.index.tolist() == order
    assert again.member.dropna().sort_index().tolist() == told.member.sort_index().tolist()


def planted(seed: int, villages: int = 60) -> tuple[pd.Series, pd.Series, Table]:
    rng = np.random.default_rng(seed)
    points = Table(rng.random((villages, 2)) * 30_000, columns=["x", "y"])
    n = pd.Series(rng.integers(40, 300, villages))
    near = np.hypot(points["x"] - points.loc[0, "x"], points["y"] - points.loc[0, "y"]) < 7_000
    return pd.Series(rng.binomial(n, np.where(near, 0.5, 0.2))), n, points.assign(near=near)


def test_a_planted_cluster_is_found_and_clusters_do_not_overlap() -> None:
    y, n, points = planted(3)
    told = scan(y, n, points, replicas=99, seed=1)
    inside, near = told.member == 1, points["near"]
    assert told.found.loc[1, "p"] == 0.01
    assert (inside & near).sum() / (inside | near).sum() > 0.7
    sums = Table({"y": y, "n": n}).groupby(told.member.astype(int)).sum().drop(0)
    assert told.found["observed"].tolist() == sums["y"].tolist()
    assert told.found["population"].tolist() == sums["n"].tolist()
    assert told.found["llr"].is_monotonic_decreasing


def test_the_number_of_workers_changes_nothing() -> None:
    y, n, points = planted(4)
    one, three = (scan(y, n, points, replicas=50, seed=5, workers=w) for w in (1, 3))
    pd.testing.assert_frame_equal(one.found, three.found)


@pytest.mark.parametrize("model", ["poisson", "bernoulli", "betabinomial"])
def test_p_is_right_where_there_is_no_pattern(model: str) -> None:
    """Of 200 kabupaten each about one in five has p ≤ 0.2; for "betabinomial" their villages differ."""
    rng = np.random.default_rng(8)
    points = Table(rng.random((30, 2)) * 1e4, columns=["x", "y"])
    n = pd.Series(rng.integers(20, 200, 30))
    found = []
    for k in range(200):
        rate = {"poisson": 0.01, "bernoulli": 0.25, "betabinomial": rng.beta(5, 15, 30)}[model]
        told = scan(pd.Series(rng.binomial(n, rate)), n, points, model=model, replicas=39, seed=k, workers=1)
        found.append(told.found["p"].min())
    assert np.mean(np.array(found) <= 0.2) == pytest.approx(0.2, abs=4 * np.sqrt(0.16 / 200))


def test_where_villages_differ_one_rate_for_all_finds_clusters_everywhere() -> None:
    """Why "betabinomial" is the default."""
    rng = np.random.default_rng(9)
    points = Table(rng.random((60, 2)) * 1e4, columns=["x", "y"])
    n = pd.Series(rng.integers(50, 300, 60))
    alarms = {"bernoulli": 0, "betabinomial": 0}
    for k in range(20):
        y = pd.Series(rng.binomial(n, rng.beta(5, 15, 60)))
        for model in alarms:
            alarms[model] += scan(y, n, points, model=model, replicas=39, seed=k).found["p"].min() <= 0.05
    assert alarms["bernoulli"] == 20 and alarms["betabinomial"] <= 4


def test_without_differences_the_design_effect_is_none() -> None:
    """Counts less varied than chance: the betabinomial ratio is the Bernoulli one."""
    n = pd.Series([40, 80, 120, 60])
    y, points = n // 4, Table({"x": [0.0, 1.0, 5.0, 6.0], "y": 0.0})
    y.iloc[0] += 1
    ratios = [scan(y, n, points, model=m, replicas=9, seed=1).found["llr"] for m in ("betabinomial", "bernoulli")]
    assert ratios[0].tolist() == pytest.approx(ratios[1].tolist(), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(places, st.sampled_from(sorted(scanning.MODELS)), st.integers(0, 9))
def test_the_best_of_a_replica_is_the_greatest_of_its_ratios(rows, model: str, seed: int) -> None:
    y, n, points = laid(rows)
    people = n.to_numpy().astype(int)
    circles = scanning._circles(points.to_numpy(), people, 0.6)
    scanner = scanning._Scanner.of(scanning.MODELS[model](y.to_numpy().astype(int), people), people, circles)
    drawn = scanner.model.draw(np.random.default_rng(seed), 5)
    every = [scanner.ratios(one).max(initial=0.0) for one in drawn]
    if scanner.within.size:
        np.testing.assert_allclose(scanner.best(drawn), every, rtol=1e-7, atol=1e-9)


def test_replicas_hold_the_cases_and_the_people() -> None:
    n = np.array([5, 40, 1, 300])
    for model, deal in scanning.DEALS.items():
        drawn = deal(np.random.default_rng(1), 120, n, 500)
        assert (drawn.sum(axis=1) == 120).all()
        assert drawn.mean(axis=0) == pytest.approx(120 * n / n.sum(), abs=1.5)
        assert (drawn <= n).all() or model == "poisson"


def test_no_excess_is_no_cluster() -> None:
    points = Table({"x": [0.0, 1.0, 2.0], "y": 0.0})
    for y, n in (([0, 0, 0], [9, 9, 9]), ([9, 9, 9], [9, 9, 9]), ([2, 2, 2], [9, 9, 9]), ([np.nan] * 3, [9, 9, 9])):
        told = scan(pd.Series(y, dtype=float), pd.Series(n, dtype=float), points, replicas=9, seed=1)
        assert told.found.empty and list(told.found) == list(scanning.FIGURES)
        assert not (told.member > 0).any()
    empty = pd.Series(dtype=float)
    assert scan(empty, empty, Table({"x": [], "y": []}, dtype=float), replicas=9, seed=1).windows == 0


def test_misuse_is_refused() -> None:
    y, n, points = planted(1)
    for change, told in (
        ({"cases": y + n}, "0 to the population"),
        ({"population": n.iloc[1:]}, "different indexes"),
        ({"most": 0.0}, "most is a share"),
        ({"model": "normal"}, "model is one of"),
    ):
        with pytest.raises(ValueError, match=told):
            scan(**{"cases": y, "population": n, "points": points, "replicas": 9, "seed": 1, **change})


def test_every_pair_of_told_clusters_is_apart() -> None:
    y, n, points = planted(6, 40)
    told = scan(y, n, points, replicas=19, seed=1, level=1.0)
    sets = [set(told.member.index[told.member == k]) for k in told.found.index]
    assert len(sets) > 2 and not any(a & b for a, b in combinations(sets, 2))
    assert [len(s) for s in sets] == told.found["villages"].tolist()
