"""Boundary files that no schema knows: their values and the tables tell which attribute is what."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lokus import intake
from lokus.cli import entry
from lokus.proposal import Proposal, propose
from lokus.study import open_study

PARTS = {"KDEPUM": "code", "WADMKD": "village", "WADMKC": "kecamatan"}


@pytest.fixture(scope="module")
def shapes(shared_data: Path) -> gpd.GeoDataFrame:
    """The villages of Pasangkayu with what people write beside them; a kecamatan there is named as the kabupaten."""
    read = gpd.read_file(shared_data / "boundaries" / "pasangkayu" / "pasangkayu.shp")
    read = read[["KDEPUM", "WADMKD", "WADMKC", "WADMKK", "WADMPR", "geometry"]]
    return read.assign(SUMBER="digitasi 2019", KET=["ok", "cek ulang", "ok"] * 21, NOMOR=range(1, 64))


def study_of(shapes: gpd.GeoDataFrame, table: Path, folder: Path, name: str = "batas.gpkg") -> Proposal:
    shapes.to_file(folder / name)
    return propose(folder / "studi", [folder / name], [table], ask=lambda _: None)


@pytest.fixture(scope="module")
def table(shared_data: Path) -> Path:
    return shared_data / "indicators" / "pasangkayu" / "idm2024.csv"


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(8)), letters=st.permutations("bdfghjkm"))
def test_attributes_are_told_by_their_values_whatever_their_names_and_order(
    shapes: gpd.GeoDataFrame,
    table: Path,
    tmp_path_factory: pytest.TempPathFactory,
    order: list[int],
    letters: list[str],
) -> None:
    known = [c for c in shapes if c != "geometry"]
    names = {old: f"{letter}{letter}_01" for old, letter in zip(known, letters, strict=True)}
    renamed = shapes[[*(known[n] for n in order), "geometry"]].rename(columns=names)
    ground = study_of(renamed, table, tmp_path_factory.mktemp("batas")).ground
    assert {part: ground.columns[part] for part in PARTS.values()} == {p: names[c] for c, p in PARTS.items()}
    assert (ground.system, ground.names_only, len(ground.boundaries.places)) == ("kemendagri", False, 63)


@pytest.mark.parametrize(
    ("drop", "rename", "columns"),
    [
        (["KDEPUM"], {}, {}),
        (["KDEPUM"], {"WADMKD": "ATR_2", "WADMKC": "ATR_3"}, {"village": "ATR_2", "kecamatan": "ATR_3"}),
        (["KDEPUM"], {"WADMKD": "NAME_4", "WADMKC": "NAME_3", "WADMKK": "NAME_2"}, {}),
        ([], {"KDEPUM": "REG"}, {"code": "REG"}),
        ([], {"WADMKD": "ATR_2", "WADMKC": "ATR_3"}, {"village": "ATR_2", "kecamatan": "ATR_3"}),
    ],
)
def test_a_study_of_unknown_attributes_runs_as_written(
    shapes: gpd.GeoDataFrame, table: Path, tmp_path: Path, drop: list[str], rename: dict[str, str],
    columns: dict[str, str],
) -> None:  # fmt: skip
    shapes.drop(columns=drop).rename(columns=rename).to_file(tmp_path / "batas.gpkg")
    home = tmp_path / "studi"
    given = ["--boundaries", str(tmp_path / "batas.gpkg"), "--table", str(table), "--yes"]
    assert entry(["init", str(home), *given]) == 0
    study = open_study(home)
    assert (dict(study.boundaries.columns), study.boundaries.names_only) == (columns, bool(drop))
    assert intake.read(study).villages["value_idm"].notna().sum() == 59
    assert entry(["check", str(home)]) == 0
    assert entry(["run", str(home)]) == 0


@pytest.mark.parametrize("case", ["91_bps_codes_in_kdepum", "93_names_only"])
def test_hostile_codes_and_a_table_of_the_whole_province(shared_data: Path, tmp_path: Path, case: str) -> None:
    """Names alone do not keep to the kabupaten: the table's own column of its code does."""
    home = tmp_path / "studi"
    table = shared_data / "indicators" / "idm2024_province_17.csv"
    given = ["--boundaries", str(shared_data / "hostile" / case / "kaur.shp"), "--table", str(table), "--yes"]
    assert entry(["init", str(home), *given]) == 0
    study = open_study(home)
    assert dict(study.table[0].only) == {"kode_kab": "1704"}
    rows = pd.read_csv(table, dtype=str)["kode_kab"].eq("1704").sum()
    assert intake.read(study).villages["value_idm"].notna().sum() == rows
    assert entry(["run", str(home)]) == 0


def test_attributes_that_tell_nothing_are_refused_with_what_would_help(
    shapes: gpd.GeoDataFrame, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shapes[["NOMOR", "SUMBER", "geometry"]].to_file(tmp_path / "batas.gpkg")
    home = str(tmp_path / "studi")
    given = ["--boundaries", str(tmp_path / "batas.gpkg"), "--table", str(table)]
    assert entry(["init", home, *given]) == 3
    told = capsys.readouterr().err
    assert "join di QGIS" in told
    assert "[boundaries]" not in told
