"""What the papers quote of a meeting: name, date and reasons in every one, and nothing where no meeting agreed."""

import io
from dataclasses import replace

import openpyxl
import pypdf
import pytest
from docx import Document
from pptx import Presentation

from lokus.messages import text
from lokus.outputs import meeting
from lokus.outputs.papers import agreement
from lokus.outputs.papers.annex import annex
from lokus.outputs.papers.method import method_page
from lokus.outputs.papers.slides import slides
from lokus.outputs.papers.workbook import workbook

NAME, DATE, NOTE = "Rembuk <b>&", "2026-03-02", "Layanan lebih penting"
DAY = "2 Maret 2026"
REASON = "Akses jalan putus"


@pytest.fixture(scope="module")
def official(run):
    """The made-up run as a meeting made it official: a village kept, another taken off."""
    chosen = run.villages["selected"]
    named = {"keep": chosen.idxmax(), "remove": chosen.idxmin()}
    reasons = [
        {"rule": rule, "village": code, "reason": f"{REASON} {rule}", "meeting": f"{NAME}, {DATE}"}
        for rule, code in named.items()
    ]
    agreed = {"of": "0123456789ab", "name": NAME, "date": DATE, "note": NOTE, "reasons": reasons}
    agreed |= {
        "was": {"dimensions": {"burden": 5000, "risk": 5000}},
        "weights": {"dimensions": {"burden": 6250, "risk": 3750}},
    }
    said = run.villages["reason"].astype("str").copy()
    for one in reasons:
        said[one["village"]] = f"{one['reason']} ({one['meeting']})"
    by = {
        "selected_by": run.villages["selected_by"].astype("str"),
        "left_out_by": run.villages["left_out_by"].astype("str"),
    }
    by["selected_by"][named["keep"]], by["left_out_by"][named["remove"]] = "keep", "remove"
    villages = run.villages.assign(reason=said, **by)
    return replace(run, villages=villages, manifest={**run.manifest, "agreed": agreed})


def in_annex(run):
    paper = Document(io.BytesIO(annex(run, "id")))
    cells = [cell.text for table in paper.tables for cell in table._cells]
    return [*(line.text for line in paper.paragraphs), *cells]


def in_slides(run):
    blind = replace(run, geometry=run.geometry.map(lambda _: None))
    pages = Presentation(io.BytesIO(slides(blind, "id"))).slides
    return [page.notes_slide.notes_text_frame.text for page in pages]


def in_method(run):
    pages = pypdf.PdfReader(io.BytesIO(method_page(run, "id"))).pages
    return [" ".join(" ".join(page.extract_text() for page in pages).split())]


def in_workbook(run):
    book = openpyxl.load_workbook(io.BytesIO(workbook(run, "id")))
    return [str(cell.value) for sheet in book for (cell,) in sheet["A1:A12"]]


@pytest.mark.parametrize("paper", [in_annex, in_slides, in_method, in_workbook])
def test_every_paper_quotes_meeting_date_and_reasons(official, run, paper):
    told = "\n".join(paper(official))
    assert all(line in told for line in agreement.agreed(official, "id"))
    assert all(said in told for said in (NAME, DAY, NOTE, "0123456789ab", f"{REASON} remove"))
    assert DATE not in told
    assert not any(said in "\n".join(paper(run)) for said in (NAME, NOTE, REASON))


def test_the_annex_lists_whom_the_meeting_kept_out_under_the_sums(official):
    made = Document(io.BytesIO(annex(official, "id")))
    table = next(t for t in made.tables if len(t.columns) > 3)
    rows = [[cell.text for cell in row.cells] for row in table.rows]
    at = next(n for n, row in enumerate(rows) if row[0] == text("annex.left_out", "id"))
    (one,) = [one for one in official.manifest["agreed"]["reasons"] if one["rule"] == "remove"]
    assert [row[3] for row in rows[at + 1 :]] == [one["village"]]
    assert rows[at + 1][0] == "–"
    assert f"{REASON} remove" in rows[at + 1][-1]
    assert rows[at + 1][4].endswith(" *")
    told = "\n".join(line.text for line in made.paragraphs)
    assert all(official.facts["run_id"] in told and given in told for given in ("0123456789ab", DAY))


def test_an_agreed_deck_says_what_was_decided_and_proposes_nothing(official, run):
    told = {}
    for name, mine in (("agreed", official), ("plain", run)):
        pages = Presentation(io.BytesIO(slides(mine, "id"))).slides
        told[name] = "\n".join(s.text_frame.text for page in pages for s in page.shapes if s.has_text_frame)
    assert f"{NAME}, {DAY}" in told["agreed"]
    assert f"{REASON} remove" in told["agreed"]
    assert text("slides.decided.heading", "id") in told["agreed"]
    assert text("slides.decide.heading", "id") in told["plain"]
    assert "usul" not in told["agreed"].lower()
    assert text("slides.chance.held", "id") in told["agreed"]
    assert text("slides.chance.held", "id") not in told["plain"]


def test_a_village_that_the_run_does_not_have_is_passed_by_and_length_is_bounded(official):
    agreed = official.manifest["agreed"]
    lost = [{**agreed["reasons"][0], "village": "00.00.00.0000"}]
    long = replace(official, manifest={**official.manifest, "agreed": {**agreed, "note": "x" * 4000, "reasons": lost}})
    assert agreement.named(long, "en") == []
    assert all(len(line) < agreement.LONGEST + 100 for line in agreement.agreed(long, "en"))


def test_weights_that_the_meeting_changed_are_told_before_and_after(official, run):
    told = meeting.weights(official, "id")
    assert len(told) == 2
    assert all(said.endswith(f"50,0 % menjadi {now} %") for said, now in zip(told, ("62,5", "37,5"), strict=True))
    assert meeting.weights(run, "id") == []
