"""The evidence room of a running ingest: diary and notary, opened and closed together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from twin.core.clock import Clock
from twin.core.errors import ParkTwinError
from twin.core.park import Park
from twin.live.diary import Diary
from twin.live.evidence_key import ensure_key
from twin.live.notary import Notary
from twin.live.parts import Parts
from twin.live.settings import Settings
from twin.live.sink import LedgerSink
from twin.store.reader import LedgerReader

_LAST_WORD_S = 5.0
_WATCH_S = 10.0


@asynccontextmanager
async def evidence_room(
    settings: Settings,
    park: Park,
    sink: LedgerSink,
    reader: LedgerReader,
    clock: Clock,
    parts: Parts | None = None,
) -> AsyncIterator[Notary]:
    """Diary and notary of a park while the block runs. Raises SettingsError for an unusable key."""
    diary = Diary(sink=sink, reader=reader, clock=clock)
    notary = Notary(
        sink=sink,
        reader=reader,
        clock=clock,
        key=await asyncio.to_thread(ensure_key, settings.data_dir),
        copy_dir=settings.evidence_copy,
        utc_offset_h=park.utc_offset_h,
    )
    await diary.open(settings, park.devices)
    await diary.note_operators(settings.data_dir)
    await diary.take_notes(settings.data_dir)
    await notary.compare_with_copy()
    parts = parts or Parts(sink, clock)
    tasks = [parts.start("notary", notary.run), parts.start("diary", partial(_watch, diary, settings))]
    try:
        yield notary
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # When the writer has died nobody takes a last word, and the next start tells it.
        with contextlib.suppress(TimeoutError, ParkTwinError):
            await asyncio.wait_for(_last_words(diary, notary), _LAST_WORD_S)


async def _last_words(diary: Diary, notary: Notary) -> None:
    await diary.close()
    await notary.checkpoint()


async def _watch(diary: Diary, settings: Settings) -> None:
    while True:
        await asyncio.sleep(_WATCH_S)
        await diary.note_operators(settings.data_dir)
        await diary.take_notes(settings.data_dir)
