"""From a discharge in time to clouds, a pool and the book of masses."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from models.air.source.expansion import Expanded, expand, kletz_rain_out, mixture_density_kg_m3
from models.air.source.fluid import ASSOCIATED
from models.air.source.outcome import Balance, Outcome, note_of
from models.air.source.pool import GROUNDS, LIMITS, Ground, PoolCourse, PoolSetting, run_pool
from models.air.source.validity import DISSOLVING
from models.air.source.vessel import Course, bins
from models.limits import Outside, outside
from models.substances.substance import SubstanceData
from models.term import Ambient, Shape, SourceTerm
from twin.core.errors import SolverError
from twin.core.geometry import FloatArray, Place
from twin.core.text import Text

STEPS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Falling:
    """What happens to liquid that does not stay in the air.

    ``rain_out`` of a superheated jet: ``none`` (large tests with HF, NH3 and Cl2 found next to none, and it
    is the cautious side downwind), ``kletz`` (as much liquid stays airborne as flashed), or the part of the
    discharged mass that falls out. Liquid below its boiling point falls out altogether. ``ground`` a name
    of ``GROUNDS``; ``bund_area_m2`` None: no dike. The pool is followed until ``until_s``.
    """

    rain_out: str | float = "none"
    ground: str | Ground = "concrete"
    bund_area_m2: float | None = None
    solar_w_m2: float = 0.0
    until_s: float = 3600.0

    def share(self, vapour_fraction: float) -> float:
        """Part of the discharged mass that falls out. Raises SolverError for an unknown rule."""
        if self.rain_out == "kletz":
            return kletz_rain_out(vapour_fraction)
        if self.rain_out == "none":
            return 0.0
        if isinstance(self.rain_out, str) or not 0.0 <= self.rain_out <= 1.0:
            raise SolverError(
                f"rain_out is {self.rain_out!r}; expected kletz, none or a fraction",
                message_zh=f"rain_out 为 {self.rain_out!r}；应为 kletz、none 或 0 至 1 的份额",
                field="rain_out",
                value=self.rain_out,
            )
        return min(self.rain_out, 1.0 - vapour_fraction)

    def floor(self) -> Ground:
        """Ground by name. Raises SolverError for an unknown one."""
        if isinstance(self.ground, Ground):
            return self.ground
        if self.ground not in GROUNDS:
            raise SolverError(
                f"ground is {self.ground!r}; expected one of {', '.join(GROUNDS)}",
                message_zh=f"ground 为 {self.ground!r}；应为 {', '.join(GROUNDS)} 之一",
                field="ground",
                value=self.ground,
            )
        return GROUNDS[self.ground]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """Where the opening is and where it blows."""

    place: Place
    height_m: float
    towards_deg: float
    elevation_deg: float
    shape: Shape = Shape.JET


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Flown:
    """What leaves, in steps: ``times_s`` (n + 1,), the rest (n,); fractions of the discharged mass."""

    times_s: FloatArray
    rate_kg_s: FloatArray
    fallen_fraction: FloatArray
    vapour_fraction: FloatArray
    temperature_k: FloatArray
    speed_m_s: FloatArray
    radius_m: FloatArray

    @property
    def airborne_fraction(self) -> FloatArray:
        """Part of the discharged mass that stays in the air (n,)."""
        return 1.0 - self.fallen_fraction

    @property
    def droplet_fraction(self) -> FloatArray:
        """Droplets over what stays in the air (n,); zero where nothing does."""
        stays = self.airborne_fraction
        part = 1.0 - self.vapour_fraction / np.where(stays > 0.0, stays, 1.0)
        return np.where(stays > 0.0, np.clip(part, 0.0, 1.0), 0.0)

    def upto_kg(self, part: FloatArray | float, grid_s: FloatArray) -> FloatArray:
        """Mass since the start at times, of a part (n,) of what is discharged."""
        masses = np.cumsum(self.rate_kg_s * part * np.diff(self.times_s))
        return np.asarray(np.interp(grid_s, self.times_s, np.concatenate([[0.0], masses])))


def carried(
    row: SubstanceData,
    course: Course,
    ambient: Ambient,
    rules: Falling,
    aim: Aim,
    broken: tuple[Outside, ...],
) -> Outcome:
    """Discharge in time -> steps of equal mass -> jets at ambient pressure."""
    if course[-1].discharged_kg <= 0.0:
        inside_pa = course[0].throat.pressure_pa
        raise SolverError(
            f"nothing leaves the vessel: {inside_pa:g} Pa in the opening and no liquid above it",
            message_zh="无物料流出：孔口处无压差且其上无液体",
            field="pressure_pa",
        )
    bounds = bins(course, STEPS)
    masses = np.interp(bounds, [m.time_s for m in course], [m.discharged_kg for m in course])
    rates = np.diff(masses) / np.diff(bounds)
    jets: list[Expanded] = []
    for middle, rate in zip(0.5 * (bounds[1:] + bounds[:-1]), rates, strict=True):
        moment = min(course, key=lambda m: abs(m.time_s - middle))
        jets.append(expand(row, moment.throat, float(rate), ambient.pressure_pa))
    vapour = np.array([1.0 - jet.liquid_fraction for jet in jets])
    cold = np.array([jet.liquid_fraction >= 1.0 for jet in jets])
    dry = np.array(
        [m.phase == "gas" for m in (min(course, key=lambda m: abs(m.time_s - t)) for t in bounds[:-1])]
    )
    fallen = np.array(
        [1.0 if c else 0.0 if d else rules.share(float(x)) for c, d, x in zip(cold, dry, vapour, strict=True)]
    )
    flown = Flown(
        times_s=bounds,
        rate_kg_s=rates,
        fallen_fraction=fallen,
        vapour_fraction=vapour,
        temperature_k=np.array([jet.temperature_k for jet in jets]),
        speed_m_s=np.array([jet.speed_m_s for jet in jets]),
        radius_m=np.array([jet.radius_m for jet in jets]),
    )
    return composed(row, flown, ambient, rules, aim, broken, _assumed(row, course))


def composed(
    row: SubstanceData,
    flown: Flown,
    ambient: Ambient,
    rules: Falling,
    aim: Aim,
    broken: tuple[Outside, ...],
    assumed: tuple[Text, ...] = (),
) -> Outcome:
    """Jet and pool of a discharge in steps, and the balance on a common grid of times."""
    until_s = max(rules.until_s, float(flown.times_s[-1]))
    grid = np.union1d(flown.times_s, np.concatenate([np.geomspace(1.0, until_s, 160), [0.0, until_s]]))
    rained = flown.upto_kg(flown.fallen_fraction, grid)
    setting = PoolSetting(
        row=row,
        ambient=ambient,
        ground=rules.floor(),
        bund_area_m2=rules.bund_area_m2,
        solar_w_m2=rules.solar_w_m2,
    )
    course = None
    if rained[-1] > 0.0:
        step = np.searchsorted(flown.times_s, grid[:-1], side="right") - 1
        warm = flown.temperature_k[np.clip(step, 0, len(flown.rate_kg_s) - 1)]
        course = run_pool(setting, grid, np.diff(rained), warm)
        broken = (*broken, *_pool_limits(setting, course))
        assumed = (*assumed, DISSOLVING) if setting.ground.film_w_m2_k > 0.0 else assumed
    zero = np.zeros_like(grid)
    evaporated = zero if course is None else course.evaporated_kg
    left = zero if course is None else course.pool_kg
    balance = Balance(
        times_s=grid,
        discharged_kg=flown.upto_kg(1.0, grid),
        vapour_kg=flown.upto_kg(flown.airborne_fraction * (1.0 - flown.droplet_fraction), grid),
        aerosol_kg=flown.upto_kg(flown.airborne_fraction * flown.droplet_fraction, grid),
        evaporated_kg=evaporated,
        removed_kg=zero,
        pool_kg=left,
    )
    notes = (*(note_of(found) for found in broken), *assumed)
    jet = _jet_term(row, flown, ambient, aim, notes)
    pool = None if course is None else _pool_term(row, course, aim, notes)
    return Outcome(jet=jet, pool=pool, balance=balance, outside=broken, notes=notes)


def _assumed(row: SubstanceData, course: Course) -> tuple[Text, ...]:
    if row.id in ASSOCIATED and any(moment.phase == "gas" for moment in course):
        return (
            Text(
                zh="气相缔合：泄放率按单体比热比与缔合后的密度计算",
                en="the vapour associates: flow by the monomer heat capacities at the associated density",
            ),
        )
    return ()


def _jet_term(
    row: SubstanceData, flown: Flown, ambient: Ambient, aim: Aim, notes: tuple[Text, ...]
) -> SourceTerm | None:
    airborne, liquid = flown.airborne_fraction, flown.droplet_fraction
    if not np.any(flown.rate_kg_s * airborne > 0.0):
        return None
    radius, tall = flown.radius_m * np.sqrt(np.where(airborne > 0.0, airborne, 1.0)), 0.0
    if aim.shape is not Shape.JET:
        density = mixture_density_kg_m3(
            row, float(flown.temperature_k[0]), float(liquid[0]), ambient.pressure_pa
        )
        # at rest: what leaves in a second (all, when at once) stands as a cylinder as high as wide
        tall = float((flown.rate_kg_s[0] * airborne[0] / (math.pi * density)) ** (1 / 3))
        radius = np.full_like(radius, tall)
    # a liquid that has cooled to its boiling point only falls: the jet ends there
    end = int(np.flatnonzero(flown.rate_kg_s * airborne > 0.0)[-1]) + 1
    return SourceTerm(
        substance_id=row.id,
        shape=aim.shape,
        place=aim.place,
        height_m=aim.height_m,
        times_s=flown.times_s[: end + 1],
        rate_kg_s=(flown.rate_kg_s * airborne)[:end],
        temperature_k=flown.temperature_k[:end],
        liquid_fraction=liquid[:end],
        air_fraction=np.zeros(end),
        radius_m=radius[:end],
        speed_m_s=flown.speed_m_s[:end],
        towards_deg=aim.towards_deg,
        elevation_deg=aim.elevation_deg,
        height_of_cylinder_m=tall if aim.shape is Shape.INSTANT else 0.0,
        notes=notes,
    )


def _pool_term(
    row: SubstanceData, course: PoolCourse, aim: Aim, notes: tuple[Text, ...]
) -> SourceTerm | None:
    total = float(course.evaporated_kg[-1])
    if total <= 0.0:
        return None
    first = int(np.argmax(course.evaporated_kg > 0.0)) - 1
    masses = np.linspace(0.0, total, STEPS + 1)
    grown = course.evaporated_kg[first:] + np.linspace(0.0, 1e-12 * total, len(course.times_s) - first)
    bounds = np.interp(masses, grown, course.times_s[first:])
    middles = 0.5 * (bounds[1:] + bounds[:-1])
    at = np.clip(np.searchsorted(course.times_s, middles) - 1, 0, len(course.radius_m) - 1)
    zero = np.zeros(STEPS)
    return SourceTerm(
        substance_id=row.id,
        shape=Shape.POOL,
        place=aim.place,
        height_m=0.0,
        times_s=bounds,
        rate_kg_s=np.diff(masses) / np.diff(bounds),
        temperature_k=course.temperature_k[at],
        liquid_fraction=zero,
        air_fraction=zero,
        radius_m=course.radius_m[at],
        speed_m_s=zero,
        notes=notes,
    )


def _pool_limits(setting: PoolSetting, course: PoolCourse) -> tuple[Outside, ...]:
    return outside(
        LIMITS,
        {"wind_speed_10_m_s": setting.wind_10_m_s, "pool_radius_m": float(np.max(course.radius_m))},
    )
