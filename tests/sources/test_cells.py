"""Laws and oracles of opening containers: the cells come out as they went in, and every fault has one clear name."""

from __future__ import annotations

import csv
import io
import struct
import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lokus import messages
from lokus.errors import DataError
from lokus.sources import cells
from lokus.sources.biff import is_sound
from lokus.sources.cells import column_number, letters, read_grid

here = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
words = st.text(st.sampled_from("abcé ,;|\"'-1.5%\t\n"), min_size=1, max_size=6).map(str.strip)
HEADER = ["Kecamatan", "Desa", "Sasaran", "Diukur"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@here
@given(rows=st.lists(st.lists(words, min_size=4, max_size=4), max_size=6))
def test_delimited_text_is_read_back(rows: list[list[str]], delimiter: str, encoding: str, tmp_path: Path) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([HEADER, *rows])
    path = tmp_path / "tabel.xls"
    path.write_bytes(out.getvalue().encode(encoding))
    assert [list(r) for r in read_grid(path).rows] == [HEADER, *([c or None for c in r] for r in rows)]


def test_decimal_commas_do_not_pass_for_separators(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Desa;A;B;C\nSarudu;1,5;2,5;3,5\nDoda;4,5;5,5;6,5\n\nPasangkayu, 12 Mei 2024\n", "utf-8")
    assert [len(r) for r in read_grid(path).rows] == [4, 4, 4, 0, 1]


def test_ragged_rows_and_line_numbers_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'a,b\r\n1,2,3\r\n\r\n"two\r\nlines"\r\n=x,="0012"\r\n')
    assert read_grid(path).rows == (("a", "b"), ("1", "2", "3"), (), ("two\r\nlines",), ("=x", "0012"))


def test_the_separator_line_of_excel_is_no_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("sep=|\nDesa|A,B\nx|1\n", "utf-8")
    assert read_grid(path).rows == (("Desa", "A,B"), ("x", "1"))


def test_workbook_cells_are_openpyxls(shared_data: Path) -> None:
    path = shared_data / "indicators" / "pasangkayu" / "eppgbm_status_gizi_2024-01-17.xlsx"
    grid = read_grid(path)
    sheet = openpyxl.load_workbook(path, data_only=True).worksheets[0]
    assert [list(row) for row in grid.rows] == [list(row) for row in sheet.iter_rows(values_only=True)]
    boxes = {(b.min_row - 1, b.min_col - 1, b.max_row - 1, b.max_col - 1) for b in sheet.merged_cells.ranges}
    assert set(grid.merged or ()) == boxes


def test_rows_before_the_first_filled_one_count(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    book.add_worksheet("Kosong")
    book.add_worksheet("Isi").write(4, 2, "x")
    book.add_worksheet("Lain").write(0, 0, "y")
    hidden = book.add_worksheet("Sembunyi")
    hidden.write(0, 0, "z")
    hidden.hide()
    book.close()
    grid = read_grid(tmp_path / "a.xlsx")
    assert grid.sheet == "Isi"
    assert [i + 1 for i, row in enumerate(grid.rows) if any(row)] == [5]
    assert [(p.code, p.params["others"]) for p in grid.problems] == [("sheet_assumed", ["Lain"])]
    assert read_grid(tmp_path / "a.xlsx", " lain ").rows == (("y",),)
    assert read_grid(tmp_path / "a.xlsx", "Sembunyi").rows == (("z",),)


ODS = """<?xml version="1.0"?><office:document-content
 xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>
<table:table table:name="S1"><table:table-row table:number-rows-repeated="2"><table:table-cell/></table:table-row>
<table:table-row><table:table-cell office:value-type="string"><text:p>Desa</text:p></table:table-cell>
<table:table-cell office:value-type="float" office:value="3.5"><text:p>3,5</text:p></table:table-cell></table:table-row>
<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="1024"/>
</table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"""

MANIFEST = """<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">
<manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/>
</manifest:manifest>"""


def test_ods(tmp_path: Path) -> None:
    path = tmp_path / "a.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", ODS.replace(">\n<", "><").replace("\n", " "))
        archive.writestr("META-INF/manifest.xml", MANIFEST)
    assert read_grid(path).rows[2] == ("Desa", 3.5)


def test_html_spans_breaks_and_exact_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.xls"
    path.write_text(
        '<?xml version="1.0"?><html xmlns:x="urn:x"><table><tr><td>layout<table>'
        "<tr><th rowspan=2>Desa</th><th colspan='2'>TB<br>U</th></tr><tr><td>Pendek</td><td>&nbsp;</td></tr>"
        '<tr><td>Ma&#39;u</td><td x:num="1234.5">1.235</td><td>2</td></tr></table></td></tr></table></html>',
        "utf-8",
    )
    grid = read_grid(path)
    assert grid.rows == (("Desa", "TB U", None), (None, "Pendek", None), ("Ma'u", 1234.5, "2"))
    assert set(grid.merged or ()) == {(0, 0, 1, 0), (0, 1, 0, 2)}


def _xls(row: int, column: int) -> bytes:
    """The smallest `.xls` with a text in A1 and a number somewhere ([MS-CFB], [MS-XLS])."""

    def record(kind: int, body: bytes) -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    def entry(name: str, kind: int, start: int, size: int) -> bytes:
        text = name.encode("utf-16-le")
        return (
            text.ljust(64, b"\0")
            + struct.pack("<HBB", len(text) + 2, kind, 1)
            + struct.pack("<III", *[none] * 3)
            + (bytes(36) + struct.pack("<IQ", start, size))
        )

    none, end = 0xFFFF_FFFF, 0xFFFF_FFFE
    begin = [record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0, 0, 0, 0)) for kind in (5, 16)]
    sheet = struct.pack("<BBBB", 0, 0, 4, 0) + b"Data"
    book = begin[0] + record(0x85, struct.pack("<I", len(begin[0]) + 16 + 4) + sheet) + record(0x0A, b"")
    label = record(0x0204, struct.pack("<HHHHB", 0, 0, 0, 4, 0) + b"Desa")
    number = record(0x0203, struct.pack("<HHHd", row, column, 0, 3.5))
    stream = (book + begin[1] + label + number + record(0x0A, b"")).ljust(4096, b"\0")
    head = bytes.fromhex("D0CF11E0A1B11AE1") + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(10)
    head += struct.pack("<IIIIIIIII", 1, 1, 0, 4096, end, 0, end, 0, 0) + struct.pack("<I", none) * 108
    fat = struct.pack("<11I", 0xFFFF_FFFD, end, *range(3, 10), end, none).ljust(512, b"\xff")
    listing = (entry("Root Entry", 5, end, 0) + entry("Workbook", 2, 2, 4096)).ljust(512, b"\0")
    return head + fat + listing + stream


def test_old_workbooks(tmp_path: Path) -> None:
    path = tmp_path / "a.xls"
    path.write_bytes(_xls(2, 1))
    grid = read_grid(path, "Data")
    assert grid.rows == (("Desa", None), (None, None), (None, 3.5))


@given(st.integers(0, 65_535), st.integers(0, 65_535))
def test_an_old_workbook_is_sound_within_its_256_columns(row: int, column: int) -> None:
    assert is_sound(_xls(row, column)) == (column < 256)


@given(st.lists(st.tuples(st.integers(0, 5631), st.integers(0, 255)), max_size=20), st.integers(0, 5632))
@settings(max_examples=300)
def test_a_damaged_old_workbook_is_judged_without_harm(bytes_: list[tuple[int, int]], length: int) -> None:
    raw = bytearray(_xls(2, 1))
    for place, value in bytes_:
        raw[place] = value
    assert is_sound(bytes(raw[:length])) in (True, False)


def _bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 200_000)


def _stray(path: Path) -> None:
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    sheet.write(0, 0, "a")
    sheet.write(1_048_575, 16_383, "z")
    book.close()


FAULTS = {
    "file_empty": b" \r\n",
    "lfs_pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    "not_a_table": b"%PDF-1.7\n",
    "workbook_damaged": b"PK\x03\x04junk",
    "quote_open": b'Desa,A\nSarudu,1\n"Doda,2\nx,3\n',
}


@pytest.mark.parametrize("code", FAULTS)
def test_a_broken_file_has_one_clear_problem(code: str, tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(FAULTS[code])
    _refused(tmp_path / "a.xlsx", code)


@pytest.mark.parametrize(
    "raw", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b'{"a": 1}', b"\x81\x8d\x8f", b"<html><p>x</p></html>"]
)
def test_what_is_no_table_is_said(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(raw)
    _refused(tmp_path / "a.csv", "not_a_table")


@pytest.mark.parametrize("raw", [_xls(2, 1)[:1300], _xls(2, 1)[:40], _xls(2, 300)])
def test_a_broken_old_workbook_is_damaged(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.xls").write_bytes(raw)
    _refused(tmp_path / "a.xls", "workbook_damaged")


@pytest.mark.parametrize("cut", [600, 5_000, 20_000])
def test_a_workbook_cut_short_is_damaged(cut: int, shared_data: Path, tmp_path: Path) -> None:
    whole = (shared_data / "indicators" / "pasangkayu" / "eppgbm_status_gizi_2024-01-17.xlsx").read_bytes()
    (tmp_path / "a.xlsx").write_bytes(whole[:cut])
    _refused(tmp_path / "a.xlsx", "workbook_damaged")


def test_what_would_fill_the_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _stray(tmp_path / "far.xlsx")
    _refused(tmp_path / "far.xlsx", "sheet_too_wide")
    _bomb(tmp_path / "bomb.xlsx")
    monkeypatch.setattr(cells, "LARGEST_BYTES", 100_000)
    _refused(tmp_path / "bomb.xlsx", "file_too_large")


def test_an_encrypted_workbook_is_named(tmp_path: Path) -> None:
    raw = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600)
    (tmp_path / "a.xlsx").write_bytes(raw)
    _refused(tmp_path / "a.xlsx", "workbook_encrypted")


def test_missing_files_and_sheets(tmp_path: Path, shared_data: Path) -> None:
    _refused(tmp_path / "none.csv", "file_missing")
    _refused(tmp_path, "file_unreadable")
    pasangkayu = shared_data / "indicators" / "pasangkayu"
    problem = _refused(pasangkayu / "eppgbm_status_gizi_2024-01-17.xlsx", "unknown_sheet", "Data")
    assert "Application List" in messages.problem(problem, "id")
    _refused(pasangkayu / "krs_verval_2024_sem1.csv", "sheet_in_text", "Data")


def _refused(path: Path, code: str, sheet: str = "") -> cells.Problem:
    with pytest.raises(DataError) as fault:
        read_grid(path, sheet, name="data/tabel")
    assert [p.code for p in fault.value.problems] == [code]
    for lang in messages.LANGS:
        assert messages.problem(fault.value.problems[0], lang).startswith("data/tabel")
    return fault.value.problems[0]


@given(st.integers(0, 20_000))
def test_column_letters_count_both_ways(column: int) -> None:
    assert column_number(letters(column)) == column
