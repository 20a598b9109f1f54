"""Roots of many rising functions at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from twin.core.geometry import FloatArray

_ROUNDS = 90


def bracketed(
    rising: Callable[[FloatArray], FloatArray], low: FloatArray, high: FloatArray, *, relative: float = 1e-10
) -> tuple[FloatArray, FloatArray]:
    """Narrow brackets of the roots of elementwise rising functions.

    ``low`` and ``high`` (n,) enclose the roots. Regula falsi in the Illinois form (Dowell and Jarratt 1971,
    BIT 11, 168-174), with a bisection in every third round so that a jump is closed in on from both sides.
    Returns the ends of brackets narrower than ``relative`` of their place; where there is no change of sign,
    both ends are at the nearer end.
    """
    low, high = low.astype(np.float64), high.astype(np.float64)
    at_low, at_high = rising(low), rising(high)
    high = np.where(at_low >= 0.0, low, high)
    low = np.where(at_high <= 0.0, high, low)
    for n in range(_ROUNDS):
        width = high - low
        if np.all(width <= relative * np.maximum(np.abs(high), 1e-300)):
            break
        middle = 0.5 * (low + high)
        if n % 3 != 2:
            slope = at_high - at_low
            guess = high - at_high * width / np.where(slope > 0.0, slope, 1.0)
            near = np.minimum(0.4 * relative * np.abs(high), 0.5 * width)  # so that both ends come in
            guess = np.clip(guess, low + near, high - near)
            middle = np.where(slope > 0.0, guess, middle)
        value = rising(middle)
        left, right = value <= 0.0, value >= 0.0
        at_high = np.where(right, value, np.where(n % 3 != 2, 0.5 * at_high, at_high))
        at_low = np.where(left, value, np.where(n % 3 != 2, 0.5 * at_low, at_low))
        low, high = np.where(left, middle, low), np.where(right, middle, high)
    return low, high
