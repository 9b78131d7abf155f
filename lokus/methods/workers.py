"""Work shared among the cores: threads over NumPy and GEOS, which let go of the interpreter while they count."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Item = TypeVar("Item")
Out = TypeVar("Out")

FEWEST = 2_000  # rows for which a second thread is worth starting


def cores() -> int:
    """The cores this process may use, at least 1."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    return max(1, len(allowed))


def each(work: Callable[[Item], Out], items: Iterable[Item], workers: int | None = None) -> Iterator[Out]:
    """`work` of every item, in their order, whatever the number of workers (threads; by default one a core)."""
    many = workers or cores()
    if many == 1:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(many) as pool:
        yield from pool.map(work, items)


def spread(work: Callable[..., npt.NDArray[np.float64]], *arrays: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """`work` of arrays that go row by row, in parts; the same as of the whole."""
    parts = 1 if len(arrays[0]) < FEWEST else cores() * 4
    cut = [np.array_split(a, parts) for a in arrays]
    return np.concatenate(list(each(lambda rows: work(*rows), zip(*cut, strict=True))))
