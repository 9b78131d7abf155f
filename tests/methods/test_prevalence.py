"""Rates: published intervals and estimates, and the laws of shrinking."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import betainc
from scipy.stats import betabinom

from lokus.methods import prevalence as pv

few = settings(max_examples=25, deadline=None)


def counts(least: int = 1) -> st.SearchStrategy[pd.DataFrame]:
    """Villages with n from 0 up, missing rows among them."""
    village = st.integers(0, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
    return st.lists(st.none() | village, min_size=least, max_size=40).map(
        lambda rows: pd.DataFrame([r or (np.nan, np.nan) for r in rows], columns=["y", "n"], dtype=float)
    )


def many(seed: int, villages: int, a: float, b: float) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    n = rng.integers(20, 200, villages)
    return pd.DataFrame({"y": rng.binomial(n, rng.beta(a, b, villages)), "n": n}).astype(float)


@pytest.mark.parametrize(
    ("name", "columns"), [("wilson", "wilson"), ("clopper_pearson", "cp"), ("jeffreys", "jeffreys")]
)
def test_published_binomial_intervals(published: Path, name: str, columns: str) -> None:
    """R: prop.test without correction (Wilson 1927), binom.test (Clopper & Pearson 1934), qbeta (Jeffreys)."""
    d = pd.read_csv(published / "smallarea/binomial_intervals_expected.csv")
    low, high = pv.INTERVALS[name](d["x"].to_numpy(), d["n"].to_numpy())
    np.testing.assert_allclose(low, d[f"{columns}_lo"], atol=1e-11)
    np.testing.assert_allclose(high, d[f"{columns}_hi"], atol=1e-11)


@pytest.mark.parametrize("name", list(pv.INTERVALS))
def test_nobody_measured_has_no_interval(name: str) -> None:
    bounds = pv.INTERVALS[name](np.array([0.0, np.nan]), np.array([0.0, np.nan]))
    assert np.isnan(bounds).all()


def test_published_beta_binomial_likelihood(published: Path) -> None:
    """400 simulated villages and SIDS 1974 of North Carolina (Cressie & Read 1985), fitted by R's optim."""
    told = json.loads((published / "smallarea/betabinomial_mle_expected.json").read_text())
    d = pd.read_csv(published / "smallarea/betabinomial_sim400_expected.csv")
    prior = pv.beta_binomial_prior(d["y"], d["n"])
    assert prior.basis == "fitted"
    assert (prior.a, prior.b) == pytest.approx(tuple(told["sim400_mle"].values()), rel=1e-6)
    s = pd.read_csv(published / "smallarea/ncsids_expected.csv")
    prior = pv.beta_binomial_prior(s["SID74"], s["BIR74"])
    assert (prior.a, prior.b) == pytest.approx(tuple(told["ncsids74_betabinomial_mle"].values()), rel=1e-6)


def test_published_posteriors(published: Path) -> None:
    """Means and 95 % intervals of the 400 villages; METHODS 2: squared error raw/EB 1.68, coverage .948."""
    d = pd.read_csv(published / "smallarea/betabinomial_sim400_expected.csv")
    out = pv.posterior(d["y"], d["n"], pv.beta_binomial_prior(d["y"], d["n"]), level=0.95)
    for column, told in {"estimate": "eb_mean", "low": "eb_lo", "high": "eb_hi"}.items():
        np.testing.assert_allclose(out[column], d[told], atol=2e-8)
    raw, truth = pv.raw_share(d["y"], d["n"]), d["theta_true"]
    assert ((raw - truth) ** 2).mean() / ((out["estimate"] - truth) ** 2).mean() == pytest.approx(1.68, abs=0.005)
    assert truth.between(out["low"], out["high"]).mean() == pytest.approx(0.948, abs=5e-4)


@few
@given(counts(), st.sampled_from([0.02, 0.4, 1.0, 30.0]), st.floats(0.01, 0.99))
def test_the_interval_holds_its_level_and_reaches_the_end_where_that_is_likeliest(
    d: pd.DataFrame, strength: float, mean: float
) -> None:
    """Oracle: the distribution function of the posterior at both ends."""
    prior = pv.Prior(mean * strength, (1 - mean) * strength, mean, strength, 2, "fitted")
    out = pv.posterior(d["y"], d["n"], prior).dropna()
    # A posterior that piles up within a double's last bit of 0 or 1 has no ends to look at.
    out = out[(out["low"] < 1 - 1e-9) & (out["high"] > 1e-9)]
    low, high = (betainc(out["a"], out["b"], out[end]) for end in ("low", "high"))
    np.testing.assert_allclose(high - low, 0.9, atol=1e-6)
    np.testing.assert_allclose(low, np.select([out["a"] < 1, out["b"] < 1], [0.0, 0.1], 0.05), atol=1e-6)


@few
@given(counts())
def test_posterior_lies_between_raw_and_prior_mean(d: pd.DataFrame) -> None:
    prior = pv.beta_binomial_prior(d["y"], d["n"])
    out, raw = pv.posterior(d["y"], d["n"], prior), pv.raw_share(d["y"], d["n"])
    low, high = np.minimum(raw, prior.mean), np.maximum(raw, prior.mean)
    has = raw.notna()
    assert out["estimate"].notna().equals(has)
    assert (out["estimate"][has] >= low[has] - 1e-12).all()
    assert (out["estimate"][has] <= high[has] + 1e-12).all()
    assert (out["low"][has] <= out["high"][has]).all()
    assert out["shrinkage"][has].between(0, 1).all()
    weighed = prior.mean * out["shrinkage"] + raw * (1 - out["shrinkage"])
    np.testing.assert_allclose(out["estimate"], weighed, atol=1e-9)


@few
@given(counts(least=2), st.randoms(use_true_random=False))
def test_row_order_does_not_matter(d: pd.DataFrame, order) -> None:
    rows = list(d.index)
    order.shuffle(rows)
    one, two = (pv.beta_binomial_prior(x["y"], x["n"]) for x in (d, d.loc[rows]))
    assert one.basis == two.basis
    assert (one.mean, one.strength) == pytest.approx((two.mean, two.strength), rel=1e-4)


@pytest.mark.parametrize(
    ("seed", "villages", "a", "b"), [(1, 60, 4, 15), (2, 12, 1, 1), (3, 200, 0.3, 0.2), (4, 40, 30, 70)]
)
def test_no_better_prior_is_found_by_search(seed: int, villages: int, a: float, b: float) -> None:
    """Oracle: scipy's beta-binomial probabilities under a simplex search that knows no derivative."""
    d = many(seed, villages, a, b)

    def loss(at: np.ndarray) -> float:
        return -betabinom.logpmf(d["y"], d["n"], np.exp(at[0]), np.exp(at[1])).sum()

    found = minimize(loss, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 4000})
    prior = pv.beta_binomial_prior(d["y"], d["n"])
    assert loss(np.log([prior.a, prior.b])) <= found.fun + 1e-7
    assert (prior.a, prior.b) == pytest.approx(tuple(np.exp(found.x)), rel=1e-4)


def series(*values: float) -> pd.Series:
    return pd.Series(values, dtype=float)


@pytest.mark.parametrize(
    ("y", "n", "basis", "a", "b"),
    [
        (series(2, 2, 2), series(10, 10, 10), "shared", 6.5, 24.5),
        (series(0, 0), series(10, 20), "shared", 0.5, 30.5),
        (series(10, 20), series(10, 20), "shared", 30.5, 0.5),
        (series(1, 0, 1), series(1, 1, 1), "shared", 2.5, 1.5),
        (series(3, np.nan, 0), series(9, 4, 0), "none", 0.5, 0.5),
        (series(), series(), "none", 0.5, 0.5),
    ],
)
def test_where_villages_do_not_differ_they_share_the_pooled_rate(y, n, basis, a, b) -> None:
    """Law: without excess variance the prior is what the pooled count tells, a = Y + ½, b = N − Y + ½."""
    prior = pv.beta_binomial_prior(y, n)
    assert (prior.basis, prior.a, prior.b) == (basis, a, b)


def test_all_or_nothing_villages_are_left_as_they_are() -> None:
    """Law: as M → 0 the raw share stands."""
    y, n = series(0, 50, 0, 50), series(50, 50, 50, 50)
    out = pv.posterior(y, n, pv.beta_binomial_prior(y, n))
    np.testing.assert_allclose(out["estimate"], y / n, atol=1e-3)


def test_a_small_group_takes_the_wider_groups_prior() -> None:
    """Law: a group is fitted by itself when large, else as its wider group, else as all."""
    d = many(5, 60, 4, 15)
    group = pd.Series(["a"] * 30 + ["b"] * 5 + ["c"] * 22 + ["d"] * 3)
    wider = pd.Series(["x"] * 35 + ["y"] * 25)
    told = pv.priors_by(group, d["y"], d["n"], wider=wider, least_villages=8)
    a, x = group == "a", wider == "x"
    assert told["a"] == pv.beta_binomial_prior(d["y"][a], d["n"][a])
    assert told["b"] == pv.beta_binomial_prior(d["y"][x], d["n"][x])
    assert told["d"] == pv.beta_binomial_prior(d["y"][~x], d["n"][~x])
    assert pv.priors_by(group, d["y"], d["n"])["b"] == pv.beta_binomial_prior(d["y"], d["n"])
    out = pv.posterior(d["y"], d["n"], told, group)
    expected = pd.concat([pv.posterior(d["y"][r], d["n"][r], told[g]) for g, r in group.groupby(group).groups.items()])
    pd.testing.assert_frame_equal(out, expected)
    with pytest.raises(ValueError, match="more than one wider"):
        pv.priors_by(group, d["y"], d["n"], wider=pd.Series(["x", "y"] * 30))
    each = pd.DataFrame(
        {"a": group.map({g: p.a for g, p in told.items()}), "b": group.map({g: p.b for g, p in told.items()})}
    )
    pd.testing.assert_frame_equal(pv.posterior(d["y"], d["n"], each), expected.loc[d.index])
    with pytest.raises(ValueError, match="priors by group"):
        pv.posterior(d["y"], d["n"], {"a": told["a"]}, group)
    with pytest.raises(ValueError, match="priors by village"):
        pv.posterior(d["y"], d["n"], each.iloc[:-1])


@pytest.mark.parametrize(
    ("y", "n", "said"),
    [
        (series(5), series(4), "over its denominator"),
        (series(-1), series(4), "negative"),
        (series(1), pd.Series([4.0], index=[7]), "two indexes"),
    ],
)
def test_impossible_counts_are_refused(y: pd.Series, n: pd.Series, said: str) -> None:
    for use in (pv.raw_share, pv.beta_binomial_prior):
        with pytest.raises(ValueError, match=said):
            use(y, n)


def test_pasangkayu_estimates_are_pulled_and_wide(shared_data: Path) -> None:
    """Golden, issue 2: 2,342 of 10,832; raw, Bulu Parigi leads (79/162); Sumber Sari (0/22) is pulled up and wide."""
    file = shared_data / "indicators/pasangkayu/eppgbm_status_gizi_2024-01-17.xlsx"
    rows = pd.read_excel(file, engine="calamine", header=None, skiprows=3, nrows=63)
    n = rows[[9, 10, 11, 12]].astype(float).sum(axis=1).set_axis(rows[1].str.strip())
    y = rows[23].astype(float).set_axis(n.index)
    assert (y.sum(), n.sum()) == (2342, 10832)
    raw, prior = pv.raw_share(y, n), pv.beta_binomial_prior(y, n)
    out = pv.posterior(y, n, prior)
    assert raw.idxmax() == "BULU PARIGI"
    assert raw["BULU PARIGI"] == 79 / 162
    assert (prior.basis, prior.villages) == ("fitted", 63)
    assert raw["SUMBER SARI"] == 0 < out["estimate"]["SUMBER SARI"] < prior.mean
    assert raw["KENANGAN"] == 5 / 29 < out["estimate"]["KENANGAN"] < prior.mean
    width = out["high"] - out["low"]
    assert (width[["SUMBER SARI", "KENANGAN"]] > width.median()).all()
