"""The check sums that instruments really send.

HJ 212-2017, appendix A, prints a loop that drops the low byte of its register before every byte:
only eight bits of state are carried and only 256 different values exist. Field devices also send
the Modbus CRC-16, plain or with its bytes swapped.

The standard's sum is linear over GF(2) and what a byte leaves behind repeats every eight bytes, so the
state after n bytes is the exclusive or of one table entry per byte. (It follows that two bytes exchanged
eight places apart are never noticed: range and rate checks are not a luxury.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType

from twin.core.device import CrcMode

_POLYNOMIAL = 0xA001
_START = 0xFFFF


def _entry(byte: int) -> int:
    register = byte
    for _ in range(8):
        low = register & 1
        register >>= 1
        if low:
            register ^= _POLYNOMIAL
    return register


TABLE: tuple[int, ...] = tuple(_entry(byte) for byte in range(256))
POSSIBLE: frozenset[int] = frozenset(TABLE)


@lru_cache(maxsize=1)
def _powers() -> tuple[tuple[int, ...], ...]:
    """Row k: the high byte that a byte leaves behind k steps later; rows repeat with the period."""
    step = [value >> 8 for value in TABLE]
    rows = [tuple(range(256))]
    while True:
        following = tuple(step[value] for value in rows[-1])
        if following == rows[0]:
            return tuple(rows)
        rows.append(following)


def hj212_crc(segment: bytes) -> int:
    """Check sum of HJ 212-2017, appendix A, over the data segment.

    What a byte leaves behind is linear in its bits and repeats with the period of ``_powers``: bytes a
    period apart are joined by exclusive or first, all at once as one long number.

    >>> f"{hj212_crc(b''):04X}"
    'FFFF'
    """
    if not segment:
        return _START
    powers = _powers()
    period = len(powers)
    folded = int.from_bytes(segment[:-1], "big")
    rounds = (len(segment) - 2) // period + 1
    while rounds > 1:
        rounds = (rounds + 1) // 2
        half = 8 * period * rounds
        folded = (folded >> half) ^ (folded & ((1 << half) - 1))
    state = powers[(len(segment) - 1) % period][_START >> 8]
    for place, byte in enumerate(folded.to_bytes(period, "little"), start=1):
        state ^= powers[place % period][byte]
    return TABLE[state ^ segment[-1]]


def modbus_crc(segment: bytes) -> int:
    """CRC-16 of the Modbus serial line (MODBUS over Serial Line V1.02, 2.5.1.2)."""
    register = _START
    for byte in segment:
        register = (register >> 8) ^ TABLE[(register ^ byte) & 0xFF]
    return register


def modbus_swapped_crc(segment: bytes) -> int:
    """Modbus CRC-16 with its two bytes exchanged."""
    value = modbus_crc(segment)
    return (value & 0xFF) << 8 | value >> 8


ALGORITHMS: Mapping[CrcMode, Callable[[bytes], int]] = MappingProxyType(
    {
        CrcMode.HJ212: hj212_crc,
        CrcMode.MODBUS: modbus_crc,
        CrcMode.MODBUS_SWAPPED: modbus_swapped_crc,
    }
)


def matches(segment: bytes, value: int, mode: CrcMode) -> bool:
    """Whether ``value`` is the check sum of ``segment``; impossible values are refused at once."""
    if mode is CrcMode.HJ212 and value not in POSSIBLE:
        return False
    return ALGORITHMS[mode](segment) == value


def variant_of(segment: bytes, value: int) -> CrcMode | None:
    """The algorithm that gives ``value``: tells the engineer what a device really computes."""
    return next((mode for mode in ALGORITHMS if matches(segment, value, mode)), None)
