"""Age pyramids: one header with a `*` means the number columns of all ages, and no column of sums among them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lokus import messages
from lokus.sources.indicators import TableData, read_table

AGES = ["0-4", "5-9", "10-14", "> 75"]
ROWS = [("Sarudu", [10, 20, 30, 1]), ("Doda", [5, 6, 7, 2]), ("Tikke", [8, 9, 10, 3])]


@pytest.fixture(scope="module")
def pyramid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sexes of four ages, each with its sum, and the sums of both: headers in two rows, groups merged."""
    path = tmp_path_factory.mktemp("pyramid") / "a.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    sheet.merge_range(0, 0, 1, 0, "DESA")
    for group, name in enumerate(("LAKI-LAKI", "PEREMPUAN")):
        left = 1 + 5 * group
        sheet.merge_range(0, left, 0, left + 4, name)
        sheet.write_row(1, left, [*AGES, "JUMLAH"])
    sheet.merge_range(0, 11, 1, 11, "TOTAL L+P")
    sheet.merge_range(0, 12, 1, 12, "KETERANGAN")
    for r, (village, ages) in enumerate(ROWS, 2):
        women = [2 * n for n in ages]
        sheet.write_row(r, 0, [village, *ages, sum(ages), *women, sum(women), 3 * sum(ages), "baik"])
    book.close()
    return path


def _read(path: Path, *headers: str, role: str = "numerator") -> TableData:
    return read_table(path, table_id="t", place={"village": "DESA"}, columns={f"a.{role}": list(headers)})


@pytest.mark.parametrize(
    ("header", "times", "left_out"),
    [
        ("LAKI-LAKI > *", 1, ["LAKI-LAKI > JUMLAH"]),
        ("laki laki>*", 1, ["LAKI-LAKI > JUMLAH"]),
        ("PEREMPUAN > *", 2, ["PEREMPUAN > JUMLAH"]),
        ("* > *", 3, ["LAKI-LAKI > JUMLAH", "PEREMPUAN > JUMLAH"]),
        ("*", 3, ["LAKI-LAKI > JUMLAH", "PEREMPUAN > JUMLAH", "TOTAL L+P"]),
        ("* > JUMLAH", 3, "–"),
    ],
)
def test_all_ages_are_summed_and_no_sum_of_them(pyramid: Path, header: str, times: int, left_out: Any) -> None:
    table = _read(pyramid, header)
    assert table.values["a.numerator"].tolist() == [times * sum(ages) for _, ages in ROWS]
    (problem,) = table.problems
    assert (problem.code, problem.fatal, problem.params["left_out"]) == ("columns_summed", False, left_out)
    assert problem.params["count"] == (2 if header.endswith("JUMLAH") else 4 if times < 3 else 8)


def test_part_of_the_ages_and_of_a_path(pyramid: Path) -> None:
    assert _read(pyramid, "LAKI-LAKI > 1*").values["a.numerator"].tolist() == [30, 7, 10]
    assert _read(pyramid, "* > 0-4").values["a.numerator"].tolist() == [3 * ages[0] for _, ages in ROWS]
    # A column named twice counts once.
    table = _read(pyramid, "LAKI-LAKI > 0*", "LAKI-LAKI > *")
    assert table.values["a.numerator"].tolist() == [sum(ages) for _, ages in ROWS]


def test_what_matches_no_number_is_refused(pyramid: Path) -> None:
    for header in ("ANAK > *", "KETER*"):
        table = _read(pyramid, header)
        assert [(p.code, p.fatal) for p in table.problems] == [("columns_match_nothing", True)]
        assert table.values.empty
        assert all(messages.problem(p, lang) for p in table.problems for lang in messages.LANGS)
    # Per cents cannot be summed.
    table = _read(pyramid, "LAKI-LAKI > *", role="percent")
    assert [(p.code, p.fatal) for p in table.problems] == [("column_missing", True)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.integers(0, 99), min_size=3, max_size=3), min_size=2, max_size=5))
def test_a_star_is_the_list_of_its_columns(tmp_path: Path, counts: list[list[int]]) -> None:
    path = tmp_path / "a.csv"
    lines = [f"Desa {'abcde'[n]};{';'.join(map(str, row))};{sum(row)}" for n, row in enumerate(counts)]
    path.write_text("DESA;Umur 0;Umur 1;Umur 2;Total\n" + "\n".join(lines) + "\n", "utf-8")
    starred, listed = _read(path, "Umur *"), _read(path, "Umur 0", "Umur 1", "Umur 2")
    assert starred.values.equals(listed.values)
    assert starred.values["a.numerator"].tolist() == [sum(row) for row in counts]


def test_a_header_that_has_a_star_itself_is_that_column(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("DESA;Anak*;Anak lain\na;1;10\nb;2;20\n", "utf-8")
    table = _read(path, "Anak*")
    assert (table.values["a.numerator"].tolist(), table.problems) == ([1, 2], ())
