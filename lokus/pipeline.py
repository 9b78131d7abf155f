"""run(): the page to protect. From what was read to what was found, in the order of the handbook (OECD/JRC 2008)."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from typing import Any

import geopandas as gpd
import pandas as pd

from lokus import __version__, cards, dictionary, facts, intake, messages, rates, schema, steps
from lokus.errors import DataError, InfeasibleSelection, Problem, Where
from lokus.sources.polygons import to_metric
from lokus.study import Study

FORMAT = 3
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Run:
    """Everything a run found. Tables are on the index `village_code` unless said.

    `villages`: the village table of `schema.COLUMNS`. `geometry`: EPSG:4326, None where a village has no polygon.
    `selection`: the ranked list with the chosen ones. `join`: the account of every row of every table (own index).
    `points`: layer, name, longitude, latitude (own index). `facts`: what the papers say of the run, JSON values only.
    `manifest`: the resolved study, versions, inputs and steps. `times`: seconds a step took, never compared.
    """

    villages: pd.DataFrame
    geometry: gpd.GeoSeries
    selection: pd.DataFrame
    join: pd.DataFrame
    points: pd.DataFrame
    problems: tuple[Problem, ...]
    facts: Mapping[str, Any]
    manifest: Mapping[str, Any]
    times: Mapping[str, float] = field(default_factory=dict)

    def to_geodataframe(self, lang: str = "") -> gpd.GeoDataFrame:
        """The village table with its polygons, for analysis: index `village_code`, EPSG:4326, exact figures.

        `attrs` says what it is: title, year, run_id, lokus, and by column the `labels` and `units` in words.

        :param lang: of labels and units, "id" or "en"; that of `LOKUS_LANG` where not given.
        :return: a copy; a village without a polygon has None for its geometry. geopandas drops `attrs` in some
            operations: keep them first where they are needed.
        """
        lang = lang or messages.spoken()
        table = gpd.GeoDataFrame(self.villages.copy(), geometry=self.geometry.copy(), crs="EPSG:4326")
        told = {name: dictionary.entry(name, self.facts) for name in self.villages}
        table.attrs = {
            **{part: self.facts[part] for part in ("title", "year", "run_id", "lokus")},
            "labels": {name: dictionary.column_label(e, self.facts, lang) for name, e in told.items()},
            "units": {name: dictionary.column_unit(e, lang) for name, e in told.items()},
        }
        return table

    def __repr__(self) -> str:
        """One line without a village: a saved notebook keeps it beside the card."""
        return f"<Run {self.facts['run_id']}: {len(self.villages)} villages, {self.facts['title']!r}>"

    def _repr_html_(self) -> str:
        """What Jupyter shows."""
        return cards.run_card(self)


def run(study: Study, found: intake.Intake | None = None, *, tell: Tell = lambda *_: None) -> Run:
    """Runs a study: prevalence, gaps, score, rank with uncertainty, space, clusters, choice.

    :param study: as `open_study` gives it.
    :param found: what `intake.read` read, where it is read already.
    :param tell: called with (step, done, of) as the work goes on.
    :return: the run; nothing is written.
    :raises StudyError, DataError, InfeasibleSelection: as the study, its files or its rules deserve.
    """
    clock = _Clock(tell)
    if found is None:
        with clock("read"):
            found = intake.read(study)
    villages = found.villages
    with clock("neighbours"):
        metric = to_metric(found.geometry)
        adjacency = steps.neighbours(study, metric)
    with clock("prevalence"):
        villages, known = _estimated(study, villages, adjacency)
    with clock("score"):
        scored = steps.score(study, villages)
        villages = _with(villages, scored.columns, "score")
        hold_ranked(villages, found)
    with clock("uncertainty"):
        told = partial(tell, "uncertainty")
        villages = _with(
            villages, steps.uncertainty(study, villages, known.posteriors, scored.extra, told).columns, "uncertainty"
        )
    with clock("spatial"):
        space = steps.space(study, villages, adjacency, metric)
        villages = _with(villages, space.columns, "spatial")
    with clock("clusters"):
        groups = steps.groups(study, villages, scored.extra, known.posteriors, adjacency)
        villages = _with(villages, groups.columns, "clusters")
    with clock("selection"):
        chosen = _choice(study, villages, found)
        villages = _with(villages, chosen.columns, "selection")
    extras = facts.Extras(known.priors, scored.extra, space.extra, groups.extra, chosen.extra)
    papers = facts.facts(study, found, villages, extras)
    return _run(study, found, villages, papers, clock.times)


def refuse_unranked(study: Study, found: intake.Intake) -> None:
    """Raises as `run` would where no village has data enough for a score; nothing else is computed."""
    # Who has data does not hang on what a rate is drawn to.
    plain = study.model_copy(update={"method": study.method.model_copy(update={"prior": "kabupaten"})})
    villages, _ = _estimated(plain, found.villages)
    hold_ranked(_with(villages, steps.score(plain, villages).columns, "score"), found)


def _estimated(
    study: Study, villages: pd.DataFrame, adjacency: pd.DataFrame | None = None
) -> tuple[pd.DataFrame, rates.Rates]:
    """The villages with their prevalences and gaps, and what the estimates leave beside them."""
    known = rates.estimates(study, villages, adjacency)
    villages = _with(villages, known.columns, "prevalence")
    return _with(villages, steps.service_gaps(study, villages).columns, "gaps"), known


def _run(
    study: Study, found: intake.Intake, villages: pd.DataFrame, papers: dict[str, Any], times: Mapping[str, float]
) -> Run:
    manifest = _manifest(study, found, villages)
    return Run(
        villages=villages,
        geometry=found.geometry,
        selection=_ranked_list(villages),
        join=found.account,
        points=found.points,
        problems=found.problems,
        facts={**papers, "run_id": manifest["run_id"]},
        manifest=manifest,
        times=times,
    )


def hold_ranked(villages: pd.DataFrame, found: intake.Intake) -> None:
    """Raises where no village has data enough: the data are at fault then, and not the rules of choice."""
    if not (villages["status"] == "ranked").any():
        tables = [f"{t['id']}: {t['matched']}/{t['rows']}" for t in found.tables]
        told = {"villages": len(villages), "tables": tables}
        raise DataError([Problem("nobody_ranked", True, Where(), told), *found.problems])


def _choice(study: Study, villages: pd.DataFrame, found: intake.Intake) -> steps.Found:
    try:
        return steps.choice(study, villages)
    except InfeasibleSelection as fault:
        # What was doubtful in the data often explains why too few villages are left to choose from.
        fault.problems = found.problems
        raise


def _with(villages: pd.DataFrame, made: pd.DataFrame, step: schema.Step) -> pd.DataFrame:
    """The table with the columns of a step; the contract is held after each."""
    wider = pd.concat([villages, made], axis=1)
    schema.check(wider, step)
    return wider


LISTED = (
    "rank", "village", "kecamatan", "score", "rank_low", "rank_high", "p_top", "certainty",
    "selected", "selected_by", "left_out_by", "reason",
)  # fmt: skip


def _ranked_list(villages: pd.DataFrame) -> pd.DataFrame:
    # The index is sorted, so a stable sort by rank shows equal ranks by code.
    return villages[list(LISTED)].sort_values("rank", kind="stable", na_position="last")


def _manifest(study: Study, found: intake.Intake, villages: pd.DataFrame) -> dict[str, Any]:
    resolved, inputs = study.resolved(), list(found.inputs)
    said = json.dumps([resolved, [i["sha256"] for i in inputs], __version__], sort_keys=True, ensure_ascii=False)
    return {
        "format": FORMAT,
        "run_id": hashlib.sha256(said.encode()).hexdigest()[:12],
        "study": resolved,
        "inputs": inputs,
        "seed": study.study.seed,
        "versions": {"lokus": __version__, **{name: version(name) for name in VERSIONED}},
        "steps": [
            {
                "step": step,
                "rows": len(villages),
                "missing": {c: int(villages[c].isna().sum()) for c in villages if schema.column(c).step == step},
            }
            for step in schema.STEPS
        ],
    }


VERSIONED = ("numpy", "pandas", "scipy", "geopandas", "shapely", "scikit-learn", "pyogrio", "pyproj", "folium")


class _Clock:
    """Tells each step as it begins and ends, and keeps the seconds it took."""

    def __init__(self, tell: Tell) -> None:
        self.tell = tell
        self.times: dict[str, float] = {}

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        start = time.perf_counter()
        self.tell(step, 0, 1)
        yield
        self.times[step] = round(time.perf_counter() - start, 3)
        self.tell(step, 1, 1)
