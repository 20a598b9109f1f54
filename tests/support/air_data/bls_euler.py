"""The same backward model in the plain way: Euler steps in time, a share of the memory long.

Shares nothing with ``models.air.particles`` but the profiles of turbulence. Established programs step like
this with a share of 0.02 (Flesch et al. 2004); the share's effect on C / E can be seen by making it smaller.
"""

from __future__ import annotations

import math

import numpy as np

from models.air.particles.profile import Turbulence
from twin.core.geometry import FloatArray


def euler_conc_per_flux(
    turbulence: Turbulence, height_m: float, boxes_m: FloatArray, *, share: float, particles: int, seed: int
) -> tuple[FloatArray, FloatArray]:
    """C / E and standard errors, (n,), of boxes (n, 4): x from, x to, y from, y to, upwind negative."""
    rng = np.random.Generator(np.random.SFC64(seed))
    per_particle = np.zeros((particles, len(boxes_m)))
    for start in range(0, particles, 20_000):
        count = min(20_000, particles - start)
        with np.errstate(all="ignore"):  # what a long step throws out of the air is let go as not a number
            _let_go(turbulence, height_m, boxes_m, share, rng, per_particle[start : start + count])
    return per_particle.mean(axis=0), per_particle.std(axis=0) / math.sqrt(particles)


def _let_go(
    air: Turbulence,
    height_m: float,
    boxes_m: FloatArray,
    share: float,
    rng: np.random.Generator,
    seen: FloatArray,
) -> None:
    n, z0, ustar = len(seen), air.roughness_m, air.friction_velocity_m_s
    along, across = (air.sigma_u_ratio * ustar) ** 2, (air.sigma_v_ratio * ustar) ** 2
    x, y, z = np.zeros(n), np.zeros(n), np.full(n, height_m)
    w = rng.standard_normal(n) * ustar * air.sigma_w_over_ustar(z)
    sigma2 = (ustar * air.sigma_w_over_ustar(z)) ** 2
    u = -(ustar**2) / sigma2 * w + np.sqrt(along - ustar**4 / sigma2) * rng.standard_normal(n)
    v = np.sqrt(across) * rng.standard_normal(n)
    own = np.arange(n)
    end = float(boxes_m[:, 0].min()) - 10.0
    while n:
        sigma2 = (ustar * air.sigma_w_over_ustar(z)) ** 2
        rate = 2.0 * ustar**3 * air.dissipation_1_m(z)  # C0 eps
        dt = share * 2.0 * sigma2 / rate
        root, det = np.sqrt(rate * dt), along * sigma2 - ustar**4
        slope = (
            (ustar * air.sigma_w_over_ustar(z * 1.001)) ** 2
            - (ustar * air.sigma_w_over_ustar(z * 0.999)) ** 2
        ) / (0.002 * z)
        pull_u = -0.5 * rate * (sigma2 * u + ustar**2 * w) / det
        pull_w = -0.5 * rate * (ustar**2 * u + along * w) / det
        pull_w += 0.5 * slope * (1.0 + w * (ustar**2 * u + along * w) / det)
        low = np.flatnonzero(z < 2.0 * z0)
        for k, (x0, x1, y0, y1) in enumerate(boxes_m):
            rows = low[(x[low] > x0) & (x[low] < x1) & (y[low] > y0) & (y[low] < y1)]
            seen[own[rows], k] += dt[rows] / z0
        u = u + pull_u * dt + root * rng.standard_normal(n)
        w = w + pull_w * dt + root * rng.standard_normal(n)
        v = v - 0.5 * rate / across * v * dt + root * rng.standard_normal(n)
        x, y, z = x + (u - air.wind_m_s(z)) * dt, y + v * dt, z + w * dt
        below = z < z0
        z = np.where(below, 2.0 * z0 - z, z)
        u, w, v = (np.where(below, -row, row) for row in (u, w, v))
        stays = (x > end) & (z < 5000.0)
        if stays.mean() < 0.9:
            x, y, z, u, v, w, own = (row[stays] for row in (x, y, z, u, v, w, own))
            n = x.size
