"""Backward puffs are the transpose of forward puffs: the duality of source and receptor."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.air.adjoint import footprint
from models.air.deposition import Removal, RemovalLoss
from models.air.ground import MapGrid
from models.air.puff import GaussianPuff
from models.air.tracks import Fineness
from models.air.wind import field_from_samples, uniform_wind
from models.contract import SurfaceLayer, WindField, flat_site
from twin.core.beam import Receptor, point_receptor
from twin.core.clock import Interval
from twin.core.geometry import Extent, Place, frozen
from twin.core.origin import Origin
from twin.core.release import Release
from twin.core.wind import WindSample

END_MS = 1_795_000_020_000
WINDOW = Interval(start_ms=END_MS - 2_400_000, end_ms=END_MS)
# So wide that no gas is let go: both runs then cut their streaklines alike.
PLAIN = Extent(x_min_m=-30_000.0, y_min_m=-30_000.0, x_max_m=30_000.0, y_max_m=30_000.0)
SITE = flat_site(PLAIN, roughness_m=0.1)
AIR = SurfaceLayer(friction_velocity_m_s=0.3, inverse_obukhov_1_m=0.0, sigma_v_m_s=0.6, mixing_height_m=500.0)
POINT = point_receptor("P", Place(x_m=400.0, y_m=-50.0, z_m=6.0))


def release(x: float, y: float, height: float = 4.0, on: Interval = WINDOW) -> Release:
    return Release(
        id=f"{x}/{y}",
        substance_id="hf",
        place=Place(x_m=x, y_m=y, z_m=height),
        height_m=height,
        rate_kg_s=1.0,
        interval=on,
        origin=Origin.MODELLED,
    )


def masts(spread_deg: float, turn_deg: float) -> WindField:
    """Two masts whose directions differ, and turn in forty minutes."""
    rows = [
        WindSample(
            sensor_id=f"W{s}",
            place=Place(x_m=2000.0 * s - 1000.0, y_m=0.0, z_m=10.0),
            height_m=10.0,
            time_ms=WINDOW.start_ms + 60_000 * k,
            wind_speed_m_s=3.0,
            wind_from_deg=255.0 + spread_deg * (s - 0.5) + turn_deg * k / 40.0,
            air_temperature_k=None,
            origin=Origin.MEASURED,
        )
        for k in range(41)
        for s in range(2)
    ]
    return field_from_samples(rows, SITE)


def forward(
    wind: WindField, receptor: Receptor, rows: list[Release], fine: Fineness | None = None
) -> np.ndarray:
    solver = GaussianPuff(fineness=fine)
    return solver.beam_matrix(SITE, rows, wind, WINDOW, [receptor], [END_MS])[0, 0]


PLACES = np.array([[x, y] for x in (-900.0, -300.0, 150.0, 330.0) for y in (-250.0, -90.0, 20.0)])


@pytest.mark.parametrize("on_s", [(0, 2400), (1900, 2300), (2300, 2400)])
def test_in_one_wind_forward_and_backward_are_the_same_number(on_s: tuple[int, int]):
    on = Interval(start_ms=WINDOW.start_ms + 1000 * on_s[0], end_ms=WINDOW.start_ms + 1000 * on_s[1])
    wind = uniform_wind(3.0, 262.0, AIR, roughness_m=0.1)
    ahead = forward(wind, POINT, [release(x, y, on=on) for x, y in PLACES])
    back = footprint(POINT, SITE, wind, WINDOW, on, source_height_m=4.0).at(*PLACES.T)
    assert ahead.max() > 0.0
    # Forward points are read in single precision; that is all the difference there is.
    assert back == pytest.approx(ahead, rel=1e-6, abs=1e-6 * ahead.max())


def test_inner_products_agree_for_many_sources_and_receptors():
    """<receptors, forward(sources)> = <backward(receptors), sources>."""
    wind, rng = uniform_wind(2.5, 255.0, AIR, roughness_m=0.1), np.random.default_rng(0)
    rates, weights = rng.uniform(size=PLACES.shape[0]), rng.uniform(size=3)
    points = [point_receptor(str(k), Place(x_m=380.0, y_m=-150.0 + 80.0 * k, z_m=2.0 + k)) for k in range(3)]
    ahead = np.array([forward(wind, row, [release(x, y) for x, y in PLACES]) for row in points])
    back = np.array(
        [footprint(row, SITE, wind, WINDOW, WINDOW, source_height_m=4.0).at(*PLACES.T) for row in points]
    )
    assert float(weights @ (ahead @ rates)) == pytest.approx(float((weights @ back) @ rates), rel=1e-6)


def test_a_wind_that_turns_with_time_costs_what_the_steps_cost():
    wind, fine = masts(0.0, 30.0), Fineness(step_s=10.0, longest_s=20.0, growth=0.1, spacing=1.0)
    for fineness, allowed in ((Fineness(), 1e-3), (fine, 1e-4)):
        ahead = forward(wind, POINT, [release(x, y) for x, y in PLACES], fineness)
        found = footprint(POINT, SITE, wind, WINDOW, WINDOW, source_height_m=4.0, fineness=fineness)
        assert found.at(*PLACES.T) == pytest.approx(ahead, abs=allowed * ahead.max())


def test_a_wind_that_differs_from_place_to_place_errs_by_little():
    wind = masts(10.0, 20.0)
    ahead = forward(wind, POINT, [release(x, y) for x, y in PLACES])
    back = footprint(POINT, SITE, wind, WINDOW, WINDOW, source_height_m=4.0).at(*PLACES.T)
    assert back == pytest.approx(ahead, abs=0.03 * ahead.max())


def test_a_beam_sees_what_its_points_see():
    ends = frozen([[350.0, -300.0, 8.0], [420.0, 250.0, 15.0]])
    beam = Receptor(
        sensor_id="B", points_m=frozen([ends.mean(axis=0)]), weights=frozen([1.0]), segment_m=ends
    )
    wind = uniform_wind(3.0, 262.0, AIR, roughness_m=0.1)
    ahead = forward(wind, beam, [release(x, y) for x, y in PLACES])
    back = footprint(beam, SITE, wind, WINDOW, WINDOW, source_height_m=4.0).at(*PLACES.T)
    assert back == pytest.approx(ahead, rel=2e-3, abs=1e-4 * ahead.max())


def test_losses_on_the_way_are_those_of_the_forward_run():
    wind = uniform_wind(3.0, 262.0, AIR, roughness_m=0.1)
    removal = Removal(deposition_m_s=0.02, washout_1_s=1e-4, decay_1_s=2e-4)
    rows = [release(x, y) for x, y in PLACES]
    solver = GaussianPuff(removal={"hf": removal}, rain_mm_h=2.0)
    ahead = solver.beam_matrix(SITE, rows, wind, WINDOW, [POINT], [END_MS])[0, 0]
    loss = RemovalLoss(removal=removal, roughness_m=0.1, rain_mm_h=2.0)
    back = footprint(POINT, SITE, wind, WINDOW, WINDOW, source_height_m=4.0, loss=loss)
    assert back.at(*PLACES.T) == pytest.approx(ahead, rel=1e-6, abs=1e-6 * ahead.max())


def test_the_map_lies_upwind_and_agrees_with_the_places():
    wind = uniform_wind(3.0, 270.0, AIR, roughness_m=0.1)
    found = footprint(POINT, SITE, wind, WINDOW, WINDOW, source_height_m=4.0)
    grid = MapGrid(x_min_m=-2000.0, y_min_m=-1000.0, dx_m=10.0, dy_m=10.0, nx=300, ny=200)
    image = found.map(grid)
    x = grid.x_min_m + 10.0 * (np.arange(300) + 0.5)
    assert image[:, x > 450.0].max() < 1e-3 * image.max()
    column, row = 150, 92
    value = float(found.at(frozen([x[column]]), frozen([grid.y_min_m + 10.0 * (row + 0.5)]))[0])
    assert float(image[row, column]) == pytest.approx(value, rel=5e-3)
    assert math.isfinite(float(image.sum()))
