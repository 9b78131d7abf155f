"""Where classes begin: laws of the bounds, and one idea of "few" in the whole house."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from lokus.classing import LEAST_WRITTEN, between, class_names, count_breaks, count_names, quantile_breaks, shades
from lokus.outputs.banding import FEW

values = st.lists(st.floats(-1e6, 1e6) | st.just(np.nan), max_size=60).map(lambda x: pd.Series(x, dtype="float64"))


@given(values, st.integers(2, 5))
def test_quantile_bounds_ascend_and_leave_no_first_class_empty(x: pd.Series, classes: int) -> None:
    bounds = quantile_breaks(x, classes)
    assert bounds == sorted(set(bounds))
    assert len(bounds) < classes
    assert not bounds or x.min() < bounds[0]
    of = between(bounds, x)
    assert ((of == -1) == x.isna()).all()
    assert set(of) <= {-1, *range(len(class_names(bounds, str)) if bounds else 1)}


@given(st.lists(st.integers(0, 500), max_size=60))
def test_counts_of_one_to_four_are_a_class_of_their_own(counts: list[int]) -> None:
    x = pd.Series(counts, dtype="float64")
    starts = count_breaks(x)
    of = between([1, *starts], x)
    assert starts[0] == LEAST_WRITTEN == max(FEW) + 1
    assert ((of == 1) == x.isin(list(FEW))).all()
    assert ((of == 0) == (x == 0)).all()
    assert len(count_names(starts, "id")) == len(starts) + 2


def test_falling_shades_are_the_ramp_turned_around() -> None:
    assert shades("service", 5, falling=True) == shades("service", 5)[::-1]
