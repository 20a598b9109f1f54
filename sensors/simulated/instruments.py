"""Instruments of the hidden-truth park: scanning beams, weather sets, wells, each with its own noise.

One receiver looks at the emitters of its station in turn; a beam's value is the mean over its own
dwell and carries the time at which that dwell ended. Values under the detection limit are sent as
read: noise about zero, some of it negative, so that means stay unbiased.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from sensors.simulated.air import Air
from sensors.simulated.draws import Drift, FloatArray, stream
from sensors.simulated.faults import FaultBook, SensorKind
from sensors.simulated.housekeeping import BeamSignals
from sensors.simulated.puffs import BeamPath, PuffCloud
from sensors.simulated.speech import Reading
from sensors.simulated.wells import Groundwater
from twin.core.device import Device
from twin.core.errors import SettingsError
from twin.core.observation import Mark
from twin.core.quantity import CONC_PREFIX

# Detection limit (3 sd of the noise) and typical background of the region, kg/m3.
_DETECTION = {"hf": 8e-9, "nh3": 15e-9, "so2": 60e-9, "hcl": 20e-9}
_BACKGROUND = {"hf": 0.8e-9, "nh3": 12e-9, "so2": 8e-9, "hcl": 1.5e-9}
_OTHER_DETECTION = 40e-9
_OTHER_BACKGROUND = 2e-9
_SPAN_GAS = 40.0  # span gas in detection limits
_GAIN_SD = 0.02
_WEATHER_NOISE = {
    "wind_speed": 0.08,
    "wind_from": 2.0,
    "air_temperature": 0.1,
    "relative_humidity": 0.01,
    "air_pressure": 15.0,
}
_WELL_NOISE = {
    "water_level": 0.003,
    "water_temperature": 0.03,
    "ph": 0.02,
    "conductivity": 2e-4,
    "water:f": 1e-5,
}


class BeamScan:
    """The receiver of one station and its beams, measured in turn."""

    def __init__(
        self,
        station_id: str,
        beams: list[tuple[Device, BeamPath]],
        dwell_ms: int,
        substances: tuple[str, ...],
        seed: int,
    ) -> None:
        self._station_id = station_id
        self._beams = beams
        self._dwell_ms = dwell_ms
        self._substances = substances
        self._draws = stream(seed, "scan", station_id)
        self._gain = 1.0 + _GAIN_SD * self._draws.standard_normal((len(beams), len(substances)))
        self._limit = np.array([_DETECTION.get(gas, _OTHER_DETECTION) for gas in substances])
        self._base = np.array([_BACKGROUND.get(gas, _OTHER_BACKGROUND) for gas in substances])
        self._region = Drift(self._draws, len(substances), tau_s=3 * 3600.0, sd=0.4)
        self._sum: FloatArray = np.zeros(len(substances))
        self._steps = 0
        self._sent_ms: dict[str, int] = {}
        self._signals = BeamSignals(station_id, len(beams), seed)
        self.truth_kg_m3: FloatArray = np.zeros(len(substances))

    def step(self, cloud: PuffCloud, time_ms: int, dt_ms: int, faults: FaultBook) -> Reading | None:
        """Look for ``dt_ms`` up to ``time_ms``; a reading when a dwell is over and one is due."""
        slot = (time_ms - dt_ms) // self._dwell_ms
        k = slot % len(self._beams)
        device, path = self._beams[k]
        self._sum += cloud.path_average(path)
        self._steps += 1
        if time_ms // self._dwell_ms == slot:
            return None
        region = self._base * np.exp(self._region.step(self._dwell_ms / 1000.0))
        self.truth_kg_m3 = self._sum / self._steps + region
        self._sum = np.zeros(len(self._substances))
        self._steps = 0
        noise = self._draws.standard_normal(len(self._substances)) * self._limit / 3.0
        mark = faults.mark(device.sensor_id, self._station_id, SensorKind.BEAM, time_ms)
        if mark is None or not self._due(device, time_ms, faults):
            return None
        read = self._read(k, mark, time_ms) + noise
        values = {f"{CONC_PREFIX}{gas}": float(read[i]) for i, gas in enumerate(self._substances)}
        values["signal_strength"] = self._signals.at(k, time_ms)
        return _reading(device, time_ms, values, mark, faults)

    def _due(self, device: Device, time_ms: int, faults: FaultBook) -> bool:
        last = self._sent_ms.get(device.mn)
        interval_s = faults.interval_s(device.mn, device.interval_s)
        if last is not None and time_ms - last < 1000.0 * interval_s - self._dwell_ms / 2:
            return False
        self._sent_ms[device.mn] = time_ms
        return True

    def _read(self, beam: int, mark: Mark, time_ms: int) -> FloatArray:
        if mark is Mark.CALIBRATION:  # zero gas and span gas by turns of three minutes
            span = (time_ms // 180_000) % 2 == 1
            return self._limit * (_SPAN_GAS if span else 0.0)
        if mark in (Mark.FAULT, Mark.MAINTENANCE):
            return np.zeros(len(self._substances))
        return np.asarray(self._gain[beam] * self.truth_kg_m3)


class WeatherSet:
    """A five-parameter set: means over its interval, wind direction as a vector mean."""

    def __init__(self, device: Device, station: int, seed: int) -> None:
        _require(device, _WEATHER_NOISE)
        self._device = device
        self._station = station
        self._draws = stream(seed, "weather", device.mn)
        self._rows: list[dict[str, float]] = []

    def step(self, air: Air, time_ms: int, faults: FaultBook) -> Reading | None:
        """Sample; a reading when the interval is over."""
        self._rows.append(air.weather(self._station))
        if time_ms % round(1000 * faults.interval_s(self._device.mn, self._device.interval_s)):
            return None
        rows, self._rows = self._rows, []
        mark = faults.mark(self._device.sensor_id, self._device.station_id, SensorKind.WEATHER, time_ms)
        values = {key: math.fsum(row[key] for row in rows) / len(rows) for key in _WEATHER_NOISE}
        values["wind_from"] = _vector_mean(rows)
        for key, sd in _WEATHER_NOISE.items():
            values[key] += sd * float(self._draws.standard_normal())
        values["wind_speed"] = max(0.0, values["wind_speed"])
        values["wind_from"] %= 360.0
        values["relative_humidity"] = min(1.0, max(0.0, values["relative_humidity"]))
        if mark is None:
            return None
        return _reading(self._device, time_ms, values, mark, faults)


class WellProbe:
    """A probe in a well."""

    def __init__(self, device: Device, seed: int) -> None:
        _require(device, _WELL_NOISE)
        self._device = device
        self._draws = stream(seed, "probe", device.mn)

    def step(self, water: Groundwater, time_ms: int, faults: FaultBook) -> Reading | None:
        """A reading when the interval is over."""
        if time_ms % round(1000 * faults.interval_s(self._device.mn, self._device.interval_s)):
            return None
        values = water.values(self._device.sensor_id, time_ms)
        for key, sd in _WELL_NOISE.items():
            values[key] += sd * float(self._draws.standard_normal())
        mark = faults.mark(self._device.sensor_id, self._device.station_id, SensorKind.WELL, time_ms)
        if mark is None:
            return None
        return _reading(self._device, time_ms, values, mark, faults)


def _reading(
    device: Device, time_ms: int, values: Mapping[str, float], mark: Mark, faults: FaultBook
) -> Reading:
    lost = faults.lost(device.sensor_id, time_ms)
    return Reading(device=device, time_ms=time_ms, values=values, mark=mark, lost=lost)


def _require(device: Device, known: Mapping[str, float]) -> None:
    """Raise SettingsError when a device has a quantity that its instrument does not simulate."""
    names = ", ".join(known)
    for factor in device.factors:
        if factor.quantity not in known:
            raise SettingsError(
                f"device {device.mn}: {factor.quantity!r} is not simulated; expected one of {names}",
                message_zh=f"设备 {device.mn}：不能模拟 {factor.quantity!r}；应为 {names} 之一",
                field="quantity",
                value=factor.quantity,
                source=device.mn,
            )


def _vector_mean(rows: list[dict[str, float]]) -> float:
    """Direction from which the mean wind blew."""
    east = math.fsum(row["wind_speed"] * math.sin(math.radians(row["wind_from"])) for row in rows)
    north = math.fsum(row["wind_speed"] * math.cos(math.radians(row["wind_from"])) for row in rows)
    return math.degrees(math.atan2(east, north)) % 360.0
