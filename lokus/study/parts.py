"""What the sections of a study file are made of: the types of their keys, and the rules all sections share."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

CodeSystem = Literal["kemendagri", "bps"]
Level = Literal["id", "en"]
Mean = Literal["arithmetic", "geometric", "harmonic"]


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Filled = Annotated[str, StringConstraints(min_length=1)]
Headers = Annotated[tuple[Filled, ...], BeforeValidator(_listed)]
Fraction = Annotated[float, Field(ge=0, le=1)]
# Bounds far beyond any use: what lies outside is a slip of the keyboard, and would overflow further on.
Weight = Annotated[float, Field(ge=0, le=1_000_000)]
Villages = Annotated[int, Field(ge=1, le=1_000_000)]
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Part(BaseModel):
    """A section of the study file: frozen, unknown keys refused, numbers finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _true_is_no_number(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, bool) and cls.model_fields[info.field_name or ""].annotation is not bool:
            raise PydanticCustomError("number_type", "a truth value where a number or a text belongs")
        return value
