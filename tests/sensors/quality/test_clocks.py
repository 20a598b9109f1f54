"""Clocks that nobody asks: what counts as a reading, what stands, and the rule of 864 s in 48 h."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensors.quality.clocks import ClockWatch, reading_s

MINUTE, HOUR = 60_000, 3_600_000


def fed(off_s: list[float], *, every_ms: int = MINUTE) -> ClockWatch:
    watch = ClockWatch()
    for k, value in enumerate(off_s):
        watch.add(k * every_ms, value)
    return watch


@pytest.mark.parametrize("off_s", [-31.0, -540.0, 42.0])
def test_a_clock_that_is_off_steadily_is_seen(off_s: float) -> None:
    watch = fed([off_s + 0.2 * (k % 3) for k in range(6)])
    assert watch.sure_s() == pytest.approx(off_s, abs=0.5)


def test_few_readings_and_short_spans_say_nothing_for_sure() -> None:
    assert fed([-90.0] * 4).sure_s() is None
    assert fed([-90.0] * 20, every_ms=1_000).sure_s() is None
    assert fed([-90.0] * 4).off_s() == -90.0


def test_messages_that_waited_or_are_made_up_for_do_not_count() -> None:
    assert fed([-1.0, -1.0, -90.0, -1.0, -1.0, -45.0, -1.0, -1.0]).sure_s() == -1.0
    assert fed([-540.0 + 50.0 * k for k in range(10)]).sure_s() is None


def test_stamps_of_the_beginning_of_an_interval_are_right() -> None:
    assert reading_s(0, 59_500, 60_000, 60.0) == -0.5
    assert reading_s(0, None, 200_000, 60.0) == -140.0
    assert reading_s(-20 * MINUTE, None, 0, 60.0) is None  # made up for
    assert reading_s(None, None, 0, 60.0) is None


def test_864_s_in_48_h_is_too_much_though_the_clock_was_set_in_between() -> None:
    watch, off_s = ClockWatch(), 0.0
    for minute in range(48 * 60):
        off_s -= 25.0 / 60.0
        if minute % 480 == 479:
            off_s = 0.0  # somebody sets it three times a day
        watch.add(minute * MINUTE, off_s)
    assert watch.gone_s() < -864.0
    assert watch.is_broken()
    assert ClockWatch(watch.points).is_broken()


def test_a_clock_that_is_off_but_goes_right_is_not_broken() -> None:
    watch = fed([-500.0] * (48 * 60))
    assert not watch.is_broken()
    assert len(watch.points) <= 289


@settings(deadline=None, max_examples=30)
@given(
    off_s=st.floats(-590.0, 3000.0),
    waits_s=st.lists(st.floats(0.0, 9.0), min_size=6, max_size=10),
)
def test_the_line_makes_no_more_difference_than_it_delays(off_s: float, waits_s: list[float]) -> None:
    found = fed([off_s - wait_s for wait_s in waits_s]).sure_s()
    assert found is not None
    assert off_s - 9.0 <= found <= off_s
