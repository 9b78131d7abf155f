"""What decides nothing, and what cannot be: neutral where it is defined, refused in words where it is not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from lokus import pipeline
from lokus.cli import entry
from lokus.study import make_study

CODES = [f"88.01.{k:02d}.{2000 + i}" for k in (1, 2) for i in range(1, 7)]


def written(folder: Path, villages: int = 12, **sections: object) -> Path:
    """A kabupaten of up to twelve villages: prevalence, water everywhere alike, and a share by itself."""
    codes = CODES[:villages]
    chance = np.random.default_rng(3)
    folder.mkdir(parents=True, exist_ok=True)
    frame = gpd.GeoDataFrame(
        {"KDEPUM": codes, "WADMKD": [f"Desa {chr(65 + i)}" for i in range(len(codes))],
         "WADMKC": [f"Kecamatan {c[6:8]}" for c in codes], "WADMKK": "Contoh", "WADMPR": "Contoh"},
        geometry=[shapely.box(117 + i / 50, -6, 117.02 + i / 50, -5.98) for i in range(len(codes))], crs="EPSG:4326",
    )  # fmt: skip
    frame.to_file(folder / "desa.shp", engine="pyogrio")
    n = chance.integers(60, 900, len(codes))
    table = {"kode": codes, "diukur": n, "stunting": chance.binomial(n, 0.25), "keluarga": n, "air": n, "kosong": ""}
    pd.DataFrame(table).to_csv(folder / "data.csv", index=False)
    raw = {
        "study": {"title": "Uji", "year": 2026},
        "boundaries": {"path": "desa.shp", "code_system": "kemendagri"},
        "table": [{"id": "data", "path": "data.csv", "code_system": "kemendagri", "place": {"code": "kode"}}],
        "indicator": [
            {"id": "stunting", "table": "data", "numerator": "stunting", "denominator": "diukur"},
            {"id": "air_minum", "table": "data", "numerator": "air", "denominator": "keluarga"},
        ],
        "selection": {"count": min(4, len(codes))},
        "uncertainty": {"draws": 200},
        "space": {"permutations": 99},
    }
    lines = ["lokus = 1"]
    for name, value in {**raw, **sections}.items():
        for one in value if isinstance(value, list) else [value]:
            lines += ["", f"[[{name}]]" if isinstance(value, list) else f"[{name}]"]
            lines += [f"{k} = {_toml(v)}" for k, v in one.items()]
    (folder / "lokus.toml").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + " }"
    return json.dumps(value)


def ran(folder: Path, capsys: pytest.CaptureFixture[str]) -> pd.DataFrame:
    assert entry(["run", str(folder), "--json"]) == 0, capsys.readouterr().out
    told = json.loads(capsys.readouterr().out)
    return pd.read_parquet(Path(told["folder"]) / "villages.parquet")


@pytest.mark.parametrize("normalise", ["minmax", "zscore", "rank", "borda"])
@pytest.mark.parametrize("prior", ["kabupaten", "kecamatan"])
def test_an_indicator_that_is_the_same_everywhere_moves_no_rank(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], normalise: str, prior: str
) -> None:
    """Law: ranks and chances are those of the study without it; villages of unlike size are not told apart by it."""
    method = {"normalise": normalise, "prior": prior, "within": "arithmetic"}
    spread = {"uncertainty": {"draws": 200, "weight_spread": 0}}
    both = ran(written(tmp_path / "both", method=method, **spread), capsys)
    assert both["need_air_minum"].eq(0.5).all() and both["estimate_air_minum"].eq(1.0).all()
    indicators = [{"id": "stunting", "table": "data", "numerator": "stunting", "denominator": "diukur"}]
    one = ran(written(tmp_path / "one", method=method, indicator=indicators, **spread), capsys)
    pd.testing.assert_series_equal(both["rank"], one["rank"])
    pd.testing.assert_series_equal(both["p_top"], one["p_top"])
    assert both["p_top"].sum() == pytest.approx(4)


def test_one_village_is_chosen_and_everything_can_be_asked_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = written(tmp_path, villages=1)
    made = ran(home, capsys)
    assert made["selected"].tolist() == [True] and made["rank"].tolist() == [1]
    for command in (["audit", str(home)], ["explain", str(home), CODES[0]], ["map", str(home)]):
        assert entry(command) == 0
    assert not re.search(r"\b(nan|None|<NA>)\b", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("sections", "code"),
    [
        ({"selection": {"count": 13}}, 4),
        ({"selection": {"count": 0}}, 2),
        ({"method": {"weights": "ahp", "comparisons": [[1, 3], [3, 1]]}}, 2),
        ({"method": {"weights": "budget", "points": [[60, -40]]}}, 2),
        ({"method": {"weights": "ahp"}}, 2),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], sections: dict, code: int
) -> None:
    assert entry(["run", str(written(tmp_path, **sections))]) == code
    said = capsys.readouterr()
    assert said.err.strip() and "Traceback" not in said.err + said.out


def test_a_direction_against_the_catalogue_is_obeyed_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    indicators = [
        {"id": "stunting", "table": "data", "numerator": "stunting", "denominator": "diukur", "better": "higher"}
    ]
    home = written(tmp_path, indicator=indicators)
    assert entry(["run", str(home)]) == 0
    assert "makin TINGGI makin baik" in capsys.readouterr().out


def test_an_indicator_without_a_value_is_told_and_left_out(tmp_path: Path) -> None:
    """Law: the score is that of the study without it."""
    home = written(tmp_path)
    raw = {
        "study": {"title": "Uji", "year": 2026},
        "boundaries": {"path": "desa.shp", "code_system": "kemendagri"},
        "table": [{"id": "data", "path": "data.csv", "code_system": "kemendagri", "place": {"code": "kode"}}],
        "indicator": [
            {"id": "stunting", "table": "data", "numerator": "stunting", "denominator": "diukur", "weight": 9},
            {"id": "idl", "table": "data", "numerator": "kosong", "denominator": "keluarga", "weight": 1},
        ],
        "selection": {"count": 4},
        "uncertainty": {"draws": 100},
        "space": {"permutations": 99},
    }
    made = pipeline.run(make_study(raw, home))
    assert "indicator_without_data" in {p.code for p in made.problems} or made.villages["need_idl"].isna().all()
    alone = pipeline.run(make_study({**raw, "indicator": raw["indicator"][:1]}, home))
    pd.testing.assert_series_equal(made.villages["rank"], alone.villages["rank"])
