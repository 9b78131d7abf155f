"""The GeoPackage: QGIS shows what the map shows, with the same words, and any reader of GeoPackage opens it."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from lokus import messages
from lokus.dictionary import column_label, entry, short
from lokus.outputs.layers import layers
from lokus.pipeline import Run
from lokus.runs import qml
from lokus.runs.geopackage import write_geopackage
from lokus.runs.qml import Class

HOSTILE = ["<img src=x onerror=alert(1)>", '"; DROP TABLE villages; --', "دهكده 🌾\u202e Sari", "A" * 300, "a\x00b\x01"]


@pytest.fixture(scope="session")
def path(written: Path) -> Path:
    return written / "villages.gpkg"


def styles(path: Path) -> list[tuple[str, str, str, int, ElementTree.Element]]:
    """Layer, name, title, whether it is the default, and the style."""
    with closing(sqlite3.connect(path)) as db:
        told = db.execute(
            "SELECT f_table_name, styleName, description, useAsDefault, styleQML FROM layer_styles ORDER BY id"
        ).fetchall()
    return [(*row[:4], ElementTree.fromstring(row[4])) for row in told]


def shown(path: Path, layer: str, style: ElementTree.Element) -> Counter[str]:
    """How many features each class of a style draws, as QGIS chooses: the first class that holds the value.

    The expressions are those that SQLite understands too. QGIS takes both ends of a range, give or take 4 epsilon.
    """
    renderer = style.find("renderer-v2")
    assert renderer is not None
    with closing(sqlite3.connect(path)) as db:
        db.create_function("to_string", 1, lambda x: str(int(x)))
        values = [v for (v,) in db.execute(f"SELECT {renderer.get('attr')} FROM {layer}")]
    near = 4 * np.finfo(float).eps
    found: Counter[str] = Counter()
    for value in values:
        for c in [*renderer.iterfind("ranges/range"), *renderer.iterfind("categories/category")]:
            low, high = float(c.get("lower", "nan")), float(c.get("upper", "nan"))
            if value == c.get("value") or (
                c.tag == "range" and value is not None and low - near <= value <= high + near
            ):
                found[str(c.get("label"))] += 1
                break
        else:
            found["(drawn by no class)"] += 1
    return found


def test_qgis_shows_what_the_map_shows(run: Run, path: Path) -> None:
    on_map = [
        Counter({tone.label: tone.count for tone in layer.tones if tone.count})
        for layer in layers(run, "id", public=False)
    ]
    told = [(title, shown(path, layer, style)) for layer, _, title, _, style in styles(path) if layer == "villages"]
    # Besides: who is unranked is a kind of the first style, and groups and pockets are told by their numbers.
    of = next(short(i, "id") for i in run.facts["indicators"] if i["id"] == run.facts["space"]["of"])
    numbered = {
        messages.text("map.layer.scan", "id", label=of),
        column_label(entry("cluster", run.facts), {**run.facts}, "id"),
    }
    apart = {messages.text("map.layer.last_year", "id", year="2026"), *numbered}
    sizes = [sorted(counts.values()) for counts in on_map]
    assert [sorted(counts.values()) in sizes for title, counts in told if title in numbered] == [True, True]
    assert [title for title, counts in told if counts not in on_map and title not in apart] == []
    assert len(told) >= len(run.facts["indicators"]) + 5
    for _, counts in told:
        assert sum(counts.values()) == len(run.villages)
        assert "(drawn by no class)" not in counts


def test_the_first_style_tells_who_is_chosen_and_who_was_last_year(run: Run, path: Path) -> None:
    v = run.villages
    _, _, _, default, style = styles(path)[0]
    counts = shown(path, "villages", style)
    said = {kind: messages.text(f"map.class.{kind}", "id") for kind in ("stays", "enters", "leaves")}
    assert default
    assert counts[said["stays"]] == (v["selected"] & v["last_year"]).sum() > 0
    assert counts[said["enters"]] == (v["selected"] & ~v["last_year"]).sum() > 0
    assert counts[said["leaves"]] == (~v["selected"] & v["last_year"]).sum() > 0


def test_every_layer_has_one_default_style_and_names_that_qgis_can_hold(path: Path) -> None:
    told = styles(path)
    assert {layer for layer, *_ in told} == {"villages", "kecamatan", "facilities"}
    assert Counter(layer for layer, _, _, default, _ in told if default) == dict.fromkeys(
        ("villages", "kecamatan", "facilities"), 1
    )
    names = [(layer, name) for layer, name, *_ in told]
    assert len(set(names)) == len(names)
    assert max(len(name) for _, name in names) <= 30


def test_every_class_has_its_symbol_and_every_symbol_its_colour(path: Path) -> None:
    for layer, _, _, _, style in styles(path):
        assert style.tag == "qgis"
        used = [
            c.get("symbol")
            for kind in ("ranges/range", "categories/category")
            for c in style.iterfind(f"renderer-v2/{kind}")
        ]
        symbols = {s.get("name"): s for s in style.iterfind("renderer-v2/symbols/symbol")}
        assert set(used or ["0"]) == set(symbols)
        assert {s.get("type") for s in symbols.values()} == {"marker" if layer == "facilities" else "fill"}
        for drawn in style.iterfind("renderer-v2/symbols/symbol/layer"):
            options = {o.get("name"): o.get("value") for o in drawn.iterfind("Option/Option")}
            assert options == {p.get("k"): p.get("v") for p in drawn.iterfind("prop")}
            assert {"color", "outline_color"} & options.keys()


def test_columns_are_named_in_the_files_own_words_and_in_qgis_own(run: Run, path: Path) -> None:
    wanted = {name: column_label(entry(name, run.facts), run.facts, "id") for name in run.villages}
    aliases = {a.get("field"): a.get("name") for a in styles(path)[0][-1].iterfind("aliases/alias")}
    assert wanted.items() <= aliases.items()
    with closing(sqlite3.connect(path)) as db:
        named = dict(db.execute("SELECT column_name, title FROM gpkg_data_columns WHERE table_name = 'villages'"))
        assert db.execute("SELECT count(*) FROM gpkg_extensions WHERE extension_name = 'gpkg_schema'").fetchone() == (
            2,
        )
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA user_version").fetchone() == (10200,)
    assert wanted.items() <= named.items()


def test_any_reader_opens_all_layers(run: Run, path: Path) -> None:
    assert dict(pyogrio.list_layers(path)) == {
        "villages": "MultiPolygon", "kecamatan": "MultiPolygon", "facilities": "Point", "layer_styles": None,
    }  # fmt: skip
    villages, kecamatan, facilities = (gpd.read_file(path, layer=n) for n in ("villages", "kecamatan", "facilities"))
    assert villages["village_code"].tolist() == run.villages.index.tolist()
    assert {str(layer.crs) for layer in (villages, kecamatan, facilities)} == {"EPSG:4326"}
    assert len(facilities) == len(run.points)
    assert kecamatan["villages"].sum() == len(run.villages)
    assert kecamatan["selected"].sum() == run.villages["selected"].sum()
    assert kecamatan.is_valid.all()
    # Closed gaps and smoothed lines move the area by less than a hundredth.
    told, dissolved = (
        float(shapely.area(layer.geometry.to_numpy()).sum())
        for layer in (villages.dropna(subset="geometry"), kecamatan)
    )
    assert dissolved == pytest.approx(told, rel=0.01)


def hostile(run: Run) -> Iterator[Run]:
    facts: dict[str, Any] = {**run.facts, "title": HOSTILE[0]}
    facts["indicators"] = [{**i, "label_id": HOSTILE[n % len(HOSTILE)]} for n, i in enumerate(facts["indicators"])]
    facts["points"] = [{**p, "label_id": HOSTILE[2]} for p in facts["points"]]
    names = (
        pd.Series(HOSTILE * 60, dtype="str")
        .str.replace("\x00", "")
        .iloc[: len(run.villages)]
        .set_axis(run.villages.index)
    )
    yield replace(run, facts=facts, villages=run.villages.assign(village=names, kecamatan=names))


def test_hostile_words_spoil_nothing(run: Run, tmp_path: Path) -> None:
    (evil,) = hostile(run)
    made = tmp_path / "evil.gpkg"
    write_geopackage(evil, made)
    told = styles(made)
    assert any(HOSTILE[0] in title for _, _, title, *_ in told)
    assert len(gpd.read_file(made, layer="villages")) == len(run.villages)
    assert sum(shown(made, "villages", told[3][-1]).values()) == len(run.villages)


def bare(run: Run) -> Run:
    """No points, no polygons, nothing uncertain, in English."""
    facts = {**run.facts, "points": [], "language": "en", "uncertain": False}
    nowhere = gpd.GeoSeries([None] * len(run.villages), index=run.villages.index, crs="EPSG:4326")
    return replace(run, facts=facts, points=run.points.iloc[:0], geometry=nowhere)


def one_polygon(run: Run) -> Run:
    shapes = [shapely.box(110, -1, 110.1, -0.9), *[None] * (len(run.villages) - 1)]
    return replace(bare(run), geometry=gpd.GeoSeries(shapes, index=run.villages.index, crs="EPSG:4326"))


@pytest.mark.parametrize(("poor", "layered"), [(bare, {"villages"}), (one_polygon, {"villages", "kecamatan"})])
def test_what_a_run_lacks_its_file_lacks(
    run: Run, tmp_path: Path, poor: Callable[[Run], Run], layered: set[str]
) -> None:
    made = tmp_path / "poor.gpkg"
    write_geopackage(poor(run), made)
    assert {layer for layer, *_ in styles(made)} == layered == set(pyogrio.list_layers(made)[:, 0]) - {"layer_styles"}
    assert messages.text("map.layer.score", "en") in [title for _, _, title, *_ in styles(made)]


def test_a_bound_belongs_to_the_class_above_it(tmp_path: Path) -> None:
    classes = [Class("low", qml.filled("#ffffff"), 0, 0.2), Class("high", qml.filled("#000000"), 0.2, 24.1)]
    classes += [Class("top", qml.filled("#000000"), 24.1, 30)]
    path = tmp_path / "bounds.sqlite"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE t (x)")
        db.executemany("INSERT INTO t VALUES (?)", [(0.0,), (0.1999999,), (0.2,), (24.1,), (30.0,), (24.0999999,)])
    found = shown(path, "t", ElementTree.fromstring(qml.graduated("x", classes)))
    assert found == {"low": 2, "high": 2, "top": 2}
