"""Points in villages: where they lie, how many there are, and kecamatan cells that say something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from studies import INDICATORS, pasangkayu

from lokus import intake, messages
from lokus.errors import StudyError, Where
from lokus.sources.points import POINT_COLUMNS, Points, locate, read_points

# Two kecamatan of two villages each; the fifth village is drawn over the first, the sixth has no polygon.
BOXES = [(110, -1, 111, 0), (111, -1, 112, 0), (112, -1, 113, 0), (113, -1, 114, 0), (110.5, -1, 111, -0.5)]
VILLAGES = pd.DataFrame(
    {
        "village": list("ABCDEF"),
        "kecamatan": ["Tikke Raya", "Tikke Raya", "Sarudu", "Sarudu", "Tikke Raya", "Sarudu"],
        "area_km2": [12321.0, 12321, 12321, 12321, 3080, np.nan],
    },
    index=pd.Index([f"76.01.0{n}.2001" for n in range(1, 7)], name="village_code", dtype="str"),
)
SHAPES = gpd.GeoSeries([*(shapely.box(*b) for b in BOXES), None], index=VILLAGES.index, crs=4326)


def _points(rows: list[tuple[float, float, str]]) -> Points:
    frame = pd.DataFrame(rows, columns=["longitude", "latitude", "kecamatan"], index=range(2, len(rows) + 2))
    named = frame.assign(layer="pkm", name=[f"P{n}" for n in frame.index])
    return Points(named.astype({"longitude": "float64", "latitude": "float64", "kecamatan": "str"}), Where("p.csv"), ())


SPOTS = st.lists(
    st.tuples(st.integers(1095, 1145).map(lambda x: x / 10 + 0.03), st.integers(-12, 1).map(lambda y: y / 10 + 0.03))
)


@settings(deadline=None, max_examples=60)
@given(SPOTS)
def test_every_point_is_counted_once_or_told(spots: list[tuple[float, float]]) -> None:
    found, counts, problems = locate(_points([(*xy, "") for xy in spots]), VILLAGES, SHAPES)
    assert tuple(found) == POINT_COLUMNS
    assert counts.isna().tolist() == [False] * 5 + [True]
    outside = (found["village_code"] == "").sum()
    assert counts.sum() + outside == len(spots)
    told = {p.where.row for p in problems if p.code == "point_outside_villages"}
    more = sum(p.params["count"] for p in problems if p.code == "points_more")
    assert len(told) + more == outside
    # The slow way: every box held against every point, the smallest that holds it wins.
    for x, y, code in found[["longitude", "latitude", "village_code"]].itertuples(index=False):
        holds = [n for n, (west, south, east, north) in enumerate(BOXES) if west <= x <= east and south <= y <= north]
        assert code == (VILLAGES.index[max(holds)] if holds else "")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("", None), ("TIKKE RAYA", None), ("Kec. Tikke  Raya", None), ("Sarudu", "point_kecamatan_differs"),
        ("Tikke", "point_kecamatan_unknown"), ("DAAPURANG", "point_kecamatan_unknown"),
    ],
)  # fmt: skip
def test_a_kecamatan_that_the_place_contradicts_is_told(said: str, code: str | None) -> None:
    _, _, problems = locate(_points([(111.5, -0.5, said)]), VILLAGES, SHAPES)
    assert [(p.code, p.fatal, p.where.row) for p in problems] == ([(code, False, 2)] if code else [])
    for problem in problems:
        assert all("B (Tikke Raya)" in messages.problem(problem, lang) for lang in messages.LANGS)


PUSKESMAS = {
    "id": "puskesmas",
    "path": "indicators/pasangkayu/titik_puskesmas.csv",
    "name": "PUSKESMAS",
    "latitude": "LATITUDE",
    "longitude": "LONGITUDE",
    "kecamatan": "KECAMATAN",
}
USE: dict[str, Any] = {
    "id": "pkm", "label_id": "Puskesmas", "kind": "count", "better": "higher", "table": "puskesmas", "value": "count",
}  # fmt: skip


def test_the_puskesmas_of_a_kabupaten(shared_data: Path) -> None:
    study = pasangkayu(shared_data, points=[PUSKESMAS], indicator=[*INDICATORS, USE])
    found = intake.read(study)
    # Ten puskesmas, each in a village of its own; "Tikke" is a puskesmas, the kecamatan is Tikke Raya.
    assert found.villages["value_pkm"].value_counts().to_dict() == {0.0: 53, 1.0: 10}
    assert set(found.points["village_code"]) <= set(found.villages.index)
    told = [(p.code, p.params["kecamatan"]) for p in found.problems if p.code.startswith("point_")]
    assert told == [("point_kecamatan_unknown", "TIKKE")]


@pytest.mark.parametrize(
    ("points", "use", "told"),
    [
        (PUSKESMAS, {**USE, "value": "PUSKESMAS"}, {("points_value", "indicator[1].value")}),
        (PUSKESMAS, {**USE, "table": "posyandu"}, {("table_unknown", "indicator[1].table")}),
        ({**PUSKESMAS, "id": "krs"}, {**USE, "table": "krs"}, {("id_twice", "points")}),
    ],
)
def test_faults_of_a_study_with_points(points: dict[str, str], use: dict[str, Any], told: set[tuple[str, str]]) -> None:
    with pytest.raises(StudyError) as fault:
        pasangkayu(Path(), points=[points], indicator=[use])
    assert told <= {(p.code, p.where.key) for p in fault.value.problems}


def test_rows_without_a_place_are_told(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("Nama,Lintang,Bujur\nSarudu,-1.69,119.29\nDoda,119.3,-1.7\nTikke,,\n", "utf-8")
    read = read_points(path, layer="pkm", sheet="", name="Nama", latitude="Lintang", longitude="Bujur", shown="p.csv")
    assert read.points["name"].to_dict() == {2: "Sarudu"}
    assert [(p.code, p.where.row) for p in read.problems] == [("point_off_the_map", 4), ("point_swapped", 3)]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["119,-1", "120,-2", "-3,121"], [("points_swapped", None)]),
        (["-1,119", "120,-2", "-3,121"], [("point_swapped", 3)]),
        (["-1,119", "50,-2", "-3,121"], [("point_off_the_map", 3)]),
    ],
)
def test_swapped_coordinates_are_told_with_their_remedy(
    tmp_path: Path, rows: list[str], told: list[tuple[str, int | None]]
) -> None:
    path = tmp_path / "p.csv"
    path.write_text("\n".join(["Puskesmas,Lintang,Bujur", *(f"P,{row}" for row in rows)]), "utf-8")
    found = read_points(
        path, layer="pkm", sheet="", name="Puskesmas", latitude="Lintang", longitude="Bujur", shown="p.csv"
    )
    assert [(p.code, p.where.row) for p in found.problems] == told
    assert len(found.points) == (1 if told[0][0] == "points_swapped" else 2)
    assert all(messages.problem(p, "id") != messages.problem(p, "en") for p in found.problems)
