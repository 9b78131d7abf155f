"""Writes a run as a folder in one move, and reads it back with its checks."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
from rapidfuzz import fuzz, process

from lokus import messages
from lokus.dictionary import dictionary
from lokus.errors import LokusError, Problem, Where
from lokus.inputs import digest
from lokus.pipeline import FORMAT, Run
from lokus.runs.geopackage import write_geopackage

OUTPUTS = (
    "villages.parquet", "villages.csv", "villages.gpkg", "columns.csv", "selection.csv", "join.csv", "points.csv",
    "problems.csv",
)  # fmt: skip
# Without these a run cannot be read, whatever its manifest lists: `columns.csv` came later than format 2.
NEEDED = ("villages.parquet", "selection.csv", "join.csv", "points.csv", "problems.csv")
# Names that share this much (0–100) may be slips of one another.
LIKELY = 70
# A spreadsheet runs a cell that begins so as a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write(run: Run, runs: str | Path) -> Path:
    """Writes `runs/<run id>/`, whole or not at all; the same run over an old one is the same bytes.

    :param runs: the folder that holds run folders; made when absent.
    :return: the run's folder.
    :raises LokusError: when the folder cannot be written.
    """
    runs = Path(runs)
    target = runs / str(run.manifest["run_id"])
    try:
        runs.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=runs, prefix=".writing-") as temporary:
            made = Path(temporary) / "run"
            made.mkdir()
            _write_files(run, made)
            outputs = [{"path": name, **digest(made / name)} for name in OUTPUTS]
            told = {**run.manifest, "facts": run.facts, "outputs": outputs}
            _json({**told, "sha256": _seal(told)}, made / "run.json")
            _json(run.times, made / "times.json")
            if target.exists():
                target.rename(Path(temporary) / "old")
            made.rename(target)
    except OSError as fault:
        raise LokusError("run_unwritable", folder=str(target), fault=fault) from None
    return target


def read(folder: str | Path) -> Run:
    """Reads a run back.

    :param folder: the run's folder, or a study's for its newest run.
    :return: the run as it was computed (its times stay behind).
    :raises LokusError: when it is no run folder, of another format, not whole, or altered since it was written.
    """
    folder = find(folder)
    if not folder.exists() and (near := _near(folder)):
        raise LokusError("run_mistyped", folder=str(folder), near=near)
    try:
        manifest = json.loads((folder / "run.json").read_text("utf-8"))
        made_by, seal = manifest["format"], manifest.pop("sha256", "")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise LokusError("run_not_found", folder=str(folder)) from None
    if made_by != FORMAT:
        raise LokusError("run_other_format", folder=str(folder), format=str(made_by), ours=FORMAT)
    if seal != _seal(manifest):
        raise LokusError("run_damaged", folder=str(folder), files=["run.json"])
    outputs, facts = manifest.pop("outputs"), manifest.pop("facts")
    _hold_whole(folder, {str(o["path"]): str(o["sha256"]) for o in outputs})
    table = gpd.read_parquet(folder / "villages.parquet")
    return Run(
        villages=pd.DataFrame(table.drop(columns="geometry")),
        geometry=table.geometry,
        selection=_read_csv(folder / "selection.csv").set_index("village_code"),
        join=_read_csv(folder / "join.csv"),
        points=_read_csv(folder / "points.csv").astype({"longitude": "float64", "latitude": "float64"}),
        problems=tuple(_problem(row) for row in _read_csv(folder / "problems.csv").to_dict("records")),
        facts=facts,
        manifest=manifest,
        times={},
    )


def find(path: str | Path) -> Path:
    """The run folder that a path means: itself, or the newest run of a study's folder.

    :raises LokusError: there is none.
    """
    folder = Path(path)
    try:
        if (folder / "run.json").is_file():
            return folder
        runs = folder / "runs"
        made = [f for f in runs.iterdir() if (f / "run.json").is_file()] if runs.is_dir() else []
        if not made and (runs.is_dir() or (folder / "lokus.toml").is_file()):
            raise LokusError("run_none", folder=str(folder))
        return max(made, key=lambda f: (f / "run.json").stat().st_mtime, default=folder)
    except OSError:
        raise LokusError("run_not_found", folder=str(folder)) from None


def _near(folder: Path) -> list[str]:
    """Runs and studies whose names or paths are nearly that of a folder that is not there, the likeliest first."""
    home = next((p for p in folder.parents if p.is_dir()), Path())
    try:
        there = [p for p in (*home.iterdir(), *home.glob("runs/*")) if p.is_dir()]
        known = [p for p in there if any((p / name).exists() for name in ("run.json", "lokus.toml"))]
    except OSError:
        return []
    by_name = {str(p): p.name for p in sorted(known)}
    found = process.extract(folder.name, by_name, scorer=fuzz.ratio, score_cutoff=LIKELY, limit=3)
    return [path for _, _, path in found]


def _seal(told: Mapping[str, Any]) -> str:
    """The sha256 of everything else that run.json tells."""
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _hold_whole(folder: Path, said: Mapping[str, str]) -> None:
    """Raises where a file of a run is missing or is not the one that was written, naming all such files."""
    found = {name: _sha256(folder / name) for name in dict.fromkeys([*NEEDED, *said])}
    if missing := [name for name, sha256 in found.items() if not sha256]:
        raise LokusError("run_incomplete", folder=str(folder), files=missing)
    if altered := [name for name, sha256 in found.items() if sha256 != said.get(name)]:
        raise LokusError("run_damaged", folder=str(folder), files=altered)


def _sha256(path: Path) -> str:
    """Of a file; "" where there is none, or it cannot be read."""
    try:
        return str(digest(path)["sha256"])
    except OSError:
        return ""


def _write_files(run: Run, folder: Path) -> None:
    table = gpd.GeoDataFrame(run.villages, geometry=run.geometry, crs="EPSG:4326")
    table.to_parquet(folder / "villages.parquet", compression="zstd")
    write_csv(run.villages.reset_index(), folder / "villages.csv")
    write_geopackage(run, folder / "villages.gpkg")
    write_csv(dictionary(run.villages.columns, run.facts), folder / "columns.csv")
    write_csv(run.selection.reset_index(), folder / "selection.csv")
    write_csv(run.join, folder / "join.csv")
    write_csv(run.points, folder / "points.csv")
    write_csv(pd.DataFrame([_row(p) for p in run.problems], columns=list(PROBLEM_COLUMNS)), folder / "problems.csv")


PROBLEM_COLUMNS = ("code", "fatal", "file", "sheet", "row", "column", "key", "params", "id", "en")


def _row(p: Problem) -> dict[str, Any]:
    w = p.where
    return {
        "code": p.code, "fatal": p.fatal, "file": w.file, "sheet": w.sheet, "row": "" if w.row is None else w.row,
        "column": w.column, "key": w.key, "params": json.dumps(dict(p.params), ensure_ascii=False, default=str),
        **{lang: messages.problem(p, lang) for lang in messages.LANGS},
    }  # fmt: skip


def _problem(row: Mapping[str, str]) -> Problem:
    place = Where(row["file"], row["sheet"], int(row["row"]) if row["row"] else None, row["column"], row["key"])
    return Problem(row["code"], row["fatal"] == "True", place, json.loads(row["params"]))


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """A table as CSV that Excel opens rightly; no cell of it runs as a formula."""
    text = frame.select_dtypes(include=["object", "str"]).columns
    safe = frame.assign(**{c: frame[c].map(_inert) for c in text})
    safe.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\n")


def _inert(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def _read_csv(path: Path) -> pd.DataFrame:
    frame = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig")
    return frame.map(lambda cell: cell[1:] if cell[:1] == "'" and cell[1:].startswith(FORMULA) else cell)


def _json(value: Any, path: Path) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n", "utf-8", newline="\n")
