"""Days, months, quarters and years of a park's own zone, as spans of milliseconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from twin.core.clock import Interval, from_datetime, to_datetime, zone

HOUR_MS = 3_600_000


class Period(StrEnum):
    """Length of a statistic or a report."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Calendar of a park: fixed offset from UTC, weeks begin on Monday."""

    utc_offset_h: float

    def period(self, period: Period, at_ms: int) -> Interval:
        """The period that holds a moment.

        >>> row = Calendar(utc_offset_h=8.0).period(Period.QUARTER, 0)
        >>> (row.end_ms - row.start_ms) // HOUR_MS
        2160
        """
        start = self._floor(period, at_ms)
        return Interval(start_ms=from_datetime(start), end_ms=from_datetime(_next(period, start)))

    def periods(self, period: Period, from_ms: int, to_ms: int) -> Iterator[Interval]:
        """All periods that touch ``[from_ms, to_ms)``, oldest first."""
        at_ms = from_ms
        while at_ms < to_ms:
            row = self.period(period, at_ms)
            yield row
            at_ms = row.end_ms

    def month_of(self, at_ms: int) -> tuple[int, int]:
        """Year and month of a moment."""
        day = to_datetime(at_ms, self.utc_offset_h)
        return day.year, day.month

    def _floor(self, period: Period, at_ms: int) -> datetime:
        now = to_datetime(at_ms, self.utc_offset_h).replace(minute=0, second=0, microsecond=0)
        if period is Period.HOUR:
            return now
        day = now.replace(hour=0, tzinfo=zone(self.utc_offset_h))
        if period is Period.DAY:
            return day
        if period is Period.WEEK:
            return day - timedelta(days=day.weekday())
        month = {Period.MONTH: day.month, Period.QUARTER: 3 * ((day.month - 1) // 3) + 1}.get(period, 1)
        return day.replace(month=month, day=1)


def _next(period: Period, start: datetime) -> datetime:
    fixed = {Period.HOUR: timedelta(hours=1), Period.DAY: timedelta(days=1), Period.WEEK: timedelta(days=7)}
    if period in fixed:
        return start + fixed[period]
    return add_months(start, {Period.MONTH: 1, Period.QUARTER: 3}.get(period, 12))


def add_months(when: datetime, months: int) -> datetime:
    """The same day so many months later; the last day of the month where it has no such day.

    >>> add_months(datetime(2026, 1, 31), 1)
    datetime.datetime(2026, 2, 28, 0, 0)
    """
    count = when.year * 12 + when.month - 1 + months
    year, month = divmod(count, 12)
    for day in (when.day, 30, 29, 28):
        try:
            return when.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    msg = f"{when!r} plus {months} months is no date"
    raise ValueError(msg)
