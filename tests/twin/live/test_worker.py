from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from gis.terrain import Terrain
from models.air.puff import GaussianPuff
from tests.support.air_park import DATUM_M, GROUND_M, MemoryRows, air_park, air_site
from twin.core.clock import FixedClock
from twin.core.errors import ServiceUnavailableError, SolverError, UnknownSolverError
from twin.core.origin import Origin
from twin.live.heads import head_grid
from twin.live.outlook import FILE
from twin.live.settings import Settings
from twin.live.worker import Ground, Worker, ground_of, run_worker, wait_for_ground
from twin.stage.encode import decode_grid, decode_plume
from twin.store.results import ResultReader, ResultStore
from twin.store.rows import AirKind

NOW = 1_795_000_200_000
TERRAIN = Terrain(np.full((41, 41), GROUND_M, dtype=np.float32), -2000.0, -2000.0, 100.0)


class Bench:
    """A worker with a result ledger in a folder, fed from memory."""

    def __init__(self, folder: Path, **changes: object) -> None:
        self.settings = Settings(data_dir=folder, plume_interval_s=10.0, **changes)
        self.rows = MemoryRows()
        park = air_park()
        ground = Ground(park=park, site=air_site(), grid=head_grid(park.extent, TERRAIN))
        self.store = ResultStore(self.settings.results, folder)
        self.reader = ResultReader(self.settings.results, folder)
        self.worker = Worker(
            settings=self.settings, ground=ground, air=GaussianPuff(), store=self.store, clock=FixedClock(NOW)
        )
        self.worker.resume(ResultReader(self.settings.results, folder))

    def close(self) -> None:
        self.reader.close()
        self.store.close()

    def live(self, start_ms: int, end_ms: int, step_ms: int = 60_000) -> None:
        times = range(start_ms, end_ms + 1, step_ms)
        self.rows.blow(times)
        self.rows.read(times, lambda beam, t: 0.0)


@pytest.fixture
def bench(tmp_path: Path):
    made = Bench(tmp_path)
    yield made
    made.close()


def test_an_empty_ledger_gives_nothing(bench: Bench):
    assert not bench.worker.turn(bench.rows)
    assert bench.reader.plumes(None, 0, 2**62) == ()
    assert bench.reader.beat() is not None


def test_a_frame_is_written_even_when_nothing_is_emitted(bench: Bench):
    bench.live(NOW - 1_800_000, NOW)
    assert bench.worker.turn(bench.rows)
    (row,) = bench.reader.plumes("hf", 0, 2**62)
    assert (row.time_ms, row.max_kg_m3, row.sources, row.solver) == (NOW, 0.0, (), "gaussian_puff")
    assert row.origin is Origin.SIMULATED
    assert "no plume" in row.notes
    assert any(name.startswith("B1/conc:hf@") for name in row.inputs)
    volume = decode_plume(bench.reader.plume_file(row.run, row.k).read_bytes())
    assert volume.conc_kg_m3.max() == 0.0
    assert volume.time_ms == NOW


def test_each_interval_gives_one_frame(bench: Bench):
    bench.live(NOW - 600_000, NOW)
    assert bench.worker.turn(bench.rows)
    assert not bench.worker.turn(bench.rows)
    bench.live(NOW + 10_000, NOW + 19_000, 1_000)
    assert bench.worker.turn(bench.rows)
    assert not bench.worker.turn(bench.rows)
    assert [row.time_ms for row in bench.reader.plumes("hf", 0, 2**62)] == [NOW, NOW + 10_000]
    assert [row.k for row in bench.reader.plumes("hf", 0, 2**62)] == [0, 2]  # 1: now-cast of the first


def test_behind_it_makes_the_present_first_and_the_past_afterwards(bench: Bench):
    bench.live(NOW - 600_000, NOW)
    while bench.worker.turn(bench.rows):
        pass
    bench.worker._due_wall_s.pop("plume")  # the worker was away
    bench.live(NOW + 60_000, NOW + 3_600_000)
    assert bench.worker.turn(bench.rows)
    assert bench.reader.plumes("hf", 0, 2**62)[-1].time_ms == NOW + 3_600_000
    assert len(bench.reader.plumes("hf", 0, 2**62)) == 2
    assert bench.worker.turn(bench.rows)
    (newest,) = bench.reader.newest_plumes()
    assert newest.time_ms == NOW + 3_600_000  # an older frame that comes later is not the newest
    assert len(bench.reader.plumes("hf", 0, 2**62)) == 3


def test_the_past_is_filled_in_every_five_minutes(bench: Bench):
    bench.live(NOW - 600_000, NOW)
    while bench.worker.turn(bench.rows):
        pass
    bench.live(NOW + 60_000, NOW + 1_800_000)
    while bench.worker.turn(bench.rows):
        pass
    times = np.array([row.time_ms for row in bench.reader.plumes("hf", 0, 2**62)])
    assert set(np.diff(times[1:-1])) == {300_000}
    assert np.diff(times).max() <= 300_000
    assert NOW + 1_800_000 - times[-1] < 300_000


def test_holes_of_a_run_that_ended_early_are_filled_by_the_next(tmp_path: Path):
    first = Bench(tmp_path)
    first.live(NOW - 600_000, NOW)
    first.worker.turn(first.rows)
    first.live(NOW + 60_000, NOW + 1_200_000)
    first.worker._due_wall_s.pop("plume")
    first.worker.turn(first.rows)
    rows = first.rows
    first.close()
    second = Bench(tmp_path)
    try:
        while second.worker.turn(rows):
            pass
        times = np.array([row.time_ms for row in second.reader.plumes("hf", 0, 2**62)])
        assert np.diff(times).max() <= 300_000
    finally:
        second.close()


def test_it_goes_on_where_it_left_off(tmp_path: Path):
    first = Bench(tmp_path)
    first.live(NOW - 600_000, NOW)
    first.worker.turn(first.rows)
    rows, run = first.rows, first.worker.run
    first.close()
    second = Bench(tmp_path)
    try:
        assert second.worker.plume_ms == NOW
        assert second.worker.run != run
        assert not second.worker.turn(rows)
        second.rows = rows
        second.live(NOW + 10_000, NOW + 10_000)
        assert second.worker.turn(rows)
        assert [row.time_ms for row in second.reader.plumes("hf", 0, 2**62)] == [NOW, NOW + 10_000]
    finally:
        second.close()


def test_water_table_of_the_wells(bench: Bench):
    bench.live(NOW - 60_000, NOW)
    for k, depth in enumerate((2.0, 3.0, 4.0, 5.0)):
        bench.rows.add(f"W{k}/water_level", NOW - 30_000, DATUM_M + GROUND_M - depth)
    bench.worker.turn(bench.rows)
    row = bench.reader.newest_water_table()
    assert row is not None
    assert row.origin is Origin.SIMULATED
    assert row.inputs == tuple(f"W{k}/water_level@{NOW - 30_000}" for k in range(4))
    grid = decode_grid(bench.reader.water_table_file(row.run, row.k).read_bytes())
    head = grid.bands[0]
    assert head.shape == (101, 101)
    assert np.isfinite(head).all()
    assert head.max() <= GROUND_M
    nearest = head[round((-900 - grid.y0_m) / grid.dy_m), round((-900 - grid.x0_m) / grid.dx_m)]
    assert nearest == pytest.approx(GROUND_M - 2.0, abs=0.1)


def test_water_tables_keep_their_own_interval(bench: Bench):
    bench.rows.add("W0/water_level", NOW, DATUM_M + GROUND_M - 2.0)
    bench.live(NOW, NOW)
    bench.worker.turn(bench.rows)
    bench.live(NOW + 60_000, NOW + 599_000, 1_000)
    bench.worker.turn(bench.rows)
    assert len(bench.reader.water_tables(0, 2**62)) == 1
    bench.live(NOW + 600_000, NOW + 1_200_000)
    bench.worker.turn(bench.rows)
    assert len(bench.reader.water_tables(0, 2**62)) == 2


def test_a_ledger_that_is_not_there_yet_is_waited_for(bench: Bench):
    class NotYet(MemoryRows):
        def newest(self, at_ms=None):
            msg = "no ledger"
            raise ServiceUnavailableError(msg)

    assert not bench.worker.turn(NotYet())


def test_a_solver_that_fails_stops_neither_the_worker_nor_other_substances(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    import twin.live.air_frames as module

    deduce = module.deduce

    def failing(park, site, state, substance, air, **named):
        if substance == "hf":
            msg = "it diverged"
            raise SolverError(msg)
        return deduce(park, site, state, substance, air, **named)

    monkeypatch.setattr(module, "deduce", failing)
    bench.live(NOW - 600_000, NOW)
    bench.rows.read(
        range(NOW - 600_000, NOW, 10_000), lambda beam, t: 1e-6 * (t > NOW - 90_000), substance="nh3"
    )
    with caplog.at_level(logging.WARNING):
        assert bench.worker.turn(bench.rows)
    assert "it diverged" in caplog.text
    assert [row.substance_id for row in bench.reader.plumes(None, 0, 2**62)] == ["nh3"]


def test_site_of_a_park():
    park = air_park(convergence_deg=0.4)
    site = ground_of(park, TERRAIN).site
    assert site.convergence_deg == 0.4
    assert site.longitude_deg == pytest.approx(117.0, abs=1e-6)
    assert site.latitude_deg == pytest.approx(26.2, abs=1e-3)
    assert site.ground_m(12.0, 34.0) == GROUND_M


def test_a_missing_scene_is_waited_for_until_stopped(tmp_path: Path):
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    assert wait_for_ground(Settings(scene=str(tmp_path / "none"), data_dir=tmp_path), stop) is None


def test_an_unknown_solver_is_refused_at_once(tmp_path: Path):
    with pytest.raises(UnknownSolverError):
        run_worker(Settings(scene=str(tmp_path), data_dir=tmp_path, plume_solver="no_such_row"))


def test_sigterm_ends_the_process_cleanly(tmp_path: Path):
    code = "import sys; from pathlib import Path; from twin.live.settings import Settings; "
    code += "from twin.live.worker import run_worker; "
    code += "run_worker(Settings(scene=sys.argv[1] + '/none', data_dir=Path(sys.argv[1])))"
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stderr=subprocess.PIPE, text=True)
    assert child.stderr is not None
    line = child.stderr.readline()
    assert "waiting for the scene" in line
    child.send_signal(signal.SIGTERM)
    _, rest = child.communicate(timeout=30)
    assert child.returncode == 0
    assert "worker has ended" in rest


def leak(bench: Bench, end_ms: int) -> None:
    """Half an hour in which two beams read a plume that the west wind brings from U1."""
    times = range(NOW - 1_800_000, end_ms + 1, 20_000)
    bench.rows.blow(times)
    bench.rows.read(times, lambda beam, t: 5e-8 if beam in ("B1", "B3") else 1e-9)
    bench.rows.read(times, lambda beam, t: 1e-9 * (1 + t // 20_000 % 2), substance="nh3")


def test_a_now_cast_of_every_gas_once_a_minute_and_a_forecast_of_the_plume(bench: Bench):
    leak(bench, NOW)
    bench.worker.turn(bench.rows)
    rows = bench.reader.air_rows(AirKind.NOW_CAST, None, 0, 2**62)
    assert {row.substance_id for row in rows} == {"hf", "nh3"}
    hf = next(row for row in rows if row.substance_id == "hf")
    assert hf.time_ms == NOW
    assert hf.origin is Origin.SIMULATED
    assert hf.url
    assert [row["sensor"] for row in hf.body["beams"]] == ["B1", "B2", "B3", "B4"]
    assert decode_plume(bench.reader.air_file(hf.run, hf.k).read_bytes()).time_ms == NOW
    (forecast,) = bench.reader.air_rows(AirKind.FORECAST, None, 0, 2**62)
    assert forecast.substance_id == "hf"
    assert forecast.body["forecast"] is True
    bench.live(NOW + 10_000, NOW + 19_000, 1_000)
    bench.worker.turn(bench.rows)
    assert len(bench.reader.air_rows(AirKind.NOW_CAST, None, 0, 2**62)) == 2


def test_a_worker_that_starts_anew_gives_what_the_old_one_would_have_given(tmp_path: Path):
    old, new = Bench(tmp_path / "old"), Bench(tmp_path / "new")
    try:
        leak(old, NOW)
        old.worker.turn(old.rows)
        for bench in (old, new):
            bench.rows = MemoryRows()
            leak(bench, NOW + 60_000)
            bench.worker.turn(bench.rows)
        one, two = (
            [
                row
                for row in b.reader.air_rows(AirKind.NOW_CAST, "hf", 0, 2**62)
                if row.time_ms == NOW + 60_000
            ]
            for b in (old, new)
        )
        assert one[0].body == two[0].body
        maps = (b.reader.air_file(row.run, row.k).read_bytes() for b, (row,) in ((old, one), (new, two)))
        assert next(maps) == next(maps)
    finally:
        old.close()
        new.close()


def test_a_broken_wind_forecast_is_named_and_stops_only_the_forecast(
    bench: Bench, caplog: pytest.LogCaptureFixture
):
    (bench.settings.data_dir / FILE).write_text("time_ms,wind_speed_m_s,wind_from_deg,sd_m_s\n1,fast,2,\n")
    leak(bench, NOW)
    with caplog.at_level(logging.WARNING):
        assert bench.worker.turn(bench.rows)
    assert "no forecast of hf" in caplog.text
    assert f"{FILE}, line 2" in caplog.text
    assert bench.reader.newest_air(AirKind.NOW_CAST)
    assert bench.reader.newest_air(AirKind.FORECAST) == ()
