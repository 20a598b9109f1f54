"""Frames of weather heads -> observations. They carry no time: it is that of receipt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sensors.contract import LineEventKind
from sensors.hj212.decode import Decoded
from sensors.readings import Moment, Reading, nothing, observed
from sensors.weather import maximet, nmea, umb, vaisala
from twin.core.device import Device
from twin.core.errors import FrameError
from twin.core.observation import Mark, RawFrame

_KINDS = {
    "bad_checksum": LineEventKind.BAD_CHECKSUM,
    "bad_crc": LineEventKind.BAD_CRC,
    "wrong_device": LineEventKind.WRONG_DEVICE,
}
Pairs = tuple[tuple[str, str], ...]


def kind_of(error: FrameError) -> LineEventKind:
    """Event kind of what is wrong with a line."""
    return _KINDS.get(error.kind, LineEventKind.GARBAGE)


def decode_vaisala(frame: RawFrame, device: Device, _utc_offset_h: float) -> Decoded:
    """Observations of a Vaisala line."""
    try:
        return _said(frame, device, vaisala.parse(frame.segment).readings)
    except FrameError as error:
        return nothing(kind_of(error), error.message)


def decode_nmea(frame: RawFrame, device: Device, _utc_offset_h: float) -> Decoded:
    """Observations of an NMEA sentence."""
    try:
        return _said(frame, device, nmea.parse(frame.segment).readings)
    except FrameError as error:
        return nothing(kind_of(error), error.message)


def decode_maximet(frame: RawFrame, device: Device, _utc_offset_h: float) -> Decoded:
    """Observations of a MaxiMet line."""
    try:
        return _said(frame, device, maximet.readings(maximet.parse(frame.segment), device))
    except FrameError as error:
        return nothing(kind_of(error), error.message)


def decode_umb(frame: RawFrame, device: Device, _utc_offset_h: float) -> Decoded:
    """Observations of an UMB answer."""
    try:
        answer = umb.parse(frame.segment)
    except FrameError as error:
        return nothing(kind_of(error), error.message)
    rows = [
        Reading(
            code=str(row.channel),
            value=row.value,
            text=f"status {row.status}" if row.value is None else repr(row.value),
            mark=Mark.NORMAL if row.value is not None else Mark.FAULT,
        )
        for row in answer.channels
    ]
    return _said(frame, device, rows)


def view_text(segment: bytes) -> Pairs:
    """A line of text for people: its fields."""
    text = segment.decode("ascii", errors="backslashreplace")
    return tuple(
        (key, value) if found else (str(k), key)
        for k, (key, found, value) in enumerate(part.partition("=") for part in text.split(","))
    )


def view_umb(segment: bytes) -> Pairs:
    """An UMB answer for people."""
    try:
        answer = umb.parse(segment)
    except FrameError:
        return (("hex", segment.hex()),)
    return tuple((str(row.channel), f"{row.value} (status {row.status})") for row in answer.channels)


def _said(frame: RawFrame, device: Device, readings: Iterable[Reading]) -> Decoded:
    # A head sends more than a record lists (ranges, voltages, heating); that is nothing to report.
    said = observed(device, readings, Moment(time_ms=frame.received_ms))
    return replace(said, unknown_codes=())
