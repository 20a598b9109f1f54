"""Laws that every row of the table of air solvers obeys. A new row needs no new test here."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from models.air.wind import SteadyWind, uniform_wind
from models.contract import AirSolver, Site, SurfaceLayer, flat_site, solver, solver_names
from twin.core.beam import Receptor, point_receptor
from twin.core.clock import Interval
from twin.core.errors import SolverError, UnknownSolverError
from twin.core.geometry import Extent, Place, frozen
from twin.core.origin import Origin
from twin.core.plume import Plume, PlumeGrid
from twin.core.release import Release
from twin.core.units import unit

END_MS = 1_795_000_000_000
WINDOW = Interval(start_ms=END_MS - 600_000, end_ms=END_MS)
NEUTRAL = SurfaceLayer(
    friction_velocity_m_s=0.35, inverse_obukhov_1_m=0.0, sigma_v_m_s=0.7, mixing_height_m=800.0
)
STABLE = SurfaceLayer(
    friction_velocity_m_s=0.12, inverse_obukhov_1_m=0.05, sigma_v_m_s=0.35, mixing_height_m=math.inf
)


def site() -> Site:
    return flat_site(Extent(x_min_m=-4000.0, y_min_m=-4000.0, x_max_m=4000.0, y_max_m=4000.0))


def release(**changes: object) -> Release:
    row = Release(
        id="R1",
        substance_id="hf",
        place=Place(x_m=0.0, y_m=0.0, z_m=5.0),
        height_m=5.0,
        rate_kg_s=0.02,
        interval=WINDOW,
        origin=Origin.MODELLED,
    )
    return replace(row, **changes)


def wind(from_deg: float = 270.0, layer: SurfaceLayer = NEUTRAL, speed_m_s: float = 3.0) -> SteadyWind:
    return uniform_wind(speed_m_s, from_deg, layer)


def beam(name: str, start: tuple[float, float, float], end: tuple[float, float, float]) -> Receptor:
    points = frozen([start, end])
    return Receptor(
        sensor_id=name, points_m=frozen([points.mean(axis=0)]), weights=frozen([1.0]), segment_m=points
    )


def wide_grid(dx_m: float = 50.0) -> PlumeGrid:
    cells = round(6000.0 / dx_m)
    return PlumeGrid(
        x_min_m=-3000.0, y_min_m=-3000.0, dx_m=dx_m, dy_m=dx_m, dz_m=100.0, nx=cells, ny=cells, nz=8
    )


def mass_kg(plume: Plume) -> float:
    grid = plume.grid
    return float(plume.conc_kg_m3.sum() * grid.dx_m * grid.dy_m * grid.dz_m)


def centroid(plume: Plume) -> tuple[float, float]:
    grid, column = plume.grid, plume.conc_kg_m3.sum(axis=0)
    x = grid.x_min_m + (np.arange(grid.nx) + 0.5) * grid.dx_m
    y = grid.y_min_m + (np.arange(grid.ny) + 0.5) * grid.dy_m
    total = column.sum()
    return float((column.sum(axis=0) * x).sum() / total), float((column.sum(axis=1) * y).sum() / total)


@pytest.fixture(params=solver_names())
def row(request: pytest.FixtureRequest) -> AirSolver:
    return solver(request.param)


def test_units_are_declared_and_known(row: AirSolver) -> None:
    declared = [*row.needs.values(), *row.makes.values()]
    assert declared
    for field in declared:
        assert unit(field.units).dimension
        assert field.dims
    assert row.makes["conc"].units == "kg/m3"
    assert row.name in solver_names()
    assert row.version


@pytest.mark.parametrize("layer", [NEUTRAL, STABLE], ids=["neutral", "stable"])
def test_mass_on_flat_ground_is_what_was_emitted(row: AirSolver, layer: SurfaceLayer) -> None:
    plume = row.run(site(), [release()], wind(layer=layer), WINDOW, grid=wide_grid())
    assert mass_kg(plume) == pytest.approx(0.02 * 600.0, rel=1e-4)


def test_mass_of_a_short_release_is_rate_times_time(row: AirSolver) -> None:
    burst = release(interval=Interval(start_ms=END_MS - 333_000, end_ms=END_MS - 291_500))
    plume = row.run(site(), [burst], wind(), WINDOW, grid=wide_grid())
    assert mass_kg(plume) == pytest.approx(0.02 * 41.5, rel=1e-4)


def test_concentration_is_linear_in_the_rate(row: AirSolver) -> None:
    other = release(id="R2", place=Place(x_m=-200.0, y_m=90.0, z_m=15.0), height_m=15.0, rate_kg_s=0.005)
    grid, air = wide_grid(), wind()
    one = row.run(site(), [release()], air, WINDOW, grid=grid).conc_kg_m3
    two = row.run(site(), [other], air, WINDOW, grid=grid).conc_kg_m3
    both = row.run(site(), [release(rate_kg_s=0.06), other], air, WINDOW, grid=grid).conc_kg_m3
    assert both == pytest.approx(3.0 * one + two, rel=1e-9, abs=1e-18)


def test_concentration_is_never_negative(row: AirSolver) -> None:
    plume = row.run(site(), [release()], wind(33.0, STABLE), WINDOW)
    assert plume.conc_kg_m3.min() >= 0.0
    assert np.isfinite(plume.conc_kg_m3).all()
    assert plume.conc_kg_m3.max() > 0.0


@pytest.mark.parametrize(
    ("from_deg", "east", "north"), [(0.0, 0, -1), (90.0, -1, 0), (180.0, 0, 1), (270.0, 1, 0)]
)
def test_the_plume_goes_where_the_wind_goes_to(
    row: AirSolver, from_deg: float, east: int, north: int
) -> None:
    x, y = centroid(row.run(site(), [release()], wind(from_deg), WINDOW, grid=wide_grid()))
    along, across = x * east + y * north, x * north + y * east
    assert along > 300.0
    assert abs(across) < 1.0


def test_nothing_goes_upwind(row: AirSolver) -> None:
    plume = row.run(site(), [release()], wind(270.0), WINDOW, grid=wide_grid(10.0))
    x = plume.grid.x_min_m + (np.arange(plume.grid.nx) + 0.5) * 10.0
    upwind = plume.conc_kg_m3[:, :, x < -20.0].sum()
    assert upwind < 1e-6 * plume.conc_kg_m3.sum()


def test_mirror_symmetry(row: AirSolver) -> None:
    conc = row.run(site(), [release()], wind(270.0), WINDOW, grid=wide_grid()).conc_kg_m3
    assert conc == pytest.approx(conc[:, ::-1, :], rel=1e-9, abs=1e-20)


def test_mirrored_wind_gives_the_mirrored_plume(row: AirSolver) -> None:
    left = row.run(site(), [release()], wind(250.0), WINDOW, grid=wide_grid()).conc_kg_m3
    right = row.run(site(), [release()], wind(290.0), WINDOW, grid=wide_grid()).conc_kg_m3
    assert left == pytest.approx(right[:, ::-1, :], rel=1e-8, abs=1e-18)


@pytest.mark.parametrize("turn_deg", [17.0, 45.0, 138.0])
def test_turning_everything_changes_no_reading(row: AirSolver, turn_deg: float) -> None:
    angle = math.radians(turn_deg)
    ends = np.array([[300.0, -150.0, 12.0], [420.0, 260.0, 6.0]])
    spin = np.array(
        [[math.cos(angle), math.sin(angle), 0], [-math.sin(angle), math.cos(angle), 0], [0, 0, 1]]
    )
    turned = ends @ spin.T  # clockwise, as compass directions count

    def reading(points: np.ndarray, from_deg: float) -> float:
        receptor = beam("B1", tuple(points[0]), tuple(points[1]))
        return float(
            row.beam_matrix(site(), [release()], wind(from_deg), WINDOW, [receptor], [END_MS])[0, 0, 0]
        )

    assert reading(turned, 270.0 + turn_deg) == pytest.approx(reading(ends, 270.0), rel=1e-9)


def test_shifting_all_times_changes_nothing(row: AirSolver) -> None:
    shift = 7_654_321
    later = Interval(start_ms=WINDOW.start_ms + shift, end_ms=WINDOW.end_ms + shift)
    one = row.run(site(), [release()], wind(), WINDOW, grid=wide_grid())
    two = row.run(site(), [release(interval=later)], wind(), later, grid=wide_grid())
    assert two.time_ms == one.time_ms + shift
    assert two.conc_kg_m3 == pytest.approx(one.conc_kg_m3, rel=1e-12, abs=1e-24)


def test_nothing_is_released_after_the_end(row: AirSolver) -> None:
    early = release(interval=Interval(start_ms=WINDOW.start_ms, end_ms=END_MS - 300_000))
    plume = row.run(site(), [early], wind(), WINDOW, grid=wide_grid(10.0))
    x = plume.grid.x_min_m + (np.arange(plume.grid.nx) + 0.5) * 10.0
    # At 2 m/s and more, five minutes carry the tail of the cloud beyond 300 m.
    assert plume.conc_kg_m3[:, :, x < 150.0].sum() < 1e-3 * plume.conc_kg_m3.sum()


def test_beam_matrix_and_run_agree(row: AirSolver) -> None:
    receptors = [
        beam("B1", (250.0, -200.0, 10.0), (260.0, 220.0, 25.0)),
        point_receptor("P1", Place(x_m=300.0, y_m=10.0, z_m=3.0)),
    ]
    other = release(id="R2", place=Place(x_m=50.0, y_m=-40.0, z_m=2.0), height_m=2.0)
    rows = [release(), other]
    matrix = row.beam_matrix(site(), rows, wind(), WINDOW, receptors, [END_MS - 120_000, END_MS])
    plume = row.run(site(), rows, wind(), WINDOW, receptors=receptors)
    assert matrix.shape == (2, 2, 2)
    assert list(plume.beam_conc_kg_m3) == ["B1", "P1"]
    assert list(plume.beam_conc_kg_m3.values()) == pytest.approx(matrix[1].sum(axis=1), rel=1e-9)
    assert matrix.min() > 0.0


def test_a_beam_reads_the_mean_of_the_points_on_it(row: AirSolver) -> None:
    start, end = np.array([250.0, -100.0, 4.0]), np.array([330.0, 120.0, 18.0])
    part = (np.arange(4000) + 0.5) / 4000.0
    points = start + part[:, None] * (end - start)
    dense = Receptor(sensor_id="D", points_m=frozen(points), weights=frozen(np.full(4000, 1 / 4000)))
    closed = beam("B1", tuple(start), tuple(end))
    by_points, by_path = row.beam_matrix(site(), [release()], wind(), WINDOW, [dense, closed], [END_MS])[
        0, :, 0
    ]
    assert by_path == pytest.approx(by_points, rel=1e-4)


def test_result_names_its_inputs_and_its_origin(row: AirSolver) -> None:
    plume = row.run(site(), [release(origin=Origin.SIMULATED)], wind(), WINDOW)
    assert plume.origin is Origin.SIMULATED
    assert "R1" in plume.inputs
    assert f"{row.name}/{row.version}" in plume.inputs
    assert plume.solver == row.name


def test_two_substances_at_once_are_refused(row: AirSolver) -> None:
    with pytest.raises(SolverError, match="one substance"):
        row.run(site(), [release(), release(id="R2", substance_id="nh3")], wind(), WINDOW)
    with pytest.raises(SolverError, match="one substance"):
        row.run(site(), [], wind(), WINDOW)


def test_a_reading_outside_the_window_is_refused(row: AirSolver) -> None:
    receptor = point_receptor("P1", Place(x_m=300.0, y_m=0.0, z_m=3.0))
    with pytest.raises(SolverError, match="outside the window"):
        row.beam_matrix(site(), [release()], wind(), WINDOW, [receptor], [END_MS + 1])


def test_an_unknown_solver_is_refused_with_the_known_rows() -> None:
    with pytest.raises(UnknownSolverError, match="gaussian_puff") as caught:
        solver("gausian_puff")
    assert caught.value.value == "gausian_puff"
    assert "gaussian_puff" in caught.value.message_zh
