"""run(): the page to protect. From what was read to what was found, in the order of the composite-indicator handbook."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import pandas as pd

from lokus import __version__, intake, schema
from lokus.errors import Problem
from lokus.study import Study

FORMAT = 1
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Run:
    """Everything a run found. Tables are on the index `village_code` unless said.

    `villages`: the village table of `schema.COLUMNS`. `geometry`: EPSG:4326, None where a village has no polygon.
    `selection`: the ranked list with the chosen ones. `join`: the account of every row of every table (own index).
    `points`: layer, name, longitude, latitude (own index). `facts`: what the papers say about the run, JSON values only.
    `manifest`: the resolved study, versions, inputs and steps. `times`: seconds a step took, never part of a comparison.
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


def run(study: Study, found: intake.Intake | None = None, *, tell: Tell = lambda step, done, of: None) -> Run:
    """Runs a study: prevalence, gaps, score, rank with uncertainty, space, clusters, choice.

    :param study: as `open_study` gives it.
    :param found: what `intake.read` read, where it is read already.
    :param tell: called with (step, done, of) as the work goes on.
    :return: the run; nothing is written.
    :raises StudyError, DataError, InfeasibleSelection: as the study, its files or its rules deserve.
    """
    ...
