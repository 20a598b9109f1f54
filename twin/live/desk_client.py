"""Asking the desk from another process: the web server, the command line."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twin.core.errors import ServiceUnavailableError
from twin.live.desk_wire import LINE_BYTES_MAX, SOCKET_FILE, DeskRequest, read_answer, request_line
from twin.live.settings import Settings

ANSWER_LIMIT_S = 120.0
# Long enough for an answer as large as a request and what stands around it.
_ANSWER_BYTES_MAX = 2 * LINE_BYTES_MAX
_CHUNK_BYTES = 65_536


def ask(
    settings: Settings,
    verb: str,
    args: Mapping[str, object],
    token: str,
    *,
    peer: str = "",
    limit_s: float = ANSWER_LIMIT_S,
) -> dict[str, Any]:
    """What a verb gives. Raises the error it ended with, and ServiceUnavailableError without ingest."""
    request = DeskRequest(
        id=secrets.token_hex(8), verb=verb, token=token[:512], args=dict(args), peer=peer[:128]
    )
    path = settings.data_dir.absolute() / SOCKET_FILE
    try:
        return read_answer(_exchange(path, request_line(request), limit_s))
    except OSError as error:
        raise ServiceUnavailableError(
            f"ingest does not answer at {SOCKET_FILE} in data_dir: {error.strerror or error}; is it running?",
            message_zh="采集进程未运行或无应答，操作无法执行",
            field="desk",
        ) from None


def _exchange(path: Path, line: bytes, limit_s: float) -> bytes:
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line_to:
            line_to.settimeout(limit_s)
            # The folder's number keeps the address within the 107 bytes that a socket allows.
            line_to.connect(f"/proc/self/fd/{folder}/{path.name}")
            # A desk that is busy says so and hangs up without having read the question.
            with contextlib.suppress(BrokenPipeError):
                line_to.sendall(line)
            return _read_line(line_to)
    finally:
        os.close(folder)


def _read_line(line_to: socket.socket) -> bytes:
    parts: list[bytes] = []
    size_bytes = 0
    while size_bytes <= _ANSWER_BYTES_MAX:
        part = line_to.recv(_CHUNK_BYTES)
        parts.append(part)
        size_bytes += len(part)
        if part.endswith(b"\n"):
            return b"".join(parts)
        if not part:
            break
    msg = "it hung up without an answer"
    raise ConnectionError(msg)
