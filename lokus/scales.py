"""The scale of an indicator, as the study's method makes it of the villages' values."""

from __future__ import annotations

import pandas as pd

from lokus.errors import DataError, Problem, Where
from lokus.methods import composite, treatment
from lokus.methods.scenarios import PULLED
from lokus.study import Measure, Study


def scale(study: Study, m: Measure, values: pd.Series) -> tuple[treatment.Treatment, composite.Bounds]:
    """An indicator without its outliers, and the bounds between which its needs lie.

    :param values: what is scored, in the indicator's unit.
    :raises DataError: where the greatest value bounds no fraction.
    """
    how = study.method.normalise
    # Other normalisers look at order alone, or have ends of their own.
    told = treatment.TREATMENTS[study.method.treatment if how in PULLED else "none"](values, None)
    if how == "fraction" and values.min() < values.max() <= 0:
        where = Where(file="lokus.toml", key="method.normalise")
        raise DataError([Problem("fraction_not_positive", True, where, {"id": m.id})])
    posts = m.goalposts or (0.0, m.target or 1.0) if how == "goalposts" else None
    target = m.target if how == "target" else None
    return told, composite.bounds(
        told.values, how, m.better, goalposts=posts, target=target, limits=told.limits, log=told.log
    )
