"""What can go wrong, as data: problems with a place and parameters, and the one exception tree.

Texts live in `locale/`; nothing here knows a language. Methods below the files raise `ValueError`
for misuse by a programmer; everything a user can cause ends in one of these.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

# What belongs to one person: NIK and card numbers (16 digits or more), NIP, a mobile phone's number.
_PERSONAL = re.compile(
    r"(?<!\d)(?<!\d[.,])(?:\d{16,}|(?!(?:19|20)\d\d\D(?:19|20))\d{4}(?:[ .-]\d{4}){3}|\d{6}[ .-]\d{6}[ .-]\d{4}"
    r"|\d{8} \d{6} \d \d{3}|(?:\+?62|0)8\d[\d -]{6,11}\d)(?!\d)"
)


def masked(value: Any) -> Any:
    """Texts, and those in lists, but for one that holds a number of a person: beside it stands a name, as a rule.

    >>> masked("3201010101010001 (AMINAH)"), masked(["8801012001"]), masked(12)
    ('****', ['8801012001'], 12)
    """
    if isinstance(value, str):
        return "****" if _PERSONAL.search(value) else value
    return type(value)(map(masked, value)) if type(value) in (list, tuple) else value


@dataclass(frozen=True, slots=True)
class Where:
    """The place of a problem as its reader finds it: file, sheet (its name, or its place in the workbook where the name
    may be a person's), 1-based row, column header or study key."""

    file: str = ""
    sheet: str | int = ""
    row: int | None = None
    column: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault or doubt in a user's input; `code` names its text and remedy in `locale/*/`."""

    code: str
    fatal: bool = False
    where: Where = Where()
    params: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """No problem carries a person's number, whichever cell it quotes."""
        object.__setattr__(self, "params", {name: masked(value) for name, value in self.params.items()})


class LokusError(Exception):
    """Anything a user can cause or mend; `code` names its text in `locale/*/`."""

    exit_code = 1
    # `messages` sets it: who prints an error in Python reads the words of the screen; nothing here knows a language.
    words: ClassVar[Callable[[LokusError], str] | None] = None

    def __init__(self, code: str, problems: Iterable[Problem] = (), **params: Any) -> None:
        self.code = code
        self.problems = tuple(problems)
        self.params = params
        super().__init__(code, params, self.problems)

    def __str__(self) -> str:
        if LokusError.words is not None:
            return LokusError.words(self)
        told = "; ".join(f"{p.code} {dict(p.params)}" for p in self.problems)
        return f"{self.code} {self.params or ''} {told}".strip()


class StudyError(LokusError):
    """The study file (or the command line) is at fault; all its faults at once, with key paths."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        super().__init__("study_faults", problems)


class DataError(LokusError):
    """The data files are at fault; every problem with file, sheet, row, column and value."""

    exit_code = 3

    def __init__(self, problems: Iterable[Problem]) -> None:
        super().__init__("data_faults", problems)


class InfeasibleSelection(LokusError):
    """The rules of choice contradict each other; `rules` is a smallest contradicting set of study keys."""

    exit_code = 4

    def __init__(self, rules: Iterable[str], **params: Any) -> None:
        self.rules = tuple(rules)
        super().__init__("selection_infeasible", rules=self.rules, **params)
