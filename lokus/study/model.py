"""The records of a study: every section of `lokus.toml`, its keys, their types and defaults."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from lokus import cards
from lokus.catalog import indicators
from lokus.study.access import UNITS, Access
from lokus.study.files import BoundaryFile, PointFile, RasterFile, Table
from lokus.study.parts import Filled, Fraction, Headers, Id, Level, Mean, Part, Villages, Weight


class Heading(Part):
    """[study]"""

    title: str = Field(min_length=1)
    year: int = Field(ge=2000, le=2100)
    kabupaten: str = ""
    seed: int = Field(default=20250101, ge=0)
    language: Level = "id"


class IndicatorUse(Part):
    """[[indicator]]: an indicator of the catalogue, or one's own, and the columns it is made of.

    A list of headers is summed. `numerator` + `denominator` make a share with an interval; `percent` is a share given
    as 0–100 without its counts; `value` is a number or count; `complement` = the numerator counts those NOT reached.
    `of` makes a count of people from a share of this study: its numerator, with the share's own uncertainty.
    """

    id: Id
    table: str = ""
    numerator: Headers = ()
    denominator: Headers = ()
    percent: str = ""
    value: Headers = ()
    complement: bool = False
    of: str = ""
    weight: Weight = 1.0
    dimension: Id | None = None
    target: Fraction | None = None
    target_source: str = ""
    goalposts: tuple[float, float] | None = None
    label_id: str = ""
    label_en: str = ""
    kind: Literal["share", "count", "value", ""] = ""
    better: Literal["lower", "higher", ""] = ""
    owner: str = ""
    score: bool = True


class Dimension(Part):
    """[[dimension]]: a group of indicators with a weight of its own; `inside` = the dimension it lies in."""

    id: Id
    inside: str = ""
    label_id: str = ""
    label_en: str = ""
    weight: Weight = 1.0


class Method(Part):
    """[method]: `comparisons` of every two scored indicators for weights = "ahp" (numbers, or fractions as "1/3");
    `points` that each expert gives them for weights = "budget"; both in the order of the study.
    """

    prior: Literal["kabupaten", "kecamatan", "neighbours"] = "kabupaten"
    unmeasured_ratio: float = Field(default=1.0, gt=0, le=10)
    interval: float = Field(default=0.90, gt=0.5, lt=1)
    treatment: Literal["none", "winsorise", "winsorise_log"] = "winsorise"
    normalise: Literal["minmax", "goalposts", "target", "fraction", "zscore", "rank", "borda"] = "minmax"
    weights: Literal[
        "expert", "equal", "ahp", "budget", "entropy", "deviation", "critic", "merec", "pca", "variance", "gini",
        "angle", "cilos", "idocriw", "lopcow", "importance",
    ] = "expert"  # fmt: skip
    comparisons: tuple[tuple[float | str, ...], ...] = ()
    points: tuple[tuple[float, ...], ...] = ()
    within: Mean = "geometric"
    across: Mean | Literal["topsis", "copeland"] = "arithmetic"
    least_observed: Fraction = 0.6


class Uncertainty(Part):
    """[uncertainty]: `weight_spread` = relative standard deviation of a weight drawn around the given one;
    `alternatives` = every draw also takes its scale, treatment, means and prior by lot.
    """

    draws: int = Field(default=2000, ge=100, le=100_000)
    weight_spread: float = Field(default=0.25, ge=0, le=1)
    alternatives: bool = False


class Space(Part):
    """[space]: neighbours, hot spots, the scan. `of` is the indicator looked at; empty = the first share of the burden.

    `by` = "queen" (any contact), "rook" (a border of `border_m`), "knn" (the `k` nearest), "distance" (`distance_m`).
    The scan's circles hold at most `scan_most` of the people; `scan` = "none" leaves it out.
    """

    by: Literal["queen", "rook", "knn", "distance"] = "queen"
    near_m: float = Field(default=100.0, ge=0, le=5000)
    border_m: float = Field(default=100.0, gt=0, le=100_000)
    k: int = Field(default=6, ge=1, le=100)
    distance_m: float = Field(default=10_000.0, gt=0, le=1_000_000)
    islands: Literal["nearest", "alone"] = "nearest"
    permutations: int = Field(default=9999, ge=99, le=99_999)
    fdr: float = Field(default=0.05, gt=0, lt=1)
    scan: Literal["betabinomial", "bernoulli", "poisson", "none"] = "betabinomial"
    scan_most: float = Field(default=0.5, gt=0, le=0.5)
    scan_replicas: int = Field(default=999, ge=99, le=99_999)
    of: str = ""


class Areas(Part):
    """[clusters.areas]: work areas of neighbouring villages. `count`: empty = as many as there are kecamatan."""

    how: Literal["none", "ward", "skater"] = "none"
    count: Villages | None = None
    least_members: Villages = 5


class Clusters(Part):
    """[clusters]: groups of villages that lack the same things. k is chosen between the bounds, and shown."""

    method: Literal["kmeans", "ward", "mixture"] = "kmeans"
    k_min: int = Field(default=2, ge=2, le=12)
    k_max: int = Field(default=6, ge=2, le=12)
    least_members: int = Field(default=3, ge=2, le=1_000_000)
    areas: Areas = Areas()


class Named(Part):
    """A village named by the meeting, with its reason."""

    village: str
    reason: str = Field(min_length=3)
    meeting: str = ""


class Threshold(Part):
    """[[selection.threshold]]: what an indicator's estimate must be for a village to be chosen, shares as 0–1."""

    indicator: Id
    above: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    below: float | None = None

    @property
    def limits(self) -> dict[str, float]:
        """The limits given, by name."""
        return self.model_dump(exclude={"indicator"}, exclude_none=True)


class LeastUnder(Part):
    """[selection.least_under]: at least `count` of the services are under `share` of their target group."""

    share: float = Field(gt=0, le=1)
    count: Villages


class Selection(Part):
    """[selection]: how many villages, or for how much money, under which rules, and of what the most.

    `objective`: the total of the "score", of "children" expected to be stunted, of the "probability" of the top N, or
    the "overlap" of the tops of all scored indicators. `cost` of a village: a number, or an indicator of this study.
    """

    count: Villages | None = None
    budget: float | None = Field(default=None, gt=0)
    cost: float | Id = 1.0
    objective: Literal["score", "children", "probability", "overlap"] = "score"
    max_new: int | None = Field(default=None, ge=0, le=1_000_000)
    least_kept: int | None = Field(default=None, ge=0, le=1_000_000)
    threshold: tuple[Threshold, ...] = ()
    least_under: LeastUnder | None = None
    max_per_kecamatan: Villages | None = None
    min_per_kecamatan: int | None = Field(default=None, ge=0, le=1_000_000)
    least_kecamatan: Villages | None = None
    last_year: str = ""
    keep_last_year: bool = False
    keep: tuple[Named, ...] = ()
    drop: tuple[Named, ...] = ()
    add: tuple[Named, ...] = ()
    remove: tuple[Named, ...] = ()


class Measure(Part):
    """An indicator as this study uses it: the catalogue's entry with the study's own words over it."""

    id: Id
    label_id: str
    label_en: str
    kind: Literal["share", "count", "value"]
    better: Literal["lower", "higher"]
    unit: str = ""
    dimension: Id
    owner: str = ""
    weight: float
    score: bool
    target: float | None = None
    target_source: str = ""
    target_verified: bool = False
    table: Id
    numerator: tuple[str, ...] = ()
    denominator: tuple[str, ...] = ()
    percent: str = ""
    value: tuple[str, ...] = ()
    complement: bool = False
    of: str = ""
    goalposts: tuple[float, float] | None = None

    @property
    def columns(self) -> dict[str, tuple[str, ...]]:
        """The columns to read, by the role they play."""
        roles = {"numerator": self.numerator, "denominator": self.denominator, "value": self.value}
        roles["percent"] = (self.percent,) if self.percent else ()
        return {role: headers for role, headers in roles.items() if headers}


class Study(Part):
    """A whole study; `folder` is where its relative paths start."""

    lokus: Literal[1] = 1
    study: Heading
    boundaries: BoundaryFile
    table: tuple[Table, ...] = Field(min_length=1)
    points: tuple[PointFile, ...] = ()
    raster: tuple[RasterFile, ...] = ()
    access: tuple[Access, ...] = ()
    indicator: tuple[IndicatorUse, ...] = Field(min_length=1)
    dimension: tuple[Dimension, ...] = ()
    method: Method = Method()
    uncertainty: Uncertainty = Uncertainty()
    space: Space = Space()
    clusters: Clusters = Clusters()
    selection: Selection
    crosswalk: Filled = "crosswalk.csv"
    outside_paths: bool = False
    folder: Path = Field(default=Path(), exclude=True)

    def _repr_html_(self) -> str:
        """What Jupyter shows."""
        return cards.study_card(self)

    def path(self, relative: str) -> Path:
        """Where a path of the study file lies."""
        return self.folder / relative

    @cached_property
    def measures(self) -> tuple[Measure, ...]:
        """The indicators, each with the catalogue's entry under the study's own words."""
        by_id = {use.id: use for use in self.indicator}
        units = {raster.id: raster.unit for raster in self.raster} | {f"{r.id}.slope": "°" for r in self.raster}
        units |= {f"{access.id}.{value}": UNITS[value] for access in self.access for value in access.values}
        return tuple(_measure(use, by_id, self.study.year, units) for use in self.indicator)

    def part(self, name: str) -> Table | PointFile | RasterFile | Access:
        """The table, points, raster or access of an id. Errors: KeyError."""
        parts: tuple[Table | PointFile | RasterFile | Access, ...]
        parts = (*self.table, *self.points, *self.raster, *self.access)
        return {one.id: one for one in parts}[name]

    @property
    def services(self) -> tuple[Measure, ...]:
        """The service coverages: shares of the dimension "services" that are better when higher."""
        kind = ("share", "higher", "services")
        return tuple(m for m in self.measures if (m.kind, m.better, m.dimension) == kind)

    def resolved(self) -> dict[str, Any]:
        """The study with every default written out, as JSON values: what `run.json` keeps."""
        return self.model_dump(mode="json", by_alias=True)


def _measure(use: IndicatorUse, by_id: Mapping[str, IndicatorUse], year: int, units: Mapping[str, str]) -> Measure:
    known = indicators().get(use.id)
    base: dict[str, Any] = known.model_dump() if known else {}
    targets = known.targets if known and use.target is None else ()
    # The target set for the study's year, else the catalogue's first.
    target = next((t for t in targets if t.year == year), targets[0] if targets else None)
    parent = by_id[use.of] if use.of else use
    return Measure(
        id=use.id,
        label_id=use.label_id or base.get("label_id", ""),
        label_en=use.label_en or use.label_id or base.get("label_en", ""),
        kind=use.kind or base.get("kind", "share"),
        better=use.better or base.get("better", "higher"),
        unit=base.get("unit") or units.get(".".join((parent.table, *parent.value)), units.get(parent.table, "")),
        dimension=use.dimension or base.get("dimension", "services"),
        owner=use.owner or base.get("owner", ""),
        weight=use.weight,
        score=use.score,
        target=target.value if target else use.target,
        target_source=f"{target.source} ({target.year})" if target and target.year else use.target_source,
        target_verified=target.verified if target else bool(use.target_source),
        table=parent.table,
        **use.model_dump(include={"numerator", "denominator", "percent", "value", "complement", "of", "goalposts"}),
    )
