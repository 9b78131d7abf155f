"""What a table says that is hardly so: sums and percentages that disagree, columns that cannot be counts of people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lokus.errors import Problem, Where
from lokus.sources.headers import JOIN
from lokus.sources.numbers import Decimal
from lokus.sources.relations import counts_of, listed, numbers_of, percentages, sums

LISTED = 8
ROUND = 0.6  # a fifth of honest last digits are 0 or 5
ROUND_ROWS = 30
SAME = 0.95
SAME_ROWS = 20
LEAST_SAME = 10  # one midwife, two posyandu: small numbers may well be the same everywhere
RELATED = 0.6
OVER = 0.05  # the share of rows in which a column of filler passes the people there are
LEAST_OVER = 3
FAR = 6.0  # robust standard deviations
APART = 3.0
LARGE = 30  # people counted
_YEARS = range(1990, 2101)

# Columns that are numbers, yet count no people: their digits, repetitions and sizes say nothing.
_LABELS = re.compile(
    r"(?:no|nomor|nomer|nik|nip|hp|telp|telepon|rt|rw|tahun|thn|year|bulan|bln|month|tanggal|tgl|date|periode|semester"
    r"|triwulan|lat|lon|long|latitude|longitude|lintang|bujur|x|y|status|flag|kategori|target|peringkat|rank|ranking"
    r"|id|kode|kd|code)\b|(?:kode|code|kd|id)\d|.*\b(?:kode|code|id|idx|skor|score|indeks|index)$",
    re.I,
)
_MEASURES = re.compile(
    r"\b(?:luas|area|jarak|distance|km|km2|km²|m2|m²|ha|hektar|hektare|ketinggian|elevasi|altitude|mdpl|dpl|rp|rupiah"
    r"|anggaran|dana|biaya|pagu|apbdes|apbd|apbn|harga|pendapatan|belanja)\b",
    re.I,
)


def doubts(
    cells: pd.DataFrame,
    *,
    decimal: Decimal = "auto",
    elsewhere: pd.DataFrame | None = None,
    file: str = "",
    sheet: str = "",
) -> list[Problem]:
    """What in one table needs verification, as warnings: one for each kind and column, with its rows.

    `sum_disagrees`, `percent_disagrees`: a column that follows from others in at least four of five rows does not
    here. `filler_column`: counts that pass the people there are and go with nothing else. `same_value`: one number in
    nearly all rows. `copied_column`: two columns with the same numbers in every row. `round_numbers`: more than 60 %
    end in 0 or 5.

    cells: raw cells (object) of the columns that say no place, by row number. elsewhere: counts of people and
    families that other tables of the study give for the same rows, by header. The order of rows changes nothing, that
    of columns only which of several right sums is named, and which of two copies is called the copy.
    """
    numbers = numbers_of(cells, decimal)
    counts = counts_of(numbers)
    people = counts[[c for c in counts.columns if not _is_label(c)]]
    where = Where(file, sheet)
    return [
        *_sums(counts, where),
        *_percentages(numbers, counts, where),
        *_filler(people, elsewhere, where),
        *_repeated(people, numbers, where),
        *_copies(people, where),
        *_rounded(people, where),
    ]


def far_off(numerator: pd.Series, denominator: pd.Series) -> pd.Index:
    """The shares that stand alone, far from those of all other villages, though many people were counted.

    a = arcsin √((y + ⅜)/(n + ¾)); z = |a − median(a)| / √(s² + 1/4n), s = 1.4826·MAD(a), at least 0.05. Far off is
    z > 6 where the next village towards the median is more than 3 such standard deviations away; only n ≥ 30 count.

    Parameters: counts on one index. Returns labels of that index. Source: Anscombe 1948 (the angle, whose variance
    1/4n does not depend on the share); Hampel 1974 (MAD).
    """
    used = (denominator >= LARGE) & (numerator >= 0) & (numerator <= denominator)
    y, n = numerator[used], denominator[used]
    if len(y) < ROUND_ROWS:
        return y.index[:0]
    angle = np.arcsin(np.sqrt((y + 0.375) / (n + 0.75)))
    middle = float(angle.median())
    spread = max(1.4826 * float((angle - middle).abs().median()), 0.05)
    deviation = np.sqrt(spread**2 + 0.25 / n)
    ranked = angle.sort_values()
    gap = pd.Series(np.where(ranked > middle, ranked.diff(), -ranked.diff(-1)), index=ranked.index).reindex(y.index)
    return y.index[((angle - middle).abs() > FAR * deviation) & (gap > APART * deviation)]


def shares_far_off(
    villages: pd.DataFrame, indicator: str, label: str, rows: pd.Series, file: str = "", sheet: str = ""
) -> list[Problem]:
    """`share_far_off`: the villages whose share of one indicator is `far_off`, as one warning with their rows.

    villages: `village`, `numerator_…` and `denominator_…` of the indicator. rows: row number of each village's data.
    """
    numerator, denominator = villages[f"numerator_{indicator}"], villages[f"denominator_{indicator}"]
    found = sorted(far_off(numerator, denominator).intersection(rows.index), key=lambda code: int(rows[code]))
    if not found:
        return []
    share = numerator / denominator.where(denominator > 0) * 100
    told = {
        "village": villages.loc[found[0], "village"],
        "indicator": label,
        "share": float(share[found[0]]),
        "numerator": float(numerator[found[0]]),
        "denominator": float(denominator[found[0]]),
        "median": float(share.median()),
        "count": len(found),
        "rows": _few([int(rows[code]) for code in found]),
    }
    return [Problem("share_far_off", False, Where(file, sheet, int(rows[found[0]])), told)]


def _is_label(column: str) -> bool:
    words = column.replace("_", " ")
    return bool(_LABELS.match(words.rpartition(JOIN)[2]) or _MEASURES.search(words))


def _at(where: Where, column: str, rows: Sequence[Any] = ()) -> Where:
    return Where(where.file, where.sheet, int(rows[0]) if len(rows) else None, column)


def _few(shown: Sequence[Any]) -> str:
    return ", ".join(map(str, shown[:LISTED])) + (", …" if len(shown) > LISTED else "")


def _sums(counts: pd.DataFrame, where: Where) -> Iterator[Problem]:
    found = sums(counts)
    for column in dict.fromkeys(f.column for f in found):
        mine = [f for f in found if f.column == column]
        rows = sorted(set().union(*(f.broken for f in mine)))
        if not rows:
            continue
        first = next(f for f in mine if rows[0] in f.broken)
        numbers = [float(n) for n in counts.loc[rows[0], list(first.parts)]]
        told = {
            "parts": _few(listed(first.parts)),
            "numbers": [*numbers[:LISTED], *(["…"] if len(numbers) > LISTED else [])],
            "sum": float(first.expected[rows[0]]),
            "total": float(counts.loc[rows[0], column]),
            "count": len(rows),
            "of": len(first.expected),
            "rows": _few(rows),
        }
        yield Problem("sum_disagrees", False, _at(where, column, rows), told)


def _percentages(numbers: pd.DataFrame, counts: pd.DataFrame, where: Where) -> Iterator[Problem]:
    for found in percentages(numbers, counts):
        if rows := list(found.broken):
            told = {
                "part": float(counts.loc[rows[0], list(found.parts)].sum()),
                "whole": float(counts.loc[rows[0], found.whole]),
                "parts": " + ".join(listed(found.parts)),
                "of_column": found.whole.rpartition(JOIN)[2],
                "expected": float(found.expected[rows[0]] * found.unit),
                "written": float(numbers.loc[rows[0], found.column] * found.unit),
                "count": len(rows),
                "of": len(found.expected),
                "rows": _few(rows),
            }
            yield Problem("percent_disagrees", False, _at(where, found.column, rows), told)


def _filler(people: pd.DataFrame, elsewhere: pd.DataFrame | None, where: Where) -> Iterator[Problem]:
    """Columns that go with nothing where the others go with the size of a village, and that pass this size."""
    known = people if elsewhere is None else people.join(elsewhere.add_prefix("\0"))
    known = known.loc[:, known.notna().sum() >= SAME_ROWS]
    if known.shape[1] < 4:
        return
    related = known.rank().corr(min_periods=SAME_ROWS).abs()
    related = related.where(~np.eye(len(related), dtype=bool))
    core = (related > RELATED).sum().idxmax()
    block = related.index[(related[core] > RELATED) | (related.index == core)]
    if len(block) < max(3, len(related) / 2):
        return
    largest = known[block].median().idxmax()
    size = known[largest]
    for column in people.columns.intersection(known.columns).difference(block, sort=False):
        counted = int(people[column].notna().sum())
        over = people.index[people[column] > size]
        ends = people[column][people[column] >= 10].mod(10).value_counts(normalize=True)
        own = related.loc[block, column]
        unrelated = own.median() <= max(0.15, 2.5 / np.sqrt(counted)) and own.max() <= RELATED
        if unrelated and len(over) >= max(OVER * counted, LEAST_OVER) and len(ends) >= 8 and ends.iloc[0] < 0.3:
            told = {"size": largest.lstrip("\0"), "count": len(over), "of": counted, "rows": _few(list(over))}
            yield Problem("filler_column", False, _at(where, column), told)


def _repeated(people: pd.DataFrame, numbers: pd.DataFrame, where: Where) -> Iterator[Problem]:
    shares = {c: numbers[c].round(6).value_counts(normalize=True) for c in numbers if numbers[c].notna().any()}
    if sum(1 for s in shares.values() if s.iloc[0] < 0.5) < 3:
        return
    for column in people.columns:
        known, share = numbers[column].dropna(), shares[column]
        value = float(share.index[0])
        if len(known) >= SAME_ROWS and share.iloc[0] >= SAME and value >= LEAST_SAME and value not in _YEARS:
            told = {"value": value, "count": int((known == value).sum()), "of": len(known)}
            yield Problem("same_value", False, _at(where, column), told)


def _copies(people: pd.DataFrame, where: Where) -> Iterator[Problem]:
    first: dict[bytes, str] = {}
    for column in people.columns:
        known = people[column].dropna()
        if len(known) < SAME_ROWS or known[known > 0].nunique() < LEAST_SAME:
            continue
        other = first.setdefault(people[column].to_numpy().tobytes(), column)
        # Two services may well have one target group: the same first word says so.
        if other != column and _opening(other) != _opening(column):
            told = {"other": other, "count": len(known)}
            yield Problem("copied_column", False, _at(where, column), told)


def _opening(column: str) -> str:
    found = re.search(r"\w+", column.rpartition(JOIN)[2].casefold())
    return found[0] if found else ""


def _rounded(people: pd.DataFrame, where: Where) -> Iterator[Problem]:
    for column in people.columns:
        large = people[column][people[column] >= 10]
        ends = large.mod(5) == 0
        # One round number that many rows share is one number.
        once = ends[~large.duplicated()]
        if len(large) >= ROUND_ROWS and ends.mean() > ROUND and len(once) >= LEAST_SAME and once.mean() > ROUND:
            told = {"count": int(ends.sum()), "of": len(large)}
            yield Problem("round_numbers", False, _at(where, column), told)
