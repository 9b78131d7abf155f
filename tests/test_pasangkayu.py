"""The main job on a real kabupaten, held against what its own tables say."""

from __future__ import annotations

from pathlib import Path

import pytest
from studies import pasangkayu

from lokus import intake, messages, pipeline
from lokus.outputs.explain import explanation, find_village
from lokus.pipeline import Run


@pytest.fixture(scope="module")
def found(shared_data: Path) -> intake.Intake:
    return intake.read(pasangkayu(shared_data))


@pytest.fixture(scope="module")
def run(shared_data: Path, found: intake.Intake) -> Run:
    return pipeline.run(pasangkayu(shared_data), found)


def test_the_totals_row_is_no_village_and_the_sums_are_those_of_the_file(found: intake.Intake) -> None:
    rows = found.account[(found.account["table"] == "eppgbm") & (found.account["kind"] == "data")]
    totals = found.account[(found.account["table"] == "eppgbm") & (found.account["kind"] == "total")]
    assert (len(rows), len(totals)) == (63, 1)
    lost = {"PAKAWA": (48, 235), "GODANG": (12, 85)}
    assert set(rows.loc[rows["status"] != "matched", "village"]) == set(lost)
    villages = found.villages
    assert villages["numerator_stunting"].notna().sum() == 61
    # The two rows that wait for a person hold the rest of 2,342 stunted of 10,832 measured children.
    assert 2342 - villages["numerator_stunting"].sum() > 0
    assert 10832 - villages["denominator_stunting"].sum() > 0


def test_two_names_are_left_to_a_person_with_what_they_may_be(found: intake.Intake) -> None:
    rows = found.account[found.account["table"] == "eppgbm"].set_index("village")
    assert rows.loc["PAKAWA", "status"] == "candidate"
    assert "Pakava" in rows.loc["PAKAWA", "candidates"]
    assert rows.loc["GODANG", "status"] in ("candidate", "unmatched")
    assert list(found.crosswalk["village"]) == ["GODANG", "PAKAWA"]
    assert {"Kulu", "Pakava"} == set(found.villages.loc[found.villages["numerator_stunting"].isna(), "village"])


def test_a_persons_decisions_bring_all_children_back(shared_data: Path, tmp_path: Path) -> None:
    study = pasangkayu(shared_data)
    decided = tmp_path / "crosswalk.csv"
    decided.write_text(
        "table;kecamatan;village;code;village_code\neppgbm;;PAKAWA;;76.01.02.2010\neppgbm;;GODANG;;76.01.12.2005\n",
        "utf-8-sig",
    )
    kulu, pakava = (found_code(shared_data, name) for name in ("Kulu", "Pakava"))
    text = decided.read_text("utf-8-sig").replace("76.01.12.2005", kulu).replace("76.01.02.2010", pakava)
    decided.write_text(text, "utf-8-sig")
    moved = study.model_copy(update={"folder": tmp_path, "outside_paths": True, **_absolute(study, shared_data)})
    villages = intake.read(moved).villages
    assert villages["denominator_stunting"].sum() == 10832
    assert villages["numerator_stunting"].sum() == 2342
    assert villages["denominator_measured"].sum() == 14961


def found_code(shared: Path, name: str) -> str:
    villages = intake.read(pasangkayu(shared)).villages
    return str(villages.index[villages["village"] == name][0])


def _absolute(study: object, shared: Path) -> dict[str, object]:
    boundaries = study.boundaries.model_copy(update={"path": str(shared / study.boundaries.path)})  # type: ignore[attr-defined]
    tables = tuple(t.model_copy(update={"path": str(shared / t.path)}) for t in study.table)  # type: ignore[attr-defined]
    return {"boundaries": boundaries, "table": tables}


def test_bulu_parigi_leads_by_raw_prevalence(run: Run) -> None:
    villages = run.villages
    first = villages["value_stunting"].idxmax()
    assert villages.loc[first, "village"] == "Bulu Parigi"
    assert (villages.loc[first, "numerator_stunting"], villages.loc[first, "denominator_stunting"]) == (79, 162)
    assert villages.loc[first, "selected"]


@pytest.mark.parametrize(("name", "stunted", "measured"), [("Sumber Sari", 0, 22), ("Kenangan", 5, 29)])
def test_small_villages_are_pulled_to_the_mean_and_wide(run: Run, name: str, stunted: int, measured: int) -> None:
    row = run.villages.loc[find_village(run, name)]
    assert (row["numerator_stunting"], row["denominator_stunting"]) == (stunted, measured)
    mean = run.facts["indicators"][0]["average"]
    assert abs(row["estimate_stunting"] - mean) < abs(row["value_stunting"] - mean)
    width = run.villages["high_stunting"] - run.villages["low_stunting"]
    assert width[row.name] > 2 * width.median() or width.rank(ascending=False)[row.name] <= 10


def test_the_measured_share_is_shown_as_quality(run: Run) -> None:
    share = run.villages["value_measured"].dropna()
    assert round(share.min(), 3) == 0.196
    assert round(share.max(), 2) == 0.99
    assert "need_measured" not in run.villages


def test_ten_are_chosen_under_the_rules(run: Run) -> None:
    chosen = run.villages[run.villages["selected"]]
    assert len(chosen) == 10
    assert chosen["kecamatan_code"].value_counts().max() <= 3


@pytest.mark.parametrize("lang", messages.LANGS)
def test_every_village_is_explained_and_the_parts_sum_to_the_score(run: Run, lang: str) -> None:
    for code in run.villages.index:
        told = explanation(run, code, lang, public=False)
        assert told["text"]
        if told["score"] is not None:
            assert sum(p["points"] for p in told["contributions"]) == pytest.approx(told["score"], abs=1e-9)
