"""gunicorn, set up from our settings instead of a file of its own."""

from __future__ import annotations

import time
from types import FrameType
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.workers.gthread import ThreadWorker

from twin.live.settings import Settings
from web.app import create_app
from web.services import services_of

GRACEFUL_S = 2
KEEPALIVE_S = 15
BACKLOG = 256
STOP_LINGER_S = 0.2


class StreamWorker(ThreadWorker):  # type: ignore[misc]
    """The threaded worker, which ends live streams before it waits for its threads."""

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
