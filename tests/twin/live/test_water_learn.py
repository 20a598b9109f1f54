"""Learning live: from enough of the ledger's past only, with figures that were computed or none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.water.learn.residual import LearnKnobs
from tests.support.water_cast import NOW_MS, now_cast, now_cast_parcel
from twin.live.settings import Settings
from twin.live.water_frames import Measured
from twin.live.water_learn import ENOUGH, HOUR_MS, Learner, learner_of
from twin.store.engine import sqlite_url
from twin.store.results import ResultStore
from web.schemas.water import WaterNowOut

LEVEL_M = 14.0
HEARD = {"W3": Measured(level_m=14.5, time_ms=NOW_MS, age_s=0.0, quality="good")}


def body(miss_m: float, added_m: float = 0.0, age_s: float = 10.0) -> dict[str, Any]:
    """What a now-cast's row says of one well that is never heard."""
    well = {"sensor": "W3", "level": {"median": LEVEL_M + added_m}, "age_s": age_s}
    well["measured_level"] = LEVEL_M + miss_m
    return {"wells": [well], "learning": {"correction_m": {"W3": added_m} if added_m else {}}}


def taught(hours: int, gap: tuple[int, int] = (0, 0)) -> Learner:
    """A learner that heard a slow swing about 0.3 m; nothing was told in the hours of ``gap`` before now."""
    found = Learner(knobs=LearnKnobs(kind="ridge"))
    noise = np.random.default_rng(3).normal(0.0, 0.01, hours + 1)
    for before in range(hours, 0, -1):
        if not gap[0] < before <= gap[1]:
            miss = 0.3 + 0.2 * np.sin(2.0 * np.pi * before / 48.0) + noise[before]
            found.take(body(float(miss)), NOW_MS - before * HOUR_MS)
    return found


def test_enough_history_is_learned_and_what_helps_is_added_to_that_well_alone() -> None:
    now, learning, notes = taught(2 * ENOUGH).said(now_cast(), HEARD, ("W3",))
    assert learning is not None
    assert learning.kept
    assert learning.rmse_joined_m is not None
    assert learning.rmse_darcy_m is not None
    assert learning.rmse_joined_m < 0.2 * learning.rmse_darcy_m
    before = {row.name: row.level_m.median for row in now_cast().wells}
    after = {row.name: row.level_m.median for row in now.wells}
    moved = {name: after[name] - before[name] for name in before if after[name] != before[name]}
    if "W3" in before:
        assert moved == {"W3": pytest.approx(learning.correction_m["W3"])}
    assert learning.correction_m["W3"] == pytest.approx(0.3, abs=0.05)
    assert notes == (f"level of W3 joined with what was learned: {learning.correction_m['W3']:+.2f} m",)


def test_too_little_history_has_no_figure_and_says_so() -> None:
    now, learning, notes = taught(ENOUGH // 2).said(now_cast(), HEARD, ("W3",))
    assert learning is not None
    assert learning.rmse_joined_m is None
    assert not learning.kept
    assert learning.correction_m == {}
    assert notes == (f"not enough history to learn from: {ENOUGH // 2} of {ENOUGH} hours",)
    assert [row.level_m for row in now.wells] == [row.level_m for row in now_cast().wells]
    _, quiet, _ = Learner().said(now_cast(), {}, ("W3",))
    assert quiet is not None
    assert quiet.rmse_darcy_m is None
    assert Learner().said(now_cast(), HEARD, ())[1] is None


def test_a_long_gap_begins_the_history_anew_and_a_short_one_does_not() -> None:
    assert taught(60, gap=(20, 22)).series_m("W3", NOW_MS).size == 60
    assert taught(60, gap=(20, 30)).series_m("W3", NOW_MS).size == 20
    assert taught(60).series_m("W3", NOW_MS + 10 * HOUR_MS).size == 0


def test_misses_are_of_the_model_alone_and_of_wells_that_have_just_spoken() -> None:
    found = Learner()
    found.take(body(0.4, added_m=0.3), NOW_MS - HOUR_MS)
    found.take(body(9.0, age_s=7200.0), NOW_MS - HOUR_MS)
    assert found.series_m("W3", NOW_MS) == pytest.approx([0.4])


def test_the_past_comes_from_the_result_ledger(tmp_path: Path) -> None:
    store = ResultStore(sqlite_url(tmp_path / "results.sqlite"), tmp_path)
    for k, hours in enumerate((50, 2, 1)):
        row, files = now_cast_parcel(k, NOW_MS - hours * HOUR_MS)
        store.add_water(row, files)
    told = WaterNowOut.model_validate_json(json.dumps(row.payload()))
    assert told.learning is not None
    store.close()
    settings = Settings(data_dir=tmp_path)
    found = learner_of(settings)
    assert found.series_m("W1", NOW_MS).size == 2
    assert len(found.misses_m["W1"]) == 3
    assert learner_of(Settings(data_dir=tmp_path / "none")).misses_m == {}
