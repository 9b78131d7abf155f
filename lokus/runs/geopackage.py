"""Writes `villages.gpkg` so that QGIS opens it coloured, named and labelled; equal runs give equal bytes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from lokus.dictionary import column_label, column_meaning, entry
from lokus.messages import text
from lokus.methods.dissolve import dissolved, without_specks
from lokus.runs.qml import with_aliases
from lokus.runs.styles import Style, facility_style, kecamatan_style, village_styles

if TYPE_CHECKING:
    from lokus.pipeline import Run

# GDAL stamps the moment of writing into the file; a run's bytes may not depend on the clock.
CLOCK = {"OGR_CURRENT_DATE": "2000-01-01T00:00:00.000Z"}
NOW = CLOCK["OGR_CURRENT_DATE"]
# The oldest that holds all this: offices' QGIS is seldom the newest, and warns of files that are newer than itself.
VERSION = {"VERSION": "1.2"}
STYLE_TABLE = """CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT, f_table_catalog TEXT(256),
 f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT,
 styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME)"""
# The GeoPackage's own schema extension (OGC 12-128r18, annex F.9): what a column is called and means.
COLUMN_TABLES = (
    "CREATE TABLE gpkg_data_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT,"
    " description TEXT, mime_type TEXT, constraint_name TEXT, PRIMARY KEY (table_name, column_name),"
    " UNIQUE (table_name, name))",
    "CREATE TABLE gpkg_data_column_constraints (constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL,"
    " value TEXT, min NUMERIC, min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,"
    " UNIQUE (constraint_name, constraint_type, value))",
)
EXTENSION = ("gpkg_schema", "http://www.geopackage.org/spec/#extension_schema", "read-write")
# Kecamatan outlines are no finer than this, and not made for the whole country: dissolving it would take a minute.
OUTLINE_TOLERANCE = 1e-4
MOST_OUTLINED = 20_000

# Layer, column, title, description.
Column = tuple[str, str, str, str]


def write_geopackage(run: Run, path: Path) -> None:
    """Writes the layers `villages`, `kecamatan` (outlines, up to 20,000 villages) and, where there are points,
    `facilities`, each with its styles.

    Titles, classes and the names of the columns are in the study's language. Figures are exact, as in all of a run
    folder: it is for those who work with the data and not for the public.

    :param path: of a file that does not exist yet.
    """
    lang = str(run.facts["language"])
    table = run.to_geodataframe().reset_index()
    layers = {"villages": table, "kecamatan": _kecamatan(run), "facilities": _facilities(run)}
    layers = {name: layer for name, layer in layers.items() if len(layer)}
    with _stopped_clock():
        for name, layer in layers.items():
            told = {"DESCRIPTION": f"{run.facts['title']} · lokus {run.facts['lokus']} · {run.facts['run_id']}"}
            how: dict[str, Any] = {"mode": "a"} if path.exists() else {"dataset_options": VERSION}
            layer.to_file(path, layer=name, driver="GPKG", engine="pyogrio", promote_to_multi=name != "facilities",
                          layer_options=told, **how)  # fmt: skip
    styles = village_styles(run.villages, run.facts, lang)
    styles += [kecamatan_style(lang)] * ("kecamatan" in layers)
    styles += [facility_style(run.facts, lang)] * ("facilities" in layers)
    columns = list(_columns(layers, run.facts, lang))
    with closing(sqlite3.connect(path)) as db, db:
        _write_styles(db, styles, columns)
        _write_columns(db, columns)


@contextmanager
def _stopped_clock() -> Iterator[None]:
    before = {key: pyogrio.get_gdal_config_option(key) for key in CLOCK}
    pyogrio.set_gdal_config_options(CLOCK)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)


def _kecamatan(run: Run) -> gpd.GeoDataFrame:
    """A row for each kecamatan with a polygon: code, name, villages, chosen ones, and its villages dissolved."""
    shapes, v = run.geometry.to_numpy(), run.villages
    some = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    rows: list[dict[str, Any]] = []
    outlines: list[Any] = []
    if len(v) > MOST_OUTLINED:
        return gpd.GeoDataFrame(rows, geometry=[], crs="EPSG:4326")
    for code, at in v.groupby("kecamatan_code", sort=True).indices.items():
        own = shapes[at[some[at]]]
        if len(own):
            here = v.iloc[at]
            told = {
                "kecamatan": here["kecamatan"].iloc[0],
                "villages": len(at),
                "selected": int(here["selected"].sum()),
            }
            rows.append({"kecamatan_code": code, **told})
            outlines.append(without_specks(dissolved(_coarse(own))))
    return gpd.GeoDataFrame(rows, geometry=outlines, crs="EPSG:4326")


def _coarse(shapes: np.ndarray) -> np.ndarray:
    coarse = shapely.simplify(shapes, OUTLINE_TOLERANCE)
    return np.asarray(np.where(shapely.is_empty(coarse), shapes, coarse))


def _facilities(run: Run) -> gpd.GeoDataFrame:
    at = gpd.points_from_xy(run.points["longitude"], run.points["latitude"]) if len(run.points) else []
    names = [c for c in run.points if c not in ("longitude", "latitude")]
    return gpd.GeoDataFrame(run.points[names].reset_index(drop=True), geometry=at, crs="EPSG:4326")


def _write_styles(db: sqlite3.Connection, styles: Sequence[Style], columns: Sequence[Column]) -> None:
    db.execute(STYLE_TABLE)
    db.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, last_change) VALUES (?, ?, ?, ?)",
        ("layer_styles", "attributes", "layer_styles", NOW),
    )
    first: set[str] = set()
    for style in styles:
        # QGIS opens a layer with its default style, and lists the others.
        default = style.layer not in first
        aliases = {column: title for layer, column, title, _ in columns if layer == style.layer}
        first.add(style.layer)
        db.execute(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName,"
            " styleQML, useAsDefault, description, owner, update_time) VALUES ('', '', ?, 'geom', ?, ?, ?, ?, '', ?)",
            (style.layer, style.name, with_aliases(style.qml, aliases), default, style.title, NOW),
        )


def _columns(layers: Mapping[str, pd.DataFrame], facts: Mapping[str, Any], lang: str) -> Iterator[Column]:
    """Every column that has a name for people."""
    for name in (c for c in layers["villages"] if c != "geometry"):
        told = entry(name, facts)
        yield "villages", name, column_label(told, facts, lang), column_meaning(told, facts, lang)
    others = {"kecamatan": ("kecamatan_code", "kecamatan", "selected"), "facilities": ("village_code",)}
    for layer, name in ((layer, name) for layer, names in others.items() if layer in layers for name in names):
        yield layer, name, column_label(entry(name, facts), facts, lang), ""
    if "kecamatan" in layers:
        yield "kecamatan", "villages", text("columns.unit.villages", lang), ""


def _write_columns(db: sqlite3.Connection, columns: Sequence[Column]) -> None:
    for create in COLUMN_TABLES:
        db.execute(create)
    insert = "INSERT INTO gpkg_data_columns (table_name, column_name, name, title, description) VALUES (?, ?, ?, ?, ?)"
    seen: set[tuple[str, str]] = set()
    for layer, column, title, meaning in columns:
        # A name may stand once in a layer; two indicators may be called alike.
        name = title if (layer, title) not in seen else f"{title} ({column})"
        seen.add((layer, name))
        db.execute(insert, (layer, column, name, name, meaning or None))
    for table in ("gpkg_data_columns", "gpkg_data_column_constraints"):
        db.execute("INSERT INTO gpkg_extensions VALUES (?, NULL, ?, ?, ?)", (table, *EXTENSION))
