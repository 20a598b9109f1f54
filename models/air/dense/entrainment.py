"""What the air does to the dense layer: mixes in at the top and the front, drags it along, resists it.

Depth D is that of the uniform layer with the same mass, buoyancy and mean height (D/2).

Air through the top. Turbulence of the wind and of the layer's own flow over the ground mixes with
``w = 2 k u_t / (phi_h + 0.1125 Ri^1.04)``, Ri = g (rho - rho_a) D / (rho_a u_t^2): the function of Ri is that
of Spicer and Havens (1986, in: Heavy gas and risk assessment III, used in DEGADIS), scaled to 1 at Ri = 0
(0.099 / 0.88 = 0.1125); the limit of passive gas is the exact growth of the mean height, ``k u* / phi_h`` at
1.55 mean heights (van Ulden 1978, Atmos. Environ. 12, 2125-2129). Slip against the wind mixes by the law
that Turner (1986, J. Fluid Mech. 173, 431-471) drew from Ellison and Turner (1959):
``|u - u_a| (0.08 - 0.1 Ri_s) / (1 + 5 Ri_s)``, Ri_s = g (rho - rho_a) D / (rho |u - u_a|^2).

Air through the front: 0.59 of the speed at which the front advances, per height of the front (van Ulden
1974; the value is DEGADIS's). The front meets the pressure of the air in its way, ``rho_a u^2 C / 2`` with
C = 1 / Fr^2 and Fr = 1.15 (Spicer and Havens 1985, as in DEGADIS), spread over the slope of the surface;
TWODEE has a term of the same purpose (Hankin and Britter 1999, part 1, leading edge). Both fade out where
the layer is no longer driven by its weight.

Sideways the same turbulence moves the gas by ``K = 1.65 u_t D / 2``: the diffusivity that the eddies of the
cloud's size have in neutral air (``turbulence.lateral_scales`` at 1.53 mean heights, Kaimal et al. 1972, Hay
and Pasquill 1959). Weight holds vertical motion down, not horizontal, so Ri does not enter. Larger eddies
move the cloud as a whole (``handover.meander_m2``).

Drag: the ground holds the layer by ``rho C u^2`` with C = (k / (ln(z/z0) + 5 z/L))^2 at the height of its
mean speed, z = 0.3 D, and the wind pulls at its top by what holds the wind itself, ``rho_a C u_a^2``; so a
passive layer moves with the wind at 0.6 of its mean height (van Ulden 1978, eq. 12).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from models.air.dense.arrays import Array
from models.air.dense.mixture import GRAVITY_M_S2
from models.air.turbulence import KARMAN

TOP_RICHARDSON = 0.099 / 0.88
TOP_POWER = 1.04
FRONT_AIR = 0.59
FRONT_FROUDE = 1.15
_SIDEWAYS = 1.65
_FAINT = 0.05  # Richardson number under which traces (upwind of a source, on the rim) do not gather air
SPEED_HEIGHT = 0.3  # of the depth: 0.6 of the mean height
_LEAST_LOG = 1.4  # a layer among the roughness elements is held as one of four roughness lengths
_TOP_M = 50.0  # the profile of the surface layer is not followed higher
_ENTRAINED_LOG = 1.0  # air comes in from 0.815 D, so that the mean speed follows the profile upwards


@dataclass(frozen=True, slots=True, kw_only=True)
class AirOver:
    """The wind over the cells at one height (m/s, in the layer's arrays) and its surface layer.

    ``friction_m_s`` is the least friction velocity, which is left in a calm.
    """

    height_m: float
    u_m_s: Array
    v_m_s: Array
    roughness_m: float
    inverse_obukhov_1_m: float
    air_density_kg_m3: float
    friction_m_s: float = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """The wind as the layer feels it: ``u``, ``v`` at its height, ``u_top``, ``v_top`` where air comes in.

    ``drag`` is C, ``friction2`` the square of the wind's friction velocity.
    """

    u: Array
    v: Array
    u_top: Array
    v_top: Array
    drag: Array
    friction2: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixing:
    """Air that comes in, kg/m2/s through the top and the front, and the resistance of the front, 1/s.

    ``spread_m2_s`` is the diffusivity sideways. ``slow_1_s`` is the rate at which the layer's speed across
    the front, ``across_x``, ``across_y`` (m/s over the wind), goes down.
    """

    air_kg_m2_s: Array
    spread_m2_s: Array
    slow_1_s: Array
    across_x: Array
    across_y: Array


def pull(depth_m: Array, air: AirOver, xp: Any) -> Pull:
    """Wind, drag and friction velocity for layers of these depths."""
    least = air.roughness_m * math.exp(_LEAST_LOG)
    level = xp.clip(depth_m * SPEED_HEIGHT, min=least, max=max(_TOP_M, 2.0 * least))
    stable = max(air.inverse_obukhov_1_m, 0.0)
    shape = xp.log(level * (1.0 / air.roughness_m)) + xp.clip((5.0 * stable) * level, max=5.0)
    at_height = math.log(max(air.height_m, least) / air.roughness_m) + min(5.0 * stable * air.height_m, 5.0)
    part = shape * (1.0 / at_height)
    more = part + _ENTRAINED_LOG / at_height
    speed2 = air.u_m_s * air.u_m_s + air.v_m_s * air.v_m_s
    return Pull(
        u=air.u_m_s * part,
        v=air.v_m_s * part,
        u_top=air.u_m_s * more,
        v_top=air.v_m_s * more,
        drag=KARMAN**2 / (shape * shape),
        friction2=xp.clip(speed2 * (KARMAN / at_height) ** 2, min=air.friction_m_s**2),
    )


def richardson(depth_m: Array, excess_kg_m3: Array, friction2: Array, air_density_kg_m3: float) -> Array:
    """Bulk Richardson number ``g (rho - rho_a) D / (rho_a u*^2)`` of the layer."""
    return (GRAVITY_M_S2 / air_density_kg_m3) * excess_kg_m3 * depth_m / friction2


def mixing(state: Array, slope_x: Array, slope_y: Array, wind: Pull, air: AirOver, xp: Any) -> Mixing:
    """Entrainment and the resistance of the front for ``state`` = depth, u, v, excess, fraction.

    ``slope_x``, ``slope_y``: slope of the depth. Cells without a layer get numbers that mean nothing.
    """
    depth, u, v, excess = state[0], state[1], state[2], state[3]
    density_a = air.air_density_kg_m3
    slip_x, slip_y = u - wind.u, v - wind.v
    slip2 = slip_x * slip_x + slip_y * slip_y
    weight = (GRAVITY_M_S2 / density_a) * excess * depth
    turbulence2 = xp.maximum(wind.friction2, wind.drag * (u * u + v * v))
    number = weight / turbulence2
    top = (2.0 * KARMAN) * xp.sqrt(turbulence2)
    top = top / (_heat_profile(depth, air.inverse_obukhov_1_m, xp) + TOP_RICHARDSON * number**TOP_POWER)
    traces = number / (number + _FAINT)
    spread = (0.5 * _SIDEWAYS) * xp.sqrt(turbulence2) * depth * traces
    top = top * traces
    slip2 = slip2 + 1e-12
    slip_number = weight / slip2
    top = top + xp.sqrt(slip2) * xp.clip(0.08 - 0.1 * slip_number, min=0.0) / (1.0 + 5.0 * slip_number)
    driven = number / (1.0 + number)
    steep2 = slope_x * slope_x + slope_y * slope_y + 1e-12
    over_air = -(slip_x * slope_x + slip_y * slope_y)
    over_ground = -(u * slope_x + v * slope_y)
    advance = xp.clip(xp.minimum(over_air, over_ground), min=0.0) * driven
    share = advance / steep2
    mass = depth * (density_a + excess) + 1e-6
    return Mixing(
        air_kg_m2_s=density_a * (top + FRONT_AIR * advance),
        spread_m2_s=spread,
        slow_1_s=(0.5 * density_a / FRONT_FROUDE**2) * advance / mass,
        across_x=-share * slope_x,
        across_y=-share * slope_y,
    )


def _heat_profile(depth_m: Array, inverse_obukhov_1_m: float, xp: Any) -> Array:
    """phi_h (Dyer 1974) at 1.55 mean heights."""
    zeta = (0.5 * 1.55 * inverse_obukhov_1_m) * depth_m
    if inverse_obukhov_1_m >= 0.0:
        return 1.0 + 5.0 * zeta
    return 1.0 / xp.sqrt(1.0 - 16.0 * zeta)
