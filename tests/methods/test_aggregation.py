"""Aggregation: COINr's example from end to end, a published TOPSIS, and the laws of every aggregator."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from asem import coinr, hierarchy, meta
from hypothesis import given, settings
from hypothesis import strategies as st

from lokus.methods import composite, scoring, treatment
from lokus.methods.aggregation import AGGREGATORS, aggregate, copeland, power_mean, topsis
from lokus.methods.hierarchy import Hierarchy

few = settings(max_examples=40, deadline=None)
HOWS = list(AGGREGATORS)
MEANS = ["harmonic", "geometric", "arithmetic", "quadratic"]
TREE = Hierarchy.of(
    {"a": ("d", 2.0), "b": ("d", 1.0), "c": ("e", 1.0), "f": ("index", 0.5)},
    {"d": ("g", 1.0), "e": ("g", 3.0), "g": ("index", 2.0), "index": ("", 1.0)},
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Needs of some villages, some missing, equal ones among them, and weights, some of them 0."""
    n, c = draw(st.integers(1, 9)), draw(st.integers(1, 5))
    one = st.one_of(st.just(np.nan), st.sampled_from([0.0, 0.5, 1.0]), st.integers(0, 1000).map(lambda v: v / 1000))
    needs = draw(st.lists(st.lists(one, min_size=c, max_size=c), min_size=n, max_size=n))
    weights = draw(st.lists(st.integers(0, 5), min_size=c, max_size=c).filter(any))
    return np.array(needs), np.array(weights, dtype=float)


def test_published_scalars() -> None:
    """COINr's `a_amean`, `a_gmean`, `a_hmean`, `a_genmean` (p = 2) of 1 … 5, weights 1, 2, 3, 2, 1."""
    x, w = np.array([[1.0, 2, 3, 4, 5]]), np.array([1.0, 2, 3, 2, 1])
    told = {1: 3, 0: 2.73772874456705, -1: 2.43243243243243, 2: 3.21455025366432}
    for power, mean in told.items():
        assert power_mean(x, w, power)[0] == pytest.approx(mean, rel=1e-13)


def same(told: pd.DataFrame, file: pd.DataFrame) -> None:
    """Equal to 1e-9; whole numbers in a file may be floats here."""
    pd.testing.assert_frame_equal(told, file, rtol=1e-9, atol=1e-9, check_dtype=False)


def test_published_chain(published: Path) -> None:
    """COINr's `build_example_coin` from raw data to the index: every link by lokus, each held against its file.

    expected_Raw, _Denominated, _Imputed, _Screened, _Treated, _Normalised, _Aggregated, _ranks, _results_aggs_rounded.
    """
    tree, about = hierarchy(published), meta(published)
    names, given_data = list(tree.names), coinr(published, "asem_iData")
    raw = coinr(published, "expected_Raw")
    by = {i: given_data.loc[raw.index, d] if isinstance(d := about.loc[i, "Denominator"], str) else 1.0 for i in raw}
    values = pd.DataFrame({i: raw[i] / by[i] for i in raw})
    same(values, coinr(published, "expected_Denominated"))
    values = treatment.impute(values, "group_mean", given_data.loc[raw.index, "EurAsia_group"]).values
    same(values, coinr(published, "expected_Imputed"))
    values = values[treatment.screen(values, 0.9)]
    same(values, coinr(published, "expected_Screened"))
    values = values.apply(lambda column: treatment.winsorise_log(column, 5).values)
    same(values, coinr(published, "expected_Treated"))
    way = {i: "higher" if about.loc[i, "Direction"] > 0 else "lower" for i in values}
    needs = values.apply(lambda x: composite.need(x, composite.bounds(x, "minmax", way[x.name])))
    same(100 * (1 - needs), coinr(published, "expected_Normalised"))
    nodes = pd.DataFrame(aggregate(needs[names[:49]].to_numpy(), tree), needs.index, names)
    told = coinr(published, "expected_Aggregated")
    same(100 * (1 - nodes), told[names])
    index = 100 * (1 - nodes["Index"].sort_values())
    headline = {"CHE": 68.384, "NLD": 64.820, "DNK": 64.804, "NOR": 64.468, "BEL": 63.540}
    assert index.head(5).round(3).to_dict() == headline
    ranks = coinr(published, "expected_ranks")["Index"]
    assert nodes["Index"].rank(method="min").loc[ranks.index].tolist() == ranks.tolist()
    rounded = coinr(published, "expected_results_aggs_rounded")
    assert index.index.tolist() == rounded.index.tolist()
    assert rounded["Rank"].tolist() == ranks.loc[rounded.index].tolist()
    np.testing.assert_allclose(
        100 * (1 - nodes.loc[rounded.index, rounded.columns[1:]]), rounded.iloc[:, 1:], atol=0.00501
    )


@pytest.mark.parametrize(
    ("how", "file"), [("arithmetic", "a_amean"), ("geometric", "a_gmean"), ("harmonic", "a_hmean")]
)
def test_published_means_on_1_to_100(published: Path, how: str, file: str) -> None:
    """expected_index_minmax1_100_*: COINr on min-max 1 … 100 at every level is lokus on 0 … 1 by the declared rule."""
    tree, told = hierarchy(published), coinr(published, f"expected_index_minmax1_100_{file}")
    good = coinr(published, "expected_Normalised").loc[told.index, list(tree.names[:49])] / 100
    nodes = aggregate(good.to_numpy(), tree, how)
    np.testing.assert_allclose(1 + 99 * nodes[:, -3:], told, rtol=1e-9)


def test_published_copeland(published: Path) -> None:
    """expected_copeland_conn_sust: wins − losses of 51 countries is 100 · share − 50."""
    told = coinr(published, "expected_copeland_conn_sust")
    np.testing.assert_allclose(100 * copeland(told[["Conn", "Sust"]].to_numpy(), np.ones(2)) - 50, told["copeland"])


def test_published_topsis(published: Path) -> None:
    """mcdm/scikit_criteria_worked_examples.json: Tzeng & Huang 2011, vector-normalised, the best and worst as ends."""
    cases = json.loads((published / "mcdm/scikit_criteria_worked_examples.json").read_text("utf-8"))
    case = next(c for c in cases if c["method"].startswith("TOPSIS"))
    matrix = np.array(case["matrix"], dtype=float)
    unit = matrix / np.sqrt((matrix**2).sum(axis=0))
    told = topsis(unit, np.array(case["weights"]), unit.min(axis=0), unit.max(axis=0))
    np.testing.assert_allclose(told, case["similarity"], atol=case["atol"])


@pytest.mark.parametrize("how", HOWS)
@few
@given(case=cases(), data=st.data())
def test_more_need_never_gives_less(how: str, case: tuple[np.ndarray, np.ndarray], data: st.DataObject) -> None:
    """Law: nor does any village then stand before one that had more and kept it."""
    needs, weights = case
    village, column = data.draw(st.integers(0, len(needs) - 1)), data.draw(st.integers(0, needs.shape[1] - 1))
    if np.isnan(needs[village, column]):
        return
    more = needs.copy()
    more[village, column] += data.draw(st.floats(0, 1))
    before, after = AGGREGATORS[how](needs, weights), AGGREGATORS[how](more, weights)
    assert not after[village] < before[village] - 1e-12
    assert not (after[village] < after - 1e-12)[before[village] >= before].any()


@pytest.mark.parametrize("how", HOWS)
@few
@given(case=cases(), factor=st.floats(0.01, 1000))
def test_only_what_is_observed_and_weighs_counts(how: str, case: tuple[np.ndarray, np.ndarray], factor: float) -> None:
    """Law: 0–1 or missing; weights are scale-free; columns without weight do not matter; villages may be reordered."""
    needs, weights = case
    told = AGGREGATORS[how](needs, weights)
    nothing = (np.isnan(needs) | (weights == 0)).all(axis=1)
    assert (np.isnan(told) == nothing).all()
    assert ((told[~nothing] >= -1e-12) & (told[~nothing] <= 1 + 1e-12)).all()
    np.testing.assert_allclose(AGGREGATORS[how](needs, factor * weights), told, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(AGGREGATORS[how](needs[:, weights > 0], weights[weights > 0]), told, atol=1e-12)
    np.testing.assert_allclose(AGGREGATORS[how](needs[::-1], weights), told[::-1], atol=1e-12)


@pytest.mark.parametrize("how", MEANS)
@few
@given(case=cases())
def test_a_mean_lies_between_the_least_and_the_greatest(how: str, case: tuple[np.ndarray, np.ndarray]) -> None:
    """Law, and harmonic ≤ geometric ≤ arithmetic ≤ quadratic; missing values are as if their columns were not there."""
    needs, weights = case
    told, gentler = (AGGREGATORS[h](needs, weights) for h in (how, MEANS[min(MEANS.index(how) + 1, 3)]))
    for row, mean, over in zip(needs, told, gentler, strict=True):
        counted = ~np.isnan(row) & (weights > 0)
        if counted.any():
            assert row[counted].min() - 1e-12 <= mean <= row[counted].max() + 1e-12
            assert mean <= over + 1e-12
            alone = AGGREGATORS[how](row[counted][None], weights[counted])
            assert mean == pytest.approx(alone[0], abs=1e-12)


@few
@given(cases())
def test_copeland_is_what_its_words_say(case: tuple[np.ndarray, np.ndarray]) -> None:
    """Oracle: every pair of villages in turn."""
    needs, weights = case
    told = copeland(needs, weights)
    there = [i for i, row in enumerate(needs) if (~np.isnan(row) & (weights > 0)).any()]
    for i in there:
        points = 0
        for j in there:
            for_i, for_j = weights[needs[i] > needs[j]].sum(), weights[needs[i] < needs[j]].sum()
            points += 1.0 if for_i > for_j else 0.5 if for_i == for_j else 0.0
        # A village draws with itself.
        assert told[i] == pytest.approx((points - 0.5) / (len(there) - 1) if len(there) > 1 else 0.5)


def test_copeland_in_blocks_is_copeland() -> None:
    """Law: how many villages are compared at once does not show; a common factor in the weights makes no hair a win."""
    rng = np.random.default_rng(4)
    needs = rng.integers(0, 6, (700, 6)) / 5
    whole = copeland(needs, np.full(6, 0.1))
    assert (whole == copeland(needs, np.full(6, 3.0))).all()
    wins = sum(np.sign(needs[:, [j]] - needs[:, j]) for j in range(6))
    np.testing.assert_allclose(whole, (np.sign(wins).sum(axis=1) / 699 + 1) / 2)


@pytest.mark.parametrize("how", [h for h in HOWS if h != "copeland"])
def test_draws_are_each_draw(how: str) -> None:
    """Law: a cube of needs and a weight for each draw is what each draw gives alone, at every node."""
    rng = np.random.default_rng(5)
    needs, weights = rng.random((3, 7, 4)), rng.random((3, len(TREE.names)))
    needs[rng.random(needs.shape) < 0.2] = np.nan
    told = aggregate(needs, TREE, how, weights)
    for b in range(3):
        alone = Hierarchy(TREE.names, TREE.parent, tuple(weights[b]))
        np.testing.assert_allclose(told[b], aggregate(needs[b], alone, how), atol=1e-12)
    np.testing.assert_allclose(aggregate(needs[0], TREE, how, weights)[1], aggregate(needs[0], TREE, how, weights[1]))


@pytest.mark.parametrize("within", ["arithmetic", "geometric"])
@pytest.mark.parametrize("across", ["arithmetic", "geometric"])
def test_two_levels_are_the_exact_score(within: str, across: str) -> None:
    """Oracle: the integers of `scoring`, which know dimensions and an index, within their rounding."""
    rng = np.random.default_rng(6)
    needs = rng.random((60, 3))
    needs[rng.random(needs.shape) < 0.2] = np.nan
    needs = needs[~np.isnan(needs).all(axis=1)]
    below, above = {"a": ("d", 2.0), "b": ("d", 1.0), "c": ("e", 1.0)}, {"d": 1.0, "e": 3.0}
    tree = Hierarchy.of(below, {**{d: ("index", w) for d, w in above.items()}, "index": ("", 1.0)})
    scheme = scoring.scheme_of(below, above, within=within, across=across)
    units = scoring.score_units(scoring.need_units(needs), scheme).units
    told = aggregate(needs, tree, {"d": within, "e": within, "index": across})[:, -1]
    np.testing.assert_allclose(100 * told, units / scoring.UNIT, atol=0.02)


def test_each_node_by_its_own_way() -> None:
    """Law: a tree of any depth, by hand: geometric below, harmonic in the middle, Copeland on top."""
    needs = np.array([[0.2, 0.4, 0.6, 0.8], [0.9, np.nan, 0.1, 0.3], [np.nan, np.nan, np.nan, 0.5]])
    ways = {"d": "geometric", "e": "arithmetic", "g": "harmonic", "index": "copeland"}
    told = aggregate(needs, TREE, ways)
    d = [(((1 + 19.8) ** 2 * (1 + 39.6)) ** (1 / 3) - 1) / 99, 0.9, np.nan]
    np.testing.assert_allclose(told[:, 4], d)
    middle = [(4 / (1 / (1 + 99 * a) + 3 / (1 + 99 * b)) - 1) / 99 for a, b in zip(d, [0.6, 0.1, np.nan], strict=True)]
    np.testing.assert_allclose(told[:, 6], middle)
    np.testing.assert_allclose(told[:, 7], copeland(told[:, [6, 3]], np.array([2.0, 0.5])))
    np.testing.assert_array_equal(told[:, :4], needs)


def test_degenerate_input_is_neutral_or_missing() -> None:
    """Law: one village, all alike, nothing observed, no weight at all."""
    for how in HOWS:
        alike = AGGREGATORS[how](np.full((3, 2), 0.25), np.ones(2))
        assert alike == pytest.approx(0.5 if how == "copeland" else 0.25)
        assert np.isnan(AGGREGATORS[how](np.full((2, 2), np.nan), np.ones(2))).all()
        assert np.isnan(AGGREGATORS[how](np.full((2, 2), 0.5), np.zeros(2))).all()
        assert AGGREGATORS[how](np.empty((0, 2)), np.ones(2)).shape == (0,)
    assert copeland(np.array([[0.7]]), np.ones(1)).tolist() == [0.5]
    assert topsis(np.array([[0.3]]), np.ones(1), 0.3, 0.3).tolist() == [0.5]


def test_draws_beyond_the_ends() -> None:
    """Law: a need under 0 counts as 0 where a mean cannot bear it; TOPSIS holds both ends; the others run on."""
    beyond, ends, weights = np.array([[1.5, 0.2], [-0.3, 0.2]]), np.array([[1.0, 0.2], [0.0, 0.2]]), np.ones(2)
    for how in ("topsis", "geometric", "harmonic", "quadratic"):
        told, held = AGGREGATORS[how](beyond, weights), AGGREGATORS[how](ends, weights)
        assert told[1] == held[1]
        assert told[0] == held[0] if how == "topsis" else told[0] > held[0]
    assert AGGREGATORS["arithmetic"](beyond, weights).tolist() == pytest.approx([0.85, -0.05])


def test_misuse_is_refused() -> None:
    needs = np.array([[0.0, 0.5]])
    for power in (0, -1):
        with pytest.raises(ValueError, match="above 0"):
            power_mean(needs, np.ones(2), power)
        assert power_mean(needs, np.array([0.0, 1.0]), power)[0] == pytest.approx(0.5)
    with pytest.raises(ValueError, match="negative"):
        power_mean(needs, np.array([1.0, -1.0]), 1)
    with pytest.raises(ValueError, match="one draw"):
        copeland(needs[None], np.ones(2))
    with pytest.raises(ValueError, match="4 indicators"):
        aggregate(needs, TREE)
    with pytest.raises(ValueError, match="no aggregator"):
        aggregate(np.zeros((2, 4)), TREE, {"index": "arithmetic"})
    with pytest.raises(ValueError, match="index: contests"):
        aggregate(np.zeros((2, 3, 4)), TREE, {"d": "arithmetic", "e": "arithmetic", "g": "topsis", "index": "copeland"})
