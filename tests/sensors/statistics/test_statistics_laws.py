"""Laws of the statistics: what must hold whatever the numbers are."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensors.quality.health import refill_forecast
from sensors.statistics.describe import correlation, trend
from sensors.statistics.means import Rounding, flow_weighted, mean_wind, rounded
from sensors.statistics.periods import Calendar, Period
from sensors.statistics.rates import DayTally, three_rates, worst_ninety_days
from sensors.statistics.runs import fixed_runs, runs_over
from sensors.statistics.states import mg_m3_to_ppm, ppm_to_mg_m3
from sensors.statistics.substitution import Reason, method, quarter_hours
from sensors.statistics.totals import HourOfEmission, emission_total, substitute_rates

LAW = settings(deadline=None, max_examples=60)
counts = st.integers(0, 3000)
numbers = st.floats(-1e6, 1e6)


@LAW
@given(expected=counts, received=counts, expected_valid=counts, valid=counts)
def test_rates_stay_within_100_and_the_product_is_never_more(
    expected: int, received: int, expected_valid: int, valid: int
) -> None:
    row = three_rates(expected, received, expected_valid, valid)
    for share in (row.transmission_pct, row.valid_pct, row.effective_pct):
        assert share is None or 0 <= share <= 100
    if row.effective_pct is not None and row.transmission_pct is not None and row.valid_pct is not None:
        assert row.effective_pct <= min(row.transmission_pct, row.valid_pct) + 1e-9


@LAW
@given(days=st.lists(st.integers(0, 24), min_size=90, max_size=140))
def test_the_worst_ninety_days_are_the_worst(days: list[int]) -> None:
    rows = [DayTally(expected_h=24, received_h=24, expected_valid_h=24, valid_h=n) for n in days]
    found = worst_ninety_days(rows)
    assert found is not None
    all_of_them = [100 * sum(days[k : k + 90]) / (24 * 90) for k in range(len(days) - 89)]
    assert found.effective_pct == pytest.approx(min(all_of_them))
    assert found.breach == (min(all_of_them) < 95 - 1e-12)


def test_reported_days_do_not_count_and_short_spans_say_nothing() -> None:
    bad = DayTally(expected_h=24, received_h=0, expected_valid_h=24, valid_h=0)
    good = DayTally(expected_h=24, received_h=24, expected_valid_h=24, valid_h=24)
    days = [good] * 80 + [bad] * 20
    told = [False] * 80 + [True] * 20
    assert worst_ninety_days(days[:89]) is None
    worst = worst_ninety_days(days)
    assert worst is not None
    assert worst.breach
    told_row = worst_ninety_days(days, told)
    assert told_row is not None
    assert not told_row.breach


@LAW
@given(values=st.lists(st.sampled_from([None, 1.0, 2.0, 0.1]), max_size=40), least=st.integers(1, 6))
def test_runs_hold_what_they_say(values: list[float | None], least: int) -> None:
    for run in fixed_runs(values, least, detection_limit=0.5):
        inside = [v for v in values[run.start : run.end + 1] if v is not None]
        assert set(inside) == {run.value}
        assert len(inside) == run.length >= least
        assert run.value >= 0.5
    over = runs_over(values, 1.5, least)
    assert sum(run.length for run in runs_over(values, 1.5)) == values.count(2.0)
    assert all(run.value > 1.5 and run.length >= least for run in over)


@LAW
@given(
    winds=st.lists(st.tuples(st.floats(0.0, 40.0), st.floats(0.0, 360.0)), min_size=1, max_size=30),
    turn=st.floats(0.0, 360.0),
)
def test_turning_every_wind_turns_the_mean(winds: list[tuple[float, float]], turn: float) -> None:
    before = mean_wind([s for s, _ in winds], [d for _, d in winds])
    after = mean_wind([s for s, _ in winds], [(d + turn) % 360 for _, d in winds])
    assert before.speed_m_s == pytest.approx(after.speed_m_s)
    assert before.calms == after.calms
    if before.from_deg is not None and after.from_deg is not None and (before.vector_m_s or 0) > 0.01:
        apart = (after.from_deg - before.from_deg - turn) % 360
        assert min(apart, 360 - apart) < 1e-3
        assert 0 <= after.from_deg < 360


@LAW
@given(rows=st.lists(st.tuples(st.floats(0, 1e3), st.floats(0, 1e3)), min_size=1, max_size=20))
def test_a_flow_weighted_mean_lies_between_its_values(rows: list[tuple[float, float]]) -> None:
    mean = flow_weighted([c for c, _ in rows], [v for _, v in rows])
    carried = [c for c, v in rows if v > 0]
    if mean is not None and sum(v for _, v in rows) > 1e-6:
        assert min(carried) - 1e-6 <= mean <= max(carried) + 1e-6


@LAW
@given(value=numbers, decimals=st.integers(0, 6))
def test_rounding_moves_by_half_a_step_at_most_and_is_symmetric(value: float, decimals: int) -> None:
    for how in Rounding:
        shown = rounded(value, decimals, how)
        assert abs(shown - value) <= 0.5 * 10**-decimals * (1 + 1e-9) + 1e-9
        assert rounded(-value, decimals, how) == -shown


@LAW
@given(ppm=st.floats(0, 1e5), molar=st.floats(1, 400), kelvin=st.floats(200, 400))
def test_ppm_and_back(ppm: float, molar: float, kelvin: float) -> None:
    assert mg_m3_to_ppm(ppm_to_mg_m3(ppm, molar, kelvin), molar, kelvin) == pytest.approx(ppm)


@LAW
@given(capture=st.floats(0, 100), hours=st.floats(0, 3000), reason=st.sampled_from(Reason))
def test_worse_capture_never_gives_a_shorter_window(capture: float, hours: float, reason: Reason) -> None:
    row = method(reason, capture, hours)
    assert (row is None) == (capture < 75)
    best = method(reason, 100, hours)
    assert row is None or (best is not None and row.window_h >= best.window_h)


@LAW
@given(year=st.integers(1950, 2100))
def test_four_quarters_make_a_year(year: int) -> None:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    assert sum(quarter_hours(year, q) for q in range(1, 5)) == (8784 if leap else 8760)


@LAW
@given(at_ms=st.integers(0, 4_000_000_000_000), period=st.sampled_from(Period), offset=st.integers(-12, 14))
def test_periods_tile_the_time(at_ms: int, period: Period, offset: int) -> None:
    calendar = Calendar(utc_offset_h=float(offset))
    row = calendar.period(period, at_ms)
    assert row.start_ms <= at_ms < row.end_ms
    assert calendar.period(period, row.start_ms) == row
    assert calendar.period(period, row.end_ms).start_ms == row.end_ms


hours = st.lists(
    st.one_of(
        st.just(HourOfEmission(conc_kg_m3=None, volume_m3=1.0)),
        st.floats(0, 10).map(lambda c: HourOfEmission(conc_kg_m3=c, volume_m3=2.0)),
        st.just(HourOfEmission(conc_kg_m3=None, volume_m3=None, stopped=True)),
    ),
    max_size=60,
)


@LAW
@given(rows=hours)
def test_an_emission_total_accounts_for_every_hour(rows: list[HourOfEmission]) -> None:
    total = emission_total(rows)
    assert total.valid + total.stopped + total.substituted + total.missing == len(rows) == total.hours
    measured = [row.mass_kg for row in rows if not row.stopped and row.mass_kg is not None]
    assert total.measured_kg == pytest.approx(sum(measured))
    assert total.substitute_kg <= total.substituted * max(measured, default=0.0) + 1e-9
    stand_ins = substitute_rates(rows)
    assert sum(mass or 0.0 for mass in stand_ins) == pytest.approx(total.substitute_kg)
    assert sum(mass is not None for mass in stand_ins) == total.substituted


@LAW
@given(
    slope=st.floats(-0.2, -0.005),
    wrong=st.lists(st.integers(0, 199), max_size=20),
    reserve=st.floats(0.0, 0.3),
)
def test_a_refill_is_forecast_in_spite_of_wrong_readings(
    slope: float, wrong: list[int], reserve: float
) -> None:
    times = [k * 3_600_000 for k in range(200)]
    levels = [2.0 + slope * k / 24 for k in range(200)]
    for k in wrong:
        levels[k] -= 0.05
    found = refill_forecast(times, levels, reserve)
    assert found is not None
    assert found.per_day_fraction == pytest.approx(-slope, rel=0.3, abs=0.004)
    assert found.earliest_ms <= found.reserve_ms
    assert found.latest_ms is None or found.reserve_ms <= found.latest_ms


def test_only_what_came_after_the_last_refill_counts() -> None:
    times = [k * 3_600_000 for k in range(60)]
    levels = [0.5 - 0.01 * k for k in range(30)] + [1.0 - 0.02 * k for k in range(30)]
    found = refill_forecast(times, levels, 0.2)
    assert found is not None
    assert found.since_refill_ms == times[30]
    assert found.per_day_fraction == pytest.approx(0.48)
    assert refill_forecast(times[:5], levels[:5], 0.2) is None
    assert refill_forecast(times[:20], [0.5] * 20, 0.2) is None


def test_trend_and_correlation_of_known_columns() -> None:
    days = [float(k) for k in range(40)]
    line = trend(days, [3.0 * d + (100.0 if d == 7 else 0.0) for d in days])
    assert line is not None
    assert line.value == pytest.approx(3.0)
    assert line.low <= 3.0 <= line.high
    assert line.p_fraction < 1e-9
    flat = trend(days, [math.sin(11 * d) for d in days])
    assert flat is not None
    assert flat.p_fraction > 0.05
    assert flat.low < 0 < flat.high
    pair = correlation(days, [-2 * d for d in days])
    assert pair is not None
    assert pair.r_ratio == pytest.approx(-1.0)
    assert correlation(days, [1.0] * 40) is None
    assert trend([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]) is None
