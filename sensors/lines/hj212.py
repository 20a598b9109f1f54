"""HJ 212 over a serial line or a TCP stream that we open: the same session as behind the server.

Many loggers are wired by RS-232 or RS-485 only. An answer goes out after its frame is durable, in the
order of the frames, and on a half-duplex wire only while nobody else speaks.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable

from sensors.contract import LineEvent, LineEventKind, LineLimits, Receipt, Registry
from sensors.hj212.session import Delivery, LineSession, Outcome
from sensors.lines.contract import LineBroken, Wire
from sensors.lines.port import Port, open_port, quiet_s
from twin.core.device import Device
from twin.core.line import Line

_log = logging.getLogger(__name__)
_POLL_S = 0.25
_FINISH_S = 10.0
_COMMANDS_MAX = 32
_TURN_LEAST_S = 0.2
_LIMITS = LineLimits(max_in_flight=64)


class LineRegistry:
    """The devices of one line, with their passwords; others on the wire are strangers."""

    def __init__(self, devices: tuple[Device, ...], registry: Registry) -> None:
        self._mns = {row.mn for row in devices}
        self._registry = registry

    def device(self, mn: str) -> Device | None:
        """Device of this line, or None."""
        return self._registry.device(mn) if mn in self._mns else None

    def password(self, mn: str) -> str | None:
        """Password of a device; None where any is taken."""
        return self._registry.password(mn)

    def passwords(self, mn: str) -> tuple[str, ...]:
        """All that are taken from a device now; empty where any is."""
        return self._registry.passwords(mn)

    def sm4_key(self, mn: str) -> bytes | None:
        """SM4 key for what is sent to a device, or None."""
        return self._registry.sm4_key(mn)

    def sm4_keys(self, mn: str) -> tuple[bytes, ...]:
        """SM4 keys for what comes from a device."""
        return self._registry.sm4_keys(mn)


async def run_hj212(line: Line, devices: tuple[Device, ...], wire: Wire, stop: asyncio.Event) -> None:
    """Read a line until ``stop``. Raises LineBroken when the port is gone or cannot be had."""
    port = await open_port(line)
    talk = _Talk(line, devices, wire, port)
    wire.speak = talk.offer
    wire.opened()
    try:
        await talk.listen(stop)
    finally:
        await talk.finish()
        port.close()


class _Talk:
    """One opening of a line: its session, the frames that wait for the ledger, the answers due."""

    def __init__(self, line: Line, devices: tuple[Device, ...], wire: Wire, port: Port) -> None:
        self._line = line
        self._wire = wire
        self._port = port
        self._quiet_s = quiet_s(line)
        house = wire.house
        self._session = LineSession(
            wire.peer, LineRegistry(devices, wire.registry), _LIMITS, house.splits, house.findings
        )
        self._commands: deque[bytes] = deque()
        self._turn_s = 0.0
        self._waiting: deque[tuple[asyncio.Task[Receipt], Delivery]] = deque()

    def offer(self, data: bytes) -> bool:
        """Take a command for a device of this line; False when too many wait. It goes out in a pause."""
        if len(self._commands) >= _COMMANDS_MAX:
            return False
        self._commands.append(data)
        return True

    async def listen(self, stop: asyncio.Event) -> None:
        """Read, store, answer, command."""
        while not stop.is_set():
            data = await self._port.read(self._quiet_s if self._waiting or self._commands else _POLL_S)
            now_ms = self._wire.clock.now_ms()
            if data:
                self._turn_s = 0.0  # somebody has spoken since our last command
            self._take(self._session.read(data, now_ms) if data else self._session.tick(now_ms))
            if len(self._waiting) >= _LIMITS.max_in_flight:
                await asyncio.wait({self._waiting[0][0]})
            # Silence, or nothing begun: on a wire with two directions the first is enough to wait for.
            if not data:
                await self._answer()
                await self._command()

    async def finish(self) -> None:
        """Read what is held, wait until all that was taken is stored; answer if anybody listens."""
        self._take(self._session.close(self._wire.clock.now_ms()))
        with contextlib.suppress(TimeoutError, LineBroken):
            async with asyncio.timeout(_FINISH_S):
                while self._waiting:
                    await asyncio.wait({self._waiting[0][0]})
                    await self._answer()

    def _take(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            if isinstance(outcome, LineEvent):
                self._wire.sink.line_event(outcome)
                continue
            sink = self._wire.sink
            if outcome.reason is None:
                self._wire.arrived(outcome, at_home=True)
                work: Awaitable[Receipt] = sink.accept(outcome.frame)
            else:
                work = sink.quarantine(outcome.frame, outcome.reason)
            self._waiting.append((asyncio.ensure_future(work), outcome))

    async def _answer(self) -> None:
        """Send what is due, in the order of the frames."""
        while self._waiting and self._waiting[0][0].done():
            task, delivery = self._waiting.popleft()
            error = task.exception()
            if error is not None:
                _log.error("frame of %s was not stored: %r", delivery.frame.mn, error)
                self._wire.event(LineEventKind.STORE_FAILED, str(error), mn=delivery.frame.mn)
            elif delivery.reason is None:
                self._wire.delivered(delivery)
                if delivery.answer is not None:
                    await self._port.write(delivery.answer)

    async def _command(self) -> None:
        """Send one command, and leave the wire to its answer before the next.

        Nobody may speak into a frame that has begun: on a wire with two directions that is how both are lost.
        """
        loop_s = asyncio.get_running_loop().time()
        if self._commands and not self._session.held and loop_s >= self._turn_s:
            self._turn_s = loop_s + max(_TURN_LEAST_S, self._line.timeout_s)
            await self._port.write(self._commands.popleft())
