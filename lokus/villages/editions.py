"""Codes of another edition: kabupaten whose Kemendagri code changed, used where a table's codes fit nothing else.

The changes are data (`catalog/code_changes.toml`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import pandas as pd

from lokus.errors import Problem, Where
from lokus.villages import codes
from lokus.villages.codes import CodeSystem


class Change(NamedTuple):
    """A kabupaten's code before (`old`) and after (`new`) a year's law."""

    year: int
    law: str
    old: str
    new: str
    name: str


@cache
def changes() -> tuple[Change, ...]:
    """All known changes, in the order of the catalogue."""
    raw = tomllib.loads(files("lokus.catalog").joinpath("code_changes.toml").read_text("utf-8"))
    return tuple(
        Change(change["year"], change["law"], one["from"], one["to"], one["name"])
        for change in raw["change"]
        for one in change["kabupaten"]
    )


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
    """The warning that codes of a table were read in another edition, with how many; nothing where none was."""
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
