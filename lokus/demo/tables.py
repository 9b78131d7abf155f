"""The tables as the offices would hand them in, with the dirt of real ones; what is wrong on purpose is named here."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xlsxwriter

from lokus.demo.land import stream
from lokus.demo.names import KABUPATEN, PROVINCE

YEAR = 2025
WRITTEN = datetime(YEAR, 9, 1)
# e-PPGBM's own spelling of some villages: safe abbreviations, a slip, and two abbreviations that can be read two ways.
EPPGBM_NAMES = {
    ("Tanjung Layar", "Tanjung Harapan"): "Tj. Harapan",
    ("Ulu Rambai", "Tebing Jelutung"): "Tebing Jelutong",
    ("Muara Rambai", "Muara Lontar"): "Muara  Lontar",
    ("Ilir Rambai", "Batu Keranji"): "Bt. Keranji",
    ("Ulu Rambai", "Padang Manggis"): "Pd. Manggis",
}
SERVICE_NAMES = {
    ("Talang Seberang", "Suka Maju"): "Sukamaju",
    ("Padang Lestari", "Trans Sumber Rejo"): "UPT Sumber Rejo",
}
NEW_VILLAGE, NEW_IN = "Serindit Jaya", "Gunung Serindit"
SILENT = ("Talang Seberang", "Rimba Menjangan")
SECOND_PUSKESMAS = {"Lubuk Pandan": "Tebing Betung", "Ilir Rambai": "Ulak Betung"}
LAST_YEAR = 12

Cell = str | float | int | None
Merge = tuple[int, int, int, int]


def write_all(folder: Path, villages: pd.DataFrame, counts: pd.DataFrame, seats: pd.DataFrame) -> None:
    """Every table of the study into `folder`; `villages` and `counts` have the new village and lack the silent one."""
    rows = villages.join(counts)
    rows["puskesmas"] = _puskesmas(rows)
    status_gizi(folder / "status_gizi.xlsx", rows)
    cakupan_layanan(folder / "cakupan_layanan.xlsx", rows)
    krs(folder / "krs.csv", rows)
    lokus_tahun_lalu(folder / "lokus_tahun_lalu.csv", rows)
    puskesmas(folder / "puskesmas.csv", seats)


def write_past(folder: Path, villages: pd.DataFrame, counts: pd.DataFrame) -> None:
    """The tables of the year before, without the village that is new; names were written in full then."""
    rows = villages.join(counts)
    rows["puskesmas"] = _puskesmas(rows)
    rows = rows[rows["village"] != NEW_VILLAGE]
    status_gizi(folder / "status_gizi.xlsx", rows, YEAR - 1)
    cakupan_layanan(folder / "cakupan_layanan.xlsx", rows, YEAR - 1)
    krs(folder / "krs.csv", rows, YEAR - 1)


def _puskesmas(rows: pd.DataFrame) -> pd.Series:
    """The puskesmas of each village: its kecamatan's, or the second one for the later half of the two largest."""
    place = rows.groupby("kecamatan_name").cumcount()
    half = rows.groupby("kecamatan_name")["code"].transform("size") / 2
    return rows["kecamatan_name"].where(place < half, rows["kecamatan_name"].replace(SECOND_PUSKESMAS))


def spelled(rows: pd.DataFrame, known: dict[tuple[str, str], str]) -> list[str]:
    """The villages' names as one office spells them."""
    return [known.get((k, v), v) for k, v in zip(rows["kecamatan_name"], rows["village"], strict=True)]


EPPGBM_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Sasaran", ("children",)),
    ("BB/U", ("bbu0", "bbu1", "bbu_rest0", "bbu_rest1")),
    ("Ditimbang", ("weighed",)),
    ("% Ditimbang", ("weighed%",)),
    ("TB/U", ("tbu0", "tbu1", "tbu_rest0", "tbu_rest1")),
    ("Diukur", ("measured",)),
    ("% Diukur", ("measured%",)),
    ("BB/TB", ("bbtb0", "bbtb1", "bbtb_rest0", "bbtb_rest1", "bbtb_rest2", "bbtb_rest3")),
    ("Stunting", ("stunted",)),
    ("% Stunting", ("stunted%",)),
    ("Wasting", ("wasted",)),
    ("Underweight", ("underweight",)),
)
EPPGBM_PARTS = {
    "BB/U": ("Sangat Kurang", "Kurang", "Berat Badan Normal", "Risiko Lebih"),
    "TB/U": ("Sangat Pendek", "Pendek", "Normal", "Tinggi"),
    "BB/TB": ("Gizi Buruk", "Gizi Kurang", "Normal", "Risiko Gizi Lebih", "Gizi Lebih", "Obesitas"),
}


def status_gizi(path: Path, rows: pd.DataFrame, year: int = YEAR) -> None:
    """Nutrition status of every village as e-PPGBM hands it out: merged groups, no codes, totals' label under No."""
    keys = [key for _, members in EPPGBM_GROUPS for key in members]
    grid: list[list[Cell]] = [[f"Data Tanggal : {year}-08-31 16:20:11"], [], []]
    merges: list[Merge] = [(0, 0, 0, 3 + len(keys))]
    for at, label in enumerate(("No", "Kecamatan", "Puskesmas", "Desa/Kelurahan")):
        grid[1].append(label)
        grid[2].append(None)
        merges.append((1, at, 2, at))
    for label, members in EPPGBM_GROUPS:
        at, parts = len(grid[1]), EPPGBM_PARTS.get(label, (None,))
        grid[1] += [label, *[None] * (len(members) - 1)]
        grid[2] += parts
        merges.append((1, at, 1, at + len(members) - 1) if len(members) > 1 else (1, at, 2, at))
    names = spelled(rows, EPPGBM_NAMES if year == YEAR else {})
    for number, (name, (_, row)) in enumerate(zip(names, rows.iterrows(), strict=True), start=1):
        if row["village"] == "Ulu Rambai":
            grid.append([])
        # Every 17th target was typed in again by hand and is now text.
        numbers = [str(c) if key == "children" and number % 17 == 0 else c for key, c in _numbers(row, keys)]
        grid.append([str(number), row["kecamatan_name"].upper(), row["puskesmas"].upper(), name.upper(), *numbers])
    merges += [block for column in (1, 2) for block in _blocks(grid, column, first=3)]
    grid.append([])
    merges.append((len(grid), 0, len(grid), 3))
    grid.append([f"Kab. {KABUPATEN}", None, None, None, *[c for _, c in _numbers(rows[_plain(keys)].sum(), keys)]])
    grid += _signature("Kepala Dinas Kesehatan", year, column=len(keys) - 2)
    _workbook(path, "Application List", grid, merges, year)


def _plain(keys: Iterable[str]) -> list[str]:
    return [key for key in keys if not key.endswith("%")]


def _numbers(row: pd.Series, keys: Sequence[str]) -> list[tuple[str, Cell]]:
    per = {"weighed%": "children", "measured%": "children", "stunted%": "measured"}
    return [(k, 100 * row[k[:-1]] / row[per[k]] if k in per else int(row[k])) for k in keys]


def _blocks(grid: list[list[Cell]], column: int, first: int) -> list[Merge]:
    """Runs of equal neighbours in a column are one merged cell: only the first keeps its text."""
    blocks, start = [], first
    for at in range(first, len(grid) + 1):
        here = grid[at][column] if at < len(grid) and grid[at] else None
        if at > start and (here is None or here != grid[start][column]):
            if at - start > 1:
                blocks.append((start, column, at - 1, column))
            start = at
        if here is None:
            start = at + 1
    return blocks


SERVICE_GROUPS = (
    ("IBU HAMIL", (("Sasaran ibu hamil", "ttd_target"), ("Minum TTD ≥ 90 tablet", "ttd_served"),
                   ("Sasaran bumil KEK", "kek_target"), ("Bumil KEK dapat tambahan asupan gizi", "kek_served"))),
    ("BALITA", (("Sasaran bayi < 6 bulan", "asi_target"), ("ASI eksklusif", "asi_served"),
                ("Sasaran anak 12-23 bulan", "idl_target"), ("Imunisasi dasar lengkap", "idl_served"))),
    ("AIR MINUM DAN SANITASI", (("Jumlah rumah tangga", "water_target"), ("Akses air minum layak", "water_served"),
                                ("Akses sanitasi layak", "sanitation_served"))),
)  # fmt: skip


def cakupan_layanan(path: Path, rows: pd.DataFrame, year: int = YEAR) -> None:
    """Service coverage under two header rows; codes as bare numbers, thousands as text, "-" where there was nobody."""
    places = ("No", "Kecamatan", "Kode Desa", "Desa/Kelurahan")
    keys = [key for _, members in SERVICE_GROUPS for _, key in members]
    width = len(places) + len(keys)
    grid: list[list[Cell]] = [[f"CAKUPAN LAYANAN DESA/KELURAHAN KABUPATEN {KABUPATEN.upper()}"]]
    grid += [[f"KEADAAN SEMESTER I TAHUN {year}"], [], list(places), [None] * len(places)]
    merges: list[Merge] = [(0, 0, 0, width - 1), (1, 0, 1, width - 1), *[(3, at, 4, at) for at in range(len(places))]]
    for label, members in SERVICE_GROUPS:
        merges.append((3, len(grid[3]), 3, len(grid[3]) + len(members) - 1))
        grid[3] += [label, *[None] * (len(members) - 1)]
        grid[4] += [header for header, _ in members]
    grid.append([f"({at})" for at in range(1, width + 1)])
    names = spelled(rows, SERVICE_NAMES if year == YEAR else {})
    for number, (name, (_, row)) in enumerate(zip(names, rows.iterrows(), strict=True), start=1):
        code = int(row["code"].replace(".", ""))
        numbers = [_service_cell(key, row, by_hand=number % 3 == 0) for key in keys]
        grid.append([number, row["kecamatan_name"], code, name, *numbers])
    totals = rows[keys].sum()
    grid.append([None, None, None, "JUMLAH", *[int(totals[key]) for key in keys]])
    grid += [["Sumber: Dinas Kesehatan, Dinas PUPR"], *_signature("Kepala Bappeda", year, column=width - 4)]
    _workbook(path, "Cakupan", grid, merges, year)


def _service_cell(key: str, row: pd.Series, *, by_hand: bool) -> Cell:
    value = int(row[key])
    if key == "kek_served" and row["kek_target"] == 0:
        return "-"
    return f"{value:,}".replace(",", ".") if by_hand and value >= 1000 else value


def _signature(office: str, year: int, column: int) -> list[list[Cell]]:
    lines = (f"Bandar Kirana, 1 September {year}", "Mengetahui,", office, f"Kabupaten {KABUPATEN}")
    blank: list[list[Cell]] = [[]]
    return blank + [[*[None] * column, line] for line in (*lines, None, "(..............................)", "NIP.")]


def _workbook(path: Path, sheet: str, grid: list[list[Cell]], merges: Sequence[Merge], year: int) -> None:
    """A workbook whose bytes depend on its content alone."""
    book = xlsxwriter.Workbook(str(path))
    book.set_properties({"title": f"Contoh rekaan: Kabupaten {KABUPATEN}", "created": WRITTEN.replace(year=year)})
    page = book.add_worksheet(sheet)
    middle = book.add_format({"align": "center", "valign": "vcenter", "text_wrap": True})
    hidden = {(r, c) for top, left, low, right in merges for r in range(top, low + 1) for c in range(left, right + 1)}
    for top, left, low, right in merges:
        page.merge_range(top, left, low, right, grid[top][left], middle)
    for r, row in enumerate(grid):
        for c, value in enumerate(row):
            if value is not None and (r, c) not in hidden:
                _put(page, r, c, value)
    page.set_column(1, 3, 20)
    book.close()


def _put(page: Any, row: int, column: int, value: Cell) -> None:
    write: Callable[..., Any] = page.write_string if isinstance(value, str) else page.write_number
    write(row, column, value)


def _csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]], *, separator: str, encoding: str) -> None:
    text = io.StringIO()
    lines = csv.writer(text, delimiter=separator, lineterminator="\r\n")
    lines.writerow(header)
    lines.writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))


KRS_COLUMNS = {
    "JUMLAH KELUARGA": "families", "JUMLAH KELUARGA SASARAN": "families_target", "JUMLAH KRS": "families_risk",
    "PUNYA BALITA": "young_children", "SUMBER AIR MINUM TIDAK LAYAK": "unsafe_water",
    "JAMBAN TIDAK LAYAK": "unfit_latrine",
}  # fmt: skip


def krs(path: Path, rows: pd.DataFrame, year: int = YEAR) -> None:
    """Families at risk as the family-planning office hands them out: `;`, cp1252, the last four digits of codes."""
    header = ["", "PROVINSI", "KABUPATEN", "KECAMATAN", "KODE", "KELURAHAN", *KRS_COLUMNS, "PERIODE"]
    places = [PROVINCE.upper(), KABUPATEN.upper()]
    lines = [
        [number, *places, row["kecamatan_name"].upper(), row["code"][-4:], row["village"].upper().replace("'", "’"),
         *[int(row[key]) for key in KRS_COLUMNS.values()], f"Sem 1 {year}"]
        for number, (_, row) in enumerate(rows.iterrows())
    ]  # fmt: skip
    _csv(path, header, lines, separator=";", encoding="cp1252")


def lokus_tahun_lalu(path: Path, rows: pd.DataFrame) -> None:
    """Last year's chosen villages: those with most stunted children then, at most two of a kecamatan."""
    change = np.exp(0.25 * stream("last year").standard_normal(len(rows)))
    then = rows["stunted"] / rows["measured"] ** 0.75 * change
    order = then.drop(then.index[rows["village"] == NEW_VILLAGE]).sort_values(ascending=False, kind="stable").index
    listed = rows.loc[order]
    chosen = listed[listed.groupby("kecamatan_name").cumcount() < 2].head(LAST_YEAR).sort_values("code")
    places = chosen[["kecamatan_name", "village"]].to_numpy()
    lines = [[number, *place, YEAR] for number, place in enumerate(places, start=1)]
    _csv(path, ["No", "Kecamatan", "Desa/Kelurahan", "Tahun"], lines, separator=",", encoding="utf-8-sig")


def puskesmas(path: Path, seats: pd.DataFrame) -> None:
    """The twenty puskesmas and where they stand."""
    header = ["PROVINSI", "KABUPATEN", "KECAMATAN", "DESA_KELURAHAN", "PUSKESMAS", "LATITUDE", "LONGITUDE"]
    lines = [
        [PROVINCE.upper(), KABUPATEN.upper(), row["kecamatan_name"].upper(), row["village"].upper(),
         f"PUSKESMAS {row['puskesmas'].upper()}", f"{row['latitude']:.6f}", f"{row['longitude']:.6f}"]
        for _, row in seats.iterrows()
    ]  # fmt: skip
    _csv(path, header, lines, separator=",", encoding="utf-8")
