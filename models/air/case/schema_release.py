"""What is released: passive sources, dense sources, and vessels that a source term is computed for."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

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
    A pressure-liquefied jet of a known rate may be given by ``orifice_diameter_m`` and
    ``storage_temperature_k`` instead: speed, temperature, droplets and radius follow from the flash.
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
    orifice_diameter_m: Positive | None = None
    storage_temperature_k: Kelvin | None = None
    storage_pressure_pa: Positive | None = None

    @model_validator(mode="after")
    def _whole_orifice(self) -> DenseReleaseTable:
        if (self.orifice_diameter_m is None) != (self.storage_temperature_k is None):
            refuse(
                "orifice_diameter_m and storage_temperature_k belong together",
                "orifice_diameter_m 与 storage_temperature_k 应同时给出",
            )
        if self.orifice_diameter_m is None:
            return self
        stated = {"temperature_k", "liquid_fraction", "speed_m_s", "radius_m"} & self.model_fields_set
        if self.shape != "jet" or stated:
            names = ", ".join(sorted(stated)) or "shape"
            refuse(
                f"an orifice makes a jet and its {names}; leave that out",
                f"孔口数据用于射流，{names} 由其推算，请勿同时给出",
            )
        return self

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


class PipeTable(Strict):
    """``[source.pipe]``: a pipe between vessel and opening, or the broken line itself."""

    length_m: Positive
    diameter_m: Positive
    roughness_m: Positive = 4.5e-5
    loss_ratio: NotNegative = 0.5
    rise_m: float = 0.0


class FallingTable(Strict):
    """``[source.falling]``: liquid that does not stay in the air."""

    rain_out: Literal["none", "kletz"] | Fraction = "none"
    ground: Literal["concrete", "soil", "sand_dry", "gravel", "farmland", "water"] = "concrete"
    bund_area_m2: Positive | None = None
    solar_w_m2: NotNegative = 0.0
    until_s: Positive = 3600.0


class CurtainTable(Strict):
    """``[source.curtain]``: a water curtain by a stated part of the jet that it takes, with its range."""

    removed_fraction: Fraction
    low_fraction: Fraction
    high_fraction: Fraction
    from_s: NotNegative = 0.0
    until_s: Positive | None = None


# What each accident needs besides substance and temperature.
_NEEDED: dict[str, tuple[str, ...]] = {
    "vessel_hole": ("hole_diameter_m", "volume_m3"),
    "spill": (),
    "burst": ("mass_kg",),
    "gas_line": ("pipe", "pressure_pa"),
    "vent": ("rate_kg_s", "duration_s", "diameter_m"),
}


class SourceTable(Strict):
    """``[source]``: an accident whose source term is computed.

    ``vessel_hole`` needs ``hole_diameter_m`` and ``volume_m3``; ``spill`` ``mass_kg``, or ``rate_kg_s`` with
    ``duration_s``; ``burst`` ``mass_kg``; ``gas_line`` ``pipe`` and ``pressure_pa``; ``vent`` ``rate_kg_s``,
    ``duration_s`` and ``diameter_m``. Pressures are absolute.
    """

    what: Literal["vessel_hole", "spill", "burst", "gas_line", "vent"]
    substance: Id
    temperature_k: Kelvin
    x_m: float = 0.0
    y_m: float = 0.0
    height_m: Height = 1.0
    hole_diameter_m: Positive | None = None
    volume_m3: Positive | None = None
    pressure_pa: Positive | None = None
    fill_fraction: Fraction = 0.0
    vessel_height_m: Positive | None = None
    form: Literal["upright", "lying", "sphere"] = "upright"
    hole_height_m: NotNegative = 0.0
    towards_deg: Bearing | None = None
    elevation_deg: Annotated[float, Field(ge=-90, le=90)] = 0.0
    phase: Literal["auto", "gas", "liquid"] = "auto"
    discharge_factor: Annotated[float, Field(gt=0, le=1)] | None = None
    nozzle: bool = False
    isolated_after_s: Positive | None = None
    duration_s: Positive | None = None
    mass_kg: Positive | None = None
    rate_kg_s: Positive | None = None
    diameter_m: Positive | None = None
    air_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.0
    pipe: PipeTable | None = None
    falling: FallingTable | None = None
    curtain: CurtainTable | None = None

    @field_validator("hole_height_m")
    @classmethod
    def _hole_in_the_wall(cls, value: float, info: ValidationInfo) -> float:
        volume, height = (info.data.get(name) for name in ("volume_m3", "vessel_height_m"))
        if height is None and volume is not None:
            height = (6.0 * volume / math.pi) ** (1.0 / 3.0)  # that of a sphere, as the model takes it
        if info.data.get("what") == "vessel_hole" and height is not None and value > height:
            refuse(
                f"expected at most the height of the vessel, {height:.3g} m",
                f"应不高于容器高度 {height:.3g} m",
            )
        return value

    @model_validator(mode="after")
    def _everything_needed(self) -> SourceTable:
        lacking = [name for name in _NEEDED[self.what] if getattr(self, name) is None]
        if lacking:
            refuse(f"{self.what} also needs {', '.join(lacking)}", f"{self.what} 还需要 {'、'.join(lacking)}")
        if self.what == "spill" and (self.mass_kg is None) == (self.rate_kg_s is None):
            refuse(
                "a spill needs mass_kg, or rate_kg_s with duration_s",
                "spill 需要 mass_kg，或 rate_kg_s 与 duration_s",
            )
        if self.what == "spill" and self.rate_kg_s is not None and self.duration_s is None:
            refuse("rate_kg_s of a spill needs duration_s", "spill 的 rate_kg_s 需要 duration_s")
        return self
