"""The wind that reaches a hill: its profile, and how deep the surface stirs what passes over.

Everything is per unit speed at 10 m above level ground. Profiles are those of
``models.air.turbulence.wind_profile``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.air.turbulence import KARMAN, wind_profile
from twin.core.geometry import FloatArray

REFERENCE_M = 10.0
_TOP_M = 1000.0  # the profile of the surface layer is not believed above this


@dataclass(frozen=True, slots=True, kw_only=True)
class Inflow:
    """Upstream profile over roughness ``roughness_m`` with 1/L, and its stratification aloft.

    ``buoyancy_per_speed_1_m`` is the buoyancy frequency over the speed at 10 m, 1/m; 0 when the air
    above is neutral. ``uniform`` replaces the profile by a constant and leaves out the surface's
    friction: the classical potential flow, for comparison with closed solutions.
    """

    roughness_m: float
    inverse_obukhov_1_m: float = 0.0
    buoyancy_per_speed_1_m: float = 0.0
    uniform: bool = False

    def speed(self, height_m: FloatArray | float) -> FloatArray:
        """Speed at heights above ground per speed at 10 m."""
        z = np.minimum(np.asarray(height_m, dtype=np.float64), _TOP_M)
        if self.uniform:
            return np.ones_like(z)
        shape = wind_profile(z, self.roughness_m, self.inverse_obukhov_1_m)
        return np.asarray(shape / wind_profile(REFERENCE_M, self.roughness_m, self.inverse_obukhov_1_m))

    def passing(self, height_m: FloatArray | float) -> FloatArray:
        """Speed at the heights that waves of the ground feel, per speed at 10 m.

        In stable air shear is known up to z = L (Webb 1970, Q. J. R. Meteorol. Soc. 96, 67-90); that of
        the air above is not carried on, so that a hill feels no faster wind than the one at L.
        """
        top = 1.0 / self.inverse_obukhov_1_m if self.inverse_obukhov_1_m > 0.0 else _TOP_M
        return self.speed(np.minimum(height_m, top))

    def inner_depth_m(self, wavenumber_1_m: FloatArray) -> FloatArray:
        """Depth l of the inner layer of each wavenumber k, at least two roughness lengths.

        ``k l P(l) phi_m(l/L) = 2 kappa^2`` with P the profile's shape: Jackson and Hunt (1975, eq. 3.10)
        with the length 1/k of each wave (Mason and King 1985), and the diffusivity of stratified air.
        """
        depth = np.geomspace(2.0 * self.roughness_m, 5000.0, 400)
        zeta = depth * self.inverse_obukhov_1_m
        phi = 1.0 + 5.0 * zeta if self.inverse_obukhov_1_m >= 0.0 else (1.0 - 16.0 * zeta) ** -0.25
        shape = wind_profile(depth, self.roughness_m, self.inverse_obukhov_1_m)
        wavenumber = 2.0 * KARMAN**2 / (depth * shape * phi)
        deepest_first = np.log(wavenumber[::-1])
        log_k = np.log(np.maximum(wavenumber_1_m, 1e-9))
        return np.asarray(np.exp(np.interp(log_k, deepest_first, np.log(depth[::-1]))))
