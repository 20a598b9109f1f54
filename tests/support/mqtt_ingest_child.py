"""The ingest process of a park whose one device speaks MQTT, to be started and killed by tests.

``python -m tests.support.mqtt_ingest_child <data_dir> <port> <broker port>``
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

from tests.support.small_park import device, small_park
from twin.core.line import Line, LineKind, LineMember
from twin.core.park import Park
from twin.live.ingest import ingest
from twin.live.settings import load_settings

TOPIC = "park/1"
DEVICE = replace(device(1), protocol="json", line="broker")


def park(broker_port: int) -> Park:
    line = Line(
        id="broker",
        kind=LineKind.MQTT,
        place="127.0.0.1",
        port=broker_port,
        retry_s=0.2,
        members=(LineMember(mn=DEVICE.mn, topic=TOPIC),),
    )
    return replace(small_park(0), devices=(DEVICE,), lines=(line,))


def main(folder: str, port: str, broker_port: str) -> None:
    settings = load_settings(None, data_dir=Path(folder), hj212_port=int(port))
    asyncio.run(ingest(settings, park(int(broker_port))))


if __name__ == "__main__":
    main(*sys.argv[1:])
