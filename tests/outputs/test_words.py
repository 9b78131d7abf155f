"""Sentences about a village."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lokus import schema
from lokus.outputs import banding, words
from lokus.outputs.explain import explanation
from lokus.outputs.flags import data_flags, rows_waiting


def changed(run, code, **values):
    villages = run.villages.copy()
    for name, value in values.items():
        villages.loc[code, name] = value
    return replace(run, villages=villages)


def counted(run, code, y, n):
    return changed(
        run, code, numerator_stunting=float(y), denominator_stunting=float(n), value_stunting=y / n,
        estimate_stunting=0.441, value_stunting_count=float(y),
    )  # fmt: skip


def test_the_first_reason_tells_rate_counts_estimate_and_place(run):
    code = run.villages["contribution_stunting"].idxmax()
    told = words.reasons(counted(run, code, 79, 162), code, "id")[0]
    assert told.startswith("Prevalensi balita stunting: 48,8 % (79 dari 162), perkiraan 44,1 %; tertinggi dari ")


@pytest.mark.parametrize("y", [1, 2, 3, 4])
@pytest.mark.parametrize("lang", ["id", "en"])
def test_one_to_four_children_are_banded_wherever_the_public_reads(run, y, lang):
    code = run.villages["contribution_stunting"].idxmax()
    few = counted(run, code, y, 29)
    entry = words.indicator(run, "stunting")
    public = " ".join(words.reasons(few, code, lang)) + words.rate_text(few, code, entry, lang)
    inside = words.rate_text(few, code, entry, lang, public=False)
    exact = f"{words.percent(y / 29, lang)} ("
    assert "1–4" in public
    assert f": {exact}" not in public
    assert not words.rate_text(few, code, entry, lang).startswith(exact)
    assert inside.startswith(exact)


def test_people_not_reached_are_written_as_they_are_inside_the_office(run):
    entry = words.indicator(run, "sanitasi")
    assert "1–4" in words.lacking(entry, 3, "id")
    assert "1–4" not in words.lacking(entry, 3, "id", public=False)
    code = run.villages["contribution_sanitasi"].idxmax()
    villages = run.villages.copy()
    villages.loc[code, "gap_people_sanitasi"] = 3.0
    told = words.reasons(replace(run, villages=villages), code, "id", public=False)
    assert any(words.lacking(entry, 3, "id", public=False) in line for line in told)
    assert all("1–4" not in line for line in told)


def test_only_what_is_worse_than_average_is_a_reason_and_the_largest_comes_first(run):
    v = run.villages
    names = {words.label(e, "id"): e["id"] for e in run.facts["indicators"]}
    for code in v.index[v["status"] == "ranked"]:
        told = [names[line.split(":")[0]] for line in words.reasons(run, code, "id", public=False) if ":" in line]
        points = [v.loc[code, f"contribution_{name}"] for name in told]
        assert points == sorted(points, reverse=True)
        assert all(v.loc[code, f"need_{name}"] > v[f"need_{name}"].mean() for name in told)


def test_places_are_those_of_a_sorted_list(run):
    v = run.villages
    entry = words.indicator(run, "sanitasi")
    order = v["estimate_sanitasi"].dropna().sort_values()
    for place, code in enumerate(order.index, 1):
        told = words._place(run, words.row_of(run, code), entry, "id", False)
        assert told == ("terendah dari 60 desa" if place == 1 else f"terendah ke-{place} dari 60 desa")


def test_public_places_are_those_among_the_villages_whose_figure_is_written(run):
    entry = words.indicator(run, "sanitasi")
    banded = banding.hidden(run, entry)
    assert banded.tolist() == [bool(banding.band(run, row, entry)) for row in run.villages.to_dict("index").values()]
    order = run.villages.loc[~banded, "estimate_sanitasi"].dropna().sort_values()
    assert 0 < len(order) < run.villages["estimate_sanitasi"].notna().sum()
    for place, code in list(enumerate(order.index, 1))[1:]:
        told = words._place(run, words.row_of(run, code), entry, "id", True)
        assert told == f"terendah ke-{place} dari {len(order)} desa yang angkanya ditulis"


@pytest.mark.parametrize("lang", ["id", "en"])
def test_every_state_of_the_contract_has_its_words(run, lang):
    code = run.villages.index[0]
    for by in schema.column("selected_by").among[:-1]:
        assert words.why_selected(changed(run, code, selected=True, selected_by=by, reason="Sebab."), code, lang)
    for by in schema.column("left_out_by").among[:-1]:
        assert words.why_selected(changed(run, code, selected=False, left_out_by=by, reason="Sebab."), code, lang)
    for kind in schema.column("hotspot").among[:-1]:
        assert words.hotspot(changed(run, code, hotspot=kind), code, lang)
    for sure in schema.column("certainty").among:
        assert words.certainty(changed(run, code, certainty=sure), code, lang)
    for cluster in (None, 0, 1, 2, 3, 4):
        assert words.cluster_profile(run, cluster, lang)


def test_the_reason_of_the_meeting_is_told(run):
    code = run.villages.index[run.villages["selected_by"] == "add"][0]
    assert words.why_selected(run, code, "id") == "Ditambahkan oleh rapat: Usulan <rembuk> kecamatan"


def test_flags_tell_what_is_missing_small_unmeasured_and_undrawn(run):
    code = run.villages.index[0]
    worn = changed(
        run, code, has_boundary=False, value_measured=0.41, value_sanitasi=np.nan, denominator_asi_eks=0.0,
        shrinkage_stunting=0.64,
    )  # fmt: skip
    told = " ".join(data_flags(worn, code, "id"))
    assert "poligon" in told
    assert "41 %" in told
    assert "64 %" in told
    assert "Tidak ada data: Rumah tangga dengan sanitasi layak." in told
    assert "Tidak ada sasaran: Bayi mendapat ASI eksklusif." in told


def test_a_village_of_full_data_has_no_flags(run):
    full = (run.villages["value_measured"].between(0.8, 1)) & run.villages["has_boundary"]
    full &= run.villages["shrinkage_stunting"] < 0.5
    full &= run.villages[[c for c in run.villages if c.startswith("value_")]].notna().all(axis=1)
    assert full.any()
    assert all(data_flags(run, code, "id") == [] for code in run.villages.index[full])


def test_a_study_in_which_nothing_is_uncertain_claims_no_certainty(run):
    sure = replace(run, facts={**run.facts, "uncertain": False})
    code = run.villages.index[run.villages["rank"] == 1][0]
    assert words.certainty(sure, code, "id") == "Ketidakpastian tidak dapat dihitung untuk indikator ini"
    assert words.rank_interval(sure, code, "id") == ""
    told = explanation(sure, code, "en")
    assert (told["rank_interval"], told["p_top"], told["certainty"]) == (None, None, "")
    assert not any("probability" in line or "simulations" in line for line in told["text"])


@given(st.floats(0, 1))
def test_a_probability_never_reads_as_the_next_class(p):
    shown = words.probability(p, "en")
    low, high = {"<": (0, 0.01), ">": (0.99, 1)}.get(
        shown[0], (float(shown.rstrip(" %")) / 100,) * 2 if shown[0].isdigit() else (0, 1)
    )
    classes = [sum(x >= limit for limit in words.SURE) for x in (p, low, high)]
    assert min(classes) == max(classes)


def test_an_unranked_village_is_told_what_is_missing_and_which_row_may_be_its(run):
    code = run.villages.index[run.villages["status"] != "ranked"][0]
    waiting = pd.DataFrame(
        {"status": ["candidate"], "village": ["PD. MANGGIS"], "candidates": [f"Padang Manggis ({code})"]}
    )
    held = replace(changed(run, code, status="data_short"), join=waiting)
    assert rows_waiting(held) == {code: ["PD. MANGGIS"]}
    assert any('"PD. MANGGIS" menunggu keputusan di crosswalk.csv' in flag for flag in data_flags(held, code, "id"))
    assert "Belum ada: Prevalensi balita stunting" in words.reasons(held, code, "id")[0]
    assert "Yang diketahui" in "\n".join(explanation(held, code, "id")["text"])
    empty = changed(run, code, status="no_data", observed_weight=0.0)
    assert words.reasons(empty, code, "id") == ["Tidak diperingkat: tidak ada data satu pun."]


def test_contributions_name_the_most_they_could_be(run):
    for code in run.villages.index[run.villages["status"] == "ranked"]:
        for entry in run.facts["indicators"]:
            told = words.points_text(run, code, entry, "id", public=False)
            if told:
                points, *most = (float(x.replace(",", ".")) for x in re.findall(r"[\d,]+", told))
                # Weights of missing indicators are spread over the others: then no most is told.
                assert all(points <= x == pytest.approx(100 * entry["weight"]) for x in most)
                assert (
                    len(most)
                    == run.villages.loc[code, [f"need_{e['id']}" for e in run.facts["indicators"] if e["scored"]]]
                    .notna()
                    .all()
                )


def test_english_says_children_and_counts_places_in_english(run):
    code = run.villages.index[run.villages["value_stunting_count"] > 9][0]
    entry = words.indicator(run, "stunting_count")
    assert words.rate_text(run, code, entry, "en").endswith(" children")
    assert words.ordinal(8, "en") + " highest" in words.text("words.place.highest", "en", place="8th", count=63)
