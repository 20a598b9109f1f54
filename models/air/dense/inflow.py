"""How a source term enters the layer: which cells, how much mass of what, with which momentum.

A pool or a vent enters at rest over its area. A jet keeps its momentum: it enters where entrainment has
slowed it to a few metres per second, by the law of Ricou and Spalding (1961, J. Fluid Mech. 11, 21-32)
``m / m0 = 0.32 (x / d) sqrt(rho_a / rho_0)`` with ``m u = m0 u0``. An instantaneous cylinder stands in the
cells at the start.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from models.air.dense.layer import Cells
from models.term import Shape, SourceTerm
from twin.core.errors import SolverError
from twin.core.geometry import FloatArray

_JET_END_M_S = 8.0
_RICOU_SPALDING = 0.32
_LEAST_CELLS = 0.75  # a source smaller than the cells is spread over a disk of this radius in cells
_FINE = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inflow:
    """One step of a source, ``start_s`` to ``end_s``, into cells from (j0, i0) on by ``share`` (sum 1).

    Rates of substance and of everything (with air), kg/s; momentum rates east and north, kg m/s2.
    ``at_once``: all of it enters at ``start_s``.
    """

    start_s: float
    end_s: float
    j0: int
    i0: int
    share: FloatArray
    substance_kg_s: float
    total_kg_s: float
    east_kg_m_s2: float
    north_kg_m_s2: float
    at_once: bool = False


def inflows(
    term: SourceTerm, cells: Cells, source_density_kg_m3: float, air_density_kg_m3: float
) -> list[Inflow]:
    """Steps of a source term on the cells. Raises SolverError when the source lies outside them."""
    rows = []
    for k in range(term.rate_kg_s.size):
        if term.rate_kg_s[k] <= 0.0:
            continue
        rate = float(term.rate_kg_s[k])
        total = rate / (1.0 - float(term.air_fraction[k]))
        speed, radius, away = 0.0, float(term.radius_m[k]), 0.0
        if term.shape is Shape.JET:
            total, speed, radius, away = _spent(
                total, float(term.speed_m_s[k]), radius, source_density_kg_m3, air_density_kg_m3
            )
        level = speed * math.cos(math.radians(term.elevation_deg))
        east, north = math.sin(math.radians(term.towards_deg)), math.cos(math.radians(term.towards_deg))
        reach = away * math.cos(math.radians(term.elevation_deg))
        j0, i0, share = _disk(cells, term.place.x_m + reach * east, term.place.y_m + reach * north, radius)
        rows.append(
            Inflow(
                start_s=float(term.times_s[k]),
                end_s=float(term.times_s[k + 1]),
                j0=j0,
                i0=i0,
                share=share,
                substance_kg_s=rate,
                total_kg_s=total,
                east_kg_m_s2=total * level * east,
                north_kg_m_s2=total * level * north,
                at_once=term.shape is Shape.INSTANT,
            )
        )
    return rows


def _spent(
    total: float, speed: float, radius: float, density: float, air_density: float
) -> tuple[float, float, float, float]:
    """Mass rate, speed, radius and distance where a free jet has slowed down."""
    if radius <= 0.0:  # not said: what the mass needs at its speed
        radius = math.sqrt(total / (math.pi * density * max(speed, 0.1)))
    if speed <= _JET_END_M_S:
        return total, speed, radius, 0.0
    grown = speed / _JET_END_M_S
    away = 2.0 * radius * grown / _RICOU_SPALDING * math.sqrt(density / air_density)
    mixed = total * grown
    volume = total / density + (mixed - total) / air_density
    return mixed, _JET_END_M_S, math.sqrt(volume / (math.pi * _JET_END_M_S)), away


def _disk(cells: Cells, x_m: float, y_m: float, radius_m: float) -> tuple[int, int, FloatArray]:
    """First row and column and the shares of the cells that a disk covers (64 points to a cell)."""
    radius = max(radius_m, _LEAST_CELLS * cells.step_m)
    column, row = (x_m - cells.x_min_m) / cells.step_m, (y_m - cells.y_min_m) / cells.step_m
    reach = radius / cells.step_m
    i0, i1 = math.floor(column - reach), math.ceil(column + reach)
    j0, j1 = math.floor(row - reach), math.ceil(row + reach)
    if i0 < 0 or j0 < 0 or i1 > cells.nx or j1 > cells.ny:
        msg = f"source at ({x_m:.1f}, {y_m:.1f}) m with radius {radius:.1f} m is not inside the grid"
        raise SolverError(
            msg,
            message_zh=f"源位于 ({x_m:.1f}, {y_m:.1f}) m、半径 {radius:.1f} m，不在网格之内",
            field="place",
            value=(x_m, y_m),
        )
    fine = (np.arange(_FINE) + 0.5) / _FINE
    x = (i0 + np.arange(i1 - i0)[:, None] + fine).ravel() - column
    y = (j0 + np.arange(j1 - j0)[:, None] + fine).ravel() - row
    inside = (x[None, :] ** 2 + y[:, None] ** 2 <= reach * reach).astype(np.float64)
    share = inside.reshape(j1 - j0, _FINE, i1 - i0, _FINE).sum(axis=(1, 3))
    return j0, i0, share / share.sum()
