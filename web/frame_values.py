"""Which values a raw frame wrote, and what kind of message it is."""

from __future__ import annotations

from typing import Literal

from sensors.hj212.codec import Message
from sensors.hj212.decode import stamp_ms
from sensors.hj212.edition import COMMANDS, command
from sensors.table import TABLE
from twin.core.errors import ParkTwinError
from twin.store.reader import LedgerReader
from twin.store.rows import SeriesRow, StoredFrame, StoredVersion
from web.schemas.frame import FrameValueOut
from web.services import services

Kind = Literal["data", "notice", "answer", "request", "other"]
_DEFAULT_OFFSET_H = 8.0


def kind_of(cn: str) -> Kind:
    """What a message is when it comes from the site."""
    return command(cn).kind.value if cn in COMMANDS else "other"


def values_of(frame: StoredFrame, read: Message) -> list[FrameValueOut]:
    """Values that a stored frame wrote, by series; empty for answers and notices."""
    ledger = services().ledger
    sensor = next((row.sensor_id for row in ledger.devices() if row.mn == frame.mn), None)
    if sensor is None:
        return []
    times = _times(frame, read)
    return [
        _out(row, version)
        for row in ledger.series_rows()
        if row.sensor_id == sensor
        for version in _written(ledger, row, frame, times)
    ]


def _times(frame: StoredFrame, read: Message) -> set[int]:
    """Times under which the frame's values may stand: those that it names, and that of its receipt."""
    texts = [text for group in read.groups for key, text in group if key == "DataTime"]
    named = {stamp_ms(text, _offset_h()) for text in texts}
    if frame.cn in TABLE:  # the id of such a message is the time that it names, UTC
        named.add(stamp_ms(frame.qn, 0.0))
    return {time_ms for time_ms in named if time_ms is not None} | {frame.received_ms}


def _offset_h() -> float:
    try:
        return float(services().bundles.scene()["utc_offset_h"])
    except ParkTwinError:
        return _DEFAULT_OFFSET_H


def _written(
    ledger: LedgerReader, row: SeriesRow, frame: StoredFrame, times: set[int]
) -> list[StoredVersion]:
    interval_ms = command(frame.cn).interval_ms
    return [
        version
        for time_ms in sorted(times)
        for version in ledger.versions(row.key, time_ms, interval_ms)
        if version.frame_seq == frame.seq
    ]


def _out(row: SeriesRow, version: StoredVersion) -> FrameValueOut:
    value = version.value
    return FrameValueOut(
        key=row.key,
        sent=version.raw_text,
        value=value.value,
        si_unit=row.si_unit,
        time_ms=value.time_ms,
        interval_ms=value.interval_ms,
        mark=value.mark.value,
        checks=int(value.checks),
        quality=value.quality,
        origin=value.origin,
        version=value.version,
        reason=version.reason,
    )
