"""The hidden-truth park: advances in steps and says what its loggers would send. No input or output.

Equal plans give equal bytes: every random number comes from the seed and a name.
"""

from __future__ import annotations

from collections.abc import Iterator

from sensors.simulated.air import Air
from sensors.simulated.faults import FaultBook, Window
from sensors.simulated.housekeeping import CurrentMeter, StationHead, is_current_meter, is_head
from sensors.simulated.instruments import BeamScan, WeatherSet, WellProbe
from sensors.simulated.orders import LoggerMemory, SimulatedStation, Sites
from sensors.simulated.plan import SimulationPlan, require_simulated
from sensors.simulated.puffs import BeamPath, PuffCloud
from sensors.simulated.sources import Outlet, Sources
from sensors.simulated.speech import Reading, Sentence, Speaker
from sensors.simulated.truth import TruthLog
from sensors.simulated.wells import Groundwater
from twin.core.device import Device
from twin.core.errors import SettingsError
from twin.core.quantity import CONC_PREFIX

_STEP_MS = 5_000
_MINUTE_MS = 60_000
_SLOW_S = 60.0
_TREATMENT = frozenset({"scrubber", "waste_water"})


class HiddenPark:
    """The park of a plan at one moment of its life."""

    def __init__(self, plan: SimulationPlan) -> None:
        for device in plan.devices:
            require_simulated(device)
        park = plan.park
        self._plan = plan
        self.substances = _substances(plan.devices)
        self.faults = FaultBook(plan.seed, park.utc_offset_h, enabled=plan.faults)
        self._air = Air(park, plan.ground, plan.seed)
        self._sources = Sources(park, self.substances, plan.seed, plan.event_every_h, plan.releases)
        self._cloud = PuffCloud(park.extent, len(self.substances), plan.seed)
        self._water = Groundwater(park, plan.seed, plan.ground)
        memory = LoggerMemory()
        self.station = SimulatedStation(self.faults, memory)
        self.sites = Sites(plan.devices, plan.passwords, self.station, park.utc_offset_h)
        self._speaker = Speaker(self.sites.password, park.utc_offset_h, memory.keep)
        self._weather, self._probes, beams = _instruments(plan)
        self._keepers = _keepers(plan)
        self._scans = {
            row.id: BeamScan(row.id, beams[row.id], _dwell_ms(row.dwell_s), self.substances, plan.seed)
            for row in park.stations
            if beams.get(row.id)
        }
        dwells = [_dwell_ms(row.dwell_s) for row in park.stations]
        self.step_ms = min([_STEP_MS, *dwells])
        self.time_ms = plan.start_ms - plan.start_ms % _STEP_MS
        self._outlets: list[Outlet] = []
        self._truth = self._open_truth()

    @property
    def station_ids(self) -> tuple[str, ...]:
        """Stations that have a line of their own."""
        return tuple(sorted({row.station_id for row in self._plan.devices}))

    @property
    def puffs(self) -> int:
        """Number of puffs in the air."""
        return self._cloud.count

    def drop_out(self, station_id: str) -> Window | None:
        """Whether the line of a station is down now."""
        return self.faults.drop_out(station_id, self.time_ms)

    def advance(self) -> list[Sentence]:
        """Live one step; the frames that fall due, in order of time."""
        self.time_ms += self.step_ms
        dt_s = self.step_ms / 1000.0
        self._air.step(self.time_ms, dt_s)
        self._outlets = self._sources.step(self.time_ms, dt_s)
        self._cloud.step(self._air, dt_s)
        self._cloud.release(self._outlets, self._air, dt_s)
        sentences = []
        self.station.time_ms = self.time_ms
        for reading in self._readings():
            if not reading.lost and reading.device.mn not in self.faults.silent:
                sentences.append(self._speaker.real_time(reading))
            if reading.device.interval_s >= _SLOW_S:
                self._speaker.remember_slow(reading)
            elif self._plan.minute_means:
                self._speaker.remember(reading)
        if self.time_ms % _MINUTE_MS == 0:
            sentences += self._speaker.minute_means(self.time_ms)
            self._note_minute()
        return sentences

    def close(self) -> None:
        """Write the rest of the truth."""
        if self._truth is not None:
            self._truth.close()

    def _readings(self) -> Iterator[Reading]:
        for scan in self._scans.values():
            reading = scan.step(self._cloud, self.time_ms, self.step_ms, self.faults)
            if reading is not None:
                self._note_beam(reading, scan)
                yield reading
        for weather in self._weather:
            found = weather.step(self._air, self.time_ms, self.faults)
            if found is not None:
                yield found
        for probe in self._probes:
            found = probe.step(self._water, self.time_ms, self.faults)
            if found is not None:
                yield found
        for keeper in self._keepers:
            found = keeper.step(self.time_ms, self.faults)
            if found is not None:
                yield found

    def _open_truth(self) -> TruthLog | None:
        plan = self._plan
        if plan.truth_dir is None:
            return None
        facts: dict[str, object] = {"park": plan.park.id, "seed": plan.seed, "start_ms": plan.start_ms}
        return TruthLog(plan.truth_dir, self.substances, facts)

    def _note_beam(self, reading: Reading, scan: BeamScan) -> None:
        if self._truth is not None:
            self._truth.beam(self.time_ms, reading.device.sensor_id, list(scan.truth_kg_m3))

    def _note_minute(self) -> None:
        if self._truth is None:
            return
        self._truth.sources(self.time_ms, self._outlets)
        for row, (u, v) in zip(self._plan.park.stations, self._air.mean_m_s, strict=True):
            self._truth.wind(self.time_ms, row.weather.id, float(u), float(v))


def _substances(devices: tuple[Device, ...]) -> tuple[str, ...]:
    keys = {row.quantity for device in devices for row in device.factors}
    return tuple(sorted(key.removeprefix(CONC_PREFIX) for key in keys if key.startswith(CONC_PREFIX)))


def _dwell_ms(dwell_s: float) -> int:
    return max(1000, round(1000 * dwell_s))


_Beams = dict[str, list[tuple[Device, BeamPath]]]


def _instruments(plan: SimulationPlan) -> tuple[list[WeatherSet], list[WellProbe], _Beams]:
    """An instrument for every device. Raises SettingsError for a device of an unknown sensor."""
    park = plan.park
    beams = {row.id: row for row in park.beams}
    stations = {row.weather.id: k for k, row in enumerate(park.stations)}
    wells = {row.id for row in park.wells}
    weather: list[WeatherSet] = []
    probes: list[WellProbe] = []
    paths: _Beams = {}
    for device in plan.devices:
        if device.sensor_id in beams:
            beam = beams[device.sensor_id]
            paths.setdefault(beam.station_id, []).append((device, BeamPath(beam, plan.ground)))
        elif device.sensor_id in stations:
            weather.append(WeatherSet(device, stations[device.sensor_id], plan.seed))
        elif device.sensor_id in wells:
            probes.append(WellProbe(device, plan.seed))
        elif not _is_keeper(plan, device):
            raise SettingsError(
                f"device {device.mn} reports for {device.sensor_id!r}, which is nothing that is simulated",
                message_zh=f"设备 {device.mn} 的 {device.sensor_id!r} 不在可模拟之列",
                field="sensor_id",
                value=device.sensor_id,
                source=device.mn,
            )
    return weather, probes, paths


def _is_keeper(plan: SimulationPlan, device: Device) -> bool:
    park = plan.park
    if device.sensor_id in {row.id for row in park.stations}:
        return is_head(device)
    return device.sensor_id in {row.id for row in park.units} and is_current_meter(device)


def _keepers(plan: SimulationPlan) -> list[StationHead | CurrentMeter]:
    """What looks after stations and motors."""
    park = plan.park
    units = {row.id: row for row in park.units}
    keepers: list[StationHead | CurrentMeter] = []
    for device in plan.devices:
        if not _is_keeper(plan, device):
            continue
        unit = units.get(device.sensor_id)
        if unit is None:
            keepers.append(StationHead(device, plan.seed))
            continue
        treats = unit.kind in _TREATMENT
        keepers.append(
            CurrentMeter(
                device,
                treatment=treats,
                plot=unit.plot_id,
                seed=plan.seed,
                utc_offset_h=park.utc_offset_h,
            )
        )
    return keepers
