"""The steps of a run: each from a study and the village table to the columns it makes, by the methods' mathematics."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lokus import choosing, doubts
from lokus.catalog import indicators
from lokus.errors import Problem, StudyError, Where
from lokus.methods import clusters, composite, gaps, membership, profiles, ranking, regions, scenarios, scoring, weights
from lokus.scales import scale
from lokus.study import Measure, Study, judged_weights
from lokus.study.access import Access


@dataclass(frozen=True)
class Found:
    """What a step found: `columns` for the village table, and what later steps and the papers need besides."""

    columns: pd.DataFrame
    extra: Any = None


Floats = NDArray[np.float64]

# Ranks kept in memory: up to 4 bytes each.
MOST_DRAWN = 250_000_000
# Villages that are scanned for clusters, some ten seconds, and the chance by which a cluster is told.
MOST_SCANNED, SCAN_LEVEL = 1_500, 0.05
# What an indicator of a way to a service is about.
FAR = "akses"
# Villages that may contest, and contests of two villages over all draws: some minutes.
MOST_CONTESTED, MOST_CONTESTS = 2_000, 8_000_000_000


def service_gaps(study: Study, villages: pd.DataFrame) -> Found:
    """Step "gaps": how far each share is from its target, in share and in people, by the values as counted."""
    made: dict[str, pd.Series] = {}
    for m in study.measures:
        if m.kind != "share":
            continue
        value = villages[f"value_{m.id}"].clip(0, 1)
        if m.target is not None:
            made[f"gap_{m.id}"] = gaps.gap(value, m.target, m.better)
        if m.denominator:
            made[f"gap_people_{m.id}"] = gaps.gap_people(value, villages[f"denominator_{m.id}"], m.better)
    return Found(pd.DataFrame(made, index=villages.index))


@dataclass(frozen=True)
class Scored:
    """What the score was made by: `bounds` and `treated` villages by indicator, the `scheme` of weights, and the
    weights of the `measures` that it was made of, before they were rounded to units."""

    bounds: Mapping[str, composite.Bounds]
    treated: Mapping[str, list[str]]
    scheme: scoring.Scheme
    measures: tuple[Measure, ...]
    weights: Floats


def score(study: Study, villages: pd.DataFrame) -> Found:
    """Step "score": needs, weights, the exact score and the rank; `extra` is a `Scored`."""
    _refuse_contests(study, villages)
    scored = tuple(m for m in study.measures if m.score and m.weight > 0)
    bounds, treated = _scales(study, scored, villages)
    needs = pd.DataFrame({m.id: composite.need(villages[f"estimate_{m.id}"], bounds[m.id]) for m in scored})
    weighed = _weighed(study, scored, needs)
    plan = scheme(study, scored, weighed)
    parts, observed, status = weigh(study, scored, villages, needs, plan)
    ranked, index = status == "ranked", villages.index
    exact = np.where(ranked, parts.units, scoring.MISSING)
    dimensions = np.where(parts.dimensions >= 0, parts.dimensions / 1e6, np.nan)
    made: dict[str, Any] = {f"need_{m.id}": needs[m.id] for m in scored}
    made |= {f"contribution_{m.id}": np.where(ranked, parts.contributions[:, j], np.nan) for j, m in enumerate(scored)}
    made |= {f"dimension_{name}": dimensions[:, d] for d, name in enumerate(plan.dimensions)}
    made |= {
        "observed_weight": observed,
        "status": pd.Series(status, index=index, dtype="str"),
        "score": np.where(ranked, exact / scoring.UNIT, np.nan),
        "score_units": pd.Series(exact, index=index, dtype="Int64").mask(~ranked),
        "rank": scoring.min_rank(exact),
    }
    return Found(pd.DataFrame(made, index=index), Scored(bounds, treated, plan, scored, weighed))


def weigh(
    study: Study, scored: tuple[Measure, ...], villages: pd.DataFrame, needs: pd.DataFrame, plan: scoring.Scheme
) -> tuple[scoring.ScoreParts, Floats, Any]:
    """The exact score by a scheme, the share of the weight that is observed, and whether that is enough to rank by."""
    parts = scoring.score_units(scoring.need_units(needs.to_numpy(dtype=float)), plan)
    observed = _observed_weight(scored, villages, plan, parts.observed_weight)
    # A last digit decides nothing: what is observed exactly at the least is enough, here as in the browser.
    short = [parts.observed_weight == 0, observed < study.method.least_observed - 1e-9]
    return parts, observed, np.select(short, ["no_data", "data_short"], "ranked")


def _refuse_contests(study: Study, villages: pd.DataFrame) -> None:
    """Contests compare every two villages, in every draw."""
    most = min(MOST_CONTESTED, math.isqrt(MOST_CONTESTS // study.uncertainty.draws))
    if study.method.across == "copeland" and len(villages) > most:
        told = {"villages": len(villages), "most": most}
        raise StudyError([Problem("copeland_too_large", True, Where(file="lokus.toml", key="method.across"), told)])


def _scales(
    study: Study, scored: tuple[Measure, ...], villages: pd.DataFrame
) -> tuple[dict[str, composite.Bounds], dict[str, list[str]]]:
    bounds: dict[str, composite.Bounds] = {}
    treated: dict[str, list[str]] = {}
    for m in scored:
        outcome, bounds[m.id] = scale(study, m, villages[f"estimate_{m.id}"])
        treated[m.id] = outcome.points.index[outcome.points != ""].tolist()
    return bounds, treated


def _weighed(study: Study, scored: tuple[Measure, ...], needs: pd.DataFrame) -> Floats:
    judged = judged_weights(study)
    if judged is not None:
        return judged
    given = np.array([m.weight for m in scored])
    return weights.WEIGHTINGS[study.method.weights](given, needs.to_numpy(dtype=float))


def scheme(study: Study, scored: tuple[Measure, ...], weighed: Floats) -> scoring.Scheme:
    """How needs become a score, for any weights of the scored indicators."""
    # Without dimensions of its own weight an indicator's weight is its share of the whole score.
    own = {d.id: d.weight for d in study.dimension}
    sums: dict[str, float] = {}
    for m, w in zip(scored, weighed.tolist(), strict=True):
        sums[m.dimension] = sums.get(m.dimension, 0.0) + w
    return scoring.scheme_of(
        {m.id: (m.dimension, w) for m, w in zip(scored, weighed.tolist(), strict=True)},
        own or sums,
        within=study.method.within,
        across=study.method.across,
        parents={d.id: d.inside for d in study.dimension},
    )


def _observed_weight(scored: tuple[Measure, ...], villages: pd.DataFrame, plan: scoring.Scheme, seen: Floats) -> Floats:
    """Share of the weight that is observed, of what could be: no target group is no lack of data."""
    none = [
        (villages.get(f"denominator_{m.id}") == 0) if m.denominator else np.zeros(len(villages), bool) for m in scored
    ]
    could = scoring.score_units(np.where(np.stack(none, axis=1), scoring.MISSING, 0).astype(np.int64), plan)
    share = np.divide(seen, could.observed_weight, out=np.zeros(len(villages)), where=could.observed_weight > 0)
    clipped: Floats = np.clip(share, 0.0, 1.0)
    return clipped


def uncertainty(
    study: Study,
    villages: pd.DataFrame,
    posteriors: Mapping[str, pd.DataFrame],
    scored: Scored,
    tell: Callable[[int, int], None],
) -> Found:
    """Step "uncertainty": the rank's interval and the probability of the top N, over rates, weights and, if asked,
    other methods."""
    if study.uncertainty.draws * len(villages) > MOST_DRAWN:
        told = {"draws": study.uncertainty.draws, "villages": len(villages), "most": MOST_DRAWN // len(villages)}
        raise StudyError([Problem("draws_too_many", True, Where(file="lokus.toml", key="uncertainty.draws"), told)])
    parts = doubts.ingredients(villages, posteriors, scored)
    others = doubts.menu(study, villages, scored, parts) if study.uncertainty.alternatives else None
    table = ranking.rank_uncertainty(
        parts, scored.scheme, top_n=choosing.top_n(study, villages), draws=study.uncertainty.draws,
        spread=study.uncertainty.weight_spread, seed=study.study.seed, level=study.method.interval,
        ranked=(villages["status"] == "ranked").to_numpy(), menu=others, on_chunk=tell,
        # A scale frozen on the shrunken estimates is too short for their draws: chances of the list would be off by
        # 4 points (benchmarks, "Truth").
        anew=study.method.normalise in (*scenarios.ANEW, *composite.HELD),
    ).set_axis(villages.index)  # fmt: skip
    return Found(table.assign(certainty=ranking.certainty(table["p_top"])))


def neighbours(study: Study, metric: gpd.GeoSeries) -> pd.DataFrame:
    """Who is whose neighbour, as `spatial.neighbours` gives it."""
    from lokus.methods import spatial
    from lokus.sources.keeping import kept_neighbours

    s = study.space
    if s.by == "distance" and (pairs := spatial.pairs_within(metric, s.distance_m)) > spatial.MOST_PAIRS:
        told = {"pairs": pairs, "most": spatial.MOST_PAIRS, "metres": s.distance_m}
        raise StudyError([Problem("neighbours_too_many", True, Where(file="lokus.toml", key="space.distance_m"), told)])
    nearness = spatial.Nearness(s.by, s.near_m, s.border_m, s.k, s.distance_m, s.islands)
    return kept_neighbours(study.folder, metric, nearness)


def space(study: Study, villages: pd.DataFrame, adjacency: pd.DataFrame, metric: gpd.GeoSeries | None = None) -> Found:
    """Step "spatial": neighbours, local Moran, Gi* and scan clusters of the burden; `extra`: what they say of the whole
    kabupaten. Without the polygons in metres nothing is scanned."""
    from lokus.methods import hotspots

    index = villages.index
    found = adjacency.groupby(level="focal")
    evidence = found["evidence"].max()  # the strongest: `spatial.EVIDENCE`
    of = study.space.of or _looked_at(study)
    chosen: dict[str, int] = {"permutations": study.space.permutations, "seed": study.study.seed}
    rate = villages[f"estimate_{of}"]
    if f"denominator_{of}" in villages:
        capped = villages[f"numerator_{of}"].clip(upper=villages[f"denominator_{of}"])
        rate = hotspots.eb_standardise(capped, villages[f"denominator_{of}"])
    local = hotspots.local_moran(rate, adjacency, **chosen)
    # One test of the whole needs no finer p; shuffling every village of the country is what costs.
    whole = hotspots.moran_test(rate, adjacency, **{**chosen, "permutations": min(chosen["permutations"], 999)})
    scanned, clusters = _scan(study, villages, of, metric)
    made = pd.DataFrame(
        {
            "neighbours": found.size().reindex(index, fill_value=0).astype("int64"),
            "neighbour_evidence": evidence.reindex(index).fillna("none").astype("str"),
            "moran_local": local["i"],
            "moran_p": local["p"],
            "moran_q": local["q"],
            "hotspot": hotspots.hotspot(local, study.space.fdr),
            "gi_star": hotspots.gi_star(rate, adjacency),
            "scan_cluster": scanned,
        },
        index=index,
    )
    near = {"by": study.space.by, "pairs": len(adjacency) // 2}
    near |= {name: int(n) // 2 for name, n in adjacency["evidence"].value_counts().sort_index().items()}
    return Found(made, {"of": of, "moran_i": whole.i, "moran_p": whole.p, "neighbours": near, "scan": clusters})


def _scan(
    study: Study, villages: pd.DataFrame, of: str, metric: gpd.GeoSeries | None
) -> tuple[pd.Series, dict[str, Any]]:
    """Each village's cluster, and what the scan found: the clusters that chance makes in at most one of twenty, with
    the villages of each; `skipped` says why there was none. Of a coverage the cases are those not reached."""
    from lokus.methods import scan, spatial

    s, (better,) = study.space, (m.better for m in study.measures if m.id == of)
    found: dict[str, Any] = {"model": s.scan, "most": s.scan_most, "replicas": s.scan_replicas, "level": SCAN_LEVEL}
    found |= {"skipped": "", "villages": 0, "population": 0, "cases": 0, "least_p": None, "clusters": []}
    people = villages.get(f"denominator_{of}")
    none = pd.Series(pd.NA, index=villages.index, dtype="Int64")
    # Every circle of every replica: quadratic in the villages.
    why = {"off": s.scan == "none", "no_counts": people is None, "no_polygons": metric is None,
           "too_many": len(villages) > MOST_SCANNED}  # fmt: skip
    skipped = next((name for name, holds in why.items() if holds), "")
    if skipped or s.scan == "none" or people is None or metric is None:
        return none, {**found, "skipped": skipped}
    had = villages[f"numerator_{of}"].clip(upper=people)
    place = spatial.inner_points(metric.reindex(villages.index).to_numpy())
    told = scan.scan(
        had if better == "lower" else people - had, people, pd.DataFrame(place, villages.index, ["x", "y"]),
        model=s.scan, most=s.scan_most, replicas=s.scan_replicas, seed=study.study.seed, level=SCAN_LEVEL,
    )  # fmt: skip
    sure = told.found[told.found["p"] <= SCAN_LEVEL]
    member = told.member.where(told.member.isin(sure.index) | told.member.isna(), 0)
    listed = [{"number": n, **row, "villages": member.index[member == n].tolist()} for n, row in sure.iterrows()]
    found |= {"villages": int(member.notna().sum()), "population": told.population, "cases": told.cases}
    return member, {**found, "least_p": told.found["p"].min() if len(told.found) else None, "clusters": listed}


def _looked_at(study: Study) -> str:
    """What hot spots are looked for in: the first share of the burden, else the heaviest indicator of the score."""
    burden = [m.id for m in study.measures if m.dimension == "burden" and m.kind == "share" and m.score]
    heaviest = max((m for m in study.measures if m.score), key=lambda m: m.weight)
    return burden[0] if burden else heaviest.id


@dataclass(frozen=True)
class Grouped:
    """What the step "clusters" found besides: the groups, the work areas (None where none were asked for), how well the
    kecamatan would do for them, and what each group and each area lacks."""

    typology: clusters.Typology
    areas: regions.Regions | None
    of_kecamatan: float
    packages: tuple[Mapping[str, Any], ...]
    area_packages: tuple[Mapping[str, Any], ...]


def groups(
    study: Study,
    villages: pd.DataFrame,
    scored: Scored,
    posteriors: Mapping[str, pd.DataFrame],
    adjacency: pd.DataFrame,
) -> Found:
    """Step "clusters": villages that lack the same things, by needs other than the burden, how sure each one's group
    is, and work areas of neighbours; `extra`: a `Grouped`."""
    services = [m for m in scored.measures if m.dimension != "burden"] or list(scored.measures)
    ids, c, index = [m.id for m in services], study.clusters, villages.index
    needs = villages[[f"need_{i}" for i in ids]].set_axis(ids, axis=1)
    found = clusters.typology(
        needs, method=c.method, k_min=c.k_min, k_max=c.k_max, least_members=c.least_members, seed=study.study.seed
    )
    drawn = {m.id: i for m, i in zip(scored.measures, doubts.ingredients(villages, posteriors, scored), strict=True)}
    sure = membership.membership(found.labels, found.rule, drawn, seed=study.study.seed)
    areas, kecamatan = None, villages["kecamatan_code"]
    if c.areas.how != "none":
        # Unless told otherwise as many as there are kecamatan: what they are held against.
        count = c.areas.count or kecamatan.nunique()
        least = c.areas.least_members
        areas = regions.regions(found.z, adjacency, how=c.areas.how, count=count, least_members=least)
    area = areas.labels if areas else pd.Series(pd.NA, index, dtype="Int64")
    of, counts = [_service(study, m) for m in services], _counts(villages, ids)
    packages, around = (profiles.packages(labels, found.z, of, counts) for labels in (found.labels, area))
    columns = pd.DataFrame({"cluster": found.labels, "cluster_sure": sure, "area": area}, index=index)
    return Found(columns, Grouped(found, areas, _of_kecamatan(found.z, area, kecamatan), packages, around))


def _of_kecamatan(z: pd.DataFrame, area: pd.Series, kecamatan: pd.Series) -> float:
    """What the kecamatan explain of the villages that are in a work area."""
    inside = (area > 0).fillna(False).to_numpy(dtype=bool)
    return regions.explained(z[inside], kecamatan[inside])


def _service(study: Study, m: Measure) -> profiles.Service:
    known, far = indicators().get(m.id), isinstance(study.part(m.table), Access)
    return profiles.Service(m.id, (known.theme if known else "") or (FAR if far else m.id), m.owner, m.better)


def _counts(villages: pd.DataFrame, ids: list[str]) -> profiles.Counts:
    families = ("value", "numerator", "denominator", "gap", "gap_people")
    return profiles.Counts(
        *(villages.reindex(columns=[f"{f}_{i}" for i in ids]).set_axis(ids, axis=1).astype(float) for f in families)
    )


def choice(study: Study, villages: pd.DataFrame) -> Found:
    """Step "selection": the villages chosen under the study's rules; `extra`: the `choosing.Choice` it was made by."""
    made = choosing.Choice(study, villages)
    named = {n.village: n for name in ("keep", "drop", "add", "remove") for n in getattr(study.selection, name)}
    said = {code: f"{n.reason} ({n.meeting})" if n.meeting else n.reason for code, n in named.items()}
    reasons = pd.Series([said.get(code, "") for code in villages.index], villages.index, dtype="str")
    return Found(made.chosen().assign(reason=reasons), made)
