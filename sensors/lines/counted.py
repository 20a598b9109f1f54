"""What came over a line, counted on its way to the sink, whatever the driver."""

from __future__ import annotations

from collections.abc import Awaitable

from sensors.contract import FrameSink, LineEvent, LineEventKind, Receipt
from sensors.hj212.line import LineCount
from twin.core.observation import RawFrame

_NOT_FAULTS = frozenset({LineEventKind.CONNECT, LineEventKind.DISCONNECT})


class CountedSink:
    """A sink that counts what goes through; ``count.bytes`` are those of the frames."""

    def __init__(self, sink: FrameSink, count: LineCount) -> None:
        self._sink = sink
        self._count = count

    def accept(self, frame: RawFrame) -> Awaitable[Receipt]:
        """Count a frame and hand it on."""
        self._add(frame)
        return self._sink.accept(frame)

    async def accept_large(self, frame: RawFrame) -> Receipt:
        """Count a file and hand it on."""
        self._add(frame)
        return await self._sink.accept_large(frame)

    async def quarantine(self, frame: RawFrame, reason: LineEventKind) -> Receipt:
        """Hand on; its event is counted."""
        return await self._sink.quarantine(frame, reason)

    def line_event(self, event: LineEvent) -> None:
        """Count what is wrong and hand it on."""
        if event.kind not in _NOT_FAULTS:
            self._count.faults += event.count
        self._sink.line_event(event)

    def _add(self, frame: RawFrame) -> None:
        count, now_ms = self._count, frame.received_ms
        count.bytes += len(frame.segment)
        count.frames += 1
        count.last_frame_ms = now_ms
        frames, _ = count.devices.get(frame.mn, (0, 0))
        count.devices[frame.mn] = (frames + 1, now_ms)
