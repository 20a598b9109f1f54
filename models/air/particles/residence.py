"""Time that particles spend in the cells of a box: concentration per rate, forward or backward.

Forward from a source the field is C / Q at every place; backward from a receptor it is what a source
of unit rate at every place puts on the receptor. Thomson (1987): the two agree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.air.particles.backend import Array
from models.air.particles.profile import Turbulence
from models.air.particles.run import Engine, Plan, engine_of, run
from models.air.particles.step import Cloud, Middle
from twin.core.geometry import FloatArray, frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Cells along the wind, across it and above ground, by their edges in metres (rising).

    Along the wind is relative to where the particles start and positive downwind, also backward.
    """

    along_m: FloatArray
    across_m: FloatArray
    above_m: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Residence:
    """``mean_s_m3`` (nz, ny, nx) in s/m3 (times kg/s: kg/m3), ``error_s_m3`` its standard error.

    The error is from batches of particles, so that the steps of one particle are not taken as independent.
    """

    box: Box
    mean_s_m3: FloatArray
    error_s_m3: FloatArray


def residence(
    turbulence: Turbulence,
    height_m: float,
    box: Box,
    *,
    sense: int = 1,
    particles: int = 50_000,
    batches: int = 10,
    seed: int = 1,
    arrays: str = "numpy",
) -> Residence:
    """Residence times of particles that start at ``height_m``. Raises SolverError for wrong input."""
    far = float(np.abs(np.asarray(box.along_m)).max())
    count = max(1, particles // batches)
    fields = []
    for number in range(batches):
        plan = Plan(
            height_m=height_m,
            fetch_m=far,
            particles=count,
            sense=sense,
            seed=seed + 1_000_003 * number,
            arrays=arrays,
        )
        engine = engine_of(turbulence, plan)
        cells = _Cells(engine, box)
        run(engine, plan, cells.score)
        fields.append(cells.total / (count * cells.volume))
    stack = np.stack(fields)
    return Residence(
        box=box,
        mean_s_m3=frozen(stack.mean(axis=0)),
        error_s_m3=frozen(stack.std(axis=0, ddof=1) / np.sqrt(batches) if batches > 1 else stack[0] * np.inf),
    )


class _Cells:
    """Adds up the seconds in every cell."""

    def __init__(self, engine: Engine, box: Box) -> None:
        self._arrays, self._tables = engine.arrays, engine.tables
        self._edges = [np.asarray(row, dtype=np.float64) for row in (box.above_m, box.across_m, box.along_m)]
        self._cells = np.arange(engine.tables.height_m.size) + 0.5
        shape = tuple(row.size - 1 for row in self._edges)
        self.total = np.zeros(shape)
        self.volume = np.prod(np.meshgrid(*[np.diff(row) for row in self._edges], indexing="ij"), axis=0)

    def score(self, before: Cloud, middle: Middle, numbers: Array) -> None:
        numpy = self._arrays.numpy
        x = numpy(before.x_m) + 0.5 * numpy(middle.east)
        near = np.flatnonzero((x > self._edges[2][0]) & (x < self._edges[2][-1]))
        if not near.size:
            return
        # Between the cells, which are fine enough for moving but not for counting in thin layers.
        place = np.sqrt(numpy(middle.s)[near]) * self._tables.per_root
        z = np.interp(place, self._cells, self._tables.height_m)
        y = numpy(before.y_m)[near] + 0.5 * numpy(middle.left)[near]
        index = [
            np.searchsorted(edge, row) - 1 for edge, row in zip(self._edges, (z, y, x[near]), strict=True)
        ]
        good = np.logical_and.reduce(
            [(row >= 0) & (row < n) for row, n in zip(index, self.total.shape, strict=True)]
        )
        flat = np.ravel_multi_index([row[good] for row in index], self.total.shape)
        weight = numpy(middle.seconds)[near][good]
        self.total += np.bincount(flat, weights=weight, minlength=self.total.size).reshape(self.total.shape)
