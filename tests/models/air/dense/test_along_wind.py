"""Growth along the wind against the moments of a puff in the surface layer, solved anew."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from models.air.dense.along_wind import along_wind_spread_m

KARMAN, ROUGH_M, CELLS = 0.4, 0.003, 80


def _moments(inverse_obukhov_1_m: float, until_m: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """u* t, mean height and spread along the wind of a puff from the ground (moments of Aris 1956)."""
    edges = ROUGH_M + np.geomspace(ROUGH_M, 600.0, CELLS + 1) - ROUGH_M
    middle, size = np.sqrt(edges[1:] * edges[:-1]), np.diff(edges)
    between = edges[1:-1]
    carry = KARMAN * between / (1.0 + 5.0 * between * inverse_obukhov_1_m) / np.diff(middle)
    wind = (np.log(middle / ROUGH_M) + 5.0 * middle * inverse_obukhov_1_m) / KARMAN
    up = np.zeros((CELLS, CELLS))
    for i in range(CELLS - 1):
        up[i, i] -= carry[i] / size[i]
        up[i, i + 1] += carry[i] / size[i]
        up[i + 1, i + 1] -= carry[i] / size[i + 1]
        up[i + 1, i] += carry[i] / size[i + 1]
    nothing, speed = np.zeros((CELLS, CELLS)), np.diag(wind)
    system = np.block([[up, nothing, nothing], [speed, up, nothing], [nothing, 2.0 * speed, up]])
    begin = np.zeros(3 * CELLS)
    lowest = int(np.searchsorted(edges, 20.0 * ROUGH_M))
    begin[lowest] = 1.0 / size[lowest]
    at = np.geomspace(2.0, until_m, 40)
    done = solve_ivp(
        lambda _, y: system @ y, (0.0, until_m), begin, method="BDF", jac=system, t_eval=at, rtol=1e-4
    )
    rows = done.y.reshape(3, CELLS, at.size)
    total, first, second = (np.einsum("kt,k->t", row, size) for row in rows)
    height = np.einsum("kt,k->t", rows[0], size * middle) / total
    return at, height, np.sqrt(second / total - (first / total) ** 2)


@pytest.mark.parametrize(("obukhov_m", "until_m"), [(np.inf, 150.0), (45.0, 200.0), (15.0, 70.0)])
def test_the_law_follows_the_moments_of_a_puff_on_the_ground(obukhov_m, until_m):
    at, height, spread = _moments(1.0 / obukhov_m, until_m)
    law = along_wind_spread_m(at, height, 1.0, 1.0 / obukhov_m)
    assert (height / obukhov_m).max() < 1.05
    assert law[5:] == pytest.approx(spread[5:], rel=0.07)


def test_unstable_air_spreads_as_neutral_air_and_stability_counts_to_one_length():
    t, z = np.linspace(0.0, 100.0, 11), np.full(11, 5.0)
    neutral = along_wind_spread_m(t, z, 0.3, 0.0)
    assert neutral == pytest.approx(2.0 * 0.3 * t)
    assert along_wind_spread_m(t, z, 0.3, -0.1) == pytest.approx(neutral)
    most = along_wind_spread_m(t, z, 0.3, 0.2)
    assert along_wind_spread_m(t, z, 0.3, 5.0) == pytest.approx(most)
    assert most == pytest.approx(3.9 * neutral)
