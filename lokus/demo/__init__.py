"""The fictional kabupaten: its seeded generator and its files. Reached from the command line alone.

What may not enter: real places, real people, anything another room needs.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from lokus.errors import LokusError

MARK = "# Studi contoh: Kabupaten Teluk Kirana (rekaan)"
STUDY_FILES = ("lokus.toml", "crosswalk.csv")
# The folder of last year's study inside the demo's.
LAST_YEAR = "tahun-lalu"


def write_study(folder: Path) -> Path:
    """Writes the demo kabupaten as a study into `folder`, which is new, empty or an earlier demo; returns the folder.

    In its folder `LAST_YEAR` lies a study of its own: the same villages a year before. In an earlier demo only what is
    missing is written: what somebody has changed or decided there stays.

    :raises LokusError: "demo_folder_in_use" when the folder holds anything else, "demo_folder_unwritable".
    """
    data = Path(__file__).parent / "data"
    try:
        if folder.exists() and not _is_free(folder):
            raise LokusError("demo_folder_in_use", folder=str(folder))
        _write(data, folder)
        _write(data / "tahun_lalu", folder / LAST_YEAR)
    except OSError as fault:
        raise LokusError("demo_folder_unwritable", folder=str(folder), why=fault) from fault
    return folder


def _write(data: Path, folder: Path) -> None:
    for source in sorted(path for path in data.iterdir() if path.is_file()):
        _copy(source, (folder if source.name in STUDY_FILES else folder / "data") / source.name)
    for source in sorted(_boundaries().glob("teluk_kirana.*")):
        _copy(source, folder / "boundaries" / source.name)


def _is_free(folder: Path) -> bool:
    study = folder / "lokus.toml"
    if study.is_file():
        return study.read_text("utf-8", errors="replace").startswith(MARK)
    return folder.is_dir() and not any(folder.iterdir())


def _copy(source: Path, target: Path) -> None:
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    shutil.copyfile(source, part)
    part.replace(target)


def _boundaries() -> Path:
    """The shapefile's folder: inside the package in a wheel, beside it in a checkout."""
    inside = Path(__file__).parent / "boundaries"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "boundaries" / "demo"
