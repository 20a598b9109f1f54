"""A real server: the stream over a socket, slow readers, and stopping with streams open."""

from __future__ import annotations

import signal
import threading
import time
from itertools import islice
from pathlib import Path

import pytest

from tests.support.live_server import LiveServer, live_server
from tests.support.sse import SseClient
from tests.support.synthetic import BEAM, T0_MS, Writer, open_writer, write_bundle
from twin.live.settings import Settings, load_settings

STOP_LIMIT_S = 3.0


def test_a_stream_begins_with_hello_and_carries_what_is_committed(server: LiveServer, filled: Writer) -> None:
    client = SseClient(server.port)
    events = client.events()
    hello = next(events)
    assert hello.name == "hello"
    assert hello.id == hello.data["cursor"]
    filled.say(BEAM, 7e-6, T0_MS + 700_000)
    filled.plume(50, T0_MS + 700_000)
    values, plume = islice(events, 2)
    assert values.data["values"][0]["v"] == 7e-6
    assert plume.name == "plume"
    assert server.get(f"/api/v1/plumes?from={plume.data['t']}")["plumes"][-1] == plume.data
    client.close()


def test_a_stream_goes_on_where_it_was_left(server: LiveServer, filled: Writer) -> None:
    first = SseClient(server.port)
    events = first.events()
    next(events)
    filled.say(BEAM, 1e-6, T0_MS + 700_000)
    seen = next(events)
    first.close()
    for i in range(3):
        filled.say(BEAM, i * 1e-6, T0_MS + 700_001 + i)
    again = SseClient(server.port, last=seen.id)
    hello, *missed = islice(again.events(), 4)
    assert hello.data["cursor"] == seen.id
    assert [row.data["values"][0]["v"] for row in missed] == [0.0, 1e-6, 2e-6]
    again.close()


def test_a_stream_from_long_ago_is_told_to_start_afresh(server: LiveServer) -> None:
    client = SseClient(server.port, last="999999.0")
    events = client.events()
    assert next(events).name == "hello"
    assert next(events).name == "reset"
    client.close()


@pytest.mark.parametrize("arguments", [(), ("--simple",)], ids=["gunicorn", "werkzeug"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_at_once_with_streams_open(tmp_path: Path, arguments: tuple[str, ...], number: int) -> None:
    settings = load_settings(data_dir=tmp_path / "data")
    writer = open_writer(settings)
    write_bundle(settings.data_dir)
    with live_server(settings.data_dir, *arguments) as running:
        clients = [SseClient(running.port) for _ in range(3)]
        streams = [client.events() for client in clients]
        assert [next(stream).name for stream in streams] == ["hello"] * 3
        took_s = running.stop(number)
        assert [list(stream) for stream in streams] == [[], [], []]
        assert running.process.returncode == 0
    writer.close()
    assert took_s <= STOP_LIMIT_S


def test_a_reader_that_stops_reading_harms_nobody(server: LiveServer, filled: Writer) -> None:
    stopped = SseClient(server.port)
    quick = SseClient(server.port)
    events = quick.events()
    next(events)
    seen: list[float] = []

    def read() -> None:
        seen.extend(row.data["values"][0]["v"] for row in islice(events, 300))

    reader = threading.Thread(target=read)
    reader.start()
    for i in range(300):
        filled.say(BEAM, i * 1e-9, T0_MS + 800_000 + i)
    reader.join(20)
    assert seen == [i * 1e-9 for i in range(300)]
    assert server.get("/health")["parts"]
    stopped.close()
    quick.close()


def test_more_screens_than_threads_are_refused_and_the_rest_is_served(
    filled: Writer, settings: Settings
) -> None:
    with live_server(settings.data_dir, web_threads=8) as small:
        clients = [SseClient(small.port) for _ in range(4)]
        refused = SseClient(small.port)
        assert [client.status for client in clients] == [200] * 4
        assert refused.status == 503
        started_s = time.monotonic()
        for _ in range(20):
            small.get("/api/v1/state")
        assert time.monotonic() - started_s < 20
        for client in (*clients, refused):
            client.close()


def test_a_taken_port_is_said_plainly(server: LiveServer, settings: Settings) -> None:
    from twin.core.errors import ServiceUnavailableError
    from web.server import serve_forever

    taken = load_settings(data_dir=settings.data_dir, web_port=server.port)
    with pytest.raises(ServiceUnavailableError, match="PARK_TWIN_WEB_PORT"):
        serve_forever(taken)
