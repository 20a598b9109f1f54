"""How far a clock is off, from what it stamps against the times of receipt: nobody has to ask it.

One message says little: it may have waited on the line, or be an old one that is made up for. The median of
some minutes stands, where most of the readings agree. Marks are due above 30 s, either way; a clock may
go wrong by 864 s in 48 h (Wenzhou guide 6.4), corrections not counted as cured.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from statistics import median, quantiles

from sensors.quality.agreement import clock_ok

WINDOW_MS = 600_000
READINGS_LEAST, SPAN_LEAST_MS = 5, 120_000
# Messages that are made up for lie apart by far more, those that waited vary with the line.
AGREE_S = 20.0
RULE_H = 48.0
_READINGS_MOST = 120
_STEP_MS = 600_000
_FAR_S = 3_600.0
_BEHIND_MOST_S = 600.0
# A clock of half a percent loses 3 s in ten minutes: more than this towards zero was set.
_SET_S = 5.0

Point = tuple[int, float]


def reading_s(stamp_ms: int | None, sent_ms: int | None, received_ms: int, interval_s: float) -> float | None:
    """Clock minus receipt in seconds (plus: ahead) from the time of the data and that of sending.

    Data may be stamped with the start of their interval; the one of the two that is further off counts.
    None where neither can be of now.

    >>> reading_s(0, 41_000, 0, 60.0), reading_s(0, None, 50_000, 60.0), reading_s(0, None, 90_000, 30.0)
    (41.0, 0.0, -60.0)
    """
    found = []
    if stamp_ms is not None:
        off_s = (stamp_ms - received_ms) / 1000.0
        if -_BEHIND_MOST_S <= off_s <= _FAR_S:
            found.append(off_s if off_s >= 0 else min(0.0, off_s + interval_s))
    if sent_ms is not None and abs(sent_ms - received_ms) <= 1000.0 * _FAR_S:
        found.append((sent_ms - received_ms) / 1000.0)
    return max(found, key=abs, default=None)


class ClockWatch:
    """One clock: readings of the last minutes, and a point every ten minutes of the last 48 h."""

    def __init__(self, points: Iterable[Sequence[float]] = ()) -> None:
        self._readings: deque[Point] = deque(maxlen=_READINGS_MOST)
        self._points: deque[Point] = deque((int(at_ms), float(off_s)) for at_ms, off_s in points)

    @property
    def points(self) -> tuple[Point, ...]:
        """What has to be kept over a restart: time of receipt and clock minus receipt (s)."""
        return tuple(self._points)

    def add(self, received_ms: int, off_s: float) -> None:
        """Take a reading, in the order of receipt."""
        self._readings.append((received_ms, off_s))
        while self._readings[0][0] < received_ms - WINDOW_MS:
            self._readings.popleft()
        sure_s = self.sure_s()
        if sure_s is None or (self._points and received_ms - self._points[-1][0] < _STEP_MS):
            return
        self._points.append((received_ms, sure_s))
        while self._points[0][0] < received_ms - RULE_H * 3_600_000:
            self._points.popleft()

    def off_s(self) -> float | None:
        """Median of the last minutes, be they ever so few."""
        return median(off_s for _, off_s in self._readings) if self._readings else None

    def sure_s(self) -> float | None:
        """Median where enough readings over some minutes agree, else None."""
        readings = self._readings
        if len(readings) < READINGS_LEAST or readings[-1][0] - readings[0][0] < SPAN_LEAST_MS:
            return None
        low, middle, high = quantiles((off_s for _, off_s in readings), n=4, method="inclusive")
        return middle if high - low <= AGREE_S else None

    def gone_s(self) -> float:
        """How far it has gone wrong in the last 48 h; steps back towards the right time do not count."""
        points = list(self._points)
        total_s = 0.0
        for (_, before_s), (_, after_s) in zip(points, points[1:], strict=False):
            was_set = abs(after_s) < abs(before_s) and abs(after_s - before_s) > _SET_S
            total_s += 0.0 if was_set else after_s - before_s
        return total_s

    def is_broken(self) -> bool:
        """Whether it has gone wrong by more than 864 s within 48 h."""
        return not clock_ok(self.gone_s(), RULE_H)
