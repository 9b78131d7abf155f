"""From files to a proposal: the boundary file and its codes, each table's places and indicators, and what is left."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from lokus.catalog.headings import fits, lists, words
from lokus.errors import DataError, Problem, Where
from lokus.proposal import choosing, columns, looking
from lokus.proposal.looking import Left
from lokus.proposal.records import Ask, Ground, Look, PointsProposal, Proposal, Said, TableProposal
from lokus.proposal.tabling import tables_of
from lokus.proposal.trying import tried
from lokus.sources.numbers import parse_numbers
from lokus.sources.points import EAST, NORTH, SOUTH, WEST

# The share of villages proposed as lokus: between the 6 and 44 % that kabupaten chose, and never fewer than five.
SHARE, LEAST = 0.1, 5


def propose(
    home: Path, boundaries: Sequence[Path], tables: Sequence[Path], *, ask: Ask,
    layer: str = "", crs: str = "", kabupaten: str = "", lang: str = "id",
) -> Proposal:  # fmt: skip
    """A study from files, tried with lokus' own reading before it is given.

    Parameters: `home` where the study will stand; files or folders; `ask` answers a question or returns None. `layer`,
    `crs`, `kabupaten` where the boundary file does not tell by itself.
    Errors: `DataError` when no boundary file can be read or no table speaks of its villages.
    """
    looking.refuse_missing([*boundaries, *tables])
    left: list[Left] = []
    looks = [look for path in looking.table_files(tables, left) for look in looking.sheets(path, left)]
    pointed = {id(look): found for look in looks if (found := _points(look))}
    rest = [look for look in looks if id(look) not in pointed]
    given = {"layer": layer, "crs": crs, "kabupaten": kabupaten}
    ground, evidence, doubts = choosing.ground(looking.boundary_files(boundaries, left), rest, ask, left, **given)
    proposed = [table for look in rest for table in tables_of(look, ground, ask, left)]
    if looks and not rest:
        raise DataError([Problem("init_only_points", True, params={"files": [look.name for look in looks]})])
    if not proposed:
        raise DataError([Problem("init_nothing_fits", True, params={"count": len(rest)}), *_reasons(left)])
    chosen = _rivals(_identified(proposed))
    villages = len(ground.boundaries.places)
    proposal = Proposal(
        ground=ground, ground_evidence=tuple(evidence), ground_doubts=tuple(doubts), tables=tuple(chosen),
        points=tuple(_numbered(pointed.values())), left=tuple(left), year=next_year(chosen),
        count=min(villages, max(LEAST, round(SHARE * villages))),
        kabupaten=kabupaten or ground.kabupaten or _kabupaten(ground),
    )  # fmt: skip
    return tried(proposal, home, lang)


def _reasons(left: Iterable[Left]) -> list[Problem]:
    return [replace(why, fatal=True, where=Where(name)) for name, why in left if isinstance(why, Problem)]


def _identified(proposed: Iterable[TableProposal]) -> list[TableProposal]:
    """Tables with ids made of their files' names, and indicators of one's own with ids made of those."""
    ids: set[str] = set()
    named = []
    for table in proposed:
        sheet = table.look.sheet.name if table.look.many else ""
        name = " ".join(filter(None, (table.look.path.stem, sheet, table.service)))
        table = replace(table, id=_id(name, ids))
        meanings = tuple(m if m.id else replace(m, id=f"{table.id}_cakupan") for m in table.meanings)
        named.append(replace(table, meanings=meanings))
    return named


def _id(name: str, taken: set[str]) -> str:
    plain = unicodedata.normalize("NFKD", name).casefold().encode("ascii", "ignore").decode()
    base = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:40].strip("_")
    base = base if base[:1].isalpha() else f"tabel_{base}".strip("_")
    turns = (base if n == 1 else f"{base}_{n}" for n in range(1, len(taken) + 2))
    found = next(turn for turn in turns if turn not in taken)
    taken.add(found)
    return found


def _rivals(tables: Sequence[TableProposal]) -> list[TableProposal]:
    """One table for each indicator: counts before per cents, the newest, the fullest; D/S from the prevalence's own."""
    burden = next(
        (t.id for t in sorted(tables, key=_worth, reverse=True) for m in t.meanings if m.id == "stunting"), ""
    )
    best: dict[str, TableProposal] = {}
    for table in sorted(tables, key=_worth):
        for meaning in table.meanings:
            before = best.get(meaning.id)
            theirs = next((m for m in before.meanings if m.id == meaning.id), meaning) if before else meaning
            own = (bool(meaning.numerator), meaning.id == "measured" and table.id == burden)
            other = (bool(theirs.numerator), before is not None and meaning.id == "measured" and before.id == burden)
            if before is None or own >= other:
                best[meaning.id] = table
    last = max((t for t in tables if t.use == "last_year"), key=_worth, default=None)
    return [_yielding(table, best, last) for table in tables]


def _yielding(table: TableProposal, best: dict[str, TableProposal], last: TableProposal | None) -> TableProposal:
    meanings = []
    for meaning in table.meanings:
        better = best[meaning.of or meaning.id]
        told = {"id": meaning.id, "table": better.id, "period": better.period.text or "–"}
        meanings.append(meaning if better.id == table.id else replace(meaning, off=Said("rival", told)))
    if table.use == "last_year" and last is not None and table.id != last.id:
        return replace(table, off=Said("older_list", {"table": last.id}))
    return replace(table, meanings=tuple(meanings))


def _worth(table: TableProposal) -> tuple[tuple[int, int], int]:
    return table.period.key, table.villages


def _points(look: Look) -> PointsProposal | None:
    """A table of places with coordinates in degrees, by its headers and by where the numbers lie."""
    rules = lists()["points"]
    bare = {" ".join(sorted(words(c))): c for c in look.sheet.columns}
    found = [next((bare[k] for n in rules[axis] if (k := " ".join(sorted(n.split()))) in bare), "")
             for axis in ("latitude", "longitude")]  # fmt: skip
    name = next((c for c in look.sheet.columns if fits(rules["name"], words(c))), "")
    if not all(found) or not name:
        return None
    latitude, longitude = (parse_numbers(look.sheet.rows[c], ".").values for c in found)
    inside = latitude.between(SOUTH, NORTH) & longitude.between(WEST, EAST)
    if inside.mean() < columns.MOSTLY:
        return None
    kecamatan = next((c for c in look.sheet.columns if fits(lists()["place"]["kecamatan"], words(c))), "")
    named = " ".join(word for word in name.split() if not fits("nama|name", words(word)))
    label = named or look.path.stem.replace("_", " ")
    return PointsProposal("", look, name, found[0], found[1], label.capitalize(), kecamatan)


def _numbered(found: Iterable[PointsProposal]) -> list[PointsProposal]:
    ids: set[str] = set()
    return [replace(points, id=_id(points.look.path.stem, ids)) for points in found]


def next_year(tables: Iterable[TableProposal]) -> int:
    """The year after the newest data; where no table tells its year, the next one."""
    known = max((t.period.key[0] for t in tables), default=0)
    return (known or dt.date.today().year) + 1


def _kabupaten(ground: Ground) -> str:
    names = ground.boundaries.places["kabupaten"].unique()
    return str(names[0]) if len(names) == 1 else ""
