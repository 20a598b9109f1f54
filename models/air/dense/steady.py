"""A steady plume of dense gas on flat ground: one ordinary differential equation along the wind.

The structure is that of Ermak (1990, UCRL-MA-105607, ch. 2): fluxes of mass, momentum and heat through a
cross-section whose shape is prescribed, with half width and height. The closures are published ones and the
same as those of the shallow layer: air through the top by Spicer and Havens (1986) with the exact passive
limit of van Ulden (1978); the front advances at 1.15 sqrt(g' D) (van Ulden 1974; Spicer and Havens 1985);
lateral turbulence by Draxler (1976) in the time scale of a puff.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace

import numpy as np
from scipy.integrate import solve_ivp

from models.air.dense.surroundings import SHORTEST_S, SLIP_MIXING, SPEED_HEIGHT, Layer, Surroundings
from models.air.dense.table import MixtureTable
from models.air.dense.warming import WarmLines, warm_lines
from models.air.turbulence import GRAVITY_M_S2
from twin.core.errors import SolverError
from twin.core.geometry import FloatArray

FRONT_FROUDE = 1.15
# sideways growth of a jet along the ground: 0.26 of its half-velocity width (Launder and Rodi 1983,
# Annu. Rev. Fluid Mech. 15, 429-459), as half width of the box of the same second moment (times 1.47)
WALL_JET = 0.26 * math.sqrt(3.0) / math.sqrt(2.0 * math.log(2.0))
# state: mass flux, box half width, spread, momentum of the slip, age, air taken in, lateral momentum, heat
MASS, BOX, SIGMA, SLIP, AGE, AIR, FRONT, HEAT, STATES = range(9)
_TOLERANCE = 1e-7
_NODES_PER_DECADE = 45


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sections:
    """Cross-sections of a plume along the wind; arrays (n,).

    ``x_m`` from the source, ``age_s`` of the gas, ``mass_flux_kg_s`` of everything, ``speed_m_s``, box half
    width ``half_width_m`` and turbulent spread ``sigma_m`` (seen for 18 s), ``mean_height_m`` and
    ``exponent`` of the vertical profile on the ground. The part ``aloft`` (1 in the air, falling to 0 after
    touch-down) is a Gaussian around ``axis_m`` with ``spread_m``. ``mass_fraction`` of the substance is the
    mean; ``entrained_kg_s`` air since the start, ``rate_kg_s`` the flux of the substance, ``heat_w`` what
    the ground gave.
    """

    x_m: FloatArray
    age_s: FloatArray
    mass_flux_kg_s: FloatArray
    entrained_kg_s: FloatArray
    heat_w: FloatArray
    rate_kg_s: FloatArray
    speed_m_s: FloatArray
    half_width_m: FloatArray
    sigma_m: FloatArray
    mean_height_m: FloatArray
    exponent: FloatArray
    axis_m: FloatArray
    spread_m: FloatArray
    aloft: FloatArray
    mass_fraction: FloatArray
    density_kg_m3: FloatArray
    temperature_k: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Cross-section with which a plume on the ground begins."""

    x_m: float
    age_s: float
    mass_flux_kg_s: float
    entrained_kg_s: float
    half_width_m: float
    sigma_m: float
    slip_momentum_kg_m_s2: float
    lateral_momentum_kg_m_s2: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Pool under the plume: ``total_kg_s`` of the source's mixture enters evenly from ``x0`` to ``x1``."""

    total_kg_s: float
    substance_kg_s: float
    x0_m: float
    x1_m: float


def ground_plume(
    table: MixtureTable, air: Surroundings, start: Start, feed: Feed, reach_m: float
) -> Sections:
    """Plume from ``start`` to ``reach_m``. Raises SolverError when the equations cannot be integrated."""
    begin = np.zeros(STATES)
    begin[MASS], begin[BOX], begin[SIGMA] = start.mass_flux_kg_s, start.half_width_m, start.sigma_m
    begin[FRONT] = start.lateral_momentum_kg_m_s2
    begin[SLIP], begin[AGE], begin[AIR] = start.slip_momentum_kg_m_s2, start.age_s, start.entrained_kg_s
    model = _Ground(table=table, warm=warm_lines(table), air=air, feed=feed)
    pieces: list[tuple[FloatArray, FloatArray]] = []
    at = start.x_m
    for end in sorted({feed.x1_m, reach_m}):
        if end <= at:
            continue
        scale = max(start.half_width_m, 0.5)
        count = max(int(_NODES_PER_DECADE * math.log10((end - at) / (0.02 * scale) + 1.0)), 8)
        nodes = np.unique(np.concatenate([[at], at + np.geomspace(0.02 * scale, end - at, count)]))
        nodes[-1] = end
        done = solve_ivp(
            model.slope,
            (at, end),
            begin,
            method="LSODA",
            t_eval=nodes,
            rtol=_TOLERANCE,
            atol=1e-8,
        )
        if not done.success:
            _failed(str(done.message), at)
        pieces.append((done.t, done.y))
        begin, at = done.y[:, -1], end
    x = np.concatenate([piece[0] for piece in pieces])
    y = np.concatenate([piece[1] for piece in pieces], axis=1)
    keep = np.concatenate([[True], np.diff(x) > 0.0])
    return model.sections(x[keep], y[:, keep])


def joined(free: Sections, ground: Sections) -> Sections:
    """Flight and ground one after the other; the flight's profile fades over four depths after touch-down."""
    last = ground.x_m > free.x_m[-1] + 1e-9
    x = ground.x_m[last]
    fade = np.exp(-(x - free.x_m[-1]) / (8.0 * ground.mean_height_m[0]))
    after = {
        "axis_m": np.full(x.size, free.axis_m[-1]),
        "spread_m": np.full(x.size, free.spread_m[-1]),
        "aloft": fade,
    }
    rows = {
        field.name: np.concatenate(
            [getattr(free, field.name), after.get(field.name, getattr(ground, field.name)[last][: x.size])]
        )
        for field in fields(Sections)
    }
    return Sections(**rows)


def _failed(why: str, x_m: float) -> None:
    msg = f"the one-dimensional plume stopped at {x_m:g} m: {why}"
    raise SolverError(msg, message_zh=f"一维重气模型在 {x_m:g} m 处停止：{why}", field="x_m", value=x_m)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    fraction: float
    density_kg_m3: float
    temperature_k: float
    width_m: float
    mean: float
    speed: float
    outward_m_s: float


def _layer(at: _Section, slip_m_s: float) -> Layer:
    return Layer(
        density_kg_m3=at.density_kg_m3,
        temperature_k=at.temperature_k,
        slip_m_s=slip_m_s,
        over_ground_m_s=math.hypot(at.speed, at.outward_m_s),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Ground:
    table: MixtureTable
    warm: WarmLines
    air: Surroundings
    feed: Feed

    def fed(self, x_m: float) -> tuple[float, float]:
        """Mixture and substance that have entered, kg/s."""
        feed = self.feed
        length = feed.x1_m - feed.x0_m
        part = 1.0 if length <= 0.0 else min(max((x_m - feed.x0_m) / length, 0.0), 1.0)
        return feed.total_kg_s * part, feed.substance_kg_s * part

    def section(self, x_m: float, y: FloatArray) -> _Section:
        """Mixture and measures of the cross-section."""
        mass = max(float(y[MASS]), 1e-12)
        fraction = min(self.fed(x_m)[1] / mass, 1.0)
        kelvin, density = self.warm.state(fraction, float(y[HEAT]) / mass)
        width = math.sqrt(float(y[BOX]) ** 2 + 3.0 * float(y[SIGMA]) ** 2)
        area = mass / (2.0 * density * width)  # depth times speed
        height, speed = self._depth(area, float(y[SLIP]) / mass)
        return _Section(
            fraction=fraction,
            density_kg_m3=density,
            temperature_k=kelvin,
            width_m=width,
            mean=0.5 * height,
            speed=speed,
            outward_m_s=float(y[FRONT]) / mass,
        )

    def _depth(self, area_m2_s: float, slip_m_s: float) -> tuple[float, float]:
        """Depth and speed whose product is ``area_m2_s``, the speed following the wind at that depth.

        A layer that lags behind a wind which grows with height has one depth from which on it moves; the
        secant from above it cannot miss, because depth times speed is convex there.
        """

        def speed(depth: float) -> float:
            wind = self.air.wind_m_s(0.5 * SPEED_HEIGHT * depth)
            return max(wind + slip_m_s, 0.05 * wind)

        depth = area_m2_s / speed(1.0)
        while depth * speed(depth) < area_m2_s:
            depth *= 2.0
        above, at_above = 1.1 * depth, 1.1 * depth * speed(1.1 * depth)
        for _ in range(60):
            at = depth * speed(depth)
            rise = at_above - at
            change = (at - area_m2_s) * (above - depth) / rise if rise != 0.0 else 0.0
            if abs(change) < 1e-11 * depth:
                break
            above, at_above = depth, at
            depth -= min(change, 0.7 * depth)
        return depth, area_m2_s / depth

    def slope(self, x_m: float, y: FloatArray) -> list[float]:
        """Rates of change along x of the state (see the indices at the top)."""
        at, air = self.section(x_m, y), self.air
        wind = air.wind_m_s(SPEED_HEIGHT * at.mean)
        outward, slip = at.outward_m_s, at.speed - wind
        layer = _layer(at, slip)
        moving = layer.over_ground_m_s
        warmed = air.ground_heat_w_m2(at.mean, layer)
        top = air.top_m_s(at.mean, replace(layer, heat_w_m2=warmed))
        sigma = float(y[SIGMA])
        shear = SLIP_MIXING * math.sqrt(at.density_kg_m3 / air.density_kg_m3) * abs(slip)
        turbulent = air.lateral_growth_m_s(max(sigma, 1e-3), SHORTEST_S)
        sides = shear + 3.0 * sigma / at.width_m * turbulent
        entrained = air.density_kg_m3 * (2.0 * at.width_m * top + 4.0 * at.mean * sides)
        wider = (outward + max(shear, WALL_JET * slip)) / (at.speed * at.width_m)
        source = self._fed_per_m(x_m)
        rub = air.drag(SPEED_HEIGHT * at.mean)
        held = rub * (at.density_kg_m3 * at.speed**2 - air.density_kg_m3 * wind**2)
        return [
            entrained + source,
            wider * float(y[BOX]),
            wider * sigma + turbulent / at.speed,
            -2.0 * at.width_m * held - wind * source,
            1.0 / at.speed,
            entrained,
            self._pushed(at, outward, rub * moving),
            2.0 * at.width_m * warmed,
        ]

    def _pushed(self, at: _Section, outward: float, rub_m_s: float) -> float:
        """Lateral force of the plume's weight less that of the front and of the ground, times 4."""
        excess = max(at.density_kg_m3 - self.air.density_kg_m3, 0.0)  # a light plume does not draw together
        depth = 2.0 * at.mean
        weight = 2.0 * GRAVITY_M_S2 * excess * depth * depth
        front = 2.0 * self.air.density_kg_m3 / FRONT_FROUDE**2 * outward * abs(outward) * depth
        return weight - front - 2.0 * at.density_kg_m3 * rub_m_s * outward * at.width_m

    def _fed_per_m(self, x_m: float) -> float:
        feed = self.feed
        inside = feed.x0_m <= x_m < feed.x1_m
        return feed.total_kg_s / (feed.x1_m - feed.x0_m) if inside else 0.0

    def sections(self, x: FloatArray, y: FloatArray) -> Sections:
        """Cross-sections of a solution."""
        rows = [self.section(float(x[i]), y[:, i]) for i in range(x.size)]
        mean = np.array([row.mean for row in rows])
        return Sections(
            x_m=x,
            age_s=np.maximum(y[AGE], 0.0),
            mass_flux_kg_s=y[MASS],
            entrained_kg_s=y[AIR],
            heat_w=y[HEAT],
            rate_kg_s=np.array([self.fed(float(at))[1] for at in x]),
            speed_m_s=np.array([row.speed for row in rows]),
            half_width_m=y[BOX],
            sigma_m=y[SIGMA],
            mean_height_m=mean,
            exponent=np.array([self.air.exponent(row.mean, _layer(row, 0.0)) for row in rows]),
            axis_m=np.zeros_like(x),
            spread_m=mean,
            aloft=np.zeros_like(x),
            mass_fraction=np.array([row.fraction for row in rows]),
            density_kg_m3=np.array([row.density_kg_m3 for row in rows]),
            temperature_k=np.array([row.temperature_k for row in rows]),
        )
