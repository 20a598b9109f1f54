"""The saturated part of a cell as a smooth function of its head (quadratic ends, as MODFLOW 6's Newton)."""

from __future__ import annotations

import numpy as np

from twin.core.geometry import FloatArray

SMOOTHING = 1e-6  # of the thickness at either end
DRY = 1e-8  # saturation under which a cell counts as empty when heads are sought


def saturation(
    head_m: FloatArray, bottom_m: FloatArray, thickness_m: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Saturated part (0 to 1) and its derivative by the head, 1/m.

    Linear but for parabolas over ``SMOOTHING`` of the thickness at either end, so that the derivative is
    continuous (Langevin et al., 2017, USGS TM 6-A55, eq. 4-8 to 4-10).
    """
    part = np.clip((head_m - bottom_m) / thickness_m, 0.0, 1.0)
    slope = 1.0 / (1.0 - SMOOTHING)
    low, high = part < SMOOTHING, part > 1.0 - SMOOTHING
    value = slope * part + 0.5 * (1.0 - slope)
    steep = np.full_like(part, slope)
    value[low] = 0.5 * slope / SMOOTHING * part[low] ** 2
    steep[low] = slope / SMOOTHING * part[low]
    rest = 1.0 - part[high]
    value[high] = 1.0 - 0.5 * slope / SMOOTHING * rest**2
    steep[high] = slope / SMOOTHING * rest
    return value, steep / thickness_m
