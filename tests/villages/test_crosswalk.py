"""Laws of the crosswalk: decisions are kept for ever, in whatever form a spreadsheet saved them."""

import csv
import io

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from villages.conftest import places_of, villages_of

from lokus import messages
from lokus.errors import DataError
from lokus.villages import crosswalk
from lokus.villages.matching import match

VILLAGES = villages_of(
    ("76.01.02.2010", "Pakava", "Pasangkayu"),
    ("76.01.12.2005", "Kulu", "Lariang"),
    ("76.01.12.2006", "Batu Matoru", "Lariang"),
    kabupaten="Pasangkayu",
)
PLACES = places_of(4, village=["PAKAWA", "GODANG", "BATU MATORU"])


def found(places=PLACES, decided=None, table="gizi"):
    return match(places, VILLAGES, code_system=None, village_system="kemendagri", crosswalk=decided, table_id=table)


def asked(existing=None, places=PLACES, table="gizi"):
    existing = crosswalk.empty() if existing is None else existing
    return crosswalk.merge(existing, {table: (places, found(places, existing, table))})


def lines_of(*lines):
    return (
        pd.DataFrame(lines, columns=list(crosswalk.COLUMNS), dtype="str")
        .fillna("")
        .set_axis(pd.RangeIndex(2, len(lines) + 2))
    )


def test_rows_that_nothing_settles_are_asked():
    lines = asked()
    assert lines["village"].tolist() == ["GODANG", "PAKAWA"]
    assert lines["candidate_1"].tolist() == ["76.01.12.2005 Kulu", "76.01.02.2010 Pakava"]
    assert (lines["village_code"] == "").all()
    assert lines.index.tolist() == [2, 3]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("decision", ["76.01.12.2005", "7601122005", "76.01.12.2005 Kulu", " 7601122005.0 "])
def test_a_decision_survives_every_spreadsheet(tmp_path, encoding, delimiter, decision):
    lines = asked().assign(note="rumah sakit “Ako” é")
    lines.loc[2, "village_code"] = decision
    text = io.StringIO()
    lines.to_csv(text, sep=delimiter, index=False, lineterminator="\r\n")
    path = tmp_path / "crosswalk.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    read = crosswalk.read(path)
    assert crosswalk.problems(read, VILLAGES.index, "kemendagri", path.name) == []
    godang = found(decided=read).loc[5]
    assert (godang["rung"], godang["village_code"]) == ("crosswalk", "76.01.12.2005")
    again = asked(read)
    assert again["village_code"].tolist() == [decision.strip(), ""]
    assert again["note"].tolist() == lines["note"].tolist()


REST = ("crosswalk_share_rest", 3, False)
INVALID = ("crosswalk_share_invalid", 2, True)
WIDTH = len(crosswalk.COLUMNS)
CELL = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0", exclude_categories=("Cs", "Cc")), max_size=8)


@settings(deadline=None, max_examples=40)
@given(lines=st.lists(st.lists(CELL.map(str.strip), min_size=WIDTH, max_size=WIDTH).filter(any), max_size=4))
@example(lines=[["sep=", *[""] * (WIDTH - 1)]])
def test_write_then_read_is_identity(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("crosswalk") / "crosswalk.csv"
    frame = lines_of(*(dict(zip(crosswalk.COLUMNS, line, strict=True)) for line in lines))
    crosswalk.write(path, frame)
    pd.testing.assert_frame_equal(crosswalk.read(path), frame, check_index_type=False)
    cells = [cell for line in csv.reader(io.StringIO(path.read_text("utf-8-sig")), delimiter=";") for cell in line]
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "@", "-") and cell != "-"]
    assert [p.name for p in path.parent.iterdir()] == ["crosswalk.csv"]


def test_merging_twice_changes_nothing_more():
    once = asked()
    pd.testing.assert_frame_equal(asked(once), once)


def test_decided_lines_stay_when_the_row_is_gone_and_undecided_ones_go():
    once = asked()
    once.loc[3, "village_code"] = "76.01.02.2010"
    assert asked(once, PLACES.iloc[2:])["village"].tolist() == ["PAKAWA"]
    # A table that was not part of the run keeps its questions.
    assert asked(once, PLACES.iloc[2:], "krs")["village"].tolist() == ["GODANG", "PAKAWA"]


def test_a_line_without_a_table_answers_for_every_table():
    general = lines_of({"village": "Pakawa", "village_code": "76.01.02.2010"})
    assert found(decided=general, table="krs").loc[4, "rung"] == "crosswalk"
    assert asked(general)["village"].tolist() == ["Pakawa", "GODANG"]


def test_a_tables_own_line_goes_before_the_general_one():
    both = lines_of({"table": "gizi", "village": "PAKAWA", "village_code": "76.01.12.2005"},
                    {"village": "PAKAWA", "village_code": "76.01.02.2010"})  # fmt: skip
    for lines in (both, both.iloc[::-1]):
        assert found(decided=lines).loc[4, "village_code"] == "76.01.12.2005"
        assert found(decided=lines, table="krs").loc[4, "village_code"] == "76.01.02.2010"


def test_wrong_decisions_are_told_with_their_rows():
    lines = lines_of(
        {"table": "gizi", "village": "PAKAWA", "village_code": "76.01.02.2010"},
        {"table": "gizi", "village": "GODANG", "village_code": "76.01.99.2005"},
        {"table": "gizi", "village": "RSUD", "village_code": "-"},
        {"table": "gizi", "village": "pakawa", "village_code": "76.01.12.2005"},
        {"table": "krs", "village": "PAKAWA", "village_code": "76.01.12.2005"},
        {"table": "gizi", "village": "Ako", "village_code": "ako"},
    )
    told = crosswalk.problems(lines, VILLAGES.index, "kemendagri", "crosswalk.csv")
    assert [(p.code, p.where.row, p.fatal) for p in told] == [
        ("crosswalk_unknown_code", 3, True),
        ("crosswalk_twice", 5, True),
        ("crosswalk_unknown_code", 7, True),
    ]
    # An unknown code decides nothing: the row is asked again.
    assert found(decided=lines).loc[5, "status"] == "unmatched"


@pytest.mark.parametrize(
    ("raw", "code"),
    [(b"desa;kode\r\nA;B\r\n", "crosswalk_columns"), (b"", "crosswalk_columns"),
     (b"\xff\xfe\x00", "crosswalk_unreadable"),
     (b"kecamatan;village;village_code\r\n" + b"x" * 140_000, "crosswalk_unreadable")],
)  # fmt: skip
def test_a_file_that_is_no_crosswalk_is_told(tmp_path, raw, code):
    path = tmp_path / "crosswalk.csv"
    path.write_bytes(raw)
    with pytest.raises(DataError) as fault:
        crosswalk.read(path)
    assert [p.code for p in fault.value.problems] == [code]


def test_no_file_is_an_empty_crosswalk_and_a_folder_cannot_be_written(tmp_path):
    assert crosswalk.read(tmp_path / "crosswalk.csv").empty
    (tmp_path / "crosswalk.csv").mkdir()
    with pytest.raises(DataError) as fault:
        crosswalk.write(tmp_path / "crosswalk.csv", crosswalk.empty())
    assert [p.code for p in fault.value.problems] == ["crosswalk_locked"]
    assert [p.name for p in tmp_path.iterdir()] == ["crosswalk.csv"]


def split_lines(*parts, table="gizi"):
    return lines_of(*({"table": table, "village": "PAKAWA", "village_code": c, "share": s} for c, s in parts))


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ([("76.01.02.2010", "0,6"), ("76.01.12.2005", "0.4")], []),
        ([("76.01.02.2010", "60 %"), ("76.01.12.2005", "40%")], []),
        ([("76.01.02.2010", ",6")], [("crosswalk_share_rest", 2, False)]),
        ([("76.01.02.2010", "1"), ("76.01.12.2005", "0,4")], [("crosswalk_share_over", 3, True)]),
        ([("76.01.02.2010", "0,6"), ("76.01.12.2005", "")], [("crosswalk_twice", 3, True), REST]),
        ([("76.01.02.2010", "0,6"), ("76.01.02.2010", "0,4")], [("crosswalk_twice", 3, True)]),
        ([("76.01.02.2010", "0,6"), ("-", "0,4")], [("crosswalk_twice", 3, True)]),
        ([("76.01.02.2010", "enam"), ("76.01.12.2005", "0,4")], [INVALID, ("crosswalk_twice", 3, True), REST]),
        ([("76.01.02.2010", "0")], [INVALID]),
        ([("76.01.02.2010", "60")], [INVALID]),
    ],
)
def test_shares_make_a_whole_at_most(parts, told):
    found = crosswalk.problems(split_lines(*parts), VILLAGES.index, "kemendagri", "crosswalk.csv")
    assert [(p.code, p.where.row, p.fatal) for p in found] == told
    for problem in found:
        assert messages.problem(problem, "id") != messages.problem(problem, "en")


def test_a_division_goes_before_the_name_and_stays_in_the_file(tmp_path):
    lines = split_lines(("76.01.12.2006", "0,7"), ("76.01.12.2005 Kulu", "0,3"))
    lines["village"] = "BATU MATORU"
    path = tmp_path / "crosswalk.csv"
    crosswalk.write(path, lines)
    read = crosswalk.read(path)
    row = found(decided=read).set_axis(PLACES["village"]).loc["BATU MATORU"]
    assert (row["status"], row["rung"]) == ("matched", "crosswalk")
    assert row["parts"] == (("76.01.12.2006", 0.7), ("76.01.12.2005", 0.3))
    merged = asked(read)
    assert merged[merged["village"] == "BATU MATORU"]["share"].tolist() == ["0,7", "0,3"]
    pd.testing.assert_frame_equal(asked(merged), merged)


def test_a_file_from_before_there_were_shares_reads(tmp_path):
    path = tmp_path / "crosswalk.csv"
    path.write_text("table;kecamatan;village;code;village_code;note\ngizi;;PAKAWA;;76.01.02.2010;Ako\n", "utf-8")
    read = crosswalk.read(path)
    assert read[["village_code", "share", "note"]].iloc[0].tolist() == ["76.01.02.2010", "", "Ako"]
    assert found(decided=read).loc[4, ["rung", "parts"]].tolist() == ["crosswalk", ()]


def test_decisions_survive_a_renamed_table_and_are_told():
    once = asked()
    once.loc[3, "village_code"] = "76.01.02.2010"
    next_year = found(decided=once, table="gizi_2026")
    assert next_year["village_code"].iloc[0] == "76.01.02.2010"
    told = crosswalk.borrowed(once, {"gizi_2026": (PLACES, next_year)}, "kemendagri", "crosswalk.csv")
    assert [(p.code, p.fatal, p.params["tables"], p.params["count"]) for p in told] == [
        ("crosswalk_of_other_table", False, ["gizi"], 1)
    ]
    assert messages.problem(told[0], "id") != messages.problem(told[0], "en")
    merged = asked(once, table="gizi_2026")
    assert merged[merged["table"] == "gizi_2026"]["village"].tolist() == ["GODANG"]
    # Its own decision, and a general one, go before; then nothing is borrowed.
    for own in ("gizi_2026", ""):
        both = pd.concat([once, once.loc[[3]].assign(table=own, village_code="76.01.12.2005")], ignore_index=True)
        matches = found(decided=both, table="gizi_2026")
        assert matches["village_code"].iloc[0] == "76.01.12.2005"
        assert crosswalk.borrowed(both, {"gizi_2026": (PLACES, matches)}, "kemendagri", "crosswalk.csv") == []


def test_a_persons_own_columns_are_kept(tmp_path):
    path = tmp_path / "crosswalk.csv"
    crosswalk.write(path, asked())
    lines = path.read_text("utf-8-sig").splitlines()
    lines = [f"{line};{more}" for line, more in zip(lines, ("Petugas;", "Bidan;x", ";"), strict=True)]
    path.write_text("\n".join(lines), "utf-8")
    for _ in range(2):
        merged = asked(crosswalk.read(path))
        assert merged.columns.tolist() == [*crosswalk.COLUMNS, "Petugas", "(16)"]
        assert merged[["Petugas", "(16)"]].to_numpy().tolist() == [["Bidan", "x"], ["", ""]]
        crosswalk.write(path, merged)


TWINS = villages_of(
    ("76.01.01.1001", "Bambalamotu", "Bambalamotu"),
    ("76.01.01.2002", "Bambalamotu", "Bambalamotu"),
    ("76.01.01.2003", "Kalola", "Bambalamotu"),
    kabupaten="Pasangkayu",
)
ROWS = places_of(2, village=["BAMBALAMOTU", "BAMBALAMOTU", "KALOLA"], kecamatan=["Bambalamotu"] * 3)


@pytest.mark.parametrize("order", [["76.01.01.1001", "76.01.01.2002"], ["76.01.01.2002", "76.01.01.1001"]])
@pytest.mark.parametrize("table", ["gizi", "gizi_2026"])
def test_two_rows_of_one_name_are_decided_row_by_row(order, table):
    def twins(decided, table):
        return match(ROWS, TWINS, code_system=None, village_system="kemendagri", crosswalk=decided, table_id=table)

    lines = crosswalk.merge(crosswalk.empty(), {"gizi": (ROWS, twins(None, "gizi"))})
    assert lines["village"].tolist() == ["BAMBALAMOTU", "BAMBALAMOTU"]
    lines["village_code"] = order
    matches = twins(lines, table)
    assert matches["village_code"].tolist() == [*order, "76.01.01.2003"]
    tables = {table: (ROWS, matches)}
    assert crosswalk.problems(lines, TWINS.index, "kemendagri", "crosswalk.csv", tables) == []
    pd.testing.assert_frame_equal(crosswalk.merge(lines, tables), lines)
    # One line of two decided: the other row still waits.
    lines.loc[3, "village_code"] = ""
    matches = twins(lines, table)
    assert matches["status"].tolist() == ["matched", "candidate", "matched"]
    assert (crosswalk.merge(lines, {"gizi": (ROWS, matches)})["village_code"] == "").sum() == 1
    # With one row fewer, two answers are one too many.
    few = {table: (ROWS.iloc[1:], matches.iloc[1:])}
    lines["village_code"] = order
    told = crosswalk.problems(lines, TWINS.index, "kemendagri", "crosswalk.csv", few)
    assert [p.code for p in told] == ["crosswalk_twice"]


@pytest.mark.parametrize("written", ["7.60110E+09", "7,6E+09"])
def test_a_code_that_a_spreadsheet_rounded_is_told_as_such(written):
    lines = lines_of({"table": "gizi", "village": "PAKAWA", "village_code": written})
    told = crosswalk.problems(lines, VILLAGES.index, "kemendagri", "crosswalk.csv")
    assert [(p.code, p.fatal) for p in told] == [("crosswalk_code_by_excel", True)]
