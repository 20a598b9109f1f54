"""Conductances between cells as MODFLOW 6 defines them (Langevin et al., 2017, USGS TM 6-A55, chap. 4).

Horizontal: harmonic mean of the transmissivities of full cells over the distance of their centres.
Vertical: half cells in series, with K33. In a convertible layer the horizontal conductance is multiplied
by the saturation of the cell upstream, the vertical one is not (constant CV).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.water.grid import PASSES, Grid
from models.water.problem import Barrier, Medium
from twin.core.geometry import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Faces:
    """Conductances of faces of full cells, m2/s, all (nl, nr, nc), zero where no water can pass.

    ``east`` to the next column, ``north`` to the next row, ``below`` to the next active cell below
    (``Grid.below``). ``down`` is ``below`` as links between adjacent layers: a pinched-out cell between two
    active ones becomes a point without volume, so many links in series have the conductance of one.
    """

    east_m2_s: FloatArray
    north_m2_s: FloatArray
    below_m2_s: FloatArray
    down_m2_s: FloatArray


def faces_of(grid: Grid, medium: Medium) -> Faces:
    """Conductances of every face of a grid."""
    active = grid.active
    thick = np.where(active, grid.thickness_m, 0.0)
    along = np.where(active, medium.k_m_s, 0.0) * thick
    across = along if medium.k22_m_s is None else np.where(active, medium.k22_m_s, 0.0) * thick
    half_x, half_y = 0.5 * grid.dx_m, 0.5 * grid.dy_m
    east = np.zeros(grid.shape)
    east[:, :, :-1] = grid.dy_m[None, :, None] * _in_series(
        along[:, :, :-1], along[:, :, 1:], half_x[:-1], half_x[1:]
    )
    north = np.zeros(grid.shape)
    north[:, :-1] = grid.dx_m * _in_series(across[:, :-1], across[:, 1:], half_y[:-1, None], half_y[1:, None])
    below = _vertical(grid, medium)
    return Faces(east_m2_s=east, north_m2_s=north, below_m2_s=below, down_m2_s=_links(grid, below))


def with_barriers(faces: Faces, grid: Grid, barriers: Sequence[Barrier]) -> Faces:
    """Faces with walls in series; a wall's conductance counts the mean thickness of the two cells."""
    if not barriers:
        return faces
    east, north = faces.east_m2_s.copy(), faces.north_m2_s.copy()
    for barrier in barriers:
        for one, other, hydraulic in zip(
            barrier.cells_a, barrier.cells_b, barrier.hydraulic_1_s, strict=True
        ):
            first = tuple(int(n) for n in np.minimum(one, other))
            k, i, j = first
            along_x = bool(one[1] == other[1])
            height = 0.5 * (grid.thickness_m[tuple(one)] + grid.thickness_m[tuple(other)])
            width = grid.dy_m[i] if along_x else grid.dx_m[j]
            wall = float(hydraulic) * float(height) * float(width)
            plane = east if along_x else north
            ground = plane[k, i, j]
            plane[k, i, j] = ground * wall / (ground + wall) if ground > 0.0 and wall > 0.0 else 0.0
    return Faces(east_m2_s=east, north_m2_s=north, below_m2_s=faces.below_m2_s, down_m2_s=faces.down_m2_s)


def _in_series(one: FloatArray, other: FloatArray, half: FloatArray, half_other: FloatArray) -> FloatArray:
    """Harmonic mean of transmissivities per unit of width; zero where either is."""
    under = one * half_other + other * half
    return np.asarray(np.divide(one * other, under, out=np.zeros_like(under), where=under > 0.0))


def _vertical(grid: Grid, medium: Medium) -> FloatArray:
    below = grid.below
    has = below >= 0
    rows, columns = np.indices(grid.shape[1:])
    under = np.maximum(below, 0)
    with np.errstate(divide="ignore"):
        resistance = np.where(grid.active, 0.5 * grid.thickness_m / medium.k33_m_s, np.inf)
    total = resistance + resistance[under, rows[None], columns[None]]
    return np.where(has, grid.area_m2[None] / total, 0.0)


def _links(grid: Grid, below_m2_s: FloatArray) -> FloatArray:
    if not (grid.domain == PASSES).any():
        return below_m2_s
    links = np.zeros(grid.shape)
    layers = np.arange(grid.shape[0])[:, None, None]
    count = np.where(grid.below >= 0, grid.below - layers, 0)
    for k, i, j in np.argwhere(count > 0):
        links[k : k + count[k, i, j], i, j] = below_m2_s[k, i, j] * count[k, i, j]
    return links
