"""Where puffs hold: limits that the row declares, and the Richardson number of a release.

The Richardson number compares the weight of the gas with the turbulence that would mix it:
``Ri = g' h / u*^2`` with ``g' h = g (rho - rho_a) / rho_a * V / (U D)``, V the volume per second and D the
width of the source. Under 1 the air decides, well above 1 the gas does (Britter and McQuaid 1988, HSE
Contract Research Report 17; Puttock et al. 1982, J. Hazard. Mater. 6, 13-41).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from models.air.dense.table import mixture_table
from models.air.turbulence import GRAVITY_M_S2
from models.contract import Site
from models.limits import Limit
from models.term import Ambient
from twin.core.errors import BadRequestError
from twin.core.text import Text

DENSE_FROM = 1.0

LIMITS: tuple[Limit, ...] = (
    Limit(
        quantity="wind_speed_m_s",
        units="m/s",
        low=0.5,
        why=Text(
            zh="静风时烟团主要靠摆动扩散，无公开试验可验证",
            en="in calms gas goes where the meander takes it; no published release tests that",
        ),
    ),
    Limit(
        quantity="distance_m",
        units="m",
        high=10_000.0,
        why=Text(
            zh="验证数据到 800 m；10 km 外超出近地层相似理论",
            en="tested to 800 m; beyond 10 km the surface layer's similarity no longer holds",
        ),
    ),
    Limit(
        quantity="slope_ratio",
        units="1",
        high=0.3,
        why=Text(
            zh="坡度更陡处气流分离，烟团不再顺坡而行",
            en="on steeper ground the flow separates and a plume no longer follows the slope",
        ),
    ),
    Limit(
        quantity="release_richardson_ratio",
        units="1",
        high=DENSE_FROM,
        why=Text(zh="重气：应使用重气模型", en="denser than the air can carry: a dense-gas model is needed"),
    ),
)


def richardson_of_release(
    *,
    rate_kg_s: float,
    density_kg_m3: float,
    width_m: float,
    wind_speed_m_s: float,
    friction_velocity_m_s: float,
    air_density_kg_m3: float = 1.2,
) -> float:
    """Richardson number of a continuous release whose density is known; negative for buoyant gas.

    ``rate_kg_s`` is the mass of gas with the air already in it, ``width_m`` that of the source across
    the wind. Raises BadRequestError for numbers that are not positive (the rate may be 0).
    """
    given: Mapping[str, float] = MappingProxyType(
        {
            "density_kg_m3": density_kg_m3,
            "width_m": width_m,
            "wind_speed_m_s": wind_speed_m_s,
            "friction_velocity_m_s": friction_velocity_m_s,
            "air_density_kg_m3": air_density_kg_m3,
        }
    )
    for field, value in given.items():
        if not (math.isfinite(value) and value > 0.0):
            msg = f"{field} {value}; expected more than 0"
            raise BadRequestError(msg, message_zh=f"{field} 为 {value}；应大于 0", field=field, value=value)
    excess = GRAVITY_M_S2 * (density_kg_m3 - air_density_kg_m3) / air_density_kg_m3
    depth = rate_kg_s / density_kg_m3 / (wind_speed_m_s * width_m)
    return excess * depth / friction_velocity_m_s**2


def richardson_of_mixture(
    substance_id: str,
    *,
    rate_kg_s: float,
    temperature_k: float,
    liquid_fraction: float,
    width_m: float,
    ambient: Ambient,
) -> float:
    """The same for a substance, the highest along its mixing line with this air.

    Hydrogen fluoride leaves as a vapour heavier than its formula says and becomes heavier still when it
    mixes, because its aggregates come apart and cool the air; so the source alone does not tell.
    """
    table = mixture_table(substance_id, temperature_k, liquid_fraction, ambient)
    rows = np.flatnonzero(table.mass_fraction > 1e-3)
    air = table.ambient_density_kg_m3
    share, density = table.mass_fraction[rows], table.density_kg_m3[rows]
    buoyancy = (density - air) / air / (density * share)  # excess times volume, per mass of substance
    k = int(np.argmax(buoyancy))
    return richardson_of_release(
        rate_kg_s=rate_kg_s / float(share[k]),
        density_kg_m3=float(density[k]),
        width_m=width_m,
        wind_speed_m_s=ambient.wind_speed_m_s,
        friction_velocity_m_s=ambient.friction_velocity_m_s,
        air_density_kg_m3=air,
    )


def steepest_slope(site: Site, x_m: np.ndarray, y_m: np.ndarray) -> float:
    """Steepest slope of the ground under places, from differences over a step of the terrain."""
    step = site.step_m
    east = site.ground_m(x_m + 0.5 * step, y_m) - site.ground_m(x_m - 0.5 * step, y_m)
    north = site.ground_m(x_m, y_m + 0.5 * step) - site.ground_m(x_m, y_m - 0.5 * step)
    slope = np.hypot(east, north) / step
    return float(slope.max()) if slope.size else 0.0
