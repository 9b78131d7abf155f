"""Reads places with coordinates in degrees (puskesmas, posyandu), and finds the village each of them lies in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

from lokus.errors import DataError, Problem, Where
from lokus.sources.cells import text_of
from lokus.sources.numbers import parse_numbers
from lokus.sources.persons import persons_in, refuse
from lokus.sources.sheets import find_column, nearest_columns, read_sheet
from lokus.villages import names

POINT_COLUMNS = ("layer", "name", "longitude", "latitude", "village_code")
# The box of Indonesia with its seas, in degrees.
WEST, EAST, SOUTH, NORTH = 94.0, 142.0, -12.0, 7.0
# What a study calls the number of points of a village.
COUNT = "count"
MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class Points:
    """`points`: layer, name, longitude, latitude (degrees, EPSG:4326), kecamatan as the table says it ("" = not told);
    index = row of the file. Rows without a usable place are problems."""

    points: pd.DataFrame
    where: Where
    problems: tuple[Problem, ...]


def read_points(
    path: Path, *, layer: str, sheet: str, name: str, latitude: str, longitude: str, shown: str, kecamatan: str = ""
) -> Points:
    """Reads named points from a table.

    :param path: any table `read_sheet` reads; `shown` is how messages call it.
    :param layer: the layer's id; `name`, `latitude`, `longitude` (degrees), `kecamatan` ("" = none) are header texts.
    :return: the points, in the file's order.
    :raises DataError: when a column is missing, or when the points are persons: their names would stand on the map.
    """
    table = read_sheet(path, sheet, name=shown)
    refuse(table.file, persons_in(table.columns, table.rows))
    where = Where(table.file, table.name)
    wanted = [header for header in (name, latitude, longitude, kecamatan) if header]
    found = {header: column for header in wanted if (column := find_column(table.columns, header))}
    if missing := [header for header in wanted if header not in found]:
        raise DataError(
            Problem(
                "column_missing",
                True,
                Where(table.file, table.name, column=header),
                {"nearest": nearest_columns(table.columns, header)},
            )
            for header in missing
        )
    numbers = {header: parse_numbers(table.rows[found[header]]).values for header in (latitude, longitude)}
    texts = {header: table.rows[found[header]].map(text_of).astype("str") for header in (name, kecamatan) if header}
    frame = pd.DataFrame(
        {
            "layer": layer,
            "name": texts[name],
            "longitude": numbers[longitude],
            "latitude": numbers[latitude],
            "kecamatan": texts.get(kecamatan, ""),
        }
    )
    inside = frame["longitude"].between(WEST, EAST) & frame["latitude"].between(SOUTH, NORTH)
    return Points(frame[inside], where, tuple(_told("point_off_the_map", frame[~inside], where)))


def locate(
    points: Points, villages: pd.DataFrame, geometry: gpd.GeoSeries
) -> tuple[pd.DataFrame, pd.Series, list[Problem]]:
    """The village each point lies in, and the number of points of each village.

    Parameters: `villages` index `village_code` with kecamatan and area_km2; `geometry` on the same index, None where a
    village has no polygon. Returns the points as `POINT_COLUMNS` ("" outside all villages), the counts on the index of
    `villages` (NaN without a polygon: nobody can tell), and a warning for each point outside all villages or whose
    kecamatan cell names another place than it lies in.
    """
    spots = points.points
    tree = shapely.STRtree(geometry.to_numpy())
    point, polygon = tree.query(shapely.points(spots["longitude"], spots["latitude"]), predicate="intersects")
    # A new village is often drawn over its mother: the smaller of the two is the one that is meant.
    hits = pd.DataFrame(
        {"point": point, "village": villages.index[polygon], "area": villages["area_km2"].iloc[polygon]}
    )
    first = hits.sort_values(["point", "area", "village"]).drop_duplicates("point").set_index("point")["village"]
    code = pd.Series(first.reindex(range(len(spots))).to_numpy(), index=spots.index, dtype="str")
    counts = code.value_counts().reindex(villages.index, fill_value=0).astype("float64").where(geometry.notna())
    problems = [*_told("point_outside_villages", spots[code.isna()], points.where)]
    problems += _elsewhere(spots, villages.reindex(code.dropna()).set_axis(code.dropna().index), villages, points.where)
    return spots.assign(village_code=code.fillna(""))[list(POINT_COLUMNS)], counts, problems


def _elsewhere(spots: pd.DataFrame, lying: pd.DataFrame, villages: pd.DataFrame, where: Where) -> list[Problem]:
    """Points whose kecamatan cell names another kecamatan than they lie in, or none of the study."""
    said = spots["kecamatan"].reindex(lying.index)
    pairs = zip(said, lying["kecamatan"], strict=True)
    differ = spots.loc[lying.index].assign(lies=lying["village"] + " (" + lying["kecamatan"] + ")")
    differ = differ[pd.Series([bool(cell) and not _same(cell, there) for cell, there in pairs], said.index, bool)]
    known = villages["kecamatan"].unique()
    named = pd.Series([any(_same(cell, there) for there in known) for cell in differ["kecamatan"]], differ.index, bool)
    return [
        *_told("point_kecamatan_differs", differ[named], where, ("kecamatan", "lies")),
        *_told("point_kecamatan_unknown", differ[~named], where, ("kecamatan", "lies")),
    ]


def _same(cell: str, kecamatan: str) -> bool:
    return names.squeeze(cell) == names.squeeze(kecamatan) or names.alike(cell, kecamatan)


def _told(code: str, rows: pd.DataFrame, where: Where, more: Sequence[str] = ()) -> list[Problem]:
    """A warning for each point up to 20, and their number beyond."""
    found = []
    for row, point in rows.iloc[:MOST_TOLD].iterrows():
        told = {"name": point["name"]} | {part: point[part] for part in more}
        found.append(Problem(code, False, Where(where.file, where.sheet, int(str(row))), told))
    if len(rows) > MOST_TOLD:
        some = list(rows["name"].iloc[:3])
        found.append(Problem("points_more", False, where, {"count": len(rows) - MOST_TOLD, "some": some}))
    return found
