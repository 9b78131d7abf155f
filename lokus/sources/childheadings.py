"""The headings of by-name lists: the catalogue of them, and the rows of a file in which they stand."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from lokus.sources.headers import JOIN, MOST_HEADER_ROWS, compose

# One or two cells of a child may read like headings: a village named Nagari, a posture "TB", a class "Tinggi".
FEWEST = {"columns": 3, "target": 2}


@cache
def catalogue() -> dict[str, dict[str, Any]]:
    """`catalog/children.toml`: headings by field, and what values mean."""
    return tomllib.loads(files("lokus.catalog").joinpath("children.toml").read_text("utf-8"))


def heading(field: str) -> str:
    """The heading by which messages call a field."""
    known = catalogue()
    return str((known["columns"] | known["target"])[field][0])


def folded(text: str) -> str:
    """A heading or value without case, spaces and punctuation.

    >>> folded(" Desa / Kel."), folded("Laki - Laki")
    ('desakel', 'lakilaki')
    """
    return re.sub(r"[\W_]+", "", text).casefold()


@cache
def _aliases(part: str) -> dict[str, tuple[str, int]]:
    """Folded heading → its field and its place among the field's headings."""
    fields: dict[str, list[str]] = catalogue()["columns"] | (catalogue()["target"] if part == "target" else {})
    pairs = [(a, field, i) for field, known in fields.items() for i, a in enumerate(known)]
    return {folded(a): (field, i) for a, field, i in reversed(pairs)}


@dataclass(frozen=True, slots=True)
class Header:
    """`bottom`: 0-based last header row, −1 where there is none; `columns`: by field; `twice`: the fields whose heading
    stands over several columns, of which the first is taken."""

    bottom: int
    width: int
    columns: Mapping[str, int]
    twice: tuple[str, ...]


def recognised(names: Sequence[str], part: str) -> tuple[dict[str, int], tuple[str, ...]]:
    """The column of each field, and the fields whose best heading stands over more than one column."""
    known = _aliases(part)
    best: dict[str, tuple[int, int]] = {}
    twice: set[str] = set()
    for column, name in enumerate(names):
        group, _, last = name.rpartition(JOIN)
        # Under "TB/U", "Tinggi" is a class and no height: a part counts for itself under strange groups only.
        hit = known.get(folded(name)) or (known.get(folded(last)) if folded(group) not in known else None)
        if hit is None:
            continue
        field, rank = hit
        if field not in best or rank < best[field][0]:
            best[field] = (rank, column)
            twice.discard(field)
        elif rank == best[field][0]:
            twice.add(field)
    return {field: column for field, (_, column) in best.items()}, tuple(sorted(twice))


def find_header(texts: Sequence[Sequence[str]], merged: Sequence[tuple[int, int, int, int]], part: str) -> Header:
    """The rows whose headings answer to most fields; of equals the fewest and the first."""
    width = max((len(t) for t in texts), default=0)
    square = [[*t, *[""] * (width - len(t))] for t in texts]
    found = Header(-1, width, {}, ())
    for top in range(len(square)):
        for deep in range(min(MOST_HEADER_ROWS, len(square) - top)):
            names = compose(square, merged, top, top + deep)
            columns, twice = recognised(names, part)
            if len(columns) > len(found.columns):
                # A row of a text file is as wide as its header, not as the longest row around it.
                own = max((i + 1 for t in texts[top : top + deep + 1] for i, c in enumerate(t) if c), default=0)
                found = Header(top + deep, max(own, *(len(t) for t in texts[top : top + deep + 1])), columns, twice)
    return found if len(found.columns) >= FEWEST[part] else Header(-1, width, {}, ())


def missing(has: Collection[str], part: str) -> list[str]:
    """The fields without which nothing can be counted: village, sex, height, and birth with the day of measuring, or an
    age; of a table of targets village and target."""
    if part == "target":
        return [f for f in ("village", "target") if f not in has]
    born = () if {"birth_day", "birth_month", "birth_year"} <= set(has) else ("birth",)
    dated = () if {"age", "age_months"} & set(has) else (*born, "measured_on")
    return [f for f in ("village", "sex", "height", *dated) if f not in has]
