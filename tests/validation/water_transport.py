"""Transport against closed forms, the published problems and the reference run of 200 x 200 x 5 cells."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from models.water.flow.solver import FlowSolver
from models.water.grid import regular_grid
from models.water.kernels import Kernel
from models.water.problem import Dispersion, MassSource, Scheme, Species, TransportProblem
from models.water.transport.solver import TransportSolver, TransportState
from tests.support.water_data import DATA, DAY_S, FIELDS, REFERENCE, reference, south_up
from tests.support.water_mt3d import oblique, p1, p3, p4, p7, p8, p9
from tests.support.water_uniform import uniform_field
from tests.validation.section import Check, Picture, Section, Table, table
from twin.core.geometry import FloatArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCHEMES: tuple[Scheme, ...] = ("koren", "superbee", "van_leer", "upstream")
PROFILES = (("sin2", 0.035, 0.0837), ("step", 0.035, 0.0734), ("square", 0.055, 0.1233))
ONE = (
    ("P1a", 0.0, 1.0, 0.0, 0.10, 0.111),
    ("P1b", 10.0, 1.0, 0.0, 0.007, 0.0134),
    ("P1c", 10.0, 5.0, 0.0, 0.0072, 0.0072),
    ("P1d", 10.0, 5.0, 0.002, 0.0089, 0.0089),
)
SIZES = (10_000, 50_000, 200_000, 800_000, 2_000_000)


def report() -> Section:
    """All problems with the reference code's error beside ours, pictures of three of them."""
    parts = [_closed_forms(), _profiles(), _section(), _plan()]
    tables = [row for part in parts for row in part[0]]
    checks = [row for part in parts for row in part[1]]
    skipped = []
    if REFERENCE.exists() and FIELDS.exists():
        made, held = _reference()
        tables.append(made)
        checks += held
    else:
        skipped.append("the reference run: its files are not there")
    growth, picture = _growth()
    tables.append(growth)
    return Section(
        title="Transport",
        text=(
            "Errors are root mean squares over all cells that are compared; those of MODFLOW 6 (TVD) stand "
            "beside them. P8 and P9 have no closed form. P8's definition holds a molecular diffusion of "
            "1.34e-5 cm2/s; our upstream run comes near the stored one (largest 1 %) without it only, so "
            "both are shown. On P9 the limited schemes keep more of the plume than the reference's TVD: "
            "at the well after a year 1.03 mg/L against 0.78. On cells four times narrower Koren's gives "
            "1.03 and upstream 0.94 (0.88 on cells twice narrower), so the promise to lie between the "
            "reference's UPSTREAM and TVD is kept by ours upstream only; the sharper are nearer the truth."
        ),
        tables=tuple(tables),
        checks=tuple(checks),
        pictures=(_oblique_picture(), _source_picture(), picture),
        skipped=tuple(skipped),
    )


def _closed_forms() -> tuple[list[Table], list[Check]]:
    rows, checks = [], []
    for name, al, r, lam, most, theirs in ONE:
        ran = p1(al, r, lam)
        rows.append((name, *(p1(al, r, lam, scheme).rmse for scheme in SCHEMES), theirs, ran.balance))
        checks.append(Check(what=f"{name}: RMSE", value=ran.rmse, high=most))
    for name, run, most, theirs in (
        ("P3", p3, 0.157, 0.157),
        ("P4", p4, 0.20, 0.266),
        ("P7", p7, 0.0070, 0.0070),
    ):
        found = {scheme: run(scheme) for scheme in SCHEMES}
        worst = max(ran.balance for ran in found.values())
        rows.append((name, *(found[scheme].rmse for scheme in SCHEMES), theirs, worst))
        checks.append(Check(what=f"{name}: RMSE", value=found["koren"].rmse, high=most))
        checks.append(Check(what=f"{name}: relative error of mass", value=worst, high=1e-10))
        if name == "P4":
            ran = found["koren"]
            checks.append(Check(what="P4: value 20 cells down", value=float(ran.conc[40, 40]), low=1.35))
            checks.append(Check(what="P4: minimum, mg/L", value=ran.lowest * 1e3, low=-0.05))
    columns = ("problem", *SCHEMES, "MODFLOW 6 TVD", "error of mass")
    return [table("Root mean square errors against closed forms", columns, rows)], checks


def _profiles() -> tuple[list[Table], list[Check]]:
    rows, checks = [], []
    for profile, most, theirs in PROFILES:
        found = {scheme: oblique(profile, scheme) for scheme in SCHEMES}
        rows.append((profile, *(found[scheme].mean_error for scheme in SCHEMES), theirs))
        checks.append(Check(what=f"oblique {profile}: L1", value=found["koren"].mean_error, high=most))
        low, high = found["koren"].lowest, float(found["koren"].conc.max())
        checks.append(Check(what=f"oblique {profile}: minimum", value=low, low=-1e-12))
        checks.append(Check(what=f"oblique {profile}: maximum", value=high, high=1.0 + 1e-12))
    columns = ("profile", *SCHEMES, "MODFLOW 6 TVD")
    return [table("Mean absolute errors of profiles carried at 45 degrees", columns, rows)], checks


def _section() -> tuple[list[Table], list[Check]]:
    if not (DATA / "p08shead.dat").exists():
        return [], []
    rows = []
    for name, scheme, diffusion in (
        ("Koren", "koren", 1.34e-9),
        ("upstream", "upstream", 1.34e-9),
        ("Koren, no diffusion", "koren", 0.0),
        ("upstream, no diffusion", "upstream", 0.0),
    ):
        ran = p8(scheme, diffusion_m2_s=diffusion)
        tops = [float(np.nanmax(part)) for part in ran.conc]
        rows.append((name, *tops, *(float(mass) for mass in ran.mass)))
    first = rows[0]
    rows.append(("MODFLOW 6 UPSTREAM", 0.5673, 0.3703, 0.1658, 20.938, 20.445, 18.921))
    rows.append(("MODFLOW 6 TVD", 0.7179, 0.4474, 0.2097, 20.573, 20.249, 19.872))
    low, high = (0.5673, 0.3703, 0.1658), (0.7179, 0.4474, 0.2097)
    checks = [
        Check(
            what=f"P8: largest after {year} a",
            value=float(first[n + 1]),
            low=0.95 * low[n],
            high=1.05 * high[n],
        )
        for n, year in enumerate((8, 12, 20))
    ]
    columns = (
        "run",
        *(f"largest, {year} a" for year in (8, 12, 20)),
        *(f"mass, {year} a" for year in (8, 12, 20)),
    )
    return [table("P8: largest relative concentration and mass", columns, rows)], checks


def _plan() -> tuple[list[Table], list[Check]]:
    rows = []
    for scheme in SCHEMES:
        ran = p9(scheme)
        rows.append((scheme, *(float(n) for n in ran.well), *(float(n.max()) for n in ran.conc)))
    checks = [
        Check(
            what="P9 upstream: largest after 1 a",
            value=float(rows[-1][3]),
            low=0.95 * 3.732,
            high=1.05 * 3.752,
        ),
        Check(
            what="P9 upstream: largest after 2 a",
            value=float(rows[-1][4]),
            low=0.95 * 0.409,
            high=1.05 * 0.518,
        ),
    ]
    rows.append(("MODFLOW 6 UPSTREAM", 0.7214, 0.0184, 3.732, 0.409))
    rows.append(("MODFLOW 6 TVD", 0.7824, 0.0027, 3.752, 0.518))
    columns = ("scheme", "well, 1 a", "well, 2 a", "largest, 1 a", "largest, 2 a")
    return [table("P9: mg/L", columns, rows)], checks


def _reference() -> tuple[Table, list[Check]]:
    """The confined reference case: flow and transport of 365 days, both kernels."""
    given = reference()
    problem = given.problem
    theirs = south_up(np.load(FIELDS)["conc_end"])
    rows, checks = [], []
    asked: tuple[tuple[Kernel, float], ...] = (("numba", 15.0), ("numpy", 60.0))
    for kernel, most in asked:
        _warm(kernel)
        start = time.process_time()
        flow = FlowSolver(problem.grid, problem.medium, kernel=kernel)
        fields = [flow.steady(row.stresses, problem.start_head_m).field for row in problem.periods]
        middle = time.process_time()
        species = TransportProblem(species=[Species(id="a")], dispersion=_reference_dispersion())
        solver = TransportSolver(problem.grid, problem.medium.porosity, species, kernel=kernel)
        state, days, worst = solver.start(), 0, 0.0
        for row, field in zip(problem.periods, fields, strict=True):
            for _ in range(row.steps):
                state, step = solver.step(state, field, DAY_S, days * DAY_S)
                days, worst = days + 1, max(worst, step.balance_error)
        end = time.process_time()
        error = state.conc_kg_m3[0] * 1e3 - theirs
        share = float(np.sqrt((error**2).mean()) / theirs.max())
        rows.append((kernel, middle - start, end - middle, share, worst, 344.7))
        checks.append(Check(what=f"reference, {kernel}: RMSE over maximum", value=share, high=0.005))
        checks.append(Check(what=f"reference, {kernel}: error of mass", value=worst, high=1e-10))
        checks.append(Check(what=f"reference, {kernel}: CPU-s", value=end - start, high=most))
    columns = (
        "kernel",
        "flow, CPU-s",
        "transport, CPU-s",
        "RMSE / maximum",
        "error of mass",
        "MODFLOW 6, CPU-s",
    )
    return table("200 x 200 x 5 cells, 365 days, confined", columns, rows), checks


def growth_table() -> Table:
    """A day's step from 10,000 to 2 million cells."""
    return _growth()[0]


def reference_table() -> Table:
    """The reference case with both kernels."""
    return _reference()[0]


def _reference_dispersion() -> Dispersion:
    return Dispersion(
        longitudinal_m=10.0,
        transverse_horizontal_m=1.0,
        transverse_vertical_m=0.1,
        diffusion_m2_s=1e-4 / DAY_S,
        cross_terms=False,
    )


def _warm(kernel: Kernel) -> None:
    """Compile or load before the clock runs."""
    _stepper(1_000, kernel)[0]()


def _stepper(cells: int, kernel: Kernel = "auto") -> tuple[Callable[[], int], int]:
    """A day's step on so many cells in five layers, the plume everywhere."""
    side = int(np.sqrt(cells / 5))
    grid = regular_grid((5, side, side), dx_m=10.0, dy_m=10.0, thickness_m=6.0)
    start = np.random.default_rng(1).uniform(0.0, 1.0, (1, *grid.shape))
    problem = TransportProblem(
        species=[Species(id="a")],
        dispersion=_reference_dispersion(),
        start_conc_kg_m3=start,
        sources=[MassSource(cells=np.array([[0, 1, 1]]), rate_kg_s=np.full((1, 1), 1e-6))],
    )
    solver = TransportSolver(grid, 0.2, problem, kernel=kernel)
    field = uniform_field(grid, (5e-7, 2e-7, 2e-8))
    states: list[TransportState] = [solver.start()]

    def step() -> int:
        after, outcome = solver.step(states[-1], field, DAY_S, 0.0)
        states[-1] = after
        return outcome.substeps

    return step, side * side * 5


def _growth() -> tuple[Table, Picture]:
    rows: list[tuple[int, float, float]] = []
    for cells in SIZES:
        step, number = _stepper(cells)
        step()
        start = time.process_time()
        count = sum(step() for _ in range(3))
        seconds = (time.process_time() - start) / 3
        rows.append((number, seconds, seconds / number / count * 3 * 1e9))
    figure = _figure((6.0, 4.0))
    axes = figure.subplots()
    axes.loglog([row[0] for row in rows], [row[1] for row in rows], "o-", label="a day, plume in all cells")
    axes.set_xlabel("cells")
    axes.set_ylabel("CPU-s")
    axes.grid(visible=True, alpha=0.3)
    axes.legend()
    made = table(
        "A day's step with a plume in every cell", ("cells", "CPU-s", "ns per cell and substep"), rows
    )
    return made, Picture(
        name="water_transport_growth", caption="CPU-s of a day's step against cells", figure=figure
    )


def _oblique_picture() -> Picture:
    figure = _figure((9.0, 3.2))
    for axes, (profile, _, _) in zip(figure.subplots(1, 3, sharey=True), PROFILES, strict=True):
        for scheme in SCHEMES:
            ran = oblique(profile, scheme)
            axes.plot(_diagonal(ran.conc), label=scheme)
        axes.plot(_diagonal(ran.exact), "k:", label="exact")
        axes.set_title(profile)
    axes.legend(fontsize=7)
    caption = "Profiles after 1 m at 45 degrees, cells across the flow through the corner of 40 by 40 cells"
    return Picture(name="water_transport_oblique", caption=caption, figure=figure)


def _diagonal(conc: FloatArray) -> FloatArray:
    """Values across the flow, far from the inflow."""
    n = np.arange(30, 50)
    return np.asarray(conc[n, 79 - n], dtype=np.float64)


def _source_picture() -> Picture:
    figure = _figure((9.0, 3.6))
    left, middle, right = figure.subplots(1, 3, sharey=True)
    for axes, values, title in (
        (left, p4("koren").exact, "exact"),
        (middle, p4("koren").conc, "Koren"),
        (right, p4("upstream").conc, "upstream"),
    ):
        drawn = axes.imshow(values[:80, :80], origin="lower", vmin=0.0, vmax=4.0)
        axes.set_title(title)
    figure.colorbar(drawn, ax=[left, middle, right], label="mg/L")
    return Picture(
        name="water_transport_p4",
        caption="P4: a point source in flow at 45 degrees to the grid after 1,000 days, mg/L",
        figure=figure,
        pixels=True,
    )


def _figure(size: tuple[float, float]) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=size, layout="constrained")
