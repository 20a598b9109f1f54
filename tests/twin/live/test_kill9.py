"""``kill -9`` of ingest costs nothing that was answered. ``make bench`` runs the long form."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.bench.kill9 import trial


def test_two_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    outcome = asyncio.run(trial(tmp_path, frames=600, kills=2, seed=20261122))
    assert outcome.answered == 600
    assert outcome.clean(), str(outcome)
