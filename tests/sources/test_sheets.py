"""Laws of reading sheets: what a table was before it was dressed up, it is after it was read."""

from __future__ import annotations

from pathlib import Path

import pytest
from dirt import WRITERS, Page, pages
from hypothesis import HealthCheck, given, settings

from lokus.sources.numbers import parse_numbers
from lokus.sources.sheets import read_sheet

many = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.mark.parametrize("writer", WRITERS)
@many
@given(page=pages())
def test_a_dressed_up_table_is_read_back(page: Page, writer: str, tmp_path: Path) -> None:
    sheet = read_sheet(WRITERS[writer](page, tmp_path / "tabel"))
    assert dict(sheet.left_out["kind"]) == {i + 1: k for i, k in enumerate(page.kinds) if k}
    assert list(sheet.rows.index) == page.of_kind("")
    assert list(sheet.columns) == page.columns
    assert list(sheet.rows["Desa/Kelurahan"]) == page.names
    for c, column in enumerate(page.columns[page.lead :]):
        read = parse_numbers(sheet.rows[column]).values
        assert [None if x != x else x for x in read] == [row[c] for row in page.numbers]
    assert list(sheet.totals.index) == page.of_kind("total")
