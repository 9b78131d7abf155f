"""The sections of a study file that name files: boundaries, tables, points and rasters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from lokus.study.parts import CodeSystem, Filled, Fraction, Id, Part


class BoundaryFile(Part):
    """[boundaries]: one file of village polygons. `columns` names the attributes where the schema is not known.

    `names_only`: the file has no codes; villages get made ones, and tables are joined by name alone.
    """

    path: Filled
    code_system: CodeSystem
    layer: str = ""
    schema_: str = Field(default="", alias="schema")
    crs: str = ""
    columns: Mapping[Literal["code", "village", "kecamatan", "kabupaten", "province"], str] = Field(
        default_factory=dict
    )
    names_only: bool = False
    source: str = ""


class PlaceColumns(Part):
    """[table.place]: which columns, by header text, say where a row is. `last4` = last four digits of the code."""

    code: str = ""
    village: str = ""
    kecamatan: str = ""
    kabupaten: str = ""
    last4: str = ""


class Table(Part):
    """[[table]]: one sheet or CSV file of villages.

    Where a village has several rows: `period_column` tells its months or semesters apart and `choose` takes one of them
    ("latest", a period as written, or "all"); `repeated` adds up the rows that are left ("sum") or takes the "first";
    `fill_down` gives a place written once to the lines under it. `edition`: the year whose codes the table writes.
    """

    id: Id
    path: Filled
    sheet: str = ""
    place: PlaceColumns
    code_system: CodeSystem | None = None
    only: Mapping[Filled, str] = Field(default_factory=dict)
    header_rows: int | None = Field(default=None, ge=1, le=4)
    decimal: Literal["auto", ",", "."] = "auto"
    repeated: Literal["refuse", "sum", "first"] = "refuse"
    fill_down: bool = False
    period: str = ""
    period_column: str = ""
    choose: str = Field(default="latest", min_length=1)
    edition: str = Field(default="", pattern=r"^(\d{4})?$")
    source: str = ""


class PointFile(Part):
    """[[points]]: places with coordinates in degrees, shown on the map (puskesmas, posyandu).

    `kecamatan` is checked against where the point lies. An indicator may count them: table = the id, value = "count".
    """

    id: Id
    path: Filled
    sheet: str = ""
    name: Filled
    latitude: Filled
    longitude: Filled
    kecamatan: str = ""
    label_id: str = "Puskesmas"
    label_en: str = "Puskesmas"
    period: str = ""
    source: str = ""


class RasterFile(Part):
    """[[raster]]: one band of a raster, of which indicators take sums, means or shares in each village.

    `cells` says what a cell holds: "count" (people, houses: they add up), "level" (night lights, vegetation),
    "elevation" (metres) or "class" (land cover). An indicator: table = the id, value = "sum", "mean", "min", "max",
    "median", "stdev" or "slope" (degrees); or percent = "share", the share of a village's area `at_least`, `at_most` or
    `among`. `nodata`, `valid`, `crs` correct what the file says of itself; `nodata_as_zero`: nobody lives in a cell
    without data; `total`: what a count should add up to; under `least_covered` of its area a village has no value.
    """

    id: Id
    path: Filled
    cells: Literal["count", "level", "elevation", "class"]
    band: int = Field(default=1, ge=1, le=10_000)
    nodata: float | None = None
    nodata_as_zero: bool = False
    valid: tuple[float, float] | None = None
    crs: str = ""
    total: float | None = Field(default=None, gt=0)
    at_least: float | None = None
    at_most: float | None = None
    among: tuple[float, ...] = ()
    least_covered: Fraction = 0.5
    unit: str = ""
    label_id: str = ""
    label_en: str = ""
    period: str = ""
    source: str = ""
