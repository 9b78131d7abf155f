"""Pictures of the map: the legend's counts, the colours of the layer, every hostile name, the same bytes."""

import io
from dataclasses import replace

import numpy as np
import pytest
import shapely
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from lokus.outputs.layers import layers
from lokus.outputs.papers import legend, pictures
from lokus.outputs.papers.drawing import MM
from lokus.outputs.papers.ground import ground

SMALL = {"width_mm": 120, "height_mm": 70, "dpi": 80}


@pytest.fixture(scope="module")
def land(run):
    return ground(run)


def pixels(png):
    return imread(io.BytesIO(png), format="png")[..., :3]


def seen(picture, colour):
    return int((np.abs(picture - np.array(to_rgb(colour))).max(axis=2) < 0.01).sum())


def test_a_picture_has_its_size_and_every_class_as_much_ink_as_land(run, land):
    picture = pixels(pictures.map_picture(run, "stunting", "id", **SMALL, focus=(), land=land))
    assert picture.shape[:2] == (int(70 * MM / 72 * 80), int(120 * MM / 72 * 80))
    layer, areas = pictures.find_layer(run, "stunting", "id", True), shapely.area(land.shapes)
    plain = [k for k, tone in enumerate(layer.tones) if tone.count and not tone.pattern]
    ink = np.array([seen(picture, layer.tones[k].colour) for k in plain])
    km2 = np.array([np.nansum(areas[np.array(layer.of) == k]) for k in plain])
    np.testing.assert_allclose(ink / ink.sum(), km2 / km2.sum(), atol=0.05)


def test_the_same_run_is_the_same_bytes(run, land):
    once, twice = (pictures.map_picture(run, "stunting", "en", **SMALL, land=land) for _ in range(2))
    assert once == twice


def test_names_that_would_break_a_text_are_drawn_as_they_are(run, land):
    v = run.villages.copy()
    v["village"] = [r"$\frac{1}{0$ _a^b" if k % 2 else name for k, name in enumerate(v["village"])]
    hostile = replace(run, villages=v)
    told = pictures.map_picture(hostile, "last_year", "id", **SMALL, focus=list(v.index), land=land)
    assert pixels(told).std() > 0.05


def test_a_layer_that_is_not_there_is_refused_with_those_that_are(run, land):
    with pytest.raises(ValueError, match=r"no layer 'stunted'; there are stunting, "):
        pictures.map_picture(run, "stunted", "id", **SMALL, land=land)


def test_outside_the_office_no_stamp_inside_it_one(run, land):
    for public in (True, False):
        told = [sign for sign, _ in pictures.signs(land, "id", public, "chosen")]
        assert told.count("stamp") == (0 if public else 1)
    one, other = (pictures.map_picture(run, "chosen", "id", **SMALL, public=p, land=land) for p in (True, False))
    assert one != other


def test_the_focus_is_numbered_by_rank_in_place_of_the_chosen(run):
    v = run.villages
    assert {v.index[m.row] for m in pictures.marked(run)} == set(v.index[v["selected"]])
    some = v.index[[40, 3, 5, 25]]
    told = pictures.marked(run, list(some))
    assert {v.index[m.row] for m in told} == set(some)
    ranked = sorted(int(r) for r in v.loc[some, "rank"].dropna())
    assert [m.badge for m in told] == [*map(str, ranked), *["•"] * (4 - len(ranked))]
    assert len(ranked) == 2


@pytest.mark.parametrize("columns", [1, 2, 3])
@pytest.mark.parametrize("wide", [90.0, 260.0])
def test_a_legend_tells_every_class_with_its_villages_however_narrow_it_is(run, land, columns, wide):
    for layer in layers(run, "id"):
        made = legend.compose(layer, pictures.signs(land, "id", True, "chosen"), wide, 10, "id", columns)
        told = [item for column in made.split() for item in column]
        assert told == list(made.items)
        assert [int(item.count.replace(".", "")) for item in told if item.count] == [t.count for t in layer.tones]
        assert sum(t.count for t in layer.tones) == len(run.villages)
