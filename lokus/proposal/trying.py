"""A proposal tried with lokus' own reading: what cannot be read is mended where one remedy is sure, or set aside."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lokus import intake
from lokus.catalog import indicators
from lokus.errors import DataError, Problem, Where
from lokus.proposal.records import Meaning, Proposal, Said, TableProposal
from lokus.proposal.writing import files, render
from lokus.study import make_study

# Each round mends a table or sets something aside; a study has no more parts than this.
ROUNDS = 60
REPEATED = ("repeated_village", "repeated_villages")


def tried(proposal: Proposal, home: Path, lang: str) -> Proposal:
    """The proposal as lokus can read it: indicators and tables that it refuses are off, each with the problem.

    Errors: `DataError` when what is refused is the boundary file, or is laid at no table's door.
    """
    absolute = {path: path.resolve().as_posix() for path in files(proposal)}
    for _ in range(ROUNDS):
        proposal = _whole(proposal)
        if not proposal.runs:
            return proposal
        raw = tomllib.loads(render(proposal, absolute, lang))
        try:
            intake.read(make_study({**raw, "outside_paths": True}, home))
        except DataError as fault:
            mended = _mended(proposal, [p for p in fault.problems if p.fatal], absolute)
            if mended == proposal:
                raise
            proposal = mended
        else:
            return proposal
    return proposal


def _whole(proposal: Proposal) -> Proposal:
    """A count falls with the share it is of; and where nothing else is left, what is only shown is scored."""
    on = {m.id for _, m in proposal.indicators}
    alone = not any(m.score and (m.of in on or not m.of) for _, m in proposal.indicators)
    tables = []
    for table in proposal.tables:
        meanings = []
        for meaning in table.meanings:
            if meaning.of and meaning.of not in on and not meaning.off:
                meaning = replace(meaning, off=Said("of_off", {"of": meaning.of}))
            if alone and not meaning.off and not table.off and not meaning.score:
                meaning = replace(meaning, score=True, doubts=(*meaning.doubts, Said("scored_alone")))
            meanings.append(meaning)
        tables.append(replace(table, meanings=tuple(meanings)))
    return replace(proposal, tables=tuple(tables))


def _mended(proposal: Proposal, faults: Sequence[Problem], paths: dict[Path, str]) -> Proposal:
    tables = []
    for table in proposal.tables:
        own = [p for p in faults if p.where.file == paths[table.look.path]]
        own = [p for p in own if not table.look.many or p.where.sheet in ("", table.look.sheet.name)]
        tables.append(_table(table, [_shown(p, table) for p in own]) if own and not table.off else table)
    points = [p for p in proposal.points if not any(f.where.file == paths[p.look.path] for f in faults)]
    left = [(p.look.name, replace(next(f for f in faults if f.where.file == paths[p.look.path]), where=Where()))
            for p in proposal.points if p not in points]  # fmt: skip
    return replace(proposal, tables=tuple(tables), points=tuple(points), left=(*proposal.left, *left))


def _shown(problem: Problem, table: TableProposal) -> Problem:
    return replace(problem, where=replace(problem.where, file=table.look.path.name))


def _table(table: TableProposal, faults: Sequence[Problem]) -> TableProposal:
    codes = {p.code for p in faults}
    dated = next((p for p in faults if p.code == "period_undeclared"), None)
    if dated and not table.period.several:
        column, among = dated.params["column"], tuple(dated.params["periods"])
        return replace(table, period=replace(table.period, column=column, among=among))
    counts = all(m.of or m.numerator or m.off for m in table.meanings)
    if "places_written_once" in codes and not table.fill_down:
        return replace(table, fill_down=True)
    if codes & set(REPEATED) and table.repeated == "refuse" and counts:
        return replace(table, repeated="sum", doubts=(*table.doubts, Said("repeated_sum")))
    meanings = tuple(_judged(m, faults) for m in table.meanings)
    if meanings != table.meanings:
        return replace(table, meanings=meanings)
    return replace(table, off=faults[0])


def _judged(meaning: Meaning, faults: Sequence[Problem]) -> Meaning:
    """An indicator with the problem that its own columns have, if any."""
    if meaning.off or meaning.of:
        return meaning
    known = indicators().get(meaning.id)
    labels = {known.label_id, known.label_en} if known else set(meaning.own.values())
    for p in faults:
        at = {*p.where.column.split(" + "), str(p.params.get("column", "")), str(p.params.get("indicator", ""))}
        if at & ({*meaning.columns} | labels):
            return replace(meaning, off=p)
    return meaning
