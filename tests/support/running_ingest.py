"""A whole ingest process inside a test's event loop, with people who may ask its desk."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin.core.actor import Role
from twin.core.park import Park
from twin.live.desk_client import ask
from twin.live.ingest import ingest
from twin.live.operators import OPERATORS_FILE, add_operator
from twin.live.settings import Settings
from twin.store.reader import LedgerReader


@dataclass(frozen=True, kw_only=True)
class Running:
    """``tokens`` by role; ``desk`` asks a verb as one of them."""

    settings: Settings
    reader: LedgerReader
    tokens: Mapping[str, str]

    @property
    def port(self) -> int:
        return self.settings.hj212_port

    async def desk(self, role: str, verb: str, **args: object) -> dict[str, Any]:
        return await asyncio.to_thread(ask, self.settings, verb, args, self.tokens[role])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def running_ingest(
    folder: Path, park: Park, *, greet_simulated: bool = False, **told: Any
) -> AsyncIterator[Running]:
    """Ingest with these settings until the block ends; may be entered again for the same folder."""
    settings = Settings(data_dir=folder, **{"hj212_port": free_port(), **told})
    people = folder / OPERATORS_FILE
    people.unlink(missing_ok=True)
    tokens = {str(role): add_operator(people, f"the-{role}", role) for role in Role}
    stop, ready = asyncio.Event(), asyncio.Event()
    work = ingest(
        settings, park, stop=stop, on_ready=lambda _port: ready.set(), greet_simulated=greet_simulated
    )
    task = asyncio.create_task(work)
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED, timeout=30)
    waiting.cancel()
    if task.done():
        await task
    reader = LedgerReader(settings.ledger)
    try:
        yield Running(settings=settings, reader=reader, tokens=tokens)
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)
        reader.close()


async def until(truth: Callable[[], bool], what: str, tries: int = 600) -> None:
    """Wait for something that has to come."""
    for _ in range(tries):
        if truth():
            return
        await asyncio.sleep(0.02)
    msg = f"never came: {what}"
    raise AssertionError(msg)
