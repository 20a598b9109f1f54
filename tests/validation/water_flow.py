"""Groundwater flow: the reference code's heads, wells by closed forms, a water table, tolerance, speed."""

from __future__ import annotations

import time

import numpy as np

from models.water.flow.solver import FlowOptions, FlowSolver
from models.water.grid import regular_grid
from models.water.problem import FlowProblem, Recharge
from tests.support.water_closed import dupuit_m
from tests.support.water_data import FIELDS, REFERENCE, reference, south_up
from tests.support.water_ground import held, uniform
from tests.support.water_wells import DAY_S, TTIM, hantush, theis, three_layers
from tests.validation.section import Check, Section, Table, table
from twin.core.geometry import FloatArray

DAYS = 60


def report() -> Section:
    """The chapter of flow."""
    tables, checks = [], []
    skipped: tuple[str, ...] = ()
    for made, judged in (_wells(), _layers(), _dupuit()):
        tables.append(made)
        checks += judged
    if REFERENCE.exists() and FIELDS.exists():
        made, judged = _reference()
        tables.append(made)
        checks += judged
    else:
        skipped = ("the 200 x 200 x 5 reference: its files are not there",)
    return Section(
        title="Flow",
        text=(
            "Heads against MODFLOW 6 where its heads are stored (the confined case), against closed forms, "
            "and against this solver's own far tighter runs. MODFLOW 6's heads of the unconfined year are "
            "not stored, so nothing here compares with them directly. CPU-seconds are those of the machine "
            "that wrote this page; MODFLOW 6's are stored ones from another run of the same problem."
        ),
        tables=tuple(tables),
        checks=tuple(checks),
        skipped=skipped,
    )


def _wells() -> tuple[Table, list[Check]]:
    times, r, found, exact = theis()
    rows: list[list[object]] = []
    worst = 0.0
    for time_s, here, there in zip(times, found, exact, strict=True):
        seen = there > 0.01 * there[0]
        off = float(np.abs(here[seen] / there[seen] - 1.0).max())
        worst = max(worst, off)
        rows.append([f"Theis, {time_s / DAY_S:g} d", float(r[seen].min()), float(r[seen].max()), off])
    _, _, _, r, here, there = hantush()
    leaky = float(np.abs(here / there - 1.0).max())
    rows.append(["Hantush and Jacob, 1 d", float(r.min()), float(r.max()), leaky])
    return (
        table("Drawdown beyond five cells", ["case", "from m", "to m", "largest relative error"], rows),
        [
            Check(what="Theis, largest relative error beyond five cells", value=worst, high=0.01),
            Check(what="Hantush, largest relative error beyond five cells", value=leaky, high=0.01),
        ],
    )


def _layers() -> tuple[Table, list[Check]]:
    found, rows, worst = three_layers(), [], 0.0
    for r, exact in TTIM.items():
        for days, here, there in zip((1, 10, 100), found[r], exact, strict=True):
            worst = max(worst, float(np.abs(np.array(here) / np.array(there) - 1.0).max()))
            rows.append([r, days, *(f"{a:.4f} ({b:.4f})" for a, b in zip(here, there, strict=True))])
    return (
        table(
            "Three aquifers, drawdown in m, in brackets TTim's",
            ["r, m", "days", "upper", "pumped", "lower"],
            rows,
        ),
        [Check(what="three aquifers, largest relative error", value=worst, high=0.03)],
    )


def _dupuit() -> tuple[Table, list[Check]]:
    length, k, rain = 1000.0, 2e-4, 3e-8
    rows, errors = [], []
    for count in (50, 100, 200, 400):
        grid = regular_grid((1, 1, count + 1), dx_m=length / count, dy_m=10.0, thickness_m=30.0, top_m=30.0)
        sides = [held(grid, 0, 12.0), held(grid, -1, 8.0), Recharge(rate_m_s=np.full((1, count + 1), rain))]
        step = FlowSolver(grid, uniform(grid, k_m_s=k, convertible=True)).steady(
            sides, np.full(grid.shape, 10.0)
        )
        exact = dupuit_m(np.arange(count + 1) * length / count, length, 12.0, 8.0, rain, k)
        errors.append(float(np.abs(step.head_m[0, 0] - exact).max()))
        rows.append([count, errors[-1], step.iterations, abs(step.imbalance)])
    return (
        table(
            "Dupuit's water table with recharge (upstream weighting: first order)",
            ["cells", "largest error, m", "iterations", "imbalance"],
            rows,
        ),
        [Check(what="Dupuit, 400 cells, largest error in m", value=errors[-1], high=0.005)],
    )


def _reference() -> tuple[Table, list[Check]]:
    confined = reference().problem
    started = time.process_time()
    step = FlowSolver(confined.grid, confined.medium).steady(
        confined.periods[0].stresses, confined.start_head_m
    )
    spent = time.process_time() - started
    off = float(np.abs(step.head_m - south_up(np.load(FIELDS)["head_end"])).max())
    problem = reference("unconfined").problem
    usual, usual_s, worst = _days(problem, FlowOptions().balance_share)
    tight, tight_s, _ = _days(problem, 1e-9)
    drift = np.abs(usual - tight)
    rows: list[list[object]] = [
        ["confined, steady", "largest difference from MODFLOW 6, m", off],
        ["confined, steady", "CPU-s", spent],
        [
            f"unconfined, {DAYS} days",
            "largest difference from a far tighter run, m",
            float(drift.max()),
        ],
        [f"unconfined, {DAYS} days", "worst imbalance", worst],
        [f"unconfined, {DAYS} days", "CPU-s (MODFLOW 6: 223.5 for 365 days)", usual_s],
        [f"unconfined, {DAYS} days, tight", "CPU-s", tight_s],
    ]
    return table("The reference, 200,000 cells", ["case", "what", "value"], rows), [
        Check(what="confined heads, largest difference from MODFLOW 6 in m", value=off, high=1e-4),
        Check(what="unconfined heads, drift by tolerance in m", value=float(drift.max()), high=1e-3),
        Check(what="unconfined, worst imbalance of a step", value=worst, high=1e-9),
    ]


def _days(problem: FlowProblem, share: float) -> tuple[FloatArray, float, float]:
    solver = FlowSolver(problem.grid, problem.medium, options=FlowOptions(balance_share=share))
    head, count, worst = problem.start_head_m, 0, 0.0
    started = time.process_time()
    for period in problem.periods:
        for _ in range(min(period.steps, DAYS - count)):
            step = solver.step(head, DAY_S, period.stresses)
            head, count, worst = step.head_m, count + 1, max(worst, abs(step.imbalance))
    return head, time.process_time() - started, worst
