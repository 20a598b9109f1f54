"""How many values of each sensor came in every hour, by what the device says of itself."""

from __future__ import annotations

from collections.abc import Sequence

from twin.core.observation import Check, Mark
from twin.core.quantity import STATISTIC_MARK
from twin.store.review_state import Connection, load_hours, save_hours
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
_KEPT = 4_000
_NOWHERE, _LATE = int(Check.TIME_OUT_OF_WINDOW), int(Check.LATE)
HourKey = tuple[str, int, int]


class HourTally:
    """Counts of (sensor, length of interval, hour), without what a logger computed beside the values."""

    def __init__(self) -> None:
        self._rows: dict[HourKey, list[int]] = {}
        self._batch: dict[HourKey, list[int]] = {}

    def forget(self) -> None:
        """Read everything again."""
        self._rows.clear()
        self._batch.clear()

    def count(self, incoming: Sequence[Incoming]) -> None:
        """Take in the values of a batch."""
        batch, last, row = self._batch, None, [0] * _COLUMNS
        for item in incoming:
            o = item.observation
            checks = int(o.checks)
            if checks & _NOWHERE or STATISTIC_MARK in o.quantity:
                continue
            key = (o.sensor_id, o.interval_ms, o.time_ms - o.time_ms % HOUR_MS)
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
