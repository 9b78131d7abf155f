"""Smoothed rates: the published numbers of Marshall, Choynowski, Clayton & Kaldor; the laws of neighbours' priors."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import betabinom, nbinom, poisson

from lokus.methods import prevalence as pv
from lokus.methods import smoothing as sm

few = settings(max_examples=25, deadline=None)


def neighbours(file: Path) -> pd.DataFrame:
    pairs = pd.read_csv(file).rename(columns={"i": "focal", "j": "neighbor"}) - 1
    return pairs.assign(weight=1.0).set_index(["focal", "neighbor"]).sort_index()


def pairs(*ends: tuple[object, object]) -> pd.DataFrame:
    both = sorted({*ends, *((b, a) for a, b in ends)})
    return pd.DataFrame({"weight": 1.0}, index=pd.MultiIndex.from_tuples(both, names=["focal", "neighbor"]))


def ring(number: int) -> pd.DataFrame:
    return pairs(*((i, (i + 1) % number) for i in range(number)))


def series(*values: float) -> pd.Series:
    return pd.Series(values, dtype=float)


@pytest.fixture(scope="module")
def auckland(published: Path) -> pd.DataFrame:
    return pd.read_csv(published / "smallarea/auckland_marshall1991_expected.csv")


@pytest.fixture(scope="module")
def sids(published: Path) -> pd.DataFrame:
    return pd.read_csv(published / "smallarea/ncsids_expected.csv")


@pytest.fixture(scope="module")
def scotland(published: Path) -> pd.DataFrame:
    return pd.read_csv(published / "smallarea/scotland_lipcancer_expected.csv")


# ── Moments ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_published_marshall(auckland: pd.DataFrame, sids: pd.DataFrame, scotland: pd.DataFrame) -> None:
    """Marshall 1991 on his own data (auckland_marshall1991_expected.csv, a = 7.28e-07, b = 0.00263); spdep's EBest on
    SIDS 1974 in both families and 1979 (ncsids_expected.csv); Scotland (scotland_lipcancer_expected.csv)."""
    for y, n, family, told in (
        (auckland["M77_85"], auckland["pop_at_risk"], "poisson", auckland["eb_global_marshall"]),
        (sids["SID74"], sids["BIR74"], "poisson", sids["eb74_poisson"]),
        (sids["SID74"], sids["BIR74"], "binomial", sids["eb74_binomial"]),
        (sids["SID79"], sids["BIR79"], "poisson", sids["eb79_poisson"]),
        (scotland["observed"], scotland["expected"], "poisson", scotland["RR_marshall"]),
    ):
        np.testing.assert_allclose(sm.marshall(y, n, family), told, rtol=1e-9)


def test_published_moments_of_auckland(auckland: pd.DataFrame) -> None:
    """The between-area variance and mean behind the estimates: a = 7.28417290097515e-07, b = 0.00263343619313617."""
    y, n = auckland["M77_85"], auckland["pop_at_risk"]
    raw, told = y / n, sm.marshall(y, n, "poisson")
    b = y.sum() / n.sum()
    weight = ((told - b) / (raw - b)).to_numpy()
    assert b == pytest.approx(0.00263343619313617, rel=1e-12)
    np.testing.assert_allclose(weight / (1 - weight) * b / n, 7.28417290097515e-07, rtol=1e-9)


@pytest.mark.parametrize(("about", "variant"), [("focal", "geoda"), ("own", "marshall")])
def test_published_local_marshall(
    auckland: pd.DataFrame, sids: pd.DataFrame, published: Path, about: str, variant: str
) -> None:
    """spdep's EBlocal, both variants, on Auckland (auckland_neighbours.csv) and SIDS 1974 (queen neighbours).

    spdep has 0/0 where a whole neighbourhood is without a case; there the rate is 0.
    """
    for d, y, n, links, column in (
        (auckland, "M77_85", "pop_at_risk", "auckland_neighbours", f"eb_local_{variant}"),
        (sids, "SID74", "BIR74", "ncsids_neighbours_queen", f"eb74_local_{variant}"),
    ):
        found = sm.local_marshall(d[y], d[n], neighbours(published / f"smallarea/{links}.csv"), about)  # type: ignore[arg-type]
        np.testing.assert_allclose(found["estimate"], d[column].fillna(0.0), rtol=1e-9, atol=1e-16)
        assert (found["local"][d[column].isna()] == 0).all()


@pytest.mark.parametrize("family", ["binomial", "poisson"])
def test_under_dispersed_counts_give_marshall_one_rate(family: str) -> None:
    """Law: a between-area variance under 0 is 0 (esda leaves it negative and shrinks beyond the data)."""
    y, n = series(5, 5, 6, 0, np.nan), series(50, 51, 59, 0, 10)
    out = sm.marshall(y, n, family)  # type: ignore[arg-type]
    assert out.iloc[:3].tolist() == pytest.approx([16 / 160] * 3)
    assert out.iloc[3:].isna().all()


@few
@given(st.lists(st.none() | st.tuples(st.integers(0, 9), st.integers(0, 40)), min_size=3, max_size=20), st.booleans())
def test_local_marshall_lies_between_raw_and_local_rate(rows: list, own: bool) -> None:
    d = pd.DataFrame([r or (np.nan, np.nan) for r in rows], columns=["y", "n"], dtype=float)
    found = sm.local_marshall(d["y"], d["n"], ring(len(d)), "own" if own else "focal")
    raw = d["y"] / d["n"].where(d["n"] > 0)
    assert found["estimate"].notna().equals(raw.notna())
    low, high = np.minimum(raw, found["local"]), np.maximum(raw, found["local"])
    assert found["estimate"].dropna().between(low.dropna() - 1e-12, high.dropna() + 1e-12).all()
    alone = sm.local_marshall(d["y"], d["n"], ring(len(d)).iloc[:0])["estimate"]
    np.testing.assert_allclose(alone, raw)


# ── Poisson ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_published_choynowski(auckland: pd.DataFrame, sids: pd.DataFrame) -> None:
    """spdep's probmap on Auckland (lower tail, 100 × relative risk) and choynowski on SIDS 1974."""
    found = sm.choynowski(auckland["M77_85"], auckland["pop_at_risk"])
    np.testing.assert_allclose(found["low"], auckland["probmap_pmap"], rtol=1e-9)
    np.testing.assert_allclose(100 * found["relative"], auckland["relrisk"], rtol=1e-9)
    np.testing.assert_allclose(sm.choynowski(sids["SID74"], sids["BIR74"])["p"], sids["choynowski_p74"], rtol=1e-9)


def test_choynowski_tails_are_scipys_and_nobody_has_none() -> None:
    y, n = series(0, 3, 9, 0, np.nan), series(30, 40, 20, 0, 5)
    found = sm.choynowski(y, n)
    e = n[:3] * 12 / 90
    np.testing.assert_allclose(found["low"][:3], poisson.cdf(y[:3], e))
    np.testing.assert_allclose(found["high"][:3], poisson.sf(y[:3] - 1, e))
    assert found["p"][:3].tolist() == pytest.approx([found["low"][0], found["low"][1], found["high"][2]])
    assert found[3:].isna().all(axis=None)


def test_published_gamma_poisson(scotland: pd.DataFrame) -> None:
    """Clayton & Kaldor 1987, scotland_lipcancer_expected.csv: SpatialEpi's eBayes by glm.nb, which stops at 1e-8."""
    d = scotland
    found = sm.gamma_poisson(d["observed"], d["expected"])
    assert found.shape == pytest.approx(1.87948997383088, rel=1e-8)
    assert found.coefficients["intercept"] == pytest.approx(0.352106533393358, rel=1e-8)
    np.testing.assert_allclose(found.risks["mean"], d["RR_gamma_nocov"], rtol=1e-9)
    np.testing.assert_allclose(found.risks["median"], d["RRmed_gamma_nocov"], rtol=1e-9)
    found = sm.gamma_poisson(d["observed"], d["expected"], pd.DataFrame({"AFF": d["AFF"], "AFF2": d["AFF"] ** 2}))
    assert found.shape == pytest.approx(3.43035376514696, rel=1e-8)
    np.testing.assert_allclose(found.risks["mean"], d["RR_gamma_AFF_AFF2"], rtol=1e-9)


def test_no_better_gamma_poisson_lies_nearby(scotland: pd.DataFrame) -> None:
    """Oracle: scipy's negative binomial; any step away lowers its likelihood."""
    y, e = scotland["observed"], scotland["expected"]
    found = sm.gamma_poisson(y, e, scotland[["AFF"]])

    def likelihood(shape: float, at: np.ndarray) -> float:
        mean = e * np.exp(at[0] + at[1] * scotland["AFF"])
        return nbinom.logpmf(y, shape, shape / (shape + mean)).sum()

    at = found.coefficients.to_numpy()
    best = likelihood(found.shape, at)
    for step in (1e-3, -1e-3):
        for direction in np.eye(3):
            assert likelihood(found.shape * (1 + step * direction[0]), at + step * direction[1:]) < best


def test_counts_that_vary_no_more_than_poisson_share_the_fitted_risk() -> None:
    found = sm.gamma_poisson(series(5, 5, 6), series(5, 5.1, 5.9))
    assert found.shape == np.inf
    assert found.risks.to_numpy().ravel().tolist() == pytest.approx([1.0] * 9)


@pytest.mark.parametrize(
    ("y", "e", "x", "said"),
    [
        (series(1, 2), series(1, 0), None, "events ≥ 0"),
        (series(0, 0), series(1, 1), None, "not all 0"),
        (series(1, np.nan), series(1, 1), None, "events ≥ 0"),
        (series(1, 2), series(1, 1).set_axis([5, 6]), None, "different indexes"),
        (series(1, 2, 3), series(1, 1, 1), pd.DataFrame({"x": [2.0, 2.0, 2.0]}), "collinear"),
    ],
)
def test_what_gamma_poisson_cannot_use_is_refused(y, e, x, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        sm.gamma_poisson(y, e, x)


# ── Neighbours' priors ───────────────────────────────────────────────────────────────────────────────────────────────


def kabupaten(seed: int, villages: int = 80, alike: float = 0.9) -> pd.DataFrame:
    """Villages on a ring whose logits move together."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal(villages)
    smooth = np.sum([np.roll(noise, s) for s in range(-3, 4)], axis=0) / np.sqrt(7)
    z = np.sqrt(alike) * smooth + np.sqrt(1 - alike) * rng.standard_normal(villages)
    n = rng.integers(15, 200, villages)
    n[::17] = 0
    return pd.DataFrame({"y": rng.binomial(n, 1 / (1 + np.exp(1.3 - 0.5 * z))), "n": n}).astype(float)


@few
@given(st.integers(0, 10_000), st.floats(0, 1), st.randoms(use_true_random=False))
def test_laws_of_the_spatial_prior(seed: int, alike: float, order) -> None:
    """The posterior lies between raw and local prior mean, that between the kabupaten's and the neighbours' rate;
    the strength is the kabupaten's; row order does not matter."""
    d, around = kabupaten(seed, 40, alike), ring(40).drop([5], level=0).drop([5], level=1)
    prior = pv.beta_binomial_prior(d["y"], d["n"])
    told = sm.spatial_prior(d["y"], d["n"], around, prior)
    out, raw = pv.posterior(d["y"], d["n"], told), pv.raw_share(d["y"], d["n"])
    has = raw.notna()
    assert out["estimate"].notna().equals(has)
    low, high = np.minimum(raw, told["mean"])[has], np.maximum(raw, told["mean"])[has]
    assert out["estimate"][has].between(low - 1e-12, high + 1e-12).all()
    np.testing.assert_allclose(told["a"] + told["b"], prior.strength)
    links = np.zeros((40, 40))
    links[around.index.get_level_values(0), around.index.get_level_values(1)] = 1
    near = (links @ d["y"]) / np.maximum(links @ d["n"], 1e-9)
    np.testing.assert_allclose(told["mean"], prior.mean + told["pull"] * (near - prior.mean), rtol=1e-9)
    assert told["pull"].between(0, 1).all()
    assert told["pull"][5] == 0
    assert told["mean"][5] == pytest.approx(prior.mean, rel=1e-12)
    rows = list(d.index)
    order.shuffle(rows)
    mixed = sm.spatial_prior(d["y"][rows], d["n"][rows], around, prior)
    pd.testing.assert_frame_equal(mixed.loc[d.index], told, check_exact=True)


def test_where_neighbourhoods_agree_the_prior_is_the_kabupatens() -> None:
    """Law: where every neighbourhood has the kabupaten's mean, the estimates are the kabupaten's empirical Bayes."""
    y = pd.Series(np.tile([30.0, 10.0, 10.0, 30.0], 10))
    n = pd.Series(100.0, index=y.index)
    prior = pv.Prior(10.0, 40.0, 0.2, 50.0, 40, "fitted")
    told = sm.spatial_prior(y, n, ring(40), prior)
    pd.testing.assert_frame_equal(pv.posterior(y, n, told), pv.posterior(y, n, prior), rtol=1e-12)


@pytest.mark.parametrize("alike", [0.0, 0.5, 1.0])
def test_no_other_weight_of_neighbours_explains_the_counts_better(alike: float) -> None:
    """Oracle: scipy's beta-binomial over a fine line of weights of the kabupaten's mean, in children."""
    d, around = kabupaten(11, 120, alike), ring(120)
    prior = pv.beta_binomial_prior(d["y"], d["n"])
    y, n = d["y"].to_numpy(), d["n"].to_numpy()
    hits, seen = (np.roll(c, 1) + np.roll(c, -1) for c in (y, n))
    used = (n > 0) & (seen > 0)

    def worth(mean: np.ndarray) -> float:
        a, b = mean * prior.strength, (1 - mean) * prior.strength
        return betabinom.logpmf(y[used], n[used], a[used], b[used]).sum()

    told = sm.spatial_prior(d["y"], d["n"], around, prior)
    found = worth(told["mean"].to_numpy())
    others = [worth((s * prior.mean + hits) / (s + seen)) for s in np.geomspace(1, 1e9, 400)]
    assert found >= max(others) - 1e-6


def test_alike_neighbours_lend_and_unlike_ones_do_not() -> None:
    alike, unlike = (kabupaten(3, 200, share) for share in (1.0, 0.0))
    pulls = []
    for d in (alike, unlike):
        told = sm.spatial_prior(d["y"], d["n"], ring(200), pv.beta_binomial_prior(d["y"], d["n"]))
        pulls.append(told["pull"].median())
    assert pulls[0] > 0.5 > 0.1 > pulls[1]


def test_groups_are_fitted_apart_and_borders_are_not_crossed() -> None:
    d = pd.concat([kabupaten(1, 60, 1.0), kabupaten(2, 60, 0.0)], ignore_index=True)
    group = pd.Series(["a"] * 60 + ["b"] * 60)
    apart = pd.concat([ring(60), ring(60).rename(index=lambda i: i + 60)])
    crossed = pd.concat([apart, pairs(*((i, i + 60) for i in range(60)))])
    priors = pv.priors_by(group, d["y"], d["n"])
    told = sm.spatial_prior(d["y"], d["n"], crossed, priors, group)
    for one, start in (("a", 0), ("b", 60)):
        part = d[group == one].reset_index(drop=True)
        alone = sm.spatial_prior(part["y"], part["n"], ring(60), priors[one])
        np.testing.assert_allclose(told[group == one], alone, rtol=1e-9)
        assert start == 60 or (alone["pull"] > 0).any()


def test_villages_that_do_not_differ_keep_the_shared_prior() -> None:
    y, n = pd.Series([2.0] * 10), pd.Series([10.0] * 10)
    prior = pv.beta_binomial_prior(y, n)
    told = sm.spatial_prior(y, n, ring(10), prior)
    assert prior.basis == "shared"
    np.testing.assert_allclose(told["a"], prior.a)
    assert (told["pull"] == 0).all()


def test_what_the_smoothers_cannot_use_is_refused() -> None:
    y, n, prior = series(1, 2), series(4, 4), pv.Prior(1, 3, 0.25, 4, 8, "fitted")
    for use in (sm.marshall, sm.choynowski):
        with pytest.raises(ValueError, match="negative"):
            use(series(-1), series(4))
    with pytest.raises(ValueError, match="over its denominator"):
        sm.marshall(series(5), series(4))
    with pytest.raises(ValueError, match="two indexes"):
        sm.local_marshall(y, n.set_axis([4, 5]), ring(2))
    with pytest.raises(ValueError, match="adjacency names villages"):
        sm.spatial_prior(y, n, ring(3), prior)
    with pytest.raises(ValueError, match="priors by group"):
        sm.spatial_prior(y, n, ring(2), {"a": prior}, pd.Series(["a", "b"]))
