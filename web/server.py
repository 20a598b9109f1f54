"""Serving the application: gunicorn with threads by default, Werkzeug as the fall-back.

One process holds the one hub. A live stream holds a thread, so there are at least twice as many
threads as screens.
"""

from __future__ import annotations

import logging
import signal
import socket
import threading
from types import FrameType
from typing import Any

from twin.core.errors import ServiceUnavailableError
from twin.live.settings import Settings
from web.app import create_app
from web.services import services_of

_LOG = logging.getLogger(__name__)


def serve_forever(settings: Settings, *, simple: bool = False) -> None:
    """Serve until SIGTERM or SIGINT.

    Parameters
    ----------
    settings : Settings
        Address, port, threads, and where the ledgers lie.
    simple : bool
        Use Werkzeug's threaded server.

    Raises
    ------
    ServiceUnavailableError
        The address is taken.
    """
    check_address(settings.web_host, settings.web_port)
    if simple:
        _serve_simply(settings)
        return
    from web.gunicorn import Application

    Application(settings).run()


def check_address(host: str, port: int) -> None:
    """Raise ServiceUnavailableError when nothing can listen at this address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ServiceUnavailableError(
                f"cannot listen on {host}:{port}: {error.strerror}; set PARK_TWIN_WEB_PORT to a free port",
                message_zh=f"无法监听 {host}:{port}：{error.strerror}；请用 PARK_TWIN_WEB_PORT 指定空闲端口",
                field="web_port",
                value=port,
            ) from None


def _serve_simply(settings: Settings) -> None:
    from werkzeug.serving import make_server

    app = create_app(settings)
    own = services_of(app)
    server: Any = make_server(settings.web_host, settings.web_port, app, threaded=True)
    server.daemon_threads = True

    def stop(_number: int, _frame: FrameType | None) -> None:
        own.hub.close()
        # shutdown() waits for the serving loop, which this handler interrupts.
        threading.Thread(target=server.shutdown, name="shutdown").start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    own.start()
    _LOG.info("serving http://%s:%d", settings.web_host, settings.web_port)
    try:
        server.serve_forever()
    finally:
        own.stop()
        server.server_close()
