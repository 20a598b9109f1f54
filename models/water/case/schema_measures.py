"""What could be done about a plume, and how the options are compared."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from models.casefiles.strict import Id, Strict, refuse
from models.water.case.dims import OWN, Dim

NotNegative = Annotated[float, Field(ge=0)]
Corner = Annotated[list[float], Field(min_length=2, max_length=2)]
# What a kind cannot do without.
_NEEDED: dict[str, tuple[str, ...]] = {
    "pump": ("rate", "bottom"),
    "inject": ("rate", "bottom"),
    "barrier": ("conductivity", "thickness", "bottom"),
    "source_removal": (),
    "reactive_zone": ("half_life", "thickness", "bottom"),
}


class MeasureRow(Strict):
    """``[[measure]]``: something done at the decision, compared with doing nothing."""

    id: Id
    title: str = ""
    kind: Literal["pump", "inject", "barrier", "source_removal", "reactive_zone"]
    line: Annotated[list[Corner], Field(min_length=1), Dim("L")]
    top: Annotated[NotNegative, Dim("L")] = 0.0
    bottom: Annotated[float | None, Field(gt=0), Dim("L")] = None
    rate: Annotated[float | None, Field(gt=0), Dim("L3/T")] = None
    conc: Annotated[NotNegative, Dim("C")] = 0.0
    conductivity: Annotated[float | None, Field(ge=0), Dim("L/T")] = None
    thickness: Annotated[float | None, Field(gt=0), Dim("L")] = None
    share: Annotated[float, Field(gt=0, le=1), Dim("1")] = 1.0
    half_life: Annotated[float | None, Field(gt=0), Dim("T")] = None
    start: Annotated[NotNegative, Dim("T")] = 0.0
    end: Annotated[float | None, Field(gt=0), Dim("T")] = None
    cost: Annotated[float | None, Field(ge=0), Dim(OWN)] = None

    @model_validator(mode="after")
    def _whole(self) -> MeasureRow:
        lacking = ", ".join(name for name in _NEEDED[self.kind] if getattr(self, name) is None)
        if lacking:
            refuse(f"{self.kind} needs {lacking}", f"{self.kind} 需要 {lacking}")
        if self.bottom is not None and self.bottom <= self.top:
            refuse("bottom must be deeper than top", "bottom 应深于 top")
        if self.end is not None and self.end <= self.start:
            refuse("end must be after start", "end 应晚于 start")
        return self


class CompareTable(Strict):
    """``[compare]``: when it is decided, and what is looked at afterwards."""

    species: Id | None = None
    limit: Annotated[float, Field(gt=0), Dim("C")]
    decision: Annotated[NotNegative, Dim("T")] = 0.0
    times: Annotated[list[float], Field(min_length=1), Dim("T")]
    step: Annotated[float | None, Field(gt=0), Dim("T")] = None

    @model_validator(mode="after")
    def _later(self) -> CompareTable:
        if any(b <= a for a, b in pairwise([self.decision, *self.times])):
            refuse("times must rise and come after decision", "times 应递增且晚于 decision")
        return self
