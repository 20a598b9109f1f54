"""``make bench``: how long it takes to verify a million chained frames."""

from __future__ import annotations

import sys

import pytest

from tests.bench import chain_verify

pytestmark = pytest.mark.bench


def test_a_million_frames() -> None:
    outcome = chain_verify.main()
    sys.stdout.write(f"\n{outcome}\n")
    assert outcome.report.is_good
    assert outcome.report.frames == 1_000_000
