"""By-name exports of measured children → counts per village. No identity leaves this module.

A child is its NIK, or its name, birth and village where there is no NIK; of its measurements the latest in the window
that can be classed counts, and else the latest.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lokus.catalog.growth import length_for_age
from lokus.errors import DataError, Problem
from lokus.methods import dataquality, growth
from lokus.sources.byname import read_by_name
from lokus.sources.childvalues import NO_DAY
from lokus.sources.records import Place, Records, place_key, records_of
from lokus.sources.targets import with_targets

INVALID = ("sex", "age", "over_5_years", "height", "flagged")
RULES = ("same", "rounding", "posture", "months", "flagged", "not_classed", "no_own_class", "unexplained")
_EPOCH = dt.date(1970, 1, 1)


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
    """The measurements of all files, one after the other, with their scores."""

    parts: tuple[Records, ...]
    child: NDArray[np.int64]
    place: NDArray[np.int64]
    places: tuple[Place, ...]
    birth: NDArray[np.int32]
    measured_on: NDArray[np.int32]
    days: NDArray[np.int32]
    cm: NDArray[np.float64]
    sex: NDArray[np.int8]
    posture: NDArray[np.int8]
    own_class: NDArray[np.int8]
    z: NDArray[np.float64]
    class_: NDArray[np.int8]
    named: NDArray[np.bool_]

    def about(self, code: str, mask: NDArray[np.bool_]) -> list[Problem]:
        """One warning a file about the rows of a mask."""
        ends = np.cumsum([len(p.rows) for p in self.parts])
        told = []
        for part, rows in zip(self.parts, np.split(mask, ends[:-1]), strict=True):
            wide = np.isin(part.source.rows, part.rows[rows])
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
    parts, problems = _read(paths)
    if (since or until) and (undated := [p for p in parts if "measured_on" not in p.source.columns]):
        raise DataError([*problems, *(Problem("children_dates_missing", True, p.source.where()) for p in undated)])
    pool = _pooled(parts)
    inside = _inside(pool.measured_on, since, until)
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
    problems += _doubts(pool, inside)
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


def _read(paths: Sequence[Path]) -> tuple[list[Records], list[Problem]]:
    parts: list[Records] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            parts.append(records_of(read_by_name(path)))
            problems += parts[-1].problems
        except DataError as fault:
            problems += fault.problems
    if any(p.fatal for p in problems) or not parts:
        raise DataError(problems)
    for part in parts:
        if not part.source.columns.keys() & {"nik", "name"}:
            problems.append(Problem("children_no_identity", False, part.source.where()))
        if "posture" not in part.source.columns:
            problems.append(Problem("children_no_posture", False, part.source.where()))
    return parts, problems


def _pooled(parts: Sequence[Records]) -> _Pool:
    place, places = _joint_places(parts)
    columns = ("birth", "measured_on", "days", "cm", "sex", "posture", "own_class")
    joined = {c: np.concatenate([getattr(p, c) for p in parts]) for c in columns}
    child, named = _children(parts, joined["birth"], place)
    z = growth.height_for_age(joined["days"], joined["cm"], joined["sex"], joined["posture"], length_for_age())
    return _Pool(
        parts=tuple(parts),
        child=child,
        named=named,
        place=place,
        places=places,
        z=z,
        class_=growth.classes(z),
        **joined,
    )


def _joint_places(parts: Sequence[Records]) -> tuple[NDArray[np.int64], tuple[Place, ...]]:
    """Places of one spelling are one; they are shown as most rows spell them."""
    keys: dict[Place, int] = {}
    spellings: dict[int, dict[Place, int]] = {}
    numbers = []
    for part in parts:
        own = np.array([keys.setdefault(place_key(p), len(keys)) for p in part.places], dtype=np.int64)
        found = np.where(part.place >= 0, own[part.place] if len(own) else -1, -1)
        numbers.append(found)
        for place, number, rows in zip(part.places, own, np.bincount(part.place[part.place >= 0]), strict=False):
            seen = spellings.setdefault(int(number), {})
            seen[place] = seen.get(place, 0) + int(rows)
    shown = tuple(max(sorted(spellings[i]), key=spellings[i].__getitem__) for i in range(len(keys)))
    return np.concatenate(numbers), shown


def _children(
    parts: Sequence[Records], birth: NDArray[np.int32], place: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """A number for each child, and whether its rows are known to be one child's; a row that tells neither NIK nor
    name and birth is a child of its own."""
    nik = pa.chunked_array([p.nik for p in parts]).combine_chunks()
    name = pa.chunked_array([p.name for p in parts]).combine_chunks()
    has_nik = pc.not_equal(nik, "").to_numpy(zero_copy_only=False)
    has_name = pc.not_equal(name, "").to_numpy(zero_copy_only=False) & (birth != NO_DAY)
    born, where = (pa.array(a).cast(pa.string()) for a in (birth, place))
    key = pc.if_else(pa.array(has_nik), nik, pc.binary_join_element_wise(name, born, where, "|"))
    child = key.dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
    named = has_nik | has_name
    return np.where(named, child, len(child) + np.arange(len(child))), named


def _inside(on: NDArray[np.int32], since: dt.date | None, until: dt.date | None) -> NDArray[np.bool_]:
    inside = np.ones(len(on), dtype=np.bool_)
    if since:
        inside &= on >= (since - _EPOCH).days
    if until:
        inside &= (on <= (until - _EPOCH).days) & (on != NO_DAY)
    return inside


def _chosen(pool: _Pool, inside: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The one measurement of each child that counts, in the order of the files."""
    rows = np.flatnonzero(inside)
    order = rows[np.lexsort((rows, pool.measured_on[rows], pool.class_[rows] >= 0, pool.child[rows]))]
    last = np.append(np.diff(pool.child[order]) != 0, True) if len(order) else np.zeros(0, np.bool_)
    return np.sort(order[last])


def _doubts(pool: _Pool, inside: NDArray[np.bool_]) -> list[Problem]:
    """Measurements of a child that cannot both be right."""
    frame = pd.DataFrame({"child": pool.child, "on": pool.measured_on, "birth": pool.birth, "cm": pool.cm})
    known = frame[pool.named & inside]
    twice = known[known.duplicated(["child", "on"], keep=False) & (known["on"] != NO_DAY)]
    heights = twice.groupby(["child", "on"])["cm"].transform("nunique")
    again = known[known.duplicated("child", keep=False) & (known["birth"] != NO_DAY)]
    births = again.groupby("child")["birth"].transform("nunique")

    def mask(index: pd.Index) -> NDArray[np.bool_]:
        found = np.zeros(len(frame), dtype=np.bool_)
        found[index] = True
        return found

    return [
        *pool.about("children_same_day", mask(heights.index[heights > 1])),
        *pool.about("children_nik_shared", mask(births.index[births > 1])),
        *pool.about("children_window_undated", ~inside & (pool.measured_on == NO_DAY)),
        *pool.about("children_unidentified", ~pool.named & inside),
    ]


def _invalid(pool: _Pool, rows: NDArray[np.int64]) -> dict[str, NDArray[np.bool_]]:
    """Why a measurement has no class, by the first reason that holds."""
    reasons = {
        "sex": pool.sex[rows] == growth.UNKNOWN,
        "age": pool.days[rows] < 0,
        "over_5_years": pool.days[rows] > growth.OLDEST,
        "height": np.isnan(pool.cm[rows]),
        "flagged": growth.flagged(pool.z[rows]),
    }
    left = np.ones(len(rows), dtype=np.bool_)
    for reason in INVALID:
        reasons[reason], left = reasons[reason] & left, left & ~reasons[reason]
    return reasons


def _counts(pool: _Pool, rows: NDArray[np.int64]) -> pd.DataFrame:
    place, class_ = pool.place[rows], pool.class_[rows]
    sex, band = pool.sex[rows], growth.bands(pool.days[rows])
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
    own, ours, days = pool.own_class[rows], pool.class_[rows], pool.days[rows]
    cm, sex, posture = pool.cm[rows], pool.sex[rows], pool.posture[rows]
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
    digits = dataquality.last_digits(pool.cm[rows])
    scored = int(np.isfinite(z).sum())
    boys, girls = (int((valid & (pool.sex[rows] == s)).sum()) for s in (growth.BOY, growth.GIRL))
    known = pd.DataFrame({"child": pool.child, "on": pool.measured_on})[inside & (pool.measured_on != NO_DAY)]
    return {
        "children": float(len(rows)),
        "measured_share": float(valid.mean()) if len(rows) else float("nan"),
        "flagged_share": float(growth.flagged(z).sum() / scored) if scored else float("nan"),
        "z_sd": dataquality.spread(z[valid]),
        "digit_preference": dataquality.digit_preference(digits),
        "ending_0_or_5": dataquality.share_ending_0_or_5(digits),
        "sex_ratio": dataquality.sex_ratio(boys, girls),
        "age_heaping": dataquality.age_heaping(growth.completed_months(pool.days[rows])),
        "duplicates": float(known.duplicated().sum()),
    }
