"""The first law of the air room: wind FROM 270 degrees carries gas to the EAST.

Shown where it can go wrong: in the vector, in the solver's field, and in the frame that the worker stores
and a browser fetches. The API and the picture have the same test in their own rooms.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gis.terrain import Terrain
from models.air.puff import GaussianPuff
from models.air.wind import field_from_samples
from models.contract import solver, solver_names
from tests.support.air_park import GROUND_M, UNITS, MemoryRows, air_park, air_site
from twin.core.clock import FixedClock, Interval
from twin.core.geometry import Place
from twin.core.origin import Origin
from twin.core.park import Park
from twin.core.release import Release
from twin.core.wind import uv_from_direction
from twin.live.heads import head_grid
from twin.live.settings import Settings
from twin.live.state import read_state
from twin.live.worker import Ground, Worker
from twin.stage.encode import decode_plume
from twin.store.results import ResultReader, ResultStore

NOW = 1_795_000_200_000
HOUR = range(NOW - 3_600_000, NOW + 1, 10_000)
WINDOW = Interval(start_ms=NOW - 2_700_000, end_ms=NOW)
SIDES = pytest.mark.parametrize(
    ("from_deg", "east", "north"), [(270.0, 1, 0), (90.0, -1, 0), (0.0, 0, -1), (180.0, 0, 1)]
)


def leak() -> Release:
    unit = air_park().units[0]
    return Release(
        id=unit.id,
        substance_id="hf",
        place=unit.place,
        height_m=unit.height_m,
        rate_kg_s=2e-3,
        interval=WINDOW,
        origin=Origin.SIMULATED,
    )


def ringed_park() -> Park:
    """The trial park with its four beams as a square around the leak, 250 m away."""
    x, y = UNITS["U1"]
    corners = [
        (x + 250.0 * a, y + 250.0 * b, GROUND_M + 10.0) for a, b in ((1, 1), (1, -1), (-1, -1), (-1, 1))
    ]
    places = [Place(x_m=a, y_m=b, z_m=c) for a, b, c in corners]
    park = air_park()
    beams = [
        replace(beam, receiver=places[k], emitter=places[(k + 1) % 4]) for k, beam in enumerate(park.beams)
    ]
    return replace(park, beams=tuple(beams))


def offset(conc: np.ndarray, grid: object) -> tuple[float, float]:
    """Centroid of a field minus the place of the leak."""
    column = conc.sum(axis=0)
    x = grid.x_min_m + (np.arange(grid.nx) + 0.5) * grid.dx_m
    y = grid.y_min_m + (np.arange(grid.ny) + 0.5) * grid.dy_m
    total = column.sum()
    return (
        float((column.sum(axis=0) * x).sum() / total) - UNITS["U1"][0],
        float((column.sum(axis=1) * y).sum() / total) - UNITS["U1"][1],
    )


def blown(from_deg: float) -> MemoryRows:
    memory = MemoryRows()
    memory.blow(HOUR, speed_m_s=2.0, from_deg=from_deg)
    return memory


@SIDES
def test_in_the_vector(from_deg: float, east: int, north: int):
    assert uv_from_direction(2.0, from_deg) == pytest.approx((2.0 * east, 2.0 * north), abs=1e-12)


@SIDES
@pytest.mark.parametrize("name", solver_names())
def test_in_the_field_of_every_solver(name: str, from_deg: float, east: int, north: int):
    site = air_site()
    wind = field_from_samples(read_state(blown(from_deg), air_park(), NOW).winds, site)
    plume = solver(name).run(site, [leak()], wind, WINDOW)
    x, y = offset(plume.conc_kg_m3, plume.grid)
    assert x * east + y * north > 200.0
    assert abs(x * north + y * east) < 10.0


@SIDES
def test_in_the_frame_that_the_worker_stores(tmp_path: Path, from_deg: float, east: int, north: int):
    park, site, memory = ringed_park(), air_site(), blown(from_deg)
    wind = field_from_samples(read_state(memory, park, NOW).winds, site)
    times = list(range(WINDOW.start_ms, NOW + 1, 60_000))
    receptors = [beam.receptor() for beam in park.beams]
    matrix = GaussianPuff().beam_matrix(site, [leak()], wind, WINDOW, receptors, times)[:, :, 0]
    assert matrix.max() > 1e-8, "the trial beams must see this leak in this wind"
    names = [beam.id for beam in park.beams]
    memory.read(
        range(WINDOW.start_ms, NOW + 1, 10_000),
        lambda beam, t: float(np.interp(t, times, matrix[:, names.index(beam)])),
    )
    settings = Settings(data_dir=tmp_path)
    store = ResultStore(settings.results, tmp_path)
    reader = ResultReader(settings.results, tmp_path)
    terrain = Terrain(np.full((41, 41), GROUND_M, dtype=np.float32), -2000.0, -2000.0, 100.0)
    ground = Ground(park=park, site=site, grid=head_grid(park.extent, terrain))
    try:
        worker = Worker(
            settings=settings, ground=ground, air=GaussianPuff(), store=store, clock=FixedClock(NOW)
        )
        worker.resume(reader)
        assert worker.turn(memory)
        (row,) = reader.newest_plumes()
        assert [source.unit_id for source in row.sources] == ["U1"]
        assert row.max_kg_m3 > 0.0
        volume = decode_plume(reader.plume_file(row.run, row.k).read_bytes())
        x, y = offset(volume.conc_kg_m3, volume.grid)
    finally:
        reader.close()
        store.close()
    assert x * east + y * north > 150.0
    assert abs(x * north + y * east) < 20.0
