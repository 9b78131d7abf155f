"""What the papers list of a village: its figures as cells, its services under target, its reasons."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from lokus.catalog.loader import BURDEN, MEASURED
from lokus.messages import dated, text
from lokus.outputs import banding, flags, words
from lokus.outputs.papers import people
from lokus.outputs.papers.grid import Cell

if TYPE_CHECKING:
    from lokus.pipeline import Run

Row = Mapping[str, Any]
Indicator = Mapping[str, Any]
KRS = "krs"
# So many indicators are named where one line has to do.
MOST = 3


@dataclass(frozen=True)
class Listing:
    """A run, its language and its readers, and what is looked up again and again."""

    run: Run
    lang: str
    public: bool = True

    def say(self, key: str, **given: Any) -> str:
        """A text of the papers."""
        return text(f"papers.{key}", self.lang, **given)

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The villages as rows of the village table: the chosen and the others by rank, those without one last."""
        order = self.run.villages.sort_values("rank", kind="stable", na_position="last")
        return tuple({**row, "village_code": code} for code, row in order.to_dict("index").items())

    @cached_property
    def chosen(self) -> tuple[Row, ...]:
        """The chosen villages by rank."""
        return tuple(row for row in self.rows if row["selected"])

    @cached_property
    def waiting(self) -> dict[str, list[str]]:
        return flags.rows_waiting(self.run)

    @cached_property
    def services(self) -> tuple[Indicator, ...]:
        """The service coverages that have a target."""
        kind = ("share", "higher", "services")
        return tuple(
            e for e in self.run.facts["indicators"]
            if (e["kind"], e["better"], e["dimension"]) == kind and e["target"] is not None
        )  # fmt: skip

    @cached_property
    def shares(self) -> tuple[Indicator, ...]:
        """The shares whose people are counted: what an office can work down."""
        return tuple(e for e in self.run.facts["indicators"] if e["kind"] == "share" and e["interval"])

    def indicator(self, name: str) -> Indicator | None:
        """An indicator of the study; None where the study has no such one or nobody has a value."""
        entry = words.indicator(self.run, name)
        return entry if entry and entry["villages"] else None

    @property
    def burden(self) -> Indicator | None:
        return self.indicator(BURDEN)

    @property
    def measured(self) -> Indicator | None:
        return self.indicator(MEASURED)

    def banded(self, row: Row, entry: Indicator) -> bool:
        """Whether a figure may not be written exactly."""
        return self.public and bool(banding.band(self.run, row, entry))

    def cell(self, ends: people.Ends) -> Cell:
        """A number of people as a cell: a number, or the text of its band."""
        low, high = ends
        return round(low) if low == high else None if math.isnan(low) else people.said(ends, self.lang)

    def value(self, row: Row, entry: Indicator) -> Cell:
        """An indicator's value as a cell."""
        value = row.get(f"value_{entry['id']}", math.nan)
        if row.get(f"denominator_{entry['id']}", math.nan) == 0:
            return text("words.no_target_group", self.lang)
        if pd.isna(value):
            return None
        if self.banded(row, entry):
            return words.counted(self.run, row, entry, self.lang) if entry["kind"] == "share" else self.cell(
                people.counted(self.run, row, entry)
            )  # fmt: skip
        return float(value)

    def estimate(self, row: Row, name: str, part: str = "estimate") -> Cell:
        """The estimate of a share, or an end of its interval, as a cell."""
        entry = self.indicator(name)
        value = row.get(f"{part}_{name}", math.nan)
        if entry is None or pd.isna(value):
            return None
        if self.banded(row, entry):
            return words.estimate_text(self.run, row, entry, self.lang) if part == "estimate" else None
        return float(value)

    def score(self, row: Row) -> Cell:
        """The score as a cell: whole for the public, a text where it is told as a span."""
        if pd.isna(row["score"]):
            return None
        if not self.public:
            return float(row["score"])
        low, high = banding.score_told(self.run, row)
        return float(low) if low == high else words.score_text(self.run, row, self.lang, 0)

    def probability(self, row: Row) -> Cell:
        """The probability of the top N as a cell; a text at its ends, which no simulation proves."""
        p = row["p_top"]
        if pd.isna(p) or not words.uncertain(self.run):
            return None
        return words.probability(p, self.lang) if p > 0.99 or p < 0.01 else float(p)

    def misses(self, row: Row, entry: Indicator) -> bool | None:
        """Whether a figure is on the wrong side of its target; None where nobody may know, or nobody does."""
        value, sign = row.get(f"value_{entry['id']}", math.nan), 1 if entry["better"] == "lower" else -1
        if pd.isna(value):
            return None
        ends = banding.ends(self.run, row, entry, "value") if self.banded(row, entry) else (value, value)
        low, high = (bool(sign * (end - entry["target"]) > 0) for end in ends)
        return low if low == high else None

    def under_target(self, row: Row) -> str:
        """How many services are under target, of how many of which that is known: `4/6`."""
        told = [found for entry in self.services if (found := self.misses(row, entry)) is not None]
        return f"{sum(told)}/{len(told)}" if told else "–"

    def names_under(self, row: Row) -> list[str]:
        """The services that are under target, by name."""
        return [words.short(entry, self.lang) for entry in self.services if self.misses(row, entry)]

    def why(self, row: Row) -> str:
        """How a village came onto the list."""
        return dated(words.why_selected(self.run, row, self.lang), self.lang)

    def reasons(self, row: Row) -> list[str]:
        return words.reasons(self.run, row, self.lang, public=self.public)

    def stands_out(self, row: Row) -> list[str]:
        """The indicators that add most to a village's score and are worse there than on average, by name."""
        told = []
        for entry in self.run.facts["indicators"]:
            need, points = (
                self.run.villages.get(f"need_{entry['id']}"),
                row.get(f"contribution_{entry['id']}", math.nan),
            )
            if (
                need is not None
                and points > 0
                and row[f"need_{entry['id']}"] > need.mean()
                and not self.banded(row, entry)
            ):
                likely = words.likely_points(self.run, row, entry, public=self.public)
                told.append((-likely, entry["id"]))
        return [words.in_sentence(self.run, name, self.lang) for _, name in sorted(told)[:MOST]]

    def flags(self, row: Row) -> list[str]:
        return flags.data_flags(self.run, row, self.lang, public=self.public, waiting=self.waiting)

    def owners(self) -> dict[str, list[Indicator]]:
        """The indicators whose people are counted, by the office that answers for them."""
        found: dict[str, list[Indicator]] = {}
        for entry in self.shares:
            found.setdefault(entry["owner"] or self.say("no_owner"), []).append(entry)
        return found

    def head(self) -> str:
        """Who signs for the kabupaten or kota: its office, never a name."""
        kinds = {_is_kota(code) for code in self.run.villages["kabupaten_code"].unique()}
        one = len(self.run.facts["kabupaten"]) == 1 and len(kinds) == 1
        key = ("mayor" if kinds.pop() else "regent") if one else "either"
        return self.say(f"head.{key}", place=self.place())

    def region(self) -> str:
        """The kabupaten or kota of the run with what it is; several by their names."""
        names = self.run.facts["kabupaten"]
        if len(names) != 1 or names[0].lower().startswith(("kabupaten ", "kota ")):
            return self.place()
        city = any(_is_kota(code) for code in self.run.villages["kabupaten_code"])
        return self.say("region.city" if city else "region.regency", name=names[0])

    def place(self) -> str:
        """The kabupaten of the run."""
        return ", ".join(self.run.facts["kabupaten"])


def _is_kota(code: str) -> bool:
    """Whether a code of either system is a kota's: their numbers begin at 71."""
    digits = code.replace(".", "")[2:4]
    return digits.isdigit() and int(digits) >= 71


def banded_note(listing: Listing) -> list[str]:
    """What stands over a paper in which counts are banded."""
    return [listing.say("banded")] if listing.public else [listing.say("internal_note")]


def sum_of(cells: Sequence[Cell]) -> float:
    """What a spreadsheet's sum of some cells gives: texts are passed by."""
    return float(sum(cell for cell in cells if isinstance(cell, int | float) and not math.isnan(cell)))
