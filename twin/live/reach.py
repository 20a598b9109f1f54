"""Where devices are reached: the HJ 212 port and every other line on which they can be told something."""

from __future__ import annotations

from twin.live.exchange import Lines


class Reach:
    """Several sets of lines as one; a device is told on the first that has it and takes it."""

    def __init__(self, *lines: Lines) -> None:
        self._lines = lines

    def has_line(self, mn: str) -> bool:
        """Whether a device is connected now."""
        return any(row.has_line(mn) for row in self._lines)

    def send(self, mn: str, data: bytes) -> bool:
        """Send to a device; False when no line takes it."""
        return any(row.send(mn, data) for row in self._lines if row.has_line(mn))
