"""What all tables of a case file share: nothing unknown, nothing converted silently, no infinities."""

from __future__ import annotations

from typing import Annotated, NoReturn

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

CASE_FORMAT = 1

Id = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Words = Annotated[str, Field(min_length=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Bearing = Annotated[float, Field(ge=-360, le=720)]
Height = Annotated[float, Field(ge=0, le=5000)]
Kelvin = Annotated[float, Field(ge=100, le=2000)]


class Strict(BaseModel):
    """Base of every table of a case file."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)


RULE = "case_rule"


def refuse(english: str, chinese: str) -> NoReturn:
    """Break off a validation with a sentence in both languages (for validators of tables)."""
    raise PydanticCustomError(RULE, "{english}", {"english": english, "chinese": chinese})
