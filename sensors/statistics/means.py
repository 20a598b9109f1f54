"""Means: of what may take part, weighted by flow for water, as vectors for the wind."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from enum import StrEnum

from sensors.statistics.validity import takes_part
from twin.core.errors import BadRequestError
from twin.core.observation import Mark
from twin.core.wind import CALM_M_S

# Shorter than this a sum of unit vectors cannot be told from rounding.
_NO_DIRECTION = 1e-9
_FULL_CIRCLE_DEG = 360.0


class Rounding(StrEnum):
    """How a statistic is rounded before it is shown; belongs to the edition profile.

    ``half_even`` (四舍六入五成双) is what edition 2025 is said to want, ``half_up`` what 2005 and 2017
    devices do.
    """

    HALF_EVEN = "half_even"
    HALF_UP = "half_up"


_MODES = {Rounding.HALF_EVEN: ROUND_HALF_EVEN, Rounding.HALF_UP: ROUND_HALF_UP}
ROUNDING_OF_EDITION = {"2005": Rounding.HALF_UP, "2017": Rounding.HALF_UP, "2025": Rounding.HALF_EVEN}


def rounded(value: float, decimals: int, rounding: Rounding = Rounding.HALF_EVEN) -> float:
    """Number as it is shown. The digits people see decide, not the binary number behind them.

    >>> rounded(2.675, 2), rounded(2.665, 2), rounded(2.665, 2, Rounding.HALF_UP)
    (2.68, 2.66, 2.67)
    """
    step = Decimal(1).scaleb(-decimals)
    return float(Decimal(repr(value)).quantize(step, rounding=_MODES[rounding]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A mean and how many values took part; None where none did."""

    mean: float | None
    count: int


def mean_of_valid(values: Sequence[float | None], marks: Sequence[Mark]) -> Counted:
    """Mean of the values that are numbers and whose mark lets them take part.

    Source: HJ 212-2017 appendix D.2.2. Raises BadRequestError for columns of unequal length.

    >>> mean_of_valid([10.0, 10.0, 500.0], [Mark.NORMAL, Mark.NORMAL, Mark.MAINTENANCE])
    Counted(mean=10.0, count=2)
    """
    _require_pairs(values, marks, "marks")
    kept = [v for v, mark in zip(values, marks, strict=True) if v is not None and takes_part(mark)]
    return Counted(mean=math.fsum(kept) / len(kept) if kept else None, count=len(kept))


def flow_weighted(concs: Sequence[float | None], volumes: Sequence[float | None]) -> float | None:
    """Mean concentration of discharged water: each value counts with the volume that carried it.

    Source: HJ 212-2017 appendix D.1.2.3. None where no water flowed. Raises BadRequestError for
    columns of unequal length or a negative volume.

    >>> flow_weighted([100.0, 40.0], [10.0, 30.0])
    55.0
    """
    _require_pairs(concs, volumes, "volumes")
    pairs = [(c, v) for c, v in zip(concs, volumes, strict=True) if c is not None and v is not None]
    if any(volume < 0 for _, volume in pairs):
        least = min(volume for _, volume in pairs)
        raise BadRequestError(
            f"a volume is {least:g}; expected 0 or more",
            message_zh=f"有体积为 {least:g}；应不小于 0",
            field="volumes",
            value=least,
        )
    total = math.fsum(volume for _, volume in pairs)
    return math.fsum(conc * volume for conc, volume in pairs) / total if total else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanWind:
    """``speed_m_s``: mean of the speeds; ``from_deg`` None: calm all the time, or vectors that cancel."""

    speed_m_s: float | None
    from_deg: float | None
    vector_m_s: float | None
    calms: int


def mean_wind(speeds_m_s: Sequence[float | None], from_deg: Sequence[float | None]) -> MeanWind:
    """Vector mean of the wind. Calms (below 0.3 m/s) have no direction; 360 and 0 are both north.

    Source: EPA-454/R-99-005 (2000), section 6.2.2, resultant wind; calm as in WMO-No. 8.

    >>> mean_wind([1.0, 1.0], [350.0, 10.0]).from_deg
    0.0
    """
    _require_pairs(speeds_m_s, from_deg, "from_deg")
    speeds = [speed for speed in speeds_m_s if speed is not None]
    winds = [
        (speed, math.radians(angle))
        for speed, angle in zip(speeds_m_s, from_deg, strict=True)
        if speed is not None and angle is not None and speed >= CALM_M_S
    ]
    east = math.fsum(speed * math.sin(angle) for speed, angle in winds)
    north = math.fsum(speed * math.cos(angle) for speed, angle in winds)
    length = math.hypot(east, north) / len(winds) if winds else 0.0
    return MeanWind(
        speed_m_s=math.fsum(speeds) / len(speeds) if speeds else None,
        from_deg=_direction(east, north) if length > _NO_DIRECTION else None,
        vector_m_s=math.hypot(east, north) / len(speeds) if speeds else None,
        calms=sum(speed < CALM_M_S for speed in speeds),
    )


def mean_direction(degrees: Iterable[float]) -> float | None:
    """Direction of the sum of unit vectors; None where they cancel or there are none.

    >>> mean_direction([359.0, 1.0]), mean_direction([0.0, 180.0])
    (0.0, None)
    """
    angles = [math.radians(row) for row in degrees]
    east = math.fsum(math.sin(angle) for angle in angles)
    north = math.fsum(math.cos(angle) for angle in angles)
    if not angles or math.hypot(east, north) / len(angles) < _NO_DIRECTION:
        return None
    return _direction(east, north)


def _direction(east: float, north: float) -> float:
    # A hair left of north must not become 360.
    return round(math.degrees(math.atan2(east, north)) % _FULL_CIRCLE_DEG, 9) % _FULL_CIRCLE_DEG


def _require_pairs(first: Sequence[object], second: Sequence[object], field: str) -> None:
    if len(first) != len(second):
        raise BadRequestError(
            f"{field} has {len(second)} entries; expected {len(first)}, one per value",
            message_zh=f"{field} 有 {len(second)} 项；应与数值一样为 {len(first)} 项",
            field=field,
            value=len(second),
        )
