"""The table of connections, from a line to the API, without a token."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

from tests.support.running_ingest import running_ingest, until
from tests.support.small_park import device, small_park
from tests.support.station import KnowingLogger
from twin.core.origin import Origin
from twin.live import connections
from twin.store.snapshots import CONNECTIONS, snapshot_of
from web.app import create_app

REAL = device(1, origin=Origin.MEASURED)
PARK = replace(small_park(1), devices=(REAL, device(3)))


def test_who_is_there(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(connections, "EVERY_S", 0.1)

    async def story() -> None:
        async with (
            running_ingest(tmp_path, PARK, gap_asking="") as run,
            KnowingLogger.of(REAL, run.port, tmp_path) as logger,
        ):
            client = create_app(run.settings).test_client()

            def table() -> dict[str, object]:
                answer = client.get("/api/v1/connections")
                assert answer.status_code == 200
                return answer.json

            logger.upload(time.time_ns() // 1_000_000 + 42_000)
            await logger.client.drained()
            strangers = [await asyncio.open_connection("127.0.0.1", run.port) for _ in range(60)]
            strangers[0][1].write(b"##0010 nothing of sense")
            await until(lambda: table()["open"] == 61, "all lines")
            await until(lambda: table()["lines"][0]["frames"] == 1, "the frame")
            found = table()
            assert (found["known"], found["strangers"], found["folded"]) == (1, 60, 10)
            line = found["lines"][0]
            (row,) = line["devices"]
            assert (row["mn"], row["sensor"], row["origin"]) == (REAL.mn, "B1", "measured")
            assert 35 < row["clock_drift_s"] < 45
            assert line["bytes"] > 100
            assert line["answers"] == 1
            await until(lambda: table()["lines"][0]["frames_s"] == 0, "rates fall back")
            for _, writer in strangers:
                writer.close()
            await until(lambda: table()["open"] == 1, "the strangers have gone")
            time_ms, _ = snapshot_of(run.reader, CONNECTIONS) or (0, {})
            assert abs(time_ms - time.time_ns() // 1_000_000) < 60_000
            for path in ("/commands", f"/commands?mn={REAL.mn}", "/gaps", "/gaps/series", "/forwarding"):
                answer = client.get(f"/api/v1{path}")
                assert answer.status_code == 200, (path, answer.json)
            assert client.get("/api/v1/commands?mn=nobody").status_code == 404

    asyncio.run(story())
