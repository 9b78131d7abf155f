"""The slides as PowerPoint finds them: ten to twelve, fitted, with native charts, notes and pictures that are told."""

import io
import zipfile

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pptx import Presentation
from pptx.util import Inches, Pt

from lokus.messages import text
from lokus.outputs import banding
from lokus.outputs.papers import deck, slidecharts
from lokus.outputs.papers.deck import Box, Line, fitted, lines_of
from lokus.outputs.papers.listing import Listing

TITLE_LEAST, BODY_LEAST = 26, 20


@pytest.fixture(scope="module")
def read(paper):
    def read(which, lang="id", public=True):
        return Presentation(io.BytesIO(paper("pptx", which, lang, public)))

    return read


def texts(slide):
    return [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]


@pytest.mark.parametrize(("which", "lang"), [("demo", "id"), ("run", "id"), ("hostile", "en")])
def test_ten_to_twelve_slides_of_16_to_9_with_title_notes_and_the_run_at_the_foot(read, which, lang, demo, run):
    made = read(which, lang)
    assert 10 <= len(made.slides) <= 12
    assert made.slide_width / made.slide_height == pytest.approx(16 / 9, abs=1e-3)
    run_id = {"demo": demo}.get(which, run).facts["run_id"]
    for n, slide in enumerate(made.slides, 1):
        title = slide.shapes.title.text_frame
        assert title.text.strip()
        assert title.paragraphs[0].runs[0].font.size >= Pt(TITLE_LEAST)
        assert len(slide.notes_slide.notes_text_frame.text) > 30
        assert any(run_id in said for said in texts(slide))
        assert str(n) in texts(slide)


def test_charts_are_native_and_maps_are_pictures_with_words(read):
    made = read("demo")
    shapes = [shape for slide in made.slides for shape in slide.shapes]
    assert sum(shape.has_chart for shape in shapes) >= 3
    assert sum(shape.has_table for shape in shapes) >= 1
    pictures = [shape for shape in shapes if shape.shape_type == 13]
    assert len(pictures) >= 4
    charts = [shape for shape in shapes if shape.has_chart]
    told = [s._element.nvPicPr.cNvPr.get("descr") for s in pictures]
    told += [s._element.nvGraphicFramePr.cNvPr.get("descr") for s in charts]
    assert all(told)


@pytest.mark.parametrize("which", ["demo", "run", "hostile"])
def test_nothing_leaves_the_slide_and_no_text_its_box(read, which):
    made = read(which)
    for slide in made.slides:
        for shape in slide.shapes:
            assert shape.left >= 0
            assert shape.top >= 0
            assert shape.left + shape.width <= made.slide_width + 1
            assert shape.top + shape.height <= made.slide_height + 1
            if shape.has_text_frame and shape.text_frame.text:
                room, high = shape.width / Inches(1), 0.0
                for paragraph in shape.text_frame.paragraphs:
                    piece = paragraph.runs[0]
                    size = piece.font.size.pt
                    count = lines_of(paragraph.text, size, room, bold=bool(piece.font.bold))
                    high += (deck.LEADING * size * count + (paragraph.space_before or Pt(0)).pt) / 72
                assert high <= shape.height / Inches(1) + 0.12, shape.text_frame.text


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=400), min_size=1, max_size=6),
    st.floats(0.5, 9), st.floats(0.5, 5), st.sampled_from([18.0, 22.0, 54.0]),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_what_is_fitted_fits(said, wide, tall, size):
    box = Box(0, 0, wide, tall)
    told = fitted([Line(one, size) for one in said], box)
    high = sum(x.gap + deck.LEADING * x.size * lines_of(x.said, x.size, 0.98 * wide, bold=x.bold) for x in told)
    assert not told or (high - told[0].gap) / 72 <= tall or len(told) == 1
    assert all(line.size <= size for line in told)


def test_an_internal_deck_says_so_on_every_slide_and_in_the_notes(read):
    mark = text("papers.internal", "id")
    for slide in read("run", public=False).slides:
        assert mark in texts(slide)
        assert slide.notes_slide.notes_text_frame.text.startswith(mark)
    assert not any(mark in texts(slide) for slide in read("run").slides)


def test_workbooks_inside_the_charts_run_nothing(paper):
    with zipfile.ZipFile(io.BytesIO(paper("pptx", "hostile"))) as pack:
        books = [name for name in pack.namelist() if name.endswith(".xlsx")]
        assert len(books) >= 3
        for name in books:
            for page in openpyxl.load_workbook(io.BytesIO(pack.read(name))):
                for row in page.iter_rows():
                    for cell in row:
                        assert cell.data_type != "f"
                        assert not cell.hyperlink


@pytest.mark.parametrize("which", ["demo", "run"])
def test_the_bars_of_a_score_add_up_to_what_the_public_reads_of_it(which, demo, run):
    mine = {"demo": demo, "run": run}[which]
    listing = Listing(mine, "id")
    chart = slidecharts.contributions(listing)
    rows = [row for row in listing.chosen if row["score"] == row["score"]]
    coarse = 0
    for k, row in enumerate(rows[: len(chart.names)]):
        step = banding.score_step(mine, row) or 1
        told = sum(values[k] for _, values in chart.series)
        assert told == pytest.approx(step * round(row["score"] / step), abs=len(chart.series) / 2 + step / 2)
        assert all(value == round(value) for _, values in chart.series for value in values)
        coarse += step > 1
    assert chart.rounded == any(banding.score_step(mine, row) for row in rows[: len(chart.names)])


def test_every_chosen_village_is_on_the_list_under_its_kecamatan(read, demo):
    made = "\n".join(said for slide in read("demo").slides for said in texts(slide)).split("\n")
    for row in Listing(demo, "id").chosen:
        assert f"{int(row['rank'])}. {row['village']}" in made


@given(st.lists(st.integers(1, 30), min_size=1, max_size=40))
@settings(max_examples=25, deadline=None)
def test_names_find_room_or_are_counted(sizes):
    blocks = [[Line("Kec.", 20, bold=True), *[Line(f"{n}. Desa", 20) for n in range(size)]] for size in sizes]
    columns, size, lost = slidecharts.columns_of(blocks, Box(0, 0, 12.2, 5.35))
    shown = sum(line.said != "Kec." for column in columns for line in column)
    assert shown + lost == sum(sizes)
    assert size >= 14
