"""A pool that spreads and evaporates or boils, on the ground or on water.

Mass: Mackay & Matsugu (1973) Can. J. Chem. Eng. 51:434 with the logarithmic correction for volatile
liquids; k = 0.0048 u10^(7/9) D^(-1/9) Sc^(-2/3). Heat (Kawamura & Mackay 1987, J. Hazard. Mater. 15:343):
from the ground by conduction into a half-space, ring by ring as the pool wets it; from the air by the
analogy of heat and mass; from sun and sky. Spreading: front speed sqrt(2 g (h - least depth)) (TNO Yellow
Book 3.5). Each step is solved implicitly for the temperature, which never passes the boiling point.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from models.air.source.fluid import boiling_at_k, vapour_density_kg_m3
from models.air.source.orifice import G_M_S2
from models.limits import Limit
from models.substances.substance import SubstanceData
from models.term import Ambient
from twin.core.geometry import FloatArray
from twin.core.text import Text

AIR_CP_J_KG_K = 1006.0
AIR_R_J_KG_K = 287.05
_PRANDTL = 0.71
_SIGMA_W_M2_K4 = 5.670374419e-8
_EMISSIVITY = 0.95
LIMITS = (
    Limit(
        quantity="wind_speed_10_m_s",
        units="m/s",
        low=0.5,
        high=15.0,
        why=Text(
            zh="蒸发关联式在静风和强风下未经验证", en="evaporation was not shown to hold in calm or storm"
        ),
    ),
    Limit(
        quantity="pool_radius_m",
        units="m",
        low=0.1,
        high=100.0,
        why=Text(zh="液池尺寸超出关联式范围", en="pool outside the sizes behind the correlation"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What lies under a pool.

    ``conduction_w_m_k`` and ``diffusivity_m2_s`` of a half-space; on water, a constant ``film_w_m2_k``
    instead. ``least_depth_m``: the pool spreads no thinner.
    """

    conduction_w_m_k: float = 0.0
    diffusivity_m2_s: float = 1.0
    least_depth_m: float = 0.005
    film_w_m2_k: float = 0.0


# Conductivities, diffusivities and least depths after the TNO Yellow Book (3rd edition), chapter 3; recalled,
# not compared with print. A ``Ground`` of one's own takes their place.
GROUNDS: Mapping[str, Ground] = MappingProxyType(
    {
        "concrete": Ground(conduction_w_m_k=1.3, diffusivity_m2_s=5.72e-7, least_depth_m=0.005),
        "soil": Ground(conduction_w_m_k=0.9, diffusivity_m2_s=4.3e-7, least_depth_m=0.01),
        "sand_dry": Ground(conduction_w_m_k=0.3, diffusivity_m2_s=2.0e-7, least_depth_m=0.01),
        "gravel": Ground(conduction_w_m_k=2.5, diffusivity_m2_s=1.1e-6, least_depth_m=0.01),
        "farmland": Ground(conduction_w_m_k=0.9, diffusivity_m2_s=4.3e-7, least_depth_m=0.02),
        "water": Ground(film_w_m2_k=500.0, least_depth_m=0.002),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PoolCourse:
    """A pool in time: bounds ``times_s`` (n + 1,), masses at the bounds, the rest means of the steps (n,)."""

    times_s: FloatArray
    pool_kg: FloatArray
    evaporated_kg: FloatArray
    temperature_k: FloatArray
    radius_m: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSetting:
    """Where a pool lies. ``bund_area_m2`` None: it spreads freely. ``solar_w_m2`` is absorbed."""

    row: SubstanceData
    ambient: Ambient
    ground: Ground
    bund_area_m2: float | None = None
    solar_w_m2: float = 0.0

    @property
    def ground_k(self) -> float:
        """Temperature of the ground before the spill; that of the air where it is not known."""
        ground_k = self.ambient.ground_temperature_k
        return self.ambient.temperature_k if ground_k is None else ground_k

    @property
    def wind_10_m_s(self) -> float:
        """Wind at 10 m by the logarithmic profile."""
        rough = self.ambient.roughness_m
        grown = math.log(10.0 / rough) / math.log(max(self.ambient.wind_height_m / rough, 1.1))
        return self.ambient.wind_speed_m_s * grown


def transfer_m_s(setting: PoolSetting, diameter_m: float, temperature_k: float) -> float:
    """Mass transfer coefficient from a pool to the air (Mackay & Matsugu 1973)."""
    film_k = 0.5 * (temperature_k + setting.ambient.temperature_k)
    schmidt = _air_viscosity_m2_s(film_k) / float(setting.row.diffusivity_m2_s(film_k))
    wind = max(setting.wind_10_m_s, 0.1)
    return float(0.0048 * wind ** (7 / 9) * diameter_m ** (-1 / 9) * schmidt ** (-2 / 3))


def _air_viscosity_m2_s(t_k: float) -> float:
    # Sutherland 1893 with the constants of the US Standard Atmosphere 1976, at 1 atm
    return float(1.458e-6 * t_k**1.5 / (t_k + 110.4) / (101_325.0 / (AIR_R_J_KG_K * t_k)))


@dataclass(slots=True)
class _Rings:
    """Areas that were wetted at different times; each draws heat from ground of its own age."""

    areas_m2: list[float]
    born_s: list[float]

    def grow(self, area_m2: float, now_s: float) -> None:
        """Wet more ground, or give up the same part of every ring."""
        have = sum(self.areas_m2)
        if area_m2 > have:
            self.areas_m2.append(area_m2 - have)
            self.born_s.append(now_s)
        elif have > 0.0:
            self.areas_m2 = [row * area_m2 / have for row in self.areas_m2]

    def conductance_w_k(self, ground: Ground, now_s: float, step_s: float) -> float:
        """Mean heat per kelvin over the coming step: k / sqrt(pi a t), integrated in time."""
        if ground.film_w_m2_k > 0.0:
            return ground.film_w_m2_k * sum(self.areas_m2)
        age = np.maximum(now_s - np.array(self.born_s), 0.0)
        mean = 2.0 * (np.sqrt(age + step_s) - np.sqrt(age)) / step_s
        factor = ground.conduction_w_m_k / math.sqrt(math.pi * ground.diffusivity_m2_s)
        return float(factor * np.sum(np.array(self.areas_m2) * mean))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Surface:
    """Vapour over the liquid, tabulated once: logarithms of its pressure and density over temperature."""

    t_k: FloatArray
    ln_pa: FloatArray
    ln_kg_m3: FloatArray

    @classmethod
    def of(cls, row: SubstanceData, boiling_k: float) -> _Surface:
        low_k = min(row.law("vapour_pressure_pa").low_k, 0.9 * boiling_k)
        t = np.linspace(low_k, boiling_k, 240)
        pressures = [float(row.vapour_pressure_pa(at)) for at in t]
        density = [vapour_density_kg_m3(row, float(at), pa) for at, pa in zip(t, pressures, strict=True)]
        return cls(t_k=t, ln_pa=np.log(pressures), ln_kg_m3=np.log(density))

    def carried_kg_m3(self, now_k: float, pressure_pa: float) -> float:
        """Density of saturated vapour, with the logarithmic correction for a volatile liquid."""
        share = min(math.exp(float(np.interp(now_k, self.t_k, self.ln_pa))) / pressure_pa, 1.0 - 1e-9)
        return math.exp(float(np.interp(now_k, self.t_k, self.ln_kg_m3))) * -math.log1p(-share) / share


def run_pool(
    setting: PoolSetting, times_s: FloatArray, poured_kg: FloatArray, poured_k: FloatArray
) -> PoolCourse:
    """March a pool over steps ``times_s`` (n + 1,), into which ``poured_kg`` (n,) of ``poured_k`` (n,) falls.

    Mass is kept: poured so far = evaporated + pool at every bound, to rounding.
    """
    steps = len(poured_kg)
    boiling_k = boiling_at_k(setting.row, setting.ambient.pressure_pa)
    surface = _Surface.of(setting.row, boiling_k)
    rings = _Rings(areas_m2=[], born_s=[])
    mass, gone, now_k, radius = 0.0, 0.0, min(float(poured_k[0]), boiling_k), 0.0
    pool, evaporated = np.zeros(steps + 1), np.zeros(steps + 1)
    warm, wide = np.zeros(steps), np.zeros(steps)
    for i in range(steps):
        step_s, fresh = float(times_s[i + 1] - times_s[i]), float(poured_kg[i])
        if mass + fresh > 0.0:
            cold = min(float(poured_k[i]), boiling_k)
            now_k = (mass * now_k + fresh * cold) / (mass + fresh)
            mass += fresh
            radius = _spread(setting, radius, mass, now_k, step_s)
            rings.grow(math.pi * radius**2, float(times_s[i]))
            heat_w_k = rings.conductance_w_k(setting.ground, float(times_s[i]), step_s)
            now_k, lost = _step(setting, surface, mass, now_k, radius, heat_w_k, step_s)
            mass, gone = mass - lost, gone + lost
        pool[i + 1], evaporated[i + 1], warm[i], wide[i] = mass, gone, now_k, radius
    return PoolCourse(
        times_s=times_s, pool_kg=pool, evaporated_kg=evaporated, temperature_k=warm, radius_m=wide
    )


def _spread(setting: PoolSetting, radius: float, mass: float, now_k: float, step_s: float) -> float:
    volume = mass / float(setting.row.liquid_density_kg_m3(now_k))
    least = setting.ground.least_depth_m
    widest = math.sqrt(volume / (math.pi * least))
    if setting.bund_area_m2 is not None:
        return min(math.sqrt(setting.bund_area_m2 / math.pi), widest)
    start_m = max(volume ** (1 / 3), least)
    radius = max(radius, math.sqrt(volume / (math.pi * start_m)))
    count = min(max(1, math.ceil(step_s / 0.5)), 60)
    for _ in range(count):
        depth = volume / (math.pi * radius**2)
        radius += math.sqrt(2.0 * G_M_S2 * max(depth - least, 0.0)) * step_s / count
        if radius >= widest:
            return widest
    return min(radius, widest)


def _step(
    setting: PoolSetting,
    surface: _Surface,
    mass: float,
    old_k: float,
    radius: float,
    ground_w_k: float,
    step_s: float,
) -> tuple[float, float]:
    """Temperature at the end of the step and the mass that evaporates in it."""
    boiling_k = float(surface.t_k[-1])
    row, ambient = setting.row, setting.ambient
    area = math.pi * radius**2
    transfer = transfer_m_s(setting, 2.0 * radius, old_k)
    film_k = 0.5 * (old_k + ambient.temperature_k)
    schmidt = _air_viscosity_m2_s(film_k) / float(row.diffusivity_m2_s(film_k))
    air_density = ambient.pressure_pa / (AIR_R_J_KG_K * film_k)
    air_w_k = transfer * air_density * AIR_CP_J_KG_K * (schmidt / _PRANDTL) ** (2 / 3) * area
    heat_j_k = mass * float(row.liquid_cp_j_kg_k(old_k))
    latent = float(row.vaporisation_j_kg(old_k))

    def gained_j(now_k: float) -> float:
        sky = _SIGMA_W_M2_K4 * _EMISSIVITY * (ambient.temperature_k**4 - now_k**4)
        power = ground_w_k * (setting.ground_k - now_k) + air_w_k * (ambient.temperature_k - now_k)
        gain: float = (power + area * (sky + setting.solar_w_m2)) * step_s - heat_j_k * (now_k - old_k)
        return gain

    def carried_kg(now_k: float) -> float:
        return transfer * area * step_s * surface.carried_kg_m3(now_k, ambient.pressure_pa)

    hot = boiling_k - 1e-6
    if gained_j(hot) > latent * carried_kg(hot):
        return boiling_k, min(gained_j(boiling_k) / latent, mass)
    low, high = float(surface.t_k[0]), hot
    for _ in range(48):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if gained_j(middle) > latent * carried_kg(middle) else (low, middle)
    now_k = 0.5 * (low + high)
    return now_k, min(carried_kg(now_k), mass)
