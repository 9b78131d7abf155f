"""Tables of somewhere, or of something, else: hardly a row of them is of a village that the study knows."""

from __future__ import annotations

import pandas as pd

from lokus.villages.joining import JOINED
from lokus.villages.names import squeeze

# Below this share of the rows, and of the villages, nothing speaks for the column being one of these villages.
HARDLY = 0.1
LEAST_ROWS = 20


def is_stranger(places: pd.DataFrame, matches: pd.DataFrame, villages: pd.DataFrame) -> bool:
    """Whether a table's places are, as far as its rows tell, no villages of the study.

    Parameters: `places` and `matches` on one index, `villages`, as for `joining.join`. Rows that say to be of another
    kabupaten do not count, and those that bear a village's name do, whether they could be matched or not. A table of a
    province without its kabupaten has few such rows, but knows the villages.
    """
    inside = matches["status"] != "outside"
    joined = inside & matches["status"].isin(JOINED)
    named = places["village"].map(squeeze).isin(villages["village"].map(squeeze))
    told = places[inside & (joined | named)]
    covered = len(told[["kecamatan", "village", "code"]].drop_duplicates())
    return bool(inside.sum() >= LEAST_ROWS and len(told) < HARDLY * inside.sum() and covered < HARDLY * len(villages))
