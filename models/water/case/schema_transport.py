"""What travels in a case: species, dispersion, sources of mass."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from models.casefiles.strict import Id, Strict, refuse
from models.water.case.dims import OWN, Dim
from models.water.case.schema_values import CellValues, Place

NotNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(gt=0, lt=1)]


class SorptionTable(Strict):
    """``[species.sorption]``: the isotherm; C in the case's concentration, S in C times L3 per solid mass."""

    kind: Literal["linear", "freundlich", "langmuir"] = "linear"
    bulk_density: Annotated[float, Field(gt=0), Dim("S/L3")]
    kd: Annotated[NotNegative, Dim("L3/S")] = 0.0
    kf: Annotated[NotNegative, Dim(OWN)] = 0.0
    exponent: Annotated[float, Field(gt=0), Dim("1")] = 1.0
    s_max: Annotated[NotNegative, Dim("CL3/S")] = 0.0
    kl: Annotated[NotNegative, Dim("1/C")] = 0.0
    rate: Annotated[float | None, Field(ge=0), Dim("1/T")] = None
    beta: Annotated[float | None, Field(ge=0), Dim("1/T")] = None

    @model_validator(mode="after")
    def _one_rate(self) -> SorptionTable:
        if self.rate is not None and self.beta is not None:
            refuse("give rate or beta, one of them", "请在 rate 与 beta 中给出一个")
        needed = {"linear": self.kd, "freundlich": self.kf, "langmuir": min(self.s_max, self.kl)}
        if needed[self.kind] <= 0.0:
            names = {"linear": "kd", "freundlich": "kf", "langmuir": "s_max and kl"}[self.kind]
            refuse(f"{self.kind} needs {names} above zero", f"{self.kind} 需要大于零的 {names}")
        return self


class DualTable(Strict):
    """``[species.dual]``: immobile water beside the mobile."""

    porosity: Fraction
    exchange: Annotated[NotNegative, Dim("1/T")]


class SpeciesRow(Strict):
    """``[[species]]``: what travels."""

    id: Id
    start: Annotated[CellValues, Dim("C")] = 0.0
    decay: Annotated[NotNegative, Dim("1/T")] = 0.0
    decay_sorbed: Annotated[float | None, Field(ge=0), Dim("1/T")] = None
    half_life: Annotated[float | None, Field(gt=0), Dim("T")] = None
    parent: Id | None = None
    yield_ratio: NotNegative = 1.0
    sorption: SorptionTable | None = None
    dual: DualTable | None = None

    @model_validator(mode="after")
    def _one_decay(self) -> SpeciesRow:
        if self.half_life is not None and (self.decay or self.decay_sorbed is not None):
            refuse(
                "give half_life (both phases) or decay and decay_sorbed",
                "请给出 half_life（两相相同）或 decay 与 decay_sorbed",
            )
        return self


class TransportTable(Strict):
    """``[transport]``: scheme and dispersion."""

    scheme: Literal["koren", "superbee", "van_leer", "upstream"] = "koren"
    longitudinal: Annotated[NotNegative, Dim("L")] = 0.0
    transverse_horizontal: Annotated[NotNegative, Dim("L")] = 0.0
    transverse_vertical: Annotated[NotNegative, Dim("L")] = 0.0
    diffusion: Annotated[NotNegative, Dim("L2/T")] = 0.0
    cross_terms: bool = True


class Timed(Place):
    """A place from ``start`` to ``end``."""

    species: Id | None = None
    start: Annotated[NotNegative, Dim("T")] = 0.0
    end: Annotated[float | None, Field(gt=0), Dim("T")] = None

    @model_validator(mode="after")
    def _in_order(self) -> Timed:
        if self.end is not None and self.end <= self.start:
            refuse("end must be after start", "end 应晚于 start")
        return self


class MassRow(Timed):
    """``[[mass_source]]``: mass without water; ``rate`` of every cell, or of all together."""

    rate: Annotated[float | None, Dim("M/T")] = None
    total: bool = False


class ConcRow(Timed):
    """``[[fixed_conc]]``: concentrations that are held."""

    conc: Annotated[float | None, Field(ge=0), Dim("C")] = None
