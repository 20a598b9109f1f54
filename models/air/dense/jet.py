"""The free part of a jet: a round top-hat cross-section that bends in the wind and sinks under its weight.

Integral equations of Ooms (1972, Atmos. Environ. 6, 899-909) in top-hat form. Air comes in by the jet's own
shear (0.08 of the slip along the axis, with the root of the density ratio: Ricou and Spalding 1961, J. Fluid
Mech. 11, 21-32), by the cross wind (0.5, Ooms) and by the turbulence of the air (the speed of eddies of the
jet's size, at most 1.25 u*: Ooms's third term).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.integrate import solve_ivp

from models.air.dense.steady import Sections, Start
from models.air.dense.surroundings import BOX_SHARE, NEUTRAL_EXPONENT, SPEED_HEIGHT, Surroundings
from models.air.dense.table import MixtureTable
from models.air.turbulence import GRAVITY_M_S2, KARMAN
from twin.core.errors import SolverError
from twin.core.geometry import FloatArray

ALONG, ACROSS = 0.08, 0.5
_TOLERANCE = 1e-7
_NODES = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Nozzle:
    """What leaves: ``total_kg_s`` with ``substance_kg_s`` in it, at ``speed_m_s`` from ``height_m``.

    ``elevation_deg`` up from the horizontal, ``turn_deg`` from the direction the wind blows to.
    """

    total_kg_s: float
    substance_kg_s: float
    speed_m_s: float
    height_m: float
    elevation_deg: float
    turn_deg: float


def free_jet(
    table: MixtureTable, air: Surroundings, nozzle: Nozzle, reach_m: float
) -> tuple[Sections | None, Start | None]:
    """Jet until it touches the ground, and the cross-section with which it goes on there.

    No sections where it starts on the ground; no start where it never comes down within ``reach_m``.
    """
    model = _Jet(table=table, air=air, nozzle=nozzle)
    angle = math.radians(nozzle.elevation_deg)
    momentum = nozzle.total_kg_s * max(nozzle.speed_m_s, 0.01)
    along = momentum * math.cos(angle) * math.cos(math.radians(nozzle.turn_deg))
    begin = np.array([nozzle.total_kg_s, along, momentum * math.sin(angle), 0.0, nozzle.height_m, 0.0, 0.0])
    if model.clearance(0.0, begin) <= 0.0 and angle <= 0.0:
        return None, model.landed(begin)
    longest = 4.0 * reach_m
    nodes = np.concatenate([[0.0], np.geomspace(1e-2, longest, _NODES)])

    def touch(at: float, y: FloatArray) -> float:
        return model.clearance(at, y)

    def gone(at: float, y: FloatArray) -> float:
        return min(reach_m - float(y[3]), 2.0 * air.mixing_height_m - float(y[4]))

    touch.terminal, touch.direction = True, -1.0  # type: ignore[attr-defined]
    gone.terminal, gone.direction = True, -1.0  # type: ignore[attr-defined]
    done = solve_ivp(
        model.slope,
        (0.0, longest),
        begin,
        method="LSODA",
        t_eval=nodes,
        events=(touch, gone),
        rtol=_TOLERANCE,
        atol=1e-10,
    )
    if not done.success:
        msg = f"the jet stopped: {done.message}"
        raise SolverError(
            msg, message_zh=f"射流计算停止：{done.message}", field="speed_m_s", value=nozzle.speed_m_s
        )
    if done.t_events[0].size == 0:
        return model.sections(done.y), None
    last = done.y_events[0][0]
    return model.sections(np.column_stack([done.y, last])), model.landed(last)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Jet:
    table: MixtureTable
    air: Surroundings
    nozzle: Nozzle

    def section(self, y: FloatArray) -> tuple[float, float, float, float]:
        """Mass fraction, density, radius and speed."""
        mass = float(y[0])
        fraction = min(self.nozzle.substance_kg_s / mass, 1.0)
        density = float(self.table.density(fraction))
        speed = max(math.hypot(float(y[1]), float(y[2])) / mass, 1e-3)
        return fraction, density, math.sqrt(mass / (math.pi * density * speed)), speed

    def clearance(self, _: float, y: FloatArray) -> float:
        """Height of the lower edge above ground, metres."""
        return float(y[4]) - self.section(y)[2]

    def slope(self, _: float, y: FloatArray) -> list[float]:
        """Along the axis: mass flux, momenta along the wind and up, place, height, age, air taken in."""
        _, density, radius, speed = self.section(y)
        air = self.air
        cosine, sine = float(y[1]) / (speed * y[0]), float(y[2]) / (speed * y[0])
        height = max(float(y[4]), 0.0)
        wind = air.wind_m_s(height)
        shear = ALONG * math.sqrt(density / air.density_kg_m3) * abs(speed - wind * cosine)
        cross = ACROSS * wind * abs(sine)
        dissipation = air.friction_m_s**3 / (KARMAN * max(height, radius))
        stirred = min((dissipation * radius) ** (1.0 / 3.0), 1.25 * air.friction_m_s)
        entrained = 2.0 * math.pi * radius * air.density_kg_m3 * (shear + cross + stirred)
        weight = GRAVITY_M_S2 * (density - air.density_kg_m3) * math.pi * radius * radius
        return [entrained, entrained * wind, -weight, cosine, sine, 1.0 / speed, entrained]

    def landed(self, y: FloatArray) -> Start:
        """Square of the same area on the ground, wider where the jet comes down steeply.

        What momentum goes down turns round: the share of it across the wind, 2 / pi, drives the front. The
        wind carries off what has none along it, at half its speed at first.
        """
        _, _, radius, speed = self.section(y)
        mass = float(y[0])
        side = 0.5 * math.sqrt(math.pi) * radius
        wind = self.air.wind_m_s(SPEED_HEIGHT * side)
        along = max(float(y[1]) / mass, min(0.5 * wind, speed))
        width = side * max(speed / along, 1.0)
        return Start(
            x_m=float(y[3]),
            age_s=float(y[5]),
            mass_flux_kg_s=mass,
            entrained_kg_s=float(y[6]),
            half_width_m=BOX_SHARE * width,
            sigma_m=math.sqrt((1.0 - BOX_SHARE**2) / 3.0) * width,
            slip_momentum_kg_m_s2=mass * (along - wind),
            lateral_momentum_kg_m_s2=max(-float(y[2]), 0.0) * 2.0 / math.pi,
        )

    def sections(self, y: FloatArray) -> Sections:
        """Nodes whose place along the wind rises."""
        keep = np.concatenate([[True], np.diff(np.maximum.accumulate(y[3])) > 1e-9])
        y = y[:, keep]
        rows = np.array([self.section(y[:, i]) for i in range(y.shape[1])])
        radius = rows[:, 2]
        return Sections(
            x_m=y[3],
            age_s=y[5],
            mass_flux_kg_s=y[0],
            entrained_kg_s=y[6],
            heat_w=np.zeros_like(radius),
            rate_kg_s=np.full(y.shape[1], self.nozzle.substance_kg_s),
            speed_m_s=rows[:, 3],
            half_width_m=0.02 * radius,
            sigma_m=0.5 * radius,
            mean_height_m=np.maximum(y[4], 0.5 * radius),
            exponent=np.full_like(radius, NEUTRAL_EXPONENT),
            axis_m=y[4],
            spread_m=0.5 * radius,
            aloft=np.ones_like(radius),
            mass_fraction=rows[:, 0],
            density_kg_m3=rows[:, 1],
            temperature_k=self.table.temperature(rows[:, 0]),
        )
