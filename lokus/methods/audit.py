"""What an index is made of and what drives it: the questions to ask before believing a list.

Records carry ids and numbers alone; words are made elsewhere. Correlations are of needs, which all point one way, over
the villages that have both values observed; NaN where fewer than two have, or where one of the two is constant.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lokus.methods.hierarchy import Hierarchy
from lokus.methods.treatment import has_outliers, skew_kurtosis

Floats = NDArray[np.float64]

# Below −0.4 two parts of one group cancel out, above 0.9 they tell the same thing; under 0.3 a part hardly moves the
# group it belongs to. Source: JRC audits of composite indicators; COINr `plot_corr`.
NEGATIVE, WEAK, COLLINEAR = -0.4, 0.3, 0.9


@dataclass(frozen=True, eq=False)
class Components:
    """Principal components, the first the widest: `deviation` and `share` of the variance (c,), `loadings` (k × c).

    `villages`: how many had everything observed. A component points the way in which its loadings sum to 0 or more.
    """

    deviation: Floats
    share: Floats
    loadings: pd.DataFrame
    villages: int


def statistics(values: pd.DataFrame) -> pd.DataFrame:
    """What the values of each indicator look like.

    Parameters: `values` (n × k) in the indicators' units.
    Returns: on the indicators: min, max, mean, median, sd, skew, kurtosis; of the n villages how many are observed,
    nonzero, of unlike value (unique) and of the commonest value (same); outliers: `treatment.has_outliers`. NaN where
    nothing is observed, or too little to tell.
    Source: COINr `get_stats`.
    """
    told = {}
    for name, column in values.items():
        x = column.dropna().to_numpy(dtype=float)
        skew, kurtosis = skew_kurtosis(x)
        counts = np.unique(x, return_counts=True)[1]
        told[name] = {
            **{by: column.agg(by) for by in ("min", "max", "mean", "median")},
            "sd": column.std(),
            "skew": skew,
            "kurtosis": kurtosis,
            "observed": x.size,
            "nonzero": int((x != 0).sum()),
            "unique": counts.size,
            "same": int(counts.max(initial=0)),
            "outliers": has_outliers(skew, kurtosis),
        }
    return pd.DataFrame.from_dict(told, orient="index")


def availability(values: pd.DataFrame, tree: Hierarchy) -> pd.DataFrame:
    """How much of each village is observed.

    Parameters: `values` (n × k), columns named as the tree's indicators.
    Returns: on the villages: missing and zero (counts), observed (share of the k), nonzero (share of what is observed,
    NaN where nothing is), and for each node above the indicators the share observed of the indicators below it.
    Source: COINr `get_data_avail`.
    """
    known = values.notna()
    seen = known.sum(axis=1)
    zero = (values == 0).sum(axis=1)
    told = pd.DataFrame(
        {"missing": values.shape[1] - seen, "zero": zero, "observed": known.mean(axis=1), "nonzero": 1 - zero / seen}
    )
    below = _below(tree)
    nodes = {name: known[list(below[name])].mean(axis=1) for name in tree.names[tree.indicators :]}
    return told.join(pd.DataFrame(nodes))


def correlations(values: pd.DataFrame, tree: Hierarchy) -> pd.DataFrame:
    """Pearson's correlation of every pair of columns, each pair once.

    Parameters: `values` (n × c), columns named as nodes of the tree, not one below another.
    Returns: first, second, correlation, villages (that have both), group: the parent of both, "" where they have
    different ones. Source: COINr `get_corr`.
    """
    parent = _parents(tree)
    told, known = values.corr().to_numpy(), values.notna().to_numpy(dtype=int)
    both = known.T @ known
    pairs = [
        (one, two, told[i, j], both[i, j], parent[one] if parent[one] == parent[two] else "")
        for (i, one), (j, two) in combinations(enumerate(values.columns), 2)
    ]
    return pd.DataFrame(pairs, columns=["first", "second", "correlation", "villages", "group"])


def flags(nodes: pd.DataFrame, tree: Hierarchy) -> pd.DataFrame:
    """The correlations that speak against a tree.

    Two parts of one group: "collinear" above 0.9, "negative" under −0.4. A part and its own group: "weak" under 0.3,
    "negative" under −0.4.

    Parameters: `nodes` (n × m), all nodes of the tree as `aggregation.aggregate` gives them.
    Returns: kind, first, second, correlation, villages, group (the parent of both, or the group itself); none where the
    tree is sound. Source: JRC audits; COINr `get_corr_flags`.
    """
    found = []
    for place, below in enumerate(tree.children):
        if not below:
            continue
        group, parts = tree.names[place], [tree.names[child] for child in below]
        pairs = correlations(nodes[parts], tree)
        pairs["kind"] = np.select([pairs.correlation > COLLINEAR, pairs.correlation < NEGATIVE],
                                  ["collinear", "negative"], "")  # fmt: skip
        with_group = nodes[parts].corrwith(nodes[group])
        whole = pd.DataFrame({"first": parts, "second": group, "correlation": with_group.to_numpy(), "group": group})
        whole["villages"] = (nodes[parts].notna() & nodes[[group]].notna().to_numpy()).sum().to_numpy()
        whole["kind"] = np.select([whole.correlation < NEGATIVE, whole.correlation < WEAK], ["negative", "weak"], "")
        found += [pairs, whole]
    every = pd.concat(found, ignore_index=True)
    told = every.loc[every.kind != "", ["kind", "first", "second", "correlation", "villages", "group"]]
    return told.reset_index(drop=True)


def cronbach(values: pd.DataFrame) -> float:
    """Cronbach's alpha of a group: k² · mean covariance of two / sum of all covariances, over pairs observed.

    Returns: at most 1, negative where the parts cancel out; NaN for fewer than two columns or villages, or where
    nothing varies.
    Source: Cronbach 1951; COINr `get_cronbach`.

    >>> round(cronbach(pd.DataFrame({"a": [1.0, 2, 3], "b": [1.0, 3, 2]})), 3)
    0.667
    """
    n, k = values.shape
    if n < 2 or k < 2:
        return float("nan")
    covariance = values.cov().to_numpy()
    whole = np.nansum(covariance)
    if whole == 0:
        return float("nan")
    return float(k / (k - 1) * (1 - np.nansum(np.diag(covariance)) / whole))


def principal_components(values: pd.DataFrame) -> Components:
    """Principal components of the standardised columns, over villages with everything observed.

    Returns: `Components`; a constant column has no part in any component; NaN for fewer than two such villages.
    Source: OECD/JRC 2008, step 4; COINr `get_PCA`.
    """
    whole = values.dropna()
    k = values.shape[1]
    told, spread, vectors = np.full(k, np.nan), np.full(k, np.nan), np.full((k, k), np.nan)
    if len(whole) > 1:
        z = whole.to_numpy(dtype=float) - whole.to_numpy(dtype=float).mean(axis=0)
        sd = z.std(axis=0, ddof=1)
        z = z / np.where(sd > 0, sd, 1.0)
        variance, vectors = np.linalg.eigh(z.T @ z / (len(z) - 1))
        variance, vectors = np.maximum(variance[::-1], 0.0), vectors[:, ::-1]
        vectors = vectors * np.where(vectors.sum(axis=0) < 0, -1.0, 1.0)
        told, spread = np.sqrt(variance), variance / max(variance.sum(), 1e-300)
    names = [f"PC{j + 1}" for j in range(k)]
    return Components(told, spread, pd.DataFrame(vectors, index=values.columns, columns=names), len(whole))


def effective_weights(tree: Hierarchy) -> pd.Series:
    """What each node weighs in the whole index: its share among its siblings × what its parent weighs.

    Returns: 0–1 by name, 1 for the index; the nodes of one level sum to 1 (to 0 below a group without weights).
    Source: COINr `get_eff_weights`.
    """
    whole = np.ones(len(tree.names))
    for node in range(len(tree.names) - 1, -1, -1):
        below = list(tree.children[node])
        given = np.array([tree.weights[child] for child in below])
        whole[below] = whole[node] * given / (given.sum() or 1.0)
    return pd.Series(whole, index=list(tree.names), name="weight")


def importance(nodes: pd.DataFrame, tree: Hierarchy) -> pd.DataFrame:
    """What a node weighs on paper and what it does to the ranks.

    Parameters: `nodes` (n × m), all nodes of the tree as `aggregation.aggregate` gives them.
    Returns: on the nodes below the index: weight (`effective_weights`); correlation with the index; drives, the share
    of the index's variance that comes with it, weight · cov(node, index) / var(index): in an arithmetic tree without
    gaps a level sums to 1; negative where a node works against the index; NaN for an index that does not vary.
    Source: Paruolo, Saisana & Saltelli 2013; Becker et al. 2017.
    """
    below, index = nodes[list(tree.names[:-1])], nodes[tree.names[-1]]
    weight, r = effective_weights(tree)[:-1], below.corrwith(index)
    return pd.DataFrame({"weight": weight, "correlation": r, "drives": weight * r * below.std() / index.std()})


def denominator_correlations(values: pd.DataFrame, denominators: pd.DataFrame, least: float = 0.7) -> pd.DataFrame:
    """The indicators that follow the size of a village rather than its state.

    Parameters: `values` (n × k) and `denominators` (n × d) on one index; `least` |r| told.
    Returns: indicator, denominator, correlation; none where no indicator does. Source: COINr `get_denom_corr`.
    """
    told = [(name, by, column.corr(denominators[by])) for name, column in values.items() for by in denominators.columns]
    found = pd.DataFrame(told, columns=["indicator", "denominator", "correlation"])
    return found[found.correlation.abs() > least].reset_index(drop=True)


def standing(values: pd.DataFrame, village: str) -> pd.DataFrame:
    """Where one village stands in every column.

    Returns: on the columns: value; rank, 1 = the greatest, equals share the better; below, how many villages have less;
    villages, how many have a value. Columns in which the village has none are left out. Source: COINr
    `get_unit_summary`.
    """
    own = values.loc[village].dropna()
    others = values[own.index]
    told = {"value": own, "rank": 1 + (others > own).sum(), "below": (others < own).sum(), "villages": others.count()}
    return pd.DataFrame(told)


def strengths_weaknesses(needs: pd.DataFrame, village: str, count: int = 5) -> pd.DataFrame:
    """The indicators in which fewest and most villages need less than this one.

    Equal to the neediest is no strength, equal to the least needy no weakness.

    Parameters: `needs` (n × k), 1 = the greater need; at most `count` of each kind.
    Returns: `standing` with kind "strength" or "weakness", the most telling first. Source: COINr `get_str_weak`.
    """
    told = standing(needs, village).sort_values("below", kind="stable")
    strengths = told[told["rank"] > 1].head(count).assign(kind="strength")
    weaknesses = told[told["below"] > 0].iloc[::-1].head(count).assign(kind="weakness")
    return pd.concat([strengths, weaknesses])


def without_each(
    tree: Hierarchy, score: Callable[[Hierarchy], Floats], villages: Sequence[str], *, top: int, names: Sequence[str]
) -> pd.DataFrame:
    """The list as it would be without each indicator or group.

    Parameters: `score` gives n scores, NaN where not ranked, for the tree with the weight of one node set to 0;
    `villages` (n,) ids; `top` length of the list; `names` of the nodes to leave out in turn.
    Returns: on the names: mean_change and most_change of the rank (1 = the greatest score, equals share the better;
    places, over villages ranked with and without, NaN where none is); entered and left, tuples of ids. Equal scores on
    the line stand in the order of the ids. Source: COINr `remove_elements`.
    """
    ids = np.array(villages)
    ranks, first = _ranked(score(tree), ids, top)
    told = {}
    for name in names:
        place = tree.names.index(name)
        weights = tuple(0.0 if node == place else w for node, w in enumerate(tree.weights))
        other, chosen = _ranked(score(replace(tree, weights=weights)), ids, top)
        moved = (ranks - other).abs().dropna()
        entered, left = (tuple(sorted(a - b)) for a, b in ((chosen, first), (first, chosen)))
        told[name] = {"mean_change": moved.mean(), "most_change": moved.max(), "entered": entered, "left": left}
    return pd.DataFrame.from_dict(told, orient="index")


def _ranked(scores: Floats, ids: NDArray[np.str_], top: int) -> tuple[pd.Series, set[str]]:
    # Rounded, so that villages alike in everything are not told apart by the last bit.
    told = pd.Series(np.round(scores, 9), index=ids)
    first = told.sort_index().sort_values(ascending=False, kind="stable", na_position="last").dropna()
    return told.rank(method="min", ascending=False), set(first.index[:top])


def _parents(tree: Hierarchy) -> dict[str, str]:
    return {name: tree.names[place] if place >= 0 else "" for name, place in zip(tree.names, tree.parent, strict=True)}


def _below(tree: Hierarchy) -> dict[str, tuple[str, ...]]:
    """The indicators below each node; an indicator itself."""
    found: list[tuple[str, ...]] = []
    for name, children in zip(tree.names, tree.children, strict=True):
        found.append(sum((found[child] for child in children), ()) if children else (name,))
    return dict(zip(tree.names, found, strict=True))
