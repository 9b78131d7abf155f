"""The exact score: its tables, its laws, and the published means."""

from fractions import Fraction
from math import floor, sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from lokus.methods.scoring import (
    AGGREGATIONS,
    CURVES,
    INVERSES,
    LOGS,
    UNIT,
    Scheme,
    min_rank,
    need_units,
    scheme_of,
    score_draws,
    score_units,
    weight_units,
)

few = settings(max_examples=60, deadline=None)
HOWS = list(AGGREGATIONS)


@st.composite
def studies(draw: st.DrawFn, villages: int = 12) -> tuple[np.ndarray, Scheme]:
    """Integer needs (−1 = missing) and a scheme of up to five dimensions, one in the other, zero weights among them."""
    k, d = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    weight = st.integers(0, 9)
    scheme = scheme_of(
        {f"i{j}": (f"d{draw(st.integers(0, d - 1))}", draw(weight)) for j in range(k)},
        {f"d{j}": draw(weight) for j in range(d)},
        within=draw(st.sampled_from(HOWS)),
        across=draw(st.sampled_from(HOWS)),
        parents={f"d{j}": f"d{draw(st.integers(0, j - 1))}" for j in range(1, d) if draw(st.booleans())},
    )
    one = st.one_of(st.just(-1), st.sampled_from([0, 1, 2500, 5000, UNIT - 1, UNIT]), st.integers(0, UNIT))
    rows = draw(st.lists(st.lists(one, min_size=k, max_size=k), min_size=2, max_size=villages))
    return np.array(rows, dtype=np.int64), scheme


def floats(needs: np.ndarray, scheme: Scheme) -> np.ndarray:
    """The same scores as one draw of the fast way."""
    seen = needs >= 0
    weights, above = np.array([scheme.weights], dtype=float), np.array([scheme.dimension_weights], dtype=float)
    return score_draws([np.where(s, c, 0) / UNIT for c, s in zip(needs.T, seen.T, strict=True)], seen, weights, above,
                       scheme)[0]  # fmt: skip


def slow(needs: list[int], scheme: Scheme) -> int:
    """One village by the words of the module, in Python integers, as a browser would do it."""

    def div(p: int, q: int) -> int:
        return (2 * p + q) // (2 * q)

    def log(v: int, table: list[int]) -> int:
        i = min(v // UNIT, UNIT - 1)
        return table[i] + div((table[i + 1] - table[i]) * (v - i * UNIT), UNIT)

    def exp(m: int, table: list[int]) -> int:
        i = max(i for i in range(UNIT) if table[i] <= m)
        return i * UNIT + div((m - table[i]) * UNIT, table[i + 1] - table[i])

    def mean(values: list[int], weights: list[int], how: str) -> int:
        pairs = [(v, w) for v, w in zip(values, weights, strict=True) if v >= 0 and w > 0]
        if not pairs:
            return -1
        total = sum(w for _, w in pairs)
        if how == "arithmetic":
            return div(sum(w * v for v, w in pairs), total)
        if how == "topsis":
            near = far = 0.0
            for v, w in pairs:
                near, far = near + (w * (v / 1e8)) ** 2, far + (w * (1.0 - v / 1e8)) ** 2
            return floor(1e8 * (sqrt(near) / (sqrt(near) + sqrt(far))) + 0.5)
        table = CURVES[how].tolist()
        return exp(div(sum(w * log(v, table) for v, w in pairs), total), table)

    def node(at: int) -> int:
        own = [j for j, d in enumerate(scheme.dimension_of) if d == at]
        below = [d for d, parent in enumerate(scheme.parents) if parent == at]
        values = [needs[j] * UNIT if needs[j] >= 0 else -1 for j in own] + [node(d) for d in below]
        weights = [scheme.weights[j] for j in own] + [scheme.dimension_weights[d] for d in below]
        return mean(values, weights, scheme.within if own else scheme.across)

    index = node(-1)
    return div(index, 100) if index >= 0 else -1


def test_every_platform_finds_the_same_logarithms() -> None:
    """Law: no entry lies so near a rounding boundary that another libm could round it the other way.

    Doubles carry 1e7·ln to about 1e-8; the table leaves a hundred times that.
    """
    exact = 1e7 * np.log1p(99 * np.arange(UNIT + 1, dtype=np.longdouble) / UNIT)
    assert np.abs(exact - np.floor(exact) - 0.5).min() > 1e-6
    np.testing.assert_array_equal(LOGS, np.floor(exact + 0.5).astype(np.int64))
    assert (np.diff(LOGS) > 0).all()
    assert LOGS[-1] * UNIT * 2 + UNIT < 2**53


def test_every_platform_finds_the_same_inverses() -> None:
    """Oracle: exact rationals; the doubles of the table round as they do."""
    exact = [Fraction(10**11 * UNIT, UNIT + 99 * i) for i in range(UNIT + 1)]
    assert INVERSES.tolist() == [10**11 - floor(x + Fraction(1, 2)) for x in exact]
    assert (np.diff(INVERSES) > 0).all()
    assert int(INVERSES[-1]) * UNIT * 2 + UNIT < 2**53
    assert int(np.diff(INVERSES).max()) * UNIT * 2 < 2**53


@few
@given(studies(villages=4))
def test_the_score_is_what_the_words_say(study: tuple[np.ndarray, Scheme]) -> None:
    """Oracle: plain Python integers, village by village."""
    needs, scheme = study
    assert score_units(needs, scheme).units.tolist() == [slow(row.tolist(), scheme) for row in needs]


@few
@given(studies())
def test_the_fast_way_agrees(study: tuple[np.ndarray, Scheme]) -> None:
    """Law: floating point lies within 1e-3 points of the exact score."""
    needs, scheme = study
    units = score_units(needs, scheme).units
    np.testing.assert_allclose(floats(needs, scheme), np.maximum(units, 0) / UNIT, atol=1e-3)


@few
@given(studies(), st.data())
def test_more_need_never_ranks_lower(study: tuple[np.ndarray, Scheme], data: st.DataObject) -> None:
    """Law, for both means and any pattern of missing values."""
    needs, scheme = study
    village, indicator = data.draw(st.integers(0, len(needs) - 1)), data.draw(st.integers(0, needs.shape[1] - 1))
    if needs[village, indicator] < 0:
        return
    worse = needs.copy()
    worse[village, indicator] = data.draw(st.integers(needs[village, indicator], UNIT))
    before, after = score_units(needs, scheme).units, score_units(worse, scheme).units
    assert after[village] >= before[village]
    if before[village] >= 0:
        assert min_rank(after)[village] <= min_rank(before)[village]
    others = np.arange(len(needs)) != village
    np.testing.assert_array_equal(after[others], before[others])


@few
@given(studies(), st.randoms(use_true_random=False))
def test_order_does_not_matter(study: tuple[np.ndarray, Scheme], random) -> None:
    """Law: neither of villages nor of indicators."""
    needs, scheme = study
    rows, columns = list(range(len(needs))), list(range(needs.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    turned = Scheme(
        tuple(scheme.indicators[j] for j in columns),
        scheme.dimensions,
        tuple(scheme.dimension_of[j] for j in columns),
        tuple(scheme.weights[j] for j in columns),
        scheme.dimension_weights,
        scheme.within,
        scheme.across,
        scheme.parents,
    )
    one, two = score_units(needs, scheme), score_units(needs[rows][:, columns], turned)
    np.testing.assert_array_equal(two.units, one.units[rows])
    np.testing.assert_array_equal(two.dimensions, one.dimensions[rows])


@few
@given(studies())
def test_contributions_sum_to_the_score(study: tuple[np.ndarray, Scheme]) -> None:
    """Law: points are fully explained, none is negative, and what is not observed explains nothing."""
    needs, scheme = study
    parts = score_units(needs, scheme)
    assert np.isnan(parts.contributions).tolist() == (needs < 0).tolist()
    assert (np.nan_to_num(parts.contributions) >= 0).all()
    np.testing.assert_allclose(np.nansum(parts.contributions, axis=1), np.maximum(parts.units, 0) / UNIT, atol=1e-9)
    assert ((parts.observed_weight >= 0) & (parts.observed_weight <= 1 + 1e-12)).all()
    full = (needs >= 0).all(axis=1) & (parts.units >= 0)
    np.testing.assert_allclose(parts.observed_weight[full], 1)


@few
@given(studies(), st.integers(0, UNIT))
def test_a_mean_lies_between_its_parts(study: tuple[np.ndarray, Scheme], need: int) -> None:
    """Law: the score lies within the observed needs; a village that has the same need in all has it as its score."""
    needs, scheme = study
    units = score_units(needs, scheme).units
    seen = np.where((needs >= 0) & (np.array(scheme.weights) > 0), needs, -1)
    for row, score in zip(seen, units, strict=True):
        if score >= 0:
            assert row[row >= 0].min() * 100 - 1 <= score <= row.max() * 100 + 1
    same = score_units(np.where(needs >= 0, need, -1), scheme).units
    assert (np.abs(same[same >= 0] - need * 100) <= 1).all()


def test_true_ties_are_ties() -> None:
    """Law: 1·0.6 = 2·0.3 = 3·0.2 = 1·0.2 + 4·0.1, which floats tell apart (MAPS 4)."""
    needs = np.array([[6000, 0, 0, 0], [0, 3000, 0, 0], [0, 0, 2000, 0], [2000, 0, 0, 1000]])
    assert len(set((needs / UNIT) @ [0.1, 0.2, 0.3, 0.4])) > 1
    for how in HOWS:
        weights = {f"i{j}": ("d", w) for j, w in enumerate([1, 2, 3, 4])}
        scheme = scheme_of(weights, {"d": 1}, within="arithmetic", across=how)
        assert min_rank(score_units(needs, scheme).units).tolist() == [1, 1, 1, 1]


@few
@given(st.lists(st.integers(0, 1000), min_size=1, max_size=9), st.floats(0.001, 1000))
def test_weight_units_are_scale_free(weights: list[int], factor: float) -> None:
    """Law: they sum to exactly 10,000, are nearest whole units, and a common factor changes nothing."""
    units = weight_units(weights)
    assert weight_units([w * factor for w in weights]) == units
    assert sum(units) == (UNIT if any(weights) else 0)
    for w, u in zip(weights, units, strict=True):
        assert abs(u - UNIT * w / max(sum(weights), 1)) < 1


@given(st.lists(st.integers(-1, 5), min_size=1, max_size=20))
def test_min_rank_is_scipys(units: list[int]) -> None:
    """Oracle: rankdata(method="min") of those that are ranked."""
    scores = np.array(units)
    ranks = min_rank(scores)
    assert ranks.isna().tolist() == (scores < 0).tolist()
    assert ranks.dropna().tolist() == rankdata(-scores[scores >= 0], method="min").tolist()


def test_published_scalar_means() -> None:
    """COINr's a_amean and a_gmean of 1 … 5 with weights 1, 2, 3, 2, 1 (METHODS 3.5), on the scale 1 … 100."""
    needs, weights = [np.array([v / 99]) for v in range(5)], np.array([[1.0, 2, 3, 2, 1]])
    for how, told in {"arithmetic": 3.0, "geometric": 2.73772874456705}.items():
        scheme = scheme_of({f"i{j}": ("d", w) for j, w in enumerate(weights[0])}, {"d": 1}, within=how)
        score = score_draws(needs, np.ones((1, 5), dtype=bool), weights, np.ones((1, 1)), scheme)
        assert 1 + 0.99 * score[0, 0] == pytest.approx(told, rel=1e-12)


@pytest.mark.parametrize(("how", "name"), [("arithmetic", "a_amean"), ("geometric", "a_gmean")])
def test_published_asem_index(published: Path, how: str, name: str) -> None:
    """COINr: the ASEM sub-indices from 49 indicators on 1 … 100 in eight pillars, and the index from those."""
    meta = pd.read_csv(published / "coinr/asem_iMeta.csv").set_index("iCode")
    needs = pd.read_csv(published / "coinr/expected_Normalised.csv").set_index("uCode") / 100
    told = pd.read_csv(published / f"coinr/expected_index_minmax1_100_{name}.csv").set_index("uCode")
    halves = {}
    for half in ("Conn", "Sust"):
        pillars = {p: meta.loc[p, "Weight"] for p in meta.index[meta["Parent"] == half]}
        inside = {i: (meta.loc[i, "Parent"], meta.loc[i, "Weight"]) for i in needs if meta.loc[i, "Parent"] in pillars}
        scheme = scheme_of(inside, pillars, within=how, across=how)
        columns = needs[list(inside)]
        weights = np.array([[w for _, w in inside.values()]], dtype=float)
        seen = columns.notna().to_numpy()
        score = score_draws(list(columns.fillna(0).to_numpy().T), seen, weights, np.ones((1, len(pillars))), scheme)[0]
        np.testing.assert_allclose(1 + 0.99 * score, told[half], rtol=1e-9)
        exact = score_units(need_units(columns.to_numpy()), scheme).units / UNIT
        np.testing.assert_allclose(1 + 0.99 * exact, told[half], atol=0.1)
        halves[half] = score / 100
    scheme = scheme_of({"Conn": ("d", 1), "Sust": ("d", 1)}, {"d": 1}, within=how)
    seen = np.ones((len(needs), 2), dtype=bool)
    score = score_draws(list(halves.values()), seen, np.ones((1, 2)), np.ones((1, 1)), scheme)[0]
    np.testing.assert_allclose(1 + 0.99 * score, told["Index"], rtol=1e-9)


def test_missing_is_never_zero() -> None:
    """Law: a village is scored on what is known of it; one of which nothing is known has no score."""
    scheme = scheme_of({"a": ("d", 3), "b": ("d", 1)}, {"d": 1, "e": 1})
    parts = score_units(need_units(np.array([[0.8, np.nan], [np.nan, np.nan], [0.8, 0.8]])), scheme)
    assert parts.units.tolist() == [800_000, -1, 800_000]
    assert parts.observed_weight.tolist() == [0.75, 0, 1]
    assert parts.dimensions[1].tolist() == [-1, -1]


@pytest.mark.parametrize(
    "change",
    [
        {"weights": (5000, 4000)},
        {"weights": (10_000,)},
        {"dimension_weights": (1,)},
        {"dimension_of": (0, 1)},
        {"within": "median"},
        {"parents": (0,)},
        {"parents": (-1, -1)},
        {"dimensions": ("d", "e")},
    ],
)
def test_a_scheme_that_does_not_add_up_is_refused(change: dict[str, tuple[int, ...]]) -> None:
    right = {
        "indicators": ("a", "b"), "dimensions": ("d",), "dimension_of": (0, 0), "weights": (5000, 5000),
        "dimension_weights": (UNIT,), "within": "arithmetic", "across": "arithmetic",
    }  # fmt: skip
    Scheme(**right)
    with pytest.raises(ValueError):
        Scheme(**right | change)


def test_contests_are_held_on_the_index_alone() -> None:
    """Oracle: Copeland's wins counted pair by pair, a draw as half a win."""
    scheme = scheme_of({"a": ("d", 1), "b": ("e", 1), "c": ("f", 1)}, {"d": 3, "e": 2, "f": 2}, across="copeland")
    needs = np.random.default_rng(2).integers(0, 5, (9, 3)) * 2500
    needs[0, 1], needs[4] = -1, -1
    weights, wins = np.array(scheme.dimension_weights), np.zeros(9)
    known = np.delete(np.arange(9), 4)
    for i in known:
        for j in known[known != i]:
            both = (needs[i] >= 0) & (needs[j] >= 0)
            lead = int((weights * np.sign(needs[i] - needs[j]))[both].sum())
            wins[i] += (np.sign(lead) + 1) / 2
    expected = np.where(np.arange(9) == 4, -1, np.floor(wins / 7 * 1e6 + 0.5))
    np.testing.assert_array_equal(score_units(needs, scheme).units, expected)
    np.testing.assert_allclose(floats(needs, scheme), np.maximum(expected, 0) / UNIT, atol=1e-3)
    with pytest.raises(ValueError, match="index alone"):
        scheme_of({"a": ("d", 1)}, {"d": 1, "e": 1}, across="copeland", parents={"d": "e"})


def test_misuse_is_refused() -> None:
    scheme = scheme_of({"a": ("d", 1)}, {"d": 1})
    for needs in ([[1, 2]], [[UNIT + 1]], [[-2]]):
        with pytest.raises(ValueError):
            score_units(np.array(needs), scheme)
    with pytest.raises(ValueError, match="no dimension"):
        scheme_of({"a": ("x", 1)}, {"d": 1})
    with pytest.raises(ValueError, match="lie in each other"):
        scheme_of({"a": ("d", 1)}, {"d": 1, "e": 1}, parents={"d": "e", "e": "d"})
    with pytest.raises(ValueError, match="weight"):
        weight_units([1, -1])
