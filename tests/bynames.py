"""By-name lists of made-up children, one of them easily recognised, as offices write them."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import openpyxl

from lokus.errors import DataError

HEADINGS = (
    "No", "NIK", "Nama", "JK", "Tgl Lahir", "BB Lahir", "TB Lahir", "Nama Ortu", "Prov", "Kab/Kota", "Kec", "Pukesmas",
    "Desa/Kel", "Posyandu", "RT", "RW", "Alamat", "Usia Saat Ukur", "Tanggal Pengukuran", "Berat", "Tinggi",
    "Cara Ukur", "LiLA", "BB/U", "ZS BB/U", "TB/U", "ZS TB/U", "BB/TB", "ZS BB/TB", "Naik Berat Badan",
    "PMT Diterima (kg)", "Jml Vit A", "KPSP", "KIA",
)  # fmt: skip
VILLAGES = ("Suka Maju", "Air Dingin", "Tanjung Agung")
DAY = dt.date(2025, 8, 10)
Row = dict[str, str]


def child(number: int, **cells: str) -> Row:
    """A made-up child, measured on 10/08/2025 at two years and three months, 85.5 cm standing."""
    row = dict.fromkeys(HEADINGS, "-") | {
        "No": str(number), "NIK": f"160301{number:010d}", "Nama": f"ANAK {'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[number % 26]}",
        "JK": "LP"[number % 2], "Tgl Lahir": "03/05/2023", "Nama Ortu": "ORANG TUA", "Prov": "SUMATERA SELATAN",
        "Kab/Kota": "MUARA ENIM", "Kec": "LAWANG KIDUL", "Pukesmas": "KELUARGA", "Desa/Kel": VILLAGES[number % 3],
        "Posyandu": "MELATI", "Alamat": "JL MERDEKA", "Usia Saat Ukur": "2 Tahun - 3 Bulan - 7 Hari",
        "Tanggal Pengukuran": "10/08/2025", "Berat": "10,2", "Tinggi": "85,5", "Cara Ukur": "Berdiri",
        "TB/U": "Normal", "ZS TB/U": "-1,2",
    }  # fmt: skip
    return row | {k.replace("_", " "): v for k, v in cells.items()}


def as_csv(rows: Sequence[Row], *, delimiter: str = ";", above: Sequence[str] = (), encoding: str = "utf-8") -> bytes:
    text = io.StringIO()
    out = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    for line in above:
        out.writerow([line])
    out.writerow(list(rows[0]))
    out.writerows([list(r.values()) for r in rows])
    return text.getvalue().encode(encoding)


def saved(folder: Path, content: bytes, name: str = "by name.csv") -> Path:
    file = folder / name
    file.write_bytes(content)
    return file


def codes(fault: DataError) -> set[str]:
    return {p.code for p in fault.problems}


def renamed(rows: Sequence[Row], names: dict[str, str]) -> list[Row]:
    return [{names.get(k, k): v for k, v in row.items()} for row in rows]


def workbook(rows: Sequence[Row], *, typed: bool = False, merged: bool = False) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["DAFTAR BALITA"])
    sheet.append(list(rows[0]))
    if merged:
        sheet.append([None] * len(rows[0]))
        for column, name in enumerate(rows[0], 1):
            if name.startswith("Tgl Lahir"):
                sheet.cell(3, column).value = "Tgl/Bln/Thn"
            else:
                sheet.merge_cells(start_row=2, end_row=3, start_column=column, end_column=column)
    for row in rows:
        cells: list[object] = list(row.values())
        if typed:
            for i, name in enumerate(row):
                if name in ("Tgl Lahir", "Tanggal Pengukuran"):
                    cells[i] = dt.datetime.strptime(str(cells[i]), "%d/%m/%Y")
                if name == "Tinggi" and str(cells[i])[:1].isdigit():
                    cells[i] = float(str(cells[i]).replace(",", "."))
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


SECRET = {
    "NIK": "1699887766554433", "Nama": "ZQXVANAK RAHASIA", "Tgl Lahir": "17/08/2023", "Nama Ortu": "ZQXVORTU RAHASIA",
    "Alamat": "ZQXVJALAN 9", "RT": "ZQXVRT", "RW": "ZQXVRW", "Posyandu": "ZQXVPOS", "Pukesmas": "ZQXVPKM",
    "No": "ZQXVNO", "BB Lahir": "ZQXVBB", "Usia Saat Ukur": "1 Tahun - 11 Bulan - 24 Hari",
}  # fmt: skip
TRACES = (
    "ZQXV",
    "1699887766554433",
    "16998877",
    "17/08/2023",
    "2023-08-17",
    "20230817",
    "RAHASIA",
    "45155",
    "17 Agustus",
)


def traces(folder: Path, *told: str) -> list[str]:
    files = [f for f in folder.rglob("*") if f.is_file()]
    written = [f.read_bytes().decode("utf-8", "replace") for f in files] + [f.name for f in files]
    return [t for t in TRACES for text in (*told, *written) if t in text]


def sheets(named: Mapping[str, Sequence[Row]], hidden: Sequence[str] = ()) -> bytes:
    """A workbook of several sheets, each with its headings in the second row."""
    book = openpyxl.Workbook()
    for old in book.worksheets:
        book.remove(old)
    for name, rows in named.items():
        sheet = book.create_sheet(name)
        for line in (["DAFTAR BALITA"], list(rows[0]), *(list(r.values()) for r in rows)):
            sheet.append(line)
        sheet.sheet_state = "hidden" if name in hidden else "visible"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
