"""Frame -> observations, with everything that is doubtful about it counted."""

from __future__ import annotations

from dataclasses import dataclass

from sensors.contract import LineEventKind, Registry
from sensors.hj212.codec import parse
from sensors.hj212.decode import Decoded, decode
from sensors.table import HJ212, sensor_row
from twin.core.device import Device
from twin.core.errors import FrameError, ParkTwinError
from twin.core.observation import RawFrame
from twin.store.ledger import Arrival
from twin.store.rows import LineErrorCount

UNKNOWN_FACTOR = "unknown_factor"
_WRONG_PROTOCOL = "wrong_protocol"
_DETAIL_LENGTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Decodes frames of registered devices. Whatever is wrong with one, its raw form is kept."""

    registry: Registry
    utc_offset_h: float

    def judge(self, frame: RawFrame) -> tuple[Arrival, tuple[LineErrorCount, ...]]:
        """What a frame says, and the counts of what was wrong with it."""
        device = self.registry.device(frame.mn)
        if device is None:
            return self._faulty(frame, LineEventKind.UNKNOWN_DEVICE.value, frame.mn)
        try:
            if device.protocol == HJ212:
                said = decode(parse(frame.segment), device, frame.received_ms, self.utc_offset_h)
            else:
                said = self._by_table(frame, device)
        except ParkTwinError as error:
            return self._faulty(frame, type(error).__name__, error.message)
        notes = [one_error(frame, problem.kind.value, problem.detail) for problem in said.problems]
        if said.unknown_codes:
            notes.append(one_error(frame, UNKNOWN_FACTOR, f"{frame.mn}: {', '.join(said.unknown_codes)}"))
        fault = said.problems[0].kind.value if said.problems else ""
        return Arrival(frame=frame, observations=said.observations, fault=fault), tuple(notes)

    def _by_table(self, frame: RawFrame, device: Device) -> Decoded:
        """What a frame of another protocol says. Raises ParkTwinError."""
        if frame.cn != device.protocol:
            raise FrameError(
                _WRONG_PROTOCOL, f"{frame.mn}: frame of {frame.cn!r}, the device speaks {device.protocol!r}"
            )
        return sensor_row(device.protocol).decode(frame, device, self.utc_offset_h)

    def _faulty(self, frame: RawFrame, kind: str, detail: str) -> tuple[Arrival, tuple[LineErrorCount, ...]]:
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
