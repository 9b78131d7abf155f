"""Headers with a `*`: all number columns of a wide table that a study means at once, such as an age pyramid's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from lokus.errors import Problem, Where
from lokus.sources.cells import text_of
from lokus.sources.headers import JOIN
from lokus.sources.numbers import is_missing, looks_numeric
from lokus.sources.sheets import Sheet, folded, nearest_columns

STAR = "*"
# A column that is mostly numbers, blanks aside: a remark or two may stand among them.
NUMERIC = 0.9
MOST_SHOWN = 8
# How a column of sums is headed: Jumlah, Total, L+P, "Jumlah L + P", "Jumlah (3+4)".
TOTAL = re.compile(r"(?:(?:sub)?(?:jumlah|total|jml)\b|l\s*\+\s*p\b).*", re.I)


def expand(table: Sheet, columns: Mapping[str, Sequence[str]]) -> tuple[dict[str, list[str]], list[Problem]]:
    """The headers of every key with those that hold a `*` replaced by the number columns they match.

    `*` stands for any text; case, spaces and punctuation do not count, and a header may be the closing part of a path.
    Columns of sums among the matches are left out, unless the header itself names them. Each use is told with what it
    summed; a `*` that matches no number column is fatal. A per cent cannot be summed, so its headers stay as they are.
    """
    problems: dict[str, Problem] = {}
    told: dict[str, list[str]] = {}
    for key, headers in columns.items():
        told[key] = []
        for header in headers:
            if STAR not in header or text_of(header) in table.columns or key.endswith(".percent"):
                told[key].append(header)
                continue
            matches, totals = _matches(table, header)
            told[key] += [c for c in matches if c not in told[key]]
            problems[header] = _problem(table, header, matches, totals)
    return told, list(problems.values())


def _matches(table: Sheet, header: str) -> tuple[list[str], list[str]]:
    """The number columns a header means, and the columns of sums left out."""
    pattern = re.compile(".*".join(re.escape(folded(part)) for part in header.split(STAR)))
    meant = {c: [c] for c in table.columns if pattern.fullmatch(folded(c))}
    meant = meant or {
        c: tails for c in table.columns if (tails := [t for t in _tails(c) if pattern.fullmatch(folded(t))])
    }
    numeric = [c for c in meant if _is_numeric(table.rows[c])]
    said = {folded(part) for part in header.split(JOIN)}
    left_open = {c: [part for part in meant[c][0].split(JOIN) if folded(part) not in said] for c in numeric}
    asked = any(TOTAL.fullmatch(part) for part in header.replace(STAR, "").split(JOIN))
    totals = [c for c in numeric if not asked and any(map(TOTAL.fullmatch, left_open[c]))]
    return [c for c in numeric if c not in totals], totals


def _tails(column: str) -> list[str]:
    parts = column.split(JOIN)
    return [JOIN.join(parts[i:]) for i in range(1, len(parts))]


def _is_numeric(cells: Iterable[object]) -> bool:
    filled = [cell for cell in cells if not is_missing(cell)]
    return bool(filled) and sum(map(looks_numeric, filled)) >= NUMERIC * len(filled)


def _problem(table: Sheet, header: str, matches: list[str], totals: list[str]) -> Problem:
    where = Where(table.file, table.name, column=header)
    if not matches:
        return Problem("columns_match_nothing", True, where, {"nearest": nearest_columns(table.columns, header)})
    told = {"count": len(matches), "columns": _few(matches), "left_out": _few(totals) or "–"}
    return Problem("columns_summed", False, where, told)


def _few(columns: list[str]) -> list[str]:
    return [*columns[:MOST_SHOWN], "…"] if len(columns) > MOST_SHOWN else columns
