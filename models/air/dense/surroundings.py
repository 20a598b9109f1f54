"""The air around a dense cloud, as the one-dimensional models read it: scalar, fast, one moment.

Wind profile and turbulence are those of ``models.air.turbulence``, here with plain floats because the models
read them some thousand times.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from models.air.dense.thermo import AIR_CP_J_KG_K
from models.air.turbulence import GRAVITY_M_S2, KARMAN, mixing_height_m, similarity_sigma_v, wind_profile
from models.term import Ambient

SAMPLED_S = (
    1800.0  # length of the records behind similarity's sigma_v (Panofsky et al. 1977: half to one hour)
)
SHORTEST_S = 18.4  # a plume seen for less has no less spread (Spicer and Havens 1987, DEGADIS)
AVERAGING_POWER = 0.2  # of lateral spread with averaging time (Hino 1968; Gifford 1975)
_LATERAL_TIME_S = 300.0  # Draxler (1976), sources near the ground
TOP_RICHARDSON = 0.099 / 0.88  # Spicer and Havens (1986), DEGADIS; the shallow layer has the same
TOP_POWER = 1.04
NEUTRAL_EXPONENT = 1.5  # van Ulden (1978)
BOX_SHARE = 0.9  # of the effective half width at the source (Ermak 1990)
SLIP_MIXING = 0.08  # of the slip, at Richardson number 0 (Turner 1986 from Ellison and Turner 1959)
SPEED_HEIGHT = 0.6  # of the mean height of the gas; van Ulden (1978), eq. 12
FREE_W_M2_K43 = 1.6  # of the free heat flux of air over a hot plate, W/m2/K^(4/3)
K_HEIGHT = 1.55  # where the diffusivity is read, of the mean height; van Ulden (1978)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A layer as air and ground meet it: its speed over the wind and over the ground, and its heat."""

    density_kg_m3: float
    temperature_k: float
    slip_m_s: float
    over_ground_m_s: float
    heat_w_m2: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Wind, turbulence and density around the cloud; ``sigma_v_m_s`` of half-hour records.

    ``ground_shape_value`` is the wind profile's ln(z0) - psi(z0 / L).
    """

    friction_m_s: float
    inverse_obukhov_1_m: float
    roughness_m: float
    scale_m_s: float
    sigma_v_m_s: float
    mixing_height_m: float
    density_kg_m3: float
    ground_k: float
    ground_shape_value: float

    def wind_m_s(self, height_m: float) -> float:
        """Wind speed; below two roughness lengths that of two."""
        return self.scale_m_s * self._shape(height_m)

    def shear(self, height_m: float) -> float:
        """Slope of ln(wind) in ln(height)."""
        z = max(height_m, 2.0 * self.roughness_m)
        return max(math.log(self._shape(1.1 * z) / self._shape(z)) / math.log(1.1), 0.0)

    def heat_profile(self, height_m: float) -> float:
        """phi_h (Dyer 1974)."""
        zeta = height_m * self.inverse_obukhov_1_m
        return 1.0 + 5.0 * zeta if zeta >= 0.0 else 1.0 / math.sqrt(1.0 - 16.0 * zeta)

    def drag(self, height_m: float) -> float:
        """Square of friction velocity over wind speed at a height."""
        return (self.friction_m_s / max(self.wind_m_s(height_m), 1e-3)) ** 2

    def lateral_growth_m_s(self, sigma_m: float, averaging_s: float) -> float:
        """Growth of lateral spread with time, entered at the present spread (Draxler 1976)."""
        speed = self.sigma_v_m_s * share_of_spread(averaging_s)
        k = 0.9 / math.sqrt(_LATERAL_TIME_S)
        drag = sigma_m * k
        root = (drag + math.sqrt(drag * drag + 4.0 * speed * sigma_m)) / (2.0 * speed)
        down = 1.0 + k * root
        return speed * (1.0 + 0.5 * k * root) / (down * down)

    def lateral_spread_m(self, age_s: float) -> float:
        """Lateral spread of a point source's plume in half an hour, metres."""
        return self.sigma_v_m_s * age_s / (1.0 + 0.9 * math.sqrt(age_s / _LATERAL_TIME_S))

    def ground_heat_w_m2(self, mean_height_m: float, layer: Layer) -> float:
        """Heat from the ground into a colder layer: forced by Reynolds's analogy, free as over a hot plate.

        The larger of both counts, as in DEGADIS (Havens and Spicer 1985); never negative.
        """
        cold = self.ground_k - layer.temperature_k
        if cold <= 0.0:
            return 0.0
        forced = (
            AIR_CP_J_KG_K
            * layer.density_kg_m3
            * self.drag(SPEED_HEIGHT * mean_height_m)
            * layer.over_ground_m_s
        )
        return float(max(forced, FREE_W_M2_K43 * cold ** (1.0 / 3.0)) * cold)

    def top_m_s(self, mean_height_m: float, layer: Layer) -> float:
        """Speed at which air enters a layer through its top, growth of the depth 2 ``mean_height_m``.

        Stirred by the wind or, where that is more, by the layer's own friction on the ground, and by
        convection over warmer ground (a quarter of w*^2, Eidsvik 1980, Atmos. Environ. 14, 769-777, as in
        DEGADIS); slip against the wind mixes besides (Turner 1986).
        """
        stirred = self._stirred(mean_height_m, layer)
        phi = self.stability(mean_height_m, layer, stirred)
        lid = max(1.0 - mean_height_m / (0.5 * self.mixing_height_m), 0.0)
        rate = 2.0 * KARMAN * math.sqrt(stirred) / phi * lid
        rate *= 1.0 + self.shear(SPEED_HEIGHT * mean_height_m)
        rate *= self.wind_m_s(SPEED_HEIGHT * mean_height_m) / self.wind_m_s(K_HEIGHT * mean_height_m)
        slip = abs(layer.slip_m_s)
        if slip > 1e-6:
            light = gravity_acceleration(layer.density_kg_m3, self.density_kg_m3)
            number = max(light, 0.0) * 2.0 * mean_height_m / (slip * slip)
            rate += slip * max(SLIP_MIXING - 0.1 * number, 0.0) / (1.0 + 5.0 * number)
        return rate

    def stability(self, mean_height_m: float, layer: Layer, stirred_m2_s2: float) -> float:
        """How much less the top mixes than neutral air does, by the weight of the layer and the air's own."""
        light = gravity_acceleration(layer.density_kg_m3, self.density_kg_m3)
        number = max(light, 0.0) * 2.0 * mean_height_m / stirred_m2_s2
        return float(self.heat_profile(K_HEIGHT * mean_height_m) + TOP_RICHARDSON * number**TOP_POWER)

    def exponent(self, mean_height_m: float, layer: Layer) -> float:
        """Exponent of the vertical profile: 1.5 in neutral air, up to 2.5 under stable layering.

        As the exponent of similarity theory grows by one with the stability (Gryning, van Ulden and Larsen
        1983, Q. J. R. Meteorol. Soc. 109, 355-364), here with that of the layer.
        """
        more = max(self.stability(mean_height_m, layer, self._stirred(mean_height_m, layer)) - 1.0, 0.0)
        return NEUTRAL_EXPONENT + more / (1.0 + more)

    def _stirred(self, mean_height_m: float, layer: Layer) -> float:
        own = self.drag(SPEED_HEIGHT * mean_height_m) * layer.over_ground_m_s**2
        buoyant = GRAVITY_M_S2 * layer.heat_w_m2 / (AIR_CP_J_KG_K * layer.density_kg_m3 * layer.temperature_k)
        rising = float((2.0 * mean_height_m * buoyant) ** (2.0 / 3.0))
        return max(self.friction_m_s * self.friction_m_s, own) + 0.25 * rising

    def _shape(self, height_m: float) -> float:
        z = max(height_m, 2.0 * self.roughness_m)
        return max(math.log(z) - _psi_m(z * self.inverse_obukhov_1_m) - self.ground_shape_value, 0.1)


def share_of_spread(averaging_s: float) -> float:
    """Part of the half-hour's lateral spread that is seen in an averaging time, at most 1.5."""
    return float(min((max(averaging_s, SHORTEST_S) / SAMPLED_S) ** AVERAGING_POWER, 1.5))


def surroundings(ambient: Ambient, density_kg_m3: float) -> Surroundings:
    """From an ambient; ``density_kg_m3`` is that of its clean air."""
    inverse, friction = ambient.inverse_obukhov_1_m, max(ambient.friction_velocity_m_s, 0.01)
    lid = ambient.mixing_height_m
    if inverse <= 0.0:  # in stable air the profiles themselves end the mixing, long before its top
        lid = min(lid, mixing_height_m(friction, inverse))
    ground = ambient.ground_temperature_k
    shape = float(wind_profile(ambient.wind_height_m, ambient.roughness_m, inverse))
    return Surroundings(
        friction_m_s=friction,
        inverse_obukhov_1_m=inverse,
        roughness_m=ambient.roughness_m,
        scale_m_s=max(ambient.wind_speed_m_s, 0.1) / shape,
        sigma_v_m_s=similarity_sigma_v(friction, inverse, lid),
        mixing_height_m=lid,
        density_kg_m3=density_kg_m3,
        ground_k=ambient.temperature_k if ground is None else ground,
        ground_shape_value=math.log(ambient.roughness_m) - _psi_m(ambient.roughness_m * inverse),
    )


def gravity_acceleration(density_kg_m3: float, ambient_kg_m3: float) -> float:
    """Reduced gravity g (rho - rho_a) / rho_a, m/s2; negative for light gas."""
    return GRAVITY_M_S2 * (density_kg_m3 - ambient_kg_m3) / ambient_kg_m3


def _psi_m(zeta: float) -> float:
    if zeta == 0.0:
        return 0.0
    if zeta < 0.0:
        x = math.sqrt(math.sqrt(1.0 - 16.0 * zeta))
        return (
            2.0 * math.log((1.0 + x) / 2.0)
            + math.log((1.0 + x * x) / 2.0)
            - 2.0 * math.atan(x)
            + 0.5 * math.pi
        )
    return -17.0 * (1.0 - math.exp(-0.29 * zeta))
