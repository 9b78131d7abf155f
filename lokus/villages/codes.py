"""Codes of villages in two systems that collide: Kemendagri codes are kept dotted, BPS codes undotted.

Kemendagri `PP.KK.CC.DDDD` (kabupaten 01–69, kota 71–99; DDDD begins with 1 for a kelurahan, 2 for a desa);
BPS `PPKKCCCDDD`. The system is always declared, never read off the digits.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import accumulate
from typing import Any, Literal, TypeVar, cast

import numpy as np
import pandas as pd

CodeSystem = Literal["kemendagri", "bps"]
Codes = TypeVar("Codes")

SPACES = re.compile(r"[\s\u200b\ufeff]+")
SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d{1,2}")
WHOLE = re.compile(r"(\d{10})[.,]0+")
# What the parts of a code name, from the first.
LEVELS = ("provinsi", "kabupaten/kota", "kecamatan", "desa")
PARTS: dict[CodeSystem, tuple[int, ...]] = {"kemendagri": (2, 2, 2, 4), "bps": (2, 2, 3, 3)}
ENDS = {system: set(accumulate(lengths)) for system, lengths in PARTS.items()}
SEPARATORS: dict[CodeSystem, re.Pattern[str]] = {
    "kemendagri": re.compile(r"[.\-/,_ ]+"),
    "bps": re.compile(r"[\-/_ ]+"),
}


def parse(text: object, system: CodeSystem) -> str | None:
    """The canonical code of a village as `system` writes it, or None where the cell holds no such code.

    Numbers, float text ("1704012001.0"), scientific text with all its digits, spaces and other separators, and the "ID"
    of HDX P-codes (BPS) are repaired; whatever lost a digit is not: provinces are 11–97, so no code begins with a zero
    and nine digits are a damaged code.

    >>> parse(1603012001.0, "kemendagri"), parse("ID1603012001", "bps"), parse("16.03.01.2001", "bps")
    ('16.03.01.2001', '1603012001', None)
    """
    if system not in PARTS:
        raise ValueError(f"system is one of {tuple(PARTS)}, not {system!r}")
    parts = _parts(text, system)
    if len(parts) < len(LEVELS) or any(not part.strip("0") for part in parts):
        return None
    return (".".join if system == "kemendagri" else "".join)(parts)


def level(text: object, system: CodeSystem) -> str:
    """What area a cell's code is of, one of `LEVELS`; "" where it holds no code. Closing parts of zeros name nothing.

    >>> level("17.04.01", "kemendagri"), level("ID1704010", "bps"), level("1704000000", "bps"), level("170401", "bps")
    ('kecamatan', 'kecamatan', 'kabupaten/kota', '')
    """
    named = [bool(part.strip("0")) for part in _parts(text, system)]
    last = max((n for n, any_ in enumerate(named, 1) if any_), default=0)
    return LEVELS[last - 1] if last and all(named[:last]) else ""


def parse_series(values: pd.Series, system: CodeSystem) -> pd.Series:
    """`parse` over a whole column: str on the same index, missing where the cell holds no code."""
    known = {value: parse(value, system) for value in pd.unique(values)}
    return pd.Series([known.get(v) for v in values], index=values.index, name=values.name, dtype="str")


def province_of(code: Codes) -> Codes:
    """The province of a code or a column of codes: `PP` in both systems."""
    return _over(code, lambda c: c[:2])


def kabupaten_of(code: Codes) -> Codes:
    """The kabupaten of a code or a column of codes: `PP.KK` (Kemendagri), `PPKK` (BPS).

    >>> kabupaten_of("16.03.01.2001"), kabupaten_of("1603012001")
    ('16.03', '1603')
    """
    return _over(code, lambda c: c[:5] if "." in c else c[:4])


def kecamatan_of(code: Codes) -> Codes:
    """The kecamatan of a code or a column of codes: `PP.KK.CC` (Kemendagri), `PPKKCCC` (BPS)."""
    return _over(code, lambda c: c[:8] if "." in c else c[:7])


def kind_of(code: Codes) -> Codes:
    """ "kelurahan", "desa" or "" for a code or a column of codes; BPS codes do not tell, nor does a missing code."""
    kinds = {"1": "kelurahan", "2": "desa"}
    return _over(code, lambda c: kinds.get(c[9:10], "") if "." in c else "", missing="")


def is_kota(kabupaten_code: str) -> bool:
    """Whether a kabupaten code of either system is a kota's (71–99)."""
    return int(kabupaten_code.replace(".", "")[2:4] or 0) > 70


def _over(code: Codes, part: Callable[[str], str], missing: Any = np.nan) -> Codes:
    values: Any = code
    if isinstance(values, str):
        return cast(Codes, part(values))
    parts = [part(c) if isinstance(c, str) else missing for c in values]
    if isinstance(values, pd.Index):
        return cast(Codes, pd.Index(parts, dtype="str", name=values.name))
    return cast(Codes, pd.Series(parts, index=values.index, dtype="str", name=values.name))


def _written(text: object) -> str:
    if isinstance(text, str):
        written = SPACES.sub(" ", text).strip(" '`.;")
        return written if not SCIENTIFIC.fullmatch(written) else _plain(written)
    if isinstance(text, (bool, np.bool_)):
        return ""
    if isinstance(text, (int, np.integer)):
        return str(int(text))
    if isinstance(text, (float, np.floating)) and math.isfinite(text) and float(text).is_integer():
        return str(int(text))
    return ""


def _plain(scientific: str) -> str:
    number = Decimal(scientific.replace(",", "."))
    # A positive exponent left over means digits that were never written: 1.70401E+09 is no code.
    return str(int(number)) if number.as_tuple().exponent == 0 else ""


def _parts(text: object, system: CodeSystem) -> list[str]:
    """The parts of a code of any level; none where the cell holds no code of the system."""
    written = _written(text)
    if system == "bps" and written[:2].upper() == "ID":
        written = written[2:].strip()
    whole = WHOLE.fullmatch(written)
    groups = [whole[1]] if whole else SEPARATORS[system].split(written)
    if not all(g.isascii() and g.isdigit() for g in groups):
        return []
    if system == "kemendagri" and 2 <= len(groups) <= len(LEVELS):
        # Spreadsheets write 17.4.1.2001; with all parts standing a lost zero has only one place.
        groups = [groups[0], *(g.zfill(2) for g in groups[1:3]), *groups[3:]]
    digits = "".join(groups)
    if not _ends(groups) <= ENDS[system] or not 11 <= int(digits[:2]) <= 97:
        return []
    return [part for part in _split(digits, PARTS[system]) if part]


def _ends(groups: Iterable[str]) -> set[int]:
    return set(accumulate(len(g) for g in groups))


def _split(digits: str, lengths: tuple[int, ...]) -> list[str]:
    ends = list(accumulate(lengths))
    return [digits[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]
