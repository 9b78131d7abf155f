"""What a run rests on: the files a study names and a person's decisions, told by their hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from lokus.sources.rasters import files_of
from lokus.study import Study

# A shapefile is several files of one name.
SIDECARS = (".shp", ".shx", ".dbf", ".prj", ".cpg")


def digest(path: Path) -> dict[str, Any]:
    """The sha256 and size in bytes of a file."""
    with path.open("rb") as stream:
        return {"sha256": hashlib.file_digest(stream, "sha256").hexdigest(), "bytes": path.stat().st_size}


def inputs_of(study: Study, decided: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Path, sha256 and size of every file a study reads; of the crosswalk, what a person decided in it."""
    named = [study.boundaries.path, *(t.path for t in study.table), *(p.path for p in study.points)]
    drawn = [r.path for r in study.raster]
    for relative in dict.fromkeys([*named, *drawn]):
        path = study.path(relative)
        for part in files_of(path) if relative in drawn else _parts(path):
            yield {"path": (Path(relative).parent / part.relative_to(path.parent)).as_posix(), **digest(part)}
    taken = decided.loc[
        decided["village_code"] != "", ["table", "kecamatan", "village", "code", "village_code", "share"]
    ]
    # Only decisions count: rows that lokus itself adds for a person to decide change nothing.
    if len(taken):
        said = taken.sort_values(list(taken)).to_csv(index=False, lineterminator="\n").encode()
        yield {"path": study.crosswalk, "sha256": hashlib.sha256(said).hexdigest(), "bytes": len(said)}


def _parts(path: Path) -> list[Path]:
    """The files a path stands for: all of a folder, all parts of a Shapefile, whatever the case of their names."""
    if path.is_dir():
        return sorted(p for p in path.rglob("*") if p.is_file())
    beside = sorted(p for p in path.parent.iterdir() if p.stem.casefold() == path.stem.casefold())
    if path.suffix.lower() in SIDECARS:
        return [p for p in beside if p.suffix.lower() in SIDECARS]
    return [path] if path.is_file() else [p for p in beside if p.name.casefold() == path.name.casefold()]
