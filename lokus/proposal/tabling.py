"""What one sheet is: its places, its period, what it measures; in parts where its rows are of several services."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from lokus.catalog.headings import fits, lists, words
from lokus.errors import Problem
from lokus.proposal import columns, periods, places
from lokus.proposal.looking import Left
from lokus.proposal.records import Ask, Ground, Look, Meaning, Period, Said, Sentence, TableProposal
from lokus.sources.cells import text_of
from lokus.sources.periods import LATEST, choose

# Under this share of rows with a village a table is not one of this kabupaten; under the second a person must look.
LEAST_MATCHED, WELL_MATCHED = 0.3, 0.8
# A list of chosen villages names few of them.
FEW_VILLAGES = 0.6
SHOWN_ONLY = ("measured", "wasting")
# A column that tells rows of one village apart by service has so many of them, and hardly twice the same.
SERVICES, ONCE = range(2, 41), 0.95
# Of many columns so many are named.
MOST_SHOWN = 12


@dataclass(frozen=True, slots=True)
class _Placed:
    """A sheet with its places read: `only` the rows of the study's own area."""

    look: Look
    period: Period
    reading: places.Reading
    ways: Sequence[places.Reading]
    only: Mapping[str, str]


def tables_of(look: Look, ground: Ground, ask: Ask, left: list[Left]) -> list[TableProposal]:
    """What one sheet is; nothing, with the reason in `left`, where it says nothing of the villages."""
    period = periods.period_of(look)
    kept = look.sheet.rows.index
    if period.several:
        kept = choose(look.sheet, period.column, LATEST, kept).kept
    ways, only = _read(look, ground, kept)
    reading = places.best(ways)
    if reading is None or reading.rate < LEAST_MATCHED:
        left.append((look.name, _unplaced(ways, look)))
        return []
    placed = _Placed(look, period, reading, ways, only)
    column, services = _services(placed)
    parts = [(placed, "")]
    if services:
        parts = [(replace(placed, only={**only, column: service}), service) for service in services]
    found = [_table(part, ground, service, ask, left) for part, service in parts]
    return [table for table in found if table]


def _table(placed: _Placed, ground: Ground, service: str, ask: Ask, left: list[Left]) -> TableProposal | None:
    look, reading, period = placed.look, placed.reading, placed.period
    kept = reading.matches.index
    for column, value in placed.only.items():
        kept = kept[look.sheet.rows.loc[kept, column].map(text_of) == value]
    doubts: list[Sentence] = []
    if reading.rate < WELL_MATCHED:
        doubts.append(Said("match_low", {"matched": int(reading.found.notna().sum()), "rows": reading.rows}))
    if not period.text:
        doubts.append(Said("period_unknown"))
    measured = columns.numeric(look, {*reading.place.values(), period.column, *placed.only}, kept)
    found, lacking = columns.meanings(measured, look, ask, service)
    use = "last_year" if _is_last_year(look, found, reading, ground) else "table"
    name = f"{look.name} › {service}" if service else look.name
    left += [(f"{name} › {column}", why) for column, why in lacking]
    if not found and use == "table":
        headers = tuple(c.name for c in measured)
        left.append((name, Problem("init_no_indicator", params={"columns": headers[:MOST_SHOWN]})
                     if measured else Problem("init_no_numbers")))  # fmt: skip
        if not measured:
            return None
    decimals = {c.decimal for c in measured if c.decimal and any(c.name in m.columns for m in found)}
    used = {c for m in found for c in m.columns}
    return TableProposal(
        id="", look=look, place=reading.place, villages=int(reading.found[kept].dropna().nunique()), period=period,
        code_system=reading.system if reading.coded else None, fill_down=reading.fill_down, only=placed.only,
        decimal=decimals.pop() if len(decimals) == 1 else "auto", use=use, service=service, doubts=tuple(doubts),
        evidence=tuple(w.told() for w in (reading, *(w for w in placed.ways if w is not reading))),
        meanings=tuple(_completed(found)), unused=tuple(c.name for c in measured if c.name not in used),
    )  # fmt: skip


def _services(placed: _Placed) -> tuple[str, list[str]]:
    """The column, by its header, whose services tell the rows of each village apart, and the services."""
    found, rows = placed.reading.found.dropna(), placed.look.sheet.rows
    rule = lists()["general"]["service"]
    for column in (c for c in rows if fits(rule, words(c)) and found.duplicated().mean() >= 1 - ONCE):
        texts = rows.loc[found.index, column].map(text_of)
        services = [text for text in dict.fromkeys(texts) if text]
        twice = pd.DataFrame({"village": found, "service": texts}).duplicated().mean()
        if len(services) in SERVICES and twice <= 1 - ONCE:
            return column, services
    return "", []


def _read(look: Look, ground: Ground, kept: pd.Index) -> tuple[list[places.Reading], dict[str, str]]:
    """Every reading of the places, in the rows of the study's own area where names alone would not keep to them."""
    ways = places.readings(look, ground, kept)
    reading = places.best(ways)
    if reading is None or reading.coded or reading.rate >= WELL_MATCHED:
        return ways, {}
    column, value = places.narrowing(look, reading)
    if not column:
        return ways, {}
    kept = kept[look.sheet.rows.loc[kept, column].map(text_of) == value]
    return places.readings(look, ground, kept), {column: value}


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
