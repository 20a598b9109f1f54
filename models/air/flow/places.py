"""Reading the library's grid at places: linear east and north, linear in the logarithm of the height."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.air.flow.library import FlowLibrary
from twin.core.geometry import FloatArray

Float32Array = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Corners:
    """Eight nodes around each of n places and their weights, for arrays flattened from (nz, ny, nx).

    ``plane`` are the offsets of the four corners in a plane, ``weights`` (4, n) theirs; ``above`` (n,) is
    the share of the upper level. ``ground_m`` (n,) is the library's ground at the places.
    """

    x_m: FloatArray
    y_m: FloatArray
    ground_m: Float32Array
    below: IntArray
    level: int
    plane: tuple[int, int, int, int]
    weights: Float32Array
    above: Float32Array

    @property
    def size(self) -> int:
        """Number of places."""
        return int(self.x_m.size)

    def read(self, field: Float32Array) -> Float32Array:
        """Values (n, c) of a field (nz * ny * nx, c)."""
        upper = self.above[:, None]
        out = np.zeros((self.size, field.shape[1]), dtype=np.float32)
        for offset, weight in zip(self.plane, self.weights, strict=True):
            low = np.take(field, self.below + offset, axis=0)
            high = np.take(field, self.below + (offset + self.level), axis=0)
            out += weight[:, None] * (low + upper * (high - low))
        return out


def corners(library: FlowLibrary, x_m: FloatArray, y_m: FloatArray, height_m: FloatArray) -> Corners:
    """Corners of places (n,) at heights above ground; outside the grid those of its edge."""
    ny, nx = library.ground_m.shape
    heights = np.asarray(library.settings.heights_m)
    i, fx = _part((x_m - library.x0_m) / library.settings.step_m, nx)
    j, fy = _part((y_m - library.y0_m) / library.settings.step_m, ny)
    log_z = np.log(np.clip(height_m, heights[0], heights[-1]))
    k, fz = _part(np.interp(log_z, np.log(heights), np.arange(heights.size, dtype=np.float64)), heights.size)
    weights = np.stack([(1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy]).astype(np.float32)
    at_ground = j * nx + i
    plane = (0, 1, nx, nx + 1)
    flat = library.ground_m.ravel()
    ground = sum(w * np.take(flat, at_ground + o) for o, w in zip(plane, weights, strict=True))
    return Corners(
        x_m=x_m,
        y_m=y_m,
        ground_m=np.asarray(ground, dtype=np.float32),
        below=k * (ny * nx) + at_ground,
        level=ny * nx,
        plane=plane,
        weights=weights,
        above=fz.astype(np.float32),
    )


def _part(place: FloatArray, count: int) -> tuple[IntArray, FloatArray]:
    clipped = np.clip(place, 0.0, count - 1.0)
    whole = np.minimum(clipped.astype(np.intp), count - 2)
    return whole, clipped - whole
