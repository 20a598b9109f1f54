"""Send recorded frames again, as an HJ 212 client. Data segments are not touched by a single byte.

The one exception is asked for by name and bound to devices that cannot be mistaken for live ones:
see ``sensors.retime``.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sensors.hj212.client import LinkSettings, LinkStats, LoggerClient, segment_of, whole
from sensors.hj212.codec import parse
from sensors.hj212.decode import stamp_ms
from sensors.hj212.frame import MARK, frame
from twin.core.device import CrcMode
from twin.core.observation import RawFrame

_LINE_END = b"\r\n"
LONGEST_WAIT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A whole frame and when it was recorded; None where no time can be read."""

    time_ms: int | None
    frame: bytes


def read_log(path: Path, utc_offset_h: float = 8.0) -> Iterator[Recorded]:
    """Frames of a text log, one per line, whatever stands before ``##`` on the line.

    The time is that of QN, else of DataTime. Lines without a whole frame are skipped; frames with
    a wrong check sum are given as they are. Raises OSError when the file cannot be read.
    """
    with path.open("rb") as file:
        for line in file:
            start = line.find(MARK)
            body = line[start:].rstrip(_LINE_END) if start >= 0 else b""
            if whole(body):
                yield Recorded(time_ms=frame_time_ms(body, utc_offset_h), frame=body + _LINE_END)


def from_store(rows: Iterable[RawFrame], mode: CrcMode = CrcMode.HJ212) -> Iterator[Recorded]:
    """Frames of the raw store, with the times at which they were received."""
    for row in rows:
        yield Recorded(time_ms=row.received_ms, frame=frame(row.segment, mode))


def frame_time_ms(whole_frame: bytes, utc_offset_h: float) -> int | None:
    """Time that a frame names: QN, else DataTime, else None."""
    message = parse(segment_of(whole_frame))
    for text in (message.qn, message.data_time):
        found = stamp_ms(text, utc_offset_h) if text else None
        if found is not None:
            return found
    return None


async def replay(
    frames: Iterable[Recorded],
    host: str,
    port: int,
    *,
    speed: float = 0.0,
    longest_wait_s: float = LONGEST_WAIT_S,
    rounds: int | None = 1,
    restamp: Callable[[bytes], bytes] | None = None,
    settings: LinkSettings | None = None,
    on_frame: Callable[[int], None] | None = None,
) -> LinkStats:
    """Send frames and wait for their answers.

    ``speed`` divides the gaps between recorded times (at most ``longest_wait_s`` each); 0 sends as
    fast as the platform answers. ``rounds``: how often all of them are sent, None for ever, with the
    longest wait between rounds. ``restamp`` is asked for the bytes at the moment of sending; without
    it they go as recorded. ``on_frame`` is called with the number of frames sent so far.
    """
    client = LoggerClient(host, port, settings)
    running = asyncio.create_task(client.run())
    last_ms: int | None = None
    count = 0
    try:
        for row in _rounds(frames, rounds):
            if row is None:
                await asyncio.sleep(longest_wait_s)
                last_ms = None
                continue
            await asyncio.sleep(_gap_s(last_ms, row.time_ms, speed, longest_wait_s))
            last_ms = row.time_ms if row.time_ms is not None else last_ms
            await client.send(row.frame if restamp is None else restamp(row.frame))
            count += 1
            if on_frame is not None:
                on_frame(count)
        await client.drained()
        return client.stats
    finally:
        client.close()
        await asyncio.wait({running})


def _rounds(frames: Iterable[Recorded], rounds: int | None) -> Iterator[Recorded | None]:
    """Frames of all rounds, with None between two rounds."""
    if rounds == 1:
        yield from frames
        return
    rows = tuple(frames)
    for number in itertools.count() if rounds is None else range(rounds):
        if number:
            yield None
        yield from rows


def _gap_s(
    last_ms: int | None, time_ms: int | None, speed: float, longest_s: float = LONGEST_WAIT_S
) -> float:
    if speed <= 0 or last_ms is None or time_ms is None:
        return 0.0
    return min(longest_s, max(0.0, (time_ms - last_ms) / 1000.0 / speed))
