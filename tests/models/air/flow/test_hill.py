from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.terrain import Terrain
from models.air.flow.hill import linear_flow
from models.air.flow.mass import relative_divergence
from models.air.turbulence import wind_profile
from twin.core.errors import SolverError
from twin.core.wind import direction_from_uv

STEP = 25.0


def hill(height: float = 60.0, half: int = 30) -> Terrain:
    """A round hill a little off the middle of a square."""
    y, x = np.mgrid[-half : half + 1, -half : half + 1] * STEP
    ground = height * np.exp(-((x - 100.0) ** 2 + (y + 50.0) ** 2) / 150.0**2)
    return Terrain(ground.astype(np.float32), -half * STEP, -half * STEP, STEP)


@settings(deadline=None, max_examples=10)
@given(
    inverse=st.floats(-0.03, 0.02),
    from_deg=st.floats(0.0, 360.0),
    z=st.floats(0.5, 600.0),
    z0=st.floats(0.01, 0.5),
)
def test_level_ground_gives_the_profile_at_any_height(inverse: float, from_deg: float, z: float, z0: float):
    flat = Terrain(np.full((12, 15), 40.0), 0.0, 0.0, 50.0)
    flow = linear_flow(flat, from_deg, roughness_m=z0, inverse_obukhov_1_m=inverse)
    u, v, w = flow.at(np.array([100.0, 500.0]), 200.0, z)
    expected = wind_profile(z, z0, inverse) / wind_profile(10.0, z0, inverse)
    np.testing.assert_allclose(np.hypot(u, v), expected, rtol=1e-9)
    np.testing.assert_allclose(w, 0.0, atol=1e-9)
    turned = (direction_from_uv(float(u[0]), float(v[0])) - from_deg + 180.0) % 360.0 - 180.0
    assert turned == pytest.approx(0.0, abs=1e-6)


def test_wind_from_270_blows_to_the_east_faster_over_the_top_and_weaker_behind():
    flow = linear_flow(hill(), 270.0, roughness_m=0.05)
    u, v, _ = flow.at(np.array([-700.0, 100.0, 300.0]), -50.0, 10.0)
    assert np.all(u > 0.0)
    assert np.abs(v).max() < 0.1
    assert u[1] > 1.3 > 1.0 > u[2]
    _, _, rising = flow.at(20.0, -50.0, 10.0)
    _, _, falling = flow.at(170.0, -50.0, 10.0)
    assert rising > 0.05 > -0.05 > falling


def test_its_wind_has_no_divergence_and_none_passes_through_the_ground():
    flow = linear_flow(hill(), 230.0, roughness_m=0.05, inverse_obukhov_1_m=0.005)
    assert flow.faces is not None
    assert relative_divergence(flow.faces, flow.column) < 1e-8
    assert not flow.faces.omega[0].any()


def test_turning_hill_and_wind_turns_the_flow():
    ground = hill().heights_m
    turned = Terrain(np.rot90(ground, k=-1).copy(), -750.0, -750.0, STEP)  # a quarter turn to the left
    one = linear_flow(hill(), 270.0, roughness_m=0.05)
    two = linear_flow(turned, 180.0, roughness_m=0.05)
    np.testing.assert_allclose(np.rot90(two.v, k=1, axes=(1, 2)), one.u, atol=0.02)
    np.testing.assert_allclose(np.rot90(two.u, k=1, axes=(1, 2)), -one.v, atol=0.02)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"heights_m": (10.0, 5.0)}, "heights_m"),
        ({"heights_m": (0.0, 5.0)}, "heights_m"),
        ({"roughness_m": 0.0}, "roughness_m"),
    ],
)
def test_it_refuses_what_it_cannot_use_by_name(changes: dict[str, object], field: str):
    with pytest.raises(SolverError, match=field) as caught:
        linear_flow(hill(), 270.0, **{"roughness_m": 0.05, **changes})
    assert caught.value.field == field
