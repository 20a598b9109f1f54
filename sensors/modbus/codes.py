"""Factor codes of Modbus devices: where a value lies and how its registers are read.

``function:address:type[:order][:option...]``, for example

=========================  ==================================================================
``3:100:f32be``            holding registers 100 and 101, IEEE 754, high word first
``4:7:s16``                input register 7, signed
``3:20:u32:le``            words in reversed order (low word first)
``2:5:bit``                discrete input 5
``4:10:u16:ma:0:60``       number x scale = mA of a 4-20 mA loop; 4 mA is 0, 20 mA is 60
``3:12:u16:off:-40``       number x scale - 40
=========================  ==================================================================

Function 1 coils, 2 discrete inputs, 3 holding registers, 4 input registers. ``address`` is the number
on the wire, counted from 0 (register "40101" of many manuals is ``3:100``). Types: ``bit``, ``u16``,
``s16``, ``u32``, ``s32``, ``f32``, ``u64``, ``s64``, ``f64``; the order may be joined to the type.
Orders: ``be`` (default) most significant word and byte first, ``le`` words reversed, ``bes`` bytes
swapped inside the words, ``les`` both reversed.

Source: MODBUS Application Protocol V1.1b3 (2012), 6.1-6.4. A loop below 3.6 mA is broken, above 21 mA in
fault (NAMUR NE 43, 2003).
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from twin.core.errors import BadRequestError

_WORDS = {"bit": 1, "u16": 1, "s16": 1, "u32": 2, "s32": 2, "f32": 2, "u64": 4, "s64": 4, "f64": 4}
_FORMAT = {
    "u16": ">H",
    "s16": ">h",
    "u32": ">I",
    "s32": ">i",
    "f32": ">f",
    "u64": ">Q",
    "s64": ">q",
    "f64": ">d",
}
_ORDERS = ("be", "le", "bes", "les")
_TYPE = re.compile(r"(bit|[us](?:16|32|64)|f(?:32|64))(be|les|le|bes)?")
BITS = (1, 2)
MOST_REGISTERS, MOST_BITS = 125, 2000
# Unused registers that are cheaper to read along than to ask twice.
_BRIDGED = 8
LOOP_OPEN_MA, LOOP_FAULT_MA, LOOP_LOW_MA, LOOP_HIGH_MA = 3.6, 21.0, 4.0, 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A factor code taken apart. ``loop_low``..``loop_high``: values at 4 and 20 mA, or None."""

    function: int
    address: int
    kind: str
    order: str = "be"
    loop_low: float | None = None
    loop_high: float | None = None
    offset: float = 0.0

    @property
    def count(self) -> int:
        """Registers (or bits) that the value fills."""
        return _WORDS[self.kind]


@dataclass(frozen=True, slots=True, order=True)
class Block:
    """One question: ``count`` registers or bits from ``address`` on."""

    function: int
    address: int
    count: int


@lru_cache(maxsize=4096)
def code_of(text: str) -> Code:
    """Factor code -> where its value lies. Raises BadRequestError that names what is wrong.

    >>> code_of("3:100:f32be").count, code_of("4:10:u16:ma:0:60").loop_high
    (2, 60.0)
    """
    parts = text.split(":")
    if len(parts) < 3 or parts[0] not in ("1", "2", "3", "4") or not re.fullmatch(r"[0-9]{1,5}", parts[1]):
        raise _bad(text)
    found = _TYPE.fullmatch(parts[2])
    if found is None or int(parts[1]) + _WORDS[found[1]] > 65_536:
        raise _bad(text)
    rest = parts[3:]
    order = found[2] or (rest.pop(0) if rest and rest[0] in _ORDERS else "be")
    if (found[1] == "bit") != (int(parts[0]) in BITS):
        raise _bad(text)
    low, high, offset = _options(text, rest)
    return Code(
        function=int(parts[0]),
        address=int(parts[1]),
        kind=found[1],
        order=order,
        loop_low=low,
        loop_high=high,
        offset=offset,
    )


def _options(text: str, rest: Sequence[str]) -> tuple[float | None, float | None, float]:
    try:
        if len(rest) == 3 and rest[0] == "ma":
            return float(rest[1]), float(rest[2]), 0.0
        if len(rest) == 2 and rest[0] == "off":
            return None, None, float(rest[1])
    except ValueError:
        raise _bad(text) from None
    if rest:
        raise _bad(text)
    return None, None, 0.0


def plan(codes: Iterable[Code], *, bridged: int = _BRIDGED) -> tuple[Block, ...]:
    """Fewest questions for these codes: neighbours together, at most 125 registers (2000 bits) each.

    Gaps of at most ``bridged`` registers are read along.
    """
    spans = sorted({(code.function, code.address, code.count) for code in codes})
    blocks: list[Block] = []
    for function, address, count in spans:
        end = address + count
        last = blocks[-1] if blocks else None
        if last is not None and last.function == function and address <= last.address + last.count + bridged:
            joined = max(end, last.address + last.count) - last.address
            if joined <= (MOST_BITS if function in BITS else MOST_REGISTERS):
                blocks[-1] = Block(function, last.address, joined)
                continue
        blocks.append(Block(function, address, count))
    return tuple(blocks)


def single(codes: Iterable[Code], block: Block) -> tuple[Block, ...]:
    """One question for each value inside a block."""
    spans = {(code.function, code.address, code.count) for code in codes}
    end = block.address + block.count
    inside = [row for row in sorted(spans) if row[0] == block.function and block.address <= row[1] < end]
    return tuple(Block(*row) for row in inside)


def value_of(code: Code, words: Sequence[int]) -> float | None:
    """Number in ``count`` registers as they came (16 bit each, bits as 0 or 1); None for no number."""
    if code.kind == "bit":
        return float(bool(words[0]))
    ordered = list(reversed(words)) if code.order in ("le", "les") else list(words)
    if code.order in ("bes", "les"):
        ordered = [(word >> 8) | (word & 0xFF) << 8 for word in ordered]
    raw = b"".join(word.to_bytes(2, "big") for word in ordered)
    value = float(struct.unpack(_FORMAT[code.kind], raw)[0])
    return value if math.isfinite(value) else None


def loop_value(code: Code, current_ma: float) -> float | None:
    """Value of a 4-20 mA loop; None where the loop is open or reports a fault."""
    if code.loop_low is None or code.loop_high is None:
        return current_ma
    if not LOOP_OPEN_MA <= current_ma <= LOOP_FAULT_MA:
        return None
    share = (current_ma - LOOP_LOW_MA) / (LOOP_HIGH_MA - LOOP_LOW_MA)
    return code.loop_low + share * (code.loop_high - code.loop_low)


def _bad(text: str) -> BadRequestError:
    return BadRequestError(
        f"Modbus code {text!r}; expected function:address:type[:order][:ma:low:high | :off:number], "
        "for example 3:100:f32be",
        message_zh=f"Modbus 编码 {text!r} 无法识别；应为 功能码:地址:类型[:字序][:ma:低:高 | :off:数]，"
        "例如 3:100:f32be",
        field="code",
        value=text,
    )
