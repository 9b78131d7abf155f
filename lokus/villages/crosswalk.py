"""`crosswalk.csv`: what a person decided about rows no rule may decide, reused by the next run and the next year.

One line for each spelling of a place in a table. `village_code` is the decision: a village's code, or "-" for a row
that is no village of the study. A line without a table counts for every table; a line of another table (last year's)
counts where a table has none of its own and all others agree. An old village that became several (pemekaran) has a line
for each of them with its `share` of the old one's people, 0–1. Where several rows bear one name, as many lines without
share decide them in the order of the rows. Columns a person adds are kept.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
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
# What a spreadsheet makes of a code of ten digits; a digit that it left out cannot be brought back.
ROUNDED = re.compile(r"\d([.,]\d+)?[eE]\+?\d+")
DASHES = ("–", "—", "−")
Key = tuple[str, str, str]
# The villages a row's counts go to, with their shares of it; ("-", 1) where it is no village of the study.
Decision = tuple[tuple[str, float], ...]
# What one line says: "" where it decides nothing yet, and no share where it gives the whole row.
Said = tuple[str, float | None]


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
    header = _headings(lines[0][1]) if lines else []
    absent = [column for column in NEEDED if column not in header]
    if absent:
        raise DataError([Problem("crosswalk_columns", True, where, {"columns": absent})])
    told = {row: dict(zip(header, map(_said, cells), strict=False)) for row, cells in lines[1:] if any(cells)}
    columns = [*COLUMNS, *(c for c in header if c not in COLUMNS)]
    frame = pd.DataFrame([[cells.get(c, "") for c in columns] for cells in told.values()], columns=columns, dtype="str")
    return frame.set_axis(pd.Index(list(told), dtype="int64"))


def keys_of(places: pd.DataFrame) -> list[Key]:
    """The question of each row of a table: the last four digits stand for the code where there is none."""
    cells = (places[c] for c in ("kecamatan", "village", "code", "last4"))
    return [key_of(kecamatan, village, code or last4) for kecamatan, village, code, last4 in zip(*cells, strict=True)]


def decisions(crosswalk: pd.DataFrame, table_id: str, keys: Sequence[Key], system: CodeSystem) -> list[Decision]:
    """The person's decision for each row of a table, () where there is none.

    The table's own lines go before general ones, and these before those of other tables, which count where they agree.
    """
    found, rows, seen = _answers(crosswalk, table_id, system), Counter(keys), Counter[Key]()
    told = []
    for key in keys:
        _, said = found.get(key, ((), []))
        if _row_by_row(said, rows[key]):
            said = said[seen[key] :][:1]
        seen[key] += 1
        told.append(tuple({code: share or 1.0 for code, share in said if code}.items()))
    return told


def _answers(
    crosswalk: pd.DataFrame, table_id: str, system: CodeSystem
) -> dict[Key, tuple[tuple[str, ...], list[Said]]]:
    """The lines that decide each question for a table, and the tables they are of."""
    lines: dict[Key, dict[str, list[Said]]] = defaultdict(lambda: defaultdict(list))
    for line in crosswalk.itertuples():
        said = _decision(line.village_code, system), _share(line.share)
        lines[key_of(line.kecamatan, line.village, line.code)][line.table].append(said)
    found = {}
    for key, tables in lines.items():
        decided = {table: said for table, said in tables.items() if any(code for code, _ in said)}
        nearest = next(([table] for table in (table_id, "") if table in decided), sorted(decided))
        if nearest and all(decided[table] == decided[nearest[0]] for table in nearest):
            found[key] = tuple(nearest), decided[nearest[0]]
    return found


def _row_by_row(said: Sequence[Said], rows: int) -> bool:
    return len(said) == rows > 1 and all(share is None for _, share in said)


def borrowed(
    crosswalk: pd.DataFrame, tables: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]], system: CodeSystem, file: str
) -> list[Problem]:
    """What was decided for one table and counted for another, as a warning for each table it counted for.

    `tables`: id → (places, matches).
    """
    found = []
    for table, (places, matches) in tables.items():
        answers = _answers(crosswalk, table, system)
        used = [key for key, rung in zip(keys_of(places), matches["rung"], strict=True) if rung == "crosswalk"]
        lent = {key: of for key in used if (of := answers[key][0]) and of[0] not in ("", table)}
        if lent:
            told = {"table": table, "count": sum(key in lent for key in used)}
            told["tables"] = sorted({one for of in lent.values() for one in of})
            told["split"] = [key[1] or key[2] for key in lent if any(share for _, share in answers[key][1])] or ["–"]
            found.append(Problem("crosswalk_of_other_table", False, Where(file=file), told))
    return found


def problems(
    crosswalk: pd.DataFrame,
    known: Collection[str],
    system: CodeSystem,
    file: str,
    tables: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]] | None = None,
) -> list[Problem]:
    """Decisions that name no village of the study, that decide one question in two ways, or share out more than all.

    `tables`: id → (places, matches), for what one name on several rows asks. All are fatal but one: shares that leave a
    rest.
    """
    found = []
    ordered = _ordered(crosswalk, tables or {}, system)
    before: dict[tuple[str, Key], list[tuple[int, str, float | None]]] = defaultdict(list)
    for line in crosswalk[crosswalk["village_code"] != ""].itertuples():
        where = Where(file=file, row=int(line.Index), column="village_code")
        decided, share = _decision(line.village_code, system), _share(line.share)
        if decided != IGNORED and decided not in known:
            told = {"village": line.village, "value": line.village_code}
            kind = "crosswalk_code_by_excel" if ROUNDED.fullmatch(line.village_code) else "crosswalk_unknown_code"
            found.append(Problem(kind, True, where, told))
        if line.share and share is None:
            at = Where(file=file, row=int(line.Index), column="share")
            found.append(Problem("crosswalk_share_invalid", True, at, {"village": line.village, "value": line.share}))
        question = line.table, key_of(line.kecamatan, line.village, line.code)
        if question in ordered:
            continue
        said = before[question]
        if row := next((row for row, code, part in said if not _together((decided, share), (code, part))), None):
            found.append(Problem("crosswalk_twice", True, where, {"village": line.village, "other": str(row)}))
        said.append((int(line.Index), decided, share))
    return found + [p for (_, key), said in before.items() for p in _sums(key, said, file)]


def _ordered(
    crosswalk: pd.DataFrame, tables: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]], system: CodeSystem
) -> set[tuple[str, Key]]:
    """The questions whose lines decide one row each: the table's own rows, or any table's where it is not read."""
    rows = {table: Counter(keys_of(places)) for table, (places, _) in tables.items()}
    lines: dict[tuple[str, Key], list[Said]] = defaultdict(list)
    for line in crosswalk.itertuples():
        said = _decision(line.village_code, system), _share(line.share)
        lines[line.table, key_of(line.kecamatan, line.village, line.code)].append(said)
    return {
        (table, key)
        for (table, key), said in lines.items()
        if any(_row_by_row(said, counts[key]) for counts in ([rows[table]] if table in rows else rows.values()))
    }


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
    own = [column for column in existing.columns if column not in COLUMNS]
    kept = {q: said if q[0] not in tables or any(line["village_code"] for line in said)
            else [line for line in said if any(line[c] for c in ("note", *own))]
            for q, said in old.items()}  # fmt: skip
    lines = {q: said for q, said in kept.items() if said}
    general = {key for (table, key), said in lines.items() if not table and any(line["village_code"] for line in said)}
    for table, (places, matches) in tables.items():
        open_ = matches["status"].isin(["candidate", "unmatched"])
        asked: dict[tuple[str, Key], list[dict[str, Any]]] = defaultdict(list)
        for at, row in places[open_].join(matches[["reason", "candidates"]]).to_dict("index").items():
            row["code"] = row["code"] or row["last4"]
            row["reason"] = messages.text(f"match.reason.{row['reason']}", lang)
            asked[table, key_of(row["kecamatan"], row["village"], row["code"])].append({**row, "at": at})
        for question, rows in asked.items():
            said = lines.get(question, [])
            if question[1] not in general and not any(line["village_code"] for line in said):
                lines[question] = _asked(table, rows, said, ("note", *own), lang)
    ordered = [line for q in sorted(lines) for line in lines[q]]
    index = pd.RangeIndex(2, len(ordered) + 2)
    return pd.DataFrame(ordered, columns=[*COLUMNS, *own], index=index, dtype="str").fillna("")


def write(path: Path, crosswalk: pd.DataFrame) -> None:
    """Writes the file whole or not at all: UTF-8 with BOM and `;`, which Excel opens by itself."""
    text = io.StringIO()
    out = csv.writer(text, delimiter=";", lineterminator="\r\n")
    out.writerow([_safe(column) for column in crosswalk.columns])
    out.writerows([_safe(cell) for cell in line] for line in crosswalk.to_numpy())
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


def _asked(
    table: str, rows: list[dict[str, Any]], said: list[dict[str, str]], own: Sequence[str], lang: str
) -> list[dict[str, str]]:
    """The lines of one question: one, or one for each row where each may be another village of the name."""
    each = all(len(row["candidates"]) >= len(rows) for row in rows)
    lines = []
    for k, row in enumerate(rows if each else rows[-1:]):
        if len(rows) > 1 and each:
            row["reason"] = messages.text("match.one_of_rows", lang, reason=row["reason"], row=row["at"])
        before = said[min(k, len(said) - 1)] if said else {}
        lines.append(_line(table, row) | {column: before.get(column, "") for column in own})
    return lines


def _line(table: str, row: Mapping[str, Any]) -> dict[str, str]:
    line = {"table": table} | {cell: row[cell] for cell in ("kecamatan", "village", "code", "reason")}
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


def _headings(cells: Sequence[str]) -> list[str]:
    """Each heading once: the known ones in small letters, a person's own as written, one without name by its place."""
    found: list[str] = []
    for at, cell in enumerate(map(_said, cells), start=1):
        name = cell.casefold() if cell.casefold() in COLUMNS else cell
        found.append(name if name and name not in found else f"{name} ({at})".strip())
    return found


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
