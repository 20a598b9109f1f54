"""The groundwater process: started where there is something to compute, started again when killed, ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.valley_park import valley_park
from twin.live import water_process
from twin.live.settings import Settings
from twin.live.water_process import WaterChild


def child_in(folder: Path, **told: object) -> WaterChild:
    return WaterChild(settings=Settings(data_dir=folder, **told), park=valley_park())


def until(true: Callable[[], bool], limit_s: float = 30.0) -> bool:
    end_s = time.monotonic() + limit_s
    while time.monotonic() < end_s:
        if true():
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WaterChild]:
    monkeypatch.setattr(water_process, "FIRST_PAUSE_S", 0.05)
    made = replace(child_in(tmp_path), _pause_s=0.05)
    yield made
    made.close()


def test_it_runs_comes_back_when_killed_and_ends(child: WaterChild) -> None:
    child.look()
    first = child.pid
    assert first is not None
    child.look()
    assert child.pid == first  # one is enough
    os.kill(first, signal.SIGKILL)
    assert until(lambda: child.pid is None)

    def again() -> bool:
        child.look()
        return child.pid is not None

    assert until(again)
    second = child.pid
    assert second not in (None, first)
    child.close()
    assert child.pid is None
    child.look()
    assert child.pid is None  # who has closed starts nothing


def test_pauses_grow_so_that_a_process_that_dies_at_once_costs_little(child: WaterChild) -> None:
    pauses = []
    for _ in range(3):
        assert until(lambda: child.look() or child.pid is not None)
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        assert until(lambda: child.pid is None)
        child.look()
        pauses.append(child._pause_s)
    assert pauses == [0.1, 0.2, 0.4]


def test_a_process_that_lived_long_comes_back_soon(
    child: WaterChild, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(water_process, "HEALTHY_S", 0.0)
    child._pause_s = 200.0
    child.look()
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    assert until(lambda: child.pid is None)
    child.look()
    assert child._pause_s == 0.1


def test_it_ends_with_its_parent_however_that_ends(tmp_path: Path) -> None:
    code = "import subprocess, sys, time; "
    code += "child = subprocess.Popen([sys.executable, '-m', 'twin.live.water_process']); "
    code += "print(child.pid, flush=True); time.sleep(60)"
    told = Settings(data_dir=tmp_path).to_environment()
    parent = subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, **told}, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert until(lambda: (tmp_path / "waterdesk" / "lock").exists())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert until(lambda: not Path(f"/proc/{pid}/cmdline").exists() or _is_dead(pid))


def _is_dead(pid: int) -> bool:
    return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text("utf-8")


@pytest.mark.parametrize("without", ["groundwater", "wells"])
def test_without_groundwater_nothing_is_started(tmp_path: Path, without: str) -> None:
    park = replace(valley_park(), **{without: None if without == "groundwater" else ()})
    child = WaterChild(settings=Settings(data_dir=tmp_path), park=park)
    child.look()
    assert child.pid is None


def test_it_may_be_switched_off(tmp_path: Path) -> None:
    child = child_in(tmp_path, water_twin="off")
    child.look()
    assert child.pid is None
