"""Lists of persons are told from tables of villages: whatever they are called, wherever a column stands."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from dirt import WRITERS, Page, pages
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lokus import messages
from lokus.cli import entry
from lokus.demo import write_study
from lokus.errors import DataError, Problem, masked
from lokus.sources.persons import persons_in, spelled, unsigned
from lokus.sources.points import read_points
from lokus.sources.sheets import read_sheet
from lokus.villages.names import squeeze

DESA = ["Sarudu", "Doda", "Kulu", "Bulu Mario", "Sari Mulya", "Karya Bersama"]
KNOWN = {squeeze(d) for d in DESA}
# Nobody is called so: two made-up words, unlike in every row.
NAMES = [f"ZQX{a} VANDO{b}" for a in "ABCDEFGHIJKL" for b in "ABCDE"]
MARK = "ZQX"


def frame(rows: int = 30, **columns: Sequence[Any]) -> pd.DataFrame:
    """A table with a village in each row, several rows a village, and the given columns cut to its length."""
    told = {"No": range(1, rows + 1), "Desa": [DESA[i % len(DESA)] for i in range(rows)]}
    return pd.DataFrame({**told, **{name: list(cells)[:rows] for name, cells in columns.items()}}, dtype=object)


def found(table: pd.DataFrame, **more: Any) -> list[str]:
    return persons_in(list(table.columns), table, **more)


def nik(i: int) -> str:
    return f"7601{i % 9 + 1:02d}{i % 28 + 1 + 40 * (i % 2):02d}{i % 12 + 1:02d}{19 + i % 5}{i + 1:04d}"


NIKS, BIRTHS = [nik(i) for i in range(60)], [f"{i % 28 + 1:02d}/{i % 12 + 1:02d}/{2020 + i % 5}" for i in range(60)]
HPS = [f"08123456{i:04d}" for i in range(60)]
COUNTS, SEXES = [17 * i % 90 for i in range(60)], ["L", "P"] * 30
HEIGHTS = [60.5 + i for i in range(60)]

SURE_NUMBERS = "NIK; No. KK; Nomor Induk Kependudukan; kode"
SURE_DAYS = "Tgl Lahir; TANGGAL LAHIR; Tempat/Tgl. Lahir; Date of birth"
SURE_NAMES = """Nama Anak; NAMA_BALITA; NamaLengkapBalita; NAMAANAK; Nama Ibu; Nama Orang Tua; Nama Ortu; Nama Ayah/Ibu;
Nama Suami; Nama KK; Nama Kepala Keluarga; Nama Bumil; Nama Ibu Hamil; Nama Catin Pria; Nama Calon Pengantin;
Nama Remaja Putri; Nama Penerima Bantuan; Nama Lengkap; Nama Sasaran; Ibu Kandung; Kepala Keluarga; Suami; Child name;
Full Name; CATIN WANITA"""


def each(headings: str, cells: Sequence[Any]) -> dict[str, Sequence[Any]]:
    return dict.fromkeys(headings.replace("\n", " ").split("; "), cells)


SURE = {
    **each(SURE_NUMBERS, NIKS),
    **each(SURE_DAYS, BIRTHS),
    **each(SURE_NAMES, NAMES),
    "kolom X": [f"{NAMES[i]} ({nik(i)})" for i in range(60)],
    "Kode 2": [f"{float(n):.5E}".replace(".", ",") for n in NIKS],
    "ID": [float(n) for n in NIKS],
}


@given(
    name=st.sampled_from(sorted(SURE)), write=st.sampled_from([str, str.upper, str.lower, "  {} ".format]),
    group=st.sampled_from(["", "IDENTITAS > ", "DATA SASARAN > "]), at=st.integers(0, 2), rows=st.integers(3, 40),
)  # fmt: skip
def test_one_column_of_persons_is_enough(name: str, write: Any, group: str, at: int, rows: int) -> None:
    table = frame(rows, S=COUNTS)
    table.insert(at, group + write(name), SURE[name][:rows])
    assert found(table, villages=KNOWN) == ["ABC"[at]]


@given(name=st.sampled_from(["Nama", "NAMA", "Name"]), data=st.data())
def test_a_bare_name_beside_what_only_a_person_has(name: str, data: st.DataObject) -> None:
    marks = {
        "JK": SEXES, "L/P": SEXES, "Jenis Kelamin > L": ["√", None] * 30, "Umur": COUNTS, "Usia Saat Ukur": COUNTS,
        "Tinggi": HEIGHTS, "BB (kg)": [7.5 + i / 10 for i in range(60)], "Tahun Lahir": [2021] * 60, "No HP": HPS,
        "Alamat": [f"Jl. {n}" for n in NAMES], "TB/U": ["Pendek", "Normal"] * 30, "Pekerjaan": ["petani", "guru"] * 30,
    }  # fmt: skip
    mark = data.draw(st.sampled_from(sorted(marks)))
    table = frame(data.draw(st.integers(3, 30)), **{name: NAMES, mark: marks[mark]})
    assert found(table) == ["C", "D"]
    # What the study calls the village is none where its cells are no villages.
    assert found(table.drop(columns="Desa"), place={"village": name}, villages=KNOWN) == ["B", "C"]


def test_months_as_headings_are_no_persons_and_hide_none() -> None:
    months = {f"01/{n:02d}/2024": COUNTS for n in range(1, 7)}
    assert found(frame(6, **months), villages=KNOWN) == []
    assert found(frame(30, **{"Nama Anak": NAMES}, **months)) == ["C"]


def test_many_unlike_names_in_each_village() -> None:
    assert found(frame(Nama=NAMES)) == ["C"]
    assert found(frame(6, Nama=NAMES)) == ["C"], "full names, however few"
    assert found(frame(6, Nama=[n.split()[0] for n in NAMES])) == []
    posyandu = [f"{flower} {n}" for n in range(1, 11) for flower in ("MAWAR", "MELATI", "ANGGREK")]
    assert found(frame(Nama=posyandu, S=COUNTS)) == []
    assert found(frame(Nama=[f"Posyandu {n}" for n in NAMES])) == []


OF_PERSONS = "Balita Stunting; Penerima PMT; Keluarga Berisiko; Daftar balita stunting; Sasaran"


@settings(deadline=None)
@given(st.sampled_from(sorted(each(OF_PERSONS, ()))), st.integers(1, 4), st.sampled_from([", ", "; ", "\n"]))
def test_full_names_are_persons_whatever_their_heading_says(heading: str, each_cell: int, mark: str) -> None:
    cells = [mark.join(NAMES[i : i + each_cell]) for i in range(30)]
    for rows in (6, 30):
        assert found(frame(rows, **{heading: cells}), villages=KNOWN) == ["C"]
        assert found(frame(rows, **{heading: COUNTS}), villages=KNOWN) == []
    assert found(frame(30, Xyz=cells), villages=KNOWN) == ["C"]
    assert found(frame(6, Xyz=cells), villages=KNOWN) == []


DEEDS = ["Pemberian PMT {}", "Kelas ibu hamil di dusun {}", "Sanitasi {} buruk", "Belum ada jamban {}", "Posyandu {}"]
MANY_LINES = "Rekomendasi; Kegiatan; Keterangan; Sasaran kegiatan; Nama Kegiatan; Penyebab; Xyz; Balita Stunting"


@settings(deadline=None)
@given(st.sampled_from(sorted(each(MANY_LINES, ()))))
def test_many_lines_of_deeds_in_each_village_are_no_persons(heading: str) -> None:
    cells = [DEEDS[i % len(DEEDS)].format(NAMES[i].split()[1][:5]) + "abcde"[i % 5] * (i // 5 + 1) for i in range(60)]
    assert len(set(cells)) == len(cells)
    assert found(frame(60, **{heading: cells}), villages=KNOWN) == []


@given(
    keep=st.sets(st.sampled_from(["nik", "sex", "age", "birth"]), min_size=1), header=st.booleans(),
    rows=st.integers(12, 40),
)  # fmt: skip
def test_cells_tell_where_headings_do_not(keep: set[str], header: bool, rows: int) -> None:
    kinds = {"nik": NIKS, "sex": SEXES, "age": [f"{i % 5} Tahun - {i % 12} Bulan" for i in range(60)], "birth": BIRTHS}
    table = frame(rows, orang=NAMES, **{kind: kinds[kind] for kind in sorted(keep)})
    columns = [f"x{i}" for i in range(table.shape[1])]
    if not header:
        # Read as a table, such a list has its first person for headings.
        columns, table = [str(c) for c in table.iloc[0]], table.iloc[1:]
    assert persons_in(columns, table, place={"village": columns[1]}, villages=KNOWN)


OF_PLACES = "Nama Desa; Nama Desa/Kelurahan; NAMA DESA LENGKAP; Nama Puskesmas; Nama Ibu Kota Kecamatan"
OF_NAMES = """Nama Posyandu; Nama PAUD; Nama Kelompok BKB; Nama Kelas Ibu Hamil; Nama Kepala Desa; Nama Bidan Desa;
Nama Kader; Kepala Desa; Penanggung Jawab; Bapak Asuh; Alamat Kantor"""
OF_COUNTS = """Kepala Keluarga; Jumlah KK; KK; Istri; Ibu; NIK; Balita > Memiliki NIK; Anak; Bayi > L; Lahir; Umur;
Jumlah Kepala Keluarga; TB/U > Tinggi"""
VILLAGES = {
    **each(OF_PLACES, DESA),
    **each(OF_NAMES, NAMES),
    **each(OF_COUNTS, COUNTS),
    "Tanggal Posyandu": BIRTHS[:6] * 10,
    "Tgl ODF": BIRTHS,
    "idsubsls": [f"7601010{i:03d}000100" for i in range(60)],
    "Status": ["Maju", "Mandiri"] * 30,
}


@given(st.sets(st.sampled_from(sorted(VILLAGES)), max_size=6))
def test_a_table_of_villages_is_none(headers: set[str]) -> None:
    rows = len(DESA)
    table = frame(rows, **{h: VILLAGES[h] for h in sorted(headers)})
    assert found(table) == found(table, villages=KNOWN) == []


@given(st.sets(st.sampled_from(["L", "P", "Tinggi", "RT", "Umur 0-4", "KK", "Sangat Pendek", "Stunting"]), max_size=5))
def test_the_village_itself_may_be_called_nama(headers: set[str]) -> None:
    table = frame(6, **dict.fromkeys(sorted(headers), COUNTS)).rename(columns={"Desa": "Nama"})
    assert found(table) == found(table, place={"village": "Nama"}, villages=KNOWN) == []


@pytest.mark.parametrize("writer", WRITERS)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(page=pages())
def test_no_made_table_lists_persons(page: Page, writer: str, tmp_path: Path) -> None:
    sheet = read_sheet(WRITERS[writer](page, tmp_path / "tabel"))
    assert persons_in(sheet.columns, sheet.rows) == []


def test_no_table_of_real_offices_lists_persons(shared_data: Path) -> None:
    from lokus import demo

    tables = [
        *(shared_data / "indicators").rglob("*.*"),
        *(Path(demo.__file__).parent / "data").glob("*.[cx][sl][vs]*"),
    ]
    assert len(tables) > 10
    for path in tables:
        sheet = read_sheet(path)
        assert persons_in(sheet.columns, sheet.rows) == [], path.name


def test_words_of_a_heading_written_together_are_parted() -> None:
    assert spelled("NAMABALITA") == spelled("Nama Balita") == spelled("nama_balita") == spelled("N A M A  balita")
    assert spelled("NAMAKU") == {"namaku"}


@given(st.sampled_from(NIKS), st.text("ABC (),:", max_size=8), st.text("XYZ (),:", max_size=8))
def test_no_problem_carries_a_number_of_a_person(number: str, before: str, after: str) -> None:
    told = Problem("x", params={"cell": before + number + after, "cells": [number], "row": 7})
    assert number not in repr(told)
    assert masked("88.01.01.2001 (8801012001), 119.3278212345678901, 2019-2020-2021-2022") == (
        "88.01.01.2001 (8801012001), 119.3278212345678901, 2019-2020-2021-2022"
    )


SIGNED = """DAFTAR BALITA a.n. {0}; Atas nama {0}; Bidan desa: {0}; Penanggung Jawab Gizi : {0}; an. {0}; {0} / {1};
{0} 19700101 199503 1 002; {0} 0812-3456-7890"""


@pytest.mark.parametrize("cell", each(SIGNED.format(NAMES[0], NIKS[0]), ()))
def test_titles_and_notes_lose_whom_they_name(cell: str) -> None:
    assert MARK not in unsigned(cell)


@pytest.mark.parametrize(
    "cell", ["Puskesmas: SARUDU", "Kepala keluarga: menurut pendataan", "TAHUN 2023 2024 2025 2026"]
)
def test_titles_keep_what_names_nobody(cell: str) -> None:
    assert unsigned(cell) == cell


def test_points_that_are_persons_stand_on_no_map(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    at = {"Lintang": [-1.7] * 9, "Bujur": [119.3] * 9}
    asked = {"layer": "a", "sheet": "", "latitude": "Lintang", "longitude": "Bujur", "shown": "a.csv"}
    pd.DataFrame({"Nama": NAMES[:9], "JK": SEXES[:9], **at}).to_csv(path, index=False)
    with pytest.raises(DataError) as fault:
        read_points(path, name="Nama", **asked)
    assert [p.code for p in fault.value.problems] == ["table_of_persons"]
    puskesmas = pd.DataFrame(
        {"Nama": [f"Puskesmas {d}" for d in NAMES[:9]], "Alamat": "Jl. Raya", "Telepon": "0451", **at}
    )
    puskesmas.to_csv(path, index=False)
    assert len(read_points(path, name="Nama", **asked).points) == 9


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("command", ["check", "run"])
def test_nothing_of_a_list_of_persons_is_told_and_the_other_tables_are(
    command: str, header: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = write_study(tmp_path / "studi")
    children = frame(60, Nama=NAMES, JK=SEXES, Lahir=BIRTHS, NIK=NIKS, S=COUNTS)
    with pd.ExcelWriter(home / "data" / "anak.xlsx") as book:
        children.to_excel(book, sheet_name=NAMES[0], index=False, header=header)
    study = home / "lokus.toml"
    study.write_text(
        study.read_text("utf-8")
        + '\n[[table]]\nid = "anak"\npath = "data/anak.xlsx"\n[table.place]\nvillage = "Desa"\n',
        "utf-8",
    )
    assert entry([command, str(home)]) == 3
    told = capsys.readouterr()
    assert "lokus children" in told.err
    assert "PD. MANGGIS" in told.err, "the doubts of the other tables are told too"
    assert entry([command, str(home), "--json"]) == 3
    values = capsys.readouterr().out
    assert [p["code"] for p in json.loads(values)["problems"] if p["fatal"]] == ["table_of_persons"]
    written = "".join(p.read_text("utf-8") for p in home.iterdir() if p.is_file())
    for shown in (told.out, told.err, values, written):
        assert not any(secret in shown for secret in (MARK, "VANDO", *NIKS[:3], *BIRTHS[:3]))
    assert not (home / "runs").exists()


ROWS = 30


@pytest.mark.parametrize("command", ["check", "run"])
def test_nothing_of_a_table_is_told_that_matches_no_village(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = write_study(tmp_path / "studi")
    table = pd.DataFrame({"Kecamatan": "Kota Kirana", "Desa": NAMES[:ROWS], "Stunting": [*COUNTS[: ROWS - 1], "x"]})
    table.to_csv(home / "data" / "lain.csv", index=False)
    _with_table(home, "lain", "Stunting")
    assert entry([command, str(home), "--json"]) == 3
    values = capsys.readouterr().out
    (fatal,) = [p for p in json.loads(values)["problems"] if p["fatal"]]
    assert (fatal["code"], fatal["params"]["rows"]) == ("table_matches_nothing", ROWS)
    assert entry([command, str(home)]) == 3
    told = capsys.readouterr()
    written = "".join(p.read_text("utf-8") for p in home.iterdir() if p.is_file())
    assert not any(MARK in shown or "VANDO" in shown for shown in (told.out, told.err, values, written))
    assert not (home / "runs").exists()


@pytest.mark.parametrize("cell", [NAMES[0], NAMES[0].split()[0], BIRTHS[0], NIKS[0]])
def test_a_person_in_a_table_of_villages_is_not_quoted(
    cell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = write_study(tmp_path / "studi")
    villages = ["Bandar Kirana", "Pasar Baru", "Pasar Lama", NAMES[1] if cell in (NIKS[0], BIRTHS[0]) else "Pelabuhan"]
    unused = [*COUNTS[:3], NIKS[0] if cell == BIRTHS[0] else 5]
    table = pd.DataFrame({"Kecamatan": "Kota Kirana", "Desa": villages, "Stunting": [4, 3, 2, cell], "D": unused})
    table.to_csv(home / "data" / "lain.csv", index=False)
    _with_table(home, "lain", "Stunting")
    assert entry(["check", str(home)]) == 3
    told = "".join(capsys.readouterr())
    assert "lain.csv › baris 5" in told
    assert not any(secret in told for secret in (cell, MARK, "VANDO"))


def _with_table(home: Path, name: str, column: str) -> None:
    study = home / "lokus.toml"
    added = f"""
[[table]]
id = "{name}"
path = "data/{name}.csv"
place = {{ village = "Desa", kecamatan = "Kecamatan" }}
[[indicator]]
id = "{name}_x"
table = "{name}"
value = "{column}"
label_id = "x"
label_en = "x"
kind = "count"
better = "lower"
score = false
"""
    study.write_text(study.read_text("utf-8") + added, "utf-8")


def test_the_words_tell_where_to_look_and_what_to_do() -> None:
    problem = Problem("table_of_persons", True, params={"columns": ["B", "D"]})
    for lang in messages.LANGS:
        assert "B, D" in messages.problem(problem, lang)
        assert "lokus children" in messages.problem(problem, lang)


def test_twelve_unlike_names_for_random_rows_are_found_in_any_order() -> None:
    table = frame(40, Nama=NAMES, JK=SEXES)
    order = list(range(40))
    random.Random(3).shuffle(order)
    assert found(table.iloc[order]) == found(table)


@pytest.mark.parametrize("heading", ["Nama", "Ibu"])
def test_people_listed_every_month_are_people(heading: str) -> None:
    """A name that stands in many rows is no less a name, under a heading that means one."""
    names = ["Aisyah Kumala", "Budi Santosa", "Siti Hidayah", "Rahmat Karim", "Dewi Anggun"]
    rows = pd.DataFrame([[n, f"Desa {i % 4}", 1] for _ in range(4) for i, n in enumerate(names)])
    assert persons_in([heading, "Desa", "Stunting"], rows) == ["A"]
