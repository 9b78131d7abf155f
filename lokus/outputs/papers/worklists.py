"""One work list for each office (OPD): what, where, for how many people; budget and source of funds to be filled in."""

from __future__ import annotations

from dataclasses import dataclass

from lokus.outputs import words
from lokus.outputs.papers import people
from lokus.outputs.papers.grid import Cell, Column, Names, Sheet, Sum
from lokus.outputs.papers.listing import Indicator, Listing, Row, banded_note, sum_of
from lokus.outputs.papers.villagesheets import about

# Where a village's work may be paid from (`papers.funds`).
FUNDS = ("apbn", "apbd_prov", "apbd_kab", "dak_fisik", "dak_nonfisik", "dana_desa", "csr", "other")
SERVICE, PRIORITY, PEOPLE, BUDGET = 1, 0, 8, 9


@dataclass(frozen=True, slots=True)
class Work:
    """One office's sheet and the services on it, in order."""

    owner: str
    sheet: Sheet
    entries: tuple[Indicator, ...]


def worklists(listing: Listing, names: Names) -> list[Work]:
    """A sheet for each office, those with the most people to reach in the chosen villages first."""
    found = listing.owners()
    order = sorted(found, key=lambda owner: (owner == listing.say("no_owner"), -_reach(listing, found[owner]), owner))
    return [
        Work(owner, _sheet(listing, owner, found[owner], names), tuple(found[owner]))
        for owner in order
    ]  # fmt: skip


def _reach(listing: Listing, entries: list[Indicator]) -> float:
    chosen = listing.run.villages["selected"]
    ends = (people.lacking_in_all(listing.run, e, chosen, public=listing.public)[1] for e in entries)
    return sum(end for end in ends if end == end)


def _sheet(listing: Listing, owner: str, entries: list[Indicator], names: Names) -> Sheet:
    say = listing.say
    funds = tuple(say(f"funds.{fund}") for fund in FUNDS)
    columns = (
        Column(say("column.priority"), "text", 9), Column(say("column.what"), "text", 50),
        Column(say("column.kecamatan"), "text", 18), Column(say("column.village"), "text", 24),
        Column(say("column.code"), "code", 14), Column(say("column.reach"), "percent", 11),
        Column(say("column.target"), "percent", 9), Column(say("column.target_group"), "whole", 11),
        Column(say("column.lacking"), "whole", 14), Column(say("column.budget"), "money", 17),
        Column(say("column.fund"), "fill", 16, funds), Column(say("column.remark"), "fill", 20),
    )  # fmt: skip
    rows = [cells for _, cells in sorted(_lines(listing, entries), key=lambda line: line[0])]
    notes = (about(listing), say("note.worklist"), *banded_note(listing))
    sums = (Sum(PEOPLE, sum_of([row[PEOPLE] for row in rows])), Sum(BUDGET, 0.0))
    return Sheet(
        names.take(owner), say("title.worklist", owner=owner), notes, columns, rows, frozen=2,
        marked=(PRIORITY, say("priority.chosen")), sums=sums, sum_label=say("sum_shown"),
    )  # fmt: skip


def _lines(listing: Listing, entries: list[Indicator]) -> list[tuple[tuple[object, ...], list[Cell]]]:
    told: list[tuple[tuple[object, ...], list[Cell]]] = []
    for k, entry in enumerate(entries):
        for row in listing.rows:
            ends = people.lacking(listing.run, row, entry, public=listing.public)
            if ends[1] > 0:
                # By what is written: the order of banded cells would tell which count is the greater.
                key = (not row["selected"], k, -ends[1], row["village_code"])
                told.append((key, _line(listing, row, entry, ends)))
    return told


def _line(listing: Listing, row: Row, entry: Indicator, ends: people.Ends) -> list[Cell]:
    whole = people.whole(listing.run, row, entry, public=listing.public)
    return [
        listing.say("priority.chosen" if row["selected"] else "priority.other"), work(listing, entry),
        row["kecamatan"], row["village"], row["village_code"], listing.value(row, entry), entry["target"],
        listing.cell(whole), listing.cell(ends), "", "", "",
    ]  # fmt: skip


def work(listing: Listing, entry: Indicator) -> str:
    """A service or burden by name, told from its namesakes; the same words on the work list and in its sums."""
    label = words.short(entry, listing.lang)
    twins = sum(words.short(e, listing.lang) == label for e in listing.shares)
    return label if twins == 1 else f"{label} [{entry['id']}]"


def recapitulation(listing: Listing, works: list[Work], name: str) -> Sheet:
    """One line for each office and service: people to reach and money asked for, added up from the work lists."""
    say = listing.say
    wanted = (
        ("owner", "text", 26), ("what", "text", 44), ("lacking_chosen", "whole", 16), ("with_banded", "text", 16),
        ("lacking_others", "whole", 16), ("budget_chosen", "money", 19), ("budget_all", "money", 19),
    )  # fmt: skip
    columns = tuple(Column(say(f"column.{key}"), kind, width) for key, kind, width in wanted)
    rows: list[list[Cell]] = []
    formulas: dict[tuple[int, int], tuple[str, float]] = {}
    notes = (about(listing), say("note.recapitulation"), *banded_note(listing))
    top = Sheet(name, "", notes, columns, ()).top + 2
    for task in works:
        for entry in task.entries:
            i = len(rows)
            rows.append(_recap_row(listing, task, entry))
            formulas |= _added_up(listing, task, i, top + i, rows[-1][1])
    return Sheet(name, say("title.recapitulation"), notes, columns, rows, frozen=2, formulas=formulas)


def _recap_row(listing: Listing, task: Work, entry: Indicator) -> list[Cell]:
    chosen = listing.run.villages["selected"]
    ends = people.lacking_in_all(listing.run, entry, chosen, public=listing.public)
    hidden = people.said(ends, listing.lang) if ends[0] != ends[1] else "–"
    return [task.owner, work(listing, entry), None, hidden, None, None, None]


def _added_up(listing: Listing, task: Work, i: int, line: int, label: Cell) -> dict[tuple[int, int], tuple[str, float]]:
    """The formulas of one line. They compare whole cells, so that no sign in a label is taken for a command."""
    sheet, first = task.sheet, listing.say("priority.chosen")
    what, whom = f"({sheet.cells(SERVICE)}=$B{line})", sheet.cells(PRIORITY)
    mine = [row for row in sheet.rows if row[SERVICE] == label]
    told = {}
    for column, part, sign in ((2, PEOPLE, "="), (4, PEOPLE, "<>"), (5, BUDGET, "="), (6, BUDGET, "")):
        who = f'*({whom}{sign}"{first}")' if sign else ""
        meant = [row[part] for row in mine if not sign or (row[PRIORITY] == first) == (sign == "=")]
        told[i, column] = (f"=SUMPRODUCT({what}{who}*1,{sheet.cells(part)})", sum_of(meant))
    return told
