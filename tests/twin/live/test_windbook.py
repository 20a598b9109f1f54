"""The wind library: built aside, read when it has come; until then the stations' wind, and a note."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.air.flow.library import build_library
from tests.support.air_park import air_site
from tests.support.leaking_park import memory_of, state_of
from twin.core.errors import SolverError
from twin.live import windbook
from twin.live.noted import NotedWind
from twin.live.state import State
from twin.live.windbook import NOT_YET, OFF, WindBook, library_of


@pytest.fixture(scope="module")
def state() -> State:
    return state_of(memory_of({}))


def book(folder: Path, **changes: object) -> WindBook:
    return WindBook(site=air_site(), data_dir=folder, scene="nowhere", **changes)


def test_without_building_it_says_so_and_starts_nothing(tmp_path: Path, state: State) -> None:
    own = book(tmp_path, build=False)
    own.look()
    wind = own.wind(state)
    assert OFF in wind.notes
    assert not own.ready
    assert list(tmp_path.iterdir()) == []


def test_a_library_that_is_there_is_used(tmp_path: Path, state: State) -> None:
    path = library_of(tmp_path, air_site())
    path.parent.mkdir()
    build_library(air_site()).save(path)
    own = book(tmp_path)
    assert NOT_YET in own.wind(state).notes
    own.look()
    assert own.ready
    wind = own.wind(state)
    assert NOT_YET not in wind.notes
    assert any(name.startswith("wind library") for name in wind.inputs)
    # Over a plain the library changes nothing: 3 m/s from the west at 10 m.
    u, v = wind.at(np.array([100.0]), np.array([50.0]), state.time_ms, np.array([10.0]))
    assert (float(u[0]), float(v[0])) == pytest.approx((3.0, 0.0), abs=0.1)


def test_a_build_that_fails_is_given_up_and_the_stations_go_on(
    tmp_path: Path, state: State, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(windbook.sys, "executable", "/bin/false")
    own = book(tmp_path)
    limit = time.monotonic() + 20.0
    while "was not built" not in caplog.text and time.monotonic() < limit:
        own.look()
        time.sleep(0.02)
    assert "was not built" in caplog.text
    assert OFF in own.wind(state).notes
    own.close()


def test_a_build_under_way_is_ended_with_the_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sleeper = tmp_path / "sleeper"
    sleeper.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(60)\n")
    sleeper.chmod(0o700)
    monkeypatch.setattr(windbook.sys, "executable", str(sleeper))
    own = book(tmp_path)
    own.look()
    own.close()
    assert own._child is not None
    assert own._child.poll() is not None


def test_a_file_that_is_no_library_is_not_used(
    tmp_path: Path, state: State, caplog: pytest.LogCaptureFixture
) -> None:
    path = library_of(tmp_path, air_site())
    path.parent.mkdir()
    path.write_bytes(b"not a library")
    own = book(tmp_path)
    own.look()
    assert "cannot be read" in caplog.text
    assert OFF in own.wind(state).notes


def test_without_wind_it_fails_as_the_stations_do(tmp_path: Path, state: State) -> None:
    with pytest.raises(SolverError):
        book(tmp_path).wind(replace(state, winds=()))


def test_a_noted_wind_is_the_wind_with_a_note(tmp_path: Path, state: State) -> None:
    noted = book(tmp_path, build=False).wind(state)
    assert isinstance(noted, NotedWind)
    own = noted.wind
    x = np.array([10.0, 20.0])
    times = np.array([state.time_ms - 60_000.0, float(state.time_ms)])
    assert np.allclose(noted.at(x, x, state.time_ms, x), own.at(x, x, state.time_ms, x))
    assert np.allclose(noted.at_times(x, x, times, x)[0][1], own.at(x, x, state.time_ms, x)[0][1])
    assert noted.air(state.time_ms) == own.air(state.time_ms)
    assert np.shape(noted.air_at(times).friction_velocity_m_s) in ((), (2,))
    assert (noted.origin, noted.inputs) == (own.origin, own.inputs)
