"""Closed forms of groundwater flow that tests compare with; SI or any consistent units."""

from __future__ import annotations

import numpy as np
from scipy.integrate import quad
from scipy.special import exp1, k0

from twin.core.geometry import FloatArray


def theis_m(r_m: FloatArray, t_s: float, rate: float, transmissivity: float, storage: float) -> FloatArray:
    """Drawdown around a well in a confined aquifer (Theis, 1935, Trans. AGU 16, 519-524)."""
    u = np.square(r_m) * storage / (4.0 * transmissivity * t_s)
    return np.asarray(rate / (4.0 * np.pi * transmissivity) * exp1(u))


def hantush_m(
    r_m: FloatArray, t_s: float, rate: float, transmissivity: float, storage: float, leak_m: float
) -> FloatArray:
    """Drawdown in a leaky aquifer without storage in the aquitard (Hantush and Jacob, 1955).

    The integral of exp(-y - (r/B)^2 / 4y) / y from u on, written over log y.
    """
    out = []
    for r in np.atleast_1d(r_m):
        u = r * r * storage / (4.0 * transmissivity * t_s)
        square = (r / leak_m) ** 2 / 4.0
        value, _ = quad(
            lambda x, a=square: np.exp(-np.exp(x) - a * np.exp(-x)), np.log(u), 6.0, epsabs=0.0, limit=400
        )
        out.append(value)
    return np.asarray(rate / (4.0 * np.pi * transmissivity) * np.array(out))


def leaky_steady_m(r_m: FloatArray, rate: float, transmissivity: float, leak_m: float) -> FloatArray:
    """Steady drawdown in a leaky aquifer (De Glee, 1930)."""
    return np.asarray(rate / (2.0 * np.pi * transmissivity) * k0(np.asarray(r_m) / leak_m))


def dupuit_m(
    x_m: FloatArray, length_m: float, head_0_m: float, head_1_m: float, recharge_m_s: float, k_m_s: float
) -> FloatArray:
    """Water table over a level bottom between two heads with recharge (Dupuit, 1863; Bear, 1972, 8.2)."""
    square = head_0_m**2 + (head_1_m**2 - head_0_m**2) * x_m / length_m
    return np.sqrt(square + recharge_m_s / k_m_s * x_m * (length_m - x_m))
