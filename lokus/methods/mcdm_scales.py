"""Scales of the published multi-criteria methods: every column on one footing, more = better.

Here a matrix is (n alternatives × k criteria), any unit; `types` (k,) is 1 where more is better and −1 where less is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Column = Callable[[Floats], Floats]


def length(x: Floats) -> Floats:
    """√Σx² of each column."""
    out: Floats = np.sqrt((x * x).sum(axis=0))
    return out


def log_shares(x: Floats) -> Floats:
    """ln x / ln Πx of each column, the product as a sum of logs: it passes no limit for thousands of alternatives."""
    logs = np.log(x)
    out: Floats = logs / logs.sum(axis=0)
    return out


# name → (scale of a criterion where more is better, scale of one where less is)
NORMALISATIONS: Mapping[str, tuple[Column, Column]] = {
    "minmax": (lambda x: (x - x.min(0)) / np.ptp(x, 0), lambda x: (x.max(0) - x) / np.ptp(x, 0)),
    "max": (lambda x: x / x.max(0), lambda x: 1 - x / x.max(0)),
    "sum": (lambda x: x / x.sum(0), lambda x: 1 / x / (1 / x).sum(0)),
    "vector": (lambda x: x / length(x), lambda x: 1 - x / length(x)),
    "logarithmic": (log_shares, lambda x: (1 - log_shares(x)) / (len(x) - 1)),
    "linear": (lambda x: x / x.max(0), lambda x: x.min(0) / x),
    "nonlinear": (lambda x: (x / x.max(0)) ** 2, lambda x: (x.min(0) / x) ** 3),
    "enhanced_accuracy": (
        lambda x: 1 - (x.max(0) - x) / (x.max(0) - x).sum(0),
        lambda x: 1 - (x - x.min(0)) / (x - x.min(0)).sum(0),
    ),
    "zavadskas_turskis": (
        lambda x: 1 - np.abs(x.max(0) - x) / np.abs(x.max(0)),
        lambda x: 1 - np.abs(x.min(0) - x) / np.abs(x.min(0)),
    ),
    "ocra": (lambda x: (x - x.min(0)) / x.min(0), lambda x: (x.max(0) - x) / x.min(0)),
}


def normalise(matrix: Floats, types: Floats, scale: str) -> Floats:
    """The matrix on one of `NORMALISATIONS`, in which more is better in every column.

    Parameters: `matrix` (n × k), > 0 where the scale divides or takes logs; `types` (k,) ±1; `scale` a name.
    Returns: (n × k). Raises: ValueError where the scale is not defined (a constant column, a 0 to be divided by, a
    missing value) or unknown.
    Source: the worked examples of pymcdm 1.4; Jahan & Edwards 2015.

    >>> normalise(np.array([[1.0, 4.0], [3.0, 2.0]]), np.array([1, -1]), "linear").round(3).tolist()
    [[0.333, 0.5], [1.0, 1.0]]
    """
    if scale not in NORMALISATIONS:
        raise ValueError(f"no scale {scale!r}")
    out, more = np.empty(matrix.shape), np.asarray(types) > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        for columns, told in zip((more, ~more), NORMALISATIONS[scale], strict=True):
            out[:, columns] = told(matrix[:, columns].astype(float))
    if not np.isfinite(out).all():
        raise ValueError(f"the scale {scale!r} is not defined for a constant, missing or zero value of this matrix")
    return out
