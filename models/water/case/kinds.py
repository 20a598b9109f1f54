"""All kinds of cases."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, TypeAdapter

from models.water.case.schema import FlowCase, TransportCase
from models.water.case.schema_column import ColumnCase
from models.water.case.schema_tracks import TracksCase

AnyCase = FlowCase | TransportCase | TracksCase | ColumnCase
KINDS = ("flow", "transport", "tracks", "column")


def case_adapter() -> TypeAdapter[AnyCase]:
    """Validator of any case."""
    return TypeAdapter(Annotated[AnyCase, Field(discriminator="kind")])
