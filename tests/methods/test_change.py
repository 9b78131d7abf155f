"""Change between two years: the exact inequality of betas, and the laws of lists."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betaln

from lokus.methods.change import backtest, causes, change_in_rate, doubts, moves

few = settings(max_examples=40, deadline=None)
whole = st.integers(1, 40)


def posterior(a: float, b: float) -> pd.DataFrame:
    return pd.DataFrame({"a": [float(a)], "b": [float(b)]})


def exact(a1: int, b1: int, a2: int, b2: int) -> float:
    """P(after < before) of two Beta variables of whole parameters: Σ_{i < a1} B(a2 + i, b1 + b2) / ((b1 + i) ...).

    Cook 2005, section 2.2: with g(a, b, c, d) = P(X > Y), X ~ Beta(a, b), Y ~ Beta(c, d).
    """
    i = np.arange(a1)
    return float(np.exp(betaln(a2 + i, b1 + b2) - np.log(b1 + i) - betaln(1 + i, b1) - betaln(a2, b2)).sum())


def test_the_closed_form_is_that_of_published_inequalities() -> None:
    """Published: uniform against uniform is 1/2, and P(Beta(a, b) > Beta(1, 1)) = a / (a + b), Cook 2005."""
    assert exact(1, 1, 1, 1) == pytest.approx(0.5)
    assert exact(8, 2, 1, 1) == pytest.approx(0.8)


@few
@given(whole, whole, whole, whole)
def test_how_surely_a_rate_fell_is_the_exact_probability(a1: int, b1: int, a2: int, b2: int) -> None:
    """Oracle: the finite sum for whole parameters."""
    told = change_in_rate(posterior(a1, b1), posterior(a2, b2)).iloc[0]
    assert told["p_fell"] == pytest.approx(exact(a1, b1, a2, b2), abs=2e-3)
    assert told["low"] <= told["change"] <= told["high"]


@few
@given(whole, whole, whole, whole)
def test_turned_round_a_fall_is_a_rise(a1: int, b1: int, a2: int, b2: int) -> None:
    """Law."""
    one = change_in_rate(posterior(a1, b1), posterior(a2, b2)).iloc[0]
    two = change_in_rate(posterior(a2, b2), posterior(a1, b1)).iloc[0]
    assert one["change"] == pytest.approx(-two["change"])
    assert one["p_fell"] == pytest.approx(1 - two["p_fell"], abs=5e-3)
    assert (one["low"], one["high"]) == (pytest.approx(-two["high"], abs=1e-9), pytest.approx(-two["low"], abs=1e-9))


def test_the_interval_covers_draws_as_often_as_it_says() -> None:
    """Oracle: 200,000 draws of the difference."""
    rng = np.random.default_rng(4)
    apart = rng.beta(9, 31, 200_000) - rng.beta(20, 30, 200_000)
    told = change_in_rate(posterior(20, 30), posterior(9, 31)).iloc[0]
    assert ((apart > told["low"]) & (apart < told["high"])).mean() == pytest.approx(0.9, abs=0.005)


def test_what_was_not_measured_did_not_change() -> None:
    told = change_in_rate(posterior(np.nan, 1), posterior(2, 3)).iloc[0]
    assert told["verdict"] == "" and told.drop("verdict").isna().all()
    with pytest.raises(ValueError, match="one index"):
        change_in_rate(posterior(1, 1), posterior(1, 1).set_axis([7]))


def test_doubts_name_what_else_may_have_moved_a_rate() -> None:
    """Published: Samarinda's 1,403 cases = 10.7 % became 1,907 = 9.8 % as more were measured (DOMAIN 2, S41)."""
    before = pd.DataFrame({"numerator": [1403.0, 10], "denominator": [13112.0, 100], "measured": [0.60, 0.9]})
    after = pd.DataFrame({"numerator": [1907.0, 9], "denominator": [19459.0, 100], "measured": [0.89, 0.9]})
    told = doubts(before, after)
    assert told.loc[0].tolist() == [True, False, True]
    assert told.loc[1].tolist() == [False, False, False]
    assert doubts(before, after.assign(denominator=[19668.0, 66])).loc[:, "group_moved"].tolist() == [True, True]


@st.composite
def years(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    def year() -> pd.DataFrame:
        codes = sorted(draw(st.sets(st.sampled_from("abcdefgh"), min_size=1)))
        points = [draw(st.lists(st.floats(0, 50), min_size=len(codes), max_size=len(codes))) for _ in range(2)]
        parts = pd.DataFrame({"contribution_x": points[0], "contribution_y": points[1]}, index=codes)
        chosen = draw(st.lists(st.booleans(), min_size=len(codes), max_size=len(codes)))
        score = parts.sum(axis=1)
        return parts.assign(score=score, rank=score.rank(method="min", ascending=False), selected=chosen)

    return year(), year()


@few
@given(years())
def test_everyone_moves_once(pair: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """Law: every village of either year has one move; both lists can be told from the moves."""
    before, after = pair
    told = moves(before, after)
    assert set(told.index) == {*before.index, *after.index}
    both = told[~told["move"].isin(["new", "gone"])]
    was, now = before["selected"].reindex(both.index), after["selected"].reindex(both.index)
    assert was.tolist() == both["move"].isin(["stays", "leaves"]).tolist()
    assert now.tolist() == both["move"].isin(["stays", "enters"]).tolist()
    said = both[both["by"] != ""]
    assert (np.sign(said["by_points"]) == np.sign(said["score_change"])).all()


@few
@given(st.lists(st.integers(0, 30), min_size=2, max_size=6), st.data())
def test_chance_is_the_mean_of_all_lists(counts: list[int], data: st.DataObject) -> None:
    """Oracle: every list of the same length; and no list reaches more than the best."""
    children = pd.Series(counts, index=[f"v{i}" for i in range(len(counts))], dtype=float)
    if children.sum() == 0:
        with pytest.raises(ValueError, match="no child"):
            backtest({}, children)
        return
    number = data.draw(st.integers(1, len(counts)))
    lists = {
        str(some): pd.Series([i in some for i in range(len(counts))], children.index)
        for some in combinations(range(len(counts)), number)
    }
    told = backtest(lists, children)
    assert told["reached"].mean() == pytest.approx(told["chance"].iloc[0])
    assert told["reached"].max() == pytest.approx(told["best"].iloc[0])


def state(rank: float, *, chosen: bool, by: str = "score") -> pd.DataFrame:
    side = {"selected_by": by if chosen else "", "left_out_by": "" if chosen else by}
    return pd.DataFrame({"selected": [chosen], "rank": [rank], **side}, index=["x"])


@pytest.mark.parametrize(
    ("before", "after", "counts", "told"),
    [
        (state(15, chosen=False), state(9, chosen=True), (12, 12), ("rank",)),
        (state(15, chosen=False), state(15, chosen=True), (12, 24), ("number",)),
        (state(40, chosen=False), state(15, chosen=True), (12, 24), ("number", "rank")),
        (state(40, chosen=False), state(9, chosen=True), (12, 24), ("rank",)),
        (state(9, chosen=True), state(9, chosen=False), (12, 5), ("number",)),
        (state(9, chosen=True), state(30, chosen=False), (12, 12), ("rank",)),
        (state(9, chosen=True), state(5, chosen=False, by="remove"), (12, 12), ("after",)),
        (state(90, chosen=False), state(90, chosen=True, by="add"), (12, 12), ("after",)),
        (state(5, chosen=False, by="threshold"), state(5, chosen=True), (12, 12), ("before",)),
        (state(40, chosen=True, by="keep"), state(40, chosen=False), (12, 12), ("before", "rank")),
        (state(9, chosen=True), state(3, chosen=True), (12, 24), ()),
    ],
)
def test_what_moved_a_village_is_who_decided_then_the_number_then_its_rank(
    before: pd.DataFrame, after: pd.DataFrame, counts: tuple[int, int], told: tuple[str, ...]
) -> None:
    assert causes(before, after, counts)["x"] == told
