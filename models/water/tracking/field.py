"""A field of flow as particles see it: rates of the six faces of every cell, and where paths end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from models.water.grid import ACTIVE, Grid, IntArray
from models.water.refusal import refused
from models.water.result import FlowField
from twin.core.geometry import FloatArray

FlagArray = npt.NDArray[np.int8]

UNDER_WAY, SINK, LEFT, STAGNANT, DRY, TARGET, TOO_LONG = 0, 1, 2, 3, 4, 5, 6
STATUS: tuple[str, ...] = (
    "under way", "sink", "left", "stagnant", "dry", "target", "too many cells",
)  # fmt: skip
_STRONG = 1e-6  # outflow through faces, as a part of the sink's, under which a sink takes all


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackOptions:
    """How particles go.

    ``direction`` backward follows the water to where it came from. ``weak_sinks``: a cell whose sink takes
    only part of what enters lets particles ``pass`` or makes them ``stop`` (backward: sources).
    ``top``: packages whose water crosses the top of the cell; all others work inside. ``retardation`` slows
    all (1 + bulk density x Kd / porosity). ``most_cells`` a particle may cross.
    """

    direction: Literal["forward", "backward"] = "forward"
    weak_sinks: Literal["pass", "stop"] = "pass"
    top: Sequence[str] = ("rch", "evt", "rain", "springs")
    retardation_factor: float = 1.0
    most_cells: int = 100_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rates:
    """What one field does to particles.

    ``rates_1_s`` (6, nl, nr, nc): flow over pore volume through the west, east, south, north, lower and upper
    face, positive east, north and UP (backward: all turned). ``stop`` (nl, nr, nc): status that a particle
    takes on where its path ends in this cell, 0 where it goes on. ``height_m`` (nl, nr, nc) saturated.
    """

    rates_1_s: FloatArray
    stop: FlagArray
    height_m: FloatArray


def layers_above(grid: Grid) -> IntArray:
    """Layer of the next active cell above every cell (nl, nr, nc), -1 where there is none."""
    above = np.full(grid.shape, -1, dtype=np.int64)
    k, i, j = np.nonzero(grid.below >= 0)
    above[grid.below[k, i, j], i, j] = k
    return above


def rates_of(
    grid: Grid,
    porosity: FloatArray,
    field: FlowField,
    options: TrackOptions,
    targets: npt.NDArray[np.bool_] | None = None,
) -> Rates:
    """Rates of a field; ``porosity`` (nl, nr, nc), ``targets`` (nl, nr, nc) where particles end.

    Saturation is the mean over the step. Raises BadRequestError for a porosity that is not positive in an
    active cell, or shapes that do not fit.
    """
    _check(grid, porosity, field, options)
    east, north, down = field.right_m3_s, field.front_m3_s, field.lower_m3_s
    west = np.concatenate([np.zeros_like(east[:, :, :1]), east[:, :, :-1]], axis=2)
    south = np.concatenate([np.zeros_like(north[:, :1]), north[:, :-1]], axis=1)
    from_above = np.zeros(grid.shape)
    k, i, j = np.nonzero(grid.below >= 0)
    from_above[grid.below[k, i, j], i, j] = down[k, i, j]
    inside, through_top = _packages(grid, field, options)
    up = through_top * 0.0 - from_above - through_top
    saturation = 0.5 * (field.saturation_start + field.saturation_end)
    height = np.where(grid.active, saturation * grid.thickness_m, 0.0)
    volume = height * grid.area_m2 * porosity * options.retardation_factor
    sign = 1.0 if options.direction == "forward" else -1.0
    flows = sign * np.stack([west, east, south, north, -down, up])
    wet = volume > 0.0
    rates = np.where(wet, flows / np.where(wet, volume, 1.0), 0.0)
    stop = _stops(flows, sign * inside, options)
    stop[~wet] = DRY
    if targets is not None:
        stop[targets & wet] = TARGET
    return Rates(rates_1_s=np.ascontiguousarray(rates), stop=stop, height_m=height)


def _packages(grid: Grid, field: FlowField, options: TrackOptions) -> tuple[FloatArray, FloatArray]:
    """Water that packages put inside cells and through their tops (nl, nr, nc), positive in."""
    inside, top = np.zeros(grid.domain.size), np.zeros(grid.domain.size)
    for row in field.packages:
        np.add.at(top if row.name in options.top else inside, row.cells, row.flow_m3_s)
    return inside.reshape(grid.shape), top.reshape(grid.shape)


def _stops(flows: FloatArray, inside: FloatArray, options: TrackOptions) -> FlagArray:
    """SINK where the sink takes all that enters, or, when asked for, any of it."""
    leaving = (
        np.maximum(-flows[0], 0.0)
        + np.maximum(flows[1], 0.0)
        + np.maximum(-flows[2], 0.0)
        + np.maximum(flows[3], 0.0)
        + np.maximum(-flows[4], 0.0)
        + np.maximum(flows[5], 0.0)
    )
    taken = np.maximum(-inside, 0.0)
    part = np.inf if options.weak_sinks == "stop" else _STRONG
    ends = (taken > 0.0) & ((leaving <= part * taken) if np.isfinite(part) else True)
    return np.where(ends, SINK, UNDER_WAY).astype(np.int8)


def _check(grid: Grid, porosity: FloatArray, field: FlowField, options: TrackOptions) -> None:
    for name, shape in (("porosity", porosity.shape), ("right_m3_s", field.right_m3_s.shape)):
        if shape != grid.shape:
            raise refused(shape, name, f"shape {grid.shape}", f"形状 {grid.shape}")
    bad = (grid.domain == ACTIVE) & ~(porosity > 0.0)
    if bad.any():
        cell = tuple(int(n) for n in np.argwhere(bad)[0])
        raise refused(
            float(porosity[cell]), f"porosity of cell (layer, row, column) {cell}", "more than zero", "大于零"
        )
    if not options.retardation_factor >= 1.0:
        raise refused(options.retardation_factor, "retardation_factor", "at least 1", "至少为 1")
