"""`lokus rembuk`: the papers of a meeting."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lokus import messages
from lokus.cli.screen import progress, tell_json

if TYPE_CHECKING:
    from lokus.pipeline import Run


def rembuk_arguments(rembuk: argparse.ArgumentParser, t: Callable[[str], str]) -> None:
    """What `lokus rembuk` takes beside a run."""
    rembuk.add_argument("-o", "--output", type=Path, help=t("argument.pack"))
    rembuk.add_argument("--internal", action="store_true", help=t("argument.internal"))
    rembuk.add_argument("--before", metavar="RUN", help=t("argument.map_before"))


def run_rembuk(asked: argparse.Namespace) -> int:
    """The meeting's papers of a stored run."""
    from lokus import runs

    folder = runs.find(asked.run_folder)
    run = runs.read(folder)
    before = runs.read(runs.find(asked.before)) if asked.before else None
    output = asked.output or pack_folder(folder)
    files = write(run, output, asked, public=not asked.internal, before=before)
    if asked.json:
        tell_json({"folder": str(output), "files": [path.name for path in files]})
        return 0
    if asked.internal:
        print(messages.text("explain.internal", asked.lang))
    tell_pack(files, asked.lang)
    if before is None and (run.manifest.get("agreed") or run.villages["last_year"].any()):
        print(messages.text("cli.rembuk.before", asked.lang))
    return 0


def pack_folder(run_folder: Path) -> Path:
    """Where the papers of a run go when nobody says: beside the study's runs."""
    return run_folder.resolve().parents[1] / "rembuk" / run_folder.name


def write(
    run: Run, output: Path, asked: argparse.Namespace, *, public: bool = True, before: Run | None = None
) -> list[Path]:
    """Writes the papers, with a bar where a person is looking."""
    from lokus.outputs.papers import write_pack

    with progress(asked.lang, quiet=asked.json) as tell:
        return write_pack(run, output, asked.lang, public=public, before=before, tell=tell)


def tell_agreed(run: Run, lang: str) -> None:
    """Which meeting agreed on a run, when and why, and whom it named."""
    from lokus.outputs.papers.agreement import agreed, named

    print("\n".join(["", *agreed(run, lang), *(f"  • {line}" for line in named(run, lang))]))


def tell_pack(files: list[Path], lang: str) -> None:
    """Where the papers are, which they are, and which to open first."""
    print(messages.text("cli.rembuk.done", lang, folder=str(files[0].parent.resolve())))
    for path in files:
        print(f"  {path.name}")
    print(messages.text("cli.rembuk.open", lang, file=files[0].name))
