"""The map as one file: what is on it, how large it is, and when it is refused."""

import json
import re
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from lokus.errors import LokusError
from lokus.outputs import maps
from lokus.outputs.maps import build_map, kecamatan, simplified, write_map
from lokus.outputs.panels import panels


def data_of(page):
    return json.loads(re.search(r'id="lokus-data">(.*?)</script>', page, re.S)[1])


def real_villages(shared_data, name):
    layer = gpd.read_file(next((shared_data / "boundaries" / name).glob("*.shp"))).to_crs(4326)
    layer = layer[layer["KDEPUM"].notna()].drop_duplicates("KDEPUM").set_index("KDEPUM").sort_index()
    layer.index = pd.Index(layer.index.astype("str"), name="village_code")
    places = pd.DataFrame(
        {"village": layer["WADMKD"].astype("str"), "kecamatan_code": layer.index.str[:8],
         "kecamatan": layer["WADMKC"].astype("str")}
    )  # fmt: skip
    return places, layer.geometry


def test_the_same_run_is_the_same_bytes_in_each_language(run):
    assert build_map(run) == build_map(run)
    assert build_map(run, lang="en") == build_map(run, lang="en") != build_map(run)


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


@pytest.mark.parametrize("name", ["pasangkayu", "muara_enim", "kaur", "kota_bengkulu"])
def test_real_kecamatan_are_dissolved_without_sliver_rings(shared_data, made_up, name):
    run = made_up(*real_villages(shared_data, name))
    shapes = simplified(np.asarray(run.geometry.values, dtype=object))
    outlines, places = kecamatan(run, shapes, np.ones(len(shapes), bool))
    rings = np.array([shapely.Polygon(line.coords) for line in shapely.get_parts(outlines)])
    assert shapely.area(rings).min() > 1e-5, "an enclave or island of a tenth of a km² is a ring, a sliver is not"
    assert len(places) <= len(rings) <= len(places) + 2
    assert all(place["at"] for place in places)
    whole = shapely.union_all(shapes)
    assert shapely.area(rings).sum() == pytest.approx(whole.area, rel=0.02)


def test_a_grid_stays_a_coverage_and_keeps_its_area(run):
    shapes = np.asarray(run.geometry.dropna().values, dtype=object)
    coarse = simplified(shapes)
    assert shapely.is_valid(coarse).all()
    assert shapely.area(coarse).sum() == pytest.approx(shapely.area(shapes).sum(), rel=0.01)
    assert shapely.union_all(coarse).area == pytest.approx(shapely.area(coarse).sum(), rel=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(1e-6, 0.5), min_size=1, max_size=8))
def test_no_village_vanishes_however_small(sizes):
    shapes = np.array([shapely.box(3 * k, 0, 3 * k + s, s) for k, s in enumerate(sizes)], dtype=object)
    assert not shapely.is_empty(simplified(shapes)).any()


def test_too_many_villages_are_refused_with_the_remedy(run):
    many = replace(run, villages=pd.DataFrame(index=range(10_001)))
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
