"""Periods as offices write them, one of them chosen, and what hardly changes between two of them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lokus import messages
from lokus.errors import DataError, Where
from lokus.sources import periods
from lokus.sources.indicators import TableData, read_table
from lokus.sources.periods import Period, parse_period

NAMES = [names[0] for names in periods.MONTHS]
PLACE = {"village": "KELURAHAN", "kecamatan": "KECAMATAN"}

# How a month, a part of a year, and a year are written in the offices' files (DOMAIN 4, shared/data).
MONTH_FORMS = (
    "{name} {year}", "{name}-{year}", "Bulan {name} Tahun {year}", "{short} {year}", "{short}-{two}", "{short}{year}",
    "{year} {name}", "{year}-{month:02}", "{month:02}/{year}", "{month}-{year}", "{year}{month:02}",
    "{day:02}/{month:02}/{year}", "{day}-{month}-{year}", "{year}-{month:02}-{day:02}", "{year}{month:02}{day:02}",
    "{day} {name} {year}", "{year}-{month:02}-{day:02} 00:00:00", "per {day} {name} {year}",
)  # fmt: skip
PART_FORMS = {
    6: ("Sem {nth} {year}", "Semester {roman} {year}", "SEMESTER {nth} TAHUN {year}", "{year} semester {nth}",
        "Smt. {roman}/{year}", "{year}-S{nth}"),
    3: ("TW {roman} {year}", "TW{nth}-{year}", "Triwulan {nth} {year}", "{year}Q{nth}", "TW {roman} Tahun {year}"),
}  # fmt: skip


@settings(deadline=None)
@given(
    st.sampled_from(MONTH_FORMS),
    st.integers(1, 12),
    st.integers(2000, 2099),
    st.integers(1, 28),
    st.sampled_from([str.upper, str.title, str.lower]),
)
def test_a_month_is_the_same_in_every_form(form: str, month: int, year: int, day: int, case: Any) -> None:
    name = NAMES[month - 1]
    said = form.format(name=name, short=name[:3], month=month, year=year, two=f"{year % 100:02}", day=day)
    assert parse_period(case(said)) == Period(year, month, 1)


@settings(deadline=None)
@given(st.sampled_from([(m, f) for m, forms in PART_FORMS.items() for f in forms]), st.data(), st.integers(1990, 2099))
def test_parts_of_a_year_end_where_they_end(form: tuple[int, str], data: st.DataObject, year: int) -> None:
    months, written = form
    nth = data.draw(st.integers(1, 12 // months))
    said = written.format(nth=nth, roman=("I", "II", "III", "IV")[nth - 1], year=year)
    assert parse_period(said) == Period(year, nth * months, months)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [*pairwise(["2022", "TW I 2023", "Mei 2023", "Sem 1 2023", "Nop 2023", "2024-01", "17/02/2024", "TW 1 2024"])],
)
def test_periods_of_several_lengths_stand_in_the_order_of_their_ends(earlier: str, later: str) -> None:
    one, two = parse_period(earlier), parse_period(later)
    assert one is not None
    assert two is not None
    assert one < two


@pytest.mark.parametrize(
    "text", ["", "SARUDU", "13", "2024-13", "31/13/2024", "Desa 2024", "Sem 3 2024", "12,5", "Sari 3", "16.03.01.2001"]
)
def test_what_is_no_period_is_none(text: str) -> None:
    assert parse_period(text) is None


def test_two_months_of_weighing(shared_data: Path) -> None:
    def read(**more: Any) -> TableData:
        return read_table(
            shared_data / "indicators/pasangkayu/penimbangan_ds_2025.csv",
            table_id="ds",
            place=PLACE,
            columns={"ds.numerator": ["JUMLAH DITIMBANG"], "ds.denominator": ["JUMLAH SASARAN"]},
            **more,
        )

    by_filter = {month: read(only={"BULAN": month}) for month in ("SEPTEMBER", "OKTOBER")}
    last = read(period_column="BULAN")
    assert last.values.equals(by_filter["OKTOBER"].values)
    assert (last.period, [p.code for p in last.problems]) == ("OKTOBER", ["period_without_year"])
    assert last.account["kind"].value_counts().to_dict() == {"other_period": 63, "header": 1}
    september = read(period_column="BULAN", choose="Sept")
    assert september.values.equals(by_filter["SEPTEMBER"].values)
    assert september.problems == ()
    assert list(read().dated) == ["BULAN"]


def test_one_semester_alone_needs_no_choice(shared_data: Path) -> None:
    path = shared_data / "indicators/pasangkayu/krs_verval_2024_sem2.csv"
    table = read_table(path, table_id="krs", place=PLACE, columns={"a.value": ["PUS"]}, period_column="PERIODE")
    assert (table.period, len(table.values), table.problems) == ("Sem 2 2024", 63, ())


def _table(tmp_path: Path, rows: list[tuple[str, str, Any]], **more: Any) -> TableData:
    path = tmp_path / "a.csv"
    path.write_text("Desa;Bulan;Anak\n" + "".join(f"{v};{p};{n}\n" for v, p, n in rows), "utf-8")
    columns = more.pop("columns", {"a.numerator": ["Anak"]})
    return read_table(path, table_id="t", place={"village": "Desa"}, columns=columns, period_column="Bulan", **more)


def _fault(tmp_path: Path, rows: list[tuple[str, str, Any]], **more: Any) -> tuple[str, Any]:
    with pytest.raises(DataError) as fault:
        _table(tmp_path, rows, **more)
    (problem,) = (p for p in fault.value.problems if p.fatal)
    assert all(messages.problem(problem, lang).startswith("a.csv") for lang in messages.LANGS)
    return problem.code, problem.params["periods"]


MIXED = [
    ("a", "Des 2023", 1),
    ("a", "2024-02", 2),
    ("b", "Februari 2024", 3),
    ("b", "12/2023", 4),
    ("c", "Des 2023", 5),
]


def test_spellings_of_one_period_are_one_period(tmp_path: Path) -> None:
    assert _table(tmp_path, MIXED).values["a.numerator"].tolist() == [2, 3]
    # As written, a text means itself; in another form, what it names.
    assert _table(tmp_path, MIXED, choose="des 2023").values["a.numerator"].tolist() == [1, 5]
    assert _table(tmp_path, MIXED, choose="Desember 2023").values["a.numerator"].tolist() == [1, 4, 5]
    assert _table(tmp_path, MIXED, choose="all").values["a.numerator"].tolist() == [1, 2, 3, 4, 5]


def test_what_cannot_be_chosen_is_told_with_what_there_is(tmp_path: Path) -> None:
    assert _fault(tmp_path, MIXED, choose="Maret 2024") == (
        "period_absent",
        ["Des 2023", "2024-02", "Februari 2024", "12/2023"],
    )
    assert _fault(tmp_path, [("a", "awal", 1), ("b", "Mei 2024", 2)]) == ("period_unordered", ["awal"])
    assert _fault(tmp_path, [("a", "Mei", 1), ("b", "Mei 2024", 2)]) == ("period_unordered", ["Mei", "Mei 2024"])
    assert _table(tmp_path, [("a", "awal", 1), ("b", "akhir", 2)], choose="Akhir").values["a.numerator"].tolist() == [2]


def test_cells_of_other_periods_cannot_be_at_fault_and_blank_ones_are_told(tmp_path: Path) -> None:
    table = _table(tmp_path, [("a", "Mei 2024", "rusak"), ("a", "Juni 2024", 2), ("b", "", 3), ("c", "Juni 2024", 4)])
    assert table.values["a.numerator"].tolist() == [2, 4]
    assert [(p.code, p.fatal, p.where.row) for p in table.problems] == [("period_blank", False, 4)]
    assert table.account["kind"].to_dict() == {1: "header", 2: "other_period", 4: "other_period"}


def _two_months(first: list[int], second: list[int]) -> list[tuple[str, str, Any]]:
    return [(f"d{i}", p, n) for p, ns in (("Mei 2024", first), ("Juni 2024", second)) for i, n in enumerate(ns)]


@pytest.mark.parametrize(
    ("first", "second", "role", "told"),
    [
        ([7, 8, 9, 5, 6, 4], [7, 8, 9, 5, 6, 4], "numerator", ["period_values_repeated"]),
        ([7, 8, 9, 5, 6, 4], [7, 8, 9, 5, 6, 4], "denominator", []),
        ([7, 8, 9, 5, 6, 4], [7, 8, 9, 4, 5, 3], "numerator", []),
        ([0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0], "numerator", []),
        ([7, 8, 9, 5, 6, 4], [3, 4, 4, 2, 3, 2], "numerator", ["period_total_jumps"]),
        ([3, 4, 4, 2, 3, 2], [7, 8, 9, 5, 6, 4], "denominator", ["period_total_jumps"]),
        ([3, 4, 4, 2, 3, 2], [7, 8, 9, 5, 6, 4], "percent", []),
        ([3, 4], [3, 4], "numerator", []),
    ],
)
def test_what_hardly_changes_so_is_told(
    tmp_path: Path, first: list[int], second: list[int], role: str, told: list[str]
) -> None:
    table = _table(tmp_path, _two_months(first, second), columns={f"a.{role}": ["Anak"]})
    assert [p.code for p in table.problems] == told
    assert not any(p.fatal for p in table.problems)
    for problem in table.problems:
        assert all("Anak" in messages.problem(problem, lang) for lang in messages.LANGS)


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        (("KRS", "JUMLAH KRS"), [(21866, 7589)]),
        (("TEMPAT BUANG AIR", "JAMBAN TIDAK LAYAK"), [(774, 3136)]),
        (("AIR MINUM", "SUMBER AIR MINUM TIDAK LAYAK"), []),
    ],
)
def test_a_definition_that_changed_between_two_semesters(
    shared_data: Path, headers: tuple[str, str], told: list[tuple[int, int]]
) -> None:
    # The semesters differ in definition (shared/data/README.md): the families at risk are a third of what they were.
    read = [
        read_table(
            shared_data / f"indicators/pasangkayu/krs_verval_2024_sem{n}.csv",
            table_id="krs",
            place=PLACE,
            columns={"krs.numerator": [header]},
        )
        for n, header in enumerate(headers, 1)
    ]
    values = pd.concat([t.values for t in read], ignore_index=True)
    places = pd.concat([t.places for t in read], ignore_index=True)
    of = pd.Series([parse_period(f"Sem {n} 2024") for n in (1, 2) for _ in range(63)], dtype=object)
    found = list(periods.doubtful(values, of, places, {"krs.numerator": ["KRS"]}, Where("krs")))
    assert [p.code for p in found] == ["period_total_jumps"] * len(told)
    # Only villages that are in both are compared; two of 63 are spelled in two ways.
    for problem, (first, second) in zip(found, told, strict=True):
        assert problem.params["before"] == pytest.approx(first, rel=0.1)
        assert problem.params["after"] == pytest.approx(second, rel=0.1)


def test_months_without_a_choice_are_refused_with_the_column_to_name(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Desa;Bulan Data;Tahun;Usia\na;1;2024;x\na;2;2024;x\nb;1;2024;y\nb;2;2024;y\n", "utf-8")
    table = read_table(path, table_id="t", place={"village": "Desa"}, columns={})
    assert list(table.dated) == ["Bulan Data"]
    problem = periods.undeclared(table.dated, table.places["village"], Where("a.csv"))
    assert problem is not None
    assert (problem.fatal, problem.where.column, problem.params["periods"]) == (True, "Bulan Data", ["1", "2"])
    assert all('period_column = "Bulan Data"' in messages.problem(problem, lang) for lang in messages.LANGS)
    # Two puskesmas of one month are no two months.
    assert (
        periods.undeclared(table.dated, pd.Series(["a", "c", "b", "b"], table.dated.index), Where("a.csv")) is not None
    )
    same = table.dated.assign(**{"Bulan Data": "1"})
    assert periods.undeclared(same, table.places["village"], Where("a.csv")) is None
    once = pd.Series(["a", "b"], table.dated.index[:2])
    assert periods.undeclared(table.dated, once, Where("a.csv")) is None
