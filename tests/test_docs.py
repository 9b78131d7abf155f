"""The page of study keys names every key there is, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from lokus.study import model
from lokus.study.model import Part

PAGE = (Path(__file__).parents[1] / "docs" / "studi.md").read_text("utf-8")
INTERNAL = {"folder"}


def keys(part: type[Part]) -> set[str]:
    return {f.alias or name for name, f in part.model_fields.items() if name not in INTERNAL}


def test_every_key_of_the_study_file_is_on_the_page() -> None:
    parts = [p for p in vars(model).values() if isinstance(p, type) and issubclass(p, Part) and p is not model.Measure]
    known = set().union(*(keys(p) for p in parts))
    sections = {"study", "boundaries", "table", "points", "indicator", "dimension", "method", "uncertainty"}
    sections |= {"space", "clusters", "selection"}
    missing = {k for k in known - sections if not re.search(rf"`{k}`|^{k} = ", PAGE, re.MULTILINE)}
    assert not missing
    for section in sections:
        assert f"[{section}]" in PAGE, section


def test_the_page_names_no_key_that_is_not_there() -> None:
    named = {k for row in re.findall(r"^\| (`.+?`) \|", PAGE, re.MULTILINE) for k in re.findall(r"`(\w+)`", row)}
    parts = [p for p in vars(model).values() if isinstance(p, type) and issubclass(p, Part)]
    assert named <= set().union(*(keys(p) for p in parts))
