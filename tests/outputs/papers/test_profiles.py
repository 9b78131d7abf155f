"""Village profiles: one page each, whatever stands on it; what is hidden stays hidden."""

from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pdfs import chosen_too, counted_otherwise, outline, pages, text

from lokus.outputs import banding, words
from lokus.outputs.papers import bars, sheet
from lokus.outputs.papers.profiles import FEWEST_BARS, SCALES, Content, fit, profiles
from lokus.outputs.papers.sheet import Said


def ranked_first(run):
    v = run.villages
    return v[v["selected"]].sort_values("rank", kind="stable")


@pytest.fixture(scope="module")
def printed(demo):
    return profiles(demo, "id")


def test_every_chosen_village_has_one_page_in_order_of_rank_with_a_bookmark(demo, printed):
    own, told = ranked_first(demo), pages(printed)
    assert len(told) == len(own)
    for page, (code, row) in zip(told, own.iterrows(), strict=True):
        said = text(page)
        for part in (row["village"], code, f"Kec. {row['kecamatan']}", demo.facts["run_id"], "Puskesmas terdekat"):
            assert part in said
        assert words.probability(row["p_top"], "id") in said
        assert "INTERN" not in said
    marks = [mark.title for mark in outline(printed)]
    assert all(name in mark for name, mark in zip(own["village"], marks, strict=True))


def test_a_page_tells_every_indicator_with_its_office_and_why(demo, printed):
    first = ranked_first(demo).index[0]
    said = text(pages(printed)[0])
    for entry in demo.facts["indicators"]:
        assert words.rate_text(demo, first, entry, "id") in said
        assert entry["owner"] in said
    for reason in words.reasons(demo, first, "id"):
        assert reason in said


def test_the_same_run_is_the_same_bytes_and_each_language_its_own(run):
    once = profiles(run, "id")
    assert profiles(run, "id") == once
    assert profiles(run, "en") != once


@pytest.mark.parametrize("more", [-2, 1])
def test_every_count_of_a_band_makes_the_same_page(run, more):
    v = run.villages
    (code,) = v.index[v["numerator_stunting"] == 3][:1]
    listed = chosen_too(run, [code])
    place = list(ranked_first(listed).index).index(code)
    own, other = (pages(profiles(r, "id"))[place] for r in (listed, counted_otherwise(listed, code, more)))
    assert text(own) == text(other)
    drawn = [page.get_contents().get_data().split() for page in (own, other)]
    moved = [(a, b) for a, b in zip(*drawn, strict=True) if a != b]
    # The kabupaten's mean alone may move, in steps of a hundredth: two strokes of a tick, each of two points.
    assert len(moved) in (0, 4)
    assert all(abs(abs(float(a) - float(b)) - bars.BAR / 100) < 0.01 for a, b in moved)
    assert f"1–4 dari {v.loc[code, 'denominator_stunting']:.0f}" in text(own)


def test_inside_the_office_counts_stand_in_full_and_every_page_says_so(run):
    v = run.villages
    (code,) = v.index[v["numerator_stunting"] == 3][:1]
    listed = chosen_too(run, [code])
    told = [text(page) for page in pages(profiles(listed, "id", public=False))]
    assert all(said.count("INTERN") >= 2 for said in told)
    entry = words.indicator(run, "stunting")
    assert banding.band(run, words.row_of(run, code), entry) == "part"
    assert any(words.rate_text(run, code, entry, "id", public=False) in said for said in told)


def test_hostile_names_reasons_and_thirty_indicators_leave_one_page_each(run):
    v = run.villages.copy()
    odd = [code for code, name in v["village"].items() if not name.startswith("Desa")]
    v.loc[odd, "selected"], v.loc[odd, "selected_by"], v.loc[odd, "reason"] = True, "add", "<b>Usulan</b> rapat " * 80
    facts, water = dict(run.facts), next(e for e in run.facts["indicators"] if e["id"] == "air_minum")
    more = [{**water, "label_id": f"Indikator {k} " + "panjang " * 40, "owner": "Dinas " * 60} for k in range(22)]
    full = replace(run, villages=v, facts=MappingProxyType({**facts, "indicators": [*facts["indicators"], *more]}))
    told = pages(profiles(full, "id"))
    assert len(told) == v["selected"].sum()
    assert any("lainnya di buku kerja" in text(page) for page in told)
    assert any("<b>Usulan</b>" in text(page) for page in told)
    assert any("<img src=x onerror=alert(1)>" in text(page) for page in told)


def test_who_has_neither_rank_nor_polygon_and_a_study_without_chances_have_their_pages_too(run):
    v = run.villages
    odd = [v.index[v["rank"].isna()][0], v.index[~v["has_boundary"]][0]]
    sure = replace(chosen_too(run, odd), facts=MappingProxyType({**run.facts, "uncertain": False}))
    told = [text(page) for page in pages(profiles(sure, "id"))]
    assert len(told) == v["selected"].sum() + len(set(odd) - set(v.index[v["selected"]]))
    assert not any("Peluang" in said for said in told)
    assert sum("tidak diperingkat" in said for said in told) == 1


def test_a_list_of_nobody_is_a_page_that_says_so(run):
    nobody = replace(run, villages=run.villages.assign(selected=False))
    (page,) = pages(profiles(nobody, "id"))
    assert "Tidak ada desa terpilih." in text(page)


PARTS = st.lists(st.text("ab ", min_size=1, max_size=400).map(lambda s: Said(s, 9)), max_size=8)


@settings(deadline=None, max_examples=40)
@given(PARTS, PARTS, PARTS, st.integers(0, 60), st.floats(250, 700))
def test_a_page_fits_its_room_or_is_cut_to_the_least_and_counts_what_it_cut(why, change, notes, count, room):
    content = Content(list(why), list(change), list(notes), [({}, {}, "")] * count)
    fit(content, room)
    left = content.why, content.change, content.notes
    assert sum(content.heights) <= room or not any(left)
    assert len(content.bars) + content.cut == count
    assert not content.cut or content.scale == SCALES[-1]
    assert len(content.bars) >= min(count, FEWEST_BARS)
    assert sheet.height(content.why, sheet.ROOM, content.scale) <= room
