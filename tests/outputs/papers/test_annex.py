"""The annex as Word finds it: the table a decree needs, nobody's name, nothing to retype."""

import io
from dataclasses import replace

import docx
import pytest
from docx.oxml.ns import qn

from lokus.messages import number, text
from lokus.outputs import banding, words
from lokus.outputs.papers import people
from lokus.outputs.papers.annex import annex
from lokus.outputs.papers.listing import Listing


@pytest.fixture(scope="module")
def read(paper):
    def read(which, lang="id", public=True):
        return docx.Document(io.BytesIO(paper("docx", which, lang, public)))

    return read


def said(key, lang="id", **given):
    return text(f"annex.{key}", lang, **given)


def listed(paper):
    """The table of villages: the one with a heading that repeats."""
    return next(t for t in paper.tables if any(True for _ in t._tbl.iter(qn("w:tblHeader"))))


def test_the_table_has_the_columns_of_a_decree_and_a_line_for_each_chosen_village(read, demo):
    table = listed(read("demo"))
    lines = [[cell.text for cell in row.cells] for row in table.rows]
    wanted = ("number", "kecamatan", "village", "code", "rank", "measured", "stunted", "prevalence", "krs", "under",
              "reasons")  # fmt: skip
    assert lines[0] == [said(f"column.{name}") for name in wanted]
    assert lines[1] == [str(n) for n in range(1, 12)]
    body = lines[2:-1]
    chosen = demo.villages[demo.villages["selected"]].sort_values("rank")
    assert [line[3] for line in body] == list(chosen.index)
    assert [line[4] for line in body] == [number(rank, "id") for rank in chosen["rank"]]
    assert [line[0] for line in body] == [str(n) for n in range(1, len(body) + 1)]
    for line in body:
        row = demo.villages.loc[line[3]]
        assert line[2] == row["village"]
        assert words.why_selected(demo, line[3], "id") in line[10]
    # The heading repeats on each page, and no row is torn.
    marks = [{mark.tag for mark in row._tr.trPr} for row in table.rows]
    assert [qn("w:tblHeader") in mark for mark in marks] == [True, True, *[False] * (len(lines) - 2)]
    assert all(qn("w:cantSplit") in mark for mark in marks)


def test_sums_are_of_the_lines_above_them(read, demo):
    last = [cell.text for cell in listed(read("demo")).rows[-1].cells]
    v = demo.villages[demo.villages["selected"]]
    entry = words.indicator(demo, "stunting")
    hidden = sum(bool(banding.band(demo, row, entry)) for row in v.to_dict("index").values())
    assert not hidden, "the demo's chosen villages have many children"
    assert last[5:7] == [number(v[f"{part}_stunting"].sum(), "id") for part in ("denominator", "numerator")]
    assert last[8] == number(v["numerator_krs"].sum(), "id")


def test_codes_have_a_column_of_their_own_width(read):
    table = listed(read("demo"))
    assert not table.autofit
    assert {round(row.cells[3].width.cm, 2) for row in table.rows[:-1]} == {2.5}


@pytest.mark.parametrize("lang", ["id", "en"])
def test_what_a_person_decides_is_left_open_and_the_run_can_be_found(read, demo, lang):
    made = read("demo", lang)
    block = [[cell.text for cell in row.cells] for row in made.tables[0].rows]
    assert [row[2].strip("_") for row in block[1:]] == ["", ""]
    signed = "\n".join(cell.text for cell in made.tables[-1].rows[0].cells)
    assert signed.count("(____") == 2
    assert text("papers.head.regent", lang, place="Teluk Kirana") in signed
    foot = made.sections[0].footer.paragraphs[0]
    assert demo.facts["run_id"] in foot.text
    fields = [mark.text.strip() for mark in foot._p.iter(qn("w:instrText"))]
    assert fields == ["PAGE", "NUMPAGES"]


def test_a_kota_is_signed_for_by_its_mayor(run):
    kota = run.villages.assign(kabupaten_code="76.71")
    assert Listing(replace(run, villages=kota), "id").head() == "Wali Kota Contoh"
    both = run.villages.assign(kabupaten_code=["76.71" if k % 2 else "76.01" for k in range(len(run.villages))])
    facts = {**run.facts, "kabupaten": ["Contoh", "Kota Contoh"]}
    assert "Bupati/Wali Kota" in Listing(replace(run, villages=both, facts=facts), "id").head()


def few_chosen(run):
    """The run with one village of few stunted children on its list, and another off it."""
    entry = words.indicator(run, "stunting")
    rows = run.villages.to_dict("index")
    code = next(c for c, row in rows.items() if banding.band(run, row, entry) == "part")
    v = run.villages.copy()
    v.loc[code, ["selected", "selected_by"]] = [True, "score"]
    return replace(run, villages=v), code, entry


def test_a_banded_village_has_neither_count_nor_rate_and_its_total_is_a_range(run):
    mine, code, entry = few_chosen(run)
    made = docx.Document(io.BytesIO(annex(mine)))
    lines = {row.cells[3].text: [cell.text for cell in row.cells] for row in listed(made).rows}
    at = [said(f"column.{name}") for name in ("stunted", "prevalence")]
    places = [lines[said("column.code")].index(name) for name in at]
    assert lines[code][places[0]] == "1–4"
    assert "," not in lines[code][places[1]]
    low, high = people.lacking_in_all(mine, entry, mine.villages["selected"])
    assert high - low == 3
    last = [cell.text for cell in listed(made).rows[-1].cells]
    assert last[places[0]] == people.said((low, high), "id")
    open_ = docx.Document(io.BytesIO(annex(mine, public=False)))
    shown = {row.cells[3].text: row.cells[places[0]].text for row in listed(open_).rows}
    assert shown[code] == number(mine.villages.loc[code, "numerator_stunting"], "id")
    assert text("papers.internal", "id") in open_.sections[0].header.paragraphs[0].text


def test_hostile_names_are_text_and_of_bounded_length(read, hostile):
    table = listed(read("hostile"))
    names = [row.cells[2].text for row in table.rows[2:-1]]
    assert any(name.startswith("<img src=x") for name in names)
    assert any("دهكده" in name for name in names)
    assert all(len(name) <= 160 and "\u202e" not in name for name in names)


def test_a_study_without_prevalence_has_no_column_for_it(run):
    drop = [c for c in run.villages if c.endswith(("_stunting", "_stunting_count", "_krs"))]
    kept = [e for e in run.facts["indicators"] if e["id"] not in ("stunting", "stunting_count", "krs")]
    facts = {**run.facts, "indicators": kept, "has_prevalence": False, "space": {**run.facts["space"], "of": ""}}
    made = docx.Document(io.BytesIO(annex(replace(run, villages=run.villages.drop(columns=drop), facts=facts))))
    heads = [cell.text for cell in listed(made).rows[0].cells]
    assert heads == [
        said(f"column.{name}") for name in ("number", "kecamatan", "village", "code", "rank", "under", "reasons")
    ]
