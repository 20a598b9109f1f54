"""Sources of mass in cells without water: what is put there seeps to the water below, or waits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from models.water.grid import Grid
from models.water.transport.body import CellArray, Put
from models.water.transport.limiter import BoolArray
from twin.core.geometry import FloatArray


def wet_cells(grid: Grid, saturation: FloatArray) -> BoolArray:
    """Active cells with water in them, (nl, nr, nc)."""
    return np.asarray(grid.active & (saturation > 0.0))


def landed(puts: list[Put], grid: Grid, wet: BoolArray) -> tuple[list[Put], list[Put], list[str]]:
    """Sources where they reach water, those that wait in the dry, and notes about both.

    Mass put into a dry cell goes to the uppermost wet cell below it in the column; where there is none it
    stays where it was put.
    """
    reached: list[Put] = []
    waiting: list[Put] = []
    notes: list[str] = []
    for row in puts:
        dry = ~wet.ravel()[row.cells]
        if not dry.any():
            reached.append(row)
            continue
        cells, found = _seeped(row.cells, grid, wet)
        if found.any():
            reached.append(replace(row, cells=cells[found], rate_kg_s=row.rate_kg_s[found]))
        if (dry & found).any():
            notes.append(
                f"{row.name}: mass for {int((dry & found).sum())} dry cells goes to the wet cells below"
            )
        if not found.all():
            waiting.append(replace(row, cells=row.cells[~found], rate_kg_s=row.rate_kg_s[~found]))
            notes.append(
                f"{row.name}: mass for {int((~found).sum())} dry cells waits there, no water is below"
            )
    return reached, waiting, notes


def _seeped(cells: CellArray, grid: Grid, wet: BoolArray) -> tuple[CellArray, BoolArray]:
    """The first wet cell at or below each cell, and where there is one."""
    layer, row, column = np.unravel_index(cells, grid.shape)
    while True:
        below = grid.below[layer, row, column]
        sinks = ~wet[layer, row, column] & (below >= 0)
        if not sinks.any():
            break
        layer = np.where(sinks, below, layer)
    at = np.ravel_multi_index((layer, row, column), grid.shape)
    return np.asarray(at, dtype=np.int64), np.asarray(wet[layer, row, column])
