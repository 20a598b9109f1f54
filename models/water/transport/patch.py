"""A window of the grid with one flow field in it: everything that a substep needs, contiguous."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.water.grid import IntArray
from models.water.result import FlowField
from models.water.transport.body import Body
from models.water.transport.kernels import Flows, Kernels, Shape
from models.water.transport.neighbours import ByteArray
from models.water.transport.packages import Exchange, exchange
from models.water.transport.window import Box
from twin.core.geometry import FloatArray

FLOOR = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Patch:
    """``water_m3`` at the two ends of the step, ``solid_m3`` wetted bulk volume at its start.

    ``leaving_m3_s`` what an explicit step counts against a cell's capacity: limited outflow through faces,
    conductances of dispersion, offtakes.
    """

    box: Box
    shape: Shape
    flows: Flows
    state: ByteArray
    water_m3: tuple[FloatArray, FloatArray]
    solid_m3: FloatArray
    bulk_m3: FloatArray
    exchange: Exchange
    leaving_m3_s: FloatArray
    field: FlowField

    def water_at(self, share: float) -> FloatArray:
        """Water of the cells at a share of the step (0 start, 1 end)."""
        start, end = self.water_m3
        return start if start is end else start + share * (end - start)


def patch(
    body: Body, field: FlowField, box: Box, water_m3: tuple[FloatArray, FloatArray], kernels: Kernels
) -> Patch:
    """Cut a window; ``water_m3`` of the whole grid at the step's ends, the same object for steady water."""
    cut = box.slices
    grid = body.grid
    state = np.where(grid.active[cut], 0, -1).astype(np.int8)
    below = _below(grid.below[cut], box)
    shape = Shape(
        dx_m=np.ascontiguousarray(grid.dx_m[cut[2]]),
        dy_m=np.ascontiguousarray(grid.dy_m[cut[1]]),
        thick_m=np.where(state < 0, 1.0, grid.thickness_m[cut]),
        below=below,
        above=_above(below),
    )
    flows = _flows(field, box, state, below, cross=_crosses(body))
    deep = np.where(state < 0, 0.0, shape.thick_m * np.clip(field.saturation_end[cut], 0.0, 1.0))
    _spread(body, flows, shape, deep, np.ascontiguousarray(body.porosity[cut]), state, kernels)
    swap = exchange(field.packages, box, grid.shape, len(body.cargo))
    floor = FLOOR * body.pore_m3[cut]
    start = np.maximum(water_m3[0][cut], floor)
    end = start if water_m3[1] is water_m3[0] else np.maximum(water_m3[1][cut], floor)
    leaving = _leaving(flows, shape, 1.0 if body.scheme == 0 else 2.0)
    bulk = np.ascontiguousarray(body.bulk_m3[cut])
    return Patch(
        box=box,
        shape=shape,
        flows=flows,
        state=state,
        water_m3=(start, end),
        solid_m3=bulk * np.clip(field.saturation_start[cut], 0.0, 1.0),
        bulk_m3=bulk,
        exchange=swap,
        leaving_m3_s=leaving + swap.offtake_m3_s(),
        field=field,
    )


def _crosses(body: Body) -> bool:
    """Whether the tensor has off-diagonal parts."""
    row = body.dispersion
    alphas = {row.longitudinal_m, row.transverse_horizontal_m, row.transverse_vertical_m}
    return row.cross_terms and len(alphas) > 1 and sum(n > 1 for n in body.grid.shape) > 1


def _below(below: IntArray, box: Box) -> IntArray:
    first, end = box.layers
    return np.ascontiguousarray(np.where((below >= 0) & (below < end), below - first, -1))


def _above(below: IntArray) -> IntArray:
    above = np.full(below.shape, -1, dtype=np.int64)
    k, i, j = np.nonzero(below >= 0)
    above[below[k, i, j], i, j] = k
    return above


def _flows(field: FlowField, box: Box, state: ByteArray, below: IntArray, *, cross: bool) -> Flows:
    cut = box.slices
    active = state >= 0
    right = np.zeros(box.shape)
    front = np.zeros(box.shape)
    right[..., :-1] = np.where(active[..., :-1] & active[..., 1:], field.right_m3_s[cut][..., :-1], 0.0)
    front[:, :-1] = np.where(active[:, :-1] & active[:, 1:], field.front_m3_s[cut][:, :-1], 0.0)
    lower = np.where(below >= 0, field.lower_m3_s[cut], 0.0)
    gx, gy, gz = (np.zeros(box.shape) for _ in range(3))
    return Flows(
        right_m3_s=right,
        front_m3_s=front,
        lower_m3_s=lower,
        gx=gx,
        gy=gy,
        gz=gz,
        cross=np.zeros((6 if cross else 0, *box.shape)),
    )


def _spread(
    body: Body,
    flows: Flows,
    shape: Shape,
    deep: FloatArray,
    porosity: FloatArray,
    state: ByteArray,
    kernels: Kernels,
) -> None:
    row = body.dispersion
    alphas = (
        row.longitudinal_m,
        row.transverse_horizontal_m,
        row.transverse_vertical_m,
        row.diffusion_m2_s,
    )
    if any(alphas):
        kernels.spread(flows, shape, deep, porosity, state, alphas)


def _leaving(flows: Flows, shape: Shape, limited: float) -> FloatArray:
    """``limited`` times the outflow through faces, and all conductances, of every cell."""
    total = np.zeros(flows.right_m3_s.shape)
    for axis, flow, g in ((2, flows.right_m3_s, flows.gx), (1, flows.front_m3_s, flows.gy)):
        total += limited * np.maximum(flow, 0.0) + g
        back = limited * np.maximum(-flow, 0.0) + g
        one, two = [slice(None)] * 3, [slice(None)] * 3
        one[axis], two[axis] = slice(0, -1), slice(1, None)
        total[tuple(two)] += back[tuple(one)]
    total += limited * np.maximum(flows.lower_m3_s, 0.0) + flows.gz
    back = limited * np.maximum(-flows.lower_m3_s, 0.0) + flows.gz
    over = np.take_along_axis(back, np.maximum(shape.above, 0), axis=0)
    total += np.where(shape.above >= 0, over, 0.0)
    return total
