"""The law of the join: rows in = rows joined + rows reported, on both sides; and missing is never zero."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from villages.conftest import boundaries, places_of, villages_of

from lokus import messages, schema
from lokus.villages import crosswalk, joining
from lokus.villages.matching import match

VILLAGES = villages_of(
    ("16.03.01.2001", "Muara Emil", "Tanjung Agung"),
    ("16.03.01.2002", "Tanjung Raya", "Tanjung Agung"),
    ("16.03.01.2003", "Seleman", "Tanjung Agung"),
    ("16.03.02.1001", "Pasar I", "Muara Enim"),
)
NAMES = ["MUARA EMIL", "Tanjung Raja", "Seleman", "Pasar I", "Pasar II", "Wonokerto", ""]
REPEATED = ["refuse", "sum", "first"]
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["", "1603012001", "1603012009", "1701012001"]),
        st.sampled_from(NAMES),
        st.sampled_from(["", "Tanjung Agung", "MUARA ENIM", "Lahat"]),
        st.one_of(st.none(), st.integers(0, 500)),
    ),
    min_size=1,
    max_size=9,
)


def table(rows, first=5):
    code, village, kecamatan, value = zip(*rows, strict=True)
    places = places_of(first, code=code, village=village, kecamatan=kecamatan)
    values = pd.DataFrame({"n": pd.array(value, dtype="float64")}, index=places.index)
    return places, values, match(places, VILLAGES, code_system="kemendagri", village_system="kemendagri")


@settings(deadline=None, max_examples=40)
@given(ROWS, st.sampled_from(REPEATED))
def test_every_row_and_every_village_is_accounted_for(rows, repeated):
    places, values, matches = table(rows)
    villages = joining.extend(VILLAGES, {"t": (places, matches)})
    left_out = pd.DataFrame({"kind": ["title", "total"], "text": ["Data", "JUMLAH"]}, index=[1, 14])
    joined = joining.join("t", places, values, matches, villages, repeated=repeated, left_out=left_out)
    account = joined.account
    assert tuple(account) == joining.ACCOUNT
    data = account[account["kind"] == "data"]
    assert data["row"].tolist() == places.index.tolist()
    assert account.loc[account["kind"].isin(["title", "total"]), "row"].tolist() == [1, 14]
    # On the side of the villages: each has its rows or stands in the account without one.
    with_rows = set(data["village_code"].dropna())
    without = account.loc[account["status"] == "no_row", "village_code"].tolist()
    assert sorted(with_rows | set(without)) == villages.index.tolist()
    assert not with_rows & set(without)
    assert joined.values.index.equals(villages.index)
    # On the side of the rows: a number on the villages is a number of the rows, and none is lost without being told.
    told = {p.code for p in joined.problems}
    joined_rows = values.loc[matches["village_code"].notna(), "n"]
    if not told and repeated != "first":
        assert joined.values["n"].sum() == joined_rows.sum()
        assert joined.values["n"].notna().sum() == matches["village_code"].reindex(joined_rows.dropna().index).nunique()
    assert told <= {"repeated_village", "repeated_partly_empty"}
    assert ("repeated_village" in told) == (
        repeated == "refuse" and matches["village_code"].dropna().duplicated().any()
    )


def test_a_village_in_two_rows_is_refused_with_all_its_rows():
    places, values, matches = table([("1603012001", "", "", 3), ("", "Seleman", "", 4), ("", "Muara Emil", "", 5)])
    joined = joining.join("t", places, values, matches, VILLAGES, file="a.xlsx", sheet="S")
    (problem,) = joined.problems
    assert problem.fatal
    assert (problem.params["code"], problem.params["rows"]) == ("16.03.01.2001", ["5", "7"])
    assert 'repeated = "sum"' in messages.problem(problem, "id")
    assert joined.values["n"].to_dict() == pytest.approx(
        {"16.03.01.2001": np.nan, "16.03.01.2002": np.nan, "16.03.01.2003": 4, "16.03.02.1001": np.nan}, nan_ok=True
    )


@pytest.mark.parametrize(
    ("first", "second", "total", "told"),
    [(3, 5, 8, []), (3, None, np.nan, ["repeated_partly_empty"]), (None, None, np.nan, []), (0, 0, 0, [])],
)
def test_counts_of_two_rows_are_summed_and_a_part_is_no_whole(first, second, total, told):
    places, values, matches = table([("1603012001", "", "", first), ("", "Muara Emil", "", second)])
    joined = joining.join("t", places, values, matches, VILLAGES, repeated="sum")
    assert joined.values.loc["16.03.01.2001", "n"] == pytest.approx(total, nan_ok=True)
    assert [p.code for p in joined.problems] == told


def test_shares_are_never_summed():
    places, values, matches = table([("1603012001", "", "", 3), ("", "Muara Emil", "", 5), ("", "Seleman", "", 7)])
    joined = joining.join("t", places, values, matches, VILLAGES, repeated="sum", shares=["n", "absent"])
    assert [(p.code, p.fatal, p.params["columns"]) for p in joined.problems] == [("repeated_shares", True, ["n"])]
    assert joined.values["n"].dropna().to_dict() == {"16.03.01.2003": 7}


def test_a_new_village_is_listed_with_its_area():
    places, values, matches = table([("1603012009", "WONO KERTO II", "Tanjung Agung", 6)])
    villages = joining.extend(VILLAGES, {"t": (places, matches)})
    schema.check(villages, "places")
    new = villages.loc["16.03.01.2009"]
    assert new[["village", "kecamatan", "kabupaten_code", "village_kind"]].tolist() == [
        "Wono Kerto II", "Tanjung Agung", "16.03", "desa"
    ]  # fmt: skip
    assert (bool(new["has_boundary"]), np.isnan(new["area_km2"])) == (False, True)
    assert joining.join("t", places, values, matches, villages).values.loc["16.03.01.2009", "n"] == 6
    # Matched against the longer list, the row is an ordinary one that still says there is no polygon.
    again = match(places, villages, code_system="kemendagri", village_system="kemendagri")
    assert again[["status", "reason"]].iloc[0].tolist() == ["matched", "new_village"]
    assert [p.code for p in joining.problems_of("t", "a", "", again, places)] == ["place_new_village"]


def test_a_new_code_with_two_names_is_not_a_village():
    one = table([("1603012009", "Wonokerto", "Tanjung Agung", 6)])
    two = table([("1603012009", "Margosari", "Tanjung Agung", 7)])
    villages = joining.extend(VILLAGES, {"a": (one[0], one[2]), "b": (two[0], two[2])})
    assert villages.index.equals(VILLAGES.index)
    assert [p.code for p in joining.join("a", *one[:3], villages).problems] == ["new_village_names_disagree"]


@settings(deadline=None, max_examples=40)
@given(ROWS)
def test_every_row_a_person_must_see_has_a_problem_in_both_languages(rows):
    places, _, matches = table(rows)
    told = joining.problems_of("t", "a.xlsx", "S", matches, places)
    if [p.code for p in told] == ["places_all_outside"]:
        assert told[0].params["count"] == len(matches)
        return
    assert sorted(p.where.row for p in told) == matches.index[matches["reason"] != ""].tolist()
    for problem in told:
        assert not problem.fatal
        assert messages.problem(problem, "id") != messages.problem(problem, "en")


def test_many_rows_of_another_kabupaten_are_told_in_one_line():
    elsewhere = [("1701012001", f"Desa {n}", "", 1) for n in range(30)]
    for first, code in ((("1603012001", "Muara Emil", "", 1), "places_outside"), (elsewhere[0], "places_all_outside")):
        places, _, matches = table([first, *elsewhere])
        (problem,) = joining.problems_of("t", "a.csv", "", matches, places)
        assert (problem.code, problem.params["count"], problem.fatal) == (code, 30 + (first in elsewhere), False)


def test_many_rows_of_one_fault_are_told_up_to_twenty():
    places, _, matches = table([("", f"Rumah Sakit {n}", "Lahat", 1) for n in range(30)])
    told = joining.problems_of("t", "a.csv", "", matches, places)
    assert [p.code for p in told] == ["place_kecamatan_unknown"] * 20 + ["places_more"]
    assert told[-1].params["count"] == 10


@pytest.mark.parametrize(("kabupaten", "rows", "villages"), [("muara_enim", 245, 255), ("kaur", 192, 195)])
def test_idm_leaves_the_kelurahan_uncovered(shared_data, kabupaten, rows, villages):
    province = 16 if kabupaten == "muara_enim" else 17
    idm = pd.read_csv(shared_data / f"indicators/idm2024_province_{province}.csv", dtype={"kode10": "str"})
    places = places_of(code=idm["kode10"], village=idm["desa"], kecamatan=idm["kecamatan"])
    values = idm[["iks"]].set_axis(places.index)
    known = boundaries(shared_data, kabupaten)
    matches = match(places, known, code_system="kemendagri", village_system="kemendagri")
    known = joining.extend(known, {"idm": (places, matches)})
    joined = joining.join("idm", places, values, matches, known)
    assert len(known) == villages
    assert joined.values["iks"].notna().sum() == rows
    bare = joined.values["iks"].isna()
    assert bare.equals(known["village_kind"] == "kelurahan")
    assert (joined.account["status"] == "no_row").sum() == bare.sum()


AREA = "Tanjung Agung"
SHARES = st.lists(st.integers(1, 8), min_size=1, max_size=3).map(
    lambda parts: [part / (sum(parts) + 0.0) for part in parts]
)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(SHARES, st.integers(0, 2), st.integers(0, 500)), min_size=1, max_size=5),
    st.sampled_from(REPEATED),
)
def test_totals_are_kept_when_villages_are_divided(olds, repeated):
    codes = list(VILLAGES.index)
    lines, rows = [], []
    for n, (shares, first, value) in enumerate(olds):
        given_to = [codes[(first + k) % len(codes)] for k in range(len(shares))]
        # Half a village each, so that even one part is a division.
        shares = [share / 2 for share in shares]
        lines += [
            {"kecamatan": AREA, "village": f"Lama {n}", "village_code": c, "share": repr(s)}
            for c, s in zip(given_to, shares, strict=True)
        ]
        rows.append(("", f"Lama {n}", "Tanjung Agung", value))
    decided = pd.DataFrame(lines, columns=list(crosswalk.COLUMNS), dtype="str").fillna("")
    places, values, _ = table(rows)
    matches = match(places, VILLAGES, code_system=None, village_system="kemendagri", crosswalk=decided)
    joined = joining.join("t", places, values.assign(rate=0.5), matches, VILLAGES, repeated=repeated, shares=["rate"])
    assert joined.values["n"].sum() == pytest.approx(values["n"].sum() / 2)
    assert joined.values["rate"].isna().all()
    assert {p.code for p in joined.problems} == {"split_not_divisible"}
    data = joined.account[joined.account["kind"] == "data"]
    assert data["share"].groupby(data["row"]).sum().tolist() == pytest.approx([0.5] * len(olds))
    assert (data["status"] == "matched").all()


def test_a_share_and_a_row_of_its_own_are_no_sum_by_accident():
    lines = [
        {"kecamatan": AREA, "village": "Lama", "village_code": c, "share": s}
        for c, s in (("16.03.01.2001", "0,25"), ("16.03.01.2003", "0,75"))
    ]
    decided = pd.DataFrame(lines, columns=list(crosswalk.COLUMNS), dtype="str").fillna("")
    places, values, _ = table([("", "Lama", "Tanjung Agung", 100), ("", "Muara Emil", "Tanjung Agung", 7)])
    matches = match(places, VILLAGES, code_system=None, village_system="kemendagri", crosswalk=decided)
    refused = joining.join("t", places, values, matches, VILLAGES)
    assert [(p.code, p.params["rows"]) for p in refused.problems] == [("repeated_village_decided", ["5", "6"])]
    assert refused.values["n"].dropna().to_dict() == {"16.03.01.2003": 75}
    summed = joining.join("t", places, values, matches, VILLAGES, repeated="sum")
    assert (summed.problems, summed.values["n"].dropna().to_dict()) == ((), {"16.03.01.2001": 32, "16.03.01.2003": 75})


def test_the_first_of_several_rows_is_taken_and_the_others_are_accounted_for():
    places, values, matches = table([("", "Seleman", "", None), ("", "Muara Emil", "", 3), ("", "MUARA EMIL", "", 5)])
    joined = joining.join("t", places, values, matches, VILLAGES, repeated="first", shares=["n"])
    assert joined.problems == ()
    assert joined.values["n"].dropna().to_dict() == {"16.03.01.2001": 3}
    data = joined.account[joined.account["kind"] == "data"]
    assert data["reason"].tolist() == ["", "", "row_not_used"]
    assert messages.has("match.reason.row_not_used")


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from(["Kel. Seleman", "Desa Seleman", "Muara Emil", ""]), min_size=1, max_size=8))
@example(["Kel. Seleman", "Desa Seleman", "Desa Seleman"])
def test_rows_that_contend_for_one_village_name_one_another(names):
    places, _, matches = table([("", name, "Tanjung Agung", 1) for name in names])
    told = {
        p.where.row: p
        for p in joining.problems_of("t", "a.csv", "", matches, places)
        if p.code == "place_two_rows_one_village"
    }
    assert set(told) == set(matches.index[matches["reason"] == "two_rows_one_village"])
    for row, problem in told.items():
        assert {int(other) for other in problem.params["rows"]} == set(told) - {row}
        assert set(problem.params["others"]) == {places.loc[other, "village"] for other in set(told) - {row}}
        assert all(f"{other}" in messages.problem(problem, "id") for other in set(told) - {row})


@pytest.mark.parametrize(("second", "told"), [(40, ["5", "7"]), (41, None)])
def test_summed_rows_of_the_same_numbers_are_doubted_by_row(second, told):
    rows = [("", "Seleman", "Tanjung Agung", 40), ("", "Tanjung Raya", "Tanjung Agung", 7)]
    places, values, matches = table([*rows, ("", "SELEMAN", "Tanjung Agung", second)])
    joined = joining.join("t", places, values, matches, VILLAGES, repeated="sum")
    assert joined.values["n"]["16.03.01.2003"] == 40 + second
    doubts = [p for p in joined.problems if p.code == "repeated_same_numbers"]
    assert [p.params["rows"] for p in doubts] == ([told] if told else [])
    assert all(messages.problem(p, lang) for p in doubts for lang in messages.LANGS)
