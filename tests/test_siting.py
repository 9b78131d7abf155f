"""New sites for a study: where the people are who are not reached, over the ground and in a straight line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from coast import CODES, COLUMNS, LEFT, ROWS, put, written

from lokus.cli import entry
from lokus.errors import StudyError
from lokus.siting import plan
from lokus.study import Study, make_study

ALANG = [("Alang", 117.01, -5.99)]


def straight(folder: Path, children: list[int], **keys: Any) -> Study:
    """The coast without rasters, with so many children in each village."""
    raw = written(folder, ALANG).resolved()
    raw["access"], raw["raster"] = [{"id": "waktu", "to": "pkm", **keys}], []
    raw["indicator"] = [i for i in raw["indicator"] if i["id"] in ("stunting", "km")]
    pd.DataFrame({"kode": CODES, "diukur": children, "stunting": [min(n, 1) for n in children]}).to_csv(
        folder / "data.csv"
    )
    return make_study(raw, folder)


def test_the_first_new_site_is_where_the_unreached_people_are(tmp_path: Path) -> None:
    study = written(tmp_path, ALANG)
    found = plan(study, count=2, minutes=30)
    # People live evenly in Alang, Bakau, the west of Cempaka and on the island, which no way of 30 minutes ties.
    assert set(found.chosen["village"]) <= {"Bakau", "Cempaka", "Enau"} and "Enau" in set(found.chosen["village"])
    assert found.counted == "balita" and not found.straight and found.limit == 30
    assert 0 < found.before < found.before + found.brought <= found.total * (1 + 1e-9)
    assert found.greedy <= found.brought * (1 + 1e-9)
    assert found.chosen["brought"].is_monotonic_decreasing
    for site in found.chosen.itertuples():
        assert 117 <= site.longitude <= 117.22 and -6 <= site.latitude <= -5.98


def test_what_a_site_brings_is_what_travelling_to_it_as_well_says(tmp_path: Path) -> None:
    found = plan(written(tmp_path, ALANG), count=1, minutes=30)
    site = found.chosen.iloc[0]
    after = plan(written(tmp_path, [*ALANG, ("Baru", site.longitude, site.latitude)]), count=1, minutes=30)
    assert after.total == pytest.approx(found.total)
    assert after.before == pytest.approx(found.before + found.brought)


def test_people_over_water_are_brought_from_the_shore(tmp_path: Path) -> None:
    study = written(tmp_path, ALANG)
    longitude = LEFT + (np.arange(COLUMNS) + 0.5) * 0.0005
    # Of the island's village only the west is land; in its east people live over water, within a kilometre.
    put(
        tmp_path,
        "lahan.tif",
        np.tile(np.where((longitude < 117.08) | (abs(longitude - 117.21) < 0.005), 10.0, 80.0), (ROWS, 1)),
    )
    alone = plan(study, count=1, minutes=60)
    assert alone.chosen["village"].tolist() == ["Enau"]
    # The island's people are a fourth and more of all who are counted; those over water come along.
    assert alone.brought == pytest.approx(2.0 * 40 * 40, rel=0.06)


def test_where_nobody_can_pass_in_any_village_there_is_no_site(tmp_path: Path) -> None:
    study = written(tmp_path, [("Barat", 116.96, -5.99)])
    longitude = LEFT + (np.arange(COLUMNS) + 0.5) * 0.0005
    put(tmp_path, "lahan.tif", np.tile(np.where(longitude < 116.97, 10.0, 80.0), (ROWS, 1)))
    found = plan(study, minutes=30)
    assert found.chosen.empty and found.brought == 0 and found.greedy_codes == ()


def test_without_a_raster_of_people_the_children_of_a_village_live_on_its_land(tmp_path: Path) -> None:
    raw = written(tmp_path, ALANG).resolved()
    raw["access"][0]["population"] = ""
    found = plan(make_study(raw, tmp_path), count=5, minutes=600)
    assert found.counted == "stunting" and found.total == pytest.approx(500)
    assert found.before + found.brought == pytest.approx(500)


def test_in_a_straight_line_the_best_of_all_choices_is_taken(tmp_path: Path) -> None:
    # Steps of 2.2 km; Alang is served, Bakau within 3 km of it. Durian has the most children, Cempaka reaches them too.
    found = plan(straight(tmp_path, [100, 100, 60, 200, 150]), count=1, km=3.0)
    assert found.straight and (found.total, found.before) == (610.0, 200.0)
    assert found.brought == 260.0 and found.chosen["village"].iloc[0] in ("Cempaka", "Durian")
    both = plan(straight(tmp_path, [100, 100, 60, 200, 150]), count=2, km=3.0)
    assert both.brought == 410.0 and both.chosen["brought"].tolist() == [260.0, 150.0]
    far = plan(straight(tmp_path, [100, 100, 60, 200, 150]), count=2, km=100.0)
    assert far.brought == 0 and far.chosen.empty and far.before == far.total


def test_the_command_tells_it_in_words_and_hides_the_few(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = straight(tmp_path, [100, 100, 0, 0, 3])
    raw = study.resolved()
    lines = ["lokus = 1"]
    for name in ("study", "boundaries", "table", "points", "access", "indicator", "selection"):
        for one in raw[name] if isinstance(raw[name], list) else [raw[name]]:
            lines.append(f"[[{name}]]" if isinstance(raw[name], list) else f"[{name}]")
            kept = {k: v for k, v in one.items() if v not in (None, "", [], {}, False) and k not in ("least_under",)}
            lines += [f"{k} = {_toml(v)}" for k, v in kept.items()]
    (tmp_path / "lokus.toml").write_text("\n".join(lines), "utf-8")
    assert entry(["sites", str(tmp_path), "--km", "3"]) == 0
    told = capsys.readouterr().out
    assert "Enau" in told and "1–4" in told and "Prevalensi" in told
    assert entry(["sites", str(tmp_path), "--km", "3", "--json", "--lang", "en"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert [s["village_code"] for s in values["sites"]] == [CODES[4]]
    assert entry(["sites", str(tmp_path), "--km", "300", "--lang", "en"]) == 0
    assert "No place" in capsys.readouterr().out
    for wrong in (["--count", "0"], ["--km", "-1"], ["--minutes", "lama"]):
        assert entry(["sites", str(tmp_path), *wrong]) == 2
        assert "bukan angka" in capsys.readouterr().err


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items() if v not in ("", None)) + " }"
    return json.dumps(value)


def test_an_access_that_is_not_there_is_named(tmp_path: Path) -> None:
    study = straight(tmp_path, [1, 2, 3, 4, 5])
    for wrong, which in ((study, "darat"), (study.model_copy(update={"access": ()}), "")):
        with pytest.raises(StudyError) as caught:
            plan(wrong, which=which)
        assert caught.value.problems[0].code == "sites_no_access"
