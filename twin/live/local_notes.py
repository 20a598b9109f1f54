"""Acts of commands that are run beside ingest (exports, backups): notes that ingest writes down.

A note is a file in ``notes`` in ``data_dir``; ingest takes it within some seconds, or at its next start, and
it becomes an act ``local.<kind>`` of ``os:<user>``.
"""

from __future__ import annotations

import getpass
import json
import logging
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from twin.core.errors import StoreError
from twin.store.acts import Act, canonical

_log = logging.getLogger(__name__)
FOLDER = "notes"
_AT_ONCE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalNote:
    """A note that was left, and the file in which it lies."""

    act: Act
    file: Path


def leave_note(data_dir: Path, kind: str, body: Mapping[str, object]) -> None:
    """Leave a note of something that was done, for example ``evidence_exported``.

    Raises StoreError for a body that JSON cannot say, OSError when it cannot be written.
    """
    folder = data_dir / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    time_ms = time.time_ns() // 1_000_000
    text = canonical({"kind": kind, "time_ms": time_ms, "user": _user(), "body": dict(body)})
    draft = folder / f".{secrets.token_hex(8)}"
    draft.write_text(text, encoding="utf-8")
    draft.replace(folder / f"{time_ms}-{secrets.token_hex(4)}.json")


def note_deed(data_dir: Path, kind: str, body: Mapping[str, object]) -> None:
    """Leave a note of something that is done already: one that cannot be left is logged."""
    try:
        leave_note(data_dir, kind, body)
    except (OSError, StoreError) as error:
        _log.error("no note of %s could be left: %s", kind, error)


def waiting_notes(data_dir: Path) -> list[LocalNote]:
    """Notes that wait, oldest first; a file that is none is put aside as ``.bad``."""
    found = []
    for file in sorted((data_dir / FOLDER).glob("*.json"))[:_AT_ONCE]:
        try:
            row = json.loads(file.read_text("utf-8"))
            act = Act(
                kind=f"local.{row['kind']}",
                actor=f"os:{row['user']}",
                time_ms=int(row["time_ms"]),
                body=dict(row["body"]),
            )
            canonical(act.body)
        except (OSError, ValueError, KeyError, TypeError, StoreError) as error:
            put_aside(file, str(error))
            continue
        found.append(LocalNote(act=act, file=file))
    return found


def put_aside(file: Path, why: str) -> None:
    """A note that cannot become an act."""
    _log.error("note %s cannot be written down: %s", file.name, why)
    file.replace(file.with_suffix(".bad"))


def _user() -> str:
    try:
        return getpass.getuser()[:32]
    except (KeyError, OSError):
        return "unknown"
