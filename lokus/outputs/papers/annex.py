"""The annex of the berita acara and of the decree on the priority villages, as Word: a table that needs no retyping.

What a person decides (numbers, dates, names, signatures) stands as a line to be filled in.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph

from lokus.messages import number, percent, text
from lokus.outputs import meeting, sums, words
from lokus.outputs.maps import sources
from lokus.outputs.papers import agreement, people
from lokus.outputs.papers.listing import KRS, Indicator, Listing, Row
from lokus.outputs.papers.method import rules
from lokus.outputs.papers.office import clip, plain, settled

if TYPE_CHECKING:
    from docx.document import Document as Paper

    from lokus.pipeline import Run

FONT, SIZE, SMALL = "Arial", Pt(9), Pt(8)
HEAD_FILL, SUM_FILL = "D9E2F3", "F2F2F2"
ALARM = RGBColor(0xB0, 0x00, 0x20)
# A landscape page of A4, and the width of its text.
PAGE, MARGIN, LINE = (29.7, 21.0), 1.8, 26.1
LONGEST = 160
# So many notes stay on the page of the signatures.
LAST = 3
BLANK = "_" * 30
# Columns of the table: text of the heading, width in cm, side of the text; the reasons take what is left.
COLUMNS = (
    ("number", 0.9, "right"), ("kecamatan", 2.3, "left"), ("village", 2.6, "left"), ("code", 2.5, "left"),
    ("rank", 1.9, "right"),
    ("measured", 1.5, "right"), ("stunted", 1.8, "right"), ("prevalence", 2.1, "right"), ("krs", 1.2, "right"),
    ("under", 1.8, "right"), ("reasons", 0.0, "left"),
)  # fmt: skip
SIDES = {"left": WD_ALIGN_PARAGRAPH.LEFT, "right": WD_ALIGN_PARAGRAPH.RIGHT, "center": WD_ALIGN_PARAGRAPH.CENTER}


def annex(run: Run, lang: str = "id", *, public: bool = True) -> bytes:
    """The annex of a run as a .docx file; the same run, language and readers give the same bytes.

    :param public: counts of 1–4 are banded, and so are their totals; False marks every page.
    """
    listing = Listing(run, lang, public)
    paper = _paper(listing)
    _title(paper, listing)
    _table(paper, listing)
    _notes(paper, listing)
    _signatures(paper, listing)
    file = io.BytesIO()
    paper.save(file)
    return settled(file.getvalue(), int(run.facts["year"]))


def _say(listing: Listing, key: str, **given: Any) -> str:
    return text(f"annex.{key}", listing.lang, **given)


def _paper(listing: Listing) -> Paper:
    paper = Document()
    section = paper.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = (Cm(side) for side in PAGE)
    section.left_margin = section.right_margin = Cm(MARGIN)
    section.top_margin = section.bottom_margin = Cm(1.7)
    style = paper.styles["Normal"]
    style.font.name, style.font.size = FONT, SIZE
    style.element.rPr.rFonts.set(qn("w:eastAsia"), FONT)
    style.paragraph_format.space_after = Pt(0)
    told = paper.core_properties
    told.title, told.author, told.comments = clip(listing.run.facts["title"], 200), "lokus", ""
    told.created = told.modified = datetime(int(listing.run.facts["year"]), 1, 1)
    told.last_modified_by, told.language = "lokus", listing.lang
    _foot(section.footer.paragraphs[0], listing)
    if not listing.public:
        mark = section.header.paragraphs[0]
        _run(mark, text("papers.internal", listing.lang), bold=True).font.color.rgb = ALARM
        mark.alignment = SIDES["center"]
    return paper


def _foot(line: Paragraph, listing: Listing) -> None:
    # The style of a foot has stops of its own, for another width of page.
    line.style = "Normal"
    line.paragraph_format.tab_stops.add_tab_stop(Cm(LINE), WD_TAB_ALIGNMENT.RIGHT)
    _run(line, text("papers.foot", listing.lang, run=listing.run.facts["run_id"]) + "\t", size=SMALL)
    page, of = _say(listing, "page").split("|")
    _run(line, page, size=SMALL)
    _field(line, "PAGE")
    _run(line, of, size=SMALL)
    _field(line, "NUMPAGES")


def _field(line: Paragraph, code: str) -> None:
    """A number that the word processor fills in."""
    for kind, inside in (("begin", ""), ("", code), ("separate", ""), ("text", "1"), ("end", "")):
        piece = _run(line, "", size=SMALL)
        if kind == "text":
            piece.text = inside
        elif kind:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
            piece._r.append(mark)
        else:
            asked = OxmlElement("w:instrText")
            asked.text = f" {inside} "
            piece._r.append(asked)


def _run(line: Paragraph, said: str, *, bold: bool = False, size: Pt = SIZE) -> Any:
    piece = line.add_run(said)
    piece.bold, piece.font.size, piece.font.name = bold, size, FONT
    return piece


def _line(
    paper: Paper | _Cell, said: str, side: str = "left", *, bold: bool = False, size: Pt = SIZE, after: float = 0
) -> Paragraph:
    line = paper.add_paragraph()
    line.alignment = SIDES[side]
    line.paragraph_format.space_after = Pt(after)
    _run(line, said, bold=bold, size=size)
    return line


def _title(paper: Paper, listing: Listing) -> None:
    """Whose annex it is, with lines for its number and date, and what it decides."""
    block = paper.add_table(rows=3, cols=3)
    block.alignment = WD_TABLE_ALIGNMENT.LEFT
    _widths(block, (3.0, 0.5, LINE - 3.5))
    first = (_say(listing, "annex"), ":", _say(listing, "of", head=listing.head().upper()))
    blanks = ((_say(listing, "number"), ":", BLANK), (_say(listing, "date"), ":", BLANK))
    for row, cells in zip(block.rows, (first, *blanks), strict=True):
        for cell, said in zip(row.cells, cells, strict=True):
            _run(cell.paragraphs[0], clip(said, LONGEST), bold=cells is first)
    year = str(listing.run.facts["year"])
    _line(paper, "", after=2)
    _line(paper, _say(listing, "title", year=year).upper(), "center", bold=True, size=Pt(12))
    _line(paper, clip(listing.region(), LONGEST).upper(), "center", bold=True, size=Pt(12), after=8)
    for said in agreement.agreed(listing.run, listing.lang):
        _line(paper, said, after=4)


def _wanted(listing: Listing) -> list[tuple[str, float, str]]:
    """The columns that the study has figures for."""
    have = {
        "measured": listing.burden, "stunted": listing.burden, "prevalence": listing.burden,
        "krs": listing.indicator(KRS), "under": listing.services or None,
    }  # fmt: skip
    kept = [column for column in COLUMNS if have.get(column[0], True)]
    left = LINE - sum(width for _, width, _ in kept)
    return [(name, width or left, side) for name, width, side in kept]


def _table(paper: Paper, listing: Listing) -> None:
    wanted, rows, left_out = _wanted(listing), _rows(listing), _left_out(listing)
    count = 2 + len(rows) + 1
    table = paper.add_table(rows=count + len(left_out) + bool(left_out), cols=len(wanted))
    table.style = "Table Grid"
    _widths(table, [width for _, width, _ in wanted])
    every = list(table._cells)
    lines = [every[k : k + len(wanted)] for k in range(0, len(every), len(wanted))]
    for cell, (name, _, _) in zip(lines[0], wanted, strict=True):
        _fill(cell, [_say(listing, f"column.{name}")], "center", HEAD_FILL, bold=True)
    for n, cell in enumerate(lines[1], 1):
        _fill(cell, [str(n)], "center", HEAD_FILL, size=SMALL)
    for cells, row in zip(lines[2 : count - 1], rows, strict=True):
        for cell, (name, _, side) in zip(cells, wanted, strict=True):
            _fill(cell, row[name], side)
    totals = _totals(listing)
    for cell, (name, _, side) in zip(lines[count - 1], wanted, strict=True):
        _fill(cell, [totals.get(name, "")], side, SUM_FILL, bold=True)
    _merge(lines[count - 1][:4])
    if left_out:
        _fill(lines[count][0], [_say(listing, "left_out")], "left", HEAD_FILL, bold=True)
        _merge(lines[count])
        for cells, row in zip(lines[count + 1 :], left_out, strict=True):
            for cell, (name, _, side) in zip(cells, wanted, strict=True):
                _fill(cell, row[name], side)
    for k, row in enumerate(table.rows):
        _mark(row, "w:cantSplit")
        if k < 2:
            _mark(row, "w:tblHeader")


def _merge(cells: Sequence[_Cell]) -> None:
    for empty in cells[0].merge(cells[-1]).paragraphs[1:]:
        empty._p.getparent().remove(empty._p)


def _rows(listing: Listing) -> list[dict[str, list[str]]]:
    """The chosen villages by rank."""
    return [_row(listing, row, str(n)) for n, row in enumerate(listing.chosen, 1)]


def _left_out(listing: Listing) -> list[dict[str, list[str]]]:
    """Those whom a meeting kept off the list, by rank, with its reasons; not in the sums."""
    codes = {one["village"] for rule in meeting.OUT for one in meeting.named(listing.run, rule)}
    return [_row(listing, row, "–") for row in listing.rows if row["village_code"] in codes and not row["selected"]]


def _row(listing: Listing, row: Row, n: str) -> dict[str, list[str]]:
    run, lang, public = listing.run, listing.lang, listing.public
    told = {
        "number": n, "rank": _rank(listing, row), "kecamatan": clip(row["kecamatan"], LONGEST),
        "village": clip(row["village"], LONGEST),
        "code": str(row["village_code"]), "under": listing.under_target(row),
    }  # fmt: skip
    if entry := listing.burden:
        told |= {
            "measured": people.said(people.whole(run, row, entry, public=public), lang),
            "stunted": people.said(people.counted(run, row, entry, public=public), lang),
            "prevalence": _prevalence(listing, row, entry),
        }
    if krs := listing.indicator(KRS):
        told["krs"] = people.said(people.counted(run, row, krs, public=public), lang)
    return {**{name: [said] for name, said in told.items()}, "reasons": _reasons(listing, row)}


def _rank(listing: Listing, row: Row) -> str:
    """A village's rank by score, with a star where people named the village."""
    rank = number(row["rank"], listing.lang)
    return f"{rank} *" if {row["selected_by"], row["left_out_by"]} & {*meeting.IN, *meeting.OUT} else rank


def _prevalence(listing: Listing, row: Row, entry: Indicator) -> str:
    value = listing.value(row, entry)
    if isinstance(value, str):
        return words.estimate_text(listing.run, row, entry, listing.lang)
    return "–" if value is None else percent(value, listing.lang)


def _reasons(listing: Listing, row: Row) -> list[str]:
    """How it came onto the list, what weighs most there, and the services that fall short."""
    told = [plain(listing.why(row))]
    if most := listing.stands_out(row):
        told.append(_say(listing, "most", what=", ".join(most)))
    if short := listing.names_under(row):
        told.append(_say(listing, "short", services=", ".join(short)))
    return [clip(said, 600) for said in told]


def _totals(listing: Listing) -> dict[str, str]:
    run, lang, public = listing.run, listing.lang, listing.public
    chosen = run.villages["selected"]
    told = {"number": _say(listing, "total", count=number(len(listing.chosen), lang))}
    if (entry := listing.burden) and (found := people.total(run, entry, chosen, public=public)):
        told |= {
            "measured": number(found.whole, lang), "stunted": people.said((found.low, found.high), lang),
            "prevalence": sums.share_text(found, lang),
        }  # fmt: skip
    if (krs := listing.indicator(KRS)) and (found := people.total(run, krs, chosen, public=public)):
        told["krs"] = people.said((found.low, found.high), lang)
    return told


def _notes(paper: Paper, listing: Listing) -> None:
    """What a reader of the table must know: method, data, doubts."""
    facts, lang = listing.run.facts, listing.lang
    told = [_say(listing, "note.choice", count=number(len(listing.chosen), lang), of=number(len(listing.rows), lang))]
    told += [_say(listing, "note.rule", rule=rule) for rule in rules(listing.run, lang)]
    told.append(_say(listing, "note.rank"))
    told.append(_say(listing, "note.weights", weights="; ".join(_weights(listing))))
    told += [_say(listing, "note.estimate")] if listing.burden else []
    told += [_say(listing, "note.under")] if listing.services else []
    told += [_say(listing, "note.krs", label=words.label(krs, lang))] if (krs := listing.indicator(KRS)) else []
    told += [listing.say("banded" if listing.public else "internal_note")]
    told += [_say(listing, "note.sources", sources="; ".join(clip(s, LONGEST) for s in sources(listing.run, lang)))]
    told += [_say(listing, "note.run", run=facts["run_id"], version=facts["lokus"])]
    heading = _line(paper, _say(listing, "notes"), bold=True, size=SMALL)
    heading.paragraph_format.space_before = Pt(8)
    for n, said in enumerate(told, 1):
        # The signatures never stand on a page of their own.
        line = _line(paper, f"{n}. {plain(said)}", size=SMALL)
        line.paragraph_format.keep_with_next = n > len(told) - LAST


def _weights(listing: Listing) -> list[str]:
    scored = [e for e in listing.run.facts["indicators"] if e["scored"] and e["weight"] > 0]
    scored.sort(key=lambda e: -e["weight"])
    return [f"{words.short(e, listing.lang)} {percent(e['weight'], listing.lang)}" for e in scored]


def _signatures(paper: Paper, listing: Listing) -> None:
    """Two offices sign; who holds them is nobody's business here."""
    block = paper.add_table(rows=1, cols=2)
    _widths(block, (LINE / 2, LINE / 2))
    _mark(block.rows[0], "w:cantSplit")
    left, right = block.rows[0].cells
    _signature(left, ["", "", _say(listing, "chair")])
    _signature(right, [_say(listing, "place"), _say(listing, "day"), listing.head()])


def _signature(cell: _Cell, lines: Sequence[str]) -> None:
    cell.paragraphs[0].paragraph_format.space_before = Pt(10)
    for said in lines:
        _line(cell, clip(said, LONGEST), "center").paragraph_format.keep_with_next = True
    for said in ("", "", "", f"({BLANK})"):
        _line(cell, said, "center").paragraph_format.keep_with_next = True


def _widths(table: Table, widths: Sequence[float]) -> None:
    """Fixed widths: by itself a table narrows the codes until they wrap."""
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Cm(width)
    every = list(table._cells)
    for k, cell in enumerate(every):
        cell.width = Cm(widths[k % len(widths)])


def _fill(cell: _Cell, lines: list[str], side: str, fill: str = "", *, bold: bool = False, size: Pt = SIZE) -> None:
    first = cell.paragraphs[0]
    for n, said in enumerate(lines):
        line = first if n == 0 else cell.add_paragraph()
        line.alignment = SIDES[side]
        _run(line, said, bold=bold, size=size)
    if fill:
        shade = OxmlElement("w:shd")
        shade.set(qn("w:val"), "clear")
        shade.set(qn("w:fill"), fill)
        cell._tc.get_or_add_tcPr().append(shade)


def _mark(row: Any, name: str) -> None:
    row._tr.get_or_add_trPr().append(OxmlElement(name))
