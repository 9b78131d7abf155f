"""The A3 map: its paper, what stands on it, and nothing that depends on when it was made."""

import re
from dataclasses import replace

import pytest
import shapely
from pdfs import chosen_too, pages, text

from lokus.outputs.papers import lettering
from lokus.outputs.papers.poster import poster

A3 = (297 * 72 / 25.4, 420 * 72 / 25.4)


@pytest.fixture(scope="module")
def printed(demo):
    return poster(demo, "id")


def test_it_is_one_a3_page_with_title_list_sureness_sources_and_run(demo, printed):
    (page,) = pages(printed)
    assert sorted(map(float, page.mediabox[2:])) == pytest.approx(A3, abs=0.5)
    told, facts = text(page), demo.facts
    for said in (facts["title"], facts["run_id"], "Sumber:", "Seberapa pasti", "10 km"):
        assert said in told
    for name in demo.villages.loc[demo.villages["selected"], "village"]:
        assert name in told
    assert "INTERN" not in told


def test_it_is_a_drawing_and_no_photograph(printed):
    (page,) = pages(printed)
    assert not page.images
    assert len(page.get_contents().get_data()) > 100_000


def test_the_same_run_is_the_same_bytes_and_no_date_is_in_them(run):
    printed = poster(run, "en")
    assert poster(run, "en") == printed
    assert b"CreationDate" not in printed


def test_a_tall_kabupaten_stands_upright(run):
    narrow = run.geometry.copy()
    narrow[:] = [shape and shapely.transform(shape, lambda xy: xy * (0.3, 1)) for shape in narrow]
    (page,) = pages(poster(replace(run, geometry=narrow.set_crs(4326)), "en"))
    assert float(page.mediabox[3]) > float(page.mediabox[2])


def test_inside_the_office_it_says_so(run):
    (page,) = pages(poster(run, "id", public=False))
    assert text(page).count("INTERN") >= 2


def test_hostile_names_stand_in_the_list_as_they_are_or_cut(run):
    hostile = chosen_too(run, [code for code, name in run.villages["village"].items() if not name.startswith("Desa")])
    told = text(pages(poster(hostile, "id"))[0])
    assert "=HYPERLINK" in told
    assert "<img src" in told
    assert "MajuMajuMajuMajuMajuMaju" not in told
    assert lettering.UNKNOWN in told


def test_a_list_too_long_for_the_page_says_how_many_are_left_out(run):
    every = chosen_too(run, run.villages.index)
    told = text(pages(poster(every, "id"))[0])
    left = int(re.search(r"…dan (\d+) lainnya di buku kerja", told)[1])
    assert left > 0
    assert len(re.findall(r"Kec\. ", told)) == len(run.villages) - left
