"""Maps of hundreds and thousands of villages: a canvas that shows what Python classed, and hides no class."""

import json
import re
from collections import Counter
from dataclasses import replace
from functools import cache

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from browser import chromium, opened, settle

from lokus.errors import LokusError
from lokus.outputs import maps, wide
from lokus.outputs.layers import layers
from lokus.outputs.maps import build_map, write_map
from lokus.outputs.offline import web

pytestmark = pytest.mark.browser

KABUPATEN, EACH = 45, 16


def grid(kabupaten=KABUPATEN, each=EACH, size=0.05):
    """Kabupaten of `each` square villages in columns of eight, from west to east; one village has no polygon."""
    places, shapes = [], []
    for k in range(kabupaten):
        for n in range(each):
            west, south = 110 + 2 * k * size + n % 2 * size, -3 + n // 2 * size
            code = f"{11 + k}.01.{1 + n // 8:02d}.{2001 + n}"
            places.append(
                (code, f"Desa {k} {n}" if k else f"<img src=x onerror=alert({n})>", code[:8], f"Kec {code[:8]}")
            )
            shapes.append(shapely.box(west, south, west + size, south + size))
    table = pd.DataFrame(places, columns=["code", "village", "kecamatan_code", "kecamatan"]).set_index("code")
    geometry = gpd.GeoSeries(shapes, index=table.index, crs=4326)
    geometry.iloc[17] = None
    return table.rename_axis("village_code"), geometry


@pytest.fixture(scope="module")
def many(made_up):
    """720 villages in 45 kabupaten."""
    run = made_up(*grid(), top_n=40)
    villages = run.villages.assign(kabupaten="Kab " + run.villages["kabupaten_code"])
    return replace(run, villages=villages, facts={**run.facts, "kabupaten": sorted(set(villages["kabupaten"]))})


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened_browser:
        yield opened_browser


@pytest.fixture(scope="module")
def built(many):
    """The page of the 720 villages, `built(public=…, brief=…)`, each made once."""

    @cache
    def make(public=True, brief=False):
        with pytest.MonkeyPatch.context() as patch:
            if brief:
                patch.setattr(wide, "MOST_SENTENCES", 700)
            return build_map(many, public=public)

    return make


@pytest.fixture(scope="module")
def file(built, tmp_path_factory):
    path = tmp_path_factory.mktemp("wide") / "map.html"
    path.write_text(built(), "utf-8", newline="\n")
    return path


@pytest.fixture
def page(browser, file):
    with opened(browser, file) as (page, heard):
        wait(page)
        yield page
        assert heard.nothing(), heard


def wait(page):
    """Until the page has put its data together."""
    page.locator(".lk-legend h2").wait_for()
    settle(page)


def colours(page):
    """The pixels of the map by colour, those that are mixed of several or see-through left out."""
    found = page.evaluate(
        "() => { const c = document.querySelector('.lk-canvas'), seen = new Map();"
        " const k = Object.assign(document.createElement('canvas'), { width: c.width, height: c.height });"
        " const pen = k.getContext('2d', { willReadFrequently: true }); pen.drawImage(c, 0, 0);"
        " const d = new Uint32Array(pen.getImageData(0, 0, k.width, k.height).data.buffer);"
        " for (const v of d) if (v >>> 24 === 255) seen.set(v, (seen.get(v) || 0) + 1);"
        " return [...seen] }"
    )
    return {f"#{v & 255:02x}{v >> 8 & 255:02x}{v >> 16 & 255:02x}": n for v, n in found}


def shares(found, wanted):
    own = {colour: found.get(colour, 0) for colour in wanted}
    return {colour: n / sum(own.values()) for colour, n in own.items()}


def close_up(page):
    """Nearer than the zoom from which villages are shown, in the middle of the map."""
    while float(page.evaluate(f"{CHART}.getZoom()")) < wide.DETAIL_ZOOM:
        page.locator(".leaflet-control-zoom-in").click()
        page.wait_for_timeout(350)
    settle(page)


CHART = "Object.keys(window).filter(k => /^map_\\d+$/.test(k)).map(k => window[k])[0]"


def test_the_same_run_is_the_same_bytes_and_carries_no_name_as_markup(many, built):
    page = build_map(many)
    assert page == built()
    assert "<img" not in page
    assert len(page.encode()) < 700_000


@pytest.mark.parametrize("size", [(1366, 768), (390, 844)])
def test_it_opens_with_no_request_and_no_complaint(browser, many, file, size):
    with opened(browser, file, size) as (page, heard):
        wait(page)
        assert page.locator("h1").inner_text() == many.facts["title"]
        assert "45 kabupaten/kota" in page.locator(".lk-sub").inner_text()
        assert page.locator("#lokus-wait").count() == 0
        assert page.locator("img").count() == 0
        assert heard.nothing(), heard


def test_villages_close_by_are_painted_in_the_classes_python_made(page, many):
    """Villages of one size: the pixels of a colour are the villages of its class, edges and hatching left out."""
    page.locator('input[name="lk-kabupaten"]').click()
    page.locator('input[name="lk-chosen"]').click()
    page.locator('input[name="lk-kecamatan"]').click()
    drawn = many.geometry.notna().to_numpy()
    for layer in layers(many, "id"):
        page.locator(f'input[value="{layer.id}"]').click()
        settle(page)
        plain = [k for k, tone in enumerate(layer.tones) if not tone.pattern]
        if len({layer.tones[k].colour for k in plain}) < len(plain):
            continue
        of = np.array(layer.of)[drawn]
        expected = Counter(layer.tones[k].colour for k in of if k in plain)
        seen = shares(colours(page), expected)
        for colour, n in expected.items():
            assert seen[colour] == pytest.approx(n / sum(expected.values()), abs=0.02), (layer.id, colour)
        told = [int(n.replace(".", "")) for n in page.locator(".lk-legend .lk-count").all_inner_texts()]
        assert told == [tone.count for tone in layer.tones]


def test_no_class_hides_another_where_villages_are_a_few_pixels_and_overlap(browser, made_up, tmp_path):
    """Villages half as large again as their place: painted class by class, the last class would take what it covers."""
    table, geometry = grid(kabupaten=50, each=16, size=0.02)
    run = made_up(
        table, gpd.GeoSeries(shapely.buffer(geometry.values, 0.01, cap_style="square"), table.index, crs=4326), top_n=40
    )
    run = replace(run, villages=run.villages.assign(kabupaten_code="11.01"))
    layer = next(layer for layer in layers(run, "id") if layer.id == "score")
    drawn = run.geometry.notna().to_numpy()
    with opened(browser, write_map(run, tmp_path / "map.html")) as (page, heard):
        wait(page)
        for name in ("chosen", "kecamatan"):
            page.locator(f'input[name="lk-{name}"]').click()
        page.locator('input[value="score"]').click()
        settle(page)
        expected = Counter(layer.tones[k].colour for k in np.array(layer.of)[drawn] if not layer.tones[k].pattern)
        seen = shares(colours(page), expected)
        for colour, n in expected.items():
            assert seen[colour] == pytest.approx(n / sum(expected.values()), abs=0.05)
        assert heard.nothing(), heard


def test_from_afar_kabupaten_are_painted_whole_by_the_class_of_their_middle_village(page, many):
    layer = next(layer for layer in layers(many, "id") if layer.id == "score")
    page.locator('input[value="score"]').click()
    settle(page)
    of = pd.Series(layer.of, many.villages.index)
    known = of[[not layer.tones[k].pattern for k in of]]
    middle = known.groupby(many.villages["kabupaten_code"]).apply(lambda k: sorted(k)[(len(k) - 1) // 2])
    told = [int(n) for n in page.locator(".lk-legend .lk-count").all_inner_texts()]
    assert told == [int((middle == k).sum()) for k in range(len(layer.tones))]
    assert "median" in page.locator(".lk-legend p").inner_text()
    close_up(page)
    assert "median" not in page.locator(".lk-legend p").inner_text()
    assert [int(n) for n in page.locator(".lk-legend .lk-count").all_inner_texts()] == [t.count for t in layer.tones]


def test_from_afar_the_list_is_told_as_the_share_of_villages_chosen(page, many):
    share = many.villages.groupby("kabupaten_code")["selected"].mean()
    of = np.where(share == 0, 0, 1 + np.searchsorted(wide.SHARES, share, side="right"))
    told = [int(n) for n in page.locator(".lk-legend .lk-count").all_inner_texts()]
    assert told == [int((of == k).sum()) for k in range(len(wide.SHARES) + 2)]
    assert page.locator(".lk-legend .lk-tone").first.inner_text() == "Tidak ada"


def test_a_click_from_afar_goes_to_the_kabupaten_and_one_close_by_opens_the_village(page, many):
    box = page.locator(".leaflet-container").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    assert "Kab " in page.locator(".lk-tip").inner_text()
    page.mouse.click(*middle)
    settle(page)
    assert float(page.evaluate(f"{CHART}.getZoom()")) >= wide.DETAIL_ZOOM
    page.mouse.move(middle[0] + 3, middle[1] + 3)
    name = page.locator(".lk-tip b").inner_text()
    page.mouse.click(middle[0] + 3, middle[1] + 3)
    settle(page)
    assert page.locator(".lk-panel h2").inner_text() == name
    assert page.locator(".lk-track .lk-fill").count() == len(many.facts["indicators"])
    assert page.evaluate("document.querySelectorAll('.leaflet-lk-over-pane path').length") == 2


def test_search_opens_a_village_by_enter_and_names_stay_text(page, many):
    code = many.villages.index[16 * 30 + 5]
    page.locator("#lk-search").fill(code)
    page.keyboard.press("Enter")
    settle(page)
    assert page.locator(".lk-panel h2").inner_text() == many.villages.loc[code, "village"]
    page.locator("#lk-search").fill("onerror=alert(3)")
    page.keyboard.press("Enter")
    settle(page)
    assert page.locator(".lk-panel h2").inner_text() == "<img src=x onerror=alert(3)>"


def test_without_sentences_a_panel_keeps_figures_and_bars(browser, many, built, tmp_path):
    code = many.villages.index[16 * 30 + 5]
    (tmp_path / "map.html").write_text(built(brief=True), "utf-8")
    with opened(browser, tmp_path / "map.html") as (page, heard):
        wait(page)
        page.locator("#lk-search").fill(code)
        page.keyboard.press("Enter")
        settle(page)
        assert page.locator(".lk-figures b").count() == 3
        assert page.locator(".lk-track .lk-fill").count() == len(many.facts["indicators"])
        assert page.locator(".lk-panel h3").all_inner_texts() == ["Tiap indikator", "Pola"]
        assert heard.nothing(), heard


def everything(browser, page):
    """All that a page carries, packed or not, as one text."""
    plain = json.loads(re.search(r'id="lokus-data">(.*?)</script>', page, re.S)[1])
    held = re.search(r'id="lokus-packed">([^<]*)<', page)[1]
    blank = browser.new_page()
    code = f"async ([plain, held]) => {{ {web('packed.js')} const spots = () => []; {UNPACK} }}"
    told = blank.evaluate(code, [plain, held])
    blank.close()
    return told


UNPACK = """
for (const id of ['lokus-wait', 'lokus-packed']) {
  document.body.append(Object.assign(document.createElement('p'), { id }));
}
document.getElementById('lokus-packed').textContent = held;
const { shapes, outlines, areas, ...rest } = await unpacked(plain);
return JSON.stringify(rest);
"""


@pytest.mark.parametrize("brief", [False, True])
def test_counts_of_one_to_four_are_nowhere_in_the_public_page(browser, many, built, brief):
    few = many.villages[many.villages["numerator_stunting"].between(1, 4)]
    assert len(few) > 3
    public, inside = (everything(browser, built(public=public, brief=brief)) for public in (True, False))
    for y, n in zip(few["numerator_stunting"], few["denominator_stunting"], strict=True):
        exact = f"({y:.0f} dari {n:.0f})"
        assert exact not in public
        assert exact in inside


def test_a_map_over_the_size_limit_says_what_to_do(many, monkeypatch):
    monkeypatch.setattr(maps, "MOST_BYTES", 100_000)
    with pytest.raises(LokusError) as refused:
        build_map(many)
    assert refused.value.code == "map_too_heavy"


def test_a_kabupaten_alone_keeps_the_ranks_of_the_run(browser, many, tmp_path):
    """Named with "kab." before it or not, in any case, or by its code."""
    name = sorted(set(many.villages["kabupaten"]))[7]
    code = name.removeprefix("Kab ")
    pages = {build_map(many, kabupaten=said) for said in (name, name.upper(), code, f"Kabupaten {code}")}
    assert len(pages) == 1
    data = json.loads(re.search(r'id="lokus-data">(.*?)</script>', pages.pop(), re.S)[1])
    own = many.villages[many.villages["kabupaten"] == name]
    assert data["codes"] == list(own.index)
    assert data["ranks"] == [None if pd.isna(rank) else int(rank) for rank in own["rank"]]
    assert "720" in data["notes"][0]
    assert data["steering"]["closed"]
    for layer in data["layers"]:
        assert sum(tone["count"] for tone in layer["tones"]) == len(layer["of"]) == len(own)
    with opened(browser, write_map(many, tmp_path / "map.html", kabupaten=name)) as (page, heard):
        assert page.locator("path.leaflet-interactive").count() == own["has_boundary"].sum()
        assert heard.nothing(), heard


def test_a_kabupaten_that_is_not_there_is_refused_with_those_that_are(many):
    with pytest.raises(LokusError) as refused:
        build_map(many, kabupaten="Kab 18.1")
    assert refused.value.code == "map_no_kabupaten"
    assert "Kab 18.01" in refused.value.params["known"]


def test_real_kabupaten_side_by_side_open_as_one_small_page(browser, shared_data, made_up, tmp_path):
    """Three of Sumatera Selatan, with islands, slivers and overlaps as they are."""
    layer = gpd.read_parquet(shared_data / "boundaries" / "provinces_16_17.parquet").drop_duplicates("kode")
    layer = layer[layer["kode_kab"].isin(["16.03", "16.02", "16.10"])].set_index("kode").sort_index()
    places = layer[["desa", "kode_kec", "kecamatan"]].rename(columns={"desa": "village", "kode_kec": "kecamatan_code"})
    run = made_up(places.astype("str").rename_axis("village_code"), layer.geometry)
    with opened(browser, write_map(run, tmp_path / "map.html", "en")) as (page, heard):
        wait(page)
        assert page.locator(".lk-sub").inner_text().startswith("Contoh")
        assert (tmp_path / "map.html").stat().st_size < 1_000_000
        assert heard.nothing(), heard


def test_a_country_that_is_coarse_already_is_not_simplified_again(many, monkeypatch):
    """Tens of thousands would take minutes; a fine layer is simplified however many there are."""
    shapes = np.asarray(many.geometry.values, dtype=object)
    fine = np.array([shape and shape.segmentize(0.0005) for shape in shapes], dtype=object)
    monkeypatch.setattr(wide, "SLOW_FROM", 100)
    assert wide.coarse(shapes) is shapes
    assert shapely.get_num_coordinates(wide.coarse(fine)).sum() < shapely.get_num_coordinates(fine).sum() / 10
