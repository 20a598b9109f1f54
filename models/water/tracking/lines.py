"""Flow lines to draw: paths through points spread evenly over the map."""

from __future__ import annotations

import numpy as np

from models.water.grid import Grid, IntArray
from models.water.kernels import Kernel
from models.water.refusal import refused
from models.water.result import FlowField
from models.water.tracking.capture import YEAR_S
from models.water.tracking.field import TrackOptions
from models.water.tracking.march import march, particles_in
from twin.core.geometry import FloatArray


def flow_lines(
    grid: Grid,
    porosity: FloatArray,
    field: FlowField,
    *,
    spacing_m: float = 200.0,
    layer: int | None = None,
    span_s: float = 50.0 * YEAR_S,
    kernel: Kernel = "auto",
) -> tuple[FloatArray, ...]:
    """Lines (m, 3) x, y, z from upstream to downstream through seeds ``spacing_m`` apart.

    Seeds lie in ``layer``; None: the active cell of each column through which most water passes sideways.
    Each line goes ``span_s`` back and as far forward. Lines that do not leave their cell are left out.
    """
    if not spacing_m > 0.0:
        raise refused(spacing_m, "spacing_m", "more than zero", "大于零")
    particles = particles_in(_seeds(grid, field, spacing_m, layer))
    if not len(particles.cells):
        return ()
    halves = []
    for options in (TrackOptions(direction="backward"), TrackOptions()):
        tracks = march(
            grid, porosity, field, particles, until_s=span_s, options=options, paths=True, kernel=kernel
        )
        halves.append(tracks.paths)
    lines = []
    for back, forth in zip(*halves, strict=True):
        line = np.concatenate([back[::-1, 1:], forth[1:, 1:]])
        if len(line) > 2:
            lines.append(line)
    return tuple(lines)


def _seeds(grid: Grid, field: FlowField, spacing_m: float, layer: int | None) -> IntArray:
    """Cells (n, 3) at the nodes of an even lattice."""
    x = np.arange(grid.x_m[0], grid.x_m[-1] + 1e-6, spacing_m)
    y = np.arange(grid.y_m[0], grid.y_m[-1] + 1e-6, spacing_m)
    cols = np.unique(np.abs(grid.x_m[None] - x[:, None]).argmin(axis=1))
    rows = np.unique(np.abs(grid.y_m[None] - y[:, None]).argmin(axis=1))
    row, col = (part.ravel() for part in np.meshgrid(rows, cols, indexing="ij"))
    if layer is None:
        passing = np.where(grid.active, np.hypot(field.right_m3_s, field.front_m3_s), -1.0)
        layers = passing[:, row, col].argmax(axis=0)
    else:
        layers = np.full(len(row), layer)
    cells = np.column_stack([layers, row, col])
    return np.asarray(cells[grid.active[layers, row, col]], dtype=np.int64)
