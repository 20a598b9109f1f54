"""Laws of the assimilation: a Kalman smoother with a sign, deterministic, honest about what it cannot see."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.air.assimilate import Analysis, Knobs, Observed, assimilate, clean, quantiles
from models.air.nonnegative import least
from models.air.pursuit import pursue
from twin.core.errors import BadRequestError

BINS, BEAMS = 6, 4
SD = 1e-9


def coupling(rng: np.random.Generator, units: int) -> np.ndarray:
    """(n_obs, n_units, n_bins): every beam reads in every bin what was released in it and the one before."""
    beam = rng.uniform(1e-6, 1e-5, size=(BEAMS, units))
    full = np.zeros((BINS, BEAMS, units, BINS))
    for b in range(BINS):
        full[b, :, :, b] = beam
        if b:
            full[b, :, :, b - 1] = 0.5 * beam
    return full.reshape(BINS * BEAMS, units, BINS)


def readings(matrix: np.ndarray, rates: np.ndarray, background: float, rng: np.random.Generator) -> Observed:
    made = np.einsum("ouk,uk->o", matrix, rates) + background + SD * rng.standard_normal(matrix.shape[0])
    return Observed(
        observed_kg_m3=made,
        sd_kg_m3=np.full(made.size, SD),
        beam=np.tile(np.arange(BEAMS), BINS),
        group=np.zeros(BEAMS, dtype=np.intp),
    )


def of_one(matrix: np.ndarray, read: Observed, **knobs: float) -> Analysis:
    return assimilate([matrix], [0.0], read, knobs=Knobs(**knobs))


def test_without_a_sign_it_is_the_kalman_smoother() -> None:
    rng = np.random.default_rng(4)
    beam = rng.uniform(1e-6, 1e-5, size=BEAMS)
    matrix = np.zeros((BINS, BEAMS, 1, BINS))
    for b in range(BINS):
        matrix[b, :, 0, b] = beam
    matrix = matrix.reshape(BINS * BEAMS, 1, BINS)
    truth = 0.02 * (1.0 + 0.3 * np.sin(np.arange(BINS)))[None]
    read = readings(matrix, truth, 4e-9, rng)
    knobs = {"share": 0.0, "shrinkage": 0.0, "ridge": 1e-9}
    found = of_one(matrix, read, **knobs)
    assert found.rates_kg_s.min() > 0.0
    typical = max(float(np.quantile(read.observed_kg_m3, 0.25)) + 0.6745 * SD, 0.0)
    scale = max(float((read.observed_kg_m3 - typical).max()), 3 * SD) / float(beam.max())
    rates, background = smoother(beam, read.observed_kg_m3.reshape(BINS, BEAMS), scale, typical)
    assert found.rates_kg_s[0] == pytest.approx(rates, rel=1e-5)
    assert found.background_kg_m3[0] == pytest.approx(background, rel=1e-4)


def smoother(
    beam: np.ndarray, observed: np.ndarray, scale: float, typical: float
) -> tuple[np.ndarray, float]:
    """Kalman filter and Rauch-Tung-Striebel smoother of (rate, background), written for this test.

    In units of the walk's step and of the noise, so that the covariances stay well conditioned.
    """
    design = np.column_stack([beam * scale / SD, np.ones(BEAMS)])
    mean, cov = np.array([0.0, typical / SD]), np.diag([1e4, max(typical / SD, 1.0) ** 2])
    walk = np.diag([1.0, 0.0])
    means, covs = [], []
    for b, row in enumerate(observed):
        if b:
            cov = cov + walk
        gain = cov @ design.T @ np.linalg.inv(design @ cov @ design.T + np.eye(BEAMS))
        mean = mean + gain @ (row / SD - design @ mean)
        left = np.eye(2) - gain @ design  # Joseph's form keeps its figures
        cov = left @ cov @ left.T + gain @ gain.T
        means.append(mean)
        covs.append(cov)
    smooth, back = [means[-1]], means[-1]
    for b in range(BINS - 2, -1, -1):
        ahead = covs[b] + walk
        back = means[b] + covs[b] @ np.linalg.solve(ahead, back - means[b])
        smooth.append(back)
    return np.array([row[0] * scale for row in reversed(smooth)]), float(means[-1][1] * SD)


def test_the_emitting_unit_and_its_rate_are_found_among_others() -> None:
    rng = np.random.default_rng(5)
    matrix = coupling(rng, 8)
    truth = np.zeros((8, BINS))
    truth[3, 2:] = 0.01
    found = of_one(matrix, readings(matrix, truth, 1e-9, rng))
    assert int(np.argmax(found.rates_kg_s.sum(axis=1))) == 3
    assert found.rates_kg_s[3, -1] == pytest.approx(0.01, rel=0.15)
    assert found.rates_kg_s[3, 0] < 1e-3
    low, high = quantiles(found.rates[:, :, -1].sum(axis=1), (0.025, 0.975))
    assert low < 0.01 < high


def test_the_wind_that_explains_the_readings_is_taken_and_the_measured_one_otherwise() -> None:
    rng = np.random.default_rng(6)
    turned, straight = coupling(rng, 5), coupling(rng, 5)
    truth = np.zeros((5, BINS))
    truth[1] = 0.02
    read = readings(turned, truth, 1e-9, rng)
    found = assimilate([turned, straight], [-0.5, 0.0], read)
    assert found.wind == 0
    assert np.mean(found.wind_of == 0) > 0.6
    quiet = readings(turned, 0.0 * truth, 1e-9, rng)
    assert assimilate([turned, straight], [-0.5, 0.0], quiet).wind == 1


def test_equal_input_gives_equal_output() -> None:
    rng = np.random.default_rng(7)
    matrix = coupling(rng, 4)
    read = readings(matrix, np.full((4, BINS), 2e-3), 1e-9, rng)
    one, two = of_one(matrix, read), of_one(matrix.copy(), replace(read))
    for name in ("rates_kg_s", "background_kg_m3", "rates", "factors", "backgrounds", "wind_of"):
        assert np.array_equal(getattr(one, name), getattr(two, name)), name


@given(seed=st.integers(0, 10_000), units=st.integers(1, 6), scale=st.floats(-10.0, -5.0))
@settings(deadline=None, max_examples=30)
def test_nothing_is_ever_negative_or_lost(seed: int, units: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    matrix = coupling(rng, units) * (rng.random(units) > 0.3)[None, :, None]
    read = readings(matrix, np.zeros((units, BINS)), 0.0, rng)
    noisy = replace(read, observed_kg_m3=10.0**scale * rng.standard_normal(read.observed_kg_m3.size))
    found = of_one(matrix, noisy, members=8)
    for part in (found.rates_kg_s, found.background_kg_m3, found.rates, found.backgrounds):
        assert part.min(initial=0.0) >= 0.0
        assert np.isfinite(part).all()
    unseen = matrix.max(axis=(0, 2)) == 0.0
    assert not found.usable[unseen].any()
    assert found.rates[:, unseen].max(initial=0.0) == 0.0


@given(seed=st.integers(0, 10_000))
@settings(deadline=None, max_examples=20)
def test_scaling_readings_and_noise_scales_the_result(seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = coupling(rng, 3)
    read = readings(matrix, np.full((3, BINS), 5e-3), 2e-9, rng)
    ten = replace(read, observed_kg_m3=10 * read.observed_kg_m3, sd_kg_m3=10 * read.sd_kg_m3)
    one, two = of_one(matrix, read, members=4), of_one(matrix, ten, members=4)
    assert two.rates_kg_s == pytest.approx(10 * one.rates_kg_s, rel=1e-4, abs=1e-9)
    assert two.background_kg_m3 == pytest.approx(10 * one.background_kg_m3, rel=1e-3, abs=1e-12)


def test_predictions_are_coupling_times_rate_times_factor_plus_background() -> None:
    rng = np.random.default_rng(8)
    matrix = coupling(rng, 2)
    found = of_one(matrix, readings(matrix, np.full((2, BINS), 5e-3), 2e-9, rng), members=5)
    last = matrix.reshape(BINS, BEAMS, 2, BINS)[-1]
    seen = found.predict([last], np.zeros(BEAMS, dtype=np.intp))
    by_hand = [
        sum(
            last[1, u, k] * found.rates[2, u, k] * found.factors[2, 1, u]
            for u in range(2)
            for k in range(BINS)
        )
        + found.backgrounds[2, 0]
    ]
    assert seen.shape == (5, BEAMS)
    assert seen[2, 1] == pytest.approx(by_hand[0])


def test_each_receiver_has_a_background_of_its_own() -> None:
    rng = np.random.default_rng(9)
    matrix = coupling(rng, 1) * 1e-9
    read = replace(readings(matrix, np.zeros((1, BINS)), 0.0, rng), group=np.array([0, 0, 1, 1]))
    level = np.where(read.group[read.beam] == 0, 20e-9, 40e-9)
    found = of_one(matrix, replace(read, observed_kg_m3=read.observed_kg_m3 + level))
    assert found.background_kg_m3 == pytest.approx([20e-9, 40e-9], rel=0.05)


def test_air_is_not_clean_when_a_plume_covers_most_beams() -> None:
    rng = np.random.default_rng(10)
    read = readings(coupling(rng, 1), np.zeros((1, BINS)), 2e-9, rng)
    assert clean(read)
    assert not clean(replace(read, observed_kg_m3=np.where(read.beam > 0, 5e-8, read.observed_kg_m3)))


def test_gas_that_no_unit_explains_is_said_to_be_unexplained() -> None:
    rng = np.random.default_rng(11)
    matrix = coupling(rng, 2)
    matrix[read_by(0)] = 0.0
    read = readings(matrix, np.zeros((2, BINS)), 1e-9, rng)
    jump = np.where(read.beam == 0, 1e-6, read.observed_kg_m3)
    assert of_one(matrix, replace(read, observed_kg_m3=jump)).unexplained


def read_by(beam: int) -> np.ndarray:
    return np.tile(np.arange(BEAMS), BINS) == beam


def test_units_that_look_alike_are_named() -> None:
    rng = np.random.default_rng(12)
    matrix = coupling(rng, 3)
    matrix[:, 2] = 2.0 * matrix[:, 0]
    assert (0, 2) in of_one(matrix, readings(matrix, np.zeros((3, BINS)), 1e-9, rng)).alike


def test_quantiles_are_those_of_hazen() -> None:
    values = np.array([3.0, 1.0, 2.0, 4.0])
    assert quantiles(values, (0.125, 0.5, 0.875, 0.0, 1.0)) == pytest.approx([1.0, 2.5, 4.0, 1.0, 4.0])
    assert quantiles(values[:1], (0.05, 0.95)) == pytest.approx([3.0, 3.0])


def test_bad_shapes_and_noise_are_refused() -> None:
    rng = np.random.default_rng(13)
    matrix = coupling(rng, 2)
    read = readings(matrix, np.zeros((2, BINS)), 1e-9, rng)
    with pytest.raises(BadRequestError, match="do not fit"):
        assimilate([matrix, matrix], [0.0], read)
    with pytest.raises(BadRequestError, match="do not fit"):
        assimilate([matrix[1:]], [0.0], read)
    with pytest.raises(BadRequestError, match="standard deviation"):
        assimilate([matrix], [0.0], replace(read, sd_kg_m3=np.zeros(read.sd_kg_m3.size)))


def test_least_squares_without_unknowns_and_with_a_sign() -> None:
    assert least(np.zeros((0, 0)), np.zeros(0)).size == 0
    # The free minimum is (-1, 2): with a sign the first is zero and the second gives way.
    hessian = np.array([[2.0, 1.0], [1.0, 2.0]])
    assert least(hessian, hessian @ np.array([-1.0, 2.0])) == pytest.approx([0.0, 1.5], abs=1e-8)


def test_pursuit_takes_the_span_in_which_a_unit_emitted_and_stops() -> None:
    rng = np.random.default_rng(14)
    matrix = coupling(rng, 6)
    truth = np.zeros((6, BINS))
    truth[4, -1] = 0.01
    read = readings(matrix, truth, 0.0, rng)
    taken, predicted = pursue(matrix, read.observed_kg_m3, read.sd_kg_m3, most=3, worth=20.0, ridge=1e-6)
    assert taken.tolist() == [4]
    assert predicted == pytest.approx(matrix[:, 4] @ truth[4], abs=4 * SD)
