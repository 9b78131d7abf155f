"""What a meeting agreed on the map: reads the file that the map saves, checks it, and lays it over the run's study."""

from __future__ import annotations

import datetime as dt
import json
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import AfterValidator, Field, ValidationError, field_validator

from lokus import intake, schema, steps
from lokus.errors import LokusError
from lokus.methods.scoring import UNIT
from lokus.pipeline import Run
from lokus.study import Study, make_study
from lokus.study.model import Named, Selection
from lokus.study.parts import Part, Villages

FORMAT = 1
# A file of the map is some kilobytes; the list of a whole country a few megabytes.
MOST_BYTES = 20_000_000
MOST_LETTERS = 1_000
BY_HAND = ("keep", "drop", "add", "remove")
BY_KECAMATAN = ("max_per_kecamatan", "min_per_kecamatan", "least_kecamatan")
BY_YEAR = ("max_new", "least_kept")
NUMBERS = ("count", *BY_KECAMATAN, *BY_YEAR)
NEXT = 5

Units = Annotated[int, Field(ge=0, le=UNIT, strict=True)]


def _day(text: str) -> str:
    if dt.date.fromisoformat(text).isoformat() != text:
        raise ValueError("no date such as 2026-11-22")
    return text


def _readable(text: str) -> str:
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Co", "Cn") and letter not in "\n\t" for letter in text):
        raise ValueError("letters that cannot be printed")
    return text


Line = Annotated[str, AfterValidator(_readable)]


class Meeting(Part):
    """The meeting that agreed: its name, its date (2026-11-22) and why it weighs as it does."""

    name: Line = Field(min_length=3, max_length=200, pattern=r"^[^\n\t]*$")
    date: Annotated[str, AfterValidator(_day)]
    note: Line = Field(default="", max_length=4000)


class Weights(Part):
    """Weights in units of 1e-4 among those of one dimension, by id."""

    indicators: Mapping[str, Units]
    dimensions: Mapping[str, Units]


class Rules(Part):
    """How many villages and under which rules, as `study.Selection`; villages are named by their codes."""

    count: Villages
    max_per_kecamatan: Villages | None = None
    min_per_kecamatan: int | None = Field(default=None, ge=0, le=1_000_000)
    least_kecamatan: Villages | None = None
    max_new: int | None = Field(default=None, ge=0, le=1_000_000)
    least_kept: int | None = Field(default=None, ge=0, le=1_000_000)
    keep_last_year: bool = False
    keep: tuple[Named, ...] = ()
    drop: tuple[Named, ...] = ()
    add: tuple[Named, ...] = ()
    remove: tuple[Named, ...] = ()

    @field_validator(*BY_HAND)
    @classmethod
    def _short(cls, named: tuple[Named, ...]) -> tuple[Named, ...]:
        for one in named:
            if len(_readable(one.reason)) > MOST_LETTERS:
                raise ValueError("a reason as long as a report")
        return named


class Agreed(Part):
    """An agreed file. `run`: the id of the run whose map it was made on; `list`: codes of the villages then chosen."""

    lokus_agreed: Literal[1]
    run: str = Field(pattern=r"^[0-9a-f]{12}$")
    meeting: Meeting
    weights: Weights
    selection: Rules
    list: tuple[str, ...]

    @field_validator("list")
    @classmethod
    def _once(cls, codes: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(codes)) < len(codes):
            raise ValueError("a village twice")
        return codes

    @property
    def told(self) -> str:
        """The meeting in one line: its name and date."""
        return f"{self.meeting.name}, {self.meeting.date}"


def fixed(selection: Selection) -> str:
    """Why the list cannot be chosen anew in a browser: "budget" | "probability" | "both" (rules of the kecamatan and of
    last year's list together, which only a solver settles), or "" where it can."""
    if selection.budget is not None or selection.count is None:
        return "budget"
    if selection.objective == "probability":
        return "probability"
    both = [any(getattr(selection, name) is not None for name in names) for names in (BY_KECAMATAN, BY_YEAR)]
    return "both" if all(both) else ""


def open_agreed(path: str | Path) -> Agreed:
    """Reads an agreed file.

    :raises LokusError: it cannot be read, is no such file, is of another format, or holds impossible values.
    """
    file = Path(path)
    try:
        with file.open("rb") as stream:
            read = stream.read(MOST_BYTES + 1)
        if len(read) > MOST_BYTES:
            raise ValueError
        raw = json.loads(read.decode("utf-8-sig"))
    except OSError as fault:
        raise LokusError("agreed_unreadable", file=file.name, fault=fault) from None
    except (ValueError, RecursionError):
        raise LokusError("agreed_no_json", file=file.name) from None
    if not isinstance(raw, dict) or "lokus_agreed" not in raw:
        raise LokusError("agreed_no_json", file=file.name)
    if raw["lokus_agreed"] != FORMAT or isinstance(raw["lokus_agreed"], bool):
        raise LokusError("agreed_format", file=file.name, format=str(raw["lokus_agreed"])[:40], ours=FORMAT)
    try:
        return Agreed.model_validate(raw)
    except ValidationError as fault:
        keys = [".".join(str(part) for part in e["loc"]) for e in fault.errors(include_url=False)]
        raise LokusError("agreed_values", file=file.name, keys=list(dict.fromkeys(keys))[:NEXT]) from None


def lay(given: Agreed, base: Run, folder: Path) -> Study:
    """The study of a run with the weights and rules of an agreed file in place of its own; its title says so.

    The units are weights of their own level: `scoring.weight_units` gives them back unchanged.
    :param base: the run whose map the file was made on.
    :param folder: where the study lies.
    :raises LokusError: the file names what the run does not have, or its weights do not sum up.
    :raises StudyError: the study made so contradicts itself.
    """
    raw, scheme = base.manifest["study"], base.facts["scheme"]
    own = make_study(raw, folder)
    _refuse_strange(given, base, own)
    weights = given.weights
    indicators = [{**use, "weight": weights.indicators.get(use["id"], use["weight"])} for use in raw["indicator"]]
    known = {d["id"]: d for d in raw["dimension"]}
    # Without dimensions of its own a study's indicators weigh on the whole: now each has its level.
    ids = list(known) or list(dict.fromkeys([*scheme["dimensions"], *(m.dimension for m in own.measures if m.score)]))
    dimensions = [{**known.get(i, {"id": i}), "weight": weights.dimensions.get(i, 0)} for i in ids]
    method = {**raw["method"], "weights": "expert", "comparisons": [], "points": []}
    title = f"{raw['study']['title']} ({given.told})"
    changed = {
        "study": {**raw["study"], "title": title},
        "indicator": indicators,
        "dimension": dimensions,
        "method": method,
        # Where the list is not chosen in a browser, its rules are the study's to the letter.
        "selection": raw["selection"] if fixed(own.selection) else {**raw["selection"], **_rules(given)},
    }
    return make_study({**raw, **changed}, folder)


def _rules(given: Agreed) -> dict[str, Any]:
    """The selection of an agreed file as a study writes it: who is named anew is named by the meeting."""
    rules = given.selection.model_dump(mode="json")
    for name in BY_HAND:
        rules[name] = [{**n, "meeting": n["meeting"] or given.told} for n in rules[name]]
    return rules


def _refuse_strange(given: Agreed, base: Run, study: Study) -> None:
    """Indicators, dimensions and villages that the run does not have, and weights that no map makes."""
    scheme, weights = base.facts["scheme"], given.weights
    for key, named in (("indicators", weights.indicators), ("dimensions", weights.dimensions)):
        if set(named) != set(scheme[key]):
            strange = sorted(set(named) ^ set(scheme[key]))[:NEXT]
            raise LokusError("agreed_unknown", what=key, names=strange, run=given.run)
    if wrong := list(_levels(weights, scheme)):
        raise LokusError("agreed_weights", levels=wrong, unit=UNIT)
    named_villages = [n.village for name in BY_HAND for n in getattr(given.selection, name)]
    if strange := sorted({*given.list, *named_villages} - set(base.villages.index))[:NEXT]:
        raise LokusError("agreed_unknown", what="villages", names=strange, run=given.run)
    if why := fixed(study.selection):
        told = given.selection.model_dump(mode="json")
        kept = study.selection.model_dump(mode="json")
        if given.list or any(told[name] != kept[name] for name in told if name != "count" or kept["count"] is not None):
            raise LokusError("agreed_fixed", why=why)


def _levels(weights: Weights, scheme: Mapping[str, Any]) -> Iterator[str]:
    """The levels whose units sum neither to 10,000 nor, where nothing below has a weight, to 0."""
    names, above = scheme["dimensions"], scheme["parents"]
    bears: dict[int, bool] = {}
    for node in (*range(len(names)), -1):
        own = [i for i, d in zip(scheme["indicators"], scheme["dimension_of"], strict=True) if d == node]
        below = [d for d, parent in enumerate(above) if parent == node]
        units = [weights.indicators[i] for i in own] + [weights.dimensions[names[d]] for d in below]
        bears[node] = sum(units) == UNIT
        idle = any(weights.dimensions[names[d]] and not bears[d] for d in below)
        if idle or sum(units) not in (0, UNIT) or (node == -1 and not bears[node]):
            yield names[node] if node >= 0 else "index"


def chosen(study: Study, base: Run) -> pd.Series:
    """The list of a study on the rates that a run stored: bool by village.

    :raises InfeasibleSelection: the rules contradict each other.
    """
    later = ("score", "uncertainty", "spatial", "clusters", "selection")
    known = base.villages.drop(columns=[c for c in base.villages if schema.column(str(c)).step in later])
    villages = pd.concat([known, steps.score(study, known).columns], axis=1)
    selected: pd.Series = steps.choice(study, villages).columns["selected"]
    return selected


def read(given: Agreed, base: Run, folder: Path) -> tuple[Study, intake.Intake, dict[str, Any]]:
    """What the official run of an agreed file is made of: the study, what was read for it, what its manifest says.

    :raises LokusError: as `lay`; the inputs are not those of the run any more; or the list in the file is not the one
        that its weights and rules make.
    """
    study = lay(given, base, folder)
    found = intake.read(study)
    before = {i["path"]: i["sha256"] for i in base.manifest["inputs"]}
    after = {i["path"]: i["sha256"] for i in found.inputs}
    if changed := sorted(p for p in before.keys() | after.keys() if before.get(p) != after.get(p)):
        raise LokusError("agreed_inputs", run=given.run, files=changed)
    if not fixed(study.selection):
        made = chosen(study, base)
        ours, theirs = set(made.index[made]), set(given.list)
        if ours != theirs:
            both = {"more": sorted(theirs - ours)[:NEXT], "less": sorted(ours - theirs)[:NEXT]}
            named = {side: [f"{base.villages['village'][c]} ({c})" for c in codes] for side, codes in both.items()}
            raise LokusError("agreed_altered", more=named["more"] or ["–"], less=named["less"] or ["–"])
    return study, found, {"agreed": _manifest(given, base)}


def _manifest(given: Agreed, base: Run) -> dict[str, Any]:
    told = given.model_dump(mode="json")
    reasons = [{"rule": name, **n} for name in BY_HAND for n in _rules(given)[name]]
    scheme = base.facts["scheme"]
    was = {
        "indicators": dict(zip(scheme["indicators"], scheme["weights"], strict=True)),
        "dimensions": dict(zip(scheme["dimensions"], scheme["dimension_weights"], strict=True)),
    }
    return {"of": given.run, **told["meeting"], "weights": told["weights"], "was": was, "reasons": reasons}
