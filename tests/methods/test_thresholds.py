"""Thresholds: missing is never a pass, and hand-made counts."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lokus.methods.thresholds import COMPARISONS, passing, services_under

shares = st.lists(st.one_of(st.just(float("nan")), st.floats(0, 1)), min_size=1, max_size=12)


@given(shares, st.floats(0, 1), st.floats(0, 1))
def test_a_value_passes_where_each_comparison_says_so(values: list[float], low: float, high: float) -> None:
    told = passing(pd.Series(values), at_least=low, below=high)
    assert told.tolist() == [low <= v < high for v in values]  # no comparison holds for nan
    assert told.dtype == bool


def test_a_missing_count_is_no_pass() -> None:
    counts = pd.Series([3, None, 30], dtype="Int64")
    for name in COMPARISONS:
        assert not passing(counts, **{name: 10})[1]
    assert passing(counts, at_least=30).tolist() == [False, False, True]


@given(st.lists(shares.filter(lambda s: len(s) >= 3).map(lambda s: s[:3]), min_size=1, max_size=6), st.floats(0, 1))
def test_services_are_counted_one_by_one(rows: list[list[float]], share: float) -> None:
    told = services_under(pd.DataFrame(rows), share)
    assert told.tolist() == [sum(1 for v in row if not np.isnan(v) and v < share) for row in rows]


@pytest.mark.parametrize("limits", [{}, {"over": 3.0}])
def test_a_limit_has_a_name(limits: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="at_least"):
        passing(pd.Series([1.0]), **limits)
