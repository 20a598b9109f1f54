"""A real server: the stream over a socket, slow readers, and stopping with streams open."""

from __future__ import annotations

import signal
import socket
import threading
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import pytest

from tests.support.live_server import LiveServer, live_server
from tests.support.sse import SseClient
from tests.support.synthetic import BEAM, T0_MS, Writer, open_writer, write_bundle
from twin.live.settings import Settings, load_settings
from twin.live.supervise import STOP_S


def test_a_stream_begins_with_hello_and_carries_what_is_committed(server: LiveServer, filled: Writer) -> None:
    with SseClient(server.port) as client:
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


def test_a_stream_goes_on_where_it_was_left(server: LiveServer, filled: Writer) -> None:
    with SseClient(server.port) as first:
        events = first.events()
        next(events)
        filled.say(BEAM, 1e-6, T0_MS + 700_000)
        seen = next(events)
    for i in range(3):
        filled.say(BEAM, i * 1e-6, T0_MS + 700_001 + i)
    with SseClient(server.port, last=seen.id) as again:
        hello, *missed = islice(again.events(), 4)
    assert hello.data["cursor"] == seen.id
    assert [row.data["values"][0]["v"] for row in missed] == [0.0, 1e-6, 2e-6]


def test_a_stream_from_long_ago_is_told_to_start_afresh(server: LiveServer) -> None:
    with SseClient(server.port, last="999999.0") as client:
        assert [row.name for row in islice(client.events(), 2)] == ["hello", "reset"]


@pytest.mark.parametrize("arguments", [(), ("--simple",)], ids=["gunicorn", "werkzeug"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_at_once_with_streams_open(tmp_path: Path, arguments: tuple[str, ...], number: int) -> None:
    settings = load_settings(data_dir=tmp_path / "data")
    writer = open_writer(settings)
    write_bundle(settings.data_dir)
    with live_server(settings.data_dir, *arguments) as running, ExitStack() as stack:
        clients = [stack.enter_context(SseClient(running.port)) for _ in range(3)]
        streams = [client.events() for client in clients]
        assert [next(stream).name for stream in streams] == ["hello"] * 3
        took_s = running.stop(number)
        assert [list(stream) for stream in streams] == [[], [], []]
        assert running.process.returncode == 0
    writer.close()
    assert took_s < STOP_S, "the supervisor would have killed it"


def test_a_reader_that_stops_reading_harms_nobody(server: LiveServer, filled: Writer) -> None:
    seen: list[float] = []
    with SseClient(server.port), SseClient(server.port) as quick:
        events = quick.events()
        next(events)

        def read() -> None:
            seen.extend(row.data["values"][0]["v"] for row in islice(events, 300))

        reader = threading.Thread(target=read)
        reader.start()
        for i in range(300):
            filled.say(BEAM, i * 1e-9, T0_MS + 800_000 + i)
        reader.join(20)
    assert seen == [i * 1e-9 for i in range(300)]


def test_more_screens_than_threads_are_refused_and_the_rest_is_served(
    filled: Writer, settings: Settings
) -> None:
    with live_server(settings.data_dir, web_threads=8) as small, ExitStack() as stack:
        clients = [stack.enter_context(SseClient(small.port)) for _ in range(4)]
        refused = stack.enter_context(SseClient(small.port))
        assert [client.status for client in clients] == [200] * 4
        assert refused.status == 503
        assert [small.get("/api/v1/state")["data_ms"] for _ in range(20)] == [T0_MS + 590_000] * 20


def test_a_taken_port_is_said_plainly(server: LiveServer, settings: Settings) -> None:
    from twin.core.errors import ServiceUnavailableError
    from web.server import serve_forever

    taken = load_settings(data_dir=settings.data_dir, web_port=server.port)
    with pytest.raises(ServiceUnavailableError, match="PARK_TWIN_WEB_PORT"):
        serve_forever(taken)


def test_lines_that_do_not_come_to_the_point_hold_no_thread(server: LiveServer) -> None:
    """More silent lines than are taken at once, and more dribbling ones than there are threads."""
    here = ("127.0.0.1", server.port)
    with ExitStack() as stack:
        for _ in range(600):
            stack.enter_context(socket.create_connection(here))
        assert server.get("/api/v1/park")["park_id"]
    with ExitStack() as stack:
        for _ in range(150):
            line = stack.enter_context(socket.create_connection(here))
            line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        assert server.get("/api/v1/park")["park_id"]
