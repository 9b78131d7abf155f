"""Whatever a map comes in, the same features come out; what is damaged or unsafe is refused, and nothing is written."""

import os
import shutil
import sqlite3
import stat
import warnings
import zipfile
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lokus.errors import DataError, Where
from lokus.sources.containers import kind_of, open_layers, read_features

PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
WHERE = Where(file="batas")


@pytest.fixture(scope="module")
def villages() -> gpd.GeoDataFrame:
    codes = [f"17.04.01.20{n:02}" for n in range(1, 6)]
    shapes = [shapely.box(103 + n / 10, -5, 103.1 + n / 10, -4.9) for n in range(5)]
    return gpd.GeoDataFrame({"KDEPUM": codes, "WADMKD": list("ABCDE")}, geometry=shapes, crs=4326)


@pytest.fixture(scope="module")
def made(villages, tmp_path_factory) -> dict[str, Path]:
    """The same five villages in every container."""
    folder = tmp_path_factory.mktemp("made")
    files = {suffix: folder / f"desa.{suffix}" for suffix in ("shp", "gpkg", "geojson", "fgb", "parquet", "kml", "gdb")}
    for suffix, path in files.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if suffix == "parquet":
                villages.to_parquet(path)
            else:
                driver = {"gdb": {"driver": "OpenFileGDB"}, "kml": {"driver": "LIBKML"}}.get(suffix, {})
                villages.to_file(path, **driver)
    files["zip"], files["kmz"] = folder / "desa.zip", folder / "desa.kmz"
    zipped(files["zip"], {f"Batas Desa/{p.name}": p.read_bytes() for p in folder.glob("desa.???") if p.suffix in PARTS})
    zipped(files["kmz"], {"doc.kml": files["kml"].read_bytes()})
    return files


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def read(path: Path, work: Path):
    layers, _ = open_layers(path, work, WHERE)
    (layer,) = layers
    return read_features(layer, ["KDEPUM"], WHERE)


def refused(path: Path, work: Path) -> str:
    with pytest.raises(DataError) as raised:
        read(path, work)
    (problem,) = raised.value.problems
    assert problem.fatal
    assert problem.where == WHERE
    return problem.code


def listing(folder: Path) -> dict[Path, tuple[int, int]]:
    return {p: (p.stat().st_size, p.stat().st_mtime_ns) for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("suffix", ["shp", "gpkg", "geojson", "fgb", "parquet", "kml", "gdb", "zip", "kmz"])
def test_every_container_gives_the_same_features(made, villages, suffix, tmp_path):
    before = listing(made["shp"].parent)
    features = read(made[suffix], tmp_path)
    assert sorted(features.values["KDEPUM"]) == sorted(villages["KDEPUM"])
    shapes = dict(zip(features.values["KDEPUM"], shapely.from_wkb(features.wkb), strict=True))
    for row in villages.itertuples():
        assert shapely.force_2d(shapes[row.KDEPUM]).symmetric_difference(row.geometry).area < 1e-9
    assert features.crs
    assert listing(made["shp"].parent) == before


@pytest.fixture
def shapefile(made, tmp_path) -> Path:
    folder = tmp_path / "peta"
    folder.mkdir()
    for part in PARTS:
        shutil.copyfile(made["shp"].with_suffix(part), folder / f"desa{part}")
    return folder / "desa.shp"


@pytest.mark.parametrize("damage", ["missing", "empty", "odd length"])
def test_an_index_is_restored_in_private(shapefile, damage, tmp_path):
    index = shapefile.with_suffix(".shx")
    original = index.read_bytes()
    index.unlink()
    if damage != "missing":
        index.write_bytes({"empty": b"", "odd length": original[:103]}[damage])
    before = listing(shapefile.parent)
    assert len(read(shapefile, tmp_path / "work").wkb) == 5
    assert listing(shapefile.parent) == before
    assert next((tmp_path / "work").rglob("*.shx")).read_bytes() == original


def test_parts_are_found_whatever_the_case_of_their_names(shapefile, tmp_path):
    for part, name in zip(PARTS, ("Desa.SHP", "desa.shx", "DESA.DBF", "Desa.Prj", "desa.CPG"), strict=True):
        shapefile.with_suffix(part).rename(shapefile.with_name(name))
    features = read(shapefile.with_name("desa.shp"), tmp_path / "work")
    assert sorted(features.values["KDEPUM"])[0] == "17.04.01.2001"
    assert "4326" in features.crs or "WGS" in features.crs


@pytest.mark.parametrize(
    "name", ["batas!desa?;.gpkg", "Batas (FINAL) – revisi, Kab. é.gpkg", "kab:kaur.gpkg", "a.zip.gpkg"]
)
def test_any_file_name_is_read(made, name, tmp_path):
    if os.name == "nt" and set(name) & set(":?"):
        name = "batas!desa;.gpkg"
    shutil.copyfile(made["gpkg"], tmp_path / name)
    assert len(read(tmp_path / name, tmp_path / "work").wkb) == 5


def test_a_geopackage_in_write_ahead_mode_gets_no_neighbours(made, tmp_path):
    folder = tmp_path / "peta"
    folder.mkdir()
    path = Path(shutil.copyfile(made["gpkg"], folder / "desa.gpkg"))
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    before = listing(folder)
    assert len(read(path, tmp_path / "work").wkb) == 5
    assert listing(folder) == before


def test_a_part_or_a_folder_stands_for_the_whole(shapefile, tmp_path):
    assert len(read(shapefile.with_suffix(".dbf"), tmp_path / "a").wkb) == 5
    assert len(read(shapefile.parent, tmp_path / "b").wkb) == 5


def test_litter_and_metadata_in_a_zip_are_passed_over(made, tmp_path):
    members = {f"a/b/{p.name}": p.read_bytes() for p in made["shp"].parent.glob("desa.???") if p.suffix in PARTS}
    litter = {"__MACOSX/a/b/._desa.shp": b"x", "a/.DS_Store": b"x", "a/metadata.json": b"{}", "a/Thumbs.db": b"x"}
    assert len(read(zipped(tmp_path / "z.zip", members | litter), tmp_path / "work").wkb) == 5


def test_a_geodatabase_folder_is_known_by_its_files_in_a_zip(made, tmp_path):
    members = {f"BATAS_DESA/{p.name}": p.read_bytes() for p in made["gdb"].iterdir() if p.is_file()}
    assert len(read(zipped(tmp_path / "z.zip", members), tmp_path / "work").wkb) == 5


@pytest.mark.parametrize("name", ["../desa.shp", "a/../../desa.shp", "/etc/desa.shp", "C:/desa.shp", "..\\desa.shp"])
def test_names_that_leave_the_zip_are_refused(name, tmp_path):
    assert refused(zipped(tmp_path / "z.zip", {name: b"x"}), tmp_path / "work") == "boundary_zip_unsafe"
    assert not [p for p in tmp_path.rglob("*") if p.name == "desa.shp"]


def test_links_bombs_and_locks_are_refused(tmp_path):
    link = zipfile.ZipInfo("desa.shp")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(link, "/etc/hostname")
    assert refused(tmp_path / "link.zip", tmp_path / "a") == "boundary_zip_unsafe"
    bomb = zipped(tmp_path / "bomb.zip", {"desa.shp": bytes(40 << 20)})
    assert refused(bomb, tmp_path / "b") == "boundary_zip_too_big"


def test_the_blank_padded_table_of_a_small_shapefile_is_no_bomb(made, tmp_path):
    members = {p.name: p.read_bytes() for p in made["shp"].parent.glob("desa.???") if p.suffix in PARTS}
    padded = zipped(tmp_path / "z.zip", members | {"catatan.txt": b" " * (2 << 20)})
    assert len(read(padded, tmp_path / "work").wkb) == 5


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "boundary_is_empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "boundary_is_lfs"),
        (b"\xef\xbb\xbf  <!DOCTYPE html><html>", "boundary_is_html"),
        ('{"type": 1}'.encode("utf-16"), "boundary_is_utf16"),
        (b' [{"type": "Feature"}]', "boundary_is_json_list"),
        (b"Rar!\x1a\x07\x01", "boundary_is_archive"),
        (b"<OGRVRTDataSource><OGRVRTLayer/></OGRVRTDataSource>", "boundary_format_unknown"),
        (b"\x89PNG....", "boundary_format_unknown"),
        (b'{"type": "FeatureCollection", "features": [{"ty', "boundary_unreadable"),
        (b"PK\x03\x04 not a zip", "boundary_unreadable"),
        (b"PAR1 nor parquet", "boundary_unreadable"),
        (b"SQLite format 3\0 no", "boundary_unreadable"),
    ],
)
@pytest.mark.parametrize("suffix", [".geojson", ".shp", ".kml"])
def test_what_is_no_map_is_called_by_its_name(content, code, suffix, tmp_path):
    path = tmp_path / f"batas{suffix}"
    path.write_bytes(content)
    assert refused(path, tmp_path / "work") == code


def test_a_missing_file_is_told_with_what_lies_beside(made, tmp_path):
    with pytest.raises(DataError) as raised:
        open_layers(made["shp"].with_name("desaa.shp"), tmp_path, WHERE)
    assert raised.value.problems[0].code == "boundary_file_missing"
    assert raised.value.problems[0].params["near"].startswith("desa.shp")


def test_parts_that_do_not_belong_together_are_refused(shapefile, villages, tmp_path):
    whole = shapefile.read_bytes()
    shapefile.write_bytes(whole[:-40])
    assert refused(shapefile, tmp_path / "a") == "boundary_shapefile_cut"
    shapefile.write_bytes(whole)
    villages.iloc[:3].to_file(tmp_path / "three.shp")
    shutil.copyfile(tmp_path / "three.dbf", shapefile.with_suffix(".dbf"))
    assert refused(shapefile, tmp_path / "b") == "boundary_shapefile_uneven"
    shapefile.with_suffix(".dbf").unlink()
    assert refused(shapefile, tmp_path / "c") == "boundary_shapefile_without_table"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.data(),
    suffix=st.sampled_from(["shp", "dbf", "shx", "prj", "gpkg", "geojson", "fgb", "parquet", "kml", "zip"]),
)
def test_a_damaged_file_is_read_or_refused_and_left_alone(made, tmp_path_factory, data, suffix):
    folder, work = tmp_path_factory.mktemp("damaged"), tmp_path_factory.mktemp("work")
    part = f".{suffix}" in PARTS
    for name in PARTS if part else (f".{suffix}",):
        shutil.copyfile(made["shp"].with_suffix(name), folder / f"desa{name}")
    path = folder / f"desa.{suffix}"
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans(), label="cut"):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        for at in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=12), label="flipped"):
            content[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    before = listing(folder)
    try:
        layers, _ = open_layers(folder / "desa.shp" if part else path, work, WHERE)
        for layer in layers:
            read_features(layer, layer.fields, WHERE)
    except DataError as fault:
        assert fault.problems
    assert listing(folder) == before


def test_the_kind_is_told_by_content(made):
    kinds = {suffix: kind_of(path) for suffix, path in made.items()}
    assert kinds == {
        "shp": "shapefile", "gpkg": "gpkg", "geojson": "json", "fgb": "flatgeobuf", "parquet": "parquet", "kml": "kml",
        "gdb": "gdb", "zip": "zip", "kmz": "zip",
    }  # fmt: skip
