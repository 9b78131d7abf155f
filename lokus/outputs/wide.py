"""The page of thousands of villages: packed polygons on a canvas, and whole kabupaten where villages are too small.

A layer is summed up for a kabupaten by the classes of its villages alone, which are what the public may see of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from lokus.catalog.palettes import MISSING_COLOUR, RAMPS
from lokus.classing import class_names
from lokus.errors import LokusError
from lokus.messages import catalogue, number, percent, text
from lokus.outputs.geometry import simplified, whole_areas
from lokus.outputs.packed import Parts, packed, polygons
from lokus.outputs.panels import ordered
from lokus.outputs.steering import WORDS

if TYPE_CHECKING:
    from lokus.outputs.classes import Layer
    from lokus.pipeline import Run

# From here on one path a village is slow, and from the second on so are sentences for each.
FROM, MOST_SENTENCES = 600, 5_000
# To simplify tens of thousands of villages takes minutes; of less than so many corners each they need it not.
MOST_CORNERS, SLOW_FROM = 60, 20_000
# A map of more kabupaten than this shows them whole until the reader comes closer than this zoom.
MOST_KABUPATEN, DETAIL_ZOOM = 40, 8
MOST_NAMED = 5
BEFORE_NAME = re.compile(r"^(kabupaten|kab\.?)\s+")
# Corners on the grid of the page, in degrees: a tenth of a pixel where villages are a hand wide.
STEPS = ((2_000, 2e-5), (10_000, 1e-4), (100_000, 5e-4))
AREA_TOLERANCE = 2e-3
# What the id of a layer may add to its indicator's, and which of the panel's figures is the score.
PARTS_OF, SCORE = "(_raw|_floor|_width|_gap)?", 1
# Villages that a layer of kinds counts in a kabupaten, by the names of their classes.
COUNTED = {
    "chosen": ("chosen", "rule", "meeting"), "last_year": ("stays", "enters"), "moved": ("enters", "stays"),
    "hotspot": ("high-high",), "gi_star": ("gi_hot",), "changed": ("rose",),
}  # fmt: skip
SHARES = (0.02, 0.05, 0.1, 0.2)


def part(run: Run, kabupaten: str) -> Run:
    """The run with the villages of one kabupaten alone; ranks and classes stay those among all villages.

    :param kabupaten: its name, with or without "Kabupaten" before it, or its code; "" for all.
    :raises LokusError: "map_no_kabupaten" where the run has none of this name.
    """
    if not kabupaten:
        return run
    codes, names = (run.villages[f"kabupaten{end}"] for end in ("_code", ""))
    wanted = BEFORE_NAME.sub("", kabupaten.strip().casefold())
    here = names.str.casefold().str.replace(BEFORE_NAME, "", regex=True).eq(wanted) | codes.eq(kabupaten.strip())
    if not here.any():
        known = sorted(set(names))
        near = get_close_matches(kabupaten, known, MOST_NAMED, 0.0)
        raise LokusError("map_no_kabupaten", name=kabupaten, known=near)
    return replace(run, villages=run.villages[here], geometry=run.geometry[run.geometry.index.isin(codes.index[here])])


def picked(layer: Layer, rows: np.ndarray) -> Layer:
    """A layer of some villages alone, its classes counted anew."""
    of = np.array(layer.of)[rows]
    tones = tuple(replace(tone, count=int((of == k).sum())) for k, tone in enumerate(layer.tones))
    shown = tuple(np.array(layer.shown, dtype=object)[rows]) if layer.shown else ()
    return replace(layer, of=tuple(of.tolist()), tones=tones, shown=shown)


def coarse(shapes: np.ndarray) -> np.ndarray:
    """Polygons as coarse as the page can carry; those of a whole country as they are, where they are coarse already."""
    some = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    if some.sum() < SLOW_FROM or shapely.get_num_coordinates(shapes[some]).sum() > MOST_CORNERS * some.sum():
        return simplified(shapes)
    return shapes


def drawing(run: Run, shapes: np.ndarray, drawn: np.ndarray, parts: Parts) -> dict[str, Any]:
    """What the canvas draws: villages, the outlines of kecamatan or kabupaten, and kabupaten where there are many."""
    count = len(run.villages)
    step = next((step for most, step in STEPS if count <= most), STEPS[-1][1])
    told: dict[str, Any] = {"shapes": polygons(_only(shapes, drawn), step, parts), "regions": None}
    told["kabupaten"] = None
    kabupaten = run.villages["kabupaten_code"].nunique()
    if count <= MOST_SENTENCES:
        areas, told["kecamatan"] = whole_areas(run, shapes, drawn, "kecamatan")
        told["outlines"] = polygons(areas, step, parts)
    else:
        told["kecamatan"] = places(run, shapes, drawn)
    if kabupaten > 1:
        within = run.villages.groupby("kecamatan_code")["kabupaten"].first()
        told["kecamatan"] = [{**place, "kabupaten": within[place["code"]]} for place in told["kecamatan"]]
        tolerance = 0.0 if count <= MOST_SENTENCES else AREA_TOLERANCE
        areas, told["kabupaten"] = whole_areas(run, shapes, drawn, "kabupaten", tolerance)
        told["areas"] = polygons(areas, step, parts)
    if kabupaten > MOST_KABUPATEN:
        order = {place["code"]: k for k, place in enumerate(told["kabupaten"])}
        of = [order[code] for code in run.villages["kabupaten_code"]]
        told["regions"] = {"named": told["kabupaten"], "of": of, "zoom": DETAIL_ZOOM}
    return told


def part_note(run: Run, here: Run, lang: str) -> str:
    """That a map shows a part of its run, and that ranks are those among all."""
    return text("wide.part", lang, place=place(here, lang), count=len(run.villages))


def closed(lang: str) -> dict[str, Any]:
    """The simulation of a map of a part: none, and why."""
    said = {key.removeprefix(WORDS): words for key, words in catalogue(lang).items() if key.startswith(WORDS)}
    return {"closed": text("wide.closed", lang), "texts": said}


def _only(shapes: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    kept = shapes.copy()
    kept[~drawn] = None
    return kept


def place(run: Run, lang: str) -> str:
    """The kabupaten of a run by name, or how many there are where a line cannot hold them."""
    names = sorted(set(run.villages["kabupaten"]))
    return text("wide.several", lang, count=len(names)) if len(names) > MOST_NAMED else ", ".join(names)


def places(run: Run, shapes: np.ndarray, drawn: np.ndarray) -> list[dict[str, Any]]:
    """The kecamatan with the village that lies nearest to their middle for their names."""
    found = []
    at = np.full((len(shapes), 2), np.nan)
    at[drawn] = shapely.get_coordinates(shapely.point_on_surface(shapes[drawn]))
    for code, rows in run.villages.groupby("kecamatan_code", sort=True).indices.items():
        own = at[rows[drawn[rows]]]
        middle = own[np.argmin(((own - own.mean(axis=0)) ** 2).sum(axis=1))] if len(own) else None
        spot = None if middle is None else [round(float(middle[1]), 3), round(float(middle[0]), 3)]
        name = str(run.villages["kecamatan"].iloc[rows[0]])
        found.append({"code": str(code), "name": name, "count": len(rows), "at": spot})
    return found


def summary(layer: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """How the classes of a layer are summed up for a kabupaten.

    An ordered layer by the class of the village in the middle; kinds that few villages have by the share that has them,
    in classes of their own; other kinds by the one that most villages have.
    """
    if layer["id"] in COUNTED:
        wanted = {text(f"map.class.{kind}", lang) for kind in COUNTED[layer["id"]]}
        counted = [k for k, tone in enumerate(layer["tones"]) if tone["label"] in wanted]
        names = [text("wide.none", lang), *class_names(SHARES, lambda share: percent(share, lang, 0))]
        colours = ("#fbfbfb", *RAMPS["priority"])
        tones = [{"label": n, "colour": c, "mark": "", "pattern": ""} for n, c in zip(names, colours, strict=True)]
        named = ", ".join(layer["tones"][k]["label"] for k in counted)
        return {"by": "share", "counted": counted, "bounds": SHARES, "tones": tones, "named": named}
    plain = [tone for tone in layer["tones"] if not tone["pattern"] and tone["colour"] != MISSING_COLOUR]
    ordered = not any(tone["mark"] for tone in plain) and layer["id"] != "cluster"
    return {"by": "median" if ordered else "most"}


def page(run: Run, data: Mapping[str, Any], parts: Parts, lang: str) -> dict[str, Any]:
    """The data of the page with its long lists in `parts`, and what is read while they are put together."""
    if len(run.villages) > MOST_SENTENCES:
        data = shortened(run, data)
    layers = data["layers"]
    if data["regions"]:
        layers = [{**layer, "summary": summary(layer, lang)} for layer in layers]
    inline = {"texts": data["texts"], "wait": text("wide.loading", lang, count=number(len(data["names"]), lang))}
    told = packed({key: value for key, value in data.items() if key not in inline} | {"layers": layers}, parts)
    longest = max(len(bar) for own in data["panels"] for bar in own["bars"])
    return {**told, **inline, "longest": longest}


def shortened(run: Run, data: Mapping[str, Any]) -> dict[str, Any]:
    """The data without what tens of thousands of villages would make heavy, and a reader finds in the panel anyway.

    Bars lose their intervals and numbers of people. A layer is told by its indicator's bar or by the panel's score,
    where it has one, and otherwise by the name of the class.
    """
    names = [entry["id"] for entry in ordered(run)]
    layers = []
    for layer in data["layers"]:
        bar = next(
            (k for k, name in enumerate(names) if re.fullmatch(f"{re.escape(name)}{PARTS_OF}", layer["id"])), None
        )
        told = {"figure": SCORE} if layer["id"] == "score" else {} if bar is None else {"bar": bar}
        layers.append({**layer, "shown": [], **told})
    panels = [
        {**own, "bars": [[*bar[:3], None, len(bar) > 4 and bar[4]] for bar in own["bars"]]} for own in data["panels"]
    ]
    return {**data, "layers": layers, "panels": panels}
