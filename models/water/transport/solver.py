"""Transport of species in a flow field that is given step by step.

Explicit flux-limited finite volumes around the plume, substeps from what leaves the cells, an implicit step
for the few cells that are too fast (see docs/water.md, Transport). Masses are carried, concentrations found
from them: every step conserves mass to rounding, keeps it from going below zero and, where water balances,
keeps concentrations between those around.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.water.grid import Grid
from models.water.kernels import Kernel
from models.water.problem import TransportProblem
from models.water.refusal import refused
from models.water.result import FlowField, TransportStep
from models.water.transport import window
from models.water.transport.body import Held, Put, Zone, body, check_field
from models.water.transport.closure import Gap, gap
from models.water.transport.dry import landed, wet_cells
from models.water.transport.isotherm import LINEAR, conc_of, total_kg
from models.water.transport.joined import FAST, FINE
from models.water.transport.kernels import kernels
from models.water.transport.limiter import BoolArray
from models.water.transport.load import Load, Whole, copied, empty, put_back, taken, thickness_of
from models.water.transport.march import March, Scene, pinned, placed, treated
from models.water.transport.options import TransportOptions
from models.water.transport.packages import bringing
from models.water.transport.patch import FLOOR, Patch, patch
from models.water.transport.state import Ledger, TransportState
from models.water.transport.stiff import Stiff, stiff, substeps
from models.water.transport.table import moved_table
from models.water.transport.window import Box
from twin.core.geometry import FloatArray

__all__ = ["TransportOptions", "TransportSolver", "TransportState"]

_JUMP = 1e-9
_WET = 1e-2
Waters = tuple[FloatArray, FloatArray]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Acts:
    """What holds and feeds the water between two events."""

    held: list[Held]
    puts: list[Put]
    zones: list[Zone]


class TransportSolver:
    """Moves a state through flow fields.

    ``porosity`` (nl, nr, nc) effective, or one number. ``kernel``: ``auto`` takes numba where it is
    installed, else numpy with the same numbers. Raises BadRequestError, naming field, cell and value, for a
    problem that cannot be computed. A solver keeps geometry between steps and no result.
    """

    def __init__(
        self,
        grid: Grid,
        porosity: FloatArray | float,
        problem: TransportProblem,
        *,
        kernel: Kernel = "auto",
        options: TransportOptions | None = None,
    ) -> None:
        self.problem = problem
        self.options = options or TransportOptions()
        self._body = body(grid, np.asarray(porosity, dtype=np.float64), problem)
        self._kernels = kernels(kernel)
        self._patch: Patch | None = None
        self._waters: Waters | None = None
        self._checked: FlowField | None = None
        self._gap: Gap | None = None

    def start(self, saturation: FloatArray | None = None) -> TransportState:
        """State before the first step.

        ``saturation`` (nl, nr, nc) of the cells; None: full until the first step's field tells.
        """
        grid = self._body.grid
        full = np.where(grid.active, 1.0, 0.0) if saturation is None else saturation
        conc = self.problem.start_conc_kg_m3
        given = np.zeros((len(self._body.cargo), *grid.shape)) if conc is None else conc
        return self._settled(given, full, settled=saturation is not None)

    def step(
        self, state: TransportState, field: FlowField, dt_s: float, time_s: float
    ) -> tuple[TransportState, TransportStep]:
        """Go on by ``dt_s`` seconds from ``time_s`` in a flow field; the new state and what happened.

        ``time_s`` is what sources and held concentrations are timed by. Raises BadRequestError for a step
        that is not longer than zero and for a field that does not fit the grid.
        """
        if not (np.isfinite(dt_s) and dt_s > 0.0):
            raise refused(dt_s, "dt_s", "more than zero", "大于零")
        if field is not self._checked:
            check_field(field, self._body.grid, len(self._body.cargo))
            self._gap = gap(field, self._body.grid)
            self._checked = field
        if not state.settled:
            state = self._settled(np.nan_to_num(state.conc_kg_m3), field.saturation_start, settled=True)
        whole = copied(state)
        march = March(body=self._body, kernels=self._kernels, ledger=Ledger(state.moved_kg))
        waters = self._waters_of(state, whole, field, dt_s)
        count = self._run(whole, march, field, waters, (time_s, dt_s))
        water = self._left_behind(whole, field, waters, march, dt_s)
        after = self._state(whole, water, field.saturation_end, state, march)
        return after, self._outcome(after, march, count, dt_s)

    def _settled(self, conc: FloatArray, saturation: FloatArray, *, settled: bool) -> TransportState:
        """State of given concentrations at a saturation, with nothing moved yet."""
        rows = self._body
        wet = np.clip(saturation, 0.0, 1.0)
        water = np.where(rows.grid.active, rows.pore_m3 * wet, 0.0)
        floored = np.maximum(water, FLOOR * rows.pore_m3)
        mobile = np.zeros_like(conc)
        for cargo in rows.cargo:
            solid = rows.bulk_m3 * wet * cargo.density_kg_m3
            held = np.where(rows.grid.active, conc[cargo.number], 0.0)
            mobile[cargo.number] = total_kg(held, floored, solid, cargo.law)
        kinetic, immobile = empty(rows)
        return TransportState(
            conc_kg_m3=np.where(wet_cells(rows.grid, wet), conc, np.nan),
            mobile_kg=mobile,
            kinetic_kg=kinetic,
            immobile_kg=immobile,
            dry_kg=np.zeros_like(mobile),
            water_m3=water,
            saturation=wet,
            settled=settled,
            start_kg=mobile.sum(axis=(1, 2, 3)),
            moved_kg={},
        )

    def _waters_of(self, state: TransportState, whole: Whole, field: FlowField, dt_s: float) -> Waters:
        """Water at both ends of the step; masses follow where the table jumped since the last one."""
        start = state.water_m3
        if np.abs(field.saturation_start - state.saturation).max(initial=0.0) > _JUMP:
            wet = np.clip(field.saturation_start, 0.0, 1.0)
            target = start + self._body.pore_m3 * (wet - state.saturation) * self._body.grid.active
            start = moved_table(whole, self._body, start, target, (state.saturation, wet))
        if field.steady or not field.storage_m3_s.any():
            return start, start
        return start, start - np.where(self._body.grid.active, field.storage_m3_s, 0.0) * dt_s

    def _run(
        self,
        whole: Whole,
        march: March,
        field: FlowField,
        waters: Waters,
        clock: tuple[float, float],
    ) -> int:
        """All substeps of a step, span by span between events; how many."""
        time_s, dt_s = clock
        edges = self._events(time_s, dt_s)
        wet = wet_cells(self._body.grid, field.saturation_end)
        count = 0
        for begin, end in zip(edges[:-1], edges[1:], strict=True):
            middle = time_s + 0.5 * (begin + end)
            puts = [row for row in self._body.puts if row.start_s <= middle < row.end_s]
            reached, waiting, notes = landed(puts, self._body.grid, wet)
            march.notes.extend(notes)
            _wait(waiting, whole, march, end - begin)
            acts = _Acts(
                held=[row for row in self._body.held if row.start_s <= middle < row.end_s],
                puts=reached,
                zones=[row for row in self._body.zones if row.start_s <= middle < row.end_s],
            )
            span = (begin / dt_s, end / dt_s)
            count += self._span(whole, march, field, waters, acts, span, dt_s)
        return count

    def _events(self, time_s: float, dt_s: float) -> list[float]:
        """Moments within the step, from its start, at which something begins or ends."""
        rows: list[Held | Put | Zone] = [*self._body.held, *self._body.puts, *self._body.zones]
        moments = {moment - time_s for row in rows for moment in (row.start_s, row.end_s)}
        slack = 1e-9 * dt_s
        return [0.0, *sorted(m for m in moments if slack < m < dt_s - slack), dt_s]

    def _span(
        self,
        whole: Whole,
        march: March,
        field: FlowField,
        waters: Waters,
        acts: _Acts,
        span: tuple[float, float],
        dt_s: float,
    ) -> int:
        seeds = self._seeds(field, acts)
        least = self._least(whole, field, acts)
        box = self._box(whole, seeds, least)
        if box is None:
            return 0
        scene, load, count = self._enter(whole, march, field, waters, acts, box, (span[1] - span[0]) * dt_s)
        march.pin(scene, load, span[0])
        at, done = span[0], 0
        while at < span[1]:
            left = count - done
            ahead = span[1] if left == 1 else at + (span[1] - at) / left
            march.substep(scene, load, (at, ahead), (ahead - at) * dt_s)
            at, done = ahead, done + 1
            if at < span[1] and self._reaches_rim(load, scene.patch, least):
                put_back(load, whole, scene.patch.box)
                box = scene.patch.box.grown(self.options.guard_cells, self._body.grid.shape)
                scene, load, more = self._enter(whole, march, field, waters, acts, box, (span[1] - at) * dt_s)
                count = done + max(more, count - done)
        put_back(load, whole, scene.patch.box)
        return done

    def _enter(
        self,
        whole: Whole,
        march: March,
        field: FlowField,
        waters: Waters,
        acts: _Acts,
        box: Box,
        dt_s: float,
    ) -> tuple[Scene, Load, int]:
        """The window's scene and loads, and the substeps that ``dt_s`` seconds in it take."""
        cut = self._cut(field, waters, box)
        wet = np.minimum(*cut.water_m3) > _WET * self._body.pore_m3[cut.box.slices]
        count, fast = self._substeps(cut, wet, dt_s)
        implicit: Stiff | None = None
        if fast is not None:
            implicit = stiff(cut, fast)
            march.notes.append(f"{int(fast.sum())} cells solved implicitly")
        shape = self._body.grid.shape
        scene = Scene(
            patch=cut,
            pins=tuple(pinned(acts.held, n, cut, shape) for n in range(len(self._body.cargo))),
            puts=placed(acts.puts, cut, shape),
            zones=treated(acts.zones, cut, shape),
            stiff=implicit,
        )
        return scene, taken(whole, cut.box), count

    def _cut(self, field: FlowField, waters: Waters, box: Box) -> Patch:
        """The window's patch; the last one again where nothing has changed."""
        last = self._patch
        same = last is not None and last.field is field and self._waters is not None
        if same and last is not None and self._waters is not None:
            steady = self._waters[0] is waters[0] and self._waters[1] is waters[1]
            if steady and last.box.holds(box) and last.box.cells <= 2 * box.cells:
                return last
        self._patch = patch(self._body, field, box, waters, self._kernels)
        self._waters = waters
        return self._patch

    def _rate(self, cut: Patch) -> FloatArray:
        """What leaves a cell over what holds it, of the most mobile species, 1/s."""
        water = np.minimum(*cut.water_m3)
        held = min(
            cargo.density_kg_m3 * cargo.law.first_value if cargo.law.code == LINEAR else 0.0
            for cargo in self._body.cargo
        )
        return np.where(cut.state < 0, 0.0, cut.leaving_m3_s / (water + held * cut.solid_m3))

    def _reaction_steps(self, dt_s: float) -> int:
        fastest = max(cargo.decay_1_s for cargo in self._body.cargo)
        return min(max(int(np.ceil(fastest * dt_s)), 1), self.options.max_substeps)

    def _substeps(self, cut: Patch, wet: BoolArray, dt_s: float) -> tuple[int, BoolArray | None]:
        """Substeps, more where exchange is neither slow nor so fast that phases move as one."""
        rate, least = self._rate(cut), self._reaction_steps(dt_s)
        count, fast = substeps(rate, wet, dt_s, least, self.options)
        for pace in sorted(pace for cargo in self._body.cargo for pace in cargo.exchange_1_s):
            if FINE < pace * dt_s / count < FAST:
                least = min(int(np.ceil(pace * dt_s / FINE)), max(self.options.most_substeps, count))
                count, fast = substeps(rate, wet, dt_s, least, self.options)
        return count, fast

    def _seeds(self, field: FlowField, acts: _Acts) -> Box | None:
        """Where mass comes from."""
        rows = [row.cells for row in acts.held] + [row.cells for row in acts.puts]
        cells = np.concatenate([bringing(field.packages), *rows])
        return window.around_cells(np.unique(cells), self._body.grid.shape)

    def _least(self, whole: Whole, field: FlowField, acts: _Acts) -> FloatArray:
        """Contents (species,) below which a cell counts as clean."""
        masses = (whole.mobile_kg, whole.kinetic_kg, whole.immobile_kg)
        largest = thickness_of(*masses, self._body.pore_m3).max(axis=(1, 2, 3))
        for row in field.packages:
            if row.conc_kg_m3 is not None and len(row.conc_kg_m3):
                largest = np.maximum(largest, row.conc_kg_m3.max(axis=0))
        for held in acts.held:
            largest = np.maximum(largest, np.nan_to_num(held.conc_kg_m3).max(axis=0, initial=0.0))
        return np.asarray(largest * self.options.window_share, dtype=np.float64)

    def _box(self, whole: Whole, seeds: Box | None, least: FloatArray) -> Box | None:
        """The window to compute in; None where there is nothing to move."""
        shape = self._body.grid.shape
        masses = (whole.mobile_kg, whole.kinetic_kg, whole.immobile_kg)
        found = window.around(_above(thickness_of(*masses, self._body.pore_m3), least))
        if found is None and seeds is None:
            return None
        if not self.options.window:
            return window.whole(shape)
        both = [box for box in (found, seeds) if box is not None]
        return self._steady_box(both[0].joined(both[-1]))

    def _steady_box(self, box: Box) -> Box:
        """The last window where it still suits, else one with fresh guard cells."""
        shape = self._body.grid.shape
        wide = box.grown(self.options.guard_cells, shape)
        last = self._patch
        if last is not None and last.box.holds(box.grown(3, shape)) and last.box.cells <= 2 * wide.cells:
            return last.box
        return wide

    def _reaches_rim(self, load: Load, cut: Patch, least: FloatArray) -> bool:
        pore = self._body.pore_m3[cut.box.slices]
        contents = thickness_of(load.mobile_kg, load.kinetic_kg, load.immobile_kg, pore)
        return window.reaches_rim(_above(contents, least), cut.box, self._body.grid.shape)

    def _left_behind(
        self, whole: Whole, field: FlowField, waters: Waters, march: March, dt_s: float
    ) -> FloatArray:
        """Move masses with the table at the step's end, let what is dry decay; the water then."""
        start, end = waters
        water = end
        if not field.steady and start is not end:
            change = field.saturation_end - field.saturation_start
            target = start + self._body.pore_m3 * change * self._body.grid.active
            water = moved_table(
                whole, self._body, end, target, (field.saturation_start, field.saturation_end)
            )
        if whole.dry_kg.any():
            self._decay_dry(whole, march, dt_s)
        return water

    def _decay_dry(self, whole: Whole, march: March, dt_s: float) -> None:
        made: dict[int, FloatArray] = {}
        for cargo in self._body.cargo:
            dry = whole.dry_kg[cargo.number]
            lost = dry * -np.expm1(-cargo.rates.decay_sorbed_1_s * dt_s)
            dry -= lost
            made[cargo.number] = lost
            if lost.any():
                march.ledger.book(cargo.number, "decay", out_kg=float(lost.sum()))
            if cargo.parent is not None and made[cargo.parent].any():
                gain = made[cargo.parent] * cargo.yield_kg_kg
                dry += gain
                march.ledger.book(cargo.number, "production", in_kg=float(gain.sum()))

    def _state(
        self, whole: Whole, water: FloatArray, saturation: FloatArray, before: TransportState, march: March
    ) -> TransportState:
        rows = self._body
        wet = np.clip(saturation, 0.0, 1.0)
        floored = np.maximum(water, FLOOR * rows.pore_m3)
        conc = np.empty_like(whole.mobile_kg)
        for cargo in rows.cargo:
            solid = rows.bulk_m3 * wet * cargo.density_kg_m3
            conc[cargo.number] = conc_of(whole.mobile_kg[cargo.number], floored, solid, cargo.law)
        return TransportState(
            conc_kg_m3=np.where(wet_cells(rows.grid, wet), conc, np.nan),
            mobile_kg=whole.mobile_kg,
            kinetic_kg=whole.kinetic_kg,
            immobile_kg=whole.immobile_kg,
            dry_kg=whole.dry_kg,
            water_m3=water,
            saturation=wet,
            settled=True,
            start_kg=before.start_kg,
            moved_kg=march.ledger.moved,
        )

    def _outcome(self, state: TransportState, march: March, count: int, dt_s: float) -> TransportStep:
        mass = state.mass_kg
        worst = 0.0
        for n, now in enumerate(mass):
            gain, loss = march.ledger.net_kg(n)
            entered = float(state.start_kg[n]) + gain
            scale = max(float(now), entered)
            if scale > 0.0:
                worst = max(worst, abs(float(now) - entered + loss) / scale)
            if scale > 0.0 and self._gap is not None:
                worst = max(worst, self._gap.carried_kg(state.conc_kg_m3[n], dt_s) / scale)
        if self._gap is not None:
            march.notes.append(self._gap.note)
        notes = tuple(dict.fromkeys(march.notes))
        return TransportStep(
            conc_kg_m3=state.conc_kg_m3,
            mass_kg=mass,
            rows=march.ledger.rows(self._body.names),
            balance_error=worst,
            substeps=count,
            converged=not any("not converged" in note for note in notes),
            notes=notes,
        )


def _wait(waiting: list[Put], whole: Whole, march: March, dt_s: float) -> None:
    """Leave mass in the dry cells that nothing wet lies below."""
    for row in waiting:
        for n, dry in enumerate(whole.dry_kg):
            mass = row.rate_kg_s[:, n] * dt_s
            np.add.at(dry.ravel(), row.cells, mass)
            march.ledger.book(n, row.name, in_kg=float(mass.sum()))


def _above(contents: FloatArray, least: FloatArray) -> BoolArray:
    """Cells in which a species is worth following."""
    return np.asarray((contents > least[:, None, None, None]).any(axis=0))
