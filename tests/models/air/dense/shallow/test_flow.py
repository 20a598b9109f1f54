"""Laws of the bare gravity current: exact solutions, rest, symmetry, one source for two libraries."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.air.dense.layer import LayerSettings
from tests.models.air.dense.shallow.layers import TWICE, blow, flat, ground, layer, square

BARE = LayerSettings(air=False, edge="wall", precision="float64")


def dam(cells: int, order: int) -> tuple[float, float]:
    """L1 error of the depth over the first depth, and place of the front over the exact one."""
    setting = LayerSettings(air=False, edge="wall", precision="float64", order=order, dry_m=1e-6)
    of = layer(square(cells, 200.0 / cells, rows=3), flat(), setting)
    x = of.cells.x_m
    depth = np.where(x < 0.0, 2.0, 0.0) * np.ones((3, 1))
    of.put(depth, np.where(depth > 0.0, 1.0, 0.0), TWICE)
    of.advance(8.0, [])
    celerity = math.sqrt(9.81 * 0.5 * 2.0)  # the weight of the gas over its mass is half of gravity
    along = x / 8.0
    ritter = np.where(
        along < -celerity,
        2.0,
        np.where(along < 2.0 * celerity, (2.0 * celerity - along) ** 2 / (9.0 * 9.81 * 0.5), 0.0),
    )
    got = of.fields().depth_m[1]
    # the exact solution is 2 mm deep at 0.953 of the way of the front
    front = x[got > 2e-3].max() / (8.0 * celerity * 2.0 * 0.953)
    return float(np.abs(got - ritter).mean()) / 2.0, float(front)


def test_ritter_dam_break_on_a_dry_bed():
    """Second order converges with the first power of the cell (the solution has kinks), first slower."""
    coarse, fine = dam(100, 2), dam(400, 2)
    assert fine[0] < 0.0016
    assert math.log2(coarse[0] / fine[0]) / 2.0 > 0.9
    assert dam(400, 1)[0] > 2.0 * fine[0]
    assert 0.85 < fine[1] < 1.02
    assert abs(1.0 - dam(800, 2)[1]) < abs(1.0 - fine[1])


@pytest.mark.parametrize("order", [1, 2])
def test_lake_at_rest_with_a_shore(order):
    rng = np.random.default_rng(0)
    bumps = rng.uniform(0.0, 3.0, (201, 201))
    of = layer(
        square(30, 8.0),
        ground(lambda x, y: bumps),
        LayerSettings(air=False, edge="wall", precision="float64", order=order),
    )
    depth = np.maximum(2.0 - of.cells.ground_m[2:-2, 2:-2], 0.0)
    assert (depth == 0.0).any()
    of.put(depth, np.where(depth > 0.0, 1.0, 0.0), TWICE)
    of.advance(60.0, [])
    got = of.fields()
    assert of.steps > 20
    np.testing.assert_allclose(got.depth_m, depth, atol=1e-11)
    assert max(np.abs(got.u_m_s).max(), np.abs(got.v_m_s).max()) < 1e-11


def heap(of, x_m: float = 0.0, y_m: float = 0.0, radius_m: float = 20.0) -> None:
    away = np.hypot(of.cells.x_m[None, :] - x_m, of.cells.y_m[:, None] - y_m)
    depth = 3.0 * np.maximum(1.0 - (away / radius_m) ** 2, 0.0)
    of.put(depth, np.where(depth > 0.0, 1.0, 0.0), TWICE)


def test_a_heap_spreads_round():
    of = layer(square(60, 3.0), flat(), LayerSettings(air=True, precision="float64"))
    blow(of, 0.0, 0.0)
    heap(of)
    of.advance(20.0, [])
    got = of.fields().depth_m
    for twin in (got[::-1], got[:, ::-1], got.T):
        np.testing.assert_allclose(got, twin, atol=1e-9)
    away = np.hypot(of.cells.x_m[None, :], of.cells.y_m[:, None])
    rings = [got[(away > r - 2.0) & (away < r + 2.0)] for r in (15.0, 25.0)]
    assert all(ring.std() < 0.12 * ring.mean() for ring in rings)


@settings(deadline=None, max_examples=6)
@given(st.floats(-2.0, 2.0), st.floats(-2.0, 2.0), st.integers(0, 1000))
def test_turned_by_a_right_angle_gives_the_turned_cloud(u, v, seed):
    rng = np.random.default_rng(seed)
    waves = rng.uniform(0.01, 0.05, 4)

    def hills(x, y):
        return 2.0 * np.sin(waves[0] * x + waves[1] * y) + 3.0 * np.cos(waves[2] * x - waves[3] * y)

    setting = LayerSettings(precision="float64")
    first = layer(square(40, 4.0), ground(hills), setting)
    second = layer(square(40, 4.0), ground(lambda x, y: hills(y, -x)), setting)  # turned to the left
    blow(first, u, v)
    blow(second, -v, u)
    heap(first, 10.0, 5.0)
    heap(second, -5.0, 10.0)
    first.advance(15.0, [])
    second.advance(15.0, [])
    np.testing.assert_allclose(np.rot90(second.fields().depth_m), first.fields().depth_m, atol=1e-7)


def test_front_of_a_box_goes_at_its_froude_number():
    """Slumping gas of finite volume: speed of the front over sqrt(g' h) of the gas behind it.

    Box models take 1.0 to 1.15 of the mean depth (van Ulden 1974); laboratory fronts reach 0.7 to 1.2.
    """
    of = layer(square(300, 2.0, rows=5), flat(), LayerSettings(edge="wall", precision="float64", dry_m=5e-3))
    blow(of, 0.0, 0.0)
    heavy = np.full((5, 300), 0.0)
    heavy[:, 145:155] = 0.1  # a little heavier than air, as the Froude number is meant for
    of.put(np.where(heavy > 0.0, 8.0, 0.0), heavy, TWICE)
    places, depths, excess = [], [], []
    for moment in (20.0, 40.0):
        of.advance(moment, [])
        got = of.fields()
        wet = np.flatnonzero(got.excess_kg_m3[2] * got.depth_m[2] > 0.01)
        places.append(of.cells.x_m[wet[-1]])
        body = got.depth_m[2, wet[-1] - 12 : wet[-1] - 2]
        depths.append(body.mean())
        excess.append(got.excess_kg_m3[2, wet[-1] - 12 : wet[-1] - 2].mean())
    speed = (places[1] - places[0]) / 20.0
    gravity = math.sqrt(9.81 * np.mean(excess) / 1.2 * np.mean(depths))
    assert 0.8 < speed / gravity < 1.2


def test_two_libraries_make_one_cloud():
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    clouds = []
    for name in ("numpy", "torch"):
        of = layer(square(40, 4.0), flat(), LayerSettings(library=name, precision="float64"))
        blow(of, 1.0, 0.3)
        heap(of)
        of.advance(10.0, [])
        clouds.append(of.fields())
    np.testing.assert_allclose(clouds[0].depth_m, clouds[1].depth_m, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(clouds[0].conc_kg_m3, clouds[1].conc_kg_m3, rtol=1e-5, atol=1e-9)


def test_single_precision_is_enough():
    clouds = []
    for precision in ("float32", "float64"):
        of = layer(square(40, 4.0), flat(), LayerSettings(precision=precision))
        blow(of, 1.0, 0.3)
        heap(of)
        of.advance(20.0, [])
        clouds.append(of.fields().conc_kg_m3)
        assert of.substance_kg == pytest.approx(of.book.entered_kg - of.book.left_kg, rel=1e-6)
    assert np.abs(clouds[0] - clouds[1]).max() < 2e-3 * clouds[1].max()
