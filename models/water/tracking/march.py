"""Particles through a steady field, or a sequence of fields, forward or backward in time.

Pollock (1988, Ground Water 26(6), 743-750): velocity inside a cell is linear between its faces, so
the path and the time to the face are exact for the numbers that the flow solver gives. A coordinate is kept
as its part of the cell (0 to 1; the vertical one of the saturated height), so that a particle that enters a
cell of another height keeps its relative place.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from models.water.grid import Grid, IntArray
from models.water.kernels import Kernel, chosen
from models.water.refusal import refused
from models.water.result import FlowField
from models.water.tracking.field import STATUS, FlagArray, Rates, TrackOptions, layers_above, rates_of
from models.water.tracking.vector import track as track_numpy
from twin.core.geometry import FloatArray

_ROOM = 200_000  # rows of paths per call of the kernel

March = Callable[..., int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Particles:
    """Where particles start: ``cells`` (n, 3) and ``local`` (n, 3), parts 0..1 of it east, north and up.

    ``release_s`` (n,) after the start of tracking; None: at once.
    """

    cells: IntArray
    local: FloatArray
    release_s: FloatArray | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tracks:
    """Where particles ended.

    ``end_m`` (n, 3) x, y, z; ``time_s`` (n,) since the start of tracking (backward: before it); ``cells``
    (n, 3) the last cell; ``status`` (n,) index into ``STATUS``. ``paths`` one array (m, 4) of time, x, y, z
    per particle, in the order of travel, when they were asked for.
    """

    end_m: FloatArray
    time_s: FloatArray
    cells: IntArray
    status: FlagArray
    paths: tuple[FloatArray, ...] = field(default=())

    def count(self, status: str) -> int:
        """Number of particles with a status by name."""
        return int(np.count_nonzero(self.status == STATUS.index(status)))


def particles_at(grid: Grid, places_m: FloatArray, release_s: FloatArray | None = None) -> Particles:
    """Particles at places (n, 3) x, y, z, in the cell that holds each.

    The vertical part is of the whole cell; above the water table a particle starts at it. Raises
    BadRequestError for a place in no active cell.
    """
    places = np.asarray(places_m, dtype=np.float64).reshape(-1, 3)
    cells = np.array([grid.cell_at(*place) for place in places.tolist()], dtype=np.int64).reshape(-1, 3)
    k, i, j = cells.T
    west = (grid.x_m - 0.5 * grid.dx_m)[j]
    south = (grid.y_m - 0.5 * grid.dy_m)[i]
    low = np.column_stack([west, south, grid.bottom_m[k, i, j]])
    span = np.column_stack([grid.dx_m[j], grid.dy_m[i], grid.thickness_m[k, i, j]])
    return Particles(cells=cells, local=np.clip((places - low) / span, 0.0, 1.0), release_s=release_s)


def particles_in(cells: npt.ArrayLike, per_side: int = 1, per_height: int = 1) -> Particles:
    """An even lattice of particles in every one of ``cells`` (n, 3): per_side^2 x per_height each."""
    rows = np.asarray(cells, dtype=np.int64).reshape(-1, 3)
    along = (np.arange(per_side) + 0.5) / per_side
    up = (np.arange(per_height) + 0.5) / per_height
    lattice = np.array(list(itertools.product(along, along, up)))
    return Particles(cells=np.repeat(rows, len(lattice), axis=0), local=np.tile(lattice, (len(rows), 1)))


def march(
    grid: Grid,
    porosity: FloatArray,
    fields: FlowField | Sequence[FlowField],
    particles: Particles,
    *,
    until_s: float = np.inf,
    ends_s: Sequence[float] | None = None,
    options: TrackOptions | None = None,
    targets: npt.NDArray[np.bool_] | None = None,
    paths: bool = False,
    kernel: Kernel = "auto",
) -> Tracks:
    """Track particles for ``until_s``.

    ``fields``: one field, taken as steady, or several; then ``ends_s`` says when each ends, seconds since the
    start of the first. Forward starts at the start of the first and keeps the last for good; backward starts
    at the end of the last, goes through them in reverse and keeps the first for good. ``targets``
    (nl, nr, nc): cells where paths end. Raises BadRequestError for particles outside active cells or
    ``ends_s`` that do not rise or do not fit.
    """
    options = options or TrackOptions()
    rows = [fields] if isinstance(fields, FlowField) else list(fields)
    spans = _spans(len(rows), ends_s, options)
    _check(grid, particles)
    run = _Run(grid, particles, options, paths, _kernel(kernel))
    for index, end in spans:
        rates = rates_of(grid, porosity, rows[index], options, targets)
        run.through(rates, min(end, until_s))
        if end >= until_s or not run.going:
            break
    return run.tracks()


class _Run:
    """State of all particles during ``march``."""

    def __init__(
        self, grid: Grid, particles: Particles, options: TrackOptions, paths: bool, kernel: March
    ) -> None:
        count = len(particles.cells)
        self._grid, self._options, self._keep, self._kernel = grid, options, paths, kernel
        self._cells = np.array(particles.cells, dtype=np.int64).reshape(-1, 3)
        self._local = np.array(particles.local, dtype=np.float64).reshape(-1, 3)
        start = np.zeros(count) if particles.release_s is None else particles.release_s
        self._time = np.array(start, dtype=np.float64)
        self._status = np.zeros(count, dtype=np.int8)
        self._steps = np.zeros(count, dtype=np.int64)
        self._above = layers_above(grid)
        self._height = grid.thickness_m
        self._rows: list[FloatArray] = []
        self._first: FloatArray | None = None

    @property
    def going(self) -> bool:
        """Whether any particle is still under way."""
        return bool((self._status == 0).any())

    def through(self, rates: Rates, end_s: float) -> None:
        """March through one field."""
        self._height = rates.height_m
        if self._keep and self._first is None:
            self._first = self._vertices(self._as_rows())
        size = max(_ROOM, len(self._cells)) if self._keep else 1
        room = np.empty((size, 8))
        while True:
            filled = self._kernel(
                rates.rates_1_s, rates.stop, self._above, self._grid.below, self._cells, self._local,
                self._time, self._status, self._steps, end_s, self._options.most_cells, room, 0, self._keep,
            )  # fmt: skip
            if self._keep and filled:
                self._rows.append(self._vertices(room[:filled]))
            if not ((self._status == 0) & (self._time < end_s)).any():
                return

    def _as_rows(self) -> FloatArray:
        return np.column_stack([np.arange(len(self._cells)), self._time, self._cells, self._local])

    def _vertices(self, rows: FloatArray) -> FloatArray:
        """(m, 5) particle, time, x, y, z of rows of the kernel."""
        k, i, j = rows[:, 2:5].astype(np.int64).T
        grid = self._grid
        x = grid.x_m[j] + (rows[:, 5] - 0.5) * grid.dx_m[j]
        y = grid.y_m[i] + (rows[:, 6] - 0.5) * grid.dy_m[i]
        z = grid.bottom_m[k, i, j] + rows[:, 7] * self._height[k, i, j]
        return np.column_stack([rows[:, :2], x, y, z])

    def tracks(self) -> Tracks:
        """What came out."""
        ends = self._vertices(self._as_rows())
        paths: tuple[FloatArray, ...] = ()
        if self._keep and self._first is not None:
            rows = np.concatenate([self._first, *self._rows])
            order = np.argsort(rows[:, 0], kind="stable")
            cuts = np.searchsorted(rows[order, 0], np.arange(1, len(ends)))
            paths = tuple(np.split(rows[order, 1:], cuts)) if len(ends) else ()
        return Tracks(
            end_m=ends[:, 2:], time_s=self._time, cells=self._cells, status=self._status, paths=paths
        )


def _kernel(kernel: Kernel) -> March:
    if chosen(kernel) == "numba":
        from models.water.compiled.tracks import track

        compiled: March = track
        return compiled
    return track_numpy


def _spans(count: int, ends_s: Sequence[float] | None, options: TrackOptions) -> list[tuple[int, float]]:
    """(index of field, time of tracking at which it ends) in the order of travel; the last one lasts."""
    if count == 1:
        return [(0, np.inf)]
    ends = np.asarray(ends_s if ends_s is not None else [], dtype=np.float64)
    if len(ends) != count or not (np.diff(np.concatenate([[0.0], ends])) > 0.0).all():
        raise refused(
            list(ends),
            "ends_s",
            f"{count} rising times, one per field",
            f"{count} 个递增的时刻，每个流场一个",
        )
    if options.direction == "forward":
        return [(n, float(ends[n]) if n < count - 1 else np.inf) for n in range(count)]
    starts = np.concatenate([[0.0], ends[:-1]])
    return [(n, float(ends[-1] - starts[n]) if n > 0 else np.inf) for n in range(count - 1, -1, -1)]


def _check(grid: Grid, particles: Particles) -> None:
    cells = np.asarray(particles.cells)
    inside = np.asarray(((cells >= 0) & (cells < grid.shape)).all(axis=1))
    inside[inside] = grid.active[tuple(cells[inside].T)]
    if not inside.all():
        cell = tuple(int(n) for n in cells[int(np.argmin(inside))])
        raise refused(cell, "cell (layer, row, column)", "an active cell", "活动单元")
    local = np.asarray(particles.local)
    if not ((local >= 0.0) & (local <= 1.0)).all():
        raise refused(float(local.min()), "local", "from 0 to 1", "0 到 1 之间")
