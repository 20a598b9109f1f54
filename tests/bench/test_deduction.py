"""How well the deduction finds the hidden sources of the simulated park, which shares no code with it."""

import math

import numpy as np
import pytest

from gis.scene.find import scene_folder
from gis.scene.load import load_scene
from models.contract import solver
from sensors.simulated.engine import HiddenPark
from sensors.simulated.plan import SimulationPlan
from tests.support.air_park import MemoryRows
from twin.core.observation import Mark, Quality
from twin.live.deduce import deduce, detection_limit_kg_m3
from twin.live.state import read_state
from twin.live.worker import ground_of

pytestmark = pytest.mark.bench
START = 1_795_000_000_000
HOURS, EVERY_MS = 9, 1_200_000
EVENT_KG_S = {"hf": 3e-3, "nh3": 6e-2, "so2": 3e-3, "hcl": 6e-3}


class Watched(HiddenPark):
    """A hidden park whose readings are looked at before they become frames."""

    def _readings(self):
        self.seen = list(super()._readings())
        yield from self.seen


def lived(park, terrain, start_ms):
    """Rows and true rates (kg/s by substance and unit, per minute) of some hours."""
    passwords = {row.mn: "bench" for row in park.devices}
    hidden = Watched(
        SimulationPlan(park=park, ground=terrain, host="", port=1, passwords=passwords, start_ms=start_ms)
    )
    rows, truth = MemoryRows(), {}
    while hidden.time_ms < start_ms + HOURS * 3_600_000:
        hidden.advance()
        for reading in hidden.seen:
            quality = Quality.GOOD if reading.mark is Mark.NORMAL else Quality.NOT_MEASURING
            for name, value in reading.values.items():
                rows.add(f"{reading.device.sensor_id}/{name}", reading.time_ms, float(value), quality=quality)
        if hidden.time_ms % 60_000 == 0:
            found: dict[str, dict[str, float]] = {gas: {} for gas in hidden.substances}
            for outlet in hidden._outlets:
                for gas, rate in zip(hidden.substances, outlet.rate_kg_s, strict=True):
                    if rate > 0.0:
                        found[gas][outlet.unit_id] = found[gas].get(outlet.unit_id, 0.0) + float(rate)
            truth[hidden.time_ms] = found
    return rows, truth


@pytest.mark.parametrize("offset_h", [0, 14])
def test_deduction_against_the_hidden_truth(offset_h):
    scene = load_scene(scene_folder("qingliu"))
    park, terrain = scene.park, scene.terrain()
    ground, air = ground_of(park, terrain), solver("gaussian_puff")
    start = START + offset_h * 3_600_000
    rows, truth = lived(park, terrain, start)
    places = {row.id: (row.place.x_m, row.place.y_m) for row in park.units}
    events = near = exact = within = quiet = ghosts = 0
    first = start // EVERY_MS * EVERY_MS + 4 * EVERY_MS
    for at_ms in range(first, start + HOURS * 3_600_000, EVERY_MS):
        state = read_state(rows, park, at_ms)
        for gas, windows in state.beams.items():
            true = truth[at_ms // 60_000 * 60_000][gas]
            result = deduce(park, ground.site, state, gas, air)
            rates = {row.unit_id: row.rate_kg_s for row in result.sources}
            largest = max(true, key=true.__getitem__, default="")
            if true.get(largest, 0.0) > EVENT_KG_S[gas]:
                limit = detection_limit_kg_m3(windows)
                if (
                    max(float(row.conc_kg_m3[row.times_ms > at_ms - 1.5e6].max()) for row in windows)
                    < 10 * limit
                ):
                    continue
                best = max(rates, key=rates.__getitem__, default="")
                events += 1
                exact += best == largest
                near += best != "" and math.dist(places[best], places[largest]) < 350.0
                within += 1 / 3 < sum(rates.values()) / sum(true.values()) < 3
            else:
                quiet += 1
                ghosts += max(rates.values(), default=0.0) > EVENT_KG_S[gas] / 3
    print(
        f"start +{offset_h} h: events seen by a beam {events}: largest source found within 350 m {near}, "
        f"exact {exact}, sum of rates within a factor 3 {within}; quiet {quiet}, large ghosts {ghosts}"
    )
    assert np.isfinite(near)
