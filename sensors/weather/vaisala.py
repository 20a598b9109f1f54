"""Vaisala WXT ASCII: ``0R1,Dn=236D,Dm=283D,...`` and, polled with a check, ``0r2,...@Fn``.

Factor codes are the two letters of the field: ``Dm`` mean direction, ``Sm`` mean speed, ``Sx`` highest
speed (gust), ``Ta`` air temperature, ``Ua`` humidity, ``Pa`` pressure. The letter behind a number is its
unit, and ``#`` says that it is not valid.

Source: Vaisala WXT530 Series User Guide M211840EN-D, ASCII protocol and appendix on the CRC.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sensors.quality import number
from sensors.readings import Reading
from sensors.weather.units import ANGLE, PRESSURE, SHARE, SPEED, TEMPERATURE, in_house
from twin.core.errors import FrameError
from twin.core.observation import Mark

_HEAD = re.compile(r"([0-9A-Za-z])([Rr])([0-5]),(.*)", re.ASCII)
_FIELD = re.compile(r"([A-Z][a-z])=([^,]*)", re.ASCII)
_KINDS = {"D": ANGLE, "S": SPEED, "T": TEMPERATURE, "U": SHARE, "P": PRESSURE}
_CRC_LEN = 3
_GARBAGE, _CHECKSUM = "garbage", "bad_checksum"


@dataclass(frozen=True, slots=True, kw_only=True)
class VaisalaLine:
    """A line taken apart. ``checked``: it carried a check that fits."""

    address: str
    kind: str
    readings: tuple[Reading, ...]
    checked: bool


def crc_text(text: bytes) -> str:
    """Check characters: CRC-16 (polynomial A001, start 0) in three times six bits.

    >>> crc_text(b"0r2,Ta=22.7C,Ua=55.5P,Pa=1004.7H")
    '@Fn'
    """
    register = 0
    for byte in text:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ 0xA001 if register & 1 else register >> 1
    return "".join(chr(0x40 | part) for part in (register >> 12, register >> 6 & 0x3F, register & 0x3F))


def parse(line: bytes) -> VaisalaLine:
    """Read a line. Raises FrameError: ``garbage``, ``bad_checksum``."""
    text = line.rstrip(b"\r\n").decode("ascii", errors="replace")
    found = _HEAD.fullmatch(text)
    if found is None:
        raise FrameError(
            _GARBAGE,
            f"{text[:40]!r} is no message of a weather transmitter",
            message_zh=f"{text[:40]!r} 不是气象变送器的报文",
        )
    address, letter, kind, body = found.groups()
    checked = letter == "r"
    if checked:
        if crc_text(text[:-_CRC_LEN].encode("ascii", "replace")) != text[-_CRC_LEN:]:
            raise FrameError(
                _CHECKSUM,
                f"{text[:40]!r}: the three check characters do not fit",
                message_zh=f"{text[:40]!r}：三个校验字符不符",
            )
        body = body[:-_CRC_LEN]
    parts = [_FIELD.fullmatch(part) for part in body.split(",")]
    if not any(parts):
        raise FrameError(
            _GARBAGE,
            f"{text[:40]!r} has no field of the form Xx=number",
            message_zh=f"{text[:40]!r} 中没有形如 Xx=数值 的字段",
        )
    rows = tuple(_reading(part[1], part[2]) for part in parts if part is not None and part[1] != "Id")
    return VaisalaLine(address=address, kind=kind, readings=rows, checked=checked)


def _reading(code: str, text: str) -> Reading:
    value, letter = number(text[:-1]), text[-1:]
    kind = _KINDS.get(code[0])
    if value is None or letter == "#":
        return Reading(code=code, value=None, text=text, mark=Mark.FAULT)
    if kind is None:
        return Reading(code=code, value=value, text=text)
    told = in_house(kind, letter, value)
    if told is None:
        return Reading(code=code, value=None, text=text, mark=Mark.FAULT)
    return Reading(code=code, value=told[0], text=text, unit=told[1])
