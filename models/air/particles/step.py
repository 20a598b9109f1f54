"""One step of the particles: half a move, the turbulence, half a move.

The turbulence part is the implicit midpoint rule for ``dv = -V^-1 v d tau + sqrt(2) d xi``: it keeps the
covariance V exactly, and with moves by the mean of old and new velocity the long-time diffusivity is exact
too, so that a step may be as long as the memory of the turbulence. Where sigma_w changes with height
(unstable) Thomson's (1987, eq. 32) drift is split off to both sides of it, which is of second order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from models.air.particles.backend import Array, Backend
from models.air.particles.profile import Tables, Turbulence


@dataclass(slots=True, kw_only=True)
class Cloud:
    """Particles, arrays (n,).

    ``x_m`` along the mean wind, ``y_m`` to its left, ``s`` the height in the measure of the tables, ``u``,
    ``v``, ``w`` fluctuations over u*, ``age_s`` since they left.
    """

    x_m: Array
    y_m: Array
    s: Array
    u: Array
    v: Array
    w: Array
    age_s: Array

    def rows(self, chosen: Array) -> Cloud:
        """Some of the particles."""
        return Cloud(
            x_m=self.x_m[chosen],
            y_m=self.y_m[chosen],
            s=self.s[chosen],
            u=self.u[chosen],
            v=self.v[chosen],
            w=self.w[chosen],
            age_s=self.age_s[chosen],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Middle:
    """Where the particles were half-way: height measure, seconds and metres of the step."""

    s: Array
    seconds: Array
    east: Array
    left: Array


class Stepper:
    """Moves a cloud by ``step`` of tau. ``sense`` is 1 forward in time and -1 backward.

    Backward (Thomson 1987, section 5): the same equations for the reversed fluctuations, and the mean wind
    reversed.
    """

    def __init__(
        self, turbulence: Turbulence, tables: Tables, arrays: Backend, *, step: float, sense: int
    ) -> None:
        self._arrays = arrays
        self.step, self._sense = step, sense
        self._ustar = turbulence.friction_velocity_m_s
        self._along = turbulence.sigma_u_ratio**2
        self._across = turbulence.sigma_v_ratio**2
        self._upright = turbulence.sigma_w_ratio**2
        self._level = tables.level
        self._per_root, self._lid = tables.per_root, tables.lid_s
        self._seconds = arrays.array(tables.seconds)
        self._metres = arrays.array(tables.metres)
        self._variance = arrays.array(tables.variance_w)
        self._slope = arrays.array(tables.variance_slope)

    def start(self, count: int, s: float) -> Cloud:
        """Particles at the origin at height ``s`` with the turbulence's own velocities."""
        arrays = self._arrays
        zero = arrays.normal(count) * 0.0
        sigma2 = float(arrays.numpy(arrays.take(self._variance, zero[:1] + s**0.5 * self._per_root))[0])
        w = arrays.normal(count) * math.sqrt(sigma2)
        rest = math.sqrt(self._along - 1.0 / sigma2)
        u = arrays.normal(count) * rest - w / sigma2
        v = arrays.normal(count) * math.sqrt(self._across)
        return Cloud(x_m=zero + 0.0, y_m=zero + 0.0, s=zero + s, u=u, v=v, w=w, age_s=zero)

    def seconds_per_tau(self, cloud: Cloud) -> Array:
        """How long a unit of tau takes where the particles are."""
        return self._arrays.take(self._seconds, cloud.s**0.5 * self._per_root)

    def move(self, cloud: Cloud, step: Array | None = None) -> Middle:
        """One step in place; ``step`` an array for steps of different length."""
        step = self.step if step is None else step
        half = 0.5 * step
        cloud.s = cloud.s + cloud.w * half
        self._turn_back(cloud)
        place = cloud.s**0.5 * self._per_root
        seconds = self._arrays.take(self._seconds, place) * step
        drift = self._arrays.take(self._metres, place) * step
        middle = cloud.s
        u, v = cloud.u, cloud.v
        self._churn(cloud, place, step)
        east = drift * self._sense + (u + cloud.u) * (seconds * (0.5 * self._ustar))
        left = (v + cloud.v) * (seconds * (0.5 * self._ustar))
        cloud.x_m = cloud.x_m + east
        cloud.y_m = cloud.y_m + left
        cloud.age_s = cloud.age_s + seconds
        cloud.s = cloud.s + cloud.w * half
        self._turn_back(cloud)
        return Middle(s=middle, seconds=seconds, east=east, left=left)

    def _churn(self, cloud: Cloud, place: Array, step: Array) -> None:
        """Turbulence for a whole step at one place."""
        arrays, half, root = self._arrays, 0.5 * step, (2.0 * step) ** 0.5
        count = cloud.s.shape[0]
        upright = self._upright if self._level else arrays.take(self._variance, place)
        if not self._level:
            slope = arrays.take(self._slope, place)
            self._lean(cloud, upright, slope, half)
        xi_u, xi_w = arrays.normal(count) * root, arrays.normal(count) * root
        y_u, y_w = cloud.u * step + xi_u * half, cloud.w * step + xi_w * half
        shrink = 1.0 / ((self._along + half) * (upright + half) - 1.0)
        cloud.u = cloud.u + xi_u - (y_u * ((upright + half) * shrink) + y_w * shrink)
        cloud.w = cloud.w + xi_w - (y_u * shrink + y_w * ((self._along + half) * shrink))
        xi_v = arrays.normal(count) * root
        cloud.v = cloud.v + xi_v - (cloud.v * step + xi_v * half) / (self._across + half)
        if not self._level:
            self._lean(cloud, upright, slope, half)

    def _lean(self, cloud: Cloud, upright: Array, slope: Array, half: Array) -> None:
        """Drift that keeps the well-mixed state where sigma_w changes with height (midpoint rule)."""
        share = 0.5 * slope / (self._along * upright - 1.0)
        first = share * (self._along * upright - 1.0 + cloud.w * (cloud.u + cloud.w * self._along))
        w = cloud.w + first * (0.5 * half)
        cloud.w = cloud.w + half * share * (self._along * upright - 1.0 + w * (cloud.u + w * self._along))

    def _turn_back(self, cloud: Cloud) -> None:
        """Reflection at the ground and at the lid: w changes its sign, and u with it to keep the stress."""
        where = self._arrays.where
        out = cloud.s < 0.0
        if math.isfinite(self._lid):
            above = cloud.s > self._lid
            cloud.s = where(above, 2.0 * self._lid - cloud.s, cloud.s)
            out = out | above
        cloud.s = abs(cloud.s)
        cloud.u, cloud.w = where(out, -cloud.u, cloud.u), where(out, -cloud.w, cloud.w)
