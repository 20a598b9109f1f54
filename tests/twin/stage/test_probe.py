"""The rendering probe survives whatever drawing does to its process."""

import signal
import subprocess

import pytest

from twin.stage import probe


def done(returncode, stdout="", stderr=""):
    return subprocess.CompletedProcess([], returncode, stdout, stderr)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (done(-signal.SIGSEGV), "SIGSEGV"),
        (done(1, stderr="Traceback\nModuleNotFoundError: No module named 'pyvista'"), "pyvista"),
        (done(0), "no output"),
        (done(0, '{"foreground": 0.0, "window": "W", "vtk": "9"}'), "empty"),
    ],
)
def test_a_failure_is_said(monkeypatch, result, words):
    monkeypatch.setattr(probe.subprocess, "run", lambda *_, **__: result)
    found = probe.probe_rendering()
    assert not found.works
    assert words in found.detail


def test_a_hang_is_said(monkeypatch):
    def hang(*_, **__):
        raise subprocess.TimeoutExpired("draw", 1)

    monkeypatch.setattr(probe.subprocess, "run", hang)
    assert "within 1 s" in probe.probe_rendering(1.0).detail


@pytest.mark.slow
def test_this_machine_is_judged_without_dying():
    found = probe.probe_rendering()
    assert found.detail
