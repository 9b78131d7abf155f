"""The papers of the rembuk, from a stored run alone: workbook, annex, slides, profiles, wall map and method page.

What may not enter: statistics, recomputing, words in code, a figure that the public may not read, or a total from which
one could be subtracted.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from lokus.errors import LokusError
from lokus.messages import text

if TYPE_CHECKING:
    from lokus.pipeline import Run, Tell

# The papers in the order in which a meeting takes them up, each with the ending of its file.
PAPERS = {
    "slides": "pptx", "workbook": "xlsx", "annex": "docx", "profiles": "pdf", "poster": "pdf", "method": "pdf",
}  # fmt: skip


def write_pack(
    run: Run, folder: str | Path, lang: str = "id", *, public: bool = True, before: Run | None = None,
    tell: Tell = lambda *_: None,
) -> list[Path]:  # fmt: skip
    """Writes all papers of a run into a folder, all of them or none; other files of the folder stay.

    The same runs, language and readers give the same bytes. Without a single polygon there is no wall map.

    :param folder: made when absent.
    :param public: counts of 1–4 are banded, and totals so that none comes out; False marks every page, and the files.
    :param before: an earlier run of the same kabupaten, to say what changed.
    :param tell: called with (paper, done, of) as the work goes on.
    :return: the files, in the order of `PAPERS`.
    :raises LokusError: when the folder cannot be written, or `before` is of other villages.
    """
    folder = Path(folder)
    if before is not None and not run.villages.index.isin(before.villages.index).any():
        raise LokusError("pack_other_villages", before=str(before.facts["title"]))
    made: dict[str, bytes] = {}
    for paper, build in _builders(run, lang, public, before).items():
        tell(paper, 0, 1)
        name = text(f"papers.file.{paper}", lang)
        suffix = "" if public else f"-{text('papers.file.internal', lang)}"
        made[f"{name}{suffix}.{PAPERS[paper]}"] = build()
        tell(paper, 1, 1)
    return _written(made, folder)


def _builders(run: Run, lang: str, public: bool, before: Run | None) -> dict[str, Callable[[], bytes]]:
    from lokus.outputs.layers import layers
    from lokus.outputs.papers.annex import annex
    from lokus.outputs.papers.ground import ground
    from lokus.outputs.papers.method import method_page
    from lokus.outputs.papers.poster import poster
    from lokus.outputs.papers.profiles import profiles
    from lokus.outputs.papers.slides import slides
    from lokus.outputs.papers.workbook import workbook

    land = ground(run) if run.geometry.notna().any() else None
    given = layers(run, lang, public=public)
    builders: dict[str, Callable[[], bytes]] = {
        "slides": lambda: slides(run, lang, public=public, before=before, land=land, given=given),
        "workbook": lambda: workbook(run, lang, public=public),
        "annex": lambda: annex(run, lang, public=public),
        "profiles": lambda: profiles(run, lang, public=public, land=land),
        "poster": lambda: poster(run, lang, public=public, land=land, given=given),
        "method": lambda: method_page(run, lang, public=public),
    }
    if land is None:
        del builders["poster"]
    return builders


def _written(made: dict[str, bytes], folder: Path) -> list[Path]:
    """Moves all files into place, or puts back what was there: one may be open in Excel and not to be replaced."""
    targets = {name: folder / name for name in made}
    moved: list[tuple[Path, Path | None]] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".writing-") as temporary:
            for name, data in made.items():
                (Path(temporary) / name).write_bytes(data)
            try:
                for name, target in targets.items():
                    old = target.rename(Path(temporary) / f"old-{name}") if target.exists() else None
                    moved.append((target, old))
                    (Path(temporary) / name).rename(target)
            except OSError:
                for target, old in reversed(moved):
                    with suppress(OSError):
                        target.unlink(missing_ok=True)
                        if old is not None:
                            old.rename(target)
                raise
    except OSError as fault:
        raise LokusError("pack_unwritable", folder=str(folder), fault=fault) from None
    return list(targets.values())
