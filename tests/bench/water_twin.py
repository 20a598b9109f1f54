"""``python -m tests.bench.water_twin``: CPU-seconds of the groundwater twin on the demonstration park.

One live update is what the groundwater process does every half hour: every member advanced, corrected by the
wells' readings, and the now-cast (fronts at five leads up to a year, targets, maps, flow lines). The fit to
the history, once a day, is told beside it, with and without the wells left out in turn.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from gis.scene.find import scene_folder
from gis.scene.load import load_scene
from sensors.simulated.wells import Groundwater
from tests.validation.water_park import DAY_MS, MONTHS, NOW_MS, heard
from twin.live.water_model import Effort, water_live

UPDATE_MS = 1_800_000


def main() -> None:
    """Print what each part takes."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--members", type=int, default=24)
    arguments.add_argument("--steps", type=int, default=4)
    arguments.add_argument("--folds", type=int, default=4)
    arguments.add_argument("--updates", type=int, default=2)
    given = arguments.parse_args()
    scene = load_scene(scene_folder("qingliu"))
    terrain = scene.terrain()
    truth = Groundwater(scene.park, 1, terrain)
    live = water_live(
        scene.park, terrain, NOW_MS, Effort(members=given.members, steps=given.steps, folds=given.folds)
    )
    assert truth.hidden is not None
    wells = sorted({row.name for row in live.twin.setup.wells} & set(truth.hidden.wells))
    rng = np.random.default_rng(1)
    months = [NOW_MS - k * 30 * DAY_MS for k in range(MONTHS, 0, -1)]
    past = heard(live, truth, wells, rng, months)
    print(f"{int(live.built.grid.active.sum())} cells, {given.members} members, {len(wells)} wells")
    if given.folds > 1:
        _timed("wells left out in turn", lambda: live.twin.cross(past))
    _timed(
        f"fit to a year in {given.steps} steps, {given.folds} folds",
        lambda: live.twin.calibrate(past, until_ms=NOW_MS),
    )
    _timed("first now-cast, steady flow of the outlook with it", live.twin.nowcast)
    for number in range(given.updates):
        at_ms = NOW_MS + (number + 1) * UPDATE_MS
        now = heard(live, truth, wells, rng, [at_ms])
        parts = [
            _timed("advance half an hour", lambda at_ms=at_ms: live.twin.advance(at_ms)),
            _timed("assimilate", lambda now=now: live.twin.assimilate(now)),
            _timed("now-cast to 365 days", live.twin.nowcast),
        ]
        print(f"one live update: {sum(parts):.2f} CPU-s")


def _timed(what: str, act: Callable[[], object]) -> float:
    started = time.process_time()
    act()
    spent = time.process_time() - started
    print(f"{what}: {spent:.2f} CPU-s")
    return spent


if __name__ == "__main__":
    main()
