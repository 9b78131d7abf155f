"""Which villages by-name lists may name: none is lost for what its other cells hold, and no address becomes one."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from bynames import SECRET, VILLAGES, Row, as_csv, child, renamed, saved, traces
from hypothesis import given, settings
from hypothesis import strategies as st

from lokus.cli import entry
from lokus.errors import DataError
from lokus.sources.childplaces import agree, united
from lokus.sources.children import ChildCounts, count_children

NAMES = [f"ANAK {a}{b}" for a in "KLMNPRST" for b in "AEIOU"]
ROWS = [child(i, Nama=name) for i, name in enumerate(NAMES)]
ODD = ("1,70401E+15", "BELUM ADA", "0", "123", "1704****", "tidak punya", "-", "proses", "1603010101010001/02")
UNREAD = {
    "NIK": "proses", "Nama": "", "JK": "laki2x", "Tgl Lahir": "Agustus", "Tanggal Pengukuran": "kemarin",
    "Tinggi": "0,85", "Usia Saat Ukur": "27", "Cara Ukur": "?", "TB/U": "?", "ZS TB/U": "?",
}  # fmt: skip


def counted(*tables: Sequence[Row], targets: Sequence[str] = ()) -> ChildCounts:
    with tempfile.TemporaryDirectory() as folder:
        files = [saved(Path(folder), as_csv(rows), f"{i}.csv") for i, rows in enumerate(tables)]
        wanted = [saved(Path(folder), text.encode(), f"t{i}.csv") for i, text in enumerate(targets)]
        return count_children(files, targets=wanted)


def children(counts: ChildCounts) -> dict[tuple[str, str, str], int]:
    places = counts.villages[["kabupaten", "kecamatan", "desa"]].itertuples(index=False, name=None)
    return dict(zip(places, counts.villages["children"].astype(int), strict=True))


@given(st.lists(st.sampled_from(ODD), min_size=len(ROWS), max_size=len(ROWS)))
@settings(max_examples=20, deadline=None)
def test_no_village_is_lost_for_its_nik(niks: list[str]):
    counts = counted([row | {"NIK": nik} for row, nik in zip(ROWS, niks, strict=True)])
    assert children(counts) == children(counted(ROWS))
    odd = {p.code: p.params["count"] for p in counts.problems}
    assert odd == {"children_nik_odd": sum(n != "-" for n in niks)}


@pytest.mark.parametrize("column", UNREAD)
def test_no_village_is_lost_for_one_column_that_it_writes_its_own_way(column: str):
    rows = [row | ({column: UNREAD[column]} if row["Desa/Kel"] == VILLAGES[0] else {}) for row in ROWS]
    assert children(counted(rows)) == children(counted(ROWS))


NO_PLACES = (
    SECRET["NIK"], SECRET["Nama"], SECRET["Nama Ortu"], f"Rumah Ibu {SECRET['Nama Ortu']}", SECRET["Tgl Lahir"],
    "17 Agustus 2023", "2023-08-17", "0812 3456 7890", "+62 812-3456-789", "Jl. ZQXVJALAN 9", "ZQXV RT 03 RW 01",
    "1 Tahun - 2 Bulan", "85,5",
)  # fmt: skip


@pytest.mark.parametrize("column", ["Desa/Kel", "Kec", "Kab/Kota"])
@pytest.mark.parametrize("text", NO_PLACES)
def test_what_is_a_persons_is_no_place(text: str, column: str, tmp_path: Path, capsys):
    file = saved(tmp_path, as_csv([*ROWS, child(61) | SECRET | {column: text}]))
    assert entry(["children", str(file), "-o", str(tmp_path / "out" / "c.csv")]) == 0
    said = capsys.readouterr()
    assert not traces(tmp_path / "out", said.out, said.err)
    assert "1 baris tidak dihitung" in said.out


PERSON = ["NIK", "Nama", "JK", "Tgl Lahir", "Tanggal Pengukuran", "Nama Ortu"]


@pytest.mark.parametrize(
    ("columns", "shifted"),
    [
        (["Kec", "Desa/Kel", "Tinggi", "KIA"], ["LAWANG KIDUL", "Suka Maju", "85,5"]),
        (["Kec", "Desa/Kel", "Tinggi", "KIA"], ["LAWANG KIDUL", "85,5", ""]),
        (["Desa/Kel", "Berat", "Tinggi", "KIA"], ["Suka Maju", "10,2", "85,5"]),
    ],
)
def test_a_parent_shifted_among_the_places_of_a_small_list_is_none(columns: list[str], shifted: list[str]):
    headings = [*PERSON, *columns]
    rows = [{c: row[c] for c in headings} for row in ROWS[:12]]
    rows[3] |= dict(zip(headings[5:], ["x", "ZQXVORTU", *shifted], strict=False))
    counts = counted(rows)
    assert "ZQXV" not in counts.villages.to_csv()
    assert counts.villages["children"].sum() == 11 and counts.problems[0].code == "children_many_lost"


def test_a_dotted_code_beside_the_name_is_a_place():
    rows = [row | {"Desa/Kel": f"16.03.01.200{1 + i % 3} {row['Desa/Kel']}"} for i, row in enumerate(ROWS)]
    assert counted(rows).villages["children"].sum() == len(ROWS)


def test_lost_rows_are_the_first_thing_told_and_most_of_them_are_a_fault():
    some = counted([*ROWS, *(row | {"Desa/Kel": ""} for row in ROWS[:4])])
    assert "children_many_lost" not in {p.code for p in some.problems}  # the same children have a village elsewhere
    others = [child(100 + i, Nama=f"LAIN {n}") | {"Desa/Kel": ""} for i, n in enumerate(NAMES)]
    many = counted([*ROWS, *others[:4]]).problems[0]
    assert many.code == "children_many_lost" and not many.fatal
    assert (many.params["count"], many.params["rows"], many.params["children"]) == (4, len(ROWS) + 4, 4)
    with pytest.raises(DataError) as caught:
        counted([*ROWS[:20], *others])
    assert [p.code for p in caught.value.problems if p.fatal] == ["children_most_lost"]


def test_a_village_that_one_child_has_is_told():
    once = counted([*ROWS, child(61) | {"Desa/Kel": "Suka Maaju"}])
    assert [(p.code, p.params["count"]) for p in once.problems] == [("children_village_once", 1)]
    assert once.villages["children"].sum() == len(ROWS) + 1


@given(st.lists(st.sampled_from(["", "Kab/Kota", "Kec", "both"]), min_size=2, max_size=4), st.data())
@settings(max_examples=20, deadline=None)
def test_lists_with_and_without_a_column_of_the_place_count_together(without: list[str], data: st.DataObject):
    cuts = sorted(data.draw(st.integers(0, len(ROWS))) for _ in without)
    pieces = [ROWS[a:b] for a, b in zip([0, *cuts], [*cuts, len(ROWS)], strict=True)]
    left_out = {"": (), "both": ("Kab/Kota", "Kec")}
    tables = [
        [{k: v for k, v in row.items() if k not in left_out.get(kind, (kind,))} for row in piece]
        for piece, kind in zip(pieces, [*without, ""], strict=True)
        if piece
    ]
    # The whole places stand in a list that every draw has.
    rest = [child(100 + i, Nama=f"LAIN {name}") for i, name in enumerate(NAMES)]
    target = "Desa;Sasaran\n" + "".join(f"{v};20\n" for v in VILLAGES)
    counts = counted(*tables, rest, targets=[target])
    assert children(counts) == children(counted([*ROWS, *rest]))
    assert counts.villages["target"].tolist() == [20.0] * 3


def test_what_fits_several_places_is_told_and_takes_no_target():
    two = [*ROWS, *(row | {"Kab/Kota": "LAHAT", "NIK": f"17{row['NIK'][2:]}"} for row in ROWS)]
    bare = [{k: v for k, v in child(200 + i, Nama=n).items() if k != "Kab/Kota"} for i, n in enumerate(NAMES)]
    counts = counted(two, bare, targets=[f"Desa;Sasaran\n{VILLAGES[0]};20\n"])
    told = {p.code: p.params["count"] for p in counts.problems}
    assert told == {"children_place_several": 3, "children_target_several": 1, "children_target_absent": 9}
    assert set(children(counts)) == {(k, "LAWANG KIDUL", v) for k in ("", "LAHAT", "MUARA ENIM") for v in VILLAGES}


places = st.tuples(st.sampled_from(["", "a", "b"]), st.sampled_from(["", "c", "d"]), st.sampled_from(["v", "w"]))


@given(st.lists(places, unique=True))
def test_a_place_is_united_only_with_one_that_says_more_and_nothing_else(keys: list[tuple[str, str, str]]):
    fullest, several = united(keys)
    assert fullest.keys() == set(keys)
    for key, place in fullest.items():
        assert agree(key, place)
        assert {p for p in key if p} <= set(place)
        assert place == key or key not in several


def test_the_heading_of_a_column_may_be_another():
    rows = renamed(ROWS, {"Kec": "Kecamatan", "Desa/Kel": "Nama Kelurahan/Desa"})
    assert children(counted(rows)) == children(counted(ROWS))
