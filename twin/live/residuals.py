"""How well beams were predicted: bias, share within a factor of two, coverage of the bands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.core.geometry import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Residuals:
    """Of ``n`` pairs; the figures are None without a pair that they may be computed from.

    ``bias_kg_m3`` mean of predicted minus measured; ``fac2`` share within a factor of two (Chang and Hanna
    2004) of the pairs in which either is above ``floor_kg_m3``; ``coverage`` share of the measured
    values inside their band.
    """

    n: int
    bias_kg_m3: float | None
    fac2: float | None
    coverage: float | None
    floor_kg_m3: float


def residuals_of(
    predicted: FloatArray, low: FloatArray, high: FloatArray, measured: FloatArray, floor_kg_m3: float
) -> Residuals:
    """Residuals of equally long arrays (n,), kg/m3; pairs without a measured value (NaN) are left out."""
    has = np.isfinite(measured)
    predicted, low, high, measured = predicted[has], low[has], high[has], measured[has]
    loud = np.maximum(predicted, measured) > floor_kg_m3
    small, large = np.minimum(predicted, measured)[loud], np.maximum(predicted, measured)[loud]
    inside = (measured >= low) & (measured <= high)
    return Residuals(
        n=int(has.sum()),
        bias_kg_m3=float((predicted - measured).mean()) if has.any() else None,
        fac2=float((2.0 * small >= large).mean()) if loud.any() else None,
        coverage=float(inside.mean()) if has.any() else None,
        floor_kg_m3=floor_kg_m3,
    )
