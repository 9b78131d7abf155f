"""Gaps in share and in people."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lokus.methods.gaps import gap, gap_people

few = settings(max_examples=25, deadline=None)

shares = st.lists(st.none() | st.floats(0, 1), min_size=1, max_size=20).map(lambda x: pd.Series(x, dtype=float))


@few
@given(shares, st.floats(0, 1))
def test_the_gap_of_a_service_is_that_of_its_lack(value: pd.Series, target: float) -> None:
    """Law: coverage under a target = lack over the complement of the target; missing stays missing, never 0."""
    lack = gap(1 - value, 1 - target, "lower")
    pd.testing.assert_series_equal(gap(value, target, "higher"), lack, rtol=0, atol=1e-12)
    assert lack.isna().equals(value.isna())
    assert (lack.dropna() >= 0).all()


@few
@given(shares, st.integers(0, 5000))
def test_those_with_and_without_are_all(value: pd.Series, people: int) -> None:
    """Law: the covered and the uncovered add up to the target group."""
    denominator = pd.Series(float(people), index=value.index)
    both = gap_people(value, denominator, "higher") + gap_people(value, denominator, "lower")
    pd.testing.assert_series_equal(both, denominator.where(value.notna()), check_names=False)


def test_a_gap_in_people_needs_both_numbers() -> None:
    """Law: NaN where either is missing."""
    out = gap_people(pd.Series([0.5, None, 0.5]), pd.Series([None, 10.0, 10.0]), "lower")
    assert out.isna().tolist() == [True, True, False]


def test_misuse_is_refused() -> None:
    value = pd.Series([0.5])
    with pytest.raises(ValueError, match="'lower' or 'higher'"):
        gap(value, 0.9, "up")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="two indexes"):
        gap_people(value, pd.Series([4.0], index=["a"]), "lower")
