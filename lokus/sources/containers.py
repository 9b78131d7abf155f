"""Opens what boundaries come in (a Shapefile with its parts, a zip, GeoPackage, GeoJSON, GeoParquet, …) without harm.

What a file is, its content tells, not its name. Nothing is ever written beside a user's file: what must be mended to
be read is mended in a private copy. GDAL is handed only formats that name no other file and no address.
"""

from __future__ import annotations

import difflib
import json
import lzma
import shutil
import stat
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely

from lokus.errors import DataError, Problem, Where

# What GDAL, pyogrio and Arrow raise over a damaged file; pyogrio trips over itself at a .prj of no known letters.
DAMAGED = (RuntimeError, ValueError, OSError, pa.ArrowException, UnboundLocalError)

Objects = npt.NDArray[np.object_]

MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"PK", "zip"),
    (b"Rar!", "archive"),
    (b"7z\xbc\xaf", "archive"),
    (b"SQLite format 3\0", "gpkg"),
    (b"\x00\x00\x27\x0a", "shapefile"),
    (b"PAR1", "parquet"),
    (b"fgb", "flatgeobuf"),
    (b"version https://git-lfs", "lfs"),
    (b"\xff\xfe", "utf16"),
    (b"\xfe\xff", "utf16"),
)
NO_DATA = ("empty", "archive", "lfs", "utf16", "html", "json_list")
DATA = (".shp", ".gpkg", ".geojson", ".parquet", ".geoparquet", ".fgb", ".kml", ".json")
SIDECARS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
MOST_BYTES = 4 << 30
# A shapefile's blank-padded table packs well, its coordinates do not: a whole zip never reaches a hundredfold.
MOST_RATIO, SMALL = 100, 10 << 20


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer that may be read: where it lies, what it is called, its kind of shapes ("" = none) and its fields."""

    path: Path
    kind: str
    name: str
    geometry: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Features:
    """The rows of a layer in file order: `wkb` (bytes or None), `values` by field, `crs` as written ("" = not given).

    `recoded`: the letters could not be read as the file declares them and were read as Windows-1252.
    """

    wkb: Objects
    values: dict[str, npt.NDArray[Any]]
    crs: str
    recoded: bool = False


def open_layers(path: Path, work: Path, where: Where) -> tuple[list[Layer], list[Problem]]:
    """The layers with shapes inside a file, zip or folder, and what was noticed; `work` is a private, empty folder.

    Errors: `DataError` when the file is missing, damaged, locked, unsafe, or of no format read here.
    """
    try:
        path = _found(path, where)
        sources = _inside(path, work, where)
    except OSError as fault:
        raise _refusal("boundary_closed", where) from fault
    layers = [layer for n, source in enumerate(sources) for layer in _layers(source, work / str(n), where)]
    problems = [Problem("boundary_download_incomplete", where=where) for s in sources if _cut_by_server(s)]
    shaped = [layer for layer in layers if layer.geometry]
    if not shaped:
        raise _refusal("boundary_without_shapes", where)
    return shaped, problems


def read_features(layer: Layer, fields: Sequence[str], where: Where) -> Features:
    """All rows of a layer with the named fields; `DataError` when the file breaks off while it is read."""
    try:
        if layer.kind == "parquet":
            return _parquet(layer.path, fields)
        return _ogr(layer, fields)
    except DAMAGED as fault:
        raise _refusal("boundary_unreadable", where) from fault


def kind_of(path: Path) -> str:
    """What a file is by its first bytes: a format read here, or the name of what it is instead ("unknown" at last)."""
    if path.is_dir():
        return "gdb" if any(path.glob("a0000000*.gdbtable")) else "folder"
    with path.open("rb") as file:
        head = file.read(4096)
    if not head:
        return "empty"
    for magic, kind in MAGIC:
        if head.startswith(magic):
            return kind
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html")):
        return "html"
    if b"<kml" in text:
        return "kml"
    return {b"{": "json", b"[": "json_list"}.get(text[:1], "unknown")


def _refusal(code: str, where: Where, **params: Any) -> DataError:
    return DataError([Problem(code, fatal=True, where=where, params=params)])


def _found(path: Path, where: Where) -> Path:
    """The file meant: the case of its name does not matter, and any part of a Shapefile stands for the whole."""
    if not path.exists():
        beside = sorted(path.parent.iterdir()) if path.parent.is_dir() else []
        same = [p for p in beside if p.name.casefold() == path.name.casefold()]
        if not same:
            near = [p.name for p in beside if p.suffix.lower() in (*DATA, ".zip", ".gdb", ".kmz")]
            near = difflib.get_close_matches(path.name, near, n=6, cutoff=0)
            raise _refusal("boundary_file_missing", where, near=", ".join(near) or "–")
        path = same[0]
    if path.suffix.lower() in SIDECARS[1:]:
        return _parts(path).get(".shp", path)
    return path


def _inside(path: Path, work: Path, where: Where) -> list[Path]:
    """The data files a path stands for: itself, or those in a zip or folder."""
    kind = kind_of(path)
    if kind not in ("zip", "folder"):
        return [path]
    folder = path if kind == "folder" else _unzipped(path, work / "zip", where)
    files = [p for p in sorted(folder.rglob("*")) if not _litter(p.relative_to(folder).parts)]
    bases = {p.parent for p in files if p.suffix.lower() == ".gdbtable"}
    found = [p for p in files if p.is_file() and p.suffix.lower() in DATA and not bases & set(p.parents)]
    # A zip of shapes often carries a .json of metadata: it counts only where nothing else is there.
    found = sorted(bases) + ([p for p in found if p.suffix.lower() != ".json"] or found)
    if not found:
        raise _refusal("boundary_nothing_inside", where, inside=", ".join(p.name for p in files[:6]) or "–")
    return found


def _litter(parts: Iterable[str]) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in parts)


def _unzipped(path: Path, into: Path, where: Where) -> Path:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not m.is_dir()]
            _check_members(members, path.stat().st_size, where)
            into.mkdir(parents=True)
            for member in members:
                if not _litter(PurePosixPath(member.filename).parts):
                    archive.extract(member, into)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, *DAMAGED) as fault:
        raise _refusal("boundary_unreadable", where) from fault
    for base in {p.parent for p in into.rglob("*.gdbtable")}:
        if base.suffix.lower() != ".gdb" and base != into:
            base.rename(base.with_name(base.name + ".gdb"))
    return into


def _check_members(members: Sequence[zipfile.ZipInfo], packed: int, where: Where) -> None:
    for member in members:
        name = PurePosixPath(member.filename.replace("\\", "/"))
        linked = stat.S_ISLNK(member.external_attr >> 16)
        if linked or name.is_absolute() or ".." in name.parts or ":" in name.parts[0]:
            raise _refusal("boundary_zip_unsafe", where, member=member.filename)
        if member.flag_bits & 1:
            raise _refusal("boundary_zip_locked", where)
    size = sum(member.file_size for member in members)
    if size > MOST_BYTES or (size > SMALL and size > MOST_RATIO * packed):
        raise _refusal("boundary_zip_too_big", where, megabytes=size >> 20)


def _layers(path: Path, work: Path, where: Where) -> list[Layer]:
    kind = kind_of(path)
    if kind not in READERS:
        raise _refusal(f"boundary_is_{kind}" if kind in NO_DATA else "boundary_format_unknown", where)
    try:
        return READERS[kind](path, work, where)
    except DAMAGED as fault:
        raise _refusal("boundary_unreadable", where) from fault


def _ogr_layers(path: Path, work: Path, _where: Where) -> list[Layer]:
    kind = kind_of(path)
    # GDAL's paths give these letters a meaning, and a GeoPackage in write-ahead mode makes files beside itself.
    if any(letter in str(path) for letter in "!;?") or (kind == "gpkg" and _write_ahead(path)):
        path = _copied([path, path.with_name(path.name + "-wal")], work)
    return _listed(path, kind)


def _listed(path: Path, kind: str) -> list[Layer]:
    with warnings.catch_warnings():
        # GDAL remarks on ring order and the like, which is looked at later, row by row.
        warnings.simplefilter("ignore")
        names = [str(name) for name, _ in pyogrio.list_layers(path)]
        infos = [pyogrio.read_info(path, layer=name) for name in names]
    return [
        Layer(path, kind, name, str(info["geometry_type"] or ""), tuple(map(str, info["fields"])))
        for name, info in zip(names, infos, strict=True)
    ]


def _write_ahead(path: Path) -> bool:
    with path.open("rb") as file:
        return 2 in file.read(20)[18:20]


def _copied(files: Iterable[Path], work: Path, stem: str = "copy") -> Path:
    """A private copy of a file and its companions under plain names; the first one's path."""
    work.mkdir(parents=True)
    copies = []
    for file in files:
        if file.exists():
            copies.append(work / (stem + file.suffix.lower()))
            (shutil.copytree if file.is_dir() else shutil.copyfile)(file, copies[-1])
    return copies[0]


def _shapefile_layers(path: Path, work: Path, where: Where) -> list[Layer]:
    parts = _parts(path)
    if ".dbf" not in parts:
        raise _refusal("boundary_shapefile_without_table", where)
    indexed = ".shx" in parts and (parts[".shx"].stat().st_size - 100) % 8 == 0 and parts[".shx"].stat().st_size >= 100
    shapes = (parts[".shx"].stat().st_size - 100) // 8 if indexed else len(_shapes(path))
    _check_shapefile(path, parts[".dbf"], shapes, where)
    plain = all(p.stem == path.stem and p.suffix[1:] in (s[1:], s[1:].upper()) for s, p in parts.items())
    if indexed and plain and not any(letter in str(path) for letter in "!;?"):
        return _listed(path, "shapefile")
    kept = [p for s, p in sorted(parts.items(), key=lambda part: part[0] != ".shp") if indexed or s != ".shx"]
    copy = _copied(kept, work, "shapes")
    if not indexed:
        _write_index(copy)
    return [Layer(copy, "shapefile", path.stem, m.geometry, m.fields) for m in _listed(copy, "shapefile")]


def _parts(path: Path) -> dict[str, Path]:
    """The files of a Shapefile by suffix, whatever the case of their names; an exact name comes before a like one."""
    alike = [p for p in path.parent.iterdir() if p.stem.casefold() == path.stem.casefold()]
    parts = {p.suffix.lower(): p for p in sorted(alike, key=lambda p: p.stem == path.stem)}
    return {suffix: parts[suffix] for suffix in SIDECARS if suffix in parts}


def _check_shapefile(path: Path, table: Path, shapes: int, where: Where) -> None:
    with path.open("rb") as file:
        head = file.read(100)
    declared = struct.unpack(">i", head[24:28])[0] * 2 if len(head) == 100 else 0
    with table.open("rb") as file:
        dbf = file.read(32)
    rows, start, width = struct.unpack("<IHH", dbf[4:12]) if len(dbf) == 32 else (0, 1 << 30, 0)
    if len(head) < 100 or declared > path.stat().st_size:
        raise _refusal("boundary_shapefile_cut", where, part=path.name)
    if start + rows * width > table.stat().st_size + 1:
        raise _refusal("boundary_shapefile_cut", where, part=table.name)
    if rows != shapes:
        raise _refusal("boundary_shapefile_uneven", where, shapes=shapes, rows=rows)


def _shapes(path: Path) -> list[tuple[int, int]]:
    """Where each shape of a .shp begins and how long it is, in 16-bit words, read from the shapes themselves."""
    data = path.read_bytes()
    found, at = [], 100
    while at + 8 <= len(data):
        length = struct.unpack_from(">i", data, at + 4)[0]
        if length < 2 or at + 8 + 2 * length > len(data):
            break
        found.append((at // 2, length))
        at += 8 + 2 * length
    return found


def _write_index(path: Path) -> None:
    shapes = _shapes(path)
    with path.open("rb") as file:
        head = bytearray(file.read(100))
    head[24:28] = struct.pack(">i", 50 + 4 * len(shapes))
    path.with_suffix(".shx").write_bytes(bytes(head) + b"".join(struct.pack(">ii", *shape) for shape in shapes))


def _parquet_layers(path: Path, _work: Path, where: Where) -> list[Layer]:
    schema = pq.read_schema(path)
    if b"geo" not in (schema.metadata or {}):
        raise _refusal("boundary_parquet_plain", where)
    shapes = json.loads(schema.metadata[b"geo"])["columns"]
    fields = tuple(name for name in schema.names if name not in shapes and not name.startswith("__index_level_"))
    return [Layer(path, "parquet", path.stem, "Unknown", fields)]


def _parquet(path: Path, fields: Sequence[str]) -> Features:
    about = json.loads(pq.read_schema(path).metadata[b"geo"])
    column = about["primary_column"]
    table = pq.read_table(path, columns=[*fields, column])
    if about["columns"][column].get("encoding") == "WKB":
        wkb = np.array(table.column(column).to_pylist(), dtype=object)
    else:
        wkb = shapely.to_wkb(gpd.read_parquet(path, columns=[column]).geometry.to_numpy())
    # A GeoParquet file that says nothing of its CRS is in degrees by its specification; null means unknown.
    crs = about["columns"][column].get("crs", "OGC:CRS84")
    written = crs if isinstance(crs, str) else json.dumps(crs) if crs else ""
    return Features(wkb, {f: table.column(f).to_numpy(zero_copy_only=False) for f in fields}, written)


def _ogr(layer: Layer, fields: Sequence[str]) -> Features:
    undeclared = layer.kind == "shapefile" and _letters_undeclared(layer.path)
    for encoding in ("UTF-8", "cp1252") if undeclared else (None, "cp1252"):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                meta, _, wkb, columns = pyogrio.raw.read(
                    layer.path, layer=layer.name if layer.kind != "shapefile" else None, columns=fields,
                    encoding=encoding, datetime_as_string=True,
                )  # fmt: skip
        except UnicodeDecodeError:
            continue
        values = dict(zip(map(str, meta["fields"]), columns, strict=True))
        return Features(wkb, values, meta["crs"] or "", recoded=encoding == "cp1252" and not undeclared)
    raise ValueError("letters of no known encoding")


def _letters_undeclared(path: Path) -> bool:
    parts = _parts(path)
    with parts[".dbf"].open("rb") as file:
        return ".cpg" not in parts and file.read(30)[29] == 0


def _cut_by_server(path: Path) -> bool:
    """Whether an ArcGIS server says of its own JSON that it holds only the first rows."""
    if path.is_dir() or kind_of(path) != "json":
        return False
    with path.open("rb") as file:
        head = file.read(1 << 16)
        file.seek(max(0, path.stat().st_size - (1 << 16)))
        text = (head + file.read()).replace(b" ", b"")
    return b'"exceededTransferLimit":true' in text


READERS: dict[str, Callable[[Path, Path, Where], list[Layer]]] = {
    "shapefile": _shapefile_layers,
    "gpkg": _ogr_layers,
    "json": _ogr_layers,
    "kml": _ogr_layers,
    "flatgeobuf": _ogr_layers,
    "gdb": _ogr_layers,
    "parquet": _parquet_layers,
}
