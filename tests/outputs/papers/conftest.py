"""The three office papers of a run, made once, and a run whose chosen villages bear every name one may fear."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from lokus.outputs.papers.annex import annex
from lokus.outputs.papers.slides import slides
from lokus.outputs.papers.workbook import workbook
from lokus.pipeline import Run

BUILD = {"xlsx": workbook, "docx": annex, "pptx": slides}
NAMES = (
    "<img src=x onerror=alert(1)>", '=HYPERLINK("http://x")', "@cmd()", "Suka " + "Maju" * 74, "دهكده 🌾 Sari",
    "Bukit\u202e\u0007 Balik\nDua", "A & B $x_1^2$ {0}", "+62", "-1+1", "_x000D_",
)  # fmt: skip


@pytest.fixture(scope="session")
def hostile(run: Run) -> Run:
    """The made-up run with hostile names for its chosen villages, their kecamatan and its title."""
    villages = run.villages.copy()
    chosen = villages.index[villages["selected"]]
    villages.loc[chosen, "village"] = [NAMES[k % len(NAMES)] for k in range(len(chosen))]
    villages.loc[chosen[::3], "kecamatan"] = "=Kec & <b>"
    return replace(run, villages=villages, facts={**run.facts, "title": "=Judul & <b>🌾</b> " + "panjang " * 40})


@pytest.fixture(scope="session")
def paper(demo: Run, run: Run, hostile: Run) -> Callable[..., bytes]:
    """`paper("xlsx", "demo")`: the paper of a run by the fixture's name, made once."""
    runs = {"demo": demo, "run": run, "hostile": hostile}

    @cache
    def made(kind: str, which: str, lang: str = "id", public: bool = True) -> bytes:
        return BUILD[kind](runs[which], lang, public=public)

    return made
