"""Points in blocks, and means over time, against sums written out."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.air.means import mean_fields, mean_readings
from models.air.points import point_sums
from models.air.puff import GaussianPuff
from models.air.streak import Puffs
from models.air.wind import uniform_wind
from models.contract import SurfaceLayer, flat_site
from twin.core.beam import point_receptor
from twin.core.clock import Interval
from twin.core.errors import BadRequestError
from twin.core.geometry import Extent, Place, frozen
from twin.core.origin import Origin
from twin.core.plume import PlumeGrid
from twin.core.release import Release

START_MS = 1_795_000_020_000
WINDOW = Interval(start_ms=START_MS, end_ms=START_MS + 900_000)
PLAIN = Extent(x_min_m=-800.0, y_min_m=-800.0, x_max_m=800.0, y_max_m=800.0)
AIR = SurfaceLayer(
    friction_velocity_m_s=0.3, inverse_obukhov_1_m=0.01, sigma_v_m_s=0.5, mixing_height_m=math.inf
)


@pytest.mark.parametrize("lid", [math.inf, 60.0])
@pytest.mark.parametrize("level", [True, False], ids=["one level", "any height"])
def test_point_sums_are_the_textbook_sum(lid: float, level: bool):
    rng, n = np.random.default_rng(4), 300
    puffs = Puffs(
        x_m=frozen(rng.uniform(-600.0, 600.0, n)),
        y_m=frozen(rng.uniform(-600.0, 600.0, n)),
        height_m=frozen(rng.uniform(0.0, 30.0, n)),
        sigma_h_m=frozen(np.exp(rng.uniform(0.5, 5.0, n))),
        sigma_z_m=frozen(np.exp(rng.uniform(0.5, 3.4, n))),
        emission_s=frozen(np.ones(n)),
        cell=np.zeros(n, dtype=np.intp),
    )
    points = rng.uniform([-500.0, -500.0, 1.0], [500.0, 500.0, 40.0], (150, 3))
    points[:, 2] = 7.0 if level else points[:, 2]
    group = np.sort(rng.integers(0, 5, n))
    weights = rng.uniform(size=(2, n))
    found = point_sums(puffs, points, lid, weights, group, 5)
    away2 = (points[:, 0] - puffs.x_m[:, None]) ** 2 + (points[:, 1] - puffs.y_m[:, None]) ** 2
    sh, sz = puffs.sigma_h_m[:, None], puffs.sigma_z_m[:, None]
    shifts = [0.0] if math.isinf(lid) else [2.0 * k * lid for k in range(-8, 9)]
    up = sum(
        np.exp(-0.5 * ((points[:, 2] - shift - sign * puffs.height_m[:, None]) / sz) ** 2)
        for shift in shifts
        for sign in (1, -1)
    )
    value = np.exp(-0.5 * away2 / sh**2) * up / ((2.0 * math.pi) ** 1.5 * sh**2 * sz)
    expected = np.array(
        [[(value * row[:, None])[group == g].sum(axis=0) for g in range(5)] for row in weights]
    )
    # Puffs end at five standard deviations, where 4e-6 of the peak is left, which no point may be near to.
    assert np.abs(found - expected).max() < 1e-4 * expected.max()


def release() -> Release:
    return Release(
        id="R",
        substance_id="hf",
        place=Place(x_m=0.0, y_m=0.0, z_m=5.0),
        height_m=5.0,
        rate_kg_s=0.02,
        interval=Interval(start_ms=START_MS + 100_000, end_ms=WINDOW.end_ms),
        origin=Origin.MODELLED,
    )


def test_minute_means_are_means_of_many_moments():
    wind, site = uniform_wind(2.0, 250.0, AIR), flat_site(PLAIN)
    receptor = point_receptor("P", Place(x_m=250.0, y_m=80.0, z_m=4.0))
    bounds = [START_MS + 60_000 * k for k in range(16)]
    found = mean_readings(GaussianPuff(), site, [release()], wind, WINDOW, bounds, [receptor], moments=6)
    times = [START_MS + 1000 * k + 500 for k in range(900)]
    fine = GaussianPuff().beam_matrix(site, [release()], wind, WINDOW, [receptor], times)
    assert found[:, 0, 0] == pytest.approx(fine.reshape(15, 60).mean(axis=1), abs=0.01 * fine.max())
    assert found.max() > 0.0


def test_mean_fields_hold_the_mean_mass():
    grid = PlumeGrid(x_min_m=-3e3, y_min_m=-3e3, dx_m=60.0, dy_m=60.0, dz_m=50.0, nx=100, ny=100, nz=10)
    bounds = [START_MS + 300_000, START_MS + 600_000, WINDOW.end_ms]
    fields = mean_fields(
        GaussianPuff(), [release()], uniform_wind(2.0, 250.0, AIR), WINDOW, bounds, grid, moments=3
    )
    mass = fields.sum(axis=(1, 2, 3)) * 60.0 * 60.0 * 50.0
    assert mass == pytest.approx([0.02 * 350.0, 0.02 * 650.0], rel=1e-4)


def test_bounds_must_rise():
    with pytest.raises(BadRequestError, match="rising"):
        mean_fields(
            GaussianPuff(),
            [release()],
            uniform_wind(2.0, 250.0, AIR),
            WINDOW,
            [START_MS, START_MS],
            PlumeGrid(x_min_m=0.0, y_min_m=0.0, dx_m=1.0, dy_m=1.0, dz_m=1.0, nx=1, ny=1, nz=1),
        )
