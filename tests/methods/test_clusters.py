"""The typology: groups that are known beforehand, the silhouette's definition as oracle, laws on hostile tables."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lokus.methods.clusters import Typology, typology
from lokus.methods.partitions import FLOOR, METHODS
from lokus.methods.stability import STABLE


def planted(sizes: tuple[int, ...], seed: int = 0, indicators: int = 6) -> tuple[pd.DataFrame, np.ndarray]:
    """Groups around their own centres, well apart; and the group of each village."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(len(sizes)), sizes)
    centres = 0.15 + 0.7 * (np.arange(indicators) % len(sizes) == np.arange(len(sizes))[:, None])
    needs = np.clip(centres[group] + rng.normal(0, 0.05, (len(group), indicators)), 0, 1)
    index = pd.Index([f"16.01.{i:06}" for i in range(len(group))], name="village_code")
    return pd.DataFrame(needs, index, [f"need_{i}" for i in range(indicators)]), group


def same_partition(labels: pd.Series, group: np.ndarray) -> bool:
    pairs = set(zip(labels, group, strict=True))
    return len(pairs) == labels.nunique() == len(set(group))


@pytest.mark.parametrize("sizes", [(40, 30), (50, 20, 30), (30, 30, 30, 10)])
def test_planted_groups_are_found(sizes: tuple[int, ...]) -> None:
    needs, group = planted(sizes)
    found = typology(needs, k_min=2, k_max=6, least_members=3, seed=1)
    assert found.k == len(sizes) and found.apart == ()
    assert same_partition(found.labels, group)


def test_fishers_irises_fall_into_setosa_and_the_others() -> None:
    """Fisher 1936; two groups by silhouette, as everywhere (for example Rousseeuw's criterion on this table)."""
    from sklearn.datasets import load_iris

    iris = load_iris()
    needs = pd.DataFrame((iris.data - iris.data.min(0)) / np.ptp(iris.data, axis=0))
    found = typology(needs, k_min=2, k_max=6, least_members=3, seed=0)
    assert found.k == 2 and same_partition(found.labels, iris.target == 0)
    z = (iris.data - iris.data.mean(0)) / iris.data.std(0)
    expected = silhouette(z, found.labels.to_numpy())
    assert found.evidence.set_index("k").loc[2, "silhouette"] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("method", ["ward", "mixture"])
def test_other_methods_find_planted_groups_too(method: str) -> None:
    needs, group = planted((50, 20, 30))
    found = typology(needs, method=method, least_members=3, seed=1)
    assert found.k == 3 and same_partition(found.labels, group)
    assert [p["stability"] > 0.9 for p in found.profiles] == [True] * 3


@pytest.mark.parametrize("k", [2, 3, 4, 5])
def test_ward_is_scikit_learns_and_a_mixture_too(k: int) -> None:
    from sklearn.cluster import AgglomerativeClustering
    from sklearn.mixture import GaussianMixture

    values = planted((30, 25, 20, 15), seed=4)[0].to_numpy()
    theirs = AgglomerativeClustering(k, linkage="ward").fit(values).labels_
    assert same_partition(pd.Series(METHODS["ward"].whole(values, k, 0)), theirs)
    told = GaussianMixture(k, covariance_type="diag", n_init=5, reg_covar=FLOOR, random_state=0).fit_predict(values)
    assert same_partition(pd.Series(METHODS["mixture"].whole(values, k, 0)), told)


def test_ward_of_more_villages_than_a_tree_bears_goes_by_the_nearest_centre() -> None:
    needs, group = planted((1500, 900, 300))
    assert same_partition(typology(needs, method="ward", k_max=4, seed=2).labels, group)


def test_a_finer_grouping_is_taken_where_it_is_stable_and_about_as_clear() -> None:
    """Two pairs of groups, the pairs far apart: two groups are clearest, four are stable and clear enough."""
    rng = np.random.default_rng(0)
    centres = np.array([[0.0, 0.0], [0.0, 0.25], [1.0, 0.0], [1.0, 0.25]])
    needs = pd.DataFrame(np.repeat(centres, 25, axis=0) + rng.normal(0, 0.02, (100, 2)))
    found = typology(needs, seed=0)
    table = found.evidence.set_index("k")
    stable = table[table["stability"] >= STABLE]
    clear = stable[stable["silhouette"] >= 0.9 * stable["silhouette"].max()]
    assert found.k == clear.index.max()
    assert table.loc[found.k, "stability"] == min(p["stability"] for p in found.profiles)


def test_the_rule_tells_where_a_village_belongs() -> None:
    needs, _ = planted((50, 20, 30))
    found = typology(needs, seed=1)
    z = (needs - found.rule.mean) / found.rule.spread
    assert (found.rule.nearest(z.to_numpy().T) + 1 == found.labels.to_numpy(dtype=int)).all()


def silhouette(z: np.ndarray, labels: np.ndarray) -> float:
    """Rousseeuw 1987, village by village."""
    away = np.linalg.norm(z[:, None] - z[None], axis=2)
    widths = []
    for i, own in enumerate(labels):
        mean = {g: away[i, (labels == g) & (np.arange(len(labels)) != i)].mean() for g in set(labels)}
        a, b = mean.pop(own), min(m for g, m in mean.items() if g != own)
        widths.append((b - a) / max(a, b))
    return float(np.mean(widths))


def test_a_single_strange_village_stands_apart_and_does_not_make_a_group() -> None:
    needs, group = planted((40, 30))
    needs *= 0.2
    needs.loc["99.99.990001"] = 1.0
    found = typology(needs, k_min=2, k_max=6, least_members=3, seed=1)
    assert found.apart == ("99.99.990001",)
    assert found.labels.iloc[-1] == 0 and same_partition(found.labels.iloc[:-1], group)
    last = found.evidence[found.evidence["round"] == found.evidence["round"].max()]
    assert last.loc[last["silhouette"].idxmax(), "k"] == found.k
    assert found.evidence["round"].max() > 1


def test_profiles_tell_what_marks_a_group() -> None:
    needs, _ = planted((50, 20, 30))
    needs["flat"] = 0.4
    found = typology(needs, k_min=2, k_max=6, least_members=3, seed=1)
    assert [p["cluster"] for p in found.profiles] == [1, 2, 3]
    spread = (needs - needs.mean()) / needs.std(ddof=0).replace(1e-300, np.nan)
    overall = []
    for profile in found.profiles:
        members = found.labels == profile["cluster"]
        assert profile["villages"] == members.sum()
        assert profile["means"] == pytest.approx(needs[members].mean().to_dict())
        z = spread.drop(columns="flat")[members].mean()
        assert list(profile["high"]) == list(z[z >= 0.5].sort_values(ascending=False).index)
        assert list(profile["low"]) == list(z[z <= -0.5].sort_values().index)
        overall.append(z.mean())
    assert overall == sorted(overall, reverse=True)


def test_villages_with_half_of_the_data_join_the_nearest_group_and_shorter_ones_none() -> None:
    needs, group = planted((40, 30))
    needs.iloc[0, :3] = np.nan
    needs.iloc[50, 3:] = np.nan
    needs.iloc[1, :4] = np.nan
    found = typology(needs, k_min=2, k_max=4, least_members=3, seed=0)
    assert found.labels.isna().to_numpy().nonzero()[0].tolist() == [1]
    assert same_partition(found.labels.dropna(), np.delete(group, 1))


def test_an_indicator_known_for_few_villages_does_not_take_the_others_out() -> None:
    needs, group = planted((40, 30))
    needs["rare"] = np.where(np.arange(70) < 10, np.linspace(0, 1, 70), np.nan)
    assert same_partition(typology(needs, k_min=2, k_max=4, least_members=3, seed=0).labels, group)


@pytest.mark.parametrize(
    ("needs", "labelled"),
    [
        (planted((2, 2))[0], True),
        (planted((30, 30))[0] * 0 + 0.5, True),
        (planted((30, 30))[0].iloc[:0], False),
        (planted((30, 30))[0] * np.nan, False),
        (planted((30, 30))[0][[]], False),
    ],
    ids=["few", "equal", "none", "unknown", "no indicator"],
)
def test_too_few_or_equal_villages_are_one_group_without_marks(needs: pd.DataFrame, labelled: bool) -> None:
    found = typology(needs, k_min=2, k_max=6, least_members=3, seed=0)
    assert found.k == int(labelled) and found.evidence.empty and found.apart == ()
    assert (found.labels == 1).all() if labelled else found.labels.isna().all()
    assert str(found.labels.dtype) == "Int64" and found.labels.index.equals(needs.index)
    assert all(p["high"] == p["low"] == () for p in found.profiles)


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    rows, columns = draw(st.integers(1, 30)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    levels = draw(st.sampled_from([2, 3, 1000]))
    values = rng.integers(0, levels, (rows, columns)) / (levels - 1)
    values[rng.random(values.shape) < draw(st.sampled_from([0.0, 0.1, 0.5]))] = np.nan
    return pd.DataFrame(values, [f"v{i:03}" for i in range(rows)], [f"need_{i}" for i in range(columns)])


def equal(a: Typology, b: Typology) -> bool:
    return (
        a.labels.equals(b.labels) and a.evidence.equals(b.evidence) and (a.profiles, a.apart) == (b.profiles, b.apart)
    )


@settings(max_examples=40, deadline=None)
@given(tables(), st.integers(2, 4), st.randoms())
def test_laws_of_any_table(needs: pd.DataFrame, least_members: int, random) -> None:
    found = typology(needs, k_min=2, k_max=5, least_members=least_members, seed=3)
    sizes = found.labels.value_counts()
    assert sorted(set(sizes.index) - {0}) == list(range(1, found.k + 1))
    assert found.k <= 1 or sizes.drop(0, errors="ignore").min() >= least_members
    assert tuple(found.labels.index[(found.labels == 0).fillna(False)]) == found.apart
    assert len(found.apart) <= max(0.1 * len(needs), least_members - 1)
    shuffled = list(needs.index)
    random.shuffle(shuffled)
    again = typology(needs.loc[shuffled], k_min=2, k_max=5, least_members=least_members, seed=3)
    assert again.labels.index.equals(pd.Index(shuffled))
    pd.testing.assert_series_equal(again.labels.sort_index(), found.labels)
    assert again.apart == found.apart and again.evidence.equals(found.evidence)


def test_equal_seeds_equal_results_above_the_silhouette_sample() -> None:
    needs, group = planted((1500, 900, 300))
    found = [typology(needs, k_min=2, k_max=4, least_members=3, seed=9) for _ in range(2)]
    assert equal(*found) and same_partition(found[0].labels, group)


def test_misuse_is_refused() -> None:
    needs, _ = planted((5, 5))
    with pytest.raises(ValueError, match="k_min"):
        typology(needs, k_min=4, k_max=3)
    with pytest.raises(ValueError, match="dbscan"):
        typology(needs, method="dbscan")
    with pytest.raises(ValueError, match="twice"):
        typology(pd.concat([needs, needs]))
