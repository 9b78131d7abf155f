"""Golden run: the generator makes the stored files again."""

import zipfile
from pathlib import Path

import geopandas as gpd
import pytest
from geopandas.testing import assert_geodataframe_equal

from lokus.demo import generator

ROOT = Path(generator.__file__).parents[2]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("made")
    generator.generate(root)
    return root


def test_tables_are_made_again_byte_for_byte(made: Path) -> None:
    again, stored = ({p.relative_to(root) for p in (root / generator.DATA).rglob("*.*")} for root in (made, ROOT))
    assert again == {p for p in stored if p.name != "lokus.toml"}
    for path in sorted(again):
        assert _content(made / path) == _content(ROOT / path), path


def test_boundaries_are_made_again_exactly(made: Path) -> None:
    stored, again = ROOT / generator.BOUNDARIES, made / generator.BOUNDARIES
    frames = [gpd.read_file(folder / generator.SHAPEFILE) for folder in (stored, again)]
    assert_geodataframe_equal(*frames)
    for suffix in (".shp", ".shx", ".dbf", ".cpg"):
        name = Path(generator.SHAPEFILE).with_suffix(suffix).name
        assert (stored / name).read_bytes() == (again / name).read_bytes(), name


def test_stored_files_are_small() -> None:
    assert sum(p.stat().st_size for p in (ROOT / generator.BOUNDARIES).iterdir()) < 600_000
    assert sum(p.stat().st_size for p in (ROOT / generator.DATA).rglob("*.*")) < 300_000


def _content(path: Path) -> dict[str, bytes]:
    """The bytes of a file, of a workbook those of its parts: compression differs between zlib builds."""
    if path.suffix != ".xlsx":
        return {path.name: path.read_bytes()}
    with zipfile.ZipFile(path) as book:
        return {part: book.read(part) for part in book.namelist()}
