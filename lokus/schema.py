"""The contract of the village table: every column with its type, unit, range, NaN rule and the step that makes it.

Names with `{id}` are families: one column for each indicator (or dimension) of the study. The table is checked after
every step, printed into the docs and written into `run.json`; texts for people are in `locale/*/columns.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

Step = Literal["places", "join", "prevalence", "gaps", "score", "uncertainty", "spatial", "clusters", "selection"]
STEPS: tuple[Step, ...] = (
    "places", "join", "prevalence", "gaps", "score", "uncertainty", "spatial", "clusters", "selection",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """One column (or family) of the village table. `missing` says what NaN means; "" = never missing."""

    name: str
    step: Step
    dtype: Literal["str", "float64", "int64", "Int64", "bool"]
    unit: str = ""
    low: float | None = None
    high: float | None = None
    missing: str = ""
    among: tuple[str, ...] = ()


SHARE = {"dtype": "float64", "unit": "share", "low": 0.0, "high": 1.0}

COLUMNS: tuple[Column, ...] = (
    Column("village", "places", "str"),
    Column("kecamatan_code", "places", "str"),
    Column("kecamatan", "places", "str"),
    Column("kabupaten_code", "places", "str"),
    Column("kabupaten", "places", "str"),
    Column("village_kind", "places", "str", among=("desa", "kelurahan", "")),
    Column("area_km2", "places", "float64", "km²", 0, None, "no polygon"),
    Column("has_boundary", "places", "bool"),
    Column("last_year", "join", "bool"),
    # numerator/denominator: people or households as counted; value: the raw share (0–1), count, or number given.
    Column("numerator_{id}", "join", "float64", "count", 0, None, "no data"),
    Column("denominator_{id}", "join", "float64", "count", 0, None, "no data"),
    Column("value_{id}", "join", "float64", "share, count or the indicator's own unit", None, None,
           "no data, or no target group (denominator 0)"),
    # estimate: the empirical-Bayes posterior mean of a share; the value itself where there is no denominator.
    Column("estimate_{id}", "prevalence", "float64", "as value", None, None, "no data"),
    Column("low_{id}", "prevalence", "float64", "as value", None, None, "no interval can be given"),
    Column("high_{id}", "prevalence", "float64", "as value", None, None, "no interval can be given"),
    Column("shrinkage_{id}", "prevalence", "float64", "share", 0.0, 1.0, "no interval can be given"),
    # Of all children of the target group: bounds whatever the unmeasured are, and a scenario for them.
    Column("best_{id}", "prevalence", "float64", "share", 0.0, 1.0, "no count or no target group"),
    Column("worst_{id}", "prevalence", "float64", "share", 0.0, 1.0, "no count or no target group"),
    Column("missed_{id}", "prevalence", "float64", "children", 0.0, None, "nobody measured, or no target group"),
    Column("all_{id}", "prevalence", "float64", "share", 0.0, 1.0, "nobody measured, or no target group"),
    Column("all_low_{id}", "prevalence", "float64", "share", 0.0, 1.0, "nobody measured, or no target group"),
    Column("all_high_{id}", "prevalence", "float64", "share", 0.0, 1.0, "nobody measured, or no target group"),
    Column("reliability", "prevalence", "str", among=("good", "fair", "weak", "none", "")),
    Column("gap_{id}", "gaps", "float64", "share (points below or above target)", 0.0, None, "no data or no target"),
    Column("gap_people_{id}", "gaps", "float64", "count", 0.0, None, "no data or no denominator"),
    Column("need_{id}", "score", "float64", "share", 0.0, 1.0, "no data"),
    Column("contribution_{id}", "score", "float64", "points of the score", 0.0, 100.0, "not ranked"),
    Column("dimension_{id}", "score", "float64", "points", 0.0, 100.0, "no indicator of the dimension observed"),
    Column("observed_weight", "score", "float64", "share", 0.0, 1.0),
    Column("status", "score", "str", among=("ranked", "data_short", "no_data")),
    Column("score", "score", "float64", "points", 0.0, 100.0, "not ranked"),
    Column("score_units", "score", "Int64", "1e-4 points: the exact score", 0, 1_000_000, "not ranked"),
    Column("rank", "score", "Int64", "1 = first; equal scores share the better rank", 1, None, "not ranked"),
    Column("rank_low", "uncertainty", "Int64", "rank", 1, None, "not ranked"),
    Column("rank_median", "uncertainty", "float64", "rank", 1, None, "not ranked"),
    Column("rank_high", "uncertainty", "Int64", "rank", 1, None, "not ranked"),
    Column("p_top", "uncertainty", "float64", "probability", 0.0, 1.0, "not ranked"),
    Column("certainty", "uncertainty", "str", among=("certain", "likely", "borderline", "unlikely", "")),
    Column("neighbours", "spatial", "int64", "villages", 0, None),
    Column("neighbour_evidence", "spatial", "str", among=("touch", "near", "ferry", "within", "nearest", "none", "")),
    Column("moran_local", "spatial", "float64", "", None, None, "no value, or no neighbour with a value"),
    Column("moran_p", "spatial", "float64", "probability", 0.0, 1.0, "as moran_local"),
    Column("moran_q", "spatial", "float64", "false discovery rate", 0.0, 1.0, "as moran_local"),
    Column("hotspot", "spatial", "str", among=("high-high", "low-low", "high-low", "low-high", "none", "")),
    Column("gi_star", "spatial", "float64", "standard deviations", None, None, "as moran_local"),
    Column("scan_cluster", "spatial", "Int64", "1 = the likeliest; 0 = in no cluster", 0, None, "not scanned"),
    Column("cluster", "clusters", "Int64", "1 … k; 0 = unlike any group", 0, None, "not grouped: data short"),
    Column("cluster_sure", "clusters", "float64", "share", 0.0, 1.0, "in no group, or nothing drawn"),
    Column("area", "clusters", "Int64", "", 0, None, "no work areas asked for"),
    Column("selected", "selection", "bool"),
    Column("selected_by", "selection", "str", among=("score", "rule", "keep", "add", "")),
    Column("left_out_by", "selection", "str", among=("score", "rule", "threshold", "drop", "remove", "unranked", "")),
    Column("reason", "selection", "str"),
)  # fmt: skip


def columns_of(step: Step) -> tuple[Column, ...]:
    """The columns a step makes."""
    return tuple(c for c in COLUMNS if c.step == step)


def column(name: str) -> Column:
    """The contract of a column as it stands in a table; `KeyError` when the contract does not know it.

    >>> column("need_stunting").high
    1.0
    """
    for c in COLUMNS:
        if re.fullmatch(re.escape(c.name).replace(r"\{id\}", "[a-z0-9_]+"), name):
            return c
    raise KeyError(name)


def check(villages: pd.DataFrame, step: Step) -> None:
    """Holds a village table against the contract after `step`; `ValueError` names every broken promise."""
    broken = list(_index_faults(villages))
    known = STEPS[: STEPS.index(step) + 1]
    fixed = [c.name for c in COLUMNS if c.step in known and "{id}" not in c.name]
    broken += [f"{name}: missing after step {step!r}" for name in fixed if name not in villages]
    for name in villages.columns:
        try:
            c = column(name)
        except KeyError:
            broken.append(f"{name}: not in the contract")
            continue
        if c.step not in known:
            broken.append(f"{name}: made before its step {c.step!r}")
        broken.extend(_column_faults(villages[name], c))
    if broken:
        raise ValueError("the village table breaks its contract:\n  " + "\n  ".join(broken))


def _index_faults(villages: pd.DataFrame) -> Iterable[str]:
    if villages.index.name != "village_code":
        yield f"index: named {villages.index.name!r}, not 'village_code'"
    if not villages.index.is_unique:
        yield "index: a village_code twice"
    if not villages.index.is_monotonic_increasing:
        yield "index: not sorted"


def _column_faults(values: pd.Series, c: Column) -> Iterable[str]:
    if str(values.dtype) != c.dtype:
        yield f"{values.name}: dtype {values.dtype}, not {c.dtype}"
        return
    if not c.missing and values.isna().any():
        yield f"{values.name}: {int(values.isna().sum())} missing where none may be"
    if c.among and not set(values.dropna()) <= set(c.among):
        yield f"{values.name}: {sorted(set(values.dropna()) - set(c.among))} not among {c.among}"
    if c.dtype in ("float64", "int64", "Int64"):
        numbers = values.dropna().to_numpy(dtype=float)
        if not np.isfinite(numbers).all():
            yield f"{values.name}: infinite"
        if numbers.size and c.low is not None and numbers.min() < c.low - 1e-9:
            yield f"{values.name}: {numbers.min()} under {c.low}"
        if numbers.size and c.high is not None and numbers.max() > c.high + 1e-9:
            yield f"{values.name}: {numbers.max()} over {c.high}"
