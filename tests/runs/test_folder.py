"""The run folder: what is written is what is read, whole or not at all, the same bytes each time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyarrow.parquet as pq
import pytest
import shapely

from lokus import pipeline, runs
from lokus.demo import write_study
from lokus.errors import LokusError
from lokus.pipeline import Run
from lokus.runs.folder import OUTPUTS
from lokus.runs.verification import differing_columns
from lokus.study import open_study


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(LokusError) as caught:
        yield
    assert caught.value.code == code


def test_what_is_written_is_what_is_read(run: Run, folder: Path) -> None:
    stored = runs.read(folder)
    pd.testing.assert_frame_equal(stored.villages, run.villages)
    assert stored.geometry.geom_equals_exact(run.geometry, 0).where(run.geometry.notna(), True).all()
    assert stored.facts == json.loads(json.dumps(run.facts))
    assert stored.problems == run.problems
    assert list(stored.selection.index) == list(run.selection.index)
    assert stored.join["status"].tolist() == run.join["status"].tolist()
    assert len(stored.points) == len(run.points)


def test_two_runs_are_the_same_bytes(home: Path, folder: Path, tmp_path: Path) -> None:
    again = runs.write(pipeline.run(open_study(home)), tmp_path / "again")
    assert again.name == folder.name
    for name in (*OUTPUTS, "run.json"):
        assert (again / name).read_bytes() == (folder / name).read_bytes(), name


def test_the_seed_is_part_of_the_run(home: Path, run: Run) -> None:
    study = open_study(home)
    other = pipeline.run(study.model_copy(update={"study": study.study.model_copy(update={"seed": 7})}))
    assert other.facts["run_id"] != run.facts["run_id"]
    pd.testing.assert_series_equal(other.villages["score_units"], run.villages["score_units"])


@pytest.mark.parametrize("name", OUTPUTS)
def test_an_altered_output_is_refused_by_name(folder: Path, name: str) -> None:
    (folder / name).write_bytes((folder / name).read_bytes() + b" ")
    with pytest.raises(LokusError) as caught:
        runs.read(folder)
    assert (caught.value.code, caught.value.params["files"]) == ("run_damaged", [name])


def test_another_format_and_no_run_at_all_are_told_apart(folder: Path, tmp_path: Path) -> None:
    manifest = json.loads((folder / "run.json").read_text("utf-8"))
    (folder / "run.json").write_text(json.dumps({**manifest, "format": 99}), "utf-8")
    with refused("run_other_format"):
        runs.read(folder)
    (folder / "run.json").write_text("[]", "utf-8")
    with refused("run_not_found"):
        runs.read(folder)
    with refused("run_not_found"):
        runs.read(tmp_path / "nowhere")


def test_a_fault_on_the_way_leaves_the_old_run_and_nothing_else(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {f.name: f.read_bytes() for f in folder.iterdir()}

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lokus.runs.folder.write_geopackage", full)
    with refused("run_unwritable"):
        runs.write(run, folder.parent)
    assert {f.name: f.read_bytes() for f in folder.iterdir()} == before
    assert [f.name for f in folder.parent.iterdir()] == [folder.name]


def test_no_cell_is_a_formula_for_a_spreadsheet(run: Run, tmp_path: Path) -> None:
    hostile = run.villages.copy()
    names = hostile["village"].to_list()
    names[:4] = ["=1+1", "+62", "-x", "@SUM(A1)"]
    hostile["village"] = pd.Series(names, index=hostile.index, dtype="str")
    made = runs.write(_replaced(run, hostile), tmp_path / "hostile")
    text = (made / "villages.csv").read_text("utf-8-sig")
    assert not any(cell.startswith(("=", "+", "@")) for line in text.splitlines() for cell in line.split(","))
    assert runs.read(made).villages["village"].to_list() == names


def _replaced(run: Run, villages: pd.DataFrame) -> Run:
    return Run(villages, run.geometry, run.selection, run.join, run.points, run.problems, run.facts, run.manifest)


def test_the_village_table_is_geoparquet(run: Run, folder: Path) -> None:
    """GeoParquet 1.0.0, OGC 2023: version, primary_column, columns; encoding, geometry_types, crs, bbox of each."""
    path = folder / "villages.parquet"
    metadata = json.loads(pq.read_schema(path).metadata[b"geo"])
    column = metadata["columns"][metadata["primary_column"]]
    assert metadata["version"].startswith("1.")
    assert metadata["primary_column"] == "geometry"
    assert column["encoding"] == "WKB"
    assert set(column["geometry_types"]) <= {"Polygon", "MultiPolygon"}
    assert column["crs"]["id"] == {"authority": "EPSG", "code": 4326}
    assert column["bbox"] == pytest.approx(list(run.geometry.total_bounds))
    read = gpd.read_parquet(path)
    assert read.crs == "EPSG:4326"
    assert read.index.name == "village_code"
    # A reader that knows only Arrow finds the polygons as well-known binary.
    raw = pq.read_table(path).column("geometry").to_pylist()
    shapes = shapely.from_wkb(raw)
    assert (shapely.is_missing(shapes) == run.geometry.isna().to_numpy()).all()


def test_the_data_dictionary_tells_of_every_column_of_the_table(run: Run, folder: Path) -> None:
    told = pd.read_csv(folder / "columns.csv", encoding="utf-8-sig", keep_default_na=False).set_index("column")
    table = pd.read_csv(folder / "villages.csv", encoding="utf-8-sig")
    assert told.index.tolist() == table.columns.tolist()
    assert (told[["label_id", "label_en", "meaning_id", "meaning_en", "step"]] != "").all().all()
    empty = table.isna().any()
    texts = told["dtype"] == "str"
    assert not set(empty[empty].index) - set(told.index[(told["missing_id"] != "") | texts])
    for name in told.index[(told["low"] != "") & (told["high"] != "")]:
        assert table[name].dropna().between(*(float(told.loc[name, end]) for end in ("low", "high"))).all(), name


def test_a_run_is_a_geodataframe_with_its_words(run: Run, folder: Path, tmp_path: Path) -> None:
    table = runs.read(folder).to_geodataframe("en")
    assert (table.index.name, table.crs) == ("village_code", "EPSG:4326")
    pd.testing.assert_frame_equal(pd.DataFrame(table.drop(columns="geometry")), run.villages)
    assert table.attrs["title"] == run.facts["title"]
    assert table.attrs["units"]["area_km2"] == "km²"
    assert table.attrs["labels"].keys() == set(run.villages)
    table["score"] = 0.0
    assert run.villages["score"].max() > 0
    table.to_parquet(tmp_path / "mine.parquet")
    assert gpd.read_parquet(tmp_path / "mine.parquet").attrs == table.attrs


def test_verify_tells_identical_equivalent_and_different(home: Path, run: Run) -> None:
    folder = runs.write(run, home / "runs")
    assert runs.verify(folder).outcome == "identical"
    krs = home / "data" / "krs.csv"
    kept = krs.read_bytes()
    krs.write_bytes(kept + b"\r\n")
    try:
        verdict = runs.verify(folder)
    finally:
        krs.write_bytes(kept)
    assert verdict.outcome == "different"
    assert verdict.inputs == ("data/krs.csv",)


def test_columns_that_differ_are_named(run: Run) -> None:
    moved = run.villages.assign(score=run.villages["score"] + 1e-12, rank=run.villages["rank"].iloc[::-1].to_numpy())
    assert differing_columns(run.villages, moved) == ("rank",)
    assert differing_columns(run.villages, run.villages.iloc[1:]) == ("index",)


def test_the_sample_map_is_of_todays_demo(tmp_path: Path) -> None:
    sample = Path(__file__).parents[2] / "maps" / "teluk_kirana.html"
    run = pipeline.run(open_study(write_study(tmp_path / "studi")))
    assert str(run.facts["run_id"]) in sample.read_text("utf-8")
