"""Other ways of choosing: a study as a preset would have it, all presets side by side, and a panel of methods."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from lokus import facts, intake, rates, steps
from lokus.catalog.presets import Applied, Preset, presets
from lokus.choosing import MOST_VILLAGES, Choice
from lokus.errors import InfeasibleSelection, LokusError, Problem, StudyError, Where
from lokus.methods import concordance, mcdm, selection
from lokus.pipeline import Tell, hold_ranked
from lokus.sources.polygons import to_metric
from lokus.study import Study, make_study

OWN = "own"
# One order on needs: COPRAS and RAM are WSM, MAIRCA is MABAC, and no second witnesses.
SAME = ("copras", "ram", "mairca")
PANEL = tuple(name for name in mcdm.METHODS if name not in SAME)


@dataclass(frozen=True, slots=True)
class Way:
    """One way of choosing: the study's own (`preset` None) or a preset; `left_out`: what it chooses without.

    `chosen`: bool on the villages, None where it cannot choose: then `missing` or `fault` says why. `children`: stunted
    children expected in the villages chosen, None where no counts tell.
    """

    preset: Preset | None
    chosen: pd.Series | None = None
    children: float | None = None
    missing: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    fault: LokusError | None = None

    @property
    def id(self) -> str:
        """The preset's id, or `OWN`."""
        return self.preset.id if self.preset else OWN


@dataclass(frozen=True, slots=True)
class Ways:
    """All ways on one study, its own first. `villages`: the village table with the study's own score and choice.

    `methods`: by how many methods of `PANEL` a village would be chosen under the study's rules; None where they were
    not asked, or found no choice. `inputs`: every file that was read.
    """

    study: Study
    villages: pd.DataFrame
    every: tuple[Way, ...]
    methods: pd.Series | None
    inputs: tuple[Path, ...]

    @property
    def chosen(self) -> pd.DataFrame:
        """Villages × ways that choose, bool."""
        return pd.DataFrame({way.id: way.chosen for way in self.every if way.chosen is not None})

    def table(self) -> pd.DataFrame:
        """The villages that any way chooses: village, kecamatan, rank, each way, `ways`, `chosen_by`, `methods`.

        Those of most ways first, then by the study's own rank; `methods` Int64, missing where no panel was asked.
        """
        chosen = self.chosen
        methods = pd.Series(pd.NA, chosen.index, dtype="Int64") if self.methods is None else self.methods
        told = self.villages[["village", "kecamatan", "rank"]].join(chosen).join(concordance.agreement(chosen))
        told = told.assign(methods=methods.astype("Int64"))[chosen.any(axis=1)]
        return told.sort_values(["ways", "rank"], ascending=[False, True], kind="stable")


def under(study: Study, name: str, having: Collection[str] | None = None) -> tuple[Study, Applied]:
    """A study with a preset's sections in place of its own; its title says so, and so does every paper made of it.

    :param having: ids of the study's indicators that have data; all by default.
    :raises StudyError: there is no such preset, or the study lacks what it needs.
    """
    where, known = Where(key="--preset"), presets()
    if name not in known:
        raise StudyError([Problem("preset_unknown", True, where, {"given": name, "known": list(known)})])
    applied = known[name].apply(study.resolved(), having)
    if not applied.runnable:
        raise StudyError([Problem("preset_lacks", True, where, {"preset": name, "missing": list(applied.missing)})])
    heading = study.resolved()["study"]
    label = getattr(known[name], f"label_{study.study.language}")
    title = {**heading, "title": f"{study.study.title} ({label})"}
    return make_study({**study.resolved(), **applied.sections, "study": title}, study.folder), applied


def read(study: Study, name: str | None = None) -> tuple[Study, intake.Intake, dict[str, Any]]:
    """What a run of a study under a preset is made of: the study, what was read for it, what its manifest says besides.

    :param name: of the preset; the study's own way without one.
    :raises StudyError, DataError: as `under` and `intake.read`.
    """
    if not name:
        return study, intake.read(study), {}
    dressed, _ = under(study, name)
    found = intake.read(dressed)
    # An indicator without data in any village is none: what it was to do is left out, or refused.
    known, applied = under(study, name, with_data(found.villages))
    if known != dressed:
        found = intake.read(known)
    return known, found, {"preset": {"id": name, "left_out": list(applied.left_out)}}


def with_data(villages: pd.DataFrame) -> list[str]:
    """The ids of the indicators that have a value in any village."""
    return [c.removeprefix("value_") for c in villages if c.startswith("value_") and villages[c].notna().any()]


@dataclass(frozen=True, slots=True)
class _Known:
    """What every way chooses from: what was read, the `villages` with their rates, and the posteriors by share."""

    found: intake.Intake
    villages: pd.DataFrame
    posteriors: Mapping[str, pd.DataFrame]


def side_by_side(study: Study, *, tell: Tell = lambda *_: None) -> Ways:
    """Every preset on a study beside the study's own way; choices only, nothing is written.

    :param tell: called with (step, done, of) as the work goes on.
    :raises StudyError, DataError, InfeasibleSelection: where the study's own way cannot choose.
    """
    tell("read", 0, 1)
    whole = _with_all_indicators(study)
    found = intake.read(whole)
    adjacency = steps.neighbours(study, to_metric(found.geometry)) if study.method.prior == "neighbours" else None
    rated = rates.estimates(whole, found.villages, adjacency)
    known = _Known(found, pd.concat([found.villages, rated.columns], axis=1), rated.posteriors)
    tell("read", 1, 1)
    own, scored = _choose(study, known)
    children = Choice(study, own).children
    every = [Way(None, own["selected"], _reached(children, own["selected"]))]
    for n, preset in enumerate(presets().values(), 1):
        every.append(_way(study, preset, known, children))
        tell("selection", n, len(presets()))
    inputs = ("lokus.toml", *(str(i["path"]) for i in found.inputs))
    return Ways(study, own, tuple(every), _panel(study, own, scored), tuple(study.path(i) for i in inputs))


def _with_all_indicators(study: Study) -> Study:
    """The study with every indicator that a preset would make of its columns, unscored: read once for all."""
    raw = study.resolved()
    uses = {use["id"]: use for use in raw["indicator"]}
    for preset in presets().values():
        for use in preset.apply(raw).sections.get("indicator", ()):
            uses.setdefault(use["id"], {**use, "score": False})
    return make_study({**raw, "indicator": list(uses.values())}, study.folder)


def _way(study: Study, preset: Preset, known: _Known, children: pd.Series | None) -> Way:
    having = with_data(known.villages)
    applied = preset.apply(study.resolved(), having)
    if not applied.runnable:
        return Way(preset, missing=applied.missing, left_out=applied.left_out)
    try:
        chosen = _choose(under(study, preset.id, having)[0], known)[0]["selected"]
    except LokusError as fault:
        return Way(preset, left_out=applied.left_out, fault=fault)
    return Way(preset, chosen, _reached(children, chosen), left_out=applied.left_out)


def _choose(study: Study, known: _Known) -> tuple[pd.DataFrame, steps.Scored]:
    """The village table from the score to the choice; of the uncertainty only where the choice looks at it."""
    scored = steps.score(study, known.villages)
    villages = pd.concat([known.villages, scored.columns], axis=1)
    hold_ranked(villages, known.found)
    if study.selection.objective == "probability":
        drawn = steps.uncertainty(study, villages, known.posteriors, scored.extra, lambda *_: None)
        villages = pd.concat([villages, drawn.columns], axis=1)
    return pd.concat([villages, steps.choice(study, villages).columns], axis=1), scored.extra


def _reached(children: pd.Series | None, chosen: pd.Series) -> float | None:
    return None if children is None else float(children[chosen].sum())


def _panel(study: Study, villages: pd.DataFrame, scored: steps.Scored) -> pd.Series | None:
    if len(villages) > MOST_VILLAGES:
        return None
    try:
        lists = pd.DataFrame(dict(panel_lists(study, villages, scored)))
    except InfeasibleSelection:
        return None
    return lists.sum(axis=1).astype("Int64")


def panel_lists(study: Study, villages: pd.DataFrame, scored: steps.Scored) -> Iterator[tuple[str, pd.Series]]:
    """The list of each method of `PANEL` on the study's needs and weights under its rules: (name, bool).

    Ties go to the greater score.
    """
    weights = pd.Series(facts.effective_weights(scored))
    needs = villages[[f"need_{name}" for name in weights.index]].set_axis(weights.index, axis=1)
    whole = mcdm.completed(needs[villages["status"] == "ranked"], weights, scored.scheme.dimension_of)
    ranks = mcdm.panel(whole, weights)
    choice = Choice(study, villages)
    for name in PANEL:
        place = (len(villages) + 1 - ranks[name]).astype("float64").reindex(villages.index)
        asked = replace(choice.candidates, objective=place)
        told = selection.choose(
            asked.score, asked.kecamatan, choice.rules,
            objective=asked.objective, cost=asked.cost, last_year=asked.last_year, passes=asked.passes,
        )  # fmt: skip
        yield name, told["selected"]
