"""`lokus map`: a stored run as one offline page."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lokus import messages
from lokus.cli.screen import tell_json
from lokus.errors import LokusError

if TYPE_CHECKING:
    from lokus.pipeline import Run

# Drawing takes about 1.5 ms a village.
SLOW_FROM = 5_000


def map_arguments(drawn: argparse.ArgumentParser, t: Callable[[str], str]) -> None:
    """What `lokus map` takes beside a run."""
    drawn.add_argument("-o", "--output", help=t("argument.output"))
    drawn.add_argument("--before", metavar="RUN", help=t("argument.map_before"))
    drawn.add_argument("--kabupaten", metavar="NAME", default="", help=t("argument.map_kabupaten"))
    drawn.add_argument("--internal", action="store_true", help=t("argument.internal"))


def run_map(asked: argparse.Namespace) -> int:
    """One offline HTML map of a stored run."""
    from lokus import runs

    folder = runs.find(asked.run_folder)
    run = runs.read(folder)
    before = runs.read(runs.find(asked.before)) if asked.before else None
    name = f"{folder.name}-{slug}" if (slug := re.sub(r"\W+", "-", asked.kabupaten.lower()).strip("-")) else folder.name
    output = Path(asked.output) if asked.output else folder.resolve().parents[1] / "maps" / f"{name}.html"
    if len(run.villages) > SLOW_FROM and not asked.json:
        print(messages.text("cli.map_slow", asked.lang, count=len(run.villages)), flush=True)
    room = draw(run, output, asked.lang, public=not asked.internal, before=before, kabupaten=asked.kabupaten)
    if asked.json:
        tell_json({"map": str(output), "bytes": output.stat().st_size, "meeting_map": str(room) if room else None})
        return 0
    print(messages.text("cli.map_done", asked.lang, file=str(output)))
    if room:
        print(messages.text("cli.room_map", asked.lang, file=str(room)))
    return 0


def draw(
    run: Run, output: Path, lang: str, *, public: bool = True, before: Run | None = None, kabupaten: str = ""
) -> Path | None:
    """Writes the map of a run, and beside a public one that may not carry the simulation the meeting's own.

    :param kabupaten: only this one; such a map has no simulation.
    :return: the meeting's map; None where the first one carries the simulation itself.
    :raises LokusError: "map_unwritable" where a file cannot be written, and those of `write_map`.
    """
    from lokus.outputs.maps import write_map
    from lokus.outputs.steering import gives_away

    beside = public and not kabupaten and gives_away(run)
    room = output.with_name(f"{output.stem}-rapat{output.suffix}") if beside else None
    try:
        write_map(run, output, lang=lang, public=public, before=before, kabupaten=kabupaten)
        if room:
            write_map(run, room, lang=lang, before=before, meeting=True)
    except OSError as fault:
        raise LokusError("map_unwritable", file=str(output), fault=fault) from None
    return room
