"""Codes of another edition: what the national layer says of the table, and rows that only fit a changed code."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from villages.conftest import places_of, villages_of

from lokus import messages
from lokus.errors import Where
from lokus.villages import codes, editions
from lokus.villages.matching import match

# Two villages of Nabire and one of Paniai, with their present codes.
NABIRE = villages_of(
    ("94.01.01.1001", "Wonorejo", "Nabire"),
    ("94.01.02.2001", "Napan", "Napan"),
    ("94.01.05.2001", "Bumi Mulia", "Wanggar"),
    kabupaten="Nabire",
)


def matched(village, code, villages=NABIRE, **more):
    places = places_of(code=[code], village=[village])
    found = match(places, villages, code_system="kemendagri", village_system="kemendagri", **more)
    told = editions.problems(
        places,
        villages,
        system="kemendagri",
        edition=more.get("edition", ""),
        table_id="t",
        where=Where("a.csv"),
    )
    return found.iloc[0], told


def test_the_changes_hold_in_the_national_layer(shared_data):
    layer = pd.read_parquet(
        shared_data / "boundaries" / "national_simplified.parquet", columns=["kode_kab", "kabupaten"]
    ).drop_duplicates()
    names = dict(zip(layer["kode_kab"], layer["kabupaten"].str.replace("Kabupaten ", ""), strict=True))
    assert {c.new: c.name for c in editions.changes()} == {c.new: names[c.new] for c in editions.changes()}
    # An old code means nobody today; all kabupaten of the four new provinces are there.
    assert not {c.old for c in editions.changes()} & set(names)
    assert {c.new for c in editions.changes()} == {code for code in names if code[:2] in ("93", "94", "95", "96")}


def test_a_change_leads_from_one_code_to_one_code():
    for side in ("old", "new"):
        told = [getattr(c, side) for c in editions.changes()]
        assert len(set(told)) == len(told)
        assert all(codes.kabupaten_of(f"{code}.01.2001") == code for code in told)


@pytest.mark.parametrize("code", ["91.04.02.2001", "9104022001"])
def test_an_old_code_is_read_where_the_name_agrees_and_told(code):
    row, (problem,) = matched("NAPAN", code)
    assert (row["status"], row["rung"], row["village_code"]) == ("matched", "code", "94.01.02.2001")
    assert (problem.code, problem.fatal, problem.params["count"]) == ("codes_of_other_edition", False, 1)
    for lang in messages.LANGS:
        assert "91.04 → 94.01" in messages.problem(problem, lang)


def test_an_old_code_alone_needs_the_studys_word():
    row, told = matched("", "91.04.02.2001")
    assert (row["status"], told) == ("outside", [])
    row, (problem,) = matched("", "91.04.02.2001", edition="2021")
    assert (row["village_code"], problem.code) == ("94.01.02.2001", "codes_of_edition")
    # Codes of a later edition are no old codes.
    row, told = matched("", "91.04.02.2001", edition="2023")
    assert (row["status"], told) == ("outside", [])


def test_a_name_that_disagrees_is_listed():
    row, _ = matched("Wonorejo", "91.04.02.2001")
    assert (row["status"], row["reason"]) == ("candidate", "code_name_disagree")


def test_the_boundary_file_may_be_the_older_one():
    old = villages_of(("91.04.02.2001", "Napan", "Napan"), kabupaten="Nabire")
    row, told = matched("Napan", "94.01.02.2001", old)
    assert (row["village_code"], len(told)) == ("91.04.02.2001", 1)


def test_what_fits_as_it_is_stays(sukoharjo):
    for villages, code in ((NABIRE, "94.01.02.2001"), (sukoharjo, "91.04.02.2001")):
        _, told = matched("Napan", code, villages)
        assert told == []


def test_codes_of_bps_have_no_edition():
    places = places_of(code=["9104022001"], village=["Napan"])
    assert editions.problems(places, NABIRE, system="bps", edition="", table_id="t", where=Where()) == []


def test_the_renamed_bear_their_names_in_the_national_layer(shared_data):
    layer = pd.read_parquet(
        shared_data / "boundaries" / "national_simplified.parquet", columns=["kode_kab", "kabupaten"]
    ).drop_duplicates()
    names = dict(zip(layer["kode_kab"], layer["kabupaten"], strict=True))
    assert [names[r.code] for r in editions.renames()] == [f"Kabupaten {r.new}" for r in editions.renames()]
    # An old name means no kabupaten of today; where it means a kota, its kind must be told.
    assert not {f"Kabupaten {r.old}" for r in editions.renames()} & set(names.values())
    assert [r.old for r in editions.renames() if f"Kota {r.old}" in names.values()] == ["Pontianak"]
    assert [r.old for r in editions.renames() if r.kind_told] == ["Pontianak"]


@given(st.sampled_from(editions.renames()), st.sampled_from(["Kabupaten {}", "KAB. {}", "kab {}"]), st.booleans())
def test_an_old_name_of_a_kabupaten_is_the_new_one_and_told(change, form, older_boundaries):
    told, known = (change.new, change.old) if older_boundaries else (change.old, change.new)
    villages = villages_of((f"{change.code}.01.2001", "Doda", "Sarudu"), kabupaten=known)
    for cell, rows in ((form.format(told), 1), (form.format(known), 0), (form.format("Kaur"), 0)):
        places = places_of(village=["DODA"], kecamatan=["Sarudu"], kabupaten=[cell])
        found = match(places, villages, code_system=None, village_system="kemendagri").iloc[0]
        same = "Kaur" not in cell
        assert (found["village_code"] == f"{change.code}.01.2001") == same, cell
        problems = editions.problems(places, villages, system=None, edition="", table_id="t", where=Where("a.csv"))
        assert [(p.code, p.params["count"]) for p in problems] == [("kabupaten_renamed", 1)] * rows
        assert all(change.law in messages.problem(p, lang) for p in problems for lang in messages.LANGS)


@pytest.mark.parametrize(("cell", "status"), [
    ("Pontianak", "outside"), ("Kota Pontianak", "outside"), ("Kab. Pontianak", "matched"),
])  # fmt: skip
def test_a_kota_is_not_the_kabupaten_that_had_its_name(cell, status):
    mempawah = villages_of(("61.02.01.2001", "Wajok Hulu", "Jongkat"), kabupaten="Mempawah")
    places = places_of(village=["Wajok Hulu"], kecamatan=["Jongkat"], kabupaten=[cell])
    assert match(places, mempawah, code_system=None, village_system="kemendagri")["status"].tolist() == [status]
