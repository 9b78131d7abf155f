"""Runs a stored study again and says whether it comes out identical, equivalent or different."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from lokus import pipeline
from lokus.inputs import digest
from lokus.runs.folder import OUTPUTS, find, read, write
from lokus.study import make_study


@dataclass(frozen=True, slots=True)
class Verdict:
    """`outcome` and what differs: inputs that changed, or outputs and columns that came out otherwise."""

    outcome: Literal["identical", "equivalent", "different"]
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


def verify(folder: str | Path, study_folder: str | Path | None = None) -> Verdict:
    """Runs the study of a run folder again on today's inputs and compares.

    "identical": the same bytes in every output; "equivalent": the same choice and ranks, numbers within 1e-9;
    "different": anything else, with what differs.

    :param folder: the run's folder, or a study's for its newest run.
    :param study_folder: where its study lies; two folders up where not given.
    :raises LokusError: as reading or running does.
    """
    folder = find(folder)
    stored = read(folder)
    home = Path(study_folder) if study_folder else folder.resolve().parents[1]
    study = make_study(stored.manifest["study"], home)
    again = pipeline.run(study)
    before = {i["path"]: i["sha256"] for i in stored.manifest["inputs"]}
    after = {i["path"]: i["sha256"] for i in again.manifest["inputs"]}
    inputs = tuple(sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path)))
    with tempfile.TemporaryDirectory() as temporary:
        made = write(again, Path(temporary))
        outputs = tuple(name for name in OUTPUTS if not _same(made / name, folder / name))
    if not outputs and not inputs:
        return Verdict("identical")
    columns = differing_columns(stored.villages, again.villages)
    return Verdict("different" if columns or inputs else "equivalent", inputs, outputs, columns)


def _same(made: Path, kept: Path) -> bool:
    """Whether two files are the same bytes; a file that an older lokus did not write yet is another."""
    return kept.is_file() and digest(made) == digest(kept)


def differing_columns(before: pd.DataFrame, after: pd.DataFrame, tolerance: float = 1e-9) -> tuple[str, ...]:
    """The columns of two village tables that differ by more than `tolerance`; "index" where the villages do."""
    if not before.index.equals(after.index):
        return ("index",)
    names = sorted(set(before.columns) | set(after.columns))
    return tuple(n for n in names if n not in before or n not in after or not _close(before[n], after[n], tolerance))


def _close(a: pd.Series, b: pd.Series, tolerance: float) -> bool:
    if a.dtype == "float64" and b.dtype == "float64":
        return bool(np.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True))
    return bool(a.equals(b))
