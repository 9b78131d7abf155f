"""`crosswalk.csv`: what a person decided about rows no rule may decide, reused by the next run and the next year.

One line for each spelling of a place in a table. `village_code` is the decision: a village's code, or "-" for a row
that is no village of the study. A line without a table counts for every table. An old village that became several
(pemekaran) has a line for each of them with its `share` of the old one's people, 0–1.
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd

from lokus import messages
from lokus.errors import DataError, Problem, Where
from lokus.villages import codes
from lokus.villages.codes import CodeSystem
from lokus.villages.surrogates import MADE

OFFERED = 3
COLUMNS = (
    "table", "kecamatan", "village", "code", "reason",
    *(f"{what}_{k}" for k in range(1, OFFERED + 1) for what in ("candidate", "similarity")),
    "village_code", "share", "note",
)  # fmt: skip
NEEDED = ("kecamatan", "village", "village_code")
IGNORED = "-"
# What rounding may leave over where shares are written with few decimals is told; more than a whole is refused.
WHOLE = 1e-6
DECLARED = re.compile(r"sep=.?\r?\n")
SHARE = re.compile(r"(\d*[.,]?\d+)\s*(%?)")
DASHES = ("–", "—", "−")
Key = tuple[str, str, str]
# The villages a row's counts go to, with their shares of it; ("-", 1) where it is no village of the study.
Decision = tuple[tuple[str, float], ...]


def key_of(kecamatan: str, village: str, code: str) -> Key:
    """What makes two rows the same question: the three cells as written, but for case and spaces."""
    told = (" ".join(cell.casefold().split()) for cell in (kecamatan, village, code))
    return next(told), next(told), next(told)


def empty() -> pd.DataFrame:
    """A crosswalk without a line."""
    return pd.DataFrame({column: pd.Series(dtype="str") for column in COLUMNS}, index=pd.Index([], dtype="int64"))


def read(path: Path, name: str = "") -> pd.DataFrame:
    """The crosswalk as a person saved it: `,` `;` or tab, UTF-8 with or without BOM, or cp1252; empty where no file is.

    Index: the row of the file as a spreadsheet shows it. Columns: `COLUMNS`, str, "" for an empty cell.
    Raises `DataError` where the file cannot be read or lacks a needed column.
    """
    if not path.exists():
        return empty()
    where = Where(file=name or path.name)
    try:
        lines = list(_lines(path.read_bytes()))
    except (OSError, csv.Error, UnicodeDecodeError) as fault:
        raise DataError([Problem("crosswalk_unreadable", True, where)]) from fault
    header = [cell.strip().casefold() for cell in lines[0][1]] if lines else []
    absent = [column for column in NEEDED if column not in header]
    if absent:
        raise DataError([Problem("crosswalk_columns", True, where, {"columns": absent})])
    told = {row: dict(zip(header, map(_said, cells), strict=False)) for row, cells in lines[1:] if any(cells)}
    frame = pd.DataFrame([[cells.get(c, "") for c in COLUMNS] for cells in told.values()], columns=COLUMNS, dtype="str")
    return frame.set_axis(pd.Index(list(told), dtype="int64"))


def decisions(crosswalk: pd.DataFrame, table_id: str, system: CodeSystem) -> dict[Key, Decision]:
    """The person's decisions that count for a table, by key; its own lines before general ones."""
    found: dict[Key, tuple[str, dict[str, float]]] = {}
    for line in crosswalk[crosswalk["table"].isin(["", table_id])].sort_values("table", kind="stable").itertuples():
        if decided := _decision(line.village_code, system):
            key = key_of(line.kecamatan, line.village, line.code)
            table, parts = found.get(key, (line.table, {}))
            parts = parts if table == line.table else {}
            found[key] = line.table, {**parts, decided: _share(line.share) or 1.0}
    return {key: tuple(parts.items()) for key, (_, parts) in found.items()}


def problems(crosswalk: pd.DataFrame, known: Collection[str], system: CodeSystem, file: str) -> list[Problem]:
    """Decisions that name no village of the study, that decide one question in two ways, or share out more than all.

    All are fatal but one: shares that leave a rest.
    """
    found = []
    before: dict[tuple[str, Key], list[tuple[int, str, float | None]]] = defaultdict(list)
    for line in crosswalk[crosswalk["village_code"] != ""].itertuples():
        where = Where(file=file, row=int(line.Index), column="village_code")
        decided, share = _decision(line.village_code, system), _share(line.share)
        if decided != IGNORED and decided not in known:
            told = {"village": line.village, "value": line.village_code}
            found.append(Problem("crosswalk_unknown_code", True, where, told))
        if line.share and share is None:
            at = Where(file=file, row=int(line.Index), column="share")
            found.append(Problem("crosswalk_share_invalid", True, at, {"village": line.village, "value": line.share}))
        said = before[line.table, key_of(line.kecamatan, line.village, line.code)]
        if row := next((row for row, code, part in said if not _together((decided, share), (code, part))), None):
            found.append(Problem("crosswalk_twice", True, where, {"village": line.village, "other": str(row)}))
        said.append((int(line.Index), decided, share))
    return found + [p for (_, key), said in before.items() for p in _sums(key, said, file)]


def _together(one: tuple[str, float | None], other: tuple[str, float | None]) -> bool:
    """Whether two lines can answer one question: they say the same, or each gives its village a share."""
    if one[1] is None and other[1] is None:
        return one[0] == other[0]
    return one[0] != other[0] and None not in (one[1], other[1]) and IGNORED not in (one[0], other[0])


def _sums(key: Key, said: list[tuple[int, str, float | None]], file: str) -> Iterator[Problem]:
    shares = [share for _, _, share in said if share is not None]
    where = Where(file=file, row=said[-1][0], column="share")
    told = {"village": key[1] or key[2], "sum": sum(shares), "rest": 100 * (1 - sum(shares))}
    if sum(shares) > 1 + WHOLE:
        yield Problem("crosswalk_share_over", True, where, told)
    elif shares and sum(shares) < 1 - WHOLE:
        yield Problem("crosswalk_share_rest", False, where, told)


def merge(
    existing: pd.DataFrame, tables: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]], lang: str = "id"
) -> pd.DataFrame:
    """The crosswalk after a run: decided lines kept for ever, undecided ones as the tables ask them now.

    `tables`: id → (places, matches); the reasons are told in `lang`. Lines of tables that were not part of the run are
    kept as they are, and so is a note. Order: table, kecamatan, village, code; index from 2, the rows of the file.
    """
    old: dict[tuple[str, Key], list[dict[str, str]]] = defaultdict(list)
    for line in existing.to_dict("records"):
        old[line["table"], key_of(line["kecamatan"], line["village"], line["code"])].append(line)
    kept = {q: [line for line in said if line["village_code"] or line["note"] or q[0] not in tables]
            for q, said in old.items()}  # fmt: skip
    lines = {q: said for q, said in kept.items() if said}
    general = {key for (table, key), said in lines.items() if not table and any(line["village_code"] for line in said)}
    for table, (places, matches) in tables.items():
        open_ = matches["status"].isin(["candidate", "unmatched"])
        for row in places[open_].join(matches[["reason", "candidates"]]).to_dict("records"):
            row["code"] = row["code"] or row["last4"]
            row["reason"] = messages.text(f"match.reason.{row['reason']}", lang)
            question = (table, key_of(row["kecamatan"], row["village"], row["code"]))
            said = lines.get(question, [])
            if question[1] not in general and not any(line["village_code"] for line in said):
                lines[question] = [_line(table, row, said[-1]["note"] if said else "")]
    ordered = [line for q in sorted(lines) for line in lines[q]]
    index = pd.RangeIndex(2, len(ordered) + 2)
    return pd.DataFrame(ordered, columns=list(COLUMNS), index=index, dtype="str").fillna("")


def write(path: Path, crosswalk: pd.DataFrame) -> None:
    """Writes the file whole or not at all: UTF-8 with BOM and `;`, which Excel opens by itself."""
    text = io.StringIO()
    out = csv.writer(text, delimiter=";", lineterminator="\r\n")
    out.writerow(COLUMNS)
    out.writerows([_safe(cell) for cell in line] for line in crosswalk[list(COLUMNS)].itertuples(index=False))
    told = text.getvalue().encode("utf-8-sig")
    part = path.with_name(f".{path.name}.part")
    try:
        if path.is_file() and path.read_bytes() == told:  # nothing new to decide: a locked file may stay locked
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(told)
        part.replace(path)
    except OSError as fault:
        with suppress(OSError):
            part.unlink()
        raise DataError([Problem("crosswalk_locked", True, Where(file=path.name))]) from fault


def _line(table: str, row: Mapping[str, Any], note: str) -> dict[str, str]:
    line = {"table": table, "note": note} | {cell: row[cell] for cell in ("kecamatan", "village", "code", "reason")}
    for k, (code, name, similarity) in enumerate(row["candidates"][:OFFERED], start=1):
        line |= {f"candidate_{k}": f"{code} {name}", f"similarity_{k}": f"{similarity:.2f}"}
    return {column: line.get(column, "") for column in COLUMNS}


def _decision(cell: str, system: CodeSystem) -> str:
    cell = cell.strip()
    if cell in ("", IGNORED):
        return cell
    if cell in DASHES:
        return IGNORED
    # A candidate copied whole ("76.01.02.2010 Pakava") is a decision too.
    first = cell.split()[0]
    return codes.parse(cell, system) or codes.parse(first, system) or (first if MADE.fullmatch(first) else cell)


def _share(cell: str) -> float | None:
    """A share over 0 and up to 1, from "0,6", "0.6" or "60 %"; None where the cell holds none."""
    found = SHARE.fullmatch(cell.strip())
    share = float(found[1].replace(",", ".")) / (100 if found[2] else 1) if found else 0.0
    return share if 0 < share <= 1 else None


def _lines(raw: bytes) -> list[tuple[int, list[str]]]:
    text = _text(raw)
    declared = DECLARED.match(text)  # Excel's own first line, "sep=;"
    body = text[declared.end() :] if declared else text
    head = next((line for line in body.splitlines() if line), "")
    delimiter = max(";,\t", key=head.count)
    # Strict: a quotation mark without its partner would swallow every decision after it.
    rows = enumerate(csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, strict=True), 1 + bool(declared))
    return [(row, cells) for row, cells in rows if cells]


def _text(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252")


def _safe(cell: str) -> str:
    """A cell no spreadsheet takes for a formula."""
    return f"'{cell}" if cell != IGNORED and cell.startswith(("=", "+", "-", "@")) else cell


def _said(cell: str) -> str:
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and cell[1:2] in ("=", "+", "-", "@") else cell
