"""gunicorn, set up from our settings instead of a file of its own.

Its threaded worker gives a thread to every line before a byte of it has come, and waits for the rest
of a request for ever. Here a line gets a thread when it speaks, and must have said what it wants
within ``HEAD_S``: two hundred idle or dribbling lines must not blind the wall.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from selectors import EVENT_READ
from types import FrameType
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.workers.gthread import TConn, ThreadWorker

from twin.live.settings import Settings
from web.app import create_app
from web.services import services_of

GRACEFUL_S = 2
KEEPALIVE_S = 15
BACKLOG = 256
STOP_LINGER_S = 0.2
# From the first byte of a request to the end of its head; and how long a line may stay silent.
HEAD_S = 5.0
# A client that takes nothing of an answer for so long is given up (live streams set their own bound).
WRITE_S = 60.0
SPARE_LINES = 16


class StreamWorker(ThreadWorker):  # type: ignore[misc]
    """The threaded worker, safe from slow clients, which ends live streams before it stops."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._heads: dict[TConn, float] = {}  # lines that are in the middle of a request's head: till when

    def accept(self, listener: socket.socket) -> None:
        """Take a line and wait for its first byte without a thread; the most patient one gives way."""
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        conn = TConn(self.cfg, client, address, listener.getsockname())
        self.nr_conns += 1
        conn.timeout = time.monotonic() + HEAD_S
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))
        if self.nr_conns > self.worker_connections - SPARE_LINES:
            self.pending_conns[0].timeout = 0.0
            self.murder_pending()

    def handle(self, conn: TConn) -> Any:
        """As usual, with a bound on the time until the request's head is read."""
        with self._in_time(conn):
            return super().handle(conn)

    def handle_request(self, req: Any, conn: TConn) -> Any:
        """The head is read: what remains is ours, but for a client that does not take the answer."""
        self._heads.pop(conn, None)
        conn.sock.settimeout(WRITE_S)
        return super().handle_request(req, conn)

    def murder_pending(self) -> None:
        """As usual, and wake the threads whose client does not come to the point."""
        super().murder_pending()
        now_s = time.monotonic()
        for conn, until_s in tuple(self._heads.items()):
            if now_s > until_s:
                with suppress(OSError):  # the thread that reads it sees the end of the line
                    conn.sock.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def _in_time(self, conn: TConn) -> Iterator[None]:
        self._heads[conn] = time.monotonic() + HEAD_S
        try:
            yield
        finally:
            self._heads.pop(conn, None)

    def load_wsgi(self) -> None:
        """Make the app, after the fork, and let it begin to follow the ledgers."""
        super().load_wsgi()
        services_of(self.wsgi).start()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End all streams, then stop as usual."""
        if self.wsgi is not None:
            services_of(self.wsgi).hub.close()
        super().handle_exit(sig, frame)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """As usual; a stopping worker does not wait long for another request on the same line."""
        super().finish_request(conn, fs)
        if not self.alive:
            self._cap_keepalive(time.monotonic() + STOP_LINGER_S)

    def _cap_keepalive(self, deadline: float) -> None:
        super()._cap_keepalive(min(deadline, time.monotonic() + STOP_LINGER_S))

    def handle_quit(self, sig: int, frame: FrameType | None) -> None:
        """Ctrl-C reaches the whole group of processes: stop as after SIGTERM."""
        self.handle_exit(sig, frame)


class Application(BaseApplication):  # type: ignore[misc]
    """gunicorn with one process and many threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Our settings in gunicorn's words."""
        host = self._settings.web_host
        address = f"[{host}]" if ":" in host else host
        values: dict[str, Any] = {
            "bind": f"{address}:{self._settings.web_port}",
            "workers": 1,
            "worker_class": StreamWorker,
            "threads": self._settings.web_threads,
            "worker_connections": self._settings.web_threads * 4,
            "backlog": BACKLOG,
            "timeout": 60,
            "graceful_timeout": GRACEFUL_S,
            "keepalive": KEEPALIVE_S,
            "limit_request_line": 4094,
            "limit_request_fields": 64,
            "limit_request_field_size": 8190,
            "control_socket_disable": True,
            "accesslog": None,
            "errorlog": "-",
            "loglevel": "warning" if self._settings.log_level == "info" else self._settings.log_level,
            "proc_name": "park-twin serve",
        }
        for name, value in values.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Called in the worker, after the fork."""
        return create_app(self._settings)
