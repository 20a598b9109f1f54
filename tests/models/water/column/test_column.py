"""The unsaturated column: balances, rest, steady rain, published cases, what the water carries."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import cumulative_trapezoid
from scipy.special import erfc

from models.water.column.handover import arrivals, mass_sources, wells
from models.water.column.problem import Bottom, ColumnProblem, KdRule, SoilLayer, Solute, Top
from models.water.column.run import ColumnOptions, ColumnResult, run_column
from models.water.column.soils import TEXTURES, Gardner, Haverkamp, VanGenuchten, texture
from tests.support.water_geo import NEW_MEXICO, SAND, lines
from twin.core.errors import BadRequestError

DAY_S = 86_400.0
LONG = ColumnOptions(longest_s=1e7)


def one(soil: object, depth_m: float, **more: object) -> ColumnProblem:
    return ColumnProblem(layers=[SoilLayer(soil=soil, bottom_m=depth_m)], depth_m=depth_m, **more)


def balanced(result: ColumnResult) -> ColumnResult:
    assert result.converged
    assert result.water_error_fraction <= 1e-8
    assert result.mass_error_fraction <= 1e-8
    return result


@pytest.mark.parametrize("soil", [*TEXTURES.values(), NEW_MEXICO, SAND])
def test_curves_fit_each_other(soil: VanGenuchten | Haverkamp) -> None:
    head = -np.geomspace(0.05, 5.0, 40)
    step = 1e-6 * np.abs(head)
    slope = (soil.water_content(head + step) - soil.water_content(head - step)) / (2.0 * step)
    np.testing.assert_allclose(soil.capacity_1_m(head), slope, rtol=1e-4)
    np.testing.assert_allclose(soil.head_m(soil.water_content(head)), head, rtol=1e-6)
    k = soil.conductivity_m_s(head)
    assert (np.diff(k) < 0.0).all()
    assert soil.conductivity_m_s(np.zeros(1))[0] == pytest.approx(soil.k_m_s)
    assert soil.water_content(np.zeros(1))[0] == pytest.approx(soil.saturated_fraction)


def test_mualem_against_the_closed_form() -> None:
    soil = texture("loam")
    effective = np.array([0.2, 0.5, 0.9])
    m = 1.0 - 1.0 / soil.shape_factor
    span = soil.saturated_fraction - soil.residual_fraction
    head = soil.head_m(soil.residual_fraction + span * effective)
    expected = soil.k_m_s * effective**0.5 * (1.0 - (1.0 - effective ** (1.0 / m)) ** m) ** 2
    np.testing.assert_allclose(soil.conductivity_m_s(head), expected, rtol=1e-9)


def test_at_rest_nothing_moves() -> None:
    layers = [SoilLayer(soil=texture("clay"), bottom_m=1.0), SoilLayer(soil=texture("sand"), bottom_m=4.0)]
    problem = ColumnProblem(layers=layers, depth_m=4.0, tops=[Top(end_s=30 * DAY_S)])
    result = run_column(problem)
    np.testing.assert_allclose(result.head_m[-1], problem.below_ground_m - 4.0, atol=1e-12)
    assert np.abs(result.recharge_m_s).max() < 1e-18


def test_any_start_comes_to_rest() -> None:
    problem = one(texture("sandy_loam"), 2.0, cells=50, tops=[Top(end_s=20_000 * DAY_S)],
                  start_water_content=np.full(50, 0.3))  # fmt: skip
    result = balanced(run_column(problem, options=LONG))
    np.testing.assert_allclose(result.head_m[-1], problem.below_ground_m - 2.0, atol=0.05)
    assert abs(result.recharge_m_s[-1]) < 1e-4 * abs(result.recharge_m_s[0])


def test_steady_rain_has_gardners_profile() -> None:
    # K = k exp(a h), flux q down: exp(a h) = q/k + (1 - q/k) exp(-a z), z above the water table.
    soil = Gardner(residual_fraction=0.05, saturated_fraction=0.4, alpha_1_m=2.0, k_m_s=1e-6)
    problem = one(soil, 3.0, cells=150, tops=[Top(end_s=3000 * DAY_S, flux_m_s=2e-7)])
    result = balanced(run_column(problem, options=LONG))
    z = 3.0 - problem.below_ground_m
    expected = np.log(0.2 + 0.8 * np.exp(-2.0 * z)) / 2.0
    np.testing.assert_allclose(result.head_m[-1], expected, atol=2e-3)
    assert result.recharge_m_s[-1] == pytest.approx(2e-7, rel=1e-6)


def test_steady_rain_in_loam_has_the_profile_of_the_quadrature() -> None:
    # dz = dh / (q/K - 1), from the water table up.
    soil, rain = texture("loam"), 5e-7
    problem = one(soil, 3.0, cells=150, tops=[Top(end_s=2000 * DAY_S, flux_m_s=rain)])
    result = balanced(run_column(problem, options=LONG))
    head = -np.concatenate([[0.0], np.geomspace(1e-6, 0.99 * np.abs(result.head_m[-1]).max(), 20_000)])
    above = cumulative_trapezoid(1.0 / (rain / soil.conductivity_m_s(head) - 1.0), head, initial=0.0)
    z = 3.0 - problem.below_ground_m
    inside = (z < above.max()) & (z > 0.05)
    np.testing.assert_allclose(result.head_m[-1][inside], np.interp(z, above, head)[inside], atol=0.01)


@pytest.mark.parametrize(
    ("soil", "depth_m", "top_m", "start_m", "end_s"),
    [(SAND, 0.4, -0.207, -0.615, 360.0), (NEW_MEXICO, 1.0, -0.75, -10.0, DAY_S)],
)
def test_celia(soil: object, depth_m: float, top_m: float, start_m: float, end_s: float) -> None:
    problem = one(soil, depth_m, cells=100, tops=[Top(end_s=end_s, pond_m=top_m)],
                  bottom=Bottom(head_m=start_m), start_head_m=np.full(100, start_m))  # fmt: skip
    result = balanced(run_column(problem, options=ColumnOptions(longest_s=end_s / 400.0)))
    exact = lines(soil, depth_m, 100, start_m, top_m, end_s)
    taken = (exact - soil.water_content(np.array([start_m]))).sum()
    assert np.abs(result.water_content[-1] - exact).sum() <= 0.02 * taken


def test_a_pond_seeps_in_about_as_green_and_ampt_say() -> None:
    # Sharp front into dry sand: I - s ln(1 + I / s) = K t, s = (pond + suction) x room. The suction of the
    # front is the integral of relative conductivity over suction (Neuman, 1976).
    soil = texture("sand")
    problem = one(soil, 4.0, cells=200, tops=[Top(end_s=3600.0, pond_m=0.1)], start_head_m=np.full(200, -3.0),
                  bottom=Bottom(kind="free"))  # fmt: skip
    result = balanced(run_column(problem))
    seeped = float((result.infiltration_m_s * np.diff(result.time_s, prepend=0.0)).sum())
    heads = np.linspace(-3.0, 0.0, 20_001)
    suction = np.trapezoid(soil.conductivity_m_s(heads) / soil.k_m_s, heads)
    room = soil.saturated_fraction - float(soil.water_content(np.array([-3.0]))[0])
    s = (0.1 + suction) * room
    assert seeped - s * np.log1p(seeped / s) == pytest.approx(soil.k_m_s * 3600.0, rel=0.1)


def test_what_does_not_seep_in_runs_off_and_dry_ground_gives_little() -> None:
    tops = [Top(end_s=DAY_S, flux_m_s=1e-5), Top(end_s=60 * DAY_S, flux_m_s=-5e-8)]
    result = balanced(run_column(one(texture("clay_loam"), 2.0, tops=tops)))
    rain = 1e-5 * DAY_S
    seeped = float(
        (result.infiltration_m_s * np.diff(result.time_s, prepend=0.0))[result.time_s <= DAY_S].sum()
    )
    assert result.run_off_m == pytest.approx(rain - seeped, rel=1e-9)
    assert 0.0 < result.run_off_m < rain
    assert result.not_evaporated_m >= 0.0


SOIL_NAMES = st.sampled_from(["clay_loam", "loam", "loamy_sand", "sand"])


@settings(deadline=None, max_examples=8)
@given(SOIL_NAMES, SOIL_NAMES, st.floats(-5e-8, 3e-7), st.floats(0.0, 5e-3), st.floats(0.0, 1e-7))
def test_balances_close_and_nothing_is_negative(
    upper: str, lower: str, rain: float, kd: float, decay: float
) -> None:
    layers = [SoilLayer(soil=texture(upper), bottom_m=0.7), SoilLayer(soil=texture(lower), bottom_m=2.0)]
    problem = ColumnProblem(
        layers=layers, depth_m=2.0, cells=40, dispersivity_m=0.05, diffusion_m2_s=1e-9,
        tops=[Top(end_s=5 * DAY_S, flux_m_s=1e-7, conc_kg_m3=(2.0,)), Top(end_s=25 * DAY_S, flux_m_s=rain)],
        solutes=[Solute(id="a", kd=KdRule(kd_m3_kg=(kd,)), decay_1_s=decay)],
    )  # fmt: skip
    result = balanced(run_column(problem))
    assert result.conc_kg_m3.min() >= -1e-12


def flushed(solute: Solute, layer: SoilLayer, end_s: float, q: float) -> tuple[ColumnProblem, ColumnResult]:
    problem = ColumnProblem(
        layers=[layer], depth_m=4.0, cells=160, bottom=Bottom(kind="free"),
        start_head_m=np.full(160, -0.001), tops=[Top(end_s=end_s, flux_m_s=q, conc_kg_m3=(1.0,))],
        solutes=[solute], dispersivity_m=0.1,
    )  # fmt: skip
    return problem, balanced(run_column(problem))


@pytest.mark.parametrize(("kd", "decay"), [(0.0, 0.0), (5e-4, 0.0), (5e-4, 1e-7)])
def test_constant_flow_against_closed_forms(kd: float, decay: float) -> None:
    # Third-type inlet (Lindstrom et al., 1967; van Genuchten and Alves, 1982, A2 and C6): the flux is given.
    soil = Gardner(residual_fraction=0.0, saturated_fraction=0.4, alpha_1_m=1e-3, k_m_s=1e-6)
    layer = SoilLayer(soil=soil, bottom_m=4.0)
    solute = Solute(id="a", kd=KdRule(kd_m3_kg=(kd,)), decay_1_s=decay, decay_sorbed_1_s=decay)
    end, q, theta = 20 * DAY_S * (1.0 + 1600.0 * kd / 0.4), 4e-7, 0.4
    # A nearly linear soil that is all but full: constant water content and flux.
    full = Gardner(residual_fraction=0.0, saturated_fraction=0.4, alpha_1_m=1e-3, k_m_s=q)
    problem, result = flushed(solute, SoilLayer(soil=full, bottom_m=layer.bottom_m), end, q)
    x, v, slow = problem.below_ground_m, q / theta, 1.0 + 1600.0 * kd / theta
    d = 0.1 * v
    u = v * np.sqrt(1.0 + 4.0 * slow * decay * d / v**2)
    s = 2.0 * np.sqrt(d * slow * end)
    far = erfc((slow * x + v * end) / s)
    if decay == 0.0:
        exact = (
            0.5 * erfc((slow * x - v * end) / s)
            + np.sqrt(v**2 * end / (np.pi * slow * d)) * np.exp(-(((slow * x - v * end) / s) ** 2))
            - 0.5 * (1 + v * x / d + v**2 * end / (slow * d)) * np.exp(v * x / d) * far
        )  # fmt: skip
    else:
        exact = (
            v / (v + u) * np.exp((v - u) * x / (2 * d)) * erfc((slow * x - u * end) / s)
            + v / (v - u) * np.exp((v + u) * x / (2 * d)) * erfc((slow * x + u * end) / s)
            + v**2 / (2 * slow * decay * d) * np.exp(v * x / d - decay * end) * far
        )  # fmt: skip
    near = x < 3.0  # above what the end of the column reaches back
    assert np.sqrt(np.mean((result.conc_kg_m3[-1, 0] - exact)[near] ** 2)) < 0.005


def test_sorption_follows_the_ph() -> None:
    rule = KdRule(kd_m3_kg=(1e-4, 1e-2), ph_values=(4.0, 8.0))
    np.testing.assert_allclose(rule.at(np.array([3.0, 4.0, 6.0, 9.0])), [1e-4, 1e-4, 1e-3, 1e-2])
    left = []
    for ph in (4.0, 8.0):
        soil = texture("sandy_loam")
        problem = ColumnProblem(
            layers=[SoilLayer(soil=soil, bottom_m=1.0, ph_value=ph)], depth_m=1.0, cells=40,
            tops=[Top(end_s=200 * DAY_S, flux_m_s=5e-8, conc_kg_m3=(1.0,))], dispersivity_m=0.02,
            solutes=[Solute(id="metal", kd=rule)],
        )  # fmt: skip
        left.append(float(balanced(run_column(problem)).left_kg_m2[0]))
    assert left[0] > 100.0 * left[1]


@cache
def leak() -> ColumnResult:
    tops = [Top(end_s=2 * DAY_S, pond_m=0.2, conc_kg_m3=(5.0, 1.0)), Top(end_s=60 * DAY_S, flux_m_s=1e-8)]
    problem = one(texture("sandy_loam"), 3.0, cells=60, tops=tops, dispersivity_m=0.1,
                  solutes=[Solute(id="f"), Solute(id="tce", decay_1_s=1e-8)])  # fmt: skip
    return balanced(run_column(problem, times_s=(DAY_S,)))


def test_what_reaches_the_water_table_is_handed_over_whole() -> None:
    result = leak()
    assert result.profile_times_s.tolist() == [DAY_S, 60 * DAY_S]
    given_ = arrivals(result, interval_s=7 * DAY_S)
    length = np.diff(given_.edges_s)
    np.testing.assert_allclose(
        (given_.mass_kg_m2_s * length[:, None]).sum(axis=0), result.left_kg_m2, rtol=1e-10
    )
    area, cells = 50.0, [[1, 2, 3], [1, 2, 4]]
    sources = mass_sources(given_, cells, area, start_s=100.0)
    total = sum(row.rate_kg_s.sum(axis=0) * (row.end_s - row.start_s) for row in sources)
    np.testing.assert_allclose(total, result.left_kg_m2 * area, rtol=1e-10)
    assert sources[0].start_s >= 100.0
    packages = wells(given_, cells, area)
    assert len(packages) == len(length)
    carried = sum(
        (row.rate_m3_s[:, None] * row.conc_kg_m3).sum(axis=0) * dt
        for row, dt in zip(packages, length, strict=True)
    )
    np.testing.assert_allclose(carried, result.left_kg_m2 * area, rtol=1e-6)


def test_a_run_that_is_too_long_says_so() -> None:
    problem = one(texture("loam"), 2.0, tops=[Top(end_s=50 * DAY_S, flux_m_s=1e-7)])
    result = run_column(problem, options=ColumnOptions(most_steps=5))
    assert not result.converged
    assert "more than 5 steps" in result.notes[-1]


def test_cells_that_are_too_thick_are_noted() -> None:
    result = run_column(one(texture("loam"), 20.0, cells=10, tops=[Top(end_s=DAY_S)]))
    assert any("cell_height_m" in note for note in result.notes)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"depth_m": 0.0}, "depth_m"),
        ({"cells": 2}, "cells"),
        ({"layers": []}, "layers"),
        ({"depth_m": 9.0}, "last bottom_m"),
        ({"tops": []}, "tops"),
        ({"tops": [Top(end_s=5.0), Top(end_s=5.0)]}, "tops"),
        ({"start_head_m": np.zeros(3)}, "start_head_m"),
        ({"start_water_content": np.full(100, np.nan)}, "start_water_content"),
        ({"tops": [Top(end_s=1.0, conc_kg_m3=(1.0,))]}, "conc_kg_m3"),
    ],
)
def test_refusals_name_the_field(wrong: dict, field: str) -> None:
    asked = {
        "layers": [SoilLayer(soil=texture("loam"), bottom_m=2.0)],
        "depth_m": 2.0,
        "tops": [Top(end_s=1.0)],
    }
    with pytest.raises(BadRequestError, match=field):
        ColumnProblem(**(asked | wrong))


def test_more_refusals() -> None:
    with pytest.raises(BadRequestError, match="texture"):
        texture("mud")
    with pytest.raises(BadRequestError, match="shape_factor"):
        VanGenuchten(
            residual_fraction=0.1, saturated_fraction=0.4, alpha_1_m=1.0, shape_factor=1.0, k_m_s=1e-6
        )
    with pytest.raises(BadRequestError, match="ph_value"):
        KdRule(kd_m3_kg=(1e-4, 1e-2), ph_values=(4.0, 8.0)).at(np.array([np.nan]))
    with pytest.raises(BadRequestError, match="times_s"):
        run_column(one(texture("loam"), 2.0, tops=[Top(end_s=10.0)]), times_s=(20.0,))
    with pytest.raises(BadRequestError, match="interval_s"):
        arrivals(leak(), interval_s=0.0)
