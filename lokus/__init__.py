"""lokus: chooses and explains the priority villages (desa lokus) of a kabupaten's stunting work.

The commands without the shell, on the demo kabupaten:

>>> from pathlib import Path
>>> from tempfile import TemporaryDirectory
>>> import lokus
>>> from lokus.demo import write_study
>>> with TemporaryDirectory() as folder:
...     study = lokus.open_study(write_study(Path(folder) / "studi"))
...     run = lokus.run(study)
...     stored = lokus.write_run(run, study.path("runs"))
...     page = lokus.map(lokus.read_run(stored), Path(folder) / "peta.html")
...     first = lokus.explain(run, "Gunung Cempedak")
...     print(len(run.villages), int(run.villages["selected"].sum()), first["rank"], page.is_file())
241 24 1 True

Everything is loaded when it is first asked for, so that `import lokus` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from lokus.catalog import indicators as indicators
    from lokus.errors import DataError as DataError
    from lokus.errors import InfeasibleSelection as InfeasibleSelection
    from lokus.errors import LokusError as LokusError
    from lokus.errors import Problem as Problem
    from lokus.errors import StudyError as StudyError
    from lokus.intake import read as check
    from lokus.outputs.explain import explanation as explain
    from lokus.outputs.maps import write_map as map
    from lokus.outputs.papers import write_pack as rembuk
    from lokus.pipeline import Run as Run
    from lokus.pipeline import run as run
    from lokus.runs import read as read_run
    from lokus.runs import verify as verify
    from lokus.runs import write as write_run
    from lokus.study import Study as Study
    from lokus.study import make_study as make_study
    from lokus.study import open_study as open_study

_HOMES = {
    "DataError": ("lokus.errors", "DataError"),
    "InfeasibleSelection": ("lokus.errors", "InfeasibleSelection"),
    "LokusError": ("lokus.errors", "LokusError"),
    "Problem": ("lokus.errors", "Problem"),
    "Run": ("lokus.pipeline", "Run"),
    "Study": ("lokus.study", "Study"),
    "StudyError": ("lokus.errors", "StudyError"),
    "check": ("lokus.intake", "read"),
    "explain": ("lokus.outputs.explain", "explanation"),
    "indicators": ("lokus.catalog", "indicators"),
    "make_study": ("lokus.study", "make_study"),
    "map": ("lokus.outputs.maps", "write_map"),
    "open_study": ("lokus.study", "open_study"),
    "read_run": ("lokus.runs", "read"),
    "rembuk": ("lokus.outputs.papers", "write_pack"),
    "run": ("lokus.pipeline", "run"),
    "verify": ("lokus.runs", "verify"),
    "write_run": ("lokus.runs", "write"),
}

__all__ = [
    "DataError", "InfeasibleSelection", "LokusError", "Problem", "Run", "Study", "StudyError", "check", "explain",
    "indicators", "make_study", "map", "open_study", "read_run", "rembuk", "run", "verify", "write_run",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'lokus' has no attribute {name!r}")
    import_module("lokus.messages")  # errors speak words from here on
    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)
