"""What the map, `explain` and the workbook say of pockets, groups and work areas."""

from dataclasses import replace
from itertools import product

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from lokus import packages
from lokus.messages import text
from lokus.outputs import sums
from lokus.outputs.explain import explanation
from lokus.outputs.layers import layers
from lokus.outputs.papers.grid import Names
from lokus.outputs.papers.listing import Listing
from lokus.outputs.papers.packagesheets import made
from lokus.outputs.patterns import Patterns, apart, offices, pocket_fields, pockets
from lokus.outputs.words import row_of


def with_facts(run, room, **changes):
    return replace(run, facts={**run.facts, room: {**run.facts[room], **changes}})


def layer(run, name, **given):
    return next((one for one in layers(run, "id", **given) if one.id == name), None)


def test_an_office_reads_of_a_pocket_what_the_scan_found(demo):
    told = demo.facts["space"]["scan"]["clusters"]
    found = pockets(demo, public=False)
    assert len(found) == len(told) > 0
    for pocket, c in zip(found, told, strict=True):
        assert (pocket.number, pocket.villages, pocket.p) == (c["number"], len(c["villages"]), c["p"])
        for name in ("observed", "expected", "excess"):
            assert getattr(pocket, name) == pytest.approx((c[name], c[name])), name


@pytest.mark.parametrize("number", [1, 2])
def test_the_public_reads_ends_around_what_the_scan_found(demo, run, number):
    for one in (demo, run):
        pocket, c = pockets(one)[number - 1], one.facts["space"]["scan"]["clusters"][number - 1]
        for name in ("observed", "expected", "excess"):
            low, high = getattr(pocket, name)
            assert low - pocket.step <= max(0, c[name]) <= high + pocket.step, name


def test_a_pocket_is_told_alike_for_every_count_of_the_bands_in_it(run):
    v = run.villages
    hidden = v.index[(v["scan_cluster"] == 2) & v["numerator_stunting"].between(1, 4)]
    assert 0 < len(hidden) < sums.SAFE
    told = set()
    for counts in product((1.0, 4.0), repeat=len(hidden)):
        changed = v.copy()
        changed.loc[hidden, "numerator_stunting"] = counts
        changed.loc[hidden, "value_stunting"] = np.array(counts) / changed.loc[hidden, "denominator_stunting"]
        other = replace(run, villages=changed)
        told.add(str([pocket_fields(other, pocket, "id") for pocket in pockets(other)]))
    assert len(told) == 1


def test_of_a_coverage_the_cases_are_those_not_reached(demo):
    v = demo.villages
    member = v["scan_cluster"].where(v["numerator_idl"].notna())
    reached, all_ = (v[f"{part}_idl"][member == 1].sum() for part in ("numerator", "denominator"))
    turned = with_facts(replace(demo, villages=v.assign(scan_cluster=member)), "space", of="idl")
    assert pockets(turned, public=False)[0].observed == pytest.approx((all_ - reached, all_ - reached))


@pytest.mark.parametrize(("name", "column"), [("scan", "scan_cluster"), ("cluster", "cluster"), ("area", "area")])
def test_a_numbered_layer_marks_every_village_by_its_number(run, name, column):
    shown, of = layer(run, name), run.villages[column]
    for k, value in zip(shown.of, of, strict=True):
        tone = shown.tones[k]
        if pd.isna(value):
            assert tone.pattern == "missing"
        else:
            assert tone.mark == (str(value) if value else "" if name == "scan" else "?")
    assert [tone.count for tone in shown.tones] == np.bincount(shown.of, minlength=len(shown.tones)).tolist()


def test_hot_and_cold_are_those_that_are_sure(run):
    v, fdr, shown = run.villages, run.facts["space"]["fdr"], layer(run, "gi_star")
    sure, hot = v["moran_q"] <= fdr, text("map.class.gi_hot", "id")
    drawn = np.array([shown.tones[k].label == hot for k in shown.of])
    assert drawn.tolist() == (sure & (v["gi_star"] > 0)).tolist()
    assert drawn.any()


def test_layers_without_content_are_not_there(run):
    none = run.villages.assign(
        area=pd.array([pd.NA] * len(run.villages), dtype="Int64"), gi_star=np.nan, moran_q=1.0,
    )  # fmt: skip
    scan = {**run.facts["space"]["scan"], "clusters": []}
    bare = with_facts(replace(run, villages=none), "space", scan=scan)
    assert not {"gi_star", "scan", "area"} & {one.id for one in layers(bare, "id")}
    assert {"gi_star", "scan", "area"} <= {one.id for one in layers(run, "id")}


@pytest.mark.parametrize("lang", ["id", "en"])
def test_a_division_that_is_not_settled_says_so(run, lang):
    loose = [{**p, "stability": 0.4} for p in run.facts["clusters"]["profiles"]]
    unsure = with_facts(run, "clusters", stable=False, profiles=loose)
    said, rules = text("words.cluster.loose", lang), text("map.rule.loose", lang)
    code = run.villages.index[run.villages["cluster"] == 4][0]
    for one, told in ((unsure, True), (run, False)):
        rule = next(x.rule for x in layers(one, lang) if x.id == "cluster")
        assert (rules in rule) is told
        assert any(said in line for line in Patterns(one, lang).of(row_of(one, code))) is told
        notes = made(Listing(one, lang), Names())[0].notes
        assert (text("papers.note.loose", lang) in notes) is told


def test_a_village_reads_its_group_its_lacks_the_office_its_area_and_its_pocket(demo):
    profile = next(p for p in demo.facts["clusters"]["profiles"] if p["lacks"])
    inside = (demo.villages["cluster"] == profile["cluster"]) & (demo.villages["scan_cluster"] > 0)
    code = demo.villages.index[inside.fillna(False)][0]
    told = explanation(demo, code)
    group, pocket = told["patterns"][0], told["patterns"][1]
    assert packages.name(profile, demo.facts, "id") in group
    assert all(owner["owner"] in group for owner in profile["owners"])
    fields = pocket_fields(demo, pockets(demo)[int(demo.villages.loc[code, "scan_cluster"]) - 1], "id")
    assert all(fields[part] in pocket for part in ("observed", "excess", "villages", "p"))
    assert all(f"{said}." in told["text"] for said in told["patterns"])


def test_in_a_pocket_nothing_sure_is_no_news(run):
    v = run.villages
    tellings, plain = Patterns(run, "id"), text("words.hotspot.none", "id")
    calm = v.index[(v["hotspot"] == "none") & v["scan_cluster"].notna()]
    for code in calm:
        assert (plain in tellings.of(row_of(run, code))) == (v.loc[code, "scan_cluster"] == 0)


def test_areas_beside_each_other_differ_in_colour():
    cells = [shapely.box(x, y, x + 1, y + 1) for x, y in product(range(4), repeat=2)]
    index = pd.Index([f"v{k:02d}" for k in range(16)])
    geometry = pd.Series(cells, index=index)
    of = pd.Series(range(1, 17), index=index, dtype="Int64")
    tint = apart(of, gpd.GeoSeries(geometry, crs="EPSG:4326"), 5)
    for a, b in product(range(16), repeat=2):
        if a != b and cells[a].intersects(cells[b]):
            assert tint[a + 1] != tint[b + 1]


def test_offices_fit_a_legend():
    profile = {"owners": [{"owner": name} for name in ("Dinas Kesehatan", "", "DPPKB", "Dinas PUPR dan Permukiman")]}
    assert offices(profile) == "Dinas Kesehatan, DPPKB +1"
    assert offices({"owners": []}) == ""


def test_the_sheet_of_packages_is_their_table(demo):
    listing = Listing(demo, "id", public=False)
    sheet = made(listing, Names())[0]
    table = packages.table(demo.facts, "id")
    for row, wanted in zip(sheet.rows, table.to_dict("records"), strict=True):
        group, _, _, lack, value, average, short, known, people, owner = row
        if pd.isna(wanted["lack"]):
            assert lack == text("papers.no_lack", "id")
        else:
            assert [group, lack, short, known, owner] == [
                wanted[k] for k in ("group", "lack", "short", "known", "owner")
            ]
            assert [value, average] == pytest.approx([wanted["value"], wanted["average"]])
            assert people == pytest.approx(wanted["people"], abs=0.5)


def test_the_sheet_of_packages_tells_the_public_no_banded_count(run):
    v = run.villages
    hidden = v.index[(v["cluster"] == 4) & v["numerator_sanitasi"].between(1, 4)]
    entry = next(e for e in run.facts["indicators"] if e["id"] == "sanitasi")
    code = hidden[0] if len(hidden) else v.index[v["cluster"] == 4][0]
    told = set()
    for count in (1.0, 2.0, 3.0, 4.0):
        changed = v.copy()
        n = changed.loc[code, "denominator_sanitasi"]
        changed.loc[code, ["numerator_sanitasi", "value_sanitasi", "gap_sanitasi"]] = [
            count,
            count / n,
            0.9 - count / n,
        ]
        changed.loc[code, "gap_people_sanitasi"] = n - count
        other = replace(run, villages=changed)
        (row,) = [r for r in made(Listing(other, "id"), Names())[0].rows if r[0] == 4 and entry["label_id"] == r[3]]
        told.add(str(row))
    assert len(told) == 1
