"""The docs: every key of a study on its page, pages made from the code, a site that fetches nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from conftest import ROOT

from lokus import messages, schema
from lokus.catalog import indicators
from lokus.cli.commands import parser
from lokus.study import files, model
from lokus.study.parts import Part

PAGE = (ROOT / "docs" / "studi.md").read_text("utf-8")
INTERNAL = {"folder"}


def keys(part: type[Part]) -> set[str]:
    return {f.alias or name for name, f in part.model_fields.items() if name not in INTERNAL}


def sections_of(module: ModuleType) -> set[type[Part]]:
    return {p for p in vars(module).values() if isinstance(p, type) and issubclass(p, Part)}


def test_every_key_of_the_study_file_is_on_the_page() -> None:
    parts = sections_of(files) | sections_of(model) - {model.Measure}
    known = set().union(*(keys(p) for p in parts))
    sections = {"study", "boundaries", "table", "points", "raster", "indicator", "dimension", "method", "uncertainty"}
    sections |= {"access", "space", "clusters", "selection"}
    missing = {k for k in known - sections if not re.search(rf"`{k}`|^{k} = ", PAGE, re.MULTILINE)}
    assert not missing
    for section in sections:
        assert f"[{section}]" in PAGE, section


def test_the_page_names_no_key_that_is_not_there() -> None:
    named = {k for row in re.findall(r"^\| (`.+?`) \|", PAGE, re.MULTILINE) for k in re.findall(r"`(\w+)`", row)}
    assert named <= set().union(*(keys(p) for p in sections_of(files) | sections_of(model)))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The docs as CI builds them: strictly, so that a link to nowhere is a fault."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(folder)]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return folder


def test_the_site_fetches_nothing(site: Path) -> None:
    fetched = re.compile(r"<(?:script|img|link|iframe)\b[^>]*\b(?:src|href)=\"?(?:https?:)?//")
    pages = list(site.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        assert not fetched.search(page.read_text("utf-8")), page


def test_formulas_are_drawn_by_the_browser_itself(site: Path) -> None:
    for page in (site / "metode").glob("*.html"):
        assert "$$" not in page.read_text("utf-8"), page
    assert (site / "metode" / "rates.html").read_text("utf-8").count("<math") > 10


@pytest.mark.parametrize(
    ("page", "wanted"),
    [
        ("perintah", lambda: next(a for a in parser("id")._actions if a.dest == "command").choices),
        ("kolom", lambda: [c.name for c in schema.COLUMNS]),
        ("katalog", indicators),
        (
            "masalah",
            lambda: {k.split(".")[1] for k in messages.catalogue("id") if re.fullmatch(r"problem\.\w+\.text", k)},
        ),
    ],
)
def test_the_reference_has_all_that_the_code_has(site: Path, page: str, wanted: object) -> None:
    shown = (site / "referensi" / f"{page}.html").read_text("utf-8")
    missing = [name for name in wanted() if f">{name}<" not in shown and f"lokus {name}<" not in shown]
    assert not missing


def test_the_search_finds_indonesian_words(site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text("utf-8"))
    told = " ".join(entry["text"] for entry in index["docs"])
    assert "rembuk" in told and "benefit" in told.lower()
