"""Strings in Indonesian and English, and numbers as each language writes them.

Every text lives in `locale/<lang>/<room>.toml`, one file a room of the house, under a dotted key
(`[problem.duplicate_code] text = "…" fix = "…"`). A test holds both languages to the same keys and fields.
"""

from __future__ import annotations

import errno
import math
import os
import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from lokus.errors import InfeasibleSelection, LokusError, Problem

LANGS = ("id", "en")
# Faults of the system that are one to a reader.
FAULTS = {"EPERM": "EACCES", "ETXTBSY": "EBUSY", "EDQUOT": "ENOSPC"}


@cache
def catalogue(lang: str) -> dict[str, str]:
    """All texts of one language, flattened to dotted keys."""
    if lang not in LANGS:
        raise ValueError(f"lang is one of {LANGS}, not {lang!r}")
    flat: dict[str, str] = {}
    for path in sorted(files("lokus").joinpath("locale", lang).iterdir(), key=lambda p: p.name):
        if path.name.endswith(".toml"):
            _flatten(tomllib.loads(path.read_text("utf-8")), "", flat, path.name)
    return flat


def _flatten(node: dict[str, Any], prefix: str, into: dict[str, str], file: str) -> None:
    for key, value in node.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            _flatten(value, f"{name}.", into, file)
        elif name in into:
            raise ValueError(f"{file}: the text {name!r} has two homes")
        else:
            into[name] = value


def text(key: str, lang: str, **params: Any) -> str:
    """The text of a dotted key with its fields filled in; `KeyError` when no such text exists."""
    return catalogue(lang)[key].format(**{k: _shown(v, lang) for k, v in params.items()})


def has(key: str) -> bool:
    """Whether a text of this key exists."""
    return key in catalogue(LANGS[0])


def problem(p: Problem, lang: str) -> str:
    """A problem as one line: where it is, what it is, and what to do about it; `params["remedy"]` names another fix."""
    body = text(f"problem.{p.code}.text", lang, **p.params)
    fix = text(f"problem.{p.params.get('remedy', p.code)}.fix", lang, **p.params)
    place = where(p, lang)
    return f"{place}: {body} {fix}" if place else f"{body} {fix}"


def where(p: Problem, lang: str) -> str:
    """The place of a problem: `data.xlsx › Sheet1 › baris 12 › kolom "Diukur"`."""
    w = p.where
    parts = [w.file, text("where.sheet", lang, sheet=w.sheet) if isinstance(w.sheet, int) else w.sheet]
    if w.row is not None:
        parts.append(text("where.row", lang, row=str(w.row)))
    if w.column:
        parts.append(text("where.column", lang, column=w.column))
    parts.append(w.key)
    return " › ".join(part for part in parts if part)


def error(e: LokusError, lang: str) -> str:
    """The heading line of an error; its problems are told one by one with `problem`."""
    params = dict(e.params)
    if isinstance(e, InfeasibleSelection):
        params["rules"] = "; ".join(_rule(key, lang) for key in e.rules)
        params["budget"] = text("selection.budget", lang, budget=params["budget"]) if params.get("budget") else ""
    return text(f"error.{e.code}", lang, **params)


def _rule(key: str, lang: str) -> str:
    """A key of a contradiction in words, with the key itself in brackets: `selection.threshold[2]`, "villages"."""
    if found := re.fullmatch(r"selection\.threshold\[(\d+)\]", key):
        return text("setting.shown", lang, label=text("setting.threshold_nth", lang, n=found[1]), code=key)
    return (
        text("setting.shown", lang, label=text(f"setting.{key}", lang), code=key)
        if "." in key
        else text(f"setting.{key}", lang)
    )


def spoken() -> str:
    """The language where nobody asks for one: `LOKUS_LANG`, else Indonesian."""
    asked = os.environ.get("LOKUS_LANG", "")
    return asked if asked in LANGS else LANGS[0]


def _in_words(e: LokusError) -> str:
    lang = spoken()
    return "\n".join([error(e, lang), *(f"  {problem(p, lang)}" for p in e.problems)])


LokusError.words = _in_words


def number(value: float, lang: str, decimals: int = 0) -> str:
    """A number as the language writes it: 10.832 and 21,6 in Indonesian; "–" where there is none.

    >>> number(10832.4, "id"), number(10832.4, "en", 1), number(float("nan"), "id")
    ('10.832', '10,832.4', '–')
    """
    if value is None or math.isnan(value):
        return "–"
    shown = f"{value:,.{decimals}f}"
    return shown.translate(str.maketrans(",.", ".,")) if lang == "id" else shown


def dated(said: str, lang: str) -> str:
    """A text with its days in words; what is no day stays.

    >>> dated("Rembuk, 2026-03-02", "id"), dated("2026-03-02", "en"), dated("2026-13-99", "id")
    ('Rembuk, 2 Maret 2026', '2 March 2026', '2026-13-99')
    """

    def in_words(found: re.Match[str]) -> str:
        year, month, day = found.groups()
        return f"{int(day)} {text(f'month.{int(month)}', lang)} {year}"

    return re.sub(r"(?<![\w-])(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?![\w-])", in_words, said)


def percent(share: float, lang: str, decimals: int = 1) -> str:
    """A 0–1 share as per cent: `percent(0.216, "id")` is "21,6 %"."""
    shown = number(share * 100 if share is not None else math.nan, lang, decimals)
    return shown if shown == "–" else f"{shown} %"


def system_fault(fault: OSError, lang: str) -> str:
    """Why the system refused a file, in words; its own, which are English as a rule, only where it is a rare one.

    >>> system_fault(PermissionError(13, "Permission denied"), "en")
    'not allowed, or open in another program'
    """
    name = errno.errorcode.get(fault.errno or 0, "")
    known = FAULTS.get(name, name)
    return (
        text(f"system.{known}", lang)
        if has(f"system.{known}")
        else text("system.other", lang, fault=fault.strerror or type(fault).__name__)
    )


def _shown(value: Any, lang: str) -> str:
    if isinstance(value, OSError):
        return system_fault(value, lang)
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float):
        return number(value, lang, 0 if value.is_integer() else 2)
    if isinstance(value, int):
        return number(value, lang)
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(_shown(v, lang) for v in value)
    return str(value)
