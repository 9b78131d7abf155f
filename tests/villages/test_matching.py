"""Laws of the ladder, twins and siblings, and the real tables of Pasangkayu, Muara Enim, Kaur and Kota Bengkulu."""

from collections import Counter

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook
from villages.conftest import boundaries, places_of, villages_of

from lokus.villages import codes, crosswalk, joining
from lokus.villages.matching import REASONS, match

STATUSES = {"matched", "candidate", "unmatched", "outside", "new"}


def matched(places, villages, code_system=None, **more):
    return match(places, villages, code_system=code_system, village_system="kemendagri", **more)


def one(villages, code_system=None, **cells):
    """The verdict on a single row."""
    return matched(places_of(**{name: [cell] for name, cell in cells.items()}), villages, code_system).iloc[0]


@pytest.fixture(scope="session")
def pasangkayu(shared_data):
    return boundaries(shared_data, "pasangkayu")


@pytest.fixture(scope="session")
def eppgbm(shared_data):
    book = CalamineWorkbook.from_path(shared_data / "indicators/pasangkayu/eppgbm_status_gizi_2024-01-17.xlsx")
    rows = book.get_sheet_by_index(0).to_python(skip_empty_area=False)[3:-1]
    return places_of(4, village=[row[1] for row in rows])


def test_eppgbm_names_of_pasangkayu(eppgbm, pasangkayu):
    found = matched(eppgbm, pasangkayu).assign(said=eppgbm["village"]).set_index("said")
    assert (found["status"] == "matched").sum() == 61
    assert found.loc[["BULUMARIO", "KASTA BUANA"], "village_code"].tolist() == ["76.01.04.2003", "76.01.07.2004"]
    pakawa, godang = found.loc["PAKAWA"], found.loc["GODANG"]
    assert (pakawa["status"], pakawa["reason"]) == ("candidate", "near_name")
    assert [c[:2] for c in pakawa["candidates"]] == [("76.01.02.2010", "Pakava")]
    assert (godang["status"], godang["reason"]) == ("unmatched", "only_left_over")
    assert [c[1] for c in godang["candidates"]] == ["Kulu"]


@pytest.mark.parametrize(
    ("file", "rung", "rows"),
    [("krs_verval_2024_sem1", "name", 63), ("krs_verval_2024_sem2", "last4", 63),
     ("penimbangan_ds_2025", "name", 126), ("keberadaan_posyandu", "name", 239)],
)  # fmt: skip
def test_tables_of_pasangkayu_with_kecamatan(shared_data, pasangkayu, file, rung, rows):
    path = shared_data / "indicators/pasangkayu" / f"{file}.csv"
    table = pd.read_csv(path, sep=None, engine="python", dtype="str").fillna("")
    cells = {"village": "KELURAHAN", "kecamatan": "KECAMATAN", "kabupaten": "KABUPATEN", "last4": "KODE"}
    places = places_of(**{cell: table[column] for cell, column in cells.items() if column in table})
    found = matched(places, pasangkayu, "kemendagri")
    assert found["rung"].tolist() == [rung] * rows
    assert found["village_code"].nunique() == 63
    # Without the four digits the names tell the same villages.
    assert matched(places.assign(last4=""), pasangkayu)["village_code"].equals(found["village_code"])


@pytest.mark.parametrize(
    ("kabupaten", "province", "rows", "new"),
    [("muara_enim", 16, 245, ["16.03.22.2002"]), ("kaur", 17, 192, []), ("kota_bengkulu", 17, 0, [])],
)
def test_idm_by_code_and_by_name(shared_data, kabupaten, province, rows, new):
    villages = boundaries(shared_data, kabupaten)
    table = pd.read_csv(shared_data / f"indicators/idm2024_province_{province}.csv", dtype="str")
    places = places_of(code=table["kode10"], village=table["desa"], kecamatan=table["kecamatan"])
    by_code = matched(places, villages, "kemendagri")
    inside = by_code[by_code["status"] != "outside"]
    assert len(inside) == rows
    assert inside.loc[inside["status"] == "new", "village_code"].tolist() == new
    assert inside.loc[inside["status"] != "new", "rung"].eq("code").all()
    # The same rows without their codes find the same village or none, those of other kabupaten none at all.
    by_name = matched(places.assign(code=""), villages)
    named = by_name["village_code"].dropna()
    assert named.equals(by_code["village_code"].reindex(named.index))
    assert len(named) == rows - len(new)


@pytest.mark.parametrize("kabupaten", ["pasangkayu", "muara_enim", "kaur", "kota_bengkulu"])
def test_a_village_missing_from_the_boundaries_is_never_taken_for_another(shared_data, kabupaten):
    villages = boundaries(shared_data, kabupaten)
    places = places_of(village=villages["village"], kecamatan=villages["kecamatan"])
    places.index = villages.index
    for part in range(6):
        gone = villages.index[part::6]
        found = matched(places, villages.drop(gone))
        assert found.loc[gone, "village_code"].isna().all()
        assert found["village_code"].dropna().to_dict() == {c: c for c in found["village_code"].dropna()}


def test_twins_in_two_kecamatan(sukoharjo):
    twin = one(sukoharjo, village="SIDODADI")
    assert (twin["status"], twin["reason"], len(twin["candidates"])) == ("candidate", "name_not_unique", 2)
    assert one(sukoharjo, village="SIDODADI", kecamatan="Kec. Pardasuka")["village_code"] == "18.10.02.2001"


def test_a_kelurahan_and_a_desa_of_one_name(sukoharjo):
    assert one(sukoharjo, village="Pardasuka", kecamatan="Pardasuka")["reason"] == "name_not_unique"
    assert one(sukoharjo, village="Kel. Pardasuka", kecamatan="Pardasuka")["village_code"] == "18.10.02.1004"
    alone = sukoharjo.drop("18.10.02.2004")
    both = matched(places_of(village=["Kel. Pardasuka", "Desa Pardasuka"], kecamatan=["Pardasuka"] * 2), alone)
    assert both["reason"].tolist() == ["two_rows_one_village"] * 2


@pytest.mark.parametrize(
    ("said", "code"),
    [("SUKOHARJO 4", "18.10.01.2004"), ("Sukoharjo III", "18.10.01.2003"), ("SUKOHARJO", None), ("Sukoharjo V", None),
     ("Sukoharjo Baru", None)],
)  # fmt: skip
def test_a_numbered_series(sukoharjo, said, code):
    verdict = one(sukoharjo, village=said, kecamatan="Sukoharjo")
    assert (verdict["village_code"] == code) if code else pd.isna(verdict["village_code"])


def test_siblings_by_direction_are_candidates_only(sukoharjo):
    hulu = "18.10.02.2002"
    assert one(sukoharjo, village="MUARA KAMAN HULU", kecamatan="Pardasuka")["village_code"] == hulu
    gone = one(sukoharjo.drop(hulu), village="MUARA KAMAN ULU", kecamatan="Pardasuka")
    assert (gone["status"], gone["candidates"][0][1]) == ("candidate", "Muara Kaman Ilir")


def test_a_slip_of_the_pen_is_accepted_within_its_kecamatan_only(sukoharjo):
    slip = one(sukoharjo, village="PADANK RATU", kecamatan="Pardasuka")
    assert (slip["status"], slip["rung"], slip["village_code"]) == ("matched", "fuzzy", "18.10.02.2005")
    assert one(sukoharjo, village="PADANK RATU")["status"] == "candidate"
    assert one(sukoharjo, village="PADANK RATU", kecamatan="Gading Rejo")["reason"] == "kecamatan_unknown"


def test_no_two_rows_take_one_village_by_a_near_name(sukoharjo):
    rows = places_of(village=["PADANK RATU", "PADANG RATUH"], kecamatan=["Pardasuka"] * 2)
    assert matched(rows, sukoharjo)["reason"].tolist() == ["two_rows_one_village"] * 2
    taken = matched(places_of(village=["PADANK RATU", "Padang Ratu"], kecamatan=["Pardasuka"] * 2), sukoharjo)
    assert taken["status"].tolist() == ["candidate", "matched"]


def test_an_ambiguous_abbreviation_is_a_candidate(sukoharjo):
    verdict = one(sukoharjo, village="Pd. Ratu", kecamatan="Pardasuka")
    assert (verdict["status"], verdict["candidates"][0][1]) == ("candidate", "Padang Ratu")


def test_a_name_of_another_kecamatan_is_a_candidate(sukoharjo):
    verdict = one(sukoharjo, village="Padang Ratu", kecamatan="Sukoharjo")
    assert (verdict["status"], verdict["reason"]) == ("candidate", "name_elsewhere")


def test_a_kecamatan_is_known_in_its_other_writings(sukoharjo):
    for kecamatan in ("PARDA SUKA", "Kecamatan Pardasuka", "Pardasukka"):
        assert one(sukoharjo, village="Sidodadi", kecamatan=kecamatan)["village_code"] == "18.10.02.2001"


@pytest.mark.parametrize(
    ("kabupaten", "status"),
    [("KAB. PRINGSEWU", "matched"), ("Kabupaten Pringsewu", "matched"), ("", "matched"), ("Tanggamus", "outside"),
     ("Kota Pringsewu", "outside")],
)  # fmt: skip
def test_the_kabupaten_cell(sukoharjo, kabupaten, status):
    verdict = one(sukoharjo, village="Padang Ratu", kecamatan="Pardasuka", kabupaten=kabupaten)
    assert verdict["status"] == status


def test_code_and_name_that_disagree_are_listed(sukoharjo):
    numbers = one(sukoharjo, "kemendagri", code="1810012001", village="Sukoharjo II")
    assert (numbers["status"], numbers["reason"]) == ("candidate", "code_name_disagree")
    assert {c[0] for c in numbers["candidates"]} == {"18.10.01.2001", "18.10.01.2002"}
    twin = one(sukoharjo, "kemendagri", code="1810012005", village="Sidodadi", kecamatan="Pardasuka")
    assert twin["reason"] == "code_name_disagree"
    stranger = one(sukoharjo, "kemendagri", code="1810022005", village="Wonokerto", kecamatan="Pardasuka")
    assert stranger["reason"] == "code_name_disagree"
    assert one(sukoharjo, "kemendagri", code="1810022005", village="PD. RATU")["rung"] == "code"


def test_last_four_digits_that_disagree_with_the_name_are_listed(sukoharjo):
    cells = {"kecamatan": "Sukoharjo", "last4": "2001"}
    assert one(sukoharjo, "kemendagri", village="Sukoharjo II", **cells)["reason"] == "code_name_disagree"
    assert one(sukoharjo, "kemendagri", village="Sukoharjo I", **cells)["rung"] == "last4"
    assert one(sukoharjo, "kemendagri", **cells)["rung"] == "last4"
    assert one(sukoharjo, "bps", **cells)["status"] == "unmatched"


def test_the_same_digits_of_the_other_system_are_another_village(sukoharjo):
    # 1810012001 is Sukoharjo I in Kemendagri's list; a BPS table means its own village by it.
    row = {"code": "1810012001", "village": "Padang Ratu", "kecamatan": "Pardasuka"}
    assert one(sukoharjo, "bps", **row)["rung"] == "name"
    assert one(sukoharjo, "bps", code="1810012001")["reason"] == "code_unreadable"
    assert one(sukoharjo, None, code="1810012001")["status"] == "unmatched"
    bps = sukoharjo.set_axis(pd.Index([f"18100100{n:02d}" for n in range(1, 12)], name="village_code"))
    bps = bps.assign(kecamatan_code="1810010", kabupaten_code="1810")
    found = match(places_of(code=["1810010001"]), bps, code_system="bps", village_system="bps")
    assert found["rung"].tolist() == ["code"]


def test_a_provincial_table_in_the_other_system_needs_its_kabupaten(sukoharjo):
    rows = places_of(code=["1810012001", "1801012001"], village=["Padang Ratu"] * 2, kecamatan=["Pardasuka"] * 2)
    assert matched(rows, sukoharjo, "bps")["reason"].tolist() == ["kabupaten_unknown"] * 2
    named = matched(rows.assign(kabupaten=["Pringsewu", "Lampung Barat"]), sukoharjo, "bps")
    assert named["status"].tolist() == ["matched", "outside"]


def test_a_village_without_polygon_is_new(sukoharjo):
    new = one(sukoharjo, "kemendagri", code="1810022009", village="WONOKERTO", kecamatan="Pardasuka")
    assert (new["status"], new["village_code"], new["reason"]) == ("new", "18.10.02.2009", "new_village")
    by_last4 = one(sukoharjo, "kemendagri", last4="2009", village="WONOKERTO", kecamatan="Pardasuka")
    assert by_last4["village_code"] == "18.10.02.2009"


@pytest.mark.parametrize(
    ("code", "village", "kecamatan", "status"),
    [
        ("1810022009", "", "Pardasuka", "unmatched"),
        ("1810022009", "Padank Ratu", "Pardasuka", "candidate"),
        ("1810021009", "Padang Ratu", "Pardasuka", "candidate"),
        ("1810022009", "Padang Ratu", "Pardasuka", "matched"),
        ("1810022009", "Wonokerto", "Sukoharjo", "unmatched"),
        ("1810092009", "Wonokerto", "", "unmatched"),
        ("1801022009", "Wonokerto", "", "outside"),
        ("1810020009", "Wonokerto", "", "unmatched"),
    ],
)
def test_an_unknown_code_is_new_only_where_nothing_speaks_against_it(sukoharjo, code, village, kecamatan, status):
    cells = {"code": code, "village": village, "kecamatan": kecamatan}
    assert one(sukoharjo, "kemendagri", **cells)["status"] == status


def test_a_code_with_two_new_names_is_listed(sukoharjo):
    rows = places_of(code=["1810022009"] * 2, village=["Wonokerto", "Margosari"])
    assert matched(rows, sukoharjo, "kemendagri")["status"].tolist() == ["unmatched"] * 2


def test_a_person_decides_what_no_rule_may(sukoharjo):
    lines = [{"table": "gizi", "village": "Sidodadi", "village_code": "1810022001"},
             {"village": "RSUD", "village_code": "-"}]  # fmt: skip
    decided = pd.DataFrame(lines, columns=list(crosswalk.COLUMNS), dtype="str").fillna("")
    rows = places_of(village=["SIDODADI ", "rsud"])
    found = matched(rows, sukoharjo, crosswalk=decided, table_id="gizi")
    assert found["status"].tolist() == ["matched", "outside"]
    assert found["village_code"].iloc[0] == "18.10.02.2001"
    assert found["rung"].tolist() == ["crosswalk"] * 2
    other = matched(rows, sukoharjo, crosswalk=decided, table_id="krs")
    assert other["status"].tolist() == ["candidate", "outside"]


CELL = st.sampled_from([
    "Sidodadi", "SIDODADI", "Sukoharjo I", "Sukoharjo II", "Sukohardjo I", "Padang Ratu", "Pd. Ratu", "Padank Ratu",
    "Muara Kaman Ulu", "Muara Kaman", "Pardasuka", "Kel. Pardasuka", "Wonokerto", "", "-", "=1+1", "1",
])  # fmt: skip
ROW = st.tuples(
    st.sampled_from(["", "1810012001", "18.10.02.2009", "1801012001", "16,0", "18.10.02.1004"]),
    CELL,
    st.sampled_from(["", "Sukoharjo", "PARDASUKA", "Pardasukka", "Gadingrejo"]),
    st.sampled_from(["", "Pringsewu", "Kota Metro"]),
    st.sampled_from(["", "2001", "2009.0", "x"]),
)
SUKOHARJO = villages_of(
    ("18.10.01.2001", "Sukoharjo I", "Sukoharjo"), ("18.10.01.2002", "Sukoharjo II", "Sukoharjo"),
    ("18.10.01.2005", "Sidodadi", "Sukoharjo"), ("18.10.02.2001", "Sidodadi", "Pardasuka"),
    ("18.10.02.2002", "Muara Kaman Ulu", "Pardasuka"), ("18.10.02.1004", "Pardasuka", "Pardasuka"),
    ("18.10.02.2005", "Padang Ratu", "Pardasuka"), kabupaten="Pringsewu",
)  # fmt: skip


def rows_of(rows):
    cells = dict(zip(("code", "village", "kecamatan", "kabupaten", "last4"), zip(*rows, strict=True), strict=True))
    return places_of(**cells)


@settings(deadline=None, max_examples=40)
@given(st.lists(ROW, min_size=1, max_size=8), st.sampled_from([None, "kemendagri", "bps"]))
def test_every_row_has_one_verdict_that_holds_together(rows, system):
    places = rows_of(rows)
    found = matched(places, SUKOHARJO, system)
    assert found.index.equals(places.index)
    assert set(found["status"]) <= STATUSES
    assert set(found["reason"]) <= {"", *REASONS}
    has_code = found["village_code"].notna()
    assert has_code.equals(found["status"].isin(["matched", "new"]))
    assert found.loc[found["status"] == "matched", "village_code"].isin(SUKOHARJO.index).all()
    assert (found.loc[found["status"] != "matched", "reason"] != "").all()
    assert not found.loc[found["rung"] == "fuzzy", "village_code"].duplicated().any()
    for candidates in found["candidates"]:
        nearness = [near for _, _, near in candidates]
        assert len(candidates) <= 5
        assert nearness == sorted(nearness, reverse=True)


@settings(deadline=None, max_examples=40)
@given(st.lists(ROW, min_size=1, max_size=8), st.randoms())
def test_the_order_of_rows_does_not_matter(rows, chance):
    places = rows_of(rows)
    order = list(places.index)
    chance.shuffle(order)
    pd.testing.assert_frame_equal(
        matched(places.loc[order], SUKOHARJO, "kemendagri").sort_index(), matched(places, SUKOHARJO, "kemendagri")
    )


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(list(SUKOHARJO.index)), st.sampled_from([str.upper, str.lower, "Desa {}".format, " {}  ".format])
)
def test_a_village_by_its_own_code_name_and_kecamatan_is_itself(code, writing):
    village = SUKOHARJO.loc[code]
    cells = {"village": writing(village["village"]), "kecamatan": writing(village["kecamatan"])}
    by_name = one(SUKOHARJO, **cells)["village_code"]
    assert by_name == code
    assert one(SUKOHARJO, "kemendagri", code=code.replace(".", ""), **cells)["village_code"] == by_name
    assert one(SUKOHARJO, "kemendagri", code=code)["village_code"] == code
    assert codes.kecamatan_of(by_name) == village["kecamatan_code"]


def test_an_empty_table_has_no_verdict():
    assert matched(places_of(village=[]), SUKOHARJO).empty


DESA = ("{}", "DESA {}", "Ds. {}", "Desa {}", "ds {}", "{} (Desa)")


@given(
    st.lists(
        st.tuples(st.sampled_from(["Sidodadi", "Padang Ratu", "Sukoharjo I"]), st.sampled_from(DESA), st.booleans()),
        max_size=9,
    )
)
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_desa_is_one_however_its_rows_say_that_it_is_one(sukoharjo, rows):
    """Rows of one village add up, whether they write "Bandu Agung", "DESA BANDU AGUNG" or "Ds. Bandu Agung"."""
    area = {"Sidodadi": "Sukoharjo", "Padang Ratu": "Pardasuka", "Sukoharjo I": "Sukoharjo"}
    said = [form.format(name.upper() if loud else name) for name, form, loud in rows]
    places = places_of(village=said, kecamatan=[area[name] for name, *_ in rows])
    found = matched(places, sukoharjo)
    assert (found["rung"] == "name").all()
    values = pd.DataFrame({"n": [1.0] * len(rows)}, places.index)
    summed = joining.join("t", places, values, found, sukoharjo, repeated="sum")
    counted = summed.values["n"].dropna().rename(index=sukoharjo["village"])
    assert counted.to_dict() == Counter(name for name, *_ in rows)
    refused = joining.join("t", places, values, found, sukoharjo)
    several = sum(n > 1 for n in Counter(name for name, *_ in rows).values())
    assert [p.code for p in refused.problems] == ["repeated_village"] * several


def test_a_bare_name_beside_a_kelurahan_is_of_the_kind_its_code_tells(sukoharjo):
    alone = sukoharjo.drop("18.10.02.1004")
    rows = places_of(village=["Pardasuka", "Kel. Pardasuka"], kecamatan=["Pardasuka"] * 2)
    assert matched(rows, alone)["reason"].tolist() == ["two_rows_one_village"] * 2
    kelurahan = sukoharjo.drop("18.10.02.2004")
    assert matched(rows, kelurahan)["village_code"].tolist() == ["18.10.02.1004"] * 2


def test_one_slip_of_the_pen_on_several_rows_is_one_village(sukoharjo):
    twice = matched(places_of(village=["PADANK RATU", "Padank Ratu"], kecamatan=["Pardasuka"] * 2), sukoharjo)
    assert twice["village_code"].tolist() == ["18.10.02.2005"] * 2
