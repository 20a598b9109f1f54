"""One-dimensional dense-gas model over flat ground: the instant answer.

``similarity_run`` takes a source term and an ambient and gives a cloud that answers for any place and time.
After Ermak (1990, UCRL-MA-105607) in structure; closures and their sources are named where they are used
(``steady``, ``jet``, ``burst``, ``surroundings``, ``cloud``). No constant was fitted to a field experiment
here.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from models.air.dense.burst import slump
from models.air.dense.cloud import BurstPart, DenseCloud, SteadyPart
from models.air.dense.jet import Nozzle, free_jet
from models.air.dense.steady import Feed, Sections, Start, ground_plume, joined
from models.air.dense.surroundings import BOX_SHARE, Surroundings, surroundings
from models.air.dense.table import MixtureTable, mixture_table
from models.air.turbulence import KARMAN, wind_profile
from models.limits import Limit, outside
from models.term import Ambient, Shape, SourceTerm
from twin.core.errors import SolverError
from twin.core.geometry import Place
from twin.core.text import Text

LIMITS: tuple[Limit, ...] = (
    Limit(
        quantity="wind_speed_m_s",
        units="m/s",
        low=1.0,
        high=20.0,
        why=Text(
            zh="微风时气云会逆风扩展，一维模型不能表示",
            en="in light wind the cloud spreads upwind, which one dimension cannot show",
        ),
    ),
    Limit(
        quantity="roughness_m",
        units="m",
        low=1e-5,
        high=1.0,
        why=Text(zh="气云应高于粗糙元", en="the cloud should stand above what makes the ground rough"),
    ),
    Limit(
        quantity="reach_m",
        units="m",
        high=20_000.0,
        why=Text(zh="风场假定恒定", en="the wind is taken as the same all the way"),
    ),
    Limit(
        quantity="turn_deg",
        units="deg",
        low=-30.0,
        high=30.0,
        why=Text(
            zh="射流与风向夹角大时仅计顺风分量", en="of a jet across the wind only the part along it counts"
        ),
    ),
)
FLAT = Text(
    zh="平坦地面一维模型：不含地形、建筑物和围堰",
    en="one-dimensional over flat ground: no terrain, buildings or dikes",
)
LIGHT = Text(
    zh="气云轻于空气时按地面气云计算，不计抬升",
    en="a cloud lighter than air stays on the ground here once it is there",
)


def similarity_run(
    term: SourceTerm, ambient: Ambient, averaging_s: float = 60.0, reach_m: float = 10_000.0
) -> DenseCloud:
    """Cloud of a source over flat ground.

    ``averaging_s``: time over which concentrations are means (18 s is the least that makes a difference);
    ``reach_m``: how far downwind the answer goes. Steps of the source without rate are left out. Raises
    SolverError where nothing is released or a number cannot be used.
    """
    if not (averaging_s > 0.0 and reach_m > 1.0):
        msg = f"averaging_s is {averaging_s:g}, reach_m {reach_m:g}; expected more than 0 and more than 1 m"
        raise SolverError(
            msg,
            message_zh=f"averaging_s={averaging_s:g}、reach_m={reach_m:g}；应为正数",
            field="reach_m",
            value=reach_m,
        )
    steps = [k for k in range(term.rate_kg_s.size) if term.rate_kg_s[k] > 0.0]
    if not steps:
        msg = "the source releases nothing; expected a positive rate_kg_s in at least one step"
        raise SolverError(
            msg, message_zh="源项没有排放；至少一步的 rate_kg_s 应为正", field="rate_kg_s", value=0.0
        )
    made: dict[tuple[float, ...], SteadyPart | BurstPart] = {}
    parts = tuple(_part(term, ambient, k, reach_m, made) for k in steps)
    turn = _turn_deg(term, ambient) if term.shape is Shape.JET and abs(term.elevation_deg) < 80.0 else 0.0
    values = {
        "wind_speed_m_s": ambient.wind_speed_m_s,
        "roughness_m": ambient.roughness_m,
        "reach_m": reach_m,
        "turn_deg": turn,
    }
    light = parts[0].table.density_kg_m3.min() < 0.999 * parts[0].table.ambient_density_kg_m3
    return DenseCloud(
        substance_id=term.substance_id,
        place=term.place,
        towards_deg=ambient.towards_deg,
        averaging_s=averaging_s,
        parts=parts,
        texts=(FLAT, *((LIGHT,) if light else ()), *term.notes),
        outside=tuple(row.note for row in outside(LIMITS, values)),
    )


def _part(
    term: SourceTerm,
    ambient: Ambient,
    k: int,
    reach_m: float,
    made: dict[tuple[float, ...], SteadyPart | BurstPart],
) -> SteadyPart | BurstPart:
    """Step ``k``; one that leaves the same state as an earlier one (``made``) shares its plume."""
    start, end = float(term.times_s[k]), float(term.times_s[k + 1])
    states = (term.rate_kg_s, term.temperature_k, term.liquid_fraction, term.air_fraction)
    key = tuple(float(row[k]) for row in (*states, term.radius_m, term.speed_m_s))
    if key not in made:
        made[key] = _made(term, ambient, k, reach_m)
    part = made[key]
    return (
        replace(part, start_s=start, end_s=end)
        if isinstance(part, SteadyPart)
        else replace(part, start_s=start)
    )


def _made(term: SourceTerm, ambient: Ambient, k: int, reach_m: float) -> SteadyPart | BurstPart:
    table = mixture_table(
        term.substance_id,
        float(term.temperature_k[k]),
        float(term.liquid_fraction[k]),
        ambient,
        float(term.air_fraction[k]),
    )
    air = surroundings(ambient, table.ambient_density_kg_m3)
    rate = float(term.rate_kg_s[k])
    total = rate / float(table.mass_fraction[-1])
    start, end = float(term.times_s[k]), float(term.times_s[k + 1])
    if term.shape is Shape.INSTANT:
        return _burst(term, table, air, rate * (end - start), start, reach_m)
    if term.shape is Shape.POOL:
        sections = _pool(table, air, total, rate, float(term.radius_m[k]), reach_m)
    else:
        nozzle = Nozzle(
            total_kg_s=total,
            substance_kg_s=rate,
            speed_m_s=_speed(term, table, total, k),
            height_m=term.height_m,
            elevation_deg=90.0 if term.shape is Shape.VENT else term.elevation_deg,
            turn_deg=_turn_deg(term, ambient) if term.shape is Shape.JET else 0.0,
        )
        sections = _jet(table, air, nozzle, reach_m)
    return SteadyPart(table=table, air=air, sections=sections, start_s=start, end_s=end)


def _burst(
    term: SourceTerm, table: MixtureTable, air: Surroundings, mass_kg: float, start_s: float, reach_m: float
) -> BurstPart:
    total = mass_kg / float(table.mass_fraction[-1])
    radius = float(term.radius_m[0])
    volume = total / float(table.density_kg_m3[-1])
    if radius <= 0.0:
        height = term.height_of_cylinder_m
        radius = math.sqrt(volume / (math.pi * height)) if height > 0.0 else (volume / math.pi) ** (1.0 / 3.0)
    return BurstPart(
        table=table, air=air, puff=slump(table, air, total, mass_kg, radius, reach_m), start_s=start_s
    )


def _pool(
    table: MixtureTable, air: Surroundings, total: float, rate: float, radius_m: float, reach_m: float
) -> Sections:
    half = 0.5 * math.sqrt(math.pi) * max(radius_m, 0.1)  # square of the same area
    first = 1e-3  # of the source is there at the first node, so that the plume has a cross-section
    begin = Start(
        x_m=-half,
        age_s=0.0,
        mass_flux_kg_s=first * total,
        entrained_kg_s=0.0,
        half_width_m=BOX_SHARE * half,
        sigma_m=math.sqrt((1.0 - BOX_SHARE**2) / 3.0) * half,
        slip_momentum_kg_m_s2=0.0,
    )
    feed = Feed(
        total_kg_s=total, substance_kg_s=rate, x0_m=-half - first / (1.0 - first) * 2.0 * half, x1_m=half
    )
    return ground_plume(table, air, begin, feed, reach_m)


def _jet(table: MixtureTable, air: Surroundings, nozzle: Nozzle, reach_m: float) -> Sections:
    free, start = free_jet(table, air, nozzle, reach_m)
    if start is None or start.x_m >= reach_m:
        if free is None:
            msg = "the jet neither flies nor lands within reach_m"
            raise SolverError(
                msg, message_zh="射流在 reach_m 内既未飞行也未落地", field="reach_m", value=reach_m
            )
        return free
    feed = Feed(
        total_kg_s=nozzle.total_kg_s, substance_kg_s=nozzle.substance_kg_s, x0_m=start.x_m, x1_m=start.x_m
    )
    ground = ground_plume(table, air, start, feed, reach_m)
    return ground if free is None else joined(free, ground)


def _speed(term: SourceTerm, table: MixtureTable, total: float, k: int) -> float:
    """Speed of the opening; from rate and radius where it is not given."""
    speed, radius = float(term.speed_m_s[k]), float(term.radius_m[k])
    if speed > 0.0:
        return speed
    if radius <= 0.0:
        msg = "speed_m_s and radius_m of the jet are both 0; expected one of them to be positive"
        raise SolverError(
            msg,
            message_zh="射流的 speed_m_s 与 radius_m 均为 0；至少一项应为正",
            field="speed_m_s",
            value=0.0,
        )
    return total / (float(table.density_kg_m3[-1]) * math.pi * radius * radius)


def _turn_deg(term: SourceTerm, ambient: Ambient) -> float:
    return (term.towards_deg - ambient.towards_deg + 180.0) % 360.0 - 180.0


def simple_term(
    substance_id: str,
    *,
    shape: str,
    temperature_k: float,
    rate_kg_s: float = 0.0,
    mass_kg: float = 0.0,
    duration_s: float = 3600.0,
    liquid_fraction: float = 0.0,
    air_fraction: float = 0.0,
    radius_m: float = 0.0,
    area_m2: float = 0.0,
    speed_m_s: float = 0.0,
    height_m: float = 0.0,
    elevation_deg: float = 0.0,
    towards_deg: float = 90.0,
    cylinder_height_m: float = 0.0,
) -> SourceTerm:
    """Source of one step from a few numbers, for published cases.

    ``shape`` is ``pool``, ``jet``, ``vent`` or ``instant``; ``rate_kg_s`` or ``mass_kg`` (which for the
    first three is spread over ``duration_s``) of the substance; ``radius_m`` or ``area_m2`` of the pool,
    the expanded jet or the cylinder. ``towards_deg`` and ``elevation_deg`` of a jet; 90 is east, downwind
    of a west wind.
    """
    kind = Shape(shape)
    length = 1.0 if kind is Shape.INSTANT else duration_s
    rate = mass_kg / length if mass_kg > 0.0 else rate_kg_s
    radius = math.sqrt(area_m2 / math.pi) if area_m2 > 0.0 else radius_m

    def one(value: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.array([value], dtype=np.float64)

    return SourceTerm(
        substance_id=substance_id,
        shape=kind,
        place=Place(x_m=0.0, y_m=0.0, z_m=height_m),
        height_m=height_m,
        times_s=np.array([0.0, length]),
        rate_kg_s=one(rate),
        temperature_k=one(temperature_k),
        liquid_fraction=one(liquid_fraction),
        air_fraction=one(air_fraction),
        radius_m=one(radius),
        speed_m_s=one(speed_m_s),
        towards_deg=towards_deg,
        elevation_deg=elevation_deg,
        height_of_cylinder_m=cylinder_height_m,
    )


def ambient_of(
    *,
    wind_speed_m_s: float,
    wind_height_m: float,
    roughness_m: float,
    temperature_k: float,
    relative_humidity_fraction: float,
    inverse_obukhov_1_m: float = 0.0,
    wind_from_deg: float = 270.0,
    pressure_pa: float = 101_325.0,
    friction_velocity_m_s: float | None = None,
    mixing_height_m: float = math.inf,
) -> Ambient:
    """Ambient from a wind, 1/L and roughness; u* from the profile where it is not given."""
    shape = float(wind_profile(wind_height_m, roughness_m, inverse_obukhov_1_m))
    friction = KARMAN * wind_speed_m_s / shape if friction_velocity_m_s is None else friction_velocity_m_s
    return Ambient(
        wind_speed_m_s=wind_speed_m_s,
        wind_height_m=wind_height_m,
        towards_deg=(wind_from_deg + 180.0) % 360.0,
        roughness_m=roughness_m,
        friction_velocity_m_s=friction,
        inverse_obukhov_1_m=inverse_obukhov_1_m,
        temperature_k=temperature_k,
        relative_humidity_fraction=relative_humidity_fraction,
        pressure_pa=pressure_pa,
        mixing_height_m=mixing_height_m,
    )


# Golder (1972, Boundary-Layer Meteorol. 3, 47-58), lines through the middle of each class as
# 1/L = a z0^b in the form of Liu et al. (1976): signs positive for stable
_GOLDER = {
    "A": (-0.0875, -0.1029),
    "B": (-0.03849, -0.1714),
    "C": (-0.00807, -0.3049),
    "D": (0.0, 0.0),
    "E": (0.00807, -0.3049),
    "F": (0.03849, -0.1714),
}


def inverse_obukhov_of_class(pasquill: str, roughness_m: float) -> float:
    """1/L of a Pasquill class A to F over a roughness (Golder 1972). SolverError for another letter.

    >>> inverse_obukhov_of_class("D", 0.03)
    0.0
    """
    if pasquill.upper() not in _GOLDER:
        msg = f"pasquill is {pasquill!r}; expected one of {', '.join(_GOLDER)}"
        raise SolverError(
            msg,
            message_zh=f"pasquill 为 {pasquill!r}；应为 {', '.join(_GOLDER)} 之一",
            field="pasquill",
            value=pasquill,
        )
    a, b = _GOLDER[pasquill.upper()]
    return a * min(max(roughness_m, 1e-3), 0.5) ** b if a else 0.0


def ambient_of_class(
    *,
    pasquill: str,
    wind_speed_m_s: float,
    wind_height_m: float,
    roughness_m: float,
    temperature_k: float,
    relative_humidity_fraction: float,
    wind_from_deg: float = 270.0,
    pressure_pa: float = 101_325.0,
) -> Ambient:
    """Ambient of a Pasquill class, for cases that give no more."""
    return ambient_of(
        wind_speed_m_s=wind_speed_m_s,
        wind_height_m=wind_height_m,
        roughness_m=roughness_m,
        temperature_k=temperature_k,
        relative_humidity_fraction=relative_humidity_fraction,
        inverse_obukhov_1_m=inverse_obukhov_of_class(pasquill, roughness_m),
        wind_from_deg=wind_from_deg,
        pressure_pa=pressure_pa,
    )
