"""Studies without a prevalence table: real boundaries and the Indeks Desa Membangun 2024."""

from __future__ import annotations

from pathlib import Path

import pytest
from studies import idm

from lokus import intake, messages, pipeline
from lokus.errors import DataError
from lokus.outputs.explain import explanation

KABUPATEN = {"muara_enim": ("16.03", 254), "kaur": ("17.04", 195)}


@pytest.mark.parametrize("name", KABUPATEN)
def test_villages_are_ranked_by_gaps_alone_and_every_output_says_so(shared_data: Path, name: str) -> None:
    code, polygons = KABUPATEN[name]
    run = pipeline.run(idm(shared_data, name, code, 12))
    assert not run.facts["has_prevalence"]
    assert int(run.villages["has_boundary"].sum()) == polygons
    assert run.villages["selected"].sum() == 12
    first = str(run.selection.index[0])
    for lang in messages.LANGS:
        assert messages.text("cli.no_prevalence", lang) in explanation(run, first, lang)["text"]
    # A kelurahan has no IDM by design: not covered, never zero, never ranked as the best or the worst off.
    uncovered = run.villages[run.villages["value_iks"].isna()]
    assert set(uncovered["village_kind"]) <= {"kelurahan", "desa"}
    assert (uncovered["status"] == "no_data").all()
    assert uncovered["rank"].isna().all()
    assert not uncovered["selected"].any()


def test_villages_without_a_polygon_are_listed_and_ranked(shared_data: Path) -> None:
    run = pipeline.run(idm(shared_data, "muara_enim", "16.03", 12))
    # Of the two official villages without a polygon the IDM knows one; 16.03.11.2009 stands in neither file.
    assert run.villages.index[~run.villages["has_boundary"]].tolist() == ["16.03.22.2002"]
    assert run.villages.loc["16.03.22.2002", "status"] == "ranked"
    assert run.geometry["16.03.22.2002"] is None
    assert [p.code for p in run.problems].count("place_new_village") == 1


def test_other_kabupaten_of_the_province_table_are_outside_not_lost(shared_data: Path) -> None:
    found = intake.read(idm(shared_data, "kaur", "17.04", 12))
    facts = found.tables[0]
    assert facts["rows"] == facts["matched"] + facts["candidates"] + facts["unmatched"] + facts["outside"]
    assert facts["matched"] == 192
    assert facts["outside"] == facts["rows"] - 192


def test_a_kota_without_any_row_is_refused_in_words(shared_data: Path) -> None:
    """Kota Bengkulu has kelurahan alone, and the IDM covers none of them."""
    with pytest.raises(DataError) as caught:
        pipeline.run(idm(shared_data, "kota_bengkulu", "17.71", 5))
    fault = caught.value.problems[0]
    assert (fault.code, fault.params["villages"]) == ("nobody_ranked", 67)
