"""Numbers written as text, in Indonesian or English notation, decided for each column from all its values."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

Decimal = Literal["auto", ",", "."]

# Written where there is no number. Excel's #N/A and #DIV/0! say the same: nothing was counted, or out of nobody.
MISSING = frozenset(
    {
        "", "-", "--", "---", "–", "—", "...", "…", "n/a", "na", "n.a.", "n.a", "nan", "null", "none", "#n/a",
        "#div/0!", "no data", "tidak ada data", "data tidak ada", "belum ada data", "tidak tersedia",
        "data tidak tersedia", "t.a.d.", "tad",
    }
)  # fmt: skip

_NUMERAL = re.compile(r"([+-]?)([0-9]+(?:[.,][0-9]+)*)(\s?%)?")
_EITHER = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
_WRITTEN = {
    ",": re.compile(r"(?:[0-9]+|[1-9][0-9]{0,2}(?:\.[0-9]{3})+)(?:,[0-9]+)?"),
    ".": re.compile(r"(?:[0-9]+|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.[0-9]+)?"),
}


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of numbers as they were written: 6,2 % is 6.2 with `percent` set.

    `values`: float64 on the index of the cells, NaN where missing, bad, or (all marked cells) ambiguous.
    `notation`: the decimal mark, "," or "."; "" where no cell needed one. `percent`: some cell carries a % sign.
    `bad`: the cells that are no number in this notation. `ambiguous`: nothing tells whether 1.234 is 1234.
    `unsigned`: how many numbers other than 0 lack the % sign that others carry.
    """

    values: pd.Series
    notation: str
    percent: bool
    bad: pd.Series
    ambiguous: bool
    unsigned: int = 0


def is_missing(cell: Any) -> bool:
    """Whether a cell says that there is no number: empty, a dash, "n/a", "tidak ada data".

    >>> is_missing(" - "), is_missing("0"), is_missing(float("nan"))
    (True, False, True)
    """
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return True
    if isinstance(cell, str):
        return " ".join(cell.split()).casefold() in MISSING
    return isinstance(cell, float) and math.isnan(cell)


def looks_numeric(cell: Any) -> bool:
    """Whether a cell holds a number or a text that some notation reads as one.

    >>> looks_numeric("1.234,5 %"), looks_numeric("16.03.01.2001"), looks_numeric("12 anak")
    (True, False, False)
    """
    if isinstance(cell, str):
        body = _body(cell)
        return body is not None and any(w.fullmatch(body[1]) for w in _WRITTEN.values())
    return _is_real(cell) and math.isfinite(cell)


def parse_numbers(values: pd.Series, decimal: Decimal = "auto") -> Numbers:
    """The numbers of one column; its notation follows from its own cells, and is never guessed.

    Both marks in a cell, two groups of thousands, a group that is not three digits long, a leading zero, or a
    per cent sign (nobody reaches 1.000 %) tell the decimal mark. A column whose marked cells all look like `1.234` is
    thousands where its plain cells beside a group ending in 0 rule decimals out (decimals are written to a fixed
    length, or without closing zeros); else it is ambiguous.

    values: cells of any type; Excel's numbers stay as they are. decimal: the mark to assume where the column does not
    tell. Returns `Numbers` on the index of `values`. Booleans, dates, units and inner spaces make a cell bad.

    >>> parse_numbers(pd.Series(["3.495", "1.234.567", "-"])).values.tolist()
    [3495.0, 1234567.0, nan]
    >>> parse_numbers(pd.Series(["1.234"])).ambiguous
    True
    """
    cells = values.to_numpy(dtype=object)
    out = np.full(len(cells), np.nan)
    written: dict[int, tuple[str, str, bool]] = {}
    bad: list[int] = []
    for i, cell in enumerate(cells):
        if is_missing(cell):
            continue
        body = _body(cell) if isinstance(cell, str) else None
        if body is not None:
            written[i] = body
        elif _is_real(cell) and math.isfinite(cell):
            out[i] = cell
        else:
            bad.append(i)
    notation, ambiguous = _notation(list(written.values()), decimal)
    read = _reader(notation)
    for i, (sign, digits, _) in written.items():
        if ambiguous and not digits.isdigit():
            continue
        number = read(digits)
        if number is None:
            bad.append(i)
        else:
            out[i] = -number if sign == "-" else number
    signed = np.array([i in written and written[i][2] for i in range(len(cells))], dtype=bool)
    bad.sort()
    return Numbers(
        values=pd.Series(out, index=values.index, name=values.name, dtype="float64"),
        notation=notation,
        percent=bool(signed.any()),
        bad=pd.Series(cells[bad], index=values.index[bad], name=values.name, dtype=object),
        ambiguous=ambiguous,
        unsigned=int(((out != 0) & np.isfinite(out) & ~signed).sum()) if signed.any() else 0,
    )


def _is_real(cell: Any) -> bool:
    return isinstance(cell, (int, float, np.integer, np.floating)) and not isinstance(cell, bool)


def _body(cell: str) -> tuple[str, str, bool] | None:
    """Sign, digits with their marks, and whether a % follows; None when the text is no numeral."""
    found = _NUMERAL.fullmatch(cell.strip())
    return None if found is None else (found[1], found[2], found[3] is not None)


def _notation(written: list[tuple[str, str, bool]], decimal: Decimal) -> tuple[str, bool]:
    only: Counter[str] = Counter()
    either: set[str] = set()
    for _, digits, percent in written:
        fits = [mark for mark, pattern in _WRITTEN.items() if pattern.fullmatch(digits)]
        if len(fits) == 1:
            only[fits[0]] += 1
        elif fits and not digits.isdigit():
            mark = "," if "," in digits else "."
            if percent:
                only[mark] += 1
            else:
                either.add(mark)
    if only[","] != only["."]:
        return ("," if only[","] > only["."] else "."), False
    if not either and not only:
        return "", False
    if len(either) == 1 and not only and _decimals_ruled_out([digits for _, digits, _ in written]):
        return ("," if either == {"."} else "."), False
    return ("", True) if decimal == "auto" else (decimal, False)


def _decimals_ruled_out(digits: list[str]) -> bool:
    marked = [d for d in digits if _EITHER.fullmatch(d)]
    plain = [d for d in digits if d.isdigit() and d.strip("0")]
    return bool(plain) and any(d.endswith("0") for d in marked)


def _reader(notation: str) -> Callable[[str], float | None]:
    decimal = notation or "."
    thousands = "." if decimal == "," else ","
    pattern = _WRITTEN[decimal]

    def read(digits: str) -> float | None:
        if pattern.fullmatch(digits) is None:
            return None
        return float(digits.replace(thousands, "").replace(",", "."))

    return read
