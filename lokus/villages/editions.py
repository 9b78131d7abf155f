"""Codes and names of another edition: kabupaten whose Kemendagri code or name changed, used where nothing else fits.

The changes are data (`catalog/code_changes.toml`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import pandas as pd

from lokus.errors import Problem, Where
from lokus.villages import codes, names
from lokus.villages.codes import CodeSystem


class Change(NamedTuple):
    """A kabupaten's code before (`old`) and after (`new`) a year's law."""

    year: int
    law: str
    old: str
    new: str
    name: str


class Rename(NamedTuple):
    """A kabupaten's name before (`old`) and after (`new`) a year's law; `kind_told`: a kota bears the old one too."""

    year: int
    law: str
    code: str
    old: str
    new: str
    kind_told: bool


@cache
def _catalogue() -> dict[str, Any]:
    return tomllib.loads(files("lokus.catalog").joinpath("code_changes.toml").read_text("utf-8"))


@cache
def changes() -> tuple[Change, ...]:
    """All known changes of codes, in the order of the catalogue."""
    return tuple(
        Change(change["year"], change["law"], one["from"], one["to"], one["name"])
        for change in _catalogue()["change"]
        for one in change["kabupaten"]
    )


@cache
def renames() -> tuple[Rename, ...]:
    """All known changes of names, in the order of the catalogue."""
    return tuple(
        Rename(one["year"], one["law"], one["code"], one["from"], one["to"], one.get("kind_told", False))
        for one in _catalogue()["rename"]
    )


def renamed(cell: str, code: str, name: str) -> Rename | None:
    """The change by which a cell and a kabupaten (its code, its name) mean the same; None where there is none.

    A boundary file may also be the older of the two.

    >>> renamed("KAB. MAMUJU UTARA", "76.01", "Pasangkayu").law, renamed("Pontianak", "61.02", "Mempawah")
    ('PP 61/2017', None)
    """
    kind, said = names.kabupaten_told(cell)
    known = names.kabupaten_told(name)[1]
    if kind == "kota" or codes.is_kota(code):
        return None
    for one in renames():
        old, new = names.squeeze(one.old), names.squeeze(one.new)
        if {said, known} == {old, new} and (kind or said == new or not one.kind_told):
            return one
    return None


def renewals(kabupaten: Collection[str], edition: str = "") -> dict[str, str]:
    """What to read a kabupaten's code as, for codes that no kabupaten of the study bears: code → its present one.

    Parameters: `kabupaten` the codes of the boundary file; `edition` the year of the table's codes, "" = not told: then
    changes of any year count. A boundary file may also be the older of the two.
    """
    counted = [c for c in changes() if c.year >= int(edition or 0)]
    pairs = [pair for c in counted for pair in ((c.old, c.new), (c.new, c.old))]
    return {had: has for had, has in pairs if has in kabupaten and had not in kabupaten}


def renewed(code: str, renewal: Mapping[str, str]) -> str:
    """A village code with its kabupaten's part renewed.

    >>> renewed("91.04.01.1001", {"91.04": "94.01"}), renewed("16.03.01.2001", {"91.04": "94.01"})
    ('94.01.01.1001', '16.03.01.2001')
    """
    had = codes.kabupaten_of(code)
    return renewal[had] + code[len(had) :] if had in renewal else code


def problems(
    places: pd.DataFrame,
    villages: pd.DataFrame,
    *,
    system: CodeSystem | None,
    edition: str,
    table_id: str,
    where: Where,
) -> list[Problem]:
    """Warnings that codes or names of a table were read in another edition, with how many; none where none was."""
    return [
        *_of_codes(places, villages, system=system, edition=edition, table_id=table_id, where=where),
        *_of_names(places, villages, table_id, where),
    ]


def _of_names(places: pd.DataFrame, villages: pd.DataFrame, table_id: str, where: Where) -> list[Problem]:
    known = villages.drop_duplicates("kabupaten_code")
    pairs = list(zip(known["kabupaten_code"], known["kabupaten"], strict=True))
    cells = places["kabupaten"][places["kabupaten"] != ""].value_counts(sort=False)
    found = {
        (cell, name): change for cell in cells.index for code, name in pairs if (change := renamed(cell, code, name))
    }
    if not found:
        return []
    told = {
        "table": table_id,
        "count": int(sum(cells[cell] for cell in {cell for cell, _ in found})),
        "names": [f"{cell} = {name}" for cell, name in found],
        "laws": list(dict.fromkeys(change.law for change in found.values())),
    }
    return [Problem("kabupaten_renamed", False, where, told)]


def _of_codes(
    places: pd.DataFrame,
    villages: pd.DataFrame,
    *,
    system: CodeSystem | None,
    edition: str,
    table_id: str,
    where: Where,
) -> list[Problem]:
    renewal = renewals(set(villages["kabupaten_code"]), edition)
    if system != "kemendagri" or not renewal:
        return []
    had = codes.kabupaten_of(codes.parse_series(places["code"], system))
    old = had[had.isin(list(renewal)) & ((places["village"] != "") | bool(edition))]
    if old.empty:
        return []
    told = {
        "table": table_id,
        "count": len(old),
        "codes": [f"{code} → {renewal[code]}" for code in sorted(set(old))],
        "laws": list(dict.fromkeys(c.law for c in changes() if {c.old, c.new} & set(old))),
    }
    return [Problem("codes_of_edition" if edition else "codes_of_other_edition", False, where, told)]
