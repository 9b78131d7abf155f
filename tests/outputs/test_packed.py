"""What is packed in Python is put together again in a browser: the same values, the same polygons."""

import json
import math

import numpy as np
import pytest
import shapely
from browser import chromium
from hypothesis import given
from hypothesis import strategies as st

from lokus.outputs.offline import web
from lokus.outputs.packed import Parts, packed, polygons, varint

LONG = 600
FRESH = """
document.body.replaceChildren(...["lokus-wait", "lokus-packed"].map(id => {
  return Object.assign(document.createElement("p"), { id });
}));
"""


def varint_by_hand(value):
    told = []
    while value > 127:
        told.append(value % 128 + 128)
        value //= 128
    return bytes([*told, value])


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=30))
def test_whole_numbers_are_written_as_by_hand(values):
    assert varint(np.array(values)) == b"".join(map(varint_by_hand, values))


def lists():
    """One long list of every kind a page may carry, and of some that it does not."""
    chance = np.random.default_rng(8)
    whole = chance.integers(-5, 70_000, LONG).tolist()
    rates = [f"{x // 10},{x % 10} % ({x} dari {7 * x}), perkiraan {x // 20},{x % 7} %" for x in range(LONG)]
    return {
        "whole": whole,
        "steps": sorted(whole),
        "large": [2**30 - x for x in whole],
        "gaps": [None if x % 7 == 0 else x for x in whole],
        "nothing": [None] * LONG,
        "degrees": [round(float(x), 5) for x in chance.uniform(-11, 141, LONG)],
        "third": [x / 3 for x in whole],
        "flags": [x % 3 == 0 for x in whole],
        "maybe": [None if x % 5 == 0 else x % 3 == 0 for x in whole],
        "texts": [None if x % 9 == 0 else "Tidak ada data" if x % 4 == 0 else said for x, said in enumerate(rates)],
        "zeros": [f"0{x:04d}.{x:03d} 007 0,0{x} 12345678901234567890 ²③٣" for x in whole[:LONG] if x >= 0] * 2,
        "names": [f"Desa {chr(97 + x % 26)}<img src=x> \u2028 \u202e🌾 {chr(1000 + x)}" for x in range(LONG)],
        "hole": [f"a\x00{x}" for x in range(LONG)],
        "records": [{"a": x, "b": f"{x} orang", "c": {"d": [x, None]}} for x in whole],
        "unlike": [{"a": 1} if x % 2 else {"b": 2} for x in whole],
        "ragged": [None if x % 11 == 0 else [f"{x} %", x, None, "y"][: x % 5] for x in range(LONG)],
        "pairs": [[x / 4, -x] for x in whole],
        "long": [list(range(x % 40)) for x in range(LONG)],
        "mixed": [x if x % 2 else str(x) for x in whole],
        "short": [1, [2, {"three": [3.5, None, "<"]}]],
        "text": "packed",
    }


@pytest.fixture(scope="module")
def page():
    """A blank page that has the readers of the map, without the map."""
    with chromium() as browser:
        page = browser.new_page()
        page.evaluate(
            "code => { window.spots = () => []; new Function(code + "
            "'window.unpacked = unpacked; window.shapesOf = shapesOf; window.inflated = inflated')(); }",
            web("packed.js"),
        )
        yield page


def carried(page, data, parts):
    """The data as the page has it after unpacking."""
    return page.evaluate(
        "async ([plain, blob]) => {"
        f"{FRESH}"
        " document.getElementById('lokus-packed').textContent = blob;"
        " const { at, ...whole } = await unpacked(plain); return JSON.stringify(whole) }",
        [data, parts.base64()],
    )


def test_every_kind_of_list_comes_back_as_it_was(page):
    data, parts = lists(), Parts()
    told = packed(data, parts)
    assert {key: told[key]["packed"]["kind"] for key in data if isinstance(told[key], dict)} == {
        "whole": "numbers", "steps": "numbers", "large": "numbers", "gaps": "numbers", "nothing": "numbers",
        "degrees": "numbers", "third": "json", "flags": "flags", "maybe": "flags", "texts": "texts", "zeros": "texts",
        "names": "json", "hole": "json", "records": "fields", "unlike": "json", "ragged": "lists", "pairs": "lists",
        "long": "json", "mixed": "json",
    }  # fmt: skip
    assert json.loads(carried(page, told, parts)) == data


def test_the_same_data_are_the_same_bytes_and_nothing_is_carried_twice():
    one, two = Parts(), Parts()
    first, second = packed(lists(), one), packed(lists(), two)
    assert (first, one.base64()) == (second, two.base64())
    before = len(one.bytes)
    assert packed(lists(), one) == first
    assert len(one.bytes) == before


def rings_of(page, spec, parts):
    """The rings of every shape in degrees, as the page has them."""
    found = page.evaluate(
        "async ([spec, blob]) => { const s = shapesOf(spec, new Uint8Array(await inflated(blob)));"
        " return { owned: [...s.owned], ringed: [...s.ringed], X: [...s.X], Y: [...s.Y], box: [...s.box] } }",
        [spec, parts.base64()],
    )
    east = (np.array(found["X"]) - 128) * 360 / 256
    north = np.degrees(np.arctan(np.sinh((128 - np.array(found["Y"])) * math.pi / 128)))
    corners = np.column_stack([east, north])
    rings = [corners[a:b] for a, b in zip(found["ringed"], found["ringed"][1:], strict=False)]
    return [rings[a:b] for a, b in zip(found["owned"], found["owned"][1:], strict=False)], np.array(found["box"])


def test_polygons_come_back_with_their_holes_within_half_a_step(page):
    step, parts = 1e-3, Parts()
    shapes = np.array([
        shapely.difference(shapely.box(100, -3, 101, -2), shapely.box(100.4, -2.6, 100.5, -2.5)),
        None,
        shapely.union(shapely.box(119.1234, 0.5, 119.2, 0.6), shapely.Point(119.5, 0.55).buffer(0.02)),
        shapely.box(140, -9, 140.00001, -8.99999),
        shapely.Point(95.2, 5.9).buffer(0.3),
    ], dtype=object)  # fmt: skip
    found, box = rings_of(page, polygons(shapes, step, parts), parts)
    assert [len(rings) for rings in found] == [2, 0, 2, 1, 1]
    for shape, rings in zip(shapes, found, strict=True):
        if shape is None or shape.area < 1e-6:
            continue
        whole = (
            shapely.Polygon(rings[0]) if len(rings) == 1 else shapely.symmetric_difference(*map(shapely.Polygon, rings))
        )
        assert shapely.hausdorff_distance(shapely.boundary(shape), shapely.boundary(whole)) < 0.8 * step
        assert whole.area == pytest.approx(shape.area, rel=0.02)
    speck = shapely.Polygon(found[3][0])
    assert 0 < speck.area < step**2
    assert speck.distance(shapes[3]) < 2 * step
    assert (box.reshape(-1, 4)[[0, 2, 3, 4], 2:] >= box.reshape(-1, 4)[[0, 2, 3, 4], :2]).all()


def test_a_browser_too_old_is_told_so(page):
    said = page.evaluate(
        "async () => {"
        f"{FRESH}"
        " const kept = window.DecompressionStream; delete window.DecompressionStream;"
        " let done = false; unpacked({ texts: { 'page.old': 'too old' } }).then(() => { done = true });"
        " await new Promise(f => setTimeout(f)); window.DecompressionStream = kept;"
        " return [document.getElementById('lokus-wait').textContent, done] }"
    )
    assert said == ["too old", False]
