"""The flow solver: heads of a steady state or at the end of a time step (implicit Euler)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from models.water.flow.anchored import check_anchored
from models.water.flow.balance import Balance, ground_of, kernels_of
from models.water.flow.checks import bad, check_heads, check_medium
from models.water.flow.conductance import faces_of
from models.water.flow.field import field_of
from models.water.flow.linear import Linear
from models.water.flow.loads import Loads, loads_of
from models.water.flow.outer import Iteration, Outcome, Solve
from models.water.grid import Grid
from models.water.kernels import Kernel
from models.water.problem import Medium, Stress
from models.water.result import FlowStep
from twin.core.geometry import FloatArray

RAMP_OUTER = 20  # outer iterations of a step towards a steady water table that was not found at once
RAMP_FROM_S, RAMP_TO_S = 86_400.0, 1e13
PARTS = (1e-4, 1e-3, 1e-2, 0.1)  # of a time step that was not found at once, to come to it
DRAINED = 1e-3  # saturation under which a pumped cell is called dry


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowOptions:
    """How hard the solver tries.

    ``steady_balance_share`` and ``balance_share``: a state is solved when the sum over all cells of the water
    that is left over falls under this share of what flows through the model, steady and in a time step.
    ``outer`` most iterations on what depends on the head, ``inner`` most iterations of one linear system.
    ``method`` newton counts how upstream saturation changes with the head, picard does not (symmetric
    systems), auto takes newton in steady states and in steps where picard is slow. ``multigrid`` auto:
    algebraic multigrid (pyamg, where it is installed) for systems on which the solver's own cycles are slow.
    ``reduce_wells`` (off): pumping from a convertible cell comes to nothing over the lowest tenth of its
    thickness, as AUTO_FLOW_REDUCE of MODFLOW 6; a note of the step says what a well gives then.
    """

    steady_balance_share: float = 1e-9
    balance_share: float = 1e-5
    outer: int = 100
    inner: int = 1000
    method: Literal["auto", "newton", "picard"] = "auto"
    multigrid: Literal["auto", "always", "never"] = "auto"
    reduce_wells: bool = False


class FlowSolver:
    """Heads and flows of a grid; see ``docs/water.md``, Flow.

    A solver keeps what stays the same between steps (conductances, the multigrid hierarchy, the trend of the
    heads as a first guess), never what the answer means: the same call gives the same heads to the tolerance.
    Raises BadRequestError for a medium with values out of range, naming cell and value.
    """

    def __init__(
        self,
        grid: Grid,
        medium: Medium,
        *,
        kernel: Kernel = "auto",
        options: FlowOptions | None = None,
    ) -> None:
        check_medium(grid, medium)
        self.grid, self.medium = grid, medium
        self.options = options or FlowOptions()
        self._kernels: Any = kernels_of(kernel)
        self._ground = ground_of(grid, medium)
        self._faces = faces_of(grid, medium)
        self._loads: tuple[tuple[Stress, ...], Loads] | None = None
        self._held: set[bool] = set()  # kinds of step, steady or not, for which the levels are held
        self._lines: Linear | None = None
        self._balance = Balance(self._ground, self._kernels)
        self._last: tuple[FloatArray, FloatArray] | None = None

    def steady(self, stresses: Sequence[Stress], start_head_m: FloatArray) -> FlowStep:
        """Heads at which nothing changes any more, from first guesses (nl, nr, nc).

        Raises BadRequestError for a stress that cannot be (see ``models.water.flow.checks``), for a group of
        cells whose level nothing fixes, and for a model that is dry from the start.
        """
        loads = self._laid(stresses)
        check_heads(self.grid, start_head_m, "start_head_m", self._ground.convertible)
        self._check_held(loads, steady=True)
        self._check_wet(start_head_m)
        self._balance.begin(loads, old_m=None, dt_s=1.0)
        head = self._raised(self._filled(start_head_m, loads))
        return self._solved(head, steady=True)

    def step(self, head_m: FloatArray, dt_s: float, stresses: Sequence[Stress]) -> FlowStep:
        """Heads after ``dt_s`` seconds, from heads (nl, nr, nc) at the start; NaN in a cell means dry.

        Raises BadRequestError as ``steady`` does, and for a time step that is not more than zero.
        """
        if not (np.isfinite(dt_s) and dt_s > 0.0):
            raise bad(
                field="dt_s",
                value=dt_s,
                expected="a finite time more than zero",
                expected_zh="大于零的有限时间",
            )
        loads = self._laid(stresses)
        check_heads(self.grid, head_m, "head_m", self._ground.convertible)
        self._check_held(loads, steady=False)
        old = self._filled(head_m, loads)
        self._balance.begin(loads, old_m=old, dt_s=dt_s)
        head = self._guess(head_m, old, dt_s)
        step = self._solved(head, steady=False)
        self._last = (head, (head - old) / dt_s)
        return step

    def _guess(self, given_m: FloatArray, old: FloatArray, dt_s: float) -> FloatArray:
        """Where the heads would go if they went on as in the last step, where that step ended here."""
        head = old.copy()
        if self._last is not None:
            before, rate = self._last
            wet = self._balance.free & self._ground.active & np.isfinite(given_m)
            if np.array_equal(before[wet], old[wet]):
                head[wet] += dt_s * rate[wet]
        return head

    def _laid(self, stresses: Sequence[Stress]) -> Loads:
        rows = tuple(stresses)
        if self._loads is not None:
            known, loads = self._loads
            if len(known) == len(rows) and all(a is b for a, b in zip(known, rows, strict=True)):
                return loads
        loads = loads_of(
            *(self.grid, self._ground.convertible, self._faces, rows),
            reduce_wells=self.options.reduce_wells,
        )
        self._loads = (rows, loads)
        self._held.clear()
        self._lines = None
        return loads

    def _filled(self, head_m: FloatArray, loads: Loads) -> FloatArray:
        """Heads with numbers everywhere: dry cells at their bottom, fixed heads at their values."""
        g = self._ground
        head = np.where(g.active, head_m, 0.0)
        head = np.where(np.isnan(head), g.bottom_m, head)
        head.ravel()[loads.fixed] = loads.fixed_head_m
        for k in range(1, len(head)):  # points between layers begin with the head above
            head[k] = np.where(g.points[k] & ~g.active[k], head[k - 1], head[k])
        return head

    def _raised(self, head: FloatArray) -> FloatArray:
        """First guesses with some water in every column of cells: from dry cells nothing can be learnt."""
        g, floor = self._ground, np.full(head.shape[1:], -np.inf)
        free = self._balance.free
        for k in range(len(head) - 1, -1, -1):
            lowest = g.active[k] & np.isneginf(floor) & bool(g.convertible[k])
            floor = np.where(lowest, g.bottom_m[k] + 0.1 * g.thick_m[k], floor)
            head[k] = np.where(free[k] & g.active[k], np.maximum(head[k], floor), head[k])
        return head

    def _check_held(self, loads: Loads, *, steady: bool) -> None:
        if steady not in self._held:
            check_anchored(self.grid, self._ground, loads, steady=steady)
            self._held.add(steady)

    def _check_wet(self, head_m: FloatArray) -> None:
        g = self._ground
        dry = g.active & g.convertible[:, None, None] & ~(head_m > g.bottom_m)
        if (dry == g.active).all():
            cell = tuple(int(n) for n in np.argwhere(dry)[0])
            raise bad(
                f"start_head_m of cell (layer, row, column) {cell}",
                float(head_m[cell]),
                f"at least one cell with water: all start below their bottoms, this one's is "
                f"{g.bottom_m[cell]:.6g} m",
                f"至少一个含水单元：所有单元初始水头均低于底板，该单元底板为 {g.bottom_m[cell]:.6g} m",
            )

    def _solved(self, head: FloatArray, *, steady: bool) -> FlowStep:
        balance = self._balance
        count, notes = self._iterate(head, steady=steady)
        field, budget, imbalance = field_of(self.grid, balance, head, steady=steady)
        g = self._ground
        shown = np.where(g.active, head, np.nan)
        dry = g.active & g.convertible[:, None, None] & (head <= g.bottom_m)
        if dry.any():
            shown[dry] = np.nan
            notes = (*notes, f"{int(dry.sum())} cells are dry")
        notes = (*notes, *self._low(head), *self._reduced(head))
        return FlowStep(
            head_m=shown,
            field=field,
            budget=budget,
            imbalance=imbalance,
            converged=not any(note.startswith("not converged") for note in notes),
            iterations=count,
            notes=(*balance.loads.notes, *notes),
        )

    def _iterate(self, head: FloatArray, *, steady: bool) -> tuple[int, tuple[str, ...]]:
        bends = bool(self._ground.convertible.any()) or self._balance.loads.heads_matter()
        if not (steady and bends):
            outcome = self._attempt(head, self.options.outer, steady=steady)
            if not outcome.solved and not steady and self.options.outer > RAMP_OUTER:
                outcome = self._stretched(head, outcome)
            return outcome.outer, self._notes(outcome, head)
        start = head.copy()
        outcome = self._attempt(head, self.options.outer, steady=True, stalls=True)
        count = outcome.outer
        if not outcome.solved and self.options.outer > RAMP_OUTER:
            head[...] = start
            count += self._ramp(head)
            reached = head.copy()
            outcome = self._attempt(head, self.options.outer, steady=True, stalls=True)
            count += outcome.outer
            if not outcome.solved:
                head[...] = reached
                self._balance.evaluate(head, newton=False)
        return count, self._notes(outcome, head)

    def _stretched(self, head: FloatArray, failed: Outcome) -> Outcome:
        """A step that was not found, from first guesses that shorter steps from the same heads give."""
        balance, given = self._balance, head.copy()
        loads, old, dt_s = balance.loads, balance.old_m, balance.dt_s
        head[...] = old
        count = failed.outer
        for part in PARTS:
            balance.begin(loads, old_m=old, dt_s=part * dt_s)
            count += self._attempt(head, RAMP_OUTER, steady=False).outer
        balance.begin(loads, old_m=old, dt_s=dt_s)
        outcome = self._attempt(head, self.options.outer, steady=False)
        if not outcome.solved and failed.left_share <= outcome.left_share:
            head[...] = given
            balance.evaluate(head, newton=False)
            outcome = failed
        return replace(outcome, outer=count + outcome.outer)

    def _ramp(self, head: FloatArray) -> int:
        """Go towards a steady state through time, with steps that grow (pseudo-transient continuation)."""
        balance, loads = self._balance, self._balance.loads
        dt_s, count = RAMP_FROM_S, 0
        while dt_s < RAMP_TO_S and count < 3 * self.options.outer:
            before = head.copy()
            balance.begin(loads, old_m=before, dt_s=dt_s, pseudo=True)
            outcome = self._attempt(head, RAMP_OUTER, steady=False, stalls=True)
            count += outcome.outer
            if outcome.solved:
                dt_s *= 4.0 if outcome.outer < 8 else 2.0
            else:
                head[...] = before
                dt_s *= 0.1
            if dt_s < 1e-3 * RAMP_FROM_S:
                break
        balance.begin(loads, old_m=None, dt_s=1.0)
        return count

    def _attempt(self, head: FloatArray, outer: int, *, steady: bool, stalls: bool = False) -> Outcome:
        chosen = self.options
        bends = bool(self._ground.convertible.any())
        iteration = Iteration(
            self._balance,
            head,
            self._linear(),
            share=chosen.steady_balance_share if steady else chosen.balance_share,
            newton=bends and (chosen.method == "newton" or (steady and chosen.method == "auto")),
            may_turn=chosen.method == "auto" and bends,
        )
        return iteration.run(outer, stalls=stalls)

    def _notes(self, outcome: Outcome, head: FloatArray) -> tuple[str, ...]:
        if outcome.solved:
            return ()
        note = (
            f"not converged: after {outcome.outer} outer and {outcome.inner} inner iterations "
            f"{outcome.left_share:.2g} of the flow is left over"
        )
        thirsty = self._thirsty(head)
        if thirsty:
            thirsty.append("FlowOptions(reduce_wells=True) lets wells in dry cells give what there is")
        return (note, *thirsty)

    def _thirsty(self, head: FloatArray) -> list[str]:
        """Wells that take more than their cell is given, where it runs dry."""
        g, notes = self._ground, []
        dry = (g.convertible[:, None, None] & (head <= g.bottom_m + DRAINED * g.thick_m)).ravel()
        for load in self._balance.loads.loads:
            takes = dry[load.cells] & (load.rate_m3_s < 0.0)
            for cell, rate in zip(load.cells[takes][:3], load.rate_m3_s[takes][:3], strict=True):
                place = tuple(int(n) for n in np.unravel_index(cell, g.active.shape))
                notes.append(
                    f"{load.name} takes {-rate:.3g} m3/s from cell (layer, row, column) {place}, which is dry"
                )
        return notes

    def _low(self, head: FloatArray) -> list[str]:
        """Confined cells whose water would stand under their bottoms: the layer should be convertible."""
        g = self._ground
        low = g.active & ~g.convertible[:, None, None] & (head < g.bottom_m)
        if not low.any():
            return []
        cell = tuple(int(n) for n in np.argwhere(low)[0])
        return [
            f"the head is under the bottom of {int(low.sum())} confined cells, first (layer, row, column) "
            f"{cell}; they are computed as full of water"
        ]

    def _reduced(self, head: FloatArray) -> list[str]:
        """Wells that give less than asked for because their cells run dry."""
        notes = []
        for load in self._balance.loads.loads:
            if load.floor_m is None or not load.rate_m3_s.any():
                continue
            given = load.flow(head.ravel())
            less = np.flatnonzero(np.abs(given) < (1.0 - 1e-6) * np.abs(load.rate_m3_s))
            for n in less[:3]:
                cell = tuple(int(m) for m in np.unravel_index(load.cells[n], head.shape))
                notes.append(
                    f"{load.name} gives {-given[n]:.3g} of {-load.rate_m3_s[n]:.3g} m3/s from cell (layer, "
                    f"row, column) {cell}, which runs dry"
                )
        return notes

    def _linear(self) -> Solve:
        balance, chosen = self._balance, self.options
        if self._lines is None or not np.array_equal(self._lines.free, balance.free):
            faces = balance.loads.faces
            self._lines = Linear(
                *(self._kernels, balance.free, faces.east_m2_s, faces.north_m2_s),
                most=chosen.inner,
                multigrid=chosen.multigrid,
            )
        return self._lines.solve
