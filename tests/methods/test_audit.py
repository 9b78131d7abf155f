"""The audits: COINr's example, established libraries, and what a planner's question must never get wrong."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from asem import coinr, hierarchy, meta
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from lokus.methods.aggregation import aggregate
from lokus.methods.audit import (
    availability,
    correlations,
    cronbach,
    denominator_correlations,
    effective_weights,
    flags,
    importance,
    principal_components,
    standing,
    statistics,
    strengths_weaknesses,
    without_each,
)
from lokus.methods.hierarchy import Hierarchy

few = settings(max_examples=25, deadline=None)
TREE = Hierarchy.of(
    {"a": ("d", 2.0), "b": ("d", 1.0), "c": ("e", 1.0)},
    {"d": ("index", 3.0), "e": ("index", 1.0), "index": ("", 1.0)},
)


def three_digits(x: float) -> float:
    """R's `signif(x, 3)`: a half goes to the even digit."""
    unit = 10.0 ** (2 - np.floor(np.log10(abs(x)))) if x else 1.0
    return round(x * unit) / unit


def aggregated(published: Path) -> pd.DataFrame:
    return coinr(published, "expected_Aggregated")[list(hierarchy(published).names)]


def of(tree: Hierarchy, group: str) -> list[str]:
    """The parts of a group."""
    return [tree.names[c] for c in tree.children[tree.names.index(group)]]


def study(seed: int, villages: int = 40) -> pd.DataFrame:
    """All nodes of a small arithmetic tree without gaps."""
    needs = np.random.default_rng(seed).random((villages, 3))
    return pd.DataFrame(aggregate(needs, TREE), [f"v{i:02}" for i in range(villages)], list(TREE.names))


def test_published_statistics(published: Path) -> None:
    """expected_stats_raw: every number to its three digits, and COINr's four flags.

    Unlike values of TolMin are left out: the file lacks the 16th digit by which R tells two of them apart.
    """
    raw, told = coinr(published, "expected_Raw"), coinr(published, "expected_stats_raw").set_index("iCode")
    found = statistics(raw).loc[told.index]
    n, seen = len(raw), found["observed"]
    columns = {
        **{name.capitalize(): found[name] for name in ("min", "max", "mean", "median", "skew")},
        "Std": found["sd"], "Kurt": found["kurtosis"], "N.Avail": seen, "N.NonZero": found["nonzero"],
        "N.Unique": found["unique"], "N.Same": found["same"], "Frc.Avail": seen / n,
        "Frc.NonZero": found["nonzero"] / seen, "Frc.Unique": found["unique"] / seen, "Frc.Same": found["same"] / seen,
    }  # fmt: skip
    for name, numbers in columns.items():
        kept = told.index.drop("TolMin" if name.endswith("Unique") else [])
        rounded = numbers.loc[kept].astype(float).map(three_digits)
        np.testing.assert_allclose(rounded, told.loc[kept, name], rtol=1e-9, err_msg=name)
    assert (told["Flag.Avail"] == np.where(seen / n >= 0.65, "ok", "LOW")).all()
    assert (told["Flag.NonZero"] == np.where(found["nonzero"] / n >= 0.5, "ok", "LOW")).all()
    assert (told["Flag.Unique"] == np.where(found["unique"] / n >= 0.5, "ok", "LOW")).all()
    assert (told["Flag.SkewKurt"] == np.where(found["outliers"], "OUT", "ok")).all()


def test_published_availability(published: Path) -> None:
    """expected_data_avail: missing, zeros and shares of 51 countries."""
    told = coinr(published, "expected_data_avail")
    found = availability(coinr(published, "expected_Raw"), hierarchy(published)).loc[told.index]
    assert found["missing"].tolist() == told["N_missing"].tolist()
    assert found["zero"].tolist() == told["N_zero"].tolist()
    assert (found["missing"] + found["zero"]).tolist() == told["N_miss_or_zero"].tolist()
    np.testing.assert_allclose(found["observed"], told["Dat_Avail"], rtol=1e-12)
    np.testing.assert_allclose(found["nonzero"], told["Non_Zero"], rtol=1e-12)
    np.testing.assert_allclose(found["Index"], told["Dat_Avail"], rtol=1e-12)
    tree, raw = hierarchy(published), coinr(published, "expected_Raw").loc[told.index]
    for pillar in of(tree, "Conn") + of(tree, "Sust"):
        np.testing.assert_allclose(found[pillar], raw[of(tree, pillar)].notna().mean(axis=1), rtol=1e-12)


def test_published_correlations(published: Path) -> None:
    """expected_corr_pillars_conn_sust: each pillar of one half with each of the other."""
    tree, told = hierarchy(published), coinr(published, "expected_corr_pillars_conn_sust")
    found = correlations(aggregated(published)[of(tree, "Conn") + of(tree, "Sust")], tree)
    across = found[found["group"] == ""].set_index(["first", "second"])["correlation"]
    assert len(across) == len(told)
    np.testing.assert_allclose(across.loc[list(zip(told["Var1"], told["Var2"], strict=True))], told["Correlation"])


def test_published_correlation_flags(published: Path) -> None:
    """expected_corr_flags: within their group, indicators that correlate above 0.75."""
    tree, told = hierarchy(published), coinr(published, "expected_corr_flags")
    found = correlations(coinr(published, "expected_Normalised"), tree)
    high = found[(found["group"] != "") & (found["correlation"] > 0.75)]
    pairs = {(g, frozenset((a, b)), round(r, 3)) for a, b, r, _, g in high.itertuples(index=False)}
    assert pairs == {(g, frozenset((a, b)), r) for g, a, b, r in told.itertuples(index=False)}


def test_published_cronbach(published: Path) -> None:
    """expected_cronbach: alpha of each pillar of the raw data, pairwise."""
    tree, raw = hierarchy(published), coinr(published, "expected_Raw")
    for group, alpha in coinr(published, "expected_cronbach").itertuples(index=False):
        assert cronbach(raw[of(tree, group)]) == pytest.approx(alpha, rel=1e-9), group


def test_published_denominator_correlations(published: Path) -> None:
    """expected_denom_corr: raw indicators that follow a denominator above 0.7."""
    raw, told = coinr(published, "expected_Raw"), coinr(published, "expected_denom_corr")
    sizes = coinr(published, "asem_iData").loc[raw.index, ["Area", "Energy", "GDP", "Population"]]
    found = denominator_correlations(raw, sizes, 0.7).sort_values(["indicator", "denominator"])
    assert found.round(2).to_numpy().tolist() == told.to_numpy().tolist()


def test_published_effective_weights(published: Path) -> None:
    """expected_effective_weights: of every node of four levels; weights_original are those of the tree."""
    tree, told = hierarchy(published), coinr(published, "expected_effective_weights").set_index("iCode")
    np.testing.assert_allclose(effective_weights(tree).loc[told.index], told["EffWeight"], rtol=1e-12)
    given = coinr(published, "weights_original").set_index("iCode")["Weight"]
    assert dict(zip(tree.names, tree.weights, strict=True)) == given.to_dict()


def test_published_principal_components(published: Path) -> None:
    """expected_pca_sust_rotation, _sdev, expected_pca_weights: R's `prcomp` of the Sust pillars; signs are chance."""
    found = principal_components(aggregated(published)[of(hierarchy(published), "Sust")])
    width = coinr(published, "expected_pca_sust_sdev")
    np.testing.assert_allclose(found.deviation, width["sdev"], rtol=1e-9)
    np.testing.assert_allclose(found.share, width["var"], rtol=1e-9)
    told = pd.read_csv(published / "coinr/expected_pca_sust_rotation.csv", index_col=0)
    signs = np.sign((told * found.loadings.loc[told.index]).sum())
    np.testing.assert_allclose(found.loadings.loc[told.index] * signs, told, rtol=1e-9)
    weights = coinr(published, "expected_pca_weights").set_index("iCode")["Weight"]
    np.testing.assert_allclose(found.loadings["PC1"], weights.loc[told.index], rtol=1e-9)
    assert found.villages == 51


@pytest.mark.parametrize(("level", "file"), [(1, "expected_remove_elements_L1"), (2, "expected_remove_elements_L2")])
def test_published_removal(published: Path, level: int, file: str) -> None:
    """expected_remove_elements_L1, _L2: mean |rank change| of the index without each indicator, each pillar."""
    tree, told = hierarchy(published), coinr(published, file).set_index("removed")["mean_abs_rank_change"]
    good = coinr(published, "expected_Normalised")[list(tree.names[:49])]
    names = [name for name in told.index if name != "Nominal"]
    found = without_each(tree, lambda t: aggregate(good.to_numpy(), t)[:, -1], good.index, top=10, names=names)
    np.testing.assert_allclose(found["mean_change"], told[names], atol=1e-12)
    assert level == 1 or found["mean_change"].idxmax() == "Social"


def test_published_strengths_and_weaknesses(published: Path) -> None:
    """expected_strengths_CHN, expected_weaknesses_CHN: raw data, five of each, equal places in COINr's order of groups.

    COINr drops from the weaknesses, too, the indicators in which a country is the very last: so does the test.
    """
    order = coinr(published, "expected_effective_weights").query("Level == 1")["iCode"]
    raw = coinr(published, "expected_Raw")[order.tolist()]
    needs = -raw * meta(published)["Direction"].loc[order]
    last = standing(needs, "CHN").query("rank == 1").index
    found = strengths_weaknesses(needs.drop(columns=last), "CHN")
    for kind, file in (("strength", "expected_strengths_CHN"), ("weakness", "expected_weaknesses_CHN")):
        told = coinr(published, file).sort_values("Rank", ascending=kind == "strength", kind="stable").set_index("Code")
        kept = found[found["kind"] == kind]
        assert set(kept.index) == set(told.index)
        assert (kept["below"] + 1).tolist() == told["Rank"].tolist()
        own = raw.loc["CHN", told.index].map(three_digits)
        np.testing.assert_allclose(own, told["Value"])
        tree = hierarchy(published)
        assert [next(g for g in tree.names[49:] if i in of(tree, g)) for i in told.index] == told["Pillar"].tolist()


def test_published_unit_summary(published: Path) -> None:
    """expected_unit_summary_IND: score and rank of one country at every level above the indicators."""
    told = coinr(published, "expected_unit_summary_IND").set_index("Code")
    found = standing(aggregated(published), "IND").loc[told.index]
    np.testing.assert_allclose(found["value"], told["Score"], atol=0.00501)
    assert found["rank"].tolist() == told["Rank"].tolist()
    assert (meta(published).loc[told.index, "iName"] == told["Name"]).all()


@few
@given(st.integers(0, 10_000))
def test_principal_components_are_scikit_learns(seed: int) -> None:
    """Oracle: sklearn's PCA of standardised columns; a constant column has no part, nor a village with a gap."""
    rng = np.random.default_rng(seed)
    x = pd.DataFrame(rng.normal(size=(30, 4)) @ rng.normal(size=(4, 4)), columns=list("pqrs")).assign(same=1.0)
    found = principal_components(pd.concat([x, pd.DataFrame({"p": [9.0]})]))
    told = PCA().fit(((x - x.mean()) / x.std())[list("pqrs")])
    np.testing.assert_allclose(found.share[:4], told.explained_variance_ratio_, atol=1e-12)
    np.testing.assert_allclose(np.abs(found.loadings.iloc[:4, :4]), np.abs(told.components_.T), atol=1e-7)
    assert (np.abs(found.loadings.loc["same", ["PC1", "PC2", "PC3", "PC4"]]) < 1e-9).all()
    assert (found.loadings.sum() > -1e-9).all()
    assert found.villages == 30


@few
@given(st.integers(0, 10_000))
def test_what_drives_the_index_sums_to_it(seed: int) -> None:
    """Law: in an arithmetic tree every level accounts for the whole variance of the index."""
    told = importance(study(seed), TREE)
    assert told.loc[["a", "b", "c"], "drives"].sum() == pytest.approx(1)
    assert told.loc[["d", "e"], "drives"].sum() == pytest.approx(1)
    assert told["weight"].to_dict() == pytest.approx({"a": 0.5, "b": 0.25, "c": 0.25, "d": 0.75, "e": 0.25})


def test_flags_tell_what_speaks_against_a_tree() -> None:
    """Law: two parts that say the same, two that cancel out, and one that hardly moves its group; else nothing."""
    rng = np.random.default_rng(8)
    x = rng.normal(size=(400, 3))
    twins = pd.DataFrame({"a": x[:, 0], "b": x[:, 0] + 0.1 * x[:, 1], "c": x[:, 2]})
    whole = pd.DataFrame(aggregate(twins.to_numpy(), TREE), columns=list(TREE.names))
    told = flags(whole, TREE)
    said = told[["kind", "first", "second", "group"]].to_numpy().tolist()
    assert said == [["collinear", "a", "b", "d"], ["weak", "e", "index", "index"]]
    opposed = pd.DataFrame({"a": x[:, 0], "b": -x[:, 0] + 0.5 * x[:, 1], "c": x[:, 2]})
    told = flags(pd.DataFrame(aggregate(opposed.to_numpy(), TREE), columns=list(TREE.names)), TREE)
    assert ["negative", "a", "b", "d"] in told[["kind", "first", "second", "group"]].to_numpy().tolist()
    assert set(told["villages"]) == {400}
    assert flags(study(1, 4000), TREE).empty


def test_strengths_and_weaknesses_are_never_what_all_have() -> None:
    """Law: with the most need no strength, with the least no weakness; what is not observed is neither."""
    needs = pd.DataFrame(
        {"same": [0.5, 0.5, 0.5], "most": [0.9, 0.2, 0.1], "least": [0.0, 0.0, 0.4], "gap": [np.nan, 0.1, 0.2]},
        index=["x", "y", "z"],
    )
    assert strengths_weaknesses(needs, "x")["kind"].to_dict() == {"least": "strength", "most": "weakness"}
    assert standing(needs, "y").loc["most"].tolist() == [0.2, 2, 1, 3]


def test_what_the_list_would_be_without() -> None:
    """Law: who enters and who leaves, by hand; equal scores stand in the order of ids; N may pass the villages."""
    needs = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.6, 0.6, 0.6], [np.nan, np.nan, np.nan]])
    tree = Hierarchy(TREE.names, TREE.parent, (1.0, 1.0, 1.0, 1.0, 1.0, 1.0))

    def score(changed: Hierarchy) -> np.ndarray:
        return aggregate(needs, changed)[:, -1]

    told = without_each(tree, score, ["k2", "k1", "k3", "k4"], top=2, names=["a", "d", "e"])
    assert told["entered"].to_dict() == {"a": (), "d": (), "e": ("k2",)}
    assert told["left"].to_dict() == {"a": (), "d": (), "e": ("k1",)}
    # Without d: k1 1.0, k3 0.6, k2 0; without e: k2 1.0, k3 0.6, k1 0; before: k3, then k1 and k2 equal.
    assert told["mean_change"].to_dict() == pytest.approx(
        {"a": 0, "d": 2 / 3 + 1 / 3, "e": 2 / 3 + 1 / 3 - 1 / 3 + 1 / 3}
    )
    all_in = without_each(tree, score, ["k2", "k1", "k3", "k4"], top=9, names=["a"])
    assert (all_in["entered"].item(), all_in["left"].item()) == ((), ())


def test_villages_alike_are_not_told_apart_by_the_last_bit() -> None:
    """Law: 0.1 + 0.2 and 0.3 are one score, with the indicator and without it."""
    hair = [0.3, 0.1 + 0.2]
    told = without_each(TREE, lambda t: np.array(hair if t.weights[0] else hair[::-1]), ["x", "y"], top=1, names=["a"])
    assert told.loc["a"].tolist() == [0, 0, (), ()]


def test_degenerate_input_is_told_as_missing() -> None:
    """Law: one village, constant columns, nothing observed: NaN, or nothing to tell; never a warning or an error."""
    one = pd.DataFrame({"a": [0.5], "b": [0.5], "c": [np.nan]}, index=["x"])
    alike = pd.DataFrame({"a": [0.5] * 5, "b": [np.nan] * 5, "c": [0.1, 0.2, 0.3, 0.4, 0.5]})
    for needs in (one, alike):
        nodes = pd.DataFrame(aggregate(needs.to_numpy(), TREE), needs.index, list(TREE.names))
        assert np.isnan(correlations(needs, TREE)["correlation"]).all()
        assert flags(nodes[list(TREE.names)], TREE)["kind"].isin(["weak"]).all()
        assert np.isnan(principal_components(needs).share).all()
        assert statistics(needs)["observed"].tolist() == needs.notna().sum().tolist()
        assert availability(needs, TREE)["observed"].between(0, 1).all()
        assert importance(nodes, TREE).shape == (5, 3)
        assert denominator_correlations(needs, needs[["a"]]).empty
    assert np.isnan(cronbach(alike[["a"]]))
    assert np.isnan(cronbach(alike[["a", "b"]]))
    assert effective_weights(Hierarchy(TREE.names, TREE.parent, (0.0,) * 6)).tolist() == [0, 0, 0, 0, 0, 1]
    assert strengths_weaknesses(one, "x").empty
