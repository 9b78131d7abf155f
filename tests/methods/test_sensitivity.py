"""Sobol indices: Ishigami's function, COINr's ASEM example, and the laws of variance shares."""

from pathlib import Path

import asem
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lokus.methods import composite
from lokus.methods.ranking import ranks_of
from lokus.methods.scenarios import Scenario
from lokus.methods.scoring import scheme_of
from lokus.methods.sensitivity import design, indices, replay, sobol
from lokus.methods.treatment import winsorise_log

FACTORS = ["Winmax", "Normalisation", "Weights", "Aggregation"]


def test_ishigami() -> None:
    """Ishigami & Homma 1990: S = .3139, .4424, 0; T = .5576, .4424, .2437 for sin x₁ + 7 sin² x₂ + 0.1 x₃⁴ sin x₁."""

    def ishigami(u: np.ndarray) -> np.ndarray:
        x = np.pi * (2 * u - 1)
        return (np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0]))[:, None]

    out = sobol(ishigami, 3, points=4096, seed=1)
    first, total = np.array([0.3139, 0.4424, 0.0]), np.array([0.5576, 0.4424, 0.2437])
    np.testing.assert_allclose(out.first[:, 0], first, atol=0.01)
    np.testing.assert_allclose(out.total[:, 0], total, atol=0.01)
    assert ((out.first_low[:, 0] < first + 0.01) & (first - 0.01 < out.first_high[:, 0])).all()
    assert ((out.total_low[:, 0] < total + 0.01) & (total - 0.01 < out.total_high[:, 0])).all()
    assert (out.evaluations, out.failed) == (4096 * 5, 0)


class Asem:
    """The chain of COINr's vignette "sensitivity", replayed: 5 winmax × 2 normalisations × 2 aggregations × weights."""

    def __init__(self, published: Path) -> None:
        told, self.raw = asem.meta(published), asem.coinr(published, "expected_Screened")
        own, groups = told[told["Type"] == "Indicator"], told[(told["Type"] == "Aggregate") & (told.index != "Index")]
        inside = groups["Parent"].replace("Index", "").to_dict()
        self.made = {}
        for winmax in range(5):
            treated = {name: winsorise_log(self.raw[name], winmax + 1) for name in own.index}
            for n, method in enumerate(("minmax", "zscore")):
                needs = np.column_stack([self.need(treated[k], k, d, method) for k, d in own["Direction"].items()])
                for a, how in enumerate(("arithmetic", "geometric")):
                    scheme = scheme_of({i: (p, 1.0) for i, p in own["Parent"].items()}, dict.fromkeys(inside, 1.0),
                                       within=how, across=how, parents=inside)  # fmt: skip
                    self.made[winmax, n, a] = Scenario.of(needs, scheme)
        # Weights of the 8 pillars and 2 halves, ± 25 %.
        self.noise = 1 + 0.25 * (2 * np.random.default_rng(42).random((5000, 10)) - 1)
        self.nominal = ranks_of(self.scores(np.array([[4, 0, 0]]), np.ones((1, 10))))[0]

    def need(self, treated, name: str, direction: float, method: str) -> np.ndarray:
        scale = composite.bounds(treated.values, method, "lower" if direction > 0 else "higher",
                                 limits=treated.limits, log=treated.log)  # fmt: skip
        x = composite.need(self.raw[name].to_numpy(), scale, extend=True)
        # n_minmax(1, 100) is 1 + 99·need; n_zscore(10, 2) is 10 + 12·(need − ½), on that same scale.
        return x if method == "minmax" else (9 + 12 * (x - 0.5)) / 99

    def scores(self, picks: np.ndarray, above: np.ndarray) -> np.ndarray:
        return replay(self.made, picks, np.ones((len(picks), self.raw.shape[1])), above)

    def ranks(self, u: np.ndarray) -> np.ndarray:
        picks = (u[:, [0, 1, 3]] * [5, 2, 2]).astype(int)
        return ranks_of(self.scores(picks, self.noise[(u[:, 2] * 5000).astype(int)]))


@pytest.fixture(scope="module")
def chain(published: Path) -> Asem:
    return Asem(published)


def test_the_nominal_replay_is_the_asem_index(chain: Asem, published: Path) -> None:
    """coinr/expected_Aggregated.csv, exactly; and the ranks of coinr/expected_ranks.csv."""
    index = asem.coinr(published, "expected_Aggregated")["Index"].reindex(chain.raw.index)
    np.testing.assert_allclose(chain.scores(np.array([[4, 0, 0]]), np.ones((1, 10)))[0], index, rtol=1e-9)
    assert chain.nominal.tolist() == asem.coinr(published, "expected_ranks")["Index"].reindex(chain.raw.index).tolist()


@pytest.mark.parametrize(
    ("name", "replays"), [("expected_uncertainty_rankstats_N3000_seed42", 3000), ("vignette_UA_rankstats_N100", 100)]
)
def test_asem_ranks_in_distribution(chain: Asem, published: Path, name: str, replays: int) -> None:
    """coinr/expected_uncertainty_rankstats_N3000_seed42.csv and vignette_UA_rankstats_N100.csv: means and quantiles.

    COINr draws its weights from a stock of 100 to 1,000, ours are all different: a mean of ranks may differ by four
    standard errors of the fewer of the replays and 100 weights.
    """
    told = asem.coinr(published, name).reindex(chain.raw.index)
    ranks = chain.ranks(np.random.default_rng(1).random((6000, 4)))
    assert told["Nominal"].tolist() == chain.nominal.tolist()
    error = np.sqrt(ranks.var(axis=0) / min(replays, 100)) + 0.02
    assert (np.abs(ranks.mean(axis=0) - told["Mean"]) / error).max() < 4
    for q, column, off in ((0.05, "Q5", 1), (0.5, "Median", 1.5), (0.95, "Q95", 2)):
        apart = np.abs(np.quantile(ranks, q, axis=0) - told[column])
        assert apart.mean() < 0.6
        assert replays < 3000 or apart.max() <= off


@pytest.mark.parametrize("name", ["expected_sobol_indices_N500_seed42", "vignette_SA_sobol_N100"])
def test_asem_indices_in_distribution(chain: Asem, published: Path, name: str) -> None:
    """coinr/expected_sobol_indices_N500_seed42.csv, vignette_SA_sobol_N100.csv: within the published 90 % intervals.

    Widened by half their width: the total of a random sample of 100 strays, and the two samples are not the same.
    """
    told = asem.coinr(published, name).set_index("Variable").loc[FACTORS]
    out = sobol(lambda u: np.abs(chain.ranks(u) - chain.nominal).mean(axis=1)[:, None], 4, points=1024, seed=3)
    table = out.table(FACTORS, pd.Index(["rank_change"], name="output")).set_index("factor")
    for ours, low, high in (("first", "Si_q5", "Si_q95"), ("total", "STi_q5", "STi_q95")):
        slack = (told[high] - told[low]) / 2
        assert table[ours].between(told[low] - slack, told[high] + slack).all()
    assert table["total"].idxmax() == "Aggregation"
    assert table["total"].idxmin() == "Winmax"
    assert (table["first_low"] <= table["first"]).all()
    assert (table["total"] <= table["total_high"]).all()


def test_replays_do_not_depend_on_threads(chain: Asem, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: the same scores for one thread and three, in blocks of other sizes."""
    u = np.random.default_rng(2).random((300, 4))
    picks, above = (u[:, [0, 1, 3]] * [5, 2, 2]).astype(int), chain.noise[:300]
    one = replay(chain.made, picks, np.ones((300, 49)), above, threads=1)
    monkeypatch.setattr("lokus.methods.sensitivity.BLOCK", 51 * 7)
    np.testing.assert_allclose(replay(chain.made, picks, np.ones((300, 49)), above, threads=3), one, rtol=1e-12)
    ranked = replay(chain.made, picks, np.ones((300, 49)), above, then=ranks_of)
    np.testing.assert_array_equal(ranked, ranks_of(one))
    assert replay(chain.made, picks[:0], np.ones((0, 49)), above[:0]).shape == (0, 51)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0.1, 5), min_size=2, max_size=4), st.floats(-50, 50), st.integers(0, 99))
def test_of_a_sum_each_part_explains_its_own_variance(slopes: list[float], shift: float, seed: int) -> None:
    """Law: an additive model has S = T = its shares of the variance, whatever is added to it; a bystander has 0."""
    told = np.array([*slopes, 0.0])
    out = sobol(lambda u: (u @ told)[:, None] + shift, len(told), points=1024, seed=seed)
    shares = told**2 / (told**2).sum()
    np.testing.assert_allclose(out.first[:, 0], shares, atol=0.05)
    np.testing.assert_allclose(out.total[:, 0], shares, atol=0.05)
    assert out.first[-1, 0] == out.total[-1, 0] == 0


def test_failed_replays_are_counted_and_left_out() -> None:
    """Law: the indices are those of the base points that did not fail, and the failures are told."""

    def fails(u: np.ndarray) -> np.ndarray:
        return np.where(u[:, :1] > 0.9, np.nan, u[:, :1] + 2 * u[:, 1:])

    at = design(2, 512, 5)
    out = sobol(fails, 2, points=512, seed=5)
    assert (out.evaluations, out.failed) == (2048, int((at[..., 0] > 0.9).sum()))
    whole = (at[..., 0] <= 0.9).all(axis=0)
    told = fails(at.reshape(-1, 2)).reshape(4, 512, 1)[:, whole]
    np.testing.assert_allclose(out.total, ((told[0] - told[2:]) ** 2).mean(axis=1) / 2 / told[:2].reshape(-1).var())
    none = sobol(lambda u: np.full((len(u), 1), np.nan), 2, points=4, seed=1)
    assert np.isnan(none.first).all()
    assert none.failed == none.evaluations == 16


def test_an_output_that_does_not_vary_has_no_indices() -> None:
    out = indices(np.full((4, 64, 1), 0.1), 1)
    assert np.isnan(out.first).all()
    assert np.isnan(out.total_high).all()


def test_the_design_takes_one_column_from_b() -> None:
    """Law: A_B,i is A but for column i, which is B's; every coordinate is spread evenly (Sobol' sequence)."""
    at = design(3, 64, 1)
    for i in range(3):
        kept = [j for j in range(3) if j != i]
        np.testing.assert_array_equal(at[2 + i][:, kept], at[0][:, kept])
        np.testing.assert_array_equal(at[2 + i][:, i], at[1][:, i])
    assert (np.sort((at[:2] * 64).astype(int), axis=1) == np.arange(64)[:, None]).all()
    assert (design(3, 50, 1) == at[:, :50]).all()
    for more in ({"factors": 0, "points": 8}, {"factors": 2, "points": 1}):
        with pytest.raises(ValueError):
            design(**more, seed=1)
