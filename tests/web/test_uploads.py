"""Files from people: through the API and the desk into the ledger, never into a live series."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sensors.lidar.scan import read_scan, unpack
from tests.sensors.lidar.test_scan import body as scan_body
from tests.sensors.upload.test_table import DEVICE as LAB
from tests.support.running_ingest import Running, running_ingest
from tests.support.small_park import device, small_park
from twin.core.clock import SystemClock, to_datetime
from twin.core.errors import BadRequestError, ParkTwinError
from twin.core.origin import Origin
from twin.store.rows import DeviceStatus
from web.app import create_app
from web.services import services_of

LIVE = device(0)
LIDAR = replace(device(2), sensor_id="S1.lidar", protocol="lidar", factors=())
JSON = replace(device(3), sensor_id="S1.json", protocol="json", origin=Origin.MEASURED)
MEASURED_LAB = replace(LAB, origin=Origin.MEASURED)


@dataclass(frozen=True, kw_only=True)
class Office:
    """A running ingest, and a web client beside it."""

    running: Running
    client: FlaskClient

    async def post(self, data: object, role: str = "operator", **query: str) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.running.tokens[role]}"} if role else {}
        return await asyncio.to_thread(
            self.client.post, "/api/v1/uploads", query_string=query, data=data, headers=headers
        )

    async def get(self, address: str, **query: str) -> TestResponse:
        return await asyncio.to_thread(self.client.get, address, query_string=query)


@asynccontextmanager
async def office(folder: Path) -> AsyncIterator[Office]:
    park = replace(small_park(0), devices=(LIVE, MEASURED_LAB, LIDAR, JSON))
    async with running_ingest(folder, park) as running:
        app = create_app(running.settings)
        try:
            yield Office(running=running, client=app.test_client())
        finally:
            own = services_of(app)
            own.stop()
            own.ledger.close()
            own.results.close()


def table(*rows: str) -> bytes:
    return "\n".join(["时间,氟化物(mg/L),pH,分析人", *rows, ""]).encode()


def stamp(minutes_ago: int) -> str:
    return f"{to_datetime(SystemClock().now_ms() - 60_000 * minutes_ago, 8.0):%Y-%m-%d %H:%M:%S}"


def newest(running: Running) -> dict[str, Any]:
    return {row.series_key: row for row in running.reader.state(None).values}


def test_a_table_is_shown_stored_and_known_again(tmp_path: Path) -> None:
    async def play() -> None:
        async with office(tmp_path) as own:
            file = table(f"{stamp(90)},0.32,7.1,李伟", f"{stamp(60)},abc,7.2,李伟")
            shown = (await own.post(file, mn=LAB.mn, dry_run="true", filename="a.csv")).get_json()
            assert (shown["status"], shown["rows"], shown["good"], shown["values"]) == ("dry_run", 2, 1, 3)
            assert shown["problems"] == [
                {
                    "row": 3,
                    "column": "氟化物(mg/L)",
                    "value": "abc",
                    "expected": {"zh": "数字，或 <检出限、ND、未检出", "en": "a number, or <limit, ND"},
                }
            ]
            assert "GW-01.lab/water:f" not in {k for k, row in newest(own.running).items() if row.value}
            assert (await own.get("/api/v1/uploads")).get_json()["uploads"] == []

            stored = (await own.post(file, mn=LAB.mn, filename="a.csv", method="HJ 84")).get_json()
            assert (stored["status"], stored["bad"]) == ("stored", 1)
            value = newest(own.running)["GW-01.lab/water:f"]
            assert value.value == pytest.approx(0.32e-3)
            assert (value.mark.value, value.origin) == ("S", Origin.MEASURED)
            raw = (await own.get(f"/api/v1/frames/{stored['frame_seq']}")).get_json()
            assert "abc" in json.dumps(raw, ensure_ascii=False)

            again = (await own.post(file, mn=LAB.mn, filename="b.csv")).get_json()
            assert (again["status"], again["frame_seq"]) == ("duplicate", stored["frame_seq"])
            listed = (await own.get("/api/v1/uploads", mn=LAB.mn)).get_json()["uploads"]
            assert [(row["actor"], row["method"], row["good"]) for row in listed] == [
                ("the-operator", "HJ 84", 1)
            ]
            kinds = [row["kind"] for row in (await own.get("/api/v1/acts")).get_json()["acts"]]
            assert {"desk.asked", "desk.done"} <= set(kinds)

    asyncio.run(play())


def test_nobody_uploads_without_the_role_or_into_a_live_series(tmp_path: Path) -> None:
    async def play() -> None:
        async with office(tmp_path) as own:
            file = table(f"{stamp(90)},0.32,7.1,李伟")
            assert (await own.post(file, role="", mn=LAB.mn)).status_code == 401
            assert (await own.post(file, role="viewer", mn=LAB.mn)).status_code == 403
            assert (await own.post(file, role="reviewer", mn=LAB.mn)).status_code == 403
            refused = await own.post(file, mn=LIVE.mn)
            assert (refused.status_code, refused.get_json()["field"]) == (422, "mn")
            assert (await own.post(file, mn="nobody")).status_code == 404
            assert (await own.post(file, mn=LAB.mn, format="xlsx")).status_code == 422
            assert (await own.post(b"", mn=LAB.mn)).status_code == 422
            assert (await own.post(b"x" * (5 * 1024 * 1024 + 1), mn=LAB.mn)).status_code == 413
            assert newest(own.running) == {}
            assert (await own.get("/api/v1/frames")).get_json()["frames"] == []

    asyncio.run(play())


def test_a_form_and_a_workbook_and_a_template(tmp_path: Path) -> None:
    async def play() -> None:
        async with office(tmp_path) as own:
            devices = (await own.get("/api/v1/uploads/devices")).get_json()["devices"]
            assert {row["mn"] for row in devices} == {LAB.mn, LIDAR.mn, JSON.mn}
            sheet = (await own.get("/api/v1/uploads/template", mn=LAB.mn, format="xlsx", language="en")).data
            from openpyxl import load_workbook

            book = load_workbook(io.BytesIO(sheet))
            active = book.active
            assert active is not None
            heads = [cell.value for cell in active[1]]
            assert heads[0] == "time"
            at = heads.index("Fluoride (mg/L)") + 1
            active.cell(row=2, column=1, value=stamp(30))
            active.cell(row=2, column=at, value=0.25)
            filled = io.BytesIO()
            book.save(filled)
            form = {"file": (io.BytesIO(filled.getvalue()), "lab.xlsx")}
            stored = (await own.post(form, mn=LAB.mn)).get_json()
            assert (stored["status"], stored["format"], stored["filename"]) == ("stored", "xlsx", "lab.xlsx")
            assert newest(own.running)["GW-01.lab/water:f"].value == pytest.approx(0.25e-3)
            chinese = (await own.get("/api/v1/uploads/template", mn=LAB.mn)).data.decode("utf-8-sig")
            assert "氟化氢 (mg/m3)" in chinese
            shown = await own.post(chinese.encode() + b"soon,1,,,,\n", mn=LAB.mn, dry_run="true")
            assert {row["role"] for row in shown.get_json()["columns"]} == {
                "time",
                "value",
                "mark",
                "method",
                "analyst",
            }

    asyncio.run(play())


def test_json_records_and_lidar_scans(tmp_path: Path) -> None:
    async def play() -> None:
        async with office(tmp_path) as own:
            now_ms = SystemClock().now_ms()
            record = {"time": now_ms - 60_000, "values": {"a21018": 0.05}}
            stored = (await own.post(json.dumps(record), mn=JSON.mn)).get_json()
            assert (stored["status"], stored["values"]) == ("stored", 1)
            assert newest(own.running)["S1.json/conc:hf"].value == pytest.approx(5e-8)
            assert (await own.post(b'{"time": 3}', mn=JSON.mn)).status_code == 422

            said = json.dumps(scan_body(rays=5, gates=20)).encode()
            assert (await own.post(said, mn=LIDAR.mn)).get_json()["format"] == "lidar"
            assert (await own.post(said.replace(b"15.0", b"16.0"), mn=LIDAR.mn)).status_code == 422
            (scan,) = (await own.get("/api/v1/lidar")).get_json()["scans"]
            assert (scan["rays"], scan["gates"], scan["range_m"]) == (5, 20, 330.0)
            binary = (await own.get(scan["url"])).data
            assert len(binary) == scan["bytes"]
            read = unpack(binary, quantity=scan["quantity"], unit=scan["unit"])
            assert read.time_ms == read_scan(said, 8.0).time_ms
            data = (await own.get(scan["json_url"])).get_json()
            assert data["values"][0][-1] is None
            assert data["azimuth_deg"] == [0.0, 1.0, 2.0, 3.0, 4.0]
            assert (await own.get("/api/v1/lidar/" + "0" * 64 + ".twl")).status_code == 404
            assert (await own.get("/api/v1/lidar/..%2f..%2fpasswords.twl")).status_code == 404

    asyncio.run(play())


def test_an_upload_does_not_make_a_silent_logger_look_alive(tmp_path: Path) -> None:
    async def play() -> None:
        async with office(tmp_path) as own:
            await own.post(table(f"{stamp(5)},0.3,7,x"), mn=LAB.mn)
            states = {row.mn: row.status for row in own.running.reader.devices()}
            assert states[LIVE.mn] is DeviceStatus.NEVER
            with pytest.raises((BadRequestError, ParkTwinError)):
                await own.running.desk("operator", "upload.store", mn=LAB.mn, content="@@@")

    asyncio.run(play())
