"""Gill MaxiMet: ``STX`` fields parted by commas ``ETX`` sum; which fields, the user has set.

Factor codes are ``<number>:<name>``, the number counted from 1 with the node letter as field 1:
``2:DIR``, ``3:SPEED``, ``6:PRESS``. Only the number counts, the name is for people. The unit is the
record's. The sum is the XOR of the bytes between STX and ETX, two hex digits.

Source: Gill Instruments, MaxiMet user manual 1957-PS-001, message format.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import reduce
from operator import xor

from sensors.quality import number
from sensors.readings import Reading
from twin.core.device import Device
from twin.core.errors import FrameError
from twin.core.observation import Mark

_FRAME = re.compile(rb"\x02([^\x02\x03]*)\x03\s*([0-9A-Fa-f]{2})")
_CODE = re.compile(r"([0-9]{1,2}):.+", re.ASCII)
_GARBAGE, _CHECKSUM, _TRUNCATED = "garbage", "bad_checksum", "truncated"


@dataclass(frozen=True, slots=True, kw_only=True)
class MaximetLine:
    """The fields between STX and ETX."""

    fields: tuple[str, ...]


def parse(line: bytes) -> MaximetLine:
    """Read a line. Raises FrameError: ``garbage``, ``truncated``, ``bad_checksum``."""
    line = line.strip(b"\r\n")
    if not line.startswith(b"\x02"):
        raise FrameError(
            _GARBAGE, f"{line[:40]!r} does not begin with STX", message_zh=f"{line[:40]!r} 不以 STX 开头"
        )
    found = _FRAME.fullmatch(line)
    if found is None:
        raise FrameError(
            _TRUNCATED,
            f"{line[:40]!r} does not end with ETX and two hex digits",
            message_zh=f"{line[:40]!r} 末尾不是 ETX 和两位十六进制数字",
        )
    if reduce(xor, found[1], 0) != int(found[2], 16):
        raise FrameError(
            _CHECKSUM,
            f"{line[:40]!r}: the sum behind ETX does not fit",
            message_zh=f"{line[:40]!r}：ETX 之后的校验和不符",
        )
    text = found[1].decode("ascii", errors="replace").rstrip(",")
    return MaximetLine(fields=tuple(part.strip() for part in text.split(",")))


def readings(line: MaximetLine, device: Device) -> list[Reading]:
    """Readings of the factors of a device; a field that is not there or empty has no value."""
    rows = []
    for factor in device.factors:
        found = _CODE.fullmatch(factor.code)
        at = int(found[1]) - 1 if found else -1
        text = line.fields[at] if 0 <= at < len(line.fields) else ""
        value = number(text)
        mark = Mark.NORMAL if value is not None else Mark.FAULT
        rows.append(Reading(code=factor.code, value=value, text=text, mark=mark))
    return rows
