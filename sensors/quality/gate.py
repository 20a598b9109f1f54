"""Automatic marks at the gate. Nothing is altered or removed; marks say why a value is doubted.

The settings that no document fixes are ours: clock drift is marked above 30 s (the platform sets
the time above 60 s), data count as late after ten minutes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sensors.contract import LineEventKind
from twin.core.clock import DAY_MS
from twin.core.device import Factor
from twin.core.observation import Check, Mark

# float() takes NaN, Infinity, 1_000 and digits of any script; an instrument sends none of them.
_NUMBER = re.compile(
    r"[+-]?(?:[0-9]{1,15}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})(?:[eE][+-]?[0-9]{1,2})?", re.ASCII
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRules:
    """When a time stamp is believed.

    Data older than ``oldest_ms`` or more than ``ahead_ms`` in the future are not placed on the
    time axis where they claim to be. ``drift_ms`` ahead marks the clock; ``late_ms`` after the
    end of the interval marks back-filled data.
    """

    oldest_ms: int = 400 * DAY_MS
    ahead_ms: int = 3_600_000
    drift_ms: int = 30_000
    late_ms: int = 600_000


def number(text: str) -> float | None:
    """Number of a value's text, or None where it is not one.

    >>> number("+3.2"), number("1_000"), number("NaN"), number("0x10")
    (3.2, None, None, None)
    """
    return float(text) if _NUMBER.fullmatch(text) else None


def value_checks(value: float | None, factor: Factor) -> Check:
    """Marks of a number in the factor's own unit."""
    if value is None:
        return Check.NOT_A_NUMBER
    below = factor.low is not None and value < factor.low
    above = factor.high is not None and value > factor.high
    return Check.OUT_OF_RANGE if below or above else Check.NONE


def mark_of(text: str | None, marks: Mapping[str, Mark]) -> tuple[Mark, Check]:
    """Device mark of a factor. A missing mark is noted; an unknown one makes the value doubtful."""
    if text is None or text == "":
        return Mark.NORMAL, Check.NO_MARK
    if text in marks:
        return marks[text], Check.NONE
    return Mark.NORMAL, Check.UNKNOWN_MARK


def time_checks(
    time_ms: int, interval_ms: int, received_ms: int, rules: TimeRules
) -> tuple[Check, LineEventKind | None]:
    """Marks of a time stamp, and the event that it is worth, if any."""
    age_ms = received_ms - time_ms
    if age_ms > rules.oldest_ms or -age_ms > rules.ahead_ms:
        return Check.TIME_OUT_OF_WINDOW, LineEventKind.TIME_OUT_OF_WINDOW
    if -age_ms > rules.drift_ms:
        return Check.CLOCK_DRIFT, LineEventKind.CLOCK_AHEAD
    if age_ms - interval_ms > rules.late_ms:
        return Check.LATE, None
    return Check.NONE, None
