"""Writes `villages.gpkg` with QGIS layer styles inside, so that it opens coloured; equal tables give equal bytes."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import geopandas as gpd
import numpy as np
import pyogrio

LAYER = "villages"
# GDAL stamps the moment of writing into the file; a run's bytes may not depend on the clock.
CLOCK = {"OGR_CURRENT_DATE": "2000-01-01T00:00:00.000Z"}
# ColorBrewer YlOrBr, five classes: legible in grayscale and to the colour-blind.
PALETTE = ("255,255,212", "254,217,142", "254,153,41", "217,95,14", "153,52,4")
STYLE_TABLE = """CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT, f_table_catalog TEXT(256),
 f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT,
 styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME)"""


def write_geopackage(table: gpd.GeoDataFrame, facts: Mapping[str, Any], path: Path) -> None:
    """Writes the village table with its styles: the score (shown first) and each indicator's estimate.

    :param table: the village table with geometry, EPSG:4326.
    :param facts: the run's facts; the indicators' labels name the styles.
    """
    before = {key: pyogrio.get_gdal_config_option(key) for key in CLOCK}
    pyogrio.set_gdal_config_options(CLOCK)
    try:
        table.reset_index().to_file(path, layer=LAYER, driver="GPKG", engine="pyogrio", promote_to_multi=True)
    finally:
        pyogrio.set_gdal_config_options(before)
    styles = [("score", str(facts["title"]))]
    styles += [(f"estimate_{i['id']}", i["label_id"]) for i in facts["indicators"]]
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(STYLE_TABLE)
        db.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, last_change) VALUES (?, ?, ?, ?)",
            ("layer_styles", "attributes", "layer_styles", CLOCK["OGR_CURRENT_DATE"]),
        )
        for n, (column, name) in enumerate(styles):
            db.execute(
                "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName,"
                " styleQML, useAsDefault, description, owner, update_time)"
                " VALUES ('', '', ?, 'geom', ?, ?, ?, ?, '', ?)",
                (LAYER, column[:30], qml(table[column], column), n == 0, name, CLOCK["OGR_CURRENT_DATE"]),
            )


def qml(values: Any, column: str) -> str:
    """A QGIS graduated style of five quantile classes, as QML."""
    known = values.dropna().to_numpy(dtype=float)
    edges: Sequence[float] = np.quantile(known, np.linspace(0, 1, 6)).tolist() if known.size else [0.0] * 6
    ranges, symbols = [], []
    for n, colour in enumerate(PALETTE):
        label = quoteattr(f"{edges[n]:.3g} – {edges[n + 1]:.3g}")
        bounds = f'lower="{edges[n]!r}" upper="{edges[n + 1]!r}"'
        ranges.append(f'<range render="true" symbol="{n}" label={label} {bounds}/>')
        symbols.append(
            f'<symbol type="fill" name="{n}" alpha="1"><layer class="SimpleFill" enabled="1"><Option type="Map">'
            f'<Option name="color" type="QString" value="{colour},255"/>'
            '<Option name="outline_color" type="QString" value="90,90,90,255"/>'
            '<Option name="outline_width" type="QString" value="0.1"/></Option></layer></symbol>'
        )
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
        '<qgis version="3.28" styleCategories="Symbology">'
        f'<renderer-v2 type="graduatedSymbol" attr={quoteattr(column)} graduatedMethod="GraduatedColor">'
        f"<ranges>{''.join(ranges)}</ranges><symbols>{''.join(symbols)}</symbols></renderer-v2></qgis>"
    )
