"""How a plume is distributed in height: not as a Gaussian, but as ``exp(-(z / scale)^s)``.

Where wind and diffusivity are powers of height, ``u = a z^m`` and ``K = b z^n``, the crosswind integral of a
source at height h is (Huang 1979, Atmos. Environ. 13, 453-463; the ground source is Roberts's, van Ulden
1978, Atmos. Environ. 12, 2125-2129)

    c ~ (z h)^((1-n)/2) exp(-(z^s + h^s) / X) I_-nu(2 (z h)^(s/2) / X),   s = 2 + m - n, nu = (1 - n) / s,

with X = s^2 b x / a. The powers of the real profiles are taken at the height of the plume (Gryning, van
Ulden and Larsen 1983, Q. J. R. Meteorol. Soc. 109, 355-364): s is about 1.2 in neutral air, less when
unstable, up to 2 and more when stable. A Gaussian (s = 2) of the same mean height reads a quarter too low
at a neutral ground.

A puff is Gaussian because beams and cells are then closed forms; ``mixture`` gives two Gaussians that
together follow the profile to 4 % (s = 1.2) and 7 % (s = 1) up to one and a half mean heights.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, gamma, ive

from models.air.growth import mean_height
from models.air.turbulence import diffusivity_power, shear_power
from twin.core.geometry import FloatArray

LEAST_S = 1.0
MOST_S = 3.0
_TINY_ARGUMENT = 1e-8
_HUGE_ARGUMENT = 1e6  # of the Bessel function, from where its first asymptotic term is exact to 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Powers:
    """Shear ``m`` and diffusivity ``n`` as powers of height where the plume is; ``s = 2 + m - n``."""

    s: FloatArray
    n: FloatArray


def powers(height_m: npt.ArrayLike, roughness_m: float, inverse_obukhov_1_m: npt.ArrayLike) -> Powers:
    """Powers of wind and diffusivity at a height, s kept within 1 to 3."""
    n = diffusivity_power(height_m, inverse_obukhov_1_m)
    m = shear_power(height_m, roughness_m, inverse_obukhov_1_m)
    return Powers(s=np.asarray(np.clip(2.0 + m - n, LEAST_S, MOST_S)), n=n)


def mean_over_scale(s: npt.ArrayLike) -> FloatArray:
    """Mean height of ``exp(-(z / scale)^s)`` over its scale: Gamma(2/s) / Gamma(1/s)."""
    shape = np.asarray(s, dtype=np.float64)
    return np.asarray(gamma(2.0 / shape) / gamma(1.0 / shape))


def ground_factor(s: npt.ArrayLike) -> FloatArray:
    """Value at the ground times mean height, of unit mass: ``s Gamma(2/s) / Gamma(1/s)^2``."""
    shape = np.asarray(s, dtype=np.float64)
    return np.asarray(shape * gamma(2.0 / shape) / gamma(1.0 / shape) ** 2)


def growth_height(s: npt.ArrayLike) -> FloatArray:
    """At how many mean heights u and K are read, so that ``d mean / dx = K / (u q mean)`` is exact.

    For power laws ``q^(1-s) = s (Gamma(2/s) / Gamma(1/s))^s``: 1.53 at s = 1, 1.57 at s = 2 (van Ulden
    1978 took 1.55 for all).
    """
    shape = np.asarray(s, dtype=np.float64)
    near = np.abs(shape - 1.0) < 1e-4
    safe = np.where(near, 2.0, shape)
    q = (safe * mean_over_scale(safe) ** safe) ** (1.0 / (1.0 - safe))
    limit = math.exp(2.0 * float(digamma(2.0)) - float(digamma(1.0)) - 1.0)
    return np.asarray(np.where(near, limit, q))


def huang_profile(height_m: npt.ArrayLike, release_m: float, spread: float, s: float, n: float) -> FloatArray:
    """Profile of a source at ``release_m``, not normalised; ``spread`` is X of the top of this file.

    Heights below the ground count as the ground.
    """
    z = np.maximum(np.asarray(height_m, dtype=np.float64), 0.0)
    if release_m <= 0.0:
        return np.asarray(np.exp(-(z**s) / spread))
    order = (n - 1.0) / s
    w, w0 = z ** (0.5 * s), release_m ** (0.5 * s)
    argument = 2.0 * w * w0 / spread
    tiny, huge = argument < _TINY_ARGUMENT, argument > _HUGE_ARGUMENT
    safe = np.where(tiny | huge, 1.0, argument)
    # A young plume aloft is so thin that library routines give up (not a number): 1 / sqrt(2 pi y) there.
    bessel = np.where(huge, 1.0 / np.sqrt(2.0 * math.pi * np.where(tiny, 1.0, argument)), ive(order, safe))
    front = (np.where(tiny, 1.0, z) * release_m) ** (0.5 * (1.0 - n))
    far = front * bessel * np.exp(-((w - w0) ** 2) / spread)
    # I_mu(2 y) = y^mu / Gamma(1 + mu) for small y, which cancels the power of z.
    near = spread**-order / gamma(1.0 + order) * np.exp(-(w * w + w0 * w0) / spread)
    return np.asarray(np.where(tiny, near, far))


# Two Gaussians for exp(-(z / scale)^s): least squares of the relative error from 0.02 to 1.5 mean heights,
# the mean height kept within 7 %. Rows: s, share of the narrow one, both standard deviations in mean heights.
_MIXTURES = np.array(
    [
        (1.0, 0.265, 0.421, 1.436),
        (1.1, 0.240, 0.447, 1.420),
        (1.2, 0.217, 0.473, 1.404),
        (1.3, 0.195, 0.498, 1.387),
        (1.5, 0.151, 0.550, 1.353),
        (1.7, 0.103, 0.606, 1.317),
        (1.9, 0.042, 0.666, 1.277),
        (2.0, 0.000, 0.700, math.sqrt(math.pi / 2.0)),
    ]
).T


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mixture:
    """Two Gaussians in place of one: share of the narrow one, factors on the standard deviation."""

    narrow_share: FloatArray
    narrow: FloatArray
    wide: FloatArray


def mixture(
    sigma_z_m: FloatArray, height_m: FloatArray, roughness_m: float, inverse_obukhov_1_m: npt.ArrayLike
) -> Mixture:
    """Gaussians that together have the profile of a puff, which is s above 2 a single Gaussian.

    ``sigma_z_m`` is the width whose reflected Gaussian has the puff's mean height, ``height_m`` the height
    of release. A puff that has not yet come down is Gaussian; s goes over with the share of its mean height
    that comes from the ground.
    """
    mean = mean_height(sigma_z_m, height_m)
    s = powers(mean, roughness_m, inverse_obukhov_1_m).s
    s = 2.0 - (2.0 - np.minimum(s, 2.0)) * (1.0 - height_m / np.maximum(mean, height_m))
    share, narrow, wide = (np.interp(s, _MIXTURES[0], row) for row in _MIXTURES[1:])
    unit = math.sqrt(2.0 / math.pi)
    return Mixture(narrow_share=share, narrow=unit * narrow, wide=unit * wide)


def level_share(
    level_m: float,
    sigma_z_m: FloatArray,
    height_m: FloatArray,
    roughness_m: float,
    inverse_obukhov_1_m: npt.ArrayLike,
) -> FloatArray:
    """Share of a puff per metre of height at a level above ground, 1/m, the ground reflecting."""
    parts = mixture(sigma_z_m, height_m, roughness_m, inverse_obukhov_1_m)
    total = np.zeros(np.broadcast_shapes(sigma_z_m.shape, np.shape(height_m)))
    for share, factor in ((parts.narrow_share, parts.narrow), (1.0 - parts.narrow_share, parts.wide)):
        sigma = sigma_z_m * factor
        below, above = (level_m - height_m) / sigma, (level_m + height_m) / sigma
        total = total + share * (np.exp(-0.5 * below * below) + np.exp(-0.5 * above * above)) / sigma
    return np.asarray(total / math.sqrt(2.0 * math.pi))
