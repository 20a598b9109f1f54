"""The desk's socket: asks who it is, whether that role may, writes it down, runs the verb.

Every verb that changes something leaves two acts: ``desk.asked`` before it runs (who, what, told what)
and ``desk.done`` or ``desk.failed`` after. A verb that was not let through leaves ``desk.refused``.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import socket
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from twin.core.actor import Actor
from twin.core.errors import (
    BadRequestError,
    ConflictError,
    NotFoundError,
    ParkTwinError,
    ServiceUnavailableError,
    StoreError,
    TooManyError,
)
from twin.live.desk import DeskCall, DeskVerb, Office
from twin.live.desk_errors import HIDDEN, cleansed, submitted, without
from twin.live.desk_wire import (
    LINE_BYTES_MAX,
    SOCKET_FILE,
    DeskRequest,
    error_line,
    read_request,
    result_line,
)
from twin.live.doorkeeper import Doorkeeper
from twin.live.operators import OPERATORS_FILE, SYSTEM
from twin.store.acts import Act, ActDeed, canonical

_log = logging.getLogger(__name__)
CALLERS_MAX = 16
IDLE_S = 30.0
# Refusals are written down, but a flood of them must not fill the book.
_REFUSALS_PER_MINUTE = 60
_LAST_WORD_S = 2.0
_TEXT_CHARS = 2_000
_BODY_CHARS = 60_000
_MINUTE_MS = 60_000


class DeskServer:
    """A listening desk; ``start`` inside a running loop, ``close`` before the sink is closed."""

    def __init__(self, office: Office, verbs: Iterable[DeskVerb], *, idle_s: float = IDLE_S) -> None:
        self._office = office
        self._verbs = _by_name(verbs)
        self._idle_s = idle_s
        self._path = office.settings.data_dir.absolute() / SOCKET_FILE
        self.door = Doorkeeper(office.settings.data_dir / OPERATORS_FILE, office.clock.now_ms)
        self._server: asyncio.Server | None = None
        self._callers: set[asyncio.Task[None]] = set()
        self._refusals = _PerMinute(_REFUSALS_PER_MINUTE)

    async def start(self) -> None:
        """Begin to listen. Raises ConflictError when another process does at this place."""
        listener = _listener(self._path)
        self._server = await asyncio.start_unix_server(self._greet, sock=listener, limit=LINE_BYTES_MAX)

    async def close(self) -> None:
        """Stop listening; what runs is given up."""
        if self._server is None:
            return
        self._server.close()
        for task in self._callers:
            task.cancel()
        if self._callers:
            await asyncio.wait(set(self._callers))
        await self._server.wait_closed()
        self._path.unlink(missing_ok=True)

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._callers) >= CALLERS_MAX:
            error = TooManyError("the desk is busy; try again", message_zh="请求过多，请稍后再试")
            with contextlib.suppress(ConnectionError):
                writer.write(error_line("", error))
                await asyncio.wait_for(writer.drain(), self._idle_s)
            writer.close()
            return
        self._callers.add(task)
        try:
            await self._converse(reader, writer)
        except (ConnectionError, TimeoutError):
            pass  # the caller has gone or says nothing
        finally:
            self._callers.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                line = await asyncio.wait_for(reader.readuntil(b"\n"), self._idle_s)
            except asyncio.IncompleteReadError:
                return
            except asyncio.LimitOverrunError:
                writer.write(error_line("", _too_long()))
                await asyncio.wait_for(writer.drain(), self._idle_s)
                return
            writer.write(await self._answer(line))
            await asyncio.wait_for(writer.drain(), self._idle_s)

    async def _answer(self, line: bytes) -> bytes:
        number = ""
        try:
            request = read_request(line)
            number = request.id
            return result_line(number, await self._serve(request))
        except ParkTwinError as error:
            return error_line(number, error)
        except Exception as error:  # noqa: BLE001 - a verb's mistake must not end the desk
            _log.error("the desk could not answer", exc_info=error)
            return error_line(number, _internal())

    async def _serve(self, request: DeskRequest) -> Mapping[str, object]:
        verb = self._verbs.get(request.verb)
        if verb is None:
            raise NotFoundError(
                f"the desk knows no verb {request.verb!r}",
                message_zh=f"没有操作 {request.verb!r}",
                field="verb",
                value=request.verb,
            )
        try:
            actor = self.door.admit(request.token, request.peer, verb.role)
        except ParkTwinError as error:
            await self._refused(verb, request, error)
            raise
        if not verb.changes:
            return await self._run(verb, self._call(verb, actor, request, 0))
        asked = {"verb": verb.name, "args": told_of(verb, request.args), "peer": request.peer}
        seq = await self._note("desk.asked", actor.name, {**asked, "role": str(actor.role)})
        return await self._noted(verb, self._call(verb, actor, request, seq))

    async def _noted(self, verb: DeskVerb, call: DeskCall) -> Mapping[str, object]:
        head = {"verb": verb.name, "asked_seq": call.asked_seq}
        try:
            result = await self._run(verb, call)
        except ParkTwinError as error:
            row = {"kind": type(error).__name__, "field": error.field}
            if not verb.secret:
                row["message"] = error.message[:_TEXT_CHARS]
            await self._note("desk.failed", call.actor.name, {**head, "error": row})
            raise
        except BaseException as error:
            # The process may be ending because the writer has: then nobody takes a last word.
            with contextlib.suppress(StoreError, TimeoutError):
                row = {"kind": type(error).__name__, "message": "internal error"}
                note = self._note("desk.failed", call.actor.name, {**head, "error": row})
                await asyncio.wait_for(note, _LAST_WORD_S)
            raise
        await self._note("desk.done", call.actor.name, {**head, "result": told(result)})
        return result

    async def _run(self, verb: DeskVerb, call: DeskCall) -> Mapping[str, object]:
        """Result of a verb; errors of one with secrets without anything that was submitted as one."""
        if not verb.secret:
            return await self._within(verb, call)
        secrets = submitted(call.args, verb.open)
        try:
            result = await self._within(verb, call)
        except ParkTwinError as error:
            raise cleansed(error, secrets) from None
        except Exception as error:  # noqa: BLE001 - a traceback may hold what was submitted
            kind = type(error).__name__
        else:
            return _result_without(result, secrets)
        _log.error("the desk could not do %s: %s", verb.name, kind)
        raise _internal()

    async def _within(self, verb: DeskVerb, call: DeskCall) -> Mapping[str, object]:
        try:
            return await asyncio.wait_for(verb.run(call), verb.limit_s)
        except TimeoutError:
            raise ServiceUnavailableError(
                f"{verb.name} was not done within {verb.limit_s:g} s",
                message_zh=f"{verb.name} 在 {verb.limit_s:g} 秒内未完成",
                field="verb",
                value=verb.name,
            ) from None

    def _call(self, verb: DeskVerb, actor: Actor, request: DeskRequest, seq: int) -> DeskCall:
        return DeskCall(
            verb=verb.name,
            actor=actor,
            args=request.args,
            office=self._office,
            asked_seq=seq,
            secret=bool(verb.secret),
        )

    async def _refused(self, verb: DeskVerb, request: DeskRequest, error: ParkTwinError) -> None:
        """Written down, unless nobody in particular asked without a token or there are too many."""
        now_ms = self._office.clock.now_ms()
        if not request.token or not self._refusals.take(now_ms):
            return
        body = {
            "verb": verb.name,
            "peer": request.peer,
            "error": type(error).__name__,
            "locked": self.door.is_locked(request.peer),
            "not_written_before": self._refusals.missed(),
        }
        await self._note("desk.refused", error.source or SYSTEM, body)

    async def _note(self, kind: str, actor: str, body: Mapping[str, object]) -> int:
        act = Act(kind=kind, actor=actor, time_ms=self._office.clock.now_ms(), body=body)
        return int(str(await self._office.sink.perform(ActDeed(act=act))))


class _PerMinute:
    """So many in a minute; counts the others."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._minute = -1
        self._taken = 0
        self._missed = 0

    def take(self, now_ms: int) -> bool:
        minute = now_ms // _MINUTE_MS
        if minute != self._minute:
            self._minute, self._taken = minute, 0
        if self._taken >= self._most:
            self._missed += 1
            return False
        self._taken += 1
        return True

    def missed(self) -> int:
        """How many were not taken since this was asked last."""
        missed, self._missed = self._missed, 0
        return missed


def told(row: Mapping[str, object]) -> dict[str, object]:
    """Arguments or result as they are written down: long texts as their SHA-256."""
    short = {key: _short(value) for key, value in row.items()}
    text = canonical(short)
    if len(text) <= _BODY_CHARS:
        return short
    return {"sha256": hashlib.sha256(text.encode()).hexdigest(), "characters": len(text)}


def told_of(verb: DeskVerb, args: Mapping[str, object]) -> dict[str, object]:
    """Arguments as they are written down; of a verb with secrets only the plain texts of ``open``.

    Of all others it is told that they were there, by their name where the verb knows it.
    """
    if not verb.secret:
        return told(args)
    row: dict[str, object] = {}
    for key, value in args.items():
        if key in verb.open and isinstance(value, str | int):
            row[key] = _short(value)
        else:
            row[key if key in verb.secret | verb.open else HIDDEN] = HIDDEN
    return row


def _result_without(result: Mapping[str, object], secrets: tuple[str, ...]) -> Mapping[str, object]:
    """A result whose texts do not hold what was submitted as a secret."""
    return {
        key: without(value, secrets) if isinstance(value, str) else value for key, value in result.items()
    }


def _internal() -> ParkTwinError:
    return ParkTwinError("internal error; see the log of ingest", message_zh="内部错误，已记入日志")


def _short(value: object) -> object:
    if isinstance(value, str) and len(value) > _TEXT_CHARS:
        return {"sha256": hashlib.sha256(value.encode()).hexdigest(), "characters": len(value)}
    if isinstance(value, Mapping):
        return {str(key): _short(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_short(part) for part in value]
    return value


def _by_name(verbs: Iterable[DeskVerb]) -> dict[str, DeskVerb]:
    known: dict[str, DeskVerb] = {}
    for verb in verbs:
        if verb.name in known:
            msg = f"two verbs are called {verb.name}"
            raise ValueError(msg)
        known[verb.name] = verb
    return known


def _too_long() -> BadRequestError:
    return BadRequestError(
        f"a line of more than {LINE_BYTES_MAX} bytes; the desk takes no longer ones",
        message_zh=f"请求超过 {LINE_BYTES_MAX} 字节",
        field="request",
    )


def _listener(path: Path) -> socket.socket:
    """Bound socket that only its owner may open; a socket that nobody listens on gives way."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with short_path(path) as short:
            if _is_alive(short):
                raise ConflictError(
                    f"another process listens on {path}; stop it first",
                    message_zh=f"另一进程正在使用 {path}；请先停止它",
                    field="data_dir",
                    value=str(path.parent),
                )
            path.unlink(missing_ok=True)
            made.bind(short)
            # Before listen nobody can connect, so the mode is right from the first caller on.
            path.chmod(0o600)
    except BaseException:
        made.close()
        raise
    return made


def _is_alive(short: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(short)
        except OSError:
            return False
    return True


@contextlib.contextmanager
def short_path(path: Path) -> Iterator[str]:
    """A name of ``path`` that fits into the 107 bytes that a socket's address may have."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
