"""The meeting's workbook: ranked list, chosen villages, gaps, packages, work lists by office, what answers for them."""

from __future__ import annotations

import io
from copy import deepcopy
from typing import TYPE_CHECKING

from xlsxwriter.workbook import Workbook

from lokus.outputs.papers import packagesheets, recordsheets, villagesheets
from lokus.outputs.papers.grid import FONT, Book, Names, Sheet
from lokus.outputs.papers.listing import Listing
from lokus.outputs.papers.office import plain, settled
from lokus.outputs.papers.worklists import recapitulation, worklists

if TYPE_CHECKING:
    from lokus.pipeline import Run

# A cell is a text when it was one, whatever it looks like.
OPTIONS = {
    "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
    "default_format_properties": {"font_name": FONT, "font_size": 10},
}  # fmt: skip


def workbook(run: Run, lang: str = "id", *, public: bool = True) -> bytes:
    """The workbook of a run as an .xlsx file; the same run, language and readers give the same bytes.

    :param public: counts of 1–4 are banded, and so are their totals; False marks every page.
    """
    listing = Listing(run, lang, public)
    file = io.BytesIO()
    # The writer keeps marks of its own in what it is given: the second workbook would differ.
    with Workbook(file, deepcopy(OPTIONS)) as made:
        made.set_properties({"title": plain(run.facts["title"]), "comments": f"lokus {run.facts['run_id']}"})
        made.set_calc_mode("auto")
        book = Book(made, run.facts["run_id"], lang, public=public)
        for sheet in sheets(listing):
            book.write(sheet)
    return settled(file.getvalue(), int(run.facts["year"]))


def sheets(listing: Listing) -> list[Sheet]:
    """All sheets in the order of the workbook."""
    names = Names()
    first = [build(listing, names) for build in (
        villagesheets.ranked, villagesheets.chosen, villagesheets.gaps, villagesheets.gaps_by_village,
    )]  # fmt: skip
    packages = packagesheets.made(listing, names)
    recap = names.take(listing.say("sheet.recapitulation"))
    works = worklists(listing, names)
    lists = [recapitulation(listing, works, recap), *(work.sheet for work in works)] if works else []
    last = [build(listing, names) for build in (
        recordsheets.method, recordsheets.settings, recordsheets.quality, recordsheets.account,
        recordsheets.unmatched, recordsheets.problems,
    )]  # fmt: skip
    return [*first, *packages, *lists, *last]
