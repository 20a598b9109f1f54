from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from twin.live.pace import COARSE_MS, FILL_MS, fill_time_ms, missed_ms, next_time_ms

NOW = 1_795_000_020_000
STEP = 10_000


def test_live_every_interval_once():
    assert next_time_ms(None, NOW + 3, STEP, 0.0) == NOW
    assert next_time_ms(NOW, NOW + 9_999, STEP, 10.0) is None
    assert next_time_ms(NOW, NOW + 10_000, STEP, 10.0) == NOW + 10_000
    assert next_time_ms(NOW, NOW + 35_000, STEP, 10.0) == NOW + 30_000


def test_fast_data_get_one_frame_per_five_minutes():
    times, last = [], NOW
    for data in range(NOW, NOW + 7_200_000, 120_000):  # 600x, looked at five times a second
        due = next_time_ms(last, data, STEP, 0.2)
        if due is not None:
            times.append(due)
            last = due
    assert len(times) == 24
    assert all(time % COARSE_MS == 0 for time in times)
    assert {b - a for a, b in zip(times, times[1:], strict=False)} == {COARSE_MS}


def test_the_present_comes_first_after_a_pause():
    assert next_time_ms(NOW, NOW + 2 * 3_600_000 + 3, STEP, 1e9) == NOW + 2 * 3_600_000
    data = NOW + 2 * 3_600_000 + 3
    due = next_time_ms(NOW, data, STEP, 0.2)  # data that run fast
    assert due is not None
    assert 0 <= data - due < COARSE_MS


def test_what_was_left_out_is_filled_in_newest_first():
    missed = set(missed_ms(NOW, NOW + 1_800_000))
    assert all(time % COARSE_MS == 0 and NOW < time < NOW + 1_800_000 for time in missed)
    assert len(missed) == 6
    filled = []
    while (time := fill_time_ms(missed, NOW + 1_800_000)) is not None:
        filled.append(time)
        missed.discard(time)
    assert filled == sorted(filled, reverse=True)
    assert len(filled) == 6


def test_nothing_is_left_out_by_live_steps_and_what_is_too_old_stays_out():
    assert missed_ms(None, NOW) == ()
    assert missed_ms(NOW, NOW + STEP) == ()
    assert missed_ms(NOW + 86_400_000, NOW) == ()
    assert min(missed_ms(NOW, NOW + 86_400_000)) >= NOW + 86_400_000 - FILL_MS
    assert fill_time_ms({NOW - FILL_MS - 1, NOW + 1}, NOW) is None


def test_after_a_catch_up_it_returns_to_live():
    last = NOW // COARSE_MS * COARSE_MS
    assert next_time_ms(last, last + 200_000, STEP, 0.1) is None
    assert next_time_ms(last, last + 200_000, STEP, 6.0) == last + 200_000


def test_frames_of_another_ledger_do_not_stop_it():
    assert next_time_ms(NOW + 86_400_000, NOW, STEP, 0.0) == NOW


@settings(deadline=None, max_examples=60)
@given(
    last=st.one_of(st.none(), st.integers(0, 10**9)),
    data=st.integers(0, 10**9),
    step=st.integers(1_000, 600_000),
    waited=st.floats(0.0, 100.0),
)
def test_a_frame_is_never_of_the_future_and_never_repeated(
    last: int | None, data: int, step: int, waited: float
):
    due = next_time_ms(last, data, step, waited)
    if due is not None:
        assert due <= data
        assert last is None or due > last or last > data
