"""Problems about the rows of a boundary file: which features, which villages, how many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from lokus.errors import Problem, Where

LISTED = 6


def about_rows(code: str, where: Where, rows: pd.DataFrame, *, fatal: bool = False, **params: Any) -> list[Problem]:
    """One problem about the given rows, none where there are none.

    Parameters: `rows`, index = feature number (1-based), column `village`. The problem's params hold all of `rows`
    (numbers), and for its text `count`, `villages` and `numbers`, the first few of each.
    """
    if rows.empty:
        return []
    numbers = tuple(int(number) for number in rows.index)
    about = {
        "rows": numbers,
        "count": len(numbers),
        "villages": few(list(dict.fromkeys(name for name in rows["village"] if name)) or ["–"]),
        "numbers": few([str(number) for number in numbers[:LISTED]], len(numbers)),
    }
    return [Problem(code, fatal, where, about | params)]


def few(shown: Sequence[str], count: int = 0) -> str:
    """The first few of a list, and "…" where there are more.

    >>> few(["a", "b"]), few(["a", "b"], 7)
    ('a, b', 'a, b, …')
    """
    listed = list(shown[:LISTED])
    return ", ".join(listed) + (", …" if max(len(shown), count) > LISTED else "")
