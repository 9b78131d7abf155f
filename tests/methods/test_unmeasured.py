"""Unmeasured children: bounds that must hold, scipy's beta-binomial as oracle, and classes as they are stated."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import betabinom

from lokus.methods import prevalence as pv
from lokus.methods import unmeasured as um

few = settings(max_examples=40, deadline=None)


def series(*values: float) -> pd.Series:
    return pd.Series(values, dtype=float)


def villages() -> st.SearchStrategy[pd.DataFrame]:
    """y of n of target; some without a target, some with fewer than were measured, some where nobody was."""
    n = st.integers(0, 120)
    village = n.flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n), st.none() | st.integers(0, 200)))
    return st.lists(village, min_size=2, max_size=20).map(
        lambda rows: pd.DataFrame(rows, columns=["y", "n", "target"]).astype(float)
    )


def posterior(d: pd.DataFrame) -> pd.DataFrame:
    return pv.posterior(d["y"], d["n"], pv.Prior(4.0, 16.0, 0.2, 20.0, 9, "fitted"))


@few
@given(villages(), st.data())
def test_bounds_hold_whatever_the_unmeasured_are(d: pd.DataFrame, data: st.DataObject) -> None:
    """Law: for any number of stunted among the unmeasured, the share of all children lies in the band, and both ends
    are reached."""
    told = um.bounds(d["y"], d["n"], d["target"])
    children = d[["n", "target"]].max(axis=1)
    known = d["target"].notna() & (children > 0)
    assert told["best"].notna().equals(known)
    assert told["over"].equals(d["n"] > d["target"])
    for i in d.index[known]:
        hidden = int(children[i] - d["n"][i])
        stunted = data.draw(st.integers(0, hidden))
        truth = (d["y"][i] + stunted) / children[i]
        assert told["best"][i] - 1e-12 <= truth <= told["worst"][i] + 1e-12
        assert told["worst"][i] - told["best"][i] == pytest.approx(hidden / children[i])


def test_fully_measured_villages_have_one_prevalence_and_unmeasured_ones_none() -> None:
    y, n, target = series(5, 5, np.nan, np.nan, 3), series(20, 20, 0, np.nan, 9), series(20, 10, 30, 30, np.nan)
    told = um.bounds(y, n, target)
    assert told["best"].tolist() == pytest.approx([0.25, 0.25, 0, np.nan, np.nan], nan_ok=True)
    assert told["worst"].tolist() == pytest.approx([0.25, 0.25, 1, np.nan, np.nan], nan_ok=True)
    assert told["unmeasured"].tolist() == pytest.approx([0, 0, 30, np.nan, np.nan], nan_ok=True)
    assert told["over"].tolist() == [False, True, False, False, False]


@few
@given(villages(), st.floats(0.2, 4))
def test_a_scenario_lies_within_the_bounds_and_its_interval(d: pd.DataFrame, ratio: float) -> None:
    band = um.bounds(d["y"], d["n"], d["target"])
    told = um.scenario(d["y"], d["n"], d["target"], posterior(d), ratio=ratio)
    has = d["target"].notna() & (d["n"] > 0)
    assert told["stunted"].notna().equals(has)
    said, band = told[has], band[has]
    for column in ("prevalence", "prevalence_low", "prevalence_high"):
        assert said[column].between(band["best"] - 1e-9, band["worst"] + 1e-9).all()
    assert (said["stunted_low"] <= said["stunted_high"]).all()
    more = um.scenario(d["y"], d["n"], d["target"], posterior(d), ratio=ratio * 1.5)[has]
    assert (more["missed"] >= said["missed"] - 1e-9).all()


def test_at_ratio_one_the_interval_is_scipys_beta_binomial() -> None:
    d = pd.DataFrame({"y": [3.0, 20, 0, 8], "n": [20.0, 60, 5, 8], "target": [25.0, 140, 90, 9]})
    after = posterior(d)
    told = um.scenario(d["y"], d["n"], d["target"], after, level=0.9)
    u = (d["target"] - d["n"]).astype(int)
    np.testing.assert_allclose(told["missed"], betabinom.mean(u, after["a"], after["b"]))
    for column, q in (("stunted_low", 0.05), ("stunted_high", 0.95)):
        np.testing.assert_allclose(told[column] - d["y"], betabinom.ppf(q, u, after["a"], after["b"]))


@pytest.mark.parametrize("ratio", [0.5, 1.5, 4.0])
def test_other_ratios_agree_with_drawn_children(ratio: float) -> None:
    """Oracle: 400,000 draws of the rate and of the children."""
    y, n, target = series(12), series(40), series(100)
    after = posterior(pd.DataFrame({"y": y, "n": n}))
    told = um.scenario(y, n, target, after, ratio=ratio).iloc[0]
    rng = np.random.default_rng(8)
    rate = np.minimum(1, ratio * rng.beta(after["a"].item(), after["b"].item(), 400_000))
    drawn = rng.binomial(60, rate)
    assert told["missed"] == pytest.approx(drawn.mean(), rel=0.005)
    ends = [told["stunted_low"] - 12, told["stunted_high"] - 12]
    assert ends == pytest.approx(np.quantile(drawn, [0.05, 0.95]).tolist(), abs=1)


def test_reliability_is_as_the_thresholds_state() -> None:
    """DOMAIN 7.4 (D/S 80 and 60 %) and the sizes and widths that `RELIABILITY` states."""
    n = series(30, 29, 30, 30, 30, 10, 9, 30, 30, 30, 0, np.nan)
    share = series(0.8, 0.9, 0.79, 0.59, np.nan, 0.6, 0.9, 0.9, 0.9, 1.2, 0.0, np.nan)
    width = series(0.2, 0.1, 0.1, 0.1, 0.1, 0.3, 0.1, 0.21, 0.31, 0.1, np.nan, np.nan)
    low = pd.Series(0.1, n.index)
    told = um.reliability(n, share, low, low + width).tolist()
    assert told == ["good", "fair", "fair", "weak", "fair", "fair", "weak", "fair", "weak", "good", "none", "none"]


@few
@given(st.floats(0, 300), st.floats(0, 1.2), st.floats(0, 0.6), st.floats(0, 100), st.floats(0, 0.5), st.floats(0, 0.3))
def test_knowing_more_never_lowers_reliability(n, share, width, more, better, narrower) -> None:
    order = ["none", "weak", "fair", "good"]
    zero = series(0, 0)
    told = um.reliability(
        series(n, n + more), series(share, share + better), zero, zero + series(width, max(width - narrower, 0))
    )
    assert order.index(told[0]) <= order.index(told[1])


@few
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 200)), min_size=2, max_size=20), st.floats(0, 1))
def test_scaled_rates_sum_to_the_survey_and_keep_their_order(rows: list, survey: float) -> None:
    d = pd.DataFrame(rows, columns=["rate", "children"]).round(3).astype(float)
    most = d["children"][d["rate"] > 0].sum()
    if survey * d["children"].sum() > most or not d["children"].sum():
        with pytest.raises(ValueError, match="no factor"):
            um.benchmark_to(d["rate"], d["children"], survey)
        return
    found = um.benchmark_to(d["rate"], d["children"], survey)
    assert (found.estimate @ d["children"]) == pytest.approx(survey * d["children"].sum(), abs=1e-8)
    np.testing.assert_allclose(found.estimate, np.minimum(1, found.factor * d["rate"]))


def test_what_cannot_be_said_of_the_unmeasured_is_refused() -> None:
    y, n, s = series(1), series(4), series(5)
    with pytest.raises(ValueError, match="negative"):
        um.bounds(y, n, -s)
    with pytest.raises(ValueError, match="over its denominator"):
        um.bounds(s, n, s)
    with pytest.raises(ValueError, match="different indexes"):
        um.bounds(y, n, s.set_axis([3]))
    with pytest.raises(ValueError, match="different indexes"):
        um.benchmark_to(y / n, s.set_axis([3]), 0.2)
    after = posterior(pd.DataFrame({"y": y, "n": n}))
    with pytest.raises(ValueError, match="ratio must be"):
        um.scenario(y, n, s, after, ratio=0.0)
    with pytest.raises(ValueError, match="posterior is not on the index"):
        um.scenario(y, n, s, after.set_axis([3]))
