"""What came in every hour: of each series for which minutes, of each sensor how many values with which mark.

Rates are made of the minutes: what is sent twice is there once, and a factor that is never sent is missing.
"""

from __future__ import annotations

from collections.abc import Sequence

from twin.core.observation import Check, Mark
from twin.core.quantity import STATISTIC_MARK
from twin.store.bucket import minutes_mask
from twin.store.review_state import Connection, load_hours, load_minutes, save_hours, save_minutes
from twin.store.values import Incoming

HOUR_MS = 3_600_000
_RECEIVED = 0
_COLUMN = {
    Mark.STOPPED: 1,
    Mark.MAINTENANCE: 2,
    Mark.CALIBRATION: 3,
    Mark.FAULT: 4,
    Mark.OVER_RANGE: 5,
    Mark.NO_LINK: 6,
}
_LATE_COLUMN, _COLUMNS = 7, 8
_KEPT, _KEPT_MINUTES = 4_000, 20_000
_NOWHERE, _LATE = int(Check.TIME_OUT_OF_WINDOW), int(Check.LATE)
HourKey = tuple[str, int, int]
MinutesKey = tuple[int, int]


class HourTally:
    """Minutes of (series, hour) and counts of (sensor, length of interval, hour).

    Without what a logger computed beside the values. A mean of less than an hour stands for its minutes, any
    other value for the one of its time.
    """

    def __init__(self) -> None:
        self._rows: dict[HourKey, list[int]] = {}
        self._batch: dict[HourKey, list[int]] = {}
        self._minutes: dict[MinutesKey, int] = {}
        self._came: dict[MinutesKey, int] = {}

    def forget(self) -> None:
        """Read everything again."""
        self._rows.clear()
        self._batch.clear()
        self._minutes.clear()
        self._came.clear()

    def count(self, incoming: Sequence[Incoming]) -> None:
        """Take in the values of a batch."""
        batch, last, row = self._batch, None, [0] * _COLUMNS
        came, at, bits, start_ms = self._came, None, 0, 0
        for item in incoming:
            o = item.observation
            checks = int(o.checks)
            if checks & _NOWHERE or STATISTIC_MARK in o.quantity:
                continue
            if at != (o.time_ms, o.interval_ms):
                at = o.time_ms, o.interval_ms
                start_ms = o.time_ms - o.time_ms % HOUR_MS
                bits = minutes_mask(o.time_ms, o.interval_ms if o.interval_ms < HOUR_MS else 0)
            minutes_key = (item.series.id, start_ms)
            if minutes_key not in came:
                came[minutes_key] = bits
            elif bits & ~came[minutes_key]:
                came[minutes_key] |= bits
            key = (o.sensor_id, o.interval_ms, start_ms)
            if key != last:
                last = key
                found = batch.get(key)
                row = batch[key] = found if found is not None else [0] * _COLUMNS
            row[_RECEIVED] += 1
            if o.mark is not Mark.NORMAL:
                column = _COLUMN.get(o.mark)
                if column is not None:
                    row[column] += 1
            if checks & _LATE:
                row[_LATE_COLUMN] += 1

    def save(self, connection: Connection) -> None:
        """Add the batch to what is stored."""
        self._save_minutes(connection)
        missing = [key for key in self._batch if key not in self._rows]
        for key, known in load_hours(connection, missing).items():
            self._rows[key] = list(known)
        changed = []
        for key, counts in self._batch.items():
            row = self._rows.setdefault(key, [0] * _COLUMNS)
            for k, count in enumerate(counts):
                row[k] += count
            changed.append((*key, *row))
        save_hours(connection, changed)
        self._batch.clear()
        while len(self._rows) > _KEPT:
            del self._rows[next(iter(self._rows))]

    def _save_minutes(self, connection: Connection) -> None:
        known = self._minutes
        missing = [key for key in self._came if key not in known]
        known.update(load_minutes(connection, missing))
        changed = []
        for key, bits in self._came.items():
            before = known.get(key, 0)
            if bits & ~before:
                known[key] = before | bits
                changed.append((*key, before | bits))
        save_minutes(connection, changed)
        self._came.clear()
        while len(known) > _KEPT_MINUTES:
            del known[next(iter(known))]
