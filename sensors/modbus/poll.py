"""What one poll of a Modbus device gave, as bytes that say everything, and back to observations.

Canonical segment, ASCII, one line: ``MODBUS/1;unit=<n>;time=<ms>`` and then, per question in ascending
order, ``;<function>:<address>:<count>=<answer>``. The answer is four hex digits per register (two per
eight bits, first bit lowest, for functions 1 and 2), ``!<exception code>`` or ``!timeout``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sensors.contract import LineEventKind
from sensors.hj212.decode import Decoded
from sensors.modbus.codes import BITS, Block, code_of, loop_value, value_of
from sensors.readings import Moment, Reading, nothing, observed
from twin.core.device import Device, Factor
from twin.core.errors import BadRequestError
from twin.core.observation import Mark, RawFrame

TIMEOUT = "timeout"
_HEAD = re.compile(r"MODBUS/1;unit=([0-9]{1,3});time=([0-9]{1,15})", re.ASCII)
_PART = re.compile(r"([1-4]):([0-9]{1,5}):([0-9]{1,4})=(?:([0-9A-F]*)|!([0-9a-z]{1,10}))", re.ASCII)
_LOST = 0xFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """Answers of one device: registers (or bits) per question, or why there are none."""

    unit: int
    time_ms: int
    answers: Mapping[Block, tuple[int, ...] | str]

    @property
    def silent(self) -> bool:
        """Whether not a single question was answered."""
        return all(answer == TIMEOUT for answer in self.answers.values())


def segment_of(poll: Poll) -> bytes:
    """Canonical bytes of a poll."""
    parts = [f"MODBUS/1;unit={poll.unit};time={poll.time_ms}"]
    for block, answer in sorted(poll.answers.items()):
        text = f"!{answer}" if isinstance(answer, str) else _hex(block, answer)
        parts.append(f"{block.function}:{block.address}:{block.count}={text}")
    return ";".join(parts).encode("ascii")


def poll_of(segment: bytes) -> Poll | None:
    """Poll of canonical bytes, or None where they are none."""
    text = segment.decode("ascii", errors="replace")
    head, *parts = re.split(r";(?=[1-4]:)", text)
    found = _HEAD.fullmatch(head)
    if found is None:
        return None
    answers: dict[Block, tuple[int, ...] | str] = {}
    for part in parts:
        row = _PART.fullmatch(part)
        if row is None:
            return None
        block = Block(int(row[1]), int(row[2]), int(row[3]))
        words = row[5] or _words(block, row[4])
        if words is None:
            return None
        answers[block] = words
    return Poll(unit=int(found[1]), time_ms=int(found[2]), answers=answers)


def decode(frame: RawFrame, device: Device, _utc_offset_h: float) -> Decoded:
    """Observations of a poll: every factor has one, without value where it could not be read."""
    poll = poll_of(frame.segment)
    if poll is None:
        return nothing(LineEventKind.BAD_PAYLOAD, "not a poll in canonical form")
    rows = [_reading(factor, poll) for factor in device.factors]
    return observed(device, rows, Moment(time_ms=poll.time_ms))


def view(segment: bytes) -> tuple[tuple[str, str], ...]:
    """A poll for people."""
    return tuple(
        (head, text)
        for head, _, text in (p.partition("=") for p in segment.decode("ascii", "replace").split(";"))
    )


def _reading(factor: Factor, poll: Poll) -> Reading:
    try:
        code = code_of(factor.code)
    except BadRequestError:
        return Reading(code=factor.code, value=None, text="", mark=Mark.FAULT)
    for block, answer in poll.answers.items():
        start = code.address - block.address
        if block.function != code.function or not 0 <= start <= block.count - code.count:
            continue
        if isinstance(answer, str):
            mark = Mark.NO_LINK if answer == TIMEOUT else Mark.FAULT
            return Reading(code=factor.code, value=None, text=f"!{answer}", mark=mark)
        words = answer[start : start + code.count]
        text = " ".join(f"{word:04X}" for word in words)
        if lost(block, answer):
            return Reading(code=factor.code, value=None, text=text, mark=Mark.FAULT)
        value = value_of(code, words)
        if value is None:
            return Reading(code=factor.code, value=None, text=text, mark=Mark.FAULT)
        # Scale and unit are the record's: ``observed`` multiplies, so a loop is undone here first.
        if code.loop_low is not None:
            value = loop_value(code, value * factor.scale)
            mark = Mark.NORMAL if value is not None else Mark.FAULT
            return Reading(code=factor.code, value=value, text=text, unit=factor.unit, mark=mark)
        value = value * factor.scale + code.offset
        return Reading(code=factor.code, value=value, text=text, unit=factor.unit)
    return Reading(code=factor.code, value=None, text="", mark=Mark.NO_LINK)


def lost(block: Block, words: tuple[int, ...]) -> bool:
    """Whether an answer of several registers is nothing but FFFF: how gateways say "sensor lost"."""
    return block.function not in BITS and len(words) > 1 and all(word == _LOST for word in words)


def _hex(block: Block, words: tuple[int, ...]) -> str:
    if block.function not in BITS:
        return "".join(f"{word:04X}" for word in words)
    packed = bytearray((block.count + 7) // 8)
    for k, bit in enumerate(words[: block.count]):
        packed[k // 8] |= bool(bit) << (k % 8)
    return packed.hex().upper()


def _words(block: Block, text: str | None) -> tuple[int, ...] | None:
    if block.function in BITS:
        if text is None or len(text) != (block.count + 7) // 8 * 2:
            return None
        packed = bytes.fromhex(text)
        return tuple(packed[k // 8] >> (k % 8) & 1 for k in range(block.count))
    if text is None or len(text) != 4 * block.count:
        return None
    return tuple(int(text[k : k + 4], 16) for k in range(0, len(text), 4))
