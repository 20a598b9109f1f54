"""The hub: nothing missed, nothing kept for ever, no reader that holds up another."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.core.errors import BadRequestError, ServiceUnavailableError
from web.hub import Cursor, Hub, encode


def at(ledger: int, result: int = 0) -> Cursor:
    return Cursor(ledger=ledger, result=result)


def event(ledger: int, result: int = 0, name: str = "values"):
    return encode(name, at(ledger, result), f'{{"n":{ledger}}}')


def make(ring: int = 10, queue: int = 10, clients: int = 4) -> Hub:
    return Hub(ring_size=ring, queue_size=queue, clients_max=clients)


def taken(client) -> tuple[str, list[int]]:
    lost, events = client.take(0.0)
    return lost, [row.cursor.ledger for row in events]


def test_an_event_on_the_line() -> None:
    assert encode("values", at(12, 3), '{"a":"氟"}').wire.decode() == (
        'id: 12.3\nevent: values\ndata: {"a":"氟"}\n\n'
    )


def test_everybody_gets_the_same_bytes_in_order() -> None:
    hub = make()
    with hub.subscribe(None) as one, hub.subscribe(None) as two:
        rows = [event(i) for i in range(1, 4)]
        for row in rows:
            hub.publish(row)
        first, second = one.take(0.0)[1], two.take(0.0)[1]
    assert [id(row) for row in first] == [id(row) for row in second] == [id(row) for row in rows]


@settings(deadline=None, max_examples=60)
@given(published=st.integers(0, 40), seen=st.integers(0, 40), ring=st.integers(1, 30))
def test_a_client_that_comes_back_gets_all_it_missed_or_a_reset(published: int, seen: int, ring: int) -> None:
    hub = make(ring=ring, queue=50)
    for i in range(1, published + 1):
        hub.publish(event(i))
    with hub.subscribe(at(seen)) as client:
        hub.publish(event(published + 1))
        lost, numbers = taken(client)
    missed = list(range(seen + 1, published + 2))
    if lost:
        assert published - seen > ring or seen > published
        assert numbers == [published + 1]
    else:
        assert numbers == missed


def test_a_client_that_does_not_read_loses_the_oldest_and_is_told() -> None:
    hub = make(queue=3)
    with hub.subscribe(None) as slow, hub.subscribe(None) as quick:
        seen = []
        for i in range(1, 8):
            hub.publish(event(i))
            seen += taken(quick)[1]
        assert seen == list(range(1, 8))
        assert taken(slow) == ("slow", [5, 6, 7])
        assert hub.counts.dropped == 4
        hub.publish(event(8))
        assert taken(slow) == ("", [8])


def test_a_client_that_missed_more_than_its_queue_holds_starts_afresh() -> None:
    hub = make(ring=100, queue=5)
    for i in range(1, 20):
        hub.publish(event(i))
    with hub.subscribe(at(1)) as client:
        assert taken(client) == ("too_old", [])


def test_a_client_of_another_ledger_starts_afresh() -> None:
    hub = make()
    hub.publish(event(5))
    with hub.subscribe(at(900)) as client:
        assert taken(client) == ("unknown_cursor", [])


def test_a_client_may_know_more_than_was_published() -> None:
    # It read the state from the ledger before the follower looked.
    hub = make()
    hub.publish(event(5))
    with hub.subscribe(at(7), horizon=at(8)) as client:
        for i in (6, 7, 8):
            hub.publish(event(i))
        assert taken(client) == ("", [6, 7, 8])


def test_either_number_may_be_behind() -> None:
    hub = make()
    for cursor in ((1, 0), (1, 1), (2, 1), (2, 2)):
        hub.publish(event(*cursor))
    with hub.subscribe(at(2, 0)) as client:
        assert [row.cursor for row in client.take(0.0)[1]] == [at(1, 1), at(2, 1), at(2, 2)]


def test_events_that_move_no_number_are_said_again() -> None:
    hub = make()
    hub.publish(event(1))
    hub.publish(event(1, name="device"))
    with hub.subscribe(at(1)) as client:
        assert [row.name for row in client.take(0.0)[1]] == ["device"]


def test_an_event_between_the_state_and_the_stream_is_not_lost() -> None:
    hub = make()
    hub.publish(event(1))
    with hub.subscribe(None) as client:
        assert client.start == at(1)
        hub.publish(event(2))
    with hub.subscribe(client.start) as again:
        assert taken(again) == ("", [2])


def test_no_more_streams_than_threads_allow() -> None:
    hub = make(clients=1)
    with hub.subscribe(None):
        with pytest.raises(ServiceUnavailableError) as caught, hub.subscribe(None):
            pass
        assert caught.value.value == 1
    with hub.subscribe(None):
        assert hub.clients == 1
    assert hub.counts.refused == 1


def test_closing_wakes_every_reader_and_lets_nobody_in() -> None:
    hub = make()
    ended: list[object] = []

    def read() -> None:
        with hub.subscribe(None) as client:
            ended.append(client.take(30.0))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    while hub.clients < 3:
        pass
    hub.close()
    for thread in threads:
        thread.join(5)
    assert ended == [None, None, None]
    with pytest.raises(ServiceUnavailableError), hub.subscribe(None):
        pass


@given(ledger=st.integers(0, 10**14), result=st.integers(0, 10**14))
@settings(deadline=None, max_examples=60)
def test_cursors_survive_their_text(ledger: int, result: int) -> None:
    assert Cursor.parse(str(at(ledger, result))) == at(ledger, result)


@pytest.mark.parametrize(
    "text", ["", "1", "1.", ".1", "a.b", "1.2.3", "-1.2", "１.２", "1" * 16 + ".1", "1.5e3"]
)
def test_what_is_no_cursor(text: str) -> None:
    with pytest.raises(BadRequestError):
        Cursor.parse(text)
