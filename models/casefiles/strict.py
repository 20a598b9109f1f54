"""What all tables of a case file share: nothing unknown, nothing converted silently, no infinities."""

from __future__ import annotations

from typing import Annotated, NoReturn

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

Id = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Words = Annotated[str, Field(min_length=1)]


class Strict(BaseModel):
    """Base of every table of a case file."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)


RULE = "case_rule"


def refuse(english: str, chinese: str) -> NoReturn:
    """Break off a validation with a sentence in both languages (for validators of tables)."""
    raise PydanticCustomError(RULE, "{english}", {"english": english, "chinese": chinese})
