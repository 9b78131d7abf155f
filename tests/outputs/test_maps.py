"""The map as one file: what is on it, how large it is, and when it is refused."""

import json
import re
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from studies import real_villages

from lokus.errors import LokusError
from lokus.outputs import maps
from lokus.outputs.maps import build_map, write_map
from lokus.outputs.panels import panels


def data_of(page):
    return json.loads(re.search(r'id="lokus-data">(.*?)</script>', page, re.S)[1])


def test_the_same_run_is_the_same_bytes_in_each_language(run):
    assert build_map(run) == build_map(run)
    assert build_map(run, lang="en") == build_map(run, lang="en") != build_map(run)


def test_an_earlier_run_is_told_of_and_one_of_another_kabupaten_refused(run, made_up):
    earlier = made_up(run.villages[["village", "kecamatan_code", "kecamatan"]], run.geometry, seed=11)
    before = replace(earlier, facts={**earlier.facts, "year": 2026})
    page = build_map(run, before=before)
    assert page == build_map(run, before=before)
    assert data_of(page)["trend"]["title"] == "Perubahan sejak 2026"
    assert {"changed", "moved"} <= {layer["id"] for layer in data_of(page)["layers"]}
    moved = before.villages.rename(index=lambda code: "9" + code[1:])
    with pytest.raises(LokusError) as refused:
        build_map(run, before=replace(before, villages=moved))
    assert refused.value.code == "map_before_other"


def test_a_map_that_is_not_public_says_so(run):
    assert data_of(build_map(run))["mark"] == ""
    assert data_of(build_map(run, public=False))["mark"].startswith("INTERN")


def test_paper_says_how_many_villages_are_on_the_edge(run):
    count = (run.villages["certainty"] == "borderline").sum()
    assert f" {count} desa berada di ambang" in maps.doubt(run, "id")
    assert maps.doubt(replace(run, facts={**run.facts, "uncertain": False}), "id") == ""


@pytest.mark.parametrize("lang", ["id", "en"])
def test_title_run_dates_and_sources_stand_on_it(run, lang):
    page = build_map(run, lang=lang)
    assert f'<html lang="{lang}">' in page
    assert "<title>Desa lokus stunting 2027 &lt;uji&gt;</title>" in page
    data = data_of(page)
    assert run.facts["run_id"] in data["run"]
    assert "e-PPGBM, Dinas Kesehatan (17 Januari 2026)" in data["sources"]
    assert any("Batas desa © contoh" in line for line in data["sources"])
    assert any("67" in note for note in data["notes"]), "how many children were measured"


def test_a_period_nobody_stated_is_said_to_be_unstated(run):
    tables = [{**table, "period": ""} for table in run.facts["tables"]]
    assert "periode tidak disebut" in maps.sources(replace(run, facts={**run.facts, "tables": tables}), "id")[0]


def test_a_study_without_prevalence_says_so(run):
    page = build_map(replace(run, facts={**run.facts, "has_prevalence": False}))
    assert data_of(page)["notes"][0] == "Tanpa data prevalensi: peringkat dari indikator lain saja."


def test_text_of_data_stands_in_it_only_as_inert_json(run):
    page = build_map(run)
    assert "onerror" in page
    assert "<img" not in page
    assert "alert(2)</script>" not in page
    assert data_of(page)["names"] == list(run.villages["village"])


def test_no_text_of_data_is_run_as_a_template(run):
    names = ["{{7*7}}", "{% raw %}", "{# note", "{{ '</script><script>alert(3)</script>' }}", "${x}"]
    villages = run.villages.copy()
    villages.iloc[: len(names), villages.columns.get_loc("village")] = names
    title = "Lokus {{ 7 * 7 }} {% endblock %}"
    page = build_map(replace(run, villages=villages, facts={**run.facts, "title": title}))
    told = data_of(page)
    assert told["names"][: len(names)] == names and told["title"] == title
    assert "<title>Lokus {{ 7 * 7 }} {% endblock %}</title>" in page


def test_a_map_replaces_nothing_but_a_file(run, tmp_path):
    with pytest.raises(OSError, match="Invalid argument"):
        maps.write_map(run, tmp_path)
    assert not list(tmp_path.iterdir())


def test_counts_of_one_to_four_leave_no_trace_in_public_and_stand_in_full_inside(run):
    few = run.villages.index[run.villages["numerator_stunting"].between(1, 4)]
    public, inside = build_map(run), build_map(run, public=False)
    for code in few:
        row = run.villages.loc[code]
        exact = f"({row['numerator_stunting']:.0f} dari {row['denominator_stunting']:.0f})"
        assert exact not in public
        assert exact in inside


def test_bars_run_over_the_need_and_hide_raw_rates_that_are_banded(run):
    shared = panels(run, "id")
    banded = run.villages["numerator_stunting"].between(1, 4).to_numpy()
    first = [panel["bars"][0] for panel in shared["villages"]]
    assert [bar.get("raw") is None for bar in first] == list(banded | run.villages["value_stunting"].isna())
    for panel in shared["villages"]:
        for bar in panel["bars"]:
            assert bar["to"] is None or 0 <= bar["to"] <= 1000
            assert bar.get("from") is None or bar["from"] <= bar["to"] <= bar["until"]


def test_a_map_of_254_real_villages_is_small(shared_data, made_up):
    page = build_map(made_up(*real_villages(shared_data, "muara_enim")))
    assert len(page.encode()) <= 1_500_000


def test_too_many_villages_are_refused_with_the_remedy(run):
    many = replace(run, villages=pd.DataFrame(index=range(100_001)))
    with pytest.raises(LokusError) as refused:
        build_map(many)
    assert refused.value.code == "map_too_large"


def test_a_run_without_any_polygon_is_refused(run):
    nowhere = gpd.GeoSeries([None] * len(run.villages), index=run.villages.index, crs="EPSG:4326")
    with pytest.raises(LokusError) as refused:
        build_map(replace(run, geometry=nowhere))
    assert refused.value.code == "map_no_polygons"


def test_a_map_is_written_whole_or_not_at_all(run, tmp_path, monkeypatch):
    target = tmp_path / "maps" / "map.html"
    assert write_map(run, target).read_text("utf-8") == build_map(run)
    old = target.read_bytes()

    def full_disk(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "replace", full_disk)
    with pytest.raises(OSError, match="no space"):
        write_map(run, target, "en")
    assert target.read_bytes() == old
    assert [p.name for p in target.parent.iterdir()] == ["map.html"]
