"""What a list hangs on: what drives the score, what each part and each assumption does, how sure a rank is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from lokus import choosing, doubts, rates, schema, steps
from lokus.catalog.loader import BURDEN, MEASURED
from lokus.methods import audit, composite, prevalence, ranking, treatment
from lokus.methods.chance import stream
from lokus.methods.consequences import selection_frequency
from lokus.methods.hierarchy import Hierarchy
from lokus.methods.listsensitivity import ListSensitivity, list_sensitivity
from lokus.methods.mcdm import completed
from lokus.methods.optimised_weights import benefit_of_the_doubt
from lokus.methods.ranksets import KINDS, rank_sets
from lokus.methods.robust import robust_choice, tail_mean
from lokus.methods.scenarios import ANEW, scenarios, taken
from lokus.sources.polygons import to_metric
from lokus.study import Study

# Beyond that, replays and pairs of villages take minutes.
MOST_VILLAGES = 10_000
# Replays × villages of the sensitivity, within 64 … 1,024 points of the design.
REPLAYED = 1_000_000
# Children that a posyandu measures in a day more; what fewer than 5 would tell is told of nobody.
MORE, LEAST = 20, 5
# Lists chosen again under the rules: by how many draws, and by how many where each needs the solver.
CHOSEN_AGAIN, SOLVED_AGAIN = 1_000, 40
# Worlds of children that a cautious list is made for, and what part of them, the worst, it looks at.
WORLDS, TAIL = 100, 0.2
# One linear programme a village, and one large one for the cautious list: minutes beyond.
MOST_PROGRAMMES, MOST_CAUTIOUS = 2_000, 600


@dataclass(frozen=True, eq=False)
class Remade:
    """A stored run computed again from what it joined: the `villages` up to the score, and what made it."""

    study: Study
    villages: pd.DataFrame
    posteriors: Mapping[str, pd.DataFrame]
    priors: Mapping[str, Mapping[str, prevalence.Prior]]
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
    would be measured) and gain, the greatest first. `availability` of `audit.availability` over the scored indicators,
    on all villages, with no_target: how many of the missing have nobody to reach; `absent`: the same on the indicators.
    `sizes`: of each indicator that follows the size of a village, the target group it follows most. `filled`: on the
    ways of filling gaps, ranked (villages that get a rank), entered and left. `favourable`: of the ranked villages
    under the weights that suit each best, rank under any weights and under moderate ones, behind: how many villages
    need as much or more in everything; None above `MOST_PROGRAMMES`. `frequency`: how often each village is chosen
    under the rules; None where nothing varies, or the objective is neither score nor children. `cautious`: None without
    counts, or above `MOST_CAUTIOUS`.
    """

    made: Remade
    indicators: pd.DataFrame
    groups: pd.DataFrame
    flags: pd.DataFrame
    without: pd.DataFrame
    sensitivity: ListSensitivity | None
    sets: pd.DataFrame | None
    measuring: pd.DataFrame
    availability: pd.DataFrame
    absent: pd.DataFrame
    sizes: pd.DataFrame
    filled: pd.DataFrame
    favourable: pd.DataFrame | None
    frequency: pd.Series | None
    cautious: Cautious | None


@dataclass(frozen=True, eq=False)
class Cautious:
    """Lists under the run's rules in `WORLDS` draws of the burden.

    `lists`: bools on villages: own (the run's), mean (most children on average), worst (most in the worst `TAIL` of the
    worlds). `children`: on the same names, mean and worst (mean of the worst `TAIL`): stunted children in the list.
    """

    lists: pd.DataFrame
    children: pd.DataFrame


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
    return Remade(study, table, known.posteriors, known.priors, scored.extra, choosing.top_n(study, table))


def ask(study: Study, villages: pd.DataFrame, geometry: gpd.GeoSeries) -> Audit:
    """All questions of an audit, of a study and the village table that its run stored.

    :param geometry: EPSG:4326, on the same index.
    """
    made = remake(study, villages, geometry)
    tree, nodes = _tree(made), _nodes(made)
    small = len(villages) <= MOST_VILLAGES
    choice = choosing.Choice(study, made.villages.join(villages[["p_top"]]))
    return Audit(
        made=made,
        indicators=_indicators(made, tree, nodes),
        groups=_groups(tree, nodes),
        flags=audit.flags(nodes, tree),
        without=_without(made, tree),
        sensitivity=_sensitivity(made) if small else None,
        sets=_sets(made) if small else None,
        measuring=_measuring(made),
        availability=_availability(made, tree),
        absent=_absent(made),
        sizes=_sizes(made),
        filled=_filled(made),
        favourable=_favourable(made) if len(villages) <= MOST_PROGRAMMES else None,
        frequency=_frequency(made, choice) if small else None,
        cautious=_cautious(made, choice, villages["selected"]) if len(villages) <= MOST_CAUTIOUS else None,
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
    noisy = _noisy(made, parts)
    if not (noisy or spread or menu.factors):
        return None
    factors = noisy + (spread > 0) + len(menu.factors)
    fits = REPLAYED / (len(ranked) * (factors + 2))
    points = 2 ** int(np.clip(np.log2(max(fits, 1)), 6, 10))
    return list_sensitivity(
        parts, made.scored.scheme, menu, top_n=made.top_n, spread=spread, seed=study.study.seed, points=points,
        ranked=ranked,
    )  # fmt: skip


def _noisy(made: Remade, parts: Sequence[ranking.Ingredient]) -> bool:
    return any(part.uncertain[made.ranked.to_numpy()].any() for part in parts)


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


def _no_target(made: Remade, name: str) -> pd.Series:
    """Villages with nobody to reach: no lack of data."""
    v = made.villages
    return v[f"denominator_{name}"] == 0 if f"denominator_{name}" in v else pd.Series(False, v.index)


def _availability(made: Remade, tree: Hierarchy) -> pd.DataFrame:
    needs = made.villages[[f"need_{name}" for name in made.scored.scheme.indicators]]
    told = audit.availability(needs, tree).rename(columns={"score": "all"}).drop(columns=["zero", "nonzero"])
    nobody = [needs[f"need_{m.id}"].isna() & _no_target(made, m.of or m.id) for m in made.scored.measures]
    told.insert(1, "no_target", sum(nobody[1:], nobody[0].astype(int)))
    return told


def _absent(made: Remade) -> pd.DataFrame:
    told = {}
    for m in made.scored.measures:
        gone, nobody = made.villages[f"need_{m.id}"].isna(), _no_target(made, m.of or m.id)
        told[m.id] = {"missing": int(gone.sum()), "no_target": int((gone & nobody).sum())}
    return pd.DataFrame.from_dict(told, orient="index").rename_axis("id")


def _sizes(made: Remade) -> pd.DataFrame:
    """The scored indicators that follow how many people a village has, each with the target group it follows most."""
    v = made.villages[made.ranked]
    ids = [m.id for m in made.scored.measures]
    groups = {c: v[c] for c in v if str(c).startswith("denominator_") and v[c].std() > 0}
    values = v[[f"estimate_{name}" for name in ids]].set_axis(ids, axis=1)
    values = values.loc[:, values.std() > 0]
    told = audit.denominator_correlations(values, pd.DataFrame(groups, index=v.index))
    told["denominator"] = told["denominator"].astype("str").str.removeprefix("denominator_")
    told = told.sort_values("correlation", key=abs, ascending=False, kind="stable")
    return told.drop_duplicates("indicator").reset_index(drop=True)


def _filled(made: Remade) -> pd.DataFrame:
    """The list by the score if what is missing were filled: no run does so, and who would come in is told."""
    v, measures = made.villages, made.scored.measures
    values = v[[f"estimate_{m.id}" for m in measures]].set_axis([m.id for m in measures], axis=1)
    priors = {name: {group: prior.mean for group, prior in of.items()} for name, of in made.priors.items()}
    first = v.index[(v["rank"] <= made.top_n).fillna(False)]
    told = {}
    for how, column in (("group_mean", "kecamatan_code"), ("prior_mean", "kabupaten_code")):
        some = treatment.impute(values, how, v[column], priors).values
        some = some.mask(pd.DataFrame({m.id: _no_target(made, m.of or m.id) for m in measures}))
        needs = pd.DataFrame({m.id: composite.need(some[m.id], made.scored.bounds[m.id]) for m in measures})
        parts, _, status = steps.weigh(made.study, measures, v, needs, made.scored.scheme)
        units = pd.Series(parts.units, v.index)[status == "ranked"]
        listed = units.sort_index().sort_values(ascending=False, kind="stable").index[: made.top_n]
        more = int((status == "ranked").sum()) - int(made.ranked.sum())
        told[how] = (more, tuple(sorted(set(listed) - set(first))), tuple(sorted(set(first) - set(listed))))
    return pd.DataFrame.from_dict(told, orient="index", columns=["ranked", "entered", "left"]).rename_axis("how")


def _favourable(made: Remade) -> pd.DataFrame:
    """Each ranked village's rank by a weighted mean whose weights are those that suit it best: any weights, and such
    as count every indicator at least half and at most double an equal share.
    """
    plan, v = made.scored.scheme, made.villages[made.ranked]
    weights = pd.Series(made.scored.weights, list(plan.indicators))
    needs = v[[f"need_{name}" for name in plan.indicators]].set_axis(weights.index, axis=1)
    y = completed(needs, weights, plan.dimension_of).to_numpy()
    k = y.shape[1]
    told = {}
    for name, low, high in (("any", 0.0, 1.0), ("moderate", 0.5 / k, min(1.0, 2 / k))):
        best = benefit_of_the_doubt(y, low, high).weights
        # Rounded, so that villages alike in everything are not told apart by the last bit.
        told[f"rank_{name}"] = [1 + int((y @ w > own @ w + 1e-9).sum()) for own, w in zip(y, best, strict=True)]
    told["behind"] = [int((y >= own).all(axis=1).sum()) - 1 for own in y]
    return pd.DataFrame(told, index=v.index)


def _frequency(made: Remade, choice: choosing.Choice) -> pd.Series | None:
    """How often each village is chosen under the rules, were each draw the truth."""
    study, ranked = made.study, made.ranked.to_numpy()
    parts = doubts.ingredients(made.villages, made.posteriors, made.scored)
    spread = study.uncertainty.weight_spread if len(parts) > 1 else 0.0
    draws: Iterator[Any]
    if study.selection.objective == "children" and BURDEN in made.posteriors:
        draws = iter([np.rint(1000 * _worlds(made, choice, CHOSEN_AGAIN)[:, ranked])])
    elif study.selection.objective == "score" and (_noisy(made, parts) or spread):
        anew = study.method.normalise in (*ANEW, *composite.HELD)
        some = taken(scenarios(parts, made.scored.scheme, ranking.Menu(), anew=anew), ranked)
        count = min(study.uncertainty.draws, CHOSEN_AGAIN)
        draws = (-block for block in ranking.rank_draws(some, draws=count, spread=spread, seed=study.study.seed))
    else:
        return None
    return selection_frequency(choice.candidates, choice.rules, draws, SOLVED_AGAIN)


def _worlds(made: Remade, choice: choosing.Choice, count: int) -> steps.Floats:
    """Stunted children of every village (count × n) in draws of the burden; 0 where nothing is known."""
    known, children = made.posteriors[BURDEN], choice.children
    if children is None:
        return np.zeros((count, len(known)))
    a, b = (known[c].fillna(1.0).to_numpy() for c in ("a", "b"))
    share = stream(made.study.study.seed, "worlds").beta(a, b, (count, len(a)))
    told: steps.Floats = np.nan_to_num(share * (children / known["estimate"]).to_numpy())
    return told


def _cautious(made: Remade, choice: choosing.Choice, own: pd.Series) -> Cautious | None:
    """The list that reaches most children where the data mislead, beside the run's and the one best on average."""
    if BURDEN not in made.posteriors or choice.children is None or not own.any():
        return None
    worlds = _worlds(made, choice, WORLDS)
    mean = robust_choice(choice.candidates, choice.rules, worlds, tail=1.0, gap=0.0)
    worst = robust_choice(choice.candidates, choice.rules, worlds, tail=TAIL)
    if tail_mean(worlds[:, mean.selected].sum(axis=1), TAIL) >= worst.worst:
        worst = mean
    lists = pd.DataFrame({"own": own, "mean": mean.selected, "worst": worst.selected}, index=own.index)
    reached = {name: worlds[:, lists[name].to_numpy()].sum(axis=1) for name in lists}
    told = {name: (float(sums.mean()), tail_mean(sums, TAIL)) for name, sums in reached.items()}
    return Cautious(lists, pd.DataFrame.from_dict(told, orient="index", columns=["mean", "worst"]).rename_axis("list"))
