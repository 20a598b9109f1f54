from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from models.air.puff import GaussianPuff
from models.air.validity import (
    DENSE_FROM,
    LIMITS,
    richardson_of_mixture,
    richardson_of_release,
    steepest_slope,
)
from models.air.wind import uniform_wind
from models.contract import Site, SurfaceLayer, flat_site
from models.term import Ambient
from twin.core.clock import Interval
from twin.core.errors import BadRequestError
from twin.core.geometry import Extent, Place
from twin.core.origin import Origin
from twin.core.release import Release
from twin.core.units import unit

END_MS = 1_795_000_000_000
WINDOW = Interval(start_ms=END_MS - 600_000, end_ms=END_MS)
EXTENT = Extent(x_min_m=-2000.0, y_min_m=-2000.0, x_max_m=2000.0, y_max_m=2000.0)
AIR = SurfaceLayer(
    friction_velocity_m_s=0.3, inverse_obukhov_1_m=0.0, sigma_v_m_s=0.6, mixing_height_m=math.inf
)
AMBIENT = Ambient(
    wind_speed_m_s=3.0,
    wind_height_m=10.0,
    towards_deg=90.0,
    roughness_m=0.1,
    friction_velocity_m_s=0.26,
    inverse_obukhov_1_m=0.0,
    temperature_k=298.15,
    relative_humidity_fraction=0.5,
)


def leak(rate_kg_s: float = 0.01) -> Release:
    return Release(
        id="R",
        substance_id="hf",
        place=Place(x_m=0.0, y_m=0.0, z_m=2.0),
        height_m=2.0,
        rate_kg_s=rate_kg_s,
        interval=WINDOW,
        origin=Origin.MODELLED,
    )


def slope(rise: float) -> Site:
    x = np.linspace(-2000.0, 2000.0, 81)
    return Site(
        extent=EXTENT, ground_heights_m=np.tile(rise * x, (81, 1)), x0_m=-2000.0, y0_m=-2000.0, step_m=50.0
    )


def test_limits_have_known_units_and_reasons():
    for row in LIMITS:
        assert unit(row.units).dimension
        assert row.why.zh
        assert row.why.en
    assert GaussianPuff.limits == LIMITS


def test_inside_its_limits_the_row_says_nothing():
    plume = GaussianPuff().run(flat_site(EXTENT), [leak()], uniform_wind(3.0, 270.0, AIR), WINDOW)
    assert not [note for note in plume.notes if note.startswith("outside validity")]


def test_calms_and_steep_ground_are_said():
    calm = GaussianPuff().run(flat_site(EXTENT), [leak()], uniform_wind(0.3, 270.0, AIR), WINDOW)
    assert any("wind_speed_m_s 0.3" in note for note in calm.notes)
    steep = GaussianPuff().run(slope(0.5), [leak()], uniform_wind(3.0, 270.0, AIR), WINDOW)
    assert any("slope_ratio 0.5" in note for note in steep.notes)


def test_steepest_slope_is_the_gradient():
    assert steepest_slope(slope(0.2), np.array([10.0]), np.array([-30.0])) == pytest.approx(0.2)
    assert steepest_slope(slope(0.2), np.zeros(0), np.zeros(0)) == 0.0


def test_richardson_number_by_hand():
    # g' = 9.81 * (2.4 - 1.2) / 1.2 = 9.81; depth = 1.2 / 2.4 / (5 * 10) = 0.01 m; u*^2 = 0.09.
    found = richardson_of_release(
        rate_kg_s=1.2, density_kg_m3=2.4, width_m=10.0, wind_speed_m_s=5.0, friction_velocity_m_s=0.3
    )
    assert found == pytest.approx(9.81 * 0.01 / 0.09)


def test_hydrogen_fluoride_is_heavy_however_its_formula_reads():
    keys = {"temperature_k": 292.7, "liquid_fraction": 0.0, "width_m": 5.0, "ambient": AMBIENT}
    large = richardson_of_mixture("hf", rate_kg_s=10.0, **keys)
    small = richardson_of_mixture("hf", rate_kg_s=0.001, **keys)
    assert large > DENSE_FROM > small > 0.0
    warm = richardson_of_mixture("nh3", rate_kg_s=1.0, **{**keys, "temperature_k": 330.0})
    assert warm < DENSE_FROM
    windy = replace(AMBIENT, wind_speed_m_s=12.0, friction_velocity_m_s=1.0)
    assert richardson_of_mixture("hf", rate_kg_s=10.0, **{**keys, "ambient": windy}) < large


@pytest.mark.parametrize("field", ["density_kg_m3", "width_m", "wind_speed_m_s", "friction_velocity_m_s"])
def test_numbers_that_are_not_positive_are_refused(field: str):
    given = {"density_kg_m3": 2.0, "width_m": 1.0, "wind_speed_m_s": 3.0, "friction_velocity_m_s": 0.3}
    with pytest.raises(BadRequestError) as caught:
        richardson_of_release(rate_kg_s=1.0, **{**given, field: 0.0})
    assert caught.value.field == field
