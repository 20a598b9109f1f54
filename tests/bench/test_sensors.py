"""Figures of the sensors room: reading lines, noise, the hidden-truth park at 600x (docs/sensors.md)."""

from __future__ import annotations

import random
import time

import pytest

from gis.scene.find import scene_folder
from gis.scene.load import load_scene
from sensors.contract import LineLimits
from sensors.hj212 import codec
from sensors.hj212.frame import Framer, Segment, frame
from sensors.hj212.session import LineSession
from sensors.simulated.engine import HiddenPark
from sensors.simulated.plan import SimulationPlan
from tests.sensors.line_doubles import OpenRegistry, upload

pytestmark = pytest.mark.bench
SIMULATED_S = 7200
FASTEST = 600.0


def twelve_factors() -> bytes:
    rows = [[(f"a210{k:02d}-Rtd", "0.0312"), (f"a210{k:02d}-Flag", "N")] for k in range(12)]
    groups = [[("DataTime", "20261122101500")], *rows]
    mn = "350423DE000000000001B001"
    qn = "20261122101500001"
    return frame(codec.build(qn=qn, st="31", cn="2011", pw="123456", mn=mn, flag=5, groups=groups))


def test_reading_lines():
    whole = twelve_factors()
    session = LineSession("bench", OpenRegistry(), LineLimits())
    start = time.process_time()
    for _ in range(10):
        session.read(whole * 1000, 0)
    spent = time.process_time() - start
    print(f"\nframes of {len(whole)} bytes read, parsed, answer worded: {10_000 / spent:,.0f} a CPU second")


def test_mutated_frames_that_the_sum_lets_pass():
    dice = random.Random(212)
    framer = Framer()
    passed = 0
    for k in range(50_000):
        good = upload(qn=k % 900)
        bad = bytearray(good)
        for _ in range(3):
            bad[dice.randrange(6, len(bad) - 6)] = dice.choice(b"0123456789")
        pieces = framer.feed(bytes(bad), 0)
        passed += sum(isinstance(row, Segment) and row.data != good[6:-6] for row in pieces)
    print(f"\nof 50,000 frames with three digits changed {passed} pass the check sum ({passed / 500:.2f} %)")


def test_hidden_truth_park_at_600x():
    scene = load_scene(scene_folder("qingliu"))
    plan = SimulationPlan(
        park=scene.park,
        ground=scene.terrain(),
        host="127.0.0.1",
        port=1,
        passwords={},
        start_ms=1_795_300_000_000,
        speed=FASTEST,
    )
    hidden = HiddenPark(plan)
    start = time.process_time()
    frames = sum(len(hidden.advance()) for _ in range(SIMULATED_S * 1000 // hidden.step_ms))
    spent = time.process_time() - start
    share = spent / (SIMULATED_S / FASTEST)
    per_s = frames / SIMULATED_S * FASTEST
    print(
        f"\n600x: {per_s:,.0f} frames a second for {share:.0%} of one core, {hidden.puffs} puffs at the end"
    )
