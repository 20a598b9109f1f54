"""A steady west wind over a park, and what its beams read of one tank farm that leaks HF."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from gis.scene.load import Scene
from gis.terrain import Terrain
from tests.support.scripted_logger import Said
from twin.core.beam import Beam
from twin.core.park import ProcessUnit

WIND_M_S, RATE_KG_S, SOURCE = 3.0, 0.02, "D2A-TF"


def utterances(scene: Scene, times_ms: Iterable[int]) -> Iterator[Said]:
    """What every weather set and every beam says at the times."""
    unit = next(row for row in scene.park.units if row.id == SOURCE)
    terrain = scene.terrain()
    conc = {beam.id: path_average(beam, unit, terrain) for beam in scene.park.beams}
    assert max(conc.values()) > 1e-6
    weather = {"wind_speed": WIND_M_S, "wind_from": 270.0, "air_temperature": 293.15}
    for time_ms in times_ms:
        for station in scene.park.stations:
            if station.weather is not None:
                yield Said(sensor_id=station.weather.id, time_ms=time_ms, values=weather)
        for beam in scene.park.beams:
            yield Said(sensor_id=beam.id, time_ms=time_ms, values={"conc:hf": conc[beam.id]})


def path_average(beam: Beam, unit: ProcessUnit, terrain: Terrain) -> float:
    """Steady Gaussian plume to the east, averaged over the beam, kg/m3.

    Briggs rural D, as printed in Hanna, Briggs and Hosker (1982), table 4.5; a second opinion that shares no
    code with the solver.
    """
    along = (np.arange(200) + 0.5) / 200
    start, end = beam.receiver.array(), beam.emitter.array()
    x, y, z = (start + along[:, None] * (end - start)).T
    above = z - terrain.height(x, y)
    down = np.maximum(x - unit.place.x_m, 1e-3)
    sigma_y = 0.08 * down / np.sqrt(1 + 1e-4 * down)
    sigma_z = 0.06 * down / np.sqrt(1 + 1.5e-3 * down)
    across = np.exp(-0.5 * ((y - unit.place.y_m) / sigma_y) ** 2)
    up = sum(np.exp(-0.5 * ((above + side * unit.height_m) / sigma_z) ** 2) for side in (-1, 1))
    conc = RATE_KG_S / (2 * np.pi * WIND_M_S * sigma_y * sigma_z) * across * up
    return float(np.where(x > unit.place.x_m + 5.0, conc, 0.0).mean())
