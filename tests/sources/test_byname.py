"""Which tables of files and folders are by-name lists: every sheet is read or told, and none by its name."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from bynames import SECRET, as_csv, child, renamed, saved, sheets, traces, workbook

from lokus import messages
from lokus.cli import entry
from lokus.errors import DataError
from lokus.sources.children import count_children

ROWS = [child(i, Nama=f"ANAK {a}{b}") for i, (a, b) in enumerate((a, b) for a in "KLMNPRST" for b in "AEIOU")]
SUMMARY = [{"Rekap": "1", "Desa": "Suka Maju", "Jumlah": "20"}]
NAMED = [{k: v for k, v in row.items() if k in ("NIK", "Nama", "JK", "Tgl Lahir", "Desa/Kel")} for row in ROWS]
PERSON = SECRET["Nama"]


def whole(folder: Path) -> pd.DataFrame:
    return count_children([saved(folder, as_csv(ROWS), "whole.csv")]).villages


def test_every_sheet_of_a_workbook_counts_and_the_others_are_told_by_their_place(tmp_path: Path):
    book = {"Januari": ROWS[:10], PERSON: ROWS[10:], "ZQXVREKAP": SUMMARY, "ZQXVNAMA": NAMED, "ZQXVLAMA": ROWS}
    counted = count_children([saved(tmp_path, sheets(book, hidden=["ZQXVLAMA"]), "a.xlsx")])
    pd.testing.assert_frame_equal(counted.villages, whole(tmp_path))
    assert {(p.code, p.where.sheet) for p in counted.problems} == {
        ("sheets_hidden", ""), ("children_table_passed", 3), ("children_table_incomplete", 4),
    }  # fmt: skip
    told = [messages.problem(p, lang) for p in counted.problems for lang in messages.LANGS]
    assert not traces(tmp_path / "none", *told)
    assert any("lembar 3" in t for t in told) and any("sheet 3" in t for t in told)


@pytest.mark.parametrize("fault", ["JK", "Tinggi", "Tgl Lahir"])
def test_faults_of_a_sheet_are_told_by_its_place(fault: str, tmp_path: Path):
    book = {"ZQXVA": ROWS[:20], "ZQXVB": [row | {fault: "ZQXV"} for row in ROWS[20:]]}
    counted = count_children([saved(tmp_path, sheets(book), "a.xlsx")])
    assert {p.where.sheet for p in counted.problems} == {2}
    assert not traces(tmp_path / "none", *(messages.problem(p, "id") for p in counted.problems))


def test_a_workbook_without_a_list_says_why_of_every_sheet(tmp_path: Path):
    with pytest.raises(DataError) as caught:
        count_children([saved(tmp_path, sheets({PERSON: SUMMARY, "ZQXVNAMA": NAMED}), "a.xlsx")])
    assert [(p.code, p.where.sheet) for p in caught.value.problems] == [
        ("children_header_not_found", 1), ("children_columns_missing", 2),
    ]  # fmt: skip


def test_a_folder_is_the_lists_in_it(tmp_path: Path):
    expected, folder = whole(tmp_path), tmp_path / "daftar"
    folder.mkdir()
    saved(folder, as_csv(ROWS[:10]), "a.csv")
    saved(folder, workbook(ROWS[10:]), "b.xlsx")
    saved(folder, b"Desa;Sasaran\nSuka Maju;20\n", "sasaran.csv")
    saved(folder, b"x", "ZQXV kartu keluarga.jpg")
    counted = count_children([folder])
    pd.testing.assert_frame_equal(counted.villages, expected)
    assert {(p.code, p.where.file) for p in counted.problems} == {
        ("children_folder_others", "daftar"), ("children_table_passed", "sasaran.csv"),
    }  # fmt: skip
    saved(folder, as_csv(renamed(ROWS, {"Tinggi": "x"})), "c.csv")
    told = [messages.problem(p, "id") for p in count_children([folder]).problems]
    assert any("c.csv" in t and '"Tinggi"' in t for t in told) and not traces(tmp_path / "none", *told)


def test_counts_written_into_the_folder_are_no_list_of_it_and_overwrite_none(tmp_path: Path, capsys):
    saved(tmp_path, as_csv(ROWS), "a.csv")
    outputs = []
    for _ in range(2):
        assert entry(["children", str(tmp_path), "-o", str(tmp_path / "c.csv")]) == 0
        outputs.append((tmp_path / "c.csv").read_bytes())
        assert "c.csv ›" not in capsys.readouterr().out
    assert outputs[0] == outputs[1]
    before = (tmp_path / "a.csv").read_bytes()
    assert entry(["children", str(tmp_path), "-o", str(tmp_path / "a.csv")]) == 2
    assert (tmp_path / "a.csv").read_bytes() == before


@pytest.mark.parametrize("lang", messages.LANGS)
def test_what_is_not_there_is_said_of_a_file_and_not_of_a_study(lang: str, tmp_path: Path, capsys):
    (tmp_path / "kosong").mkdir()
    for name in ("nada.csv", "kosong"):
        assert entry(["children", str(tmp_path / name), "-o", str(tmp_path / "c.csv"), "--lang", lang]) == 3
        said = capsys.readouterr().err
        assert name in said and "studi" not in said and "study" not in said and "directory" not in said


def test_a_list_without_headings_is_told_which(tmp_path: Path):
    bare = b"\r\n".join(as_csv([row | {"TB/U": "Tinggi", "Cara Ukur": "TB"} for row in ROWS]).split(b"\r\n")[1:])
    with pytest.raises(DataError) as caught:
        count_children([saved(tmp_path, bare, "a.csv")])
    (problem,) = caught.value.problems
    assert problem.code == "children_header_not_found"
    assert all(h in messages.problem(problem, "id") for h in ("NIK", "JK", "Tgl Lahir", "Desa/Kel", "Tinggi"))


def test_of_several_sheets_of_targets_the_first_counts_and_the_others_are_told(tmp_path: Path):
    years = {y: [{"Desa": "Suka Maju", "Sasaran": str(20 + i)}] for i, y in enumerate(("2025", "2024"))}
    target = saved(tmp_path, sheets(years), "t.xlsx")
    counted = count_children([saved(tmp_path, as_csv(ROWS))], targets=[target])
    assert counted.villages.set_index("desa").loc["Suka Maju", "target"] == 20
    assert ("children_targets_first", 2) in {(p.code, p.where.sheet) for p in counted.problems}
