"""Tables of how many children each village should measure, joined to counts of those it did."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lokus.errors import DataError, Problem
from lokus.sources import childvalues as values
from lokus.sources.byname import heading, read_by_name
from lokus.sources.numbers import is_missing, parse_numbers
from lokus.villages.names import normalise

_TOTALS = {"jumlah", "total", "jumlah total", "kabupaten"}


def with_targets(villages: pd.DataFrame, paths: Sequence[Path]) -> tuple[pd.DataFrame, list[Problem]]:
    """Adds `target` (children) and `measured_share` (measured / target, above 1 where more were measured).

    villages: kecamatan, desa and measured, one row a village. Rows of the tables that name the same village are
    summed. A village only the targets know is added with NaN counts: nobody's list has it, which is not zero. Errors:
    `DataError` where a table has no village or no number.
    """
    problems: list[Problem] = []
    wanted = pd.concat([_targets(path, problems) for path in paths], ignore_index=True)
    left = villages.assign(key_kecamatan=_keys(villages["kecamatan"]), key=_keys(villages["desa"]))
    wanted["matched"] = -1
    for on in (["key_kecamatan", "key"], ["key"]):
        index = left.reset_index().drop_duplicates(on, keep=False)[[*on, "index"]]
        # A name alone decides only where one of the two lists has no kecamatan.
        open_ = (wanted["matched"] < 0) & (
            (len(on) == 2) | (wanted["key_kecamatan"] == "") | (left["key_kecamatan"] == "").all()
        )
        found = wanted.loc[open_, on].merge(index, on=on, how="left")["index"].to_numpy()
        wanted.loc[open_, "matched"] = np.where(np.isnan(found), -1, found)
    sums = wanted[wanted["matched"] >= 0].groupby("matched")["target"].sum(min_count=1)
    alone = wanted[wanted["matched"] < 0]
    if len(alone):
        problems.append(Problem("children_target_alone", False, params={"count": len(alone)}))
    told = villages.assign(target=sums.reindex(villages.index).astype("float64"))
    if len(without := told.index[told["target"].isna()]):
        problems.append(Problem("children_target_absent", False, params={"count": len(without)}))
    added = alone.groupby(["key_kecamatan", "key"], sort=False).agg(
        kecamatan=("kecamatan", "first"), desa=("desa", "first"), target=("target", "sum")
    )
    joined = pd.concat([told, added.assign(kabupaten="").reset_index(drop=True)], ignore_index=True)
    counts = joined.columns.difference(["kabupaten", "kecamatan", "desa", "target"], sort=False)
    joined[counts] = joined[counts].astype("Int64")
    share = joined["measured"].astype("float64") / joined["target"].where(joined["target"] > 0)
    return joined.assign(measured_share=share), problems


def _targets(path: Path, problems: list[Problem]) -> pd.DataFrame:
    source = read_by_name(path, part="target")
    missing = [f'"{heading(f)}"' for f in ("village", "target") if f not in source.columns]
    if missing:
        raise DataError([Problem("children_columns_missing", True, source.where(), {"columns": missing})])
    problems += source.problems
    cells = {
        f: pd.Series(
            source.columns[f].to_pylist() if f in source.columns else "", index=range(len(source.rows)), dtype="str"
        )
        for f in ("kecamatan", "village", "target")
    }
    read = parse_numbers(cells["target"], ",").values.to_numpy()
    village, kecamatan = _keys(cells["village"]), _keys(cells["kecamatan"])
    named = (village != "").to_numpy() & ~village.isin(_TOTALS).to_numpy()
    bad = named & ~(read >= 0) & ~values.blank(source.columns["target"])
    problems += source.about("children_target_unreadable", bad, "target")
    frame = pd.DataFrame({
        "kecamatan": cells["kecamatan"].map(_shown), "desa": cells["village"].map(_shown), "key_kecamatan": kecamatan,
        "key": village, "target": np.where(read >= 0, read, np.nan),
    })  # fmt: skip
    return frame[named & ~np.isnan(frame["target"].to_numpy())]


def _shown(text: str) -> str:
    return "" if is_missing(text) else " ".join(text.split())


def _keys(names: pd.Series) -> pd.Series:
    return names.map(lambda n: "" if is_missing(n) else normalise(n)).astype("str")
