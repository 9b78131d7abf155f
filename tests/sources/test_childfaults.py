"""Faults of a whole by-name list: swapped columns, lost days, other units, other countries' dates."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from bynames import VILLAGES, Row, as_csv, child, saved
from hypothesis import given, settings
from hypothesis import strategies as st

from lokus.errors import DataError
from lokus.sources.childheadings import near
from lokus.sources.children import ChildCounts, count_children

SYLLABLES = ("BA", "DE", "GI", "KO", "LU", "MA", "NE", "PI", "RO", "SU")


def word(number: int) -> str:
    return "".join(SYLLABLES[int(d)] for d in f"{number:04d}")


def listed(children: int) -> list[Row]:
    """Children of their own names, mothers, birth dates and ages, some in each village."""
    rows = []
    for i in range(children):
        born, on = dt.date(2023, 5, 1) + dt.timedelta(days=i % 57), dt.date(2025, 8, 1 + i % 28)
        days = {"Tgl_Lahir": f"{born:%d/%m/%Y}", "Tanggal_Pengukuran": f"{on:%d/%m/%Y}"}
        aged = {"Usia_Saat_Ukur": f"{(on - born).days} Hari"}
        rows.append(child(i, Nama=f"ANAK {word(i)}", Nama_Ortu=f"IBU {word(i * 7)}", Alamat=f"DUSUN {word(i * 3)}",
                          **days, **aged))  # fmt: skip
    return rows


def counted(rows: Sequence[Row], *targets: Sequence[Row]) -> ChildCounts:
    with tempfile.TemporaryDirectory() as folder:
        tables = [saved(Path(folder), as_csv(t), f"t{i}.csv") for i, t in enumerate(targets)]
        return count_children([saved(Path(folder), as_csv(rows))], targets=tables)


def refused(rows: Sequence[Row], *targets: Sequence[Row]) -> set[str]:
    with pytest.raises(DataError) as caught:
        counted(rows, *targets)
    assert not any(
        r["Nama"] in str(p.params) or r["Nama Ortu"] in str(p.params) for p in caught.value.problems for r in rows
    )
    return {p.code for p in caught.value.problems if p.fatal}


def swapped(rows: Sequence[Row], one: str, other: str) -> list[Row]:
    return [r | {one: r[other], other: r[one]} for r in rows]


@given(st.sampled_from(["Nama", "Nama Ortu", "Alamat"]), st.sampled_from(["Desa/Kel", "Kec", "Kab/Kota"]),
       st.integers(60, 150), st.sampled_from([1.0, 0.6, 0.4]))  # fmt: skip
@settings(max_examples=12, deadline=None)
def test_no_person_or_address_in_a_column_of_places_is_counted(person: str, place: str, children: int, share: float):
    rows = listed(children)
    most = int(share * children)
    assert refused([*swapped(rows[:most], person, place), *rows[most:]]) & {
        "children_place_column",
        "children_most_lost",
    }


@given(st.integers(10, 15))
@settings(max_examples=3, deadline=None)
def test_some_mothers_among_villages_are_left_out_and_a_few_rare_villages_stay(mothers: int):
    rows = listed(300)
    told = counted([*swapped(rows[:mothers], "Nama Ortu", "Desa/Kel"), *rows[mothers:]])
    assert set(told.villages["desa"]) == set(VILLAGES)
    assert ("children_village_crowd", mothers) in {(p.code, p.params.get("count")) for p in told.problems}
    rare = [child(900 + i, Nama=f"ANAK {word(900 + i)}") | {"Desa/Kel": f"Air {word(i)}"} for i in range(9)]
    assert len(counted([*rows, *rare]).villages) == len(VILLAGES) + 9


def test_one_village_however_it_is_spaced_and_two_of_two_kecamatan():
    rows = [r | {"Desa/Kel": ("Suka Maju", "SukaMaju", "SUKAMAJU")[i % 3]} for i, r in enumerate(listed(30))]
    rows += [r | {"Kec": "RAMBANG", "NIK": r["NIK"].replace("160301", "160302")} for r in rows]
    assert counted(rows).villages["children"].tolist() == [30, 30]


UNITS: dict[str, Callable[[str], str]] = {
    "metres": lambda cm: f"0,{cm.replace(',', '')}",
    "millimetres": lambda cm: cm.replace(",", ""),
    "weights": lambda _: "10,2",
}


@pytest.mark.parametrize("looks", UNITS)
def test_heights_in_another_unit_are_a_fault_that_says_which(looks: str):
    assert refused([r | {"Tinggi": UNITS[looks](r["Tinggi"])} for r in listed(30)]) == {f"children_height_{looks}"}


@pytest.mark.parametrize("how", ["misspelt", "empty"])
def test_without_a_day_the_latest_is_not_known(how: str):
    def undated(rows: Sequence[Row]) -> list[Row]:
        if how == "empty":
            return [r | {"Tanggal Pengukuran": ""} for r in rows]
        return [{k.replace("Tanggal Pengukuran", "Tanggal Pengukuan"): v for k, v in r.items()} for r in rows]

    once = listed(30)
    first = counted(undated(once)).problems[0]
    assert first.code == "children_undated" and bool(first.params["near"]) == (how == "misspelt")
    taller = [r | {"Tinggi": "86,5"} for r in once]
    assert refused(undated([*once, *taller])) == {"children_undated_several"}


def test_a_misspelt_birth_date_is_told_and_what_it_costs():
    rows = [{k.replace("Tgl Lahir", "Tangal Lahir"): v for k, v in r.items()} | {"NIK": ""} for r in listed(30)]
    told = {p.code: p for p in counted(rows).problems}
    assert "Tangal Lahir" in told["children_unborn"].params["near"]
    assert next(iter(told)) == "children_mostly_unidentified"


@pytest.mark.parametrize("heading", ["Desa/Kelurahn", "Tingi", "Jenis Kelamn"])
def test_a_missing_column_is_told_with_what_is_nearly_it(heading: str):
    field = {"D": "village", "T": "height", "J": "sex"}[heading[0]]
    assert heading in near(field, ["Posyandu", "TB Lahir", heading]) and not near(field, ["Posyandu", "TB Lahir"])


@given(st.integers(0, 59), st.sampled_from(["Tgl Lahir", "Tanggal Pengukuran"]))
@settings(max_examples=8, deadline=None)
def test_one_american_date_does_not_turn_a_column(at: int, column: str):
    rows = [r for r in listed(250) if int(r["Tanggal Pengukuran"][:2]) <= 12 and int(r["Tgl Lahir"][:2]) <= 12]
    at %= len(rows)
    odd = [r | ({column: "02/13/2025"} if i == at else {}) for i, r in enumerate(rows)]
    told = {p.code for p in counted(odd).problems}
    assert "children_date_unreadable" in told and not told & {"children_month_first", "children_age_differs"}


@pytest.mark.parametrize("aged", [True, False])
def test_dates_that_an_american_excel_has_swapped_are_refused(aged: bool):
    def mangled(text: str) -> str:
        day, month, year = text.split("/")
        return f"{year}-{day}-{month}" if int(day) <= 12 else text

    rows = [r | {c: mangled(r[c]) for c in ("Tgl Lahir", "Tanggal Pengukuran")} for r in listed(120)]
    assert refused(rows if aged else [r | {"Usia Saat Ukur": ""} for r in rows]) == {"children_dates_swapped"}


def test_a_list_of_persons_is_no_table_of_targets():
    rows = listed(30)
    targets = [{"NIK": r["NIK"], "Nama": r["Nama"], "Desa/Kel": r["Nama Ortu"], "Sasaran": "1"} for r in rows]
    assert refused(rows, targets) == {"table_of_persons"}
