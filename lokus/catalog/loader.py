"""Reads `indicators.toml` into frozen records."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

# The indicators that lokus itself must know: what it is all about, and how much of it was measured (D/S).
BURDEN, MEASURED = "stunting", "measured"

Kind = Literal["share", "count", "value"]
Better = Literal["lower", "higher"]


class Record(BaseModel):
    """A frozen record that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Target(Record):
    """A target value with where it comes from. `verified` is false where nobody has checked it against a source."""

    value: float
    year: int | None = None
    source: str = ""
    verified: bool = False


class Indicator(Record):
    """One indicator as the field knows it.

    `kind`: "share" = numerator / denominator (0–1 inside); "count" = people; "value" = a number of its own unit.
    `better`: which direction is better for children. `theme`: what it is about ("air", "gizi").
    `owner`: the office (OPD) that can close the gap.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label_id: str
    label_en: str
    kind: Kind = "share"
    better: Better
    numerator: str = ""
    denominator: str = ""
    unit: str = ""
    dimension: str = "services"
    theme: str = ""
    owner: str = ""
    targets: tuple[Target, ...] = ()
    source: str = ""
    note_id: str = ""
    note_en: str = ""
    verified: bool = False


@cache
def indicators() -> dict[str, Indicator]:
    """The catalogue, by id, in its own order."""
    raw = tomllib.loads(files("lokus.catalog").joinpath("indicators.toml").read_text("utf-8"))
    return {key: Indicator(id=key, **entry) for key, entry in raw.items()}
