"""One Modbus RTU answer, taken apart: for what a recorder or a protocol analyser shows.

Source: MODBUS over Serial Line V1.02 (2006), 2.5.1: unit, function, byte count, data, CRC-16 low byte first.
"""

from __future__ import annotations

from dataclasses import dataclass

from twin.core.errors import FrameError

_TRUNCATED, _CRC, _WRONG, _EXCEPTION = "truncated", "bad_crc", "wrong_device", "exception_answer"
_EXCEPTION_BIT, _EXCEPTION_LEN, _AROUND = 0x80, 5, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RtuAnswer:
    """Registers of an answer to function 3 or 4."""

    unit: int
    function: int
    registers: tuple[int, ...]


def crc16(data: bytes) -> int:
    """CRC-16 of Modbus (polynomial A001, start FFFF).

    >>> hex(crc16(bytes.fromhex("010300000005")))
    '0xc985'
    """
    register = 0xFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ 0xA001 if register & 1 else register >> 1
    return register


def parse(data: bytes, *, unit: int) -> RtuAnswer:
    """Read an answer of ``unit``.

    Raises FrameError: ``truncated``, ``bad_crc``, ``wrong_device``, ``exception_answer``.
    """
    length = _length(data)
    if length is None or len(data) < length:
        raise FrameError(
            _TRUNCATED,
            f"{len(data)} bytes of an answer of {length or 'at least 5'}",
            message_zh=f"应答只有 {len(data)} 字节，应为 {length or '至少 5'} 字节",
            value=len(data),
        )
    data = data[:length]
    if crc16(data[:-2]) != int.from_bytes(data[-2:], "little"):
        raise FrameError(
            _CRC, f"{data.hex()}: the check sum does not fit", message_zh=f"{data.hex()}：CRC 校验不符"
        )
    if data[0] != unit:
        raise FrameError(
            _WRONG,
            f"unit {data[0]} has answered, unit {unit} was asked",
            message_zh=f"从站 {data[0]} 应答，询问的是从站 {unit}",
            field="unit",
            value=data[0],
        )
    if data[1] & _EXCEPTION_BIT:
        raise FrameError(
            _EXCEPTION,
            f"unit {unit} answers with exception {data[2]}",
            message_zh=f"从站 {unit} 返回异常码 {data[2]}",
            value=data[2],
        )
    words = data[3:-2]
    registers = tuple(int.from_bytes(words[k : k + 2], "big") for k in range(0, len(words) - 1, 2))
    return RtuAnswer(unit=data[0], function=data[1], registers=registers)


def _length(data: bytes) -> int | None:
    if len(data) < _EXCEPTION_LEN:
        return None
    return _EXCEPTION_LEN if data[1] & _EXCEPTION_BIT else data[2] + _AROUND
