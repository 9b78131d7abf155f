"""What the given files are: boundary files under both hypotheses of their codes, and every filled sheet of a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

from lokus.errors import DataError, Problem, Where
from lokus.proposal.headings import fits, lists, words
from lokus.proposal.records import Ground, Look, Said, Sentence
from lokus.sources.boundaries import Boundaries, read_boundaries
from lokus.sources.containers import DATA as BOUNDARY_SUFFIXES
from lokus.sources.containers import kind_of
from lokus.sources.sheets import read_sheet
from lokus.villages.codes import CodeSystem

SYSTEMS: tuple[CodeSystem, ...] = get_args(CodeSystem)
TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".html", ".htm")
BOUNDARY_KINDS = ("shapefile", "gpkg", "parquet", "flatgeobuf", "kml", "gdb")
SIDECARS = (".shx", ".dbf", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".qpj", ".qmd")

Left = tuple[str, Sentence]


def boundary_files(given: Iterable[Path]) -> list[Path]:
    """The boundary files meant: each given, and those inside a given folder that is not itself a geodatabase."""
    found: list[Path] = []
    for path in given:
        if path.is_dir() and kind_of(path) == "folder":
            inside = sorted(p for p in path.iterdir() if p.suffix.lower() in (*BOUNDARY_SUFFIXES, ".zip", ".gdb"))
            found += inside or [path]
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def refuse_missing(given: Iterable[Path]) -> None:
    """`DataError` with every file that does not exist: a slip in a path must not cost a table."""
    absent = [p for p in given if not p.exists()]
    if absent:
        raise DataError(Problem("init_file_missing", True, Where(str(p))) for p in absent)


def table_files(given: Iterable[Path]) -> list[Path]:
    """The tables meant: each given, and those inside a given folder."""
    found: list[Path] = []
    for path in given:
        if path.is_dir():
            found += sorted(p for p in path.iterdir() if p.suffix.lower() in TABLE_SUFFIXES and p.name[0] not in "~.")
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def grounds(
    path: Path, *, layer: str = "", crs: str = "", kabupaten: str = ""
) -> tuple[list[Ground], list[Said], list[Problem]]:
    """A boundary file read as either code system: what can be read, the evidence, and what kept the rest from it."""
    read: list[Ground] = []
    told: list[Said] = []
    faults: list[Problem] = []
    for system in SYSTEMS:
        found = _read(path, system, layer, crs, kabupaten, faults)
        for name, boundaries in found:
            read.append(Ground(path, name, system, boundaries, crs, kabupaten))
            about = {"file": path.name, "system": system, "villages": len(boundaries.places), "rows": boundaries.rows}
            told.append(Said("boundary_reads", {**about, "schema": boundaries.schema}))
        if not found:
            told.append(Said("boundary_reads_not", {"file": path.name, "system": system}))
    return read, told, faults


def _read(
    path: Path, system: CodeSystem, layer: str, crs: str, kabupaten: str, faults: list[Problem]
) -> list[tuple[str, Boundaries]]:
    """The villages under one hypothesis, of each layer where the file does not tell which is meant."""
    try:
        read = read_boundaries(path, code_system=system, layer=layer, crs=crs, kabupaten=kabupaten, name=path.name)
    except DataError as fault:
        unclear = [p for p in fault.problems if p.code == "boundary_layer_unclear"]
        if unclear:
            return [
                r for name in unclear[0].params["layers"] for r in _read(path, system, name, crs, kabupaten, faults)
            ]
        faults += [p for p in fault.problems if p.fatal]
        return []
    return [(layer, read)]


def sheets(path: Path, left: list[Left]) -> Iterator[Look]:
    """Every filled sheet of a table that has a header; the others, and files that are no table, go to `left`.

    A file is copied into the study whole: one sheet that names persons keeps all of it out.
    """
    told: list[Left] = []
    found = list(_each_sheet(path, told))
    if any(is_by_name(look.sheet.columns) for look in found):
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


def is_by_name(columns: Iterable[str]) -> bool:
    """Whether columns hold persons: an identity number, or names beside birth dates or parents.

    >>> is_by_name(["No", "NIK", "Nama"]), is_by_name(["Desa", "Nama Posyandu"])
    (True, False)
    >>> is_by_name(["Nama", "JK", "Tinggi"]), is_by_name(["Nama", "Sasaran"])
    (True, False)
    """
    told = [words(c) for c in columns]
    person = lists()["general"]["person"]
    if {"nama"} in told and any(fits(person, said) for said in told):
        return True
    return any(fits(rule, said) for said in told for rule in lists()["general"]["by_name"])
