"""What `lokus children` writes is what `lokus init` reads: by-name lists → counts → a study → its run."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from lokus import intake
from lokus.cli import entry
from lokus.study import open_study

SHAPEFILE = ROOT / "boundaries" / "demo" / "teluk_kirana.shp"
DAY = dt.date(2025, 8, 10)


def by_name(villages: pd.DataFrame, file: Path) -> None:
    """Made-up children of every village, two to four years old and measured standing."""
    rng = np.random.default_rng(7)
    places = villages.loc[villages.index.repeat(rng.integers(5, 12, len(villages)))]
    born = [DAY - dt.timedelta(days=int(days)) for days in rng.integers(740, 1800, len(places))]
    height = [70 + 0.02 * (DAY - b).days + e for b, e in zip(born, rng.normal(0, 4, len(places)), strict=True)]
    pd.DataFrame({
        "NIK": [f"880101{n:010d}" for n in range(1, len(places) + 1)],
        "Nama": [f"ANAK {n}" for n in range(len(places))], "JK": ["LP"[n % 2] for n in range(len(places))],
        "Tgl Lahir": [b.strftime("%d/%m/%Y") for b in born], "Kab/Kota": places["kabupaten"].str.upper(),
        "Kec": places["kecamatan"].str.upper(), "Desa/Kel": places["village"].str.upper(),
        "Tanggal Pengukuran": DAY.strftime("%d/%m/%Y"), "Tinggi": [f"{h:.1f}".replace(".", ",") for h in height],
        "Cara Ukur": "Berdiri",
    }).to_csv(file, sep=";", index=False)  # fmt: skip


@pytest.mark.parametrize("targets", [False, True])
def test_counts_become_a_study_that_checks_and_runs(tmp_path: Path, villages: pd.DataFrame, targets: bool) -> None:
    by_name(villages, tmp_path / "anak.csv")
    command = ["children", str(tmp_path / "anak.csv"), "-o", str(tmp_path / "counts.csv")]
    if targets:
        target = pd.DataFrame({"Kecamatan": villages["kecamatan"], "Desa": villages["village"], "Jumlah Balita": 14})
        target.to_csv(tmp_path / "sasaran.csv", index=False)
        command += ["--target", str(tmp_path / "sasaran.csv")]
    assert entry(command) == 0
    home = tmp_path / "studi"
    tables = ["--table", str(tmp_path / "counts.csv"), "--yes"]
    assert entry(["init", str(home), "--boundaries", str(SHAPEFILE), *tables]) == 0
    study = open_study(home)
    found = {u.id: (u.numerator, u.denominator, u.score) for u in study.indicator if not u.of}
    expected = {"stunting": (("stunted",), ("measured",), True)}
    expected |= {"measured": (("measured",), ("target",), False)} if targets else {}
    assert found == expected
    # The join loses no child.
    counts = pd.read_csv(tmp_path / "counts.csv")
    joined = intake.read(study).villages
    assert joined["numerator_stunting"].sum() == counts["stunted"].sum() > 0
    assert joined["denominator_stunting"].sum() == counts["measured"].sum()
    assert entry(["check", str(home)]) == 0
    assert entry(["run", str(home)]) == 0
