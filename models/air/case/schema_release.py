"""What is released: passive sources, dense sources, and vessels that a source term is computed for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from models.air.case.strict import (
    Bearing,
    Fraction,
    Height,
    Id,
    Kelvin,
    NotNegative,
    Positive,
    Strict,
    refuse,
)


class PlumeReleaseRow(Strict):
    """``[[release]]`` of a plume: a point, or an area that emits evenly.

    ``rate_kg_s`` from ``start_s`` to ``end_s`` (left out: to the end of the run), or ``mass_kg`` at once.
    ``width_m`` (x) and ``length_m`` (y) make a rectangle around the place, turned clockwise by
    ``turned_deg``; ``radius_m`` a disc.
    """

    id: Id = "release"
    substance: Id
    x_m: float = 0.0
    y_m: float = 0.0
    height_m: Height = 0.0
    rate_kg_s: NotNegative | None = None
    mass_kg: Positive | None = None
    start_s: NotNegative = 0.0
    end_s: Positive | None = None
    width_m: Positive | None = None
    length_m: Positive | None = None
    turned_deg: Bearing = 0.0
    radius_m: Positive | None = None
    sigma_start_m: Positive | None = None
    deposition: Literal["substance", "none"] = "substance"
    deposition_velocity_m_s: NotNegative | None = None
    half_life_s: Positive | None = None
    molar_mass_kg_mol: Positive | None = None

    @model_validator(mode="after")
    def _one_amount(self) -> PlumeReleaseRow:
        if (self.rate_kg_s is None) == (self.mass_kg is None):
            refuse("give rate_kg_s or mass_kg, one of them", "请在 rate_kg_s 与 mass_kg 中给出一个")
        if self.mass_kg is not None and self.end_s is not None:
            refuse(
                "mass_kg leaves at start_s; end_s goes with rate_kg_s",
                "mass_kg 在 start_s 瞬间释放；end_s 只与 rate_kg_s 同用",
            )
        if self.end_s is not None and self.end_s <= self.start_s:
            refuse("end_s must be larger than start_s", "end_s 应大于 start_s")
        if (self.width_m is None) != (self.length_m is None):
            refuse("width_m and length_m belong together", "width_m 与 length_m 应同时给出")
        if self.width_m is not None and self.radius_m is not None:
            refuse(
                "give width_m and length_m, or radius_m, not both",
                "width_m、length_m 与 radius_m 只能给出一种",
            )
        return self


class DenseReleaseTable(Strict):
    """``[release]`` of a dense case, after expansion to ambient pressure.

    ``rate_kg_s`` (with ``duration_s``; left out: steady) or, for ``instant``, ``mass_kg`` as a cylinder of
    ``radius_m`` and ``cylinder_height_m``. ``temperature_k`` left out: the boiling point of a gas that is
    liquefied at the air's temperature, else that of the air. ``towards_deg`` of a jet left out: downwind.
    """

    substance: Id
    shape: Literal["pool", "jet", "instant", "vent"] = "pool"
    x_m: float = 0.0
    y_m: float = 0.0
    height_m: Height = 0.0
    rate_kg_s: Positive | None = None
    mass_kg: Positive | None = None
    duration_s: Positive | None = None
    radius_m: Positive | None = None
    temperature_k: Kelvin | None = None
    liquid_fraction: Fraction = 0.0
    air_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.0
    speed_m_s: NotNegative = 0.0
    towards_deg: Bearing | None = None
    elevation_deg: Annotated[float, Field(ge=-90, le=90)] = 0.0
    cylinder_height_m: Positive | None = None

    @model_validator(mode="after")
    def _one_amount(self) -> DenseReleaseTable:
        if self.shape == "instant":
            if self.mass_kg is None or self.rate_kg_s is not None:
                refuse(
                    "an instant release needs mass_kg and no rate_kg_s",
                    "瞬时释放需要 mass_kg，不得有 rate_kg_s",
                )
        elif (self.rate_kg_s is None) == (self.mass_kg is None):
            refuse("give rate_kg_s, or mass_kg with duration_s", "请给出 rate_kg_s，或 mass_kg 与 duration_s")
        elif self.mass_kg is not None and self.duration_s is None:
            refuse("mass_kg needs duration_s", "mass_kg 需要 duration_s")
        return self


class SourceTable(Strict):
    """``[source]``: placeholder until the source terms are there."""

    substance: Id
