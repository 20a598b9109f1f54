"""Running a column: adaptive steps, what reaches the water table, and the balances of water and mass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.limits import Limit, outside
from models.water.column.problem import ColumnProblem, Top
from models.water.column.richards import Soils, WaterStep, soils_of, water_step
from models.water.column.solutes import Carried, carried_of, solute_step
from models.water.refusal import refused
from twin.core.geometry import FloatArray
from twin.core.text import Text

LIMITS: tuple[Limit, ...] = (
    Limit(
        quantity="depth_m", units="m", high=200.0,
        why=Text(zh="更深处水多走裂隙与优先通道", en="deeper, water mostly follows fissures, not the pores"),
    ),
    Limit(
        quantity="cell_height_m", units="m", high=0.25,
        why=Text(
            zh="单元过厚时湿润锋被抹平，入渗量不准",
            en="cells thicker than the suction's scale blur the front and misjudge what seeps in",
        ),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnOptions:
    """Steps: first, longest, shortest that is tried; ``change_fraction`` of water content in one."""

    first_s: float = 1.0
    longest_s: float = 86_400.0
    shortest_s: float = 1e-6
    change_fraction: float = 0.02
    most_steps: int = 200_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ColumnResult:
    """What the column did.

    Per step (m,): ``time_s`` at its end, ``infiltration_m_s`` through the ground, ``recharge_m_s`` through
    the bottom, ``mass_flux_kg_m2_s`` (m, s) through the bottom, mean of the step, positive down;
    ``conc_out_kg_m3`` (m, s) of what leaves. Profiles at ``profile_times_s`` (t,): ``head_m`` and
    ``water_content`` (t, n), ``conc_kg_m3`` (t, s, n). ``run_off_m`` and ``not_evaporated_m``: water that the
    ground refused, or did not give. Balances are relative, water to what flowed, mass to what entered or
    was there. ``converged`` False: the run stopped at the last ``time_s``; ``notes`` say why.
    """

    time_s: FloatArray
    infiltration_m_s: FloatArray
    recharge_m_s: FloatArray
    mass_flux_kg_m2_s: FloatArray
    conc_out_kg_m3: FloatArray
    profile_times_s: FloatArray
    head_m: FloatArray
    water_content: FloatArray
    conc_kg_m3: FloatArray
    run_off_m: float
    not_evaporated_m: float
    water_error_fraction: float
    mass_error_fraction: float
    entered_kg_m2: FloatArray
    left_kg_m2: FloatArray
    decayed_kg_m2: FloatArray
    held_kg_m2: FloatArray
    converged: bool
    notes: tuple[str, ...]


def run_column(
    problem: ColumnProblem,
    *,
    times_s: Sequence[float] = (),
    options: ColumnOptions | None = None,
) -> ColumnResult:
    """Run to the end of the last top; profiles at ``times_s`` and at the end.

    Raises BadRequestError for times beyond the end.
    """
    end = problem.tops[-1].end_s
    wanted = sorted({float(t) for t in times_s} | {end})
    if wanted[-1] > end or wanted[0] < 0.0:
        raise refused(wanted[-1], "times_s", f"from 0 to {end:g} s", f"0 到 {end:g} 秒")
    run = _Run(problem, options or ColumnOptions())
    for top in problem.tops:
        stops = [t for t in wanted if run.time_s <= t <= top.end_s] + [top.end_s]
        for stop in stops:
            run.advance(stop, top)
            if stop in wanted and stop not in run.profile_times:
                run.keep(stop)
            if not run.converged:
                return run.result()
    return run.result()


class _Run:
    """State of a column during ``run_column``."""

    def __init__(self, problem: ColumnProblem, options: ColumnOptions) -> None:
        self._problem, self._options = problem, options
        self._soils: Soils = soils_of(problem)
        self._carried: Carried = carried_of(problem, self._soils.saturated)
        self._head = _start(problem, self._soils)
        self._content = self._soils.water_content(self._head)
        self._first_content = self._content
        count = len(problem.solutes)
        start = problem.start_conc_kg_m3
        shape = (count, problem.cells)
        if start is not None and start.shape != shape:
            raise refused(start.shape, "start_conc_kg_m3", f"shape {shape}", f"形状 {shape}")
        self._conc = np.zeros(shape) if start is None else np.array(start, dtype=np.float64)
        self._first_mass = self._mass()
        self.time_s, self._dt = 0.0, options.first_s
        self._water_in = self._water_out = self._gross = 0.0
        self._run_off = self._kept_back = 0.0
        self._entered, self._left, self._decayed = np.zeros(count), np.zeros(count), np.zeros(count)
        self._rows: list[tuple[float, float, float, FloatArray, FloatArray]] = []
        self.profile_times: list[float] = []
        self._profiles: list[tuple[FloatArray, FloatArray, FloatArray]] = []
        self.converged = True
        values = {"depth_m": problem.depth_m, "cell_height_m": problem.dz_m}
        self._notes = [row.note for row in outside(LIMITS, values)]

    def _mass(self) -> FloatArray:
        return np.asarray(
            ((self._content + self._carried.sorbs) * self._conc).sum(axis=1) * self._problem.dz_m
        )

    def advance(self, stop_s: float, top: Top) -> None:
        """Step until ``stop_s`` under one top."""
        while self.time_s < stop_s and self.converged:
            if len(self._rows) >= self._options.most_steps:
                self._fail(f"more than {self._options.most_steps} steps")
                return
            left = stop_s - self.time_s
            dt = left if left <= self._dt * (1.0 + 1e-9) else min(self._dt, 0.5 * left)
            step = water_step(
                self._soils, self._problem.dz_m, self._head, self._content, dt, top, self._problem.bottom
            )
            if not step.converged:
                self._dt = dt / 3.0
                if self._dt < self._options.shortest_s:
                    self._fail(f"water did not converge with steps of {self._dt:.1e} s")
                continue
            self._take(step, dt, top)
            self.time_s = stop_s if dt == left else self.time_s + dt

    def _fail(self, why: str) -> None:
        self.converged = False
        self._notes.append(f"stopped at {self.time_s:g} s: {why}")

    def _take(self, step: WaterStep, dt: float, top: Top) -> None:
        carried = solute_step(self._carried, self._problem.dz_m, self._conc, self._content, step, dt, top)
        change = float(np.abs(step.water_content - self._content).max())
        flux_in, flux_out = float(step.flux_m_s[0]), float(step.flux_m_s[-1])
        self._water_in += flux_in * dt
        self._water_out += flux_out * dt
        self._gross += (abs(flux_in) + abs(flux_out)) * dt
        if top.pond_m is None:
            self._run_off += max(top.flux_m_s - flux_in, 0.0) * dt if top.flux_m_s > 0.0 else 0.0
            self._kept_back += max(flux_in - top.flux_m_s, 0.0) * dt if top.flux_m_s < 0.0 else 0.0
        self._entered += carried.entered_kg_m2
        self._left += carried.left_kg_m2
        self._decayed += carried.decayed_kg_m2
        self._head, self._content, self._conc = step.head_m, step.water_content, carried.conc_kg_m3
        self._rows.append(
            (self.time_s + dt, flux_in, flux_out, carried.left_kg_m2 / dt, self._conc[:, -1].copy())
        )
        calm = 1.3 if step.iterations <= 7 else (0.8 if step.iterations > 14 else 1.0)
        wish = self._options.change_fraction / max(change, 1e-30)
        self._dt = min(max(self._dt, dt) * min(calm, max(wish, 0.5)), self._options.longest_s)

    def keep(self, time_s: float) -> None:
        """Remember the profile."""
        self.profile_times.append(time_s)
        self._profiles.append((self._head, self._content, self._conc))

    def result(self) -> ColumnResult:
        """What came out."""
        stored = float((self._content - self._first_content).sum() * self._problem.dz_m)
        held = float(self._content.sum()) * self._problem.dz_m
        scale = max(self._gross, abs(stored), 1e-6 * held)
        mass = self._mass()
        owed = self._first_mass + self._entered - self._left - self._decayed
        most = np.maximum(np.maximum(self._first_mass + self._entered, np.abs(mass)), 1e-300)
        steps = len(self._rows)
        count = len(self._problem.solutes)
        return ColumnResult(
            time_s=np.array([row[0] for row in self._rows]),
            infiltration_m_s=np.array([row[1] for row in self._rows]),
            recharge_m_s=np.array([row[2] for row in self._rows]),
            mass_flux_kg_m2_s=np.array([row[3] for row in self._rows]).reshape(steps, count),
            conc_out_kg_m3=np.array([row[4] for row in self._rows]).reshape(steps, count),
            profile_times_s=np.array(self.profile_times),
            head_m=np.array([row[0] for row in self._profiles]),
            water_content=np.array([row[1] for row in self._profiles]),
            conc_kg_m3=np.array([row[2] for row in self._profiles]),
            run_off_m=self._run_off, not_evaporated_m=self._kept_back,
            water_error_fraction=abs(self._water_in - self._water_out - stored) / scale,
            mass_error_fraction=float((np.abs(mass - owed) / most).max(initial=0.0)),
            entered_kg_m2=self._entered, left_kg_m2=self._left, decayed_kg_m2=self._decayed, held_kg_m2=mass,
            converged=self.converged, notes=tuple(self._notes),
        )  # fmt: skip


def _start(problem: ColumnProblem, soils: Soils) -> FloatArray:
    if problem.start_head_m is not None and problem.start_water_content is not None:
        raise refused(2, "starts (start_head_m, start_water_content)", "one of them", "只能给出其一")
    if problem.start_head_m is not None:
        return np.array(problem.start_head_m, dtype=np.float64)
    if problem.start_water_content is not None:
        return np.maximum(soils.head_m(problem.start_water_content), -1e4)
    return np.asarray(problem.bottom.head_m - (problem.depth_m - problem.below_ground_m))
