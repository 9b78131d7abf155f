"""Laws of village codes: what is repaired is the same code, what lost a digit is none, systems never mix."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lokus.villages import codes

KEMENDAGRI = st.tuples(st.integers(11, 97), st.integers(1, 99), st.integers(1, 99), st.integers(1001, 2999)).map(
    lambda p: f"{p[0]:02d}.{p[1]:02d}.{p[2]:02d}.{p[3]:04d}"
)
BPS = st.tuples(st.integers(11, 97), st.integers(1, 99), st.integers(1, 999), st.integers(1, 999)).map(
    lambda p: f"{p[0]:02d}{p[1]:02d}{p[2]:03d}{p[3]:03d}"
)


def written(code: str) -> list[object]:
    """A code as spreadsheets and exports write it."""
    digits = code.replace(".", "")
    number = int(digits)
    return [code, digits, number, float(number), f"{digits}.0", f"{digits},00", f" {digits}\u00a0", f"'{digits}",
            f"{number:.9e}", np.int64(number), np.float64(number)]  # fmt: skip


@settings(deadline=None)
@given(KEMENDAGRI)
def test_every_writing_of_a_kemendagri_code_is_that_code(code):
    parts = code.split(".")
    grouped = [separator.join(parts) for separator in (".", "-", "/", " ", ". ")]
    short = ".".join([parts[0], *(str(int(p)) for p in parts[1:])])
    assert {codes.parse(text, "kemendagri") for text in (*written(code), *grouped, short)} == {code}


@settings(deadline=None)
@given(BPS)
def test_every_writing_of_a_bps_code_is_that_code(code):
    texts = [*written(code), f"ID{code}", f"id {code}", f"{code[:2]} {code[2:4]} {code[4:7]} {code[7:]}"]
    assert {codes.parse(text, "bps") for text in texts} == {code}


@settings(deadline=None)
@given(KEMENDAGRI)
def test_a_dotted_code_is_never_a_bps_code(code):
    assert codes.parse(code, "bps") is None


@settings(deadline=None)
@given(BPS, st.integers(0, 9))
def test_a_code_that_lost_a_digit_is_no_code(code, place):
    short = code[:place] + code[place + 1 :]
    for system in codes.PARTS:
        assert codes.parse(short, system) is None
        assert codes.parse(float(short), system) is None


@pytest.mark.parametrize("system", ["kemendagri", "bps"])
@pytest.mark.parametrize(
    "cell",
    ["", "-", None, float("nan"), float("inf"), True, "1,70401E+09", "1.70401E+09", 1603012001.5, "1603012001.5",
     "0603012001", "1003012001", "9803012001", "1600012001", "1603010000", "16030120010", "Sukamaju", "१६०३०१२००१",
     pd.Timestamp(2024, 1, 1)],
)  # fmt: skip
def test_what_is_no_code_is_none(cell, system):
    assert codes.parse(cell, system) is None


@settings(deadline=None)
@given(st.text())
def test_no_text_breaks_the_parser(text):
    for system in codes.PARTS:
        code = codes.parse(text, system)
        assert code is None or codes.parse(code, system) == code


def test_unknown_system_is_misuse():
    with pytest.raises(ValueError, match="kemendagri"):
        codes.parse("1603012001", "dukcapil")


@settings(deadline=None)
@given(st.lists(st.one_of(KEMENDAGRI, st.integers(), st.floats(), st.none(), st.text(max_size=12)), max_size=8))
def test_a_column_is_parsed_as_its_cells_are(cells):
    column = pd.Series(cells, index=range(5, 5 + len(cells)), dtype=object, name="Kode")
    parsed = codes.parse_series(column, "kemendagri")
    assert parsed.dtype == "str"
    assert parsed.index.equals(column.index)
    assert [None if pd.isna(code) else code for code in parsed] == [codes.parse(c, "kemendagri") for c in cells]


@settings(deadline=None)
@given(KEMENDAGRI, BPS)
def test_areas_are_the_beginnings_of_a_code(kemendagri, bps):
    assert codes.kecamatan_of(kemendagri) == kemendagri.rpartition(".")[0]
    assert codes.kabupaten_of(codes.kecamatan_of(kemendagri)) == codes.kabupaten_of(kemendagri)
    assert [codes.province_of(bps), codes.kabupaten_of(bps), codes.kecamatan_of(bps)] == [bps[:2], bps[:4], bps[:7]]
    for part in (codes.kecamatan_of, codes.kabupaten_of, codes.province_of, codes.kind_of):
        index = pd.Index([kemendagri, bps], name="village_code")
        assert list(part(index)) == list(part(index.to_series())) == [part(kemendagri), part(bps)]


def test_the_kind_is_told_by_kemendagri_codes_alone():
    column = pd.Series(["16.03.01.1001", "16.03.01.2001", "16.03.01.0001", "1603011001", None], dtype="str")
    assert codes.kind_of(column).tolist() == ["kelurahan", "desa", "", "", ""]
    assert codes.kecamatan_of(column).isna().tolist() == [False] * 4 + [True]


def test_kota_are_numbered_from_71():
    assert [codes.is_kota(c) for c in ("16.03", "16.71", "1603", "1671")] == [False, True, False, True]


@settings(deadline=None)
@given(KEMENDAGRI, BPS, st.integers(1, 4), st.booleans())
def test_a_part_of_a_code_is_of_its_level_however_written(kemendagri, bps, parts, padded):
    """Kemendagri: PP.KK.CC.DDDD, dotless and as a number too; BPS: PPKKCCCDDD; or closed with zeros to ten digits."""
    ends = {"kemendagri": (2, 4, 6, 10), "bps": (2, 4, 7, 10)}
    for system, code in (("kemendagri", kemendagri.replace(".", "")), ("bps", bps)):
        short = code[: ends[system][parts - 1]]
        full = short.ljust(10, "0") if padded else short
        for text in (full, int(full), float(full), f" {full}"):
            assert codes.level(text, system) == codes.LEVELS[parts - 1]
    dotted = ".".join(kemendagri.split(".")[:parts])
    assert codes.level(dotted, "kemendagri") == codes.LEVELS[parts - 1]
    assert codes.level(f"ID{bps[: ends['bps'][parts - 1]]}", "bps") == codes.LEVELS[parts - 1]
