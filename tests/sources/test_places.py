"""Places written once for several lines: found, told, and given to the lines on demand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from lokus import messages
from lokus.errors import DataError
from lokus.sources.indicators import TableData, read_table

KABUPATEN = {"Sarudu": ["Sarudu", "Doda"], "Bambaira": ["Bambaira", "Tampaure", "Kasoloang"]}
VILLAGES = [(kecamatan, village) for kecamatan, villages in KABUPATEN.items() for village in villages]


def _workbook(path: Path, *, merged: bool, lines: int = 3) -> Path:
    """A "recommendation" workbook: several activities a village, its name on the first of them only."""
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    sheet.write(0, 0, "REKOMENDASI INTERVENSI DESA LOKUS")
    sheet.write_row(2, 0, ["NO", "KECAMATAN", "DESA", "KEGIATAN", "SASARAN"])
    for n, (kecamatan, village) in enumerate(VILLAGES):
        top = 3 + n * lines
        for k in range(lines):
            sheet.write_row(top + k, 3, [f"Kegiatan {k}", 10 * n + k + 1])
        sheet.write(top, 0, n + 1)
        sheet.write(top, 2, village)
        if KABUPATEN[kecamatan][0] == village:
            sheet.write(top, 1, kecamatan)
        if merged:
            sheet.merge_range(top, 2, top + lines - 1, 2, village)
    sheet.write(3 + len(VILLAGES) * lines, 0, "JUMLAH")
    sheet.write(3 + len(VILLAGES) * lines, 4, sum(10 * n * 3 + 6 for n in range(len(VILLAGES))))
    book.close()
    return path


def _read(path: Path, **more: Any) -> TableData:
    place = {"village": "DESA", "kecamatan": "KECAMATAN"}
    return read_table(path, table_id="t", place=place, columns={"a.value": ["SASARAN"]}, **more)


@pytest.mark.parametrize("merged", [False, True])
def test_lines_belong_to_the_village_above_them(tmp_path: Path, merged: bool) -> None:
    table = _read(_workbook(tmp_path / "a.xlsx", merged=merged), fill_down=True)
    told = [tuple(row) for row in table.places[["kecamatan", "village"]].to_numpy()]
    assert told == [place for place in VILLAGES for _ in range(3)]
    sums = table.values["a.value"].groupby(table.places["village"]).sum()
    assert sums.to_dict() == {village: 30 * n + 6 for n, (_, village) in enumerate(VILLAGES)}
    assert table.problems == ()


@pytest.mark.parametrize("merged", [False, True])
def test_without_a_word_they_are_refused_with_the_remedy(tmp_path: Path, merged: bool) -> None:
    with pytest.raises(DataError) as fault:
        _read(_workbook(tmp_path / "a.xlsx", merged=merged))
    (problem,) = fault.value.problems
    assert (problem.code, problem.params["count"], problem.params["rows"]) == (
        "places_written_once",
        10,
        ["5", "6", "8"],
    )
    assert all("fill_down = true" in messages.problem(problem, lang) for lang in messages.LANGS)


def test_a_place_goes_into_no_other_kecamatan_and_over_no_total(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "KECAMATAN;DESA;SASARAN\nSarudu;Doda;1\n;;2\nBambaira;;3\n;Tampaure;4\n;JUMLAH;7\n;;5\nBambaira;Kasoloang;6\n",
        "utf-8",
    )
    table = _read(path, fill_down=True)
    rows = table.places[["kecamatan", "village"]].agg("/".join, axis=1).to_dict()
    assert rows == {
        2: "Sarudu/Doda", 3: "Sarudu/Doda", 4: "Bambaira/", 5: "Bambaira/Tampaure", 7: "/", 8: "Bambaira/Kasoloang",
    }  # fmt: skip


def test_lines_without_numbers_are_only_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("KECAMATAN;DESA;KEGIATAN;SASARAN\nS;Doda;x;1\n;;y;\n;;z;\nS;Sarudu;x;2\n;;y;\n", "utf-8")
    assert [(p.code, p.fatal) for p in _read(path).problems] == [("places_written_once", False)]
