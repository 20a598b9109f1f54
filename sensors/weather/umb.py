"""Lufft UMB: binary questions for channels and their answers.

``01 10 <to> <from> <len> 02 <cmd> <verc> <payload> 03 <crc> 04``, addresses and numbers low byte first;
``len`` counts from ``cmd`` to the end of the payload; the CRC (polynomial 8408, start FFFF, low byte first)
covers everything from 01 to 03. Factor codes are channel numbers (``100`` temperature, ``200``
humidity, ``300`` pressure, ``400`` wind speed, ``500`` wind direction); the unit is the record's.

Source: Lufft, UMB protocol 1.0 (2009): frame, commands 23 (one channel) and 2F (several).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from twin.core.errors import FrameError

SOH, STX, ETX, EOT, VERSION = 0x01, 0x02, 0x03, 0x04, 0x10
ONE_CHANNEL, CHANNELS = 0x23, 0x2F
MASTER = 0xF001
_HEAD_LEN, _TAIL_LEN = 8, 4
_LENGTH_AT = 6
# type byte -> struct format
_TYPES = {0x10: "<B", 0x11: "<b", 0x12: "<H", 0x13: "<h", 0x14: "<I", 0x15: "<i", 0x16: "<f", 0x17: "<d"}
_GARBAGE, _TRUNCATED, _CRC = "garbage", "truncated", "bad_crc"
OK = 0
STATUS_TEXT = {
    0x00: "ok",
    0x10: "unknown command",
    0x11: "bad parameter",
    0x12: "bad header version",
    0x13: "bad version of the command",
    0x14: "wrong password",
    0x20: "read error",
    0x21: "write error",
    0x22: "too long",
    0x23: "bad address or storage place",
    0x24: "no such channel",
    0x25: "command not possible in this mode",
    0x26: "unknown test or calibration command",
    0x27: "error of calibration",
    0x28: "device not ready",
    0x29: "supply voltage too low",
    0x2A: "hardware fault",
    0x2B: "measurement stopped",
    0x2C: "device starts up",
    0x50: "value above the range of the channel",
    0x51: "value below the range of the channel",
    0x52: "data invalid",
    0x53: "data invalid",
    0x55: "measurement not possible now",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelValue:
    """Answer for one channel; ``value`` None where ``status`` is not 0."""

    channel: int
    status: int
    value: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UmbAnswer:
    """A frame taken apart. ``status`` is that of the whole answer."""

    sender: int
    command: int
    status: int
    channels: tuple[ChannelValue, ...]


def crc(data: bytes) -> int:
    """Check sum of a frame.

    >>> hex(crc(bytes.fromhex("0110017001f0040223106400" + "03")))
    '0xd961'
    """
    register = 0xFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ 0x8408 if register & 1 else register >> 1
    return register


def question(address: int, channels: Sequence[int]) -> bytes:
    """Frame that asks a device for channels."""
    if len(channels) == 1:
        body = struct.pack("<BBH", ONE_CHANNEL, VERSION, channels[0])
    else:
        body = struct.pack(f"<BBB{len(channels)}H", CHANNELS, VERSION, len(channels), *channels)
    return framed(address, MASTER, body)


def framed(to: int, sender: int, body: bytes) -> bytes:
    """Frame around a command and its payload."""
    head = struct.pack("<BBHHBB", SOH, VERSION, to, sender, len(body), STX)
    inner = head + body + bytes([ETX])
    return inner + struct.pack("<HB", crc(inner), EOT)


def length_of(data: bytes) -> int | None:
    """How long the frame at the start of ``data`` is; None as long as that cannot be told."""
    return _HEAD_LEN + data[_LENGTH_AT] + _TAIL_LEN if len(data) > _LENGTH_AT else None


def parse(data: bytes) -> UmbAnswer:
    """Read an answer. Raises FrameError: ``garbage``, ``truncated``, ``bad_crc``."""
    if not data or data[0] != SOH:
        raise FrameError(
            _GARBAGE,
            f"{data[:12].hex()} does not begin with 01",
            message_zh=f"{data[:12].hex()} 不以 01 开头",
        )
    length = length_of(data)
    if length is None or len(data) < length:
        raise FrameError(
            _TRUNCATED,
            f"{len(data)} bytes of a frame of {length or 'at least 12'}",
            message_zh=f"报文只有 {len(data)} 字节，应为 {length or '至少 12'} 字节",
            value=len(data),
        )
    data = data[:length]
    if data[_HEAD_LEN - 1] != STX or data[-_TAIL_LEN] != ETX or data[-1] != EOT:
        raise FrameError(
            _GARBAGE,
            f"{data[:12].hex()}: STX, ETX or EOT are not where they belong",
            message_zh=f"{data[:12].hex()}：STX、ETX 或 EOT 位置不对",
        )
    if crc(data[:-3]) != int.from_bytes(data[-3:-1], "little"):
        raise FrameError(
            _CRC,
            f"{data[:12].hex()}: the check sum does not fit",
            message_zh=f"{data[:12].hex()}：CRC 校验不符",
        )
    body = data[_HEAD_LEN:-_TAIL_LEN]
    if len(body) < 3:
        raise FrameError(
            _GARBAGE, f"{data.hex()}: an answer without status", message_zh=f"{data.hex()}：应答缺少状态"
        )
    sender = int.from_bytes(data[4:6], "little")
    return UmbAnswer(sender=sender, command=body[0], status=body[2], channels=_channels(body))


def _channels(body: bytes) -> tuple[ChannelValue, ...]:
    if body[0] == ONE_CHANNEL:
        return (_channel(body[2], body[3:]),) if len(body) >= 5 else ()
    if body[0] != CHANNELS or len(body) < 4:
        return ()
    rows, rest = [], body[4:]
    while rest and 0 < rest[0] < len(rest) + 1 and len(rest) >= 4:
        rows.append(_channel(rest[1], rest[2 : 1 + rest[0]]))
        rest = rest[1 + rest[0] :]
    return tuple(rows)


def _channel(status: int, data: bytes) -> ChannelValue:
    channel = int.from_bytes(data[:2], "little")
    return ChannelValue(channel=channel, status=status, value=_number(data[2:]) if status == OK else None)


def _number(data: bytes) -> float | None:
    form = _TYPES.get(data[0]) if data else None
    if form is None or len(data) - 1 < struct.calcsize(form):
        return None
    value = float(struct.unpack_from(form, data, 1)[0])
    return value if math.isfinite(value) else None
