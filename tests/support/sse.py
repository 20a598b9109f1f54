"""Reads a stream of server-sent events over a plain socket."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Received:
    """One event as a browser would see it."""

    id: str
    name: str
    data: Any


def parse(block: str) -> Received | None:
    """Event of one block of lines; None for comments and ``retry``."""
    fields: dict[str, str] = {}
    for line in block.split("\n"):
        key, colon, value = line.partition(":")
        if colon and key:
            fields[key] = value.removeprefix(" ")
    if "data" not in fields:
        return None
    return Received(
        id=fields.get("id", ""), name=fields.get("event", "message"), data=json.loads(fields["data"])
    )


class SseClient:
    """An open stream. Reading waits at most ``timeout_s`` for bytes."""

    def __init__(self, port: int, *, last: str = "", timeout_s: float = 10.0) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        header = f"Last-Event-ID: {last}\r\n" if last else ""
        request = f"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\n{header}Accept: text/event-stream\r\n\r\n"
        self._socket.sendall(request.encode())
        self._file = self._socket.makefile("rb")
        self.status = int(self._file.readline().split()[1])
        while self._file.readline().strip():
            pass

    def chunks(self) -> Iterator[bytes]:
        """Bodies of the chunks of the answer."""
        while size := int(self._file.readline().strip() or b"0", 16):
            yield self._file.read(size)
            self._file.readline()

    def events(self) -> Iterator[Received]:
        """Events as they come, until the server ends the stream."""
        rest = ""
        for chunk in self.chunks():
            *blocks, rest = (rest + chunk.decode()).split("\n\n")
            yield from (event for block in blocks if (event := parse(block)) is not None)

    def __enter__(self) -> SseClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave."""
        self._file.close()
        self._socket.close()
