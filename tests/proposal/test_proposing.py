"""Proposals from real and broken files: a study that runs, its evidence, and what it must never do."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from conftest import ROOT

from lokus import intake
from lokus.cli import entry
from lokus.errors import DataError, StudyError
from lokus.proposal import Proposal, as_values, closing, filled, looking, propose, report, write
from lokus.proposal.records import Said
from lokus.study import open_study

Propose = Callable[..., Proposal]
SHAPEFILE = ROOT / "boundaries" / "demo" / "teluk_kirana.shp"
DEMO = ROOT / "lokus" / "demo" / "data"


def init(home: Path, boundaries: Path, *tables: Path) -> list[str]:
    return ["init", str(home), "--boundaries", str(boundaries), "--table", *map(str, tables), "--yes"]


def uses(home: Path) -> dict[str, list[tuple[str, ...]]]:
    study = open_study(home)
    return {u.id: [u.numerator, u.denominator, u.value] for u in study.indicator}


def test_pasangkayu_with_all_its_tables_runs_as_written(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "studi"
    folder = shared_data / "indicators" / "pasangkayu"
    assert entry(init(home, shared_data / "boundaries" / "pasangkayu", folder)) == 0
    told = capsys.readouterr().out
    assert "61 dari 63" in told
    assert "keberadaan_posyandu.csv" in told
    study = open_study(home)
    found = uses(home)
    assert found["stunting"] == [("TB/U > Sangat Pendek", "TB/U > Pendek"), ("Diukur",), ()]
    assert found["measured"][:2] == [("Diukur",), ("Sasaran",)]
    assert found["krs"][:2] == [("JUMLAH KRS",), ("JUMLAH KELUARGA SASARAN",)]
    assert {"idm", "air_tidak_layak", "jamban_tidak_layak", "stunting_count"} <= set(found)
    tables = {t.id: t for t in study.table}
    assert tables["idm2024"].code_system == "kemendagri"
    assert tables["krs_verval_2024_sem2"].place.last4 == "KODE"
    assert tables["eppgbm_status_gizi_2024_01_17"].period == "2024-01-17"
    assert [p.latitude for p in study.points] == ["LATITUDE"]
    assert study.selection.count == 6
    # Two names wait for a person: the crosswalk holds them from the start.
    assert {"PAKAWA", "GODANG"} <= set(pd.read_csv(home / "crosswalk.csv", sep=None, engine="python")["village"])
    assert entry(["run", str(home)]) == 0


@pytest.mark.parametrize(("name", "province", "rows"), [("muara_enim", 16, 245), ("kaur", 17, 192)])
def test_kabupaten_with_a_table_of_their_whole_province(
    shared_data: Path, tmp_path: Path, name: str, province: int, rows: int, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "studi"
    table = shared_data / "indicators" / f"idm2024_province_{province}.csv"
    assert entry([*init(home, shared_data / "boundaries" / name, table), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["tables"][0]
    assert (told["villages"], told["code_system"], told["place"]["code"]) == (rows, "kemendagri", "kode10")
    evidence = {e["code"]: e["params"] for e in told["evidence"]}
    assert evidence["reading_code_kemendagri"]["by_code"] == rows
    assert evidence["reading_code_bps"]["by_code"] == 0
    assert entry(["run", str(home)]) == 0


def test_a_kota_whose_kelurahan_the_table_does_not_cover_is_refused_with_the_reason(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = shared_data / "indicators" / "idm2024_province_17.csv"
    assert entry(init(tmp_path / "studi", shared_data / "boundaries" / "kota_bengkulu", table)) == 3
    assert "kabupaten lain" in capsys.readouterr().err
    assert not (tmp_path / "studi").exists()


def test_the_demo_files_give_the_demo_study_and_it_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "studi"
    names = ("status_gizi.xlsx", "krs.csv", "cakupan_layanan.xlsx", "lokus_tahun_lalu.csv", "puskesmas.csv")
    assert entry([*init(home, SHAPEFILE, *(DEMO / n for n in names)), "--lang", "en"]) == 0
    ours, demo = open_study(home), tomllib.loads((DEMO / "lokus.toml").read_text("utf-8"))
    proposed = uses(home)
    for use in demo["indicator"]:
        if "numerator" in use:
            expected = [(use[k],) if isinstance(use[k], str) else tuple(use[k]) for k in ("numerator", "denominator")]
            # The demo names columns by their last header row where that is enough.
            ends = [
                tuple(h.endswith(e) for h, e in zip(*pair, strict=True))
                for pair in zip(proposed[use["id"]], expected, strict=False)
            ]
            assert all(map(all, ends)), use["id"]
    assert ours.selection.last_year == "lokus_tahun_lalu"
    assert {t.id: t.decimal for t in ours.table}["cakupan_layanan"] == ","
    assert ours.selection.count == 24
    assert entry(["run", str(home)]) == 0
    # Comments are in the language asked for.
    assert "# TODO: check the year" in (home / "lokus.toml").read_text("utf-8")
    assert capsys.readouterr().err == ""


def test_originals_stay_as_they_are_and_a_study_is_never_overwritten(
    tmp_path: Path, named: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "asli"
    source.mkdir()
    named.assign(IDM=0.5).to_csv(source / "idm 2024.csv", index=False)
    before = (source / "idm 2024.csv").read_bytes()
    home = tmp_path / "studi"
    assert entry(init(home, SHAPEFILE, source / "idm 2024.csv")) == 0
    assert [p.name for p in source.iterdir()] == ["idm 2024.csv"]
    assert (source / "idm 2024.csv").read_bytes() == before == (home / "data" / "idm 2024.csv").read_bytes()
    assert {p.suffix for p in (home / "boundaries").iterdir()} >= {".shp", ".shx", ".dbf", ".prj"}
    written = (home / "lokus.toml").read_bytes()
    capsys.readouterr()
    assert entry(init(home, SHAPEFILE, source / "idm 2024.csv")) == 2
    assert "sudah ada studi" in capsys.readouterr().err
    assert (home / "lokus.toml").read_bytes() == written


def test_two_files_of_one_name_both_find_room(tmp_path: Path, named: pd.DataFrame) -> None:
    for folder, header in (("a", "IDM"), ("b", "Unmet Need (%)")):
        (tmp_path / folder).mkdir()
        named.assign(**{header: 0.5 if folder == "a" else 12.5}).to_csv(tmp_path / folder / "data.csv", index=False)
    home = tmp_path / "studi"
    assert entry(init(home, SHAPEFILE, tmp_path / "a" / "data.csv", tmp_path / "b" / "data.csv")) == 0
    assert sorted(p.name for p in (home / "data").iterdir()) == ["data-2.csv", "data.csv"]
    assert {t.path for t in open_study(home).table} == {"data/data.csv", "data/data-2.csv"}
    assert entry(["run", str(home)]) == 0


def test_every_filled_sheet_is_looked_at(tmp_path: Path, named: pd.DataFrame, proposed: Propose) -> None:
    book = tmp_path / "semua.xlsx"
    with pd.ExcelWriter(book) as writer:
        pd.DataFrame({"Catatan": ["halo", "dunia", "ini"]}).to_excel(writer, sheet_name="Sampul", index=False)
        named.assign(IDM=0.5).to_excel(writer, sheet_name="IDM 2023", index=False)
        named.assign(Sasaran=50, Ditimbang=40).to_excel(writer, sheet_name="DS Agustus 2024", index=False)
    proposal = proposed({"semua.xlsx": book})
    assert {(t.look.sheet.name, t.period.text) for t in proposal.tables} == {
        ("IDM 2023", "2023"), ("DS Agustus 2024", "Agustus 2024"),
    }  # fmt: skip
    assert any("Sampul" in name for name, _ in proposal.left)
    assert proposal.runs


def test_children_are_never_copied_or_quoted(tmp_path: Path, named: pd.DataFrame, proposed: Propose) -> None:
    children = named.head(20).assign(NIK="8801010101190001", Nama="ANAK RAHASIA", **{"TB/U": "Pendek"})
    proposal = proposed({"anak.csv": children, "idm.csv": named.assign(IDM=0.5)})
    home = write(proposal, tmp_path / "studi", "id")
    told = "\n".join([*report(proposal, "id"), json.dumps(as_values(proposal, "en"), default=str)])
    assert "lokus children" in told
    written = b"".join(p.read_bytes() for p in home.rglob("*") if p.is_file()) + told.encode()
    assert b"ANAK RAHASIA" not in written
    assert b"8801010101190001" not in written


def test_bps_codes_on_kemendagri_boundaries_are_set_aside_for_the_names(
    named: pd.DataFrame, villages: pd.DataFrame, proposed: Propose
) -> None:
    bps = [f"8801{int(code[6:8]):02d}0{n % 900 + 1:03d}" for n, code in enumerate(villages.index)]
    table = named.assign(IDM=0.5)
    table.insert(0, "Kode", bps)
    proposal = proposed({"x.csv": table})
    (found,) = proposal.tables
    assert "code" not in found.place
    assert found.code_system is None
    matched = {e.code: e.params["matched"] for e in reversed(found.evidence)}
    assert matched["reading_code_kemendagri"] < 24
    assert matched["reading_names"] > 230
    with pytest.raises(DataError) as refused:
        proposed({"kode.csv": table.drop(columns=["Kecamatan", "Desa"])})
    assert [p.code for p in refused.value.problems] == ["init_nothing_fits", "init_few_fit"]


def test_of_two_boundary_files_the_one_the_tables_are_of_is_used(shared_data: Path, tmp_path: Path) -> None:
    files = [shared_data / "boundaries" / n / f"{n}.shp" for n in ("kaur", "pasangkayu")]
    table = shared_data / "indicators" / "pasangkayu" / "idm2024.csv"
    proposal = propose(tmp_path / "s", files, [table], ask=lambda _: None)
    assert proposal.ground.path.name == "pasangkayu.shp"
    assert [name for name, _ in proposal.left] == ["kaur.shp"]
    assert not proposal.ground_doubts


def test_a_file_of_two_provinces_is_narrowed_to_the_kabupaten_of_the_table(shared_data: Path, tmp_path: Path) -> None:
    rows = pd.read_csv(shared_data / "indicators" / "idm2024_province_17.csv", dtype=str)
    table = tmp_path / "kaur.csv"
    rows[rows["kode_kab"] == "1704"].to_csv(table, index=False)
    proposal = propose(tmp_path / "s", [shared_data / "boundaries" / "provinces_16_17.parquet"], [table],
                       ask=lambda _: None)  # fmt: skip
    assert proposal.kabupaten == "17.04"
    assert len(proposal.ground.boundaries.places) == 195
    assert [d.said.code for d in proposal.ground_doubts] == ["which_kabupaten"]  # type: ignore[union-attr]


@pytest.mark.parametrize("content", [b"", b"halo dunia\nini bukan tabel\n", b"\x89PNG\r\n\x1a\n" + bytes(99)])
def test_files_of_no_use_end_in_3_with_the_reason(
    tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    assert entry(init(tmp_path / "studi", SHAPEFILE, path)) == 3
    assert "x.csv" in capsys.readouterr().err
    assert not (tmp_path / "studi").exists()


def test_a_slip_in_a_path_is_refused_and_names_every_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert entry(init(tmp_path / "s", tmp_path / "batas.shp", tmp_path / "a.csv")) == 3
    told = capsys.readouterr().err
    assert "batas.shp" in told
    assert "a.csv" in told


def test_what_lokus_refuses_to_read_stands_as_a_comment_with_the_reason(
    tmp_path: Path, named: pd.DataFrame, proposed: Propose
) -> None:
    table = named.assign(Diukur=100, Stunting=20, IDM=0.5)
    table.loc[: len(table) // 4, "Stunting"] = 110
    proposal = proposed({"x 2024.csv": table})
    assert [m.id for _, m in proposal.indicators] == ["idm"]
    home = write(proposal, tmp_path / "studi", "id")
    text = (home / "lokus.toml").read_text("utf-8")
    assert '# id = "stunting"' in text
    assert "baris 2" in text
    assert str(tmp_path) not in text
    assert entry(["run", str(home)]) == 0
    assert [line.split(":")[0] for line in closing(proposal, "id")[1:]] == ["  ✗ stunting"]


@pytest.mark.parametrize("others", [{}, {"IDM": 0.5}])
def test_one_impossible_row_is_told_first_and_mended_the_study_runs_with_its_indicator(
    tmp_path: Path, named: pd.DataFrame, others: dict[str, float], capsys: pytest.CaptureFixture[str]
) -> None:
    table = named.assign(Diukur=100, Stunting=[10 + n % 20 for n in range(len(named))], **others)
    table.loc[3, "Stunting"] = 110
    table.to_csv(tmp_path / "x 2024.csv", index=False)
    home = tmp_path / "studi"
    assert entry(init(home, SHAPEFILE, tmp_path / "x 2024.csv")) == 0
    told = capsys.readouterr().out.split("\n\n")[-2:]
    assert "baris 5" in told[0]
    assert '"Stunting + Diukur"' in told[0]
    assert "Belum bisa dijalankan" in told[1]
    assert {"stunting", "stunting_count", *map(str.casefold, others)} == set(uses(home))
    assert entry(["run", str(home)]) == 3
    copy = home / "data" / "x 2024.csv"
    copy.write_text(copy.read_text("utf-8").replace(",110", ",11"), "utf-8")
    assert entry(["run", str(home)]) == 0


def test_several_rows_of_a_village_are_added_up_with_a_doubt_and_months_are_not(
    named: pd.DataFrame, proposed: Propose
) -> None:
    counts = named.assign(Diukur=100, Stunting=20)
    other = counts.assign(Stunting=15)
    units = pd.concat([counts.assign(Posyandu="Melati"), other.assign(Posyandu="Mawar")])
    (twice,) = proposed({"dua.csv": units}).tables
    assert (twice.repeated, "repeated_sum" in {getattr(d, "code", "") for d in twice.doubts}) == ("sum", True)
    months = pd.concat([counts.assign(Bulan="Maret"), counts.assign(Bulan="September")])
    (monthly,) = proposed({"bulanan 2024.csv": months}).tables
    assert (monthly.period.column, monthly.period.text, monthly.repeated) == ("Bulan", "September 2024", "refuse")


@pytest.mark.parametrize("stunting", [20, 15])
def test_a_village_that_stands_twice_without_a_reason_waits_for_a_person(
    named: pd.DataFrame, proposed: Propose, stunting: int
) -> None:
    counts = named.assign(Diukur=100, Stunting=20)
    proposal = proposed({"dua 2024.csv": pd.concat([counts, counts.head(1).assign(Stunting=stunting)])})
    (table,) = proposal.tables
    assert (table.repeated, table.off, proposal.runs) == ("refuse", None, False)
    assert {p.code for m in table.meanings for p in m.mend} == {"repeated_village"}
    copies = [d.params["rows"] for d in table.doubts if isinstance(d, Said) and d.code == "repeated_copies"]
    assert copies == ([[str(len(counts) + 2)]] if stunting == 20 else [])


@pytest.mark.parametrize("repeats", [True, False])
def test_numbers_of_a_village_on_its_first_line_or_on_all_are_not_added_up(
    named: pd.DataFrame, proposed: Propose, repeats: bool
) -> None:
    counts = named.assign(Diukur=100, Stunting=[10 + n % 20 for n in range(len(named))])
    lines = pd.concat([counts.assign(Masalah=m) for m in ("Air bersih", "Jamban")], ignore_index=True)
    if not repeats:
        lines.loc[lines.index >= len(named), ["Diukur", "Stunting"]] = None
    (table,) = proposed({"rekomendasi 2024.csv": lines}).tables
    assert (table.repeated, table.off) == ("first", None)


@pytest.mark.parametrize("month", ["Bulan", "BULAN PELAPORAN"])
@pytest.mark.parametrize("year", ["Tahun", "THN"])
def test_a_month_and_the_year_beside_it_are_one_period(
    tmp_path: Path, named: pd.DataFrame, proposed: Propose, month: str, year: str
) -> None:
    counts = named.assign(Diukur=100)
    times = [(2024, "Januari", 5), (2024, "Desember", 9), (2025, "Januari", 20)]
    rows = pd.concat([counts.assign(**{year: y, month: m, "Stunting": n}) for y, m, n in times])
    proposal = proposed({"x.csv": rows})
    assert (proposal.tables[0].period.text, proposal.tables[0].repeated) == ("Januari 2025", "refuse")
    found = intake.read(open_study(write(proposal, tmp_path / "studi", "id")))
    assert set(found.villages["value_stunting"]) == {0.2}


def test_one_negative_cell_waits_and_months_side_by_side_are_the_last(named: pd.DataFrame, proposed: Propose) -> None:
    slip = named.assign(Diukur=100, Stunting=20)
    slip.loc[4, "Stunting"] = -4
    (table,) = proposed({"x 2024.csv": slip}).tables
    assert [p.code for m in table.meanings if m.id == "stunting" for p in m.mend] == ["negative_number"]
    counts = {"Diukur": 100, "Stunting": 20}
    wide = named.assign(**{f"{m} > {c}": n for m in ("Maret", "Juni") for c, n in counts.items()})
    (table,) = proposed({"x 2024.csv": wide}).tables
    assert table.meanings[0].columns == ("Juni > Stunting", "Juni > Diukur")


def test_places_written_on_the_first_of_several_lines_are_given_to_the_rest(
    tmp_path: Path, named: pd.DataFrame, proposed: Propose
) -> None:
    lines = pd.concat([named.assign(Sasaran=100, Ditimbang=60)] * 5).sort_index(kind="stable")
    lines = lines.reset_index(drop=True)
    lines.loc[lines.index % 5 > 0, ["Kecamatan", "Desa"]] = None
    lines["Ditimbang"] += lines.index % 5
    proposal = proposed({"posyandu 2024.csv": lines})
    (table,) = proposal.tables
    assert (table.fill_down, table.repeated) == (True, "sum")
    # The evidence is of the proposal: every line found its village.
    assert table.evidence[0].params["matched"] == table.evidence[0].params["rows"] == len(lines)
    assert "match_low" not in {getattr(d, "code", "") for d in table.doubts}
    assert entry(["run", str(write(proposal, tmp_path / "studi", "id"))]) == 0


def test_rows_of_several_services_in_a_village_are_several_tables(
    tmp_path: Path, named: pd.DataFrame, proposed: Propose
) -> None:
    services = {"Ibu hamil mendapat TTD 90 tablet": 40, "Bayi ASI eksklusif": 30, "Pelatihan kader": 10}
    lines = pd.concat([named.assign(Layanan=s, Sasaran=50, Capaian=n) for s, n in services.items()])
    proposal = proposed({"capaian 2024.xlsx": lines})
    assert {m.id: t.only["Layanan"] for t in proposal.tables for m in t.meanings} == dict(
        zip(["bumil_ttd90", "asi_eks", "capaian_2024_pelatihan_kader_cakupan"], services, strict=True)
    )
    home = write(proposal, tmp_path / "studi", "id")
    found = intake.read(open_study(home))
    sums = [[s["sum"] for s in t["sums"]] for t in found.tables]
    assert sums == [[n * len(named), 50.0 * len(named)] for n in services.values()]


def test_periods_under_an_unexpected_heading_are_still_not_summed(named: pd.DataFrame, proposed: Propose) -> None:
    counts = named.assign(Sasaran=100, Ditimbang=60)
    both = pd.concat([counts.assign(Kapan="Maret 2024"), counts.assign(Kapan="Juni 2024")])
    (table,) = proposed({"x.csv": both}).tables
    assert (table.period.column, table.repeated, table.off) == ("Kapan", "refuse", None)


def test_no_column_recognised_gives_a_study_that_asks_for_one(
    tmp_path: Path, named: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    named.assign(Ayam=3, Bebek=4).to_csv(tmp_path / "ternak.csv", index=False)
    home = tmp_path / "studi"
    assert entry(init(home, SHAPEFILE, tmp_path / "ternak.csv")) == 0
    assert "Belum bisa dijalankan" in capsys.readouterr().out
    with pytest.raises(StudyError):
        open_study(home)
    text = (home / "lokus.toml").read_text("utf-8")
    own = 'label_id = "Ayam"\nkind = "count"\nbetter = "lower"\n'
    told = f'[[indicator]]\nid = "ayam"\ntable = "ternak"\nvalue = "Ayam"\n{own}\n[selection]'
    (home / "lokus.toml").write_text(text.replace("[selection]", told), "utf-8")
    assert entry(["run", str(home)]) == 0


def test_at_a_terminal_a_person_decides(
    tmp_path: Path, named: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    named.assign(**{"IDM 2023": 0.6, "IDM 2024": 0.7}).to_csv(tmp_path / "idm.csv", index=False)
    answers = iter(["x", "9", "2", "Agustus 2025", "", "BIG 2024", "1999", "", "0", "12"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: next(answers))
    home = tmp_path / "studi"
    assert entry(init(home, SHAPEFILE, tmp_path / "idm.csv")[:-1]) == 0
    assert "1. IDM 2023" in capsys.readouterr().out
    assert uses(home)["idm"][2] == ("IDM 2024",)
    study = open_study(home)
    assert (study.table[0].period, study.table[0].source) == ("Agustus 2025", "DPMD")
    assert (study.boundaries.source, study.study.year, study.selection.count) == ("BIG 2024", 2026, 12)
    assert "TODO:" not in (home / "lokus.toml").read_text("utf-8")
    assert entry(["run", str(home)]) == 0


def test_who_leaves_the_terminal_finds_the_rest_as_todos(named: pd.DataFrame, proposed: Propose) -> None:
    proposal = proposed({"idm.csv": named.assign(IDM=0.5)})
    answers = iter(["Agustus 2025", "DPMD", None])
    left = filled(proposal, lambda _: next(answers))
    assert [(t.period.text, t.source) for t in left.tables] == [("Agustus 2025", "DPMD")]
    assert not left.settled
    assert filled(proposal, lambda _: None) == proposal


def test_a_proposal_is_the_same_twice(named: pd.DataFrame, proposed: Propose) -> None:
    table = named.assign(Diukur=100, Stunting=20, Sasaran=120)
    first, second = (as_values(proposed({"x 2024.csv": table}), "id") for _ in range(2))
    assert first == second


def test_a_boundary_file_with_both_codes_is_read_by_the_system_of_the_table(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shapes = gpd.read_file(shared_data / "boundaries" / "pasangkayu" / "pasangkayu.shp")
    shapes["KDEBPS"] = [f"7601{n // 10 + 1:02d}0{n % 10 + 1:03d}" for n in range(len(shapes))]
    shapes.to_file(tmp_path / "batas.gpkg")
    table = pd.DataFrame({"kode": shapes["KDEBPS"], "desa": shapes["WADMKD"], "idm": 0.5})
    table.to_csv(tmp_path / "idm 2024.csv", index=False)
    home = tmp_path / "studi"
    assert entry(init(home, tmp_path / "batas.gpkg", tmp_path / "idm 2024.csv")) == 0
    study = open_study(home)
    assert (study.boundaries.code_system, study.table[0].code_system) == ("bps", "bps")
    assert "63 baris cocok kodenya" in capsys.readouterr().out
    assert entry(["check", str(home)]) == 0


def test_a_geodatabase_is_copied_whole_and_read(shared_data: Path, tmp_path: Path) -> None:
    shapes = gpd.read_file(shared_data / "boundaries" / "pasangkayu" / "pasangkayu.shp")
    shapes = shapes[["KDEPUM", "WADMKD", "WADMKC", "WADMKK", "geometry"]]
    kind = {"geometry_type": "MultiPolygon", "promote_to_multi": True}
    shapes.to_file(tmp_path / "batas.gdb", driver="OpenFileGDB", layer="desa", **kind)
    home = tmp_path / "studi"
    table = shared_data / "indicators" / "pasangkayu" / "idm2024.csv"
    assert entry(init(home, tmp_path / "batas.gdb", table)) == 0
    assert entry(["run", str(home)]) == 0


@pytest.mark.parametrize(
    ("case", "said"),
    [("29_lat_lon_swapped/kaur.shp", "tertukar"), ("35_geojson_utm_no_crs.geojson", "EPSG:32748"),
     ("11_lines/kaur.shp", "garis"), ("97_duplicate_codes/kaur.shp", "17.04.13.2001")],
)  # fmt: skip
def test_a_broken_boundary_file_ends_in_its_own_fault_alone(
    shared_data: Path, tmp_path: Path, case: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table = shared_data / "indicators" / "idm2024_province_17.csv"
    assert entry(init(tmp_path / "s", shared_data / "hostile" / case, table)) == 3
    told = capsys.readouterr().err
    assert said in told
    assert "bps" not in told
    # There is no study yet that could say it.
    assert "[boundaries]" not in told
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(("lang", "word"), [("id", "bukti"), ("en", "evidence")])
def test_help_in_both_languages(lang: str, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert entry(["init", "--help", "--lang", lang]) == 0
    assert word in capsys.readouterr().out


def test_a_workbook_with_one_by_name_sheet_is_not_copied_at_all(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Desa", "Sasaran", "Diukur"])
    book.active.append(["Sarudu", 10, 9])
    children = book.create_sheet("anak")
    children.append(["Nama", "JK", "Desa", "Tinggi"])
    children.append(["ZZQ RAHASIA", "L", "Sarudu", 80.5])
    book.save(tmp_path / "campur.xlsx")
    left: list[Any] = []
    assert list(looking.sheets(tmp_path / "campur.xlsx", left)) == []
    assert [(name, p.code) for name, p in left] == [("campur.xlsx", "init_by_name")]
