"""Which village a row means: a ladder from sure to less sure, and candidates where nothing is sure.

code → crosswalk → (kecamatan, last four digits) → name within kecamatan → a name with a slip of the pen. A wrong match
is worse than an unmatched row: what two kinds of evidence tell differently is listed for a person, never decided here.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal, NamedTuple

import pandas as pd

from lokus.villages import codes, editions, names
from lokus.villages.codes import CodeSystem
from lokus.villages.crosswalk import IGNORED, Decision, Key, decisions, key_of
from lokus.villages.gazetteer import Area, Gazetteer, Near, Village, gazetteer

Status = Literal["matched", "candidate", "unmatched", "outside", "new"]
Rung = Literal["code", "crosswalk", "last4", "name", "fuzzy", ""]
REASONS = (
    "code_name_disagree", "code_unknown", "code_unreadable", "ignored_by_person", "kabupaten_unknown",
    "kecamatan_ambiguous", "kecamatan_unknown", "name_elsewhere", "name_not_unique", "near_name", "new_village",
    "no_near_name", "no_place", "only_left_over", "other_kabupaten", "two_rows_one_village",
)  # fmt: skip

LEAD = 0.15
OFFERED = 0.7
# A village that has its row already is offered only to a row that can hardly mean another.
OFFERED_TAKEN = 0.85
CONFIRMS = 0.6
MOST_OFFERED = 5
MOST_LEFT_OVER = 3
LAST4 = re.compile(r"(\d{4})(?:\.0+)?")


class Row(NamedTuple):
    """One row as a table writes it. `code` and `told` are None unless the table writes the villages' code system;
    `told` is the code, or the one that kecamatan and last four digits make."""

    village: str
    area: Area
    key: Key
    code: str | None
    told: str | None


class Verdict(NamedTuple):
    """What became of a row. `parts`: where a person gave it to several villages, or in part, each with its share."""

    status: Status
    rung: Rung = ""
    village_code: str | None = None
    similarity: float = math.nan
    candidates: tuple[Near, ...] = ()
    reason: str = ""
    parts: Decision = ()

    @property
    def villages(self) -> tuple[str, ...]:
        """The villages the row counts for."""
        return tuple(code for code, _ in self.parts) or ((self.village_code,) if self.village_code else ())


@dataclass(frozen=True, slots=True)
class Ladder:
    """What the rungs look things up in. `wide`: the table covers more kabupaten than the study and does not name them,
    so that a name alone does not tell the village."""

    gazetteer: Gazetteer
    decided: Mapping[Key, Decision]
    wide: bool


def match(
    places: pd.DataFrame,
    villages: pd.DataFrame,
    *,
    code_system: CodeSystem | None,
    village_system: CodeSystem,
    crosswalk: pd.DataFrame | None = None,
    table_id: str = "",
    edition: str = "",
) -> pd.DataFrame:
    """The village each row of a table means.

    Parameters: `places` str columns code, village, kecamatan, kabupaten, last4, "" where absent, any index; `villages`
    index `village_code` with village, kecamatan_code, kecamatan, kabupaten_code, kabupaten; `code_system` the table's
    declared system or None; `crosswalk` a person's decisions, of which those of `table_id` or of no table count;
    `edition` the year of the table's codes, "" = not told (`villages.editions`).

    Returns a frame on the index of `places`: status, rung, village_code (missing unless matched or new), similarity of
    the names (0–1, NaN where none was compared), candidates (tuple of (code, name, similarity), best first, at most 5),
    reason ("" or one of `REASONS`), parts (tuple of (code, share) where the crosswalk splits the row). A fuzzy hit is
    accepted only within a known kecamatan, far ahead of the second, with equal marks, and never two for one village.
    """
    decided = {} if crosswalk is None else decisions(crosswalk, table_id, village_system)
    places = places.fillna("")
    wide = _wide(places, villages, code_system, village_system)
    look = Ladder(gazetteer(villages), decided, wide)
    rows = _rows(places, look.gazetteer, village_system if code_system == village_system else None, edition)
    climbed = [_climb(row, look) for row in rows]
    taken = {code for v in climbed if v for code in v.villages}
    verdicts = [v or _nearest(row, look, taken) for row, v in zip(rows, climbed, strict=True)]
    verdicts = _one_row_each(rows, _one_name_each(rows, verdicts))
    found = _frame(_left_over(rows, verdicts, look.gazetteer), places.index)
    if "has_boundary" in villages:
        bare = found["village_code"].isin(villages.index[~villages["has_boundary"]])
        found["reason"] = found["reason"].mask(bare, "new_village")
    return found


def _wide(
    places: pd.DataFrame, villages: pd.DataFrame, code_system: CodeSystem | None, village_system: CodeSystem
) -> bool:
    if code_system in (None, village_system) or (places["kabupaten"] != "").any():
        return False
    told = codes.kabupaten_of(codes.parse_series(places["code"], code_system)).nunique()
    return bool(told > villages["kabupaten_code"].nunique())


def _rows(places: pd.DataFrame, known: Gazetteer, system: CodeSystem | None, edition: str) -> list[Row]:
    rows = []
    renewal = editions.renewals(set(known.kabupaten), edition) if system == "kemendagri" else {}
    cells = (places[c] for c in ("code", "village", "kecamatan", "kabupaten", "last4"))
    for code, village, kecamatan, kabupaten, last4 in zip(*cells, strict=True):
        area = known.area(kabupaten, kecamatan)
        parsed = codes.parse(code, system) if system and code else None
        # Where nobody says that the codes are old, only a name can confirm it.
        if parsed and renewal and (edition or names.squeeze(village)):
            parsed = editions.renewed(parsed, renewal)
        told = parsed or (_joined(area, last4, system) if system else None)
        rows.append(Row(village, area, key_of(kecamatan, village, code or last4), parsed, told))
    return rows


def _joined(area: Area, last4: str, system: CodeSystem) -> str | None:
    digits = LAST4.fullmatch(last4.strip())
    if not digits or not area.exact:
        return None
    if system == "kemendagri":
        return codes.parse(f"{area.kecamatan}.{digits[1]}", system)
    # The last four digits of a BPS code begin with the last one of its kecamatan.
    return codes.parse(area.kecamatan + digits[1][1:], system) if area.kecamatan[-1] == digits[1][0] else None


def _by_code(row: Row, look: Ladder) -> Verdict | None:
    return _confirmed(row, row.code, "code", look)


def _by_split(row: Row, look: Ladder) -> Verdict | None:
    """A code and a name cannot know that their village was divided since: shares given by a person go before them."""
    parts = tuple(part for part in look.decided.get(row.key, ()) if part[0] in look.gazetteer.villages)
    if sum(share == 1 for _, share in parts) == len(parts):
        return None
    return Verdict("matched", "crosswalk", parts[0][0], parts=parts)


def _by_crosswalk(row: Row, look: Ladder) -> Verdict | None:
    decided = next((code for code, _ in look.decided.get(row.key, ())), "")
    if decided == IGNORED:
        return Verdict("outside", "crosswalk", reason="ignored_by_person")
    if decided not in look.gazetteer.villages:
        return None
    return Verdict("matched", "crosswalk", decided, look.gazetteer.near(row.village, decided).similarity)


def _outside(row: Row, look: Ladder) -> Verdict | None:
    known = look.gazetteer
    elsewhere = row.code is not None and codes.kabupaten_of(row.code) not in known.kabupaten
    return Verdict("outside", reason="other_kabupaten") if elsewhere or not row.area.kabupaten else None


def _by_last4(row: Row, look: Ladder) -> Verdict | None:
    return _confirmed(row, row.told, "last4", look) if row.code is None else None


def _contradicted(row: Row, look: Ladder) -> Verdict | None:
    known = look.gazetteer
    if row.told is None or row.told not in known.villages:
        return None
    meant = dict.fromkeys((row.told, *_named_instead(row, known.villages[row.told], known)))
    near = tuple(sorted((known.near(row.village, c) for c in meant), key=lambda n: -n.similarity))
    return Verdict("candidate", candidates=near[:MOST_OFFERED], reason="code_name_disagree")


def _by_name(row: Row, look: Ladder) -> Verdict | None:
    known = look.gazetteer
    if row.area.fault or not names.squeeze(row.village):
        return None
    found = known.bearing(row.village, _told_area(row, known))
    if not found:
        return None
    near = tuple(known.near(row.village, c) for c in found)
    reason = "kabupaten_unknown" if look.wide else "name_not_unique" if len(found) > 1 else ""
    if row.told and not reason and not _renumbered(row.told, found[0]):
        reason = "code_unknown"
    if reason:
        return Verdict("candidate", candidates=near[:MOST_OFFERED], reason=reason)
    return Verdict("matched", "name", found[0], 1.0, near)


LADDER: dict[str, Callable[[Row, Ladder], Verdict | None]] = {
    "split": _by_split,
    "code": _by_code,
    "crosswalk": _by_crosswalk,
    "outside": _outside,
    "last4": _by_last4,
    "contradicted": _contradicted,
    "name": _by_name,
}


def _climb(row: Row, look: Ladder) -> Verdict | None:
    return next((verdict for rung in LADDER.values() if (verdict := rung(row, look))), None)


def _confirmed(row: Row, code: str | None, rung: Rung, look: Ladder) -> Verdict | None:
    village = look.gazetteer.villages.get(code or "")
    if village is None or _disagrees(row, village, look.gazetteer):
        return None
    similarity = names.similarity(row.village, village.name) if names.squeeze(row.village) else math.nan
    return Verdict("matched", rung, village.code, similarity)


def _disagrees(row: Row, village: Village, known: Gazetteer) -> bool:
    """Whether the row's name says another village than its code: one that bears the name, or nobody near it."""
    if not names.squeeze(row.village):
        return row.area.kecamatan not in ("", village.kecamatan)
    if _named_instead(row, village, known):
        return True
    if not names.squeeze(village.name):
        return False
    told, has = names.marks(row.village), names.marks(village.name)
    siblings = bool(told and has and told != has)
    return siblings or names.similarity(row.village, village.name) < CONFIRMS


def _named_instead(row: Row, village: Village, known: Gazetteer) -> list[str]:
    scope = row.area if row.area.kecamatan else Area((village.kabupaten,))
    bearing = known.bearing(row.village, scope)
    return [] if village.code in bearing else bearing


def _renumbered(told: str, code: str) -> bool:
    """Whether a village may have had the code before: same kecamatan, same kind."""
    return codes.kecamatan_of(told) == codes.kecamatan_of(code) and codes.kind_of(told) == codes.kind_of(code)


def _told_area(row: Row, known: Gazetteer) -> Area:
    """The area of the cells, or the kecamatan of the code where no cell names one."""
    if row.area.kecamatan or row.area.fault or not row.told:
        return row.area
    kecamatan = codes.kecamatan_of(row.told)
    return Area(row.area.kabupaten, kecamatan, exact=True) if kecamatan in known.kecamatan else row.area


def _nearest(row: Row, look: Ladder, taken: AbstractSet[str]) -> Verdict:
    """A row no rung settled: a slip of the pen, a village without polygon, or candidates for a person."""
    known = look.gazetteer
    if not names.squeeze(row.village):
        written = "code_unreadable" if row.key[2] else "no_place"
        return Verdict("unmatched", reason="code_unknown" if row.told else written)
    area = _told_area(row, known)
    near = known.nearest(row.village, area)
    elsewhere = [known.near(row.village, c) for c in known.bearing(row.village, Area(area.kabupaten))]
    elsewhere = [n for n in elsewhere if n.code not in known.pool(area)]
    offered = [n for n in near if n.similarity >= (OFFERED_TAKEN if n.code in taken else OFFERED)]
    if not elsewhere and not row.told and not look.wide and _far_ahead(row, near, taken):
        return Verdict("matched", "fuzzy", near[0].code, near[0].similarity, tuple(offered[:MOST_OFFERED]))
    if row.told and not elsewhere and not offered and _may_be_new(row.told, area, known):
        return Verdict("new", "code" if row.code else "last4", row.told, reason="new_village")
    candidates = tuple((elsewhere + offered)[:MOST_OFFERED])
    reason = "code_unknown" if row.told else row.area.fault
    reason = reason or ("name_elsewhere" if elsewhere else "near_name" if offered else "no_near_name")
    return Verdict("candidate" if candidates else "unmatched", candidates=candidates, reason=reason)


def _far_ahead(row: Row, near: Sequence[Near], taken: AbstractSet[str]) -> bool:
    if not row.area.exact or not near or near[0].code in taken or not names.alike(row.village, near[0].name):
        return False
    return len(near) == 1 or near[0].similarity - near[1].similarity >= LEAD


def _may_be_new(told: str, area: Area, known: Gazetteer) -> bool:
    kecamatan = codes.kecamatan_of(told)
    kind_told = "." not in told or codes.kind_of(told) != ""
    return kecamatan in known.kecamatan and area.kecamatan == kecamatan and kind_told


def _one_name_each(rows: Sequence[Row], verdicts: Sequence[Verdict]) -> list[Verdict]:
    """A new village has one name; a code with two names is listed."""
    borne: dict[str | None, set[str]] = defaultdict(set)
    for row, verdict in zip(rows, verdicts, strict=True):
        if verdict.status == "new":
            borne[verdict.village_code].add(names.squeeze(row.village))
    listed = Verdict("unmatched", reason="code_unknown")
    return [listed if len(borne.get(v.village_code, ())) > 1 else v for v in verdicts]


def _one_row_each(rows: Sequence[Row], verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Two fuzzy names for one village are listed, and so are a "Desa X" and a "Kel. X" that found one and the same X.

    A bare "X" is of the kind that its code tells: one with "Ds. X" where that is a desa, doubted beside "Kel. X".
    """
    told: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row, verdict in zip(rows, verdicts, strict=True):
        if code := verdict.village_code:
            kind = names.kind_told(row.village) or codes.kind_of(code)
            told[code, verdict.rung].add(names.squeeze(row.village) if verdict.rung == "fuzzy" else kind)
    doubted = {code for (code, rung), said in told.items() if rung in ("name", "fuzzy") and len(said - {""}) > 1}
    return [_doubted(v) if v.village_code in doubted and v.rung in ("name", "fuzzy") else v for v in verdicts]


def _doubted(verdict: Verdict) -> Verdict:
    return verdict._replace(status="candidate", rung="", village_code=None, reason="two_rows_one_village")


def _left_over(rows: Sequence[Row], verdicts: Sequence[Verdict], known: Gazetteer) -> list[Verdict]:
    """Rows without any candidate are shown the few villages of their area that no row spoke for."""
    spoken = {code for v in verdicts for code in v.villages} | {
        v.candidates[0].code for v in verdicts if v.status == "candidate"
    }
    free: dict[Area, list[str]] = {}
    told = []
    for row, verdict in zip(rows, verdicts, strict=True):
        if verdict.reason == "no_near_name":
            if row.area not in free:
                free[row.area] = [c for c in known.pool(row.area) if c not in spoken]
            if 0 < len(free[row.area]) <= MOST_LEFT_OVER:
                near = sorted((known.near(row.village, c) for c in free[row.area]), key=lambda n: -n.similarity)
                verdict = verdict._replace(candidates=tuple(near), reason="only_left_over")
        told.append(verdict)
    return told


def _frame(verdicts: Sequence[Verdict], index: pd.Index) -> pd.DataFrame:
    columns = dict(zip(Verdict._fields, zip(*verdicts, strict=True), strict=True)) if verdicts else {}
    dtypes = {"similarity": "float64", "candidates": "object", "parts": "object"}
    return pd.DataFrame(
        {c: pd.Series(columns.get(c, ()), index=index, dtype=dtypes.get(c, "str")) for c in Verdict._fields}
    )
