"""What no file tells and a person at the terminal does: periods, offices, the year and the number of villages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lokus.catalog import indicators
from lokus.proposal.proposing import next_year
from lokus.proposal.records import Blank, Fill, Period, Proposal, Said, TableProposal
from lokus.sources.periods import parse_period
from lokus.study.model import Heading


class _Gone(Exception):
    """Nobody answers (any more)."""


def filled(proposal: Proposal, fill: Fill) -> Proposal:
    """The proposal with what a person wrote; what nobody answered stays a TODO."""

    def ask(code: str, proposed: str = "", fits: Callable[[str], bool] = lambda _: True, **about: object) -> str:
        answer = fill(Blank(Said(code, about), proposed, fits))
        if answer is None:
            raise _Gone
        return answer

    try:
        for n, table in enumerate(proposal.tables):
            if table.off or (table.use == "table" and all(m.off for m in table.meanings)):
                continue
            told = replace(_dated(table, ask), source=ask("ask_source", office(table), file=table.name))
            proposal = replace(proposal, tables=(*proposal.tables[:n], told, *proposal.tables[n + 1 :]))
        proposal = replace(proposal, source=ask("ask_boundary_source", file=proposal.ground.path.name))
        year = ask("ask_year", str(next_year(proposal.tables)), _is_year)
        villages = len(proposal.ground.boundaries.places)
        count = ask("ask_count", str(proposal.count), _up_to(villages), villages=villages)
        return replace(proposal, year=int(year), count=int(count), settled=True)
    except _Gone:
        return proposal


def office(table: TableProposal) -> str:
    """The office that a table is most likely of: that of its first indicator."""
    known = (indicators().get(m.id) for m in table.meanings if not m.off)
    return next((k.owner for k in known if k), "")


def _dated(table: TableProposal, ask: Callable[..., str]) -> TableProposal:
    if table.period.key[0]:
        return table
    text = ask("ask_period", table.period.text, file=table.name)
    read = parse_period(text)
    period: Period = replace(table.period, text=text, key=(read.year, read.end) if read else (0, 0))
    doubts = tuple(d for d in table.doubts if not (text and isinstance(d, Said) and d.code == "period_unknown"))
    return replace(table, period=period, doubts=doubts)


def _is_year(text: str) -> bool:
    try:
        Heading.model_validate({"title": "–", "year": text})
    except ValueError:
        return False
    return True


def _up_to(most: int) -> Callable[[str], bool]:
    return lambda text: text.isdecimal() and 1 <= int(text) <= most
