"""A small hidden aquifer for the live twin: two layers, solved here by sparse matrices, no model used.

Conductivity is a smooth random field with a buried channel that no prior knows of; flow between fixed heads
Conductivity is a smooth random field with a buried channel that no prior knows; flow between fixed heads
as wide as those of the twin. Everything scatters around what ``guess`` of the twin says.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.ndimage import gaussian_filter
from scipy.sparse.linalg import splu, spsolve

NX, NY, CELL_M = 120, 80, 10.0
THICK_M = (8.0, 14.0)
LN_K = (np.log(3e-4), np.log(4e-5))
POROSITY = 0.25
WEST_M, EAST_M = 30.0, 24.0
RECHARGE_M_S = 8e-9
PUMP_M3_S = 1.5e-3
PUMP = (1, 55, 80)
SOURCE = (0, 36, 22)
SOURCE_KG_S = 2e-5
DAY_S = 86_400.0
STEP_S = 10 * DAY_S
LIMIT_KG_M3 = 1e-3


@dataclass(frozen=True, kw_only=True, eq=False)
class Valley:
    """``ln_k`` and ``head_m`` (2, ny, nx); ``conc_kg_m3`` (steps, 2, ny, nx) after every ten days."""

    ln_k: np.ndarray
    head_m: np.ndarray
    conc_kg_m3: np.ndarray

    def conc(self, time_s: float) -> np.ndarray:
        """Concentrations (2, ny, nx) at a moment, kg/m3."""
        at = time_s / STEP_S
        k = min(int(at), len(self.conc_kg_m3) - 2)
        return (1 - at + k) * self.conc_kg_m3[k] + (at - k) * self.conc_kg_m3[k + 1]


def hidden_valley(seed: int, days: int = 1_150) -> Valley:
    rng = np.random.default_rng([seed, 77])
    ln_k = np.stack([base + rng.normal(0.0, 0.4) + 0.7 * _field(rng) for base in LN_K])
    row = int(rng.uniform(0.35, 0.65) * NY) + 12 * np.sin(np.arange(NX) / rng.uniform(15.0, 30.0))
    channel = np.exp(-(((np.arange(NY)[:, None] - row[None, :]) / 3.0) ** 2))
    ln_k[0] += 0.8 * channel
    factor = np.exp(rng.normal(0.0, 0.3, 2))
    ends = (WEST_M + rng.normal(0.0, 0.3), EAST_M + rng.normal(0.0, 0.3))
    matrix, right, pairs = _flow(ln_k, RECHARGE_M_S * factor[0], ends)
    head = spsolve(matrix, right)
    source = SOURCE_KG_S * float(np.exp(rng.normal(0.0, 0.4)))
    conc = _travel(head, pairs, source, int(days * DAY_S / STEP_S))
    return Valley(ln_k=ln_k, head_m=head.reshape(2, NY, NX), conc_kg_m3=conc)


def _field(rng: np.random.Generator) -> np.ndarray:
    rough = gaussian_filter(rng.standard_normal((NY + 80, NX + 80)), rng.uniform(7.0, 10.0))[40:-40, 40:-40]
    return (rough - rough.mean()) / rough.std()


def _flow(ln_k: np.ndarray, recharge: float, ends: tuple[float, float]):
    k = np.exp(ln_k)
    thick = np.array(THICK_M)[:, None, None]
    number = np.arange(2 * NY * NX).reshape(2, NY, NX)
    east = 2.0 * thick * k[:, :, :-1] * k[:, :, 1:] / (k[:, :, :-1] + k[:, :, 1:])
    north = 2.0 * thick * k[:, :-1] * k[:, 1:] / (k[:, :-1] + k[:, 1:])
    down = CELL_M**2 / (0.5 * THICK_M[0] / (0.1 * k[0]) + 0.5 * THICK_M[1] / (0.1 * k[1]))
    a = np.concatenate([number[:, :, :-1].ravel(), number[:, :-1].ravel(), number[0].ravel()])
    b = np.concatenate([number[:, :, 1:].ravel(), number[:, 1:].ravel(), number[1].ravel()])
    c = np.concatenate([east.ravel(), north.ravel(), down.ravel()])
    size = number.size
    right = np.zeros(size)
    right[number[0].ravel()] += recharge * CELL_M**2
    right[number[PUMP]] -= PUMP_M3_S
    held = np.zeros(size)
    for column, level in ((0, ends[0]), (-1, ends[1])):
        rows = number[:, :, column].ravel()
        strong = (2.0 * thick * k)[:, :, column].ravel()
        held[rows] += strong
        right[rows] += strong * level
    diag = np.bincount(a, c, size) + np.bincount(b, c, size) + held
    matrix = sp.csc_matrix(
        sp.coo_matrix((-c, (a, b)), (size, size)) + sp.coo_matrix((-c, (b, a)), (size, size)) + sp.diags(diag)
    )
    return matrix, right, (a, b, c)


def _travel(head: np.ndarray, pairs, source: float, steps: int) -> np.ndarray:
    a, b, c = pairs
    size = head.size
    flow = c * (head[a] - head[b])
    up, down = np.where(flow >= 0, a, b), np.where(flow >= 0, b, a)
    rate = np.abs(flow)
    spread = 0.3 * rate / CELL_M * 2.0  # dispersion beside what upwind steps smear
    pore = POROSITY * CELL_M**2 * np.repeat(THICK_M, NY * NX)
    out = np.bincount(up, rate, size)
    inflow = np.bincount(down, rate, size)
    leaves = np.maximum(inflow - out, 0.0)  # wells and fixed heads take what comes in
    diag = out + leaves + np.bincount(a, spread, size) + np.bincount(b, spread, size)
    move = (
        sp.coo_matrix((-rate, (down, up)), (size, size))
        + sp.coo_matrix((-spread, (a, b)), (size, size))
        + sp.coo_matrix((-spread, (b, a)), (size, size))
        + sp.diags(diag)
    )
    solver = splu(sp.csc_matrix(move + sp.diags(pore / STEP_S)))
    put = np.zeros(size)
    put[np.ravel_multi_index(SOURCE, (2, NY, NX))] = source
    found, conc = [np.zeros(size)], np.zeros(size)
    for _ in range(steps):
        conc = solver.solve(put + pore / STEP_S * conc)
        found.append(conc)
    return np.asarray(found).reshape(-1, 2, NY, NX)
