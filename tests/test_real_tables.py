"""Tables as districts really have them, through a whole study: months, divided villages, names without codes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from studies import INDICATORS, idm, pasangkayu

from lokus import intake, messages
from lokus.errors import DataError
from lokus.pipeline import run
from lokus.sources.indicators import read_table
from lokus.study import Study

WEIGHING: dict[str, Any] = {
    "id": "ds",
    "path": "indicators/pasangkayu/penimbangan_ds_2025.csv",
    "place": {"kecamatan": "KECAMATAN", "village": "KELURAHAN"},
}
WEIGHED = {"id": "measured", "table": "ds", "numerator": "JUMLAH DITIMBANG", "denominator": "JUMLAH SASARAN"}


def weighing(shared: Path, **table: Any) -> Study:
    return pasangkayu(shared, table=[{**WEIGHING, **table}], indicator=[WEIGHED])


@pytest.mark.parametrize("repeated", ["refuse", "sum", "first"])
def test_two_months_are_never_taken_together_by_accident(shared_data: Path, repeated: str) -> None:
    with pytest.raises(DataError) as fault:
        intake.read(weighing(shared_data, repeated=repeated))
    fatal = [p for p in fault.value.problems if p.fatal]
    assert [(p.code, p.where.column) for p in fatal] == [("period_undeclared", "BULAN")]
    assert all('period_column = "BULAN"' in messages.problem(p, lang) for p in fatal for lang in messages.LANGS)


def test_the_latest_month_is_taken_and_shown(shared_data: Path) -> None:
    found = intake.read(weighing(shared_data, period_column="BULAN"))
    (facts,) = found.tables
    assert (facts["period"], facts["rows"], facts["left_out"]["other_period"]) == ("OKTOBER", 63, 63)
    both = intake.read(weighing(shared_data, period_column="BULAN", choose="all", repeated="sum"))
    september = intake.read(weighing(shared_data, period_column="BULAN", choose="september"))
    parts = [f.villages["numerator_measured"] for f in (found, september)]
    complete = both.villages["numerator_measured"].dropna().index
    assert (parts[0] + parts[1])[complete].equals(both.villages.loc[complete, "numerator_measured"])


def test_a_divided_village_gives_its_children_once(shared_data: Path, tmp_path: Path) -> None:
    study = pasangkayu(shared_data, indicator=INDICATORS[:1])
    codes = {name: code for code, name in intake.read(study).villages["village"].items()}
    lines = [f"eppgbm;;PAKAWA;;{codes['Pakava']};0,75", f"eppgbm;;PAKAWA;;{codes['Kulu']};0,25", "eppgbm;;GODANG;;-;"]
    (tmp_path / "crosswalk.csv").write_text(
        "\n".join(["table;kecamatan;village;code;village_code;share", *lines, ""]), "utf-8-sig"
    )
    placed = {"path": str(shared_data / study.boundaries.path)}
    moved = study.model_copy(
        update={
            "folder": tmp_path,
            "boundaries": study.boundaries.model_copy(update=placed),
            "table": tuple(t.model_copy(update={"path": str(shared_data / t.path)}) for t in study.table),
        }
    )
    found = intake.read(moved)
    # 10,832 measured children in all (shared/data/README.md).
    file = shared_data / study.table[0].path
    read = read_table(file, table_id="t", place={"village": "Desa/Kelurahan"}, columns={"n.denominator": ["Diukur"]})
    counted = read.values["n.denominator"].set_axis(read.places["village"])
    measured = found.villages["denominator_stunting"]
    assert measured.sum() == 10832 - counted["GODANG"]
    assert measured[[codes["Pakava"], codes["Kulu"]]].tolist() == [0.75 * counted["PAKAWA"], 0.25 * counted["PAKAWA"]]
    data = found.account[(found.account["table"] == "eppgbm") & (found.account["village"] == "PAKAWA")]
    assert data[["status", "rung", "share"]].to_numpy().tolist() == [
        ["matched", "crosswalk", 0.75],
        ["matched", "crosswalk", 0.25],
    ]
    assert next(t for t in found.tables if t["id"] == "eppgbm")["rows"] == 63
    # Parts of children are no obstacle to the estimates.
    assert run(moved, found).villages["estimate_stunting"].notna().sum() == 63


def test_a_file_of_names_only_joins_by_name(shared_data: Path) -> None:
    by_code = intake.read(idm(shared_data, "kaur", "17.04", 10))
    named = {"path": "hostile/93_names_only/kaur.shp", "code_system": "kemendagri", "names_only": True}
    study = idm(
        shared_data, "kaur", "17.04", 10, boundaries=named, study={"title": "Kaur", "year": 2025, "kabupaten": "Kaur"}
    )
    study = study.model_copy(
        update={"table": tuple(t.model_copy(update={"only": {"kode_kab": "1704"}}) for t in study.table)}
    )
    by_name = intake.read(study)
    assert [p.code for p in by_name.problems if p.where.file.endswith(".shp")] == ["boundary_codes_made"]
    assert set(by_name.villages["kabupaten_code"]) == {"00.01"}
    # What both joins say of a village is the same; the names settle nearly all rows.
    known = by_code.villages.set_index(["kecamatan", "village"])["value_iks"].dropna()
    told = by_name.villages.set_index(["kecamatan", "village"])["value_iks"].dropna()
    both = known.index.intersection(told.index)
    assert known[both].equals(told[both])
    assert len(both) == len(told) >= 0.95 * len(known)
    chosen = run(study, by_name).villages
    assert chosen["selected"].sum() == 10
