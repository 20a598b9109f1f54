"""Building, tracking and the unsaturated column against closed forms, and the valley of the park."""

from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np

from gis.scene.load import load_scene
from gis.strata import build_strata
from models.water.build.fields import Covariance, PointData, gaussian_fields
from models.water.build.settle import Settled, settled_model
from models.water.column.problem import Bottom, ColumnProblem, SoilLayer, Top
from models.water.column.run import ColumnOptions, run_column
from models.water.column.soils import Gardner
from models.water.tracking.capture import YEAR_S, capture_zones
from models.water.tracking.lines import flow_lines
from models.water.tracking.march import march, particles_at
from tests.bench.water_tracks import seconds
from tests.support.water_geo import NEW_MEXICO, POROSITY, SAND, THICK_M, basin, lines
from tests.validation.section import Check, Picture, Section, Table, table

SCENE = Path(__file__).resolve().parents[2] / "scenes" / "qingliu"
DAY_S = 86_400.0

_TEXT = """Particles follow the closed forms of a doublet and of a well in uniform flow; random fields have
the covariance that was asked for and go through their data; the unsaturated column keeps its water and agrees
with a method of lines on both cases of Celia, Bouloutas and Zarba (1990), whose paper shows its fronts as
figures only. The park's valley is built at 40 m; its water table is not compared with anything measured,
for the scene is a demonstration."""


def report() -> Section:
    """Compute all of it."""
    tracking, tracking_checks = _tracking()
    column, column_checks = _column()
    settled, spent = _valley()
    particles, count = seconds("numba")
    valley = _valley_table(settled, spent)
    return Section(
        title="The ground, tracking, the unsaturated column",
        text=_TEXT,
        tables=(tracking, column, valley),
        checks=(
            *tracking_checks,
            *_fields(),
            *column_checks,
            Check(what=f"tracking, {count} particles for a year, CPU-s", value=particles, high=5.0),
            Check(what="valley, imbalance of water", value=abs(settled.step.imbalance), high=1e-6),
        ),
        pictures=(_picture(settled),),
    )


def _tracking() -> tuple[Table, tuple[Check, ...]]:
    cells, dx, apart, rate = 151, 10.0, 300.0, 2e-3
    middle, half = cells // 2, int(apart / dx / 2)
    grid, field = basin(cells, dx, {(middle, middle - half): rate, (middle, middle + half): -rate})
    start = np.array([[grid.x_m[middle - half] + 0.5 * dx, grid.y_m[middle], -5.0]])
    porosity = np.full(grid.shape, POROSITY)
    arrival = float(march(grid, porosity, field, particles_at(grid, start)).time_s[0])
    first = math.pi * POROSITY * THICK_M * apart**2 / (3.0 * rate)
    cells, q0, rate = 121, 1e-6, 2.4e-3
    middle = cells // 2
    grid, field = basin(cells, dx, {(middle, middle): -rate}, gradient=q0 / 1e-4)
    porosity = np.full(grid.shape, POROSITY)
    found = capture_zones(grid, porosity, field, [[0, middle, middle]], times_s=(2.5 * YEAR_S, 1e12))
    pumped = rate * 2.5 * YEAR_S
    held = found.zones_by_s[2.5 * YEAR_S].area * THICK_M * POROSITY
    still = found.zones_by_s[1e12].bounds[2] - float(grid.x_m[middle])
    still_exact = rate / (2.0 * math.pi * THICK_M * q0)
    width = float(np.isfinite(found.arrival_s[0][:, 2 * middle]).sum()) * 0.5 * dx
    width_exact = rate / (2.0 * THICK_M * q0)
    rows = [
        ("doublet, first arrival, d", arrival / DAY_S, first / DAY_S),
        ("well in uniform flow, stagnation point, m", still, still_exact),
        ("well in uniform flow, width at the well, m", width, width_exact),
        ("well in uniform flow, water in the zone of 2.5 a, m3", held, pumped),
    ]
    checks = (
        Check(what="tracking, doublet, first arrival off, %", value=100 * abs(arrival / first - 1), high=2.0),
        Check(what="tracking, zone of 2.5 a off the pumped, %", value=100 * abs(held / pumped - 1), high=3.0),
        Check(what="tracking, stagnation point off, cells", value=abs(still - still_exact) / dx, high=1.0),
        Check(what="tracking, width at the well off, cells", value=abs(width - width_exact) / dx, high=1.0),
    )  # fmt: skip
    return table("particles against closed forms", ("case", "computed", "exact"), rows), checks


def _fields() -> tuple[Check, ...]:
    x, y = np.arange(50) * 20.0, np.arange(40) * 20.0
    asked = Covariance(kind="matern", sd_value=1.0, along_m=150.0, across_m=60.0, azimuth_deg=60.0)
    fields = gaussian_fields(x, y, asked, seed=8, count=2000)
    worst = 0.0
    for east, north in ((2, 0), (0, 2), (3, 2), (3, -2)):
        product = fields[:, 5:30, 5:40] * fields[:, 5 + north : 30 + north, 5 + east : 40 + east]
        wanted = float(asked.at(np.array(20.0 * east), np.array(20.0 * north)))
        worst = max(worst, abs(float(product.mean()) - wanted))
    data = PointData(x_m=np.array([400.0]), y_m=np.array([400.0]), values=np.array([2.0]))
    through = gaussian_fields(x, y, asked, seed=8, count=50, data=data)[:, 20, 20]
    return (
        Check(what="random fields, covariance off, of the variance", value=worst, high=0.03),
        Check(
            what="random fields, off the data they go through",
            value=float(np.abs(through - 2.0).max()),
            high=1e-6,
        ),
    )


def _column() -> tuple[Table, tuple[Check, ...]]:
    rows, checks = [], []
    cases = (("sand", SAND, 0.4, -0.207, -0.615, 360.0), ("New Mexico", NEW_MEXICO, 1.0, -0.75, -10.0, DAY_S))
    for name, soil, depth, top, start, end in cases:
        problem = ColumnProblem(
            layers=[SoilLayer(soil=soil, bottom_m=depth)], depth_m=depth, tops=[Top(end_s=end, pond_m=top)],
            bottom=Bottom(head_m=start), start_head_m=np.full(100, start),
        )  # fmt: skip
        result = run_column(problem, options=ColumnOptions(longest_s=end / 400.0))
        exact = lines(soil, depth, 100, start, top, end)
        taken = exact - soil.water_content(np.array([start]))
        off = 100.0 * float(np.abs(result.water_content[-1] - exact).sum() / taken.sum())
        fronts = [_front(problem, content, soil, start) for content in (result.water_content[-1], exact)]
        rows.append((name, len(result.time_s), *fronts, off, result.water_error_fraction))
        checks.append(Check(what=f"column, Celia et al., {name}, off the lines, %", value=off, high=2.0))
        checks.append(
            Check(
                what=f"column, Celia et al., {name}, water lost", value=result.water_error_fraction, high=1e-8
            )
        )
    gardner = Gardner(residual_fraction=0.05, saturated_fraction=0.4, alpha_1_m=2.0, k_m_s=1e-6)
    problem = ColumnProblem(
        layers=[SoilLayer(soil=gardner, bottom_m=3.0)], depth_m=3.0, cells=150,
        tops=[Top(end_s=3000 * DAY_S, flux_m_s=2e-7)],
    )  # fmt: skip
    result = run_column(problem, options=ColumnOptions(longest_s=1e7))
    z = 3.0 - problem.below_ground_m
    off = float(np.abs(result.head_m[-1] - np.log(0.2 + 0.8 * np.exp(-2.0 * z)) / 2.0).max())
    checks.append(Check(what="column, steady rain (Gardner), head off, m", value=off, high=2e-3))
    columns = ("case", "steps", "front, m", "front by lines, m", "water off, %", "water lost")
    return table("infiltration of Celia et al. (1990)", columns, rows), tuple(checks)


def _front(problem: ColumnProblem, content: np.ndarray, soil: object, start_m: float) -> float:
    """Depth at which half of the water content's rise is reached."""
    dry = float(soil.water_content(np.array([start_m]))[0])
    half = dry + 0.5 * (float(content[0]) - dry)
    return float(np.interp(-half, -content, problem.below_ground_m))


def _valley() -> tuple[Settled, float]:
    scene = load_scene(SCENE)
    terrain = scene.terrain()
    strata = build_strata(scene.park, terrain, 20.0)
    begin = time.process_time()
    return settled_model(scene.park, strata, cell_m=40.0, terrain=terrain), time.process_time() - begin


def _valley_table(settled: Settled, spent_s: float) -> Table:
    depth = settled.model.ground_m - settled.water_table_m
    rows: list[tuple[object, ...]] = [
        ("active cells", int(settled.model.grid.active.sum())),
        ("building and solving in turns, CPU-s", spent_s),
        ("move of the water table in the last round, 95 % of columns, m", settled.moved_m[0]),
        ("largest move, m", settled.moved_m[1]),
        ("depth to water, 5 %, m", float(np.nanpercentile(depth, 5))),
        ("depth to water, median, m", float(np.nanpercentile(depth, 50))),
        ("depth to water, 95 %, m", float(np.nanpercentile(depth, 95))),
    ]
    rows += [
        (f"{row.name}: in less out, L/s", 1000.0 * (row.in_m3_s - row.out_m3_s))
        for row in settled.step.budget
    ]
    return table("the valley of the demonstration park at 40 m", ("figure", "value"), rows)


def _picture(settled: Settled) -> Picture:
    from matplotlib.figure import Figure

    grid = settled.model.grid
    figure = Figure(figsize=(9.0, 5.6), layout="constrained")
    axes = figure.add_subplot()
    x = np.append(grid.x_m - 0.5 * grid.dx_m, grid.x_m[-1] + 0.5 * grid.dx_m[-1])
    y = np.append(grid.y_m - 0.5 * grid.dy_m, grid.y_m[-1] + 0.5 * grid.dy_m[-1])
    mesh = axes.pcolormesh(x, y, settled.water_table_m, cmap="viridis", rasterized=True)
    figure.colorbar(mesh, label="water table, m", shrink=0.7)
    for line in flow_lines(grid, settled.model.medium.porosity, settled.step.field, spacing_m=160.0):
        axes.plot(line[:, 0], line[:, 1], color="white", linewidth=0.6)
    for profile in settled.model.profiles:
        axes.plot(*np.asarray(profile.line.coords)[:, :2].T, color="#1f6feb", linewidth=1.6)
    axes.set_aspect("equal")
    axes.set_xlabel("east, m")
    axes.set_ylabel("north, m")
    caption = "Water table and flow lines of the valley model, rivers in blue"
    return Picture(name="water-valley", caption=caption, figure=figure, pixels=True)
