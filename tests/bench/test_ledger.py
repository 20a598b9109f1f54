"""``make bench``: the promise under ``kill -9``, the rate of ingest, back-fill, reading and sizes."""

from __future__ import annotations

import sys

import pytest

from tests.bench import backfill, cpu_per_frame, ingest_rate, kill9, store_reads

pytestmark = pytest.mark.bench


def test_twenty_thousand_frames_and_twenty_kills() -> None:
    outcome = kill9.main(20_000, 20, 1)
    sys.stdout.write(f"\n{outcome}\n")
    assert outcome.answered == 20_000
    assert outcome.clean()


def test_rate_of_ingest() -> None:
    rate = ingest_rate.main(60.0, 200)
    sys.stdout.write(f"\n{rate}\n")
    assert rate.frames > 0


def test_back_fill_of_a_day() -> None:
    done = backfill.main()
    sys.stdout.write(f"\n{done}\n")
    assert done.frames == 60 * 1440


def test_cpu_of_every_stage() -> None:
    sys.stdout.write(f"\n{cpu_per_frame.main()}\n")


@pytest.mark.parametrize("days", [30, 365])
def test_reading_and_size(days: int) -> None:
    sys.stdout.write(f"\n{store_reads.main(days)}\n")
