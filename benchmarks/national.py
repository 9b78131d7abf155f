"""The country's 83,000 villages: matched by name alone, then the whole pipeline with generated indicators: seconds of
each step and peak memory.

python benchmarks/national.py ../shared/data/boundaries/national_simplified.parquet
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from lokus import intake, pipeline, runs
from lokus.study import Study, make_study
from lokus.villages.codes import kabupaten_of, kecamatan_of
from lokus.villages.matching import match

SERVICES = ("asi_eks", "idl", "air_minum", "sanitasi")


def generated(codes: pd.Series, names: pd.Series) -> pd.DataFrame:
    """Counts of a made-up measurement: a rate that varies by kabupaten and village, and four coverages."""
    rng = np.random.default_rng(1)
    n = rng.negative_binomial(2, 0.03, len(codes)) + 1
    kabupaten = codes.str[:5].factorize()[0]
    level = rng.beta(4, 16, kabupaten.max() + 1)[kabupaten]
    table = pd.DataFrame({"KODE": codes, "DESA": names, "DIUKUR": n})
    table["STUNTING"] = rng.binomial(n, rng.beta(20 * level, 20 * (1 - level)))
    for service in SERVICES:
        group = rng.poisson(n) + 1
        table[f"{service} S"], table[f"{service} D"] = group, rng.binomial(group, rng.beta(6, 3, len(codes)))
    return table


def by_name(boundaries: Path) -> None:
    """Matches every village of the country by its names alone, in capitals, a letter of one in twenty slipped."""
    said = pq.read_table(boundaries, columns=["kode", "desa", "kecamatan", "kabupaten"]).to_pandas()
    said = (
        said.drop_duplicates("kode").set_index("kode").rename_axis("village_code").rename(columns={"desa": "village"})
    )
    codes = said.index.to_series()
    villages = said.assign(kecamatan_code=kecamatan_of(codes), kabupaten_code=kabupaten_of(codes)).sort_index()
    places = villages[["village", "kecamatan", "kabupaten"]].apply(lambda c: c.str.upper()).reset_index(drop=True)
    slipped = np.random.default_rng(1).random(len(places)) < 0.05
    doubled = places["village"].str.replace(r"(?<=..)([A-Z])", r"\1\1", n=1, regex=True)
    places["village"] = places["village"].where(~slipped, doubled)
    places[["code", "last4"]] = ""
    start, busy = time.perf_counter(), time.process_time()
    found = match(places, villages, code_system=None, village_system="kemendagri")
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    right = found["village_code"].eq(pd.Series(villages.index)) & found["status"].eq("matched")
    wrong = found["status"].eq("matched") & ~right
    print(f"matched by name   {seconds:7.1f} s  (CPU {busy:.1f} s)  {len(places):,} rows", end="")
    print(f", {right.mean():.1%} right, {wrong.sum()} wrong")


def made_study(boundaries: Path, folder: Path, draws: int, count: int, title: str) -> Study:
    """A study over the villages of a file, with a generated table beside it in `folder`."""
    attributes = pq.read_table(boundaries, columns=["kode", "desa"]).to_pandas().drop_duplicates("kode")
    generated(attributes["kode"], attributes["desa"]).to_csv(folder / "table.csv", index=False)
    place = {"code": "KODE", "village": "DESA"}
    return make_study(
        {
            "outside_paths": True,
            "study": {"title": title, "year": 2026},
            "boundaries": {"path": str(boundaries.resolve()), "code_system": "kemendagri"},
            "table": [{"id": "t", "path": "table.csv", "code_system": "kemendagri", "place": place}],
            "indicator": [
                {"id": "stunting", "table": "t", "numerator": "STUNTING", "denominator": "DIUKUR", "weight": 2},
                {"id": "stunting_count", "of": "stunting"},
                *({"id": s, "table": "t", "numerator": f"{s} D", "denominator": f"{s} S"} for s in SERVICES),
            ],
            "selection": {"count": count, "max_per_kecamatan": 3},
            "uncertainty": {"draws": draws},
        },
        folder,
    )


def main(boundaries: Path, draws: int = 1000) -> None:
    """Builds the study in a temporary folder, runs it and prints what it took."""
    with tempfile.TemporaryDirectory() as folder:
        study = made_study(boundaries, Path(folder), draws, 5000, "Indonesia")
        start = time.perf_counter()
        found = intake.read(study)
        print(f"read and joined   {time.perf_counter() - start:7.1f} s  {len(found.villages):,} villages")
        run = pipeline.run(study, found)
        for step, seconds in run.times.items():
            print(f"{step:<16}  {seconds:7.1f} s")
        written = time.perf_counter()
        runs.write(run, Path(folder) / "runs")
        print(f"written           {time.perf_counter() - written:7.1f} s")
        print(f"in all            {time.perf_counter() - start:7.1f} s")
    print(f"peak memory       {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:7.0f} MB")


if __name__ == "__main__":
    by_name(Path(sys.argv[1]))
    main(Path(sys.argv[1]), *(int(a) for a in sys.argv[2:3]))
