"""A park's water as a model that steps: flow, transport on it, states that are kept, branches that are cheap.

Arrays of a state are never written again, so a branch shares them all and costs nothing until it steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from models.water.flow.solver import FlowOptions, FlowSolver
from models.water.kernels import Kernel
from models.water.numbers import number, numbers
from models.water.problem import (
    FixedHead,
    FlowProblem,
    MassSource,
    Medium,
    Period,
    Species,
    Stress,
    TransportProblem,
)
from models.water.refusal import refused
from models.water.result import FlowStep, TransportStep
from models.water.transport.solver import TransportOptions, TransportSolver, TransportState
from twin.core.geometry import FloatArray

Float32Array = npt.NDArray[np.float32]
_SAME_MOMENT = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WaterProblem:
    """Flow, and what travels in it (None: nothing)."""

    flow: FlowProblem
    transport: TransportProblem | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WaterState:
    """All that a model remembers. ``flow`` is the last step's outcome, None before the first."""

    time_s: float
    head_m: FloatArray
    flow: FlowStep | None
    transport: TransportState | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WaterStep:
    """Outcome of a step that ends at ``time_s``; of the last part where the step crossed stress periods."""

    time_s: float
    flow: FlowStep
    transport: TransportStep | None
    converged: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Snapshot:
    """``head_m`` (nl, nr, nc) and ``conc_kg_m3`` (species, nl, nr, nc) for drawing; NaN where dry."""

    time_s: float
    head_m: Float32Array
    conc_kg_m3: Float32Array | None


class WaterModel:
    """Flow and transport through time.

    The stresses are those of the period that holds the moment; after the last period its stresses hold
    on. Steady flow is solved once for the same stresses. Where the flow does not converge the step says so
    and the transport stands still, for mass would not be conserved on it.
    """

    def __init__(
        self,
        problem: WaterProblem,
        kernel: Kernel = "auto",
        *,
        flow_options: FlowOptions | None = None,
        transport_options: TransportOptions | None = None,
    ) -> None:
        if not problem.flow.periods:
            raise refused(
                field="periods",
                value="none",
                expected="at least one stress period",
                expected_zh="至少一个应力期",
            )
        self.problem = problem
        self._kernel = kernel
        self._flow_options = flow_options or FlowOptions()
        self._transport_options = transport_options or TransportOptions()
        self._flow = self._flow_solver()
        self._transport = self._transport_solver()
        self._ends_s = np.cumsum([row.length_s for row in problem.flow.periods])
        self._steady: tuple[Sequence[Stress], FlowStep] | None = None
        self._state = WaterState(
            time_s=0.0,
            head_m=problem.flow.start_head_m,
            flow=None,
            transport=None if self._transport is None else self._transport.start(),
        )

    @property
    def time_s(self) -> float:
        """Moment the model stands at, seconds since the start of the first period."""
        return self._state.time_s

    @property
    def period(self) -> Period:
        """Stress period of the coming step."""
        at = int(np.searchsorted(self._ends_s, self.time_s * (1 + _SAME_MOMENT) + _SAME_MOMENT, side="right"))
        return self.problem.flow.periods[min(at, len(self._ends_s) - 1)]

    def state(self) -> WaterState:
        """What ``restore`` takes back; costs nothing."""
        return self._state

    def restore(self, state: WaterState) -> None:
        """Stand where the state was taken. Raises BadRequestError for a state of another problem."""
        if state.head_m.shape != self.problem.flow.grid.shape or (state.transport is None) != (
            self._transport is None
        ):
            raise refused(
                field="state",
                value=state.head_m.shape,
                expected="a state of this problem",
                expected_zh="本问题的状态",
            )
        self._state = state

    def put(
        self,
        *,
        time_s: float | None = None,
        head_m: FloatArray | None = None,
        conc_kg_m3: FloatArray | None = None,
    ) -> None:
        """Correct the state by what was measured: a moment, heads, concentrations; what is not given stays.

        Sorbed and immobile mass follow the concentrations in the same proportion. The balance of mass counts
        anew from here, for a correction makes and takes mass. Raises BadRequestError for shapes that do
        not fit, and for concentrations where nothing travels.
        """
        state = self._state
        shape = self.problem.flow.grid.shape
        head_m = None if head_m is None else numbers(head_m, "head_m")
        if head_m is not None and head_m.shape != shape:
            raise refused(head_m.shape, "head_m", f"shape {shape}", f"形状 {shape}")
        carried = state.transport if conc_kg_m3 is None else self._corrected(conc_kg_m3)
        self._state = replace(
            state,
            time_s=state.time_s if time_s is None else time_s,
            head_m=state.head_m if head_m is None else np.array(head_m, dtype=np.float64),
            transport=carried,
        )

    def fixed_cells(self) -> npt.NDArray[np.bool_]:
        """(nl, nr, nc), where the coming step holds the head fixed."""
        held = np.zeros(self.problem.flow.grid.shape, dtype=bool)
        for row in self.period.stresses:
            if isinstance(row, FixedHead):
                held[tuple(row.cells.T)] = True
        return held

    def steady_head(self) -> FloatArray:
        """Heads (nl, nr, nc) at which the coming period's stresses would come to rest; the state stays."""
        return self._flow.steady(self.period.stresses, self._state.head_m).head_m

    def step(self, dt_s: float) -> WaterStep:
        """Go on by ``dt_s`` seconds, in one time step per stress period that it touches.

        Raises BadRequestError for a step that is not longer than zero.
        """
        if not number(dt_s, "dt_s") > 0.0:
            raise refused(field="dt_s", value=dt_s, expected="more than zero", expected_zh="大于零")
        end_s = self.time_s + dt_s
        notes: list[str] = []
        converged = True
        while True:
            done = self._part(min(end_s, self._period_end_s()) - self.time_s)
            notes += [note for note in done.notes if note not in notes]
            converged = converged and done.converged
            if self.time_s >= end_s * (1 - _SAME_MOMENT):
                return replace(done, converged=converged, notes=tuple(notes))

    def what_if(
        self,
        *,
        stresses: Sequence[Stress] | None = None,
        add: Sequence[Stress] = (),
        drop: Sequence[str] = (),
        medium: Medium | None = None,
        sources: Sequence[MassSource] | None = None,
        add_sources: Sequence[MassSource] = (),
        species: Sequence[Species] | None = None,
        periods: Sequence[Period] | None = None,
    ) -> WaterModel:
        """A branch that goes its own way from now on; this model does not change and arrays are shared.

        Parameters
        ----------
        stresses
            Hold in all coming periods instead of theirs.
        add, drop
            Stresses put beside those of every coming period; names of stresses left out.
        medium
            Replaces the properties of the cells (solvers are then built anew).
        sources, add_sources
            Replace, or come beside, the sources of mass. Moments are those of the model's clock.
        species
            Replaces what travels, one for one (a reaction, another isotherm).
        periods
            Replaces the periods; they count from the model's start, not from now.

        Raises
        ------
        BadRequestError
            Naming a stress to drop that does not exist, species that do not pair with those that
            travel, or sources where nothing travels.
        """
        flow = self.problem.flow
        known = {row.name for period in flow.periods for row in period.stresses}
        for name in drop:
            if name not in known:
                raise refused(
                    field="drop",
                    value=name,
                    expected=f"one of {sorted(known)}",
                    expected_zh=f"{sorted(known)} 之一",
                )
        changed = tuple(_changed(row, stresses, add, drop) for row in periods or flow.periods)
        branch_flow = replace(flow, medium=medium or flow.medium, periods=changed)
        transport = _changed_transport(self.problem.transport, sources, add_sources, species)
        return self._branch(WaterProblem(flow=branch_flow, transport=transport))

    def snapshot(self) -> Snapshot:
        """Head and concentrations as float32, for drawing."""
        state = self._state
        conc = None
        if self._transport is not None and state.transport is not None:
            conc = np.asarray(state.transport.conc_kg_m3, dtype=np.float32)
        return Snapshot(time_s=state.time_s, head_m=state.head_m.astype(np.float32), conc_kg_m3=conc)

    def _branch(self, problem: WaterProblem) -> WaterModel:
        branch = WaterModel.__new__(WaterModel)
        branch.problem = problem
        branch._kernel = self._kernel
        branch._flow_options = self._flow_options
        branch._transport_options = self._transport_options
        branch._ends_s = np.cumsum([row.length_s for row in problem.flow.periods])
        same_ground = problem.flow.medium is self.problem.flow.medium
        branch._flow = self._flow if same_ground else branch._flow_solver()
        same_cargo = same_ground and problem.transport is self.problem.transport
        branch._transport = self._transport if same_cargo else branch._transport_solver()
        branch._steady = self._steady if same_ground else None
        branch._state = self._state
        return branch

    def _flow_solver(self) -> FlowSolver:
        flow = self.problem.flow
        return FlowSolver(flow.grid, flow.medium, kernel=self._kernel, options=self._flow_options)

    def _transport_solver(self) -> TransportSolver | None:
        if self.problem.transport is None:
            return None
        flow = self.problem.flow
        return TransportSolver(
            flow.grid,
            flow.medium.porosity,
            self.problem.transport,
            kernel=self._kernel,
            options=self._transport_options,
        )

    def _corrected(self, conc_kg_m3: FloatArray) -> TransportState:
        problem, flow, state = self.problem.transport, self.problem.flow, self._state
        if problem is None or self._transport is None or state.transport is None:
            raise refused(
                conc_kg_m3.shape, "conc_kg_m3", "none where nothing travels", "无运移问题时不得给出"
            )
        expected = (len(problem.species), *flow.grid.shape)
        if conc_kg_m3.shape != expected:
            raise refused(conc_kg_m3.shape, "conc_kg_m3", f"shape {expected}", f"形状 {expected}")
        clean = np.where(flow.grid.active, np.maximum(np.nan_to_num(conc_kg_m3), 0.0), 0.0)
        solver = TransportSolver(
            flow.grid,
            flow.medium.porosity,
            replace(problem, start_conc_kg_m3=clean),
            kernel=self._kernel,
            options=self._transport_options,
        )
        old = state.transport
        fresh = solver.start(old.saturation if old.settled else None)
        before = np.nan_to_num(old.conc_kg_m3)
        ratio = np.divide(clean, before, out=np.ones_like(clean), where=before > 0.0)
        carried = replace(
            fresh,
            kinetic_kg=old.kinetic_kg * ratio if old.kinetic_kg.size else old.kinetic_kg,
            immobile_kg=old.immobile_kg * ratio if old.immobile_kg.size else old.immobile_kg,
            dry_kg=old.dry_kg,
        )
        return replace(carried, start_kg=carried.mass_kg)

    def _period_end_s(self) -> float:
        later = self._ends_s[self._ends_s > self.time_s * (1 + _SAME_MOMENT) + _SAME_MOMENT]
        return float(later[0]) if later.size else float("inf")

    def _part(self, dt_s: float) -> WaterStep:
        state, period = self._state, self.period
        flow = self._flow_step(period, dt_s)
        notes, carried, moved = flow.notes, state.transport, None
        if self._transport is not None and state.transport is not None:
            if flow.converged:
                carried, moved = self._transport.step(state.transport, flow.field, dt_s, state.time_s)
                notes = (*notes, *moved.notes)
            else:
                notes = (*notes, "transport not advanced: the flow did not converge")
        self._state = WaterState(time_s=state.time_s + dt_s, head_m=flow.head_m, flow=flow, transport=carried)
        return WaterStep(
            time_s=self._state.time_s,
            flow=flow,
            transport=moved,
            converged=flow.converged and (moved is None or moved.converged),
            notes=notes,
        )

    def _flow_step(self, period: Period, dt_s: float) -> FlowStep:
        if not period.steady:
            return self._flow.step(self._state.head_m, dt_s, period.stresses)
        if self._steady is None or not _same(self._steady[0], period.stresses):
            solved = self._flow.steady(period.stresses, self._state.head_m)
            self._steady = (period.stresses, solved)
        return self._steady[1]


def _same(one: Sequence[Stress], other: Sequence[Stress]) -> bool:
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))


def _changed(
    period: Period, stresses: Sequence[Stress] | None, add: Sequence[Stress], drop: Sequence[str]
) -> Period:
    if stresses is None and not add and not drop:
        return period
    kept = [row for row in (period.stresses if stresses is None else stresses) if row.name not in drop]
    return replace(period, stresses=(*kept, *add))


def _changed_transport(
    transport: TransportProblem | None,
    sources: Sequence[MassSource] | None,
    add_sources: Sequence[MassSource],
    species: Sequence[Species] | None,
) -> TransportProblem | None:
    if sources is None and not add_sources and species is None:
        return transport
    if transport is None:
        raise refused(
            field="sources",
            value="given",
            expected="none where nothing travels",
            expected_zh="无运移问题时不得给出源",
        )
    if species is not None and [row.id for row in species] != [row.id for row in transport.species]:
        expected = [row.id for row in transport.species]
        given = [row.id for row in species]
        raise refused(given, "species", f"{expected}, in this order", f"{expected}，且次序相同")
    put = tuple(transport.sources if sources is None else sources) + tuple(add_sources)
    return replace(transport, sources=put, species=species or transport.species)
