"""Rules that remember the values before: rate of change, fixed value, correlation. State in, bits out.

Sources: technical guide for groundwater 13.4 (range, rate of change, correlation); Hubei guide annex 2-3
(fixed values). The limits are settings of the factors and of the park's rules.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sensors.quality.agreement import rate_per_min
from twin.core.device import Factor
from twin.core.judging import Relation
from twin.core.observation import Check
from twin.core.units import to_si, unit

_RATE, _FIXED, _DUPLICATE = int(Check.RATE), int(Check.FIXED_VALUE), int(Check.DUPLICATE)
LIVE, LATE, AHEAD = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesRule:
    """What is asked of one series, in SI. ``max_rate_value`` is per minute of real time."""

    max_rate_value: float | None = None
    fixed_after: int = 0
    detection_limit_value: float | None = None
    is_direction: bool = False


def rule_of(factor: Factor) -> SeriesRule | None:
    """Rule of a factor, None where it asks for nothing."""
    if factor.max_rate_per_min is None and not factor.fixed_after:
        return None
    rate, limit = factor.max_rate_per_min, factor.detection_limit
    return SeriesRule(
        max_rate_value=None if rate is None else rate * unit(factor.unit).factor,
        fixed_after=factor.fixed_after,
        detection_limit_value=None if limit is None else to_si(limit, factor.unit),
        is_direction=factor.quantity == "wind_from",
    )


class Lane:
    """Memory of one series: the last value that took part, and how often it came on end.

    Live data, back-filled data and data stamped after their receipt have a lane each, so that a logger that
    catches up, or whose clock is fast, is judged on its own times and does not disturb what is remembered
    of now.
    """

    __slots__ = ("run", "time_ms", "value")

    def __init__(self, time_ms: int = 0, value: float = 0.0, run: int = 0) -> None:
        self.time_ms, self.value, self.run = time_ms, value, run

    def step(self, rule: SeriesRule, time_ms: int, value: float) -> int:
        """Take a value in; the bits of ``Check`` that it earns.

        A value at the time of the one before is a second body for one moment: it is marked and does not
        take part. Values before it must go to another lane.
        """
        if self.run and time_ms == self.time_ms:
            return _DUPLICATE if value != self.value else 0
        bits = 0
        if self.run and rule.max_rate_value is not None:
            rate = rate_per_min(self.value, value, time_ms - self.time_ms, is_direction=rule.is_direction)
            if rate is not None and rate > rule.max_rate_value:
                bits = _RATE
        self.run = self.run + 1 if self.run and value == self.value else 1
        self.time_ms, self.value = time_ms, value
        if rule.fixed_after and self.run >= rule.fixed_after:
            limit = rule.detection_limit_value
            if limit is None or value >= limit:
                bits |= _FIXED
        return bits


class RelationSums:
    """Exponentially weighted moments of two series that go together (West 1979, with forgetting)."""

    __slots__ = ("cov", "first_ms", "mean_x", "mean_y", "n", "second_ms", "var_x", "var_y")

    def __init__(
        self,
        n: int = 0,
        first_ms: int = 0,
        second_ms: int = 0,
        mean_x: float = 0.0,
        mean_y: float = 0.0,
        var_x: float = 0.0,
        var_y: float = 0.0,
        cov: float = 0.0,
    ) -> None:
        self.n, self.first_ms, self.second_ms = n, first_ms, second_ms
        self.mean_x, self.mean_y = mean_x, mean_y
        self.var_x, self.var_y, self.cov = var_x, var_y, cov

    def add(self, row: Relation, first: tuple[int, float], second: tuple[int, float]) -> None:
        """Take in a pair of (time, value); each value is used once."""
        if abs(first[0] - second[0]) > 1000.0 * row.within_s:
            return
        if self.n and (first[0] <= self.first_ms or second[0] <= self.second_ms):
            return
        share = max(2.0 / (row.memory + 1), 1.0 / (self.n + 1))
        dx, dy = first[1] - self.mean_x, second[1] - self.mean_y
        keep = 1.0 - share
        self.mean_x += share * dx
        self.mean_y += share * dy
        self.var_x = keep * (self.var_x + share * dx * dx)
        self.var_y = keep * (self.var_y + share * dy * dy)
        self.cov = keep * (self.cov + share * dx * dy)
        self.n, self.first_ms, self.second_ms = self.n + 1, first[0], second[0]

    def ratio(self, row: Relation) -> float | None:
        """Correlation of the last ``memory`` pairs; None while there are fewer or one hardly moves."""
        if self.n < row.memory:
            return None
        sd_x, sd_y = math.sqrt(self.var_x), math.sqrt(self.var_y)
        if sd_x <= row.first_moves_value or sd_y <= row.second_moves_value:
            return None
        return self.cov / (sd_x * sd_y)

    def values(self) -> tuple[int, int, int, float, float, float, float, float]:
        """In the order of ``__init__``."""
        return (
            self.n,
            self.first_ms,
            self.second_ms,
            self.mean_x,
            self.mean_y,
            self.var_x,
            self.var_y,
            self.cov,
        )
