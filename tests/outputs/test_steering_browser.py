"""A simulation in a real headless browser with the network off: what it shows, saves and gives back."""

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from browser import barriers, chromium, opened, settle

from lokus import agreed
from lokus.outputs.layers import layers
from lokus.outputs.maps import build_map, write_map

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)> =cmd() دهكده 🌾 " + "Suka" * 60


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened_browser:
        yield opened_browser


@pytest.fixture(scope="module")
def hostile(demo):
    """The demo, one chosen village of which bears a name that nobody should."""
    villages = demo.villages.copy()
    first = villages.index[villages["selected"]][0]
    villages.loc[first, "village"] = HOSTILE
    return replace(demo, villages=villages)


@pytest.fixture(scope="module")
def file(hostile, tmp_path_factory):
    return write_map(hostile, tmp_path_factory.mktemp("steering") / "map-rapat.html", meeting=True)


@pytest.fixture
def page(browser, file):
    with opened(browser, file) as (page, heard):
        settle(page)
        page.locator(".lk-tool-steer").click()
        settle(page)
        yield page
        assert heard.nothing(), heard


def fills(page):
    paths = "[...document.querySelectorAll('path.leaflet-interactive')]"
    return Counter(page.evaluate(f"{paths}.map(path => path.getAttribute('fill'))"))


def slide(page, number, value):
    """Moves the slider of a dimension, and waits for the map."""
    page.locator(".lk-weights > .lk-weight > .lk-slider input[type=range]").nth(number).evaluate(
        "(node, value) => { node.value = value; node.dispatchEvent(new Event('input', { bubbles: true })); }", value
    )
    settle(page)


def listed(page):
    return page.locator(".lk-list li").count()


def test_it_opens_on_the_official_list_and_cannot_be_taken_for_it(page, hostile):
    assert "SIMULASI" in page.locator(".lk-simulated").inner_text()
    assert page.locator(".lk-stamp").is_visible()
    assert "sama dengan hasil resmi" in page.locator(".lk-summary").inner_text()
    assert listed(page) == hostile.facts["selection"]["count"]
    assert page.locator(".lk-moves").count() == 0
    page.emulate_media(media="print")
    assert page.locator(".lk-simulated").is_visible()


def test_a_slider_moves_the_list_the_legend_and_the_map_and_reset_brings_them_back(page, hostile):
    slide(page, 1, 10_000)
    moved = page.locator(".lk-summary .lk-first").inner_text()
    counts = [int(n) for n in page.locator(".lk-legend .lk-count").all_inner_texts()]
    stays, enters, leaves, *_ = counts
    assert moved.startswith(f"{enters} ")
    assert enters == leaves > 0
    assert stays + enters == hostile.facts["selection"]["count"] == listed(page)
    assert page.locator(".lk-in li").count() == enters
    assert page.locator(".lk-out li").count() == leaves
    assert "anak" in page.locator(".lk-summary").inner_text().lower()
    drawn = int(hostile.geometry.notna().sum())
    assert sum(fills(page).values()) == drawn
    page.get_by_role("button", name="Kembali ke hasil resmi").click()
    page.locator(".lk-tool-steer").click()
    settle(page)
    chosen = next(layer for layer in layers(hostile, "id") if layer.id == "chosen")
    expected = Counter()
    for tone, here in zip(chosen.of, hostile.geometry.notna(), strict=True):
        shade = chosen.tones[tone]
        expected[f"url(#lk-{shade.pattern})" if shade.pattern else shade.colour] += bool(here)
    assert fills(page) == +expected
    assert page.locator(".lk-legend h2").inner_text() == chosen.title
    assert not page.locator(".lk-steer").is_visible()


def test_the_saved_file_is_what_python_makes_of_its_setting(page, hostile, tmp_path):
    slide(page, 1, 6_000)
    slide(page, 2, 500)
    page.locator(".lk-weights summary").nth(1).click()
    inner = page.locator(".lk-weights details[open] .lk-slider input[type=number]").first
    inner.fill("40")
    page.locator(".lk-counter button").last.click()
    settle(page)
    leaver = page.locator(".lk-out button").first
    name = leaver.locator("b").inner_text().removeprefix("– ")
    leaver.click()
    settle(page)
    page.get_by_role("button", name="Masukkan").click()
    settle(page)
    page.locator(".lk-steerends .lk-primary").click()
    assert page.locator(".lk-saving a.lk-primary").get_attribute("aria-disabled") == "true"
    fields = page.locator(".lk-saving .lk-field input, .lk-saving .lk-field textarea")
    for n, said in enumerate(("Rembuk <b>stunting</b>", "2026-11-22", "Layanan didahulukan", "Akses jalan putus")):
        fields.nth(n).fill(said)
    minutes = page.locator(".lk-minutes").input_value()
    assert "KESEPAKATAN Rembuk <b>stunting</b>, 22 November 2026" in minutes
    assert name in minutes
    assert "Akses jalan putus" in minutes
    with page.expect_download() as down:
        page.locator(".lk-saving a.lk-primary").click()
    down.value.save_as(tmp_path / "a.json")
    given = agreed.open_agreed(tmp_path / "a.json")
    assert given.run == hostile.facts["run_id"]
    assert [n.reason for n in given.selection.add] == ["Akses jalan putus"]
    assert given.selection.count == hostile.facts["selection"]["count"] + 1
    made = agreed.chosen(agreed.lay(given, hostile, Path()), hostile)
    assert set(made.index[made]) == set(given.list)
    assert f"Daftar ({len(given.list)} desa)" in minutes


def test_minutes_say_nothing_of_commands_and_the_file_does(page):
    page.locator(".lk-steerends .lk-primary").click()
    assert "lokus run" not in page.locator(".lk-minutes").input_value()
    assert "lokus run STUDI --agreed" in page.locator(".lk-saving .lk-soft").inner_text()


def test_a_weight_is_told_with_what_it_makes_of_the_whole(page):
    slide(page, 1, 6_000)
    row = page.locator(".lk-weights > .lk-weight > .lk-slider").nth(1)
    assert row.locator("input[type=number]").input_value() == "60"
    assert re.fullmatch(r"bobot 60: \d+(,\d)? % dari keseluruhan", row.locator(".lk-share").inner_text())
    inner = page.locator(".lk-weights details .lk-slider input[type=number]")
    assert all(re.fullmatch(r"\d+(\.\d)?", box.input_value()) for box in inner.all())


def test_the_official_part_of_a_village_is_folded_and_is_the_runs_own(page, hostile):
    slide(page, 1, 10_000)
    page.locator(".lk-in button").first.click()
    settle(page)
    assert "terpilih" in page.locator(".lk-here").inner_text()
    fold = page.locator(".lk-official")
    assert fold.locator("summary").inner_text() == "Hasil resmi"
    assert not fold.locator(".lk-figures").is_visible()
    fold.locator("summary").click()
    assert fold.locator(".lk-tag").first.inner_text() == "Tidak terpilih"
    assert fold.locator(".lk-figures").is_visible()


ASKS = "() => !window.dispatchEvent(new Event('beforeunload', { cancelable: true }))"


def test_escape_leaves_and_what_is_not_saved_is_not_lost_without_a_question(page):
    assert not page.evaluate(ASKS)
    slide(page, 1, 9_000)
    assert page.evaluate(ASKS)
    page.keyboard.press("Escape")
    settle(page)
    assert not page.locator(".lk-steer").is_visible()
    assert page.evaluate(ASKS)
    page.locator(".lk-tool-steer").click()
    page.locator(".lk-steerends .lk-primary").click()
    fields = page.locator(".lk-saving .lk-field input")
    fields.nth(0).fill("Rembuk")
    fields.nth(1).fill("2026-11-22")
    with page.expect_download():
        page.locator(".lk-saving a.lk-primary").click()
    assert not page.evaluate(ASKS)


def test_on_a_phone_the_map_is_seen_above_the_sheet(browser, file):
    with opened(browser, file, (390, 844)) as (page, heard):
        page.locator(".lk-tool-steer").click()
        settle(page)
        sheet, chart = (page.locator(name).bounding_box() for name in (".lk-side", ".folium-map"))
        assert sheet["height"] <= 0.55 * 844
        assert sheet["y"] - chart["y"] >= 150
        page.locator(".lk-open-side").click()
        assert not page.locator(".lk-side").is_visible()
        page.locator(".lk-open-side").click()
        assert page.locator(".lk-side").is_visible()
        assert heard.nothing(), heard


def test_axe_finds_nothing_serious(page):
    slide(page, 1, 9_000)
    for details in page.locator(".lk-steer summary").all():
        details.click()
    page.locator(".lk-in button").first.click()
    settle(page)
    assert barriers(page) == []
    page.locator(".lk-steerends .lk-primary").click()
    assert barriers(page) == []


def test_rules_that_cannot_hold_are_told_and_the_last_list_stays(page):
    before = page.locator(".lk-list").inner_text()
    page.locator(".lk-rules summary").click()
    least = page.locator(".lk-rules input[type=number]").nth(1)
    least.fill("3")
    settle(page)
    told = page.locator(".lk-summary .lk-problem").inner_text()
    assert "Paling sedikit per kecamatan" in told
    assert "jumlah desa" in told
    assert page.locator(".lk-list").inner_text() == before
    # Rules of the kecamatan and of last year's list exclude each other here.
    assert page.locator(".lk-rules input[type=number]").nth(3).is_disabled()
    least.fill("")
    settle(page)
    assert page.locator(".lk-summary .lk-problem").count() == 0


def test_all_is_reached_by_keys_and_a_hostile_name_is_only_text(page, hostile):
    page.keyboard.press("s")
    page.keyboard.press("s")
    settle(page)
    slider = page.locator(".lk-weights .lk-slider input[type=range]").first
    before = slider.get_attribute("aria-valuetext")
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    settle(page)
    assert slider.get_attribute("aria-valuetext") != before
    page.locator("#lk-search").fill("onerror")
    page.keyboard.press("Enter")
    settle(page)
    page.get_by_role("button", name="Keluarkan").click()
    settle(page)
    assert page.locator(".lk-link").inner_text().startswith("<img src=x")
    page.locator(".lk-steerends .lk-primary").click()
    assert "<img src=x onerror" in page.locator(".lk-minutes").input_value()
    for place in (".lk-saving", ".lk-side", ".lk-panel"):
        assert page.locator(place).evaluate("node => node.scrollWidth - node.clientWidth") <= 1


@pytest.mark.parametrize("size", [(1920, 1080), (390, 844)])
def test_other_screens(browser, file, size):
    with opened(browser, file, size) as (page, heard):
        page.locator(".lk-tool-steer").click()
        settle(page)
        slide(page, 1, 9_000)
        assert page.locator(".lk-steer").is_visible()
        assert "SIMULASI" in page.locator(".lk-simulated").inner_text()
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
        for box in page.locator(".lk-steer button:visible").all():
            assert box.bounding_box()["height"] >= 34
        assert heard.nothing(), heard


def test_a_list_that_no_browser_chooses_stays_and_says_why(browser, demo, tmp_path):
    """Weights move scores and ranks; the list is left to the official run, and so says the file."""
    study = json.loads(json.dumps(demo.manifest["study"]))
    study["selection"]["objective"] = "probability"
    run = replace(demo, manifest={**demo.manifest, "study": study})
    with opened(browser, write_map(run, tmp_path / "map.html", meeting=True)) as (page, heard):
        page.locator(".lk-tool-steer").click()
        before = page.locator(".lk-list li b").all_inner_texts()
        slide(page, 1, 10_000)
        assert "lokus run" in page.locator(".lk-steer").inner_text()
        assert page.locator(".lk-counter").count() == 0
        page.wait_for_timeout(200)
        assert sorted(page.locator(".lk-list li b").all_inner_texts()) == sorted(before)
        page.locator(".lk-steerends .lk-primary").click()
        fields = page.locator(".lk-saving .lk-field input")
        fields.nth(0).fill("Rembuk")
        fields.nth(1).fill("2026-11-22")
        with page.expect_download() as down:
            page.locator(".lk-saving a.lk-primary").click()
        down.value.save_as(tmp_path / "a.json")
        assert heard.nothing(), heard
    given = agreed.open_agreed(tmp_path / "a.json")
    assert given.list == ()
    assert agreed.lay(given, run, Path()).selection.objective == "probability"


def test_a_public_map_says_where_the_simulation_is(browser, demo, tmp_path):
    with opened(browser, write_map(demo, tmp_path / "map.html")) as (page, heard):
        told = json.loads(page.locator("#lokus-data").text_content())["steering"]
        assert set(told) == {"closed", "texts"}
        page.locator(".lk-tool-steer").click()
        assert "peta rapat" in page.locator("dialog").inner_text().lower()
        assert heard.nothing(), heard


def test_a_meeting_map_is_the_same_bytes_twice(hostile, file):
    assert build_map(hostile, meeting=True) == file.read_text("utf-8")
