"""What a table with several rows of a village is: parts to add up, one number on many lines, or copies to remove."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pandas as pd

from lokus.catalog.headings import fits, lists, words
from lokus.errors import Problem
from lokus.proposal.records import Said, TableProposal
from lokus.sources.cells import text_of
from lokus.sources.numbers import parse_numbers
from lokus.sources.periods import period_columns

REPEATED = ("repeated_village", "repeated_villages")
# The share of villages whose rows a column must tell apart.
MOSTLY = 0.5


def decided(table: TableProposal, faults: Sequence[Problem]) -> TableProposal | None:
    """The table with its repeated rows taken as they are meant, or waiting to be mended; None where nothing is sure."""
    told = [p for p in faults if p.code in REPEATED]
    groups = [[int(row) for row in p.params["rows"]] for p in told if p.code == REPEATED[0]]
    rows = table.look.sheet.rows
    groups = [group for group in groups if rows.index.isin(group).sum() == len(group)]
    if not groups or table.repeated != "refuse":
        return None
    texts = rows.map(text_of)
    copies = [row for group in groups for row in texts.loc[group].index[texts.loc[group].duplicated()]]
    doubts = [Said("repeated_copies", {"rows": [str(row) for row in copies]})] if copies else []
    parts = table.fill_down or any(_apart(texts[c], groups) for c in _telling(table, texts))
    if parts and not _dated(table, groups):
        if _once(table, texts, groups):
            return replace(table, repeated="first", doubts=(*table.doubts, Said("repeated_first"), *doubts))
        if not all(m.of or m.numerator or m.off for m in table.meanings):
            return None
        return replace(table, repeated="sum", doubts=(*table.doubts, Said("repeated_sum"), *doubts))
    waiting = [m for m in table.meanings if not (m.off or m.of)]
    # Each waits for all the rows; they are told with the first.
    mends = {id(m): tuple(told if m is waiting[0] else told[:1]) for m in waiting}
    meanings = tuple(replace(m, mend=(*m.mend, *mends.get(id(m), ()))) for m in table.meanings)
    return replace(table, meanings=meanings, doubts=(*table.doubts, *doubts))


def _telling(table: TableProposal, texts: pd.DataFrame) -> Iterator[str]:
    """The columns that may say what the rows of a village are: names of units, and other text."""
    other = {*table.place.values(), *table.unused, *(c for m in table.meanings for c in m.columns)}
    unit = lists()["general"]["unit"]
    for column in (c for c in texts if c not in other):
        read = parse_numbers(texts[column])
        if fits(unit, words(column)) or read.values.notna().sum() < len(read.bad):
            yield column


def _apart(cells: pd.Series, groups: Sequence[Sequence[int]]) -> bool:
    apart = [cells.loc[group].is_unique and bool((cells.loc[group] != "").all()) for group in groups]
    return bool(sum(apart) >= MOSTLY * len(apart))


def _dated(table: TableProposal, groups: Sequence[Sequence[int]]) -> bool:
    dated = period_columns(table.look.sheet, [c for m in table.meanings for c in m.columns])
    return any(dated.loc[group].nunique().gt(1).any() for group in groups)


def _once(table: TableProposal, texts: pd.DataFrame, groups: Sequence[Sequence[int]]) -> bool:
    """Whether the numbers of every village stand on its first line only, or are the same on all of its lines."""
    used = list(dict.fromkeys(c for m in table.meanings if not m.off for c in m.columns))
    numbers = texts[used]
    return bool(used) and all(
        (numbers.loc[group[1:]] == "").all(axis=None) or numbers.loc[group].eq(numbers.loc[group[0]]).all(axis=None)
        for group in groups
    )
