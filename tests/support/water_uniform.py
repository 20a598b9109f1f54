"""Uniform flow as a field that closes, and closed forms of transport in it (own code from the papers)."""

from __future__ import annotations

import numpy as np
from scipy.special import erfc, erfcx

from models.water.grid import Grid
from models.water.problem import TransportProblem
from models.water.result import CellFlow, FlowField, TransportStep
from models.water.transport.solver import TransportOptions, TransportSolver, TransportState
from twin.core.geometry import FloatArray


def uniform_field(
    grid: Grid, q_m_s: tuple[float, float, float], entering_kg_m3: FloatArray | None = None
) -> FlowField:
    """Specific discharge east, north and down everywhere; packages at the edges close it.

    ``entering_kg_m3`` (nl, nr, nc) of one species: what enters at the cells of the west and south edge holds.
    """
    nl, nr, nc = grid.shape
    plan = grid.area_m2[None]
    east = q_m_s[0] * grid.dy_m[None, :, None] * grid.thickness_m
    north = q_m_s[1] * grid.dx_m[None, None, :] * grid.thickness_m
    down = np.broadcast_to(q_m_s[2] * plan, grid.shape)
    right, front, lower = east.copy(), north.copy(), down.copy()
    right[..., -1] = 0.0
    front[:, -1] = 0.0
    lower[-1] = 0.0
    number = np.arange(nl * nr * nc).reshape(grid.shape)
    packages = []
    sides = (
        ("west", number[..., 0], east[..., 0]),
        ("east", number[..., -1], -east[..., -1]),
        ("south", number[:, 0], north[:, 0]),
        ("north", number[:, -1], -north[:, -1]),
        ("top", number[0], down[0]),
        ("bottom", number[-1], -down[-1]),
    )
    for name, cells, flow in sides:
        if flow.any():
            at = cells.ravel()
            conc = None if entering_kg_m3 is None else entering_kg_m3.ravel()[at][:, None]
            packages.append(CellFlow(name=name, cells=at, flow_m3_s=flow.ravel(), conc_kg_m3=conc))
    full = np.ones(grid.shape)
    return FlowField(
        right_m3_s=right,
        front_m3_s=front,
        lower_m3_s=lower,
        saturation_start=full,
        saturation_end=full,
        storage_m3_s=np.zeros(grid.shape),
        packages=packages,
        steady=True,
    )


def carried(
    grid: Grid,
    porosity: float,
    problem: TransportProblem,
    field: FlowField,
    step_s: float,
    steps: int,
    *,
    kernel: str = "auto",
    options: TransportOptions | None = None,
) -> tuple[TransportState, list[TransportStep]]:
    """Run a problem in one field for some equal steps."""
    solver = TransportSolver(grid, np.full(grid.shape, porosity), problem, kernel=kernel, options=options)
    state = solver.start()
    done = []
    for n in range(steps):
        state, outcome = solver.step(state, field, step_s, n * step_s)
        done.append(outcome)
    return state, done


def ogata_banks(x: FloatArray, t: float, v: float, d: float, r: float = 1.0, lam: float = 0.0) -> FloatArray:
    """C(x, t) for C(0, t) = 1, retarded and decaying in both phases (van Genuchten and Alves, 1982, C5)."""
    u = v * np.sqrt(1.0 + 4.0 * lam * r * d / v**2)
    s = 2.0 * np.sqrt(d * r * t)
    return np.asarray(
        0.5 * _grown((v - u) * x / (2 * d), (r * x - u * t) / s)
        + 0.5 * _grown((v + u) * x / (2 * d), (r * x + u * t) / s)
    )


def point_source_2d(
    x: FloatArray, y: FloatArray, t: float, v: float, al: float, at: float, rate: float
) -> FloatArray:
    """Continuous point source in uniform flow along x (Wilson and Miller, 1978), by its integral over time.

    ``rate`` mass per time, depth and porosity.
    """
    tau = np.exp(np.linspace(np.log(1e-7 * t), np.log(t), 1500))
    weight = np.full(len(tau), np.log(tau[1] / tau[0]))
    weight[[0, -1]] *= 0.5
    dl, dt_ = al * v, at * v
    total = np.zeros(np.broadcast(x, y).shape)
    for s, w in zip(tau, weight, strict=True):
        total += w * np.exp(-((x - v * s) ** 2) / (4 * dl * s) - y**2 / (4 * dt_ * s))
    return rate / (4 * np.pi * np.sqrt(dl * dt_)) * total


def point_source_3d(
    x: FloatArray, y: FloatArray, z: FloatArray, t: float, v: float, al: float, at: float, rate: float
) -> FloatArray:
    """Continuous point source in uniform flow along x (Hunt, 1978); ``rate`` mass per time and porosity."""
    dx, dt_ = al * v, at * v
    r = np.sqrt(x**2 + (y**2 + z**2) * dx / dt_)
    s = 2 * np.sqrt(dx * t)
    both = _grown(v * (x - r) / (2 * dx), (r - v * t) / s) + _grown(v * (x + r) / (2 * dx), (r + v * t) / s)
    return np.asarray(rate / (8 * np.pi * r * dt_) * both)


def _grown(a: FloatArray, b: FloatArray) -> FloatArray:
    """exp(a) erfc(b) without overflow."""
    high = np.exp(np.minimum(a - b * b, 700.0)) * erfcx(np.maximum(b, 0.0))
    low = np.exp(np.minimum(a, 700.0)) * erfc(np.minimum(b, 0.0))
    return np.asarray(np.where(b > 0, high, low))
