"""Reading tables into places and numbers: the real files, and laws over made ones."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xlsxwriter
from dirt import WRITERS, Page, pages
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lokus import messages
from lokus.errors import DataError, Problem
from lokus.sources.indicators import TableData, read_table

EPPGBM = "indicators/pasangkayu/eppgbm_status_gizi_2024-01-17.xlsx"


def test_the_eppgbm_workbook(shared_data: Path) -> None:
    # Published totals of the same file: 14,961 targeted, 10,832 measured, 2,342 stunted (shared/data/README.md).
    table = read_table(
        shared_data / EPPGBM,
        table_id="gizi",
        place={"village": "Desa/Kelurahan", "code": ""},
        columns={
            "stunting.numerator": ["Stunting"],
            "parts.numerator": ["TB/U > Sangat Pendek", "TB/U > Pendek"],
            "stunting.denominator": ["Diukur"],
            "measured.denominator": ["Sasaran"],
            "shown.percent": ["% Stunting"],
        },
    )
    assert len(table.values) == 63
    assert table.values.iloc[:, :4].sum().tolist() == [2342, 2342, 10832, 14961]
    assert table.values["stunting.numerator"].equals(table.values["parts.numerator"].rename("stunting.numerator"))
    assert table.values.loc[4].tolist() == pytest.approx([108, 108, 452, 523, 23.8938053])
    assert table.places.loc[4].tolist() == ["", "SARUDU", "", "", ""]
    assert table.account["kind"].to_dict() == {1: "title", 2: "header", 3: "header", 67: "total"}
    assert table.problems == ()
    assert table.percent["shown.percent"] is False


def test_families_at_risk_in_both_semesters(shared_data: Path) -> None:
    pasangkayu = shared_data / "indicators" / "pasangkayu"
    place = {"village": "KELURAHAN", "kecamatan": "KECAMATAN"}
    first = read_table(
        pasangkayu / "krs_verval_2024_sem1.csv", table_id="krs", place=place, columns={"krs.numerator": ["KRS"]}
    )
    second = read_table(
        pasangkayu / "krs_verval_2024_sem2.csv",
        table_id="krs",
        place={**place, "last4": "KODE"},
        columns={
            "krs.numerator": ["JUMLAH KRS"],
            "krs.denominator": ["JUMLAH KELUARGA SASARAN"],
            "a.value": ["kolom A"],
        },
    )
    assert len(first.values) == len(second.values) == 63
    assert second.places.loc[2].tolist() == ["", "BAMBAIRA", "BAMBAIRA", "", "2001"]
    assert second.values.loc[2].tolist() == [190, 538, 0]
    assert not first.values.isna().any(axis=None)
    assert first.problems == second.problems == ()


def test_one_month_of_two_and_blanks_that_are_no_zeros(shared_data: Path) -> None:
    path = shared_data / "indicators" / "pasangkayu" / "penimbangan_ds_2025.csv"
    tables = {
        month: read_table(
            path,
            table_id="ds",
            place={"village": "KELURAHAN"},
            columns={"ds.numerator": ["JUMLAH DITIMBANG"], "ds.denominator": ["JUMLAH SASARAN"]},
            only={"bulan": month},
        )
        for month in ("September", "OKTOBER")
    }
    lines = [line.split(";") for line in path.read_text("utf-8").splitlines()]
    for month, table in tables.items():
        own = [i for i, line in enumerate(lines, 1) if line[6] == month.upper()]
        assert list(table.values.index) == own
        assert (table.account["kind"] == "filtered").sum() + len(own) + 1 == len(lines)
        blank = {i for i in own if not lines[i - 1][5]}
        assert set(table.values.index[table.values["ds.numerator"].isna()]) == blank


def test_village_index_by_code(shared_data: Path) -> None:
    table = read_table(
        shared_data / "indicators" / "idm2024_province_16.csv",
        table_id="idm",
        place={"code": "kode10", "village": "desa"},
        columns={"idm.value": ["idm"]},
        only={"kode_kab": "1603"},
    )
    assert len(table.values) == 245
    assert table.places["code"].str.fullmatch("1603[0-9]{6}").all()
    assert table.values["idm.value"].between(0, 1).all()


@pytest.mark.parametrize("writer", WRITERS)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(page=pages())
def test_a_made_table_gives_its_places_and_numbers(page: Page, writer: str, tmp_path: Path) -> None:
    numbers = page.columns[page.lead :]
    with_kecamatan = "Kecamatan" in page.columns
    table = read_table(
        WRITERS[writer](page, tmp_path / "tabel"),
        table_id="t",
        place={"village": "desa/kelurahan", "kecamatan": "Kecamatan" if with_kecamatan else ""},
        columns={"all.numerator": numbers} | {f"c{i}.numerator": [name] for i, name in enumerate(numbers)},
    )
    made = np.array([[math.nan if x is None else x for x in row] for row in page.numbers])
    np.testing.assert_array_equal(table.values.iloc[:, 1:], made)
    np.testing.assert_array_equal(table.values["all.numerator"], made.sum(axis=1))
    assert table.places["village"].tolist() == page.names
    assert table.places["kecamatan"].tolist() == page.kecamatan
    assert sorted([*table.values.index, *table.account.index]) == list(range(1, len(page.rows) + 1))
    assert "total_disagrees" not in {p.code for p in table.problems}


@given(data=st.data())
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_indonesian_and_english_copies_say_the_same(data: st.DataObject, tmp_path: Path) -> None:
    counts = data.draw(st.lists(st.integers(0, 99_999), min_size=3, max_size=8))
    shares = data.draw(st.lists(st.integers(1, 999).map(lambda n: n / 10), min_size=len(counts), max_size=len(counts)))
    # The totals row settles what `1.234` means wherever it is not plain already.
    rows = [("Desa", "Anak", "Cakupan")]
    rows += [
        (f"Desa {chr(65 + i)}", f"{n:,}", f"{x:.1f}%") for i, (n, x) in enumerate(zip(counts, shares, strict=True))
    ]
    rows += [("JUMLAH", f"{sum(counts):,}", "")]
    english = "\n".join("\t".join(row) for row in rows)
    tables = []
    for text in (english, english.translate(str.maketrans(",.", ".,"))):
        (tmp_path / "a.csv").write_text(text, "utf-8")
        tables.append(_read(tmp_path / "a.csv", {"a.numerator": ["Anak"], "a.percent": ["Cakupan"]}))
        if "a.numerator" not in tables[-1].values:
            # Where all that is not zero is grouped, both readings add up, and that is said.
            assert [p.code for p in tables[-1].problems] == ["notation_ambiguous"]
            assert all(n == 0 or n > 999 for n in counts)
            return
    for table in tables:
        assert table.values["a.numerator"].tolist() == counts
        assert table.values["a.percent"].tolist() == pytest.approx(shares)
        assert dict(table.percent) == {"a.numerator": False, "a.percent": True}


def _read(path: Path, columns: dict[str, list[str]], **more: Any) -> TableData:
    place = more.pop("place", {"village": "Desa"})
    return read_table(path, table_id="t", place=place, columns=columns, **more)


def _csv(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "a.csv"
    path.write_text(text, "utf-8")
    return path


def _problems(tmp_path: Path, text: str, columns: dict[str, list[str]], **more: Any) -> list[Problem]:
    try:
        problems = _read(_csv(tmp_path, text), columns, **more).problems
    except DataError as fault:
        problems = fault.problems
    assert any(p.fatal for p in problems)
    for p in problems:
        assert all(messages.problem(p, lang).startswith("a.csv") for lang in messages.LANGS)
    return list(problems)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = "Desa;Anak;Stunting;Bulan\nSarudu;12 anak;-4;Mei\nDoda;;ya;Juni\nTikke;3;1;Juli\n"
    problems = _problems(
        tmp_path,
        text,
        {"a.numerator": ["Stunting"], "a.denominator": ["Anak"], "b.numerator": ["Stuntin"]},
        place={"village": "Nama Desa"},
    )
    told = [(p.code, p.fatal, p.where.row, p.where.column, p.params.get("value")) for p in problems]
    assert told == [
        ("column_missing", True, None, "Nama Desa", None),
        ("column_missing", True, None, "Stuntin", None),
        ("not_a_number", True, 3, "Stunting", "ya"),
        ("negative_number", True, 2, "Stunting", -4.0),
        ("not_a_number", True, 2, "Anak", "12 anak"),
    ]
    assert problems[1].params["nearest"][0] == "Stunting"


def test_what_a_filter_removes_cannot_be_at_fault(tmp_path: Path) -> None:
    path = _csv(tmp_path, "Desa;Anak;Bulan\nSarudu;rusak;Mei\nDoda;7;Juni\nTikke;-;Juni\n")
    table = _read(path, {"a.numerator": ["Anak"]}, only={"Bulan": " juni "})
    assert table.values["a.numerator"].tolist() == pytest.approx([7, math.nan], nan_ok=True)
    assert table.account["kind"].to_dict() == {1: "header", 2: "filtered"}
    (problem,) = _problems(tmp_path, path.read_text("utf-8"), {"a.value": ["kolom B"]}, only={"Bulan": "Agustus"})[-1:]
    assert (problem.code, problem.params["values"]) == ("only_matches_nothing", ["Juni", "Mei"])


def test_ambiguous_numbers_are_refused_until_the_study_says(tmp_path: Path) -> None:
    text = "Desa;Anak;Cakupan\nSarudu;394,129;6,2%\nDoda;101,500;7%\n"
    columns = {"a.numerator": ["Anak"], "a.percent": ["Cakupan"]}
    (problem,) = _problems(tmp_path, text, columns)
    assert (problem.code, problem.where.column, problem.params["value"]) == ("notation_ambiguous", "Anak", "394,129")
    table = _read(tmp_path / "a.csv", columns, decimal=".")
    assert table.values.to_numpy().tolist() == [[394129, 6.2], [101500, 7]]
    assert [p.code for p in table.problems] == ["notation_differs"]
    assert [p.code for p in _read(tmp_path / "a.csv", columns, decimal=",").problems] == ["count_not_whole"]


def test_a_total_that_is_no_sum_is_told(tmp_path: Path) -> None:
    text = "Desa;Anak;Persen\nSarudu;5;20\nDoda;7;30\nJUMLAH;13;25\nRATA-RATA;6;25\n"
    table = _read(_csv(tmp_path, text), {"a.numerator": ["Anak"], "a.percent": ["Persen"]})
    (problem,) = table.problems
    assert (problem.code, problem.fatal, problem.where.row, problem.where.column) == (
        "total_disagrees",
        False,
        4,
        "Anak",
    )
    assert dict(problem.params) == {"total": 13.0, "sum": 12.0}


def test_kecamatan_written_once_a_block_goes_no_further(tmp_path: Path) -> None:
    text = "Kec;Desa;A\nX;a;1\n;b;2\n;c;3\n;JUMLAH;6\n;d;4\nY;e;5\n;f;1\n"
    place = {"village": "Desa", "kecamatan": "Kec"}
    assert _read(_csv(tmp_path, text), {}, place=place).places["kecamatan"].tolist() == ["X", "X", "X", "", "Y", "Y"]
    full = "Kec;Desa;A\nX;a;1\nX;b;2\n;c;3\nY;d;4\nY;e;5\n;f;6\n;g;7\n"
    assert _read(_csv(tmp_path, full), {}, place=place).places["kecamatan"].tolist() == ["X", "X", "", "Y", "Y", "", ""]


def test_codes_survive_spreadsheets(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    sheet = book.add_worksheet()
    codes = [1603012001, "16.03.01.2002", "'1603012003", "1603012004.0", None]
    for r, row in enumerate([["Kode", "Desa", "A", "Empat"], *([c, "x", 1, 2001] for c in codes)]):
        sheet.write_row(r, 0, row)
    book.close()
    table = _read(tmp_path / "a.xlsx", {}, place={"code": "Kode", "last4": "Empat", "village": "Desa"})
    assert table.places["code"].tolist() == ["1603012001", "16.03.01.2002", "1603012003", "1603012004", ""]
    assert set(table.places["last4"]) == {"2001"}


def test_a_key_without_columns_is_no_zero(tmp_path: Path) -> None:
    table = _read(_csv(tmp_path, "Desa;A\nx;1\ny;2\n"), {"a.numerator": [], "b.value": ["A"]})
    assert list(table.values.columns) == ["b.value"]


def test_mixed_percent_signs_are_refused(tmp_path: Path) -> None:
    problems = _problems(tmp_path, "Desa;A\nx;6,2%\ny;0,07\nz;0\n", {"a.percent": ["A"]})
    assert [(p.code, p.params["count"]) for p in problems] == [("percent_signs_mixed", 1)]


def test_a_table_without_rows_is_told(tmp_path: Path) -> None:
    assert "table_without_rows" in [p.code for p in _problems(tmp_path, "Desa;A\nJUMLAH;0\n", {"a.value": ["A"]})]


def test_many_bad_cells_are_counted(tmp_path: Path) -> None:
    text = "Desa;B;A\n" + "".join(f"x;{i};y{i}\n" for i in range(50))
    problems = _problems(tmp_path, text, {"a.value": ["A"]})
    assert [p.code for p in problems] == ["not_a_number"] * 20 + ["more_bad_cells"]
    assert problems[-1].params["count"] == 30


def test_a_list_of_persons_is_no_table_and_none_of_it_is_told(tmp_path: Path) -> None:
    text = "Nama Anak;NIK;Tgl Lahir;Desa;A\nZZQ RAHASIA;1704999999999999;18/04/2025;x;1\nZZQ;17;1/1/2025;x;y\n"
    (problem,) = _problems(tmp_path, text, {"a.value": ["A"]})
    assert (problem.code, dict(problem.params)) == ("table_of_persons", {"columns": ["A", "B", "C"]})
    assert "ZZQ" not in repr(problem)


@given(bad=st.sets(st.integers(0, 5), max_size=5), cell=st.sampled_from(["ya", "-3", "1e30", "12 anak"]))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_is_at_fault_takes_nothing_else_with_it(bad: set[int], cell: str, tmp_path: Path) -> None:
    lines = [f"Desa {chr(65 + i)};{cell if i in bad else i + 1};{i + 7}" for i in range(6)]
    columns = {"a.numerator": ["A"], "b.numerator": ["B"], "c.value": ["Tidak ada"]}
    table = _read(_csv(tmp_path, "\n".join(["Desa;A;B", *lines])), columns)
    assert sorted(p.where.row for p in table.problems if p.fatal and p.where.row) == sorted(i + 2 for i in bad)
    values = [math.nan if i in bad else i + 1 for i in range(6)]
    assert table.values["a.numerator"].tolist() == pytest.approx(values, nan_ok=True)
    assert table.values["b.numerator"].tolist() == [7, 8, 9, 10, 11, 12]
    assert "c.value" not in table.values
