"""Wind rose, curve of a gas and residuals of predictions: small pure functions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.air_park import MemoryRows
from twin.core.origin import Origin
from twin.live.curves import gas_curve
from twin.live.residuals import residuals_of
from twin.live.rose import SPEEDS_M_S, origin_of, rose_from, rose_of
from twin.store.rows import Step

T0 = 1_795_000_020_000 // 60_000 * 60_000


def test_north_is_the_first_sector_and_reaches_over_zero() -> None:
    rose = rose_of(np.array([3.0, 3.0, 3.0, 3.0]), np.array([350.0, 10.0, 90.0, 359.9]), 8)
    assert rose.share.sum(axis=1).tolist() == [0.75, 0.0, 0.25, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert rose.mean_m_s[0] == pytest.approx(3.0)
    assert np.isnan(rose.mean_m_s[1])


@given(seed=st.integers(0, 999), sectors=st.sampled_from([4, 8, 16, 36]), n=st.integers(0, 60))
@settings(deadline=None, max_examples=40)
def test_shares_and_calm_sum_to_one(seed: int, sectors: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    rose = rose_of(rng.gamma(1.0, 2.0, n), rng.uniform(0.0, 360.0, n), sectors)
    assert rose.share.shape == (sectors, len(SPEEDS_M_S))
    assert rose.share.sum() + rose.calm == pytest.approx(1.0 if n else 0.0)


def test_calm_and_broken_pairs_have_no_direction() -> None:
    rose = rose_of(np.array([0.1, np.nan, 2.0]), np.array([90.0, 90.0, np.nan]))
    assert (rose.n, rose.calm) == (1, 1.0)


def test_rose_from_minutes_of_several_masts_and_one_that_is_silent() -> None:
    rows = MemoryRows()
    rows.blow(range(T0, T0 + 600_000, 10_000), speed_m_s=4.0, from_deg=270.0)
    rose = rose_from(rows, ["S1-MET", "S2-MET"], T0, T0 + 600_000, 4)
    assert rose.n == 20
    assert rose.share.sum(axis=1).tolist() == [0.0, 0.0, 0.0, 1.0]

    class Silent(MemoryRows):
        def rollup(self, key, step, from_ms, to_ms):
            from twin.core.errors import NotFoundError

            raise NotFoundError(key)

    assert rose_from(Silent(), ["S1-MET"], T0, T0 + 600_000).n == 0


def test_origin_of_several_series() -> None:
    assert origin_of([]) is None
    assert origin_of([Origin.MEASURED, Origin.MEASURED]) is Origin.MEASURED
    assert origin_of([Origin.MEASURED, Origin.SIMULATED]) is Origin.SIMULATED


def test_curve_of_a_gas_is_mean_and_largest_of_the_beams() -> None:
    rows = MemoryRows()
    for t in (T0, T0 + 60_000):
        rows.add("B1/conc:hf", t, 1e-6)
        rows.add("B2/conc:hf", t, 3e-6)
    curve = gas_curve(rows, ["B1/conc:hf", "B2/conc:hf"], Step.MINUTE, T0, T0 + 120_000)
    assert curve.time_ms == (T0, T0 + 60_000)
    assert curve.mean_kg_m3 == pytest.approx([2e-6, 2e-6])
    assert curve.largest_kg_m3 == (3e-6, 3e-6)
    assert curve.sensor == ("B2", "B2")
    assert curve.n == (2, 2)


def test_residuals_leave_out_what_was_not_measured_and_what_is_below_the_floor() -> None:
    predicted = np.array([2e-8, 5e-8, 9e-8, 1e-9])
    measured = np.array([3e-8, np.nan, 3e-8, 5e-10])
    found = residuals_of(predicted, 0.5 * predicted, 2.0 * predicted, measured, 1e-8)
    assert found.n == 3
    assert found.bias_kg_m3 == pytest.approx(np.mean([-1e-8, 6e-8, 5e-10]))
    assert found.fac2 == 0.5
    assert found.coverage == pytest.approx(2.0 / 3.0)


def test_residuals_of_nothing() -> None:
    nothing = np.zeros(0)
    found = residuals_of(nothing, nothing, nothing, nothing, 1e-8)
    assert (found.n, found.bias_kg_m3, found.fac2, found.coverage) == (0, None, None, None)
