"""What wells and probes would read in a field: points, and screens that mix the layers they cross.

A screen's level is the mean of the heads it crosses weighted by transmissivity (the well neither pumps nor
injects; Sokol 1963, J. Geophys. Res. 68, 1079, eq. 5), its concentration the mean weighted likewise: what a
slow purge of the whole screen draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.water.grid import ACTIVE, Grid
from models.water.problem import Medium
from twin.core.errors import BadRequestError
from twin.core.geometry import FloatArray, frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A probe at one height: reads the cell that holds it. Metres, local frame."""

    name: str
    x_m: float
    y_m: float
    z_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """A well open from ``z_top_m`` down to ``z_bottom_m`` (heights of the grid's datum)."""

    name: str
    x_m: float
    y_m: float
    z_top_m: float
    z_bottom_m: float


Place = Point | Screen


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observer:
    """Weights of cells for every place.

    ``cells`` (n, most) indices into the ravelled grid, ``weights`` (n, most) summing to one per place,
    zero where a place uses fewer cells. ``names`` in the order of the results.
    """

    names: tuple[str, ...]
    cells: npt.NDArray[np.int64]
    weights: FloatArray

    def read(self, field: FloatArray) -> FloatArray:
        """Values (..., places) of a field (..., nl, nr, nc); dry cells (NaN) do not count.

        A place all of whose cells are dry reads NaN.
        """
        flat = field.reshape((*field.shape[:-3], int(np.prod(field.shape[-3:]))))
        found = flat[..., self.cells]
        weight = np.where(np.isfinite(found), self.weights, 0.0)
        total = weight.sum(axis=-1)
        mean = (weight * np.nan_to_num(found)).sum(axis=-1)
        return np.asarray(np.divide(mean, total, out=np.full_like(mean, np.nan), where=total > 0.0))


def observer(grid: Grid, medium: Medium, places: Sequence[Place], *, interpolate: bool = False) -> Observer:
    """Which cells every place reads.

    Parameters
    ----------
    grid, medium
        The ground.
    places
        Points and screens; names must differ.
    interpolate
        False: the column of cells that holds the place, as MODFLOW 6 observes. True: bilinear between the
        centres of the four columns around it, those that are active; for heads on coarse grids.

    Raises
    ------
    BadRequestError
        Naming the place that lies outside the grid or in no active cell, or a name given twice.
    """
    names = tuple(row.name for row in places)
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise _bad(twice, "given twice", "a name of its own", "各自的名称")
    found = [_weights(grid, medium, row, interpolate) for row in places]
    most = max((len(cells) for cells, _ in found), default=1)
    cells = np.zeros((len(found), most), dtype=np.int64)
    weights = np.zeros((len(found), most))
    for at, (own, weight) in enumerate(found):
        cells[at, : len(own)] = own
        cells[at, len(own) :] = own[0]
        weights[at, : len(own)] = weight
    return Observer(names=names, cells=cells, weights=frozen(weights))


def _weights(
    grid: Grid, medium: Medium, place: Place, interpolate: bool
) -> tuple[npt.NDArray[np.int64], FloatArray]:
    cells: list[int] = []
    weights: list[float] = []
    home = grid.column_row(place.x_m, place.y_m)
    columns = _around(grid, place) if interpolate else [(*home, 1.0)]
    for i, j, share in columns:
        layers, own = _layers(grid, medium, place, i, j)
        if layers.size:
            cells += [int(np.ravel_multi_index((int(k), i, j), grid.shape)) for k in layers]
            weights += list(share * own / own.sum())
    if not weights or sum(weights) <= 0.0:
        raise _bad(place.name, (place.x_m, place.y_m), "a place in active cells", "位于活动单元内")
    weight = np.asarray(weights)
    return np.asarray(cells, dtype=np.int64), np.asarray(weight / weight.sum())


def _layers(
    grid: Grid, medium: Medium, place: Place, i: int, j: int
) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Active layers that a place meets in a column, with their share of what it reads."""
    active = grid.domain[:, i, j] == ACTIVE
    top, bottom = grid.tops_m[:, i, j], grid.bottom_m[:, i, j]
    if isinstance(place, Point):
        met = active & (top >= place.z_m) & (bottom < place.z_m)
        layers = np.flatnonzero(met)[:1]
        return layers, np.ones(layers.size)
    open_m = np.minimum(top, place.z_top_m) - np.maximum(bottom, place.z_bottom_m)
    layers = np.flatnonzero(active & (open_m > 0.0))
    return layers, open_m[layers] * np.maximum(medium.k_m_s[layers, i, j], 1e-30)


def _around(grid: Grid, place: Place) -> list[tuple[int, int, float]]:
    j, fx = _between(grid.x_m, place.x_m)
    i, fy = _between(grid.y_m, place.y_m)
    corners = [
        (i, j, (1 - fy) * (1 - fx)),
        (i, min(j + 1, len(grid.x_m) - 1), (1 - fy) * fx),
        (min(i + 1, len(grid.y_m) - 1), j, fy * (1 - fx)),
        (min(i + 1, len(grid.y_m) - 1), min(j + 1, len(grid.x_m) - 1), fy * fx),
    ]
    return [row for row in corners if row[2] > 0.0]


def _between(centres_m: FloatArray, at_m: float) -> tuple[int, float]:
    """Index of the centre before a place and the fraction of the way to the next, 0 to 1."""
    before = int(np.clip(np.searchsorted(centres_m, at_m) - 1, 0, max(len(centres_m) - 2, 0)))
    if len(centres_m) == 1:
        return 0, 0.0
    fraction = (at_m - centres_m[before]) / (centres_m[before + 1] - centres_m[before])
    return before, float(np.clip(fraction, 0.0, 1.0))


def _bad(name: str, value: object, expected: str, expected_zh: str) -> BadRequestError:
    return BadRequestError(
        f"place {name}: {value}; expected {expected}",
        message_zh=f"测点 {name}：{value}；应为{expected_zh}",
        field="points",
        value=value,
    )
