"""``make bench``: the promise under ``kill -9``, and the rate of ingest."""

from __future__ import annotations

import sys

import pytest

from tests.bench import ingest_rate, kill9

pytestmark = pytest.mark.bench


def test_ten_thousand_frames_and_three_kills() -> None:
    outcome = kill9.main(10_000, 3, 1)
    sys.stdout.write(f"\n{outcome}\n")
    assert outcome.answered == 10_000
    assert outcome.clean()


def test_rate_of_ingest() -> None:
    rate = ingest_rate.main(20.0, 20)
    sys.stdout.write(f"\n{rate}\n")
    assert rate.frames > 0
