"""Whether this machine can draw pictures without a screen, found out in a child process.

VTK ends the whole process with a signal when no off-screen OpenGL library is there, so it must
never be tried in a process that matters.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass

TIME_LIMIT_S = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderProbe:
    """``works`` and what was found: the window class and VTK's version, or why it failed."""

    works: bool
    detail: str


def probe_rendering(time_limit_s: float = TIME_LIMIT_S) -> RenderProbe:
    """Draw a small picture in a child process and judge its pixels."""
    environment = dict(os.environ)
    environment.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
    command = [sys.executable, "-m", "twin.stage.draw_probe"]
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=time_limit_s, check=False
        )
    except subprocess.TimeoutExpired:
        return RenderProbe(works=False, detail=f"no picture within {time_limit_s:.0f} s")
    return _judge(done)


def _judge(done: subprocess.CompletedProcess[str]) -> RenderProbe:
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        return RenderProbe(
            works=False,
            detail=f"drawing ended with {name}; expected an off-screen OpenGL (libegl1, libgl1-mesa-dri)",
        )
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        return RenderProbe(works=False, detail=last[:300])
    found = json.loads(lines[-1])
    drawn = found["foreground"] > 0.05
    detail = f"{found['window']}, VTK {found['vtk']}"
    return RenderProbe(works=drawn, detail=detail if drawn else f"{detail}: the picture is empty")
