"""What crosses the faces along the axes, in numpy: the twin of ``compiled.transport.faces``."""

from __future__ import annotations

import numpy as np

from models.water.grid import IntArray
from models.water.transport.limiter import inlet_step, limited_step
from models.water.transport.neighbours import ByteArray, Line, along_rows, down_layers, from_above
from twin.core.geometry import FloatArray


def faces(
    conc: FloatArray,
    right: FloatArray,
    front: FloatArray,
    lower: FloatArray,
    gx: FloatArray,
    gy: FloatArray,
    gz: FloatArray,
    dx: FloatArray,
    dy: FloatArray,
    thick: FloatArray,
    below: IntArray,
    above: IntArray,
    state: ByteArray,
    inflow: FloatArray,
    entering: FloatArray,
    scheme: int,
    change: FloatArray,
) -> None:
    """Write the rate of change of mass (kg/s) of every cell into ``change``, all (nl, nr, nc) but widths.

    Flow and conductances are those of the face to the next column, row and lower cell. ``state``: -1 not
    active, 0 free, 1 held. ``inflow`` water that enters from outside (m3/s), ``entering`` what it carries.
    """
    change[...] = 0.0
    flux = _flux(along_rows(conc, dx, state, inflow, entering), right[..., :-1], gx[..., :-1], scheme)
    change[..., :-1] -= flux
    change[..., 1:] += flux
    north, wet = np.moveaxis(change, 1, 2), np.moveaxis(state, 1, 2)
    held, into, brings, flow, mixing = (np.moveaxis(a, 1, 2) for a in (conc, inflow, entering, front, gy))
    flux = _flux(along_rows(held, dy, wet, into, brings), flow[..., :-1], mixing[..., :-1], scheme)
    north[..., :-1] -= flux
    north[..., 1:] += flux
    if conc.shape[0] > 1:
        flux = _flux(down_layers(conc, thick, below, above, state, inflow, entering), lower, gz, scheme)
        change -= flux
        change += from_above(flux, above)


def _flux(line: Line, flow: FloatArray, conductance: FloatArray, scheme: int) -> FloatArray:
    """Mass through the faces of a line, kg/s, towards higher indices."""
    side = line.seen_from(flow > 0.0)
    value = side.up
    if scheme:
        step = limited_step(side.before, side.up, side.down, side.widths, scheme)
        _, b, c = side.widths
        alone = inlet_step(side.entering, side.up, side.down, b, c)
        step = np.where(side.known, step, np.where(side.inflow >= 0.5 * np.abs(flow), alone, 0.0))
        step = np.where(side.held, b / (b + c) * (side.down - side.up), step)
        value = side.up + step
    flux = conductance * (line.here - line.there) + flow * value
    return np.where(line.open, flux, 0.0)
