"""``make bench``: 1,000 idle and 50 hostile connections beside live instruments."""

from __future__ import annotations

import sys

import pytest

from tests.bench import hostile

pytestmark = pytest.mark.bench


def test_idle_and_hostile_connections() -> None:
    outcome = hostile.main(20.0, 1000, 50)
    sys.stdout.write(f"\n{outcome}\n")
    assert outcome.hostile.rss_mb <= 300
    assert outcome.hostile.open_lines >= 1000
