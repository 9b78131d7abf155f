"""Work areas: Columbus as published, scikit-learn's constrained Ward, and laws on any map of neighbours."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from lokus.methods.regions import REGIONALISERS, explained, regions, skater, ward


def tie(links: np.ndarray, n: int) -> coo_array:
    both = np.concatenate([links, links[:, ::-1]])
    return coo_array((np.ones(len(both)), both.T), shape=(n, n))


@pytest.fixture(scope="module")
def columbus(published: Path) -> tuple[np.ndarray, np.ndarray]:
    """Anselin 1988: crime, income and housing of 49 neighbourhoods, standardised; and who borders whom."""
    features = json.loads((published / "smallarea" / "columbus.geojson").read_text("utf-8"))["features"]
    table = pd.DataFrame([f["properties"] for f in features])[["CRIME", "INC", "HOVAL"]]
    pairs = pd.read_csv(published / "smallarea" / "columbus_neighbours_gal.csv").to_numpy() - 1
    return ((table - table.mean()) / table.std()).to_numpy(), np.unique(np.sort(pairs, axis=1), axis=0)


def distances(values: np.ndarray, group: np.ndarray) -> float:
    parts = [values[group == g] for g in np.unique(group)]
    return float(sum(np.linalg.norm(part - part.mean(0), axis=1).sum() for part in parts))


def test_skater_divides_columbus_as_spdep_does(columbus: tuple[np.ndarray, np.ndarray], published: Path) -> None:
    """Assunção et al. 2006 in spdep 1.2-7: four cuts take the sum of distances from 74.798 to 51.788."""
    values, links = columbus
    expected = pd.read_csv(published / "smallarea" / "columbus_skater_k5_expected.csv")["skater_k5"].to_numpy()
    found = skater(values, links, 5, criterion="distances")
    assert distances(values, np.zeros(49)) == pytest.approx(74.797814870847, abs=1e-10)
    assert distances(values, found) == pytest.approx(51.7875706903278, abs=1e-10)
    assert len(set(zip(found, expected, strict=True))) == len(set(found)) == 5


@pytest.mark.parametrize("count", [1, 2, 5, 12, 30])
def test_ward_without_a_least_size_is_scikit_learns(columbus: tuple[np.ndarray, np.ndarray], count: int) -> None:
    from sklearn.cluster import AgglomerativeClustering

    values, links = columbus
    theirs = AgglomerativeClustering(count, connectivity=tie(links, 49).tocsr(), linkage="ward").fit(values).labels_
    ours = ward(values, links, count)
    assert len(set(zip(ours, theirs, strict=True))) == len(set(ours)) == count


def test_every_cut_of_skater_is_the_best_there_is(columbus: tuple[np.ndarray, np.ndarray]) -> None:
    """Oracle: by squares no edge of the minimum spanning tree (networkx) would have gained more."""
    import networkx

    values, links = columbus
    tree = networkx.Graph([(a, b, {"weight": np.linalg.norm(values[a] - values[b])}) for a, b in links.tolist()])
    tree = networkx.minimum_spanning_tree(tree)

    def squares(groups: list[set[int]]) -> float:
        return float(sum(((values[list(g)] - values[list(g)].mean(0)) ** 2).sum() for g in groups))

    tried = []
    for edge in list(tree.edges):
        tree.remove_edge(*edge)
        parts = list(networkx.connected_components(tree))
        tried += [squares(parts)] if min(map(len, parts)) >= 6 else []
        tree.add_edge(*edge)
    found = skater(values, links, 2, least_members=6)
    assert squares([set(np.flatnonzero(found == g)) for g in set(found)]) == pytest.approx(min(tried))


def test_the_explained_share_is_that_of_an_analysis_of_variance() -> None:
    z = pd.DataFrame({"a": [0.0, 2.0, 4.0, 6.0], "b": [1.0, 1.0, np.nan, 1.0]})
    assert explained(z, pd.Series(["x", "x", "y", "y"])) == pytest.approx(1 - 4 / 20)
    assert np.isnan(explained(z[["b"]], pd.Series(list("xxyy"))))


@st.composite
def maps(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Villages with values, some missing, and neighbours at random: islands, chains and knots."""
    n = draw(st.integers(1, 30))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    pairs = rng.integers(0, n, (draw(st.integers(0, 3 * n)), 2))
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    codes = [f"v{i:02}" for i in range(n)]
    both = np.unique(np.concatenate([pairs, pairs[:, ::-1]]), axis=0)
    index = pd.MultiIndex.from_arrays([[codes[i] for i in side] for side in both.T], names=["focal", "neighbor"])
    values = rng.normal(size=(n, draw(st.integers(1, 3)))).round(draw(st.sampled_from([0, 6])))
    values[rng.random(values.shape) < draw(st.sampled_from([0.0, 0.2]))] = np.nan
    return pd.DataFrame(values, codes), pd.DataFrame({"weight": 1.0}, index)


@settings(max_examples=80, deadline=None)
@given(maps(), st.sampled_from(sorted(REGIONALISERS)), st.integers(1, 6), st.integers(1, 4), st.randoms())
def test_laws_of_any_map(given_map, how: str, count: int, least: int, random) -> None:
    z, adjacency = given_map
    found = regions(z, adjacency, how=how, count=count, least_members=least)
    labels = found.labels.to_numpy(dtype=int)
    focal, neighbor = (z.index.get_indexer(adjacency.index.get_level_values(level)) for level in (0, 1))
    links = np.stack([focal, neighbor], axis=1)
    islands, island = connected_components(tie(links, len(z)), directed=False)
    large = np.bincount(island)[island] >= least
    assert ((labels == 0) == ~large).all() and found.alone == tuple(z.index[~large])
    assert sorted(set(labels) - {0}) == list(range(1, found.made + 1))
    for area in range(1, found.made + 1):
        inside = (labels[links] == area).all(axis=1)
        parts = connected_components(tie(links[inside], len(z)), directed=False)[1][labels == area]
        assert len(set(parts)) == 1 and len(parts) >= least
    assert found.made >= len(set(island[large])) and found.made <= max(count, len(set(island[large])))
    if least == 1:
        assert found.made == min(max(count, islands), len(z))
    shuffled = list(z.index)
    random.shuffle(shuffled)
    order = list(range(len(adjacency)))
    random.shuffle(order)
    again = regions(z.loc[shuffled], adjacency.iloc[order], how=how, count=count, least_members=least)
    pd.testing.assert_series_equal(again.labels.sort_index(), found.labels)


@pytest.mark.parametrize("how", sorted(REGIONALISERS))
def test_a_village_without_data_joins_those_around_it(how: str) -> None:
    codes = [f"v{i}" for i in range(9)]
    index = pd.MultiIndex.from_tuples([(codes[i], codes[i + 1]) for i in range(8)])
    values = pd.DataFrame({"a": [1.0, 1, np.nan, 1, 1, -1, -1, np.nan, -1]}, codes)
    found = regions(values, pd.DataFrame({"weight": 1.0}, index), how=how, count=2, least_members=3)
    assert found.labels.tolist() == [1, 1, 1, 1, 1, 2, 2, 2, 2] and found.explained == pytest.approx(1)


def test_misuse_is_refused() -> None:
    z, none = pd.DataFrame({"a": [0.0, 1.0]}, ["x", "y"]), pd.DataFrame(index=pd.MultiIndex.from_arrays([[], []]))
    with pytest.raises(ValueError, match="how in"):
        regions(z, none, how="maxp", count=2)
    with pytest.raises(ValueError, match="≥ 1"):
        regions(z, none, count=0)
    with pytest.raises(ValueError, match="twice"):
        regions(pd.concat([z, z]), none, count=2)
