from __future__ import annotations

import numpy as np
import pytest

from models.trace.ensemble import EnsembleFit, Knobs, Readings, fit_ensemble

BINS, BLOCKS, BEAMS = 3, 5, 4
SD = 2e-9


def effect(reach: list[list[float]]) -> np.ndarray:
    """Steady sensitivities by unit and beam as a matrix of block means; bin b is felt from block b on."""
    matrix = np.zeros((BLOCKS, BEAMS, len(reach), BINS))
    for unit, beams in enumerate(reach):
        for beam, value in enumerate(beams):
            for b in range(BINS):
                matrix[b : b + 3, beam, unit, b] = value
    return matrix.reshape(BLOCKS * BEAMS, -1)


def readings(values: np.ndarray) -> Readings:
    beam = np.tile(np.arange(BEAMS), BLOCKS)
    noise = SD * np.random.default_rng(0).standard_normal(values.size)
    return Readings(observed_kg_m3=values + noise, sd_kg_m3=np.full(values.size, SD), beam=beam)


GOOD = [[2e-5, 1e-5, 0.0, 0.0], [0.0, 0.0, 1e-5, 2e-5]]


def fitted(
    members: list[list[list[float]]], values: np.ndarray, weights: list[float] | None = None
) -> EnsembleFit:
    return fit_ensemble(
        [effect(row) for row in members], weights or [0.0] * len(members), readings(values), n_bins=BINS
    )


def test_the_member_that_explains_the_readings_is_chosen_and_its_rate_found():
    values = effect(GOOD) @ np.repeat([4e-3, 0.0], BINS)
    turned = [[0.0, 2e-5, 1e-5, 0.0], [1e-5, 0.0, 0.0, 2e-5]]
    result = fitted([turned, GOOD], values)
    assert result.member == 1
    assert result.weights[1] > 0.9
    assert result.fit.rates_kg_s[0].mean() == pytest.approx(4e-3, rel=0.2)
    assert not result.weak


def test_a_unit_that_merely_grazes_a_beam_is_not_observable_and_explains_nothing():
    grazing = [*GOOD, [1e-9, 0.0, 0.0, 0.0]]
    values = np.zeros(BLOCKS * BEAMS)
    values[0::BEAMS] = 4e-8  # a small signal on the first beam only
    result = fitted([grazing], values)
    assert (result.fit.rates_kg_s[2] == 0.0).all()
    assert not result.observable[2]
    assert np.isinf(result.fit.high_kg_s[2]).all()
    assert result.fit.rates_kg_s.max() < 10.0 * 4e-8 / 2e-5
    assert result.observable[:2].all()


def test_no_beam_is_predicted_clearly_above_what_it_reads():
    # One small signal; the only unit in reach of it would read twenty times that on the next beam.
    members = [[[1e-5, 2e-4, 0.0, 0.0], [0.0, 0.0, 1e-5, 2e-5]]]
    values = np.zeros(BLOCKS * BEAMS)
    values[0::BEAMS] = 6e-8
    result = fitted(members, values)
    predicted = (effect(members[0]) @ result.fit.rates_kg_s.ravel()).reshape(BLOCKS, BEAMS)
    observed = readings(values).observed_kg_m3.reshape(BLOCKS, BEAMS)
    slack = 0.5 * np.minimum(predicted, observed).max()
    assert (
        predicted.max(axis=0) <= 3.0 * np.maximum(observed.max(axis=0), 0) + 6.0 * SD + slack + 3e-8
    ).all()
    assert predicted[:, 1].max() < 6e-8


def test_intervals_cover_other_likely_winds_and_at_least_a_factor():
    values = effect(GOOD) @ np.repeat([4e-3, 0.0], BINS)
    weaker = [[1e-5, 5e-6, 0.0, 0.0], GOOD[1]]  # the same pattern, half the sensitivity: twice the rate
    alone = fitted([GOOD], values)
    both = fitted([GOOD, weaker], values)
    factor = Knobs().least_factor
    assert (alone.fit.high_kg_s[0] >= factor * alone.fit.rates_kg_s[0]).all()
    assert (alone.fit.low_kg_s[0] <= alone.fit.rates_kg_s[0] / factor).all()
    assert both.fit.high_kg_s[0].max() >= alone.fit.high_kg_s[0].max() * 0.999
    assert (both.fit.low_kg_s[0] <= 4e-3).all()
    assert (both.fit.high_kg_s[0] >= 8e-3).all()


def test_a_result_that_rests_on_one_beam_says_so():
    one = [[2e-5, 0.0, 0.0, 0.0], GOOD[1]]
    values = effect(one) @ np.repeat([4e-3, 0.0], BINS)
    assert fitted([one], values).weak


def test_clean_air_has_no_rates_and_is_not_weak():
    result = fitted([GOOD, GOOD], np.zeros(BLOCKS * BEAMS))
    assert (result.fit.rates_kg_s == 0.0).all()
    assert not result.weak
    assert result.weights.sum() == pytest.approx(1.0)


def test_no_unit_in_reach_leaves_a_signal_unexplained():
    values = np.zeros(BLOCKS * BEAMS)
    values[0::BEAMS] = 5e-7
    result = fitted([[[0.0] * BEAMS] * 2], values)
    assert (result.fit.rates_kg_s == 0.0).all()
    assert not result.observable.any()
    assert result.fit.unexplained
