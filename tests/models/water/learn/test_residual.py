"""The learner helps where there is something to learn, and leaves the model alone where there is not."""

from __future__ import annotations

import numpy as np
import pytest

from models.water.learn.residual import LearnKnobs, learn
from twin.core.errors import BadRequestError


def _driven(seed: int, steps: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Misses that follow the rain of the days before, with noise."""
    rng = np.random.default_rng(seed)
    rain = np.where(rng.random(steps) < 0.3, rng.exponential(0.01, steps), 0.0)
    memory = 0.8 ** np.arange(10)
    miss = 4.0 * np.convolve(rain, memory)[:steps] + 0.01 * rng.standard_normal(steps)
    return np.concatenate([[0.0], miss[:-1]]), rain


@pytest.mark.parametrize("kind", ["ridge", "lstm"])
def test_what_rain_explains_is_learnt(kind) -> None:
    miss, rain = _driven(1)
    got = learn(miss, {"rain": rain}, knobs=LearnKnobs(kind=kind))
    assert got.kept
    assert got.rmse_joined_m < 0.4 * got.rmse_darcy_m
    ahead = got.correction_m(miss[:300], {"rain": rain[:300]})
    assert ahead == pytest.approx(miss[300], abs=0.06)


def test_what_nothing_explains_is_left_alone() -> None:
    kept = 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        got = learn(rng.standard_normal(200), {"rain": rng.random(200)}, knobs=LearnKnobs(kind="ridge"))
        kept += got.kept
        assert got.kept == (got.correction_m(np.ones(20), {"rain": np.ones(20)}) != 0.0)
        assert got.rmse_joined_m < 1.4 * got.rmse_darcy_m
    assert kept <= 3


def test_the_held_out_block_is_not_seen() -> None:
    miss, rain = _driven(2)
    got = learn(miss, {"rain": rain}, knobs=LearnKnobs(kind="ridge"))
    changed = miss.copy()
    changed[got.held_from :] += 5.0
    other = learn(changed, {"rain": rain}, knobs=LearnKnobs(kind="ridge"))
    window = np.zeros((1, 12, 2))
    assert np.array_equal(got.predict(window), other.predict(window))


def test_gaps_of_a_driver_take_the_last_value() -> None:
    miss, rain = _driven(3)
    rain[50:60] = np.nan
    assert np.isfinite(learn(miss, {"rain": rain}, knobs=LearnKnobs(kind="ridge")).rmse_joined_m)


@pytest.mark.parametrize(
    ("miss", "drivers", "said"),
    [
        (np.zeros(20), {}, "steps to learn from"),
        (np.full(200, np.nan), {}, "miss_m"),
        (np.zeros(200), {"rain": np.zeros(10)}, "driver rain"),
    ],
)
def test_bad_series_are_named(miss, drivers, said) -> None:
    with pytest.raises(BadRequestError, match=said):
        learn(miss, drivers)
