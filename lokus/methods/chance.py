"""Chance as an argument: one named stream of random numbers for each step, never a global seed."""

from __future__ import annotations

import zlib

import numpy as np


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """The random stream of a step, the same for the same seed and names and independent of all others.

    Parameters: `seed` ≥ 0; `names` say what the stream is for (`"uncertainty", block, "stunting"`).

    >>> bool(stream(1, "moran").random() == stream(1, "moran").random())
    True
    """
    return np.random.default_rng([seed, *(zlib.crc32(n.encode()) if isinstance(n, str) else n for n in names)])
