"""What is hardly so: laws over made tables, an oracle for the sums, and silence on the real files."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from studies import idm, pasangkayu

from lokus import demo, intake, messages
from lokus.cli import entry
from lokus.errors import Problem
from lokus.sources.leftovers import KINDS as KINDS_OF_ROWS
from lokus.sources.plausibility import doubts, far_off
from lokus.sources.relations import counts_of, numbers_of, percentages, sums
from lokus.sources.sheets import read_sheet
from lokus.study import open_study
from lokus.villages.matching import Rung

KINDS = {
    "sum_disagrees", "percent_disagrees", "filler_column", "same_value", "copied_column", "round_numbers",
    "share_far_off",
}  # fmt: skip
CLASSES = ("Sangat Pendek", "Pendek", "Normal", "Tinggi", "Tidak Diukur", "Belum Dientri")
seeds = st.integers(0, 2**32 - 1)


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    """Villages of any size, children in classes of any rate, their total, and counts of something else."""
    chance = np.random.default_rng(draw(seeds))
    rows, parts = draw(st.integers(12, 90)), draw(st.integers(2, len(CLASSES)))
    size = chance.lognormal(5.2, 0.7, rows)
    group = draw(st.sampled_from(["TB/U > ", ""]))
    classes = {
        f"{group}{c}": chance.poisson(size * share)
        for c, share in zip(CLASSES[:parts], chance.permutation([0.05, 0.2, 0.6, 0.1, 0.03, 0.3]), strict=False)
    }
    others = {f"Layanan {n}": chance.poisson(size * chance.uniform(0.02, 1.5)) for n in range(draw(st.integers(0, 8)))}
    columns = {**classes, "Diukur": sum(classes.values()), **others}
    table = pd.DataFrame(columns, index=pd.RangeIndex(5, 5 + rows, name="row"))
    return table[draw(st.permutations(list(columns)))]


def told(problems: list[Problem], code: str) -> dict[str, Problem]:
    return {p.where.column: p for p in problems if p.code == code}


@given(tables())
@settings(deadline=None, max_examples=25)
def test_sums_that_hold_are_never_told(table: pd.DataFrame) -> None:
    assert doubts(table.astype(object)) == []
    found = {r.column: set(r.parts) for r in sums(table)}
    assert found["Diukur"] == {c for c in table.columns if c.rpartition(" > ")[2] in CLASSES}


@given(tables(), st.data())
@settings(deadline=None, max_examples=25)
def test_a_planted_fault_is_told_with_its_row_sum_and_total(table: pd.DataFrame, data: st.DataObject) -> None:
    parts = [c for c in table.columns if c.rpartition(" > ")[2] in CLASSES]
    column = data.draw(st.sampled_from([*parts, "Diukur"]))
    row = data.draw(st.sampled_from(list(table.index)))
    wrong = data.draw(st.integers(0, 2000))
    assume(wrong != table.loc[row, column])
    table.loc[row, column] = wrong
    problems = doubts(table.astype(object))
    problem = told(problems, "sum_disagrees")["Diukur"]
    assert not problem.fatal
    assert (problem.where.row, problem.params["rows"], problem.params["count"]) == (row, str(row), 1)
    assert problem.params["sum"] == table.loc[row, parts].sum()
    assert problem.params["total"] == table.loc[row, "Diukur"]
    assert problem.params["numbers"] == [table.loc[row, p] for p in table.columns if p in parts]
    assert len(problems) == 1


@given(tables(), seeds)
@settings(deadline=None, max_examples=25)
def test_the_order_of_rows_and_columns_changes_nothing(table: pd.DataFrame, seed: int) -> None:
    chance = np.random.default_rng(seed)
    table.loc[chance.choice(table.index, 2, replace=False), "Diukur"] += 3
    moved = table.loc[chance.permutation(table.index), list(chance.permutation(table.columns))]
    # Which rows and columns, and what they say: of the parts only the order they are named in may differ.
    plain = [
        {(p.code, p.where, p.params["rows"], p.params["sum"], p.params["total"]) for p in doubts(t.astype(object))}
        for t in (table, moved)
    ]
    assert plain[0] == plain[1]
    assert plain[0]


@given(seeds, st.integers(10, 30), st.integers(3, 7))
@settings(deadline=None, max_examples=25)
def test_every_sum_an_exhaustive_search_finds_is_found(seed: int, rows: int, width: int) -> None:
    chance = np.random.default_rng(seed)
    table = pd.DataFrame(chance.integers(1, 400, (rows, width)), columns=list("abcdefg"[:width]))
    for name in ("p", "q"):
        some = chance.choice(table.columns, chance.integers(2, min(6, table.shape[1]) + 1), replace=False)
        table[name] = table[list(some)].sum(axis=1)
    x, n = table.to_numpy(), table.shape[1]
    every = [list(parts) for k in range(2, n) for parts in combinations(range(n), k)]
    slow = {table.columns[t] for parts in every for t in np.flatnonzero((x[:, parts].sum(axis=1) == x.T).all(axis=1))}
    found = sums(table.astype("float64"))
    assert {r.column for r in found} == slow
    assert all(table[list(r.parts)].sum(axis=1).equals(table[r.column]) for r in found)


@given(seeds, st.integers(0, 3), st.sampled_from([1, 100]), st.booleans())
@settings(deadline=None, max_examples=25)
def test_percentages_however_rounded_are_never_told_and_wrong_ones_always(
    seed: int, decimals: int, unit: int, cut: bool
) -> None:
    chance = np.random.default_rng(seed)
    rows, decimals = 60, decimals + (2 if unit == 1 else 0)
    whole = chance.integers(30, 400, rows)
    part = chance.binomial(whole, chance.beta(4, 12, rows))
    exact = unit * part / whole
    shown = np.floor(exact * 10**decimals) / 10**decimals if cut and decimals else np.round(exact, decimals)
    table = pd.DataFrame(
        {"Stunting": part, "Diukur": whole, "% Stunting": shown, "Lain": chance.integers(0, 300, rows)}
    )
    assert told(doubts(table.astype(object)), "percent_disagrees") == {}
    row = int(chance.integers(rows))
    table["% Stunting"] = table["% Stunting"].where(table.index != row, shown[row] + 0.03 * unit)
    problem = told(doubts(table.astype(object)), "percent_disagrees")["% Stunting"]
    assert problem.where.row == row
    assert problem.params["expected"] == pytest.approx(100 * part[row] / whole[row])
    assert (problem.params["part"], problem.params["whole"]) == (part[row], whole[row])


def people(seed: int, rows: int = 80, columns: int = 6) -> pd.DataFrame:
    chance = np.random.default_rng(seed)
    size = chance.lognormal(5.5, 0.6, rows)
    names = ("Keluarga", "Balita", "Baduta", "Bumil", "Remaja putri", "Lansia", "PUS")[:columns]
    rates = (1.0, 0.4, 0.2, 0.15, 0.3, 0.35, 0.7)[:columns]
    return pd.DataFrame({c: chance.poisson(size * r) for c, r in zip(names, rates, strict=True)}, range(2, rows + 2))


@given(seeds)
@settings(deadline=None, max_examples=25)
def test_honest_counts_of_people_raise_no_doubt(seed: int) -> None:
    assert doubts(people(seed).astype(object)) == []


@given(seeds, st.integers(800, 5000))
@settings(deadline=None, max_examples=25)
def test_a_column_of_random_numbers_is_told_once_and_no_other(seed: int, most: int) -> None:
    chance = np.random.default_rng(seed)
    table = people(seed)
    table["KRS"] = chance.integers(0, most, len(table))
    assume(abs(table["KRS"].corr(table["Keluarga"], method="spearman")) < 0.2)
    problems = doubts(table.astype(object))
    assert [(p.code, p.where.column, p.params["size"]) for p in problems] == [("filler_column", "KRS", "Keluarga")]
    over = table.index[table["KRS"] > table["Keluarga"]]
    assert problems[0].params["count"] == len(over)
    assert problems[0].params["rows"].startswith(", ".join(map(str, over[:8])))


def test_random_numbers_are_seen_by_what_other_tables_know() -> None:
    table, chance = people(1), np.random.default_rng(1)
    alone = pd.DataFrame({"KRS": chance.integers(0, 2000, len(table))}, table.index)
    assert doubts(alone.astype(object)) == []
    known = doubts(alone.astype(object), elsewhere=table[["Keluarga", "Balita", "Lansia"]])
    assert [p.code for p in known] == ["filler_column"]


@pytest.mark.parametrize("header", ["Luas (ha)", "Kode Pos", "Dana Desa (Rp)", "ketinggian mdpl", "KODE", "id_desa"])
def test_numbers_that_count_no_people_are_left_alone(header: str) -> None:
    table = people(2)
    table[header] = np.random.default_rng(2).permutation(np.arange(len(table)) * 700)
    table[f"{header} 2"] = table[header]
    assert doubts(table.astype(object)) == []


def test_one_number_in_nearly_all_rows_is_told_unless_it_is_small_or_a_year() -> None:
    table = people(3).assign(Sasaran=120, Bidan=1, Berlaku=2024)
    table.loc[[4, 9], "Sasaran"] = 7
    (problem,) = doubts(table.astype(object))
    assert (problem.code, problem.where.column) == ("same_value", "Sasaran")
    assert (problem.params["value"], problem.params["count"], problem.params["of"]) == (120, 78, 80)


def test_a_copied_column_is_told_and_one_target_group_of_two_services_is_not() -> None:
    table = people(4).rename(columns={"Bumil": "Sasaran bumil"})
    table["Sasaran bufas"] = table["Sasaran bumil"]
    assert doubts(table.astype(object)) == []
    table["Dilayani"] = table["Baduta"]
    (problem,) = doubts(table.astype(object))
    assert (problem.code, problem.where.column, problem.params["other"]) == ("copied_column", "Dilayani", "Baduta")
    table.loc[5, "Dilayani"] += 1
    assert doubts(table.astype(object)) == []


@given(seeds)
@settings(deadline=None, max_examples=25)
def test_rounded_counts_are_told(seed: int) -> None:
    table = people(seed)
    table["Lansia"] = table["Lansia"] // 5 * 5
    (problem,) = doubts(table.astype(object))
    large = table["Lansia"][table["Lansia"] >= 10]
    assert (problem.code, problem.where.column) == ("round_numbers", "Lansia")
    assert (problem.params["count"], problem.params["of"]) == (len(large), len(large))


@given(seeds, st.floats(0.02, 0.98), st.floats(5, 300))
@settings(deadline=None, max_examples=25)
def test_shares_that_vary_as_betas_do_are_never_far_off(seed: int, mean: float, strength: float) -> None:
    chance = np.random.default_rng(seed)
    n = pd.Series(chance.integers(1, 500, 120))
    y = pd.Series(chance.binomial(n, chance.beta(mean * strength, (1 - mean) * strength, 120)))
    # With strength 5 a mean near 0 or 1 heaps up there, and its long tail is no fault.
    assume(min(mean, 1 - mean) * strength > 3)
    assert far_off(y, n).empty


def test_a_share_alone_and_far_is_found_and_a_small_village_is_not() -> None:
    chance = np.random.default_rng(6)
    n = pd.Series(chance.integers(60, 400, 100), [f"88.01.01.{2001 + i}" for i in range(100)])
    y = pd.Series(chance.binomial(n, 0.2), n.index)
    y.iloc[40] = n.iloc[40] * 95 // 100
    n.iloc[50] = y.iloc[50] = 12
    assert list(far_off(y, n)) == [n.index[40]]


def test_what_is_missing_or_text_is_no_disagreement() -> None:
    table = people(5).assign(Jumlah=lambda t: t["Balita"] + t["Lansia"]).astype(object)
    table.loc[[3, 8], "Balita"] = None
    table.loc[[4], "Lansia"] = "-"
    assert doubts(table) == []
    assert [r.column for r in sums(counts_of(numbers_of(table)))] == ["Jumlah"]


def test_the_sums_and_percentages_of_the_eppgbm_workbook_are_learned(shared_data: Path) -> None:
    sheet = read_sheet(shared_data / "indicators/pasangkayu/eppgbm_status_gizi_2024-01-17.xlsx")
    numbers = numbers_of(sheet.rows)
    counts = counts_of(numbers)
    found = {r.column: [p.rpartition(" > ")[2] for p in r.parts] for r in sums(counts)}
    assert found == {
        "Ditimbang": ["Sangat Kurang", "Kurang", "Berat Badan Normal", "Risiko Lebih"],
        "Diukur": ["Sangat Pendek", "Pendek", "Normal", "Tinggi"],
        "Ditimbang diukur": ["Gizi Buruk", "Gizi Kurang", "Normal", "Risiko Gizi Lebih", "Gizi Lebih", "Obesitas"],
        "Stunting": ["Sangat Pendek", "Pendek"],
        "Wasting": ["Gizi Buruk", "Gizi Kurang"],
        "Underweight": ["Sangat Kurang", "Kurang"],
    }
    assert {r.column: (*r.parts, r.whole) for r in percentages(numbers, counts)} == {
        "% Ditimbang": ("Ditimbang", "Sasaran"),
        "% Diukur": ("Diukur", "Sasaran"),
        "% Ditimbang diukur": ("Ditimbang diukur", "Sasaran"),
        "% Stunting": ("Stunting", "Diukur"),
    }


def test_no_real_file_is_accused(shared_data: Path) -> None:
    for path in sorted((shared_data / "indicators").rglob("*.*")):
        sheet = read_sheet(path)
        assert doubts(sheet.rows) == [], path.name
    others = (idm(shared_data, name, code, 9) for name, code in (("muara_enim", "16.03"), ("kaur", "17.04")))
    for study in (pasangkayu(shared_data), *others):
        assert not KINDS & {p.code for p in intake.read(study).problems}


def test_a_study_tells_what_its_tables_hardly_mean_in_both_languages(tmp_path: Path) -> None:
    home = demo.write_study(tmp_path / "studi")
    assert not KINDS & {p.code for p in intake.read(open_study(home)).problems}
    path = home / "data" / "krs.csv"
    lines = path.read_text("cp1252").splitlines()
    rows = [line.split(";") for line in lines]
    at = rows[0].index("PUNYA BALITA")
    for row in rows[1:]:
        row[at] = "250"
    path.write_text("\n".join(";".join(row) for row in rows), "cp1252")
    (problem,) = (p for p in intake.read(open_study(home)).problems if p.code in KINDS)
    assert (problem.code, problem.where.file, problem.where.column) == ("same_value", "data/krs.csv", "PUNYA BALITA")
    assert "perlu verifikasi" in messages.problem(problem, "id").casefold()
    assert "to be verified" in messages.problem(problem, "en").casefold()


def test_check_tells_the_rungs_the_rows_left_out_and_the_sums(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = demo.write_study(tmp_path / "studi")
    assert entry(["check", str(home), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)["tables"][0]
    assert sum(facts["by"].values()) == facts["matched"]
    assert entry(["check", str(home), "--lang", "en"]) == 0
    shown = capsys.readouterr().out
    for rung, count in facts["by"].items():
        assert f"{count} {messages.text(f'match.rung.{rung}', 'en')}" in shown
    for kind, count in facts["left_out"].items():
        assert f"{count} {messages.text(f'rows.{kind}', 'en')}" in shown
    # The totals row of the file itself is the witness.
    sheet = read_sheet(home / "data" / "status_gizi.xlsx")
    totals = numbers_of(pd.concat([sheet.rows, sheet.totals])).iloc[-1]
    assert {s["columns"][0]: s["sum"] for s in facts["sums"] if len(s["columns"]) == 1} == {
        c: totals[c] for c in ("Diukur", "Sasaran")
    }
    assert all(s["joined"] <= s["sum"] and messages.number(s["sum"], "en") in shown for s in facts["sums"])


@pytest.mark.parametrize("lang", messages.LANGS)
def test_every_rung_and_every_kind_of_row_has_its_word(lang: str) -> None:
    words = messages.catalogue(lang)
    assert {f"rows.{kind}" for kind in (*KINDS_OF_ROWS, "filtered", "other_period")} <= set(words)
    assert {f"match.rung.{rung}" for rung in get_args(Rung) if rung} <= set(words)
