"""Whose a measurement is: whatever the NIK cells hold, there are as many children as there are."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from bynames import VILLAGES, Row, as_csv, child, saved
from hypothesis import given, settings
from hypothesis import strategies as st

from lokus.sources.children import ChildCounts, count_children

NAMES = ("BUDI SANTOSO", "RINA WULANDARI", "AGUS PRAYITNO", "DEWI LESTARI", "YUSUF HAKIM", "MAYA ANGGRAINI")
DUMMY = "3201010101010001"
MONTHS = ("10/05/2025", "10/06/2025", "10/07/2025", "10/08/2025")
NIKS = ("own", "own with a slip in the name", "dummy", "none", "odd")


def counted(rows: Sequence[Row]) -> ChildCounts:
    with tempfile.TemporaryDirectory() as folder:
        return count_children([saved(Path(folder), as_csv(rows))])


def number_of(rows: Sequence[Row]) -> int:
    return int(counted(rows).villages["children"].sum())


def told(rows: Sequence[Row]) -> dict[str, int]:
    return {p.code: p.params["count"] for p in counted(rows).problems if p.code.startswith("children_nik")}


@st.composite
def lists(draw: st.DrawFn) -> tuple[list[Row], int]:
    """Measurements of children who differ in name, sex, birth or village, and how many children they are."""
    differs = st.tuples(st.sampled_from(NAMES), st.sampled_from("LP"), st.integers(1, 28), st.sampled_from(VILLAGES))
    children = draw(st.lists(differs, min_size=1, max_size=6, unique=True))
    # The dummy is seen to be one by these two.
    rows = [child(1, NIK=DUMMY, Nama="TONO"), child(1, NIK=DUMMY, Nama="WATI")]
    for number, (name, sex, day, village) in enumerate(children):
        kinds = draw(st.lists(st.sampled_from(NIKS), min_size=1, max_size=4))
        for kind, month in zip(kinds, MONTHS, strict=False):
            cells = {"NIK": {"dummy": DUMMY, "none": "-", "odd": "BELUM ADA"}.get(kind, f"16030112{number:08d}")}
            cells |= {"Nama": name[:-2] + name[-1] if "slip" in kind else name, "JK": sex, "Desa/Kel": village}
            cells |= {"Tgl Lahir": f"{day:02d}/05/2023", "Tanggal Pengukuran": month}
            rows.append(child(number) | cells)
        # Unless some month has the NIK with the name as it is, nothing ties a slip to the rest.
        rows.append(rows[-1] | {"NIK": f"16030112{number:08d}", "Nama": name, "Tanggal Pengukuran": "10/01/2025"})
    return rows, len(children) + 2


@given(lists(), st.randoms())
@settings(max_examples=60, deadline=None)
def test_a_child_is_one_however_its_nik_is_written(drawn: tuple[list[Row], int], chance: random.Random):
    rows, children = drawn
    assert number_of(rows) == children
    chance.shuffle(rows)
    assert number_of(rows) == children


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_a_nik_of_children_that_differ_is_nobodys(data: st.DataObject):
    differs = st.tuples(st.sampled_from(NAMES), st.sampled_from("LP"), st.integers(1, 28))
    children = data.draw(st.lists(differs, min_size=2, max_size=8, unique=True))
    rows = [
        child(1, NIK=DUMMY, Nama=name, JK=sex, Tgl_Lahir=f"{day:02d}/05/2023", Tanggal_Pengukuran=month)
        for name, sex, day in children
        for month in MONTHS
    ]
    assert number_of(rows) == len(children)
    assert told(rows) == {"children_nik_shared": len(rows)}


@pytest.mark.parametrize(("one", "other"), [("RAISA PUTRI", "RAISYA PUTRI"), ("BUDI", "BUDI SANTOSO")])
def test_twins_under_the_nik_of_their_mother_are_two_and_a_slip_of_the_pen_is_one(one: str, other: str):
    first, second = child(1, Nama=one), child(1, Nama=other)
    assert number_of([first, second | {"Tanggal Pengukuran": "10/07/2025"}]) == 1
    assert number_of([first, second]) == 1
    assert number_of([first, second | {"Tinggi": "83,0"}]) == 2


@pytest.mark.parametrize(
    ("cells", "children"),
    [
        ({"Nama": "BY NY SITI"}, 1), ({"Nama": ""}, 1), ({"JK": ""}, 1), ({"Tgl Lahir": "-"}, 1),
        ({"Desa/Kel": "Suka Maju"}, 1), ({"Nama": "ANAK 2"}, 2), ({"JK": "L"}, 2), ({"Tgl Lahir": "04/05/2023"}, 2),
    ],
)  # fmt: skip
def test_what_is_not_told_does_not_differ(cells: dict[str, str], children: int):
    assert number_of([child(1, Nama="ANAK 1"), child(1, Nama="ANAK 1") | cells]) == children


def test_one_child_under_two_nik_is_told():
    rows = [child(1), child(1, NIK="1603010000000099"), child(2)]
    assert number_of(rows) == 3 and told(rows) == {"children_nik_differs": 2}


@pytest.mark.parametrize("written", ["1,7040101010101E+15", "1.7040101010101e15", "1704****", "BELUM ADA", "0", "123"])
def test_a_nik_that_is_none_makes_no_child_of_two(written: str):
    rows = [child(i, NIK=written) for i in range(6)]
    assert number_of(rows) == 6 and told(rows) == {"children_nik_odd": 6}
