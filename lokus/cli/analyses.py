"""The commands that look at a study or a run in another light, each a function with its exit code."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lokus import messages
from lokus.cli.screen import console, progress, tell_json
from lokus.errors import LokusError

if TYPE_CHECKING:
    from lokus.ways import Ways


def compare_arguments(compare: argparse.ArgumentParser, t: Callable[[str], str]) -> None:
    """What `lokus compare` takes."""
    for name in ("before", "after"):
        compare.add_argument(name, help=t(f"argument.{name}"), metavar=t(f"metavar.{name}"))
    compare.add_argument("--internal", action="store_true", help=t("argument.internal"))


def run_compare(asked: argparse.Namespace) -> int:
    """Two runs side by side, two years or two methods."""
    from lokus import runs
    from lokus.outputs.comparison import comparison

    before, after = (runs.read(runs.find(folder)) for folder in (asked.before, asked.after))
    if before.facts["year"] > after.facts["year"]:
        first, then = (str(run.facts["year"]) for run in (before, after))
        raise LokusError("compare_years", before=asked.after, after=asked.before, first=first, then=then)
    told = comparison(before, after, asked.lang, public=not asked.internal)
    if asked.json:
        tell_json(told)
        return 0
    if asked.internal:
        print(messages.text("explain.internal", asked.lang))
    print("\n".join(told["text"]))
    return 0


def audit_arguments(audit: argparse.ArgumentParser, t: Callable[[str], str]) -> None:
    """What `lokus audit` takes beside a run."""
    audit.add_argument("-o", "--output", type=Path, help=t("argument.audit"))
    audit.add_argument("--internal", action="store_true", help=t("argument.internal"))


def run_audit(asked: argparse.Namespace) -> int:
    """What the list of a run hangs on."""
    from lokus import runs
    from lokus.outputs import audit

    run, public = runs.read(runs.find(asked.run_folder)), not asked.internal
    found = audit.ask(run)
    files = audit.write(audit.tables(run, found, public=public), asked.output) if asked.output else []
    if asked.json:
        tell_json(audit.report(run, found, asked.lang, public=public))
        return 0
    if asked.internal:
        print(messages.text("explain.internal", asked.lang))
    print("\n".join(audit.lines(run, found, asked.lang, public=public)))
    if files:
        names = [path.name for path in files]
        print("\n" + messages.text("audit.done", asked.lang, folder=str(asked.output), files=names))
    return 0


def presets_arguments(presets: argparse.ArgumentParser, t: Callable[[str], str]) -> None:
    """What `lokus presets` takes."""
    presets.add_argument("study", nargs="?", help=t("argument.presets_study"))
    presets.add_argument("-o", "--output", type=Path, help=t("argument.presets_output"))


def run_presets(asked: argparse.Namespace) -> int:
    """The ways of choosing that lokus knows, or all of them on a study, beside its own."""
    from lokus import ways
    from lokus.outputs import ways as words
    from lokus.study import open_study

    if asked.study is None and asked.output is None:
        known = words.catalogue(asked.lang)
        if asked.json:
            tell_json(known)
        else:
            print("\n\n".join("\n".join(one["text"]) for one in known), end="\n\n")
            print(messages.text("ways.use", asked.lang))
        return 0
    study = open_study(asked.study or ".")
    with progress(asked.lang, quiet=asked.json) as tell:
        found = ways.side_by_side(study, tell=tell)
    if asked.output:
        words.write(found, asked.output)
    if asked.json:
        tell_json(words.as_values(found, asked.lang))
    else:
        tell_ways(found, asked.lang)
        if asked.output:
            print(messages.text("ways.written", asked.lang, file=str(asked.output)))
    return 0


def tell_ways(found: Ways, lang: str) -> None:
    """Who is chosen by which way, how alike the lists are, and which presets cannot run."""
    from rich.table import Table

    from lokus.outputs import ways as words
    from lokus.ways import PANEL

    letters = list(words.lettered(found))
    print("\n".join(words.heading(found, lang)))
    places = [messages.text(f"cli.column.{c}", lang) for c in ("village", "kecamatan")]
    counts = [messages.text(f"ways.column.{c}", lang, count=len(PANEL)) for c in ("chosen_by", "methods")]
    shown = Table(*places, *letters, *counts)
    for row in words.village_rows(found, lang):
        shown.add_row(*row)
    console().print(shown)
    if len(letters) > 1:
        print(messages.text("ways.pairs", lang))
        shared = Table("", *letters)
        for row in words.pair_rows(found, lang):
            shared.add_row(*row)
        console().print(shared)
    print("\n".join(words.closing(found, lang)))
