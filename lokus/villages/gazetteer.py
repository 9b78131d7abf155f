"""The villages of a study prepared for look-ups, and what the kecamatan and kabupaten cells of a row say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import pandas as pd
from rapidfuzz import fuzz, process

from lokus.villages import codes, editions, names

KECAMATAN_LEAD = 0.15
# A fuzzy look over a whole province offers strangers; beyond this many villages only equal readings are offered.
LARGE_POOL = 3000
NEAREST = 8


class Village(NamedTuple):
    code: str
    name: str
    kecamatan: str
    kabupaten: str


class Near(NamedTuple):
    """A village that may be meant: best first in every list of them."""

    code: str
    name: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Area:
    """Where a row says it lies: a kecamatan code ("" = not told or not known), and the kabupaten it may lie in.

    `exact`: the kecamatan cell is written as the boundaries write it. `fault`: "" or why the cells do not tell:
    other_kabupaten, kecamatan_unknown, kecamatan_ambiguous (then `among` are the kecamatan of that name).
    """

    kabupaten: tuple[str, ...]
    kecamatan: str = ""
    exact: bool = False
    fault: str = ""
    among: tuple[str, ...] = ()

    @property
    def held(self) -> tuple[str, ...]:
        """The codes of the smallest areas known to hold the row."""
        return (self.kecamatan,) if self.kecamatan else self.among or self.kabupaten


@dataclass(frozen=True)
class Gazetteer:
    """Villages by code, by squeezed name, by weaker reading, and by the kecamatan or kabupaten that holds them."""

    villages: Mapping[str, Village]
    kecamatan: Mapping[str, str]
    kabupaten: Mapping[str, str]
    members: Mapping[str, tuple[str, ...]]
    named: Mapping[str, tuple[str, ...]]
    readings: Mapping[str, tuple[str, ...]]
    _areas: dict[tuple[str, str], Area] = field(default_factory=dict)
    _kabupaten_said: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _kecamatan_said: dict[tuple[str, ...], tuple[dict[str, str], dict[str, tuple[str, ...]]]] = field(
        default_factory=dict
    )
    _pools: dict[tuple[str, ...], dict[str, str]] = field(default_factory=dict)

    def area(self, kabupaten: str, kecamatan: str) -> Area:
        """What a pair of cells says; equal pairs are looked up once."""
        if (kabupaten, kecamatan) not in self._areas:
            self._areas[kabupaten, kecamatan] = self._area(kabupaten, kecamatan)
        return self._areas[kabupaten, kecamatan]

    def _area(self, kabupaten: str, kecamatan: str) -> Area:
        if kabupaten not in self._kabupaten_said:
            said = [k for k, name in self.kabupaten.items() if _names_kabupaten(kabupaten, k, name)]
            # An old name counts where no kabupaten bears it.
            said = said or [k for k, name in self.kabupaten.items() if editions.renamed(kabupaten, k, name)]
            self._kabupaten_said[kabupaten] = tuple(said)
        within = self._kabupaten_said[kabupaten]
        key = names.squeeze(kecamatan)
        if not within:
            return Area((), fault="other_kabupaten")
        if not key:
            return Area(within)
        there, equal = self._kecamatan_of(within)
        found = equal.get(key, ())
        if len(found) == 1:
            return Area(within, found[0], exact=True)
        if found:
            return Area(within, fault="kecamatan_ambiguous", among=found)
        near = process.extract(key, there, scorer=fuzz.ratio, limit=2)
        ahead = len(near) < 2 or near[0][1] - near[1][1] >= 100 * KECAMATAN_LEAD
        if near and ahead and names.alike(kecamatan, self.kecamatan[near[0][2]]):
            return Area(within, near[0][2])
        return Area(within, fault="kecamatan_unknown")

    def _kecamatan_of(self, kabupaten: tuple[str, ...]) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
        """The kecamatan of some kabupaten: code → squeezed name, and back from the name or the code's digits."""
        if kabupaten not in self._kecamatan_said:
            there = {c: names.squeeze(self.kecamatan[c]) for k in kabupaten for c in self._kecamatan_in.get(k, ())}
            back = _grouped((said, c) for c, name in there.items() for said in {name, c.replace(".", "")})
            self._kecamatan_said[kabupaten] = there, back
        return self._kecamatan_said[kabupaten]

    @cached_property
    def _kecamatan_in(self) -> Mapping[str, tuple[str, ...]]:
        return _grouped(dict.fromkeys((v.kabupaten, v.kecamatan) for v in self.villages.values()))

    def pool(self, area: Area) -> dict[str, str]:
        """The villages an area holds: code → squeezed name."""
        if area.held not in self._pools:
            members = (c for k in area.held for c in self.members.get(k, ()))
            self._pools[area.held] = {c: names.squeeze(self.villages[c].name) for c in members}
        return self._pools[area.held]

    def bearing(self, name: str, area: Area) -> list[str]:
        """The villages of an area that bear exactly this name; the kind told ("Kel. …") decides between namesakes."""
        pool = self.pool(area)
        found = [c for c in self.named.get(names.squeeze(name), ()) if c in pool]
        found = [c for c in found if names.normalise(self.villages[c].name) == names.normalise(name)] or found
        if len(found) > 1 and (kind := names.kind_told(name)):
            found = [c for c in found if codes.kind_of(c) in (kind, "")]
        return found

    def nearest(self, name: str, area: Area) -> list[Near]:
        """The villages of an area whose names are nearest, best first."""
        keys = self.pool(area)
        found = {c for reading in names.weak_keys(name) for c in self.readings.get(reading, ()) if c in keys}
        if len(keys) <= LARGE_POOL:
            found |= {c for _, _, c in process.extract(names.squeeze(name), keys, scorer=fuzz.ratio, limit=NEAREST)}
        return sorted((self.near(name, c) for c in found), key=lambda n: (-n.similarity, n.code))

    def near(self, name: str, code: str) -> Near:
        """One village beside a name."""
        village = self.villages[code]
        return Near(code, village.name, names.similarity(name, village.name))


def gazetteer(villages: pd.DataFrame) -> Gazetteer:
    """The look-ups of a table of villages (index `village_code`; village and the codes and names of its areas)."""
    columns = ["village", "kecamatan_code", "kabupaten_code"]
    known = {
        code: Village(code, name, kecamatan, kabupaten)
        for code, name, kecamatan, kabupaten in zip(
            villages.index, *(villages[c].fillna("") for c in columns), strict=True
        )
    }
    return Gazetteer(
        villages=known,
        kecamatan=dict(zip(villages["kecamatan_code"], villages["kecamatan"].fillna(""), strict=True)),
        kabupaten=dict(zip(villages["kabupaten_code"], villages["kabupaten"].fillna(""), strict=True)),
        members=_grouped((area, v.code) for v in known.values() for area in (v.kecamatan, v.kabupaten)),
        named=_grouped((names.squeeze(v.name), v.code) for v in known.values()),
        readings=_grouped((key, v.code) for v in known.values() for key in sorted(names.weak_keys(v.name))),
    )


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    groups = defaultdict(list)
    for key, code in pairs:
        if key:
            groups[key].append(code)
    return {key: tuple(found) for key, found in groups.items()}


def _names_kabupaten(cell: str, code: str, name: str) -> bool:
    kind, said = names.kabupaten_told(cell)
    known = names.kabupaten_told(name)[1]
    if not said or not known or said == code.replace(".", ""):
        return True
    if kind and (kind == "kota") != codes.is_kota(code):
        # Kabupaten Kotabaru is written "Kota Baru" too.
        return kind == "kota" and "kota" + said == names.squeeze(name)
    return said == known or names.alike(said, known)
