"""Header words and the rules of `catalog/headings.toml`: what a column's name says."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

_BREAKS = re.compile(r"[^\w%]+|_")


@cache
def lists() -> dict[str, Any]:
    """The whole of `headings.toml`."""
    return tomllib.loads(files("lokus.catalog").joinpath("headings.toml").read_text("utf-8"))


@lru_cache(maxsize=4096)
def words(header: str) -> frozenset[str]:
    """The words of a header path, those that mean the same written alike.

    >>> sorted(words("IBU HAMIL > Minum Tablet Tambah Darah (≥ 90)"))
    ['90', 'bumil', 'minum', 'ttd']
    """
    line = unicodedata.normalize("NFKC", header).casefold().replace("%", " % ")
    line = f" {' '.join(_BREAKS.sub(' ', line).split())} "
    for phrase, meant in _phrases():
        line = line.replace(f" {phrase} ", f" {meant} ")
    return frozenset(line.split())


def fits(rule: str, said: frozenset[str]) -> bool:
    """Whether words satisfy a rule: all of "a b", one of "a|b", none of "-c".

    >>> fits("pendek -sangat", words("TB/U > Pendek")), fits("pendek -sangat", words("Sangat Pendek"))
    (True, False)
    """
    wanted = rule.split()
    forbidden = {w[1:] for w in wanted if w.startswith("-")}
    return not forbidden & said and all(said & set(w.split("|")) for w in wanted if not w.startswith("-"))


def is_percent(header: str) -> bool:
    """Whether a header says that its column holds per cents."""
    return fits(lists()["general"]["percent"], words(header))


@cache
def _phrases() -> list[tuple[str, str]]:
    return sorted(lists()["words"].items(), key=lambda pair: -len(pair[0]))
