"""Contours close, enclose what they should, and say which side is high by their direction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.water.rings import ring_area_m2, rings_at

X, Y = np.linspace(0.0, 100.0, 101), np.linspace(0.0, 80.0, 81)


def _cone(x: float, y: float) -> np.ndarray:
    return -np.hypot(X[None, :] - x, Y[:, None] - y)


def test_a_circle_has_its_area() -> None:
    (ring,) = rings_at(X, Y, _cone(50.0, 40.0), -30.0)
    assert ring_area_m2((ring,)) == pytest.approx(np.pi * 900.0, rel=1e-3)
    assert np.array_equal(ring[0], ring[-1])


def test_a_hole_runs_the_other_way() -> None:
    rings = rings_at(X, Y, -np.abs(_cone(50.0, 40.0) + 20.0), -5.0)
    assert len(rings) == 2
    assert ring_area_m2(rings) == pytest.approx(np.pi * (25.0**2 - 15.0**2), rel=5e-3)
    assert sorted(np.sign(ring_area_m2((row,))) for row in rings) == [-1.0, 1.0]


def test_what_touches_the_edge_still_closes() -> None:
    rings = rings_at(X, Y, _cone(0.0, 0.0), -30.0)
    assert ring_area_m2(rings) == pytest.approx(np.pi * 900.0 / 4.0, rel=1e-2)


def test_nothing_above_has_no_ring() -> None:
    assert rings_at(X, Y, np.zeros((81, 101)), 1.0) == ()


@given(seed=st.integers(0, 10_000), level=st.floats(-1.5, 1.5))
@settings(deadline=None, max_examples=40)
def test_every_ring_closes_whatever_the_field(seed: int, level: float) -> None:
    field = np.random.default_rng(seed).standard_normal((9, 12))
    x, y = np.arange(12.0), np.arange(9.0)
    rings = rings_at(x, y, field, level)
    assert all(np.array_equal(row[0], row[-1]) and len(row) > 3 for row in rings)
    assert (len(rings) > 0) == bool((field >= level).any())
    if rings:
        assert 0.0 < ring_area_m2(rings) <= 11.0 * 8.0 + 1e-3
