"""Any wind field as one that answers for many moments in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from models.contract import SurfaceLayer, TimedWind, WindField
from twin.core.geometry import FloatArray

IntArray = npt.NDArray[np.intp]

_KNOT_MS = 60_000.0


def timed(wind: WindField) -> TimedWind:
    """The field itself when it offers ``at_times``, else a reader of it at knots one minute apart."""
    # Asked in every step, and isinstance with a protocol takes as long as a small step does.
    if hasattr(wind, "at_times") and hasattr(wind, "air_at"):
        return cast(TimedWind, wind)
    return _Knots(wind=wind)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Knots:
    """Reads a field at whole minutes and runs linearly between them; turbulence of the nearest minute."""

    wind: WindField

    def at_times(
        self, x_m: FloatArray, y_m: FloatArray, times_ms: FloatArray, height_m: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Grid vector, m/s; see ``models.contract.TimedWind``."""
        x, y, time, height = (np.asarray(a) for a in np.broadcast_arrays(x_m, y_m, times_ms, height_m))
        u, v = np.zeros(time.shape), np.zeros(time.shape)
        knot = np.floor(time / _KNOT_MS)
        part = time / _KNOT_MS - knot
        for k in np.unique(np.concatenate([knot.ravel(), knot.ravel() + 1.0])):
            weight = np.where(knot == k, 1.0 - part, np.where(knot + 1.0 == k, part, 0.0))
            here = weight > 0.0
            if here.any():
                east, north = self.wind.at(x[here], y[here], int(k * _KNOT_MS), height[here])
                u[here] += weight[here] * east
                v[here] += weight[here] * north
        return u, v

    def air_at(self, times_ms: FloatArray) -> SurfaceLayer:
        """Turbulence, fields as arrays; see ``models.contract.TimedWind``."""
        knot, place = np.unique(np.rint(np.asarray(times_ms) / _KNOT_MS), return_inverse=True)
        return stacked([self.wind.air(int(k * _KNOT_MS)) for k in knot], place.reshape(np.shape(times_ms)))


def stacked(layers: Sequence[SurfaceLayer], place: IntArray) -> SurfaceLayer:
    """Layers ``layers[place]`` as one layer whose fields are arrays shaped like ``place``."""
    columns = {
        row.name: np.array([getattr(layer, row.name) for layer in layers], dtype=np.float64)[place]
        for row in fields(SurfaceLayer)
    }
    return replace(layers[0], **cast(dict[str, Any], columns))


def taken(columns: SurfaceLayer, place: IntArray) -> SurfaceLayer:
    """From a layer whose fields are arrays, the layer whose fields are ``array[place]``."""
    rows = {row.name: np.asarray(getattr(columns, row.name))[place] for row in fields(SurfaceLayer)}
    return replace(columns, **cast(dict[str, Any], rows))
