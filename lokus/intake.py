"""Everything a study names, read and joined: boundaries, tables, last year's list, points, and the account of each row."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd

from lokus import schema
from lokus.errors import DataError, Problem, StudyError, Where
from lokus.sources.boundaries import Boundaries, read_boundaries
from lokus.sources.indicators import TableData, read_table
from lokus.sources.points import POINT_COLUMNS, read_points
from lokus.study import Measure, Study
from lokus.study.model import Table
from lokus.villages import crosswalk, joining
from lokus.villages.matching import match

T = TypeVar("T")
FLOAT = {"dtype": "float64"}


@dataclass(frozen=True, slots=True)
class Intake:
    """What was read. `villages`: the village table after the step "join"; `account`: one line for every row read.

    `crosswalk`: the rows a person should decide, with the decisions already taken. `tables`, `boundaries`: facts.
    """

    villages: pd.DataFrame
    geometry: gpd.GeoSeries
    account: pd.DataFrame
    points: pd.DataFrame
    crosswalk: pd.DataFrame
    problems: tuple[Problem, ...]
    tables: tuple[dict[str, Any], ...]
    boundaries: dict[str, Any]


def read(study: Study) -> Intake:
    """Reads and joins everything a study names, losing no row.

    :return: the intake; its problems are warnings only.
    :raises DataError: with every problem of every file, when one of them is fatal.
    :raises StudyError: when the study names a village that does not exist.
    """
    problems: list[Problem] = []
    boundaries = _attempt(problems, lambda: _boundaries(study))
    tables = {t.id: _attempt(problems, lambda t=t: _table(study, t)) for t in study.table}
    points = [_attempt(problems, lambda p=p: read_points(study.path(p.path), **_point_words(p))) for p in study.points]
    decided = _attempt(problems, lambda: crosswalk.read(study.path(study.crosswalk)))
    problems += [p for part in (boundaries, *tables.values(), *points) if part is not None for p in part.problems]
    _refuse(problems)
    assert boundaries is not None
    read_tables = {key: table for key, table in tables.items() if table is not None}

    villages, matches = _identify(study, boundaries, read_tables, decided)
    joined = {}
    for spec in study.table:
        table = read_tables[spec.id]
        joined[spec.id] = joining.join(
            spec.id, table.places, table.values, matches[spec.id], villages, repeated=spec.repeated
        )
        problems += joined[spec.id].problems
        problems += joining.problems_of(spec.id, table.file, table.sheet, matches[spec.id], table.places)
    account = pd.concat([joined[key].account for key in read_tables], ignore_index=True)
    villages = _with_values(study, villages, {key: j.values for key, j in joined.items()})
    villages = villages.assign(last_year=villages.index.isin(_matched(account, study.selection.last_year)))
    problems += _doubts(study, villages, account, read_tables)
    _refuse(problems)
    _check_named(study, villages)
    schema.check(villages, "join")
    return Intake(
        villages=villages,
        geometry=boundaries.geometry.reindex(villages.index),
        account=account,
        points=pd.concat([p.points for p in points if p is not None] or [pd.DataFrame(columns=list(POINT_COLUMNS))]),
        crosswalk=crosswalk.merge(decided, matches, {key: t.places for key, t in read_tables.items()}),
        problems=tuple(problems),
        tables=tuple(_table_facts(t, read_tables[t.id], joined[t.id].account) for t in study.table),
        boundaries=_boundary_facts(study, boundaries),
    )


def _attempt(problems: list[Problem], read_one: Callable[[], T]) -> T | None:
    try:
        return read_one()
    except DataError as fault:
        problems += fault.problems
        return None


def _refuse(problems: Iterable[Problem]) -> None:
    told = tuple(problems)
    if any(p.fatal for p in told):
        raise DataError(told)


def _boundaries(study: Study) -> Boundaries:
    b = study.boundaries
    return read_boundaries(
        study.path(b.path), code_system=b.code_system, layer=b.layer, schema=b.schema_, columns=dict(b.columns),
        crs=b.crs, kabupaten=study.study.kabupaten, name=b.path,
    )  # fmt: skip


def _table(study: Study, spec: Table) -> TableData:
    columns = {f"{m.id}.{role}": h for m in study.measures if m.table == spec.id for role, h in m.columns.items()}
    place = {key: header for key, header in spec.place.model_dump().items() if header}
    return read_table(
        study.path(spec.path), table_id=spec.id, sheet=spec.sheet, place=place, columns=columns,
        only=dict(spec.only), decimal=spec.decimal, header_rows=spec.header_rows, name=spec.path,
    )  # fmt: skip


def _point_words(spec: Any) -> dict[str, str]:
    words = spec.model_dump(include={"sheet", "name", "latitude", "longitude"})
    return {**words, "layer": spec.id, "shown": spec.path}


def _identify(
    study: Study, boundaries: Boundaries, tables: dict[str, TableData], decided: pd.DataFrame | None
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """The villages, with those that tables know and the boundary file does not, and each table's matches."""
    systems = {t.id: t.code_system for t in study.table}

    def matches(villages: pd.DataFrame) -> dict[str, pd.DataFrame]:
        return {
            key: match(
                table.places, villages, code_system=systems[key],
                village_system=study.boundaries.code_system, crosswalk=crosswalk.of_table(decided, key),
            )
            for key, table in tables.items()
        }  # fmt: skip

    first = matches(boundaries.places)
    villages = joining.extend(boundaries.places, first)
    return villages, first if len(villages) == len(boundaries.places) else matches(villages)


def _with_values(study: Study, villages: pd.DataFrame, values: dict[str, pd.DataFrame]) -> pd.DataFrame:
    columns: dict[str, pd.Series] = {}
    for m in study.measures:
        if m.of:
            continue
        read_columns = {role: values[m.table][f"{m.id}.{role}"].astype("float64") for role in m.columns}
        if m.percent:
            columns[f"value_{m.id}"] = read_columns["percent"] / 100
        elif m.kind == "share":
            numerator, denominator = read_columns["numerator"], read_columns["denominator"]
            numerator = denominator - numerator if m.complement else numerator
            columns[f"numerator_{m.id}"], columns[f"denominator_{m.id}"] = numerator, denominator
            columns[f"value_{m.id}"] = numerator / denominator.where(denominator > 0)
        else:
            columns[f"value_{m.id}"] = read_columns["value"]
    for m in study.measures:
        if m.of:
            columns[f"value_{m.id}"] = columns[f"numerator_{m.of}"]
    return villages.assign(**columns)


def _matched(account: pd.DataFrame, table: str) -> pd.Series:
    return account.loc[(account["table"] == table) & (account["status"] == "matched"), "village_code"]
