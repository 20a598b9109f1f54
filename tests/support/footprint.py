"""What live measurements look like in a ledger, so that a test can say that nobody laid a hand on them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin.store.reader import LedgerReader
from twin.store.rows import Step, StoredVersion

Row = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """Raw frames byte by byte, and the first version of every value of the measured series."""

    frames: tuple[Row, ...]
    firsts: dict[tuple[str, int, int], StoredVersion]
    measured: frozenset[str]
    shown: dict[str, Row]

    @classmethod
    def of(cls, file: Path, reader: LedgerReader, mns: Iterable[str], keys: Iterable[str]) -> Footprint:
        """Footprint of an SQLite ledger; ``mns`` are its live measuring devices, ``keys`` their series."""
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            frames = tuple(connection.execute("SELECT * FROM raw_frame ORDER BY seq"))
        firsts = {}
        for key in keys:
            for row in reader.series(key, 0, 2**53, 100_000):
                first = reader.versions(key, row.time_ms, row.interval_ms)[0]
                firsts[key, row.time_ms, row.interval_ms] = first
        known = frozenset(mns)
        newest = {row.series_key: row for row in reader.state().values}
        shown: dict[str, Row] = {
            key: (newest.get(key), *(reader.rollup(key, step, 0, 2**53) for step in Step))
            for key in dict.fromkeys(key for key, _, _ in firsts)
        }
        shown |= {row.mn: (row,) for row in reader.devices() if row.mn in known}
        return cls(frames=frames, firsts=firsts, measured=known, shown=shown)

    def shown_differences(self, after: Footprint, *, decided: frozenset[str] = frozenset()) -> list[str]:
        """Whose newest value, roll-ups or state changed, without the series that people decided about."""
        return [
            f"newest, roll-ups or state of {key} changed"
            for key, row in self.shown.items()
            if key not in decided and after.shown.get(key) != row
        ]

    def differences(self, after: Footprint) -> list[str]:
        """What somebody has done to measurements between this and ``after``; empty: nothing."""
        found = []
        if after.frames[: len(self.frames)] != self.frames:
            found.append("raw frames were changed or removed")
        made = [row for row in after.frames[len(self.frames) :] if self.measured & set(map(str, row))]
        if made:
            found.append(f"frames were made up for a measuring device: {made[0][:6]}")
        for place, version in self.firsts.items():
            if after.firsts.get(place) != version:
                found.append(f"first version of {place} was changed or is gone")
        if more := set(after.firsts) - set(self.firsts):
            found.append(f"values were made up: {sorted(more)[:3]}")
        return found
