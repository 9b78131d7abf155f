"""What a story is told with: its steps, the run behind it, and names and totals as a hall can read them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lokus.messages import text
from lokus.outputs import banding, sums, words
from lokus.outputs.layers import layers

if TYPE_CHECKING:
    from lokus.pipeline import Run

# So many villages can be named on one projected line, and marked on the map behind it.
NAMED = 3
LONGEST_NAME, LONGEST_LABEL = 34, 72


@dataclass(frozen=True, slots=True)
class Step:
    """One step: a heading of a few words, one to three plain sentences, and one big number with what it counts.

    `layer`: the id of the map's layer; `villages`: the codes to mark, most telling first; `notes`: what a speaker may
    add. `figure` and `caption` are "" where no one number tells the step.
    """

    id: str
    heading: str
    lines: tuple[str, ...]
    figure: str
    layer: str
    villages: tuple[str, ...]
    notes: str
    caption: str = ""


@dataclass(frozen=True)
class Telling:
    """The run a story is made of, for whom, and the layers of its map where they are known (`given`)."""

    run: Run
    lang: str
    public: bool
    before: Run | None
    given: tuple[str, ...] = ()

    @cached_property
    def shown(self) -> tuple[str, ...]:
        """The ids of the layers of the map."""
        return self.given or tuple(layer.id for layer in layers(self.run, self.lang, public=self.public))

    def layer(self, *wanted: str) -> str:
        """The first of some layers that the map has; the chosen villages where it has none."""
        return next((name for name in wanted if name in self.shown), "chosen")

    def say(self, key: str, **given: Any) -> str:
        return text(f"story.{key}", self.lang, **given)

    def average(self, entry: words.Indicator, found: sums.Total, decimals: int = 1) -> str:
        """The share of the whole area, as the map tells it."""
        return sums.mean_text(entry, found, self.lang, decimals)

    def people(self, found: sums.Total, *, brief: bool = False) -> str:
        return sums.people_text(found.low, found.high, self.lang, step=found.step, public=self.public, brief=brief)

    def group(self, found: sums.Total) -> str:
        """How many people were asked or measured."""
        return sums.people_text(found.whole, found.whole, self.lang, step=found.group, public=self.public)

    def total(self, entry: words.Indicator | None) -> sums.Total | None:
        return sums.total(self.run, entry, public=self.public) if entry else None

    def place(self, code: str) -> str:
        """A kecamatan by one of its villages; with its kabupaten where there are several."""
        row = self.run.villages.loc[code]
        said = self.say("kecamatan", name=short_name(row["kecamatan"]))
        return said if len(self.run.facts["kabupaten"]) == 1 else f"{said}, {short_name(row['kabupaten'])}"

    def names(self, codes: Sequence[str]) -> str:
        """Some villages by name, the first few, and how many more there are."""
        return self.list([short_name(self.run.villages["village"][code]) for code in codes])

    def list(self, names: Sequence[str]) -> str:
        """The first few of some names, and how many more there are; one more is named rather than counted."""
        fit = len(names) if len(names) <= NAMED + 1 else NAMED
        told, more = ", ".join(names[:fit]), len(names) - fit
        return self.say("more", names=told, count=more) if more else told

    def top(self, column: str, entry: words.Indicator | None = None) -> tuple[str, ...]:
        """The villages with the greatest values of a column, without those whose figure is banded."""
        v = self.run.villages
        order = v[column].dropna().sort_values(ascending=False, kind="stable").index
        told: list[str] = []
        for code in order:
            row = words.row_of(self.run, code)
            if not (self.public and entry and banding.band(self.run, row, entry)):
                told.append(str(code))
            if len(told) == NAMED:
                break
        return tuple(told)


def short_name(name: str) -> str:
    """A name that fits on a projected line."""
    name = " ".join(str(name).split())
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1].rstrip()}…"


def plain_label(entry: words.Indicator, lang: str) -> str:
    """A label without the definitions in brackets, however long: for a line that a hall reads once.

    >>> plain_label({"id": "x", "label_id": "RT akses sanitasi (air limbah domestik) layak"}, "id")
    'RT akses sanitasi layak'
    """
    said = " ".join(re.sub(r"\s*\([^()]*\)", "", words.label(entry, lang)).split()) or words.label(entry, lang)
    return said if len(said) <= LONGEST_LABEL else f"{said[: LONGEST_LABEL - 1].rstrip()}…"
