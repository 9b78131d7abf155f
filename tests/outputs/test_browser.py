"""The map in a real headless browser with the network off."""

import re
from collections import Counter
from dataclasses import replace

import folium
import pytest
from browser import chromium, opened, settle

from lokus.outputs.layers import layers
from lokus.outputs.maps import write_map

MM = 96 / 25.4

pytestmark = pytest.mark.browser

LAYER_PATHS = r"Object.keys(window).filter(k => /^geo_json_\d+$/.test(k)).map(k => window[k])[0]"


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened_browser:
        yield opened_browser


@pytest.fixture(scope="module")
def file(run, tmp_path_factory):
    return write_map(run, tmp_path_factory.mktemp("maps") / "map.html")


@pytest.fixture
def page(browser, file):
    with opened(browser, file) as (page, heard):
        yield page
        assert heard.nothing(), heard


def fills(page):
    each = f"{LAYER_PATHS}.eachLayer(p => all.push(p.options.fillColor))"
    return Counter(page.evaluate(f"(() => {{ const all = []; {each}; return all }})()"))


def box_of(page, number):
    return page.evaluate(
        f"(() => {{ let box; {LAYER_PATHS}.eachLayer(p => {{ if (p.feature.id === {number}) "
        "box = p.getElement().getBoundingClientRect().toJSON() }); return box })()"
    )


def click_village(page, number):
    box = box_of(page, number)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    settle(page)


@pytest.mark.parametrize("size", [(1366, 768), (1920, 1080), (390, 844)])
@pytest.mark.parametrize("lang", ["id", "en"])
def test_it_opens_with_no_request_and_no_complaint(browser, run, tmp_path, size, lang):
    with opened(browser, write_map(run, tmp_path / "map.html", lang), size) as (page, heard):
        assert page.locator("h1").inner_text() == run.facts["title"]
        drawn = page.evaluate("document.querySelectorAll('path.leaflet-interactive').length")
        assert drawn == run.geometry.notna().sum()
        beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert beyond <= 0
        assert heard.nothing(), heard


def test_a_stock_folium_map_is_caught(browser, tmp_path):
    folium.Map(location=[-1, 119]).save(tmp_path / "stock.html")
    with opened(browser, tmp_path / "stock.html") as (_, heard):
        assert heard.requests
        assert heard.failed


def test_every_layer_paints_the_classes_python_made(page, run):
    drawn = run.geometry.notna().to_numpy()
    for layer in layers(run, "id"):
        page.locator(f'input[value="{layer.id}"]').click()
        settle(page)
        expected = Counter()
        for tone, here in zip(layer.of, drawn, strict=True):
            shade = layer.tones[tone]
            expected[f"url(#lk-{shade.pattern})" if shade.pattern else shade.colour] += bool(here)
        assert fills(page) == +expected
        assert page.locator(".lk-legend h2").inner_text().replace("\xa0", " ") == layer.title
        assert page.locator(".lk-legend li").count() == len(layer.tones)
        shown = [int(n.replace(".", "")) for n in page.locator(".lk-legend .lk-count").all_inner_texts()]
        assert shown == [tone.count for tone in layer.tones]


def test_search_tells_twins_apart_and_opens_the_one_picked(page, run):
    twins = list(run.villages.index[run.villages["village"] == "Sidodadi"])
    page.locator("#lk-search").fill("sidodadi")
    found = page.locator("#lk-found li b").all_inner_texts()
    assert sorted(found) == sorted(f"Sidodadi — Kec. {run.villages['kecamatan'][code]}" for code in twins)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    settle(page)
    assert twins[1] in page.locator(".lk-place").inner_text()
    assert page.locator("#lk-found").is_hidden()


@pytest.mark.parametrize("typed", ["76.01.03.2004", "7601032004"])
def test_search_knows_codes_with_and_without_dots(page, run, typed):
    page.locator("#lk-search").fill(typed)
    page.keyboard.press("Enter")
    settle(page)
    assert page.locator(".lk-panel h2").inner_text() == run.villages.loc["76.01.03.2004", "village"]


def test_search_goes_to_a_kecamatan_and_says_when_nothing_is_found(page):
    before = box_of(page, 14)
    page.locator("#lk-search").fill("kec. lubuk batang")
    page.keyboard.press("Enter")
    settle(page)
    assert box_of(page, 14)["width"] > 1.2 * before["width"]
    page.locator("#lk-search").fill("zzzz")
    assert page.locator("#lk-found").inner_text() == "Tidak ditemukan"


def test_a_click_opens_the_panel_with_reasons_bars_and_notes(page, run):
    place = run.villages.index.get_loc(run.villages.index[run.villages["selected"] & run.villages["has_boundary"]][0])
    click_village(page, place)
    assert page.locator(".lk-panel h2").inner_text() == run.villages["village"].iloc[place]
    assert page.locator(".lk-bullets li").count() > 2
    assert page.locator(".lk-track .lk-fill").count() == len(run.facts["indicators"])
    assert page.locator(".lk-track .lk-mean").count() == len(run.facts["indicators"])
    page.locator(".lk-back").click()
    assert page.locator(".lk-list li").count() == run.facts["top_n"]


def test_hostile_names_are_only_text(page, run):
    images = page.locator("img").count()
    for number in (7, 8, 9, 10, 11):
        click_village(page, number)
        assert page.locator(".lk-panel h2").inner_text() == run.villages["village"].iloc[number]
    page.locator('input[name="lk-names"]').click()
    page.locator("#lk-search").fill("onerror")
    settle(page)
    assert page.locator("#lk-found li").count() == 1
    assert page.locator("img").count() == images == 0
    assert page.locator("script:not([type]):not([data-asset])").count() == 2


def test_a_village_without_polygon_is_found_and_told(page, run):
    code = run.geometry.index[run.geometry.isna()][0]
    page.locator(".lk-lost summary").click()
    page.locator(".lk-lost button").click()
    assert page.locator(".lk-panel h2").inner_text() == run.villages.loc[code, "village"]
    assert "tanpa poligon" in page.locator(".lk-tags").inner_text()


def test_the_toggles_take_away_what_they_say(page):
    assert page.locator(".lk-badge >> visible=true").count() > page.locator(".lk-list .lk-badge").count()
    page.locator('input[name="lk-chosen"]').click()
    settle(page)
    assert page.locator(".lk-label .lk-badge").count() == 0
    page.locator('input[name="lk-kecamatan"]').click()
    page.locator('input[name="lk-points0"]').click()
    settle(page)
    assert page.locator(".leaflet-lk-lines-pane").is_hidden()
    assert page.locator(".lk-spot").count() == 0


def test_the_tooltip_names_village_kecamatan_and_value(page, run):
    place = 2
    page.locator('input[value="stunting_raw"]').click()
    click_village(page, place)
    shown = next(layer for layer in layers(run, "id") if layer.id == "stunting_raw").shown[place]
    told = page.locator(".leaflet-tooltip").inner_text().replace("\xa0", " ").split("\n")
    assert told == [run.villages["village"].iloc[place], f"Kec. {run.villages['kecamatan'].iloc[place]}", shown]


def test_printing_fits_the_map_to_paper_and_gives_the_screen_back(page):
    page.locator('input[value="score"]').click()
    whole = page.evaluate("document.querySelector('.folium-map').clientWidth")
    assert sheets(page, landscape=True) == 1
    settle(page)
    assert page.evaluate("document.body.className") == ""
    assert page.evaluate("document.querySelector('.folium-map').clientWidth") == whole


def sheets(page, *, landscape):
    paper = page.pdf(format="A4", landscape=landscape, print_background=True)
    assert paper.startswith(b"%PDF")
    return len(re.findall(rb"/Type\s*/Page\b", paper))


def test_every_layer_fits_its_sheet_with_its_map_and_the_tallest_legends_print_on_two_at_most(page, run):
    made = layers(run, "id")
    tallest = sorted(made, key=lambda layer: sum(len(tone.label) for tone in layer.tones))[-3:]
    for layer in made:
        page.locator(f'input[value="{layer.id}"]').click()
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        box, foot = (page.locator(part).first.bounding_box() for part in (".folium-map", ".lk-foot"))
        page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        assert box["width"] / MM < 192, layer.id
        assert (foot["y"] + foot["height"]) / MM <= 191, layer.id
        if layer in tallest:
            assert all(sheets(page, landscape=turned) <= 2 for turned in (True, False)), layer.id


@pytest.mark.parametrize(("size", "short", "long"), [("A4", 210, 297), ("A3", 297, 420)])
@pytest.mark.parametrize("turn", ["landscape", "portrait"])
def test_the_paper_asked_for_is_the_paper_printed(page, run, size, short, long, turn):
    page.evaluate("() => { window.printed = 0; window.print = () => { window.printed += 1 } }")
    page.keyboard.press("p")
    page.locator(f'input[value="{size}"]').check()
    page.locator(f'input[value="{turn}"]').check()
    page.locator(".lk-primary").click()
    assert page.evaluate("window.printed") == 1
    paper = page.pdf(prefer_css_page_size=True, print_background=True)
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", paper)
    assert len(boxes) == 1, "the list of ten villages stands beside its map"
    wide, high = (float(side) / 72 * 25.4 for side in boxes[0])
    assert (wide, high) == pytest.approx((long, short) if turn == "landscape" else (short, long), abs=0.5)


def test_a_sheet_has_title_legend_scale_north_uncertainty_sources_and_run(page, run):
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    for part in (
        "h1",
        ".lk-legend h2",
        ".leaflet-control-scale-line",
        ".lk-north",
        ".lk-notes",
        ".lk-doubt",
        ".lk-foot",
    ):
        assert page.locator(f"{part} >> visible=true").count() == 1, part
    assert "U" in page.locator(".lk-north").inner_text()
    assert "e-PPGBM, Dinas Kesehatan" in page.locator(".lk-foot").inner_text()
    assert run.facts["run_id"] in page.locator(".lk-run").inner_text()
    assert page.locator(".lk-tools >> visible=true").count() == 0
    assert page.locator(".leaflet-control-zoom >> visible=true").count() == 0
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")


def test_a_long_list_goes_to_sheets_that_say_what_they_are(browser, run, tmp_path):
    many = replace(run, villages=run.villages.assign(selected=True))
    with opened(browser, write_map(many, tmp_path / "many.html")) as (page, heard):
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert page.locator(".lk-sheet .lk-list li").count() == len(run.villages)
        for sheet in page.locator(".lk-sheet").all():
            assert many.facts["title"] in sheet.inner_text()
            assert many.facts["run_id"] in sheet.inner_text()
            assert "Dinas PUPR" in sheet.inner_text()
        page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        assert page.locator(".lk-sheet").count() == 0
        assert heard.nothing(), heard


def test_a_village_prints_on_one_sheet_of_its_own(page, run):
    click_village(page, 2)
    assert [sheets(page, landscape=turned) for turned in (True, False)] == [1, 1]
    settle(page)
    assert page.locator(".lk-panel h2").inner_text() == run.villages["village"].iloc[2]
    assert page.locator(".lk-page > :nth-child(4)").get_attribute("class") == "lk-legend"


EACH_PANEL = """() => { const box = document.querySelector('#lk-search'), told = [];
  for (const code of JSON.parse(document.getElementById('lokus-data').textContent).codes) {
    box.value = code;
    box.dispatchEvent(new Event('input'));
    box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter' }));
    told.push(document.querySelector('.lk-panel').innerText);
  } return told }"""


@pytest.mark.parametrize("lang", ["id", "en"])
def test_no_panel_writes_out_what_is_missing(browser, run, tmp_path, lang):
    with opened(browser, write_map(run, tmp_path / "map.html", lang)) as (page, _):
        told = page.evaluate(EACH_PANEL)
        assert len(set(told)) == len(run.villages)
        assert not [text for text in told if re.search(r"\b(null|undefined|NaN)\b|\{\w*\}", text)]


def test_a_kecamatan_picked_in_the_search_closes_the_village(page):
    click_village(page, 2)
    page.locator("#lk-search").fill("kec. lubuk batang")
    page.keyboard.press("Enter")
    settle(page)
    assert page.locator(".lk-panel h2").inner_text() == "Desa terpilih — Kec. Lubuk Batang"


def test_the_layer_shown_is_in_sight_in_its_list(page, run):
    for layer in (layers(run, "id")[0].id, "cluster", "chosen"):
        page.evaluate(f"""document.querySelector('input[value="{layer}"]').click()""")
        settle(page)
        row, side = (page.locator(part).bounding_box() for part in ("label:has(input[type=radio]:checked)", ".lk-side"))
        assert side["y"] <= row["y"]
        assert row["y"] + row["height"] <= side["y"] + side["height"] + 1


def test_a_study_without_uncertainty_shows_dashes(browser, run, tmp_path):
    sure = replace(run, facts={**run.facts, "uncertain": False})
    with opened(browser, write_map(sure, tmp_path / "map.html")) as (page, heard):
        assert page.locator('input[value="p_top"]').count() == 0
        assert set(page.locator(".lk-sure").all_inner_texts()) == {"–"}
        click_village(page, 2)
        told = page.locator(".lk-panel").inner_text()
        assert "tidak dapat dihitung" in told
        assert "peluang" not in told
        assert heard.nothing(), heard


def test_on_a_phone_the_panel_is_a_sheet_and_the_layers_a_drawer(browser, file, run):
    with opened(browser, file, (390, 844)) as (page, heard):
        assert page.locator(".lk-side").is_hidden()
        page.locator(".lk-open-side").click()
        page.locator('input[value="score"]').click()
        assert page.locator(".lk-side").is_hidden()
        assert page.locator(".lk-legend h2").inner_text() == "Skor prioritas (0–100)"
        click_village(page, 2)
        assert page.locator(".lk-panel h2").inner_text() == run.villages["village"].iloc[2]
        sheet = page.locator(".lk-panel").bounding_box()
        assert sheet["y"] > 300
        page.locator(".lk-close").click()
        assert page.locator(".lk-panel").is_hidden()
        assert heard.nothing(), heard
