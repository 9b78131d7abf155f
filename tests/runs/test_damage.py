"""What happened to a run folder on its way: every command that reads one names what is wrong, in both languages."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lokus import messages, runs
from lokus.cli import entry
from lokus.cli.commands import parser
from lokus.errors import LokusError
from lokus.pipeline import FORMAT, Run
from lokus.runs.folder import NEEDED, OUTPUTS, _seal

VILLAGE = "88.01.13.2009"


def commands(folder: Path, out: Path, good: Path) -> dict[str, list[str]]:
    """Every command that reads a run, on a folder; `good` is another run, whole."""
    argv = {
        "map": ["map", str(folder), "-o", str(out / "peta.html")],
        "explain": ["explain", str(folder), VILLAGE],
        "audit": ["audit", str(folder)],
        "compare before": ["compare", str(folder), str(good)],
        "compare after": ["compare", str(good), str(folder)],
        "verify": ["verify", str(folder)],
    }
    known = next(a for a in parser("id")._actions if a.dest == "command").choices or {}
    if "rembuk" in known:
        argv["rembuk"] = ["rembuk", str(folder), "-o", str(out / "paket")]
    return argv


def missing(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def truncated(folder: Path) -> None:
    file = folder / "villages.parquet"
    file.write_bytes(file.read_bytes()[:1000])


def replaced_by_a_folder(folder: Path) -> None:
    (folder / "join.csv").unlink()
    (folder / "join.csv").mkdir()


def told(folder: Path, **changes: Any) -> None:
    manifest = json.loads((folder / "run.json").read_text("utf-8"))
    (folder / "run.json").write_text(json.dumps({**manifest, **changes}), "utf-8")


def resealed(folder: Path, **changes: Any) -> None:
    """As one who knows how the seal is made."""
    manifest = json.loads((folder / "run.json").read_text("utf-8"))
    manifest.pop("sha256")
    manifest.update(changes)
    (folder / "run.json").write_text(json.dumps({**manifest, "sha256": _seal(manifest)}), "utf-8")


DAMAGES: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "a file is missing": (missing("selection.csv"), "run_incomplete", "selection.csv"),
    "run.json is missing": (missing("run.json"), "run_not_found", ""),
    "a file was cut off": (truncated, "run_damaged", "villages.parquet"),
    "a folder stands for a file": (replaced_by_a_folder, "run_incomplete", "join.csv"),
    "an output was edited": (
        lambda f: (f / "selection.csv").write_text("x\n", "utf-8"),
        "run_damaged",
        "selection.csv",
    ),
    "run.json was edited": (lambda f: told(f, seed=5), "run_damaged", "run.json"),
    "the list of files was emptied": (lambda f: resealed(f, outputs=[]), "run_damaged", "villages.parquet"),
    "a newer lokus wrote it": (lambda f: told(f, format=FORMAT + 1), "run_other_format", str(FORMAT + 1)),
    "an older lokus wrote it": (lambda f: told(f, format=1), "run_other_format", "1"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_command_names_what_is_wrong(
    folder: Path, written: Path, tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil, code, named = DAMAGES[damage]
    spoil(folder)
    for name, argv in commands(folder, tmp_path, written).items():
        assert entry([*argv, "--json"]) == 1, name
        answer = json.loads(capsys.readouterr().out)
        assert answer["error"] == code, name
        for lang in messages.LANGS:
            assert entry([*argv, "--lang", lang]) == 1
            said = capsys.readouterr().err
            assert folder.name in said
            assert named in said
            assert "Traceback" not in said
    assert not (tmp_path / "peta.html").exists()


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_missing_output_is_refused_by_name(folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / name).unlink()
    assert entry(["explain", str(folder), VILLAGE, "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert (answer["error"], answer["params"]["files"]) == ("run_incomplete", [name])


def test_a_run_from_before_the_data_dictionary_is_read_and_verified(
    folder: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = json.loads((folder / "run.json").read_text("utf-8"))
    (folder / "columns.csv").unlink()
    resealed(folder, outputs=[o for o in manifest["outputs"] if o["path"] != "columns.csv"])
    assert set(NEEDED) < set(OUTPUTS) - {"columns.csv"}
    assert entry(["explain", str(folder), VILLAGE]) == 0
    shutil.copytree(home, folder.parents[1], dirs_exist_ok=True)
    assert entry(["verify", str(folder)]) == 0
    assert "columns.csv" in capsys.readouterr().out


def test_reading_a_run_changes_nothing_in_its_folder(folder: Path, tmp_path: Path) -> None:
    before = {f.name: (f.read_bytes(), f.stat().st_mtime_ns) for f in folder.iterdir()}
    for path in [*folder.iterdir(), folder]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        for name, argv in commands(folder, tmp_path, folder).items():
            # The audit and the papers read a run as these do, and take long.
            assert name in ("audit", "rembuk", "verify") or entry(argv) == 0, name
        assert {f.name: (f.read_bytes(), f.stat().st_mtime_ns) for f in folder.iterdir()} == before
    finally:
        folder.chmod(0o755)


def test_a_folder_where_no_run_can_be_written_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("", "utf-8")
    with pytest.raises(LokusError) as caught:
        runs.write(run, tmp_path / "runs")
    assert caught.value.code == "run_unwritable"
    assert all(str(tmp_path / "runs") in messages.error(caught.value, lang) for lang in messages.LANGS)
    assert (tmp_path / "runs").read_text("utf-8") == ""
