"""Moran's I: spdep's and Assunção & Reis' numbers, exact enumeration and esda as oracles, laws."""

import warnings
from itertools import combinations
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from lokus.methods.hotspots import eb_standardise, fdr, gi_star, global_moran, hotspot, local_moran, moran_test

Table = pd.DataFrame


def neighbours(file: Path) -> Table:
    pairs = pd.read_csv(file).rename(columns={"i": "focal", "j": "neighbor"}) - 1
    return pairs.assign(weight=1.0).set_index(["focal", "neighbor"]).sort_index()


@pytest.fixture(scope="module")
def sids(published: Path) -> Table:
    return pd.read_csv(published / "smallarea/ncsids_expected.csv")


@pytest.fixture(scope="module")
def counties(published: Path) -> Table:
    return neighbours(published / "smallarea/ncsids_neighbours_queen.csv")


@pytest.fixture(scope="module")
def figures(published: Path) -> pd.Series:
    return pd.read_csv(published / "smallarea/global_statistics_expected.csv").set_index("statistic")["value"]


@pytest.mark.parametrize("year", ["74", "79"])
def test_published_moran_of_the_north_carolina_sids(
    sids: Table, counties: Table, figures: pd.Series, year: str
) -> None:
    """Cressie & Read 1985 data; spdep 1.2-7 `moran.test` and `EBImoran.mc` (Assunção & Reis 1999)."""
    cases, births = sids[f"SID{year}"], sids[f"BIR{year}"]
    assert global_moran(cases / births, counties) == pytest.approx(figures[f"MoranI_W_r{year}"], abs=1e-12)
    ebi = global_moran(eb_standardise(cases, births), counties)
    assert ebi == pytest.approx(figures[f"EBI_Moran_SID{year}"], abs=1e-12)


def test_published_moran_of_columbus_crime(published: Path, figures: pd.Series) -> None:
    """Anselin 1988, 49 neighbourhoods of Columbus, Ohio."""
    crime = gpd.read_file(published / "smallarea/columbus.geojson")["CRIME"]
    pairs = neighbours(published / "smallarea/columbus_neighbours_gal.csv")
    assert global_moran(crime, pairs) == pytest.approx(figures["MoranI_CRIME_galnb"], abs=1e-12)


def test_published_local_moran(sids: Table, counties: Table) -> None:
    """spdep 1.2-7 `localmoran`, 1979 rates; the mean of I_i is the global I."""
    rate = sids["SID79"] / sids["BIR79"]
    local = local_moran(rate, counties, permutations=99, seed=1)
    np.testing.assert_allclose(local["i"], sids["Ii_79"], atol=1e-12)
    assert local["i"].mean() == pytest.approx(global_moran(rate, counties), abs=1e-12)


def test_published_permutation_p_of_the_eb_index(sids: Table, counties: Table, figures: pd.Series) -> None:
    """spdep's own p is one draw of 999: ours is of 9,999."""
    found = moran_test(eb_standardise(sids["SID74"], sids["BIR74"]), counties, permutations=9999, seed=7)
    assert found.p == pytest.approx(figures["EBI_Moran_SID74_p999"], abs=0.001)
    assert found.expected == pytest.approx(figures["MoranEI_W_r74"])
    assert (found.villages, found.linked) == (100, 100)


def ring(number: int) -> Table:
    """Villages on a ring, and a chord from the first to every third."""
    ends = {(i, (i + 1) % number) for i in range(number)} | {(0, i) for i in range(3, number, 3)}
    both = sorted({(a, b) for a, b in ends if a != b} | {(b, a) for a, b in ends if a != b})
    return Table({"weight": 1.0}, index=pd.MultiIndex.from_tuples(both, names=["focal", "neighbor"]))


@pytest.mark.parametrize("seed", [0, 1])
def test_conditional_p_against_every_possible_set_of_neighbours(seed: int) -> None:
    """Exact enumeration over ten villages, with ties among the values."""
    values = pd.Series([0.0, 0.0, 1.0, 2.0, 2.0, 5.0, 7.0, 0.0, 3.0, 9.0])
    pairs, times = ring(10), 20_000
    local = local_moran(values, pairs, permutations=times, seed=seed)
    for village, around in pairs.groupby(level="focal"):
        own = around.index.get_level_values("neighbor")
        lag = values[own].mean()
        others = values.drop(village)
        means = np.array([others[list(c)].mean() for c in combinations(others.index, len(own))])
        tail = min((means >= lag - 1e-9).mean(), (means <= lag + 1e-9).mean())
        error = 5 * np.sqrt(tail * (1 - tail) / times) + 1 / times
        assert local["p"][village] == pytest.approx(min(1.0, 2 * tail), abs=2 * error)


def test_conditional_p_against_esda(sids: Table, counties: Table) -> None:
    """Twice esda's "directed" p, within the noise of two runs of 999."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from esda import Moran_Local
        from libpysal.graph import Graph

        rate = sids["SID79"] / sids["BIR79"]
        graph = Graph(counties["weight"]).transform("r")
        oracle = Moran_Local(rate.to_numpy(), graph, permutations=999, seed=3)
    local = local_moran(rate, counties, permutations=999, seed=3)
    p = oracle.p_sim
    assert (np.abs(local["p"] / 2 - p) <= 6 * np.sqrt(p * (1 - p) / 999) + 0.002).all()
    quadrant = np.array(["", "high-high", "low-high", "low-low", "high-low"])[oracle.q]
    assert (local["quadrant"] == quadrant).all()


def test_p_is_uniform_without_a_pattern() -> None:
    values = pd.Series(np.random.default_rng(5).normal(size=3000))
    p = local_moran(values, ring(3000), permutations=999, seed=2)["p"].iloc[1:]
    for level in (0.01, 0.05, 0.2, 0.5):
        assert (p <= level).mean() == pytest.approx(level, abs=5 * np.sqrt(level / 1500) + 0.01)


counts = st.lists(st.one_of(st.none(), st.integers(0, 6)), min_size=4, max_size=14)


@settings(max_examples=60, deadline=None)
@given(counts, st.randoms())
def test_villages_without_a_value_are_as_if_not_there(numbers: list[int | None], random) -> None:
    values = pd.Series(numbers, dtype="float64")
    pairs = ring(len(values))
    seen = values.dropna().index
    kept = pairs[[a in seen and b in seen for a, b in pairs.index]]
    local = local_moran(values, pairs, permutations=99, seed=4)
    pd.testing.assert_frame_equal(local.loc[seen], local_moran(values[seen], kept, permutations=99, seed=4))
    assert local.loc[values.isna(), ["i", "p", "q"]].isna().all(axis=None)
    assert (local.loc[values.isna(), "quadrant"] == "").all()
    shuffled = list(values.index)
    random.shuffle(shuffled)
    again = local_moran(values.loc[shuffled], pairs, permutations=99, seed=4)
    pd.testing.assert_frame_equal(again.loc[values.index], local)
    linked = kept.index.get_level_values("focal").unique()
    if len(linked) and values.min() < values.max():
        total = local["i"].sum() / len(linked)
        assert total == pytest.approx(global_moran(values, pairs), abs=1e-9)
    else:
        assert np.isnan(global_moran(values, pairs)) and local["i"].isna().all()


def test_equal_values_no_neighbours_and_no_villages_say_nothing() -> None:
    level, pairs = pd.Series([0.1] * 7), ring(7)
    for values, around in ((level, pairs), (level.cumsum(), pairs.iloc[:0]), (level.iloc[:0], pairs.iloc[:0])):
        assert np.isnan(moran_test(values, around, permutations=9, seed=0).p)
        local = local_moran(values, around, permutations=9, seed=0)
        assert local["p"].isna().all() and (hotspot(local, 0.05) == "").all()


def test_a_hot_stretch_and_a_cold_one_are_found() -> None:
    """On a coast where every village has the four next on either side as neighbours."""
    values = pd.Series(np.r_[np.full(20, 10.0), np.tile([4.0, 6.0], 30), np.full(20, 0.0)])
    both = [(a, b) for a in range(100) for b in range(100) if 0 < abs(a - b) <= 4]
    pairs = Table({"weight": 1.0}, index=pd.MultiIndex.from_tuples(both, names=["focal", "neighbor"]))
    classes = hotspot(local_moran(values, pairs, permutations=9999, seed=0), 0.05)
    assert (classes[1:16] == "high-high").all() and (classes[84:99] == "low-low").all()
    assert (classes[25:75] == "none").all()


def test_a_village_at_the_mean_is_never_significant() -> None:
    values = pd.Series([0.0, 2.0, 1.0, 2.0, 0.0, 1.0])
    local = local_moran(values, ring(6), permutations=999, seed=0)
    assert (local["p"][values == 1.0] == 1.0).all()


@given(st.lists(st.one_of(st.just(np.nan), st.floats(0, 1)), max_size=30))
def test_fdr_is_benjamini_hochberg(numbers: list[float]) -> None:
    p = pd.Series(numbers, dtype="float64")
    q = fdr(p)
    assert (q.isna() == p.isna()).all()
    if p.notna().any():
        np.testing.assert_allclose(q.dropna(), false_discovery_control(p.dropna()), atol=1e-12)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 40)), min_size=1, max_size=20))
def test_eb_standardised_rates_keep_the_sign_of_the_deviation(rows: list[tuple[int, int]]) -> None:
    n = pd.Series([n for _, n in rows], dtype="float64")
    y = pd.Series([min(y, n) for y, n in rows], dtype="float64")
    z = eb_standardise(y, n)
    if y.sum() == 0:
        assert z.isna().all()
    else:
        assert (z.isna() == (n == 0)).all()
        assert (np.sign(z) == np.sign((y / n - y.sum() / n.sum()).round(12)))[(n > 0) & (z.abs() > 1e-9)].all()


def test_misuse_is_refused() -> None:
    pairs, values = ring(5), pd.Series([1.0, 2.0, 3.0, 4.0, 5.0])
    with pytest.raises(ValueError, match="does not have"):
        global_moran(values.iloc[:3], pairs)
    with pytest.raises(ValueError, match="equal"):
        local_moran(values, pairs.assign(weight=np.arange(len(pairs), dtype=float)), permutations=9, seed=0)
    with pytest.raises(ValueError, match="indexes"):
        eb_standardise(values, values.iloc[::-1])


def test_published_gi_star(sids: Table, counties: Table) -> None:
    """spdep 1.2-7 `localG` with the county among its own neighbours, 1979 rates."""
    found = gi_star(sids["SID79"] / sids["BIR79"], counties)
    np.testing.assert_allclose(found, sids["Gi_star_z_79"], atol=1e-12)


def test_published_moments_of_local_moran(sids: Table, counties: Table) -> None:
    """Under conditional permutation the mean of I_i is −z_i²/((n − 1) m₂): spdep's E[I_i] on the average of all i."""
    rate = sids["SID79"] / sids["BIR79"]
    z = (rate - rate.mean()) / rate.std(ddof=0)
    assert (-(z**2) / 99).mean() == pytest.approx(sids["EIi_79"].iloc[0], abs=1e-12)
    local = local_moran(rate, counties, permutations=99, seed=1)
    score = (local["i"] - sids["EIi_79"]) / np.sqrt(sids["VarIi_79"])
    np.testing.assert_allclose(score, sids["ZIi_79"], atol=1e-9)


def test_gi_star_and_its_p_against_esda(sids: Table, counties: Table) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from esda import G_Local
        from libpysal.graph import Graph

        rate = sids["SID79"] / sids["BIR79"]
        graph = Graph(counties["weight"]).assign_self_weight(1)
        oracle = G_Local(rate.to_numpy(), graph, star=True, transform="B", permutations=999, seed=3)
    np.testing.assert_allclose(gi_star(rate, counties), oracle.Zs, atol=1e-9)
    p, ours = oracle.p_sim, local_moran(rate, counties, permutations=999, seed=3)["p"]
    assert (np.abs(ours / 2 - p) <= 6 * np.sqrt(p * (1 - p) / 999) + 0.002).all()


@settings(max_examples=40, deadline=None)
@given(counts, st.floats(0.1, 50), st.floats(-5, 5), st.randoms())
def test_gi_star_by_its_definition_whatever_the_scale_and_the_order(
    numbers: list[int | None], factor: float, shift: float, random
) -> None:
    values, pairs = pd.Series(numbers, dtype="float64"), ring(len(numbers))
    found = gi_star(values, pairs)
    seen = values.dropna()
    spread = seen.std(ddof=0)
    for village in values.index:
        around = [b for a, b in pairs.index if a == village and b in seen.index]
        group = seen[[village, *around]] if village in seen.index and around else seen.iloc[:0]
        k, n = len(group), len(seen)
        if k < 2 or k == n or seen.min() == seen.max():
            assert np.isnan(found[village])
            continue
        expected = (group.sum() - k * seen.mean()) / (spread * np.sqrt(k * (n - k) / (n - 1)))
        assert found[village] == pytest.approx(expected, abs=1e-9)
    pd.testing.assert_series_equal(gi_star(values * factor + shift, pairs), found, rtol=1e-6, atol=1e-6)
    order = list(values.index)
    random.shuffle(order)
    pd.testing.assert_series_equal(gi_star(values.loc[order], pairs).loc[values.index], found)


def test_the_number_of_workers_changes_nothing(sids: Table, counties: Table) -> None:
    rate = sids["SID79"] / sids["BIR79"]
    one, four = (moran_test(rate, counties, permutations=333, seed=2, workers=w) for w in (1, 4))
    assert one == four
