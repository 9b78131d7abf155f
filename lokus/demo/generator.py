"""Makes the fictional Kabupaten Teluk Kirana; the same seed gives the same files.

`python -m lokus.demo.generator ROOT` writes them under ROOT where a checkout keeps them, but for the two
`lokus.toml`, which are written by hand.
"""

from __future__ import annotations

import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from lokus.demo import borders, coverage, land, names, people, rasters, tables
from lokus.villages import crosswalk

BOUNDARIES, DATA = Path("boundaries", "demo"), Path("lokus", "demo", "data")
PAST = DATA / "tahun_lalu"
SHAPEFILE = "teluk_kirana.shp"
FICTION = "Wilayah rekaan untuk peragaan lokus; bukan wilayah yang ada"


def generate(root: Path) -> None:
    """Writes the shapefile, the tables, the crosswalk and the rasters under `root`."""
    ground = land.grow()
    label, drawn = borders.draw(ground)
    villages = names.name(drawn)
    shapes = gpd.GeoSeries(coverage.polygons(ground, label)[villages.index], villages["code"], crs="EPSG:4326")
    (root / BOUNDARIES).mkdir(parents=True, exist_ok=True)
    (root / PAST).mkdir(parents=True, exist_ok=True)
    write_boundaries(root / BOUNDARIES / SHAPEFILE, villages, shapes)
    listed = known_to_offices(villages)
    counts = people.count(listed)
    tables.write_all(root / DATA, listed, counts, seats(listed, shapes))
    tables.write_past(root / PAST, listed, people.count(listed, ago=1))
    write_crosswalk(root / DATA / "crosswalk.csv", villages)
    children = counts["children"].set_axis(listed["code"])
    rasters.write(root / DATA, ground, villages, shapes, children)


def known_to_offices(villages: pd.DataFrame) -> pd.DataFrame:
    """The villages of the tables: one split off this year has no polygon yet, one has sent nothing at all."""
    home = villages[villages["kecamatan_name"] == tables.NEW_IN]
    code = names.newest_code(villages, tables.NEW_IN)
    new = home.iloc[[-1]].assign(village=tables.NEW_VILLAGE, code=code, seat=False)
    silent = (villages["kecamatan_name"] == tables.SILENT[0]) & (villages["village"] == tables.SILENT[1])
    return pd.concat([villages[~silent], new]).sort_values("code").reset_index(drop=True)


def seats(listed: pd.DataFrame, shapes: gpd.GeoSeries) -> pd.DataFrame:
    """A puskesmas in the seat of every kecamatan, and a second one in the two largest."""
    second = listed["village"] == listed["kecamatan_name"].map(tables.SECOND_PUSKESMAS)
    at = listed[listed["seat"] | second]
    places = shapes.loc[at["code"]].representative_point()
    named = at["village"].where(second.loc[at.index], at["kecamatan_name"])
    return at.assign(puskesmas=named, longitude=places.x.to_numpy(), latitude=places.y.to_numpy())


def write_boundaries(path: Path, villages: pd.DataFrame, shapes: gpd.GeoSeries) -> None:
    """The villages as a shapefile in BIG's schema, `LUASWH` in hectares as the regulation wants it."""
    metric = shapes.to_crs("EPSG:32750")
    codes = villages["code"]
    frame = gpd.GeoDataFrame(
        {
            "NAMOBJ": villages["village"],
            "FCODE": "BA03070040",
            "REMARK": FICTION,
            "KDPPUM": names.PROVINCE_CODE,
            "KDPKAB": names.KABUPATEN_CODE,
            "KDCPUM": codes.str[:8],
            "KDEPUM": codes,
            "WADMKD": villages["village"],
            "WADMKC": villages["kecamatan_name"],
            "WADMKK": f"Kabupaten {names.KABUPATEN}",
            "WADMPR": names.PROVINCE,
            "TIPADM": np.where(villages["kelurahan"], 2, 1),
            "LUASWH": np.round(metric.area.to_numpy() / 10_000, 2),
            "SHAPE_Leng": np.round(shapely.length(shapes.to_numpy()), 6),
            "SHAPE_Area": np.round(shapely.area(shapes.to_numpy()), 8),
        },
        geometry=shapes.to_numpy(),
        crs=shapes.crs,
    )
    day = f"{tables.WRITTEN:%Y-%m-%d}"
    options = {"ENCODING": "UTF-8", "RESIZE": "YES", "DBF_DATE_LAST_UPDATE": day}
    pyogrio.write_dataframe(frame, path, driver="ESRI Shapefile", layer_options=options)


def write_crosswalk(path: Path, villages: pd.DataFrame) -> None:
    """One question answered, so that people see how it is done; the other is left to them."""
    kecamatan, village = "Ilir Rambai", "Batu Keranji"
    code = villages.set_index(["kecamatan_name", "village"])["code"].loc[kecamatan, village]
    line = {
        "table": "status_gizi",
        "kecamatan": kecamatan.upper(),
        "village": tables.EPPGBM_NAMES[kecamatan, village].upper(),
        "village_code": code,
        "note": "Bt. = Batu, dipastikan bidan desa",
    }
    frame = pd.DataFrame([line], columns=list(crosswalk.COLUMNS), dtype="str").fillna("")
    crosswalk.write(path, frame)


if __name__ == "__main__":
    generate(Path(sys.argv[1]))
