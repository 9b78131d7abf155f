"""What the papers say about a run, as JSON values: enough to write every map and page from a stored run alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from lokus import __version__, messages
from lokus.choosing import Choice, beside, top_n
from lokus.intake import Intake
from lokus.methods.prevalence import Prior
from lokus.methods.scoring import UNIT
from lokus.methods.stability import STABLE
from lokus.steps import Grouped, Scored
from lokus.study import Measure, Study


@dataclass(frozen=True)
class Extras:
    """What the steps found besides columns: priors by indicator and group, and what the score, the hot spots, the
    groups and the choice were made by."""

    priors: Mapping[str, Mapping[str, Prior]]
    scored: Scored
    space: Mapping[str, Any]
    groups: Grouped
    choice: Choice


def facts(study: Study, found: Intake, villages: pd.DataFrame, extras: Extras) -> dict[str, Any]:
    """All facts of a run but its id. NaN becomes null: JSON knows no other missing value."""
    scored = extras.scored
    told = {
        **_heading(study, villages),
        "indicators": [_indicator(study, m, villages, extras.priors, scored, found.tables) for m in study.measures],
        "dimensions": _dimensions(study, scored),
        "scheme": asdict(scored.scheme),
        "selection": _selection(study, villages, extras.choice),
        "clusters": _clusters(study, extras.groups),
        "space": _space(study, villages, extras.space),
        "tables": found.tables,
        "boundaries": found.boundaries,
        "points": [_point(p, found.points) for p in study.points],
        "problems": {"fatal": 0, "warning": len(found.problems)},
    }
    plain_values: dict[str, Any] = json_values(told)
    return plain_values


def json_values(value: Any) -> Any:
    """Plain JSON values of anything a method returns: NumPy numbers, tuples, NaN as null."""
    if isinstance(value, Mapping):
        return {str(k): json_values(v) for k, v in value.items()}
    if isinstance(value, str | bool | int) or value is None:
        return value
    if hasattr(value, "item"):
        return json_values(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Sequence):
        return [json_values(v) for v in value]
    return str(value)


def _clusters(study: Study, found: Grouped) -> dict[str, Any]:
    typology, areas = found.typology, found.areas
    both = zip(typology.profiles, found.packages, strict=True)
    told = {
        "method": study.clusters.method,
        "k": typology.k,
        "evidence": typology.evidence.to_dict("records"),
        "stable_from": STABLE,
        "stable": typology.k < 2 or all(p["stability"] >= STABLE for p in typology.profiles),
        "profiles": [{**profile, **{k: package[k] for k in ("name", "lacks", "owners")}} for profile, package in both],
        "apart": typology.apart,
    }
    if areas is None:
        return told
    return told | {
        "areas": {
            "made": areas.made,
            "explained": areas.explained,
            "explained_by_kecamatan": found.of_kecamatan,
            "alone": areas.alone,
            "profiles": found.area_packages,
        }
    }


def _heading(study: Study, villages: pd.DataFrame) -> dict[str, Any]:
    return {
        "lokus": __version__,
        "title": study.study.title,
        "year": study.study.year,
        "language": study.study.language,
        "kabupaten": sorted(set(villages["kabupaten"])),
        "has_prevalence": any(m.id == "stunting" and villages[f"value_{m.id}"].notna().any() for m in study.measures),
        "top_n": top_n(study, villages),
        "interval": study.method.interval,
        "draws": study.uncertainty.draws,
        "uncertain": _uncertain(study),
    }


def _uncertain(study: Study) -> bool:
    """Whether anything moves the ranks: counts behind a scored indicator, or weights or methods to doubt."""
    scored = [m for m in study.measures if m.score and m.weight > 0]
    doubted = study.uncertainty.weight_spread > 0 or study.uncertainty.alternatives
    return any(m.denominator or m.of for m in scored) or (doubted and len(scored) > 1)


def _selection(study: Study, villages: pd.DataFrame, choice: Choice) -> dict[str, Any]:
    given = study.selection.model_dump(mode="json", exclude={"count", "last_year"}, exclude_defaults=True)
    return {
        "count": study.selection.count or int(villages["selected"].sum()),
        "rules": [{"key": f"selection.{key}", "value": value} for key, value in given.items() if value is not None],
        **beside(choice, villages["selected"]),
    }


def _indicator(
    study: Study,
    m: Measure,
    villages: pd.DataFrame,
    priors: Mapping[str, Mapping[str, Prior]],
    scored: Scored,
    tables: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    periods = {table["id"]: table["period"] for table in tables}
    table = study.part(m.table)
    values = villages[f"value_{m.id}"]
    numerator, denominator = (villages.get(f"{part}_{m.of or m.id}") for part in ("numerator", "denominator"))
    both = None if numerator is None or denominator is None else numerator.notna() & denominator.notna()
    sums = {} if both is None else {"n": float(numerator[both].sum()), "d": float(denominator[both].sum())}
    average = sums["n"] / sums["d"] if m.kind == "share" and sums.get("d") else float(values.mean())
    return {
        **m.model_dump(include={"id", "label_id", "label_en", "kind", "better", "unit", "dimension", "owner", "of"}),
        "weight": effective_weights(scored).get(m.id, 0.0),
        "scored": m.id in scored.bounds,
        "target": m.target,
        "target_source": m.target_source,
        "target_verified": m.target_verified,
        "table": m.table,
        "source": table.source,
        "period": periods.get(m.table, table.period),
        "interval": bool(m.denominator or m.of),
        "priors": {group: asdict(prior) for group, prior in priors.get(m.id, {}).items()},
        "bounds": {k: v for k, v in asdict(scored.bounds[m.id]).items() if k != "reference"}
        if m.id in scored.bounds
        else {},
        "treated": scored.treated.get(m.id, []),
        "average": average,
        "total_numerator": sums.get("n"),
        "total_denominator": sums.get("d"),
        "villages": int(values.notna().sum()),
    }


def effective_weights(scored: Scored) -> dict[str, float]:
    """Each indicator's share of the whole score: its weight times those of the dimensions above it."""
    plan = scored.scheme
    whole = [1.0] * len(plan.dimensions)
    for d in reversed(range(len(whole))):
        above = whole[plan.parents[d]] if plan.parents[d] >= 0 else 1.0
        whole[d] = above * plan.dimension_weights[d] / UNIT
    return {name: plan.weights[j] * whole[plan.dimension_of[j]] / UNIT for j, name in enumerate(plan.indicators)}


def _dimensions(study: Study, scored: Scored) -> list[dict[str, Any]]:
    own = {d.id: d for d in study.dimension}
    told = []
    plan = scored.scheme
    for name, units, above in zip(plan.dimensions, plan.dimension_weights, plan.parents, strict=True):
        label = {}
        for lang in messages.LANGS:
            given = getattr(own[name], f"label_{lang}") if name in own else ""
            known = messages.text(f"dimension.{name}", lang) if messages.has(f"dimension.{name}") else name
            label[f"label_{lang}"] = given or known
        inside = plan.dimensions[above] if above >= 0 else ""
        told.append({"id": name, **label, "weight": units / UNIT, "inside": inside})
    return told


def _space(study: Study, villages: pd.DataFrame, space: Mapping[str, Any]) -> dict[str, Any]:
    kinds = villages["hotspot"].value_counts()
    return {
        **space,
        "islands": int(villages["neighbour_evidence"].isin(["ferry", "none"]).sum()),
        "hot": int(kinds.get("high-high", 0)),
        "cold": int(kinds.get("low-low", 0)),
        "fdr": study.space.fdr,
        "permutations": study.space.permutations,
    }


def _point(spec: Any, points: pd.DataFrame) -> dict[str, Any]:
    words: dict[str, Any] = spec.model_dump(include={"id", "label_id", "label_en", "source"})
    return {**words, "count": int((points["layer"] == spec.id).sum())}
