from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.air.kernel import Sightings, cell_means, line_mean, path_means, piece_means
from models.air.paths import Pieces, pieces_of
from models.air.streak import Puffs
from models.contract import Site, flat_site
from twin.core.beam import Receptor
from twin.core.geometry import Extent, FloatArray, frozen
from twin.core.plume import PlumeGrid

PLAIN = Extent(x_min_m=-500.0, y_min_m=-500.0, x_max_m=500.0, y_max_m=500.0)


def puff(
    height: float = 8.0, sigma_h: float = 20.0, sigma_z: float = 7.0, x: float = 0.0, y: float = 0.0
) -> Puffs:
    return Puffs(
        x_m=frozen([x]),
        y_m=frozen([y]),
        height_m=frozen([height]),
        sigma_h_m=frozen([sigma_h]),
        sigma_z_m=frozen([sigma_z]),
        emission_s=frozen([1.0]),
        cell=np.zeros(1, dtype=np.intp),
    )


def density(cloud: Puffs, points: np.ndarray, lid_m: float = math.inf, orders: int = 8) -> np.ndarray:
    """Concentration of a unit mass by the textbook sum over images, written out independently."""
    x, y, h = cloud.x_m[0], cloud.y_m[0], cloud.height_m[0]
    sh, sz = cloud.sigma_h_m[0], cloud.sigma_z_m[0]
    level = np.exp(-0.5 * ((points[:, 0] - x) ** 2 + (points[:, 1] - y) ** 2) / sh**2) / (2 * np.pi * sh**2)
    shifts = [0.0] if math.isinf(lid_m) else [2.0 * n * lid_m for n in range(-orders, orders + 1)]
    up = sum(
        np.exp(-0.5 * ((points[:, 2] - shift - sign * h) / sz) ** 2) for shift in shifts for sign in (1, -1)
    )
    return np.asarray(level * up / (math.sqrt(2 * np.pi) * sz))


def quadrature(cloud: Puffs, start: np.ndarray, end: np.ndarray, lid_m: float = math.inf) -> float:
    node, weight = np.polynomial.legendre.leggauss(400)
    total = 0.0
    for k in range(50):  # 20,000 nodes in 50 panels
        part = (k + (node + 1) / 2) / 50
        points = start + part[:, None] * (end - start)
        total += float(weight @ density(cloud, points, lid_m)) / 100
    return total


def closed_form(cloud: Puffs, start: np.ndarray, end: np.ndarray, lid_m: float = math.inf) -> float:
    pieces = Pieces(
        start_m=frozen([start]),
        along_m=frozen([end - start]),
        share=frozen([1.0]),
        receptor=np.zeros(1, np.intp),
    )
    return float(path_means(cloud, pieces, lid_m).mean_1_m3.sum())


@pytest.mark.parametrize("lid", [math.inf, 40.0])
@pytest.mark.parametrize(
    ("start", "end"),
    [
        ([-200.0, 10.0, 2.0], [250.0, -30.0, 30.0]),
        ([-20.0, 5.0, 0.0], [3.0, 8.0, 12.0]),
        ([0.0, 0.0, 0.0], [0.0, 0.0, 35.0]),
        ([5.0, 3.0, 8.0], [5.0, 3.0, 8.0]),
        ([40.0, -60.0, 1.0], [45.0, 70.0, 1.5]),
    ],
)
def test_path_average_is_the_integral(start: list[float], end: list[float], lid: float):
    a, b = np.array(start), np.array(end)
    cloud = puff(sigma_z=25.0) if math.isfinite(lid) else puff()
    assert closed_form(cloud, a, b, lid) == pytest.approx(quadrature(cloud, a, b, lid), rel=1e-9)


@settings(deadline=None, max_examples=60)
@given(
    ends=st.tuples(*[st.floats(-80.0, 80.0)] * 4),
    heights=st.tuples(st.floats(0.0, 60.0), st.floats(0.0, 60.0)),
    sigma=st.tuples(st.floats(5.0, 60.0), st.floats(2.0, 40.0)),
)
def test_path_average_is_the_integral_anywhere(
    ends: tuple[float, ...], heights: tuple[float, float], sigma: tuple[float, float]
):
    a, b = np.array([ends[0], ends[1], heights[0]]), np.array([ends[2], ends[3], heights[1]])
    cloud = puff(sigma_h=sigma[0], sigma_z=sigma[1])
    exact = quadrature(cloud, a, b)
    peak = 2.0 / ((2 * np.pi) ** 1.5 * sigma[0] ** 2 * sigma[1])
    # Beyond five standard deviations a puff is not seen, by design: 4e-6 of its peak.
    assert closed_form(cloud, a, b) == pytest.approx(exact, rel=1e-9, abs=4e-6 * peak)


def test_average_over_a_cut_beam_is_the_mean_of_its_parts():
    a, b = np.array([-150.0, 20.0, 3.0]), np.array([170.0, -15.0, 20.0])
    middle = a + 0.37 * (b - a)
    parts = 0.37 * closed_form(puff(), a, middle) + 0.63 * closed_form(puff(), middle, b)
    assert parts == pytest.approx(closed_form(puff(), a, b), rel=1e-10)


def test_a_short_path_tends_to_the_point_value():
    a = np.array([10.0, 5.0, 6.0])
    point = float(density(puff(), a[None])[0])
    for length in (1e-1, 1e-3, 1e-6, 0.0):
        assert closed_form(puff(), a, a + [length, 0.0, 0.0]) == pytest.approx(
            point, rel=2e-2 * length + 1e-9
        )


def test_line_mean_of_a_broad_puff_is_one():
    assert line_mean(frozen([0.0]), frozen([0.0]), frozen([0.0])) == pytest.approx([1.0])


def hill() -> Site:
    y, x = np.mgrid[0:101, 0:101] * 10.0 - 500.0
    return Site(
        extent=PLAIN,
        ground_heights_m=60.0 * np.exp(-(x**2 + y**2) / 2e4),
        x0_m=-500.0,
        y0_m=-500.0,
        step_m=10.0,
    )


def straight(start: list[float], end: list[float]) -> Receptor:
    ends = frozen([start, end])
    return Receptor(
        sensor_id="B", points_m=frozen([ends.mean(axis=0)]), weights=frozen([1.0]), segment_m=ends
    )


def test_over_flat_ground_a_beam_is_one_piece():
    pieces = pieces_of([straight([-100.0, 0.0, 20.0], [300.0, 50.0, 35.0])], flat_site(PLAIN, ground_m=12.0))
    assert pieces.share.tolist() == [1.0]
    assert pieces.start_m[0].tolist() == [-100.0, 0.0, 8.0]
    assert pieces.along_m[0].tolist() == [400.0, 50.0, 15.0]


def test_over_a_hill_the_pieces_follow_the_height_above_ground():
    beam, ground = straight([-300.0, 40.0, 75.0], [320.0, -30.0, 80.0]), hill()
    pieces = pieces_of([beam], ground)
    assert pieces.share.size > 4
    assert pieces.share.sum() == pytest.approx(1.0)
    starts = np.concatenate([[0.0], np.cumsum(pieces.share)])[:-1]
    for part in np.linspace(0.001, 0.999, 300):
        k = int(np.searchsorted(starts, part, side="right")) - 1
        inside = (part - starts[k]) / pieces.share[k]
        point = np.array([-300.0, 40.0, 75.0]) + part * np.array([620.0, -70.0, 5.0])
        exact = point[2] - ground.ground_m(point[0], point[1])
        assert pieces.start_m[k, 2] + inside * pieces.along_m[k, 2] == pytest.approx(exact, abs=0.25)


def test_beam_average_over_a_hill_is_the_integral_in_height_above_ground():
    beam, ground, cloud = straight([-300.0, 40.0, 75.0], [320.0, -30.0, 80.0]), hill(), puff(sigma_z=9.0)
    pieces = pieces_of([beam], ground)
    seen = path_means(cloud, pieces, math.inf)
    closed = float((seen.mean_1_m3 * pieces.share[seen.piece]).sum())
    part = (np.arange(200_001) + 0.5) / 200_001
    points = np.array([-300.0, 40.0, 75.0]) + part[:, None] * np.array([620.0, -70.0, 5.0])
    points[:, 2] -= ground.ground_m(points[:, 0], points[:, 1])
    # What is left is the 0.2 m of tolerance of the pieces.
    assert closed == pytest.approx(float(density(cloud, points).mean()), rel=0.02)


def test_a_beam_in_the_ground_runs_along_it():
    pieces = pieces_of([straight([-100.0, 0.0, 5.0], [100.0, 0.0, 5.0])], flat_site(PLAIN, ground_m=9.0))
    assert (pieces.start_m[:, 2] == 0.0).all()


@pytest.mark.parametrize(("sigma_z", "lid"), [(7.0, math.inf), (0.3, math.inf), (30.0, 60.0), (60.0, 60.0)])
def test_cells_hold_all_of_the_mass(sigma_z: float, lid: float):
    grid = PlumeGrid(x_min_m=-200.0, y_min_m=-200.0, dx_m=40.0, dy_m=40.0, dz_m=30.0, nx=10, ny=10, nz=10)
    conc = cell_means(puff(sigma_z=sigma_z), frozen([2.5]), grid, lid)
    assert conc.sum() * 40.0 * 40.0 * 30.0 == pytest.approx(2.5, rel=1e-5)


def test_fine_cells_tend_to_the_density_and_nothing_is_above_the_lid():
    grid = PlumeGrid(x_min_m=0.0, y_min_m=-2.0, dx_m=1.0, dy_m=1.0, dz_m=1.0, nx=30, ny=4, nz=50)
    cloud = puff(sigma_z=25.0)
    conc = cell_means(cloud, frozen([1.0]), grid, 40.0)
    centre = np.array([[20.5, 0.5, 12.5]])
    assert conc[12, 2, 20] == pytest.approx(float(density(cloud, centre, 40.0)[0]), rel=1e-3)
    assert conc[40:].max() == 0.0


def test_tall_puffs_meet_whole_paths_and_read_the_same() -> None:
    """A puff far taller than a beam is high sees it as one level chord; others see every piece."""
    bend = 12.0 * np.sin(np.linspace(0.0, 9.0, 25))
    ground = Site(
        extent=PLAIN,
        ground_heights_m=np.tile(bend, (2, 1)),
        x0_m=-300.0,
        y0_m=-500.0,
        step_m=25.0,
    )
    beam = straight([-300.0, 0.0, 30.0], [300.0, 0.0, 45.0])
    pieces = pieces_of([beam], ground)
    assert pieces.share.size > 5
    sigma = np.array([20.0, 200.0, 500.0, 1500.0])
    puffs = Puffs(
        x_m=np.array([-80.0, 150.0, 400.0, -200.0]),
        y_m=np.array([10.0, -200.0, 300.0, 900.0]),
        height_m=np.array([5.0, 5.0, 30.0, 30.0]),
        sigma_h_m=sigma,
        sigma_z_m=sigma,
        emission_s=np.ones(4),
        cell=np.zeros(4, dtype=np.intp),
        share=np.ones((1, 4)),
    )
    for lid in (np.inf, 1000.0):
        every = _sums(piece_means(puffs, pieces, lid), pieces, 4)
        quick = path_means(puffs, pieces, lid)
        np.testing.assert_allclose(_sums(quick, pieces, 4), every, rtol=6e-3)
        assert quick.puff.size < piece_means(puffs, pieces, lid).puff.size
        np.testing.assert_allclose(_sums(quick, pieces, 4)[0], every[0], rtol=1e-12)


def _sums(seen: Sightings, pieces: Pieces, count: int) -> FloatArray:
    total = np.zeros(count)
    np.add.at(total, seen.puff, seen.mean_1_m3 * pieces.share[seen.piece])
    return total
