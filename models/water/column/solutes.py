"""What the column's water carries: limited advection, dispersion, sorption by pH, decay.

Mass per volume of soil is M = (theta + density x Kd) C. Faces take the concentration of the cell upstream
plus Koren's limited correction (Koren, 1993), time goes by SSP-RK2 in as many substeps as stay positive;
the water content runs straight between the ends of the water's step, so that a uniform concentration stays
uniform. Decay is exact, half of it before and half after.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from models.water.column.problem import ColumnProblem, Top
from models.water.column.richards import WaterStep
from twin.core.geometry import FloatArray

_COURANT = 0.9
_DRY = 1e-12  # water content under which nothing is dissolved


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Carried:
    """Of the solutes: ``sorbs`` (s, n) density x Kd; ``decay_1_s``, ``decay_sorbed_1_s`` (s, 1)."""

    sorbs: FloatArray
    decay_1_s: FloatArray
    decay_sorbed_1_s: FloatArray
    dispersivity_m: float
    diffusion_m2_s: float
    saturated: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SoluteStep:
    """One step: ``conc_kg_m3`` (s, n); kg per m2 (s,) that entered on top, left below and decayed."""

    conc_kg_m3: FloatArray
    entered_kg_m2: FloatArray
    left_kg_m2: FloatArray
    decayed_kg_m2: FloatArray
    substeps: int


def carried_of(problem: ColumnProblem, saturated: FloatArray) -> Carried:
    """Sorption of every solute in every cell by the pH of its layer."""
    bottoms = np.array([row.bottom_m for row in problem.layers])
    index = np.minimum(np.searchsorted(bottoms, problem.below_ground_m), len(bottoms) - 1)
    ph = np.array([np.nan if row.ph_value is None else row.ph_value for row in problem.layers])[index]
    density = np.array([row.bulk_density_kg_m3 for row in problem.layers])[index]
    sorbs = [density * solute.kd.at(ph) for solute in problem.solutes]
    return Carried(
        sorbs=np.array(sorbs).reshape(-1, problem.cells),
        decay_1_s=np.array([row.decay_1_s for row in problem.solutes]).reshape(-1, 1),
        decay_sorbed_1_s=np.array([row.decay_sorbed_1_s for row in problem.solutes]).reshape(-1, 1),
        dispersivity_m=problem.dispersivity_m, diffusion_m2_s=problem.diffusion_m2_s, saturated=saturated,
    )  # fmt: skip


def solute_step(
    carried: Carried,
    dz_m: float,
    conc_kg_m3: FloatArray,
    before: FloatArray,
    water: WaterStep,
    dt_s: float,
    top: Top,
) -> SoluteStep:
    """Concentrations after the water's step; ``before`` (n,) is the water content at its start."""
    count = len(conc_kg_m3)
    inflow = np.zeros(count) if top.conc_kg_m3 is None else np.array(top.conc_kg_m3, dtype=np.float64)
    after = water.water_content
    substeps = _substeps(carried, dz_m, before, water, dt_s)
    part = dt_s / substeps
    conc = conc_kg_m3
    entered, left, decayed = np.zeros(count), np.zeros(count), np.zeros(count)
    for n in range(substeps):
        theta = [before + (after - before) * (n + share) / substeps for share in (0.0, 1.0)]
        holds = [row + carried.sorbs for row in theta]
        conc, lost = _decayed(carried, conc, theta[0], 0.5 * part)
        decayed += lost.sum(axis=1) * dz_m
        mass = holds[0] * conc
        first = _fluxes(carried, dz_m, conc, water.flux_m_s, theta[0], inflow)
        guess = mass - part * np.diff(first, axis=1) / dz_m
        second = _fluxes(carried, dz_m, _over(guess, holds[1]), water.flux_m_s, theta[1], inflow)
        flux = 0.5 * (first + second)
        conc = _over(mass - part * np.diff(flux, axis=1) / dz_m, holds[1])
        conc, lost = _decayed(carried, conc, theta[1], 0.5 * part)
        decayed += lost.sum(axis=1) * dz_m
        entered += part * flux[:, 0]
        left += part * flux[:, -1]
    return SoluteStep(
        conc_kg_m3=conc, entered_kg_m2=entered, left_kg_m2=left, decayed_kg_m2=decayed, substeps=substeps
    )


def _over(mass: FloatArray, holds: FloatArray) -> FloatArray:
    return np.asarray(mass / np.maximum(holds, _DRY))


def _decayed(
    carried: Carried, conc: FloatArray, theta: FloatArray, dt_s: float
) -> tuple[FloatArray, FloatArray]:
    """Concentrations after decay alone, and what decayed, kg per m3 of soil."""
    holds = theta + carried.sorbs
    rate = (carried.decay_1_s * theta + carried.decay_sorbed_1_s * carried.sorbs) / np.maximum(holds, _DRY)
    lost = -np.expm1(-rate * dt_s) * conc
    return conc - lost, lost * holds


def _dispersion(carried: Carried, flux: FloatArray, theta: FloatArray) -> FloatArray:
    """Theta x D at the inner faces (n - 1,)."""
    wet = 0.5 * (theta[:-1] + theta[1:])
    full = 0.5 * (carried.saturated[:-1] + carried.saturated[1:])
    return np.asarray(
        carried.dispersivity_m * np.abs(flux[1:-1]) + carried.diffusion_m2_s * wet ** (10.0 / 3.0) / full**2
    )


def _fluxes(
    carried: Carried,
    dz_m: float,
    conc: FloatArray,
    flux: FloatArray,
    theta: FloatArray,
    inflow: FloatArray,
) -> FloatArray:
    """Mass flux (s, n + 1) through faces, positive down."""
    out = np.zeros((len(conc), len(flux)))
    out[:, 0] = max(float(flux[0]), 0.0) * inflow
    # Below the last cell the water has the concentration of the cell; water that rises there is clean.
    out[:, -1] = max(float(flux[-1]), 0.0) * conc[:, -1]
    inner = flux[1:-1]
    padded = np.concatenate([conc[:, :1], conc, conc[:, -1:]], axis=1)
    if flux[0] > 0.0:
        padded[:, 0] = inflow
    far = np.where(inner > 0.0, padded[:, :-3], padded[:, 3:])
    near = np.where(inner > 0.0, conc[:, :-1], conc[:, 1:])
    down = np.where(inner > 0.0, conc[:, 1:], conc[:, :-1])
    face = near + 0.5 * _koren(near - far, down - near)
    out[:, 1:-1] = inner * face - _dispersion(carried, flux, theta) * np.diff(conc, axis=1) / dz_m
    return out


def _koren(behind: FloatArray, ahead: FloatArray) -> FloatArray:
    """Koren's limited slope of two differences, upstream and downstream."""
    same = behind * ahead > 0.0
    least = np.minimum(np.abs(behind), np.abs(ahead))
    third = np.abs(behind + 2.0 * ahead) / 3.0
    size = np.minimum(np.minimum(2.0 * np.abs(behind), third), 2.0 * np.abs(ahead))
    return np.where(same, np.sign(behind) * np.where(least > 0.0, size, 0.0), 0.0)


def _substeps(carried: Carried, dz_m: float, before: FloatArray, water: WaterStep, dt_s: float) -> int:
    """As many as keep every cell from giving more than it has."""
    flux = water.flux_m_s
    leaves = np.maximum(flux[1:], 0.0) + np.maximum(-flux[:-1], 0.0)
    spread = _dispersion(carried, flux, np.maximum(before, water.water_content)) / dz_m
    leaves[:-1] += spread
    leaves[1:] += spread
    # Koren's correction can take a face up to twice the cell's own concentration.
    leaves += np.maximum(flux[1:], 0.0) + np.maximum(-flux[:-1], 0.0)
    holds = np.minimum(before, water.water_content) + carried.sorbs
    rate = float((leaves / (np.maximum(holds, _DRY) * dz_m)).max(initial=0.0))
    return max(1, math.ceil(rate * dt_s / _COURANT))
