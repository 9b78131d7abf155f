"""A proposal tried with lokus' own reading: what cannot be read is mended where one remedy is sure, or set aside."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from lokus import intake
from lokus.catalog import indicators
from lokus.errors import DataError, Problem, Where
from lokus.proposal.records import Meaning, Proposal, Said, TableProposal
from lokus.proposal.writing import files, render
from lokus.sources.cells import text_of
from lokus.study import make_study

# Each round mends a table or sets something aside; a study has no more parts than this.
ROUNDS = 60
REPEATED = ("repeated_village", "repeated_villages")
# Up to this share of a table's rows faults are slips that a person mends; beyond it the columns mean something else.
SLIPS = 0.05


def tried(proposal: Proposal, home: Path, lang: str) -> Proposal:
    """The proposal as lokus can read it: what it refuses is off, or waits for a few rows to be mended, with the reason.

    Errors: `DataError` when what is refused is the boundary file, or is laid at no table's door.
    """
    absolute = {path: path.resolve().as_posix() for path in files(proposal)}
    for _ in range(ROUNDS):
        proposal = _whole(proposal)
        trial = _whole(_without_mends(proposal))
        if not trial.indicators:
            return proposal
        raw = tomllib.loads(render(trial, absolute, lang))
        try:
            return replace(proposal, read=intake.read(make_study({**raw, "outside_paths": True}, home)))
        except DataError as fault:
            mended = _mended(proposal, [p for p in fault.problems if p.fatal], absolute)
            if mended == proposal:
                raise
            proposal = mended
    return proposal


def _without_mends(proposal: Proposal) -> Proposal:
    return _each(proposal, lambda m: replace(m, off=m.mend[0]) if m.mend else m)


def _each(proposal: Proposal, change: Callable[[Meaning], Meaning]) -> Proposal:
    tables = (replace(t, meanings=tuple(map(change, t.meanings))) for t in proposal.tables)
    return replace(proposal, tables=tuple(tables))


def _whole(proposal: Proposal) -> Proposal:
    """A count falls with the share it is of; and where nothing else is left, what is only shown is scored."""
    on = {m.id for _, m in proposal.indicators}
    alone = not any(m.score and (m.of in on or not m.of) for _, m in proposal.indicators)

    def whole(meaning: Meaning) -> Meaning:
        if meaning.of and meaning.of not in on and not meaning.off:
            meaning = replace(meaning, off=Said("of_off", {"of": meaning.of}))
        if alone and not meaning.off and not meaning.score:
            meaning = replace(meaning, score=True, doubts=(*meaning.doubts, Said("scored_alone")))
        return meaning

    return _each(proposal, whole)


def _mended(proposal: Proposal, faults: Sequence[Problem], paths: dict[Path, str]) -> Proposal:
    tables = []
    for table in proposal.tables:
        own = [p for p in faults if p.where.file == paths[table.look.path]]
        own = [p for p in own if not table.look.many or p.where.sheet in ("", table.look.sheet.name)]
        own = [p for p in own if _of_its_rows(p, table)]
        tables.append(_table(table, [_shown(p, table) for p in own]) if own and not table.off else table)
    points = [p for p in proposal.points if not any(f.where.file == paths[p.look.path] for f in faults)]
    left = [(p.look.name, replace(next(f for f in faults if f.where.file == paths[p.look.path]), where=Where()))
            for p in proposal.points if p not in points]  # fmt: skip
    return replace(proposal, tables=tuple(tables), points=tuple(points), left=(*proposal.left, *left))


def _of_its_rows(problem: Problem, table: TableProposal) -> bool:
    """Whether a problem of a sheet that is read in parts is one of this part's rows, or of no row."""
    rows, row = table.look.sheet.rows, problem.where.row
    return row not in rows.index or all(text_of(rows.at[row, c]) == value for c, value in table.only.items())


def _shown(problem: Problem, table: TableProposal) -> Problem:
    return replace(problem, where=replace(problem.where, file=table.look.path.name))


def _table(table: TableProposal, faults: Sequence[Problem]) -> TableProposal:
    codes = {p.code for p in faults}
    dated = next((p for p in faults if p.code == "period_undeclared"), None)
    if dated and not table.period.several:
        column, among = dated.params["column"], tuple(dated.params["periods"])
        return replace(table, period=replace(table.period, column=column, among=among))
    counts = all(m.of or m.numerator or m.off for m in table.meanings)
    if codes & set(REPEATED) and table.repeated == "refuse" and counts:
        return replace(table, repeated="sum", doubts=(*table.doubts, Said("repeated_sum")))
    meanings = tuple(_judged(m, faults, SLIPS * table.villages) for m in table.meanings)
    if meanings != table.meanings:
        return replace(table, meanings=meanings)
    return replace(table, off=faults[0])


def _judged(meaning: Meaning, faults: Sequence[Problem], slips: float) -> Meaning:
    """An indicator with the problems that its own columns have: rows to mend where they are few, else it is off."""
    if meaning.off or meaning.of or meaning.mend:
        return meaning
    known = indicators().get(meaning.id)
    labels = {known.label_id, known.label_en} if known else set(meaning.own.values())
    own = [p for p in faults if _named(p) & ({*meaning.columns} | labels)]
    rows = {p.where.row for p in own}
    if own and None not in rows and len(rows) <= max(1.0, slips):
        columns = " + ".join(meaning.columns)
        return replace(meaning, mend=tuple(_at(p, columns) for p in own))
    return replace(meaning, off=own[0]) if own else meaning


def _named(problem: Problem) -> set[str]:
    """The columns or the indicator that a problem speaks of."""
    told = (problem.params.get("column", ""), problem.params.get("indicator", ""))
    return {*problem.where.column.split(" + "), *map(str, told)}


def _at(problem: Problem, columns: str) -> Problem:
    """The problem with the columns to look at, where it names none."""
    return replace(problem, where=replace(problem.where, column=problem.where.column or columns))
