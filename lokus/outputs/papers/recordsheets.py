"""The sheets of the workbook that answer for the numbers: method and weights, data quality, join account, problems."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lokus import messages
from lokus.errors import Problem, masked
from lokus.messages import text
from lokus.outputs import banding, words
from lokus.outputs.choice import limits
from lokus.outputs.papers import agreement
from lokus.outputs.papers.grid import Cell, Column, Names, Sheet, joined
from lokus.outputs.papers.listing import Listing, banded_note
from lokus.outputs.papers.villagesheets import about, place_cells

# Parts of a study that say how the list was made.
SETTINGS = ("method", "uncertainty", "space", "clusters")
ACCOUNT = ("rows", "matched", "repeated", "candidates", "unmatched", "outside", "ignored", "no_data_villages")
# What a problem tells that counts no people.
NO_PEOPLE = frozenset({"row", "rows", "count", "of", "year", "limit", "most", "villages", "tables"})
# Letters of a note that stand across the method sheet.
NOTE = 180
_SUM = re.compile(r"[\d\s.,+\-−=/;:%–]+")


def method(listing: Listing, names: Names) -> Sheet:
    """The indicators with their weights, targets and sources."""
    wanted = (
        ("indicator", "text", 40), ("dimension", "text", 22), ("weight", "percent", 9), ("better", "text", 14),
        ("target", "percent", 9), ("target_source", "text", 30), ("verified", "text", 12), ("source", "text", 32),
        ("period", "text", 16), ("known", "whole", 10), ("owner", "text", 20), ("id", "code", 18),
    )  # fmt: skip
    say, lang, facts = listing.say, listing.lang, listing.run.facts
    dimensions = {d["id"]: words.label(d, lang) for d in facts["dimensions"]}
    files = {table["id"]: Path(table["path"]).name for table in facts["tables"]}
    rows: list[list[Cell]] = []
    for entry in sorted(facts["indicators"], key=lambda e: -e["weight"]):
        target = entry["target"] if entry["kind"] == "share" else _said(entry, lang)
        known = "" if entry["target"] is None else say("yes" if entry["target_verified"] else "unverified")
        rows.append([
            words.label(entry, lang), dimensions.get(entry["dimension"]) or _dimension(entry["dimension"], lang),
            entry["weight"] if entry["scored"] else say("not_scored"), say(f"better.{entry['better']}"),
            target, entry["target_source"], known, entry["source"] or files.get(entry["table"], entry["table"]),
            entry["period"] or text("map.period_unsaid", lang), entry["villages"], entry["owner"], entry["id"],
        ])  # fmt: skip
    columns = tuple(Column(say(f"column.{key}"), kind, width) for key, kind, width in wanted)
    agreed = (*agreement.agreed(listing.run, lang), *agreement.named(listing.run, lang))
    # A note runs over the columns beside it and does not wrap by itself.
    told = (line for said in agreed for line in textwrap.wrap(said, NOTE))
    notes = (about(listing), say("note.method"), *told)
    return Sheet(names.take(say("sheet.method")), say("title.method"), notes, columns, rows, 1)


def _dimension(name: str, lang: str) -> str:
    """A dimension that the study itself does not name."""
    return text(f"dimension.{name}", lang) if messages.has(f"dimension.{name}") else name


def _said(entry: Mapping[str, Any], lang: str) -> str | None:
    return None if entry["target"] is None else words.value_text(entry, entry["target"], lang)


def settings(listing: Listing, names: Names) -> Sheet:
    """Every setting of the study as its file names it, the rules of choice, and what it was computed with."""
    say = listing.say
    columns = (
        Column(say("column.part"), "text", 22),
        Column(say("column.key"), "code", 46),
        Column(say("column.value"), "text", 86),
    )
    study = listing.run.manifest["study"]
    rows: list[list[Cell]] = [
        [say(f"part.{part}"), f"{part}.{key}", _value(value)]
        for part in SETTINGS if part in study
        for key, value in study[part].items() if value not in (None, [], "")
    ]  # fmt: skip
    count = listing.run.facts["selection"]["count"]
    rows.append([say("part.selection"), "selection.count", str(count)])
    rows += [[say("part.selection"), f"selection.{key}", _value(value)] for key, value in limits(listing.run).items()]
    rows += [[say("part.versions"), key, str(value)] for key, value in listing.run.manifest.get("versions", {}).items()]
    rows += [
        [say("part.inputs"), str(i["path"]), f"sha256 {i['sha256']}"] for i in listing.run.manifest.get("inputs", ())
    ]
    return Sheet(
        names.take(say("sheet.settings")),
        say("title.settings"),
        (about(listing), say("note.settings")),
        columns,
        rows,
        1,
    )


def _value(value: Any) -> str:
    """A setting in one line, as the study writes it."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {_value(inner)}" for key, inner in value.items() if inner not in (None, "", []))
    if isinstance(value, list | tuple):
        return "; ".join(_value(inner) for inner in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def quality(listing: Listing, names: Names) -> Sheet:
    """What must be known of the data of each village before its numbers are believed."""
    say = listing.say
    measured = [Column(say("column.measured"), "percent", 12)] if listing.measured else []
    columns = (
        Column(say("column.rank"), "order", 10), Column(say("column.code"), "code", 14),
        Column(say("column.village"), "text", 24), Column(say("column.kecamatan"), "text", 18),
        Column(say("column.chosen"), "text", 9), *measured, Column(say("column.observed"), "percent", 12),
        Column(say("column.reliability"), "text", 14), Column(say("column.flags"), "text", 90),
    )  # fmt: skip
    rows: list[list[Cell]] = []
    for row in listing.rows:
        share = [listing.value(row, listing.measured)] if listing.measured else []
        kind = row["reliability"]
        rows.append([
            *place_cells(row), say("yes" if row["selected"] else "no"), *share, float(row["observed_weight"]),
            say(f"reliability.{kind}") if kind else "–", joined(listing.flags(row)) or "–",
        ])  # fmt: skip
    notes = (about(listing), say("note.quality"), *banded_note(listing))
    return Sheet(
        names.take(say("sheet.quality")), say("title.quality"), notes, columns, rows, 3, marked=(4, say("yes"))
    )


def account(listing: Listing, names: Names) -> Sheet:
    """What became of the rows of each table: rows in = rows matched + rows told."""
    say = listing.say
    columns = (
        Column(say("column.table"), "text", 16), Column(say("column.source"), "text", 32),
        Column(say("column.period"), "text", 18), *(Column(say(f"account.{c}"), "whole", 11) for c in ACCOUNT),
        Column(say("column.matched_by"), "text", 34), Column(say("column.left_out"), "text", 24),
        *([] if listing.public else [Column(say("column.sums"), "text", 60)]),
    )  # fmt: skip
    rows = [[*_table_row(listing, table)] for table in listing.run.facts["tables"]]
    # Sums of a table beside those of its matched rows would tell the few people of an unmatched one.
    notes = (about(listing), say("note.account"))
    return Sheet(names.take(say("sheet.account")), say("title.account"), notes, columns, rows, 1)


def _table_row(listing: Listing, table: Mapping[str, Any]) -> Iterator[Cell]:
    lang = listing.lang
    yield from (table["id"], table["source"] or table["path"], table["period"] or text("map.period_unsaid", lang))
    yield from (table.get(c) for c in ACCOUNT)
    by, out = table.get("by", {}), table.get("left_out", {})
    yield joined(f"{messages.number(n, lang)} {text(f'match.rung.{rung}', lang)}" for rung, n in by.items()) or "–"
    yield joined(f"{messages.number(n, lang)} {text(f'rows.{kind}', lang)}" for kind, n in out.items()) or "–"
    if not listing.public:
        told = (
            listing.say("sums", columns=" + ".join(s["columns"]), sum=float(s["sum"]), joined=float(s["joined"]))
            for s in table.get("sums", ())
        )
        yield joined(told)


def unmatched(listing: Listing, names: Names) -> Sheet:
    """Every row of a table that found no village, and every village that has no row in a table."""
    say, lang, join = listing.say, listing.lang, listing.run.join
    wanted = (
        ("table", "text", 18), ("row", "whole", 8), ("state", "text", 22), ("kecamatan", "text", 22),
        ("village", "text", 28), ("code", "code", 16), ("candidates", "text", 50), ("because", "text", 44),
    )  # fmt: skip
    columns = tuple(Column(say(f"column.{key}"), kind, width) for key, kind, width in wanted)
    rows: list[list[Cell]] = []
    if len(join):
        left = join[join["status"].isin(["candidate", "unmatched", "outside", "no_row"])]
        # Last year's list has a row for its own villages alone.
        listed = listing.run.manifest["study"]["selection"].get("last_year") or ""
        left = left[(left["status"] != "no_row") | (left["table"] != listed)]
        for line in left.to_dict("records"):
            told = {name: masked(str(line[name])) for name in ("kecamatan", "village", "code", "candidates")}
            because = f"match.reason.{line['reason']}"
            rows.append([
                line["table"], int(line["row"]) if str(line["row"]).isdigit() else None,
                text(f"match.status.{line['status']}", lang) if messages.has(f"match.status.{line['status']}") else "–",
                told["kecamatan"], told["village"], told["code"] or line["village_code"], told["candidates"],
                text(because, lang) if messages.has(because) else "",
            ])  # fmt: skip
    return Sheet(
        names.take(say("sheet.unmatched")),
        say("title.unmatched"),
        (about(listing), say("note.unmatched")),
        columns,
        rows,
        1,
    )


def problems(listing: Listing, names: Names) -> Sheet:
    """Every doubt about the inputs, with its place and its remedy."""
    say, lang = listing.say, listing.lang
    columns = (
        Column(say("column.kind"), "text", 12), Column(say("column.where"), "text", 44),
        Column(say("column.said"), "text", 110), Column(say("column.problem"), "code", 26),
    )  # fmt: skip
    rows: list[list[Cell]] = []
    for problem in listing.run.problems:
        shown = quiet(problem) if listing.public else problem
        place = messages.where(shown, lang)
        told = messages.problem(shown, lang).removeprefix(f"{place}: ")
        rows.append([say("fatal" if shown.fatal else "warning"), place, told, shown.code])
    return Sheet(
        names.take(say("sheet.problems")), say("title.problems"), (about(listing), say("note.problems")), columns, rows
    )


def quiet(problem: Problem) -> Problem:
    """A problem without the numbers it quotes, where one of them is 1–4: with the others it could be reckoned back.

    >>> quiet(Problem("x", params={"part": 3, "whole": 29, "rows": [2], "numbers": "12 + 3"})).params
    {'part': '…', 'whole': '…', 'rows': [2], 'numbers': '…'}
    """
    people = {name: value for name, value in problem.params.items() if name not in NO_PEOPLE and _numeric(value)}
    if not any(_few(value) for value in people.values()):
        return problem
    return replace(problem, params={**problem.params, **dict.fromkeys(people, "…")})


def _numeric(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return bool(value) and all(_numeric(inner) for inner in value)
    return (isinstance(value, int | float) and not isinstance(value, bool)) or (
        isinstance(value, str) and bool(_SUM.fullmatch(value)) and any(c.isdigit() for c in value)
    )


def _few(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(_few(inner) for inner in value)
    if isinstance(value, str):
        return any(banding.is_few(float(found)) for found in re.findall(r"(?<![\d.,])\d{1,15}(?![\d]|[.,]\d)", value))
    return banding.is_few(float(value))
