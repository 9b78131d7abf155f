"""Which attribute of a boundary file means what: the schemas of its makers, and names as people may read them.

The schemas are data (`catalog/boundary_schemas.toml`). The declared code system is law: a field known to carry the
other system's codes is never read as a code.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any

import pandas as pd

from lokus.errors import Problem, Where
from lokus.villages.codes import CodeSystem, parse_series

OTHER: dict[CodeSystem, CodeSystem] = {"kemendagri": "bps", "bps": "kemendagri"}
ROLES = ("village", "kecamatan", "kabupaten")
# The names that tell a village where no code does.
NAMING = ("village", "kecamatan")
PLAIN = "plain"
# Shorter names ("desa", "kode") occur inside too many others.
LEAST_RESEMBLING = 6

ROMAN = re.compile(r"X{0,3}(?:IX|IV|V?I{0,3})")
WORD = re.compile(r"[^\W_]+(?:['’`][^\W_]+)*")
ADMINISTRATIVE = r"(?:\s+adm(?:inistrasi)?\b\.?)?"
PREFIXES = {
    "village": re.compile(r"(?:ds|kel)\.\s*", re.IGNORECASE),
    "kecamatan": re.compile(r"kec(?:amatan)?(?:\.\s*|\s+)", re.IGNORECASE),
    "kabupaten": re.compile(rf"kab(?:upaten)?{ADMINISTRATIVE}(?:\.\s*|\s+)", re.IGNORECASE),
}
# "Desa Adat Bobrongko" and "Desa Baru" are names: the whole word is a prefix only where most villages bear one.
WHOLE_WORD = re.compile(r"(?:desa|kelurahan|kel|ds)(?:\.\s*|\s+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Attributes:
    """What the fields of a layer mean. `code`: fields that may hold the village code, best first; `parts`: fields and
    digits a code is put together from; `roles`: fields of each name, the later filling the blanks of the earlier;
    `resembling`: fields recognised by a like name only, with the name they resemble.
    """

    schema: str
    code: tuple[str, ...] = ()
    parts: tuple[tuple[str, int], ...] = ()
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    kecamatan_code: str = ""
    resembling: Mapping[str, str] = field(default_factory=dict)

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field that must be read, once."""
        named = [*self.code, *(f for f, _ in self.parts), *(f for fs in self.roles.values() for f in fs)]
        return tuple(dict.fromkeys(f for f in [*named, self.kecamatan_code] if f))


@cache
def schemas() -> dict[str, dict[str, Any]]:
    """The schemas by name, in the order they are tried; `plain` last."""
    known = _data()
    return {name: known[name] for name in known if name != "province_boxes"}


@cache
def province_boxes() -> dict[str, tuple[float, float, float, float]]:
    """West, south, east, north of each province's villages in degrees, by the beginning of its code."""
    return {code: (box[0], box[1], box[2], box[3]) for code, box in _data()["province_boxes"].items()}


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files("lokus.catalog").joinpath("boundary_schemas.toml").read_text("utf-8"))


def recognise(
    fields: Sequence[str],
    system: CodeSystem,
    where: Where,
    *,
    schema: str = "",
    columns: Mapping[str, str] | None = None,
    names_only: bool = False,
) -> tuple[Attributes, list[Problem]]:
    """What the fields of a layer mean, and everything that keeps it from being read as villages.

    Parameters: `schema` forces a schema by name; `columns` names fields for code, village, kecamatan, kabupaten;
    `names_only` where the study says that there are no codes.
    Returns the attributes as far as known and the problems; a fatal one means there is no usable village code.
    """
    if schema and schema not in schemas():
        return Attributes(schema), [_fault("boundary_schema_unknown", where, schema=schema, known=tuple(schemas()))]
    named, problems = _named(fields, columns or {}, where)
    id_ = schema or _signed(fields)
    found = _Fields(fields)
    own, plain = schemas()[id_], schemas()[PLAIN]
    roles = {role: _roles(found, own, plain, role) for role in ROLES}
    roles |= {role: (named[role],) for role in ROLES if role in named}
    attributes = Attributes(id_, roles=roles, resembling=found.resembling)
    within = [f for known in (own, plain) for f in found.all(known.get("kecamatan_code", {}).get(system, ()))]
    attributes = replace(attributes, kecamatan_code=within[0] if within else "")
    if "code" in named:
        return replace(attributes, code=(named["code"],)), problems
    if system == "bps" and (parts := _parts(found, own)):
        attributes = replace(attributes, parts=parts)
    attributes = replace(attributes, code=found.all([*own.get(system, ()), *_plain_codes(own, plain, system)]))
    if not (attributes.code or attributes.parts) and not (columns or {}).get("code"):
        told = {"fields": tuple(f[:40] for f in fields[:20]) or "–"}
        bare = _fault("boundary_gadm", where) if id_ == "gadm" else _fault("boundary_no_code_column", where, **told)
        theirs = found.all([*own.get(OTHER[system], ()), *plain[OTHER[system]]])
        problems += _names_only(theirs, roles, where) if names_only else [bare]
    return attributes, problems


def _names_only(theirs: Sequence[str], roles: Mapping[str, tuple[str, ...]], where: Where) -> list[Problem]:
    """What keeps names from being enough, and the codes of the other system (`theirs`) that are passed over."""
    absent = tuple(role for role in NAMING if not roles[role])
    faults = [_fault("boundary_names_missing", where, roles=absent)] if absent else []
    return faults + [Problem("boundary_codes_not_used", False, where, {"field": name}) for name in theirs]


def coded(attributes: Attributes, values: Mapping[str, Any], system: CodeSystem) -> dict[str, pd.Series]:
    """Every reading of the village code, best first: by field, canonical codes, missing where a cell holds none."""
    readings = {name: parse_series(pd.Series(values[name]), system) for name in attributes.code}
    if attributes.parts:
        joined = pd.Series("", index=range(len(values[attributes.parts[0][0]])), dtype="str")
        for name, digits in attributes.parts:
            part = text(values[name])
            # A part may repeat those before it (kdkec = 1704010): then its own digits are the last.
            part = part.where(~(part.str.len() > digits) | (part == joined + part.str[-digits:]), "?").str[-digits:]
            joined = joined + part.where(part == "", part.str.zfill(digits))
        name = " + ".join(f for f, _ in attributes.parts)
        readings[name] = parse_series(joined, system)
    return readings


def text(values: Any) -> pd.Series:
    """A field as trimmed text: whole numbers without ".0", "" where nothing stands."""
    column = pd.Series(values)
    if pd.api.types.is_float_dtype(column):
        column = column.astype("Int64") if (column.dropna() % 1 == 0).all() else column
    shown = column.astype("str").where(column.notna(), "")
    return shown.str.split().str.join(" ").astype("str")


def names(values: Mapping[str, Any], fields: Sequence[str], role: str, rows: int) -> pd.Series:
    """Names of one role as a person reads them: blanks filled from later fields, prefixes off, capitals undone."""
    column = pd.Series("", index=range(rows), dtype="str")
    for name in fields:
        column = column.where(column != "", text(values[name]))
    wholly = column.str.match(WHOLE_WORD).sum() > (column != "").sum() / 2
    prefix = WHOLE_WORD if role == "village" and wholly else PREFIXES[role]
    shown = {name: shown_name(prefix.sub("", name, count=1) if prefix.match(name) else name) for name in set(column)}
    return column.map(shown).astype("str")


def shown_name(name: str) -> str:
    """A name out of capitals: words begin with a capital, Roman numerals and initials keep theirs, "dan" has none.

    >>> shown_name("SUKOHARJO III"), shown_name("PASAR JUM'AT"), shown_name("PANGKAJENE DAN KEPULAUAN")
    ('Sukoharjo III', "Pasar Jum'at", 'Pangkajene dan Kepulauan')
    """
    if not name.isupper() or len(name) < 3:
        return name
    return WORD.sub(lambda m: _shown_word(m[0]), name).replace(" Dan ", " dan ")


def _shown_word(word: str) -> str:
    vowelless = len(word) <= 4 and not set(word) & set("AEIOUY")
    return word if vowelless or ROMAN.fullmatch(word) else word.capitalize()


def folded(name: str) -> str:
    """A field name without case, spaces, underscores and points."""
    return "".join(c for c in name.casefold() if c.isalnum())


class _Fields:
    """The fields of a layer, found by folded name, else by a like one (`kaur_KDEPUM`, `KDEPUM_1`)."""

    def __init__(self, fields: Iterable[str]) -> None:
        self.by_name: dict[str, list[str]] = {}
        for name in fields:
            self.by_name.setdefault(folded(name), []).append(name)
        self.resembling: dict[str, str] = {}

    def all(self, wanted: Iterable[str]) -> tuple[str, ...]:
        """Every field that bears one of the names, in the order wanted."""
        found: list[str] = []
        for name in wanted:
            # A Shapefile keeps ten letters of a name.
            same = (
                self.by_name.get(folded(name)) or (self.by_name.get(folded(name[:10])) if len(name) > 10 else []) or []
            )
            if not same and (like := self._like(name)):
                self.resembling[like] = name
                same = [like]
            found.extend(f for f in same if f not in found)
        return tuple(found)

    def _like(self, name: str) -> str:
        if len(name) < LEAST_RESEMBLING:
            return ""
        edge = re.compile(rf"(?:^|[^a-z0-9]){re.escape(name.casefold())}(?:$|[^a-z0-9])")
        like = [f for same in self.by_name.values() for f in same if edge.search(f.casefold())]
        return like[0] if len(like) == 1 else ""


def _named(fields: Sequence[str], columns: Mapping[str, str], where: Where) -> tuple[dict[str, str], list[Problem]]:
    named: dict[str, str] = {}
    problems = []
    for role, wanted in columns.items():
        same = [f for f in fields if f == wanted] or [f for f in fields if folded(f) == folded(wanted)]
        if len(same) == 1:
            named[role] = same[0]
        elif wanted:
            by_name = {folded(f): f for f in fields}
            near = [by_name[n] for n in difflib.get_close_matches(folded(wanted), by_name, n=3)] or list(fields)[:12]
            problems.append(_fault("boundary_column_unknown", where, role=role, wanted=wanted, near=tuple(near)))
    return named, problems


def _signed(fields: Sequence[str]) -> str:
    """The schema whose own names stand in the layer most often; `plain` when none has two."""
    seen = {name: len(_Fields(fields).all(known["signature"])) for name, known in schemas().items()}
    best = max(seen, key=lambda name: seen[name])
    return best if seen[best] >= 2 else PLAIN


def _roles(found: _Fields, own: Mapping[str, Any], plain: Mapping[str, Any], role: str) -> tuple[str, ...]:
    return found.all(own.get(role, ())) or found.all(plain[role])


def _parts(found: _Fields, own: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    parts = [(found.all([name]), digits) for name, digits in own.get("parts", ())]
    return tuple((same[0], digits) for same, digits in parts if same) if all(same for same, _ in parts) else ()


def _plain_codes(own: Mapping[str, Any], plain: Mapping[str, Any], system: CodeSystem) -> Sequence[str]:
    """The usual names of a code column, without those that the schema knows to be part or the other system's."""
    other = {folded(f) for f in [*own.get(OTHER[system], ()), *(name for name, _ in own.get("parts", ()))]}
    return [f for f in plain[system] if folded(f) not in other]


def _fault(code: str, where: Where, **params: Any) -> Problem:
    return Problem(code, fatal=True, where=where, params=params)
