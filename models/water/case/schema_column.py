"""``kind = "column"``: the unsaturated column from the ground to the water table."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from models.casefiles.strict import Id, Strict, refuse
from models.water.case.dims import Dim
from models.water.case.schema import Head
from models.water.case.schema_values import Count

Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]


class SoilRow(Strict):
    """``[[soil]]``: a layer from the one above down to ``bottom`` below ground.

    Curves: ``van_genuchten`` (alpha, n, pore), ``gardner`` (alpha), ``haverkamp`` (a, b, c, d, whose heads
    are in centimetres as published).
    """

    bottom: Annotated[Positive, Dim("L")]
    curve: Literal["van_genuchten", "gardner", "haverkamp"] = "van_genuchten"
    residual: Annotated[float, Field(ge=0, lt=1), Dim("1")] = 0.0
    saturated: Annotated[float, Field(gt=0, lt=1), Dim("1")]
    k: Annotated[Positive, Dim("L/T")]
    alpha: Annotated[float | None, Field(gt=0), Dim("1/L")] = None
    n: Annotated[float | None, Field(gt=1), Dim("1")] = None
    pore: Annotated[float, Dim("1")] = 0.5
    a: Annotated[float | None, Field(gt=0), Dim("1")] = None
    b: Annotated[float | None, Field(gt=0), Dim("1")] = None
    c: Annotated[float | None, Field(gt=0), Dim("1")] = None
    d: Annotated[float | None, Field(gt=0), Dim("1")] = None
    bulk_density: Annotated[float | None, Field(gt=0), Dim("S/L3")] = None
    ph: Annotated[float | None, Field(ge=0, le=14)] = None

    @model_validator(mode="after")
    def _whole_curve(self) -> SoilRow:
        needed = {"van_genuchten": ("alpha", "n"), "gardner": ("alpha",), "haverkamp": ("a", "b", "c", "d")}
        lacking = [name for name in needed[self.curve] if getattr(self, name) is None]
        if lacking:
            names = ", ".join(lacking)
            refuse(f"{self.curve} needs {names}", f"{self.curve} 需要 {names}")
        if self.residual >= self.saturated:
            refuse("residual must be below saturated", "residual 应小于 saturated")
        return self


class TopRow(Strict):
    """``[[top]]``: what happens at the ground until ``end``; flux positive INTO the ground, or a pond."""

    end: Annotated[Positive, Dim("T")]
    flux: Annotated[float, Dim("L/T")] = 0.0
    pond: Annotated[float | None, Dim("L")] = None
    conc: Annotated[float | dict[str, float] | None, Dim("C")] = None

    @model_validator(mode="after")
    def _one_way(self) -> TopRow:
        if self.pond is not None and "flux" in self.model_fields_set:
            refuse("give flux or pond, one of them", "请在 flux 与 pond 中给出一个")
        return self


class BottomTable(Strict):
    """``[bottom]``: a fixed pressure head (0: the water table) or free drainage."""

    kind: Literal["head", "free"] = "head"
    head: Annotated[float, Dim("L")] = 0.0


class SoluteRow(Strict):
    """``[[solute]]``: a substance in the column; ``kd`` one number, or a list over ``kd_ph``."""

    id: Id
    kd: Annotated[NotNegative | list[Positive], Dim("L3/S")] = 0.0
    kd_ph: list[float] = []
    decay: Annotated[NotNegative, Dim("1/T")] = 0.0
    decay_sorbed: Annotated[NotNegative, Dim("1/T")] = 0.0


class DepthRow(Strict):
    """``[[depth]]``: a depth below ground that is watched, between the middles of cells."""

    id: Id
    depth: Annotated[NotNegative, Dim("L")]


class ColumnCase(Head):
    """Richards' equation and what the water carries, in one dimension."""

    kind: Literal["column"]
    depth_total: Annotated[Positive, Dim("L")]
    cells: Annotated[Count, Field(ge=3)] = 100
    soil: Annotated[list[SoilRow], Field(min_length=1)]
    top: Annotated[list[TopRow], Field(min_length=1)]
    bottom: BottomTable = BottomTable()
    start_head: Annotated[float | list[float] | None, Dim("L")] = None
    start_content: Annotated[float | list[float] | None, Dim("1")] = None
    solute: list[SoluteRow] = []
    dispersivity: Annotated[NotNegative, Dim("L")] = 0.0
    diffusion: Annotated[NotNegative, Dim("L2/T")] = 0.0
    depth: list[DepthRow] = []

    @model_validator(mode="after")
    def _one_start(self) -> ColumnCase:
        if self.start_head is not None and self.start_content is not None:
            refuse(
                "give start_head or start_content, one of them", "请在 start_head 与 start_content 中给出一个"
            )
        return self
