"""Split puffs add up to the whole, and go their own ways where the wind does."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.air.puff import GaussianPuff
from models.air.split import KEPT, offsets
from models.air.tracks import Fineness
from models.air.wind import uniform_wind
from models.contract import SurfaceLayer, WindField, flat_site
from twin.core.clock import Interval
from twin.core.geometry import Extent, FloatArray, Place
from twin.core.origin import Origin
from twin.core.plume import PlumeGrid
from twin.core.release import Release

END_MS = 1_795_000_020_000
WINDOW = Interval(start_ms=END_MS - 1_800_000, end_ms=END_MS)
WIDE = Extent(x_min_m=-8000.0, y_min_m=-8000.0, x_max_m=8000.0, y_max_m=8000.0)
AIR = SurfaceLayer(friction_velocity_m_s=0.3, inverse_obukhov_1_m=0.0, sigma_v_m_s=0.8, mixing_height_m=800.0)
GRID = PlumeGrid(x_min_m=-500.0, y_min_m=-4500.0, dx_m=50.0, dy_m=50.0, dz_m=50.0, nx=180, ny=180, nz=16)
SPLIT = Fineness(split_m=80.0)


def release() -> Release:
    return Release(
        id="R",
        substance_id="hf",
        place=Place(x_m=0.0, y_m=0.0, z_m=5.0),
        height_m=5.0,
        rate_kg_s=0.02,
        interval=WINDOW,
        origin=Origin.MODELLED,
    )


class Parting:
    """Two valleys: north of the axis the wind turns to the north, south of it to the south."""

    origin, inputs, notes = Origin.MODELLED, ("two valleys",), ()

    def at(self, x_m: FloatArray, y_m: FloatArray, time_ms: int, height_m: FloatArray):
        shape = np.broadcast_shapes(np.shape(x_m), np.shape(y_m), np.shape(height_m))
        part = np.clip((np.asarray(x_m) - 600.0) / 400.0, 0.0, 1.0) * np.tanh(np.asarray(y_m) / 60.0)
        return np.full(shape, 3.0), np.broadcast_to(1.2 * part, shape)

    def at_times(self, x_m: FloatArray, y_m: FloatArray, times_ms: FloatArray, height_m: FloatArray):
        x, y, _, height = np.broadcast_arrays(x_m, y_m, times_ms, height_m)
        return self.at(x, y, 0, height)

    def air(self, time_ms: int) -> SurfaceLayer:
        return AIR

    def air_at(self, times_ms: FloatArray) -> SurfaceLayer:
        return AIR


def field(wind: WindField, fineness: Fineness) -> np.ndarray:
    solver = GaussianPuff(fineness=fineness)
    return solver.run(flat_site(WIDE), [release()], wind, WINDOW, grid=GRID).conc_kg_m3


def test_the_parts_have_the_moments_of_the_whole():
    x, y, mass = offsets()
    assert mass.sum() == pytest.approx(1.0)
    assert [float(mass @ x), float(mass @ y), float(mass @ (x * y))] == pytest.approx([0.0] * 3, abs=1e-12)
    for axis in (x, y):
        assert float(mass @ axis**2) + KEPT == pytest.approx(1.0)
        assert float(mass @ (axis**4 + 6.0 * axis**2 * KEPT)) + 3.0 * KEPT**2 == pytest.approx(3.0)
    assert float(mass @ ((x**2 + KEPT) * (y**2 + KEPT))) == pytest.approx(1.0)


def test_the_parts_add_up_to_the_whole_everywhere():
    x, y, mass = offsets()
    p, q = np.meshgrid(np.linspace(-4.0, 4.0, 161), np.linspace(-4.0, 4.0, 161))
    parts = sum(
        m * np.exp(-0.5 * ((p - a) ** 2 + (q - b) ** 2) / KEPT) / (2.0 * math.pi * KEPT)
        for a, b, m in zip(x, y, mass, strict=True)
    )
    whole = np.exp(-0.5 * (p * p + q * q)) / (2.0 * math.pi)
    assert np.abs(parts - whole).max() < 0.06 * whole.max()


def test_in_one_wind_splitting_changes_little_and_no_mass():
    wind = uniform_wind(3.0, 270.0, AIR)
    whole, parts = field(wind, Fineness()), field(wind, SPLIT)
    assert parts.sum() == pytest.approx(whole.sum(), rel=1e-3)
    assert np.abs(parts - whole).max() < 0.01 * whole.max()
    far = np.s_[:, :, 60:]
    assert np.abs(parts - whole)[far].max() < 0.03 * whole[far].max()


def test_where_the_wind_parts_the_plume_spreads():
    whole, parts = field(Parting(), Fineness()), field(Parting(), SPLIT)
    assert parts.sum() == pytest.approx(whole.sum(), rel=1e-2)
    y = GRID.y_min_m + 50.0 * (np.arange(GRID.ny) + 0.5)
    far = [row[:, :, 100:130].sum(axis=(0, 2)) for row in (whole, parts)]
    spread = [math.sqrt(float((row * y**2).sum() / row.sum())) for row in far]
    # Whole puffs ride on the axis, where the wind does not turn; their parts are drawn to both sides.
    assert spread[1] > 1.4 * spread[0]
    assert far[1] == pytest.approx(far[1][::-1], rel=1e-6, abs=1e-9 * far[1].max())
