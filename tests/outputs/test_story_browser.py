"""The presentation in a real headless browser: every step, every way through it, type for a hall, and the way out."""

import re
from dataclasses import replace

import pytest
from browser import barriers, chromium, opened, settle

from lokus.outputs import story
from lokus.outputs.layers import layers
from lokus.outputs.maps import write_map

pytestmark = pytest.mark.browser

SCREENS = [(1366, 768), (1920, 1080), (390, 844)]
# What stays on the screen of a projector, in CSS pixels of 1366 × 768.
LEAST = {".lk-storytold h1": 40, ".lk-storyline": 26, ".lk-legend li": 20, ".lk-legend p": 20, ".lk-storycount": 20}
STATE = """() => JSON.stringify([document.body.className, document.documentElement.className,
  [...document.querySelectorAll('input:checked')].map(i => i.name + i.value),
  document.querySelector('.lk-legend').innerText, document.querySelector('.lk-panel').innerText,
  [...document.querySelectorAll('path.leaflet-interactive')].map(p => p.getAttribute('fill') + p.getAttribute('stroke'))
    .sort()])"""
SIZES = "nodes => nodes.map(n => parseFloat(getComputedStyle(n).fontSize))"


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened_browser:
        yield opened_browser


@pytest.fixture(scope="module")
def file(demo, tmp_path_factory):
    return write_map(demo, tmp_path_factory.mktemp("story") / "map.html")


@pytest.fixture(scope="module")
def steps(demo):
    return story.steps(demo)


@pytest.fixture
def page(browser, file):
    with opened(browser, file) as (page, heard):
        yield page
        assert heard.nothing(), heard


def begin(page):
    page.locator(".lk-tool-story").click()
    settle(page)


def count(page):
    return page.locator(".lk-storycount").inner_text()


def plain(text):
    return re.sub(r"\s+", " ", text.replace("\u2011", "-"))


def boxes(page, selector):
    return page.evaluate(f"[...document.querySelectorAll('{selector}')].map(n => n.getBoundingClientRect().toJSON())")


def held(page):
    """Where the village that is held stands on the screen."""
    return list(page.locator('path.leaflet-interactive[stroke="#e6007e"]').bounding_box().values())


def meet(one, other):
    return (
        one["left"] < other["right"] - 1
        and other["left"] < one["right"] - 1
        and (one["top"] < other["bottom"] - 1 and other["top"] < one["bottom"] - 1)
    )


@pytest.mark.parametrize("size", SCREENS)
def test_every_step_stands_on_the_screen_whole_and_large(browser, file, demo, steps, size):
    titles = {layer.id: layer.title for layer in layers(demo, "id")}
    with opened(browser, file, size) as (page, heard):
        begin(page)
        for n, step in enumerate(steps, 1):
            assert count(page) == f"{n} / {len(steps)}"
            told = plain(page.locator(".lk-storytold").inner_text())
            for part in (step.heading, step.figure, step.caption, *step.lines):
                assert plain(part) in told
            assert plain(page.locator(".lk-legend h2").first.inner_text()) == titles[step.layer]
            assert page.evaluate("(t => t.scrollHeight <= t.clientHeight)(document.querySelector('.lk-storytold'))")
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
            chart, box = (page.locator(part).bounding_box() for part in (".folium-map", ".lk-story"))
            assert chart["width"] * chart["height"] > 0.28 * size[0] * size[1]
            assert box["x"] >= chart["x"] + chart["width"] - 1 or box["y"] >= chart["y"] + chart["height"] - 1
            if size[0] > 760:
                for selector, least in LEAST.items():
                    sizes = page.locator(selector).evaluate_all(SIZES)
                    assert sizes, selector
                    assert min(sizes) >= least * size[0] / 1366 * 0.98, (step.id, selector)
            page.keyboard.press("PageDown")
            settle(page)
        assert heard.nothing(), heard


def test_the_villages_of_a_step_are_named_apart_from_each_other(page, demo, steps):
    begin(page)
    for step in steps:
        names = page.locator(".leaflet-lk-story-pane .lk-storyname").all_inner_texts()
        spoken = demo.villages["village"].reindex(list(step.villages)).tolist()
        wanted = (
            []
            if step.id == "chosen"
            else [name for name in spoken if demo.villages["has_boundary"][demo.villages["village"] == name].any()]
        )
        assert set(names) <= set(wanted)
        assert len(names) >= min(len(wanted), 6)
        flags = boxes(page, ".leaflet-lk-story-pane .lk-storyname")
        assert not [(a, b) for k, a in enumerate(flags) for b in flags[:k] if meet(a, b)]
        page.keyboard.press("ArrowRight")
        settle(page)


def test_keys_clicker_and_buttons_go_both_ways(page, steps):
    begin(page)
    last = len(steps)
    walked = []
    for key in [
        "PageDown",
        "ArrowRight",
        " ",
        "PageUp",
        "ArrowLeft",
        "ArrowDown",
        "ArrowUp",
        "End",
        "PageDown",
        "Home",
        "PageUp",
        "F5",
    ]:
        page.keyboard.press(key)
        walked.append(int(count(page).split(" / ")[0]))
    assert walked == [2, 3, 4, 3, 2, 3, 2, last, last, 1, 1, 1]
    assert page.locator(".lk-storyback").is_disabled()
    page.locator(".lk-storynext").click()
    page.locator(".lk-storynext").click()
    page.locator(".lk-storyback").click()
    assert count(page) == f"2 / {last}"
    # While a story is told the keys of the map rest.
    page.keyboard.press("p")
    assert page.locator("dialog").count() == 0
    page.locator(".lk-storyend").click()
    assert page.locator(".lk-story").is_hidden()


def test_a_hand_swipes_through_it(browser, file):
    swipe = """([from, to]) => { const box = document.querySelector('.lk-story');
      const touch = (x) => new Touch({ identifier: 1, target: box, clientX: x, clientY: 700 });
      box.dispatchEvent(new TouchEvent('touchstart', { touches: [touch(from)], changedTouches: [touch(from)] }));
      box.dispatchEvent(new TouchEvent('touchend', { touches: [], changedTouches: [touch(to)] })); }"""
    with opened(browser, file, (390, 844)) as (page, heard):
        begin(page)
        walked = []
        for ends in ([300, 100], [300, 100], [100, 300], [200, 190]):
            page.evaluate(swipe, ends)
            walked.append(count(page)[0])
        assert walked == ["2", "3", "2", "2"]
        assert heard.nothing(), heard


@pytest.mark.parametrize("way_out", ["Escape", "print"])
def test_leaving_brings_back_what_was_there(page, way_out):
    page.locator('input[value="stunting_raw"]').click()
    page.locator('input[name="lk-names"]').click()
    page.locator("#lk-search").fill("Sri Rahayu")
    page.keyboard.press("Enter")
    settle(page)
    before, place = page.evaluate(STATE), held(page)
    page.locator(".lk-tool-story").focus()
    begin(page)
    for _ in range(4):
        page.keyboard.press("PageDown")
    settle(page)
    assert page.evaluate(STATE) != before
    if way_out == "Escape":
        page.keyboard.press("Escape")
    else:
        page.evaluate("window.dispatchEvent(new Event('beforeprint')), window.dispatchEvent(new Event('afterprint'))")
    settle(page)
    settle(page)
    assert page.evaluate(STATE) == before
    assert held(page) == pytest.approx(place, abs=1.5)
    assert page.evaluate("document.activeElement.className").startswith("lk-tool lk-tool-story")


def test_leaving_brings_back_a_kecamatan_and_two_layers_at_once(page):
    page.locator("#lk-only").select_option(index=3)
    page.locator(".lk-tool-swipe").click()
    page.locator(".lk-swipebar select").select_option("measured")
    settle(page)
    before = page.evaluate(STATE)
    begin(page)
    assert page.locator(".lk-swipebar").is_hidden()
    assert page.locator(".lk-only").is_hidden()
    page.keyboard.press("Escape")
    settle(page)
    settle(page)
    assert page.evaluate(STATE) == before
    assert page.locator(".lk-swipebar select").input_value() == "measured"


def test_a_simulation_waits_until_the_story_is_told(browser, demo, tmp_path):
    listed = "document.querySelector('.lk-panel').textContent"
    with opened(browser, write_map(demo, tmp_path / "map.html", meeting=True)) as (page, heard):
        official = page.evaluate(listed)
        page.locator(".lk-tool-steer").click()
        page.locator('input[type="range"]').first.evaluate(
            "n => { n.value = n.max; n.dispatchEvent(new Event('input', { bubbles: true })) }"
        )
        settle(page)
        simulated = page.evaluate(listed)
        assert simulated != official
        begin(page)
        assert page.evaluate(listed) == official
        page.keyboard.press("Escape")
        settle(page)
        assert page.evaluate(listed) == simulated
        assert heard.nothing(), heard


def test_the_presentation_has_no_serious_finding_of_axe(page, steps):
    page.emulate_media(reduced_motion="reduce")
    begin(page)
    for _ in steps:
        assert not barriers(page)
        page.keyboard.press("PageDown")
        settle(page)


def test_a_click_on_the_map_names_a_village_and_opens_nothing(page):
    begin(page)
    box = page.locator("path.leaflet-interactive").nth(40).bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    settle(page)
    assert page.locator(".lk-panel").is_hidden()
    assert page.locator(".leaflet-tooltip").count() == 1


def test_a_screen_reader_hears_each_step_and_still_eyes_see_no_movement(page, steps):
    page.emulate_media(reduced_motion="reduce")
    begin(page)
    told = page.locator(".lk-storytold")
    assert told.get_attribute("aria-live") == "polite"
    assert told.locator("h1").inner_text() == steps[0].heading
    assert told.locator("h1").evaluate("n => getComputedStyle(n).animationName") == "none"
    for button in page.locator(".lk-storybar button").all():
        assert button.get_attribute("aria-label")
        assert min(button.bounding_box()[side] for side in ("width", "height")) >= 44


def test_names_from_data_are_only_text_and_stay_on_their_line(browser, run, tmp_path):
    names = ["<img src=x onerror=alert(1)>", "دهكده 🌾 Sari", "Suka " + "Maju" * 74]
    hostile = [names[k % 3] for k in range(len(run.villages))]
    run = replace(run, villages=run.villages.assign(village=hostile, kecamatan=hostile, kabupaten=hostile))
    with opened(browser, write_map(run, tmp_path / "map.html")) as (page, heard):
        begin(page)
        told = story.steps(run)
        for step in told:
            assert plain(step.heading) in plain(page.locator(".lk-storytold").inner_text())
            assert page.locator("img").count() == 0
            assert page.evaluate("document.documentElement.scrollWidth") <= 1366
            page.keyboard.press("PageDown")
            settle(page)
        assert count(page) == f"{len(told)} / {len(told)}"
        assert heard.nothing(), heard
