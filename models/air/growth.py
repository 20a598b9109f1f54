"""How a puff grows.

Its state is its two standard deviations, so that it goes on smoothly when the air changes: there is
no distance or class to jump between.

Sideways: ``sigma = sigma_v t / (1 + 0.9 sqrt(t / 300 s))`` (Draxler 1976, Atmos. Environ. 10, 99-105,
with his time scale for sources near the ground), entered through the virtual time at which the present
sigma would have been reached in the present air.

Upwards: ``d(sigma^2)/dt = 2 K(z) (1 - exp(-t / T))`` with ``T = K / sigma_w^2`` (Taylor 1921), so it
starts as sigma_w t and ends as diffusion. For a puff on the ground K is read at 1.57 times the mean
height: a Gaussian then rises as fast as the exact solution with K = 0.4 u* z does (its mean height
grows by 0.4 u*); van Ulden (1978, Atmos. Environ. 12, 2125-2129) found 1.55 from similarity.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import erf

from models.air.turbulence import diffusivity, sigma_w
from models.contract import SurfaceLayer
from twin.core.geometry import FloatArray

_LATERAL_K = 0.9 / math.sqrt(300.0)
_K_HEIGHT = math.pi / 2.0
_SPEED_HEIGHT = 0.6  # of the mean height; van Ulden (1978), eq. 12


def grow_sideways(sigma_m: FloatArray, step_s: float, layer: SurfaceLayer) -> FloatArray:
    """Horizontal standard deviation after ``step_s``, metres."""
    speed = layer.sigma_v_m_s
    drag = sigma_m * _LATERAL_K
    root = (drag + np.sqrt(drag * drag + 4.0 * speed * sigma_m)) / (2.0 * speed)
    time = root * root + step_s
    return np.asarray(speed * time / (1.0 + _LATERAL_K * np.sqrt(time)), dtype=np.float64)


def grow_upwards(
    sigma_m: FloatArray, age_s: FloatArray, step_s: float, height_m: FloatArray, layer: SurfaceLayer
) -> FloatArray:
    """Vertical standard deviation after ``step_s``, metres; never more than the mixing height.

    ``height_m`` is the height of release above ground, ``age_s`` the age at the start of the step.
    """
    after = sigma_m
    for _ in range(3):  # implicit in the mean of both ends: exact where K is linear in height
        mean = mean_height(0.5 * (sigma_m + after), height_m)
        z = mean + (_K_HEIGHT - 1.0) * (mean - height_m)
        k = diffusivity(z, layer)
        scale = k / sigma_w(z, layer) ** 2
        memory = scale * (np.exp(-age_s / scale) - np.exp(-(age_s + step_s) / scale))
        after = np.sqrt(sigma_m**2 + 2.0 * k * np.maximum(step_s - memory, 0.0))
    return np.asarray(np.minimum(after, layer.mixing_height_m), dtype=np.float64)


def mean_height(sigma_m: FloatArray, height_m: FloatArray) -> FloatArray:
    """Mean height above ground of a Gaussian released at ``height_m`` and reflected at the ground."""
    ratio = height_m / (math.sqrt(2.0) * sigma_m)
    mean = math.sqrt(2.0 / math.pi) * sigma_m * np.exp(-ratio * ratio) + height_m * erf(ratio)
    return np.asarray(mean, dtype=np.float64)


def transport_height(sigma_m: FloatArray, height_m: FloatArray) -> FloatArray:
    """Height whose wind carries the puff: 0.6 of the mean height on the ground, the release aloft."""
    mean = mean_height(sigma_m, height_m)
    return np.asarray(_SPEED_HEIGHT * mean + (1.0 - _SPEED_HEIGHT) * height_m, dtype=np.float64)
