"""Writes the counts of `lokus children`: a table that a study can read, and the scores of its data beside it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from lokus import __version__
from lokus.errors import LokusError
from lokus.runs.folder import write_csv

if TYPE_CHECKING:
    from lokus.sources.children import ChildCounts


def write_counts(counts: ChildCounts, output: Path) -> tuple[Path, Path]:
    """Writes the counts per village (CSV) and beside it `<name>_quality.json`, both or neither half-written.

    :return: the two files.
    :raises LokusError: when they cannot be written.
    """
    beside = output.with_name(f"{output.stem}_quality.json")
    told = {
        "lokus": __version__,
        "account": counts.account,
        "agreement": counts.agreement,
        "quality": counts.scores(),
    }
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=output.parent, prefix=".writing-") as folder:
            made = Path(folder) / "counts.csv", Path(folder) / "quality.json"
            write_csv(counts.villages, made[0])
            made[1].write_text(json.dumps(told, indent=1) + "\n", "utf-8", newline="\n")
            made[0].replace(output)
            made[1].replace(beside)
    except OSError as fault:
        raise LokusError("children_unwritable", file=str(output), fault=fault) from None
    return output, beside
