"""What leaves a vessel into the air, and the air it leaves into: between source terms and clouds.

``models.air.source`` makes a ``SourceTerm``; ``models.air.dense`` and the puffs eat it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from twin.core.geometry import FloatArray, Place
from twin.core.text import Text


class Shape(StrEnum):
    """How the gas enters the air."""

    JET = "jet"
    POOL = "pool"  # area at the ground, no momentum
    INSTANT = "instant"  # everything at once, as a cylinder at rest
    VENT = "vent"  # passive opening at a height


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SourceTerm:
    """Emission into the air in constant steps.

    ``times_s`` (n + 1,) are the bounds of the steps from the start of the accident; the other arrays
    (n,) hold within a step: ``rate_kg_s`` of the substance (vapour and airborne liquid together),
    ``temperature_k`` and ``liquid_fraction`` (mass of airborne droplets over mass of substance) after
    expansion to ambient pressure, ``air_fraction`` (mass of air already mixed in over the whole),
    ``radius_m`` of the pool or of the expanded jet, ``speed_m_s`` of the jet. ``INSTANT`` has one step,
    whose rate times length is the mass. ``towards_deg`` is where the jet blows TO, clockwise from grid
    north; ``elevation_deg`` up from the horizontal. ``notes`` say what was assumed or left out.
    """

    substance_id: str
    shape: Shape
    place: Place
    height_m: float
    times_s: FloatArray
    rate_kg_s: FloatArray
    temperature_k: FloatArray
    liquid_fraction: FloatArray
    air_fraction: FloatArray
    radius_m: FloatArray
    speed_m_s: FloatArray
    towards_deg: float = 0.0
    elevation_deg: float = 0.0
    height_of_cylinder_m: float = 0.0
    notes: tuple[Text, ...] = ()

    @property
    def mass_kg(self) -> float:
        """Mass of substance that enters the air."""
        return float(np.sum(self.rate_kg_s * np.diff(self.times_s)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambient:
    """The air before the cloud. ``wind_speed_m_s`` at ``wind_height_m``; 1/L as in ``SurfaceLayer``.

    ``towards_deg`` is where the wind blows TO, clockwise from grid north (FROM plus 180).
    """

    wind_speed_m_s: float
    wind_height_m: float
    towards_deg: float
    roughness_m: float
    friction_velocity_m_s: float
    inverse_obukhov_1_m: float
    temperature_k: float
    relative_humidity_fraction: float
    pressure_pa: float = 101_325.0
    ground_temperature_k: float | None = None
    mixing_height_m: float = float("inf")
