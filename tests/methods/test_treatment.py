"""Screening, imputation and outliers: COINr's own example, and the laws of what may be done to a value."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from asem import coinr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import kurtosis, skew

from lokus.methods.treatment import (
    TREATMENTS,
    has_outliers,
    impute,
    log_ct,
    screen,
    skew_kurtosis,
    winsorise,
    winsorise_log,
)

few = settings(max_examples=25, deadline=None)

numbers = arrays(float, st.integers(4, 60), elements=st.integers(-1000, 1000).map(lambda v: v / 8))


def test_published_treatment(published: Path) -> None:
    """Becker et al. 2022, COINr 1.1.14 on the ASEM data: detection, points, values, skewness, kurtosis.

    expected_treat_details, expected_treated_points, expected_Treated. No indicator needs the second stage there.
    """
    before, after = coinr(published, "expected_Screened"), coinr(published, "expected_Treated")
    marks = pd.read_csv(published / "coinr/expected_treated_points.csv", dtype=str, keep_default_na=False)
    details = coinr(published, "expected_treat_details")
    for row in details.itertuples(index=False):
        told = winsorise_log(before[row[0]], 5)
        np.testing.assert_allclose(told.values, after[row[0]], err_msg=row[0])
        assert told.points.tolist() == marks[row[0]].tolist(), row[0]
        assert (told.skew_raw, told.kurtosis_raw) == pytest.approx(row[2:4], rel=1e-9), row[0]
        if not row[1]:
            assert (told.points != "").sum() == row[4], row[0]
            assert told.passed == row[5]
            assert (told.skew, told.kurtosis) == pytest.approx(row[6:8], rel=1e-9), row[0]


def test_published_treatment_of_one_indicator(published: Path) -> None:
    """expected_treat_vectors_Flights: raw flights winsorised, and by COINr's `log_CT`; skewness and kurtosis before.

    Its column log_GII is no target: COINr 1.1.14 returns the input there.
    """
    told = coinr(published, "expected_treat_vectors_Flights")
    raw = told["Flights"]
    assert skew_kurtosis(raw.to_numpy()) == pytest.approx((2.10328719405155, 4.50887936970066), rel=1e-9)
    np.testing.assert_allclose(winsorise(raw, 5).values, told["winsorise"], rtol=1e-12)
    np.testing.assert_allclose(log_ct(raw, (raw.min(), raw.max())), told["log_CT"], rtol=1e-12)


def test_published_imputation(published: Path) -> None:
    """expected_Denominated → expected_Imputed: COINr's `i_mean_grp` by EurAsia_group."""
    before, after = coinr(published, "expected_Denominated"), coinr(published, "expected_Imputed")
    groups = coinr(published, "asem_iData").loc[before.index, "EurAsia_group"]
    told = impute(before, "group_mean", groups)
    np.testing.assert_allclose(told.values, after[before.columns], rtol=1e-12)
    assert (told.marks == "group_mean").equals(before.isna())


def test_published_screening(published: Path) -> None:
    """expected_Imputed → expected_Screened: all 51 have 90 %; of the raw data those that expected_data_avail says."""
    imputed, screened = coinr(published, "expected_Imputed"), coinr(published, "expected_Screened")
    assert imputed[screen(imputed, 0.9)].equals(screened)
    raw, share = coinr(published, "expected_Raw"), coinr(published, "expected_data_avail")["Dat_Avail"]
    assert screen(raw, 0.85).tolist() == (share.loc[raw.index] >= 0.85).tolist()
    assert screen(raw, share["BRN"]).loc["BRN"]


@few
@given(numbers)
def test_skewness_and_kurtosis_are_scipys(x: np.ndarray) -> None:
    if x.min() == x.max():
        assert np.isnan(skew_kurtosis(x)).all()
    else:
        assert skew_kurtosis(x) == pytest.approx((skew(x, bias=False), kurtosis(x, bias=False)), abs=1e-9)


@few
@given(numbers)
def test_treatment_keeps_order_and_moves_few(x: np.ndarray) -> None:
    """Law: treated values keep their order, lie within the raw range, are told point by point, and still differ."""
    raw = pd.Series([*x, np.nan])
    told = winsorise(raw)
    value = told.values
    order = np.argsort(x, kind="stable")
    assert (np.diff(value.to_numpy()[order]) >= 0).all()
    assert (value.dropna() != raw.dropna()).equals(told.points[:-1] != "")
    assert value.isna().equals(raw.isna())
    assert len(set(value.dropna())) > 1 or len(set(x)) == 1
    assert told.limits[0] == (value.min() if "winlo" in set(told.points) else None)
    assert told.limits[1] == (value.max() if "winhi" in set(told.points) else None)


@pytest.mark.parametrize("better", [1.0, -1.0])
def test_what_winsorising_cannot_mend_is_told_in_logarithms(better: float) -> None:
    """Law: the second stage keeps strict order, mends a long tail on either side alike, and is told by its ends."""
    raw = better * pd.Series([*(240.0 / np.arange(1, 241)) ** 0.8, np.nan])
    told = winsorise_log(raw)
    assert not winsorise(raw).passed
    assert told.passed
    assert told.values.rank().equals(raw.rank())
    assert told.points.tolist() == ["log"] * 240 + [""]
    assert told.limits == (None, None)
    assert told.log == ((raw.min(), raw.max()) if better > 0 else (raw.max(), raw.min()))
    np.testing.assert_allclose(log_ct(raw, told.log), told.values)
    assert not has_outliers(skew(told.values.dropna(), bias=False), kurtosis(told.values.dropna(), bias=False))


@pytest.mark.parametrize("name", list(TREATMENTS))
@pytest.mark.parametrize("values", [[], [np.nan, np.nan], [3.0], [2.0, 2.0, 2.0, 2.0, 2.0], [1.0, 2.0, np.nan]])
def test_what_has_no_outliers_stays_as_it_is(name: str, values: list[float]) -> None:
    """Law: nothing, a constant or too few to tell are left alone."""
    raw = pd.Series(values, dtype=float)
    told = TREATMENTS[name](raw, None)
    assert told.values.equals(raw)
    assert set(told.points) <= {""}
    assert told.passed
    assert told.log is None


def test_a_rare_burden_is_not_treated_away() -> None:
    """Law: where only three of 100 villages differ, they still do after treatment."""
    told = winsorise(pd.Series([0.0] * 97 + [0.2, 0.5, 0.9]))
    assert sorted(set(told.values)) == [0.0, 0.2]
    assert not told.passed


def test_treatment_of_many_villages_takes_few_steps_and_few_villages() -> None:
    """Law: at most 2 % and one step more are drawn in."""
    rng = np.random.default_rng(3)
    told = winsorise(pd.Series(rng.pareto(0.7, 20_000)))
    assert 0 < (told.points != "").sum() <= 0.02 * 20_000 + 21
    assert winsorise(pd.Series(rng.normal(size=20_000))).limits == (None, None)


def test_what_is_filled_is_marked_and_nothing_else_is_touched() -> None:
    """Law: observed cells stay, filled cells are marked, a group that knows nothing stays missing."""
    values = pd.DataFrame({"water": [0.2, np.nan, np.nan, 0.6], "rate": [np.nan, 0.1, np.nan, 0.3]})
    groups = pd.Series(["a", "a", "b", "a"])
    told = impute(values, "group_mean", groups)
    assert told.values["water"].tolist() == pytest.approx([0.2, 0.4, np.nan, 0.6], nan_ok=True)
    assert told.marks["water"].tolist() == ["", "group_mean", "", ""]
    by_prior = impute(values, "prior_mean", groups, {"rate": {"a": 0.25, "b": 0.5}})
    assert by_prior.values["rate"].tolist() == [0.25, 0.1, 0.5, 0.3]
    assert by_prior.marks["rate"].tolist() == ["prior_mean", "", "prior_mean", ""]
    assert by_prior.values["water"].equals(values["water"])


def test_misuse_is_refused() -> None:
    values, groups = pd.DataFrame({"x": [1.0]}), pd.Series(["a"])
    with pytest.raises(ValueError, match="no imputation"):
        impute(values, "zero", groups)
    with pytest.raises(ValueError, match="another index"):
        impute(values, "group_mean", groups.set_axis([7]))
    with pytest.raises(ValueError, match="two equal ends"):
        log_ct(np.array([1.0]), (1.0, 1.0))
