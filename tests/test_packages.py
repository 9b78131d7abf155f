"""Packages in words: names in both languages for every theme, and the table a planner acts on, for a real kabupaten."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from studies import changed, pasangkayu

from lokus import messages, packages, pipeline
from lokus.catalog import indicators
from lokus.pipeline import Run


@pytest.fixture(scope="module")
def run(shared_data: Path) -> Run:
    study = pasangkayu(shared_data)
    return pipeline.run(changed(study, clusters__areas={"how": "skater", "count": 8}, space__permutations=99))


@pytest.mark.parametrize("theme", sorted({i.theme for i in indicators().values()}))
def test_every_theme_of_the_catalogue_has_its_words(theme: str) -> None:
    assert theme and messages.has(f"package.lack.{theme}") and messages.has(f"package.better.{theme}")


@pytest.mark.parametrize(
    ("kind", "themes", "told"),
    [
        ("lack", ["sanitasi", "air"], "Sanitasi dan air minum"),
        ("lack", ["akses"], "Akses jauh"),
        ("lack", ["gizi"], "Cakupan gizi rendah"),
        ("lack", ["x", "air"], "<b>Jarak</b> dan air minum"),
        ("all", ["sanitasi", "air", "gizi"],
         "Kurang di hampir semua hal, terutama sanitasi, air minum dan cakupan gizi rendah"),
        ("better", ["gizi"], "Lebih ringan: gizi"),
        ("even", [], "Mendekati rata-rata"),
    ],
)  # fmt: skip
def test_names_in_words(kind: str, themes: list[str], told: str) -> None:
    facts = {"indicators": [{"id": "x", "label_id": "<b>Jarak</b> (km)", "label_en": ""}]}
    assert packages.name({"name": {"kind": kind, "themes": themes}}, facts, "id") == told


@pytest.mark.parametrize("lang", messages.LANGS)
@pytest.mark.parametrize("areas", [False, True])
def test_the_table_adds_up_to_the_villages_own_figures(run: Run, lang: str, areas: bool) -> None:
    table, v = packages.table(run.facts, lang, areas=areas), run.villages
    column = v["area" if areas else "cluster"]
    assert tuple(table.columns) == packages.FIELDS and table["name"].str.len().min() > 0
    labels = {i[f"label_{lang}"]: i for i in run.facts["indicators"]}
    assert set(table["group"]) == set(column.dropna()) - {0}
    for row in table.dropna(subset="lack").itertuples():
        entry, members = labels[row.lack], v[column == row.group]
        assert row.villages == len(members)
        numerator, denominator = (members[f"{part}_{entry['id']}"] for part in ("numerator", "denominator"))
        assert row.value == pytest.approx(numerator.sum() / denominator.sum())
        assert row.people == pytest.approx(members[f"gap_people_{entry['id']}"].sum())
        assert row.average == pytest.approx(entry["average"]) and row.value > row.average
        assert row.owner == entry["owner"] and row.short <= row.known <= row.villages


def test_pasangkayus_groups_are_told_by_water_and_by_sanitation(run: Run) -> None:
    table = packages.table(run.facts, "id").drop_duplicates("group")
    assert "air minum" in table["name"].iloc[0] and table["name"].iloc[1].startswith("Sanitasi")
    evidence = pd.DataFrame(run.facts["clusters"]["evidence"])
    assert evidence["stability"].between(0, 1).all()
    assert run.villages["cluster_sure"].dropna().between(0, 1).all()
    areas = run.facts["clusters"]["areas"]
    assert areas["made"] == 8 and run.villages["area"].value_counts().drop(0, errors="ignore").min() >= 5


def test_areas_that_nobody_asked_for_are_not_there(run: Run, shared_data: Path) -> None:
    plain = pipeline.run(changed(pasangkayu(shared_data), space__permutations=99))
    assert plain.villages["area"].isna().all() and "areas" not in plain.facts["clusters"]
    assert packages.table(plain.facts, "id", areas=True).empty
    pd.testing.assert_series_equal(plain.villages["cluster"], run.villages["cluster"])
