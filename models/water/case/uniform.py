"""Transport in a flow that is the same everywhere, in place of a flow solution.

Water enters and leaves through the outer faces of the grid; what enters carries ``inflow_conc``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.casefiles.findings import CaseError, bad_value
from models.water.case.build import Built
from models.water.case.schema import TransportCase
from models.water.case.schema_ground import UniformFlowTable
from models.water.grid import Grid
from models.water.kernels import Kernel
from models.water.model import WaterProblem
from models.water.result import CellFlow, FlowField, MassRow, WaterResult
from models.water.run import step_lengths
from twin.core.geometry import FloatArray, frozen

_CLOSE = 1e-9


def uniform_field(grid: Grid, darcy_m_s: tuple[float, float, float], conc_kg_m3: FloatArray) -> FlowField:
    """Flow of ``darcy_m_s`` (east, north, up) through a grid whose cells are all active.

    ``conc_kg_m3`` (species,) of water that enters. Raises ValueError naming the cell where such a flow would
    not close, because the layer's thickness changes there.
    """
    east, north, up = darcy_m_s
    shape, thickness = grid.shape, grid.thickness_m
    right = east * grid.dy_m[None, :, None] * thickness
    front = north * grid.dx_m[None, None, :] * thickness
    lower = np.broadcast_to(-up * grid.area_m2, shape).copy()
    for flow, axis in ((right, 2), (front, 1)):
        change = np.abs(np.diff(flow, axis=axis)) > _CLOSE * np.abs(flow).max()
        if change.any():
            cell = tuple(int(n) for n in np.argwhere(change)[0])
            msg = f"thickness changes at cell (layer, row, column) {cell}"
            raise ValueError(msg)
    into = np.zeros(shape)
    out = np.zeros(shape)
    for flow, axis in ((right, 2), (front, 1), (lower, 0)):
        _ends(flow, axis, into, out)
    right[:, :, -1] = 0.0
    front[:, -1, :] = 0.0
    lower[-1] = 0.0
    packages = [_cell_flow("inflow", into, conc_kg_m3), _cell_flow("outflow", out, None)]
    ones = np.ones(shape)
    return FlowField(
        right_m3_s=frozen(right),
        front_m3_s=frozen(front),
        lower_m3_s=frozen(lower),
        saturation_start=frozen(ones),
        saturation_end=frozen(ones),
        storage_m3_s=frozen(np.zeros(shape)),
        packages=tuple(row for row in packages if len(row.cells)),
        steady=True,
    )


def run_uniform(built: Built, times_s: Sequence[float], cells: Sequence[tuple[str, tuple[int, int, int]]],
                kernel: Kernel) -> WaterResult:  # fmt: skip
    """Run a transport case in its uniform flow; fields at ``times_s``, series of ``cells`` by name.

    Raises CaseError for a grid in which such a flow does not close.
    """
    from models.water.transport.solver import TransportSolver

    problem = built.problem
    case = built.case
    assert isinstance(case, TransportCase)
    assert case.uniform_flow is not None
    assert problem.transport is not None
    field = field_of_case(built, case.uniform_flow, [row.id for row in case.species])
    flow = problem.flow
    solver = TransportSolver(flow.grid, flow.medium.porosity, problem.transport, kernel=kernel)
    state, now_s = solver.start(), 0.0
    record = _Series(names=[name for name, _ in cells], cells=[cell for _, cell in cells])
    kept: list[FloatArray] = [state.conc_kg_m3] if times_s and times_s[0] <= 0.0 else []
    for end_s in moments(problem, times_s):
        state, moved = solver.step(state, field, end_s - now_s, now_s)
        now_s = end_s
        record.note(now_s, moved.conc_kg_m3, moved.rows, moved.balance_error, moved.converged, moved.notes)
        if any(abs(now_s - t) <= _CLOSE * max(t, 1.0) for t in times_s):
            kept.append(moved.conc_kg_m3)
    steps = len(record.times_s)
    heads = np.full((len(kept), *flow.grid.shape), np.nan)
    return WaterResult(
        times_s=frozen(np.asarray(times_s, dtype=np.float64)),
        head_m=heads,
        conc_kg_m3=frozen(np.stack(kept)) if kept else None,
        step_times_s=frozen(np.asarray(record.times_s)),
        budgets=((),) * steps,
        masses=tuple(record.masses),
        series=record.series([row.id for row in problem.transport.species]),
        fields=(field,) * sum(1 for t in times_s if t > 0.0),
        converged=record.converged,
        worst_imbalance=0.0,
        worst_balance_error=record.balance,
        notes=tuple(dict.fromkeys(record.notes)),
    )


def moments(problem: WaterProblem, times_s: Sequence[float]) -> list[float]:
    """Ends of all time steps, with the moments asked for put between them."""
    ends: list[float] = []
    start_s = 0.0
    for period in problem.flow.periods:
        ends += list(start_s + np.cumsum(step_lengths(period)))
        start_s += period.length_s
        ends[-1] = start_s
    near = _CLOSE * max(ends[-1], 1.0)
    extra = [t for t in times_s if t > 0.0 and min(abs(t - end) for end in ends) > near]
    return sorted([*ends, *extra])


def field_of_case(built: Built, table: UniformFlowTable, ids: Sequence[str]) -> FlowField:
    """Flow field of ``[uniform_flow]``; ``ids`` of the species. Raises CaseError where it does not close."""
    scale, flow = built.loaded.scale, built.problem.flow
    given, _ = uniform_speed_m_s(built, table)
    inflow = table.inflow_conc
    concs = inflow if isinstance(inflow, dict) else dict.fromkeys(ids[:1], inflow)
    unknown = [name for name in concs if name not in ids]
    if unknown:
        raise _refused(built, unknown[0], f"one of {', '.join(ids)}", f"{', '.join(ids)} 之一")
    values = np.array([concs.get(name, 0.0) for name in ids]) * scale.factor("C")
    try:
        return uniform_field(flow.grid, (float(given[0]), float(given[1]), float(given[2])), values)
    except ValueError as error:
        raise _refused(built, str(error), "layers of even thickness", "厚度均匀的层") from None


def uniform_speed_m_s(built: Built, table: UniformFlowTable) -> tuple[FloatArray, FloatArray]:
    """Darcy flux and velocity in the pores (east, north, up), the latter NaN where the porosity varies.

    Raises CaseError for a velocity where it varies, and for inactive cells.
    """
    flow, factor = built.problem.flow, built.loaded.scale.factor("L/T")
    if not flow.grid.active.all():
        raise _refused(built, "inactive cells", "a grid whose cells are all active", "全部单元均为活动单元")
    porosity = flow.medium.porosity
    even = float(np.ptp(porosity)) == 0.0
    if table.velocity is not None:
        if not even:
            raise _refused(built, "velocity", "darcy, for the porosity varies", "孔隙度不均匀时应给出 darcy")
        velocity = np.asarray(table.velocity) * factor
        return velocity * float(porosity.flat[0]), velocity
    darcy = np.asarray(table.darcy or (0.0, 0.0, 0.0)) * factor
    return darcy, darcy / float(porosity.flat[0]) if even else np.full(3, np.nan)


def _refused(built: Built, value: object, expected: str, expected_zh: str) -> CaseError:
    return bad_value(built.loaded.source, "uniform_flow", value, expected, expected_zh)


def _ends(flow: FloatArray, axis: int, into: FloatArray, out: FloatArray) -> None:
    """What crosses the first and last outer faces of an axis, put into the cells behind them."""
    first = [slice(None)] * 3
    last = [slice(None)] * 3
    first[axis], last[axis] = slice(0, 1), slice(-1, None)
    forward = flow[tuple(first)]
    into[tuple(first)] += np.maximum(forward, 0.0)
    out[tuple(first)] += np.minimum(forward, 0.0)
    forward = flow[tuple(last)]
    into[tuple(last)] += np.maximum(-forward, 0.0)
    out[tuple(last)] += np.minimum(-forward, 0.0)


def _cell_flow(name: str, flow: FloatArray, conc_kg_m3: FloatArray | None) -> CellFlow:
    cells = np.flatnonzero(flow)
    conc = None if conc_kg_m3 is None else np.broadcast_to(conc_kg_m3, (len(cells), len(conc_kg_m3))).copy()
    return CellFlow(name=name, cells=cells, flow_m3_s=flow.ravel()[cells], conc_kg_m3=conc)


class _Series:
    """What is kept of every step."""

    def __init__(self, names: list[str], cells: list[tuple[int, int, int]]) -> None:
        self.names, self.cells = names, cells
        self.times_s: list[float] = []
        self.masses: list[tuple[MassRow, ...]] = []
        self.read: list[FloatArray] = []
        self.balance, self.converged = 0.0, True
        self.notes: list[str] = []

    def note(
        self,
        time_s: float,
        conc: FloatArray,
        rows: tuple[MassRow, ...],
        balance: float,
        converged: bool,
        notes: tuple[str, ...],
    ) -> None:
        self.times_s.append(time_s)
        self.masses.append(rows)
        self.read.append(np.array([conc[:, k, i, j] for k, i, j in self.cells]))
        self.balance = max(self.balance, abs(balance))
        self.converged = self.converged and converged
        self.notes += list(notes)

    def series(self, species: list[str]) -> dict[str, FloatArray]:
        body = np.asarray(self.read)
        found: dict[str, FloatArray] = {}
        for at, name in enumerate(self.names):
            found[name] = np.full(len(self.times_s), np.nan)
            for n, key in enumerate(species):
                found[f"{name}:{key}"] = frozen(body[:, at, n].copy())
        return found
