"""Values onto villages, and the account of every row and every village: rows in = rows joined + rows reported."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from lokus.errors import Problem, Where
from lokus.villages import codes, names

ACCOUNT = (
    "table", "row", "kind", "kecamatan", "village", "code", "status", "rung", "village_code", "share", "similarity",
    "candidates", "reason",
)  # fmt: skip
JOINED = ("matched", "new")
Repeated = Literal["refuse", "sum", "first"]
REPEATED = ("repeated_village", "repeated_villages")
# Beyond this many of one kind, one line with the number says more than the lines.
MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class Joined:
    """A table on the villages: `values` on the village index, the `account` of all its rows, and what is doubtful."""

    values: pd.DataFrame
    account: pd.DataFrame
    problems: tuple[Problem, ...]


def join(
    table_id: str,
    places: pd.DataFrame,
    values: pd.DataFrame,
    matches: pd.DataFrame,
    villages: pd.DataFrame,
    *,
    repeated: Repeated = "refuse",
    shares: Collection[str] = (),
    left_out: pd.DataFrame | None = None,
    file: str = "",
    sheet: str = "",
) -> Joined:
    """A table's values on the village index, and what became of each of its rows.

    Parameters: `places`, `values`, `matches` on one index (row numbers); `villages` as `extend` gives them; `repeated`
    what to do where several rows are one village: "refuse" (fatal), "sum" the counts, or take the "first"; `shares`
    columns that can be neither summed nor split; `left_out` the rows that are no data (index row number; kind, text).

    Returns values on the village index, NaN where no row is (or where a summed row is empty: a part is no whole). The
    counts of a row that a person split are multiplied by the share of each village, and rows that are nothing but
    shares of a village are added up. The account has one line for each data row (for each of its villages, where it is
    split), each row left out, and each village without a row.
    """
    where = Where(file=file, sheet=sheet)
    unsplit = [c for c in shares if c in values]
    told = _parts(matches)
    listed = told["village_code"].isin(villages.index)
    problems = [
        _unlisted(at, code, places, where) for at, code in told.loc[~listed, ["row", "village_code"]].to_numpy()
    ]
    parts = told[listed]
    problems += _indivisible(parts, villages, unsplit, where)
    chosen, repeats = REPEATS[repeated](parts), parts["village_code"].duplicated(keep=False)
    if repeated == "refuse":
        problems += _repeated(parts[repeats & ~_declared(parts)], villages, where)
    shared = _shared(values, chosen, unsplit)
    problems += _summed(chosen, shared, villages, unsplit, where)
    account = pd.concat(
        [
            _data_rows(table_id, places, matches, told, parts.index.difference(chosen.index)),
            _left_out(table_id, left_out),
            _no_rows(table_id, parts["village_code"], villages),
        ],
        ignore_index=True,
    )
    on_villages = _sums(shared, chosen, unsplit).reindex(villages.index).astype("float64")
    return Joined(on_villages.rename_axis(index=villages.index.name), account, tuple(problems))


def extend(villages: pd.DataFrame, tables: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]]) -> pd.DataFrame:
    """The villages with those that have a code and a name in a table but no polygon (`has_boundary` False, area NaN).

    `tables`: id → (places, matches). A code that two tables name differently is not added: its rows stay reported.
    """
    told = [p[["village"]].assign(code=m["village_code"])[m["status"] == "new"] for p, m in tables.values()]
    found = pd.concat(told) if told else pd.DataFrame({"village": [], "code": []}, dtype="str")
    new = found.groupby("code")["village"].agg(["first", lambda v: v.map(names.squeeze).nunique()])
    new = new[new.iloc[:, 1] == 1]["first"]
    if new.empty:
        return villages
    areas = villages.drop_duplicates("kecamatan_code").set_index("kecamatan_code")
    kecamatan = codes.kecamatan_of(new.index)
    added = areas.loc[kecamatan, ["kecamatan", "kabupaten_code", "kabupaten"]].reset_index().set_axis(new.index)
    added = added.assign(
        village=new.map(_shown),
        village_kind=codes.kind_of(new.index),
        area_km2=np.nan,
        has_boundary=False,
    )
    return pd.concat([villages, added[villages.columns]]).sort_index().rename_axis(index=villages.index.name)


def problems_of(table_id: str, file: str, sheet: str, matches: pd.DataFrame, places: pd.DataFrame) -> list[Problem]:
    """Warnings for the rows a person must look at; one warning with the number where more than 20 have one reason.

    Where no row at all lies in the study's area, the table or the boundary file is another kabupaten's: that is all.
    """
    asked = matches[matches["reason"].ne("") & matches["reason"].ne("ignored_by_person")]
    if len(matches) and matches["reason"].eq("other_kabupaten").all():
        return [Problem("places_all_outside", False, Where(file=file, sheet=sheet), _some(table_id, asked, places, 0))]
    found = []
    for reason, rows in asked.groupby("reason", sort=True):
        many = len(rows) > MOST_TOLD
        if many and reason == "other_kabupaten":
            found.append(
                Problem("places_outside", False, Where(file=file, sheet=sheet), _some(table_id, rows, places, 0))
            )
            continue
        for at, row in rows[:MOST_TOLD].iterrows():
            params = {column: places.loc[at, column] or "–" for column in ("village", "kecamatan")}
            params["code"] = places.loc[at, "code"] or places.loc[at, "last4"] or "–"
            params["candidates"] = _told(row["candidates"]) or "–"
            if reason == "two_rows_one_village":
                params |= _besides(int(at), rows["candidates"], places["village"])
            found.append(Problem(f"place_{reason}", False, Where(file=file, sheet=sheet, row=int(at)), params))
        if many:
            found.append(
                Problem("places_more", False, Where(file=file, sheet=sheet), _some(table_id, rows, places, MOST_TOLD))
            )
    return found


def _besides(at: int, candidates: pd.Series, names_told: pd.Series) -> dict[str, list[str]]:
    """The other rows that mean the village a row means, which is the first of its candidates."""
    meant = candidates.map(lambda found: found[0][0] if found else "")
    others = meant.index[(meant == meant[at]) & (meant.index != at)]
    return {"others": list(dict.fromkeys(names_told[others])), "rows": [str(row) for row in others]}


def _some(table_id: str, rows: pd.DataFrame, places: pd.DataFrame, told: int) -> dict[str, Any]:
    some = [places.loc[at, "village"] or places.loc[at, "code"] or "–" for at in rows.index[:3]]
    return {"table": table_id, "count": len(rows) - told, "some": some}


def _parts(matches: pd.DataFrame) -> pd.DataFrame:
    """A line for each joined row and village: row, village_code, share, and whether a person split the row."""
    joined = matches[matches["status"].isin(JOINED) & matches["village_code"].notna()]
    told = [
        (at, code, share, bool(parts))
        for at, whole, parts in zip(joined.index, joined["village_code"], joined["parts"], strict=True)
        for code, share in parts or ((whole, 1.0),)
    ]
    frame = pd.DataFrame(told, columns=["row", "village_code", "share", "split"])
    return frame.astype({"row": "int64", "village_code": "str", "share": "float64", "split": "bool"})


def _declared(parts: pd.DataFrame) -> pd.Series:
    """Lines of villages that are made of nothing but declared shares: these a person has said to add up."""
    return ~parts["village_code"].isin(parts.loc[~parts["split"], "village_code"])


def _never_twice(parts: pd.DataFrame) -> pd.DataFrame:
    return parts[~parts["village_code"].duplicated(keep=False) | _declared(parts)]


def _first(parts: pd.DataFrame) -> pd.DataFrame:
    return parts[~parts["village_code"].duplicated() | _declared(parts)]


REPEATS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "refuse": _never_twice,
    "sum": lambda parts: parts,
    "first": _first,
}


def _shared(values: pd.DataFrame, parts: pd.DataFrame, unsplit: list[str]) -> pd.DataFrame:
    """The values of each line: a count times its share; nothing for what cannot be split."""
    shared = values.loc[parts["row"]].set_axis(parts.index).mul(parts["share"], axis=0)
    shared.loc[parts["split"], unsplit] = np.nan
    return shared


def _sums(shared: pd.DataFrame, parts: pd.DataFrame, unsplit: list[str]) -> pd.DataFrame:
    groups = shared.groupby(parts["village_code"])
    # A missing part makes the whole unknown: missing is never zero.
    sums = groups.sum(min_count=1).where(groups.count().eq(groups.size(), axis=0))
    sums.loc[groups.size() > 1, unsplit] = np.nan
    return sums


def _unlisted(at: int, code: str, places: pd.DataFrame, where: Where) -> Problem:
    told = {"code": code, "village": places.loc[at, "village"]}
    return Problem("new_village_names_disagree", False, replace(where, row=int(at)), told)


def _indivisible(parts: pd.DataFrame, villages: pd.DataFrame, unsplit: list[str], where: Where) -> Iterator[Problem]:
    for at, lines in parts[parts["split"]].groupby("row") if unsplit else ():
        told = {"villages": list(villages.loc[lines["village_code"], "village"]), "columns": unsplit}
        yield Problem("split_not_divisible", False, replace(where, row=int(at)), told)


def _repeated(twice: pd.DataFrame, villages: pd.DataFrame, where: Where) -> Iterator[Problem]:
    groups = list(twice.groupby("village_code", sort=True)["row"])
    for code, rows in groups[:MOST_TOLD]:
        told = {"village": villages.loc[code, "village"], "code": code, "rows": [str(at) for at in sorted(rows)]}
        yield Problem("repeated_village", True, where, told)
    if len(groups) > MOST_TOLD:
        yield Problem("repeated_villages", True, where, {"count": len(groups) - MOST_TOLD, "rows": len(twice)})


def _summed(
    parts: pd.DataFrame, shared: pd.DataFrame, villages: pd.DataFrame, unsplit: list[str], where: Where
) -> Iterator[Problem]:
    twice = parts[parts["village_code"].duplicated(keep=False)]
    for code, lines in twice.groupby("village_code", sort=True):
        part = shared.loc[lines.index]
        torn = part.columns[part.isna().any() & part.notna().any()]
        if len(torn):
            empty = sorted(lines.loc[part[torn].isna().any(axis=1), "row"])
            told = {"village": villages.loc[code, "village"], "rows": [str(at) for at in empty], "columns": list(torn)}
            yield Problem("repeated_partly_empty", False, where, told)
    if unsplit and not twice[~_declared(twice)].empty:
        yield Problem("repeated_shares", True, where, {"columns": unsplit})


def _data_rows(
    table_id: str, places: pd.DataFrame, matches: pd.DataFrame, told: pd.DataFrame, unused: pd.Index
) -> pd.DataFrame:
    lines = places[["kecamatan", "village", "code"]].join(matches.drop(columns="village_code"))
    lines["code"] = lines["code"].where(lines["code"] != "", places["last4"])
    lines["candidates"] = lines["candidates"].map(_told)
    parts = told.assign(unused=told.index.isin(unused)).set_index("row")[["village_code", "share", "unused"]]
    lines = lines.join(parts)
    lines["reason"] = lines["reason"].mask(lines["unused"].eq(True) & lines["reason"].eq(""), "row_not_used")
    return _account(table_id, lines.assign(row=lines.index, kind="data"))


def _left_out(table_id: str, left_out: pd.DataFrame | None) -> pd.DataFrame:
    if left_out is None:
        return _account(table_id, pd.DataFrame())
    return _account(
        table_id, pd.DataFrame({"row": left_out.index, "kind": left_out["kind"], "village": left_out["text"]})
    )


def _no_rows(table_id: str, rows: pd.Series, villages: pd.DataFrame) -> pd.DataFrame:
    none = villages[~villages.index.isin(rows)]
    lines = none[["kecamatan", "village"]].assign(kind="village", status="no_row", village_code=none.index)
    return _account(table_id, lines)


def _account(table_id: str, lines: pd.DataFrame) -> pd.DataFrame:
    lines = lines.assign(table=table_id).reindex(columns=list(ACCOUNT))
    texts = [c for c in ACCOUNT if c not in ("row", "share", "similarity", "village_code")]
    lines[texts] = lines[texts].astype("str").fillna("")
    return lines.astype({"row": "Int64", "share": "float64", "similarity": "float64", "village_code": "str"})


def _told(candidates: tuple[tuple[str, str, float], ...]) -> str:
    return ", ".join(f"{name} ({code})" for code, name, _ in candidates)


def _shown(name: str) -> str:
    return " ".join(w if names.ROMAN.fullmatch(w.lower()) else w.capitalize() for w in name.split())
