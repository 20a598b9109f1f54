"""Mann-Kendall and Sen against hand counts, scipy, and series with values that were not detected."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau, theilslopes

from models.contaminants.trend import mann_kendall, seconds_until
from twin.core.errors import BadRequestError

GWSDAT = Path(__file__).resolve().parents[4] / "shared/data/groundwater/gwsdat_comprehensive_welldata.csv"


def test_ten_rising_values_by_hand() -> None:
    # S = 45, variance 10 * 9 * 25 / 18 = 125, z = 44 / sqrt(125), p = 8.30e-5.
    found = mann_kendall(np.arange(10.0), np.arange(10.0) * 3.0)
    assert found.s_value == 45
    assert found.p_value == pytest.approx(8.30e-5, rel=5e-3)
    assert (found.direction, found.slope_per_s) == ("rising", 3.0)
    assert mann_kendall(np.arange(10.0), -np.arange(10.0)).direction == "falling"


def test_ties_by_hand() -> None:
    # 1 1 2 2: S = 4, variance (4*3*13 - 2*2*1*9) / 18 = 120 / 18, z = 3 / sqrt(6.667).
    found = mann_kendall([0, 1, 2, 3], [1, 1, 2, 2])
    assert found.s_value == 4
    assert found.p_value == pytest.approx(0.2453, rel=1e-3)
    flat = mann_kendall([0, 1, 2, 3], [5, 5, 5, 5])
    assert (flat.direction, flat.p_value, flat.slope_per_s) == ("none", 1.0, 0.0)


@given(values=st.lists(st.floats(-100.0, 100.0, width=16), min_size=5, max_size=20))
@settings(max_examples=40, deadline=None)
def test_slope_and_sign_agree_with_scipy(values: list[float]) -> None:
    t = np.arange(len(values)) * 2.0
    found = mann_kendall(t, values)
    assert found.slope_per_s == pytest.approx(theilslopes(values, t).slope, abs=1e-9)
    tau = kendalltau(t, values).statistic
    if np.isfinite(tau) and abs(tau) > 1e-12:
        assert np.sign(found.s_value) == np.sign(tau)
    assert found.slope_low_per_s <= found.slope_per_s <= found.slope_high_per_s


def test_a_detection_limit_that_falls_makes_no_trend() -> None:
    limits = np.array([10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1, 0.05])
    hidden = mann_kendall(np.arange(8.0), limits, [False] * 8)
    assert (hidden.direction, hidden.s_value, hidden.detected_count) == ("none", 0, 0)
    seen = mann_kendall(np.arange(8.0), limits)
    assert seen.direction == "falling"


def test_values_below_the_largest_limit_are_ties() -> None:
    found = mann_kendall(np.arange(5.0), [1.0, 2.0, 3.0, 8.0, 9.0], [True, True, False, True, True])
    # Ranks: below, below, below, 8, 9: S counts 3 * 2 + 1.
    assert found.s_value == 7


def test_too_few_are_told() -> None:
    found = mann_kendall([0.0, 1.0, 2.0], [1.0, 2.0, 3.0])
    assert found.direction == "too few"
    assert found.p_value == 1.0


def test_time_until_a_limit() -> None:
    rising = mann_kendall(np.arange(10.0), np.arange(10.0))
    assert seconds_until(rising, 9.0, 20.0) == pytest.approx(11.0)
    assert seconds_until(rising, 21.0, 20.0) == 0.0
    falling = mann_kendall(np.arange(10.0), -np.arange(10.0))
    assert seconds_until(falling, 1.0, 20.0) is None


@pytest.mark.parametrize(
    ("times", "values", "message"),
    [([0, 1, 1], [1, 2, 3], "times_s"), ([0, 1], [1, 2, 3], "values"), ([0, 1], [1, np.nan], "values")],
)
def test_bad_series_are_refused(times: list[float], values: list[float], message: str) -> None:
    with pytest.raises(BadRequestError, match=message):
        mann_kendall(times, values)


@pytest.mark.skipif(not GWSDAT.exists(), reason="needs ../shared/data/groundwater")
def test_a_field_of_wells_runs_through() -> None:
    series: dict[str, dict[float, tuple[float, bool]]] = {}
    for row in csv.DictReader(GWSDAT.read_text(encoding="utf-8-sig", errors="replace").splitlines()):
        text = row["Result"].strip()
        number = text.removeprefix("ND<")
        if row["Constituent"] == "Toluene" and number.replace(".", "").isdigit():
            day = float(row["SampleDate"])
            series.setdefault(row["WellName"], {})[day] = (float(number), text == number)
    trends = []
    for readings in series.values():
        days = sorted(readings)
        values = [readings[day] for day in days]
        trends.append(mann_kendall(days, [v for v, _ in values], [seen for _, seen in values]))
    assert len(trends) > 20
    assert {row.direction for row in trends} >= {"none"}
    assert all(0.0 <= row.p_value <= 1.0 for row in trends)
