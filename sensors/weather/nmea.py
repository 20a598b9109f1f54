"""NMEA 0183 sentences of weather heads: MWV, XDR and MDA, whatever the talker.

Factor codes: ``MWV:angle``, ``MWV:speed`` (and, where it matters, ``MWV:R:angle`` relative to the head's own
north or ``MWV:T:angle`` true), ``XDR:<type>:<id>`` (``XDR:C:0``), ``MDA:pressure``, ``MDA:air_temperature``,
``MDA:relative_humidity``, ``MDA:wind_from``, ``MDA:wind_speed``. An empty field is no value.

Source: NMEA 0183 4.10, sentences MWV, XDR, MDA; Vaisala WXT530 User Guide M211840EN-D, NMEA protocol.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import xor

from sensors.quality import number
from sensors.readings import Reading
from sensors.weather.units import ANGLE, PRESSURE, SHARE, SPEED, TEMPERATURE, in_house
from twin.core.errors import FrameError
from twin.core.observation import Mark

_SENTENCE = re.compile(r"\$([A-Z]{2})([A-Z]{3}),([^*$]*)\*([0-9A-Fa-f]{2})", re.ASCII)
_KINDS = {"C": TEMPERATURE, "H": SHARE, "P": PRESSURE, "A": ANGLE, "S": SPEED}
_GARBAGE, _CHECKSUM, _UNKNOWN = "garbage", "bad_checksum", "unknown_sentence"
_NOT_IN_CODE = re.compile(r"[^A-Za-z0-9._-]", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence taken apart."""

    talker: str
    kind: str
    readings: tuple[Reading, ...]


def checksum(body: bytes) -> int:
    """XOR of the bytes between ``$`` and ``*``."""
    return reduce(xor, body, 0)


def parse(line: bytes) -> Sentence:
    """Read a sentence. Raises FrameError: ``garbage``, ``bad_checksum``, ``unknown_sentence``."""
    text = line.rstrip(b"\r\n").decode("ascii", errors="replace")
    if not text.startswith("$"):
        raise FrameError(
            _GARBAGE,
            f"{text[:40]!r} is no sentence: it begins without $",
            message_zh=f"{text[:40]!r} 不是 NMEA 语句：不以 $ 开头",
        )
    found = _SENTENCE.fullmatch(text)
    if found is None or checksum(text[1 : text.index("*")].encode("ascii", "replace")) != int(found[4], 16):
        raise FrameError(
            _CHECKSUM,
            f"{text[:40]!r}: the sum behind * is missing or does not fit",
            message_zh=f"{text[:40]!r}：* 之后缺少校验和或校验不符",
        )
    read = _READERS.get(found[2])
    if read is None:
        raise FrameError(
            _UNKNOWN,
            f"sentence {found[2]!r}; expected one of {', '.join(_READERS)}",
            message_zh=f"语句 {found[2]!r} 未知；应为 {'、'.join(_READERS)} 之一",
            value=found[2],
        )
    return Sentence(talker=found[1], kind=found[2], readings=tuple(read(found[3].split(","))))


def _mwv(fields: Sequence[str]) -> list[Reading]:
    angle, reference, speed, unit, status = _padded(fields, 5)
    good = status == "A"
    rows = [("angle", angle, ANGLE, "D"), ("speed", speed, SPEED, unit)]
    plain = [_reading(f"MWV:{name}", text, kind, letter, good=good) for name, text, kind, letter in rows]
    if reference not in ("R", "T"):
        return plain
    named = [
        _reading(f"MWV:{reference}:{name}", text, kind, letter, good=good)
        for name, text, kind, letter in rows
    ]
    return plain + named


def _xdr(fields: Sequence[str]) -> list[Reading]:
    rows = []
    for k in range(0, len(fields) - 3, 4):
        kind, text, unit, name = fields[k : k + 4]
        code = f"XDR:{kind}:{_NOT_IN_CODE.sub('_', name)}"
        rows.append(_reading(code, text, _KINDS.get(kind, ""), unit, good=True))
    return rows


def _mda(fields: Sequence[str]) -> list[Reading]:
    row = _padded(fields, 20)
    inches, bars = row[0], row[2]
    pressure = (bars, "B") if bars else (inches, "I")
    speed = (row[18], "M") if row[18] else (row[16], "N")
    return [
        _reading("MDA:pressure", pressure[0], PRESSURE, pressure[1], good=True),
        _reading("MDA:air_temperature", row[4], TEMPERATURE, "C", good=True),
        _reading("MDA:relative_humidity", row[8], SHARE, "P", good=True),
        _reading("MDA:wind_from", row[12], ANGLE, "D", good=True),
        _reading("MDA:wind_speed", speed[0], SPEED, speed[1], good=True),
    ]


_READERS: dict[str, Callable[[Sequence[str]], list[Reading]]] = {"MWV": _mwv, "XDR": _xdr, "MDA": _mda}


def _padded(fields: Sequence[str], count: int) -> list[str]:
    return [*fields[:count], *[""] * (count - len(fields))]


def _reading(code: str, text: str, kind: str, letter: str, *, good: bool) -> Reading:
    value = number(text)
    if value is None or not good:
        return Reading(code=code, value=None, text=text, mark=Mark.FAULT)
    if not kind:
        return Reading(code=code, value=value, text=f"{text}{letter}")
    told = in_house(kind, letter, value)
    if told is None:
        return Reading(code=code, value=None, text=f"{text}{letter}", mark=Mark.FAULT)
    return Reading(code=code, value=told[0], text=f"{text}{letter}", unit=told[1])
