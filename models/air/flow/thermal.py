"""Winds that the ground's temperature makes: down (and up) the slopes, along the valley.

Slope winds follow the fall line. Their equilibrium speed grows with the root of the sine of the slope
(the balance of buoyancy and drag of Mahrt 1982, J. Atmos. Sci. 39, 2701-2711) and has the profile of
Prandtl (1942): ``exp(-z / l) sin(z / l)``. The layer is a twentieth of the drop from the crest deep when
it flows down, a tenth when it flows up (Whiteman 2000, Mountain Meteorology, ch. 11), within 10 to 100 m.

Valley winds follow the axis of the valley: the direction in which the smoothed ground changes least
(structure tensor), downwards along the valley's floor. They fill the valley up to its crests and fade
towards them. Both modes are positive DOWN, as at night; by day their weights are negative. Unit weight is
1 m/s at 10 m: of the slope wind where the slope is 0.2, of the valley wind on the floor.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter, maximum_filter, minimum_filter

from twin.core.geometry import FloatArray

Float32Array = npt.NDArray[np.float32]

_REFERENCE_SLOPE = 0.2
_SMOOTH_M = 60.0
_VALLEY_M = 300.0
_RELIEF_M = 1000.0
_CREST_M = 2000.0
_LEAST_RELIEF_M = 30.0  # shallower valleys have no wind of their own
_LEAST_FALL = 0.002  # a floor that falls less has no clear sense
_DOWN_DEPTH, _UP_DEPTH = 0.05, 0.10
_DEPTHS_M = (10.0, 100.0)
_NO_VALLEY = 0.05


def slope_wind(
    ground_m: FloatArray, step_m: float, heights_m: FloatArray, *, up: bool = False
) -> tuple[FloatArray, FloatArray]:
    """First guess (u, v) of the slope wind, positive down, (nz, ny, nx), m/s at unit weight.

    ``up`` gives the deeper layer of upslope winds, still signed as positive down.
    """
    smooth = _smoothed(ground_m, step_m, _SMOOTH_M)
    east, north = _gradient(smooth, step_m)
    slope = np.hypot(east, north)
    sine = slope / np.sqrt(1.0 + slope**2)
    strength = np.sqrt(sine / (_REFERENCE_SLOPE / math.hypot(1.0, _REFERENCE_SLOPE)))
    crest = maximum_filter(smooth, size=_window(step_m, _CREST_M), mode="nearest")
    share = _UP_DEPTH if up else _DOWN_DEPTH
    depth = np.clip(share * (crest - smooth), *_DEPTHS_M)
    length = depth / math.pi
    z = heights_m[:, None, None]
    jet = np.where(z < depth, np.exp(-z / length) * np.sin(z / length), 0.0)
    highest = math.exp(-math.pi / 4.0) * math.sin(math.pi / 4.0)
    unit = strength * jet / highest
    with np.errstate(invalid="ignore", divide="ignore"):
        down = np.where(slope > 0.0, 1.0 / slope, 0.0)
    return -unit * east * down, -unit * north * down


def valley_wind(
    ground_m: FloatArray, step_m: float, heights_m: FloatArray, profile: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """First guess (u, v) of the wind down the valley, (nz, ny, nx), m/s at unit weight.

    ``profile`` (nz,) is the shape of the wind over level ground, 1 at 10 m.
    """
    floor, crest = _floor_and_crest(ground_m, step_m)
    relief = crest - floor
    if float(relief.max()) < _LEAST_RELIEF_M:
        nothing = np.zeros((heights_m.size, *ground_m.shape))
        return nothing, nothing.copy()
    axis_x, axis_y, clear = _axis(ground_m, step_m)
    fall_x, fall_y = (-part for part in _gradient(_smoothed(floor, step_m, 2.0 * _VALLEY_M), step_m))
    along = axis_x * fall_x + axis_y * fall_y
    sense = along / np.sqrt(along**2 + _LEAST_FALL**2)
    low = np.clip((crest - ground_m) / np.maximum(relief, _LEAST_RELIEF_M), 0.0, 1.0)
    deep = np.clip(relief / _LEAST_RELIEF_M - 1.0, 0.0, 1.0)
    strength = sense * clear * low * deep
    room = np.maximum(crest - ground_m, 1.0)
    fading = np.clip(1.0 - heights_m[:, None, None] / room, 0.0, 1.0) * profile[:, None, None]
    u, v = (_smoothed(strength * part, step_m, _SMOOTH_M) * fading for part in (axis_x, axis_y))
    return u, v


def per_floor(wind: Float32Array, low: Float32Array) -> Float32Array:
    """The valley wind (nz, ny, nx, 2) scaled so that its 10 m wind ``low`` (ny, nx, 2) is 1 m/s on the floor.

    The floor is where it is strongest: the fastest twentieth of the area sets the unit. A wind below
    ``0.05`` there is no valley's and stays as small as it is.
    """
    speed = np.hypot(low[..., 0], low[..., 1])
    unit = float(np.quantile(speed, 0.95))
    return wind / np.float32(unit) if unit > _NO_VALLEY else wind


def _axis(ground_m: FloatArray, step_m: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Direction of the valley (either sense, continuous where it can be) and how clear it is, 0 to 1."""
    east, north = _gradient(_smoothed(ground_m, step_m, _SMOOTH_M), step_m)
    ee, nn, en = (_smoothed(part, step_m, _VALLEY_M) for part in (east * east, north * north, east * north))
    # The double angle of the direction of LEAST change.
    double_x, double_y = nn - ee, -2.0 * en
    size = np.hypot(double_x, double_y)
    clear = size / np.maximum(ee + nn, 1e-12)
    angle = 0.5 * np.arctan2(double_y, double_x)
    return np.cos(angle), np.sin(angle), np.where(ee + nn > 1e-6, clear, 0.0)


def _floor_and_crest(ground_m: FloatArray, step_m: float) -> tuple[FloatArray, FloatArray]:
    size = _window(step_m, _RELIEF_M)
    floor = minimum_filter(ground_m, size=size, mode="nearest")
    crest = maximum_filter(ground_m, size=size, mode="nearest")
    return _smoothed(floor, step_m, _VALLEY_M), _smoothed(crest, step_m, _VALLEY_M)


def _window(step_m: float, reach_m: float) -> int:
    return 2 * max(1, round(0.5 * reach_m / step_m)) + 1


def _smoothed(field: FloatArray, step_m: float, length_m: float) -> FloatArray:
    return np.asarray(gaussian_filter(field, length_m / step_m, mode="nearest", truncate=3.0))


def _gradient(field: FloatArray, step_m: float) -> tuple[FloatArray, FloatArray]:
    north, east = np.gradient(field, step_m)
    return np.asarray(east), np.asarray(north)
