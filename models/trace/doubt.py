"""Doubt about the wind, as a handful of winds that could have been.

A plume a few degrees beside a beam is seen by it or not; a fit that trusts one direction explains a small
signal at the edge of such a plume by an enormous release. So rates are fitted in a few turned winds
(``turned_winds``), each with the lateral turbulence widened by most of the doubt, which
covers the directions between two of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from models.contract import SurfaceLayer, WindField
from models.timed import timed
from twin.core.geometry import FloatArray
from twin.core.origin import Origin
from twin.core.wind import CALM_M_S, WindSample, uv_from_direction

LEAST_DEG, MOST_DEG = 9.0, 30.0
_MEANDER_M_S = 0.3  # slow swings of the wind that no mast shares with another; Hanna 1990
_WIDENED = 0.7
_RECENT_MS = 1_200_000
_TURNS = (-1.3, 0.0, 1.3)  # in standard deviations


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Standard deviation of the direction (degrees), and the mean speed it was stated for."""

    direction_deg: float
    wind_speed_m_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnedWind:
    """``wind`` turned clockwise by ``turn_deg`` everywhere, its lateral turbulence widened.

    ``widened_m_s`` is added in quadrature to sigma_v. ``log_weight`` is the log of the prior
    weight of this member of the ensemble, 0 for the unturned one.
    """

    wind: WindField
    turn_deg: float
    widened_m_s: float
    log_weight: float

    @property
    def origin(self) -> Origin:
        """Origin of the observations behind the field."""
        return self.wind.origin

    @property
    def inputs(self) -> tuple[str, ...]:
        """Series and times behind the field, and the turn when there is one."""
        turn = (f"wind turned by {self.turn_deg:+.0f} deg",) if self.turn_deg else ()
        return (*self.wind.inputs, *turn)

    @property
    def notes(self) -> tuple[str, ...]:
        """Warnings on validity."""
        return self.wind.notes

    def at(
        self, x_m: FloatArray, y_m: FloatArray, time_ms: int, height_m: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Grid vector (u east, v north) in m/s, turned."""
        u, v = self.wind.at(x_m, y_m, time_ms, height_m)
        turn = math.radians(self.turn_deg)
        return u * math.cos(turn) + v * math.sin(turn), v * math.cos(turn) - u * math.sin(turn)

    def at_times(
        self, x_m: FloatArray, y_m: FloatArray, times_ms: FloatArray, height_m: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """As ``at``, each place at its own moment; see ``models.contract.TimedWind``."""
        u, v = timed(self.wind).at_times(x_m, y_m, times_ms, height_m)
        turn = math.radians(self.turn_deg)
        return u * math.cos(turn) + v * math.sin(turn), v * math.cos(turn) - u * math.sin(turn)

    def air_at(self, times_ms: FloatArray) -> SurfaceLayer:
        """Turbulence at many moments, widened sideways; fields are arrays."""
        layer = timed(self.wind).air_at(times_ms)
        return replace(layer, sigma_v_m_s=cast(float, np.hypot(layer.sigma_v_m_s, self.widened_m_s)))

    def air(self, time_ms: int) -> SurfaceLayer:
        """Turbulence at a moment, widened sideways."""
        layer = self.wind.air(time_ms)
        return replace(layer, sigma_v_m_s=math.hypot(layer.sigma_v_m_s, self.widened_m_s))


def doubt_of(samples: Sequence[WindSample]) -> Doubt:
    """How well the masts know the direction, from the last twenty minutes of their samples.

    In quadrature: 9 degrees that a plume differs from its nearest mast in any case, half the scatter
    of the masts' mean directions, and the angle that a meander of 0.3 m/s makes with the mean wind; at
    most 30 degrees. No sample at all gives the most.
    """
    end = max((row.time_ms for row in samples), default=0)
    means: dict[str, list[tuple[float, float]]] = {}
    for row in samples:
        if row.time_ms >= end - _RECENT_MS and math.isfinite(row.wind_speed_m_s):
            blows = row.wind_speed_m_s >= CALM_M_S and math.isfinite(row.wind_from_deg)
            vector = uv_from_direction(row.wind_speed_m_s, row.wind_from_deg, 0.0) if blows else (0.0, 0.0)
            means.setdefault(row.sensor_id, []).append(vector)
    if not means:
        return Doubt(direction_deg=MOST_DEG, wind_speed_m_s=0.0)
    masts = np.array([np.mean(rows, axis=0) for rows in means.values()])
    speed = float(np.hypot(masts[:, 0], masts[:, 1]).mean())
    unit = masts / np.maximum(np.hypot(masts[:, 0], masts[:, 1]), CALM_M_S)[:, None]
    resultant = min(max(float(np.hypot(*unit.mean(axis=0))), 1e-3), 1.0)
    scatter = math.degrees(math.sqrt(-2.0 * math.log(resultant)))
    meander = math.degrees(math.atan2(_MEANDER_M_S, max(speed, 1e-3)))
    doubt = math.sqrt(LEAST_DEG**2 + (0.5 * scatter) ** 2 + (0.5 * meander) ** 2)
    return Doubt(direction_deg=min(doubt, MOST_DEG), wind_speed_m_s=speed)


def turned_winds(wind: WindField, doubt: Doubt) -> tuple[TurnedWind, ...]:
    """The ensemble, in order of turn: the wind as it is and 1.3 standard deviations to either side."""
    widened = _WIDENED * math.radians(doubt.direction_deg) * doubt.wind_speed_m_s
    return tuple(
        TurnedWind(
            wind=wind,
            turn_deg=turn * doubt.direction_deg,
            widened_m_s=widened,
            log_weight=-0.5 * turn * turn,
        )
        for turn in _TURNS
    )
