"""Several lists side by side: laws of the overlap of tops, and sets as oracle."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lokus.methods.concordance import agreement, concordance, overlap

orders = st.lists(st.lists(st.integers(0, 6), min_size=3, max_size=3), min_size=2, max_size=12)
flags = st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=12)


@given(orders, st.integers(1, 3))
def test_the_villages_of_an_overlap_are_those_on_top_of_enough_orders(rows: list[list[int]], of: int) -> None:
    needs = pd.DataFrame(rows, columns=list("abc"))
    told = overlap(needs, of)
    for t in range(1, len(rows) + 1):
        tops = [
            {i for i, v in enumerate(column) if sum(w > v for w in column) < t} for column in zip(*rows, strict=True)
        ]
        inside = {i for i in range(len(rows)) if sum(i in top for top in tops) >= of}
        assert inside == set(np.flatnonzero(told >= len(rows) + 1 - t))


def test_a_village_with_too_few_orders_has_no_overlap() -> None:
    needs = pd.DataFrame({"a": [3.0, 2.0, np.nan], "b": [1.0, np.nan, np.nan]})
    assert overlap(needs).isna().tolist() == [False, True, True]
    assert overlap(needs, 1).isna().tolist() == [False, False, True]
    for of in (0, 3):
        with pytest.raises(ValueError, match="orders"):
            overlap(needs, of)


@given(flags)
def test_two_lists_are_compared_as_sets(rows: list[list[bool]]) -> None:
    chosen = pd.DataFrame(rows, columns=list("abc"))
    told = concordance(chosen)
    assert told.index.tolist() == [("a", "b"), ("a", "c"), ("b", "c")]
    for one, other in told.index:
        a, b = set(chosen.index[chosen[one]]), set(chosen.index[chosen[other]])
        assert told.loc[(one, other), "both"] == len(a & b)
        if a and b:
            assert told.loc[(one, other), "jaccard"] == pytest.approx(len(a & b) / len(a | b))
            assert told.loc[(one, other), "overlap"] == pytest.approx(len(a & b) / min(len(a), len(b)))
        else:
            assert told.loc[(one, other), ["jaccard", "overlap"]].isna().all()


@given(flags)
def test_chosen_by_all_most_one_or_none(rows: list[list[bool]]) -> None:
    told = agreement(pd.DataFrame(rows, columns=list("abc")))
    word = {0: "none", 1: "one", 2: "most", 3: "all"}
    assert told["ways"].tolist() == [sum(row) for row in rows]
    assert told["chosen_by"].tolist() == [word[sum(row)] for row in rows]


def test_two_of_five_are_some_and_other_columns_are_refused() -> None:
    five = pd.DataFrame([[True, True, False, False, False]])
    assert agreement(five)["chosen_by"].tolist() == ["some"]
    for wrong in (pd.DataFrame({"a": [1, 0]}), pd.DataFrame(index=[0])):
        with pytest.raises(ValueError, match="bool"):
            agreement(wrong)
        with pytest.raises(ValueError, match="bool"):
            concordance(wrong)
