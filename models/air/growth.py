"""How a puff grows.

Its state is its two standard deviations, so that it goes on smoothly when the air changes: there is
no distance or class to jump between.

Sideways (Taylor 1921, Proc. London Math. Soc. 20, 196-211): ``d(sigma^2)/dt = 2 sum sigma_i^2 T_i
(1 - exp(-t / T_i))`` over the two parts of the measured scatter (``turbulence.lateral_scales``): eddies of
the size of the plume, whose time scale grows with its height, and what is larger.

Upwards: ``d(sigma^2)/dt = 2 K(z) (1 - exp(-t / T))`` with ``T = K / sigma_w^2`` of the height of release, so
it starts as sigma_w t and ends as diffusion. For a puff on the ground K is read at 1.53 times the mean
height, where ``d mean / dt = K(q mean) / (q mean)`` is exact for K = 0.4 u* z: its mean height grows by
0.4 u*. Van Ulden (1978, Atmos. Environ. 12, 2125-2129) found 1.55 from similarity.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import erf

from models.air.turbulence import diffusivity, lateral_scales, shear_power, sigma_w
from models.contract import SurfaceLayer
from twin.core.geometry import FloatArray

_LEAST_HEIGHT_M = 0.1
_K_HEIGHT = 1.53  # of the mean height: exact where K rises linearly (``shape.growth_height``)
_GAUSSIAN = 0.5 * math.pi / _K_HEIGHT  # so that the Gaussian's mean height grows by K / (q mean)
_SPEED_HEIGHT = 0.6  # of the mean height; van Ulden (1978), eq. 12


def grow_sideways(
    sigma_m: FloatArray, age_s: FloatArray, step_s: float, mean_height_m: FloatArray, layer: SurfaceLayer
) -> FloatArray:
    """Horizontal standard deviation after ``step_s``, metres.

    ``age_s`` is the age at the start of the step, ``mean_height_m`` that of the gas during it: the turbulence
    is read where the diffusivity is, at 1.53 times it.
    """
    scales = lateral_scales(_K_HEIGHT * np.maximum(mean_height_m, _LEAST_HEIGHT_M), layer)
    small = 2.0 * scales.small_m_s**2 * _growing(scales.small_s, age_s, step_s)
    large = 2.0 * scales.large_m_s**2 * _taylor(np.asarray(scales.large_s), age_s, step_s)
    return np.asarray(np.sqrt(sigma_m**2 + small + large), dtype=np.float64)


def _taylor(scale_s: FloatArray, age_s: FloatArray, step_s: float) -> FloatArray:
    """Integral over the step of ``T (1 - exp(-t / T))``: t^2 / 2 for young gas, T t for old (Taylor 1921)."""
    young = age_s + step_s < 1e-4 * scale_s  # the difference loses its figures
    memory = scale_s * np.exp(-age_s / scale_s) * -np.expm1(-step_s / scale_s)
    exact = scale_s * np.maximum(step_s - memory, 0.0)
    return np.asarray(np.where(young, step_s * (age_s + 0.5 * step_s), exact), dtype=np.float64)


def _growing(scale_s: FloatArray, age_s: FloatArray, step_s: float) -> FloatArray:
    """Integral over the step of ``t T / (t + T)``: the same limits, exact where T grows with the age.

    The covariance of place and velocity obeys ``d cov / dt = sigma^2 - cov / T`` (Langevin); with T = a t
    it is sigma^2 t a / (1 + a).
    """
    young = age_s + step_s < 1e-4 * scale_s
    ratio = step_s / (scale_s + age_s)
    exact = scale_s * (step_s - scale_s * np.log1p(ratio))
    return np.asarray(np.where(young, step_s * (age_s + 0.5 * step_s), exact), dtype=np.float64)


def grow_upwards(
    sigma_m: FloatArray,
    age_s: FloatArray,
    step_s: float,
    height_m: FloatArray,
    layer: SurfaceLayer,
    roughness_m: float | None = None,
) -> FloatArray:
    """Vertical standard deviation after ``step_s``, metres; never more than the mixing height.

    ``height_m`` is the height of release above ground, ``age_s`` the age at the start of the step.
    With ``roughness_m`` the gas is a slice of a plume in sheared wind: its upper part runs ahead and is
    replaced by younger gas, so that the slice rises by ``u(0.6 mean) / u(q mean)`` less fast than a cloud
    alone (van Ulden's d mean / dx has u(q mean)); without it, the gas is a cloud that keeps together.
    """
    after = sigma_m
    born = np.maximum(height_m, _LEAST_HEIGHT_M)
    scale = diffusivity(born, layer) / sigma_w(born, layer) ** 2
    for _ in range(3):  # implicit in the mean of both ends: exact where K is linear in height
        mean = mean_height(0.5 * (sigma_m + after), height_m)
        z = mean + (_K_HEIGHT - 1.0) * (mean - height_m)
        k = diffusivity(z, layer)
        risen = (mean - height_m) / np.maximum(mean, _LEAST_HEIGHT_M)  # 0 aloft, 1 for a ground source
        gain = 2.0 * k * (1.0 + (_GAUSSIAN - 1.0) * risen)
        if roughness_m is not None:
            shear = shear_power(mean, roughness_m, layer.inverse_obukhov_1_m)
            gain = gain * (_SPEED_HEIGHT / _K_HEIGHT) ** (shear * risen)
        after = np.sqrt(sigma_m**2 + gain / scale * _taylor(scale, age_s, step_s))
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
