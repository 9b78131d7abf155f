"""The sheets of the workbook on packages: what each group of villages lacks, and which village is in which group."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from lokus import packages
from lokus.outputs import sums, words
from lokus.outputs.papers import people
from lokus.outputs.papers.grid import Cell, Column, Names, Sheet
from lokus.outputs.papers.listing import Indicator, Listing, Row, banded_note
from lokus.outputs.papers.villagesheets import about, place_cells
from lokus.outputs.patterns import pocket_fields, pockets

TABLE = (
    ("group", "order", 9), ("name", "text", 34), ("villages", "whole", 9), ("lack", "text", 40),
    ("there", "percent", 12), ("average", "percent", 12), ("short", "whole", 13), ("known", "whole", 12),
    ("lacking", "whole", 14), ("owner", "text", 22),
)  # fmt: skip
VILLAGES = (
    ("rank", "order", 10), ("code", "code", 14), ("village", "text", 22), ("kecamatan", "text", 17),
    ("chosen", "text", 9), ("group", "order", 9), ("name", "text", 38), ("group_sure", "text", 11),
)  # fmt: skip
POCKETS = (
    ("pocket", "order", 9), ("villages", "whole", 9), ("counted", "text", 24), ("expected", "text", 20),
    ("excess", "text", 20), ("p", "text", 9),
)  # fmt: skip


def made(listing: Listing, names: Names) -> list[Sheet]:
    """The sheets that this run has something for: packages, work areas, pockets, and the villages of each."""
    run, found = listing.run, []
    if run.facts["clusters"]["profiles"]:
        found.append(_table(listing, names, "packages"))
    if run.facts["clusters"].get("areas", {}).get("profiles"):
        found.append(_table(listing, names, "areas"))
    if told := pockets(run, public=listing.public):
        rows: list[list[Cell]] = []
        for pocket in told:
            fields = pocket_fields(run, pocket, listing.lang, public=listing.public)
            rows.append([pocket.number, pocket.villages, *(fields[k] for k in ("observed", "expected", "excess", "p"))])
        found.append(_sheet(listing, names, "pockets", _columns(listing, POCKETS), rows))
    return [*found, _villages(listing, names)] if found else []


def _sheet(listing: Listing, names: Names, key: str, columns: list[Column], rows: list[list[Cell]]) -> Sheet:
    say = listing.say
    notes = [about(listing), say(f"note.{key}"), *banded_note(listing)]
    if key == "packages" and not listing.run.facts["clusters"]["stable"]:
        notes.append(say("note.loose"))
    return Sheet(names.take(say(f"sheet.{key}")), say(f"title.{key}"), tuple(notes), tuple(columns), rows, 2)


def _columns(listing: Listing, wanted: tuple[tuple[str, str, float], ...]) -> list[Column]:
    return [Column(listing.say(f"column.{key}"), kind, width) for key, kind, width in wanted]


def _table(listing: Listing, names: Names, key: str) -> Sheet:
    """A line for each thing that a group lacks more than the average village."""
    run, areas = listing.run, key == "areas"
    profiles = run.facts["clusters"]["areas"]["profiles"] if areas else run.facts["clusters"]["profiles"]
    of = run.villages["area" if areas else "cluster"]
    rows: list[list[Cell]] = []
    for profile in profiles:
        number = profile["group" if areas else "cluster"]
        head: list[Cell] = [number, packages.name(profile, run.facts, listing.lang), profile["villages"]]
        inside = of.eq(number).fillna(False).astype(bool)
        rows += [[*head, *_lack(listing, lack, inside)] for lack in profile["lacks"]]
        if not profile["lacks"]:
            rows.append([*head, listing.say("no_lack"), *[None] * (len(TABLE) - len(head) - 1)])
    return _sheet(listing, names, key, _columns(listing, TABLE), rows)


def _lack(listing: Listing, lack: dict[str, Any], inside: pd.Series) -> list[Cell]:
    entry = words.indicator(listing.run, lack["indicator"])
    if entry is None:
        return [lack["indicator"], *[None] * 6]
    some = [row for row in listing.rows if inside[row["village_code"]]]
    counts = people.lacking_in_all(listing.run, entry, inside, public=listing.public)
    return [
        words.label(entry, listing.lang), _value(listing, entry, lack["value"], some, inside),
        _value(listing, entry, entry["average"], listing.rows, None), _short(listing, entry, some), lack["known"],
        listing.cell(counts), lack["owner"] or listing.say("no_owner"),
    ]  # fmt: skip


def _value(
    listing: Listing, entry: Indicator, exact: float | None, rows: list[Row] | tuple[Row, ...], among: pd.Series | None
) -> Cell:
    """The value of some villages together: a share of their people, as exactly as their bands allow."""
    if exact is None or math.isnan(exact):
        return None
    hidden = any(listing.banded(row, entry) for row in rows)
    if not hidden:
        return exact if entry["kind"] == "share" else words.value_text(entry, exact, listing.lang)
    found = people.total(listing.run, entry, among, public=listing.public)
    return sums.share_text(found, listing.lang) if found and entry["kind"] == "share" else None


def _short(listing: Listing, entry: Indicator, rows: list[Row]) -> Cell:
    """How many villages are under the target, or worse than the average where there is none."""
    name, sure, hidden = entry["id"], 0, 0
    for row in rows:
        if listing.banded(row, entry) and (entry["target"] is None or listing.misses(row, entry) is None):
            hidden += 1
        elif entry["target"] is not None and entry["kind"] == "share":
            sure += listing.misses(row, entry) is True
        else:
            value, average = row.get(f"value_{name}", math.nan), entry["average"]
            sure += bool(value > average if entry["better"] == "lower" else value < average)
    return listing.cell((sure, sure + hidden))


def _villages(listing: Listing, names: Names) -> Sheet:
    """Every village with its group, and with its work area and pocket where the run has any."""
    run, lang = listing.run, listing.lang
    more = [key for key, column in (("area", "area"), ("pocket", "scan_cluster")) if (run.villages[column] > 0).any()]
    columns = _columns(listing, (*VILLAGES, *((key, "order", 9) for key in more)))
    shown = {p["cluster"]: packages.name(p, run.facts, lang) for p in run.facts["clusters"]["profiles"]}
    rows: list[list[Cell]] = []
    for row in listing.rows:
        group = None if pd.isna(row["cluster"]) else int(row["cluster"])
        named = shown.get(group or 0) or words.cluster_profile(run, group, lang)
        sure = "" if pd.isna(row["cluster_sure"]) else words.probability(row["cluster_sure"], lang)
        extra = (row["area" if key == "area" else "scan_cluster"] for key in more)
        rows.append([
            *place_cells(row), listing.say("yes" if row["selected"] else "no"), group, named,
            sure if words.uncertain(run) else "",
            *(None if pd.isna(n) or not n else int(n) for n in extra),
        ])  # fmt: skip
    title = listing.say("title.package_villages")
    notes = (about(listing), listing.say("note.package_villages"))
    name = names.take(listing.say("sheet.package_villages"))
    return Sheet(name, title, notes, tuple(columns), rows, frozen=3, marked=(4, listing.say("yes")))
