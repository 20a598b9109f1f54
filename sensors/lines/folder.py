"""Result files that another program puts into a folder: each taken once, when it has stopped growing.

A file is whole when its size and time have not changed between two looks. It is known by its hash:
the same bytes under another name are the same frame in the raw store. Files are only read, never
changed or removed.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from fnmatch import fnmatchcase
from pathlib import Path

from sensors.contract import LineEventKind
from sensors.lines.contract import LineBroken, Wire, frame_of
from sensors.upload.sheet import FILE_BYTES_MAX
from twin.core.device import Device
from twin.core.errors import StoreError
from twin.core.line import Line

# Names of files of which nobody may think that they are finished.
_UNFINISHED = (".tmp", ".part", ".swp", "~")
_FILES_MAX = 100_000
_QN_DIGITS = 17
Look = tuple[int, int]


async def run_folder(line: Line, devices: tuple[Device, ...], wire: Wire, stop: asyncio.Event) -> None:
    """Look into a folder until ``stop``. Raises LineBroken when it cannot be read."""
    watch = _Watch(line, devices, wire)
    while not stop.is_set():
        await watch.look()
        wire.opened()
        try:
            await asyncio.wait_for(stop.wait(), line.poll_s)
        except TimeoutError:
            continue


def file_qn(data: bytes) -> str:
    """Message id of a file: the first digits of its hash, so that the same file is the same message."""
    return hashlib.sha256(data).hexdigest()[:_QN_DIGITS]


class _Watch:
    """What was seen of a folder. After a restart every file is read again; the raw store knows them."""

    def __init__(self, line: Line, devices: tuple[Device, ...], wire: Wire) -> None:
        self._line = line
        self._devices = devices
        self._wire = wire
        self._growing: dict[str, Look] = {}
        self._done: dict[str, Look] = {}

    async def look(self) -> None:
        """Take what has stopped growing since the last look."""
        found = await asyncio.to_thread(self._list)
        for name, look in found.items():
            if self._done.get(name) == look:
                continue
            if self._growing.get(name) != look:
                self._growing[name] = look
                continue
            if await self._take(name):
                self._done[name] = look
                del self._growing[name]
        self._done = {name: look for name, look in self._done.items() if name in found}
        self._growing = {name: look for name, look in self._growing.items() if name in found}

    def _list(self) -> dict[str, Look]:
        found: dict[str, Look] = {}
        try:
            with os.scandir(self._line.place) as entries:
                for entry in entries:
                    if entry.name.startswith(".") or entry.name.endswith(_UNFINISHED):
                        continue
                    state = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(state.st_mode) and self._device(entry.name) and len(found) < _FILES_MAX:
                        found[entry.name] = (state.st_size, state.st_mtime_ns)
        except OSError as error:
            raise LineBroken(
                f"line {self._line.id}: folder {self._line.place} cannot be read: {error.strerror}",
                message_zh=f"线路 {self._line.id}：文件夹 {self._line.place} 无法读取：{error.strerror}",
                field="line",
                value=self._line.id,
            ) from None
        return dict(sorted(found.items()))

    def _device(self, name: str) -> Device | None:
        for device in self._devices:
            if fnmatchcase(name, self._line.member(device.mn).pattern or "*"):
                return device
        return None

    async def _take(self, name: str) -> bool:
        """Store one file; False when it has to be tried again."""
        device = self._device(name)
        if device is None:
            return True
        try:
            data = await asyncio.to_thread(_read, Path(self._line.place) / name)
        except OSError as error:
            self._wire.event(LineEventKind.LINE_DOWN, f"{name}: {error.strerror}", mn=device.mn)
            return False
        if data is None:
            detail = f"{name}: more than {FILE_BYTES_MAX} bytes"
            self._wire.event(LineEventKind.LENGTH_OVER_LIMIT, detail, mn=device.mn)
            return True
        now_ms = self._wire.clock.now_ms()
        self._wire.heard(device.mn)
        frame = frame_of(device, data, received_ms=now_ms, peer=f"{self._wire.peer}/{name}", qn=file_qn(data))
        try:
            await self._wire.sink.accept_large(frame)
        except StoreError as error:
            self._wire.event(LineEventKind.STORE_FAILED, error.message, mn=device.mn)
            return False
        return True


def _read(path: Path) -> bytes | None:
    with path.open("rb") as file:
        data = file.read(FILE_BYTES_MAX + 1)
    return None if len(data) > FILE_BYTES_MAX else data
