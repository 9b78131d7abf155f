"""A layer of the map as a picture for slides and pages: legend with counts, scale, north, the chosen villages named."""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lokus.messages import text
from lokus.outputs import layers
from lokus.outputs.classes import Layer
from lokus.outputs.papers import drawing, legend
from lokus.outputs.papers.drawing import MM, Marked
from lokus.outputs.papers.ground import Ground, ground
from lokus.outputs.papers.placing import Box

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lokus.pipeline import Run

# Type as large as a picture bears: a legend must be read from the third row.
SIZES = (6.0, 18.0)
MARGIN = 6.0
SMALLEST = 4.0


def map_picture(
    run: Run, layer_id: str, lang: str, *, width_mm: float, height_mm: float, dpi: int = 150, public: bool = True,
    focus: Collection[str] | None = None, land: Ground | None = None, given: Sequence[Layer] = (),
) -> bytes:  # fmt: skip
    """One layer as a PNG: the same run, layer and size give the same bytes.

    :param layer_id: a layer of `layers.layers`, "chosen" or "stunting" for example.
    :param width_mm, height_mm: size on paper; letters grow with it.
    :param public: band counts of 1–4 people; False stamps the picture as internal.
    :param focus: codes of the villages to outline, number and name, instead of the chosen ones; () for none.
    :param land: `ground(run)` where it is made already.
    :param given: `layers.layers` of the run where they are made already.
    :raises ValueError: the run has no such layer.
    :raises LokusError: no village has a polygon.
    """
    shown = find_layer(run, layer_id, lang, public, given)
    land = land or ground(run)
    picked = marked(run, focus)
    size = min(max(min(width_mm, 1.3 * height_mm) / 13.5, SIZES[0]), SIZES[1])
    with drawing.paper(width_mm, height_mm) as axes:
        keys = signs(land, lang, public, "" if not picked else "chosen" if focus is None else "focus")
        frame = with_legend(axes, shown, land, keys, (width_mm * MM, height_mm * MM), size, lang)
        draw_map(axes, land, shown, picked, frame, 0.75 * size, lang)
        file = io.BytesIO()
        axes.figure.savefig(file, format="png", dpi=dpi, metadata={"Software": None})  # type: ignore[union-attr]
    return file.getvalue()


def find_layer(run: Run, layer_id: str, lang: str, public: bool, given: Sequence[Layer] = ()) -> Layer:
    """The layer of an id, among those `given` where they are made already.

    :raises ValueError: there is none; those there are, are told.
    """
    found = {layer.id: layer for layer in given or layers.layers(run, lang, public=public)}
    if layer_id not in found:
        raise ValueError(f"no layer {layer_id!r}; there are {', '.join(found)}")
    return found[layer_id]


def marked(run: Run, codes: Collection[str] | None = None) -> list[Marked]:
    """Villages to be outlined and named, by rank: those of `codes`, else the chosen ones."""
    v = run.villages
    rows = v.index.isin(list(codes)) if codes is not None else v["selected"].to_numpy()
    order = v["rank"].astype("float64").to_numpy()
    picked = sorted(np.flatnonzero(rows), key=lambda i: (np.isnan(order[i]), order[i], i))
    return [Marked(int(i), badge(v["rank"].iloc[i]), str(v["village"].iloc[i])) for i in picked]


def badge(rank: Any) -> str:
    """What stands in a village's badge: its rank, or a dot where it has none."""
    return "•" if pd.isna(rank) else str(int(rank))


def draw_map(
    axes: Axes, land: Ground, layer: Layer, picked: Sequence[Marked], frame: Box,
    size: float, lang: str, spots: np.ndarray | None = None,
) -> None:  # fmt: skip
    """A map in a frame, in points; `size` is that of its names."""
    pen = size / 10
    plate = drawing.fitted(axes, land, frame)
    drawing.land(plate, layer, pen)
    drawing.outlined(plate, picked, pen)
    if spots is not None:
        drawing.spots(plate, spots, size)
    drawing.furniture(plate, size, lang)
    rows = [m.row for m in picked]
    drawing.marks(plate, layer, rows, size, keep=True)
    placed = drawing.badges(plate, picked, size)
    drawing.names(plate, placed, size)
    drawing.marks(plate, layer, sorted(set(range(len(layer.of))) - set(rows)), size, keep=False)


def signs(land: Ground, lang: str, public: bool, rim: str, spot: str = "") -> list[legend.Key]:
    """What a legend tells beside the classes.

    `rim`: which villages are outlined, "chosen", "focus" or "" for none; `spot`: the name of the facilities shown.
    """
    told: list[legend.Key] = [("rim", text(f"picture.rim.{rim}", lang))] if rim else []
    told.append(("line", text("map.toggle.kecamatan", lang)))
    told += [("spot", spot)] if spot else []
    if absent := int((~land.drawn).sum()):
        told.append(("note", text("picture.no_polygon", lang, count=absent)))
    if not public:
        told.append(("stamp", text("papers.internal", lang)))
    return told


def with_legend(
    axes: Axes, layer: Layer, land: Ground, keys: Sequence[legend.Key], whole: tuple[float, float], size: float,
    lang: str,
) -> Box:  # fmt: skip
    """Sets the legend beside or under the map, whichever leaves it more room; the frame that is left for the map."""
    wide, tall = whole[0] - 2 * MARGIN, whole[1] - 2 * MARGIN
    beside = _set(layer, keys, min(16 * size, 0.42 * wide), tall, size, lang, 1)
    under = _set(layer, keys, wide, 0.45 * tall, size, lang, max(1, int(wide / (17 * size))))
    gap = 1.5 * size
    frames = {
        beside: (MARGIN, MARGIN, MARGIN + wide - beside.wide - gap, MARGIN + tall),
        under: (MARGIN, MARGIN + under.height + gap, MARGIN + wide, MARGIN + tall),
    }

    def room(frame: Box) -> float:
        return min((frame[2] - frame[0]) / land.aspect, frame[3] - frame[1])

    better = max(frames, key=lambda k: room(frames[k]))
    frame = frames[better]
    corner = (frame[2] + gap, frame[3]) if better is beside else (MARGIN, frame[1] - gap)
    legend.draw(axes, better, corner)
    return frame


def _set(
    layer: Layer,
    keys: Sequence[legend.Key],
    wide: float,
    tall: float,
    size: float,
    lang: str,
    columns: int,
) -> legend.Legend:
    """A legend in letters small enough for its height."""
    made = legend.compose(layer, keys, wide, size, lang, columns)
    while made.height > tall and size > SMALLEST:
        size *= 0.93
        made = legend.compose(layer, keys, wide, size, lang, columns)
    return made
