"""Folders between the groundwater process and the rest: questions in, results out.

``waterdesk/questions/<id>.json`` are what people ask (written by ingest's desk, taken by the groundwater
process); ``waterdesk/underway/<id>.json`` is the one being computed, so that a question that ends the process
is not asked again; ``waterdesk/out/<number>/`` are results that wait for the model worker, the only writer of
results. A full outbox loses old now-casts, never a warning.
Everything appears whole or not at all: written beside, synced, renamed. A result carries its own run and
number, so one that is taken twice is stored once.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twin.core.clock import SystemClock
from twin.core.errors import TooManyError
from twin.core.origin import Origin
from twin.live.water_question import WhatIf
from twin.store.rows import WaterKind, WaterRow

_log = logging.getLogger(__name__)
FOLDER = "waterdesk"
QUESTIONS_MAX = 8
PARCELS_MAX = 32
EVENTS_MAX = 512  # of all that waits; what finds no room is said again by the next now-cast
K_MAX, TIME_MAX_MS = 2**31 - 1, 2**53
_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ROW = "row.json"
_PART = ".part"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What somebody wants to know, as the verb ``water.whatif`` took it."""

    id: str
    body: WhatIf


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A result on its way to the worker."""

    row: WaterRow
    files: Mapping[str, bytes] = field(default_factory=dict)


def ask(data_dir: Path, body: Mapping[str, Any]) -> tuple[str, int]:
    """Put a question into the queue: its id, and how many are before it. Raises TooManyError when full."""
    folder = data_dir / FOLDER / "questions"
    folder.mkdir(parents=True, exist_ok=True)
    ahead = len(list(folder.glob("*.json"))) + len(list(_underway(data_dir).glob("*.json")))
    if ahead >= QUESTIONS_MAX:
        raise TooManyError(
            f"{ahead} questions wait for the groundwater process; expected fewer than {QUESTIONS_MAX}",
            message_zh=f"地下水推演队列已有 {ahead} 个问题；应少于 {QUESTIONS_MAX} 个",
            field="water.whatif",
            value=ahead,
        )
    name = f"{SystemClock().now_ms():013d}-{secrets.token_hex(3)}"
    _write_whole(folder / f"{name}.json", _json(body))
    return name, ahead


def next_question(data_dir: Path) -> Question | None:
    """The oldest question, which is under way from now on; one that cannot be read is dropped with a word."""
    folder = data_dir / FOLDER / "questions"
    for path in sorted(folder.glob("*.json")):
        question = _read_question(path)
        if question is None:
            continue
        _underway(data_dir).mkdir(parents=True, exist_ok=True)
        path.replace(_underway(data_dir) / path.name)
        return question
    return None


def unanswered(data_dir: Path) -> tuple[str, ...]:
    """Questions under way when the process ended; only for who computes none at the moment."""
    return tuple(sorted(path.stem for path in _underway(data_dir).glob("*.json")))


def answered(data_dir: Path, question_id: str) -> None:
    """Forget a question that was under way."""
    (_underway(data_dir) / f"{question_id}.json").unlink(missing_ok=True)


def _underway(data_dir: Path) -> Path:
    return data_dir / FOLDER / "underway"


def _read_question(path: Path) -> Question | None:
    try:
        return Question(id=path.stem, body=WhatIf.model_validate_json(path.read_bytes()))
    except (OSError, ValueError) as error:  # a ValidationError is a ValueError
        _log.warning("question %s cannot be read: %s", path.name, error)
        path.unlink(missing_ok=True)
        return None


def send(data_dir: Path, parcel: Parcel) -> bool:
    """Lay a result out for the worker; whether there was room.

    Where too many wait already (the worker is not running) the oldest now-casts make room.
    """
    out = data_dir / FOLDER / "out"
    out.mkdir(parents=True, exist_ok=True)
    for stale in out.glob(f"*{_PART}"):  # of a process that was killed while it wrote
        shutil.rmtree(stale, ignore_errors=True)
    row = parcel.row
    most = EVENTS_MAX if row.kind is WaterKind.EVENT else PARCELS_MAX
    full = len(list(out.iterdir())) >= PARCELS_MAX and not _made_room(data_dir)
    if full and len(list(out.iterdir())) >= most:
        return False
    draft = out / f"{row.run}.{row.k:06d}{_PART}"
    draft.mkdir()
    for name, body in parcel.files.items():
        _write_whole(draft / name, body)
    _write_whole(draft / _ROW, _json(_told(row)))
    draft.replace(out / f"{row.run}.{row.k:06d}")
    return True


def _made_room(data_dir: Path) -> bool:
    """Drop the oldest now-cast that waits; whether there was one."""
    for path in waiting(data_dir):
        try:
            told = json.loads((path / _ROW).read_text("utf-8"))
            if told["kind"] != WaterKind.NOW_CAST.value:
                continue
            gone = path.with_name(path.name + _PART)
            path.replace(gone)  # at once, so that nobody reads half of it
        except (OSError, ValueError, KeyError, TypeError):
            continue
        shutil.rmtree(gone, ignore_errors=True)
        _log.warning("the worker takes no results of the groundwater; %s is left out", path.name)
        return True
    return False


def waiting(data_dir: Path) -> tuple[Path, ...]:
    """Results that lie there, oldest first."""
    out = data_dir / FOLDER / "out"
    if not out.is_dir():
        return ()
    return tuple(sorted(path for path in out.iterdir() if path.suffix != _PART))


def read_parcel(path: Path) -> Parcel | None:
    """A result that lies there, None (and it is gone) when it cannot be read."""
    try:
        row = _row(json.loads((path / _ROW).read_text("utf-8")))
        files = {
            one.name: one.read_bytes() for one in sorted(path.iterdir()) if one.name != _ROW and one.is_file()
        }
    except (OSError, ValueError, KeyError, TypeError, OverflowError) as error:
        _log.warning("groundwater result %s cannot be read: %s", path.name, error)
        discard(path)
        return None
    return Parcel(row=row, files=files)


def discard(path: Path) -> None:
    """Remove a result that was stored."""
    shutil.rmtree(path, ignore_errors=True)
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def _told(row: WaterRow) -> dict[str, Any]:
    return {
        "run": row.run,
        "k": row.k,
        "kind": row.kind.value,
        "time_ms": row.time_ms,
        "origin": row.origin.value,
        "solver": row.solver,
        "exercise": row.exercise,
        "body": row.body,
    }


def _row(told: Mapping[str, Any]) -> WaterRow:
    run, k, time_ms = str(told["run"]), int(told["k"]), int(told["time_ms"])
    if not (_RUN.fullmatch(run) and 0 <= k <= K_MAX and 0 <= time_ms <= TIME_MAX_MS):
        msg = f"run {run[:80]!r}, k {k:.6g}, time {time_ms:.6g}; expected a name and numbers of this process"
        raise ValueError(msg)
    return WaterRow(
        run=run,
        k=k,
        kind=WaterKind(told["kind"]),
        time_ms=time_ms,
        origin=Origin(told["origin"]),
        solver=str(told["solver"])[:200],
        exercise=told["exercise"] is not False,  # what is unclear is no park's state
        body=dict(told["body"]),
    )


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _write_whole(path: Path, body: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
