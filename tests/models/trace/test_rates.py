from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.trace.rates import RateFit, fit_rates
from twin.core.errors import BadRequestError

UNITS, BINS, BEAMS, TIMES = 6, 4, 8, 20


def matrix(seed: int = 0, *, units: int = UNITS, unseen: tuple[int, ...] = ()) -> np.ndarray:
    """Sparse sensitivities like those of beams: each unit is seen by a few beams, later bins later."""
    rng = np.random.default_rng(seed)
    effect = np.zeros((TIMES, BEAMS, units, BINS))
    for unit in range(units):
        for beam in rng.choice(BEAMS, 3, replace=False):
            for b in range(BINS):
                start = 4 * b + int(rng.integers(1, 4))
                effect[start : start + 6, beam, unit, b] = rng.uniform(2e-6, 2e-5)
    effect[:, :, list(unseen)] = 0.0
    return effect.reshape(TIMES * BEAMS, units * BINS)


def fit(rates: np.ndarray, *, noise: float = 0.0, seed: int = 0, **options: float) -> RateFit:
    design = matrix(seed)
    observed = design @ rates.ravel()
    observed = observed + noise * np.random.default_rng(seed + 1).standard_normal(observed.size)
    return fit_rates(design, observed, np.full(observed.size, max(noise, 1e-10)), n_bins=BINS, **options)


def truth() -> np.ndarray:
    rates = np.zeros((UNITS, BINS))
    rates[1] = 2e-3
    rates[4, 2:] = 5e-3
    return rates


def test_recovers_the_truth_without_noise():
    result = fit(truth(), smoothing=1e-5, shrinkage=1e-7)
    assert result.rates_kg_s == pytest.approx(truth(), rel=1e-4, abs=1e-7)
    assert result.explained_share > 0.999999
    assert not result.unexplained
    assert result.background_kg_m3 == pytest.approx(0.0, abs=1e-12)
    assert np.abs(result.residual_kg_m3).max() < 1e-11


def test_noise_moves_the_rates_within_their_intervals():
    inside = total = 0
    for seed in range(20):
        result = fit(truth(), noise=3e-9, seed=seed)
        on = truth() > 0.0
        inside += int(np.sum((result.low_kg_s <= truth())[on] & (truth() <= result.high_kg_s)[on]))
        total += int(on.sum())
        assert (result.low_kg_s <= result.rates_kg_s + 1e-15).all()
        assert (result.rates_kg_s <= result.high_kg_s + 1e-15).all()
        assert result.rates_kg_s[1].mean() == pytest.approx(2e-3, rel=0.15)
    # 90 % intervals; the pull between bins makes them a little wider where the truth does not jump.
    assert inside / total > 0.80


def test_silent_units_stay_silent_under_noise():
    ghosts = [
        int((fit(truth(), noise=3e-9, seed=seed).rates_kg_s.max(axis=1) > 0.0).sum()) - 2
        for seed in range(20)
    ]
    assert np.mean(ghosts) < 0.3


def test_zero_readings_give_zero_rates():
    result = fit(np.zeros((UNITS, BINS)))
    assert (result.rates_kg_s == 0.0).all()
    assert (result.low_kg_s == 0.0).all()
    assert np.isfinite(result.high_kg_s).all()
    assert (result.high_kg_s > 0.0).all()
    assert result.explained_share == 1.0
    assert not result.unexplained


@settings(deadline=None, max_examples=25)
@given(factor=st.floats(1e-3, 1e3), seed=st.integers(0, 5))
def test_rates_scale_with_the_readings(factor: float, seed: int):
    design = matrix(seed)
    observed = np.maximum(
        design @ truth().ravel() + 3e-9 * np.random.default_rng(9).standard_normal(160), 0.0
    )
    sd = np.full(observed.size, 3e-9)
    one = fit_rates(design, observed, sd, n_bins=BINS)
    many = fit_rates(design, factor * observed, factor * sd, n_bins=BINS)
    assert many.rates_kg_s == pytest.approx(factor * one.rates_kg_s, rel=1e-4, abs=1e-9 * factor)
    assert many.high_kg_s == pytest.approx(factor * one.high_kg_s, rel=1e-4)
    assert many.background_kg_m3 == pytest.approx(factor * one.background_kg_m3, rel=1e-4, abs=1e-14 * factor)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 1000))
def test_rates_are_never_negative(seed: int):
    rng = np.random.default_rng(seed)
    design = matrix(seed)
    observed = 1e-8 * rng.standard_normal(design.shape[0])
    result = fit_rates(design, observed, np.full(observed.size, 1e-8), n_bins=BINS)
    assert result.rates_kg_s.min() >= 0.0
    assert result.background_kg_m3 >= 0.0


def test_a_background_is_told_from_sources():
    design = matrix()
    observed = design @ truth().ravel() + 4e-8
    result = fit_rates(
        design, observed, np.full(observed.size, 1e-9), n_bins=BINS, smoothing=1e-4, shrinkage=1e-6
    )
    assert result.background_kg_m3 == pytest.approx(4e-8, rel=1e-3)
    assert result.rates_kg_s == pytest.approx(truth(), rel=0.02, abs=2e-5)


def test_a_unit_that_no_beam_sees_is_said_to_be_unseen():
    design = matrix(unseen=(3,))
    observed = design @ truth().ravel()
    result = fit_rates(design, observed, np.full(observed.size, 1e-9), n_bins=BINS)
    assert np.isinf(result.detectable_kg_s[3])
    assert np.isfinite(np.delete(result.detectable_kg_s, 3)).all()
    assert (result.rates_kg_s[3] == 0.0).all()
    assert np.isinf(result.high_kg_s[3]).all()
    assert np.isfinite(np.delete(result.high_kg_s, 3, axis=0)).all()


def test_detectable_rate_is_three_standard_deviations_of_all_beams_together():
    design = np.array([[1e-5], [2e-5], [0.0]])
    result = fit_rates(design, np.zeros(3), np.full(3, 1e-8), n_bins=1, background=False)
    assert result.detectable_kg_s[0] == pytest.approx(3e-8 / np.hypot(1e-5, 2e-5))


def test_two_units_behind_each_other_are_reported_as_alike():
    one = matrix(units=1)
    design = np.concatenate([one, 0.5 * one, matrix(7, units=1)], axis=1)
    observed = design @ np.array([2e-3] * BINS + [0.0] * 2 * BINS)
    result = fit_rates(design, observed, np.full(observed.size, 1e-9), n_bins=BINS)
    assert result.alike == ((0, 1),)


def test_a_signal_that_no_candidate_explains_is_flagged():
    design = matrix()
    observed = np.zeros((TIMES, BEAMS))
    dark = int(np.argmin(design.reshape(TIMES, BEAMS, -1).sum(axis=(0, 2))))
    observed[5:, dark] = np.linspace(0.0, 5e-7, TIMES - 5)
    design = design.reshape(TIMES, BEAMS, -1).copy()
    design[:, dark] = 0.0
    result = fit_rates(design.reshape(160, -1), observed.ravel(), np.full(160, 5e-9), n_bins=BINS)
    assert result.unexplained
    assert result.explained_share < 0.5


def test_successive_bins_hang_together_where_no_beam_looks():
    # The newest bin has not reached a beam yet: it carries on, with a wider interval.
    design = matrix(1).reshape(160, UNITS, BINS).copy()
    design[:, :, -1] = 0.0
    rates = np.zeros((UNITS, BINS))
    rates[2] = 3e-3
    observed = (design * rates).sum(axis=(1, 2))
    result = fit_rates(design.reshape(160, -1), observed, np.full(160, 1e-9), n_bins=BINS)
    assert result.rates_kg_s[2, -1] == pytest.approx(3e-3, rel=0.05)
    width = result.high_kg_s[2] - result.low_kg_s[2]
    assert width[-1] > 2.0 * width[0]


def test_a_beam_that_reads_nothing_does_not_refute_a_plume_a_little_beside_it():
    # The plume of the only candidate passes two beams; a wind error of a few degrees lets one miss it.
    design = np.zeros((20, 1))
    design[:10], design[10:] = 2e-5, 1e-5
    observed = np.where(np.arange(20) < 10, 4e-7, 0.0)
    of_reading = np.hypot(1e-9, 0.5 * observed)
    strict = fit_rates(design, observed, of_reading, n_bins=1, background=False, significance=0.0)
    forgiving = fit_rates(design, observed, np.full(20, 1e-9), n_bins=1, background=False, model_share=0.5)
    assert strict.rates_kg_s[0, 0] < 0.01 * 4e-7 / 2e-5
    assert forgiving.rates_kg_s[0, 0] > 0.3 * 4e-7 / 2e-5


def test_a_clear_signal_is_not_given_away_with_its_model_error():
    # A release that has just begun: four high readings, each uncertain by half; chi-square is worth 16.
    rng = np.random.default_rng(0)
    design = np.zeros((400, 2 * BINS))
    design[200:204, BINS - 1] = 2e-5
    design[:, BINS:] = 1e-5 * (rng.random((400, BINS)) < 0.05)
    design[200:204, BINS:] = 0.0
    observed = 3e-9 * rng.standard_normal(400)
    observed[200:204] += 4e-7
    result = fit_rates(design, observed, np.full(400, 3e-9), n_bins=BINS, model_share=0.5)
    assert result.rates_kg_s[0, -1] == pytest.approx(4e-7 / 2e-5, rel=0.3)
    assert (result.rates_kg_s[1] == 0.0).all()
    assert not result.unexplained


@pytest.mark.parametrize(
    ("shape", "sd", "field"), [((10, 4), 1.0, "matrix"), ((10, 5), 1.0, "matrix"), ((10, 4), 0.0, "sd_kg_m3")]
)
def test_bad_input_is_named(shape: tuple[int, int], sd: float, field: str):
    count = 9 if (shape, sd) == ((10, 4), 1.0) else 10
    with pytest.raises(BadRequestError) as caught:
        fit_rates(np.ones(shape), np.zeros(count), np.full(count, sd), n_bins=2)
    assert caught.value.field == field
