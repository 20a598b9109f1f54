"""Light on terrain: normals, cast shadows by marching towards the sun, ambient occlusion.

All arrays are (ny, nx), row 0 = south, heights in metres, ``step_m`` the cell size. The sun is
a unit vector (east, north, up).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter, map_coordinates, zoom

Image = npt.NDArray[np.float32]

SUN = np.array([-0.52, 0.42, 0.74]) / np.linalg.norm([-0.52, 0.42, 0.74])


def as_image(values: npt.ArrayLike) -> Image:
    """Values as float32."""
    return np.asarray(values, dtype=np.float32)


def normals(heights_m: Image, step_m: float) -> tuple[Image, Image, Image]:
    """Unit normals (east, north, up) of the surface."""
    dz_dy, dz_dx = np.gradient(heights_m, step_m)
    up = 1.0 / np.sqrt(1.0 + dz_dx**2 + dz_dy**2)
    return -dz_dx * up, -dz_dy * up, up


def lambert(normal: tuple[Image, Image, Image], sun: npt.NDArray[np.float64] = SUN) -> Image:
    """Cosine of the angle between the normal and the sun, 0 where it is below the surface."""
    east, north, up = normal
    return as_image(np.clip(east * sun[0] + north * sun[1] + up * sun[2], 0.0, 1.0))


def far_shadow(heights_m: Image, step_m: float, *, reach_m: float = 900.0) -> Image:
    """Share of sunlight (0..1) left by terrain up to ``reach_m`` away; marched at a quarter size."""
    small = heights_m[::4, ::4]
    distances = np.concatenate([np.arange(8.0, 60.0, 8.0), np.arange(60.0, reach_m, 24.0)])
    blocked = _march(small, step_m * 4, distances)
    return _enlarged(1.0 - np.clip(blocked / 10.0, 0.0, 1.0), heights_m.shape)


def near_shadow(surface_m: Image, step_m: float, *, reach_m: float = 70.0) -> Image:
    """Share of sunlight left by buildings and tanks (a surface that holds their roofs).

    Marched in whole cells: exact to half a cell, and some twenty times faster than interpolating.
    """
    flat, rise = _slope_of_light()
    padded = np.pad(surface_m, int(reach_m / step_m) + 2, mode="edge")
    blocked = np.zeros_like(surface_m)
    for distance in np.arange(step_m, reach_m, step_m):
        rows, columns = (round(float(part) * distance / flat / step_m) for part in (SUN[1], SUN[0]))
        there = _shifted(padded, surface_m.shape, rows, columns)
        np.maximum(blocked, there - surface_m - distance * rise, out=blocked)
    return as_image(1.0 - np.clip(blocked / 1.5, 0.0, 1.0))


def occlusion(heights_m: Image, step_m: float) -> Image:
    """Ambient light (about 0.45..1.1): darker in hollows and along foots, lighter on ridges."""
    fine = gaussian_filter(heights_m, 24.0 / step_m)
    wide = _enlarged(gaussian_filter(heights_m[::4, ::4], 130.0 / (4.0 * step_m)), heights_m.shape)
    near = np.clip(0.5 + 0.5 * (1.0 - (fine - heights_m) / 14.0), 0.45, 1.08)
    far = np.clip(1.0 - (wide - heights_m) / 120.0, 0.7, 1.1)
    return as_image(near * far)


def _march(heights_m: Image, step_m: float, distances: npt.NDArray[np.float64]) -> Image:
    """Greatest height in metres by which anything towards the sun overtops the ray."""
    flat, rise = _slope_of_light()
    toward = np.array([SUN[1], SUN[0]]) / flat / step_m
    rows, columns = np.mgrid[: heights_m.shape[0], : heights_m.shape[1]].astype(np.float32)
    blocked = np.zeros_like(heights_m)
    for distance in distances:
        there = map_coordinates(
            heights_m,
            [rows + toward[0] * distance, columns + toward[1] * distance],
            order=1,
            mode="nearest",
        )
        np.maximum(blocked, there - heights_m - distance * rise, out=blocked)
    return blocked


def _enlarged(small: Image, shape: tuple[int, ...]) -> Image:
    """An image of a quarter of the size, brought back to ``shape``."""
    factors = [shape[k] / small.shape[k] for k in (0, 1)]
    return as_image(zoom(small, factors, order=1))


def _slope_of_light() -> tuple[float, float]:
    """Horizontal length of the sun vector, and metres that a ray rises per horizontal metre."""
    flat = float(np.hypot(SUN[0], SUN[1]))
    return flat, float(SUN[2]) / flat


def _shifted(padded: Image, shape: tuple[int, ...], rows: int, columns: int) -> Image:
    """The window of ``shape`` that lies ``rows`` north and ``columns`` east of the middle."""
    margin = (padded.shape[0] - shape[0]) // 2
    top, left = margin + rows, margin + columns
    return padded[top : top + shape[0], left : left + shape[1]]
