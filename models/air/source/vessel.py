"""A vessel that empties through an opening: pressure, temperature and level in time.

Gas: adiabatic, reversible expansion of what stays (TNO Yellow Book 2.5.2.2). Liquefied gas: vapour and
liquid in equilibrium; the vapour that fills the room of the liquid that leaves, or that leaves itself,
cools the liquid. Cold liquid: the pressure over it is held (blanket or breather).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from models.air.source.fluid import compressibility, vapour_density_kg_m3
from models.air.source.orifice import Throat, gas_throat, liquid_throat, two_phase_throat
from models.air.source.pipe import Pipe, gas_pipe_throat, liquid_pipe_throat
from models.substances.substance import SubstanceData
from twin.core.errors import SolverError
from twin.core.geometry import FloatArray

_SHARE_PER_STEP = 0.01
_STEPS_MAX = 4000


class Form(StrEnum):
    """Shape of a vessel."""

    UPRIGHT = "upright"  # cylinder on its end
    LYING = "lying"  # cylinder on its side, flat ends
    SPHERE = "sphere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vessel:
    """A vessel: volume, vertical extent (diameter of a lying cylinder or a sphere) and form."""

    volume_m3: float
    height_m: float
    form: Form = Form.UPRIGHT

    def level_m(self, liquid_m3: float) -> float:
        """Height of the surface over the lowest point, for a volume of liquid."""
        part = min(max(liquid_m3 / self.volume_m3, 0.0), 1.0)
        if self.form is Form.UPRIGHT:
            return part * self.height_m
        low, high = 0.0, 1.0
        for _ in range(50):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if self._filled(middle) < part else (low, middle)
        return 0.5 * (low + high) * self.height_m

    def liquid_m3(self, level_m: float) -> float:
        """Volume of liquid under a level."""
        part = min(max(level_m / self.height_m, 0.0), 1.0)
        return self.volume_m3 * (part if self.form is Form.UPRIGHT else self._filled(part))

    def _filled(self, part: float) -> float:
        if self.form is Form.SPHERE:
            return part * part * (3.0 - 2.0 * part)
        angle = 2.0 * math.acos(1.0 - 2.0 * part)
        return (angle - math.sin(angle)) / (2.0 * math.pi)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Hole or pipe end. ``height_m`` over the vessel's lowest point, ``discharge_factor`` None = by phase.

    Without a pipe the wall is thin: a superheated liquid boils only outside. ``nozzle`` True: long enough
    (about 0.1 m) to boil inside.
    """

    diameter_m: float
    height_m: float = 0.0
    discharge_factor: float | None = None
    pipe: Pipe | None = None
    nozzle: bool = False

    @property
    def area_m2(self) -> float:
        """Cross-section."""
        return 0.25 * math.pi * self.diameter_m**2


# CCPS (1999) 2.1: 0.61 for liquids through sharp holes, 1.0 for choked gas; API 520: 0.85 for two phases.
FACTORS = {"liquid": 0.61, "gas": 1.0, "two_phase": 0.85}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """State of the discharge at a moment: what has left so far and how it leaves now."""

    time_s: float
    discharged_kg: float
    rate_kg_s: float
    throat: Throat
    phase: str


Course = tuple[Moment, ...]
_Flow = Callable[[float, float], tuple[Throat, str]]


def _rate(opening: Opening, throat: Throat, phase: str) -> float:
    factor = 1.0 if opening.pipe is not None else FACTORS[phase]
    if opening.discharge_factor is not None:
        factor = opening.discharge_factor
    return factor * opening.area_m2 * throat.flux_kg_m2_s


def gas_course(
    row: SubstanceData,
    vessel: Vessel,
    opening: Opening,
    temperature_k: float,
    pressure_pa: float,
    back_pa: float,
    duration_s: float,
) -> Course:
    """Adiabatic blow-down of a vessel of gas: T ~ m^(g - 1), p ~ m T."""
    gamma = row.gamma(temperature_k)
    z = compressibility(row, temperature_k, pressure_pa)
    first_kg = pressure_pa * vessel.volume_m3 / (z * row.gas_constant_j_kg_k * temperature_k)

    def flow(left_kg: float, _: float) -> tuple[Throat, str]:
        part = left_kg / first_kg
        warm_k = temperature_k * part ** (gamma - 1.0)
        inside_pa = max(pressure_pa * part**gamma, back_pa)
        if opening.pipe is not None:
            return gas_pipe_throat(row, opening.pipe, warm_k, inside_pa, back_pa), "gas"
        return gas_throat(row, warm_k, inside_pa, back_pa), "gas"

    least_kg = first_kg * min((back_pa / pressure_pa) ** (1.0 / gamma), 1.0)
    return _march(opening, flow, first_kg, least_kg, 0.0, lambda *_: 0.0, duration_s)


def liquid_course(
    row: SubstanceData,
    vessel: Vessel,
    opening: Opening,
    temperature_k: float,
    pressure_pa: float | None,
    fill_fraction: float,
    back_pa: float,
    duration_s: float,
) -> Course:
    """A vessel with liquid: under its vapour pressure (``pressure_pa`` None or below it) or a held pressure.

    Above the level of the liquid the opening lets vapour out, and the liquid boils and cools. Swelling of a
    boiling level is not modelled.
    """
    blanket_pa = 0.0 if pressure_pa is None else pressure_pa
    density = float(row.liquid_density_kg_m3(temperature_k))
    first_kg = fill_fraction * vessel.volume_m3 * density
    boils = float(row.vapour_pressure_pa(temperature_k)) > back_pa

    def inside_pa(now_k: float) -> float:
        saturated = float(row.vapour_pressure_pa(now_k))
        return max(saturated, blanket_pa, 0.0 if boils else back_pa)

    def flow(left_kg: float, now_k: float) -> tuple[Throat, str]:
        liquid_m3 = left_kg / float(row.liquid_density_kg_m3(now_k))
        head = vessel.level_m(liquid_m3) - opening.height_m
        if head <= 0.0:
            return _vapour(row, opening, now_k, inside_pa(now_k), back_pa), "gas"
        return _liquid(row, opening, now_k, inside_pa(now_k), head, back_pa)

    def cooling(left_kg: float, now_k: float, rate_kg_s: float, phase: str) -> float:
        latent = float(row.vaporisation_j_kg(now_k))
        made = rate_kg_s
        if phase != "gas":
            saturated = float(row.vapour_pressure_pa(now_k))
            made *= vapour_density_kg_m3(row, now_k, saturated) / float(row.liquid_density_kg_m3(now_k))
        heat = left_kg * float(row.liquid_cp_j_kg_k(now_k))
        return -made * latent / max(heat, 1e-9) if boils else 0.0

    kept_m3 = vessel.liquid_m3(opening.height_m)
    least_kg = 0.001 * first_kg if boils else min(kept_m3 * density, first_kg)
    return _march(opening, flow, first_kg, least_kg, temperature_k, cooling, duration_s)


def _vapour(row: SubstanceData, opening: Opening, now_k: float, inside_pa: float, back_pa: float) -> Throat:
    if opening.pipe is not None:
        return gas_pipe_throat(row, opening.pipe, now_k, max(inside_pa, back_pa), back_pa)
    return gas_throat(row, now_k, max(inside_pa, back_pa), back_pa)


def _liquid(
    row: SubstanceData, opening: Opening, now_k: float, inside_pa: float, head: float, back_pa: float
) -> tuple[Throat, str]:
    superheated = float(row.vapour_pressure_pa(now_k)) > back_pa
    total_pa = inside_pa + float(row.liquid_density_kg_m3(now_k)) * 9.80665 * head
    if superheated and (opening.nozzle or opening.pipe is not None):
        throat = two_phase_throat(row, now_k, total_pa, back_pa)
        if opening.pipe is None:
            return throat, "two_phase"
        # friction slows the mixture as it slows a liquid: Fauske and Epstein (1988), F = 1 / sqrt(1 + 4fL/D)
        slowed = 1.0 / math.sqrt(1.0 + opening.pipe.resistance_ratio)
        return _slowed(throat, slowed), "two_phase"
    if opening.pipe is not None:
        return liquid_pipe_throat(row, opening.pipe, now_k, inside_pa, head, back_pa), "liquid"
    return liquid_throat(row, now_k, inside_pa, head, back_pa), "liquid"


def _slowed(throat: Throat, factor: float) -> Throat:
    return Throat(
        flux_kg_m2_s=throat.flux_kg_m2_s * factor,
        pressure_pa=throat.pressure_pa,
        temperature_k=throat.temperature_k,
        speed_m_s=throat.speed_m_s * factor,
        vapour_fraction=throat.vapour_fraction,
        choked=throat.choked,
    )


def _march(
    opening: Opening,
    flow: _Flow,
    first_kg: float,
    least_kg: float,
    temperature_k: float,
    cooling: Callable[[float, float, float, str], float],
    duration_s: float,
) -> Course:
    """Steps of one per cent of what may leave (Heun); ends when nothing flows or the time is over."""
    if duration_s <= 0.0:
        raise SolverError(
            f"duration_s is {duration_s}; expected a positive time",
            message_zh=f"duration_s 为 {duration_s}；应为正的时间",
            field="duration_s",
            value=duration_s,
        )
    time_s, left_kg, now_k = 0.0, first_kg, temperature_k
    found: list[Moment] = []
    for _ in range(_STEPS_MAX):
        throat, phase = flow(left_kg, now_k)
        rate = _rate(opening, throat, phase)
        found.append(
            Moment(
                time_s=time_s, discharged_kg=first_kg - left_kg, rate_kg_s=rate, throat=throat, phase=phase
            )
        )
        spare_kg = left_kg - least_kg
        if rate <= 1e-9 or spare_kg <= 1e-3 * (first_kg - least_kg) or time_s >= duration_s:
            break
        step_s = min(
            _SHARE_PER_STEP * max(spare_kg, 0.05 * (first_kg - least_kg)) / rate, duration_s - time_s
        )
        slope_k = cooling(left_kg, now_k, rate, phase)
        ahead_kg, ahead_k = max(left_kg - rate * step_s, least_kg), now_k + slope_k * step_s
        later, later_phase = flow(ahead_kg, ahead_k)
        later_rate = _rate(opening, later, later_phase)
        mean_k = 0.5 * (slope_k + cooling(ahead_kg, ahead_k, later_rate, later_phase))
        left_kg = max(left_kg - 0.5 * (rate + later_rate) * step_s, least_kg)
        now_k, time_s = now_k + mean_k * step_s, time_s + step_s
    return tuple(found)


def bins(course: Course, count: int) -> FloatArray:
    """Bounds of ``count`` steps in time that hold equal masses (``count`` + 1,)."""
    times = np.array([moment.time_s for moment in course])
    masses = np.array([moment.discharged_kg for moment in course])
    if len(times) < 2 or masses[-1] <= 0.0:
        return np.array([0.0, max(float(times[-1]), 1.0)])
    return np.asarray(np.interp(np.linspace(0.0, masses[-1], count + 1), masses, times))
