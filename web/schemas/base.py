"""What all schemas of the API share: strict types, no unknown fields, finite numbers."""

from __future__ import annotations

import re
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from web.problems import query_error

MS_MAX = 4_102_444_800_000  # 2100-01-01
PATTERN_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
PATTERN_SERIES = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}/[a-z][a-z0-9_]{0,31}(:[a-z0-9_.+-]{1,32})?(@[a-z]{2,8})?$"

_KIND = "whole_number"
_NOT_WHOLE = "expected a whole number"
_WHOLE = re.compile(r"-?[0-9]{1,15}", re.ASCII)


def _whole(text: object) -> object:
    # pydantic would also read " 12 ", "1_000" and "1.0"; an address that is copied should mean one thing.
    if not isinstance(text, str):
        return text
    if not _WHOLE.fullmatch(text):
        raise PydanticCustomError(_KIND, _NOT_WHOLE)
    return int(text)


WholeText = BeforeValidator(_whole)
TimeMs = Annotated[int, WholeText, Field(ge=0, le=MS_MAX, description="Milliseconds since 1970-01-01 UTC")]


class Out(BaseModel):
    """A body that the API gives."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)


class Query(BaseModel):
    """Query parameters. They arrive as text, so whole numbers are read from text; nothing else is bent."""

    model_config = ConfigDict(
        strict=True, extra="forbid", allow_inf_nan=False, frozen=True, validate_by_name=False
    )

    @classmethod
    def read(cls, text: dict[str, Any]) -> Self:
        """Query from the texts of an address. Raises BadRequestError naming the first bad parameter."""
        try:
            return cls.model_validate_strings(text)
        except ValidationError as error:
            raise query_error(error) from None


class Body(BaseModel):
    """A body that the API takes: strict, nothing unknown, finite numbers."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)


class TextOut(Out):
    """The same text in Chinese and English."""

    zh: str
    en: str
