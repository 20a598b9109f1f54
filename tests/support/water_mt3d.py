"""The published problems of transport, as they are run here, and their answers.

P1 to P9: Zheng and Wang (1999), MT3DMS, with the parameters of MODFLOW 6's examples; oblique profiles:
MODFLOW 6's example of advection schemes. Units of the answers are those of the problems.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.water.flow.solver import FlowSolver
from models.water.grid import Grid, regular_grid
from models.water.problem import (
    Dispersion,
    FixedConcentration,
    FixedHead,
    MassSource,
    Medium,
    Recharge,
    Scheme,
    Sorption,
    Species,
    Stress,
    TransportProblem,
    Wells,
)
from models.water.result import FlowField, TransportStep
from models.water.transport.solver import TransportSolver
from tests.support.water_data import DATA, file_of
from tests.support.water_uniform import (
    carried,
    ogata_banks,
    point_source_2d,
    point_source_3d,
    uniform_field,
)
from twin.core.geometry import FloatArray

DAY_S = 86_400.0
YEAR_S = 365.0 * DAY_S


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ran:
    """A problem's answer: ``conc`` as computed, ``exact`` (NaN where it is not compared), all steps."""

    conc: FloatArray
    exact: FloatArray
    steps: list[TransportStep]

    @property
    def rmse(self) -> float:
        """Root of the mean square of the error where there is an exact value."""
        return float(np.sqrt(np.nanmean((self.conc - self.exact) ** 2)))

    @property
    def mean_error(self) -> float:
        """Mean absolute error."""
        return float(np.nanmean(np.abs(self.conc - self.exact)))

    @property
    def lowest(self) -> float:
        """Smallest concentration of all steps, kg/m3."""
        return min(float(np.nanmin(step.conc_kg_m3)) for step in self.steps)

    @property
    def balance(self) -> float:
        """Largest relative error of mass."""
        return max(step.balance_error for step in self.steps)


def p1(al: float, r: float, lam: float, scheme: Scheme = "koren", kernel: str = "auto") -> Ran:
    """P1: one dimension, held at 1 at the first cell; ``al`` m, retardation, decay per day; 2,000 d."""
    n, days, v = 101, 2000.0, 0.24
    grid = regular_grid((1, 1, n), dx_m=10.0, dy_m=1.0, thickness_m=1.0)
    sorption = Sorption(kd_m3_kg=(r - 1.0) * 0.25 / 1600.0) if r > 1.0 else None
    species = Species(id="a", sorption=sorption, decay_1_s=lam / DAY_S, decay_sorbed_1_s=lam / DAY_S)
    problem = TransportProblem(
        species=[species],
        dispersion=Dispersion(longitudinal_m=al),
        scheme=scheme,
        fixed=[FixedConcentration(cells=np.array([[0, 0, 0]]), conc_kg_m3=np.ones((1, 1)))],
    )
    field = uniform_field(grid, (v * 0.25 / DAY_S, 0.0, 0.0))
    _, steps = carried(grid, 0.25, problem, field, days * DAY_S / 100, 100, kernel=kernel)
    x = np.arange(n) * 10.0
    front = np.where(x < v * days / r, 1.0, 0.0)
    exact = ogata_banks(x, days, v, al * v, r, lam) if al > 0.0 else front
    return Ran(conc=steps[-1].conc_kg_m3[0, 0, 0], exact=exact, steps=steps)


def p3(scheme: Scheme = "koren") -> Ran:
    """P3: a well that injects 1 m3/d at 1,000 mg/L into uniform flow, 365 d; mg/L."""
    grid = regular_grid((1, 31, 46), dx_m=10.0, dy_m=10.0, thickness_m=10.0)
    well = Wells(cells=np.array([[0, 15, 15]]), rate_m3_s=np.array([1.0 / DAY_S]), conc_kg_m3=np.ones((1, 1)))
    field = _uniform_heads(grid, q_m_s=0.1 / DAY_S, wells=well)
    problem = TransportProblem(
        species=[Species(id="a")], dispersion=_spreading(10.0, 3.0, 3.0), scheme=scheme
    )
    _, steps = carried(grid, 0.3, problem, field, DAY_S, 365)
    x, y = np.meshgrid(grid.x_m - grid.x_m[15], grid.y_m - grid.y_m[15])
    exact = point_source_2d(x, y, 365.0, 1 / 3, 10.0, 3.0, 1000.0 / 10.0 / 0.3)
    exact[15, 15] = np.nan
    return Ran(conc=steps[-1].conc_kg_m3[0, 0] * 1e3, exact=exact, steps=steps)


def p4(scheme: Scheme = "koren", *, cross_terms: bool = True) -> Ran:
    """P4: a point source in flow at 45 degrees to the grid, 1,000 d; mg/L; source at row and column 20."""
    grid = regular_grid((1, 100, 100), dx_m=10.0, dy_m=10.0, thickness_m=1.0)
    q = 0.14 / np.sqrt(2.0) / DAY_S
    problem = TransportProblem(
        species=[Species(id="a")],
        dispersion=_spreading(2.0, 0.2, 0.2, cross_terms=cross_terms),
        scheme=scheme,
        sources=[MassSource(cells=np.array([[0, 20, 20]]), rate_kg_s=np.full((1, 1), 0.01 / DAY_S))],
    )
    _, steps = carried(grid, 0.14, problem, uniform_field(grid, (q, q, 0.0)), 5 * DAY_S, 200)
    x, y = np.meshgrid(grid.x_m - grid.x_m[20], grid.y_m - grid.y_m[20])
    along, across = (x + y) / np.sqrt(2.0), (y - x) / np.sqrt(2.0)
    exact = point_source_2d(along, across, 1000.0, 1.0, 2.0, 0.2, 10.0 / 0.14)
    exact[20, 20] = np.nan
    return Ran(conc=steps[-1].conc_kg_m3[0, 0] * 1e3, exact=exact, steps=steps)


def p7(scheme: Scheme = "koren") -> Ran:
    """P7: a point source in three dimensions at 1/3 m/d, 100 d; mg/L; compared beyond 15 m."""
    grid = regular_grid((8, 15, 21), dx_m=10.0, dy_m=10.0, thickness_m=10.0)
    well = Wells(
        cells=np.array([[6, 7, 2]]), rate_m3_s=np.array([0.5 / DAY_S]), conc_kg_m3=np.full((1, 1), 0.1)
    )
    field = _uniform_heads(grid, q_m_s=0.2 / 3.0 / DAY_S, wells=well)
    problem = TransportProblem(
        species=[Species(id="a")], dispersion=_spreading(10.0, 3.0, 3.0), scheme=scheme
    )
    _, steps = carried(grid, 0.2, problem, field, DAY_S, 100)
    source = grid.z_m[6, 0, 0]
    z, y, x = np.meshgrid(grid.z_m[:, 0, 0], grid.y_m - grid.y_m[7], grid.x_m - grid.x_m[2], indexing="ij")
    near = np.sqrt(x**2 + y**2 + (z - source) ** 2) <= 15.0
    x = np.where(near, 20.0, x)
    exact = sum(
        point_source_3d(x, y, z - height, 100.0, 1 / 3, 10.0, 3.0, 50.0 / 0.2)
        for height in (source, -source, -160.0 - source, source + 160.0, source - 160.0)
    )
    return Ran(conc=steps[-1].conc_kg_m3[0] * 1e3, exact=np.where(near, np.nan, exact), steps=steps)


def oblique(profile: str, scheme: Scheme = "koren") -> Ran:
    """Pure advection at 45 degrees of a profile held along two edges, 300 s on 50 x 50 cells of 2 cm."""
    grid = regular_grid((1, 50, 50), dx_m=0.02, dy_m=0.02, thickness_m=1.0)
    x, y = np.meshgrid(grid.x_m, grid.y_m)
    across = (y - x) / np.sqrt(2.0)
    exact = {
        "sin2": np.cos(np.pi * np.clip(across, -0.1, 0.1) / 0.2) ** 2,
        "step": np.where(across < 0.0, 1.0, 0.0),
        "square": np.where(np.abs(across) < 0.1, 1.0, 0.0),
    }[profile]
    cells = np.array(sorted({(0, n, 0) for n in range(50)} | {(0, 0, n) for n in range(50)}))
    held = FixedConcentration(cells=cells, conc_kg_m3=exact[cells[:, 1], cells[:, 2]][:, None])
    problem = TransportProblem(
        species=[Species(id="a")], dispersion=Dispersion(), scheme=scheme, fixed=[held]
    )
    q = 0.005 / np.sqrt(2.0)
    _, steps = carried(grid, 1.0, problem, uniform_field(grid, (q, q, 0.0)), 5.0, 60)
    return Ran(conc=steps[-1].conc_kg_m3[0, 0], exact=exact, steps=steps)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Section:
    """P8 at 8, 12 and 20 a: concentrations (3, 27, 50), masses (concentration times water, m3)."""

    conc: FloatArray
    mass: FloatArray
    steps: list[TransportStep]
    head_m: FloatArray


def p8(scheme: Scheme = "koren", *, diffusion_m2_s: float = 1.34e-9) -> Section:
    """P8: a vertical section with a lens of fine ground under recharge, a strip at the top held for 5 a.

    Definition as MODFLOW 6's example; its starting heads give the heads of the eastern edge.
    """
    nl, nc = 27, 50
    start = np.array(file_of(DATA / "p08shead.dat").read_text().split(), dtype=np.float64)
    start = start.reshape(nl, 1, nc)
    grid = regular_grid((nl, 1, nc), dx_m=5.0, dy_m=1.0, thickness_m=0.25, top_m=6.75)
    k = np.full(grid.shape, 5e-6)
    k[11:19, :, :24] = 1e-4
    k[11:19, :, 36:] = 1e-4
    wet = start[:, 0, -1] > -900.0
    east = np.array([(layer, 0, nc - 1) for layer in np.flatnonzero(wet)])
    stresses: list[Stress] = [
        FixedHead(cells=east, head_m=start[wet, 0, -1]),
        Recharge(rate_m_s=np.full((1, nc), 0.1 / YEAR_S)),
    ]
    flow = FlowSolver(
        grid, _medium(grid, k, k, 0.35, convertible=np.array([True] * 6 + [False] * 21))
    ).steady(stresses, np.where(start < -900.0, 6.0, start))
    cells = np.array([(0, 0, n) for n in range(8, 16)])
    problem = TransportProblem(
        species=[Species(id="a")],
        dispersion=_spreading(0.5, 0.005, 0.005, cross_terms=False, diffusion_m2_s=diffusion_m2_s),
        scheme=scheme,
        fixed=[
            FixedConcentration(cells=cells, conc_kg_m3=np.ones((8, 1)), end_s=5 * YEAR_S),
            FixedConcentration(cells=cells, conc_kg_m3=np.zeros((8, 1)), start_s=5 * YEAR_S),
        ],
    )
    _, steps = carried(grid, 0.35, problem, flow.field, 20 * DAY_S, 365)
    conc = np.array([steps[n].conc_kg_m3[0, :, 0] for n in (145, 218, 364)])
    water = 0.35 * 5.0 * 0.25 * flow.field.saturation_end[:, 0]
    return Section(
        conc=conc,
        mass=(np.nan_to_num(conc) * water).sum(axis=(1, 2)),
        steps=steps,
        head_m=flow.head_m[:, 0],
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """P9: concentrations (2, 18, 14) with rows from the north after 1 and 2 a, and at the pumping well."""

    conc: FloatArray
    well: FloatArray
    steps: list[TransportStep]
    head_m: FloatArray


def p9(scheme: Scheme = "koren") -> Plan:
    """P9: an injection well upstream of fine ground, clean after a year, and a pumping well; mg/L."""
    grid = regular_grid((1, 18, 14), dx_m=100.0, dy_m=100.0, thickness_m=10.0)
    k = np.full(grid.shape, 1.474e-4)
    k[0, 10:13, 1:8] = 1.474e-7
    edges = np.array([(0, 17, n) for n in range(14)] + [(0, 0, n) for n in range(14)])
    heads = np.array([250.0] * 14 + [20.0 + 2.5 * n for n in range(14)])
    steps: list[TransportStep] = []
    solver = state = None
    for conc in (0.05787, 0.0):
        wells = Wells(
            cells=np.array([(0, 14, 6), (0, 7, 6)]),
            rate_m3_s=np.array([0.001, -0.0189]),
            conc_kg_m3=np.array([[conc], [0.0]]),
        )
        flow = FlowSolver(grid, _medium(grid, k, k, 0.3)).steady(
            [FixedHead(cells=edges, head_m=heads), wells], np.full(grid.shape, 150.0)
        )
        if solver is None:
            problem = TransportProblem(
                species=[Species(id="a")], dispersion=_spreading(20.0, 4.0, 4.0), scheme=scheme
            )
            solver = TransportSolver(grid, 0.3, problem)
            state = solver.start()
        for _ in range(73):
            assert state is not None
            state, step = solver.step(state, flow.field, 5 * DAY_S, len(steps) * 5 * DAY_S)
            steps.append(step)
    ends = np.array([steps[n].conc_kg_m3[0, 0, ::-1] for n in (72, 145)]) * 1e3
    return Plan(conc=ends, well=ends[:, 10, 6], steps=steps, head_m=flow.head_m[0, ::-1])


def _spreading(
    al: float, ath: float, atv: float, *, cross_terms: bool = True, diffusion_m2_s: float = 0.0
) -> Dispersion:
    return Dispersion(
        longitudinal_m=al,
        transverse_horizontal_m=ath,
        transverse_vertical_m=atv,
        diffusion_m2_s=diffusion_m2_s,
        cross_terms=cross_terms,
    )


def _medium(
    grid: Grid,
    k: FloatArray,
    k33: FloatArray,
    porosity: float,
    convertible: np.ndarray | None = None,
) -> Medium:
    full = np.ones(grid.shape)
    return Medium(
        k_m_s=k,
        k33_m_s=k33,
        porosity=porosity * full,
        specific_storage_1_m=1e-5 * full,
        specific_yield=0.1 * full,
        convertible=convertible,
    )


def _uniform_heads(grid: Grid, *, q_m_s: float, wells: Wells) -> FlowField:
    """Field between fixed heads west and east whose flow would be uniform without the well."""
    k = np.full(grid.shape, 1e-4)
    nl, nr, nc = grid.shape
    ends = (0, nc - 1)
    cells = np.array([(a, i, j) for j in ends for a in range(nl) for i in range(nr)])
    heads = -q_m_s / 1e-4 * (grid.x_m[cells[:, 2]] - grid.x_m[0])
    stresses: list[Stress] = [FixedHead(cells=cells, head_m=heads), wells]
    return FlowSolver(grid, _medium(grid, k, k, 0.3)).steady(stresses, np.zeros(grid.shape)).field
