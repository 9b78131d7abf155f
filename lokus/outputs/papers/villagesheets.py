"""The sheets of the workbook that list villages: the ranking, the chosen with their reasons, the gaps."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from lokus.messages import number, text
from lokus.outputs import sums, words
from lokus.outputs.papers import people
from lokus.outputs.papers.grid import Cell, Column, Names, Sheet, joined
from lokus.outputs.papers.listing import KRS, Indicator, Listing, Row, banded_note

# Columns of a list: the text of its heading, its kind, its width, and what fills it.
PLACES = (("rank", "order", 10), ("code", "code", 14), ("village", "text", 22), ("kecamatan", "text", 17))


def ranked(listing: Listing, names: Names) -> Sheet:
    """Every village by rank, with how surely it stands there."""
    say = listing.say
    columns = [*_columns(listing, PLACES), Column(say("column.chosen"), "text", 9), *_columns(listing, STANDING)]
    columns += _columns(listing, BURDEN if listing.burden else ())
    columns += _columns(listing, (("measured", "percent", 9),) if listing.measured else ())
    columns += _columns(listing, (("last_year", "text", 9),))
    rows = [[*place_cells(row), _yes(listing, row["selected"]), *_standing(listing, row), *_burden(listing, row),
             *_rest(listing, row)] for row in listing.rows]  # fmt: skip
    notes = (about(listing), *banded_note(listing))
    return Sheet(
        names.take(say("sheet.ranked")), say("title.ranked", title=listing.run.facts["title"]), notes, tuple(columns),
        rows, frozen=3, marked=(4, say("yes")),
    )  # fmt: skip


STANDING = (
    ("score", "decimal", 9), ("rank_low", "whole", 10), ("rank_high", "whole", 10), ("p_top", "percent", 9),
    ("certainty", "text", 20),
)  # fmt: skip
BURDEN = (
    ("children", "whole", 10), ("stunted", "whole", 9), ("raw", "percent", 11), ("estimate", "percent", 11),
    ("low", "percent", 8), ("high", "percent", 8),
)  # fmt: skip


def _columns(listing: Listing, wanted: tuple[tuple[str, str, float], ...]) -> list[Column]:
    fields = {"top": listing.run.facts["top_n"], "interval": number(100 * listing.run.facts["interval"], listing.lang)}
    return [Column(listing.say(f"column.{key}", **fields), kind, width) for key, kind, width in wanted]


def place_cells(row: Row) -> list[Cell]:
    """Rank, code, village and kecamatan: what a list of villages begins with."""
    return [_whole(row["rank"]), row["village_code"], row["village"], row["kecamatan"]]


def _whole(value: float) -> Cell:
    return None if pd.isna(value) else int(value)


def _yes(listing: Listing, is_so: bool) -> str:
    return listing.say("yes" if is_so else "no")


def _standing(listing: Listing, row: Row) -> list[Cell]:
    sure = words.uncertain(listing.run)
    kind = row["certainty"]
    said = listing.say(f"certainty.{kind}") if kind and sure else listing.say(f"status.{row['status']}")
    ends = [_whole(row[end]) if sure else None for end in ("rank_low", "rank_high")]
    return [listing.score(row), *ends, listing.probability(row), said]


def _burden(listing: Listing, row: Row) -> list[Cell]:
    entry = listing.burden
    if entry is None:
        return []
    counts = (f(listing.run, row, entry, public=listing.public) for f in (people.whole, people.counted))
    ends = (listing.estimate(row, entry["id"], part) for part in ("estimate", "low", "high"))
    return [*(listing.cell(c) for c in counts), listing.value(row, entry), *ends]


def _rest(listing: Listing, row: Row) -> list[Cell]:
    entry = listing.measured
    share = [listing.value(row, entry)] if entry else []
    return [*share, _yes(listing, row["last_year"])]


def chosen(listing: Listing, names: Names) -> Sheet:
    """The chosen villages with their reasons."""
    say, entry, krs = listing.say, listing.burden, listing.indicator(KRS)
    columns = _columns(listing, PLACES)
    columns += _columns(
        listing, (("children", "whole", 9), ("stunted", "whole", 9), ("raw", "percent", 11)) if entry else ()
    )
    columns += [Column(words.short(krs, listing.lang), "whole", 10)] if krs else []
    columns += _columns(listing, (("under", "text", 9), ("why", "text", 28), ("reasons", "text", 72)))
    rows = []
    for row in listing.chosen:
        counts = _burden(listing, row)[:3]
        families = [listing.cell(people.counted(listing.run, row, krs, public=listing.public))] if krs else []
        reasons = [*listing.reasons(row), *(f"! {flag}" for flag in listing.flags(row))]
        rows.append(
            [*place_cells(row), *counts, *families, listing.under_target(row), listing.why(row), joined(reasons)]
        )
    notes = (about(listing), *banded_note(listing), *_reach(listing))
    title = say("title.chosen", count=len(rows), year=str(listing.run.facts["year"]))
    return Sheet(names.take(say("sheet.chosen")), title, notes, tuple(columns), rows, frozen=3)


def _reach(listing: Listing) -> Iterator[str]:
    expected = sums.expected(listing.run, listing.run.villages["selected"], public=listing.public)
    if expected:
        said = sums.people_text(*expected, listing.lang, step=10, public=listing.public)
        yield listing.say("reach", children=said)


def gaps(listing: Listing, names: Names) -> Sheet:
    """One line a service: how far from its target, and how many people lack it, in all villages and in the chosen."""
    say = listing.say
    wanted = (
        ("service", "text", 40), ("owner", "text", 22), ("reach", "percent", 12), ("target", "percent", 9),
        ("gap", "points", 11), ("below", "whole", 12), ("known", "whole", 12), ("lacking", "whole", 15),
        ("lacking_chosen", "whole", 15), ("target_source", "text", 34),
    )  # fmt: skip
    rows = [_gap_row(listing, entry) for entry in _with_shares(listing)]
    notes = (about(listing), say("note.gaps"), *banded_note(listing))
    return Sheet(
        names.take(say("sheet.gaps")), say("title.gaps"), notes, tuple(_columns(listing, wanted)), rows, frozen=1
    )


def _with_shares(listing: Listing) -> list[Indicator]:
    shares = [e for e in listing.run.facts["indicators"] if e["kind"] == "share" and e["villages"]]
    return sorted(shares, key=lambda e: (e["dimension"] == "quality", e["dimension"] != "services"))


def _gap_row(listing: Listing, entry: Indicator) -> list[Cell]:
    run, public, lang = listing.run, listing.public, listing.lang
    # As the map and the method page tell it: a total may be coarser than the sum of its cells, never finer.
    found = sums.total(run, entry, public=public) if entry["interval"] else None
    ends = (found.low / found.whole, found.high / found.whole) if found and found.whole else (entry["average"],) * 2
    if found and found.step > 1:
        # True totals told in tens: so is what is reckoned from them.
        ends = (round(ends[0], 2), round(ends[1], 2))
    below = [(listing.misses(row, entry), row) for row in listing.rows] if entry["target"] is not None else []
    sure = sum(missed is True for missed, _ in below)
    hidden = sum(missed is None and listing.banded(row, entry) for missed, row in below)
    counts = [people.lacking_in_all(run, entry, among, public=public) for among in (None, run.villages["selected"])]
    known = sum(not pd.isna(row.get(f"value_{entry['id']}", math.nan)) for row in listing.rows)
    return [
        words.label(entry, lang), entry["owner"] or listing.say("no_owner"),
        ends[0] if found is None or (ends[0] == ends[1] and found.step == 1) else sums.mean_text(entry, found, lang),
        entry["target"], _points(entry, ends, lang), listing.cell((sure, sure + hidden)) if below else None, known,
        *(listing.cell(c) for c in counts), entry["target_source"],
    ]  # fmt: skip


def _points(entry: Indicator, ends: people.Ends, lang: str) -> Cell:
    """How many points an average lies on the wrong side of its target."""
    if entry["target"] is None or ends[0] is None:
        return None
    sign = 1 if entry["better"] == "lower" else -1
    low, high = sorted(max(0.0, 100 * sign * (end - entry["target"])) for end in ends)
    said = [number(end, lang, 1) for end in (low, high)]
    return round(low, 1) if said[0] == said[1] else "–".join(said)


def gaps_by_village(listing: Listing, names: Names) -> Sheet:
    """Every service in every village: what is reached, what is missing to the target, who lacks it."""
    say, lang = listing.say, listing.lang
    entries = [e for e in _with_shares(listing) if e["target"] is not None or e["interval"]]
    columns = [*_columns(listing, PLACES), Column(say("column.chosen"), "text", 9)]
    for entry in entries:
        label = words.short(entry, lang)
        columns.append(Column(say("column.of_reach", label=label), "percent", 13))
        columns += [Column(say("column.of_gap", label=label), "points", 13)] if entry["target"] is not None else []
        columns += [Column(say("column.of_people", label=label), "whole", 13)] if entry["interval"] else []
    rows = [
        [*place_cells(row), _yes(listing, row["selected"]), *_gap_cells(listing, row, entries)] for row in listing.rows
    ]
    notes = (about(listing), say("note.gaps_by_village"), *banded_note(listing))
    title = say("title.gaps_by_village")
    return Sheet(
        names.take(say("sheet.gaps_by_village")), title, notes, tuple(columns), rows, frozen=3, marked=(4, say("yes"))
    )


def _gap_cells(listing: Listing, row: Row, entries: list[Indicator]) -> Iterator[Cell]:
    for entry in entries:
        yield listing.value(row, entry)
        if entry["target"] is not None:
            gap = row.get(f"gap_{entry['id']}", math.nan)
            yield None if pd.isna(gap) or listing.banded(row, entry) else round(100 * gap, 1)
        if entry["interval"]:
            yield listing.cell(people.lacking(listing.run, row, entry, public=listing.public))


def about(listing: Listing) -> str:
    """The line under every title: whose list, of which run."""
    facts = listing.run.facts
    return text("papers.about", listing.lang, place=listing.place(), year=str(facts["year"]), run=facts["run_id"])
