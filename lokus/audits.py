"""What a list hangs on: what drives the score, what each part and each assumption does, how sure a rank is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from lokus import choosing, doubts, rates, schema, steps
from lokus.catalog.loader import BURDEN, MEASURED
from lokus.methods import audit, ranking
from lokus.methods.hierarchy import Hierarchy
from lokus.methods.listsensitivity import ListSensitivity, list_sensitivity
from lokus.methods.ranksets import KINDS, rank_sets
from lokus.methods.scenarios import scenarios, taken
from lokus.sources.polygons import to_metric
from lokus.study import Study

# Beyond that, replays and pairs of villages take minutes.
MOST_VILLAGES = 10_000
# Replays × villages of the sensitivity, within 64 … 1,024 points of the design.
REPLAYED = 1_000_000
# Children that a posyandu measures in a day more; what fewer than 5 would tell is told of nobody.
MORE, LEAST = 20, 5


@dataclass(frozen=True, eq=False)
class Remade:
    """A stored run computed again from what it joined: the `villages` up to the score, and what made it."""

    study: Study
    villages: pd.DataFrame
    posteriors: Mapping[str, pd.DataFrame]
    scored: steps.Scored
    top_n: int

    @property
    def ranked(self) -> pd.Series:
        """Which villages have a rank."""
        return self.villages["status"] == "ranked"


@dataclass(frozen=True, eq=False)
class Audit:
    """What stands behind a list; all tables by ids.

    `indicators`: dimension, weight (within it), effective (of the whole), correlation with the score and drives (the
    share of its variance). `groups`: of each dimension of several parts, its parts, Cronbach's alpha, and the share of
    the first principal component. `flags` of `audit.flags`. `without` of `audit.without_each`, dimensions last.
    `sensitivity`: None where nothing varies, or for more than `MOST_VILLAGES`. `sets`: on the ranked villages,
    score_sd, and low and high of each kind of rank set; None likewise. `measuring`: on villages, more (children that
    would be measured) and gain, the greatest first.
    """

    made: Remade
    indicators: pd.DataFrame
    groups: pd.DataFrame
    flags: pd.DataFrame
    without: pd.DataFrame
    sensitivity: ListSensitivity | None
    sets: pd.DataFrame | None
    measuring: pd.DataFrame


def remake(study: Study, villages: pd.DataFrame, geometry: gpd.GeoSeries) -> Remade:
    """The rates and scores of a run, from the columns that it joined."""
    kept = [c for c in villages if schema.column(str(c)).step in ("places", "join")]
    table = villages[kept]
    near = steps.neighbours(study, to_metric(geometry)) if study.method.prior == "neighbours" else None
    known = rates.estimates(study, table, near)
    table = pd.concat([table, known.columns], axis=1)
    scored = steps.score(study, table)
    table = pd.concat([table, scored.columns], axis=1)
    # A list that the probability orders is cut at the same length.
    return Remade(study, table, known.posteriors, scored.extra, choosing.top_n(study, table))


def ask(study: Study, villages: pd.DataFrame, geometry: gpd.GeoSeries) -> Audit:
    """All questions of an audit, of a study and the village table that its run stored.

    :param geometry: EPSG:4326, on the same index.
    """
    made = remake(study, villages, geometry)
    tree, nodes = _tree(made), _nodes(made)
    small = len(villages) <= MOST_VILLAGES
    return Audit(
        made=made,
        indicators=_indicators(made, tree, nodes),
        groups=_groups(tree, nodes),
        flags=audit.flags(nodes, tree),
        without=_without(made, tree),
        sensitivity=_sensitivity(made) if small else None,
        sets=_sets(made) if small else None,
        measuring=_measuring(made),
    )


def _tree(made: Remade) -> Hierarchy:
    """The index over the columns of the village table."""
    plan, weighed = made.scored.scheme, made.scored.weights
    places = [f"dimension_{name}" for name in plan.dimensions]
    above = [places[p] if p >= 0 else "score" for p in plan.parents]
    own = {d.id: d.weight for d in made.study.dimension}
    summed = np.bincount(plan.dimension_of, weighed, len(places))
    given = [own[name] if own else float(w) for name, w in zip(plan.dimensions, summed, strict=True)]
    names = [f"need_{name}" for name in plan.indicators]
    parts = [(places[d], float(w)) for d, w in zip(plan.dimension_of, weighed, strict=True)]
    return Hierarchy.of(
        dict(zip(names, parts, strict=True)),
        {**dict(zip(places, zip(above, given, strict=True), strict=True)), "score": ("", 1.0)},
    )


def _nodes(made: Remade) -> pd.DataFrame:
    """Needs, dimensions and score of the ranked villages, all 0–1."""
    plan, ranked = made.scored.scheme, made.villages[made.ranked]
    needs = ranked[[f"need_{name}" for name in plan.indicators]]
    points = ranked[[*(f"dimension_{name}" for name in plan.dimensions), "score"]]
    return pd.concat([needs, points / 100], axis=1)


def _indicators(made: Remade, tree: Hierarchy, nodes: pd.DataFrame) -> pd.DataFrame:
    plan = made.scored.scheme
    told = audit.importance(nodes, tree).iloc[: len(plan.indicators)].rename(columns={"weight": "effective"})
    within = [made.scored.scheme.weights[j] / 1e4 for j in range(len(plan.indicators))]
    dimension = [plan.dimensions[d] for d in plan.dimension_of]
    told.insert(0, "dimension", dimension)
    told.insert(1, "weight", within)
    return told.set_axis(pd.Index(plan.indicators, name="id"))


def _groups(tree: Hierarchy, nodes: pd.DataFrame) -> pd.DataFrame:
    told = {}
    for place, below in enumerate(tree.children):
        if len(below) > 1:
            values = nodes[[tree.names[child] for child in below]]
            first = audit.principal_components(values).share[0]
            told[tree.names[place]] = {"parts": len(below), "alpha": audit.cronbach(values), "first": first}
    return pd.DataFrame.from_dict(told, orient="index", columns=["parts", "alpha", "first"]).rename_axis("node")


def _without(made: Remade, tree: Hierarchy) -> pd.DataFrame:
    """The list by the score alone without each indicator and dimension, whose weights the others share.

    Weights made of the data stay what they were.
    """
    v, measures = made.villages, made.scored.measures
    needs = v[[f"need_{m.id}" for m in measures]]

    def score(changed: Hierarchy) -> steps.Floats:
        left = dict(zip(changed.names, changed.weights, strict=True))
        weighed = np.array([left[f"need_{m.id}"] * (left[f"dimension_{m.dimension}"] > 0) for m in measures])
        own = tuple(d.model_copy(update={"weight": left.get(f"dimension_{d.id}", 0.0)}) for d in made.study.dimension)
        plan = steps.scheme(made.study.model_copy(update={"dimension": own}), measures, weighed)
        parts, _, status = steps.weigh(made.study, measures, v, needs, plan)
        return np.where(status == "ranked", parts.units.astype(float), np.nan)

    several = [names for names in (tree.names[: len(measures)], tree.names[len(measures) : -1]) if len(names) > 1]
    names = [name for some in several for name in some]
    columns = ["mean_change", "most_change", "entered", "left"]
    if not names:
        return pd.DataFrame(columns=columns).rename_axis("node")
    return audit.without_each(tree, score, v.index.tolist(), top=made.top_n, names=names).rename_axis("node")


def _sensitivity(made: Remade) -> ListSensitivity | None:
    study, ranked = made.study, made.ranked.to_numpy()
    parts = doubts.ingredients(made.villages, made.posteriors, made.scored)
    menu = doubts.menu(study, made.villages, made.scored, parts)
    spread = study.uncertainty.weight_spread if len(parts) > 1 else 0.0
    noisy = any(part.uncertain[ranked].any() for part in parts)
    if not (noisy or spread or menu.factors):
        return None
    factors = noisy + (spread > 0) + len(menu.factors)
    fits = REPLAYED / (len(ranked) * (factors + 2))
    points = 2 ** int(np.clip(np.log2(max(fits, 1)), 6, 10))
    return list_sensitivity(
        parts, made.scored.scheme, menu, top_n=made.top_n, spread=spread, seed=study.study.seed, points=points,
        ranked=ranked,
    )  # fmt: skip


def _sets(made: Remade) -> pd.DataFrame | None:
    """Rank sets of the score, whose error is that of the rates alone; None where nothing is counted."""
    study, ranked = made.study, made.ranked.to_numpy()
    parts = doubts.ingredients(made.villages, made.posteriors, made.scored)
    some = taken(scenarios(parts, made.scored.scheme, ranking.Menu()), ranked)
    sd = ranking.score_moments(some, draws=study.uncertainty.draws, seed=study.study.seed)["score_sd"].to_numpy()
    if not (sd > 1e-9).any():
        return None
    estimate = made.villages.loc[ranked, "score"].to_numpy()
    made_sets = {
        kind: rank_sets(estimate, sd, kind=kind, seed=study.study.seed, level=study.method.interval) for kind in KINDS
    }
    told = {f"{end}_{kind}": one[end].to_numpy() for kind, one in made_sets.items() for end in ("low", "high")}
    return pd.DataFrame({"score_sd": sd, **told}, index=made.villages.index[ranked])


def _measuring(made: Remade) -> pd.DataFrame:
    """In which villages measuring up to `MORE` children more would gain most, by the list of expected children."""
    none = pd.DataFrame({"more": pd.Series(dtype="int64"), "gain": pd.Series(dtype="float64")})
    known, target = made.posteriors.get(BURDEN), made.villages.get(f"denominator_{MEASURED}")
    if known is None or target is None:
        return none
    a, b = (known[c].to_numpy() for c in ("a", "b"))
    seen = made.villages[f"denominator_{BURDEN}"].to_numpy()
    children = np.fmax(target.to_numpy(), seen)
    left = np.floor(np.nan_to_num(children - seen))
    more = np.minimum(left, MORE).astype(int)
    gain = np.zeros(len(more))
    for k in np.unique(more[more >= LEAST]).tolist():
        told = ranking.value_of_measuring(a, b, children, more=k, top_n=made.top_n)
        gain = np.where(more == k, np.nan_to_num(told), gain)
    table = pd.DataFrame({"more": more, "gain": gain}, index=made.villages.index)
    return table[table["gain"] > 0].sort_values("gain", ascending=False, kind="stable")
