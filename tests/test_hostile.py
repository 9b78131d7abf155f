"""What a user can break ends in words and an exit code: never a traceback, never a half-written run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest

from lokus.cli import entry
from lokus.demo import write_study
from lokus.errors import DataError
from lokus.pipeline import FORMAT
from lokus.runs.folder import OUTPUTS
from lokus.villages import crosswalk

FAST = "permutations = 99\n[uncertainty]\ndraws = 100\n"
WATER = 'id = "air_tidak_layak"\ntable = "krs"\n'
OWN = 'label_id = "x"\nkind = "share"\nbetter = "lower"\n'
POINTS = '[[points]]\nid = "puskesmas"\npath = "p.csv"\nname = "a"\nlatitude = "b"\nlongitude = "c"\n'
OF = 'of = "stunting"                    # banyak'
NUMERATOR = 'numerator = "JUMLAH KRS"'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    study = write_study(tmp_path / "studi")
    changed(study, "permutations = 9999", FAST)
    return study


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    study = write_study(tmp_path_factory.mktemp("ran") / "studi")
    changed(study, "permutations = 9999", FAST)
    assert entry(["run", str(study)]) == 0
    return study


def changed(study: Path, old: str, new: str) -> None:
    text = (study / "lokus.toml").read_text("utf-8")
    assert old in text
    (study / "lokus.toml").write_text(text.replace(old, new, 1), "utf-8")


def told(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, dict[str, Any]]:
    """Exit code and the JSON of a command; whatever happens, there is JSON."""
    capsys.readouterr()
    code = entry([*argv, "--json"])
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, answer


def codes(answer: dict[str, Any]) -> dict[str, str]:
    return {p["code"]: p["where"]["key"] for p in answer["problems"]}


def krs(study: Path, column: str, cell: str, rows: slice = slice(None)) -> None:
    file = study / "data" / "krs.csv"
    table = pd.read_csv(file, sep=";", dtype="str", encoding="cp1252", keep_default_na=False)
    table.loc[table.index[rows], column] = cell
    table.to_csv(file, sep=";", index=False, encoding="cp1252")


STUDY_FAULTS = [
    ("count = 24", "count = true", "key_type", "selection.count"),
    ("max_per_kecamatan = 4", f"max_per_kecamatan = {10**30}", "key_range", "selection.max_per_kecamatan"),
    (WATER, f"{WATER}weight = inf\n", "key_type", "indicator[11].weight"),
    (WATER, f"{WATER}weight = 1e308\n", "key_range", "indicator[11].weight"),
    (WATER, f"{WATER}goalposts = [0.0, nan]\n", "key_type", "indicator[11].goalposts[2]"),
    (NUMERATOR, 'numerator = ["", "JUMLAH KRS"]', "key_empty", "indicator[10].numerator[1]"),
    (NUMERATOR, 'numerator = ["JUMLAH KRS", "JUMLAH KRS"]', "header_twice", "indicator[10]"),
    (NUMERATOR, 'numerator = "JUMLAH KELUARGA SASARAN"', "header_twice", "indicator[10]"),
    (OF, f'{OF}\nkind = "share"\n#', "of_not_count", "indicator[2].kind"),
    (WATER, WATER.replace("air_tidak_layak", "people_krs") + OWN, "id_reserved", "indicator[11].id"),
    ("[[dimension]]", '[[dimension]]\nid = "kosong"\n[[dimension]]', "dimension_unused", "dimension[1]"),
    ("[[points]]", f"{POINTS}[[points]]", "id_twice", "points"),
    ('path = "data/krs.csv"', 'path = "data/\\u0000.csv"', "path_unreadable", "table[2].path"),
    ('path = "data/krs.csv"', 'path = ""', "key_empty", "table[2].path"),
    ('path = "boundaries/teluk_kirana.shp"', 'path = "."', "key_empty", "boundaries.path"),
    ("lokus = 1 ", 'crosswalk = "data/krs.csv"\n#', "crosswalk_is_input", "crosswalk"),
    ("lokus = 1 ", 'folder = "x"\n#', "key_unknown", "folder"),
    ("lokus = 1 ", f"lokus = {'9' * 5000}\n#", "study_syntax", ""),
    ("lokus = 1 ", f"lokus = {'[' * 50000}\n#", "study_syntax", ""),
]


@pytest.mark.parametrize(("old", "new", "code", "key"), STUDY_FAULTS, ids=[f"{c} {k}" for _, _, c, k in STUDY_FAULTS])
def test_every_slip_in_the_study_file_ends_in_2_with_its_key(
    home: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, code: str, key: str
) -> None:
    changed(home, old, new)
    exit_code, answer = told(capsys, "check", str(home))
    assert (exit_code, codes(answer).get(code)) == (2, key)
    assert answer["error"] == "study_faults"


def test_a_faulty_indicator_is_not_also_told_as_weights_of_zero(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed(home, OF, 'of = "tidak_ada" #')
    assert codes(told(capsys, "check", str(home))[1]) == {"of_unknown": "indicator[2].of"}


def test_choices_and_examples_read_in_any_language(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed(home, 'language = "id"', 'language = "fr"')
    changed(home, "count = 24", "count = 24.5")
    assert entry(["check", str(home)]) == 2
    shown = capsys.readouterr().err
    assert "'id', 'en'" in shown
    assert "Tulis seperti ini: 24." in shown


DATA_FAULTS = [
    ("JUMLAH KELUARGA SASARAN", "9" * 400, "number_too_large"),
    ("JUMLAH KRS", "12%", "percent_as_count"),
]


@pytest.mark.parametrize(("column", "cell", "code"), DATA_FAULTS, ids=[c for *_, c in DATA_FAULTS])
def test_impossible_cells_end_in_3(
    home: Path, capsys: pytest.CaptureFixture[str], column: str, cell: str, code: str
) -> None:
    krs(home, column, cell, slice(3, 5) if code == "number_too_large" else slice(None))
    exit_code, answer = told(capsys, "run", str(home))
    assert exit_code == 3
    assert code in codes(answer)
    assert not (home / "runs").exists()


def test_a_number_no_village_has_is_told_from_a_workbook_too(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = home / "data" / "cakupan_layanan.xlsx"
    book = openpyxl.load_workbook(file)
    book["Cakupan"].cell(12, 7).value = 1e300
    book.save(file)
    exit_code, answer = told(capsys, "check", str(home))
    assert exit_code == 3
    assert [p["where"]["row"] for p in answer["problems"] if p["code"] == "number_too_large"] == [12]


def test_more_not_reached_than_there_are_is_no_coverage(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed(home, 'numerator = "BALITA > ASI eksklusif"', 'complement = true\nnumerator = "Jumlah rumah tangga"')
    exit_code, answer = told(capsys, "check", str(home))
    assert exit_code == 3
    assert "more_than_measured" in codes(answer)


@pytest.mark.parametrize("better", ["lower", "higher"])
def test_a_percentage_over_a_hundred_is_told(home: Path, capsys: pytest.CaptureFixture[str], better: str) -> None:
    krs(home, "JUMLAH KRS", "150", slice(7, 8))
    krs(home, "JUMLAH KRS", "20", slice(8, None))
    krs(home, "JUMLAH KRS", "20", slice(0, 7))
    changed(
        home, f'{NUMERATOR}\ndenominator = "JUMLAH KELUARGA SASARAN"', f'percent = "JUMLAH KRS"\nbetter = "{better}"'
    )
    exit_code, answer = told(capsys, "check", str(home))
    assert exit_code == (3 if better == "lower" else 0)
    assert [p["where"]["row"] for p in answer["problems"] if p["code"] == "percent_over_hundred"] == [9]


def test_an_indicator_without_any_figure_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    krs(home, "JUMLAH KRS", "")
    exit_code, answer = told(capsys, "check", str(home))
    assert exit_code == 0
    assert "indicator_without_data" in codes(answer)


def test_a_boundary_file_without_one_polygon_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawn = gpd.read_file(home / "boundaries" / "teluk_kirana.shp")
    drawn.set_geometry([None] * len(drawn), crs=drawn.crs).to_file(home / "boundaries" / "b.geojson", driver="GeoJSON")
    changed(home, "boundaries/teluk_kirana.shp", "boundaries/b.geojson")
    exit_code, answer = told(capsys, "run", str(home))
    assert exit_code == 3
    assert "boundary_without_shapes" in codes(answer)


@pytest.mark.parametrize("path", ["boundaries", "boundaries/TELUK_KIRANA.SHP", "boundaries/teluk_kirana.dbf"])
def test_however_the_boundaries_are_named_all_their_parts_are_inputs(
    home: Path, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    changed(home, "boundaries/teluk_kirana.shp", path)
    exit_code, answer = told(capsys, "run", str(home))
    assert exit_code == 0
    inputs = json.loads((Path(answer["folder"]) / "run.json").read_text("utf-8"))["inputs"]
    parts = {f"boundaries/teluk_kirana.{part}" for part in ("cpg", "dbf", "prj", "shp", "shx")}
    assert parts == {i["path"] for i in inputs if i["path"].startswith("boundaries")}


def test_an_unpaired_quotation_mark_loses_no_decision(tmp_path: Path) -> None:
    file = tmp_path / "crosswalk.csv"
    file.write_text('kecamatan;village;village_code\nA;"B;-\nC;D;-\n', "utf-8")
    with pytest.raises(DataError) as refused:
        crosswalk.read(file)
    assert refused.value.problems[0].code == "crosswalk_unreadable"


def test_a_dash_of_any_length_is_a_decision(tmp_path: Path) -> None:
    file = tmp_path / "crosswalk.csv"
    file.write_text("kecamatan;village;village_code\nA;B;–\nA;C;—\n", "utf-8")
    keys = [crosswalk.key_of("A", "B", ""), crosswalk.key_of("A", "C", "")]
    assert crosswalk.decisions(crosswalk.read(file), "t", keys, "kemendagri") == [(("-", 1.0),)] * 2


def test_the_crosswalk_is_written_into_a_new_folder_and_left_alone_when_nothing_changed(tmp_path: Path) -> None:
    file = tmp_path / "new" / "crosswalk.csv"
    crosswalk.write(file, crosswalk.empty())
    before = file.stat().st_mtime_ns
    file.parent.chmod(0o555)
    try:
        crosswalk.write(file, crosswalk.empty())
    finally:
        file.parent.chmod(0o755)
    assert file.stat().st_mtime_ns == before


def test_a_run_whose_papers_were_altered_is_damaged(
    ran: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = shutil.copytree(next((ran / "runs").iterdir()), tmp_path / "copy")
    papers = json.loads((copy / "run.json").read_text("utf-8"))
    papers["facts"]["indicators"] = 5
    (copy / "run.json").write_text(json.dumps(papers), "utf-8")
    for argv in (["map", str(copy)], ["explain", str(copy), "x"], ["verify", str(copy)]):
        exit_code, answer = told(capsys, *argv)
        assert (exit_code, answer["error"], answer["params"]["files"]) == (1, "run_damaged", ["run.json"])


@pytest.mark.parametrize("text", ["[]", "null", "{", f'{{"format": {FORMAT}}}', "[" * 50000])
def test_a_run_json_that_is_none_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    (tmp_path / "run.json").write_text(text, "utf-8")
    exit_code, answer = told(capsys, "map", str(tmp_path))
    assert exit_code == 1
    assert answer["error"] in ("run_not_found", "run_damaged")


def test_what_a_killed_run_left_is_never_taken_for_a_run(ran: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = next(f for f in (ran / "runs").iterdir() if f.name[0] != ".")
    left = ran / "runs" / ".writing-left" / "run"
    left.mkdir(parents=True)
    for name in OUTPUTS[:3]:
        shutil.copy(run / name, left / name)
    (run / "times.json").unlink()
    assert told(capsys, "explain", str(ran), "88.01.18.2004")[0] == 0
    exit_code, answer = told(capsys, "run", str(ran))
    assert (exit_code, Path(answer["folder"]).name) == (0, run.name)
    shutil.rmtree(left.parent)


def test_a_study_never_run_says_so(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "map", str(home))[1]["error"] == "run_none"


def test_a_map_that_cannot_be_written_is_told(ran: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    for output in (tmp_path, tmp_path / "file" / "map.html"):
        assert told(capsys, "map", str(ran), "-o", str(output))[1]["error"] == "map_unwritable"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("command", ["check", "map"])
def test_a_path_too_long_for_the_computer_is_told(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    exit_code, answer = told(capsys, command, "x" * 5000)
    assert exit_code == (2 if command == "check" else 1)
    assert answer["error"] != "our_fault"


def test_every_failure_is_json_where_json_is_asked_for(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(capsys, "rum") == (2, {"error": "usage", "params": {"detail": ANY}, "problems": []})
    monkeypatch.setattr("lokus.pipeline.run", lambda *_, **__: 1 / 0)
    assert told(capsys, "run", str(home)) == (1, {"error": "our_fault", "params": {"fault": ANY}, "problems": []})


HOSTILE = [
    '<img src=x onerror="alert(1)">',
    "=cmd|'/c calc'!A1",
    "A" * 300,
    "\u202eRTL",
    "😀",
    "dua\nbaris",
    "'kutip",
    "@x",
    "{x}",
]


def test_hostile_names_run_through_and_come_out_inert(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawn = gpd.read_file(home / "boundaries" / "teluk_kirana.shp")
    drawn.loc[drawn.index[: len(HOSTILE)], ["NAMOBJ", "WADMKD"]] = [[name, name] for name in HOSTILE]
    drawn.to_file(home / "boundaries" / "b.geojson", driver="GeoJSON")
    changed(home, "boundaries/teluk_kirana.shp", "boundaries/b.geojson")
    exit_code, answer = told(capsys, "run", str(home))
    assert exit_code == 0
    listed = pd.read_csv(Path(answer["folder"]) / "villages.csv", encoding="utf-8-sig")
    assert not listed["village"].str.match(r"[=+@\-]").any()
    exit_code, drawn_map = told(capsys, "map", str(home))
    assert exit_code == 0
    assert "<img src=x" not in Path(drawn_map["map"]).read_text("utf-8")
    for code in listed["village_code"].head(len(HOSTILE)):
        assert told(capsys, "explain", str(home), code)[0] == 0
