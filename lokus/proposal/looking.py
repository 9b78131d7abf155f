"""What the given files are: boundary files under both hypotheses of their codes, and every filled sheet of a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from lokus.errors import DataError, Problem, Where
from lokus.proposal.records import Ground, Look, Said, Sentence
from lokus.sources.boundaries import read_boundaries
from lokus.sources.containers import DATA as BOUNDARY_SUFFIXES
from lokus.sources.containers import kind_of
from lokus.sources.persons import persons_in
from lokus.sources.sheets import read_sheet
from lokus.sources.telling import few
from lokus.villages.codes import CodeSystem

SYSTEMS: tuple[CodeSystem, ...] = get_args(CodeSystem)
TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".html", ".htm")
BOUNDARY_KINDS = ("shapefile", "gpkg", "parquet", "flatgeobuf", "kml", "gdb")
SIDECARS = (".shx", ".dbf", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".qpj", ".qmd")
SHAPES = (*BOUNDARY_SUFFIXES, ".zip", ".gdb")
LITTER = ("thumbs.db", "desktop.ini")

# While there is no study yet, what a study would say is said by an option of the command.
BY_OPTION = {
    "boundary_crs_missing": "init_crs_likely", "boundary_coordinates_metres": "init_crs_likely",
    "boundary_coordinates_hemisphere": "init_crs_likely", "boundary_coordinates_other_province": "init_crs_likely",
    "boundary_coordinates_degrees": "init_crs", "boundary_coordinates_elsewhere": "init_crs",
    "boundary_crs_unknown": "init_crs", "boundary_layer_unknown": "init_layer",
    "boundary_kabupaten_unknown": "init_kabupaten", "boundary_no_code_column": "init_no_codes",
    "boundary_gadm": "init_no_codes", "boundary_names_missing": "init_no_codes",
}  # fmt: skip

Left = tuple[str, Sentence]


def boundary_files(given: Iterable[Path], left: list[Left]) -> list[Path]:
    """The boundary files meant: each given, and those inside a given folder that is not itself a geodatabase."""
    found: list[Path] = []
    for path in given:
        if path.is_dir() and kind_of(path) == "folder":
            inside = [p for p in _entries(path) if p.suffix.lower() in SHAPES]
            found += inside or [path]
            left += _passed_over(path, inside, "init_folder_tables", TABLE_SUFFIXES)
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def refuse_missing(given: Iterable[Path]) -> None:
    """`DataError` with every file that does not exist: a slip in a path must not cost a table."""
    absent = [p for p in given if not p.exists()]
    if absent:
        raise DataError(Problem("init_file_missing", True, Where(str(p))) for p in absent)


def table_files(given: Iterable[Path], left: list[Left]) -> list[Path]:
    """The tables meant: each given, and those inside a given folder."""
    found: list[Path] = []
    for path in given:
        if path.is_dir():
            inside = [p for p in _entries(path) if p.suffix.lower() in TABLE_SUFFIXES and p.is_file()]
            found += inside
            left += _passed_over(path, inside, "init_folder_shapes", SHAPES)
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def _entries(folder: Path) -> list[Path]:
    """What a person put into a folder: not what Excel, Windows and macOS leave there, nor the parts of a shapefile."""
    shown = [p for p in folder.iterdir() if p.name[0] not in "~." and p.name.casefold() not in LITTER]
    shapes = {p.stem.casefold() for p in shown if p.suffix.lower() == ".shp"}
    parts = {p for p in shown if p.suffix.lower() in (*SIDECARS, ".xml") and p.name.split(".")[0].casefold() in shapes}
    return sorted(set(shown) - parts)


def _passed_over(folder: Path, taken: Sequence[Path], other: str, suffixes: Collection[str]) -> Iterator[Left]:
    """What is not taken from a folder, one reason for all of a kind: of the `other` option, folders, the rest."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for path in _entries(folder):
        if path not in taken:
            strange = "init_folder_folders" if path.is_dir() else "init_folder_strange"
            kinds[other if path.suffix.lower() in suffixes else strange].append(path.name)
    for code, names in kinds.items():
        yield folder.name or str(folder), Problem(code, params={"files": few(names), "count": len(names)})


def grounds(
    path: Path, *, layer: str = "", crs: str = "", kabupaten: str = ""
) -> tuple[list[Ground], list[Said], list[Problem]]:
    """A boundary file read as either code system: what can be read, the evidence, and what kept the rest from it."""
    read: list[Ground] = []
    told: list[Said] = []
    faults: list[Problem] = []
    for system in SYSTEMS:
        found = read_as(path, system, layer=layer, crs=crs, kabupaten=kabupaten, faults=faults)
        read += found
        told += [reads(ground) for ground in found] or [
            Said("boundary_reads_not", {"file": path.name, "system": system})
        ]
    return read, told, faults


def reads(ground: Ground) -> Said:
    """That a boundary file can be read under a hypothesis, and what it then holds."""
    read = ground.boundaries
    about = {"file": ground.path.name, "system": ground.system, "villages": len(read.places), "rows": read.rows}
    return Said("boundary_named_only" if ground.names_only else "boundary_reads", {**about, "schema": read.schema})


def read_as(
    path: Path, system: CodeSystem, *, layer: str = "", crs: str = "", kabupaten: str = "",
    columns: Mapping[str, str] | None = None, names_only: bool = False, faults: list[Problem] | None = None,
) -> list[Ground]:  # fmt: skip
    """The villages under one hypothesis, of each layer where the file does not tell which is meant; none if none."""
    asked: dict[str, Any] = {"crs": crs, "kabupaten": kabupaten, "columns": columns or {}, "names_only": names_only}
    try:
        read = read_boundaries(path, code_system=system, layer=layer, name=path.name, **asked)
    except DataError as fault:
        unclear = [p for p in fault.problems if p.code == "boundary_layer_unclear"]
        if unclear:
            layers = unclear[0].params["layers"]
            return [g for name in layers for g in read_as(path, system, layer=name, faults=faults, **asked)]
        if faults is not None:
            faults += [_by_option(p) for p in fault.problems if p.fatal]
        return []
    return [Ground(path, layer, system, read, **asked)]


def _by_option(problem: Problem) -> Problem:
    if problem.code not in BY_OPTION:
        return problem
    return replace(problem, params={**problem.params, "remedy": BY_OPTION[problem.code]})


def again(ground: Ground, kabupaten: str) -> Ground | None:
    """A boundary file read under the same hypothesis, with the villages of one kabupaten only."""
    asked: dict[str, Any] = {"columns": ground.columns, "names_only": ground.names_only}
    found = read_as(ground.path, ground.system, layer=ground.layer, crs=ground.crs, kabupaten=kabupaten, **asked)
    return found[0] if found else None


def sheets(path: Path, left: list[Left]) -> Iterator[Look]:
    """Every filled sheet of a table that has a header; the others, and files that are no table, go to `left`.

    A file is copied into the study whole: one sheet that names persons keeps all of it out.
    """
    told: list[Left] = []
    found = list(_each_sheet(path, told))
    refused = any(isinstance(why, Problem) and why.code == "table_of_persons" for _, why in told)
    if refused or any(persons_in(look.sheet.columns, look.sheet.rows) for look in found):
        left.append((path.name, Problem("init_by_name")))
        return
    left += told
    yield from (look for look in found if not look.sheet.rows.empty)


def _each_sheet(path: Path, left: list[Left]) -> Iterator[Look]:
    if path.is_dir() or (path.is_file() and path.stat().st_size and kind_of(path) in BOUNDARY_KINDS):
        left.append((path.name, Problem("init_is_boundaries")))
        return
    names = [""]
    try:
        first = read_sheet(path, name=path.name)
        others = [p.params["others"] for p in first.problems if p.code == "sheet_assumed"]
        names = list(others[0]) if others else []
        yield from _usable(Look(path, first, bool(others)), left)
    except DataError as fault:
        names, first_sheet = _others(fault), fault.problems[-1].where.sheet
        left.append((f"{path.name} › {first_sheet}" if names else path.name, _bare(fault)))
    for name in names:
        try:
            yield from _usable(Look(path, read_sheet(path, name, name=path.name), True), left)
        except DataError as fault:
            left.append((f"{path.name} › {name}", _bare(fault)))


def _bare(fault: DataError) -> Problem:
    """What is wrong, without the file's name that stands before it already."""
    last = fault.problems[-1]
    return replace(last, where=replace(last.where, file="", sheet=""))


def _others(fault: DataError) -> list[str]:
    return [name for p in fault.problems if p.code == "sheet_assumed" for name in p.params["others"]]


def _usable(look: Look, left: list[Left]) -> Iterator[Look]:
    """A sheet, told where it has no rows; its header still tells whether the file is one of persons."""
    if look.sheet.rows.empty:
        left.append((look.name, Problem("table_without_rows")))
    yield look
