"""Lines of cells and what lies on both sides of their faces, for the numpy kernels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.water.grid import IntArray
from models.water.transport.limiter import BoolArray
from twin.core.geometry import FloatArray

ByteArray = npt.NDArray[np.int8]
Widths = tuple[FloatArray, FloatArray, FloatArray]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Side:
    """What a face sees upwind and downwind; ``widths`` of the cells before, up and down."""

    before: FloatArray
    up: FloatArray
    down: FloatArray
    widths: Widths
    known: BoolArray
    held: BoolArray
    inflow: FloatArray
    entering: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Line:
    """The four cells around every face; ``back`` lies before ``here``, ``ahead`` beyond ``there``.

    Pairs hold (here, there): ``widths``, ``outer`` widths of back and ahead, ``known`` whether back and ahead
    are active, ``held``, ``inflow``, ``entering``.
    """

    back: FloatArray
    here: FloatArray
    there: FloatArray
    ahead: FloatArray
    widths: tuple[FloatArray, FloatArray]
    outer: tuple[FloatArray, FloatArray]
    known: tuple[BoolArray, BoolArray]
    held: tuple[BoolArray, BoolArray]
    inflow: tuple[FloatArray, FloatArray]
    entering: tuple[FloatArray, FloatArray]
    open: BoolArray

    def seen_from(self, forward: BoolArray) -> Side:
        """The faces with their upwind side: ``here`` where ``forward``, else ``there``."""

        def pick(pair: tuple[FloatArray, FloatArray]) -> FloatArray:
            return np.where(forward, pair[0], pair[1])

        return Side(
            before=pick((self.back, self.ahead)),
            up=pick((self.here, self.there)),
            down=pick((self.there, self.here)),
            widths=(pick(self.outer), pick(self.widths), pick((self.widths[1], self.widths[0]))),
            known=np.where(forward, self.known[0], self.known[1]),
            held=np.where(forward, self.held[0], self.held[1]),
            inflow=pick(self.inflow),
            entering=pick(self.entering),
        )


def along_rows(
    conc: FloatArray, widths: FloatArray, state: ByteArray, inflow: FloatArray, entering: FloatArray
) -> Line:
    """Faces along the last axis."""
    n = conc.shape[-1]
    at = np.arange(n - 1)
    back, ahead = np.maximum(at - 1, 0), np.minimum(at + 2, n - 1)
    active = state >= 0
    return Line(
        back=conc[..., back],
        here=conc[..., :-1],
        there=conc[..., 1:],
        ahead=conc[..., ahead],
        widths=(widths[:-1], widths[1:]),
        outer=(widths[back], widths[ahead]),
        known=((at > 0) & active[..., back], (at + 2 < n) & active[..., ahead]),
        held=(state[..., :-1] == 1, state[..., 1:] == 1),
        inflow=(inflow[..., :-1], inflow[..., 1:]),
        entering=(entering[..., :-1], entering[..., 1:]),
        open=active[..., :-1] & active[..., 1:],
    )


def down_layers(
    conc: FloatArray,
    thick: FloatArray,
    below: IntArray,
    above: IntArray,
    state: ByteArray,
    inflow: FloatArray,
    entering: FloatArray,
) -> Line:
    """Faces to the next active cell below, stored at the upper cell."""
    there = np.maximum(below, 0)
    back = np.maximum(above, 0)
    beyond = np.where(below >= 0, np.take_along_axis(below, there, axis=0), -1)
    ahead = np.maximum(beyond, 0)

    def at(values: npt.NDArray[np.generic], layer: IntArray) -> npt.NDArray[np.generic]:
        return np.take_along_axis(values, layer, axis=0)

    return Line(
        back=np.take_along_axis(conc, back, axis=0),
        here=conc,
        there=np.take_along_axis(conc, there, axis=0),
        ahead=np.take_along_axis(conc, ahead, axis=0),
        widths=(thick, np.take_along_axis(thick, there, axis=0)),
        outer=(np.take_along_axis(thick, back, axis=0), np.take_along_axis(thick, ahead, axis=0)),
        known=(above >= 0, beyond >= 0),
        held=(state == 1, np.asarray(at(state, there) == 1)),
        inflow=(inflow, np.take_along_axis(inflow, there, axis=0)),
        entering=(entering, np.take_along_axis(entering, there, axis=0)),
        open=below >= 0,
    )


def from_above(values: FloatArray, above: IntArray) -> FloatArray:
    """What the cell above holds, zero where there is none."""
    return np.where(above >= 0, np.take_along_axis(values, np.maximum(above, 0), axis=0), 0.0)


def from_below(values: FloatArray, below: IntArray) -> FloatArray:
    """What the cell below holds, zero where there is none."""
    return np.where(below >= 0, np.take_along_axis(values, np.maximum(below, 0), axis=0), 0.0)
