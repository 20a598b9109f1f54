"""What a plume case says of its own numbers: limits that it breaks, places that the gas does not reach."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.air.case.plume_tables import Scene
from models.air.validity import steepest_slope
from models.contract import AirSolver
from models.limits import outside

_WIND_HEIGHT_M = 10.0


def receptor_notes(scene: Scene, solver: AirSolver | Any) -> tuple[str, ...]:
    """Notes of the receptors of a scene that a row of the solver table (or the steady plume) read."""
    if not scene.receptors:
        return ()
    return (*_beyond(scene, solver), *_unreached(scene, steady=solver.name == "steady_plume"))


def _beyond(scene: Scene, solver: AirSolver | Any) -> tuple[str, ...]:
    """The solver's own limits at the places that were asked."""
    places = np.concatenate([row.points_m[:, :2] for row in scene.receptors])
    away = [np.hypot(places[:, 0] - row.x_m, places[:, 1] - row.y_m) for row in scene.rows]
    values = {
        "wind_speed_m_s": _slowest_m_s(scene),
        "distance_m": float(np.max(away)),
    }
    if not scene.ground.flat:
        values["slope_ratio"] = steepest_slope(scene.ground.site, places[:, 0], places[:, 1])
    return tuple(row.note for row in outside(solver.limits, values))


def _slowest_m_s(scene: Scene) -> float:
    """Lowest wind over the releases, 10 m high, over the run."""
    x, y = (np.array([getattr(row, name) for row in scene.rows]) for name in ("x_m", "y_m"))
    window = scene.window
    times = {round(window.start_ms + part * (window.end_ms - window.start_ms)) for part in (0.0, 0.5, 1.0)}
    speeds = [np.hypot(*scene.wind.at(x, y, time, np.full(x.shape, _WIND_HEIGHT_M))) for time in times]
    return float(np.min(speeds))


def _unreached(scene: Scene, *, steady: bool) -> tuple[str, ...]:
    notes = []
    if not steady and any(scene.unread):
        notes.append(
            f"{_named(scene, scene.unread)} lie too far for a run of {scene.window.length_s / 3600.0:g} h at "
            f"{scene.air.wind_speed_m_s:g} m/s and have no number; expected run.duration_s"
        )
    if scene.case.run.duration_s is not None and any(scene.late):
        what = (
            "the steady plume is that after it has come there"
            if steady
            else "what comes there later does not count"
        )
        notes.append(
            f"{_named(scene, scene.late)} lie farther than the mean wind goes within run.duration_s "
            f"{scene.case.run.duration_s:g} s: {what}"
        )
    return tuple(notes)


def _named(scene: Scene, marked: tuple[bool, ...]) -> str:
    ids = [row.sensor_id for row, late in zip(scene.receptors, marked, strict=True) if late]
    return f"{len(ids)} receptors ({ids[0]}{' to ' + ids[-1] if len(ids) > 1 else ''})"
