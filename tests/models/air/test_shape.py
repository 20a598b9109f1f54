"""The vertical profile: what the power laws give exactly, and how well two Gaussians follow it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.linalg import solve_banded

from models.air.shape import (
    ground_factor,
    growth_height,
    huang_profile,
    level_share,
    mean_over_scale,
    mixture,
    powers,
)
from twin.core.geometry import frozen


@pytest.mark.parametrize("s", [1.0, 1.2, 1.5, 2.0, 2.6])
def test_constants_of_the_ground_profile(s: float):
    mass = quad(lambda z: math.exp(-(z**s)), 0.0, 60.0)[0]
    mean = quad(lambda z: z * math.exp(-(z**s)), 0.0, 60.0)[0] / mass
    assert mean_over_scale(s) == pytest.approx(mean, rel=1e-7)
    assert ground_factor(s) == pytest.approx(mean / mass, rel=1e-7)


def test_height_of_growth_is_van_uldens():
    # Van Ulden (1978) took 1.55 for all; the exact values lie around it, and go over smoothly at s = 1.
    assert growth_height(2.0) == pytest.approx(math.pi / 2.0, rel=1e-9)
    assert growth_height(1.0) == pytest.approx(1.526, abs=1e-3)
    assert growth_height(1.0 + 1e-3) == pytest.approx(float(growth_height(1.0)), rel=1e-3)
    assert ((growth_height(np.linspace(1.0, 2.5, 40)) > 1.5) & (growth_height(2.5) < 1.6)).all()


@pytest.mark.parametrize(("m", "n", "height"), [(0.2, 1.0, 0.0), (0.15, 0.8, 6.0), (0.3, 1.3, 6.0)])
def test_profile_solves_the_equation_of_k_theory(m: float, n: float, height: float):
    # u dc/dx = d/dz (K dc/dz) with u = z^m, K = 0.1 z^n, marched implicitly on a fine grid (Huang 1979).
    s = 2.0 + m - n
    edge = np.concatenate([[0.0], np.geomspace(1e-3, 400.0, 700)])
    z, dz = 0.5 * (edge[1:] + edge[:-1]), np.diff(edge)
    between = 0.1 * edge[1:-1] ** n / np.diff(z)
    first, last = 5.0, 60.0
    start = s * s * 0.1 * first
    c = huang_profile(z, height, start, s, n)
    x = np.geomspace(first, last, 1200)
    for step in np.diff(x):
        inertia = z**m * dz / step
        band = np.zeros((3, z.size))
        band[1] = inertia
        band[1, :-1] += between
        band[1, 1:] += between
        band[0, 1:] = band[2, :-1] = -between
        c = solve_banded((1, 1), band, inertia * c)
    exact = huang_profile(z, height, s * s * 0.1 * last, s, n)
    flux = (z**m * c * dz).sum(), (z**m * exact * dz).sum()
    seen = exact > 0.02 * exact.max()
    assert (c / flux[0])[seen] == pytest.approx((exact / flux[1])[seen], rel=0.01)


def test_air_decides_on_the_shape():
    unstable, neutral, stable = (float(powers(5.0, 0.1, inverse).s) for inverse in (-0.05, 0.0, 0.1))
    assert unstable < neutral < stable
    assert neutral == pytest.approx(1.0 + 1.0 / math.log(50.0))


@pytest.mark.parametrize(
    ("inverse", "height", "bound"), [(-0.02, 3.0, 0.08), (0.0, 20.0, 0.05), (0.05, 5.0, 0.03)]
)
def test_two_gaussians_follow_the_profile(inverse: float, height: float, bound: float):
    s = min(float(powers(height, 0.1, inverse).s), 2.0)
    z = np.linspace(0.03, 1.5, 50) * height
    exact = float(ground_factor(s)) / height * np.exp(-((z * float(mean_over_scale(s)) / height) ** s))
    sigma = frozen([height * math.sqrt(math.pi / 2.0)])
    found = [float(level_share(one, sigma, frozen([0.0]), 0.1, inverse)[0]) for one in z]
    assert found == pytest.approx(exact, rel=bound)


def test_mixture_keeps_mass_and_is_single_aloft():
    sigma = frozen([2.0, 30.0])
    parts = mixture(sigma, frozen([50.0, 0.0]), 0.1, 0.0)
    assert parts.narrow_share[0] == pytest.approx(0.0, abs=1e-3)
    assert parts.wide[0] == pytest.approx(1.0, rel=1e-3)
    assert 0.1 < parts.narrow_share[1] < 0.3
    z = (np.arange(3000) + 0.5) * 0.1
    mass = [float(level_share(one, sigma[1:], frozen([0.0]), 0.1, 0.0)[0]) for one in z]
    assert np.sum(mass) * 0.1 == pytest.approx(1.0, rel=1e-3)


@pytest.mark.parametrize("spread", [1e-12, 1e-9, 1e-6])
def test_profile_of_a_thin_plume_aloft_is_a_gaussian_and_never_nan(spread: float):
    # With n = 0, s = 2 the equation has constant coefficients: exp(-(z - h)^2 / X) of the same height on both
    # sides. The Bessel function of the library has no answer where its argument passes 1e9.
    away = np.array([-2.0, -0.5, 0.0, 0.5, 2.0]) * math.sqrt(spread)
    profile = huang_profile(100.0 + away, 100.0, spread, 2.0, 0.0)
    assert profile / profile[2] == pytest.approx(np.exp(-(away**2) / spread), rel=1e-3)
    either = [
        float(huang_profile(100.0, 100.0, 2e4 / y, 2.0, 0.0)) * math.sqrt(y) for y in (0.999e6, 1.001e6)
    ]
    assert either[0] == pytest.approx(either[1], rel=1e-6)  # no step where the asymptotic term takes over


def test_profile_under_the_ground_is_that_of_the_ground():
    # Images in a lid are asked for heights under the ground when a receptor is more than two lids up.
    for release in (0.0, 20.0):
        below = huang_profile(np.array([-30.0, 0.0]), release, 40.0, 1.3, 0.8)
        assert np.isfinite(below).all()
        assert below[0] == below[1]
