"""Two numbers that should agree: two sensors, platform and analyser, two clocks, neighbours in time."""

from __future__ import annotations

from dataclasses import dataclass

from twin.core.errors import BadRequestError

DUAL_SENSOR_PCT = 10.0
PLATFORM_PCT = 1.0
DRIFT_SHARE = 0.005
MARK_DRIFT_S, SET_CLOCK_S = 30.0, 60.0
_FULL_CIRCLE_DEG = 360.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How far two numbers are apart, in percent, and whether that is too far."""

    diff_pct: float
    too_far: bool


def dual_sensor(
    a: float, b: float, detection_limit: float | None = None, limit_pct: float = DUAL_SENSOR_PCT
) -> Difference:
    """Difference of two sensors over their mean; more than 10 % asks for a review within an hour.

    Source: technical guide for groundwater section 13.4. Where both are under the detection limit
    there is nothing to compare.

    >>> dual_sensor(10.0, 11.1)
    Difference(diff_pct=10.426540284360186, too_far=True)
    """
    mean = abs(a + b) / 2.0
    apart = abs(a - b)
    diff_pct = 100.0 * apart / mean if mean else (0.0 if apart == 0 else 200.0)
    below = detection_limit is not None and max(a, b) < detection_limit
    return Difference(diff_pct=diff_pct, too_far=diff_pct > limit_pct and not below)


def platform_error(platform: float, analyser: float) -> Difference:
    """Difference of the platform's value from the analyser's, over the analyser's; below 1 % is well.

    Source: Hubei guide art. 16. Equal numbers agree, whatever they are; anything differs from zero.

    >>> platform_error(50.5, 50.0)
    Difference(diff_pct=1.0, too_far=True)
    """
    apart = abs(platform - analyser)
    diff_pct = 0.0 if apart == 0 else (100.0 * apart / abs(analyser) if analyser else 100.0)
    # 0.5 / 50 must be 1 %, not 0.99999999.
    return Difference(diff_pct=diff_pct, too_far=round(diff_pct, 9) >= PLATFORM_PCT)


def clock_ok(drift_s: float, hours: float) -> bool:
    """Whether a clock is good enough: within 0.5 % of the time since it was set.

    Source: Wenzhou guide 6.4 (48 h: 864 s). Raises BadRequestError for no span of time.

    >>> clock_ok(864.0, 48.0), clock_ok(-865.0, 48.0)
    (True, False)
    """
    if not hours > 0:
        raise BadRequestError(
            f"hours is {hours:g}; expected more than 0",
            message_zh=f"hours 为 {hours:g}；应大于 0",
            field="hours",
            value=hours,
        )
    return round(abs(drift_s), 6) <= round(DRIFT_SHARE * hours * 3600.0, 6)


def rate_per_min(before: float, value: float, apart_ms: int, *, is_direction: bool = False) -> float | None:
    """Change per minute of real time; None where no time has passed. Directions go the short way.

    >>> rate_per_min(1.0, 2.0, 30_000), rate_per_min(350.0, 10.0, 60_000, is_direction=True)
    (2.0, 20.0)
    """
    if apart_ms <= 0:
        return None
    apart = abs(value - before)
    if is_direction:
        apart = min(apart % _FULL_CIRCLE_DEG, _FULL_CIRCLE_DEG - apart % _FULL_CIRCLE_DEG)
    return apart * 60_000.0 / apart_ms
