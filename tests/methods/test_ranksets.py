"""Rank confidence sets: csranks on PISA 2018, a slow second way, coverage by simulation."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, rankdata

from lokus.methods import ranksets
from lokus.methods.chance import stream
from lokus.methods.ranksets import expected_ranks, rank_sets


def pisa(published: Path) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    d = pd.read_csv(published / "ranks/csranks_pisa2018_math_expected.csv")
    return d, d["math_score"].to_numpy(), d["math_se"].to_numpy()


@pytest.mark.parametrize(
    ("kind", "low", "high"), [("marginal", "L_marg", "U_marg"), ("simultaneous", "L_simul", "U_simul")]
)
def test_pisa_2018_sets_of_csranks(published: Path, kind: str, low: str, high: str) -> None:
    """ranks/csranks_pisa2018_math_expected.csv, R = 10,000 draws: the same sets to ± 1 rank of bootstrap noise.

    Slovenia's marginal upper end (16; ours 14) is decided by two countries that lie at the critical value and fall
    together. Two critical values of 10,000 draws differ by a level of .0031, one standard error: all published ends,
    this too, lie between those of the levels .95 ± 3 of them.
    """
    d, x, se = pisa(published)
    out = rank_sets(x, se, kind=kind, seed=1, draws=10_000)
    assert out["rank"].tolist() == d["rank"].tolist()
    off = np.maximum((out["low"] - d[low]).abs(), (out["high"] - d[high]).abs())
    assert set(d["jurisdiction"][off > 1]) <= {"Slovenia"}
    assert (off == 0).mean() > 0.9
    narrow, wide = (rank_sets(x, se, kind=kind, seed=1, draws=10_000, level=level) for level in (0.941, 0.959))
    assert ((wide["low"] <= d[low]) & (d[low] <= narrow["low"])).all()
    assert ((wide["high"] >= d[high]) & (d[high] >= narrow["high"])).all()


def test_pisa_2018_five_best_and_worst(published: Path) -> None:
    """ranks/csranks_pisa2018_math_expected.csv: who may be of the first five, and of the last five."""
    d, x, se = pisa(published)
    out = rank_sets(x, se, kind="simultaneous", seed=1, draws=10_000)
    assert (out["low"] <= 5).tolist() == d["tau5best"].tolist()
    assert (out["high"] > len(d) - 5).tolist() == d["tau5worst"].tolist()


def test_expected_ranks_of_normal_posteriors(published: Path) -> None:
    """ranks/normal_posterior_expected_ranks.csv: exact to 1e-9; R's mean of 4,000 draws in distribution."""
    d = pd.read_csv(published / "ranks/normal_posterior_expected_ranks.csv")
    out = expected_ranks(d["post_mean"].to_numpy(), d["post_sd"].to_numpy())
    np.testing.assert_allclose(out, d["expected_rank_exact"], rtol=1e-9)
    sd = np.maximum(d["rank_q975"] - d["rank_q025"], 4) / 3.92
    assert ((d["expected_rank_mc4000"] - out).abs() / (sd / np.sqrt(4000))).max() < 5


def by_hand(x: np.ndarray, se: np.ndarray, kind: str, seed: int, level: float, draws: int) -> np.ndarray:
    """Every ordered pair of every draw, one step after the other."""
    n = len(x)
    z = stream(seed, "rank sets").standard_normal((draws, n)) * se
    gap, s = x - x[:, None], np.sqrt(se**2 + se[:, None] ** 2)
    t = np.divide(z[:, None, :] - z[:, :, None], s, out=np.zeros((draws, n, n)), where=s > 0)
    told = gap > 1e300 * s
    pairs = [np.ones((n, n), bool)]
    if kind == "marginal":
        pairs = [np.logical_or.outer(np.arange(n) == j, np.arange(n) == j) for j in range(n)]
    out = np.zeros((2, n), dtype=int)
    for j, mine in enumerate(pairs):
        above = told.copy()
        while True:
            critical = np.quantile(np.where(mine & ~above, t, 0).max(axis=(1, 2)), level)
            more = above | (mine & (gap > critical * s))
            if (more == above).all():
                break
            above = more
        rows = [j] if kind == "marginal" else range(n)
        for i in rows:
            out[:, i] = 1 + above[i].sum(), n - above[:, i].sum()
    return out


@pytest.mark.parametrize("kind", ["marginal", "simultaneous"])
@pytest.mark.parametrize("seed", range(6))
def test_what_is_not_looked_at_changes_nothing(kind: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Oracle: all pairs of all draws; few villages looked at first, unlike errors, some known exactly."""
    monkeypatch.setattr(ranksets, "FIRST", 4)
    monkeypatch.setattr(ranksets, "BLOCK", 100)
    rng = np.random.default_rng(seed)
    se = rng.choice([0.0, 0.02, 0.3, 1.0], 30) * rng.uniform(0.5, 2, 30)
    x = rng.normal(0, [0.3, 3.0][seed % 2], 30)
    x[3] = x[4]
    out = rank_sets(x, se, kind=kind, seed=seed, level=0.9, draws=150, threads=1)
    low, high = by_hand(x, se, kind, seed, 0.9, 150)
    assert out["low"].tolist() == low.tolist()
    assert out["high"].tolist() == high.tolist()


def test_the_sets_hold_the_true_ranks() -> None:
    """Law: all true ranks lie in the 90 % sets in at least 90 % of 150 lists of ten (less 3 standard errors)."""
    rng = np.random.default_rng(5)
    true = np.array([0, 0.2, 0.4, 1, 1.2, 2, 2.5, 3, 3, 4.0])
    low_rank, high_rank = rankdata(-true, "min"), rankdata(-true, "max")
    held = {"marginal": 0.0, "simultaneous": 0.0}
    for trial in range(150):
        x = true + 0.4 * rng.normal(size=10)
        for kind in held:
            out = rank_sets(x, np.full(10, 0.4), kind=kind, seed=trial, level=0.9, draws=200, threads=1)
            inside = (out["low"] <= low_rank) & (out["high"] >= high_rank)
            held[kind] += (inside.all() if kind == "simultaneous" else inside.mean()) / 150
    assert min(held.values()) > 0.9 - 3 * np.sqrt(0.09 / 150)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 12), st.floats(0.1, 10), st.floats(-5, 5))
def test_sets_hold_the_rank_and_nest(seed: int, n: int, scale: float, shift: float) -> None:
    """Laws: low ≤ rank ≤ high; a simultaneous set holds the marginal one; unit and origin say nothing."""
    rng = np.random.default_rng(seed)
    x, se = rng.normal(size=n), rng.uniform(0.05, 1, n)
    one, all_ = (rank_sets(x, se, kind=kind, seed=seed, draws=100, threads=1) for kind in ranksets.KINDS)
    assert ((all_["low"] <= one["low"]) & (one["low"] <= one["rank"])).all()
    assert ((one["rank"] <= one["high"]) & (one["high"] <= all_["high"])).all()
    moved = rank_sets(scale * x + shift, scale * se, kind="marginal", seed=seed, draws=100, threads=1)
    assert (moved == one).all(axis=None)
    assert expected_ranks(x, se).sum() == pytest.approx(n * (n + 1) / 2)


def test_degenerate_lists() -> None:
    """Known exactly: the rank itself, ties sharing theirs; missing: no set, and nobody's rival; one village: rank 1."""
    for kind in ranksets.KINDS:
        sure = rank_sets(np.array([3.0, 1, 3, 2]), np.zeros(4), kind=kind, seed=1)
        assert sure["low"].tolist() == sure["rank"].tolist() == [1, 4, 1, 3]
        assert sure["high"].tolist() == [2, 4, 2, 3]
        some = rank_sets(np.array([3.0, np.nan, 1]), np.array([0.1, 0.1, np.nan]), kind=kind, seed=1)
        assert some.loc[0].tolist() == [1, 1, 1]
        assert some.loc[1:].isna().all(axis=None)
        assert len(rank_sets(np.empty(0), np.empty(0), kind=kind, seed=1)) == 0
    np.testing.assert_array_equal(expected_ranks(np.array([2.0, 1, 1]), np.zeros(3)), [1, 2.5, 2.5])


def test_expected_rank_of_two_is_the_probability_to_be_beaten() -> None:
    """Oracle: Φ of the difference over its standard deviation."""
    out = expected_ranks(np.array([1.0, 1.5]), np.array([0.3, 0.4]))
    assert out[0] == pytest.approx(1 + norm.cdf(0.5 / 0.5))


@pytest.mark.parametrize(
    "more", [{"kind": "joint"}, {"draws": 0}, {"level": 1.0}, {"se": np.array([0.1, -0.1])}, {"se": np.ones(3)}]
)
def test_misuse_is_refused(more: dict) -> None:
    given = {"estimate": np.array([1.0, 2.0]), "se": np.array([0.1, 0.1]), "kind": "marginal", "seed": 1} | more
    with pytest.raises(ValueError):
        rank_sets(**given)
