"""The commands: exit codes, languages, JSON, and no traceback for anything a user can cause."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lokus import intake
from lokus.cli import entry
from lokus.demo import write_study
from lokus.study import open_study


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo study after `lokus run`."""
    home = write_study(tmp_path_factory.mktemp("cli") / "studi")
    assert entry(["run", str(home)]) == 0
    return home


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return write_study(tmp_path / "studi")


def replaced(home: Path, old: str, new: str) -> None:
    file = home / "lokus.toml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def test_demo_does_all_and_says_what_to_open(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert entry(["demo", str(tmp_path / "d"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert Path(told["map"]).read_text("utf-8").startswith("<!DOCTYPE html>")
    assert (Path(told["run"]) / "run.json").is_file()
    assert Path(told["last_year"]).is_relative_to(tmp_path / "d" / "tahun-lalu")
    assert (Path(told["rembuk"]) / "paparan.pptx").is_file()
    assert entry(["compare", str(tmp_path / "d" / "tahun-lalu"), told["study"], "--json"]) == 0
    both = json.loads(capsys.readouterr().out)
    assert both["after"] == Path(told["run"]).name and {"method", "actual"} < set(both["backtest"])


COMMANDS = (
    "demo", "init", "check", "run", "presets", "map", "rembuk", "explain", "audit", "compare", "verify", "children",
    "indicators",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("lang", ["id", "en"])
def test_every_command_has_help_in_both_languages(command: str, lang: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert entry([command, "--help", "--lang", lang]) == 0
    assert ("bahasa" if lang == "id" else "language") in capsys.readouterr().out


def test_usage_faults_end_in_2_and_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert entry(["run"]) == 2
    assert entry(["rum", "x"]) == 2
    assert "Cara pakai" in capsys.readouterr().err


def test_the_language_of_the_environment_counts_unless_one_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOKUS_LANG", "en")
    assert entry(["run", "nowhere"]) == 2
    assert "no study file" in capsys.readouterr().err
    assert entry(["run", "nowhere", "--lang", "id"]) == 2
    assert "berkas studi tidak ditemukan" in capsys.readouterr().err


def test_check_tells_the_account_and_writes_what_waits(ran: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert entry(["check", str(ran)]) == 0
    told = capsys.readouterr().out
    assert "crosswalk.csv" in told
    assert entry(["check", str(ran), "--json"]) == 0
    account = json.loads(capsys.readouterr().out)
    for table in account["tables"]:
        parts = ("matched", "candidates", "unmatched", "outside", "ignored")
        assert table["rows"] == sum(table[p] for p in parts), table["id"]


def test_data_faults_end_in_3_with_file_row_and_remedy_and_leave_no_run(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    replaced(home, 'denominator = "Jumlah rumah tangga"', 'denominator = "Jumlah Rumah"')
    assert entry(["run", str(home), "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    assert told["problems"][0]["where"]["file"] == "data/cakupan_layanan.xlsx"
    assert "Jumlah" in told["problems"][0]["text"]
    assert not (home / "runs").exists()


def test_a_missing_and_a_broken_file_are_told_together(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "data" / "krs.csv").unlink()
    (home / "data" / "status_gizi.xlsx").write_bytes(b"PK\x03\x04 nothing more")
    assert entry(["check", str(home)]) == 3
    told = capsys.readouterr().err
    assert "krs.csv" in told
    assert "status_gizi.xlsx" in told
    assert "Traceback" not in told


def test_a_fault_of_one_table_silences_none_of_the_others(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert entry(["check", str(home), "--json"]) == 0
    doubts = [(p["code"], p["where"]) for p in json.loads(capsys.readouterr().out)["problems"]]
    krs = home / "data" / "krs.csv"
    lines = krs.read_bytes().splitlines()
    first = lines[1].split(b";")
    krs.write_bytes(b"\n".join([lines[0], b";".join([*first[:-2], b"-1", first[-1]]), *lines[2:], lines[2]]))
    replaced(home, 'denominator = "Jumlah rumah tangga"', 'denominator = "Jumlah Rumah"')
    assert entry(["check", str(home), "--json"]) == 3
    told = json.loads(capsys.readouterr().out)["problems"]
    # A column that is not there, an impossible cell, a village in two rows, and all that was told before.
    fatal = {p["code"] for p in told if p["fatal"]}
    assert {"column_missing", "negative_number", "repeated_village"} <= fatal
    assert [one for one in doubts if one not in [(p["code"], p["where"]) for p in told]] == []
    assert entry(["check", str(home)]) == 3
    shown = capsys.readouterr().err
    assert shown.index("Jumlah Rumah") < shown.index("PD. MANGGIS")


def test_check_refuses_what_run_would_for_want_of_data(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = intake.read(open_study(home))
    counts = found.villages.select_dtypes("float64").columns.drop("area_km2")
    bare = replace(found, villages=found.villages.assign(**dict.fromkeys(counts, np.nan)))
    monkeypatch.setattr(intake, "read", lambda _: bare)
    for command in ("check", "run"):
        assert entry([command, str(home)]) == 3
        told = capsys.readouterr()
        assert "tidak satu pun dari" in told.err
        assert "bisa dijalankan" not in told.out


def test_lokus_alone_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert entry([]) == 2
    assert "indicators" in capsys.readouterr().out


def test_the_language_may_stand_first_and_the_folder_may_be_left_out(
    ran: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ran)
    assert entry(["--lang", "en", "check"]) == 0
    assert "All inputs are readable" in capsys.readouterr().out


def test_codes_of_another_system_than_the_boundaries_are_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replaced(home, 'code_system = "kemendagri"           # sistem', 'code_system = "bps"           # sistem')
    assert entry(["check", str(home), "--json"]) == 0
    assert "codes_of_other_system" in {p["code"] for p in json.loads(capsys.readouterr().out)["problems"]}


def test_study_faults_end_in_2_with_key_paths(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replaced(home, "least_kecamatan = 10", "lest_kecamatan = 10")
    assert entry(["run", str(home)]) == 2
    assert "selection.lest_kecamatan" in capsys.readouterr().err


def test_impossible_rules_end_in_4_and_are_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replaced(home, "max_per_kecamatan = 4", "max_per_kecamatan = 1")
    assert entry(["run", str(home)]) == 4
    told = capsys.readouterr().err
    assert "selection.count" in told
    assert "selection.max_per_kecamatan" in told
    assert "selection.least_kecamatan" not in told


def test_a_village_both_kept_and_dropped_is_a_contradiction(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = 'village = "88.01.18.2004"\nreason = "keputusan rapat"\n'
    text = (home / "lokus.toml").read_text("utf-8")
    (home / "lokus.toml").write_text(f"{text}\n[[selection.keep]]\n{named}[[selection.drop]]\n{named}", "utf-8")
    assert entry(["run", str(home)]) == 4
    told = capsys.readouterr().err
    assert "selection.keep" in told
    assert "selection.drop" in told
    assert "selection.count" not in told


def test_a_village_that_does_not_exist_is_a_study_fault(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (home / "lokus.toml").read_text("utf-8")
    named = '\n[[selection.keep]]\nvillage = "88.01.99.2001"\nreason = "keputusan rapat"\n'
    (home / "lokus.toml").write_text(text + named, "utf-8")
    assert entry(["run", str(home)]) == 2
    assert "selection.keep[1].village" in capsys.readouterr().err


def test_explain_finds_by_code_and_name_and_tells_twins_apart(ran: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert entry(["explain", str(ran), "8801182004"]) == 0
    assert "88.01.18.2004" in capsys.readouterr().out
    assert entry(["explain", str(ran), "desa pulau penyu", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["village_code"] == "88.01.18.2004"
    villages = pd.read_csv(next(ran.glob("runs/*/villages.csv")), encoding="utf-8-sig")
    twins = villages[villages["village"].duplicated(keep=False)].sort_values("village").head(2)
    assert entry(["explain", str(ran), twins["village"].iloc[0]]) == 1
    told = capsys.readouterr().err
    assert all(code in told for code in twins["village_code"])
    assert entry(["explain", str(ran), "Tak Ada Desa Ini"]) == 1


def test_verify_and_map_take_the_study_folder_as_its_newest_run(ran: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert entry(["verify", str(ran)]) == 0
    assert "Identik" in capsys.readouterr().out
    assert entry(["map", str(ran), "-o", str(ran / "x" / "peta.html"), "--lang", "en"]) == 0
    assert (ran / "x" / "peta.html").is_file()


def test_map_takes_an_earlier_run_and_marks_what_is_not_public(ran: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = ran / "x" / "sejak.html"
    assert entry(["map", str(ran), "--before", str(ran), "--internal", "-o", str(page), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["bytes"] == page.stat().st_size
    assert "Perubahan sejak run " in page.read_text("utf-8")
    assert "INTERNAL: bukan untuk umum" in page.read_text("utf-8")
    assert entry(["map", str(ran), "--before", str(ran / "tidak-ada")]) == 1


def test_no_run_and_a_damaged_run_are_told(home: Path, ran: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert entry(["map", str(home)]) == 1
    copy = home / "runs" / "rusak"
    shutil.copytree(next(f for f in (ran / "runs").iterdir()), copy)
    (copy / "selection.csv").write_text("rank\n", "utf-8")
    assert entry(["explain", str(copy), "x"]) == 1
    assert "selection.csv" in capsys.readouterr().err


def test_indicators_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert entry(["indicators", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {"stunting", "krs", "air_minum"} <= {i["id"] for i in listed}
    assert entry(["indicators", "--lang", "en"]) == 0


def test_a_fault_of_ours_is_told_in_words(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret place")

    monkeypatch.setattr("lokus.pipeline.run", broken)
    assert entry(["run", str(home)]) == 1
    told = capsys.readouterr().err
    assert "LOKUS_DEBUG" in told
    assert "Traceback" not in told
