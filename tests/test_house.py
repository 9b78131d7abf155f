"""Laws of the house: its floors, its sizes, what each room says of itself, and what a command may load."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

import lokus

MODULES = [*sorted((ROOT / "lokus").rglob("*.py")), ROOT / "bootstrap.py", *sorted((ROOT / "tools").glob("*.py"))]
ROOMS = sorted(path for path in (ROOT / "lokus").rglob("__init__.py"))
HEAVY = {"pandas", "geopandas", "numpy", "sklearn", "scipy", "pyarrow", "folium", "pydantic"}


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_data_goes_up_the_floors_and_nothing_comes_down():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_no_module_over_400_lines_and_no_function_over_40(path):
    source = path.read_text("utf-8")
    assert len(source.splitlines()) <= 400
    long = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            told = node.body[0] if ast.get_docstring(node) else None
            lines = node.end_lineno - node.lineno + 1 - (told.end_lineno - told.lineno + 1 if told else 0)
            long |= {node.name: lines} if lines > 40 else {}
    assert not long


@pytest.mark.parametrize("path", ROOMS, ids=named)
def test_every_room_says_what_it_is_for_and_what_may_not_enter(path):
    told = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    assert told
    assert path.parent == ROOT / "lokus" or "may not enter" in told


def test_help_loads_nothing_heavy():
    script = "import sys\nfrom lokus.cli import entry\ncode = entry(['--help'])\nprint(code, *sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, encoding="utf-8", check=True)
    code, *loaded = done.stdout.splitlines()[-1].split()
    assert code == "0"
    assert not HEAVY & set(loaded)


def test_the_public_face_is_small_and_explained():
    names = lokus.__all__
    assert names == sorted(names, key=str.lower) or names == sorted(names)
    assert len(names) <= 25
    for name in names:
        thing = getattr(lokus, name)
        assert isinstance(thing, str) or (thing.__doc__ or "").strip(), name
