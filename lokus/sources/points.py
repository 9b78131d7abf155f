"""Reads places with coordinates in degrees: puskesmas, posyandu."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lokus.errors import DataError, Problem, Where
from lokus.sources.numbers import parse_numbers
from lokus.sources.sheets import find_column, read_sheet

POINT_COLUMNS = ("layer", "name", "longitude", "latitude")
# The box of Indonesia with its seas, in degrees.
WEST, EAST, SOUTH, NORTH = 94.0, 142.0, -12.0, 7.0


@dataclass(frozen=True, slots=True)
class Points:
    """`points`: one row a place, `POINT_COLUMNS`, degrees in EPSG:4326; rows without a usable place are problems."""

    points: pd.DataFrame
    problems: tuple[Problem, ...]


def read_points(path: Path, *, layer: str, sheet: str, name: str, latitude: str, longitude: str, shown: str) -> Points:
    """Reads named points from a table.

    :param path: any table `read_sheet` reads; `shown` is how messages call it.
    :param layer: the layer's id; `name`, `latitude`, `longitude` are header texts, degrees.
    :return: the points, in the file's order.
    :raises DataError: when a column is missing.
    """
    table = read_sheet(path, sheet, name=shown)
    found = {wanted: find_column(table.columns, wanted) for wanted in (name, latitude, longitude)}
    missing = [w for w, column in found.items() if column is None]
    if missing:
        known = list(table.columns)
        raise DataError(
            Problem("column_missing", True, Where(table.file, table.name, column=w), {"nearest": known})
            for w in missing
        )
    numbers = {w: parse_numbers(table.rows[found[w]], "auto").values for w in (latitude, longitude)}
    frame = pd.DataFrame(
        {
            "layer": layer,
            "name": table.rows[found[name]].map(lambda cell: "" if cell is None else str(cell).strip()),
            "longitude": numbers[longitude],
            "latitude": numbers[latitude],
        }
    )
    inside = frame["longitude"].between(WEST, EAST) & frame["latitude"].between(SOUTH, NORTH)
    problems = tuple(
        Problem("point_off_the_map", False, Where(table.file, table.name, int(str(row))), {"name": str(left["name"])})
        for row, left in frame[~inside].iterrows()
    )
    return Points(frame[inside].reset_index(drop=True), problems)
