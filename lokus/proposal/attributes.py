"""Which attributes of a boundary file hold codes and names, where no schema knows them: their values tell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from lokus.catalog.headings import fits, lists, words
from lokus.errors import DataError, Problem, Where
from lokus.proposal.looking import SYSTEMS, read_as
from lokus.proposal.records import Ask, Ground, Look, Question, Said, Sentence, settle
from lokus.sources import schemas
from lokus.sources.cells import text_of
from lokus.sources.containers import open_layers, read_features
from lokus.sources.numbers import looks_numeric
from lokus.villages import names
from lokus.villages.codes import parse_series

# The share of an attribute's cells that must be codes, nearly all of them different, for it to hold village codes.
CODES = 0.9
# From this share of its names in the tables on an attribute is known by them; one that comes so near is as likely.
KNOWN, NEAR = 0.5, 0.1
# Each name of a larger area stands at so many villages, on average.
SEVERAL = 2
# What other attributes than those a schema names may answer.
ANSWERED = frozenset(
    {"boundary_no_code_column", "boundary_gadm", "boundary_names_missing", "boundary_codes_empty",
     "boundary_codes_unreadable", "boundary_system_contradicted", "boundary_codes_of_other_system"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Attribute:
    """The texts of one attribute, the different names among them, and how many there are."""

    name: str
    texts: pd.Series
    names: frozenset[str]

    @property
    def said(self) -> frozenset[str]:
        return words(self.name)


def unanswered(read: Sequence[Ground], faults: Iterable[Problem]) -> bool:
    """Whether the attributes should be looked into: nothing was read for want of a code, or villages have no names."""
    if not read:
        codes = {p.code for p in faults}
        return bool(codes) and codes <= ANSWERED
    return all(_nameless(ground) for ground in read)


def _nameless(ground: Ground) -> list[str]:
    return [part for part in ("village", "kecamatan") if (ground.boundaries.places[part] == "").mean() > KNOWN]


def grounds(
    path: Path, looks: Sequence[Look], coded: bool, ask: Ask, doubts: list[Sentence], **given: Any
) -> tuple[list[Ground], list[Said]]:
    """The boundary file read by the attributes that its values and the tables speak for, with the evidence.

    `coded`: its codes are known already. Codes made from the names (`names_only`) are the last resort.
    """
    layer = given.pop("layer", "")
    for name, cells in _layers(path, layer):
        columns, told = _named(path, cells, looks, ask, doubts)
        codes = [""] if coded else [a.name for a in cells if _holds_codes(a)]
        tried = [{**({"code": code} if code else {}), **columns} for code in codes]
        read = [g for c in tried for system in SYSTEMS for g in read_as(path, system, layer=name, columns=c, **given)]
        read = read or read_as(path, SYSTEMS[0], layer=name, columns=columns, names_only=True, **given)
        if read:
            return read, [*_codes_told(read), *told]
    return [], []


def _codes_told(read: Iterable[Ground]) -> list[Said]:
    fields = dict.fromkeys(ground.columns["code"] for ground in read if "code" in ground.columns)
    return [Said("attribute_code", {"column": name}) for name in fields]


def _layers(path: Path, layer: str) -> list[tuple[str, list[_Attribute]]]:
    """The attributes of each layer of areas that a file holds; the name is empty where there is one only."""
    where = Where(path.name)
    found = []
    try:
        with TemporaryDirectory(prefix="lokus-", ignore_cleanup_errors=True) as work:
            layers, _ = open_layers(path, Path(work), where)
            areas = [one for one in layers if "Polygon" in one.geometry or one.geometry.startswith("Unknown")]
            for one in areas:
                values = read_features(one, one.fields, where).values
                if not layer or one.name.casefold() == layer.casefold():
                    found.append((one.name if len(areas) > 1 else "", [_attribute(f, values[f]) for f in one.fields]))
    except DataError:
        return []
    return found


def _attribute(name: str, values: object) -> _Attribute:
    texts = schemas.text(values)
    told = texts[texts != ""].drop_duplicates()
    numeric = told.empty or told.map(looks_numeric).mean() > KNOWN
    return _Attribute(name, texts, frozenset() if numeric else frozenset(map(names.squeeze, told)) - {""})


def _holds_codes(attribute: _Attribute) -> bool:
    told = attribute.texts
    shares = (float(parse_series(told, system).notna().mean()) for system in SYSTEMS)
    return max(shares) >= CODES and told.nunique() >= CODES * len(told)


def _named(
    path: Path, cells: Sequence[_Attribute], looks: Sequence[Look], ask: Ask, doubts: list[Sentence]
) -> tuple[dict[str, str], list[Said]]:
    """The attributes of the village's, kecamatan's and kabupaten's names that no schema knows, with the evidence."""
    there = _spoken(looks)
    by_schema = schemas.recognise([a.name for a in cells], SYSTEMS[0], Where(), names_only=True)[0].roles
    known = {part: fields for part, fields in by_schema.items() if any(a.names for a in cells if a.name in fields)}
    free = [a for a in cells if a.names and not any(a.name in fields for fields in known.values())]
    named: dict[str, str] = {}
    told: list[Said] = []
    for part in (part for part in schemas.ROLES if part not in known):
        rated = sorted(((_likely(a, part, there), a) for a in free if _sized(a, part)), key=lambda r: -r[0])
        best = [a for score, a in rated if score >= max(KNOWN, rated[0][0] - NEAR)]
        best = [a for a in best if len(a.names) > 1 or part == "kabupaten"] or best
        best = best or ([a for _, a in rated if len(a.names) > 1] if part != "kabupaten" else [])
        if not best:
            continue
        if len(best) > 1 or rated[0][0] < KNOWN:
            question = Question(Said(f"which_name_{part}", {"file": path.name}), tuple(a.name for a in best))
            best = [best[settle(ask, question, doubts)]]
        named[part] = best[0].name
        free.remove(best[0])
        shared = max((len(best[0].names & names_) for _, names_ in there), default=0)
        told.append(Said(f"attribute_{part}", {"column": best[0].name, "shared": shared, "count": len(best[0].names)}))
    return named, told


def _spoken(looks: Iterable[Look]) -> list[tuple[frozenset[str], frozenset[str]]]:
    """The words over each column of the tables, and the names that stand in it."""
    columns = ((words(c), look.sheet.rows[c].map(text_of).drop_duplicates()) for look in looks for c in look.sheet.rows)
    return [(said, frozenset(map(names.squeeze, texts)) - {""}) for said, texts in columns]


def _sized(attribute: _Attribute, part: str) -> bool:
    """Whether there are as many different names as a part of a place has."""
    several = len(attribute.names) * SEVERAL <= len(attribute.texts)
    return several == (part != "village")


def _likely(attribute: _Attribute, part: str, there: Iterable[tuple[frozenset[str], frozenset[str]]]) -> float:
    """The share of an attribute's names in the tables' column of that part, 1 more where it is called so itself."""
    rule = lists()["place"][part]
    shares = (len(attribute.names & told) / len(attribute.names) for said, told in there if fits(rule, said))
    return max(shares, default=0.0) + fits(rule, attribute.said)
