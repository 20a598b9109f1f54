"""The implicit part: the few cells that would force very short explicit steps.

Faces that touch such a cell leave the explicit step. Before it, the fast cells' concentrations at its end are
found implicitly (upwind) with their slow neighbours as they are; what then crosses those faces flows
steadily through both stages of the explicit step. So mass that leaves one cell enters the other, and
concentrations stay between those around.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.water.transport.body import CellArray
from models.water.transport.kernels import Flows
from models.water.transport.limiter import BoolArray
from models.water.transport.options import TransportOptions
from models.water.transport.packages import Offtake
from models.water.transport.patch import Patch
from twin.core.geometry import FloatArray

_DIRECT = 3000
_SLACK = 1e-9
Took = list[tuple[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Given:
    """What the implicit faces do in a substep.

    ``cells`` have ``conc_kg_m3`` at its end; ``rate_kg_s`` of every cell of the window flows meanwhile;
    ``took`` what packages took from fast cells (kg); ``note`` of a solution that did not converge.
    """

    cells: CellArray
    conc_kg_m3: FloatArray
    rate_kg_s: FloatArray
    took: Took
    note: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stiff:
    """``explicit`` flows without the implicit faces, ``offtakes`` without those of implicit cells.

    ``cells`` (m,) that are fast, ravelled in the window. ``one`` and ``two`` (f,) ravelled cells that the
    implicit faces join; ``flow_m3_s`` from one to two, ``mixing_m3_s`` conductances.
    """

    explicit: Flows
    offtakes: tuple[Offtake, ...]
    implicit_offtakes: tuple[Offtake, ...]
    cells: CellArray
    one: CellArray
    two: CellArray
    flow_m3_s: FloatArray
    mixing_m3_s: FloatArray

    def solve(
        self,
        mass: FloatArray,
        conc: FloatArray,
        capacity: FloatArray,
        brought: FloatArray,
        pinned: CellArray,
        h: float,
    ) -> Given:
        """Concentrations of the fast cells after ``h`` seconds, and what flows meanwhile.

        ``conc`` now, pinned cells included, ``capacity`` (m3) mass over concentration then, ``brought`` kg/s
        from outside; all of the window.
        """
        found, note = self._conc(mass.ravel(), conc.ravel(), capacity.ravel(), brought.ravel(), pinned, h)
        then = conc.ravel().copy()
        then[self.cells] = found
        up = np.where(self.flow_m3_s > 0.0, then[self.one], then[self.two])
        flux = self.flow_m3_s * up + self.mixing_m3_s * (then[self.one] - then[self.two])
        rate = np.zeros(conc.size)
        np.subtract.at(rate, self.one, flux)
        np.add.at(rate, self.two, flux)
        took: Took = []
        for row in self.implicit_offtakes:
            out = row.rate_m3_s * then[row.cells]
            np.subtract.at(rate, row.cells, out)
            took.append((row.name, h * float(out.sum())))
        return Given(
            cells=self.cells, conc_kg_m3=found, rate_kg_s=rate.reshape(conc.shape), took=took, note=note
        )

    def _conc(
        self,
        mass: FloatArray,
        conc: FloatArray,
        capacity: FloatArray,
        brought: FloatArray,
        pinned: CellArray,
        h: float,
    ) -> tuple[FloatArray, str]:
        from scipy.sparse import coo_array

        m = len(self.cells)
        place = np.full(conc.size, -1, dtype=np.int64)
        place[self.cells] = np.arange(m)
        diagonal = capacity[self.cells].copy()
        right = mass[self.cells] + h * brought[self.cells]
        for row in self.implicit_offtakes:
            np.add.at(diagonal, place[row.cells], h * row.rate_m3_s)
        rows, columns, values = [np.arange(m)], [np.arange(m)], [diagonal]
        forth = np.maximum(self.flow_m3_s, 0.0) + self.mixing_m3_s
        back = np.maximum(-self.flow_m3_s, 0.0) + self.mixing_m3_s
        for own, other, leaves, enters in (
            (self.one, self.two, forth, back),
            (self.two, self.one, back, forth),
        ):
            mine = place[own] >= 0
            np.add.at(diagonal, place[own[mine]], h * leaves[mine])
            both = mine & (place[other] >= 0)
            rows.append(place[own[both]])
            columns.append(place[other[both]])
            values.append(-h * enters[both])
            slow = mine & (place[other] < 0)
            np.add.at(right, place[own[slow]], h * enters[slow] * conc[other[slow]])
        fixed = np.zeros(m, dtype=bool)
        fixed[place[pinned][place[pinned] >= 0]] = True
        diagonal[fixed] = 1.0
        right[fixed] = conc[self.cells[fixed]]
        at = np.concatenate(rows)
        entries = np.where(fixed[at] & (np.arange(len(at)) >= m), 0.0, np.concatenate(values))
        matrix = coo_array((entries, (at, np.concatenate(columns))), shape=(m, m)).tocsc()
        return _solved(matrix, right, diagonal)


def _solved(matrix: object, right: FloatArray, diagonal: FloatArray) -> tuple[FloatArray, str]:
    from scipy.sparse import diags_array
    from scipy.sparse.linalg import bicgstab, spsolve

    if len(right) > _DIRECT:
        jacobi = diags_array(1.0 / diagonal)
        found, info = bicgstab(
            matrix, right, x0=right / diagonal, rtol=1e-12, atol=0.0, M=jacobi, maxiter=500
        )
        if info == 0:
            return np.asarray(found, dtype=np.float64), ""
        return np.asarray(found, dtype=np.float64), f"implicit transport not converged: bicgstab says {info}"
    return np.atleast_1d(np.asarray(spsolve(matrix, right), dtype=np.float64)), ""


def substeps(
    rate_1_s: FloatArray, wet: BoolArray, dt_s: float, least: int, options: TransportOptions
) -> tuple[int, BoolArray | None]:
    """How many substeps, and the cells that are to be implicit (None: none).

    ``rate_1_s`` leaving over capacity of every cell, ``least`` substeps that reactions ask for. Explicit
    steps are refined as far as the many ``wet`` cells need; those beyond, at most ``few_share`` of them, and
    cells with next to no water that water only passes are implicit.
    """
    pace = dt_s / options.courant_share
    count = max(_needed(rate_1_s[wet & (rate_1_s > 0.0)] * pace, options), least)
    fast = np.asarray(rate_1_s * pace > count + _SLACK)
    return count, fast if fast.any() else None


def _needed(courant: FloatArray, options: TransportOptions) -> int:
    """Substeps for the Courant numbers of a whole step."""
    if not len(courant):
        return 1
    wanted = _steps(float(courant.max()))
    if wanted <= options.max_substeps:
        return wanted
    at = len(courant) - 1 - int(options.few_share * len(courant))
    many = _steps(float(np.partition(courant, at)[at]))
    return min(max(many, options.max_substeps), options.most_substeps)


def _steps(courant: float) -> int:
    return max(int(np.ceil(courant - _SLACK)), 1)


def stiff(patch: Patch, cells: BoolArray) -> Stiff:
    """The part of a window's exchange that is to be implicit because it touches ``cells``."""
    number = np.arange(cells.size).reshape(cells.shape)
    flows = patch.flows
    names = ("right_m3_s", "front_m3_s", "lower_m3_s", "gx", "gy", "gz", "cross")
    arrays = {name: getattr(flows, name).copy() for name in names}
    found: list[tuple[npt.NDArray[np.int64], ...]] = []
    for way, (flow, mixing, pair) in enumerate(
        (("right_m3_s", "gx", (0, 1)), ("front_m3_s", "gy", (2, 3)), ("lower_m3_s", "gz", (4, 5)))
    ):
        there = _there(number, patch, way)
        touched = (there >= 0) & (cells | cells.ravel()[np.maximum(there, 0)])
        touched &= (arrays[flow] != 0.0) | (arrays[mixing] != 0.0)
        found.append((number[touched], there[touched], arrays[flow][touched], arrays[mixing][touched]))
        arrays[flow][touched] = 0.0
        arrays[mixing][touched] = 0.0
        for n in pair if len(flows.cross) else ():
            arrays["cross"][n][touched] = 0.0
    one, two, flow_m3_s, mixing_m3_s = (np.concatenate([row[n] for row in found]) for n in range(4))
    inner, outer = _split(patch.exchange.offtakes, cells)
    return Stiff(
        explicit=Flows(**arrays),
        offtakes=outer,
        implicit_offtakes=inner,
        cells=np.flatnonzero(cells),
        one=one,
        two=two,
        flow_m3_s=flow_m3_s,
        mixing_m3_s=mixing_m3_s,
    )


def _there(number: npt.NDArray[np.int64], patch: Patch, way: int) -> npt.NDArray[np.int64]:
    """Number of the cell on the other side of every face of a direction, -1 where there is none."""
    there = np.full(number.shape, -1, dtype=np.int64)
    if way == 0:
        there[..., :-1] = number[..., 1:]
    elif way == 1:
        there[:, :-1] = number[:, 1:]
    else:
        below = patch.shape.below
        found = np.take_along_axis(number, np.maximum(below, 0), axis=0)
        there = np.where(below >= 0, found, -1)
    return there


def _split(
    offtakes: tuple[Offtake, ...], cells: BoolArray
) -> tuple[tuple[Offtake, ...], tuple[Offtake, ...]]:
    """Offtakes of implicit cells, and the others."""
    inner: list[Offtake] = []
    outer: list[Offtake] = []
    flat = cells.ravel()
    for row in offtakes:
        mine = flat[row.cells]
        for into, part in ((inner, mine), (outer, ~mine)):
            if part.any():
                into.append(Offtake(name=row.name, cells=row.cells[part], rate_m3_s=row.rate_m3_s[part]))
    return tuple(inner), tuple(outer)
