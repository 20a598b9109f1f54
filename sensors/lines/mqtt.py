"""MQTT 3.1.1 or 5 with QoS 1: a message is acknowledged after it is durable, never before.

The session is kept by the broker (fixed client id, no clean session): what was not acknowledged when we
ended comes again, and the key of the raw store makes it one frame. A payload that cannot be used is held
apart and acknowledged, so that it does not come for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from dataclasses import dataclass
from typing import Any

from sensors.contract import LineEvent, LineEventKind, LineLimits
from sensors.hj212.session import LineSession
from sensors.lines.contract import LineBroken, Secret, Wire, frame_of, stamp
from sensors.lines.hj212 import LineRegistry
from sensors.mqtt.decode import first_time_ms
from twin.core.device import Device
from twin.core.errors import BadRequestError, StoreError
from twin.core.line import Line
from twin.core.observation import RawFrame

_CONNECT_S = 10.0
_FINISH_S = 10.0
_SETTLE_S = 2.0
_KEEPALIVE_S = 30
_PAYLOAD_MAX = 65_536
_HELD_MAX = 4096
_SESSION_FOR_EVER = 0xFFFFFFFF
_UNNAMED = "park-twin-"
_TOLD = (LineEventKind.CONNECT, LineEventKind.DISCONNECT)


@dataclass(frozen=True, slots=True)
class _Message:
    """A message that somebody waits to have acknowledged."""

    topic: str
    payload: bytes
    mid: int
    qos: int


async def run_mqtt(line: Line, devices: tuple[Device, ...], wire: Wire, stop: asyncio.Event) -> None:
    """Take messages until ``stop``. Raises LineBroken when the broker is not there or has gone."""
    link = _Link(line, wire.secret)
    try:
        await link.connect(sorted({line.member(row.mn).topic for row in devices} - {""}))
        wire.opened()
        await _Reader(line, devices, wire, link).run(stop)
        await link.settle()
    finally:
        await asyncio.to_thread(link.close)


class _Link:
    """The client library, which lives in a thread, seen from the event loop."""

    def __init__(self, line: Line, secret: Secret) -> None:
        self._line = line
        self._loop = asyncio.get_running_loop()
        self.messages: asyncio.Queue[_Message | str] = asyncio.Queue()
        self._ready: asyncio.Future[str] = self._loop.create_future()
        self._client = _client(line, secret)
        self._client.on_message = self._on_message
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._topics: list[str] = []

    async def connect(self, topics: list[str]) -> None:
        """Connect and subscribe. Raises LineBroken."""
        self._topics = topics
        try:
            await asyncio.to_thread(self._open)
            refused = await asyncio.wait_for(self._ready, _CONNECT_S)
        except (OSError, TimeoutError, ValueError) as error:
            raise self.broken(str(error) or "no connection in time") from None
        if refused:
            raise self.broken(refused)

    async def settle(self) -> None:
        """Wait until the broker has read what we sent: it answers in order, so any answer will do.

        Who closes a connection at once makes the broker forget the last acknowledgements.
        """
        if self._topics:
            self._ready = self._loop.create_future()
            self._client.subscribe([(topic, 1) for topic in self._topics])
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ready, _SETTLE_S)

    def ack(self, message: _Message) -> None:
        """Tell the broker that it may forget a message."""
        if message.qos:
            self._client.ack(message.mid, message.qos)

    def close(self) -> None:
        """Leave; the broker keeps the session."""
        self._client.disconnect()
        self._client.loop_stop()

    def broken(self, why: str) -> LineBroken:
        """Error of this line."""
        line = self._line
        return LineBroken(
            f"line {line.id} ({line.place}:{line.port}): {why}",
            message_zh=f"线路 {line.id}（{line.place}:{line.port}）中断：{why}",
            field="line",
            value=line.id,
        )

    def _open(self) -> None:
        more: dict[str, Any] = {}
        if self._line.mqtt_version == 5:
            from paho.mqtt.packettypes import PacketTypes
            from paho.mqtt.properties import Properties

            kept = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            kept.SessionExpiryInterval = _SESSION_FOR_EVER
            more = {"clean_start": False, "properties": kept}
        self._client.connect(self._line.place, self._line.port, keepalive=_KEEPALIVE_S, **more)
        self._client.loop_start()

    def _tell(self, refused: str) -> None:
        if not self._ready.done():
            self._ready.set_result(refused)

    def _call(self, what: Any, *values: object) -> None:
        with contextlib.suppress(RuntimeError):  # the event loop has ended before the library's thread
            self._loop.call_soon_threadsafe(what, *values)

    def _on_connect(self, client: Any, _data: Any, _flags: Any, reason: Any, _more: Any = None) -> None:
        if reason.is_failure:
            self._call(self._tell, f"the broker refuses: {reason}")
        elif self._topics:
            client.subscribe([(topic, 1) for topic in self._topics])
        else:
            self._call(self._tell, "")

    def _on_subscribe(self, _client: Any, _data: Any, _mid: int, reasons: Any, _more: Any = None) -> None:
        bad = [str(reason) for reason in reasons if reason.is_failure]
        self._call(self._tell, f"a topic is refused: {', '.join(bad)}" if bad else "")

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _more: Any = None) -> None:
        self._call(self._tell, f"the broker has gone: {reason}")
        self._call(self.messages.put_nowait, f"the broker has gone: {reason}")

    def _on_message(self, _client: Any, _data: Any, message: Any) -> None:
        told = _Message(message.topic, bytes(message.payload), message.mid, message.qos)
        self._call(self.messages.put_nowait, told)


class _Reader:
    """Stores what comes, then acknowledges it."""

    def __init__(self, line: Line, devices: tuple[Device, ...], wire: Wire, link: _Link) -> None:
        self._line = line
        self._wire = wire
        self._link = link
        self._devices = devices
        self._registry = LineRegistry(devices, wire.registry)
        house = wire.house
        self._session = LineSession(wire.peer, self._registry, LineLimits(), house.splits, house.findings)
        self._open: set[asyncio.Task[bool]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Take messages until told to stop or until the broker has gone."""
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                item = await self._next(stopping)
                if item is None:
                    return
                if isinstance(item, str):
                    raise self._link.broken(item)
                self._open.add(asyncio.create_task(self._store(item)))
                self._sift()
        finally:
            stopping.cancel()
            if self._open:
                await asyncio.wait(self._open, timeout=_FINISH_S)
            for task in self._open:
                task.cancel()

    async def _next(self, stopping: asyncio.Task[bool]) -> _Message | str | None:
        getting = asyncio.ensure_future(self._link.messages.get())
        try:
            await asyncio.wait({getting, stopping, *self._open}, return_when=asyncio.FIRST_COMPLETED)
            while not getting.done() and not stopping.done():
                self._sift()
                await asyncio.wait({getting, stopping, *self._open}, return_when=asyncio.FIRST_COMPLETED)
            return getting.result() if getting.done() else None
        finally:
            getting.cancel()

    def _sift(self) -> None:
        """Let go of what is stored. Raises LineBroken when something was not: the broker sends it again."""
        done = {task for task in self._open if task.done()}
        self._open -= done
        if not all(task.result() for task in done):
            why = "a message could not be stored"
            raise self._link.broken(why)

    async def _store(self, message: _Message) -> bool:
        """Make one message durable and acknowledge it; False when it has to come again."""
        try:
            await self._keep(message)
        except StoreError as error:
            self._wire.event(LineEventKind.STORE_FAILED, error.message)
            return False
        self._link.ack(message)
        return True

    async def _keep(self, message: _Message) -> None:
        device = self._device(message.topic)
        if device is None or len(message.payload) > _PAYLOAD_MAX:
            kind = LineEventKind.UNKNOWN_DEVICE if device is None else LineEventKind.LENGTH_OVER_LIMIT
            await self._hold(message, device, kind, f"topic {message.topic}, {len(message.payload)} bytes")
        elif device.protocol == "hj212":
            await self._keep_hj212(message)
        else:
            await self._keep_json(message, device)

    def _device(self, topic: str) -> Device | None:
        from paho.mqtt.client import topic_matches_sub

        for device in self._devices:
            wanted = self._line.member(device.mn).topic
            if wanted and topic_matches_sub(wanted, topic):
                return device
        return None

    async def _keep_json(self, message: _Message, device: Device) -> None:
        now_ms = self._wire.clock.now_ms()
        try:
            time_ms = first_time_ms(message.payload, device.mn, 0.0)
        except BadRequestError as error:
            await self._hold(message, device, LineEventKind.BAD_PAYLOAD, error.message)
            return
        self._wire.heard(device.mn)
        qn = stamp(time_ms)
        frame = frame_of(device, message.payload, received_ms=now_ms, peer=self._wire.peer, qn=qn)
        await self._wire.sink.accept(frame)

    async def _keep_hj212(self, message: _Message) -> None:
        """A payload of whole frames, with the checks of any other line; the answer is MQTT's own."""
        now_ms = self._wire.clock.now_ms()
        frames = 0
        # Read and closed at once: nothing of one payload is left when the next comes.
        for outcome in (*self._session.read(message.payload, now_ms), *self._session.close(now_ms)):
            if isinstance(outcome, LineEvent):
                if outcome.kind not in _TOLD:
                    self._wire.sink.line_event(outcome)
                continue
            frames += 1
            if outcome.reason is None:
                self._wire.heard(outcome.frame.mn)
                self._wire.arrived(outcome, at_home=False)
                await self._wire.sink.accept(outcome.frame)
                self._wire.delivered(outcome)
            else:
                await self._wire.sink.quarantine(outcome.frame, outcome.reason)
        if not frames:
            await self._hold(
                message, None, LineEventKind.BAD_PAYLOAD, f"topic {message.topic}: no good frame"
            )

    async def _hold(self, message: _Message, device: Device | None, kind: LineEventKind, detail: str) -> None:
        mn = device.mn if device else ""
        self._wire.event(kind, detail, mn=mn, sample=message.payload)
        segment = message.payload[:_HELD_MAX]
        now_ms = self._wire.clock.now_ms()
        frame = RawFrame(
            received_ms=now_ms,
            peer=self._wire.peer,
            segment=segment,
            mn=mn,
            st=device.st if device else "",
            cn=device.protocol if device else "",
            qn=stamp(now_ms),
            pno=0,
            sha256=hashlib.sha256(segment).hexdigest(),
        )
        await self._wire.sink.quarantine(frame, kind)


def _client(line: Line, secret: Secret) -> Any:
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

    version = MQTTProtocolVersion(line.mqtt_version)
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=line.client or _UNNAMED + line.id,
        clean_session=False if line.mqtt_version == 4 else None,
        protocol=version,
        reconnect_on_failure=False,
        manual_ack=True,
    )
    if secret.user:
        client.username_pw_set(secret.user, secret.password or None)
    if line.tls:
        client.tls_set(ca_certs=secret.ca_file or None)
    client.connect_timeout = _CONNECT_S
    return client
