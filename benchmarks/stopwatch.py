"""How long a thing takes, for the scripts beside this one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def best(work: Callable[[], Any], repeats: int = 5) -> tuple[float, Any]:
    """The least seconds of a few repeats, and what came out."""
    seconds, out = [], None
    for _ in range(repeats):
        start = time.perf_counter()
        out = work()
        seconds.append(time.perf_counter() - start)
    return min(seconds), out
