"""What a meeting does with the map in a real browser: one kecamatan, two layers, keys, fingers, and no barriers."""

import io
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from browser import barriers, chromium, opened, settle, small
from PIL import Image

from lokus.outputs.layers import layers
from lokus.outputs.maps import write_map
from lokus.outputs.trend import since, trends

pytestmark = pytest.mark.browser

PHONE = (390, 844)
SCREENS = {"laptop": (1366, 768), "hall": (1920, 1080), "phone": PHONE}
PICTURES = Path(__file__).parent / "pictures.json"
# A map without villages is some 140 to 200 away from its picture; letters of another font move a cell by little.
FAR = 60.0
FILLS = """pane => Object.fromEntries([...document.querySelectorAll(pane + ' path')]
  .map((p, k) => [k, [p.getAttribute('fill'), Number(p.getAttribute('fill-opacity'))]]))"""
COLOUR_AND_BOX = """pane => Object.fromEntries([...document.querySelectorAll(pane + ' path')]
  .map(p => [p.getAttribute('d'), [p.getAttribute('fill'), p.getBoundingClientRect().toJSON()]]))"""
FOCUSABLE = """() => [...document.querySelectorAll('button, select, summary, input, [tabindex="0"]')].filter(n => {
  const own = n.closest('label') || n;
  return !n.disabled && own.checkVisibility({ visibilityProperty: true }) })"""


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened_browser:
        yield opened_browser


@pytest.fixture(scope="module")
def before(run, made_up):
    earlier = made_up(run.villages[["village", "kecamatan_code", "kecamatan"]], run.geometry, seed=11)
    return replace(earlier, facts={**earlier.facts, "year": 2026, "run_id": "0f9e8d7c6b5a"})


@pytest.fixture(scope="module")
def file(run, before, tmp_path_factory):
    return write_map(run, tmp_path_factory.mktemp("maps") / "map.html", before=before)


@pytest.fixture(scope="module")
def shared(browser, file):
    with opened(browser, file) as (page, heard):
        yield page
        assert heard.nothing(), heard


@pytest.fixture
def page(shared):
    """One page for all tests; each leaves it as it was opened."""
    yield shared
    for _ in range(6):
        shared.keyboard.press("Escape")
    shared.keyboard.press("w")
    shared.locator('input[value="chosen"]').check()
    shared.evaluate("document.activeElement.blur()")
    shared.mouse.move(2, 2)
    settle(shared)


def numbers(page):
    return [int(n.replace(".", "")) for n in page.locator(".lk-legend .lk-count").all_inner_texts()]


def colours(page, pane):
    return Counter(fill for fill, _ in page.evaluate(FILLS, pane).values())


def made(layer, here):
    tones = [layer.tones[k] for k, drawn in zip(layer.of, here, strict=True) if drawn]
    return Counter(f"url(#lk-{tone.pattern})" if tone.pattern else tone.colour for tone in tones)


def focused(page):
    return page.evaluate(
        "(document.activeElement.id || document.activeElement.value || document.activeElement.className)"
    )


# One kecamatan


def test_one_kecamatan_alone_has_its_own_list_legend_and_view_and_a_way_back(page, run):
    whole, view = numbers(page), page.evaluate(FILLS, ".leaflet-overlay-pane")
    page.locator("#lk-only").select_option(label="Lubuk Batang")
    settle(page)
    own = (run.villages["kecamatan"] == "Lubuk Batang").to_numpy()
    layer = next(layer for layer in layers(run, "id") if layer.id == "chosen")
    assert numbers(page) == [sum(np.array(layer.of)[own] == k) for k in range(len(layer.tones))]
    listed = page.locator(".lk-list .lk-who b").all_inner_texts()
    assert sorted(listed) == sorted(run.villages["village"][own & run.villages["selected"]])
    faded = [seen < 0.5 for _, seen in page.evaluate(FILLS, ".leaflet-overlay-pane").values()]
    assert sum(not f for f in faded) == (own & run.geometry.notna().to_numpy()).sum()
    assert page.locator(".lk-only").is_visible()
    assert "Lubuk Batang" in page.locator(".lk-only b").inner_text()
    page.locator(".lk-only button").click()
    settle(page)
    assert numbers(page) == whole
    assert page.evaluate(FILLS, ".leaflet-overlay-pane") == view
    assert page.locator(".lk-only").is_hidden()
    assert page.locator("#lk-only").input_value() == ""


def test_a_village_of_another_kecamatan_ends_the_filter(page, run):
    page.locator("#lk-only").select_option(label="Lubuk Batang")
    other = run.villages.index[run.villages["kecamatan"] == "Muara"][0]
    page.locator("#lk-search").fill(other)
    page.keyboard.press("Enter")
    assert page.locator(".lk-panel h2").inner_text() == run.villages.loc[other, "village"]
    assert page.locator("#lk-only").input_value() == ""


# Two layers at once


def test_two_layers_are_shown_each_on_its_side_of_the_line(page, run):
    here = run.geometry.notna().to_numpy()
    page.locator('input[value="cluster"]').check()
    page.keyboard.press("b")
    page.locator(".lk-swipebar select").select_option("score")
    settle(page)
    left, right = (next(x for x in layers(run, "id") if x.id == name) for name in ("cluster", "score"))
    assert colours(page, ".leaflet-overlay-pane") == made(left, here)
    assert colours(page, ".leaflet-lk-right-pane") == made(right, here)
    titles = [t.replace("\xa0", " ") for t in page.locator(".lk-legend h2").all_inner_texts()]
    assert titles == [left.title, right.title]
    # What the eye sees left and right of the line is what the two layers say of those villages.
    page.locator('input[name="lk-chosen"]').uncheck()
    settle(page)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    line = page.locator(".lk-divider").bounding_box()
    middle = line["x"] + line["width"] / 2
    shown = {True: 0, False: 0}
    fills, twins = (page.evaluate(COLOUR_AND_BOX, pane) for pane in (".leaflet-overlay-pane", ".leaflet-lk-right-pane"))
    for k, (fill, box) in fills.items():
        twin = twins[k][0]
        x, y = box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.72
        on_left = x < middle - 25
        if abs(x - middle) <= 25 or fill == twin or fill.startswith("url") or twin.startswith("url"):
            continue
        seen = "#{:02x}{:02x}{:02x}".format(*picture.getpixel((int(x), int(y))))
        shown[on_left] += seen == (fill if on_left else twin)
        assert seen != (twin if on_left else fill)
    assert min(shown.values()) >= 5
    page.locator('input[name="lk-chosen"]').check()


def test_the_line_moves_by_mouse_and_keys_and_never_leaves_the_map(page):
    page.locator(".lk-tool-swipe").click()
    line, chart = page.locator(".lk-divider"), page.locator(".folium-map").bounding_box()
    assert line.get_attribute("aria-valuenow") == "50"
    box = line.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(chart["x"] + chart["width"] * 0.25, box["y"] + 30, steps=4)
    page.mouse.up()
    assert line.get_attribute("aria-valuenow") == "25"
    page.keyboard.press("ArrowRight")
    assert line.get_attribute("aria-valuenow") == "27"
    page.keyboard.press("Home")
    assert 0 < int(line.get_attribute("aria-valuenow")) < 10
    page.keyboard.press("End")
    assert 90 < int(line.get_attribute("aria-valuenow")) < 100


def test_comparing_ends_as_it_began(page):
    page.locator(".lk-tool-swipe").click()
    assert page.locator(".lk-tool-swipe").get_attribute("aria-pressed") == "true"
    page.locator(".lk-swipeend").click()
    settle(page)
    assert page.locator(".leaflet-lk-right-pane path").count() == 0
    assert page.locator(".lk-divider").is_hidden()
    assert page.locator(".lk-legend h2").count() == 1
    assert page.locator(".lk-panel").is_visible()


# Since last year


def test_the_panel_and_two_layers_tell_what_changed(page, run, before):
    pair = since(before, run)
    made_here = {layer.id: layer for layer in layers(run, "id", pair=pair)}
    for name in ("changed", "moved"):
        page.locator(f'input[value="{name}"]').check()
        settle(page)
        assert colours(page, ".leaflet-overlay-pane") == made(made_here[name], run.geometry.notna())
    told = trends(pair, "id")
    place = next(i for i, own in enumerate(told["villages"]) if own["spans"])
    page.locator("#lk-search").fill(run.villages.index[place])
    page.keyboard.press("Enter")
    section = page.locator(".lk-panel section").filter(has_text="Perubahan sejak 2026").first
    said = [t.replace("\xa0", " ").replace("\u2011", "-") for t in section.locator("li").all_inner_texts()]
    assert said == told["villages"][place]["lines"]
    assert section.locator(".lk-range").count() == section.locator(".lk-dot").count() == 2


# Keys


def test_every_control_is_reached_by_tab_and_shows_that_it_is(page):
    page.evaluate(f"window.wanted = new Set(({FOCUSABLE})())")
    page.evaluate("document.body.focus()")
    dull = []
    for _ in range(120):
        page.keyboard.press("Tab")
        dull += page.evaluate("""() => { const n = document.activeElement; wanted.delete(n);
          if (n.type === 'radio') document.getElementsByName(n.name).forEach(r => wanted.delete(r));
          const style = getComputedStyle(n);
          return n === document.body || style.outlineStyle !== 'none' ? [] : [n.className || n.tagName] }""")
        if page.evaluate("wanted.size === 0"):
            break
    assert page.evaluate("[...wanted].map(n => n.outerHTML.slice(0, 90))") == []
    assert dull == []


def test_the_help_lists_every_key_and_each_does_what_it_says(page, run):
    page.keyboard.press("?")
    listed = " ".join(page.locator(".lk-dialog kbd").all_inner_texts())
    assert all(key in listed for key in ("/", "L", "K", "W", "B", "P", "?", "Esc", "← →", ", .", "+ −"))
    page.keyboard.press("Escape")
    settle(page)
    assert page.locator(".lk-dialog").count() == 0
    page.keyboard.press("/")
    assert focused(page) == "lk-search"
    page.keyboard.type("l,b")
    assert page.locator("#lk-search").input_value() == "l,b"
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("k")
    assert focused(page) == "lk-only"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("l")
    assert focused(page) == "chosen"
    page.keyboard.press(".")
    after = [layer.id for layer in layers(run, "id")]
    assert page.locator('input[name="lk-layer"]:checked').get_attribute("value") == after[after.index("chosen") + 1]


def test_arrows_walk_through_the_list_and_round_its_end(page, run):
    ranked = run.villages[run.villages["selected"]].sort_values("rank", kind="stable")["village"].tolist()
    said = []
    for _ in range(len(ranked) + 1):
        page.keyboard.press("ArrowRight")
        said.append(page.locator(".lk-panel h2").inner_text())
    assert said == [*ranked, ranked[0]]
    page.keyboard.press("ArrowLeft")
    assert page.locator(".lk-panel h2").inner_text() == ranked[-1]
    page.keyboard.press("Escape")
    assert page.locator(".lk-list li").count() == len(ranked)


def test_letters_can_be_switched_off(page):
    page.keyboard.press("?")
    page.locator(".lk-dialog .lk-check").click()
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    assert page.locator(".lk-swipebar").is_hidden()
    page.locator(".lk-tool-help").click()
    page.locator(".lk-dialog .lk-check").click()
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    assert page.locator(".lk-swipebar").is_visible()


def test_the_full_screen_is_entered_and_left_and_a_refusal_is_silent(page):
    page.keyboard.press("f")
    settle(page)
    page.keyboard.press("f")
    settle(page)
    page.evaluate("() => { Element.prototype.requestFullscreen = () => Promise.reject(new TypeError('refused')) }")
    page.locator(".lk-tool-full").click()
    settle(page)
    assert not page.evaluate("Boolean(document.fullscreenElement)")


def test_places_have_a_group_of_their_own(page):
    group = page.locator("fieldset").filter(has=page.locator('input[name="lk-points0"]'))
    assert group.locator("legend").inner_text().lower() == "fasilitas"
    page.locator('input[name="lk-points0"]').uncheck()
    assert page.locator(".lk-spot").count() == 0
    page.locator('input[name="lk-points0"]').check()
    assert page.locator(".lk-spot").count() == 2


# Fingers


def test_on_a_phone_two_layers_follow_a_finger_and_targets_are_large(browser, file):
    with opened(browser, file, PHONE, touch=True) as (page, heard):
        small_ones = []

        def measure(where):
            found = page.evaluate("""() => [...document.querySelectorAll(
                'button, select, summary, input[type=search], .lk-side label, .lk-dialog label, [role="separator"]')]
              .filter(n => n.checkVisibility())
              .map(n => [n.className || n.textContent.slice(0, 20), n.getBoundingClientRect()])
              .filter(([, box]) => box.width < 40 || box.height < 40).map(([name]) => name)""")
            small_ones.extend(f"{where}: {name}" for name in found)

        measure("map")
        page.locator(".lk-open-side").tap()
        measure("layers")
        page.locator(".lk-open-panel").tap()
        measure("list")
        page.locator(".lk-list button").first.tap()
        measure("village")
        page.locator(".lk-close").tap()
        page.locator(".lk-tool-swipe").tap()
        settle(page)
        measure("two layers")
        assert small_ones == []
        line, chart = page.locator(".lk-divider").bounding_box(), page.locator(".folium-map").bounding_box()
        finger = page.context.new_cdp_session(page)
        y = line["y"] + line["height"] / 2
        for kind, x in (("touchStart", line["x"] + 22), ("touchMove", 200), ("touchMove", 100), ("touchEnd", None)):
            points = [] if x is None else [{"x": x, "y": y}]
            finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        settle(page)
        share = (100 - chart["x"]) / chart["width"] * 100
        assert int(page.locator(".lk-divider").get_attribute("aria-valuenow")) == pytest.approx(share, abs=1)
        assert heard.nothing(), heard


# No barriers


def test_axe_finds_nothing_serious_wherever_one_goes(page):
    assert barriers(page) == []
    for enter in ("ArrowRight", "b", "?", "p"):
        page.keyboard.press(enter)
        settle(page)
        assert barriers(page) == [], enter
        if enter in "?p":
            page.keyboard.press("Escape")
    page.locator(".lk-swipeend").click()
    page.locator("#lk-only").select_option(index=2)
    assert barriers(page) == []


def test_axe_finds_nothing_serious_on_a_phone(browser, file):
    with opened(browser, file, PHONE) as (page, _):
        assert barriers(page) == []
        page.locator(".lk-open-side").click()
        assert barriers(page) == []
        page.locator(".lk-open-panel").click()
        page.locator(".lk-list button").first.click()
        assert barriers(page) == []


def test_axe_would_find_a_barrier(browser, file):
    with opened(browser, file) as (page, _):
        page.evaluate("""document.querySelector('.lk-tool-print').replaceChildren();
          document.querySelector('.lk-tool-print').removeAttribute('title');
          document.querySelector('.lk-sub').style.color = '#cccccc'""")
        assert {found.split(":")[0] for found in barriers(page)} >= {"button-name", "color-contrast"}


# Pictures


@pytest.mark.parametrize("name", SCREENS)
def test_the_map_looks_from_afar_as_it_did(browser, file, name):
    kept = np.array(json.loads(PICTURES.read_text("utf-8"))[name], dtype=float)
    with opened(browser, file, SCREENS[name]) as (page, _):
        page.locator('input[value="stunting_raw"]').evaluate("input => input.click()")
        settle(page)
        assert apart(small(page, kept.shape[1::-1]), kept) < FAR
        page.evaluate(
            "document.querySelectorAll('.leaflet-overlay-pane, .leaflet-lk-lines-pane').forEach(p => p.remove())"
        )
        settle(page)
        assert apart(small(page, kept.shape[1::-1]), kept) > FAR, (
            "a map without villages must be told from one with them"
        )


def apart(one, other):
    """How unlike two pictures are where they are most unlike: the 95th percentile of the cells' greatest difference."""
    return float(np.quantile(np.abs(one - other).max(axis=2), 0.95))
