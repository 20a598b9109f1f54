"""What ingest writes about itself: starts, stops, recoveries, and what is set otherwise than before.

Settings, devices and people are compared with the newest act about them, so that a change made while
ingest was not running is told by the next start (seed 002, 5.7.3: logs of operation and of key parameters).
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from twin.core.clock import Clock
from twin.core.device import Device
from twin.core.errors import SettingsError, StoreError
from twin.live.local_notes import put_aside, waiting_notes
from twin.live.operators import OPERATORS_FILE, SYSTEM, Operator, read_operators
from twin.live.settings import Settings
from twin.live.sink import LedgerSink
from twin.store.acts import Act, ActDeed, canonical
from twin.store.acts_reader import newest_act, newest_by
from twin.store.reader import LedgerReader

STARTED, STOPPED, RECOVERED = "ingest.started", "ingest.stopped", "ingest.recovered"
SETTINGS, DEVICE, OPERATORS = "settings.changed", "device.changed", "operators.changed"
_HIDDEN = "***"
_SECRET = re.compile(r"password|passphrase|secret|token|_key$")
_LOGIN = re.compile(r"(?<=://)[^/@]*:[^/@]*(?=@)")


class Diary:
    """Writes acts of the house itself."""

    def __init__(self, *, sink: LedgerSink, reader: LedgerReader, clock: Clock) -> None:
        self._sink = sink
        self._reader = reader
        self._clock = clock

    async def open(self, settings: Settings, devices: Iterable[Device]) -> None:
        """At a start: that it started, whether the last run ended well, and what is set otherwise."""
        known = await asyncio.to_thread(self._known)
        notes: list[tuple[str, Mapping[str, object]]] = []
        if known[STARTED] > known[STOPPED]:
            notes.append((RECOVERED, {"started_seq": known[STARTED]}))
        notes.append((STARTED, {"pid": os.getpid()}))
        notes += _settings_note(told_settings(settings), known[SETTINGS])
        notes += _device_notes(devices, known[DEVICE])
        # All at once, so that they go into one transaction.
        await asyncio.gather(*(self.note(kind, body) for kind, body in notes))

    async def close(self) -> None:
        """At the end of a run that ends as it should."""
        await self.note(STOPPED, {"pid": os.getpid()})

    async def note_operators(self, data_dir: Path) -> None:
        """An act when other people may act than the newest act about them says."""
        body = await asyncio.to_thread(self._operators, data_dir / OPERATORS_FILE)
        if body is not None:
            await self.note(OPERATORS, body)

    async def take_notes(self, data_dir: Path) -> None:
        """Write down what commands beside ingest have left."""
        for row in await asyncio.to_thread(waiting_notes, data_dir):
            try:
                await self._sink.perform(ActDeed(act=row.act))
            except StoreError as error:
                if error.field not in ("kind", "actor", "body"):
                    raise
                await asyncio.to_thread(put_aside, row.file, str(error))
            else:
                await asyncio.to_thread(row.file.unlink, missing_ok=True)

    async def note(self, kind: str, body: Mapping[str, object]) -> int:
        """Write an act of the house; its number when it is durable."""
        act = Act(kind=kind, actor=SYSTEM, time_ms=self._clock.now_ms(), body=body)
        return int(str(await self._sink.perform(ActDeed(act=act))))

    def _known(self) -> dict[str, Any]:
        with self._reader.snapshot() as connection:
            runs = {kind: newest_act(connection, kind) for kind in (STARTED, STOPPED)}
            settings = newest_act(connection, SETTINGS)
            devices = newest_by(connection, DEVICE, "mn")
        return {
            **{kind: 0 if row is None else row.seq for kind, row in runs.items()},
            SETTINGS: None if settings is None else settings.body.get("now"),
            DEVICE: {mn: row.body.get("now") for mn, row in devices.items()},
        }

    def _operators(self, file: Path) -> dict[str, object] | None:
        try:
            people = read_operators(file)
        except SettingsError as error:
            # Nobody may act then; the door says so to everybody who tries.
            now: list[dict[str, str]] | str = f"unusable: {error.message}"[:500]
        else:
            now = [_person(row) for row in people]
        with self._reader.snapshot() as connection:
            newest = newest_act(connection, OPERATORS)
        before = [] if newest is None else newest.body.get("now")
        return None if now == before else {"now": now, "before": before}


def told_settings(settings: Settings) -> dict[str, object]:
    """Settings as they may be written down: without passwords."""
    row: dict[str, object] = settings.model_dump(mode="json")
    return {name: _plain(name, value) for name, value in row.items()}


def _plain(name: str, value: object) -> object:
    if _SECRET.search(name) and value:
        return _HIDDEN
    return _LOGIN.sub(_HIDDEN, value) if isinstance(value, str) else value


def _settings_note(
    now: Mapping[str, object], before: Mapping[str, object] | None
) -> list[tuple[str, Mapping[str, object]]]:
    if before == now:
        return []
    old = before or {}
    changed = {
        name: {"before": old.get(name), "now": now.get(name)}
        for name in sorted({*old, *now})
        if old.get(name) != now.get(name)
    }
    return [(SETTINGS, {"now": now, "changed": {} if before is None else changed})]


def _device_notes(
    devices: Iterable[Device], known: Mapping[str, object]
) -> list[tuple[str, Mapping[str, object]]]:
    notes: list[tuple[str, Mapping[str, object]]] = []
    there = {row.mn: _plain_device(row) for row in devices}
    for mn in sorted({*there, *known}):
        now, before = there.get(mn), known.get(mn)
        if canonical({"is": now}) != canonical({"is": before}):
            notes.append((DEVICE, {"mn": mn, "now": now, "before": before}))
    return notes


def _plain_device(device: Device) -> dict[str, object]:
    # Quantities, editions and the like are enumerations of texts; JSON takes them as texts.
    return {
        name: [dataclasses.asdict(part) for part in value] if name == "factors" else value
        for name, value in ((row.name, getattr(device, row.name)) for row in dataclasses.fields(device))
    }


def _person(row: Operator) -> dict[str, str]:
    return {"name": row.name, "role": str(row.role), "token": row.fingerprint}
