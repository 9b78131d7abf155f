"""Which cells of a table say where a row is: names written once for a block, codes as spreadsheets damage them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lokus.errors import Problem, Where, masked
from lokus.sources.cells import text_of
from lokus.sources.numbers import is_missing
from lokus.sources.sheets import Sheet

PLACE = ("code", "village", "kecamatan", "kabupaten", "last4")
AREA = ("kecamatan", "kabupaten")
OWN = ("code", "village", "last4")
# Lines that stand between the rows of one block without ending it.
BETWEEN = ("repeated_header", "column_numbers")
# From this many rows without a place, and this share of all rows, on: names are written once for several lines.
LEAST_BARE = 3
BARE = 0.2


def read_places(table: Sheet, found: Mapping[str, str], *, fill_down: bool = False) -> pd.DataFrame:
    """The place cells of every data row: str columns `PLACE` by row number, "" where absent.

    `found`: the column of each part. A kecamatan or kabupaten written once for a block is given to the rows of the
    block; with `fill_down` a village is too, to the lines under it until another place or the end of the block.
    """
    parts = {part: _texts(table, part, found.get(part)) for part in PLACE}
    for part in AREA:
        parts[part] = filled_down(table, found.get(part, ""), parts[part])
    places = pd.DataFrame(parts, index=table.rows.index).astype("str")
    return _with_lines(table, places, found) if fill_down else places


def filled_down(table: Sheet, column: str, texts: pd.Series) -> pd.Series:
    """Names written once for a block of rows, given to all of the block, and to nothing beyond it."""
    if column in table.merged:
        return _unmerged(table, column, texts)
    block = _blocks(table)
    named = texts != ""
    repeats = (texts == texts.shift()) & named & (block == block.shift())
    # Where a name is repeated on every row, an empty cell is a missing name, not one to copy.
    if repeats.any() or (~named).sum() < named.sum():
        return texts
    return texts.where(named).groupby(block).ffill().fillna("")


def written_once(places: pd.DataFrame, values: pd.DataFrame, where: Where) -> list[Problem]:
    """The lines under a village that name none themselves, told once with the remedy; fatal where they count."""
    bare = (places[list(OWN)] == "").all(axis=1)
    # A file's first lines have nothing above to belong to.
    bare &= (~bare).cummax()
    if bare.sum() < LEAST_BARE or bare.mean() < BARE:
        return []
    counts = bool(values[bare].notna().any(axis=None))
    told = {"count": int(bare.sum()), "rows": [str(row) for row in bare.index[bare][:LEAST_BARE]]}
    return [Problem("places_written_once", counts, where, told)]


def _texts(table: Sheet, part: str, column: str | None) -> pd.Series:
    if column is None:
        return pd.Series("", index=table.rows.index, dtype="str")
    return table.rows[column].map(text_of if part in ("village", *AREA) else _code).map(masked).astype("str")


def _code(cell: Any) -> str:
    """A code as text, without what spreadsheets add: a closing .0, an apostrophe in front."""
    if is_missing(cell):
        return ""
    return re.sub(r"^(\d+)\.0+$", r"\1", text_of(cell).lstrip("'`’"))


def _with_lines(table: Sheet, places: pd.DataFrame, found: Mapping[str, str]) -> pd.DataFrame:
    """The places with the lines under each of them: a line belongs to the nearest place above it in its block."""
    block = _blocks(table)
    for part, column in found.items():
        places[part] = _unmerged(table, column, places[part])
    for part in AREA:
        places[part] = places[part].where(places[part] != "").groupby(block).ffill().fillna("")
    moved = (places[list(AREA)] != places[list(AREA)].shift()).any(axis=1) | (block != block.shift())
    line = ((places[list(OWN)] != "").any(axis=1) | moved).cumsum()
    for part in OWN:
        places[part] = places[part].groupby(line).transform("first")
    return places.astype("str")


def _unmerged(table: Sheet, column: str, texts: pd.Series) -> pd.Series:
    texts = texts.copy()
    for first, last in table.merged.get(column, ()):
        if first in texts.index:
            texts.loc[first:last] = texts[first]
    return texts


def _blocks(table: Sheet) -> pd.Series:
    """The number of the block each row is in: blank lines, totals and signatures end one."""
    ends = table.left_out.index[~table.left_out["kind"].isin(BETWEEN)]
    return pd.Series(np.searchsorted(ends, table.rows.index), index=table.rows.index)
