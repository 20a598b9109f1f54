"""A serial cable made of a pseudo-terminal, behind a path that survives being unplugged."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tty
from pathlib import Path


class Cable:
    """The instrument's end; the port's path is ``path``."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "ttyTEST"
        self._ours = -1
        self._theirs = -1
        self.plug_in()

    def plug_in(self) -> None:
        """Put the cable in (again)."""
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(self._theirs))

    def pull_out(self) -> None:
        """Pull the cable: who has the port open is told so, and nobody can open it."""
        self.path.unlink(missing_ok=True)
        for handle in (self._theirs, self._ours):
            with contextlib.suppress(OSError):
                os.close(handle)

    def say(self, data: bytes) -> None:
        """The instrument sends."""
        os.write(self._ours, data)

    def heard(self) -> bytes:
        """What the instrument has received and not yet looked at."""
        with contextlib.suppress(BlockingIOError):
            return os.read(self._ours, 65_536)
        return b""

    async def wait_heard(self, ending: bytes, timeout_s: float = 10.0) -> bytes:
        """What the instrument receives, up to an ending."""
        held = b""
        async with asyncio.timeout(timeout_s):
            while not held.endswith(ending):
                held += self.heard()
                await asyncio.sleep(0.005)
        return held
