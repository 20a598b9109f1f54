"""What the air room costs: one cycle of the now-cast on the demonstration park, and Prairie Grass."""

import math
import time

import numpy as np
import pytest

from gis.scene.find import scene_folder
from gis.scene.load import load_scene
from models.air.puff import GaussianPuff
from models.air.wind import field_from_samples
from tests.support.air_data import prairie_grass as prairie
from tests.support.air_park import MemoryRows
from twin.core.clock import Interval
from twin.core.origin import Origin
from twin.core.release import Release
from twin.live.deduce import deduce
from twin.live.state import read_state
from twin.live.worker import ground_of
from twin.stage.encode import encode_plume

pytestmark = pytest.mark.bench
NOW = 1_795_000_200_000
HOUR = range(NOW - 3_600_000, NOW + 1, 10_000)


def cpu_s(work, *arguments, **options):
    started = time.process_time()
    result = work(*arguments, **options)
    return result, time.process_time() - started


def test_cycle_of_the_now_cast():
    """20 beams, 4 stations, 38 candidate units, 45 minutes, readings every 10 s."""
    scene = load_scene(scene_folder("qingliu"))
    park, terrain = scene.park, scene.terrain()
    ground = ground_of(park, terrain)
    rows, rng = MemoryRows(), np.random.default_rng(0)
    for station in park.stations:
        for t in HOUR:
            rows.add(f"{station.weather.id}/wind_speed", t, abs(2.5 + 0.3 * rng.standard_normal()))
            rows.add(f"{station.weather.id}/wind_from", t, (270.0 + 8.0 * rng.standard_normal()) % 360.0)
    unit = next(row for row in park.units if row.id == "D1A-WW")
    window = Interval(start_ms=HOUR.start, end_ms=NOW)
    leak = Release(
        id=unit.id,
        substance_id="hf",
        place=unit.place,
        height_m=unit.height_m,
        rate_kg_s=1e-3,
        interval=window,
        origin=Origin.SIMULATED,
    )
    wind = field_from_samples(read_state(rows, park, NOW).winds, ground.site)
    times = list(range(HOUR.start, NOW + 1, 60_000))
    receptors = [beam.receptor() for beam in park.beams]
    truth = GaussianPuff().beam_matrix(ground.site, [leak], wind, window, receptors, times)[:, :, 0]
    for k, beam in enumerate(park.beams):
        for t in HOUR:
            read = float(np.interp(t, times, truth[:, k])) + 5e-9 * rng.standard_normal()
            rows.add(f"{beam.id}/conc:hf", t, max(0.0, read))
    state = read_state(rows, park, NOW)
    solver = GaussianPuff()
    deduce(park, ground.site, state, "hf", solver)
    for run in range(3):
        result, spent = cpu_s(deduce, park, ground.site, state, "hf", solver)
        body, packing = cpu_s(encode_plume, result.plume)
        grid = result.plume.grid
        print(
            f"run {run}: wind + matrix + fit + field {spent:.2f} CPU-s, encoding {1e3 * packing:.1f} ms; "
            f"{grid.nx}x{grid.ny}x{grid.nz} cells of {grid.dx_m:g} m, {len(body) / 1e3:.0f} kB"
        )
    for row in result.sources:
        print(f"  {row.unit_id}: {row.rate_kg_s:.2e} kg/s ({row.low_kg_s:.2e} to {row.high_kg_s:.2e})")


def test_prairie_grass_scores():
    """All arcs with meteorology, by the step of the streaklines and the spread at birth."""
    if not prairie.ARCS.exists():
        pytest.skip("reference data of Prairie Grass is not here")
    rows = prairie.runs()
    observed = prairie.observed(rows)
    for sigma_m, step_s in ((0.1, 2.0), (0.1, 10.0), (0.1, 30.0), (1.0, 30.0)):
        model = prairie.puffs(rows, sigma_start_m=sigma_m, step_s=step_s)
        for name, column in (("arc maximum", 0), ("crosswind integral", 1)):
            found = prairie.scores(observed[:, column], model[:, column])
            text = ", ".join(f"{key.upper()} {value:.2f}" for key, value in found.items())
            print(f"sigma {sigma_m} m, step {step_s:g} s, {name}: {text}")
    assert math.isfinite(found["vg"])
