"""A whole run: all periods and their steps, fields at the moments asked for, series at places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from models.water.flow.solver import FlowOptions
from models.water.kernels import Kernel
from models.water.model import WaterModel, WaterProblem, WaterStep
from models.water.numbers import numbers
from models.water.observe import Observer, Place, observer
from models.water.problem import Period
from models.water.refusal import refused
from models.water.result import BudgetRow, FlowField, MassRow, WaterResult
from models.water.transport.solver import TransportOptions
from twin.core.geometry import FloatArray, frozen

_SAME_MOMENT = 1e-9
_NOTES = 20


def run(
    problem: WaterProblem,
    *,
    times_s: Sequence[float] | FloatArray | None = None,
    points: Sequence[Place] = (),
    kernel: Kernel = "auto",
    interpolate: bool = False,
    flow_options: FlowOptions | None = None,
    transport_options: TransportOptions | None = None,
) -> WaterResult:
    """Run a problem from its start to the end of its last period.

    Parameters
    ----------
    problem
        Flow, and what travels.
    times_s
        Moments, seconds since the start, at which fields are kept; a time step that holds one is cut there.
        0 keeps the start. None: the end of every period.
    points
        Places whose head (``<name>``) and concentrations (``<name>:<species>``) are kept at every step.
    kernel
        See ``models.water.kernels``.
    interpolate
        Whether places read between the centres of cells (see ``models.water.observe.observer``).
    flow_options, transport_options
        Choices of the solvers.

    Returns
    -------
    WaterResult
        ``converged`` False when any step did not; its notes name the steps. ``fields`` holds the flow that
        led to each of ``times_s``, nothing for the start.

    Raises
    ------
    BadRequestError
        For moments outside the run, places outside the grid, and bad input of the solvers.
    """
    flow = problem.flow
    bounds_s = _bounds(flow.periods)
    asked = (
        np.cumsum([row.length_s for row in flow.periods]) if times_s is None else numbers(times_s, "times_s")
    )
    _check_times(asked, bounds_s[-1])
    record = _Record(problem=problem, watch=observer(flow.grid, flow.medium, points, interpolate=interpolate))
    model = WaterModel(problem, kernel, flow_options=flow_options, transport_options=transport_options)
    moments = _moments(bounds_s, asked)
    if asked.size and asked[0] <= 0.0:
        record.keep(model, None)
    for end_s in moments:
        done = model.step(end_s - model.time_s)
        record.note(done, model)
        if np.any(np.isclose(asked, end_s, rtol=_SAME_MOMENT, atol=_SAME_MOMENT)):
            record.keep(model, done.flow.field)
    return record.result()


def step_lengths(period: Period) -> FloatArray:
    """Lengths (steps,) of a period's time steps, seconds, each ``multiplier`` times the one before.

    >>> step_lengths(Period(length_s=7.0, stresses=(), steps=3, multiplier=2.0)).tolist()
    [1.0, 2.0, 4.0]
    """
    if period.steps < 1 or period.length_s <= 0.0 or period.multiplier <= 0.0:
        value = f"{period.steps} steps, {period.length_s:g} s, multiplier {period.multiplier:g}"
        expected, expected_zh = "all more than zero", "步数、长度和倍率均大于零"
        raise refused(field="periods", value=value, expected=expected, expected_zh=expected_zh)
    share = period.multiplier ** np.arange(period.steps)
    return np.asarray(period.length_s * share / share.sum())


@dataclass(slots=True, kw_only=True, eq=False)
class _Record:
    """What a run keeps while it goes."""

    problem: WaterProblem
    watch: Observer
    kept_s: list[float] = field(default_factory=list)
    heads: list[FloatArray] = field(default_factory=list)
    concs: list[FloatArray] = field(default_factory=list)
    fields: list[FlowField] = field(default_factory=list)
    steps_s: list[float] = field(default_factory=list)
    budgets: list[tuple[BudgetRow, ...]] = field(default_factory=list)
    masses: list[tuple[MassRow, ...]] = field(default_factory=list)
    levels: list[FloatArray] = field(default_factory=list)
    read: list[FloatArray] = field(default_factory=list)
    failed: int = 0
    notes: list[str] = field(default_factory=list)
    imbalance: float = 0.0
    balance: float = 0.0

    def keep(self, model: WaterModel, flow: FlowField | None) -> None:
        state = model.state()
        self.kept_s.append(state.time_s)
        self.heads.append(state.head_m)
        if state.transport is not None:
            self.concs.append(state.transport.conc_kg_m3)
        if flow is not None:
            self.fields.append(flow)

    def note(self, done: WaterStep, model: WaterModel) -> None:
        self.steps_s.append(done.time_s)
        self.budgets.append(done.flow.budget)
        self.imbalance = max(self.imbalance, abs(done.flow.imbalance))
        self.levels.append(self.watch.read(done.flow.head_m))
        if done.transport is not None:
            self.masses.append(done.transport.rows)
            self.balance = max(self.balance, abs(done.transport.balance_error))
        carried = model.state().transport
        if carried is not None:
            self.read.append(self.watch.read(carried.conc_kg_m3))
        if not done.converged:
            self.failed += 1
            self._say(f"step {len(self.steps_s)} to {done.time_s:g} s did not converge")
        for text in done.notes:
            self._say(text)

    def _say(self, text: str) -> None:
        if text not in self.notes and len(self.notes) < _NOTES:
            self.notes.append(text)

    def result(self) -> WaterResult:
        if self.failed:
            self.notes.insert(0, f"{self.failed} of {len(self.steps_s)} steps did not converge")
        return WaterResult(
            times_s=frozen(np.asarray(self.kept_s)),
            head_m=frozen(_stack(self.heads, self.problem.flow.grid.shape)),
            conc_kg_m3=frozen(np.stack(self.concs)) if self.concs else None,
            step_times_s=frozen(np.asarray(self.steps_s)),
            budgets=tuple(self.budgets),
            masses=tuple(self.masses),
            series=self._series(),
            fields=tuple(self.fields),
            converged=not self.failed,
            worst_imbalance=self.imbalance,
            worst_balance_error=self.balance,
            notes=tuple(self.notes),
        )

    def _series(self) -> Mapping[str, FloatArray]:
        levels = np.asarray(self.levels)
        found = {name: frozen(levels[:, at].copy()) for at, name in enumerate(self.watch.names)}
        if self.problem.transport is not None and self.read:
            conc = np.asarray(self.read)
            for n, species in enumerate(self.problem.transport.species):
                for at, name in enumerate(self.watch.names):
                    found[f"{name}:{species.id}"] = frozen(conc[:, n, at].copy())
        return found


def _stack(heads: list[FloatArray], shape: tuple[int, int, int]) -> FloatArray:
    return np.stack(heads) if heads else np.zeros((0, *shape))


def _bounds(periods: Sequence[Period]) -> FloatArray:
    """Ends of all time steps, the ends of periods exact."""
    ends: list[FloatArray] = []
    start_s = 0.0
    for period in periods:
        steps = start_s + np.cumsum(step_lengths(period))
        start_s += period.length_s
        steps[-1] = start_s
        ends.append(steps)
    return np.concatenate(ends) if ends else np.zeros(1)


def _moments(bounds_s: FloatArray, asked_s: FloatArray) -> list[float]:
    """Ends of steps, with the moments asked for put between them."""
    scale = _SAME_MOMENT * max(float(bounds_s[-1]), 1.0)
    extra = [t for t in asked_s if t > scale and np.min(np.abs(bounds_s - t)) > scale]
    return sorted([*bounds_s.tolist(), *map(float, extra)])


def _check_times(asked_s: FloatArray, end_s: float) -> None:
    if asked_s.ndim != 1:
        raise refused(f"shape {asked_s.shape}", "times_s", "a list of moments", "时刻的列表")
    late = ~((asked_s >= 0.0) & (asked_s <= end_s * (1 + _SAME_MOMENT)))
    unordered = asked_s.size > 1 and not np.all(np.diff(asked_s) > 0.0)
    if late.any() or unordered:
        value = float(asked_s[np.argmax(late)]) if late.any() else asked_s.tolist()
        expected = f"moments in growing order from 0 to {end_s:g} s"
        expected_zh = f"0 至 {end_s:g} 秒之间的递增时刻"
        raise refused(field="times_s", value=value, expected=expected, expected_zh=expected_zh)
