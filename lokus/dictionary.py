"""What every column of a run's village table is, in both languages: for files, QGIS, Jupyter and the docs."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lokus import schema
from lokus.messages import LANGS, has, number, percent, text

INDEX = schema.Column("village_code", "places", "str")
FIELDS = (
    "column", "label_id", "label_en", "dtype", "unit_id", "unit_en", "low", "high", "values",
    "meaning_id", "meaning_en", "missing_id", "missing_en", "step", "source",
)  # fmt: skip
# Units of the contract that a reader may want in words; the rest follow from the indicator.
UNITS = {
    "km²": "km2", "count": "count", "share": "share", "children": "children", "points": "points", "rank": "rank",
    "share (points below or above target)": "share", "points of the score": "points",
    "1e-4 points: the exact score": "score_units", "1 = first; equal scores share the better rank": "rank",
    "probability": "probability", "villages": "villages", "false discovery rate": "probability",
    "1 … k; 0 = unlike any group": "group",
}  # fmt: skip


def label(of: Mapping[str, Any], lang: str) -> str:
    """The name of an indicator, dimension or point layer in a language; its id where it has none."""
    return str(of.get(f"label_{lang}") or of.get("label_id") or of["id"])


def short(of: Mapping[str, Any], lang: str) -> str:
    """The name of an indicator without the definition in brackets at its end.

    >>> short({"id": "x", "label_id": "Prevalensi balita stunting (TB/U < −2 SD)"}, "id")
    'Prevalensi balita stunting'
    """
    return re.sub(r"(?<=\S)\s*\([^()]*\)$", "", label(of, lang))


def unit_text(of: Mapping[str, Any], lang: str) -> str:
    """The unit of an indicator in a language; as the catalogue writes it where no translation is known."""
    unit = str(of.get("unit") or "")
    return text(f"words.unit.{unit}", lang) if has(f"words.unit.{unit}") else unit


def value_text(of: Mapping[str, Any], value: float, lang: str) -> str:
    """A value as its indicator is read: a share in per cent, a count whole, a number with its unit.

    >>> value_text({"id": "x", "kind": "share"}, 0.4877, "id")
    '48,8 %'
    """
    if of["kind"] == "share":
        return percent(value, lang)
    whole = of["kind"] == "count" or (not math.isnan(value) and float(value).is_integer())
    decimals = 0 if whole else 1 if abs(value) >= 10 else 3
    shown, unit = number(value, lang, decimals), unit_text(of, lang)
    return f"{shown} {unit}" if unit and shown != "–" else shown


@dataclass(frozen=True, slots=True)
class Entry:
    """A column of a table: its contract, and the indicator or dimension it is of (facts, {} where of none)."""

    name: str
    contract: schema.Column
    of: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The name of its texts in `locale/*/columns.toml`: that of the family."""
        return self.contract.name.removesuffix("_{id}")


def entry(name: str, facts: Mapping[str, Any]) -> Entry:
    """What a column of a run's village table is.

    :param name: of the column, or "village_code" for the index.
    :param facts: the run's facts, for its indicators and dimensions.
    :raises KeyError: the contract, or the run, has no such column.
    """
    for c in (INDEX, *schema.COLUMNS):
        if c.name == name:
            return Entry(name, c, {})
    # Of gap_people_x the family is gap_people and not gap: the one that leaves the shortest id the run knows.
    found = []
    for c in schema.COLUMNS:
        prefix, family, _ = c.name.partition("{id}")
        kind = "dimensions" if c.name == "dimension_{id}" else "indicators"
        of = next((e for e in facts[kind] if e["id"] == name.removeprefix(prefix)), None)
        if family and of is not None and name.startswith(prefix):
            found.append(Entry(name, c, of))
    if not found:
        raise KeyError(name)
    return min(found, key=lambda e: len(e.of["id"]))


def column_label(told: Entry, facts: Mapping[str, Any], lang: str) -> str:
    """What a column is called: `Prevalensi balita stunting: perkiraan`."""
    return _said(told, "label", facts, lang)


def column_meaning(told: Entry, facts: Mapping[str, Any], lang: str) -> str:
    """What a column says, in a sentence."""
    return _said(told, "meaning", facts, lang)


def column_unit(told: Entry, lang: str) -> str:
    """The unit of a column; "" where it has none."""
    if told.contract.unit in UNITS:
        return text(f"columns.unit.{UNITS[told.contract.unit]}", lang)
    if not told.of or not told.contract.unit:
        return ""
    if told.of["kind"] == "share":
        return text("columns.unit.share", lang)
    return unit_text(told.of, lang) or (text("columns.unit.count", lang) if told.of["kind"] == "count" else "")


def dictionary(names: Iterable[str], facts: Mapping[str, Any]) -> pd.DataFrame:
    """The data dictionary of a table: a row for each column, with the fields of `FIELDS`.

    `missing_*` says what an empty cell means, "" where none may be; `low`, `high` are bounds that lokus holds the
    column to; `source` is the table of what was read, lokus itself of what was computed.

    :param names: of the columns; the index is put first.
    :param facts: the run's facts.
    :raises KeyError: as `entry` does.
    """
    rows = [_row(entry(name, facts), facts) for name in (INDEX.name, *names)]
    return pd.DataFrame(rows, columns=list(FIELDS))


def _row(told: Entry, facts: Mapping[str, Any]) -> dict[str, str]:
    c = told.contract
    return {
        "column": told.name,
        **{f"label_{lang}": column_label(told, facts, lang) for lang in LANGS},
        "dtype": c.dtype,
        **{f"unit_{lang}": column_unit(told, lang) for lang in LANGS},
        "low": "" if c.low is None else f"{c.low:g}",
        "high": "" if c.high is None else f"{c.high:.12g}",
        "values": " | ".join(filter(None, c.among)),
        **{f"meaning_{lang}": column_meaning(told, facts, lang) for lang in LANGS},
        **{f"missing_{lang}": _said(told, "missing", facts, lang) if c.missing else "" for lang in LANGS},
        "step": c.step,
        "source": _source(told, facts),
    }


def _said(told: Entry, part: str, facts: Mapping[str, Any], lang: str) -> str:
    named = short(told.of, lang) if told.of else ""
    interval = percent(facts["interval"], lang, 0)
    return text(f"columns.{told.key}.{part}", lang, label=named, interval=interval, top=facts["top_n"])


def _source(told: Entry, facts: Mapping[str, Any]) -> str:
    if told.contract.step == "places":
        return str(facts["boundaries"].get("source") or facts["boundaries"].get("path", ""))
    if told.contract.step == "join" and told.of:
        source, period = (str(told.of.get(part) or "") for part in ("source", "period"))
        return f"{source or told.of.get('table', '')}{f' ({period})' if period else ''}"
    return "" if told.contract.step == "join" else f"lokus {facts['lokus']}"
