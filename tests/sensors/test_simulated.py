"""Laws of the hidden-truth park: same seed same bytes, only simulated devices, physics that holds."""

from __future__ import annotations

import asyncio
import csv
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sensors.hj212.client import segment_of
from sensors.hj212.codec import parse
from sensors.hj212.decode import decode
from sensors.hj212.server import serve
from sensors.simulated.air import Air, daylight
from sensors.simulated.engine import HiddenPark
from sensors.simulated.plan import SimulationPlan, start_of
from sensors.simulated.puffs import BeamPath, PuffCloud
from sensors.simulated.run import run_simulation
from sensors.simulated.sources import Outlet
from tests.sensors.line_doubles import MemorySink
from tests.sensors.tiny_park import GAS_FACTORS, FlatGround, make_device, make_park
from twin.core.beam import Beam
from twin.core.clock import FixedClock, Interval
from twin.core.device import Device, Factor
from twin.core.errors import SettingsError
from twin.core.geometry import Extent, Place
from twin.core.observation import Mark, Observation
from twin.core.origin import Origin
from twin.core.park import Park
from twin.core.quantity import CONC_PREFIX
from twin.core.release import Release
from twin.core.text import Text

NOON_MS = 1_795_320_000_000  # 2026-11-22 04:00 UTC, 12:00 in Beijing
PARK = make_park()


def plan(**changes: object) -> SimulationPlan:
    fields: dict[str, object] = {
        "park": PARK,
        "ground": FlatGround(),
        "host": "127.0.0.1",
        "port": 1,
        "passwords": {},
        "start_ms": NOON_MS,
        "seed": 7,
        "speed": 600.0,
    }
    return SimulationPlan(**(fields | changes))  # type: ignore[arg-type]


def lived(hidden: HiddenPark, minutes: float) -> list[Observation]:
    """Decode everything that the loggers say in some minutes."""
    rows: list[Observation] = []
    for _ in range(round(minutes * 60_000 / hidden.step_ms)):
        for sentence in hidden.advance():
            message = parse(segment_of(sentence.frame))
            device = PARK.device(sentence.mn)
            assert device is not None
            assert message.problems == ()
            said = decode(message, device, sentence.time_ms, PARK.utc_offset_h)
            assert said.problems == ()
            assert said.unknown_codes == ()
            rows += said.observations
    return rows


def digest(seed: int) -> str:
    hidden = HiddenPark(plan(seed=seed))
    whole = b"".join(row.frame for _ in range(240) for row in hidden.advance())
    return hashlib.sha256(whole).hexdigest()


def test_same_seed_same_bytes_other_seed_other_bytes():
    assert digest(3) == digest(3)
    assert digest(3) != digest(4)


def test_speaks_only_for_simulated_devices():
    real = replace(PARK.devices[0], origin=Origin.MEASURED)
    park = replace(PARK, devices=(real, *PARK.devices[1:]))
    with pytest.raises(SettingsError, match="origin measured"):
        plan(park=park, mns=(real.mn,))
    assert real.mn not in {row.mn for row in plan(park=park).devices}
    with pytest.raises(SettingsError, match="nothing to simulate"):
        plan(park=replace(PARK, devices=(real,)))


def test_unknown_sensor_and_quantity_are_refused():
    stray = make_device("STRAY", "nowhere", "S1", GAS_FACTORS)
    odd = make_device("ODD", "W01", "S1", (Factor(code="x", quantity="air_pressure", unit="Pa"),))
    for device in (stray, odd):
        with pytest.raises(SettingsError, match=device.mn):
            HiddenPark(plan(park=replace(PARK, devices=(device,))))


@pytest.mark.parametrize("speed", [0.5, 601.0])
def test_speed_is_limited(speed: float):
    with pytest.raises(SettingsError, match="speed"):
        plan(speed=speed)


def test_past_is_lived_fast_and_nobody_measures_the_future():
    assert start_of(10**12, speed=1.0, back_h=2.0) == (10**12 - 7_200_000, 600.0)
    assert start_of(10**12, speed=1.0, back_h=0.0) == (10**12, 1.0)
    assert start_of(10**12, speed=60.0, back_h=0.0)[0] < 10**12


def test_every_device_speaks_and_decodes_to_simulated_si():
    rows = lived(HiddenPark(plan(faults=False)), 12)
    assert {row.origin for row in rows} == {Origin.SIMULATED}
    assert {row.mark for row in rows} == {Mark.NORMAL}
    sensors = {row.sensor_id for row in rows}
    assert sensors == {row.sensor_id for row in PARK.devices}
    assert all(row.usable for row in rows if not row.quantity.startswith(CONC_PREFIX))
    pressure = [row.value for row in rows if row.quantity == "air_pressure"]
    assert all(value is not None and 90_000 < value < 103_000 for value in pressure)


def test_beams_of_a_station_are_measured_one_after_another():
    """One receiver, several emitters: no two beams of a station share a time stamp."""
    rows = [row for row in lived(HiddenPark(plan(faults=False)), 5) if row.interval_ms == 0]
    stamps: dict[str, set[int]] = {}
    for beam in PARK.beams:
        mine = {row.time_ms for row in rows if row.sensor_id == beam.id}
        assert mine
        assert not mine & stamps.get(beam.station_id, set())
        stamps.setdefault(beam.station_id, set()).update(mine)


def test_calibration_maintenance_and_gaps_come_and_carry_their_marks():
    night = NOON_MS - 9 * 3_600_000  # 03:00 to 05:05 in Beijing: every beam is calibrated
    rows = lived(HiddenPark(plan(start_ms=night)), 125)
    marks = {row.mark for row in rows}
    assert {Mark.NORMAL, Mark.CALIBRATION} <= marks
    calibrated = {row.sensor_id for row in rows if row.mark is Mark.CALIBRATION}
    assert len(calibrated) >= 15
    counts = [sum(row.sensor_id == beam.id and row.interval_ms == 0 for row in rows) for beam in PARK.beams]
    assert min(counts) < max(counts)


def test_large_release_is_seen_where_the_wind_carries_it():
    """A release of 100 g/s raises some beam far above AEGL-1 for HF, and none before it starts."""
    unit = PARK.units[4]
    release = Release(
        id="R",
        substance_id="hf",
        place=unit.place,
        height_m=10.0,
        rate_kg_s=0.1,
        interval=Interval(start_ms=NOON_MS + 600_000, end_ms=NOON_MS + 3_600_000),
        origin=Origin.SIMULATED,
    )
    quiet = plan(releases=(release,), event_every_h=1000.0, faults=False)
    rows = [row for row in lived(HiddenPark(quiet), 40) if row.quantity == "conc:hf"]
    before = [row.value or 0.0 for row in rows if row.time_ms < NOON_MS + 600_000]
    after = [row.value or 0.0 for row in rows if row.time_ms >= NOON_MS + 900_000]
    assert max(before) < 0.2e-6
    assert max(after) > 0.82e-6


def test_valley_wind_blows_up_by_day_and_down_by_night():
    """The ground rises to the north, so the mean day wind blows north and the night wind south."""
    mean = {}
    for name, start in (("day", NOON_MS), ("night", NOON_MS - 11 * 3_600_000)):
        vectors = []
        for seed in range(12):
            air = Air(PARK, FlatGround(), seed)
            for k in range(60):
                air.step(start + 10_000 * k, 10.0)
            vectors.append(air.mean_m_s.mean(axis=0))
        mean[name] = np.mean(vectors, axis=0)
    assert mean["day"][1] > 1.0
    assert mean["night"][1] < -0.5
    assert daylight(13.0) > 0.95
    assert daylight(2.0) < 0.05


class SteadyAir(Air):
    """A wind of 3 m/s from 270 degrees that does not change."""

    def at(self, x_m: np.ndarray, y_m: np.ndarray, above_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.full(len(x_m), 3.0), np.zeros(len(x_m))


def line_of_sight(x: float, half_m: float = 400.0) -> Beam:
    return Beam(
        id="B",
        station_id="S1",
        name=Text(zh="光", en="B"),
        receiver=Place(x_m=x, y_m=-half_m, z_m=12.0),
        emitter=Place(x_m=x, y_m=half_m, z_m=12.0),
        azimuth_deg=0.0,
        elevation_deg=0.0,
    )


class Level:
    """Ground at height 0 everywhere."""

    def height(self, x: object, y: object) -> np.ndarray:
        return np.zeros(np.broadcast(x, y).shape)


def blown_cloud() -> PuffCloud:
    extent = Extent(x_min_m=-1500.0, y_min_m=-1500.0, x_max_m=1500.0, y_max_m=1500.0)
    cloud = PuffCloud(extent, 1, seed=1)
    air = SteadyAir(PARK, FlatGround(), 1)
    outlet = Outlet(unit_id="U", x_m=0.0, y_m=0.0, above_m=10.0, rate_kg_s=np.array([0.02]))
    for _ in range(200):
        cloud.step(air, 5.0)
        cloud.release([outlet], air, 5.0)
    return cloud


def test_wind_from_the_west_carries_the_puffs_to_the_east():
    cloud = blown_cloud()
    east = cloud.path_average(BeamPath(line_of_sight(300.0), Level()))[0]
    west = cloud.path_average(BeamPath(line_of_sight(-300.0), Level()))[0]
    assert east > 1e-8
    assert west < 1e-6 * east


def test_flux_through_a_plane_is_the_rate():
    """Mass: wind speed times the cross-wind, vertical integral of the mean equals the rate."""
    cloud = blown_cloud()
    total = 0.0
    heights = np.arange(2.5, 250.0, 5.0)
    places = np.arange(250.0, 400.0, 10.0)
    for x in places:
        for z in heights:
            beam = line_of_sight(float(x))
            beam = replace(
                beam,
                receiver=replace(beam.receiver, z_m=float(z)),
                emitter=replace(beam.emitter, z_m=float(z)),
            )
            total += cloud.path_average(BeamPath(beam, Level()))[0] * 800.0 * 5.0
    assert 3.0 * total / len(places) == pytest.approx(0.02, rel=0.1)


def test_truth_is_written_in_si_with_its_plan(tmp_path: Path):
    hidden = HiddenPark(plan(truth_dir=tmp_path, faults=False))
    rows = lived(hidden, 10)
    hidden.close()
    (beams,) = tmp_path.glob("beams-*.csv")
    table = list(csv.DictReader(beams.read_text().splitlines()))
    truth = {(int(row["time_ms"]), row["sensor_id"]): float(row["hf_kg_m3"]) for row in table}
    read = [row for row in rows if row.quantity == "conc:hf" and row.interval_ms == 0]
    errors = [(row.value or 0.0) - truth[row.time_ms, row.sensor_id] for row in read]
    assert len(read) > 100
    assert abs(float(np.mean(errors))) < 2e-9  # unbiased
    assert 1e-9 < float(np.std(errors)) < 2e-8
    assert (tmp_path / "plan.json").read_text().startswith('{\n "origin": "simulated"')
    assert list(tmp_path.glob("wind-*.csv"))
    assert list(tmp_path.glob("sources-*.csv"))


class FewDevices:
    """Registry of the tiny park."""

    def __init__(self, park: Park) -> None:
        self._park = park

    def device(self, mn: str) -> Device | None:
        return self._park.device(mn)

    def password(self, mn: str) -> str | None:
        return "pw" + mn[-2:]

    def passwords(self, mn: str) -> tuple[str, ...]:
        return (self.password(mn) or "",)

    def sm4_key(self, mn: str) -> bytes | None:
        return None

    def sm4_keys(self, mn: str) -> tuple[bytes, ...]:
        return ()


def test_a_run_over_tcp_catches_up_and_every_frame_is_answered():
    """Ten simulated minutes at 600x with a dropped line: all frames stored once, none in the future."""

    async def work() -> None:
        sink = MemorySink()
        server = await serve("127.0.0.1", 0, sink, FewDevices(PARK), FixedClock(NOON_MS))
        passwords = {row.mn: "pw" + row.mn[-2:] for row in PARK.devices}
        now_ms = NOON_MS + 600_000
        lively = plan(port=server.port, passwords=passwords, end_ms=now_ms - 5_000)
        status = await run_simulation(lively, clock=FixedClock(now_ms))
        await server.close()
        assert status.answered == status.frames == len(sink.durable)
        assert status.open_frames == 0
        assert status.time_ms <= now_ms
        assert sink.quarantined == []
        stations = {PARK.device(row.mn).station_id: row.peer for row in sink.durable}  # type: ignore[union-attr]
        assert len(set(stations.values())) == 4
        await asyncio.sleep(0.02)

    asyncio.run(work())
