"""What takes gas out of a plume: the ground, rain, decay.

Dry deposition: flux = ``v_d c(1 m)``. The velocities are measured ones at about a metre over grass and
crops; they hold for land in leaf, and none is taken for gases that do not react with it. What turbulence can
bring down from a metre, 1 / r_a, is an upper bound (Chamberlain 1966, Proc. R. Soc. Lond. A 290, 236-265).

Wash-out: ``dc/dt = -Lambda c`` with ``Lambda = a (rain / 1 mm/h)^b``; below-cloud rain takes very
soluble gases irreversibly.

All are linear: gas is depleted by ``exp(-integral of (v_d p(1 m) + Lambda + decay) dt)`` with p its share
per metre of height (source depletion), so one run of the flow serves all substances, and what is lost is
what was deposited or decayed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from models.air.shape import level_share
from models.air.turbulence import aerodynamic_resistance
from models.contract import SurfaceLayer
from twin.core.errors import BadRequestError
from twin.core.geometry import FloatArray

REFERENCE_M = 1.0  # height to which deposition velocities belong


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Velocity of dry deposition at 1 m, scavenging coefficient at 1 mm/h with its power, decay rate."""

    deposition_m_s: float = 0.0
    washout_1_s: float = 0.0
    washout_power: float = 0.8
    decay_1_s: float = 0.0

    def __post_init__(self) -> None:
        for field in ("deposition_m_s", "washout_1_s", "washout_power", "decay_1_s"):
            value = getattr(self, field)
            if not 0.0 <= value < np.inf:
                msg = f"{field} {value}; expected a finite number, at least 0"
                raise BadRequestError(
                    msg, message_zh=f"{field} 为 {value}；应为不小于 0 的有限数", field=field, value=value
                )

    def airborne_loss_1_s(self, rain_mm_h: float) -> float:
        """Rate of loss anywhere in the plume: wash-out and decay, 1/s."""
        return self.washout_rate_1_s(rain_mm_h) + self.decay_1_s

    def washout_rate_1_s(self, rain_mm_h: float) -> float:
        """Scavenging coefficient in this rain, 1/s."""
        return self.washout_1_s * rain_mm_h**self.washout_power if rain_mm_h > 0.0 else 0.0


NOTHING = Removal()

# Deposition velocities, m/s, over grass and crops, and scavenging at 1 mm/h. SO2: 1 cm/s (Garland 1977,
# Proc. R. Soc. Lond. A 354, 245-268; the usual value of CCPS). HF: 2 cm/s (Israel 1977, Atmos. Environ. 11,
# 1109-1111: 1.6 to 2.3 over grass and alfalfa); NH3 1 cm/s, HCl and Cl2: as HF and SO2 by their reactivity
# (Sehmel 1980, Atmos. Environ. 14, 983-1011). Scavenging of very soluble gases: 1e-4 at 1 mm/h, power 0.8
# (McMahon and Denison 1979, Atmos. Environ. 13, 571-585); SO2 a third of it, since rain gives it back.
SUBSTANCES: Mapping[str, Removal] = MappingProxyType(
    {
        "so2": Removal(deposition_m_s=0.01, washout_1_s=3e-5),
        "hf": Removal(deposition_m_s=0.02, washout_1_s=1e-4),
        "hcl": Removal(deposition_m_s=0.02, washout_1_s=1e-4),
        "nh3": Removal(deposition_m_s=0.01, washout_1_s=1e-4),
        "cl2": Removal(deposition_m_s=0.01),
        "f2": Removal(deposition_m_s=0.02, washout_1_s=1e-4),
    }
)


def removal_of(substance_id: str) -> Removal:
    """Removal of a substance over land; nothing for gases that are not in the table."""
    return SUBSTANCES.get(substance_id, NOTHING)


def deposition_velocity_m_s(removal: Removal, layer: SurfaceLayer, roughness_m: float) -> FloatArray:
    """Velocity at 1 m in this air: the substance's own, at most 1 / r_a. The layer may hold arrays."""
    most = 1.0 / aerodynamic_resistance(REFERENCE_M, roughness_m, layer)
    return np.asarray(np.minimum(removal.deposition_m_s, most), dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalLoss:
    """What a removal takes from a puff each second; a ``models.air.tracks.Loss``.

    ``roughness_m`` of the ground, ``rain_mm_h`` on it.
    """

    removal: Removal
    roughness_m: float
    rain_mm_h: float = 0.0

    def __call__(self, sigma_z_m: FloatArray, height_m: FloatArray, layer: SurfaceLayer) -> FloatArray:
        """Share lost per second, 1/s."""
        velocity = deposition_velocity_m_s(self.removal, layer, self.roughness_m)
        inverse = layer.inverse_obukhov_1_m
        share = level_share(REFERENCE_M, sigma_z_m, height_m, self.roughness_m, inverse)
        return np.asarray(velocity * share + self.removal.airborne_loss_1_s(self.rain_mm_h))
