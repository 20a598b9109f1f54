"""What the air does: books that close, drag, entrainment, downhill against the wind, heat from the ground."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.air.dense.arrays import arrays
from models.air.dense.entrainment import AirOver, mixing, pull
from models.air.dense.handover import Handover, joined, merged
from models.air.dense.inflow import inflows
from models.air.dense.layer import LayerSettings, cells_of, profile
from models.air.dense.mixture import IdealMixture, excess_table
from models.air.dense.shallow import ShallowLayer
from models.air.dense.table import mixture_table
from models.air.dense.warmth import ground_heat
from models.term import Shape
from tests.models.air.dense.shallow.layers import (
    NEUTRAL,
    TWICE,
    ambient,
    blow,
    flat,
    ground,
    layer,
    pool,
    square,
)
from twin.core.errors import SolverError
from twin.core.geometry import Place


def test_mass_and_enthalpy_close_to_a_millionth():
    """Cold chlorine over a slope, out over the edge and into puffs: what entered is somewhere, in float32."""
    air = ambient(2.0)
    line = mixture_table("cl2", 239.1, 0.1, air)
    setting = LayerSettings(handover_richardson_ratio=3.0)
    cells = cells_of(square(26, 4.0), ground(lambda x, y: 0.05 * x + 0.02 * y))
    of = ShallowLayer(cells, line, setting, ground_heat(line, 288.15, arrays()))
    blow(of, 1.0, 0.5, NEUTRAL)
    term = pool(20.0, duration_s=60.0)
    steps = inflows(term, cells, float(line.density([1.0])[0]), of.air_density_kg_m3)
    handover, puffs = Handover(of), []
    for moment in range(10, 130, 10):
        of.advance(float(moment), steps)
        puffs.append(handover.look(NEUTRAL))
    book = of.book
    assert book.entered_kg == pytest.approx(1200.0, rel=1e-9)
    assert book.handed_kg > 10.0
    assert book.left_kg > 10.0
    assert of.substance_kg + book.handed_kg + book.left_kg == pytest.approx(book.entered_kg, rel=1e-6)
    assert joined(puffs).mass_kg.sum() == pytest.approx(book.handed_kg + book.left_kg, rel=1e-6)
    assert abs(book.mended_kg) < 1e-6 * book.entered_kg
    total = of.total_kg + book.handed_total_kg + book.left_total_kg
    assert total == pytest.approx(book.entered_total_kg + book.air_kg, rel=1e-6)
    assert of.heat_j + book.heat_gone_j == pytest.approx(book.heat_j, rel=1e-5)
    # Enthalpy over the air's is linear in the substance along the line: of the cells one by one.
    over = np.interp(
        of.fields().mass_fraction, line.mass_fraction, line.enthalpy_j_kg - line.enthalpy_j_kg[0]
    )
    density = of.fields().conc_kg_m3 / np.maximum(of.fields().mass_fraction, 1e-30)
    held = float((over * density * of.fields().depth_m).sum()) * 16.0
    per_kg = (line.enthalpy_j_kg[-1] - line.enthalpy_j_kg[0]) / line.mass_fraction[-1]
    expected = per_kg * (book.entered_kg - book.handed_kg - book.left_kg)
    assert held == pytest.approx(expected, rel=1e-6)


def test_downhill_against_a_light_wind():
    """5 % down to the west, 1 m/s from the west: the dense cloud goes west, the same wind takes air east."""
    of = layer(square(100, 6.0), ground(lambda x, y: 0.05 * x), LayerSettings())
    light = layer(square(100, 6.0), flat(), LayerSettings())
    term = pool(30.0, duration_s=240.0)
    for one, site in ((of, "slope"), (light, "flat")):
        blow(one, np.log(5.0 / 0.03) / np.log(10.0 / 0.03), 0.0)  # 1 m/s at 10 m
        one.advance(240.0, inflows(term, one.cells, 2.4, 1.2))
        mass = one.substance_kg_m2()
        centre = float((mass.sum(axis=0) * one.cells.x_m).sum() / mass.sum())
        assert (centre < -20.0) if site == "slope" else (centre > 0.0)


@settings(deadline=None, max_examples=5)
@given(st.floats(1.0, 8.0), st.floats(0.5, 3.0))
def test_a_passive_layer_takes_the_speed_of_the_wind(speed, depth):
    """Started at rest with no excess, the layer ends within 3 % of the wind at 0.3 of its depth."""
    air = IdealMixture(gas_density_kg_m3=1.2000001)
    of = layer(square(8, 1000.0), flat(), LayerSettings(precision="float64"), air)
    blow(of, speed, 0.0)
    of.put(np.full((8, 8), depth), np.full((8, 8), 0.01), air)
    of.advance(1200.0 * depth / speed, [])
    got = of.fields()
    inner = (slice(3, 5), slice(3, 5))
    expected = (
        speed * np.log(np.maximum(0.3 * got.depth_m[inner], 0.03 * np.exp(1.4)) / 0.03) / np.log(5.0 / 0.03)
    )
    np.testing.assert_allclose(got.u_m_s[inner], expected, rtol=0.03)


def state(depth, excess, u=0.0):
    rows = [depth, u, 0.0, excess, 0.1]
    return np.stack([np.full((1, 1), row) for row in rows])


def over(speed, inverse=0.0):
    one = np.full((1, 1), speed)
    return AirOver(
        height_m=5.0,
        u_m_s=one,
        v_m_s=0.0 * one,
        roughness_m=0.03,
        inverse_obukhov_1_m=inverse,
        air_density_kg_m3=1.2,
    )


def entrained(depth, excess, speed, inverse=0.0) -> float:
    air = over(speed, inverse)
    wind = pull(np.full((1, 1), depth), air, np)
    row = state(depth, excess, float(wind.u[0, 0]))
    return float(mixing(row, 0.0, 0.0, wind, air, np).air_kg_m2_s[0, 0]) / 1.2


def test_entrainment_falls_with_the_richardson_number_as_published():
    """Spicer and Havens: 0.88 / (0.88 + 0.099 Ri^1.04) of the neutral rate 2 k u*."""
    friction = 0.4 * 5.0 / np.log(5.0 / 0.03)
    for number in (1.0, 10.0, 100.0):
        excess = number * friction**2 * 1.2 / 9.81 / 2.0
        expected = 0.8 * friction * 0.88 / (0.88 + 0.099 * number**1.04)
        assert entrained(2.0, excess, 5.0) == pytest.approx(expected * number / (number + 0.05), rel=1e-6)
    assert entrained(2.0, 0.1, 5.0, 0.05) < entrained(2.0, 0.1, 5.0) < entrained(2.0, 0.1, 5.0, -0.05)


def test_the_ground_warms_a_cold_cloud_and_lightens_it():
    air = ambient(2.0)
    line = mixture_table("cl2", 239.1, 0.0, air)
    clouds = []
    for heat in (None, ground_heat(line, 288.15, arrays())):
        cells = cells_of(square(30, 4.0), flat())
        of = ShallowLayer(cells, line, LayerSettings(), heat)
        blow(of, 1.0, 0.0)
        of.advance(60.0, inflows(pool(20.0), cells, 3.6, of.air_density_kg_m3))
        clouds.append(of)
    cold, warm = (one.fields() for one in clouds)
    assert clouds[1].book.heat_j > 0.0
    middle = np.unravel_index(np.argmax(warm.conc_kg_m3), warm.conc_kg_m3.shape)
    assert 0.0 < warm.warmth_k[middle] < 50.0
    assert warm.excess_kg_m3[middle] < float(
        line.density(warm.mass_fraction[middle]) - line.ambient_density_kg_m3
    )
    assert not cold.warmth_k.any()


def test_table_of_the_excess_against_the_line():
    for library in (arrays("numpy", "float64"), arrays("numpy", "float32")):
        table = excess_table(TWICE, library)
        fraction = np.linspace(0.0, 1.0, 999)
        got = library.get(table.excess_kg_m3(library.put(fraction)))
        np.testing.assert_allclose(got, TWICE.density(fraction) - 1.2, rtol=2e-4, atol=1e-6)
    with pytest.raises(ValueError, match="numpy or torch"):
        arrays("fortran")


@settings(deadline=None, max_examples=30)
@given(st.floats(0.1, 30.0), st.floats(0.0, 1.0))
def test_profile_holds_the_mass_and_the_mean_height(depth, fraction):
    z = (np.arange(40_000) + 0.5) * (depth / 4000.0)
    shape = profile(z, np.full(1, depth), np.full(1, fraction))
    width = depth / 4000.0
    assert shape.sum() * width == pytest.approx(depth, rel=2e-3)
    assert (shape * z).sum() * width == pytest.approx(0.5 * depth**2, rel=3e-3)
    assert shape[0] * fraction <= 1.2  # a mean of pure gas has no richer bottom


def test_sources_of_every_shape_bring_their_mass_and_momentum():
    cells = cells_of(square(60, 4.0), flat())
    one = np.ones(1)
    for shape in Shape:
        term = pool(5.0, duration_s=20.0, shape=shape, speed_m_s=40.0 * one, towards_deg=90.0, radius_m=1.0)
        of = ShallowLayer(cells, TWICE, LayerSettings(air=False))
        steps = inflows(term, cells, 2.4, 1.2)
        of.advance(20.0, steps)
        assert of.book.entered_kg == pytest.approx(100.0, rel=1e-9)
        assert of.substance_kg + of.book.left_kg == pytest.approx(100.0, rel=1e-5)
        if shape is Shape.JET:
            assert steps[0].east_kg_m_s2 == pytest.approx(
                5.0 * 40.0, rel=1e-9
            )  # m u stays while the jet entrains
            assert steps[0].total_kg_s == pytest.approx(25.0)
    with pytest.raises(SolverError, match="not inside the grid"):
        inflows(pool(1.0, place=Place(x_m=1e4, y_m=0.0, z_m=0.0)), cells, 2.4, 1.2)
    with pytest.raises(SolverError, match="square"):
        cells_of(replace(square(10, 4.0), dy_m=5.0), flat())


def test_handing_over_keeps_mass_place_variance_and_height():
    grid = square(20, 4.0)
    of = layer(grid, flat(), LayerSettings(precision="float64"), IdealMixture(gas_density_kg_m3=1.21))
    blow(of, 5.0, 0.0)
    x, y = np.meshgrid(of.cells.x_m, of.cells.y_m)
    depth = 4.0 * np.exp(-(x**2 + (y - 6.0) ** 2) / 300.0) + 0.01
    of.put(depth, np.full(depth.shape, 0.02), IdealMixture(gas_density_kg_m3=1.21))
    mass = of.substance_kg_m2() * 16.0
    puffs = Handover(of).look(replace(NEUTRAL, sigma_v_m_s=0.0001))
    assert of.substance_kg == 0.0
    assert of.book.handed_kg == pytest.approx(mass.sum(), rel=1e-12)
    for set_of_puffs in (puffs, merged(puffs)):
        total = set_of_puffs.mass_kg.sum()
        assert total == pytest.approx(mass.sum(), rel=1e-12)
        centre = (mass * y).sum() / total
        got = (set_of_puffs.mass_kg * set_of_puffs.y_m).sum() / total
        assert got == pytest.approx(centre, abs=1e-9)
        apart = set_of_puffs.x_m**2 + (set_of_puffs.y_m - centre) ** 2 + 2.0 * set_of_puffs.sigma_h_m**2
        exact = (mass * (x**2 + (y - centre) ** 2 + 2.0 * 16.0 / 12.0)).sum() / total
        assert (set_of_puffs.mass_kg * apart).sum() / total == pytest.approx(exact, rel=1e-6)
        height = (set_of_puffs.mass_kg * set_of_puffs.sigma_z_m).sum() / total * np.sqrt(2.0 / np.pi)
        assert height == pytest.approx((mass * depth).sum() / total / 2.0, rel=1e-3)


def test_a_dense_cloud_is_not_handed_over_and_a_thin_rim_stays_with_it():
    of = layer(square(20, 4.0), flat(), LayerSettings(precision="float64"))
    blow(of, 1.0, 0.0)
    depth = np.zeros((20, 20))
    depth[5:15, 5:15] = 2.0
    depth[5:15, 15] = 0.003
    of.put(depth, np.where(depth > 0.0, 0.5, 0.0), TWICE)
    handover = Handover(of)
    for _ in range(3):
        assert handover.look(NEUTRAL).mass_kg.size == 0
