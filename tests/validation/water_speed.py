"""Speed of flow and transport together: the reference cases, a live step, growth with cells."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from models.water.kernels import Kernel
from models.water.model import WaterModel, WaterProblem
from models.water.problem import Dispersion, Sorption, Species, TransportProblem
from tests.support.water_data import DAY_S, Reference, reference
from tests.validation.section import Check, Picture, Section, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CONFINED_S, UNCONFINED_S = 344.7, 488.8  # MODFLOW 6, ../shared/notes/groundwater.md, section 2
GROWTH = (10_000, 40_000, 200_000, 800_000, 2_000_000)
LIVE_DAYS = 20


def report() -> Section:
    """The reference years, a live step of a day and the growth curve. About two minutes of one core."""
    confined, _ = _year(_problem(reference()), "numba")
    plain, _ = _year(_problem(reference()), "numpy")
    unconfined, failed = _year(_problem(reference("unconfined")), "numba")
    live = _live(_problem(reference("unconfined")))
    curve = [_grown(cells) for cells in GROWTH]
    rows = [
        ["confined, 365 d, compiled kernels", confined, CONFINED_S, f"{CONFINED_S / confined:.0f}"],
        ["confined, 365 d, numpy", plain, CONFINED_S, f"{CONFINED_S / plain:.0f}"],
        ["unconfined, sorption, decay, 365 d", unconfined, UNCONFINED_S, f"{UNCONFINED_S / unconfined:.1f}"],
    ]
    steps = [
        ["live step of a day, median of days", float(np.median(live))],
        ["live step of a day, slowest", float(np.max(live))],
    ]
    grown = [[n, steady, day] for n, steady, day in curve]
    return Section(
        title="Speed",
        text=(
            "CPU-seconds of one core after a first call has compiled; flow and transport together, assembly "
            "included. 200,000 cells. Figures of MODFLOW 6 were measured elsewhere on a machine of this kind "
            "and are stored, so their ratio is a guide. The live step is one day of the unconfined reference "
            f"(Newton, river, rain, sorption, decay) over the last {LIVE_DAYS} of {LIVE_DAYS + 10} days, the "
            "plume in its window."
        ),
        tables=(
            table("Years of the reference problem", ["case", "CPU-s", "MODFLOW 6, CPU-s", "ratio"], rows),
            table("Live steps, CPU-s", ["what", "CPU-s"], steps),
            table(
                "Growth: confined steady flow and one day of transport everywhere",
                ["cells", "flow, CPU-s", "transport of a day, CPU-s"],
                grown,
            ),
        ),
        checks=(
            Check(what="confined, CPU-s", value=confined, high=15.0),
            Check(what="confined with numpy, CPU-s", value=plain, high=60.0),
            Check(what="unconfined, CPU-s", value=unconfined, high=60.0),
            Check(what="unconfined, days that did not converge", value=float(failed), high=0.0),
            Check(what="live step, median, CPU-s", value=float(np.median(live)), high=0.2),
        ),
        pictures=(Picture(name="water-growth", caption="CPU time over cells", figure=_figure(curve)),),
    )


def _problem(given: Reference) -> WaterProblem:
    raw = given.raw
    sorbs = Sorption(
        kind="linear", bulk_density_kg_m3=1e3 * raw["rhob"], kd_m3_kg=1e-3 * max(raw["kd"], 1e-12)
    )
    decay = raw["decay"] / DAY_S
    species = Species(
        id="a", sorption=sorbs if raw["kd"] > 0.0 else None, decay_1_s=decay, decay_sorbed_1_s=decay
    )
    spread = Dispersion(
        longitudinal_m=raw["al"],
        transverse_horizontal_m=raw["ath"],
        transverse_vertical_m=raw["atv"],
        diffusion_m2_s=raw["diff"] / DAY_S,
        cross_terms=False,
    )
    return WaterProblem(flow=given.problem, transport=TransportProblem(species=[species], dispersion=spread))


def _year(problem: WaterProblem, kernel: Kernel) -> tuple[float, int]:
    """CPU-seconds of all days, and days that did not converge."""
    WaterModel(problem, kernel).step(DAY_S)
    started = time.process_time()
    model, failed = WaterModel(problem, kernel), 0
    for _ in range(round(sum(row.length_s for row in problem.flow.periods) / DAY_S)):
        failed += not model.step(DAY_S).converged
    return time.process_time() - started, failed


def _live(problem: WaterProblem) -> list[float]:
    model = WaterModel(problem, "numba")
    for _ in range(10):
        model.step(DAY_S)
    spent = []
    for _ in range(LIVE_DAYS):
        started = time.process_time()
        model.step(DAY_S)
        spent.append(time.process_time() - started)
    return spent


def _grown(cells: int) -> tuple[int, float, float]:
    """Cells, CPU-seconds of the steady state with assembly, and of a day with the plume in every cell."""
    side = round((cells / 5) ** 0.5)
    given = reference("confined", (5, side, side), 2)
    problem = _problem(given)
    assert problem.transport is not None
    everywhere = np.broadcast_to(1.0 + 0.5 * np.sin(np.arange(side) / 7.0), (1, 5, side, side)).copy()
    carried = TransportProblem(
        species=problem.transport.species,
        dispersion=problem.transport.dispersion,
        start_conc_kg_m3=everywhere,
    )
    started = time.process_time()
    model = WaterModel(WaterProblem(flow=problem.flow, transport=carried), "numba")
    model.steady_head()
    flow_s = time.process_time() - started
    model.step(DAY_S)
    started = time.process_time()
    model.step(DAY_S)
    return 5 * side * side, flow_s, time.process_time() - started


def _figure(curve: list[tuple[int, float, float]]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 4.0), layout="constrained")
    axes = figure.subplots()
    cells = [row[0] for row in curve]
    axes.plot(cells, [row[1] for row in curve], marker="o", label="steady flow, with assembly")
    axes.plot(cells, [row[2] for row in curve], marker="s", label="a day of transport, plume everywhere")
    axes.set(xscale="log", yscale="log", xlabel="cells", ylabel="CPU time, s")
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend(fontsize=8)
    return figure
