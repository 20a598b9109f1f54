"""Housekeeping of the simulated stations: beam signals, detector, nitrogen, reference laser, motors.

Everything has random streams of its own, so that it changes nothing of what the gas instruments read.
A station's two 50 L tanks lose some 100 L a month and are filled up when a fifth is left.
"""

from __future__ import annotations

import math

from sensors.simulated.draws import Drift, stream
from sensors.simulated.faults import FaultBook, SensorKind
from sensors.simulated.speech import Reading
from twin.core.clock import DAY_MS
from twin.core.device import Device

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_FILL_DAYS = 24.0  # 80 of 100 litres at 100 litres a month
_RESERVE = 0.2
_LEVEL_NOISE = 0.004
_COLD_K, _COLD_NOISE_K = 77.6, 0.15
_SIGNAL, _LASER = 0.78, 0.82
_RUNNING_A, _IDLE_A = 12.0, 0.3
_WORK_FROM_H, _WORK_TO_H = 6, 22
_FORGOTTEN_CHANCE = 0.35  # days on which the scrubber is switched on too late
HEAD = ("detector_temperature", "nitrogen_level", "reference_laser")


class BeamSignals:
    """Signal strength of the emitters of one station: each its own, wandering with dirt and haze."""

    def __init__(self, station_id: str, beams: int, seed: int) -> None:
        draws = stream(seed, "signal", station_id)
        self._base = _SIGNAL + 0.08 * draws.uniform(-1, 1, beams)
        self._drift = Drift(draws, beams, tau_s=6 * 3600.0, sd=0.03)
        self._time_ms: int | None = None

    def at(self, beam: int, time_ms: int) -> float:
        """Share of the full signal."""
        passed_ms = 0 if self._time_ms is None else time_ms - self._time_ms
        if passed_ms > 0:
            self._drift.step(passed_ms / 1000.0)
        self._time_ms = time_ms
        return float(min(1.0, max(0.0, self._base[beam] + self._drift.value[beam])))


class StationHead:
    """Detector cooling, nitrogen level and reference laser of one station's receiver."""

    def __init__(self, device: Device, seed: int) -> None:
        self._device = device
        self._draws = stream(seed, "head", device.mn)
        self._phase = float(self._draws.uniform(0.0, 1.0))
        self._laser = Drift(self._draws, 1, tau_s=12 * 3600.0, sd=0.02)

    def step(self, time_ms: int, faults: FaultBook) -> Reading | None:
        """A reading when one is due."""
        if not _due(self._device, time_ms):
            return None
        device = self._device
        mark = faults.mark(device.sensor_id, device.station_id, SensorKind.WEATHER, time_ms)
        laser = self._laser.step(device.interval_s)
        noise = self._draws.standard_normal(2)
        if mark is None:
            return None
        used = (time_ms / DAY_MS / _FILL_DAYS + self._phase) % 1.0
        values = {
            "nitrogen_level": 1.0 - (1.0 - _RESERVE) * used + _LEVEL_NOISE * float(noise[0]),
            "detector_temperature": _COLD_K + _COLD_NOISE_K * float(noise[1]),
            "reference_laser": _LASER + float(laser[0]),
        }
        return Reading(device=device, time_ms=time_ms, values=values, mark=mark)


class CurrentMeter:
    """Motor current of a production unit or of its scrubber, by the hours of a working day."""

    def __init__(self, device: Device, *, treatment: bool, plot: str, seed: int, utc_offset_h: float) -> None:
        self._device, self._treatment = device, treatment
        self._plot, self._seed = plot, seed
        self._offset_ms = round(utc_offset_h * _HOUR_MS)
        self._draws = stream(seed, "current", device.mn)

    def step(self, time_ms: int, faults: FaultBook) -> Reading | None:
        """A reading when one is due."""
        if not _due(self._device, time_ms):
            return None
        device = self._device
        noise = float(self._draws.standard_normal())
        mark = faults.mark(device.sensor_id, device.station_id, SensorKind.WEATHER, time_ms)
        if mark is None:
            return None
        level = _RUNNING_A if self._runs(time_ms) else _IDLE_A
        values = {"current": max(0.0, level * (1.0 + 0.05 * noise))}
        return Reading(device=device, time_ms=time_ms, values=values, mark=mark)

    def _runs(self, time_ms: int) -> bool:
        day, in_day_ms = divmod(time_ms + self._offset_ms, DAY_MS)
        from_ms = _WORK_FROM_H * _HOUR_MS + self._late_ms(day)
        return from_ms <= in_day_ms < _WORK_TO_H * _HOUR_MS

    def _late_ms(self, day: int) -> int:
        """How much later than production a scrubber is switched on: a minute, some days a quarter hour."""
        if not self._treatment:
            return 0
        draws = stream(self._seed, "late", self._plot, day)
        late_min = draws.uniform(8, 20) if draws.random() < _FORGOTTEN_CHANCE else 1.0
        return math.floor(late_min * _MINUTE_MS)


def is_head(device: Device) -> bool:
    """Whether a device reports the housekeeping of a station's receiver."""
    return all(factor.quantity in HEAD for factor in device.factors)


def is_current_meter(device: Device) -> bool:
    """Whether a device reports the current of a motor and nothing else."""
    return [factor.quantity for factor in device.factors] == ["current"]


def _due(device: Device, time_ms: int) -> bool:
    return time_ms % round(1000 * device.interval_s) == 0
