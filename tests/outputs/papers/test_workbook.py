"""The workbook as Excel finds it: sheets, formats, formulas, and nothing that runs or tells one child."""

import io
import re

import openpyxl
import pytest
from openpyxl.utils import range_boundaries

from lokus.messages import text
from lokus.outputs import banding, words
from lokus.outputs.papers.grid import LONGEST_NAME, Names
from lokus.outputs.papers.listing import Listing

LISTS = (
    "ranked", "chosen", "gaps", "gaps_by_village", "packages", "pockets", "package_villages", "recapitulation",
    "method", "settings", "quality", "account",
)  # fmt: skip
MUST = (*LISTS, "unmatched", "problems")


@pytest.fixture(scope="module")
def book(paper):
    """`book("demo")`: a workbook read back; formulas as formulas, or as their stored values."""

    def read(which, lang="id", public=True, values=False):
        return openpyxl.load_workbook(io.BytesIO(paper("xlsx", which, lang, public)), data_only=values)

    return read


def said(key, lang="id", **given):
    return text(f"papers.{key}", lang, **given)


def heading(page):
    """The row of the heading: where the filter begins."""
    return range_boundaries(page.auto_filter.ref)[1]


def table(page):
    """The rows under the heading, as mappings by heading."""
    first = heading(page)
    rows = list(page.iter_rows(min_row=first, values_only=True))
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


@pytest.mark.parametrize("lang", ["id", "en"])
def test_all_sheets_are_there_and_ready_to_filter_and_print(book, demo, lang):
    made = book("demo", lang)
    names = made.sheetnames
    assert [said(f"sheet.{key}", lang) for key in MUST] == [n for n in names if n not in owners(demo, lang)]
    assert set(owners(demo, lang)) <= set(names)
    assert all(len(n) <= LONGEST_NAME for n in names)
    for page in made:
        first = heading(page)
        assert page.freeze_panes
        assert int(re.sub(r"\D", "", page.freeze_panes)) == first + 1
        assert page.page_setup.orientation == "landscape"
        assert page.page_setup.paperSize == 9, "A4"
        assert page.print_title_rows == f"${first}:${first}"
        assert demo.facts["run_id"] in page.oddFooter.left.text


def owners(run, lang="id"):
    return list(Listing(run, lang).owners())


def test_every_village_is_ranked_with_its_code_as_text_and_its_numbers_as_numbers(book, demo):
    rows = table(book("demo")[said("sheet.ranked")])
    assert [row[said("column.code")] for row in rows] == [row["village_code"] for row in Listing(demo, "id").rows]
    assert {type(row[said("column.code")]) for row in rows} == {str}
    ranks = [row[said("column.rank")] for row in rows]
    known = [rank for rank in ranks if rank != "–"]
    assert known == sorted(known)
    assert ranks[len(known) :] == ["–"] * (len(ranks) - len(known))
    chosen = {row[said("column.code")] for row in rows if row[said("column.chosen")] == said("yes")}
    assert chosen == set(demo.villages.index[demo.villages["selected"]])


def test_names_that_look_like_formulas_are_texts_wherever_they_stand(book, hostile):
    assert hostile.villages["village"].str.startswith(("=", "@", "+", "-")).any()
    made = book("hostile")
    sums = set(owners(hostile)) | {said("sheet.recapitulation")}
    for page in made:
        for row in page.iter_rows():
            for cell in row:
                if isinstance(cell.value, str) and cell.value.startswith(("=", "@")):
                    assert cell.data_type == "f", cell.value
                    assert page.title in allowed(made, sums)
                    assert re.match(r"=(SUBTOTAL|SUMPRODUCT)\(", cell.value), cell.value
                assert not re.search(r"[\x00-\x08\u202e]", str(cell.value))


def allowed(made, wanted):
    """Sheets by the names that a workbook allows them."""
    names = Names()
    known = {names.take(name) for name in wanted}
    return [n for n in made.sheetnames if n in known]


def test_sums_of_people_and_money_are_formulas_and_their_stored_values_are_right(book, demo):
    made, stored = book("demo"), book("demo", values=True)
    recap, values = (table(b[said("sheet.recapitulation")]) for b in (made, stored))
    lacking, first = said("column.lacking"), said("priority.chosen")
    assert recap
    for formulas, row in zip(recap, values, strict=True):
        mine = [r for r in table(made[row[said("column.owner")]]) if r[said("column.what")] == row[said("column.what")]]
        for column, chosen in ((said("column.lacking_chosen"), True), (said("column.lacking_others"), False)):
            assert formulas[column].startswith("=SUMPRODUCT(")
            people = [r[lacking] for r in mine if (r[said("column.priority")] == first) is chosen]
            assert row[column] == sum(p for p in people if isinstance(p, int))
        assert formulas[said("column.budget_all")].startswith("=SUMPRODUCT(")


def test_a_work_list_has_the_chosen_villages_first_and_room_for_money_and_its_source(book, demo):
    made, count = book("demo"), 0
    for name in owners(demo):
        page, rows = made[name], table(made[name])
        marks = [row[said("column.priority")] for row in rows]
        assert marks == sorted(marks, key=lambda mark: mark != said("priority.chosen"))
        lists = [v for v in page.data_validations.dataValidation if v.type == "list"]
        assert said("funds.dana_desa") in lists[0].formula1
        assert all(row[said("column.budget")] is None for row in rows)
        count += sum(mark == said("priority.chosen") for mark in marks)
    assert count > 24, "several tasks in each chosen village"


def few(run, name):
    """Villages whose figure of an indicator is banded."""
    entry = words.indicator(run, name)
    rows = run.villages.to_dict("index").items()
    return [code for code, row in rows if banding.band(run, {**row, "village_code": code}, entry)]


@pytest.mark.parametrize("which", ["demo", "run"])
def test_the_public_reads_no_count_rate_or_interval_of_a_banded_village(book, which, demo, run):
    mine = {"demo": demo, "run": run}[which]
    hidden = few(mine, "stunting")
    assert hidden
    rows = {row[said("column.code")]: row for row in table(book(which)[said("sheet.ranked")])}
    open_ = {row[said("column.code")]: row for row in table(book(which, public=False)[said("sheet.ranked")])}
    interval = "90"
    for code in hidden:
        told = rows[code]
        for key in ("stunted", "raw", "estimate"):
            assert isinstance(told[said(f"column.{key}")], str)
        assert told[said("column.low", interval=interval)] == told[said("column.high", interval=interval)] == "–"
        if banding.is_few(mine.villages.loc[code, "denominator_stunting"]):
            continue
        assert open_[code][said("column.stunted")] == mine.villages.loc[code, "numerator_stunting"]


def test_an_internal_workbook_says_so_on_every_page(book):
    for page in book("run", public=False):
        assert said("internal") in page.oddHeader.center.text
        assert page["A1"].value.startswith(said("internal"))
    for page in book("run"):
        assert not page.oddHeader.center.text


def test_names_of_sheets_are_short_and_unlike():
    names = Names()
    taken = [names.take(wanted) for wanted in ["Dinas " + "x" * 60] * 12 + ["History", "a/b", "A\\B", "", "''"]]
    assert len({name.casefold() for name in taken}) == len(taken)
    assert all(0 < len(name) <= LONGEST_NAME and not re.search(r"[\[\]:*?/\\']", name) for name in taken)
