"""A small helping of ``tests.bench.fuzz_lines``: nothing breaks, nothing grows, few wrong numbers slip."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bench.fuzz_lines import House, mutated_frames, mutated_numbers, random_bytes

MOST_GROWN_BYTES = 2_000_000
MOST_HELD_BYTES = 3 * 4_096


def test_random_bytes_leave_nothing_behind() -> None:
    tally = random_bytes(300_000, 1)
    assert tally.grown_bytes < MOST_GROWN_BYTES
    assert tally.held_most < MOST_HELD_BYTES
    assert tally.events > 0


def test_mutated_frames_leave_nothing_behind() -> None:
    tally = mutated_frames(2_000, 2)
    assert tally.grown_bytes < MOST_GROWN_BYTES
    assert tally.held_most < MOST_HELD_BYTES
    assert tally.decoded > 0


def test_few_changed_numbers_bear_no_mark() -> None:
    numbers = mutated_numbers(2_500, 3)
    assert numbers.mutated > 4_000
    assert numbers.share(numbers.unmarked) <= 0.005
    assert numbers.unmarked <= numbers.accepted


@given(st.lists(st.binary(max_size=60), max_size=12))
@settings(deadline=None, max_examples=60)
def test_no_bytes_whatever_raise(reads: list[bytes]) -> None:
    house = House()
    for k, data in enumerate(reads):
        house.feed(data, 7_000 * k)
    house.feed(b"##0087", 10**6)
    assert house.session.held <= MOST_HELD_BYTES
