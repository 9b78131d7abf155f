"""What contradicts itself in how a study weighs and chooses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from lokus.methods.judged_weights import MOST_RATIO, ahp, budget_allocation
from lokus.study.model import Measure, Study

Fault = tuple[str, str, dict[str, Any]]
Floats = NDArray[np.float64]


def judged_weights(study: Study) -> Floats | None:
    """The weights of the scored indicators as people judged them, sum 1; None where the study weighs otherwise.

    Errors: ValueError, as `ahp` and `budget_allocation`, for judgements that are none.
    """
    if study.method.weights == "ahp":
        return ahp(comparisons(study.method.comparisons)).weights
    if study.method.weights == "budget":
        return budget_allocation(np.array(study.method.points, dtype=float))
    return None


def comparisons(rows: Sequence[Sequence[float | str]]) -> Floats:
    """A matrix of comparisons, its fractions worked out. Errors: ValueError for what is no number, or rows unlike.

    >>> comparisons([[1, "1/3"], [3, 1]]).round(2).tolist()
    [[1.0, 0.33], [3.0, 1.0]]
    """
    try:
        return np.array(
            [[float(Fraction(cell.strip()) if isinstance(cell, str) else cell) for cell in r] for r in rows]
        )
    except ZeroDivisionError:
        raise ValueError("a fraction of zero") from None


def method_faults(study: Study) -> Iterator[Fault]:
    """Judgements that do not fit the scored indicators, and scales without what they need."""
    try:
        scored = [m for m in study.measures if m.score and m.weight > 0]
    except (KeyError, ValidationError):  # an indicator whose own faults are told already
        return
    yield from _judged_faults(study, len(scored))
    if study.method.normalise == "target":
        for m in scored:
            if m.target is None:
                yield "target_missing", "method.normalise", {"id": m.id}


def _judged_faults(study: Study, scored: int) -> Iterator[Fault]:
    method = study.method
    for how, key in (("ahp", "comparisons"), ("budget", "points")):
        given: Sequence[Sequence[Any]] = getattr(method, key)
        if given and method.weights != how:
            yield "judgements_unused", f"method.{key}", {"weights": how}
        elif method.weights == how and (not given or any(len(row) != scored for row in given)):
            yield "judgements_unlike", f"method.{key}", {"count": scored, "rows": [len(row) for row in given]}
        elif method.weights == how:
            yield from _contradiction(study, f"method.{key}")


def _contradiction(study: Study, key: str) -> Iterator[Fault]:
    try:
        judged_weights(study)
        ratio = ahp(comparisons(study.method.comparisons)).ratio if study.method.weights == "ahp" else 0.0
    except ValueError:
        yield ("ahp_unsound" if study.method.weights == "ahp" else "budget_unsound"), key, {}
        return
    if ratio > MOST_RATIO:
        yield "ahp_inconsistent", key, {"ratio": round(ratio, 2), "most": MOST_RATIO}


def selection_faults(study: Study, tables: Sequence[str]) -> Iterator[Fault]:
    """Rules that need what the study does not have."""
    rules, ids = study.selection, {u.id for u in study.indicator}
    if rules.count is None and rules.budget is None:
        yield "count_missing", "selection.count", {}
    if rules.last_year and rules.last_year not in tables:
        yield "table_unknown", "selection.last_year", {"table": rules.last_year, "known": list(tables)}
    for key in ("keep_last_year", "max_new", "least_kept"):
        if getattr(rules, key) not in (None, False) and not rules.last_year:
            yield "last_year_missing", f"selection.{key}", {"rule": key}
    if isinstance(rules.cost, str) and rules.cost not in ids:
        yield "cost_unknown", "selection.cost", {"cost": rules.cost, "known": sorted(ids)}
    for n, threshold in enumerate(rules.threshold, 1):
        if threshold.indicator not in ids:
            told = {"indicator": threshold.indicator, "known": sorted(ids)}
            yield "threshold_unknown", f"selection.threshold[{n}].indicator", told
        if not threshold.limits:
            yield "threshold_without_limit", f"selection.threshold[{n}]", {}
    if rules.least_under and (services := _services(study)) is not None and rules.least_under.count > len(services):
        yield "services_too_few", "selection.least_under.count", {"services": [m.id for m in services]}


def _services(study: Study) -> tuple[Measure, ...] | None:
    try:
        return study.services
    except (KeyError, ValidationError):  # told already
        return None
