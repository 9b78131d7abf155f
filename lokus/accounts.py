"""The account of what was read, as facts: of each table what became of its rows and what its columns add up to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lokus.sources.boundaries import Boundaries
from lokus.sources.indicators import TableData
from lokus.study import Study
from lokus.study.files import Table
from lokus.villages.joining import Joined

STATUSES = {"matched": "matched", "candidates": "candidate", "unmatched": "unmatched"}


def of_table(spec: Table, study: Study, table: TableData, joined: Joined) -> dict[str, Any]:
    """What became of the rows of a table: rows in = matched + candidates + unmatched + outside + ignored."""
    account = joined.account
    data = account[account["kind"] == "data"].drop_duplicates("row")
    status = data["status"].value_counts()
    ignored = int((data["reason"] == "ignored_by_person").sum())
    rungs = data.loc[data["status"] == "matched", "rung"].value_counts().sort_index()
    return {
        "id": spec.id,
        "path": spec.path,
        "sheet": table.sheet,
        "period": spec.period or table.period,
        "source": spec.source,
        "rows": len(data),
        **{told: int(status.get(kind, 0)) for told, kind in STATUSES.items()},
        "repeated": int((data.loc[data["status"] == "matched", "village_code"].value_counts() > 1).sum()),
        "outside": int(status.get("outside", 0)) - ignored,
        "ignored": ignored,
        "by": {str(rung): int(n) for rung, n in rungs.items()},
        "left_out": {str(k): int(n) for k, n in table.account["kind"].value_counts().sort_index().items()},
        "no_data_villages": int((account["status"] == "no_row").sum()),
        "sums": list(_sums(spec, study, table, joined)),
    }


def _sums(spec: Table, study: Study, table: TableData, joined: Joined) -> Iterator[dict[str, Any]]:
    """What the counted columns add up to, in the rows of the study's area and on the villages they were joined to."""
    inside = joined.account.loc[joined.account["kind"].eq("data") & joined.account["status"].ne("outside"), "row"]
    rows = table.values.index.isin(inside)
    told = set()
    for m in study.measures:
        for role, headers in m.columns.items() if m.table == spec.id and not m.of else ():
            if role == "percent" or m.kind == "value" or headers in told:
                continue
            told.add(headers)
            read, known = table.values.loc[rows, f"{m.id}.{role}"], joined.values[f"{m.id}.{role}"]
            yield {"columns": list(headers), "sum": float(read.sum()), "joined": float(known.sum())}


def of_boundaries(study: Study, boundaries: Boundaries) -> dict[str, Any]:
    """Where the polygons are from, and how many."""
    told = {"path": study.boundaries.path, "source": study.boundaries.source}
    return {**told, "schema": boundaries.schema, "crs": boundaries.crs, "rows": boundaries.rows,
            "villages": len(boundaries.places)}  # fmt: skip
