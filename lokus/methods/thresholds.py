"""Thresholds a village must pass to be chosen: "prevalence > 7 %", "at least 3 services under 75 %"."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "above": operator.gt,
    "at_least": operator.ge,
    "at_most": operator.le,
    "below": operator.lt,
}


def passing(values: pd.Series, **limits: float) -> pd.Series:
    """Whether a value lies on the right side of every limit.

    Parameters: `values` of any unit; `limits` by the names of `COMPARISONS`, in the same unit.
    Returns: bool on the same index; False where the value is missing: nobody has shown that it passes.
    Raises: ValueError for no limit or an unknown one. Source: Tanah Bumbu 2025 ("prevalensi > 7 %").

    >>> passing(pd.Series([0.06, 0.08, float("nan")]), above=0.07).tolist()
    [False, True, False]
    """
    if not limits or limits.keys() - COMPARISONS.keys():
        raise ValueError(f"limits are {list(COMPARISONS)}, not {list(limits)}")
    held = [COMPARISONS[name](values, limit) & values.notna() for name, limit in limits.items()]
    return pd.Series(pd.concat(held, axis=1).all(axis=1), dtype=bool, name=values.name)


def services_under(values: pd.DataFrame, share: float) -> pd.Series:
    """How many services of a village are under a share of their target group.

    Parameters: `values` villages × services, shares 0–1, each better when higher; `share` 0–1.
    Returns: int64 on the same index; a service that is missing is not counted as under it.
    Source: Tanah Bumbu 2025 (number of service coverages under 75 %).

    >>> services_under(pd.DataFrame({"idl": [0.7, None], "sanitasi": [0.5, 0.8]}), 0.75).tolist()
    [2, 0]
    """
    return (values < share).sum(axis=1).astype("int64").rename("services_under")
