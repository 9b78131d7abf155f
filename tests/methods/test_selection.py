"""The choice: published optima, every possible choice as oracle, laws."""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lokus.errors import InfeasibleSelection
from lokus.methods.optimum import Programme, first_of_the_best
from lokus.methods.selection import NAMES, Rules, choose, solve


@pytest.mark.parametrize("case", range(3))
def test_published_optima_under_a_budget_and_quotas(published: Path, case: int) -> None:
    """Proven optima 4234.83, 8726.14 and 112589.09 (HiGHS, gap 0)."""
    told = json.loads((published / "opt/optima.json").read_text())[case]
    villages = pd.read_csv(published / "opt" / told["file"])
    counted = villages["kecamatan"].to_numpy()
    counts = np.bincount(counted)
    low = np.minimum(1, counts)
    high = np.maximum(low, np.ceil(0.35 * counts + 2))
    value, cost = villages["stunted_children"].to_numpy(), villages["cost"].to_numpy()
    rules = {"count": told["N"], "cost": cost, "budget": told["budget"], "low": low, "high": high}
    chosen = solve(value, villages["kecamatan"], **rules)
    assert chosen is not None
    assert value[chosen].sum() == pytest.approx(told["optimal_objective"], abs=1e-6)
    assert cost[chosen].sum() == pytest.approx(told["cost_used"], abs=1e-6)
    assert (chosen == villages["selected_optimal"].to_numpy(bool)).all()
    meant = Programme.of(len(value)).limited(np.ones(len(value)), told["N"], told["N"])
    meant = meant.limited(np.rint(cost * 100), -np.inf, round(told["budget"] * 100)).grouped(counted, low, high)
    exact = first_of_the_best(meant, [np.rint(value * 100).astype(np.int64)], np.argsort(-value, kind="stable"))
    assert exact is not None and round(value[exact].sum(), 2) == told["optimal_objective"]
    assert solve(value, villages["kecamatan"], **{**rules, "budget": 1.0}) is None


def list_of(scores: list[int | None], kecamatan: list[int]) -> tuple[pd.Series, pd.Series]:
    index = pd.Index([f"v{i:02}" for i in range(len(scores))], name="village_code")
    return pd.Series(scores, index, dtype="Int64"), pd.Series([f"k{k}" for k in kecamatan[: len(scores)]], index)


optional = st.one_of(st.none(), st.integers(1, 3))
seldom = st.one_of(st.just(()), st.just(()), st.sampled_from(range(9)).map(lambda i: (f"v{i:02}",)))


@st.composite
def studies(draw: st.DrawFn) -> tuple[pd.Series, pd.Series, Rules]:
    scores = draw(st.lists(st.one_of(st.integers(0, 4), st.none()), min_size=9, max_size=9))
    kecamatan = draw(st.lists(st.integers(0, 3), min_size=9, max_size=9))
    low = draw(st.sampled_from([None, None, 0, 1, 2]))
    rules = Rules(draw(st.integers(1, 6)), draw(optional), low, draw(optional), *(draw(seldom) for _ in range(4)))
    return *list_of(scores, kecamatan), rules


def meets(some: set[str], kecamatan: pd.Series, rules: Rules) -> bool:
    counts = kecamatan[list(some)].value_counts().reindex(kecamatan.unique(), fill_value=0)
    return (
        len(some) == rules.count
        and some.issuperset(rules.keep + rules.add)
        and some.isdisjoint(rules.drop + rules.remove)
        and counts.max() <= (rules.max_per_kecamatan or len(kecamatan))
        and counts.min() >= (rules.min_per_kecamatan or 0)
        and (counts > 0).sum() >= (rules.least_kecamatan or 0)
    )


def every_choice(score: pd.Series, kecamatan: pd.Series, rules: Rules) -> list[tuple[str, ...]]:
    """All choices that meet the rules, the best first: by total score, then by the places in (score, code) order."""
    order = list(score.dropna().sort_index().sort_values(ascending=False, kind="stable").index)
    order += [code for code in score.index if code not in order]
    allowed = [c for c in order if pd.notna(score[c]) or c in rules.keep + rules.add]
    held = set(rules.keep + rules.add)
    found = [c for c in combinations(allowed, min(rules.count, 99)) if meets(set(c), kecamatan, rules)]
    return sorted(found, key=lambda c: (-score[list(set(c) - held)].sum(), [order.index(v) for v in c]))


@settings(max_examples=150, deadline=None)
@given(studies())
def test_the_choice_is_the_first_of_the_best_of_all_possible_ones(study: tuple[pd.Series, pd.Series, Rules]) -> None:
    score, kecamatan, rules = study
    possible = every_choice(score, kecamatan, rules)
    if not possible:
        with pytest.raises(InfeasibleSelection):
            choose(score, kecamatan, rules)
        return
    found = choose(score, kecamatan, rules)
    assert set(found.index[found["selected"]]) == set(possible[0])
    shuffled = score.index[::-1]
    pd.testing.assert_frame_equal(choose(score[shuffled], kecamatan[shuffled], rules).loc[score.index], found)


@settings(max_examples=100, deadline=None)
@given(studies())
def test_a_refusal_names_a_smallest_contradiction(study: tuple[pd.Series, pd.Series, Rules]) -> None:
    """All of it but any one can be met; where "villages" is left out, each kecamatan gets more of them."""
    score, kecamatan, rules = study
    try:
        choose(score, kecamatan, rules)
    except InfeasibleSelection as refusal:
        assert set(refusal.rules) <= set(NAMES) and len(set(refusal.rules)) == len(refusal.rules)
        assert not possible_under(refusal.rules, score, kecamatan, rules)
        for rule in refusal.rules:
            assert possible_under(set(refusal.rules) - {rule}, score, kecamatan, rules)


def possible_under(names: set[str], score: pd.Series, kecamatan: pd.Series, rules: Rules) -> bool:
    active = {name.rpartition(".")[2] for name in names}
    if "villages" not in active:
        more = [(f"w{k}{i}", k) for k in kecamatan.unique() for i in range(6)]
        score = pd.concat([score, pd.Series({code: 1 for code, _ in more}, dtype="Int64")])
        kecamatan = pd.concat([kecamatan, pd.Series(dict(more))])
    some = {name: getattr(rules, name) for name in active - {"villages"}}
    held, out = (
        kecamatan.index.isin([code for f in pair for code in some.get(f, ())])
        for pair in (("keep", "add"), ("drop", "remove"))
    )
    met = solve(
        np.zeros(len(score)),
        pd.factorize(kecamatan)[0],
        count=rules.count if "count" in active else None,
        low=some.get("min_per_kecamatan", 0),
        high=some.get("max_per_kecamatan"),
        least_groups=some.get("least_kecamatan"),
        locked_in=held,
        locked_out=out | (score.isna() & ~kecamatan.index.isin(rules.keep + rules.add)).to_numpy(bool),
    )
    return met is not None


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 30))
def test_greedy_equals_the_optimum_where_only_caps_bind(seed: int, cap: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    score, kecamatan = list_of(list(rng.integers(0, 30, 80)), list(rng.integers(0, 12, 80)))
    greedy: list[str] = []
    for code in score.sort_values(ascending=False, kind="stable").index:
        if len(greedy) < count and (kecamatan[greedy] == kecamatan[code]).sum() < cap:
            greedy.append(code)
    if len(greedy) < count:
        with pytest.raises(InfeasibleSelection):
            choose(score, kecamatan, Rules(count, cap))
    else:
        found = choose(score, kecamatan, Rules(count, cap))
        assert set(found.index[found["selected"]]) == set(greedy)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 30))
def test_the_sort_without_limits_equals_the_solver(seed: int, count: int) -> None:
    """Limits that cannot bind leave the choice, and its reasons, as the plain order makes them."""
    rng = np.random.default_rng(seed)
    score, kecamatan = list_of(list(rng.integers(0, 30, 80)), list(rng.integers(0, 12, 80)))
    codes = list(rng.permutation(score.index)[:6])
    named = {"keep": tuple(codes[:1]), "drop": tuple(codes[1:4]), "remove": tuple(codes[4:])}
    plain = choose(score, kecamatan, Rules(count, **named))
    pd.testing.assert_frame_equal(choose(score, kecamatan, Rules(count, 80, 0, 1, **named)), plain)
    lowest_in = score[plain["selected_by"] == "score"].min()
    highest_out = score[plain["left_out_by"] == "score"].max()
    assert count == 1 or lowest_in >= highest_out


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), optional, optional, st.integers(1, 20))
def test_the_total_is_the_solvers_own_optimum(seed: int, high: int | None, low: int | None, least: int) -> None:
    rng = np.random.default_rng(seed)
    groups = np.sort(
        rng.integers(0, 20, 300)
    )  # neighbouring kecamatan are alike, so that the spread has to be asked for
    score, kecamatan = list_of(list(rng.integers(0, 50, 300) + 10 * groups), list(groups))
    value = score.to_numpy(dtype=float)
    optimum = solve(value, pd.factorize(kecamatan)[0], count=60, low=low or 0, high=high, least_groups=least)
    rules = Rules(60, high, low, least)
    if optimum is None:
        with pytest.raises(InfeasibleSelection):
            choose(score, kecamatan, rules)
    else:
        assert score[choose(score, kecamatan, rules)["selected"]].sum() == value[optimum].sum()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), optional, st.integers(1, 6), st.integers(1, 25))
def test_nobody_is_out_by_score_while_a_lower_one_is_in(seed: int, high: int | None, least: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    score, kecamatan = list_of(list(rng.integers(0, 40, 60)), list(rng.integers(0, 8, 60)))
    keep = tuple(rng.permutation(score.index)[:2])
    try:
        found = choose(score, kecamatan, Rules(count, high, None, least, keep=keep))
    except InfeasibleSelection:
        return
    lowest_in = score[found["selected_by"].isin(["score", "rule"])].min()
    out = score[found["left_out_by"] == "score"]
    assert not (out > lowest_in).any()
    first = score.sort_values(ascending=False, kind="stable").index[:count]
    assert not (found.loc[first, "left_out_by"] == "score").any()


def test_why_a_village_is_in_or_out() -> None:
    score, kecamatan = list_of([90, 80, 70, 60, 50, 40, None, 30, None, 95], [0, 0, 0, 1, 1, 2, 2, 2, 2, 3])
    rules = Rules(
        5, max_per_kecamatan=2, keep=("v07",), add=("v06",), drop=("v09",), remove=("v05",), least_kecamatan=3
    )
    found = choose(score, kecamatan, rules)
    assert found["selected_by"].to_dict() == {
        "v00": "score", "v01": "score", "v02": "", "v03": "rule", "v04": "",
        "v05": "", "v06": "add", "v07": "keep", "v08": "", "v09": "",
    }  # fmt: skip
    assert found["left_out_by"].to_dict() == {
        "v00": "", "v01": "", "v02": "rule", "v03": "", "v04": "rule",
        "v05": "remove", "v06": "", "v07": "", "v08": "unranked", "v09": "drop",
    }  # fmt: skip
    assert found.dtypes.astype(str).to_dict() == {"selected": "bool", "selected_by": "str", "left_out_by": "str"}


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        (Rules(9), {"count", "villages"}),
        (Rules(7, drop=("v00", "v01")), {"count", "drop", "villages"}),
        (Rules(4, max_per_kecamatan=1), {"count", "max_per_kecamatan"}),
        (Rules(2, min_per_kecamatan=1), {"count", "min_per_kecamatan"}),
        (Rules(6, 1, 2), {"max_per_kecamatan", "min_per_kecamatan"}),
        (Rules(2, least_kecamatan=3), {"count", "least_kecamatan"}),
        (Rules(6, least_kecamatan=4), {"least_kecamatan"}),
        (Rules(6, min_per_kecamatan=3), {"count", "min_per_kecamatan"}),
        (Rules(8, min_per_kecamatan=2, remove=("v06",)), {"min_per_kecamatan", "remove", "villages"}),
        (Rules(1, keep=("v00", "v01")), {"count", "keep"}),
        (Rules(1, keep=("v00",), add=("v01",)), {"count", "keep", "add"}),
        (Rules(3, keep=("v00",), drop=("v00",)), {"keep", "drop"}),
        (Rules(3, add=("v00",), remove=("v00",)), {"add", "remove"}),
        (Rules(3, 1, keep=("v00", "v01")), {"max_per_kecamatan", "keep"}),
    ],
)  # fmt: skip
def test_contradictions_are_named(rules: Rules, named: set[str]) -> None:
    score, kecamatan = list_of([9, 8, 7, 6, 5, 4, 3, 2, None], [0, 0, 0, 1, 1, 1, 2, 2, 2])
    with pytest.raises(InfeasibleSelection) as refusal:
        choose(score, kecamatan, rules)
    told = {name if name == "villages" else f"selection.{name}" for name in named}
    assert set(refusal.value.rules) == told
    assert refusal.value.params["ranked"] == 8 and refusal.value.params["kecamatan"] == 3


def test_misuse_is_refused() -> None:
    score, kecamatan = list_of([1, 2, 3], [0, 0, 1])
    with pytest.raises(ValueError, match="index"):
        choose(score, kecamatan.iloc[::-1], Rules(1))
    with pytest.raises(ValueError, match="no kecamatan"):
        choose(score, kecamatan.where(kecamatan != "k1"), Rules(1))
    with pytest.raises(ValueError, match="count"):
        choose(score, kecamatan, Rules(0))
    with pytest.raises(ValueError, match="not in the list"):
        choose(score, kecamatan, Rules(1, keep=("v99",)))
