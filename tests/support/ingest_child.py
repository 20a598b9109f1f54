"""The ingest process of the small park, to be started and killed by tests.

``python -m tests.support.ingest_child <data_dir> <port> [devices] [gases]``
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.support.small_park import small_park
from twin.live.ingest import calm_collector, ingest
from twin.live.settings import load_settings


def main(folder: str, port: str, devices: str = "4", gases: str = "0") -> None:
    settings = load_settings(None, data_dir=Path(folder), hj212_port=int(port))
    calm_collector()
    asyncio.run(ingest(settings, small_park(int(devices), gases=int(gases))))


if __name__ == "__main__":
    main(*sys.argv[1:])
