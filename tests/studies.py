"""Studies on the real files, read where they lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from lokus.study import Study, make_study

INDICATORS: list[dict[str, Any]] = [
    {
        "id": "stunting",
        "table": "eppgbm",
        "numerator": ["TB/U > Sangat Pendek", "TB/U > Pendek"],
        "denominator": "Diukur",
        "weight": 2,
    },
    {"id": "stunting_count", "of": "stunting", "weight": 1},
    {"id": "measured", "table": "eppgbm", "numerator": "Diukur", "denominator": "Sasaran", "score": False},
    {"id": "krs", "table": "krs", "numerator": "JUMLAH KRS", "denominator": "JUMLAH KELUARGA SASARAN"},
    {
        "id": "air_tidak_layak",
        "table": "krs",
        "numerator": "SUMBER AIR MINUM TIDAK LAYAK",
        "denominator": "JUMLAH KELUARGA SASARAN",
    },
    {
        "id": "jamban_tidak_layak",
        "table": "krs",
        "numerator": "JAMBAN TIDAK LAYAK",
        "denominator": "JUMLAH KELUARGA SASARAN",
    },
]


def changed(study: Study, **sections: Any) -> Study:
    """A study with other values, by section__key."""
    raw = study.resolved()
    for path, value in sections.items():
        section, key = path.split("__")
        raw[section][key] = value
    return make_study(raw, study.folder)


def pasangkayu(shared: Path, **sections: Any) -> Study:
    """e-PPGBM as downloaded + KRS semester 2 of 2024 + the boundary shapefile: 10 villages."""
    raw = {
        "study": {"title": "Desa lokus stunting Pasangkayu 2025", "year": 2025, "kabupaten": "76.01", "seed": 20240117},
        "boundaries": {"path": "boundaries/pasangkayu/pasangkayu.shp", "code_system": "kemendagri"},
        "table": [
            {
                "id": "eppgbm",
                "path": "indicators/pasangkayu/eppgbm_status_gizi_2024-01-17.xlsx",
                "period": "2024-01-17",
                "place": {"village": "Desa/Kelurahan"},
            },
            {
                "id": "krs",
                "path": "indicators/pasangkayu/krs_verval_2024_sem2.csv",
                "period": "2024 semester 2",
                "code_system": "kemendagri",
                "place": {"kecamatan": "KECAMATAN", "village": "KELURAHAN", "last4": "KODE"},
            },
        ],
        "indicator": INDICATORS,
        "selection": {"count": 10, "max_per_kecamatan": 3},
        "uncertainty": {"draws": 2000},
    }
    return make_study({**raw, **sections}, shared)


def idm(shared: Path, name: str, kabupaten: str, count: int, **sections: Any) -> Study:
    """A study without a prevalence table: Indeks Desa Membangun 2024 alone, on a kabupaten of province 16 or 17."""
    parts = (("iks", "Ketahanan sosial"), ("ike", "Ketahanan ekonomi"), ("ikl", "Ketahanan ekologi"))
    raw = {
        "study": {"title": f"Kesenjangan {name}", "year": 2025, "kabupaten": kabupaten},
        "boundaries": {"path": f"boundaries/{name}/{name}.shp", "code_system": "kemendagri"},
        "table": [
            {
                "id": "idm",
                "path": f"indicators/idm2024_province_{kabupaten[:2]}.csv",
                "period": "2024",
                "code_system": "kemendagri",
                "place": {"code": "kode10", "village": "desa", "kecamatan": "kecamatan"},
            }
        ],
        "indicator": [
            {"id": i, "label_id": label, "kind": "value", "better": "higher", "table": "idm", "value": i}
            for i, label in parts
        ],
        "selection": {"count": count},
        "uncertainty": {"draws": 500},
    }
    return make_study({**raw, **sections}, shared)


def real_villages(shared: Path, name: str) -> tuple[pd.DataFrame, gpd.GeoSeries]:
    """The villages of a shapefile in BIG's schema and their polygons, by code."""
    layer = gpd.read_file(next((shared / "boundaries" / name).glob("*.shp"))).to_crs(4326)
    layer = layer[layer["KDEPUM"].notna()].drop_duplicates("KDEPUM").set_index("KDEPUM").sort_index()
    layer.index = pd.Index(layer.index.astype("str"), name="village_code")
    places = pd.DataFrame(
        {"village": layer["WADMKD"].astype("str"), "kecamatan_code": layer.index.str[:8],
         "kecamatan": layer["WADMKC"].astype("str")}
    )  # fmt: skip
    return places, layer.geometry
