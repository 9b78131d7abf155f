"""Which columns of a table say where a row is: every reading is tried with the join itself, the best is proposed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from lokus.catalog.headings import fits, lists, words
from lokus.errors import Where
from lokus.proposal.looking import SYSTEMS
from lokus.proposal.records import Ground, Look, Said
from lokus.sources.cells import text_of
from lokus.sources.numbers import looks_numeric
from lokus.sources.places import read_places, written_once
from lokus.villages import codes, names
from lokus.villages.codes import CodeSystem
from lokus.villages.matching import match

# A reading by surer means is kept unless another finds this much more.
NEARLY = 0.9
# At least this share of the cells of a column must be what it is taken for.
MOSTLY = 0.5
MOST_CODES = 3
AREAS: tuple[str, ...] = ("village", "kecamatan", "kabupaten")
_LAST4 = re.compile(r"\d{4}(?:\.0+)?")


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read the places of a table, and what the join made of it. `villages`: distinct villages found."""

    place: Mapping[str, str]
    system: CodeSystem | None
    matches: pd.DataFrame
    fill_down: bool = False

    @property
    def villages(self) -> int:
        """How many villages have a row."""
        return int(self.found.dropna().nunique())

    @property
    def found(self) -> pd.Series:
        """The village of every row, missing where it has none."""
        return self.matches["village_code"].where(self.matches["status"].isin(["matched", "new"]))

    @property
    def rows(self) -> int:
        """The rows that may lie in the study's kabupaten."""
        return int((self.matches["status"] != "outside").sum())

    @property
    def rate(self) -> float:
        """The share of those rows that found their village."""
        return float(self.found.notna().sum()) / self.rows if self.rows else 0.0

    @property
    def by_code(self) -> int:
        """How many rows found their village by code or last four digits, their names not speaking against it."""
        return int((self.found.notna() & self.matches["rung"].isin(["code", "last4"])).sum())

    @property
    def coded(self) -> bool:
        """Whether it reads a column of codes."""
        return bool({"code", "last4"} & set(self.place))

    def told(self) -> Said:
        """The reading and its match rates, as evidence."""
        by = [self.place[part] for part in ("code", "last4", "village", "kecamatan", "kabupaten") if part in self.place]
        matched = int(self.found.notna().sum())
        about = {"columns": by, "rows": len(self.matches), "matched": matched, "villages": self.villages}
        about |= {"by_code": self.by_code, "by_name": matched - self.by_code, "outside": len(self.matches) - self.rows}
        kind = "last4" if "last4" in self.place else "code"
        return Said(f"reading_{kind}_{self.system}" if self.coded else "reading_names", about)


def readings(look: Look, ground: Ground, kept: pd.Index) -> list[Reading]:
    """Every way to read the places of a table, surest first: by code in either system, by last four digits, by name.

    Places written on the first of several lines only are read with `fill_down`, as the study will.
    """
    villages = ground.boundaries.places
    tried = []
    for place, system in _ways(_columns(look, ground), None if ground.names_only else ground.system):
        places = read_places(look.sheet, place).loc[kept]
        lines = bool(written_once(places, look.sheet.rows.loc[kept].drop(columns=list(place.values())), Where()))
        if lines:
            places = read_places(look.sheet, place, fill_down=True).loc[kept]
        matches = match(places, villages, code_system=system, village_system=ground.system)
        tried.append(Reading(place, system, matches, lines))
    return tried


def best(tried: Iterable[Reading]) -> Reading | None:
    """The surest reading that finds nearly as many villages as any other; codes that find none say nothing."""
    ways = [r for r in tried if r.by_code or not r.coded]
    most = max((r.villages for r in ways), default=0)
    return next((r for r in ways if r.villages and r.villages >= NEARLY * most), None)


def voted(looks: Iterable[Look], ground: Ground) -> list[tuple[str, int]]:
    """The kabupaten that the tables are of, where a boundary file holds several: with the rows that say so."""
    villages = ground.boundaries.places
    pairs: dict[tuple[str, str], set[str]] = {}
    for kabupaten, kecamatan, village in zip(
        villages["kabupaten_code"], villages["kecamatan"], villages["village"], strict=True
    ):
        pairs.setdefault((names.squeeze(kecamatan), names.squeeze(village)), set()).add(kabupaten)
    votes: Counter[str] = Counter()
    for look in looks:
        columns = _columns(look, ground)
        for code in columns["code"][:1]:
            told = codes.parse_series(look.sheet.rows[code].map(text_of), ground.system).dropna()
            votes.update(k for k in codes.kabupaten_of(told) if k in set(villages["kabupaten_code"]))
        if not columns["code"] and columns["village"] and columns["kecamatan"]:
            places = read_places(look.sheet, {"village": columns["village"][0], "kecamatan": columns["kecamatan"][0]})
            for kecamatan, village in zip(places["kecamatan"], places["village"], strict=True):
                votes.update(pairs.get((names.squeeze(kecamatan), names.squeeze(village)), ()))
    return votes.most_common()


def narrowing(look: Look, reading: Reading) -> tuple[str, str]:
    """The column and value that the study's rows have in a table of a larger area read by name; "" where none does.

    Nearly all rows that found their village have the value, and most rows that have it found theirs.
    """
    found = reading.found.notna()
    for column in look.sheet.rows.columns.difference(list(reading.place.values()), sort=False):
        texts = look.sheet.rows.loc[found.index, column].map(text_of)
        value = texts[found].mode().iloc[0] if found.any() else ""
        has = texts == value
        if value and not has.all() and has[found].mean() >= NEARLY and found[has].mean() >= NEARLY:
            return column, str(value)
    return "", ""


def _ways(
    columns: Mapping[str, list[str]], own: CodeSystem | None
) -> Iterable[tuple[dict[str, str], CodeSystem | None]]:
    """Every choice of columns; `own`: the system of the boundaries' codes, None where they have none to be met."""
    systems = sorted(SYSTEMS, key=lambda system: system != own) if own else []
    first = {part: found[0] for part, found in columns.items() if found}
    named = {part: first[part] for part in AREAS if part in first}
    for column in columns["code"][:MOST_CODES]:
        for system in systems:
            yield {"code": column, **named}, system
    if "kecamatan" in first:
        for column in columns["last4"][:1]:
            for system in systems:
                yield {"last4": column, **named}, system
    for village in columns["village"][:2]:
        told = {**named, "village": village}
        yield told, None
        if "kecamatan" in told:
            yield {part: c for part, c in told.items() if part != "kecamatan"}, None


def _columns(look: Look, ground: Ground) -> dict[str, list[str]]:
    """The columns that may hold each part of a place, best first: by their header, and by the names they hold."""
    villages = ground.boundaries.places
    known = {part: {names.squeeze(n) for n in villages[part]} - {""} for part in AREAS}
    rules = lists()["place"]
    found: dict[str, list[tuple[float, str]]] = {p: [] for p in ("code", "last4", "village", "kecamatan", "kabupaten")}
    for column in look.sheet.columns:
        texts = look.sheet.rows[column].map(text_of)
        texts = texts[texts != ""].drop_duplicates()
        if texts.empty:
            continue
        said = words(column)
        for part in ("code", "last4"):
            share = _codes(texts, part, said)
            if share >= MOSTLY:
                found[part].append((share + fits(rules["code"], said), column))
        if texts.map(looks_numeric).mean() > MOSTLY or fits(rules["not_a_name"], said):
            continue
        for part, there in known.items():
            share = float(texts.map(lambda text, there=there: names.squeeze(text) in there).mean())
            if share >= MOSTLY or fits(rules[part], said):
                found[part].append((share + fits(rules[part], said), column))
    return _one_part_each({part: [c for _, c in sorted(rated, key=lambda r: -r[0])] for part, rated in found.items()})


def _codes(texts: pd.Series, part: str, said: frozenset[str]) -> float:
    if fits(lists()["place"]["other_code"], said) and not fits(lists()["place"]["village"], said):
        return 0.0
    if part == "last4":
        named = fits(lists()["place"]["code"], said)
        return float(texts.map(lambda t: bool(_LAST4.fullmatch(t))).mean()) if named else 0.0
    return max(float(codes.parse_series(texts, system).notna().mean()) for system in SYSTEMS)


def _one_part_each(found: dict[str, list[str]]) -> dict[str, list[str]]:
    """Kecamatan often bear the name of a village: a column stands for one part only, the one its header names."""
    rules = lists()["place"]
    for part in AREAS:
        others = [other for other in AREAS if other != part]
        for column in list(found[part]):
            said = words(column)
            elsewhere = any(fits(rules[o], said) or found[o][:1] == [column] for o in others)
            if elsewhere and not fits(rules[part], said):
                found[part].remove(column)
    return found
