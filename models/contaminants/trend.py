"""Trends in series of readings with values that were not detected: Mann-Kendall, Sen's slope, own code.

Mann (1945), Kendall (1975): S = sum of signs, normal approximation with ties. Sen (1968); the confidence
interval of the slope after Gilbert (1987, Statistical Methods for Environmental Pollution Monitoring,
16.4.2). Values below a detection limit are ties with each other and with everything below the largest limit
(Helsel, 2012), so that a limit that falls over the years makes no trend.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import erf, sqrt
from typing import Literal

import numpy as np

from twin.core.errors import BadRequestError
from twin.core.geometry import FloatArray

Direction = Literal["rising", "falling", "none", "too few"]
FEWEST = 4
_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """Outcome of the test.

    ``slope_per_s`` median (Sen) in the unit of the values per second, ``slope_low_per_s`` and
    ``slope_high_per_s`` its 95 % interval, widened where values were not detected (each between 0 and its
    limit). ``p_value`` two-sided. ``direction`` at the 5 % level. ``detected_count`` of ``count`` values.
    """

    direction: Direction
    s_value: int
    p_value: float
    slope_per_s: float
    slope_low_per_s: float
    slope_high_per_s: float
    count: int
    detected_count: int


def mann_kendall(
    times_s: Sequence[float] | FloatArray,
    values: Sequence[float] | FloatArray,
    detected: Sequence[bool] | None = None,
    *,
    level_ratio: float = 0.05,
) -> Trend:
    """Whether a series rises or falls.

    Parameters
    ----------
    times_s
        (n,) moments, growing.
    values
        (n,) in any one unit; the detection limit where nothing was detected.
    detected
        (n,) None: all were.
    level_ratio
        Level of significance.

    Returns
    -------
    Trend
        Direction ``too few`` with fewer than four values; numbers are then 0 or 1.

    Raises
    ------
    BadRequestError
        For arrays that do not fit, moments that do not grow or values that are not finite.
    """
    t = np.asarray(times_s, dtype=np.float64)
    x = np.asarray(values, dtype=np.float64)
    seen = np.ones(len(x), dtype=bool) if detected is None else np.asarray(detected, dtype=bool)
    _check(t, x, seen)
    if len(x) < FEWEST:
        return _none(len(x), int(seen.sum()))
    ranked = _with_ties(x, seen)
    later = np.triu_indices(len(x), k=1)
    s = int(np.sign(ranked[later[1]] - ranked[later[0]]).sum())
    p = _p_value(s, ranked)
    middle, low, high = _slopes(t, x, seen, _variance(ranked))
    direction: Direction = "none"
    if p < level_ratio:
        direction = "rising" if s > 0 else "falling"
    return Trend(
        direction=direction,
        s_value=s,
        p_value=p,
        slope_per_s=middle,
        slope_low_per_s=low,
        slope_high_per_s=high,
        count=len(x),
        detected_count=int(seen.sum()),
    )


def seconds_until(trend: Trend, now_value: float, limit_value: float) -> float | None:
    """Time until a rising trend carries a value over a limit; None where it does not rise, 0 beyond it."""
    if now_value > limit_value:
        return 0.0
    if trend.direction != "rising" or not trend.slope_per_s > 0.0:
        return None
    return (limit_value - now_value) / trend.slope_per_s


def _with_ties(x: FloatArray, seen: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> FloatArray:
    """Values with everything below the largest detection limit made one."""
    if seen.all():
        return x
    highest = float(x[~seen].max())
    return np.where(~seen | (x < highest), float(x.min()) - 1.0, x)


def _variance(ranked: FloatArray) -> float:
    n = len(ranked)
    _, counts = np.unique(ranked, return_counts=True)
    ties = float(np.sum(counts * (counts - 1) * (2 * counts + 5)))
    return (n * (n - 1) * (2 * n + 5) - ties) / 18.0


def _p_value(s: int, ranked: FloatArray) -> float:
    variance = _variance(ranked)
    if variance <= 0.0 or s == 0:
        return 1.0
    z = (abs(s) - 1) / sqrt(variance)
    return 1.0 - erf(z / sqrt(2.0))


def _slopes(
    t: FloatArray, x: FloatArray, seen: np.ndarray[tuple[int], np.dtype[np.bool_]], variance: float
) -> tuple[float, float, float]:
    i, j = np.triu_indices(len(x), k=1)
    gap = t[j] - t[i]
    half = np.where(seen, x, 0.5 * x)
    both_hidden = ~seen[i] & ~seen[j]
    middle = np.where(both_hidden, 0.0, (half[j] - half[i]) / gap)
    least = np.where(seen, x, 0.0)
    low = np.where(both_hidden, 0.0, (least[j] - x[i]) / gap)
    high = np.where(both_hidden, 0.0, (x[j] - least[i]) / gap)
    reach = 0.5 * _Z95 * sqrt(max(variance, 0.0))
    count = len(gap)
    lower = float(np.sort(low)[max(int(np.floor(0.5 * count - reach)) - 1, 0)])
    upper = float(np.sort(high)[min(int(np.ceil(0.5 * count + reach)), count - 1)])
    return float(np.median(middle)), lower, upper


def _none(count: int, detected_count: int) -> Trend:
    return Trend(
        direction="too few",
        s_value=0,
        p_value=1.0,
        slope_per_s=0.0,
        slope_low_per_s=0.0,
        slope_high_per_s=0.0,
        count=count,
        detected_count=detected_count,
    )


def _check(t: FloatArray, x: FloatArray, seen: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> None:
    if t.shape != x.shape or t.shape != seen.shape or t.ndim != 1:
        raise _bad(
            f"{t.shape}, {x.shape}, {seen.shape}", "values", "one value and one moment each", "长度一致"
        )
    if len(t) > 1 and not np.all(np.diff(t) > 0.0):
        at = int(np.argmax(np.diff(t) <= 0.0)) + 1
        raise _bad(float(t[at]), f"times_s[{at}]", "later than the one before", "晚于前一时刻")
    if not np.all(np.isfinite(x)):
        at = int(np.argmax(~np.isfinite(x)))
        raise _bad(float(x[at]), f"values[{at}]", "a finite value", "有限值")


def _bad(value: object, field: str, expected: str, expected_zh: str) -> BadRequestError:
    return BadRequestError(
        f"{field}: {value}; expected {expected}",
        message_zh=f"{field}：{value}；应为{expected_zh}",
        field=field,
        value=value,
    )
