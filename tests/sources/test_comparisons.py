"""One thing told twice: what two tables or two sheets say of it, as laws over made tables and on the real KRS files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from studies import idm, pasangkayu

from lokus import demo, intake
from lokus.errors import Problem
from lokus.sources.comparisons import JUMP, Told, across, doubts
from lokus.study import open_study

KRS = "indicators/pasangkayu/krs_verval_2024_sem{}.csv"
HEADINGS = ("Jumlah KRS", "Punya baduta", "Punya balita", "Bumil", "Air tidak layak", "Jamban tidak layak")
seeds = st.integers(0, 2**32 - 1)


def made(seed: int, villages: int = 60) -> pd.DataFrame:
    """Counts of people in villages of any size."""
    chance = np.random.default_rng(seed)
    size = chance.lognormal(4.5, 0.7, villages)
    rates = dict(zip(HEADINGS, (1, 0.3, 0.5, 0.1, 0.4, 0.2), strict=True))
    counts = {heading: chance.poisson(size * rate) + 1.0 for heading, rate in rates.items()}
    return pd.DataFrame(counts, [f"desa {n}" for n in range(villages)])


def form(counts: pd.DataFrame, sheet: str, **more: Any) -> Told:
    return Told("krs.xlsx", sheet, more.pop("period", sheet), counts, **more)


def told(problems: list[Problem]) -> list[tuple[str, str]]:
    return [(p.code, p.where.column) for p in problems]


@given(seeds, st.sampled_from(HEADINGS), st.floats(0.2, 5))
@settings(deadline=None, max_examples=40)
def test_a_total_that_is_anothers_by_half_is_told_and_a_lesser_change_is_not(seed, heading, factor) -> None:
    first = made(seed)
    chance = np.random.default_rng(seed + 1)
    second = (first * chance.uniform(0.95, 1.05, first.shape)).round()
    second[heading] = (first[heading] * factor).round()
    # Villages of one table only are no part of either total.
    problems = list(doubts(form(first, "Sem 1"), form(second.iloc[5:], "Sem 2")))
    mine, theirs = first[heading].iloc[5:].sum(), second[heading].iloc[5:].sum()
    ratio = max(mine / theirs, theirs / mine)
    if ratio > JUMP * 1.05:
        assert told(problems) == [("tables_disagree", heading)]
        told_ = problems[0].params
        assert (told_["here"], told_["there"], told_["count"], told_["others"]) == (mine, theirs, 55, "–")
        assert not problems[0].fatal
    elif ratio < JUMP:
        assert told(problems) == []


@given(seeds)
@settings(deadline=None, max_examples=20)
def test_one_village_alone_moves_no_definition(seed) -> None:
    first = made(seed)
    second = first.copy()
    second.iloc[0] = 100 * first.sum()
    second.iloc[1:] += 1
    assert list(doubts(form(first, "a"), form(second, "b"))) == []


@given(seeds, seeds)
@settings(deadline=None, max_examples=20)
def test_the_order_of_rows_columns_and_tables_finds_the_same(seed, other) -> None:
    chance = np.random.default_rng(other)
    first, second = made(seed), made(seed) * 2
    moved = first.loc[chance.permutation(first.index), list(chance.permutation(first.columns))]
    for one, two in ((form(first, "a"), form(second, "b")), (form(second, "b"), form(moved, "a"))):
        (problem,) = doubts(one, two)
        assert problem.code == "tables_disagree"
        assert {problem.where.column, *problem.params["others"].split(", ")} == set(HEADINGS)


def test_a_copy_is_told_unless_the_period_is_one_or_only_target_groups_are_the_same() -> None:
    first = made(1)
    ((code, column),) = told(list(doubts(form(first, "Sem 1"), form(first, "Sem 2"))))
    assert (code, column in HEADINGS) == ("tables_copied", True)
    assert list(doubts(form(first, "a", period="2024"), form(first, "b", period="2024"))) == []
    again = made(2).assign(**{"Punya balita": first["Punya balita"]})
    assert [p.code for p in doubts(form(first, "a"), form(again, "b"))] == []
    used = form(first, "a", counted=frozenset({"Punya balita"}))
    assert told(list(doubts(used, form(again, "b")))) == [("tables_copied", "Punya balita")]
    group = replace(used, counted=frozenset(), groups={"Punya balita": "keluarga punya balita"})
    assert list(doubts(group, form(again, "b"))) == []


def test_only_what_is_one_thing_is_compared() -> None:
    first, second = made(1), made(1) * 3
    plain = Told("a.csv", "", "", first[["Jumlah KRS"]].set_axis(["KRS"], axis=1).assign(Hadir=1.0, Meja=2.0))
    assert told(list(doubts(plain, Told("b.csv", "", "", second)))) == [("tables_disagree", "KRS")]
    vague = Told("a.csv", "", "", first[["Bumil"]].set_axis(["Sasaran"], axis=1).assign(Hadir=1.0, Meja=2.0))
    other = Told("b.csv", "", "", second[["Bumil"]].set_axis(["JUMLAH SASARAN"], axis=1).assign(Kursi=1.0, Papan=2.0))
    assert list(doubts(vague, other)) == []
    group = {"Sasaran": "bumil"}, {"JUMLAH SASARAN": "bumil"}
    both = replace(vague, groups=group[0]), replace(other, groups=group[1])
    assert told(list(doubts(*both))) == [("tables_disagree", "Sasaran")]
    assert list(across([form(first, "a"), replace(form(second, "a"), period="other")])) == []


def two_semesters(shared: Path) -> Any:
    tables = [
        {"id": "krs", "path": KRS.format(2), "period": "2024 semester 2", "code_system": "kemendagri",
         "place": {"kecamatan": "KECAMATAN", "village": "KELURAHAN", "last4": "KODE"}},
        {"id": "krs_lama", "path": KRS.format(1), "period": "2024 semester 1",
         "place": {"kecamatan": "KECAMATAN", "village": "KELURAHAN"}},
    ]  # fmt: skip
    indicators = [
        {"id": "krs", "table": "krs", "numerator": "JUMLAH KRS", "denominator": "JUMLAH KELUARGA SASARAN"},
        {"id": "krs_sem1", "label_id": "KRS semester 1", "kind": "count", "better": "lower", "table": "krs_lama",
         "value": "KRS", "weight": 0},
    ]  # fmt: skip
    return pasangkayu(shared, table=tables, indicator=indicators)


def test_the_two_semesters_of_pasangkayu_are_told_as_its_readme_has_it(shared_data: Path) -> None:
    """The definition of KRS changed between the two files: 21,866 families became 7,589."""
    (problem,) = (p for p in intake.read(two_semesters(shared_data)).problems if p.code.startswith("tables_"))
    assert (problem.code, problem.where.column, problem.fatal) == ("tables_disagree", "JUMLAH KRS", False)
    sums = (problem.params["here"], problem.params["there"], problem.params["count"], problem.params["their"])
    assert sums == (7589, 21866, 63, "KRS")
    assert KRS.format(1) in problem.params["other"]


@pytest.mark.parametrize("sheets", [("Sem 1", "Sem 2"), ("Sem 2", "Sem 1")], ids=" ".join)
def test_a_sheet_that_no_study_names_is_compared_all_the_same(shared_data: Path, tmp_path: Path, sheets) -> None:
    """Semester 2 of a workbook is used; its other sheet is last semester's on the same form."""
    later = pd.read_csv(shared_data / KRS.format(2), sep=";")
    earlier = pd.read_csv(shared_data / KRS.format(1)).rename(columns={"KRS": "JUMLAH KRS"})
    book = {"Sem 1": earlier, "Sem 2": later}
    with pd.ExcelWriter(tmp_path / "krs.xlsx") as file:
        for name in sheets:
            book[name].to_excel(file, sheet_name=name, index=False)
        pd.DataFrame({"Catatan": ["tidak ada tabel di sini"]}).to_excel(file, sheet_name="Catatan", index=False)
    study = two_semesters(shared_data)
    table = study.table[0].model_copy(update={
        "path": str(tmp_path / "krs.xlsx"), "sheet": "Sem 2",
        "place": study.table[0].place.model_copy(update={"last4": ""}), "code_system": None,
    })  # fmt: skip
    found = intake.read(study.model_copy(update={
        "table": (table,), "outside_paths": True, "measures": tuple(m for m in study.measures if m.table == "krs"),
    }))  # fmt: skip
    (problem,) = (p for p in found.problems if p.code.startswith("tables_"))
    assert (problem.code, problem.where.sheet, problem.where.column) == ("tables_disagree", "Sem 2", "JUMLAH KRS")
    assert (problem.params["here"], problem.params["there"], problem.params["other"][-5:]) == (7589, 21866, "Sem 1")


def test_honest_tables_stay_silent(shared_data: Path, tmp_path: Path) -> None:
    studies = [
        pasangkayu(shared_data),
        idm(shared_data, "kaur", "17.04", 10),
        idm(shared_data, "muara_enim", "16.03", 10),
        open_study(demo.write_study(tmp_path / "demo")),
    ]
    for study in studies:
        assert [p for p in intake.read(study).problems if p.code.startswith("tables_")] == []


def test_a_month_copied_to_the_next_sheet_is_told(tmp_path: Path) -> None:
    folder = demo.write_study(tmp_path / "demo")
    file = next((folder / "data").glob("cakupan_layanan.xlsx"))
    book = openpyxl.load_workbook(file)
    copy = book.copy_worksheet(book["Cakupan"])
    copy.title = "Bulan lalu"
    book.save(file)
    (problem,) = (p for p in intake.read(open_study(folder)).problems if p.code.startswith("tables_"))
    assert (problem.code, problem.where.sheet) == ("tables_copied", "Cakupan")
    assert problem.params["other"].endswith("Bulan lalu")
