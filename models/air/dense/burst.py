"""Everything at once: a cylinder of dense gas that slumps, takes in air and goes with the wind.

Box model of van Ulden (1974) with the closures of the steady plume: the front runs at 1.15 sqrt(g' D) and
takes in 0.59 of its speed times its height (van Ulden 1974; the value of DEGADIS), the top as in the plume.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.integrate import solve_ivp

from models.air.dense.steady import FRONT_FROUDE
from models.air.dense.surroundings import BOX_SHARE, SHORTEST_S, SPEED_HEIGHT, Layer, Surroundings
from models.air.dense.table import MixtureTable
from models.air.dense.warming import WarmLines, warm_lines
from models.air.turbulence import GRAVITY_M_S2
from twin.core.errors import SolverError
from twin.core.geometry import FloatArray

FRONT_AIR = 0.59  # stands for all that the slumping stirs
_TOLERANCE = 1e-7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Puff:
    """A cylinder through time; arrays (n,): ``time_s`` since the release, place ``x_m`` of its middle.

    ``radius_m`` and ``sigma_m`` (18 s) as in the plume's cross-section, ``mean_height_m`` and ``exponent``
    of the vertical profile, ``mass_kg`` of everything, ``entrained_kg`` air and ``heat_j`` heat taken in,
    ``mass_fraction`` mean.
    """

    substance_kg: float
    time_s: FloatArray
    x_m: FloatArray
    radius_m: FloatArray
    sigma_m: FloatArray
    mean_height_m: FloatArray
    exponent: FloatArray
    mass_kg: FloatArray
    entrained_kg: FloatArray
    heat_j: FloatArray
    speed_m_s: FloatArray
    mass_fraction: FloatArray
    density_kg_m3: FloatArray
    temperature_k: FloatArray


def slump(
    table: MixtureTable,
    air: Surroundings,
    total_kg: float,
    substance_kg: float,
    radius_m: float,
    reach_m: float,
) -> Puff:
    """Cylinder of ``radius_m`` at rest, until its middle is at ``reach_m``."""
    model = _Slump(table=table, warm=warm_lines(table), air=air, substance_kg=substance_kg)
    box = BOX_SHARE * radius_m
    sigma = 0.5 * math.sqrt(radius_m**2 - box**2)
    begin = np.array([total_kg, box, sigma, 0.0, 0.0, 0.0, 0.0, 0.0])

    def gone(_: float, y: FloatArray) -> float:
        return reach_m - float(y[4])

    gone.terminal = True  # type: ignore[attr-defined]
    longest = 20.0 * reach_m / air.wind_m_s(1.0)
    times = np.concatenate([[0.0], np.geomspace(0.05, longest, 300)])
    done = solve_ivp(
        model.slope,
        (0.0, longest),
        begin,
        method="LSODA",
        t_eval=times,
        events=gone,
        rtol=_TOLERANCE,
        atol=1e-9,
    )
    if not done.success:
        msg = f"the slumping cloud stopped: {done.message}"
        raise SolverError(msg, message_zh=f"重气团计算停止：{done.message}", field="radius_m", value=radius_m)
    t, y = done.t, done.y
    if done.t_events[0].size:
        t, y = np.append(t, done.t_events[0][0]), np.column_stack([y, done.y_events[0][0]])
    return model.puff(t, y)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Slump:
    table: MixtureTable
    warm: WarmLines
    air: Surroundings
    substance_kg: float

    def section(self, y: FloatArray) -> tuple[float, float, float, float, float]:
        """Mass fraction, density, effective radius, mean height and temperature."""
        fraction = min(self.substance_kg / float(y[0]), 1.0)
        kelvin, density = self.warm.state(fraction, float(y[7]) / float(y[0]))
        radius = math.sqrt(float(y[1]) ** 2 + 4.0 * float(y[2]) ** 2)
        mean = 0.5 * float(y[0]) / (density * math.pi * radius * radius)
        return fraction, density, radius, mean, kelvin

    def slope(self, _: float, y: FloatArray) -> list[float]:
        """In time: mass, radius, spread, radial momentum, place, momentum, air and heat taken in."""
        _, density, radius, mean, temperature = self.section(y)
        air, mass = self.air, float(y[0])
        speed, outward = float(y[5]) / mass, float(y[3]) / mass
        wind = air.wind_m_s(SPEED_HEIGHT * mean)
        depth = 2.0 * mean
        turbulent = air.lateral_growth_m_s(max(float(y[2]), 1e-3), SHORTEST_S)
        layer = Layer(
            density_kg_m3=density,
            temperature_k=temperature,
            slip_m_s=speed - wind,
            over_ground_m_s=speed,
        )
        warmed = air.ground_heat_w_m2(mean, layer)
        top = air.top_m_s(mean, replace(layer, heat_w_m2=warmed))
        front = FRONT_AIR * max(outward, 0.0) + 4.0 * float(y[2]) / radius * turbulent
        area = math.pi * radius * radius
        entrained = air.density_kg_m3 * (area * top + 2.0 * math.pi * radius * depth * front)
        rub = air.drag(SPEED_HEIGHT * mean)
        held = rub * (density * speed * speed - air.density_kg_m3 * wind * wind)
        # balance over a sector of the disc, whose mean radial speed is 2/3 of the front's
        excess = max(density - air.density_kg_m3, 0.0)
        rim = 1.5 * math.pi * radius * depth
        pushed = rim * GRAVITY_M_S2 * excess * depth
        pushed -= rim * air.density_kg_m3 / FRONT_FROUDE**2 * outward * abs(outward)
        pushed -= rub * density * math.hypot(speed, outward) * outward * area
        return [
            entrained,
            outward * float(y[1]) / radius,
            outward * float(y[2]) / radius + turbulent,
            pushed,
            speed,
            entrained * wind - area * held,
            entrained,
            area * warmed,
        ]

    def _exponent(self, y: FloatArray) -> float:
        _, density, _, mean, temperature = self.section(y)
        speed = float(y[5] / y[0])
        layer = Layer(
            density_kg_m3=density,
            temperature_k=temperature,
            slip_m_s=0.0,
            over_ground_m_s=speed,
        )
        return self.air.exponent(mean, layer)

    def puff(self, t: FloatArray, y: FloatArray) -> Puff:
        rows = np.array([self.section(y[:, i]) for i in range(t.size)])
        return Puff(
            substance_kg=self.substance_kg,
            time_s=t,
            x_m=y[4],
            radius_m=y[1],
            sigma_m=y[2],
            mean_height_m=rows[:, 3],
            exponent=np.array([self._exponent(y[:, i]) for i in range(t.size)]),
            mass_kg=y[0],
            entrained_kg=y[6],
            heat_j=y[7],
            speed_m_s=y[5] / y[0],
            mass_fraction=rows[:, 0],
            density_kg_m3=rows[:, 1],
            temperature_k=rows[:, 4],
        )
