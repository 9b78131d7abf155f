"""By-name exports of measured children → counts per village. No identity leaves this module.

Whose a measurement is, `childidentity` says; of a child's measurements the latest in the window that can be classed
counts, and else the latest.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from lokus.catalog.growth import length_for_age
from lokus.errors import DataError, Problem, Where
from lokus.methods import dataquality, growth
from lokus.sources.byname import PASSED, ByName, listed, passed, read_by_name
from lokus.sources.childidentity import Identity, identified
from lokus.sources.childplaces import Place, joined_places
from lokus.sources.childvalues import NO_DAY
from lokus.sources.records import Measures, Records, records_of
from lokus.sources.targets import with_targets
from lokus.sources.telling import few

INVALID = ("sex", "age", "over_5_years", "height", "flagged")
RULES = ("same", "rounding", "posture", "months", "flagged", "not_classed", "no_own_class", "unexplained")
_EPOCH = dt.date(1970, 1, 1)
# From this share of lost measurements on, it is the first thing told.
_TOLD_FROM = 0.05


@dataclass(frozen=True, slots=True)
class ChildCounts:
    """What may be told of by-name lists.

    `villages`: one row a village, by kabupaten, kecamatan, desa; counts of children: `children` = `measured` + the
    `invalid_*`; `stunted` (z < −2, the severe among them) and `severely_stunted` (z < −3) of `measured`, also by sex
    and by age band in completed months. With targets, `target` and `measured_share`; NaN where the other list does not
    know the village. `account`: what became of every row below the headers. `agreement`: how lokus's class and the
    file's own agree, and by which rule they do not. `quality`: scores of `methods.dataquality`.
    """

    villages: pd.DataFrame
    account: dict[str, int]
    agreement: dict[str, int]
    quality: dict[str, float]
    problems: tuple[Problem, ...]

    def scores(self) -> dict[str, float | None]:
        """`quality` as JSON has it: None where there is no score."""
        return {name: None if np.isnan(value) else value for name, value in self.quality.items()}


@dataclass(frozen=True, slots=True, repr=False)
class _Pool:
    """The measurements of all tables, one after the other, with whose they are and their scores."""

    parts: tuple[Records, ...]
    who: Identity
    m: Measures
    place: NDArray[np.int64]
    places: tuple[Place, ...]
    z: NDArray[np.float64]
    class_: NDArray[np.int8]

    @property
    def part(self) -> NDArray[np.int64]:
        """The number of each row's table."""
        return np.repeat(np.arange(len(self.parts)), [len(p.rows) for p in self.parts])

    def about(self, code: str, mask: NDArray[np.bool_]) -> list[Problem]:
        """One warning a table about the rows of a mask."""
        told = []
        for number, part in enumerate(self.parts):
            wide = np.isin(part.source.rows, part.rows[mask[self.part == number]])
            told += part.source.about(code, wide)
        return told


def count_children(
    paths: Sequence[Path], *, since: dt.date | None = None, until: dt.date | None = None, targets: Sequence[Path] = ()
) -> ChildCounts:
    """Counts the children of by-name exports per village.

    paths: files of one kabupaten or more, in any mixture of formats. since, until: the days, both included, between
    which a measurement counts. targets: tables of village and number of children to be measured. Errors: `DataError`
    with every problem of every file, where one of them is fatal; no problem holds a value of a child.
    """
    files, problems = listed(paths)
    parts = _read(files, paths, problems)
    if (since or until) and (undated := [p for p in parts if "measured_on" not in p.source.columns]):
        raise DataError([*problems, *(Problem("children_dates_missing", True, p.source.where()) for p in undated)])
    pool = _pooled(parts, problems)
    inside = _inside(pool.m.measured_on, since, until)
    chosen = _chosen(pool, inside)
    account = {kind: sum(p.account[kind] for p in parts) for kind in ("blank", "not_measurements", "broken")}
    counted = chosen[pool.place[chosen] >= 0]
    account |= {
        "outside_window": int((~inside).sum()),
        "earlier": int(inside.sum()) - len(chosen),
        "without_village": len(chosen) - len(counted),
        "counted": len(counted),
    }
    villages = _counts(pool, counted)
    problems = [*_lost(pool, chosen), *problems, *_doubts(pool, inside)]
    if any(p.fatal for p in problems):
        raise DataError(problems)
    if targets:
        villages, told = with_targets(villages, targets)
        problems += told
    has_class = any("class" in p.source.columns for p in parts)
    return ChildCounts(
        villages=villages,
        account={"rows": sum(account.values()), **account},
        agreement=_agreement(pool, counted) if has_class else {},
        quality=_quality(pool, counted, inside),
        problems=tuple(problems),
    )


def _read(files: Sequence[Path], named: Sequence[Path], problems: list[Problem]) -> list[Records]:
    """The measurements of every table. A file that is no by-name list is passed over where only its folder is named."""
    parts: list[Records] = []
    for path in files:
        try:
            found, told = _measured(read_by_name(path))
        except DataError as faults:
            no_list = path not in named and all(p.code in PASSED for p in faults.problems)
            problems += passed(faults.problems) if no_list else faults.problems
            continue
        parts += found
        problems += told
    if not parts and not any(p.fatal for p in problems):
        problems.append(Problem("children_none", True))
    if any(p.fatal for p in problems):
        raise DataError(problems)
    for part in parts:
        if not part.source.columns.keys() & {"nik", "name"}:
            problems.append(Problem("children_no_identity", False, part.source.where()))
        if "posture" not in part.source.columns:
            problems.append(Problem("children_no_posture", False, part.source.where()))
    return parts


def _measured(sources: Sequence[ByName]) -> tuple[list[Records], list[Problem]]:
    """The tables of a file that hold measurements; that one holds none is fatal only where it is the only one."""
    parts: list[Records] = []
    problems: list[Problem] = []
    for source in sources:
        try:
            parts.append(records_of(source))
            problems += parts[-1].problems
        except DataError as faults:
            problems += faults.problems
    return parts, [replace(p, fatal=p.fatal and not parts) for p in problems]


def _pooled(parts: Sequence[Records], problems: list[Problem]) -> _Pool:
    place, places, several = joined_places([(p.place, p.places) for p in parts])
    if several:
        told = {"count": len(several), "villages": few(sorted({places[i][2] for i in several}))}
        problems.append(Problem("children_place_several", False, params=told))
    m = Measures.joined([p.measures for p in parts])
    nik, name = (pa.chunked_array([getattr(p, f) for p in parts]).combine_chunks() for f in ("nik", "name"))
    who = identified(nik, name, place, m)
    z = growth.height_for_age(m.days, m.cm, m.sex, m.posture, length_for_age())
    return _Pool(tuple(parts), who, m, place, places, z, growth.classes(z))


def _inside(on: NDArray[np.int32], since: dt.date | None, until: dt.date | None) -> NDArray[np.bool_]:
    inside = np.ones(len(on), dtype=np.bool_)
    if since:
        inside &= on >= (since - _EPOCH).days
    if until:
        inside &= (on <= (until - _EPOCH).days) & (on != NO_DAY)
    return inside


def _chosen(pool: _Pool, inside: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The one measurement of each child that counts, in the order of the files: one with a village, where there is."""
    rows = np.flatnonzero(inside)
    child = pool.who.child[rows]
    keys = (rows, pool.m.measured_on[rows], pool.class_[rows] >= 0, pool.place[rows] >= 0, child)
    order = np.lexsort(keys)
    last = np.append(np.diff(child[order]) != 0, True) if len(order) else np.zeros(0, np.bool_)
    return np.sort(rows[order[last]])


def _doubts(pool: _Pool, inside: NDArray[np.bool_]) -> list[Problem]:
    """Measurements of a child that cannot both be right, and children that cannot be told apart."""
    who, m = pool.who, pool.m
    frame = pd.DataFrame({"child": who.child, "on": m.measured_on, "cm": m.cm})[who.named & inside]
    twice = frame[frame.duplicated(["child", "on"], keep=False) & (frame["on"] != NO_DAY)]
    heights = twice.groupby(["child", "on"])["cm"].transform("nunique")
    differ = np.zeros(len(inside), dtype=np.bool_)
    differ[heights.index[heights > 1]] = True
    return [
        *pool.about("children_nik_shared", who.shared & inside),
        *pool.about("children_nik_differs", who.doubled & inside),
        *pool.about("children_same_day", differ),
        *pool.about("children_window_undated", ~inside & (m.measured_on == NO_DAY)),
        *pool.about("children_unidentified", ~who.named & inside),
    ]


def _lost(pool: _Pool, chosen: NDArray[np.int64]) -> list[Problem]:
    """Files of which so much counts in no village that their counts mislead."""
    homeless = chosen[pool.place[chosen] < 0]
    lost = np.isin(pool.who.child, pool.who.child[homeless])
    found = []
    for file in dict.fromkeys(p.source.file for p in pool.parts):
        own = [i for i, p in enumerate(pool.parts) if p.source.file == file]
        inside, unread = np.isin(pool.part, own), sum(pool.parts[i].unread for i in own)
        count, rows = int((lost & inside).sum()) + unread, int(inside.sum()) + unread
        told = {
            "count": count,
            "rows": rows,
            "share": round(100 * count / rows),
            "children": int(inside[homeless].sum()),
        }
        if count > _TOLD_FROM * rows:
            code = "children_most_lost" if count > rows / 2 else "children_many_lost"
            found.append(Problem(code, count > rows / 2, Where(file), told))
    return found


def _invalid(pool: _Pool, rows: NDArray[np.int64]) -> dict[str, NDArray[np.bool_]]:
    """Why a measurement has no class, by the first reason that holds."""
    reasons = {
        "sex": pool.m.sex[rows] == growth.UNKNOWN,
        "age": pool.m.days[rows] < 0,
        "over_5_years": pool.m.days[rows] > growth.OLDEST,
        "height": np.isnan(pool.m.cm[rows]),
        "flagged": growth.flagged(pool.z[rows]),
    }
    left = np.ones(len(rows), dtype=np.bool_)
    for reason in INVALID:
        reasons[reason], left = reasons[reason] & left, left & ~reasons[reason]
    return reasons


def _counts(pool: _Pool, rows: NDArray[np.int64]) -> pd.DataFrame:
    place, class_ = pool.place[rows], pool.class_[rows]
    sex, band = pool.m.sex[rows], growth.bands(pool.m.days[rows])
    numbers = np.unique(place)

    def per_village(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.bincount(place[mask], minlength=len(pool.places))[numbers]

    degrees = {
        "measured": class_ >= 0,
        "stunted": (class_ == growth.STUNTED) | (class_ == growth.SEVERE),
        "severely_stunted": class_ == growth.SEVERE,
    }
    groups = {"boys": sex == growth.BOY, "girls": sex == growth.GIRL}
    groups |= {f"{name}_months": band == i for i, name in enumerate(growth.BANDS)}
    columns: dict[str, NDArray[np.int64]] = {"children": per_village(np.ones(len(rows), dtype=np.bool_))}
    columns |= {name: per_village(mask) for name, mask in degrees.items()}
    columns |= {f"invalid_{why}": per_village(mask) for why, mask in _invalid(pool, rows).items()}
    columns |= {f"{d}_{g}": per_village(m & n) for g, n in groups.items() for d, m in degrees.items()}
    places = pd.DataFrame([pool.places[i] for i in numbers], columns=["kabupaten", "kecamatan", "desa"], dtype="str")
    return pd.concat([places, pd.DataFrame(columns)], axis=1).sort_values(list(places), ignore_index=True)


def _agreement(pool: _Pool, rows: NDArray[np.int64]) -> dict[str, int]:
    """How many classes of the file are lokus's, and which rule, left out, would give the file's class."""
    own, ours, days = pool.m.own_class[rows], pool.class_[rows], pool.m.days[rows]
    cm, sex, posture = pool.m.cm[rows], pool.m.sex[rows], pool.m.posture[rows]
    standard = length_for_age()
    months = np.where(days < 0, -1, growth.whole_days(growth.completed_months(days)))
    untold = np.full(len(rows), growth.UNTOLD, dtype=np.int8)
    without = {
        "rounding": growth.height_for_age(days, cm, sex, posture, standard, decimals=False),
        "posture": growth.height_for_age(days, cm, sex, untold, standard),
        "months": growth.height_for_age(months, cm, sex, posture, standard),
    }
    holds: Mapping[str, NDArray[np.bool_]] = {
        "no_own_class": own == growth.UNKNOWN,
        "flagged": growth.flagged(pool.z[rows]),
        "not_classed": ours == growth.UNKNOWN,
        "same": ours == own,
        **{rule: growth.classes(z) == own for rule, z in without.items()},
    }
    counts = dict.fromkeys(RULES, 0)
    left = np.ones(len(rows), dtype=np.bool_)
    for rule, mask in holds.items():
        counts[rule] = int((mask & left).sum())
        left &= ~mask
    return counts | {
        "unexplained": int(left.sum()),
        "only_file_stunted": int((np.isin(own, [0, 1]) & (ours >= growth.NORMAL)).sum()),
        "only_lokus_stunted": int((np.isin(ours, [0, 1]) & (own >= growth.NORMAL)).sum()),
    }


def _quality(pool: _Pool, rows: NDArray[np.int64], inside: NDArray[np.bool_]) -> dict[str, float]:
    z, valid = pool.z[rows], pool.class_[rows] >= 0
    digits = dataquality.last_digits(pool.m.cm[rows])
    scored = int(np.isfinite(z).sum())
    boys, girls = (int((valid & (pool.m.sex[rows] == s)).sum()) for s in (growth.BOY, growth.GIRL))
    known = pd.DataFrame({"child": pool.who.child, "on": pool.m.measured_on})[inside & (pool.m.measured_on != NO_DAY)]
    return {
        "children": float(len(rows)),
        "measured_share": float(valid.mean()) if len(rows) else float("nan"),
        "flagged_share": float(growth.flagged(z).sum() / scored) if scored else float("nan"),
        "z_sd": dataquality.spread(z[valid]),
        "digit_preference": dataquality.digit_preference(digits),
        "ending_0_or_5": dataquality.share_ending_0_or_5(digits),
        "sex_ratio": dataquality.sex_ratio(boys, girls),
        "age_heaping": dataquality.age_heaping(growth.completed_months(pool.m.days[rows])),
        "duplicates": float(known.duplicated().sum()),
    }
