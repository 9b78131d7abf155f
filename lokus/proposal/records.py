"""The records of a proposal: sentences with their fields, questions, and what each file is proposed to be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lokus.errors import Problem
from lokus.intake import Intake
from lokus.sources.boundaries import Boundaries
from lokus.sources.sheets import Sheet
from lokus.villages.codes import CodeSystem


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence: the text `init.<code>` with its fields."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """Something the files do not tell for sure: `choices` as people read them, and which of them is proposed."""

    said: Said
    choices: tuple[str | Said, ...]
    proposal: int = 0


@dataclass(frozen=True, slots=True)
class Blank:
    """Something no file tells, which a person writes: `proposal` is what Enter takes ("" = nothing, a TODO stays)."""

    said: Said
    proposal: str
    fits: Callable[[str], bool]


Sentence = Said | Question | Problem
# The number of the choice taken, or None where nobody is there to ask: then the proposal holds and stays a TODO.
Ask = Callable[[Question], int | None]
# What a person wrote, or None where nobody is there to ask.
Fill = Callable[[Blank], str | None]


def settle(ask: Ask, question: Question, doubts: list[Sentence]) -> int:
    """The choice of a person, or the proposal with the question kept among the doubts."""
    answer = ask(question)
    if answer is None:
        doubts.append(question)
    return question.proposal if answer is None else answer


@dataclass(frozen=True, slots=True)
class Ground:
    """A boundary file under one hypothesis of its code system, and of its attributes where no schema knows them."""

    path: Path
    layer: str
    system: CodeSystem
    boundaries: Boundaries
    crs: str = ""
    kabupaten: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    names_only: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """One sheet of a table as read: `columns` are its header paths, `told` the texts that stand around it."""

    path: Path
    sheet: Sheet
    many: bool = False

    @property
    def name(self) -> str:
        """How people call it: the file, with the sheet where several are filled."""
        return f"{self.path.name} › {self.sheet.name}" if self.many and self.sheet.name else self.path.name

    @property
    def titles(self) -> list[str]:
        """The lines above the header."""
        out = self.sheet.left_out
        return [str(t) for t in out.loc[out["kind"] == "title", "text"]]


@dataclass(frozen=True, slots=True)
class Period:
    """When the data are of: as people read it, as it sorts (year, month), and what says so."""

    text: str = ""
    key: tuple[int, int] = (0, 0)
    said: Said | None = None
    column: str = ""
    latest: str = ""
    among: tuple[str, ...] = ()

    @property
    def several(self) -> bool:
        """Whether a column holds more than this period."""
        return len(self.among) > 1


@dataclass(frozen=True, slots=True)
class Meaning:
    """An indicator found in the columns of one table: the columns of each role, as a study file names them.

    `off`: why it stands in the study as a comment only. `mend`: the few rows that a person must mend before it runs.
    """

    id: str
    numerator: tuple[str, ...] = ()
    denominator: tuple[str, ...] = ()
    percent: str = ""
    value: tuple[str, ...] = ()
    own: Mapping[str, str] = field(default_factory=dict)
    score: bool = True
    of: str = ""
    evidence: tuple[Said, ...] = ()
    doubts: tuple[Sentence, ...] = ()
    off: Sentence | None = None
    mend: tuple[Problem, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column it uses."""
        return (*self.numerator, *self.denominator, *self.value, *((self.percent,) if self.percent else ()))


@dataclass(frozen=True, slots=True)
class TableProposal:
    """A table with its places and what it measures; `use` is "table", or "last_year" for a list of chosen villages.

    `villages`: how many of the study's it speaks of. `evidence`: the reading that is used, then those that are not.
    `service`: what its rows are of, where those of a sheet are of several. `off`: why it stands in the study as a
    comment only.
    """

    id: str
    look: Look
    place: Mapping[str, str]
    code_system: CodeSystem | None
    villages: int
    period: Period = Period()
    repeated: str = "refuse"
    fill_down: bool = False
    only: Mapping[str, str] = field(default_factory=dict)
    decimal: str = "auto"
    use: str = "table"
    source: str = ""
    service: str = ""
    evidence: tuple[Said, ...] = ()
    doubts: tuple[Sentence, ...] = ()
    meanings: tuple[Meaning, ...] = ()
    unused: tuple[str, ...] = ()
    off: Sentence | None = None

    @property
    def name(self) -> str:
        """How people call it: the file, with the sheet and the service where several are in it."""
        return f"{self.look.name} › {self.service}" if self.service else self.look.name


@dataclass(frozen=True, slots=True)
class PointsProposal:
    """A table of places with coordinates."""

    id: str
    look: Look
    name: str
    latitude: str
    longitude: str
    label: str
    kecamatan: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A whole study as proposed. `left`: files (by name) that are not used, each with the reason.

    `settled`: a person was asked for the year and the number of villages. `read`: what lokus made of the study, None
    where it cannot be read yet.
    """

    ground: Ground
    ground_evidence: tuple[Said, ...]
    ground_doubts: tuple[Sentence, ...]
    tables: tuple[TableProposal, ...]
    points: tuple[PointsProposal, ...]
    left: tuple[tuple[str, Sentence], ...]
    year: int
    count: int
    kabupaten: str
    source: str = ""
    settled: bool = False
    read: Intake | None = field(default=None, compare=False)

    @property
    def indicators(self) -> list[tuple[str, Meaning]]:
        """Every indicator that is used, with its table's id."""
        return [(t.id, m) for t in self.tables if not t.off for m in t.meanings if not m.off]

    @property
    def runs(self) -> bool:
        """Whether the study can be run as it stands: it was read, and no row of it waits to be mended."""
        return self.read is not None and not any(m.mend for _, m in self.indicators)
