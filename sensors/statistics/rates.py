"""Transmission, valid and effective rates; online and completeness rates; ninety days on end.

Sources: Hubei rules art. 8(2), guide art. 16 (effective transmission rate above 95 %), annex 2-1 (5)
(any 90 days below it, unreported, are a breach), annex 2-3 (completeness, online rate).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twin.core.errors import BadRequestError

WANTED_PCT = 95
NINETY_DAYS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Rates in percent; None where nothing was expected. ``meets``: effective above 95 %."""

    transmission_pct: float | None
    valid_pct: float | None
    effective_pct: float | None
    meets: bool | None


def three_rates(expected: int, received: int, expected_valid: int, valid: int) -> Rates:
    """The three rates. What came twice never lifts one above 100 %; exactly 95 % is not enough.

    >>> row = three_rates(720, 698, 720, 690)
    >>> round(row.effective_pct, 2), row.meets
    (92.91, False)
    """
    for field, count in (
        ("expected", expected),
        ("received", received),
        ("expected_valid", expected_valid),
        ("valid", valid),
    ):
        if count < 0:
            raise BadRequestError(
                f"{field} is {count}; expected 0 or more",
                message_zh=f"{field} 为 {count}；应不小于 0",
                field=field,
                value=count,
            )
    received, valid = min(received, expected), min(valid, expected_valid)
    transmission, share = percent(received, expected), percent(valid, expected_valid)
    if transmission is None or share is None:
        return Rates(transmission_pct=transmission, valid_pct=share, effective_pct=None, meets=None)
    return Rates(
        transmission_pct=transmission,
        valid_pct=share,
        effective_pct=transmission * share / 100.0,
        meets=100 * received * valid > WANTED_PCT * expected * expected_valid,
    )


def percent(part: float, whole: float) -> float | None:
    """``part`` of ``whole`` in percent, at most 100; None where there is no whole.

    >>> percent(1, 4), percent(5, 4), percent(1, 0)
    (25.0, 100.0, None)
    """
    return min(100.0, 100.0 * part / whole) if whole > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTally:
    """Hours of one day of one point."""

    expected_h: int
    received_h: int
    expected_valid_h: int
    valid_h: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The worst 90 days on end; ``start`` counts days from the first."""

    start: int
    effective_pct: float
    breach: bool


def worst_ninety_days(days: Sequence[DayTally], reported: Sequence[bool] | None = None) -> Window | None:
    """The 90 days on end with the lowest effective rate; None for fewer than 90 days.

    Days that were ``reported`` (planned stops, faults told to the authority) do not count against
    the point. Running sums, so a year costs a year.
    """
    told = reported or [False] * len(days)
    counted = [_nothing() if is_told else day for day, is_told in zip(days, told, strict=True)]
    worst: Window | None = None
    total = [0, 0, 0, 0]
    for k, day in enumerate(counted):
        _add(total, day, 1)
        if k >= NINETY_DAYS:
            _add(total, counted[k - NINETY_DAYS], -1)
        if k < NINETY_DAYS - 1:
            continue
        row = three_rates(*total)
        if row.effective_pct is not None and (worst is None or row.effective_pct < worst.effective_pct):
            start = k - NINETY_DAYS + 1
            worst = Window(
                start=start, effective_pct=row.effective_pct, breach=row.effective_pct < WANTED_PCT
            )
    return worst


def ninety_day_breach(effective_pct: float, *, reported: bool) -> bool:
    """Whether any 90 days with this effective rate are a breach.

    Annex 2-1 (5): below 95 % and not reported.

    >>> ninety_day_breach(94.99, reported=False), ninety_day_breach(95.0, reported=False)
    (True, False)
    """
    return effective_pct < WANTED_PCT and not reported


def _nothing() -> DayTally:
    return DayTally(expected_h=0, received_h=0, expected_valid_h=0, valid_h=0)


def _add(total: list[int], day: DayTally, sign: int) -> None:
    row = (day.expected_h, min(day.received_h, day.expected_h), day.expected_valid_h)
    for k, count in enumerate((*row, min(day.valid_h, day.expected_valid_h))):
        total[k] += sign * count
