"""Laws of reading numbers: a column written in one notation is read back, or said to be ambiguous."""

from __future__ import annotations

import datetime as dt
import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lokus.sources.numbers import looks_numeric, parse_numbers

INDONESIAN, ENGLISH = (".", ","), (",", ".")
notations = st.sampled_from([INDONESIAN, ENGLISH])


def written(value: float, decimals: int | None, notation: tuple[str, str]) -> str:
    """A number with grouped thousands; `decimals` None writes as many as it has."""
    thousands, decimal = notation
    text = f"{value:,.{decimals}f}" if decimals is not None else f"{value:,.3f}".rstrip("0").rstrip(".")
    return text.translate(str.maketrans({",": thousands, ".": decimal}))


values = st.lists(st.integers(-9_999_999, 9_999_999).map(lambda n: n / 1000), min_size=1, max_size=12)


@given(values, st.sampled_from([None, 0, 1, 2, 3]), notations)
def test_a_column_in_one_notation_is_read_back_or_ambiguous(
    values: list[float], decimals: int | None, notation: tuple[str, str]
) -> None:
    cells = pd.Series([written(v, decimals, notation) for v in values], dtype=object)
    numbers = parse_numbers(cells)
    expected = [round(v, 3 if decimals is None else decimals) for v in values]
    assert numbers.bad.empty
    if not numbers.ambiguous:
        assert numbers.values.tolist() == pytest.approx(expected)
    told = parse_numbers(cells, notation[1])
    assert not told.ambiguous
    assert told.values.tolist() == pytest.approx(expected)


@given(st.lists(st.integers(0, 999_000).map(lambda n: n / 1000), min_size=1), st.integers(0, 3), notations)
def test_percentages_are_read_as_written(values: list[float], decimals: int, notation: tuple[str, str]) -> None:
    numbers = parse_numbers(pd.Series([written(v, decimals, notation) + "%" for v in values], dtype=object))
    assert numbers.percent
    assert not numbers.ambiguous
    assert numbers.values.tolist() == pytest.approx([round(v, decimals) for v in values])


@given(st.lists(st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=False)), min_size=1))
def test_real_numbers_stay_as_they_are(values: list[float | None]) -> None:
    numbers = parse_numbers(pd.Series(values, dtype=object))
    assert numbers.bad.empty
    for cell, read in zip(values, numbers.values, strict=True):
        assert cell == read or ((cell is None or math.isnan(cell)) and math.isnan(read))


@given(st.lists(st.one_of(st.text(max_size=8), st.integers(), st.booleans(), st.none(), st.dates()), max_size=8))
def test_every_cell_is_a_number_missing_or_bad(cells: list[object]) -> None:
    numbers = parse_numbers(pd.Series(cells, dtype=object, index=range(7, 7 + len(cells))))
    assert numbers.values[numbers.bad.index].isna().all()
    assert list(numbers.bad.index) == sorted(set(numbers.bad.index))


# DOMAIN 4.2: forms seen in published tables (Kemendagri dashboard, Boyolali, Kab. Bone).
@pytest.mark.parametrize(
    ("cells", "read", "notation"),
    [
        (["3.495", "73,5"], [3495, 73.5], ","),
        (["1.234.567", "12"], [1234567, 12], ","),
        (["40.372", "104,71"], [40372, 104.71], ","),
        (["6,2%", "12,5 %"], [6.2, 12.5], ","),
        (["1,234.5", "7"], [1234.5, 7], "."),
        (["19,83", "-"], [19.83, math.nan], ","),
        (["0.714", "0.8"], [0.714, 0.8], "."),
        (["0,714"], [0.714], ","),
        (["12", " 7 ", "", "n/a", "tidak ada data", None, "–"], [12, 7, *[math.nan] * 5], ""),
        # Decimals are written to one length or without closing zeros: 1.230 beside 57 is neither.
        (["1.230", "57"], [1230, 57], ","),
        (["12.345%"], [12.345], "."),
        (["+5", "-1.200.000"], [5, -1200000], ","),
    ],
)
def test_the_forms_people_write(cells: list[str], read: list[float], notation: str) -> None:
    numbers = parse_numbers(pd.Series(cells, dtype=object))
    assert (numbers.notation, numbers.ambiguous) == (notation, False)
    assert numbers.values.tolist() == pytest.approx(read, nan_ok=True)
    assert numbers.bad.empty


@pytest.mark.parametrize(
    "cells", [["394,129"], ["1.234", "57"], ["1.234", "2.001"], ["1.234", "1,234"], ["73,5", "73.5"]]
)
def test_what_nothing_tells_is_ambiguous(cells: list[str]) -> None:
    numbers = parse_numbers(pd.Series(cells, dtype=object))
    assert numbers.ambiguous
    assert numbers.values[[not c.isdigit() for c in cells]].isna().all()


@pytest.mark.parametrize(
    "cell",
    [True, dt.date(2024, 1, 2), "12 anak", "1 234", "1\xa0234", "12.05.2024", "16.03.01.2001", "1,2,3", "Rp5", "5-7",
     "(5)", "1e5", math.inf, "١٢", "1.2345.678", "#REF!"],
)  # fmt: skip
def test_what_is_no_number_is_told(cell: object) -> None:
    numbers = parse_numbers(pd.Series([3.0, cell, "4"], dtype=object, index=[5, 6, 7]))
    assert list(numbers.bad.index) == [6]
    assert numbers.values[[5, 7]].tolist() == [3, 4]
    assert not looks_numeric(cell)


def test_percent_signs_on_some_cells_are_counted() -> None:
    assert parse_numbers(pd.Series(["6,2%", 0.07, "0", "-", "8"], dtype=object)).unsigned == 2
