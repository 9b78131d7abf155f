"""Everything a study names, read and joined: boundaries, tables, points, rasters, and the account of every row."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from typing import Any

import geopandas as gpd
import pandas as pd

from lokus import accounts, located, schema
from lokus.catalog.loader import indicators
from lokus.errors import DataError, Problem, StudyError, Where
from lokus.inputs import inputs_of
from lokus.located import attempt
from lokus.sources import comparisons, plausibility
from lokus.sources.boundaries import Boundaries, read_boundaries
from lokus.sources.indicators import TableData, read_table
from lokus.sources.periods import undeclared
from lokus.study import Study
from lokus.study.files import Table
from lokus.villages import crosswalk, editions, joining, names
from lokus.villages.matching import match
from lokus.villages.strangers import is_stranger


@dataclass(frozen=True, slots=True)
class Intake:
    """What was read. `villages`: the village table after the step "join"; `account`: one line for every row read.

    `crosswalk`: the rows a person should decide, with the decisions already taken. `tables`, `boundaries`: facts.
    `inputs`: path, sha256 and size of every file that was read.
    """

    villages: pd.DataFrame
    geometry: gpd.GeoSeries
    account: pd.DataFrame
    points: pd.DataFrame
    crosswalk: pd.DataFrame
    problems: tuple[Problem, ...]
    tables: tuple[dict[str, Any], ...]
    boundaries: dict[str, Any]
    inputs: tuple[dict[str, Any], ...]


def read(study: Study) -> Intake:
    """Reads and joins everything a study names, losing no row.

    :return: the intake; its problems are warnings only.
    :raises DataError: with every problem of every file, when one of them is fatal.
    :raises StudyError: when the study names a village that does not exist.
    """
    problems: list[Problem] = []
    boundaries = attempt(problems, lambda: _boundaries(study))
    read_tables = _tables(study, boundaries, problems)
    surfaces = located.read(study, problems)
    decided = attempt(problems, lambda: crosswalk.read(study.path(study.crosswalk), study.crosswalk))
    if boundaries is None or decided is None or not read_tables:
        raise DataError(problems)
    # What can be read is joined even where something else cannot: a person learns of all faults at once.
    study = _heard(study, read_tables, {*surfaces.ids, *(a.id for a in study.access)})
    villages, matches = _identify(study, boundaries, read_tables, decided)
    if strangers := _strangers(study, read_tables, matches, boundaries):
        _refuse([*(p for p in problems if p.where.file not in {s.where.file for s in strangers}), *strangers])
    asked = {key: (t.places, matches[key]) for key, t in read_tables.items()}
    problems += _decisions(study, decided, villages, asked)
    joined = {spec.id: _join(spec, study, read_tables[spec.id], matches[spec.id], villages) for spec in study.table}
    problems += [p for one in joined.values() for p in one.problems]
    account = pd.concat([joined[key].account for key in read_tables], ignore_index=True)
    geometry = boundaries.geometry.reindex(villages.index)
    placed = located.bring(study, surfaces, villages, geometry)
    study = _heard(study, read_tables, placed.values)
    villages = _with_values(study, villages, {key: j.values for key, j in joined.items()} | placed.values)
    villages = villages.assign(last_year=villages.index.isin(_matched(account, study.selection.last_year)))
    problems += [*placed.problems, *_other_system(study, read_tables)]
    problems += _doubts(study, villages, account, read_tables, joined)
    problems += [*_implausible(study, villages, read_tables, matches), *_across(study, read_tables, matches)]
    _refuse(problems)
    _check_named(study, villages)
    schema.check(villages, "join")
    return Intake(
        villages=villages,
        geometry=geometry,
        account=account,
        points=placed.points,
        crosswalk=crosswalk.merge(decided, asked, study.study.language),
        problems=tuple(problems),
        tables=(*(accounts.of_table(t, study, read_tables[t.id], joined[t.id]) for t in study.table), *placed.accounts),
        boundaries=accounts.of_boundaries(study, boundaries),
        inputs=tuple(inputs_of(study, decided)),
    )


def ask(study: Study, found: Intake) -> int:
    """Writes the rows a person should decide into the study's crosswalk file; decided rows are kept as they are.

    :return: how many rows wait for a decision.
    :raises DataError: when the file cannot be written (open in Excel).
    """
    path = study.path(study.crosswalk)
    if len(found.crosswalk) or path.exists():
        crosswalk.write(path, found.crosswalk)
    asked = found.crosswalk["table"].isin(["", *(t.id for t in study.table)])
    return int((asked & (found.crosswalk["village_code"] == "")).sum())


def _refuse(problems: Iterable[Problem]) -> None:
    told = tuple(problems)
    if any(p.fatal for p in told):
        raise DataError(told)


def _tables(study: Study, boundaries: Boundaries | None, problems: list[Problem]) -> dict[str, TableData]:
    """The tables that can be read, by id; what is wrong with them, and with the boundaries, is told."""
    known = {names.squeeze(name) for name in boundaries.places["village"]} if boundaries else set()
    tables = {t.id: attempt(problems, partial(_table, study, t, known)) for t in study.table}
    problems += [p for part in (boundaries, *tables.values()) if part is not None for p in part.problems]
    return {key: table for key, table in tables.items() if table is not None}


def _heard(study: Study, tables: Mapping[str, TableData], surfaces: Collection[str]) -> Study:
    """The study without the tables, points and rasters that cannot be read, and the indicators that need them."""
    known = {key: set(table.values) for key, table in tables.items()}
    known |= {key: {f"{m.id}.{role}" for m in study.measures for role in m.columns} for key in surfaces}
    heard = {m.id for m in study.measures if {f"{m.id}.{role}" for role in m.columns} <= known.get(m.table, set())}
    left = {"table": tuple(t for t in study.table if t.id in tables)}
    return study.model_copy(update={**left, "measures": tuple(m for m in study.measures if (m.of or m.id) in heard)})


def _boundaries(study: Study) -> Boundaries:
    b = study.boundaries
    return read_boundaries(
        study.path(b.path), code_system=b.code_system, layer=b.layer, schema=b.schema_,
        columns={str(part): header for part, header in b.columns.items()},
        crs=b.crs, kabupaten=study.study.kabupaten, names_only=b.names_only, name=b.path,
    )  # fmt: skip


def _table(study: Study, spec: Table, villages: Collection[str]) -> TableData:
    columns = {f"{m.id}.{role}": h for m in study.measures if m.table == spec.id for role, h in m.columns.items()}
    place = {key: header for key, header in spec.place.model_dump().items() if header}
    return read_table(
        study.path(spec.path), table_id=spec.id, sheet=spec.sheet, place=place, columns=columns,
        only=dict(spec.only), decimal=spec.decimal, header_rows=spec.header_rows, period_column=spec.period_column,
        choose=spec.choose, fill_down=spec.fill_down, villages=villages, name=spec.path,
    )  # fmt: skip


def _identify(
    study: Study, boundaries: Boundaries, tables: dict[str, TableData], decided: pd.DataFrame
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """The villages, with those that tables know and the boundary file does not, and each table's matches."""
    specs = {t.id: t for t in study.table}

    def matches(villages: pd.DataFrame) -> dict[str, pd.DataFrame]:
        return {
            key: match(
                table.places, villages, code_system=None if study.boundaries.names_only else specs[key].code_system,
                village_system=study.boundaries.code_system,
                crosswalk=decided, table_id=key, edition=specs[key].edition,
            )
            for key, table in tables.items()
        }  # fmt: skip

    first = matches(boundaries.places)
    villages = joining.extend(boundaries.places, {key: (t.places, first[key]) for key, t in tables.items()})
    return villages, first if len(villages) == len(boundaries.places) else matches(villages)


def _decisions(
    study: Study, decided: pd.DataFrame, villages: pd.DataFrame, asked: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]]
) -> Iterator[Problem]:
    """What is doubtful about the decisions of the crosswalk file."""
    system = study.boundaries.code_system
    yield from crosswalk.problems(decided, villages.index, system, study.crosswalk, asked)
    yield from crosswalk.borrowed(decided, asked, system, study.crosswalk)


def _strangers(
    study: Study, tables: Mapping[str, TableData], matches: Mapping[str, pd.DataFrame], boundaries: Boundaries
) -> list[Problem]:
    """The tables that match nothing: names in them may be anybody's, so that nothing of them is told."""
    return [
        Problem("table_matches_nothing", True, Where(t.file, spec.sheet), {"table": spec.id, "rows": len(t.places)})
        for spec in study.table
        if is_stranger((t := tables[spec.id]).places, matches[spec.id], boundaries.places)
    ]


def _join(spec: Table, study: Study, table: TableData, matches: pd.DataFrame, villages: pd.DataFrame) -> joining.Joined:
    summed_never = [f"{m.id}.percent" for m in study.measures if m.percent]
    summed_never += [f"{m.id}.value" for m in study.measures if m.kind == "value"]
    joined = joining.join(
        spec.id, table.places, table.values, matches, villages, repeated=spec.repeated,
        shares=summed_never, left_out=table.account, file=table.file, sheet=table.sheet,
    )  # fmt: skip
    where = Where(table.file, table.sheet)
    told = [*joined.problems, *joining.problems_of(spec.id, table.file, table.sheet, matches, table.places)]
    told += editions.problems(
        table.places, villages, system=spec.code_system, edition=spec.edition, table_id=spec.id, where=where
    )
    if several := undeclared(table.dated, matches["village_code"].dropna(), where):
        # One remedy for all of them: the villages are not told one by one as well.
        told = [several, *(p for p in told if p.code not in joining.REPEATED)]
    return replace(joined, problems=tuple(told))


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


def _doubts(
    study: Study,
    villages: pd.DataFrame,
    account: pd.DataFrame,
    tables: dict[str, TableData],
    joined: dict[str, joining.Joined],
) -> Iterator[Problem]:
    """What cannot be, or is hardly so: more people counted than there are, a percentage given as a share."""
    rows = account[account["status"] == "matched"].drop_duplicates(["table", "village_code"])
    places = rows.set_index(["table", "village_code"])["row"]
    for m in study.measures:
        if m.of or m.table not in tables:
            continue
        table = tables[m.table]
        where = Where(table.file, table.sheet)
        if villages[f"value_{m.id}"].isna().all() and not any(p.fatal for p in joined[m.table].problems):
            yield Problem("indicator_without_data", False, where, {"indicator": m.label_id})
        if m.percent and (known := villages[f"value_{m.id}"].dropna()).size and known.max() <= 0.01:
            yield Problem("percent_as_share", True, where, {"column": m.percent, "most": float(known.max() * 100)})
        if m.percent:
            for code, share in villages.loc[villages[f"value_{m.id}"] > 1, f"value_{m.id}"].items():
                row = Where(table.file, table.sheet, int(places[m.table, code]), m.percent)
                told = {"village": villages.loc[code, "village"], "percent": float(share * 100)}
                yield Problem("percent_over_hundred", m.better == "lower", row, told)
        if not m.denominator:
            continue
        numerator, denominator = villages[f"numerator_{m.id}"], villages[f"denominator_{m.id}"]
        for code in villages.index[(numerator > denominator) | (numerator < 0)]:
            counts = {"numerator": float(numerator[code]), "denominator": float(denominator[code])}
            row = Where(table.file, table.sheet, int(places[m.table, code]))
            told = {"village": villages.loc[code, "village"], "indicator": m.label_id, **counts}
            # A coverage passes 100 % where its target group is a projection; a count of the measured cannot.
            projected = m.better == "higher" and numerator[code] >= 0
            yield Problem("over_hundred" if projected else "more_than_measured", not projected, row, told)


def _other_system(study: Study, tables: dict[str, TableData]) -> Iterator[Problem]:
    """Codes of another system than the boundaries' tell nothing: such a table is matched by its names alone."""
    for spec in study.table:
        written = spec.place.code or spec.place.last4
        if written and spec.code_system != study.boundaries.code_system:
            where = Where(tables[spec.id].file, tables[spec.id].sheet, column=written)
            told = {"theirs": str(spec.code_system), "ours": study.boundaries.code_system}
            yield Problem("codes_of_other_system", False, where, told)


def _implausible(
    study: Study, villages: pd.DataFrame, tables: dict[str, TableData], matches: dict[str, pd.DataFrame]
) -> Iterator[Problem]:
    """What a table says of the study's own area that needs verification, in columns the study does not use too."""
    shares = [m for m in study.measures if m.denominator]
    for spec in study.table:
        table, found = tables[spec.id], matches[spec.id]
        joined = found.loc[found["status"].isin(joining.JOINED), "village_code"].dropna()
        others = {" + ".join(m.denominator): f"denominator_{m.id}" for m in shares if m.table != spec.id}
        elsewhere = villages[list(others.values())].set_axis(list(others), axis=1)
        yield from plausibility.doubts(
            table.cells[found["status"] != "outside"], decimal=spec.decimal, file=table.file, sheet=table.sheet,
            elsewhere=elsewhere.reindex(joined).set_axis(joined.index),
        )  # fmt: skip
        rows = pd.Series(joined.index, index=joined)[~joined.duplicated().to_numpy()]
        for m in shares:
            if m.table == spec.id:
                yield from plausibility.shares_far_off(villages, m.id, m.label_id, rows, table.file, table.sheet)


def _across(study: Study, tables: dict[str, TableData], matches: dict[str, pd.DataFrame]) -> Iterator[Problem]:
    """What two tables of the study, or a table and the other sheets of its workbook, say of one thing."""
    sides, catalogue = [], indicators()
    for spec in study.table:
        table, found = tables[spec.id], matches[spec.id]
        mine = [m for m in study.measures if m.table == spec.id and not m.of]
        asked: dict[str, Any] = {"decimal": spec.decimal}
        asked["counted"] = [h for m in mine for h in (*m.numerator, *m.value)]
        groups = {m.denominator[0]: catalogue[m.id].denominator
                  for m in mine if len(m.denominator) == 1 and m.id in catalogue}  # fmt: skip
        of = found.loc[found["status"].isin(joining.JOINED), "village_code"].dropna()
        sides.append(comparisons.told(table, of, period=spec.period or table.period, groups=groups, **asked))
        if not (spec.only or spec.period_column):
            yield from comparisons.beside(
                study.path(spec.path), table, found.index[found["status"] != "outside"],
                place={part: header for part, header in spec.place.model_dump().items() if header},
                header_rows=spec.header_rows, fill_down=spec.fill_down,
                known=[tables[t.id].sheet for t in study.table if t.path == spec.path], **asked,
            )  # fmt: skip
    yield from comparisons.across(sides)


def _check_named(study: Study, villages: pd.DataFrame) -> None:
    faults = []
    for name in ("keep", "drop", "add", "remove"):
        for n, entry in enumerate(getattr(study.selection, name), 1):
            if entry.village not in villages.index:
                near = get_close_matches(entry.village, villages.index, 3, 0.0)
                where = Where(file="lokus.toml", key=f"selection.{name}[{n}].village")
                faults.append(Problem("village_unknown", True, where, {"code": entry.village, "nearest": near}))
    if faults:
        raise StudyError(faults)
