"""Does a table list persons? Told by its headings, by what stands beside a name, and by its cells alone.

The one home of that question. Such a table is refused before a cell of it can be told: every message may quote one.
The words are `catalog/persons.toml`; where a heading may mean counts or villages, the cells decide.
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import pandas as pd

from lokus.catalog.headings import fits, words
from lokus.errors import DataError, Problem, Where, masked
from lokus.sources.cells import letters, text_of
from lokus.sources.headers import JOIN
from lokus.sources.numbers import is_missing, parse_numbers
from lokus.villages.names import squeeze

# Rows looked at: a list of a million persons shows what it is in a few hundred.
LOOK = 300
HALF, MOSTLY, UNIQUE = 0.5, 0.8, 0.9
FEW, LEAST_ROWS = 3, 10
# Rows a village from which on a table has several.
SEVERAL = 1.5
# Posyandu and schools bear the words of `cells.institution` so often, and have two words in their names so seldom.
INSTITUTIONS = TWO_WORDS = 1 / 3
# A number under a heading of persons is a count of them below this, and a day of Excel's between.
COUNT, DAY = 1e7, 2e4
HEIGHTS = (35, 140)
DECIMALS = 0.2
APART_DAYS = 180
NOWHERE: Mapping[str, str] = MappingProxyType({})

# PPKKCC, then day (40 more for women), month and year of birth, then four digits; also as Excel damages it, 1,7E+15.
_NIK = re.compile(r"(?<!\d)[1-9]\d{5}(?:[04][1-9]|[1256]\d|[37][01])(?:0[1-9]|1[0-2])\d{6}(?!\d)|\d[.,]\d+E\+15$", re.I)
_DATE = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d\d)|(\d{4})-(\d\d)-(\d\d)(?: .*)?")
_AGE = re.compile(r"\d+\s*(?:tahun|thn|th|bulan|bln)\b.*\d+\s*(?:bulan|bln|hari|hr|minggu|mgg)\b.*", re.I)
_NAME = re.compile(r"[^\W\d_][^\d_@/\\:;|]{2,59}")
# What stands between several names in a cell, and before each: "1. AMINAH ZA, 2. BUDI ZA".
_PARTS = re.compile(r"\s*(?:[,;/|\n]|\bdan\b|&|(?<!\w)\d+[.)])\s*")
MOST_WORDS = 5
NIK_DIGITS, DIGITS_FROM = 16, 1e15
_SIGNED = re.compile(r"(?:\ba\s*[./]\s*n\b\.?|\ban\.|\batas nama\b)[\s:]*\S.*", re.I)


def persons_in(
    columns: Sequence[str], rows: pd.DataFrame, *, place: Mapping[str, str] = NOWHERE, villages: Collection[str] = ()
) -> list[str]:
    """The letters of the columns by which a table lists persons; none where it lists none.

    columns, rows: as in `sheets.Sheet`. place: the column of each part of the place, where a study says it. villages:
    the names of the villages meant, squeezed (`names.squeeze`), where they are known.

    >>> persons_in(["No", "Nama Anak", "Desa"], pd.DataFrame()), persons_in(["Desa", "Nama Posyandu"], pd.DataFrame())
    (['B'], [])
    """
    some = rows.iloc[:: max(1, len(rows) // LOOK)]
    looked = [
        Column(letters(i), c, [_text(cell) for cell in (some.iloc[:, i] if i < some.shape[1] else ())])
        for i, c in enumerate(columns)
    ]
    village = _village(looked, place.get("village") or place.get("code") or "")
    known = village is not None and not rows.empty
    several = known and len(rows) >= SEVERAL * rows.iloc[:, village].map(text_of).nunique()
    told = frozenset(c.letter for c in looked if c.heading in place.values())
    found = _Table(looked, told, villages, len(rows), several, known).evidence()
    if not found and any(_holds_nik(c) or _date(c) for c in columns):
        # The first person of a list without a header stands in the place of the headings.
        unheaded = [Column(c.letter, "", [c.heading, *c.texts]) for c in looked]
        found = _Table(unheaded, told, villages, len(rows) + 1, several=True, known=False).evidence()
    return [c.letter for c in found]


def refuse(file: str, found: Sequence[str]) -> None:
    """`DataError` where columns list persons: neither a cell nor the sheet's name is told, both may be a person's."""
    if found:
        raise DataError([Problem("table_of_persons", True, Where(file), {"columns": list(found)})])


def unsigned(text: str) -> str:
    """A cell of a title or a note without the person it may name.

    >>> unsigned("Daftar sasaran a.n. AMINAH"), unsigned("Bidan desa: SITI"), unsigned("Puskesmas: SARUDU")
    ('Daftar sasaran …', 'Bidan desa: …', 'Puskesmas: SARUDU')
    """
    label, colon, said = text.partition(":")
    told, before = _lists()["signed"], [*re.findall(r"\w+", label.casefold()), ""]
    named = " ".join(before).startswith(tuple(f"{who} " for who in told["before"]))
    if said.strip() and named and not set(before) & set(told["not_before"]):
        return f"{label}{colon} …"
    return str(masked(_SIGNED.sub("…", text)))


def rows_of_persons(rows: pd.DataFrame) -> list[Any]:
    """The labels of rows with an identity number in a column that has no such numbers elsewhere, as codes of areas do.

    >>> rows_of_persons(pd.DataFrame({"Diukur": [30, "40", "1601956811230004"]}))
    [2]
    """
    found: dict[Any, None] = {}
    for i in range(rows.shape[1]):
        cells = rows.iloc[:, i]
        long = [at for at, cell in cells.items() if _is_long(cell)]
        if len(long) < HALF * len(cells):
            found |= {at: None for at in long if _holds_nik(text_of(cells[at]))}
    return list(found)


def _is_long(cell: Any) -> bool:
    return len(cell) >= NIK_DIGITS if isinstance(cell, str) else isinstance(cell, int | float) and cell > DIGITS_FROM


def tellable(text: str) -> bool:
    """Whether a cell that should be a number may be quoted: neither a date nor a word that may be a name.

    >>> [tellable(t) for t in ("12 anak", "ya", "1o", "AMINAH", "3 (BUDI)", "28/11/2023")]
    [True, True, True, False, False, False]
    """
    known = _lists()["cells"]["quoted"]
    return not _DATE.search(text) and all(len(w) < FEW or w in known for w in re.findall(r"[^\W\d_]+", text.casefold()))


@lru_cache(maxsize=4096)
def spelled(heading: str) -> frozenset[str]:
    """The words of a heading, those written together parted.

    >>> sorted(spelled("NAMALENGKAPANAK")), sorted(spelled("TglLahir")), sorted(spelled("N A M A"))
    (['anak', 'lengkap', 'nama'], ['lahir', 'tgl'], ['nama'])
    """
    line = unicodedata.normalize("NFKC", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", heading)).casefold()
    line = re.sub(r"\b(?:\w ){3,}\w\b", lambda m: m[0].replace(" ", ""), line)
    glued = rf"\b(?:{'|'.join(_lists()['glued'])})\w+"
    return words(re.sub(glued, lambda m: " ".join(_parted(m[0])) or m[0], line))


def _parted(word: str) -> list[str]:
    """The known words that one is written together of; none where it is not."""
    if word in _vocabulary():
        return [word]
    firsts = (word[:n] for n in range(2, len(word) - 1) if word[:n] in _vocabulary())
    return next(([first, *rest] for first in firsts if (rest := _parted(word[len(first) :]))), [])


@dataclass(frozen=True)
class Column:
    """One column: its letter, its heading, and the cells looked at, as text."""

    letter: str
    heading: str
    texts: Sequence[str]

    @cached_property
    def said(self) -> tuple[frozenset[str], frozenset[str]]:
        """The words of the last part of the heading, and of all of it."""
        return spelled(self.heading.split(JOIN)[-1]), spelled(self.heading)

    @cached_property
    def filled(self) -> list[str]:
        return [t for t in self.texts if not is_missing(t)]

    @cached_property
    def values(self) -> pd.Series:
        return parse_numbers(pd.Series(self.filled, dtype=object), ",").values

    def fits(self, rules: Iterable[str]) -> bool:
        return any(fits(rule, said) for rule in rules for said in self.said)

    def has(self, listed: str, of: str) -> bool:
        """Whether a word of a list stands anywhere in the heading."""
        return bool(self.said[1] & set(_lists()[of][listed]))

    def share(self, holds: Callable[[str], object]) -> float:
        """The share of filled cells of a kind; 0 where none is filled."""
        return sum(1 for t in self.filled if holds(t)) / len(self.filled) if self.filled else 0.0

    def is_counts(self, most: float = COUNT) -> bool:
        """Whole numbers that can be people."""
        return bool(self.filled) and bool(((self.values % 1 == 0) & (self.values < most)).mean() >= UNIQUE)

    @cached_property
    def is_names(self) -> bool:
        """Words without digits, hardly one of them twice."""
        return self.share(_NAME.fullmatch) >= MOSTLY and len(set(self.filled)) >= UNIQUE * len(self.filled)

    @cached_property
    def holds_people(self) -> bool:
        """Cells of two to five words each, or of several such parts, and neither prose nor institutions; each as often
        as it may be: a child is listed every month."""
        if len(set(self.filled)) < FEW or self.is_institutions:
            return False
        return self.share(_is_named) >= MOSTLY and self.share(_is_prose) < TWO_WORDS

    @cached_property
    def is_full_names(self) -> bool:
        """Such cells, hardly one of them twice."""
        return len(set(self.filled)) >= UNIQUE * len(self.filled) and self.holds_people

    @cached_property
    def is_institutions(self) -> bool:
        known = frozenset(_lists()["cells"]["institution"])
        return self.share(lambda t: known & set(re.findall(r"[^\W\d_]+", t.casefold()))) >= INSTITUTIONS

    def is_villages(self, villages: Collection[str]) -> bool:
        found = {squeeze(t) for t in self.filled} if villages else set()
        return bool(found) and sum(1 for t in found if t in villages) >= HALF * len(found)


@dataclass(frozen=True)
class _Table:
    """`place`: the columns that say where a row is. `several`: villages have many rows; `known`: there is a column of
    villages, so that another one called "Nama" is none."""

    columns: Sequence[Column]
    place: frozenset[str]
    villages: Collection[str]
    rows: int
    several: bool
    known: bool

    def evidence(self) -> list[Column]:
        """The columns that tell persons, by the surest kind of evidence there is."""
        return self._identities() or self._named() or self._officials() or self._unheaded() or self._unlike()

    def _identities(self) -> list[Column]:
        """Columns that only a list of persons has: by heading, or full of identity numbers."""
        return [c for c in self.columns if c.share(_holds_nik) >= HALF or _headed(c, self.villages)]

    def _named(self) -> list[Column]:
        """A name column that does not say whose, beside what only a person has, or many unlike names in a village."""
        bare = [c for c in self.columns if c.said[0] in ({"nama"}, {"name"}) and self._is_no_place(c)]
        told = _lists()["beside"]["sure"]
        marks = [c for c, kind in self._marks() if kind in told or self.known or self.villages]
        if bare and marks:
            return [bare[0], *marks]
        many = self.several and self.rows >= LEAST_ROWS
        short = [c for c in bare if many and c.is_names and c.share(lambda t: " " in t) >= TWO_WORDS]
        return (short or [c for c in bare if c.holds_people]) if self.known else []

    def _officials(self) -> list[Column]:
        marks = [c for c, kind in self._marks() if kind in _lists()["beside"]["sure"]]
        office = [c for c in self.columns if c.fits(_lists()["office"]["name"])]
        return [*office, *marks] if office and marks and self.several and self.known else []

    def _unheaded(self) -> list[Column]:
        """Names beside sexes, ages in words or dates of birth, whatever the headings say."""
        free = [c for c in self.columns if c.is_names and self._is_no_place(c)]
        free = [c for c in free if c.letter not in self.place and len(c.filled) >= HALF * len(c.texts)]
        marks = [c for c in self.columns if _sexes(c) == 2 or c.share(_AGE.fullmatch) >= HALF]
        marks += [c for c in self.columns if self.several and _births(c)]
        return [free[0], *marks] if free and marks and self.rows >= FEW else []

    def _unlike(self) -> list[Column]:
        """Full names under a heading that may mean persons ("Balita Stunting"), or any where villages repeat."""
        free = [c for c in self.columns if c.letter not in self.place and self._is_no_place(c)]
        free = [c for c in free if not c.has("words", "prose") and c.is_full_names]
        many = self.known and self.several and self.rows >= LEAST_ROWS
        return [c for c in free if many or c.has("words", "persons")]

    def _is_no_place(self, column: Column) -> bool:
        """Whether names in a column are neither of villages nor of institutions, as far as cells can tell."""
        if column.has("not_a_person", "identity") or column.has("words", "place"):
            return False
        if column.letter in self.place and not self.villages:
            return False
        return not (column.is_counts() or column.is_institutions or column.is_villages(self.villages))

    def _marks(self) -> list[tuple[Column, str]]:
        """Columns that say something of one person, and what."""
        return [(c, kind) for c in self.columns if c.letter not in self.place and (kind := _mark(c))]


def _headed(column: Column, villages: Collection[str]) -> bool:
    """Whether the heading names what only a person has, and the cells are neither counts nor places."""
    told = _lists()["identity"]
    if column.fits(told["birth"]):
        return not column.is_counts(DAY)
    if column.is_counts():
        return False
    if column.fits(told["number"]):
        return True
    nobody = set(told["not_a_person"])
    if any(fits(rule, said) and not said & nobody for rule in told["name"] for said in column.said):
        return not (column.is_institutions or column.is_villages(villages))
    related = bool(column.said[0]) and column.said[0] <= set(_lists()["relation"]["words"])
    people = column.holds_people or (column.is_names and len(column.filled) >= FEW)
    return related and people and not column.is_villages(villages)


def _mark(column: Column) -> str:
    """What of a person a heading says: sex, age, size …; "" where it says none, or where the cells deny it."""
    for kind, holds in CELLS.items():
        first, other = _lists()["beside"][kind]
        if any(said & set(first) and said <= {*first, *other} for said in column.said):
            return kind if not column.filled or holds is None or holds(column) else ""
    return ""


def _text(cell: Any) -> str:
    """A cell as text; lines of several words each are several things."""
    lines = [text_of(line) for line in cell.splitlines()] if isinstance(cell, str) else []
    return "; ".join(lines) if len(lines) > 1 and all(" " in line for line in lines) else text_of(cell)


def _is_named(text: str) -> bool:
    """Whether a cell is a full name, or at least two of them."""
    parts = [p for p in _PARTS.split(text) if p]
    return bool(parts) and all(_NAME.fullmatch(p) and 2 <= len(p.split()) <= MOST_WORDS for p in parts)


def _is_prose(text: str) -> bool:
    """Whether a text has a word that no name has, or goes on in small letters: "Sanitasi buruk"."""
    said = re.findall(r"[^\W\d_]+", text)
    small = said[0][0].isupper() and any(len(w) > FEW and w.islower() for w in said[1:]) if said else False
    return small or bool(set(_lists()["cells"]["prose"]) & {w.casefold() for w in said})


def _sexes(column: Column) -> int:
    """How many of the two sexes the cells name, a tick under one of them being one; 0 where they name anything else."""
    if column.filled and {t.casefold() for t in column.filled} <= set(_lists()["cells"]["tick"]):
        return 1
    told = {" ".join(re.findall(r"\w+", t.casefold())) for t in column.filled}
    kinds = [told & set(_lists()["cells"][kind]) for kind in ("boy", "girl")]
    return sum(map(bool, kinds)) if told <= kinds[0] | kinds[1] else 0


def _sizes(column: Column) -> bool:
    """Heights in cm, or numbers with decimals: no counts of a class called "Tinggi"."""
    values = column.values.dropna()
    return bool(len(values)) and bool(values.between(*HEIGHTS).mean() >= UNIQUE or (values % 1 != 0).mean() >= DECIMALS)


def _births(column: Column) -> bool:
    """Dates far apart, hardly one of them twice: no days of a measurement or a report."""
    found = [d for t in column.filled if (d := _date(t))]
    if len(found) < max(FEW, MOSTLY * len(column.filled)) or len(set(found)) < HALF * len(found):
        return False
    return (max(found) - min(found)).days >= APART_DAYS


def _date(text: str) -> dt.date | None:
    said = _DATE.fullmatch(text)
    try:
        day, month, year = (int(said[i]) for i in ((1, 2, 3) if said[1] else (6, 5, 4))) if said else (0, 0, 0)
        return dt.date(year + 2000 * (year < 100), month, day)
    except ValueError:
        return None


def _holds_nik(text: str) -> bool:
    return len(text) > len("1,7E+15") and _NIK.search(re.sub(r"[\s'’-]", "", text)) is not None


def _is_text(column: Column) -> bool:
    return not column.is_counts() and not column.share(lambda t: "%" in t)


# What the cells must be where a heading says a mark of a person; None where nothing else is called so.
CELLS: dict[str, Callable[[Column], object] | None] = {
    "sex": _sexes, "age": None, "size": _sizes, "birth": None, "class": _is_text, "home": _is_text, "phone": None,
    "station": _is_text,
}  # fmt: skip


def _village(columns: Sequence[Column], said: str) -> int | None:
    """The position of the column of villages: the one that somebody says, else the first so called."""
    rule = _lists()["place"]["village"]
    likely = (i for i, c in enumerate(columns) if (c.heading == said if said else c.fits([rule]) and not c.is_counts()))
    return next(likely, None)


@cache
def _lists() -> dict[str, Any]:
    return tomllib.loads(files("lokus.catalog").joinpath("persons.toml").read_text("utf-8"))


@cache
def _vocabulary() -> frozenset[str]:
    def each(told: Any) -> Iterator[str]:
        for part in told.values() if isinstance(told, dict) else told:
            yield from re.findall(r"\w+", part) if isinstance(part, str) else each(part)

    return frozenset(each(_lists()))
