"""What headings mean: the field's own forms (DOMAIN 4.1, 4.2) under a stranger's table, and what must not be taken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from lokus.catalog import indicators
from lokus.catalog.headings import fits, lists, words
from lokus.proposal import Proposal, Question
from lokus.proposal.periods import named as period_named
from lokus.proposal.records import Meaning

Propose = Callable[..., Proposal]


def meanings(proposal: Proposal) -> dict[str, Meaning]:
    return {m.id: m for _, m in proposal.indicators}


def test_every_rule_names_an_indicator_of_the_catalogue() -> None:
    assert set(lists()["indicator"]) <= set(indicators())


@pytest.mark.parametrize(
    ("headers", "id_", "numerator", "denominator"),
    [
        # Kab. Batang, open data of e-PPGBM, February 2023.
        (
            ["JUMLAH_BALITA", "JUMLAH_BALITA_SANGAT_PENDEK", "JUMLAH_BALITA_PENDEK"],
            "stunting",
            ("JUMLAH_BALITA_SANGAT_PENDEK", "JUMLAH_BALITA_PENDEK"),
            ("JUMLAH_BALITA",),
        ),
        # Aksi Bangda, Data Sasaran.
        (
            ["Jumlah Keluarga", "Jumlah KRS", "Balita Diukur", "Balita Sangat Pendek", "Balita Pendek"],
            "stunting",
            ("Balita Sangat Pendek", "Balita Pendek"),
            ("Balita Diukur",),
        ),
        (
            ["Jumlah Keluarga Sasaran", "Jumlah Keluarga Berisiko Stunting", "Jumlah Stunting"],
            "krs",
            ("Jumlah Keluarga Berisiko Stunting",),
            ("Jumlah Keluarga Sasaran",),
        ),
        (["Jumlah Sasaran", "Jumlah Ditimbang"], "measured", ("Jumlah Ditimbang",), ("Jumlah Sasaran",)),
        (
            ["Sasaran Ibu Hamil", "Ibu Hamil Mendapat Tablet Tambah Darah 90"],
            "bumil_ttd90",
            ("Ibu Hamil Mendapat Tablet Tambah Darah 90",),
            ("Sasaran Ibu Hamil",),
        ),
        (["Jumlah PUS", "Unmeet Need"], "kb_unmet", ("Unmeet Need",), ("Jumlah PUS",)),
        (
            ["Jumlah Remaja Putri", "Remaja Putri minum TTD"],
            "rematri_ttd",
            ("Remaja Putri minum TTD",),
            ("Jumlah Remaja Putri",),
        ),
    ],
)
def test_headings_of_the_field_are_understood(
    named: pd.DataFrame,
    proposed: Propose,
    headers: list[str],
    id_: str,
    numerator: tuple[str, ...],
    denominator: tuple[str, ...],
) -> None:
    for header in headers:
        named[header] = 400 if header in denominator else 20
    found = meanings(proposed({"data_2024.csv": named}))[id_]
    assert (found.numerator, found.denominator) == (numerator, denominator)


def test_services_in_groups_of_merged_headers_as_percentages(
    named: pd.DataFrame, proposed: Propose, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Kecamatan", "Desa", "IBU HAMIL", None, "BALITA", None])
    sheet.append(
        [None, None, "Bumil minum TTD (%)", "Unmet Need (%)", "ASI Eksklusif (%)", "Imunisasi Dasar Lengkap (%)"]
    )
    for box in ("A1:A2", "B1:B2", "C1:D1", "E1:F1"):
        sheet.merge_cells(box)
    for n, row in enumerate(named.itertuples(index=False)):
        sheet.append([*row, 50.5 + n % 40, 5 + n % 20, 60 + n % 30, 70.2])
    book.save(tmp_path / "cakupan.xlsx")
    found = meanings(proposed({"cakupan.xlsx": tmp_path / "cakupan.xlsx"}))
    assert {i: m.percent for i, m in found.items()} == {
        "bumil_ttd90": "IBU HAMIL > Bumil minum TTD (%)",
        "kb_unmet": "IBU HAMIL > Unmet Need (%)",
        "asi_eks": "BALITA > ASI Eksklusif (%)",
        "idl": "BALITA > Imunisasi Dasar Lengkap (%)",
    }


def test_a_general_table_is_understood_by_its_name_or_kept_as_ones_own(named: pd.DataFrame, proposed: Propose) -> None:
    table = named.assign(SASARAN=50, TERLAYANI=20)
    proposal = proposed({"Cakupan TTD ibu hamil 2024.xlsx": table, "layanan baru.csv": table})
    found = meanings(proposal)
    assert found["bumil_ttd90"].doubts
    own = found["layanan_baru_cakupan"]
    assert (own.own["better"], own.own["kind"]) == ("higher", "share")
    assert own.doubts
    assert proposal.runs


def test_counts_that_exceed_their_target_group_are_no_share_of_it(named: pd.DataFrame, proposed: Propose) -> None:
    table = named.assign(Diukur=5, Pendek=50, **{"Sangat Pendek": 40}, Sasaran=60)
    assert "stunting" not in meanings(proposed({"x.csv": table}))


def test_a_share_between_0_and_1_is_not_taken_for_a_percentage(named: pd.DataFrame, proposed: Propose) -> None:
    table = named.assign(IDM=0.7, **{"Prevalensi stunting": 0.21})
    proposal = proposed({"x.csv": table})
    assert set(meanings(proposal)) == {"idm"}
    assert "share_not_percent" in {getattr(why, "code", "") for _, why in proposal.left}


def test_columns_of_several_years_are_asked_about_and_the_choice_holds(named: pd.DataFrame, proposed: Propose) -> None:
    table = named.assign(**{"IDM 2023": 0.6, "IDM 2024": 0.7})
    asked: list[Question] = []

    def second(question: Question) -> int:
        asked.append(question)
        return 1

    assert meanings(proposed({"x.csv": table}, second))["idm"].value == ("IDM 2024",)
    assert [q.choices for q in asked] == [("IDM 2023", "IDM 2024")]
    unasked = meanings(proposed({"x.csv": table}))["idm"]
    assert unasked.doubts


def test_words_and_rules() -> None:
    assert fits("pendek -sangat", words("TB/U > Pendek"))
    assert not fits("pendek -sangat", words("SANGAT_PENDEK"))
    assert words("Jml. Keluarga Beresiko Stunting") == {"jumlah", "krs"}
    assert "%" in words("Prosentase diukur")


@pytest.mark.parametrize(
    ("text", "shown", "key"),
    [
        ("Data Tanggal : 2024-01-17 07:49:21", "2024-01-17", (2024, 1)),
        ("krs_verval_2024_sem2", "2024 sem2", (2024, 12)),
        ("Periode Bulan Agustus 2025", "Agustus 2025", (2025, 8)),
        ("penimbangan_ds_2025", "2025", (2025, 12)),
        ("TRIWULAN II TAHUN 2023", "TRIWULAN II TAHUN 2023", (2023, 6)),
    ],
)
def test_periods_within_names_and_titles(text: str, shown: str, key: tuple[int, int]) -> None:
    found = period_named(text)
    assert found is not None
    assert (found.text, found.key) == (shown, key)


@pytest.mark.parametrize("text", ["Cakupan 12", "Application List", "", "Dinas Kesehatan Kab. X"])
def test_no_period_is_read_into_other_names(text: str) -> None:
    assert period_named(text) is None
