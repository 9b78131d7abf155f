"""When the data of a table are of: a column of periods, a line above the header, the sheet's or the file's name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import combinations

from lokus.catalog.headings import fits, lists, words
from lokus.proposal.records import Look, Period, Said
from lokus.sources.cells import text_of
from lokus.sources.periods import FILLING, parse_period

_TIME = re.compile(r"\b\d{1,2}:\d\d(?::\d\d)?\b")
_WORD = re.compile(r"[^\W\d_]+|\d+")
MOST_WORDS = 6


def named(text: str) -> Period | None:
    """The period named within a line or a file's name, as written there; None where there is none.

    >>> named("Data Tanggal : 2024-01-17 07:49:21").text, named("krs_verval_2024_sem2").key, named("Cakupan 12")
    ('2024-01-17', (2024, 12), None)
    """
    line = _TIME.sub(" ", text)
    spans = [found.span() for found in _WORD.finditer(line) if found[0].casefold() not in FILLING]
    windows = [(a, b) for a, b in combinations(range(len(spans) + 1), 2) if b - a <= MOST_WORDS]
    best: Period | None = None
    for first, end in sorted(windows, key=lambda w: (w[0] - w[1], w[0])):
        part = line[spans[first][0] : spans[end - 1][1]]
        told = parse_period(part)
        # Bare numbers and "s 1" stand in names for other things than periods.
        if told and (told.year or told.months == 1):
            found = Period(part.replace("_", " "), (told.year, told.end))
            if best is None or (found.key[0] > 0) > (best.key[0] > 0):
                best = found
    return best


def period_of(look: Look) -> Period:
    """The period of a table and what says so; of several in one column the latest, with a year told elsewhere."""
    places = [("period_title", t) for t in look.titles]
    places += [("period_sheet", look.sheet.name), ("period_file", look.path.stem)]
    around = [(code, text, found) for code, text in places if (found := named(text))]
    around.sort(key=lambda told: told[2].key[0] == 0)
    column = _period_column(look)
    if not column:
        if not around:
            return Period()
        code, text, found = around[0]
        return Period(found.text, found.key, Said(code, {"text": text}))
    texts = [t for t in dict.fromkeys(map(text_of, look.sheet.rows[column])) if t]
    known = {text: told for text in texts if (told := parse_period(text))}
    latest = max(known, key=lambda text: known[text])
    year, beside = known[latest].year, _year_beside(look, column, [p.key[0] for _, _, p in around])
    shown = latest if year or not beside else f"{latest} {beside}"
    said = Said("period_column", {"column": column, "text": latest, "several": len(texts)})
    return Period(shown, (year or beside, known[latest].end), said, column, latest, tuple(texts))


def _period_column(look: Look) -> str:
    """The column of periods that tells rows apart best: months before a year that is the same in all."""
    rows, rule = look.sheet.rows, lists()["periods"]["column"]
    dated = [c for c in rows.columns if fits(rule, words(c)) and _all_periods(rows[c])]
    return max(dated, key=lambda c: rows[c].map(text_of).nunique(), default="")


def _year_beside(look: Look, but: str, around: Iterable[int]) -> int:
    rows = look.sheet.rows
    columns = [c for c in rows.columns if c != but and "tahun" in words(c) and _all_periods(rows[c])]
    years = {told.year for c in columns for v in rows[c] if (told := parse_period(text_of(v)))}
    return years.pop() if len(years) == 1 else next((y for y in around if y), 0)


def _all_periods(cells: Iterable[object]) -> bool:
    texts = {text_of(c) for c in cells} - {""}  # type: ignore[arg-type]
    return bool(texts) and all(parse_period(t) for t in texts)
