"""A steady plume of dense gas on flat ground: one ordinary differential equation along the wind.

The structure is that of Ermak (1990, UCRL-MA-105607, ch. 2): fluxes of mass, momentum and heat through a
cross-section whose shape is prescribed, with half width and height. The closures are published ones and the
same as those of the shallow layer: air through the top by Spicer and Havens (1986) with the exact passive limit
of van Ulden (1978); the front advances at 1.15 sqrt(g' D) (van Ulden 1974; Spicer and Havens 1985); lateral
turbulence by Draxler (1976) in the time scale of a puff.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.integrate import solve_ivp

from models.air.dense.surroundings import SHORTEST_S, SPEED_HEIGHT, Surroundings, gravity_acceleration
from models.air.dense.table import MixtureTable
from models.air.turbulence import GRAVITY_M_S2
from twin.core.errors import SolverError
from twin.core.geometry import FloatArray

FRONT_FROUDE = 1.15
_TOLERANCE = 1e-8
_NODES_PER_DECADE = 60


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sections:
    """Cross-sections of a plume along the wind; arrays (n,).

    ``x_m`` from the source, ``age_s`` of the gas, ``mass_flux_kg_s`` of everything, ``speed_m_s``, box half
    width ``half_width_m`` and turbulent spread ``sigma_m`` (seen for 18 s), ``mean_height_m`` of the gas on the
    ground. The part ``aloft`` (1 in the air, falling to 0 after touch-down) is a Gaussian around ``axis_m`` with
    ``spread_m``. ``mass_fraction`` of the substance is the mean; ``entrained_kg_s`` air since the start,
    ``rate_kg_s`` the flux of the substance.
    """

    x_m: FloatArray
    age_s: FloatArray
    mass_flux_kg_s: FloatArray
    entrained_kg_s: FloatArray
    rate_kg_s: FloatArray
    speed_m_s: FloatArray
    half_width_m: FloatArray
    sigma_m: FloatArray
    mean_height_m: FloatArray
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
    slip_momentum_n: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Pool under the plume: ``total_kg_s`` of the source's mixture enters evenly between ``x0`` and ``x1``."""

    total_kg_s: float
    substance_kg_s: float
    x0_m: float
    x1_m: float


def ground_plume(
    table: MixtureTable, air: Surroundings, start: Start, feed: Feed, reach_m: float
) -> Sections:
    """Plume from ``start`` to ``reach_m``. Raises SolverError when the equations cannot be integrated."""
    begin = np.array(
        [start.mass_flux_kg_s, start.half_width_m, start.sigma_m, start.slip_momentum_n, start.age_s, start.entrained_kg_s, 0.0]
    )
    model = _Ground(table=table, air=air, feed=feed)
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
            model.slope, (at, end), begin, method="LSODA", t_eval=nodes, rtol=_TOLERANCE, atol=1e-10,
        )
        if not done.success:
            _failed(str(done.message), at)
        pieces.append((done.t, done.y))
        begin, at = done.y[:, -1], end
    x = np.concatenate([piece[0] for piece in pieces])
    y = np.concatenate([piece[1] for piece in pieces], axis=1)
    keep = np.concatenate([[True], np.diff(x) > 0.0])
    return model.sections(x[keep], y[:, keep])


def _failed(why: str, x_m: float) -> None:
    msg = f"the one-dimensional plume stopped at {x_m:g} m: {why}"
    raise SolverError(msg, message_zh=f"一维重气模型在 {x_m:g} m 处停止：{why}", field="x_m", value=x_m)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Ground:
    table: MixtureTable
    air: Surroundings
    feed: Feed

    def fed(self, x_m: float) -> tuple[float, float]:
        """Mixture and substance that have entered, kg/s."""
        feed = self.feed
        length = feed.x1_m - feed.x0_m
        part = 1.0 if length <= 0.0 else min(max((x_m - feed.x0_m) / length, 0.0), 1.0)
        return feed.total_kg_s * part, feed.substance_kg_s * part

    def section(self, x_m: float, y: FloatArray) -> tuple[float, float, float, float, float]:
        """Mass fraction, density, effective half width, mean height and speed."""
        mass = max(float(y[0]), 1e-12)
        fraction = min(self.fed(x_m)[1] / mass, 1.0)
        density = float(self.table.density(fraction))
        width = math.sqrt(float(y[1]) ** 2 + 3.0 * float(y[2]) ** 2)
        area = mass / (2.0 * density * width)  # depth times speed
        slip = float(y[3]) / mass
        height, speed = self._depth(area, slip)
        return fraction, density, width, 0.5 * height, speed

    def _depth(self, area_m2_s: float, slip_m_s: float) -> tuple[float, float]:
        """Depth and speed whose product is ``area_m2_s``, the speed following the wind at that depth.

        A layer that lags behind a wind which grows with height has one depth from which on it moves; Newton
        from above it cannot miss, because depth times speed is convex there.
        """

        def speed(depth: float) -> float:
            wind = self.air.wind_m_s(0.5 * SPEED_HEIGHT * depth)
            return max(wind + slip_m_s, 0.05 * wind)

        depth = 2.0 * area_m2_s / speed(1.0)
        while depth * speed(depth) < area_m2_s:
            depth *= 2.0
        for _ in range(60):
            at = depth * speed(depth)
            step = 1e-5 * depth
            slope = ((depth + step) * speed(depth + step) - at) / step
            change = (at - area_m2_s) / slope
            depth -= min(change, 0.7 * depth)
            if abs(change) < 1e-12 * depth:
                break
        return depth, area_m2_s / depth

    def slope(self, x_m: float, y: FloatArray) -> list[float]:
        """Rates of change along x: mass flux, box half width, spread, slip momentum, age, entrained air, front."""
        _, density, width, mean, speed = self.section(x_m, y)
        air, feed = self.air, self.feed
        light = gravity_acceleration(density, air.density_kg_m3)
        wind = air.wind_m_s(SPEED_HEIGHT * mean)
        sigma, box = float(y[2]), float(y[1])
        outward = float(y[6]) / max(float(y[0]), 1e-12)
        front = outward / (speed * width)
        turbulent = air.lateral_growth_m_s(max(sigma, 1e-3), SHORTEST_S) / speed
        top = air.top_m_s(mean, light, speed - wind)
        sides = 4.0 * mean * speed * 3.0 * sigma / width * turbulent
        entrained = air.density_kg_m3 * (2.0 * width * top + sides)
        inside = feed.x0_m <= x_m < feed.x1_m
        source = feed.total_kg_s / (feed.x1_m - feed.x0_m) if inside else 0.0
        held = air.drag(SPEED_HEIGHT * mean) * (density * speed * speed - air.density_kg_m3 * wind * wind)
        depth = 2.0 * mean
        stress = air.drag(SPEED_HEIGHT * mean) * math.hypot(speed, outward)
        pushed = 2.0 * GRAVITY_M_S2 * (density - air.density_kg_m3) * depth * depth
        pushed -= 2.0 * air.density_kg_m3 / FRONT_FROUDE**2 * outward * abs(outward) * depth
        pushed -= 2.0 * density * stress * outward * width
        return [
            entrained + source,
            front * box,
            front * sigma + turbulent,
            -2.0 * width * held - wind * source,
            1.0 / speed,
            entrained,
            pushed,
        ]

    def sections(self, x: FloatArray, y: FloatArray) -> Sections:
        rows = np.array([self.section(float(x[i]), y[:, i]) for i in range(x.size)])
        return Sections(
            x_m=x,
            age_s=np.maximum(y[4], 0.0),
            mass_flux_kg_s=y[0],
            entrained_kg_s=y[5],
            rate_kg_s=np.array([self.fed(float(at))[1] for at in x]),
            speed_m_s=rows[:, 4],
            half_width_m=y[1],
            sigma_m=y[2],
            mean_height_m=rows[:, 3],
            axis_m=np.zeros_like(x),
            spread_m=rows[:, 3],
            aloft=np.zeros_like(x),
            mass_fraction=rows[:, 0],
            density_kg_m3=rows[:, 1],
            temperature_k=self.table.temperature(rows[:, 0]),
        )
