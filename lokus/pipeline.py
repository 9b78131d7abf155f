"""run(): the page to protect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import pandas as pd

from lokus.errors import Problem


@dataclass(frozen=True, slots=True)
class Run:
    """Everything a run found. Tables are on the index `village_code` unless said.

    `villages`: the village table of `schema.COLUMNS`. `geometry`: EPSG:4326, None where a village has no polygon.
    `selection`: the ranked list with the chosen ones. `join`: the account of every row of every table (own index).
    `points`: name, layer, longitude, latitude. `facts`: what the papers say about the run (JSON values only).
    """

    villages: pd.DataFrame
    geometry: gpd.GeoSeries
    selection: pd.DataFrame
    join: pd.DataFrame
    points: pd.DataFrame
    problems: tuple[Problem, ...]
    facts: Mapping[str, Any]
    manifest: Mapping[str, Any]
