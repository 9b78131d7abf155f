"""Laws of reading sheets: what a table was before it was dressed up, it is after it was read."""

from __future__ import annotations

from pathlib import Path

import pytest
from dirt import WRITERS, Page, as_csv, pages
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lokus.errors import DataError
from lokus.sources.numbers import parse_numbers
from lokus.sources.sheets import find_column, nearest_columns, read_sheet

many = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.mark.parametrize("writer", WRITERS)
@many
@given(page=pages())
def test_a_dressed_up_table_is_read_back(page: Page, writer: str, tmp_path: Path) -> None:
    sheet = read_sheet(WRITERS[writer](page, tmp_path / "tabel"))
    assert dict(sheet.left_out["kind"]) == {i + 1: k for i, k in enumerate(page.kinds) if k}
    assert list(sheet.rows.index) == page.of_kind("")
    assert list(sheet.columns) == page.columns
    assert list(sheet.rows["Desa/Kelurahan"]) == page.names
    for c, column in enumerate(page.columns[page.lead :]):
        read = parse_numbers(sheet.rows[column]).values
        assert [None if x != x else x for x in read] == [row[c] for row in page.numbers]
    assert list(sheet.totals.index) == page.of_kind("total")


def test_row_numbers_account_for_the_whole_used_area(shared_data: Path) -> None:
    for path in sorted((shared_data / "indicators").rglob("*.*")):
        sheet = read_sheet(path)
        told = [*sheet.rows.index, *sheet.left_out.index]
        assert sorted(told) == list(range(1, len(told) + 1)), path
        assert set(sheet.totals.index) == set(sheet.left_out.index[sheet.left_out["kind"] == "total"])


def test_the_eppgbm_workbook(shared_data: Path) -> None:
    sheet = read_sheet(shared_data / "indicators" / "pasangkayu" / "eppgbm_status_gizi_2024-01-17.xlsx")
    assert (len(sheet.rows), dict(sheet.left_out["kind"])) == (63, {1: "title", 2: "header", 3: "header", 67: "total"})
    assert sheet.left_out["text"][67].startswith("Kab. Pasangkayu | 14961")
    assert sheet.totals.index.tolist() == [67]
    assert sheet.columns[9:13] == ("TB/U > Sangat Pendek", "TB/U > Pendek", "TB/U > Normal", "TB/U > Tinggi")
    assert "BB/TB > Normal" in sheet.columns


def test_tables_of_words_and_headers_with_gaps(shared_data: Path) -> None:
    pasangkayu = shared_data / "indicators" / "pasangkayu"
    assert len(read_sheet(pasangkayu / "keberadaan_posyandu.csv").rows) == 239
    krs = read_sheet(pasangkayu / "krs_verval_2024_sem2.csv")
    assert krs.columns[:3] == ("kolom A", "PROVINSI", "KABUPATEN")
    assert find_column(krs.columns, "kesejahteraan 4") == "KESEJAHTERAAN 4"
    assert find_column(krs.columns, "Kesejahteraan >4") == "KESEJAHTERAAN > 4"


def _kinds(tmp_path: Path, text: str, header_rows: int | None = None) -> dict[int, str]:
    path = tmp_path / "a.csv"
    path.write_text(text, "utf-8")
    return dict(read_sheet(path, header_rows=header_rows).left_out["kind"])


@pytest.mark.parametrize(
    ("text", "left_out"),
    [
        # A village whose name begins like a total, without a number of its own.
        ("Desa,A,B\nSarudu,5,6\nJumlah Mulya,7,9\nKota Baru,8,1\nDoda,3,4\n", {1: "header"}),
        # The same labels where the numbers are the sums.
        ("Desa,A,B\nSarudu,5,6\nDoda,7,9\nTOTAL TIKKE,12,15\n", {1: "header", 4: "total"}),
        # A code makes a village of whatever its name is.
        ("Kode,Desa,A\n7601012001,Total,5\n7601012002,Doda,7\n7601012003,Sarudu,1\n", {1: "header"}),
        # A total without a label, and one before its villages.
        ("Kec,Desa,A,B\nX,Sarudu,5,6\nX,Doda,7,9\n,,12,15\n", {1: "header", 4: "total"}),
        ("Desa,A,B\nKec. Tikke,12,15\nSarudu,5,6\nDoda,7,9\n", {1: "header", 2: "total"}),
        # Subtotals and a grand total over them.
        (
            "Kec,Desa,A\nX,Sarudu,5\nX,Doda,7\n,JUMLAH,12\nY,Tikke,1\nY,Kulu,2\n,JUMLAH,3\nJUMLAH (KAB/KOTA),,15\n",
            {1: "header", 4: "total", 7: "total", 8: "total"},
        ),
        # The country has a village called Kabupaten.
        ("No,Desa,A\n1,Sarudu,5\n2,Kabupaten,5\n3,Doda,0\n", {1: "header"}),
        # A first number that might be a year.
        ("Desa,Penduduk\nSarudu,2034\nDoda,1500\nTikke,800\n", {1: "header"}),
        # A block's name in the number column; years as headers.
        (
            "No,Desa,Prevalensi,\n,,2022,2023\nKEC. TIKKE,,,\n1,Sarudu,5,6\n2,Doda,7,8\n3,Kulu,1,2\n",
            {1: "header", 2: "header", 3: "note"},
        ),
        # Villages without data, at the end and with words of signatures in their names.
        ("Desa,A,B\nSarudu,5,6\nLurah Ampalu,1,-\nKepala Curup,,\n", {1: "header"}),
        # Notes and people under the table; Sumber Sari is a village.
        (
            "Desa;A\nSumber Sari;5\nDoda;6\nSumber : Dinkes\nKeterangan:\nA = anak\n;Doda, 3 Juni 2024\n;SITI\n",
            {1: "header", 4: "note", 5: "note", 6: "note", 7: "signature", 8: "signature"},
        ),
    ],
)  # fmt: skip
def test_rows_that_look_like_others(text: str, left_out: dict[int, str], tmp_path: Path) -> None:
    assert _kinds(tmp_path, text) == left_out


def test_header_rows_said_by_the_study(tmp_path: Path) -> None:
    text = "Ditimbang per bulan\nNo,Desa,1,2,3\n1,Sarudu,5,6,7\n2,Doda,1,2,3\n"
    with pytest.raises(DataError) as caught:
        _kinds(tmp_path, text)
    assert [p.code for p in caught.value.problems] == ["header_not_found"]
    assert _kinds(tmp_path, text, 1) == {1: "title", 2: "header"}


def test_signatures_are_counted_but_not_repeated(tmp_path: Path) -> None:
    path = as_csv(Page(rows=[["Desa", "A"], ["Doda", "1"], ["", "Mengetahui"], ["", "SITI, NIP 1970"]]), tmp_path / "a")
    assert read_sheet(path).left_out["text"].tolist() == ["Desa | A", "", ""]


def test_a_separator_inside_a_name_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Desa,A,B\nLubuk Pakam I,II,5,6\nDoda,7,8\nSarudu,1,2\n", "utf-8")
    (problem,) = read_sheet(path).problems
    assert (problem.code, problem.fatal, problem.where.row) == ("row_too_long", True, 2)


COLUMNS = ("No", "Desa", "TB/U > Pendek", "TB/U > Normal", "BB/TB > Normal", "% Diukur", "Diukur", "Normal (2)")


@pytest.mark.parametrize(
    ("wanted", "column"),
    [
        ("desa", "Desa"), (" TB / U>pendek ", "TB/U > Pendek"), ("Pendek", "TB/U > Pendek"), ("Normal", None),
        ("bb/tb > normal", "BB/TB > Normal"), ("diukur", "Diukur"), ("%diukur", "% Diukur"),
        ("kolom C", "TB/U > Pendek"), ("3", None), ("TB/U", None), ("", None), ("kolom Z", None), ("C", None),
    ],
)  # fmt: skip
def test_columns_are_found_by_their_headers(wanted: str, column: str | None) -> None:
    assert find_column(COLUMNS, wanted) == column


@given(st.permutations(COLUMNS))
def test_a_column_is_found_wherever_it_stands(columns: list[str]) -> None:
    assert all(find_column(columns, c) == c for c in columns)
    assert find_column(columns, "PENDEK") == "TB/U > Pendek"


def test_the_nearest_headers_come_first() -> None:
    assert nearest_columns(COLUMNS, "Di ukur")[0] == "Diukur"
    assert set(nearest_columns(COLUMNS, "TB/U")[:2]) == {"TB/U > Pendek", "TB/U > Normal"}


grids = st.lists(
    st.lists(
        st.sampled_from(["", "Desa", "Total", "1", "2,5", "-", "Mengetahui", "NIP 1", "Sumber: x", "2024"]), max_size=5
    ),
    min_size=1,
    max_size=9,
)


@given(rows=grids, header_rows=st.sampled_from([None, 1, 2]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
def test_whatever_a_sheet_holds_no_row_is_lost(rows: list[list[str]], header_rows: int | None, tmp_path: Path) -> None:
    path = as_csv(Page(rows=rows), tmp_path / "a.csv", ";")
    try:
        sheet = read_sheet(path, header_rows=header_rows)
    except DataError as fault:
        assert {p.code for p in fault.problems} <= {"file_empty", "header_not_found"}
        return
    last = max(i for i, row in enumerate(rows, 1) if any(row))
    assert sorted([*sheet.rows.index, *sheet.left_out.index]) == list(range(1, last + 1))
    assert len(set(sheet.columns)) == len(sheet.columns) == sheet.rows.shape[1]
