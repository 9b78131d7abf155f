"""Reads `presets/*.toml`, the ways real places chose, and says what each would change in a study."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from pydantic import Field

from lokus.catalog.loader import Record, indicators

Section = dict[str, Any]

# The rules of choice that a preset replaces by its own; what the meeting named, the number and the money stay.
REPLACED = ("max_per_kecamatan", "min_per_kecamatan", "least_kecamatan", "threshold", "least_under", "objective")
# What people judged of the study's own indicators says nothing of a preset's.
JUDGED = ("comparisons", "points")


class Scored(Record):
    """An indicator of the score. Where a study has none of this id it is made from another one's columns, never from
    a guess: `of` = the people counted by a share, `denominator_of` = the target group of a share. `optional`: the
    preset runs without it.
    """

    id: str
    weight: float = Field(default=1.0, gt=0)
    dimension: str = ""
    of: str = ""
    denominator_of: str = ""
    optional: bool = False


class Threshold(Record):
    """What an indicator's value must be for a village to be chosen, in its own unit (shares 0–1)."""

    indicator: str
    above: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    below: float | None = None
    optional: bool = False


class LeastUnder(Record):
    """At least `count` of the services are under `share` of their target group."""

    share: float = Field(gt=0, le=1)
    count: int = Field(ge=1)
    optional: bool = False


class Dimension(Record):
    """A group of indicators with a weight of its own."""

    id: str
    label_id: str
    label_en: str
    weight: float = 1.0


class Method(Record):
    """How the score is made: a plain weighted mean of min-max needs, unless the preset says otherwise."""

    normalise: Literal["minmax", "zscore", "rank"] = "minmax"
    weights: Literal["expert", "equal"] = "expert"
    within: Literal["arithmetic", "geometric"] = "arithmetic"
    across: Literal["arithmetic", "geometric"] = "arithmetic"


class Rules(Record):
    """The rules of choice that belong to the preset; number, money, last year's list and names stay the study's."""

    min_per_kecamatan: int | None = None
    max_per_kecamatan: int | None = None
    objective: Literal["score", "children", "probability", "overlap"] = "score"


@dataclass(frozen=True, slots=True)
class Applied:
    """What a preset makes of a study: `sections` of the study file that take the place of its own (empty where the
    preset cannot run), `missing` ids it cannot do without, `left_out` ids it runs without ("services": too few of
    them). A missing threshold's id is its indicator's.
    """

    sections: Section = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def runnable(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing


class Preset(Record):
    """One way of choosing: `told`: what its source says; `reading`: what lokus adds where the source is silent;
    `every`: dimensions of which all indicators that a study scores are used besides those named.
    """

    id: str
    label_id: str
    label_en: str
    source: str
    told_id: str
    told_en: str
    reading_id: str
    reading_en: str
    warning_id: str
    warning_en: str
    every: tuple[str, ...] = ()
    indicator: tuple[Scored, ...]
    threshold: tuple[Threshold, ...] = ()
    least_under: LeastUnder | None = None
    dimension: tuple[Dimension, ...] = ()
    method: Method = Method()
    selection: Rules = Rules()

    def apply(self, study: Mapping[str, Any], available: Collection[str] | None = None) -> Applied:
        """The sections of a study as this preset would have them; nothing is invented for what the study lacks.

        :param study: the values of a study file, as TOML or `Study.resolved()` give them.
        :param available: ids of the study's indicators that have data; all by default.
        :return: `Applied`: sections "indicator", "dimension", "method" and "selection", whole, to be laid over the
            study's own. Indicators the preset does not score stay in the study, unscored.
        """
        known = {u["id"]: u for u in study["indicator"] if available is None or u["id"] in available}
        found = {use.id: made for use in self.indicator if (made := _made(use, known))}
        lacking = {use.id: use.optional for use in self.indicator if use.id not in found}
        seen = known.keys() | found.keys()
        lacking |= {t.indicator: t.optional for t in self.threshold if t.indicator not in seen}
        if self.least_under and len(_services(known)) < self.least_under.count:
            lacking["services"] = self.least_under.optional
        missing = tuple(i for i, optional in lacking.items() if not optional)
        left_out = tuple(i for i, optional in lacking.items() if optional)
        if missing:
            return Applied({}, missing, left_out)
        found |= {i: {**u, "weight": 1.0} for i, u in known.items() if i not in found and self._takes(u)}
        used = {_dimension(u) for u in found.values()}
        sections = {
            "indicator": [
                *found.values(),
                *({**u, "score": False} for u in study["indicator"] if u["id"] not in found),
            ],
            "dimension": [d.model_dump() for d in self.dimension if d.id in used],
            "method": {**_kept(study.get("method", {}), JUDGED), **self.method.model_dump()},
            "selection": self._selection(study["selection"], left_out),
        }
        return Applied(sections, (), left_out)

    def _takes(self, use: Mapping[str, Any]) -> bool:
        return _dimension(use) in self.every and bool(use.get("score", True))

    def _selection(self, own: Mapping[str, Any], left_out: Collection[str]) -> Section:
        rules = self.selection.model_dump(exclude_none=True, exclude_defaults=True)
        limits = [t.model_dump(exclude_none=True, exclude={"optional"}) for t in self.threshold]
        if limits := [limit for limit in limits if limit["indicator"] not in left_out]:
            rules["threshold"] = limits
        if self.least_under and "services" not in left_out:
            rules["least_under"] = self.least_under.model_dump(exclude={"optional"})
        return {**_kept(own, REPLACED), **rules}


def _kept(own: Mapping[str, Any], gone: Collection[str]) -> Section:
    return {key: value for key, value in own.items() if key not in gone}


def _made(use: Scored, known: Mapping[str, Mapping[str, Any]]) -> Section | None:
    """The study's entry of an indicator as the preset scores it, or one made of another's columns."""
    parent = known.get(use.of or use.denominator_of, {})
    entry: Section | None = None
    if use.id in known:
        entry = dict(known[use.id])
    elif use.of and parent.get("numerator") and parent.get("denominator"):
        entry = {"id": use.id, "of": use.of}
    elif use.denominator_of and parent.get("denominator"):
        entry = {"id": use.id, "table": parent["table"], "value": parent["denominator"]}
    if entry is None:
        return None
    entry |= {"weight": use.weight, "score": True}
    return entry | ({"dimension": use.dimension} if use.dimension else {})


def _dimension(use: Mapping[str, Any]) -> str:
    entry = indicators().get(use["id"])
    return str(use.get("dimension") or (entry.dimension if entry else "services"))


def _services(known: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The service coverages among a study's indicators: shares that are better when higher."""
    told = []
    for id_, use in known.items():
        entry = indicators().get(id_)
        kind = use.get("kind") or (entry.kind if entry else "share")
        better = use.get("better") or (entry.better if entry else "higher")
        if (kind, better, _dimension(use)) == ("share", "higher", "services"):
            told.append(id_)
    return told


@cache
def presets() -> dict[str, Preset]:
    """The presets by id, in alphabetical order."""
    folder = files("lokus.catalog").joinpath("presets")
    texts = {entry.name.removesuffix(".toml"): entry.read_text("utf-8") for entry in folder.iterdir()}
    return {name: Preset(id=name, **tomllib.loads(texts[name])) for name in sorted(texts)}
