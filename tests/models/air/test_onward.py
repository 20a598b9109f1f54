"""An analysis carried ahead of its readings: wider, never negative, and the same every time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from models.air.assimilate import Analysis
from models.air.onward import Doubts, onward

MEMBERS, BEAMS, UNITS, BINS = 400, 3, 2, 4
STILL = Doubts(rate=0.0, ends=0.0, kept=1.0)


def analysis() -> Analysis:
    rates = np.zeros((MEMBERS, UNITS, BINS))
    rates[:, 0] = 2e-3
    return Analysis(
        wind=1,
        rates_kg_s=rates[0],
        background_kg_m3=np.full(1, 1e-8),
        wind_of=np.full(MEMBERS, 1, dtype=np.intp),
        rates=rates,
        factors=np.exp(np.random.default_rng(1).standard_normal((MEMBERS, BEAMS, UNITS))),
        backgrounds=np.full((MEMBERS, 1), 1e-8),
        usable=np.ones(UNITS, dtype=np.bool_),
        unexplained=False,
        weak=False,
        alike=(),
    )


def test_without_doubts_nothing_changes() -> None:
    before = analysis()
    after = onward(before, 3, 2, STILL)
    for name in ("wind_of", "rates"):
        assert np.array_equal(getattr(after, name), getattr(before, name)), name
    assert np.allclose(after.factors, before.factors, rtol=1e-12)


def test_rates_walk_and_end_only_in_the_bins_that_were_not_read() -> None:
    before = analysis()
    after = onward(before, 3, 2, replace(STILL, rate=0.5, ends=0.1))
    assert np.array_equal(after.rates[:, :, :2], before.rates[:, :, :2])
    going = after.rates[:, 0, 3] > 0.0
    assert abs(going.mean() - 0.81) < 0.06  # of 400 draws with a chance of 0.9 twice
    spread = np.log(after.rates[going, 0, 3] / 2e-3).std()
    assert abs(spread - 0.5 * np.sqrt(2.0)) < 0.1
    assert (after.rates[:, 0, 2] > 0.0)[going].all()  # what has ended does not begin again
    assert after.rates[:, 1].max() == 0.0


def test_the_model_error_keeps_its_spread_and_forgets_its_draw() -> None:
    before = analysis()
    after = onward(before, 3, 2, replace(STILL, model=1.0, kept=0.6))
    old, new = np.log(before.factors).ravel(), np.log(after.factors).ravel()
    assert abs(new.std() - old.std()) < 0.1
    assert abs(np.corrcoef(old, new)[0, 1] - 0.6) < 0.06


def test_winds_turn_to_neighbours_that_exist_and_a_speed_is_common_to_a_member() -> None:
    before = analysis()
    after = onward(before, 3, 2, replace(STILL, turn_steps=1.0, speed=0.3))
    assert set(after.wind_of.tolist()) == {0, 1, 2}
    ratio = np.log(after.factors / before.factors)
    assert np.allclose(ratio, ratio[:, :1, :1])
    assert abs(ratio[:, 0, 0].std() - 0.3) < 0.05


def test_equal_input_gives_equal_output() -> None:
    one, two = (onward(analysis(), 3, 2, Doubts(turn_steps=0.7, speed=0.2)) for _ in range(2))
    for name in ("wind_of", "rates", "factors"):
        assert np.array_equal(getattr(one, name), getattr(two, name)), name
