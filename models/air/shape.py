"""How a plume is distributed in height: not as a Gaussian, but as ``exp(-(z / scale)^s)``.

Where wind and diffusivity are powers of height, ``u = a z^m`` and ``K = b z^n``, the crosswind integral of a
source at height h is (Huang 1979, Atmos. Environ. 13, 453-463; the ground source is Roberts's, van Ulden
1978, Atmos. Environ. 12, 2125-2129)

    c ~ (z h)^((1-n)/2) exp(-(z^s + h^s) / X) I_-nu(2 (z h)^(s/2) / X),   s = 2 + m - n, nu = (1 - n) / s,

with X = s^2 b x / a. The powers of the real profiles are taken at the height of the plume (Gryning, van
Ulden and Larsen 1983, Q. J. R. Meteorol. Soc. 109, 355-364): s is about 1.2 in neutral air, less when
unstable, up to 2 and more when stable. A Gaussian (s = 2) of the same mean height reads a quarter too low
at a neutral ground.

A puff is Gaussian because beams and cells are then closed forms; ``mixture`` gives two Gaussians that share
the profile's mass, mean height, variance and value at the ground.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, gamma, ive

from models.air.turbulence import diffusivity_power, shear_power
from twin.core.geometry import FloatArray

LEAST_S = 1.0
MOST_S = 3.0


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
    """Profile of a source at ``release_m``, not normalised; ``spread`` is X of the top of this file."""
    z = np.asarray(height_m, dtype=np.float64)
    if release_m <= 0.0:
        return np.asarray(np.exp(-(z**s) / spread))
    order = (n - 1.0) / s
    w, w0 = z ** (0.5 * s), release_m ** (0.5 * s)
    argument = 2.0 * w * w0 / spread
    tiny = argument < 1e-8
    safe = np.where(tiny, 1.0, argument)
    front = (np.where(tiny, 1.0, z) * release_m) ** (0.5 * (1.0 - n))
    far = front * ive(order, safe) * np.exp(-((w - w0) ** 2) / spread)
    # I_mu(2 y) = y^mu / Gamma(1 + mu) for small y, which cancels the power of z.
    near = spread**-order / gamma(1.0 + order) * np.exp(-(w * w + w0 * w0) / spread)
    return np.asarray(np.where(tiny, near, far))
