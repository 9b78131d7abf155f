"""One run as one interactive Folium page that opens from a USB stick, with no internet and nothing beside it."""

from __future__ import annotations

import errno
import json
import os
import re
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import folium
import numpy as np
import shapely
from branca.element import Element

from lokus.errors import LokusError
from lokus.messages import catalogue, percent, text
from lokus.outputs import sums, wide
from lokus.outputs.geometry import DECIMALS, kecamatan, spots
from lokus.outputs.layers import GROUPS, layers
from lokus.outputs.offline import Inlined, OfflineFigure, web
from lokus.outputs.packed import Parts
from lokus.outputs.panels import panels
from lokus.outputs.steering import script, steering
from lokus.outputs.story import as_values, steps
from lokus.outputs.trend import Since, since, trends
from lokus.outputs.words import indicator, label, probability, uncertain

if TYPE_CHECKING:
    from lokus.pipeline import Run

MOST_VILLAGES, MOST_BYTES = 100_000, 15_000_000
SCRIPTS = (
    "packed.js", "page.js", "tools.js", "labels.js", "panel.js", "print.js", "painter.js", "villages.js", "wide.js",
    "swipe.js", "story.js", "map.js",
)  # fmt: skip
GEOMETRY = re.compile(r"^ *geo_json_\d+_add\(\{.*\}\);$", re.MULTILINE)
BAR = ("text", "to", "points", "people", "worse", "from", "until", "raw")
# Fields of a bar whose texts end alike in most villages, and what stands there for that ending.
REPEATED, SAME = ("points", "people"), "~"
PHRASES = ("map.ui.", "map.key.", "map.swipe.", "map.toggle.", "map.panel.", "map.group.", "map.story.", "wide.page.")


def write_map(
    run: Run, path: str | Path, lang: str = "id", *, public: bool = True, before: Run | None = None,
    meeting: bool = False, kabupaten: str = "",
) -> Path:  # fmt: skip
    """Writes `build_map` to a file, whole or not at all; returns its path."""
    target = Path(path)
    if target.exists() and not target.is_file():
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), str(target))  # a device or a folder is not replaced
    page = build_map(run, lang=lang, public=public, before=before, meeting=meeting, kabupaten=kabupaten)
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


def build_map(
    run: Run, *, lang: str = "id", public: bool = True, before: Run | None = None, meeting: bool = False,
    kabupaten: str = "",
) -> str:  # fmt: skip
    """The map of a run as one self-contained HTML page; the same run and language give the same bytes.

    Up to 600 villages are Folium's own GeoJson layers, more are packed and drawn on a canvas.

    :param run: a stored run, of at most 100,000 villages of which at least one has a polygon.
    :param lang: "id" or "en".
    :param public: band counts of 1–4 people, and hide the raw rates that would give them away.
    :param before: an earlier run of the same kabupaten, to tell what changed since.
    :param meeting: the page is for the room: it may carry the exact needs that a simulation computes with.
    :param kabupaten: draw and list the villages of one kabupaten alone, as they stand among all.
    :raises LokusError: a page of over 100,000 villages or 15 MB, none that could be drawn, or an earlier run of others.
    :raises NotSelfContained: something on the page would be fetched from elsewhere.
    """
    here = wide.part(run, kabupaten)
    count = len(here.villages)
    if count > MOST_VILLAGES:
        raise LokusError("map_too_large", most=MOST_VILLAGES, count=count)
    shapes = wide.coarse(np.asarray(here.geometry.reindex(here.villages.index).values, dtype=object))
    drawn = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    if not drawn.any():
        raise LokusError("map_no_polygons")
    figure = OfflineFigure(run.facts["title"], lang)
    chart = folium.Map(
        tiles=None, zoom_control="topright", attribution_control=False,
        zoom_snap=0.1, zoom_delta=0.5, wheel_px_per_zoom_level=120, min_zoom=4, max_zoom=17,
    )  # fmt: skip
    # Leaflet alone: the other scripts of Folium serve markers and popups that this map does without.
    chart.default_js, chart.default_css = [("leaflet", "")], [("leaflet_css", "")]
    figure.add_child(chart)
    if count > wide.FROM:
        parts = Parts()
        drawing = wide.drawing(here, shapes, drawn, parts)
        data = _data(run, here, shapes, drawn, drawing["kecamatan"], lang, public, before, meeting)
        told = wide.page(here, {**data, **drawing}, parts, lang)
        Reader(chart, told, "packedPainter(chart)", "null", parts.base64()).add_to(chart)
        return _light_enough(figure.render())
    villages = folium.GeoJson(_collection(shapes[drawn], np.flatnonzero(drawn).tolist()), smooth_factor=0.5)
    outlines, places = kecamatan(here, shapes, drawn)
    lines = folium.GeoJson(_collection(outlines, list(range(len(outlines)))), interactive=False)
    for part in (villages, lines):
        part.add_to(chart)
    data = _data(run, here, shapes, drawn, places, lang, public, before, meeting)
    Reader(chart, data, f"pathPainter(chart, {villages.get_name()})", lines.get_name()).add_to(chart)
    # Folium writes a blank after every comma: a tenth of the geometry.
    return _light_enough(GEOMETRY.sub(lambda call: call[0].replace(", ", ","), figure.render()))


def _light_enough(page: str) -> str:
    size = len(page.encode())
    if size > MOST_BYTES:
        raise LokusError("map_too_heavy", size=round(size / 1e6, 1), most=MOST_BYTES // 1_000_000)
    return page


class Reader(Element):
    """The page around the map: layers, legend, search, panel. It carries the run's words and classes as inert JSON."""

    def __init__(self, chart: Any, data: Mapping[str, Any], painter: str, lines: str, packed: str = "") -> None:
        super().__init__()
        self._name = "Reader"
        wait, code = escape(str(data.get("wait", ""))), "\n".join([*map(web, SCRIPTS), script()])
        body = f'<script type="application/json" id="lokus-data">{inert(data)}</script>'
        if packed:
            body += f'\n<p id="lokus-wait" role="status">{wait}</p>'
            body += f'\n<script type="application/octet-stream" id="lokus-packed">{packed}</script>'
        begin = f"const chart = {chart.get_name()};\nstart(chart, {painter}, {lines});"
        self.parts = {
            "header": f"<style>{web('map.css')}{web('story.css')}{web('steer.css')}</style>",
            "html": body,
            "script": f"(async function () {{\n'use strict';\n{code}\n{begin}\n}})();",
        }

    def render(self, **_: Any) -> str:
        """Lays its parts into the page as they are: as a macro, a village's name would be run as a template."""
        for place, text_of_it in self.parts.items():
            getattr(self.get_root(), place).add_child(Inlined(text_of_it), name=f"reader_{place}")
        return ""


def inert(data: Mapping[str, Any]) -> str:
    """JSON that can stand inside a page: no text in it can close the element that it stands in.

    >>> inert({"name": "</script>"})
    '{"name":"\\\\u003c/script\\\\u003e"}'
    """
    plain = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # U+2028 and U+2029 end a line in old JavaScript; they stand only inside strings, as do < > &.
    return plain.translate({ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"})


def _collection(shapes: np.ndarray, numbers: list[int]) -> dict[str, Any]:
    features = [
        {"type": "Feature", "id": n, "properties": {}, "geometry": shapely.geometry.mapping(shape)}
        for n, shape in zip(numbers, shapes, strict=True)
    ]
    return {"type": "FeatureCollection", "features": features}


def _data(
    run: Run, here: Run, shapes: np.ndarray, drawn: np.ndarray, places: list[dict[str, Any]], lang: str, public: bool,
    before: Run | None, meeting: bool,
) -> dict[str, Any]:  # fmt: skip
    v, facts, whole = here.villages, run.facts, here is run
    order = {place["code"]: k for k, place in enumerate(places)}
    panel = _packed(panels(run, lang, public=public, brief=len(v) > wide.MOST_SENTENCES, only=v.index))
    pair = since(before, run, public=public) if before else None
    shown = _layers(run, here, panel, lang, public, pair)
    told = steps(run, lang, public=public, before=before, shown=[layer["id"] for layer in shown]) if whole else []
    return {
        "lang": lang,
        "texts": _texts(run, lang),
        "title": facts["title"],
        "subtitle": _subtitle(here, lang),
        "run": text("map.made", lang, version=facts["lokus"], run=facts["run_id"]),
        "notes": [*([] if whole else [wide.part_note(run, here, lang)]), *notes(run, drawn, lang, public)],
        "doubt": doubt(run, lang),
        "mark": "" if public else text("explain.internal", lang),
        "sources": sources(run, lang),
        "kecamatan": places,
        "within": [order[code] for code in v["kecamatan_code"]],
        "at": [] if len(v) > wide.FROM else spots(shapes, drawn),
        **_list(here, lang),
        "groups": [{"id": group, "label": text(f"map.group.{group}", lang)} for group in GROUPS],
        "layers": shown,
        "trend": trends(pair, lang, public=public, only=v.index) if pair else None,
        "start": "chosen",
        "steering": steering(run, lang, public=public, meeting=meeting) if whole else wide.closed(lang),
        "story": [as_values(step, v.index) for step in told],
        "points": _points(run, lang),
        **panel,
    }


def _list(run: Run, lang: str) -> dict[str, Any]:
    v = run.villages
    return {
        "codes": list(v.index),
        "names": list(v["village"]),
        "ranks": [None if r is None else int(r) for r in v["rank"].astype(object).where(v["rank"].notna(), None)],
        "chosen": v["selected"].astype(int).tolist(),
        "sure": [probability(p, lang) if uncertain(run) else "–" for p in v["p_top"]],
        "list_note": text("map.list_note", lang, top=run.facts["top_n"]) if uncertain(run) else "",
    }


def _subtitle(run: Run, lang: str) -> str:
    return text(
        "map.subtitle",
        lang,
        kabupaten=wide.place(run, lang),
        count=int(run.villages["selected"].sum()),
        year=str(run.facts["year"]),
    )


def _texts(run: Run, lang: str) -> dict[str, str]:
    """The page's own words."""
    said = {k.split(".", 1)[1]: s for k, s in catalogue(lang).items() if k.startswith(PHRASES)}
    interval = percent(run.facts["interval"], lang, 0)
    return {**said, "panel.range": text("map.panel.range", lang, interval=interval)}


def _packed(panel: dict[str, Any]) -> dict[str, Any]:
    """The panels with their bars as rows without trailing gaps, and what many villages are told, told once."""
    patterns: dict[str, int] = {}
    villages = []
    ends = [
        {field: ending([village["bars"][k].get(field) for village in panel["villages"]]) for field in REPEATED}
        for k in range(len(panel["bars"]))
    ]
    for village in panel["villages"]:
        told_once = (
            {**bar, **{field: shortened(bar[field], end[field]) for field in REPEATED if field in bar}}
            for bar, end in zip(village["bars"], ends, strict=True)
        )
        bars = [[bar.get(field) for field in BAR] for bar in told_once]
        for bar in bars:
            while bar[-1] is None:
                bar.pop()
        told = [patterns.setdefault(said, len(patterns)) for said in village["pattern"]]
        villages.append({**village, "bars": bars, "pattern": told})
    shared = [{**bar, "ends": end} for bar, end in zip(panel["bars"], ends, strict=True)]
    return {"bars": shared, "panels": villages, "patterns": list(patterns)}


def ending(texts: Sequence[str | None]) -> str:
    """What most texts of a list end with, from their first blank on; "" where there is none. None is no text.

    >>> ending(["+8,8 dari 33,3", None, "+3,0 dari 33,3", "+5,1"])
    ' dari 33,3'
    """
    ends = Counter(f" {rest}" for _, blank, rest in (t.partition(" ") for t in texts if t is not None) if blank)
    return ends.most_common(1)[0][0] if ends else ""


def shortened(text: str, end: str) -> str:
    """A text with `SAME` for its ending where it is the shared one."""
    return text.removesuffix(end) + SAME if end and text.endswith(end) else text


def _layers(
    run: Run, here: Run, panel: dict[str, Any], lang: str, public: bool, pair: Since | None
) -> list[dict[str, Any]]:
    """The layers; what one says that a bar of the panel says too is only pointed to."""
    by_bar = {tuple(v["bars"][k][0] for v in panel["panels"]): k for k in range(len(panel["bars"]))}
    told = []
    rows = run.villages.index.get_indexer(here.villages.index)
    for layer in (wide.picked(layer, rows) for layer in layers(run, lang, public=public, pair=pair)):
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
        told.append(text("map.note.not_survey", lang, share=sums.average_text(run, measured, lang, public=public)))
    if not drawn.all():
        told.append(text("map.note.no_polygon", lang, count=int((~drawn).sum())))
    if public and any(entry["interval"] or entry["kind"] == "count" for entry in run.facts["indicators"]):
        told.append(text("map.note.banded", lang))
    return told


def doubt(run: Run, lang: str) -> str:
    """How unsure the list is, for paper: on a screen the list and its layer say it themselves."""
    if not uncertain(run):
        return ""
    count = int((run.villages["certainty"] == "borderline").sum())
    return text("map.doubt", lang, count=count, top=run.facts["top_n"])


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
