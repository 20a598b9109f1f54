"""Laws of passive plumes: mass, flux, the way that the wind blows, and closed forms against quadrature."""

from __future__ import annotations

import math

import numpy as np

from models.air.kernel import cell_means, line_mean
from models.air.plume import PlumeAir, plume_air, steady_plume
from models.air.puff import GaussianPuff
from models.air.streak import Puffs
from models.air.wind import uniform_wind
from models.contract import SurfaceLayer, flat_site
from tests.validation.section import Check, Section, table
from twin.core.clock import Interval
from twin.core.geometry import Extent, Place, frozen
from twin.core.origin import Origin
from twin.core.plume import PlumeGrid
from twin.core.release import Release

END_MS = 1_000_000_000_000
WINDOW = Interval(start_ms=END_MS - 600_000, end_ms=END_MS)
EXTENT = Extent(x_min_m=-4000.0, y_min_m=-4000.0, x_max_m=4000.0, y_max_m=4000.0)
LID = SurfaceLayer(
    friction_velocity_m_s=0.35, inverse_obukhov_1_m=-0.01, sigma_v_m_s=0.7, mixing_height_m=400.0
)

_TEXT = """What must hold whatever the weather: gas goes where the wind goes to, none of it is lost between
ground and lid, a steady plume carries what was emitted through every plane, and closed forms are those of
their integrals. More laws stand beside the code as tests (tests/contract, tests/models/air)."""


def report() -> Section:
    """Compute the laws anew."""
    wanted = {0.0: (0, -1), 90.0: (-1, 0), 180.0: (0, 1), 270.0: (1, 0)}
    rows = []
    worst = 0.0
    for from_deg, (east, north) in wanted.items():
        x, y = _centroid(from_deg)
        away = math.degrees(math.atan2(x * north - y * east, x * east + y * north))
        worst = max(worst, abs(away))
        rows.append((f"{from_deg:.0f}", x, y, away))
    flux, gusty = (
        max(abs(_flux(air, height, x, gusts=gusts) - 1.0) for air in _airs() for height, x in _PLANES)
        for gusts in (False, True)
    )
    return Section(
        title="Laws of passive plumes",
        text=_TEXT,
        tables=(
            table(
                "centroid of a plume of ten minutes, m from the source (row gaussian_puff)",
                ("wind from, deg", "east", "north", "off its way, deg"),
                rows,
            ),
        ),
        checks=(
            Check(what="laws, centroid off the way of the wind, deg", value=worst, high=0.1),
            Check(what="laws, steady plume without gusts, integral of u c less 1", value=flux, high=1e-6),
            Check(what="laws, steady plume, flux of wind and gusts less 1", value=gusty, high=1e-6),
            Check(what="laws, puffs between ground and lid, mass less 1", value=_mass_error(), high=1e-9),
            Check(what="laws, beam in closed form against quadrature", value=_beam_error(), high=1e-9),
        ),
    )


_PLANES = ((0.5, 300.0), (15.0, 2000.0))


def _airs() -> tuple[PlumeAir, ...]:
    return tuple(
        plume_air(
            wind_speed_m_s=4.0,
            wind_height_m=10.0,
            roughness_m=0.1,
            inverse_obukhov_1_m=inverse,
            lid_m=lid,
        )
        for inverse, lid in ((-0.03, 700.0), (0.0, math.inf), (0.03, math.inf))
    )


def _flux(air: PlumeAir, height_m: float, x_m: float, *, gusts: bool) -> float:
    plume = steady_plume(air, rate_kg_s=1.0, height_m=height_m, reach_m=4000.0, gusts=gusts)
    top = min(air.layer.mixing_height_m, 40.0 * float(plume.mean_height_m(x_m)[0]))
    low = 2.0 * air.roughness_m
    edges = np.unique(np.concatenate([[0.0], np.geomspace(1e-6, low, 20), np.geomspace(low, top, 120)]))
    edges = edges[edges <= top]
    node, weight = np.polynomial.legendre.leggauss(24)
    half = 0.5 * np.diff(edges)[:, None]
    z = (edges[:-1, None] + half * (1.0 + node)).ravel()
    speed = plume.carrying_speed_m_s(x_m, z)  # without gusts, the mean wind
    return float((speed * plume.cic_kg_m2(x_m, z) * (half * weight).ravel()).sum())


def _release() -> Release:
    return Release(
        id="law",
        substance_id="hf",
        place=Place(x_m=0.0, y_m=0.0, z_m=5.0),
        height_m=5.0,
        rate_kg_s=0.02,
        interval=WINDOW,
        origin=Origin.MODELLED,
    )


def _centroid(from_deg: float) -> tuple[float, float]:
    wind = uniform_wind(3.0, from_deg, LID)
    plume = GaussianPuff().run(flat_site(EXTENT), [_release()], wind, WINDOW)
    column, grid = plume.conc_kg_m3.sum(axis=0), plume.grid
    x = grid.x_min_m + (np.arange(grid.nx) + 0.5) * grid.dx_m
    y = grid.y_min_m + (np.arange(grid.ny) + 0.5) * grid.dy_m
    total = column.sum()
    return float((column.sum(axis=0) * x).sum() / total), float((column.sum(axis=1) * y).sum() / total)


def _mass_error() -> float:
    """Of single puffs between ground and lid, summed over cells."""
    grid = PlumeGrid(x_min_m=-1500.0, y_min_m=-1500.0, dx_m=50.0, dy_m=50.0, dz_m=25.0, nx=60, ny=60, nz=16)
    worst = 0.0
    for height, sigma in ((5.0, 3.0), (5.0, 80.0), (200.0, 150.0), (390.0, 40.0)):
        puff = Puffs(
            x_m=frozen([10.0]),
            y_m=frozen([-20.0]),
            height_m=frozen([height]),
            sigma_h_m=frozen([120.0]),
            sigma_z_m=frozen([sigma]),
            emission_s=frozen([1.0]),
            cell=np.zeros(1, dtype=np.intp),
        )
        mass = float(cell_means(puff, np.ones(1), grid, LID.mixing_height_m).sum()) * 50.0 * 50.0 * 25.0
        worst = max(worst, abs(mass - 1.0))
    return worst


def _beam_error() -> float:
    rng = np.random.default_rng(1)
    node, weight = np.polynomial.legendre.leggauss(400)
    t, share = 0.5 * (1.0 + node), 0.5 * weight
    worst = 0.0
    for _ in range(200):
        start, along = rng.normal(0.0, 2.0, 3), rng.normal(0.0, 4.0, 3)
        a, b, c = float(along @ along), float(start @ along), float(start @ start)
        exact = float((share * np.exp(-0.5 * (c + 2.0 * b * t + a * t * t))).sum())
        found = float(line_mean(np.array([a]), np.array([b]), np.array([c]))[0])
        if exact > 1e-4:  # fainter is the difference of two error functions near 1
            worst = max(worst, abs(found / exact - 1.0))
    return worst
