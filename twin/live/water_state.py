"""The ensemble across restarts: saved after every now-cast, taken back where scene and settings are the same.

``waterdesk/state.npz`` holds moments, parameters and each member's heads and concentrations, with a key of
all that they rest on. A file that is broken, of another scene or other settings is left aside with a note;
the ensemble is then fitted anew, as without one.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gis.terrain import Terrain
from models.water.assimilate.live import TwinState
from twin.core.clock import to_datetime
from twin.core.errors import ParkTwinError
from twin.core.groundwater import ConductivityTest
from twin.core.park import Park
from twin.live.water_box import FOLDER
from twin.live.water_model import SOLVER, Effort, WaterLive, water_live

NAME = "state.npz"
_VERSION = 2
_SECOND_MS = 1_000
_DAY_MS = 86_400_000
_ARRAYS = ("parameters", "head_m", "conc_kg_m3")
_MOMENTS = ("start_ms", "time_ms", "fitted_ms", "compared_ms")
_NEVER = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stored:
    """An ensemble as it was saved. ``start_ms`` of its history; ``compared_ms`` None: nothing compared."""

    start_ms: int
    fitted_ms: int
    compared_ms: int | None
    state: TwinState


def key_of(park: Park, terrain: Terrain, effort: Effort, *more: object) -> str:
    """Key of all that an ensemble rests on: scene, terrain, effort, way of computing, what else is given."""
    digest = hashlib.sha256()
    for part in _parts(park, effort):
        digest.update(repr(part).encode())
    digest.update(repr((terrain.x0_m, terrain.y0_m, terrain.step_m, more)).encode())
    digest.update(np.ascontiguousarray(terrain.heights_m).tobytes())
    return digest.hexdigest()


def _parts(park: Park, effort: Effort) -> Iterator[object]:
    yield _VERSION, SOLVER, effort, park.origin, park.extent, park.groundwater
    yield park.wells, park.boreholes, park.strata
    yield [(row.id, row.width_m, row.line.wkb_hex) for row in park.waters]
    yield [(row.id, row.outline.wkb_hex) for row in park.areas]


def save_state(data_dir: Path, key: str, live: WaterLive, fitted_ms: int, compared_ms: int | None) -> None:
    """Save the ensemble, whole or not at all. Raises OSError where the folder cannot be written."""
    state = live.twin.state()
    folder = data_dir / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob(f".{NAME}.*"):  # of a process that was killed while it wrote
        stale.unlink(missing_ok=True)
    draft = folder / f".{NAME}.{os.getpid()}"
    arrays: dict[str, npt.NDArray[Any]] = {name: getattr(state, name) for name in _ARRAYS}
    numbers = {
        "key": key,
        "start_ms": live.twin.setup.start_ms,
        "time_ms": state.time_ms,
        "fitted_ms": fitted_ms,
        "compared_ms": _NEVER if compared_ms is None else compared_ms,
        "local_sd_m": state.local_sd_m,
        "heard": np.array(sorted(state.heard), dtype=np.str_),
    }
    arrays |= {name: np.array(value) for name, value in numbers.items()}
    with draft.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / NAME)


def load_state(data_dir: Path, key: str) -> tuple[Stored | None, str]:
    """What was saved under a key; None and why (empty: nothing was)."""
    path = data_dir / FOLDER / NAME
    if not path.is_file():
        return None, ""
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            if str(file["key"]) != key:
                return None, "it is of another scene or other settings"
            start_ms, time_ms, fitted_ms, compared_ms = (int(file[name]) for name in _MOMENTS)
            local_sd_m = float(file["local_sd_m"])
            heard = frozenset(str(name) for name in file["heard"])
            arrays = {name: np.asarray(file[name], dtype=np.float64) for name in _ARRAYS}
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile) as error:
        return None, f"it cannot be read ({type(error).__name__})"
    if not np.isfinite(arrays["parameters"]).all() or not np.isfinite(local_sd_m):
        return None, "it holds numbers that are none"
    return (
        Stored(
            start_ms=start_ms,
            fitted_ms=fitted_ms,
            compared_ms=None if compared_ms == _NEVER else compared_ms,
            state=TwinState(
                time_ms=time_ms,
                parameters=arrays["parameters"],
                head_m=arrays["head_m"],
                conc_kg_m3=arrays["conc_kg_m3"],
                local_sd_m=local_sd_m,
                heard=heard,
            ),
        ),
        "",
    )


def restored(
    data_dir: Path,
    park: Park,
    terrain: Terrain,
    effort: Effort,
    tests: Sequence[ConductivityTest],
    at_ms: int,
) -> tuple[WaterLive | None, Stored | None, str]:
    """The twin as it was saved, with what else was; None and why (empty: nothing was saved).

    It stands a second before ``at_ms`` at the latest, so that its next step computes the flow. One that was
    fitted more than a day before ``at_ms``, or stands after it, is left aside.
    """
    stored, why = load_state(data_dir, key_of(park, terrain, effort, tuple(tests)))
    if stored is None or park.groundwater is None:
        return None, None, why
    if not (stored.state.time_ms <= at_ms < stored.fitted_ms + _DAY_MS):
        return None, None, "its moment does not fit that of the data"
    history_ms = round(1000 * park.groundwater.model.history_s)
    try:
        live = water_live(park, terrain, stored.start_ms + history_ms, effort, tests)
        live.twin.restore(replace(stored.state, time_ms=min(stored.state.time_ms, at_ms - _SECOND_MS)))
    except (ParkTwinError, ValueError) as error:  # arrays that do not fit the problem
        return None, None, str(error)
    moment = to_datetime(stored.state.time_ms)
    note = f"ensemble restored from {moment:%Y-%m-%dT%H:%M:%SZ}; masses moved count from then"
    return replace(live, notes=(*live.notes, note)), stored, ""
