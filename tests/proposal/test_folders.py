"""Folders given to `init`: every file a person put there is taken, or named with the reason why it is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lokus import messages
from lokus.errors import Problem
from lokus.proposal import looking
from lokus.sources.telling import LISTED

TABLES = ["a.csv", "b.XLSX", "c.ods", "d.htm"]
SHAPES = ["e.geojson", "f.gpkg", "g.shp", "h.kml", "i.zip"]
PARTS = ["g.shx", "g.DBF", "g.prj", "g.shp.xml"]
STRANGE = ["j.pdf", "k.docx", "l.jpg", "m"]
LITTER = ["~$b.xlsx", ".DS_Store", "Thumbs.db", "desktop.ini"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    names=st.sets(st.sampled_from([*TABLES, *SHAPES, *PARTS, *STRANGE, *LITTER, "folder/"]), min_size=1),
    boundaries=st.booleans(),
)  # fmt: skip
def test_every_file_of_a_folder_is_taken_or_told(names: set[str], boundaries: bool, tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.mktemp("berkas")
    for name in names:
        (folder / name).mkdir() if name.endswith("/") else (folder / name).write_text("x", "utf-8")
    left: list[Any] = []
    taken = (looking.boundary_files if boundaries else looking.table_files)([folder], left)
    mine = SHAPES if boundaries else TABLES
    # A folder without any boundary file is itself tried, as the reader tells best what is wrong with it.
    assert {p.name for p in taken} == ({n for n in names if n in mine} or ({folder.name} if boundaries else set()))
    parts = set(PARTS) if "g.shp" in names else set()
    silent = {*mine, *LITTER, *parts}
    counted = 0
    for where, why in left:
        assert (where, isinstance(why, Problem)) == (folder.name, True)
        counted += why.params["count"]
        shown = messages.problem(why, "id")
        assert why.params["count"] > LISTED or all(name in shown for name in why.params["files"].split(", "))
    assert counted == len({n.rstrip("/") for n in names} - silent)


def test_a_headless_sheet_of_persons_keeps_the_whole_workbook_out(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["Desa", "Sasaran", "Diukur"], ["Sarudu", 10, 9], ["Doda", 12, 9]):
        book.active.append(row)
    children = book.create_sheet("ZZQ RAHASIA")
    for n in range(5):
        children.append([f"ZZQ RAHASIA {'ABCDE'[n]}", f"76010101{n + 1:02d}210001", "L", "Sarudu"])
    book.save(tmp_path / "campur.xlsx")
    left: list[Any] = []
    assert list(looking.sheets(tmp_path / "campur.xlsx", left)) == []
    assert [(name, why.code) for name, why in left] == [("campur.xlsx", "init_by_name")]
