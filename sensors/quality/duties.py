"""What must be done until when, and what an excess or a repeated fault leads to.

Sources: Hubei rules art. 15 and guide art. 17 (calibrations, checks), 19 (manual data), 28 (excess),
annex 2-1 (3) (repeated faults). Half-open details are named where they are ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from sensors.statistics.marks import Medium
from sensors.statistics.periods import add_months
from twin.core.errors import BadRequestError, NotFoundError

_KIND = re.compile(r"[a-z0-9_]+_([0-9]{1,4})(h|d|m|mo|month|months)", re.ASCII)
_NAMED_MONTHS = MappingProxyType({"monthly": 1, "quarterly": 3, "half_yearly": 6, "yearly": 12})
STANDARD_SHARE, STANDARD_SHARE_OFF = 0.5, 0.1
WATER_GAP_H, WATER_SAMPLES, GAS_SAMPLES = 6.0, 4, 1
FAULT_COUNT, FAULT_DAYS = 3, 10.0
DEADLINE_H: Mapping[str, float] = MappingProxyType(
    {
        "review": 1.0,
        "report": 24.0,
        "repair_gas": 12.0,
        "repair_water": 48.0,
        "repair_qingliu": 24.0,
        "on_site_major": 2.0,
        "on_site": 12.0,
        "province": 72.0,
    }
)


def due_at(kind: str, last: datetime) -> datetime:
    """Latest moment of the next check of a kind, whose name ends in its interval.

    ``water_standard_check_24h``, ``gas_extractive_manual_7d``, ``flow_manual_zero_30d``,
    ``gas_full_system_3m`` (months), ``water_sample_comparison_monthly``. Months are those of the
    calendar, ending on the same day. Raises NotFoundError for a kind without an interval.

    >>> due_at("water_calibration_168h", datetime(2026, 11, 15, 10)).isoformat()
    '2026-11-22T10:00:00'
    """
    for name, months in _NAMED_MONTHS.items():
        if kind.endswith(f"_{name}"):
            return add_months(last, months)
    found = _KIND.fullmatch(kind)
    if found is None or int(found[1]) == 0:
        raise NotFoundError(
            f"kind is {kind!r}; expected a name that ends in its interval, as _24h, _7d, _3m or _monthly",
            message_zh=f"kind 为 {kind!r}；名称应以周期结尾，如 _24h、_7d、_3m 或 _monthly",
            field="kind",
            value=kind,
        )
    count = int(found[1])
    if found[2] == "h":
        return last + timedelta(hours=count)
    return last + timedelta(days=count) if found[2] == "d" else add_months(last, count)


def is_overdue(kind: str, last: datetime, now: datetime) -> bool:
    """Whether a check is overdue; at the very moment it is due it is not."""
    return now > due_at(kind, last)


def deadline_h(kind: str) -> float:
    """Hours that a duty leaves. Raises NotFoundError.

    >>> deadline_h("repair_gas")
    12.0
    """
    if kind not in DEADLINE_H:
        known = ", ".join(DEADLINE_H)
        raise NotFoundError(
            f"deadline {kind!r} is unknown; expected one of {known}",
            message_zh=f"未知时限 {kind!r}；应为 {known} 之一",
            field="kind",
            value=kind,
        )
    return DEADLINE_H[kind]


def repeats_fault(days: Sequence[float], count: int = FAULT_COUNT, within_d: float = FAULT_DAYS) -> bool:
    """Whether the same fault came ``count`` times within so many days (annex 2-1: 3 in 10).

    >>> repeats_fault([0.0, 4.0, 9.9]), repeats_fault([0.0, 4.0, 10.1])
    (True, False)
    """
    ordered = sorted(days)
    return any(
        later - earlier <= within_d for earlier, later in zip(ordered, ordered[count - 1 :], strict=False)
    )


def manual_data_ok(medium: Medium, samples_at_h: Sequence[float]) -> bool:
    """Whether a day's manual results may stand in: water at most 6 h apart and at least 4, gas at least 1.

    Guide art. 19. Times are hours of one day.

    >>> manual_data_ok(Medium.WATER, [0, 6, 12, 18]), manual_data_ok(Medium.WATER, [0, 7, 13, 19])
    (True, False)
    """
    if any(not 0 <= hour <= 24 for hour in samples_at_h):
        raise BadRequestError(
            f"an hour of samples_at_h is outside the day: {list(samples_at_h)}; expected 0 to 24",
            message_zh="samples_at_h 中有小时不在一天之内；应为 0 至 24",
            field="samples_at_h",
            value=list(samples_at_h),
        )
    if medium is not Medium.WATER:
        return len(samples_at_h) >= GAS_SAMPLES
    ordered = sorted(samples_at_h)
    close = all(b - a <= WATER_GAP_H for a, b in zip(ordered, ordered[1:], strict=False))
    return close and len(ordered) >= WATER_SAMPLES


def standard_sample_ok(range_upper: float, standard: float) -> bool:
    """Whether a standard sample is about half the range (guide art. 17(1)); ours: 0.4 to 0.6 of it.

    >>> standard_sample_ok(100.0, 50.0), standard_sample_ok(100.0, 80.0)
    (True, False)
    """
    if not range_upper > 0:
        raise BadRequestError(
            f"range_upper is {range_upper:g}; expected more than 0",
            message_zh=f"range_upper 为 {range_upper:g}；应大于 0",
            field="range_upper",
            value=range_upper,
        )
    return abs(standard / range_upper - STANDARD_SHARE) <= STANDARD_SHARE_OFF + 1e-12


def range_fits_limit(range_upper: float, limit: float) -> bool:
    """Whether an instrument's range is 2 to 3 times the emission limit (annex 2-4 (2) 15).

    >>> range_fits_limit(100.0, 40.0), range_fits_limit(200.0, 40.0)
    (True, False)
    """
    return 2.0 * limit <= range_upper <= 3.0 * limit


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceedAction:
    """What an excess leads to: a mark on the platform, a message to people."""

    platform_mark: bool
    sms: bool


def exceed_action(mean: float, limit: float, *, is_day: bool) -> ExceedAction:
    """Actions on an hour or day mean: above the limit (not at it) a mark; a day also a message.

    Guide art. 28(2).

    >>> exceed_action(51.0, 50.0, is_day=False)
    ExceedAction(platform_mark=True, sms=False)
    """
    over = mean > limit
    return ExceedAction(platform_mark=over, sms=over and is_day)
