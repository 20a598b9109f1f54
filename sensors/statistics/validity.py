"""When a mean counts: enough valid values of the next shorter interval.

Sources: Hubei technical guide for automatic monitoring of pollution sources, art. 15(4) (minute,
hour, day, month); HJ 212-2017 appendix D.2.2, formulas 23 to 25.
"""

from __future__ import annotations

from calendar import monthrange

from twin.core.errors import BadRequestError
from twin.core.observation import Mark

MINUTE_SAMPLES = 12  # one value per 5 s
HOUR_MINUTES = 45
DAY_HOURS = 20
MONTH_DAYS = 25
FEBRUARY_DAYS = 23  # in leap years too
YEAR_MONTHS = 12
_FEBRUARY = 2
_MINUTE_S = 60.0

# Values that the instrument itself says are not the air's or the water's.
NO_PART = frozenset(
    {Mark.MAINTENANCE, Mark.CALIBRATION, Mark.FAULT, Mark.NO_LINK, Mark.STOPPED, Mark.OVER_RANGE}
)


def minute_valid(samples: int) -> bool:
    """Whether a minute mean counts: at least 12 valid values of 5 s.

    >>> minute_valid(12), minute_valid(11)
    (True, False)
    """
    return samples >= MINUTE_SAMPLES


def samples_wanted(interval_s: float) -> int:
    """Valid values that a minute needs from an instrument that speaks every ``interval_s``.

    12 for 5 s and faster. A slower one (an open path that serves its emitters by turns) cannot give
    12; it must give all that fit into a minute, at least one (ours; no document speaks of them).

    >>> samples_wanted(5.0), samples_wanted(1.0), samples_wanted(15.0), samples_wanted(300.0)
    (12, 12, 4, 1)
    """
    return max(1, min(MINUTE_SAMPLES, int(_MINUTE_S // interval_s)))


def hour_valid(minutes: float) -> bool:
    """Whether an hour mean counts: at least 45 valid minutes.

    >>> hour_valid(45), hour_valid(44)
    (True, False)
    """
    return minutes >= HOUR_MINUTES


def day_valid(hours: int) -> bool:
    """Whether a day mean counts: at least 20 valid hours.

    >>> day_valid(20), day_valid(19)
    (True, False)
    """
    return hours >= DAY_HOURS


def days_wanted(month: int) -> int:
    """Valid days that a month needs. Raises BadRequestError for no month.

    >>> days_wanted(11), days_wanted(2)
    (25, 23)
    """
    require_month(month)
    return FEBRUARY_DAYS if month == _FEBRUARY else MONTH_DAYS


def month_valid(year: int, month: int, days: int) -> bool:
    """Whether a month mean counts: 25 valid days, 23 in February whatever the year.

    Raises BadRequestError when the month does not exist or has fewer days than are said to be valid.

    >>> month_valid(2026, 11, 24), month_valid(2028, 2, 23)
    (False, True)
    """
    require_month(month)
    length = monthrange(require_year(year), month)[1]
    if not 0 <= days <= length:
        raise BadRequestError(
            f"valid_days is {days}; expected 0 to {length} for {year}-{month:02d}",
            message_zh=f"valid_days 为 {days}；{year}-{month:02d} 应为 0 至 {length}",
            field="valid_days",
            value=days,
        )
    return days >= days_wanted(month)


def takes_part(mark: Mark) -> bool:
    """Whether a value with this mark may count in a mean (M, C, D, B, F and T may not)."""
    return mark not in NO_PART


def require_month(month: int) -> int:
    """The month, 1 to 12. Raises BadRequestError."""
    if 1 <= month <= YEAR_MONTHS:
        return month
    raise BadRequestError(
        f"month is {month}; expected 1 to 12",
        message_zh=f"month 为 {month}；应为 1 至 12",
        field="month",
        value=month,
    )


def require_year(year: int) -> int:
    """The year, 1 to 9999. Raises BadRequestError."""
    if 1 <= year <= 9999:
        return year
    raise BadRequestError(
        f"year is {year}; expected 1 to 9999",
        message_zh=f"year 为 {year}；应为 1 至 9999",
        field="year",
        value=year,
    )
