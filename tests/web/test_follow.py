"""The follower: what another process commits reaches the hub, in order, once."""

from __future__ import annotations

import json

import pytest

from tests.support.synthetic import BEAM, T0_MS, WIND, Writer
from twin.core.clock import FixedClock
from twin.core.errors import ServiceUnavailableError
from twin.live.settings import Settings
from twin.store.reader import LedgerReader
from twin.store.results import ResultReader
from twin.store.rows import DeviceStatus
from web.follow import Follower
from web.hub import Hub


class Watch:
    """A follower without its thread, and a client of its hub."""

    def __init__(self, settings: Settings, *, remember: int = 100) -> None:
        self.hub = Hub(ring_size=100, queue_size=1000, clients_max=4)
        self.readers = LedgerReader(settings.ledger), ResultReader(settings.results, settings.data_dir)
        self.clock = FixedClock(T0_MS)
        self.follower = Follower(self.hub, *self.readers, clock=self.clock, poll_s=0.01, remember=remember)

    def close(self) -> None:
        for reader in self.readers:
            reader.close()


@pytest.fixture
def watch(settings: Settings):
    made = Watch(settings)
    yield made
    made.close()


def test_before_there_is_a_ledger_it_says_so(watch: Watch) -> None:
    with pytest.raises(ServiceUnavailableError):
        watch.follower.step()


def test_each_commit_is_published_once(watch: Watch, writer: Writer) -> None:
    watch.follower.step()
    with watch.hub.subscribe(None) as client:
        writer.say(BEAM, 1e-6, T0_MS)
        writer.say(WIND, 2.0, T0_MS + 1)
        assert watch.follower.step() == 2
        assert watch.follower.step() == 0
        events = client.take(0.0)[1]
    assert [row.name for row in events] == ["values", "values"]
    body = json.loads(events[0].wire.split(b"data: ")[1])
    assert body["values"][0]["s"] == BEAM
    assert body["values"][0]["v"] == 1e-6
    assert body["values"][0]["o"] == "simulated"


def test_both_ledgers_move_their_own_number(watch: Watch, writer: Writer) -> None:
    watch.follower.step()
    start = watch.hub.cursor
    writer.say(BEAM, 1e-6, T0_MS)
    watch.follower.step()
    writer.plume(0, T0_MS)
    watch.follower.step()
    assert (watch.hub.cursor.ledger, watch.hub.cursor.result) == (start.ledger + 1, start.result + 1)


def test_devices_and_results_are_events_too(watch: Watch, writer: Writer) -> None:
    watch.follower.step()
    with watch.hub.subscribe(None) as client:
        writer.set_device(1, DeviceStatus.ONLINE, T0_MS)
        writer.plume(0, T0_MS)
        writer.water_table(0, T0_MS)
        watch.follower.step()
        assert [row.name for row in client.take(0.0)[1]] == ["device", "plume", "watertable"]


def test_a_burst_larger_than_a_batch(watch: Watch, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.follow._BATCH", 7)
    watch.follower.step()
    for i in range(20):
        writer.say(BEAM, i * 1e-9, T0_MS + i)
    assert watch.follower.step() == 20


def test_screens_survive_a_restart_of_the_server(writer: Writer, settings: Settings) -> None:
    for i in range(6):
        writer.say(BEAM, i * 1e-9, T0_MS + i)
    writer.plume(0, T0_MS + 3)
    first = Watch(settings)
    first.follower.step()
    seen = first.hub.cursor
    first.close()
    writer.say(WIND, 3.0, T0_MS + 100)
    second = Watch(settings)
    second.follower.step()
    with second.hub.subscribe(seen) as client:
        lost, events = client.take(0.0)
    second.close()
    assert lost == ""
    assert [row.cursor.ledger for row in events] == [seen.ledger + 1]


def test_a_screen_that_was_away_for_too_long_starts_afresh(writer: Writer, settings: Settings) -> None:
    for i in range(30):
        writer.say(BEAM, i * 1e-9, T0_MS + i)
    watch = Watch(settings, remember=10)
    watch.follower.step()
    old = watch.hub.cursor
    with watch.hub.subscribe(type(old)(ledger=3, result=0)) as client:
        assert client.take(0.0)[0] == "too_old"
    watch.close()


def test_the_lag_is_that_of_the_newest_event(watch: Watch, writer: Writer) -> None:
    watch.follower.step()
    writer.say(BEAM, 1e-6, T0_MS)
    watch.clock.move_to(T0_MS + 1500)
    watch.follower.step()
    assert watch.follower.counts.lag_s == 1.5


def test_cursors_only_grow_whatever_the_times(writer: Writer, settings: Settings) -> None:
    for i in range(4):
        writer.say(BEAM, i * 1e-9, T0_MS + i * 1000)
    for k, time_ms in enumerate((T0_MS + 9000, T0_MS, T0_MS + 2000)):
        writer.plume(k, time_ms)
    watch = Watch(settings)
    start = type(watch.hub.cursor)(ledger=0, result=0)
    watch.follower.step()
    with watch.hub.subscribe(start) as client:
        cursors = [row.cursor for row in client.take(0.0)[1]]
    watch.close()
    assert len(cursors) == 7
    assert all(a.within(b) and a != b for a, b in zip(cursors, cursors[1:], strict=False))
