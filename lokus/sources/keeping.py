"""Neighbours of a large layer, kept beside the study: measuring every border of the country takes seconds each time.

`STUDY/.lokus/neighbours-<hash>.parquet` can be deleted at any time. The hash is of every polygon and setting, so that a
kept file answers nothing but the question it was written for; one that cannot be read is as if it were not there.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from tempfile import NamedTemporaryFile

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from lokus import __version__
from lokus.methods.spatial import Nearness, neighbours

FOLDER = ".lokus"
FEWEST = 5_000  # villages; below, measuring is as quick as reading


def kept_neighbours(folder: Path, metric: gpd.GeoSeries, nearness: Nearness) -> pd.DataFrame:
    """As `spatial.neighbours`, from the kept file where the same was asked of the same polygons before.

    Parameters: `folder` of the study; where it has no `lokus.toml`, or the layer fewer than `FEWEST` villages, nothing
    is read or written. `metric` as `spatial.contiguity`. Raises as `spatial.neighbours`; never for the kept file.
    """
    if len(metric) < FEWEST or not (folder / "lokus.toml").is_file():
        return neighbours(metric, nearness)
    file = folder / FOLDER / f"neighbours-{_question(metric, nearness)}.parquet"
    found = _read(file)
    if found is None:
        found = neighbours(metric, nearness)
        _write(found, file)
    return found


def _question(metric: gpd.GeoSeries, nearness: Nearness) -> str:
    """All that the answer hangs on."""
    asked = hashlib.sha256(repr((__version__, shapely.geos_version, str(metric.crs), nearness)).encode())
    for code, land in zip(metric.index, shapely.to_wkb(metric.to_numpy()), strict=True):
        asked.update(repr((code, len(land or b""))).encode() + (land or b""))
    return asked.hexdigest()[:24]


def _read(file: Path) -> pd.DataFrame | None:
    try:
        return pq.read_table(file, page_checksum_verification=True).to_pandas()
    except (OSError, pa.ArrowException):
        return None


def _write(found: pd.DataFrame, file: Path) -> None:
    """Whole or not at all; other kept files go. A folder that cannot be written to keeps nothing."""
    try:
        file.parent.mkdir(exist_ok=True)
        with NamedTemporaryFile(dir=file.parent, suffix=".tmp", delete=False) as part:
            pq.write_table(pa.Table.from_pandas(found), part, compression="zstd", write_page_checksum=True)
        Path(part.name).replace(file)
        for old in {*file.parent.glob("neighbours-*.parquet"), *file.parent.glob("*.tmp")} - {file}:
            old.unlink(missing_ok=True)
    except OSError:
        return
