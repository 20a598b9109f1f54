"""The body of the live stream: what one client receives."""

from __future__ import annotations

import json
from collections.abc import Iterator

from twin.core.clock import Clock
from web.hub import HEARTBEAT, Cursor, Hub, encode

RETRY = b"retry: 1000\n\n"
# A first kilobyte makes proxies that buffer small answers let the stream through.
PADDING = b":" + b" " * 1024 + b"\n\n"


def stream(
    hub: Hub, last: Cursor | None, horizon: Cursor | None, *, clock: Clock, version: str, heartbeat_s: float
) -> Iterator[bytes]:
    """Bytes of one client's stream, until the client leaves or the service stops.

    Raises ServiceUnavailableError at the first step when no more streams are served.
    """
    with hub.subscribe(last, horizon) as client:
        hello = {"cursor": str(client.start), "now_ms": clock.now_ms(), "server": version}
        yield RETRY + PADDING + encode("hello", client.start, json.dumps(hello)).wire
        while (taken := client.take(heartbeat_s)) is not None:
            lost, events = taken
            head = encode("reset", hub.cursor, json.dumps({"reason": lost})).wire if lost else b""
            yield head + b"".join(event.wire for event in events) or HEARTBEAT
