"""Synthetic tables over the demo kabupaten's villages, and a proposal made of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT

from lokus.proposal import Proposal, Question, propose
from lokus.sources.boundaries import read_boundaries

SHAPEFILE = ROOT / "boundaries" / "demo" / "teluk_kirana.shp"


@pytest.fixture(scope="session")
def villages() -> pd.DataFrame:
    """The demo kabupaten's villages, by Kemendagri code."""
    return read_boundaries(SHAPEFILE, code_system="kemendagri").places


@pytest.fixture
def named(villages: pd.DataFrame) -> pd.DataFrame:
    """A table with the names of every village, to be given columns of numbers."""
    return pd.DataFrame({"Kecamatan": villages["kecamatan"], "Desa": villages["village"]}).reset_index(drop=True)


@pytest.fixture
def proposed(tmp_path: Path) -> Callable[..., Proposal]:
    """A proposal of tables (file name → frame or path) with the demo's boundaries, nobody being asked."""

    def make(tables: dict[str, pd.DataFrame | Path], ask: Callable[[Question], int | None] | None = None) -> Proposal:
        paths = []
        for name, table in tables.items():
            path = table if isinstance(table, Path) else tmp_path / name
            if isinstance(table, pd.DataFrame):
                table.to_excel(path, index=False) if path.suffix == ".xlsx" else table.to_csv(path, index=False)
            paths.append(path)
        return propose(tmp_path / "studi", [SHAPEFILE], paths, ask=ask or (lambda _: None))

    return make
