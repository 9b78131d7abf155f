"""By-name exports: any dirt gives the same counts, every row is accounted for, and no identity gets out."""

from __future__ import annotations

import datetime as dt
import io
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from bynames import (
    DAY,
    HEADINGS,
    SECRET,
    VILLAGES,
    Row,
    as_csv,
    child,
    codes,
    renamed,
    saved,
    sheets,
    traces,
    workbook,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from lokus.catalog.growth import length_for_age
from lokus.cli import entry
from lokus.errors import DataError
from lokus.methods import growth
from lokus.sources.childheadings import catalogue
from lokus.sources.children import count_children
from lokus.sources.indicators import read_table


def cast(seed: int, measurements: int = 60) -> list[Row]:
    """Made-up measurements of some children, several for most, of all ages, some without a height or a sex."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(measurements):
        number = int(rng.integers(0, measurements // 2))
        born = DAY - dt.timedelta(days=int(np.random.default_rng(number).integers(30, 1900)))
        on = DAY + dt.timedelta(days=int(rng.integers(-200, 20)))
        cm = f"{rng.normal(80, 15):.1f}".replace(".", ",") if rng.random() > 0.1 else str(rng.choice(["", "-", "0"]))
        rows.append(
            child(number, Tgl_Lahir=f"{born:%d/%m/%Y}", Tanggal_Pengukuran=f"{on:%d/%m/%Y}", Tinggi=cm,
                  Cara_Ukur=str(rng.choice(["Berdiri", "Terlentang", ""])), JK="" if number == 7 else "LP"[number % 2])
        )  # fmt: skip
    return rows


def slowly(rows: Sequence[Row]) -> dict[str, list[int]]:
    """Children, measured, stunted, severely stunted of each village, row by row with dicts."""
    best: dict[str, tuple[tuple[bool, dt.date, int], str, int]] = {}
    for i, r in enumerate(rows):
        born, on = (dt.datetime.strptime(r[c], "%d/%m/%Y").date() for c in ("Tgl Lahir", "Tanggal Pengukuran"))
        try:
            cm = float(r["Tinggi"].replace(",", ".")) or float("nan")
        except ValueError:
            cm = float("nan")
        sex = {"L": 0, "P": 1}.get(r["JK"], -1)
        how = {"Terlentang": 1, "Berdiri": 2}.get(r["Cara Ukur"], 0)
        days = (on - born).days
        class_ = int(growth.classes(growth.height_for_age([days], [cm], [sex], [how], length_for_age()))[0])
        place = (class_ >= 0, on, i)
        if r["NIK"] not in best or place > best[r["NIK"]][0]:
            best[r["NIK"]] = (place, r["Desa/Kel"], class_)
    counts: dict[str, list[int]] = {}
    for _, village, class_ in best.values():
        seen = counts.setdefault(village, [0, 0, 0, 0])
        for i, counted in enumerate([True, class_ >= 0, class_ in (0, 1), class_ == 0]):
            seen[i] += counted
    return counts


def shown(villages: pd.DataFrame) -> dict[str, list[int]]:
    columns = ["children", "measured", "stunted", "severely_stunted"]
    return {row["desa"]: [int(row[c]) for c in columns] for _, row in villages.iterrows()}


@given(st.integers(0, 10**6))
@settings(max_examples=15, deadline=None)
def test_counts_are_those_of_the_slow_way(seed):
    rows = cast(seed)
    with tempfile.TemporaryDirectory() as folder:
        counted = count_children([saved(Path(folder), as_csv(rows))])
    assert shown(counted.villages) == slowly(rows)


@given(st.integers(0, 10**6))
@settings(max_examples=10, deadline=None)
def test_every_row_is_accounted_for_and_every_child_has_one_fate(seed):
    with tempfile.TemporaryDirectory() as folder:
        counted = count_children([saved(Path(folder), as_csv(cast(seed)))], since=dt.date(2025, 3, 1), until=DAY)
    account = dict(counted.account)
    assert account.pop("rows") == 60 == sum(account.values())
    v = counted.villages
    assert v["children"].sum() == account["counted"]
    assert (v["children"] == v["measured"] + v.filter(like="invalid_").sum(axis=1)).all()
    for count in ("measured", "stunted", "severely_stunted"):
        assert (v[count] == v[[f"{count}_boys", f"{count}_girls"]].sum(axis=1)).all()
        assert (v[count] == v.filter(regex=f"^{count}_.*_months$").sum(axis=1)).all()


def redated(rows: Sequence[Row], form: str) -> list[Row]:
    def written(text: str) -> str:
        day = dt.datetime.strptime(text, "%d/%m/%Y")
        return str((day - dt.datetime(1899, 12, 30)).days) if form == "serial" else day.strftime(form)

    return [{k: written(v) if k in ("Tgl Lahir", "Tanggal Pengukuran") else v for k, v in r.items()} for r in rows]


def dirty(rows: list[Row]) -> Iterator[tuple[str, bytes]]:
    """The same rows as offices write them."""
    yield "comma.csv", as_csv(rows, delimiter=",")
    yield "tab.txt", as_csv(rows, delimiter="\t")
    yield "title.csv", as_csv(rows, above=["DAFTAR BALITA KABUPATEN", "", "Bulan : Agustus 2025"])
    yield "separator.csv", b"sep=;\r\n" + as_csv(rows)
    yield "mark.csv", as_csv(rows, encoding="utf-8-sig")
    yield "utf16.csv", as_csv(rows, encoding="utf-16")
    yield "latin.csv", as_csv([r | {"Nama": r["Nama"] + " É"} for r in rows], encoding="cp1252")
    yield "iso.csv", as_csv(redated(rows, "%Y-%m-%d"))
    yield "time.csv", as_csv(redated(rows, "%Y-%m-%d 00:00:00"))
    yield "dashes.csv", as_csv(redated(rows, "%d-%m-%y"))
    yield "serial.csv", as_csv(redated(rows, "serial"))
    yield "points.csv", as_csv([r | {"Tinggi": r["Tinggi"].replace(",", ".") + " cm"} for r in rows])
    yield "words.csv", as_csv([r | {"JK": {"L": "Laki - laki", "P": "PEREMPUAN", "": ""}[r["JK"]]} for r in rows])
    yield "stray.csv", as_csv([r | {"NIK": f"'{r['NIK'][:6]}.{r['NIK'][6:]} "} for r in rows])
    yield "padded.csv", as_csv([{f"  {k.upper()} ": f" {v} " for k, v in r.items()} for r in rows])
    bok = {"Nama": "Nama Lengkap Balita", "Tgl Lahir": "Tgl Lahir Tgl/Bln/Thn", "Tinggi": "TB", "TB/U": "PB-TB/U"}
    yield "bok.csv", as_csv(renamed(rows, bok))
    yield "trailing.csv", as_csv(rows).replace(b"\r\n", b";;;\r\n")
    yield "blank.csv", as_csv(rows).replace(b"\r\n", b"\r\n\r\n").replace(b"\r\n\r\n", b"\r\n", 1)
    noise = "\r\nJUMLAH;;;;;;\r\n;;;;Mengetahui,\r\n;;;;KEPALA PUSKESMAS RAHASIA;;;;;;;;NAMA KEPALA\r\n"
    yield "signed.csv", as_csv(rows) + noise.encode()
    yield "text.xlsx", workbook(rows)
    yield "typed.xlsx", workbook(rows, typed=True)
    yield "merged.xlsx", workbook(rows, merged=True)
    out = io.BytesIO()
    pa.parquet.write_table(pa.Table.from_pylist(rows), out)
    yield "text.parquet", out.getvalue()
    typed = pd.DataFrame(rows)
    for column in ("Tgl Lahir", "Tanggal Pengukuran"):
        typed[column] = pd.to_datetime(typed[column], format="%d/%m/%Y")
    typed["Tinggi"] = pd.to_numeric(typed["Tinggi"].str.replace(",", "."), errors="coerce")
    typed["NIK"] = typed["NIK"].astype("int64")
    yield "typed.parquet", typed.to_parquet()


ROWS = cast(11)


@pytest.mark.parametrize(("name", "content"), list(dirty(ROWS)), ids=lambda v: v if isinstance(v, str) else "")
def test_however_it_is_written_the_counts_are_the_same(name: str, content: bytes, tmp_path: Path):
    counted = count_children([saved(tmp_path, content, name)])
    assert shown(counted.villages) == slowly(ROWS)


def test_files_in_pieces_and_twice_count_as_one(tmp_path: Path):
    halves = [saved(tmp_path, as_csv(ROWS[:30]), "a.csv"), saved(tmp_path, workbook(ROWS[30:]), "b.xlsx")]
    again = saved(tmp_path, as_csv(ROWS), "again.csv")
    assert shown(count_children(halves).villages) == shown(count_children([*halves, again]).villages) == slowly(ROWS)


def test_without_nik_a_child_is_name_birth_and_village(tmp_path: Path):
    rows = [
        child(1, NIK="-", Nama="Siti Aminah"), child(4, NIK="0000000000000000", Nama="SITI  AMINAH.", JK="P"),
        child(1, NIK="", Nama="Siti Aminah", Tgl_Lahir="04/05/2023"), child(2, NIK="", Nama="Siti Aminah"),
        child(1, NIK="", Nama=""),
    ]  # fmt: skip
    counted = count_children([saved(tmp_path, as_csv(rows))])
    assert shown(counted.villages) == {VILLAGES[1]: [3, 3, 0, 0], VILLAGES[2]: [1, 1, 0, 0]}
    assert {p.code for p in counted.problems} == {"children_unidentified", "children_nik_odd"}


def test_nik_that_excel_has_rounded_do_not_make_one_child_of_two(tmp_path: Path):
    rows = [child(i, NIK="1603011010110010", Nama=f"ANAK {'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[i]}") for i in range(24)]
    counted = count_children([saved(tmp_path, as_csv(rows))])
    assert counted.villages["children"].sum() == 24
    assert "children_nik_rounded" in {p.code for p in counted.problems}


def test_age_in_words_or_months_where_a_date_is_missing(tmp_path: Path):
    words = [child(i, Tgl_Lahir="-", NIK=f"160301{i:010d}") for i in range(3)]
    assert count_children([saved(tmp_path, as_csv(words))]).villages["measured_24_35_months"].sum() == 3
    months = renamed([r | {"Usia Saat Ukur": "27"} for r in words], {"Usia Saat Ukur": "Umur (bulan)"})
    assert count_children([saved(tmp_path, as_csv(months))]).villages["measured_24_35_months"].sum() == 3
    bare = count_children([saved(tmp_path, as_csv([words[0] | {"Usia Saat Ukur": "27"}, child(5)]))])
    assert {p.code for p in bare.problems} >= {"children_age_unreadable"}


def test_an_american_column_of_dates_is_read_month_first_and_said(tmp_path: Path):
    rows = [r | {"Tgl Lahir": "05/03/2023", "Tanggal Pengukuran": "08/10/2025"} for r in map(child, range(3))]
    rows.append(child(3, Tgl_Lahir="05/25/2023", Tanggal_Pengukuran="08/10/2025"))
    counted = count_children([saved(tmp_path, as_csv(rows))])
    told = {p.where.column for p in counted.problems if p.code == "children_month_first"}
    assert told == {"Tgl Lahir"}


def test_the_latest_in_the_window_counts(tmp_path: Path):
    tall, short = child(1, Tinggi="90,0"), child(1, Tinggi="72,0", Tanggal_Pengukuran="01/02/2025")
    file = saved(tmp_path, as_csv([tall, short]))
    assert shown(count_children([file]).villages)[VILLAGES[1]] == [1, 1, 0, 0]
    early = count_children([file], until=dt.date(2025, 2, 28))
    assert shown(early.villages)[VILLAGES[1]] == [1, 1, 1, 1]
    assert early.account["outside_window"] == 1


def test_reasons_why_a_child_has_no_class(tmp_path: Path):
    rows = [
        child(0, JK="?"), child(3, Tgl_Lahir="", Usia_Saat_Ukur=""), child(6, Tgl_Lahir="01/01/2019"),
        child(9, Tinggi="0"), child(12, Tinggi="12,3"), child(15), child(18, Tgl_Lahir="01/01/2026"),
    ]  # fmt: skip
    counted = count_children([saved(tmp_path, as_csv(rows))]).villages.iloc[0]
    reasons = {"sex": 1, "age": 2, "over_5_years": 1, "height": 1, "flagged": 1}
    assert {k: counted[f"invalid_{k}"] for k in reasons} == reasons
    assert counted["measured"] == 1 and counted["children"] == 7


def test_disagreements_are_counted_by_rule(tmp_path: Path):
    standard = length_for_age()
    days = (DAY - dt.date(2023, 5, 3)).days

    def cm(z: float, sex: int) -> float:
        return standard.median[sex, days] * (1 + z * standard.spread[sex, days])

    rows = [
        child(0, **{"TB/U": "Normal"}),
        child(2, **{"TB/U": "Pendek"}, Tinggi=f"{cm(-2.003, 0):.4f}"),
        child(4, **{"TB/U": "Pendek"}, Tinggi=f"{cm(-1.9, 0) + 0.7:.2f}", Cara_Ukur="Terlentang"),
        child(6, **{"TB/U": "Normal"}, Tinggi=f"{cm(-2.1, 0) + 0.7:.2f}", Cara_Ukur="Terlentang"),
        child(8, **{"TB/U": "Tinggi"}), child(10, **{"TB/U": ""}), child(12, **{"TB/U": "Normal"}, Tinggi="20"),
        child(14, **{"TB/U": "Normal"}, Tinggi=""),
    ]  # fmt: skip
    agreement = count_children([saved(tmp_path, as_csv(rows))]).agreement
    expected = {"same": 1, "rounding": 1, "posture": 1, "unexplained": 2, "no_own_class": 1, "flagged": 1}
    assert {k: agreement[k] for k in expected} == expected
    assert agreement["not_classed"] == 1 and agreement["only_file_stunted"] == 2


TARGETS = "Kecamatan;Desa/Kelurahan;Jumlah Sasaran\nLawang Kidul;Ds. Suka Maju;30\nLAWANG KIDUL;SUKA MAJU;10\n"


def test_targets_give_the_measured_share(tmp_path: Path):
    targets = saved(tmp_path, (TARGETS + "Lawang Kidul;Keban Agung;50\nJUMLAH;;90\n").encode(), "t.csv")
    counted = count_children([saved(tmp_path, as_csv(ROWS))], targets=[targets])
    row = counted.villages.set_index("desa").loc["Suka Maju"]
    assert row["target"] == 40 and row["measured_share"] == pytest.approx(row["measured"] / 40)
    alone = counted.villages.set_index("desa").loc["Keban Agung"]
    assert alone["target"] == 50 and pd.isna(alone["measured"]) and pd.isna(alone["children"])
    told = {p.code: p.params for p in counted.problems if p.code.startswith("children_target")}
    assert told == {"children_target_alone": {"count": 1}, "children_target_absent": {"count": 2}}


def test_the_counts_are_a_table_of_a_study(tmp_path: Path):
    output = tmp_path / "counts.csv"
    assert entry(["children", str(saved(tmp_path, as_csv(ROWS))), "-o", str(output)]) == 0
    table = read_table(
        output, table_id="c", place={"village": "desa", "kecamatan": "kecamatan", "kabupaten": "kabupaten"},
        columns={"stunting.numerator": ["stunted"], "stunting.denominator": ["measured"]},
    )  # fmt: skip
    expected = {v: [float(n[2]), float(n[1])] for v, n in slowly(ROWS).items()}
    assert dict(zip(table.places["village"], table.values.to_numpy().tolist(), strict=True)) == expected


# Faults


def test_missing_columns_are_told_all_at_once_for_all_files(tmp_path: Path):
    bare = saved(tmp_path, as_csv([{k: v for k, v in child(1).items() if k not in ("JK", "Tinggi")}]), "a.csv")
    gone = tmp_path / "gone.csv"
    with pytest.raises(DataError) as caught:
        count_children([bare, gone])
    assert codes(caught.value) == {"children_columns_missing", "children_file_missing"}
    assert caught.value.problems[0].params["columns"] == ['"JK"', '"Tinggi"']


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"\x00\x01\x02\xff", "not_a_table"),
        (b"PK\x03\x04broken", "workbook_damaged"),
        (b"PAR1broken", "children_text_unreadable"),
        (b"halo dunia\nini bukan tabel\n", "children_header_not_found"),
        (as_csv([child(1)]).splitlines()[0] + b"\n", "children_none"),
        (as_csv([child(1)]).replace(b"Posyandu", b"Tinggi"), "children_column_twice"),
        (as_csv([child(1) | {"JK": "x", "Tgl Lahir": "y", "Tanggal Pengukuran": "z", "Tinggi": "-"}]), "children_none"),
    ],
)
def test_files_that_cannot_be_counted(content: bytes, code: str, tmp_path: Path):
    with pytest.raises(DataError) as caught:
        count_children([saved(tmp_path, content)])
    assert code in codes(caught.value)


def test_broken_rows_are_left_out_by_number(tmp_path: Path):
    lines = as_csv([child(i) for i in range(6)]).split(b"\r\n")
    lines[2] += b";;x"
    lines[4] = b";".join(lines[4].split(b";")[:2])
    counted = count_children([saved(tmp_path, b"\r\n".join(lines))])
    assert counted.account["broken"] == 1 and counted.account["not_measurements"] == 1
    assert counted.villages["children"].sum() == 4
    lost, *rows = counted.problems
    assert lost.code == "children_many_lost" and (lost.params["count"], lost.params["rows"]) == (2, 6)
    assert {p.code: p.params["numbers"] for p in rows} == {
        "children_rows_broken": "3", "children_not_measurements": "5",
    }  # fmt: skip


def test_a_quote_that_swallows_rows_is_found(tmp_path: Path):
    raw = as_csv([child(i) for i in range(30)])
    lines = raw.split(b"\r\n")
    lines[3] = lines[3].replace(b"MELATI", b'"MELATI')
    never_closed = b"\r\n".join(lines)
    lines[20] = lines[20].replace(b"MELATI", b'MELATI"')
    for content in (never_closed, b"\r\n".join(lines)):
        with pytest.raises(DataError) as caught:
            count_children([saved(tmp_path, content)])
        assert [(p.code, p.where.row) for p in caught.value.problems] == [("quote_open", 4)]


# Privacy


def shifted(cells: Sequence[str], at: int, shift: int) -> list[str]:
    """Cells from `at` on moved to the right by stray ones, or to the left over what is lost."""
    return [*cells[:at], *["x"] * shift, *cells[at + max(-shift, 0) :]]


def planted() -> Iterator[tuple[str, bytes]]:
    """Files with a recognisable child among others, whole and with every kind of fault."""
    others = [child(i) for i in range(60)]
    marked = child(61) | SECRET
    yield "whole.csv", as_csv([*others, marked])
    yield "whole.xlsx", workbook([*others, marked], typed=False)
    yield "alone.csv", as_csv([marked])
    for column in HEADINGS:
        if column != "Desa/Kel":
            yield f"in {column.replace('/', ' ')}.csv", as_csv([*others, marked | {column: "ZQXVSEL RAHASIA"}])
    elsewhere = [marked | {column: SECRET["NIK"]} for column in HEADINGS if column != "Desa/Kel"]
    yield "nik everywhere.csv", as_csv([*others, *elsewhere])
    for column in ("Nama", "NIK", "Nama Ortu", "Tgl Lahir"):
        yield f"{column} as village.csv", as_csv([*others, marked | {"Desa/Kel": SECRET[column]}])
    cells = list(marked.values())
    for shift in (1, 5, -1, -5):
        moved = [shifted(cells, at, shift) for at in range(len(cells))]
        fitted = [[*row, *[""] * len(cells)][: len(cells)] for row in moved]
        for kind, rows in (("shifted", moved), ("shifted and fitted", fitted)):
            lines = [";".join(row).encode() + b"\r\n" for row in rows]
            yield f"{kind} {shift}.csv", as_csv(others) + b"".join(lines)
            yield f"{kind} {shift} once.csv", as_csv(others) + lines[8]
    # An address in the village's place, all else where it belongs.
    parent = [*cells[:7], *"xxxxx", cells[7], *cells[13:]]
    address = [*cells[:8], *cells[12:17], *"xxxx", *cells[17:]]
    for row in (parent, address):
        yield f"shifted among places {row[12]}.csv", as_csv(others) + ";".join(row).encode() + b"\r\n"
    quoted = as_csv([*others[:30], marked, *others[30:]])
    yield "open quote.csv", quoted.replace(b"ZQXVANAK", b'"ZQXVANAK')
    yield "no header.csv", b"\r\n".join(as_csv([marked] * 3).split(b"\r\n")[1:])
    yield "secret header.csv", as_csv(renamed([*others, marked], {"No": "ZQXVJUDUL RAHASIA", "Tinggi": "ZQXVT"}))
    yield "twice.csv", as_csv([*others, marked, marked | {"Tinggi": "70,1"}, marked | {"Tgl Lahir": "18/08/2023"}])
    elsewhere = [marked | {"Desa/Kel": "ZQXV RT 1", "Tinggi": "ZQXV"}] * 2
    yield "sheets.xlsx", sheets({"ZQXVLEMBAR": others, SECRET["Nama"]: elsewhere, "ZQXV": [{"Nama": "ZQXV", "x": "1"}]})
    yield "one nik.csv", as_csv([r | {"NIK": SECRET["NIK"], "Nama": f"ZQXV {r['Nama']}"} for r in others])
    yield "cut.xlsx", workbook([*others, marked])[:-400]
    yield "bytes.csv", as_csv([*others, marked]) + b"\xff\xfe\x00ZQXV;\x00"


PLANTED = list(planted())


def private(folder: Path, content: bytes, name: str, capsys, monkeypatch, *options: str) -> int:
    """Runs the command where every place it could write to is watched, and asserts that no trace is left."""
    kept, watched = folder / "in", folder / "watched"
    kept.mkdir()
    (watched / "tmp").mkdir(parents=True)
    suffix = Path(name).suffix
    for variable in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(variable, str(watched / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.chdir(watched)
    code = entry(["children", str(saved(kept, content, f"balita{suffix}")), "-o", "out/counts.csv", *options])
    said = capsys.readouterr()
    assert not traces(watched, said.out, said.err), name
    return code


@pytest.mark.parametrize("name_content", PLANTED, ids=lambda p: p[0])
def test_no_identity_is_written_or_said(name_content, tmp_path: Path, capsys, monkeypatch):
    name, content = name_content
    assert private(tmp_path, content, name, capsys, monkeypatch) in (0, 3)


@pytest.mark.parametrize("lang", ["id", "en"])
def test_nor_in_json_or_a_window_or_another_language(lang, tmp_path: Path, capsys, monkeypatch):
    content = as_csv([*map(child, range(60)), child(61) | SECRET | {"Tinggi": "ZQXV", "JK": "RAHASIA"}])
    options = ["--json", "--lang", lang, "--from", "01/01/2025", "--to", "31/12/2025"]
    assert private(tmp_path, content, "a.csv", capsys, monkeypatch, *options) == 0


@pytest.mark.parametrize("debug", ["", "1"])
@pytest.mark.parametrize("fault", [ValueError, RuntimeError, MemoryError, pa.ArrowInvalid, KeyError])
def test_nor_in_a_fault_of_our_own(fault, debug, tmp_path: Path, capsys, monkeypatch):
    def fails(*_: object) -> None:
        raise fault("ZQXVANAK RAHASIA 1699887766554433")

    monkeypatch.setattr("lokus.sources.records._ages", fails)
    monkeypatch.setenv("LOKUS_DEBUG", debug)
    assert private(tmp_path, as_csv([child(1) | SECRET]), "a.csv", capsys, monkeypatch) == 1
    capsys.readouterr()


def test_nor_in_what_python_shows_of_a_record(tmp_path: Path):
    from lokus.sources.byname import read_by_name
    from lokus.sources.records import records_of

    source = read_by_name(saved(tmp_path, as_csv([child(1) | SECRET] * 3)))[0]
    assert not traces(tmp_path / "none", repr(source), str(source), repr(records_of(source)))
    counted = count_children([saved(tmp_path, as_csv([child(1) | SECRET, child(2)]))])
    assert not traces(tmp_path / "none", repr(counted))


def test_the_output_is_never_an_input(tmp_path: Path, capsys):
    file = saved(tmp_path, as_csv(ROWS))
    before = file.read_bytes()
    assert entry(["children", str(file), "-o", str(file)]) == 2
    assert file.read_bytes() == before
    assert "by name.csv" in capsys.readouterr().err


def test_the_scores_lie_beside_the_counts(tmp_path: Path, capsys):
    assert entry(["children", str(saved(tmp_path, as_csv(ROWS))), "-o", str(tmp_path / "c.csv"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    kept = json.loads((tmp_path / "c_quality.json").read_text("utf-8"))
    assert {k: told[k] for k in ("account", "agreement", "quality")} == {k: kept[k] for k in kept if k != "lokus"}
    assert entry(["children", "x.csv", "-o", "c.csv", "--from", "kemarin"]) == 2


def test_no_heading_means_two_things():
    from lokus.sources.childheadings import folded

    listed = [(folded(a), field) for field, known in catalogue()["columns"].items() for a in known]
    assert len({a for a, _ in listed}) == len(set(listed))
