"""``kind = "tracks"``: particles that go with the water, by Pollock's method."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from models.casefiles.strict import Id, Strict
from models.water.case.dims import Dim
from models.water.case.schema import FlowCase
from models.water.case.schema_ground import UniformFlowTable
from models.water.case.schema_values import Count, Place


class ParticleRow(Place):
    """``[[particle]]``: cells or a point where ``per_side``^2 x ``per_height`` particles a cell start."""

    id: Id
    per_side: Count = 1
    per_height: Count = 1
    release: Annotated[float, Field(ge=0), Dim("T")] = 0.0


class TrackingTable(Strict):
    """``[tracking]``: how particles go."""

    direction: Literal["forward", "backward"] = "forward"
    weak_sinks: Literal["pass", "stop"] = "pass"
    retardation: Annotated[float, Field(ge=1), Dim("1")] = 1.0
    until: Annotated[float | None, Field(gt=0), Dim("T")] = None
    paths: bool = True


class TracksCase(FlowCase):
    """Particles through the flow of a case, solved or uniform."""

    kind: Literal["tracks"]  # type: ignore[assignment]
    uniform_flow: UniformFlowTable | None = None
    particle: Annotated[list[ParticleRow], Field(min_length=1)]
    tracking: TrackingTable = TrackingTable()
