"""What is wrong with a whole by-name list, told by its rows together: heights, days and births that cannot be meant."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lokus.errors import Problem
from lokus.methods import growth
from lokus.sources.byname import ByName
from lokus.sources.childdates import FEW
from lokus.sources.childheadings import near
from lokus.sources.childvalues import NO_DAY
from lokus.sources.records import Measures

# Of these, the user hears before anything else.
FIRST = (
    "children_most_lost", "children_many_lost", "children_mostly_unidentified", "children_ages_contradict",
    "children_undated",
)  # fmt: skip
_MOST = 0.5
# What a median in the column of heights is, up to so many cm.
_LOOKS = {"metres": 2.0, "weights": 32.0, "strange": 250.0, "millimetres": 2000.0}


def faults(
    source: ByName, m: Measures, z: NDArray[np.float64], child: NDArray[np.int64], named: NDArray[np.bool_]
) -> list[Problem]:
    """Of one table. child, named: as in `childidentity.Identity`."""
    found = _heights(source, m.cm, z)
    undated, unborn = (bool((days == NO_DAY).all()) for days in (m.measured_on, m.birth))
    if undated:
        heights = pd.Series(m.cm[named]).groupby(child[named]).nunique()
        told = {"children": int((heights > 1).sum()), "near": near("measured_on", source.others)}
        code = "children_undated_several" if told["children"] else "children_undated"
        found.append(Problem(code, bool(told["children"]), source.where("measured_on"), told))
    if unborn:
        told = {"near": near("birth", source.others)}
        found.append(Problem("children_unborn", False, source.where("birth"), told))
    if source.columns.keys() & {"nik", "name"} and (~named).sum() > _MOST * len(named) and len(named) >= FEW:
        told = {"count": int((~named).sum()), "rows": len(named)}
        found.append(Problem("children_mostly_unidentified", False, source.where(), told))
    return found


def _heights(source: ByName, cm: NDArray[np.float64], z: NDArray[np.float64]) -> list[Problem]:
    """A fault where most heights cannot be those of children of their age."""
    scored, flagged = int(np.isfinite(z).sum()), int(growth.flagged(z).sum())
    if scored < FEW or flagged <= _MOST * scored:
        return []
    middle = np.nanmedian(cm)
    looks = next((name for name, most in _LOOKS.items() if middle <= most), "strange")
    return [Problem(f"children_height_{looks}", True, source.where("height"), {"count": flagged, "rows": scored})]
