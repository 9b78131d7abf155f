"""`lokus.toml` → `Study`: the whole specification of a run, frozen, with every key's default or a clear refusal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

FORMAT = 1
CodeSystem = Literal["kemendagri", "bps"]
Level = Literal["id", "en"]


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Headers = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Part(BaseModel):
    """A section of the study file: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Heading(Part):
    """[study]"""

    title: str = Field(min_length=1)
    year: int = Field(ge=2000, le=2100)
    kabupaten: str = ""
    seed: int = Field(default=20250101, ge=0)
    language: Level = "id"


class BoundaryFile(Part):
    """[boundaries]: one file of village polygons. `columns` names the attributes where the schema is not known."""

    path: str
    code_system: CodeSystem
    layer: str = ""
    schema_: str = Field(default="", alias="schema")
    crs: str = ""
    columns: Mapping[Literal["code", "village", "kecamatan", "kabupaten", "province"], str] = Field(
        default_factory=dict
    )
    source: str = ""


class PlaceColumns(Part):
    """[table.place]: which columns, by header text, say where a row is. `last4` = last four digits of the code."""

    code: str = ""
    village: str = ""
    kecamatan: str = ""
    kabupaten: str = ""
    last4: str = ""


class Table(Part):
    """[[table]]: one sheet or CSV file with a row for each village."""

    id: Id
    path: str
    sheet: str = ""
    place: PlaceColumns
    code_system: CodeSystem | None = None
    only: Mapping[str, str] = Field(default_factory=dict)
    header_rows: int | None = Field(default=None, ge=1, le=4)
    decimal: Literal["auto", ",", "."] = "auto"
    repeated: Literal["refuse", "sum"] = "refuse"
    period: str = ""
    source: str = ""


class Points(Part):
    """[[points]]: places with coordinates in degrees, shown on the map (puskesmas, posyandu)."""

    id: Id
    path: str
    sheet: str = ""
    name: str
    latitude: str
    longitude: str
    label_id: str = "Puskesmas"
    label_en: str = "Puskesmas"
    source: str = ""


class IndicatorUse(Part):
    """[[indicator]]: an indicator of the catalogue, or one's own, and the columns it is made of.

    A list of headers is summed. `numerator` + `denominator` make a share with an interval; `percent` is a share given
    as 0–100 without its counts; `value` is a number or count. `of` ties a count to the share it is the numerator of.
    """

    id: Id
    table: str
    numerator: Headers = ()
    denominator: Headers = ()
    percent: str = ""
    value: Headers = ()
    complement: bool = False
    of: str = ""
    weight: float = Field(default=1.0, ge=0)
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
    """[[dimension]]: a group of indicators with a weight of its own."""

    id: Id
    label_id: str = ""
    label_en: str = ""
    weight: float = Field(default=1.0, ge=0)


class Method(Part):
    """[method]"""

    prior: Literal["kabupaten", "kecamatan"] = "kabupaten"
    interval: float = Field(default=0.90, gt=0.5, lt=1)
    treatment: Literal["none", "winsorise"] = "winsorise"
    normalise: Literal["minmax", "goalposts", "zscore", "rank"] = "minmax"
    weights: Literal["expert", "equal", "entropy"] = "expert"
    within: Literal["arithmetic", "geometric"] = "geometric"
    across: Literal["arithmetic", "geometric"] = "arithmetic"
    least_observed: Fraction = 0.6


class Uncertainty(Part):
    """[uncertainty]: `weight_spread` is the relative standard deviation of a weight drawn around the expert's (0 = fixed)."""

    draws: int = Field(default=2000, ge=100, le=100_000)
    weight_spread: float = Field(default=0.25, ge=0, le=1)


class Space(Part):
    """[space]: neighbours and hot spots. `of` is the indicator looked at; empty = the first share of the burden."""

    near_m: float = Field(default=100.0, ge=0, le=5000)
    islands: Literal["nearest", "alone"] = "nearest"
    permutations: int = Field(default=999, ge=99, le=99_999)
    fdr: float = Field(default=0.05, gt=0, lt=1)
    of: str = ""


class Clusters(Part):
    """[clusters]: groups of villages that lack the same things. k is chosen between the bounds, and shown."""

    k_min: int = Field(default=2, ge=2, le=12)
    k_max: int = Field(default=6, ge=2, le=12)
    least_members: int = Field(default=3, ge=2)


class Named(Part):
    """A village named by the meeting, with its reason."""

    village: str
    reason: str = Field(min_length=3)
    meeting: str = ""


class Selection(Part):
    """[selection]: how many villages, under which rules."""

    count: int = Field(ge=1)
    max_per_kecamatan: int | None = Field(default=None, ge=1)
    min_per_kecamatan: int | None = Field(default=None, ge=0)
    least_kecamatan: int | None = Field(default=None, ge=1)
    last_year: str = ""
    keep_last_year: bool = False
    keep: tuple[Named, ...] = ()
    drop: tuple[Named, ...] = ()
    add: tuple[Named, ...] = ()
    remove: tuple[Named, ...] = ()


class Study(Part):
    """A whole study; `folder` is where its relative paths start."""

    lokus: Literal[1] = 1
    study: Heading
    boundaries: BoundaryFile
    table: tuple[Table, ...] = Field(min_length=1)
    points: tuple[Points, ...] = ()
    indicator: tuple[IndicatorUse, ...] = Field(min_length=1)
    dimension: tuple[Dimension, ...] = ()
    method: Method = Method()
    uncertainty: Uncertainty = Uncertainty()
    space: Space = Space()
    clusters: Clusters = Clusters()
    selection: Selection
    crosswalk: str = "crosswalk.csv"
    outside_paths: bool = False
    folder: Path = Field(default=Path(), exclude=True)

    def path(self, relative: str) -> Path:
        """Where a path of the study file lies."""
        return self.folder / relative
