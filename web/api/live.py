"""The live stream."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from apiflask import APIBlueprint
from flask import Response, request

from twin.core.errors import ServiceUnavailableError
from web.hub import Cursor
from web.reply import Operation, serve
from web.schemas.live import StreamQuery
from web.services import Services, services
from web.stream import stream

FIRST_LOOK_S = 1.0
live = APIBlueprint("live", __name__, url_prefix="/api/v1", tag="Live")


def get_stream(query: StreamQuery) -> Response:
    """Server-sent events, see docs/wire.md; ``Last-Event-ID`` or ``cursor`` resumes."""
    own = services()
    # In the first moments of a server a stream would only be told to start afresh.
    own.follower.wait_begun(FIRST_LOOK_S if own.follower.alive else 0.0)
    # A browser that reconnects sends the header, and the address it was opened with: the header is newer.
    text = request.headers.get("Last-Event-ID") or query.cursor
    last = Cursor.parse(text) if text else None
    body = stream(
        own.hub,
        last,
        _horizon(own, last),
        clock=own.clock,
        version=own.version,
        heartbeat_s=own.limits.heartbeat_s,
    )
    _bound_writes(own.limits.write_timeout_s)
    return Response(
        _begun(body),
        content_type="text/event-stream; charset=utf-8",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        direct_passthrough=True,
    )


def _begun(body: Iterator[bytes]) -> Iterator[bytes]:
    """The same stream after its first step, so that a refusal is still an ordinary answer."""
    return chain((next(body),), body)


def _horizon(own: Services, last: Cursor | None) -> Cursor | None:
    """Where the ledgers stand, when the client knows more than the hub has published."""
    if last is None or last.within(own.hub.cursor):
        return None
    try:
        result = own.results.cursor()
    except ServiceUnavailableError:
        result = 0
    return Cursor(ledger=own.ledger.cursor(), result=result)


def _bound_writes(limit_s: float) -> None:
    """Give up on a client that takes nothing for so long; otherwise it would hold a thread for ever."""
    socket = request.environ.get("gunicorn.socket") or request.environ.get("werkzeug.socket")
    if socket is not None:
        socket.settimeout(limit_s)


serve(live, "/stream", get_stream, Operation(reads=StreamQuery, mimetype="text/event-stream", errors=(503,)))
