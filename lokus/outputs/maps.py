"""One run as one interactive Folium page that opens from a USB stick, with no internet and nothing beside it."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import folium
import numpy as np
import shapely
from branca.element import MacroElement
from jinja2 import Template

from lokus.errors import LokusError
from lokus.messages import catalogue, percent, text
from lokus.outputs.layers import GROUPS, layers
from lokus.outputs.offline import OfflineFigure, web
from lokus.outputs.panels import panels
from lokus.outputs.words import indicator, label, probability, uncertain

if TYPE_CHECKING:
    from lokus.pipeline import Run

MOST_VILLAGES = 10_000
# Above this a canvas draws faster than one SVG path a village; hatching is drawn by SVG alone.
CANVAS_FROM = 600
# The source is generalised to about 50 m: a finer tolerance removes nothing, in degrees (1e-4° ≈ 11 m).
FINEST = 1e-4
DECIMALS = 5
# Neighbouring villages overlap or leave gaps of some metres; kecamatan are closed over gaps up to twice this (≈ 33 m).
SLIVER = 3e-4
# A ring smaller than this (≈ 0.1 km²) is what is left of such a gap, not an enclave or an island with a kecamatan line.
LEAST_RING = (10 * SLIVER) ** 2
SCRIPTS = ("page.js", "labels.js", "panel.js", "print.js", "map.js")
GEOMETRY = re.compile(r"^ *geo_json_\d+_add\(\{.*\}\);$", re.MULTILINE)
BAR = ("text", "to", "points", "people", "worse", "from", "until", "raw")
PHRASES = ("map.ui.", "map.toggle.", "map.panel.")


def write_map(run: Run, path: str | Path, lang: str = "id", *, public: bool = True) -> Path:
    """Writes `build_map` to a file, whole or not at all; returns its path."""
    target, page = Path(path), build_map(run, lang=lang, public=public)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, half = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(page)
        Path(half).chmod(0o644)
        Path(half).replace(target)
    except BaseException:
        Path(half).unlink(missing_ok=True)
        raise
    return target


def build_map(run: Run, *, lang: str = "id", public: bool = True) -> str:
    """The map of a run as one self-contained HTML page; the same run and language give the same bytes.

    :param run: a stored run, of at most 10,000 villages of which at least one has a polygon.
    :param lang: "id" or "en".
    :param public: band counts of 1–4 people, and hide the raw rates that would give them away.
    :raises LokusError: too many villages for a Folium map, or none that could be drawn.
    :raises NotSelfContained: something on the page would be fetched from elsewhere.
    """
    if len(run.villages) > MOST_VILLAGES:
        raise LokusError("map_too_large", most=MOST_VILLAGES, count=len(run.villages))
    shapes = simplified(np.asarray(run.geometry.reindex(run.villages.index).values, dtype=object))
    drawn = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    if not drawn.any():
        raise LokusError("map_no_polygons")
    figure = OfflineFigure(run.facts["title"], lang)
    chart = folium.Map(
        tiles=None, prefer_canvas=len(run.villages) > CANVAS_FROM, zoom_control="topright", attribution_control=False,
        zoom_snap=0.1, zoom_delta=0.5, wheel_px_per_zoom_level=120, min_zoom=4, max_zoom=17,
    )  # fmt: skip
    # Leaflet alone: the other scripts of Folium serve markers and popups that this map does without.
    chart.default_js, chart.default_css = [("leaflet", "")], [("leaflet_css", "")]
    figure.add_child(chart)
    villages = folium.GeoJson(_collection(shapes[drawn], np.flatnonzero(drawn).tolist()), smooth_factor=0.5)
    outlines, places = kecamatan(run, shapes, drawn)
    lines = folium.GeoJson(_collection(outlines, list(range(len(outlines)))), interactive=False)
    for part in (villages, lines):
        part.add_to(chart)
    Reader(chart, villages, lines, _data(run, shapes, drawn, places, lang, public)).add_to(chart)
    # Folium writes a blank after every comma: a tenth of the geometry.
    return GEOMETRY.sub(lambda call: call[0].replace(", ", ","), figure.render())


class Reader(MacroElement):
    """The page around the map: layers, legend, search, panel. It carries the run's words and classes as inert JSON."""

    _template = Template(
        """
        {%- macro header(this, kwargs) %}<style>{{ this.css }}</style>{% endmacro %}
        {%- macro html(this, kwargs) %}
        <script type="application/json" id="lokus-data">{{ this.json }}</script>
        {% endmacro %}
        {%- macro script(this, kwargs) %}
        (function () {
        'use strict';
        {{ this.code }}
        start({{ this.chart.get_name() }}, {{ this.villages.get_name() }}, {{ this.lines.get_name() }});
        })();
        {% endmacro %}"""
    )

    def __init__(self, chart: Any, villages: Any, lines: Any, data: Mapping[str, Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Reader"
        self.chart, self.villages, self.lines = chart, villages, lines
        self.css, self.code = web("map.css"), "\n".join(web(name) for name in SCRIPTS)
        self.json = inert(data)


def inert(data: Mapping[str, Any]) -> str:
    """JSON that can stand inside a page: no text in it can close the element that it stands in.

    >>> inert({"name": "</script>"})
    '{"name":"\\\\u003c/script\\\\u003e"}'
    """
    plain = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # U+2028 and U+2029 end a line in old JavaScript; they stand only inside strings, as do < > &.
    return plain.translate({ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"})


def simplified(shapes: np.ndarray) -> np.ndarray:
    """Village polygons as coarse as a page can carry, edges shared by neighbours kept together, on a 1e-5° grid.

    The tolerance starts at 1e-4° and doubles until there are no more than 20,000 vertices, or 40 a village.
    """
    some = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    kept = shapes.copy()
    if not some.any():
        return kept
    tolerance, most = FINEST, max(20_000, 40 * len(shapes))
    coarse = shapely.coverage_simplify(shapes[some], tolerance)
    while shapely.get_num_coordinates(coarse).sum() > most and tolerance < 0.01:
        tolerance *= 2
        coarse = shapely.coverage_simplify(shapes[some], tolerance)
    # A village smaller than the tolerance keeps its own shape rather than vanish.
    coarse = np.where(shapely.is_empty(coarse), shapes[some], coarse)
    kept[some] = shapely.transform(coarse, lambda xy: xy.round(DECIMALS))
    return kept


def kecamatan(run: Run, shapes: np.ndarray, drawn: np.ndarray) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Kecamatan dissolved from their villages without sliver rings, and where their names stand."""
    outlines, places = [], []
    for code, rows in run.villages.groupby("kecamatan_code", sort=True).indices.items():
        own = shapes[rows[drawn[rows]]]
        closed = shapely.union_all(shapely.make_valid(shapely.buffer(own, SLIVER, join_style="mitre")))
        closed = shapely.simplify(shapely.buffer(closed, -SLIVER, join_style="mitre"), SLIVER / 2)
        name = str(run.villages["kecamatan"].iloc[rows[0]])
        place: dict[str, Any] = {"code": str(code), "name": name, "count": len(rows), "at": None}
        if not closed.is_empty:
            rings = shapely.get_rings(shapely.get_parts(closed))
            large = shapely.area(shapely.polygons(rings)) >= LEAST_RING
            drawn_rings = rings[large] if large.any() else rings
            outlines.append(shapely.MultiLineString([np.round(ring.coords, DECIMALS) for ring in drawn_rings]))
            place["at"] = _inside(closed)
        places.append(place)
    return np.array(outlines, dtype=object), places


def _inside(shape: Any) -> list[float]:
    """The middle of the widest part of a shape: where a name fits best."""
    parts = shapely.get_parts(shape)
    widest = parts[np.argmax(shapely.area(parts))]
    point = shapely.get_point(shapely.maximum_inscribed_circle(widest, max(widest.length / 500, 1e-4)), 0)
    return [round(point.y, DECIMALS), round(point.x, DECIMALS)]


def _collection(shapes: np.ndarray, numbers: list[int]) -> dict[str, Any]:
    features = [
        {"type": "Feature", "id": n, "properties": {}, "geometry": shapely.geometry.mapping(shape)}
        for n, shape in zip(numbers, shapes, strict=True)
    ]
    return {"type": "FeatureCollection", "features": features}


def _data(
    run: Run, shapes: np.ndarray, drawn: np.ndarray, places: list[dict[str, Any]], lang: str, public: bool
) -> dict[str, Any]:
    v, facts = run.villages, run.facts
    order = [place["code"] for place in places]
    panel = _packed(panels(run, lang, public=public))
    return {
        "lang": lang,
        "texts": _texts(run, lang),
        "title": facts["title"],
        "subtitle": text(
            "map.subtitle", lang, kabupaten=facts["kabupaten"], count=int(v["selected"].sum()), year=str(facts["year"])
        ),
        "run": text("map.made", lang, version=facts["lokus"], run=facts["run_id"]),
        "notes": notes(run, drawn, lang, public),
        "sources": sources(run, lang),
        "codes": list(v.index),
        "names": list(v["village"]),
        "kecamatan": places,
        "within": [order.index(code) for code in v["kecamatan_code"]],
        "at": [_inside(shape) if here else None for shape, here in zip(shapes, drawn, strict=True)],
        "ranks": [None if r is None else int(r) for r in v["rank"].astype(object).where(v["rank"].notna(), None)],
        "chosen": v["selected"].astype(int).tolist(),
        "sure": [probability(p, lang) if uncertain(run) else "–" for p in v["p_top"]],
        "list_note": text("map.list_note", lang, top=facts["top_n"]) if uncertain(run) else "",
        "groups": [{"id": group, "label": text(f"map.group.{group}", lang)} for group in GROUPS],
        "layers": _layers(run, panel, lang, public),
        "start": "chosen",
        "points": _points(run, lang),
        **panel,
    }


def _texts(run: Run, lang: str) -> dict[str, str]:
    """The page's own words."""
    said = {k.split(".", 1)[1]: s for k, s in catalogue(lang).items() if k.startswith(PHRASES)}
    interval = percent(run.facts["interval"], lang, 0)
    return {**said, "panel.range": text("map.panel.range", lang, interval=interval)}


def _packed(panel: dict[str, Any]) -> dict[str, Any]:
    """The panels with their bars as rows without trailing gaps, and each pattern told once for all its villages."""
    patterns: dict[str, int] = {}
    villages = []
    for village in panel["villages"]:
        bars = [[bar.get(field) for field in BAR] for bar in village["bars"]]
        for bar in bars:
            while bar[-1] is None:
                bar.pop()
        told = [patterns.setdefault(said, len(patterns)) for said in village["pattern"]]
        villages.append({**village, "bars": bars, "pattern": told})
    return {"bars": panel["bars"], "panels": villages, "patterns": list(patterns)}


def _layers(run: Run, panel: dict[str, Any], lang: str, public: bool) -> list[dict[str, Any]]:
    """The layers; what one says that a bar of the panel says too is only pointed to."""
    by_bar = {tuple(v["bars"][k][0] for v in panel["panels"]): k for k in range(len(panel["bars"]))}
    told = []
    for layer in layers(run, lang, public=public):
        bar = by_bar.get(layer.shown)
        told.append(asdict(layer) if bar is None else {**asdict(layer), "shown": [], "bar": bar})
    return told


def notes(run: Run, drawn: np.ndarray, lang: str, public: bool) -> list[str]:
    """What every reader of the map must be told before believing it."""
    told = []
    if not run.facts["has_prevalence"]:
        told.append(text("map.note.no_prevalence", lang))
    measured = indicator(run, "measured")
    if measured and measured["average"] is not None and measured["average"] < 0.9:
        told.append(text("map.note.not_survey", lang, share=percent(measured["average"], lang)))
    if not drawn.all():
        told.append(text("map.note.no_polygon", lang, count=int((~drawn).sum())))
    if public and any(entry["interval"] or entry["kind"] == "count" for entry in run.facts["indicators"]):
        told.append(text("map.note.banded", lang))
    return told


def sources(run: Run, lang: str) -> list[str]:
    """Where the numbers come from and from when: one line a table, then boundaries and points."""
    told = []
    for table in run.facts["tables"]:
        period = table["period"] or text("map.period_unsaid", lang)
        told.append(text("map.table", lang, name=table["source"] or Path(table["path"]).name, period=period))
    boundaries = run.facts["boundaries"]
    told.append(text("map.boundary", lang, source=boundaries["source"] or Path(boundaries["path"]).name))
    told.extend(f"{label(p, lang)}: {p['source']}" for p in run.facts["points"] if p["source"])
    return list(dict.fromkeys(told))


def _points(run: Run, lang: str) -> list[dict[str, Any]]:
    shown = []
    for layer in run.facts["points"]:
        rows = run.points[run.points["layer"] == layer["id"]]
        spots = zip(rows["latitude"].round(DECIMALS), rows["longitude"].round(DECIMALS), rows["name"], strict=True)
        shown.append({"label": label(layer, lang), "spots": [[float(y), float(x), str(name)] for y, x, name in spots]})
    return [layer for layer in shown if layer["spots"]]
