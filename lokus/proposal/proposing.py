"""From files to a proposal: the boundary file and its codes, each table's places and indicators, and what is left."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from lokus.errors import DataError, Problem, Where
from lokus.proposal import choosing, columns, looking, periods, places
from lokus.proposal.headings import fits, lists, words
from lokus.proposal.looking import Left
from lokus.proposal.records import Ask, Ground, Look, Meaning, PointsProposal, Proposal, Said, Sentence, TableProposal
from lokus.proposal.trying import tried
from lokus.sources.cells import text_of
from lokus.sources.numbers import parse_numbers
from lokus.sources.periods import parse_period
from lokus.sources.points import EAST, NORTH, SOUTH, WEST

# Under this share of rows with a village a table is not one of this kabupaten; under the second a person must look.
LEAST_MATCHED, WELL_MATCHED = 0.3, 0.8
# A list of chosen villages names few of them.
FEW_VILLAGES = 0.6
SHOWN_ONLY = ("measured", "wasting")


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
    looks = [look for path in looking.table_files(tables) for look in looking.sheets(path, left)]
    pointed = {id(look): found for look in looks if (found := _points(look))}
    rest = [look for look in looks if id(look) not in pointed]
    given = {"layer": layer, "crs": crs, "kabupaten": kabupaten}
    ground, evidence, doubts = choosing.ground(looking.boundary_files(boundaries), rest, ask, left, **given)
    proposed = [p for look in rest if (p := _table(look, ground, ask, left))]
    if not proposed:
        raise DataError([Problem("init_nothing_fits", True, params={"count": len(rest)}), *_reasons(left)])
    chosen = _rivals(_identified(proposed))
    proposal = Proposal(
        ground=ground, ground_evidence=tuple(evidence), ground_doubts=tuple(doubts), tables=tuple(chosen),
        points=tuple(_numbered(pointed.values())), left=tuple(left), year=_year(chosen),
        kabupaten=kabupaten or ground.kabupaten or _kabupaten(ground),
    )  # fmt: skip
    return tried(proposal, home, lang)


def _reasons(left: Iterable[Left]) -> list[Problem]:
    return [replace(why, fatal=True, where=Where(name)) for name, why in left if isinstance(why, Problem)]


def _table(look: Look, ground: Ground, ask: Ask, left: list[Left]) -> TableProposal | None:
    """What one sheet is; None, with the reason in `left`, where it says nothing of the villages."""
    period = periods.period_of(look)
    kept = look.sheet.rows.index
    if period.several:
        texts = look.sheet.rows[period.column].map(text_of)
        kept = kept[texts.map(parse_period) == parse_period(period.latest)]
    ways = places.readings(look, ground, kept)
    reading = places.best(ways)
    if reading is None or reading.rate < LEAST_MATCHED:
        left.append((look.name, _unplaced(ways, look)))
        return None
    doubts: list[Sentence] = []
    if reading.rate < WELL_MATCHED:
        doubts.append(Said("match_low", {"matched": int(reading.found.notna().sum()), "rows": reading.rows}))
    if not period.text:
        doubts.append(Said("period_unknown"))
    named = {*reading.place.values(), period.column}
    measured = columns.numeric(look, named, kept)
    found, lacking = columns.meanings(measured, look, ask)
    use = "last_year" if _is_last_year(look, found, reading, ground) else "table"
    if not found and use == "table":
        headers = {"columns": [c.name for c in measured]}
        left.append((look.name, Problem("init_no_indicator", params=headers)))
        if not measured:
            left[-1] = (look.name, Problem("init_no_numbers"))
            return None
    left += [(f"{look.name} › {column}", why) for column, why in lacking]
    decimals = {c.decimal for c in measured if c.decimal and any(c.name in m.columns for m in found)}
    used = {c for m in found for c in m.columns}
    return TableProposal(
        id="", look=look, place=reading.place, villages=reading.villages, period=period, use=use,
        code_system=reading.system if reading.coded else None,
        decimal=decimals.pop() if len(decimals) == 1 else "auto",
        evidence=tuple(w.told() for w in ways), doubts=tuple(doubts), meanings=tuple(_completed(found)),
        unused=tuple(c.name for c in measured if c.name not in used),
    )  # fmt: skip


def _unplaced(ways: Sequence[places.Reading], look: Look) -> Problem:
    if not ways:
        return Problem("init_no_place", params={"columns": list(look.sheet.columns[:12])})
    most = max(ways, key=lambda r: (2 * r.rows < len(r.matches), r.villages))
    told = {"matched": int(most.found.notna().sum()), "rows": len(most.matches)}
    outside = len(most.matches) - most.rows
    if outside > most.rows:
        return Problem("init_elsewhere", params={**told, "outside": outside})
    return Problem("init_few_fit", params=told)


def _is_last_year(look: Look, found: Sequence[Meaning], reading: places.Reading, ground: Ground) -> bool:
    around = words(" ".join([*look.titles, look.sheet.name, look.path.stem, *look.sheet.columns]))
    few = reading.villages <= FEW_VILLAGES * len(ground.boundaries.places)
    return not found and few and any(fits(rule, around) for rule in lists()["general"]["last_year"])


def _completed(found: Iterable[Meaning]) -> Iterable[Meaning]:
    """The number of stunted children beside their share; data quality and wasting are shown, not scored."""
    for meaning in found:
        yield replace(meaning, score=False) if meaning.id in SHOWN_ONLY else meaning
        if meaning.id == "stunting" and meaning.numerator:
            yield Meaning("stunting_count", of="stunting")


def _identified(proposed: Iterable[TableProposal]) -> list[TableProposal]:
    """Tables with ids made of their files' names, and indicators of one's own with ids made of those."""
    ids: set[str] = set()
    named = []
    for table in proposed:
        name = f"{table.look.path.stem} {table.look.sheet.name}" if table.look.many else table.look.path.stem
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
    label = name.capitalize() if not fits("nama|name", words(name)) else look.path.stem.replace("_", " ").capitalize()
    return PointsProposal("", look, name, found[0], found[1], label, kecamatan)


def _numbered(found: Iterable[PointsProposal]) -> list[PointsProposal]:
    ids: set[str] = set()
    return [replace(points, id=_id(points.look.path.stem, ids)) for points in found]


def _year(tables: Iterable[TableProposal]) -> int:
    """The year after the newest data; where no table tells its year, the next one."""
    known = max((t.period.key[0] for t in tables), default=0)
    return (known or dt.date.today().year) + 1


def _kabupaten(ground: Ground) -> str:
    names = ground.boundaries.places["kabupaten"].unique()
    return str(names[0]) if len(names) == 1 else ""
