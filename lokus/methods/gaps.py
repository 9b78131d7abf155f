"""How far a village is from a target, in share and in people."""

from __future__ import annotations

from typing import Literal

import pandas as pd

Better = Literal["lower", "higher"]


def gap(value: pd.Series, target: float, better: Better) -> pd.Series:
    """Distance to the target on the wrong side of it.

    max(0, target − value) where higher is better, max(0, value − target) where lower is.

    Parameters: `value` share 0–1; `target` share 0–1.
    Returns: share ≥ 0 on the same index; NaN where the value is missing.
    Raises: ValueError for another `better`.

    >>> gap(pd.Series([0.7, 0.95]), 0.9, "higher").round(2).tolist()
    [0.2, 0.0]
    """
    return (_sign(better) * (value - target)).clip(lower=0.0).rename("gap")


def gap_people(value: pd.Series, denominator: pd.Series, better: Better) -> pd.Series:
    """People of the target group who lack the service, or have the burden.

    denominator · (1 − value) where higher is better, denominator · value where lower is.

    Parameters: `value` share 0–1; `denominator` people ≥ 0 on the same index.
    Returns: people on the same index; NaN where either is missing.
    Raises: ValueError for another `better`, or two indexes.

    >>> gap_people(pd.Series([0.75]), pd.Series([40.0]), "higher").tolist()
    [10.0]
    """
    if not value.index.equals(denominator.index):
        raise ValueError("value and denominator are on two indexes")
    share = value if _sign(better) > 0 else 1 - value
    return (denominator * share).rename("gap_people")


def _sign(better: str) -> int:
    if better not in ("lower", "higher"):
        raise ValueError(f"better is 'lower' or 'higher', not {better!r}")
    return 1 if better == "lower" else -1
