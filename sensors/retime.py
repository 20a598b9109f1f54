"""Recorded frames put on the clock of an exercise: every time in them moved by one span.

Only for devices that are registered as simulated or exercise; whoever wants measured values gets
the recorded bytes (``sensors.replay``) or nothing. Numbers, marks and identities stay as recorded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sensors.hj212.client import segment_of, whole
from sensors.hj212.crc import ALGORITHMS
from sensors.hj212.decode import stamp_ms
from sensors.hj212.frame import HEADER_LEN, frame, mn_of
from sensors.replay import frame_time_ms
from twin.core.device import Device
from twin.core.errors import BadRequestError
from twin.core.origin import Origin

PLAYABLE = frozenset({Origin.SIMULATED, Origin.EXERCISE})
_STAMPED = re.compile(
    rb"(?<=[;,&])((?:QN|DataTime|[A-Za-z0-9]+-SampleTime)=)([0-9]{14}(?:[0-9]{3})?)(?=[;,&])"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retimer:
    """Moves frames of registered devices to another time.

    ``utc_offset_h`` is the zone in which the platform will read the stamps. Raises BadRequestError
    when a device is registered as anything but simulated or exercise and a frame speaks for it.
    """

    devices: dict[str, Device]
    utc_offset_h: float

    @staticmethod
    def of(devices: Iterable[Device], utc_offset_h: float) -> Retimer:
        """Retimer for the devices of a park."""
        return Retimer(devices={row.mn: row for row in devices}, utc_offset_h=utc_offset_h)

    def takes(self, whole_frame: bytes) -> bool:
        """Whether a frame can be moved: whole, of a registered device, with a right check sum and a time.

        A wrong check sum is never mended: the frame was damaged, and so it stays.
        """
        if not whole(whole_frame):
            return False
        device = self.devices.get(mn_of(segment_of(whole_frame)))
        if device is None:
            return False
        if device.origin not in PLAYABLE:
            raise _not_playable(device)
        return _is_sound(whole_frame, device) and frame_time_ms(whole_frame, self.utc_offset_h) is not None

    def at(self, whole_frame: bytes, now_ms: int) -> bytes:
        """The frame as if recorded at ``now_ms``.

        QN (else DataTime) becomes that moment, the other times keep their distance to it, and the
        check sum is computed again. Raises BadRequestError like ``takes``.
        """
        recorded_ms = frame_time_ms(whole_frame, self.utc_offset_h)
        segment = segment_of(whole_frame)
        device = self.devices[mn_of(segment)]
        if device.origin not in PLAYABLE:
            raise _not_playable(device)
        if recorded_ms is None:
            return whole_frame
        span_ms = now_ms - recorded_ms
        moved = _STAMPED.sub(lambda found: found[1] + self._moved(found[2], span_ms), b";" + segment)[1:]
        return frame(moved, device.crc_mode)

    def _moved(self, stamp: bytes, span_ms: int) -> bytes:
        time_ms = stamp_ms(stamp.decode("ascii"), self.utc_offset_h)
        if time_ms is None:
            return stamp
        moment = datetime.fromtimestamp(0, UTC) + timedelta(
            milliseconds=time_ms + span_ms, hours=self.utc_offset_h
        )
        text = f"{moment:%Y%m%d%H%M%S}{moment.microsecond // 1000:03d}"
        return text[: len(stamp)].encode("ascii")


def _is_sound(whole_frame: bytes, device: Device) -> bool:
    segment = segment_of(whole_frame)
    stated = whole_frame[HEADER_LEN + len(segment) :][:4]
    return stated.upper() == b"%04X" % ALGORITHMS[device.crc_mode](segment)


def _not_playable(device: Device) -> BadRequestError:
    return BadRequestError(
        f"device {device.mn} is registered as {device.origin.value}; recorded frames with new times may only "
        "speak for devices registered as simulated or exercise",
        message_zh=f"设备 {device.mn} 登记为 {device.origin.value}；改了时间的历史帧只能用于登记为 "
        "simulated 或 exercise 的设备",
        field="origin",
        value=device.origin.value,
    )
