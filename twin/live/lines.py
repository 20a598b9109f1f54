"""Which devices speak: online, silent after three intervals without a frame, offline without a line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from twin.store.rows import DeviceState, DeviceStatus

SILENT_AFTER_INTERVALS = 3


class LineBook:
    """State of all devices, driven by the events of the lines. Not for several threads.

    A device may have several lines at a time (a logger that reconnects before its old line was
    given up); it is offline when the last of them is gone. A new book knows of no line: whatever
    was online when the process ended is offline now.
    """

    def __init__(self, states: Iterable[DeviceState]) -> None:
        self._states = {row.mn: row for row in states}
        self._lines: dict[str, set[str]] = {mn: set() for mn in self._states}
        self._changed: set[str] = {
            mn for mn, row in self._states.items() if row.status in (DeviceStatus.ONLINE, DeviceStatus.SILENT)
        }

    def opened(self, mn: str, peer: str) -> None:
        """A device has shown itself on a line."""
        if mn in self._lines:
            self._lines[mn].add(peer)
            self._changed.add(mn)

    def closed(self, mn: str, peer: str) -> None:
        """A line of a device is gone."""
        if mn in self._lines:
            self._lines[mn].discard(peer)
            self._changed.add(mn)

    def heard(self, mn: str, peer: str, received_ms: int) -> None:
        """A frame of a device has come. Frames that a closed line left behind do not revive it."""
        row = self._states.get(mn)
        if row is not None:
            last = max(received_ms, row.last_seen_ms or received_ms)
            self._states[mn] = replace(row, last_seen_ms=last, peer=peer)
            self._changed.add(mn)

    def changes(self, now_ms: int) -> list[DeviceState]:
        """States that have to be written; they are told again until ``written`` is called."""
        for mn, row in self._states.items():
            status = self._status(row, now_ms)
            if status is not row.status:
                self._states[mn] = replace(row, status=status)
                self._changed.add(mn)
        return [self._states[mn] for mn in sorted(self._changed)]

    def written(self) -> None:
        """The changes told last are durable."""
        self._changed.clear()

    def _status(self, row: DeviceState, now_ms: int) -> DeviceStatus:
        if not self._lines[row.mn]:
            return DeviceStatus.NEVER if row.last_seen_ms is None else DeviceStatus.OFFLINE
        quiet_ms = 0 if row.last_seen_ms is None else now_ms - row.last_seen_ms
        silent = quiet_ms > SILENT_AFTER_INTERVALS * row.interval_s * 1000.0
        return DeviceStatus.SILENT if silent else DeviceStatus.ONLINE
