"""Weather heads on a serial line or behind a serial device server: those that speak, and those asked.

A device whose member row has an ``ask`` (``0R0!``, ``0r0``) or whose protocol is UMB is asked every
``poll_s``; one after the other, because they share the wire. Three questions without an answer and the
device counts as gone.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sensors.contract import LineEventKind
from sensors.lines.contract import Wire, frame_of
from sensors.lines.port import Port, open_port, quiet_s
from sensors.weather import maximet, nmea, umb, vaisala
from sensors.weather.decode import kind_of
from twin.core.device import Device
from twin.core.errors import FrameError, StoreError
from twin.core.line import Line, LineMember

_POLL_S = 0.25
_LINE_MAX = 1024
_GONE_AFTER = 3
_UMB_ADDRESS = 0x7001
_UMB = "umb"
_WRONG = "wrong_device"
_ENDINGS = b"\r\n"


async def run_heads(line: Line, devices: tuple[Device, ...], wire: Wire, stop: asyncio.Event) -> None:
    """Read a line until ``stop``. Raises LineBroken when the port is gone or cannot be had."""
    port = await open_port(line)
    wire.opened()
    talk = _Talk(line, devices, wire, port)
    try:
        if any(talk.question(row) for row in devices):
            await talk.ask_by_turns(stop)
        else:
            await talk.listen(stop)
    finally:
        port.close()


@dataclass(slots=True)
class _Pieces:
    """Cuts a stream into lines (text) or frames (UMB)."""

    binary: bool
    held: bytearray = field(default_factory=bytearray)

    def cut(self, data: bytes) -> list[bytes]:
        """Whole pieces, in order; at most 1024 bytes are held."""
        self.held += data
        pieces = self._frames() if self.binary else self._lines()
        if len(self.held) > _LINE_MAX:
            pieces.append(bytes(self.held))
            self.held.clear()
        return pieces

    def _lines(self) -> list[bytes]:
        pieces = []
        while (at := next((k for k, byte in enumerate(self.held) if byte in _ENDINGS), -1)) >= 0:
            if at:
                pieces.append(bytes(self.held[:at]))
            del self.held[: at + 1]
        return pieces

    def _frames(self) -> list[bytes]:
        pieces = []
        while self.held:
            start = self.held.find(umb.SOH)
            if start != 0:
                cut = len(self.held) if start < 0 else start
                pieces.append(bytes(self.held[:cut]))
                del self.held[:cut]
                continue
            length = umb.length_of(bytes(self.held))
            if length is None or len(self.held) < length:
                break
            pieces.append(bytes(self.held[:length]))
            del self.held[:length]
        return pieces


class _Talk:
    """One opening of a line."""

    def __init__(self, line: Line, devices: tuple[Device, ...], wire: Wire, port: Port) -> None:
        self._line = line
        self._devices = devices
        self._wire = wire
        self._port = port
        self._members = {row.mn: line.member(row.mn) for row in devices}
        self._pieces = _Pieces(binary=any(row.protocol == _UMB for row in devices))
        self._unanswered: Counter[str] = Counter()

    def question(self, device: Device) -> bytes:
        """What a device is asked with; empty for one that speaks by itself."""
        member = self._members[device.mn]
        if device.protocol == _UMB:
            channels = [int(row.code) for row in device.factors if row.code.isdecimal()]
            return umb.question(_umb_address(member), channels)
        return member.ask.encode("ascii", "replace") + b"\r\n" if member.ask else b""

    async def listen(self, stop: asyncio.Event) -> None:
        """Take what comes."""
        while not stop.is_set():
            for piece in self._pieces.cut(await self._port.read(_POLL_S)):
                await self._take(piece, None)

    async def ask_by_turns(self, stop: asyncio.Event) -> None:
        """Ask every device, then rest."""
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            next_s = loop.time() + self._line.poll_s
            for device in self._devices:
                if not stop.is_set():
                    await self._ask(device)
            while not stop.is_set() and (rest_s := next_s - loop.time()) > 0:
                for piece in self._pieces.cut(await self._port.read(min(rest_s, _POLL_S))):
                    await self._take(piece, None)

    async def _ask(self, device: Device) -> None:
        loop = asyncio.get_running_loop()
        self._pieces.held.clear()
        await self._port.write(self.question(device))
        end_s, answered = loop.time() + self._line.timeout_s, False
        while not answered and (left_s := end_s - loop.time()) > 0:
            for piece in self._pieces.cut(await self._port.read(left_s)):
                answered = await self._take(piece, device) or answered
        if answered:
            self._unanswered[device.mn] = 0
            await asyncio.sleep(quiet_s(self._line))  # room for the other side to let go of the wire
            return
        self._unanswered[device.mn] += 1
        self._wire.event(LineEventKind.NO_ANSWER, f"{self._line.timeout_s:g} s", mn=device.mn)
        if self._unanswered[device.mn] >= _GONE_AFTER:
            self._wire.lost(device.mn)

    async def _take(self, piece: bytes, asked: Device | None) -> bool:
        """Store a piece that a device of this line has said; False for anything else."""
        try:
            device = self._speaker(piece, asked)
        except FrameError as error:
            self._wire.event(kind_of(error), error.message, mn=asked.mn if asked else "", sample=piece)
            return False
        now_ms = self._wire.clock.now_ms()
        self._wire.heard(device.mn)
        try:
            await self._wire.sink.accept(frame_of(device, piece, received_ms=now_ms, peer=self._wire.peer))
        except StoreError as error:
            self._wire.event(LineEventKind.STORE_FAILED, error.message, mn=device.mn)
        return True

    def _speaker(self, piece: bytes, asked: Device | None) -> Device:
        """Which device has said this. Raises FrameError for noise and for strangers."""
        candidates = self._devices if asked is None else (asked,)
        protocol = candidates[0].protocol
        address = _ADDRESS[protocol](piece)
        for device in candidates:
            wanted = self._members[device.mn].address
            if not address or not wanted or wanted.lower() == address.lower():
                return device
        raise FrameError(
            _WRONG,
            f"address {address!r} has spoken; expected one of this line's devices",
            message_zh=f"地址 {address!r} 应答，但不属于本线路的设备",
            field="address",
            value=address,
        )


def _umb_address(member: LineMember) -> int:
    """Class and number, four hex digits: ``7001`` is the first weather station."""
    return int(member.address, 16) if member.address else _UMB_ADDRESS


def _of_vaisala(piece: bytes) -> str:
    return vaisala.parse(piece).address


def _of_nmea(piece: bytes) -> str:
    nmea.parse(piece)
    return ""


def _of_maximet(piece: bytes) -> str:
    return maximet.parse(piece).fields[0]


def _of_umb(piece: bytes) -> str:
    return f"{umb.parse(piece).sender:04x}"


_ADDRESS: Mapping[str, Callable[[bytes], str]] = {
    "vaisala": _of_vaisala,
    "nmea": _of_nmea,
    "maximet": _of_maximet,
    _UMB: _of_umb,
}
