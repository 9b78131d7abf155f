"""Tables of how many children each village should measure, joined to counts of those it did."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lokus.errors import DataError, Problem
from lokus.sources import childvalues as values
from lokus.sources.byname import listed, read_by_name
from lokus.sources.childplaces import AREA, joined_places, shown
from lokus.sources.numbers import parse_numbers
from lokus.villages.names import normalise

_TOTALS = {"jumlah", "total", "jumlah total", "kabupaten"}
_PLACE = ["kabupaten", "kecamatan", "desa"]


def with_targets(villages: pd.DataFrame, paths: Sequence[Path]) -> tuple[pd.DataFrame, list[Problem]]:
    """Adds `target` (children) and `measured_share` (measured / target, above 1 where more were measured).

    villages: kabupaten, kecamatan, desa and measured, one row a village. Rows of the tables that name the same village
    are summed; a list may leave out the kabupaten or kecamatan that another tells. A village only the targets know is
    added with NaN counts: nobody's list has it, which is not zero. Errors: `DataError` where a table has no village or
    no number.
    """
    files, problems = listed(paths)
    if any(p.fatal for p in problems):
        raise DataError(problems)
    wanted = pd.concat([_targets(path, problems) for path in files], ignore_index=True)
    tables = [(np.arange(len(t)), list(t[_PLACE].itertuples(index=False, name=None))) for t in (villages, wanted)]
    place, places, several = joined_places(tables)
    ours, theirs = np.split(place, [len(villages)])
    open_ = np.isin(theirs, several)
    target = wanted.loc[~open_, "target"].groupby(theirs[~open_]).sum()
    filled = pd.DataFrame([places[i] for i in ours], villages.index, _PLACE, dtype="str")
    # Two villages that a table of targets takes for one share no target.
    known = target.reindex(ours).mask(pd.Series(ours, ours).duplicated(keep=False)).to_numpy()
    told = villages.assign(**filled.where(villages[_PLACE] == "", villages[_PLACE]), target=known)
    alone = target[~target.index.isin(ours)]
    elsewhere = _elsewhere(places, alone.index, ours)
    twins = {_within(places[i]) for i in elsewhere}
    absent = told["target"].isna() & ~np.array([_within(places[i]) in twins for i in ours], np.bool_)
    counts = {
        "children_target_several": int(open_.sum()),
        "children_target_elsewhere": int(np.isin(theirs, elsewhere).sum()),
        "children_target_alone": int((~open_ & ~np.isin(theirs, [*ours, *elsewhere])).sum()),
        "children_target_absent": int(absent.sum()),
    }
    problems += [Problem(code, False, params={"count": count}) for code, count in counts.items() if count]
    added = pd.DataFrame([places[i] for i in alone.index], columns=_PLACE, dtype="str")
    joined = pd.concat([told, added.assign(target=alone.to_numpy())], ignore_index=True)
    numbers = joined.columns.difference([*_PLACE, "target"], sort=False)
    joined[numbers] = joined[numbers].astype("Int64")
    share = joined["measured"].astype("float64") / joined["target"].where(joined["target"] > 0)
    return joined.assign(measured_share=share), problems


def _within(place: Sequence[str]) -> tuple[str, ...]:
    """A place without its kabupaten, however it is spelled."""
    return tuple(map(normalise, place[1:]))


def _elsewhere(places: Sequence[Sequence[str]], alone: Iterable[int], ours: Iterable[int]) -> list[int]:
    """The places of targets alone that are in the lists under another kabupaten: no spelling would mend that."""
    named = {_within(places[i]) for i in ours}
    return [i for i in alone if all(places[i]) and _within(places[i]) in named]


def _targets(path: Path, problems: list[Problem]) -> pd.DataFrame:
    """kabupaten, kecamatan, desa as written, and target, of the rows of a table that are a village's."""
    source = read_by_name(path, part="target")[0]
    problems += source.problems
    cells = {
        f: pd.Series(source.columns[f].to_pylist() if f in source.columns else [""] * len(source.rows), dtype="str")
        for f in (*AREA, "target")
    }
    read = parse_numbers(cells["target"], ",").values.to_numpy()
    places = pd.DataFrame({name: cells[f].map(shown) for name, f in zip(_PLACE, AREA, strict=True)})
    village = places["desa"].map(normalise)
    named = (village != "").to_numpy() & ~village.isin(_TOTALS).to_numpy()
    bad = named & ~(read >= 0) & ~values.blank(source.columns["target"])
    problems += source.about("children_target_unreadable", bad, "target")
    return places.assign(target=read)[named & (read >= 0)]
