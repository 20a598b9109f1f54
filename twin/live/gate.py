"""Frame -> observations, with everything that is doubtful about it counted.

Gate and ledger together are a function of the raw frames in their order: what is said here depends on
a frame, its time of receipt and the packages that came before it, never on the clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sensors.contract import LineEventKind, Registry
from sensors.hj212.codec import Message, parse
from sensors.hj212.decode import Decoded, decode
from sensors.hj212.findings import FindingKind, FindingTally
from sensors.hj212.join import Leftover, PackageJoiner, is_package
from sensors.hj212.sm4 import plain_of
from sensors.table import HJ212, sensor_row
from twin.core.device import Device
from twin.core.errors import FrameError, ParkTwinError
from twin.core.fact import Fact, FactKind
from twin.core.observation import RawFrame
from twin.store.ledger import Arrival
from twin.store.rows import LineErrorCount

UNKNOWN_FACTOR = "unknown_factor"
_WRONG_PROTOCOL = "wrong_protocol"
_DETAIL_LENGTH = 200
_HELD = Decoded(observations=(), problems=(), unknown_codes=())

Judged = tuple[Arrival, tuple[LineErrorCount, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Decodes frames of registered devices. Whatever is wrong with one, its raw form is kept.

    ``findings`` counts what is odd about a device's factors. For one thread at a time.
    """

    registry: Registry
    utc_offset_h: float
    findings: FindingTally = field(default_factory=FindingTally)
    joiner: PackageJoiner = field(default_factory=PackageJoiner)

    def judge(self, frame: RawFrame) -> Judged:
        """What a frame says, and the counts of what was wrong with it.

        A package of a split message says nothing until the message is complete; ask ``leftovers``
        with the time of receipt before, and now and then while nothing comes.
        """
        device = self.registry.device(frame.mn)
        if device is None:
            return self._faulty(frame, LineEventKind.UNKNOWN_DEVICE.value, frame.mn)
        try:
            if device.protocol == HJ212:
                said = self._by_hj212(frame, device)
            else:
                said = self._by_table(frame, device)
        except ParkTwinError as error:
            return self._faulty(frame, type(error).__name__, error.message)
        return self._judged(frame, said)

    def read_large(self, frame: RawFrame) -> Decoded:
        """What an uploaded file says; for any thread, because it keeps nothing. Raises ParkTwinError."""
        device = self.registry.device(frame.mn)
        if device is None or device.protocol == HJ212:
            raise FrameError(
                _WRONG_PROTOCOL,
                f"{frame.mn} is no device that takes files",
                message_zh=f"{frame.mn} 不是接收文件的设备",
                field="mn",
                value=frame.mn,
            )
        return self._by_table(frame, device)

    def judged(self, frame: RawFrame, said: Decoded) -> Judged:
        """What becomes of a frame that was read by ``read_large``."""
        return self._judged(frame, said)

    def leftovers(self, now_ms: int) -> list[Judged]:
        """What can be read of split messages whose rest has not come in time."""
        return [self._leftover(row) for row in self.joiner.expire(now_ms)]

    def remember(self, frame: RawFrame) -> None:
        """Take a frame that is stored already: the rest of its message may still come."""
        plain = plain_of(frame.segment, self.registry.sm4_keys(frame.mn))
        message = None if plain is None else parse(plain)
        if message is not None and is_package(message):
            self.joiner.offer(frame, message)

    def _judged(self, frame: RawFrame, said: Decoded) -> Judged:
        notes = [one_error(frame, problem.kind.value, problem.detail) for problem in said.problems]
        if said.unknown_codes:
            notes.append(one_error(frame, UNKNOWN_FACTOR, f"{frame.mn}: {', '.join(said.unknown_codes)}"))
            for code in said.unknown_codes:
                self.findings.add(frame.mn, FindingKind.UNKNOWN_FACTOR, code[:40], frame.received_ms)
        for code, unit in said.unit_doubts:
            detail = f"fits {unit}" if unit else "fits no unit"
            self.findings.add(frame.mn, FindingKind.UNIT_DOUBTED, code[:40], frame.received_ms, detail)
        fault = said.problems[0].kind.value if said.problems else ""
        arrival = Arrival(frame=frame, observations=said.observations, fault=fault, facts=said.facts)
        return arrival, tuple(notes)

    def _by_hj212(self, frame: RawFrame, device: Device) -> Decoded:
        """What a frame says by itself, or the message that it completes. Raises ParkTwinError."""
        message = self._message(frame)
        if message.is_split and is_package(message):
            joined = self.joiner.offer(frame, message)
            if joined is None:
                return _HELD
            message = joined
        return decode(message, device, frame.received_ms, self.utc_offset_h)

    def _message(self, frame: RawFrame) -> Message:
        if frame.segment.isascii():
            return parse(frame.segment)
        plain = plain_of(frame.segment, self.registry.sm4_keys(frame.mn))
        if plain is None:
            raise FrameError(
                LineEventKind.CANNOT_DECRYPT.value,
                f"{frame.mn}: none of its SM4 keys opens the data area",
                message_zh=f"{frame.mn}：现有 SM4 密钥均无法解密数据区",
                field="sm4_keys",
            )
        return parse(plain)

    def _leftover(self, row: Leftover) -> Judged:
        device = self.registry.device(row.frame.mn)
        if device is None:
            return self._faulty(row.frame, LineEventKind.UNKNOWN_DEVICE.value, row.frame.mn)
        try:
            said = decode(row.message, device, row.frame.received_ms, self.utc_offset_h)
        except ParkTwinError as error:
            return self._faulty(row.frame, type(error).__name__, error.message)
        arrival, notes = self._judged(row.frame, said)
        fact = Fact(
            kind=FactKind.INCOMPLETE,
            time_ms=arrival.observations[0].time_ms if arrival.observations else row.frame.received_ms,
            code=row.frame.cn,
            field="packages",
            text=row.detail,
            value=float(row.came),
        )
        return replace(arrival, facts=(*arrival.facts, fact), is_leftover=True), notes

    def _by_table(self, frame: RawFrame, device: Device) -> Decoded:
        """What a frame of another protocol says. Raises ParkTwinError."""
        if frame.cn != device.protocol:
            raise FrameError(
                _WRONG_PROTOCOL,
                f"{frame.mn}: frame of {frame.cn!r}, the device speaks {device.protocol!r}",
                message_zh=f"{frame.mn}：报文协议为 {frame.cn!r}，设备登记为 {device.protocol!r}",
                field="protocol",
                value=frame.cn,
            )
        return sensor_row(device.protocol).decode(frame, device, self.utc_offset_h)

    def _faulty(self, frame: RawFrame, kind: str, detail: str) -> Judged:
        return Arrival(frame=frame, fault=kind), (one_error(frame, kind, detail),)


def one_error(frame: RawFrame, kind: str, detail: str) -> LineErrorCount:
    """Count of one for something wrong with a frame."""
    return LineErrorCount(
        kind=kind,
        count=1,
        first_ms=frame.received_ms,
        last_ms=frame.received_ms,
        last_peer=frame.peer,
        last_detail=detail[:_DETAIL_LENGTH],
    )
