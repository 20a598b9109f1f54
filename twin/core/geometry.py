"""Places in the park's local frame: metres east (x) and north (y) of the origin, z up.

The axes are those of the projected grid. ``z_m`` is the height above the scene's vertical
datum minus ``origin.height_m``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A point in the local frame."""

    x_m: float
    y_m: float
    z_m: float

    def array(self) -> FloatArray:
        """Shape (3,): x, y, z in metres."""
        return np.array([self.x_m, self.y_m, self.z_m])


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameOrigin:
    """Projected coordinates of the local origin (x = easting - easting_m, and so on)."""

    easting_m: float
    northing_m: float
    height_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """Rectangle in the local frame."""

    x_min_m: float
    y_min_m: float
    x_max_m: float
    y_max_m: float

    @property
    def width_m(self) -> float:
        """East-west size."""
        return self.x_max_m - self.x_min_m

    @property
    def height_m(self) -> float:
        """North-south size."""
        return self.y_max_m - self.y_min_m

    def contains(self, x_m: float, y_m: float) -> bool:
        """Whether the point lies inside or on the edge."""
        return self.x_min_m <= x_m <= self.x_max_m and self.y_min_m <= y_m <= self.y_max_m


def frozen(values: npt.ArrayLike) -> FloatArray:
    """Read-only float64 copy, for arrays inside frozen nouns."""
    array = np.array(values, dtype=np.float64)
    array.flags.writeable = False
    return array
