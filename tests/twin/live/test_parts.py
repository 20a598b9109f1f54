"""Parts of ingest that fail come back, harm no other, and are seen to have failed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.platform import OtherPlatform
from tests.support.running_ingest import running_ingest, until
from tests.support.small_park import device, small_park
from tests.support.station import KnowingLogger
from twin.core.clock import FixedClock
from twin.core.errors import StoreError
from twin.live.connections import ConnectionBoard
from twin.live.forward import Forwarder
from twin.live.gaps import GapKeeper
from twin.live.notary import Notary
from twin.live.parts import Parts
from twin.store.acts_reader import all_acts
from twin.store.deed import Deed
from web.app import create_app


class Books:
    """Keeps what is performed; ``broken``: refuses all of it."""

    def __init__(self, *, broken: bool = False) -> None:
        self.deeds: list[Deed] = []
        self.broken = broken

    async def perform(self, deed: Deed) -> object:
        if self.broken:
            raise StoreError("no", message_zh="否")
        self.deeds.append(deed)
        return None

    def acts(self) -> list[dict[str, object]]:
        return [dict(row.act.body) for row in self.deeds if hasattr(row, "act")]

    def shown(self) -> dict[str, dict[str, object]]:
        return [row.body for row in self.deeds if hasattr(row, "body")][-1]


@pytest.mark.parametrize("broken", [False, True])
@pytest.mark.parametrize("error", [StoreError("x", message_zh="x"), OSError(28, "full"), ValueError("odd")])
def test_whatever_ends_a_part_it_comes_back(error: Exception, broken: bool) -> None:
    lives: list[int] = []
    rested = asyncio.Event()

    async def frail() -> None:
        lives.append(1)
        if len(lives) < 6:
            raise error
        await rested.wait()

    async def story() -> None:
        books = Books(broken=broken)
        parts = Parts(books, FixedClock(0), steady_s=0.6)
        other = parts.start("other", rested.wait)
        task = parts.start("frail", frail, first_pause_s=0.001, longest_pause_s=0.004)
        await until(lambda: len(lives) == 6, "six lives")
        assert parts.alive() == {"other": True, "frail": False}
        await until(lambda: parts.alive()["frail"], "well again")
        await parts.close()
        rested.set()
        await asyncio.gather(task, other)
        if not broken:
            # An act at the first, second and fourth failure: who fails for ever fills no book.
            assert [row["failures"] for row in books.acts()] == [1, 2, 4]
            assert books.shown()["frail"]["failures"] == 5
            assert books.shown()["frail"]["alive"]
            assert type(error).__name__ in str(books.shown()["frail"]["error"])

    asyncio.run(story())


def test_a_part_that_is_cancelled_ends() -> None:
    async def story() -> None:
        parts = Parts(Books(), FixedClock(0))
        task = parts.start("idle", asyncio.Event().wait)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
        await parts.close()

    asyncio.run(story())


def test_every_part_of_ingest_survives_a_fault_and_tells_it(tmp_path: Path, monkeypatch) -> None:
    """One fault each in table, gaps, notary and forwarding to one of two platforms."""
    hit: dict[str, int] = {}

    def fails_once(kind: type, name: str, what: str) -> None:
        own = getattr(kind, name)

        async def once(self: object, *told: object) -> None:
            key = what + (f":{self.target.name}" if what == "forward" else "")
            hit[key] = hit.get(key, 0) + 1
            if hit[key] == 1 and key != "forward:good":
                raise OSError(28, "No space left on device")
            await own(self, *told)

        monkeypatch.setattr(kind, name, once)

    for kind, name, what in (
        (ConnectionBoard, "run", "connections"),
        (GapKeeper, "run", "gaps"),
        (Notary, "run", "notary"),
        (Forwarder, "run", "forward"),
    ):
        fails_once(kind, name, what)
    here = device(1)
    park = replace(small_park(0), devices=(here,))

    async def story() -> None:
        async with OtherPlatform() as one, OtherPlatform() as other:
            targets = "".join(
                f'[[targets]]\nname = "{name}"\nhost = "127.0.0.1"\nport = {platform.port}\n'
                f'origins = ["simulated"]\nstart = "beginning"\n'
                for name, platform in (("good", one), ("bad", other))
            )
            (tmp_path / "forward.toml").write_text(targets, encoding="utf-8")
            async with (
                running_ingest(tmp_path, park) as run,
                KnowingLogger.of(here, run.port, tmp_path) as logger,
            ):
                client = create_app(run.settings).test_client()
                watched = {"ingest:gaps", "ingest:forward:bad"}

                def failed() -> set[str]:
                    parts = client.get("/health").json["parts"]
                    return {row["name"] for row in parts if not row["ok"]} & watched

                await until(lambda: failed() == watched, "the failures are shown")
                assert 'park_twin_part_alive{part="gaps"} 0.0' in client.get("/metrics").text
                assert 'park_twin_part_alive{part="forward:good"} 1.0' in client.get("/metrics").text
                logger.upload(1_795_300_000_000)
                await until(lambda: one.qns and other.qns, "both platforms have it")
                await until(
                    lambda: all(hit[name] == 2 for name in ("connections", "gaps", "notary")), "begun anew"
                )
                await until(lambda: client.get("/api/v1/connections").json["open"] == 1, "the table is there")
                with run.reader.snapshot() as connection:
                    kinds = [row.body["part"] for row in all_acts(connection) if row.kind == "part.failed"]
                assert sorted(kinds) == ["connections", "forward:bad", "gaps", "notary"]

    asyncio.run(story())
