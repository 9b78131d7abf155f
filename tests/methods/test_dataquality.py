"""Scores of careless measuring: hand-made extremes and laws."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lokus.methods import dataquality as quality

DIGITS = st.lists(st.integers(0, 500), min_size=10, max_size=10).map(np.array)


@given(DIGITS)
def test_digit_preference_lies_between_none_and_one_digit_only(counts):
    score = quality.digit_preference(counts)
    assert math.isnan(score) == (counts.sum() == 0)
    assert math.isnan(score) or -1e-9 <= score <= 100 + 1e-9


@given(DIGITS, st.integers(2, 9))
def test_digit_preference_does_not_depend_on_how_many_were_measured(counts, times):
    if counts.sum():
        assert math.isclose(quality.digit_preference(counts), quality.digit_preference(counts * times), abs_tol=1e-9)


@given(st.lists(st.integers(400, 1300), min_size=1, max_size=60))
def test_last_digits_are_those_that_are_written(millimetres):
    written = [f"{mm / 10:.1f}"[-1] for mm in millimetres]
    counts = quality.last_digits(np.array(millimetres) / 10)
    assert counts.tolist() == [written.count(str(d)) for d in range(10)]


def test_nothing_measured_gives_no_score():
    nothing = np.zeros(0)
    counts = quality.last_digits(nothing)
    scores = [quality.digit_preference(counts), quality.share_ending_0_or_5(counts), quality.spread(nothing)]
    assert all(map(math.isnan, [*scores, quality.age_heaping(np.array([3, 70])), quality.sex_ratio(4, 0)]))
