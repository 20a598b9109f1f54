"""A real PostgreSQL for tests, from Debian's package, on a loopback port; ends by its process id.

``server()`` starts one per test process at the first need and ends it at exit; ``fresh_url()`` makes an
empty data base in it. Where PostgreSQL is not installed, tests are skipped with the reason.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psycopg
import pytest

from tests.support.whole_park import free_port

VERSIONS = ("17", "16", "15", "14")
USER = "postgres"
START_LIMIT_S = 30.0
_PR_SET_PDEATHSIG = 1


def programs() -> Path | None:
    """Folder with initdb, postgres, pg_dump; None where Debian's package is not installed."""
    for version in VERSIONS:
        folder = Path(f"/usr/lib/postgresql/{version}/bin")
        if (folder / "postgres").is_file():
            return folder
    return None


@dataclass(frozen=True, kw_only=True)
class PostgresServer:
    """A running server. ``url()`` names a data base of it for SQLAlchemy."""

    port: int
    process: subprocess.Popen[bytes]
    folder: Path

    def url(self, name: str = "postgres") -> str:
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{name}"

    def fresh_url(self) -> str:
        """URL of a new, empty data base."""
        name = f"t{time.monotonic_ns()}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a data base, whoever is still connected to it."""
        with self.connect() as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {url.rsplit('/', 1)[1]} WITH (FORCE)")

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=USER, dbname="postgres", autocommit=True
        )

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # fast shutdown
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)


def as_postgres() -> dict[str, object]:
    """Arguments of ``subprocess``: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    row = pwd.getpwnam(USER)
    return {"user": row.pw_uid, "group": row.pw_gid, "extra_groups": []}


def start(*, fsync: bool = False) -> PostgresServer:
    """Start a server with an empty cluster; with ``fsync`` it commits as durably as in service."""
    folder = programs()
    assert folder is not None
    place = Path(tempfile.mkdtemp(prefix="park-twin-pg-"))
    if os.geteuid() == 0:
        shutil.chown(place, USER, USER)
    data = place / "data"
    rights = as_postgres()
    environment = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    subprocess.run(
        [folder / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale", "-N"],
        check=True,
        capture_output=True,
        cwd=place,
        env=environment,
        **rights,
    )
    port = free_port()
    options = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "fsync": "on" if fsync else "off",
        "shared_buffers": "64MB",
        "max_connections": 60,
        "max_wal_size": "1GB",
    }
    arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(
            [folder / "postgres", "-D", data, *arguments],
            cwd=place,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=_end_with_parent(),
            **rights,
        )
    server = PostgresServer(port=port, process=process, folder=place)
    try:
        _wait_until_up(server)
    except BaseException:
        server.stop()
        raise
    return server


def _end_with_parent() -> Callable[[], object]:
    """Have the kernel end the server when the test process is killed."""
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)


@cache
def server() -> PostgresServer:
    """The server of this test process. Skips the test where PostgreSQL is not installed."""
    if programs() is None:
        pytest.skip(
            "PostgreSQL is not installed (Debian: apt-get install postgresql-15); only SQLite is tried"
        )
    started = start()
    atexit.register(started.stop)
    return started


def fresh_url() -> str:
    """URL of a new, empty data base in the server of this test process."""
    return server().fresh_url()


def _wait_until_up(server: PostgresServer) -> None:
    limit_s = time.monotonic() + START_LIMIT_S
    while time.monotonic() < limit_s and server.process.poll() is None:
        try:
            server.connect().close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError((server.folder / "log").read_text(errors="replace")[-4000:])
