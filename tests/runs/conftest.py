"""One run of the demo kabupaten for all that is written of it, and a copy of its folder to spoil."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lokus import pipeline, runs
from lokus.demo import write_study
from lokus.pipeline import Run
from lokus.study import open_study


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo kabupaten with few draws: what is written matters here, not how sure it is."""
    made = write_study(tmp_path_factory.mktemp("demo") / "studi")
    file = made / "lokus.toml"
    text = file.read_text("utf-8").replace("permutations = 9999", "permutations = 499")
    file.write_text(text + "\n[uncertainty]\ndraws = 200\n", "utf-8")
    return made


@pytest.fixture(scope="session")
def run(home: Path) -> Run:
    return pipeline.run(open_study(home))


@pytest.fixture(scope="session")
def written(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run's folder, never changed."""
    return runs.write(run, tmp_path_factory.mktemp("written") / "runs")


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of the run's folder."""
    yield Path(shutil.copytree(written, tmp_path / "studi" / "runs" / written.name))
