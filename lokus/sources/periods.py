"""Which month, quarter, semester or year a row is of; which of them a study takes; and what hardly changes so.

A table with a row for each village and month is never summed by accident: one period is chosen, or all by name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import NamedTuple

import pandas as pd

from lokus.errors import Problem, Where
from lokus.sources.cells import text_of
from lokus.sources.headers import JOIN
from lokus.sources.places import filled_down
from lokus.sources.sheets import Sheet

LATEST, ALL = "latest", "all"
# Villages that must have values in two periods before their likeness says anything.
LEAST_COMPARED = 5
UNCHANGED = 0.8
JUMP = 2.0
MOST_SHOWN = 12
LOOK = 20

MONTHS = (
    ("januari", "january"), ("februari", "february", "pebruari"), ("maret", "march", "mrt"), ("april",),
    ("mei", "may"), ("juni", "june"), ("juli", "july"), ("agustus", "august", "agt", "agst", "ags"), ("september",),
    ("oktober", "october"), ("november", "nopember"), ("desember", "december"),
)  # fmt: skip
LENGTHS = {
    "semester": 6, "sem": 6, "smt": 6, "smtr": 6, "s": 6, "triwulan": 3, "tw": 3, "kuartal": 3, "kwartal": 3,
    "quarter": 3, "q": 3, "caturwulan": 4, "cawu": 4,
}  # fmt: skip
ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
FILLING = frozenset(
    {
        "bulan", "bln", "month", "tahun", "thn", "th", "year", "periode", "period", "per", "tanggal", "tgl", "keadaan",
        "posisi", "data", "ke", "hari",
    }
)  # fmt: skip
# What a column's name must hold for bare numbers in it to be months or years.
NUMBERED = re.compile(r"bulan|bln|month|tahun|thn|year|periode|semester|triwulan|tw\b", re.I)

# What a column's name is where it tells a part of a year, or the year, of the same period as another column.
_BESIDE = re.compile(
    r"(?:(?P<part>bulan|bln|month|periode|period|semester|smt|triwulan|tw|kuartal|quarter)|tahun|thn|th|year)"
    r"(?: (?:data|lapor\w*|pelaporan|ukur|pengukuran|timbang|penimbangan|ke))?"
)

_YEAR = r"(?P<year>(?:19|20)\d\d)"
_NUMBER = r"(?P<number>\d\d?)"
_PART = rf"(?P<part>{'|'.join(LENGTHS)}) (?P<nth>[1-4]|i{{1,3}}|iv)"
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"{_YEAR} {_NUMBER}(?: \d\d?)?(?: \d\d? \d\d(?: \d+)*)?",
        rf"(?:\d\d? )?{_NUMBER} {_YEAR}(?: \d\d? \d\d(?: \d+)*)?",
        rf"{_YEAR}(?P<number>\d\d)(?:\d\d)?",
        _YEAR,
        r"(?:\d\d? )?(?P<month>[a-z]{3,})(?: (?P<year>(?:(?:19|20)\d\d|\d\d)))?",
        rf"{_YEAR} (?P<month>[a-z]{{3,}})(?: \d\d?)?",
        rf"{_PART}(?: {_YEAR})?",
        rf"{_YEAR} {_PART}",
        _NUMBER,
    )
)


class Period(NamedTuple):
    """A stretch of time that sorts by its end. `year` 0: not told. `end`: its last month. `months`: its length, 0 for a
    bare number, of which only the order is known. Days count by their month."""

    year: int
    end: int
    months: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """The rows of the chosen period, what that period is called in the file, and the period of every row."""

    kept: pd.Index
    period: str
    periods: pd.Series
    problems: tuple[Problem, ...] = ()


@lru_cache(maxsize=1 << 14)
def parse_period(text: str) -> Period | None:
    """The period a cell names, in the forms of Indonesian and English offices; None where it names none.

    >>> parse_period("Sem 2 2024"), parse_period("TW I 2024"), parse_period("2024-02")
    (Period(year=2024, end=12, months=6), Period(year=2024, end=3, months=3), Period(year=2024, end=2, months=1))
    >>> parse_period("17/01/2024") == parse_period("Januari 2024"), parse_period("SEPTEMBER").year
    (True, 0)
    """
    words = re.findall(r"[a-z]+|\d+", unicodedata.normalize("NFKC", text).casefold())
    plain = " ".join(word for word in words if word not in FILLING)
    forms = (found for form in _FORMS if (found := form.fullmatch(plain)))
    return next((period for found in forms if (period := _period(found.groupdict()))), None)


def choose(table: Sheet, column: str, wanted: str, among: pd.Index) -> Chosen:
    """The rows of one period among some rows of a table.

    Parameters: `column` holds the periods; `wanted` is "latest", "all", or a period as written or in another form.
    Rows without a period belong to none. A month and the year beside it are one period; months without any year are
    ordered within one, which is told.
    """
    own = _texts(table, column).loc[among]
    texts = dated(table, column).loc[among]
    known = {text: parse_period(text) for text in dict.fromkeys(texts) if text}
    periods = pd.Series([known.get(text) for text in texts], index=among, dtype=object)
    where = Where(table.file, table.name, column=column)
    meant, problem = _meant(known, wanted, where)
    if problem and problem.code == "period_absent" and wanted.casefold() in set(own.str.casefold()):
        texts, meant, problem = own, own[own.str.casefold() == wanted.casefold()].head(1).to_list(), None
    kept = among if wanted == ALL else texts.index[texts.isin(meant)]
    problems = [problem] if problem else []
    if (texts == "").any() and wanted != ALL:
        bare = texts.index[texts == ""]
        told = {"count": len(bare)}
        problems.append(Problem("period_blank", False, replace(where, row=int(bare[0])), told))
    shown = f"{next(iter(known), '')} – {[*known][-1]}" if wanted == ALL and known else next(iter(meant), "")
    return Chosen(kept, shown, periods, tuple(problems))


def dated(table: Sheet, column: str) -> pd.Series:
    """The periods of a column as its file writes them; of months and their years in two columns both: Februari 2025."""
    texts = _texts(table, column)
    told = {period for text in texts.unique() if (period := parse_period(text))}
    lacks_year, only_years = all(not p.year for p in told), all(p.months == 12 for p in told)
    if not told or not (lacks_year or only_years):
        return texts
    for other in table.columns:
        name = _BESIDE.fullmatch(" ".join(re.findall(r"[a-z]+", other.split(JOIN)[-1].casefold())))
        if other == column or not name or bool(name["part"]) == lacks_year:
            continue
        beside = _texts(table, other)
        known = [parse_period(text) for text in beside.unique() if text]
        if known and all(p and (p.months == 12 if lacks_year else not p.year) for p in known):
            part, year, of = (texts, beside, column) if lacks_year else (beside, texts, other)
            return _joined(part, year, of).where(texts != "", "")
    return texts


def _joined(parts: pd.Series, years: pd.Series, column: str) -> pd.Series:
    """Months and years in one text. A bare number is of what its column is called: 2 is Semester 2."""
    name = column.split(JOIN)[-1].split()[0]
    prefix = f"{name} " if name.casefold() in LENGTHS else ""
    numbered = parts.where(~parts.str.isdigit(), prefix + parts)
    return (numbered + " " + years).str.strip()


def _texts(table: Sheet, column: str) -> pd.Series:
    return filled_down(table, column, table.rows[column].map(text_of).astype("str"))


def period_columns(table: Sheet, used: Iterable[str]) -> pd.DataFrame:
    """The columns that look like periods: every filled cell names one, and there are several; texts by row number."""
    used = set(used)
    likely = [c for c in table.columns if c not in used and _may_be_dated(table.rows[c])]
    texts = {c: table.rows[c].map(text_of).astype("str") for c in likely}
    return pd.DataFrame({c: t for c, t in texts.items() if _looks_dated(c, t)}, index=table.rows.index)


def undeclared(dated: pd.DataFrame, villages: pd.Series, where: Where) -> Problem | None:
    """The problem of a table with several rows a village that a period column tells apart, which no study names.

    Parameters: `dated` as `period_columns` gives it; `villages` the village of each joined row, by row number.
    """
    repeated = villages[villages.duplicated(keep=False)]
    for column in dated:
        periods = dated.loc[repeated.index, column].map(parse_period)
        several = periods.groupby(repeated.to_numpy()).agg(lambda told: len(set(told)) > 1)
        if len(several) and several.mean() >= 1 / 2:
            named = list(dict.fromkeys(text for text in dated.loc[repeated.index, column] if text))
            told = {"column": column, "periods": named[:MOST_SHOWN], "villages": len(several)}
            return Problem("period_undeclared", True, replace(where, column=column), told)
    return None


def doubtful(
    values: pd.DataFrame, periods: pd.Series, places: pd.DataFrame, columns: Mapping[str, Sequence[str]], where: Where
) -> Iterator[Problem]:
    """Values that stay as they are from period to period, and totals that halve or double between two of them.

    Parameters: `values`, `periods`, `places` by row number; `columns` the headers each column of `values` is summed
    from. Only places with values in both periods are compared; a target group may well stay the same.
    """
    ordered = sorted({period for period in periods if period})
    if len(ordered) < 2:
        return
    place = pd.Series(["\n".join(row).casefold() for row in places.itertuples(index=False)], index=places.index)
    turn = periods.map({period: n for n, period in enumerate(ordered)})
    for key in values:
        role = key.rpartition(".")[2]
        rows = pd.DataFrame({"place": place, "turn": turn, "value": values[key]}).dropna()
        grid = rows.pivot_table("value", "place", "turn", "sum").reindex(columns=range(len(ordered)))
        grid = grid.set_axis([_shown(period) for period in ordered], axis=1)
        at = replace(where, column=" + ".join(columns[key][:MOST_SHOWN]))
        if role != "denominator":
            yield from _unchanged(grid, at)
        if role != "percent":
            yield from _jumps(grid, at)


def _unchanged(grid: pd.DataFrame, where: Where) -> Iterator[Problem]:
    compared = grid[(grid.notna().sum(axis=1) > 1) & (grid.abs().max(axis=1) > 0)]
    same = compared.max(axis=1) == compared.min(axis=1)
    if len(compared) >= LEAST_COMPARED and same.mean() > UNCHANGED:
        yield Problem("period_values_repeated", False, where, {"same": int(same.sum()), "count": len(compared)})


def _jumps(grid: pd.DataFrame, where: Where) -> Iterator[Problem]:
    for n in range(1, grid.shape[1]):
        both = grid.iloc[:, n - 1 : n + 1].dropna()
        first, second = (float(total) for total in both.sum())
        jumps = min(first, second) * JUMP <= max(first, second) and max(first, second) > 0
        if len(both) >= LEAST_COMPARED and jumps:
            told = {"before": first, "after": second, "count": len(both), "first": both.columns[0]}
            yield Problem("period_total_jumps", False, where, {**told, "second": both.columns[1]})


def _shown(period: Period) -> str:
    if not period.months:
        return str(period.end)
    month = MONTHS[period.end - 1][0].capitalize()
    month = month if period.months == 1 else f"{MONTHS[period.end - period.months][0].capitalize()}–{month}"
    return f"{month} {period.year}" if period.year else month


def _meant(known: Mapping[str, Period | None], wanted: str, where: Where) -> tuple[list[str], Problem | None]:
    """The texts of the wanted period, the first as the file writes it, and what is wrong or doubtful about it."""
    if wanted == ALL:
        return [], None
    told = {"choose": wanted, "periods": list(known)[:MOST_SHOWN]}
    if wanted != LATEST:
        same = [text for text in known if text.casefold() == wanted.casefold()]
        meant = parse_period(wanted)
        same = same or [text for text, period in known.items() if meant and period == meant]
        return same, None if same else Problem("period_absent", True, where, told)
    unread = [text for text, period in known.items() if period is None]
    read = [period for period in known.values() if period]
    if unread or not read or len({period.year == 0 for period in read}) > 1:
        return [], Problem("period_unordered", True, where, {"periods": (unread or list(known))[:MOST_SHOWN] or "–"})
    last = max(read)
    same = [text for text, period in known.items() if period == last]
    yearless = Problem("period_without_year", False, where, {"period": same[0], **told})
    return same, yearless if not last.year and len(set(read)) > 1 else None


def _may_be_dated(cells: pd.Series) -> bool:
    """A look at the first cells: most columns are names or counts, and tables of a country are long."""
    return all(parse_period(text) for cell in cells.iloc[:LOOK] if (text := text_of(cell)))


def _looks_dated(column: str, texts: pd.Series) -> bool:
    filled = texts[texts != ""].unique()
    periods = {parse_period(text) for text in filled}
    if len(periods) < 2 or None in periods:
        return False
    numbers = all(text.replace(".", "").isdigit() for text in filled)
    return not numbers or NUMBERED.search(column.split(JOIN)[-1]) is not None


def _period(said: Mapping[str, str | None]) -> Period | None:
    written = said.get("year") or "0000"
    year = int(written) + (2000 if len(written) == 2 else 0)
    if part := said.get("part"):
        nth, months = said["nth"] or "", LENGTHS[part]
        end = (ROMAN.get(nth) or int(nth)) * months
    elif "month" in said:
        end, months = _month(said["month"] or ""), 1
    elif number := said.get("number"):
        end, months = int(number), 1 if year else 0
    else:
        end, months = 12, 12
    return Period(year, end, months) if 1 <= end <= 12 else None


@cache
def _month(word: str) -> int:
    """1–12 for a month's name or its beginning, from three letters on; 0 for another word."""
    return next((n for n, names in enumerate(MONTHS, 1) if any(name.startswith(word) for name in names)), 0)
