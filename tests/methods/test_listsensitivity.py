"""What moves a list: laws of its factors, and every number by a second way from the ranks themselves."""

import numpy as np
import pandas as pd
import pytest

from lokus.methods import listsensitivity
from lokus.methods.composite import bounds
from lokus.methods.listsensitivity import list_sensitivity, movers
from lokus.methods.ranking import Ingredient, Menu, exact_ranks, rank_uncertainty
from lokus.methods.scoring import scheme_of

SCHEME = scheme_of({"a": ("d", 2), "b": ("d", 1), "c": ("e", 1)}, {"d": 3, "e": 1})
N = 40


def rates(prior: tuple[float, float] = (4.0, 15.0), certain: bool = False) -> list[Ingredient]:
    rng = np.random.default_rng(3)
    n = rng.integers(15, 150, (3, N)).astype(float)
    y = rng.binomial(n.astype(int), rng.beta(4, 15, (3, N))).astype(float)
    made = []
    for j, better in enumerate(("lower", "higher", "lower")):
        a, b = prior[0] + y[j], prior[1] + n[j] - y[j]
        scale = bounds(pd.Series(a / (a + b)), "minmax", better)
        made.append(Ingredient(a / (a + b), scale, **({} if certain else {"a": a, "b": b})))
    return made


MENU = Menu(normalise=("minmax", "rank"), aggregate=(("arithmetic", "arithmetic"), ("geometric", "arithmetic")),
            treatment=("none", "winsorise"), prior={"kabupaten": rates(), "none": rates((0.5, 0.5))})  # fmt: skip
MORE = {"top_n": 8, "spread": 0.3, "seed": 2, "points": 256}


@pytest.fixture(scope="module")
def told():
    return list_sensitivity(rates(), SCHEME, MENU, **MORE)


def test_every_factor_and_borderline_village_is_told(told) -> None:
    factors = ["sampling", "weights", "normalise", "aggregate", "treatment", "prior"]
    assert told.of_list["factor"].tolist() == factors * 2
    assert told.of_list["output"].tolist() == ["rank_change"] * 6 + ["kept"] * 6
    edge = np.flatnonzero((told.p_top >= 0.1) & (told.p_top <= 0.9))
    assert set(told.of_villages["village"]) == set(edge)
    assert len(told.of_villages) == edge.size * 2 * 6
    assert told.of_villages["total"].between(0, 2).all()
    assert (told.evaluations, told.failed) == (256 * 8, 0)


def test_shares_of_selection_add_up(told) -> None:
    """Laws: N villages are selected in a draw; the draws with an option are those of the list, taken apart."""
    assert told.p_top.sum() == pytest.approx(8, abs=0.05)  # ties share a place
    for factor in ("normalise", "aggregate", "treatment", "prior"):
        # Sobol' points fall evenly on both options.
        np.testing.assert_allclose(told.selected[factor].mean(axis=1), told.p_top, atol=1e-12)
    np.testing.assert_allclose(np.diag(told.together), told.p_top[told.together.index])
    assert (told.together <= np.minimum.outer(*[told.p_top[told.together.index]] * 2) + 1e-12).all(axis=None)
    assert (told.together == told.together.T).all(axis=None)


def test_the_draws_are_those_of_rank_uncertainty(told) -> None:
    """Oracle: another design, another generator, the same probabilities (to 5 standard errors of 512 draws)."""
    other = rank_uncertainty(rates(), SCHEME, menu=MENU, top_n=8, draws=4000, spread=0.3, seed=9)["p_top"]
    error = np.sqrt(np.maximum(other * (1 - other), 0.002) / 512)
    assert (np.abs(told.p_top - other) / error).max() < 5


def test_an_option_that_changes_nothing_explains_nothing(told) -> None:
    """Law (COINr's own test of its indices): two names for one thing have S = T = 0, and move nobody."""
    same = Menu(aggregate=(("geometric", "arithmetic"),) * 2, prior=MENU.prior)
    out = list_sensitivity(rates(), SCHEME, same, **MORE)
    whole = pd.concat([out.of_list, out.of_villages])
    whole = whole[whole["factor"] == "aggregate"]
    assert (whole[["first", "total", "total_high"]] == 0).all(axis=None)
    assert set(movers(out.selected)["factor"]) == {"prior"}


@pytest.mark.parametrize("factor", ["sampling", "weights", "prior"])
def test_a_factor_alone_explains_everything(factor: str) -> None:
    """Law: with one factor S = T = 1, up to the noise of the estimate of S."""
    some = rates(certain=factor != "sampling")
    certain = {
        name: rates(p, certain=True) for name, p in {"a": (4.0, 15.0), "b": (0.5, 0.5), "c": (40.0, 9.0)}.items()
    }
    out = list_sensitivity(some, SCHEME, Menu(prior=certain if factor == "prior" else {}),
                           **MORE | {"spread": 0.3 * (factor == "weights")})  # fmt: skip
    assert set(out.of_list["factor"]) == {factor}
    np.testing.assert_allclose(out.of_list["total"], 1, atol=0.25)
    np.testing.assert_allclose(out.of_list["first"], 1, atol=0.25)


def test_neither_threads_nor_blocks_change_a_replay(told, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: each replay's chance is named by its point alone."""
    monkeypatch.setattr(listsensitivity, "BLOCK", 7 * N)
    other = list_sensitivity(rates(), SCHEME, MENU, **MORE, threads=1)
    np.testing.assert_array_equal(other.p_top, told.p_top)
    pd.testing.assert_frame_equal(other.of_villages, told.of_villages)


def test_outputs_by_a_second_way() -> None:
    """Oracle: one loop over villages and rows."""
    rng = np.random.default_rng(1)
    ranks = np.stack([rng.permutation(12) + 1 for _ in range(5)]).astype(np.uint16)
    was, failed, edge = np.arange(1, 13), np.array([False, True, False, False, False]), np.array([2, 7])
    out = listsensitivity._outputs(ranks, failed, was, 4, edge)
    for r, row in enumerate(ranks.tolist()):
        change = sum(abs(x - y) for x, y in zip(row, range(1, 13), strict=True)) / 12
        kept = sum(row[j] <= 4 for j in range(4)) / 4
        here = [change, kept, row[2] <= 4, row[7] <= 4, row[2], row[7]]
        np.testing.assert_allclose(out[r], [np.nan] * 6 if failed[r] else here)


def test_failed_replays_are_counted_and_left_out(told, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: replays under a prior that gives no scores fail, are told, and leave the others' answers."""
    real = listsensitivity.scores

    def fails(made, picks, errors, weights, above):
        out = real(made, picks, errors, weights, above)
        return np.where(picks[:, [3]] == 1, np.nan, out)

    monkeypatch.setattr(listsensitivity, "scores", fails)
    out = list_sensitivity(rates(), SCHEME, MENU, **MORE)
    assert out.failed == pytest.approx(out.evaluations / 2, rel=0.02)
    assert out.evaluations == told.evaluations
    np.testing.assert_allclose(out.p_top, told.selected["prior", "kabupaten"])
    assert out.selected["prior", "none"].isna().all()


def test_unranked_villages_take_no_part() -> None:
    """Law: not ranked, no probability; those that are, are ranked among themselves."""
    ranked = np.arange(N) % 4 > 0
    out = list_sensitivity(rates(), SCHEME, MENU, **MORE, ranked=ranked)
    assert (np.isnan(out.p_top) == ~ranked).all()
    assert (out.selected.isna().all(axis=1) == ~ranked).all()
    assert np.nansum(out.p_top) == pytest.approx(8, abs=0.05)
    assert (exact_ranks(rates(), SCHEME, ranked) > 0).tolist() == ranked.tolist()


def test_who_moves_whom() -> None:
    """The villages that an option moves most, the least and the greatest probability with their options."""
    columns = pd.MultiIndex.from_tuples(
        [("prior", "a"), ("prior", "b"), ("prior", "c"), ("scale", "x"), ("scale", "y")]
    )
    selected = pd.DataFrame([[0.1, 0.8, 0.3, 0.2, 0.2], [0.5, 0.5, 0.4, 0.9, 0.1], [np.nan] * 5], columns=columns)
    out = movers(selected)
    assert out[["factor", "village", "option_least", "option_most"]].to_numpy().tolist() == [
        ["scale", 1, "y", "x"], ["prior", 0, "a", "b"], ["prior", 1, "c", "a"]
    ]  # fmt: skip
    np.testing.assert_allclose(out["difference"], [0.8, 0.7, 0.1])
    assert movers(selected.iloc[:, :0]).empty


def test_misuse_is_refused() -> None:
    with pytest.raises(ValueError, match="no factor"):
        list_sensitivity(rates(certain=True), SCHEME, Menu(), **MORE | {"spread": 0})
    with pytest.raises(ValueError, match="no village"):
        list_sensitivity(rates(), SCHEME, MENU, **MORE, ranked=np.zeros(N, bool))
