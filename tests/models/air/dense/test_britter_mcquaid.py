"""The workbook of Britter and McQuaid (1988) as an independent check of the one-dimensional model."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.air.dense.similarity import ambient_of_class, similarity_run, simple_term
from tests.support.air_data.britter_mcquaid import STEADY, SUDDEN, beta, steady, sudden


@pytest.mark.parametrize("curve", [*STEADY.values(), *SUDDEN.values()])
def test_the_lines_of_a_curve_meet(curve):
    for (end, slope, constant), (_, after, more) in zip(curve[:-1], curve[1:], strict=True):
        assert slope * end + constant == pytest.approx(after * end + more, abs=0.016)


def test_the_worked_example_of_ccps_is_met():
    # Burro-like LNG: 55.6 m3/s of 1.76 kg/m3 at 111 K, 10.9 m/s: 5.07 % at 367 m (CCPS 1999, p. 122)
    flow, wind, gas_k, air_k = 0.23 * 425.6 / 1.76, 10.9, 111.15, 298.0
    excess = 9.81 * (1.76 / 1.185 - 1.0)
    alpha = 0.2 * math.log10(excess**2 * flow / wind**5)
    scaled = math.log10(367.0 / math.sqrt(flow / wind))
    at = [beta(curve, alpha) for curve in STEADY.values()]
    fraction = math.exp(float(np.interp(scaled, at, np.log(list(STEADY)))))
    warmed = fraction / (fraction + (1.0 - fraction) * gas_k / air_k)
    assert warmed == pytest.approx(0.0507, rel=0.05)


def test_our_cloud_of_that_example_lies_within_thirty_per_cent():
    air = ambient_of_class(
        pasquill="D",
        wind_speed_m_s=10.9,
        wind_height_m=10.0,
        roughness_m=2e-4,
        temperature_k=298.0,
        relative_humidity_fraction=0.1,
    )
    term = simple_term(
        "methane",
        shape="pool",
        rate_kg_s=0.23 * 425.6,
        duration_s=174.0,
        radius_m=10.0,
        temperature_k=111.7,
    )
    cloud = similarity_run(term, air, averaging_s=10.0)
    assert cloud.ppm_of(cloud.centreline_kg_m3([367.0]))[0] == pytest.approx(50_700.0, rel=0.3)


@pytest.mark.parametrize(("volume", "wind", "radius"), [(2e3, 2.4, 7.0), (2e3, 5.0, 7.0), (2e4, 3.0, 18.0)])
def test_sudden_clouds_are_within_a_factor_of_two_of_the_workbook(volume, wind, radius):
    found = sudden(volume, wind, radius, 0.01)  # 2,000 m3 is Thorney Island's
    assert np.all((found.ratio > 0.5) & (found.ratio < 2.0))
    assert 0.7 < math.exp(float(np.mean(np.log(found.ratio)))) < 1.3


@pytest.mark.parametrize(
    ("flow", "wind", "radius"), [(100.0, 8.0, 10.0), (100.0, 5.0, 10.0), (30.0, 4.0, 6.0)]
)
def test_plumes_over_water_are_within_a_factor_of_two_of_the_workbook(flow, wind, radius):
    found = steady(flow, wind, radius, 2e-4)
    assert np.all((found.ratio > 0.5) & (found.ratio < 2.0))
    assert 0.7 < math.exp(float(np.mean(np.log(found.ratio)))) < 1.3
