"""A data folder as a running park leaves it, written by hand: ledger, results, a tiny scene bundle."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.arrivals import frame
from tests.support.small_park import mn_of, small_park
from twin.core.observation import Check, Mark, Observation
from twin.core.origin import Origin
from twin.live.inforce import rules_in_force
from twin.live.settings import Settings
from twin.store.ledger import Arrival, Batch, Ledger
from twin.store.results import ResultStore
from twin.store.review_state import KeepRuleBook
from twin.store.rows import DeviceState, DeviceStatus, PlumeRow, SourceRate, WaterTableRow
from web.bundle import point_at

BUNDLE = "0123456789abcdef0123"
T0_MS = 1_795_300_000_000
BEAM, WIND = "B1/conc:hf", "W0/wind_speed"
NAME = {"zh": "小园区", "en": "Small park"}


def scene_document() -> dict[str, Any]:
    """The part of ``scene.json`` that the server reads, with one beam and one layer."""
    return {
        "schema": "twin-scene/1",
        "park_id": "small",
        "hash": BUNDLE,
        "name": NAME,
        "notice": NAME,
        "terrain_is_demonstration": True,
        "utc_offset_h": 8.0,
        "crs": {"epsg": 4548, "origin": [500_000.0, 2_898_000.0, 0.0]},
        "beams": [
            {
                "id": "B1",
                "sight": {
                    "clear": False,
                    "clearance_m": -2.5,
                    "blocker_kind": "tank",
                    "blocker": "T-01",
                    "blocker_at_m": 120.0,
                    "needed_platform_m": 31.5,
                },
            },
            {"id": "B3", "sight": None},
        ],
        "strata": {
            "url": "strata.twg",
            "layers": [{"id": "fill", "name": NAME, "colour": "#aa8866", "aquifer": False}],
            "loo_rmse_m": [0.42],
            "loo_z_mean": [-0.1],
            "loo_z_sd": [None],
            "sd_mean_m": [0.5],
            "boreholes": 12,
        },
        "series": [{"key": BEAM, "origin": "simulated"}],
    }


def write_bundle(data_dir: Path) -> Path:
    """A bundle with a description and one file that is there compressed and plain."""
    folder = data_dir / "bundles" / BUNDLE
    folder.mkdir(parents=True)
    text = json.dumps(scene_document(), ensure_ascii=False).encode()
    for name, body in (("scene.json", text), ("heights.twg", b"TWG1" + bytes(4000))):
        (folder / name).write_bytes(body)
        (folder / f"{name}.gz").write_bytes(gzip.compress(body, mtime=0))
    (folder / "ground.webp").write_bytes(b"RIFF....WEBP")
    point_at(data_dir / "bundles", BUNDLE)
    return folder


@dataclass
class Writer:
    """Plays ingest and the model worker."""

    ledger: Ledger
    results: ResultStore
    count: int = 0

    def say(self, series: str, value: float | None, time_ms: int, *, now_ms: int | None = None) -> None:
        """One frame with one value, committed; ``now_ms`` is the time of the event."""
        self.count += 1
        sensor, quantity = series.split("/")
        number = int(sensor[1:])
        observation = Observation(
            sensor_id=sensor,
            quantity=quantity,
            time_ms=time_ms,
            interval_ms=0,
            value=value,
            raw_text="",
            mark=Mark.NORMAL,
            checks=Check.NONE,
            origin=Origin.SIMULATED,
        )
        body = "ST=22;CN=2011;CP=&&DataTime=20261122080000;a21018-Rtd=1.2,a21018-Flag=N&&"
        raw = frame(str(self.count), body, mn=mn_of(number), received_ms=time_ms)
        self.ledger.write(
            Batch(arrivals=[Arrival(frame=raw, observations=(observation,))]), now_ms or time_ms
        )

    def set_device(self, number: int, status: DeviceStatus, time_ms: int) -> None:
        """Change the state of a device."""
        known = next(row for row in self.ledger.devices() if row.mn == mn_of(number))
        changed = DeviceState(
            mn=known.mn,
            sensor_id=known.sensor_id,
            station_id=known.station_id,
            status=status,
            last_seen_ms=time_ms,
            interval_s=known.interval_s,
            origin=known.origin,
        )
        self.ledger.write(Batch(devices=[changed]), time_ms)

    def plume(
        self,
        k: int,
        time_ms: int,
        *,
        substance: str = "hf",
        body: bytes = b"TWV1" + bytes(64),
        notes: tuple[str, ...] = ("calm",),
    ) -> PlumeRow:
        """One stored plume frame."""
        row = PlumeRow(
            run="run-1",
            k=k,
            substance_id=substance,
            time_ms=time_ms,
            size_bytes=0,
            max_kg_m3=1.5e-6,
            origin=Origin.SIMULATED,
            solver="gaussian_puff",
            notes=notes,
            inputs=(f"{BEAM}@{time_ms}",),
            sources=(SourceRate(unit_id="U-1", rate_kg_s=0.01, low_kg_s=0.005, high_kg_s=0.02),),
            beams_kg_m3={"B1": 1.1e-6},
        )
        return self.results.add_plume(row, body)

    def water_table(self, k: int, time_ms: int) -> WaterTableRow:
        """One stored water table."""
        row = WaterTableRow(
            run="run-1", k=k, time_ms=time_ms, size_bytes=0, origin=Origin.SIMULATED, loo_rmse_m=0.3
        )
        return self.results.add_water_table(row, b"TWG1" + bytes(44))

    def close(self) -> None:
        """Let go of both ledgers."""
        self.ledger.close()
        self.results.close()


def open_writer(settings: Settings, devices: int = 4) -> Writer:
    """Writer of new ledgers for so many registered devices."""
    ledger = Ledger(settings.ledger)
    park = small_park(devices)
    ledger.register(park.devices)
    ledger.write(Batch(deeds=[KeepRuleBook(body=rules_in_force(park))]), T0_MS)
    return Writer(ledger=ledger, results=ResultStore(settings.results, settings.data_dir))


def fill(writer: Writer) -> None:
    """Ten minutes of two series, three plumes of two substances, two water tables."""
    for i in range(60):
        writer.say(WIND, 2.0 + i / 100, T0_MS + i * 10_000)
        writer.say(BEAM, None if i % 10 == 9 else i * 1e-8, T0_MS + i * 10_000)
    writer.set_device(1, DeviceStatus.ONLINE, T0_MS + 590_000)
    for k, substance in enumerate(("hf", "hf", "nh3")):
        writer.plume(k, T0_MS + 200_000 + k * 60_000, substance=substance)
    for k in range(2):
        writer.water_table(k, T0_MS + k * 300_000)
    now_ms = T0_MS + 600_000
    writer.ledger.beat(now_ms)
    writer.results.beat(now_ms)
