"""The second place of checkpoints: one line each, appended and synced, one file a month.

Only this copy shows that the end of the ledger was cut off, so it belongs on another disk or host.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from twin.core.errors import StoreError
from twin.store.checkpoints import Checkpoint, checkpoint_of

_TAIL_BYTES = 65_536
_PATTERN = "checkpoints-*.jsonl"


def append_copies(folder: Path, rows: Iterable[Checkpoint]) -> None:
    """Append checkpoints; returns when they are on the disk. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    by_file: dict[Path, list[str]] = {}
    for row in rows:
        month = datetime.fromtimestamp(row.time_ms / 1000, UTC).strftime("%Y-%m")
        line = json.dumps({"body": row.text, "signature": row.signature.hex()}, ensure_ascii=False)
        by_file.setdefault(folder / f"checkpoints-{month}.jsonl", []).append(line + "\n")
    for path, lines in by_file.items():
        with path.open("a+b") as out:
            # A line that a power cut tore must not swallow the next one.
            if out.seek(0, os.SEEK_END) and not _ends_a_line(path):
                out.write(b"\n")
            out.write("".join(lines).encode())
            out.flush()
            os.fsync(out.fileno())


def read_copies(folder: Path) -> Iterator[Checkpoint]:
    """All checkpoints of the copy, in the order of the files. Lines that are none are left out."""
    for path in sorted(folder.glob(_PATTERN)):
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                found = _checkpoint(line)
                if found is not None:
                    yield found


def newest_copy(folder: Path) -> Checkpoint | None:
    """The copy with the highest number, from the end of the newest file that has one."""
    for path in sorted(folder.glob(_PATTERN), reverse=True):
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
        found = [row for row in map(_checkpoint, lines) if row is not None]
        if found:
            return max(found, key=lambda row: row.seq)
    return None


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _checkpoint(line: str) -> Checkpoint | None:
    try:
        row = json.loads(line)
        return checkpoint_of(row["body"], bytes.fromhex(row["signature"]))
    except (ValueError, KeyError, TypeError, StoreError):
        return None
