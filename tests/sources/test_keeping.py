"""Kept neighbours never change a result: read back as written, and only where all is as it was."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from lokus.methods import spatial
from lokus.methods.spatial import Nearness
from lokus.sources import keeping


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(keeping, "FEWEST", 4)
    (tmp_path / "lokus.toml").write_text("")
    return tmp_path


@pytest.fixture
def layer() -> gpd.GeoSeries:
    boxes = {f"76.01.01.200{i}": shapely.box(i * 900, 0, i * 900 + 1000, 1000) for i in range(6)}
    boxes["76.01.01.2009"] = None
    return gpd.GeoSeries(list(boxes.values()), pd.Index(boxes, dtype="str", name="village_code"), crs="EPSG:32748")


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[Nearness]:
    """What was measured anew."""
    asked: list[Nearness] = []

    def counted(geometry: gpd.GeoSeries, nearness: Nearness) -> pd.DataFrame:
        asked.append(nearness)
        return spatial.neighbours(geometry, nearness)

    monkeypatch.setattr(keeping, "neighbours", counted)
    return asked


def kept(study: Path) -> list[Path]:
    return sorted((study / keeping.FOLDER).glob("*")) if (study / keeping.FOLDER).is_dir() else []


def test_the_second_time_is_read_and_the_same(study: Path, layer: gpd.GeoSeries, measured: list[Nearness]) -> None:
    first, second = (keeping.kept_neighbours(study, layer, Nearness()) for _ in range(2))
    pd.testing.assert_frame_equal(second, first)
    pd.testing.assert_frame_equal(second, spatial.neighbours(layer, Nearness()))
    assert len(measured) == 1 and [f.suffix for f in kept(study)] == [".parquet"]


def test_another_border_code_or_setting_is_measured_anew(
    study: Path, layer: gpd.GeoSeries, measured: list[Nearness]
) -> None:
    moved = layer.copy()
    moved.iloc[3] = shapely.box(2700, 0, 3700.001, 1000)
    renamed = layer.rename({layer.index[0]: "76.01.01.1999"})
    beside = layer.set_crs("EPSG:32749", allow_override=True)
    asked = [(one, Nearness()) for one in (layer, moved, renamed, beside)]
    asked += [(layer, Nearness(by="rook")), (layer, Nearness(near_m=99.0))]
    for geometry, nearness in asked:
        told = keeping.kept_neighbours(study, geometry, nearness)
        pd.testing.assert_frame_equal(told, spatial.neighbours(geometry, nearness))
    assert len(measured) == len(asked)
    assert len(kept(study)) == 1  # the last alone


@pytest.mark.parametrize("harm", ["cut", "flip", "empty", "text"])
def test_a_broken_file_is_as_if_it_were_not_there(
    study: Path, layer: gpd.GeoSeries, measured: list[Nearness], harm: str
) -> None:
    first = keeping.kept_neighbours(study, layer, Nearness())
    (file,) = kept(study)
    whole = file.read_bytes()
    middle = whole.index(b"76.01.01.2000") if b"76.01.01.2000" in whole else 60
    file.write_bytes({"cut": whole[:-40], "flip": whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :],
                      "empty": b"", "text": b"x" * 500}[harm])  # fmt: skip
    pd.testing.assert_frame_equal(keeping.kept_neighbours(study, layer, Nearness()), first)
    assert len(measured) == 2
    pd.testing.assert_frame_equal(keeping.kept_neighbours(study, layer, Nearness()), first)
    assert len(measured) == 2


def test_where_nothing_can_be_kept_it_still_works(study: Path, layer: gpd.GeoSeries) -> None:
    (study / keeping.FOLDER).write_text("a file in its place")
    told = keeping.kept_neighbours(study, layer, Nearness())
    pd.testing.assert_frame_equal(told, spatial.neighbours(layer, Nearness()))


def test_a_small_layer_and_a_folder_that_is_no_study_keep_nothing(
    study: Path, layer: gpd.GeoSeries, measured: list[Nearness]
) -> None:
    keeping.kept_neighbours(study, layer.iloc[:3], Nearness())
    (study / "lokus.toml").unlink()
    keeping.kept_neighbours(study, layer, Nearness())
    assert len(measured) == 2 and not kept(study)
