"""Wind. Direction is where it comes FROM, degrees clockwise from true north, everywhere.

Vectors are ``u_m_s`` (to the east), ``v_m_s`` (to the north), in the axes of the local grid.
Grid convergence (grid north minus true north, positive when grid north lies east of true
north) turns one into the other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from twin.core.geometry import Place
from twin.core.origin import Origin

CALM_M_S = 0.3  # below it the direction is undefined (WMO-No. 8 practice)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindSample:
    """Wind at one weather set at one moment, with the state of the air there."""

    sensor_id: str
    place: Place
    height_m: float
    time_ms: int
    wind_speed_m_s: float
    wind_from_deg: float
    air_temperature_k: float | None
    origin: Origin


def uv_from_direction(
    wind_speed_m_s: float, wind_from_deg: float, convergence_deg: float = 0.0
) -> tuple[float, float]:
    """Grid vector (u to the east, v to the north) of a wind given by its FROM direction.

    >>> u, v = uv_from_direction(3.0, 270.0)
    >>> round(u, 9), abs(round(v, 9))
    (3.0, 0.0)
    """
    angle = math.radians(wind_from_deg - convergence_deg)
    return -wind_speed_m_s * math.sin(angle), -wind_speed_m_s * math.cos(angle)


def direction_from_uv(u_m_s: float, v_m_s: float, convergence_deg: float = 0.0) -> float:
    """FROM direction in [0, 360) of a grid vector; the inverse of ``uv_from_direction``.

    >>> direction_from_uv(3.0, 0.0)
    270.0
    """
    return (math.degrees(math.atan2(-u_m_s, -v_m_s)) + convergence_deg) % 360.0
