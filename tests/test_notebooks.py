"""The notebooks run from end to end in an empty folder, show what they promise, and are kept without outputs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from conftest import ROOT
from nbclient import NotebookClient

FOLDER = ROOT / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
# What a reader must see, by notebook: pieces of outputs in their order, and files in the folder where it ran.
SHOWN = {
    "1_studi_pertama": (
        ["RPJMN|Prevalensi balita stunting", "status_gizi", "^- ", "24 dari 241", "Gunung Cempedak", "<iframe"],
        ["studi-contoh/maps/peta.html", "studi-contoh/runs/*/columns.csv"],
    ),
    "2_peta_rembuk": (
        ["24 dari 241", "<iframe", "tahun 2025", "rank_low", ".pptx"],
        ["studi-contoh/maps/rembuk.html", "studi-contoh/daftar-lokus.csv", "studi-contoh/rembuk/*.pptx"],
    ),
    "3_sensitivity": (
        ["estimate_stunting", "drives", "image/png", "villages are on all 4 lists", "image/png", "EPSG:4326"],
        ["teluk_kirana.parquet"],
    ),
}


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def code(path: Path) -> list[Any]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def test_there_are_three_and_each_is_looked_at() -> None:
    assert [path.stem for path in NOTEBOOKS] == list(SHOWN)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_they_are_short_explained_and_define_nothing(path: Path) -> None:
    book = read(path)
    nbformat.validate(book)
    assert len(book.cells) < 12
    assert book.cells[0].cell_type == "markdown"
    assert sum(cell.cell_type == "markdown" for cell in book.cells) >= 4
    assert not [cell.source for cell in code(path) if re.search(r"^\s*(def|class|lambda)\b|lambda ", cell.source, re.M)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_they_are_kept_without_outputs(path: Path) -> None:
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code(path))
    assert not [cell for cell in read(path).cells if cell.metadata]
    assert set(read(path).metadata) == {"kernelspec", "language_info"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_they_run_and_show_what_they_promise(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("LOKUS_LANG", "en" if path.stem == "3_sensitivity" else "id")
    here = tmp_path / "here"
    here.mkdir()
    book = read(path)
    NotebookClient(book, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(here)}}).execute()
    outputs = [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [o for o in outputs if o.output_type == "error"]
    said = "\n".join(str(o.get("text", "")) + "\n" + str(dict(o.get("data", {}))) for o in outputs)
    pieces, files = SHOWN[path.stem]
    at = 0
    for piece in pieces:
        hit = re.compile(piece, re.M).search(said, at)
        assert hit, piece
        at = hit.end()
    for name in files:
        assert [f for f in here.glob(name) if f.stat().st_size > 1000], name
